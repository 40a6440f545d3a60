/* Flows to be replayed, window after window of minutes: the table `batch` says which there are,
 * their rows come in any order. A window is a day, or less where that would be more rows than may
 * be held, but never less than a minute. */
#include "store/batches.h"

#include "store/clickhouse/clickhouse.h"

enum { ROWS_HELD = 1 << 21 };

struct reading {
  struct ch *c;
  const struct store_batch_query *q;
  struct prac_span window;
  struct store_batches *into;
  uint64_t rows;
  bool any;
};

/* Minutes that have batches, in order, as long as they fit in one window. */
static prac_rc take_minute(void *arg, struct prac_rd *r)
{
  struct reading *w = arg;
  prac_time minute = prac_rd_u32le(r) * PRAC_SEC;
  uint64_t rows = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  if (!w->any) w->window.from = minute;
  w->rows += rows;
  if (w->any &&
      (w->rows > ROWS_HELD || minute >= prac_time_floor(w->window.from, PRAC_DAY) + PRAC_DAY))
    return PRAC_END;
  w->any = true;
  w->window.to = minute + PRAC_MIN;
  return PRAC_OK;
}

static void say_sensors(const struct store_batch_query *q, struct ch_buf *sql)
{
  for (uint32_t i = 0; i < q->sensors.n; i++)
    ch_say(sql, "%s'%s'", i ? ", " : " AND sensor IN (", q->sensors.v[i]);
  if (q->sensors.n) ch_say(sql, ")");
}

static void say_minutes(const struct reading *r, struct ch_buf *sql)
{
  ch_say(sql, " WHERE minute >= toDateTime(%u) AND minute <= toDateTime(%u)",
         ch_seconds(r->window.from), ch_seconds(r->window.to - 1));
  ch_say_view(r->c, sql);
  say_sensors(r->q, sql);
}

static prac_rc take_batch(void *arg, struct prac_rd *r)
{
  struct reading *w = arg;
  char sensor[STORE_SENSOR_MAX + 1], geo[4096];
  struct store_flow key = {.sensor = sensor, .geo = geo};
  key.minute = prac_rd_u32le(r) * PRAC_SEC;
  ch_rd_cstr(r, sensor, sizeof sensor);
  key.part = prac_rd_u32le(r);
  uint32_t rows = prac_rd_u32le(r);
  uint8_t last = prac_rd_u8(r);
  ch_rd_cstr(r, geo, sizeof geo);
  return r->bad ? PRAC_OK : store_batches_expect(w->into, &key, rows, last != 0);
}

static prac_rc add_row(void *to, const struct store_flow *f)
{
  return store_batches_row(to, f);
}

static prac_rc next_window(struct reading *r, struct prac_span rest, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  r->window = rest;
  r->any = false;
  r->rows = 0;
  if (rest.to <= 0) return PRAC_OK;
  ch_say(&sql, "SELECT minute, toUInt64(sum(rows + 1)) FROM batch");
  say_minutes(r, &sql);
  ch_say(&sql, " AND minute >= toDateTime(%u) GROUP BY minute ORDER BY minute LIMIT 1441",
         r->c->view.edge);
  prac_rc rc = ch_ask(&r->c->http, &sql, take_minute, r, reterr);
  ch_buf_done(&sql);
  return rc;
}

static prac_rc gather(struct reading *r, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql, "SELECT minute, sensor, part, rows, last, geo FROM batch");
  say_minutes(r, &sql);
  prac_rc rc = ch_ask(&r->c->http, &sql, take_batch, r, reterr);
  if (rc == PRAC_OK) {
    ch_say(&sql, "SELECT %s FROM flows", ch_flow_columns);
    say_minutes(r, &sql);
    rc = ch_flows(r->c, &sql, add_row, r->into, reterr);
  }
  ch_buf_done(&sql);
  if (rc == PRAC_NOMEM || rc == PRAC_FULL)
    return PRAC_FAIL(reterr, rc, "no memory for the flows of a minute");
  return rc;
}

prac_rc ch_batches(void *st, const struct store_batch_query *q, store_batch_sink *each, void *arg,
                   struct prac_err *reterr)
{
  struct reading r = {.c = st, .q = q};
  struct prac_span rest;
  PRAC_TRY(store_batch_query_check(q, &rest, reterr));
  PRAC_TRY(ch_view_read(r.c, reterr));
  r.into = store_batches_new();
  if (!r.into) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to read flows");
  prac_rc rc;
  while ((rc = next_window(&r, rest, reterr)) == PRAC_OK && r.any) {
    rc = gather(&r, reterr);
    if (rc == PRAC_OK) rc = store_batches_give(r.into, each, arg, reterr);
    if (rc != PRAC_OK) break;
    rest.from = r.window.to;
  }
  store_batches_free(&r.into);
  return rc;
}
