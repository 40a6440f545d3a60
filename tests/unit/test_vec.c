/* Sums in lanes are held against sums of exact whole numbers, at every length around the lanes. */
#include "lib/t.h"
#include "math/vec.h"

static void dot_and_axpy(void **state)
{
  (void)state;
  double a[13] = {0}, b[13] = {0}, y[13];
  for (size_t n = 0; n <= 13; n++) {
    double want = 0;
    for (size_t i = 0; i < n; i++) {
      a[i] = (double)(i + 1);
      b[i] = (double)(3 * i) - 7;
      y[i] = (double)i;
      want += a[i] * b[i];
    }
    assert_true(math_dot(a, b, n) == want);
    math_axpy(y, -2, a, n);
    for (size_t i = 0; i < n; i++) assert_true(y[i] == (double)i - 2 * a[i]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(dot_and_axpy)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
