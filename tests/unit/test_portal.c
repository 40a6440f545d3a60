/* The API over a real socket: what is answered, what is refused, and what must never get out. */
#include "lib/t.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "lib/web.h"
#include "portal/portal.h"

#define T0 (INT64_C(1375833600) * PRAC_SEC) /* 2013-08-07T00:00:00Z */
#define SECRET "198.51.100.7"               /* an address of ours: must not be seen anywhere */

/* A store that answers everything with one made row. */
struct fake {
  prac_rc rc;
  const char *text;
  struct store_query last;
  char src[PRAC_IP_TEXT], country[4];
};

static const struct alert made_alert = {
    .id = "a-1",
    .key = "port:1433/tcp",
    .kind = "surge-port",
    .state = "open",
    .revision = 1,
    .at = T0,
    .opened = T0,
    .from = T0,
    .to = T0,
    .closed = PRAC_TIME_NONE,
    .severity = "high",
    .tlp = "TLP:AMBER",
    .title = "Surge on 1433/tcp",
    .text = "more than usual",
    .flows = "from=2013-08-07 dst=" SECRET " port=1433/tcp",
    .host_count = 3,
};

static prac_rc fake_query(void *st, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct fake *f = st;
  f->last = *q;
  (void)prac_ip_text(f->src, &q->src.ip);
  (void)snprintf(f->country, sizeof f->country, "%s", q->country ? q->country : "");
  if (f->rc != PRAC_OK) return PRAC_FAIL(reterr, f->rc, "%s", f->text);
  if (q->what == STORE_RECORDS) {
    static const struct store_col col = {"json", "", STORE_TEXT};
    if (q->id && strcmp(q->id, "a-1") != 0) return PRAC_OK;
    struct prac_json j = prac_json_of(0);
    model_to_json(&model_alert, &made_alert, &j);
    prac_rc rc = each(arg, &col, 1, &(struct store_value){.s = j.buf});
    prac_json_done(&j);
    return rc;
  }
  static const struct store_col cols[] = {
      {"at", "", STORE_TIME},   {"src", "", STORE_IP},
      {"dst", "", STORE_IP},    {"packets", "packets", STORE_U64},
      {"note", "", STORE_TEXT}, {"payload", "", STORE_U64}};
  struct store_value v[6] = {{.t = T0}, {.ip = prac_ip4(0xcb007109)}, {.ip = prac_ip4(0xc6336407)},
                             {.u = 42}, {.s = "=HYPERLINK(\"x\"),y"}, {.u = UINT64_MAX}};
  for (int i = 0; i < 3; i++) PRAC_TRY(each(arg, cols, PRAC_ARRAY_LEN(cols), v));
  return PRAC_OK;
}
static const struct store_ops fake_ops = {.name = "fake", .query = fake_query};

struct site {
  struct portal *p;
  struct fake fake;
  struct store store;
  struct portal_conf conf;
};

static void start(struct site *s, bool store)
{
  struct prac_err err = {0};
  prac_conf_defaults(&portal_conf_section, &s->conf);
  s->conf.listen = "127.0.0.1:0";
  s->conf.rate = 0;
  s->conf.title = "Test \"title\"";
  s->store = (struct store){&fake_ops, &s->fake};
  struct portal_env env = {.store = store ? &s->store : NULL, .listen_fd = -1, .version = "9.9.9"};
  if (portal_open(&s->conf, &env, &s->p, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static const char *ask_raw(struct site *s, const char *request, const char *until)
{
  return web_ask_raw(portal_port(s->p), request, until);
}

static const char *ask(struct site *s, const char *target)
{
  return web_ask(portal_port(s->p), target);
}

/* One minute at a sensor: `n` sources of a country, each `k` packets to the port. */
static void feed(struct site *s, const char *sensor, int minute, uint32_t n, uint16_t port,
                 const char *cc)
{
  struct flow_row *rows = calloc(n, sizeof *rows);
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; i < n; i++)
    rows[i] = (struct flow_row){.src = prac_ip4(0xcb007100 + i),
                                .dst = prac_ip4(0xc6336407),
                                .proto = 6,
                                .dport = port,
                                .packets = 2,
                                .asn = 64500,
                                .country = (uint16_t)(cc[0] << 8 | cc[1])};
  assert_int_equal(flow_batch_new(sensor, T0 + minute * PRAC_MIN, rows, n, &b), PRAC_OK);
  assert_int_equal(flow_batch_describe(b, "demo geography of 2026-06-17", (struct model_strs){0}),
                   PRAC_OK);
  uint8_t *bytes = NULL;
  size_t len = 0;
  assert_int_equal(flow_batch_encode(b, 1, &bytes, &len), PRAC_OK);
  portal_take(s->p, &(struct bus_msg){.subject = "flow.x", .data = bytes, .len = len});
  free(bytes);
  free(rows);
  flow_batch_unref(&b);
}

static void live_numbers(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, false);
  ask(&s, "/api/v1/status");
  HAS("\"event_time\":null");
  ask(&s, "/api/v1/series");
  HAS("\"sensors\":[]");
  ask(&s, "/api/v1/top?by=country");
  HAS("\"rows\":[]");
  for (int m = 0; m < 75; m++) feed(&s, "tokyo", m, 10, 23, "MM");
  feed(&s, "bonn", 74, 30, 1433, "CN");
  portal_tick(s.p, PRAC_TIME_NONE);
  ask(&s, "/api/v1/status");
  HAS("\"event_time\":\"2013-08-07T01:15:00Z\"");
  HAS("\"geography\":\"demo geography of 2026-06-17\"");
  HAS("\"title\":\"Test \\\"title\\\"\"");
  HAS("\"version\":\"9.9.9\"");
  HAS("\"name\":\"bonn\"");
  ask(&s, "/api/v1/series?minutes=2");
  HAS("\"count\":2");
  HAS("{\"sensor\":\"bonn\",\"packets\":[null,60],\"sources\":[null,30]}");
  HAS("{\"sensor\":\"tokyo\",\"packets\":[20,20],\"sources\":[10,10]}");
  ask(&s, "/api/v1/top?by=port");
  /* 15 minutes of 10 sources: first; 30 sources in one of them: second, and new. */
  HAS("{\"key\":\"23/tcp\",\"packets\":20,\"sources\":10,\"packets_before\":20,"
      "\"sources_before\":10,\"rank\":1,\"rank_before\":1}");
  HAS("{\"key\":\"1433/tcp\",\"packets\":4,\"sources\":2,\"packets_before\":0,"
      "\"sources_before\":0,\"rank\":2,\"rank_before\":0}");
  ask(&s, "/api/v1/top?by=country&format=csv");
  HAS("key,packets,sources");
  HAS("\"MM\",20,10,20,10,1,1\n");
  ask(&s, "/api/v1/top?by=asn&format=ndjson&limit=1");
  HAS("{\"key\":\"64500\"");
  ask(&s, "/api/v1/metrics");
  HAS("practice_portal_messages_total 76\n");
  HAS("practice_sensor_last_minute_seconds{instance=\"tokyo\"} 1375838040\n");
  portal_close(&s.p);
}

/* Heartbeats as Prometheus reads them; a name that would break a line is only a label. */
static void heartbeats_as_metrics(void **st)
{
  (void)st;
  struct site s = {0};
  struct health h = {.id = "h",
                     .sensor = "x\"} 1\nevil 2\\",
                     .at = T0,
                     .packets = 7,
                     .lost = 2,
                     .queue = 5,
                     .queue_bytes = 600,
                     .clock_offset_ns = 300 * PRAC_SEC,
                     .clock_synced = true,
                     .clock_error_ns = 20 * PRAC_MS};
  start(&s, false);
  portal_take_record(s.p, &model_health, &h);
  portal_take_record(s.p, &model_health, &h);
  ask(&s, "/api/v1/metrics");
#define X "{instance=\"x\\\"} 1\\nevil 2\\\\\"} "
  HAS("practice_sensor_heartbeats_total" X "2\n");
  HAS("practice_sensor_packets_total" X "14\n");
  HAS("practice_sensor_lost_total" X "4\n");
  HAS("practice_sensor_lost_packets" X "2\n");
  HAS("practice_sensor_queue_messages" X "5\n");
  HAS("practice_sensor_queue_bytes" X "600\n");
  HAS("practice_sensor_clock_ahead_seconds" X "300\n");
  HAS("practice_sensor_clock_synchronised" X "1\n");
  HAS("practice_sensor_clock_error_milliseconds" X "20\n");
  HAS("practice_sensor_heartbeat_seconds" X "1375833600\n");
#undef X
  HAS("# TYPE practice_sensor_lost_total counter\n");
  portal_close(&s.p);
}

/* The honeypots live today, the sensors' captures are of another day. */
static void two_clocks(void **st)
{
  (void)st;
  struct site s = {0};
  struct health pot = {.id = "h", .sensor = "oslo", .source = "honeypot", .at = T0 + 90 * PRAC_DAY};
  start(&s, false);
  portal_take_record(s.p, &model_health, &pot);
  portal_tick(s.p, PRAC_TIME_NONE);
  ask(&s, "/api/v1/status");
  HAS("\"event_time\":\"2013-11-05T00:00:00Z\""); /* nobody else says a time */
  for (int m = 0; m < 3; m++) feed(&s, "tokyo", m, 10, 23, "MM");
  pot.at += PRAC_MIN;
  portal_take_record(s.p, &model_health, &pot);
  portal_tick(s.p, PRAC_TIME_NONE);
  ask(&s, "/api/v1/status");
  HAS("\"event_time\":\"2013-08-07T00:03:00Z\"");
  HAS("\"name\":\"oslo\",\"country\":\"\",\"state\":\"ok\"");
  HAS("\"name\":\"tokyo\",\"country\":\"\",\"state\":\"ok\"");
  portal_close(&s.p);
}

static void batches_that_lie(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, false);
  feed(&s, "tokyo", 100, 1, 23, "MM");
  feed(&s, "tokyo", 100 - 1441, 1, 23, "MM"); /* older than the day: dropped, counted */
  feed(&s, "tokyo", 100 + 2000, 1, 23, "??"); /* far ahead: the day moves on */
  feed(&s, "tokyo", -30000000, 1, 23, "MM");  /* before 1970 */
  portal_take(s.p, &(struct bus_msg){.subject = "flow.x", .data = "junk", .len = 4});
  portal_take(s.p, &(struct bus_msg){.subject = "alert.x", .data = "{\"id\":", .len = 6});
  portal_take(s.p, &(struct bus_msg){.subject = "health.x", .data = "", .len = 0});
  portal_take(s.p, &(struct bus_msg){.subject = "flowers", .data = "", .len = 0});
  char name[32];
  for (int i = 0; i < 300; i++) { /* more sensors than there is room for */
    (void)snprintf(name, sizeof name, "s%d", i);
    feed(&s, name, 2100, 1, 23, "MM");
  }
  portal_tick(s.p, PRAC_TIME_NONE);
  ask(&s, "/api/v1/status");
  HAS("\"unreadable\":3");
  HAS("\"event_time\":\"2013-08-08T11:01:00Z\"");
  portal_close(&s.p);
}

static void our_own_addresses_stay_inside(void **st)
{
  (void)st;
  static const char *const targets[] = {
      "/api/v1/flows",        "/api/v1/flows?format=csv",    "/api/v1/flows?format=ndjson",
      "/api/v1/alerts",       "/api/v1/alerts?format=csv",   "/api/v1/alerts?format=ndjson",
      "/api/v1/alerts/a-1",   "/api/v1/query?what=findings", "/api/v1/host/203.0.113.9",
      "/api/v1/alerts?id=a-1"};
  struct site s = {0};
  start(&s, true);
  portal_take_record(s.p, &model_alert, &made_alert);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(targets); i++) {
    ask(&s, targets[i]);
    HAS("HTTP/1.1 200 ");
    HAS_NOT(SECRET);
    HAS_NOT("dst");
  }
  ask_raw(&s, "GET /api/v1/events?last=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "\n\n");
  HAS("event: alert");
  HAS_NOT(SECRET);
  ask(&s, "/api/v1/flows?q=dst=" SECRET);
  HAS("HTTP/1.1 403 ");
  HAS_NOT(SECRET);
  ask(&s, "/api/v1/flows?sensor=a%20dst=" SECRET);
  HAS("HTTP/1.1 403 ");
  ask(&s, "/api/v1/flows?dst=" SECRET);
  HAS("HTTP/1.1 400 ");
  portal_close(&s.p);
}

static void history_is_asked_in_one_language(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, true);
  ask(&s, "/api/v1/flows?q=port%3D23%2Ftcp+country%3DMM&from=2013-08-07&limit=2");
  HAS("\"truncated\":true");
  HAS("\"src\":\"203.0.113.9\"");
  HAS_NOT("\"payload\""); /* a hash can be tried out (access/gate.h) */
  assert_int_equal(s.fake.last.port.port, 23);
  assert_string_equal(s.fake.country, "MM");
  assert_int_equal(s.fake.last.span.from, T0);
  assert_int_equal(s.fake.last.limit, 3); /* one more: whether there are more */
  ask(&s, "/api/v1/flows?format=csv");
  HAS("at,src,packets,note\n");
  HAS("\"'=HYPERLINK(\"\"x\"\"),y\"");
  ask(&s, "/api/v1/series?from=2013-08-07&step=1m&by=sensor");
  HAS("HTTP/1.1 200 ");
  assert_int_equal(s.fake.last.what, STORE_SERIES);
  assert_int_equal(s.fake.last.by, STORE_BY_SENSOR);
  assert_int_equal(s.fake.last.step_ns, PRAC_MIN);
  ask(&s, "/api/v1/top?by=src");
  assert_int_equal(s.fake.last.what, STORE_TOP_SCAN);
  ask(&s, "/api/v1/host/203.0.113.9");
  assert_int_equal(s.fake.last.what, STORE_HOST);
  assert_string_equal(s.fake.src, "203.0.113.9");
  ask(&s, "/api/v1/alerts/none-such");
  HAS("HTTP/1.1 404 ");
  ask(&s, "/api/v1/alerts/a-1");
  HAS("\"title\":\"Surge on 1433/tcp\"");
  portal_close(&s.p);
}

static void wrong_questions_get_a_sentence(void **st)
{
  (void)st;
  static const struct {
    const char *target, *status, *text;
  } rows[] = {
      {"/api/v1/flows?q=colour=red", " 400 ", "colour"},
      {"/api/v1/flows?port=x", " 400 ", "port"},
      {"/api/v1/flows?limit=99999", " 400 ", "10000"},
      {"/api/v1/flows?nonsense=1", " 400 ", "unknown_parameter"},
      {"/api/v1/flows?format=xml", " 400 ", "json|ndjson|csv"},
      {"/api/v1/top?by=colour", " 400 ", "port|country"},
      {"/api/v1/top?limit=0", " 400 ", "limit"},
      {"/api/v1/series?minutes=x", " 400 ", "minutes"},
      {"/api/v1/series?from=2013-08-07&step=banana", " 400 ", "bad_question"},
      {"/api/v1/host/not-an-address", " 400 ", "address"},
      {"/api/v1/alerts/a%20state=open", " 400 ", "bad_question"},
      {"/api/v1/alerts/", " 404 ", "not_found"},
      {"/api/v1/alerts/a/b", " 404 ", "not_found"},
      {"/api/v2/status", " 404 ", "not_found"},
      {"/etc/passwd", " 404 ", "not_found"},
  };
  struct site s = {0};
  start(&s, true);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    ask(&s, rows[i].target);
    if (!strstr(got, rows[i].status) || !strstr(got, rows[i].text) ||
        !strstr(got, "\"error\":{\"code\":"))
      fail_msg("%s: %.500s", rows[i].target, got);
  }
  ask_raw(&s, "DELETE /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
          NULL);
  HAS(" 405 ");
  HAS("Allow: GET, HEAD");
  ask_raw(&s, "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
          NULL);
  HAS(" 421 ");
  portal_close(&s.p);
}

static void a_broken_store_says_nothing_of_itself(void **st)
{
  (void)st;
  struct site s = {
      .fake = {.rc = PRAC_IO, .text = "/var/lib/practice/flows.db: disk I/O error in SELECT *"}};
  start(&s, true); /* warming fails too: the portal starts all the same */
  ask(&s, "/api/v1/flows");
  HAS("HTTP/1.1 503 ");
  HAS("Retry-After:");
  HAS_NOT("/var");
  HAS_NOT("SELECT");
  s.fake.rc = PRAC_RANGE;
  s.fake.text = "step must be 1m, 1h or 1d";
  ask(&s, "/api/v1/series?from=2013-08-07&step=7s");
  HAS("HTTP/1.1 400 ");
  HAS("step must be 1m, 1h or 1d");
  portal_close(&s.p);
  start(&s, false);
  ask(&s, "/api/v1/flows");
  HAS("HTTP/1.1 503 ");
  HAS("no_history");
  portal_close(&s.p);
}

static void alerts_live_and_are_bounded(void **st)
{
  (void)st;
  struct site s = {0};
  char id[32];
  struct alert a = made_alert;
  start(&s, false);
  a.id = id;
  for (int i = 0; i < 600; i++) {
    (void)snprintf(id, sizeof id, "a-%d", i);
    a.state = i % 2 ? "close" : "open";
    a.at = T0 + i * PRAC_SEC;
    portal_take_record(s.p, &model_alert, &a);
  }
  ask(&s, "/api/v1/alerts?limit=1");
  HAS("\"id\":\"a-599\"");
  HAS("\"truncated\":true");
  HAS("\"counts\":{\"open\":300,"); /* room was made among the closed ones */
  ask(&s, "/api/v1/alerts/a-0");
  HAS("\"state\":\"open\"");
  a.state = "close";
  a.revision = 2;
  a.at = T0 + PRAC_HOUR;
  (void)snprintf(id, sizeof id, "a-0");
  portal_take_record(s.p, &model_alert, &a);
  ask(&s, "/api/v1/alerts/a-0");
  HAS("\"state\":\"close\"");
  ask(&s, "/api/v1/alerts?limit=1");
  HAS("\"id\":\"a-0\"");
  HAS("\"open\":299");
  portal_close(&s.p);
}

static void events_come_and_resume(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, false);
  feed(&s, "tokyo", 5, 10, 23, "MM");
  portal_tick(s.p, PRAC_TIME_NONE);
  portal_take_record(s.p, &model_alert, &made_alert);
  ask_raw(&s, "GET /api/v1/events?last=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "a-1");
  HAS("event: minutes\ndata: {\"event_time\":\"2013-08-07T00:06:00Z\",\"rows\":[[\"tokyo\","
      "1375833900,20,10]]}");
  HAS("event: top");
  HAS("\"port\":[[\"23/tcp\",");
  HAS("event: status");
  HAS("id: 4\nevent: alert");
  ask_raw(&s, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 3\r\n\r\n", "a-1");
  HAS_NOT("event: top");
  HAS("id: 4\n");
  portal_close(&s.p);
}

static void headers_and_page(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, false);
  ask(&s, "/");
  HAS("HTTP/1.1 200 ");
  HAS("require-trusted-types-for 'script'");
  HAS("default-src 'none'");
  HAS_NOT("unsafe");
  HAS("X-Content-Type-Options: nosniff");
  HAS("Cache-Control: no-cache");
  ask(&s, "/api/v1/openapi.json");
  HAS("\"openapi\":\"3.1.0\"");
  HAS("\"/alerts/{id}\"");
  HAS("\"enum\":[\"json\",\"ndjson\",\"csv\"]");
  portal_close(&s.p);
}

static void places_that_cannot_be_listened_on(void **st)
{
  (void)st;
  static const char *const bad[] = {"127.0.0.1",    "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999",
                                    "localhost:80", ":8080",      "[::1:80"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct portal_conf c;
    struct portal *p = NULL;
    struct prac_err err = {0};
    prac_conf_defaults(&portal_conf_section, &c);
    c.listen = bad[i];
    assert_int_not_equal(portal_open(&c, &(struct portal_env){.listen_fd = -1}, &p, &err), PRAC_OK);
    assert_null(p);
    assert_int_not_equal(strlen(err.text), 0);
  }
}

static void closing_in_the_middle(void **st)
{
  (void)st;
  for (int i = 0; i < 20; i++) {
    struct site s = {0};
    start(&s, true);
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons(portal_port(s.p)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd[8];
    for (int k = 0; k < 8; k++) {
      const char *req = k % 2 ? "GET /api/v1/flows HTTP/1.1\r\nHost: localhost\r\n\r\n"
                              : "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
      fd[k] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      assert_int_equal(connect(fd[k], (struct sockaddr *)&in, sizeof in), 0);
      assert_int_equal(send(fd[k], req, strlen(req), MSG_NOSIGNAL), strlen(req));
    }
    usleep((useconds_t)(i * 500));
    portal_close(&s.p);
    assert_null(s.p);
    for (int k = 0; k < 8; k++) close(fd[k]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(live_numbers),
      cmocka_unit_test(heartbeats_as_metrics),
      cmocka_unit_test(two_clocks),
      cmocka_unit_test(batches_that_lie),
      cmocka_unit_test(our_own_addresses_stay_inside),
      cmocka_unit_test(history_is_asked_in_one_language),
      cmocka_unit_test(wrong_questions_get_a_sentence),
      cmocka_unit_test(a_broken_store_says_nothing_of_itself),
      cmocka_unit_test(alerts_live_and_are_bounded),
      cmocka_unit_test(events_come_and_resume),
      cmocka_unit_test(headers_and_page),
      cmocka_unit_test(places_that_cannot_be_listened_on),
      cmocka_unit_test(closing_in_the_middle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
