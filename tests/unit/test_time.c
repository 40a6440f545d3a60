#include "lib/t.h"

#include <string.h>

#include "base/time.h"

static void texts_read_back(void **s)
{
  (void)s;
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"2013-08-07", "2013-08-07T00:00:00Z"},
      {"2013-08-07 12:34:56", "2013-08-07T12:34:56Z"},
      {"2013-08-07T12:34:56.5+09:00", "2013-08-07T03:34:56.500Z"},
      {"1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"},
      {"2000-02-29", "2000-02-29T00:00:00Z"},
      {"@1375876800", "2013-08-07T12:00:00Z"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    prac_time t = 0;
    char text[PRAC_TIME_TEXT];
    assert_int_equal(prac_time_parse(rows[i].in, strlen(rows[i].in), &t), PRAC_OK);
    assert_string_equal(prac_time_text(text, t), rows[i].out);
  }
}

static void nonsense_is_refused(void **s)
{
  (void)s;
  static const char *const rows[] = {
      "",           "2013",        "2013-13-01",       "2013-02-30x", "2013-02-29", "1900-02-29",
      "2013-04-31", "2013-08-07T", "2013-08-07T25:00", "1500-01-01",  "@",          "@99999999999"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    prac_time t = 7;
    assert_int_not_equal(prac_time_parse(rows[i], strlen(rows[i]), &t), PRAC_OK);
    assert_int_equal(t, 7);
  }
}

static void durations(void **s)
{
  (void)s;
  static const struct {
    const char *in;
    int64_t ns;
    const char *out;
  } rows[] = {
      {"90", 90 * PRAC_SEC, "1 min 30 s"}, {"1h30m", 90 * PRAC_MIN, "1 h 30 min"},
      {"28d", 28 * PRAC_DAY, "28 d"},      {"250ms", 250 * PRAC_MS, "250 ms"},
      {"5m", 5 * PRAC_MIN, "5 min"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    int64_t ns = 0;
    char text[PRAC_TIME_TEXT];
    assert_int_equal(prac_duration_parse(rows[i].in, strlen(rows[i].in), &ns), PRAC_OK);
    assert_int_equal(ns, rows[i].ns);
    assert_string_equal(prac_duration_text(text, ns), rows[i].out);
  }
}

static void floors_before_1970(void **s)
{
  (void)s;
  assert_int_equal(prac_time_floor(-1, PRAC_MIN), -PRAC_MIN);
  assert_int_equal(prac_time_floor(PRAC_MIN, PRAC_MIN), PRAC_MIN);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(texts_read_back),
      cmocka_unit_test(nonsense_is_refused),
      cmocka_unit_test(durations),
      cmocka_unit_test(floors_before_1970),
  };
  return cmocka_run_group_tests_name("time", t, NULL, NULL);
}
