/* The clock of a capture: set back, set right, two in one file, strays, no order at all. */
#include "lib/t.h"

#include <stdbool.h>

#include "base/rng.h"
#include "capture/clock.h"

static const prac_time T = INT64_C(1375876800) * PRAC_SEC;

static void a_file_in_order_keeps_its_times(void **s)
{
  (void)s;
  struct cap_clock c = {0};
  struct prac_rng r = prac_rng_of(1);
  prac_time at = T;
  for (int i = 0; i < 10000; i++) {
    at += (int64_t)prac_rng_below(&r, i % 100 ? 2 * PRAC_SEC : PRAC_HOUR);
    prac_time swapped = at - (int64_t)prac_rng_below(&r, 29 * PRAC_SEC); /* late, not set back */
    assert_true(cap_clock_tell(&c, i % 7 ? at : swapped) == (i % 7 ? at : swapped));
  }
  assert_true(c.backs == 0 && c.moved == 0);
}
static void what_was_set_back_goes_on(void **s)
{
  (void)s;
  struct cap_clock c = {0};
  for (int i = 0; i < 600; i++)
    assert_true(cap_clock_tell(&c, T + i * PRAC_SEC) == T + i * PRAC_SEC);
  /* three hours back, for five hours, and once more: nothing is told twice, nothing is lost */
  prac_time was = c.newest;
  for (int i = 0; i < 18000; i++)
    assert_true(cap_clock_tell(&c, T + (i - 10800) * PRAC_SEC) == was + i * PRAC_SEC);
  was = c.newest;
  for (int i = 0; i < 600; i++)
    assert_true(cap_clock_tell(&c, T + (i - 86400) * PRAC_SEC) == was + i * PRAC_SEC);
  assert_true(c.backs == 2 && c.moved == 18600);
  assert_true(c.most_ns == was - (T - 86400 * PRAC_SEC));
}
static void what_was_set_right_is_right(void **s)
{
  (void)s;
  struct cap_clock c = {0};
  for (int i = 0; i < 600; i++) (void)cap_clock_tell(&c, T + i * PRAC_SEC);
  for (int i = 600; i < 1200; i++)
    assert_true(cap_clock_tell(&c, T + i * PRAC_SEC - PRAC_HOUR) == T + (i - 1) * PRAC_SEC);
  for (int i = 1200; i < 1800; i++)
    assert_true(cap_clock_tell(&c, T + i * PRAC_SEC) == T + i * PRAC_SEC);
  assert_true(c.backs == 1 && c.moved == 600);
}
static void a_stray_packet_moves_itself_only(void **s)
{
  (void)s;
  struct cap_clock c = {0};
  struct prac_rng r = prac_rng_of(2);
  for (int i = 0; i < 6000; i++) {
    prac_time at = T + i * PRAC_SEC, stray = at - PRAC_MIN - (int64_t)prac_rng_below(&r, PRAC_DAY);
    assert_true(cap_clock_tell(&c, at) == at);
    if (i % 200 == 50) assert_true(cap_clock_tell(&c, stray) == at);
    if (i % 400 == 50) assert_true(cap_clock_tell(&c, stray - 2 * PRAC_DAY) == at);
  }
  assert_true(c.backs <= 45 && c.moved == 45);
}
/* Merged without an eye on the time: each of the two goes on by its own clock. */
static void two_clocks_go_side_by_side(void **s)
{
  (void)s;
  struct cap_clock c = {0};
  struct prac_rng r = prac_rng_of(3);
  for (int i = 0; i < 10000; i++) {
    prac_time at = T + i * PRAC_SEC;
    bool other = i && prac_rng_below(&r, 2);
    prac_time told = cap_clock_tell(&c, other ? at - 7 * PRAC_HOUR : at);
    assert_true(other ? told >= at - 30 * PRAC_SEC && told <= at : told == at);
  }
  assert_true(c.backs == 1);
}
static void what_has_no_order_ends(void **s)
{
  (void)s;
  struct cap_clock c = {0};
  struct prac_rng r = prac_rng_of(4);
  for (int i = 0; i < 100000; i++) {
    prac_time at = T + (int64_t)prac_rng_below(&r, PRAC_DAY), told = cap_clock_tell(&c, at);
    assert_true(told >= at && told <= T + (CAP_CLOCK_BACKS + 1) * PRAC_DAY);
  }
  assert_int_equal(c.backs, CAP_CLOCK_BACKS);
}
/* As far as packets' times go, in whatever order: nothing is put further, nor before its own time.
 */
static void none_is_put_further_than_times_go(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(5);
  const int64_t step = PRAC_TIME_FAR / 16;
  prac_time most = 0;
  for (int round = 0; round < 20000; round++) {
    struct cap_clock c = {0};
    for (int i = 0; i < 60; i++) {
      prac_time at = ((int64_t)prac_rng_below(&r, 33) - 16) * step, told = cap_clock_tell(&c, at);
      assert_true(told >= at && told <= PRAC_TIME_FAR);
      assert_true(c.newest >= told);
      if (told > most) most = told;
    }
  }
  assert_true(most == PRAC_TIME_FAR);
}
static void impossible_times_are_left_alone(void **s)
{
  (void)s;
  static const prac_time odd[] = {INT64_MAX, INT64_MIN + 1, 0, INT64_MAX, INT64_MIN + 1, INT64_MAX};
  struct cap_clock c = {0};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(odd); i++) (void)cap_clock_tell(&c, odd[i]);
  assert_true(c.backs <= CAP_CLOCK_BACKS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_in_order_keeps_its_times),
      cmocka_unit_test(what_was_set_back_goes_on),
      cmocka_unit_test(what_was_set_right_is_right),
      cmocka_unit_test(a_stray_packet_moves_itself_only),
      cmocka_unit_test(two_clocks_go_side_by_side),
      cmocka_unit_test(what_has_no_order_ends),
      cmocka_unit_test(none_is_put_further_than_times_go),
      cmocka_unit_test(impossible_times_are_left_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
