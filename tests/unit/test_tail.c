/* Tails of counts against sums of their terms, and against each other where they meet. */
#include "lib/t.h"

#include <math.h>

#include "lib/choice.h"
#include "math/tail.h"

static int close_to(double got, double want)
{
  return fabs(got - want) <= 1e-9 * (1 + fabs(want)) || (isinf(got) && isinf(want));
}

/* ln of the sum of terms from k on, in long double, each from its logarithm. */
static double slow_poisson(uint64_t k, double mean)
{
  long double m = (long double)mean;
  long double sum = 0, first = 0;
  for (uint64_t i = k; i < k + 20000; i++) {
    long double l = (long double)i * logl(m) - m - lgammal((long double)i + 1);
    if (i == k) first = l;
    long double t = expl(l - first);
    sum += t;
    if ((long double)i > m && t < sum * 1e-22L) break;
  }
  return (double)(first + logl(sum));
}
static double slow_negbin(uint64_t k, double mean, double variance)
{
  long double m = (long double)mean, v = (long double)variance;
  long double size = m * m / (v - m), lp = logl(m / v);
  long double lq = logl((v - m) / v), sum = 0, first = 0;
  for (uint64_t i = k; i < k + 400000; i++) {
    long double x = (long double)i;
    long double l = lgammal(x + size) - lgammal(size) - lgammal(x + 1) + size * lp + x * lq;
    if (i == k) first = l;
    long double t = expl(l - first);
    sum += t;
    if ((long double)i > m && t < sum * 1e-22L) break;
  }
  return (double)(first + logl(sum));
}

static int poisson_is_the_sum(struct choice *in)
{
  double m = exp((double)choice_below(in, 1400) / 100 - 7); /* 0.001 .. 1100 */
  uint64_t k = choice_below(in, (uint32_t)(3 * m) + 30);
  return close_to(math_poisson_ln_upper(k, m), k == 0 ? 0 : slow_poisson(k, m));
}
static int negbin_is_the_sum(struct choice *in)
{
  double m = exp((double)choice_below(in, 1100) / 100 - 6);
  double v = m * (1 + exp((double)choice_below(in, 900) / 100 - 5));
  uint64_t k = choice_below(in, (uint32_t)(4 * m) + 40);
  return close_to(math_negbin_ln_upper(k, m, v), k == 0 ? 0 : slow_negbin(k, m, v));
}
static void sums(void **s)
{
  (void)s;
  assert_true(prop_check("Poisson", poisson_is_the_sum, 3, 2000));
  assert_true(prop_check("negative binomial", negbin_is_the_sum, 5, 2000));
}

static void far_tails_and_large_means(void **s)
{
  (void)s;
  assert_true(close_to(math_poisson_ln_upper(2000, 10), slow_poisson(2000, 10)));
  assert_true(math_poisson_ln_upper(2000, 10) < -8000);
  assert_true(close_to(math_negbin_ln_upper(5000, 10, 40), slow_negbin(5000, 10, 40)));
  assert_true(fabs(math_poisson_ln_upper(1000000, 1e6) - log(0.5)) < 1e-3);
  assert_true(math_poisson_ln_upper(UINT64_C(1) << 40, 1e12) < -1e9);
  assert_true(close_to(math_poisson_ln_upper(1, 1e-12), log(1e-12)));
  assert_true(isfinite(math_negbin_ln_upper(1000000, 100, 1e8)));
}

/* exp(-x) for shape 1; erfc for shape 1/2; the recurrence Q(a+1,x) = Q(a,x) + x^a e^-x / G(a+1). */
static int gamma_is_known_ones(struct choice *in)
{
  double x = exp((double)choice_below(in, 1100) / 100 - 6);
  double a = exp((double)choice_below(in, 900) / 100 - 3);
  if (!close_to(math_gamma_ln_upper(1, x), -x)) return 0;
  if (x < 300 && !close_to(math_gamma_ln_upper(0.5, x), log(erfc(sqrt(x))))) return 0;
  double q = math_gamma_ln_upper(a, x), q1 = math_gamma_ln_upper(a + 1, x);
  double t = a * log(x) - x - lgamma(a + 1);
  if (q1 < -600) return q <= q1;
  return fabs(exp(q) + exp(t) - exp(q1)) <= 1e-9 * exp(q1);
}
static void gammas(void **s)
{
  (void)s;
  assert_true(prop_check("gamma", gamma_is_known_ones, 9, 3000));
}

static int limit_is_the_first(struct choice *in)
{
  double m = exp((double)choice_below(in, 1200) / 100 - 6);
  double v = choice_u8(in) & 1 ? m : m * (1 + (double)choice_below(in, 100));
  double ln_p = -1 - (double)choice_below(in, 40);
  uint64_t t = math_count_limit(m, v, ln_p);
  if (math_negbin_ln_upper(t + 1, m, v) >= ln_p) return 0;
  return t == 0 || math_negbin_ln_upper(t, m, v) >= ln_p;
}
static void limits(void **s)
{
  (void)s;
  assert_true(prop_check("limit", limit_is_the_first, 11, 2000));
  assert_int_equal(math_count_limit(0, 0, -20), 0);
  assert_int_equal(math_count_limit(-1, 5, -20), 0);
}

static void edges(void **s)
{
  (void)s;
  assert_true(close_to(math_poisson_ln_upper(0, 0), 0));
  assert_true(isinf(math_poisson_ln_upper(1, 0)));
  assert_true(isinf(math_negbin_ln_upper(1, 0, 5)));
  assert_true(close_to(math_negbin_ln_upper(0, 3, 5), 0));
  assert_true(close_to(math_gamma_ln_upper(3, 0), 0));
  assert_true(isinf(math_gamma_ln_upper(3, (double)INFINITY)));
  assert_true(isnan(math_gamma_ln_upper((double)NAN, 1)));
  assert_true(isnan(math_poisson_ln_upper(3, (double)NAN)));
  assert_true(isnan(math_negbin_ln_upper(3, 1, (double)NAN)));
  /* variance below the mean, and just above: Poisson */
  assert_true(close_to(math_negbin_ln_upper(9, 3, 1), math_poisson_ln_upper(9, 3)));
  assert_true(fabs(math_negbin_ln_upper(9, 3, 3.0003) - math_poisson_ln_upper(9, 3)) < 1e-2);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(sums), cmocka_unit_test(far_tails_and_large_means), cmocka_unit_test(gammas),
      cmocka_unit_test(limits), cmocka_unit_test(edges)};
  return cmocka_run_group_tests_name("tail", t, NULL, NULL);
}
