/* Pauses after failures, of a name and of an address. Names are kept as hashes: what is typed into
 * a name's field may be a password. */
#include <string.h>

#include "access/impl.h"

enum { FREE = 5, PAUSE_MAX_S = 900, FORGET_S = 3600, ROWS_MAX = 20000 };

static int64_t key_of(enum access_guess kind, const void *what, size_t n)
{
  uint8_t text[1 + ACCESS_TEXT_MAX] = {(uint8_t)kind}, hash[ACCESS_HASH];
  int64_t key;
  if (n > ACCESS_TEXT_MAX) n = ACCESS_TEXT_MAX;
  memcpy(text + 1, what, n);
  access_sha256(text, 1 + n, hash);
  memcpy(&key, hash, sizeof key);
  return key ? key : 1;
}

struct access_guess_keys access_guess_keys(const struct access_signing *s)
{
  struct access_guess_keys k = {
      {[ACCESS_GUESS_NAME] = key_of(ACCESS_GUESS_NAME, s->user, strlen(s->user))}};
  if (s->from) /* an IPv6 customer has a /64 at least */
    k.of[ACCESS_GUESS_ADDRESS] =
        key_of(ACCESS_GUESS_ADDRESS, s->from->b, prac_ip_is4(s->from) ? 16 : 8);
  return k;
}

static int64_t pause_s(int64_t n)
{
  int64_t over = n - FREE;
  return over < 0 ? 0 : over >= 10 ? PAUSE_MAX_S : INT64_C(1) << over;
}

prac_rc access_guess_check(struct access *a, const struct access_guess_keys *k, int *ret_wait_s,
                           struct prac_err *reterr)
{
  int64_t now_s = prac_now(&a->wall) / PRAC_SEC, wait = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(k->of); i++) {
    sqlite3_stmt *s = access_sql(a, SQL_GUESS_GET);
    (void)sqlite3_bind_int64(s, 1, k->of[i]);
    prac_rc rc = k->of[i] ? access_sql_row(a, s, reterr) : PRAC_UNKNOWN;
    if (rc == PRAC_UNKNOWN) continue;
    PRAC_TRY(rc);
    int64_t pause = pause_s(sqlite3_column_int64(s, 0));
    int64_t left = sqlite3_column_int64(s, 1) + pause - now_s;
    if (left > pause) left = pause; /* the wall was set back */
    if (left > wait) wait = left;
    (void)sqlite3_reset(s);
  }
  if (wait <= 0) return PRAC_OK;
  *ret_wait_s = (int)wait;
  return PRAC_FAIL(reterr, PRAC_AGAIN, "too many failures; try again in %d s", (int)wait);
}

prac_rc access_guess_failed(struct access *a, const struct access_guess_keys *k,
                            struct prac_err *reterr)
{
  int64_t now_s = prac_now(&a->wall) / PRAC_SEC;
  sqlite3_stmt *s = access_sql(a, SQL_GUESS_OLD);
  (void)sqlite3_bind_int64(s, 1, now_s - FORGET_S);
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_GUESS_MANY);
  (void)sqlite3_bind_int64(s, 1, ROWS_MAX);
  PRAC_TRY(access_sql_run(a, s, reterr));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(k->of); i++) {
    if (!k->of[i]) continue;
    s = access_sql(a, SQL_GUESS_ADD);
    (void)sqlite3_bind_int64(s, 1, k->of[i]);
    (void)sqlite3_bind_int64(s, 2, now_s);
    PRAC_TRY(access_sql_run(a, s, reterr));
  }
  return PRAC_OK;
}

prac_rc access_guess_passed(struct access *a, const struct access_guess_keys *k,
                            struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_GUESS_DROP);
  (void)sqlite3_bind_int64(s, 1, k->of[ACCESS_GUESS_NAME]);
  return access_sql_run(a, s, reterr);
}
