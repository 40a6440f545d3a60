/* base/clock.h — where "now" comes from: the wall in a live role, the records in a replay.
 * A room never asks the system; it is handed one of these. sys/wall.h makes the live one. */
#pragma once
#include "base/time.h"

struct prac_clock {
  prac_time (*now)(const struct prac_clock *c); /* UTC */
  prac_time at;                                 /* the virtual clock's reading */
};
static inline prac_time prac_now(const struct prac_clock *c)
{
  return c->now(c);
}
/* A clock that stands still until prac_clock_set moves it. */
struct prac_clock prac_clock_virtual(prac_time at);
void prac_clock_set(struct prac_clock *c, prac_time at); /* never backwards: earlier is ignored */
