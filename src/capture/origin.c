/* Geography is asked once a source and minute, not once a packet. */
#include "capture/origin.h"

#include <stdlib.h>

enum { MEMORY_BITS = 14 };

/* Until lookup/ is there: the bogon ranges, and nothing else. */
static bool within(const struct prac_ip *ip, uint32_t net, uint8_t bits)
{
  struct prac_prefix p = {prac_ip4(net), (uint8_t)(96 + bits)};
  return prac_prefix_has(&p, ip);
}
static struct lookup_answer ask(const struct lookup *look, const struct prac_ip *ip)
{
  static const struct {
    uint32_t net;
    uint8_t bits;
  } bogons[] = {{0, 8},           {0x0a000000, 8},  {0x7f000000, 8},  {0xa9fe0000, 16},
                {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24},
                {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24},
                {0xe0000000, 3},  {0x64400000, 10}};
  struct lookup_answer a = {0};
  (void)look;
  if (ip->b[12] != 0x64 && ip->b[12] != 0x7f && ip->b[12] < 0xa0 && ip->b[12] > 0x0a) return a;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bogons); i++)
    if (within(ip, bogons[i].net, bogons[i].bits)) a.bogon = true;
  return a;
}

struct known {
  struct prac_ip ip;
  struct lookup_answer answer;
  bool used;
};
struct cap_origin {
  const struct lookup *look;
  struct known k[1 << MEMORY_BITS];
};

struct cap_origin *cap_origin_new(const struct lookup *look)
{
  struct cap_origin *o = calloc(1, sizeof *o);
  if (o) o->look = look;
  return o;
}

void cap_origin_free(struct cap_origin **op)
{
  free(*op);
  *op = NULL;
}

static inline size_t place(const struct prac_ip *ip)
{
  uint64_t h[2];
  memcpy(h, ip->b, sizeof h);
  return (h[0] ^ h[1]) * 0x9e3779b97f4a7c15u >> (64 - MEMORY_BITS);
}

void cap_origin_prefetch(const struct cap_origin *o, const struct prac_ip *src)
{
  __builtin_prefetch(&o->k[place(src)]);
}

void cap_origin_fill(struct cap_origin *o, struct flow_row *r)
{
  struct known *k = &o->k[place(&r->src)];
  if (!k->used || !prac_ip_eq(&k->ip, &r->src))
    *k = (struct known){r->src, ask(o->look, &r->src), true};
  if (r->country == 0) r->country = k->answer.country;
  if (r->asn == 0) r->asn = k->answer.asn;
  r->survey = k->answer.survey;
  if (k->answer.bogon) r->marks |= FLOW_BOGON;
  if (k->answer.survey) r->marks |= FLOW_SURVEY;
}
