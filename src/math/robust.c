/* Selection by partition (Hoare's FIND) around the middle element: samples here are a few dozen
 * values, often sorted or all the same, and neither may cost O(n^2). */
#include "math/robust.h"

#include <math.h>

static void swap(double *a, double *b)
{
  double t = *a;
  *a = *b;
  *b = t;
}

/* The value that stands at k in rising order; none before it ends up larger. */
static double pick(double *v, size_t n, size_t k)
{
  ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1, at = (ptrdiff_t)k;
  while (lo < hi) {
    double pivot = v[lo + (hi - lo) / 2];
    ptrdiff_t i = lo, j = hi;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i > j) break;
      swap(&v[i++], &v[j--]);
    }
    if (at > j && at < i) break; /* equal to the pivot */
    if (at <= j)
      hi = j;
    else
      lo = i;
  }
  return v[at];
}

static int has_nan(const double *v, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (isnan(v[i])) return 1;
  return 0;
}

double math_himedian(double *v, size_t n)
{
  if (n == 0 || has_nan(v, n)) return (double)NAN;
  return pick(v, n, n / 2);
}

double math_median(double *v, size_t n)
{
  double high = math_himedian(v, n);
  if (n % 2 == 1 || isnan(high)) return high;
  double low = v[0];
  for (size_t i = 1; i < n / 2; i++) low = v[i] > low ? v[i] : low;
  return low + (high - low) / 2;
}

struct math_usual math_usual_of(const double *v, size_t n, double *work)
{
  for (size_t i = 0; i < n; i++) work[i] = v[i];
  double median = math_himedian(work, n);
  for (size_t i = 0; i < n; i++) work[i] = fabs(v[i] - median);
  return (struct math_usual){median, math_himedian(work, n)};
}

double math_robust_z(double x, struct math_usual u, double floor)
{
  return (x - u.median) / (1.4826 * u.mad + floor);
}
