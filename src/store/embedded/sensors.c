/* Sensors, each with its latest health; and what is kept. */
#include <stdio.h>

#include "store/embedded/embedded.h"

static prac_rc sensor_health(struct emb *e, struct store_sensor *v, struct prac_arena *a,
                             struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  v->health.at = PRAC_TIME_NONE;
  PRAC_TRY(emb_stmt(e, EMB_HEALTH_LAST, &s, reterr));
  emb_bind_text(s, 1, v->sensor);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  if (!row) return PRAC_OK;
  const char *json = (const char *)sqlite3_column_text(s, 0);
  prac_rc rc = model_from_json(&model_health, json ? json : "", (size_t)sqlite3_column_bytes(s, 0),
                               a, &v->health, reterr);
  sqlite3_reset(s);
  return rc;
}

prac_rc emb_sensors_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  struct prac_arena *a = prac_arena_new(4096);
  if (!a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a question");
  prac_rc rc = emb_stmt(e, EMB_SENSORS, &s, reterr);
  if (rc == PRAC_OK) {
    emb_bind_text(s, 1, q->sensor);
    sqlite3_bind_int64(s, 2, store_limit(q));
  }
  while (rc == PRAC_OK && (rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    struct store_sensor v = {.first = sqlite3_column_int64(s, 1),
                             .last = sqlite3_column_int64(s, 2)};
    (void)snprintf(v.sensor, sizeof v.sensor, "%s", (const char *)sqlite3_column_text(s, 0));
    v.packets = (uint64_t)sqlite3_column_int64(s, 3);
    v.flows = (uint64_t)sqlite3_column_int64(s, 4);
    v.bytes = (uint64_t)sqlite3_column_int64(s, 5);
    v.batches = (uint64_t)sqlite3_column_int64(s, 6);
    rc = sensor_health(e, &v, a, reterr);
    if (rc == PRAC_OK) rc = store_sensor_emit(&v, each, arg);
  }
  if (rc != PRAC_OK && e->stmt[EMB_SENSORS]) sqlite3_reset(e->stmt[EMB_SENSORS]);
  prac_arena_free(&a);
  return rc;
}

/* The first and the last of what is there, each by its index. */
prac_rc emb_kept_query(struct emb *e, store_row *each, void *arg, struct prac_err *reterr)
{
#define ENDS(expr, from, order)                                                                    \
  "SELECT " expr " FROM " from " ORDER BY " order " LIMIT 1",                                      \
      "SELECT " expr " FROM " from " ORDER BY " order " DESC LIMIT 1"
  static const struct {
    const char *what, *first, *last;
    int64_t step_ns;
  } t[] = {
      {"flows", ENDS("minute", "batch WHERE rows > 0", "minute"), PRAC_MIN},
      {"minutes", ENDS("start", "rollup WHERE level = 60 AND dim = 0", "start"), PRAC_MIN},
      {"hours", ENDS("start", "rollup WHERE level = 3600 AND dim = 0", "start"), PRAC_HOUR},
  };
#undef ENDS
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t); i++) {
    int64_t first = 0, last = 0, n = 0;
    char text[128];
    (void)snprintf(text, sizeof text, "SELECT EXISTS(%s)", t[i].first);
    PRAC_TRY(emb_one(e, text, &n, reterr));
    if (!n) continue;
    PRAC_TRY(emb_one(e, t[i].first, &first, reterr));
    PRAC_TRY(emb_one(e, t[i].last, &last, reterr));
    PRAC_TRY(store_kept_emit(t[i].what, first, last + t[i].step_ns, each, arg));
  }
  return PRAC_OK;
}
