#include "math/interval.h"

#include <math.h>
#include <stdbool.h>

static const double Z95 = 1.959963984540054;

struct math_interval math_wilson(uint64_t k, uint64_t n)
{
  if (n == 0) return (struct math_interval){0, 1};
  double m = (double)n, p = (double)k / m, z2 = Z95 * Z95;
  double centre = (p + z2 / (2 * m)) / (1 + z2 / m);
  double half = Z95 / (1 + z2 / m) * sqrt(p * (1 - p) / m + z2 / (4 * m * m));
  return (struct math_interval){k == 0 ? 0 : centre - half, k == n ? 1 : centre + half};
}

/* P(X = k) of a Poisson X. */
static double poisson_at(double k, double mean)
{
  int sign;
  return exp(k * log(mean) - mean - lgamma_r(k + 1, &sign));
}

/* P(X <= k), for k below the mean, or P(X >= k) above it: terms fall, so a few of them are all. */
static double poisson_tail(double k, double mean, bool below)
{
  double term = poisson_at(k, mean), sum = term;
  for (double i = k; term > sum * 1e-17; sum += term) {
    if (below && i == 0) break;
    term *= below ? i / mean : mean / (i + 1);
    i += below ? -1 : 1;
  }
  return sum;
}

/* Where the tail is 2.5 %: the tail is monotonous in the mean between k and `to`. */
static double poisson_end(double k, double to, bool upper)
{
  double near = k, far = to;
  for (int i = 0; i < 200 && fabs(far - near) > 1e-12 * (1 + far); i++) {
    double mid = (near + far) / 2;
    if (poisson_tail(k, mid, upper) > 0.025)
      near = mid;
    else
      far = mid;
  }
  return (near + far) / 2;
}

struct math_interval math_poisson(uint64_t k)
{
  double n = (double)k;
  return (struct math_interval){k == 0 ? 0 : poisson_end(n, 0, false),
                                poisson_end(n, n + 10 + 10 * sqrt(n), true)};
}

/* The largest r for which P(fewer than r of n values lie below the median) <= 2.5 %, by summing
 * binomial terms from their logarithms, which do not underflow. */
struct math_interval math_median_interval(const double *sorted, size_t n)
{
  if (n == 0) return (struct math_interval){(double)NAN, (double)NAN};
  double below = 0, log_term = -(double)n * log(2.0);
  size_t r = 0;
  for (; r < n / 2; r++) {
    below += exp(log_term);
    if (below > 0.025) break;
    log_term += log((double)(n - r)) - log((double)(r + 1));
  }
  if (r == 0) r = 1; /* too few values: the outermost */
  return (struct math_interval){sorted[r - 1], sorted[n - r]};
}
