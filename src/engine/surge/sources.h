/* engine/surge/sources.h — the different senders of one country, port or AS in one slot.
 *
 * exact     up to `exact_max` senders, each with what else it was first seen with (`partner`), its
 *           packets and the sensors that saw it; an even sample of at most SURGE_SAMPLE of them
 *           stays exact after that
 * many      counted by HyperLogLog beyond exact_max (1.6 %)
 * bytes     are a function of what is in the set alone, so that limits on them repeat after a
 *           restart
 * source    sampling: Wegman's adaptive sampling (Flajolet, On adaptive sampling, Computing 34,
 *           1990): keep the hashes below a limit that is halved when too many are below it
 */
#pragma once
#include "base/hll.h"

enum { SURGE_SAMPLE = 256 };
struct surge_source {
  struct prac_ip ip;
  uint32_t partner;
  uint32_t packets;
  uint64_t sensors; /* bits */
};
struct surge_set {
  struct surge_source *v; /* open addressing; :: is free */
  uint32_t n, cap;
  bool many;
  uint64_t limit; /* many: hashes above are not kept */
  struct prac_hll hll;
};
struct surge_room { /* what all sets together may take */
  uint64_t bytes, max_bytes;
  uint32_t exact_max;
  uint64_t seed;
  uint64_t refused; /* senders not counted: no room */
};
/* PRAC_NOMEM: not added. */
PRAC_NODISCARD prac_rc surge_set_add(struct surge_set *s, const struct surge_source *x,
                                     struct surge_room *room);
uint64_t surge_set_count(const struct surge_set *s);
/* Senders by sensor, then seen by one of `home`, then by one of all others; when there are many,
 * the sample's share of them. Adds to by[66]. */
void surge_set_by_sensor(const struct surge_set *s, uint64_t home, double *by);
/* Senders in either. PRAC_NOMEM: possible when one of them is many. */
PRAC_NODISCARD prac_rc surge_set_union(const struct surge_set *a, const struct surge_set *b,
                                       const struct surge_room *room, uint64_t *ret);
void surge_set_done(struct surge_set *s, struct surge_room *room);
void surge_set_save(const struct surge_set *s, struct prac_wr *w);
PRAC_NODISCARD prac_rc surge_set_load(struct surge_set *s, struct prac_rd *r,
                                      struct surge_room *room);
