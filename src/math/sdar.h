/* math/sdar.h — change points in one series, as they come: two stages of a discounting AR model.
 *
 * shapes    the state of a series is math_change_doubles() doubles, flat, all zero at the start:
 *           copying or storing them is saving it
 * units     the score is a logarithm of a density: it has the scale of ln(deviation of the first
 *           stage's losses). Compare it with its own past, or put ln(1 + x) in
 * step      x -> loss of SDAR -> mean of the last t1 losses -> loss of a second SDAR -> mean of the
 *           last t2. SDAR: mean, autocovariances and prediction error discounted by r; AR
 *           coefficients by the pseudo-inverse of the Toeplitz matrix (singular values below
 *           sqrt(eps) of the largest are nothing); the loss is taken with the new variance.
 *           The first `order` values of each stage only fill its memory, with loss 0
 * source    Yamanishi, Takeuchi: A Unifying Framework for Detecting Outliers and Change Points from
 *           Non-stationary Time Series Data, KDD 2002; initial values (zero) and means of shorter
 *           length at the start as in Dark-TRACER (ChangeFinder/2021_cpd.ipynb, commit 1babe59)
 * cost      O(order^3 + t1 + t2) a value; no allocation
 * repeats   same bits for the same series
 * fails     a variance below MATH_SDAR_FLOOR counts as that (a constant series has no change); a
 *           value that is not finite is taken as the one before
 * checked   tests/unit/test_sdar.c: against Dark-TRACER's real series to 1e-9, planted change,
 *           constant and huge series, state copied in the middle
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MATH_SDAR_ORDER = 8, MATH_CHANGE_SMOOTH = 64 };
#define MATH_SDAR_FLOOR 1e-12

struct math_change_conf {
  uint32_t order;  /* 1..MATH_SDAR_ORDER */
  double r;        /* discount, 0 < r < 1 */
  uint32_t t1, t2; /* 1..MATH_CHANGE_SMOOTH */
};
size_t math_sdar_doubles(uint32_t order);
/* The loss of x under what the series was before, with the variance after. */
double math_sdar_step(double *st, uint32_t order, double r, double x);
size_t math_change_doubles(const struct math_change_conf *c);
double math_change_step(double *st, const struct math_change_conf *c, double x);
/* Could these doubles be the state of a series? For states read back from a file. */
int math_change_valid(const double *st, const struct math_change_conf *c);
