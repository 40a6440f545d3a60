/* model/records.h — every record but the flow: findings, alerts, health.
 * Keys of findings and alerts say what they are about: "victim:203.0.113.9/tcp",
 * "country:MM", "port:1433/tcp". The same key in a later finding means the same story goes on. */
#pragma once
#include "model/field.h"

/* An engine's claim about one key and one time. `state`: "on" (it holds), "off" (it has ended). */
#define FINDING_FIELDS(F)                                                                          \
  F(STR, id, "", "engine, slot and key, hashed: the same input gives the same id")                 \
  F(STR, engine, "", "who says so")                                                                \
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
  F(STR, flows, "", "the flow query that shows the evidence: key=value words of `practice query`")

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
  F(STR, severity, "", "notice, low, medium, high, critical: the highest so far")                  \
  F(STR, tlp, "", "TLP 2.0 label")                                                                 \
  F(STR, title, "", "one line")                                                                    \
  F(STR, text, "", "the last finding's sentence")                                                  \
  F(F64, score, "", "highest so far")                                                              \
  F(F64, value, "", "highest so far, in `unit`")                                                   \
  F(F64, baseline, "", "of the finding with the highest value")                                    \
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
  F(STR, flows, "", "the flow query behind the alert")

/* One sensor, one moment. Also the sensor's clock: it will publish nothing before `at` any more. */
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
  F(STR, version, "", "of practice")

struct finding {
  FINDING_FIELDS(MODEL_FIELD)
};
struct alert {
  ALERT_FIELDS(MODEL_FIELD)
};
struct health {
  HEALTH_FIELDS(MODEL_FIELD)
};
extern const struct model_kind model_finding, model_alert, model_health;
