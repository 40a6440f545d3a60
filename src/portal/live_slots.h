/* portal/live_slots.h — counts by port, country and AS in five-minute slots (see portal/live.h).
 * Ports and countries are whole arrays, so that noise over all 65536 ports cannot push the heavy
 * ones out; networks are a table of LIVE_AS, what finds no room is counted and left out. */
#pragma once
#include "portal/live.h"

struct live_slots;
struct live_slots *live_slots_new(void); /* NULL: no memory */
void live_slots_free(struct live_slots **sp);
void live_slots_add(struct live_slots *s, const struct flow_batch *b);
size_t live_slots_top(struct live_slots *s, prac_time now, enum live_dim dim, bool by_packets,
                      struct live_top *to, size_t n);
/* Adds all that `from` has counted. */
void live_slots_merge(struct live_slots *to, const struct live_slots *from);
uint64_t live_slots_dropped(const struct live_slots *s);
/* Ranks all[0..n_all) now and before, copies the first n, biggest first. Sorts `all`. */
size_t live_top_rank(struct live_top *all, size_t n_all, bool by_packets, struct live_top *to,
                     size_t n);
