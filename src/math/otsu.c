/* Two running sums over the histogram. Bins of a gap, and mirrored ones of a symmetric heap, are
 * equally good: that must not hang on the last bit, so what differs by less than TIE is equal. */
#include "math/otsu.h"

#include <math.h>

static const double LEAST = 1e-10, TIE = 1e-12;

static size_t bin_of(double x)
{
  if (x >= 1) return MATH_OTSU_BINS - 1;
  double up = ceil(x * MATH_OTSU_BINS);
  return up < 1 ? 0 : (size_t)up - 1;
}
static double mid(size_t i)
{
  return ((double)i + 0.5) / MATH_OTSU_BINS;
}

struct math_otsu math_otsu(const double *v, size_t n, size_t stride)
{
  double count[MATH_OTSU_BINS] = {0}, all = 0, sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++)
    if (v[i * stride] > LEAST) count[bin_of(v[i * stride])] += 1;
  for (size_t i = 0; i < MATH_OTSU_BINS; i++) {
    all += count[i];
    sum += count[i] * mid(i);
    squares += count[i] * mid(i) * mid(i);
  }
  struct math_otsu r = {(double)NAN, (double)NAN, (size_t)all};
  double best = -1, w1 = 0, m1 = 0;
  size_t first = 0, last = 0;
  for (size_t i = 0; i < MATH_OTSU_BINS; i++) {
    w1 += count[i];
    m1 += count[i] * mid(i);
    double w2 = all + count[i] - w1, m2 = sum + count[i] * mid(i) - m1;
    if (!(w1 > 0) || !(w2 > 0)) continue;
    double apart = m2 / w2 - m1 / w1, between = w1 * w2 * apart * apart;
    if (between < best * (1 - TIE)) continue;
    last = i;
    if (between <= best * (1 + TIE)) continue;
    first = i;
    best = between;
  }
  if (best < 0) return r;
  r.level = (mid(first) + mid(last)) / 2;
  /* between = w1 w2 (m2 - m1)^2 is all^2 times the variance between, where the bin counts once */
  double spread = all * squares - sum * sum;
  r.share = spread > 0 && best > 0 ? fmin(1, best / spread) : 0;
  return r;
}
