/* math/nmf.h — counts as a sum of few patterns: V ~ W H with non-negative factors.
 *
 * shapes    V rows x cols, sparse (math/sparse.h); choose rows >= cols. W rows x ld, H' cols x ld,
 *           dense, row-major: what belongs to one row of V, and to one column, lies together.
 * Several factorisations ("blocks") of one V run side by side and share the reading of V: block b
 *           has the rank[b] columns of W and H' behind those of the blocks before it; ld is
 *           math_nmf_ld(sum of ranks), the columns left over are zero.
 * rules     HALS: one component after the other, exactly (the same steps as scikit-learn's "cd"
 *           without shuffling: W, then H, components rising); `again` > 0: the W step repeats on
 *           its tile of 32 rows, at most 1 + again * rho times, while a repeat still changes a
 *           tenth of what the first did (accelerated HALS; rho = 1 + nnz / (rows k) is what the
 *           products with V cost beside the step). MU: multiplicative, least squares; 0/0 is 0.
 *           KL: multiplicative, Poisson likelihood, touches only the entries of V that are not 0;
 *           one block only, the rest PRAC_UNSUPPORTED
 * source    Cichocki, Phan: Fast Local Algorithms for Large Scale NMF, IEICE E92-A(3), 2009;
 *           Gillis, Glineur: Accelerated Multiplicative Updates and HALS, Neural Comp. 24(4), 2012;
 *           Lee, Seung: Algorithms for NMF, NIPS 2000
 * cost      a sweep: 4 nnz k + 3 (rows + cols) sum rank^2 flops; V is read once
 * stops     a block stops when its objective (at least a millionth of |V|^2) has fallen by less
 * than rel_tol of it in 5 sweeps, or when its mean squared error changes by less than abs_tol in
 * one (Dark-NMF), or at max_sweeps repeats   same bits whatever the number of threads: V is cut by
 * its size only, parts are joined in their order fails     PRAC_MALFORMED: V (math_csr_check), or a
 * factor that is negative or not finite; PRAC_RANGE: no block, a rank of 0, sum of ranks above
 * MATH_NMF_MAX, no room for an index. Not converging is no failure: see info checked
 * tests/unit/test_nmf.c: KKT residual, planted factors, slow dense oracle, V = 0, rank above that
 * of V, permuted rows and columns, threads, huge counts
 */
#pragma once
#include <stdbool.h>

#include "math/par.h"
#include "math/sparse.h"

enum { MATH_NMF_MAX = 256, MATH_NMF_BLOCKS = 32 };
enum math_nmf_rule { MATH_NMF_HALS, MATH_NMF_MU, MATH_NMF_KL };
struct math_nmf_conf {
  enum math_nmf_rule rule;
  double again;   /* HALS only; 0: one step a sweep; 0.5: Gillis and Glineur's choice */
  double rel_tol; /* 0: not asked */
  double abs_tol; /* 0: not asked; KL: of the objective per entry */
  uint32_t max_sweeps;
  bool kkt; /* also how far from stationary: one more reading of V */
};
struct math_nmf_info {
  uint32_t sweeps;
  bool converged;   /* before max_sweeps */
  double objective; /* half the squared error; KL: sum of V ln(V/WH) - V + WH */
  /* HALS, MU: the steps min(x, gradient / curvature) that are still to do, in the norm of V, as a
   * share of |V|. KL: the largest min(x, gradient) where both are shares of the row or column. */
  double kkt;
};
struct math_nmf {
  uint32_t n_blocks;
  const uint32_t *rank;
  double *w, *h;              /* in: where to begin; out: where it ended */
  struct math_nmf_info *info; /* one for each block */
};

size_t math_nmf_ld(uint32_t ranks); /* sum of ranks, up to a multiple of 4 */
PRAC_NODISCARD prac_rc math_nmf(const struct math_csr *v, const struct math_nmf_conf *c,
                                struct math_nmf *f, const struct math_par *par,
                                struct prac_arena *arena);

/* Where Dark-NMF begins: every block of rank r gets the absolute values of the first r left and
 * right singular vectors of V, from the cols x cols Gram matrix: cols <= MATH_NMF_MAX. Components
 * beyond the rank of V are 0 and stay so. */
PRAC_NODISCARD prac_rc math_nmf_svd(const struct math_csr *v, struct math_nmf *f,
                                    struct prac_arena *arena);
/* Eigenvalues (falling) and vectors (rows of u) of the symmetric n x n matrix g, which is spoiled;
 * by Jacobi's rotations: slow, small n only, but the same bits everywhere. */
void math_eigen(double *g, size_t n, double *values, double *u);

/* Length in nats of V described by r patterns and the rest as Gaussian noise (Dark-NMF 2.2): the
 * rank with the least is the best. */
double math_nmf_mdl(double objective, uint32_t rank, uint32_t rows, uint32_t cols);
