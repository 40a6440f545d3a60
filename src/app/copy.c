/* Copying a store: one transaction holds whole minutes of at least tx_rows rows, so that a store
 * that dislikes small appends gets none. */
#include "app/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/progress.h"
#include "app/stop.h"
#include "base/hash.h"

enum { TX_BATCHES = 1 << 16, TX_RECS = 4096 };

struct copy {
  struct store *from, *to;
  char consumer[48];
  struct flow_batch **b;
  size_t n, cap, rows, tx_rows;
  prac_time minute; /* of what is held */
  struct prac_span span;
  struct progress progress;
  struct store_rec *recs;
  size_t n_recs;
  struct prac_arena *arena;
  const struct model_kind *kind;
  struct copy_done *done;
  struct prac_err *err;
};

/* ---- flows ---- */
static prac_rc flush(struct copy *c)
{
  struct store_tx tx = {.batches = c->b, .n_batches = c->n, .consumer = c->consumer};
  if (c->n == 0) return PRAC_OK;
  tx.seq = (uint64_t)(c->minute / PRAC_MIN) + 1;
  PRAC_TRY(c->to->ops->append(c->to->st, &tx, c->err));
  c->done->batches += c->n;
  c->done->flows += c->rows;
  progress_at(&c->progress, (uint64_t)(c->minute - c->span.from),
              (uint64_t)(c->span.to - c->span.from), c->done->flows);
  for (size_t i = 0; i < c->n; i++) flow_batch_unref(&c->b[i]);
  c->n = c->rows = 0;
  return stop_asked() ? PRAC_FAIL(c->err, PRAC_STOPPED, "interrupted") : PRAC_OK;
}

static prac_rc on_batch(void *arg, struct flow_batch *b)
{
  struct copy *c = arg;
  bool full = c->rows >= c->tx_rows || c->n >= TX_BATCHES;
  if (full && b->minute != c->minute) PRAC_TRY(flush(c));
  if (c->n == c->cap) {
    size_t cap = c->cap ? c->cap * 2 : 256;
    struct flow_batch **v = realloc(c->b, cap * sizeof *v);
    if (!v) return PRAC_FAIL(c->err, PRAC_NOMEM, "no memory to copy");
    c->b = v;
    c->cap = cap;
  }
  c->minute = b->minute;
  c->rows += b->n;
  c->b[c->n++] = flow_batch_ref(b);
  return PRAC_OK;
}

static prac_rc copy_flows(struct copy *c)
{
  uint64_t seq = 0;
  struct store_batch_query q = {.span = c->span};
  PRAC_TRY(c->to->ops->position(c->to->st, c->consumer, &seq, c->err));
  if (seq && (prac_time)seq * PRAC_MIN > q.span.from) q.span.from = (prac_time)seq * PRAC_MIN;
  if (c->span.from == PRAC_TIME_NONE || q.span.from >= q.span.to) return PRAC_OK;
  c->progress = progress_of("copying", "flows");
  prac_rc rc = c->from->ops->batches(c->from->st, &q, on_batch, c, c->err);
  if (rc == PRAC_OK) rc = flush(c);
  progress_end(&c->progress);
  return rc;
}

/* First to last minute of all sensors. */
static prac_rc on_sensor(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct prac_span *s = arg;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(cols[i].name, "first") == 0 && (s->from == PRAC_TIME_NONE || v[i].t < s->from))
      s->from = v[i].t;
    if (strcmp(cols[i].name, "last") == 0 && (s->to == PRAC_TIME_NONE || v[i].t >= s->to))
      s->to = v[i].t + PRAC_MIN;
  }
  return PRAC_OK;
}

static prac_rc look_at(struct copy *c)
{
  const struct store_query q = {.what = STORE_SENSORS, .limit = UINT32_MAX};
  c->span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  return c->from->ops->query(c->from->st, &q, on_sensor, &c->span, c->err);
}

/* ---- records ---- */
static prac_rc flush_records(struct copy *c)
{
  const struct store_tx tx = {.recs = c->recs, .n_recs = c->n_recs};
  if (c->n_recs == 0) return PRAC_OK;
  PRAC_TRY(c->to->ops->append(c->to->st, &tx, c->err));
  c->done->records += c->n_recs;
  c->n_recs = 0;
  prac_arena_reset(c->arena);
  return stop_asked() ? PRAC_FAIL(c->err, PRAC_STOPPED, "interrupted") : PRAC_OK;
}

static prac_rc on_record(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct copy *c = arg;
  (void)cols, (void)n;
  if (c->n_recs == TX_RECS) PRAC_TRY(flush_records(c));
  void *rec = prac_arena_alloc(c->arena, c->kind->size);
  if (!rec) return PRAC_FAIL(c->err, PRAC_NOMEM, "no memory to copy");
  PRAC_TRY(model_from_json(c->kind, v[0].s, strlen(v[0].s), c->arena, rec, c->err));
  c->recs[c->n_recs++] = (struct store_rec){c->kind, rec};
  return PRAC_OK;
}

static struct store_query records_of(const struct model_kind *k)
{
  return (struct store_query){.what = STORE_RECORDS,
                              .kind = k,
                              .span = {PRAC_TIME_NONE, PRAC_TIME_NONE},
                              .limit = UINT32_MAX,
                              .oldest_first = true};
}

static prac_rc copy_records(struct copy *c)
{
  for (const struct model_kind *const *k = model_kinds; *k; k++) {
    const struct store_query q = records_of(*k);
    c->kind = *k;
    PRAC_TRY(c->from->ops->query(c->from->st, &q, on_record, c, c->err));
    PRAC_TRY(flush_records(c));
  }
  return PRAC_OK;
}

/* ---- checking ---- */
struct text {
  char *v;
  size_t n, cap;
};

static prac_rc put(struct text *t, const char *s)
{
  size_t n = strlen(s);
  if (t->n + n + 1 > t->cap) {
    char *v = realloc(t->v, (t->n + n + 1) * 2);
    if (!v) return PRAC_NOMEM;
    t->v = v;
    t->cap = (t->n + n + 1) * 2;
  }
  memcpy(t->v + t->n, s, n + 1);
  t->n += n;
  return PRAC_OK;
}

static prac_rc on_cell(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  char line[128];
  for (size_t i = 0; i < n; i++) {
    if (cols[i].type == STORE_U64)
      (void)snprintf(line, sizeof line, " %s %" PRIu64, cols[i].name, v[i].u);
    else
      (void)snprintf(line, sizeof line, "%.60s", i == 0 ? v[i].s : "");
    PRAC_TRY(put(arg, line));
  }
  return put(arg, "\n");
}

static prac_rc on_counted(void *arg, const struct store_col *cols, size_t n,
                          const struct store_value *v)
{
  (void)cols, (void)n, (void)v;
  ++*(uint64_t *)arg;
  return PRAC_OK;
}

/* What a store has, as lines that can be held against each other. */
static prac_rc sum_up(struct copy *c, struct store *s, struct text *ret)
{
  const struct store_query q = {
      .what = STORE_CELLS, .span = c->span, .keys = STORE_KEY_SENSOR, .limit = UINT32_MAX};
  if (c->span.from != PRAC_TIME_NONE) PRAC_TRY(s->ops->query(s->st, &q, on_cell, ret, c->err));
  for (const struct model_kind *const *k = model_kinds; *k; k++) {
    const struct store_query r = records_of(*k);
    uint64_t n = 0;
    char line[96];
    PRAC_TRY(s->ops->query(s->st, &r, on_counted, &n, c->err));
    (void)snprintf(line, sizeof line, "records %.40s: %" PRIu64 "\n", (*k)->name, n);
    PRAC_TRY(put(ret, line));
  }
  return PRAC_OK;
}

static prac_rc check(struct copy *c)
{
  struct text a = {0}, b = {0};
  prac_rc rc = sum_up(c, c->from, &a);
  if (rc == PRAC_OK) rc = sum_up(c, c->to, &b);
  if (rc == PRAC_OK && strcmp(a.v, b.v) != 0) {
    fprintf(stderr, "practice: FROM has\n%sTO has\n%s", a.v, b.v);
    rc = PRAC_FAIL(c->err, PRAC_DAMAGED, "the two stores do not have the same");
  }
  free(a.v);
  free(b.v);
  return rc;
}

prac_rc copy_store(const struct copy_plan *p, struct copy_done *ret, struct prac_err *reterr)
{
  struct copy c = {.from = p->from, .to = p->to, .tx_rows = p->tx_rows, .done = ret, .err = reterr};
  *ret = (struct copy_done){0};
  (void)snprintf(c.consumer, sizeof c.consumer, "copy-%016" PRIx64,
                 prac_hash_bytes(1, p->name, strlen(p->name)));
  c.arena = prac_arena_new(1 << 16);
  c.recs = calloc(TX_RECS, sizeof *c.recs);
  prac_rc rc = c.arena && c.recs ? look_at(&c) : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to copy");
  if (rc == PRAC_OK) rc = copy_flows(&c);
  if (rc == PRAC_OK) rc = copy_records(&c);
  if (rc == PRAC_OK) rc = check(&c);
  for (size_t i = 0; i < c.n; i++) flow_batch_unref(&c.b[i]);
  free(c.b);
  free(c.recs);
  prac_arena_free(&c.arena);
  return rc;
}
