/* Findings of several workers come to the desk in order of time, however fast each of them is. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/order.h"
#include "base/rng.h"
#include "lib/flows.h"

static const char *const two[] = {"asia", "europe"};

struct seen {
  char text[8192]; /* "f0@0 |0 f1@1 ..." */
  size_t n;
};
static void put(struct seen *s, const char *id, char sep, prac_time t)
{
  s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%s%c%d ", id, sep,
                           (int)((t - T0) / PRAC_MIN));
}
static prac_rc on_take(void *arg, const struct finding *f)
{
  put(arg, f->id, '@', f->at);
  return PRAC_OK;
}
static prac_rc on_advance(void *arg, prac_time t)
{
  put(arg, "", '|', t);
  return PRAC_OK;
}
static struct alert_order *order(struct seen *s)
{
  struct alert_order *o = NULL;
  const struct alert_order_to to = {on_take, on_advance, s};
  *s = (struct seen){.n = 0};
  assert_int_equal(alert_order_new(two, 2, &to, &o), PRAC_OK);
  return o;
}
static void take(struct alert_order *o, const char *id, int minute)
{
  struct finding f = {.id = id,
                      .engine = "surge",
                      .key = "port:23/tcp",
                      .kind = "surge-port",
                      .state = "on",
                      .at = T0 + minute * PRAC_MIN};
  assert_int_equal(alert_order_take(o, &f), PRAC_OK);
}
static void mark(struct alert_order *o, const char *who, int minute)
{
  assert_int_equal(alert_order_mark(o, who, T0 + minute * PRAC_MIN), PRAC_OK);
}
static uint64_t counter(const struct alert_order *o, const char *name)
{
  struct prac_counters c = alert_order_counters(o);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, name) == 0) return prac_counter_get(&c.values[i]);
  fail_msg("no counter %s", name);
  return 0;
}

static void the_slowest_decides(void **state)
{
  (void)state;
  struct seen s;
  struct alert_order *o = order(&s);
  take(o, "b", 2);
  take(o, "a", 1);
  mark(o, "asia", 5);
  assert_string_equal(s.text, ""); /* europe has said nothing yet */
  mark(o, "europe", 1);
  assert_string_equal(s.text, "a@1 |1 ");
  take(o, "c", 2);
  mark(o, "europe", 4);
  assert_string_equal(s.text, "a@1 |1 b@2 c@2 |4 ");
  mark(o, "europe", 3);  /* back: nothing */
  mark(o, "america", 9); /* nobody of ours */
  assert_string_equal(s.text, "a@1 |1 b@2 c@2 |4 ");
  take(o, "d", 3); /* late: at once */
  assert_string_equal(s.text, "a@1 |1 b@2 c@2 |4 d@3 ");
  assert_int_equal(counter(o, "late"), 1);
  alert_order_free(&o);
}

static void a_repeat_is_one(void **state)
{
  (void)state;
  struct seen s;
  struct alert_order *o = order(&s);
  take(o, "a", 1);
  take(o, "b", 1);
  take(o, "a", 1); /* its worker was killed and said it again */
  mark(o, "asia", 1);
  mark(o, "europe", 1);
  assert_string_equal(s.text, "a@1 b@1 |1 ");
  alert_order_free(&o);
}

static void nobody_is_waited_for_for_ever(void **state)
{
  (void)state;
  struct seen s;
  struct alert_order *o = order(&s);
  assert_int_equal(alert_order_hurry(o), PRAC_OK); /* nobody has said anything: no time to go to */
  take(o, "a", 1);
  take(o, "b", 7);
  mark(o, "asia", 6);
  assert_int_equal(alert_order_hurry(o), PRAC_OK);
  assert_string_equal(s.text, "a@1 |6 ");
  assert_int_equal(counter(o, "early"), 1);
  assert_int_equal(alert_order_waiting(o), 1);
  alert_order_free(&o);
}

static void bounded(void **state)
{
  (void)state;
  struct seen s;
  struct alert_order *o = order(&s);
  char id[24];
  for (int i = 0; i <= ALERT_ORDER_MAX; i++) {
    snprintf(id, sizeof id, "f%d", i);
    take(o, id, i);
  }
  assert_int_equal(alert_order_waiting(o), ALERT_ORDER_MAX);
  assert_string_equal(s.text, "f0@0 ");
  assert_int_equal(counter(o, "early"), 1);
  alert_order_free(&o);
}

/* Any interleaving of the workers, and a restart in the middle, give the same order. */
static void same_whatever_the_pace(void **state)
{
  (void)state;
  struct seen first, s;
  for (int run = 0; run < 50; run++) {
    struct prac_rng rng = prac_rng_of((uint64_t)run);
    struct alert_order *o = order(&s);
    int at[2] = {0, 0};
    while (at[0] < 40 || at[1] < 40) {
      int w = at[0] == 40 ? 1 : at[1] == 40 ? 0 : (int)(prac_rng_u64(&rng) & 1);
      char id[24];
      snprintf(id, sizeof id, "%s%d", two[w], at[w]);
      take(o, id, at[w]);
      mark(o, two[w], at[w]++);
      if (prac_rng_u64(&rng) % 16) continue;
      uint8_t *data = NULL;
      size_t len = 0, n = s.n;
      assert_int_equal(alert_order_save(o, &data, &len), PRAC_OK);
      alert_order_free(&o);
      const struct seen kept = s;
      o = order(&s);
      s = kept;
      assert_int_equal(alert_order_load(o, data, len), PRAC_OK);
      assert_int_equal(s.n, n); /* nothing is said by loading */
      free(data);
    }
    assert_int_equal(alert_order_waiting(o), 0);
    char *bar = s.text; /* how often it advanced depends on the pace; what it took does not */
    for (char *p = s.text; *p;) {
      size_t word = strcspn(p, " ") + 1;
      if (*p != '|') memmove(bar, p, word), bar += word;
      p += word;
    }
    *bar = '\0';
    if (run == 0) first = s;
    assert_string_equal(s.text, first.text);
    alert_order_free(&o);
  }
}

static void damage_is_refused(void **state)
{
  (void)state;
  struct seen s;
  struct alert_order *o = order(&s);
  uint8_t *data = NULL;
  size_t len = 0;
  take(o, "a", 1);
  mark(o, "asia", 3);
  assert_int_equal(alert_order_save(o, &data, &len), PRAC_OK);
  for (size_t i = 0; i < len; i++) {
    struct seen unused;
    struct alert_order *p = order(&unused);
    assert_int_equal(alert_order_load(p, data, i), PRAC_DAMAGED);
    alert_order_free(&p);
    p = order(&unused);
    data[i] ^= 0x40;
    assert_int_equal(alert_order_load(p, data, len), PRAC_DAMAGED);
    data[i] ^= 0x40;
    alert_order_free(&p);
  }
  free(data);
  alert_order_free(&o);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_slowest_decides),           cmocka_unit_test(a_repeat_is_one),
      cmocka_unit_test(nobody_is_waited_for_for_ever), cmocka_unit_test(bounded),
      cmocka_unit_test(same_whatever_the_pace),        cmocka_unit_test(damage_is_refused),
  };
  return cmocka_run_group_tests_name("alert_order", tests, NULL, NULL);
}
