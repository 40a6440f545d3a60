/* The evaluation is itself a measuring instrument: subjects, times, seeds and sums by hand, and
 * runs with engines whose answers are known before. */
#include "lib/t.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/eval_jobs.h"
#include "eval/eval.h"

/* ---- subjects ---- */

static void keys_are_read(void **state)
{
  (void)state;
  struct eval_subject s = eval_subject_of("group:52869/tcp");
  assert_int_equal(s.about, EVAL_PORT);
  assert_int_equal(s.port, 52869);
  assert_int_equal(s.proto, 6);
  s = eval_subject_of("port:53/udp");
  assert_int_equal(s.about, EVAL_PORT);
  assert_int_equal(s.proto, 17);
  s = eval_subject_of("country:MM");
  assert_int_equal(s.about, EVAL_COUNTRY);
  assert_int_equal(s.country, 'M' << 8 | 'M');
  s = eval_subject_of("victim:203.0.113.9/tcp");
  assert_int_equal(s.about, EVAL_VICTIM);
  assert_int_equal(prac_ip_to4(&s.victim), 0xcb007109);
  static const char *const others[] = {"",
                                       "port",
                                       "port:",
                                       "port:x/tcp",
                                       "port:70000/tcp",
                                       "port:80",
                                       "country:MMX",
                                       "victim:nobody/tcp",
                                       "host:1"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(others); i++)
    assert_int_equal(eval_subject_of(others[i]).about, EVAL_OTHER);
}

static bool about(const struct eval_truth *t, const char *key)
{
  struct eval_subject s = eval_subject_of(key);
  return eval_is_about(t, &s);
}

static void subjects_fit_events(void **state)
{
  (void)state;
  static uint16_t by_country[1 << 16];
  struct prac_ip victim = prac_ip4(0xcb007109);
  struct eval_truth group = {
      .what = "group", .proto = 6, .n_ports = 2, .ports = {23, 52869}, .by_country = by_country};
  by_country['B' << 8 | 'R'] = EVAL_COUNTRY_HOSTS;
  by_country['C' << 8 | 'N'] = EVAL_COUNTRY_HOSTS - 1;
  assert_true(about(&group, "group:52869/tcp"));
  assert_true(about(&group, "port:23/tcp"));
  assert_false(about(&group, "port:23/udp"));
  assert_false(about(&group, "port:22/tcp"));
  assert_true(about(&group, "country:BR"));
  assert_false(about(&group, "country:CN"));
  assert_false(about(&group, "victim:203.0.113.9/tcp"));
  struct eval_truth country = {
      .what = "surge-country", .proto = 6, .country = 'B' << 8 | 'D', .n_ports = 1, .ports = {23}};
  assert_true(about(&country, "country:BD"));
  assert_false(about(&country, "country:BR"));
  assert_false(about(&country, "port:23/tcp")); /* everybody's */
  struct eval_truth flood = {.what = "backscatter",
                             .proto = 6,
                             .n_ports = 1,
                             .ports = {80},
                             .victims = &victim,
                             .n_victims = 1};
  assert_true(about(&flood, "victim:203.0.113.9/tcp"));
  assert_false(about(&flood, "victim:203.0.113.8/tcp"));
  assert_false(about(&flood, "port:80/tcp")); /* answers go to ports of no meaning */
}

static void times_fit_events(void **state)
{
  (void)state;
  const struct eval_truth t = {.first = 1000, .last = 2000}, silent = {.first = PRAC_TIME_NONE};
  static const struct {
    struct eval_claim c;
    bool fits;
  } table[] = {
      {{1500, 900, 1500}, true},   {{1000, 1000, 1000}, true},
      {{999, 0, 3000}, false},                                 /* said before anything was sent */
      {{1500, 100, 999}, false},   {{2600, 2400, 2600}, true}, /* within the slack of 500 */
      {{2600, 2501, 2600}, false}, {{9000, 1500, 9000}, true}, /* late, but about that time */
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(table); i++)
    assert_int_equal(eval_in_time(&t, &table[i].c, 500), table[i].fits);
  assert_false(eval_in_time(&silent, &table[0].c, 500));
}

static void nuisances_allow_what_is_true(void **state)
{
  (void)state;
  const struct eval_truth astray = {
      .what = "misconfig", .proto = 17, .n_ports = 1, .ports = {6881}};
  struct eval_subject s = eval_subject_of("port:6881/udp");
  assert_true(eval_allowed(&astray, &s, "surge-port"));
  assert_true(eval_allowed(&astray, &s, "sync-point"));
  assert_false(eval_allowed(&astray, &s, "sync-group"));
  s = eval_subject_of("port:6882/udp");
  assert_false(eval_allowed(&astray, &s, "surge-port"));
}

/* ---- seeds ---- */

static void seeds_are_apart(void **state)
{
  (void)state;
  assert_int_not_equal(eval_world(EVAL_TUNE), eval_world(EVAL_SCORE));
  for (size_t i = 0; i < eval_scenario_count; i++) {
    const struct eval_scenario *a = &eval_scenarios[i];
    assert_ptr_equal(eval_scenario_find(a->name), a);
    uint64_t tune = eval_seed(a, EVAL_TUNE, EVAL_SEEDS_MAX - 1),
             score = eval_seed(a, EVAL_SCORE, 0);
    assert_true(tune < score);
    assert_true(eval_seed_is(a, EVAL_TUNE, tune) && !eval_seed_is(a, EVAL_SCORE, tune));
    assert_true(eval_seed_is(a, EVAL_SCORE, score) && !eval_seed_is(a, EVAL_TUNE, score));
    for (size_t k = 0; k < eval_scenario_count; k++)
      for (int m = 0; m < 2; m++)
        assert_true(k == i || (!eval_seed_is(&eval_scenarios[k], (enum eval_mode)m, tune) &&
                               !eval_seed_is(&eval_scenarios[k], (enum eval_mode)m, score)));
  }
  assert_null(eval_scenario_find("nosuch"));
}

static void the_wrong_kind_of_seed_is_refused(void **state)
{
  (void)state;
  const struct eval_scenario *s = &eval_scenarios[0];
  const struct eval_conf c = {.min_level = 2};
  struct eval_result r;
  struct prac_err e = {.text = ""};
  assert_int_equal(eval_run(&c, s, EVAL_SCORE, eval_seed(s, EVAL_TUNE, 3), NULL, &r, &e),
                   PRAC_DENIED);
  assert_int_equal(eval_run(&c, s, EVAL_TUNE, eval_seed(s, EVAL_SCORE, 3), NULL, &r, &e),
                   PRAC_DENIED);
  assert_non_null(strstr(e.text, "is not one of this kind"));
}

/* ---- sums ---- */

static void sums_by_hand(void **state)
{
  (void)state;
  static const char *const who[] = {"ensemble", "surge"};
  struct eval_result r[3];
  memset(r, 0, sizeof r);
  for (uint32_t i = 0; i < 3; i++) { /* given in the wrong order */
    r[i].seed = 30 - i;
    r[i].scored_ns = PRAC_DAY / 2;
    r[i].n_events = 1;
    r[i].events[0] = (struct eval_found){.name = "group-10", .what = "group", .hosts = 10 - i};
    for (size_t w = 0; w < EVAL_WHO; w++) r[i].events[0].delay_ns[w] = -1;
    r[i].events[0].delay_ns[0] = (int64_t)(3 - i) * PRAC_MIN;
  }
  r[0].events[0].delay_ns[1] = PRAC_MIN;
  r[1].events[0].delay_ns[0] = -1;
  r[2].alarms_false[1] = 2;
  struct eval_sum s;
  assert_int_equal(eval_sum_of(r, 3, who, 2, &s), PRAC_OK);
  assert_int_equal(r[0].seed, 28);
  assert_int_equal(s.n_rows, 1);
  assert_int_equal(s.rows[0].n, 3);
  assert_int_equal(s.rows[0].hosts, 10);
  assert_int_equal(s.rows[0].found[0], 2);
  assert_int_equal(s.rows[0].found[1], 1);
  assert_true(s.rows[0].delay_s[0][0] == 60 && s.rows[0].delay_s[0][1] == 180);
  assert_true(fabs(s.all.days - 1.5) < 1e-12);
  assert_int_equal(s.all.alarms_false[0], 0);
  assert_int_equal(s.all.alarms_false[1], 2);
  assert_int_equal(s.parts[0].found[0], 2);
  assert_true(s.parts[0].first == 28 && s.parts[0].last == 30);
  eval_sum_done(&s);
  assert_int_equal(eval_sum_of(NULL, 0, who, 2, &s), PRAC_OK);
  eval_sum_done(&s);
}

/* ---- jobs ---- */

static prac_rc square(void *arg, size_t i, uint8_t **ret, size_t *ret_n, struct prac_err *reterr)
{
  (void)arg;
  size_t n = i == 5 ? 300000 : 8; /* more than a pipe holds */
  if (i == 77) return PRAC_FAIL(reterr, PRAC_RANGE, "seventy-seven");
  uint64_t *v = calloc(1, n);
  if (!v) return PRAC_NOMEM;
  v[0] = i * i;
  *ret = (uint8_t *)v;
  *ret_n = n;
  return PRAC_OK;
}

static prac_rc note(void *arg, size_t i, const uint8_t *bytes, size_t n)
{
  uint64_t *seen = arg;
  assert_int_equal(n, i == 5 ? 300000 : 8);
  memcpy(&seen[i], bytes, 8);
  return PRAC_OK;
}

static void jobs_come_back(void **state)
{
  (void)state;
  uint64_t one[70] = {0}, four[70] = {0};
  struct prac_err e = {.text = ""};
  struct eval_jobs j = {.n = 70, .procs = 1, .work = square, .done = note, .arg = one};
  assert_int_equal(eval_jobs_run(&j, &e), PRAC_OK);
  j.procs = 4;
  j.arg = four;
  assert_int_equal(eval_jobs_run(&j, &e), PRAC_OK);
  assert_memory_equal(one, four, sizeof one);
  assert_int_equal(one[69], 69 * 69);
  uint64_t more[100];
  j = (struct eval_jobs){.n = 100, .procs = 3, .work = square, .done = note, .arg = more};
  assert_int_equal(eval_jobs_run(&j, &e), PRAC_RANGE);
  assert_string_equal(e.text, "seventy-seven");
}

/* ---- runs ---- */

static int64_t a_clock(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * PRAC_SEC + t.tv_nsec;
}

/* Floods are beyond doubt: each is found within minutes, and nothing else is called a flood. The
 * state after a warm-up without one is no other than none. */
static void floods_are_found(void **state)
{
  (void)state;
  const struct eval_scenario *s = eval_scenario_find("surges");
  const struct eval_conf c = {.engines = "backscatter",
                              .min_level = 1,
                              .slack_ns = PRAC_HOUR,
                              .warm_ns = PRAC_DAY,
                              .clock = a_clock};
  struct eval_scenario quick = *s;
  struct eval_state warm = {0};
  struct eval_result a, b;
  struct prac_err e = {.text = ""};
  const char *who[EVAL_WHO];
  assert_int_equal(eval_who(&c, who), 2);
  assert_string_equal(who[1], "backscatter");
  quick.length_ns = 8 * PRAC_HOUR;
  assert_int_equal(eval_warm(&c, &quick, EVAL_TUNE, &warm, &e), PRAC_OK);
  assert_int_equal(eval_run(&c, s, EVAL_TUNE, eval_seed(s, EVAL_TUNE, 4000), &warm, &a, &e),
                   PRAC_OK);
  assert_int_equal(eval_run(&c, s, EVAL_TUNE, eval_seed(s, EVAL_TUNE, 4000), &warm, &b, &e),
                   PRAC_OK);
  assert_true(a.cpu_ns[1] > 0 && a.cpu_ns[1] < a.cpu_ns[0]);
  memset(a.cpu_ns, 0, sizeof a.cpu_ns);
  memset(b.cpu_ns, 0, sizeof b.cpu_ns);
  assert_memory_equal(&a, &b, sizeof a);
  assert_int_equal(a.n_events, 8);
  for (uint32_t i = 0; i < a.n_events; i++) {
    bool flood = strcmp(a.events[i].what, "backscatter") == 0;
    assert_int_equal(a.events[i].delay_ns[0], a.events[i].delay_ns[1]);
    assert_int_equal(a.events[i].delay_ns[1] >= 0, flood);
    assert_true(!flood || a.events[i].delay_ns[1] < 10 * PRAC_MIN);
  }
  assert_int_equal(a.alarms_false[0], 0);
  free(warm.bytes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_read),    cmocka_unit_test(subjects_fit_events),
      cmocka_unit_test(times_fit_events), cmocka_unit_test(nuisances_allow_what_is_true),
      cmocka_unit_test(seeds_are_apart),  cmocka_unit_test(the_wrong_kind_of_seed_is_refused),
      cmocka_unit_test(sums_by_hand),     cmocka_unit_test(jobs_come_back),
      cmocka_unit_test(floods_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
