/* Scopes: what is read, one form for one scope, and what is inside, held against the table that the
 * lookup was made from. */
#include "lib/t.h"

#include <stdio.h>
#include <string.h>

#include "access/scope.h"
#include "lib/choice.h"
#include "lib/world.h"

static struct lookup *geo;
static struct prac_arena *arena;

static struct access_scope scope(const char *words)
{
  struct access_scope s;
  struct prac_err err = {0};
  if (access_scope_parse(words, ACCESS_AMBER, arena, &s, &err) != PRAC_OK)
    fail_msg("%s: %s", words, err.text);
  return s;
}

static struct prac_prefix prefix(const char *s)
{
  struct prac_prefix p;
  assert_int_equal(prac_prefix_parse(s, strlen(s), &p), PRAC_OK);
  return p;
}

static void one_form(void **state)
{
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"JP", "JP"},
      {"us,jp us", "JP US"},
      {"AS64500 as7 JP", "JP AS7 AS64500"},
      {"AS", "AS"}, /* American Samoa */
      {"192.0.2.77/24", "192.0.2.0/24"},
      {"192.0.2.7", "192.0.2.7/32"},
      {"192.0.2.128/25,192.0.2.0/25", "192.0.2.0/24"},
      {"192.0.3.0/24 192.0.2.0/25 192.0.2.128/25", "192.0.2.0/23"},
      {"10.0.0.0/8 10.1.0.0/16 10.2.3.4 11.0.0.0/8", "10.0.0.0/7"},
      {"0.0.0.0/1 128.0.0.0/1", "0.0.0.0/0"},
      {"2001:db8:8000::/33 2001:DB8::/33 JP", "JP 2001:db8::/32"},
      {"JP * AS5", "*"},
      {"\t JP,,  MM\n", "JP MM"},
  };
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct access_scope s = scope(rows[i].in);
    assert_string_equal(access_scope_words(&s, arena), rows[i].out);
    struct access_scope again = scope(rows[i].out);
    assert_string_equal(access_scope_words(&again, arena), rows[i].out);
    assert_int_equal(s.all, strcmp(rows[i].out, "*") == 0);
  }
}

static void bad_words(void **state)
{
  static const char *const bad[] = {"J",           "JPN",          "J1",   "AS0",  "AS4294967296",
                                    "ASx",         "192.0.2.0/33", "::/0", "1.2",  "JP;US",
                                    "JP 1.2.3.4/", "**",           "AS-5", "AS 5x"};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct access_scope s;
    struct prac_err err = {0};
    assert_int_equal(access_scope_parse(bad[i], ACCESS_RED, arena, &s, &err), PRAC_MALFORMED);
    assert_non_null(strchr(err.text, '"'));
  }
  struct access_scope s;
  assert_int_equal(access_scope_parse(" , ", ACCESS_RED, arena, &s, NULL), PRAC_RANGE);
  assert_int_equal(access_scope_parse("", ACCESS_RED, arena, &s, NULL), PRAC_RANGE);
}

static void labels(void **state)
{
  static const struct {
    const char *label;
    enum access_tlp tlp;
  } rows[] = {{"TLP:CLEAR", ACCESS_CLEAR}, {"TLP:GREEN", ACCESS_GREEN},
              {"TLP:AMBER", ACCESS_AMBER}, {"TLP:AMBER+STRICT", ACCESS_AMBER_STRICT},
              {"TLP:RED", ACCESS_RED},     {"tlp:red", ACCESS_RED},
              {"RED", ACCESS_RED},         {"", ACCESS_AMBER},
              {NULL, ACCESS_AMBER},        {"TLP:WHITE", ACCESS_AMBER},
              {"TLP:", ACCESS_AMBER}};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct access_scope s = {.clearance = ACCESS_GREEN};
    assert_int_equal(access_tlp_of(rows[i].label), rows[i].tlp);
    assert_int_equal(access_scope_tlp(&s, rows[i].label), rows[i].tlp <= ACCESS_GREEN);
  }
}

static void places(void **state)
{
  (void)state;
  struct access_scope jp = scope("JP"), as = scope("AS64501"), net = scope("45.60.3.0/24");
  struct access_scope all = scope("*");
  assert_true(access_scope_country(&jp, "JP"));
  assert_false(access_scope_country(&jp, "US") || access_scope_country(&jp, "") ||
               access_scope_country(&jp, NULL) || access_scope_country(&as, "JP"));
  assert_true(access_scope_asn(&as, 64501) && access_scope_asn(&all, 0));
  assert_false(access_scope_asn(&as, 0) || access_scope_asn(&jp, 64501));
  struct prac_ip v6 = world_ip(2, 1), mm = world_ip(6, 1), nobody = world_ip(7, 0x301);
  struct prac_ip none = {{0}};
  assert_true(access_scope_ip(&jp, geo, &v6) && access_scope_ip(&as, geo, &v6));
  assert_false(access_scope_ip(&jp, geo, &mm));
  assert_true(access_scope_ip(&as, geo, &mm));
  assert_true(access_scope_ip(&net, NULL, &nobody) && access_scope_ip(&all, NULL, &none));
  assert_false(access_scope_ip(&jp, NULL, &v6) || access_scope_ip(&jp, geo, &nobody) ||
               access_scope_ip(&jp, geo, &none));
}

static void prefixes(void **state)
{
  static const struct {
    const char *scope, *prefix;
    bool inside;
    const char *within[4];
  } rows[] = {
      {"JP", "133.1.5.0/24", true, {"133.1.5.0/24"}},
      {"JP", "133.0.0.0/8", false, {"133.1.0.0/16", "133.2.0.0/16"}},
      {"JP", "133.0.0.0/14", false, {"133.1.0.0/16", "133.2.0.0/16"}},
      {"AS64501 AS64502", "133.1.0.0/16", true, {"133.1.0.0/16"}},
      {"JP", "8.8.8.8", false, {NULL}},
      {"8.8.4.0/24", "8.8.0.0/16", false, {"8.8.4.0/24"}},
      {"8.8.4.0/24", "8.8.4.4", true, {"8.8.4.4/32"}},
      {"8.8.4.0/24 8.8.6.0/24", "8.8.0.0/21", false, {"8.8.4.0/24", "8.8.6.0/24"}},
      {"JP 133.3.0.0/16", "133.2.0.0/15", true, {"133.2.0.0/15"}},
      {"JP 132.255.255.0/24",
       "132.0.0.0/7",
       false,
       {"132.255.255.0/24", "133.1.0.0/16", "133.2.0.0/16"}},
      {"JP", "2400:1::/31", false, {"2400:1::/32"}},
      {"MM", "0.0.0.0/0", false, {"103.25.64.0/18", "103.25.128.0/20"}},
      {"255.255.255.255 0.0.0.0/32", "0.0.0.0/0", false, {"0.0.0.0/32", "255.255.255.255/32"}},
  };
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct access_scope s = scope(rows[i].scope);
    struct prac_prefix p = prefix(rows[i].prefix), v[8];
    uint32_t n = 0, want = 0;
    char text[PRAC_IP_TEXT];
    assert_int_equal(access_scope_prefix(&s, geo, &p), rows[i].inside);
    assert_true(access_scope_within(&s, geo, &p, v, 8, &n));
    while (want < 4 && rows[i].within[want]) want++;
    assert_int_equal(n, want);
    for (uint32_t k = 0; k < n; k++)
      assert_string_equal(prac_prefix_text(text, &v[k]), rows[i].within[k]);
    n = 0;
    if (want > 1) assert_false(access_scope_within(&s, geo, &p, v, want - 1, &n));
  }
}

/* An address is in what access_scope_within gives exactly when it is in the prefix and inside. */
static int parts_are_right(struct choice *c)
{
  static const char *const words[] = {"JP",
                                      "US",
                                      "MM",
                                      "AS64501",
                                      "AS64503",
                                      "AS64505",
                                      "133.1.128.0/17",
                                      "45.60.2.0/23",
                                      "2600:1::/40",
                                      "103.25.64.0/19",
                                      "8.8.3.7"};
  struct prac_arena *a = prac_arena_new(4096);
  char text[200] = "";
  struct access_scope s;
  struct prac_prefix v[64];
  uint32_t n = 0;
  int ok = a != NULL;
  for (unsigned i = 1 + choice_below(c, 4); i > 0; i--) {
    size_t at = strlen(text);
    snprintf(text + at, sizeof text - at, "%s ", words[choice_below(c, PRAC_ARRAY_LEN(words))]);
  }
  ok = ok && access_scope_parse(text, ACCESS_AMBER, a, &s, NULL) == PRAC_OK;
  struct prac_prefix p = {world_ip(choice_below(c, WORLD_PLACES), choice_u8(c)), 0};
  p.bits = (uint8_t)(96 + choice_below(c, 33));
  for (unsigned i = p.bits; i < 128; i++) p.ip.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
  ok = ok && access_scope_within(&s, geo, &p, v, 64, &n);
  for (int i = 0; ok && i < 50; i++) {
    struct prac_ip ip = world_ip(choice_below(c, WORLD_PLACES), choice_below(c, 1024));
    bool in_parts = false;
    for (uint32_t k = 0; k < n; k++) in_parts |= prac_prefix_has(&v[k], &ip);
    ok = in_parts == (prac_prefix_has(&p, &ip) && access_scope_ip(&s, geo, &ip));
  }
  prac_arena_free(&a);
  return ok;
}

static void parts(void **state)
{
  (void)state;
  assert_true(prop_check("parts_are_right", parts_are_right, 61, 2000));
}

static int setup(void **state)
{
  (void)state;
  geo = world_lookup();
  arena = prac_arena_new(4096);
  return !geo || !arena;
}

static int teardown(void **state)
{
  (void)state;
  lookup_unref(&geo);
  prac_arena_free(&arena);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_form), cmocka_unit_test(bad_words), cmocka_unit_test(labels),
      cmocka_unit_test(places),   cmocka_unit_test(prefixes),  cmocka_unit_test(parts),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
