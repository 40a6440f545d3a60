/* Views that people keep by a name: what a name and a place may be, how many, whose they are. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/saved.h"
#include "lib/accounts.h"

#define T0 (INT64_C(1375833600) * PRAC_SEC)

static char dir[ACCOUNTS_PATH], path[ACCOUNTS_PATH];
static struct access *a;
static const struct access_who mika = {.user = "mika", .org = "jp"},
                               kai = {.user = "kai", .org = "jp"};

static int begin(void **s)
{
  struct prac_clock wall = prac_clock_virtual(T0);
  struct access_org o = {.name = "jp", .scope = "JP", .clearance = "TLP:AMBER"};
  (void)s;
  a = accounts_begin(dir, path, NULL, &wall);
  assert_int_equal(access_org_put(a, "test", &o, NULL), PRAC_OK);
  for (int i = 0; i < 2; i++) {
    struct access_user u = {.user = i ? "mika" : "kai", .org = "jp", .role = "viewer"};
    assert_int_equal(access_user_put(a, "test", &u, NULL, NULL), PRAC_OK);
  }
  return 0;
}
static int finish(void **s)
{
  (void)s;
  return accounts_end(dir, &a);
}

static void expect(const char *user, const char *json)
{
  struct prac_json j = prac_json_of(1 << 20);
  assert_int_equal(access_saved_json(a, user, &j), PRAC_OK);
  assert_string_equal(j.buf, json);
  prac_json_done(&j);
}
static prac_rc put(const char *name, const char *place)
{
  return access_saved_put(a, &mika, name, place, NULL);
}
#define MADE "\"made\":\"2013-08-07T00:00:00Z\"}"

static void names(void **s)
{
  static const char kana[] = "\xe3\x81\x82"; /* three bytes, one character */
  char name[ACCESS_SAVED_NAME * 3 + 4] = "";
  (void)s;
  for (int i = 0; i < ACCESS_SAVED_NAME; i++) strcat(name, kana);
  assert_int_equal(put(name, "/"), PRAC_OK);
  strcat(name, kana);
  assert_int_equal(put(name, "/"), PRAC_MALFORMED);
  static const char *const bad[] = {"", "   ", "a\nb", "\xff", "a\xe2\x80\xae-"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    assert_int_equal(put(bad[i], "/"), PRAC_MALFORMED);
}

static void places(void **s)
{
  char place[ACCESS_PLACE + 2];
  (void)s;
  memset(place, 'a', sizeof place);
  place[0] = '/';
  place[ACCESS_PLACE + 1] = 0;
  assert_int_equal(put("x", place), PRAC_MALFORMED);
  place[ACCESS_PLACE] = 0;
  assert_int_equal(put("x", place), PRAC_OK);
  static const char *const bad[] = {"",     "attacks", "//evil.example", "/\\evil.example",
                                    "/a b", "/\x7f",   "/\xe3\x81\x82",  "javascript:alert(1)"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    assert_int_equal(put("x", bad[i]), PRAC_MALFORMED);
}

static void whose(void **s)
{
  (void)s;
  assert_int_equal(put("dns", "/attacks?vector=dns"), PRAC_OK);
  assert_int_equal(put("dns", "/attacks?vector=dns&range=7d"), PRAC_OK);
  expect("mika", "[{\"name\":\"dns\",\"place\":\"/attacks?vector=dns&range=7d\"," MADE "]");
  expect("kai", "[]");
  assert_int_equal(access_saved_end(a, &kai, "dns", NULL), PRAC_UNKNOWN);
  assert_int_equal(access_saved_put(a, &kai, "dns", "/", NULL), PRAC_OK);
  assert_int_equal(access_saved_end(a, &mika, "dns", NULL), PRAC_OK);
  expect("mika", "[]");
  expect("kai", "[{\"name\":\"dns\",\"place\":\"/\"," MADE "]");
  assert_int_equal(access_saved_end(a, &mika, "dns", NULL), PRAC_UNKNOWN);
}

static void how_many(void **s)
{
  char name[16];
  (void)s;
  for (int i = 0; i < ACCESS_SAVED; i++) {
    (void)snprintf(name, sizeof name, "v%d", i);
    assert_int_equal(put(name, "/"), PRAC_OK);
  }
  assert_int_equal(put("one more", "/"), PRAC_RANGE);
  assert_int_equal(put("v7", "/ports"), PRAC_OK); /* changed */
  assert_int_equal(access_saved_put(a, &kai, "mine", "/", NULL), PRAC_OK);
  assert_int_equal(access_saved_end(a, &mika, "v0", NULL), PRAC_OK);
  assert_int_equal(put("one more", "/"), PRAC_OK);
}

static void noted(void **s)
{
  struct prac_json j = prac_json_of(1 << 16);
  (void)s;
  assert_int_equal(put("dns", "/attacks?vector=dns"), PRAC_OK);
  assert_int_equal(access_saved_end(a, &mika, "dns", NULL), PRAC_OK);
  assert_int_equal(put("", "/"), PRAC_MALFORMED);
  assert_int_equal(access_audit_json(a, 0, 2, &j), PRAC_OK);
  assert_non_null(strstr(j.buf, "\"what\":\"view removed\""));
  assert_non_null(strstr(j.buf, "\"what\":\"view saved\""));
  assert_non_null(strstr(j.buf, "/attacks?vector=dns"));
  prac_json_done(&j);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
int main(void)
{
  const struct CMUnitTest tests[] = {T(names), T(places), T(whose), T(how_many), T(noted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
