/* engine/surge/surge.h — the state of the surge engine, shared by its files only.
 *
 * A key is a country or a port. In the running slot it has two sets of senders: `est`, seen by
 * sensors that are established, and `other`. Only `est` can raise a surge; both together become the
 * slot's value in the history when the slot ends. So a new sensor, or one that returns after long,
 * raises nothing, and is in the usual count by the time it is established.
 */
#pragma once
#include "engine/engine.h"
#include "engine/surge/sources.h"
#include "math/robust.h"

enum { SURGE_HISTORY_MAX = 64, SURGE_SENSORS = 1024, SURGE_SENSOR_NAME = 32, SURGE_NAMED = 64 };
enum surge_dim { SURGE_COUNTRY, SURGE_PORT, SURGE_DIM_COUNT_ };

struct surge_conf {
  struct eng_common common;
  int64_t slot_ns, evaluate_ns;
  int64_t history, min_history, min_sources, exact, max_keys, memory;
  double z, grown, high_z, critical_z, established, complete;
  struct prac_conf_strings dims, ignore;
};
extern const struct prac_conf_section surge_conf_section;

#define SURGE_COUNTERS(X)                                                                          \
  X(ROWS, "rows", "rows", "Flow rows counted.", PRAC_COUNTER)                                      \
  X(IGNORED, "ignored", "rows", "Flow rows left out because of their marks.", PRAC_COUNTER)        \
  X(KEYS, "keys", "keys", "Countries and ports followed right now.", PRAC_GAUGE)                   \
  X(NO_KEY, "refused_keys", "rows",                                                                \
    "Rows whose country or port could not be followed; a rise means: raise max-keys.",             \
    PRAC_COUNTER)                                                                                  \
  X(NO_ROOM, "refused_sources", "sources",                                                         \
    "Senders not counted because of `memory`; a rise means: raise it.", PRAC_COUNTER)              \
  X(BYTES, "bytes", "bytes", "Memory of the sets of senders.", PRAC_GAUGE)                         \
  X(UP, "sensors_established", "sensors", "Sensors that can raise a surge.", PRAC_GAUGE)           \
  X(SKIPPED, "slots_skipped", "slots",                                                             \
    "Slots not taken into the history because no sensor was up long enough.", PRAC_COUNTER)        \
  X(SURGES, "surges", "keys", "Keys above their usual right now.", PRAC_GAUGE)
enum surge_counter {
#define X(id, name, unit, help, kind) SURGE_COUNT_##id,
  SURGE_COUNTERS(X)
#undef X
      SURGE_COUNTER_COUNT_
};

struct surge_sensor {
  char name[SURGE_SENSOR_NAME];
  uint32_t heard;   /* evaluations of this slot in which it was heard */
  bool now;         /* heard since the last one */
  bool established; /* for this slot */
  uint64_t up;      /* bit i: up in the slot i + 1 before this one that is in the history */
  uint64_t geo;     /* hash of its geography data */
};
struct surge_key {
  uint32_t what; /* dim << 24 | country, or dim << 24 | proto << 16 | port */
  bool on;       /* a surge goes on */
  bool holds;    /* in this slot */
  struct surge_set est, other;
  uint64_t packets, sensors;
  prac_time from, to; /* of the surge */
  double said;        /* value last said in this slot; 0: not yet */
  uint32_t *hist;     /* newest first at state.head, as long as state.n_hist */
};
struct surge_slot {  /* of the index: beside its key, so that looking costs one line of memory */
  uint32_t what, at; /* at: 1 + index into keys; 0: free */
};
struct surge_state {
  const struct surge_conf *conf;
  struct surge_key *keys;
  struct surge_slot *slots;
  uint32_t n_keys, cap_keys, n_slots;
  struct surge_sensor *sensors;
  uint32_t n_sensors;
  struct surge_room room;
  uint32_t n_hist, head; /* slots in the history; where in hist[] the newest stands */
  uint32_t ignore;       /* marks */
  bool dims[SURGE_DIM_COUNT_];
  uint32_t intervals; /* evaluations of this slot in which anybody was heard */
  prac_time slot;     /* start of the running slot; NONE before the first batch */
  uint32_t geo_age;   /* slots since geography data changed under a sensor; large: long ago */
  uint32_t surges;
};

/* keys.c */
struct surge_key *surge_key_touch(struct surge_state *s, uint32_t what); /* NULL: no room */
void surge_keys_turn(struct surge_state *s); /* the slot is over: into the history, sets empty */
void surge_key_history(const struct surge_state *s, const struct surge_key *k, double *out);
void surge_keys_done(struct surge_state *s);
void surge_sensors_turn(struct surge_state *s);
struct surge_sensor *surge_sensor_named(struct surge_state *s, const char *name); /* NULL: full */
PRAC_NODISCARD prac_rc surge_key_total(const struct surge_state *s, const struct surge_key *k,
                                       uint64_t *ret);

/* say.c */
struct surge_judged {
  double value, z;
  struct math_usual usual;
};
PRAC_NODISCARD prac_rc surge_say(const struct surge_state *s, const struct surge_key *k,
                                 const struct surge_judged *j, const struct eng_env *env,
                                 struct eng_out *out);

/* state.c */
prac_rc surge_save(const void *st, struct prac_wr *w);
prac_rc surge_load(void *st, struct prac_rd *r);
