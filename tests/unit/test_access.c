/* Accounts: time codes by RFC 6238, the life of a session on a made clock, pauses, keys, rights,
 * and an audit that shows whoever edits it. */
#include "lib/t.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/impl.h"
#include "lib/accounts.h"

#define T0 (INT64_C(1375833600) * PRAC_SEC) /* 2013-08-07T00:00:00Z */
#define PASSWORD "correct horse battery"
#define IDLE (30 * PRAC_MIN)
#define LIFE (12 * PRAC_HOUR)

struct lab {
  char dir[ACCOUNTS_PATH], path[ACCOUNTS_PATH];
  struct access *a;
  struct prac_arena *arena;
  prac_time now;
};

static void put_org(struct lab *l, const char *name, const char *scope, const char *clearance)
{
  struct prac_err err = {0};
  struct access_org o = {.name = name, .scope = scope, .clearance = clearance};
  if (access_org_put(l->a, "test", &o, &err) != PRAC_OK) fail_msg("%s", err.text);
}
static void put_user(struct lab *l, const char *user, const char *role)
{
  struct prac_err err = {0};
  struct access_user u = {.user = user, .org = "jp", .role = role, .disabled = -1};
  if (access_user_put(l->a, "test", &u, PASSWORD, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static void at(struct lab *l, int64_t ns)
{
  l->a->wall.at = l->now = ns;
}
static void forward(struct lab *l, int64_t ns)
{
  at(l, l->now + ns);
}

static void open_lab(struct lab *l)
{
  struct prac_clock wall = prac_clock_virtual(T0);
  l->a = accounts_begin(l->dir, l->path, &(struct access_conf){.idle_ns = IDLE, .life_ns = LIFE},
                        &wall);
  l->now = T0;
  l->arena = prac_arena_new(4096);
  put_org(l, "jp", "JP AS64500", "TLP:AMBER");
  put_user(l, "mika", "analyst");
}

static void close_lab(struct lab *l)
{
  prac_arena_free(&l->arena);
  assert_int_equal(accounts_end(l->dir, &l->a), 0);
}

static prac_rc sign(struct lab *l, const char *user, const char *password, const char *code,
                    const char *from, char token[ACCESS_TOKEN_TEXT])
{
  struct prac_ip ip;
  int wait = 0;
  assert_int_equal(prac_ip_parse(from, strlen(from), &ip), PRAC_OK);
  struct access_signing s = {.user = user, .password = password, .code = code, .from = &ip};
  return access_sign_in(l->a, &s, token, &wait, NULL);
}
static prac_rc who(struct lab *l, const char *token, struct access_who *w)
{
  prac_arena_reset(l->arena);
  return access_who_is(l->a, token, l->arena, w, NULL);
}

/* Other processes see a row as SQLite does. */
static void raw(struct lab *l, const char *sql)
{
  sqlite3 *db;
  assert_int_equal(sqlite3_open(l->path, &db), SQLITE_OK);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(db));
  (void)sqlite3_close(db);
}

/* ---- time codes ---- */

static void test_totp_vectors(void **state)
{
  static const struct {
    uint64_t at;
    uint32_t code;
  } rfc[] = {{59, 94287082},         {1111111109, 7081804},  {1111111111, 14050471},
             {1234567890, 89005924}, {2000000000, 69279037}, {20000000000, 65353130}};
  const uint8_t secret[] = "12345678901234567890";
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rfc); i++)
    assert_int_equal(access_totp_at(secret, 20, rfc[i].at / 30, 100000000), rfc[i].code);
  /* RFC 4226, appendix D: the same by a counter, six digits */
  static const uint32_t hotp[] = {755224, 287082, 359152, 969429, 338314,
                                  254676, 287922, 162583, 399871, 520489};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(hotp); i++)
    assert_int_equal(access_totp_at(secret, 20, i, 1000000), hotp[i]);
}

static void test_totp_window(void **state)
{
  const uint8_t secret[] = "12345678901234567890";
  prac_time now = 59 * PRAC_SEC; /* step 1 */
  (void)state;
  assert_int_equal(access_totp_fits(secret, "755224", now, 0),
                   0); /* step 0 can not be told from none */
  assert_int_equal(access_totp_fits(secret, "287082", now, 0), 1);
  assert_int_equal(access_totp_fits(secret, "359152", now, 0), 2);
  assert_int_equal(access_totp_fits(secret, "969429", now, 0), 0);
  assert_int_equal(access_totp_fits(secret, "287082", now + 30 * PRAC_SEC, 0), 1);
  assert_int_equal(access_totp_fits(secret, "287082", now + 60 * PRAC_SEC, 0), 0);
  assert_int_equal(access_totp_fits(secret, "287082", now, 1), 0); /* used */
  assert_int_equal(access_totp_fits(secret, "", now, 0), 0);
  assert_int_equal(access_totp_fits(secret, "2870820", now, 0), 0);
}

static void test_base32(void **state)
{
  char to[40];
  (void)state;
  access_base32((const uint8_t *)"fooba", 5, to); /* RFC 4648, 10 */
  assert_string_equal(to, "MZXW6YTB");
  access_base32((const uint8_t *)"12345678901234567890", 20, to);
  assert_string_equal(to, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

/* The secret of an otpauth URI, back in bytes. */
static void secret_of(const char *uri, uint8_t to[ACCESS_SECRET])
{
  const char *s = strstr(uri, "secret="), *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  unsigned bits = 0, n = 0;
  assert_non_null(s);
  s += 7;
  for (size_t i = 0, k = 0; k < ACCESS_SECRET; i++) {
    bits = bits << 5 | (unsigned)(strchr(letters, s[i]) - letters);
    n += 5;
    if (n >= 8) to[k++] = (uint8_t)(bits >> (n -= 8));
  }
}

static void test_second_factor(void **state)
{
  struct lab l;
  char uri[ACCESS_URI], token[ACCESS_TOKEN_TEXT], code[16];
  uint8_t secret[ACCESS_SECRET];
  (void)state;
  open_lab(&l);
  assert_int_equal(access_totp_new(l.a, "mika", "mika", uri, NULL), PRAC_OK);
  assert_int_equal(access_totp_new(l.a, "mika", "nobody", uri, NULL), PRAC_UNKNOWN);
  assert_int_equal(access_totp_new(l.a, "mika", "mika", uri, NULL), PRAC_OK);
  secret_of(uri, secret);
  /* not in force before it is confirmed */
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(access_totp_confirm(l.a, "mika", "mika", "000000", NULL), PRAC_DENIED);
  uint64_t step = (uint64_t)(T0 / PRAC_SEC / 30);
  (void)snprintf(code, sizeof code, "%06u", access_totp_at(secret, ACCESS_SECRET, step, 1000000));
  assert_int_equal(access_totp_confirm(l.a, "mika", "mika", code, NULL), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_END);
  assert_int_equal(sign(&l, "mika", PASSWORD, "", "192.0.2.1", token), PRAC_END);
  assert_int_equal(sign(&l, "mika", PASSWORD, code, "192.0.2.1", token), PRAC_DENIED); /* used */
  (void)snprintf(code, sizeof code, "%06u",
                 access_totp_at(secret, ACCESS_SECRET, step + 1, 1000000));
  assert_int_equal(sign(&l, "mika", "wrong password", code, "192.0.2.1", token), PRAC_DENIED);
  assert_int_equal(sign(&l, "mika", PASSWORD, code, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, code, "192.0.2.1", token), PRAC_DENIED);
  assert_int_equal(access_totp_off(l.a, "admin", "mika", NULL), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  close_lab(&l);
}

/* ---- sessions ---- */

static void test_session(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT], second[ACCESS_TOKEN_TEXT];
  (void)state;
  open_lab(&l);
  struct stat st;
  assert_int_equal(stat(l.path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(sign(&l, "Mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", second), PRAC_OK);
  assert_string_not_equal(token, second);
  assert_int_equal(strlen(token), 64);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_string_equal(w.user, "mika");
  assert_string_equal(w.org, "jp");
  assert_int_equal(w.role, ACCESS_ANALYST);
  assert_int_equal(w.scope.clearance, ACCESS_AMBER);
  assert_int_equal(w.scope.n_countries, 1);
  assert_int_equal(w.scope.n_asns, 1);
  assert_false(w.scope.all || w.by_key || w.totp);
  assert_true(w.ends == T0 + LIFE && w.seen == T0);
  /* what never was a token */
  assert_int_equal(who(&l, "", &w), PRAC_DENIED);
  assert_int_equal(who(&l, "pk_", &w), PRAC_DENIED);
  token[5] ^= 1;
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  token[5] ^= 1;
  /* idle */
  forward(&l, IDLE - 1);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(access_seen(l.a, &w, NULL), PRAC_OK);
  forward(&l, IDLE - 1);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(who(&l, second, &w), PRAC_DENIED);
  /* life: however busy */
  while (l.now < T0 + LIFE - IDLE) {
    assert_int_equal(who(&l, token, &w), PRAC_OK);
    assert_int_equal(access_seen(l.a, &w, NULL), PRAC_OK);
    forward(&l, IDLE / 2);
  }
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(access_seen(l.a, &w, NULL), PRAC_OK);
  at(&l, T0 + LIFE);
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  close_lab(&l);
}

/* One more than may be: the one unused for longest ends, whoever else's stay. */
static void test_sessions_bounded(void **state)
{
  struct lab l;
  struct access_who w;
  char token[4][ACCESS_TOKEN_TEXT], other[ACCESS_TOKEN_TEXT];
  uint64_t before, after, n;
  (void)state;
  open_lab(&l);
  l.a->conf.sessions_each = 3;
  put_user(&l, "ken", "viewer");
  assert_int_equal(sign(&l, "ken", PASSWORD, NULL, "192.0.2.1", other), PRAC_OK);
  for (int i = 0; i < 3; i++) {
    forward(&l, PRAC_SEC);
    assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token[i]), PRAC_OK);
  }
  forward(&l, PRAC_SEC);
  assert_int_equal(who(&l, token[0], &w), PRAC_OK);
  assert_int_equal(access_seen(l.a, &w, NULL), PRAC_OK);
  assert_int_equal(access_sessions_open(l.a, "mika", &n, NULL), PRAC_OK);
  assert_int_equal(n, 3);
  assert_int_equal(access_rights(l.a, &before, NULL), PRAC_OK);
  forward(&l, PRAC_SEC);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token[3]), PRAC_OK);
  assert_int_equal(access_rights(l.a, &after, NULL), PRAC_OK);
  assert_int_not_equal(before, after); /* what is kept of who is who is old */
  assert_int_equal(who(&l, token[0], &w), PRAC_OK);
  assert_int_equal(who(&l, token[1], &w), PRAC_DENIED);
  assert_int_equal(who(&l, token[2], &w), PRAC_OK);
  assert_int_equal(who(&l, token[3], &w), PRAC_OK);
  assert_int_equal(who(&l, other, &w), PRAC_OK);
  assert_int_equal(access_sessions_open(l.a, "mika", &n, NULL), PRAC_OK);
  assert_int_equal(n, 3);
  forward(&l, IDLE + 1);
  assert_int_equal(access_sessions_open(l.a, "mika", &n, NULL), PRAC_OK);
  assert_int_equal(n, 0);
  close_lab(&l);
}

static void test_sign_out(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT], second[ACCESS_TOKEN_TEXT];
  uint64_t before, after;
  (void)state;
  open_lab(&l);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", second), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(access_rights(l.a, &before, NULL), PRAC_OK);
  assert_int_equal(access_sign_out(l.a, &w, NULL), PRAC_OK);
  assert_int_equal(access_rights(l.a, &after, NULL), PRAC_OK);
  assert_int_not_equal(before, after);
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  assert_int_equal(who(&l, second, &w), PRAC_OK);
  close_lab(&l);
}

/* A change of rights ends sessions, a new password keys as well; one that changes none ends none.
 */
static void test_rights(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT], key[ACCESS_TOKEN_TEXT];
  (void)state;
  open_lab(&l);
  assert_int_equal(access_key_new(l.a, "mika", "mika", "script", key, NULL), PRAC_OK);
  static const struct {
    struct access_user u;
    const char *password;
    bool ends, key_ends;
  } users[] = {{{.user = "mika", .name = "Mika", .disabled = -1}, NULL, false, false},
               {{.user = "mika", .role = "viewer", .disabled = -1}, NULL, true, false},
               {{.user = "mika", .disabled = -1}, PASSWORD, true, true},
               {{.user = "mika", .disabled = 1}, NULL, true, true},
               {{.user = "mika", .disabled = 0}, NULL, false, false}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(users); i++) {
    bool in = sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token) == PRAC_OK;
    assert_true(in || i == 4); /* disabled by then */
    assert_int_equal(access_user_put(l.a, "test", &users[i].u, users[i].password, NULL), PRAC_OK);
    if (in) assert_int_equal(who(&l, token, &w), users[i].ends ? PRAC_DENIED : PRAC_OK);
    assert_int_equal(who(&l, key, &w), users[i].key_ends ? PRAC_DENIED : PRAC_OK);
    if (users[i].password) /* whoever knew the old one may have made it */
      assert_int_equal(access_key_new(l.a, "mika", "mika", "script", key, NULL), PRAC_OK);
  }
  assert_int_equal(who(&l, key, &w), PRAC_OK);
  assert_true(w.by_key && w.role == ACCESS_VIEWER);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  put_org(&l, "jp", "AS64500 JP", "TLP:AMBER"); /* the same in other words */
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  put_org(&l, "jp", "JP", "TLP:AMBER");
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  assert_int_equal(who(&l, key, &w), PRAC_OK);
  assert_int_equal(w.scope.n_asns, 0);
  close_lab(&l);
}

static void test_keys(void **state)
{
  struct lab l;
  struct access_who w;
  char key[ACCESS_TOKEN_TEXT];
  (void)state;
  open_lab(&l);
  put_user(&l, "ken", "viewer");
  assert_int_equal(access_key_new(l.a, "mika", "mika", "script", key, NULL), PRAC_OK);
  assert_int_equal(access_key_new(l.a, "mika", "nobody", "script", key, NULL), PRAC_UNKNOWN);
  assert_int_equal(access_key_new(l.a, "mika", "mika", "two\nlines", key, NULL), PRAC_MALFORMED);
  assert_int_equal(access_key_new(l.a, "mika", "mika", "\xff", key, NULL), PRAC_MALFORMED);
  assert_int_equal(access_key_new(l.a, "mika", "mika", "second", key, NULL), PRAC_OK);
  assert_memory_equal(key, "pk_", 3);
  forward(&l, 365 * PRAC_DAY);
  assert_int_equal(who(&l, key, &w), PRAC_OK);
  assert_true(w.by_key);
  assert_int_equal(access_seen(l.a, &w, NULL), PRAC_OK);
  assert_int_equal(access_sign_out(l.a, &w, NULL), PRAC_DENIED);
  struct prac_json j = prac_json_of(0);
  assert_int_equal(access_keys_json(l.a, "mika", &j), PRAC_OK);
  assert_non_null(strstr(j.buf, "\"label\":\"second\""));
  assert_non_null(strstr(j.buf, "\"used\":\"2014-08-07"));
  assert_null(strstr(j.buf, key + 3));
  prac_json_done(&j);
  assert_int_equal(access_key_end(l.a, "ken", "ken", 2, NULL), PRAC_UNKNOWN); /* not his */
  assert_int_equal(access_key_end(l.a, "mika", "mika", 2, NULL), PRAC_OK);
  assert_int_equal(access_key_end(l.a, "mika", "mika", 2, NULL), PRAC_UNKNOWN);
  assert_int_equal(who(&l, key, &w), PRAC_DENIED);
  close_lab(&l);
}

/* What outlives a session: the password of now; who has none must have come in just now. */
static void test_proof(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT], key[ACCESS_TOKEN_TEXT];
  int wait = 0;
  (void)state;
  open_lab(&l);
  struct access_signing right = {.user = "mika", .password = PASSWORD},
                        wrong = {.user = "mika", .password = "wrong password"},
                        none = {.user = "mika", .password = ""};
  assert_int_equal(access_key_new(l.a, "mika", "mika", "script", key, NULL), PRAC_OK);
  assert_int_equal(who(&l, key, &w), PRAC_OK);
  assert_int_equal(access_prove(l.a, &w, &right, &wait, NULL), PRAC_DENIED); /* a key */
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(access_prove(l.a, &w, &right, &wait, NULL), PRAC_OK);
  for (int i = 0; i < 9; i++)
    assert_int_equal(access_prove(l.a, &w, &none, &wait, NULL), PRAC_DENIED); /* no guess */
  for (int i = 0; i < 5; i++)
    assert_int_equal(access_prove(l.a, &w, &wrong, &wait, NULL), PRAC_DENIED);
  assert_int_equal(access_prove(l.a, &w, &right, &wait, NULL), PRAC_AGAIN); /* as at the door */
  forward(&l, PRAC_HOUR);
  raw(&l, "UPDATE user SET password = NULL WHERE user = 'mika'"); /* signs in elsewhere */
  raw(&l, "UPDATE session SET began = 1375837200000000000, seen = 1375837200000000000");
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(access_prove(l.a, &w, &none, &wait, NULL), PRAC_OK);
  forward(&l, ACCESS_FRESH_NS);
  assert_int_equal(access_prove(l.a, &w, &none, &wait, NULL), PRAC_DENIED);
  close_lab(&l);
}

/* ---- guessing ---- */

static int wait_of(struct lab *l, const char *user, const char *from)
{
  struct prac_ip ip;
  int wait = 0;
  assert_int_equal(prac_ip_parse(from, strlen(from), &ip), PRAC_OK);
  struct access_signing s = {.user = user, .password = "", .from = &ip};
  struct access_guess_keys k = access_guess_keys(&s);
  prac_rc rc = access_guess_check(l->a, &k, &wait, NULL);
  assert_true(rc == PRAC_OK || rc == PRAC_AGAIN);
  return rc == PRAC_OK ? 0 : wait;
}

static void test_guesses(void **state)
{
  struct lab l;
  char token[ACCESS_TOKEN_TEXT], from[32];
  (void)state;
  open_lab(&l);
  for (int i = 0; i < 5; i++) { /* of a name: from anywhere */
    assert_int_equal(wait_of(&l, "mika", "192.0.2.200"), 0);
    (void)snprintf(from, sizeof from, "192.0.2.%d", i);
    assert_int_equal(sign(&l, "mika", "wrong password", NULL, from, token), PRAC_DENIED);
  }
  assert_int_equal(wait_of(&l, "mika", "192.0.2.200"), 1);
  assert_int_equal(wait_of(&l, "ken", "192.0.2.0"), 0);
  /* even the right password waits, and waiting is no failure */
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.9", token), PRAC_AGAIN);
  forward(&l, PRAC_SEC);
  for (int i = 0, pause = 2; i < 12; i++) {
    assert_int_equal(sign(&l, "mika", "wrong password", NULL, "198.51.100.1", token), PRAC_DENIED);
    assert_int_equal(wait_of(&l, "mika", "192.0.2.200"), pause);
    forward(&l, pause * PRAC_SEC);
    pause = pause * 2 > 900 || pause == 900 ? 900 : pause * 2;
  }
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.9", token), PRAC_OK);
  assert_int_equal(wait_of(&l, "mika", "192.0.2.200"), 0);
  /* the address is still in trouble, whatever name it tries; a /64 is one address */
  assert_int_equal(sign(&l, "nobody", "wrong password", NULL, "198.51.100.1", token), PRAC_DENIED);
  assert_true(wait_of(&l, "ken", "198.51.100.1") > 0);
  for (int i = 0; i < 5; i++) {
    char name[16];
    (void)snprintf(from, sizeof from, "2001:db8::%d", i + 1);
    (void)snprintf(name, sizeof name, "name%d", i);
    assert_int_equal(sign(&l, name, "wrong password", NULL, from, token), PRAC_DENIED);
  }
  assert_true(wait_of(&l, "ken", "2001:db8::ffff") > 0);
  assert_int_equal(wait_of(&l, "ken", "2001:db8:0:1::1"), 0);
  forward(&l, 2 * PRAC_HOUR); /* forgotten at the next failure */
  assert_int_equal(sign(&l, "nobody", "wrong password", NULL, "203.0.113.1", token), PRAC_DENIED);
  assert_int_equal(wait_of(&l, "ken", "198.51.100.1"), 0);
  close_lab(&l);
}

/* A name that is not there costs the same work: argon2 with the same parameters, whose hash is
 * thrown away. Seen by its effect: without it the answer needs no 19 MiB. */
static void test_unknown_names(void **state)
{
  struct lab l;
  char token[ACCESS_TOKEN_TEXT];
  struct prac_err known = {0}, unknown = {0};
  struct prac_ip ip = prac_ip4(0xc0000201);
  int wait;
  bool fits = true;
  (void)state;
  open_lab(&l);
  struct access_signing a = {"mika", "wrong password", NULL, &ip};
  struct access_signing b = {"nobody", "wrong password", NULL, &ip};
  assert_int_equal(access_sign_in(l.a, &a, token, &wait, &known), PRAC_DENIED);
  assert_int_equal(access_sign_in(l.a, &b, token, &wait, &unknown), PRAC_DENIED);
  assert_string_equal(known.text, unknown.text);
  assert_int_equal(access_password_fits(PASSWORD, NULL, &fits, NULL), PRAC_OK);
  assert_false(fits);
  struct prac_json j = prac_json_of(0);
  assert_int_equal(access_audit_json(l.a, 0, 2, &j), PRAC_OK);
  assert_null(strstr(j.buf, "nobody")); /* it might have been a password */
  assert_non_null(strstr(j.buf, "(unknown)"));
  prac_json_done(&j);
  close_lab(&l);
}

static void test_passwords(void **state)
{
  struct lab l;
  char hash[ACCESS_PASSWORD_TEXT], again[ACCESS_PASSWORD_TEXT], longest[300];
  bool fits = false;
  (void)state;
  open_lab(&l);
  assert_int_equal(access_password_hash(PASSWORD, hash, NULL), PRAC_OK);
  assert_int_equal(access_password_hash(PASSWORD, again, NULL), PRAC_OK);
  assert_memory_equal(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
  assert_string_not_equal(hash, again);
  assert_int_equal(access_password_fits(PASSWORD, hash, &fits, NULL), PRAC_OK);
  assert_true(fits);
  assert_int_equal(access_password_fits(PASSWORD " ", hash, &fits, NULL), PRAC_OK);
  assert_false(fits);
  memset(longest, 'x', sizeof longest);
  longest[299] = 0;
  static const char *const bad[] = {"", "short", "aaaaaaaaaaaaaaaa"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    assert_int_equal(access_password_ok(bad[i], NULL), PRAC_MALFORMED);
  assert_int_equal(access_password_ok(longest, NULL), PRAC_MALFORMED);
  /* one's own */
  struct prac_ip ip = prac_ip4(0xc0000201);
  struct access_signing s = {"mika", "wrong password", NULL, &ip};
  char token[ACCESS_TOKEN_TEXT];
  struct access_who w;
  int wait;
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(access_password_change(l.a, &s, "another password", &wait, NULL), PRAC_DENIED);
  s.password = PASSWORD;
  assert_int_equal(access_password_change(l.a, &s, "short", &wait, NULL), PRAC_MALFORMED);
  assert_int_equal(access_password_change(l.a, &s, "another password", &wait, NULL), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_DENIED);
  assert_int_equal(sign(&l, "mika", "another password", NULL, "192.0.2.1", token), PRAC_OK);
  close_lab(&l);
}

static void test_refusals(void **state)
{
  struct lab l;
  (void)state;
  open_lab(&l);
  static const struct access_org orgs[] = {{.name = "", .scope = "JP"},
                                           {.name = "Upper", .scope = "JP"},
                                           {.name = "x"},
                                           {.name = "x", .scope = "JP nonsense"},
                                           {.name = "x", .scope = "JP", .clearance = "secret"},
                                           {.name = "x", .scope = "JP", .title = "a\tb"},
                                           {.name = "x",
                                            .scope = "JP",
                                            .title = "a\xc2\x9b"
                                                     "2J"},
                                           {.name = "x", .scope = "JP", .title = "\u202egpj"},
                                           {.name = "x", .scope = "JP", .title = "a\u200b"}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(orgs); i++)
    assert_int_not_equal(access_org_put(l.a, "test", &orgs[i], NULL), PRAC_OK);
  static const struct access_user users[] = {{.user = "a b", .org = "jp", .role = "viewer"},
                                             {.user = "x", .role = "viewer"},
                                             {.user = "x", .org = "jp"},
                                             {.user = "x", .org = "jp", .role = "king"},
                                             {.user = "x", .org = "nowhere", .role = "viewer"}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(users); i++)
    assert_int_not_equal(access_user_put(l.a, "test", &users[i], NULL, NULL), PRAC_OK);
  /* without a password nobody signs in */
  struct access_user u = {.user = "x", .org = "jp", .role = "viewer", .disabled = -1};
  char token[ACCESS_TOKEN_TEXT];
  assert_int_equal(access_user_put(l.a, "test", &u, NULL, NULL), PRAC_OK);
  assert_int_equal(sign(&l, "x", "", NULL, "192.0.2.1", token), PRAC_DENIED);
  struct prac_json j = prac_json_of(0);
  assert_int_equal(access_users_json(l.a, NULL, &j), PRAC_OK);
  assert_null(strstr(j.buf, "argon2"));
  prac_json_done(&j);
  close_lab(&l);
}

/* ---- the audit ---- */

static prac_rc check(struct lab *l, uint64_t *bad)
{
  struct access_audit_state s = {0};
  prac_rc rc = access_audit_check(l->a, &s, NULL);
  *bad = s.bad;
  return rc;
}

static void test_audit(void **state)
{
  static const char *const tampers[] = {
      "UPDATE audit SET detail = 'rows=1' WHERE n = 4",
      "UPDATE audit SET detail = detail || char(0) || 'x' WHERE n = 4",
      "UPDATE audit SET at = at + 1 WHERE n = 4",
      "UPDATE audit SET user = 'ken' WHERE n = 4",
      "DELETE FROM audit WHERE n = 4",
      "UPDATE audit SET n = -1 WHERE n = 4; UPDATE audit SET n = 4 WHERE n = 5;"
      " UPDATE audit SET n = 5 WHERE n = -1",
      "DELETE FROM audit WHERE n = 3; UPDATE audit SET n = n + 1000 WHERE n >= 4;"
      " UPDATE audit SET n = n - 1001 WHERE n > 1000",
  };
  static const char *const at_the_end[] = {
      "DELETE FROM audit WHERE n = 12",
      ("INSERT INTO audit SELECT 13, at, user, org, what, subject, detail, source, hash FROM audit"
       " WHERE n = 12"),
      "UPDATE meta SET n = 11 WHERE k = 'audit'",
  };
  uint64_t bad;
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(tampers) + PRAC_ARRAY_LEN(at_the_end); i++) {
    struct lab l;
    bool end = i >= PRAC_ARRAY_LEN(tampers);
    open_lab(&l); /* two lines */
    for (int k = 0; k < 10; k++) {
      char detail[32];
      (void)snprintf(detail, sizeof detail, "rows=%d", 100 + k);
      struct access_event e = {"export", "/api/v1/flows", detail, "192.0.2.1"};
      assert_int_equal(access_note(l.a, &access_local, &e, NULL), PRAC_OK);
    }
    assert_int_equal(check(&l, &bad), PRAC_OK);
    raw(&l, end ? at_the_end[i - PRAC_ARRAY_LEN(tampers)] : tampers[i]);
    assert_int_equal(check(&l, &bad), PRAC_DAMAGED);
    if (!end) assert_in_range(bad, 3, 4);
    if (end) assert_in_range(bad, 12, 13);
    close_lab(&l);
  }
}

static void test_audit_pages(void **state)
{
  struct lab l;
  struct prac_json j = prac_json_of(0);
  (void)state;
  open_lab(&l);
  struct access_event e = {.what = "decision", .on = "a-1"};
  assert_int_equal(access_begin(l.a, NULL), PRAC_OK);
  for (int i = 0; i < 5; i++) assert_int_equal(access_note(l.a, &access_local, &e, NULL), PRAC_OK);
  assert_int_equal(access_end(l.a, PRAC_OK, NULL), PRAC_OK);
  assert_int_equal(access_audit_json(l.a, 5, 2, &j), PRAC_OK);
  assert_non_null(strstr(j.buf, "\"n\":4"));
  assert_non_null(strstr(j.buf, "\"n\":3"));
  assert_null(strstr(j.buf, "\"n\":5"));
  assert_null(strstr(j.buf, "\"n\":2,"));
  prac_json_done(&j);
  /* a transaction that is given up leaves nothing */
  struct access_audit_state s;
  assert_int_equal(access_begin(l.a, NULL), PRAC_OK);
  assert_int_equal(access_note(l.a, &access_local, &e, NULL), PRAC_OK);
  assert_int_equal(access_end(l.a, PRAC_STOPPED, NULL), PRAC_STOPPED);
  assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
  assert_int_equal(s.lines, 7);
  close_lab(&l);
}

/* Old lines go; the rest is vouched for by a line that says which went. */
static void test_audit_prune(void **state)
{
  static const char *const tampers[] = {
      "DELETE FROM audit WHERE n = 504",
      "UPDATE audit SET at = at + 1 WHERE n = 505",
      "UPDATE meta SET n = 0, b = zeroblob(32) WHERE k = 'audit_first'",
      "DELETE FROM meta WHERE k = 'audit_first'",
      /* more of the beginning, in good order */
      ("UPDATE meta SET n = 600, b = (SELECT hash FROM audit WHERE n = 600) WHERE k = "
       "'audit_first';"
       " DELETE FROM audit WHERE n <= 600"),
      "DELETE FROM audit WHERE what = 'audit pruned'",
  };
  struct access_event e = {.what = "decision", .on = "a-1"};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(tampers); i++) {
    struct access_audit_state s;
    struct lab l;
    int64_t ahead;
    open_lab(&l); /* two lines */
    l.a->conf.audit_keep_ns = 10 * PRAC_DAY;
    assert_int_equal(access_begin(l.a, NULL), PRAC_OK);
    for (int k = 0; k < 1500; k++) {
      forward(&l, 3 * PRAC_MIN);
      assert_int_equal(access_note(l.a, &access_local, &e, NULL), PRAC_OK);
    }
    assert_int_equal(access_end(l.a, PRAC_OK, NULL), PRAC_OK);
    assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK); /* all are young */
    assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
    assert_int_equal(s.pruned, 0);
    assert_int_equal(s.lines, 1502);
    l.a->conf.audit_keep_ns = PRAC_HOUR; /* all but a few are old: the newest stay */
    assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
    assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
    assert_int_equal(s.pruned, 502);
    assert_int_equal(s.lines, ACCESS_AUDIT_LEAST + 1);
    assert_int_equal(access_audit_prune(l.a, &ahead, NULL),
                     PRAC_OK); /* one more: not yet worth it */
    assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
    assert_int_equal(s.pruned, 502);
    raw(&l, tampers[i]);
    assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_DAMAGED);
    assert_true(s.bad > 0);
    close_lab(&l);
  }
}

static void note_hours(struct lab *l, int hours)
{
  const struct access_event e = {.what = "decision", .on = "a-1"};
  assert_int_equal(access_begin(l->a, NULL), PRAC_OK);
  for (int k = 0; k < hours; k++) {
    forward(l, PRAC_HOUR);
    assert_int_equal(access_note(l->a, &access_local, &e, NULL), PRAC_OK);
  }
  assert_int_equal(access_end(l->a, PRAC_OK, NULL), PRAC_OK);
}

/* Nobody was here for some days: no reason to ask after the clock, however short the audit is. */
static void test_audit_quiet(void **state)
{
  struct lab l;
  int64_t ahead;
  (void)state;
  open_lab(&l);
  l.a->conf.audit_keep_ns = 10 * PRAC_DAY;
  note_hours(&l, 10);
  forward(&l, 4 * PRAC_DAY);
  assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
  assert_true(ahead == 0);
  close_lab(&l);
}

/* An audit of before ages were counted is gone through in steps, and then as one that always was.
 */
static void test_audit_steps(void **state)
{
  struct access_audit_state s;
  struct lab l;
  int64_t ahead;
  int steps = 0;
  (void)state;
  open_lab(&l);
  l.a->conf.audit_keep_ns = 900 * PRAC_DAY;
  note_hours(&l, 25000);
  prac_rc rc;
  while ((rc = access_audit_prune(l.a, &ahead, NULL)) == PRAC_AGAIN && steps < 10) {
    steps++;
    assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
    assert_int_equal(s.pruned, 0);
  }
  assert_int_equal(rc, PRAC_OK);
  assert_in_range(steps, 1, 5);
  assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
  assert_in_range(s.pruned, 25000 - 900 * 24 - 5, 25000 - 900 * 24 + 5);
  close_lab(&l);
}

/* A wall that was wrong for an hour, by ten years, costs little of what the audit keeps, and leaves
 * nothing that would stay for ten years. */
static void test_audit_clock(void **state)
{
  struct access_audit_state s;
  struct lab l;
  int64_t ahead;
  (void)state;
  open_lab(&l);
  l.a->conf.audit_keep_ns = 100 * PRAC_DAY;
  note_hours(&l, 1500);
  prac_time right = l.now;
  at(&l, right + 3650 * PRAC_DAY);
  assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
  assert_true(ahead == 3650 * PRAC_DAY);
  at(&l, l.now + PRAC_HOUR);
  assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
  assert_true(ahead == 0); /* said once */
  note_hours(&l, 1);
  assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
  assert_true(ahead == 0);
  assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
  assert_int_equal(s.pruned, 0);
  at(&l, right);
  note_hours(&l, 24 * 40);
  assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
  assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
  assert_in_range(s.pruned, 290, 310); /* 1500 h and 40 days, and 10 days for the jump */
  note_hours(&l, 24 * 10);
  assert_int_equal(access_audit_prune(l.a, &ahead, NULL), PRAC_OK);
  assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
  assert_in_range(s.pruned, 530, 550);
  close_lab(&l);
}

static void test_many_keys(void **state)
{
  struct lab l;
  char key[ACCESS_TOKEN_TEXT];
  struct prac_json j = prac_json_of(0);
  (void)state;
  open_lab(&l);
  put_user(&l, "ken", "viewer");
  for (uint64_t i = 1; i <= 2 * ACCESS_KEYS; i++) {
    assert_int_equal(access_key_new(l.a, "mika", "mika", "k", key, NULL), PRAC_OK);
    if (i <= ACCESS_KEYS) assert_int_equal(access_key_end(l.a, "mika", "mika", i, NULL), PRAC_OK);
  }
  assert_int_equal(access_key_new(l.a, "mika", "mika", "k", key, NULL), PRAC_RANGE);
  assert_int_equal(access_key_new(l.a, "ken", "ken", "k", key, NULL), PRAC_OK);
  assert_int_equal(access_key_end(l.a, "mika", "mika", 100, NULL), PRAC_OK);
  assert_int_equal(access_key_new(l.a, "mika", "mika", "last", key, NULL), PRAC_OK);
  assert_int_equal(access_keys_json(l.a, "mika", &j), PRAC_OK); /* the oldest that ended has gone */
  assert_null(strstr(j.buf, "\"id\":1,"));
  assert_non_null(strstr(j.buf, "\"id\":2,"));
  assert_non_null(strstr(j.buf, "\"id\":100,"));
  prac_json_done(&j);
  close_lab(&l);
}

/* What one handle changes, another sees; the reading one changes nothing. */
static void test_reader(void **state)
{
  struct lab l;
  struct access *r;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT];
  uint64_t a, b;
  struct prac_clock wall = prac_clock_virtual(T0);
  struct access_conf c = {.idle_ns = IDLE, .life_ns = LIFE, .reads_only = true};
  (void)state;
  assert_int_equal(access_open("/nonexistent/access.db", &c, &wall, &r, NULL), PRAC_UNKNOWN);
  open_lab(&l);
  assert_int_equal(access_open(l.path, &c, &wall, &r, NULL), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(access_who_is(r, token, l.arena, &w, NULL), PRAC_OK);
  assert_int_equal(access_rights(r, &a, NULL), PRAC_OK);
  assert_int_not_equal(access_seen(r, &w, NULL), PRAC_OK);
  put_user(&l, "mika", "viewer");
  assert_int_equal(access_rights(r, &b, NULL), PRAC_OK);
  assert_int_not_equal(a, b);
  assert_int_equal(access_who_is(r, token, l.arena, &w, NULL), PRAC_DENIED);
  access_close(&r);
  close_lab(&l);
}

/* ---- another's word ---- */

#define ISSUER "https://id.example"
static prac_rc linked(struct lab *l, const char *subject, const char *user,
                      const struct access_linked *how, char token[ACCESS_TOKEN_TEXT])
{
  struct prac_ip ip = prac_ip4(0xc0000201);
  int wait = 0;
  struct access_linked w = *how;
  w.issuer = w.issuer ? w.issuer : ISSUER;
  w.subject = subject;
  w.user = user;
  w.from = &ip;
  return access_sign_in_linked(l->a, &w, token, &wait, NULL);
}

static unsigned lines_of(struct lab *l, const char *what)
{
  struct prac_json j = prac_json_of(0);
  unsigned n = 0;
  assert_int_equal(access_audit_json(l->a, 0, 1000, &j), PRAC_OK);
  for (const char *s = j.buf; (s = strstr(s, what)); s++) n++;
  prac_json_done(&j);
  return n;
}

/* (issuer, subject) is whose account it is, whatever names say later. */
static void test_linked(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT];
  const struct access_linked any = {.bind = ACCESS_BIND_ANY}, none = {.bind = ACCESS_BIND_NONE},
                             plain = {.bind = ACCESS_BIND_WITHOUT_PASSWORD};
  struct access_user u = {.user = "ren", .org = "jp", .role = "viewer", .disabled = -1};
  (void)state;
  open_lab(&l);
  assert_int_equal(linked(&l, "1", "nobody", &any, token), PRAC_UNKNOWN);
  assert_int_equal(linked(&l, "1", "No Name", &any, token), PRAC_UNKNOWN);
  assert_int_equal(linked(&l, "1", "mika", &none, token), PRAC_EXISTS);
  assert_int_equal(linked(&l, "1", "mika", &plain, token), PRAC_EXISTS); /* has a password */
  assert_int_equal(lines_of(&l, "sign-in failed"), 4);
  assert_int_equal(linked(&l, "1", "mika", &any, token), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_string_equal(w.user, "mika");
  assert_int_equal(lines_of(&l, "\"bound\""), 1);
  assert_int_equal(linked(&l, "2", "mika", &any, token), PRAC_EXISTS); /* another person there */
  assert_int_equal(linked(&l, "1", "ren", &none, token), PRAC_OK);     /* a new name there */
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_string_equal(w.user, "mika");
  /* the same subject of another provider is another person */
  const struct access_linked other = {.issuer = "https://other.example", .bind = ACCESS_BIND_NONE};
  assert_int_equal(linked(&l, "1", "mika", &other, token), PRAC_EXISTS);
  assert_int_equal(access_user_put(l.a, "test", &u, NULL, NULL), PRAC_OK);
  assert_int_equal(linked(&l, "3", "ren", &plain, token), PRAC_OK);
  u.disabled = 1;
  assert_int_equal(access_user_put(l.a, "test", &u, NULL, NULL), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  assert_int_equal(linked(&l, "3", "ren", &plain, token), PRAC_DENIED);
  /* unbound: sessions end, the next of that name may come */
  assert_int_equal(linked(&l, "1", "mika", &any, token), PRAC_OK);
  assert_int_equal(access_unbind(l.a, "test", "mika", NULL), PRAC_OK);
  assert_int_equal(access_unbind(l.a, "test", "mika", NULL), PRAC_UNKNOWN);
  assert_int_equal(who(&l, token, &w), PRAC_DENIED);
  assert_int_equal(linked(&l, "2", "mika", &any, token), PRAC_OK);
  struct access_audit_state s;
  assert_int_equal(access_audit_check(l.a, &s, NULL), PRAC_OK);
  close_lab(&l);
}

/* Rules set rights at each sign-in, which ends what was there with others; nobody is half made. */
static void test_linked_rights(void **state)
{
  struct lab l;
  struct access_who w;
  char first[ACCESS_TOKEN_TEXT], second[ACCESS_TOKEN_TEXT];
  struct access_linked how = {.makes = true, .new_org = "jp", .new_role = "viewer"};
  (void)state;
  open_lab(&l);
  assert_int_equal(linked(&l, "1", "sora", &how, first), PRAC_OK);
  assert_int_equal(who(&l, first, &w), PRAC_OK);
  assert_int_equal(w.role, ACCESS_VIEWER);
  assert_int_equal(linked(&l, "1", "sora", &how, second), PRAC_OK);
  assert_int_equal(who(&l, first, &w), PRAC_OK); /* as it was: nothing ends */
  how.role = "operator";
  assert_int_equal(linked(&l, "1", "sora", &how, second), PRAC_OK);
  assert_int_equal(who(&l, first, &w), PRAC_DENIED);
  assert_int_equal(who(&l, second, &w), PRAC_OK);
  assert_int_equal(w.role, ACCESS_OPERATOR);
  unsigned before = lines_of(&l, "\"what\":\"user\"");
  assert_int_equal(linked(&l, "1", "sora", &how, first), PRAC_OK); /* the same again: no change */
  assert_int_equal(lines_of(&l, "\"what\":\"user\""), before);
  assert_int_equal(who(&l, second, &w), PRAC_OK);
  static const char *const bad[][2] = {{"nowhere", "viewer"}, {"jp", "king"}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    how.org = bad[i][0];
    how.role = bad[i][1];
    assert_int_equal(linked(&l, "9", "tama", &how, first), PRAC_MALFORMED);
    assert_int_equal(linked(&l, "1", "sora", &how, first), PRAC_MALFORMED);
  }
  assert_int_equal(who(&l, second, &w), PRAC_OK); /* what could not be set took nothing away */
  how = (struct access_linked){.bind = ACCESS_BIND_ANY};
  assert_int_equal(linked(&l, "9", "tama", &how, first), PRAC_UNKNOWN);
  close_lab(&l);
}

/* Our own second factor, with the pauses of any sign-in. */
static void test_linked_factor(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT], code[8];
  struct access_linked how = {.bind = ACCESS_BIND_ANY};
  (void)state;
  open_lab(&l);
  raw(&l, "UPDATE user SET totp = CAST('12345678901234567890' AS BLOB)");
  assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_OK); /* theirs is enough */
  how.own_factor = true;
  assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_END);
  how.code = "000000";
  for (int i = 0; i < 5; i++) assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_DENIED);
  assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_AGAIN);
  forward(&l, PRAC_HOUR);
  uint64_t step = (uint64_t)(l.now / PRAC_SEC / 30);
  (void)snprintf(code, sizeof code, "%06u",
                 access_totp_at((const uint8_t *)"12345678901234567890", 20, step, 1000000));
  how.code = code;
  assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_DENIED); /* once */
  close_lab(&l);
}

/* A file of the first version is brought up to date, with all that is in it. */
static void test_old_file(void **state)
{
  struct lab l;
  struct access_who w;
  char token[ACCESS_TOKEN_TEXT];
  struct access_conf c = {.idle_ns = IDLE, .life_ns = LIFE};
  struct prac_clock wall = prac_clock_virtual(T0);
  struct access_linked how = {.bind = ACCESS_BIND_ANY};
  (void)state;
  open_lab(&l);
  access_close(&l.a);
  raw(&l, "DROP TABLE link; DROP TABLE subscription; DROP TABLE mail; DROP TABLE saved;"
          " DELETE FROM meta WHERE k = 'seal'; PRAGMA user_version = 1");
  assert_int_equal(access_open(l.path, &c, &wall, &l.a, NULL), PRAC_OK);
  assert_int_equal(sign(&l, "mika", PASSWORD, NULL, "192.0.2.1", token), PRAC_OK);
  assert_int_equal(linked(&l, "1", "mika", &how, token), PRAC_OK);
  assert_int_equal(who(&l, token, &w), PRAC_OK);
  access_close(&l.a);
  assert_int_equal(access_open(l.path, &c, &wall, &l.a, NULL), PRAC_OK); /* again: nothing */
  raw(&l, "PRAGMA user_version = 99");
  access_close(&l.a);
  assert_int_equal(access_open(l.path, &c, &wall, &l.a, NULL), PRAC_UNSUPPORTED);
  close_lab(&l);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_totp_vectors),
      cmocka_unit_test(test_totp_window),
      cmocka_unit_test(test_base32),
      cmocka_unit_test(test_second_factor),
      cmocka_unit_test(test_session),
      cmocka_unit_test(test_sign_out),
      cmocka_unit_test(test_sessions_bounded),
      cmocka_unit_test(test_rights),
      cmocka_unit_test(test_keys),
      cmocka_unit_test(test_proof),
      cmocka_unit_test(test_guesses),
      cmocka_unit_test(test_unknown_names),
      cmocka_unit_test(test_passwords),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_audit),
      cmocka_unit_test(test_audit_pages),
      cmocka_unit_test(test_audit_prune),
      cmocka_unit_test(test_audit_quiet),
      cmocka_unit_test(test_audit_steps),
      cmocka_unit_test(test_audit_clock),
      cmocka_unit_test(test_many_keys),
      cmocka_unit_test(test_reader),
      cmocka_unit_test(test_linked),
      cmocka_unit_test(test_linked_rights),
      cmocka_unit_test(test_linked_factor),
      cmocka_unit_test(test_old_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
