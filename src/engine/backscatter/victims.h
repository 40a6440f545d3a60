/* engine/backscatter/victims.h — a bounded table of (victim, protocol), least recently heard last.
 *
 * windows   a victim keeps its packets of this minute and the one before in 10-s steps; the fullest
 *           60 s (sliding by a step, aligned to the epoch) is exact
 * bounded   at `max` one of the least recently heard goes: the one with the fewest packets, and one
 *           under attack only when all of them are
 * memory    grows with use, at most max * (sizeof struct bs_victim + 16) bytes
 */
#pragma once
#include "base/buf.h"
#include "model/flow.h"

enum { BS_STEPS = 6, BS_PORTS = 8, BS_SPREAD_BITS = 512 };
#define BS_NONE UINT32_MAX /* no victim's number; too large for an enum */

struct bs_port {
  uint16_t port;
  uint32_t packets; /* at least; see space saving, Metwally et al. 2005 */
};
struct bs_victim {
  struct prac_ip ip;
  uint8_t proto;
  bool on;
  bool quoted; /* read from quoted packets: rows have it as `victim`, not as `src` */
  uint16_t country;
  uint32_t asn;
  uint32_t newer, older; /* by last hearing */
  uint32_t max_window, said_window;
  uint32_t now[BS_STEPS], before[BS_STEPS];
  prac_time minute; /* of now[] */
  prac_time first, last, said_at;
  uint64_t packets, bytes;
  uint64_t sensors;                   /* bits */
  uint8_t spread[BS_SPREAD_BITS / 8]; /* which of our addresses got answers, hashed */
  struct bs_port ports[BS_PORTS];
};
struct bs_table {
  struct bs_victim *v;
  uint32_t *slots; /* 1 + index into v; 0: free */
  uint32_t n, cap, max, n_slots;
  uint32_t newest, oldest;
  uint64_t hash_seed;
  uint64_t evicted, evicted_on;
};
void bs_table_init(struct bs_table *t, uint32_t max, uint64_t hash_seed);
void bs_table_done(struct bs_table *t);
/* Finds or makes, and moves to the front; NULL: out of memory. */
struct bs_victim *bs_table_touch(struct bs_table *t, const struct prac_ip *ip, uint8_t proto);
void bs_table_drop(struct bs_table *t, uint32_t i);
/* One row of one minute, `packets` in the step at first_ms. */
void bs_victim_add(struct bs_victim *v, const struct flow_row *r, prac_time minute);
void bs_victim_windows(struct bs_victim *v);          /* brings max_window up to date */
uint32_t bs_victim_spread(const struct bs_victim *v); /* estimate, at most 3194 */
void bs_victim_save(const struct bs_victim *v, struct prac_wr *w);
PRAC_NODISCARD prac_rc bs_victim_load(struct bs_table *t, struct prac_rd *r);
