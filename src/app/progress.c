/* The wall clock is allowed here: what a person sees moves in their time, and no result depends on
 * it. */
#include "app/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

static int64_t now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * PRAC_SEC + t.tv_nsec;
}

struct progress progress_of(const char *what, const char *unit)
{
  struct progress p = {.what = what, .unit = unit, .on = isatty(STDERR_FILENO) == 1};
  p.start_ns = p.on ? now() : 0;
  p.next_ns = p.start_ns + PRAC_SEC / 2; /* short work shows nothing at all */
  return p;
}

static void bar(char out[21], double part)
{
  int full = (int)(part * 20 + 0.5);
  for (int i = 0; i < 20; i++) out[i] = i < full ? '#' : '.';
  out[20] = '\0';
}

static void rate(char out[32], double per_second)
{
  if (per_second >= 1e6)
    snprintf(out, 32, "%.1f M", per_second / 1e6);
  else if (per_second >= 1e3)
    snprintf(out, 32, "%.1f k", per_second / 1e3);
  else
    snprintf(out, 32, "%.0f ", per_second);
}

void progress_at(struct progress *p, uint64_t done, uint64_t total, uint64_t count)
{
  if (!p->on) return;
  int64_t t = now();
  if (t < p->next_ns) return;
  p->next_ns = t + PRAC_SEC / 10;
  double seconds = (double)(t - p->start_ns) / 1e9;
  char speed[32], drawn[21], left[PRAC_TIME_TEXT] = "";
  rate(speed, (double)count / seconds);
  if (total == 0) {
    fprintf(stderr, "\r%s: %llu %s, %s%s/s\033[K", p->what, (unsigned long long)count, p->unit,
            speed, p->unit);
  } else {
    double part = done < total ? (double)done / (double)total : 1;
    bar(drawn, part);
    if (part > 0.01) prac_duration_text(left, (int64_t)(seconds / part * (1 - part)) * PRAC_SEC);
    fprintf(stderr, "\r%s [%s] %3.0f %%  %s%s/s%s%s%s\033[K", p->what, drawn, part * 100, speed,
            p->unit, left[0] ? ", " : "", left, left[0] ? " left" : "");
  }
  fflush(stderr);
  p->shown = true;
}

void progress_clear(struct progress *p)
{
  if (p->shown) fputs("\r\033[K", stderr);
  p->shown = false;
}

void progress_end(struct progress *p)
{
  progress_clear(p);
  p->on = false;
}
