/* Cutting first and searching sorted pieces needs a tenth of the memory of a 24-8 table and no
 * pointer chasing; several tables merge into one by walking their cuts side by side. */
#include "base/lpm.h"

#include <stdlib.h>

typedef __uint128_t u128;

struct wide { /* an IPv6 cut */
  uint64_t hi, lo;
};
/* IPv4 lives between the two IPv6 parts: ::ffff:0:0/96 is inside the IPv6 number line. n6_below is
 * where it would stand. */
struct prac_lpm {
  uint32_t *start4, *value4, *index4; /* index4[k]: last cut at or before k << 16 */
  struct wide *start6;
  uint32_t *value6, *index6; /* index6[k]: last cut at or before k << 112 */
  size_t n4, n6, n6_below;
};
enum { TOPS = 1 << 16, RANGES_MAX = 1 << 30 };
static const uint64_t v4_lo = UINT64_C(0xffff00000000);

static u128 num(const struct prac_ip *a)
{
  return (u128)prac_ip_hi(a) << 64 | prac_ip_lo(a);
}

static struct prac_ip ip_of(u128 v)
{
  return prac_ip_of((uint64_t)(v >> 64), (uint64_t)v);
}

struct prac_lpm_range prac_lpm_range_of(const struct prac_prefix *p, uint32_t value)
{
  u128 rest = p->bits == 0 ? ~(u128)0 : ((u128)1 << (128 - p->bits)) - 1;
  return (struct prac_lpm_range){p->ip, ip_of(num(&p->ip) | rest), value};
}

struct prac_prefix prac_lpm_prefix_in(const struct prac_ip *ip, const struct prac_ip *first,
                                      const struct prac_ip *last)
{
  u128 a = num(ip), lo = num(first), hi = num(last), mask = 0;
  unsigned bits = 128;
  while (bits > 0) {
    u128 wider = mask << 1 | 1;
    if ((a & ~wider) < lo || (a | wider) > hi) break;
    mask = wider;
    bits--;
  }
  return (struct prac_prefix){ip_of(a & ~mask), (uint8_t)bits};
}

/* ---- ranges to cuts ---- */

struct open_range { /* sorted copy: outer before inner, earlier before later */
  u128 first, last;
  uint32_t value;
  uint32_t order;
};
struct sweep {
  struct prac_lpm_cut *cuts;
  size_t n;
};

static int outer_first(const void *x, const void *y)
{
  const struct open_range *a = x, *b = y;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  if (a->last != b->last) return a->last > b->last ? -1 : 1;
  return a->order < b->order ? -1 : 1;
}

static void cut(struct sweep *s, u128 at, uint32_t value)
{
  struct prac_ip ip = ip_of(at);
  if (s->n > 0 && prac_ip_eq(&s->cuts[s->n - 1].first, &ip)) s->n--; /* the inner one wins */
  s->cuts[s->n++] = (struct prac_lpm_cut){ip, value};
}

/* Closes the ranges that end before `upto`; what is then on top shows again. */
static size_t close_before(struct sweep *s, const struct open_range **stack, size_t depth,
                           u128 upto, bool all)
{
  while (depth > 0 && (all || stack[depth - 1]->last < upto)) {
    u128 end = stack[depth - 1]->last;
    do depth--;
    while (depth > 0 && stack[depth - 1]->last <= end);
    if (end == ~(u128)0) continue; /* nothing comes after */
    cut(s, end + 1, depth ? stack[depth - 1]->value : 0);
  }
  return depth;
}

static void sweep(struct sweep *s, const struct open_range *r, size_t n,
                  const struct open_range **stack)
{
  size_t depth = 0;
  cut(s, 0, 0);
  for (size_t i = 0; i < n; i++) {
    depth = close_before(s, stack, depth, r[i].first, false);
    cut(s, r[i].first, r[i].value);
    stack[depth++] = &r[i];
  }
  (void)close_before(s, stack, depth, 0, true);
}

prac_rc prac_lpm_new(const struct prac_lpm_range *r, size_t n, struct prac_lpm **ret)
{
  if (n > RANGES_MAX) return PRAC_RANGE;
  struct open_range *sorted = malloc((n + 1) * sizeof *sorted);
  const struct open_range **stack = malloc((n + 1) * sizeof *stack);
  struct sweep s = {.cuts = malloc((2 * n + 2) * sizeof *s.cuts)};
  prac_rc rc = sorted && stack && s.cuts ? PRAC_OK : PRAC_NOMEM;
  for (size_t i = 0; rc == PRAC_OK && i < n; i++) {
    sorted[i] = (struct open_range){num(&r[i].first), num(&r[i].last), r[i].value, (uint32_t)i};
    if (sorted[i].first > sorted[i].last) rc = PRAC_MALFORMED;
  }
  if (rc == PRAC_OK) {
    qsort(sorted, n, sizeof *sorted, outer_first);
    sweep(&s, sorted, n, stack);
    rc = prac_lpm_from_cuts(s.cuts, s.n, ret);
  }
  free(sorted);
  free(stack);
  free(s.cuts);
  return rc;
}

/* ---- cuts to tables ---- */

static void add4(struct prac_lpm *l, uint32_t at, uint32_t value)
{
  if (l->n4 > 0 && l->value4[l->n4 - 1] == value) return;
  l->start4[l->n4] = at;
  l->value4[l->n4++] = value;
}

static void push6(struct prac_lpm *l, u128 at, uint32_t value)
{
  l->start6[l->n6] = (struct wide){(uint64_t)(at >> 64), (uint64_t)at};
  l->value6[l->n6++] = value;
}

static void add6(struct prac_lpm *l, u128 at, uint32_t value)
{
  if (l->n6 == 0 || l->value6[l->n6 - 1] != value) push6(l, at, value);
}

static void index_all(struct prac_lpm *l)
{
  size_t at4 = 0, at6 = 0;
  for (size_t k = 0; k < TOPS; k++) {
    while (at4 + 1 < l->n4 && l->start4[at4 + 1] <= k << 16) at4++;
    l->index4[k] = (uint32_t)at4;
    while (at6 + 1 < l->n6 && (l->start6[at6 + 1].hi < k << 48 ||
                               (l->start6[at6 + 1].hi == k << 48 && l->start6[at6 + 1].lo == 0)))
      at6++;
    l->index6[k] = (uint32_t)at6;
  }
  l->index4[TOPS] = (uint32_t)(l->n4 - 1);
  l->index6[TOPS] = (uint32_t)(l->n6 - 1);
}

struct fill {
  struct prac_lpm *l;
  uint32_t held; /* the value in force where IPv4 begins, and in the end where it ends */
  bool over;     /* past IPv4 */
};
static const u128 v4_last = UINT64_C(0xffffffffffff);

/* IPv4 gets a cut at its first address and IPv6 one right behind it, whatever the input has. */
static void leave4(struct fill *f, u128 at, uint32_t value)
{
  if (f->over) return;
  f->over = true;
  if (f->l->n4 == 0) add4(f->l, 0, f->held);
  push6(f->l, v4_last + 1, at == v4_last + 1 ? value : f->held);
}

static void fill_one(struct fill *f, u128 at, uint32_t value)
{
  if (at > v4_last) {
    leave4(f, at, value);
    add6(f->l, at, value);
    return;
  }
  if (at < v4_lo) {
    if (at == 0) f->l->n6 = 0;
    add6(f->l, at, value);
  } else {
    if (f->l->n4 == 0 && at > v4_lo) add4(f->l, 0, f->held);
    add4(f->l, (uint32_t)at, value);
  }
  f->held = value;
}

static prac_rc fill(struct prac_lpm *l, const struct prac_lpm_cut *cuts, size_t n)
{
  struct fill f = {.l = l};
  push6(l, 0, 0);
  for (size_t i = 0; i < n; i++) {
    if (i > 0 && num(&cuts[i].first) <= num(&cuts[i - 1].first)) return PRAC_MALFORMED;
    fill_one(&f, num(&cuts[i].first), cuts[i].value);
  }
  leave4(&f, 0, 0);
  while (l->n6_below < l->n6 && l->start6[l->n6_below].hi == 0 && l->start6[l->n6_below].lo < v4_lo)
    l->n6_below++;
  return PRAC_OK;
}

prac_rc prac_lpm_from_cuts(const struct prac_lpm_cut *cuts, size_t n, struct prac_lpm **ret)
{
  struct prac_lpm *l = calloc(1, sizeof *l);
  prac_rc rc = PRAC_NOMEM;
  if (l) {
    l->start4 = malloc((n + 2) * sizeof *l->start4);
    l->value4 = malloc((n + 2) * sizeof *l->value4);
    l->start6 = malloc((n + 4) * sizeof *l->start6);
    l->value6 = malloc((n + 4) * sizeof *l->value6);
    l->index4 = malloc((TOPS + 1) * sizeof *l->index4);
    l->index6 = malloc((TOPS + 1) * sizeof *l->index6);
    if (l->start4 && l->value4 && l->start6 && l->value6 && l->index4 && l->index6)
      rc = fill(l, cuts, n);
  }
  if (rc != PRAC_OK) {
    prac_lpm_free(&l);
    return rc;
  }
  index_all(l);
  *ret = l;
  return PRAC_OK;
}

void prac_lpm_free(struct prac_lpm **lp)
{
  struct prac_lpm *l = lp ? *lp : NULL;
  if (!l) return;
  free(l->start4);
  free(l->value4);
  free(l->index4);
  free(l->start6);
  free(l->value6);
  free(l->index6);
  free(l);
  *lp = NULL;
}

/* ---- finding ---- */

static size_t at4(const struct prac_lpm *l, uint32_t a)
{
  size_t lo = l->index4[a >> 16], n = l->index4[(a >> 16) + 1] - lo + 1;
  while (n > 1) { /* without a branch on the data: the guess would be wrong half the time */
    size_t half = n / 2;
    lo += l->start4[lo + half] <= a ? half : 0;
    n -= half;
  }
  return lo;
}

static size_t at6(const struct prac_lpm *l, uint64_t hi, uint64_t lo_part)
{
  size_t lo = l->index6[hi >> 48], n = l->index6[(hi >> 48) + 1] - lo + 1;
  while (n > 1) {
    size_t half = n / 2;
    const struct wide *w = &l->start6[lo + half];
    bool on = w->hi < hi || (w->hi == hi && w->lo <= lo_part);
    lo += on ? half : 0;
    n -= half;
  }
  return lo;
}

uint32_t prac_lpm_find(const struct prac_lpm *l, const struct prac_ip *ip)
{
  uint64_t hi, lo;
  if (!l) return 0;
  memcpy(&hi, ip->b, 8);
  memcpy(&lo, ip->b + 8, 8);
  hi = __builtin_bswap64(hi);
  lo = __builtin_bswap64(lo);
  if (hi == 0 && lo >> 32 == v4_lo >> 32) return l->value4[at4(l, (uint32_t)lo)];
  return l->value6[at6(l, hi, lo)];
}

size_t prac_lpm_n_cuts(const struct prac_lpm *l)
{
  return l ? l->n4 + l->n6 : 1;
}

struct prac_lpm_cut prac_lpm_cut_at(const struct prac_lpm *l, size_t i)
{
  if (!l) return (struct prac_lpm_cut){.value = 0};
  if (i >= l->n6_below && i < l->n6_below + l->n4)
    return (struct prac_lpm_cut){prac_ip4(l->start4[i - l->n6_below]), l->value4[i - l->n6_below]};
  if (i >= l->n6_below) i -= l->n4;
  return (struct prac_lpm_cut){prac_ip_of(l->start6[i].hi, l->start6[i].lo), l->value6[i]};
}

uint32_t prac_lpm_piece(const struct prac_lpm *l, const struct prac_ip *ip, struct prac_ip *first,
                        struct prac_ip *last)
{
  size_t i = 0, n = prac_lpm_n_cuts(l);
  if (l && prac_ip_is4(ip))
    i = l->n6_below + at4(l, prac_ip_to4(ip));
  else if (l) {
    i = at6(l, prac_ip_hi(ip), prac_ip_lo(ip));
    if (i >= l->n6_below) i += l->n4;
  }
  struct prac_lpm_cut here = prac_lpm_cut_at(l, i), next = {.value = 0};
  if (i + 1 < n) next = prac_lpm_cut_at(l, i + 1);
  *first = here.first;
  *last = ip_of(i + 1 < n ? num(&next.first) - 1 : ~(u128)0);
  return here.value;
}

size_t prac_lpm_bytes(const struct prac_lpm *l)
{
  if (!l) return 0;
  return sizeof *l + l->n4 * (sizeof *l->start4 + sizeof *l->value4) +
         l->n6 * (sizeof *l->start6 + sizeof *l->value6) +
         2 * ((size_t)TOPS + 1) * sizeof *l->index4;
}
