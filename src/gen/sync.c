/* A group under one command: an order comes, the hosts that take part begin within the jitter and
 * work for a while. Arrivals of all hosts together are drawn first, then given to one of them and
 * dropped when that one is not at work: no memory grows with hosts, and an order's start is as
 * random as a Poisson stream, never aligned with anybody's slots. */
#include "base/hash.h"
#include "gen/moves.h"

/* When host i begins to work on the order; false: it does not. */
static bool begins(const struct gen_actor *a, uint32_t i, int64_t *ret)
{
  const struct gen_sync *s = &a->p.sync;
  uint64_t h = prac_hash2(a->salt, (uint64_t)a->burst << 32 | i, 0x51);
  if (h % 1000 >= s->take) return false;
  *ret = a->burst_at + (s->jitter_ns ? (int64_t)((h >> 16) % (uint64_t)s->jitter_ns) : 0);
  return true;
}

bool gen_sync_advance(struct gen_actor *a)
{
  const struct gen_sync *s = &a->p.sync;
  uint64_t all = (uint64_t)a->p.sources * s->per_burst; /* thousandths in burst_ns */
  uint64_t mean = (uint64_t)s->burst_ns * 1000 / (all ? all : 1);
  if (a->burst == 0) {
    a->burst = 1;
    a->burst_at = a->at;
  }
  while (a->at < a->p.to) {
    int64_t start;
    a->at += 1 + (int64_t)gen_exp(&a->rng, mean);
    if (a->at >= a->burst_at + s->burst_ns + s->jitter_ns) {
      a->burst++;
      a->burst_at += s->burst_ns + s->jitter_ns;
      a->burst_at += 1 + (int64_t)gen_exp(&a->rng, (uint64_t)s->gap_ns);
      a->at = a->burst_at;
      continue;
    }
    a->picked = (uint32_t)prac_rng_below(&a->rng, a->p.sources);
    if (begins(a, a->picked, &start) && a->at >= start && a->at < start + s->burst_ns)
      return a->at < a->p.to;
  }
  return false;
}
