/* model/facts.h — what a finding says in its sentence and has no field of its own for: `facts`, a
 * list of texts "NAME VALUE", declared here once. The sentence is made of the same values, so that
 * whoever reads another language than English, or no language at all, misses nothing.
 *
 * value     a number, a duration in seconds, a time, a name; of `yes` alone: it is so. A number may
 *           begin with ">" (more than), "<" (less than), "~" (about)
 * order     as in the sentence. A name may stand there several times: most important first. What
 *           comes behind `top` is about that source, up to the next one
 * bounds    MODEL_FACTS_MAX facts, MODEL_FACTS_TEXT bytes; what finds no room is left out
 */
#pragma once
#include "base/attr.h"
#include "model/field.h"

/* docs/formats/finding-facts.md is made of this table, and web/src/i18n has a phrase for each. */
#define MODEL_FACTS(F)                                                                             \
  F(AT_SENSOR, "at-sensor", "tokyo", "counted at this sensor alone")                               \
  F(SLOT, "slot", "2013-08-07T12:00:00Z", "start of the time that was counted")                    \
  F(SLOT_S, "slot-s", "2820", "length of the time that was counted, in seconds")                   \
  F(SLOTS, "slots", "54", "of how many such times the usual is known")                             \
  F(USUAL, "usual", "<4", "what is usual, where it is known as a bound only")                      \
  F(LIMIT, "limit", "61", "above which it is unusual")                                             \
  F(NEVER, "never-heard", "68", "in how many such times before nothing was heard of it")           \
  F(HOME, "home", "75", "as many at home")                                                         \
  F(HOME_USUAL, "home-usual", "<4", "usual at home")                                               \
  F(HOME_Z, "home-z", "0.4", "robust z at home")                                                   \
  F(TO_PORT, "to-port", "1433/tcp 30", "senders to this port: port, number")                       \
  F(FROM_COUNTRY, "from-country", "MM 30", "senders from this country: letters, number")           \
  F(SAMPLE, "sample", "yes", "yes: these numbers are of an even sample")                           \
  F(GEO_NEW, "geography-new", "yes",                                                               \
    "yes: the geography data changed meanwhile; the rise may lie there")                           \
  F(SINCE, "since", "2013-08-07T12:20:00Z", "of the group that is told of now, its first packet")  \
  F(NETWORKS, "networks", "12 24", "different networks among the sources: number, prefix length")  \
  F(COUNTRIES, "countries", "82", "different countries among the sources")                         \
  F(ESTIMATED, "estimated", "yes", "yes: networks and countries are estimated")                    \
  F(OURS, "our-addresses", ">58", "addresses of ours that were reached")                           \
  F(RISK_LEVEL, "risk-level", "89", "the port's level in its own history")                         \
  F(GRAPH_P, "graph-p", "0.0012", "the port graph has turned and blames it; p")                    \
  F(CHANGE, "change-score", "4.2", "its own series has changed; score")                            \
  F(RISING, "rising", "yes", "yes: for three times already")                                       \
  F(QUIET_S, "quiet-s", "5760", "not above its limit for so long, in seconds")                     \
  F(VICTIM_PPS, "victim-pps", "~12000", "packets a second at the victim, estimated")               \
  F(CORRELATION, "correlation", "0.83", "mean correlation of two of its hosts")                    \
  F(CORRELATION_OTHERS, "correlation-others", "0.05", "the same of other hosts")                   \
  F(MOST_FROM, "most-from", "MM", "most of them are from this country")                            \
  F(Z, "z", "9.1", "robust z of it")                                                               \
  F(OWN_TIME, "own-time", "yes", "yes: each comes in its own time")                                \
  F(PEAK, "peak", "103", "hosts at once, at most")                                                 \
  F(PEAK_AT, "peak-at", "2013-08-07T12:10:00Z", "when that was")                                   \
  F(PEAK_USUAL, "peak-usual", "110", "hosts at once, usually")                                     \
  F(BESIDE, "beside-group", "117", "hosts of the group beside which they were seen")               \
  F(INSIDE, "inside", "124", "of that group sent there")                                           \
  F(IN_TIME, "in-its-minutes", "yes", "yes: in the group's minutes")                               \
  F(CHANCE, "chance", "131", "would send there by chance")                                         \
  F(SURPRISE, "surprise", "138", "chance of it: 1 in 10 to the power of")                          \
  F(GROUPS, "groups", "145", "groups that agree")                                                  \
  F(IN_ALL, "in-all-groups", "152", "hosts that are in all of them")                               \
  F(IN_ANY, "in-any-group", "159", "hosts that are in any of them")                                \
  F(PORT_GROUPS, "port-groups", "166", "groups of ports that agree")                               \
  F(LIFT, "lift", "173",                                                                           \
    "so many times as much in step as sources that know nothing of each other")                    \
  F(TOGETHER, "together", "180", "of them hang together in the graph of partial correlations")     \
  F(DENSE_Z, "dense-z", "5.5", "the sensor's graph is denser than in its history; robust z")       \
  F(AGREE, "sensors-agree", "187", "so many sensors say it")                                       \
  F(SHARE, "share", "2.3", "of all packets, in percent")                                           \
  F(TOP, "top", "203.0.113.9 1234", "a source that sent most: address, packets")                   \
  F(MIRAI, "mirai", "194", "packets with Mirai's mark in a day")                                   \
  F(LIST, "list", "acknowledged 2025-03-02", "on this list of known scanners, with its date")      \
  F(TOOL, "scan-tool", "yes", "yes: packets of ZMap, masscan or a like tool")                      \
  F(SWEEP, "sweep", "yes", "yes: at least a packet for each address of ours")                      \
  F(DAY_PACKETS, "day-packets", "201", "packets in a day")                                         \
  F(DAY_PORTS, "day-ports", "208", "different ports in a day")                                     \
  F(OUR_SHARE, "our-share", "34", "that is of all our addresses, in percent")                      \
  F(HEARD, "heard", "2013-08-07T12:00:00Z", "when it was last heard")                              \
  F(SILENCE_S, "silence-s", "12900", "length of the silence in seconds")                           \
  F(GIVEN_UP, "given-up", "yes", "yes: it is no longer waited for")                                \
  F(WINDOW_S, "window-s", "13320", "length of the time looked at, in seconds")                     \
  F(LOST, "lost", "229", "packets lost")                                                           \
  F(LOST_OF, "lost-of", "236", "packets in all, the lost among them")                              \
  F(CLOCK, "clock", "late", "ahead; late: behind, or held up on the way; set-back")                \
  F(CLOCK_OFF_S, "clock-off-s", "14580", "by how much, in seconds")                                \
  F(CLOCK_RIGHT_S, "clock-right-s", "15000", "right again, to so many seconds")                    \
  F(SYNCED, "clock-synced", "no", "yes or no: what the sensor's system says of its clock")         \
  F(CLOCK_ERROR_S, "clock-error-s", "15420",                                                       \
    "wrong by so much at most, says that system, in seconds")                                      \
  F(VECTOR, "vector", "ntp_monlist", "way of amplification")                                       \
  F(SPREAD, "spread", "264", "addresses that the attack is spread over")                           \
  F(RESUMED, "resumed", "yes", "yes: it goes on after a pause")                                    \
  F(MINUTES, "minutes", "271", "minutes from the first packet's to the last's")                    \
  F(LASTED_S, "lasted-s", "16680", "how long it lasted, in seconds")                               \
  F(AS_NAME, "as", "64500 Example Net", "network of the address: number, name")                    \
  F(ASKED, "asked", "120 isc.org ANY IN", "what was asked for most: number, name")                 \
  F(ONE_TTL, "one-ttl", "yes", "yes: all requests had the same TTL: one sender")                   \
  F(SAME_PAYLOAD, "same-payload", "285", "at least so many packets with the same payload")         \
  F(PAYLOAD_BYTES, "payload-bytes", "292", "length of that payload")

enum model_fact {
#define X(word, name, example, help) MODEL_FACT_##word,
  MODEL_FACTS(X)
#undef X
      MODEL_FACT_COUNT_
};
enum { MODEL_FACTS_MAX = 32, MODEL_FACTS_TEXT = 2048 };
struct model_facts { /* zeroed at first; the list points into it */
  const char *v[MODEL_FACTS_MAX];
  uint32_t n;
  size_t used;
  char text[MODEL_FACTS_TEXT];
};
void model_fact(struct model_facts *f, enum model_fact which, const char *fmt, ...)
    PRAC_PRINTF(3, 4);
void model_fact_yes(struct model_facts *f, enum model_fact which);
static inline struct model_strs model_facts_of(const struct model_facts *f)
{
  return (struct model_strs){f->v, f->n};
}
