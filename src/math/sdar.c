/* The Toeplitz systems are tiny and often singular (a flat series): eigenvalues by Jacobi's
 * rotations give the pseudo-inverse without a case of its own for each rank. */
#include "math/sdar.h"

#include <math.h>
#include <string.h>

enum { N = MATH_SDAR_ORDER, SWEEPS = 30 };
static const double TWO_PI = 6.283185307179586;
static const double SQRT_EPS = 1.4901161193847656e-8;

/* Makes a[p][q] zero; v collects the rotations. */
static void rotate(double a[N][N], double v[N][N], uint32_t n, uint32_t p, uint32_t q)
{
  double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
  double c = 1 / sqrt(t * t + 1), s = t * c;
  for (uint32_t i = 0; i < n; i++) {
    double x = a[i][p], y = a[i][q];
    a[i][p] = c * x - s * y;
    a[i][q] = s * x + c * y;
  }
  for (uint32_t i = 0; i < n; i++) {
    double x = a[p][i], y = a[q][i];
    a[p][i] = c * x - s * y;
    a[q][i] = s * x + c * y;
    x = v[i][p];
    y = v[i][q];
    v[i][p] = c * x - s * y;
    v[i][q] = s * x + c * y;
  }
}

static void eigen(double a[N][N], double v[N][N], uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < n; j++) v[i][j] = i == j;
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double off = 0, on = 0;
    for (uint32_t i = 0; i < n; i++)
      for (uint32_t j = 0; j < n; j++) *(i == j ? &on : &off) += fabs(a[i][j]);
    if (!(off > 1e-17 * on)) return;
    for (uint32_t p = 0; p + 1 < n; p++)
      for (uint32_t q = p + 1; q < n; q++)
        if (fabs(a[p][q]) > 0) rotate(a, v, n, p, q);
  }
}

/* w = pinv(toeplitz(c[0..n-1])) c[1..n] */
static void coefficients(const double *c, uint32_t n, double *w)
{
  double a[N][N], v[N][N], most = 0;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < n; j++) a[i][j] = c[i < j ? j - i : i - j];
  eigen(a, v, n);
  for (uint32_t i = 0; i < n; i++) {
    w[i] = 0;
    if (fabs(a[i][i]) > most) most = fabs(a[i][i]);
  }
  for (uint32_t k = 0; k < n; k++) {
    if (!(fabs(a[k][k]) > SQRT_EPS * most)) continue;
    double dot = 0;
    for (uint32_t i = 0; i < n; i++) dot += v[i][k] * c[i + 1];
    for (uint32_t i = 0; i < n; i++) w[i] += v[i][k] * (dot / a[k][k]);
  }
}

/* state: seen, mean, variance, c[0..order], x[0..order-1] newest first */
size_t math_sdar_doubles(uint32_t order)
{
  return 4 + 2 * (size_t)order;
}

double math_sdar_step(double *st, uint32_t order, double r, double x)
{
  double *seen = &st[0], *mu = &st[1], *var = &st[2], *c = &st[3], *past = c + order + 1;
  double loss = 0, w[N];
  if (*seen >= order) {
    *mu = (1 - r) * *mu + r * x;
    c[0] = (1 - r) * c[0] + r * (x - *mu) * (x - *mu);
    for (uint32_t j = 1; j <= order; j++)
      c[j] = (1 - r) * c[j] + r * (x - *mu) * (past[j - 1] - *mu);
    coefficients(c, order, w);
    double hat = *mu;
    for (uint32_t j = 0; j < order; j++) hat += w[j] * (past[j] - *mu);
    double e = (x - hat) * (x - hat);
    *var = (1 - r) * *var + r * e;
    double s = *var > MATH_SDAR_FLOOR ? *var : MATH_SDAR_FLOOR;
    loss = 0.5 * (log(TWO_PI * s) + e / s);
  } else {
    *seen += 1;
  }
  memmove(past + 1, past, (order - 1) * sizeof *past);
  past[0] = x;
  return loss;
}

/* A ring: how many, where the next goes, values. */
static double smooth(double *ring, uint32_t t, double x)
{
  uint32_t n = (uint32_t)ring[0], at = (uint32_t)ring[1];
  ring[2 + at] = x;
  ring[1] = (at + 1) % t;
  if (n < t) ring[0] = ++n;
  double sum = 0;
  for (uint32_t i = 0; i < n; i++) sum += ring[2 + (at + t - i) % t];
  return sum / n;
}

size_t math_change_doubles(const struct math_change_conf *c)
{
  return 1 + 2 * math_sdar_doubles(c->order) + 2 + c->t1 + 2 + c->t2;
}

double math_change_step(double *st, const struct math_change_conf *c, double x)
{
  double *last = st, *one = st + 1, *two = one + math_sdar_doubles(c->order);
  double *ring1 = two + math_sdar_doubles(c->order), *ring2 = ring1 + 2 + c->t1;
  if (!isfinite(x) || fabs(x) > 1e100) x = *last;
  *last = x;
  double y = smooth(ring1, c->t1, math_sdar_step(one, c->order, c->r, x));
  return smooth(ring2, c->t2, math_sdar_step(two, c->order, c->r, y));
}

static int counts(const double *v, uint32_t max)
{
  return *v >= 0 && *v <= max && !(floor(*v) < *v);
}

int math_change_valid(const double *st, const struct math_change_conf *c)
{
  size_t n = math_change_doubles(c), each = math_sdar_doubles(c->order);
  for (size_t i = 0; i < n; i++)
    if (!isfinite(st[i])) return 0;
  const double *one = st + 1, *two = one + each, *ring1 = two + each, *ring2 = ring1 + 2 + c->t1;
  return counts(&one[0], c->order) && counts(&two[0], c->order) && one[2] >= 0 && two[2] >= 0 &&
         counts(&ring1[0], c->t1) && counts(&ring1[1], c->t1 - 1) && counts(&ring2[0], c->t2) &&
         counts(&ring2[1], c->t2 - 1);
}
