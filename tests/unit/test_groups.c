/* Claims of sensors joined: who speaks, how many hosts, in any order; stories that go on, end, have
 * no room; restart, and bytes that are no state. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "engine/core_int.h"
#include "engine/groups.h"

enum { SLOT = 600, MANY = 256 };
static const uint32_t telnet = 6u << 16 | 23, router = 6u << 16 | 52869, dns = 17u << 16 | 53;

static prac_rc words(const void *conf, const struct eng_group *g, struct prac_arena *a,
                     char text[ENG_GROUPS_TEXT], struct model_facts *facts, struct finding *f)
{
  (void)facts;
  (void)a;
  (void)conf;
  (void)snprintf(text, ENG_GROUPS_TEXT, "%s of %zu", (const char *)g->best->own, g->n);
  f->score = g->best->strength;
  return PRAC_OK;
}
static const struct eng_voice usual = {.unit = "hosts",
                                       .quiet_ns = 2 * SLOT * PRAC_SEC,
                                       .high_hosts = 100,
                                       .high_sensors = 3,
                                       .survey = true,
                                       .words = words};

struct run {
  struct eng_run engine;
  struct eng_ops ops;
  struct eng_groups g;
  struct eng_claims c;
  struct prac_arena *scratch;
  prac_time now;
};

static void start(struct run *r, uint32_t max)
{
  *r = (struct run){.ops = {.name = "none", .version = "1"}, .scratch = prac_arena_new(1 << 16)};
  r->engine.ops = &r->ops;
  r->engine.part = "";
  r->engine.env.scratch = r->scratch;
  r->engine.out = (struct eng_out){.mem = prac_arena_new(1 << 16), .run = &r->engine};
  assert_int_equal(eng_groups_init(&r->g, max), PRAC_OK);
}
static void done(struct run *r)
{
  eng_groups_done(&r->g);
  prac_arena_free(&r->scratch);
  prac_arena_free(&r->engine.out.mem);
  free(r->engine.out.v);
}

/* Hosts 10.0.0.first and on, `n` of them named of `sources`. */
static void claim(struct run *r, const char *sensor, uint32_t port, enum eng_port_level level,
                  double strength, uint32_t first, uint32_t n, uint32_t sources)
{
  struct prac_ip ips[MANY];
  char own[16];
  for (uint32_t i = 0; i < n; i++) ips[i] = prac_ip4(0x0a000000 + first + i);
  (void)snprintf(own, sizeof own, "word %s", sensor);
  struct eng_claim x = {.sensor = sensor,
                        .port = port,
                        .level = level,
                        .strength = strength,
                        .from = r->now + PRAC_MIN,
                        .to = r->now + 2 * PRAC_MIN,
                        .who = {.ips = ips, .n = n, .sources = sources, .packets = 10},
                        .own = own};
  assert_int_equal(eng_claims_add(&r->c, &x, sizeof own, r->scratch), PRAC_OK);
}

static const struct finding *slot(struct run *r, const struct eng_voice *voice, size_t expect)
{
  eng_out_reset(&r->engine.out);
  r->now += SLOT * PRAC_SEC;
  r->engine.out.slot = (struct prac_span){r->now - SLOT * PRAC_SEC, r->now};
  assert_int_equal(eng_groups_say(&r->g, &r->c, voice, r->now, &r->engine.env, &r->engine.out),
                   PRAC_OK);
  r->c = (struct eng_claims){0};
  prac_arena_reset(r->scratch);
  assert_int_equal(r->engine.out.n, expect);
  return r->engine.out.v;
}

/* ---- joining ---- */

static void sensors_are_joined_by_port(void **s)
{
  (void)s;
  struct run r;
  start(&r, 16);
  claim(&r, "tokyo", router, ENG_PORT_SURVEY, 99, 0, 4, 4);
  claim(&r, "lima", router, ENG_PORT_ATTACK, 3, 2, 4, 4);
  claim(&r, "oslo", router, ENG_PORT_ATTACK, 5, 2, 4, 4);
  claim(&r, "oslo", dns, ENG_PORT_SURVEY, 1, 0, 2, 2);
  const struct finding *f = slot(&r, &usual, 2);
  assert_string_equal(f[0].key, "group:52869/tcp");
  assert_string_equal(f[0].kind, "sync-group");
  assert_string_equal(f[0].text, "word oslo of 3");
  assert_int_equal(f[0].level, 4); /* three sensors */
  assert_int_equal(f[0].host_count, 6);
  assert_int_equal(f[0].packets, 30);
  assert_int_equal(f[0].sensors.n, 3);
  assert_string_equal(f[0].sensors.v[0], "lima");
  /* first of lima = first of oslo, first of tokyo, second of lima ... */
  static const uint32_t order[] = {2, 0, 3, 1, 4, 5};
  assert_int_equal(f[0].hosts.n, 6);
  for (size_t i = 0; i < 6; i++) {
    const struct prac_ip ip = prac_ip4(0x0a000000 + order[i]);
    assert_true(prac_ip_eq(&f[0].hosts.v[i], &ip));
  }
  assert_string_equal(f[1].key, "group:53/udp");
  assert_string_equal(f[1].kind, "sync-survey");
  assert_int_equal(f[1].level, 1);
  done(&r);
}

/* More than a finding names: each host counts once, however many sensors name it. */
static void hosts_are_counted_once(void **s)
{
  (void)s;
  struct run r;
  start(&r, 16);
  claim(&r, "a", router, ENG_PORT_ATTACK, 9, 0, 256, 256);
  claim(&r, "b", router, ENG_PORT_ATTACK, 1, 128, 256, 256);
  claim(&r, "c", router, ENG_PORT_ATTACK, 1, 128, 256, 256);
  const struct finding *f = slot(&r, &usual, 1);
  assert_int_equal(f->host_count, 384);
  assert_int_equal(f->hosts.n, 256);
  claim(&r, "a", router, ENG_PORT_ATTACK, 9, 0, 10, 1000); /* at least what one has seen */
  assert_int_equal(slot(&r, &usual, 1)->host_count, 1000);
  done(&r);
}

static void order_of_claims_says_nothing(void **s)
{
  (void)s;
  struct prac_rng rng = prac_rng_of(5);
  for (int round = 0; round < 50; round++) {
    struct run r[2];
    struct {
      char sensor[4];
      uint32_t port, first;
      enum eng_port_level level;
    } v[12];
    for (uint32_t i = 0; i < 12; i++) {
      (void)snprintf(v[i].sensor, sizeof v[i].sensor, "s%u", i / 3);
      v[i].port = i % 3 == 0 ? telnet : i % 3 == 1 ? router : dns;
      v[i].first = (uint32_t)prac_rng_below(&rng, 300);
      v[i].level = (enum eng_port_level)(1 + prac_rng_below(&rng, 4));
    }
    for (int k = 0; k < 2; k++) {
      start(&r[k], 16);
      for (uint32_t i = 0; i < 12; i++)
        claim(&r[k], v[i].sensor, v[i].port, v[i].level, v[i].first, v[i].first, 200, 200);
      for (uint32_t i = 11; i > 0; i--) {
        size_t with = prac_rng_below(&rng, i + 1);
        struct eng_claim keep = r[k].c.v[i];
        r[k].c.v[i] = r[k].c.v[with];
        r[k].c.v[with] = keep;
      }
    }
    const struct eng_voice voice = {.quiet_ns = 1, .weak = true, .survey = true, .words = words};
    const struct finding *a = slot(&r[0], &voice, 3), *b = slot(&r[1], &voice, 3);
    for (size_t i = 0; i < 3; i++) {
      assert_string_equal(a[i].text, b[i].text);
      assert_string_equal(a[i].kind, b[i].kind);
      assert_int_equal(a[i].host_count, b[i].host_count);
      assert_int_equal(a[i].hosts.n, b[i].hosts.n);
      assert_memory_equal(a[i].hosts.v, b[i].hosts.v, a[i].hosts.n * sizeof *a[i].hosts.v);
    }
    done(&r[0]);
    done(&r[1]);
  }
}

static void what_is_not_wanted_is_not_said(void **s)
{
  (void)s;
  struct run r;
  struct eng_voice voice = usual;
  start(&r, 16);
  voice.survey = false;
  claim(&r, "a", telnet, ENG_PORT_WEAK, 1, 0, 3, 3);
  claim(&r, "a", router, ENG_PORT_SURVEY, 1, 0, 3, 3);
  claim(&r, "a", dns, ENG_PORT_POINT, 1, 0, 3, 3);
  assert_string_equal(slot(&r, &voice, 1)->kind, "sync-point");
  assert_int_equal(r.g.n, 1);
  done(&r);
}

/* ---- stories ---- */

static void a_story_ends_after_quiet_slots(void **s)
{
  (void)s;
  struct run r;
  start(&r, 16);
  claim(&r, "a", router, ENG_PORT_ATTACK, 9, 0, 30, 30);
  prac_time first = r.now + PRAC_MIN;
  (void)slot(&r, &usual, 1);
  (void)slot(&r, &usual, 0);
  claim(&r, "a", router, ENG_PORT_ATTACK, 9, 0, 20, 20);
  prac_time last = r.now + 2 * PRAC_MIN;
  const struct finding *f = slot(&r, &usual, 1);
  assert_true(f->from == first && f->to == last && f->host_count == 20);
  (void)slot(&r, &usual, 0);
  f = slot(&r, &usual, 1);
  assert_string_equal(f->state, "off");
  assert_true(f->from == first && f->to == last && f->host_count == 30);
  assert_int_equal(r.g.n, 0);
  (void)slot(&r, &usual, 0);
  done(&r);
}

static void without_room_it_is_counted(void **s)
{
  (void)s;
  struct run r;
  start(&r, 2);
  claim(&r, "a", dns, ENG_PORT_ATTACK, 9, 0, 30, 30);
  claim(&r, "a", router, ENG_PORT_ATTACK, 9, 0, 30, 30);
  (void)slot(&r, &usual, 2);
  claim(&r, "a", dns, ENG_PORT_ATTACK, 9, 0, 30, 30);
  claim(&r, "a", telnet, ENG_PORT_ATTACK, 9, 0, 30, 30);
  (void)slot(&r, &usual, 1);
  assert_int_equal(r.g.refused, 1);
  done(&r);
}

/* ---- restart ---- */

static void a_state_is_what_was_saved(void **s)
{
  (void)s;
  struct run r;
  uint8_t bytes[256], again[256];
  start(&r, 4);
  claim(&r, "a", dns, ENG_PORT_SURVEY, 9, 0, 30, 30);
  claim(&r, "a", telnet, ENG_PORT_ATTACK, 9, 0, 30, 30);
  (void)slot(&r, &usual, 2);
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  eng_groups_save(&r.g, &w);
  size_t n = prac_wr_len(&w);
  struct eng_groups to;
  assert_int_equal(eng_groups_init(&to, 4), PRAC_OK);
  struct prac_rd rd = prac_rd_of(bytes, n);
  assert_int_equal(eng_groups_load(&to, &rd), PRAC_OK);
  w = prac_wr_of(again, sizeof again);
  eng_groups_save(&to, &w);
  assert_int_equal(prac_wr_len(&w), n);
  assert_memory_equal(bytes, again, n);
  for (size_t cut = 0; cut < n; cut++) {
    rd = prac_rd_of(bytes, cut);
    assert_int_equal(eng_groups_load(&to, &rd), PRAC_DAMAGED);
  }
  to.max = 1; /* more stories than there is room for */
  rd = prac_rd_of(bytes, n);
  assert_int_equal(eng_groups_load(&to, &rd), PRAC_DAMAGED);
  to.max = 4;
  bytes[4 + 2] = 1; /* the protocol of the first: ICMP */
  rd = prac_rd_of(bytes, n);
  assert_int_equal(eng_groups_load(&to, &rd), PRAC_DAMAGED);
  eng_groups_done(&to);
  done(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sensors_are_joined_by_port),
      cmocka_unit_test(hosts_are_counted_once),
      cmocka_unit_test(order_of_claims_says_nothing),
      cmocka_unit_test(what_is_not_wanted_is_not_said),
      cmocka_unit_test(a_story_ends_after_quiet_slots),
      cmocka_unit_test(without_room_it_is_counted),
      cmocka_unit_test(a_state_is_what_was_saved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
