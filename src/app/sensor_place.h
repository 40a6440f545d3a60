/* app/sensor_place.h — how far a sensor has published, in a file that is opened before the rights
 * are dropped: two slots, written in turn, each with its checksum. */
#pragma once
#include "base/err.h"
#include "base/time.h"

struct sensor_place {
  int fd;         /* -1: not kept */
  prac_time safe; /* everything before is on the bus's disk (live: has been given to the bus);
                     PRAC_TIME_NONE: nothing */
  uint64_t starts;
  uint64_t gen;
};
PRAC_NODISCARD prac_rc sensor_place_open(struct sensor_place *p, const char *path,
                                         struct prac_err *reterr);
/* Written, not synced: after a power loss a little is published again, under the same ids. */
PRAC_NODISCARD prac_rc sensor_place_keep(struct sensor_place *p, prac_time safe,
                                         struct prac_err *reterr);
void sensor_place_close(struct sensor_place *p);
