#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"readvar", HP_ANSWER, "1602 0044 0000 0000 0000 0000", NULL},
    {"readstat", HP_ANSWER, "1601 0044 0000 0000 0000 0000", NULL},
    {"readvar of an association", HP_ANSWER, "1602 0047 0000 beb9 0000 0000", NULL},
    {"writevar", HP_OBSERVE, "1603 0044 0000 0000 0000 0000", NULL},
    {"request for a nonce", HP_OBSERVE, "160c 0044 0000 0000 0000 0000", NULL},
    {"authenticated", HP_OBSERVE, "1602 0044 0000 0000 0000 0000 00000001 0102030405060708", NULL},
    {"a response", HP_LOOP, "1682 0044 0618 0000 0000 0000", NULL},
    {"an error", HP_LOOP, "16c2 0044 0618 0000 0000 0000", NULL},
    {"more to come, in a request", HP_IGNORE, "1622 0044 0000 0000 0000 0000", NULL},
    {"more data than there are", HP_IGNORE, "1602 0044 0000 0000 0000 0004 61", NULL},
    {"a status", HP_IGNORE, "1602 0044 0001 0000 0000 0000", NULL},
    {"11 bytes", HP_IGNORE, "1602 0044 0000 0000 0000 00", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("ntp_control", rows, PRAC_ARRAY_LEN(rows)));
}

static size_t data(const struct hp_said *said, uint8_t op)
{
  struct prac_rd r = prac_rd_of(said->b, said->n);
  assert_int_equal(said->verdict, HP_ANSWER);
  assert_int_equal(prac_rd_u8(&r), 0x16);
  assert_int_equal(prac_rd_u8(&r), op);
  prac_rd_skip(&r, 8);
  size_t n = prac_rd_u16(&r);
  assert_int_equal(prac_rd_left(&r), (n + 3) / 4 * 4); /* padded to four */
  return n;
}

static void variables(void **s)
{
  (void)s;
  struct hp_said all = hp_ask_hex("ntp_control", "1602 0044 0000 0000 0000 0000");
  assert_true(data(&all, 0x82) > 300);
  assert_non_null(hp_find(&all, "version=\"ntpd 4"));
  assert_non_null(hp_find(&all, ", hostname=\"gw-3f2a\"\r\n"));
  assert_non_null(hp_find(&all, "clock=0xe8fe6f80.40")); /* 1700000000.25 s + 70 years */
  struct hp_said some =
      hp_ask_hex("ntp_control", "1602 0044 0000 0000 0000 000a 7374726174756d2c7463 0000");
  assert_int_equal(data(&some, 0x82), strlen("stratum=3, tc=10\r\n"));
  assert_non_null(hp_find(&some, "stratum=3, tc=10\r\n"));
}

static void associations(void **s)
{
  (void)s;
  struct hp_said list = hp_ask_hex("ntp_control", "1601 0044 0000 0000 0000 0000");
  assert_int_equal(data(&list, 0x81), 16);
  struct hp_said unknown = hp_ask_hex("ntp_control", "1602 0044 0000 1234 0000 0000");
  assert_int_equal(data(&unknown, 0xc2), 0);
  assert_int_equal(unknown.b[4], 4); /* no such association */
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(variables),
                                 cmocka_unit_test(associations)};
  return cmocka_run_group_tests_name("hp_ntp_control", t, NULL, NULL);
}
