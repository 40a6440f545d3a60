#include "math/tail.h"

#include <math.h>

enum { TERMS = 100000 };
static const double TINY = 1e-300, DONE = 1e-16;

/* lgamma leaves the sign in a global. */
static double ln_gamma(double x)
{
  int sign = 0;
  return lgamma_r(x, &sign);
}

/* ln(1 - e^l), l <= 0 */
static double ln_rest(double l)
{
  if (l >= 0) return -(double)INFINITY;
  return l > -0.6931471805599453 ? log(-expm1(l)) : log1p(-exp(l));
}

/* ln of x^a e^-x / Gamma(a + 1), without the loss of large terms taken from each other. */
static double ln_front(double a, double x)
{
  if (a < 30) return a * log(x) - x - ln_gamma(a + 1);
  double d = (x - a) / a; /* Stirling: a ln(x/a) - (x - a), and the small rest of ln Gamma */
  double main = d > -0.5 ? a * (log1p(d) - d) : a * log(x / a) - (x - a);
  double rest = 1 / (12 * a) - 1 / (360 * a * a * a) + 1 / (1260 * pow(a, 5));
  return main - 0.5 * log(6.283185307179586 * a) - rest;
}

/* ln P(a, x), good for x < a + 1 */
static double ln_lower_series(double a, double x)
{
  double term = 1, sum = 1;
  for (int n = 1; n < TERMS && term > DONE * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return ln_front(a, x) + log(sum);
}

/* ln Q(a, x), good for x > a + 1 */
static double ln_upper_fraction(double a, double x)
{
  double b = x + 1 - a, c = 1 / TINY, d = 1 / b, h = d;
  for (int n = 1; n < TERMS; n++) {
    double an = -n * (n - a);
    b += 2;
    d = an * d + b;
    d = 1 / (fabs(d) < TINY ? TINY : d);
    c = b + an / c;
    c = fabs(c) < TINY ? TINY : c;
    double step = d * c;
    h *= step;
    if (fabs(step - 1) < DONE * 4) break;
  }
  return ln_front(a, x) + log(a) + log(h);
}

double math_gamma_ln_upper(double a, double x)
{
  if (isnan(a) || isnan(x)) return (double)NAN;
  if (x <= 0) return 0;
  if (a <= 0 || isinf(x)) return -(double)INFINITY;
  return x < a + 1 ? ln_rest(ln_lower_series(a, x)) : ln_upper_fraction(a, x);
}

double math_poisson_ln_upper(uint64_t k, double m)
{
  if (isnan(m)) return m;
  if (k == 0) return 0;
  if (m <= 0) return -(double)INFINITY;
  double a = (double)k;
  return m < a + 1 ? ln_lower_series(a, m) : ln_rest(ln_upper_fraction(a, m));
}

/* The continued fraction of I_x(a, b), modified Lentz. */
static double beta_fraction(double a, double b, double x)
{
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs(d) < TINY ? TINY : d);
  double h = d;
  for (int m = 1; m < TERMS; m++) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + even * d;
    d = 1 / (fabs(d) < TINY ? TINY : d);
    c = 1 + even / c;
    c = fabs(c) < TINY ? TINY : c;
    h *= d * c;
    d = 1 + odd * d;
    d = 1 / (fabs(d) < TINY ? TINY : d);
    c = 1 + odd / c;
    c = fabs(c) < TINY ? TINY : c;
    double step = d * c;
    h *= step;
    if (fabs(step - 1) < DONE * 4) break;
  }
  return h;
}

/* ln I_x(a, b), y = 1 - x given apart so that it is exact when small. */
static double ln_beta(double a, double b, double x, double y)
{
  double front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * log(x) + b * log(y);
  if (x < (a + 1) / (a + b + 2)) return front - log(a) + log(beta_fraction(a, b, x));
  return ln_rest(front - log(b) + log(beta_fraction(b, a, y)));
}

double math_negbin_ln_upper(uint64_t k, double m, double v)
{
  if (isnan(m) || isnan(v)) return (double)NAN;
  if (!(v > m * (1 + 1e-9))) return math_poisson_ln_upper(k, m);
  if (k == 0) return 0;
  if (m <= 0) return -(double)INFINITY;
  double size = m * m / (v - m); /* of NB: P(K = k) ~ q^k, q = (v - m) / v */
  return ln_beta((double)k, size, (v - m) / v, m / v);
}

uint64_t math_count_limit(double m, double v, double ln_p)
{
  if (!(m > 0)) return 0;
  uint64_t lo = 0, hi = (uint64_t)(m < 1e15 ? m : 1e15) + 1; /* P(K > hi) < p in the end */
  while (math_negbin_ln_upper(hi + 1, m, v) >= ln_p && hi < UINT64_C(1) << 60) {
    lo = hi;
    hi *= 2;
  }
  while (lo < hi) {
    uint64_t mid = lo + (hi - lo) / 2;
    if (math_negbin_ln_upper(mid + 1, m, v) < ln_p)
      hi = mid;
    else
      lo = mid + 1;
  }
  return lo;
}
