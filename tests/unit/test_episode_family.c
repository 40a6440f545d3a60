/* Carpets, several vectors on one victim, profiles side by side, bounded memory, restart. */
#include "lib/t.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/facts.h"
#include "lib/hits.h"

struct setup {
  struct epi_conf conf;
  struct epi_desk *d;
  struct heard_episodes h;
};
static void begin(struct setup *s)
{
  epi_conf_defaults(&s->conf);
  s->conf.profiles = s->conf.alert;
  s->h = (struct heard_episodes){.all = heard_of()};
  s->d = NULL;
}
static struct epi_desk *new_desk(struct setup *s)
{
  struct epi_desk *d = NULL;
  assert_int_equal(epi_desk_new(&s->conf, NULL, hear_episode, &s->h, &d, NULL), PRAC_OK);
  return d;
}
static void end(struct setup *s)
{
  epi_desk_free(&s->d);
  heard_done(&s->h.all);
}
#define HIT(...) (&(struct made_hit){__VA_ARGS__})
static void take(struct setup *s, const struct made_hit *m)
{
  char id[48];
  struct hit h = hit_of(m, id);
  assert_int_equal(epi_desk_take(s->d, &h), PRAC_OK);
}
static uint64_t counter(const struct setup *s, const char *name)
{
  struct prac_counters c = epi_desk_counters(s->d);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, name) == 0) return prac_counter_get(&c.values[i]);
  fail();
  return 0;
}
static size_t said(const struct setup *s, const char *what)
{
  return heard_count(&s->h.all, what);
}

/* A little to each of 256 addresses: nobody's own threshold is reached, and one alert is given. */
static void a_thin_carpet(void **st)
{
  (void)st;
  struct setup s;
  char ip[32];
  begin(&s);
  s.d = new_desk(&s);
  for (int round = 0; round < 3; round++)
    for (int i = 0; i < 256; i++) {
      snprintf(ip, sizeof ip, "203.0.113.%d", i);
      int64_t t = round * 26000 + i * 100;
      take(&s, HIT("tokyo", ip, "dns", t, t, 3));
    }
  assert_int_equal(said(&s, "\"state\":\"start\""), 1);
  assert_int_equal(said(&s, "\"kind\":\"carpet\""), s.h.all.n);
  assert_int_equal(s.h.alerts, s.h.all.n);
  assert_int_equal(epi_desk_finish(s.d), PRAC_OK);
  const char *last = strstr(s.h.all.j.buf, "\"state\":\"end\"");
  assert_non_null(last);
  assert_non_null(strstr(last, "\"victim\":\"203.0.113.0\",\"prefix_bits\":120,"));
  assert_non_null(strstr(last, "\"packets\":2304,"));
  assert_non_null(strstr(last, "\"host_count\":256,"));
  end(&s);
}

/* In earnest: every address gets an episode of its own, but only the first few alert. */
static void a_thick_carpet(void **st)
{
  (void)st;
  struct setup s;
  char ip[32];
  begin(&s);
  s.d = new_desk(&s);
  for (int i = 0; i < 256; i++) {
    snprintf(ip, sizeof ip, "203.0.113.%d", i);
    take(&s, HIT("tokyo", ip, "dns", i * 100, i * 100, 200));
  }
  size_t starts = said(&s, "\"state\":\"start\"");
  assert_int_equal(starts, 257);
  assert_int_equal(said(&s, "\"kind\":\"carpet\""),
                   starts + said(&s, "\"state\":\"update\"") - 256);
  assert_true(s.h.alerts <= 7 + said(&s, "\"kind\":\"carpet\"") + said(&s, "\"state\":\"update\""));
  size_t alone =
      said(&s, "\"parent\":\"\",\"victim\":\"203.0.113.") - said(&s, "\"kind\":\"carpet\"");
  assert_int_equal(alone, 7); /* before the carpet was one */
  end(&s);
}

static void neighbours_are_no_carpet(void **st)
{
  (void)st;
  struct setup s;
  char ip[32];
  begin(&s);
  s.d = new_desk(&s);
  for (int i = 0; i < 7; i++) { /* seven addresses, much */
    snprintf(ip, sizeof ip, "203.0.113.%d", i);
    take(&s, HIT("tokyo", ip, "dns", i * 100, i * 100, 25));
  }
  for (int i = 0; i < 200; i++) { /* scanners of one network: never three the same */
    snprintf(ip, sizeof ip, "198.51.100.%d", i);
    take(&s, HIT("tokyo", ip, "dns", 1000 + i * 100, 1000 + i * 100, 2, (uint64_t)i + 1));
  }
  assert_int_equal(s.h.all.n, 0);
  end(&s);
}

static void a_carpet_of_ipv6(void **st)
{
  (void)st;
  struct setup s;
  char ip[64];
  begin(&s);
  s.d = new_desk(&s);
  for (int i = 0; i < 300; i++) {
    snprintf(ip, sizeof ip, "2001:db8:7:%x::1", (unsigned)i + 1);
    take(&s, HIT("tokyo", ip, "dns", i * 100, i * 100, 5));
  }
  assert_int_equal(epi_desk_finish(s.d), PRAC_OK);
  assert_int_equal(said(&s, "\"state\":\"start\""), 1);
  const char *last = strstr(s.h.all.j.buf, "\"state\":\"end\"");
  assert_non_null(strstr(last, "\"victim\":\"2001:db8:7::\",\"prefix_bits\":48,"));
  const char *n = strstr(last, "\"host_count\":");
  unsigned long hosts = strtoul(n + 13, NULL, 10);
  assert_in_range(hosts, 280, 320);
  end(&s);
}

static void several_vectors_one_parent(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  s.d = new_desk(&s);
  take(&s, HIT("tokyo", "203.0.113.9", "ntp_monlist", 1000, 2000, 300));
  take(&s, HIT("tokyo", "203.0.113.9", "dns", 30000, 31000, 200));
  assert_int_equal(said(&s, "\"kind\":\"multi\""), 1);
  const char *multi = strstr(s.h.all.j.buf, "\"kind\":\"multi\"");
  assert_non_null(strstr(multi, "\"vectors\":[\"ntp_monlist\",\"dns\"],"));
  assert_non_null(strstr(multi, "\"bins\":1,\"bin_max\":500,\"packets\":500,"));
  assert_non_null(strstr(multi, "\"sensors\":[\"tokyo 500\"]"));
  assert_int_equal(s.h.alerts, 2); /* ntp_monlist, then the whole; dns is for the record */
  take(&s, HIT("oslo", "203.0.113.9", "ssdp", 70000, 71000, 200));
  take(&s, HIT("oslo", "203.0.113.9", "ssdp", 90000, 91000, 1));
  assert_int_equal(epi_desk_finish(s.d), PRAC_OK);
  const char *last = s.h.all.j.buf;
  for (const char *p = last; (p = strstr(p, "\"kind\":\"multi\"")); p++) last = p;
  assert_non_null(strstr(last, "\"vectors\":[\"ntp_monlist\",\"dns\",\"ssdp\"],"));
  assert_non_null(strstr(last, "\"packets\":701,"));
  assert_int_equal(said(&s, "\"state\":\"end\""), 4);
  end(&s);
}

static void vectors_far_apart_are_two(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  s.d = new_desk(&s);
  take(&s, HIT("tokyo", "203.0.113.9", "ntp_monlist", 1000, 2000, 300));
  take(&s, HIT("tokyo", "203.0.113.9", "dns", 70000, 71000, 200)); /* 69 s after */
  assert_int_equal(said(&s, "\"kind\":\"multi\""), 0);
  assert_int_equal(s.h.alerts, 2);
  end(&s);
}

static void four_definitions_one_stream(void **st)
{
  (void)st;
  struct setup s;
  begin(&s);
  epi_conf_defaults(&s.conf);
  s.d = new_desk(&s);
  for (int i = 0; i < 12; i++) /* one in 50 s: enough for hopscotch and mph alone */
    take(&s, HIT("tokyo", "203.0.113.9", "dns", i * 50000, i * 50000, 1));
  assert_int_equal(epi_desk_open_count(s.d), 2);
  assert_int_equal(s.h.all.n, 0); /* recorded at the end */
  assert_int_equal(s.h.alerts, 0);
  assert_int_equal(epi_desk_advance(s.d, T0 + 3000 * PRAC_SEC), PRAC_OK);
  assert_int_equal(said(&s, "\"profile\":\"hopscotch\""), 1);
  assert_int_equal(said(&s, "\"profile\":\"mph\""), 1);
  assert_int_equal(said(&s, "\"started\":\"2013-08-07T00:03:20Z\""), 2); /* the fifth */
  assert_int_equal(s.h.all.n, 2);
  for (int i = 0; i < 5; i++) /* 16 min apart: nobody's */
    take(&s, HIT("tokyo", "203.0.113.10", "dns", 3000000 + i * 960000, 3000000 + i * 960000, 1));
  assert_int_equal(said(&s, "203.0.113.10"), 0);
  for (int i = 0; i < 100; i++) /* one in 59 min, 100 times: AmpPot's */
    take(&s, HIT("tokyo", "203.0.113.11", "dns", 10000000 + i * INT64_C(3540000),
                 10000000 + i * INT64_C(3540000), 1));
  assert_int_equal(epi_desk_finish(s.d), PRAC_OK);
  assert_int_equal(said(&s, "\"profile\":\"amppot\""), 1);
  assert_int_equal(said(&s, "203.0.113.11"), 1);
  end(&s);
}

static void names_and_ttls(void **st)
{
  (void)st;
  struct setup s;
  char id[48];
  static const char *const names[] = {"120 isc.org ANY IN", "3 example.org TXT IN", "no number",
                                      "7"};
  begin(&s);
  s.d = new_desk(&s);
  struct hit h = hit_of(HIT("tokyo", "203.0.113.9", "dns", 0, 900, 123), id);
  h.names = (struct model_strs){names, 4};
  h.ttl_min = 40;
  h.ttl_max = 60;
  h.ttl_count = 5;
  h.lost = 4;
  assert_int_equal(epi_desk_take(s.d, &h), PRAC_OK);
  assert_int_equal(said(&s, "\"names\":[\"120 isc.org ANY IN\",\"3 example.org TXT IN\"]"), 1);
  assert_int_equal(said(&s, "\"ttl_min\":40,\"ttl_max\":60,\"ttl_count\":5,"), 1);
  assert_int_equal(said(&s, "\"lost\":4,"), 1);
  for (int i = 0; i < 1000; i++) { /* random names do not push the frequent one out */
    char name[32];
    const char *one = name;
    snprintf(name, sizeof name, "1 r%d.example.org A IN", i);
    h = hit_of(HIT("tokyo", "203.0.113.9", "dns", 1000 + i * 10, 1000 + i * 10, 1), id);
    h.names = (struct model_strs){&one, 1};
    assert_int_equal(epi_desk_take(s.d, &h), PRAC_OK);
  }
  assert_int_equal(epi_desk_finish(s.d), PRAC_OK);
  const char *last = strstr(s.h.all.j.buf, "\"state\":\"end\"");
  assert_non_null(strstr(last, "120 isc.org ANY IN"));
  end(&s);
}

static void many_victims(void **st)
{
  (void)st;
  struct setup s;
  char id[48];
  begin(&s);
  epi_conf_defaults(&s.conf);
  s.conf.max_targets = 1000;
  s.d = new_desk(&s);
  take(&s, HIT("tokyo", "203.0.113.9", "dns", 0, 0, 150));
  for (int i = 0; i < 50000; i++) {
    struct hit h =
        hit_of(HIT("tokyo", "0.0.0.0", "dns", 1000 + i, 1000 + i, 1u + (unsigned)i % 9), id);
    h.victim = prac_ip4((uint32_t)i * 2654435761u);
    assert_int_equal(epi_desk_take(s.d, &h), PRAC_OK);
  }
  assert_true(counter(&s, "targets") <= 1000);
  assert_true(counter(&s, "evicted") >= 98000);
  take(&s, HIT("tokyo", "203.0.113.9", "dns", 60000, 60000, 1));
  assert_int_equal(epi_desk_finish(s.d), PRAC_OK);
  const char *p = s.h.all.j.buf, *last = NULL;
  while ((p = strstr(p, "\"profile\":\"isp\""))) last = p++;
  assert_non_null(strstr(last, "\"packets\":151,")); /* an open attack is not forgotten for noise */
  assert_int_equal(counter(&s, "started") + counter(&s, "resumed"), counter(&s, "ended"));
  assert_true(counter(&s, "ended_early") > 1000);
  end(&s);
}

static void addresses_belong_to_somebody(void **st)
{
  (void)st;
  struct setup s;
  struct prac_err err = {0};
  struct lookup_conf c = {.country_mmdb = "", .asn_mmdb = "", .label = "made"};
  struct lookup *look = NULL;
  char path[] = "/tmp/practice-asn-XXXXXX";
  int fd = mkstemp(path);
  static const char csv[] = "203.0.113.0,203.0.113.255,64500,EXAMPLE-NET\n";
  assert_true(fd >= 0 && write(fd, csv, sizeof csv - 1) == (ssize_t)sizeof csv - 1);
  close(fd);
  c.asn_csv = path;
  assert_int_equal(lookup_new(&c, PRAC_TIME_NONE, NULL, &look, &err), PRAC_OK);
  begin(&s);
  assert_int_equal(epi_desk_new(&s.conf, look, hear_episode, &s.h, &s.d, &err), PRAC_OK);
  lookup_unref(&look); /* the desk has its own */
  take(&s, HIT("tokyo", "203.0.113.9", "dns", 0, 900, 123));
  assert_int_equal(said(&s, "\"asn\":64500,\"as_name\":\"EXAMPLE-NET\","), 1);
  assert_int_equal(said(&s, "\"geo\":\"made\""), 1);
  end(&s);
  unlink(path);
}

static void findings_are_sentences(void **st)
{
  (void)st;
  static const char *const vectors[] = {"ntp_monlist"}, *const sensors[] = {"oslo 90", "tokyo 49"};
  struct episode e = {.id = "e1",
                      .revision = 3,
                      .state = "update",
                      .kind = "single",
                      .profile = "isp",
                      .parent = "",
                      .victim = ip_text("203.0.113.9"),
                      .prefix_bits = 128,
                      .vectors = {vectors, 1},
                      .sensors = {sensors, 2},
                      .port = 123,
                      .at = T0 + PRAC_MIN,
                      .from = T0,
                      .to = T0 + 90 * PRAC_SEC,
                      .bins = 2,
                      .bin_max = 131,
                      .packets = 139,
                      .pps_max = 131 / 60.0,
                      .asn = 64500,
                      .as_name = "EXAMPLE",
                      .country = "JP",
                      .ttl_count = 1};
  struct prac_arena *a = prac_arena_new(0);
  struct finding f;
  assert_int_equal(epi_finding(&e, 5, a, &f), PRAC_OK);
  assert_true(facts_hold(&f));
  assert_string_equal(f.key, "drdos:203.0.113.9:ntp_monlist");
  assert_string_equal(f.id, "drdos-e1.3");
  assert_string_equal(f.state, "on");
  assert_int_equal(f.level, 2);
  assert_string_equal(f.sensors.v[1], "tokyo");
  assert_string_equal(
      f.text, "Amplification attack on 203.0.113.9 by ntp_monlist, seen at 2 honeypots. 139 "
              "requests in 2 minutes from 2013-08-07T00:00:00Z to 2013-08-07T00:01:30Z, at most "
              "2.18/s in a minute; it lasted 1 min 30 s. The address belongs to AS64500 EXAMPLE "
              "(JP). All requests had the same TTL: one sender.");
  e.kind = "carpet";
  e.victim = ip_text("203.0.113.0");
  e.prefix_bits = 120;
  e.state = "end";
  assert_int_equal(epi_finding(&e, 5, a, &f), PRAC_OK);
  assert_true(facts_hold(&f));
  assert_string_equal(f.key, "drdos:203.0.113.0/24:ntp_monlist");
  assert_string_equal(f.state, "off");
  prac_arena_free(&a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thin_carpet),
      cmocka_unit_test(a_thick_carpet),
      cmocka_unit_test(neighbours_are_no_carpet),
      cmocka_unit_test(a_carpet_of_ipv6),
      cmocka_unit_test(several_vectors_one_parent),
      cmocka_unit_test(vectors_far_apart_are_two),
      cmocka_unit_test(four_definitions_one_stream),
      cmocka_unit_test(names_and_ttls),
      cmocka_unit_test(many_victims),
      cmocka_unit_test(addresses_belong_to_somebody),
      cmocka_unit_test(findings_are_sentences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
