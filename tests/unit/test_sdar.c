/* Change points: Dark-TRACER's own series and alerts, planted changes, series without any. */
#include "lib/t.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/choice.h"
#include "math/sdar.h"

enum { SLOTS = 432, IGNORED = 15 };
static const struct math_change_conf nict = {.order = 2, .r = 0.005, .t1 = 10, .t2 = 5};

struct golden {
  char at[16];
  double packets, hosts, score_packets, score_hosts;
};
static int golden(struct golden *g)
{
  char path[512];
  const char *root = getenv("PRACTICE_SOURCE");
  (void)snprintf(path, sizeof path, "%s/tests/golden/changefinder.csv", root ? root : ".");
  FILE *f = fopen(path, "r");
  char line[256];
  int n = 0;
  assert_non_null(f);
  while (fgets(line, sizeof line, f)) {
    if (line[0] == '#') continue;
    assert_true(n < SLOTS);
    char *p = line + 12;
    memcpy(g[n].at, line, 12);
    double *to[] = {&g[n].packets, &g[n].hosts, &g[n].score_packets, &g[n].score_hosts};
    for (int i = 0; i < 4; i++) *to[i] = strtod(p + 1, &p);
    n++;
  }
  (void)fclose(f);
  return n;
}

/* Where either score passes 3, as published with the series. */
static const char *const alerts[] = {"201906010230", "201906010240", "201906010250", "201906010300",
                                     "201906010310", "201906030110", "201906030120", "201906030130",
                                     "201906030140", "201906030150", "201906030250", "201906030300",
                                     "201906030310", "201906030320", "201906030330"};

static void dark_tracers_series(void **s)
{
  (void)s;
  static struct golden g[SLOTS];
  assert_int_equal(golden(g), SLOTS);
  double a[128] = {0}, b[128] = {0};
  assert_true(math_change_doubles(&nict) <= 128);
  size_t n = 0;
  for (int i = 0; i < SLOTS; i++) {
    double p = math_change_step(a, &nict, g[i].packets);
    double h = math_change_step(b, &nict, g[i].hosts);
    assert_true(fabs(p - g[i].score_packets) <= 1e-9);
    assert_true(fabs(h - g[i].score_hosts) <= 1e-9);
    if (i < IGNORED || (p <= 3 && h <= 3)) continue;
    assert_true(n < 15);
    assert_string_equal(g[i].at, alerts[n++]);
  }
  assert_int_equal(n, 15);
  assert_true(math_change_valid(a, &nict));
}

/* Noise of width 1 around a level that jumps by 8: the highest score comes right after the jump.
 * What the model must learn first (its mean starts at zero) is over by then. */
static int jump_is_found(struct choice *in)
{
  const struct math_change_conf c = {.order = 2, .r = 0.02, .t1 = 5, .t2 = 3};
  double st[64] = {0}, best = -1e9;
  int at = 300 + (int)choice_below(in, 200), best_at = 0;
  uint64_t x = choice_below(in, 1000000) + 1;
  for (int i = 0; i < 600; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    double v = 5 + (double)(x >> 40) / (1 << 24) + (i >= at ? 8 : 0);
    double score = math_change_step(st, &c, v);
    if (i >= 250 && score > best) {
      best = score;
      best_at = i;
    }
  }
  return best_at >= at && best_at <= at + 12;
}
static void planted(void **s)
{
  (void)s;
  assert_true(prop_check("a jump", jump_is_found, 7, 300));
}

static void flat_and_wild_series(void **s)
{
  (void)s;
  static const double values[] = {0, 1, 1e-200, 1e9, 1.7e308};
  for (size_t k = 0; k < sizeof values / sizeof *values; k++)
    for (uint32_t order = 1; order <= MATH_SDAR_ORDER; order++) {
      const struct math_change_conf c = {.order = order, .r = 0.02, .t1 = 5, .t2 = 3};
      double st[128] = {0};
      for (int i = 0; i < 2000; i++) assert_true(isfinite(math_change_step(st, &c, values[k])));
      assert_true(isfinite(math_change_step(st, &c, (double)NAN)));
      assert_true(isfinite(math_change_step(st, &c, -(double)INFINITY)));
      assert_true(isfinite(math_change_step(st, &c, 1e99)));
      assert_true(math_change_valid(st, &c));
    }
}

/* An AR(2) series is predicted: the loss falls to that of its noise. */
static void ar_is_learnt(void **s)
{
  (void)s;
  double st[16] = {0}, x1 = 0, x2 = 0, loss = 0;
  uint64_t u = 99;
  for (int i = 0; i < 40000; i++) {
    double e = 0;
    for (int k = 0; k < 12; k++) { /* nearly normal, variance 1 */
      u = u * 6364136223846793005u + 1442695040888963407u;
      e += (double)(u >> 40) / (1 << 24) - 0.5;
    }
    double x = 1.2 * x1 - 0.6 * x2 + e;
    double l = math_sdar_step(st, 2, 0.002, x);
    if (i >= 20000) loss += l / 20000;
    x2 = x1;
    x1 = x;
  }
  assert_true(fabs(loss - 0.5 * (log(6.283185307179586) + 1)) < 0.02);
}

static void the_state_is_all_there_is(void **s)
{
  (void)s;
  double a[64] = {0}, b[64];
  size_t n = math_change_doubles(&nict);
  for (int i = 0; i < 50; i++) (void)math_change_step(a, &nict, i % 7);
  memcpy(b, a, n * sizeof *a);
  for (int i = 0; i < 50; i++) {
    double x = math_change_step(a, &nict, i % 5), y = math_change_step(b, &nict, i % 5);
    assert_memory_equal(&x, &y, sizeof x);
  }
  b[0] = (double)NAN;
  assert_false(math_change_valid(b, &nict));
  a[1] = 3; /* more seen than the order */
  assert_false(math_change_valid(a, &nict));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(dark_tracers_series),       cmocka_unit_test(planted),
      cmocka_unit_test(flat_and_wild_series),      cmocka_unit_test(ar_is_learnt),
      cmocka_unit_test(the_state_is_all_there_is),
  };
  return cmocka_run_group_tests_name("sdar", t, NULL, NULL);
}
