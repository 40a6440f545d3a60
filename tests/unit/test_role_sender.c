/* Records that are not of the one whose subject they bear; and that a flood of them is one line. */
#include "lib/t.h"

#include <string.h>

#include "app/role_sender.h"
#include "model/packet.h"
#include "model/records.h"

static struct bus_msg of(const char *subject)
{
  return (struct bus_msg){.subject = subject};
}

static void records(void **st)
{
  (void)st;
  const char *pot = "pot", *two[] = {"pot", "other"};
  const struct hit hit = {.sensor = "pot"};
  const struct health health = {.sensor = "pot"};
  const struct finding mine = {.engine = "honeypot", .sensors = {&pot, 1}},
                       engines = {.engine = "surge", .sensors = {&pot, 1}},
                       several = {.engine = "honeypot", .sensors = {two, 2}},
                       nobody = {.engine = "honeypot"};
  const struct {
    const char *subject;
    const struct model_kind *k;
    const void *rec;
    prac_rc rc;
  } v[] = {
      {"hit.pot", &model_hit, &hit, PRAC_OK},
      {"hit.other", &model_hit, &hit, PRAC_MALFORMED},
      {"hit.po", &model_hit, &hit, PRAC_MALFORMED},
      {"health.pot", &model_health, &health, PRAC_OK},
      {"health.other", &model_health, &health, PRAC_MALFORMED},
      {"mark.engine", &model_health, &health, PRAC_OK},
      {"finding.honeypot.pot", &model_finding, &mine, PRAC_OK},
      {"finding.honeypot.other", &model_finding, &mine, PRAC_MALFORMED},
      {"finding.honeypot.pot", &model_finding, &engines, PRAC_MALFORMED},
      {"finding.honeypot.pot", &model_finding, &several, PRAC_MALFORMED},
      {"finding.honeypot.pot", &model_finding, &nobody, PRAC_MALFORMED},
      {"finding.surge", &model_finding, &engines, PRAC_OK},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    struct bus_msg m = of(v[i].subject);
    if (role_check_record(&m, v[i].k, v[i].rec, NULL) != v[i].rc)
      fail_msg("row %zu, %s", i, v[i].subject);
  }
}

static void packets(void **st)
{
  (void)st;
  static const uint8_t bytes[300];
  const struct packet good = {.id = "tokyo.5.0",
                              .sensor = "tokyo",
                              .layer = "ip",
                              .len = PACKET_LEN_MAX,
                              .head = 40,
                              .bytes = {bytes, PACKET_BYTES_MAX}};
  struct packet v[9];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) v[i] = good;
  v[1].bytes.n = PACKET_BYTES_MAX + 1;
  v[2].head = PACKET_BYTES_MAX + 1;
  v[3].layer = "tcp";
  v[4].len = PACKET_LEN_MAX + 1;
  v[5].id = "berlin.5.0";
  v[6].id = "tokyo";
  v[7].sensor = "toky";
  v[8].layer = "payload"; /* longer than UDP can be */
  struct bus_msg m = of("packet.tokyo");
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    prac_rc want = i == 0 ? PRAC_OK : PRAC_MALFORMED;
    if (role_check_record(&m, &model_packet, &v[i], NULL) != want) fail_msg("packet %zu", i);
  }
  m = of("packet.berlin");
  assert_int_equal(role_check_record(&m, &model_packet, &good, NULL), PRAC_MALFORMED);
  v[0] = (struct packet){.id = "pot.5.0", .sensor = "pot", .layer = "payload"};
  m = of("packet.pot");
  assert_int_equal(role_check_record(&m, &model_packet, &v[0], NULL), PRAC_OK);
}

static void batches(void **st)
{
  (void)st;
  const struct flow_batch b = {.sensor = "tokyo"};
  struct bus_msg mine = of("flow.tokyo"), other = of("flow.berlin");
  assert_int_equal(role_check_batch(&mine, &b, NULL), PRAC_OK);
  assert_int_equal(role_check_batch(&other, &b, NULL), PRAC_MALFORMED);
}

static void times(void **st)
{
  (void)st;
  const prac_time now = INT64_C(1764000000) * PRAC_SEC;
  struct run_conf hub = {.bus = RUN_BUS_NATS}, box = {.bus = RUN_BUS_LOCAL};
  struct role_env there = {.run = &hub, .clock = prac_clock_virtual(now)};
  struct role_env here = {.run = &box, .clock = prac_clock_virtual(now)};
  static const struct {
    prac_time at;
    prac_rc hub, box;
  } v[] = {
      {0, PRAC_OK, PRAC_OK},
      {INT64_C(1764000000) * PRAC_SEC + PRAC_HOUR, PRAC_OK, PRAC_OK},
      {INT64_C(1764000000) * PRAC_SEC + PRAC_HOUR + 1, PRAC_RANGE, PRAC_OK},
      {INT64_C(4294967295) * PRAC_SEC, PRAC_RANGE, PRAC_OK}, /* 2106 */
      {INT64_C(4294967296) * PRAC_SEC, PRAC_RANGE, PRAC_RANGE},
      {INT64_MAX, PRAC_RANGE, PRAC_RANGE},
      {-1, PRAC_RANGE, PRAC_RANGE},
      {INT64_MIN, PRAC_RANGE, PRAC_RANGE},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    assert_int_equal(role_check_time(&there, v[i].at, PRAC_HOUR, NULL), v[i].hub);
    assert_int_equal(role_check_time(&here, v[i].at, PRAC_HOUR, NULL), v[i].box);
  }
}

static void count_line(void *arg, const struct prac_log_event *ev, const char *text)
{
  (void)ev, (void)text;
  ++*(int *)arg;
}

static void a_flood_is_one_line(void **st)
{
  (void)st;
  static const struct prac_log_event ev = {"test_refused", PRAC_LOG_WARN, "nothing"};
  int lines = 0;
  struct role_env e = {.log = {count_line, &lines, PRAC_LOG_DEBUG}};
  struct role_refused r = {0};
  struct bus_msg m = of("flow.tokyo");
  role_refuse(&e, &r, &ev, &m, "no batch");
  assert_int_equal(lines, 1);
  r.next = INT64_MAX; /* the moment for the next line has not come */
  for (int i = 0; i < 100000; i++) role_refuse(&e, &r, &ev, &m, "no batch");
  assert_true(r.n == 100001);
  assert_int_equal(lines, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(records), cmocka_unit_test(packets),
                                     cmocka_unit_test(batches), cmocka_unit_test(times),
                                     cmocka_unit_test(a_flood_is_one_line)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
