/* Where a factorisation begins, and how long its description is. */
#include "math/nmf_int.h"

#include <math.h>
#include <string.h>

/* ---- eigenvalues by rotations ---- */

/* Rotates rows and columns p and q of g so that g[p][q] becomes 0; u collects the rotations. */
static void rotate(double *g, double *u, size_t n, size_t p, size_t q)
{
  double off = g[p * n + q];
  if (!(fabs(off) > 0)) return;
  double theta = (g[q * n + q] - g[p * n + p]) / (2 * off);
  double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
  double c = 1 / sqrt(t * t + 1), s = t * c;
  for (size_t i = 0; i < n; i++) {
    double a = g[i * n + p], b = g[i * n + q];
    g[i * n + p] = c * a - s * b;
    g[i * n + q] = s * a + c * b;
  }
  for (size_t i = 0; i < n; i++) {
    double a = g[p * n + i], b = g[q * n + i], v = u[p * n + i], w = u[q * n + i];
    g[p * n + i] = c * a - s * b;
    g[q * n + i] = s * a + c * b;
    u[p * n + i] = c * v - s * w;
    u[q * n + i] = s * v + c * w;
  }
}

static double off_diagonal(const double *g, size_t n)
{
  double s = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) s += g[i * n + j] * g[i * n + j];
  return s;
}

static void by_value(double *values, double *u, size_t n)
{
  for (size_t i = 0; i + 1 < n; i++) {
    size_t top = i;
    for (size_t j = i + 1; j < n; j++)
      if (values[j] > values[top]) top = j;
    if (top == i) continue;
    double v = values[i];
    values[i] = values[top];
    values[top] = v;
    for (size_t k = 0; k < n; k++) {
      v = u[i * n + k];
      u[i * n + k] = u[top * n + k];
      u[top * n + k] = v;
    }
  }
}

void math_eigen(double *g, size_t n, double *values, double *u)
{
  enum { MOST = 40 }; /* convergence is quadratic: 6 to 10 rounds */
  memset(u, 0, n * n * sizeof *u);
  for (size_t i = 0; i < n; i++) u[i * n + i] = 1;
  double whole = off_diagonal(g, n);
  for (size_t i = 0; i < n; i++) whole += g[i * n + i] * g[i * n + i];
  for (int round = 0; round < MOST && off_diagonal(g, n) > 1e-30 * whole; round++)
    for (size_t p = 0; p + 1 < n; p++)
      for (size_t q = p + 1; q < n; q++) rotate(g, u, n, p, q);
  for (size_t i = 0; i < n; i++) values[i] = g[i * n + i];
  by_value(values, u, n);
}

/* ---- |SVD| ---- */

struct svd {
  double *gram, *values, *u; /* u: rows are the right singular vectors */
  uint32_t most, kept;       /* asked for; of those, with a value that is not 0 */
};

static void row_of(const struct math_csr *v, const struct svd *s, uint32_t i, double *left)
{
  for (uint32_t k = 0; k < s->kept; k++) {
    const double *u = s->u + (size_t)k * v->cols;
    double x = 0;
    for (uint64_t p = v->row[i]; p < v->row[i + 1]; p++) x += (double)v->val[p] * u[v->col[p]];
    left[k] = fabs(x) / sqrt(s->values[k]);
  }
}

/* The first singular vectors' entries into the columns of each block. */
static void spread(const struct math_nmf *f, const struct svd *s, const double *from, double *to)
{
  for (uint32_t b = 0; b < f->n_blocks; to += f->rank[b++])
    for (uint32_t k = 0; k < f->rank[b]; k++) to[k] = k < s->kept ? from[k] : 0;
}

static prac_rc svd_make(const struct math_csr *v, struct svd *s, struct prac_arena *arena)
{
  size_t n = v->cols;
  s->gram = prac_arena_alloc(arena, (2 * n * n + n) * sizeof(double));
  if (!s->gram) return PRAC_NOMEM;
  s->values = s->gram + n * n;
  s->u = s->values + n;
  math_csr_gram(v, s->gram);
  math_eigen(s->gram, n, s->values, s->u);
  while (s->kept < s->most && s->kept < n && s->values[s->kept] > 1e-12 * s->values[0]) s->kept++;
  return PRAC_OK;
}

prac_rc math_nmf_svd(const struct math_csr *v, struct math_nmf *f, struct prac_arena *arena)
{
  size_t n = v->cols, ld = 0;
  struct svd s = {0};
  double entries[MATH_NMF_MAX];
  if (n < 1 || n > MATH_NMF_MAX) return PRAC_RANGE;
  PRAC_TRY(math_csr_check(v));
  for (uint32_t b = 0; b < f->n_blocks; b++) {
    if (f->rank[b] > MATH_NMF_MAX || (ld += f->rank[b]) > MATH_NMF_MAX) return PRAC_RANGE;
    if (f->rank[b] > s.most) s.most = f->rank[b];
  }
  ld = math_nmf_ld((uint32_t)ld);
  PRAC_TRY(svd_make(v, &s, arena));
  memset(f->w, 0, (size_t)v->rows * ld * sizeof *f->w);
  memset(f->h, 0, n * ld * sizeof *f->h);
  for (uint32_t i = 0; i < v->rows; i++) {
    row_of(v, &s, i, entries);
    spread(f, &s, entries, f->w + i * ld);
  }
  for (size_t j = 0; j < n; j++) {
    for (uint32_t k = 0; k < s.kept; k++) entries[k] = fabs(s.u[k * n + j]);
    spread(f, &s, entries, f->h + j * ld);
  }
  return PRAC_OK;
}

double math_nmf_mdl(double objective, uint32_t rank, uint32_t rows, uint32_t cols)
{
  const double two_pi = 6.283185307179586;
  double entries = (double)rows * cols, r = rank;
  double var = 2 * objective / entries;
  if (var < 1e-12) var = 1e-12; /* exact: the noise is what rounding leaves */
  double data = entries / 2 * log(two_pi * var) + entries / 2;
  return data + (rows * r + r * cols - r * r) / 2 * log(entries / two_pi);
}
