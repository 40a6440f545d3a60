/* eval/eval.h — how well the engines find what was planted: scenarios from gen/, many seeds, all in
 * memory: gen -> capture -> engines -> findings, held against the truth.
 *
 * found     an event counts as found by an engine when a finding of it ("on", at least min_level)
 *           is about the event, it is said after the event's first packet, and the time it claims
 *           (from..to) overlaps the event's, lengthened by `slack`. The delay is from the first
 *           packet to the first such finding. Several are one
 * subject   port:N/P and group:N/P: N/P is a port of the event; country:CC: the event is of CC, or
 *           EVAL_COUNTRY_HOSTS of its hosts are; victim:A/P: A is the victim of the planted flood
 * false     an opening of the alert desk (each engine has a desk of its own, the ensemble one for
 *           all) about no event, or outside its time. Findings that go on under an open alert are
 *           not counted again
 * allowed   what is true and was planted, but asked of nobody: see eval_allowed in match.c
 * warm-up   engines begin with the state they have after days of the same world without events
 * seeds     each scenario has its own; those for tuning and those that are scored are disjoint, and
 *           so are their worlds. Only default settings are ever scored
 * cost      a run: 4 to 30 CPU s, 200 MB; a warm-up: half a minute to minutes
 * threads   any number of runs side by side; each has all of its own
 * checked   tests/unit/test_eval.c, tests/scenario/t_evaluate.py
 */
#pragma once
#include "alert/alert.h"
#include "base/conf.h"
#include "gen/gen.h"
#include "math/interval.h"
#include "model/records.h"

enum {
  EVAL_ENGINES = 15,
  EVAL_WHO = EVAL_ENGINES + 1, /* with the ensemble, which comes first */
  EVAL_EVENTS = 16,            /* of one run */
  EVAL_WRONG = 32,             /* false alarms of one run that are described */
  EVAL_COUNTRY_HOSTS = 15,
};

/* ---- seeds (seeds.c) ---- */
enum eval_mode { EVAL_TUNE, EVAL_SCORE };
struct eval_scenario {
  const char *name;
  uint64_t base; /* seeds for tuning: base + 1 .. base + 4999; scored: base + 5001 .. base + 9999 */
  int64_t length_ns;  /* 0: the scenario's own */
  int64_t history_ns; /* engines with long histories have run so long before */
  const char *world;  /* scenarios of one telescope share the engines' warm-up */
};
enum { EVAL_SEEDS_MAX = 4999 };
extern const struct eval_scenario eval_scenarios[];
extern const size_t eval_scenario_count;
const struct eval_scenario *eval_scenario_find(const char *name); /* NULL: none */
uint64_t eval_seed(const struct eval_scenario *s, enum eval_mode m, uint32_t i);
uint64_t eval_world(enum eval_mode m);
/* May this seed of this scenario be looked at while thresholds are chosen? */
bool eval_seed_is(const struct eval_scenario *s, enum eval_mode m, uint64_t seed);

/* ---- matching (match.c) ---- */
enum eval_about { EVAL_OTHER, EVAL_PORT, EVAL_COUNTRY, EVAL_VICTIM };
struct eval_subject {
  enum eval_about about;
  uint8_t proto;
  uint16_t port, country;
  struct prac_ip victim;
};
struct eval_subject eval_subject_of(const char *key);
struct eval_truth {
  char name[32], what[16];
  bool event; /* happens once */
  bool asked; /* an event that engines are there to find */
  uint8_t proto;
  uint16_t country; /* of all hosts; 0: a mixture */
  prac_time first, last;
  uint32_t hosts, n_ports;
  uint64_t packets;
  uint16_t ports[64];
  uint16_t *by_country; /* hosts of each, index letters as in flow rows; NULL: not counted */
  struct prac_ip *victims;
  uint32_t n_victims; /* sorted */
};
/* Everything gen has planted so far. Owner: caller (eval_truth_free). */
PRAC_NODISCARD prac_rc eval_truth_of(const struct gen *g, struct eval_truth **ret, size_t *ret_n);
void eval_truth_free(struct eval_truth **tp, size_t n);
bool eval_is_about(const struct eval_truth *t, const struct eval_subject *s);
struct eval_claim {
  prac_time at, from, to;
};
bool eval_in_time(const struct eval_truth *t, const struct eval_claim *c, int64_t slack_ns);
/* True and planted, but no event that is asked for: a port surge where strangers came by mistake.
 */
bool eval_allowed(const struct eval_truth *t, const struct eval_subject *s, const char *kind);

/* ---- one run (run.c) ---- */
struct eval_conf {
  const struct prac_conf *settings; /* NULL: defaults */
  const char *engines;              /* comma-separated; NULL: all that are enabled */
  uint32_t min_level;
  int64_t slack_ns, history_ns, warm_ns; /* history_ns 0: the scenario's */
  int64_t (*clock)(void);                /* ns of CPU that the process has used; NULL: no costs */
};
struct eval_state { /* saved engines; owner of bytes: caller */
  uint8_t *bytes;
  size_t len;
};
struct eval_found {
  char name[32], what[16];
  uint32_t hosts;
  uint64_t packets;
  int64_t delay_ns[EVAL_WHO]; /* -1: not found */
};
struct eval_wrong {
  char key[48], kind[24];
  uint32_t who, level, hosts;
  struct eval_claim when;
  double score, value;
};
/* Plain bytes: goes from the process that ran it to the one that adds up. */
struct eval_result {
  uint32_t scenario, n_events, n_wrong;
  uint64_t seed, packets;
  int64_t scored_ns;
  int64_t cpu_ns[EVAL_WHO]; /* of an engine; of the ensemble: of the whole run, all that feeds it */
  struct eval_found events[EVAL_EVENTS];
  uint32_t alarms_false[EVAL_WHO], alarms_allowed[EVAL_WHO];
  struct eval_wrong wrong[EVAL_WRONG];
};
/* Names of the engines that run, in order, but for one that only labels; index 0 is "ensemble".
 * Returns how many. */
size_t eval_who(const struct eval_conf *c, const char *ret[EVAL_WHO]);
/* Engines after days without events: of the scenario's telescope, in this world. */
PRAC_NODISCARD prac_rc eval_warm(const struct eval_conf *c, const struct eval_scenario *s,
                                 enum eval_mode m, struct eval_state *ret, struct prac_err *reterr);
PRAC_NODISCARD prac_rc eval_run(const struct eval_conf *c, const struct eval_scenario *s,
                                enum eval_mode m, uint64_t seed, const struct eval_state *from,
                                struct eval_result *ret, struct prac_err *reterr);

/* ---- adding up (sum.c) ---- */
struct eval_row { /* one kind of event over all runs */
  char name[32], what[16];
  uint32_t scenario, hosts;
  uint64_t n, packets, found[EVAL_WHO];
  double *delay_s[EVAL_WHO]; /* found[] values, sorted */
};
struct eval_part { /* one scenario over all runs */
  uint64_t runs, events, packets, alarms_false[EVAL_WHO], alarms_allowed[EVAL_WHO], found[EVAL_WHO];
  uint64_t first, last; /* seeds */
  double days, cpu_s[EVAL_WHO];
};
struct eval_sum {
  const char *who[EVAL_WHO];
  size_t n_who, n_rows;
  struct eval_row *rows;
  struct eval_part *parts, all; /* parts: by scenario */
};
/* Sorts the results by scenario and seed first. PRAC_NOMEM. Owner: caller (eval_sum_done). */
PRAC_NODISCARD prac_rc eval_sum_of(struct eval_result *r, size_t n, const char *const *who,
                                   size_t n_who, struct eval_sum *ret);
void eval_sum_done(struct eval_sum *s);
