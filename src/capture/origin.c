/* Geography is asked once a source and minute, not once a packet. */
#include "capture/origin.h"

#include <stdlib.h>

enum { MEMORY_BITS = 14 };

struct known {
  struct prac_ip ip;
  struct lookup_answer answer;
  bool used;
};
struct cap_origin {
  const struct lookup *look;
  struct lookup *own; /* without data: knows bogons, and fast */
  struct known k[1 << MEMORY_BITS];
};

struct cap_origin *cap_origin_new(const struct lookup *look)
{
  struct cap_origin *o = calloc(1, sizeof *o);
  if (!o) return NULL;
  o->look = look;
  if (look) return o;
  struct lookup_conf none;
  prac_conf_defaults(&lookup_conf_section, &none);
  if (lookup_new(&none, PRAC_TIME_NONE, NULL, &o->own, NULL) != PRAC_OK) cap_origin_free(&o);
  if (o) o->look = o->own;
  return o;
}

void cap_origin_free(struct cap_origin **op)
{
  if (!*op) return;
  lookup_unref(&(*op)->own);
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
    *k = (struct known){r->src, lookup_ip(o->look, &r->src), true};
  if (r->country == 0) r->country = k->answer.country;
  if (r->asn == 0) r->asn = k->answer.asn;
  r->survey = k->answer.survey;
  if (k->answer.bogon) r->marks |= FLOW_BOGON;
  if (k->answer.survey) r->marks |= FLOW_SURVEY;
}
