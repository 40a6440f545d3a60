/* The flow table: exact sums whatever happens, told when promised, never larger than at its start.
 */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "honeypot/table.h"

#define T0 (INT64_C(1700000040) * PRAC_SEC) /* a whole minute */

enum { KEPT = 4096 };
struct ear {
  struct hp_told v[KEPT];
  size_t n;
  bool deaf;
  uint64_t packets, bytes, lost, replies;
};
static bool hear(void *arg, const struct hp_told *t)
{
  struct ear *e = arg;
  if (e->deaf) return false;
  e->packets += t->packets;
  e->bytes += t->bytes;
  e->lost += t->lost;
  e->replies += t->replies;
  if (e->n < KEPT) e->v[e->n++] = *t;
  return true;
}
static struct hp_table *table(struct ear *e, uint64_t slots)
{
  struct hp_table *t = NULL;
  *e = (struct ear){0};
  struct hp_table_open o = {.slots = slots, .seed = 7, .tell = hear, .arg = e};
  assert_int_equal(hp_table_new(&o, &t), PRAC_OK);
  return t;
}
static struct hp_seen seen(uint32_t victim, prac_time at)
{
  return (struct hp_seen){.victim = prac_ip4(victim),
                          .at = at,
                          .payload = 5,
                          .name = "",
                          .vector = 1,
                          .len = 8,
                          .sport = 40000,
                          .ttl = 57};
}

static void told_at_thresholds(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  uint32_t total = 0;
  for (int i = 1; i <= 120; i++) {
    struct hp_seen s = seen(1, T0 + i * PRAC_MS);
    hp_table_count(t, &s);
    if (i == 5 || i == 30 || i == 100) {
      total += e.v[e.n - 1].packets;
      assert_int_equal(total, i);
      assert_int_equal(e.v[e.n - 1].to, s.at);
    }
  }
  assert_int_equal(e.n, 3);
  assert_int_equal(hp_table_sweep(t, T0 + 121 * PRAC_MS, 100, false), 0); /* steady: in a second */
  assert_int_equal(hp_table_sweep(t, T0 + 1200 * PRAC_MS, 100, false), 1);
  assert_int_equal(e.packets, 120);
  assert_int_equal(e.v[0].from, T0 + PRAC_MS);
  assert_int_equal(e.v[3].from, T0 + 101 * PRAC_MS);
  hp_table_free(&t);
}

static void new_and_faster_at_the_next_sweep(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  struct hp_seen s = seen(1, T0);
  hp_table_count(t, &s);
  assert_int_equal(hp_table_sweep(t, T0 + 1, 100, false), 1);
  for (int i = 0; i < 3; i++) hp_table_count(t, &s);
  assert_int_equal(hp_table_sweep(t, T0 + 2, 100, false), 0); /* 3 after 1 is no news */
  for (int i = 0; i < 1000; i++) hp_table_count(t, &s);
  size_t before = e.n;
  assert_int_equal(hp_table_sweep(t, T0 + 3, 100, false), 1);
  assert_int_equal(e.n, before + 1);
  assert_int_equal(e.packets, 1004);
  hp_table_free(&t);
}

static void cut_at_the_minute(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  for (int i = 0; i < 3; i++) {
    struct hp_seen s = seen(1, T0 + PRAC_MIN - 2 + i);
    hp_table_count(t, &s);
  }
  assert_int_equal(e.n, 1);
  assert_int_equal(e.v[0].packets, 2);
  hp_table_sweep(t, T0 + PRAC_MIN, 100, true);
  assert_int_equal(e.v[1].packets, 1);
  assert_int_equal(e.v[1].from, T0 + PRAC_MIN);
  /* nothing can be told: one hit for two minutes, and it is counted */
  struct hp_seen a = seen(2, T0 + PRAC_MIN), b = seen(2, T0 + 2 * PRAC_MIN);
  hp_table_count(t, &a);
  e.deaf = true;
  hp_table_count(t, &b);
  assert_int_equal(hp_table_stats(t).merged, 1);
  e.deaf = false;
  hp_table_sweep(t, T0 + 2 * PRAC_MIN, 100, true);
  assert_int_equal(e.packets, 5);
  hp_table_free(&t);
}

static void silence_begins_a_new_story(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 5; i++) {
      struct hp_seen s = seen(1, T0 + round * 6 * PRAC_MIN + i);
      s.ttl = (uint8_t)(50 + round);
      hp_table_count(t, &s);
    }
  assert_int_equal(e.n, 2);
  assert_int_equal(e.v[1].packets, 5);
  assert_int_equal(e.v[1].ttl_count, 1);
  assert_int_equal(e.v[1].ttl_min, 51);
  hp_table_free(&t);
}

static void a_clock_that_steps_back(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  struct hp_seen a = seen(1, T0), b = seen(1, T0 - PRAC_HOUR);
  hp_table_count(t, &a);
  hp_table_count(t, &b);
  hp_table_sweep(t, T0, 9, true);
  assert_int_equal(e.packets, 2);
  assert_int_equal(e.n, 2); /* what was counted before has its own times */
  assert_int_equal(e.v[0].to, T0);
  assert_int_equal(e.v[1].from, T0 - PRAC_HOUR);
  /* and it goes on being told every second, not only when the old time has come again */
  for (int i = 1; i < 60; i++) {
    b.at += PRAC_SEC / 2;
    hp_table_count(t, &b);
    hp_table_sweep(t, b.at, 9, false);
  }
  assert_in_range(e.n, 18, 40);
  for (size_t i = 0; i < e.n; i++) assert_true(e.v[i].from <= e.v[i].to);
  hp_table_free(&t);
}

/* Nobody asks any more when the clock is set back: what is left is told all the same. */
static void a_clock_that_steps_back_in_silence(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  for (int i = 0; i < 8; i++) {
    struct hp_seen a = seen(1, T0 + i);
    hp_table_count(t, &a);
    if (i == 5) hp_table_sweep(t, T0 + 5, 9, true);
  }
  hp_table_sweep(t, T0 - PRAC_DAY, 9, false);
  assert_int_equal(e.packets, 8);
  hp_table_free(&t);
}

/* Many more victims than slots: everything is told, or counted as untold. */
static void full_tables_lose_nothing_unsaid(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 256);
  struct prac_rng r = prac_rng_of(3);
  uint64_t sent = 0, lost = 0, replies = 0;
  size_t bytes = hp_table_bytes(t);
  for (int i = 0; i < 200000; i++) {
    struct hp_seen s = seen((uint32_t)prac_rng_below(&r, 5000), T0 + i * PRAC_MS);
    s.vector = (uint16_t)prac_rng_below(&r, 3);
    s.name = i % 3 ? "isc.org ANY IN" : "";
    uint32_t place = hp_table_count(t, &s);
    sent++;
    if (prac_rng_below(&r, 50) == 0) hp_table_lost(t, place, 3), lost += 3;
    if (prac_rng_below(&r, 60) == 0) hp_table_reply(t, place, 100), replies++;
    if (i % 40 == 0) hp_table_sweep(t, s.at, 10, false);
    e.deaf = i % 1000 > 900;
  }
  e.deaf = false;
  while (hp_table_sweep(t, T0 + PRAC_DAY, 100, true)) continue;
  struct hp_table_stats n = hp_table_stats(t);
  assert_int_equal(e.packets + n.untold, sent);
  assert_int_equal(e.bytes, e.packets * 8);
  assert_true(e.lost <= lost && e.replies <= replies);
  assert_true(n.evicted > 1000 && n.untold > 0);
  assert_int_equal(hp_table_bytes(t), bytes);
  assert_true(hp_table_bytes(t) / hp_table_slots(t) < 96);
  hp_table_free(&t);
}

static void names(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 1024);
  static const char *const asked[] = {"a", "b", "b", "b", "c", "c", "c", "d", "e", "f", "c"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(asked); i++) {
    struct hp_seen s = seen(1, T0 + (prac_time)i);
    s.name = asked[i];
    hp_table_count(t, &s);
  }
  assert_int_equal(e.n, 1); /* the first five */
  assert_string_equal(e.v[0].names[0].text, "b");
  assert_int_equal(e.v[0].names[0].count, 3);
  hp_table_sweep(t, T0 + PRAC_SEC, 9, true);
  assert_int_equal(e.v[1].n_names, HP_NAMES);
  assert_string_equal(e.v[1].names[0].text, "c");
  assert_int_equal(e.v[1].names[0].count, 3);
  /* random names: never more than the pool holds, and the counts never more than the packets */
  for (uint32_t i = 0; i < 5000; i++) {
    char name[32];
    struct hp_seen s = seen(i % 700, T0 + 2 * PRAC_SEC);
    snprintf(name, sizeof name, "x%u.example ANY IN", i);
    s.name = name;
    hp_table_count(t, &s);
  }
  e.n = 0;
  while (hp_table_sweep(t, T0 + PRAC_DAY, 100, true)) continue;
  for (size_t i = 0; i < e.n; i++) {
    uint32_t sum = 0;
    for (uint8_t k = 0; k < e.v[i].n_names; k++) sum += e.v[i].names[k].count;
    assert_true(sum <= e.v[i].packets);
  }
  assert_true(hp_table_stats(t).names_forgotten > 0);
  hp_table_free(&t);
}

static void a_long_name_is_cut(void **st)
{
  (void)st;
  static struct ear e;
  struct hp_table *t = table(&e, 64);
  char name[HP_NAME_MAX];
  memset(name, 'x', sizeof name);
  name[sizeof name - 1] = 0;
  struct hp_seen s = seen(1, T0);
  s.name = name;
  hp_table_count(t, &s);
  hp_table_sweep(t, T0, 9, true);
  assert_int_equal(strlen(e.v[0].names[0].text), HP_NAME_KEPT - 1);
  hp_table_free(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(told_at_thresholds),
      cmocka_unit_test(new_and_faster_at_the_next_sweep),
      cmocka_unit_test(cut_at_the_minute),
      cmocka_unit_test(silence_begins_a_new_story),
      cmocka_unit_test(a_clock_that_steps_back),
      cmocka_unit_test(a_clock_that_steps_back_in_silence),
      cmocka_unit_test(full_tables_lose_nothing_unsaid),
      cmocka_unit_test(names),
      cmocka_unit_test(a_long_name_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
