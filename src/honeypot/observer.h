/* honeypot/observer.h — UDP to ports that no service of ours is bound to: where the next reflection
 * vector shows first.
 *
 * counts    frames of the honeypot's interface, by port and minute: packets, senders (linear
 *           counting in 128 bits, good to about 300), the payload that most of them share (majority
 *           vote: Boyer, Moore 1981)
 * says      a port on which at least `min_sources` senders sent at least `min_packets` within one
 *           minute, at least half of them the same payload; again every 10 min while that goes on,
 *           and "off" when it has not been so for an hour
 * not       what comes from ports below 1024: answers to this machine's own questions
 * memory    40 bytes a port, 2.5 MiB, from the start; HP_OBSERVED_MAX ports that are on
 */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"

enum { HP_OBSERVED_MAX = 64, HP_OBSERVED_TEXT = 256 };
struct hp_observed {
  uint16_t port;
  bool on;
  prac_time from, to;              /* the first and the last minute of it */
  uint32_t packets, sources, same; /* of the fullest minute; same: at least so many
                                      had the common payload */
  uint16_t len;                    /* of the common payload */
};
struct hp_observer;
/* bound: a bit for each port that is served. */
PRAC_NODISCARD prac_rc hp_observer_new(const uint8_t bound[65536 / 8], uint32_t min_sources,
                                       uint32_t min_packets, struct hp_observer **ret);
void hp_observer_free(struct hp_observer **op);
/* One frame; true: it was UDP to a port that is not served. */
bool hp_observer_frame(struct hp_observer *o, prac_time at, uint32_t link, const uint8_t *data,
                       uint32_t caplen, uint32_t len);
/* Closes the minutes that end before now; at most n things to say. Call until it gives fewer. */
size_t hp_observer_say(struct hp_observer *o, prac_time now, struct hp_observed *to, size_t n);
/* The sentence of a finding. No byte of the payload: our own address may be in it. */
const char *hp_observed_text(char to[HP_OBSERVED_TEXT], const struct hp_observed *x);
