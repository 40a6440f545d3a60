/* tests/lib/cells.h — small tensors for tests of their factorisations, also as dense arrays. */
#pragma once
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/tensor.h"

enum { CELLS_MAX = 40000 };
struct made_cells {
  uint32_t at[MATH_MODES][CELLS_MAX];
  double v[CELLS_MAX];
  size_t n;
};
static inline void cell_add(struct made_cells *c, uint32_t i, uint32_t j, uint32_t k, double v)
{
  c->at[0][c->n] = i;
  c->at[1][c->n] = j;
  c->at[2][c->n] = k;
  c->v[c->n++] = v;
}
static inline struct math_tensor tensor_of_made(const struct made_cells *c, struct prac_arena *a)
{
  struct math_tensor t;
  const struct math_cells in = {{c->at[0], c->at[1], c->at[2]}, c->v, c->n};
  if (math_tensor_of(&in, a, &t) != PRAC_OK) abort();
  return t;
}
/* Cells in another order: their orders must not show. */
static inline void cells_shuffle(struct made_cells *c, struct prac_rng *r)
{
  for (size_t i = c->n; i > 1; i--) {
    size_t k = prac_rng_below(r, i);
    for (unsigned m = 0; m < MATH_MODES; m++) {
      uint32_t t = c->at[m][i - 1];
      c->at[m][i - 1] = c->at[m][k];
      c->at[m][k] = t;
    }
    double t = c->v[i - 1];
    c->v[i - 1] = c->v[k];
    c->v[k] = t;
  }
}
/* dim[0] x dim[1] x dim[2] of the closed-up tensor; owner: caller. */
static inline double *dense_of(const struct math_tensor *t)
{
  size_t n = (size_t)t->dim[0] * t->dim[1] * t->dim[2];
  double *d = calloc(n + 1, sizeof *d);
  const struct math_order *o = &t->order[0];
  for (uint32_t f = 0; d && f < o->n_fibres; f++)
    for (uint32_t i = o->begin[f]; i < o->begin[f + 1]; i++) {
      uint32_t at[MATH_MODES];
      at[0] = o->row_at[f];
      at[o->outer] = o->outer_at[f];
      at[o->inner] = o->inner_at[i];
      d[((size_t)at[0] * t->dim[1] + at[1]) * t->dim[2] + at[2]] += o->v[i];
    }
  return d;
}
/* Items last first, as if by several threads. */
static inline void run_backwards(void *arg, size_t items, void (*item)(void *, size_t), void *ctx)
{
  (void)arg;
  while (items-- > 0) item(ctx, items);
}
static inline double factor_at(const struct math_factor *f, size_t i, size_t j)
{
  return f->v[i * f->ld + j];
}
static inline size_t named(const struct math_tensor *t, unsigned mode, uint32_t name)
{
  size_t i = 0;
  while (t->name[mode][i] != name) i++;
  return i;
}
