/* view/compare.h — sensors compared: who sees what first, whom they both see, what is seen abroad
 * and not yet at home.
 *
 * story     the findings of one key within the span. Its onset at a sensor is the first minute of
 *           its rise there: of the senders (of one host: packets) of its evidence in five minutes,
 *           the first time that they leave the median of the three hours before by a third of
 *           the way to their highest (up to two hours after it); none where the highest is not 8
 *           sqrt(m + 1) above that median m and 4 sqrt(h + 1) above the upper tenth h of before
 * lag       onset at b minus onset at a, of stories that rose at both; quartiles over stories
 * overlap   senders of both over senders of either (Jaccard), exact up to COMPARE_SAMPLE senders;
 *           beyond, of a sample by hash (sources with hash below 2^64 / `sampled`), with its
 *           standard error sqrt(J (1 - J) / n)
 * abroad    ports: senders within the last `recent` against the most of up to three windows of the
 *           same length before, by roll-ups. A rise: `rise` times as many, `least` at least and 4
 *           sqrt(before + 1) more; not at home: no sensor there has one, and none hears a third of
 *           the senders. Stories: rose at a sensor abroad and at none at home
 * repeats   the same store and settings give the same answer
 * fails     PRAC_UNKNOWN: no sensor, or `home` names none of them
 * checked   tests/unit/test_compare.c, tests/scenario/t_compare.py
 */
#pragma once
#include "view/view.h"

enum {
  COMPARE_SENSORS_MAX = 64,
  COMPARE_SAMPLE = 1 << 16, /* senders of the overlap */
  COMPARE_STORIES_MAX = 1000,
  COMPARE_COUNTRIES = 5, /* of a pair: those with most senders */
  COMPARE_PORTS_MAX = 256
};

struct compare_place { /* of a sensor whose health the store does not know */
  const char *sensor, *country;
};
struct compare_conf {
  struct prac_span span; /* NONE: the last day kept */
  const char *home;      /* a country, or sensors with commas between; "": nobody is at home */
  const struct compare_place *places;
  size_t n_places;
  int64_t recent_ns; /* abroad: 0: six hours */
  uint32_t stories;  /* looked at, the latest; 0: 200 */
  double rise;       /* 0: 3 */
  uint32_t least;    /* 0: 10 */
};
struct compare_sensor {
  const char *name, *country;
  bool home;
  uint64_t packets, sources;
  uint32_t stories, first; /* that rose here; here before anywhere else */
};
struct compare_story {
  const char *key, *kind, *id;
  struct prac_span claim;
  uint64_t hosts;
  uint32_t level, seen; /* seen: at how many sensors */
  uint32_t at_first;    /* which sensor; meaningless with seen 0 */
  prac_time *onset;     /* one a sensor; NONE */
  bool abroad;          /* rose abroad, not at home */
};
struct compare_country {
  char name[3];
  uint64_t shared, either;
  double jaccard;
};
struct compare_pair { /* a < b */
  uint32_t a, b, stories, a_first, b_first;
  int64_t lag_lo_ns, lag_ns, lag_hi_ns; /* quartiles, b after a; 0 without stories */
  uint64_t shared, either;              /* senders: of both, of either; estimated when sampled */
  double jaccard, error;                /* error 0: exact */
  struct compare_country country[COMPARE_COUNTRIES];
  uint32_t n_countries;
};
struct compare_port {
  const char *port;
  uint32_t sensor;                             /* abroad, with the greatest rise */
  uint32_t sensors;                            /* abroad, with a rise */
  uint64_t now, before, home_now, home_before; /* senders; home: of the sensor with most */
};
struct compare {
  struct prac_span span, recent;
  struct compare_sensor *sensors;
  uint32_t n_sensors, n_home;
  struct compare_story *stories;
  size_t n_stories;
  bool stories_cut;
  struct compare_pair *pairs;
  size_t n_pairs;
  uint64_t sampled; /* 1: every sender was looked at; n: one of n */
  bool baseline;    /* there was a time before `recent` to compare with */
  struct compare_port *ports;
  size_t n_ports;
};
PRAC_NODISCARD prac_rc compare_look(struct store *s, const struct compare_conf *c,
                                    struct prac_arena *a, struct compare *ret,
                                    struct prac_err *reterr);

/* The parts of it, for tests. `sums`: senders of each minute; *ret: which minute, or n: no rise.
 * before: how many of the minutes lie before the claim. */
void compare_onset(const uint32_t *minutes, uint32_t n, uint32_t before, uint32_t *work,
                   uint32_t *ret);
