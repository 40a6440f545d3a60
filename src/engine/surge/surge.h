/* engine/surge/surge.h — the state of the surge engine, shared by its files only.
 *
 * A key is a country, a port or an AS. In the running slot it has two sets of senders: `est`, seen
 * by sensors that are established, and `other`. Only `est` can raise a surge; both together become
 * the slot's value in the history when the slot ends. So a new sensor, or one that returns after
 * long, raises nothing, and is in the usual count by the time it is established.
 *
 * A scope is one sensor, or the sensors at home, or those abroad. Senders know which sensors saw
 * them; a scope's count of a key has a history of its own from the slot on in which it is SURGE_ROW
 * for the first time (what was before counts as none).
 */
#pragma once
#include "engine/engine.h"
#include "engine/surge/sources.h"
#include "math/robust.h"

enum { SURGE_HISTORY_MAX = 64, SURGE_SENSORS = 1024, SURGE_SENSOR_NAME = 32, SURGE_NAMED = 64 };
enum { SURGE_HOME = SURGE_NAMED, SURGE_ABROAD, SURGE_SCOPES, SURGE_ALL = 255, SURGE_ROW = 4 };
enum surge_dim { SURGE_COUNTRY, SURGE_PORT, SURGE_AS, SURGE_DIM_COUNT_ };

struct surge_conf {
  struct eng_common common;
  int64_t slot_ns, evaluate_ns;
  int64_t history, min_history, min_sources, exact, max_keys, memory;
  double z, sensor_z, grown, high_z, critical_z, established, complete;
  struct prac_conf_strings dims, ignore, home;
};
extern const struct prac_conf_section surge_conf_section;

#define SURGE_COUNTERS(X)                                                                          \
  X(ROWS, "rows", "rows", "Flow rows counted.", PRAC_COUNTER)                                      \
  X(IGNORED, "ignored", "rows", "Flow rows left out because of their marks.", PRAC_COUNTER)        \
  X(KEYS, "keys", "keys", "Countries, ports and networks followed right now.", PRAC_GAUGE)         \
  X(NO_KEY, "refused_keys", "rows",                                                                \
    "Rows whose country, port or network could not be followed; a rise means: raise max-keys.",    \
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
/* What one slot says of one key. */
struct surge_judged {
  double value, z;
  struct math_usual usual;
  uint8_t scope; /* SURGE_ALL, or the sensor that saw it alone */
};
struct surge_key {
  uint64_t what; /* dim << 32 | country, proto << 16 | port, or AS */
  bool on;       /* a surge goes on */
  bool holds;    /* in this slot */
  bool abroad_on, abroad_holds;
  uint8_t n_rows;
  uint16_t country; /* AS: of a sender in this slot, the last by letters */
  uint16_t *rows;   /* by scope, rising: scope, then its history as hist; NULL: none */
  struct surge_set est, other;
  uint64_t packets, sensors;
  prac_time from, to; /* of the surge */
  prac_time abroad_from, abroad_to;
  double said, abroad_said; /* value last said in this slot; 0: not yet */
  uint32_t *hist;           /* newest first at state.head, as long as state.n_hist */
};
struct surge_slot { /* of the index: beside its key, so that looking costs one line of memory */
  uint64_t what;
  uint32_t at; /* 1 + index into keys; 0: free */
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
  uint64_t home;      /* sensors at home, as bits */
  uint32_t intervals; /* evaluations of this slot in which anybody was heard */
  prac_time slot;     /* start of the running slot; NONE before the first batch */
  uint32_t geo_age;   /* slots since geography data changed under a sensor; large: long ago */
  uint32_t surges;
};

/* keys.c */
struct surge_key *surge_key_touch(struct surge_state *s, uint64_t what);      /* NULL: no room */
struct surge_key *surge_key_find(const struct surge_state *s, uint64_t what); /* NULL: none */
void surge_keys_turn(struct surge_state *s); /* the slot is over: into the history, sets empty */
void surge_key_history(const struct surge_state *s, const struct surge_key *k, double *out);
void surge_keys_done(struct surge_state *s);
void surge_sensors_turn(struct surge_state *s);
struct surge_sensor *surge_sensor_named(struct surge_state *s, const char *name); /* NULL: full */
PRAC_NODISCARD prac_rc surge_key_total(const struct surge_state *s, const struct surge_key *k,
                                       uint64_t *ret);

static inline uint64_t surge_what(enum surge_dim dim, uint32_t value)
{
  return (uint64_t)dim << 32 | value;
}
static inline enum surge_dim surge_dim_of(const struct surge_key *k)
{
  return (enum surge_dim)(k->what >> 32);
}

/* scope.c */
void surge_scopes_turn(struct surge_state *s, struct surge_key *k); /* before the sets go */
size_t surge_row_bytes(const struct surge_state *s);
/* The sensor at which the key is most above its usual there; false: at none by `sensor-z`. */
bool surge_sensor_judged(const struct surge_state *s, const struct surge_key *k,
                         struct surge_judged *j);
/* What sensors that are heard now and count would have heard in slots of the history in which they
 * were away: added to hist, so that their return is none of what they hear. `scopes`: of these
 * sensors, as bits. */
void surge_add_missing(const struct surge_state *s, const struct surge_key *k, uint64_t scopes,
                       double *hist);
/* Above usual abroad, and nothing unusual at home although home would see it. */
bool surge_abroad_judged(const struct surge_state *s, const struct surge_key *k,
                         struct surge_judged *j, struct surge_judged *home);
void surge_rows_save(const struct surge_state *s, const struct surge_key *k, struct prac_wr *w);
PRAC_NODISCARD prac_rc surge_rows_load(struct surge_state *s, struct surge_key *k,
                                       struct prac_rd *r);

/* say.c */
PRAC_NODISCARD prac_rc surge_say(const struct surge_state *s, const struct surge_key *k,
                                 const struct surge_judged *j, const struct eng_env *env,
                                 struct eng_out *out);
PRAC_NODISCARD prac_rc surge_say_abroad(const struct surge_state *s, const struct surge_key *k,
                                        const struct surge_judged *j,
                                        const struct surge_judged *home, const struct eng_env *env,
                                        struct eng_out *out);

/* state.c */
prac_rc surge_save(const void *st, struct prac_wr *w);
prac_rc surge_load(void *st, struct prac_rd *r);
