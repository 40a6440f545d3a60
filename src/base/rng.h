/* base/rng.h — repeatable randomness, passed in, never global. xoshiro256** seeded by splitmix64
 * (Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators, 2018). Not for secrets. */
#pragma once
#include <stdint.h>

struct prac_rng {
  uint64_t s[4];
};
struct prac_rng prac_rng_of(uint64_t seed);
uint64_t prac_rng_u64(struct prac_rng *r);
uint64_t prac_rng_below(struct prac_rng *r, uint64_t n); /* 0..n-1, unbiased; 0 for n == 0 */
double prac_rng_unit(struct prac_rng *r);                /* [0, 1), 53 bits */
double prac_rng_exp(struct prac_rng *r, double mean);    /* exponential */
double prac_rng_normal(struct prac_rng *r);              /* mean 0, deviation 1 */
