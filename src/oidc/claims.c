/* What claims make of somebody: a name, and by the rules an organisation and a role. */
#include <stdio.h>
#include <string.h>

#include "oidc/impl.h"

const json_t *oidc_claim(const json_t *claims, const char *name)
{
  char part[OIDC_CLAIM];
  const json_t *v = json_object_get(claims, name);
  while (!v) { /* "realm_access.roles" */
    size_t n = strcspn(name, ".");
    if (n >= sizeof part) return NULL;
    memcpy(part, name, n);
    part[n] = '\0';
    claims = json_object_get(claims, part);
    if (!name[n]) return claims;
    name += n + 1;
    if (!json_is_object(claims)) return NULL;
    v = json_object_get(claims, name);
  }
  return v;
}

/* Is it this word, or does it list it? */
static bool says(const json_t *v, const char *word)
{
  return json_is_string(v) ? strcmp(json_string_value(v), word) == 0 : oidc_lists(v, word);
}

static bool any_said(const json_t *v, const struct prac_conf_strings *words)
{
  for (size_t i = 0; i < words->n; i++)
    if (says(v, words->v[i])) return true;
  return words->n == 0;
}

/* Small letters, as names are here. An address counts only when the provider has looked. */
static const char *user_of(const json_t *claims, const char *claim, struct prac_arena *arena)
{
  const char *s = json_string_value(oidc_claim(claims, claim));
  size_t n = s ? strlen(s) : 0;
  if (n == 0 || n >= OIDC_CLAIM) return NULL;
  if (strcmp(claim, "email") == 0 && !json_is_true(json_object_get(claims, "email_verified")))
    return NULL;
  char *user = prac_arena_strndup(arena, s, n);
  for (char *c = user; c && *c; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
  return user;
}

/* For people to read: nothing that cannot be shown, whole characters only. */
static const char *name_of(const json_t *claims, const char *user, struct prac_arena *arena)
{
  enum { NAME_BYTES = 128 };
  const char *s = json_string_value(json_object_get(claims, "name"));
  size_t n = s ? strlen(s) : 0;
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] < ' ' || s[i] == 0x7f) n = 0;
  if (n > NAME_BYTES) {
    n = NAME_BYTES;
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80) n--;
  }
  return n > 0 ? prac_arena_strndup(arena, s, n) : user;
}

static const struct oidc_rule *rule_of(const json_t *claims, const struct oidc_env *env)
{
  for (size_t i = 0; i < env->n_rules; i++) {
    const struct oidc_rule *r = &env->rules[i];
    if (strcmp(r->value, "*") == 0 || says(oidc_claim(claims, r->claim), r->value)) return r;
  }
  return NULL;
}

prac_rc oidc_claims_read(const json_t *claims, const struct oidc_env *env, struct prac_arena *arena,
                         struct oidc_person *ret, enum oidc_why *ret_why, struct prac_err *reterr)
{
  const char *sub = json_string_value(json_object_get(claims, "sub")), *issuer = env->conf->issuer;
  const struct oidc_rule *rule = rule_of(claims, env);
  struct oidc_person p = {.ruled = rule != NULL,
                          .issuer = issuer,
                          .org = rule ? rule->org : "",
                          .role = rule ? rule->role : ""};
  *ret_why = OIDC_WHY_FACTOR;
  if (!any_said(json_object_get(claims, "acr"), &env->conf->acr))
    return PRAC_FAIL(reterr, PRAC_DENIED, "acr is none of portal.oidc.acr");
  if (!any_said(json_object_get(claims, "amr"), &env->conf->amr))
    return PRAC_FAIL(reterr, PRAC_DENIED, "amr is none of portal.oidc.amr");
  *ret_why = OIDC_WHY_CLAIMS;
  p.user = user_of(claims, env->conf->user_claim, arena);
  if (!p.user)
    return PRAC_FAIL(
        reterr, PRAC_DENIED, "the claim %.60s does not name the user%s", env->conf->user_claim,
        strcmp(env->conf->user_claim, "email") == 0 ? ", or email_verified is not true" : "");
  *ret_why = OIDC_WHY_RIGHTS;
  if (env->n_rules > 0 && !rule)
    return PRAC_FAIL(reterr, PRAC_DENIED, "no row of portal.oidc.rules fits");
  p.name = name_of(claims, p.user, arena);
  p.subject = prac_arena_strndup(arena, sub, strlen(sub));
  *ret_why = OIDC_WHY_PROVIDER;
  if (!p.name || !p.subject) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a sign-in");
  *ret = p;
  return PRAC_OK;
}
