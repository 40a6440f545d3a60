/* math/peel.h — which of these values stick out above the rest: variance-ratio peeling.
 *
 * rule      while taking the largest value away lowers the variance to `theta` of it or less, take
 *           it away: what was taken are the outliers. Of equal values the later goes first. Nothing
 *           is taken when all that is left is equal, or fewer than three are left
 * theta     0..1; larger: more outliers (0.98 in Dark-GLASSO, 0.995 for more)
 * units     any; variance of the population (divided by n). Adding a constant to all values, or
 *           scaling them, changes nothing
 * source    Dark-TRACER, Dark-GLASSO/online_density.r (commit 1babe59); there O(n^2)
 * cost      O(n log n): the variances of all prefixes of the sorted values by Welford's update,
 *           which only adds, so that densities of 1e-2 with differences of 1e-6 keep their digits
 * repeats   same values, same answer
 * fails     a value that is not finite: nothing is taken
 * checked   tests/unit/test_peel.c: against removing one by one, ties, constant, shifted, scaled
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct math_peel_work {
  double value;
  uint32_t at;
};
/* out[i] 1 when v[i] was taken, else 0; returns how many. work: n. */
size_t math_peel(const double *v, size_t n, double theta, uint8_t *out,
                 struct math_peel_work *work);
