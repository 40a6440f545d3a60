/* The text around HPKE, and what a secret is bound to. */
#include "access/seal.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

enum { PLACE_MAX = 4096, BYTES = ACCESS_SEAL_MAX + ACCESS_HPKE_MORE };
static const char head[] = "sealed1:", info[] = "practice webhook secret 1";
enum { HEAD = sizeof head - 1, AT = HEAD + ACCESS_SEAL_NAME };

static int digit(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As many bytes as there are pairs of digits; -1: something else is in it, or it is too long. */
static int unhex(const char *s, uint8_t *to, int max)
{
  int n = 0;
  for (; s[0] && n < max; s += 2, n++) {
    int hi = digit(s[0]), lo = hi < 0 ? -1 : digit(s[1]);
    if (lo < 0) return -1;
    to[n] = (uint8_t)(hi << 4 | lo);
  }
  return s[0] ? -1 : n;
}

static void name_it(struct access_seal_key *k)
{
  uint8_t hash[ACCESS_HASH];
  access_sha256(k->public, sizeof k->public, hash);
  (void)access_hex(hash, (ACCESS_SEAL_NAME - 1) / 2, k->name);
}

static prac_rc finish(struct access_seal_key *k, struct prac_err *reterr)
{
  PRAC_TRY(access_hpke_public(k->own, k->public, reterr));
  name_it(k);
  return PRAC_OK;
}

prac_rc access_seal_key_new(struct access_seal_key *ret, struct prac_err *reterr)
{
  PRAC_TRY(access_random(ret->own, sizeof ret->own, reterr));
  return finish(ret, reterr);
}

prac_rc access_seal_key_of(const char *own, struct access_seal_key *ret, struct prac_err *reterr)
{
  if (unhex(own, ret->own, ACCESS_HPKE_KEY) != ACCESS_HPKE_KEY)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a key is %d hexadecimal digits", 2 * ACCESS_HPKE_KEY);
  return finish(ret, reterr);
}

char *access_seal_own(const struct access_seal_key *k, char to[ACCESS_SEAL_HALF])
{
  return access_hex(k->own, sizeof k->own, to);
}

char *access_seal_public(const struct access_seal_key *k, char to[ACCESS_SEAL_HALF])
{
  return access_hex(k->public, sizeof k->public, to);
}

prac_rc access_seal_key_read(const char *public, struct access_seal_key *ret,
                             struct prac_err *reterr)
{
  *ret = (struct access_seal_key){.name = ""};
  if (unhex(public, ret->public, ACCESS_HPKE_KEY) != ACCESS_HPKE_KEY)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a key is %d hexadecimal digits", 2 * ACCESS_HPKE_KEY);
  name_it(ret);
  return PRAC_OK;
}

bool access_sealed(const char *text)
{
  return text && strncmp(text, head, HEAD) == 0;
}

bool access_sealed_to(const char *sealed, const char *key_name)
{
  size_t n = strlen(key_name);
  return access_sealed(sealed) && strncmp(sealed + HEAD, key_name, n) == 0 &&
         sealed[HEAD + n] == ':';
}

bool access_sealed_whole(const char *text)
{
  uint8_t bytes[BYTES];
  return access_sealed(text) && strnlen(text, AT) == AT && text[AT - 1] == ':' &&
         unhex(text + AT, bytes, BYTES) >= ACCESS_HPKE_MORE;
}

char *access_seal_hash(const char *sealed, char to[ACCESS_SEAL_HALF])
{
  uint8_t hash[ACCESS_HASH];
  access_sha256(sealed, strlen(sealed), hash);
  return access_hex(hash, sizeof hash, to);
}

/* Each with its length before it: no two places have the same bytes. */
static prac_rc place(const struct access_seal_place *p, uint8_t to[PLACE_MAX],
                     struct access_hpke *ret, struct prac_err *reterr)
{
  const char *const v[] = {p->user, p->id, p->url};
  size_t at = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    size_t n = strlen(v[i]);
    if (n + 2 > PLACE_MAX - at)
      return PRAC_FAIL(reterr, PRAC_RANGE, "a user, subscription and URL of so many bytes");
    to[at++] = (uint8_t)(n >> 8);
    to[at++] = (uint8_t)n;
    memcpy(to + at, v[i], n);
    at += n;
  }
  *ret = (struct access_hpke){.info = info, .n_info = sizeof info - 1, .aad = to, .n_aad = at};
  return PRAC_OK;
}

prac_rc access_seal(const struct access_seal_key *k, const struct access_seal_place *p,
                    const char *secret, char to[ACCESS_SEALED], struct prac_err *reterr)
{
  uint8_t where[PLACE_MAX], bytes[BYTES];
  struct access_hpke h;
  size_t n = strlen(secret);
  if (n > ACCESS_SEAL_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "a secret of more than %d bytes", ACCESS_SEAL_MAX);
  PRAC_TRY(place(p, where, &h, reterr));
  PRAC_TRY(access_hpke_seal(k->public, &h, secret, n, bytes, reterr));
  (void)snprintf(to, ACCESS_SEALED, "%s%s:", head, k->name);
  (void)access_hex(bytes, n + ACCESS_HPKE_MORE, to + AT);
  return PRAC_OK;
}

prac_rc access_unseal(const struct access_seal_key *k, const struct access_seal_place *p,
                      const char *sealed, char to[ACCESS_SEAL_TEXT], struct prac_err *reterr)
{
  uint8_t where[PLACE_MAX], bytes[BYTES];
  struct access_hpke h;
  to[0] = '\0';
  if (!access_sealed_whole(sealed)) return PRAC_FAIL(reterr, PRAC_MALFORMED, "no sealed secret");
  if (!access_sealed_to(sealed, k->name))
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "sealed to another key, %.16s", sealed + HEAD);
  int n = unhex(sealed + AT, bytes, BYTES);
  PRAC_TRY(place(p, where, &h, reterr));
  char text[ACCESS_SEAL_TEXT];
  size_t len = (size_t)n - ACCESS_HPKE_MORE;
  prac_rc rc = access_hpke_open(k->own, &h, bytes, (size_t)n, (uint8_t *)text, reterr);
  if (rc == PRAC_OK && memchr(text, 0, len))
    rc = PRAC_FAIL(reterr, PRAC_MALFORMED, "a secret of other than text");
  if (rc == PRAC_OK) {
    memcpy(to, text, len);
    to[len] = '\0';
  }
  OPENSSL_cleanse(text, sizeof text);
  return rc;
}
