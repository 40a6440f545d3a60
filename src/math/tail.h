/* math/tail.h — how unlikely is so large a count: tails in logarithms, right also far out.
 *
 * gamma     ln Q(a, x), the upper tail of a gamma distribution with shape a and scale 1
 * poisson   ln P(K >= k), mean m
 * negbin    ln P(K >= k), mean m, variance v; v <= m (within rounding): Poisson
 * limit     the smallest T with P(K > T) < p
 * source    series and continued fraction of the incomplete gamma and beta functions (Abramowitz,
 *           Stegun 6.5.29, 6.5.31, 26.5.8; modified Lentz); P(Poisson >= k) = P(k, m), P(NB >= k)
 *           = I_q(k, size)
 * cost      O(sqrt of the larger argument) at worst, a few dozen terms usually; limit: times the
 *           logarithm of T. No allocation
 * precision 1e-10 relative in the logarithm below ln p = -700 as above
 * fails     m < 0, k == 0 and such: the obvious value (0 = ln 1, -infinity = ln 0). NaN stays NaN
 * checked   tests/unit/test_tail.c: against summing the terms one by one, far tails, monotonicity
 */
#pragma once
#include <stdint.h>

double math_gamma_ln_upper(double a, double x);
double math_poisson_ln_upper(uint64_t k, double m);
double math_negbin_ln_upper(uint64_t k, double m, double v);
uint64_t math_count_limit(double m, double v, double ln_p);
