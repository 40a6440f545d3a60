/* The audit log: every line's hash covers the line and the hash before it, and the last one stands
 * in `meta` as well, so that an edited, removed, added or moved line shows, at the end too. At the
 * beginning, what was removed by age is vouched for by a line of the chain: what `meta` says of it
 * must be what the last such line says. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

enum { TEXT_MAX = 4096, TEXTS = 6, PRUNE_LEAST = 100, PRUNE_MOST = 50000, COUNT_MOST = 10000 };
static const char pruned[] = "audit pruned", at_end[] = "audit", at_start[] = "audit_first",
                  counted[] = "audit_age";

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

/* A place in the chain that meta keeps. PRAC_UNKNOWN: none. */
static prac_rc place(struct access *a, const char *which, int64_t *n, uint8_t hash[ACCESS_HASH],
                     struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_GET);
  access_bind_text(s, 1, which);
  PRAC_TRY(access_sql_row(a, s, reterr));
  bool whole = sqlite3_column_bytes(s, 1) == ACCESS_HASH;
  *n = sqlite3_column_int64(s, 0);
  if (whole) memcpy(hash, sqlite3_column_blob(s, 1), ACCESS_HASH);
  (void)sqlite3_reset(s);
  return whole ? PRAC_OK : PRAC_FAIL(reterr, PRAC_DAMAGED, "%s: the audit has no end", a->path);
}

static prac_rc set_place(struct access *a, const char *which, int64_t n,
                         const uint8_t hash[ACCESS_HASH], struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_PUT);
  access_bind_text(s, 1, which);
  (void)sqlite3_bind_int64(s, 2, n);
  (void)sqlite3_bind_blob(s, 3, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  return access_sql_run(a, s, reterr);
}

static const char *short_of(const char *text, char to[TEXT_MAX])
{
  size_t n = text ? strnlen(text, TEXT_MAX - 1) : 0;
  if (n) memcpy(to, text, n);
  to[n] = 0;
  return to;
}

void access_acting(struct access *a, const char *org, const char *from)
{
  a->acting_org = org;
  a->acting_from = from;
}

/* The first that is given; "": none. */
static const char *first_of(const char *a, const char *b)
{
  return a ? a : b ? b : "";
}

prac_rc access_line_add(struct access *a, const struct access_line *l, struct prac_err *reterr)
{
  char detail[TEXT_MAX], on[TEXT_MAX];
  uint8_t hash[ACCESS_HASH];
  struct line line = {.at = prac_now(&a->wall),
                      .text = {first_of(l->user, NULL), first_of(l->org, a->acting_org), l->what,
                               short_of(l->on, on), short_of(l->detail, detail),
                               first_of(l->from, a->acting_from)}};
  PRAC_TRY(place(a, at_end, &line.n, hash, reterr));
  line.n++;
  chain(hash, &line);
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_ADD);
  (void)sqlite3_bind_int64(s, 1, line.n);
  (void)sqlite3_bind_int64(s, 2, line.at);
  for (int i = 0; i < TEXTS; i++) access_bind_text(s, 3 + i, line.text[i]);
  (void)sqlite3_bind_blob(s, 3 + TEXTS, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  PRAC_TRY(access_sql_run(a, s, reterr));
  return set_place(a, at_end, line.n, hash, reterr);
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

/* What a line about pruning says: the last that went, and its hash. */
struct anchor {
  char on[24], detail[2 * ACCESS_HASH + 1];
};

static struct anchor anchor_of(int64_t n, const uint8_t hash[ACCESS_HASH])
{
  struct anchor x;
  (void)snprintf(x.on, sizeof x.on, "%lld", (long long)n);
  (void)access_hex(hash, ACCESS_HASH, x.detail);
  return x;
}

/* Walks the chain on from line *n; *ret: the last line about pruning is as `want`, or there is
 * none. */
static prac_rc walk(struct access *a, int64_t *n, uint8_t hash[ACCESS_HASH],
                    const struct anchor *want, bool *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_ALL);
  bool anchored = *n == 0, good = true;
  prac_rc rc;
  while ((rc = access_sql_row(a, s, reterr)) == PRAC_OK && (good = follows(s, *n + 1, hash))) {
    ++*n;
    if (strcmp(access_col_text(s, 4), pruned) == 0)
      anchored = strcmp(access_col_text(s, 5), want->on) == 0 &&
                 strcmp(access_col_text(s, 6), want->detail) == 0;
  }
  (void)sqlite3_reset(s);
  *ret = good && anchored;
  return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
}

static prac_rc check(struct access *a, struct access_audit_state *ret, struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH] = {0}, last[ACCESS_HASH];
  int64_t first = 0, n_last;
  bool good;
  PRAC_TRY(place(a, at_end, &n_last, last, reterr));
  prac_rc rc = place(a, at_start, &first, hash, reterr);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  int64_t n = first;
  const struct anchor want = anchor_of(first, hash);
  PRAC_TRY(walk(a, &n, hash, &want, &good, reterr));
  bool whole = n == n_last && memcmp(hash, last, ACCESS_HASH) == 0;
  int64_t bad = !whole ? n + 1 : !good ? first + 1 : 0;
  good = good && whole;
  *ret = (struct access_audit_state){
      .lines = (uint64_t)(n - first), .pruned = (uint64_t)first, .bad = (uint64_t)bad};
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

/* ---- what is too old ---- */

static const int64_t month = 30 * PRAC_DAY;

/* The longest time between two lines that counts. */
static int64_t gap_most(const struct access *a)
{
  return a->conf.audit_keep_ns / 10 < month ? a->conf.audit_keep_ns / 10 : month;
}

/* From one line to the next, as far as it counts. */
static int64_t gap(const struct access *a, prac_time from, prac_time to)
{
  int64_t d;
  if (to <= from) return 0;
  return __builtin_sub_overflow(to, from, &d) || d > gap_most(a) ? gap_most(a) : d;
}

/* How much lies between the first line and line n: kept in meta, so that nobody walks through all
 * lines each time. */
struct age {
  int64_t n, sum; /* n 0: nothing is counted yet */
  prac_time at;   /* of line n */
};

static prac_rc age_read(struct access *a, struct age *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_GET);
  *ret = (struct age){0};
  access_bind_text(s, 1, counted);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc != PRAC_OK) return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
  if (sqlite3_column_bytes(s, 1) == sizeof ret->sum) {
    ret->n = sqlite3_column_int64(s, 0);
    memcpy(&ret->sum, sqlite3_column_blob(s, 1), sizeof ret->sum);
  }
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

static prac_rc age_write(struct access *a, const struct age *g, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_PUT);
  access_bind_text(s, 1, counted);
  (void)sqlite3_bind_int64(s, 2, g->n);
  (void)sqlite3_bind_blob(s, 3, &g->sum, sizeof g->sum, SQLITE_TRANSIENT);
  return access_sql_run(a, s, reterr);
}

/* Goes on from where it was towards the newest line. PRAC_AGAIN: there are more. */
static prac_rc age_count(struct access *a, struct age *g, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_TIMES);
  int64_t known = g->n;
  prac_rc rc;
  (void)sqlite3_bind_int64(s, 1, known);
  for (int i = 0; (rc = access_sql_row(a, s, reterr)) == PRAC_OK && i <= COUNT_MOST; i++) {
    int64_t n = sqlite3_column_int64(s, 0);
    prac_time at = sqlite3_column_int64(s, 1);
    if (g->n && n > known) g->sum += gap(a, g->at, at);
    g->n = n;
    g->at = at;
  }
  (void)sqlite3_reset(s);
  return rc == PRAC_UNKNOWN ? PRAC_OK : rc == PRAC_OK ? PRAC_AGAIN : rc;
}

/* The first line that stays; 0: all do. g: of all lines, then of those that stay. */
static prac_rc first_to_stay(struct access *a, struct age *g, int64_t *ret, struct prac_err *reterr)
{
  int64_t age = g->sum + gap(a, g->at, prac_now(&a->wall)), first = 0, stays = 0, gone = 0;
  int64_t most = g->n + 1 - ACCESS_AUDIT_LEAST; /* the newest */
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_TIMES);
  prac_time before = 0;
  prac_rc rc;
  (void)sqlite3_bind_int64(s, 1, 0);
  while ((rc = access_sql_row(a, s, reterr)) == PRAC_OK) {
    stays = sqlite3_column_int64(s, 0);
    if (!first)
      first = stays;
    else
      gone += gap(a, before, sqlite3_column_int64(s, 1));
    before = sqlite3_column_int64(s, 1);
    if (age - gone <= a->conf.audit_keep_ns || stays >= most || stays >= first + PRUNE_MOST) break;
  }
  (void)sqlite3_reset(s);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  *ret = stays >= first + PRUNE_LEAST ? stays : 0; /* each time is a line, too */
  if (*ret) g->sum -= gone;
  return PRAC_OK;
}

/* All lines before it go. */
static prac_rc drop_before(struct access *a, int64_t stays, struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH];
  sqlite3_stmt *s = access_sql(a, SQL_AUDIT_HASH);
  (void)sqlite3_bind_int64(s, 1, stays - 1);
  prac_rc rc = access_sql_row(a, s, reterr);
  bool whole = rc == PRAC_OK && sqlite3_column_bytes(s, 0) == ACCESS_HASH;
  if (whole) memcpy(hash, sqlite3_column_blob(s, 0), ACCESS_HASH);
  (void)sqlite3_reset(s);
  if (!whole && (rc == PRAC_OK || rc == PRAC_UNKNOWN))
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s: line %lld of the audit is not there", a->path,
                     (long long)stays - 1);
  PRAC_TRY(rc);
  s = access_sql(a, SQL_AUDIT_DROP);
  (void)sqlite3_bind_int64(s, 1, stays);
  PRAC_TRY(access_sql_run(a, s, reterr));
  PRAC_TRY(set_place(a, at_start, stays - 1, hash, reterr));
  const struct anchor x = anchor_of(stays - 1, hash);
  struct access_line l = {"(age)", NULL, pruned, x.on, x.detail, NULL};
  return access_line_add(a, &l, reterr);
}

/* How old the newest line is, when that is so long that the wall may have jumped; once a line. */
static int64_t jumped(struct access *a, const struct age *g)
{
  int64_t ahead;
  if (g->n == a->jumped_at || __builtin_sub_overflow(prac_now(&a->wall), g->at, &ahead)) return 0;
  if (ahead <= month) return 0;
  a->jumped_at = g->n;
  return ahead;
}

static prac_rc prune(struct access *a, struct age *g, int64_t *ret_ahead, struct prac_err *reterr)
{
  int64_t stays;
  *ret_ahead = jumped(a, g);
  PRAC_TRY(first_to_stay(a, g, &stays, reterr));
  return stays ? drop_before(a, stays, reterr) : PRAC_OK;
}

static prac_rc step(struct access *a, bool *ret_more, int64_t *ret_ahead, struct prac_err *reterr)
{
  struct age g;
  PRAC_TRY(age_read(a, &g, reterr));
  prac_rc rc = age_count(a, &g, reterr);
  *ret_more = rc == PRAC_AGAIN;
  if (rc == PRAC_OK) rc = prune(a, &g, ret_ahead, reterr);
  return rc == PRAC_OK || rc == PRAC_AGAIN ? age_write(a, &g, reterr) : rc;
}

prac_rc access_audit_prune(struct access *a, int64_t *ret_ahead, struct prac_err *reterr)
{
  bool more = false;
  *ret_ahead = 0;
  if (a->conf.audit_keep_ns <= 0) return PRAC_OK;
  PRAC_TRY(access_begin(a, reterr));
  PRAC_TRY(access_end(a, step(a, &more, ret_ahead, reterr), reterr));
  return more ? PRAC_AGAIN : PRAC_OK;
}
