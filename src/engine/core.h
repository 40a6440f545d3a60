/* engine/core.h — runs engines over flow batches: order, slots, findings, saved state.
 *
 * order     batches may come in any order between sensors; each sensor's own are in time order. The
 *           core holds what is ahead until every live sensor has passed (watermark), at most
 *           `hold_max` batches; then the slowest sensor is left behind (counted, its late batches
 *           are counted and dropped from engines, never from the store).
 * live      a sensor that was heard within `silent_ns` of the newest event time
 */
#pragma once
#include "engine/engine.h"

struct eng_core;
typedef prac_rc eng_sink(void *arg, const struct finding *f); /* findings, in (at, engine) order */

struct eng_core_conf {
  unsigned nthreads; /* engines work side by side; output does not depend on it */
  uint64_t seed;
  int64_t silent_ns; /* default 10 min of event time */
  size_t hold_max;   /* default 4096 batches */
  const char *only;  /* comma-separated engine names; NULL: all of eng_list that are enabled */
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
/* State of all engines and of the core's own order at a slot boundary, for a restart. *ret_bytes is
 * malloc'ed. `resume_from`: bus sequence the caller wants back with it. */
PRAC_NODISCARD prac_rc eng_core_save(struct eng_core *c, uint8_t **ret_bytes, size_t *ret_len,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc eng_core_load(struct eng_core *c, const void *data, size_t len,
                                     struct prac_err *reterr);
prac_time eng_core_watermark(const struct eng_core *c); /* PRAC_TIME_NONE before the first batch */
