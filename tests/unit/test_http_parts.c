/* The HTTP layer's pure parts: request target, headers, event ring, rate. */
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sys/http_feed.h"
#include "sys/http_rate.h"
#include "sys/http_target.h"

static void targets_are_decoded(void **s)
{
  (void)s;
  struct sys_http_target t;
  assert_int_equal(
      sys_http_target_parse("/api/v1/t%6fp?by=port&q=port%3D53%2Fudp+src%3d1&&x&y=", &t, NULL),
      PRAC_OK);
  assert_string_equal(t.path, "/api/v1/top");
  assert_int_equal(t.n_params, 4);
  assert_string_equal(sys_http_target_param(&t, "by"), "port");
  assert_string_equal(sys_http_target_param(&t, "q"), "port=53/udp src=1");
  assert_string_equal(sys_http_target_param(&t, "x"), "");
  assert_string_equal(sys_http_target_param(&t, "y"), "");
  assert_null(sys_http_target_param(&t, "z"));
}

static void hostile_targets_are_refused(void **s)
{
  (void)s;
  static const char *const bad[] = {"",         "*",         "http://x/", "/..",       "/a/../b",
                                    "/%2e%2e/", "/a%00b",    "/a%0d%0a",  "/a%",       "/a%4",
                                    "/a%zz",    "//x",       "/\\x",      "/%ff",      "/a?b=%00",
                                    "/a?%zz=1", "/a?b=%0a1", "/a\x01",    "/%252e/%5c"};
  struct sys_http_target t;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    assert_int_equal(sys_http_target_parse(bad[i], &t, NULL), PRAC_MALFORMED);
  char *big = malloc(SYS_HTTP_TARGET_MAX + 2);
  memset(big, '&', SYS_HTTP_TARGET_MAX + 1);
  memcpy(big, "/?", 2);
  big[SYS_HTTP_TARGET_MAX + 1] = 0;
  assert_int_equal(sys_http_target_parse(big, &t, NULL), PRAC_RANGE);
  for (size_t i = 2; i < 200; i += 2) memcpy(big + i, "a&", 2);
  big[200] = 0;
  assert_int_equal(sys_http_target_parse(big, &t, NULL), PRAC_RANGE);
  free(big);
}

static void entity_tags_compare(void **s)
{
  (void)s;
  assert_true(sys_http_etag_matches("\"a\", W/\"b\"", "b"));
  assert_true(sys_http_etag_matches("*", "b"));
  assert_false(sys_http_etag_matches(NULL, "b"));
  assert_false(sys_http_etag_matches("b", "b"));
  assert_false(sys_http_etag_matches("\"bb\",\"\",", "b"));
  assert_false(sys_http_etag_matches("\"b", "bc"));
}

static void codings_and_hosts(void **s)
{
  (void)s;
  static const char *const names[] = {"localhost", "::1", "127.0.0.1"};
  struct prac_ip ip;
  assert_true(sys_http_accepts_coding("deflate, GZIP;q=0.5", "gzip"));
  assert_false(sys_http_accepts_coding("gzip;q=0.000, br", "gzip"));
  assert_false(sys_http_accepts_coding("xgzip, gzipx", "gzip"));
  assert_false(sys_http_accepts_coding(NULL, "gzip"));
  assert_true(sys_http_host_in("LocalHost:80", names, 3));
  assert_true(sys_http_host_in("[::1]:80", names, 3));
  assert_false(sys_http_host_in("[::1", names, 3));
  assert_false(sys_http_host_in("localhost.evil.example", names, 3));
  assert_false(sys_http_host_in(NULL, names, 3));
  assert_int_equal(sys_http_forwarded_for("1.2.3.4, 203.0.113.9 ", &ip), PRAC_OK);
  assert_int_equal(prac_ip_to4(&ip), 0xcb007109);
  assert_int_not_equal(sys_http_forwarded_for("1.2.3.4,", &ip), PRAC_OK);
}

static void credentials(void **s)
{
  static const struct {
    const char *cookies, *value; /* NULL: none */
  } cookies[] = {
      {"practice=abc", "abc"},
      {"a=1; practice=abc; b=2", "abc"},
      {"a=1;practice=abc", "abc"},
      {"practice=first; practice=second", "first"},
      {"practice=a=b", "a=b"},
      {"xpractice=1", NULL},
      {"practicex=1", NULL},
      {"practice", NULL},
      {"practice=", NULL},
      {"practice=; practice=b", NULL},
      {"PRACTICE=abc", NULL},
      {"practice=0123456789", NULL}, /* does not fit */
      {";;  ; ;", NULL},
      {"", NULL},
      {NULL, NULL},
  };
  static const struct {
    const char *header, *token;
  } bearers[] = {{"Bearer pk_a", "pk_a"},     {"bearer pk_a", NULL},
                 {"Bearer  pk_a", NULL},      {"Bearer ", NULL},
                 {"Bearer pk a", NULL},       {"Basic cGs6", NULL},
                 {"Bearer\tpk_a", NULL},      {"Bearer pk_a,", NULL},
                 {"Bearer 0123456789", NULL}, {NULL, NULL}};
  static const struct {
    const char *origin, *host;
    bool own;
  } origins[] = {
      {"https://portal.example", "portal.example", true},
      {"https://Portal.Example:8443", "portal.example:443", true},
      {"http://[::1]:8640", "[::1]:8640", true},
      {"http://127.0.0.1", "127.0.0.1:8640", true},
      {"null", "portal.example", false},
      {"", "portal.example", false},
      {"https://", "", false},
      {"https://portal.example", NULL, false},
      {"https://portal.example.evil", "portal.example", false},
      {"https://evil/portal.example", "portal.example", false},
      {"https://portal.example@evil", "portal.example", false},
      {"https://portal.example:80@evil", "portal.example", false},
      {"https://portal.example:80/x", "portal.example", false},
      {"evil://portal.example", "portal.example", false},
      {"x https://portal.example", "portal.example", false},
      {"http://[::1", "[::1]", false},
      {"http://[localhost]", "localhost", false},
  };
  char to[10];
  (void)s;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cookies); i++) {
    assert_int_equal(sys_http_cookie(cookies[i].cookies, "practice", to, sizeof to),
                     cookies[i].value != NULL);
    if (cookies[i].value) assert_string_equal(to, cookies[i].value);
  }
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bearers); i++) {
    assert_int_equal(sys_http_bearer(bearers[i].header, to, sizeof to), bearers[i].token != NULL);
    if (bearers[i].token) assert_string_equal(to, bearers[i].token);
  }
  for (size_t i = 0; i < PRAC_ARRAY_LEN(origins); i++)
    if (sys_http_origin_is(origins[i].origin, origins[i].host) != origins[i].own)
      fail_msg("%s", origins[i].origin);
  assert_true(sys_http_type_is("application/json; charset=utf-8", "application/json"));
  assert_true(sys_http_type_is("application/json", "application/json"));
  assert_false(sys_http_type_is("application/jsonp", "application/json"));
  assert_false(sys_http_type_is(NULL, "application/json"));
}

static void on_wake(void *arg)
{
  ++*(int *)arg;
}
static void on_pause(void *arg)
{
  (void)arg;
}
static size_t drain(struct sys_http_reader *r, char *to, size_t cap)
{
  size_t n = 0;
  for (size_t got; (got = sys_http_reader_read(r, to + n, cap - 1 - n, on_pause)) > 0;) n += got;
  to[n] = 0;
  return n;
}

static void readers_replay_and_wake(void **s)
{
  (void)s;
  int woken = 0;
  char out[512];
  struct sys_http_feed *f = NULL;
  struct sys_http_reader *r = NULL, *late = NULL;
  assert_int_equal(sys_http_feed_new(8, 4096, &f), PRAC_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(sys_http_feed_put(f, "e", "{}", 2), PRAC_OK);
  assert_int_equal(sys_http_feed_put(f, "e", "a\nb", 3), PRAC_MALFORMED);
  assert_int_equal(sys_http_reader_open(f, 1, on_wake, &woken, &r), PRAC_OK);
  assert_int_equal(sys_http_reader_open(f, UINT64_MAX, on_wake, &woken, &late), PRAC_OK);
  drain(r, out, sizeof out);
  assert_string_equal(out, "id: 2\nevent: e\ndata: {}\n\nid: 3\nevent: e\ndata: {}\n\n");
  assert_int_equal(drain(late, out, sizeof out), 0);
  assert_int_equal(woken, 0);
  assert_int_equal(sys_http_feed_put(f, "x", "4", 1), PRAC_OK);
  assert_int_equal(sys_http_feed_put(f, "x", "5", 1), PRAC_OK);
  assert_int_equal(woken, 2); /* once for each sleeper, not once for each event */
  drain(late, out, sizeof out);
  assert_string_equal(out, "id: 4\nevent: x\ndata: 4\n\nid: 5\nevent: x\ndata: 5\n\n");
  sys_http_reader_beat(late); /* it has been sent something: nothing */
  sys_http_reader_beat(late);
  drain(late, out, sizeof out);
  assert_string_equal(out, ": \n\n");
  sys_http_reader_close(&r);
  sys_http_reader_close(&late);
  sys_http_feed_free(&f);
}

static void overtaken_readers_get_one_gap(void **s)
{
  (void)s;
  int woken = 0;
  char out[1024], part[8];
  struct sys_http_feed *f = NULL;
  struct sys_http_reader *r = NULL, *stranger = NULL;
  assert_int_equal(sys_http_feed_new(4, 4096, &f), PRAC_OK);
  assert_int_equal(sys_http_feed_put(f, "e", "first", 5), PRAC_OK);
  assert_int_equal(sys_http_reader_open(f, 0, on_wake, &woken, &r), PRAC_OK);
  assert_int_equal(sys_http_reader_read(r, part, 3, on_pause), 3); /* in the middle of 1 */
  for (int i = 0; i < 10; i++) assert_int_equal(sys_http_feed_put(f, "e", "x", 1), PRAC_OK);
  drain(r, out, sizeof out);
  /* The event it was in the middle of is whole, then the gap, then the four that are left. */
  assert_int_equal(strncmp(out, " 1\nevent: e\ndata: first\n\nevent: gap\n", 36), 0);
  assert_non_null(strstr(out, "data: {\"from\":2,\"to\":7}\n\nid: 8\n"));
  assert_non_null(strstr(out, "id: 11\n"));
  assert_int_equal(sys_http_feed_gaps(f), 6);
  /* An id from before a restart of the server. */
  assert_int_equal(sys_http_reader_open(f, 999, on_wake, &woken, &stranger), PRAC_OK);
  drain(stranger, out, sizeof out);
  assert_non_null(strstr(out, "event: gap\ndata: {\"from\":0,\"to\":7}"));
  sys_http_reader_close(&r);
  sys_http_reader_close(&stranger);
  sys_http_feed_free(&f);
}

static void the_ring_is_bounded_in_bytes(void **s)
{
  (void)s;
  int woken = 0;
  char big[300], out[2048];
  struct sys_http_feed *f = NULL;
  struct sys_http_reader *r = NULL;
  memset(big, 'b', sizeof big);
  assert_int_equal(sys_http_feed_new(100, 1000, &f), PRAC_OK);
  for (int i = 0; i < 50; i++) assert_int_equal(sys_http_feed_put(f, "e", big, 300), PRAC_OK);
  char *huge = calloc(1, 1100);
  memset(huge, 'h', 1100);
  assert_int_equal(sys_http_feed_put(f, "e", huge, 1100), PRAC_RANGE);
  free(huge);
  assert_int_equal(sys_http_reader_open(f, 0, on_wake, &woken, &r), PRAC_OK);
  assert_in_range(drain(r, out, sizeof out), 600, 1100);
  sys_http_reader_close(&r);
  sys_http_feed_free(&f);
}

static void rates_are_per_address(void **s)
{
  (void)s;
  struct sys_http_rate *r = NULL;
  struct prac_ip a = prac_ip4(1), b = prac_ip4(2), v6, v6b;
  assert_int_equal(prac_ip_parse("2001:db8::1", 11, &v6), PRAC_OK);
  assert_int_equal(prac_ip_parse("2001:db8::2", 11, &v6b), PRAC_OK);
  assert_int_equal(sys_http_rate_new(2, 3, 7, &r), PRAC_OK);
  for (int i = 0; i < 3; i++) assert_true(sys_http_rate_take(r, &a, 0));
  assert_false(sys_http_rate_take(r, &a, 0));
  assert_true(sys_http_rate_take(r, &b, 0));
  assert_true(sys_http_rate_take(r, &a, PRAC_SEC / 2 + 1)); /* one token came back */
  assert_false(sys_http_rate_take(r, &a, PRAC_SEC / 2 + 2));
  for (int i = 0; i < 3; i++) assert_true(sys_http_rate_take(r, i % 2 ? &v6 : &v6b, 0));
  assert_false(sys_http_rate_take(r, &v6, 0)); /* the same /64 */
  for (uint32_t i = 0; i < 20000; i++) {
    struct prac_ip x = prac_ip4(0x0a000000 + i);
    assert_true(sys_http_rate_take(r, &x, PRAC_SEC));
  }
  assert_in_range(sys_http_rate_forgotten(r), 15000, 20000);
  sys_http_rate_free(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets_are_decoded),
      cmocka_unit_test(hostile_targets_are_refused),
      cmocka_unit_test(entity_tags_compare),
      cmocka_unit_test(codings_and_hosts),
      cmocka_unit_test(credentials),
      cmocka_unit_test(readers_replay_and_wake),
      cmocka_unit_test(overtaken_readers_get_one_gap),
      cmocka_unit_test(the_ring_is_bounded_in_bytes),
      cmocka_unit_test(rates_are_per_address),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
