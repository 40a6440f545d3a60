/* math/tensor.h — a sparse tensor of order 3, ready to be factorised.
 *
 * shapes    cells (i, j, k, value), in any order. Indices are closed up first: only rows that occur
 *           are kept, rising, `name` gives back what they stand for. Equal cells are added, cells
 *           of value 0 dropped
 * orders    for each mode the cells once more, row after row, in fibres: equal (row, outer), with
 *           the inner index running; outer is whichever of the two others gives fewer fibres
 * blocks    of whole fibres, for math_par: pieces of work whose cuts depend on the cells alone.
 *           Results of a row that several blocks share are joined in the order of the blocks
 * units     values >= 0, in whatever the caller counts
 * cost      O(cells) time (counting sorts) and about 80 bytes a cell, all from the arena
 * fails     PRAC_MALFORMED: a negative or non-finite value; PRAC_RANGE: 2^31 cells or more;
 *           PRAC_NOMEM. No cells at all is not a failure: every dim is 0
 * checked   tests/unit/test_ntd.c: folds against dense sums, permutations, doubles, thread bits
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "math/par.h"

enum { MATH_MODES = 3, MATH_TENSOR_RANK_MAX = 32 };

struct math_cells {
  const uint32_t *at[MATH_MODES];
  const double *v;
  size_t n;
};
struct math_order {
  uint8_t row, outer, inner; /* modes */
  uint32_t n_fibres, n_blocks;
  const uint32_t *row_at, *outer_at; /* of each fibre */
  const uint32_t *begin;             /* n_fibres + 1: where its cells begin */
  const uint32_t *inner_at;          /* of each cell */
  const double *v;
  const uint32_t *block; /* n_blocks + 1: first fibre of each */
};
struct math_tensor {
  uint32_t dim[MATH_MODES];
  const uint32_t *name[MATH_MODES]; /* dim[m] of them, rising */
  uint32_t n;                       /* cells */
  double norm2, largest;            /* sum of squares; largest value */
  struct math_order order[MATH_MODES];
};
PRAC_NODISCARD prac_rc math_tensor_of(const struct math_cells *c, struct prac_arena *a,
                                      struct math_tensor *ret);

/* rows x rank, row after row; ld: rank rounded up to whole vectors, what lies between is 0. */
struct math_factor {
  double *v;
  uint32_t rows, rank, ld;
};
PRAC_NODISCARD prac_rc math_factor_new(uint32_t rows, uint32_t rank, struct prac_arena *a,
                                       struct math_factor *ret);
/* ret (rank x ld) = f' f. */
void math_factor_gram(const struct math_factor *f, double *ret);
/* Every row x to the minimum of x gram x' / 2 - m x' over x >= 0, coordinate after coordinate,
 * `rounds` times; m: rows x ld. A coordinate whose gram is 0 stays. */
void math_factor_hals(struct math_factor *f, const double *m, const double *gram, unsigned rounds,
                      const struct math_par *par);
/* Largest |min(x, gradient / gram_jj)|: how far a coordinate would still go. 0: optimal. */
double math_factor_kkt(const struct math_factor *f, const double *m, const double *gram);

enum math_fold {
  MATH_FOLD_OUTER, /* out: rows x (rank of outer * ld of inner): sum of v outer' inner */
  MATH_FOLD_TIMES  /* out: rows x ld: sum of v (outer .* inner); equal ranks (MTTKRP) */
};
/* Doubles of the result, and those that math_tensor_fold needs at `out`: the result comes first. */
size_t math_tensor_fold_out(const struct math_tensor *t, unsigned mode, enum math_fold how,
                            const struct math_factor f[MATH_MODES]);
size_t math_tensor_fold_work(const struct math_tensor *t, unsigned mode, enum math_fold how,
                             const struct math_factor f[MATH_MODES]);
/* Every cell meets the two factors of the other modes. */
void math_tensor_fold(const struct math_tensor *t, unsigned mode, enum math_fold how,
                      const struct math_factor f[MATH_MODES], double *out,
                      const struct math_par *par);
