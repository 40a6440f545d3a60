/* Signing in by OpenID Connect: tokens that openssl signed (tests/golden/oidc) and those of RFC
 * 7515; documents and keys; who is on the way; and a provider made of functions on a made clock. */
#include "lib/t.h"

#include <cjose/cjose.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

#define ISSUER "https://id.example/realm"
#define T0 (INT64_C(1767225600) * PRAC_SEC) /* 2026-01-01T00:00:00Z */
#define DOCUMENT(more)                                                                             \
  "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://id.example/a?x=1\","            \
  "\"token_endpoint\":\"https://id.example/t\",\"jwks_uri\":\"https://id.example/k\"" more "}"

/* ---- texts ---- */

static void test_texts(void **state)
{
  char buf[64], small[8];
  struct oidc_text t = {.v = buf, .cap = sizeof buf}, s = {.v = small, .cap = sizeof small};
  (void)state;
  oidc_text_put(&t, "https://x/?");
  oidc_text_param(&t, "a", "1 &=\xe9");
  oidc_text_param(&t, "b", "-._~");
  assert_string_equal(buf, "https://x/?a=1%20%26%3D%E9&b=-._~");
  oidc_text_escape(&s, "%%%");
  assert_true(s.bad);
  assert_true(s.n < s.cap);
  oidc_base64url((const uint8_t *)"\xff\xef\xbe\x01", 4, buf);
  assert_string_equal(buf, "_---AQ");
}

static void test_addresses(void **state)
{
  static const struct {
    const char *url;
    bool plain, ok;
  } rows[] = {
      {"https://id.example/realm", false, true},
      {"https://id.example", false, true},
      {"https://", false, false},
      {"https:///x", false, false},
      {"http://id.example/", true, false},
      {"http://127.0.0.1:1/x", false, false},
      {"http://127.0.0.1:1/x", true, true},
      {"http://[::1]:1/x", true, true},
      {"http://localhost/x", true, true},
      {"http://localhost.evil.example/", true, false},
      {"http://127.0.0.1@evil.example/", true, false},
      {"https://a@b/", false, false},
      {"https://x/#y", false, false},
      {"https://x/ y", false, false},
      {"https://x/\xc3\xbc", false, false},
      {"ftp://x/", true, false},
      {"javascript:alert(1)", true, false},
      {"", true, false},
  };
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++)
    if (oidc_url_ok(rows[i].url, rows[i].plain) != rows[i].ok) fail_msg("%s", rows[i].url);
}

/* ---- tokens ---- */

static char *slurp(const char *name, size_t *n)
{
  char path[1024];
  (void)snprintf(path, sizeof path, "%s/tests/golden/oidc/%s", getenv("PRACTICE_SOURCE"), name);
  FILE *f = fopen(path, "rb");
  char *text = calloc(1, 1 << 20);
  assert_non_null(f);
  assert_non_null(text);
  *n = fread(text, 1, (1 << 20) - 1, f);
  (void)fclose(f);
  return text;
}

static struct oidc_keys *keys_of(const char *name)
{
  size_t n;
  struct oidc_keys *k = NULL;
  char *text = slurp(name, &n);
  assert_int_equal(oidc_keys_read(text, n, &k, NULL), PRAC_OK);
  free(text);
  return k;
}

static const struct oidc_expect expect = {
    .issuer = ISSUER, .client_id = "practice", .nonce = "n-1", .now = T0};

static void test_golden(void **state)
{
  size_t n, lines = 0;
  struct oidc_keys *keys = keys_of("keys.json");
  char *text = slurp("tokens.txt", &n), *save = NULL;
  (void)state;
  assert_int_equal(oidc_keys_count(keys), 6); /* neither the weak one, nor the secret, nor "enc" */
  for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save), lines++) {
    char wanted[16], name[64];
    int at = 0;
    json_t *claims = NULL;
    struct prac_err err = {0};
    assert_int_equal(sscanf(l, "%15s %63s %n", wanted, name, &at), 2);
    prac_rc rc = oidc_token_check(l + at, keys, &expect, &claims, &err);
    prac_rc is = wanted[0] == 'o' ? PRAC_OK : wanted[0] == 'u' ? PRAC_UNKNOWN : PRAC_DENIED;
    if (rc != is) fail_msg("%s: %s, wanted %s: %s", name, prac_rc_text(rc), wanted, err.text);
    assert_true((claims != NULL) == (rc == PRAC_OK));
    json_decref(claims);
  }
  assert_int_equal(lines, 62);
  free(text);
  oidc_keys_free(&keys);
}

/* What libcjose would end the process for, or read in ways of its own, does not reach it. */
static void test_no_base64url(void **state)
{
  static const char *const tokens[] = {"",
                                       ".",
                                       "..",
                                       "...",
                                       "eyJh.eyJh.",
                                       "eyJh.eyJhb.eyJh",
                                       "eyJhb.eyJh.eyJh",
                                       "eyJh.eyJh.eyJhb",
                                       "eyJh.eyJh.eyJ=",
                                       "eyJh.ey+h.eyJh",
                                       "eyJh.eyJh.eyJh.eyJh",
                                       "eyJh.eyJh"};
  struct oidc_keys *keys = keys_of("one.json"), *none = NULL;
  json_t *claims = NULL;
  const char *odd = "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"abcde\",\"e\":\"AQAB\"},"
                    "{\"kty\":\"RSA\",\"n\":\"AQ==\",\"e\":\"AQAB\"},{\"kty\":\"EC\",\"crv\":"
                    "\"P-256\",\"x\":\"a\",\"y\":\"b\"},{\"kty\":\"RSA\"},7,null]}";
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(tokens); i++)
    if (oidc_token_check(tokens[i], keys, &expect, &claims, NULL) != PRAC_DENIED)
      fail_msg("%s", tokens[i]);
  assert_int_equal(oidc_keys_read(odd, strlen(odd), &none, NULL), PRAC_OK);
  assert_int_equal(oidc_keys_count(none), 0);
  oidc_keys_free(&none);
  oidc_keys_free(&keys);
}

/* Where there is one key, a token need not say which; where it does, it must be right. */
static void test_one_key(void **state)
{
  size_t n;
  struct oidc_keys *keys = keys_of("one.json");
  char *text = slurp("tokens.txt", &n), *save = NULL;
  (void)state;
  for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
    json_t *claims = NULL;
    bool no_kid = strncmp(l, "unknown no-kid-two-keys ", 24) == 0,
         second = strncmp(l, "ok second-key ", 14) == 0;
    if (!no_kid && !second) continue;
    prac_rc rc = oidc_token_check(strrchr(l, ' ') + 1, keys, &expect, &claims, NULL);
    assert_int_equal(rc, no_kid ? PRAC_OK : PRAC_UNKNOWN);
    json_decref(claims);
  }
  free(text);
  oidc_keys_free(&keys);
}

/* A signature of others' making: what then is wrong is the claims, not the signature. */
static void check_rfc(const char *jwk, const char *token)
{
  char keys_text[2048], broken[2048];
  struct oidc_keys *keys = NULL;
  json_t *claims = NULL;
  struct prac_err err = {0};
  struct oidc_expect e = expect;
  e.issuer = "joe";
  (void)snprintf(keys_text, sizeof keys_text, "{\"keys\":[%s]}", jwk);
  assert_int_equal(oidc_keys_read(keys_text, strlen(keys_text), &keys, NULL), PRAC_OK);
  assert_int_equal(oidc_keys_count(keys), 1);
  assert_int_equal(oidc_token_check(token, keys, &e, &claims, &err), PRAC_DENIED);
  assert_non_null(strstr(err.text, "another client"));
  (void)snprintf(broken, sizeof broken, "%s", token);
  char *sig = strrchr(broken, '.') + 5;
  *sig = *sig == 'A' ? 'B' : 'A';
  assert_int_equal(oidc_token_check(broken, keys, &e, &claims, &err), PRAC_DENIED);
  assert_non_null(strstr(err.text, "wrong signature"));
  oidc_keys_free(&keys);
}

static void test_rfc7515(void **state)
{
  (void)state;
  check_rfc(
      "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
      "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
      "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
      "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9g"
      "b54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
      "LmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh"
      "7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyW"
      "zO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZE"
      "Sc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGl"
      "UPQGe77Rw");
  check_rfc(
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
      "LmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlS"
      "ApmWQxfKTUJqPP3-Kg6NU1Q");
}

/* ---- documents and keys ---- */

static void test_documents(void **state)
{
  static const struct {
    const char *text;
    prac_rc rc;
  } rows[] = {
      {DOCUMENT(""), PRAC_OK},
      {DOCUMENT(",\"code_challenge_methods_supported\":[\"plain\",\"S256\"]"), PRAC_OK},
      {DOCUMENT(",\"code_challenge_methods_supported\":[\"plain\"]"), PRAC_UNSUPPORTED},
      {DOCUMENT(",\"issuer\":\"" ISSUER "\""), PRAC_MALFORMED},
      {"{\"issuer\":\"https://id.example/realm/\"}", PRAC_DENIED},
      {"{\"issuer\":7}", PRAC_DENIED},
      {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"http://id.example/a\"}",
       PRAC_MALFORMED},
      {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":[]}", PRAC_MALFORMED},
      {"[]", PRAC_MALFORMED},
      {"", PRAC_MALFORMED},
      {"{}x", PRAC_MALFORMED},
  };
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct oidc_document d = {0};
    prac_rc rc = oidc_document_read(rows[i].text, strlen(rows[i].text), ISSUER, false, &d, NULL);
    if (rc != rows[i].rc) fail_msg("%s: %s", rows[i].text, prac_rc_text(rc));
  }
  struct oidc_document d = {0};
  const char *post = DOCUMENT(",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
                              "\"end_session_endpoint\":\"javascript:x\"");
  assert_int_equal(oidc_document_read(post, strlen(post), ISSUER, false, &d, NULL), PRAC_OK);
  assert_true(d.post);
  assert_string_equal(d.end, "");
}

static void test_keys_bounded(void **state)
{
  char *text = malloc(1 << 20);
  struct oidc_keys *keys = NULL;
  size_t n = (size_t)snprintf(text, 64, "{\"keys\":[");
  (void)state;
  for (int i = 0; i < 100; i++)
    n += (size_t)snprintf(text + n, 512,
                          "%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%d\",\"x\":"
                          "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_"
                          "tue659LNpXW6pCyStikYjKIWI5a0\"}",
                          i ? "," : "", i);
  n += (size_t)snprintf(text + n, 512, "]}");
  assert_int_equal(oidc_keys_read(text, n, &keys, NULL), PRAC_OK);
  assert_int_equal(oidc_keys_count(keys), OIDC_KEYS);
  assert_non_null(oidc_keys_find(keys, "ES256", "63"));
  assert_null(oidc_keys_find(keys, "ES256", "64"));
  assert_null(oidc_keys_find(keys, "RS256", "63"));
  oidc_keys_free(&keys);
  memset(text, ' ', 300 << 10);
  memcpy(text, "{\"keys\":[]}", 11);
  assert_int_equal(oidc_keys_read(text, 300 << 10, &keys, NULL), PRAC_MALFORMED);
  free(text);
}

/* ---- claims ---- */

static const struct oidc_rule rules[] = {
    {"groups", "/admins", "jp", "admin"},
    {"realm_access.roles", "ops", "", "operator"},
    {"https://x.example/roles", "web", "web", ""},
    {"dept", "7", "never", ""},
};

static prac_rc read_claims(struct oidc_conf *c, size_t n_rules, const char *text,
                           struct prac_arena *a, struct oidc_person *p, enum oidc_why *why)
{
  struct oidc_env env = {.conf = c, .rules = rules, .n_rules = n_rules};
  json_t *claims = oidc_object(text, strlen(text));
  assert_non_null(claims);
  prac_rc rc = oidc_claims_read(claims, &env, a, p, why, NULL);
  json_decref(claims);
  return rc;
}

static void test_claims(void **state)
{
  struct oidc_conf c = {0};
  struct oidc_person p = {0};
  enum oidc_why why;
  struct prac_arena *a = prac_arena_new(1024);
  (void)state;
  prac_conf_defaults(&oidc_conf_section, &c);
  c.issuer = ISSUER;
  assert_int_equal(
      read_claims(&c, 0, "{\"sub\":\"1\",\"preferred_username\":\"Mika.X\",\"name\":\"M\\u00fc\"}",
                  a, &p, &why),
      PRAC_OK);
  assert_string_equal(p.user, "mika.x");
  assert_string_equal(p.name, "M\xc3\xbc");
  assert_false(p.ruled);
  assert_int_equal(read_claims(&c, 0,
                               "{\"sub\":\"1\",\"preferred_username\":\"m\",\"name\":\"a\\nb\"}", a,
                               &p, &why),
                   PRAC_OK);
  assert_string_equal(p.name, "m");
  assert_int_equal(read_claims(&c, 0, "{\"sub\":\"1\"}", a, &p, &why), PRAC_DENIED);
  assert_int_equal(why, OIDC_WHY_CLAIMS);
  static const struct {
    const char *claim, *org, *role; /* org NULL: no rule */
  } rows[] = {
      {"\"groups\":[\"/x\",\"/admins\"]", "jp", "admin"},
      {"\"groups\":\"/admins\"", "jp", "admin"},
      {"\"groups\":[[\"/admins\"]]", NULL, NULL},
      {"\"groups\":{\"/admins\":true}", NULL, NULL},
      {"\"groups\":[\"/admins2\"]", NULL, NULL},
      {"\"realm_access\":{\"roles\":[\"ops\"]}", "", "operator"},
      {"\"realm_access\":[\"ops\"]", NULL, NULL},
      {"\"realm_access.roles\":\"ops\"", "", "operator"},
      {"\"https://x.example/roles\":[\"web\"]", "web", ""},
      {"\"dept\":7", NULL, NULL},
      {"\"x\":1", NULL, NULL},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    char text[256];
    (void)snprintf(text, sizeof text, "{\"sub\":\"1\",\"preferred_username\":\"m\",%s}",
                   rows[i].claim);
    prac_rc rc = read_claims(&c, PRAC_ARRAY_LEN(rules), text, a, &p, &why);
    if (rc != (rows[i].org ? PRAC_OK : PRAC_DENIED)) fail_msg("%s", text);
    if (rc != PRAC_OK) assert_int_equal(why, OIDC_WHY_RIGHTS);
    if (rc != PRAC_OK) continue;
    assert_string_equal(p.org, rows[i].org);
    assert_string_equal(p.role, rows[i].role);
  }
  prac_arena_free(&a);
}

/* ---- people on the way ---- */

static struct oidc_trip trip(unsigned i, const char *from, prac_time at)
{
  struct oidc_trip t = {.began = at};
  (void)snprintf(t.cookie, sizeof t.cookie, "c%u", i);
  (void)snprintf(t.state, sizeof t.state, "s%u", i);
  (void)snprintf(t.from, sizeof t.from, "%s", from);
  return t;
}

static bool takes(struct oidc_waiting *w, unsigned i, prac_time at)
{
  char cookie[16], state[16];
  struct oidc_trip t;
  (void)snprintf(cookie, sizeof cookie, "c%u", i);
  (void)snprintf(state, sizeof state, "s%u", i);
  return oidc_waiting_take(w, cookie, state, at, &t) == PRAC_OK;
}

static void add(struct oidc_waiting *w, unsigned i, const char *from, prac_time at)
{
  struct oidc_trip t = trip(i, from, at);
  assert_int_equal(oidc_waiting_add(w, &t, NULL), PRAC_OK);
}

static void test_waiting(void **state)
{
  struct oidc_waiting *w = oidc_waiting_new();
  struct oidc_trip t;
  (void)state;
  add(w, 1, "a", T0);
  add(w, 2, "b", T0 + PRAC_SEC);
  assert_int_equal(oidc_waiting_take(w, "c1", "s2", T0, &t), PRAC_UNKNOWN);
  assert_int_equal(oidc_waiting_take(w, "", "", T0, &t), PRAC_UNKNOWN);
  assert_true(takes(w, 1, T0 + OIDC_WAY - 1));
  assert_false(takes(w, 1, T0 + OIDC_WAY - 1)); /* once */
  assert_false(takes(w, 2, T0 + PRAC_SEC + OIDC_WAY));
  /* A stranger with many ways loses their own. */
  add(w, 3, "b", T0);
  for (unsigned i = 0; i < 2 * OIDC_WAITING_ADDRESS; i++) add(w, 100 + i, "a", T0);
  assert_true(takes(w, 3, T0));
  assert_false(takes(w, 100, T0));
  assert_true(takes(w, 100 + 2 * OIDC_WAITING_ADDRESS - 1, T0));
  /* Many strangers: the oldest of all goes. */
  for (unsigned i = 0; i < OIDC_WAITING; i++) {
    char from[16];
    (void)snprintf(from, sizeof from, "x%u", i);
    add(w, 1000 + i, from, T0);
  }
  assert_false(takes(w, 100 + OIDC_WAITING_ADDRESS, T0));
  assert_true(takes(w, 1000, T0));
  assert_true(takes(w, 1000 + OIDC_WAITING - 1, T0));
  /* A clock that was set back: none is trusted. */
  assert_false(takes(w, 1001, T0 - PRAC_SEC));
  oidc_waiting_free(&w);
}

/* ---- a provider made of functions ---- */

struct lab {
  struct prac_clock clock;
  struct oidc_conf conf;
  struct oidc_env env;
  struct oidc *o;
  struct prac_arena *arena;
  cjose_jwk_t *key;
  char kid[16], nonce[64], verifier[64], document[1024];
  unsigned documents, keys, codes;
  int keys_status;
  bool post; /* the last code came with the secret in the form */
};

static char *text_of(const char *s)
{
  char *copy = strdup(s);
  assert_non_null(copy);
  return copy;
}

static char *sign(struct lab *l)
{
  char text[512];
  const char *out;
  cjose_err e;
  cjose_header_t *head = cjose_header_new(&e);
  (void)snprintf(text, sizeof text,
                 "{\"iss\":\"" ISSUER "\",\"sub\":\"u-1\",\"aud\":\"practice\",\"iat\":%lld,"
                 "\"exp\":%lld,\"nonce\":\"%s\",\"preferred_username\":\"mika\"}",
                 (long long)(l->clock.at / PRAC_SEC), (long long)(l->clock.at / PRAC_SEC + 60),
                 l->nonce);
  assert_true(cjose_header_set(head, CJOSE_HDR_ALG, "ES256", &e));
  assert_true(cjose_header_set(head, CJOSE_HDR_KID, l->kid, &e));
  cjose_jws_t *j = cjose_jws_sign(l->key, head, (const uint8_t *)text, strlen(text), &e);
  assert_non_null(j);
  assert_true(cjose_jws_export(j, &out, &e));
  char *copy = text_of(out);
  cjose_jws_release(j);
  cjose_header_release(head);
  return copy;
}

static prac_rc say_keys(struct lab *l, struct oidc_said *ret)
{
  cjose_err e;
  char *jwk = cjose_jwk_to_json(l->key, false, &e), *out = calloc(1, 1024);
  (void)snprintf(out, 1024, "{\"keys\":[%s]}", jwk);
  free(jwk);
  l->keys++;
  *ret = (struct oidc_said){.status = l->keys_status, .body = out, .len = strlen(out)};
  return PRAC_OK;
}

static prac_rc say_token(struct lab *l, const struct oidc_ask *q, struct oidc_said *ret)
{
  char *token = sign(l), *out = calloc(1, 4096);
  const char *v = strstr(q->form, "code_verifier=");
  assert_non_null(v);
  (void)sscanf(v, "code_verifier=%43s", l->verifier);
  l->post = strstr(q->form, "client_secret=s%25%20%2F") != NULL;
  assert_true(l->post == !q->user);
  if (q->user) assert_string_equal(q->user, "practice");
  if (q->user) assert_string_equal(q->secret, "s%25%20%2F");
  assert_non_null(strstr(q->form, "grant_type=authorization_code&code=c%20d&redirect_uri="
                                  "https%3A%2F%2Fp.example%2Fapi%2Fv1%2Foidc%2Fcallback&"));
  (void)snprintf(out, 4096, "{\"id_token\":\"%s\"}", token);
  free(token);
  l->codes++;
  *ret = (struct oidc_said){.status = 200, .body = out, .len = strlen(out)};
  return PRAC_OK;
}

static prac_rc fetch(void *arg, const struct oidc_ask *q, struct oidc_said *ret,
                     struct prac_err *reterr)
{
  struct lab *l = arg;
  (void)reterr;
  if (strcmp(q->url, "https://id.example/k") == 0) return say_keys(l, ret);
  if (strcmp(q->url, "https://id.example/t") == 0) return say_token(l, q, ret);
  assert_string_equal(q->url, ISSUER "/.well-known/openid-configuration");
  assert_null(q->form);
  l->documents++;
  *ret =
      (struct oidc_said){.status = 200, .body = text_of(l->document), .len = strlen(l->document)};
  return PRAC_OK;
}

static void new_key(struct lab *l, const char *kid)
{
  cjose_err e;
  if (l->key) (void)cjose_jwk_release(l->key);
  l->key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &e);
  assert_non_null(l->key);
  (void)snprintf(l->kid, sizeof l->kid, "%s", kid);
  assert_true(cjose_jwk_set_kid(l->key, kid, strlen(kid), &e));
}

static void set_up(struct lab *l)
{
  static const char *const scopes[] = {"openid", "profile"};
  *l = (struct lab){.clock = prac_clock_virtual(T0), .keys_status = 200};
  prac_conf_defaults(&oidc_conf_section, &l->conf);
  l->conf.issuer = ISSUER;
  l->conf.client_id = "practice";
  l->conf.public_url = "https://p.example";
  l->conf.scopes = (struct prac_conf_strings){scopes, 2};
  (void)snprintf(l->document, sizeof l->document, "%s",
                 DOCUMENT(",\"end_session_endpoint\":\"https://id.example/e\""));
  l->env = (struct oidc_env){
      .conf = &l->conf, .secret = "s% /", .wall = &l->clock, .fetch = fetch, .fetch_arg = l};
  l->arena = prac_arena_new(1024);
  new_key(l, "k1");
  assert_int_equal(oidc_open(&l->env, &l->o, NULL), PRAC_OK);
}

static void tear_down(struct lab *l)
{
  oidc_close(&l->o);
  prac_arena_free(&l->arena);
  (void)cjose_jwk_release(l->key);
}

static void param(const char *url, const char *name, char to[64])
{
  char key[32];
  (void)snprintf(key, sizeof key, "&%s=", name);
  const char *s = strstr(url, key);
  assert_non_null(s);
  s += strlen(key);
  (void)snprintf(to, 64, "%.*s", (int)strcspn(s, "&"), s);
}

/* There and back. */
static prac_rc around(struct lab *l, enum oidc_why *why, struct oidc_person *p)
{
  struct oidc_way w;
  struct prac_err err = {0};
  char state[64], challenge[64], hash[64];
  uint8_t md[EVP_MAX_MD_SIZE];
  if (oidc_start(l->o, "/ports", "192.0.2.1", &w, &err) != PRAC_OK) fail_msg("%s", err.text);
  param(w.url, "state", state);
  param(w.url, "nonce", l->nonce);
  param(w.url, "code_challenge", challenge);
  struct oidc_back b = {.state = state, .code = "c d", .cookie = w.cookie};
  unsigned codes = l->codes;
  struct oidc_outcome out;
  prac_rc rc = oidc_finish(l->o, &b, l->arena, &out, NULL);
  *p = out.person;
  *why = out.why;
  assert_string_equal(out.to, "/ports");
  if (l->codes > codes) {
    assert_int_equal(EVP_Digest(l->verifier, strlen(l->verifier), md, NULL, EVP_sha256(), NULL), 1);
    oidc_base64url(md, 32, hash);
    assert_string_equal(challenge, hash); /* RFC 7636, 4.6 */
  }
  return rc;
}

static void test_around(void **state)
{
  struct lab l;
  struct oidc_person p;
  struct oidc_way w;
  enum oidc_why why;
  (void)state;
  set_up(&l);
  assert_int_equal(oidc_start(l.o, "/", "a", &w, NULL), PRAC_OK);
  assert_int_equal(strncmp(w.url,
                           "https://id.example/"
                           "a?x=1&response_type=code&client_id=practice&redirect_uri=https%3A%2F%"
                           "2Fp.example%2Fapi%2Fv1%2Foidc%2Fcallback&scope=openid%20profile&state=",
                           157),
                   0);
  assert_int_equal(around(&l, &why, &p), PRAC_OK);
  assert_string_equal(p.subject, "u-1");
  assert_string_equal(p.user, "mika");
  assert_int_equal(oidc_end(l.o, &w, NULL), PRAC_OK);
  assert_string_equal(
      w.url, "https://id.example/"
             "e?client_id=practice&post_logout_redirect_uri=https%3A%2F%2Fp.example%2Fsign-in");
  assert_int_equal(l.documents, 1); /* for an hour */
  assert_false(l.post);
  prac_clock_set(&l.clock, T0 + OIDC_FRESH);
  (void)snprintf(l.document, sizeof l.document, "%s",
                 DOCUMENT(",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]"));
  assert_int_equal(around(&l, &why, &p), PRAC_OK);
  assert_int_equal(l.documents, 2);
  assert_int_equal(l.keys, 2);
  assert_true(l.post);
  assert_int_equal(oidc_end(l.o, &w, NULL), PRAC_UNSUPPORTED);
  tear_down(&l);
}

static void test_new_keys(void **state)
{
  struct lab l;
  struct oidc_person p;
  enum oidc_why why;
  (void)state;
  set_up(&l);
  assert_int_equal(around(&l, &why, &p), PRAC_OK);
  new_key(&l, "k2"); /* too soon after the last look: a stranger's token makes no traffic */
  prac_clock_set(&l.clock, T0 + OIDC_KEYS_EVERY - 1);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(around(&l, &why, &p), PRAC_UNKNOWN);
    assert_int_equal(why, OIDC_WHY_TOKEN);
  }
  assert_int_equal(l.keys, 1);
  prac_clock_set(&l.clock, T0 + OIDC_KEYS_EVERY);
  assert_int_equal(around(&l, &why, &p), PRAC_OK);
  assert_int_equal(l.keys, 2);
  (void)snprintf(l.kid, sizeof l.kid, "zz");
  prac_clock_set(&l.clock, T0 + 2 * OIDC_KEYS_EVERY);
  assert_int_equal(around(&l, &why, &p), PRAC_UNKNOWN);
  assert_int_equal(around(&l, &why, &p), PRAC_UNKNOWN);
  assert_int_equal(l.keys, 3);
  /* Keys that are not to be had: not asked for at once again, and not lost for it. */
  l.keys_status = 500;
  prac_clock_set(&l.clock, T0 + 3 * OIDC_KEYS_EVERY);
  assert_int_equal(around(&l, &why, &p), PRAC_AGAIN);
  assert_int_equal(why, OIDC_WHY_PROVIDER);
  (void)snprintf(l.kid, sizeof l.kid, "k2");
  assert_int_equal(around(&l, &why, &p), PRAC_OK);
  assert_int_equal(l.keys, 4);
  tear_down(&l);
}

static void test_settings(void **state)
{
  struct lab l;
  struct prac_err err = {0};
  struct oidc_rule r = {"groups", "x", "", ""};
  (void)state;
  set_up(&l);
  assert_int_equal(oidc_conf_check(&l.conf, NULL, 0, &err), PRAC_OK);
  assert_int_equal(oidc_conf_check(&l.conf, &r, 1, &err), PRAC_MALFORMED);
  assert_non_null(strstr(err.text, "portal.oidc.rules"));
  static const char *const bad[] = {"http://id.example", "https://id.example/?x", "id.example", ""};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct oidc_conf c = l.conf;
    c.issuer = bad[i];
    assert_int_equal(oidc_conf_check(&c, NULL, 0, NULL), PRAC_MALFORMED);
    c = l.conf;
    c.public_url = bad[i];
    assert_int_equal(oidc_conf_check(&c, NULL, 0, NULL), PRAC_MALFORMED);
  }
  struct oidc_conf c = l.conf;
  c.public_url = "https://p.example/";
  assert_int_equal(oidc_conf_check(&c, NULL, 0, NULL), PRAC_MALFORMED);
  c = l.conf;
  c.scopes.n = 0;
  assert_int_equal(oidc_conf_check(&c, NULL, 0, NULL), PRAC_MALFORMED);
  c = l.conf;
  c.client_id = "";
  assert_int_equal(oidc_conf_check(&c, NULL, 0, NULL), PRAC_MALFORMED);
  tear_down(&l);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_texts),        cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_golden),       cmocka_unit_test(test_one_key),
      cmocka_unit_test(test_no_base64url), cmocka_unit_test(test_rfc7515),
      cmocka_unit_test(test_documents),    cmocka_unit_test(test_keys_bounded),
      cmocka_unit_test(test_claims),       cmocka_unit_test(test_waiting),
      cmocka_unit_test(test_around),       cmocka_unit_test(test_new_keys),
      cmocka_unit_test(test_settings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
