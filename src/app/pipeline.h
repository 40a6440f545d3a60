/* app/pipeline.h — the whole chain inside one process: sensors -> flows -> engines -> alerts, and a
 * store beside it. `practice replay` and the scenario tests run on it; `practice run` spreads the
 * same rooms over processes.
 *
 * order     what comes out (findings, alerts, stored batches) depends on the input alone, not on
 *           nthreads nor on how the caller cuts its blocks
 */
#pragma once
#include "alert/alert.h"
#include "capture/core.h"
#include "engine/core.h"
#include "lookup/lookup.h"
#include "store/store.h"

enum { PIPELINE_SENSORS_MAX = 1024 };
/* How far the clocks of sensors in one file may be apart (the Marx sensors of 2013: 22 minutes).
 * Minutes wait so long for the slowest, unless pipeline_advance says that nobody will come. */
#define PIPELINE_SKEW_NS PRAC_HOUR
struct pipeline_conf {
  const struct prac_conf *settings;
  struct lookup *look; /* borrowed; NULL: no geography, no lists */
  struct store *store; /* borrowed; NULL: nothing is kept */
  const char *engines; /* comma-separated; NULL: all that are enabled */
  unsigned nthreads;
  uint64_t seed;
  eng_sink *on_finding; /* NULL: not asked for */
  alert_sink *on_alert;
  void *arg;
};
struct pipeline_totals {
  uint64_t batches, flows, packets, bytes, findings, alerts_opened, alert_revisions;
  prac_time first, last; /* minutes seen; PRAC_TIME_NONE before the first */
};
struct pipeline;
PRAC_NODISCARD prac_rc pipeline_new(const struct pipeline_conf *c, struct pipeline **ret,
                                    struct prac_err *reterr);
void pipeline_free(struct pipeline **pp);
/* The sensor of that name, made when new: name is cleaned to [a-z0-9-]. */
PRAC_NODISCARD prac_rc pipeline_sensor(struct pipeline *p, const char *name, struct cap_core **ret,
                                       struct prac_err *reterr);
PRAC_NODISCARD prac_rc pipeline_frames(struct pipeline *p, struct cap_core *sensor,
                                       const struct cap_frame *f, size_t n,
                                       struct prac_err *reterr);
/* Rows that carry their own sensor, or belong to `sensor` when theirs is NULL. */
PRAC_NODISCARD prac_rc pipeline_seen(struct pipeline *p, struct cap_core *sensor,
                                     const struct cap_seen *s, size_t n, struct prac_err *reterr);
/* A batch made elsewhere (a flow file, a store). Takes a reference of its own. */
PRAC_NODISCARD prac_rc pipeline_batch(struct pipeline *p, struct flow_batch *b,
                                      struct prac_err *reterr);
/* Nothing earlier than t will come from any sensor. */
PRAC_NODISCARD prac_rc pipeline_advance(struct pipeline *p, prac_time t, struct prac_err *reterr);
/* End of input: every minute, slot and alert is closed, the store has committed. */
PRAC_NODISCARD prac_rc pipeline_finish(struct pipeline *p, struct prac_err *reterr);
/* End of this input, but not of time: what the sensors have is with the engines, slots that have
 * begun stay open. Then the engines' state may be saved, and loaded into another pipeline before
 * its first packet: together they say what one would have said. Alerts are not part of it. */
PRAC_NODISCARD prac_rc pipeline_pause(struct pipeline *p, struct prac_err *reterr);
PRAC_NODISCARD prac_rc pipeline_save(struct pipeline *p, uint8_t **ret, size_t *ret_len,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc pipeline_load(struct pipeline *p, const void *data, size_t len,
                                     struct prac_err *reterr);
const struct pipeline_totals *pipeline_totals(const struct pipeline *p);
/* Counter tables of the sensors (one each); returns how many there are. */
size_t pipeline_counters(const struct pipeline *p, struct prac_counters *ret, size_t max);
/* The same of the engines' core and each engine. */
size_t pipeline_engine_counters(const struct pipeline *p, struct prac_counters *ret, size_t max);
