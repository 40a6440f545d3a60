/* Alerts and attacks are found by when they ran, not by when they were told last; and of many, only
 * those that matter are looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store_made.h"
#include "lib/t.h"
#include "model/delivery.h"
#include "model/packet.h"
#include "store/embedded/embedded.h"

static char dir[256];

static int setup(void **state)
{
  (void)state;
  made_dir(dir);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  made_dir_remove(dir);
  return 0;
}

static struct store must_open(const char *name)
{
  struct store s = {0};
  struct prac_err err = {0};
  const struct store_env env = {.dir = dir, .nthreads = 1};
  if (store_open(name, NULL, &env, &s, &err) != PRAC_OK) fail_msg("%s", err.text);
  return s;
}

static void put(struct store *s, const struct store_rec *r, size_t n)
{
  assert_int_equal(s->ops->append(s->st, &(struct store_tx){.recs = r, .n_recs = n}, NULL),
                   PRAC_OK);
}

static prac_time hour(int h)
{
  return MADE_DAY + h * PRAC_HOUR;
}

static struct alert alert_of(const char *id, int from, int at, bool open)
{
  return (struct alert){.id = id,
                        .key = "country:MM",
                        .state = open ? "update" : "close",
                        .opened = hour(from),
                        .from = hour(from),
                        .to = hour(at),
                        .at = hour(at),
                        .closed = open ? PRAC_TIME_NONE : hour(at)};
}

struct ids {
  char text[256];
};

static prac_rc take_id(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  struct ids *l = arg;
  const char *id = strstr(v[0].s, "\"id\":\"");
  (void)cols, (void)n;
  assert_non_null(id);
  size_t at = strlen(l->text);
  (void)snprintf(l->text + at, sizeof l->text - at, "%.1s", id + 6);
  return PRAC_OK;
}

static void expect(struct store *s, struct store_query q, int from, int to, const char *ids)
{
  struct ids l = {""};
  q.what = STORE_RECORDS;
  if (!q.kind) q.kind = &model_alert;
  q.span = (struct prac_span){hour(from), hour(to)};
  assert_int_equal(s->ops->query(s->st, &q, take_id, &l, NULL), PRAC_OK);
  assert_string_equal(l.text, ids);
}

static void found_by_when_they_ran(void **state)
{
  static const char *const names[] = {"ram", "embedded"};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(names); i++) {
    struct store s = must_open(names[i]);
    const struct alert a[] = {alert_of("a", 2, 20, false), /* told last long after */
                              alert_of("b", 10, 12, false), alert_of("c", 1, 9, false),
                              alert_of("d", 3, 5, true), /* nobody has said that it is over */
                              alert_of("e", 15, 16, true),  alert_of("f", 0, 200, false)};
    struct episode e = {.id = "x", .state = "update", .from = hour(1), .to = hour(3)};
    struct store_rec r[7];
    e.at = hour(3);
    for (size_t k = 0; k < 6; k++) r[k] = (struct store_rec){&model_alert, &a[k]};
    r[6] = (struct store_rec){&model_episode, &e};
    put(&s, r, 7);
    expect(&s, (struct store_query){.limit = 0}, 10, 11, "fabd");
    expect(&s, (struct store_query){.limit = 2}, 10, 11, "fa");
    expect(&s, (struct store_query){.oldest_first = true}, 10, 11, "dbaf");
    expect(&s, (struct store_query){.after = "a", .after_at = hour(20)}, 10, 11, "bd");
    expect(&s, (struct store_query){.after = "b", .after_at = hour(12), .oldest_first = true}, 10,
           11, "af");
    expect(&s, (struct store_query){.state = "update"}, 10, 11, "d");
    expect(&s, (struct store_query){.id = "a"}, 10, 11, "a");
    expect(&s, (struct store_query){.id = "c"}, 10, 11, "");
    expect(&s, (struct store_query){.key = "country:MM"}, 0, 2, "fc");
    expect(&s, (struct store_query){.limit = 0}, 9, 10, "facd"); /* both ends belong to it */
    expect(&s, (struct store_query){.kind = &model_episode}, 10, 11, "x");
    e.state = "end";
    put(&s, &r[6], 1);
    expect(&s, (struct store_query){.kind = &model_episode}, 10, 11, "");
    store_close(&s);
  }
}

static int step(void *arg)
{
  ++*(unsigned *)arg;
  return 0;
}

/* In thousands of SQLite's instructions. */
static unsigned work_of(struct store *s, const struct store_query *q, struct ids *ids)
{
  unsigned n = 0;
  struct emb *e = s->st;
  sqlite3_progress_handler(e->db, 1000, step, &n);
  ids->text[0] = 0;
  assert_int_equal(s->ops->query(s->st, q, take_id, ids, NULL), PRAC_OK);
  sqlite3_progress_handler(e->db, 0, NULL, NULL);
  return n;
}

/* 40,000 alerts of half an hour, one after the other, one of them long, and the first still open.
 * A walk through all takes more than half a million instructions. */
static void only_those_are_looked_at(void **state)
{
  enum { N = 40000 };
  (void)state;
  struct store s = must_open("embedded");
  struct alert *a = calloc(N, sizeof *a);
  struct store_rec *r = calloc(N, sizeof *r);
  char(*id)[16] = calloc(N, sizeof *id);
  assert_true(a && r && id);
  for (int i = 0; i < N; i++) {
    (void)snprintf(id[i], sizeof id[i], "%c%d", i == 0 ? 'o' : i == N / 2 ? 'l' : 's', i);
    a[i] = alert_of(id[i], 0, 0, i == 0);
    a[i].at = hour(0) + i * PRAC_MIN;
    a[i].opened = a[i].at - (i == N / 2 ? 50 * PRAC_HOUR : 30 * PRAC_SEC);
    a[i].from = PRAC_TIME_NONE;
    r[i] = (struct store_rec){&model_alert, &a[i]};
  }
  put(&s, r, N);
  struct ids l;
  struct store_query q = {.what = STORE_RECORDS, .kind = &model_alert};
  q.span = (struct prac_span){a[N / 2 - 2000].at, a[N / 2 - 2000].at + PRAC_MIN};
  assert_in_range(work_of(&s, &q, &l), 0, 10);
  assert_string_equal(l.text, "lsso");
  q.oldest_first = true;
  assert_in_range(work_of(&s, &q, &l), 0, 10);
  assert_string_equal(l.text, "ossl");
  q = (struct store_query){.what = STORE_RECORDS, .kind = &model_alert, .limit = 3};
  assert_in_range(work_of(&s, &q, &l), 0, 10);
  assert_string_equal(l.text, "sss");
  q = (struct store_query){.what = STORE_RECORDS, .kind = &model_alert, .country = "ZZ"};
  assert_in_range(work_of(&s, &q, &l), 100, 10000); /* all of them: it is counted */
  free(id);
  free(r);
  free(a);
  store_close(&s);
}

/* 12,000 alerts of three years each, begun within sixty: of those that were over before, few are
 * looked at. A walk through all that began before takes more than 50,000 instructions. */
static void long_ones_too(void **state)
{
  enum { N = 12000 };
  const int64_t year = 365 * PRAC_DAY, gap = 60 * year / N;
  (void)state;
  struct store s = must_open("embedded");
  struct alert *a = calloc(N, sizeof *a);
  struct store_rec *r = calloc(N, sizeof *r);
  char(*id)[16] = calloc(N, sizeof *id);
  assert_true(a && r && id);
  for (int i = 0; i < N; i++) {
    (void)snprintf(id[i], sizeof id[i], "%c%d", i % 2 ? 'o' : 'e', i);
    a[i] = alert_of(id[i], 0, 0, false);
    a[i].from = a[i].opened = hour(0) + i * gap;
    a[i].at = a[i].closed = a[i].from + 3 * year;
    r[i] = (struct store_rec){&model_alert, &a[i]};
  }
  put(&s, r, N);
  struct ids l;
  struct store_query q = {.what = STORE_RECORDS, .kind = &model_alert, .limit = 3};
  q.span = (struct prac_span){a[N - 1000].from, a[N - 1000].from + 1};
  assert_in_range(work_of(&s, &q, &l), 0, 20);
  assert_string_equal(l.text, "eoe");
  free(id);
  free(r);
  free(a);
  store_close(&s);
}

/* One kind among 40,000 findings of others. */
static void one_kind_is_found_among_many(void **state)
{
  enum { N = 40000 };
  static const char *const names[] = {"ram", "embedded"};
  (void)state;
  struct finding *f = calloc(N, sizeof *f);
  struct store_rec *r = calloc(N, sizeof *r);
  char(*id)[16] = calloc(N, sizeof *id);
  assert_true(f && r && id);
  for (int i = 0; i < N; i++) {
    bool rare = i == 3 || i == 500 || i == 9000;
    (void)snprintf(id[i], sizeof id[i], "%c%d",
                   rare ? i == 3     ? 'x'
                          : i == 500 ? 'y'
                                     : 'z'
                        : 'o',
                   i);
    f[i] = (struct finding){.id = id[i],
                            .key = "port:23/tcp",
                            .kind = rare    ? "risk-port"
                                    : i % 2 ? "risk-ports"
                                            : "noise-survey",
                            .state = i == 500 ? "off" : "on",
                            .at = hour(0) + i * PRAC_SEC};
    r[i] = (struct store_rec){&model_finding, &f[i]};
  }
  for (size_t i = 0; i < PRAC_ARRAY_LEN(names); i++) {
    struct store s = must_open(names[i]);
    struct ids l;
    put(&s, r, N);
    struct store_query q = {.kind = &model_finding, .only = "risk-port"};
    expect(&s, q, 0, 24, "zyx");
    expect(&s, q, 1, 24, "z");
    q.state = "on";
    expect(&s, q, 0, 24, "zx");
    q.limit = 1;
    expect(&s, q, 0, 24, "z");
    q = (struct store_query){.what = STORE_RECORDS, .kind = &model_finding, .only = "risk-port"};
    if (i == 1) assert_in_range(work_of(&s, &q, &l), 0, 10);
    store_close(&s);
  }
  free(id);
  free(r);
  free(f);
}

/* ---- packets: whatever is asked, their columns say which are read ---- */

enum { PACKETS = 20000 };

/* One a second, of four countries and two sensors by turns; the first is of 198.51.100.7. */
static void put_packets(struct store *s)
{
  static const char *const countries[] = {"MM", "NL", "SE", "DE"};
  struct packet *p = calloc(PACKETS, sizeof *p);
  struct store_rec *r = calloc(PACKETS, sizeof *r);
  char(*id)[16] = calloc(PACKETS, sizeof *id);
  assert_true(p && r && id);
  for (uint32_t i = 0; i < PACKETS; i++) {
    (void)snprintf(id[i], sizeof id[i], "%c%05u", i == 0 ? 'f' : 'p', i);
    p[i] = (struct packet){.id = id[i],
                           .sensor = i % 2 ? "tokyo" : "oslo",
                           .at = hour(0) + i * PRAC_SEC,
                           .src = prac_ip4(i == 0 ? 0xc6336407 : 0x0a000000 + i % 500 * 256),
                           .proto = i % 5 == 4 ? 1 : 6,
                           .sport = 3,
                           .dport = i == 0       ? 4444
                                    : i % 5 == 4 ? 1
                                                 : 23,
                           .layer = "ip",
                           .country = countries[i % 4],
                           .asn = 64496 + i % 4};
    r[i] = (struct store_rec){&model_packet, &p[i]};
  }
  put(s, r, PACKETS);
  free(id);
  free(r);
  free(p);
}

static void spoil(struct store *s, const char *which)
{
  char sql[256];
  struct emb *e = s->st;
  (void)snprintf(sql, sizeof sql, "UPDATE packet SET json = '{' WHERE %s", which);
  assert_int_equal(sqlite3_exec(e->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static struct store_query words(const char *text, struct prac_arena *a)
{
  struct store_query q;
  struct prac_err err = {0};
  prac_arena_reset(a);
  if (store_query_parse(text, &q, a, &err) != PRAC_OK) fail_msg("%s", err.text);
  return q;
}

static void packets_by_an_index(void **state)
{
  static const struct {
    const char *words, *ids;
    unsigned work;
  } v[] = {{"what=packets sensor=oslo src=198.51.100.7", "f", 1},
           {"what=packets src=198.51.100.7 port=4444/tcp", "f", 1},
           {"what=packets src=198.51.100.0/24", "f", 1},
           {"what=packets src=198.51.100.0/24 sensor=oslo country=MM asn=64496", "f", 1},
           {"what=packets port=4444/tcp", "f", 1},
           {"what=packets port=4444/tcp sensor=oslo", "f", 1},
           {"what=packets port=4444/udp", "", 1},
           {"what=packets port=23/tcp limit=3", "ppp", 1},
           {"what=packets port=23/tcp limit=3 order=oldest", "ppp", 1}};
  struct prac_arena *a = prac_arena_new(1024);
  struct store s = must_open("embedded");
  struct ids l;
  (void)state;
  put_packets(&s);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    struct store_query q = words(v[i].words, a);
    unsigned work = work_of(&s, &q, &l);
    if (work > v[i].work) fail_msg("%s: %u thousand steps", v[i].words, work);
    assert_string_equal(l.text, v[i].ids);
  }
  store_close(&s);
  prac_arena_free(&a);
}

/* ---- hits ---- */

/* One a second of a year of days, of 500 victims by turns; one in 2000 of 198.51.100.7. */
static void put_hits(struct store *s)
{
  struct hit *h = calloc(PACKETS, sizeof *h);
  struct store_rec *r = calloc(PACKETS, sizeof *r);
  char(*id)[16] = calloc(PACKETS, sizeof *id);
  assert_true(h && r && id);
  for (uint32_t i = 0; i < PACKETS; i++) {
    bool mine = i % 2000 == 0;
    (void)snprintf(id[i], sizeof id[i], "%c%05u", mine ? (char)('a' + i / 2000) : 'h', i);
    h[i] = (struct hit){.id = id[i],
                        .sensor = i % 2 ? "tokyo" : "oslo",
                        .at = hour(0) + i * 1500 * PRAC_SEC,
                        .victim = prac_ip4(mine ? 0xc6336407 : 0x0a000000 + i % 500 * 256),
                        .vector = "dns",
                        .port = 53};
    r[i] = (struct store_rec){&model_hit, &h[i]};
  }
  put(s, r, PACKETS);
  free(id);
  free(r);
  free(h);
}

/* Of one victim, or a small network, over the whole year: as much work as there are answers. The
 * walk is more than 200,000 instructions and 20,000 texts. */
static void hits_of_one_victim(void **state)
{
  static const struct {
    const char *words, *ids;
  } v[] = {{"what=hits victim=198.51.100.7", "jihgfedcba"},
           {"what=hits victim=198.51.100.7 order=oldest", "abcdefghij"},
           {"what=hits victim=198.51.100.7 limit=2", "ji"},
           {"what=hits victim=198.51.100.7 sensor=oslo limit=2", "ji"},
           {"what=hits src=198.51.100.7 limit=2", "ji"}, /* who is named */
           {"what=hits victim=198.51.100.0/24", "jihgfedcba"},
           {"what=hits victim=198.51.100.0/24 order=oldest limit=3", "abc"},
           {"what=hits victim=203.0.113.0/24", ""},
           {"what=hits victim=198.51.100.7 port=80/udp", ""}};
  struct prac_arena *a = prac_arena_new(1024);
  struct store s = must_open("embedded");
  struct ids l;
  (void)state;
  put_hits(&s);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    struct store_query q = words(v[i].words, a);
    unsigned work = work_of(&s, &q, &l);
    if (work > 2) fail_msg("%s: %u thousand steps", v[i].words, work);
    assert_string_equal(l.text, v[i].ids);
  }
  struct store_query q = words("what=hits victim=198.51.100.7", a); /* its second page */
  q.after = "h";
  q.after_at = hour(0) + 5000 * 1500 * PRAC_SEC;
  assert_in_range(work_of(&s, &q, &l), 0, 2);
  assert_string_equal(l.text, "cba");
  q = words("what=hits port=80/udp", a); /* what has no index: it is counted */
  assert_in_range(work_of(&s, &q, &l), 100, 10000);
  store_close(&s);
  prac_arena_free(&a);
}

/* A store that has hits from before there was the index gets it when it is opened for writing. */
static void an_older_store_gets_the_index(void **state)
{
  struct prac_arena *a = prac_arena_new(1024);
  struct store s = must_open("embedded");
  struct ids l;
  (void)state;
  put_hits(&s);
  assert_int_equal(emb_exec(s.st, "DROP INDEX hit_victim", NULL), PRAC_OK);
  struct store_query q = words("what=hits victim=198.51.100.7", a);
  assert_in_range(work_of(&s, &q, &l), 100, 10000);
  store_close(&s);
  s = must_open("embedded");
  assert_in_range(work_of(&s, &q, &l), 0, 2);
  assert_string_equal(l.text, "jihgfedcba");
  store_close(&s);
  prac_arena_free(&a);
}

/* Of what the columns rule out, the JSON is not read: here it cannot be. */
static void json_is_read_last(void **state)
{
  static const struct {
    const char *words, *others, *ids;
  } v[] = {{"what=packets country=MM limit=2", "country <> 'MM'", "pp"},
           {"what=packets asn=64496 limit=2", "asn <> 64496", "pp"},
           {"what=packets port=4444", "dport <> 4444 AND proto <> 1", "f"},
           {"what=packets proto=icmp limit=2", "proto <> 1", "pp"},
           {"what=packets src=198.0.0.0/8", "sensor = 'tokyo' OR dport <> 4444", "f"},
           {"what=packets victim=198.51.100.7", "sensor = 'tokyo' OR dport <> 4444", "f"}};
  struct prac_arena *a = prac_arena_new(1024);
  struct ids l;
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    struct store s = must_open("embedded");
    put_packets(&s);
    spoil(&s, v[i].others);
    struct store_query q = words(v[i].words, a);
    (void)work_of(&s, &q, &l);
    assert_string_equal(l.text, v[i].ids);
    store_close(&s);
  }
  prac_arena_free(&a);
}

/* A delivery is over when it has been told: it went on at no other time. */
static void deliveries_do_not_run(void **state)
{
  struct store s = must_open("embedded");
  struct delivery d = {.id = "d", .state = "start", .revision = 1, .at = hour(1)};
  struct store_rec r = {&model_delivery, &d};
  (void)state;
  put(&s, &r, 1);
  expect(&s, (struct store_query){.kind = &model_delivery}, 1, 2, "d");
  expect(&s, (struct store_query){.kind = &model_delivery}, 2, 3, "");
  store_close(&s);
}

static int64_t rows_of(struct store *s, const char *which)
{
  char sql[128];
  int64_t n = -1;
  (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", which);
  assert_int_equal(emb_one(s->st, sql, &n, NULL), PRAC_OK);
  return n;
}

/* By age and by number, the oldest first; of more than one step. */
static void packets_and_deliveries_go(void **state)
{
  struct store s = must_open("embedded");
  struct emb *e = s.st;
  struct delivery d[2] = {{.id = "old", .at = hour(0)}, {.id = "new", .at = hour(25)}};
  const struct store_rec r[] = {{&model_delivery, &d[0]}, {&model_delivery, &d[1]}};
  (void)state;
  put_packets(&s);
  put(&s, r, 2);
  assert_int_equal(s.ops->maintain(s.st, hour(26), NULL), PRAC_OK); /* nothing is old */
  assert_int_equal(rows_of(&s, "packet"), PACKETS);
  assert_int_equal(rows_of(&s, "delivery"), 2);
  e->conf.packet_max_rows = 5000;
  e->conf.delivery_retention_ns = PRAC_DAY;
  assert_int_equal(s.ops->maintain(s.st, hour(26), NULL), PRAC_OK);
  assert_int_equal(rows_of(&s, "packet"), 5000);
  assert_int_equal(rows_of(&s, "packet WHERE id = 'p15000' OR id = 'p19999'"), 2);
  assert_int_equal(rows_of(&s, "delivery WHERE id = 'new'"), 1);
  assert_int_equal(rows_of(&s, "delivery"), 1);
  e->conf.packet_retention_ns = 2 * PRAC_HOUR; /* 5 h 33 min of them */
  assert_int_equal(s.ops->maintain(s.st, hour(7), NULL), PRAC_OK);
  assert_int_equal(rows_of(&s, "packet"), PACKETS - 5 * 3600);
  store_close(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(found_by_when_they_ran),        T(only_those_are_looked_at), T(long_ones_too),
      T(one_kind_is_found_among_many),  T(packets_by_an_index),      T(hits_of_one_victim),
      T(an_older_store_gets_the_index), T(json_is_read_last),        T(deliveries_do_not_run),
      T(packets_and_deliveries_go)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
