/* math/glasso.h — which variables depend on each other directly: the graphical lasso, with proof.
 *
 *   minimise over Theta > 0:  f = -logdet Theta + tr(S Theta) + rho sum_ij |Theta_ij|
 *   the diagonal is penalised; S = covariance of the p columns of X, divided by n; or given
 *
 * shapes    X n x p, row-major: rows are samples. Or S p x p, symmetric, no X
 * rho       a falling list: each solution is the start of the next
 * answer    per rho: edges (pairs with Theta_ij != 0), gap >= f - min f, certified; Theta as sparse
 *           rows where asked
 * exact preparations
 *           components of {|S_ij| > rho} are solved apart (Witten, Friedman, Simon 2011; Mazumder,
 *           Hastie 2012); pairs with S_ii S_jj <= rho^2 are not looked at; equal columns become
 *           one variable with a weight: by convexity Theta is constant inside and between groups,
 *           and the problem in Q_gh = sqrt(m_g m_h) Theta_gh is a graphical lasso with penalty
 *           rho sqrt(m_g m_h) and one more number per group, which has a closed form
 * method    dual block coordinate ascent (Friedman, Hastie, Tibshirani, Biostatistics 9(3), 2008)
 *           with active sets, Cholesky within each lasso, columns over-relaxed by 1.35 inside their
 *           box; those furthest off are visited twice a sweep, and once more before a look at the
 *           gap. Borders are minded as closely as columns are off. A smaller rho starts at
 *           S + (rho'/rho)(W - S), which is positive definite and inside the new box. How many
 *           sweeps lie between two looks at the gap follows from how fast it fell. Theta is the
 *           mean of the two columns' estimates, its worst columns then solved for alone: what W is
 *           good for shows a sweep or two before
 * proof     W stays in |W_ij - S_ij| <= rho, W_ii = S_ii + rho (but for rounding, which is measured
 *           and counted in), so f - min f <= f(Theta) - logdet W - p. With E = Theta W - I, in
 *           floats, whose rounding is bounded and counted in: its eigenvalues e are real, and
 *           sum e - log(1 + e) is largest when one e = -x holds all of tr E^2 = x^2, so
 *           -logdet(Theta W) <= -tr E - x - log(1 - x): one sparse product. That Theta is positive
 *           definite is shown by its Cholesky in doubles, with rounding's worst taken off its
 *           diagonal; and then W is, since |e| < 1
 * cost      memory for a component of k different columns: 2 k^2 floats (W now and before),
 *           min(k, 1024)^2 floats, 48 k max_degree bytes, k^2 bits, all from the arena; S is never
 *           stored for n <= 32, per component else. Time: about ten products W x Theta a rho
 * repeats   same bits whatever par is; permuted columns of X give the same numbers
 * stops     gap <= conf.gap * p in every component's share, or max_sweeps: then `converged` is
 *           false and `gap` says how far (infinite: unknown)
 * fails     PRAC_RANGE: rho not falling, not above 0, not finite, neither X nor S, too large.
 *           PRAC_MALFORMED: a number that is not finite. PRAC_NOMEM. PRAC_NOSPACE: Theta denser
 *           than conf.max_degree a column on average, in a component larger than that. More than
 *           1024 neighbours of one column: not converged
 * checked   tests/unit/test_glasso.c: optimality conditions and objective by dense algebra, ADMM,
 *           equal columns, diagonal S, permutation, rank, threads
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "math/par.h"

struct math_glasso_data {
  const double *x; /* n x p, or NULL: then s */
  size_t n, p;
  const double *s; /* p x p */
};
struct math_glasso_conf {
  const double *rho; /* falling */
  size_t n_rho;
  double gap;            /* per variable; 0: 1e-4; less than 1e-6 counts as that */
  unsigned max_sweeps;   /* 0: 100 */
  uint32_t max_degree;   /* 0: 256 */
  bool objective, theta; /* say f; give Theta of the last rho */
  const struct math_par *par;
};
/* Symmetric, rows sorted; row i is at[i] .. at[i + 1]. */
struct math_glasso_theta {
  size_t n;
  const size_t *at;
  const uint32_t *col;
  const double *val;
};
struct math_glasso {
  double rho, gap, objective; /* objective NaN when not asked for */
  uint64_t edges;
  uint32_t groups, components, largest; /* different columns; components of them, the largest's */
  uint32_t sweeps;                      /* of the component that took most */
  bool converged;
  struct math_glasso_theta theta; /* n 0 when not asked for; pairs counted in edges, both ways */
};
PRAC_NODISCARD prac_rc math_glasso_path(const struct math_glasso_data *d,
                                        const struct math_glasso_conf *c, struct prac_arena *a,
                                        struct math_glasso *ret /* n_rho */);
