/* math/sparse.h — a matrix of counts of which most are zero, row by row.
 *
 * shapes    rows x cols; the entries of row i are col[row[i]] .. col[row[i + 1] - 1], columns
 *           rising, each once; entries stored as float (counts below 2^24 are exact), sums in
 * double owner     everything is borrowed; the makers below take memory from the caller's arena
 * fails     PRAC_MALFORMED: offsets that fall, a column outside, an entry that is not finite or < 0
 * checked   tests/unit/test_nmf.c
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

struct math_csr {
  uint32_t rows, cols;
  const uint64_t *row; /* rows + 1 */
  const uint32_t *col;
  const float *val;
};

PRAC_NODISCARD prac_rc math_csr_check(const struct math_csr *a);
/* ret: the entries > 0 of the dense row-major matrix. */
PRAC_NODISCARD prac_rc math_csr_of(const double *dense, uint32_t rows, uint32_t cols,
                                   struct prac_arena *arena, struct math_csr *ret);
double math_csr_square(const struct math_csr *a); /* sum of squares of the entries */
/* g: cols x cols, row-major, A'A; cost: sum over rows of entries^2 */
void math_csr_gram(const struct math_csr *a, double *g);
