/* episode/episode.h — hits of all honeypots become attack events: start, update, resume, end.
 *
 * key       (victim, vector), merged over sensors; each profile has episodes of its own
 * bins      60 s, aligned to the minute. pps_max = busiest bin / 60, pps_mean = packets / (60
 *           bins), exactly, whatever the order of the sensors' hits; bins count from the first
 *           packet's minute to the last's, empty ones included
 * profiles  isp (ours, see the settings), amppot (100 packets at one honeypot, no gap above 1 h),
 *           hopscotch (5, 15 min), mph (5, 60 s): all evaluated side by side on the one stream.
 *           Those of `alert` alert; an episode of another profile is recorded once, at its end
 * start     with the hit that crosses the threshold, not at the end of a bin
 * update    every `update`; after at least `quiet`: pps_max has doubled, a sensor, a vector or a
 *           parent has joined
 * end       after `gap` without a packet (a packet exactly `gap` after the last still belongs to
 *           it); the episode's `to` is the last packet. Silence is measured on the desk's clock
 *           since a hit was heard, so that a sensor whose clock is behind ends nothing
 * resume    packets within `resume` after the last one: same id, next revision
 * carpet    (profile isp) many addresses of one /24 or /48 by one vector: one episode that alerts;
 *           those of the addresses get it as parent and alert no more, unless they already have
 * multi     (profile isp) several vectors on one address: likewise
 * scanners  a listed sender, a sender of fewer than `identical` identical requests at a sensor, and
 *           one that sends a little to many sensors never start an isp episode
 * time      event time only. Hits of one sensor come in order, those of several in any order; the
 *           desk's clock is the newest `at` heard. A hit that comes after its episode has ended and
 *           is older than its end is counted into it without being said
 * limits    `max-targets` (victim, vector) pairs and prefixes; the longest unheard without an open
 *           isp episode goes first (counted; open episodes of other profiles are closed early)
 * repeats   the same hits give the same episodes, byte for byte, also over save and load
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "lookup/lookup.h"
#include "model/records.h"

struct epi_conf {
  struct prac_conf_strings profiles, alert;
  int64_t threshold, window_ns;
  int64_t fast_packets, fast_window_ns;
  double fast_pps;
  int64_t spread_packets, spread_sensors, spread_window_ns;
  int64_t identical, varied, scan_sensors, scan_packets;
  int64_t gap_ns, resume_ns, update_ns, quiet_ns, lateness_ns;
  int64_t carpet_hosts, carpet_packets, carpet_window_ns, multi_window_ns;
  int64_t max_targets;
};
extern const struct prac_conf_section epi_conf_section; /* "episode" */
/* The defaults, lists included (prac_conf_defaults has no owner for lists). */
void epi_conf_defaults(struct epi_conf *to);

struct epi_desk;
/* Each revision, in order. alerts: an operator wants to be told; else it is for the record. The
 * episode lives until the call returns. */
typedef prac_rc epi_sink(void *arg, const struct episode *e, bool alerts);

/* c is copied, look is referenced (NULL: no enrichment). PRAC_RANGE: no such profile, windows that
 * contradict each other. */
PRAC_NODISCARD prac_rc epi_desk_new(const struct epi_conf *c, struct lookup *look, epi_sink *sink,
                                    void *arg, struct epi_desk **ret, struct prac_err *reterr);
void epi_desk_free(struct epi_desk **dp);
/* Of a new desk: a random number, so that strangers, who choose the victims, cannot choose
 * addresses that all lie in one bucket. What is said does not depend on it. */
void epi_desk_seed(struct epi_desk *d, uint64_t seed);
/* PRAC_MALFORMED: a hit that contradicts itself; counted, nothing changed. */
PRAC_NODISCARD prac_rc epi_desk_take(struct epi_desk *d, const struct hit *h);
/* Event time has come to t: what is silent for too long ends. */
PRAC_NODISCARD prac_rc epi_desk_advance(struct epi_desk *d, prac_time t);
PRAC_NODISCARD prac_rc epi_desk_finish(struct epi_desk *d);        /* end of input: ends all */
bool epi_desk_knows(const struct epi_desk *d, const char *sensor); /* has sent a hit */
prac_time epi_desk_now(const struct epi_desk *d); /* PRAC_TIME_NONE before the first hit */
prac_time epi_desk_due(const struct epi_desk *d); /* nothing ends by itself before; INT64_MAX */
/* Everything, as bytes for a restart (malloc'ed) and back into a new desk. PRAC_DAMAGED: free the
 * desk, begin anew. */
PRAC_NODISCARD prac_rc epi_desk_save(const struct epi_desk *d, uint8_t **ret, size_t *ret_len);
PRAC_NODISCARD prac_rc epi_desk_load(struct epi_desk *d, const void *data, size_t len);
size_t epi_desk_open_count(const struct epi_desk *d); /* all profiles */
extern const struct prac_counter_def epi_counter_defs[];
extern const size_t epi_counter_count;
struct prac_counters epi_desk_counters(const struct epi_desk *d);

/* The finding by which the alert desk and the page know an episode that alerts. Texts live in a.
 * conf_hash: of the settings that made it. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc epi_finding(const struct episode *e, uint64_t conf_hash,
                                   struct prac_arena *a, struct finding *ret);
