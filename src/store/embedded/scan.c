/* Questions to the flows themselves, in SQL over the catalogue's files and what still stands in the
 * log. Nothing of the user's text goes into the SQL: numbers are printed from numbers, the two
 * texts (sensor, country) have been checked letter by letter in store_query_check.
 *
 * A file that has gone was compacted or has aged: the catalogue is read again. A file that cannot
 * be read is found out, named in the log, and left out of this and later answers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/embedded/flows.h"

static const struct prac_log_event ev_damaged = {
    "store_segment_damaged", PRAC_LOG_ERROR,
    "check the disk; restore the file from a backup, or remove it: all other flows are answered"};

/* ---- which files ---- */
void emb_files_done(struct emb_files *f)
{
  free(f->v);
  *f = (struct emb_files){0};
}

static void keep_address(sqlite3_stmt *s, int col, struct prac_ip *ret)
{
  *ret = (struct prac_ip){{0}};
  if (sqlite3_column_bytes(s, col) == (int)sizeof *ret)
    memcpy(ret, sqlite3_column_blob(s, col), sizeof *ret);
}

static prac_rc add_file(struct emb_files *f, sqlite3_stmt *s)
{
  if (f->n == f->cap) {
    size_t cap = f->cap ? f->cap * 2 : 64;
    struct emb_file *v = realloc(f->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    f->v = v;
    f->cap = cap;
  }
  struct emb_file *to = &f->v[f->n++];
  to->id = sqlite3_column_int64(s, 0);
  keep_address(s, 1, &to->src_lo);
  keep_address(s, 2, &to->src_hi);
  to->span = (struct prac_span){sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4)};
  to->rows = sqlite3_column_int64(s, 5);
  return PRAC_OK;
}

static bool is_bad(const struct emb *e, int64_t id)
{
  for (size_t i = 0; i < e->n_bad; i++)
    if (e->bad[i] == id) return true;
  return false;
}

void emb_last_address(const struct prac_prefix *p, struct prac_ip *ret)
{
  *ret = p->ip;
  for (unsigned bit = p->bits; bit < 128; bit++)
    ret->b[bit / 8] = (uint8_t)(ret->b[bit / 8] | 0x80u >> bit % 8);
}

struct prac_span emb_minutes(const struct store_query *q)
{
  struct prac_span s = {INT64_MIN, INT64_MAX};
  if (q->span.from != PRAC_TIME_NONE) s.from = prac_time_floor(q->span.from, PRAC_MIN);
  if (q->span.to != PRAC_TIME_NONE) s.to = q->span.to;
  return s;
}

prac_rc emb_files_list(struct emb *e, const struct store_query *q, struct emb_files *ret,
                       struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  struct prac_span span = emb_minutes(q);
  struct prac_ip last;
  emb_last_address(&q->src, &last);
  PRAC_TRY(emb_stmt(e, EMB_SEGMENTS, &s, reterr));
  sqlite3_bind_int64(s, 1, span.from);
  sqlite3_bind_int64(s, 2, span.to);
  sqlite3_bind_blob(s, 3, &q->src.ip, sizeof q->src.ip, SQLITE_STATIC);
  sqlite3_bind_blob(s, 4, &last, sizeof last, SQLITE_STATIC);
  prac_rc rc;
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    if (!is_bad(e, sqlite3_column_int64(s, 0)) && add_file(ret, s) != PRAC_OK) {
      rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan");
      break;
    }
  }
  sqlite3_reset(s);
  return rc;
}

/* ---- what is wrong with a file ---- */
static bool readable(struct emb *e, int64_t id)
{
  char path[EMB_PATH];
  struct emb_sqltext t = {0};
  duckdb_result r;
  if (emb_duck_open(e, NULL) != PRAC_OK) return true; /* that is not the file's fault */
  emb_path(e, path, "flows", id);
  emb_say(&t, "SELECT min(COLUMNS(*)) FROM read_parquet('%s')", path);
  bool ok = !t.bad && duckdb_query(e->duck->lane[0].con, t.v, &r) == DuckDBSuccess;
  if (!ok && !t.bad)
    prac_log(e->log, &ev_damaged, "%s cannot be read: %.200s", path,
             duckdb_result_error(&r) ? duckdb_result_error(&r) : "");
  if (!t.bad) duckdb_destroy_result(&r);
  emb_say_done(&t);
  return ok;
}

static bool remember_bad(struct emb *e, int64_t id)
{
  if (e->n_bad == EMB_BAD_MAX) return false;
  e->bad[e->n_bad++] = id;
  return true;
}

bool emb_files_changed(struct emb *e, const struct emb_files *f)
{
  bool again = false;
  for (size_t i = 0; i < f->n; i++) {
    char path[EMB_PATH];
    emb_path(e, path, "flows", f->v[i].id);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
      int64_t still = 0;
      char text[96];
      (void)snprintf(text, sizeof text, "SELECT count(*) FROM segment WHERE id = %" PRId64,
                     f->v[i].id);
      prac_rc rc = emb_one(e, text, &still, NULL);
      if (rc == PRAC_OK && still) { /* the catalogue says it is there */
        prac_log(e->log, &ev_damaged, "%s is missing", path);
        again = remember_bad(e, f->v[i].id) || again;
      } else {
        again = true;
      }
    } else if (!readable(e, f->v[i].id)) {
      again = remember_bad(e, f->v[i].id) || again;
    }
  }
  return again;
}

/* ---- running ---- */
void emb_files_from(const struct emb *e, const struct emb_files *f, bool hot, struct emb_sqltext *t)
{
  emb_say(t, "(");
  if (f->n > 0) {
    emb_say(t, "SELECT * FROM read_parquet([");
    for (size_t i = 0; i < f->n; i++) {
      char path[EMB_PATH];
      emb_path(e, path, "flows", f->v[i].id);
      emb_say(t, "%s'%s'", i ? "," : "", path);
    }
    emb_say(t, "])");
  }
  if (f->n > 0 && hot) emb_say(t, " UNION ALL ");
  if (f->n == 0 || hot) emb_say(t, EMB_HOT_TEXTS);
  emb_say(t, ")");
}

static prac_rc find(struct emb *e, const struct store_query *q, struct emb_files *f,
                    struct emb_hot *hot, struct prac_err *reterr)
{
  prac_rc rc = emb_run(e, EMB_READ, reterr);
  if (rc == PRAC_OK) rc = emb_files_list(e, q, f, reterr);
  if (rc == PRAC_OK) rc = emb_hot_read(e, emb_minutes(q), q->sensor, hot, reterr);
  emb_rollback(e);
  return rc;
}

static prac_rc ask(struct emb *e, const struct store_query *q, const struct emb_files *f,
                   const struct emb_hot *hot, bool picked, duckdb_result *ret,
                   struct prac_err *reterr)
{
  struct emb_sqltext from = {0}, sql = {0};
  PRAC_TRY(emb_feed_set(&e->duck->lane[0], hot, NULL, 0, reterr));
  if (picked)
    emb_say(&from, "picked");
  else
    emb_files_from(e, f, hot->n > 0, &from);
  if (!from.bad) emb_scan_sql(q, from.v, &sql);
  prac_rc rc = from.bad || sql.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan")
                                   : emb_duck_run(&e->duck->lane[0], sql.v, ret, reterr);
  emb_say_done(&from);
  emb_say_done(&sql);
  return rc;
}

/* *ret_again: the list of files has changed meanwhile. */
static prac_rc once(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                    bool *ret_again, struct prac_err *reterr)
{
  struct emb_files f = {0};
  struct emb_hot hot = {0};
  duckdb_result r;
  memset(&r, 0, sizeof r);
  bool picked = emb_pick(e, q);
  prac_rc rc = picked ? PRAC_OK : find(e, q, &f, &hot, reterr);
  bool runs = rc == PRAC_OK && emb_runs_ask(q, &f, &hot);
  if (runs && emb_runs_apart(&f)) {
    rc = emb_runs_query(e, q, &f, each, arg, reterr);
  } else if (runs) {
    rc = emb_merge_query(e, q, &f, each, arg, reterr);
    runs = rc != PRAC_UNSUPPORTED;
    if (!runs) rc = PRAC_OK;
  }
  if (!runs && rc == PRAC_OK && (rc = emb_duck_open(e, reterr)) == PRAC_OK)
    rc = ask(e, q, &f, &hot, picked, &r, reterr);
  *ret_again = rc == PRAC_AGAIN || (rc == PRAC_IO && emb_files_changed(e, &f));
  if (rc == PRAC_OK && !runs) rc = emb_scan_answer(q, &r, each, arg, reterr);
  duckdb_destroy_result(&r);
  if (e->duck) emb_feed_clear(&e->duck->lane[0]);
  emb_hot_done(&hot);
  emb_files_done(&f);
  return rc;
}

/* Rows by our own reader. */
static prac_rc rows_once(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                         struct prac_err *reterr)
{
  struct emb_files f = {0};
  struct emb_sources s = {0};
  prac_rc rc = emb_run(e, EMB_READ, reterr);
  if (rc == PRAC_OK) rc = emb_files_list(e, q, &f, reterr);
  if (rc == PRAC_OK) rc = emb_sources_list(e, q, &f, &s, reterr);
  emb_rollback(e);
  if (rc == PRAC_OK) {
    rc = q->what == STORE_FLOWS ? emb_flows_top(e, q, &s, each, arg)
                                : emb_flows_host(e, q, &s, each, arg);
    if (rc == PRAC_NOMEM || rc == PRAC_FULL)
      (void)PRAC_FAIL(reterr, rc, "the answer is too big: narrow the time or the filters");
  }
  emb_sources_done(&s);
  emb_files_done(&f);
  return rc;
}

prac_rc emb_scan_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                       struct prac_err *reterr)
{
  enum { TRIES = 6 };
  bool rows = q->what == STORE_FLOWS || q->what == STORE_HOST;
  prac_rc rc = PRAC_AGAIN;
  for (int i = 0; i < TRIES && rows && rc == PRAC_AGAIN; i++)
    rc = rows_once(e, q, each, arg, reterr);
  if (rows && rc != PRAC_UNSUPPORTED && rc != PRAC_AGAIN) return rc;
  bool again = true;
  for (int i = 0; i < TRIES && again; i++) rc = once(e, q, each, arg, &again, reterr);
  return rc;
}
