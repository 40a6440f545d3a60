/* A question's filters as SQL: the same rows as store_flow_match takes. */
#include <stdio.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"

prac_rc ch_no_memory(struct prac_err *reterr)
{
  static const char text[] = "the answer is too big, narrow the time or the filters";
  if (reterr && reterr->rc == PRAC_NOMEM && reterr->text[0])
    return prac_err_prefix(reterr, PRAC_NOMEM, "%s", text); /* which limit, in the server's words */
  return PRAC_FAIL(reterr, PRAC_NOMEM, "%s", text);
}

uint32_t ch_seconds(prac_time t)
{
  if (t <= 0) return 0;
  prac_time s = t / PRAC_SEC;
  return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

void ch_say_bytes(struct ch_buf *sql, const void *v, size_t n)
{
  const uint8_t *b = v;
  ch_say(sql, "'");
  for (size_t i = 0; i < n; i++) ch_say(sql, "\\x%02X", b[i]);
  ch_say(sql, "'");
}

static int64_t ms_up(prac_time t)
{
  int64_t f = prac_time_floor(t, PRAC_MS);
  return f / PRAC_MS + (f != t);
}

static void say_span(const struct prac_span *s, struct ch_buf *sql)
{
  if (s->from != PRAC_TIME_NONE)
    ch_say(sql, " AND minute >= toDateTime(%u) AND " CH_FIRST " >= %lld",
           ch_seconds(prac_time_floor(s->from, PRAC_MIN)), (long long)ms_up(s->from));
  if (s->to != PRAC_TIME_NONE)
    ch_say(sql, " AND minute <= toDateTime(%u) AND " CH_FIRST " < %lld", ch_seconds(s->to),
           (long long)ms_up(s->to));
}

/* Bytes compare as text does. */
void ch_say_prefix(const char *column, const struct prac_prefix *p, struct ch_buf *sql)
{
  struct prac_ip hi = p->ip;
  for (unsigned i = p->bits; i < 128; i++) hi.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
  ch_say(sql, "(%s >= ", column);
  ch_say_bytes(sql, &p->ip, sizeof p->ip);
  ch_say(sql, " AND %s <= ", column);
  ch_say_bytes(sql, &hi, sizeof hi);
  ch_say(sql, ")");
}

static void say_one_prefix(const char *column, const struct prac_prefix *p, struct ch_buf *sql)
{
  if (!p->bits) return;
  ch_say(sql, " AND ");
  ch_say_prefix(column, p, sql);
}

void ch_say_srcs(const char *column, const struct store_query *q, struct ch_buf *sql)
{
  const char *between = " IN (", *end = "";
  ch_say(sql, "(");
  for (uint32_t i = 0; i < q->n_srcs; i++) {
    if (q->srcs[i].bits != 128) continue;
    ch_say(sql, "%s%stoFixedString(", end[0] ? "" : column, between);
    ch_say_bytes(sql, &q->srcs[i].ip, sizeof q->srcs[i].ip);
    ch_say(sql, ", 16)");
    between = ", ";
    end = ")";
  }
  between = end[0] ? ") OR " : "";
  for (uint32_t i = 0; i < q->n_srcs; i++) {
    if (q->srcs[i].bits == 128) continue;
    ch_say(sql, "%s", between);
    ch_say_prefix(column, &q->srcs[i], sql);
    between = " OR ";
    end = "";
  }
  ch_say(sql, "%s)", end);
}

static void say_srcs(const struct store_query *q, struct ch_buf *sql)
{
  if (q->n_srcs == 0) return;
  ch_say(sql, " AND ");
  ch_say_srcs("src", q, sql);
}

static void say_port(const struct store_query *q, struct ch_buf *sql)
{
  if (q->port.proto) ch_say(sql, " AND proto = %u", q->port.proto);
  if (q->has_port) ch_say(sql, " AND bitAnd(port, 65535) = %u", q->port.port);
}

/* Sensors and countries have been checked letter by letter (store_query_check). */
void ch_say_where(const struct ch *c, const struct store_query *q, struct ch_buf *sql)
{
  ch_say(sql, " WHERE 1");
  ch_say_view(c, sql);
  if (c->view.edge) ch_say(sql, " AND minute >= toDateTime(%u)", c->view.edge);
  say_span(&q->span, sql);
  if (q->sensor && q->sensor[0]) ch_say(sql, " AND sensor = '%s'", q->sensor);
  say_one_prefix("src", &q->src, sql);
  say_one_prefix("dst", &q->dst, sql);
  say_one_prefix("victim", &q->victim, sql);
  say_srcs(q, sql);
  say_port(q, sql);
  if (q->country && q->country[0])
    ch_say(sql, " AND country = %u", (unsigned)q->country[0] << 8 | (unsigned)q->country[1]);
  if (q->asn) ch_say(sql, " AND asn = %u", q->asn);
  if (q->marks) ch_say(sql, " AND bitAnd(marks, %u) = %u", q->marks, q->marks);
}
