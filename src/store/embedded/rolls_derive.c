/* Sums over all sensors of an hour that is over, and over the hours of a day: what makes a page's
 * question about a day one row to read. They are marked in `derived`; an append into that hour or
 * day takes the mark away in its own transaction, and they are made again. */
#include <stdio.h>
#include <stdlib.h>

#include "store/embedded/embedded.h"

enum { SETTLE_NS_MIN = 2, SENSORS_MAX = 4096 };

struct sums {
  struct emb_sum *v;
  size_t n;
};

static prac_rc add(struct sums *l, enum emb_sql from, int64_t level, prac_time start,
                   const char *sensor)
{
  static const enum store_dim_kept dims[] = {STORE_KEPT_PORT, STORE_KEPT_ASN, STORE_KEPT_COUNTRY,
                                             STORE_KEPT_TOTAL}; /* those of like cost together */
  struct emb_sum *v = realloc(l->v, (l->n + STORE_KEPT_COUNT) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  l->v = v;
  for (size_t i = 0; i < STORE_KEPT_COUNT; i++) {
    v = &l->v[l->n++];
    *v = (struct emb_sum){.from = from, .level = level, .dim = dims[i], .start = start};
    (void)snprintf(v->sensor, sizeof v->sensor, "%s", sensor);
  }
  return PRAC_OK;
}

/* An hour over all sensors: who sent is not kept again for every port and AS
 * (emb_hour_counts_only); the sensors' own rows tell it. A day: each sensor's hours, then the
 * sensors' days. */
static prac_rc sums_of(struct emb *e, prac_time start, int64_t level, struct sums *ret,
                       struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc = PRAC_OK;
  if (level == 3600) {
    rc = add(ret, EMB_DERIVE_HOUR, level, start, "");
    for (size_t i = 0; i < ret->n; i++) ret->v[i].counts_only = emb_hour_counts_only(ret->v[i].dim);
    return rc;
  }
  PRAC_TRY(emb_stmt(e, EMB_DERIVE_SENSORS, &s, reterr));
  sqlite3_bind_int64(s, 1, start);
  sqlite3_bind_int64(s, 2, start + level * PRAC_SEC);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    rc = ret->n < (size_t)SENSORS_MAX * STORE_KEPT_COUNT
             ? add(ret, EMB_DERIVE_DAY, level, start, (const char *)sqlite3_column_text(s, 0))
             : PRAC_FULL;
    if (rc == PRAC_OK) continue;
    sqlite3_reset(s);
    return PRAC_FAIL(reterr, rc, "no room to add up roll-ups");
  }
  return rc == PRAC_OK ? add(ret, EMB_DERIVE_DAY_ALL, level, start, "") : rc;
}

static prac_rc put(struct emb *e, const struct emb_sum *v, const struct store_roll_blob *b,
                   struct prac_err *reterr)
{
  return emb_roll_put(e, v->level, v->dim, v->start, v->sensor, b, reterr);
}

static prac_rc derive(struct emb *e, int64_t level, prac_time start, const struct sums *l,
                      struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_run(e, EMB_BEGIN, reterr));
  PRAC_TRY(emb_stmt(e, EMB_DERIVE_DROP, &s, reterr));
  sqlite3_bind_int64(s, 1, level);
  sqlite3_bind_int64(s, 2, start);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  PRAC_TRY(emb_sums(e, l->v, l->n, put, reterr));
  PRAC_TRY(emb_stmt(e, EMB_DERIVE_MARK, &s, reterr));
  sqlite3_bind_int64(s, 1, level);
  sqlite3_bind_int64(s, 2, start);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  return emb_run(e, EMB_COMMIT, reterr);
}

struct slots {
  prac_time *v;
  size_t n;
};

/* Slots that are over and have no sums. */
static prac_rc slots_due(struct emb *e, int64_t level, prac_time now, struct slots *ret,
                         struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  PRAC_TRY(emb_stmt(e, EMB_UNDERIVED, &s, reterr));
  sqlite3_bind_int64(s, 1, level * PRAC_SEC);
  sqlite3_bind_int64(s, 2, now - SETTLE_NS_MIN * PRAC_MIN);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    prac_time *v = realloc(ret->v, (ret->n + 1) * sizeof *v);
    if (!v) {
      sqlite3_reset(s);
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
    }
    ret->v = v;
    ret->v[ret->n++] = sqlite3_column_int64(s, 0);
  }
  return rc;
}

static prac_rc derive_level(struct emb *e, int64_t level, const struct slots *due,
                            struct prac_err *reterr)
{
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < due->n && rc == PRAC_OK; i++) {
    struct sums l = {0};
    rc = sums_of(e, due->v[i], level, &l, reterr);
    if (rc == PRAC_OK) rc = derive(e, level, due->v[i], &l, reterr);
    if (rc != PRAC_OK) emb_rollback(e);
    free(l.v);
  }
  return rc;
}

prac_rc emb_rolls_derive(struct emb *e, prac_time now, struct prac_err *reterr)
{
  static const int64_t levels[] = {3600, 86400};
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(levels) && rc == PRAC_OK; i++) {
    struct slots due = {0};
    rc = slots_due(e, levels[i], now, &due, reterr);
    if (rc == PRAC_OK) rc = derive_level(e, levels[i], &due, reterr);
    free(due.v);
  }
  return rc;
}
