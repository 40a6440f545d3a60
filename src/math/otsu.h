/* math/otsu.h — where a heap of values splits into low and high: Otsu's threshold on [0, 1].
 *
 * bins      256 equal ones, each with its upper bound; values above 1 count as 1
 * level     of a split at bin i, the bin in both classes: w1 and w2 values, means m1 and m2;
 *           between(i) = w1 w2 (m2 - m1)^2; the middle between the first and the last best bin,
 *           so a gap is split in its middle. "High" is value >= level
 * left out  values <= 1e-10 (zeros of a factor) and NaN
 * source    Otsu: A Threshold Selection Method from Gray-Level Histograms, IEEE Trans. SMC 9, 1979;
 *           bin in both classes and first/last: as Dark-NTD counts (Kanehara et al., SAC 2019)
 * cost      O(n + 256); no allocation
 * fails     nothing left to split: level and share are NaN (so nothing is >= level)
 * checked   tests/unit/test_otsu.c: direct sums over all splits, gaps, one value, hostile values
 */
#pragma once
#include <stddef.h>

enum { MATH_OTSU_BINS = 256 };
struct math_otsu {
  double level;
  double share; /* of the values' variance that lies between the two sides: 0..1 */
  size_t n;     /* values that took part */
};
/* v[0], v[stride], ..., n of them. */
struct math_otsu math_otsu(const double *v, size_t n, size_t stride);
