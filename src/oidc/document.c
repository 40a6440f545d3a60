/* /.well-known/openid-configuration. */
#include <stdio.h>
#include <string.h>

#include "oidc/impl.h"

static prac_rc endpoint(const json_t *d, const char *name, bool plain, char to[OIDC_URL],
                        struct prac_err *reterr)
{
  const char *s = json_string_value(json_object_get(d, name));
  if (!s || !oidc_url_ok(s, plain))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "the provider's document: %s is no https address",
                     name);
  (void)snprintf(to, OIDC_URL, "%s", s);
  return PRAC_OK;
}

/* An issuer that is not the one asked for is another's document, by accident or on purpose. */
static prac_rc read(const json_t *d, const char *issuer, bool plain, struct oidc_document *to,
                    struct prac_err *reterr)
{
  const char *is = json_string_value(json_object_get(d, "issuer"));
  if (!is || strcmp(is, issuer) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED,
                     "the provider's document is of another issuer than portal.oidc.issuer");
  PRAC_TRY(endpoint(d, "authorization_endpoint", plain, to->authorize, reterr));
  PRAC_TRY(endpoint(d, "token_endpoint", plain, to->token, reterr));
  PRAC_TRY(endpoint(d, "jwks_uri", plain, to->keys, reterr));
  if (endpoint(d, "end_session_endpoint", plain, to->end, NULL) != PRAC_OK) to->end[0] = '\0';
  to->says_iss = json_is_true(json_object_get(d, "authorization_response_iss_parameter_supported"));
  const json_t *ways = json_object_get(d, "token_endpoint_auth_methods_supported");
  to->post = json_is_array(ways) && !oidc_lists(ways, "client_secret_basic") &&
             oidc_lists(ways, "client_secret_post");
  const json_t *pkce = json_object_get(d, "code_challenge_methods_supported");
  if (json_is_array(pkce) && !oidc_lists(pkce, "S256"))
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "the provider knows no PKCE with S256");
  return PRAC_OK;
}

prac_rc oidc_document_read(const char *text, size_t n, const char *issuer, bool plain,
                           struct oidc_document *ret, struct prac_err *reterr)
{
  struct oidc_document d = {0};
  json_t *j = oidc_object(text, n);
  if (!j) return PRAC_FAIL(reterr, PRAC_MALFORMED, "the provider's document is no JSON object");
  prac_rc rc = read(j, issuer, plain, &d, reterr);
  json_decref(j);
  if (rc == PRAC_OK) *ret = d;
  return rc;
}
