/* Sums over all sensors of an hour that is over, and over the hours of a day: what makes a page's
 * question about a day one row to read. They are marked in `derived`; an append into that hour or
 * day takes the mark away in its own transaction, and they are made again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/embedded.h"

enum { SETTLE_NS_MIN = 2, SENSORS_MAX = 4096 };

struct names {
  char (*v)[STORE_SENSOR_MAX + 1];
  size_t n;
};

static prac_rc put(struct emb *e, int64_t level, enum store_dim_kept dim, prac_time start,
                   const char *sensor, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  struct store_roll_blob b = {0};
  struct store_roll_sum *sum = store_roll_sum_new();
  prac_rc rc = sum ? emb_stmt(e, EMB_DERIVE_FROM, &s, reterr)
                   : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
  if (rc == PRAC_OK) {
    sqlite3_bind_int64(s, 1, dim);
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, start + level * PRAC_SEC);
    emb_bind_text(s, 4, sensor);
  }
  while (rc == PRAC_OK && (rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    rc = store_roll_sum_add(sum, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                            sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
    if (rc != PRAC_OK) rc = PRAC_FAIL(reterr, rc, "roll-up: %s", prac_rc_text(rc));
  }
  if (e->stmt[EMB_DERIVE_FROM]) sqlite3_reset(e->stmt[EMB_DERIVE_FROM]);
  if (rc == PRAC_OK && store_roll_sum_blob(sum, &b) != PRAC_OK)
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
  if (rc == PRAC_OK) rc = emb_roll_put(e, level, dim, start, sensor, &b, reterr);
  store_roll_blob_done(&b);
  store_roll_sum_free(&sum);
  return rc;
}

static prac_rc add_name(struct names *l, const char *name)
{
  if (l->n == SENSORS_MAX) return PRAC_FULL;
  void *v = realloc(l->v, (l->n + 1) * sizeof *l->v);
  if (!v) return PRAC_NOMEM;
  l->v = v;
  (void)snprintf(l->v[l->n++], sizeof *l->v, "%s", name);
  return PRAC_OK;
}

static prac_rc sensors_of(struct emb *e, prac_time start, int64_t level, struct names *ret,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  PRAC_TRY(emb_stmt(e, EMB_DERIVE_SENSORS, &s, reterr));
  sqlite3_bind_int64(s, 1, start);
  sqlite3_bind_int64(s, 2, start + level * PRAC_SEC);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    rc = add_name(ret, (const char *)sqlite3_column_text(s, 0));
    if (rc == PRAC_OK) continue;
    sqlite3_reset(s);
    return PRAC_FAIL(reterr, rc, "no room to add up roll-ups");
  }
  return rc;
}

static prac_rc derive(struct emb *e, int64_t level, prac_time start, const struct names *l,
                      struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_run(e, EMB_BEGIN, reterr));
  PRAC_TRY(emb_stmt(e, EMB_DERIVE_DROP, &s, reterr));
  sqlite3_bind_int64(s, 1, level);
  sqlite3_bind_int64(s, 2, start);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  for (int d = 0; d < STORE_KEPT_COUNT; d++) {
    PRAC_TRY(put(e, level, (enum store_dim_kept)d, start, "", reterr));
    for (size_t i = 0; i < l->n && level == 86400; i++)
      PRAC_TRY(put(e, level, (enum store_dim_kept)d, start, l->v[i], reterr));
  }
  PRAC_TRY(emb_stmt(e, EMB_DERIVE_MARK, &s, reterr));
  sqlite3_bind_int64(s, 1, level);
  sqlite3_bind_int64(s, 2, start);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  return emb_run(e, EMB_COMMIT, reterr);
}

/* The next slot that is over and has no sums. */
static prac_rc next(struct emb *e, int64_t level, prac_time now, bool *ret_any, prac_time *ret,
                    struct prac_err *reterr)
{
  sqlite3_stmt *s;
  PRAC_TRY(emb_stmt(e, EMB_UNDERIVED, &s, reterr));
  sqlite3_bind_int64(s, 1, level * PRAC_SEC);
  sqlite3_bind_int64(s, 2, now - SETTLE_NS_MIN * PRAC_MIN);
  PRAC_TRY(emb_step(e, s, ret_any, reterr));
  if (*ret_any) *ret = sqlite3_column_int64(s, 0);
  sqlite3_reset(s);
  return PRAC_OK;
}

prac_rc emb_rolls_derive(struct emb *e, prac_time now, struct prac_err *reterr)
{
  static const int64_t levels[] = {3600, 86400};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(levels); i++)
    for (;;) {
      bool any = false;
      prac_time start = 0;
      struct names l = {0};
      PRAC_TRY(next(e, levels[i], now, &any, &start, reterr));
      if (!any) break;
      prac_rc rc = sensors_of(e, start, levels[i], &l, reterr);
      if (rc == PRAC_OK) rc = derive(e, levels[i], start, &l, reterr);
      if (rc != PRAC_OK) emb_rollback(e);
      free(l.v);
      PRAC_TRY(rc);
    }
  return PRAC_OK;
}
