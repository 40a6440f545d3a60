/* Labels: when they are earned and why, what other engines see, when they end; restart, damage,
 * storms. */
#include "lib/t.h"

#include <stdio.h>

#include "base/rng.h"
#include "engine/core.h"
#include "engine/noise/noise.h"
#include "lib/flows.h"

extern const struct eng_ops eng_noise;

/* ---- an engine that counts what is left, by source ---- */
struct rest {
  uint64_t packets, of[4]; /* .of: sources 10.0.0.0 .. 3 */
};
static int64_t rest_slot(const void *c)
{
  (void)c;
  return PRAC_MIN;
}
static prac_rc rest_open(void *st, const struct eng_env *env, struct prac_err *e)
{
  (void)st, (void)env, (void)e;
  return PRAC_OK;
}
static prac_rc rest_feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  (void)env;
  struct rest *r = st;
  for (uint32_t i = 0; i < b->n; i++) {
    uint32_t s = prac_ip_to4(&b->src[i]) - 0x0a000000;
    r->packets += b->packets[i];
    if (s < 4) r->of[s] += b->packets[i];
  }
  return PRAC_OK;
}
static prac_rc rest_close(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *e)
{
  (void)env, (void)e;
  struct rest *r = st;
  char text[128];
  snprintf(text, sizeof text, "left %llu: %llu %llu %llu %llu.", (unsigned long long)r->packets,
           (unsigned long long)r->of[0], (unsigned long long)r->of[1], (unsigned long long)r->of[2],
           (unsigned long long)r->of[3]);
  *r = (struct rest){0};
  return eng_say(out, &(struct finding){.key = "left",
                                        .kind = "left",
                                        .state = "on",
                                        .text = text,
                                        .from = slot.from,
                                        .to = slot.to});
}
static prac_rc rest_save(const void *st, struct prac_wr *w)
{
  prac_wr_bytes(w, st, sizeof(struct rest));
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}
static prac_rc rest_load(void *st, struct prac_rd *r)
{
  prac_rd_copy(r, st, sizeof(struct rest));
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}
static const struct prac_conf_item rest_items[] = {ENG_COMMON_ITEMS};
static const struct prac_conf_section rest_section = {
    "engine.rest", "test", rest_items, 2, sizeof(struct eng_common), false};
static const struct eng_ops rest = {.name = "rest",
                                    .about = "test",
                                    .version = "1",
                                    .state_size = sizeof(struct rest),
                                    .conf = &rest_section,
                                    .slot_ns = rest_slot,
                                    .open = rest_open,
                                    .feed = rest_feed,
                                    .close_slot = rest_close,
                                    .save = rest_save,
                                    .load = rest_load};
static const struct eng_ops *const engines[] = {&rest, &eng_noise, NULL};

struct lab {
  struct heard h;
  struct eng_core *c;
  struct prac_conf *conf;
};
static struct lab lab_of(const char *settings)
{
  static const struct prac_conf_section *const sections[] = {&rest_section, &noise_conf_section,
                                                             NULL};
  struct lab l = {.h = heard_of()};
  struct prac_err e = {0};
  char text[512];
  snprintf(text, sizeof text, "engine:\n  noise:\n    say: 20\n%s", settings);
  if (prac_conf_parse(text, strlen(text), "test", sections, &l.conf, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return l;
}
static void lab_core(struct lab *l, unsigned nthreads)
{
  const struct eng_core_conf c = {.nthreads = nthreads, .seed = 5, .engines = engines};
  struct prac_err e = {0};
  eng_core_free(&l->c);
  if (eng_core_new(&c, l->conf, hear_finding, &l->h, &l->c, &e) != PRAC_OK) fail_msg("%s", e.text);
}
static void lab_done(struct lab *l)
{
  eng_core_free(&l->c);
  prac_conf_free(&l->conf);
  heard_done(&l->h);
}
static void feed(struct lab *l, int minute, struct flow_row *rows, uint32_t n, const char *list)
{
  struct flow_batch *b = batch_of("tokyo", T0 + minute * PRAC_MIN, rows, n, true);
  if (list) assert_int_equal(flow_batch_describe(b, "", (struct model_strs){&list, 1}), PRAC_OK);
  assert_int_equal(eng_core_feed(l->c, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}
static struct flow_row row(uint32_t src, uint32_t dst, uint16_t port, uint32_t packets)
{
  return (struct flow_row){.src = prac_ip4(0x0a000000 + src),
                           .dst = prac_ip4(0xc6120000 + dst),
                           .proto = 6,
                           .tcp_flags = 2,
                           .dport = port,
                           .country = 'J' << 8 | 'P',
                           .packets = packets};
}

static void a_list_is_certain_from_its_first_packet_and_ages(void **s)
{
  (void)s;
  struct lab l = lab_of("");
  lab_core(&l, 1);
  struct flow_row r[3] = {row(0, 1, 22, 7), row(1, 1, 22, 5), row(0, 1, 443, 3)};
  r[0].survey = 1;
  r[2].marks = FLOW_BACKSCATTER; /* its answers stay */
  feed(&l, 0, r, 3, "acknowledged 2013-08-01");
  r[0].survey = 0; /* and later rows, whatever they say */
  feed(&l, 1, r, 3, NULL);
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, "left 8: 3 5 0 0."), 2);
  assert_int_equal(heard_count(&l.h, "10.0.0.0 is a survey scanner. Evidence: on the list "
                                     "acknowledged 2013-08-01."),
                   1);
  assert_int_equal(heard_count(&l.h, "\"key\":\"noise:survey\""), 1);
  lab_done(&l);

  l = lab_of(""); /* 91 days old: only behaviour counts */
  lab_core(&l, 1);
  r[0].survey = 1;
  feed(&l, 0, r, 3, "acknowledged 2013-05-08");
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, "left 15: 10 5 0 0."), 1);
  lab_done(&l);

  l = lab_of("    hide: [behaviour]\n");
  lab_core(&l, 1);
  feed(&l, 0, r, 3, "acknowledged 2013-08-01");
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, "left 15: 10 5 0 0."), 1); /* labelled, but in sight */
  assert_int_equal(heard_count(&l.h, "\"key\":\"source:10.0.0.0\""), 1);
  lab_done(&l);
}

/* Each minute, 40 packets of source 0 with a tool's mark and of source 1 without, to 40 ports and
 * other destinations each time; source 2 asks one port widely, 3 all ports of one address. */
static uint32_t wide(struct flow_row *v, int minute)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < 40; i++) {
    uint32_t dst = (uint32_t)minute * 40 + i;
    v[n] = row(0, dst, (uint16_t)(1000 + i), 1);
    v[n++].marks = FLOW_ZMAP_OLD;
    v[n++] = row(1, dst, (uint16_t)(1000 + i), 1);
    v[n] = row(2, dst, 23, 1);
    v[n++].marks = FLOW_ZMAP_OLD;
    v[n] = row(3, 7, (uint16_t)dst, 1);
    v[n++].marks = FLOW_ZMAP_OLD;
  }
  return n;
}

static void behaviour_is_judged_by_the_size_of_the_telescope(void **s)
{
  (void)s;
  struct lab l = lab_of("    monitored: 4000\n");
  struct flow_row v[200];
  lab_core(&l, 1);
  for (int m = 0; m < 60; m++) feed(&l, m, v, wide(v, m), NULL);
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  /* source 0 at a tenth of 4,000: after minute 10, give or take the sketch's error; the batch that
   * gives the label is hidden, those before were not */
  size_t seen = heard_count(&l.h, "left 160: 40 40 40 40."),
         hidden = heard_count(&l.h, "left 120: 0 40 40 40.");
  assert_int_equal(seen + hidden, 60);
  assert_true(seen >= 7 && seen <= 12);
  assert_int_equal(heard_count(&l.h, "\"key\":\"source:"), 1);
  assert_int_equal(heard_count(&l.h, "10.0.0.0 is a survey scanner. Evidence: packets of ZMap"), 1);
  lab_done(&l);

  l = lab_of("    monitored: 1200\n    coverage: 1\n"); /* packets for each address, two sources */
  lab_core(&l, 1);
  for (int m = 0; m < 60; m++) feed(&l, m, v, wide(v, m), NULL);
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, "left 160: 40 40 40 40."), 29); /* 1,200th packet: minute 30 */
  assert_int_equal(heard_count(&l.h, "left 80: 0 0 40 40."), 31);
  assert_int_equal(heard_count(&l.h, "at least a packet for each address of ours"),
                   2); /* of source 1, by itself and in the summary; 0 has a tool's mark too */
  lab_done(&l);

  l = lab_of("    monitored: 63\n"); /* too few of ours to say */
  lab_core(&l, 1);
  for (int m = 0; m < 60; m++) feed(&l, m, v, wide(v, m), NULL);
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, "left 160: 40 40 40 40."), 60);
  lab_done(&l);
}

/* What arrives says how many addresses are ours, once it stops to grow. */
static void our_addresses_are_learnt(void **s)
{
  (void)s;
  struct lab l = lab_of("");
  lab_core(&l, 1);
  struct flow_row v[400];
  struct prac_rng r = prac_rng_of(3);
  for (int m = 0; m < 60; m++) {
    uint32_t n = wide(v, m % 25); /* 1,000 destinations */
    for (uint32_t i = 0; i < 200; i++, n++)
      v[n] = row(100 + n, (uint32_t)prac_rng_below(&r, 1000), 80, 1);
    feed(&l, m, v, n, NULL);
  }
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  struct prac_counters t[4];
  size_t n = eng_core_counters(l.c, t, 4);
  uint64_t ours = 0;
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < t[k].n; i++)
      if (strcmp(t[k].defs[i].name, "monitored") == 0) ours = prac_counter_get(&t[k].values[i]);
  assert_true(ours > 930 && ours < 1070);
  assert_true(heard_count(&l.h, "left 360: 40 40 40 40.") >= 20); /* not before it was known */
  assert_true(heard_count(&l.h, ": 0 0 40 40.") >= 25);
  lab_done(&l);
}

static void mirai_is_malware_whatever_it_does_beside(void **s)
{
  (void)s;
  struct lab l = lab_of("    monitored: 400\n");
  struct flow_row v[200];
  lab_core(&l, 1);
  for (int m = 0; m < 20; m++) {
    uint32_t n = wide(v, m);
    for (uint32_t i = 0; i < n; i += 40) v[i].tool = FLOW_TOOL_MIRAI; /* source 0, now and then */
    feed(&l, m, v, n, NULL);
  }
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, ": 40 "), 20);
  assert_int_equal(heard_count(&l.h, "10.0.0.0 is malware-like. Evidence: "), 1);
  assert_int_equal(heard_count(&l.h, "\"kind\":\"noise-malware\""), 2);
  lab_done(&l);
}

static void a_label_ends_when_nothing_confirms_it(void **s)
{
  (void)s;
  struct lab l = lab_of("    expire: 2d\n");
  struct flow_row r = row(0, 1, 22, 7), other = row(1, 1, 22, 1);
  lab_core(&l, 1);
  r.survey = 1;
  feed(&l, 0, &r, 1, "acknowledged 2013-08-01");
  r.survey = 0;
  for (int h = 1; h < 24 * 5; h++) feed(&l, h * 60, h % 30 == 0 ? &r : &other, 1, NULL);
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  /* the third day after ends it: hidden at hours 30 and 60, seen again at 90 */
  assert_int_equal(heard_count(&l.h, "left 7: 7 0 0 0."), 1);
  assert_int_equal(heard_count(&l.h, "10.0.0.0 is no longer held for a survey scanner."), 1);
  assert_int_equal(heard_count(&l.h, "\"state\":\"off\""), 1);
  lab_done(&l);
}

/* More labels at once than are said, more sources than there are places. */
static void storms_are_bounded(void **s)
{
  (void)s;
  struct lab l = lab_of("    max-sources: 64\n");
  static struct flow_row v[6000];
  lab_core(&l, 1);
  for (int m = 0; m < 3; m++) {
    for (uint32_t i = 0; i < 6000; i++) {
      v[i] = row(i + (uint32_t)m * 3000, i % 900, 22, 1 + i % 60);
      v[i].survey = i % 3 == 0;
    }
    feed(&l, m, v, 6000, "acknowledged 2013-08-01");
  }
  assert_int_equal(eng_core_finish(l.c, NULL), PRAC_OK);
  assert_int_equal(heard_count(&l.h, "\"key\":\"source:"), 20);
  assert_int_equal(heard_count(&l.h, "\"key\":\"noise:survey\""), 1);
  assert_int_equal(heard_count(&l.h, "Survey scanners: 64 sent"), 1);
  lab_done(&l);
}

/* ---- the same, whoever plays it ---- */
static void play(struct lab *l, unsigned nthreads, int cut)
{
  struct prac_rng r = prac_rng_of(11);
  static struct flow_row v[700];
  lab_core(l, nthreads);
  for (int m = 0; m < 200; m++) {
    if (m == cut) {
      uint8_t *bytes = NULL;
      size_t n = 0;
      struct prac_err e = {0};
      assert_int_equal(eng_core_save(l->c, &bytes, &n, NULL), PRAC_OK);
      lab_core(l, nthreads);
      if (eng_core_load(l->c, bytes, n, &e) != PRAC_OK) fail_msg("%s", e.text);
      free(bytes);
    }
    uint32_t n = wide(v, m);
    for (uint32_t i = 0; i < 500; i++, n++) {
      v[n] = row(50 + (uint32_t)prac_rng_below(&r, 200), (uint32_t)prac_rng_below(&r, 3000),
                 (uint16_t)prac_rng_below(&r, 50), 1 + (uint32_t)prac_rng_below(&r, 3));
      if (v[n].src.b[15] % 16 == 0) v[n].tool = FLOW_TOOL_MIRAI;
      if (v[n].src.b[15] % 16 == 1) v[n].survey = 1;
    }
    feed(l, m * 15, v, n, "acknowledged 2013-08-01");
  }
  assert_int_equal(eng_core_finish(l->c, NULL), PRAC_OK);
}
static void threads_and_restart_leave_no_trace(void **s)
{
  (void)s;
  struct lab a = lab_of("    max-sources: 128\n"), b;
  play(&a, 1, -1);
  assert_true(a.h.n > 200);
  for (int cut = 1; cut < 200; cut += 47) {
    b = lab_of("    max-sources: 128\n");
    play(&b, (unsigned)(1 + cut % 3), cut);
    assert_true(heard_same(&a.h, &b.h));
    lab_done(&b);
  }
  lab_done(&a);
}

static void damaged_state_is_refused_or_harmless(void **s)
{
  (void)s;
  struct lab l = lab_of("    max-sources: 8\n");
  const struct noise_conf *conf = prac_conf_get(l.conf, "engine.noise", 0);
  struct prac_rng rng = prac_rng_of(1);
  _Atomic uint64_t counters[NOISE_COUNTER_COUNT_] = {0};
  const struct eng_env env = {.conf = conf, .rng = &rng, .counters = counters};
  struct noise_state st = {0};
  struct flow_row v[200];
  static uint8_t bytes[1 << 16], kept[1 << 16];
  assert_int_equal(eng_noise.open(&st, &env, NULL), PRAC_OK);
  for (int m = 0; m < 5; m++) {
    struct flow_batch *b = batch_of("a", T0 + m * PRAC_MIN, v, wide(v, m), true);
    assert_int_equal(eng_noise.feed(&st, b, &env), PRAC_OK);
    flow_batch_unref(&b);
  }
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  assert_int_equal(eng_noise.save(&st, &w), PRAC_OK);
  size_t n = prac_wr_len(&w);
  eng_noise.close(&st);
  for (size_t i = 0; i < n; i++) {
    memcpy(kept, bytes, n);
    kept[i] ^= 0xff;
    for (int cut = 0; cut < 2; cut++) {
      struct noise_state other = {0};
      struct prac_rd r = prac_rd_of(kept, cut ? i : n);
      assert_int_equal(eng_noise.open(&other, &env, NULL), PRAC_OK);
      prac_rc rc = eng_noise.load(&other, &r);
      assert_true(!cut || rc == PRAC_DAMAGED);
      eng_noise.close(&other);
    }
  }
  lab_done(&l);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_list_is_certain_from_its_first_packet_and_ages),
      cmocka_unit_test(behaviour_is_judged_by_the_size_of_the_telescope),
      cmocka_unit_test(our_addresses_are_learnt),
      cmocka_unit_test(mirai_is_malware_whatever_it_does_beside),
      cmocka_unit_test(a_label_ends_when_nothing_confirms_it),
      cmocka_unit_test(storms_are_bounded),
      cmocka_unit_test(threads_and_restart_leave_no_trace),
      cmocka_unit_test(damaged_state_is_refused_or_harmless),
  };
  return cmocka_run_group_tests_name("noise", t, NULL, NULL);
}
