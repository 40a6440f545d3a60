#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"one byte", HP_ANSWER, "01", NULL},
    {"nothing at all", HP_ANSWER, "", NULL},
    {"text", HP_ANSWER, NULL, "hello\r\n"},
    {"somebody's answer", HP_LOOP, NULL,
     " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n"},
    {"over the end of the alphabet", HP_LOOP, NULL, "xyz{|}~ !\"#$%&"},
    {"more than a question", HP_OBSERVE, NULL,
     "0000000000000000000000000000000000000000000000000000000000000000000000"},
};
static void recognised(void **s)
{
  (void)s;
  const struct hp_self self = hp_self_made();
  assert_true(hp_rows_hold("chargen", rows, PRAC_ARRAY_LEN(rows)));
  assert_int_equal(hp_ask_as(hp_proto_find("chargen"), &self, "x", 1, 19).verdict, HP_LOOP);
}

static void lines_rotate(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("chargen", "01");
  assert_int_equal(said.n % 74, 0);
  assert_int_equal(said.n, 962);
  for (size_t at = 0; at < said.n; at += 74) {
    assert_int_equal(memcmp(said.b + at + 72, "\r\n", 2), 0);
    if (at) assert_int_equal(said.b[at], said.b[at - 73]); /* each line begins one further */
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(lines_rotate)};
  return cmocka_run_group_tests_name("hp_chargen", t, NULL, NULL);
}
