/* Where a subscriber's URL may lead, and where not. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/notes.h"
#include "notify/guard.h"
#include "notify/zones.h"

static void the_public_internet_only(void **s)
{
  static const struct {
    const char *ip;
    bool lets;
  } v[] = {{"192.0.0.9", false},
           {"8.8.8.8", true},
           {"127.0.0.1", false},
           {"10.0.0.1", false},
           {"172.16.0.1", false},
           {"172.32.0.1", true},
           {"192.168.0.1", false},
           {"169.254.169.254", false},
           {"100.64.0.1", false},
           {"0.0.0.0", false},
           {"224.0.0.1", false},
           {"239.1.1.1", false},
           {"255.255.255.255", false},
           {"203.0.113.1", false},
           {"::", false},
           {"::1", false},
           {"fe80::1", false},
           {"fc00::1", false},
           {"fd12::1", false},
           {"ff02::1", false},
           {"2001:db8::1", false},
           {"2a00:1450::1", true},
           {"::ffff:10.0.0.1", false},
           {"::ffff:8.8.8.8", true},
           {"64:ff9b::10.0.0.1", false},
           {"64:ff9b::8.8.8.8", true},
           {"2002:a00:1::1", false},
           {"2002:7f00:1::1", false},
           {"2002:808:808::1", true},
           {"::8.8.8.8", false}};
  struct prac_prefix one;
  (void)s;
  assert_int_equal(prac_prefix_parse("10.1.0.0/16", 11, &one), PRAC_OK);
  const struct prac_conf_prefixes none = {NULL, 0}, some = {&one, 1};
  const struct note_guard strict = {.allow = &none}, open = {.allow = &some};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    struct prac_ip ip;
    assert_int_equal(prac_ip_parse(v[i].ip, strlen(v[i].ip), &ip), PRAC_OK);
    if (note_guard_lets(&strict, &ip) != v[i].lets) fail_msg("%s", v[i].ip);
  }
  struct prac_ip own = prac_ip4(0x0a010203), other = prac_ip4(0x0a020203);
  assert_true(note_guard_lets(&open, &own));
  assert_false(note_guard_lets(&open, &other));
}

/* The way itself: what it says of URLs that it does not go to. */
static void urls(void **s)
{
  static const char *const v[][2] = {{"https://127.0.0.1:1/", "no address that may be gone to"},
                                     {"https://[::1]:1/", "no address that may be gone to"},
                                     {"https://localhost:1/", "no address that may be gone to"},
                                     {"https://0177.0.0.1:1/", "no address that may be gone to"},
                                     {"https://2130706433:1/", "no address that may be gone to"},
                                     {"http://127.0.0.1:1/", "only https://"},
                                     {"file:///etc/passwd", "only https://"},
                                     {"", "no url"}};
  const struct note_way *w = note_way_find("hook");
  struct episode e = note_start();
  char set[512];
  _Atomic uint64_t counters[8] = {0};
  (void)s;
  assert_non_null(w);
  prac_conf_defaults(w->conf, set);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    struct prac_err err = {0};
    struct note_tenant t = note_tenant_en();
    t.url = v[i][0];
    t.secret = "";
    struct note_item it = note_item_of(&e, &t);
    struct note_env env = {.conf = set, .counters = counters, .dir = "", .host = "h.example"};
    assert_int_not_equal(w->send(NULL, &it, &env, &err), PRAC_OK);
    if (!strstr(err.text, v[i][1])) fail_msg("%s: %s", v[i][0], err.text);
    assert_int_not_equal(err.rc, PRAC_AGAIN); /* for good */
  }
}

static void zones(void **s)
{
  struct note_zones z = {.n = 0};
  struct note_zone tokyo, none;
  (void)s;
  assert_int_equal(note_zones_read("/nonexistent", &z, NULL), PRAC_UNKNOWN);
  assert_int_equal(note_zones_read(NULL, &z, NULL), PRAC_OK);
  assert_true(z.n > 100);
  assert_int_equal(note_zones_find(&z, "Asia/Tokyo", &tokyo, NULL), PRAC_OK);
  assert_int_equal(note_zone_offset_s(&tokyo, 0), 9 * 3600);
  assert_int_equal(note_zones_find(&z, "+05:30", &tokyo, NULL), PRAC_OK);
  assert_int_equal(note_zone_offset_s(&tokyo, 0), 19800);
  assert_int_not_equal(note_zones_find(&z, "../../etc/passwd", &none, NULL), PRAC_OK);
  note_zones_done(&z);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(the_public_internet_only),
      cmocka_unit_test(urls),
      cmocka_unit_test(zones),
  };
  return cmocka_run_group_tests_name("way_hook", t, NULL, NULL);
}
