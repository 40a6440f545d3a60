#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"a file that is not there", HP_ANSWER, "0001 2f6100 6e6574617363696900", NULL},
    {"a configuration", HP_ANSWER, "0001 782e63666700 6f6374657400", NULL},
    {"with options", HP_ANSWER, "0001 782e63666700 6f6374657400 626c6b73697a6500 3134363800", NULL},
    {"a file written", HP_OBSERVE, "0002 782e63666700 6f6374657400", NULL},
    {"no name", HP_OBSERVE, "0001 00 6f6374657400", NULL},
    {"a strange mode", HP_OBSERVE, "0001 782e63666700 626c6f6200", NULL},
    {"data", HP_LOOP, "0003 0001 61", NULL},
    {"an acknowledgement", HP_LOOP, "0004 0001", NULL},
    {"an error", HP_LOOP, "0005 0001 6e6f00", NULL},
    {"options acknowledged", HP_LOOP, "0006 626c6b73697a6500 3134363800", NULL},
    {"XDMCP", HP_IGNORE, "0001 0002 0001 00", NULL},
    {"no mode", HP_IGNORE, "0001 782e63666700", NULL},
    {"no end of the name", HP_IGNORE, "0001 782e636667", NULL},
    {"operation 7", HP_IGNORE, "0007 782e63666700 6f6374657400", NULL},
    {"one byte", HP_IGNORE, "00", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("tftp", rows, PRAC_ARRAY_LEN(rows)));
}

static void one_block_is_the_whole_file(void **s)
{
  (void)s;
  struct hp_said data = hp_ask_hex("tftp", rows[1].hex), none = hp_ask_hex("tftp", rows[0].hex);
  assert_int_equal(memcmp(data.b, "\0\3\0\1", 4), 0);
  assert_true(data.n > 300 && data.n < 4 + 512); /* shorter than a block: nothing follows */
  assert_non_null(hp_find(&data, "\nhostname gw-3f2a\n"));
  assert_int_equal(memcmp(none.b, "\0\5\0\1File not found", 19), 0);
  assert_int_equal(none.n, 19);
  assert_string_equal(data.note.name, "read x.cfg");
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(one_block_is_the_whole_file)};
  return cmocka_run_group_tests_name("hp_tftp", t, NULL, NULL);
}
