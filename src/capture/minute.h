/* capture/minute.h — the rows of one open minute, found by their key.
 *
 * key       10-s step, src, dst, victim, proto, sport, dport (the victim too: two ICMP errors from
 *           one router may speak of two victims)
 * memory    rows lie in the order of their first packet and grow up to max; the index is open
 *           addressing over 8-byte entries (32 bits of hash, 8 of generation, 24 of row), so that
 *           emptying it costs nothing
 * full      cap_minute_put gives NULL: the caller publishes the rows, resets, asks again
 */
#pragma once
#include "model/flow.h"

struct cap_minute {
  prac_time start;
  bool open;
  uint32_t part;         /* batches published so far */
  uint32_t n, cap, max;  /* rows: used, there is room for (one more than max at most), allowed */
  struct flow_row *rows; /* owned */
  uint64_t *index;       /* owned */
  uint32_t mask;
  uint8_t gen;
};
/* max <= FLOW_BATCH_MAX. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc cap_minute_init(struct cap_minute *m, uint32_t max);
void cap_minute_done(struct cap_minute *m);  /* accepts zeroed */
void cap_minute_reset(struct cap_minute *m); /* no rows */

/* a has been emptied after a full minute and b is filling: b gets the larger memory, so that a
 * storm does not make both large. */
void cap_minute_trade(struct cap_minute *a, struct cap_minute *b);

uint64_t cap_minute_hash(uint64_t seed, const struct prac_ip *src, const struct prac_ip *dst,
                         uint32_t ports, uint32_t proto_step);
static inline void cap_minute_prefetch(const struct cap_minute *m, uint64_t hash)
{
  __builtin_prefetch(&m->index[(uint32_t)(hash >> 32) & m->mask], 1);
}
/* Two steps, so that a new row is written once, where it stays: cap_minute_spare gives the next
 * free row for the caller to fill (all of it, padding zero); cap_minute_put then gives the row of
 * that key, which is the spare one itself if there was none (*ret_new), or NULL: full, or (*ret_rc
 * PRAC_NOMEM) no memory. NULL from spare: no memory. */
struct flow_row *cap_minute_spare(struct cap_minute *m);
struct flow_row *cap_minute_put(struct cap_minute *m, uint64_t hash, bool *ret_new,
                                prac_rc *ret_rc);
