/* Flow rows as JSON for people and tools: names instead of numbers, whole times. */
#include "model/flow.h"

static void json_marks(struct prac_json *j, uint32_t marks)
{
  prac_json_open(j, '[');
  for (unsigned bit = 0; bit < 32; bit++) {
    const char *word = marks & 1u << bit ? flow_mark_text(bit) : NULL;
    if (word) prac_json_str(j, word);
  }
  prac_json_close(j, ']');
}

static void json_who(const struct flow_batch *b, uint32_t i, struct prac_json *j)
{
  const char cc[2] = {(char)(b->country[i] >> 8), (char)(b->country[i] & 0xff)};
  prac_json_key(j, "country");
  prac_json_strn(j, cc, b->country[i] ? 2 : 0);
  prac_json_key(j, "asn");
  prac_json_u64(j, b->asn[i]);
  prac_json_key(j, "marks");
  json_marks(j, b->marks[i]);
  prac_json_key(j, "tool");
  prac_json_str(j, flow_tool_text((enum flow_tool)b->tool[i]));
  prac_json_key(j, "survey");
  uint32_t list = b->survey[i];
  prac_json_str(j, list && list <= b->lists.n ? b->lists.v[list - 1] : "");
}

static void json_num(struct prac_json *j, const char *key, uint64_t v)
{
  prac_json_key(j, key);
  prac_json_u64(j, v);
}

void flow_row_json(const struct flow_batch *b, uint32_t i, struct prac_json *j)
{
  prac_time first = b->minute + b->first_ms[i] * PRAC_MS;
  prac_json_open(j, '{');
  prac_json_key(j, "first");
  prac_json_time(j, first);
  prac_json_key(j, "last");
  prac_json_time(j, first + b->span_ms[i] * PRAC_MS);
  prac_json_key(j, "sensor");
  prac_json_str(j, b->sensor);
  prac_json_key(j, "src");
  prac_json_ip(j, &b->src[i]);
  prac_json_key(j, "dst");
  prac_json_ip(j, &b->dst[i]);
  if (!prac_ip_is_zero(&b->victim[i])) {
    prac_json_key(j, "victim");
    prac_json_ip(j, &b->victim[i]);
  }
  json_num(j, "proto", b->proto[i]);
  json_num(j, "sport", b->sport[i]);
  json_num(j, "dport", b->dport[i]);
  json_num(j, "tcp_flags", b->tcp_flags[i]);
  json_num(j, "ttl", b->ttl[i]);
  json_num(j, "window", b->window[i]);
  json_num(j, "packets", b->packets[i]);
  json_num(j, "bytes", b->bytes[i]);
  json_who(b, i, j);
  prac_json_close(j, '}');
}
