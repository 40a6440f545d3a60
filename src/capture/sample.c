/* From a decoded packet to an offer, and from what was chosen to a record. */
#include "capture/sample.h"

prac_rc cap_samples_init(struct cap_samples *s, uint32_t per_minute, uint64_t seed, cap_packets *to,
                         void *arg)
{
  *s = (struct cap_samples){.to = to, .arg = arg};
  prac_rc rc = model_samples_new(per_minute, seed, NULL, &s->of[0]);
  if (rc == PRAC_OK) rc = model_samples_new(per_minute, seed, s->of[0], &s->of[1]);
  if (rc != PRAC_OK) cap_samples_done(s);
  return rc;
}

void cap_samples_done(struct cap_samples *s)
{
  model_samples_free(&s->of[0]);
  model_samples_free(&s->of[1]);
}

void cap_samples_offer(struct model_samples *m, uint64_t class, prac_time at,
                       const struct wire_packet *p, uint64_t payload)
{
  uint32_t head = p->payload ? (uint32_t)(p->payload - p->ip) : p->ip_captured;
  model_samples_offer(m, class,
                      &(struct model_offer){.at = at,
                                            .src = p->src,
                                            .dst = p->dst,
                                            .layer = "ip",
                                            .bytes = p->ip,
                                            .n_bytes = p->ip_captured,
                                            .head = head,
                                            .len = p->bytes,
                                            .sport = p->sport,
                                            .dport = p->dport,
                                            .proto = p->proto,
                                            .ttl = p->ttl,
                                            .tcp_flags = p->tcp_flags,
                                            .payload = payload});
}

prac_rc cap_samples_give(struct cap_samples *s, size_t which, prac_time minute, const char *sensor,
                         struct cap_origin *origin, uint64_t *n)
{
  struct model_samples *m = s->of[which];
  prac_rc rc = PRAC_OK;
  size_t n_all = m ? model_samples_choose(m, minute) : 0;
  for (size_t i = 0; i < n_all && rc == PRAC_OK; i++, ++*n) {
    struct packet p;
    model_samples_get(m, i, sensor, &p);
    struct flow_row r = {.src = p.src};
    cap_origin_fill(origin, &r);
    const char country[3] = {(char)(r.country >> 8), (char)(r.country & 0xff), 0};
    p.country = country;
    p.asn = r.asn;
    rc = s->to(s->arg, &p);
  }
  if (m) model_samples_reset(m);
  return rc;
}

uint64_t cap_samples_refused(const struct cap_samples *s)
{
  return s->of[0] ? s->of[0]->refused + s->of[1]->refused : 0;
}
