/* One column's problem: a lasso over its active set, by coordinate descent until the signs stand
 * still, then exactly by Cholesky. And the product W beta, where most of the time goes. */
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

enum { MAX_CYCLES = 2000, POLISH = 80 };
typedef float v4f __attribute__((vector_size(16), aligned(4), may_alias));
typedef float v8f __attribute__((vector_size(32), aligned(4), may_alias));
#define READ_W(p) __builtin_convertvector(*(const v4f *)(p), math_v4)
#define READ_8(p) (*(const v8f *)(p))

MATH_CLONES void gl_product(const gl_w *w, uint32_t k, const uint32_t *ix, const double *x,
                            uint32_t n, double *y)
{
  uint32_t a = 0;
  memset(y, 0, k * sizeof *y);
  for (; a + 4 <= n; a += 4) {
    const gl_w *p = w + (size_t)ix[a] * k, *q = w + (size_t)ix[a + 1] * k,
               *r = w + (size_t)ix[a + 2] * k, *s = w + (size_t)ix[a + 3] * k;
    float x0 = (float)x[a], x1 = (float)x[a + 1], x2 = (float)x[a + 2], x3 = (float)x[a + 3];
    uint32_t i = 0;
    for (; i + 8 <= k; i += 8) {
      v8f t = (x0 * READ_8(p + i) + x1 * READ_8(q + i)) + (x2 * READ_8(r + i) + x3 * READ_8(s + i));
      MATH_AT(y + i) += READ_W(&t);
      MATH_AT(y + i + 4) += READ_W((const float *)&t + 4);
    }
    for (; i < k; i++) y[i] += (double)((x0 * p[i] + x1 * q[i]) + (x2 * r[i] + x3 * s[i]));
  }
  for (; a < n; a++) {
    const gl_w *p = w + (size_t)ix[a] * k;
    uint32_t i = 0;
    for (; i + MATH_LANES <= k; i += MATH_LANES) MATH_AT(y + i) += x[a] * READ_W(p + i);
    for (; i < k; i++) y[i] += x[a] * (double)p[i];
  }
}

MATH_CLONES void gl_product_fast(const gl_w *w, uint32_t k, const uint32_t *ix, const double *x,
                                 uint32_t n, float *y)
{
  enum { TILE = 1024 };
  memset(y, 0, k * sizeof *y);
  for (uint32_t from = 0; from < k; from += TILE) {
    uint32_t len = k - from < TILE ? k - from : TILE, a = 0;
    float *t = y + from;
    for (; a + 4 <= n; a += 4) {
      const gl_w *p = w + (size_t)ix[a] * k + from, *q = w + (size_t)ix[a + 1] * k + from,
                 *r = w + (size_t)ix[a + 2] * k + from, *s = w + (size_t)ix[a + 3] * k + from;
      float x0 = (float)x[a], x1 = (float)x[a + 1], x2 = (float)x[a + 2], x3 = (float)x[a + 3];
      uint32_t i = 0;
      for (; i + 8 <= len; i += 8)
        *(v8f *)(t + i) +=
            (x0 * READ_8(p + i) + x1 * READ_8(q + i)) + (x2 * READ_8(r + i) + x3 * READ_8(s + i));
      for (; i < len; i++) t[i] += (x0 * p[i] + x1 * q[i]) + (x2 * r[i] + x3 * s[i]);
    }
    for (; a < n; a++) {
      const gl_w *p = w + (size_t)ix[a] * k + from;
      float x0 = (float)x[a];
      uint32_t i = 0;
      for (; i + 8 <= len; i += 8) *(v8f *)(t + i) += x0 * READ_8(p + i);
      for (; i < len; i++) t[i] += x0 * p[i];
    }
  }
}

static inline double soft(double z, double l)
{
  return z > l ? z - l : z < -l ? z + l : 0;
}

/* One round over all coordinates; the largest step's square, times the curvature. Steps far below
 * tol (a square) are not made. */
MATH_CLONES static double cycle(struct gl_work *w, uint32_t n, double tol)
{
  double most = 0;
  for (uint32_t a = 0; a < n; a++) {
    const double *row = w->gram + (size_t)a * n;
    double c = row[a], to = soft(w->g[a] + c * w->b[a], w->l[a]) / c, d = w->b[a] - to;
    double step = d * d * c;
    if (!(step > tol * 1e-6) && (to < 0 || to > 0 || !(w->b[a] < 0 || w->b[a] > 0))) continue;
    w->b[a] = to;
    uint32_t i = 0;
    for (; i + MATH_LANES <= n; i += MATH_LANES) MATH_AT(w->g + i) += d * MATH_READ(row + i);
    for (; i < n; i++) w->g[i] += d * row[i];
    if (step > most) most = step;
  }
  return most;
}

#define DOT(sum, a, b, n)                                                                          \
  do {                                                                                             \
    math_v4 dot_ = {0};                                                                            \
    uint32_t at_ = 0;                                                                              \
    for (; at_ + MATH_LANES <= (n); at_ += MATH_LANES)                                             \
      dot_ += MATH_READ((a) + at_) * MATH_READ((b) + at_);                                         \
    (sum) = MATH_V4_SUM(dot_);                                                                     \
    for (; at_ < (n); at_++) (sum) += (a)[at_] * (b)[at_];                                         \
  } while (0)

/* U' U x = x: what is written left of the diagonal is not read. Four rows at a time are taken off
 * the next. */
MATH_CLONES bool gl_solve_spd(double *m, uint32_t n, uint32_t wide, double *x)
{
  for (uint32_t i = 0; i < n; i++) {
    double *to = m + (size_t)i * wide;
    uint32_t from = i & ~(uint32_t)(MATH_LANES - 1), k = 0;
    for (; k + 4 <= i; k += 4) {
      const double *p = m + (size_t)k * wide, *q = p + wide, *r = q + wide, *s = r + wide;
      double c0 = p[i], c1 = q[i], c2 = r[i], c3 = s[i];
      for (uint32_t j = from; j < n; j += MATH_LANES)
        MATH_AT(to + j) -= (c0 * MATH_READ(p + j) + c1 * MATH_READ(q + j)) +
                           (c2 * MATH_READ(r + j) + c3 * MATH_READ(s + j));
      x[i] -= (c0 * x[k] + c1 * x[k + 1]) + (c2 * x[k + 2] + c3 * x[k + 3]);
    }
    for (; k < i; k++) {
      const double *p = m + (size_t)k * wide;
      double c = p[i];
      for (uint32_t j = from; j < n; j += MATH_LANES) MATH_AT(to + j) -= c * MATH_READ(p + j);
      x[i] -= c * x[k];
    }
    if (!(to[i] > 0)) return false;
    double c = 1 / sqrt(to[i]);
    for (uint32_t j = from; j < n; j += MATH_LANES) MATH_AT(to + j) *= c;
    to[i] = c; /* the diagonal holds its inverse */
    x[i] *= c;
  }
  for (uint32_t i = n; i-- > 0;) {
    const double *row = m + (size_t)i * wide;
    double s;
    DOT(s, row + i + 1, x + i + 1, n - i - 1);
    x[i] = (x[i] - s) * row[i];
  }
  return true;
}

/* With the signs as they are, the answer is linear. False: a sign would turn. */
static bool polish(struct gl_work *w, uint32_t n)
{
  uint32_t k = 0;
  for (uint32_t a = 0; a < n; a++)
    if (w->b[a] < 0 || w->b[a] > 0) w->on[k++] = a;
  uint32_t wide = (k + MATH_LANES - 1) & ~(uint32_t)(MATH_LANES - 1);
  for (uint32_t i = 0; i < k; i++) {
    const double *row = w->gram + (size_t)w->on[i] * n;
    double *to = w->chol + (size_t)i * wide;
    if (k == n)
      memcpy(to + i, row + i, (k - i) * sizeof *to);
    else
      for (uint32_t j = i; j < k; j++) to[j] = row[w->on[j]];
    for (uint32_t j = k; j < wide; j++) to[j] = 0;
    w->x[i] = w->s[w->on[i]] - copysign(w->l[w->on[i]], w->b[w->on[i]]);
  }
  if (!gl_solve_spd(w->chol, k, wide, w->x)) return false;
  for (uint32_t i = 0; i < k; i++)
    if (!(w->x[i] * w->b[w->on[i]] > 0)) return false;
  for (uint32_t i = 0; i < k; i++) w->b[w->on[i]] = w->x[i];
  return true;
}
MATH_CLONES static void gradient(struct gl_work *w, uint32_t n)
{
  for (uint32_t a = 0; a < n; a++) {
    const double *row = w->gram + (size_t)a * n;
    double s;
    DOT(s, row, w->b, n);
    w->g[a] = w->s[a] - s;
  }
}

void gl_lasso(struct gl_work *w, uint32_t n, double tol)
{
  uint32_t signs = 0;
  while (signs < n && (w->b[signs] < 0 || w->b[signs] > 0)) signs++;
  if (signs == n && n <= POLISH) (void)polish(w, n); /* mostly they stay */
  gradient(w, n);
  for (uint32_t it = 0, next = 1; it < MAX_CYCLES; it++) {
    if (cycle(w, n, tol * tol) < tol * tol) return;
    if (it < next || n > POLISH) continue;
    next = 2 * next + 1;
    if (polish(w, n)) gradient(w, n);
  }
}

double gl_step(const struct gl_work *w, uint32_t n)
{
  double sum = 0;
  for (uint32_t a = 0; a < n; a++) w->x[a] = w->b[a] - w->b0[a];
  for (uint32_t a = 0; a < n; a++)
    if (w->x[a] < 0 || w->x[a] > 0) sum += w->x[a] * math_dot(w->x, w->gram + (size_t)a * n, n);
  return sum;
}
