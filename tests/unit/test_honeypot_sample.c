/* The requests that a honeypot keeps, handed over: by a writer whose clock and reader may be what
 * they like. Which are kept, test_sample.c says. */
#include "lib/t.h"

#include "honeypot/core.h"
#include "honeypot/sample.h"

#define NOON (INT64_C(1375833600) * PRAC_SEC)

static void see(struct hp_samples *s, uint16_t port, prac_time at)
{
  const struct hp_datagram d = {.at = at,
                                .src = prac_ip4(0xc0000201),
                                .data = (const uint8_t *)"x",
                                .len = 1,
                                .have = 1,
                                .sport = 4711};
  hp_samples_see(s, &d, port, 1);
}

/* How many there are; the port of the last. */
static unsigned take(struct hp_samples *s, uint32_t *port)
{
  struct packet p;
  unsigned n = 0;
  for (; hp_samples_take(s, "unit", &p) == PRAC_OK; n++) *port = p.dport;
  return n;
}

static struct hp_samples samples(void)
{
  struct hp_samples s;
  assert_int_equal(hp_samples_init(&s, 60, 7), PRAC_OK);
  return s;
}

/* The reader was behind: what got lost for that is kept the next time it comes. */
static void what_nobody_read_is_not_known(void **state)
{
  struct hp_samples s = samples();
  uint32_t port = 0;
  (void)state;
  see(&s, 53, NOON);
  hp_samples_sweep(&s, NOON + PRAC_MIN, false);
  see(&s, 123, NOON + PRAC_MIN);
  hp_samples_sweep(&s, NOON + 2 * PRAC_MIN, false); /* 53 has not been taken: 123 is lost */
  assert_int_equal(hp_samples_lost(&s), 1);
  assert_int_equal(take(&s, &port), 1);
  assert_int_equal(port, 53);
  see(&s, 123, NOON + 2 * PRAC_MIN);
  see(&s, 53, NOON + 2 * PRAC_MIN); /* known */
  hp_samples_sweep(&s, NOON + 3 * PRAC_MIN, false);
  assert_int_equal(take(&s, &port), 1);
  assert_int_equal(port, 123);
  hp_samples_done(&s);
}

/* At the end both the last minute and the open one are handed over, one behind the other. */
static void the_end_hands_over_all(void **state)
{
  struct hp_samples s = samples();
  uint32_t port = 0;
  (void)state;
  assert_false(hp_samples_wait(&s));
  see(&s, 53, NOON);
  assert_true(hp_samples_wait(&s));
  see(&s, 123, NOON + PRAC_MIN);
  hp_samples_sweep(&s, NOON + PRAC_MIN, true);
  assert_true(hp_samples_wait(&s));
  assert_int_equal(take(&s, &port), 1);
  assert_int_equal(port, 53);
  hp_samples_sweep(&s, NOON + PRAC_MIN, true);
  assert_int_equal(take(&s, &port), 1);
  assert_int_equal(port, 123);
  assert_false(hp_samples_wait(&s));
  assert_int_equal(hp_samples_lost(&s), 0);
  hp_samples_done(&s);
}

/* A clock a year ahead comes back: minutes go on, and what was kept then is not known for a year.
 */
static void a_clock_comes_back(void **state)
{
  struct hp_samples s = samples();
  uint32_t port = 0;
  const prac_time ahead = NOON + 365 * PRAC_DAY;
  (void)state;
  see(&s, 53, ahead);
  hp_samples_sweep(&s, NOON, false);
  assert_int_equal(take(&s, &port), 1);
  see(&s, 53, NOON + PRAC_SEC);
  hp_samples_sweep(&s, NOON + PRAC_MIN, false);
  assert_int_equal(take(&s, &port), 1);
  see(&s, 123, NOON + PRAC_MIN - 1); /* stamped just before the clock was read */
  hp_samples_sweep(&s, NOON + PRAC_MIN + 1, false);
  assert_int_equal(take(&s, &port), 0);
  hp_samples_sweep(&s, NOON + 2 * PRAC_MIN, false);
  assert_int_equal(take(&s, &port), 1);
  hp_samples_done(&s);
}

static void none(void **state)
{
  struct hp_samples s;
  uint32_t port = 0;
  (void)state;
  assert_int_equal(hp_samples_init(&s, 0, 7), PRAC_OK);
  see(&s, 53, NOON);
  hp_samples_sweep(&s, NOON + PRAC_MIN, true);
  assert_false(hp_samples_wait(&s));
  assert_int_equal(take(&s, &port), 0);
  hp_samples_done(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_nobody_read_is_not_known),
                                     cmocka_unit_test(the_end_hands_over_all),
                                     cmocka_unit_test(a_clock_comes_back), cmocka_unit_test(none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
