/* Rows of flows, as they are: for STORE_FLOWS, a host's history and replays. */
#include <string.h>

#include "store/clickhouse/clickhouse.h"

enum { LIST_MAX = 4096 };
const char ch_flow_columns[] =
    "minute, sensor, part, first_ms, span_ms, src, dst, victim, proto, tcp_flags, ttl, tool, sport,"
    " dport, window, country, asn, marks, packets, bytes, payload, survey";

static void read_row(struct prac_rd *r, struct flow_row *to)
{
  to->first_ms = prac_rd_u16le(r);
  to->span_ms = prac_rd_u16le(r);
  prac_rd_copy(r, &to->src, sizeof to->src);
  prac_rd_copy(r, &to->dst, sizeof to->dst);
  prac_rd_copy(r, &to->victim, sizeof to->victim);
  to->proto = prac_rd_u8(r);
  to->tcp_flags = prac_rd_u8(r);
  to->ttl = prac_rd_u8(r);
  to->tool = prac_rd_u8(r);
  to->sport = prac_rd_u16le(r);
  to->dport = prac_rd_u16le(r);
  to->window = prac_rd_u16le(r);
  to->country = prac_rd_u16le(r);
  to->asn = prac_rd_u32le(r);
  to->marks = prac_rd_u32le(r);
  to->packets = prac_rd_u32le(r);
  to->bytes = prac_rd_u64le(r);
  to->payload = prac_rd_u64le(r);
}

prac_rc ch_flow_row(void *walk, struct prac_rd *r)
{
  const struct ch_walk *w = walk;
  char sensor[STORE_SENSOR_MAX + 1], list[LIST_MAX];
  struct store_flow f = {.sensor = sensor, .survey = list};
  memset(&f.row, 0, sizeof f.row); /* padding too: batches compare bytes */
  f.minute = (prac_time)prac_rd_u32le(r) * PRAC_SEC;
  ch_rd_cstr(r, sensor, sizeof sensor);
  f.part = prac_rd_u32le(r);
  read_row(r, &f.row);
  ch_rd_cstr(r, list, sizeof list);
  return r->bad ? PRAC_OK : w->each(w->arg, &f);
}

prac_rc ch_flows(struct ch *c, struct ch_buf *sql, ch_flow_sink *each, void *arg,
                 struct prac_err *reterr)
{
  struct ch_walk w = {each, arg};
  return ch_ask(&c->http, sql, ch_flow_row, &w, reterr);
}

/* ---- STORE_FLOWS ---- */
struct emitting {
  store_row *each;
  void *arg;
  struct store_pass pass;
  uint32_t left;
};

static prac_rc emit(void *arg, const struct store_flow *f)
{
  struct emitting *e = arg;
  if (store_pass_over(&e->pass, store_flow_first(f)) || e->left == 0) return PRAC_OK;
  e->left--;
  return store_flow_emit(f, e->each, e->arg);
}

prac_rc ch_flows_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                       struct prac_err *reterr)
{
  static const char *const order[] = {
      CH_FIRST, "sensor",  "part",  "src",     "dst",    "proto",     "sport",
      "dport",  "packets", "bytes", "span_ms", "victim", "tcp_flags", "ttl",
      "window", "country", "asn",   "marks",   "survey", "payload",   "tool"};
  struct ch_buf sql = {0};
  struct emitting e = {each, arg, store_pass_of(q), store_limit(q)};
  ch_say(&sql, "SELECT %s FROM flows", ch_flow_columns);
  ch_say_where(c, q, &sql);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(order); i++)
    ch_say(&sql, "%s%s%s", i ? ", " : " ORDER BY ", order[i], q->oldest_first ? "" : " DESC");
  ch_say(&sql, " LIMIT %u", store_flow_limit(q));
  prac_rc rc = ch_flows(c, &sql, emit, &e, reterr);
  ch_buf_done(&sql);
  return rc;
}

/* ---- STORE_HOST ---- */
static prac_rc add_act(void *host, const struct store_flow *f)
{
  return store_host_add(host, f);
}

prac_rc ch_host_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                      struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  struct store_host *h = store_host_new();
  if (!h) return ch_no_memory(reterr);
  ch_say(&sql, "SELECT %s FROM flows", ch_flow_columns);
  ch_say_where(c, q, &sql);
  prac_rc rc = ch_flows(c, &sql, add_act, h, reterr);
  ch_buf_done(&sql);
  if (rc == PRAC_FULL || rc == PRAC_NOMEM) (void)ch_no_memory(reterr);
  if (rc == PRAC_OK) rc = store_host_emit(h, q, each, arg);
  store_host_free(&h);
  return rc;
}
