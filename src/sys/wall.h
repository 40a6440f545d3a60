/* sys/wall.h — the live clock: the only place that asks the system for the time.
 *
 * for     live roles; a replay is handed prac_clock_virtual instead
 * steps   the wall may be set backwards by an operator or NTP: sys_steady never goes back within
 *         one run, and says once for each step how far the wall went (below 1 s it is slewing, not
 *         a step)
 */
#pragma once
#include <stdbool.h>

#include "base/clock.h"

struct prac_clock sys_wall_clock(void); /* now() reads CLOCK_REALTIME */
struct prac_clock sys_mono_clock(void); /* now() is sys_mono_ns() */
int64_t sys_mono_ns(void);              /* for waiting only; never written into a record */

/* What the operating system thinks of its clock (ntp_adjtime). False and 0: it may not be asked, or
 * nobody keeps the clock in step. */
struct sys_clock_state {
  bool synced;
  int64_t error_ns; /* the most that it may be wrong by; 0: unknown */
};
struct sys_clock_state sys_clock_state(void);

void sys_sleep_ns(int64_t ns); /* a signal ends it early */

struct sys_steady {
  prac_time last;                 /* what was returned: never goes back */
  prac_time wall_last, mono_last; /* the readings before */
  int64_t step_ns;                /* of the newest step; < 0: back */
  uint64_t steps_back, steps_ahead;
  int64_t worst_back_ns;
};
enum sys_step { SYS_STEP_NONE, SYS_STEP_BACK, SYS_STEP_AHEAD };
/* wall and mono: two readings taken together. *ret: the wall, but never earlier than what was
 * returned before. Pure: the caller reads the clocks. */
enum sys_step sys_steady_take(struct sys_steady *s, prac_time wall, int64_t mono, prac_time *ret);
