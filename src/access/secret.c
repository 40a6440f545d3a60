/* Passwords and tokens: made, kept as hashes, compared without saying how much of them was right.
 */
#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "access/impl.h"

enum { ROUNDS = 2, MEMORY_KIB = 19 * 1024, LANES = 1, SALT = 16, TOKEN = 32 };

prac_rc access_random(void *to, size_t n, struct prac_err *reterr)
{
  if (getrandom(to, n, 0) != (ssize_t)n)
    return PRAC_FAIL(reterr, PRAC_IO, "the kernel gives no random bytes");
  return PRAC_OK;
}

void access_sha256(const void *data, size_t n, uint8_t to[ACCESS_HASH])
{
  (void)SHA256(data, n, to);
}

char *access_hex(const uint8_t *p, size_t n, char *to)
{
  for (size_t i = 0; i < n; i++) {
    to[2 * i] = "0123456789abcdef"[p[i] >> 4];
    to[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
  }
  to[2 * n] = 0;
  return to;
}

prac_rc access_token_new(const char *prefix, char to[ACCESS_TOKEN_TEXT], uint8_t hash[ACCESS_HASH],
                         struct prac_err *reterr)
{
  uint8_t bytes[TOKEN];
  char text[2 * TOKEN + 1];
  PRAC_TRY(access_random(bytes, sizeof bytes, reterr));
  (void)snprintf(to, ACCESS_TOKEN_TEXT, "%s%s", prefix, access_hex(bytes, sizeof bytes, text));
  access_sha256(to, strlen(to), hash);
  OPENSSL_cleanse(bytes, sizeof bytes);
  OPENSSL_cleanse(text, sizeof text);
  return PRAC_OK;
}

prac_rc access_password_ok(const char *password, struct prac_err *reterr)
{
  size_t n = strlen(password);
  if (n < ACCESS_PASSWORD_MIN || n > ACCESS_PASSWORD_MAX)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "password: %d to %d bytes", ACCESS_PASSWORD_MIN,
                     ACCESS_PASSWORD_MAX);
  if (strspn(password, (const char[]){password[0], 0}) == n)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "password: one letter again and again");
  return PRAC_OK;
}

prac_rc access_password_hash(const char *password, char to[ACCESS_PASSWORD_TEXT],
                             struct prac_err *reterr)
{
  uint8_t salt[SALT];
  PRAC_TRY(access_random(salt, sizeof salt, reterr));
  int st = argon2id_hash_encoded(ROUNDS, MEMORY_KIB, LANES, password, strlen(password), salt,
                                 sizeof salt, ACCESS_HASH, to, ACCESS_PASSWORD_TEXT);
  return st == ARGON2_OK ? PRAC_OK
                         : PRAC_FAIL(reterr, PRAC_NOMEM, "argon2: %s", argon2_error_message(st));
}

prac_rc access_password_fits(const char *password, const char *hash, bool *ret,
                             struct prac_err *reterr)
{
  static const uint8_t salt[SALT] = "nobody's";
  uint8_t out[ACCESS_HASH];
  size_t n = strlen(password);
  int st = hash ? argon2id_verify(hash, password, n)
                : argon2id_hash_raw(ROUNDS, MEMORY_KIB, LANES, password, n, salt, sizeof salt, out,
                                    sizeof out);
  OPENSSL_cleanse(out, sizeof out);
  if (st != ARGON2_OK && st != ARGON2_VERIFY_MISMATCH)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "argon2: %s", argon2_error_message(st));
  *ret = hash && st == ARGON2_OK;
  return PRAC_OK;
}
