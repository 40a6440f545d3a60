/* The audit log: every line's hash covers the line and the hash before it, and the last one stands
 * in `meta` as well, so that an edited, removed, added or moved line shows, at the end too. */
#include <openssl/crypto.h>
#include <string.h>

#include "access/impl.h"

enum { TEXT_MAX = 4096, TEXTS = 6 };

struct line {
  int64_t n;
  prac_time at;
  const char *text[TEXTS]; /* user, org, what, subject, detail, source */
};

static void put_u64(uint8_t *to, uint64_t v)
{
  for (int i = 0; i < 8; i++) to[i] = (uint8_t)(v >> (8 * i));
}

/* hash = SHA-256 of the hash before, number, time, and SHA-256 of each text. */
static void chain(uint8_t hash[ACCESS_HASH], const struct line *l)
{
  uint8_t all[ACCESS_HASH + 16 + TEXTS * ACCESS_HASH];
  memcpy(all, hash, ACCESS_HASH);
  put_u64(all + ACCESS_HASH, (uint64_t)l->n);
  put_u64(all + ACCESS_HASH + 8, (uint64_t)l->at);
  for (size_t i = 0; i < TEXTS; i++)
    access_sha256(l->text[i], strlen(l->text[i]), all + ACCESS_HASH + 16 + i * ACCESS_HASH);
  access_sha256(all, sizeof all, hash);
}

static prac_rc head(struct access *a, int64_t *n, uint8_t hash[ACCESS_HASH],
                    struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_GET);
  access_bind_text(s, 1, "audit");
  PRAC_TRY(access_sql_row(a, s, reterr));
  bool whole = sqlite3_column_bytes(s, 1) == ACCESS_HASH;
  *n = sqlite3_column_int64(s, 0);
  if (whole) memcpy(hash, sqlite3_column_blob(s, 1), ACCESS_HASH);
  (void)sqlite3_reset(s);
  return whole ? PRAC_OK : PRAC_FAIL(reterr, PRAC_DAMAGED, "%s: the audit has no end", a->path);
}

static const char *short_of(const char *text, char to[TEXT_MAX])
{
  size_t n = text ? strnlen(text, TEXT_MAX - 1) : 0;
  if (n) memcpy(to, text, n);
  to[n] = 0;
  return to;
}

prac_rc access_line_add(struct access *a, const struct access_line *l, struct prac_err *reterr)
{
  char detail[TEXT_MAX], on[TEXT_MAX];
  uint8_t hash[ACCESS_HASH];
  struct line line = {.at = prac_now(&a->wall),
                      .text = {l->user ? l->user : "", l->org ? l->org : "", l->what,
                               short_of(l->on, on), short_of(l->detail, detail),
                               l->from ? l->from : ""}};
  PRAC_TRY(head(a, &line.n, hash, reterr));
  line.n++;
  chain(hash, &line);
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_ADD);
  (void)sqlite3_bind_int64(s, 1, line.n);
  (void)sqlite3_bind_int64(s, 2, line.at);
  for (int i = 0; i < TEXTS; i++) access_bind_text(s, 3 + i, line.text[i]);
  (void)sqlite3_bind_blob(s, 3 + TEXTS, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_META_PUT);
  access_bind_text(s, 1, "audit");
  (void)sqlite3_bind_int64(s, 2, line.n);
  (void)sqlite3_bind_blob(s, 3, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  return access_sql_run(a, s, reterr);
}

prac_rc access_note(struct access *a, const struct access_who *who, const struct access_event *e,
                    struct prac_err *reterr)
{
  struct access_line l = {who->user, who->org, e->what, e->on, e->detail, e->from};
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, access_line_add(a, &l, reterr), reterr);
}

static void put_line(sqlite3_stmt *s, struct prac_json *j)
{
  static const char *const names[] = {"user", "org", "what", "on", "detail", "from"};
  prac_json_key(j, "n");
  prac_json_i64(j, sqlite3_column_int64(s, 0));
  prac_json_key_time(j, "at", sqlite3_column_int64(s, 1));
  for (int i = 0; i < TEXTS; i++) {
    prac_json_key_str(j, names[i], access_col_text(s, 2 + i));
  }
}

prac_rc access_audit_json(struct access *a, uint64_t before, uint32_t limit, struct prac_json *j)
{
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_LAST);
  (void)sqlite3_bind_int64(s, 1, before && before < INT64_MAX ? (int64_t)before : INT64_MAX);
  (void)sqlite3_bind_int64(s, 2, limit);
  return access_sql_json(a, s, put_line, j);
}

/* Is the row in s what stands after *hash? Moves on to it. */
static bool follows(sqlite3_stmt *s, int64_t n, uint8_t hash[ACCESS_HASH])
{
  struct line l = {.n = sqlite3_column_int64(s, 0), .at = sqlite3_column_int64(s, 1)};
  for (int i = 0; i < TEXTS; i++) {
    l.text[i] = access_col_text(s, 2 + i);
    if ((size_t)sqlite3_column_bytes(s, 2 + i) != strlen(l.text[i])) return false;
  }
  if (l.n != n || sqlite3_column_bytes(s, 2 + TEXTS) != ACCESS_HASH) return false;
  chain(hash, &l);
  return CRYPTO_memcmp(hash, sqlite3_column_blob(s, 2 + TEXTS), ACCESS_HASH) == 0;
}

static prac_rc check(struct access *a, struct access_audit_state *ret, struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH] = {0}, last[ACCESS_HASH];
  int64_t n = 0, n_last;
  bool good = true;
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_ALL);
  prac_rc rc;
  PRAC_TRY(head(a, &n_last, last, reterr));
  while ((rc = access_sql_row(a, s, reterr)) == PRAC_OK && (good = follows(s, n + 1, hash))) n++;
  (void)sqlite3_reset(s);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  good = good && n == n_last && memcmp(hash, last, ACCESS_HASH) == 0;
  *ret = (struct access_audit_state){.lines = (uint64_t)n, .bad = good ? 0 : (uint64_t)n + 1};
  (void)access_hex(hash, ACCESS_HASH, ret->head);
  if (good) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_DAMAGED, "the audit is not as it was written from line %llu on",
                   (unsigned long long)ret->bad);
}

/* In one view of the file: lines that are written meanwhile are not looked at. */
prac_rc access_audit_check(struct access *a, struct access_audit_state *ret,
                           struct prac_err *reterr)
{
  PRAC_TRY(access_sql_run(a, access_sql(a, SQL_VIEW), reterr));
  prac_rc rc = check(a, ret, reterr);
  access_undo(a);
  return rc;
}
