/* Sensors compared: onsets in made series, senders against brute force, a sample against the truth,
 * and what is abroad and not at home. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "base/rng.h"
#include "lib/t.h"
#include "view/compare.h"

#define T0 INT64_C(1420070400000000000) /* 2015-01-01 */
enum { N = 400 };

/* ---- onset ---- */
static uint32_t poisson(struct prac_rng *r, double mean)
{
  double p = exp(-mean), u = (double)prac_rng_below(r, 1u << 30) / (1u << 30);
  uint32_t k = 0;
  for (double sum = p; u > sum && k < 1000; sum += p) p *= mean / ++k;
  return k;
}

static uint32_t onset(const uint32_t *v, uint32_t n, uint32_t before)
{
  static uint32_t work[2 * N];
  uint32_t at = 12345;
  compare_onset(v, n, before, work, &at);
  return at;
}

static void onsets(void **state)
{
  (void)state;
  static const double usual[] = {0, 0.2, 2, 10};
  struct prac_rng rng = prac_rng_of(3);
  uint32_t v[N];
  for (size_t u = 0; u < PRAC_ARRAY_LEN(usual); u++)
    for (int round = 0; round < 100; round++) {
      for (uint32_t i = 0; i < N; i++) v[i] = poisson(&rng, usual[u]);
      if (onset(v, N, 180) != N) fail_msg("usual %g: a rise where there is none", usual[u]);
      uint32_t at = 190 + (uint32_t)prac_rng_below(&rng, 150);
      for (uint32_t i = at; i < N && i < at + 40; i++) v[i] += poisson(&rng, 10 + 3 * usual[u]);
      uint32_t found = onset(v, N, 180);
      if (found + 3 < at || found > at + 3) fail_msg("usual %g: %u for %u", usual[u], found, at);
    }
}

static void odd_series(void **state)
{
  (void)state;
  uint32_t v[N] = {0};
  assert_int_equal(onset(v, N, 180), N);
  assert_int_equal(onset(v, 1, 0), 1);
  for (uint32_t i = 0; i < N; i++) v[i] = 1 << 20;
  assert_int_equal(onset(v, N, 180), N); /* much, but always */
  memset(v, 0, sizeof v);
  v[0] = 50; /* in the first minute of what is kept */
  assert_int_equal(onset(v, N, 0), 0);
  v[0] = 0;
  v[N - 1] = 50;
  assert_int_equal(onset(v, N, 180), N - 1);
  assert_int_equal(onset(v + N - 1, 1, 0), 1); /* nothing to compare with: no rise */
}

/* ---- stores ---- */
static struct store make(void)
{
  struct store s = {0};
  struct prac_err err = {0};
  const struct store_env env = {.nthreads = 1};
  if (store_open("ram", NULL, &env, &s, &err) != PRAC_OK) fail_msg("%s", err.text);
  return s;
}

static void put(struct store *s, const char *sensor, int64_t minute, const struct flow_row *rows,
                uint32_t n)
{
  struct flow_batch *b = NULL;
  struct prac_err err = {0};
  assert_int_equal(flow_batch_new(sensor, T0 + minute * PRAC_MIN, rows, n, &b), PRAC_OK);
  struct store_tx tx = {.batches = &b, .n_batches = 1};
  if (s->ops->append(s->st, &tx, &err) != PRAC_OK) fail_msg("%s", err.text);
  flow_batch_unref(&b);
}

static struct flow_row row(uint32_t host, uint16_t port)
{
  struct flow_row r = {.src = prac_ip4(host), .dst = prac_ip4(0xc6120001u), .proto = 6};
  r.dport = port;
  r.packets = 1;
  r.bytes = 40;
  r.country = host & 1 ? 'C' << 8 | 'N' : 'U' << 8 | 'S';
  return r;
}

static bool behind_gate;
static struct compare look_at(struct store *s, const char *home, struct prac_arena *a)
{
  static const struct compare_place places[] = {{"osaka", "JP"}, {"paris", "FR"}, {"tokyo", "JP"}};
  static const struct access_scope all = {.all = true, .clearance = ACCESS_RED};
  struct compare c;
  struct prac_err err = {0};
  struct store gated;
  const struct compare_conf k = {
      .span = {PRAC_TIME_NONE, PRAC_TIME_NONE}, .home = home, .places = places, .n_places = 3};
  assert_int_equal(access_gate_open(s, &all, NULL, &gated, &err), PRAC_OK);
  if (compare_look(behind_gate ? &gated : s, &k, a, &c, &err) != PRAC_OK) fail_msg("%s", err.text);
  store_close(&gated);
  return c;
}

/* Hosts from..upto at a sensor, in one minute. */
static void hosts(struct store *s, const char *sensor, int64_t minute, uint32_t from, uint32_t upto,
                  uint16_t port)
{
  struct flow_row *v = calloc(upto - from, sizeof *v);
  assert_non_null(v);
  for (uint32_t i = from; i < upto; i++) v[i - from] = row(0x0a000000u + i, port);
  put(s, sensor, minute, v, upto - from);
  free(v);
}

static void senders(void **state)
{
  (void)state;
  struct prac_arena *a = prac_arena_new(4096);
  struct store s = make();
  hosts(&s, "tokyo", 1, 0, 600, 23);
  hosts(&s, "tokyo", 2, 0, 600, 80); /* again: counted once */
  hosts(&s, "paris", 1, 400, 1000, 23);
  hosts(&s, "osaka", 1, 2000, 2001, 23);
  struct compare c = look_at(&s, "", a);
  assert_int_equal(c.n_sensors, 3);
  assert_string_equal(c.sensors[0].name, "osaka");
  assert_string_equal(c.sensors[0].country, "JP");
  assert_int_equal(c.sensors[2].sources, 600);
  assert_int_equal(c.sensors[2].packets, 1200);
  assert_int_equal(c.n_home, 0);
  assert_int_equal(c.sampled, 1);
  const struct compare_pair *p = &c.pairs[2]; /* paris, tokyo */
  assert_true(p->a == 1 && p->b == 2);
  assert_int_equal(p->shared, 200);
  assert_int_equal(p->either, 1000);
  assert_true(fabs(p->jaccard - 0.2) < 1e-12 && p->error == 0);
  assert_int_equal(p->n_countries, 2);
  assert_int_equal(p->country[0].either, 500);
  assert_int_equal(p->country[0].shared, 100);
  assert_int_equal(c.pairs[0].shared, 0);
  assert_int_equal(c.n_stories, 0);
  store_close(&s);
  prac_arena_free(&a);
}

/* Beyond COMPARE_SAMPLE: within four standard errors, and the same in another order. */
static void sampled(void **state)
{
  (void)state;
  enum { HOSTS = 200000 };
  struct prac_arena *a = prac_arena_new(4096);
  struct compare c[2];
  for (int k = 0; k < 2; k++) {
    struct store s = make();
    for (uint32_t i = 0; i < 4; i++) {
      uint32_t part = k ? 3 - i : i;
      hosts(&s, "tokyo", part, part * HOSTS / 4, (part + 1) * HOSTS / 4, 23);
      hosts(&s, "paris", part, part * HOSTS / 4 + HOSTS / 2, (part + 1) * HOSTS / 4 + HOSTS / 2,
            23);
    }
    c[k] = look_at(&s, "", a);
    store_close(&s);
  }
  const struct compare_pair *p = c[0].pairs, *q = c[1].pairs;
  assert_true(c[0].sampled >= 8 && c[0].sampled <= 16);
  assert_true(p->error > 0 && p->error < 0.01);
  assert_true(fabs(p->jaccard - 1.0 / 3) < 4 * p->error);
  assert_true(fabs((double)p->either - 1.5 * HOSTS) < 0.03 * HOSTS);
  assert_true(p->jaccard == q->jaccard && p->shared == q->shared && p->either == q->either);
  assert_int_equal(c[0].sampled, c[1].sampled);
  prac_arena_free(&a);
}

static void say(struct store *s, const char *id, const char *key, const char *flows, int64_t from,
                int64_t to)
{
  struct prac_err err = {0};
  struct finding f = {.id = id, .key = key, .kind = "k", .state = "on", .level = 3};
  f.from = T0 + from * PRAC_MIN;
  f.to = f.at = T0 + to * PRAC_MIN;
  f.flows = flows;
  f.host_count = 100;
  const struct store_rec r = {&model_finding, &f};
  struct store_tx tx = {.recs = &r, .n_recs = 1};
  if (s->ops->append(s->st, &tx, &err) != PRAC_OK) fail_msg("%s", err.text);
}

/* Two waves: one abroad first, one abroad only; and a port that is as usual. */
static void abroad(void **state)
{
  (void)state;
  struct prac_arena *a = prac_arena_new(4096);
  struct store s = make();
  for (int64_t m = 0; m < 1440; m += 10) {
    hosts(&s, "tokyo", m, 0, 20, 80);
    hosts(&s, "paris", m, 0, 20, 80);
    hosts(&s, "osaka", m, 0, 20, 80);
  }
  for (int64_t m = 800; m < 860; m++) hosts(&s, "paris", m + 5, 100, 150, 1111);
  for (int64_t m = 830; m < 860; m++) hosts(&s, "tokyo", m + 5, 100, 150, 1111);
  for (int64_t m = 1300; m < 1400; m++) hosts(&s, "paris", m, 200, 260, 2222);
  say(&s, "f1", "port:1111/tcp", "port=1111/tcp", 800, 860);
  say(&s, "f2", "port:2222/tcp", "port=2222/tcp", 1290, 1400);
  say(&s, "f3", "port:80/tcp", "port=80/tcp", 300, 400);
  struct compare c = look_at(&s, "JP", a);
  assert_int_equal(c.n_home, 2);
  assert_int_equal(c.n_stories, 3);
  const struct compare_story *t = &c.stories[1]; /* the latest first */
  assert_string_equal(t->key, "port:1111/tcp");
  assert_true(t->onset[1] == T0 + 805 * PRAC_MIN && t->onset[2] == T0 + 835 * PRAC_MIN);
  assert_true(t->onset[0] == PRAC_TIME_NONE && t->at_first == 1 && !t->abroad);
  assert_true(c.stories[0].abroad && c.stories[0].seen == 1);
  assert_int_equal(c.stories[2].seen, 0);
  assert_int_equal(c.sensors[1].stories, 2);
  assert_int_equal(c.sensors[1].first, 2);
  const struct compare_pair *p = &c.pairs[2];
  assert_int_equal(p->stories, 1);
  assert_int_equal(p->a_first, 1);
  assert_true(p->lag_ns == 30 * PRAC_MIN && p->lag_lo_ns == p->lag_ns);
  assert_int_equal(c.n_ports, 1);
  assert_string_equal(c.ports[0].port, "2222/tcp");
  assert_int_equal(c.ports[0].now, 60);
  assert_int_equal(c.ports[0].sensors, 1);
  assert_true(c.baseline);
  c = look_at(&s, "paris", a); /* seen from there: nothing is abroad only */
  assert_int_equal(c.n_home, 1);
  assert_int_equal(c.n_ports, 0);
  assert_false(c.stories[0].abroad);
  struct prac_err err = {0};
  const struct compare_conf k = {.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}, .home = "DE"};
  assert_int_equal(compare_look(&s, &k, a, &c, &err), PRAC_UNKNOWN);
  assert_non_null(strstr(err.text, "\"DE\""));
  store_close(&s);
  prac_arena_free(&a);
}

static void nobody(void **state)
{
  (void)state;
  struct prac_arena *a = prac_arena_new(4096);
  struct store s = make();
  struct compare c;
  struct prac_err err = {0};
  const struct compare_conf k = {.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  assert_int_equal(compare_look(&s, &k, a, &c, &err), PRAC_UNKNOWN);
  hosts(&s, "tokyo", 0, 0, 1, 23);
  c = look_at(&s, "tokyo", a); /* one alone */
  assert_int_equal(c.n_pairs, 0);
  assert_int_equal(c.n_ports, 0);
  store_close(&s);
  prac_arena_free(&a);
}

/* Once more, through the gate of a reader of the whole world. */
static void for_the_world(void **state)
{
  (void)state;
  behind_gate = true;
}

#define LOOKS cmocka_unit_test(senders), cmocka_unit_test(sampled), cmocka_unit_test(abroad)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(onsets), cmocka_unit_test(odd_series),    LOOKS,
      cmocka_unit_test(nobody), cmocka_unit_test(for_the_world), LOOKS};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
