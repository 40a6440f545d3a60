/* math/interval.h — 95 % intervals for what is counted and for medians.
 *
 * wilson    of a proportion k of n; never outside 0..1, right also for k = 0 and k = n
 *           (Wilson, JASA 22, 1927). n == 0: 0..1
 * poisson   of the mean of a count k: both ends exact (Garwood, Biometrika 28, 1936). Divide by the
 *           time watched for events a day
 * median    of n sorted values: two of them between which the median lies with at least 95 %,
 *           whatever the distribution (order statistics, binomial). Below 6 values there are none:
 *           the outermost are given
 * cost      O(1); O(sqrt(k)); O(n); no allocation
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct math_interval {
  double lo, hi;
};
struct math_interval math_wilson(uint64_t k, uint64_t n);
struct math_interval math_poisson(uint64_t k);
struct math_interval math_median_interval(const double *sorted, size_t n);
