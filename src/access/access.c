/* The file: its tables, its statements, its transactions. */
#include "access/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/impl.h"
#include "sys/durable.h"
#include "sys/sqlite.h"

#define SCHEMA 5 /* the version of the tables */
enum { BUSY_MS = 5000 };

const struct access_who access_local = {
    .user = "local",
    .name = "local",
    .org = "local",
    .org_title = "",
    .role = ACCESS_OPERATOR,
    .scope = {.all = true, .clearance = ACCESS_RED, .packets = true},
    .seen = PRAC_TIME_NONE,
    .ends = PRAC_TIME_NONE};

/* From each version to the next. Never edit a released one: SCHEMA rises and a step is added. */
static const char *const steps[SCHEMA] = {
    "CREATE TABLE meta(k TEXT PRIMARY KEY, n INTEGER NOT NULL, b BLOB) WITHOUT ROWID;"
    "CREATE TABLE org(org TEXT PRIMARY KEY, title TEXT NOT NULL, scope TEXT NOT NULL,"
    " clearance TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE user(user TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " org TEXT NOT NULL REFERENCES org(org), role TEXT NOT NULL, password TEXT, totp BLOB,"
    " totp_new BLOB, totp_step INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL,"
    " seen INTEGER) WITHOUT ROWID;"
    "CREATE TABLE session(hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES user(user),"
    " began INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX session_user ON session(user);"
    "CREATE TABLE key(id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,"
    " user TEXT NOT NULL REFERENCES user(user), label TEXT NOT NULL, made INTEGER NOT NULL,"
    " seen INTEGER, ended INTEGER);"
    "CREATE TABLE guess(k INTEGER PRIMARY KEY, n INTEGER NOT NULL, last INTEGER NOT NULL);"
    "CREATE TABLE audit(n INTEGER PRIMARY KEY, at INTEGER NOT NULL, user TEXT NOT NULL,"
    " org TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL,"
    " source TEXT NOT NULL, hash BLOB NOT NULL);"
    "INSERT INTO meta VALUES('rights', 1, NULL), ('audit', 0, zeroblob(32));",
    "CREATE TABLE link(issuer TEXT NOT NULL, subject TEXT NOT NULL,"
    " user TEXT NOT NULL REFERENCES user(user), made INTEGER NOT NULL,"
    " PRIMARY KEY(issuer, subject), UNIQUE(user, issuer)) WITHOUT ROWID;",
    /* says: what its owner wants, a record `subscription` as JSON. mail: an address is confirmed
     * for one person, in all of that person's subscriptions. */
    "CREATE TABLE subscription(id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES user(user),"
    " made INTEGER NOT NULL, changed INTEGER NOT NULL, ended INTEGER, says TEXT NOT NULL,"
    " secret TEXT NOT NULL, feed BLOB UNIQUE) WITHOUT ROWID;"
    "CREATE INDEX subscription_user ON subscription(user);"
    "CREATE TABLE mail(user TEXT NOT NULL REFERENCES user(user), address TEXT NOT NULL,"
    " code BLOB, tries INTEGER NOT NULL, letters INTEGER NOT NULL, sent INTEGER NOT NULL,"
    " confirmed INTEGER, PRIMARY KEY(user, address)) WITHOUT ROWID;"
    "CREATE INDEX mail_address ON mail(address);",
    /* subs_seal.c. An older program would sign with what is sealed. */
    "INSERT INTO meta VALUES('seal', 0, NULL);",
    "CREATE TABLE saved("
    "user TEXT NOT NULL REFERENCES user(user), name TEXT NOT NULL,"
    " place TEXT NOT NULL, made INTEGER NOT NULL, PRIMARY KEY(user, name)) WITHOUT ROWID;",
};

#define WHO                                                                                        \
  "SELECT u.user, u.name, u.org, o.title, u.role, o.scope, o.clearance, u.totp IS NOT NULL,"
#define SUBS                                                                                       \
  "SELECT s.id, s.user, u.org, o.scope, o.clearance, u.disabled, s.ended, s.says, s.secret,"       \
  " s.feed IS NOT NULL, s.made, s.changed FROM subscription AS s JOIN user AS u ON u.user ="       \
  " s.user JOIN org AS o ON o.org = u.org"
static const char *const sql[SQL_COUNT_] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_VIEW] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_META_GET] = "SELECT n, b FROM meta WHERE k = ?1",
    [SQL_META_PUT] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2, ?3)",
    [SQL_RIGHTS_UP] = "UPDATE meta SET n = n + 1 WHERE k = 'rights'",
    [SQL_ORG_GET] = "SELECT title, scope, clearance FROM org WHERE org = ?1",
    [SQL_ORG_PUT] = "INSERT INTO org VALUES(?1, ?2, ?3, ?4) ON CONFLICT(org) DO UPDATE SET"
                    " title = ?2, scope = ?3, clearance = ?4",
    [SQL_ORGS] = "SELECT org, title, scope, clearance, (SELECT count(*) FROM user WHERE user.org ="
                 " org.org) FROM org ORDER BY org",
    [SQL_USER_GET] = "SELECT name, org, role, password, totp, totp_new, totp_step, disabled FROM"
                     " user WHERE user = ?1",
    [SQL_USER_PUT] = "INSERT INTO user(user, name, org, role, disabled) VALUES(?1, ?2, ?3, ?4, ?5)"
                     " ON CONFLICT(user) DO UPDATE SET name = ?2, org = ?3, role = ?4,"
                     " disabled = ?5",
    [SQL_USER_SEEN] = "UPDATE user SET seen = ?2 WHERE user = ?1",
    [SQL_USERS] = "SELECT user, name, org, role, disabled, totp IS NOT NULL, password IS NOT NULL,"
                  " user IN (SELECT user FROM link), seen FROM user WHERE ?1 IS NULL OR org = ?1 "
                  "ORDER BY user",
    [SQL_PASSWORD_PUT] = "UPDATE user SET password = ?2 WHERE user = ?1",
    [SQL_TOTP_NEW] = "UPDATE user SET totp_new = ?2 WHERE user = ?1",
    [SQL_TOTP_SET] = "UPDATE user SET totp = ?2, totp_new = NULL, totp_step = ?3 WHERE user = ?1",
    [SQL_TOTP_STEP] = "UPDATE user SET totp_step = ?2 WHERE user = ?1",
    [SQL_SESSION_WHO] = WHO " s.began, s.seen FROM session AS s JOIN user AS u ON u.user = s.user"
                            " JOIN org AS o ON o.org = u.org WHERE s.hash = ?1 AND u.disabled = 0",
    [SQL_SESSION_ADD] = "INSERT INTO session VALUES(?1, ?2, ?3, ?3)",
    [SQL_SESSION_SEEN] = "UPDATE session SET seen = max(seen, ?3) WHERE user = ?1 AND"
                         " substr(hash, 1, 8) = ?2",
    [SQL_SESSION_END] = "DELETE FROM session WHERE user = ?1 AND substr(hash, 1, 8) = ?2",
    [SQL_SESSIONS_END_USER] = "DELETE FROM session WHERE user = ?1",
    [SQL_SESSIONS_END_ORG] = "DELETE FROM session WHERE user IN (SELECT user FROM user WHERE"
                             " org = ?1)",
    [SQL_SESSIONS_OLD] = "DELETE FROM session WHERE seen < ?1 OR began < ?2",
    [SQL_SESSIONS_OVER] = "DELETE FROM session WHERE user = ?1 AND hash NOT IN (SELECT hash FROM"
                          " session WHERE user = ?1 ORDER BY seen DESC, began DESC LIMIT ?2)",
    [SQL_SESSIONS_COUNT] = "SELECT count(*) FROM session WHERE user = ?1 AND seen >= ?2 AND"
                           " began >= ?3",
    [SQL_LINK_WHO] = "SELECT user FROM link WHERE issuer = ?1 AND subject = ?2",
    [SQL_LINK_OF] = "SELECT subject FROM link WHERE user = ?1 AND issuer = ?2",
    [SQL_LINK_ADD] = "INSERT INTO link VALUES(?1, ?2, ?3, ?4)",
    [SQL_LINKS_END] = "DELETE FROM link WHERE user = ?1",
    [SQL_KEY_WHO] = WHO " k.made, coalesce(k.seen, k.made) FROM key AS k JOIN user AS u ON"
                        " u.user = k.user JOIN org AS o ON o.org = u.org WHERE k.hash = ?1 AND"
                        " k.ended IS NULL AND u.disabled = 0",
    [SQL_KEY_ADD] = "INSERT INTO key(hash, user, label, made) VALUES(?1, ?2, ?3, ?4)",
    [SQL_KEY_SEEN] = "UPDATE key SET seen = ?3 WHERE user = ?1 AND ended IS NULL AND"
                     " substr(hash, 1, 8) = ?2",
    [SQL_KEYS_END_USER] = "UPDATE key SET ended = ?2 WHERE user = ?1 AND ended IS NULL",
    [SQL_KEY_END] = "UPDATE key SET ended = ?2 WHERE id = ?1 AND ended IS NULL AND"
                    " (?3 IS NULL OR user = ?3)",
    [SQL_KEYS] = "SELECT id, user, label, made, seen, ended FROM key WHERE ?1 IS NULL OR user = ?1"
                 " ORDER BY id",
    [SQL_KEYS_IN_USE] = "SELECT count(*) FROM key WHERE user = ?1 AND ended IS NULL",
    [SQL_KEYS_OLD] = "DELETE FROM key WHERE user = ?1 AND ended IS NOT NULL AND id NOT IN (SELECT"
                     " id FROM key WHERE user = ?1 AND ended IS NOT NULL ORDER BY id DESC LIMIT"
                     " ?2)",
    [SQL_GUESS_GET] = "SELECT n, last FROM guess WHERE k = ?1",
    [SQL_GUESS_ADD] = "INSERT INTO guess VALUES(?1, 1, ?2) ON CONFLICT(k) DO UPDATE SET"
                      " n = n + 1, last = ?2",
    [SQL_GUESS_DROP] = "DELETE FROM guess WHERE k = ?1",
    [SQL_GUESS_OLD] = "DELETE FROM guess WHERE last < ?1",
    [SQL_GUESS_MANY] = "DELETE FROM guess WHERE (SELECT count(*) FROM guess) > ?1 AND k IN (SELECT"
                       " k FROM guess ORDER BY n, last LIMIT ?1 / 8)",
    [SQL_AUDIT_ADD] = "INSERT INTO audit VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_AUDIT_LAST] =
        "SELECT n, at, user, org, what, subject, detail, source FROM audit WHERE n < ?1"
        " ORDER BY n DESC LIMIT ?2",
    [SQL_AUDIT_ALL] =
        "SELECT n, at, user, org, what, subject, detail, source, hash FROM audit ORDER BY n",
    [SQL_AUDIT_TIMES] = "SELECT n, at FROM audit WHERE n >= ?1 ORDER BY n",
    [SQL_AUDIT_HASH] = "SELECT hash FROM audit WHERE n = ?1",
    [SQL_AUDIT_DROP] = "DELETE FROM audit WHERE n < ?1",
    [SQL_SUB_PUT] = "INSERT INTO subscription(id, user, made, changed, says, secret) VALUES(?1, ?2,"
                    " ?3, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE SET changed = ?3, says = ?4,"
                    " secret = ?5",
    [SQL_SUB_END] = "UPDATE subscription SET ended = ?3, feed = NULL WHERE id = ?1 AND user = ?2"
                    " AND ended IS NULL",
    [SQL_SUB_SECRET] = "UPDATE subscription SET secret = ?3, changed = ?4 WHERE id = ?1 AND"
                       " user = ?2 AND ended IS NULL",
    [SQL_SUB_KEPT] = "SELECT secret, coalesce(json_extract(says, '$.url'), '') FROM subscription"
                     " WHERE id = ?1 AND (?2 IS NULL OR user = ?2) AND ended IS NULL",
    [SQL_SUB_CLEAR] = "SELECT id, user, coalesce(json_extract(says, '$.url'), ''), secret FROM"
                      " subscription WHERE secret <> '' AND secret NOT LIKE 'sealed1:%' LIMIT 1",
    [SQL_SUB_SEAL] = "UPDATE subscription SET secret = ?2 WHERE id = ?1",
    [SQL_SUB_SEALS] = "SELECT coalesce(group_concat(DISTINCT substr(secret, 9, 16)), '') FROM"
                      " subscription WHERE ended IS NULL AND secret LIKE 'sealed1:%'",
    [SQL_SUB_FEED] = "UPDATE subscription SET feed = ?3 WHERE id = ?1 AND user = ?2 AND ended IS"
                     " NULL",
    [SQL_FEEDS_END_USER] = "UPDATE subscription SET feed = NULL WHERE user = ?1",
    [SQL_SUBS_END_USER] = "UPDATE subscription SET ended = ?2, feed = NULL WHERE user = ?1 AND"
                          " ended IS NULL",
    [SQL_SUBS_OLD] = "DELETE FROM subscription WHERE ended < ?1",
    [SQL_SUBS_COUNT] = "SELECT count(*), coalesce(sum(u.org = ?2 AND s.ended IS NULL), 0),"
                       " coalesce(sum(s.user = ?1 AND s.ended IS NULL), 0), coalesce(sum(s.user ="
                       " ?1), 0), coalesce(sum(u.org = ?2), 0) FROM subscription AS s JOIN user AS"
                       " u ON u.user = s.user",
    [SQL_SUBS] = SUBS " WHERE ?1 IS NULL OR (s.user = ?1 AND s.ended IS NULL) ORDER BY s.made,"
                      " s.id",
    [SQL_SUB_GET] = SUBS " WHERE s.id = ?2 AND (?1 IS NULL OR s.user = ?1) AND s.ended IS NULL",
    [SQL_SUB_BY_FEED] = WHO " s.made, s.changed, s.id FROM subscription AS s JOIN user AS u ON"
                            " u.user = s.user JOIN org AS o ON o.org = u.org WHERE s.feed = ?1 AND"
                            " s.ended IS NULL AND u.disabled = 0",
    [SQL_MAIL_GET] = "SELECT code, tries, letters, sent, confirmed FROM mail WHERE user = ?1 AND"
                     " address = ?2",
    [SQL_MAIL_PUT] = "INSERT INTO mail VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(user,"
                     " address) DO UPDATE SET code = ?3, tries = ?4, letters = ?5, sent = ?6,"
                     " confirmed = ?7",
    [SQL_MAIL_DROP] = "DELETE FROM mail WHERE user = ?1 AND address = ?2 AND confirmed IS"
                      " NOT NULL",
    [SQL_MAILS_DROP_USER] = "DELETE FROM mail WHERE user = ?1 AND confirmed IS NOT NULL",
    [SQL_MAIL_OLD] = "DELETE FROM mail WHERE confirmed IS NULL AND sent < ?1",
    [SQL_MAIL_COUNT] = "SELECT coalesce(sum(m.user = ?1), 0), coalesce(sum(m.address = ?2 AND u.org"
                       " = ?3), 0), coalesce(sum(u.org = ?3), 0), count(*), (SELECT count(*) FROM"
                       " mail WHERE user = ?1) FROM mail AS m JOIN user AS u ON u.user = m.user"
                       " WHERE m.confirmed IS NULL",
    [SQL_MAILS] = "SELECT address, confirmed, sent FROM mail WHERE user = ?1 ORDER BY address",
    [SQL_SAVED_PUT] = "INSERT INTO saved VALUES(?1, ?2, ?3, ?4) ON CONFLICT(user, name) DO UPDATE"
                      " SET place = ?3",
    [SQL_SAVED_END] = "DELETE FROM saved WHERE user = ?1 AND name = ?2",
    [SQL_SAVED_DROP_USER] = "DELETE FROM saved WHERE user = ?1",
    [SQL_SAVED_OTHERS] = "SELECT count(*) FROM saved WHERE user = ?1 AND name != ?2",
    [SQL_SAVED] = "SELECT name, place, made FROM saved WHERE user = ?1 ORDER BY made, name",
};

prac_rc access_sql_fail(struct access *a, struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, sys_sqlite_rc(a->db), "%s: %s", a->path,
                   a->db ? sqlite3_errmsg(a->db) : "no memory");
}

sqlite3_stmt *access_sql(struct access *a, enum access_sql what)
{
  (void)sqlite3_reset(a->st[what]);
  (void)sqlite3_clear_bindings(a->st[what]);
  return a->st[what];
}

void access_bind_text(sqlite3_stmt *s, int i, const char *text)
{
  if (text) (void)sqlite3_bind_text(s, i, text, -1, SQLITE_TRANSIENT);
}

const char *access_col_text(sqlite3_stmt *s, int i)
{
  const unsigned char *t = sqlite3_column_text(s, i);
  return t ? (const char *)t : "";
}

const char *access_keep(struct prac_arena *arena, sqlite3_stmt *s, int i)
{
  const char *t = access_col_text(s, i);
  return prac_arena_strndup(arena, t, strlen(t));
}

prac_time access_col_time(sqlite3_stmt *s, int i)
{
  return sqlite3_column_type(s, i) == SQLITE_NULL ? PRAC_TIME_NONE : sqlite3_column_int64(s, i);
}

prac_rc access_sql_run(struct access *a, sqlite3_stmt *s, struct prac_err *reterr)
{
  int st;
  while ((st = sqlite3_step(s)) == SQLITE_ROW) continue;
  prac_rc rc = st == SQLITE_DONE ? PRAC_OK : access_sql_fail(a, reterr);
  (void)sqlite3_reset(s);
  return rc;
}

prac_rc access_sql_row(struct access *a, sqlite3_stmt *s, struct prac_err *reterr)
{
  int st = sqlite3_step(s);
  if (st == SQLITE_ROW) return PRAC_OK;
  prac_rc rc = st == SQLITE_DONE ? PRAC_UNKNOWN : access_sql_fail(a, reterr);
  (void)sqlite3_reset(s);
  return rc;
}

prac_rc access_sql_json(struct access *a, sqlite3_stmt *s,
                        void (*put)(sqlite3_stmt *s, struct prac_json *j), struct prac_json *j)
{
  prac_rc rc;
  prac_json_open(j, '[');
  while ((rc = access_sql_row(a, s, NULL)) == PRAC_OK) {
    prac_json_open(j, '{');
    put(s, j);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
  return rc == PRAC_UNKNOWN ? j->bad ? PRAC_NOMEM : PRAC_OK : rc;
}

/* ---- transactions: one within another is part of it ---- */

prac_rc access_begin(struct access *a, struct prac_err *reterr)
{
  if (a->depth == 0) PRAC_TRY(access_sql_run(a, access_sql(a, SQL_BEGIN), reterr));
  a->depth++;
  return PRAC_OK;
}

void access_undo(struct access *a)
{
  for (size_t i = 0; i < SQL_COUNT_; i++) (void)sqlite3_reset(a->st[i]);
  (void)sqlite3_step(a->st[SQL_ROLLBACK]);
  (void)sqlite3_reset(a->st[SQL_ROLLBACK]);
}

prac_rc access_end(struct access *a, prac_rc rc, struct prac_err *reterr)
{
  a->spoilt |= rc != PRAC_OK;
  if (--a->depth > 0) return rc;
  bool undo = a->spoilt;
  a->spoilt = false;
  if (!undo) rc = access_sql_run(a, access_sql(a, SQL_COMMIT), reterr);
  if (undo && rc == PRAC_OK) rc = PRAC_FAIL(reterr, PRAC_IO, "%s: a part of it failed", a->path);
  if (rc != PRAC_OK) access_undo(a);
  return rc;
}

prac_rc access_change(struct access *a, sqlite3_stmt *s, const char *thing,
                      const struct access_line *l, struct prac_err *reterr)
{
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_sql_run(a, s, reterr);
  if (rc == PRAC_OK && sqlite3_changes(a->db) == 0)
    rc = PRAC_FAIL(reterr, PRAC_UNKNOWN, "there is no such %s", thing);
  if (rc == PRAC_OK) rc = access_line_add(a, l, reterr);
  return access_end(a, rc, reterr);
}

prac_rc access_rights_up(struct access *a, struct prac_err *reterr)
{
  return access_sql_run(a, access_sql(a, SQL_RIGHTS_UP), reterr);
}

prac_rc access_rights(struct access *a, uint64_t *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_GET);
  access_bind_text(s, 1, "rights");
  PRAC_TRY(access_sql_row(a, s, reterr));
  *ret = (uint64_t)sqlite3_column_int64(s, 0);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

bool access_name_ok(const char *s)
{
  size_t n = strlen(s);
  return n >= 1 && n <= ACCESS_NAME_MAX &&
         strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._@-") == n;
}

/* ---- open and close ---- */

static prac_rc exec(struct access *a, const char *text, struct prac_err *reterr)
{
  return sqlite3_exec(a->db, text, NULL, NULL, NULL) == SQLITE_OK ? PRAC_OK
                                                                  : access_sql_fail(a, reterr);
}

/* Nobody else's from its first byte on; made by root, it belongs to whom the directory does. SQLite
 * gives the files beside it the same owner and permissions. */
static prac_rc make_file(const char *path, struct prac_err *reterr)
{
  char dir[1024];
  struct stat st;
  prac_rc rc = sys_make_file(path, 0600, "", 0, reterr);
  if (rc == PRAC_EXISTS) return PRAC_OK;
  PRAC_TRY(rc);
  (void)snprintf(dir, sizeof dir, "%s", path);
  char *slash = strrchr(dir, '/');
  if (slash) *slash = 0;
  if (geteuid() != 0 || stat(slash ? dir : ".", &st) != 0) return PRAC_OK;
  if (chown(path, st.st_uid, st.st_gid) != 0)
    return sys_errno_rc(errno, reterr, "cannot give away", path);
  return PRAC_OK;
}

static prac_rc make_tables(struct access *a, struct prac_err *reterr)
{
  sqlite3_stmt *s = NULL;
  int version = -1;
  if (sqlite3_prepare_v2(a->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
      sqlite3_step(s) == SQLITE_ROW)
    version = sqlite3_column_int(s, 0);
  (void)sqlite3_finalize(s);
  if (version < 0) return access_sql_fail(a, reterr);
  if (version > SCHEMA)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "%s is of a newer version", a->path);
  if (version == SCHEMA) return PRAC_OK;
  for (int v = version; v < SCHEMA; v++) PRAC_TRY(exec(a, steps[v], reterr));
  return exec(a, "PRAGMA user_version = " PRAC_STR(SCHEMA), reterr);
}

static prac_rc prepare(struct access *a, struct prac_err *reterr)
{
  (void)sqlite3_busy_timeout(a->db, BUSY_MS);
  if (!a->conf.reads_only) {
    PRAC_TRY(
        exec(a, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE", reterr));
    PRAC_TRY(make_tables(a, reterr));
    PRAC_TRY(exec(a, "COMMIT", reterr));
  }
  PRAC_TRY(exec(a,
                a->conf.reads_only ? "PRAGMA query_only = 1"
                                   : "PRAGMA foreign_keys = 1; PRAGMA journal_size_limit = 4194304",
                reterr));
  for (size_t i = 0; i < SQL_COUNT_; i++)
    if (sqlite3_prepare_v3(a->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &a->st[i], NULL) !=
        SQLITE_OK)
      return access_sql_fail(a, reterr);
  return PRAC_OK;
}

prac_rc access_open(const char *path, const struct access_conf *c, const struct prac_clock *wall,
                    struct access **ret, struct prac_err *reterr)
{
  struct access *a = calloc(1, sizeof *a);
  if (!a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for accounts");
  a->conf = *c;
  a->wall = *wall;
  (void)snprintf(a->path, sizeof a->path, "%s", path);
  prac_rc rc = PRAC_OK;
  if (!c->reads_only)
    rc = make_file(path, reterr);
  else if (access(path, F_OK) != 0)
    rc = PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: there are no accounts yet", path);
  if (rc == PRAC_OK &&
      sqlite3_open_v2(path, &a->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    rc = access_sql_fail(a, reterr);
  if (rc == PRAC_OK) rc = prepare(a, reterr);
  if (rc != PRAC_OK)
    access_close(&a);
  else
    *ret = a;
  return rc;
}

void access_close(struct access **ap)
{
  struct access *a = *ap;
  *ap = NULL;
  if (!a) return;
  for (size_t i = 0; i < SQL_COUNT_; i++) (void)sqlite3_finalize(a->st[i]);
  (void)sqlite3_close(a->db);
  free(a);
}
