/* capture/clock.h — the clock of a capture file: one that was set back goes on from where it was.
 *
 * why       minutes are told in order and once. Packets whose time lies before what was told would
 *           all be late, in one step of one minute, and look like one crowd
 * rule      a packet 30 s or more before the newest has another clock: one that stands so far
 *           behind that this packet comes at the newest's time. A packet belongs to the clock by
 *           which it comes closest to the newest and is not late. So what was set back goes on,
 *           what is set right again is right, two clocks in one file (merged badly) go side by
 *           side, and a stray packet of the past moves nothing but itself; one far ahead takes
 *           those behind it along
 * time      never before the file's own; later by at most the sum of all steps back, and by that
 *           never past PRAC_TIME_FAR
 * limits    4 clocks at once, of more the one with most packets stays; 64 steps back a file, then
 *           its order is not one: packets stay late, for capture/core.h to count
 * cost      a comparison a packet; threads: one at a time
 * checked   tests/unit/test_cap_clock.c, tests/integration/t_clock_back.py
 */
#pragma once
#include <stdint.h>

#include "base/time.h"

enum { CAP_CLOCKS = 4, CAP_CLOCK_BACKS = 64 };
struct cap_clock { /* all zero bytes: nothing told yet */
  struct cap_clock_one {
    int64_t behind_ns; /* added to its packets' times */
    uint64_t packets;  /* 0: a free place */
  } of[CAP_CLOCKS];
  unsigned now; /* the one that the last packet belonged to */
  prac_time newest;
  uint64_t backs;  /* steps back */
  uint64_t moved;  /* packets that were given another time than the file's */
  int64_t most_ns; /* the most that was added */
};
/* The time of the next packet, which the file says is at `at`. */
prac_time cap_clock_tell(struct cap_clock *c, prac_time at);
