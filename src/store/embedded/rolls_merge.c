/* Adding up deltas: many small rows of one (slot, sensor, dimension) become one. */
#include <stdio.h>
#include <stdlib.h>

#include "store/embedded/embedded.h"

enum { MERGE_OPEN = 16 }; /* rows that an hour still open may have before they are added up */

struct sums {
  struct emb_sum *v;
  size_t n;
};

static prac_rc due(struct emb *e, prac_time now, struct sums *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  PRAC_TRY(emb_stmt(e, EMB_ROLL_MANY, &s, reterr));
  sqlite3_bind_int64(s, 1, now);
  sqlite3_bind_int64(s, 2, MERGE_OPEN);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    struct emb_sum *v = realloc(ret->v, (ret->n + 1) * sizeof *v);
    if (!v) {
      sqlite3_reset(s);
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
    }
    ret->v = v;
    v = &ret->v[ret->n++];
    *v = (struct emb_sum){.from = EMB_ROLL_SLOT,
                          .level = sqlite3_column_int64(s, 0),
                          .dim = (enum store_dim_kept)sqlite3_column_int64(s, 1),
                          .start = sqlite3_column_int64(s, 2)};
    (void)snprintf(v->sensor, sizeof v->sensor, "%s", (const char *)sqlite3_column_text(s, 3));
  }
  return rc;
}

static prac_rc replace(struct emb *e, const struct emb_sum *v, const struct store_roll_blob *b,
                       struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_run(e, EMB_BEGIN, reterr));
  PRAC_TRY(emb_stmt(e, EMB_ROLL_DROP, &s, reterr));
  sqlite3_bind_int64(s, 1, v->level);
  sqlite3_bind_int64(s, 2, v->dim);
  sqlite3_bind_int64(s, 3, v->start);
  emb_bind_text(s, 4, v->sensor);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  PRAC_TRY(emb_roll_put(e, v->level, v->dim, v->start, v->sensor, b, reterr));
  return emb_run(e, EMB_COMMIT, reterr);
}

prac_rc emb_rolls_merge(struct emb *e, prac_time now, struct prac_err *reterr)
{
  struct sums l = {0};
  prac_rc rc = due(e, now, &l, reterr);
  if (rc == PRAC_OK) rc = emb_sums(e, l.v, l.n, replace, reterr);
  if (rc != PRAC_OK) emb_rollback(e);
  free(l.v);
  return rc;
}
