/* A question as SQL. Every text is made from numbers and from texts that store_query_check has let
 * through. */
#include <inttypes.h>

#include "store/embedded/scan.h"

#define PORT_KEY                                                                                   \
  "CASE WHEN proto IN (6,17,33,132,136) THEN proto::UINTEGER*65536+dport"                          \
  " WHEN proto IN (1,58) THEN proto::UINTEGER*65536+(sport&255)::UINTEGER*256+(dport&255)"         \
  " ELSE proto::UINTEGER*65536 END"
#define AT_MS "(epoch_ms(minute)+first_ms)"

static void where_prefix(struct emb_sqltext *t, const char *col, const struct prac_prefix *p)
{
  if (p->bits == 0) return;
  uint64_t hi = prac_ip_hi(&p->ip), lo = prac_ip_lo(&p->ip);
  if (p->bits <= 64) {
    uint64_t host = p->bits == 64 ? 0 : UINT64_MAX >> p->bits;
    emb_say(t, " AND %s_hi BETWEEN %" PRIu64 "::UBIGINT AND %" PRIu64 "::UBIGINT", col, hi,
            hi | host);
    return;
  }
  uint64_t host = p->bits == 128 ? 0 : UINT64_MAX >> (p->bits - 64);
  emb_say(t, " AND %s_hi = %" PRIu64 "::UBIGINT", col, hi);
  if (host == 0)
    emb_say(t, " AND %s_lo = %" PRIu64 "::UBIGINT", col, lo);
  else
    emb_say(t, " AND %s_lo BETWEEN %" PRIu64 "::UBIGINT AND %" PRIu64 "::UBIGINT", col, lo,
            lo | host);
}

static uint64_t mask_of(unsigned bits) /* of one half */
{
  return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

/* Any of several: what stands in one half is a list; neighbours of one length are told together. */
static void where_srcs(struct emb_sqltext *t, const struct store_query *q)
{
  if (q->n_srcs == 0) return;
  emb_say(t, " AND (false");
  for (uint32_t i = 0, k; i < q->n_srcs; i = k) {
    unsigned bits = q->srcs[i].bits;
    bool low = bits > 64; /* IPv4: the upper half is the same for all */
    uint64_t hi = prac_ip_hi(&q->srcs[i].ip);
    if (low)
      emb_say(t, " OR (src_hi = %" PRIu64 "::UBIGINT AND (src_lo & %" PRIu64 "::UBIGINT) IN (", hi,
              mask_of(bits - 64));
    else
      emb_say(t, " OR ((src_hi & %" PRIu64 "::UBIGINT) IN (", mask_of(bits));
    for (k = i; k < q->n_srcs && q->srcs[k].bits == bits; k++) {
      const struct prac_ip *ip = &q->srcs[k].ip;
      if (low && prac_ip_hi(ip) != hi) break;
      emb_say(t, "%s%" PRIu64 "::UBIGINT", k > i ? "," : "", low ? prac_ip_lo(ip) : prac_ip_hi(ip));
    }
    emb_say(t, "))");
  }
  emb_say(t, ")");
}

int64_t emb_ceil_ms(prac_time t)
{
  prac_time f = prac_time_floor(t, PRAC_MS);
  return f / PRAC_MS + (f != t);
}

/* Whole minutes first: they prune files; the exact bound only where it cuts a minute. */
static void where_time(struct emb_sqltext *t, const struct store_query *q)
{
  if (q->span.from != PRAC_TIME_NONE) {
    prac_time m = prac_time_floor(q->span.from, PRAC_MIN);
    emb_say(t, " AND minute >= make_timestamp(%" PRId64 ")", m / 1000);
    if (m != q->span.from) emb_say(t, " AND " AT_MS " >= %" PRId64, emb_ceil_ms(q->span.from));
  }
  if (q->span.to != PRAC_TIME_NONE) {
    prac_time m = prac_time_floor(q->span.to, PRAC_MIN);
    emb_say(t, " AND minute %s make_timestamp(%" PRId64 ")",
            m == q->span.to ? "<" : "<=", m / 1000);
    if (m != q->span.to) emb_say(t, " AND " AT_MS " < %" PRId64, emb_ceil_ms(q->span.to));
  }
}

static void where_port(struct emb_sqltext *t, const struct store_query *q)
{
  if (q->port.proto) emb_say(t, " AND proto = %u", q->port.proto);
  if (q->has_port && (q->port.proto == 6 || q->port.proto == 17))
    emb_say(t, " AND dport = %u", q->port.port);
  else if (q->has_port)
    emb_say(t, " AND (" PORT_KEY ") %% 65536 = %u", q->port.port);
}

static void where(struct emb_sqltext *t, const struct store_query *q)
{
  emb_say(t, " WHERE true");
  where_time(t, q);
  if (q->sensor && q->sensor[0]) emb_say(t, " AND sensor = '%s'", q->sensor);
  where_prefix(t, "src", &q->src);
  where_srcs(t, q);
  where_prefix(t, "dst", &q->dst);
  where_prefix(t, "victim", &q->victim);
  where_port(t, q);
  if (q->country && q->country[0]) emb_say(t, " AND country = '%s'", q->country);
  if (q->asn) emb_say(t, " AND asn = %" PRIu32, q->asn);
  if (q->marks) emb_say(t, " AND (marks & %" PRIu32 ") = %" PRIu32, q->marks, q->marks);
}

void emb_scan_where(const struct store_query *q, struct emb_sqltext *t)
{
  where(t, q);
}

/* A tool's text by its place in enum flow_tool. */
static void say_tool(struct emb_sqltext *t)
{
  emb_say(t, "CASE tool");
  for (int i = 1; i < FLOW_TOOL_COUNT_; i++)
    emb_say(t, " WHEN '%s' THEN %d", flow_tool_text((enum flow_tool)i), i);
  emb_say(t, " ELSE 0 END");
}

static void flows_sql(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  static const char *const order[] = {
      AT_MS,   "sensor",     "part",    "src_hi", "src_lo",  "dst_hi",    "dst_lo",    "proto",
      "sport", "dport",      "packets", "bytes",  "span_ms", "victim_hi", "victim_lo", "tcp_flags",
      "ttl",   "tcp_window", "country", "asn",    "marks",   "survey",    "payload"};
  const char *dir = q->oldest_first ? "ASC" : "DESC";
  emb_say(t, "SELECT ");
#define C(name, type, ctype, expr) emb_say(t, "%s" #name, EMB_COL_##name ? "," : "");
  EMB_COLUMNS(C)
#undef C
  emb_say(t, " FROM %s", from);
  where(t, q);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(order); i++)
    emb_say(t, "%s%s %s", i ? "," : " ORDER BY ", order[i], dir);
  emb_say(t, ",");
  say_tool(t);
  emb_say(t, " %s", dir);
  emb_say(t, " LIMIT %" PRIu32, store_flow_limit(q));
}

/* The columns a host's history needs; the rest as nothing, so that it is not read. */
static void host_sql(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  emb_say(t,
          "SELECT minute,sensor,0::UINTEGER,first_ms,span_ms,src_hi,src_lo,dst_hi,dst_lo,"
          "0::UBIGINT,0::UBIGINT,proto,0::UTINYINT,0::UTINYINT,sport,dport,0::USMALLINT,"
          "packets,bytes,'',0::UINTEGER,marks,'','',0::UBIGINT,'' FROM %s",
          from);
  where(t, q);
}

static const char *key_of(enum store_dim by)
{
  switch (by) {
  case STORE_BY_PORT:
    return PORT_KEY;
  case STORE_BY_COUNTRY:
    return "country";
  case STORE_BY_ASN:
    return "asn";
  case STORE_BY_SENSOR:
    return "sensor";
  case STORE_BY_SRC:
  case STORE_BY_NONE:
    break;
  }
  return "0";
}

static const char *step_of(const struct store_query *q)
{
  if (q->what != STORE_SERIES) return "0::BIGINT";
  if (q->step_ns == PRAC_MIN) return "epoch_us(minute)";
  if (q->step_ns == PRAC_DAY) return "epoch_us(date_trunc('day',minute))";
  return "epoch_us(date_trunc('hour',minute))";
}

/* Sums as DOUBLE: exact up to 9e15, and half the time of DuckDB's 128-bit sums. */
#define SUMS "sum(packets::DOUBLE) AS p,count(*) AS f,sum(bytes::DOUBLE) AS b"

/* The biggest groups by packets alone: which sources they have is only asked for those. */
static void ranked(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  emb_say(t, "WITH ranked AS (SELECT %s AS k,sum(packets::DOUBLE) AS p FROM %s", key_of(q->by),
          from);
  where(t, q);
  emb_say(t, " GROUP BY 1 ORDER BY p DESC,k LIMIT %" PRIu32 ") ", store_limit(q));
}

static void by_source(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  emb_say(t,
          "SELECT %s AS w,0 AS k,src_hi AS hi,src_lo AS lo,sum(packets)::UBIGINT AS p,"
          "count(*)::UBIGINT AS f,sum(bytes)::UBIGINT AS b,1::UBIGINT AS s FROM %s",
          step_of(q), from);
  where(t, q);
  emb_say(t, " GROUP BY 1,3,4");
}

/* Sources first, then groups: exact, and nothing has to be kept per group but one row a source. */
static void by_group(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  bool top = q->what != STORE_SERIES;
  if (top) ranked(q, from, t);
  emb_say(t,
          "SELECT w,k,0::UBIGINT AS hi,0::UBIGINT AS lo,sum(p)::UBIGINT AS p,"
          "sum(f)::UBIGINT AS f,sum(b)::UBIGINT AS b,count(*)::UBIGINT AS s FROM (SELECT %s AS"
          " w,%s AS k,src_hi,src_lo," SUMS " FROM %s",
          step_of(q), key_of(q->by), from);
  where(t, q);
  emb_say(t, "%s GROUP BY 1,2,3,4) GROUP BY 1,2", top ? " AND k IN (SELECT k FROM ranked)" : "");
}

static void groups_sql(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  if (q->by == STORE_BY_SRC)
    by_source(q, from, t);
  else
    by_group(q, from, t);
  if (q->what == STORE_SERIES)
    emb_say(t, " ORDER BY w,k,hi,lo");
  else
    emb_say(t, " ORDER BY p DESC,k,hi,lo");
  emb_say(t, " LIMIT %" PRIu32, store_limit(q));
}

/* ---- cells ---- */
static const char port_key[] = PORT_KEY;
static const char *const cell_keys[EMB_CELL_KEYS] = {
    /* as the keys of store_key, addresses in two halves */
    NULL,     "sensor",  "src_hi", "src_lo", "dst_hi", "dst_lo",
    port_key, "country", "asn",    "marks",  "tool",   "survey",
};
static const char *const cell_none[EMB_CELL_KEYS] = {
    "0::BIGINT",   "''", "0::UBIGINT",  "0::UBIGINT",  "0::UBIGINT", "0::UBIGINT",
    "0::UINTEGER", "''", "0::UINTEGER", "0::UINTEGER", "''",         "''",
};
static const uint32_t cell_bits[EMB_CELL_KEYS] = {
    STORE_KEY_AT,  STORE_KEY_SENSOR, STORE_KEY_SRC,  STORE_KEY_SRC,
    STORE_KEY_DST, STORE_KEY_DST,    STORE_KEY_PORT, STORE_KEY_COUNTRY,
    STORE_KEY_ASN, STORE_KEY_MARKS,  STORE_KEY_TOOL, STORE_KEY_SURVEY,
};

static const char *cell_step(const struct store_query *q)
{
  struct store_query s = {.what = STORE_SERIES, .step_ns = q->step_ns ? q->step_ns : PRAC_MIN};
  return step_of(&s);
}

/* " GROUP BY" or " ORDER BY" the keys there are, by their place; the outer ones by name. */
static void cell_list(const struct store_query *q, const char *what, const char *more,
                      struct emb_sqltext *t)
{
  unsigned n = 0;
  for (unsigned i = 0; i < EMB_CELL_KEYS; i++)
    if (q->keys & cell_bits[i]) emb_say(t, "%s%u", n++ ? "," : what, i + 1);
  if (more[0]) emb_say(t, "%s%s", n ? "," : what, more);
}

/* Senders first, then cells: exact, and nothing but a row a sender is kept. */
static void cells_sql(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  for (unsigned i = 0; i < EMB_CELL_KEYS; i++)
    if (q->keys & cell_bits[i])
      emb_say(t, "%sk%u", i ? "," : "SELECT ", i);
    else
      emb_say(t, "%s%s AS k%u", i ? "," : "SELECT ", cell_none[i], i);
  emb_say(t,
          ",sum(p)::UBIGINT AS p,sum(f)::UBIGINT AS f,sum(b)::UBIGINT AS b,count(*)::UBIGINT AS s,"
          "min(t0) AS t0,max(t1) AS t1,bit_or(m) AS m FROM (SELECT ");
  for (unsigned i = 0; i < EMB_CELL_KEYS; i++)
    emb_say(t, "%s%s AS k%u", i ? "," : "",
            !(q->keys & cell_bits[i]) ? cell_none[i]
            : cell_keys[i]            ? cell_keys[i]
                                      : cell_step(q),
            i);
  emb_say(t,
          ",src_hi AS xh,src_lo AS xl," SUMS ",min(" AT_MS ") AS t0,max(" AT_MS "+span_ms) AS t1,"
          "bit_or(marks) AS m FROM %s",
          from);
  where(t, q);
  cell_list(q, " GROUP BY ", "xh,xl", t);
  emb_say(t, ") AS senders");
  cell_list(q, " GROUP BY ", "", t);
  if (q->keys == 0) emb_say(t, " HAVING count(*) > 0");
  if (!(q->keys & STORE_KEY_AT)) emb_say(t, " ORDER BY p DESC");
  cell_list(q, q->keys & STORE_KEY_AT ? " ORDER BY " : ",", "", t);
  emb_say(t, " LIMIT %" PRIu32, store_limit(q));
}

void emb_runs_sql(const struct store_query *q, const char *path, struct emb_sqltext *t)
{
  const char *key = q->by == STORE_BY_PORT      ? "proto,sport,dport"
                    : q->by == STORE_BY_COUNTRY ? "country"
                                                : "asn";
  emb_say(t, "SELECT packets,bytes,src_hi,src_lo,%s FROM read_parquet('%s')", key, path);
  where(t, q);
}

void emb_scan_sql(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  if (q->what == STORE_FLOWS)
    flows_sql(q, from, t);
  else if (q->what == STORE_HOST)
    host_sql(q, from, t);
  else if (q->what == STORE_CELLS)
    cells_sql(q, from, t);
  else
    groups_sql(q, from, t);
}
