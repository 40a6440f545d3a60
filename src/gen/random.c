/* Randomness without floating point: a logarithm that differs in its last bit between two libms
 * would move a packet by a nanosecond, and the files would differ. */
#include "gen/gen_int.h"

/* log2 of m in [1, 2) as a fraction of 2^32, digit by digit: square, and see whether it passed 2.
 */
static uint64_t log2_part(uint64_t m) /* m: 2^63 .. 2^64 - 1 stands for [1, 2) */
{
  uint64_t r = 0;
  for (int bit = 31; bit >= 8; bit--) {
    __uint128_t sq = (__uint128_t)m * m; /* 2^126 .. 2^128 */
    if (sq >> 127) {
      r |= UINT64_C(1) << bit;
      m = (uint64_t)(sq >> 64);
    } else
      m = (uint64_t)(sq >> 63);
  }
  return r;
}

uint64_t gen_exp(struct prac_rng *r, uint64_t mean)
{
  uint64_t u = prac_rng_u64(r) | 1; /* stands for u / 2^64 */
  int zeros = __builtin_clzll(u);
  uint64_t log2 = ((uint64_t)(zeros + 1) << 32) - log2_part(u << zeros); /* -log2 */
  uint64_t ln = (uint64_t)(((__uint128_t)log2 * 2977044472u) >> 32);     /* times ln 2 */
  return (uint64_t)(((__uint128_t)ln * mean) >> 32);
}

uint32_t gen_skewed(struct prac_rng *r, uint32_t n)
{
  uint64_t a = prac_rng_below(r, n), b = prac_rng_below(r, n);
  return (uint32_t)(a < b ? a : b);
}
