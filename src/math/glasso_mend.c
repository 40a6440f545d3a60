/* A better Theta for the same W. Averaged from the two estimates of each entry it errs most where a
 * few columns, those of heavy groups, still move: they hold nearly all of tr E^2. Each of them,
 * with its row, is put where a model of the gap is least. With D = d e_j' + e_j d' on its own
 * entries A, 1/2 tr (E + W D)^2 + tr (S - W) D + rho |Theta + D| is a lasso for d: its matrix is
 * W_jj W_AA + W_Aj W_jA, its slope at 0 (W Theta W - W)_Aj and the linear part. */
#include <stdlib.h>
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

enum { ROUNDS = 4, FAR = 10, TILE = 64 };
typedef float v4f __attribute__((vector_size(16), aligned(4), may_alias));
#define READ_W(p) __builtin_convertvector(*(const v4f *)(p), math_v4)

/* One tile of E: rows from a, columns from b; each pair once. Returns the sum of squares. */
MATH_CLONES static double tile_shares(const struct gl_comp *c, size_t a, size_t b, double *share)
{
  math_v4 square = {0};
  float turned[TILE][TILE] = {{0}};
  size_t k = c->k, rows = k - a < TILE ? k - a : TILE, cols = k - b < TILE ? k - b : TILE;
  const gl_w *m = c->spare;
  for (size_t j = 0; j < cols; j++)
    for (size_t i = 0; i < rows; i++) turned[i][j] = m[(b + j) * c->ld + a + i];
  for (size_t i = 0; i < rows; i++) {
    const gl_w *own = m + (a + i) * c->ld + b;
    math_v4 row = {0};
    size_t n = a == b ? i : cols, j = 0;
    for (; j + MATH_LANES <= n; j += MATH_LANES) {
      math_v4 x = READ_W(own + j), y = READ_W(turned[i] + j), e = x * y;
      square += x * x + y * y;
      row += e;
      MATH_AT(share + b + j) += e;
    }
    share[a + i] += MATH_V4_SUM(row);
    for (; j < n; j++) {
      double x = (double)own[j], y = (double)turned[i][j];
      square[0] += x * x + y * y;
      share[a + i] += x * y;
      share[b + j] += x * y;
    }
  }
  return MATH_V4_SUM(square);
}
/* share_j = sum_i E_ij E_ji, whose sum is f2. By tiles, so that both halves stay near. */
static void shares(struct gl_comp *c, double *share)
{
  size_t k = c->k;
  c->f2 = c->e2 = 0;
  for (size_t i = 0; i < k; i++) {
    double e = (double)c->spare[i * c->ld + i];
    c->e2 += share[i] = e * e;
  }
  for (size_t a = 0; a < k; a += TILE)
    for (size_t b = 0; b <= a; b += TILE) c->e2 += tile_shares(c, a, b, share);
  for (size_t i = 0; i < k; i++) c->f2 += share[i];
}

MATH_CLONES static double dot_row(const gl_w *w, const double *v, size_t ld)
{
  math_v4 sum = {0};
  for (size_t i = 0; i < ld; i += MATH_LANES) sum += READ_W(w + i) * MATH_READ(v + i);
  return MATH_V4_SUM(sum);
}
MATH_CLONES static void add_row(gl_w *to, double a, const gl_w *w, size_t ld)
{
  for (size_t i = 0; i < ld; i++) to[i] += (gl_w)a * w[i];
}

static int by_index(const void *pa, const void *pb)
{
  uint32_t i = *(const uint32_t *)pa, j = *(const uint32_t *)pb;
  return i < j ? -1 : i > j;
}
static double *entry(struct gl_comp *c, uint32_t i, uint32_t j)
{
  const uint32_t *ix = c->sol.ix + c->theta[j].at;
  const uint32_t *at = bsearch(&i, ix, c->theta[j].n, sizeof *ix, by_index);
  return c->sol.val + c->theta[j].at + (at - ix);
}

/* What the diagonal of a group costs by itself, when nothing ties its members: the slope, and the
 * curvature, of (m - 1) (q (d - o) - log q (d - o)). */
static double own_slope(const struct gl_comp *c, uint32_t j, double *curve)
{
  double m = c->m[j], d = c->sd[j] + c->rho, q = c->q_diag[j];
  bool tied = m > 1 && c->q[j] / m < c->sd[j] - c->rho;
  *curve = tied ? 0 : (m - 1) / (q * q);
  return tied ? 0 : (m - 1) * (d - c->o[j] - 1 / q);
}
/* The lasso whose answer is column j: what stands beside the diagonal, and half of what the
 * diagonal gains. */
static void column_lasso(const struct gl_comp *c, struct gl_work *w, uint32_t j, uint32_t n)
{
  uint32_t wide = gl_wide(n);
  const gl_w *own = c->w + j * c->ld;
  double curve, slope = own_slope(c, j, &curve);
  memcpy(w->a, c->sol.ix + c->theta[j].at, (n - 1) * sizeof *w->a);
  for (uint32_t a = 0; a + 1 < n; a++) w->b[a] = (float)c->sol.val[c->theta[j].at + a];
  w->a[n - 1] = j;
  w->b[n - 1] = 0;
  memset(w->v, 0, c->ld * sizeof *w->v);
  for (size_t i = 0; i < c->k; i++) w->v[i] = (double)c->spare[i * c->ld + j];
  for (uint32_t a = 0; a < n; a++) {
    uint32_t i = w->a[a];
    const gl_w *row = c->w + i * c->ld;
    float *to = w->gram + (size_t)a * wide;
    double sum = -dot_row(row, w->v, c->ld);
    for (uint32_t e = 0; e < n; e++) {
      to[e] = own[j] * row[w->a[e]] + own[i] * own[w->a[e]];
      sum += (double)to[e] * (double)w->b[e];
    }
    for (uint32_t e = n; e < wide; e++) to[e] = 0;
    w->s[a] = (float)(sum - (i == j ? slope : gl_sij(c, i, j) - (double)own[i]));
    w->l[a] = i == j ? 0 : (float)(c->rho * c->r[j] * c->r[i]);
  }
  w->gram[(size_t)(n - 1) * wide + n - 1] += (float)(2 * curve);
}
static void mend_column(struct gl_comp *c, struct gl_work *w, uint32_t j, double tol)
{
  size_t ld = c->ld;
  uint32_t n = c->theta[j].n + 1;
  double *val = c->sol.val + c->theta[j].at;
  if (n > w->cap) return;
  column_lasso(c, w, j, n);
  gl_lasso(w, n, tol);
  for (uint32_t a = 0; a + 1 < n; a++) {
    w->d[a] = (double)w->b[a] - val[a];
    val[a] = *entry(c, j, w->a[a]) = (double)w->b[a];
  }
  w->d[n - 1] = (double)w->b[n - 1];
  c->q_diag[j] += 2 * w->d[n - 1];
  gl_product(c->w, ld, w->a, w->d, n, w->v);
  for (uint32_t a = 0; a < n; a++) add_row(c->spare + w->a[a] * ld, w->d[a], c->w + j * ld, ld);
  for (size_t i = 0; i < ld; i++) c->spare[j * ld + i] += (gl_w)w->v[i];
}
/* Lists without what has become zero. */
static void close_up(struct gl_comp *c)
{
  struct gl_pool *p = &c->sol;
  p->used = 0;
  for (uint32_t j = 0; j < c->k; j++) {
    struct gl_list old = c->theta[j];
    c->theta[j].at = p->used;
    for (size_t e = old.at; e < old.at + old.n; e++) {
      if (!(p->val[e] < 0 || p->val[e] > 0)) continue;
      p->ix[p->used] = p->ix[e];
      p->val[p->used++] = p->val[e];
    }
    c->theta[j].n = (uint32_t)(p->used - c->theta[j].at);
  }
}

void gl_mend(struct gl_comp *c, struct gl_work *w, double goal, double off)
{
  double *share = w->t;
  shares(c, share);
  for (uint32_t round = 0; round < ROUNDS && c->f2 + off * (2 * sqrt(c->e2) + off) > goal;
       round++) {
    double before = c->f2, cut = FAR * c->f2 / c->k;
    for (uint32_t j = 0; j < c->k; j++)
      if (share[j] > cut) mend_column(c, w, j, 0.03 * sqrt(goal / c->k));
    shares(c, share);
    if (c->f2 > 0.8 * before) break;
  }
  close_up(c);
}
