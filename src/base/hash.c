#include "base/hash.h"

#include <string.h>

uint64_t prac_hash_bytes(uint64_t seed, const void *data, size_t n)
{
  const unsigned char *p = data;
  uint64_t h = seed ^ n, a, b;
  for (; n >= 16; n -= 16, p += 16) {
    memcpy(&a, p, 8);
    memcpy(&b, p + 8, 8);
    h = prac_hash2(h, a, b);
  }
  unsigned char tail[16] = {0};
  if (n) memcpy(tail, p, n);
  memcpy(&a, tail, 8);
  memcpy(&b, tail + 8, 8);
  return prac_hash2(h, a, b);
}
