/* model/records.h — every record but the flow: findings, alerts, health, hits, episodes, decisions;
 * deliveries are in model/delivery.h.
 * Keys of findings and alerts say what they are about: "victim:203.0.113.9/tcp",
 * "country:MM", "port:1433/tcp". The same key in a later finding means the same story goes on. */
#pragma once
#include "model/field.h"

/* An engine's claim about one key and one time. `state`: "on" (it holds), "off" (it has ended). */
#define FINDING_FIELDS(F)                                                                          \
  F(STR, id, "", "engine, slot and key, hashed: the same input gives the same id")                 \
  F(STR, engine, "", "who says so")                                                                \
  F(STR, part, "", "which of several that say so side by side: worker, honeypot; or empty")        \
  F(STR, engine_version, "", "of the engine's code")                                               \
  F(HEX, settings, "", "hash of the engine's settings")                                            \
  F(HEX, seed, "", "of the engine's randomness")                                                   \
  F(STR, key, "", "what it is about")                                                              \
  F(STR, kind, "", "spoofed-flood, surge-country, surge-port, ...")                                \
  F(STR, state, "", "on: it holds; off: it has ended")                                             \
  F(TIME, at, "ns", "event time at which the engine could say so")                                 \
  F(TIME, from, "ns", "start of what is claimed")                                                  \
  F(TIME, to, "ns", "end of what is claimed, so far")                                              \
  F(U32, level, "", "1 notice, 2 low, 3 medium, 4 high, 5 critical")                               \
  F(F64, score, "", "engine's own measure, see its README")                                        \
  F(F64, value, "", "what was seen, in `unit`")                                                    \
  F(F64, baseline, "", "what is usual, in `unit`")                                                 \
  F(STR, unit, "", "of value and baseline: sources, packets/min")                                  \
  F(STR, country, "", "ISO 3166, or empty")                                                        \
  F(U32, asn, "", "0: none or several")                                                            \
  F(STRS, sensors, "", "that saw it")                                                              \
  F(PORTS, ports, "", "most important first")                                                      \
  F(IPS, hosts, "", "most important first; at most 256")                                           \
  F(U64, host_count, "hosts", "all of them")                                                       \
  F(U64, packets, "packets", "behind the claim")                                                   \
  F(STR, text, "", "one sentence an analyst can read")                                             \
  F(STR, flows, "", "the flow query that shows the evidence: key=value words of `practice query`") \
  F(STRS, facts, "", "what `text` says and no other field: name, blank, value (model/facts.h)")

#define ALERT_FIELDS(F)                                                                            \
  F(STR, id, "", "stable through the alert's life, also when it resumes")                          \
  F(STR, key, "", "of its findings")                                                               \
  F(STR, kind, "", "of its findings")                                                              \
  F(STR, state, "", "open, update, resume, close")                                                 \
  F(U32, revision, "", "1 at open, then rising")                                                   \
  F(TIME, at, "ns", "event time of this revision")                                                 \
  F(TIME, opened, "ns", "event time of the first opening")                                         \
  F(TIME, from, "ns", "start of what is claimed")                                                  \
  F(TIME, to, "ns", "end of what is claimed, so far")                                              \
  F(TIME, closed, "ns", "event time of closing; null while open")                                  \
  F(STR, severity, "", "notice .. critical: the highest that still holds; at close, that held")    \
  F(STR, tlp, "", "TLP 2.0 label")                                                                 \
  F(STR, title, "", "one line: of the most severe finding so far")                                 \
  F(STR, text, "", "the last finding's sentence")                                                  \
  F(F64, score, "", "highest so far of the engine that the title is from")                         \
  F(F64, value, "", "the same engine's highest so far, in `unit`")                                 \
  F(F64, baseline, "", "of the finding with that value")                                           \
  F(STR, unit, "", "")                                                                             \
  F(STR, country, "", "ISO 3166, or empty")                                                        \
  F(U32, asn, "", "")                                                                              \
  F(STRS, engines, "", "that agree")                                                               \
  F(STRS, sensors, "", "that saw it")                                                              \
  F(PORTS, ports, "", "")                                                                          \
  F(IPS, hosts, "", "at most 256")                                                                 \
  F(U64, host_count, "hosts", "")                                                                  \
  F(U64, packets, "packets", "")                                                                   \
  F(STRS, findings, "", "ids, oldest first; at most 64: the first and the latest")                 \
  F(U64, finding_count, "findings", "all of them")                                                 \
  F(STR, flows, "", "the flow query behind the alert")                                             \
  F(STRS, facts, "", "of the last finding")

/* One sensor, one moment: its heartbeat, said also when nothing is heard. Also the sensor's event
 * time: it will publish nothing before `at` any more. */
#define HEALTH_FIELDS(F)                                                                           \
  F(STR, id, "", "sensor and minute")                                                              \
  F(STR, sensor, "", "name")                                                                       \
  F(STR, site_country, "", "where the sensor stands, ISO 3166")                                    \
  F(TIME, at, "ns", "event time up to which everything has been published")                        \
  F(U64, packets, "packets", "captured since the last report")                                     \
  F(U64, lost, "packets", "dropped by the kernel since the last report")                           \
  F(U64, evicted, "rows", "flow rows published early because the table was full")                  \
  F(U64, malformed, "packets", "that could not be read")                                           \
  F(I64, clock_offset_ns, "ns", "sensor minus hub, where known")                                   \
  F(STR, source, "", "afpacket eth1, pcap file, ...")                                              \
  F(STR, version, "", "of practice")                                                               \
  F(TIME, sent, "ns", "when it was said, by the clock of the sensor's machine; null: no clock")    \
  F(I64, every_ns, "ns", "another one follows within this time; 0: nobody need wait for it")       \
  F(U64, rows, "rows", "flow rows, or hits, published since the last report")                      \
  F(U64, batches, "batches", "flow batches published since the last report")                       \
  F(U64, queue, "messages", "that wait for the bus to take them, when this was said")              \
  F(U64, queue_bytes, "bytes", "of these")                                                         \
  F(BOOL, clock_synced, "", "the operating system keeps its clock in step with others")            \
  F(I64, clock_error_ns, "ns", "how wrong that clock is by the system's estimate; 0: unknown")

/* Requests of one (victim, vector) at one honeypot since the last hit of the pair. A pair that is
 * new or gathers speed is told at once, a steady one once a second: what is told is never late by
 * more than that. The sums of all hits are exact. */
#define HIT_FIELDS(F)                                                                              \
  F(STR, id, "", "sensor and a rising number: the same hit twice is one")                          \
  F(STR, sensor, "", "name of the honeypot")                                                       \
  F(STR, site_country, "", "where it stands, ISO 3166")                                            \
  F(TIME, at, "ns", "when the sensor told it")                                                     \
  F(IP, victim, "", "the sender that the requests name")                                           \
  F(STR, vector, "", "ntp_monlist, dns, ...; port-1234: no vector is known there")                 \
  F(U32, port, "", "UDP port of the service")                                                      \
  F(TIME, from, "ns", "first request of this hit")                                                 \
  F(TIME, to, "ns", "last request of this hit")                                                    \
  F(U64, packets, "packets", "requests")                                                           \
  F(U64, bytes, "bytes", "their UDP payload")                                                      \
  F(U64, lost, "packets", "dropped by the kernel meanwhile, this pair's share: estimated")         \
  F(U64, replies, "packets", "sent by this honeypot")                                              \
  F(U64, reply_bytes, "bytes", "UDP payload of them")                                              \
  F(U32, request_len, "bytes", "UDP payload of the latest request")                                \
  F(HEX, payload, "", "hash of the latest request's payload")                                      \
  F(U32, victim_port, "", "source port of the latest request")                                     \
  F(U32, ttl_min, "", "IP TTL or hop limit")                                                       \
  F(U32, ttl_max, "", "")                                                                          \
  F(U32, ttl_count, "", "different values, at most 64")                                            \
  F(STRS, names, "", "what was asked for most: count, blank, name; \"120 isc.org ANY IN\"")        \
  F(BOOL, scanner, "", "the sender is on a list of known scanners")

/* One attack on one target, merged over honeypots. The bus carries every revision, the store keeps
 * the latest. */
#define EPISODE_FIELDS(F)                                                                          \
  F(STR, id, "", "stable through the attack's life, also when it resumes")                         \
  F(U32, revision, "", "1 at start, then rising")                                                  \
  F(STR, state, "", "start, update, resume, end")                                                  \
  F(STR, kind, "", "single: one address, one vector; carpet: a prefix; multi: several vectors")    \
  F(STR, profile, "", "whose definition of an attack: isp, amppot, hopscotch, mph")                \
  F(STR, parent, "", "id of the carpet or multi episode it belongs to, or empty")                  \
  F(IP, victim, "", "attacked address; carpet: the prefix' first")                                 \
  F(U32, prefix_bits, "", "128 for one address; carpet: 120 for an IPv4 /24, 48 for IPv6")         \
  F(STRS, vectors, "", "multi: all of them; else one")                                             \
  F(U32, port, "", "UDP port of the abused service; multi: of the first vector")                   \
  F(TIME, at, "ns",                                                                                \
    "event time of this revision: start: of the packet that crossed the threshold")                \
  F(TIME, from, "ns", "first packet")                                                              \
  F(TIME, to, "ns", "last packet so far")                                                          \
  F(U32, bins, "", "60-second bins from the first packet's to the last's")                         \
  F(U64, bin_max, "packets", "of the busiest bin")                                                 \
  F(U64, packets, "packets", "requests at all honeypots")                                          \
  F(U64, bytes, "bytes", "their UDP payload")                                                      \
  F(F64, pps_max, "packets/s", "bin_max / 60")                                                     \
  F(F64, pps_mean, "packets/s", "packets / (60 bins)")                                             \
  F(U64, lost, "packets", "dropped by the honeypots' kernels meanwhile, estimated")                \
  F(STRS, sensors, "", "that saw it: name, blank, packets; most first")                            \
  F(STRS, names, "", "what was asked for most: count, blank, name")                                \
  F(U32, ttl_min, "", "")                                                                          \
  F(U32, ttl_max, "", "")                                                                          \
  F(U32, ttl_count, "", "different values: one means one sender")                                  \
  F(IPS, hosts, "", "carpet: attacked addresses, most packets first, at most 256")                 \
  F(U32, host_count, "hosts", "carpet: all of them")                                               \
  F(U32, asn, "", "of the victim; 0: unknown")                                                     \
  F(STR, as_name, "", "")                                                                          \
  F(STR, country, "", "ISO 3166, or empty")                                                        \
  F(STR, rdns, "", "the victim's name, or empty: not known (yet)")                                 \
  F(STR, geo, "", "date of the country and network data")                                          \
  F(TIME, started, "ns", "`at` of the first start: when the attack was detected")

/* What a person decided about an alert. Whom and what it is about is copied from the alert, so that
 * whoever may see the one may see the other. */
#define DECISION_FIELDS(F)                                                                         \
  F(STR, id, "", "random")                                                                         \
  F(TIME, at, "ns", "when it was decided, by the portal's clock")                                  \
  F(STR, alert, "", "id of the alert")                                                             \
  F(U32, alert_revision, "", "that was the latest then")                                           \
  F(STR, key, "", "of the alert")                                                                  \
  F(STR, kind, "", "of the alert")                                                                 \
  F(STR, act, "", "ack, assign, comment, label, reopen")                                           \
  F(STR, text, "", "whom it is given to, the comment, the label; else why, or empty")              \
  F(STR, user, "", "who decided")                                                                  \
  F(STR, org, "", "of which organisation")                                                         \
  F(STR, tlp, "", "of the alert")                                                                  \
  F(STR, country, "", "of the alert")                                                              \
  F(U32, asn, "", "of the alert")                                                                  \
  F(IPS, hosts, "", "of the alert, as far as who decided may see them")

struct finding {
  FINDING_FIELDS(MODEL_FIELD)
};
struct alert {
  ALERT_FIELDS(MODEL_FIELD)
};
struct health {
  HEALTH_FIELDS(MODEL_FIELD)
};
struct hit {
  HIT_FIELDS(MODEL_FIELD)
};
struct episode {
  EPISODE_FIELDS(MODEL_FIELD)
};
struct decision {
  DECISION_FIELDS(MODEL_FIELD)
};
extern const struct model_kind model_finding, model_alert, model_health, model_hit, model_episode,
    model_decision;
