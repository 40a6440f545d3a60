/* The way to the provider and back, and what is known of it meanwhile. */
#include "oidc/oidc.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

enum { FORM = 8192, CODE_MAX = 3072, ERROR_WORD = 41 };
struct oidc {
  struct oidc_env env;
  struct oidc_waiting *waiting;
  struct oidc_document doc;
  struct oidc_keys *keys;
  prac_time doc_at, keys_at; /* asked at; NONE: not yet, or to no avail */
};
const char *const oidc_why_names[] = {"ok",     "denied", "expired", "provider", "token",
                                      "factor", "claims", "rights",  NULL};

prac_rc oidc_open(const struct oidc_env *env, struct oidc **ret, struct prac_err *reterr)
{
  PRAC_TRY(oidc_conf_check(env->conf, env->rules, env->n_rules, reterr));
  struct oidc *o = calloc(1, sizeof *o);
  if (o) o->waiting = oidc_waiting_new();
  if (!o || !o->waiting) {
    oidc_close(&o);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for OpenID Connect");
  }
  o->env = *env;
  if (!o->env.fetch) {
    o->env.fetch = oidc_curl;
    o->env.fetch_arg = &o->env;
  }
  o->doc_at = o->keys_at = PRAC_TIME_NONE;
  *ret = o;
  return PRAC_OK;
}

void oidc_close(struct oidc **op)
{
  struct oidc *o = *op;
  *op = NULL;
  if (!o) return;
  oidc_waiting_free(&o->waiting);
  oidc_keys_free(&o->keys);
  free(o);
}

/* ---- what is known of the provider ---- */

/* A clock that was set back makes everything old. */
static bool older(prac_time at, prac_time now, int64_t than)
{
  return at == PRAC_TIME_NONE || at > now || now - at >= than;
}

static prac_rc get(struct oidc *o, const char *url, const char *what, struct oidc_said *ret,
                   struct prac_err *reterr)
{
  struct oidc_ask q = {.url = url, .max = OIDC_ANSWER};
  PRAC_TRY(o->env.fetch(o->env.fetch_arg, &q, ret, reterr));
  if (ret->status == 200) return PRAC_OK;
  free(ret->body);
  return PRAC_FAIL(reterr, PRAC_AGAIN, "the provider answers %d when asked for its %s", ret->status,
                   what);
}

static prac_rc know_document(struct oidc *o, struct prac_err *reterr)
{
  const struct oidc_conf *c = o->env.conf;
  prac_time now = prac_now(o->env.wall);
  char url[OIDC_URL + 64];
  struct oidc_said a = {0};
  if (!older(o->doc_at, now, OIDC_FRESH)) return PRAC_OK;
  size_t n = strlen(c->issuer);
  (void)snprintf(url, sizeof url, "%s%s", c->issuer,
                 &"/.well-known/openid-configuration"[c->issuer[n - 1] == '/']);
  o->doc_at = PRAC_TIME_NONE;
  PRAC_TRY(get(o, url, "document", &a, reterr));
  prac_rc rc = oidc_document_read(a.body, a.len, c->issuer, c->plain, &o->doc, reterr);
  if (rc == PRAC_OK) o->doc_at = now;
  free(a.body);
  return rc;
}

static prac_rc ask_keys(struct oidc *o, struct prac_err *reterr)
{
  struct oidc_said a = {0};
  struct oidc_keys *k = NULL;
  o->keys_at = prac_now(o->env.wall); /* whatever comes of it: not again at once */
  PRAC_TRY(get(o, o->doc.keys, "keys", &a, reterr));
  prac_rc rc = oidc_keys_read(a.body, a.len, &k, reterr);
  free(a.body);
  if (rc != PRAC_OK) return rc;
  oidc_keys_free(&o->keys);
  o->keys = k;
  return PRAC_OK;
}

static prac_rc know_keys(struct oidc *o, int64_t fresh, struct prac_err *reterr)
{
  bool old = older(o->keys_at, prac_now(o->env.wall), fresh);
  if (!o->keys && !old) old = older(o->keys_at, prac_now(o->env.wall), OIDC_KEYS_EVERY);
  if (old) return ask_keys(o, reterr);
  return o->keys ? PRAC_OK : PRAC_FAIL(reterr, PRAC_AGAIN, "the provider's keys are not known");
}

/* ---- going there ---- */

static void challenge(const char *verifier, char to[48])
{
  uint8_t hash[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  to[0] = '\0';
  if (EVP_Digest(verifier, strlen(verifier), hash, &n, EVP_sha256(), NULL) == 1)
    oidc_base64url(hash, n, to);
}

static void words(struct oidc_text *t, const struct prac_conf_strings *s)
{
  for (size_t i = 0; i < s->n; i++) {
    if (i > 0) oidc_text_escape(t, " ");
    oidc_text_escape(t, s->v[i]);
  }
}

static void redirect_uri(const struct oidc *o, struct oidc_text *t)
{
  oidc_text_put(t, "&redirect_uri=");
  oidc_text_escape(t, o->env.conf->public_url);
  oidc_text_escape(t, "/api/v1/oidc/callback");
}

static prac_rc way_there(const struct oidc *o, const struct oidc_trip *t, struct oidc_way *ret,
                         struct prac_err *reterr)
{
  const struct oidc_conf *c = o->env.conf;
  struct oidc_text u = {.v = ret->url, .cap = sizeof ret->url};
  char code[48];
  challenge(t->verifier, code);
  oidc_text_put(&u, o->doc.authorize);
  oidc_text_put(&u, strchr(o->doc.authorize, '?') ? "&" : "?");
  oidc_text_param(&u, "response_type", "code");
  oidc_text_param(&u, "client_id", c->client_id);
  redirect_uri(o, &u);
  oidc_text_put(&u, "&scope=");
  words(&u, &c->scopes);
  oidc_text_param(&u, "state", t->state);
  oidc_text_param(&u, "nonce", t->nonce);
  oidc_text_param(&u, "code_challenge", code);
  oidc_text_param(&u, "code_challenge_method", "S256");
  if (c->acr.n > 0) {
    oidc_text_put(&u, "&acr_values=");
    words(&u, &c->acr);
  }
  return !u.bad && code[0] ? PRAC_OK
                           : PRAC_FAIL(reterr, PRAC_RANGE, "the way to the provider is too long");
}

prac_rc oidc_start(struct oidc *o, const char *to, const char *from, struct oidc_way *ret,
                   struct prac_err *reterr)
{
  struct oidc_trip t = {.began = prac_now(o->env.wall)};
  struct oidc_way w;
  if (strlen(to) >= sizeof t.to) to = "/";
  (void)snprintf(t.to, sizeof t.to, "%s", to);
  (void)snprintf(t.from, sizeof t.from, "%s", from);
  PRAC_TRY(know_document(o, reterr));
  PRAC_TRY(oidc_random(t.cookie, reterr));
  PRAC_TRY(oidc_random(t.state, reterr));
  PRAC_TRY(oidc_random(t.nonce, reterr));
  PRAC_TRY(oidc_random(t.verifier, reterr));
  PRAC_TRY(way_there(o, &t, &w, reterr));
  PRAC_TRY(oidc_waiting_add(o->waiting, &t, reterr));
  memcpy(w.cookie, t.cookie, sizeof w.cookie);
  *ret = w;
  explicit_bzero(&t, sizeof t);
  return PRAC_OK;
}

/* ---- and back ---- */

/* A word like "invalid_client"; anything else is not repeated. */
static void error_word(const char *s, char to[ERROR_WORD])
{
  size_t n = s ? strspn(s, "abcdefghijklmnopqrstuvwxyz_") : 0;
  bool ok = n > 0 && s[n] == '\0' && n < ERROR_WORD;
  (void)snprintf(to, ERROR_WORD, "%.*s", ok ? (int)n : 7, ok ? s : "no word");
}

static prac_rc token_of(const struct oidc_said *a, char **ret, struct prac_err *reterr)
{
  char word[ERROR_WORD];
  json_t *j = oidc_object(a->body, a->len);
  const char *s = json_string_value(json_object_get(j, "id_token"));
  prac_rc rc = PRAC_OK;
  error_word(json_string_value(json_object_get(j, "error")), word);
  if (a->status != 200)
    rc = PRAC_FAIL(reterr, PRAC_AGAIN, "the provider gives no token for the code: %d, %s",
                   a->status, word);
  else if (!s)
    rc = PRAC_FAIL(reterr, PRAC_AGAIN, "the provider's answer to the code holds no id_token");
  else if (!(*ret = strdup(s)))
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a token");
  json_decref(j);
  return rc;
}

static void wipe_free(char *s, size_t n)
{
  if (s) explicit_bzero(s, n);
  free(s);
}

/* RFC 6749, 2.3.1: name and secret are encoded as in a form before they are put together. */
static prac_rc exchange(struct oidc *o, const struct oidc_trip *t, const char *code, char **ret,
                        struct prac_err *reterr)
{
  const struct oidc_conf *c = o->env.conf;
  char form[FORM], user[4 * OIDC_CLAIM], secret[4 * OIDC_CLAIM];
  struct oidc_text f = {.v = form, .cap = sizeof form}, u = {.v = user, .cap = sizeof user},
                   s = {.v = secret, .cap = sizeof secret};
  bool basic = *o->env.secret && !o->doc.post;
  struct oidc_said a = {0};
  oidc_text_param(&f, "grant_type", "authorization_code");
  oidc_text_param(&f, "code", code);
  redirect_uri(o, &f);
  oidc_text_param(&f, "code_verifier", t->verifier);
  if (!basic) oidc_text_param(&f, "client_id", c->client_id);
  if (!basic && *o->env.secret) oidc_text_param(&f, "client_secret", o->env.secret);
  oidc_text_put(&u, "");
  oidc_text_put(&s, "");
  oidc_text_escape(&u, c->client_id);
  oidc_text_escape(&s, o->env.secret);
  struct oidc_ask q = {.url = o->doc.token,
                       .form = form,
                       .max = OIDC_ANSWER,
                       .user = basic ? user : NULL,
                       .secret = basic ? secret : NULL};
  prac_rc rc = f.bad || u.bad || s.bad
                   ? PRAC_FAIL(reterr, PRAC_RANGE, "the code or the client's secret is too long")
                   : o->env.fetch(o->env.fetch_arg, &q, &a, reterr);
  if (rc == PRAC_OK) rc = token_of(&a, ret, reterr);
  explicit_bzero(form, sizeof form);
  explicit_bzero(secret, sizeof secret);
  wipe_free(a.body, a.len);
  return rc;
}

/* A key that is not there: the provider may have a new one. */
static prac_rc check(struct oidc *o, const char *token, const struct oidc_trip *t, json_t **ret,
                     struct prac_err *reterr)
{
  struct oidc_expect e = {.issuer = o->env.conf->issuer,
                          .client_id = o->env.conf->client_id,
                          .nonce = t->nonce,
                          .now = prac_now(o->env.wall)};
  PRAC_TRY(know_keys(o, OIDC_FRESH, reterr));
  prac_rc rc = oidc_token_check(token, o->keys, &e, ret, reterr);
  if (rc != PRAC_UNKNOWN || !older(o->keys_at, e.now, OIDC_KEYS_EVERY)) return rc;
  PRAC_TRY(ask_keys(o, reterr));
  return oidc_token_check(token, o->keys, &e, ret, reterr);
}

/* Is this an answer of our provider, with a code? */
static prac_rc answer_ok(struct oidc *o, const struct oidc_back *b, enum oidc_why *ret_why,
                         struct prac_err *reterr)
{
  char word[ERROR_WORD];
  *ret_why = OIDC_WHY_PROVIDER;
  PRAC_TRY(know_document(o, reterr));
  if (b->iss ? strcmp(b->iss, o->env.conf->issuer) != 0 : o->doc.says_iss)
    return PRAC_FAIL(reterr, PRAC_DENIED, "the answer is not of our provider (iss)");
  if (b->error) {
    error_word(b->error, word);
    if (strcmp(word, "access_denied") == 0) *ret_why = OIDC_WHY_DENIED;
    return PRAC_FAIL(reterr, PRAC_DENIED, "the provider says %s", word);
  }
  if (!b->code || !*b->code || strlen(b->code) > CODE_MAX)
    return PRAC_FAIL(reterr, PRAC_DENIED, "the answer has no code");
  return PRAC_OK;
}

static prac_rc person(struct oidc *o, const struct oidc_back *b, const struct oidc_trip *t,
                      struct prac_arena *arena, struct oidc_outcome *ret, struct prac_err *reterr)
{
  char *token = NULL;
  json_t *claims = NULL;
  PRAC_TRY(answer_ok(o, b, &ret->why, reterr));
  PRAC_TRY(exchange(o, t, b->code, &token, reterr));
  prac_rc rc = check(o, token, t, &claims, reterr);
  if (rc == PRAC_DENIED || rc == PRAC_UNKNOWN) ret->why = OIDC_WHY_TOKEN;
  if (rc == PRAC_OK) rc = oidc_claims_read(claims, &o->env, arena, &ret->person, &ret->why, reterr);
  json_decref(claims);
  wipe_free(token, strlen(token));
  return rc;
}

prac_rc oidc_finish(struct oidc *o, const struct oidc_back *b, struct prac_arena *arena,
                    struct oidc_outcome *ret, struct prac_err *reterr)
{
  struct oidc_trip t;
  *ret = (struct oidc_outcome){.to = "/", .why = OIDC_WHY_EXPIRED};
  if (!b->cookie || !b->state ||
      oidc_waiting_take(o->waiting, b->cookie, b->state, prac_now(o->env.wall), &t) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_DENIED, "nobody set out with this state and cookie");
  memcpy(ret->to, t.to, sizeof ret->to);
  prac_rc rc = person(o, b, &t, arena, ret, reterr);
  if (rc == PRAC_OK) ret->why = OIDC_WHY_OK;
  explicit_bzero(&t, sizeof t);
  return rc;
}

prac_rc oidc_end(struct oidc *o, struct oidc_way *ret, struct prac_err *reterr)
{
  struct oidc_text u = {.v = ret->url, .cap = sizeof ret->url};
  ret->cookie[0] = '\0';
  PRAC_TRY(know_document(o, reterr));
  if (!o->doc.end[0])
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "the provider has no place to sign out");
  oidc_text_put(&u, o->doc.end);
  oidc_text_put(&u, strchr(o->doc.end, '?') ? "&" : "?");
  oidc_text_param(&u, "client_id", o->env.conf->client_id);
  oidc_text_put(&u, "&post_logout_redirect_uri=");
  oidc_text_escape(&u, o->env.conf->public_url);
  oidc_text_escape(&u, "/sign-in");
  return u.bad ? PRAC_FAIL(reterr, PRAC_RANGE, "the way to sign out is too long") : PRAC_OK;
}
