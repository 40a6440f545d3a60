/* What is recognised, and what the answer holds. */
#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"the question", HP_ANSWER, NULL, "@NAME@?\r\n"},
    {"an answer", HP_LOOP, NULL, "@NAME@! gw-1 uptime 3\r\n"},
    {"something else", HP_IGNORE, "0001", NULL},
    {"nothing", HP_IGNORE, "", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("@name@", rows, PRAC_ARRAY_LEN(rows)));
}

static void the_answer_can_be_read(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_text("@name@", rows[0].text);
  assert_int_equal(said.verdict, HP_ANSWER);
  assert_non_null(hp_find(&said, "! gw-3f2a uptime 1234567\r\n"));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(recognised),
      cmocka_unit_test(the_answer_can_be_read),
  };
  return cmocka_run_group_tests_name("@name@", t, NULL, NULL);
}
