/* The watch of sensors: what it says when, what it does not say, restart, hostile heartbeats. */
#include "lib/t.h"

#include <stdio.h>

#include "alert/watch.h"
#include "lib/flows.h"

enum { SAID = 64 };
struct said {
  char line[SAID][700];
  size_t n;
  struct heard heard;
};
static prac_rc hear_it(void *arg, const struct finding *f)
{
  struct said *s = arg;
  assert_true(s->n < SAID);
  (void)snprintf(s->line[s->n++], sizeof s->line[0], "%s %s %s %u %s", f->state, f->kind, f->key,
                 f->level, f->text);
  return hear_finding(&s->heard, f);
}
static struct said said_of(void)
{
  return (struct said){.heard = heard_of()};
}
static struct alert_watch *watch_of(struct said *s)
{
  struct alert_watch_conf c;
  struct alert_watch *w = NULL;
  prac_conf_defaults(&alert_watch_section, &c);
  assert_int_equal(alert_watch_new(&c, 7, hear_it, s, &w), PRAC_OK);
  return w;
}
static void at(struct alert_watch *w, int seconds)
{
  assert_int_equal(alert_watch_advance(w, T0 + seconds * PRAC_SEC), PRAC_OK);
}
static struct health beat(const char *sensor, int seconds)
{
  return (struct health){.id = "h",
                         .sensor = sensor,
                         .site_country = "JP",
                         .at = T0 + seconds * PRAC_SEC,
                         .sent = T0 + seconds * PRAC_SEC,
                         .every_ns = PRAC_MIN,
                         .packets = 1000};
}
static void say(struct alert_watch *w, struct health h)
{
  assert_int_equal(alert_watch_take(w, &h, true), PRAC_OK);
}
/* A minute: ticks every ten seconds, a heartbeat after the first. */
static void minute(struct alert_watch *w, int m, const struct health *h)
{
  for (int t = 0; t < 60; t += 10) {
    at(w, m * 60 + t);
    if (t == 10 && h) say(w, *h);
  }
}
static void is(const struct said *s, size_t i, const char *begins, const char *has)
{
  if (i >= s->n || strncmp(s->line[i], begins, strlen(begins)) != 0 || !strstr(s->line[i], has))
    fail_msg("line %zu should begin \"%s\" and have \"%s\": %s", i, begins, has,
             i < s->n ? s->line[i] : "nothing");
}
static void end(struct alert_watch **w, struct said *s)
{
  alert_watch_free(w);
  heard_done(&s->heard);
}

static void silent_and_back(void **st)
{
  (void)st;
  struct said s = said_of();
  struct alert_watch *w = watch_of(&s);
  for (int m = 0; m < 10; m++) {
    struct health h = beat("tokyo", m * 60 + 15), quiet = beat("files", m * 60 + 16);
    quiet.every_ns = 0; /* nobody waits for it */
    minute(w, m, &h);
    if (m == 0) say(w, quiet);
  }
  for (int m = 10; m < 14; m++) minute(w, m, NULL);
  assert_int_equal(s.n, 0);
  for (int m = 14; m < 14 + 7 * 60; m++) minute(w, m, NULL);
  assert_int_equal(s.n, 2); /* again after six hours */
  is(&s, 0, "on site-silent sensor:tokyo/silent 3 Sensor tokyo (JP) is silent. ", "T00:09:10Z");
  is(&s, 1, "on site-silent", "(6 h ");
  struct health h = beat("tokyo", 434 * 60 + 15);
  minute(w, 434, &h);
  is(&s, 2, "off site-silent sensor:tokyo/silent 1 Sensor tokyo (JP) is heard again, after 7 h",
     "");
  assert_int_equal(s.n, 3);
  end(&w, &s);
}

/* Whoever was away itself knows nothing of the time between. */
static void its_own_absence_is_nobodys_silence(void **st)
{
  (void)st;
  struct said s = said_of();
  struct alert_watch *w = watch_of(&s);
  struct health h = beat("tokyo", 15);
  minute(w, 0, &h);
  for (int day = 1; day < 3; day++) { /* two jumps of a day each */
    at(w, day * 86400);
    h = beat("tokyo", day * 86400 + 1);
    say(w, h);
  }
  assert_int_equal(s.n, 0);
  at(w, 40 * 86400); /* forgotten: nothing held, nothing is said */
  assert_int_equal(s.n, 0);
  assert_int_equal(prac_counter_get(&alert_watch_counters(w).values[2]), 0);
  end(&w, &s);
}

static void lossy(void **st)
{
  (void)st;
  struct said s = said_of();
  struct alert_watch *w = watch_of(&s);
  for (int m = 0; m < 60; m++) {
    struct health h = beat("tokyo", m * 60 + 15), few = beat("oslo", m * 60 + 16);
    if (m >= 20 && m < 40) h.lost = 90;
    few.packets = 10;
    few.lost = 2; /* a share, but of nothing */
    minute(w, m, &h);
    say(w, few);
  }
  is(&s, 0, "on site-lossy sensor:tokyo/lossy 2 ", "loses packets: ");
  is(&s, 1, "off site-lossy", "has stopped losing packets");
  assert_int_equal(s.n, 2);
  end(&w, &s);
}

static void clocks(void **st)
{
  (void)st;
  struct said s = said_of();
  struct alert_watch *w = watch_of(&s);
  for (int m = 0; m < 40; m++) {
    int t = m * 60 + 15;
    struct health right = beat("a", t), ahead = beat("b", t), behind = beat("c", t),
                  queue = beat("d", t), back = beat("e", t), slow = beat("f", t);
    if (m >= 10 && m < 20) ahead.sent += 300 * PRAC_SEC;
    if (m >= 10 && m < 30) behind.sent -= 300 * PRAC_SEC;
    queue.sent -= 300 * PRAC_SEC;
    queue.queue = 100; /* late, but it says why */
    if (m >= 10) back.clock_offset_ns = 300 * PRAC_SEC;
    slow.sent -= (40 - m) * 60 * PRAC_SEC; /* catches up: no clock does that */
    at(w, m * 60), at(w, m * 60 + 10);
    say(w, right), say(w, ahead), say(w, behind), say(w, queue), say(w, back), say(w, slow);
    for (int k = 20; k < 60; k += 10) at(w, m * 60 + k);
  }
  is(&s, 0, "on clock-off sensor:e/clock 2 ", "clock set back: its minutes go on in order, 5 min");
  is(&s, 1, "on clock-off sensor:b/clock 2 ", "at least 4 min");
  is(&s, 2, "on clock-off sensor:c/clock 2 ", "5 min 5 s late: its clock is behind, or");
  is(&s, 3, "off clock-off sensor:b/clock 1 ", "right clock again");
  is(&s, 4, "off clock-off sensor:c/clock 1 ", "");
  assert_int_equal(s.n, 5);
  end(&w, &s);
}

/* The first heartbeats of a run come before anybody has told the time; files have no clock. */
static void before_the_first_tick(void **st)
{
  (void)st;
  struct said s = said_of();
  struct alert_watch *w = watch_of(&s);
  say(w, beat("tokyo", 999999999));
  assert_int_equal(alert_watch_now(w), PRAC_TIME_NONE);
  struct health old = beat("tokyo", 60);
  old.sent = PRAC_TIME_NONE;
  assert_int_equal(alert_watch_take(w, &old, false), PRAC_OK);
  assert_int_equal(alert_watch_now(w), T0 + PRAC_MIN);
  assert_int_equal(s.n, 0);
  end(&w, &s);
}

static void hostile_heartbeats(void **st)
{
  (void)st;
  struct said s = said_of();
  struct alert_watch *w = watch_of(&s);
  char name[64];
  at(w, 0);
  struct health h = beat("", 1);
  say(w, h);
  h.sensor = NULL;
  say(w, h);
  h.sensor = "x\"}\n";
  say(w, h);
  h.sensor = "a-name-that-is-longer-than-any-sensor-may-have";
  say(w, h);
  h = (struct health){.sensor = "wild",
                      .at = INT64_MAX,
                      .sent = INT64_MAX - 1,
                      .every_ns = INT64_MIN,
                      .clock_offset_ns = INT64_MIN,
                      .clock_error_ns = INT64_MAX,
                      .packets = UINT64_MAX,
                      .lost = UINT64_MAX};
  say(w, h);
  at(w, 10);
  assert_int_equal(alert_watch_take(w, &h, false), PRAC_OK); /* at: no time that can be */
  assert_int_equal(alert_watch_now(w), T0 + 10 * PRAC_SEC);
  for (int i = 0; i < 5000; i++) {
    (void)snprintf(name, sizeof name, "s%d", i);
    say(w, beat(name, 11));
  }
  const struct prac_counters c = alert_watch_counters(w);
  assert_int_equal(prac_counter_get(&c.values[1]), 4 + 5000 - (WATCH_SENSORS - 1));
  end(&w, &s);
}

/* Saved and loaded at every minute, it says the same. */
static void story(struct alert_watch **w, struct said *s, bool restarts)
{
  for (int m = 0; m < 60; m++) {
    struct health h = beat("tokyo", m * 60 + 15), x = beat("oslo", m * 60 + 15);
    if (m > 30) h.sent += 600 * PRAC_SEC;
    if (m > 40) h.lost = 500;
    minute(*w, m, m > 10 && m < 20 ? NULL : &h);
    say(*w, x);
    if (!restarts) continue;
    uint8_t *bytes = NULL;
    size_t n = 0;
    assert_int_equal(alert_watch_save(*w, &bytes, &n), PRAC_OK);
    alert_watch_free(w);
    *w = watch_of(s);
    assert_int_equal(alert_watch_load(*w, bytes, n), PRAC_OK);
    bytes[n / 2] ^= 1;
    struct alert_watch *broken = watch_of(s);
    assert_int_equal(alert_watch_load(broken, bytes, n), PRAC_DAMAGED);
    assert_int_equal(alert_watch_load(broken, bytes, 7), PRAC_DAMAGED);
    alert_watch_free(&broken);
    free(bytes);
  }
}
static void restart(void **st)
{
  (void)st;
  struct said a = said_of(), b = said_of();
  struct alert_watch *w = watch_of(&a), *v = watch_of(&b);
  story(&w, &a, false);
  story(&v, &b, true);
  assert_true(a.n >= 4);
  assert_true(heard_same(&a.heard, &b.heard));
  end(&w, &a);
  end(&v, &b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(silent_and_back),
      cmocka_unit_test(its_own_absence_is_nobodys_silence),
      cmocka_unit_test(lossy),
      cmocka_unit_test(clocks),
      cmocka_unit_test(before_the_first_tick),
      cmocka_unit_test(hostile_heartbeats),
      cmocka_unit_test(restart),
  };
  return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
