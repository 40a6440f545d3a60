/* app/role_sensor.h — what playing files and listening live share: one capture core, one bus, the
 * minute up to which everything has been said. */
#pragma once
#include "app/input.h"
#include "app/roles.h"
#include "app/sensor_place.h"
#include "lookup/lookup.h"

enum { SENSOR_FILES_MAX = 256 };
struct sensor_role {
  struct role_env *e;
  struct bus bus;
  struct cap_core *core;
  struct lookup *look;
  struct sensor_place place;
  struct input *in; /* files */
  size_t n, at;
  const struct cap_source *source; /* live */
  void *source_st;
  prac_time said;         /* health says: nothing before this will come */
  prac_time skip;         /* published and safe before this start; PRAC_TIME_NONE */
  prac_time first_minute; /* live: of this start */
  prac_time newest;       /* files: of the packets given to the core */
  struct health counts;   /* not yet said */
  int64_t flushed_at, beat; /* mono: when it last waited for the bus; said how it is */
  uint64_t skipped;
  double speed;
  struct prac_err *err;
};
#define SENSOR_LATENESS_NS (2 * PRAC_SEC)

void sensor_begin(struct sensor_role *s, struct role_env *e); /* of zeros; nothing opened yet */
/* Its place, lookup and capture core, once it is known whether it is live (source). */
PRAC_NODISCARD prac_rc sensor_open_core(struct sensor_role *s, struct prac_err *reterr);
/* The sensor's clock shows `now`: closes the minutes that end before now - lateness. */
PRAC_NODISCARD prac_rc sensor_advance(struct sensor_role *s, prac_time now,
                                      struct prac_err *reterr);
/* Counts since the last call go into the next health record. */
void sensor_count(struct sensor_role *s);
/* Heartbeat: nothing before `at` will come; the minutes before it have been closed. */
PRAC_NODISCARD prac_rc sensor_say(struct sensor_role *s, prac_time at, struct prac_err *reterr);
/* Waits until the bus has all of it, remembers how far that was. */
PRAC_NODISCARD prac_rc sensor_settle(struct sensor_role *s, struct prac_err *reterr);
PRAC_NODISCARD prac_rc sensor_play(struct sensor_role *s, struct prac_err *reterr);
PRAC_NODISCARD prac_rc sensor_listen(struct sensor_role *s, struct prac_err *reterr);
