/* Hosts that act together: found from the first slot on, at their port and no other; densities
 * against their history; limits, restart, hostile state. */
#include "lib/t.h"

#include <stdio.h>

#include "base/rng.h"
#include "engine/core.h"
#include "engine/glasso/glasso.h"
#include "lib/flows.h"

enum { MOST_ROWS = 8192, GROUP_PORT = 52869 };
extern const struct eng_ops eng_glasso;

struct run {
  struct heard h;
  struct prac_conf *conf;
  struct eng_core *core;
  struct prac_rng rng;
};
static struct prac_conf *settings(const char *more)
{
  const struct prac_conf_section *sections[] = {eng_glasso.conf, NULL};
  struct prac_conf *conf = NULL;
  struct prac_err e = {0};
  char text[1024];
  int n = snprintf(text, sizeof text, "engine:\n  glasso:\n    quiet-slots: 1\n%s", more);
  if (prac_conf_parse(text, (size_t)n, "test", sections, &conf, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return conf;
}
/* Another one in every core: nothing that is compared below may depend on it. */
static uint64_t secrets;

static struct eng_core *core_of(struct run *r, unsigned threads)
{
  struct eng_core_conf c = {.nthreads = threads, .seed = 3, .secret = ++secrets, .only = "glasso"};
  struct eng_core *ret = NULL;
  struct prac_err e = {0};
  if (eng_core_new(&c, r->conf, hear_finding, &r->h, &ret, &e) != PRAC_OK) fail_msg("%s", e.text);
  return ret;
}
static void start(struct run *r, const char *more, unsigned threads)
{
  *r = (struct run){.h = heard_of(), .conf = settings(more), .rng = prac_rng_of(5)};
  r->core = core_of(r, threads);
}
static void finish(struct run *r)
{
  assert_int_equal(eng_core_finish(r->core, NULL), PRAC_OK);
}
static void done(struct run *r)
{
  eng_core_free(&r->core);
  prac_conf_free(&r->conf);
  heard_done(&r->h);
}
static uint64_t counter(const struct run *r, const char *name)
{
  struct prac_counters t[8];
  size_t n = eng_core_counters(r->core, t, 8);
  for (size_t i = 0; i < n && i < 8; i++)
    for (size_t k = 0; strcmp(t[i].room, "engine.glasso") == 0 && k < t[i].n; k++)
      if (strcmp(t[i].defs[k].name, name) == 0) return prac_counter_get(&t[i].values[k]);
  fail_msg("no counter %s", name);
  return 0;
}
static struct flow_row row(uint32_t src, uint32_t dst, uint16_t port, uint32_t packets)
{
  return (struct flow_row){.src = prac_ip4(src),
                           .dst = prac_ip4(0xc6120000u | (dst & 0x7fff)),
                           .proto = 6,
                           .tcp_flags = 2,
                           .dport = port,
                           .packets = packets,
                           .country = 'V' << 8 | 'N'};
}
static void feed(struct run *r, const char *sensor, int minute, struct flow_row *rows, uint32_t n)
{
  struct flow_batch *b = batch_of(sensor, T0 + minute * PRAC_MIN, rows, n, true);
  assert_int_equal(eng_core_feed(r->core, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}
/* Twenty senders a minute, each in a /16 of its own, most to 23; some stay for long. */
static uint32_t background(struct run *r, int minute, struct flow_row *v)
{
  static const uint16_t ports[] = {23, 23, 23, 23, 445, 445, 80, 22, 8080, GROUP_PORT};
  uint32_t n = 0;
  for (uint32_t i = 0; i < 20; i++) {
    uint32_t src = (uint32_t)(prac_rng_below(&r->rng, 0x5f00) + 0x0b00) << 16 | 9;
    for (int k = 0; k < 2; k++) {
      v[n] = row(src, (uint32_t)prac_rng_u64(&r->rng), ports[prac_rng_below(&r->rng, 10)], 1);
      v[n++].first_ms = (uint16_t)(prac_rng_below(&r->rng, 6) * 10000);
    }
    if (minute >= 0 && prac_rng_below(&r->rng, 3) == 0) {
      v[n] = row((0x7000u + i) << 16 | 3, i, ports[i % 10], 2);
      v[n++].first_ms = (uint16_t)(prac_rng_below(&r->rng, 6) * 10000);
    }
  }
  return n;
}
static uint32_t group(struct run *r, uint32_t size, uint16_t port, struct flow_row *v)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < size; i++)
    for (int k = 0; k < 3; k++)
      v[n++] = row((0x8000u + i * 7) << 16 | 77, (uint32_t)prac_rng_u64(&r->rng), port, 1);
  return n;
}
static bool pulses(int m)
{
  return m >= 40 && m < 60 && m % 5 < 1;
}
static void minutes(struct run *r, const char *const *sensors, uint32_t size, int from, int to)
{
  static struct flow_row v[MOST_ROWS];
  for (int m = from; m < to; m++)
    for (int i = 0; sensors[i]; i++) {
      uint32_t n = background(r, m, v);
      if (pulses(m)) n += group(r, size, GROUP_PORT, v + n);
      feed(r, sensors[i], m, v, n);
    }
}
static const char *const tokyo[] = {"tokyo", NULL};

static void a_group_is_found_at_once(void **s)
{
  (void)s;
  struct run r;
  start(&r, "", 1);
  minutes(&r, tokyo, 50, 0, 100);
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"key\":\"group:52869/tcp\""), r.h.n); /* no other */
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\""), 2);
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\",\"at\":\"2013-08-07T00:50:00Z\""), 1);
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\",\"at\":\"2013-08-07T01:00:00Z\""), 1);
  assert_int_equal(heard_count(&r.h, "\"state\":\"off\",\"at\":\"2013-08-07T01:10:00Z\""), 1);
  assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-group\""), 3);
  assert_int_equal(heard_count(&r.h, "\"level\":3"), 2);
  assert_int_equal(heard_count(&r.h, "\"128.0.0.77\""), 2); /* a member */
  assert_int_equal(heard_count(&r.h, "\"112.3.0.3\""), 0);  /* nobody else */
  assert_int_equal(counter(&r, "slots"), 10);
  assert_int_equal(counter(&r, "unproved"), 0);
  assert_true(counter(&r, "edges") > 1000 && counter(&r, "ports_tested") > 20);
  done(&r);
}

static void background_says_nothing(void **s)
{
  (void)s;
  struct run r;
  start(&r, "    max-hosts: 16\n", 1); /* the graph is not what is tested here */
  minutes(&r, tokyo, 0, 0, 3000);
  finish(&r);
  assert_int_equal(r.h.n, 0); /* 300 slots */
  assert_int_equal(counter(&r, "slots"), 300);
  done(&r);
}

/* The sensor hears nothing for some seconds of a minute: no port keeps time because of that. */
static void a_gap_is_not_synchrony(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "    max-hosts: 16\n", 1);
  for (int m = 0; m < 60; m++) {
    uint32_t n = m % 10 < 7 ? background(&r, m, v) : 0;
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(r.h.n, 0);
  done(&r);
}

static void sensors_that_agree_are_one_finding(void **s)
{
  (void)s;
  static const char *const three[] = {"oslo", "paris", "tokyo", NULL};
  struct run r;
  start(&r, "", 1);
  minutes(&r, three, 40, 30, 60);
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"sensors\":[\"oslo\",\"paris\",\"tokyo\"]"), 2);
  assert_int_equal(r.h.n, 2);
  assert_int_equal(heard_count(&r.h, "3 sensors agree"), 2);
  assert_int_equal(heard_count(&r.h, "\"level\":4"), 2);
  done(&r);
}

static void levels(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "", 1);
  minutes(&r, tokyo, 120, 40, 60);
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"level\":4"), 2);
  done(&r);
  start(&r, "    hosts: 100\n", 1);
  minutes(&r, tokyo, 50, 40, 60);
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-survey\""), 2);
  assert_int_equal(heard_count(&r.h, "\"level\":1"), 2);
  done(&r);
  start(&r, "    hosts: 100\n    survey: no\n", 1);
  minutes(&r, tokyo, 50, 40, 60);
  finish(&r);
  assert_int_equal(r.h.n, 0);
  done(&r);
  start(&r, "", 1); /* all at one address of ours */
  for (int m = 40; m < 60; m++) {
    uint32_t n = background(&r, m, v), first = n;
    if (pulses(m)) n += group(&r, 50, 6000, v + n);
    for (uint32_t i = first; i < n; i++) v[i].dst = prac_ip4(0xc6120001u);
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-point\""), 2);
  assert_int_equal(heard_count(&r.h, "\"key\":\"group:6000/tcp\""), r.h.n);
  done(&r);
}

static void marked_rows_do_not_count(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "", 1);
  for (int m = 40; m < 60; m++) {
    uint32_t n = background(&r, m, v), first = n;
    if (pulses(m)) n += group(&r, 50, GROUP_PORT, v + n);
    for (uint32_t k = first; k < n; k++) v[k].marks = FLOW_BACKSCATTER;
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(r.h.n, 0);
  done(&r);
}

/* ---- history ---- */

static void history_forgets_alerts_by_their_rows(void **s)
{
  (void)s;
  struct glasso_conf c = {.history = 16, .min_history = 8, .theta = 0.5};
  struct glasso_past past[16];
  struct glasso_sensor x = {.past = past};
  struct glasso_verdict v;
  struct prac_arena *a = prac_arena_new(0);
  struct prac_rng r = prac_rng_of(3);
  for (uint32_t i = 0; i < 40; i++) {
    struct glasso_past now = {.from = (prac_time)i * 600 * PRAC_SEC, .hosts = 100};
    for (unsigned k = 0; k < GLASSO_RHO; k++)
      now.edges[k] = 100 + prac_rng_below(&r, 20) + (i == 20 || (i == 23 && k < 2) ? 400 : 0);
    assert_int_equal(glasso_remember(&c, &x, now, a, &v), PRAC_OK);
    assert_int_equal(v.alert, i == 20 || i == 23);
    if (i == 23) assert_true(v.rho == 0 && v.z > 5); /* 20 did not raise the bar */
    if (i == 24) {
      uint32_t found = 0;
      for (uint32_t k = 0; k < x.n_past; k++) {
        bool was = x.past[k].from == 20 * 600 * PRAC_SEC || x.past[k].from == 23 * 600 * PRAC_SEC;
        assert_int_equal(x.past[k].alert != 0, was); /* their own rows, not the largest */
        found += was;
      }
      assert_int_equal(found, 2);
    }
    assert_true(x.n_past <= 16);
  }
  struct glasso_past nobody = {.hosts = 0}, one = {.hosts = 1}, two = {.hosts = 2, .edges = {1}};
  assert_true(!(glasso_density(&nobody, 0) > 0) && !(glasso_density(&one, 0) > 0));
  assert_true(glasso_density(&two, 0) > 0.49 && glasso_density(&two, 0) < 0.51); /* E / p(p-1) */
  prac_arena_free(&a);
}

/* ---- windows, limits ---- */

static void odd_traffic(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  for (int kind = 0; kind < 5; kind++) {
    struct run r;
    start(&r, "", 1);
    for (int m = 0; m < 20; m++) {
      uint32_t n = 0;
      for (uint32_t i = 0; i < 40; i++) {
        if (kind == 1 && i == 0) v[n++] = row(0x05060708, 1, 23, 1);   /* one host */
        if (kind == 2) v[n++] = row(0x05060708 + (i << 16), i, 23, 7); /* all equal, always */
        if (kind == 3) v[n++] = row(0x05060708 + (i << 16), i, (uint16_t)i, UINT32_MAX);
        if (kind == 4) {
          v[n] = row(0x05060708 + (i << 16), i, 23, 1);
          v[n++].proto = i % 2 ? 1 : 47; /* no ports */
        }
      }
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(heard_count(&r.h, "sync-group"), 0);
    assert_int_equal(counter(&r, "slots"), 2);
    done(&r);
  }
}

static void limits_hold_and_are_counted(void **s)
{
  (void)s;
  static const char *const two[] = {"oslo", "tokyo", NULL};
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "    max-rows: 1024\n    max-sensors: 1\n    max-hosts: 100\n", 1);
  minutes(&r, two, 100, 0, 60);
  finish(&r);
  assert_true(counter(&r, "refused_rows") > 100);
  assert_int_equal(counter(&r, "refused_sensors"), 60);
  assert_true(counter(&r, "hosts_left") > 100);
  done(&r);
  start(&r, "", 1); /* eighty ports at once: 64 are said */
  for (int m = 40; m < 50; m++) {
    uint32_t n = background(&r, m, v);
    for (uint32_t i = 0; i < 80 * 25; i++)
      if (i % 80 % 5 == (uint32_t)m % 5)
        v[n++] = row((0x8000u + i) << 16 | 77, i * 7, (uint16_t)(7000 + i % 80), 3);
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"key\":\"group:70"), 64);
  assert_int_equal(counter(&r, "refused_ports"), 16);
  done(&r);
  start(&r, "", 1); /* a slot with holes */
  for (int m = 0; m < 60; m++) {
    uint32_t n = background(&r, m, v);
    if (m % 10 > 1) feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(counter(&r, "slots"), 0);
  assert_int_equal(counter(&r, "slots_incomplete"), 6);
  done(&r);
}

static void settings_that_contradict_are_refused(void **s)
{
  (void)s;
  static const char *const bad[] = {"    sample: 45s\n", "    slot: 10m\n    sample: 6m\n",
                                    "    ignore: [nonsense]\n",
                                    "    history: 20\n    min-history: 30\n"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct prac_conf *conf = settings(bad[i]);
    struct heard h = heard_of();
    struct eng_core_conf c = {.nthreads = 1, .only = "glasso"};
    struct eng_core *core = NULL;
    assert_int_not_equal(eng_core_new(&c, conf, hear_finding, &h, &core, NULL), PRAC_OK);
    prac_conf_free(&conf);
    heard_done(&h);
  }
}

/* ---- the same whoever does it, and across a restart ---- */

static void threads_do_not_matter(void **s)
{
  (void)s;
  static const char *const two[] = {"oslo", "tokyo", NULL};
  struct run a, b;
  start(&a, "", 1);
  start(&b, "", 3);
  minutes(&a, two, 60, 30, 80);
  minutes(&b, two, 60, 30, 80);
  finish(&a);
  finish(&b);
  assert_true(a.h.n > 2 && heard_same(&a.h, &b.h));
  assert_true(counter(&a, "edges") == counter(&b, "edges"));
  done(&a);
  done(&b);
}

static void a_restart_changes_nothing(void **s)
{
  (void)s;
  struct run a, b;
  start(&a, "    history: 16\n    min-history: 8\n", 1);
  minutes(&a, tokyo, 60, 0, 100);
  finish(&a);
  start(&b, "    history: 16\n    min-history: 8\n", 1);
  for (int m = 0; m < 100; m++) {
    minutes(&b, tokyo, 60, m, m + 1);
    if (m % 7 != 3) continue; /* in the middle of slots */
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(eng_core_save(b.core, &bytes, &len, NULL), PRAC_OK);
    eng_core_free(&b.core);
    b.core = core_of(&b, 1);
    assert_int_equal(eng_core_load(b.core, bytes, len, NULL), PRAC_OK);
    free(bytes);
  }
  finish(&b);
  assert_true(a.h.n > 2 && heard_same(&a.h, &b.h));
  done(&a);
  done(&b);
}

static void damaged_state_is_refused(void **s)
{
  (void)s;
  struct run r;
  start(&r, "    max-hosts: 16\n", 1);
  minutes(&r, tokyo, 30, 30, 65);
  void *st = calloc(1, eng_glasso.state_size), *to;
  uint8_t *bytes = NULL;
  size_t len = 0;
  assert_non_null(st);
  free(st);
  assert_int_equal(eng_core_save(r.core, &bytes, &len, NULL), PRAC_OK);
  struct prac_rng rng = prac_rng_of(9);
  for (int round = 0; round < 300; round++) {
    to = malloc(len);
    assert_non_null(to);
    memcpy(to, bytes, len);
    size_t cut = round % 3 ? len : prac_rng_below(&rng, len);
    if (round % 3) ((uint8_t *)to)[prac_rng_below(&rng, len)] ^= (uint8_t)(1 + round % 255);
    struct eng_core *c = core_of(&r, 1);
    prac_rc rc = eng_core_load(c, to, cut, NULL);
    assert_true(rc == PRAC_OK || rc == PRAC_DAMAGED || rc == PRAC_UNSUPPORTED ||
                rc == PRAC_TRUNCATED || rc == PRAC_MALFORMED);
    eng_core_free(&c);
    free(to);
  }
  free(bytes);
  done(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_group_is_found_at_once),
      cmocka_unit_test(background_says_nothing),
      cmocka_unit_test(a_gap_is_not_synchrony),
      cmocka_unit_test(sensors_that_agree_are_one_finding),
      cmocka_unit_test(levels),
      cmocka_unit_test(marked_rows_do_not_count),
      cmocka_unit_test(history_forgets_alerts_by_their_rows),
      cmocka_unit_test(odd_traffic),
      cmocka_unit_test(limits_hold_and_are_counted),
      cmocka_unit_test(settings_that_contradict_are_refused),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(a_restart_changes_nothing),
      cmocka_unit_test(damaged_state_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
