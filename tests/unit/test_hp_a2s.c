#include "lib/t.h"

#include "lib/hp.h"

#define QUESTION "ffffffff 54 536f7572636520456e67696e6520517565727900 "
static const struct hp_row rows[] = {
    {"A2S_INFO", HP_ANSWER, QUESTION, NULL},
    {"with a challenge", HP_ANSWER, QUESTION "01020304", NULL},
    {"A2S_PLAYER", HP_OBSERVE, "ffffffff 55 ffffffff", NULL},
    {"A2S_RULES", HP_OBSERVE, "ffffffff 56 ffffffff", NULL},
    {"ping", HP_OBSERVE, "ffffffff 69", NULL},
    {"information", HP_LOOP, "ffffffff 49 11 6100", NULL},
    {"a challenge", HP_LOOP, "ffffffff 41 01020304", NULL},
    {"Quake's getstatus", HP_IGNORE, "ffffffff 676574737461747573", NULL},
    {"one part of several", HP_IGNORE, "feffffff 54 536f7572636520456e67696e6520517565727900",
     NULL},
    {"another text", HP_IGNORE, "ffffffff 54 536f757263652000", NULL},
    {"no end", HP_IGNORE, "ffffffff 54 536f7572636520456e67696e65205175657279", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("a2s", rows, PRAC_ARRAY_LEN(rows)));
}

static void a_server_with_players(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("a2s", QUESTION);
  assert_int_equal(memcmp(said.b, "\xff\xff\xff\xff\x49\x11", 6), 0);
  size_t at = 6;
  for (int i = 0; i < 4; i++)
    at += strlen((const char *)said.b + at) + 1; /* name, map, folder, game */
  assert_int_equal(said.b[at] | said.b[at + 1] << 8, 240);
  assert_true(said.b[at + 2] <= said.b[at + 3]);
  assert_true(said.n > 100 && said.b[said.n - 1] == 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(a_server_with_players)};
  return cmocka_run_group_tests_name("hp_a2s", t, NULL, NULL);
}
