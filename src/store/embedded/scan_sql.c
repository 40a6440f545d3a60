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

static int64_t ceil_ms(prac_time t)
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
    if (m != q->span.from) emb_say(t, " AND " AT_MS " >= %" PRId64, ceil_ms(q->span.from));
  }
  if (q->span.to != PRAC_TIME_NONE) {
    prac_time m = prac_time_floor(q->span.to, PRAC_MIN);
    emb_say(t, " AND minute %s make_timestamp(%" PRId64 ")",
            m == q->span.to ? "<" : "<=", m / 1000);
    if (m != q->span.to) emb_say(t, " AND " AT_MS " < %" PRId64, ceil_ms(q->span.to));
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
  where_prefix(t, "dst", &q->dst);
  where_prefix(t, "victim", &q->victim);
  where_port(t, q);
  if (q->country && q->country[0]) emb_say(t, " AND country = '%s'", q->country);
  if (q->asn) emb_say(t, " AND asn = %" PRIu32, q->asn);
  if (q->marks) emb_say(t, " AND (marks & %" PRIu32 ") = %" PRIu32, q->marks, q->marks);
}

static void flows_sql(const struct store_query *q, const char *from, struct emb_sqltext *t)
{
  static const char *const order[] = {AT_MS,     "sensor", "part",   "src_hi", "src_lo",
                                      "dst_hi",  "dst_lo", "proto",  "sport",  "dport",
                                      "packets", "bytes",  "span_ms"};
  emb_say(t, "SELECT ");
#define C(name, type, ctype, expr) emb_say(t, "%s" #name, EMB_COL_##name ? "," : "");
  EMB_COLUMNS(C)
#undef C
  emb_say(t, " FROM %s", from);
  where(t, q);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(order); i++)
    emb_say(t, "%s%s %s", i ? "," : " ORDER BY ", order[i], q->oldest_first ? "ASC" : "DESC");
  emb_say(t, " LIMIT %" PRIu32, store_limit(q));
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
  else
    groups_sql(q, from, t);
}
