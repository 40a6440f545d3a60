/* One subject seen closely: a planted group among noise, held against what was planted and against
 * slow ways to the same numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "base/rng.h"
#include "lib/t.h"
#include "view/view_int.h"

#define T0 INT64_C(1420070400000000000) /* 2015-01-01 */
enum { GROUP = 20, NOISE = 12, MINUTES = 120 };

static struct store s, inner; /* inner: behind a gate */
static struct access_scope scope;
static const char *reader; /* the gate's scope; NULL: no gate */
static struct prac_arena *arena;

static struct prac_ip host(uint32_t i)
{
  return prac_ip4(0xcb007100u + i);
}

static bool order_at(uint32_t minute) /* the group moves in these */
{
  return minute >= 40 && minute < 80 && minute % 5 == 0;
}

static struct flow_row row_of(uint32_t i, uint32_t minute, uint16_t port)
{
  struct flow_row r = {.src = host(i), .dst = prac_ip4(0xc6120000u + i % 7), .proto = 6};
  r.first_ms = (uint16_t)(i * 100);
  r.dport = port;
  r.sport = (uint16_t)(1000 + minute);
  r.packets = 1 + i % 3;
  r.bytes = r.packets * 40;
  r.country = i < GROUP ? 'C' << 8 | 'N' : 'U' << 8 | 'S';
  r.asn = 64500 + i % 2;
  r.marks = i < GROUP ? FLOW_MIRAI | FLOW_IRREGULAR : 0;
  r.tool = i < GROUP ? FLOW_TOOL_MIRAI : FLOW_TOOL_NONE;
  r.survey = i == GROUP ? 1 : 0;
  return r;
}

static void append(struct flow_batch *b, const struct finding *f)
{
  struct prac_err err = {0};
  const struct store_rec rec = {&model_finding, f};
  struct store_tx tx = {.batches = &b, .n_batches = b != NULL, .recs = &rec, .n_recs = f != NULL};
  if (s.ops->append(s.st, &tx, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static void plant_flows(void)
{
  static const char *const lists[] = {"made 2015-01-01"};
  struct prac_rng rng = prac_rng_of(5);
  for (uint32_t m = 0; m < MINUTES; m++) {
    struct flow_row rows[GROUP + NOISE + 1];
    struct flow_batch *b = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < GROUP && order_at(m); i++) rows[n++] = row_of(i, m, 52869);
    for (uint32_t i = GROUP; i < GROUP + NOISE; i++)
      if (prac_rng_below(&rng, 4) == 0) rows[n++] = row_of(i, m, 52869);
    rows[n++] = row_of(0, m, 23); /* the first of the group does something else, always */
    const char *sensor = m < 60 ? "tokyo" : "paris";
    assert_int_equal(flow_batch_new(sensor, T0 + m * PRAC_MIN, rows, n, &b), PRAC_OK);
    assert_int_equal(flow_batch_describe(b, "", (struct model_strs){lists, 1}), PRAC_OK);
    append(b, NULL);
    flow_batch_unref(&b);
  }
}

static void say(const char *id, const char *key, uint32_t first, uint32_t n, const char *flows)
{
  struct prac_ip hosts[GROUP + NOISE];
  static const struct model_port port[] = {{52869, 6}};
  for (uint32_t i = 0; i < n; i++) hosts[i] = host(first + i);
  struct finding f = {.id = id, .key = key, .kind = "sync-group", .state = "on", .level = 3};
  f.at = T0 + 90 * PRAC_MIN;
  f.from = T0 + 40 * PRAC_MIN;
  f.to = T0 + 80 * PRAC_MIN;
  f.hosts = (struct model_ips){hosts, n};
  f.host_count = n;
  f.ports = (struct model_ports){port, 1};
  f.flows = flows;
  append(NULL, &f);
}

static int setup(void **state)
{
  (void)state;
  struct prac_err err = {0};
  const struct store_env env = {.nthreads = 1};
  arena = prac_arena_new(4096);
  if (!arena || store_open("ram", NULL, &env, &s, &err) != PRAC_OK) return 1;
  plant_flows();
  say("f1", "group:52869/tcp", 0, GROUP, "port=52869/tcp from=2015-01-01T00:40:00Z");
  say("f2", "port:1/tcp", 10, 15, "port=52869/tcp");
  say("f3", "port:2/tcp", GROUP + 1, 5, "port=52869/tcp");
  struct finding old = {.id = "f0", .key = "port:3/tcp", .kind = "k", .state = "on", .level = 1};
  old.at = old.to = T0 - 20 * PRAC_DAY;
  old.from = old.to - PRAC_HOUR;
  old.flows = "port=52869/tcp";
  append(NULL, &old);
  struct prac_ip net[2] = {prac_ip4(0xcb007100), prac_ip4(0xc0000200)};
  struct finding nets = {.id = "f4", .key = "group:23/tcp", .kind = "k", .state = "on", .level = 1};
  nets.at = T0;
  nets.from = T0;
  nets.to = T0 + PRAC_HOUR;
  nets.hosts = (struct model_ips){net, 2};
  nets.host_count = 2;
  nets.flows = "port=23/tcp";
  append(NULL, &nets);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  store_close(&s);
  store_close(&inner);
  prac_arena_free(&arena);
  return 0;
}

static struct view look_at(const char *what, struct view_subject *u, struct prac_span span)
{
  struct view v;
  struct prac_err err = {0};
  const struct view_conf c = {.span = span, .targets = true};
  if (view_subject_find(&s, what, arena, u, &err) != PRAC_OK) fail_msg("%s: %s", what, err.text);
  if (view_look(&s, u, &c, arena, &v, &err) != PRAC_OK) fail_msg("%s: %s", what, err.text);
  return v;
}
static const struct prac_span any = {PRAC_TIME_NONE, PRAC_TIME_NONE};

static uint64_t packets_of(uint32_t from, uint32_t upto) /* of the group in minutes */
{
  uint64_t n = 0;
  for (uint32_t m = from; m < upto; m++)
    for (uint32_t i = 0; i < GROUP && order_at(m); i++) n += 1 + i % 3;
  return n;
}

static void a_group(void **state)
{
  (void)state;
  struct view_subject u;
  struct view v = look_at("f1", &u, any);
  assert_int_equal(u.about, VIEW_FINDING);
  assert_int_equal(u.filter.n_srcs, GROUP); /* it names all of its hosts */
  assert_true(v.span.from == T0 + 10 * PRAC_MIN && v.span.to == T0 + 110 * PRAC_MIN);
  assert_int_equal(v.flows, VIEW_FLOWS_KEPT);
  assert_int_equal(v.packets, packets_of(0, MINUTES));
  assert_int_equal(v.hosts, GROUP);
  assert_true(v.first == T0 + 40 * PRAC_MIN && v.last >= T0 + 75 * PRAC_MIN);
  assert_int_equal(v.minutes.n, 8);
  for (size_t i = 0; i < v.minutes.n; i++) {
    assert_true(v.minutes.v[i].at == T0 + (40 + 5 * (int64_t)i) * PRAC_MIN);
    assert_int_equal(v.minutes.v[i].hosts, GROUP);
  }
  assert_int_equal(v.n_lines, GROUP);
  for (size_t i = 0; i < v.n_lines; i++) {
    assert_int_equal(v.lines[i].active, 8);
    assert_true(fabs(v.lines[i].sync - 1) < 1e-12); /* all alike */
    assert_string_equal(v.lines[i].country, "CN");
  }
  assert_int_equal(v.groups[VIEW_SENSORS].n, 2);
  const struct view_group *g = v.groups[VIEW_SENSORS].v;
  if (strcmp(g->name, "tokyo") != 0) g++;
  assert_string_equal(g->name, "tokyo");
  assert_true(g->first == T0 + 40 * PRAC_MIN);
  assert_int_equal(g->packets, packets_of(0, 60));
  assert_string_equal(v.groups[VIEW_TOOLS].v[0].name, "mirai");
  assert_int_equal(v.groups[VIEW_MARKS].n, 2);
  assert_int_equal(v.groups[VIEW_MARKS].v[0].packets, v.packets);
  assert_int_equal(v.groups[VIEW_SURVEYS].n, 0);
  assert_int_equal(v.groups[VIEW_TARGETS].n, 0);
}

static void its_kin(void **state)
{
  (void)state;
  struct view_subject u;
  struct view v = look_at("group:52869/tcp", &u, any);
  assert_int_equal(v.sharing.n, 2); /* f2 by ten hosts, f4 by an address that is a network's */
  assert_string_equal(v.sharing.v[0].id, "f2");
  assert_int_equal(v.sharing.v[0].shared, 10);
  assert_true(fabs(v.sharing.v[0].jaccard - 10.0 / 25) < 1e-12);
  assert_false(v.sharing.cut);
}

static void a_port(void **state)
{
  (void)state;
  struct view_subject u;
  struct view v = look_at("52869/tcp", &u, any);
  assert_int_equal(u.about, VIEW_PORT);
  assert_int_equal(v.hosts, GROUP + NOISE);
  assert_int_equal(v.n_lines, GROUP + NOISE);
  for (size_t i = 0; i < GROUP; i++) /* the group moves as one; noise comes behind it */
    assert_string_equal(v.lines[i].country, "CN");
  assert_int_equal(v.days.n, 1);
  assert_int_equal(v.days.v[0].packets, v.packets);
  assert_int_equal(v.groups[VIEW_SURVEYS].n, 1);
  assert_string_equal(v.groups[VIEW_SURVEYS].v[0].name, "made 2015-01-01");
  assert_int_equal(v.naming.n, 3);
}

static void a_host(void **state)
{
  (void)state;
  struct view_subject u;
  struct view v = look_at("203.0.113.0", &u, any);
  assert_true(v.micro && u.about == VIEW_HOST);
  assert_int_equal(v.hosts, 1);
  assert_int_equal(v.n_lines, 2);
  assert_string_equal(v.lines[0].name, "23/tcp");
  assert_int_equal(v.lines[0].active, MINUTES);
  assert_string_equal(v.lines[1].name, "52869/tcp");
  assert_int_equal(v.lines[1].active, 8);
  assert_int_equal(v.groups[VIEW_TARGETS].n, reader ? 0 : 1); /* our addresses stay inside */
  assert_int_equal(v.naming.n, 2);
  v = look_at("203.0.113.5", &u, any);
  bool net = false; /* named by its network's address */
  for (size_t i = 0; i < v.naming.n; i++) net = net || strcmp(v.naming.v[i].id, "f4") == 0;
  assert_true(net);
  v = look_at("203.0.113.0/28", &u, any);
  assert_false(v.micro);
  assert_int_equal(v.hosts, 16);
  v = look_at("192.0.2.1", &u, any);
  assert_int_equal(v.packets, 0);
  v = look_at("2001:db8::/32", &u, any);
  assert_int_equal(v.packets, 0);
}

static void time_asked_for(void **state)
{
  (void)state;
  struct view_subject u;
  struct view v = look_at("f1", &u, (struct prac_span){T0 + 40 * PRAC_MIN, T0 + 46 * PRAC_MIN});
  assert_int_equal(v.n_steps, 6);
  assert_int_equal(v.packets, packets_of(40, 46));
  v = look_at("f0", &u, any);
  assert_int_equal(v.flows, VIEW_FLOWS_KEPT); /* nothing was removed: nobody listened yet */
  assert_int_equal(v.packets, 0);
  assert_int_equal(v.days.n, 1); /* roll-ups still know the port */
  v = look_at("f1", &u, (struct prac_span){T0 - PRAC_DAY, T0 + PRAC_HOUR});
  assert_int_equal(v.flows, VIEW_FLOWS_KEPT);
  v = look_at("52869/tcp", &u, (struct prac_span){T0 - 30 * PRAC_DAY, T0 + PRAC_DAY});
  assert_true(v.step_ns == PRAC_HOUR && v.n_steps <= VIEW_STEPS_MAX);
  v = look_at("52869/tcp", &u, (struct prac_span){0, T0 + PRAC_DAY});
  assert_true(v.step_ns == PRAC_DAY && v.n_steps == VIEW_STEPS_MAX);
  assert_int_equal(v.hosts, GROUP + NOISE);
}

static void unknown(void **state)
{
  (void)state;
  struct view_subject u;
  struct prac_err err = {0};
  assert_int_equal(view_subject_find(&s, "f9", arena, &u, &err), PRAC_UNKNOWN);
  assert_non_null(strstr(err.text, "\"f9\""));
  assert_int_equal(view_subject_find(&s, "port:9/tcp", arena, &u, &err), PRAC_UNKNOWN);
}

/* Cosine of x and the sum of the others, the long way. */
static double slow_sync(const struct view_line *l, size_t n, uint32_t steps, size_t i)
{
  double dot = 0, x2 = 0, o2 = 0;
  for (uint32_t k = 0; k < steps; k++) {
    double others = 0, x = l[i].steps[k] > 0;
    for (size_t j = 0; j < n; j++) others += j != i && l[j].steps[k] > 0;
    dot += x * others;
    x2 += x * x;
    o2 += others * others;
  }
  return x2 > 0 && o2 > 0 ? dot / sqrt(x2 * o2) : 0;
}

static void synchrony(void **state)
{
  (void)state;
  enum { N = 9, STEPS = 50 };
  static uint32_t steps[N][STEPS], work[STEPS];
  struct view_line l[N] = {0};
  struct prac_rng rng = prac_rng_of(9);
  for (int round = 0; round < 50; round++) {
    for (size_t i = 0; i < N; i++) {
      l[i].steps = steps[i];
      for (size_t k = 0; k < STEPS; k++) /* the last is silent, densities differ */
        steps[i][k] = i + 1 < N && prac_rng_below(&rng, 10) < i + 1 ? (uint32_t)(1 + k % 3) : 0;
    }
    view_synchrony(l, N, STEPS, work);
    for (size_t i = 0; i < N; i++) {
      assert_true(fabs(l[i].sync - slow_sync(l, N, STEPS, i)) < 1e-9);
      assert_true(l[i].sync >= 0 && l[i].sync <= 1 + 1e-12);
    }
  }
  assert_true(l[N - 1].sync == 0);
  view_synchrony(l, 1, STEPS, work); /* alone: nobody to move with */
  assert_true(l[0].sync == 0);
}

static void networks(void **state)
{
  (void)state;
  struct prac_ip v[2] = {prac_ip4(0x01020000), prac_ip4(0x01030000)};
  struct model_ips h = {v, 2};
  assert_int_equal(view_hosts_bits(&h), 112);
  v[1] = prac_ip4(0x01030400);
  assert_int_equal(view_hosts_bits(&h), 120);
  v[1] = prac_ip4(0x01030405);
  assert_int_equal(view_hosts_bits(&h), 128);
  v[0] = prac_ip_of(UINT64_C(0x20010db800000000), 0);
  assert_int_equal(view_hosts_bits(&h), 128);
  v[1] = prac_ip_of(UINT64_C(0x20010db800010000), 0);
  assert_int_equal(view_hosts_bits(&h), 64);
  h.n = 1;
  assert_int_equal(view_hosts_bits(&h), 128);
}

static void nothing_there(void **state)
{
  (void)state;
  struct store empty = {0};
  struct prac_err err = {0};
  struct view_subject u;
  struct view v;
  const struct store_env env = {.nthreads = 1};
  const struct view_conf c = {.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  assert_int_equal(store_open("ram", NULL, &env, &empty, &err), PRAC_OK);
  assert_int_equal(view_subject_find(&empty, "23/tcp", arena, &u, &err), PRAC_OK);
  assert_int_equal(view_look(&empty, &u, &c, arena, &v, &err), PRAC_OK);
  assert_int_equal(v.flows, VIEW_FLOWS_GONE);
  assert_true(v.kept.from == PRAC_TIME_NONE && v.packets == 0 && v.n_lines == 0);
  store_close(&empty);
}

/* Once more, through a reader's gate: of the whole world, and of all that is stored here. */
static void put_gate(const char *words)
{
  struct prac_err err = {0};
  if (reader)
    store_close(&s);
  else
    inner = s;
  reader = words;
  assert_int_equal(access_scope_parse(words, ACCESS_RED, arena, &scope, &err), PRAC_OK);
  assert_int_equal(access_gate_open(&inner, &scope, NULL, &s, &err), PRAC_OK);
}

static void for_the_world(void **state)
{
  (void)state;
  put_gate("*");
}

static void for_all_stored(void **state)
{
  (void)state;
  put_gate("203.0.113.0/24 192.0.2.0/24 2001:db8::/32");
}

/* Six hours of a port, each with more flows than a fifth of what is looked at: the last four, and
 * what there is room for of the one before. Hours come from roll-ups. */
static void of_many_flows_the_latest(void **state)
{
  enum { HOURS = 6, EACH = 60000 };
  struct store many;
  struct prac_err err = {0};
  struct view_subject u;
  struct view v;
  const struct store_env env = {.nthreads = 1};
  (void)state;
  assert_int_equal(store_open("ram", NULL, &env, &many, &err), PRAC_OK);
  struct flow_row *rows = calloc(EACH, sizeof *rows);
  assert_non_null(rows);
  for (uint32_t i = 0; i < EACH; i++)
    rows[i] = (struct flow_row){
        .src = host(i % 999), .proto = 6, .dport = 7, .packets = 2, .sport = (uint16_t)i};
  for (int h = 0; h < HOURS; h++) {
    struct flow_batch *b = NULL;
    assert_int_equal(flow_batch_new("tokyo", T0 + h * PRAC_HOUR + 55 * PRAC_MIN, rows, EACH, &b),
                     PRAC_OK);
    const struct store_tx tx = {.batches = &b, .n_batches = 1};
    assert_int_equal(many.ops->append(many.st, &tx, &err), PRAC_OK);
    flow_batch_unref(&b);
  }
  free(rows);
  const struct view_conf c = {.span = {T0, T0 + HOURS * PRAC_HOUR}};
  assert_int_equal(view_subject_find(&many, "7/tcp", arena, &u, &err), PRAC_OK);
  assert_int_equal(view_look(&many, &u, &c, arena, &v, &err), PRAC_OK);
  assert_true(v.asked.from == T0 && v.asked.to == T0 + HOURS * PRAC_HOUR);
  int64_t part = (VIEW_FLOWS_MAX - 4 * EACH) * 60 / EACH; /* minutes of the hour before */
  assert_true(v.span.from == T0 + 2 * PRAC_HOUR - part * PRAC_MIN);
  assert_true(v.span.to == T0 + HOURS * PRAC_HOUR);
  assert_int_equal(v.n_steps, 240 + part);
  assert_int_equal(v.hours.n, HOURS);
  for (size_t i = 0; i < HOURS; i++) assert_int_equal(v.hours.v[i].packets, 2 * EACH);
  assert_int_equal(v.packets, (part >= 5 ? 5 : 4) * 2 * EACH);
  const struct view_conf little = {.span = {T0, T0 + 2 * PRAC_HOUR}}; /* few enough: all of it */
  assert_int_equal(view_look(&many, &u, &little, arena, &v, &err), PRAC_OK);
  assert_true(v.span.from == v.asked.from && v.span.to == v.asked.to);
  assert_int_equal(v.hours.n, 0);
  assert_int_equal(v.packets, 2 * 2 * EACH);
  store_close(&many);
}

/* Of an hour that is not over a part of what has been of it. */
static void of_a_busy_hour_the_latest(void **state)
{
  enum { PARTS = 10, EACH = 40000 };
  struct store busy;
  struct prac_err err = {0};
  struct view_subject u;
  struct view v;
  const struct store_env env = {.nthreads = 1};
  (void)state;
  assert_int_equal(store_open("ram", NULL, &env, &busy, &err), PRAC_OK);
  struct flow_row *rows = calloc(EACH, sizeof *rows);
  assert_non_null(rows);
  for (uint32_t i = 0; i < EACH; i++)
    rows[i] = (struct flow_row){
        .src = host(i % 999), .proto = 6, .dport = 7, .packets = 2, .sport = (uint16_t)i};
  for (int m = 0; m < PARTS; m++) {
    struct flow_batch *b = NULL;
    assert_int_equal(flow_batch_new("tokyo", T0 + m * PRAC_MIN, rows, EACH, &b), PRAC_OK);
    const struct store_tx tx = {.batches = &b, .n_batches = 1};
    assert_int_equal(busy.ops->append(busy.st, &tx, &err), PRAC_OK);
    flow_batch_unref(&b);
  }
  free(rows);
  const struct view_conf c = {.span = {T0, T0 + PARTS * PRAC_MIN}};
  assert_int_equal(view_subject_find(&busy, "7/tcp", arena, &u, &err), PRAC_OK);
  assert_int_equal(view_look(&busy, &u, &c, arena, &v, &err), PRAC_OK);
  assert_in_range(v.packets, 2 * EACH, 2 * VIEW_FLOWS_MAX);
  store_close(&busy);
}

#define LOOKS                                                                                      \
  cmocka_unit_test(a_group), cmocka_unit_test(its_kin), cmocka_unit_test(a_port),                  \
      cmocka_unit_test(a_host), cmocka_unit_test(time_asked_for), cmocka_unit_test(unknown)

int main(void)
{
  const struct CMUnitTest tests[] = {LOOKS,
                                     cmocka_unit_test(synchrony),
                                     cmocka_unit_test(networks),
                                     cmocka_unit_test(nothing_there),
                                     cmocka_unit_test(of_many_flows_the_latest),
                                     cmocka_unit_test(of_a_busy_hour_the_latest),
                                     cmocka_unit_test(for_the_world),
                                     LOOKS,
                                     cmocka_unit_test(for_all_stored),
                                     LOOKS};
  return cmocka_run_group_tests(tests, setup, teardown);
}
