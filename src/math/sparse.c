#include "math/sparse.h"

#include <math.h>
#include <string.h>

prac_rc math_csr_check(const struct math_csr *a)
{
  if (a->row[0] != 0) return PRAC_MALFORMED;
  for (uint32_t i = 0; i < a->rows; i++) {
    if (a->row[i + 1] < a->row[i] || a->row[i + 1] - a->row[i] > a->cols) return PRAC_MALFORMED;
    for (uint64_t p = a->row[i]; p < a->row[i + 1]; p++) {
      if (a->col[p] >= a->cols || (p > a->row[i] && a->col[p] <= a->col[p - 1]))
        return PRAC_MALFORMED;
      if (!(a->val[p] >= 0) || !isfinite(a->val[p])) return PRAC_MALFORMED;
    }
  }
  return PRAC_OK;
}

prac_rc math_csr_of(const double *dense, uint32_t rows, uint32_t cols, struct prac_arena *arena,
                    struct math_csr *ret)
{
  size_t all = (size_t)rows * cols, n = 0;
  for (size_t i = 0; i < all; i++) n += dense[i] > 0;
  uint64_t *row = prac_arena_alloc(arena, (rows + (size_t)1) * sizeof *row);
  uint32_t *col = prac_arena_alloc(arena, (n + 1) * sizeof *col);
  float *val = prac_arena_alloc(arena, (n + 1) * sizeof *val);
  if (!row || !col || !val) return PRAC_NOMEM;
  n = 0;
  for (uint32_t i = 0; i < rows; i++) {
    for (uint32_t j = 0; j < cols; j++) {
      double x = dense[(size_t)i * cols + j];
      if (!(x > 0)) continue;
      col[n] = j;
      val[n++] = (float)x;
    }
    row[i + 1] = n;
  }
  *ret = (struct math_csr){.rows = rows, .cols = cols, .row = row, .col = col, .val = val};
  return PRAC_OK;
}

double math_csr_square(const struct math_csr *a)
{
  double s = 0;
  for (uint32_t i = 0; i < a->rows; i++) {
    double t = 0; /* row by row: the small sums stay exact for counts */
    for (uint64_t p = a->row[i]; p < a->row[i + 1]; p++) t += (double)a->val[p] * (double)a->val[p];
    s += t;
  }
  return s;
}

void math_csr_gram(const struct math_csr *a, double *g)
{
  size_t n = a->cols;
  memset(g, 0, n * n * sizeof *g);
  for (uint32_t i = 0; i < a->rows; i++)
    for (uint64_t p = a->row[i]; p < a->row[i + 1]; p++) {
      double x = (double)a->val[p], *to = g + (size_t)a->col[p] * n;
      for (uint64_t q = p; q < a->row[i + 1]; q++) to[a->col[q]] += x * (double)a->val[q];
    }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) g[i * n + j] = g[j * n + i];
}
