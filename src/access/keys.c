/* API keys: what a program signs in with. They see and may do what their user does. */
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

static prac_rc make_room(struct access *a, const char *user, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_KEYS_IN_USE);
  access_bind_text(s, 1, user);
  PRAC_TRY(access_sql_row(a, s, reterr));
  bool full = sqlite3_column_int64(s, 0) >= ACCESS_KEYS;
  (void)sqlite3_reset(s);
  if (full)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%.64s has %d keys in use: end one first", user,
                     ACCESS_KEYS);
  s = access_sql(a, SQL_KEYS_OLD);
  access_bind_text(s, 1, user);
  (void)sqlite3_bind_int(s, 2, ACCESS_KEYS);
  return access_sql_run(a, s, reterr);
}

static prac_rc add(struct access *a, const char *by, const char *user, const char *label,
                   const uint8_t hash[ACCESS_HASH], struct prac_err *reterr)
{
  struct access_line l = {by, NULL, "key made", user, label, NULL};
  sqlite3_stmt *s = access_sql(a, SQL_USER_GET);
  access_bind_text(s, 1, user);
  prac_rc rc = access_sql_row(a, s, reterr);
  (void)sqlite3_reset(s);
  if (rc == PRAC_UNKNOWN) return PRAC_FAIL(reterr, rc, "there is no user %.64s", user);
  PRAC_TRY(rc);
  PRAC_TRY(make_room(a, user, reterr));
  s = access_sql(a, SQL_KEY_ADD);
  (void)sqlite3_bind_blob(s, 1, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  access_bind_text(s, 2, user);
  access_bind_text(s, 3, label);
  (void)sqlite3_bind_int64(s, 4, prac_now(&a->wall));
  PRAC_TRY(access_sql_run(a, s, reterr));
  return access_line_add(a, &l, reterr);
}

prac_rc access_key_new(struct access *a, const char *by, const char *user, const char *label,
                       char key[ACCESS_TOKEN_TEXT], struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH];
  PRAC_TRY(access_text_ok("label", label, reterr));
  PRAC_TRY(access_token_new("pk_", key, hash, reterr));
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, add(a, by, user, label, hash, reterr), reterr);
}

prac_rc access_key_end(struct access *a, const char *by, const char *user, uint64_t id,
                       struct prac_err *reterr)
{
  char on[24];
  (void)snprintf(on, sizeof on, "%llu", (unsigned long long)id);
  struct access_line l = {by, NULL, "key ended", on, NULL, NULL};
  sqlite3_stmt *s = access_sql(a, SQL_KEY_END);
  (void)sqlite3_bind_int64(s, 1, id < INT64_MAX ? (int64_t)id : 0);
  (void)sqlite3_bind_int64(s, 2, prac_now(&a->wall));
  access_bind_text(s, 3, user);
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_sql_run(a, s, reterr);
  if (rc == PRAC_OK && sqlite3_changes(a->db) == 0)
    rc = PRAC_FAIL(reterr, PRAC_UNKNOWN, "there is no such key in use");
  if (rc == PRAC_OK) rc = access_rights_up(a, reterr);
  if (rc == PRAC_OK) rc = access_line_add(a, &l, reterr);
  return access_end(a, rc, reterr);
}

static void put_key(sqlite3_stmt *s, struct prac_json *j)
{
  static const char *const names[] = {"user", "label"}, *const times[] = {"made", "used", "ended"};
  prac_json_key(j, "id");
  prac_json_i64(j, sqlite3_column_int64(s, 0));
  for (int i = 0; i < 2; i++) {
    prac_json_key_str(j, names[i], access_col_text(s, 1 + i));
  }
  for (int i = 0; i < 3; i++) {
    prac_json_key_time(j, times[i], access_col_time(s, 3 + i));
  }
}

prac_rc access_keys_json(struct access *a, const char *user, struct prac_json *j)
{
  sqlite3_stmt *s = access_sql(a, SQL_KEYS);
  access_bind_text(s, 1, user);
  return access_sql_json(a, s, put_key, j);
}
