/* Synchrony of hosts against each one's own rhythm, turned at random. */
#include "math/pulse.h"

#include <math.h>
#include <string.h>

/* Of one host: how many steps on, and how often on again d steps later. */
static void add_host(uint64_t m, unsigned steps, double *at, double *cov)
{
  uint64_t all = steps < 64 ? (UINT64_C(1) << steps) - 1 : UINT64_MAX;
  m &= all;
  int on = __builtin_popcountll(m);
  if (on == 0 || on == (int)steps) return;
  for (unsigned t = 0; t < steps; t++) at[t] += (double)(m >> t & 1);
  for (unsigned d = 0; d < steps; d++) {
    uint64_t turned = d ? (m >> d | m << (steps - d)) & all : m;
    /* times steps^2, so that sums stay whole */
    cov[d] += (double)__builtin_popcountll(m & turned) * steps - (double)on * on;
  }
}

/* min over s of -s T + sum -1/2 log(1 - 2 s l): the bound's logarithm. */
static double chernoff(const double *l, unsigned n, double t, double most)
{
  double lo = 0, hi = 0.5 / most;
  for (int i = 0; i < 200; i++) {
    double s = (lo + hi) / 2, slope = -t;
    for (unsigned k = 0; k < n; k++) slope += l[k] / (1 - 2 * s * l[k]);
    (slope < 0 ? (lo = s) : (hi = s));
  }
  double f = -lo * t;
  for (unsigned k = 0; k < n; k++) f -= 0.5 * log1p(-2 * lo * l[k]);
  return f < 0 ? f : 0;
}

/* The circulant's eigenvalues but the first: all steps at once, which turning leaves alone. */
static double weights(const double *cov, unsigned steps, double *l)
{
  double sum = 0;
  for (unsigned k = 1; k < steps; k++) {
    double v = 0;
    for (unsigned d = 0; d < steps; d++)
      v += cov[d] * cos(6.283185307179586 * (double)(k * d % steps) / steps);
    l[k - 1] = v > 0 ? v / ((double)steps * steps) : 0;
    sum += l[k - 1];
  }
  return sum;
}

struct math_pulse math_pulse_of(const uint64_t *mask, size_t n, unsigned steps,
                                const double *profile, double rest)
{
  double at[MATH_PULSE_STEPS] = {0}, cov[MATH_PULSE_STEPS] = {0}, l[MATH_PULSE_STEPS];
  struct math_pulse r = {0};
  if (steps == 0 || steps > MATH_PULSE_STEPS) return r;
  for (size_t i = 0; i < n; i++) add_host(mask[i], steps, at, cov);
  double sum = 0, total = 0, most = 0;
  for (unsigned t = 0; t < steps; t++) {
    sum += at[t];
    total += profile ? profile[t] : 1;
  }
  if (!(sum > 0) || !(total > 0)) return r;
  r.mean = weights(cov, steps, l);
  /* A profile that was counted errs in all steps together by sum^2 / rest. */
  double more = rest > 0 && r.mean > 0 ? 1 + sum * sum / (rest * r.mean) : 1;
  r.mean *= more;
  for (unsigned k = 0; k + 1 < steps; k++) {
    l[k] *= more;
    most = fmax(most, l[k]);
  }
  for (unsigned t = 0; t < steps; t++) {
    double d = at[t] - sum * (profile ? profile[t] : 1) / total;
    r.t += d * d;
  }
  if (!(most > 0)) return r;
  r.lift = r.t / r.mean;
  if (r.t > r.mean) r.log10_p = chernoff(l, steps - 1, r.t, most) / 2.302585092994046;
  return r;
}
