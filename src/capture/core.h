/* capture/core.h — frames in, flow batches out: decode, mark, look up, key, sort, batch.
 *
 * One core is one sensor. Minutes close by packet time: a packet more than `lateness_ns` older than
 * the newest is put into the oldest open minute (counted). Tables are bounded; a full table
 * publishes early (a further part of the minute) and counts it. Output does not depend on nthreads.
 */
#pragma once
#include "base/clock.h"
#include "capture/source.h"
#include "model/records.h"

struct lookup; /* lookup/lookup.h */
struct cap_conf {
  const char *sensor, *country;       /* name; where it stands (ISO 3166) */
  struct prac_conf_prefixes prefixes; /* darknet addresses; empty: everything is ours */
  int64_t max_flows;                  /* rows of the open minute, default 1 << 20 */
  int64_t max_sources;                /* fingerprint table, default 1 << 18 */
  int64_t lateness_ns;                /* default 2 s */
  int label_packets;                  /* agreeing packets for a tool label, default 3 */
  unsigned nthreads;
};
struct cap_core;
/* Batches in order of (minute, part); the callee takes over the reference. */
typedef prac_rc cap_sink(void *arg, struct flow_batch *b);

PRAC_NODISCARD prac_rc cap_core_new(const struct cap_conf *c, struct lookup *look, cap_sink *sink,
                                    void *arg, struct cap_core **ret, struct prac_err *reterr);
void cap_core_free(struct cap_core **cp);
PRAC_NODISCARD prac_rc cap_core_frames(struct cap_core *c, const struct cap_frame *f, size_t n);
PRAC_NODISCARD prac_rc cap_core_seen(struct cap_core *c, const struct cap_seen *s, size_t n);
/* Time has come to t (live: no packets, but minutes end): closes what lies before. */
PRAC_NODISCARD prac_rc cap_core_advance(struct cap_core *c, prac_time t);
PRAC_NODISCARD prac_rc cap_core_finish(struct cap_core *c); /* the open minute, as last */
/* Health since the last call; counters since the start are in the table. */
void cap_core_health(struct cap_core *c, const struct cap_stats *now, struct health *ret);
extern const struct prac_counter_def cap_counter_defs[];
extern const size_t cap_counter_count;
const _Atomic uint64_t *cap_core_counters(const struct cap_core *c);
