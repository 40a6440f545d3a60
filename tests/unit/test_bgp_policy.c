/* What an attack may ask of routers. Wrong answers here cut honest people off, so most of these are
 * cases in which the answer is no. */
#include <string.h>

#include "lib/t.h"
#include "notify/bgp/policy.h"

static const char *const three[] = {"a 9", "b 8", "c 7"};
static const char *const vector[] = {"ntp_monlist"};

static struct bgp_conf conf(void)
{
  struct bgp_conf c;
  prac_conf_defaults(&bgp_conf_section, &c);
  c.mode = BGP_AUTO;
  return c;
}
static struct prac_prefix prefix(const char *s)
{
  struct prac_prefix p;
  assert_int_equal(prac_prefix_parse(s, strlen(s), &p), PRAC_OK);
  return p;
}
static struct episode episode(const char *victim, uint32_t port)
{
  struct episode e = {.id = "e", .state = "start", .kind = "single", .prefix_bits = 128};
  assert_int_equal(prac_ip_parse(victim, strlen(victim), &e.victim), PRAC_OK);
  e.port = port;
  e.pps_max = 100;
  e.packets = 10000;
  e.sensors = (struct model_strs){three, 3};
  e.vectors = (struct model_strs){vector, 1};
  return e;
}
static struct episode carpet(const char *victim, uint32_t bits, uint32_t port)
{
  struct episode e = episode(victim, port);
  e.kind = "carpet";
  e.prefix_bits = bits;
  return e;
}
static struct bgp_plan plan(const struct bgp_conf *c, const char *allowed, const struct episode *e)
{
  struct prac_prefix p = {.bits = 0};
  if (allowed) p = prefix(allowed);
  struct prac_conf_prefixes l = {.v = &p, .n = allowed ? 1 : 0};
  struct bgp_who who = {.name = "isp-a", .prefixes = &l};
  struct bgp_plan r;
  bgp_policy_plan(c, &who, e, &r);
  return r;
}
static const char *text(const struct bgp_plan *p, bool announce, char out[BGP_TEXT])
{
  struct bgp_conf c = conf();
  struct bgp_route route;
  assert_int_equal(bgp_policy_route(&c, "isp-a", &route, NULL), PRAC_OK);
  assert_int_equal(bgp_rule_text(&p->rule, &route, announce, out), PRAC_OK);
  return out;
}

static void test_modes(void **state)
{
  (void)state;
  struct bgp_conf c = conf();
  struct episode e = episode("203.0.113.9", 123);
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_AUTO);
  c.mode = BGP_PROPOSE;
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_PROPOSE);
  c.mode = BGP_OFF;
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_NOTHING);
  prac_conf_defaults(&bgp_conf_section, &c);
  assert_int_equal(c.mode, BGP_PROPOSE); /* a fresh install announces nothing */
}

static void test_outside(void **state)
{
  (void)state;
  static const struct {
    const char *victim, *allowed;
    enum bgp_verdict want;
  } t[] = {
      {"203.0.113.9", NULL, BGP_SAYS_OUTSIDE},
      {"203.0.113.9", "203.0.113.9/32", BGP_SAYS_AUTO},
      {"203.0.113.9", "203.0.113.8/32", BGP_SAYS_OUTSIDE},
      {"203.0.114.0", "203.0.113.0/24", BGP_SAYS_OUTSIDE},
      {"203.0.113.255", "203.0.113.0/24", BGP_SAYS_AUTO},
      {"2001:db8::1", "2001:db8::/32", BGP_SAYS_AUTO},
      {"2001:db9::1", "2001:db8::/32", BGP_SAYS_OUTSIDE},
      {"203.0.113.9", "::/0", BGP_SAYS_OUTSIDE}, /* all of IPv6 is no IPv4 */
      {"2001:db8::1", "0.0.0.0/0", BGP_SAYS_OUTSIDE},
      {"127.0.0.1", "0.0.0.0/0", BGP_SAYS_NEVER},
      {"0.0.0.0", "0.0.0.0/0", BGP_SAYS_NEVER},
      {"224.0.0.1", "0.0.0.0/0", BGP_SAYS_NEVER},
      {"255.255.255.255", "0.0.0.0/0", BGP_SAYS_NEVER},
      {"169.254.1.1", "0.0.0.0/0", BGP_SAYS_NEVER},
      {"::1", "::/0", BGP_SAYS_NEVER},
      {"::", "::/0", BGP_SAYS_NEVER},
      {"fe80::1", "::/0", BGP_SAYS_NEVER},
      {"ff02::1", "::/0", BGP_SAYS_NEVER},
      {"64:ff9b::1", "::/0", BGP_SAYS_NEVER},
  };
  struct bgp_conf c = conf();
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t); i++) {
    struct episode e = episode(t[i].victim, 123);
    struct bgp_plan p = plan(&c, t[i].allowed, &e);
    if (p.verdict != t[i].want)
      fail_msg("%s in %s: %d, not %d", t[i].victim, t[i].allowed ? t[i].allowed : "nothing",
               (int)p.verdict, (int)t[i].want);
    if (p.verdict < BGP_SAYS_PROPOSE) assert_non_null(p.why);
  }
  struct bgp_who nobody = {.name = "isp-a", .prefixes = NULL};
  struct episode e = episode("203.0.113.9", 123);
  struct bgp_plan p;
  bgp_policy_plan(&c, &nobody, &e, &p);
  assert_int_equal(p.verdict, BGP_SAYS_OUTSIDE);
}

static void test_allow_never(void **state)
{
  (void)state;
  struct bgp_conf c = conf();
  struct prac_prefix allow = prefix("203.0.113.0/25"), never = prefix("203.0.113.53/32");
  struct episode in = episode("203.0.113.9", 123), out = episode("203.0.113.200", 123),
                 dns = episode("203.0.113.53", 123), all = carpet("203.0.113.0", 121, 123);
  c.allow = (struct prac_conf_prefixes){&allow, 1};
  assert_int_equal(plan(&c, "203.0.113.0/24", &in).verdict, BGP_SAYS_AUTO);
  assert_int_equal(plan(&c, "203.0.113.0/24", &out).verdict, BGP_SAYS_OUTSIDE);
  assert_int_equal(plan(&c, "198.51.100.0/24", &in).verdict, BGP_SAYS_OUTSIDE); /* both hold */
  c.never = (struct prac_conf_prefixes){&never, 1};
  assert_int_equal(plan(&c, "203.0.113.0/24", &dns).verdict, BGP_SAYS_NEVER);
  assert_int_equal(plan(&c, "203.0.113.0/24", &in).verdict, BGP_SAYS_AUTO);
  assert_int_equal(plan(&c, "203.0.113.0/24", &all).verdict, BGP_SAYS_NEVER); /* it is in there */
  never = prefix("203.0.113.0/24");
  assert_int_equal(plan(&c, "203.0.113.0/24", &in).verdict, BGP_SAYS_NEVER);
}

static void test_carpets(void **state)
{
  (void)state;
  struct bgp_conf c = conf();
  char b[BGP_TEXT];
  struct episode e = carpet("203.0.113.77", 120, 389), wide = carpet("203.0.112.0", 119, 389),
                 six = carpet("2001:db8:1:2::", 48, 389), six_wide = carpet("2001:db8::", 47, 389),
                 none = carpet("203.0.113.0", 0, 389), odd = carpet("203.0.113.0", 4000000, 389);
  struct bgp_plan p = plan(&c, "203.0.112.0/20", &e);
  assert_int_equal(p.verdict, BGP_SAYS_AUTO);
  assert_string_equal(text(&p, true, b),
                      "announce flow route { match { destination 203.0.113.0/24; protocol udp; "
                      "source-port =389; } then { discard; } }");
  assert_int_equal(plan(&c, "203.0.113.128/25", &e).verdict, BGP_SAYS_OUTSIDE);
  assert_int_equal(plan(&c, "203.0.113.0/25", &e).verdict, BGP_SAYS_OUTSIDE); /* half of it */
  assert_int_equal(plan(&c, "203.0.112.0/20", &wide).verdict, BGP_SAYS_NEVER);
  p = plan(&c, "2001:db8::/32", &six);
  assert_int_equal(p.verdict, BGP_SAYS_AUTO);
  assert_string_equal(text(&p, true, b),
                      "announce flow route { match { destination 2001:db8:1::/48; next-header udp; "
                      "source-port =389; } then { discard; } }");
  assert_int_equal(plan(&c, "2001::/16", &six_wide).verdict, BGP_SAYS_NEVER);
  assert_int_equal(plan(&c, "0.0.0.0/0", &none).verdict, BGP_SAYS_NEVER);
  assert_int_equal(plan(&c, "0.0.0.0/0", &odd).verdict, BGP_SAYS_NEVER);
  c.rule = 1; /* rtbh: a person decides about a whole prefix */
  p = plan(&c, "203.0.113.0/24", &e);
  assert_int_equal(p.verdict, BGP_SAYS_PROPOSE);
  assert_string_equal(p.why, "a whole prefix is black-holed by a person only");
}

static void test_minimums(void **state)
{
  (void)state;
  struct bgp_conf c = conf();
  struct episode e = episode("203.0.113.9", 123);
  e.pps_max = 4.99;
  assert_string_equal(plan(&c, "203.0.113.0/24", &e).why, "below min_pps");
  e.pps_max = __builtin_nan("");
  assert_string_equal(plan(&c, "203.0.113.0/24", &e).why, "below min_pps");
  e.pps_max = 5;
  e.packets = 299;
  assert_string_equal(plan(&c, "203.0.113.0/24", &e).why, "below min_packets");
  e.packets = 300;
  e.sensors.n = 1;
  assert_string_equal(plan(&c, "203.0.113.0/24", &e).why, "below min_sensors");
  e.sensors.n = 2;
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_AUTO);
  static const char *const others[] = {"isp-b", "isp-aa"};
  c.auto_tenants = (struct prac_conf_strings){others, 2};
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_PROPOSE);
  e.port = 0;
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_NOTHING);
  e.port = 65536 + 123;
  assert_int_equal(plan(&c, "203.0.113.0/24", &e).verdict, BGP_SAYS_NOTHING);
}

/* No port with honest traffic is discarded by its number alone, whatever the action. */
static void test_careful(void **state)
{
  (void)state;
  static const uint16_t honest[] = {53, 123, 443, 500, 1194, 3478, 4500, 5060};
  struct bgp_conf c = conf();
  char b[BGP_TEXT];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(honest); i++) {
    struct episode e = episode("203.0.113.9", honest[i]);
    struct bgp_plan p = plan(&c, "203.0.113.0/24", &e);
    if (p.rule.rate == 0 && p.rule.longer == 0) fail_msg("port %u: plain discard", honest[i]);
  }
  for (c.action = BGP_CAREFUL; c.action <= BGP_DISCARD; c.action++) {
    struct episode dns = episode("203.0.113.9", 53), ntp = episode("203.0.113.9", 123);
    assert_int_equal(plan(&c, "203.0.113.0/24", &dns).rule.longer, 512);
    assert_int_equal(plan(&c, "203.0.113.0/24", &ntp).rule.longer, 200);
  }
  c.action = BGP_CAREFUL;
  struct episode dns = episode("203.0.113.9", 53);
  struct bgp_plan p = plan(&c, "203.0.113.0/24", &dns);
  assert_string_equal(text(&p, true, b),
                      "announce flow route { match { destination 203.0.113.9/32; protocol udp; "
                      "source-port =53; packet-length >512; } then { rate-limit 125000; } }");
  assert_string_equal(text(&p, false, b),
                      "withdraw flow route { match { destination 203.0.113.9/32; protocol udp; "
                      "source-port =53; packet-length >512; } then { rate-limit 125000; } }");
  c.fragments = true;
  p = plan(&c, "203.0.113.0/24", &dns);
  assert_true(p.has_fragments);
  p.rule = p.fragments;
  assert_string_equal(text(&p, true, b),
                      "announce flow route { match { destination 203.0.113.9/32; protocol udp; "
                      "fragment is-fragment; } then { rate-limit 125000; } }");
}

static void test_rtbh(void **state)
{
  (void)state;
  static const char *const all[] = {"64500:666"}, *const own[] = {"isp-b 1:1",
                                                                  "isp-a  64501:7 64500:1:666"};
  struct bgp_conf c = conf();
  struct bgp_route r;
  struct episode e = episode("203.0.113.9", 0), six = episode("2001:db8::9", 123);
  char b[BGP_TEXT];
  c.rule = 1;
  c.communities = (struct prac_conf_strings){all, 1};
  c.tenant_communities = (struct prac_conf_strings){own, 2};
  assert_int_equal(bgp_policy_check(&c, NULL), PRAC_OK);
  assert_int_equal(bgp_policy_route(&c, "isp-a", &r, NULL), PRAC_OK);
  struct bgp_plan p = plan(&c, "203.0.113.0/24", &e);
  assert_int_equal(p.verdict, BGP_SAYS_AUTO);
  assert_int_equal(bgp_rule_text(&p.rule, &r, true, b), PRAC_OK);
  assert_string_equal(b, "announce route 203.0.113.9/32 next-hop 192.0.2.1 community [ 65535:666 "
                         "64500:666 64501:7 ] large-community [ 64500:1:666 ]");
  p = plan(&c, "2001:db8::/32", &six);
  assert_int_equal(bgp_policy_route(&c, "isp-c", &r, NULL), PRAC_OK);
  assert_int_equal(bgp_rule_text(&p.rule, &r, false, b), PRAC_OK);
  assert_string_equal(
      b, "withdraw route 2001:db8::9/128 next-hop 100::1 community [ 65535:666 64500:666 ]");
}

static void test_bad_settings(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "",     "1",    "1:",  ":1",   "65536:1", "1:65536",      "1:2:3:4",
      "1:2:", "1 :2", "a:b", "-1:2", "1:2;",    "1:2 shutdown", "1:4294967296:1"};
  struct bgp_conf c = conf();
  struct prac_err err = {0};
  struct bgp_community k;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    if (bgp_community_parse(bad[i], strlen(bad[i]), &k) == PRAC_OK) fail_msg("\"%s\"", bad[i]);
    c.communities = (struct prac_conf_strings){&bad[i], 1};
    assert_int_equal(bgp_policy_check(&c, &err), PRAC_MALFORMED);
    assert_non_null(strstr(err.text, "communities"));
  }
  c.communities.n = 0;
  static const char *const rows[] = {"isp-a", "", "isp-a 1:1x", " 1:1"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    c.tenant_communities = (struct prac_conf_strings){&rows[i], 1};
    assert_int_not_equal(bgp_policy_check(&c, &err), PRAC_OK);
  }
  c.tenant_communities.n = 0;
  c.next_hop = "2001:db8::1";
  assert_int_equal(bgp_policy_check(&c, &err), PRAC_MALFORMED);
  c.next_hop = "192.0.2.1 community [1:1]";
  assert_int_equal(bgp_policy_check(&c, &err), PRAC_MALFORMED);
  c.next_hop = "192.0.2.1";
  c.next_hop6 = "192.0.2.1";
  assert_int_equal(bgp_policy_check(&c, &err), PRAC_MALFORMED);
  c.next_hop6 = "100::1";
  c.max_life_ns = c.ttl_ns - 1;
  assert_int_equal(bgp_policy_check(&c, &err), PRAC_RANGE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_modes),       cmocka_unit_test(test_outside),
      cmocka_unit_test(test_allow_never), cmocka_unit_test(test_carpets),
      cmocka_unit_test(test_minimums),    cmocka_unit_test(test_careful),
      cmocka_unit_test(test_rtbh),        cmocka_unit_test(test_bad_settings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
