#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "base/counter.h"

static const struct prac_counter_def defs[] = {
    {"packets", "packets", "Taken from the source.", PRAC_COUNTER},
    {"open", "1", "A back\\slash and a\nnew line.", PRAC_GAUGE},
};
static _Atomic uint64_t tokyo[2], oslo[2], other[2];
static const struct prac_counters sets[] = {
    {"capture/tokyo", defs, tokyo, 2},
    {"engine.surge", defs, other, 2},
    {"capture/os\"lo\\\n", defs, oslo, 2},
};

static void prometheus_groups_and_escapes(void **state)
{
  (void)state;
  char *text = NULL;
  size_t n = 0;
  prac_count(&tokyo[0], 3);
  prac_count(&tokyo[0], 4);
  prac_count(&oslo[0], UINT64_MAX);
  prac_gauge(&other[1], 5);
  assert_int_equal(prac_counters_prometheus(sets, 3, &text, &n), PRAC_OK);
  assert_string_equal(
      text, "# HELP practice_capture_packets_total Taken from the source. (packets)\n"
            "# TYPE practice_capture_packets_total counter\n"
            "practice_capture_packets_total{instance=\"tokyo\"} 7\n"
            "practice_capture_packets_total{instance=\"os\\\"lo\\\\\\n\"} 18446744073709551615\n"
            "# HELP practice_capture_open A back\\\\slash and a\\nnew line. (1)\n"
            "# TYPE practice_capture_open gauge\n"
            "practice_capture_open{instance=\"tokyo\"} 0\n"
            "practice_capture_open{instance=\"os\\\"lo\\\\\\n\"} 0\n"
            "# HELP practice_engine_surge_packets_total Taken from the source. (packets)\n"
            "# TYPE practice_engine_surge_packets_total counter\n"
            "practice_engine_surge_packets_total 0\n"
            "# HELP practice_engine_surge_open A back\\\\slash and a\\nnew line. (1)\n"
            "# TYPE practice_engine_surge_open gauge\n"
            "practice_engine_surge_open 5\n");
  assert_int_equal(n, strlen(text));
  free(text);
}

static void text_in_columns(void **state)
{
  (void)state;
  char *text = NULL;
  size_t n = 0;
  assert_int_equal(prac_counters_text(sets, 2, 0, &text, &n), PRAC_OK);
  assert_string_equal(text, "capture/tokyo  packets              7 packets\n"
                            "engine.surge   open                 5 \n");
  free(text);
  assert_int_equal(prac_counters_text(sets, 2, 1, &text, &n), PRAC_OK);
  size_t lines = 0;
  for (const char *p = text; *p; p++) lines += *p == '\n';
  assert_int_equal(lines, 4);
  free(text);
  assert_int_equal(prac_counters_text(NULL, 0, 1, &text, &n), PRAC_OK);
  assert_string_equal(text, "");
  free(text);
}

static void wrong_tables(void **state)
{
  (void)state;
  static const struct prac_counter_def bad[][2] = {
      {{"Upper", "1", "x", PRAC_COUNTER}, {"ok", "1", "x", PRAC_COUNTER}},
      {{"a", "", "x", PRAC_COUNTER}, {"ok", "1", "x", PRAC_COUNTER}},
      {{"a", "1", "", PRAC_COUNTER}, {"ok", "1", "x", PRAC_COUNTER}},
      {{"a", "1", "x", PRAC_COUNTER}, {"a", "1", "x", PRAC_COUNTER}},
  };
  assert_null(prac_counters_wrong(&sets[0]));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct prac_counters c = {"x", bad[i], tokyo, 2};
    assert_non_null(prac_counters_wrong(&c));
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(prometheus_groups_and_escapes),
      cmocka_unit_test(text_in_columns),
      cmocka_unit_test(wrong_tables),
  };
  return cmocka_run_group_tests_name("counter", t, NULL, NULL);
}
