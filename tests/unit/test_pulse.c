/* Synchrony: how often it is claimed of hosts that know nothing of each other, and that what is
 * planted is found. */
#include "lib/t.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "math/pulse.h"

enum { STEPS = 12, HOSTS = 200 };

/* A burst of its own somewhere: one to five steps on. */
static uint64_t lonely(struct prac_rng *r)
{
  uint64_t m = (UINT64_C(1) << (1 + prac_rng_below(r, 5))) - 1;
  unsigned by = (unsigned)prac_rng_below(r, STEPS);
  return ((m << by) | (m >> (STEPS - by))) & 0xfff;
}
static void false_alarms(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(1);
  uint64_t m[HOSTS];
  int above[3] = {0}, rounds = 20000;
  for (int round = 0; round < rounds; round++) {
    size_t n = 10 + prac_rng_below(&r, HOSTS - 10);
    for (size_t i = 0; i < n; i++) m[i] = lonely(&r);
    double p = math_pulse_of(m, n, STEPS, NULL, 0).log10_p;
    for (int k = 0; k < 3; k++) above[k] += p < -(k + 1);
  }
  /* the bound is above the true tail: fewer than promised, and not absurdly fewer */
  assert_true(above[0] < rounds / 10 && above[0] > rounds / 1000);
  assert_true(above[1] < rounds / 100);
  assert_true(above[2] <= rounds / 1000);
}
static void planted(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(2);
  uint64_t m[HOSTS];
  for (size_t i = 0; i < HOSTS; i++) {
    m[i] = lonely(&r);
    if (i % 4 == 0) m[i] = 0x044 | (prac_rng_below(&r, 2) ? 0x800 : 0); /* a quarter pulses */
  }
  struct math_pulse x = math_pulse_of(m, HOSTS, STEPS, NULL, 0);
  assert_true(x.log10_p < -6 && x.lift > 2.5);
  for (size_t i = 0; i < HOSTS; i++)
    m[i] = (m[i] << 5 | m[i] >> 7) & 0xfff; /* all turned: the same */
  struct math_pulse y = math_pulse_of(m, HOSTS, STEPS, NULL, 0);
  assert_true(fabs(x.log10_p - y.log10_p) < 1e-9);
  for (size_t i = 0; i < HOSTS / 2; i++) { /* permuted: the same bits */
    uint64_t t = m[i];
    m[i] = m[HOSTS - 1 - i];
    m[HOSTS - 1 - i] = t;
  }
  struct math_pulse z = math_pulse_of(m, HOSTS, STEPS, NULL, 0);
  assert_memory_equal(&y, &z, sizeof y);
}
/* What everybody does is not synchrony. */
static void outage(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(3);
  uint64_t m[HOSTS];
  double all[STEPS] = {0};
  for (size_t i = 0; i < HOSTS; i++) m[i] = lonely(&r) & ~UINT64_C(0x0f0); /* nothing heard */
  for (size_t k = 0; k < 20000; k++) {
    uint64_t o = lonely(&r) & ~UINT64_C(0x0f0);
    for (unsigned t = 0; t < STEPS; t++) all[t] += (double)(o >> t & 1);
  }
  assert_true(math_pulse_of(m, HOSTS, STEPS, NULL, 0).log10_p < -8);
  double steps = 0;
  for (unsigned t = 0; t < STEPS; t++) steps += all[t];
  assert_true(math_pulse_of(m, HOSTS, STEPS, all, steps).log10_p > -3);
}
/* Hosts that come often, and few others that come once: what these do says little of what to
 * expect. */
static void a_profile_of_few_errs(void **s)
{
  enum { FEW = 100, ROUNDS = 2000 };
  (void)s;
  struct prac_rng r = prac_rng_of(4);
  uint64_t m[HOSTS];
  int above = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double few[STEPS] = {0};
    for (size_t i = 0; i < HOSTS; i++) {
      unsigned by = (unsigned)prac_rng_below(&r, STEPS);
      m[i] = (UINT64_C(0x03f) << by | UINT64_C(0x03f) >> (STEPS - by)) & 0xfff;
    }
    for (int k = 0; k < FEW; k++) few[prac_rng_below(&r, STEPS)] += 1;
    above += math_pulse_of(m, HOSTS, STEPS, few, FEW).log10_p < -3;
  }
  assert_true(above <= ROUNDS / 500);
}
static void silent(void **s)
{
  (void)s;
  uint64_t always[30], never[30] = {0};
  for (size_t i = 0; i < 30; i++) always[i] = 0xfff;
  assert_true(math_pulse_of(always, 30, STEPS, NULL, 0).log10_p >= 0);
  assert_true(math_pulse_of(never, 30, STEPS, NULL, 0).log10_p >= 0);
  assert_true(math_pulse_of(never, 0, STEPS, NULL, 0).log10_p >= 0);
  assert_true(math_pulse_of(always, 30, 0, NULL, 0).log10_p >= 0);
  assert_true(math_pulse_of(always, 30, 65, NULL, 0).log10_p >= 0);
}
int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(false_alarms), cmocka_unit_test(planted), cmocka_unit_test(outage),
      cmocka_unit_test(a_profile_of_few_errs), cmocka_unit_test(silent)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
