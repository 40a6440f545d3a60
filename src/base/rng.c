#include "base/rng.h"

#include <math.h>

#include "base/hash.h"

struct prac_rng prac_rng_of(uint64_t seed)
{
  struct prac_rng r;
  for (int i = 0; i < 4; i++) r.s[i] = prac_mix64(seed += 0x9e3779b97f4a7c15u);
  return r;
}

static uint64_t rotl(uint64_t x, int k)
{
  return x << k | x >> (64 - k);
}

uint64_t prac_rng_u64(struct prac_rng *r)
{
  uint64_t *s = r->s, out = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return out;
}

uint64_t prac_rng_below(struct prac_rng *r, uint64_t n)
{
  if (n == 0) return 0;
  uint64_t limit = -n % n, x; /* Lemire: reject the few values that would bias */
  __uint128_t m;
  do {
    x = prac_rng_u64(r);
    m = (__uint128_t)x * n;
  } while ((uint64_t)m < limit);
  return (uint64_t)(m >> 64);
}

double prac_rng_unit(struct prac_rng *r)
{
  return (double)(prac_rng_u64(r) >> 11) * 0x1p-53;
}

double prac_rng_exp(struct prac_rng *r, double mean)
{
  return -mean * log1p(-prac_rng_unit(r));
}

double prac_rng_normal(struct prac_rng *r)
{
  double u = 1.0 - prac_rng_unit(r), v = prac_rng_unit(r); /* Box and Muller, one of the two */
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
