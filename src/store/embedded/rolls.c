/* Roll-ups in SQLite. An append adds rows of deltas in its own transaction; compaction adds them
 * up (rolls_merge.c). A question sums counts first and reads sketches only for the groups that are
 * in the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/embedded/embedded.h"

/* ---- writing ---- */
prac_rc emb_roll_put(struct emb *e, int64_t level, enum store_dim_kept dim, prac_time start,
                     const char *sensor, const struct store_roll_blob *b, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_stmt(e, EMB_ROLL_PUT, &s, reterr));
  sqlite3_bind_int64(s, 1, level);
  sqlite3_bind_int64(s, 2, dim);
  sqlite3_bind_int64(s, 3, start);
  emb_bind_text(s, 4, sensor);
  sqlite3_bind_blob64(s, 5, b->counts, b->n_counts, SQLITE_STATIC);
  sqlite3_bind_blob64(s, 6, b->sketch, b->n_sketch, SQLITE_STATIC);
  return emb_step(e, s, &row, reterr);
}

/* What was added up for a finished hour or day is no longer the whole of it. */
static prac_rc underive(struct emb *e, prac_time hour, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_stmt(e, EMB_ROLL_UNDERIVE, &s, reterr));
  sqlite3_bind_int64(s, 1, hour);
  sqlite3_bind_int64(s, 2, prac_time_floor(hour, PRAC_DAY));
  return emb_step(e, s, &row, reterr);
}

/* Batches of one sensor in one slot: one row a dimension. */
static prac_rc put_slot(void *arg, int64_t level, prac_time start, struct flow_batch *const *b,
                        size_t n, struct prac_err *reterr)
{
  struct emb *e = arg;
  prac_rc rc = PRAC_OK;
  for (int d = STORE_KEPT_TOTAL; d <= (int)store_roll_last_dim(level) && rc == PRAC_OK; d++) {
    struct store_roll_blob blob;
    rc = store_roll_build((enum store_dim_kept)d, b, n, &blob);
    if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "no memory for a roll-up");
    rc = emb_roll_put(e, level, (enum store_dim_kept)d, start, b[0]->sensor, &blob, reterr);
    store_roll_blob_done(&blob);
  }
  return rc == PRAC_OK && level == 3600 ? underive(e, start, reterr) : rc;
}

prac_rc emb_rolls_put(struct emb *e, struct flow_batch *const *b, size_t n, struct prac_err *reterr)
{
  return store_roll_slots(b, n, put_slot, e, reterr);
}

/* ---- asking ---- */
enum { GROUPS_MAX = 1 << 22 };
struct acc {
  const struct store_plan *plan;
  struct store_group *g;
  uint32_t *slot; /* 1 + index into g; open addressing */
  size_t n, n_slots;
  bool several;                /* a group has more than one row */
  struct store_sketch *sketch; /* second pass: one a group */
  uint32_t *order;             /* second pass: groups by (time, sensor, key) */
};

static void acc_done(struct acc *a)
{
  for (size_t i = 0; a->sketch && i < a->n; i++) store_sketch_done(&a->sketch[i]);
  free(a->sketch);
  free(a->order);
  free(a->slot);
  free(a->g);
}

static size_t place(const struct acc *a, const struct store_group *g)
{
  uint64_t h = prac_hash2((uint64_t)g->at, g->lo, 0);
  if (g->sensor[0]) h ^= prac_hash_bytes(1, g->sensor, strlen(g->sensor));
  return h & (a->n_slots - 1);
}

static prac_rc reindex(struct acc *a, size_t n_slots)
{
  uint32_t *slot = calloc(n_slots, sizeof *slot);
  if (!slot) return PRAC_NOMEM;
  free(a->slot);
  a->slot = slot;
  a->n_slots = n_slots;
  for (size_t i = 0; i < a->n; i++) {
    size_t at = place(a, &a->g[i]);
    while (slot[at]) at = (at + 1) & (n_slots - 1);
    slot[at] = (uint32_t)i + 1;
  }
  return PRAC_OK;
}

static prac_rc find(struct acc *a, const struct store_group *like, size_t *ret)
{
  if (a->n * 2 >= a->n_slots) {
    size_t n = a->n_slots ? a->n_slots * 2 : 1024;
    if (a->n >= GROUPS_MAX) return PRAC_FULL;
    struct store_group *g = realloc(a->g, n / 2 * sizeof *g);
    if (!g) return PRAC_NOMEM;
    a->g = g;
    PRAC_TRY(reindex(a, n));
  }
  size_t at = place(a, like);
  for (; a->slot[at]; at = (at + 1) & (a->n_slots - 1)) {
    const struct store_group *g = &a->g[a->slot[at] - 1];
    if (g->lo != like->lo || g->at != like->at || strcmp(g->sensor, like->sensor) != 0) continue;
    *ret = a->slot[at] - 1;
    return PRAC_OK;
  }
  *ret = a->n;
  a->g[a->n] = *like;
  a->slot[at] = (uint32_t)++a->n;
  return PRAC_OK;
}

/* A whole day may be read at once where nobody asks for its hours. */
static bool uses_days(const struct store_plan *p)
{
  return p->level_ns == PRAC_HOUR && p->step_ns % PRAC_DAY == 0;
}

/* ---- groups in the order of the roll-ups they come from ---- */
static int by_slot(const struct store_group *a, const struct store_group *b)
{
  if (a->at != b->at) return a->at < b->at ? -1 : 1;
  return strcmp(a->sensor, b->sensor);
}

static int by_slot_key(const void *pa, const void *pb, void *groups)
{
  const struct store_group *g = groups, *a = &g[*(const uint32_t *)pa],
                           *b = &g[*(const uint32_t *)pb];
  int c = by_slot(a, b);
  return c ? c : (a->lo > b->lo) - (a->lo < b->lo);
}

static size_t first_like(const struct acc *a, const struct store_group *like)
{
  size_t lo = 0, hi = a->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (by_slot(&a->g[a->order[mid]], like) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* First pass: counts of the rows that the question is about. */
static prac_rc add_counts(struct acc *a, struct store_group *like, struct store_roll_rd *r)
{
  struct store_roll_row row;
  prac_rc rc = store_roll_seek(r, a->plan->key_lo, &row);
  for (; rc == PRAC_OK && row.key <= a->plan->key_hi; rc = store_roll_next(r, &row)) {
    size_t i = 0;
    like->lo = a->plan->by_key ? row.key : 0;
    PRAC_TRY(find(a, like, &i));
    a->g[i].packets += row.packets;
    a->g[i].flows += row.flows;
    a->g[i].bytes += row.bytes;
    /* of one row as it stands; of several: the second pass */
    a->several = a->several || a->g[i].sources > 0;
    a->g[i].sources = row.sources;
  }
  return rc == PRAC_END ? PRAC_OK : rc;
}

/* Second pass: sketches of the groups that are in the answer, by rising key. */
static prac_rc add_senders(struct acc *a, const struct store_group *like, struct store_roll_rd *r,
                           struct store_roll_sk *sk)
{
  struct store_roll_row row;
  for (size_t k = first_like(a, like); k < a->n && by_slot(&a->g[a->order[k]], like) == 0; k++) {
    uint32_t i = a->order[k];
    uint64_t lo = a->plan->by_key ? a->g[i].lo : a->plan->key_lo;
    uint64_t hi = a->plan->by_key ? lo : a->plan->key_hi;
    prac_rc rc = store_roll_seek(r, lo, &row);
    for (; rc == PRAC_OK && row.key <= hi; rc = store_roll_next(r, &row))
      PRAC_TRY(store_roll_sk_read(sk, r->place - 1, &a->sketch[i]));
    if (rc != PRAC_OK && rc != PRAC_END) return rc;
  }
  return PRAC_OK;
}

/* One row of the table. */
static prac_rc add_blob(struct acc *a, sqlite3_stmt *s, bool with_sketches)
{
  struct store_group like = {.at = PRAC_TIME_NONE};
  struct store_roll_rd r;
  struct store_roll_sk sk = {0};
  prac_time start = sqlite3_column_int64(s, 0);
  if (a->plan->step_ns) like.at = prac_time_floor(start, a->plan->step_ns);
  if (a->plan->by_sensor)
    (void)snprintf(like.sensor, sizeof like.sensor, "%s", (const char *)sqlite3_column_text(s, 1));
  PRAC_TRY(store_roll_rd_of(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2), &r));
  if (!with_sketches) return add_counts(a, &like, &r);
  PRAC_TRY(store_roll_sk_of(sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3), &sk));
  prac_rc rc = add_senders(a, &like, &r, &sk);
  store_roll_sk_done(&sk);
  return rc;
}

static prac_rc pass_level(struct emb *e, enum emb_sql which, const struct store_query *q,
                          struct acc *a, bool with_sketches, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  const struct store_plan *p = a->plan;
  bool one_sensor = q->sensor && q->sensor[0];
  PRAC_TRY(emb_stmt(e, which, &s, reterr));
  sqlite3_bind_int64(s, 1, p->level_ns / PRAC_SEC);
  sqlite3_bind_int64(s, 2, p->dim);
  sqlite3_bind_int64(s, 3, p->span.from);
  sqlite3_bind_int64(s, 4, p->span.to);
  emb_bind_text(s, 5, q->sensor);
  bool all = p->level_ns == PRAC_HOUR && !one_sensor && !p->by_sensor;
  if (with_sketches && which == EMB_ROLL_SKETCHES && emb_hour_counts_only(p->dim)) all = false;
  sqlite3_bind_int(s, 6, all);
  sqlite3_bind_int(s, 7, uses_days(p));
  prac_rc rc;
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    rc = add_blob(a, s, with_sketches);
    if (rc == PRAC_OK) continue;
    char text[PRAC_TIME_TEXT];
    rc = PRAC_FAIL(reterr, rc, "roll-up of %s: %s",
                   prac_time_text(text, sqlite3_column_int64(s, 0)), prac_rc_text(rc));
    break;
  }
  sqlite3_reset(s);
  return rc;
}

static prac_rc pass(struct emb *e, const struct store_query *q, struct acc *a, bool with_sketches,
                    struct prac_err *reterr)
{
  if (uses_days(a->plan))
    PRAC_TRY(pass_level(e, with_sketches ? EMB_ROLL_DAY_SKETCHES : EMB_ROLL_DAY_COUNTS, q, a,
                        with_sketches, reterr));
  return pass_level(e, with_sketches ? EMB_ROLL_SKETCHES : EMB_ROLL_COUNTS, q, a, with_sketches,
                    reterr);
}

static prac_rc second_pass(struct emb *e, const struct store_query *q, struct acc *a,
                           struct prac_err *reterr)
{
  a->n = store_groups_cut(q, a->g, a->n);
  a->sketch = calloc(a->n + 1, sizeof *a->sketch);
  a->order = calloc(a->n + 1, sizeof *a->order);
  if (!a->sketch || !a->order) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for an answer");
  for (uint32_t i = 0; i < a->n; i++) a->order[i] = i;
  qsort_r(a->order, a->n, sizeof *a->order, by_slot_key, a->g);
  PRAC_TRY(pass(e, q, a, true, reterr));
  for (size_t i = 0; i < a->n; i++) a->g[i].sources = store_sketch_count(&a->sketch[i]);
  return PRAC_OK;
}

prac_rc emb_rolls_query(struct emb *e, const struct store_query *q, const struct store_plan *p,
                        store_row *each, void *arg, struct prac_err *reterr)
{
  struct acc a = {.plan = p};
  prac_rc rc = emb_run(e, EMB_READ, reterr); /* both passes see the same state */
  if (rc == PRAC_OK) rc = pass(e, q, &a, false, reterr);
  if (rc == PRAC_OK && a.several) rc = second_pass(e, q, &a, reterr);
  emb_rollback(e);
  if (rc == PRAC_OK) rc = store_groups_emit(q, a.g, a.n, each, arg);
  acc_done(&a);
  return rc;
}
