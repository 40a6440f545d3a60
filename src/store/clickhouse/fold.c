/* Roll-ups added up: what each append did in the hours that are over, as one row a key in `rolled`;
 * the hours of a day in `day`. One slot (an hour or a day of a level and dimension) after another,
 * and of a big one some of its keys at a time, so that neither side holds much. That the new rows
 * count and the old ones do so no more is one commit; only then the old ones are removed. What
 * comes for an hour afterwards stands in `roll` until the next time, and becomes another row.
 * `rolled` has each key a second time, of all sensors together and without the sketch: what most
 * questions ask for. */
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"

enum { AFTER_S = 3600, PIECE_ROWS = 1 << 20, INSERT_BYTES = 32 << 20 };

struct slot {
  uint8_t level, dim;
  uint32_t start;
  uint64_t rows;
};
struct group {
  bool any; /* has begun */
  char sensor[STORE_SENSOR_MAX + 1];
  struct store_roll_row row;
  struct store_sketch sketch;
};
struct adding {
  struct ch *c;
  bool days;         /* into `day`: without a level; they start where their slot does */
  uint32_t from, to; /* seconds */
  uint64_t no;
  struct slot *slot;
  size_t n, cap;
  struct ch_buf rows; /* made, not sent */
  const struct slot *at;
  uint32_t start;
  struct group one, all; /* of a sensor; of all */
};

/* The rows to add up; s: those of a slot, and of them every pieces-th key. */
static void say_rows(const struct adding *a, const char *columns, const struct slot *s,
                     uint64_t piece, uint64_t pieces, struct ch_buf *sql)
{
  uint32_t step = a->days ? 86400 : 3600;
  const char *between = "";
  for (int rolled = 0; rolled <= (a->days && a->c->view.fold_edge); rolled++) {
    ch_say(sql, "%sSELECT %s FROM %s WHERE start >= toDateTime(%u) AND start < toDateTime(%u)",
           between, columns, rolled ? "rolled" : "roll", s ? s->start : a->from,
           s ? s->start + step : a->to);
    if (s) ch_say(sql, " AND level = %u AND dim = %u", s->level, s->dim);
    if (a->days) ch_say(sql, " AND level = %d", CH_HOURS);
    if (pieces > 1)
      ch_say(sql, " AND intHash32(key) %% %llu = %llu", (unsigned long long)pieces,
             (unsigned long long)piece);
    if (rolled)
      ch_say_view(a->c, sql);
    else
      ch_say_view_roll(a->c, sql);
    between = " UNION ALL ";
  }
}

static prac_rc take_slot(void *arg, struct prac_rd *r)
{
  struct adding *a = arg;
  struct slot s = {.level = prac_rd_u8(r)};
  s.dim = prac_rd_u8(r);
  s.start = prac_rd_u32le(r);
  s.rows = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  if (a->n == a->cap) {
    size_t cap = a->cap ? a->cap * 2 : 64;
    struct slot *p = realloc(a->slot, cap * sizeof *p);
    if (!p) return PRAC_NOMEM;
    a->slot = p;
    a->cap = cap;
  }
  a->slot[a->n++] = s;
  return PRAC_OK;
}

static void say_all(const struct adding *a, struct ch_buf *sql)
{
  if (a->c->conf.replicated && a->c->conf.quorum > 1)
    ch_say(sql, " SETTINGS select_sequential_consistency = 1");
}

static prac_rc find_slots(struct adding *a, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  unsigned step = a->days ? 86400 : 3600;
  ch_say(&sql,
         "SELECT level, dim, toUInt32(intDiv(toUInt32(start), %u) * %u) AS slot,"
         " toUInt64(count()) FROM (",
         step, step);
  say_rows(a, "level, dim, start", NULL, 0, 1, &sql);
  ch_say(&sql, ") GROUP BY level, dim, slot ORDER BY slot, level, dim");
  say_all(a, &sql);
  prac_rc rc = ch_ask(&a->c->http, &sql, take_slot, a, reterr);
  ch_buf_done(&sql);
  return rc;
}

static void put_group(struct adding *a, struct group *g)
{
  if (!g->any) return;
  bool all = g == &a->all;
  if (!a->days) ch_put_u64(&a->rows, a->at->level + (all ? 0u + CH_ALL : 0u), 1);
  ch_put_u64(&a->rows, a->at->dim, 1);
  ch_put_u64(&a->rows, a->start, 4);
  ch_put_text(&a->rows, g->sensor);
  ch_put_u64(&a->rows, g->row.key, 4);
  ch_put_u64(&a->rows, g->row.packets, 8);
  ch_put_u64(&a->rows, g->row.flows, 8);
  ch_put_u64(&a->rows, g->row.bytes, 8);
  ch_put_u64(&a->rows, store_sketch_count(&g->sketch), 8);
  if (all)
    ch_put_text(&a->rows, "");
  else
    ch_put_sketch(&a->rows, g->sketch.v, g->sketch.n, g->sketch.dense);
  ch_put_u64(&a->rows, a->no, 8);
  store_sketch_done(&g->sketch);
  g->any = false;
}

static void add_row(struct group *g, const char *sensor, const struct store_roll_row *row)
{
  if (!g->any) {
    *g = (struct group){.any = true, .row = {.key = row->key}};
    memcpy(g->sensor, sensor, strlen(sensor) + 1);
  }
  g->row.packets += row->packets;
  g->row.flows += row->flows;
  g->row.bytes += row->bytes;
}

/* The sensor's group is whole: it goes into that of all sensors, and away. */
static prac_rc end_sensor(struct adding *a)
{
  if (!a->one.any) return PRAC_OK;
  if (!a->days) {
    add_row(&a->all, "", &a->one.row);
    PRAC_TRY(store_sketch_merge(&a->all.sketch, &a->one.sketch));
  }
  put_group(a, &a->one);
  return PRAC_OK;
}

static prac_rc end_key(struct adding *a)
{
  PRAC_TRY(end_sensor(a));
  put_group(a, &a->all);
  return PRAC_OK;
}

static prac_rc take_row(void *arg, struct prac_rd *r)
{
  struct adding *a = arg;
  char sensor[STORE_SENSOR_MAX + 1];
  size_t n;
  uint32_t start = prac_rd_u32le(r);
  ch_rd_cstr(r, sensor, sizeof sensor);
  struct store_roll_row row = {.key = prac_rd_u32le(r)};
  row.packets = prac_rd_u64le(r);
  row.flows = prac_rd_u64le(r);
  row.bytes = prac_rd_u64le(r);
  const char *sketch = ch_rd_text(r, SIZE_MAX, &n);
  if (r->bad) return PRAC_OK;
  if (a->days) start = a->at->start;
  if (a->one.any && (start != a->start || row.key != a->one.row.key))
    PRAC_TRY(end_key(a));
  else if (a->one.any && strcmp(sensor, a->one.sensor) != 0)
    PRAC_TRY(end_sensor(a));
  a->start = start;
  add_row(&a->one, sensor, &row);
  struct prac_rd in = prac_rd_of(sketch, n);
  return store_sketch_read(&a->one.sketch, &in);
}

static prac_rc add_piece(struct adding *a, uint64_t piece, uint64_t pieces, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql, "SELECT * FROM (");
  say_rows(a, "start, sensor, key, packets, flows, bytes, sketch", a->at, piece, pieces, &sql);
  ch_say(&sql, ") ORDER BY %skey, sensor", a->days ? "" : "start, ");
  say_all(a, &sql);
  prac_rc rc = ch_ask(&a->c->http, &sql, take_row, a, reterr);
  ch_buf_done(&sql);
  return rc == PRAC_OK ? end_key(a) : rc;
}

static prac_rc hand_over(struct adding *a, struct prac_err *reterr)
{
  static const char *const into[] = {
      "rolled (level, dim, start, sensor, key, packets, flows, bytes, sources, sketch, tx)",
      "day (dim, start, sensor, key, packets, flows, bytes, sources, sketch, tx)"};
  prac_rc rc = ch_insert(a->c, into[a->days], &a->rows, reterr);
  a->rows.n = 0;
  return rc;
}

static prac_rc add_slots(struct adding *a, struct prac_err *reterr)
{
  for (size_t i = 0; i < a->n; i++) {
    const struct slot *s = a->at = &a->slot[i];
    uint64_t pieces = 1 + s->rows / PIECE_ROWS;
    for (uint64_t p = 0; p < pieces; p++) {
      PRAC_TRY(add_piece(a, p, pieces, reterr));
      if (a->rows.n >= INSERT_BYTES) PRAC_TRY(hand_over(a, reterr));
    }
    if (i + 1 < a->n && s[1].start / 86400 != s->start / 86400) PRAC_TRY(hand_over(a, reterr));
  }
  return hand_over(a, reterr);
}

/* A replica that lacks rows would have them left out for ever. Without a quorum every node must
 * have caught up; with one, a node that has not refuses (say_all above). */
prac_rc ch_fold_ready(struct ch *c, struct prac_err *reterr)
{
  static const char *const name[] = {"ledger", "roll", "rolled"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(name) && c->conf.replicated; i++)
    PRAC_TRY(ch_everywhere(c, reterr, "SYSTEM SYNC REPLICA %s%s", name[i], ch_own(c)));
  return ch_view_read(c, reterr);
}

/* Ends what find_slots began. */
static prac_rc add_up(struct adding *a, prac_rc rc, struct prac_err *reterr)
{
  if (rc == PRAC_OK) rc = add_slots(a, reterr);
  if (rc == PRAC_TRUNCATED || rc == PRAC_MALFORMED)
    (void)PRAC_FAIL(reterr, rc, "a roll-up's count of senders is damaged");
  if (rc == PRAC_NOMEM) (void)ch_no_memory(reterr);
  store_sketch_done(&a->one.sketch);
  store_sketch_done(&a->all.sketch);
  ch_buf_done(&a->rows);
  free(a->slot);
  return rc;
}

prac_rc ch_fold_day(struct ch *c, uint32_t day, uint64_t no, struct prac_err *reterr)
{
  struct adding a = {.c = c, .days = true, .from = day, .to = day + 86400, .no = no};
  return add_up(&a, find_slots(&a, reterr), reterr);
}

/* A day at a time, so that what was done stays done: no further than the first day that has
 * something, but never behind the last fold. */
static uint32_t cut(struct adding *a, uint32_t edge)
{
  if (a->n == 0) return edge;
  uint32_t stop = a->slot[0].start / 86400 * 86400 + 86400;
  if (stop < a->c->view.fold_edge) stop = a->c->view.fold_edge;
  if (stop >= edge) return edge;
  while (a->slot[a->n - 1].start >= stop) a->n--;
  return stop;
}

/* *ret_more: there is another day. */
static prac_rc fold(struct ch *c, uint32_t edge, bool *ret_more, struct prac_err *reterr)
{
  struct adding a = {.c = c, .from = c->view.edge, .to = edge};
  prac_rc rc = find_slots(&a, reterr);
  uint32_t end = rc == PRAC_OK ? cut(&a, edge) : edge;
  size_t n = a.n;
  *ret_more = end < edge;
  a.to = end;
  if (rc == PRAC_OK && n > 0) rc = ch_begin(c, &a.no, reterr);
  rc = add_up(&a, rc, reterr);
  if (rc != PRAC_OK || n == 0) return rc;
  PRAC_TRY(ch_commit(c, &(struct ch_commit){.no = a.no, .fold = end}, reterr));
  return ch_fold_ready(c, reterr); /* every node must know of it before rows go */
}

/* Of the last fold, or of one before where it was cut short. */
static prac_rc remove_folded(struct ch *c, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  uint64_t n = 0;
  ch_say(&sql, "SELECT toUInt64(count()) FROM roll WHERE start < toDateTime(%u) AND tx <= %llu",
         c->view.fold_edge, (unsigned long long)c->view.fold_tx);
  prac_rc rc = ch_ask(&c->http, &sql, ch_take_number, &n, reterr);
  ch_buf_done(&sql);
  if (rc != PRAC_OK || n == 0) return rc;
  return ch_everywhere(c, reterr,
                       "ALTER TABLE roll%s DELETE WHERE start < toDateTime(%u) AND tx <= %llu",
                       ch_own(c), c->view.fold_edge, (unsigned long long)c->view.fold_tx);
}

prac_rc ch_fold(struct ch *c, prac_time now, struct prac_err *reterr)
{
  uint32_t edge = ch_seconds(prac_time_floor(now, PRAC_HOUR) - AFTER_S * PRAC_SEC);
  for (bool more = edge > c->view.fold_edge; more;) {
    PRAC_TRY(ch_fold_ready(c, reterr));
    PRAC_TRY(fold(c, edge, &more, reterr));
    if (more) PRAC_TRY(remove_folded(c, reterr));
  }
  return c->view.fold_edge ? remove_folded(c, reterr) : PRAC_OK;
}
