/* engine/glasso/glasso.h — the state of the glasso engine, shared by its files only.
 *
 * Every slot (10 min) each sensor is judged by itself, in two ways. Published: log counts of hosts
 * in 12 samples, the graphical lasso at six rho, its density against 3 days of its own history. And
 * from the first slot on: do the hosts of a port act at the same time more than hosts that know
 * nothing of each other (math/pulse.h)? Both name ports by the second.
 */
#pragma once
#include "engine/engine.h"
#include "engine/groups.h"
#include "engine/instep.h"
#include "engine/sensors.h"
#include "engine/traffic.h"
#include "math/glasso.h"
#include "math/peel.h"

enum {
  GLASSO_RHO = 6,        /* 0.9, 0.8 ... 0.4: by index, never by adding up */
  GLASSO_HISTORY = 4320, /* slots a sensor may remember */
  GLASSO_PORTS = 64,     /* claimed by one sensor in one slot */
};
struct glasso_conf {
  struct eng_common common;
  int64_t slot_ns, sample_ns;
  int64_t v4_bits, v6_bits, history, min_history;
  int64_t hosts, quiet_slots, high_hosts, high_sensors;
  int64_t max_rows, max_hosts, max_sensors, max_sweeps;
  bool survey, weak;
  double rho_low, theta, pct, dst_pct, alpha, lift, each, gap, complete;
  struct prac_conf_strings ignore;
};
extern const struct prac_conf_section glasso_conf_section;

#define GLASSO_COUNTERS(X)                                                                         \
  X(ROWS, "rows", "rows", "Flow rows that were looked at.", PRAC_COUNTER)                          \
  X(SLOTS, "slots", "slots", "Slots of sensors judged.", PRAC_COUNTER)                             \
  X(SHORT, "slots_incomplete", "slots",                                                            \
    "Slots of sensors not judged because too few of their minutes were heard.", PRAC_COUNTER)      \
  X(REFUSED, "refused_rows", "rows",                                                               \
    "Rows for which a slot had no room; a rise means: raise max-rows.", PRAC_COUNTER)              \
  X(NO_SENSOR, "refused_sensors", "batches",                                                       \
    "Batches of sensors that are not followed; a rise means: raise max-sensors.", PRAC_COUNTER)    \
  X(HOSTS, "hosts", "hosts", "Hosts in all slots judged.", PRAC_COUNTER)                           \
  X(LEFT, "hosts_left", "hosts",                                                                   \
    "Hosts that the graph leaves out because of max-hosts, chosen by hash.", PRAC_COUNTER)         \
  X(EDGES, "edges", "edges", "Edges found, all rho together.", PRAC_COUNTER)                       \
  X(UNPROVED, "unproved", "solutions",                                                             \
    "Solutions stopped by max-sweeps before their gap was proved.", PRAC_COUNTER)                  \
  X(ALERTED, "slots_dense", "slots", "Slots whose density stood out of its history.",              \
    PRAC_COUNTER)                                                                                  \
  X(TESTED, "ports_tested", "ports", "Ports whose hosts were tested for synchrony.", PRAC_COUNTER) \
  X(NO_PORT, "refused_ports", "ports",                                                             \
    "Ports of a slot that could not be claimed: more than 64 at once.", PRAC_COUNTER)              \
  X(NO_STORY, "refused_groups", "groups",                                                          \
    "Groups that could not be followed: more than 1024 at once.", PRAC_COUNTER)                    \
  X(STORIES, "stories", "ports", "Ports with a synchronised group right now.", PRAC_GAUGE)
enum glasso_counter {
#define X(id, name, unit, help, kind) GLASSO_COUNT_##id,
  GLASSO_COUNTERS(X)
#undef X
      GLASSO_COUNTER_COUNT_
};

/* One slot in a sensor's memory. The index into arrays of rho: 0 is the lowest. */
struct glasso_past {
  prac_time from;
  uint32_t hosts;
  uint8_t alert; /* bit per rho: it stood out when it was judged */
  uint64_t edges[GLASSO_RHO];
};
struct glasso_sensor {
  struct eng_traffic traffic;
  struct glasso_past *past; /* oldest first */
  uint32_t n_past;
};
struct glasso_state {
  const struct glasso_conf *conf;
  uint32_t ignore, samples;
  uint64_t seed; /* of hash tables */
  struct eng_sensors sensors;
  struct eng_groups groups;
};

/* glasso.c */
PRAC_NODISCARD prac_rc glasso_sensor_init(const struct glasso_state *s, struct glasso_sensor *x);

/* history.c */
double glasso_density(const struct glasso_past *p, unsigned rho);
struct glasso_verdict {
  bool alert;
  unsigned rho;    /* lowest that raised it */
  double z, usual; /* robust z of that density, median; of the lowest rho when no alert */
};
/* Puts the slot into the sensor's memory and judges it. work: from the arena. */
PRAC_NODISCARD prac_rc glasso_remember(const struct glasso_conf *c, struct glasso_sensor *x,
                                       struct glasso_past now, struct prac_arena *a,
                                       struct glasso_verdict *ret);

/* graph.c: hosts to densities and to communities */
struct glasso_graph {
  uint32_t n;                        /* hosts in it */
  const uint32_t *host;              /* of each, the index in cells */
  struct math_glasso at[GLASSO_RHO]; /* by index of rho, 0 the lowest; theta of that one only */
  uint64_t left;                     /* hosts left out */
  bool failed;                       /* the solver refused: too dense */
};
PRAC_NODISCARD prac_rc glasso_graph_of(const struct glasso_conf *c, const struct eng_cells *cells,
                                       prac_time slot, const struct eng_env *env,
                                       struct prac_arena *a, struct glasso_graph *ret);
/* Which of the marked hosts hang together by partial correlations above 0: in[host] becomes 2.
 * Returns how many. */
PRAC_NODISCARD prac_rc glasso_group_of(const struct glasso_graph *g, uint8_t *in,
                                       struct prac_arena *a, uint32_t *ret_n);

/* judge.c: one sensor's slot to claims */
struct glasso_port {
  uint32_t port, index;
  uint32_t hosts, together; /* hosts at the port; of them in one community with others */
  enum eng_port_level level;
  struct math_pulse sync;
  double log10_p; /* with all ports tested taken into account */
  struct eng_port_who who;
};
struct glasso_found {
  struct glasso_port *v; /* by port */
  uint32_t n;
  uint64_t refused;
  struct glasso_verdict dense;
};
PRAC_NODISCARD prac_rc glasso_judge(const struct glasso_state *s, struct glasso_sensor *x,
                                    const struct eng_env *env, struct prac_arena *a,
                                    struct glasso_found *ret);

/* say.c */
PRAC_NODISCARD prac_rc glasso_claim(struct eng_claims *c, const char *sensor,
                                    const struct glasso_found *f, struct prac_arena *a);
struct eng_voice glasso_voice(const struct glasso_conf *c);

/* state.c */
prac_rc glasso_save(const void *st, struct prac_wr *w);
prac_rc glasso_load(void *st, struct prac_rd *r);
