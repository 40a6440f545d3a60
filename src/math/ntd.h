/* math/ntd.h — X ~ G x1 A1 x2 A2 x3 A3 with nothing negative: Tucker's factors and core of a sparse
 * tensor, by block coordinate descent on the cells themselves.
 *
 * shapes    X of math/tensor.h; A_m: dim[m] x rank[m]; G: rank[0] x rank[1] x rank[2], the last
 *           index running fastest. A rank above its dim is cut down to it
 * units     every column of A_m that is not empty has 1 as its largest entry; G is in X's units
 * method    a sweep takes each factor to its minimum row by row (HALS on the normal equations, M by
 *           one fold of the cells, N from Gram matrices), the mode with the fewest rows last, so
 *           that its fold also gives the right side of the core's problem; then the core, entry by
 *           entry. No step can make |X - X^| larger
 * starts    `starts` of them (tensor_start.c): the first follows from the cells alone, the others
 * draw from `seed`; each gets `probe` sweeps, the best goes on err2      |X|^2 - 2 <X, X^> +
 * |X^|^2, all three in full; fit = 1 - sqrt(err2 / |X|^2) source    Kim, Choi: Nonnegative Tucker
 * Decomposition, CVPR 2007 (the problem); Phan, Cichocki: Extended HALS Algorithm for Nonnegative
 * Tucker Decomposition, Neurocomputing 74, 2011; Gillis, Glineur: Accelerated ... HALS, Neural
 * Computation 24, 2012 (inner rounds) cost      a sweep: O(cells r + fibres r^2 + rows r^3 + r^6 of
 * the core) stops     fall of err2 in a sweep below tol |X|^2, or max_sweeps repeats   same bits
 * for the same cells, settings and seed, whatever the number of threads fails     PRAC_RANGE: a
 * rank of 0 or above 16; PRAC_NOMEM. Not settling is not a failure. No cells: factors of no rows,
 * fit 1 checked   tests/unit/test_ntd.c: KKT, planted factors, a dense oracle, permutations,
 * hostile cells
 */
#pragma once
#include "math/tensor.h"

enum { MATH_NTD_RANK_MAX = 16 };
struct math_ntd_conf {
  uint32_t rank[MATH_MODES];
  uint32_t starts, probe, max_sweeps;
  double tol;
  uint64_t seed;
};
struct math_ntd {
  struct math_factor a[MATH_MODES];
  double *core;
  double err2, fit;
  double kkt; /* largest move a single coordinate would still make, in shares of the largest one */
  double worst_start, best_start; /* fit after `probe` sweeps */
  uint32_t sweeps;                /* of the start that went on, its probe included */
  bool settled;
};
PRAC_NODISCARD prac_rc math_ntd(const struct math_tensor *x, const struct math_ntd_conf *c,
                                const struct math_par *par, struct prac_arena *a,
                                struct math_ntd *ret);
