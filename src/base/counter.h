/* base/counter.h — numbers an operator can watch, declared once: name, unit, sentence.
 *
 * A plug-in or room declares a static table and an array of values of the same length; only its own
 * thread adds. Readers may look at any time (relaxed atomics): a reading may be a moment old, never
 * torn. From the tables come `practice counters`, /metrics (Prometheus text) and the manual.
 */
#pragma once
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

struct prac_counter_def {
  const char *name; /* "flow_evicted": [a-z0-9_]; Prometheus: practice_<room>_<name> */
  const char *unit; /* "packets", "bytes", "1" */
  const char *help; /* one sentence: what it counts, and what a rise means */
  enum { PRAC_COUNTER, PRAC_GAUGE } kind;
};
struct prac_counters {
  const char *room; /* "capture", "engine.surge"; "capture/tokyo": one of several, by name */
  const struct prac_counter_def *defs;
  const _Atomic uint64_t *values;
  size_t n;
};
static inline void prac_count(_Atomic uint64_t *v, uint64_t by)
{
  atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + by,
                        memory_order_relaxed);
}
static inline void prac_gauge(_Atomic uint64_t *v, uint64_t to)
{
  atomic_store_explicit(v, to, memory_order_relaxed);
}
static inline uint64_t prac_counter_get(const _Atomic uint64_t *v)
{
  return atomic_load_explicit(v, memory_order_relaxed);
}

/* Prometheus text format 0.0.4: practice_<room>_<name>[_total]{instance="tokyo"}. Sets of one table
 * and room come together, as the format demands; names are made legal, texts escaped. *ret is
 * malloc'ed and NUL-terminated, owner: caller. */
PRAC_NODISCARD prac_rc prac_counters_prometheus(const struct prac_counters *c, size_t n, char **ret,
                                                size_t *ret_n);
/* "room  name  value unit" lines for people, in columns; `all`: also those that are zero. */
PRAC_NODISCARD prac_rc prac_counters_text(const struct prac_counters *c, size_t n, int all,
                                          char **ret, size_t *ret_n);
/* Why a table is wrong (a name that is no word, no sentence, a name twice), or NULL. */
const char *prac_counters_wrong(const struct prac_counters *c);
