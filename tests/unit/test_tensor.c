/* Groups that were planted, crowds that are none, and that neither restart, threads nor damaged
 * bytes change what is said. */
#include "lib/t.h"

#include <stdio.h>

#include "base/rng.h"
#include "engine/core.h"
#include "engine/sensors.h"
#include "lib/flows.h"

extern const struct eng_ops eng_tensor;

enum { MINUTES = 90, ROWS_MAX = 20000, CROWD = 900 };

/* ---- an hour and a half of a made sensor ---- */

struct sent {
  int minute;
  struct flow_row row;
};
struct hour {
  struct sent *v;
  size_t n;
};
static struct hour hour_of(void)
{
  struct hour h = {.v = calloc(200000, sizeof *h.v)};
  assert_non_null(h.v);
  return h;
}
static void hour_done(struct hour *h)
{
  free(h->v);
}

/* Hosts of one number are in one /16 of their own. */
static struct prac_ip host_ip(uint32_t host)
{
  return prac_ip4((1 + host / 250) << 24 | host % 250 << 16 | (host * 7919 & 0xffff));
}
static void send(struct hour *h, int minute, uint32_t host, uint16_t port, uint32_t packets)
{
  struct sent *x = &h->v[h->n++];
  *x = (struct sent){.minute = minute,
                     .row = {.src = host_ip(host),
                             .dst = prac_ip4(0xc6120000u + (uint32_t)(h->n * 40503 % 32768)),
                             .proto = 6,
                             .tcp_flags = 2,
                             .dport = port,
                             .country = 'K' << 8 | 'R',
                             .packets = packets}};
  x->row.first_ms = (uint16_t)(h->n * 977 % 60000);
}

static const uint16_t common[] = {23, 445, 80, 22, 8080, 3389, 1433, 5555, 81, 2323};

/* A crowd: everybody comes by once, stays for a while, each at his own time; and ten scanners that
 * never stop. */
static void crowd(struct hour *h, uint64_t seed)
{
  struct prac_rng r = prac_rng_of(seed);
  for (uint32_t i = 0; i < CROWD; i++) {
    int from = (int)prac_rng_below(&r, MINUTES);
    uint16_t port = common[prac_rng_below(&r, 1 + prac_rng_below(&r, 10))];
    for (uint64_t n = 1 + prac_rng_below(&r, 3); n > 0 && from < MINUTES; n--)
      send(h, from++, 10000 + i, port, 2 + (uint32_t)prac_rng_below(&r, 4));
  }
  for (int m = 0; m < MINUTES; m++)
    for (uint32_t i = 0; i < 10; i++) send(h, m, 9000 + i, common[i], 30 + (uint32_t)(m * 7 % 11));
}

/* Hosts first .. first + n, in the pulses between minutes 20 and 40, each of them most times. */
static const int pulses[] = {20, 21, 24, 27, 28, 29, 33, 34, 38};
static void group(struct hour *h, uint32_t first, uint32_t n, uint16_t port, uint64_t seed)
{
  struct prac_rng r = prac_rng_of(seed);
  for (size_t k = 0; k < sizeof pulses / sizeof *pulses; k++)
    for (uint32_t i = 0; i < n; i++)
      if (prac_rng_below(&r, 10) < 8) send(h, pulses[k], first + i, port, 2);
}

/* ---- running ---- */

struct run {
  struct heard heard;
  struct prac_conf *conf;
  struct eng_core *core;
};
/* Another one in every core: nothing that is compared below may depend on it. */
static uint64_t secrets;

static prac_rc run_open(struct run *x, const char *settings, unsigned threads)
{
  char text[512];
  const struct prac_conf_section *sections[] = {eng_tensor.conf, NULL};
  const struct eng_core_conf c = {
      .nthreads = threads, .seed = 1, .secret = ++secrets, .only = "tensor"};
  struct prac_err e = {.text = ""};
  (void)snprintf(text, sizeof text, "engine:\n  tensor:\n    enabled: yes\n%s", settings);
  *x = (struct run){.heard = heard_of()};
  PRAC_TRY(prac_conf_parse(text, strlen(text), "test", sections, &x->conf, &e));
  return eng_core_new(&c, x->conf, hear_finding, &x->heard, &x->core, &e);
}
static struct run *run_of(const char *settings, unsigned threads)
{
  struct run *x = calloc(1, sizeof *x); /* the core knows where `heard` is */
  assert_non_null(x);
  assert_int_equal(run_open(x, settings, threads), PRAC_OK);
  return x;
}
static void run_done(struct run *x)
{
  eng_core_free(&x->core);
  prac_conf_free(&x->conf);
  heard_done(&x->heard);
  free(x);
}

/* The minutes [from, to) of one sensor. */
static void play(struct run *x, const char *sensor, const struct hour *h, int from, int to)
{
  static struct flow_row rows[ROWS_MAX];
  for (int m = from; m < to; m++) {
    uint32_t n = 0;
    for (size_t i = 0; i < h->n; i++)
      if (h->v[i].minute == m && n < ROWS_MAX) rows[n++] = h->v[i].row;
    struct flow_batch *b = batch_of(sensor, T0 + m * PRAC_MIN, rows, n, true);
    assert_int_equal(eng_core_feed(x->core, b, NULL), PRAC_OK);
    flow_batch_unref(&b);
  }
}
static struct run *ran(const char *settings, const struct hour *h)
{
  struct run *x = run_of(settings, 1);
  play(x, "tokyo", h, 0, MINUTES);
  assert_int_equal(eng_core_finish(x->core, NULL), PRAC_OK);
  return x;
}

/* ---- what is said ---- */

static void a_group_is_found(void **s)
{
  (void)s;
  struct hour h = hour_of();
  crowd(&h, 1);
  group(&h, 100, 60, 52869, 2);
  struct run *x = ran("", &h);
  assert_int_equal(heard_count(&x->heard, "\"kind\":\"sync-group\""), x->heard.n);
  assert_int_equal(heard_count(&x->heard, "\"key\":\"group:52869/tcp\""), x->heard.n);
  /* minute 30, 40; and once over. Its first and last pulses are 20 and 38 */
  assert_int_equal(heard_count(&x->heard, "\"state\":\"on\""), 2);
  assert_int_equal(heard_count(&x->heard, "\"state\":\"off\""), 1);
  assert_int_equal(
      heard_count(&x->heard, "\"at\":\"2013-08-07T00:30:00Z\",\"from\":\"2013-08-07T00:20:00Z\""),
      1);
  assert_int_equal(heard_count(&x->heard, "\"to\":\"2013-08-07T00:39:00Z\",\"level\":3"), 1);
  assert_int_equal(heard_count(&x->heard, "\"value\":60,"), 2);
  assert_int_equal(heard_count(&x->heard, "\"host_count\":60,"), 3);
  assert_int_equal(heard_count(&x->heard, "\"country\":\"KR\""), 2);
  assert_int_equal(heard_count(&x->heard, "port=52869/tcp from=2013-08-07T00:20:00Z"), 3);
  run_done(x);
  hour_done(&h);
}

/* The same hosts, ports and packets, but each host at its own time. */
static void a_crowd_is_none(void **s)
{
  (void)s;
  struct hour h = hour_of();
  struct prac_rng r = prac_rng_of(4);
  crowd(&h, 1);
  for (uint32_t i = 0; i < 60; i++)
    for (int k = 0; k < 18; k++) send(&h, (int)prac_rng_below(&r, MINUTES), 100 + i, 52869, 2);
  struct run *x = ran("", &h), *weak = ran("    weak: yes\n", &h);
  assert_int_equal(x->heard.n, 0);
  assert_true(weak->heard.n > 0);
  assert_int_equal(heard_count(&weak->heard, "\"kind\":\"sync-weak\""), weak->heard.n);
  run_done(x);
  run_done(weak);
  hour_done(&h);
}

/* Everybody in one minute, whatever the port: the recording, not an order. */
static void what_all_do_is_none(void **s)
{
  (void)s;
  struct hour h = hour_of();
  struct prac_rng r = prac_rng_of(5);
  crowd(&h, 1);
  for (uint32_t i = 0; i < CROWD; i++)
    if (prac_rng_below(&r, 2)) send(&h, 25, 10000 + i, common[i % 10], 3);
  struct run *x = ran("", &h);
  assert_int_equal(x->heard.n, 0);
  run_done(x);
  hour_done(&h);
}

static void levels(void **s)
{
  (void)s;
  struct hour h = hour_of();
  crowd(&h, 1);
  group(&h, 100, 9, 9527, 2); /* too few for an attack */
  struct run *x = ran("", &h);
  assert_int_equal(heard_count(&x->heard, "\"kind\":\"sync-survey\""), x->heard.n);
  assert_true(heard_count(&x->heard, "\"key\":\"group:9527/tcp\"") > 1);
  assert_int_equal(heard_count(&x->heard, "\"level\":1"), x->heard.n);
  run_done(x);
  size_t from = h.n;
  group(&h, 200, 150, 4444, 3); /* at one address of ours */
  for (size_t i = from; i < h.n; i++) h.v[i].row.dst = prac_ip4(0xc6120007u);
  x = ran("", &h);
  assert_true(heard_count(&x->heard, "\"kind\":\"sync-point\"") > 1);
  assert_int_equal(heard_count(&x->heard, "\"key\":\"group:4444/tcp\",\"kind\":\"sync-group\""), 0);
  run_done(x);
  for (size_t i = from; i < h.n; i++) h.v[i].row.dst.b[15] = (uint8_t)i;
  x = ran("", &h);
  assert_true(heard_count(&x->heard, "\"key\":\"group:4444/tcp\",\"kind\":\"sync-group\"") > 1);
  assert_true(heard_count(&x->heard, "\"level\":4") > 0); /* 150 hosts */
  run_done(x);
  hour_done(&h);
}

/* Two groups with times of their own: each with its port and its hosts, not with the other's. */
static void two_groups_stay_apart(void **s)
{
  (void)s;
  struct hour h = hour_of();
  struct prac_rng r = prac_rng_of(9);
  crowd(&h, 1);
  group(&h, 100, 60, 52869, 2);
  for (int m = 22; m < 40; m += 4)
    for (uint32_t i = 0; i < 40; i++)
      if (prac_rng_below(&r, 10) < 8) send(&h, m, 300 + i, 37215, 3);
  struct run *x = ran("", &h);
  assert_true(heard_count(&x->heard, "\"key\":\"group:52869/tcp\"") > 1);
  assert_true(heard_count(&x->heard, "\"key\":\"group:37215/tcp\"") > 1);
  assert_int_equal(heard_count(&x->heard, "\"value\":60,") +
                       heard_count(&x->heard, "\"value\":40,"),
                   heard_count(&x->heard, "\"state\":\"on\""));
  run_done(x);
  hour_done(&h);
}

static void sensors_are_joined(void **s)
{
  (void)s;
  struct hour a = hour_of(), b = hour_of(), c = hour_of();
  crowd(&a, 1);
  crowd(&b, 2);
  crowd(&c, 3);
  group(&a, 100, 40, 52869, 4);
  group(&b, 120, 40, 52869, 5); /* half of them the same */
  group(&c, 100, 60, 52869, 6);
  struct run *x = run_of("", 1);
  for (int m = 0; m < MINUTES; m++) {
    play(x, "busan", &a, m, m + 1);
    play(x, "tokyo", &b, m, m + 1);
    play(x, "paris", &c, m, m + 1);
  }
  assert_int_equal(eng_core_finish(x->core, NULL), PRAC_OK);
  assert_int_equal(heard_count(&x->heard, "\"sensors\":[\"busan\",\"paris\",\"tokyo\"]"), 2);
  assert_int_equal(heard_count(&x->heard, "\"value\":60,"), 2);
  assert_int_equal(heard_count(&x->heard, "\"level\":4"), 2); /* three sensors */
  run_done(x);
  hour_done(&a);
  hour_done(&b);
  hour_done(&c);
}

/* Which rows count. */
static void views(void **s)
{
  (void)s;
  struct hour h = hour_of();
  crowd(&h, 1);
  size_t from = h.n;
  group(&h, 100, 60, 52869, 2);
  struct run *x = ran("    ignore-ports: [52869/udp, 52869/tcp]\n", &h);
  assert_int_equal(x->heard.n, 0);
  run_done(x);
  for (size_t i = from; i < h.n; i++) h.v[i].row.marks = FLOW_BACKSCATTER;
  x = ran("", &h);
  assert_int_equal(x->heard.n, 0);
  run_done(x);
  for (size_t i = from; i < h.n; i++) h.v[i].row.marks = 0, h.v[i].row.proto = 17;
  x = ran("    syn-only: yes\n", &h);
  assert_int_equal(x->heard.n, 0);
  run_done(x);
  x = ran("", &h);
  assert_true(heard_count(&x->heard, "\"key\":\"group:52869/udp\"") > 1);
  run_done(x);
  for (size_t i = from; i < h.n; i++) { /* IPv6, a /48 each */
    uint64_t host = prac_ip_lo(&h.v[i].row.src);
    h.v[i].row.src = prac_ip_of(UINT64_C(0x2001) << 48 | host % 0xffffff00 >> 16 << 16, host);
    h.v[i].row.proto = 6;
  }
  x = ran("", &h);
  assert_true(heard_count(&x->heard, "\"key\":\"group:52869/tcp\"") > 1);
  assert_true(heard_count(&x->heard, "\"2001:") > 0);
  run_done(x);
  hour_done(&h);
}

/* A sensor that was not heard in a tenth of the window is not judged. */
static void incomplete(void **s)
{
  (void)s;
  struct hour h = hour_of();
  crowd(&h, 1);
  group(&h, 100, 60, 52869, 2);
  struct run *x = run_of("", 1);
  play(x, "tokyo", &h, 4, 5);
  play(x, "tokyo", &h, 8, 39);
  assert_int_equal(eng_core_advance(x->core, NULL, T0 + 50 * PRAC_MIN, NULL), PRAC_OK);
  play(x, "tokyo", &h, 50, MINUTES);
  assert_int_equal(eng_core_finish(x->core, NULL), PRAC_OK);
  /* [0, 30) has 23 minutes, [10, 40) 29, [20, 50) 19 */
  assert_int_equal(heard_count(&x->heard, "\"state\":\"on\""), 1);
  assert_int_equal(heard_count(&x->heard, "\"at\":\"2013-08-07T00:40:00Z\""), 1);
  run_done(x);
  hour_done(&h);
}

/* Other scales and ranks; with what never rests in the cells, and the scanners loud, raw packets
 * have no component left for the group. */
static void raw_and_steady(void **s)
{
  (void)s;
  static const char *const good[] = {"    scale: raw\n    ipv4-bits: 32\n",
                                     "    steady: yes\n    rank-source: 16\n    rank-port: 16\n",
                                     "    thresholds: [0.3]\n    rank-time: 2\n",
                                     "    starts: 1\n    min-count: 1\n"};
  struct hour h = hour_of();
  crowd(&h, 1);
  group(&h, 100, 60, 52869, 2);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    struct run *x = ran(good[i], &h);
    assert_int_equal(heard_count(&x->heard, "\"key\":\"group:52869/tcp\""), x->heard.n);
    assert_int_equal(heard_count(&x->heard, "\"state\":\"on\""), 2);
    run_done(x);
  }
  struct run *x = ran("    steady: yes\n    scale: raw\n", &h);
  assert_int_equal(x->heard.n, 0);
  run_done(x);
  hour_done(&h);
}

/* ---- what must not matter ---- */

static void threads_change_nothing(void **s)
{
  (void)s;
  struct hour h = hour_of();
  crowd(&h, 1);
  group(&h, 100, 60, 52869, 2);
  struct run *x = ran("    weak: yes\n", &h), *y = run_of("    weak: yes\n", 4);
  play(y, "tokyo", &h, 0, MINUTES);
  assert_int_equal(eng_core_finish(y->core, NULL), PRAC_OK);
  assert_true(x->heard.n > 0 && heard_same(&x->heard, &y->heard));
  run_done(x);
  run_done(y);
  hour_done(&h);
}

static void a_restart_changes_nothing(void **s)
{
  (void)s;
  struct hour h = hour_of();
  crowd(&h, 1);
  group(&h, 100, 60, 52869, 2);
  struct run *whole = ran("    weak: yes\n", &h);
  for (int at = 3; at < MINUTES; at += 11) {
    struct run *x = run_of("    weak: yes\n", 1), *y = run_of("    weak: yes\n", 1);
    uint8_t *saved = NULL;
    size_t n = 0;
    play(x, "tokyo", &h, 0, at);
    assert_int_equal(eng_core_save(x->core, &saved, &n, NULL), PRAC_OK);
    assert_int_equal(eng_core_load(y->core, saved, n, NULL), PRAC_OK);
    size_t before = x->heard.j.len;
    play(y, "tokyo", &h, at, MINUTES);
    assert_int_equal(eng_core_finish(y->core, NULL), PRAC_OK);
    assert_int_equal(before + y->heard.j.len, whole->heard.j.len);
    if (y->heard.j.len)
      assert_memory_equal(whole->heard.j.buf + before, y->heard.j.buf, y->heard.j.len);
    free(saved);
    run_done(x);
    run_done(y);
  }
  run_done(whole);
  hour_done(&h);
}

struct bare { /* the engine without its core */
  struct prac_conf *conf;
  struct prac_rng rng;
  _Atomic uint64_t counters[32];
  struct eng_env env;
  void *st;
};
static void bare_new(struct bare *b)
{
  static const char text[] = "engine:\n  tensor:\n    max-sensors: 2\n    max-rows: 2000\n";
  const struct prac_conf_section *sections[] = {eng_tensor.conf, NULL};
  *b = (struct bare){.rng = prac_rng_of(1), .st = calloc(1, eng_tensor.state_size)};
  assert_int_equal(prac_conf_parse(text, sizeof text - 1, "test", sections, &b->conf, NULL),
                   PRAC_OK);
  assert_true(eng_tensor.n_counters <= 32);
  b->env = (struct eng_env){.conf = prac_conf_get(b->conf, "engine.tensor", 0),
                            .scratch = prac_arena_new(1 << 16),
                            .rng = &b->rng,
                            .counters = b->counters};
  assert_int_equal(eng_tensor.open(b->st, &b->env, NULL), PRAC_OK);
}
static void bare_free(struct bare *b)
{
  eng_tensor.close(b->st);
  free(b->st);
  prac_arena_free(&b->env.scratch);
  prac_conf_free(&b->conf);
}
static void bare_feed(struct bare *b, const char *sensor, const struct hour *h, int m)
{
  static struct flow_row rows[ROWS_MAX];
  uint32_t n = 0;
  for (size_t i = 0; i < h->n; i++)
    if (h->v[i].minute == m && n < ROWS_MAX) rows[n++] = h->v[i].row;
  struct flow_batch *x = batch_of(sensor, T0 + m * PRAC_MIN, rows, n, true);
  assert_int_equal(eng_tensor.feed(b->st, x, &b->env), PRAC_OK);
  flow_batch_unref(&x);
}

/* Shorter forms are refused; changed bytes are refused or harmless. */
static void damaged_state_is_refused(void **s)
{
  (void)s;
  struct hour h = hour_of();
  struct bare b;
  struct prac_rng r = prac_rng_of(6);
  crowd(&h, 1);
  h.n /= 8;
  bare_new(&b);
  for (int m = 0; m < 25; m++) bare_feed(&b, m % 2 ? "tokyo" : "busan", &h, m);
  static uint8_t bytes[1 << 20], changed[1 << 20];
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  assert_int_equal(eng_tensor.save(b.st, &w), PRAC_OK);
  size_t n = prac_wr_len(&w);
  struct prac_wr small = prac_wr_of(changed, n - 1);
  assert_int_equal(eng_tensor.save(b.st, &small), PRAC_NOSPACE);
  bare_free(&b);
  for (size_t len = 0; len < n; len += 1 + len / 16) {
    bare_new(&b);
    struct prac_rd rd = prac_rd_of(bytes, len);
    assert_int_equal(eng_tensor.load(b.st, &rd), PRAC_DAMAGED);
    bare_free(&b);
  }
  for (int round = 0; round < 300; round++) {
    bare_new(&b);
    memcpy(changed, bytes, n);
    for (uint64_t k = 1 + prac_rng_below(&r, 3); k > 0; k--)
      changed[prac_rng_below(&r, round % 2 ? n : 400)] ^= (uint8_t)(1u << prac_rng_below(&r, 8));
    struct prac_rd rd = prac_rd_of(changed, n);
    if (eng_tensor.load(b.st, &rd) == PRAC_OK) bare_feed(&b, "tokyo", &h, 25);
    bare_free(&b);
  }
  hour_done(&h);
}

/* More sensors and rows than there is room for: counted, and nothing grows. */
static void limits(void **s)
{
  (void)s;
  struct hour h = hour_of();
  struct bare b;
  crowd(&h, 1);
  bare_new(&b);
  for (int m = 0; m < 60; m++)
    for (int k = 0; k < 4; k++) {
      char name[] = "sensor-0";
      name[7] = (char)('0' + k);
      bare_feed(&b, name, &h, m);
    }
  uint64_t rows = 0, sensors = 0;
  for (size_t i = 0; i < eng_tensor.n_counters; i++) {
    if (strcmp(eng_tensor.counters[i].name, "refused_rows") == 0) rows = b.counters[i];
    if (strcmp(eng_tensor.counters[i].name, "refused_sensors") == 0) sensors = b.counters[i];
  }
  assert_int_equal(sensors, 60 * 2);
  (void)rows;
  bare_free(&b);
  hour_done(&h);
}

static void settings_are_checked(void **s)
{
  (void)s;
  static const char *const bad[] = {
      "    thresholds: high\n", "    thresholds: 1.5\n",     "    ignore-ports: 23\n",
      "    skip: noise\n",      "    window: 25m\n",         "    step: 70s\n",
      "    step: 15s\n",        "    window: 7h\n",          "    slot: 90s\n",
      "    rank-port: 17\n",    "    ignore-ports: x/tcp\n", "    step: 7m\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct run *x = calloc(1, sizeof *x);
    assert_int_equal(run_open(x, bad[i], 1), PRAC_RANGE);
    run_done(x);
  }
  struct run *x =
      run_of("    window: 1h\n    slot: 5m\n    step: 2m\n    thresholds: [0.5, 0.1]\n", 1);
  run_done(x);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_group_is_found),
      cmocka_unit_test(a_crowd_is_none),
      cmocka_unit_test(what_all_do_is_none),
      cmocka_unit_test(levels),
      cmocka_unit_test(two_groups_stay_apart),
      cmocka_unit_test(sensors_are_joined),
      cmocka_unit_test(views),
      cmocka_unit_test(incomplete),
      cmocka_unit_test(raw_and_steady),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(settings_are_checked),
      cmocka_unit_test(a_restart_changes_nothing),
      cmocka_unit_test(damaged_state_is_refused),
      cmocka_unit_test(limits),
  };
  return cmocka_run_group_tests_name("tensor", t, NULL, NULL);
}
