/* The loops in which the time goes. Products with V keep the vector of one row in registers, and so
 * come in one version for each number of vectors; a wider matrix is done in panels. */
#include "math/nmf_int.h"

#include <float.h>

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define INLINE static inline __attribute__((always_inline))

/* Few vectors: two sums each, or the loop waits for its own additions. */
#define START(i) math_v4 s##i = {0}, t##i = {0};
#define ADD_S(i)                                                                                   \
  if (nv > i) s##i += x * MATH_READ(hs + 4 * i);
#define ADD_T(i)                                                                                   \
  if (nv > i) t##i += y * MATH_READ(ht + 4 * i);
#define PUT(i)                                                                                     \
  if (nv > i) MATH_AT(a + 4 * i) = s##i + t##i;

INLINE void gather_row(const uint32_t *col, const float *val, size_t n, const double *h, size_t ld,
                       double *a, const size_t nv)
{
  EACH(START)
  size_t p = 0;
  for (; nv <= 4 && p + 2 <= n; p += 2) {
    const double *hs = h + col[p] * ld, *ht = h + col[p + 1] * ld;
    double vs = (double)val[p], vt = (double)val[p + 1];
    math_v4 x = {vs, vs, vs, vs}, y = {vt, vt, vt, vt};
    EACH(ADD_S)
    EACH(ADD_T)
  }
  for (; p < n; p++) {
    const double *hs = h + col[p] * ld;
    double vs = (double)val[p];
    math_v4 x = {vs, vs, vs, vs};
    EACH(ADD_S)
  }
  EACH(PUT)
}

#define LOAD_W(i)                                                                                  \
  math_v4 w##i = {0};                                                                              \
  if (nv > i) w##i = MATH_READ(w + 4 * i);
#define SPREAD(i)                                                                                  \
  if (nv > i) MATH_AT(to + 4 * i) += x * w##i;

INLINE void scatter_row(const uint32_t *col, const float *val, size_t n, const double *w, size_t ld,
                        double *c, const size_t nv)
{
  EACH(LOAD_W)
  for (size_t p = 0; p < n; p++) {
    double *to = c + col[p] * ld;
    double v = (double)val[p];
    math_v4 x = {v, v, v, v};
    EACH(SPREAD)
  }
}

struct panel {
  const struct math_csr *v;
  uint32_t i0, i1;
  size_t ld;
  const double *from;
  double *to;
};
#define VERSION(nv)                                                                                \
  MATH_CLONES static void gather_##nv(const struct panel *b)                                       \
  {                                                                                                \
    const struct math_csr *v = b->v;                                                               \
    for (uint32_t i = b->i0; i < b->i1; i++)                                                       \
      gather_row(v->col + v->row[i], v->val + v->row[i], v->row[i + 1] - v->row[i], b->from,       \
                 b->ld, b->to + (i - b->i0) * b->ld, nv);                                          \
  }                                                                                                \
  MATH_CLONES static void scatter_##nv(const struct panel *b)                                      \
  {                                                                                                \
    const struct math_csr *v = b->v;                                                               \
    for (uint32_t i = b->i0; i < b->i1; i++)                                                       \
      scatter_row(v->col + v->row[i], v->val + v->row[i], v->row[i + 1] - v->row[i],               \
                  b->from + (i - b->i0) * b->ld, b->ld, b->to, nv);                                \
  }
VERSION(1)
VERSION(2)
VERSION(3)
VERSION(4)
VERSION(5)
VERSION(6)
VERSION(7)
VERSION(8)

typedef void panel_fn(const struct panel *b);
static panel_fn *const gathers[] = {gather_1, gather_2, gather_3, gather_4,
                                    gather_5, gather_6, gather_7, gather_8};
static panel_fn *const scatters[] = {scatter_1, scatter_2, scatter_3, scatter_4,
                                     scatter_5, scatter_6, scatter_7, scatter_8};

/* Panels of equal width, as few as there must be. */
static void panels(panel_fn *const *fn, struct panel b, struct nmf_range q)
{
  const double *from = b.from;
  double *to = b.to;
  size_t left = (q.hi - q.lo + NMF_PANEL - 1) / NMF_PANEL;
  for (size_t at = q.lo; at < q.hi; left--) {
    size_t nv = (q.hi - at + left - 1) / left;
    b.from = from + MATH_LANES * at;
    b.to = to + MATH_LANES * at;
    fn[nv - 1](&b);
    at += nv;
  }
}

void math_nmf_gather(const struct math_csr *v, uint32_t i0, uint32_t i1, const double *h, size_t ld,
                     struct nmf_range q, double *a)
{
  panels(gathers, (struct panel){v, i0, i1, ld, h, a}, q);
}

void math_nmf_scatter(const struct math_csr *v, uint32_t i0, uint32_t i1, const double *w,
                      size_t ld, struct nmf_range q, double *c)
{
  panels(scatters, (struct panel){v, i0, i1, ld, w, c}, q);
}

/* ---- tiles ---- */

#define TURN_4(from, from_step, to, to_step)                                                       \
  do {                                                                                             \
    math_v4 r0 = MATH_READ(from), r1 = MATH_READ((from) + (from_step)),                            \
            r2 = MATH_READ((from) + 2 * (from_step)), r3 = MATH_READ((from) + 3 * (from_step));    \
    math_v4 l0 = __builtin_shufflevector(r0, r1, 0, 4, 2, 6),                                      \
            l1 = __builtin_shufflevector(r0, r1, 1, 5, 3, 7),                                      \
            l2 = __builtin_shufflevector(r2, r3, 0, 4, 2, 6),                                      \
            l3 = __builtin_shufflevector(r2, r3, 1, 5, 3, 7);                                      \
    MATH_AT(to) = __builtin_shufflevector(l0, l2, 0, 1, 4, 5);                                     \
    MATH_AT((to) + (to_step)) = __builtin_shufflevector(l1, l3, 0, 1, 4, 5);                       \
    MATH_AT((to) + 2 * (to_step)) = __builtin_shufflevector(l0, l2, 2, 3, 6, 7);                   \
    MATH_AT((to) + 3 * (to_step)) = __builtin_shufflevector(l1, l3, 2, 3, 6, 7);                   \
  } while (0)

MATH_CLONES void math_nmf_turn(const double *rows, size_t ld, uint32_t n, struct nmf_range q,
                               double *tile)
{
  uint32_t whole = n & ~3u;
  for (uint32_t i = 0; i < whole; i += 4)
    for (size_t k = MATH_LANES * q.lo; k < MATH_LANES * q.hi; k += MATH_LANES) {
      const double *from = rows + i * ld + k;
      double *to = tile + k * NMF_TILE + i;
      TURN_4(from, ld, to, NMF_TILE);
    }
  for (uint32_t i = whole; i < NMF_TILE; i++)
    for (size_t k = MATH_LANES * q.lo; k < MATH_LANES * q.hi; k++)
      tile[k * NMF_TILE + i] = i < n ? rows[i * ld + k] : 0;
}

MATH_CLONES void math_nmf_turn_back(const double *tile, size_t ld, uint32_t n, struct nmf_range q,
                                    double *rows)
{
  uint32_t whole = n & ~3u;
  for (uint32_t i = 0; i < whole; i += 4)
    for (size_t k = MATH_LANES * q.lo; k < MATH_LANES * q.hi; k += MATH_LANES) {
      const double *from = tile + k * NMF_TILE + i;
      double *to = rows + i * ld + k;
      TURN_4(from, NMF_TILE, to, ld);
    }
  for (uint32_t i = whole; i < n; i++)
    for (size_t k = MATH_LANES * q.lo; k < MATH_LANES * q.hi; k++)
      rows[i * ld + k] = tile[k * NMF_TILE + i];
}

/* ---- steps on one block of a tile ---- */

typedef long long mask_v4 __attribute__((vector_size(32)));
#define OPEN_A(i) math_v4 a##i = MATH_READ(aj + 4 * i);
#define LESS(i) a##i -= b * MATH_READ(xl + 4 * i);
/* a - x G for component j of the whole tile, into a0..a7 */
#define GRADIENT                                                                                   \
  const double *aj = a + j * NMF_TILE, *gj = g + j * r;                                            \
  EACH(OPEN_A)                                                                                     \
  for (size_t l = 0; l < r; l++) {                                                                 \
    const double *xl = x + l * NMF_TILE;                                                           \
    math_v4 b = {gj[l], gj[l], gj[l], gj[l]};                                                      \
    EACH(LESS)                                                                                     \
  }                                                                                                \
  double inv = gj[j] > 4 * DBL_MIN ? 1 / gj[j] : 0;                                                \
  math_v4 by = {inv, inv, inv, inv};
#define MOVE(i)                                                                                    \
  {                                                                                                \
    math_v4 was = MATH_READ(xj + 4 * i), to = was + a##i * by;                                     \
    to = (math_v4)((mask_v4)to & (mask_v4)(to > 0));                                               \
    MATH_AT(xj + 4 * i) = to;                                                                      \
    d##i += (to - was) * (to - was);                                                               \
  }
#define NO_CHANGE(i) math_v4 d##i = {0};

MATH_CLONES double math_nmf_step_hals(const double *a, double *x, const double *g, size_t r)
{
  EACH(NO_CHANGE)
  for (size_t j = 0; j < r; j++) {
    GRADIENT
    double *xj = x + j * NMF_TILE;
    EACH(MOVE)
  }
  math_v4 d = ((d0 + d1) + (d2 + d3)) + ((d4 + d5) + (d6 + d7));
  return MATH_V4_SUM(d);
}

/* min(x, -a##i * by): what a step would still change */
#define LEFT(i)                                                                                    \
  {                                                                                                \
    math_v4 xi = MATH_READ(xj + 4 * i), by_g = a##i * by * -1.0;                                   \
    mask_v4 less = (mask_v4)(xi < by_g);                                                           \
    math_v4 m = (math_v4)((less & (mask_v4)xi) | (~less & (mask_v4)by_g));                         \
    d += m * m;                                                                                    \
  }

MATH_CLONES double math_nmf_left(const double *a, const double *x, const double *g, size_t r)
{
  double sum = 0;
  for (size_t j = 0; j < r; j++) {
    GRADIENT
    const double *xj = x + j * NMF_TILE;
    math_v4 d = {0};
    EACH(LEFT)
    sum += MATH_V4_SUM(d) * gj[j];
  }
  return sum;
}

void math_nmf_step_mu(const double *a, double *x, const double *g, size_t r, double *work)
{
  for (size_t j = 0; j < r; j++) {
    double *to = work + j * NMF_TILE;
    for (size_t i = 0; i < NMF_TILE; i++) to[i] = 0;
    for (size_t l = 0; l < r; l++) math_axpy(to, g[j * r + l], x + l * NMF_TILE, NMF_TILE);
  }
  for (size_t i = 0; i < r * NMF_TILE; i++) x[i] = work[i] > 0 ? x[i] * (a[i] / work[i]) : 0;
}

/* ---- sums over a tile ---- */

#define OPEN_X(i) math_v4 x##i = MATH_READ(xj + 4 * i);
#define TIMES(i, v) (x##i * MATH_READ((v) + 4 * i))
#define TILE_DOT(v)                                                                                \
  (((TIMES(0, v) + TIMES(1, v)) + (TIMES(2, v) + TIMES(3, v))) +                                   \
   ((TIMES(4, v) + TIMES(5, v)) + (TIMES(6, v) + TIMES(7, v))))

MATH_CLONES void math_nmf_gram(const double *x, size_t r, double *lanes)
{
  for (size_t j = 0; j < r; j++) {
    const double *xj = x + j * NMF_TILE;
    EACH(OPEN_X)
    for (size_t l = 0; l <= j; l++)
      MATH_AT(lanes + MATH_LANES * (j * r + l)) += TILE_DOT(x + l * NMF_TILE);
  }
}

MATH_CLONES void math_nmf_cross(const double *a, const double *x, size_t r, double *cross)
{
  for (size_t j = 0; j < r; j++) {
    const double *xj = x + j * NMF_TILE;
    EACH(OPEN_X)
    math_v4 s = TILE_DOT(a + j * NMF_TILE);
    cross[j] += MATH_V4_SUM(s);
  }
}
