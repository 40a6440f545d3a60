/* engine/core_int.h — what the files of the core share; nobody else includes it. */
#pragma once
#include "base/arena.h"
#include "engine/core.h"

/* What one engine says in one release, in the order said. */
struct eng_out {
  struct prac_arena *mem;
  struct finding *v;
  size_t n, cap;
  const struct eng_run *run;
  struct prac_span slot;
};

/* One engine at work. Only one thread touches it at a time. */
struct eng_run {
  const struct eng_ops *ops;
  void *st;
  bool opened;
  struct eng_env env;
  struct prac_rng rng;
  uint64_t seed, settings;
  const char *part;
  int64_t slot_ns;
  prac_time slot_from; /* the open slot; PRAC_TIME_NONE before the first batch */
  prac_time busy_from; /* the last slot that had a batch */
  struct eng_out out;
  bool unheard;       /* what it says is dropped */
  size_t state_bytes; /* of its state when last saved */
  int64_t (*clock)(void);
  int64_t spent_ns;
  prac_rc rc;
  struct prac_err err;
};

/* The slice of held batches that goes to every engine at once, and how far slots may close. */
struct eng_work {
  struct flow_batch *const *batches;
  size_t n;
  prac_time until;
  bool all;              /* end of input: the open slot too */
  struct eng_view *view; /* of the engine that labels: filled; of the others: NULL */
};

/* What the engine that labels leaves to the others: one batch for each held one. */
struct eng_view {
  struct flow_batch **batches;
  size_t n, cap;
  uint8_t *label; /* of the rows of one batch */
  size_t cap_label;
  uint64_t rows[ENG_LABEL_COUNT_]; /* by label, in this slice */
};

enum { ENG_SENSOR_NAME = 32, ENG_SENSORS_MAX = 4096 };
struct eng_sensor {
  char name[ENG_SENSOR_NAME];
  prac_time clock; /* it will send nothing before */
  bool left;       /* left behind by the hold limit until it catches up */
};

#define ENG_CORE_COUNTERS(X)                                                                       \
  X(BATCHES, "batches", "batches", "Flow batches that reached the engines.")                       \
  X(ROWS, "rows", "rows", "Flow rows that reached the engines.")                                   \
  X(LATE, "late_batches", "batches",                                                               \
    "Batches that came after their minute had gone to the engines; a rise means a sensor lags.")   \
  X(LEFT, "left_behind", "sensors",                                                                \
    "Times that a sensor was left behind because too much was held for it.")                       \
  X(REFUSED, "refused_sensors", "batches",                                                         \
    "Batches from more different sensors than the core can follow.")                               \
  X(SURVEY, "survey_rows", "rows",                                                                 \
    "Flow rows of survey scanners, kept from all engines but noise.")                              \
  X(MALWARE, "malware_rows", "rows",                                                               \
    "Flow rows of hosts that look like malware; engines see them.")                                \
  X(FINDINGS, "findings", "findings", "Findings handed on.")                                       \
  X(FRESH, "states_not_taken", "engines",                                                          \
    "Engines that began anew at a restart because version, settings or seed had changed.")         \
  X(HELD, "held", "batches", "Batches waiting for slower sensors right now.")
enum eng_core_counter {
#define X(id, name, unit, help) ENG_CORE_##id,
  ENG_CORE_COUNTERS(X)
#undef X
      ENG_CORE_COUNTER_COUNT_
};

struct eng_pool;
struct eng_core {
  struct eng_core_conf conf;
  struct prac_conf *own; /* defaults, when the caller's settings lack a section */
  eng_sink *sink;
  void *sink_arg;
  struct eng_run *runs;
  size_t n_runs;
  struct eng_run *labels; /* the run that labels; NULL: none */
  struct eng_view view;
  struct eng_pool *pool; /* NULL: one thread */
  struct math_par par;   /* over the pool */
  struct eng_sensor *sensors;
  size_t n_sensors, cap_sensors;
  struct flow_batch **held; /* sorted by (minute, sensor, part) */
  size_t n_held, cap_held;
  uint64_t held_rows;
  prac_time newest;   /* highest sensor clock */
  prac_time floor;    /* told by advance(NULL, t) */
  prac_time released; /* minutes before this have gone to the engines */
  _Atomic uint64_t counters[ENG_CORE_COUNTER_COUNT_];
};

/* core_run.c */
prac_rc eng_run_init(struct eng_run *r, const struct eng_ops *ops, const void *conf,
                     struct prac_err *reterr);
prac_rc eng_run_open(struct eng_run *r, struct prac_err *reterr);
void eng_run_done(struct eng_run *r);
void eng_run_work(struct eng_run *r,
                  const struct eng_work *w); /* result in r->rc, r->err, r->out */
void eng_out_reset(struct eng_out *o);

/* core_view.c */
prac_rc eng_view_add(struct eng_view *v, const struct eng_run *r, struct flow_batch *b);
void eng_view_clear(struct eng_view *v);
void eng_view_done(struct eng_view *v);

/* core_pool.c */
struct eng_pool *eng_pool_new(unsigned threads); /* beside the caller's own; NULL: out of memory */
void eng_pool_free(struct eng_pool **pp);
/* As struct math_par's run: every item once, also from within an item; returns when all are done.
 */
void eng_pool_run(void *pool, size_t items, void (*item)(void *ctx, size_t i), void *ctx);

/* core.c */
struct eng_sensor *eng_core_sensor(struct eng_core *c, const char *name); /* NULL: no room */
prac_rc eng_core_hold(struct eng_core *c, struct flow_batch *b);
