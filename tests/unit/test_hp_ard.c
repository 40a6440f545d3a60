#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"the probe", HP_ANSWER, "0014 0001 03", NULL},
    {"a reply", HP_LOOP, "0001 03ea 00010003", NULL},
    {"longer", HP_IGNORE, "0014 0001 0300", NULL},
    {"shorter", HP_IGNORE, "0014 0001", NULL},
    {"another command", HP_IGNORE, "0014 0001 04", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("ard", rows, PRAC_ARRAY_LEN(rows)));
}

static void of_1006_bytes(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("ard", "0014000103");
  assert_int_equal(said.n, 1006);
  assert_int_equal(memcmp(said.b, "\0\1\3\xea", 4), 0);
  assert_non_null(hp_find(&said, "gw-3f2a"));
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(of_1006_bytes)};
  return cmocka_run_group_tests_name("hp_ard", t, NULL, NULL);
}
