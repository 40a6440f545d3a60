/* Organisations and people: what an administrator puts in, and what comes out as lists. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"
#include "base/text.h"

int access_word_of(const char *const *words, const char *word)
{
  for (int i = 0; words[i]; i++)
    if (strcmp(words[i], word) == 0) return i;
  return -1;
}

prac_rc access_text_ok(const char *what, const char *s, struct prac_err *reterr)
{
  if (!prac_text_plain(s))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: it holds characters that do not show", what);
  if (strlen(s) > ACCESS_TEXT_MAX)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: at most %d bytes", what, ACCESS_TEXT_MAX);
  return PRAC_OK;
}

static prac_rc name_ok(const char *what, const char *s, struct prac_err *reterr)
{
  if (s && access_name_ok(s)) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: 1 to %d of a-z, 0-9 and . _ @ -", what,
                   ACCESS_NAME_MAX);
}

static prac_rc end_sessions(struct access *a, enum access_sql whose, const char *name,
                            struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, whose);
  access_bind_text(s, 1, name);
  PRAC_TRY(access_sql_run(a, s, reterr));
  return access_rights_up(a, reterr);
}

prac_rc access_sessions_end(struct access *a, const char *user, struct prac_err *reterr)
{
  return end_sessions(a, SQL_SESSIONS_END_USER, user, reterr);
}

/* ---- organisations ---- */

static prac_rc org_write(struct access *a, const char *by, const struct access_org *o,
                         const char *words, bool rights, struct prac_err *reterr)
{
  char detail[600];
  sqlite3_stmt *s = access_sql(a, SQL_ORG_PUT);
  access_bind_text(s, 1, o->name);
  access_bind_text(s, 2, o->title);
  access_bind_text(s, 3, words);
  access_bind_text(s, 4, o->clearance);
  PRAC_TRY(access_sql_run(a, s, reterr));
  if (rights) PRAC_TRY(end_sessions(a, SQL_SESSIONS_END_ORG, o->name, reterr));
  (void)snprintf(detail, sizeof detail, "scope=%.400s clearance=%s", words, o->clearance);
  struct access_line l = {by, NULL, "organisation", o->name, detail, NULL};
  return access_line_add(a, &l, reterr);
}

/* Strings live in the arena. PRAC_UNKNOWN: there is none. */
static prac_rc org_read(struct access *a, const char *name, struct prac_arena *arena,
                        struct access_org *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_ORG_GET);
  access_bind_text(s, 1, name);
  PRAC_TRY(access_sql_row(a, s, reterr));
  *ret = (struct access_org){.name = name,
                             .title = access_keep(arena, s, 0),
                             .scope = access_keep(arena, s, 1),
                             .clearance = access_keep(arena, s, 2)};
  (void)sqlite3_reset(s);
  return ret->title && ret->scope && ret->clearance
             ? PRAC_OK
             : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the organisation");
}

static prac_rc scope_words(const struct access_org *o, struct prac_arena *arena, const char **ret,
                           struct prac_err *reterr)
{
  struct access_scope scope;
  int tlp = access_word_of(access_tlp_names, o->clearance);
  if (!o->scope) return PRAC_FAIL(reterr, PRAC_MALFORMED, "scope: a new organisation needs one");
  if (tlp < 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "clearance: TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED");
  PRAC_TRY(access_scope_parse(o->scope, (enum access_tlp)tlp, arena, &scope, reterr));
  *ret = access_scope_words(&scope, arena);
  return *ret ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the scope");
}

static const char *or_else(const char *given, const char *usual)
{
  return given ? given : usual;
}

/* What is not given stays as it was. */
static prac_rc org_put(struct access *a, const char *by, const struct access_org *o,
                       struct prac_arena *arena, struct prac_err *reterr)
{
  struct access_org was = {.title = o->name, .clearance = access_tlp_names[ACCESS_GREEN]};
  prac_rc rc = org_read(a, o->name, arena, &was, reterr);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  struct access_org now = {.name = o->name,
                           .title = or_else(o->title, was.title),
                           .scope = or_else(o->scope, was.scope),
                           .clearance = or_else(o->clearance, was.clearance)};
  const char *words;
  PRAC_TRY(access_text_ok("title", now.title, reterr));
  PRAC_TRY(scope_words(&now, arena, &words, reterr));
  bool rights =
      rc == PRAC_OK && (strcmp(words, was.scope) != 0 || strcmp(now.clearance, was.clearance) != 0);
  return org_write(a, by, &now, words, rights, reterr);
}

prac_rc access_org_put(struct access *a, const char *by, const struct access_org *o,
                       struct prac_err *reterr)
{
  PRAC_TRY(name_ok("organisation", o->name, reterr));
  struct prac_arena *arena = prac_arena_new(4096);
  if (!arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the organisation");
  prac_rc rc = access_begin(a, reterr);
  if (rc == PRAC_OK) rc = access_end(a, org_put(a, by, o, arena, reterr), reterr);
  prac_arena_free(&arena);
  return rc;
}

static void put_org(sqlite3_stmt *s, struct prac_json *j)
{
  static const char *const names[] = {"name", "title", "scope", "clearance"};
  for (int i = 0; i < 4; i++) {
    prac_json_key_str(j, names[i], access_col_text(s, i));
  }
  prac_json_key(j, "users");
  prac_json_i64(j, sqlite3_column_int64(s, 4));
}

prac_rc access_orgs_json(struct access *a, struct prac_json *j)
{
  return access_sql_json(a, access_sql(a, SQL_ORGS), put_org, j);
}

/* ---- people ---- */

prac_rc access_tokens_end(struct access *a, const char *user, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_KEYS_END_USER);
  access_bind_text(s, 1, user);
  (void)sqlite3_bind_int64(s, 2, prac_now(&a->wall));
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_FEEDS_END_USER);
  access_bind_text(s, 1, user);
  return access_sql_run(a, s, reterr);
}

static prac_rc password_put(struct access *a, const char *user, const char *hash,
                            struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_PASSWORD_PUT);
  access_bind_text(s, 1, user);
  access_bind_text(s, 2, hash);
  PRAC_TRY(access_sql_run(a, s, reterr));
  return access_tokens_end(a, user, reterr); /* whoever knew the old one may have made some */
}

static prac_rc user_write(struct access *a, const char *by, const struct access_user *u,
                          const char *hash, bool rights, struct prac_err *reterr)
{
  char detail[256];
  sqlite3_stmt *s = access_sql(a, SQL_USER_PUT);
  access_bind_text(s, 1, u->user);
  access_bind_text(s, 2, u->name);
  access_bind_text(s, 3, u->org);
  access_bind_text(s, 4, u->role);
  (void)sqlite3_bind_int(s, 5, u->disabled);
  PRAC_TRY(access_sql_run(a, s, reterr));
  if (hash) PRAC_TRY(password_put(a, u->user, hash, reterr));
  if (rights || hash) PRAC_TRY(access_sessions_end(a, u->user, reterr));
  (void)snprintf(detail, sizeof detail, "org=%s role=%s%s%s", u->org, u->role,
                 u->disabled ? " disabled" : "", hash ? " password" : "");
  struct access_line l = {by, NULL, "user", u->user, detail, NULL};
  return access_line_add(a, &l, reterr);
}

static prac_rc org_known(struct access *a, const char *org, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_ORG_GET);
  access_bind_text(s, 1, org);
  prac_rc rc = access_sql_row(a, s, reterr);
  (void)sqlite3_reset(s);
  return rc == PRAC_UNKNOWN ? PRAC_FAIL(reterr, rc, "org: there is no organisation %.64s", org)
                            : rc;
}

static prac_rc user_read(struct access *a, const char *user, struct prac_arena *arena,
                         struct access_user *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_USER_GET);
  access_bind_text(s, 1, user);
  PRAC_TRY(access_sql_row(a, s, reterr));
  *ret = (struct access_user){.user = user,
                              .name = access_keep(arena, s, 0),
                              .org = access_keep(arena, s, 1),
                              .role = access_keep(arena, s, 2),
                              .disabled = sqlite3_column_int(s, 7) != 0};
  (void)sqlite3_reset(s);
  return ret->name && ret->org && ret->role
             ? PRAC_OK
             : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the user");
}

static prac_rc user_put(struct access *a, const char *by, const struct access_user *u,
                        const char *hash, struct prac_arena *arena, struct prac_err *reterr)
{
  struct access_user was = {.name = u->user};
  prac_rc rc = user_read(a, u->user, arena, &was, reterr);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  struct access_user now = {.user = u->user,
                            .name = or_else(u->name, was.name),
                            .org = or_else(u->org, was.org),
                            .role = or_else(u->role, was.role),
                            .disabled = u->disabled < 0 ? was.disabled : u->disabled};
  if (!now.org || !now.role)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "there is no user %s; a new one needs %s", u->user,
                     now.org ? "a role" : "an organisation");
  PRAC_TRY(access_text_ok("name", now.name, reterr));
  if (access_word_of(access_role_names, now.role) < 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "role: viewer, analyst, operator or admin");
  PRAC_TRY(org_known(a, now.org, reterr));
  bool rights = rc == PRAC_OK && (strcmp(now.org, was.org) != 0 ||
                                  strcmp(now.role, was.role) != 0 || now.disabled != was.disabled);
  return user_write(a, by, &now, hash, rights, reterr);
}

prac_rc access_user_put(struct access *a, const char *by, const struct access_user *u,
                        const char *password, struct prac_err *reterr)
{
  char hash[ACCESS_PASSWORD_TEXT];
  PRAC_TRY(name_ok("user", u->user, reterr));
  if (password) PRAC_TRY(access_password_ok(password, reterr));
  if (password) PRAC_TRY(access_password_hash(password, hash, reterr));
  struct prac_arena *arena = prac_arena_new(1024);
  if (!arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the user");
  prac_rc rc = access_begin(a, reterr);
  if (rc == PRAC_OK)
    rc = access_end(a, user_put(a, by, u, password ? hash : NULL, arena, reterr), reterr);
  prac_arena_free(&arena);
  return rc;
}

static void put_user(sqlite3_stmt *s, struct prac_json *j)
{
  static const char *const names[] = {"user", "name", "org", "role"}, *const flags[] = {
                                                                          "disabled", "totp",
                                                                          "password", "bound"};
  for (int i = 0; i < 4; i++) {
    prac_json_key_str(j, names[i], access_col_text(s, i));
  }
  for (int i = 0; i < 4; i++) {
    prac_json_key_bool(j, flags[i], sqlite3_column_int(s, 4 + i) != 0);
  }
  prac_json_key_time(j, "last_seen", access_col_time(s, 8));
}

prac_rc access_users_json(struct access *a, const char *org, struct prac_json *j)
{
  sqlite3_stmt *s = access_sql(a, SQL_USERS);
  access_bind_text(s, 1, org);
  return access_sql_json(a, s, put_user, j);
}

/* ---- the second factor ---- */

/* Sets a column of an existing user to the secret (NULL: none) and writes the line. */
static prac_rc totp_put(struct access *a, enum access_sql what, const struct access_line *l,
                        const uint8_t *secret, uint64_t step, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, what);
  access_bind_text(s, 1, l->on);
  if (secret) (void)sqlite3_bind_blob(s, 2, secret, ACCESS_SECRET, SQLITE_TRANSIENT);
  if (what == SQL_TOTP_SET) (void)sqlite3_bind_int64(s, 3, (int64_t)step);
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_sql_run(a, s, reterr);
  if (rc == PRAC_OK && sqlite3_changes(a->db) == 0)
    rc = PRAC_FAIL(reterr, PRAC_UNKNOWN, "there is no user %.64s", l->on);
  if (rc == PRAC_OK && what == SQL_TOTP_SET) rc = access_rights_up(a, reterr);
  if (rc == PRAC_OK) rc = access_line_add(a, l, reterr);
  return access_end(a, rc, reterr);
}

prac_rc access_totp_new(struct access *a, const char *by, const char *user, char uri[ACCESS_URI],
                        struct prac_err *reterr)
{
  uint8_t secret[ACCESS_SECRET];
  char text[ACCESS_SECRET * 8 / 5 + 1];
  struct access_line l = {by, NULL, "second factor asked", user, NULL, NULL};
  PRAC_TRY(access_random(secret, sizeof secret, reterr));
  PRAC_TRY(totp_put(a, SQL_TOTP_NEW, &l, secret, 0, reterr));
  access_base32(secret, sizeof secret, text);
  (void)snprintf(uri, ACCESS_URI, "otpauth://totp/PRACTICE:%s?secret=%s&issuer=PRACTICE", user,
                 text);
  OPENSSL_cleanse(secret, sizeof secret);
  OPENSSL_cleanse(text, sizeof text);
  return PRAC_OK;
}

prac_rc access_totp_confirm(struct access *a, const char *by, const char *user, const char *code,
                            struct prac_err *reterr)
{
  uint8_t secret[ACCESS_SECRET];
  struct access_line l = {by, NULL, "second factor on", user, NULL, NULL};
  sqlite3_stmt *s = access_sql(a, SQL_USER_GET);
  access_bind_text(s, 1, user);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_UNKNOWN) return PRAC_FAIL(reterr, rc, "there is no user %.64s", user);
  PRAC_TRY(rc);
  bool asked = sqlite3_column_bytes(s, 5) == ACCESS_SECRET;
  if (asked) memcpy(secret, sqlite3_column_blob(s, 5), ACCESS_SECRET);
  (void)sqlite3_reset(s);
  uint64_t step = asked ? access_totp_fits(secret, code, prac_now(&a->wall), 0) : 0;
  rc = step ? totp_put(a, SQL_TOTP_SET, &l, secret, step, reterr)
            : PRAC_FAIL(reterr, PRAC_DENIED, "this is not the code of the new secret now");
  OPENSSL_cleanse(secret, sizeof secret);
  return rc;
}

prac_rc access_totp_off(struct access *a, const char *by, const char *user, struct prac_err *reterr)
{
  struct access_line l = {by, NULL, "second factor off", user, NULL, NULL};
  return totp_put(a, SQL_TOTP_SET, &l, NULL, 0, reterr);
}
