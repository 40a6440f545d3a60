#include "math/vec.h"

MATH_CLONES double math_dot(const double *a, const double *b, size_t n)
{
  math_v4 s = {0};
  size_t i = 0;
  for (; i + MATH_LANES <= n; i += MATH_LANES) s += MATH_READ(a + i) * MATH_READ(b + i);
  double r = MATH_V4_SUM(s);
  for (; i < n; i++) r += a[i] * b[i];
  return r;
}

MATH_CLONES void math_axpy(double *y, double a, const double *x, size_t n)
{
  size_t i = 0;
  for (; i + MATH_LANES <= n; i += MATH_LANES) MATH_AT(y + i) += a * MATH_READ(x + i);
  for (; i < n; i++) y[i] += a * x[i];
}
