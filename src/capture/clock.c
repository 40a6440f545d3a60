/* Times of a file that went back, told as if they had not. */
#include "capture/clock.h"

#include <stdbool.h>

static const int64_t BACK_NS = 30 * PRAC_SEC;

/* By how much the packet would come after the newest; false: it is late, or would be put further
 * than a packet's time may be. */
static bool fits(const struct cap_clock *c, unsigned i, prac_time at, int64_t *ret_after)
{
  prac_time t;
  if (!c->of[i].packets || __builtin_add_overflow(at, c->of[i].behind_ns, &t)) return false;
  if (t != at && t > PRAC_TIME_FAR) return false;
  return !__builtin_sub_overflow(t, c->newest, ret_after) && *ret_after > -BACK_NS;
}

static int64_t distance(int64_t after)
{
  return after < 0 ? -after : after;
}

/* The clock by which the packet comes closest, the last one's when there are two. By another clock
 * than the last packet's it must come at about the newest, or a second stray would go far ahead by
 * the clock of the first. CAP_CLOCKS: none. */
static unsigned closest(const struct cap_clock *c, prac_time at)
{
  unsigned best = CAP_CLOCKS;
  int64_t after, least = BACK_NS;
  if (fits(c, c->now, at, &after)) {
    best = c->now;
    least = distance(after);
  }
  for (unsigned i = 0; i < CAP_CLOCKS && (best == CAP_CLOCKS || least >= BACK_NS); i++) {
    if (!fits(c, i, at, &after) || distance(after) >= least) continue;
    best = i;
    least = distance(after);
  }
  return best;
}

/* A clock by which the packet comes at the newest's time. CAP_CLOCKS: it is late. */
static unsigned another(struct cap_clock *c, prac_time at)
{
  int64_t behind;
  if (at > c->newest || c->backs == CAP_CLOCK_BACKS ||
      __builtin_sub_overflow(c->newest, at, &behind))
    return CAP_CLOCKS;
  unsigned least = 0;
  for (unsigned i = 1; i < CAP_CLOCKS; i++)
    if (c->of[i].packets < c->of[least].packets) least = i;
  c->of[least] = (struct cap_clock_one){.behind_ns = behind};
  c->backs++;
  if (behind > c->most_ns) c->most_ns = behind;
  return least;
}

prac_time cap_clock_tell(struct cap_clock *c, prac_time at)
{
  bool first = c->of[c->now].packets == 0;
  unsigned i = first ? c->now : closest(c, at);
  if (first) c->newest = at;
  if (i == CAP_CLOCKS) i = another(c, at);
  if (i < CAP_CLOCKS) {
    c->now = i;
    c->of[i].packets++;
    c->moved += c->of[i].behind_ns != 0;
    at += c->of[i].behind_ns;
  }
  if (at > c->newest) c->newest = at;
  return at;
}
