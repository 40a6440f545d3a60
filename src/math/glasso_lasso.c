/* One column's problem: a lasso over its active set, by coordinate descent until the signs stand
 * still, then exactly by Cholesky. And the product W beta, where most of the time goes. */
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

enum { MAX_CYCLES = 2000, TILE = 1024 }; /* TILE: columns at once, near at hand */
#define DIGITS 1e-6F                     /* of a coefficient: less is rounding */
typedef float v4f __attribute__((vector_size(16), aligned(4), may_alias));
typedef float v8f __attribute__((vector_size(32), aligned(4), may_alias));
#define READ_W(p) __builtin_convertvector(*(const v4f *)(p), math_v4)
#define READ_8(p) (*(const v8f *)(p))
#define AT_8(p) (*(v8f *)(p))

/* Rows of W to be added up: eight at once, or four, or one, so that y is seldom read and written.
 */
enum { ROWS = 8 };
struct rows {
  const gl_w *at[ROWS];
  float x[ROWS];
};
static inline uint32_t rows_of(uint32_t n)
{
  return n < ROWS / 2 ? 1 : n < ROWS ? ROWS / 2 : ROWS;
}
/* The sum of rows e to e + 3 at i. */
#define FOUR(r, e, i)                                                                              \
  (((r).x[e] * READ_8((r).at[e] + (i)) + (r).x[(e) + 1] * READ_8((r).at[(e) + 1] + (i))) +         \
   ((r).x[(e) + 2] * READ_8((r).at[(e) + 2] + (i)) +                                               \
    (r).x[(e) + 3] * READ_8((r).at[(e) + 3] + (i))))

MATH_CLONES void gl_product(const gl_w *w, size_t ld, const uint32_t *ix, const double *x,
                            uint32_t n, double *y)
{
  for (size_t from = 0; from < ld; from += TILE) {
    size_t len = ld - from < TILE ? ld - from : TILE;
    double *to = y + from;
    memset(to, 0, len * sizeof *to);
    for (uint32_t a = 0, k; a < n; a += k) {
      struct rows r;
      k = rows_of(n - a);
      for (uint32_t e = 0; e < k; e++)
        r.at[e] = w + ix[a + e] * ld + from, r.x[e] = (float)x[a + e];
      for (size_t i = 0; i < len; i += GL_LANES) {
        v8f t = k > 1 ? FOUR(r, 0, i) : r.x[0] * READ_8(r.at[0] + i);
        if (k == ROWS) t += FOUR(r, 4, i);
        MATH_AT(to + i) += READ_W(&t);
        MATH_AT(to + i + 4) += READ_W((const float *)&t + 4);
      }
    }
  }
}

MATH_CLONES void gl_product_fast(const gl_w *w, size_t ld, const uint32_t *ix, const float *x,
                                 uint32_t n, float *y)
{
  for (size_t from = 0; from < ld; from += TILE) {
    size_t len = ld - from < TILE ? ld - from : TILE;
    float *to = y + from;
    memset(to, 0, len * sizeof *to);
    for (uint32_t a = 0, k; a < n; a += k) {
      struct rows r;
      k = rows_of(n - a);
      for (uint32_t e = 0; e < k; e++) r.at[e] = w + ix[a + e] * ld + from, r.x[e] = x[a + e];
      if (k == ROWS)
        for (size_t i = 0; i < len; i += GL_LANES) AT_8(to + i) += FOUR(r, 0, i) + FOUR(r, 4, i);
      else if (k > 1)
        for (size_t i = 0; i < len; i += GL_LANES) AT_8(to + i) += FOUR(r, 0, i);
      else
        for (size_t i = 0; i < len; i += GL_LANES) AT_8(to + i) += r.x[0] * READ_8(r.at[0] + i);
    }
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

/* U' D U = m by rows, four at a time; n is a multiple of that. Columns behind are carried along: a
 * right side becomes that of U. Rows stay D U, inv holds D's inverse, c is room for n. What stands
 * left of the diagonal is neither read for anything nor made. False: not definite. */
MATH_CLONES static bool factor(float *m, uint32_t n, uint32_t wide, float *inv, v4f *c)
{
  for (uint32_t i = 0; i < n; i += 4) {
    float *p = m + (size_t)i * wide, *q = p + wide, *r = q + wide, *s = r + wide;
    uint32_t from = i & ~(uint32_t)(GL_LANES - 1);
    const float *above = m + i;
    for (uint32_t k = 0; k < i; k++, above += wide) c[k] = inv[k] * *(const v4f *)above;
    for (uint32_t j = from; j < wide; j += GL_LANES) {
      v8f p8 = READ_8(p + j), q8 = READ_8(q + j), r8 = READ_8(r + j), s8 = READ_8(s + j);
      const float *at = m + j;
      for (uint32_t k = 0; k < i; k++, at += wide) {
        v8f row = READ_8(at);
        p8 -= c[k][0] * row;
        q8 -= c[k][1] * row;
        r8 -= c[k][2] * row;
        s8 -= c[k][3] * row;
      }
      AT_8(p + j) = p8, AT_8(q + j) = q8, AT_8(r + j) = r8, AT_8(s + j) = s8;
    }
    for (uint32_t e = i; e < i + 4; e++) {
      const float *own = m + (size_t)e * wide;
      if (!(own[e] > 0)) return false;
      inv[e] = 1 / own[e];
      for (uint32_t k = e + 1; k < i + 4; k++) {
        float *to = m + (size_t)k * wide, x = inv[e] * own[k];
        for (uint32_t j = from; j < wide; j += GL_LANES) AT_8(to + j) -= x * READ_8(own + j);
      }
    }
  }
  return true;
}

/* D U x = the column of m behind its n rows; x is 0 from n on, to the end of a row. */
MATH_CLONES static void back(const float *m, uint32_t n, uint32_t wide, const float *inv, float *x)
{
  for (uint32_t i = n; i-- > 0;) {
    const float *row = m + (size_t)i * wide;
    uint32_t end = (i | (GL_LANES - 1)) + 1;
    float sum;
    DOT(sum, row, x, end, wide);
    sum = row[n] - sum;
    for (uint32_t j = end < n ? end : n; --j > i;) sum -= row[j] * x[j];
    x[i] = sum * inv[i];
  }
}

/* With the signs as they are, the answer is linear: rows of those not zero, filled up with rows of
 * the unit matrix, and the right side behind them. False: a sign would turn. */
static bool polish(struct gl_work *w, uint32_t n)
{
  uint32_t k = 0, from = gl_wide(n);
  for (uint32_t a = 0; a < n; a++)
    if (w->b[a] < 0 || w->b[a] > 0) w->on[k++] = a;
  uint32_t rows = (k + 3) & ~3U, wide = gl_wide(rows + 1);
  float *x = w->x, inv[GL_EXACT + 4];
  v4f room[GL_EXACT + 4];
  for (uint32_t i = 0; i < rows; i++) {
    float *to = w->chol + (size_t)i * wide;
    memset(to + k, 0, (wide - k) * sizeof *to);
    if (i >= k) {
      to[i] = 1;
      continue;
    }
    const float *row = w->gram + (size_t)w->on[i] * from;
    if (k == n)
      memcpy(to + i, row + i, (k - i) * sizeof *to);
    else
      for (uint32_t j = i; j < k; j++) to[j] = row[w->on[j]];
    to[rows] = w->s[w->on[i]] - copysignf(w->l[w->on[i]], w->b[w->on[i]]);
  }
  if (!factor(w->chol, rows, wide, inv, room)) return false;
  memset(x, 0, wide * sizeof *x);
  back(w->chol, rows, wide, inv, x);
  for (uint32_t i = 0; i < k; i++)
    if (!(x[i] * w->b[w->on[i]] > 0)) return false;
  for (uint32_t i = 0; i < k; i++) w->b[w->on[i]] = x[i];
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
  if (signs == n && n <= GL_EXACT) (void)polish(w, n); /* mostly they stay */
  gradient(w, n);
  for (uint32_t it = 0, next = 1; it < MAX_CYCLES; it++) {
    if (cycle(w, n, near) < near) return;
    if (it < next || n > GL_EXACT) continue;
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
