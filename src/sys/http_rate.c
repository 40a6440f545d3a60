/* Four-way sets of buckets: constant time and memory whatever addresses come. */
#include "sys/http_rate.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"

enum { SETS = 1024, WAYS = 4 };
struct bucket {
  uint64_t hi, lo;
  int64_t seen_ns;
  double tokens;
  bool used;
};
struct sys_http_rate {
  double per_s, burst;
  uint64_t seed, forgotten;
  struct bucket b[SETS * WAYS];
};

prac_rc sys_http_rate_new(uint32_t per_s, uint32_t burst, uint64_t seed, struct sys_http_rate **ret)
{
  struct sys_http_rate *r = calloc(1, sizeof *r);
  if (!r) return PRAC_NOMEM;
  r->per_s = per_s;
  r->burst = burst;
  r->seed = seed;
  *ret = r;
  return PRAC_OK;
}

void sys_http_rate_free(struct sys_http_rate **rp)
{
  free(*rp);
  *rp = NULL;
}

static struct bucket *find(struct sys_http_rate *r, uint64_t hi, uint64_t lo)
{
  struct bucket *set = &r->b[prac_hash_keyed(r->seed, hi, lo) % SETS * WAYS], *oldest = set;
  for (struct bucket *b = set; b < set + WAYS; b++) {
    if (b->used && b->hi == hi && b->lo == lo) return b;
    if (oldest->used && (!b->used || b->seen_ns < oldest->seen_ns)) oldest = b;
  }
  if (oldest->used) r->forgotten++;
  *oldest = (struct bucket){.hi = hi, .lo = lo, .tokens = r->burst, .used = true, .seen_ns = -1};
  return oldest;
}

bool sys_http_rate_take(struct sys_http_rate *r, const struct prac_ip *ip, int64_t now_ns)
{
  if (r->per_s <= 0) return true;
  struct bucket *b = find(r, prac_ip_hi(ip), prac_ip_is4(ip) ? prac_ip_lo(ip) : 0);
  if (b->seen_ns >= 0 && now_ns > b->seen_ns) {
    b->tokens += (double)(now_ns - b->seen_ns) / (double)PRAC_SEC * r->per_s;
    if (b->tokens > r->burst) b->tokens = r->burst;
  }
  b->seen_ns = now_ns;
  if (b->tokens < 1) return false;
  b->tokens -= 1;
  return true;
}

uint64_t sys_http_rate_forgotten(const struct sys_http_rate *r)
{
  return r->forgotten;
}
