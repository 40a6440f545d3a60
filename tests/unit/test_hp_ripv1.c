#include "lib/t.h"

#include "lib/hp.h"

#define ZERO12 "00000000 00000000 00000000 "
static const struct hp_row rows[] = {
    {"the whole table", HP_ANSWER, "0101 0000 0000 0000 " ZERO12 "00000010", NULL},
    {"metric of a known scanner", HP_OBSERVE, "0101 0000 0000 0000 " ZERO12 "00001000", NULL},
    {"one route", HP_OBSERVE, "0101 0000 0002 0000 0a000000 00000000 00000000 00000001", NULL},
    {"version 2", HP_OBSERVE, "0102 0000 0000 0000 " ZERO12 "00000010", NULL},
    {"a response", HP_LOOP, "0201 0000 0002 0000 0a000000 00000000 00000000 00000001", NULL},
    {"trace on", HP_IGNORE, "0301 0000 0000 0000 " ZERO12 "00000010", NULL},
    {"version 3", HP_IGNORE, "0103 0000 0000 0000 " ZERO12 "00000010", NULL},
    {"half an entry more", HP_IGNORE, "0101 0000 0000 0000 " ZERO12 "00000010 0000", NULL},
    {"short", HP_IGNORE, "0101 0000", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("ripv1", rows, PRAC_ARRAY_LEN(rows)));
}

static void a_table_of_whole_entries(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("ripv1", rows[0].hex);
  struct prac_rd r = prac_rd_of(said.b, said.n);
  assert_true(prac_rd_u32(&r) == 0x02010000);
  assert_true(prac_rd_left(&r) % 20 == 0 && prac_rd_left(&r) >= 200 && prac_rd_left(&r) <= 500);
  while (prac_rd_left(&r)) {
    assert_int_equal(prac_rd_u16(&r), 2);
    assert_int_equal(prac_rd_u16(&r), 0);
    prac_rd_u32(&r);
    assert_true(prac_rd_u64(&r) == 0);
    uint32_t metric = prac_rd_u32(&r);
    assert_true(metric >= 1 && metric <= 15);
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(a_table_of_whole_entries)};
  return cmocka_run_group_tests_name("hp_ripv1", t, NULL, NULL);
}
