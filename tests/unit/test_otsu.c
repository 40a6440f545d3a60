/* Otsu's threshold against direct sums over every split, and on values made to break it. */
#include "lib/t.h"

#include <math.h>
#include <stdbool.h>

#include "lib/choice.h"
#include "math/otsu.h"

enum { BINS = MATH_OTSU_BINS };

static bool near(double a, double b)
{
  return fabs(a - b) <= 1e-12 * (1 + fabs(b));
}
/* The definition, value by value: no running sums, no early leaving. */
static double slow(const double *v, size_t n)
{
  double best = -1, first = 0, last = 0;
  for (int i = 0; i < BINS; i++) {
    double w[2] = {0}, m[2] = {0};
    for (size_t k = 0; k < n; k++) {
      if (!(v[k] > 1e-10)) continue;
      double x = v[k] > 1 ? 1 : v[k];
      int bin = 0;
      while (bin < BINS - 1 && x > (bin + 1.0) / BINS) bin++;
      double mid = (bin + 0.5) / BINS;
      if (bin <= i) w[0]++, m[0] += mid;
      if (bin >= i) w[1]++, m[1] += mid;
    }
    if (w[0] < 1 || w[1] < 1) continue;
    double apart = m[1] / w[1] - m[0] / w[0], between = w[0] * w[1] * apart * apart;
    if (between > best * (1 + 1e-12)) first = i, best = between;
    if (between >= best * (1 - 1e-12)) last = i;
  }
  return best < 0 ? (double)NAN : ((first + 0.5) / BINS + (last + 0.5) / BINS) / 2;
}
static int as_defined(struct choice *in)
{
  double v[64];
  size_t n = choice_below(in, 64);
  uint32_t kinds = 1 + choice_below(in, 300);
  for (size_t i = 0; i < n; i++) v[i] = choice_below(in, kinds) / 256.0 / (1 + choice_below(in, 2));
  struct math_otsu got = math_otsu(v, n, 1);
  double want = slow(v, n);
  if (isnan(want)) return isnan(got.level) && got.n == 0;
  return near(got.level, want) && got.share >= 0 && got.share <= 1;
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("otsu", as_defined, 5, 3000));
}

/* By hand: 3 values in bin 25 (0.1 * 256 = 25.6) and 2 in bin 230: bins 26..229 are equally good,
 * so the level is the middle of the mids of 26 and 229: (26.5 + 229.5) / 2 / 256 = 0.5. */
static void gap(void **s)
{
  (void)s;
  double v[] = {0.1, 0.1, 0.1, 0.9, 0.9};
  struct math_otsu r = math_otsu(v, 5, 1);
  assert_true(near(r.level, 0.5));
  assert_true(r.share > 0.999);
  double column[] = {0.1, 7, 0.1, 7, 0.1, 7, 0.9, 7, 0.9, 7};
  assert_true(near(math_otsu(column, 5, 2).level, 0.5));
}
static void edges(void **s)
{
  (void)s;
  double none[] = {0, -1, 1e-11, (double)NAN, (double)-INFINITY}, one[] = {1};
  double same[] = {0.5, 0.5, 0.5}, wild[] = {1e300, (double)INFINITY, 0.01, 0.01};
  assert_true(isnan(math_otsu(none, 0, 1).level));
  struct math_otsu r = math_otsu(none, 5, 1);
  assert_true(isnan(r.level) && isnan(r.share));
  assert_int_equal(r.n, 0);
  assert_true(near(math_otsu(one, 1, 1).level, 255.5 / 256)); /* the largest is always high */
  r = math_otsu(same, 3, 1);
  assert_true(near(r.level, 127.5 / 256));
  assert_true(r.share < 1e-12);
  r = math_otsu(wild, 4, 1);
  assert_true(r.level > 0.4 && r.level < 0.6);
  assert_int_equal(r.n, 4);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(properties), cmocka_unit_test(gap),
                                 cmocka_unit_test(edges)};
  return cmocka_run_group_tests_name("otsu", t, NULL, NULL);
}
