/* Flows to be replayed, window after window of minutes: the catalogue says which batches there are,
 * the log still has them whole, segments have their rows in another order. A window is a day (a
 * quiet telescope has a segment a day), or less where that would be more rows than a scan may hold
 * in memory, but never less than a minute. Each is gathered in one read transaction and handed out
 * after it, so that a slow replay never holds up the writer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/batches.h"
#include "store/embedded/scan.h"

enum { ROW_BYTES = 512 }; /* what a row costs in DuckDB's result and in ours together, at most */

struct reading {
  struct emb *e;
  const struct store_batch_query *q;
  struct prac_span window;
  struct store_batches *into;
  struct emb_files files;
  struct emb_hot hot;
};

/* From the first minute at or after `from` that has batches; false: none before `to`. */
static prac_rc next_window(struct emb *e, struct prac_span rest, struct prac_span *ret,
                           bool *ret_any, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  int64_t rows = 0, most = e->conf.memory_bytes / ROW_BYTES;
  *ret_any = false;
  PRAC_TRY(emb_stmt(e, EMB_MINUTES, &s, reterr));
  sqlite3_bind_int64(s, 1, rest.from);
  sqlite3_bind_int64(s, 2, rest.to);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    prac_time minute = sqlite3_column_int64(s, 0);
    rows += sqlite3_column_int64(s, 1);
    if (!*ret_any) ret->from = minute;
    if (*ret_any && (rows > most || minute >= prac_time_floor(ret->from, PRAC_DAY) + PRAC_DAY))
      break;
    *ret_any = true;
    ret->to = minute + PRAC_MIN;
  }
  sqlite3_reset(s);
  return rc;
}

static prac_rc catalogue(struct reading *r, bool *ret_segments, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  *ret_segments = false;
  PRAC_TRY(emb_stmt(r->e, EMB_BATCHES, &s, reterr));
  sqlite3_bind_int64(s, 1, r->window.from);
  sqlite3_bind_int64(s, 2, r->window.to);
  while ((rc = emb_step(r->e, s, &row, reterr)) == PRAC_OK && row) {
    struct store_flow key = {.sensor = (const char *)sqlite3_column_text(s, 0),
                             .minute = sqlite3_column_int64(s, 1),
                             .part = (uint32_t)sqlite3_column_int64(s, 2),
                             .geo = (const char *)sqlite3_column_text(s, 6)};
    uint64_t rows = (uint64_t)sqlite3_column_int64(s, 3);
    if (!key.sensor || !store_batch_wanted(r->q, key.sensor)) continue;
    if (rows > 0 && sqlite3_column_int(s, 5)) *ret_segments = true;
    rc = store_batches_expect(r->into, &key, rows, sqlite3_column_int(s, 4) != 0);
    if (rc != PRAC_OK) break;
  }
  sqlite3_reset(s);
  return rc;
}

static prac_rc from_log(struct reading *r)
{
  for (size_t i = 0; i < r->hot.n; i++)
    if (store_batch_wanted(r->q, r->hot.b[i]->sensor))
      PRAC_TRY(store_batches_take(r->into, r->hot.b[i]));
  return PRAC_OK;
}

static prac_rc add_row(void *to, const struct store_flow *f)
{
  return store_batches_row(to, f);
}

#define C(name, type, ctype, expr) "," #name
static const char columns[] = EMB_COLUMNS(C);
#undef C

/* Names of sensors have been checked letter by letter in store_batch_query_check. */
static void say_sql(const struct reading *r, struct emb_sqltext *t)
{
  emb_say(t, "SELECT %s FROM ", columns + 1);
  emb_files_from(r->e, &r->files, false, t);
  emb_say(t,
          " WHERE minute >= make_timestamp(%" PRId64 ") AND minute < make_timestamp(%" PRId64 ")",
          r->window.from / 1000, r->window.to / 1000);
  for (uint32_t i = 0; i < r->q->sensors.n; i++)
    emb_say(t, "%s'%s'", i ? "," : " AND sensor IN (", r->q->sensors.v[i]);
  if (r->q->sensors.n) emb_say(t, ")");
}

static prac_rc from_segments(struct reading *r, struct prac_err *reterr)
{
  struct emb_sqltext sql = {0};
  duckdb_result result;
  memset(&result, 0, sizeof result);
  PRAC_TRY(emb_duck_open(r->e, reterr));
  say_sql(r, &sql);
  prac_rc rc = sql.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan")
                       : emb_duck_run(&r->e->duck->lane[0], sql.v, &result, reterr);
  emb_say_done(&sql);
  if (rc == PRAC_OK) rc = emb_flows_walk(&result, add_row, r->into);
  duckdb_destroy_result(&result);
  return rc;
}

static prac_rc gather(struct reading *r, struct prac_err *reterr)
{
  const struct store_query span = {.span = r->window};
  bool segments;
  prac_rc rc = emb_run(r->e, EMB_READ, reterr);
  if (rc == PRAC_OK) rc = catalogue(r, &segments, reterr);
  if (rc == PRAC_OK)
    rc = emb_hot_read(r->e, r->window, r->q->sensors.n == 1 ? r->q->sensors.v[0] : NULL, &r->hot,
                      reterr);
  if (rc == PRAC_OK && segments) rc = emb_files_list(r->e, &span, &r->files, reterr);
  emb_rollback(r->e);
  if (rc == PRAC_OK) rc = from_log(r);
  if (rc == PRAC_OK && r->files.n > 0) rc = from_segments(r, reterr);
  return rc;
}

/* As for a question: a file that has gone was compacted or has aged, one that cannot be read is
 * named in the log and left out. */
static prac_rc one_window(struct reading *r, struct prac_err *reterr)
{
  enum { TRIES = 6 };
  prac_rc rc = PRAC_AGAIN;
  for (int i = 0; i < TRIES; i++) {
    store_batches_reset(r->into);
    r->hot = (struct emb_hot){.empty = true};
    rc = gather(r, reterr);
    bool again = rc == PRAC_AGAIN || (rc == PRAC_IO && emb_files_changed(r->e, &r->files));
    emb_hot_done(&r->hot);
    emb_files_done(&r->files);
    if (!again) break;
  }
  if (rc == PRAC_NOMEM || rc == PRAC_FULL)
    return PRAC_FAIL(reterr, rc,
                     "no memory for the flows of a minute (store.embedded.memory-limit)");
  return rc;
}

prac_rc emb_batches(void *st, const struct store_batch_query *q, store_batch_sink *each, void *arg,
                    struct prac_err *reterr)
{
  struct reading r = {.e = st, .q = q};
  struct prac_span rest;
  bool any;
  PRAC_TRY(store_batch_query_check(q, &rest, reterr));
  r.into = store_batches_new();
  if (!r.into) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to read flows");
  prac_rc rc;
  while ((rc = next_window(r.e, rest, &r.window, &any, reterr)) == PRAC_OK && any) {
    rc = one_window(&r, reterr);
    if (rc == PRAC_OK) rc = store_batches_give(r.into, each, arg, reterr);
    if (rc != PRAC_OK) break;
    rest.from = r.window.to;
  }
  store_batches_free(&r.into);
  return rc;
}
