/* gen/gen_int.h — the room's own: plans, the packet before it is bytes, whole-number randomness. */
#pragma once
#include "base/arena.h"
#include "base/rng.h"
#include "gen/gen.h"

/* ---- randomness in whole numbers ---- */
/* -ln(u) * mean for a uniform u: the gap to the next arrival of a Poisson stream. */
uint64_t gen_exp(struct prac_rng *r, uint64_t mean);
/* An index below n, the lower ones likelier (the least of two). */
uint32_t gen_skewed(struct prac_rng *r, uint32_t n);

/* ---- where addresses come from ---- */
struct gen_origin { /* countries and the weight of each */
  const char *country;
  uint32_t weight;
};
/* country "" : a mixture as scanners have it. hash chooses; the same hash gives the same address.
 * The last byte is never 0 or 255: such senders look forged. */
struct prac_ip gen_source4(const char *country, uint64_t hash);
struct prac_ip gen_source6(uint64_t hash);
const char *gen_country_word(const char *country); /* the table's own spelling; NULL: not in it */

/* ---- a packet before it is bytes ---- */
enum gen_damage {
  GEN_WHOLE,
  GEN_VERSION,     /* IP version 7 */
  GEN_IHL,         /* an IPv4 header length of 4 words */
  GEN_LONG,        /* the IP header claims more bytes than were on the wire */
  GEN_SHORT,       /* the IP header claims fewer bytes than itself has */
  GEN_OFFSET_LOW,  /* a TCP header length of 3 words */
  GEN_OFFSET_HIGH, /* a TCP header longer than the packet */
  GEN_UDP_LENGTH,  /* a UDP length of 3 */
  GEN_CUT_IP,      /* the capture ends within the IP header */
  GEN_CUT_TCP,     /* the capture ends within the TCP header */
  GEN_DAMAGE_COUNT_
};
const char *gen_damage_text(enum gen_damage d);

struct gen_quote { /* the packet an ICMP error quotes */
  bool on;
  uint8_t proto, kept; /* bytes kept behind its IP header */
  struct prac_ip src, dst;
  uint16_t sport, dport;
};
enum { GEN_BODY_MAX = 200 };
struct gen_packet {
  prac_time at;
  uint32_t sensor;
  struct prac_ip src, dst;
  uint8_t proto, ttl, flags, type, code; /* flags: TCP; type, code: ICMP */
  bool df, more, extended;               /* extended: an IPv6 hop-by-hop header in front */
  uint16_t id, fragment;                 /* fragment: offset in 8 bytes */
  uint16_t sport, dport, window;
  uint32_t seq, ack;
  uint8_t n_options;
  uint16_t n_body;
  enum gen_damage damage;
  struct gen_quote quote;
  uint8_t options[40];
  uint8_t body[GEN_BODY_MAX]; /* not zeroed */
};
enum { GEN_FIN = 1, GEN_SYN = 2, GEN_RST = 4, GEN_PSH = 8, GEN_ACK = 16 };
/* Writes the Ethernet frame; *ret_caplen <= *ret_len <= GEN_FRAME_MAX. */
void gen_build(const struct gen_packet *p, uint8_t *frame, uint32_t *ret_caplen, uint32_t *ret_len);
/* Option layouts; they write p->options. */
enum gen_options { GEN_OPT_MSS, GEN_OPT_LINUX, GEN_OPT_WINDOWS, GEN_OPT_BSD };
void gen_options(struct gen_packet *p, enum gen_options which, uint32_t stamp);
/* A request (or an answer) of the service at `port` into p->body; FALSE: none known, a short text
 * is written. */
void gen_request(struct gen_packet *p, uint16_t port, struct prac_rng *r);
void gen_dns_answer(struct gen_packet *p, struct prac_rng *r);

/* ---- plans ---- */
enum gen_kind {
  GEN_PROBES, /* SYNs of `tool` from `sources` */
  GEN_UDP,    /* UDP requests with a payload */
  GEN_PING,   /* ICMP echo requests */
  GEN_FLOOD,  /* a victim's answers to forged packets */
  GEN_PIECES, /* fragments */
  GEN_BROKEN, /* every kind of damage in turn */
  GEN_ARP,    /* not IP at all */
};
enum gen_tool {
  GEN_PLAIN,
  GEN_ZMAP_OLD,
  GEN_ZMAP,
  GEN_MASSCAN,
  GEN_MASSCAN_OLD,
  GEN_MIRAI,
  GEN_UNICORNSCAN,
  GEN_NMAP,
  GEN_TOOL_COUNT_
};
enum gen_flood { GEN_SYN_FLOOD, GEN_ACK_FLOOD, GEN_UDP_FLOOD, GEN_PING_FLOOD, GEN_DNS_FLOOD };
struct gen_port {
  uint16_t port;
  uint32_t weight;
};
struct gen_plan {
  const char *name;
  const char *who;  /* NULL, or the name of the plan whose sources send here too */
  const char *what; /* background, scanner, survey, group, surge, backscatter, ... */
  enum gen_kind kind;
  enum gen_tool tool;
  enum gen_flood flood;
  int64_t from, to;    /* ns since the start */
  uint64_t mpps;       /* thousandths of a packet a second over its sensors */
  uint32_t sources;    /* victims of a flood: 1; a storm has many */
  uint32_t sensors;    /* a bit each; 0: all */
  const char *country; /* of the sources; NULL: the mixture */
  const struct gen_port *ports;
  uint32_t n_ports;
  bool six;    /* IPv6 */
  bool daily;  /* follows the hours of the day, and its sources change slowly */
  bool slots;  /* pulses in common slots of 50 s; each source from a /16 of its own */
  bool tricky; /* floods: truncated and mismatching quotes, errors of routers on the way */
};
/* Ports are copied; the texts must live as long as g. */
PRAC_NODISCARD prac_rc gen_plant(struct gen *g, const struct gen_plan *p);
/* From and to as minutes of a day of 24 hours, scaled to the length asked for. */
int64_t gen_minute(const struct gen *g, int64_t minute_of_day);
int64_t gen_length(const struct gen *g);
uint64_t gen_mpps(const struct gen *g); /* asked for, or the scenario's own */
void gen_outage(struct gen *g, uint32_t sensor, int64_t from, int64_t to);

struct gen_scenario {
  const char *name, *about;
  uint32_t sensors;
  int64_t length_ns;
  uint64_t mpps;
  prac_rc (*plant)(struct gen *g);
};
extern const struct gen_scenario gen_abroad;             /* abroad.c */
extern const struct gen_scenario *const gen_scenarios[]; /* NULL-terminated; scenarios.c */
extern const struct gen_port gen_common_ports[], gen_udp_ports[];
extern const uint32_t gen_common_ports_n, gen_udp_ports_n;

/* ---- one plan at work ---- */
struct gen_actor {
  struct gen_plan p;
  uint32_t id, all_sources; /* all_sources: with those that come in later */
  struct prac_rng rng;
  uint64_t salt;         /* of its sources' addresses */
  prac_time at;          /* its next packet */
  uint64_t *port_sums;   /* rising */
  struct prac_ip *fixed; /* sources, when they cannot be computed */
  uint64_t slot_weight_sum;
  uint8_t *seen; /* a bit a source that has sent */
  uint32_t n_seen;
  prac_time first, last;
  prac_time first_by_sensor[GEN_SENSORS_MAX]; /* where by_sensor is not 0 */
  uint64_t packets, by_sensor[GEN_SENSORS_MAX], by_damage[GEN_DAMAGE_COUNT_];
  uint64_t quotes_cut, quotes_wrong; /* floods: of its ICMP errors */
  int64_t bin;                       /* the 10-s step that bins[] ends with */
  uint32_t bins[6], max_60s;
};
struct gen_state { /* what a packet is made with */
  struct gen *g;
  struct gen_actor *a;
};
struct prac_ip gen_actor_source(const struct gen_actor *a, uint32_t i);
/* Everything but time and sensor; *ret_source: which of its sources sends. */
void gen_fill(struct gen_actor *a, const struct gen_sensor_about *s, struct gen_packet *p,
              uint32_t *ret_source);
const char *gen_tool_text(enum gen_tool t);

struct gen {
  const struct gen_scenario *scenario;
  uint64_t seed, mpps;
  prac_time start;
  int64_t length_ns;
  uint32_t n_sensors;
  struct gen_sensor_about sensors[GEN_SENSORS_MAX];
  struct {
    int64_t from, to;
  } outage[GEN_SENSORS_MAX];
  uint64_t lost[GEN_SENSORS_MAX]; /* fell into an outage: not written, counted nowhere else */
  struct gen_actor **actors, **heap;
  uint32_t n_actors, n_heap, cap;
  struct prac_arena *a;
  struct gen_packet packet;
  uint8_t frame[GEN_FRAME_MAX];
};
