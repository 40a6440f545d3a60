/* Time is an input like any other: everything above gets it through struct prac_clock, so this file
 * is the border where the real one comes in. */
#include "sys/wall.h"

#include <stdbool.h>
#include <sys/timex.h>
#include <time.h>

static prac_time read_clock(clockid_t id)
{
  struct timespec ts;
  if (clock_gettime(id, &ts) != 0) return 0;
  return (prac_time)ts.tv_sec * PRAC_SEC + ts.tv_nsec;
}

static prac_time wall_now(const struct prac_clock *c)
{
  (void)c;
  return read_clock(CLOCK_REALTIME);
}

struct prac_clock sys_wall_clock(void)
{
  return (struct prac_clock){.now = wall_now};
}

int64_t sys_mono_ns(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

static prac_time mono_now(const struct prac_clock *c)
{
  (void)c;
  return sys_mono_ns();
}

struct prac_clock sys_mono_clock(void)
{
  return (struct prac_clock){.now = mono_now};
}

struct sys_clock_state sys_clock_state(void)
{
  struct timex t = {.modes = 0}; /* only asked, nothing set */
  int st = ntp_adjtime(&t);
  if (st < 0 || st == TIME_ERROR || (t.status & STA_UNSYNC)) return (struct sys_clock_state){0};
  return (struct sys_clock_state){true, t.maxerror * (PRAC_MS / 1000)};
}

void sys_sleep_ns(int64_t ns)
{
  struct timespec ts = {.tv_sec = ns / PRAC_SEC, .tv_nsec = ns % PRAC_SEC};
  if (ns > 0) (void)nanosleep(&ts, NULL);
}

enum sys_step sys_steady_take(struct sys_steady *s, prac_time wall, int64_t mono, prac_time *ret)
{
  enum sys_step step = SYS_STEP_NONE;
  bool first = s->last == 0 && s->mono_last == 0;
  /* against where the wall should stand, by its own last reading: a wall that stays an hour behind
   * was set once */
  int64_t off = first ? 0 : (wall - s->wall_last) - (mono - s->mono_last);
  if (off <= -PRAC_SEC) {
    step = SYS_STEP_BACK;
    s->steps_back++;
    if (-off > s->worst_back_ns) s->worst_back_ns = -off;
  } else if (off >= PRAC_SEC) {
    step = SYS_STEP_AHEAD;
    s->steps_ahead++;
  }
  if (step != SYS_STEP_NONE) s->step_ns = off;
  if (first || wall > s->last) s->last = wall;
  s->wall_last = wall;
  s->mono_last = mono;
  *ret = s->last;
  return step;
}
