/* Groups that keep time: found while they do, on the port they knock at, and nothing else is; what
 * the published rule would say; limits, restart, hostile state. */
#include "lib/t.h"

#include <stdio.h>

#include "base/rng.h"
#include "engine/core.h"
#include "lib/flows.h"

enum { MOST_ROWS = 4096, GROUP_PORT = 52869 };
extern const struct eng_ops eng_nmf;

static struct prac_conf *settings(const char *more)
{
  const struct prac_conf_section *sections[] = {eng_nmf.conf, NULL};
  struct prac_conf *conf = NULL;
  struct prac_err e = {0};
  char text[1024];
  int n = snprintf(text, sizeof text, "engine:\n  nmf:\n    quiet-slots: 1\n%s", more);
  if (prac_conf_parse(text, (size_t)n, "test", sections, &conf, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return conf;
}

struct run {
  struct heard h;
  struct prac_conf *conf;
  struct eng_core *core;
  struct prac_rng rng;
};
/* Another one in every core: nothing that is compared below may depend on it. */
static uint64_t secrets;

static void start(struct run *r, const char *more, unsigned threads)
{
  *r = (struct run){.h = heard_of(), .conf = settings(more), .rng = prac_rng_of(5)};
  struct eng_core_conf c = {.nthreads = threads, .seed = 3, .secret = ++secrets, .only = "nmf"};
  struct prac_err e = {0};
  if (eng_core_new(&c, r->conf, hear_finding, &r->h, &r->core, &e) != PRAC_OK)
    fail_msg("%s", e.text);
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
    for (size_t k = 0; strcmp(t[i].room, "engine.nmf") == 0 && k < t[i].n; k++)
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

/* Thirty new senders a minute, each in a /16 of its own, with a few packets, most to 23. */
static uint32_t background(struct run *r, struct flow_row *v)
{
  static const uint16_t ports[] = {23, 23, 23, 23, 23, 445, 445, 445, 80,   80,
                                   80, 22, 22, 81, 81, 443, 443, 21,  8080, GROUP_PORT};
  uint32_t n = 0;
  for (int i = 0; i < 30; i++) {
    uint32_t src = (uint32_t)(prac_rng_below(&r->rng, 0x5f00) + 0x0b00) << 16 | 9;
    for (int k = 0; k < 4; k++)
      v[n++] = row(src, (uint32_t)prac_rng_u64(&r->rng), ports[prac_rng_below(&r->rng, 20)], 1);
  }
  return n;
}
/* `size` senders of a group, each three packets. */
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
  return m >= 42 && m < 60 && m % 6 < 2;
}
/* Two hours; the group is there in minutes 42 to 59, two of every six. */
static void two_hours(struct run *r, const char *const *sensors, uint32_t size, int from, int to)
{
  static struct flow_row v[MOST_ROWS];
  for (int m = from; m < to; m++)
    for (int i = 0; sensors[i]; i++) {
      uint32_t n = background(r, v);
      if (pulses(m)) n += group(r, size, GROUP_PORT, v + n);
      feed(r, sensors[i], m, v, n);
    }
}
static const char *const tokyo[] = {"tokyo", NULL};

static void a_group_is_found_while_it_keeps_time(void **s)
{
  (void)s;
  struct run r;
  start(&r, "", 1);
  two_hours(&r, tokyo, 50, 0, 120);
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"key\":\"group:52869/tcp\""), r.h.n); /* no other */
  assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-group\""), r.h.n);
  assert_int_equal(heard_count(&r.h, "\"state\":\"off\""), 1);
  /* windows end every ten minutes: the first that holds a pulse ends at 50 */
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\",\"at\":\"2013-08-07T00:50:00Z\""), 1);
  assert_int_equal(heard_count(&r.h, "\"at\":\"2013-08-07T00:40:00Z\""), 0);
  /* the last begins at 50; one slot without it ends the story */
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\",\"at\":\"2013-08-07T01:20:00Z\""), 1);
  assert_int_equal(heard_count(&r.h, "\"state\":\"off\",\"at\":\"2013-08-07T01:30:00Z\""), 1);
  assert_int_equal(heard_count(&r.h, "\"from\":\"2013-08-07T00:4"), r.h.n);
  assert_int_equal(heard_count(&r.h, "\"level\":3"), r.h.n - 1);
  assert_int_equal(heard_count(&r.h, "\"country\":\"VN\""), r.h.n - 1);
  assert_int_equal(heard_count(&r.h, "\"flows\":\"port=52869/tcp from=2013-08-07T00:4"), r.h.n);
  assert_int_equal(heard_count(&r.h, "\"128.0.0.77\""), r.h.n - 1); /* a member */
  assert_int_equal(counter(&r, "windows"), 10);
  assert_int_equal(counter(&r, "windows_incomplete"), 2);
  assert_int_equal(counter(&r, "unconverged"), 0);
  done(&r);
}

/* One machine that forges its senders: many hosts in the same minutes, one packet each. */
static void one_packet_each_is_no_group(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  static const char *const rules[] = {"    hits: 1\n",
                                      "    hits: 1\n    packets-each: 0\n    drop-single: no\n"};
  for (int k = 0; k < 2; k++) {
    struct run r;
    start(&r, rules[k], 1);
    for (int m = 0; m < 60; m++) {
      uint32_t n = background(&r, v);
      for (uint32_t i = 0; m >= 15 && m < 18 && i < 300; i++)
        v[n++] = row((0x8000u + i + 300u * (uint32_t)m) << 16 | 77, i * 7, 7000, 1);
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(heard_count(&r.h, "\"key\":\"group:7000/tcp\"") > 0, k == 1);
    done(&r);
  }
}

/* Forged senders that share prefixes two by two have one packet each all the same. */
static void forged_senders_of_one_prefix_are_no_group(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "    hits: 1\n", 1);
  for (int m = 0; m < 60; m++) {
    uint32_t n = background(&r, v);
    for (uint32_t i = 0; m >= 15 && m < 18 && i < 300; i++)
      v[n++] = row((0x8000u + i / 2 + 300u * (uint32_t)m) << 16 | i, i * 7, 7000, 1);
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(r.h.n, 0);
  done(&r);
}

/* Devices that knock at one port all day, each when it likes, have a pattern (always) and a port in
 * common; nobody tells them when. */
static void hosts_that_never_rest_are_no_group(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  static const char *const rules[] = {"", "    alpha: 1\n"};
  for (int k = 0; k < 2; k++) {
    struct run r;
    start(&r, rules[k], 1);
    for (int m = 0; m < 60; m++) {
      uint32_t n = background(&r, v);
      for (uint32_t i = 0; i < 150; i++)
        if (prac_rng_below(&r.rng, 3) == 0)
          v[n++] = row((0x8000u + i) << 16 | 5, i * 7, 2323, 1 + (uint32_t)m % 2);
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-group\"") > 0, k == 1);
    done(&r);
  }
}

static void nothing_but_background_says_nothing(void **s)
{
  (void)s;
  struct run r;
  start(&r, "", 1);
  two_hours(&r, tokyo, 0, 0, 120);
  finish(&r);
  assert_int_equal(r.h.n, 0);
  assert_true(counter(&r, "groups") > 100);
  done(&r);
}

/* As published, with neither chance nor enough hosts asked: what everybody sends to is named. */
static void the_published_rule_names_the_popular_port(void **s)
{
  (void)s;
  struct run r;
  start(&r,
        "    percent: 30\n    hosts: 2\n    min-hosts: 2\n    hits: 1\n    surprise: 0\n"
        "    lift: 1\n    alpha: 1\n    packets-each: 0\n",
        1);
  two_hours(&r, tokyo, 0, 0, 40);
  finish(&r);
  assert_true(heard_count(&r.h, "\"key\":\"group:23/tcp\"") > 0);
  done(&r);
}

static void other_ways_find_it_too(void **s)
{
  (void)s;
  static const char *const ways[] = {
      "    solver: mu\n",
      "    rank-min: 2\n    rank-max: 6\n",
      "    every: 30m\n",
      "    port-stage: no\n",
      "    v4-bits: 32\n",
      "    drop-single: no\n    minute-limit: 0\n",
      "    rank-min: 3\n    rank-max: 10\n    mdl: yes\n    hits: 1\n"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ways); i++) {
    struct run r;
    start(&r, ways[i], 1);
    two_hours(&r, tokyo, 50, 0, 90);
    finish(&r);
    if (heard_count(&r.h, "\"key\":\"group:52869/tcp\"") == 0) fail_msg("not by %s", ways[i]);
    assert_int_equal(heard_count(&r.h, "\"key\":\"group:52869/tcp\""), r.h.n);
    done(&r);
  }
}

static void sensors_that_agree_are_one_finding(void **s)
{
  (void)s;
  static const char *const three[] = {"oslo", "paris", "tokyo", NULL};
  struct run r;
  start(&r, "", 1);
  two_hours(&r, three, 40, 0, 60);
  finish(&r);
  size_t n = heard_count(&r.h, "\"sensors\":[\"oslo\",\"paris\",\"tokyo\"]");
  assert_true(n > 0);
  assert_true(r.h.n <= 2); /* at 50 and at 60 min: one for all */
  assert_int_equal(heard_count(&r.h, "3 sensors agree"), n);
  assert_int_equal(heard_count(&r.h, "\"level\":4"), n); /* 40 hosts alone are level 3 */
  done(&r);
}

static void many_hosts_make_it_high_few_a_survey(void **s)
{
  (void)s;
  struct run r;
  start(&r, "", 1);
  two_hours(&r, tokyo, 120, 0, 60);
  finish(&r);
  assert_true(r.h.n > 0);
  assert_int_equal(heard_count(&r.h, "\"level\":4"), r.h.n);
  done(&r);
  start(&r, "    min-hosts: 100\n", 1);
  two_hours(&r, tokyo, 50, 0, 60);
  finish(&r);
  assert_true(r.h.n > 0);
  assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-survey\""), r.h.n);
  assert_int_equal(heard_count(&r.h, "\"level\":1"), r.h.n);
  done(&r);
  start(&r, "    min-hosts: 100\n    survey: no\n", 1);
  two_hours(&r, tokyo, 50, 0, 60);
  finish(&r);
  assert_int_equal(r.h.n, 0);
  done(&r);
}

/* All at one address of ours: not a group that looks for victims. */
static void one_point_is_told_apart(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "", 1);
  for (int m = 0; m < 60; m++) {
    uint32_t n = background(&r, v), first = n;
    if (pulses(m)) n += group(&r, 50, 6000, v + n);
    for (uint32_t i = first; i < n; i++) v[i].dst = prac_ip4(0xc6120001u);
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_true(r.h.n > 0);
  assert_int_equal(heard_count(&r.h, "\"key\":\"group:6000/tcp\""), r.h.n);
  assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-point\""), r.h.n);
  assert_int_equal(heard_count(&r.h, "\"level\":1"), r.h.n);
  done(&r);
}

/* Fifty bots in two networks are two hosts of /16, and fifty of /32. */
static void hosts_are_prefixes(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  static const char *const bits[] = {"    v4-bits: 16\n", "    v4-bits: 32\n"};
  for (int i = 0; i < 2; i++) {
    struct run r;
    start(&r, bits[i], 1);
    for (int m = 0; m < 60; m++) {
      uint32_t n = background(&r, v), first = n;
      if (pulses(m)) n += group(&r, 50, 6000, v + n);
      for (uint32_t k = first; k < n; k++)
        v[k].src = prac_ip4((k % 2 ? 0x80010000u : 0x80020000u) | (k - first) / 3);
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(heard_count(&r.h, "\"kind\":\"sync-group\"") > 0, i == 1);
    done(&r);
  }
}

/* A host above the limit goes, and only that; with none above it, none goes (in R all did). */
static void loud_hosts_are_left_out(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  for (uint32_t packets = 60; packets <= 61; packets++) {
    struct run r;
    start(&r, "", 1);
    for (int m = 0; m < 60; m++) {
      uint32_t n = background(&r, v);
      if (pulses(m)) n += group(&r, 50, GROUP_PORT, v + n);
      v[n++] = row(0x7f010203u, 1, 25, packets);
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(counter(&r, "hosts_loud") > 0, packets == 61);
    assert_true(heard_count(&r.h, "\"key\":\"group:52869/tcp\"") > 0);
    assert_int_equal(heard_count(&r.h, "\"127.1.2.3\""), 0);
    done(&r);
  }
}

static void marked_rows_do_not_count(void **s)
{
  (void)s;
  static const uint32_t marks[] = {FLOW_BACKSCATTER, FLOW_SPOOFED, FLOW_BOGON};
  static struct flow_row v[MOST_ROWS];
  for (size_t i = 0; i < 3; i++) {
    struct run r;
    start(&r, "", 1);
    for (int m = 0; m < 60; m++) {
      uint32_t n = background(&r, v), first = n;
      if (pulses(m)) n += group(&r, 50, GROUP_PORT, v + n);
      for (uint32_t k = first; k < n; k++) v[k].marks = marks[i];
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(r.h.n, 0);
    done(&r);
  }
}

/* ---- windows ---- */

static void a_window_with_holes_is_not_judged(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r, "", 1);
  for (int m = 0; m < 90; m++) {
    if (m % 10 < 2) continue; /* 24 of 30 minutes */
    uint32_t n = background(&r, v);
    if (pulses(m)) n += group(&r, 50, GROUP_PORT, v + n);
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_int_equal(r.h.n, 0);
  assert_int_equal(counter(&r, "windows"), 0);
  assert_true(counter(&r, "windows_incomplete") >= 7);
  done(&r);
}

static void silence_and_return(void **s)
{
  (void)s;
  struct run r;
  start(&r, "", 1);
  two_hours(&r, tokyo, 50, 0, 50);
  two_hours(&r, tokyo, 50, 12000, 12060); /* days later */
  two_hours(&r, tokyo, 50, 9000000, 9000060);
  finish(&r);
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\""), 1);
  assert_int_equal(heard_count(&r.h, "\"state\":\"off\""), 1);
  done(&r);
}

static void odd_traffic(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  for (int kind = 0; kind < 5; kind++) {
    struct run r;
    start(&r, "    minute-limit: 0\n    drop-single: no\n", 1);
    for (int m = 0; m < 40; m++) {
      uint32_t n = 0;
      for (uint32_t i = 0; i < 40; i++) {
        if (kind == 1 && i == 0) v[n++] = row(0x05060708, 1, 23, 1);   /* one host */
        if (kind == 2) v[n++] = row(0x05060708 + (i << 16), i, 23, 7); /* all equal */
        if (kind == 3) v[n++] = row(0x05060708 + (i << 16), i, (uint16_t)i, UINT32_MAX);
        if (kind == 4) {
          v[n] = row(0x05060708 + (i << 16), i, 23, 1);
          v[n++].proto = i % 2 ? 1 : 47; /* no ports */
        }
      }
      feed(&r, "tokyo", m, v, n);
    }
    finish(&r);
    assert_int_equal(r.h.n, 0);
    assert_int_equal(counter(&r, "windows"), 2);
    done(&r);
  }
}

/* ---- limits ---- */

static void limits_hold_and_are_counted(void **s)
{
  (void)s;
  static const char *const two[] = {"oslo", "tokyo", NULL};
  struct run r;
  start(&r, "    max-rows: 1024\n    max-sensors: 1\n    max-hosts: 100\n", 1);
  two_hours(&r, two, 50, 0, 60);
  finish(&r);
  assert_true(counter(&r, "refused_rows") > 1000);
  assert_int_equal(counter(&r, "refused_sensors"), 60);
  assert_true(counter(&r, "hosts_cut") > 100);
  done(&r);
}

/* Eighty ports at once, by the published rule: 64 are said, the rest is counted. */
static void many_ports_at_once(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct run r;
  start(&r,
        "    percent: 0.5\n    min-hosts: 2\n    hits: 1\n    surprise: 0\n    lift: 1\n"
        "    alpha: 1\n    packets-each: 0\n    port-stage: no\n",
        1);
  for (int m = 0; m < 60; m++) {
    uint32_t n = background(&r, v);
    for (uint32_t i = 0; pulses(m) && i < 80 * 12; i++)
      v[n++] = row((0x8000u + i) << 16 | 77, i * 7, (uint16_t)(7000 + i % 80), 3);
    feed(&r, "tokyo", m, v, n);
  }
  finish(&r);
  assert_true(heard_count(&r.h, "\"key\":\"group:70") >= 50);
  assert_int_equal(heard_count(&r.h, "\"state\":\"on\",\"at\":\"2013-08-07T00:50:00Z\""), 64);
  assert_true(counter(&r, "refused_ports") > 0);
  done(&r);
}

static void settings_that_contradict_are_refused(void **s)
{
  (void)s;
  static const char *const bad[] = {"    every: 90s\n", "    window: 25m\n",
                                    "    window: 1h\n    every: 5m\n",
                                    "    rank-min: 5\n    rank-max: 4\n", "    ignore: [odd]\n"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct prac_conf *conf = settings(bad[i]);
    struct eng_core_conf c = {.nthreads = 1, .seed = 3, .only = "nmf"};
    struct eng_core *core = NULL;
    struct heard h = heard_of();
    struct prac_err e = {0};
    assert_int_equal(eng_core_new(&c, conf, hear_finding, &h, &core, &e), PRAC_RANGE);
    assert_true(e.text[0] != '\0');
    eng_core_free(&core);
    prac_conf_free(&conf);
    heard_done(&h);
  }
}

/* ---- the same again ---- */

static void threads_and_order_leave_no_trace(void **s)
{
  (void)s;
  static const char *const three[] = {"oslo", "paris", "tokyo", NULL};
  struct run a, b;
  start(&a, "", 1);
  start(&b, "", 3);
  two_hours(&a, three, 40, 0, 70);
  two_hours(&b, three, 40, 0, 70);
  finish(&a);
  finish(&b);
  assert_true(a.h.n > 0);
  assert_true(heard_same(&a.h, &b.h));
  done(&a);
  done(&b);
}

static void a_restart_changes_nothing(void **s)
{
  (void)s;
  static const char *const two[] = {"oslo", "tokyo", NULL};
  for (int at = 5; at < 100; at += 23) {
    struct run a, b;
    uint8_t *saved = NULL;
    size_t len = 0;
    start(&a, "", 1);
    start(&b, "", 1);
    two_hours(&a, two, 50, 0, at);
    assert_int_equal(eng_core_save(a.core, &saved, &len, NULL), PRAC_OK);
    assert_int_equal(eng_core_load(b.core, saved, len, NULL), PRAC_OK);
    size_t before = a.h.j.len, said = a.h.n;
    b.rng = a.rng;
    two_hours(&a, two, 50, at, 120);
    two_hours(&b, two, 50, at, 120);
    finish(&a);
    finish(&b);
    assert_int_equal(a.h.n - said, b.h.n);
    assert_true(a.h.n > 0);
    assert_memory_equal(a.h.j.buf + before, b.h.j.buf, b.h.j.len);
    free(saved);
    done(&a);
    done(&b);
  }
}

/* Whatever loads must then work; what is cut off must not load. */
static void damaged_state(void **s)
{
  (void)s;
  static struct flow_row v[MOST_ROWS];
  struct prac_conf *conf = settings("");
  const struct prac_conf_section *sec = eng_nmf.conf;
  static _Atomic uint64_t counters[32];
  struct prac_rng rng = prac_rng_of(1);
  struct eng_env env = {
      .conf = prac_conf_get(conf, sec->path, 0), .rng = &rng, .counters = counters};
  uint8_t *bytes = malloc(1 << 22), *copy = malloc(1 << 22);
  void *st = calloc(1, eng_nmf.state_size);
  assert_int_equal(eng_nmf.open(st, &env, NULL), PRAC_OK);
  for (int m = 0; m < 12; m++) {
    struct run fake = {.rng = prac_rng_of((uint64_t)m)};
    struct flow_batch *b = batch_of("tokyo", T0 + m * PRAC_MIN, v, background(&fake, v), true);
    assert_int_equal(eng_nmf.feed(st, b, &env), PRAC_OK);
    flow_batch_unref(&b);
  }
  struct prac_wr w = prac_wr_of(bytes, 1 << 22);
  assert_int_equal(eng_nmf.save(st, &w), PRAC_OK);
  size_t n = prac_wr_len(&w);
  struct prac_wr tight = prac_wr_of(copy, n - 1);
  assert_int_equal(eng_nmf.save(st, &tight), PRAC_NOSPACE);
  eng_nmf.close(st);
  for (int i = 0; i < 400; i++) {
    memset(st, 0, eng_nmf.state_size);
    memcpy(copy, bytes, n);
    size_t cut = n;
    if (i % 2)
      cut = prac_rng_below(&rng, n);
    else if (i)
      copy[prac_rng_below(&rng, i % 4 ? 64 : n)] ^= (uint8_t)(1u << prac_rng_below(&rng, 8));
    struct prac_rd rd = prac_rd_of(copy, cut);
    assert_int_equal(eng_nmf.open(st, &env, NULL), PRAC_OK);
    prac_rc rc = eng_nmf.load(st, &rd);
    if (i % 2) assert_int_equal(rc, PRAC_DAMAGED);
    if (i == 0) assert_int_equal(rc, PRAC_OK);
    assert_true(rc == PRAC_OK || rc == PRAC_DAMAGED);
    if (rc == PRAC_OK) {
      struct run fake = {.rng = prac_rng_of(77)};
      struct flow_batch *b = batch_of("tokyo", T0 + 12 * PRAC_MIN, v, background(&fake, v), true);
      assert_int_equal(eng_nmf.feed(st, b, &env), PRAC_OK);
      flow_batch_unref(&b);
    }
    eng_nmf.close(st);
  }
  free(st);
  free(bytes);
  free(copy);
  prac_conf_free(&conf);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_group_is_found_while_it_keeps_time),
      cmocka_unit_test(nothing_but_background_says_nothing),
      cmocka_unit_test(the_published_rule_names_the_popular_port),
      cmocka_unit_test(other_ways_find_it_too),
      cmocka_unit_test(sensors_that_agree_are_one_finding),
      cmocka_unit_test(many_hosts_make_it_high_few_a_survey),
      cmocka_unit_test(one_point_is_told_apart),
      cmocka_unit_test(hosts_are_prefixes),
      cmocka_unit_test(loud_hosts_are_left_out),
      cmocka_unit_test(marked_rows_do_not_count),
      cmocka_unit_test(a_window_with_holes_is_not_judged),
      cmocka_unit_test(silence_and_return),
      cmocka_unit_test(odd_traffic),
      cmocka_unit_test(limits_hold_and_are_counted),
      cmocka_unit_test(many_ports_at_once),
      cmocka_unit_test(one_packet_each_is_no_group),
      cmocka_unit_test(forged_senders_of_one_prefix_are_no_group),
      cmocka_unit_test(hosts_that_never_rest_are_no_group),
      cmocka_unit_test(settings_that_contradict_are_refused),
      cmocka_unit_test(threads_and_order_leave_no_trace),
      cmocka_unit_test(a_restart_changes_nothing),
      cmocka_unit_test(damaged_state),
  };
  return cmocka_run_group_tests_name("engine_nmf", t, NULL, NULL);
}
