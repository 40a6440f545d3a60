/* The desk of episodes: adversarial streams first, then the numbers that must be exact. */
#include "lib/t.h"

#include <stdlib.h>

#include "base/real.h"
#include "lib/hits.h"

struct setup {
  struct epi_conf conf;
  struct epi_desk *d;
  struct heard_episodes h;
};
static void begin(struct setup *s)
{
  epi_conf_defaults(&s->conf);
  s->conf.profiles = s->conf.alert; /* isp alone, unless a test says otherwise */
  s->h = (struct heard_episodes){.all = heard_of()};
  s->d = NULL;
}
static void open_desk(struct setup *s)
{
  struct prac_err err = {0};
  assert_int_equal(epi_desk_new(&s->conf, NULL, hear_episode, &s->h, &s->d, &err), PRAC_OK);
}
static void end(struct setup *s)
{
  epi_desk_free(&s->d);
  heard_done(&s->h.all);
}
static void take(struct setup *s, const struct made_hit *m)
{
  char id[48];
  struct hit h = hit_of(m, id);
  assert_int_equal(epi_desk_take(s->d, &h), PRAC_OK);
}
#define HIT(...) (&(struct made_hit){__VA_ARGS__})
/* n hits of one packet each, every step. */
static void stream(struct setup *s, const char *sensor, const char *victim, int64_t from_ms,
                   int64_t step_ms, int n)
{
  for (int i = 0; i < n; i++) {
    int64_t t = from_ms + i * step_ms;
    take(s, HIT(sensor, victim, "ntp_monlist", t, t, 1));
  }
}
static void pass(struct setup *s, int64_t to_s)
{
  assert_int_equal(epi_desk_advance(s->d, T0 + to_s * PRAC_SEC), PRAC_OK);
}
static uint64_t counter(const struct setup *s, const char *name)
{
  struct prac_counters c = epi_desk_counters(s->d);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, name) == 0) return prac_counter_get(&c.values[i]);
  fail();
  return 0;
}
/* "start 00:00:05, end 00:02:07" */
static const char *story(const struct setup *s, char out[2048])
{
  size_t n = 0;
  out[0] = '\0';
  for (const char *p = s->h.all.j.buf; p && (p = strstr(p, "\"state\":\"")); p += 9) {
    const char *at = strstr(p, "\"at\":\"");
    n += (size_t)snprintf(out + n, 2048 - n, "%s%.*s %.8s", n ? ", " : "",
                          (int)strcspn(p + 9, "\""), p + 9, at + 17);
    if (n >= 2048) break;
  }
  return out;
}
#define SAID(s, text) assert_int_equal(heard_count(&(s)->h.all, text), 1)

/* ---- the seed's own numbers ---- */

static void pps_as_the_seed_writes_it(void **st)
{
  (void)st;
  char t[PRAC_RATIO_TEXT];
  assert_string_equal(prac_ratio_text(t, 131, 60 * 1), "2.1833333333333333");
  assert_string_equal(prac_ratio_text(t, 139, 60 * 2), "1.1583333333333334");
  assert_string_equal(prac_ratio_text(t, 4301, 60 * 1), "71.683333333333334");
  assert_string_equal(prac_ratio_text(t, 28305, 60 * 8), "58.96875");
  assert_string_equal(prac_ratio_text(t, 0, 60 * 1), "0");
  assert_string_equal(prac_ratio_text(t, 5, 60 * 0), "0");
  assert_string_equal(prac_ratio_text(t, 60, 60 * 1), "1");
  assert_string_equal(prac_ratio_text(t, 600, 60 * 1), "10");
  assert_string_equal(prac_ratio_text(t, 8, 60 * 1), "0.13333333333333333");
  struct prac_rng r = prac_rng_of(3);
  for (int i = 0; i < 20000; i++) { /* it always reads back as the double */
    uint64_t n = 1 + prac_rng_below(&r, i % 2 ? 100000 : 1000000000000),
             bins = 1 + (uint64_t)i % 99;
    double v = (double)n / (60.0 * (double)bins);
    double back = strtod(prac_ratio_text(t, n, 60 * bins), NULL);
    assert_memory_equal(&back, &v, sizeof v);
  }
}

static void the_seeds_start(void **st)
{
  (void)st;
  struct setup s;
  char text[2048];
  begin(&s);
  open_desk(&s);
  take(&s, HIT("tokyo", "203.0.113.9", "ntp_monlist", 55000, 59000, 8));
  assert_int_equal(s.h.all.n, 0);
  take(&s, HIT("tokyo", "203.0.113.9", "ntp_monlist", 61000, 90000, 131));
  assert_string_equal(story(&s, text), "start 00:01:30"); /* with the hit, not with the bin */
  SAID(&s, "\"packets\":139,");
  SAID(&s, "\"bin_max\":131,");
  SAID(&s, "\"bins\":2,");
  SAID(&s, "\"pps_max\":2.183333333333333,");
  SAID(&s, "\"pps_mean\":1.1583333333333334,");
  assert_int_equal(s.h.alerts, 1);
  end(&s);
}

static void the_seeds_end(void **st)
{
  (void)st;
  static const uint64_t bins[8] = {2905, 4301, 4100, 4000, 3900, 3800, 3000, 2299};
  struct setup s;
  begin(&s);
  open_desk(&s);
  for (int m = 0; m < 8; m++)
    for (int sec = 0; sec < 60; sec++) { /* a hit a second, as a sensor tells */
      uint64_t n = bins[m] / 60 + (sec == 59 ? bins[m] % 60 : 0);
      int64_t t = (m * 60 + sec) * 1000;
      take(&s, HIT("tokyo", "203.0.113.9", "ntp_monlist", t, t + 900, n));
    }
  pass(&s, 600 - 1);
  assert_int_equal(heard_count(&s.h.all, "\"state\":\"end\""), 0);
  pass(&s, 610);
  const char *last = strstr(s.h.all.j.buf, "\"state\":\"end\"");
  assert_non_null(last);
  assert_non_null(strstr(last, "\"packets\":28305,"));
  assert_non_null(strstr(last, "\"bins\":8,\"bin_max\":4301,"));
  assert_non_null(strstr(last, "\"pps_max\":71.68333333333334,\"pps_mean\":58.96875,"));
  assert_non_null(strstr(last, "\"to\":\"2013-08-07T00:07:59.900Z\""));
  end(&s);
}

/* ---- start ---- */

static void nothing_below_the_threshold(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  stream(&s, "tokyo", "203.0.113.9", 0, 3100, 96); /* 96 in 300 s */
  assert_int_equal(s.h.all.n, 0);
  stream(&s, "tokyo", "203.0.113.10", 400000, 2900, 103);
  assert_int_equal(heard_count(&s.h.all, "\"state\":\"start\""), 1);
  SAID(&s, "\"packets\":100,");
  end(&s);
}

static void sensors_are_summed(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  for (int i = 0; i < 50; i++) {
    stream(&s, "oslo", "203.0.113.9", i * 5000, 1, 1);
    stream(&s, "lima", "203.0.113.9", i * 5000 + 100, 1, 1);
  }
  SAID(&s, "\"sensors\":[\"lima 50\",\"oslo 50\"]");
  end(&s);
}

static void the_fast_path(void **st)
{
  (void)st;
  struct setup s;
  char text[2048];
  begin(&s);
  open_desk(&s);
  stream(&s, "tokyo", "203.0.113.9", 0, 800, 40);
  assert_string_equal(story(&s, text), "start 00:00:23"); /* the 30th */
  for (int i = 0; i < 40; i++) /* the same at a port that no vector is known for: not fast */
    take(&s, HIT("tokyo", "203.0.113.10", "port-4444", 60000 + i * 800, 60000 + i * 800, 1));
  assert_int_equal(s.h.all.n, 1);
  end(&s);
}

static void three_sensors_agree(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  stream(&s, "oslo", "203.0.113.9", 0, 3000, 10);
  stream(&s, "lima", "203.0.113.9", 100, 3000, 10);
  assert_int_equal(s.h.all.n, 0);
  stream(&s, "tokyo", "203.0.113.9", 200, 3000, 10);
  SAID(&s, "\"packets\":30,");
  end(&s);
}

static void scanners_are_no_victims(void **st)
{
  (void)st;
  struct setup s;
  char id[48], sensor[16];
  begin(&s);
  open_desk(&s);
  for (int i = 0; i < 60; i++) { /* three to each of 60 honeypots: 180 packets */
    snprintf(sensor, sizeof sensor, "s%d", i);
    take(&s, HIT(sensor, "198.51.100.7", "dns", i * 1000, i * 1000 + 10, 3));
  }
  for (int i = 0; i < 200; i++) { /* never the same request twice, a few at each */
    snprintf(sensor, sizeof sensor, "s%d", i % 20);
    take(&s, HIT(sensor, "198.51.100.8", "dns", 100000 + i * 100, 100000 + i * 100, 1,
                 (uint64_t)i + 1));
  }
  struct hit h = hit_of(HIT("tokyo", "198.51.100.9", "dns", 130000, 130900, 5000), id);
  h.scanner = true; /* on a list */
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_OK);
  assert_int_equal(s.h.all.n, 0);
  assert_int_equal(counter(&s, "scanners"), 1);
  assert_int_equal(counter(&s, "listed"), 5000);
  /* ... but random names in earnest are an attack */
  for (int i = 0; i < 40; i++)
    take(&s, HIT("tokyo", "198.51.100.10", "dns", 140000 + i * 300, 140000 + i * 300, 1,
                 (uint64_t)i + 1));
  assert_int_equal(s.h.all.n, 1);
  end(&s);
}

static void testers_are_told_apart(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  for (int i = 0; i < 6; i++)
    take(&s, HIT("tokyo", "198.51.100.7", "dns", i * 100000, i * 100000, 2, (uint64_t)i + 1));
  assert_int_equal(s.h.all.n, 0);
  assert_int_equal(counter(&s, "testers"), 1);
  end(&s);
}

/* ---- update, end, resume ---- */

static void a_hit_exactly_at_the_gap(void **st)
{
  (void)st;
  struct setup s;
  char text[2048];
  begin(&s);
  open_desk(&s);
  stream(&s, "tokyo", "203.0.113.9", 0, 100, 30);
  stream(&s, "tokyo", "203.0.113.9", 2900 + 120000, 1, 1); /* exactly: goes on */
  assert_int_equal(heard_count(&s.h.all, "\"state\":\"end\""), 0);
  stream(&s, "tokyo", "203.0.113.9", 122900 + 120001, 1, 1); /* a moment more: ended, resumed */
  pass(&s, 1000);
  assert_string_equal(story(&s, text), "start 00:00:02, end 00:04:02, resume 00:04:02, "
                                       "end 00:06:02");
  end(&s);
}

static void resume_keeps_the_id(void **st)
{
  (void)st;
  struct setup s;
  char text[2048];
  begin(&s);
  open_desk(&s);
  stream(&s, "tokyo", "203.0.113.9", 0, 100, 30);
  pass(&s, 500);
  stream(&s, "tokyo", "203.0.113.9", 2900 + 900000, 1, 1); /* exactly the resume time */
  pass(&s, 1500);
  stream(&s, "tokyo", "203.0.113.9", 902900 + 900001, 100, 30); /* too late: another story */
  assert_string_equal(story(&s, text), "start 00:00:02, end 00:02:02, resume 00:15:02, "
                                       "end 00:17:02, start 00:30:05");
  const char *id = strstr(s.h.all.j.buf, "\"id\":\"");
  char first[32];
  snprintf(first, sizeof first, "%.25s", id);
  assert_int_equal(heard_count(&s.h.all, first), 4);
  SAID(&s, "\"revision\":4,");
  assert_int_equal(heard_count(&s.h.all, "\"packets\":30,"), 3);
  end(&s);
}

static void updates_have_causes(void **st)
{
  (void)st;
  struct setup s;
  char text[2048];
  begin(&s);
  open_desk(&s);
  stream(&s, "tokyo", "203.0.113.9", 0, 500, 30);       /* start at 14.5 s */
  stream(&s, "tokyo", "203.0.113.9", 20000, 500, 40);   /* doubled at 34.5 s */
  stream(&s, "oslo", "203.0.113.9", 41000, 500, 2);     /* joins: said when quiet is over */
  stream(&s, "tokyo", "203.0.113.9", 60000, 1000, 310); /* every 5 min */
  story(&s, text);
  assert_string_equal(text, "start 00:00:14, update 00:00:34, update 00:01:00, update 00:06:00");
  end(&s);
}

static void late_hits(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  stream(&s, "tokyo", "203.0.113.9", 120000, 1000, 60); /* minute 2 */
  stream(&s, "oslo", "203.0.113.9", 118000, 100, 10);   /* before it, later told */
  pass(&s, 400);
  SAID(&s, "\"state\":\"end\"");
  const char *last = strstr(s.h.all.j.buf, "\"state\":\"end\"");
  assert_non_null(strstr(last, "\"from\":\"2013-08-07T00:01:58Z\""));
  assert_non_null(strstr(last, "\"bins\":2,\"bin_max\":60,\"packets\":70,"));
  stream(&s, "lima", "203.0.113.9", 125000, 100, 5); /* after the end, of before it */
  pass(&s, 2000);
  SAID(&s, "\"state\":\"end\"");
  assert_int_equal(counter(&s, "late"), 5);
  take(&s, HIT("lima", "203.0.113.9", "ntp_monlist", -3600000, -3599000, 9)); /* an hour ago */
  assert_int_equal(counter(&s, "late"), 5 + 9);
  end(&s);
}

/* One clock is 200 s ahead of the other: nothing may flap. */
static void clocks_apart(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  for (int i = 0; i < 300; i++) {
    stream(&s, "tokyo", "203.0.113.9", i * 1000, 1, 1);
    stream(&s, "oslo", "203.0.113.77", i * 1000 + 200000, 1, 1);
  }
  assert_int_equal(heard_count(&s.h.all, "\"state\":\"end\""), 0);
  assert_int_equal(heard_count(&s.h.all, "\"state\":\"start\""), 2);
  end(&s);
}

static void a_minute_is_cut_exactly(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  open_desk(&s);
  take(&s, HIT("tokyo", "203.0.113.9", "ntp_monlist", 59500, 60500, 201));
  SAID(&s, "\"bins\":2,\"bin_max\":101,\"packets\":201,");
  end(&s);
}

static void what_cannot_be_is_refused(void **st)
{
  (void)st;
  struct setup s;
  char id[48];
  begin(&s);
  open_desk(&s);
  struct hit h = hit_of(HIT("tokyo", "203.0.113.9", "dns", 1000, 0, 5), id);
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_MALFORMED);
  h = hit_of(HIT("tokyo", "203.0.113.9", "dns", 0, 0, 0), id);
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_MALFORMED);
  h = hit_of(HIT("", "203.0.113.9", "dns", 0, 0, 1), id);
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_MALFORMED);
  h = hit_of(HIT("tokyo", "203.0.113.9", "dns", 0, 0, 1), id);
  h.at = INT64_MAX;
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_MALFORMED);
  assert_int_equal(counter(&s, "refused"), 4);
  h = hit_of(HIT("tokyo", "203.0.113.9", "dns", 0, 0, 99), id);
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_OK);
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_OK); /* the same once more */
  assert_int_equal(counter(&s, "repeats"), 1);
  end(&s);
}

static void wrong_settings_are_said(void **st)
{
  (void)st;
  struct setup s;
  struct prac_err err = {0};
  static const char *const odd[] = {"isp", "ips"};
  begin(&s);
  s.conf.profiles = (struct prac_conf_strings){odd, 2};
  assert_int_equal(epi_desk_new(&s.conf, NULL, hear_episode, &s.h, &s.d, &err), PRAC_RANGE);
  assert_non_null(strstr(err.text, "\"ips\""));
  static const char *const mph[] = {"mph"};
  begin(&s);
  s.conf.alert = (struct prac_conf_strings){mph, 1};
  assert_int_equal(epi_desk_new(&s.conf, NULL, hear_episode, &s.h, &s.d, &err), PRAC_RANGE);
  end(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pps_as_the_seed_writes_it),
      cmocka_unit_test(the_seeds_start),
      cmocka_unit_test(the_seeds_end),
      cmocka_unit_test(nothing_below_the_threshold),
      cmocka_unit_test(sensors_are_summed),
      cmocka_unit_test(the_fast_path),
      cmocka_unit_test(three_sensors_agree),
      cmocka_unit_test(scanners_are_no_victims),
      cmocka_unit_test(testers_are_told_apart),
      cmocka_unit_test(a_hit_exactly_at_the_gap),
      cmocka_unit_test(resume_keeps_the_id),
      cmocka_unit_test(updates_have_causes),
      cmocka_unit_test(late_hits),
      cmocka_unit_test(clocks_apart),
      cmocka_unit_test(a_minute_is_cut_exactly),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(wrong_settings_are_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
