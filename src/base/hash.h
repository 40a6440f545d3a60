/* base/hash.h — 64-bit mixing for tables; not for secrets.
 * What must repeat from run to run, or stands in files, is prac_hash2 and prac_hash_bytes with a
 * fixed seed. Tables that strangers can fill are prac_hash_keyed with a random key. */
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
/* Nobody who does not know the key can choose what collides. prac_hash2 does not keep this whatever
 * its seed: the b that is its constant makes the product 0, and all a the same. */
static inline uint64_t prac_fold_keyed(uint64_t key, uint64_t a, uint64_t b) /* not mixed yet */
{
  __uint128_t m = (__uint128_t)(a ^ key ^ 0x9e3779b97f4a7c15u) *
                  (b ^ (key << 32 | key >> 32) ^ 0xe7037ed1a0b428dbu);
  return (uint64_t)m ^ (uint64_t)(m >> 64);
}
static inline uint64_t prac_hash_keyed(uint64_t key, uint64_t a, uint64_t b)
{
  return prac_mix64(prac_fold_keyed(key, a, b) ^ key);
}
uint64_t prac_hash_bytes(uint64_t seed, const void *data, size_t n);
