/* Thresholds, windows, the two ways to read a victim, storms, restart. */
#include "lib/t.h"

#include <stdio.h>

#include "engine/core.h"
#include "lib/choice.h"
#include "lib/flows.h"

static const char settings_text[] = "engine:\n  backscatter:\n    max-victims: 64\n";
extern const struct eng_ops eng_backscatter;

/* Another one in every core: nothing that is compared below may depend on it. */
static uint64_t secrets;

static struct eng_core *core(struct heard *h, struct prac_conf **conf, unsigned nthreads)
{
  const struct prac_conf_section *sections[] = {eng_backscatter.conf, NULL};
  struct prac_err e = {0};
  if (conf && prac_conf_parse(settings_text, sizeof settings_text - 1, "test", sections, conf,
                              &e) != PRAC_OK)
    fail_msg("%s", e.text);
  struct eng_core_conf c = {
      .nthreads = nthreads, .seed = 3, .secret = ++secrets, .only = "backscatter"};
  struct eng_core *ret = NULL;
  if (eng_core_new(&c, conf ? *conf : NULL, hear_finding, h, &ret, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return ret;
}
static struct flow_row answer(const char *victim, unsigned step, uint32_t packets)
{
  return (struct flow_row){.first_ms = (uint16_t)(step * FLOW_STEP_MS),
                           .span_ms = 9000,
                           .src = ip_text(victim),
                           .dst = prac_ip4(0xc6120000u + step),
                           .proto = 6,
                           .sport = 80,
                           .dport = 4000,
                           .marks = FLOW_BACKSCATTER,
                           .packets = packets,
                           .bytes = packets * 40};
}
static void feed(struct eng_core *c, int minute, struct flow_row *rows, uint32_t n)
{
  struct flow_batch *b = batch_of("tokyo", T0 + minute * PRAC_MIN, rows, n, true);
  assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}
static void end(struct eng_core *c)
{
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  eng_core_free(&c);
}

/* 30 in the fullest window, but the window may lie across two minutes. */
static void the_window_slides_over_the_minute(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, NULL, 1);
  struct flow_row a[] = {answer("203.0.113.9", 5, 15)}, b[] = {answer("203.0.113.9", 4, 15)};
  feed(c, 0, a, 1); /* 50 s .. 60 s */
  feed(c, 1, b, 1); /* 100 s .. 110 s: step 5 + 6 = 11, five after the first */
  feed(c, 2, NULL, 0);
  end(c);
  assert_int_equal(h.n, 0); /* 30 in 60 s, but from 50 s to 109 s are 59 s */
  c = core(&h, NULL, 1);
  struct flow_row d[] = {answer("203.0.113.9", 4, 15), answer("203.0.113.9", 5, 1)};
  feed(c, 0, a, 1);
  feed(c, 1, d, 2);
  feed(c, 2, NULL, 0);
  end(c);
  assert_int_equal(heard_count(&h, "\"key\":\"victim:203.0.113.9/tcp\""), 1);
  assert_int_equal(heard_count(&h, "\"value\":30,"), 1);
  heard_done(&h);
  h = heard_of();
  c = core(&h, NULL, 1);
  struct flow_row f[] = {answer("203.0.113.9", 5, 16)}; /* six after: never in one window */
  feed(c, 0, a, 1);
  feed(c, 1, f, 1);
  for (int m = 2; m < 20; m++) feed(c, m, NULL, 0);
  end(c);
  assert_int_equal(h.n, 0);
  heard_done(&h);
}

static void starts_grows_goes_on_ends(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, NULL, 1);
  for (int m = 0; m < 40; m++) {
    struct flow_row r[] = {answer("203.0.113.9", 1, 20),
                           answer("203.0.113.9", 4, m == 5 ? 400 : 20)};
    feed(c, m, r, m < 25 ? 2 : 0);
  }
  end(c);
  /* on after minute 1, grown after minute 5, 10 minutes later still on, off 5 minutes after the end
   */
  assert_int_equal(h.n, 4);
  assert_int_equal(heard_count(&h, "\"state\":\"on\""), 3);
  assert_int_equal(heard_count(&h, "\"at\":\"2013-08-07T00:02:00Z\""), 1);
  assert_int_equal(heard_count(&h, "\"at\":\"2013-08-07T00:06:00Z\""), 1);
  assert_int_equal(heard_count(&h, "\"at\":\"2013-08-07T00:16:00Z\""), 1);
  assert_int_equal(heard_count(&h, "\"state\":\"off\",\"at\":\"2013-08-07T00:30:00Z\""), 1);
  assert_int_equal(heard_count(&h, "\"packets\":1380,"), 1); /* the whole of it in the last word */
  assert_int_equal(heard_count(&h, "\"ports\":[\"80/tcp\"]"), 4);
  heard_done(&h);
}

static void the_victim_comes_from_the_quote_only_if_it_fits(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct eng_core *c = core(&h, NULL, 1);
  for (int m = 0; m < 4; m++) {
    struct flow_row r[] = {answer("192.0.2.1", 0, 40), answer("192.0.2.2", 0, 40),
                           answer("192.0.2.3", 0, 40)};
    for (int i = 0; i < 3; i++) r[i].proto = 1, r[i].sport = 3, r[i].dport = 3;
    r[0].marks |= FLOW_QUOTED, r[0].victim = ip_text("2001:db8::7");
    r[1].marks |= FLOW_QUOTED | FLOW_QUOTE_MISMATCH, r[1].victim = ip_text("203.0.113.8");
    r[2].marks = FLOW_QUOTED; /* no answer at all */
    feed(c, m, r, 3);
  }
  end(c);
  assert_int_equal(heard_count(&h, "\"key\":\"victim:2001:db8::7/icmp\""), 1);
  assert_int_equal(heard_count(&h, "\"key\":\"victim:192.0.2.2/icmp\""), 1);
  assert_int_equal(heard_count(&h, "\"ports\":[\"icmp/3.3\"]"), 2);
  assert_int_equal(h.n, 2);
  heard_done(&h);
}

static void a_storm_does_not_hide_an_attack(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct prac_conf *conf = NULL;
  struct eng_core *c = core(&h, &conf, 1);
  enum { STORM = 1000 };
  struct flow_row *r = calloc(STORM + 1, sizeof *r);
  for (int m = 0; m < 10; m++) {
    for (uint32_t i = 0; i < STORM; i++) {
      r[i] = answer("203.0.113.9", 0, 1);
      r[i].src = prac_ip4(0x01000000u + (uint32_t)m * STORM + i);
    }
    r[STORM] = answer("203.0.113.9", 3, 50);
    feed(c, m, r, STORM + 1);
  }
  struct prac_counters t[2];
  assert_int_equal(eng_core_counters(c, t, 2), 2);
  assert_string_equal(t[1].defs[4].name, "evicted");
  assert_true(prac_counter_get(&t[1].values[4]) > 8000);
  assert_true(prac_counter_get(&t[1].values[2]) <= 64);
  end(c);
  assert_int_equal(heard_count(&h, "victim:203.0.113.9/tcp"), 1);
  assert_int_equal(h.n, 1);
  prac_conf_free(&conf);
  heard_done(&h);
  free(r);
}

/* ---- against a plain reference ---- */
enum { VICTIMS = 5, MINUTES = 14 };
static uint32_t plan[VICTIMS][MINUTES * 6];

static size_t expected(int v)
{
  uint64_t packets = 0;
  int first = -1;
  for (int i = 0; i < MINUTES * 6; i++) {
    if (!plan[v][i]) continue;
    if (first < 0) first = i;
  }
  if (first < 0) return 0;
  uint64_t most = 0;
  for (int i = 0; i < MINUTES * 6; i++) {
    uint64_t w = 0;
    for (int k = i - 5; k <= i; k++) w += k >= 0 ? plan[v][k] : 0;
    most = w > most ? w : most;
    packets += plan[v][i];
    /* judged when the minute ends */
    int last = -1;
    for (int k = 0; k <= i; k++) last = plan[v][k] ? k : last;
    if (i % 6 == 5 && last / 6 == i / 6 && packets >= 25 && most >= 30 &&
        (last - first) * 10 + 9 >= 60)
      return 1;
  }
  return 0;
}
static int same_as_the_reference(struct choice *in)
{
  struct heard h = heard_of();
  for (int v = 0; v < VICTIMS; v++)
    for (int i = 0; i < MINUTES * 6; i++)
      plan[v][i] = choice_u8(in) % 4 == 1 ? choice_u8(in) % 24 : 0;
  int cut = (int)choice_below(in, MINUTES);
  struct eng_core *c = core(&h, NULL, 1);
  for (int m = 0; m < MINUTES; m++) {
    struct flow_row r[VICTIMS * 6];
    uint32_t n = 0;
    for (unsigned v = 0; v < VICTIMS; v++)
      for (unsigned k = 0; k < 6; k++)
        if (plan[v][m * 6 + (int)k]) {
          r[n] = answer("203.0.113.1", k, plan[v][m * 6 + (int)k]);
          r[n++].src = prac_ip4(0xcb007100u + v);
        }
    if (m == cut) { /* and a restart anywhere changes nothing */
      uint8_t *bytes = NULL;
      size_t len = 0;
      PRAC_INSIST(eng_core_save(c, &bytes, &len, NULL) == PRAC_OK);
      eng_core_free(&c);
      c = core(&h, NULL, 1);
      PRAC_INSIST(eng_core_load(c, bytes, len, NULL) == PRAC_OK);
      free(bytes);
    }
    feed(c, m, r, n);
  }
  end(c);
  int ok = 1;
  for (int v = 0; v < VICTIMS; v++) {
    char key[40];
    snprintf(key, sizeof key, "victim:203.0.113.%d/", v);
    size_t said = heard_count(&h, key);
    if ((said > 0) != (expected(v) > 0)) ok = 0;
  }
  heard_done(&h);
  return ok;
}
static void reference(void **s)
{
  (void)s;
  assert_true(prop_check("Moore thresholds", same_as_the_reference, 11, 300));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(the_window_slides_over_the_minute),
      cmocka_unit_test(starts_grows_goes_on_ends),
      cmocka_unit_test(the_victim_comes_from_the_quote_only_if_it_fits),
      cmocka_unit_test(a_storm_does_not_hide_an_attack),
      cmocka_unit_test(reference),
  };
  return cmocka_run_group_tests_name("backscatter", t, NULL, NULL);
}
