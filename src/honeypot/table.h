/* honeypot/table.h — who asked what of which vector: the one table that strangers fill.
 *
 * memory    all of it at the start: FLOW_BYTES a flow, a name for every 64 flows, a bit. Never
 *           grows
 * key       (victim, vector); a pair that was quiet for 5 min and comes again counts as new
 * full      a pair is looked for in a window of HP_WINDOW slots; when no slot is free there, the
 *           pair that has been quiet for longest goes. What it still had to tell is told first
 * tells     at once when a pair reaches exactly its 5th, 30th and 100th packet, so that a collector
 *           can start an event at the packet that crosses its threshold; at the next sweep what is
 *           new or gathers speed (four times as many); once a second what goes on. What is told
 *           lies within one minute of UTC: bins of a minute can be summed exactly
 * exact     the sums of what is told are the packets counted, unless `tell` has no room while a
 *           pair must go (untold), or while a minute ends (merged: the next hit holds parts of two)
 * names     at most HP_NAMES a pair and hit, and their counts are lower bounds: a name that comes
 *           when all places are taken replaces one that came once
 * threads   one owner
 */
#pragma once
#include <stdbool.h>

#include "base/ip.h"
#include "base/time.h"
#include "honeypot/proto.h"

enum { HP_WINDOW = 16, HP_NAMES = 4, HP_NAME_KEPT = 112 };

struct hp_seen { /* one request */
  struct prac_ip victim;
  prac_time at;
  uint64_t payload; /* hash of it */
  const char *name; /* what was asked for, or "" */
  uint16_t vector, len, sport;
  uint8_t ttl;
};
struct hp_told { /* what is said of one pair: the deltas since the last time */
  struct prac_ip victim;
  prac_time from, to;
  uint64_t payload, bytes;
  uint32_t packets, lost, reply_bytes;
  uint16_t replies, vector, len, sport;
  uint8_t ttl_min, ttl_max, ttl_count, n_names; /* TTL: of the pair's whole run */
  struct {
    uint32_t count;
    char text[HP_NAME_KEPT];
  } names[HP_NAMES]; /* most first */
};
typedef bool hp_tell_fn(void *arg, const struct hp_told *t); /* false: no room now */

struct hp_table_stats {
  uint64_t flows;           /* pairs that were new */
  uint64_t evicted;         /* pairs that had to go */
  uint64_t untold;          /* packets of pairs that had to go while nothing could be told */
  uint64_t merged;          /* hits that hold parts of two minutes */
  uint64_t names_forgotten; /* names that found no place */
};
struct hp_table;
struct hp_table_open {
  uint64_t slots; /* rounded up to a power of two, at least 64 */
  uint64_t seed;  /* random: strangers must not choose collisions */
  hp_tell_fn *tell;
  void *arg;
};
PRAC_NODISCARD prac_rc hp_table_new(const struct hp_table_open *o, struct hp_table **ret);
void hp_table_free(struct hp_table **tp);
/* Counts one request; the pair's place, good until the next call. */
uint32_t hp_table_count(struct hp_table *t, const struct hp_seen *s);
void hp_table_reply(struct hp_table *t, uint32_t place, uint32_t bytes);
void hp_table_lost(struct hp_table *t, uint32_t place, uint32_t packets);
/* Tells what is due at `now`, at most `most`; how many. all: everything there is to tell. */
uint32_t hp_table_sweep(struct hp_table *t, prac_time now, uint32_t most, bool all);
/* Is there anything to tell? */
bool hp_table_waits(const struct hp_table *t);
/* The end, and nobody has heard all of it: what is left is counted as untold. */
void hp_table_give_up(struct hp_table *t);
struct hp_table_stats hp_table_stats(const struct hp_table *t);
size_t hp_table_bytes(const struct hp_table *t);
uint64_t hp_table_slots(const struct hp_table *t);
