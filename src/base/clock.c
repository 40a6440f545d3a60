#include "base/clock.h"

static prac_time virtual_now(const struct prac_clock *c)
{
  return c->at;
}

struct prac_clock prac_clock_virtual(prac_time at)
{
  return (struct prac_clock){.now = virtual_now, .at = at};
}

void prac_clock_set(struct prac_clock *c, prac_time at)
{
  if (at > c->at) c->at = at;
}
