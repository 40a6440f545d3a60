/* portal/warm.h — the day in memory after a restart: minutes and alerts before anybody is answered,
 * rankings by and by, all of it whole once the store has what the portal heard first (warm.c).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"

struct portal;
struct store;
/* Rankings from the store, slot after slot backwards; of the one thread that does it. */
struct portal_warming {
  prac_time now; /* when it began, by the telescopes' clock */
  int64_t began; /* monotonic; 0: not yet */
  int64_t until; /* what is being read now is given up then */
  int slot;      /* the next one */
  int early;     /* so many were read while the store had not all of before */
  bool whole;    /* it has */
  bool caught_up;
  bool minutes; /* they were taken once more */
};
/* At start, on the caller's thread: minutes and alerts. */
prac_rc portal_warm(struct portal *p, struct prac_err *reterr);
/* A slot of rankings, from the thread of one lane. false: that was the last one. *ret_pause: how
 * long to leave the processor to others before the next. */
bool portal_warm_step(struct portal *p, const struct store *s, int64_t *ret_pause);
