/* The core with an engine that only writes down what it was given: order, slots, restart. */
#include "lib/t.h"

#include <stdio.h>

#include "engine/core.h"
#include "lib/choice.h"
#include "lib/flows.h"

/* ---- an engine that says, for each slot, what it was fed ---- */
struct probe_conf {
  struct eng_common common;
  int64_t slot_ns;
};
struct probe {
  uint64_t batches, packets, order;
};
static int64_t probe_slot(const void *c)
{
  return ((const struct probe_conf *)c)->slot_ns;
}
static prac_rc probe_open(void *st, const struct eng_env *env, struct prac_err *e)
{
  (void)st, (void)env, (void)e;
  return PRAC_OK;
}
static prac_rc probe_feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct probe *p = st;
  p->batches++;
  uint64_t name = 0;
  for (const char *s = b->sensor; *s; s++) name = name * 31 + (uint64_t)*s;
  p->order = (p->order ^ name ^ (uint64_t)b->minute ^ b->part ^ prac_rng_u64(env->rng)) *
             0x9e3779b97f4a7c15u;
  for (uint32_t i = 0; i < b->n; i++) p->packets += b->packets[i];
  return PRAC_OK;
}
/* A kernel whose pieces have pieces: threads that work on one engine help another. */
struct pieces {
  const struct math_par *par;
  uint64_t out[24], in[24][16];
};
static void inner(void *ctx, size_t i)
{
  uint64_t *v = ctx;
  v[i] = v[i] * 3 + i;
}
static void outer(void *ctx, size_t i)
{
  struct pieces *p = ctx;
  for (size_t k = 0; k < 16; k++) p->in[i][k] = i + k;
  math_par_run(p->par, 16, inner, p->in[i]);
  for (size_t k = 0; k < 16; k++) p->out[i] = p->out[i] * 31 + p->in[i][k];
}
static uint64_t worked(const struct math_par *par)
{
  struct pieces p = {.par = par};
  uint64_t sum = 0;
  math_par_run(par, 24, outer, &p);
  for (size_t i = 0; i < 24; i++) sum = sum * 1000003 + p.out[i];
  return sum;
}
static prac_rc probe_close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                                struct eng_out *out, struct prac_err *e)
{
  (void)e;
  struct probe *p = st;
  char key[32], text[128];
  snprintf(key, sizeof key, "slot:%lld", (long long)((slot.from - T0) / PRAC_MIN));
  snprintf(text, sizeof text, "%llu batches, %llu packets, order %llx, rng %llx, worked %llx",
           (unsigned long long)p->batches, (unsigned long long)p->packets,
           (unsigned long long)p->order, (unsigned long long)prac_rng_u64(env->rng),
           (unsigned long long)worked(env->par));
  struct finding f = {.key = key,
                      .kind = "probe",
                      .state = "on",
                      .text = text,
                      .from = slot.from,
                      .to = slot.to,
                      .packets = p->packets};
  *p = (struct probe){0};
  return eng_say(out, &f);
}
static prac_rc probe_save(const void *st, struct prac_wr *w)
{
  prac_wr_bytes(w, st, sizeof(struct probe));
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}
static prac_rc probe_load(void *st, struct prac_rd *r)
{
  prac_rd_copy(r, st, sizeof(struct probe));
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}
static const struct prac_conf_item items1[] = {
    ENG_COMMON_ITEMS,
    {.key = "slot",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct probe_conf, slot_ns),
     .lo = 1,
     .hi = 86400,
     .dflt = 60,
     .help = "slot"},
};
static const struct prac_conf_item items2[] = {
    ENG_COMMON_ITEMS,
    {.key = "slot",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct probe_conf, slot_ns),
     .lo = 1,
     .hi = 86400,
     .dflt = 300,
     .help = "slot"},
};
#define PROBE(var, word, table)                                                                    \
  static const struct prac_conf_section var##_section = {                                          \
      "engine." word, "test", table, PRAC_ARRAY_LEN(table), sizeof(struct probe_conf), false};     \
  static const struct eng_ops var = {.name = word,                                                 \
                                     .about = "test",                                              \
                                     .version = "1",                                               \
                                     .state_size = sizeof(struct probe),                           \
                                     .conf = &var##_section,                                       \
                                     .slot_ns = probe_slot,                                        \
                                     .open = probe_open,                                           \
                                     .feed = probe_feed,                                           \
                                     .close_slot = probe_close_slot,                               \
                                     .save = probe_save,                                           \
                                     .load = probe_load}
PROBE(one, "one", items1);
PROBE(five, "five", items2);
static const struct eng_ops *const probes[] = {&one, &five, NULL};

/* One that labels by port alone: 7 is survey, 8 malware. */
static prac_rc hush_label(void *st, const struct flow_batch *b, uint8_t *label,
                          const struct eng_env *env)
{
  (void)st, (void)env;
  for (uint32_t i = 0; i < b->n; i++)
    label[i] = b->dport[i] == 7   ? ENG_LABEL_SURVEY
               : b->dport[i] == 8 ? ENG_LABEL_MALWARE
                                  : ENG_LABEL_UNKNOWN;
  return PRAC_OK;
}
static const struct prac_conf_section hush_section = {
    "engine.hush", "test", items1, PRAC_ARRAY_LEN(items1), sizeof(struct probe_conf), false};
static const struct eng_ops hush = {.name = "hush",
                                    .about = "test",
                                    .version = "1",
                                    .state_size = sizeof(struct probe),
                                    .conf = &hush_section,
                                    .slot_ns = probe_slot,
                                    .open = probe_open,
                                    .feed = probe_feed,
                                    .close_slot = probe_close_slot,
                                    .save = probe_save,
                                    .load = probe_load,
                                    .label = hush_label};
static const struct eng_ops *const hushed[] = {&one, &hush, &five, NULL}; /* wherever it stands */

static struct eng_core *core_of(struct heard *h, const struct eng_core_conf *conf)
{
  struct eng_core *c = NULL;
  struct prac_err e = {0};
  prac_rc rc = eng_core_new(conf, NULL, hear_finding, h, &c, &e);
  if (rc != PRAC_OK) fail_msg("%s", e.text);
  return c;
}
static struct eng_core *core(struct heard *h, unsigned nthreads, size_t hold_max)
{
  const struct eng_core_conf conf = {
      .nthreads = nthreads, .seed = 7, .hold_max = hold_max, .engines = probes};
  return core_of(h, &conf);
}
static struct flow_batch *batch(const char *sensor, int minute, uint32_t packets)
{
  struct flow_row r = {.src = prac_ip4(1), .dst = prac_ip4(2), .proto = 6, .packets = packets};
  r.dport = (uint16_t)(6 + packets % 3); /* some of it for the engine that labels */
  return batch_of(sensor, T0 + minute * PRAC_MIN, &r, packets ? 1 : 0, true);
}
static void feed(struct eng_core *c, const char *sensor, int minute, uint32_t packets)
{
  struct flow_batch *b = batch(sensor, minute, packets);
  assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}
static uint64_t counter(const struct eng_core *c, const char *name)
{
  struct prac_counters t[4];
  assert_true(eng_core_counters(c, t, 4) >= 1);
  for (size_t i = 0; i < t[0].n; i++)
    if (strcmp(t[0].defs[i].name, name) == 0) return prac_counter_get(&t[0].values[i]);
  fail_msg("no counter %s", name);
  return 0;
}

static void waits_for_the_slowest_live_sensor(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, 1, 0);
  feed(c, "a", 0, 1);
  feed(c, "b", 0, 1);
  feed(c, "a", 1, 1);
  feed(c, "a", 2, 1);
  feed(c, "a", 3, 1);
  assert_int_equal(eng_core_watermark(c), T0 + PRAC_MIN); /* b has passed minute 0 only */
  assert_int_equal(heard_count(&h, "2 batches, 2 packets"), 1);
  feed(c, "b", 3, 1);
  assert_int_equal(eng_core_watermark(c), T0 + 3 * PRAC_MIN); /* one minute of settling */
  assert_int_equal(eng_core_advance(c, NULL, T0 + 4 * PRAC_MIN, NULL), PRAC_OK);
  assert_int_equal(eng_core_watermark(c), T0 + 4 * PRAC_MIN);
  assert_int_equal(counter(c, "late_batches"), 0);
  eng_core_free(&c);
  heard_done(&h);
}

static void a_silent_sensor_holds_nothing_and_may_return(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, 1, 0);
  feed(c, "a", 0, 1);
  feed(c, "b", 0, 1);
  for (int m = 1; m <= 30; m++) feed(c, "a", m, 1);
  assert_int_equal(eng_core_watermark(c), T0 + 30 * PRAC_MIN);
  feed(c, "b", 30, 5); /* back in step: nothing lost */
  feed(c, "b", 12, 5); /* what it kept back is late */
  assert_int_equal(counter(c, "late_batches"), 1);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&h, "\"2 batches, 6 packets"), 2); /* one says it, five too */
  eng_core_free(&c);
  heard_done(&h);
}

static void too_much_held_leaves_the_slowest_behind(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, 1, 4);
  feed(c, "slow", 0, 1);
  for (int m = 0; m < 8; m++) feed(c, "a", m, 1);
  assert_int_equal(counter(c, "left_behind"), 1);
  assert_true(counter(c, "held") <= 4);
  feed(c, "slow", 1, 9);
  assert_int_equal(counter(c, "late_batches"), 1);
  feed(c, "slow", 8, 1); /* caught up: counts again */
  feed(c, "a", 8, 1);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&h, "2 batches, 2 packets"), 2);
  eng_core_free(&c);
  heard_done(&h);
}

/* A batch of a few hundred bytes has a million rows when they are all alike. */
static void many_rows_held_leave_the_slowest_behind(void **s)
{
  (void)s;
  struct heard h = heard_of();
  static struct flow_row rows[100];
  struct eng_core *c = core_of(&h, &(struct eng_core_conf){.hold_rows = 250, .engines = probes});
  for (uint32_t i = 0; i < 100; i++)
    rows[i] = (struct flow_row){
        .src = prac_ip4(i), .dst = prac_ip4(2), .proto = 6, .dport = 7, .packets = 1};
  feed(c, "slow", 0, 1);
  for (int m = 1; m < 6; m++) {
    struct flow_batch *b = batch_of("a", T0 + m * PRAC_MIN, rows, 100, true);
    assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
    flow_batch_unref(&b);
    assert_true(counter(c, "held") <= 3);
  }
  assert_int_equal(counter(c, "left_behind"), 1);
  feed(c, "slow", 1, 9);
  assert_int_equal(counter(c, "late_batches"), 1);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  eng_core_free(&c);
  heard_done(&h);
}

static void a_clock_that_jumps_years_costs_little(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, 1, 0);
  feed(c, "a", 0, 1);
  feed(c, "a", 60 * 24 * 3650, 1);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  assert_true(h.n < 3 * ENG_IDLE_SLOTS);
  assert_int_equal(heard_count(&h, "\"1 batches, 1 packets"), 4);
  struct flow_batch *b = batch("a", 0, 1);
  b->minute = INT64_MAX - 5;
  assert_int_equal(eng_core_feed(c, b, NULL), PRAC_RANGE);
  flow_batch_unref(&b);
  eng_core_free(&c);
  heard_done(&h);
}

static void names_of_engines_are_checked(void **s)
{
  (void)s;
  struct eng_core_conf conf = {.engines = probes, .only = "one,two"};
  struct eng_core *c = NULL;
  struct prac_err e = {0};
  assert_int_equal(eng_core_new(&conf, NULL, hear_finding, NULL, &c, &e), PRAC_UNKNOWN);
  assert_null(c);
  conf.only = "five";
  struct prac_counters t[4];
  assert_int_equal(eng_core_new(&conf, NULL, hear_finding, NULL, &c, &e), PRAC_OK);
  assert_int_equal(eng_core_counters(c, t, 4), 2);
  assert_string_equal(t[1].room, "engine.five");
  eng_core_free(&c);
}

static void damaged_state_is_refused(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, 1, 0), *d;
  uint8_t *bytes = NULL;
  size_t n = 0;
  feed(c, "a", 0, 1);
  feed(c, "b", 1, 1);
  assert_int_equal(eng_core_save(c, &bytes, &n, NULL), PRAC_OK);
  for (size_t i = 0; i < n; i++) {
    d = core(&h, 1, 0);
    bytes[i] ^= 0x41;
    assert_int_equal(eng_core_load(d, bytes, n, NULL), PRAC_DAMAGED);
    bytes[i] ^= 0x41;
    eng_core_free(&d);
    d = core(&h, 1, 0);
    assert_int_equal(eng_core_load(d, bytes, i, NULL), PRAC_DAMAGED);
    eng_core_free(&d);
  }
  free(bytes);
  eng_core_free(&c);
  heard_done(&h);
}

/* A survey row and a malware row beside an ordinary one, in every minute. */
static void feed_noisy(struct eng_core *c, uint32_t n, int minutes)
{
  struct flow_row *rows = calloc(3 * (size_t)n, sizeof *rows);
  for (int m = 0; m < minutes; m++) {
    for (uint32_t i = 0; i < 3 * n; i++)
      rows[i] = (struct flow_row){.src = prac_ip4(i),
                                  .proto = 6,
                                  .dport = (uint16_t)(7 + i % 3),
                                  .bytes = i,
                                  .packets = i % 3 ? 1 : 100};
    struct flow_batch *b = batch_of("a", T0 + m * PRAC_MIN, rows, 3 * n, true);
    assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
    flow_batch_unref(&b);
  }
  free(rows);
}
static void survey_rows_reach_only_the_engine_that_labels(void **s)
{
  (void)s;
  struct heard h[3];
  for (unsigned k = 0; k < 3; k++) {
    h[k] = heard_of();
    struct eng_core *c =
        core_of(&h[k], &(struct eng_core_conf){.nthreads = 1 + k, .seed = 7, .engines = hushed});
    feed_noisy(c, 4000, 10);
    assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
    assert_int_equal(counter(c, "survey_rows"), 40000);
    assert_int_equal(counter(c, "malware_rows"), 40000);
    eng_core_free(&c);
    assert_int_equal(heard_count(&h[k], "1 batches, 8000 packets"), 10);   /* one */
    assert_int_equal(heard_count(&h[k], "1 batches, 408000 packets"), 10); /* hush */
    assert_int_equal(heard_count(&h[k], "5 batches, 40000 packets"), 2);   /* five */
    assert_true(heard_same(&h[0], &h[k]));
  }
  for (int k = 0; k < 3; k++) heard_done(&h[k]);
}
static void an_engine_alone_finds_what_it_finds_among_others(void **s)
{
  (void)s;
  struct heard all = heard_of(), alone = heard_of();
  struct eng_core *c = core_of(&all, &(struct eng_core_conf){.seed = 7, .engines = hushed});
  feed_noisy(c, 5, 10);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  eng_core_free(&c);
  c = core_of(&alone, &(struct eng_core_conf){.seed = 7, .engines = hushed, .only = "one"});
  feed_noisy(c, 5, 10);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  eng_core_free(&c);
  assert_int_equal(alone.n, 10);
  const char *at = alone.j.buf; /* each line is among the others' */
  for (size_t n; at && (n = strcspn(at, "\n")) > 0; at += n + 1) {
    char line[2048];
    assert_true(n < sizeof line);
    memcpy(line, at, n);
    line[n] = 0;
    assert_int_equal(heard_count(&all, line), 1);
  }
  heard_done(&all);
  heard_done(&alone);
}

/* ---- properties: one plan of batches, played in different ways ---- */
enum { PLAN_MAX = 120, SENSORS = 4 };
struct plan {
  struct {
    int sensor, minute;
    uint32_t packets;
  } v[PLAN_MAX];
  int n;
};
static const char *const names[SENSORS] = {"tokyo", "oregon", "sydney", "eu"};

/* Every sensor says something about every minute, but some run up to `lag` minutes ahead. */
static struct plan plan_of(struct choice *in)
{
  struct plan p = {0};
  int at[SENSORS] = {0}, minutes = 1 + (int)choice_below(in, 20);
  for (int left = minutes * SENSORS; left > 0;) {
    int k = (int)choice_below(in, SENSORS), low = at[0];
    for (int i = 1; i < SENSORS; i++) low = at[i] < low ? at[i] : low;
    while (at[k] >= minutes || at[k] > low + 5) k = (k + 1) % SENSORS;
    p.v[p.n].sensor = k;
    p.v[p.n].minute = at[k]++;
    p.v[p.n++].packets = choice_below(in, 5);
    left--;
  }
  return p;
}
static void play(const struct plan *p, unsigned nthreads, int cut, struct heard *h)
{
  const struct eng_core_conf conf = {.nthreads = nthreads, .seed = 7, .engines = hushed};
  struct eng_core *c = core_of(h, &conf);
  for (int i = 0; i < SENSORS; i++) /* their first health report: they are there */
    assert_int_equal(eng_core_advance(c, names[i], T0, NULL), PRAC_OK);
  for (int i = 0; i < p->n; i++) {
    if (i == cut) {
      uint8_t *bytes = NULL;
      size_t n = 0;
      assert_int_equal(eng_core_save(c, &bytes, &n, NULL), PRAC_OK);
      eng_core_free(&c);
      c = core_of(h, &conf);
      struct prac_err e = {0};
      if (eng_core_load(c, bytes, n, &e) != PRAC_OK) fail_msg("%s", e.text);
      free(bytes);
    }
    feed(c, names[p->v[i].sensor], p->v[i].minute, p->v[i].packets);
  }
  assert_int_equal(counter(c, "late_batches"), 0);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  eng_core_free(&c);
}
static int any_order_threads_and_break_say_the_same(struct choice *in)
{
  struct plan p = plan_of(in), sorted = {0};
  for (int m = 0; sorted.n < p.n; m++)
    for (int k = 0; k < SENSORS; k++)
      for (int i = 0; i < p.n; i++)
        if (p.v[i].minute == m && p.v[i].sensor == k) sorted.v[sorted.n++] = p.v[i];
  struct heard a = heard_of(), b = heard_of();
  play(&sorted, 1, -1, &a);
  play(&p, 1 + choice_below(in, 3), (int)choice_below(in, PLAN_MAX), &b);
  int same = heard_same(&a, &b) && a.n > 0;
  heard_done(&a);
  heard_done(&b);
  return same;
}
/* Slices large enough for the threads to wake. */
static void threads_say_the_same(void **s)
{
  (void)s;
  enum { ROWS = 9000 };
  struct flow_row *rows = calloc(ROWS, sizeof *rows);
  struct heard h[3];
  for (unsigned k = 0; k < 3; k++) {
    h[k] = heard_of();
    struct eng_core *c = core(&h[k], 1u << k, 0);
    for (int m = 0; m < 12; m++) {
      for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = (struct flow_row){.src = prac_ip4(i), .proto = 6, .packets = 1 + i % 3};
      struct flow_batch *b = batch_of("a", T0 + m * PRAC_MIN, rows, ROWS, true);
      assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
      flow_batch_unref(&b);
    }
    assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
    assert_int_equal(counter(c, "rows"), 12 * ROWS);
    eng_core_free(&c);
    assert_true(heard_same(&h[0], &h[k]) && h[k].n == 12 + 3);
  }
  for (int k = 0; k < 3; k++) heard_done(&h[k]);
  free(rows);
}

static void properties(void **s)
{
  (void)s;
  assert_true(
      prop_check("order, threads, break", any_order_threads_and_break_say_the_same, 1, 300));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(waits_for_the_slowest_live_sensor),
      cmocka_unit_test(a_silent_sensor_holds_nothing_and_may_return),
      cmocka_unit_test(too_much_held_leaves_the_slowest_behind),
      cmocka_unit_test(many_rows_held_leave_the_slowest_behind),
      cmocka_unit_test(a_clock_that_jumps_years_costs_little),
      cmocka_unit_test(names_of_engines_are_checked),
      cmocka_unit_test(damaged_state_is_refused),
      cmocka_unit_test(threads_say_the_same),
      cmocka_unit_test(survey_rows_reach_only_the_engine_that_labels),
      cmocka_unit_test(an_engine_alone_finds_what_it_finds_among_others),
      cmocka_unit_test(properties),
  };
  return cmocka_run_group_tests_name("engine_core", t, NULL, NULL);
}
