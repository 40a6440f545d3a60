/* Top groups of an hour by scan, with exact senders and no set of them: a segment is sorted by
 * source, so a source's rows stand together, and a group has one sender more whenever the source
 * differs from the last one the group had. That holds over several segments as long as no source
 * can be in two of them; otherwise, and for what still stands in the log, the question goes the way
 * of all others (scan_sql.c), a few times slower. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/scan.h"

enum { CELLS_FIRST = 1 << 15, CELLS_MAX = 1 << 22, CHUNK = 2048, AHEAD = 16 };

struct cell {
  uint64_t packets, flows, bytes, sources;
  uint64_t last_hi, last_lo; /* the source it had last */
  uint32_t key;
};
struct lane {
  struct emb *e;
  struct emb_lane *duck;
  const struct store_query *q;
  const struct emb_files *files;
  _Atomic size_t *next;
  struct cell *cell; /* in the order of their first rows: loud ones stand together */
  uint32_t *slot;    /* 1 + index into cell; open addressing */
  size_t n, n_slots;
  pthread_t thread;
  prac_rc rc;
  struct prac_err err;
};

/* ---- groups ---- */
static size_t place(uint32_t key, size_t n_slots)
{
  return (key * UINT32_C(0x9e3779b1) >> 7) & (n_slots - 1);
}

static prac_rc more_cells(struct lane *l)
{
  size_t n = l->n_slots ? l->n_slots * 2 : 2 * CELLS_FIRST;
  if (n > CELLS_MAX) return PRAC_FULL;
  struct cell *cell = realloc(l->cell, n / 2 * sizeof *cell);
  if (cell) l->cell = cell;
  uint32_t *slot = calloc(n, sizeof *slot);
  if (!cell || !slot) {
    free(slot);
    return PRAC_NOMEM;
  }
  for (size_t i = 0; i < l->n; i++) {
    size_t at = place(l->cell[i].key, n);
    while (slot[at]) at = (at + 1) & (n - 1);
    slot[at] = (uint32_t)i + 1;
  }
  free(l->slot);
  l->slot = slot;
  l->n_slots = n;
  return PRAC_OK;
}

/* NULL: no memory, or too many groups. */
static struct cell *cell_of(struct lane *l, uint32_t key)
{
  if (l->n * 2 >= l->n_slots) {
    l->rc = more_cells(l);
    if (l->rc != PRAC_OK) return NULL;
  }
  size_t at = place(key, l->n_slots);
  for (; l->slot[at]; at = (at + 1) & (l->n_slots - 1))
    if (l->cell[l->slot[at] - 1].key == key) return &l->cell[l->slot[at] - 1];
  l->cell[l->n] = (struct cell){.key = key};
  l->slot[at] = (uint32_t)++l->n;
  return &l->cell[l->n - 1];
}

/* Asks memory for what cell_of will need a little later. */
static void look_ahead(const struct lane *l, uint32_t near_key, uint32_t far_key)
{
  if (!l->n_slots) return;
  __builtin_prefetch(&l->slot[place(far_key, l->n_slots)]);
  uint32_t i = l->slot[place(near_key, l->n_slots)];
  if (i) __builtin_prefetch(&l->cell[i - 1], 1);
}

/* ---- rows: the columns of emb_runs_sql ---- */
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
  if (by == STORE_BY_ASN) return c->asn[i];
  if (by == STORE_BY_COUNTRY) return emb_country_of(&c->country[i]);
  struct model_port p = store_flow_port(c->proto[i], c->sport[i], c->dport[i]);
  return (uint32_t)p.proto << 16 | p.port;
}

static void point_at(enum store_dim by, duckdb_data_chunk d, struct columns *c)
{
  void *col[EMB_RUNS_COLUMNS];
  idx_t n = duckdb_data_chunk_get_column_count(d);
  for (idx_t i = 0; i < n && i < EMB_RUNS_COLUMNS; i++)
    col[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(d, i));
  *c = (struct columns){.packets = col[0], .bytes = col[1], .src_hi = col[2], .src_lo = col[3]};
  if (by == STORE_BY_PORT) {
    c->proto = col[4];
    c->sport = col[5];
    c->dport = col[6];
  } else if (by == STORE_BY_COUNTRY) {
    c->country = col[4];
  } else {
    c->asn = col[4];
  }
}

static prac_rc take_chunk(struct lane *l, duckdb_data_chunk d)
{
  struct columns c;
  uint32_t key[CHUNK + AHEAD] = {0};
  idx_t n = duckdb_data_chunk_get_size(d);
  PRAC_INSIST(n <= CHUNK);
  point_at(l->q->by, d, &c);
  for (idx_t i = 0; i < n; i++) key[i] = key_at(l->q->by, &c, i);
  for (idx_t i = 0; i < n; i++) {
    look_ahead(l, key[i + AHEAD / 2], key[i + AHEAD]);
    struct cell *to = cell_of(l, key[i]);
    if (!to) return l->rc;
    bool same = to->flows > 0 && to->last_lo == c.src_lo[i] && to->last_hi == c.src_hi[i];
    to->packets += c.packets[i];
    to->bytes += c.bytes[i];
    to->flows++;
    to->sources += !same;
    to->last_lo = c.src_lo[i];
    to->last_hi = c.src_hi[i];
  }
  return PRAC_OK;
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

static void *lane_run(void *arg)
{
  struct lane *l = arg;
  for (size_t i; l->rc == PRAC_OK && (i = atomic_fetch_add(l->next, 1)) < l->files->n;) {
    char path[EMB_PATH];
    struct emb_sqltext t = {0};
    struct store_query mine = for_file(l->q, &l->files->v[i]);
    emb_path(l->e, path, "flows", l->files->v[i].id);
    emb_runs_sql(&mine, path, &t);
    l->rc = t.bad ? PRAC_NOMEM : stream(l, t.v);
    emb_say_done(&t);
  }
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
static prac_rc add_up(struct lane *into, const struct lane *from)
{
  for (size_t i = 0; i < from->n; i++) {
    const struct cell *c = &from->cell[i];
    struct cell *to = cell_of(into, c->key);
    if (!to) return into->rc;
    to->packets += c->packets;
    to->flows += c->flows;
    to->bytes += c->bytes;
    to->sources += c->sources;
  }
  return PRAC_OK;
}

static prac_rc emit(const struct store_query *q, const struct lane *l, store_row *each, void *arg)
{
  struct store_group *g = calloc(l->n + 1, sizeof *g);
  if (!g) return PRAC_NOMEM;
  for (size_t i = 0; i < l->n; i++) {
    const struct cell *c = &l->cell[i];
    g[i] = (struct store_group){.at = PRAC_TIME_NONE,
                                .lo = c->key,
                                .packets = c->packets,
                                .flows = c->flows,
                                .bytes = c->bytes,
                                .sources = c->sources};
  }
  prac_rc rc = store_groups_emit(q, g, l->n, each, arg);
  free(g);
  return rc;
}

prac_rc emb_runs_query(struct emb *e, const struct store_query *q, const struct emb_files *f,
                       store_row *each, void *arg, struct prac_err *reterr)
{
  struct lane l[EMB_LANES] = {0};
  _Atomic size_t next = 0;
  size_t n = e->nthreads < EMB_LANES ? e->nthreads : EMB_LANES;
  if (n > f->n) n = f->n;
  PRAC_TRY(emb_duck_lanes(e, n, reterr));
  for (size_t k = 0; k < n; k++) {
    l[k].e = e;
    l[k].duck = &e->duck->lane[k];
    l[k].q = q;
    l[k].files = f;
    l[k].next = &next;
  }
  prac_rc rc = run_lanes(l, n, reterr);
  for (size_t k = 1; k < n && rc == PRAC_OK; k++) rc = add_up(&l[0], &l[k]);
  if (rc == PRAC_OK) rc = emit(q, &l[0], each, arg);
  for (size_t k = 0; k < n; k++) {
    free(l[k].cell);
    free(l[k].slot);
  }
  return rc;
}

/* ---- when ---- */
static int by_first(const void *pa, const void *pb)
{
  const struct emb_file *a = pa, *b = pb;
  return memcmp(&a->src_lo, &b->src_lo, sizeof a->src_lo);
}

bool emb_runs_fit(const struct store_query *q, const struct emb_files *f, const struct emb_hot *hot)
{
  bool groups = q->by == STORE_BY_PORT || q->by == STORE_BY_COUNTRY || q->by == STORE_BY_ASN;
  if (q->what != STORE_TOP_SCAN || !groups || hot->n > 0 || f->n == 0) return false;
  struct emb_file *v = malloc(f->n * sizeof *v);
  if (!v) return false;
  memcpy(v, f->v, f->n * sizeof *v);
  qsort(v, f->n, sizeof *v, by_first);
  bool apart = true;
  for (size_t i = 1; i < f->n; i++)
    apart = apart && memcmp(&v[i - 1].src_hi, &v[i].src_lo, sizeof v->src_lo) < 0;
  free(v);
  return apart;
}
