/* Top groups of an hour by scan, with exact senders and no set of them: a segment is sorted by
 * source, so a source's rows stand together, and a group has one sender more whenever the source
 * differs from the last one the group had. That holds over several segments as long as no source
 * can be in two of them; otherwise they are merged by source (scan_merge.c). For what still stands
 * in the log the question goes the way of all others (scan_sql.c), many times slower.
 *
 * Whole segments are read by our own reader (runs_columns.c). With filters, or where it does not
 * understand a file, DuckDB hands over the rows. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/runs.h"

struct lane {
  struct emb *e;
  struct emb_lane *duck; /* NULL: without DuckDB */
  const struct store_query *q;
  const struct emb_files *files;
  _Atomic size_t *next;
  struct emb_runs *runs;
  pthread_t thread;
  prac_rc rc;
  struct prac_err err;
};

/* ---- rows from DuckDB: the columns of emb_runs_sql ---- */
struct columns {
  const uint32_t *packets;
  const uint64_t *bytes, *src_hi, *src_lo;
  const uint8_t *proto;
  const uint16_t *sport, *dport;
  duckdb_string_t *country;
  const uint32_t *asn;
};

static uint32_t key_at(enum store_dim by, const struct columns *c, idx_t i)
{
  if (by == STORE_BY_PORT) return emb_runs_port(c->proto[i], c->sport[i], c->dport[i]);
  return by == STORE_BY_COUNTRY ? emb_country_of(&c->country[i]) : c->asn[i];
}

static void *data_of(duckdb_data_chunk d, idx_t column)
{
  return duckdb_vector_get_data(duckdb_data_chunk_get_vector(d, column));
}

static void point_at(enum store_dim by, duckdb_data_chunk d, struct columns *c)
{
  *c = (struct columns){.packets = data_of(d, 0),
                        .bytes = data_of(d, 1),
                        .src_hi = data_of(d, 2),
                        .src_lo = data_of(d, 3)};
  if (by == STORE_BY_PORT) {
    c->proto = data_of(d, 4);
    c->sport = data_of(d, 5);
    c->dport = data_of(d, 6);
  } else if (by == STORE_BY_COUNTRY) {
    c->country = data_of(d, 4);
  } else {
    c->asn = data_of(d, 4);
  }
}

static prac_rc take_chunk(struct lane *l, duckdb_data_chunk d)
{
  struct columns c;
  struct emb_block *b = &l->runs->block;
  const enum store_dim by = l->runs->by;
  b->n = duckdb_data_chunk_get_size(d);
  PRAC_INSIST(b->n <= EMB_BLOCK);
  point_at(by, d, &c);
  for (idx_t i = 0; i < b->n; i++) {
    b->key[i] = key_at(by, &c, i);
    b->packets[i] = c.packets[i];
    b->bytes[i] = c.bytes[i];
    emb_runs_source(l->runs, i, c.src_hi[i], c.src_lo[i]);
  }
  return emb_cells_add(&l->runs->cells, b);
}

/* ---- files ---- */
static prac_rc stream(struct lane *l, const char *sql)
{
  duckdb_prepared_statement p = NULL;
  duckdb_pending_result wait = NULL;
  duckdb_result r;
  memset(&r, 0, sizeof r);
  bool ok = duckdb_prepare(l->duck->con, sql, &p) == DuckDBSuccess &&
            duckdb_pending_prepared_streaming(p, &wait) == DuckDBSuccess &&
            duckdb_execute_pending(wait, &r) == DuckDBSuccess;
  prac_rc rc = ok ? PRAC_OK : PRAC_FAIL(&l->err, PRAC_IO, "a segment cannot be read");
  for (duckdb_data_chunk d; rc == PRAC_OK && (d = duckdb_fetch_chunk(r));) {
    rc = take_chunk(l, d);
    duckdb_destroy_data_chunk(&d);
  }
  /* a stream that breaks off looks like its end; the result knows */
  if (rc == PRAC_OK && duckdb_result_error(&r) && duckdb_result_error(&r)[0])
    rc = PRAC_FAIL(&l->err, PRAC_IO, "%.200s", duckdb_result_error(&r));
  duckdb_destroy_result(&r);
  duckdb_destroy_pending(&wait);
  duckdb_destroy_prepare(&p);
  return rc;
}

/* The question without its time where the file lies within it: nothing to compare row by row. */
static struct store_query for_file(const struct store_query *q, const struct emb_file *f)
{
  struct store_query mine = *q;
  if (q->span.from != PRAC_TIME_NONE && q->span.from <= f->span.from)
    mine.span.from = PRAC_TIME_NONE;
  if (q->span.to != PRAC_TIME_NONE && q->span.to >= f->span.to) mine.span.to = PRAC_TIME_NONE;
  return mine;
}

/* Nothing left to ask of the rows. */
static bool all_rows(const struct store_query *q)
{
  return q->span.from == PRAC_TIME_NONE && q->span.to == PRAC_TIME_NONE &&
         !(q->sensor && q->sensor[0]) && !q->src.bits && !q->n_srcs && !q->dst.bits &&
         !q->victim.bits && !q->port.proto && !q->has_port && !(q->country && q->country[0]) &&
         !q->asn && !q->marks;
}

bool emb_runs_whole(const struct store_query *q, const struct emb_file *f)
{
  struct store_query mine = for_file(q, f);
  return all_rows(&mine);
}

static prac_rc read_file(struct lane *l, const struct emb_file *f)
{
  char path[EMB_PATH];
  struct emb_sqltext t = {0};
  struct store_query mine = for_file(l->q, f);
  emb_path(l->e, path, "flows", f->id);
  if (!l->duck) return all_rows(&mine) ? emb_runs_file(l->runs, path) : PRAC_UNSUPPORTED;
  emb_runs_sql(&mine, path, &t);
  prac_rc rc = t.bad ? PRAC_NOMEM : stream(l, t.v);
  emb_say_done(&t);
  return rc;
}

static void *lane_run(void *arg)
{
  struct lane *l = arg;
  for (size_t i; l->rc == PRAC_OK && (i = atomic_fetch_add(l->next, 1)) < l->files->n;)
    l->rc = read_file(l, &l->files->v[i]);
  return NULL;
}

static prac_rc run_lanes(struct lane *l, size_t n, struct prac_err *reterr)
{
  size_t started = 1;
  while (started < n && pthread_create(&l[started].thread, NULL, lane_run, &l[started]) == 0)
    started++;
  lane_run(&l[0]);
  for (size_t k = 1; k < started; k++) pthread_join(l[k].thread, NULL);
  for (size_t k = 0; k < n; k++)
    if (l[k].rc != PRAC_OK)
      return PRAC_FAIL(reterr, l[k].rc, "%s",
                       l[k].err.text[0] ? l[k].err.text : "no memory for a scan");
  return PRAC_OK;
}

/* ---- the answer ---- */
static prac_rc answer(const struct store_query *q, struct lane *l, size_t n, store_row *each,
                      void *arg)
{
  struct store_group *g = NULL;
  size_t n_g = 0;
  for (size_t k = 1; k < n; k++) PRAC_TRY(emb_cells_join(&l[0].runs->cells, &l[k].runs->cells));
  PRAC_TRY(emb_cells_groups(&l[0].runs->cells, store_limit(q), &g, &n_g));
  prac_rc rc = store_groups_emit(q, g, n_g, each, arg);
  free(g);
  return rc;
}

struct way {
  struct emb *e;
  const struct store_query *q;
  const struct emb_files *files;
  bool duck;
};

static prac_rc prepare(const struct way *w, struct lane *l, size_t n, _Atomic size_t *next,
                       struct prac_err *reterr)
{
  if (w->duck) PRAC_TRY(emb_duck_lanes(w->e, n, reterr));
  for (size_t k = 0; k < n; k++) {
    l[k].e = w->e;
    l[k].duck = w->duck ? &w->e->duck->lane[k] : NULL;
    l[k].q = w->q;
    l[k].files = w->files;
    l[k].next = next;
    l[k].runs = emb_runs_new(w->q->by);
    if (!l[k].runs) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan");
  }
  return PRAC_OK;
}

static prac_rc go(const struct way *w, store_row *each, void *arg, struct prac_err *reterr)
{
  struct lane l[EMB_LANES] = {0};
  _Atomic size_t next = 0;
  size_t n = w->e->nthreads < EMB_LANES ? w->e->nthreads : EMB_LANES;
  if (n > w->files->n) n = w->files->n;
  PRAC_INSIST(n > 0);
  prac_rc rc = prepare(w, l, n, &next, reterr);
  if (rc == PRAC_OK) rc = run_lanes(l, n, reterr);
  if (rc == PRAC_OK) rc = answer(w->q, l, n, each, arg);
  for (size_t k = 0; k < n; k++) emb_runs_free(&l[k].runs);
  return rc;
}

prac_rc emb_runs_query(struct emb *e, const struct store_query *q, const struct emb_files *f,
                       store_row *each, void *arg, struct prac_err *reterr)
{
  struct way w = {e, q, f, false};
  struct prac_err err = {0};
  prac_rc rc = go(&w, each, arg, &err);
  if (rc == PRAC_UNSUPPORTED) {
    w.duck = true;
    return go(&w, each, arg, reterr);
  }
  if (rc != PRAC_OK && reterr) *reterr = err;
  return rc;
}

/* ---- when ---- */
static int by_first(const void *pa, const void *pb)
{
  const struct emb_file *a = pa, *b = pb;
  return memcmp(&a->src_lo, &b->src_lo, sizeof a->src_lo);
}

bool emb_runs_ask(const struct store_query *q, const struct emb_files *f, const struct emb_hot *hot)
{
  bool groups = q->by == STORE_BY_PORT || q->by == STORE_BY_COUNTRY || q->by == STORE_BY_ASN;
  int64_t rows = 0;
  for (size_t i = 0; i < f->n && rows <= UINT32_MAX; i++) rows += f->v[i].rows;
  return q->what == STORE_TOP_SCAN && groups && hot->n == 0 && f->n > 0 && rows <= UINT32_MAX;
}

bool emb_runs_apart(const struct emb_files *f)
{
  struct emb_file *v = malloc(f->n * sizeof *v);
  if (!v) return false;
  memcpy(v, f->v, f->n * sizeof *v);
  qsort(v, f->n, sizeof *v, by_first);
  bool apart = true;
  for (size_t i = 1; i < f->n && apart; i++)
    apart = memcmp(&v[i - 1].src_hi, &v[i].src_lo, sizeof v->src_lo) < 0;
  free(v);
  return apart;
}
