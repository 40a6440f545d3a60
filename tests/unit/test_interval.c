/* Intervals against numbers worked out elsewhere. */
#include "lib/t.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "math/interval.h"

static void near(double saw, double want)
{
  assert_true(fabs(saw - want) < 5e-5);
}

static void wilson(void **s)
{
  (void)s;
  struct math_interval w = math_wilson(0, 0);
  near(w.lo, 0);
  near(w.hi, 1);
  w = math_wilson(0, 10); /* z^2 / (n + z^2) = 3.8415 / 13.8415 */
  near(w.lo, 0);
  near(w.hi, 0.27753);
  w = math_wilson(10, 10);
  near(w.lo, 0.72247);
  near(w.hi, 1);
  w = math_wilson(90, 100); /* Newcombe 1998, table I */
  near(w.lo, 0.82563);
  near(w.hi, 0.94477);
  w = math_wilson(81, 263); /* the same, his first example: 0.2553 to 0.3662 */
  near(w.lo, 0.25528);
  near(w.hi, 0.36621);
}

/* Chi-square tables, halved: e.g. 0 gives -ln 0.025, 10 gives 4.7954 and 18.3904. */
static void poisson(void **s)
{
  (void)s;
  static const struct {
    uint64_t k;
    double lo, hi;
  } table[] = {{0, 0, 3.68888},           {1, 0.02532, 5.57164},   {2, 0.24221, 7.22469},
               {5, 1.62349, 11.66833},    {10, 4.79539, 18.39036}, {50, 37.11096, 65.91877},
               {100, 81.36399, 121.62679}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    struct math_interval m = math_poisson(table[i].k);
    near(m.lo, table[i].lo);
    near(m.hi, table[i].hi);
  }
  struct math_interval m = math_poisson(1000000); /* k -+ 1.96 sqrt k, and a little */
  assert_true(fabs(m.lo - 998041) < 2 && fabs(m.hi - 1001962) < 2);
}

static void medians(void **s)
{
  (void)s;
  double v[1000];
  for (int i = 0; i < 1000; i++) v[i] = i + 1;
  assert_true(isnan(math_median_interval(v, 0).lo));
  struct math_interval m = math_median_interval(v, 1);
  near(m.lo, 1);
  near(m.hi, 1);
  m = math_median_interval(v, 5); /* too few: 1 - 2 / 32 is below 95 % */
  near(m.lo, 1);
  near(m.hi, 5);
  m = math_median_interval(v, 6);
  near(m.lo, 1);
  near(m.hi, 6);
  m = math_median_interval(v, 9); /* P(fewer than 2 of 9) = 10 / 512 */
  near(m.lo, 2);
  near(m.hi, 8);
  m = math_median_interval(v, 20); /* tables: 6th and 15th */
  near(m.lo, 6);
  near(m.hi, 15);
  m = math_median_interval(v, 1000); /* 500 - 1.96 sqrt(1000) / 2 = 469.01 */
  near(m.lo, 469);
  near(m.hi, 532);
}

static int by_value(const void *pa, const void *pb)
{
  double a = *(const double *)pa, b = *(const double *)pb;
  return a < b ? -1 : a > b;
}

/* It covers what it promises: samples of a skewed distribution with a known median. */
static void medians_cover(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(7);
  int in = 0;
  for (int i = 0; i < 4000; i++) {
    double v[25];
    for (int k = 0; k < 25; k++) v[k] = prac_rng_exp(&r, 1);
    qsort(v, 25, sizeof v[0], by_value);
    struct math_interval m = math_median_interval(v, 25);
    in += m.lo <= log(2.0) && log(2.0) <= m.hi;
  }
  assert_in_range(in, 3800, 3900); /* 95.7 % by the binomial */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wilson),
      cmocka_unit_test(poisson),
      cmocka_unit_test(medians),
      cmocka_unit_test(medians_cover),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
