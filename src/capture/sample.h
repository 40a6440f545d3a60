/* capture/sample.h — the packets of a sensor's minutes that are kept as they are. Which, says
 * model/sample.h; here they are offered and completed. */
#pragma once
#include "capture/core.h"
#include "capture/origin.h"
#include "model/sample.h"
#include "wire/packet.h"

struct cap_samples {
  struct model_samples *of[2]; /* of the two minutes that may be open; NULL: none are kept */
  cap_packets *to;
  void *arg;
};
/* PRAC_RANGE, PRAC_NOMEM: nothing is left behind. */
PRAC_NODISCARD prac_rc cap_samples_init(struct cap_samples *s, uint32_t per_minute, uint64_t seed,
                                        cap_packets *to, void *arg);
void cap_samples_done(struct cap_samples *s); /* accepts zeroed */
void cap_samples_offer(struct model_samples *m, uint64_t class, prac_time at,
                       const struct wire_packet *p, uint64_t payload);
/* The minute that began then is over: its samples go out. *n: how many have. */
PRAC_NODISCARD prac_rc cap_samples_give(struct cap_samples *s, size_t which, prac_time minute,
                                        const char *sensor, struct cap_origin *origin, uint64_t *n);
uint64_t cap_samples_refused(const struct cap_samples *s);

/* A packet that begins a row of flows, or joins one: then it is counted like the row's first
 * packet, and not looked at further. payload: of the row. */
static inline void cap_samples_see(struct model_samples *m, prac_time at,
                                   const struct wire_packet *p, uint64_t payload, bool begins)
{
  uint64_t class = model_sample_class(p->proto, p->tcp_flags, p->sport, p->dport, payload);
  if (PRAC_UNLIKELY(model_samples_count(m, class) && begins))
    cap_samples_offer(m, class, at, p, payload);
}
