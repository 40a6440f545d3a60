/* Ports at risk: what raises a level and what must not; the index against plain lists; sampling in
 * any order; the port graph; limits; restart. */
#include "lib/t.h"

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "engine/core.h"
#include "engine/riskport/riskport.h"
#include "lib/choice.h"
#include "lib/flows.h"

static const char settings_text[] = "engine:\n"
                                    "  riskport:\n"
                                    "    history: 4d\n"
                                    "    long-slot: 0s\n"
                                    "    min-history: 48\n"
                                    "    graph-window: 8\n"
                                    "    quiet: 3\n"
                                    "    max-pairs: 262144\n";
static const char two_grains[] = "engine:\n"
                                 "  riskport:\n"
                                 "    history: 4d\n"
                                 "    long-slot: 3h\n"
                                 "    min-history: 30\n"
                                 "    graph-window: 8\n"
                                 "    quiet: 5\n"
                                 "    max-pairs: 262144\n";
extern const struct eng_ops eng_riskport;

static struct prac_conf *settings(const char *text)
{
  const struct prac_conf_section *sections[] = {eng_riskport.conf, NULL};
  struct prac_conf *conf = NULL;
  struct prac_err e = {0};
  if (prac_conf_parse(text, strlen(text), "test", sections, &conf, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return conf;
}
/* Another one in every core: nothing that is compared below may depend on it. */
static uint64_t secrets;

static struct eng_core *core(struct heard *h, const struct prac_conf *conf, unsigned threads)
{
  struct eng_core_conf c = {
      .nthreads = threads, .seed = 3, .secret = ++secrets, .only = "riskport"};
  struct eng_core *ret = NULL;
  struct prac_err e = {0};
  if (eng_core_new(&c, conf, hear_finding, h, &ret, &e) != PRAC_OK) fail_msg("%s", e.text);
  return ret;
}
static void end(struct eng_core **c)
{
  assert_int_equal(eng_core_finish(*c, NULL), PRAC_OK);
  eng_core_free(c);
}

static const char *const places[] = {"CN", "KR", "BR", "US", "RU", "VN"};
static struct flow_row row(uint32_t src, uint16_t port, uint32_t countries)
{
  const char *c = countries ? places[src % countries] : "\0\0";
  return (struct flow_row){
      .src = prac_ip4(0x05000000u + src * 65537u), /* each in a network of its own */
      .dst = prac_ip4(0x0a000000u + src % 97),
      .proto = 6,
      .tcp_flags = 2,
      .sport = 4000,
      .dport = port,
      .packets = 1,
      .country = (uint16_t)((unsigned)(unsigned char)c[0] << 8 | (unsigned char)c[1])};
}
static void feed(struct eng_core *c, const char *sensor, int hour, int minute,
                 struct flow_row *rows, uint32_t n)
{
  struct flow_batch *b = batch_of(sensor, T0 + hour * PRAC_HOUR + minute * PRAC_MIN, rows, n, true);
  assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}
/* Every hour a few sources at two ports, 20 at 1433. */
static void usual(struct eng_core *c, const char *sensor, int hour)
{
  struct flow_row r[40];
  uint32_t n = 0;
  for (uint32_t i = 0; i < 20; i++) r[n++] = row(i, 1433, 6);
  for (uint32_t i = 0; i < 5; i++) r[n++] = row(i, 22, 6);
  for (uint32_t i = 0; i < 4; i++) r[n++] = row(100 + i, 23, 6);
  feed(c, sensor, hour, 0, r, n);
}

/* 60 usual hours, one with `n` sources at `port`, five usual ones. */
struct planted {
  uint32_t n, countries, packets;
  uint16_t port;
  uint32_t marks;
  int hour;
  bool one_point; /* all to one of our addresses */
};
static struct heard play(struct planted x)
{
  struct heard h = heard_of();
  struct prac_conf *conf = settings(settings_text);
  struct eng_core *c = core(&h, conf, 1);
  struct flow_row r[2000];
  int at = x.hour ? x.hour : 60;
  for (int hour = 0; hour < at + 6; hour++) {
    usual(c, "tokyo", hour);
    for (uint32_t i = 0; i < x.n; i++) {
      r[i] = row(1000 + i, x.port, x.countries);
      if (x.packets) r[i].packets = x.packets;
      r[i].marks = x.marks;
      if (x.one_point) r[i].dst = prac_ip4(0x0a000000u);
      r[i].payload = 77 + i % 3;
    }
    if (hour == at) feed(c, "tokyo", hour, 10, r, x.n);
  }
  end(&c);
  prac_conf_free(&conf);
  return h;
}
static size_t said(struct planted x)
{
  struct heard h = play(x);
  size_t n = heard_count(&h, "\"state\":\"on\"");
  assert_int_equal(n, heard_count(&h, "\"state\":\"off\""));
  heard_done(&h);
  return n;
}

static void a_port_never_heard_before(void **s)
{
  (void)s;
  struct heard h = play((struct planted){.n = 12, .countries = 4, .port = 52869});
  assert_int_equal(heard_count(&h, "\"state\":\"on\""), 1);
  assert_int_equal(heard_count(&h, "\"key\":\"port:52869/tcp\",\"kind\":\"risk-port\""), 2);
  assert_int_equal(heard_count(&h, "on 52869/tcp: 12 sources in the 1 h from 2013-08-09T12:00:00Z, "
                                   "never heard in the 60 slots before; 12 networks (/24), "
                                   "4 countries. Most from "),
                   1);
  assert_int_equal(heard_count(&h, "\"at\":\"2013-08-09T13:00:00Z\""), 1);
  assert_int_equal(heard_count(&h, "12 packets to 12 of our addresses"), 1);
  assert_int_equal(heard_count(&h, "payload"), 0); /* its hash can be tried out */
  assert_int_equal(heard_count(&h, "is over: not above its limit for 3 h; at most 12 sources"), 1);
  heard_done(&h);
}

static void what_is_no_distributed_scan(void **s)
{
  (void)s;
  assert_int_equal(said((struct planted){.n = 9, .countries = 4, .port = 52869}), 0);
  assert_int_equal(said((struct planted){.n = 30, .countries = 2, .port = 52869}), 0);
  assert_int_equal(said((struct planted){.n = 30, .countries = 4, .port = 52869, .packets = 500}),
                   0);
  assert_int_equal(said((struct planted){.n = 30, .countries = 4, .port = 52869, .hour = 20}), 0);
  assert_int_equal(said((struct planted){.n = 20, .countries = 4, .port = 1433}), 0);
  assert_int_equal(said((struct planted){.n = 30, .countries = 4, .port = 8291, .one_point = true}),
                   0);
  static const uint32_t marks[] = {FLOW_BACKSCATTER, FLOW_SPOOFED, FLOW_BOGON, FLOW_SURVEY,
                                   FLOW_FRAGMENT};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(marks); i++)
    assert_int_equal(
        said((struct planted){.n = 30, .countries = 4, .port = 52869, .marks = marks[i]}), 0);
  /* without geography, networks say that they have nothing to do with each other */
  assert_int_equal(said((struct planted){.n = 30, .countries = 0, .port = 52869}), 1);
}

/* 20 sources an hour: the class 20..22, its middle 21; the tail of Poisson(21) at 1e-6 for each of
 * the 4 ports is the largest of the three. Each doubling of the limit is a level. */
static void levels_double(void **s)
{
  (void)s;
  double p = exp(-21.0), sum = p;
  int limit = 0;
  while (1 - sum >= 1e-6 / 3) sum += p *= 21.0 / ++limit;
  char want[64];
  (void)snprintf(want, sizeof want, "usually 21, limit %d;", limit);
  for (int level = 1; level <= 5; level++) {
    uint32_t n = (uint32_t)(limit << (level - 1)) + 1; /* with the usual 20 others */
    struct heard h = play((struct planted){.n = n - 20, .countries = 6, .port = 1433});
    char what[32];
    (void)snprintf(what, sizeof what, "Level %d", level);
    assert_int_equal(heard_count(&h, want), 1);
    assert_int_equal(heard_count(&h, what), 1);
    heard_done(&h);
  }
}

static void news_only_as_the_risk_rises(void **s)
{
  (void)s;
  static const uint32_t sources[] = {30, 31, 33, 30, 300, 320, 310, 12, 12, 0, 0, 0, 0, 0};
  struct heard h = heard_of();
  struct prac_conf *conf = settings(settings_text);
  struct eng_core *c = core(&h, conf, 1);
  struct flow_row r[400];
  for (int hour = 0; hour < 60; hour++) usual(c, "tokyo", hour);
  for (int k = 0; k < (int)PRAC_ARRAY_LEN(sources); k++) {
    usual(c, "tokyo", 60 + k);
    for (uint32_t i = 0; i < sources[k]; i++) r[i] = row(1000 + i, 8291, 6);
    feed(c, "tokyo", 60 + k, 10, r, sources[k]);
  }
  end(&c);
  size_t on = heard_count(&h, "\"state\":\"on\"");
  assert_true(on >= 2 && on <= 3);
  assert_int_equal(heard_count(&h, ": 300 sources in"), 1);
  assert_int_equal(heard_count(&h, ": 320 sources in"), 0);
  assert_int_equal(heard_count(&h, "\"state\":\"off\""), 1);
  prac_conf_free(&conf);
  heard_done(&h);
}

/* Four new sources an hour are too few in any hour; in six hours they are 24. */
static void a_slow_scan_is_seen_over_hours(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct prac_conf *conf = settings("engine:\n  riskport:\n    min-history: 48\n");
  struct eng_core *c = core(&h, conf, 1);
  struct flow_row r[300];
  for (int hour = 0; hour < 24 * 6 + 60; hour++) {
    uint32_t n = 0, at = (uint32_t)hour - 24 * 6 - 12;
    usual(c, "tokyo", hour);
    for (uint32_t i = 0; at < 6 && i < 4; i++) r[n++] = row(1000 + at * 4 + i, 9999, 5);
    for (uint32_t i = 0; at == 2 && i < 200; i++) r[n++] = row(2000 + i, 8291, 5);
    feed(c, "tokyo", hour, 20, r, n);
  }
  end(&c);
  assert_int_equal(heard_count(&h, "on 9999/tcp: 24 sources in the 6 h from 2013-08-13T12:00:00Z"),
                   1);
  assert_int_equal(heard_count(&h, "\"key\":\"port:9999/tcp\""), 2);
  /* a fast one is told by the hour, and not once more at the end of the six */
  assert_int_equal(heard_count(&h, "on 8291/tcp: 200 sources in the 1 h from 2013-08-13T14:00:00Z"),
                   1);
  assert_int_equal(heard_count(&h, "\"key\":\"port:8291/tcp\""), 2);
  prac_conf_free(&conf);
  heard_done(&h);
}

/* oslo hears forty sources at a port of its own, whenever it is there. */
static size_t with_oslo(const char *up, int per)
{
  struct heard h = heard_of();
  struct prac_conf *conf = settings(settings_text);
  struct eng_core *c = core(&h, conf, 1);
  struct flow_row r[40];
  for (int hour = 0; up[hour / per]; hour++) {
    usual(c, "tokyo", hour);
    for (uint32_t i = 0; i < 40; i++) r[i] = row(i, 8080, 6);
    if (up[hour / per] == '1') feed(c, "oslo", hour, 5, r, 40);
  }
  end(&c);
  size_t n = heard_count(&h, "\"state\":\"on\"");
  prac_conf_free(&conf);
  heard_done(&h);
  return n;
}
static void sensors_that_come_and_go_raise_nothing(void **s)
{
  (void)s;
  assert_int_equal(with_oslo("1111111111", 12), 0);
  assert_int_equal(with_oslo("00000111111111111111", 12), 0);
  assert_int_equal(with_oslo("11111111001111", 12), 0);
  assert_int_equal(with_oslo("1111111100000000000111111111111", 12), 0);
  assert_int_equal(with_oslo("11111111101010101010110110011", 8), 0);
}

/* ---- the index ---- */

/* Hours as a plain list of the window's days. */
static int index_is_the_list(struct choice *in)
{
  struct prac_conf *conf = settings(settings_text);
  struct risk_state s = {.conf = prac_conf_get(conf, "engine.riskport", 0)};
  uint32_t at[RISK_PORTS] = {0}, list[400] = {0}, day[400], hours[RISK_CLASSES];
  uint32_t days = s.days = 4, n = 24 * (1 + choice_below(in, 16));
  s.at = at;
  int ok = 1;
  for (uint32_t i = 0; i < n && ok; i++) {
    day[i] = 100 + i / 24;
    if (day[i] > s.day) risk_day_turn(&s, day[i]);
    struct risk_port *p = risk_port_touch(&s, 80);
    list[i] = choice_u8(in) % 3 ? 0 : choice_below(in, 1u << choice_u8(in) % 25);
    ok = risk_index_add(&s, p, list[i]);
    s.heard[s.day % days]++;
    risk_index_sum(&s, p, hours);
    for (uint32_t k = 0; k <= i; k++)
      if (day[k] + days > day[i]) hours[risk_class_of(list[k])]--;
    for (uint32_t c = 0; c < RISK_CLASSES; c++) ok = ok && hours[c] == 0;
  }
  s.at = NULL;
  risk_ports_done(&s);
  prac_conf_free(&conf);
  return ok && s.bytes == 0;
}
static void index_and_classes(void **s)
{
  (void)s;
  assert_true(prop_check("index", index_is_the_list, 61, 200));
  assert_int_equal(risk_class_of(0), 0);
  for (uint32_t n = 1; n < 3000000; n += 1 + n / 64) { /* classes hold what they say they hold */
    uint32_t c = risk_class_of(n);
    assert_true(risk_class_top(c) >= n && risk_class_top(c - 1) < n);
    assert_true(risk_class_value(c) <= risk_class_top(c) && risk_class_value(c) >= n / 1.2);
  }
  assert_int_equal(risk_class_of(1e30), RISK_CLASSES - 1);
}

/* ---- the hour ---- */

static void hour_fill(struct risk_hour *h, uint64_t order)
{
  enum { ROWS = 400000, EACH = 50000 };
  struct flow_row *r = calloc(EACH, sizeof *r);
  for (uint32_t part = 0; part < ROWS / EACH; part++) {
    uint32_t p = order ? (part * 5 + (uint32_t)order) % (ROWS / EACH) : part;
    for (uint32_t i = 0; i < EACH; i++) {
      uint32_t k = p * EACH + i;
      r[i] = row(0, (uint16_t)(k % 3 ? 445 : k % 1000), 6);
      r[i].src = prac_ip4(0x05000000u + k);
    }
    struct flow_batch *b = batch_of("x", T0, r, EACH, true);
    for (uint32_t i = 0; i < b->n; i++) assert_int_equal(risk_hour_add(h, b, i, 1, i % 2), PRAC_OK);
    flow_batch_unref(&b);
  }
  free(r);
}
/* More sources than there is room for: a part of them, the same part in any order, and right. */
static void a_storm_is_sampled(void **s)
{
  (void)s;
  struct risk_hour h[2];
  uint32_t n[2] = {0};
  uint64_t sums[2] = {0};
  for (uint32_t k = 0; k < 2; k++) {
    assert_int_equal(risk_hour_init(&h[k], 262144, 5), PRAC_OK);
    hour_fill(&h[k], k * 3);
    assert_true(h[k].shift == 1 && h[k].n_pairs <= 262144);
    for (uint32_t i = 0; i < h[k].cap_pairs; i++) {
      const struct risk_pair *p = &h[k].pairs[i];
      if (!p->src) continue;
      n[k] += p->port == 445;
      sums[k] += prac_hash_bytes(p->port, &h[k].sources[p->src - 1].ip, 16) + p->packets;
    }
  }
  assert_true(sums[0] == sums[1] && n[0] == n[1]);
  assert_true(fabs(n[0] * 2.0 / 266667 - 1) < 0.02);
  const struct risk_seen *p = &h[0].ports[h[0].at[445] - 1];
  assert_true(fabs(risk_hour_destinations(p) - 1) < 1e-9);
  assert_int_equal(p->packets, h[1].ports[h[1].at[445] - 1].packets);
  for (uint32_t k = 0; k < 2; k++) risk_hour_done(&h[k]);
}

/* ---- the graph ---- */

/* Two families of ports, each scanned by its own sources; then sources go over to a third. */
static size_t turns(bool turn)
{
  struct heard h = heard_of();
  struct prac_conf *conf = settings(settings_text);
  struct eng_core *c = core(&h, conf, 1);
  struct flow_row r[800];
  uint32_t x = 1;
  for (int hour = 0; hour < 90; hour++) {
    uint32_t n = 0, base = turn && hour >= 80 ? 7000 : 1000;
    for (uint32_t i = 0; i < 60; i++)
      for (uint32_t k = 0; k < 6; k++) {
        x = x * 1664525 + 1013904223;
        if (x >> 30) r[n++] = row(i, (uint16_t)((i % 5 ? base : 2000) + k), 6);
      }
    feed(c, "tokyo", hour, 0, r, n);
  }
  struct prac_counters t[2];
  assert_int_equal(eng_core_counters(c, t, 2), 2);
  end(&c);
  size_t blamed = heard_count(&h, "the port graph has turned");
  assert_true(turn || heard_count(&h, "\"state\":\"on\"") == 0);
  prac_conf_free(&conf);
  heard_done(&h);
  return blamed;
}
static void the_graph_blames_the_new_ports(void **s)
{
  (void)s;
  assert_int_equal(turns(false), 0);
  assert_true(turns(true) >= 5); /* the six new ports; said once each, with the graph's opinion */
}

/* ---- wild input, restart ---- */

static void nothing_and_everything(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct prac_conf *conf = settings(settings_text);
  struct eng_core *c = core(&h, conf, 1);
  struct flow_row *r = calloc(131072, sizeof *r);
  for (int hour = 0; hour < 50; hour++) feed(c, "tokyo", hour, 0, r, 0); /* heard, and nothing */
  for (uint32_t i = 0; i < 131072; i++) { /* one host, all ports, huge counts */
    r[i] = row(1, (uint16_t)i, 1);
    r[i].proto = i >> 16 ? 17 : 6;
    r[i].packets = UINT32_MAX;
  }
  for (int k = 0; k < 3; k++) feed(c, "tokyo", 50 + k, 0, r, 131072);
  for (uint32_t i = 0; i < 131072; i++) r[i] = (struct flow_row){.proto = (uint8_t)i, .packets = 1};
  feed(c, "tokyo", 53, 0, r, 131072); /* no address, any protocol */
  feed(c, "tokyo", 5000, 0, r, 1);    /* after long nothing */
  end(&c);
  assert_int_equal(heard_count(&h, "\"state\":\"on\""), 0);
  free(r);
  prac_conf_free(&conf);
  heard_done(&h);
}

static void plan_play(struct choice in, int cut, struct heard *h, unsigned threads)
{
  static const char *const sensors[] = {"tokyo", "oslo", "lima"};
  struct prac_conf *conf = settings(two_grains);
  struct eng_core *c = core(h, conf, threads);
  int n = 0;
  for (int hour = 0; hour < 90; hour++)
    for (int k = 0; k < 3; k++) {
      struct flow_row r[90];
      uint8_t what = choice_u8(&in);
      uint32_t many = what % 8 == 3 && hour > 40 ? 80 : what % 4;
      for (uint32_t i = 0; i < many; i++)
        r[i] = row(i + what, (uint16_t)(80 + what / 64 + i % 2), 6);
      if (n++ == cut) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        PRAC_INSIST(eng_core_save(c, &bytes, &len, NULL) == PRAC_OK);
        eng_core_free(&c);
        c = core(h, conf, threads);
        struct prac_err e = {0};
        if (eng_core_load(c, bytes, len, &e) != PRAC_OK) fail_msg("%s", e.text);
        free(bytes);
      }
      if (what % 8 != 7) feed(c, sensors[k], hour, k * 10, r, many);
    }
  end(&c);
  prac_conf_free(&conf);
}
static int a_break_changes_nothing(struct choice *in)
{
  int cut = (int)choice_below(in, 270);
  struct heard a = heard_of(), b = heard_of(), c = heard_of();
  plan_play(*in, -1, &a, 1);
  plan_play(*in, cut, &b, 1);
  plan_play(*in, -1, &c, 4);
  int ok = heard_same(&a, &b) && heard_same(&a, &c);
  heard_done(&a);
  heard_done(&b);
  heard_done(&c);
  return ok;
}
static void restart(void **s)
{
  (void)s;
  assert_true(prop_check("restart", a_break_changes_nothing, 71, 60));
}

static void open_state(void *st, const struct eng_env *env)
{
  memset(st, 0, eng_riskport.state_size);
  assert_int_equal(eng_riskport.open(st, env, NULL), PRAC_OK);
}
/* Cut short, or a byte changed: refused, or harmless. Never more than that. */
static void damaged_states_are_refused(void **s)
{
  (void)s;
  enum { ROOM = 1 << 20 };
  struct prac_conf *conf = settings(two_grains);
  _Atomic uint64_t counters[RISK_COUNTER_COUNT_] = {0};
  struct prac_rng rng = prac_rng_of(1);
  struct eng_env env = {.conf = prac_conf_get(conf, "engine.riskport", 0),
                        .scratch = prac_arena_new(4096),
                        .rng = &rng,
                        .counters = counters};
  struct risk_engine st, other;
  open_state(&st, &env);
  struct flow_row r[60];
  for (int hour = 0; hour < 20; hour++) {
    for (uint32_t i = 0; i < 60; i++) r[i] = row(i, (uint16_t)(20 + i % 7), 6);
    struct flow_batch *b = batch_of("tokyo", T0 + hour * PRAC_HOUR, r, 60, true);
    assert_int_equal(eng_riskport.feed(&st, b, &env), PRAC_OK);
    flow_batch_unref(&b);
    struct prac_span slot = {T0 + hour * PRAC_HOUR, T0 + (hour + 1) * PRAC_HOUR};
    if (hour < 19) assert_int_equal(eng_riskport.close_slot(&st, slot, &env, NULL, NULL), PRAC_OK);
    prac_arena_reset(env.scratch);
  }
  uint8_t *bytes = malloc(ROOM);
  struct prac_wr w = prac_wr_of(bytes, ROOM);
  assert_int_equal(eng_riskport.save(&st, &w), PRAC_OK);
  size_t len = prac_wr_len(&w);
  for (size_t i = 0; i < len; i += 1 + i / 50) {
    open_state(&other, &env);
    struct prac_rd rd = prac_rd_of(bytes, i);
    assert_int_not_equal(eng_riskport.load(&other, &rd), PRAC_OK);
    eng_riskport.close(&other);
    open_state(&other, &env);
    bytes[i] ^= 0xff;
    rd = prac_rd_of(bytes, len);
    if (eng_riskport.load(&other, &rd) == PRAC_OK) {
      struct prac_span slot = {T0 + 19 * PRAC_HOUR, T0 + 20 * PRAC_HOUR};
      assert_int_equal(eng_riskport.close_slot(&other, slot, &env, NULL, NULL), PRAC_OK);
    }
    prac_arena_reset(env.scratch);
    bytes[i] ^= 0xff;
    eng_riskport.close(&other);
  }
  free(bytes);
  eng_riskport.close(&st);
  prac_arena_free(&env.scratch);
  prac_conf_free(&conf);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_port_never_heard_before),
      cmocka_unit_test(what_is_no_distributed_scan),
      cmocka_unit_test(levels_double),
      cmocka_unit_test(news_only_as_the_risk_rises),
      cmocka_unit_test(a_slow_scan_is_seen_over_hours),
      cmocka_unit_test(sensors_that_come_and_go_raise_nothing),
      cmocka_unit_test(index_and_classes),
      cmocka_unit_test(a_storm_is_sampled),
      cmocka_unit_test(the_graph_blames_the_new_ports),
      cmocka_unit_test(nothing_and_everything),
      cmocka_unit_test(restart),
      cmocka_unit_test(damaged_states_are_refused),
  };
  return cmocka_run_group_tests_name("riskport", t, NULL, NULL);
}
