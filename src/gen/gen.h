/* gen/gen.h — made telescopes: packets for tests, benchmarks and the demonstration, with the truth.
 *
 * A scenario is a list of plans (who sends what, when, how often). Every plan has its own stream of
 * randomness; the streams are merged in order of time, so memory is bounded by the number of plans
 * and sources, never by packets.
 *
 * repeats   the same scenario, seed, sensors, length, rate and start give the same bytes on every
 *           machine: whole numbers only, no libm, no order of memory
 * sensors   up to 16, in different countries, each a /20 of 198.18.0.0/15 (RFC 2544: never routed)
 *           and a /48 of 2001:db8::/32 (RFC 3849). Sources are addresses of real networks, chosen
 *           by a small table, so that maps look plausible: they are MADE, nobody sent anything.
 * world     scanners and visitors that are there every day (plans marked lasting) take their
 *           addresses from `world`, everything else from `seed`: days of one telescope are the same
 *           world with different seeds
 * truth     everything that was planted, counted as written: what a reader of the files must find
 */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/time.h"

enum { GEN_SENSORS_MAX = 16, GEN_FRAME_MAX = 512 };

struct gen_conf {
  const char *scenario;
  uint64_t seed;
  uint32_t sensors;  /* 0: the scenario's own number */
  int64_t length_ns; /* 0: the scenario's own length */
  uint64_t mpps;     /* thousandths of a packet a second in all; 0: the scenario's own rate */
  prac_time start;   /* PRAC_TIME_NONE: 2026-06-18T00:00:00Z */
  uint64_t world;    /* 0: the seed */
  bool usual;        /* only what is there every day: no events */
};
struct gen_scenario_about {
  const char *name, *about;
};
struct gen_sensor_about {
  const char *name, *country; /* "tokyo", "JP" */
  struct prac_prefix v4, v6;
  uint64_t packets, bytes; /* written so far */
};
struct gen_frame { /* borrowed until the next call of gen_next */
  prac_time at;
  uint32_t sensor, caplen, len;
  const uint8_t *data; /* Ethernet */
};
struct gen;

size_t gen_scenario_count(void);
struct gen_scenario_about gen_scenario_at(size_t i);
/* PRAC_UNKNOWN: no such scenario; PRAC_RANGE; PRAC_NOMEM. Owner of *ret: caller. */
PRAC_NODISCARD prac_rc gen_new(const struct gen_conf *c, struct gen **ret, struct prac_err *reterr);
void gen_free(struct gen **gp);
size_t gen_sensor_count(const struct gen *g);
const struct gen_sensor_about *gen_sensor_at(const struct gen *g, size_t i);
struct prac_span gen_span(const struct gen *g);
/* The next packet of all sensors, in order of time. PRAC_END: the day is over. */
PRAC_NODISCARD prac_rc gen_next(struct gen *g, struct gen_frame *ret);
/* What was written so far, as one JSON object. */
void gen_truth(const struct gen *g, struct prac_json *j);

/* The same for programs: one plan, as it was planted and as far as it was written. */
struct gen_planted {
  const char *name, *what, *country; /* borrowed from g; country NULL: the mixture */
  bool event;                        /* happens once; else it is there all the time */
  uint8_t proto;                     /* 1, 6, 17, 58; 0: several or none */
  const struct gen_port {
    uint16_t port;
    uint32_t weight;
  } * ports;
  uint32_t n_ports, hosts; /* hosts: different senders so far */
  prac_time from, to;      /* as planned */
  prac_time first, last;   /* as written; PRAC_TIME_NONE: nothing */
  uint64_t packets, by_sensor[GEN_SENSORS_MAX];
};
size_t gen_planted_count(const struct gen *g);
void gen_planted_at(const struct gen *g, size_t i, struct gen_planted *ret);
/* Its senders that have sent: from *at on; *at moves behind the one returned. false: no more. */
bool gen_planted_host(const struct gen *g, size_t i, uint32_t *at, struct prac_ip *ret);
/* Whose network a made source is from, by the room's own table: letters, first << 8 | second; 0: of
 * none. Needs no database. */
uint16_t gen_country_of(const struct prac_ip *ip);
/* The addresses of the made survey scanners, for a scanner list; false: no i-th one. */
bool gen_survey_at(const struct gen *g, size_t i, struct prac_ip *ret);
