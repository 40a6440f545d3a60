/* Adding up deltas: many small rows of one (slot, sensor, dimension) become one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/embedded.h"

enum { MERGE_OPEN = 16 }; /* rows that an hour still open may have before they are added up */

struct slot {
  int64_t level, dim, start;
  char sensor[STORE_SENSOR_MAX + 1];
};
struct slots {
  struct slot *v;
  size_t n;
};

static prac_rc due(struct emb *e, prac_time now, struct slots *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  PRAC_TRY(emb_stmt(e, EMB_ROLL_MANY, &s, reterr));
  sqlite3_bind_int64(s, 1, now);
  sqlite3_bind_int64(s, 2, MERGE_OPEN);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    struct slot *v = realloc(ret->v, (ret->n + 1) * sizeof *v);
    if (!v) {
      sqlite3_reset(s);
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
    }
    ret->v = v;
    v = &ret->v[ret->n++];
    v->level = sqlite3_column_int64(s, 0);
    v->dim = sqlite3_column_int64(s, 1);
    v->start = sqlite3_column_int64(s, 2);
    (void)snprintf(v->sensor, sizeof v->sensor, "%s", (const char *)sqlite3_column_text(s, 3));
  }
  return rc;
}

static void bind_slot(sqlite3_stmt *s, const struct slot *v)
{
  sqlite3_bind_int64(s, 1, v->level);
  sqlite3_bind_int64(s, 2, v->dim);
  sqlite3_bind_int64(s, 3, v->start);
  emb_bind_text(s, 4, v->sensor);
}

static prac_rc sum_of(struct emb *e, const struct slot *v, struct store_roll_blob *ret,
                      struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  struct store_roll_sum *sum = store_roll_sum_new();
  prac_rc rc = sum ? emb_stmt(e, EMB_ROLL_SLOT, &s, reterr)
                   : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
  if (rc == PRAC_OK) bind_slot(s, v);
  while (rc == PRAC_OK && (rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    rc = store_roll_sum_add(sum, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                            sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
    if (rc != PRAC_OK) rc = PRAC_FAIL(reterr, rc, "roll-up: %s", prac_rc_text(rc));
  }
  if (sum && e->stmt[EMB_ROLL_SLOT]) sqlite3_reset(e->stmt[EMB_ROLL_SLOT]);
  if (rc == PRAC_OK && store_roll_sum_blob(sum, ret) != PRAC_OK)
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
  store_roll_sum_free(&sum);
  return rc;
}

static prac_rc replace(struct emb *e, const struct slot *v, const struct store_roll_blob *b,
                       struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_run(e, EMB_BEGIN, reterr));
  PRAC_TRY(emb_stmt(e, EMB_ROLL_DROP, &s, reterr));
  bind_slot(s, v);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  PRAC_TRY(emb_stmt(e, EMB_ROLL_PUT, &s, reterr));
  bind_slot(s, v);
  sqlite3_bind_blob64(s, 5, b->counts, b->n_counts, SQLITE_STATIC);
  sqlite3_bind_blob64(s, 6, b->sketch, b->n_sketch, SQLITE_STATIC);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  return emb_run(e, EMB_COMMIT, reterr);
}

prac_rc emb_rolls_merge(struct emb *e, prac_time now, struct prac_err *reterr)
{
  struct slots l = {0};
  prac_rc rc = due(e, now, &l, reterr);
  for (size_t i = 0; i < l.n && rc == PRAC_OK; i++) {
    struct store_roll_blob b = {0};
    rc = sum_of(e, &l.v[i], &b, reterr);
    if (rc == PRAC_OK) rc = replace(e, &l.v[i], &b, reterr);
    if (rc != PRAC_OK) emb_rollback(e);
    store_roll_blob_done(&b);
  }
  free(l.v);
  return rc;
}
