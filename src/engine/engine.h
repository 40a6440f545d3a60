/* engine/engine.h — what one analysis must supply.
 *
 * The core (engine/core.h) owns threads, slots, memory, restart and the order of input; an engine
 * owns arithmetic. It sees no socket, no file, no clock but the slots', no other engine. Within a
 * slot, batches come in order of (minute, sensor, part); a slot is closed when every live sensor
 * has passed its end. The same input, settings and seed give the same findings, whatever the number
 * of threads: a kernel may hand its pieces to env->par.
 *
 * slots     numbered from 1970; whole minutes. One follows the other; only after ENG_IDLE_SLOTS
 *           without a single batch may the next one lie further on: look at slot.from
 * settings  every engine's struct begins with struct eng_common, its table with ENG_COMMON_ITEMS
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/rng.h"
#include "math/par.h"
#include "model/flow.h"
#include "model/records.h"

enum { ENG_IDLE_SLOTS = 4096 };
/* What the engine that labels says of a row. */
enum eng_label { ENG_LABEL_UNKNOWN, ENG_LABEL_SURVEY, ENG_LABEL_MALWARE, ENG_LABEL_COUNT_ };

/* First member of every engine's settings struct. */
struct eng_common {
  bool enabled;
  int64_t seed;
};
#define ENG_COMMON_ITEMS                                                                           \
  {.key = "enabled",                                                                               \
   .type = PRAC_CONF_BOOL,                                                                         \
   .offset = offsetof(struct eng_common, enabled),                                                 \
   .hi = 1,                                                                                        \
   .dflt = 1,                                                                                      \
   .help = "whether this engine runs"},                                                            \
  {                                                                                                \
    .key = "seed", .type = PRAC_CONF_INT, .offset = offsetof(struct eng_common, seed), .hi = 9e15, \
    .help = "of this engine's randomness; 0: the seed of the whole run"                            \
  }

struct eng_out;
struct eng_env {
  const void *conf;           /* the engine's settings struct */
  struct prac_arena *scratch; /* reset by the core after every close_slot */
  struct prac_rng *rng;       /* reseeded from (seed, slot start): a rerun repeats */
  uint64_t secret;            /* of hash tables; nothing that comes out depends on it */
  _Atomic uint64_t *counters; /* one per row of the engine's counter table */
  const struct math_par *par; /* for kernels: idle threads help; NULL: there are none */
};
struct eng_ops {
  const char *name;    /* "surge": unique; the folder, and the settings section "engine.surge" */
  const char *about;   /* one sentence */
  const char *version; /* rises whenever findings may change */
  size_t state_size;   /* bytes the core gives, zeroed */
  const struct prac_conf_section *conf;
  const struct prac_counter_def *counters;
  size_t n_counters;
  int64_t (*slot_ns)(const void *conf); /* slot length, whole minutes; called once */
  prac_rc (*open)(void *st, const struct eng_env *env, struct prac_err *reterr);
  prac_rc (*feed)(void *st, const struct flow_batch *b, const struct eng_env *env);
  prac_rc (*close_slot)(void *st, struct prac_span slot, const struct eng_env *env,
                        struct eng_out *out, struct prac_err *reterr);
  /* save and load: both, or both NULL (nothing to keep over a restart). Between any two batches:
   * what the open slot has gathered so far is part of the state. Only after open. */
  prac_rc (*save)(const void *st, struct prac_wr *w); /* PRAC_NOSPACE: called again with more */
  prac_rc (*load)(void *st, struct prac_rd *r);       /* the bytes may be damaged: check all */
  void (*close)(void *st);                            /* accepts a half-opened state */
  /* NULL in all engines but one, which the core asks first about every batch, after its feed: an
   * enum eng_label for each row, zero before. Rows labelled SURVEY are not in what the others are
   * fed. It may use what it knows up to this batch, nothing later. */
  prac_rc (*label)(void *st, const struct flow_batch *b, uint8_t *label, const struct eng_env *env);
};
extern const struct eng_ops *const eng_list[];    /* NULL-terminated; engine/registry.c */
const struct eng_ops *eng_find(const char *name); /* NULL: no such engine */

/* Says a finding; at most once per key and state in one slot. From close_slot only. The engine
 * fills key, kind, state, from, to, level, score, value, baseline, unit, country, asn, sensors,
 * ports, hosts, host_count, packets, text, flows; the core fills the rest (id, engine, version,
 * settings, seed, at) and copies everything. */
PRAC_NODISCARD prac_rc eng_say(struct eng_out *out, const struct finding *f);

/* A setting that lists marks, as bits of enum flow_mark. PRAC_RANGE: a word is none; says `key`. */
PRAC_NODISCARD prac_rc eng_marks_read(const struct prac_conf_strings *words, const char *key,
                                      uint32_t *ret, struct prac_err *reterr);
