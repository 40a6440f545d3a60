/* Medians against sorting, and the values of the reference rule on real counts. */
#include "lib/t.h"

#include <math.h>
#include <stdlib.h>

#include "base/attr.h"
#include "lib/choice.h"
#include "math/robust.h"

static int rising(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
static int same_as_sorting(struct choice *in)
{
  double v[64], s[64], w[64];
  size_t n = 1 + choice_below(in, 64);
  uint32_t spread = 1 + choice_below(in, 1000); /* few different values: many ties */
  for (size_t i = 0; i < n; i++) s[i] = v[i] = (double)choice_below(in, spread) - 20;
  qsort(s, n, sizeof *s, rising);
  struct math_usual u = math_usual_of(v, n, w);
  double want_mad[64];
  for (size_t i = 0; i < n; i++) want_mad[i] = fabs(v[i] - s[n / 2]);
  qsort(want_mad, n, sizeof *want_mad, rising);
  for (size_t i = 0; i < n; i++) w[i] = v[i];
  double even = n % 2 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
  return !(u.median < s[n / 2]) && !(u.median > s[n / 2]) && !(u.mad < want_mad[n / 2]) &&
         !(u.mad > want_mad[n / 2]) && fabs(math_median(w, n) - even) < 1e-9;
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("medians", same_as_sorting, 5, 5000));
}
static void edges(void **s)
{
  (void)s;
  double one[] = {7}, nan[] = {1, (double)NAN, 2}, sorted[1000], w[1000];
  assert_true(isnan(math_himedian(one, 0)));
  assert_true(isnan(math_median(nan, 3)));
  assert_true(fabs(math_median(one, 1) - (7)) < 1e-12);
  for (int i = 0; i < 1000; i++) sorted[i] = i;
  struct math_usual u = math_usual_of(sorted, 1000, w);
  assert_true(fabs(u.median - (500)) < 1e-12);
  assert_true(fabs(u.mad - (250)) < 1e-12);
  assert_true(fabs(math_robust_z(24, (struct math_usual){0, 0}, 1) - (24)) < 1e-12);
  assert_true(fabs(math_robust_z(10, (struct math_usual){4, 2}, 1) - (6 / (2 * 1.4826 + 1))) <
              1e-12);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(properties), cmocka_unit_test(edges)};
  return cmocka_run_group_tests_name("robust", t, NULL, NULL);
}
