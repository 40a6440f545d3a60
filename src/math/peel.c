/* Taking the largest away again and again: all prefixes of the sorted values, from short to long.
 */
#include "math/peel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int rising(const void *pa, const void *pb)
{
  const struct math_peel_work *a = pa, *b = pb;
  if (a->value < b->value || a->value > b->value) return a->value < b->value ? -1 : 1;
  return a->at < b->at ? -1 : a->at > b->at;
}

size_t math_peel(const double *v, size_t n, double theta, uint8_t *out, struct math_peel_work *work)
{
  if (n) memset(out, 0, n);
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(v[i])) return 0;
    work[i] = (struct math_peel_work){v[i], (uint32_t)i};
  }
  if (n < 3) return 0;
  qsort(work, n, sizeof *work, rising);
  double origin = work[0].value, scale = work[n - 1].value - origin, mean = 0, m2 = 0;
  if (!(scale > 0)) return 0;
  for (size_t k = 0; k < n; k++) { /* the variance of the k + 1 lowest takes the value's place */
    double x = work[k].value / scale - origin / scale, d = x - mean;
    mean += d / (double)(k + 1);
    m2 += d * (x - mean);
    work[k].value = m2 / (double)(k + 1);
  }
  size_t kept = n;
  while (kept > 2 && work[kept - 1].value > 0 &&
         work[kept - 2].value <= theta * work[kept - 1].value)
    out[work[--kept].at] = 1;
  return n - kept;
}
