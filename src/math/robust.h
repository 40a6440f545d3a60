/* math/robust.h — what is usual, and how unusual is this: median, MAD and z of small samples.
 *
 * median    of n values: the mean of the two in the middle when n is even
 * himedian  the element at n / 2 in rising order: for counts it is one of the counts, and of two
 *           middles the larger, so a rise must be against the higher of both
 * MAD       himedian of |x - himedian|; 1.4826 of it is the deviation of a normal sample
 * z         (x - median) / (1.4826 MAD + floor): floor keeps a flat history from dividing by zero,
 *           and says how much change is nothing
 * source    Rousseeuw, Croux: Alternatives to the Median Absolute Deviation, JASA 88, 1993 (himed)
 * cost      O(n) on average, in place; no allocation
 * fails     n == 0 and NaN among the values: NaN
 */
#pragma once
#include <stddef.h>

struct math_usual {
  double median, mad; /* himedians */
};
double math_median(double *v, size_t n);   /* reorders v */
double math_himedian(double *v, size_t n); /* reorders v */
/* work: n doubles */
struct math_usual math_usual_of(const double *v, size_t n, double *work);
double math_robust_z(double x, struct math_usual u, double floor);
