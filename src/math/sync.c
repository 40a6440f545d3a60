/* A row is centred and scaled without writing it out: of its mean only the sum over rows is kept,
 * and no frequency but 0 sees it. */
#include "math/sync.h"

#include <math.h>
#include <string.h>

static const double FLAT = 1e-12, FULL_TURN = 6.283185307179586;
enum { STEPS_MIN = 4 };

size_t math_sync_work(size_t steps)
{
  return 3 * steps + 4 * (steps / 2 + 1);
}

void math_sync_init(struct math_sync *s, size_t steps, double *work)
{
  size_t waves = steps / 2, n = waves + 1;
  memset(work, 0, math_sync_work(steps) * sizeof *work);
  *s = (struct math_sync){.steps = steps,
                          .waves = waves,
                          .sum = work,
                          .cosine = work + steps,
                          .sine = work + 2 * steps,
                          .power = work + 3 * steps};
  s->square = s->power + n;
  s->re = s->square + n;
  s->im = s->re + n;
  for (size_t t = 0; t < steps; t++) {
    s->cosine[t] = cos(FULL_TURN * (double)t / (double)steps);
    s->sine[t] = sin(FULL_TURN * (double)t / (double)steps);
  }
}

static void spectrum(struct math_sync *s, const uint32_t *at, const double *v, size_t n, double by)
{
  for (size_t f = 1; f <= s->waves; f++) s->re[f] = s->im[f] = 0;
  for (size_t i = 0; i < n; i++) {
    size_t where = 0;
    for (size_t f = 1; f <= s->waves; f++) {
      where += at[i];
      if (where >= s->steps) where -= s->steps;
      s->re[f] += v[i] * s->cosine[where];
      s->im[f] += v[i] * s->sine[where];
    }
  }
  for (size_t f = 1; f <= s->waves; f++) {
    double p = (s->re[f] * s->re[f] + s->im[f] * s->im[f]) * by * by / (double)s->steps;
    s->power[f] += p;
    s->square[f] += p * p;
  }
}

void math_sync_add(struct math_sync *s, const uint32_t *at, const double *v, size_t n)
{
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) {
    if (at[i] >= s->steps) return;
    sum += v[i];
    squares += v[i] * v[i];
  }
  double norm2 = squares - sum * sum / (double)s->steps;
  if (!isfinite(squares)) return;
  if (!(norm2 > FLAT * squares)) {
    s->steady++;
    return;
  }
  double by = 1 / sqrt(norm2);
  for (size_t i = 0; i < n; i++) s->sum[at[i]] += v[i] * by;
  s->offset += sum * by / (double)s->steps;
  spectrum(s, at, v, n, by);
  s->rows++;
}

void math_sync_profile(const struct math_sync *s, double *ret)
{
  double n = s->rows ? (double)s->rows : 1;
  for (size_t t = 0; t < s->steps; t++) ret[t] = (s->sum[t] - s->offset) / n;
}

struct math_synced math_sync_said(const struct math_sync *s, const double *common)
{
  struct math_synced r = {.rows = s->rows, .steady = s->steady};
  double n = (double)s->rows, d = 0, shared = 0, variance = 0;
  if (s->rows < 2 || s->steps < STEPS_MIN) return r;
  for (size_t t = 0; t < s->steps; t++) {
    double own = s->sum[t] - s->offset;
    d += own * own;
    if (common) shared += own * common[t];
  }
  d -= shared * shared;
  for (size_t f = 1; f <= s->waves; f++) { /* f and steps - f are alike */
    double both = 2 * f == s->steps ? 1 : 2;
    variance += 2 * both * (s->power[f] * s->power[f] - s->square[f]);
  }
  r.mean = (d - n) / (n * (n - 1));
  r.z = variance > 0 ? (d - n) / sqrt(variance) : 0;
  return r;
}
