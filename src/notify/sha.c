/* A hash of sixty lines is less to carry than a library of half a million. */
#include "notify/sha.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, DIGEST = 32 };
struct sha {
  uint32_t h[8];
  uint64_t bytes;
  uint8_t block[BLOCK];
};
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t v, unsigned by)
{
  return v >> by | v << (32 - by);
}

static void mix(uint32_t h[8], const uint8_t *p)
{
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++, p += 4)
    w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] +
           (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
  }
  memcpy(v, h, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
    uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
    uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) h[i] += v[i];
}

static void sha_init(struct sha *s)
{
  *s = (struct sha){.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                          0x1f83d9ab, 0x5be0cd19}};
}

static void sha_add(struct sha *s, const void *data, size_t n)
{
  const uint8_t *p = data;
  while (n > 0) {
    size_t at = s->bytes % BLOCK, take = BLOCK - at < n ? BLOCK - at : n;
    memcpy(s->block + at, p, take);
    s->bytes += take;
    p += take;
    n -= take;
    if (s->bytes % BLOCK == 0) mix(s->h, s->block);
  }
}

static void sha_end(struct sha *s, uint8_t out[DIGEST])
{
  static const uint8_t one = 0x80, zero = 0;
  uint8_t len[8];
  uint64_t bits = s->bytes * 8;
  for (int i = 0; i < 8; i++) len[i] = (uint8_t)(bits >> (56 - 8 * i));
  sha_add(s, &one, 1);
  while (s->bytes % BLOCK != BLOCK - 8) sha_add(s, &zero, 1);
  sha_add(s, len, 8);
  for (int i = 0; i < DIGEST; i++) out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void note_hmac(const char *key, const void *a, size_t na, const void *b, size_t nb,
               char out[NOTE_HMAC_TEXT])
{
  static const char hex[] = "0123456789abcdef";
  uint8_t pad[BLOCK] = {0}, d[DIGEST];
  struct sha s;
  size_t n = strlen(key);
  sha_init(&s);
  if (n > BLOCK) {
    sha_add(&s, key, n);
    sha_end(&s, pad);
  } else {
    memcpy(pad, key, n);
  }
  for (int i = 0; i < BLOCK; i++) pad[i] ^= 0x36;
  sha_init(&s);
  sha_add(&s, pad, BLOCK);
  if (na) sha_add(&s, a, na);
  if (nb) sha_add(&s, b, nb);
  sha_end(&s, d);
  for (int i = 0; i < BLOCK; i++) pad[i] ^= 0x36 ^ 0x5c;
  sha_init(&s);
  sha_add(&s, pad, BLOCK);
  sha_add(&s, d, DIGEST);
  sha_end(&s, d);
  for (int i = 0; i < DIGEST; i++) {
    out[2 * i] = hex[d[i] >> 4];
    out[2 * i + 1] = hex[d[i] & 15];
  }
  out[2 * DIGEST] = '\0';
}
