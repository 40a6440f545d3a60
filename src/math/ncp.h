/* math/ncp.h — X ~ sum over r of w_r a_r x b_r x c_r with nothing negative: the canonical polyadic
 * decomposition of a sparse tensor, by hierarchical alternating least squares.
 *
 * shapes    X of math/tensor.h; A_m: dim[m] x rank
 * units     columns of A_m have length 1 (or are 0), weights are in X's units, falling
 * method    a sweep takes each factor to its minimum row by row on the normal equations M, N: M by
 *           one fold of the cells (MTTKRP), N the elementwise product of two Gram matrices. No step
 *           can make |X - X^| larger
 * starts    as math/ntd.h
 * err2      |X|^2 - 2 <X, X^> + |X^|^2, all three in full; fit = 1 - sqrt(err2 / |X|^2)
 * source    Cichocki, Phan: Fast Local Algorithms for Large Scale Nonnegative Matrix and Tensor
 *           Factorizations, IEICE Trans. Fundamentals E92-A(3), 2009
 * cost      a sweep: O(cells r + rows r^2)
 * stops     fall of err2 in a sweep below tol |X|^2, or max_sweeps
 * repeats   same bits for the same cells, settings and seed, whatever the number of threads
 * fails     PRAC_RANGE: rank of 0 or above 32; PRAC_NOMEM. Not settling is not a failure.
 *           No cells: factors of no rows, fit 1
 * checked   tests/unit/test_ncp.c: KKT, planted terms, a dense oracle, permutations, hostile cells
 */
#pragma once
#include "math/tensor.h"

struct math_ncp_conf {
  uint32_t rank, starts, probe, max_sweeps;
  double tol;
  uint64_t seed;
};
struct math_ncp {
  struct math_factor a[MATH_MODES];
  double *weight; /* rank */
  double err2, fit;
  double kkt; /* largest move a single coordinate would still make, in shares of a column */
  double worst_start, best_start;
  uint32_t sweeps;
  bool settled;
};
PRAC_NODISCARD prac_rc math_ncp(const struct math_tensor *x, const struct math_ncp_conf *c,
                                const struct math_par *par, struct prac_arena *a,
                                struct math_ncp *ret);
