/* Groups and cells counted from the flows themselves: exact, any filter. ClickHouse sorts and cuts;
 * the shared code names the columns. Groups of many flows are counted by ranges of senders, one
 * after another: a sender is in one range only, so senders add up as packets do, and the server
 * holds the senders of one range at a time. */
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"

#define NO_IP "materialize(toFixedString('', 16))"

/* ---- STORE_SERIES, STORE_TOP, STORE_TOP_SCAN ---- */
struct groups {
  struct store_group *g;
  size_t n, cap;
  struct prac_ip *sender; /* picked by chance, in order */
  size_t n_senders;
};
enum { PICKS = 64 }; /* for a range, so that ranges are of much the same size */

static prac_rc take_group(void *arg, struct prac_rd *r)
{
  struct groups *l = arg;
  struct store_group g = {0};
  struct prac_ip src;
  uint32_t at = prac_rd_u32le(r);
  g.lo = prac_rd_u32le(r);
  ch_rd_cstr(r, g.sensor, sizeof g.sensor);
  prac_rd_copy(r, &src, sizeof src);
  g.packets = prac_rd_u64le(r);
  g.flows = prac_rd_u64le(r);
  g.bytes = prac_rd_u64le(r);
  g.sources = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  g.at = at * PRAC_SEC;
  if (!prac_ip_is_zero(&src)) {
    g.hi = prac_ip_hi(&src);
    g.lo = prac_ip_lo(&src);
  }
  if (l->n == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 256;
    struct store_group *v = realloc(l->g, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    l->g = v;
    l->cap = cap;
  }
  l->g[l->n++] = g;
  return PRAC_OK;
}

/* A dimension's key, and its columns in the order of take_group: a number, a text, an address. */
static const struct {
  const char *key, *no, *text, *ip;
} dims[] = {
    [STORE_BY_NONE] = {"", CH_NO_NUMBER, CH_NO_TEXT, NO_IP},
    [STORE_BY_PORT] = {", k_no", "port", CH_NO_TEXT, NO_IP},
    [STORE_BY_COUNTRY] = {", k_no", "toUInt32(country)", CH_NO_TEXT, NO_IP},
    [STORE_BY_ASN] = {", k_no", "asn", CH_NO_TEXT, NO_IP},
    [STORE_BY_SENSOR] = {", k_text", CH_NO_NUMBER, "sensor", NO_IP},
    [STORE_BY_SRC] = {", k_ip", CH_NO_NUMBER, CH_NO_TEXT, "src"},
};

/* The whole, or the range whose limits are there. */
static void say_part(const struct prac_ip *from, const struct prac_ip *to, struct ch_buf *sql)
{
  if (from) {
    ch_say(sql, " AND src >= ");
    ch_say_bytes(sql, from, sizeof *from);
  }
  if (to) {
    ch_say(sql, " AND src < ");
    ch_say_bytes(sql, to, sizeof *to);
  }
}

/* The groups of one range; the first of them where those that follow cannot be in the answer. */
static prac_rc count_part(struct ch *c, const struct store_query *q, const struct prac_ip *from,
                          const struct prac_ip *to, struct groups *l, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  bool series = q->what == STORE_SERIES, whole = !from && !to;
  long long step = (q->step_ns ? q->step_ns : PRAC_HOUR) / PRAC_SEC;
  const char *key = dims[q->by].key;
  if (series)
    ch_say(&sql, "SELECT toUInt32(intDiv(toUInt32(minute), %lld) * %lld) AS k_at", step, step);
  else
    ch_say(&sql, "SELECT " CH_NO_NUMBER);
  ch_say(&sql,
         ", %s AS k_no, %s AS k_text, %s AS k_ip, toUInt64(sum(packets)) AS s_packets,"
         " toUInt64(count()), toUInt64(sum(bytes)), toUInt64(%s) FROM flows",
         dims[q->by].no, dims[q->by].text, dims[q->by].ip,
         q->by == STORE_BY_SRC ? "1" : "uniqExact(src)");
  ch_say_where(c, q, &sql);
  say_part(from, to, &sql);
  if (series)
    ch_say(&sql, " GROUP BY k_at%s", key);
  else if (key[0])
    ch_say(&sql, " GROUP BY %s", key + 2);
  ch_say(&sql, " HAVING count() > 0 ORDER BY %s%s", series ? "k_at" : "s_packets DESC", key);
  if (whole || series || q->by == STORE_BY_SRC) ch_say(&sql, " LIMIT %u", store_limit(q));
  prac_rc rc = ch_ask(&c->http, &sql, take_group, l, reterr);
  ch_buf_done(&sql);
  return rc;
}

int ch_group_cmp(const void *pa, const void *pb)
{
  const struct store_group *a = pa, *b = pb;
  if (a->at != b->at) return a->at < b->at ? -1 : 1;
  int c = strcmp(a->sensor, b->sensor);
  if (c == 0) c = (a->hi > b->hi) - (a->hi < b->hi);
  return c ? c : (a->lo > b->lo) - (a->lo < b->lo);
}

/* The same group of several ranges becomes one. */
static void join(struct groups *l)
{
  size_t n = 0;
  if (l->n > 0) qsort(l->g, l->n, sizeof *l->g, ch_group_cmp);
  for (size_t i = 0; i < l->n; i++) {
    struct store_group *to = n > 0 ? &l->g[n - 1] : NULL;
    if (!to || ch_group_cmp(to, &l->g[i]) != 0) {
      l->g[n++] = l->g[i];
      continue;
    }
    to->packets += l->g[i].packets;
    to->flows += l->g[i].flows;
    to->bytes += l->g[i].bytes;
    to->sources += l->g[i].sources;
  }
  l->n = n;
}

static prac_rc take_sender(void *arg, struct prac_rd *r)
{
  struct groups *l = arg;
  struct prac_ip ip;
  prac_rd_copy(r, &ip, sizeof ip);
  if (r->bad) return PRAC_OK;
  if ((l->n_senders & (l->n_senders - 1)) == 0) {
    struct prac_ip *v = realloc(l->sender, (l->n_senders ? l->n_senders * 2 : 1) * sizeof *v);
    if (!v) return PRAC_NOMEM;
    l->sender = v;
  }
  l->sender[l->n_senders++] = ip;
  return PRAC_OK;
}

static prac_rc pick_senders(struct ch *c, const struct store_query *q, uint64_t one_of,
                            struct groups *l, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql, "SELECT src FROM flows");
  ch_say_where(c, q, &sql);
  ch_say(&sql, " AND rand() %% %llu = 0 ORDER BY src", (unsigned long long)one_of);
  prac_rc rc = ch_ask(&c->http, &sql, take_sender, l, reterr);
  ch_buf_done(&sql);
  return rc;
}

static prac_rc count_parts(struct ch *c, const struct store_query *q, struct groups *l,
                           struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  uint64_t rows = 0, at_once = (uint64_t)c->conf.count_at_once;
  ch_say(&sql, "SELECT toUInt64(count()) FROM flows");
  ch_say_where(c, q, &sql);
  prac_rc rc = ch_ask(&c->http, &sql, ch_take_number, &rows, reterr);
  ch_buf_done(&sql);
  if (rc != PRAC_OK) return rc;
  if (rows > at_once) PRAC_TRY(pick_senders(c, q, 1 + at_once / PICKS, l, reterr));
  const struct prac_ip *from = NULL;
  for (size_t i = PICKS; i < l->n_senders; i += PICKS) {
    const struct prac_ip *to = &l->sender[i];
    if (from && memcmp(from, to, sizeof *to) == 0) continue; /* one that sends very much */
    PRAC_TRY(count_part(c, q, from, to, l, reterr));
    join(l);
    from = to;
  }
  PRAC_TRY(count_part(c, q, from, NULL, l, reterr));
  if (from) join(l);
  return PRAC_OK;
}

prac_rc ch_groups_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                        struct prac_err *reterr)
{
  struct groups l = {0};
  prac_rc rc = count_parts(c, q, &l, reterr);
  if (rc == PRAC_NOMEM) (void)ch_no_memory(reterr);
  if (rc == PRAC_OK) rc = store_groups_emit(q, l.g, l.n, each, arg);
  free(l.g);
  free(l.sender);
  return rc;
}

/* ---- STORE_CELLS ---- */
struct cells {
  const struct store_query *q;
  store_row *each;
  void *arg;
};

static prac_rc take_cell(void *arg, struct prac_rd *r)
{
  const struct cells *l = arg;
  struct store_cell c = {0};
  c.at = prac_rd_u32le(r) * PRAC_SEC;
  ch_rd_cstr(r, c.sensor, sizeof c.sensor);
  prac_rd_copy(r, &c.src, sizeof c.src);
  prac_rd_copy(r, &c.dst, sizeof c.dst);
  c.port = prac_rd_u32le(r);
  c.country = prac_rd_u16le(r);
  c.asn = prac_rd_u32le(r);
  c.tool = prac_rd_u8(r);
  ch_rd_cstr(r, c.survey, sizeof c.survey);
  c.marks = prac_rd_u32le(r);
  c.packets = prac_rd_u64le(r);
  c.flows = prac_rd_u64le(r);
  c.bytes = prac_rd_u64le(r);
  c.sources = prac_rd_u64le(r);
  c.first = (prac_time)prac_rd_u64le(r) * PRAC_MS;
  c.last = (prac_time)prac_rd_u64le(r) * PRAC_MS;
  return r->bad ? PRAC_OK : store_cell_emit(l->q, &c, l->each, l->arg);
}

/* What a key is called, what it is where it is none, and its order. */
#define TOOL "if(tool < 6, tool, toUInt8(0))"
static const struct {
  const char *name, *expr, *none, *order;
} keys[STORE_KEY_COUNT_] = {
    [STORE_KEY_BIT_AT] = {"k_at", NULL, "toUInt32(0)", NULL}, /* by its step, and first of all */
    [STORE_KEY_BIT_SENSOR] = {"k_sensor", "sensor", "''", NULL},
    [STORE_KEY_BIT_SRC] = {"k_src", "src", NO_IP, NULL},
    [STORE_KEY_BIT_DST] = {"k_dst", "dst", NO_IP, NULL},
    [STORE_KEY_BIT_PORT] = {"k_port", "port", "toUInt32(0)", NULL},
    [STORE_KEY_BIT_COUNTRY] = {"k_country", "country", "toUInt16(0)", NULL},
    [STORE_KEY_BIT_ASN] = {"k_asn", "asn", "toUInt32(0)", NULL},
    [STORE_KEY_BIT_MARKS] = {"k_marks", "marks", "toUInt32(0)", NULL},
    [STORE_KEY_BIT_TOOL] = {"k_tool", TOOL, "toUInt8(0)",
                            "transform(k_tool, [0, 1, 2, 3, 4, 5], [0, 5, 1, 2, 4, 3], 0)"},
    [STORE_KEY_BIT_SURVEY] = {"k_survey", "substring(survey, 1, 63)", "''", NULL},
};
_Static_assert(FLOW_TOOL_COUNT_ == 6, "transform above: the order of the tools' words");

/* columns in the order of take_cell */
static const enum store_key_bit columns[] = {
    STORE_KEY_BIT_AT,  STORE_KEY_BIT_SENSOR, STORE_KEY_BIT_SRC,
    STORE_KEY_BIT_DST, STORE_KEY_BIT_PORT,   STORE_KEY_BIT_COUNTRY,
    STORE_KEY_BIT_ASN, STORE_KEY_BIT_TOOL,   STORE_KEY_BIT_SURVEY};

static void say_columns(const struct store_query *q, struct ch_buf *sql)
{
  long long step = (q->step_ns ? q->step_ns : PRAC_MIN) / PRAC_SEC;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(columns); i++) {
    enum store_key_bit k = columns[i];
    bool is = q->keys & 1u << k;
    ch_say(sql, "%s", i ? ", " : "SELECT ");
    if (is && k == STORE_KEY_BIT_AT)
      ch_say(sql, "toUInt32(intDiv(toUInt32(minute), %lld) * %lld)", step, step);
    else
      ch_say(sql, "%s", is ? keys[k].expr : keys[k].none);
    ch_say(sql, " AS %s", keys[k].name);
  }
  ch_say(sql,
         ", %s AS k_marks, toUInt64(sum(packets)) AS s_packets, toUInt64(count()),"
         " toUInt64(sum(bytes)), toUInt64(uniqExact(src)), toInt64(min(" CH_FIRST ")),"
         " toInt64(max(" CH_FIRST " + span_ms)) FROM flows",
         q->keys & STORE_KEY_MARKS ? "marks" : "groupBitOr(marks)");
}

prac_rc ch_cells_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                       struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  struct cells l = {q, each, arg};
  const char *between = " GROUP BY ";
  say_columns(q, &sql);
  ch_say_where(c, q, &sql);
  for (size_t k = 0; k < STORE_KEY_COUNT_; k++) {
    if (!(q->keys & 1u << k)) continue;
    ch_say(&sql, "%s%s", between, keys[k].name);
    between = ", ";
  }
  if (q->keys == 0) ch_say(&sql, " HAVING count() > 0"); /* no rows: no cell */
  ch_say(&sql, " ORDER BY %s", q->keys & STORE_KEY_AT ? "k_at" : "s_packets DESC");
  for (size_t k = 0; k < STORE_KEY_COUNT_; k++)
    if (q->keys & 1u << k) ch_say(&sql, ", %s", keys[k].order ? keys[k].order : keys[k].name);
  ch_say(&sql, " LIMIT %u", store_limit(q));
  prac_rc rc = ch_ask(&c->http, &sql, take_cell, &l, reterr);
  ch_buf_done(&sql);
  return rc;
}
