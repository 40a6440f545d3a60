/* A port's synchrony: what all do, what one port does, and where nothing can be said. */
#include "lib/t.h"

#include <math.h>

#include "base/rng.h"
#include "engine/instep.h"

enum { STEPS = 30, OTHERS = 2000, HOSTS = 60 };

/* There for a minute or two, at random, never in the steps of `gap`. */
static uint64_t visit(struct prac_rng *r, uint64_t gap)
{
  uint64_t m = 0;
  while (m == 0) m = UINT64_C(3) >> prac_rng_below(r, 2) << prac_rng_below(r, STEPS - 1) & ~gap;
  return m;
}
static struct eng_instep crowd(struct prac_rng *r, uint64_t gap)
{
  struct eng_instep all = {.steps = STEPS};
  for (int i = 0; i < OTHERS; i++) eng_instep_add(&all, visit(r, gap));
  return all;
}
static double chance(struct eng_instep *all, const uint64_t *mask, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) eng_instep_add(all, mask[i]);
  struct math_pulse p = eng_instep_port(all, mask, n);
  return eng_instep_chance(&p, 100);
}

/* Under the null, a hundred ports a window: no window in hundreds at 1 in 1000. */
static void chance_is_kept(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(3);
  uint64_t mask[HOSTS];
  int wrong = 0;
  for (int round = 0; round < 500; round++) {
    struct eng_instep all = crowd(&r, 0);
    for (int i = 0; i < HOSTS; i++) mask[i] = visit(&r, 0);
    wrong += chance(&all, mask, HOSTS) < -3;
  }
  assert_int_equal(wrong, 0);
}
static void a_gap_of_all_is_no_group_and_a_pulse_is(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(4);
  uint64_t mask[4 * HOSTS];
  struct eng_instep all = crowd(&r, 0xffff); /* deaf for 16 of 30 steps */
  for (int i = 0; i < 4 * HOSTS; i++) mask[i] = visit(&r, 0xffff);
  assert_true(chance(&all, mask, 4 * HOSTS) > -3);
  all = crowd(&r, 0);
  for (int i = 0; i < 4 * HOSTS; i++) mask[i] = i % 4 ? visit(&r, 0) : 0x1041;
  assert_true(chance(&all, mask, 4 * HOSTS) < -6);
}
/* A large group elsewhere makes all others look as if they were away together: they are not. */
static void a_large_group_elsewhere_is_none_here(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(5);
  uint64_t mask[HOSTS];
  struct eng_instep all = crowd(&r, 0);
  for (int i = 0; i < 2 * OTHERS; i++) eng_instep_add(&all, 0x1041);
  for (int i = 0; i < HOSTS; i++) mask[i] = visit(&r, 0);
  assert_true(chance(&all, mask, HOSTS) > -3);
}
static void where_nothing_can_be_said(void **s)
{
  (void)s;
  uint64_t mask[HOSTS];
  struct eng_instep all = {.steps = STEPS};
  for (int i = 0; i < HOSTS; i++) mask[i] = 0x1041;
  assert_true(chance(&all, mask, HOSTS) >= 0); /* nobody else: an outage would look the same */
  struct prac_rng r = prac_rng_of(6);
  all = crowd(&r, 0);
  assert_true(chance(&all, mask, ENG_INSTEP_LEAST - 1) >= 0);
  struct math_pulse none = {0};
  assert_true(eng_instep_chance(&none, 0) >= 0);
}
static void packets_are_counted_by_address(void **s)
{
  (void)s;
  struct eng_port_who who = {.packets = 9000, .sources = 60, .each = 1.5};
  assert_false(eng_instep_few(&who, 1.5));
  who.each = 1;
  assert_true(eng_instep_few(&who, 1.5));
  assert_false(eng_instep_few(&who, 0));
  who = (struct eng_port_who){0};
  assert_true(eng_instep_few(&who, 1.5));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chance_is_kept),
      cmocka_unit_test(a_gap_of_all_is_no_group_and_a_pulse_is),
      cmocka_unit_test(a_large_group_elsewhere_is_none_here),
      cmocka_unit_test(where_nothing_can_be_said),
      cmocka_unit_test(packets_are_counted_by_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
