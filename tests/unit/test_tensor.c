/* When it speaks, when it falls silent, and that a restart changes nothing. */
#include "lib/t.h"

#include <stdio.h>

#include "engine/core.h"
#include "lib/flows.h"

extern const struct eng_ops eng_tensor;

static struct eng_core *core(struct heard *h, struct prac_conf **conf)
{
  static const char text[] = "engine:\n  tensor:\n    slot: 1m\n    limit: 10\n";
  const struct prac_conf_section *sections[] = {eng_tensor.conf, NULL};
  const struct eng_core_conf c = {.nthreads = 1, .seed = 1, .only = "tensor"};
  struct prac_err e = {.text = ""};
  struct eng_core *ret = NULL;
  if (prac_conf_parse(text, sizeof text - 1, "test", sections, conf, &e) != PRAC_OK ||
      eng_core_new(&c, *conf, hear_finding, h, &ret, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return ret;
}

static void feed(struct eng_core *c, int minute, uint32_t packets)
{
  struct flow_row r = {.src = ip_text("203.0.113.9"),
                       .dst = ip_text("198.51.100.1"),
                       .proto = 6,
                       .dport = 23,
                       .packets = packets};
  struct flow_batch *b = batch_of("tokyo", T0 + minute * PRAC_MIN, &r, 1, true);
  assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}

/* 10 is the limit: 10 says nothing, 11 speaks, and it ends once. */
static void speaks_above_the_limit(void **s)
{
  (void)s;
  static const uint32_t packets[] = {10, 11, 1, 1};
  struct heard h = heard_of();
  struct prac_conf *conf = NULL;
  struct eng_core *c = core(&h, &conf);
  for (int m = 0; m < 4; m++) feed(c, m, packets[m]);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  assert_int_equal(h.n, 2);
  assert_int_equal(heard_count(&h, "\"state\":\"on\""), 1);
  assert_int_equal(heard_count(&h, "\"value\":11"), 1);
  assert_int_equal(heard_count(&h, "\"state\":\"off\""), 1);
  eng_core_free(&c);
  prac_conf_free(&conf);
  heard_done(&h);
}

static void a_restart_changes_nothing(void **s)
{
  (void)s;
  struct heard h = heard_of(), again = heard_of();
  struct prac_conf *conf = NULL, *conf2 = NULL;
  struct eng_core *c = core(&h, &conf), *d = core(&again, &conf2);
  uint8_t *saved = NULL;
  size_t n = 0;
  for (int m = 0; m < 3; m++) feed(c, m, 11);
  assert_int_equal(eng_core_save(c, &saved, &n, NULL), PRAC_OK);
  size_t before = h.n;
  assert_int_equal(eng_core_load(d, saved, n, NULL), PRAC_OK);
  feed(c, 3, 12);
  feed(d, 3, 12);
  assert_int_equal(eng_core_finish(c, NULL), PRAC_OK);
  assert_int_equal(eng_core_finish(d, NULL), PRAC_OK);
  assert_int_equal(h.n - before, again.n);
  assert_true(again.n > 0);
  assert_string_equal(h.j.buf + h.j.len - again.j.len, again.j.buf);
  free(saved);
  eng_core_free(&c);
  eng_core_free(&d);
  prac_conf_free(&conf);
  prac_conf_free(&conf2);
  heard_done(&h);
  heard_done(&again);
}

/* Saved bytes may be damaged: each shorter form is refused, none is believed. */
static void damaged_state_is_refused(void **s)
{
  (void)s;
  uint8_t whole[9] = {1, 0, 0, 0, 0, 0, 0, 0, 1}, state[64];
  assert_true(eng_tensor.state_size <= sizeof state);
  for (size_t n = 0; n < sizeof whole; n++) {
    struct prac_rd r = prac_rd_of(whole, n);
    assert_int_equal(eng_tensor.load(state, &r), PRAC_DAMAGED);
  }
  whole[8] = 2;
  struct prac_rd r = prac_rd_of(whole, sizeof whole);
  assert_int_equal(eng_tensor.load(state, &r), PRAC_DAMAGED);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(speaks_above_the_limit),
      cmocka_unit_test(a_restart_changes_nothing),
      cmocka_unit_test(damaged_state_is_refused),
  };
  return cmocka_run_group_tests_name("tensor", t, NULL, NULL);
}
