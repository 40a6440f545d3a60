/* capture/core.h — frames in, flow batches out: decode, mark, look up, key, sort, batch.
 *
 * One core is one sensor. Minutes close by packet time: a packet more than `lateness_ns` older than
 * the newest is put into the oldest open minute (counted). Tables are bounded; a full table
 * publishes early (a further part of the minute) and counts it. Output does not depend on nthreads.
 *
 * open        a minute stays open until a packet is `lateness_ns` past its end: two at most
 * quiet       packets make no empty batches; cap_core_advance (live) makes one for every minute
 *             without a packet, so that silence and absence can be told apart (60 a call at most)
 * clock       live (not no_empty): when cap_core_advance is told a time 30 s or more before the
 *             newest packet, the clock was set back. Minutes are never published twice: event time
 *             goes on from where it was, and health.clock_offset_ns says how far it is ahead of the
 *             clock
 * labels      `tool` is set on a row while its source has the label (capture/tools.h) and every
 *             packet of the row fits it. When the minute is published, rows that fit and whose
 *             source has got the label since take it too; minutes already published do not change
 * victims     ICMP errors of one router about two victims are two rows
 * without     a sink: everything but the batches, for counting
 */
#pragma once
#include "base/clock.h"
#include "capture/source.h"
#include "model/packet.h"
#include "model/records.h"

struct lookup; /* lookup/lookup.h */
struct cap_conf {
  const char *sensor, *country;       /* name; where it stands (ISO 3166) */
  struct prac_conf_prefixes prefixes; /* darknet addresses; empty: everything is ours */
  int64_t max_flows;                  /* rows of the open minute, default 1 << 20 */
  int64_t max_sources;                /* fingerprint table, default 1 << 18 */
  int64_t lateness_ns;                /* default 2 s */
  int label_packets;                  /* agreeing packets for a tool label, default 3 */
  bool no_empty;                      /* replay: a minute without packets makes no batch */
  unsigned nthreads;
  uint64_t seed; /* of the row index and of which samples are lucky; live: random, so that nobody
                    can choose either. Flows do not depend on it. */
};
struct cap_core;
/* Samples of a minute (model/sample.h) behind its last batch, in order of time; borrowed for the
 * call. */
typedef prac_rc cap_packets(void *arg, const struct packet *p);
/* Batches in order of (minute, part); the callee takes over the reference, also when it fails. */
typedef prac_rc cap_sink(void *arg, struct flow_batch *b);

/* look is borrowed for the core's life; c is copied. PRAC_RANGE: a setting that cannot be. */
PRAC_NODISCARD prac_rc cap_core_new(const struct cap_conf *c, struct lookup *look, cap_sink *sink,
                                    void *arg, struct cap_core **ret, struct prac_err *reterr);
void cap_core_free(struct cap_core **cp);
/* Once, before the first frame: so many packets a minute are kept as they are, and go to `to` with
 * the sink's arg. 0: none. PRAC_RANGE, PRAC_NOMEM. */
PRAC_NODISCARD prac_rc cap_core_sample(struct cap_core *c, uint32_t per_minute, cap_packets *to);
PRAC_NODISCARD prac_rc cap_core_frames(struct cap_core *c, const struct cap_frame *f, size_t n);
PRAC_NODISCARD prac_rc cap_core_seen(struct cap_core *c, const struct cap_seen *s, size_t n);
/* Time has come to t (live: no packets, but minutes end): closes what lies before. */
PRAC_NODISCARD prac_rc cap_core_advance(struct cap_core *c, prac_time t);
PRAC_NODISCARD prac_rc cap_core_finish(struct cap_core *c); /* the open minute, as last */
/* Health since the last call; counters since the start are in the table. */
void cap_core_health(struct cap_core *k, const struct cap_stats *now, struct health *ret);

/* name, unit, sentence. After these: one per mark and one per tool, in the order of their tables.
 */
#define CAP_COUNTERS(X)                                                                            \
  X(frames, "packets", "captured frames given to the core")                                        \
  X(ip4, "packets", "IPv4")                                                                        \
  X(ip6, "packets", "IPv6")                                                                        \
  X(tcp, "packets", "TCP, fragments without ports included")                                       \
  X(udp, "packets", "UDP, fragments without ports included")                                       \
  X(icmp, "packets", "ICMP and ICMPv6")                                                            \
  X(other, "packets", "IP packets of any other protocol")                                          \
  X(not_ip, "packets", "ARP, LLC and whatever else is not IP")                                     \
  X(no_link, "packets", "of a link type that is not read; all of a file, or none")                 \
  X(truncated, "packets", "captured too little for their headers; raise the snapshot length")      \
  X(malformed, "packets", "whose headers contradict themselves")                                   \
  X(not_ours, "packets", "to addresses outside the sensor's prefixes; not looked at further")      \
  X(seen, "rows", "observations decoded elsewhere (CSV)")                                          \
  X(rows, "rows", "flow rows published")                                                           \
  X(batches, "batches", "flow batches published")                                                  \
  X(evicted, "rows", "published early because the table of the minute was full")                   \
  X(late, "packets", "whose minute was over; put into the oldest open minute")                     \
  X(set_back, "1", "times the live clock was found set back; event time went on, see health")      \
  X(sources_evicted, "sources", "forgotten by the fingerprint table because it was full")          \
  X(samples, "packets", "kept as they are")                                                        \
  X(samples_refused, "packets", "that might have been kept, and found no room")                    \
  X(sources_labelled, "sources", "that were given a tool label")
enum cap_counter {
#define X(name, unit, help) CAP_COUNT_##name,
  CAP_COUNTERS(X)
#undef X
      CAP_COUNT_marks,                    /* + bit of the mark: packets in rows that carry it */
  CAP_COUNT_tools = CAP_COUNT_marks + 18, /* + enum flow_tool: packets in rows with that label */
  CAP_COUNT_COUNT_ = CAP_COUNT_tools + FLOW_TOOL_COUNT_
};
extern const struct prac_counter_def cap_counter_defs[];
extern const size_t cap_counter_count;
const _Atomic uint64_t *cap_core_counters(const struct cap_core *k);
