/* An ID token: OpenID Connect Core 3.1.3.7, in its order where that matters. Nothing of it is
 * believed, or said in an error, before its signature was looked at. */
#include <cjose/cjose.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

enum { SUBJECT_MAX = 255 };
#define OLD (10 * PRAC_MIN)

static prac_rc no(struct prac_err *reterr, const char *why)
{
  return PRAC_FAIL(reterr, PRAC_DENIED, "the ID token %s", why);
}

static const char *text(const json_t *claims, const char *name)
{
  const char *s = json_string_value(json_object_get(claims, name));
  return s ? s : "";
}

/* For us; where for others too, or where it says so, made for us (azp). */
static bool for_us(const json_t *claims, const char *client_id)
{
  const json_t *aud = json_object_get(claims, "aud"), *azp = json_object_get(claims, "azp");
  if (azp && strcmp(text(claims, "azp"), client_id) != 0) return false;
  if (json_is_string(aud)) return strcmp(json_string_value(aud), client_id) == 0;
  for (size_t i = 0; i < json_array_size(aud); i++)
    if (!json_is_string(json_array_get(aud, i))) return false;
  return oidc_lists(aud, client_id) && (json_array_size(aud) == 1 || azp);
}

/* PRAC_TIME_NONE: not there, or no time. */
static prac_time moment(const json_t *claims, const char *name)
{
  double s = json_number_value(json_object_get(claims, name));
  return s > 0 && s < 9e9 ? (prac_time)s * PRAC_SEC : PRAC_TIME_NONE;
}

static prac_rc in_time(const json_t *claims, prac_time now, struct prac_err *reterr)
{
  prac_time exp = moment(claims, "exp"), iat = moment(claims, "iat"), nbf = moment(claims, "nbf");
  if (exp == PRAC_TIME_NONE || iat == PRAC_TIME_NONE) return no(reterr, "has no exp or no iat");
  if (exp + OIDC_LEEWAY <= now) return no(reterr, "has expired: do both clocks go right?");
  if (iat - OIDC_LEEWAY > now || (nbf != PRAC_TIME_NONE && nbf - OIDC_LEEWAY > now))
    return no(reterr, "is of the future: do both clocks go right?");
  if (iat + OLD + OIDC_LEEWAY < now) return no(reterr, "is old: do both clocks go right?");
  return PRAC_OK;
}

static prac_rc claims_ok(const json_t *claims, const struct oidc_expect *e, struct prac_err *reterr)
{
  const char *sub = text(claims, "sub");
  if (strcmp(text(claims, "iss"), e->issuer) != 0) return no(reterr, "is of another issuer");
  if (!for_us(claims, e->client_id)) return no(reterr, "is for another client (aud, azp)");
  PRAC_TRY(in_time(claims, e->now, reterr));
  if (!oidc_same(text(claims, "nonce"), e->nonce))
    return no(reterr, "is of another sign-in (nonce)");
  if (!*sub || strlen(sub) > SUBJECT_MAX) return no(reterr, "names nobody (sub)");
  for (const char *s = sub; *s; s++)
    if (*s < ' ' || *s > '~') return no(reterr, "names nobody in ASCII (sub)");
  return PRAC_OK;
}

/* By a key of the list and an algorithm of ours. */
static prac_rc signed_by(cjose_jws_t *jws, const struct oidc_keys *keys, struct prac_err *reterr)
{
  cjose_err e;
  const json_t *head = cjose_jws_get_protected(jws);
  const json_t *kid = json_object_get(head, "kid");
  const char *alg = text(head, "alg");
  if (!oidc_alg_ok(alg)) return no(reterr, "is signed in a way that is not RS256, PS256 or ES256");
  if (json_object_get(head, "crit")) return no(reterr, "asks for extensions (crit)");
  if (kid && !json_is_string(kid)) return no(reterr, "has a kid that is no text");
  const void *key = oidc_keys_find(keys, alg, json_string_value(kid));
  if (!key)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN,
                     "the ID token is by a key that is not in the list of "
                     "the provider, or does not say by which");
  return cjose_jws_verify(jws, key, &e) ? PRAC_OK : no(reterr, "has a wrong signature");
}

prac_rc oidc_token_claims(const char *text, size_t n, const struct oidc_expect *e, json_t **ret,
                          struct prac_err *reterr)
{
  json_t *claims = oidc_object(text, n);
  prac_rc rc = claims ? claims_ok(claims, e, reterr) : no(reterr, "holds no claims");
  if (rc == PRAC_OK)
    *ret = claims;
  else
    json_decref(claims);
  return rc;
}

static prac_rc claims_of(cjose_jws_t *jws, const struct oidc_expect *e, json_t **ret,
                         struct prac_err *reterr)
{
  cjose_err err;
  uint8_t *p = NULL;
  size_t n = 0;
  if (!cjose_jws_get_plaintext(jws, &p, &n, &err)) return no(reterr, "holds no claims");
  return oidc_token_claims((const char *)p, n, e, ret, reterr);
}

/* Three parts of base64url with points between. */
static bool three_parts(const char *token)
{
  for (int i = 0; i < 3; i++) {
    size_t n = strcspn(token, ".");
    if (!oidc_is_base64url(token, n) || token[n] != (i < 2 ? '.' : '\0')) return false;
    token += n + 1;
  }
  return true;
}

prac_rc oidc_token_check(const char *token, const struct oidc_keys *keys,
                         const struct oidc_expect *e, json_t **ret_claims, struct prac_err *reterr)
{
  cjose_err err;
  size_t n = strlen(token);
  bool whole = n <= OIDC_TOKEN && three_parts(token);
  cjose_jws_t *jws = whole ? cjose_jws_import(token, n, &err) : NULL;
  if (!jws) return no(reterr, "is no signed token, of at most 16 KiB");
  prac_rc rc = signed_by(jws, keys, reterr);
  if (rc == PRAC_OK) rc = claims_of(jws, e, ret_claims, reterr);
  cjose_jws_release(jws);
  return rc;
}
