#include "lib/t.h"

#include <stdio.h>
#include <string.h>

#include "gen/gen.h"
#include "gen/gen_int.h"
#include "wire/packet.h"

static struct gen *open_gen(const char *scenario, int64_t length_ns, uint64_t mpps)
{
  struct gen_conf c = {.scenario = scenario,
                       .seed = 5,
                       .length_ns = length_ns,
                       .mpps = mpps,
                       .start = PRAC_TIME_NONE};
  struct gen *g = NULL;
  struct prac_err e = {.text = ""};
  assert_int_equal(gen_new(&c, &g, &e), PRAC_OK);
  return g;
}

/* The mean of -ln(u) is 1, its square's is 2; 10^6 draws come within half a percent. */
static void gaps_are_exponential(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(1);
  uint64_t sum = 0, squares = 0;
  for (int i = 0; i < 1000000; i++) {
    uint64_t x = gen_exp(&r, 1000);
    sum += x;
    squares += x * x;
  }
  assert_in_range(sum, 995000000, 1005000000);
  assert_in_range(squares / 1000000, 1985000, 2015000);
}

static void sources_are_where_they_should_be(void **state)
{
  (void)state;
  struct prac_prefix a, b;
  assert_int_equal(prac_prefix_parse("27.147.0.0/17", 13, &a), PRAC_OK);
  assert_int_equal(prac_prefix_parse("113.11.0.0/17", 13, &b), PRAC_OK);
  unsigned in_a = 0, in_b = 0;
  for (uint64_t i = 0; i < 4000; i++) {
    struct prac_ip ip = gen_source4("BD", prac_rng_of(i).s[0]);
    assert_in_range(ip.b[15], 1, 254);
    in_a += prac_prefix_has(&a, &ip);
    in_b += prac_prefix_has(&b, &ip);
  }
  assert_in_range(in_a, 800, 1200);
  assert_in_range(in_b, 800, 1200);
}

/* Our own decoder reads every frame of every scenario; only what was planted broken is broken. */
static void every_frame_decodes(void **state)
{
  (void)state;
  for (size_t i = 0; i < gen_scenario_count(); i++) {
    const char *name = gen_scenario_at(i).name;
    struct gen *g = open_gen(name, 5 * PRAC_MIN, 20000);
    struct gen_frame f;
    struct prac_span span = gen_span(g);
    prac_time last = 0;
    uint64_t n = 0, odd = 0, broken = 0;
    while (gen_next(g, &f) == PRAC_OK) {
      struct wire_packet p;
      enum wire_class c = wire_packet_read(1, f.data, f.caplen, f.len, &p);
      assert_true(f.at >= last && f.at >= span.from && f.at < span.to);
      assert_true(f.caplen <= f.len && f.len <= GEN_FRAME_MAX);
      last = f.at;
      n++;
      if (c != WIRE_IP4 && c != WIRE_IP6)
        odd++;
      else if (p.flags & (WIRE_BAD | WIRE_TRUNCATED))
        broken++;
      else
        assert_true(prac_prefix_has(&gen_sensor_at(g, f.sensor)->v4, &p.dst) ||
                    prac_prefix_has(&gen_sensor_at(g, f.sensor)->v6, &p.dst));
    }
    bool oddities = strcmp(name, "scan") == 0 || strcmp(name, "demo") == 0;
    if (!oddities && odd + broken > 0) print_message("%s: %u\n", name, (unsigned)(odd + broken));
    assert_true(oddities || odd + broken == 0);
    assert_true(n > 500);
    gen_free(&g);
    assert_null(g);
  }
}

static void truth_counts_what_was_given(void **state)
{
  (void)state;
  struct gen *g = open_gen("flood", 10 * PRAC_MIN, 0);
  struct gen_frame f;
  uint64_t n = 0, sum = 0;
  while (gen_next(g, &f) == PRAC_OK) n++;
  for (size_t i = 0; i < gen_sensor_count(g); i++) sum += gen_sensor_at(g, i)->packets;
  assert_int_equal(n, sum);
  struct prac_json j = prac_json_of(0);
  char want[64];
  gen_truth(g, &j);
  assert_false(j.bad);
  (void)snprintf(want, sizeof want, "\"packets\":%llu,\"sensors\"", (unsigned long long)n);
  assert_non_null(strstr(j.buf, want));
  prac_json_done(&j);
  gen_free(&g);
}

static struct gen *open_trial(const char *scenario, uint64_t seed, uint64_t world, bool usual)
{
  struct gen_conf c = {
      .scenario = scenario, .seed = seed, .world = world, .usual = usual, .start = PRAC_TIME_NONE};
  struct gen *g = NULL;
  struct prac_err e = {.text = ""};
  assert_int_equal(gen_new(&c, &g, &e), PRAC_OK);
  return g;
}

static size_t planted(const struct gen *g, const char *name, struct gen_planted *ret)
{
  for (size_t i = 0; i < gen_planted_count(g); i++) {
    gen_planted_at(g, i, ret);
    if (strcmp(ret->name, name) == 0) return i;
  }
  return SIZE_MAX;
}

/* A group works on its orders and rests between them: with 80 s of work and 120 s of rest on
 * average, far from all ten-second steps hold packets of it, though there are thousands. */
static void groups_keep_together(void **state)
{
  (void)state;
  static uint8_t busy[8 * 360];
  struct gen *g = open_trial("groups", 3, 0, false);
  struct gen_planted p;
  struct gen_frame f;
  size_t i = planted(g, "group-250", &p);
  while (gen_next(g, &f) == PRAC_OK) {
    uint64_t before = p.packets;
    gen_planted_at(g, i, &p);
    if (p.packets > before) busy[(f.at - gen_span(g).from) / (10 * PRAC_SEC)] = 1;
  }
  unsigned steps = 0, all = (unsigned)((p.last - p.first) / (10 * PRAC_SEC));
  for (size_t k = 0; k < sizeof busy; k++) steps += busy[k];
  assert_true(p.event && p.proto == 6 && p.n_ports == 1 && p.hosts == 250);
  assert_true(p.packets > 5000);
  assert_in_range(steps, all / 5, all * 3 / 5);
  uint32_t at = 0, n = 0;
  struct prac_ip ip;
  while (gen_planted_host(g, i, &at, &ip)) n += gen_country_of(&ip) != 0;
  assert_int_equal(n, 250);
  gen_free(&g);
}

/* What is there every day comes at the rate asked for; scanners are those of the world, their
 * packets those of the seed; no event is among it. */
static void days_of_one_world(void **state)
{
  (void)state;
  struct gen *a = open_trial("groups", 3, 9, true), *b = open_trial("groups", 4, 9, true);
  struct gen_frame f;
  struct prac_ip x, y;
  uint64_t n = 0, m = 0;
  while (gen_next(a, &f) == PRAC_OK) n++;
  while (gen_next(b, &f) == PRAC_OK) m++;
  assert_in_range(n, 8 * 36000 * 8 / 10, 8 * 36000 * 12 / 10);
  assert_int_not_equal(n, m);
  for (size_t i = 0; i < 12; i++) {
    assert_true(gen_survey_at(a, i, &x) && gen_survey_at(b, i, &y));
    assert_memory_equal(&x, &y, sizeof x);
  }
  for (size_t i = 0; i < gen_planted_count(a); i++) {
    struct gen_planted p;
    gen_planted_at(a, i, &p);
    assert_false(p.event);
  }
  gen_free(&a);
  gen_free(&b);
}

static void wrong_requests_are_refused(void **state)
{
  (void)state;
  struct gen_conf c = {.scenario = "nosuch", .start = PRAC_TIME_NONE};
  struct gen *g = NULL;
  struct prac_err e;
  assert_int_equal(gen_new(&c, &g, &e), PRAC_UNKNOWN);
  assert_string_equal(e.text, "no scenario \"nosuch\"");
  c.scenario = "demo";
  c.sensors = GEN_SENSORS_MAX + 1;
  assert_int_equal(gen_new(&c, &g, &e), PRAC_RANGE);
  c.sensors = 1;
  c.length_ns = PRAC_SEC;
  assert_int_equal(gen_new(&c, &g, &e), PRAC_RANGE);
  assert_null(g);
}

static void survey_scanners_are_listed(void **state)
{
  (void)state;
  struct gen *g = open_gen("demo", 0, 0);
  struct prac_ip ip, other;
  size_t n = 0;
  while (gen_survey_at(g, n, &ip)) n++;
  assert_int_equal(n, 8);
  assert_true(gen_survey_at(g, 0, &ip) && gen_survey_at(g, 1, &other) && !prac_ip_eq(&ip, &other));
  gen_free(&g);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(gaps_are_exponential),
      cmocka_unit_test(sources_are_where_they_should_be),
      cmocka_unit_test(every_frame_decodes),
      cmocka_unit_test(truth_counts_what_was_given),
      cmocka_unit_test(groups_keep_together),
      cmocka_unit_test(days_of_one_world),
      cmocka_unit_test(wrong_requests_are_refused),
      cmocka_unit_test(survey_scanners_are_listed),
  };
  return cmocka_run_group_tests_name("gen", t, NULL, NULL);
}
