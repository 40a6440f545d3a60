/* Synchrony against its definition: all pairs, and all shifts drawn one by one. */
#include "lib/t.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/rng.h"
#include "lib/choice.h"
#include "math/sync.h"

enum { STEPS = 31, ROWS = 64, WORK = 256 };
typedef double series[STEPS];

static struct math_synced of(series *v, size_t rows, size_t steps)
{
  double work[WORK], entries[STEPS];
  uint32_t at[STEPS];
  struct math_sync s;
  assert_true(math_sync_work(steps) <= WORK);
  math_sync_init(&s, steps, work);
  for (size_t i = 0; i < rows; i++) {
    size_t n = 0;
    for (uint32_t t = 0; t < steps; t++)
      if (v[i][t] > 0 || v[i][t] < 0) at[n] = t, entries[n++] = v[i][t];
    math_sync_add(&s, at, entries, n);
  }
  return math_sync_said(&s, NULL);
}

/* Centred, of length 1; false: steady. */
static bool shape(const double *v, size_t steps, double *ret)
{
  double mean = 0, norm2 = 0;
  for (size_t t = 0; t < steps; t++) mean += v[t] / (double)steps;
  for (size_t t = 0; t < steps; t++) norm2 += (v[t] - mean) * (v[t] - mean);
  for (size_t t = 0; t < steps; t++) ret[t] = (v[t] - mean) / sqrt(norm2);
  return norm2 > 1e-9;
}
static double correlation(const double *a, const double *b, size_t steps, size_t lag)
{
  double r = 0;
  for (size_t t = 0; t < steps; t++) r += a[t] * b[(t + lag) % steps];
  return r;
}
static int as_defined(struct choice *in)
{
  series v[12] = {{0}}, u[12];
  size_t rows = choice_below(in, 13), n = 0, steps = 4 + choice_below(in, STEPS - 3);
  for (size_t i = 0; i < rows; i++)
    for (size_t t = 0; t < steps; t++)
      v[i][t] = choice_below(in, 3) ? 0 : (double)choice_below(in, 9);
  for (size_t i = 0; i < rows; i++) n += shape(v[i], steps, u[n]);
  double pairs = 0, variance = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      for (size_t lag = 0; i != j && lag < steps; lag++) {
        double r = correlation(u[i], u[j], steps, lag);
        if (lag == 0) pairs += r;
        variance += 2 * r * r / (double)steps;
      }
  struct math_synced got = of(v, rows, steps);
  if (got.rows != n || got.steady != rows - n) return 0;
  if (n < 2) return fabs(got.z) < 1e-12 && fabs(got.mean) < 1e-12;
  double nn = (double)n;
  return fabs(got.mean - pairs / (nn * (nn - 1))) < 1e-9 &&
         fabs(got.z - pairs / sqrt(variance)) < 1e-6 * (1 + fabs(got.z));
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("sync", as_defined, 3, 2000));
}

/* Rows that go their own way: z has mean 0 and deviation 1, and never comes near what a group has.
 */
static void alone_is_not_together(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(7);
  double sum = 0, squares = 0, worst = 0;
  for (int round = 0; round < 2000; round++) {
    static series v[ROWS];
    memset(v, 0, sizeof v);
    for (size_t i = 0; i < ROWS; i++) { /* one burst each, somewhere, of any length */
      size_t from = prac_rng_below(&r, 30), n = 1 + prac_rng_below(&r, 6);
      for (size_t k = 0; k < n; k++) v[i][(from + k) % 30] = 1 + (double)prac_rng_below(&r, 20);
    }
    double z = of(v, ROWS, 30).z;
    sum += z;
    squares += z * z;
    worst = fmax(worst, z);
  }
  assert_true(fabs(sum / 2000) < 0.1);
  assert_true(fabs(squares / 2000 - 1) < 0.15);
  assert_true(worst < 6);
}

/* 12 of 64 together, each of them only in half of the pulses. */
static void a_group_stands_out(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(8);
  static series v[ROWS], same[ROWS];
  memset(v, 0, sizeof v);
  for (size_t i = 0; i < ROWS; i++)
    for (size_t k = 0; k < 4; k++) {
      static const size_t pulse[] = {3, 4, 17, 26};
      if (i < 12 && prac_rng_below(&r, 2)) v[i][pulse[k]] = 5;
      if (i >= 12) v[i][prac_rng_below(&r, 30)] = 5;
    }
  struct math_synced all = of(v, ROWS, 30), group = of(v, 12, 30), rest = of(v + 12, ROWS - 12, 30);
  assert_true(group.mean > 0.3 && group.z > 12);
  assert_true(all.z > 4 && all.mean < group.mean);
  assert_true(fabs(rest.mean) < 0.03 && rest.z < 3);
  for (size_t i = 0; i < ROWS; i++) memcpy(same[i], v[12], sizeof same[i]);
  assert_true(fabs(of(same, ROWS, 30).mean - 1) < 1e-9);
}

static void edges(void **s)
{
  (void)s;
  series v[3] = {{0}, {1, 1, 1, 1}, {0, 0, 0, 1}};
  double work[WORK], bad[] = {1, (double)NAN}, huge[] = {1e200, 1}, far[] = {1, 1};
  uint32_t at[] = {0, 1}, outside[] = {0, 99};
  struct math_sync x;
  struct math_synced r = of(v, 0, 30);
  assert_true(r.rows == 0 && fabs(r.z) < 1e-12);
  r = of(v, 3, 4); /* nothing, steady, one */
  assert_true(r.rows == 1 && r.steady == 2 && fabs(r.z) < 1e-12);
  r = of(v, 3, 0);
  assert_true(fabs(r.z) < 1e-12);
  math_sync_init(&x, 30, work);
  math_sync_add(&x, at, bad, 2);
  math_sync_add(&x, at, huge, 2);
  math_sync_add(&x, outside, far, 2);
  r = math_sync_said(&x, NULL);
  assert_true(r.rows == 0 && r.steady == 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(properties),
                                 cmocka_unit_test(alone_is_not_together),
                                 cmocka_unit_test(a_group_stands_out), cmocka_unit_test(edges)};
  return cmocka_run_group_tests_name("sync", t, NULL, NULL);
}
