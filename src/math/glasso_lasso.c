/* One column's problem: a lasso over its active set, by coordinate descent until the signs stand
 * still, then exactly by Cholesky. And the product W beta, where most of the time goes. */
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

enum { MAX_CYCLES = 2000, POLISH = 80, TILE = 1024 }; /* TILE: columns at once, near at hand */
#define DIGITS 1e-6F                                  /* of a coefficient: less is rounding */
typedef float v4f __attribute__((vector_size(16), aligned(4), may_alias));
typedef float v8f __attribute__((vector_size(32), aligned(4), may_alias));
#define READ_W(p) __builtin_convertvector(*(const v4f *)(p), math_v4)
#define READ_8(p) (*(const v8f *)(p))
#define AT_8(p) (*(v8f *)(p))

MATH_CLONES void gl_product(const gl_w *w, size_t ld, const uint32_t *ix, const double *x,
                            uint32_t n, double *y)
{
  memset(y, 0, ld * sizeof *y);
  for (size_t from = 0; from < ld; from += TILE) {
    size_t len = ld - from < TILE ? ld - from : TILE;
    const gl_w *at = w + from;
    double *to = y + from;
    uint32_t a = 0;
    for (; a + 4 <= n; a += 4) {
      const gl_w *p = at + ix[a] * ld, *q = at + ix[a + 1] * ld, *r = at + ix[a + 2] * ld,
                 *s = at + ix[a + 3] * ld;
      float x0 = (float)x[a], x1 = (float)x[a + 1], x2 = (float)x[a + 2], x3 = (float)x[a + 3];
      for (size_t i = 0; i < len; i += GL_LANES) {
        v8f t =
            (x0 * READ_8(p + i) + x1 * READ_8(q + i)) + (x2 * READ_8(r + i) + x3 * READ_8(s + i));
        MATH_AT(to + i) += READ_W(&t);
        MATH_AT(to + i + 4) += READ_W((const float *)&t + 4);
      }
    }
    for (; a < n; a++)
      for (size_t i = 0; i < len; i += MATH_LANES)
        MATH_AT(to + i) += x[a] * READ_W(at + ix[a] * ld + i);
  }
}

MATH_CLONES void gl_product_fast(const gl_w *w, size_t ld, const uint32_t *ix, const float *x,
                                 uint32_t n, float *y)
{
  memset(y, 0, ld * sizeof *y);
  for (size_t from = 0; from < ld; from += TILE) {
    size_t len = ld - from < TILE ? ld - from : TILE;
    const gl_w *at = w + from;
    float *t = y + from;
    uint32_t a = 0;
    for (; a + 4 <= n; a += 4) {
      const gl_w *p = at + ix[a] * ld, *q = at + ix[a + 1] * ld, *r = at + ix[a + 2] * ld,
                 *s = at + ix[a + 3] * ld;
      float x0 = x[a], x1 = x[a + 1], x2 = x[a + 2], x3 = x[a + 3];
      for (size_t i = 0; i < len; i += GL_LANES)
        AT_8(t + i) +=
            (x0 * READ_8(p + i) + x1 * READ_8(q + i)) + (x2 * READ_8(r + i) + x3 * READ_8(s + i));
    }
    for (; a < n; a++)
      for (size_t i = 0; i < len; i += GL_LANES) AT_8(t + i) += x[a] * READ_8(at + ix[a] * ld + i);
  }
}

static inline float soft(float z, float l)
{
  return z > l ? z - l : z < -l ? z + l : 0;
}

/* One round over all coordinates; the largest step's square, times the curvature. Steps far below
 * tol (a square), or the last digits, are not made. */
MATH_CLONES static float cycle(struct gl_work *w, uint32_t n, float tol)
{
  uint32_t wide = gl_wide(n);
  float most = 0;
  for (uint32_t a = 0; a < n; a++) {
    const float *row = w->gram + (size_t)a * wide;
    float c = row[a], to = soft(w->g[a] + c * w->b[a], w->l[a]) * w->inv[a], d = w->b[a] - to;
    float step = d * d * c;
    bool small = !(step > tol * 1e-6F) || fabsf(d) < DIGITS * fabsf(to);
    if (small && (to < 0 || to > 0 || !(w->b[a] < 0 || w->b[a] > 0))) continue;
    w->b[a] = to;
    for (uint32_t i = 0; i < wide; i += GL_LANES) AT_8(w->g + i) += d * READ_8(row + i);
    if (step > most) most = step;
  }
  return most;
}

#define DOT(sum, a, b, from, wide)                                                                 \
  do {                                                                                             \
    v8f dot_ = {0};                                                                                \
    for (uint32_t at_ = (from); at_ < (wide); at_ += GL_LANES)                                     \
      dot_ += READ_8((a) + at_) * READ_8((b) + at_);                                               \
    (sum) =                                                                                        \
        ((dot_[0] + dot_[4]) + (dot_[2] + dot_[6])) + ((dot_[1] + dot_[5]) + (dot_[3] + dot_[7])); \
  } while (0)

/* to -= c row, from lane `from` on */
#define TAKE_OFF(to, c, row)                                                                       \
  for (uint32_t j_ = from; j_ < wide; j_ += GL_LANES) AT_8((to) + j_) -= (c)*READ_8((row) + j_)

/* U' U x = x in place: what stands left of the diagonal in a row's first lanes becomes 0. Rows by
 * two, and four of those above at a time are taken off them. False: not definite. */
MATH_CLONES static bool solve_spd(float *m, uint32_t n, float *x)
{
  uint32_t wide = gl_wide(n);
  for (uint32_t i = 0; i < n; i += 2) {
    float *to = m + (size_t)i * wide, *too = i + 1 < n ? to + wide : m + (size_t)n * wide;
    uint32_t from = i & ~(uint32_t)(GL_LANES - 1), k = 0;
    for (; k + 4 <= i; k += 4) {
      const float *p = m + (size_t)k * wide, *q = p + wide, *r = q + wide, *s = r + wide;
      float c0 = p[i], c1 = q[i], c2 = r[i], c3 = s[i];
      float d0 = p[i + 1], d1 = q[i + 1], d2 = r[i + 1], d3 = s[i + 1];
      for (uint32_t j = from; j < wide; j += GL_LANES) {
        v8f p8 = READ_8(p + j), q8 = READ_8(q + j), r8 = READ_8(r + j), s8 = READ_8(s + j);
        AT_8(to + j) -= (c0 * p8 + c1 * q8) + (c2 * r8 + c3 * s8);
        AT_8(too + j) -= (d0 * p8 + d1 * q8) + (d2 * r8 + d3 * s8);
      }
      x[i] -= (c0 * x[k] + c1 * x[k + 1]) + (c2 * x[k + 2] + c3 * x[k + 3]);
      x[i + 1] -= (d0 * x[k] + d1 * x[k + 1]) + (d2 * x[k + 2] + d3 * x[k + 3]);
    }
    for (; k < i; k++) {
      const float *p = m + (size_t)k * wide;
      TAKE_OFF(to, p[i], p);
      TAKE_OFF(too, p[i + 1], p);
      x[i] -= p[i] * x[k];
      x[i + 1] -= p[i + 1] * x[k];
    }
    for (; k < n && k < i + 2; k++) {
      float *own = k == i ? to : too;
      if (k > i) {
        x[k] -= to[k] * x[i];
        TAKE_OFF(own, to[k], to);
      }
      if (!(own[k] > 0)) return false;
      float c = 1 / sqrtf(own[k]);
      for (uint32_t j = from; j < wide; j += GL_LANES) AT_8(own + j) *= c;
      for (uint32_t j = from; j < k; j++) own[j] = 0;
      own[k] = c; /* the diagonal holds its inverse */
      x[k] *= c;
    }
  }
  for (uint32_t i = n; i-- > 0;) {
    float *row = m + (size_t)i * wide, s, c = row[i];
    row[i] = 0;
    DOT(s, row, x, i & ~(uint32_t)(GL_LANES - 1), wide);
    x[i] = (x[i] - s) * c;
  }
  return true;
}

/* With the signs as they are, the answer is linear. False: a sign would turn. */
static bool polish(struct gl_work *w, uint32_t n)
{
  uint32_t k = 0, from = gl_wide(n);
  for (uint32_t a = 0; a < n; a++)
    if (w->b[a] < 0 || w->b[a] > 0) w->on[k++] = a;
  uint32_t wide = gl_wide(k);
  for (uint32_t i = 0; i < k; i++) {
    const float *row = w->gram + (size_t)w->on[i] * from;
    float *to = w->chol + (size_t)i * wide;
    uint32_t at = i & ~(uint32_t)(GL_LANES - 1);
    if (k == n)
      memcpy(to + at, row + at, (wide - at) * sizeof *to);
    else
      for (uint32_t j = at; j < k; j++) to[j] = row[w->on[j]];
    for (uint32_t j = k; j < wide; j++) to[j] = 0;
    w->x[i] = w->s[w->on[i]] - copysignf(w->l[w->on[i]], w->b[w->on[i]]);
  }
  for (uint32_t i = k; i < wide; i++) w->x[i] = 0;
  if (!solve_spd(w->chol, k, w->x)) return false;
  for (uint32_t i = 0; i < k; i++)
    if (!(w->x[i] * w->b[w->on[i]] > 0)) return false;
  for (uint32_t i = 0; i < k; i++) w->b[w->on[i]] = w->x[i];
  return true;
}
MATH_CLONES static void gradient(struct gl_work *w, uint32_t n)
{
  uint32_t wide = gl_wide(n);
  for (uint32_t a = 0; a < n; a++) {
    const float *row = w->gram + (size_t)a * wide;
    float s;
    DOT(s, row, w->b, 0, wide);
    w->g[a] = w->s[a] - s;
  }
}

void gl_lasso(struct gl_work *w, uint32_t n, double tol)
{
  uint32_t signs = 0;
  float near = (float)(tol * tol);
  for (uint32_t a = n; a < gl_wide(n); a++) w->b[a] = w->g[a] = 0;
  for (uint32_t a = 0; a < n; a++) w->inv[a] = 1 / w->gram[(size_t)a * gl_wide(n) + a];
  while (signs < n && (w->b[signs] < 0 || w->b[signs] > 0)) signs++;
  if (signs == n && n <= POLISH) (void)polish(w, n); /* mostly they stay */
  gradient(w, n);
  for (uint32_t it = 0, next = 1; it < MAX_CYCLES; it++) {
    if (cycle(w, n, near) < near) return;
    if (it < next || n > POLISH) continue;
    next = 2 * next + 1;
    if (polish(w, n)) gradient(w, n);
  }
}

MATH_CLONES double gl_step(const struct gl_work *w, uint32_t n)
{
  uint32_t wide = gl_wide(n);
  double sum = 0;
  for (uint32_t a = 0; a < wide; a++) w->x[a] = a < n ? w->b[a] - w->b0[a] : 0;
  for (uint32_t a = 0; a < n; a++) {
    float s;
    if (!(w->x[a] < 0 || w->x[a] > 0)) continue;
    DOT(s, w->x, w->gram + (size_t)a * wide, 0, wide);
    sum += (double)(w->x[a] * s);
  }
  return sum;
}
