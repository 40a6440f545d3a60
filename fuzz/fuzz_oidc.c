/* What a provider sends: its document, its keys, a token, claims. Whatever it is, nothing in it
 * makes more of somebody than it says, and no address leads anywhere but by https. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void document(const char *text, size_t n)
{
  struct oidc_document d = {0};
  if (oidc_document_read(text, n, "https://id.example/realm", false, &d, NULL) != PRAC_OK) return;
  PRAC_INSIST(oidc_url_ok(d.authorize, false) && oidc_url_ok(d.token, false) &&
              oidc_url_ok(d.keys, false));
  PRAC_INSIST(!d.end[0] || oidc_url_ok(d.end, false));
}

/* Keys, and behind a line's end a token. */
static void token(const char *text, size_t n, const struct oidc_expect *e)
{
  const char *end = memchr(text, '\n', n);
  struct oidc_keys *keys = NULL;
  json_t *claims = NULL;
  if (oidc_keys_read(text, end ? (size_t)(end - text) : n, &keys, NULL) != PRAC_OK) return;
  PRAC_INSIST(oidc_keys_count(keys) <= OIDC_KEYS);
  if (end && oidc_token_check(end + 1, keys, e, &claims, NULL) == PRAC_OK)
    PRAC_INSIST(json_is_object(claims));
  json_decref(claims);
  oidc_keys_free(&keys);
}

static void claims(const char *text, size_t n, const struct oidc_expect *e)
{
  static const struct oidc_rule rules[] = {{"groups", "a", "o", "admin"},
                                           {"x.y", "b", "", "viewer"}};
  struct oidc_conf c = {.issuer = e->issuer, .user_claim = "preferred_username"};
  struct oidc_env env = {.conf = &c, .rules = rules, .n_rules = 2};
  struct oidc_person p = {0};
  enum oidc_why why;
  json_t *j = NULL;
  struct prac_arena *a = prac_arena_new(1024);
  if (a && oidc_token_claims(text, n, e, &j, NULL) == PRAC_OK &&
      oidc_claims_read(j, &env, a, &p, &why, NULL) == PRAC_OK) {
    PRAC_INSIST(p.ruled && strlen(p.subject) <= 255 && *p.subject && *p.user);
    if (strcmp(p.role, "admin") == 0)
      PRAC_INSIST(oidc_claim(j, "groups") && memchr(text, 'a', n) != NULL);
  }
  json_decref(j);
  prac_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const struct oidc_expect e = {.issuer = "https://id.example/realm",
                                .client_id = "practice",
                                .nonce = "n-1",
                                .now = INT64_C(1767225600) * PRAC_SEC};
  if (size == 0) return 0;
  char *text = malloc(size);
  if (!text) return 0;
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  if (data[0] == 'd') document(text, size - 1);
  if (data[0] == 'k') token(text, size - 1, &e);
  if (data[0] == 'c') claims(text, size - 1, &e);
  free(text);
  return 0;
}
