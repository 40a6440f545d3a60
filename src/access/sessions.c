/* Signing in and out, and who a token belongs to. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

static const char no_entry[] = "name, password or code is wrong";

prac_rc access_secrets_of(struct access *a, const char *user, struct access_secrets *ret,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_USER_GET);
  *ret = (struct access_secrets){0};
  access_bind_text(s, 1, user);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  PRAC_TRY(rc);
  ret->known = true;
  (void)snprintf(ret->org, sizeof ret->org, "%s", access_col_text(s, 1));
  (void)snprintf(ret->role, sizeof ret->role, "%s", access_col_text(s, 2));
  (void)snprintf(ret->password, sizeof ret->password, "%s", access_col_text(s, 3));
  ret->totp = sqlite3_column_bytes(s, 4) == ACCESS_SECRET;
  if (ret->totp) memcpy(ret->secret, sqlite3_column_blob(s, 4), ACCESS_SECRET);
  ret->step = (uint64_t)sqlite3_column_int64(s, 6);
  ret->disabled = sqlite3_column_int(s, 7) != 0;
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

static prac_rc purge_old(struct access *a, struct prac_err *reterr)
{
  prac_time now = prac_now(&a->wall);
  sqlite3_stmt *s = access_sql(a, SQL_SESSIONS_OLD);
  (void)sqlite3_bind_int64(s, 1, now - a->conf.idle_ns);
  (void)sqlite3_bind_int64(s, 2, now - a->conf.life_ns);
  return access_sql_run(a, s, reterr);
}

static prac_rc line(struct access *a, const struct access_signing *g,
                    const struct access_secrets *u, const char *what, struct prac_err *reterr)
{
  char from[PRAC_IP_TEXT] = "";
  if (g->from) (void)prac_ip_text(from, g->from);
  struct access_line l = {.user = u->known ? g->user : "(unknown)",
                          .org = u->org,
                          .what = what,
                          .detail = u->how,
                          .from = from};
  return access_line_add(a, &l, reterr);
}

static prac_rc refuse(struct access *a, const struct access_signing *g,
                      const struct access_guess_keys *keys, const struct access_secrets *u,
                      struct prac_err *reterr)
{
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_guess_failed(a, keys, reterr);
  if (rc == PRAC_OK) rc = line(a, g, u, "sign-in failed", reterr);
  PRAC_TRY(access_end(a, rc, reterr));
  return PRAC_FAIL(reterr, PRAC_DENIED, "%s", no_entry);
}

/* Room for one more of this user: those that were unused for longest end. */
static prac_rc make_room(struct access *a, const struct access_signing *g,
                         const struct access_secrets *u, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_SESSIONS_OVER);
  if (a->conf.sessions_each == 0) return PRAC_OK;
  access_bind_text(s, 1, g->user);
  (void)sqlite3_bind_int64(s, 2, a->conf.sessions_each - 1);
  PRAC_TRY(access_sql_run(a, s, reterr));
  if (sqlite3_changes(a->db) == 0) return PRAC_OK;
  PRAC_TRY(access_rights_up(a, reterr));
  return line(a, g, u, "session ended: too many at once", reterr);
}

prac_rc access_session_begin(struct access *a, const struct access_signing *g,
                             const struct access_secrets *u, uint64_t step,
                             const uint8_t hash[ACCESS_HASH], struct prac_err *reterr)
{
  prac_time now = prac_now(&a->wall);
  PRAC_TRY(purge_old(a, reterr));
  PRAC_TRY(make_room(a, g, u, reterr));
  sqlite3_stmt *s = access_sql(a, SQL_SESSION_ADD);
  (void)sqlite3_bind_blob(s, 1, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  access_bind_text(s, 2, g->user);
  (void)sqlite3_bind_int64(s, 3, now);
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_USER_SEEN);
  access_bind_text(s, 1, g->user);
  (void)sqlite3_bind_int64(s, 2, now);
  PRAC_TRY(access_sql_run(a, s, reterr));
  if (u->totp) {
    s = access_sql(a, SQL_TOTP_STEP);
    access_bind_text(s, 1, g->user);
    (void)sqlite3_bind_int64(s, 2, (int64_t)step);
    PRAC_TRY(access_sql_run(a, s, reterr));
  }
  return line(a, g, u, "sign-in", reterr);
}

static prac_rc sign_in(struct access *a, const struct access_signing *g, struct access_secrets *u,
                       char token[ACCESS_TOKEN_TEXT], int *ret_wait_s, struct prac_err *reterr)
{
  struct access_guess_keys keys = access_guess_keys(g);
  uint8_t hash[ACCESS_HASH];
  uint64_t step = 0;
  bool fits = false;
  PRAC_TRY(access_guess_check(a, &keys, ret_wait_s, reterr));
  PRAC_TRY(access_secrets_of(a, g->user, u, reterr));
  bool may = u->known && !u->disabled && u->password[0];
  PRAC_TRY(access_password_fits(g->password, may ? u->password : NULL, &fits, reterr));
  if (!fits) return refuse(a, g, &keys, u, reterr);
  if (u->totp && (!g->code || !*g->code)) {
    PRAC_TRY(access_begin(a, reterr)); /* not by its owner: the sign of a stolen password */
    PRAC_TRY(access_end(a, line(a, g, u, "password right, code missing", reterr), reterr));
    return PRAC_FAIL(reterr, PRAC_END, "a code of the second factor is needed");
  }
  if (u->totp) step = access_totp_fits(u->secret, g->code, prac_now(&a->wall), u->step);
  if (u->totp && step == 0) return refuse(a, g, &keys, u, reterr);
  PRAC_TRY(access_token_new("", token, hash, reterr));
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_guess_passed(a, &keys, reterr);
  if (rc == PRAC_OK) rc = access_session_begin(a, g, u, step, hash, reterr);
  return access_end(a, rc, reterr);
}

prac_rc access_sign_in(struct access *a, const struct access_signing *g,
                       char token[ACCESS_TOKEN_TEXT], int *ret_wait_s, struct prac_err *reterr)
{
  struct access_secrets u = {0};
  char user[ACCESS_NAME_MAX + 1];
  struct access_signing lower = *g;
  size_t n = strlen(g->user);
  if (n > ACCESS_NAME_MAX || strlen(g->password) > ACCESS_PASSWORD_MAX)
    return PRAC_FAIL(reterr, PRAC_DENIED, "%s", no_entry); /* nobody's: the rules forbid them */
  for (size_t i = 0; i <= n; i++)
    user[i] = g->user[i] >= 'A' && g->user[i] <= 'Z' ? (char)(g->user[i] - 'A' + 'a') : g->user[i];
  lower.user = user;
  prac_rc rc = sign_in(a, &lower, &u, token, ret_wait_s, reterr);
  OPENSSL_cleanse(&u, sizeof u);
  return rc;
}

prac_rc access_sessions_open(struct access *a, const char *user, uint64_t *ret,
                             struct prac_err *reterr)
{
  prac_time now = prac_now(&a->wall);
  sqlite3_stmt *s = access_sql(a, SQL_SESSIONS_COUNT);
  access_bind_text(s, 1, user);
  (void)sqlite3_bind_int64(s, 2, now - a->conf.idle_ns);
  (void)sqlite3_bind_int64(s, 3, now - a->conf.life_ns);
  PRAC_TRY(access_sql_row(a, s, reterr));
  *ret = (uint64_t)sqlite3_column_int64(s, 0);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

/* session: what proves it where there is no password; NULL: nothing does. */
static prac_rc prove(struct access *a, const struct access_who *session,
                     const struct access_signing *g, int *ret_wait_s, struct prac_err *reterr)
{
  struct access_guess_keys keys = access_guess_keys(g);
  struct access_secrets u = {0};
  bool fits = false;
  PRAC_TRY(access_guess_check(a, &keys, ret_wait_s, reterr));
  PRAC_TRY(access_secrets_of(a, g->user, &u, reterr));
  bool has_one = u.password[0] != 0;
  prac_rc rc = PRAC_OK;
  if (session && u.known && !has_one) {
    fits = prac_now(&a->wall) - (session->ends - a->conf.life_ns) < ACCESS_FRESH_NS;
    if (!fits) rc = PRAC_FAIL(reterr, PRAC_DENIED, "sign in anew first: this takes a fresh one");
  } else if (!*g->password) {
    rc = PRAC_FAIL(reterr, PRAC_DENIED, "your present password is asked for here");
  } else {
    rc = access_password_fits(g->password, has_one ? u.password : NULL, &fits, reterr);
    if (rc == PRAC_OK && !fits) rc = refuse(a, g, &keys, &u, reterr);
  }
  OPENSSL_cleanse(&u, sizeof u);
  return rc;
}

prac_rc access_password_change(struct access *a, const struct access_signing *g,
                               const char *password, int *ret_wait_s, struct prac_err *reterr)
{
  struct access_user same = {.user = g->user, .disabled = -1};
  PRAC_TRY(access_password_ok(password, reterr));
  PRAC_TRY(prove(a, NULL, g, ret_wait_s, reterr));
  return access_user_put(a, g->user, &same, password, reterr);
}

prac_rc access_prove(struct access *a, const struct access_who *who, const struct access_signing *g,
                     int *ret_wait_s, struct prac_err *reterr)
{
  if (who->by_key)
    return PRAC_FAIL(reterr, PRAC_DENIED, "this takes a person: a key can not do it");
  return prove(a, who, g, ret_wait_s, reterr);
}

/* ---- who is it ---- */

static prac_rc fill(sqlite3_stmt *s, struct prac_arena *arena, struct access_who *ret,
                    struct prac_err *reterr)
{
  ret->user = access_keep(arena, s, 0);
  ret->name = access_keep(arena, s, 1);
  ret->org = access_keep(arena, s, 2);
  ret->org_title = access_keep(arena, s, 3);
  if (!ret->user || !ret->name || !ret->org || !ret->org_title)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for who asks");
  int role = access_word_of(access_role_names, access_col_text(s, 4));
  int tlp = access_word_of(access_tlp_names, access_col_text(s, 6));
  if (role < 0 || tlp < 0) return PRAC_FAIL(reterr, PRAC_DAMAGED, "no such role or clearance");
  ret->role = (enum access_role)role;
  ret->totp = sqlite3_column_int(s, 7) != 0;
  PRAC_TRY(
      access_scope_parse(access_col_text(s, 5), (enum access_tlp)tlp, arena, &ret->scope, reterr));
  ret->scope.org = ret->org;
  ret->scope.packets = ret->role >= ACCESS_ANALYST;
  return PRAC_OK;
}

prac_rc access_who_is(struct access *a, const char *token, struct prac_arena *arena,
                      struct access_who *ret, struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH];
  bool feed = strncmp(token, "fd_", 3) == 0;
  struct access_who w = {.by_key = feed || strncmp(token, "pk_", 3) == 0};
  prac_time now = prac_now(&a->wall);
  sqlite3_stmt *s = access_sql(a, feed       ? SQL_SUB_BY_FEED
                                  : w.by_key ? SQL_KEY_WHO
                                             : SQL_SESSION_WHO);
  access_sha256(token, strlen(token), hash);
  (void)sqlite3_bind_blob(s, 1, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_UNKNOWN) return PRAC_FAIL(reterr, PRAC_DENIED, "sign in first");
  PRAC_TRY(rc);
  prac_time began = sqlite3_column_int64(s, 8);
  w.seen = sqlite3_column_int64(s, 9);
  w.ends = w.by_key ? INT64_MAX : began + a->conf.life_ns;
  for (int i = 0; i < 8; i++) w.session = w.session << 8 | hash[i];
  if (w.by_key || (now < w.ends && now - w.seen < a->conf.idle_ns))
    rc = fill(s, arena, &w, reterr);
  else
    rc = PRAC_FAIL(reterr, PRAC_DENIED, "the session has ended; sign in again");
  if (rc == PRAC_OK && feed) {
    w.role = ACCESS_VIEWER;
    w.feed = access_keep(arena, s, 10);
    if (!w.feed) rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for who asks");
  }
  (void)sqlite3_reset(s);
  if (rc == PRAC_OK) *ret = w;
  return rc;
}

static void bind_session(sqlite3_stmt *s, int i, uint64_t session)
{
  uint8_t b[8];
  for (int k = 0; k < 8; k++) b[k] = (uint8_t)(session >> (56 - 8 * k));
  (void)sqlite3_bind_blob(s, i, b, sizeof b, SQLITE_TRANSIENT);
}

prac_rc access_seen(struct access *a, const struct access_who *who, struct prac_err *reterr)
{
  if (who->feed) return PRAC_OK;
  sqlite3_stmt *s = access_sql(a, who->by_key ? SQL_KEY_SEEN : SQL_SESSION_SEEN);
  access_bind_text(s, 1, who->user);
  bind_session(s, 2, who->session);
  (void)sqlite3_bind_int64(s, 3, prac_now(&a->wall));
  return access_sql_run(a, s, reterr);
}

prac_rc access_sign_out(struct access *a, const struct access_who *who, struct prac_err *reterr)
{
  struct access_line l = {who->user, who->org, "sign-out", NULL, NULL, NULL};
  if (who->by_key) return PRAC_FAIL(reterr, PRAC_DENIED, "a key has no session to end");
  PRAC_TRY(access_begin(a, reterr));
  sqlite3_stmt *s = access_sql(a, SQL_SESSION_END);
  access_bind_text(s, 1, who->user);
  bind_session(s, 2, who->session);
  prac_rc rc = access_sql_run(a, s, reterr);
  if (rc == PRAC_OK) rc = access_rights_up(a, reterr);
  if (rc == PRAC_OK) rc = access_line_add(a, &l, reterr);
  return access_end(a, rc, reterr);
}
