/* RFC 6238 over RFC 4226. A code is good once: the step it belongs to is remembered. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

enum { STEP_S = 30, DIGITS = 6, MODULUS = 1000000 };

uint32_t access_totp_at(const uint8_t *secret, size_t n, uint64_t step, uint32_t modulus)
{
  uint8_t text[8], mac[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  for (int i = 0; i < 8; i++) text[i] = (uint8_t)(step >> (56 - 8 * i));
  if (!HMAC(EVP_sha1(), secret, (int)n, text, sizeof text, mac, &len) || len < 20) return modulus;
  const uint8_t *p = mac + (mac[len - 1] & 15);
  return ((uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) %
         modulus;
}

uint64_t access_totp_fits(const uint8_t secret[ACCESS_SECRET], const char *code, prac_time now,
                          uint64_t used)
{
  uint64_t at = (uint64_t)(now / PRAC_SEC) / STEP_S, found = 0;
  char given[DIGITS + 1] = "", want[16];
  if (strlen(code) == DIGITS) memcpy(given, code, DIGITS);
  for (uint64_t i = 0; i < 3; i++) {
    uint64_t step = at + i - 1; /* before 1970 it wraps, and fits nothing */
    (void)snprintf(want, sizeof want, "%06u", access_totp_at(secret, ACCESS_SECRET, step, MODULUS));
    bool fits = CRYPTO_memcmp(want, given, DIGITS) == 0;
    if (fits && step > used && step <= at + 1) found = step;
  }
  return found;
}

void access_base32(const uint8_t *p, size_t n, char *to)
{
  for (size_t bit = 0; bit + 5 <= 8 * n; bit += 5) {
    unsigned two = (unsigned)p[bit / 8] << 8 | (bit / 8 + 1 < n ? p[bit / 8 + 1] : 0u);
    *to++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[two >> (11 - bit % 8) & 31];
  }
  *to = 0;
}
