#include "math/activity.h"

#include <math.h>

#include "math/tail.h"
#include "math/vec.h"

enum { SWEEPS = 1000 };
static const double TOL = 1e-10;
/* Turns below are rounding; and no usual turn is known better than to a thousandth. */
static const double LEAST_TURN = 1e-9, LEAST_SPREAD = 1e-3;

static double norm(const double *x, size_t n)
{
  return sqrt(math_dot(x, x, n));
}

static void fill(double *x, size_t n, double v)
{
  for (size_t i = 0; i < n; i++) x[i] = v;
}

static double largest_row(const struct math_csr *a)
{
  double most = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    double sum = 0;
    for (uint32_t k = a->first[i]; k < a->first[i + 1]; k++) sum += (double)a->v[k];
    if (sum > most) most = sum;
  }
  return most;
}

/* Square roots of the diagonal; returns the sum of the diagonal. */
static double roots(const struct math_csr *a, double *d)
{
  double trace = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    d[i] = 0;
    for (uint32_t k = a->first[i]; k < a->first[i + 1]; k++)
      if (a->col[k] == i) d[i] = sqrt((double)a->v[k]);
    trace += d[i] * d[i];
  }
  return trace;
}

/* y = (A + shift + join d d') x */
struct product {
  const struct math_csr *a;
  double shift, join;
  const double *d;
};
static void multiply(const struct product *p, const double *x, double *y)
{
  const struct math_csr *a = p->a;
  double joined = p->join > 0 ? p->join * math_dot(p->d, x, a->n) : 0;
  for (uint32_t i = 0; i < a->n; i++) {
    double sum = 0;
    for (uint32_t k = a->first[i]; k < a->first[i + 1]; k++) sum += (double)a->v[k] * x[a->col[k]];
    y[i] = sum + p->shift * x[i] + (joined > 0 ? joined * p->d[i] : 0);
  }
}

/* x becomes y / |y|; returns how far it moved. */
static double take(double *x, const double *y, size_t n, double length)
{
  double moved = 0;
  for (size_t i = 0; i < n; i++) {
    double next = y[i] / length, d = next - x[i];
    moved += d * d;
    x[i] = next;
  }
  return sqrt(moved);
}

void math_activity(const struct math_csr *a, const struct math_power *p, double *x, double *work,
                   struct math_power_info *info)
{
  double tol = p && p->tol > 0 ? p->tol : TOL, row = largest_row(a), *d = work + a->n;
  uint32_t max = p && p->max_sweeps ? p->max_sweeps : SWEEPS;
  struct product m = {.a = a, .shift = row / 4, .d = d};
  struct math_power_info got = {0};
  if (p && p->join > 0) {
    double trace = roots(a, d);
    m.join = trace > 0 ? p->join * row / trace : 0;
  }
  fill(x, a->n, a->n ? 1 / sqrt(a->n) : 0);
  if (!(row > 0)) max = 0;
  for (got.moved = 1; got.sweeps < max && got.moved > tol; got.sweeps++) {
    multiply(&m, x, work);
    double length = norm(work, a->n);
    got.moved = take(x, work, a->n, length);
    got.value = length - m.shift;
  }
  if (max == 0) fill(x, a->n, 0);
  if (info) *info = got;
}

void math_usual_activity(const double *u, size_t n, uint32_t w, double *usual, double *work,
                         struct math_power_info *info)
{
  double *gram = work, *v = gram + (size_t)w * w, *next = v + w, trace = 0;
  struct math_power_info got = {.moved = 1};
  for (uint32_t i = 0; i < w; i++)
    for (uint32_t j = i; j < w; j++)
      gram[i * w + j] = gram[j * w + i] = math_dot(u + i * n, u + j * n, n);
  for (uint32_t i = 0; i < w; i++) trace += gram[i * w + i];
  fill(usual, n, 0);
  fill(v, w, w ? 1 / sqrt(w) : 0);
  for (; trace > 0 && got.sweeps < SWEEPS && got.moved > TOL; got.sweeps++) {
    for (uint32_t i = 0; i < w; i++) next[i] = math_dot(gram + (size_t)i * w, v, w);
    double length = norm(next, w);
    got.value = sqrt(length);
    if (!(length > 0)) break;
    got.moved = take(v, next, w, length);
  }
  for (uint32_t i = 0; trace > 0 && i < w; i++) math_axpy(usual, v[i], u + i * n, n);
  double length = norm(usual, n);
  for (size_t i = 0; length > 0 && i < n; i++) usual[i] /= length;
  if (info) *info = got;
}

double math_vmf_ln_tail(const struct math_vmf *m, double z)
{
  if (!(m->weight > 0)) return 0;
  double m1 = m->m1 / m->weight, var = m->m2 / m->weight - m1 * m1;
  double least = LEAST_SPREAD * m1 > LEAST_TURN ? LEAST_SPREAD * m1 : LEAST_TURN;
  if (!(m1 > LEAST_TURN)) m1 = LEAST_TURN;
  if (!(var > least * least)) var = least * least;
  return math_gamma_ln_upper(m1 * m1 / var, z * m1 / var);
}

void math_vmf_add(struct math_vmf *m, double z, double beta)
{
  m->m1 = (1 - beta) * m->m1 + beta * z;
  m->m2 = (1 - beta) * m->m2 + beta * z * z;
  m->weight = (1 - beta) * m->weight + beta;
}
