/* engine/core.h — runs engines over flow batches: order, slots, findings, saved state.
 *
 * order     batches may come in any order between sensors; each sensor's own are in time order. The
 *           core holds what is ahead until every live sensor has passed (watermark), at most
 *           `hold_max` batches and `hold_rows` rows; then the slowest sensor is left behind
 *           (counted, its late batches are counted and dropped from engines, never from the store).
 * live      a sensor that was heard within `silent_ns` of the newest event time
 * settle    a sensor not heard yet (or again) may still come with a minute the live ones have left;
 *           the core stays `settle_ns` behind the newest event time for it, unless told by
 *           eng_core_advance(c, NULL, t) that nobody will
 * late      a batch whose minute has gone to the engines already: counted, dropped from engines
 * noise     the engine that labels (engine/noise) works first; all others read batches without the
 *           rows it calls survey. It also works, unheard, when `only` does not name it but it is
 *           enabled: an engine alone finds what it finds among the others
 * resume    eng_core_save at any moment, eng_core_load into a new core, feed on: the same findings
 *           as without the break. An engine whose version, settings or seed have changed since
 *           begins anew
 */
#pragma once
#include "engine/engine.h"

struct eng_core;
typedef prac_rc eng_sink(void *arg, const struct finding *f); /* findings, in (at, engine) order */

struct eng_core_conf {
  unsigned nthreads; /* engines work side by side; output does not depend on it */
  uint64_t seed;
  uint64_t secret; /* live: random, so that nobody who sends packets knows what collides; no finding
                      depends on it */
  int64_t silent_ns;  /* 0: 10 min of event time */
  int64_t settle_ns;  /* 0: 1 min; below 0: none */
  size_t hold_max;    /* 0: 4096 batches */
  uint64_t hold_rows; /* in these batches; 0: 32 million, 3.5 GB */
  const char
      *part; /* finding.part: which of several cores, each with sensors of its own. NULL: "" */
  const char *only; /* comma-separated engine names, also such as are not enabled; NULL: all of
                       eng_list that are enabled */
  const struct eng_ops *const *engines; /* NULL: eng_list; tests bring their own */
  int64_t (*clock)(
      void); /* for eng_core_spent: ns that the calling thread has worked; NULL: none */
};
PRAC_NODISCARD prac_rc eng_core_new(const struct eng_core_conf *c, const struct prac_conf *settings,
                                    eng_sink *sink, void *arg, struct eng_core **ret,
                                    struct prac_err *reterr);
void eng_core_free(struct eng_core **cp);
/* Takes a reference of its own. */
PRAC_NODISCARD prac_rc eng_core_feed(struct eng_core *c, struct flow_batch *b,
                                     struct prac_err *reterr);
/* "This sensor has published everything before t." sensor NULL: all of them. */
PRAC_NODISCARD prac_rc eng_core_advance(struct eng_core *c, const char *sensor, prac_time t,
                                        struct prac_err *reterr);
/* End of input: closes every slot that has begun, says what is still held. */
PRAC_NODISCARD prac_rc eng_core_finish(struct eng_core *c, struct prac_err *reterr);
/* State of all engines and of the core's own order, held batches included, for a restart.
 * *ret_bytes is malloc'ed. */
PRAC_NODISCARD prac_rc eng_core_save(struct eng_core *c, uint8_t **ret_bytes, size_t *ret_len,
                                     struct prac_err *reterr);
/* Into a core that was not fed yet. PRAC_DAMAGED, PRAC_UNSUPPORTED: free the core, begin anew. */
PRAC_NODISCARD prac_rc eng_core_load(struct eng_core *c, const void *data, size_t len,
                                     struct prac_err *reterr);
/* One table for the core, then one per engine that is heard; returns how many there are. */
size_t eng_core_counters(const struct eng_core *c, struct prac_counters *ret, size_t max);
/* By the clock that was given, what this engine has cost so far, without what other threads did for
 * it; 0: no clock, or no such engine. Between calls only. */
int64_t eng_core_spent(const struct eng_core *c, const char *engine);
prac_time eng_core_watermark(const struct eng_core *c); /* PRAC_TIME_NONE before the first batch */
