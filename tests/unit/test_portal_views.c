/* The views' endpoints over a real socket and a store in memory: what was planted comes back, in
 * pages too, and none of our own addresses with it. */
#include "lib/t.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/web.h"
#include "model/delivery.h"
#include "portal/portal.h"

#define T0 (INT64_C(1375833600) * PRAC_SEC) /* 2013-08-07T00:00:00Z */
#define OURS "198.51.100."
enum { MINUTES = 90, GROUP = 20 };

static struct store store;
static struct portal *portal;
static struct portal_conf conf;
static pthread_t ticker;
static _Atomic bool over;
static _Atomic int bus_rc; /* what the bus says */

static const char *ask(const char *target)
{
  char path[1024];
  (void)snprintf(path, sizeof path, "/api/v1%s", target);
  return web_ask(portal_port(portal), path);
}

static void keep(struct flow_batch *b, const struct model_kind *k, const void *rec)
{
  struct prac_err err = {0};
  const struct store_rec r = {k, rec};
  const struct store_tx tx = {
      .batches = &b, .n_batches = b != NULL, .recs = &r, .n_recs = rec != NULL};
  if (store.ops->append(store.st, &tx, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static struct prac_ip ip(const char *text)
{
  struct prac_ip a;
  assert_int_equal(prac_ip_parse(text, strlen(text), &a), PRAC_OK);
  return a;
}

/* 20 hosts of CN ask for 52869/tcp every fifth minute; one of US for 23/tcp in every minute. */
static void plant_flows(void)
{
  for (uint32_t m = 0; m < MINUTES; m++)
    for (int s = 0; s < 2; s++) {
      struct flow_row rows[GROUP + 1];
      struct flow_batch *b = NULL;
      uint32_t n = 0;
      for (uint32_t i = 0; m % 5 == 0 && i < GROUP; i++)
        rows[n++] = (struct flow_row){.src = prac_ip4(0xcb007100 + i),
                                      .dst = prac_ip4(0xc6336400 + i),
                                      .proto = 6,
                                      .dport = 52869,
                                      .packets = 2,
                                      .bytes = 80,
                                      .asn = 64500,
                                      .country = 'C' << 8 | 'N'};
      rows[n++] = (struct flow_row){.src = prac_ip4(0xcb007100 + 99),
                                    .dst = prac_ip4(0xc6336407),
                                    .proto = 6,
                                    .dport = 23,
                                    .packets = 1,
                                    .bytes = 40,
                                    .asn = 64501,
                                    .country = 'U' << 8 | 'S'};
      assert_int_equal(flow_batch_new(s ? "bonn" : "tokyo", T0 + m * PRAC_MIN, rows, n, &b),
                       PRAC_OK);
      keep(b, NULL, NULL);
      flow_batch_unref(&b);
    }
}

struct plan {
  const char *id, *parent, *kind, *victim, *vector, *profile;
  unsigned bits, minute;
};
static const struct plan plans[] = {
    {"c1", "", "carpet", "203.0.113.0", "dns", "isp", 120, 10},
    {"p1", "c1", "single", "203.0.113.5", "dns", "isp", 128, 10},
    {"p2", "c1", "single", "203.0.113.6", "dns", "isp", 128, 10},
    {"s1", "", "single", "192.0.2.9", "ntp_monlist", "isp", 128, 20},
    {"s2", "", "single", "192.0.2.10", "dns", "isp", 128, 20},
    {"o1", "gone", "single", "192.0.2.11", "dns", "isp", 128, 30},
    {"a1", "", "single", "192.0.2.9", "ntp_monlist", "amppot", 128, 20},
};

static void plant_attack(const struct plan *p)
{
  static const char *const sensors[] = {"osaka 60", "oslo 30"};
  const char *vectors[] = {p->vector};
  prac_time at = T0 + p->minute * PRAC_MIN;
  struct episode e = {.id = p->id,
                      .revision = 2,
                      .state = "end",
                      .kind = p->kind,
                      .profile = p->profile,
                      .parent = p->parent,
                      .victim = ip(p->victim),
                      .prefix_bits = p->bits,
                      .vectors = {vectors, 1},
                      .at = at + 3 * PRAC_MIN,
                      .from = at,
                      .to = at + 29 * PRAC_SEC,
                      .packets = 90,
                      .sensors = {sensors, 2},
                      .country = strcmp(p->id, "s1") == 0 ? "JP" : "DE",
                      .asn = 64510,
                      .started = at};
  keep(NULL, &model_episode, &e);
}

/* 30 seconds: 2 requests a second at osaka, 1 at oslo; another vector beside them. */
static void plant_hits(void)
{
  for (int i = 0; i < 90; i++) {
    char id[16];
    (void)snprintf(id, sizeof id, "h.%d", i);
    struct hit h = {.id = id,
                    .sensor = i % 3 == 0   ? "osaka"
                              : i % 3 == 1 ? "oslo"
                                           : "osaka",
                    .victim = ip("192.0.2.9"),
                    .vector = i % 3 == 2 ? "dns" : "ntp_monlist",
                    .from = T0 + 20 * PRAC_MIN + i / 3 * PRAC_SEC,
                    .packets = i % 3 == 0 ? 2 : 1};
    h.at = h.to = h.from;
    keep(NULL, &model_hit, &h);
  }
  struct hit scan = {.id = "scan",
                     .sensor = "oslo",
                     .victim = ip("192.0.2.77"),
                     .vector = "dns",
                     .port = 53,
                     .at = T0 + PRAC_MIN,
                     .from = T0 + PRAC_MIN,
                     .to = T0 + PRAC_MIN,
                     .packets = 1,
                     .scanner = true};
  keep(NULL, &model_hit, &scan);
}

static void plant_story(void)
{
  static const struct model_port port[] = {{52869, 6}};
  struct prac_ip hosts[GROUP], victim = ip("192.0.2.9");
  for (uint32_t i = 0; i < GROUP; i++) hosts[i] = prac_ip4(0xcb007100 + i);
  struct finding f = {.id = "f1",
                      .engine = "nmf",
                      .key = "group:52869/tcp",
                      .kind = "sync-group",
                      .state = "on",
                      .at = T0 + 60 * PRAC_MIN,
                      .from = T0 + 10 * PRAC_MIN,
                      .to = T0 + 60 * PRAC_MIN,
                      .level = 3,
                      .hosts = {hosts, GROUP},
                      .host_count = GROUP,
                      .ports = {port, 1},
                      .text = "20 hosts move together",
                      .flows = "port=52869/tcp"};
  keep(NULL, &model_finding, &f);
  struct alert a = {.id = "al1",
                    .key = "drdos:192.0.2.9:ntp_monlist",
                    .kind = "drdos",
                    .state = "open",
                    .revision = 1,
                    .at = T0 + 20 * PRAC_MIN,
                    .opened = T0 + 20 * PRAC_MIN,
                    .from = T0 + 20 * PRAC_MIN,
                    .to = T0 + 21 * PRAC_MIN,
                    .closed = PRAC_TIME_NONE,
                    .severity = "high",
                    .hosts = {&victim, 1},
                    .host_count = 1,
                    .flows = "what=hits victim=192.0.2.9 dst=" OURS "7"};
  keep(NULL, &model_alert, &a);
  a.id = "al2";
  a.key = f.key;
  a.kind = f.kind;
  a.country = "CN";
  a.hosts = f.hosts;
  a.flows = f.flows;
  a.opened = T0 + 60 * PRAC_MIN;
  keep(NULL, &model_alert, &a);
  a.id = "al3";
  a.key = "country:CN";
  a.kind = "surge-country";
  a.state = "close";
  keep(NULL, &model_alert, &a);
}

/* Of each port the latest counts: 80's risk is over, 23's has risen since. */
static void plant_risks(void)
{
  static const struct {
    const char *id, *key, *kind, *state;
    uint32_t level, minute;
  } said[] = {{"r1", "port:23/tcp", "risk-port", "on", 2, 10},
              {"r2", "port:80/tcp", "risk-port", "on", 3, 20},
              {"r3", "port:23/tcp", "risk-port", "on", 4, 30},
              {"r4", "port:80/tcp", "risk-port", "off", 1, 40},
              {"r5", "port:443/tcp", "surge-port", "on", 5, 50}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(said); i++) {
    struct finding f = {.id = said[i].id,
                        .engine = "riskport",
                        .key = said[i].key,
                        .kind = said[i].kind,
                        .state = said[i].state,
                        .at = T0 + said[i].minute * PRAC_MIN,
                        .from = T0,
                        .to = T0 + said[i].minute * PRAC_MIN,
                        .level = said[i].level,
                        .value = 120,
                        .text = "120 sources, above the limit of 40"};
    keep(NULL, &model_finding, &f);
  }
}

/* Many labels of senders, and attacks, since the engines said anything else: more than a view
 * reads.
 */
static void plant_labels(void)
{
  char id[16];
  for (int i = 0; i < 10500; i++) {
    (void)snprintf(id, sizeof id, "n%d", i);
    const struct finding f = {.id = id,
                              .engine = i % 10 ? "noise" : "drdos",
                              .key = "made",
                              .kind = i % 10 ? "noise-survey" : "drdos",
                              .state = "on",
                              .at = T0 + 80 * PRAC_MIN + i,
                              .from = T0,
                              .to = T0};
    keep(NULL, &model_finding, &f);
  }
}

static void plant_delivery(const char *id, const char *what, const char *ref, const char *key,
                           prac_time at)
{
  const struct delivery d = {.id = id,
                             .at = at,
                             .what = what,
                             .ref = ref,
                             .revision = 1,
                             .state = "open",
                             .key = key,
                             .way = "mail",
                             .tenant = "isp",
                             .outcome = "sent"};
  keep(NULL, &model_delivery, &d);
}

/* A key with a long past, and its newest alert; a part of a carpet, told in turns with it. */
static void plant_deliveries(void)
{
  enum { BEFORE = 1095, OF_IT = 5, OF_CARPET = 1010 };
  static const char key[] = "sensor:kobe";
  prac_time opened = T0 + 89 * PRAC_MIN;
  char id[24];
  for (int i = 0; i < BEFORE + OF_IT; i++) {
    (void)snprintf(id, sizeof id, "d%d", i);
    bool newest = i >= BEFORE;
    prac_time at = newest ? opened + (i - BEFORE - 1) * PRAC_SEC : T0 - 2000 * PRAC_MIN + i;
    plant_delivery(id, "alert", newest ? "al9" : "al8", key, at);
  }
  const struct alert a = {.id = "al9",
                          .key = key,
                          .kind = "site-silent",
                          .state = "close",
                          .revision = 1,
                          .at = opened,
                          .opened = opened,
                          .from = opened,
                          .to = opened,
                          .closed = opened,
                          .severity = "low"};
  keep(NULL, &model_alert, &a);
  plant_delivery("p-1", "attack", "p1", "attack:p1", T0 + 10 * PRAC_MIN + 3);
  for (int i = 0; i < OF_CARPET; i++) {
    (void)snprintf(id, sizeof id, "c-%04d", i);
    plant_delivery(id, "attack", "c1", "attack:c1", T0 + 10 * PRAC_MIN + i);
  }
}

/* The bus and the store's writer in one: on the thread that ticks, as the store is asked there. */
static prac_rc say(void *arg, const struct model_kind *k, const void *rec, const char *subject,
                   const char *id, struct prac_err *err)
{
  (void)arg, (void)id;
  if (strcmp(subject, "decision.local") != 0) return PRAC_FAIL(err, PRAC_IO, "%s", subject);
  if (atomic_load(&bus_rc) != PRAC_OK) return (prac_rc)atomic_load(&bus_rc);
  keep(NULL, k, rec);
  return PRAC_OK;
}

static void *tick(void *arg)
{
  (void)arg;
  while (!atomic_load(&over)) {
    portal_tick(portal, PRAC_TIME_NONE);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
  return NULL;
}

static int setup(void **state)
{
  struct prac_err err = {0};
  (void)state;
  if (store_open("ram", NULL, &(struct store_env){.nthreads = 1}, &store, &err) != PRAC_OK)
    return 1;
  plant_flows();
  for (size_t i = 0; i < PRAC_ARRAY_LEN(plans); i++) plant_attack(&plans[i]);
  plant_hits();
  plant_story();
  plant_risks();
  plant_deliveries();
  plant_labels();
  prac_conf_defaults(&portal_conf_section, &conf);
  conf.listen = "127.0.0.1:0";
  conf.rate = 0;
  const struct portal_env env = {.store = &store,
                                 .query_in_tick = true,
                                 .say = say,
                                 .disk = ".",
                                 .listen_fd = -1,
                                 .version = "9.9.9"};
  if (portal_open(&conf, &env, &portal, &err) != PRAC_OK) return 1;
  return pthread_create(&ticker, NULL, tick, NULL);
}

static int teardown(void **state)
{
  (void)state;
  atomic_store(&over, true);
  pthread_join(ticker, NULL);
  portal_close(&portal);
  store_close(&store);
  return 0;
}

/* ---- hits ---- */

static size_t count(const char *what)
{
  size_t n = 0;
  for (const char *s = got; (s = strstr(s, what)); s++) n++;
  return n;
}

static void hits_by_filters(void **state)
{
  (void)state;
  ask("/hits");
  assert_int_equal(count("\"id\":\"h."), 90);
  HAS("\"id\":\"scan\"");
  ask("/hits?vector=dns");
  assert_int_equal(count("\"id\":\"h."), 30);
  HAS("\"id\":\"scan\"");
  ask("/hits?vector=dns&scanners=not");
  assert_int_equal(count("\"id\":\"h."), 30);
  HAS_NOT("\"id\":\"scan\"");
  ask("/hits?scanners=only");
  assert_int_equal(count("\"id\":"), 1);
  HAS("\"id\":\"scan\"");
  ask("/hits?sensor=oslo&victim=192.0.2.9");
  assert_int_equal(count("\"id\":"), 30);
  ask("/hits?port=53/udp");
  assert_int_equal(count("\"id\":"), 1);
  ask("/hits?from=2013-08-07T00:20:29Z&to=2013-08-07T00:20:30Z");
  assert_int_equal(count("\"id\":"), 3);
  ask("/hits?format=csv&scanners=only");
  HAS("id,sensor,site_country");
  ask("/hits?scanners=maybe");
  HAS("400 Bad Request");
}

static void pages_of_hits(void **state)
{
  char path[512] = "/hits?vector=ntp_monlist&limit=7", seen[90][16];
  size_t n = 0;
  (void)state;
  for (;;) {
    ask(path);
    for (const char *s = got; (s = strstr(s, "\"id\":\"")); s++) {
      assert_true(n < 60);
      (void)snprintf(seen[n], sizeof seen[n], "%.*s", (int)strcspn(s + 6, "\""), s + 6);
      for (size_t i = 0; i < n; i++) assert_string_not_equal(seen[i], seen[n]);
      n++;
    }
    const char *next = strstr(got, "\"next\":\"");
    if (!next) break;
    (void)snprintf(path, sizeof path, "/hits?vector=ntp_monlist&limit=7&cursor=%.*s",
                   (int)strcspn(next + 8, "\""), next + 8);
  }
  assert_int_equal(n, 60);
}

/* ---- attacks ---- */

static void attacks_hold_their_parts(void **state)
{
  (void)state;
  ask("/attacks");
  HAS("\"id\":\"c1\"");
  HAS("\"id\":\"s1\"");
  HAS("\"id\":\"o1\""); /* its carpet is not there: it stands for itself */
  HAS_NOT("\"id\":\"p1\"");
  HAS_NOT("\"id\":\"a1\"");
  HAS("\"truncated\":false");
  HAS_NOT("\"next\"");
  ask("/attacks?profile=amppot");
  HAS("\"id\":\"a1\"");
  ask("/attacks?vector=ntp_monlist");
  HAS("\"id\":\"s1\"");
  HAS_NOT("\"id\":\"s2\"");
  ask("/attacks?country=JP");
  HAS("\"id\":\"s1\"");
  HAS_NOT("\"id\":\"s2\"");
  ask("/attacks?victim=203.0.113.5&asn=64510&state=end");
  HAS("\"id\":\"p1\""); /* the carpet is not on this address */
  HAS_NOT("\"id\":\"c1\"");
  ask("/attacks?from=2013-08-07T00:30:00Z");
  HAS("\"id\":\"o1\"");
  HAS_NOT("\"id\":\"s1\"");
  ask("/attacks?format=csv");
  HAS("id,revision,state,kind");
  HAS("\"carpet\"");
}

/* s1 and s2 have the same time: a page must not lose one of them. */
static void pages_end_where_the_next_begin(void **state)
{
  static const char *const want[] = {"o1", "s2", "s1", "c1"};
  char path[512] = "/attacks?limit=1", id[64];
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(want); i++) {
    ask(path);
    (void)snprintf(id, sizeof id, "\"rows\":[{\"id\":\"%s\"", want[i]);
    HAS(id);
    const char *next = strstr(got, "\"next\":\"");
    if (i + 1 == PRAC_ARRAY_LEN(want)) assert_null(next);
    if (next)
      (void)snprintf(path, sizeof path, "/attacks?limit=1&cursor=%.*s",
                     (int)strcspn(next + 8, "\""), next + 8);
  }
  ask("/attacks?limit=2&format=ndjson");
  HAS("X-Next: ");
  HAS("X-Truncated: 1");
  static const char *const bad[] = {"x",
                                    "00",
                                    "0123456789abcdef",
                                    "0123456789abcdefzz",
                                    "0123456789abcdef00",
                                    "0123456789abcdef0"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    (void)snprintf(path, sizeof path, "/attacks?cursor=%s", bad[i]);
    ask(path);
    HAS("400 Bad Request");
    HAS("cursor");
  }
}

/* Twenty rows of one moment at two sensors, every five minutes: pages of seven are the whole. */
static void pages_of_flows(void **state)
{
  enum { ROOM = 1 << 19 };
  const char *const orders[] = {"", "&q=order=oldest"};
  (void)state;
  for (size_t o = 0; o < PRAC_ARRAY_LEN(orders); o++) {
    char path[512], next[256] = "";
    char *all = calloc(ROOM, 1), *pages = calloc(ROOM, 1);
    assert_true(all && pages);
    (void)snprintf(path, sizeof path, "/flows?port=52869/tcp&limit=10000%s", orders[o]);
    const char *rows = strstr(ask(path), "\"rows\":[");
    assert_non_null(rows);
    (void)snprintf(all, ROOM, "%.*s", (int)(strstr(rows, "],\"truncated") - rows - 8), rows + 8);
    int n = 0;
    do {
      (void)snprintf(path, sizeof path, "/flows?port=52869/tcp&limit=7%s%s%s", orders[o],
                     next[0] ? "&cursor=" : "", next);
      rows = strstr(ask(path), "\"rows\":[");
      assert_non_null(rows);
      size_t at = strlen(pages);
      (void)snprintf(pages + at, ROOM - at, "%s%.*s", at ? "," : "",
                     (int)(strstr(rows, "],\"truncated") - rows - 8), rows + 8);
      const char *more = strstr(rows, "\"next\":\"");
      next[0] = 0;
      if (more) (void)snprintf(next, sizeof next, "%.*s", (int)strcspn(more + 8, "\""), more + 8);
    } while (next[0] && ++n < 1000);
    assert_int_equal(n, MINUTES / 5 * 2 * GROUP / 7);
    assert_string_equal(pages, all);
    free(all);
    free(pages);
  }
  ask("/flows?cursor=0123456789abcdef78"); /* "x" of that time */
  HAS("400 Bad Request");
}

static void one_attack_closely(void **state)
{
  (void)state;
  ask("/attacks/s1");
  HAS("\"attack\":{\"id\":\"s1\"");
  HAS("\"parts\":[],\"parts_cut\":false");
  HAS("\"rate\":{\"from\":\"2013-08-07T00:20:00Z\",\"step_s\":1,\"packets\":[3,3,3,3,");
  HAS("\"hits\":60,\"cut\":false");
  HAS("\"sensors\":[{\"name\":\"osaka\",\"packets\":60},{\"name\":\"oslo\",\"packets\":30}]");
  HAS("\"vectors\":[{\"name\":\"ntp_monlist\",\"packets\":90}]");
  HAS("\"alerts\":[{\"id\":\"al1\"");
  HAS_NOT(OURS);
  ask("/attacks/c1");
  HAS("\"id\":\"p1\"");
  HAS("\"id\":\"p2\"");
  HAS("\"rate\":null");
  ask("/attacks/nobody");
  HAS("404 Not Found");
}

/* ---- about, compare ---- */

static void anything_is_looked_at(void **state)
{
  (void)state;
  ask("/about/203.0.113.99");
  HAS("\"about\":\"host\"");
  HAS("\"packets\":180,");
  HAS("\"port\":\"23/tcp\"");
  HAS_NOT("targets");
  HAS_NOT(OURS);
  ask("/about/52869%2Ftcp?limit=5");
  HAS("\"about\":\"port\"");
  HAS("\"hosts\":20");
  HAS("\"more_lines\":15");
  ask("/about/group:52869%2Ftcp");
  HAS("\"about\":\"alert\"");
  ask("/about/f1");
  HAS("\"about\":\"finding\"");
  HAS("\"host\":\"203.0.113.0\"");
  ask("/about/203.0.113.0%2F24?from=2013-08-07T00:00:00Z&to=2013-08-07T00:30:00Z");
  HAS("\"span\":{\"from\":\"2013-08-07T00:00:00Z\",\"to\":\"2013-08-07T00:30:00Z\"}");
  ask("/about/al1");
  HAS("\"about\":\"alert\"");
  HAS_NOT(OURS);
  ask("/about/nobody");
  HAS("404 Not Found");
  HAS("knows no alert or finding");
  ask("/about/203.0.113.99?from=yesterday");
  HAS("400 Bad Request");
  ask("/about/");
  HAS("404 Not Found");
}

static void sensors_are_compared(void **state)
{
  (void)state;
  ask("/compare?home=tokyo");
  HAS("\"sensors\":[{\"name\":\"bonn\"");
  HAS("\"pairs\":[{\"a\":\"bonn\",\"b\":\"tokyo\"");
  HAS("\"jaccard\":1,");
  HAS("\"abroad_ports\":[");
  HAS_NOT(OURS);
  ask("/compare?home=paris");
  HAS("404 Not Found");
  ask("/compare?recent=1s");
  HAS("400 Bad Request");
}

/* ---- groups, ports, mine, system ---- */

static void groups_are_stories(void **state)
{
  (void)state;
  ask("/groups");
  HAS("\"id\":\"al2\"");
  HAS_NOT("\"id\":\"al1\"");
  ask("/groups?port=23/tcp");
  HAS("\"rows\":[]");
}

static void ports_by_the_hour(void **state)
{
  (void)state;
  /* 12 minutes of the first hour and 6 of the second: 20 hosts, 2 packets, 2 sensors */
  ask("/ports/heat?from=2013-08-07T00:00:00Z&to=2013-08-07T02:00:00Z");
  HAS("\"hours\":[\"2013-08-07T00:00:00Z\",\"2013-08-07T01:00:00Z\"]");
  HAS("\"ports\":[\"52869/tcp\",\"23/tcp\"]");
  HAS("\"packets\":[[960,120],[480,60]]");
  HAS("\"sources\":[[20,1],[20,1]]");
  ask("/ports/heat?limit=1&sensor=bonn&from=2013-08-07T01:00:00Z");
  HAS("\"ports\":[\"52869/tcp\"]");
  HAS("\"packets\":[[240]]");
  ask("/ports/heat?from=2013-08-08&to=2013-08-07");
  HAS("400 Bad Request");
}

static void risks_as_last_said(void **state)
{
  (void)state;
  ask("/ports/risk");
  HAS("\"rows\":[{\"port\":\"23/tcp\",\"level\":4,");
  HAS("\"id\":\"r3\"");
  HAS_NOT("80/tcp");
  HAS_NOT("443/tcp");
  HAS("above the limit of 40");
  ask("/ports/risk?format=csv");
  HAS("port,level,score,sources,usual");
}

static void ones_own_part_of_the_world(void **state)
{
  (void)state;
  ask("/mine");
  HAS("\"all\":true");
  HAS("\"sources\":[],\"victims\":{\"rows\":[],\"all\":0,\"open\":0,\"new\":0}");
  ask("/mine?country=CN&from=2013-08-07T01:00:00Z&to=2013-08-07T02:00:00Z&since=2013-08-07T00:30:"
      "00Z");
  HAS("{\"kind\":\"country\",\"name\":\"CN\",\"now\":{\"packets\":480,\"sources\":20},"
      "\"before\":{\"packets\":960,\"sources\":20},\"hours\":[{\"at\":"
      "\"2013-08-07T00:00:00Z\",\"packets\":960,\"sources\":20},");
  HAS("\"surges\":{\"rows\":[{\"id\":\"al3\"");
  HAS("\"groups\":{\"rows\":[{\"id\":\"al2\"");
  HAS("\"all\":1,\"open\":1,\"new\":1}");
  ask("/mine?asn=64510");
  HAS("\"name\":\"AS64510\"");
  HAS("\"victims\":{\"rows\":[{\"id\":\"o1\"");
  HAS_NOT("\"id\":\"p1\"");
  ask("/mine?since=yesterday");
  HAS("400 Bad Request");
}

static void the_machinery(void **state)
{
  (void)state;
  ask("/system");
  HAS("\"version\":\"9.9.9\",\"store\":\"ram\",\"kept\":{\"flows\":{\"from\":\"2013-08-07T00:00:"
      "00Z\"");
  HAS("\"disk\":{\"free_bytes\":");
  HAS("\"sensors\":[{\"name\":\"bonn\"");
  HAS("{\"room\":\"portal\",\"name\":\"queries\",\"unit\":\"1\",\"value\":");
}

/* ---- decisions ---- */

static const char *post(const char *path, const char *body)
{
  char req[4096];
  (void)snprintf(req, sizeof req,
                 "POST /api/v1%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                 "X-Practice: 1\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 path, strlen(body), body);
  return web_ask_raw(portal_port(portal), req, NULL);
}

static void decisions_are_kept(void **state)
{
  (void)state;
  ask("/alerts/al1/decisions");
  HAS("\"rows\":[]");
  post("/alerts/al1/decisions", "{\"act\":\"ack\"}");
  HAS("200 OK");
  HAS("\"alert\":\"al1\",\"alert_revision\":1,\"key\":\"drdos:192.0.2.9:ntp_monlist\",\"kind\":"
      "\"drdos\","
      "\"act\":\"ack\",\"text\":\"\",\"user\":\"local\"");
  HAS("\"hosts\":[\"192.0.2.9\"]");
  post("/alerts/al1/decisions", "{\"act\":\"comment\",\"text\":\"\\u901a\\u5831 <b>\"}");
  HAS("200 OK");
  post("/alerts/al2/decisions", "{\"act\":\"label\",\"text\":\"survey\"}");
  ask("/alerts/al1/decisions"); /* at once */
  HAS("\"act\":\"ack\"");
  HAS("<b>");
  HAS_NOT("survey");
  ask("/decisions?format=csv");
  HAS("\"survey\"");
  ask("/decisions?key=group:52869/tcp");
  HAS("survey");
  HAS_NOT("\"act\":\"ack\"");
  ask("/alerts/nobody/decisions");
  HAS("404 Not Found");
}

static void decisions_that_are_none(void **state)
{
  static const char *const bad[] = {"{\"act\":\"close\"}",
                                    "{\"act\":\"comment\"}",
                                    "{}",
                                    "[]",
                                    "nothing",
                                    "{\"act\":\"comment\",\"text\":\"a\\u0007\"}",
                                    "{\"act\":\"comment\",\"text\":\"a\\u0085\"}",
                                    "{\"act\":\"comment\",\"text\":\"a\\u200b\"}",
                                    "{\"act\":\"comment\",\"text\":\"\\u202eabc\"}",
                                    "{\"act\":\"comment\",\"text\":\"\xff\"}"};
  char body[3000];
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    post("/alerts/al3/decisions", bad[i]);
    HAS("400 Bad Request");
  }
  (void)snprintf(body, sizeof body, "{\"act\":\"comment\",\"text\":\"%0*d\"}", 2001, 0);
  post("/alerts/al3/decisions", body);
  HAS("400 Bad Request");
  post("/alerts/nobody/decisions", "{\"act\":\"ack\"}");
  HAS("404 Not Found");
  atomic_store(&bus_rc, PRAC_AGAIN);
  post("/alerts/al3/decisions", "{\"act\":\"ack\"}");
  HAS("503 Service Unavailable");
  atomic_store(&bus_rc, PRAC_OK);
  ask("/alerts/al3/decisions");
  HAS("\"rows\":[]");
}

static void who_was_told(void **state)
{
  (void)state;
  ask("/deliveries?alert=al9");
  for (int i = 1095; i < 1100; i++) {
    char id[16];
    (void)snprintf(id, sizeof id, "\"d%d\"", i);
    HAS(id);
  }
  HAS_NOT("\"ref\":\"al8\"");
  HAS("\"truncated\":false");
  ask("/deliveries?attack=p1"); /* and its carpet's, in one order */
  const char *part = strstr(got, "\"p-1\"");
  assert_true(part && part > strstr(got, "\"c-0002\"") && part < strstr(got, "\"c-0004\""));
  HAS("\"c-0998\"");
  HAS_NOT("\"c-0999\"");
  HAS("\"truncated\":true");
  HAS_NOT("\"next\"");
  static const char *const more[] = {"cursor=0", "limit=5", "from=2013-08-07", "to=2013-08-08",
                                     "state=open"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(more); i++) {
    char target[64];
    (void)snprintf(target, sizeof target, "/deliveries?attack=p1&%s", more[i]);
    ask(target);
    HAS("400 Bad Request");
  }
  ask("/deliveries?limit=3");
  HAS("\"next\"");
}

static void findings_as_told(void **state)
{
  (void)state;
  ask("/findings/latest?from=2013-08-07");
  HAS("\"f1\"");
  HAS("\"r3\""); /* the newest of its story */
  HAS_NOT("\"r1\"");
  HAS_NOT("\"kind\":\"noise-survey\"");
  HAS_NOT("\"kind\":\"drdos\"");
  ask("/findings/latest?limit=1");
  HAS("\"f1\"");
  HAS_NOT("\"r3\"");
  ask("/findings/latest?limit=201");
  HAS("400 Bad Request");
  ask("/findings/latest?src=192.0.2.1");
  HAS("400 Bad Request");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hits_by_filters),
      cmocka_unit_test(pages_of_hits),
      cmocka_unit_test(attacks_hold_their_parts),
      cmocka_unit_test(pages_end_where_the_next_begin),
      cmocka_unit_test(pages_of_flows),
      cmocka_unit_test(one_attack_closely),
      cmocka_unit_test(anything_is_looked_at),
      cmocka_unit_test(sensors_are_compared),
      cmocka_unit_test(groups_are_stories),
      cmocka_unit_test(ports_by_the_hour),
      cmocka_unit_test(risks_as_last_said),
      cmocka_unit_test(ones_own_part_of_the_world),
      cmocka_unit_test(the_machinery),
      cmocka_unit_test(decisions_are_kept),
      cmocka_unit_test(decisions_that_are_none),
      cmocka_unit_test(who_was_told),
      cmocka_unit_test(findings_as_told),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
