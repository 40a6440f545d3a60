/* A port's synchrony: what all do, what one port does, and where nothing can be said. */
#include "lib/t.h"

#include <math.h>

#include "base/rng.h"
#include "engine/instep.h"

enum { STEPS = 30, OTHERS = 2000, HOSTS = 60, PORTS = 50, CROWD_PORT = 2 };
enum { PORT, GROUP_PORT }; /* the one that is asked, and a large group's */

/* There for a minute or two, at random, never in the steps of `gap`. */
static uint64_t visit(struct prac_rng *r, uint64_t gap)
{
  uint64_t m = 0;
  while (m == 0) m = UINT64_C(3) >> prac_rng_below(r, 2) << prac_rng_below(r, STEPS - 1) & ~gap;
  return m;
}
/* What is left of a visit when a step loses 9 of 10 packets, or none. */
static uint64_t heard(struct prac_rng *r, uint64_t m, uint64_t lossy)
{
  for (unsigned t = 0; t < STEPS; t++)
    if (lossy >> t & 1 && prac_rng_below(r, 10)) m &= ~(UINT64_C(1) << t);
  return m;
}
/* The hosts of all ports: of PORT, of GROUP_PORT, and OTHERS that come to the rest by turns. */
static struct eng_instep window(struct prac_arena *a, uint32_t n, uint32_t group)
{
  struct eng_instep all;
  uint32_t hosts[PORTS] = {n, group};
  for (uint32_t q = CROWD_PORT; q < PORTS; q++) hosts[q] = OTHERS / (PORTS - CROWD_PORT);
  assert_int_equal(eng_instep_init(&all, STEPS, hosts, PORTS, a), PRAC_OK);
  return all;
}
static void crowd(struct eng_instep *all, struct prac_rng *r, uint64_t gap, uint64_t lossy)
{
  for (uint32_t i = 0; i < OTHERS; i++) {
    uint64_t m = heard(r, visit(r, gap), lossy);
    if (m) eng_instep_add(all, CROWD_PORT + i % (PORTS - CROWD_PORT), m);
  }
}
static double chance(struct eng_instep *all, const uint64_t *mask, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) eng_instep_add(all, PORT, mask[i]);
  eng_instep_hear(all);
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
    PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
    struct eng_instep all = window(a, HOSTS, 0);
    crowd(&all, &r, 0, 0);
    for (int i = 0; i < HOSTS; i++) mask[i] = visit(&r, 0);
    wrong += chance(&all, mask, HOSTS) < -3;
  }
  assert_int_equal(wrong, 0);
}
static void a_gap_of_all_is_no_group_and_a_pulse_is(void **s)
{
  (void)s;
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
  struct prac_rng r = prac_rng_of(4);
  uint64_t mask[4 * HOSTS];
  struct eng_instep all = window(a, 4 * HOSTS, 0);
  crowd(&all, &r, 0xffff, 0); /* deaf for 16 of 30 steps */
  for (int i = 0; i < 4 * HOSTS; i++) mask[i] = visit(&r, 0xffff);
  assert_true(chance(&all, mask, 4 * HOSTS) > -3);
  all = window(a, 4 * HOSTS, 0);
  crowd(&all, &r, 0, 0);
  for (int i = 0; i < 4 * HOSTS; i++) mask[i] = i % 4 ? visit(&r, 0) : 0x1041;
  assert_true(chance(&all, mask, 4 * HOSTS) < -6);
}
/* A large group elsewhere makes all others look as if they were away together: they are not. */
static void a_large_group_elsewhere_is_none_here(void **s)
{
  (void)s;
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
  struct prac_rng r = prac_rng_of(5);
  uint64_t mask[HOSTS];
  struct eng_instep all = window(a, HOSTS, 2 * OTHERS);
  crowd(&all, &r, 0, 0);
  for (int i = 0; i < 2 * OTHERS; i++) eng_instep_add(&all, GROUP_PORT, 0x1041);
  for (int i = 0; i < HOSTS; i++) mask[i] = visit(&r, 0);
  assert_true(chance(&all, mask, HOSTS) > -3);
}
/* The sensor loses packets by fits, so everybody keeps the time of its losses; and a large group
 * elsewhere hides that in the sum of all. The busy port that is left has no time of its own; the
 * group has, and so has another. */
static void loss_beside_a_large_group_is_none_here(void **s)
{
  (void)s;
  enum { BUSY = 8 * HOSTS, BOTS = 700 };
  struct prac_rng r = prac_rng_of(7);
  uint64_t mask[BUSY];
  for (int round = 0; round < 20; round++) {
    PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
    for (int planted = 0; planted < 2; planted++) {
      struct eng_instep all = window(a, BUSY, BOTS);
      uint64_t lossy = prac_rng_u64(&r), pulses = UINT64_C(0x4210842); /* every fifth step */
      crowd(&all, &r, 0, lossy);
      for (int i = 0; i < BOTS; i++)
        eng_instep_add(&all, GROUP_PORT, pulses); /* so many packets that one comes through */
      uint32_t n = 0;
      for (int i = 0; i < BUSY; i++) {
        bool bot = planted && i % 3 == 0;
        uint64_t m = heard(&r, bot ? UINT64_C(0x1041041) : visit(&r, 0), lossy);
        if (m) mask[n++] = m;
      }
      double p = chance(&all, mask, n);
      assert_true(planted ? p < -6 : p > -3);
    }
  }
}
/* Devices that come more than once a step, evenly or at random, are there also in one of which a
 * third was heard; visitors are seldom. Loss alone, no group anywhere. */
static void who_comes_often_is_no_group(void **s)
{
  (void)s;
  enum { DEVICES = 8 * HOSTS, TENTHS = 10 };
  static const unsigned tries[] = {
      1, 2, 20}; /* chances of a packet in a step, two packets together at most */
  struct prac_rng r = prac_rng_of(9);
  uint64_t mask[DEVICES];
  for (int round = 0; round < 30; round++) {
    PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
    struct eng_instep all = window(a, DEVICES, 0);
    uint64_t heard[STEPS];
    for (unsigned t = 0; t < STEPS; t++) heard[t] = prac_rng_below(&r, TENTHS + 1);
    for (uint32_t i = 0; i < 20 * OTHERS; i++) {
      unsigned t = (unsigned)prac_rng_below(&r, STEPS);
      if (prac_rng_below(&r, TENTHS) < heard[t])
        eng_instep_add(&all, CROWD_PORT + i % (PORTS - CROWD_PORT), UINT64_C(1) << t);
    }
    for (int i = 0; i < DEVICES; i++) {
      mask[i] = 0;
      for (unsigned t = 0; t < STEPS; t++)
        for (unsigned k = 0, of = tries[round % 3]; k < of; k++)
          if (prac_rng_below(&r, TENTHS * of) < (of > 1 ? 2 : 1) * heard[t])
            mask[i] |= UINT64_C(1) << t;
    }
    assert_true(chance(&all, mask, DEVICES) > -3);
  }
}
static void where_nothing_can_be_said(void **s)
{
  (void)s;
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
  uint64_t mask[HOSTS];
  struct eng_instep all = window(a, HOSTS, 0);
  for (int i = 0; i < HOSTS; i++) mask[i] = 0x1041;
  assert_true(chance(&all, mask, HOSTS) >= 0); /* nobody else: an outage would look the same */
  struct prac_rng r = prac_rng_of(6);
  all = window(a, HOSTS, 0);
  crowd(&all, &r, 0, 0);
  assert_true(chance(&all, mask, ENG_INSTEP_LEAST - 1) >= 0);
  struct math_pulse none = {0};
  assert_true(eng_instep_chance(&none, 0) >= 0);
}
/* Each port's hosts come in a step of their own and nobody else comes: no two folks have a step in
 * common, so nothing is everybody's, and each port is a group. */
static void groups_alone_are_groups(void **s)
{
  (void)s;
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
  uint64_t mask[HOSTS];
  struct eng_instep all = window(a, HOSTS, HOSTS);
  for (uint32_t q = GROUP_PORT; q < PORTS; q++)
    for (int i = 0; i < HOSTS; i++) eng_instep_add(&all, q, UINT64_C(1) << q % STEPS);
  for (int i = 0; i < HOSTS; i++) mask[i] = 1;
  double p = chance(&all, mask, HOSTS);
  assert_true(p < -6);
  assert_true(isfinite(p));
}
/* Every port is in one folk, folks are even but for a port that is larger than a folk. */
static void folks_are_even(void **s)
{
  (void)s;
  enum { N = 200 };
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *a = prac_arena_new(4096);
  struct prac_rng r = prac_rng_of(8);
  uint32_t hosts[N], of[ENG_FOLKS] = {0}, sum = 0;
  uint8_t folk[N];
  for (int q = 0; q < N; q++) hosts[q] = (uint32_t)prac_rng_below(&r, 50);
  hosts[17] = 4000;
  assert_int_equal(eng_folks_of(hosts, N, a, folk), PRAC_OK);
  for (int q = 0; q < N; q++) {
    assert_true(folk[q] < ENG_FOLKS);
    of[folk[q]] += hosts[q];
    if (q != 17) sum += hosts[q];
  }
  assert_int_equal(of[folk[17]], 4000);
  for (int k = 0; k < ENG_FOLKS; k++)
    if (k != folk[17])
      assert_true(of[k] + 50 > sum / (ENG_FOLKS - 1) && of[k] < sum / (ENG_FOLKS - 1) + 50);
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
      cmocka_unit_test(loss_beside_a_large_group_is_none_here),
      cmocka_unit_test(who_comes_often_is_no_group),
      cmocka_unit_test(where_nothing_can_be_said),
      cmocka_unit_test(groups_alone_are_groups),
      cmocka_unit_test(folks_are_even),
      cmocka_unit_test(packets_are_counted_by_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
