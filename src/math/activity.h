/* math/activity.h — has a graph changed as a whole: activity vectors and how far they turn.
 *
 * activity  the principal eigenvector of a symmetric matrix with entries >= 0: entries >= 0, unit
 *           length. Power iteration from the vector of ones, on the matrix plus a quarter of its
 *           largest row sum: no eigenvalue of the other sign can be as large
 * join      a graph of parts that are hardly joined has several eigenvalues near the largest, and
 *           its activity swings from part to part by chance. `join` adds j d d', d the square roots
 *           of the diagonal, j such that the largest eigenvalue of that is `join` times the largest
 *           row sum of A: activity becomes a profile of all parts, what is joined still more so
 * usual     the principal left singular vector of the last w activity vectors
 * turn      z = 1 - usual . activity, 0 (as ever) to 1 (nothing in common)
 * vMF       the marginal of z for directions around a mean: q(z) ~ z^((n-1)/2 - 1) exp(-z/2S), a
 *           gamma distribution; n - 1 = 2 m1^2/(m2 - m1^2), S = (m2 - m1^2)/(2 m1) from moments
 *           discounted by beta (and normalised: early values do not count as zeros)
 * source    Ide, Kashima: Eigenspace-based Anomaly Detection in Computer Systems, KDD 2004; join
 *           is ours
 * cost      activity: iterations x nonzeros, work 2n doubles; usual: w^2 n, work w(w + 2); step
 * O(1) stops     activity and usual: a change of the vector below tol, or max_sweeps. Not
 * converging is no failure: see info repeats   same bits for the same input fails     n == 0, a
 * matrix or vectors of zeros: vector of zeros, value 0 checked   tests/unit/test_activity.c:
 * against a dense eigensolver, planted stars, permutation, two equal components, bipartite graphs;
 * vMF against its own samples
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct math_csr { /* square */
  uint32_t n;
  const uint32_t *first; /* n + 1 */
  const uint32_t *col;
  const float *v;
};
struct math_power {
  double tol;          /* 0: 1e-10 */
  double join;         /* 0: none */
  uint32_t max_sweeps; /* 0: 1000 */
};
struct math_power_info {
  double value; /* the eigenvalue; singular value */
  double moved; /* in the last sweep */
  uint32_t sweeps;
};
/* x: n doubles; work: 2n. p, info: NULL allowed. */
void math_activity(const struct math_csr *a, const struct math_power *p, double *x, double *work,
                   struct math_power_info *info);
/* u: w vectors of n doubles, one after the other; usual: n doubles; work: w (w + 2) doubles. */
void math_usual_activity(const double *u, size_t n, uint32_t w, double *usual, double *work,
                         struct math_power_info *info);

struct math_vmf {
  double m1, m2, weight; /* discounted sums; all zero: nothing seen */
};
/* ln P(Z > z) under what was seen before; 0 while nothing was. */
double math_vmf_ln_tail(const struct math_vmf *m, double z);
void math_vmf_add(struct math_vmf *m, double z, double beta);
