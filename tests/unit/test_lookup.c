#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/choice.h"
#include "lib/mmdb.h"
#include "lookup/files.h"
#include "lookup/lookup.h"

static char dir[64];

static const char *path(char out[128], const char *name)
{
  (void)snprintf(out, 128, "%s/%s", dir, name);
  return out;
}

static void write_file(const char *name, const char *text)
{
  char p[128];
  FILE *f = fopen(path(p, name), "wbe");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  fclose(f);
}

static struct prac_ip ip(const char *s)
{
  struct prac_ip a;
  assert_int_equal(prac_ip_parse(s, strlen(s), &a), PRAC_OK);
  return a;
}

static struct lookup_answer ask(const struct lookup *l, const char *s)
{
  struct prac_ip a = ip(s);
  return lookup_ip(l, &a);
}

static void country_is(const struct lookup *l, const char *s, const char *want)
{
  unsigned c = ask(l, s).country;
  char got[3] = {(char)(c >> 8), (char)(c & 0xff), 0};
  assert_string_equal(got, want);
}

struct said {
  char text[4096];
};
static void sink(void *arg, const struct prac_log_event *e, const char *text)
{
  struct said *s = arg;
  size_t n = strlen(s->text);
  (void)snprintf(s->text + n, sizeof s->text - n, "%s: %s\n", e->name, text);
}

/* ---- bogons ---- */

static void bogons(void **state)
{
  (void)state;
  static const struct {
    const char *ip;
    bool bogon;
  } rows[] = {
      {"0.0.0.0", true},
      {"0.255.255.255", true},
      {"1.0.0.0", false},
      {"9.255.255.255", false},
      {"10.0.0.0", true},
      {"11.0.0.0", false},
      {"100.63.255.255", false},
      {"100.64.0.0", true},
      {"100.127.255.255", true},
      {"100.128.0.0", false},
      {"127.1.2.3", true},
      {"169.254.1.1", true},
      {"172.15.255.255", false},
      {"172.16.0.1", true},
      {"172.31.255.255", true},
      {"172.32.0.0", false},
      {"192.0.0.8", true},
      {"192.0.1.1", false},
      {"192.0.2.1", true},
      {"192.88.99.1", true},
      {"192.168.1.1", true},
      {"198.17.255.255", false},
      {"198.18.0.0", true},
      {"198.19.255.255", true},
      {"198.20.0.0", false},
      {"198.51.100.7", true},
      {"203.0.113.9", true},
      {"223.255.255.255", false},
      {"224.0.0.1", true},
      {"255.255.255.255", true},
      {"::", true},
      {"::1", true},
      {"64:ff9b::1.2.3.4", false},
      {"100::1", true},
      {"2001::1", false},
      {"2001:2::1", true},
      {"2001:4:112::1", false},
      {"2001:20::1", false},
      {"2001:200::1", false},
      {"2001:db8::1", true},
      {"2400::1", false},
      {"3ffe::1", false},
      {"3fff:fff::1", true},
      {"4000::", true},
      {"fc00::1", true},
      {"fe80::1", true},
      {"ff02::1", true},
  };
  struct lookup_conf c;
  struct lookup *l = NULL;
  prac_conf_defaults(&lookup_conf_section, &c);
  assert_int_equal(lookup_new(&c, PRAC_TIME_NONE, NULL, &l, NULL), PRAC_OK);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    if (ask(l, rows[i].ip).bogon != rows[i].bogon) print_message("%s\n", rows[i].ip);
    assert_int_equal(ask(l, rows[i].ip).bogon, rows[i].bogon);
    assert_int_equal(ask(NULL, rows[i].ip).bogon, rows[i].bogon);
  }
  lookup_unref(&l);
  assert_null(l);
}

/* ---- without any data ---- */

static void nothing_is_known_without_data(void **state)
{
  (void)state;
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct said s = {""};
  struct prac_log log = {sink, &s, PRAC_LOG_WARN};
  uint32_t n = 7;
  prac_conf_defaults(&lookup_conf_section, &c);
  assert_int_equal(lookup_new(&c, 0, &log, &l, NULL), PRAC_OK);
  assert_string_equal(s.text,
                      "lookup_without_data: no geography: countries and networks stay unknown\n");
  struct lookup_answer a = ask(l, "8.8.8.8");
  assert_true(a.country == 0 && a.asn == 0 && a.survey == 0 && !a.bogon);
  assert_string_equal(lookup_geo_text(l), "");
  assert_string_equal(lookup_as_name(l, 15169), "");
  (void)lookup_lists(l, &n);
  assert_int_equal(n, 0);
  struct prac_ip x = ip("8.8.8.8");
  assert_int_equal(lookup_prefix(l, &x).bits, 0);
  struct lookup *again = lookup_ref(l);
  lookup_unref(&l);
  country_is(again, "8.8.8.8", (char[]){0, 0});
  lookup_unref(&again);
}

static void a_missing_file(void **state)
{
  (void)state;
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct prac_err e;
  struct said s = {""};
  struct prac_log log = {sink, &s, PRAC_LOG_WARN};
  prac_conf_defaults(&lookup_conf_section, &c);
  c.country_mmdb = "/nonexistent/x.mmdb";
  assert_int_equal(lookup_new(&c, 0, &log, &l, &e), PRAC_IO);
  assert_non_null(strstr(e.text, "/nonexistent/x.mmdb: "));
  c.missing_ok = true;
  assert_int_equal(lookup_new(&c, 0, &log, &l, &e), PRAC_OK);
  assert_non_null(strstr(s.text, "lookup_file_missing: /nonexistent/x.mmdb is not there"));
  lookup_unref(&l);
}

/* ---- CSV ---- */

static const char csv[] =
    "start,end,asn,name\r\n"
    "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\r\n"
    "16778240,16779263,38803,Gtelecom Pty Ltd\n" /* 1.0.4.0-1.0.7.255 */
    "2001:200::,2001:200:1b9:ffff:ffff:ffff:ffff:ffff,2500,WIDE Project\n"
    "42541956123769884636017138956568135816,42541956123769884636017138956568135816,AS15169,Bad "
    "\"quo\n" /* 2001:4860:4860::8888 */
    "1.0.5.0,1.0.5.255,7,\"say \"\"x\"\"\x01 \xff\xc3\xa9\"\n"
    "9.9.9.9,9.9.9.8,1,backwards\n"
    "9.9.9.9,9.9.9.10,99999999999,too big\n"
    "rubbish\n"
    "# comment\n"
    "\n"
    "223.255.255.0,223.255.255.255,4294967295,last";

static void csv_ranges_and_names(void **state)
{
  (void)state;
  char p[128];
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct said s = {""};
  struct prac_log log = {sink, &s, PRAC_LOG_WARN};
  struct prac_err e;
  write_file("asn.csv", csv);
  prac_conf_defaults(&lookup_conf_section, &c);
  c.asn_csv = path(p, "asn.csv");
  c.label = "demo geography of 2026-06-17";
  assert_int_equal(lookup_new(&c, 0, &log, &l, &e), PRAC_OK);
  assert_non_null(strstr(s.text, "3 lines refused, the first is line 7"));
  assert_string_equal(lookup_geo_text(l), "demo geography of 2026-06-17");
  assert_int_equal(ask(l, "1.0.0.0").asn, 13335);
  assert_int_equal(ask(l, "1.0.0.255").asn, 13335);
  assert_int_equal(ask(l, "1.0.1.0").asn, 0);
  assert_int_equal(ask(l, "1.0.4.0").asn, 38803);
  assert_int_equal(ask(l, "1.0.5.9").asn, 7);
  assert_int_equal(ask(l, "1.0.6.0").asn, 38803);
  assert_int_equal(ask(l, "1.0.8.0").asn, 0);
  assert_int_equal(ask(l, "2001:200:1b9::1").asn, 2500);
  assert_int_equal(ask(l, "2001:200:1ba::").asn, 0);
  assert_int_equal(ask(l, "2001:4860:4860::8888").asn, 15169);
  assert_int_equal(ask(l, "2001:4860:4860::8889").asn, 0);
  assert_int_equal(ask(l, "223.255.255.255").asn, 4294967295u);
  assert_string_equal(lookup_as_name(l, 13335), "Cloudflare, Inc.");
  assert_string_equal(lookup_as_name(l, 7), "say \"\"x\"\"? ?\u00e9");
  assert_string_equal(lookup_as_name(l, 4294967295u), "last");
  assert_string_equal(lookup_as_name(l, 8), "");
  char text[PRAC_IP_TEXT];
  struct prac_ip a = ip("1.0.7.1");
  struct prac_prefix q = lookup_prefix(l, &a);
  assert_string_equal(prac_prefix_text(text, &q), "1.0.6.0/23");
  lookup_unref(&l);
  write_file("asn.csv", "this is\nno list\n");
  assert_int_equal(lookup_new(&c, 0, NULL, &l, &e), PRAC_MALFORMED);
}

/* ---- lists ---- */

static void list_formats(void **state)
{
  (void)state;
  static const char text[] = "create x hash:net family inet counters\n"
                             "add alphastrike.io 45.83.64.0/22\n"
                             "add b 2602:80d:1000:b0cc:e::/80 timeout 0\n"
                             "# comment\n"
                             "129.82.138.34 # pinger4.netsec.colostate.edu\n"
                             "censys-io:\n"
                             "  - 162.142.125.0/24\n"
                             "   \r\n"
                             "5.6.7.8;x\n"
                             "9.9.9.9,censys\n"
                             "// more\n"
                             "7.0.0.1-7.0.0.9\n"
                             "2001:db8::\n"
                             "0.0.0.0/0\n"       /* 14: would mark everything */
                             "10.0.0.0/7\n"      /* 15 */
                             "::/0\n"            /* 16 */
                             "1.2.3.4-9.0.0.0\n" /* 17 */
                             "nonsense\n"        /* 18 */
                             "add lonely\n";     /* says nothing */
  struct lookup_ranges r = {.v = NULL};
  struct lookup_read got;
  assert_int_equal(lookup_list_parse(text, strlen(text), 3, &r, &got), PRAC_OK);
  assert_int_equal(got.taken, 8);
  assert_int_equal(got.refused, 5);
  assert_int_equal(got.first_bad, 14);
  struct prac_ip seven = ip("7.0.0.9");
  bool found = false;
  for (size_t i = 0; i < r.n; i++) found |= prac_ip_eq(&r.v[i].last, &seven);
  assert_true(found);
  lookup_ranges_done(&r);
}

static void lists_with_names_and_dates(void **state)
{
  (void)state;
  char p[2][192];
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct said s = {""};
  struct prac_log log = {sink, &s, PRAC_LOG_WARN};
  struct prac_err e;
  uint32_t n = 0;
  prac_time now = 0;
  write_file("a.txt", "45.83.64.0/22\n8.8.8.8\n");
  write_file("b.txt", "45.83.65.0/24\n8.8.8.8\n2001:db8::/32\n");
  (void)snprintf(p[0], sizeof p[0], "acknowledged@2025-03-02=%s/a.txt", dir);
  (void)snprintf(p[1], sizeof p[1], "mass@2026-01-31=%s/b.txt", dir);
  const char *const v[] = {p[0], p[1]};
  prac_conf_defaults(&lookup_conf_section, &c);
  c.lists = (struct prac_conf_strings){v, 2};
  assert_int_equal(prac_time_parse("2026-02-10", 10, &now), PRAC_OK);
  assert_int_equal(lookup_new(&c, now, &log, &l, &e), PRAC_OK);
  assert_non_null(strstr(s.text, "lookup_list_old: list acknowledged is 345 d old\n"));
  assert_null(strstr(s.text, "list mass"));
  const char *const *names = lookup_lists(l, &n);
  assert_int_equal(n, 2);
  assert_string_equal(names[0], "acknowledged 2025-03-02");
  assert_string_equal(names[1], "mass 2026-01-31");
  assert_int_equal(ask(l, "45.83.64.1").survey, 1);
  assert_int_equal(ask(l, "45.83.65.1").survey, 2); /* the narrower prefix */
  assert_int_equal(ask(l, "8.8.8.8").survey, 1);    /* the first list */
  assert_int_equal(ask(l, "2001:db8::1").survey, 2);
  assert_true(ask(l, "2001:db8::1").bogon);
  assert_int_equal(ask(l, "45.83.68.0").survey, 0);
  lookup_unref(&l);
  static const char *const bad[] = {"noequals", "=x", "x=", "x@yesterday=/tmp/x"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    c.lists = (struct prac_conf_strings){&bad[i], 1};
    assert_int_equal(lookup_new(&c, now, NULL, &l, &e), PRAC_MALFORMED);
    assert_non_null(strstr(e.text, "lookup.lists: "));
  }
}

/* ---- MMDB ---- */

static struct mmdb_made made;

static void put(const char *prefix, uint32_t offset)
{
  struct prac_prefix p;
  assert_int_equal(prac_prefix_parse(prefix, strlen(prefix), &p), PRAC_OK);
  if (prac_ip_is4(&p.ip)) memset(p.ip.b + 10, 0, 2); /* ::/96 is where the format keeps IPv4 */
  if (made.ip_version == 4)
    mmdb_put(&made, p.ip.b + 12, p.bits - 96u, offset);
  else
    mmdb_put(&made, p.ip.b, p.bits, offset);
}

static void write_mmdb(const char *name)
{
  char p[128];
  FILE *f = fopen(path(p, name), "wbe");
  assert_non_null(f);
  assert_true(mmdb_write(&made, f) > 0);
  fclose(f);
}

static uint32_t country_data(const char *outer, const char *inner, const char *letters)
{
  uint32_t at = mmdb_mark(&made);
  mmdb_map(&made, 1);
  mmdb_text(&made, outer);
  if (inner) {
    mmdb_map(&made, 1);
    mmdb_text(&made, inner);
  }
  mmdb_text(&made, letters);
  return at;
}

static void mmdb_countries(void **state)
{
  (void)state;
  char p[128];
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct prac_err e = {.text = ""};
  for (unsigned version = 4; version <= 6; version += 2) {
    mmdb_begin(&made, version, 1781654400); /* 2026-06-17 */
    put("1.0.0.0/24", country_data("country", "iso_code", "AU"));
    put("1.0.1.0/24", country_data("country_code", NULL, "CN"));
    put("133.0.0.0/8", country_data("country", NULL, "JP"));
    put("2.0.0.0/8", country_data("country_code", NULL, "jp")); /* not letters we take */
    put("3.0.0.0/8", country_data("country_code", NULL, "USA"));
    put("4.0.0.0/8", country_data("nothing", NULL, "US"));
    if (version == 6) {
      put("2001:200::/23", country_data("country_code", NULL, "JP"));
      struct prac_ip six = ip("2002::"), zero = {{0}};
      mmdb_link(&made, six.b, 16, mmdb_node(&made, zero.b, 96)); /* 6to4: the IPv4 tree again */
    }
    write_mmdb("c.mmdb");
    prac_conf_defaults(&lookup_conf_section, &c);
    c.country_mmdb = path(p, "c.mmdb");
    assert_int_equal(lookup_new(&c, 0, NULL, &l, &e), PRAC_OK);
    assert_string_equal(lookup_geo_text(l), "countries of 2026-06-17");
    country_is(l, "1.0.0.0", "AU");
    country_is(l, "1.0.0.255", "AU");
    country_is(l, "1.0.1.0", "CN");
    country_is(l, "1.0.2.0", "");
    country_is(l, "133.255.255.255", "JP");
    country_is(l, "2.1.1.1", "");
    country_is(l, "3.1.1.1", "");
    country_is(l, "4.1.1.1", "");
    country_is(l, "2001:200::1", version == 6 ? "JP" : "");
    country_is(l, "2002:100::1", "");
    lookup_unref(&l);
  }
}

static void mmdb_networks(void **state)
{
  (void)state;
  char p[128];
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct prac_err e = {.text = ""};
  mmdb_begin(&made, 6, 1781654400);
  uint32_t at = mmdb_mark(&made);
  mmdb_map(&made, 2);
  mmdb_text(&made, "autonomous_system_number");
  mmdb_u32(&made, 2516);
  mmdb_text(&made, "autonomous_system_organization");
  mmdb_text(&made, "KDDI CORPORATION with a name of more than 29 bytes");
  put("106.128.0.0/10", at);
  at = mmdb_mark(&made);
  mmdb_map(&made, 2);
  mmdb_text(&made, "asn");
  mmdb_text(&made, "AS64500");
  mmdb_text(&made, "name");
  mmdb_text(&made, "Example");
  put("5.0.0.0/8", at);
  write_mmdb("a.mmdb");
  prac_conf_defaults(&lookup_conf_section, &c);
  c.asn_mmdb = path(p, "a.mmdb");
  assert_int_equal(lookup_new(&c, 0, NULL, &l, &e), PRAC_OK);
  assert_int_equal(ask(l, "106.130.0.1").asn, 2516);
  assert_int_equal(ask(l, "5.9.9.9").asn, 64500);
  assert_string_equal(lookup_as_name(l, 2516),
                      "KDDI CORPORATION with a name of more than 29 bytes");
  assert_string_equal(lookup_as_name(l, 64500), "Example");
  assert_string_equal(lookup_geo_text(l), "networks of 2026-06-17");
  lookup_unref(&l);
}

static void damaged_mmdb(void **state)
{
  (void)state;
  char p[128];
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct prac_err e = {.text = ""};
  prac_conf_defaults(&lookup_conf_section, &c);
  c.country_mmdb = path(p, "d.mmdb");
  write_file("d.mmdb", "not a database");
  assert_int_equal(lookup_new(&c, 0, NULL, &l, &e), PRAC_MALFORMED);
  mmdb_begin(&made, 6, 1);
  made.record[0][0] = made.record[0][1] = 0;
  made.n_nodes = 3;
  for (unsigned i = 0; i < 3; i++) made.record[i][0] = made.record[i][1] = 1 + i % 2; /* a circle */
  write_mmdb("d.mmdb");
  assert_int_equal(lookup_new(&c, 0, NULL, &l, &e), PRAC_DAMAGED);
  assert_null(l);
}

/* ---- merging: the answer is what each source alone says ---- */

static int merged_equals_parts(struct choice *c)
{
  char text[2][2048];
  size_t n[2] = {0, 0}; /* around 100.64.0.0, where bogons begin */
  struct prac_lpm_range want[2][16];
  uint32_t count[2];
  for (size_t k = 0; k < 2; k++) {
    count[k] = choice_below(c, 16);
    for (uint32_t i = 0; i < count[k]; i++) {
      uint32_t a = 0x64400000u - 64 + choice_below(c, 128), b = a + choice_below(c, 40);
      want[k][i] =
          (struct prac_lpm_range){prac_ip4(a), prac_ip4(b), k ? 1 : 1 + choice_below(c, 3)};
      n[k] += (size_t)snprintf(text[k] + n[k], sizeof text[k] - n[k],
                               k ? "%u.%u.%u.%u-%u.%u.%u.%u\n" : "%u.%u.%u.%u,%u.%u.%u.%u,%u\n",
                               a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, b >> 24,
                               b >> 16 & 255, b >> 8 & 255, b & 255, want[k][i].value);
    }
  }
  (void)n;
  struct prac_lpm *part[2] = {NULL, NULL};
  int ok = 1;
  char p[2][128], spec[160];
  const char *v = spec;
  struct lookup_conf conf;
  struct lookup *l = NULL;
  for (size_t k = 0; k < 2; k++)
    if (prac_lpm_new(want[k], count[k], &part[k]) != PRAC_OK) return 0;
  write_file("p.csv", count[0] ? text[0] : "");
  write_file("p.txt", count[1] ? text[1] : "");
  prac_conf_defaults(&lookup_conf_section, &conf);
  conf.asn_csv = path(p[0], "p.csv");
  (void)snprintf(spec, sizeof spec, "x=%s", path(p[1], "p.txt"));
  conf.lists = (struct prac_conf_strings){&v, 1};
  if (lookup_new(&conf, PRAC_TIME_NONE, NULL, &l, NULL) != PRAC_OK) return 0;
  for (uint32_t a = 0x64400000u - 80; ok && a < 0x64400000u + 120; a++) {
    struct prac_ip x = prac_ip4(a);
    struct lookup_answer got = lookup_ip(l, &x);
    ok = got.asn == prac_lpm_find(part[0], &x) && got.bogon == lookup_bogon(&x) &&
         got.survey == prac_lpm_find(part[1], &x);
  }
  for (size_t k = 0; k < 2; k++) prac_lpm_free(&part[k]);
  lookup_unref(&l);
  return ok;
}

static void merging(void **state)
{
  (void)state;
  assert_true(prop_check("lookup_merge", merged_equals_parts, 11, 300));
}

static int make_dir(void **state)
{
  (void)state;
  (void)snprintf(dir, sizeof dir, "/tmp/practice-lookup-XXXXXX");
  return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
  (void)state;
  static const char *const names[] = {"asn.csv", "a.txt",  "b.txt", "c.mmdb",
                                      "a.mmdb",  "d.mmdb", "p.csv", "p.txt"};
  char p[128];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(names); i++) (void)unlink(path(p, names[i]));
  return rmdir(dir);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(bogons),         cmocka_unit_test(nothing_is_known_without_data),
      cmocka_unit_test(a_missing_file), cmocka_unit_test(csv_ranges_and_names),
      cmocka_unit_test(list_formats),   cmocka_unit_test(lists_with_names_and_dates),
      cmocka_unit_test(mmdb_countries), cmocka_unit_test(mmdb_networks),
      cmocka_unit_test(damaged_mmdb),   cmocka_unit_test(merging),
  };
  return cmocka_run_group_tests_name("lookup", t, make_dir, remove_dir);
}
