/* A provider's list of keys (JWKS): of each only what it takes to look at a signature, so that no
 * secret, and nothing that a signature could be made with, is ever a key here. */
#include <cjose/cjose.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, MEMBER_MAX = 2048, EXPONENT_MAX = 8 };
struct key {
  cjose_jwk_t *jwk;
  char kid[OIDC_CLAIM], alg[8]; /* "": not said */
  bool ec;
};
struct oidc_keys {
  struct key v[OIDC_KEYS];
  size_t n;
};

bool oidc_alg_ok(const char *alg)
{
  return strcmp(alg, "RS256") == 0 || strcmp(alg, "PS256") == 0 || strcmp(alg, "ES256") == 0;
}

static const char *word(const json_t *j, const char *name)
{
  const char *s = json_string_value(json_object_get(j, name));
  return s ? s : "";
}

static bool copy(json_t *to, const json_t *from, const char *name)
{
  const char *s = word(from, name);
  size_t n = strlen(s);
  return n <= MEMBER_MAX && oidc_is_base64url(s, n) &&
         json_object_set_new(to, name, json_string(s)) == 0;
}

static bool may_verify(const json_t *j)
{
  const json_t *ops = json_object_get(j, "key_ops");
  const char *use = word(j, "use");
  return (!*use || strcmp(use, "sig") == 0) && (!ops || oidc_lists(ops, "verify"));
}

static bool strong(const struct key *k)
{
  cjose_err e;
  size_t bits = cjose_jwk_get_keysize(k->jwk, &e);
  return k->ec ? cjose_jwk_EC_get_curve(k->jwk, &e) == CJOSE_JWK_EC_P_256
               : bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

/* Only what it takes to verify. NULL: not all of it is there. */
static cjose_jwk_t *import(const json_t *j, bool ec)
{
  static const char *const members[2][3] = {{"n", "e", NULL}, {"x", "y", NULL}};
  cjose_err e;
  json_t *bare = ec ? json_pack("{s:s,s:s}", "kty", "EC", "crv", word(j, "crv"))
                    : json_pack("{s:s}", "kty", "RSA");
  bool ok = bare && strlen(word(j, "e")) <= EXPONENT_MAX;
  for (const char *const *m = members[ec]; ok && *m; m++) ok = copy(bare, j, *m);
  cjose_jwk_t *jwk = ok ? cjose_jwk_import_json(bare, &e) : NULL;
  json_decref(bare);
  return jwk;
}

/* False: of no use here. */
static bool take(const json_t *j, struct key *k)
{
  const char *kid = word(j, "kid"), *alg = word(j, "alg"), *kty = word(j, "kty");
  k->ec = strcmp(kty, "EC") == 0;
  if ((!k->ec && strcmp(kty, "RSA") != 0) || strlen(kid) >= sizeof k->kid) return false;
  if ((*alg && !oidc_alg_ok(alg)) || !may_verify(j)) return false;
  k->jwk = import(j, k->ec);
  if (k->jwk && !strong(k)) {
    (void)cjose_jwk_release(k->jwk);
    k->jwk = NULL;
  }
  memcpy(k->kid, kid, strlen(kid) + 1);
  memcpy(k->alg, alg, strlen(alg) + 1);
  return k->jwk != NULL;
}

prac_rc oidc_keys_read(const char *text, size_t n, struct oidc_keys **ret, struct prac_err *reterr)
{
  json_t *j = oidc_object(text, n);
  const json_t *list = json_object_get(j, "keys");
  struct oidc_keys *k = calloc(1, sizeof *k);
  prac_rc rc = !k ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the provider's keys")
               : !json_is_array(list)
                   ? PRAC_FAIL(reterr, PRAC_MALFORMED, "the provider's keys are no list of keys")
                   : PRAC_OK;
  for (size_t i = 0; rc == PRAC_OK && i < json_array_size(list) && k->n < OIDC_KEYS; i++)
    k->n += take(json_array_get(list, i), &k->v[k->n]);
  json_decref(j);
  if (rc == PRAC_OK)
    *ret = k;
  else
    oidc_keys_free(&k);
  return rc;
}

void oidc_keys_free(struct oidc_keys **kp)
{
  struct oidc_keys *k = *kp;
  *kp = NULL;
  if (!k) return;
  for (size_t i = 0; i < k->n; i++) (void)cjose_jwk_release(k->v[i].jwk);
  free(k);
}

size_t oidc_keys_count(const struct oidc_keys *k)
{
  return k->n;
}

const void *oidc_keys_find(const struct oidc_keys *k, const char *alg, const char *kid)
{
  const struct key *found = NULL;
  for (size_t i = 0; i < k->n; i++) {
    const struct key *c = &k->v[i];
    if (c->ec != (alg[0] == 'E') || (c->alg[0] && strcmp(c->alg, alg) != 0)) continue;
    if (kid && strcmp(c->kid, kid) != 0) continue;
    if (found) return NULL; /* which of them? */
    found = c;
  }
  return found ? found->jwk : NULL;
}
