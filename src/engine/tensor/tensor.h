/* engine/tensor/tensor.h — the state of the tensor engine, shared by its files only.
 *
 * Windows overlap, each begun a slot after the other. A sensor's last minutes are kept, and laid
 * out as the window that ends with a slot when the slot is closed.
 */
#pragma once
#include "engine/engine.h"
#include "engine/groups.h"
#include "engine/past.h"
#include "engine/sensors.h"
#include "math/sync.h"

enum { TENSOR_WINDOWS_MAX = 12, TENSOR_RANK_MAX = 16, TENSOR_LEVELS_MAX = 16 };

struct tensor_conf {
  struct eng_common common;
  int64_t slot_ns, window_ns, step_ns;
  int64_t v4_bits, v6_bits;
  bool syn_only, steady, weak;
  int scale;
  struct prac_conf_strings skip, ignore_ports, thresholds;
  int64_t min_count, max_rows, max_cells, max_sensors, max_stories;
  int64_t rank_time, rank_source, rank_port, starts, max_sweeps;
  double complete, tolerance;
  int64_t hosts, high_hosts, high_sensors, quiet_slots;
  double host_pct, dst_pct, z, correlation, support, port_pct, each;
};
enum tensor_scale { TENSOR_LOG, TENSOR_RAW };
extern const struct prac_conf_section tensor_conf_section;

#define TENSOR_COUNTERS(X)                                                                         \
  X(WINDOWS, "windows", "windows", "Windows of a sensor that were judged.", PRAC_COUNTER)          \
  X(INCOMPLETE, "incomplete", "windows",                                                           \
    "Windows not judged because the sensor was not heard in enough of their minutes.",             \
    PRAC_COUNTER)                                                                                  \
  X(SMALL, "small", "windows", "Windows with too few cells to hold a group.", PRAC_COUNTER)        \
  X(REFUSED, "refused_rows", "rows",                                                               \
    "Rows of traffic for which there was no room; a rise means: raise max-rows.", PRAC_COUNTER)    \
  X(CUT, "cut_windows", "windows",                                                                 \
    "Windows of which only the larger cells were taken; a rise means: raise max-cells.",           \
    PRAC_COUNTER)                                                                                  \
  X(NO_SENSOR, "refused_sensors", "batches",                                                       \
    "Batches of a sensor that could not be followed; a rise means: raise max-sensors.",            \
    PRAC_COUNTER)                                                                                  \
  X(UNSETTLED, "unsettled", "windows", "Windows whose components had not settled in max-sweeps.",  \
    PRAC_COUNTER)                                                                                  \
  X(CANDIDATES, "candidates", "ports", "Ports that a component of hosts pointed at.",              \
    PRAC_COUNTER)                                                                                  \
  X(NOT_IN_STEP, "not_in_step", "ports", "Of those, ports whose hosts each went their own way.",   \
    PRAC_COUNTER)                                                                                  \
  X(NO_PORT, "refused_ports", "ports",                                                             \
    "Times that a window had no room for a further port to look at: 256 at most.", PRAC_COUNTER)   \
  X(NO_STORY, "refused_groups", "groups",                                                          \
    "Groups that could not be followed; a rise means: raise max-groups.", PRAC_COUNTER)            \
  X(STORIES, "groups", "ports", "Groups that go on right now.", PRAC_GAUGE)                        \
  X(SENSORS, "sensors", "sensors", "Sensors followed right now.", PRAC_GAUGE)                      \
  X(BYTES, "bytes", "bytes", "Memory of all windows.", PRAC_GAUGE)
enum tensor_counter {
#define X(id, name, unit, help, kind) TENSOR_COUNT_##id,
  TENSOR_COUNTERS(X)
#undef X
      TENSOR_COUNTER_COUNT_
};

struct tensor_state {
  const struct tensor_conf *conf;
  struct eng_sensors sensors; /* of struct eng_past */
  struct eng_traffic_conf traffic;
  struct eng_traffic window;        /* of the sensor that is judged */
  double levels[TENSOR_LEVELS_MAX]; /* fixed thresholds, rising */
  uint32_t n_levels;
  bool otsu;
  uint32_t *ignored; /* ports, rising; owned */
  size_t n_ignored;
  struct eng_groups groups;
};

/* What one sensor's window says about one port. */
struct tensor_group {
  uint32_t port;
  enum eng_port_level level;
  double pct; /* of the component's hosts that sent to the port */
  uint32_t n_hosts;
  const struct prac_ip *hosts; /* prefixes, rising: the group */
  struct eng_port_who who;
  struct math_synced group, port_all; /* the group's rows; all rows at the port */
  double others;                      /* mean correlation of hosts that did not send to the port */
  uint32_t peak, usual;               /* of the group's hosts in a step: most, median */
  uint32_t newest;                    /* of them in the newest slot */
  prac_time peak_at, from, to; /* from and to: of the steps with a tenth of the peak or more */
};
struct tensor_groups {
  struct tensor_group *v; /* by port */
  uint32_t n;
};

/* conf.c: what the settings say in words, read into the state */
PRAC_NODISCARD prac_rc tensor_conf_read(struct tensor_state *s, struct prac_err *reterr);
/* judge.c; the answer is in `work`, too */
PRAC_NODISCARD prac_rc tensor_judge(const struct tensor_state *s, const struct eng_traffic *t,
                                    struct prac_arena *work, const struct eng_env *env,
                                    struct tensor_groups *ret);
/* say.c */
PRAC_NODISCARD prac_rc tensor_claim(struct eng_claims *c, const char *sensor,
                                    const struct tensor_groups *f, struct prac_arena *a);
struct eng_voice tensor_voice(const struct tensor_conf *c);
/* state.c */
prac_rc tensor_save(const void *st, struct prac_wr *w);
prac_rc tensor_load(void *st, struct prac_rd *r);
