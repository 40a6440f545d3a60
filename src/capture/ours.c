/* Prefixes nest or lie apart, never overlap in part: sorted by start and then by length, a prefix
 * is either inside the last kept one or begins a new range. */
#include "capture/ours.h"

#include <stdlib.h>

typedef __uint128_t u128;

struct range {
  u128 from, to; /* both inside */
};
struct cap_ours {
  size_t n, last;
  struct range r[];
};

static u128 number(const struct prac_ip *ip)
{
  uint64_t hi, lo;
  memcpy(&hi, ip->b, 8);
  memcpy(&lo, ip->b + 8, 8);
  return (u128)__builtin_bswap64(hi) << 64 | __builtin_bswap64(lo);
}

static int by_start(const void *pa, const void *pb)
{
  const struct range *a = pa, *b = pb;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  return a->to > b->to ? -1 : a->to < b->to;
}

struct cap_ours *cap_ours_new(const struct prac_conf_prefixes *prefixes)
{
  struct cap_ours *o = aligned_alloc(16, sizeof *o + (prefixes->n + 1) * sizeof o->r[0]);
  if (!o) return NULL;
  o->n = o->last = 0;
  for (size_t i = 0; i < prefixes->n; i++) {
    const struct prac_prefix *p = &prefixes->v[i];
    u128 host = p->bits == 0 ? ~(u128)0 : ((u128)1 << (128 - p->bits)) - 1;
    o->r[o->n++] = (struct range){number(&p->ip) & ~host, number(&p->ip) | host};
  }
  qsort(o->r, o->n, sizeof o->r[0], by_start);
  size_t kept = 0;
  for (size_t i = 0; i < o->n; i++)
    if (kept == 0 || o->r[i].from > o->r[kept - 1].to) o->r[kept++] = o->r[i];
  o->n = kept;
  return o;
}

void cap_ours_free(struct cap_ours **op)
{
  free(*op);
  *op = NULL;
}

bool cap_ours_has(struct cap_ours *o, const struct prac_ip *ip)
{
  if (o->n == 0) return true;
  u128 v = number(ip);
  if (v >= o->r[o->last].from && v <= o->r[o->last].to) return true;
  size_t lo = 0, hi = o->n; /* the first range that begins above v */
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (o->r[mid].from > v)
      hi = mid;
    else
      lo = mid + 1;
  }
  if (lo == 0 || v > o->r[lo - 1].to) return false;
  o->last = lo - 1;
  return true;
}
