#include "math/interval.h"

#include <math.h>

static const double Z95 = 1.959963984540054;

struct math_interval math_wilson(uint64_t k, uint64_t n)
{
  if (n == 0) return (struct math_interval){0, 1};
  double m = (double)n, p = (double)k / m, z2 = Z95 * Z95;
  double centre = (p + z2 / (2 * m)) / (1 + z2 / m);
  double half = Z95 / (1 + z2 / m) * sqrt(p * (1 - p) / m + z2 / (4 * m * m));
  return (struct math_interval){k == 0 ? 0 : centre - half, k == n ? 1 : centre + half};
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
