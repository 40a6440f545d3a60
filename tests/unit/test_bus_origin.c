/* Whose message it is: every way of speaking for another that we could think of. */
#include "lib/t.h"

#include "bus/origin.h"

static void a_site_speaks_for_itself(void **st)
{
  (void)st;
  static const struct {
    const char *source, *subject;
    bool ok;
  } v[] = {
      {NULL, "flow.tokyo", true},
      {NULL, "alert.main", true},
      {"PRACTICE-tokyo:abc 1", "flow.tokyo", true},
      {"PRACTICE-tokyo:abc 1", "flow.tokyo-dark", true},
      {"PRACTICE-tokyo:abc 1", "hit.tokyo-honeypot", true},
      {"PRACTICE-tokyo:abc 1", "health.tokyo", true},
      {"PRACTICE-tokyo:abc 1", "finding.honeypot.tokyo-honeypot", true},
      {"PRACTICE-tokyo 1", "flow.tokyo", true},
      {"PRACTICE-tokyo", "flow.tokyo", true},
      {"PRACTICE-new-york:abc 1", "flow.new-york", true},
      {"PRACTICE-tokyo:abc 1", "flow.berlin", false},
      {"PRACTICE-tokyo:abc 1", "flow.tokyo2", false},
      {"PRACTICE-tokyo:abc 1", "flow.tok", false},
      {"PRACTICE-tokyo:abc 1", "flow.tokyo.berlin", false},
      {"PRACTICE-tokyo:abc 1", "flow.berlin.tokyo", false},
      {"PRACTICE-tokyo:abc 1", "flow.", false},
      {"PRACTICE-tokyo:abc 1", "flow", false},
      {"PRACTICE-tokyo:abc 1", "", false},
      {"PRACTICE-tokyo:abc 1", "alert.tokyo", false},
      {"PRACTICE-tokyo:abc 1", "episode.tokyo", false},
      {"PRACTICE-tokyo:abc 1", "mark.tokyo", false},
      {"PRACTICE-tokyo:abc 1", "finding.tokyo", false},
      {"PRACTICE-tokyo:abc 1", "finding.drdos.tokyo", false},
      {"PRACTICE-tokyo:abc 1", "finding.honeypot.", false},
      {"PRACTICE-tokyo:abc 1", "finding.honeypot.berlin", false},
      {"PRACTICE:abc 1", "flow.tokyo", false},
      {"PRACTICE-:abc 1", "flow.", false},
      {"PRACTICE-", "flow.-", false},
      {"OTHER-tokyo:abc 1", "flow.tokyo", false},
      {"tokyo", "flow.tokyo", false},
      {"", "flow.tokyo", false},
      {"PRACTICE-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:x 1",
       "flow.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
  };
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
    if (bus_origin_ok("PRACTICE", v[i].source, v[i].subject) != v[i].ok)
      fail_msg("%s says %s", v[i].source ? v[i].source : "-", v[i].subject);
}

static void names(void **st)
{
  (void)st;
  assert_string_equal(bus_origin_name("flow.tokyo"), "tokyo");
  assert_string_equal(bus_origin_name("finding.honeypot.pot"), "pot");
  assert_null(bus_origin_name("finding.surge"));
  assert_null(bus_origin_name("episode.all"));
  assert_null(bus_origin_name("flow.a.b"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_site_speaks_for_itself),
                                     cmocka_unit_test(names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
