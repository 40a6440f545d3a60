/* base/hash.h — 64-bit mixing for tables; not for secrets.
 * Tables that strangers can fill pass a random seed so that they cannot choose collisions; what
 * must repeat from run to run passes a fixed one. */
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline uint64_t prac_mix64(uint64_t x) /* splitmix64's finaliser */
{
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}
static inline uint64_t prac_hash2(uint64_t seed, uint64_t a, uint64_t b)
{
  __uint128_t m = (__uint128_t)(a ^ seed ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);
  return prac_mix64((uint64_t)m ^ (uint64_t)(m >> 64) ^ seed);
}
uint64_t prac_hash_bytes(uint64_t seed, const void *data, size_t n);
