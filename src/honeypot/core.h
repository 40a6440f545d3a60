/* honeypot/core.h — one worker's whole memory and mind: a datagram in, a hit and perhaps a reply
 * out. It has no socket and no clock, so tests and benches drive it as the workers do.
 *
 * threads   one owner. `told` may be read by one other thread at the same time
 */
#pragma once
#include <stdatomic.h>

#include "base/counter.h"
#include "honeypot/sample.h"
#include "honeypot/service.h"
#include "honeypot/table.h"
#include "honeypot/valve.h"

/* name, unit, what it counts */
#define HP_COUNTERS(X)                                                                             \
  X(requests, "packets", "datagrams that came in")                                                 \
  X(request_bytes, "bytes", "their payload")                                                       \
  X(unknown, "packets", "that no vector took for its own")                                         \
  X(observed, "packets",                                                                           \
    "requests of a kind that is never answered, or for which there was no room")                   \
  X(loops, "packets", "that were answers themselves: not counted as requests of a victim")         \
  X(replies, "packets", "sent")                                                                    \
  X(reply_bytes, "bytes", "their payload")                                                         \
  X(lost, "packets", "that the kernel dropped because a socket's buffer was full")                 \
  X(lost_alone, "packets", "of those, that could be given to no victim")                           \
  X(hits, "1", "hits told")                                                                        \
  X(flows, "1", "pairs of victim and vector that were new")                                        \
  X(evicted, "1", "pairs that had to go because the table was full")                               \
  X(untold, "packets", "of pairs that had to go while nothing could be told: lost to the totals")  \
  X(merged, "1", "hits that hold parts of two minutes, because nothing could be told")             \
  X(names_forgotten, "1", "names asked for that found no place")                                   \
  X(samples_lost, "packets", "that might have been kept as they are, and found no room")           \
  X(observe_only, "packets", "seen at ports that no service is bound to")
enum hp_counter {
#define X(name, unit, help) HP_COUNT_##name,
  HP_COUNTERS(X)
#undef X
#define X(name, text) HP_COUNT_suppressed_##name,
      HP_WHY(X)
#undef X
          HP_COUNT_COUNT_
};
extern const struct prac_counter_def hp_counter_defs[];
extern const size_t hp_counter_count;

struct hp_datagram {
  struct prac_ip src, own;
  prac_time at; /* UTC, from the kernel */
  const uint8_t *data;
  uint32_t len, have; /* of the payload; and as much of it as is at data */
  uint16_t sport;
  uint8_t ttl;
  bool many;   /* own is not the address asked for */
  size_t port; /* index of hp_services_ports */
  int sock;
};
struct hp_core;
struct hp_core_open {
  const struct hp_services *services;
  struct hp_valve_conf valve;
  uint64_t slots, seed;
  uint32_t ring;    /* hits that may wait for the reader */
  uint32_t samples; /* packets a minute that are kept as they are; 0: none */
};
#define HP_NOBODY UINT32_MAX
PRAC_NODISCARD prac_rc hp_core_new(const struct hp_core_open *o, int64_t now, struct hp_core **ret);
void hp_core_free(struct hp_core **cp);
/* now: monotonic. The pair's place for hp_core_lost, HP_NOBODY if it is not counted. */
uint32_t hp_core_take(struct hp_core *c, const struct hp_datagram *d, int64_t now);
/* The kernel dropped so many, and the pair at `place` was there: its share. */
void hp_core_lost(struct hp_core *c, uint32_t place, uint32_t packets);
/* Tells what is due, at most `most` hits. all: everything. */
uint32_t hp_core_sweep(struct hp_core *c, prac_time wall, uint32_t most, bool all);
/* Is there anything to tell? */
bool hp_core_waits(const struct hp_core *c);
/* The end, and nobody has heard all of it: what is left is counted as untold. */
void hp_core_give_up(struct hp_core *c);
void hp_core_silence(struct hp_core *c, const struct prac_prefix *p, prac_time until,
                     prac_time wall);
/* The reader's side: the oldest hit, or NULL; it stays until hp_core_told_next. */
const struct hp_told *hp_core_told(struct hp_core *c);
void hp_core_told_next(struct hp_core *c);
/* The next packet that is kept, as hp_samples_take. */
PRAC_NODISCARD prac_rc hp_core_packet(struct hp_core *c, const char *sensor, struct packet *ret);
const _Atomic uint64_t *hp_core_counters(const struct hp_core *c);
size_t hp_core_bytes(const struct hp_core *c);
size_t hp_core_table_bytes(const struct hp_core *c); /* flows, names, marks */
uint64_t hp_core_slots(const struct hp_core *c);
