/* engine/riskport/riskport.h — the state of the riskport engine, shared by its files only.
 *
 * grains    everything is done twice: in slots of an hour, and of several hours, for scans that are
 *           too slow or sensors that are too few for an hour to tell. One story a port for both: it
 *           lives with the port of the first grain
 * index     of a port: how often it had how many sources, by day: entries (day, class, hours). A
 *           class is a quarter of a power of two. Hours without a source are not written down:
 *           they are the hours heard that no entry tells of. Adding an hour touches one day's
 *           entries; a day that has passed is taken off as a whole
 * est       only what sensors that are established saw is judged; what all saw goes into the index
 *           (so a new sensor raises nothing, and is usual by the time it counts). They are
 *           established together: in enough of the history's slots nearly all of what they usually
 *           hear was heard, so that sensors which were away in turn raise nothing when all are back
 */
#pragma once
#include "engine/engine.h"
#include "engine/riskport/conf.h"
#include "engine/riskport/hour.h"
#include "math/activity.h"
#include "math/sdar.h"

enum {
  RISK_CLASSES = 96, /* up to 2^23.75 sources */
  RISK_DAYS_MAX = 64,
  RISK_DAY_SLOTS = 24,
  RISK_SENSORS = 1024,
  RISK_SENSOR_NAME = 32,
  RISK_NAMED = 64, /* sensors that findings name */
  RISK_SCORES = 64,
  RISK_WINDOW_MAX = 64,
  RISK_GRAPH_MAX = 4096,
  RISK_GRAINS = 2,
  RISK_PAIRS_MIN = 1 << 18 /* more than all ports: one source fits */
};

struct risk_sensor {
  char name[RISK_SENSOR_NAME];
  bool now;                   /* heard in this slot */
  bool established;           /* for this slot: what it hears is judged */
  uint32_t rows;              /* of this slot */
  double weight;              /* rows of a usual slot */
  uint32_t up[RISK_DAYS_MAX]; /* slots heard, as bits, by day */
};
struct risk_entry {
  uint32_t day;
  uint8_t class, slots;
};
/* Of a port that once had a few sources: how its count changes over the hours. */
struct risk_change {
  uint16_t scores[RISK_SCORES]; /* how often which score, half a unit each from -8 on */
  uint32_t n;
  double last; /* score of the slot */
  bool above;  /* its own quantile */
  double st[];
};
struct risk_story {
  bool on;
  uint8_t risk;             /* highest that was said */
  prac_time from, to, at;   /* at: when something was last said; NONE: not yet */
  double said[RISK_GRAINS]; /* most sources of a slot, said or not */
};
struct risk_port {
  uint32_t id;
  uint32_t n, cap;
  struct risk_entry *v; /* by day, then class */
  struct risk_change *change;
  uint32_t before[2]; /* sources one and two slots ago */
  struct risk_story story;
};
/* What one slot says of one port. */
struct risk_judged {
  const struct risk_seen *seen;
  struct risk_port *port;
  const struct risk_pair *pairs;
  uint32_t n_pairs;
  double sources, all; /* of established sensors; of all */
  double n24, n16, countries;
  double limit, median;
  double graph_p;                    /* of the graph alert that blames the port; 1: none */
  uint32_t heard;                    /* slots in the history before */
  uint32_t level, risk;              /* level 0: not above its limit */
  bool spread, watch, change, fresh; /* fresh: never heard before */
};

struct risk_active {
  uint32_t id;
  float v;
};
struct risk_vector { /* one slot's activity, by id */
  struct risk_active *v;
  uint32_t n;
};
struct risk_graph {
  struct risk_vector past[RISK_WINDOW_MAX]; /* newest first */
  uint32_t n;
  struct math_vmf turn;
  uint32_t turns_seen;
};
struct risk_turn { /* what the graph says about a slot */
  double z, p;
  bool alert;
  const uint32_t *blamed; /* ids of ports */
  uint32_t n_blamed;
};

struct risk_state { /* one grain */
  const struct risk_conf *conf;
  uint32_t grain;
  int64_t slot_ns;
  uint32_t min_history; /* slots */
  struct math_change_conf change;
  struct risk_hour hour;
  struct risk_port *ports;
  uint32_t n_ports, cap_ports;
  uint32_t *at; /* RISK_PORTS: 1 + index into ports */
  uint64_t bytes;
  struct risk_sensor *sensors;
  uint32_t n_sensors;
  double *whole; /* work: of each slot of the history, how much of what is usual was heard */
  uint8_t heard[RISK_DAYS_MAX]; /* slots with any sensor, by day */
  uint32_t days;                /* of 24 slots, in the history */
  uint32_t day;                 /* of the newest slot; 0: none yet */
  uint32_t ignore;
  double targets; /* addresses of ours that were knocked at in the slot that is judged */
  prac_time slot; /* the running one */
  uint32_t *mark; /* RISK_PORTS zeros: whoever uses it cleans up */
  struct risk_graph graph;
};

struct risk_engine {
  struct risk_state g[RISK_GRAINS];
  uint32_t n; /* grains */
};

/* index.c */
uint32_t risk_class_of(double sources);
double risk_class_top(uint32_t class);   /* largest count in it */
double risk_class_value(uint32_t class); /* middle of the counts in it */
struct risk_port *risk_port_touch(struct risk_state *s, uint32_t id); /* NULL: out of memory */
uint32_t risk_heard(const struct risk_state *s);                      /* slots in the history */
/* hours[]: RISK_CLASSES, how often which class; class 0 is none. */
void risk_index_sum(const struct risk_state *s, const struct risk_port *p, uint32_t *hours);
/* false: no room, not taken */
PRAC_NODISCARD bool risk_index_add(struct risk_state *s, struct risk_port *p, double sources);
void risk_day_turn(struct risk_state *s, uint32_t day); /* what is too old goes */
void risk_ports_done(struct risk_state *s);
struct risk_sensor *risk_sensor_named(struct risk_state *s, const char *name); /* NULL: full */
void risk_sensors_turn(struct risk_state *s); /* the history has changed: who is established? */

/* judge.c */
PRAC_NODISCARD prac_rc risk_judge(struct risk_state *s, const struct risk_sorted *pairs,
                                  const struct eng_env *env, struct risk_judged **ret,
                                  uint32_t *ret_n);
PRAC_NODISCARD prac_rc risk_change_all(struct risk_state *s, const struct risk_judged *j,
                                       uint32_t n, struct prac_arena *a);

/* graph.c */
PRAC_NODISCARD prac_rc risk_graph_turn(struct risk_state *s, const struct risk_judged *j,
                                       uint32_t n, const struct eng_env *env,
                                       struct risk_turn *ret);
void risk_graph_done(struct risk_graph *g);

/* slot.c */
void risk_slot_begin(struct risk_state *s, prac_time slot);
PRAC_NODISCARD prac_rc risk_slot_close(struct risk_engine *e, struct risk_state *s, prac_time to,
                                       const struct eng_env *env, struct eng_out *out);
PRAC_NODISCARD prac_rc risk_stories_end(struct risk_engine *e, prac_time now,
                                        const struct eng_env *env, struct eng_out *out);

/* say.c */
PRAC_NODISCARD prac_rc risk_say(const struct risk_state *s, const struct risk_judged *j,
                                const struct risk_story *story, const struct eng_env *env,
                                struct eng_out *out);
PRAC_NODISCARD prac_rc risk_say_over(const struct risk_state *s, const struct risk_port *p,
                                     struct eng_out *out);

/* state.c */
prac_rc risk_save(const void *st, struct prac_wr *w);
prac_rc risk_load(void *st, struct prac_rd *r);
