#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"a line end", HP_ANSWER, "0d0a", NULL},
    {"nothing at all", HP_ANSWER, "", NULL},
    {"more than a question", HP_OBSERVE, NULL,
     "0000000000000000000000000000000000000000000000000000000000000000000000"},
};
static void recognised(void **s)
{
  (void)s;
  const struct hp_self self = hp_self_made();
  assert_true(hp_rows_hold("qotd", rows, PRAC_ARRAY_LEN(rows)));
  assert_int_equal(hp_ask_as(hp_proto_find("qotd"), &self, "x", 1, 17).verdict, HP_LOOP);
}

static void every_quote_is_short_printable_and_known(void **s)
{
  (void)s;
  struct hp_self self = hp_self_made();
  struct hp_said today = hp_ask_as(hp_proto_find("qotd"), &self, "", 0, HP_SPORT);
  bool another = false;
  for (int day = 0; day < 10; day++, self.now += PRAC_DAY) {
    struct hp_said said = hp_ask_as(hp_proto_find("qotd"), &self, "", 0, HP_SPORT);
    assert_true(said.n > 100 && said.n <= 512); /* RFC 865 */
    for (size_t i = 0; i < said.n; i++)
      assert_true((said.b[i] >= 32 && said.b[i] < 127) || said.b[i] == '\r' || said.b[i] == '\n');
    assert_int_equal(hp_ask("qotd", said.b, said.n).verdict, HP_LOOP);
    another |= said.n != today.n || memcmp(said.b, today.b, said.n) != 0;
  }
  assert_true(another); /* of the day */
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(every_quote_is_short_printable_and_known)};
  return cmocka_run_group_tests_name("hp_qotd", t, NULL, NULL);
}
