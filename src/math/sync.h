/* math/sync.h — do many series rise and fall together, more than chance would have it?
 *
 * series    rows over `steps` common steps, given by their entries that are not 0; each counts by
 *           its shape alone: centred, of length 1. One without a shape (all steps alike) is steady
 * mean      correlation of a pair of rows, the mean over all pairs: 0 when each goes its own way, 1
 *           when all are alike
 * z         against "every row is shifted by its own random number of steps, around the end": then
 *           D = |sum of rows|^2 has mean n and variance 2 (sum of P(f)^2 - sum over rows of p(f)^2)
 *           over all frequencies f, p the power spectrum of a row, P of all: no shift is drawn.
 * What every row does by itself (bursts, daily shape) is in its spectrum, so it cannot seem common.
 * For a few rows D is skewed: demand a large z source    Ours; the identity is Parseval's, the idea
 * of shifting circularly as in Harrison, Geman: A Rate and History-Preserving Resampling Algorithm
 * for Neural Spike Trains, 2009 cost      entries * steps / 2 a row; math_sync_work(steps) doubles,
 * the caller's fails     fewer than 2 rows with a shape, or 4 steps: mean and z are 0. Rows with an
 * entry that is not finite, or outside the steps, are left out checked   tests/unit/test_sync.c:
 * against drawn shifts, pairs one by one, and planted groups
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct math_sync {
  size_t steps, waves; /* waves: frequencies 1 .. steps / 2 */
  double *sum, *power, *square, *cosine, *sine, *re, *im;
  double offset;
  size_t rows, steady;
};
struct math_synced {
  size_t rows, steady;
  double mean, z;
};
size_t math_sync_work(size_t steps);
void math_sync_init(struct math_sync *s, size_t steps, double *work);
void math_sync_add(struct math_sync *s, const uint32_t *at, const double *v, size_t n);
/* The mean row: steps doubles, adding up to 0. */
void math_sync_profile(const struct math_sync *s, double *ret);
/* common: a profile of length 1 (or of 0s), of which every row is rid first; NULL: none. */
struct math_synced math_sync_said(const struct math_sync *s, const double *common);
