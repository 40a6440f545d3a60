#include "lib/t.h"

#include "lib/hp.h"

#define STAR "20 434b4141414141414141414141414141414141414141414141414141414141 41 00 "
static const struct hp_row rows[] = {
    {"node status of *", HP_ANSWER, "e5d8 0000 0001 0000 0000 0000 " STAR "0021 0001", NULL},
    {"with the broadcast flag", HP_ANSWER, "e5d8 0010 0001 0000 0000 0000 " STAR "0021 0001", NULL},
    {"a name query", HP_OBSERVE, "e5d8 0110 0001 0000 0000 0000 " STAR "0020 0001", NULL},
    {"a registration", HP_OBSERVE, "e5d8 2910 0001 0000 0000 0001 " STAR "0020 0001", NULL},
    {"a response", HP_LOOP, "e5d8 8400 0000 0001 0000 0000 " STAR "0021 0001", NULL},
    {"a name that is none", HP_IGNORE, "e5d8 0000 0001 0000 0000 0000 03697363 00 0021 0001", NULL},
    {"DNS's ANY", HP_IGNORE, "e5d8 0000 0001 0000 0000 0000 " STAR "00ff 0001", NULL},
    {"half a name", HP_IGNORE, "e5d8 0000 0001 0000 0000 0000 20 434b41", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("netbios", rows, PRAC_ARRAY_LEN(rows)));
}

static void names_and_address(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("netbios", rows[0].hex);
  struct prac_rd r = prac_rd_of(said.b, said.n);
  assert_int_equal(prac_rd_u16(&r), 0xe5d8);
  assert_int_equal(prac_rd_u16(&r), 0x8400);
  assert_int_equal(prac_rd_u32(&r), 1); /* no question, one answer */
  prac_rd_skip(&r, 4 + 34);
  assert_int_equal(prac_rd_u16(&r), 0x21);
  prac_rd_skip(&r, 6);
  const uint16_t length = prac_rd_u16(&r);
  assert_int_equal(length, prac_rd_left(&r));
  unsigned names = prac_rd_u8(&r);
  assert_int_equal(prac_rd_left(&r), names * 18 + 46);
  assert_int_equal(memcmp(r.p, "GW-3F2A        \0\4\0", 18), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(names_and_address)};
  return cmocka_run_group_tests_name("hp_netbios", t, NULL, NULL);
}
