/* Questions that roll-ups answer: counts are added up, sorted and cut by ClickHouse; the sketches
 * of senders are read for the groups that are in the answer, and merged here. Hours that are over
 * stand in `rolled`, those of days that were given up by age in `day`. */
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"

struct acc {
  const struct store_query *q;
  const struct store_plan *plan;
  struct store_group *g;
  struct store_sketch *sketch;
  size_t n, cap;
  bool several; /* a group of more than one row */
};

static void acc_done(struct acc *a)
{
  for (size_t i = 0; a->sketch && i < a->n; i++) store_sketch_done(&a->sketch[i]);
  free(a->sketch);
  free(a->g);
}

static prac_rc read_key(struct prac_rd *r, const struct store_plan *p, struct store_group *g)
{
  uint32_t at = prac_rd_u32le(r);
  g->at = p->step_ns ? at * PRAC_SEC : PRAC_TIME_NONE;
  g->lo = prac_rd_u32le(r);
  ch_rd_cstr(r, g->sensor, sizeof g->sensor);
  return PRAC_OK;
}

static prac_rc take_counts(void *arg, struct prac_rd *r)
{
  struct acc *a = arg;
  struct store_group g = {0};
  PRAC_TRY(read_key(r, a->plan, &g));
  g.packets = prac_rd_u64le(r);
  g.flows = prac_rd_u64le(r);
  g.bytes = prac_rd_u64le(r);
  g.sources = prac_rd_u64le(r);
  uint64_t rows = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  if (a->n == a->cap) {
    size_t cap = a->cap ? a->cap * 2 : 256;
    struct store_group *v = realloc(a->g, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    a->g = v;
    a->cap = cap;
  }
  a->several = a->several || rows > 1;
  a->g[a->n++] = g;
  return PRAC_OK;
}

static prac_rc take_sketch(void *arg, struct prac_rd *r)
{
  struct acc *a = arg;
  struct store_group like = {0};
  size_t n;
  PRAC_TRY(read_key(r, a->plan, &like));
  const char *text = ch_rd_text(r, SIZE_MAX, &n);
  if (r->bad) return PRAC_OK;
  const struct store_group *g = bsearch(&like, a->g, a->n, sizeof *a->g, ch_group_cmp);
  struct prac_rd in = prac_rd_of(text, n);
  return g ? store_sketch_read(&a->sketch[g - a->g], &in) : PRAC_OK;
}

/* ---- SQL ---- */
static void say_key(const struct store_plan *p, struct ch_buf *sql)
{
  long long step = p->step_ns / PRAC_SEC;
  if (step)
    ch_say(sql, "SELECT toUInt32(intDiv(toUInt32(start), %lld) * %lld) AS k_at", step, step);
  else
    ch_say(sql, "SELECT " CH_NO_NUMBER " AS k_at");
  ch_say(sql, ", %s AS k_no, %s AS k_text", p->by_key ? "key" : CH_NO_NUMBER,
         p->by_sensor ? "sensor" : CH_NO_TEXT);
}

/* Few keys of many: only their sketches are sent. */
static void say_wanted(const struct acc *a, struct ch_buf *sql)
{
  enum { FEW = 4096 };
  if (!a->plan->by_key || a->plan->step_ns || a->n > FEW) return;
  for (size_t i = 0; i < a->n; i++)
    ch_say(sql, "%s%u", i ? ", " : " AND key IN (", (uint32_t)a->g[i].lo);
  ch_say(sql, ")");
}

enum table { ROLL, ROLLED, DAY };

static void say_span(const struct ch *c, const struct store_plan *p, bool days, struct ch_buf *sql)
{
  if (c->view.edge) ch_say(sql, " AND start %s toDateTime(%u)", days ? "<" : ">=", c->view.edge);
  if (p->span.from > 0) ch_say(sql, " AND start >= toDateTime(%u)", ch_seconds(p->span.from));
  if (p->span.to <= 0)
    ch_say(sql, " AND 0");
  else if (p->span.to / PRAC_SEC <= UINT32_MAX)
    ch_say(sql, " AND start < toDateTime(%u)",
           ch_seconds(p->span.to - (days ? PRAC_DAY - PRAC_SEC : 0)));
}

/* sketches: of each sensor, and of the groups that are there already */
static void say_from(const struct ch *c, const struct acc *a, enum table t, bool sketches,
                     struct ch_buf *sql)
{
  static const char *const name[] = {[ROLL] = "roll", [ROLLED] = "rolled", [DAY] = "day"};
  const struct store_plan *p = a->plan;
  const char *sensor = a->q->sensor && a->q->sensor[0] ? a->q->sensor : NULL;
  bool days = t == DAY, all = t == ROLLED && !sketches && !p->by_sensor && !sensor;
  ch_say(sql, " FROM %s WHERE dim = %d", name[t], (int)p->dim);
  if (!days)
    ch_say(sql, " AND level = %d",
           (p->level_ns == PRAC_MIN ? CH_MINUTES : CH_HOURS) + (all ? CH_ALL : 0));
  say_span(c, p, days, sql);
  if (p->key_lo > 0 || p->key_hi < UINT32_MAX)
    ch_say(sql, " AND key >= %u AND key <= %u", (uint32_t)p->key_lo, (uint32_t)p->key_hi);
  if (sensor) ch_say(sql, " AND sensor = '%s'", sensor);
  if (sketches) say_wanted(a, sql);
  if (t == ROLL)
    ch_say_view_roll(c, sql);
  else
    ch_say_view(c, sql);
}

/* Where nobody asks for hours, days that were given up count too. */
static bool has(const struct ch *c, const struct store_plan *p, enum table t)
{
  if (t == ROLLED) return c->view.fold_edge > 0;
  return t == ROLL || (c->view.edge && p->level_ns == PRAC_HOUR && p->step_ns % PRAC_DAY == 0);
}

static void say_rows(const struct ch *c, const struct acc *a, bool sketches, struct ch_buf *sql)
{
  for (enum table t = ROLL; t <= DAY; t++) {
    if (!has(c, a->plan, t)) continue;
    if (t != ROLL) ch_say(sql, " UNION ALL ");
    say_key(a->plan, sql);
    ch_say(sql, sketches ? ", sketch" : ", packets, flows, bytes, sources");
    say_from(c, a, t, sketches, sql);
  }
}

/* Only by what is a key: a column that says nothing would make each group slower to find. */
static void say_group_by(const struct store_plan *p, struct ch_buf *sql)
{
  const char *keys[] = {p->step_ns ? "k_at" : NULL, p->by_sensor ? "k_text" : NULL,
                        p->by_key ? "k_no" : NULL};
  const char *between = " GROUP BY ";
  for (size_t i = 0; i < PRAC_ARRAY_LEN(keys); i++) {
    if (!keys[i]) continue;
    ch_say(sql, "%s%s", between, keys[i]);
    between = ", ";
  }
}

static prac_rc first_pass(struct ch *c, struct acc *a, struct prac_err *reterr)
{
  const struct store_plan *p = a->plan;
  struct ch_buf sql = {0};
  ch_say(&sql,
         "SELECT %s, %s, %s, toUInt64(sum(packets)) AS s_packets, toUInt64(sum(flows)),"
         " toUInt64(sum(bytes)), toUInt64(any(sources)), toUInt64(count()) FROM (",
         p->step_ns ? "k_at" : CH_NO_NUMBER, p->by_key ? "k_no" : CH_NO_NUMBER,
         p->by_sensor ? "k_text" : CH_NO_TEXT);
  say_rows(c, a, false, &sql);
  ch_say(&sql, ")");
  say_group_by(p, &sql);
  ch_say(&sql, " HAVING count() > 0 ORDER BY %s%s%s LIMIT %u",
         p->step_ns ? "k_at" : "s_packets DESC", p->by_sensor ? ", k_text" : "",
         p->by_key ? ", k_no" : "", store_limit(a->q));
  prac_rc rc = ch_ask(&c->http, &sql, take_counts, a, reterr);
  ch_buf_done(&sql);
  return rc == PRAC_NOMEM ? ch_no_memory(reterr) : rc;
}

static prac_rc second_pass(struct ch *c, struct acc *a, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  a->sketch = calloc(a->n + 1, sizeof *a->sketch);
  if (!a->sketch) return ch_no_memory(reterr);
  qsort(a->g, a->n, sizeof *a->g, ch_group_cmp);
  say_rows(c, a, true, &sql);
  prac_rc rc = ch_ask(&c->http, &sql, take_sketch, a, reterr);
  ch_buf_done(&sql);
  if (rc == PRAC_NOMEM) return ch_no_memory(reterr);
  if (rc == PRAC_TRUNCATED || rc == PRAC_MALFORMED)
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "a roll-up's count of senders is damaged");
  for (size_t i = 0; i < a->n; i++) a->g[i].sources = store_sketch_count(&a->sketch[i]);
  return rc;
}

prac_rc ch_rolls_query(struct ch *c, const struct store_query *q, const struct store_plan *p,
                       store_row *each, void *arg, struct prac_err *reterr)
{
  struct acc a;
  bool moved = false;
  prac_rc rc;
  for (;;) {
    a = (struct acc){.q = q, .plan = p};
    rc = first_pass(c, &a, reterr);
    if (rc == PRAC_OK && a.several) rc = second_pass(c, &a, reterr);
    if (rc == PRAC_OK) rc = ch_view_moved(c, &moved, reterr);
    if (rc != PRAC_OK || !moved) break;
    acc_done(&a);
    PRAC_TRY(ch_view_read(c, reterr));
  }
  if (rc == PRAC_OK) rc = store_groups_emit(q, a.g, a.n, each, arg);
  acc_done(&a);
  return rc;
}
