/* app/stored.h — flows that a store keeps, fed into the pipeline as if they came from sensors now.
 *
 *   struct stored s = {.q = {...}};
 *   PRAC_TRY(stored_open(&s, dir, conf, threads, &err));
 *   rc = stored_play(&s, pipeline, each_minute, arg, &err);   then pipeline_finish
 *   stored_close(&s);
 *
 * The store is opened for reading only, and may be written meanwhile. What the engines say is what
 * they said of the captures, given the same settings and seed; only a batch that came too late for
 * them then is in time now.
 */
#pragma once
#include "app/pipeline.h"

struct stored {
  const char *dir;
  struct store store;
  struct store_batch_query q; /* set by the caller before stored_open; borrowed */
  struct prac_span given;     /* minutes of what the sensors asked for have ever sent */
  struct prac_span minutes;   /* the same within q */
  bool damaged;               /* something could not be read; it has been named on stderr */
  struct prac_log log;
};

/* PRAC_UNKNOWN: no store there, no such sensor, or nothing of that time, in words that say what
 * there is. */
PRAC_NODISCARD prac_rc stored_open(struct stored *s, const char *dir, const struct prac_conf *conf,
                                   unsigned nthreads, struct prac_err *reterr);
/* After every batch; false ends the replay as if nothing more were there. */
typedef bool stored_go_on(void *arg, prac_time minute);
PRAC_NODISCARD prac_rc stored_play(struct stored *s, struct pipeline *p, stored_go_on *go_on,
                                   void *arg, struct prac_err *reterr);
void stored_close(struct stored *s);
