/* Audiences are bounded: who is listened to stays, who was unused for longest goes, and all share
 * the memory of events. */
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "portal/impl.h"

static struct portal *start(void)
{
  static struct portal_conf conf; /* borrowed until close */
  struct prac_err err = {0};
  struct portal *p = NULL;
  prac_conf_defaults(&portal_conf_section, &conf);
  conf.listen = "127.0.0.1:0";
  const struct portal_env env = {.listen_fd = -1, .version = "9.9.9"};
  if (portal_open(&conf, &env, &p, &err) != PRAC_OK) fail_msg("%s", err.text);
  return p;
}

/* The i-th reader's audience: of one network. */
static struct portal_audience *audience(struct portal *p, uint32_t i)
{
  const uint32_t asn = i + 1;
  const struct access_who who = {.org = "x", .scope = {.asns = &asn, .n_asns = 1, .org = "x"}};
  return portal_audience_of(p, &who);
}

static void say(struct portal_audience *a, size_t bytes)
{
  char *text = malloc(bytes);
  assert_non_null(text);
  memset(text, 'x', bytes);
  assert_int_equal(sys_http_feed_put(a->feed, "e", text, bytes), PRAC_OK);
  free(text);
}

/* Made, told one event, and left. */
static void visit(struct portal *p, uint32_t i)
{
  struct portal_audience *a = audience(p, i);
  assert_non_null(a);
  if (sys_http_feed_last(a->feed) == 0) say(a, 10);
  portal_audience_unref(p, &a);
}

/* Is it the one that was told something? */
static bool still(struct portal *p, uint32_t i)
{
  struct portal_audience *a = audience(p, i);
  assert_non_null(a);
  bool ret = sys_http_feed_last(a->feed) > 0;
  portal_audience_unref(p, &a);
  return ret;
}

static void nothing(void *arg)
{
  (void)arg;
}

static void unused_for_longest_goes(void **st)
{
  enum { OWN = 1 }; /* without accounts there is one from the start */
  struct portal *p = start();
  struct sys_http_reader *r = NULL;
  (void)st;
  for (uint32_t i = 0; i < PORTAL_AUDIENCES - OWN; i++) visit(p, i);
  struct portal_audience *a = audience(p, 0);
  assert_int_equal(sys_http_reader_open(a->feed, 0, nothing, NULL, &r), PRAC_OK);
  portal_audience_unref(p, &a); /* listened to, and not used since */
  for (uint32_t i = 0; i < 2 * PORTAL_AUDIENCES; i++) visit(p, 10000 + i);
  assert_int_equal(p->audiences.n, PORTAL_AUDIENCES);
  assert_true(still(p, 0));
  assert_false(still(p, 1)); /* made anew: the oldest of those left has gone for it */
  assert_false(still(p, 10000));
  assert_true(still(p, 10000 + 2 * PORTAL_AUDIENCES - 1));
  visit(p, 20000);
  assert_true(still(p, 10000 + 2 * PORTAL_AUDIENCES - 100)); /* used: the newest now */
  for (uint32_t i = 0; i < PORTAL_AUDIENCES - 10; i++) visit(p, 30000 + i);
  assert_true(still(p, 10000 + 2 * PORTAL_AUDIENCES - 100));
  sys_http_reader_close(&r);
  portal_close(&p);
}

static void in_use_none_goes(void **st)
{
  struct portal *p = start();
  struct portal_audience *held[PORTAL_AUDIENCES];
  (void)st;
  for (uint32_t i = 0; i < PORTAL_AUDIENCES; i++) {
    held[i] = audience(p, i); /* the one from the start is the first that goes */
    assert_non_null(held[i]);
  }
  assert_null(audience(p, PORTAL_AUDIENCES));
  assert_ptr_equal(audience(p, 7), held[7]);
  held[7]->refs--;
  portal_audience_unref(p, &held[7]);
  struct portal_audience *a = audience(p, PORTAL_AUDIENCES);
  assert_non_null(a);
  portal_audience_unref(p, &a);
  for (uint32_t i = 0; i < PORTAL_AUDIENCES; i++) portal_audience_unref(p, &held[i]);
  portal_close(&p);
}

/* Bytes that a reader from the beginning still finds. */
static size_t kept(struct portal_audience *a)
{
  static char text[1 << 16];
  struct sys_http_reader *r = NULL;
  size_t n = 0;
  assert_int_equal(sys_http_reader_open(a->feed, 0, nothing, NULL, &r), PRAC_OK);
  for (size_t got; (got = sys_http_reader_read(r, text, sizeof text, nothing)) > 0;) n += got;
  sys_http_reader_close(&r);
  return n;
}

static void events_share_the_memory(void **st)
{
  enum { EVENT = 100000, EVENTS = 50 };
  struct portal *p = start();
  (void)st;
  struct portal_audience *first = audience(p, 0);
  for (int i = 0; i < EVENTS; i++) say(first, EVENT);
  assert_in_range(kept(first), EVENTS * EVENT, PORTAL_RING_BYTES / 2);
  for (uint32_t i = 1; i < 16; i++) visit(p, i);
  say(first, EVENT); /* its part is smaller now */
  assert_in_range(kept(first), PORTAL_RING_BYTES / 17 - 2 * EVENT, PORTAL_RING_BYTES / 17);
  for (uint32_t i = 16; i < PORTAL_AUDIENCES - 1; i++) visit(p, i);
  say(first, EVENT);
  assert_in_range(kept(first), EVENT, PORTAL_RING_LEAST); /* and never less than that */
  portal_audience_unref(p, &first);
  portal_close(&p);
}

static struct portal_audience *reader(struct portal *p, enum access_role role)
{
  const struct access_who who = {
      .org = "x", .role = role, .scope = {.all = true, .clearance = ACCESS_RED, .org = "x"}};
  struct portal_audience *a = portal_audience_of(p, &who);
  assert_non_null(a);
  return a;
}

/* Analysts hear findings, as many as people can follow; of many notices room is left for what is
 * grave. */
static void findings_are_few(void **st)
{
  struct portal *p = start();
  struct portal_audience *viewer = reader(p, ACCESS_VIEWER), *analyst = reader(p, ACCESS_ANALYST);
  struct finding f = {
      .id = "f", .key = "port:23/tcp", .kind = "surge-port", .state = "on", .level = 1};
  (void)st;
  assert_ptr_not_equal(viewer, analyst);
  for (int i = 0; i < 1000; i++) portal_take_record(p, &model_finding, &f);
  uint64_t notices = sys_http_feed_last(analyst->feed);
  assert_in_range(notices, PORTAL_FINDINGS / 2, PORTAL_FINDINGS / 2 + 5);
  f.level = 4;
  for (int i = 0; i < 1000; i++) portal_take_record(p, &model_finding, &f);
  assert_in_range(sys_http_feed_last(analyst->feed), PORTAL_FINDINGS, PORTAL_FINDINGS + 10);
  assert_int_equal(sys_http_feed_last(viewer->feed), 0);
  f.kind = "noise-survey"; /* a label */
  analyst->room = PORTAL_FINDINGS;
  portal_take_record(p, &model_finding, &f);
  f.kind = "drdos"; /* said as an attack */
  portal_take_record(p, &model_finding, &f);
  assert_in_range(sys_http_feed_last(analyst->feed), PORTAL_FINDINGS, PORTAL_FINDINGS + 10);
  portal_audience_unref(p, &viewer);
  portal_audience_unref(p, &analyst);
  portal_close(&p);
}

/* What is an organisation's own is not for another of the same scope; of the whole world there is
 * one. */
static void by_scope_and_organisation(void **st)
{
  const uint32_t asn = 5;
  struct access_who a = {.org = "a", .scope = {.asns = &asn, .n_asns = 1, .org = "a"}}, b = a,
                    c = a, world = {.scope = {.all = true, .org = "a"}}, world2 = world;
  struct portal *p = start();
  (void)st;
  b.scope.org = "b";
  c.scope.clearance = ACCESS_RED;
  world2.scope.org = "b";
  struct portal_audience *v[] = {portal_audience_of(p, &a),     portal_audience_of(p, &a),
                                 portal_audience_of(p, &b),     portal_audience_of(p, &c),
                                 portal_audience_of(p, &world), portal_audience_of(p, &world2)};
  assert_ptr_equal(v[0], v[1]);
  assert_ptr_not_equal(v[0], v[2]);
  assert_ptr_not_equal(v[0], v[3]);
  assert_ptr_equal(v[4], v[5]);
  assert_string_equal(v[2]->scope.org, "b");
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) portal_audience_unref(p, &v[i]);
  portal_close(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unused_for_longest_goes), cmocka_unit_test(in_use_none_goes),
      cmocka_unit_test(events_share_the_memory), cmocka_unit_test(by_scope_and_organisation),
      cmocka_unit_test(findings_are_few),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
