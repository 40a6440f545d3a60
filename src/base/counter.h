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

struct prac_counter_def {
  const char *name; /* "flow_evicted": [a-z0-9_]; Prometheus: practice_<room>_<name> */
  const char *unit; /* "packets", "bytes", "1" */
  const char *help; /* one sentence: what it counts, and what a rise means */
  enum { PRAC_COUNTER, PRAC_GAUGE } kind;
};
struct prac_counters {
  const char *room; /* "capture", "engine.surge" */
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
