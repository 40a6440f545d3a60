/* Peeling against doing it one by one, as written. */
#include "lib/t.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/choice.h"
#include "math/peel.h"

enum { MAX = 80 };
static double variance(const double *v, const uint8_t *gone, size_t n)
{
  double mean = 0, sum = 0, k = 0;
  for (size_t i = 0; i < n; i++)
    if (!gone[i]) mean += v[i], k++;
  mean /= k;
  for (size_t i = 0; i < n; i++)
    if (!gone[i]) sum += (v[i] - mean) * (v[i] - mean);
  return sum / k;
}
/* The published loop. */
static size_t slow(const double *v, size_t n, double theta, uint8_t *gone)
{
  memset(gone, 0, n);
  for (size_t taken = 0;; taken++) {
    size_t top = n;
    for (size_t i = 0; i < n; i++)
      if (!gone[i] && (top == n || v[i] >= v[top])) top = i;
    double before = n - taken > 2 ? variance(v, gone, n) : 0;
    if (!(before > 1e-22)) return taken;
    gone[top] = 1;
    double ratio = variance(v, gone, n) / before;
    if (fabs(ratio - theta) < 1e-9) return SIZE_MAX; /* too near to tell */
    if (ratio > theta) {
      gone[top] = 0;
      return taken;
    }
  }
}
static int same_as_slow(struct choice *in)
{
  double v[MAX];
  uint8_t a[MAX], b[MAX];
  struct math_peel_work w[MAX];
  size_t n = choice_below(in, MAX);
  uint32_t spread = 2 + choice_below(in, 2000);
  for (size_t i = 0; i < n; i++) {
    v[i] = choice_below(in, spread) * 1e-3;
    if (choice_below(in, 20) == 0) v[i] += choice_below(in, 100);
  }
  double theta = 0.9 + 0.001 * choice_below(in, 99);
  size_t want = slow(v, n, theta, a), got = math_peel(v, n, theta, b, w);
  return want == SIZE_MAX || (want == got && memcmp(a, b, n) == 0);
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("peel", same_as_slow, 7, 4000));
}
static void by_hand(void **s)
{
  (void)s;
  /* densities of 1e-2 that differ by 1e-7, and two slots that stand out */
  double v[40], w[40];
  uint8_t out[40];
  struct math_peel_work work[40];
  for (int i = 0; i < 40; i++) v[i] = 0.01 + 1e-7 * (i * 7 % 11);
  v[13] = 0.012;
  v[39] = 0.0135;
  /* at 0.9 the bulk itself loses nothing */
  assert_int_equal(math_peel(v, 40, 0.9, out, work), 2);
  assert_true(out[13] && out[39]);
  for (int i = 0; i < 40; i++) w[i] = 1e6 * v[i] + 5;
  assert_int_equal(math_peel(w, 40, 0.9, out, work), 2);
  for (int i = 0; i < 40; i++) w[i] = 4; /* constant */
  assert_int_equal(math_peel(w, 40, 0.98, out, work), 0);
  assert_int_equal(math_peel(w, 2, 0.98, out, work), 0);
  assert_int_equal(math_peel(w, 0, 0.98, out, work), 0);
  w[3] = (double)NAN;
  assert_int_equal(math_peel(w, 40, 0.98, out, work), 0);
  for (int i = 0; i < 40; i++) w[i] = i == 5 ? 1e300 : -1e300 * (i % 2); /* no overflow */
  (void)math_peel(w, 40, 0.98, out, work);
}
int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(properties), cmocka_unit_test(by_hand)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
