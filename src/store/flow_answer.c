/* Flow rows: which ones a question means, their order and their columns. The embedded backend asks
 * DuckDB the same in SQL; tests/unit/test_store_same.c holds the two against each other. */
#include <stdio.h>
#include <string.h>

#include "store/answer.h"

struct model_port store_flow_port(uint8_t proto, uint16_t sport, uint16_t dport)
{
  struct model_port p = {.proto = proto};
  switch (proto) {
  case 1:  /* ICMP */
  case 58: /* ICMPv6 */
    p.port = (uint16_t)((sport & 0xff) << 8 | (dport & 0xff));
    break;
  case 6:   /* TCP */
  case 17:  /* UDP */
  case 33:  /* DCCP */
  case 132: /* SCTP */
  case 136: /* UDP-Lite */
    p.port = dport;
    break;
  default:
    break;
  }
  return p;
}

static bool port_match(const struct store_query *q, const struct flow_row *r)
{
  if (q->port.proto && r->proto != q->port.proto) return false;
  return !q->has_port || store_flow_port(r->proto, r->sport, r->dport).port == q->port.port;
}

static bool who_match(const struct store_query *q, const struct flow_row *r)
{
  if (q->country && q->country[0] &&
      r->country != (uint16_t)((uint8_t)q->country[0] << 8 | (uint8_t)q->country[1]))
    return false;
  return (!q->asn || r->asn == q->asn) && (r->marks & q->marks) == q->marks;
}

bool store_srcs_has(const struct store_query *q, const struct prac_ip *ip)
{
  for (uint32_t i = 0; i < q->n_srcs; i++)
    if (prac_prefix_has(&q->srcs[i], ip)) return true;
  return false;
}

static bool address_match(const struct store_query *q, const struct flow_row *r)
{
  if (q->n_srcs && !store_srcs_has(q, &r->src)) return false;
  if (q->src.bits && !prac_prefix_has(&q->src, &r->src)) return false;
  if (q->dst.bits && !prac_prefix_has(&q->dst, &r->dst)) return false;
  return !q->victim.bits || prac_prefix_has(&q->victim, &r->victim);
}

bool store_flow_match(const struct store_query *q, const struct store_flow *f)
{
  prac_time at = store_flow_first(f);
  if (q->span.from != PRAC_TIME_NONE && at < q->span.from) return false;
  if (q->span.to != PRAC_TIME_NONE && at >= q->span.to) return false;
  if (q->sensor && q->sensor[0] && strcmp(q->sensor, f->sensor) != 0) return false;
  return address_match(q, &f->row) && port_match(q, &f->row) && who_match(q, &f->row);
}

static int order(uint64_t a, uint64_t b)
{
  return a < b ? -1 : a > b;
}

static int order_rest(const struct flow_row *a, const struct flow_row *b)
{
  int c = order(a->proto, b->proto);
  if (!c) c = order(a->sport, b->sport);
  if (!c) c = order(a->dport, b->dport);
  if (!c) c = order(a->packets, b->packets);
  if (!c) c = order(a->bytes, b->bytes);
  return c ? c : order(a->span_ms, b->span_ms);
}

/* What is left of what an answer shows: rows that are the same here are the same to whoever asks.
 */
static int order_last(const struct store_flow *fa, const struct store_flow *fb)
{
  const struct flow_row *a = &fa->row, *b = &fb->row;
  int c = memcmp(&a->victim, &b->victim, sizeof a->victim);
  if (!c) c = order(a->tcp_flags, b->tcp_flags);
  if (!c) c = order(a->ttl, b->ttl);
  if (!c) c = order(a->window, b->window);
  if (!c) c = order(a->country, b->country);
  if (!c) c = order(a->asn, b->asn);
  if (!c) c = order(a->marks, b->marks);
  if (!c) c = strcmp(fa->survey ? fa->survey : "", fb->survey ? fb->survey : "");
  if (!c) c = order(a->payload, b->payload);
  return c ? c : order(a->tool, b->tool);
}

int store_flow_cmp(const struct store_flow *a, const struct store_flow *b)
{
  prac_time ta = store_flow_first(a), tb = store_flow_first(b);
  if (ta != tb) return ta < tb ? -1 : 1;
  int c = strcmp(a->sensor, b->sensor);
  if (!c) c = order(a->part, b->part);
  if (!c) c = memcmp(&a->row.src, &b->row.src, sizeof a->row.src);
  if (!c) c = memcmp(&a->row.dst, &b->row.dst, sizeof a->row.dst);
  if (!c) c = order_rest(&a->row, &b->row);
  return c ? c : order_last(a, b);
}

uint32_t store_flow_limit(const struct store_query *q)
{
  uint32_t n = store_limit(q);
  return q->passed > UINT32_MAX - n ? UINT32_MAX : n + q->passed;
}

struct store_pass store_pass_of(const struct store_query *q)
{
  return (struct store_pass){q->after_at, q->passed};
}

bool store_pass_over(struct store_pass *p, prac_time first)
{
  if (p->left == 0) return false;
  p->left = first == p->at ? p->left - 1 : 0; /* fewer are left of that time than were given */
  return first == p->at;
}

const char *store_marks_text(char out[STORE_MARKS_TEXT], uint32_t marks)
{
  size_t at = 0;
  out[0] = 0;
  for (unsigned bit = 0; bit < 32; bit++) {
    const char *word = marks & 1u << bit ? flow_mark_text(bit) : NULL;
    if (!word) continue;
    int n = snprintf(out + at, STORE_MARKS_TEXT - at, "%s%s", at ? "," : "", word);
    if (n < 0 || (size_t)n >= STORE_MARKS_TEXT - at) break;
    at += (size_t)n;
  }
  return out;
}

static const struct store_col flow_cols[] = {
    {"first", "", STORE_TIME},
    {"last", "", STORE_TIME},
    {"sensor", "", STORE_TEXT},
    {"src", "", STORE_IP},
    {"dst", "", STORE_IP},
    {"victim", "", STORE_IP},
    {"proto", "", STORE_U64},
    {"sport", "", STORE_U64},
    {"dport", "", STORE_U64},
    {"tcp_flags", "", STORE_U64},
    {"ttl", "", STORE_U64},
    {"window", "", STORE_U64},
    {"packets", "packets", STORE_U64},
    {"bytes", "bytes", STORE_U64},
    {"country", "", STORE_TEXT},
    {"asn", "", STORE_U64},
    {"marks", "", STORE_TEXT},
    {"tool", "", STORE_TEXT},
    {"survey", "", STORE_TEXT},
    {"payload", "", STORE_U64},
    {"part", "", STORE_U64},
};

prac_rc store_flow_emit(const struct store_flow *f, store_row *each, void *arg)
{
  const struct flow_row *r = &f->row;
  char marks[STORE_MARKS_TEXT];
  char cc[3] = {(char)(r->country >> 8), (char)(r->country & 0xff), 0};
  prac_time first = store_flow_first(f);
  enum flow_tool tool = r->tool < FLOW_TOOL_COUNT_ ? (enum flow_tool)r->tool : FLOW_TOOL_NONE;
  const struct store_value v[] = {
      {.t = first},
      {.t = first + r->span_ms * PRAC_MS},
      {.s = f->sensor},
      {.ip = r->src},
      {.ip = r->dst},
      {.ip = r->victim},
      {.u = r->proto},
      {.u = r->sport},
      {.u = r->dport},
      {.u = r->tcp_flags},
      {.u = r->ttl},
      {.u = r->window},
      {.u = r->packets},
      {.u = r->bytes},
      {.s = cc},
      {.u = r->asn},
      {.s = store_marks_text(marks, r->marks)},
      {.s = flow_tool_text(tool)},
      {.s = f->survey ? f->survey : ""},
      {.u = r->payload},
      {.u = f->part},
  };
  _Static_assert(PRAC_ARRAY_LEN(v) == PRAC_ARRAY_LEN(flow_cols), "a value for every column");
  return each(arg, flow_cols, PRAC_ARRAY_LEN(v), v);
}
