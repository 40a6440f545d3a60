#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"monlist, 8 bytes", HP_ANSWER, "1700032a 00000000", NULL},
    {"version 3, old implementation", HP_ANSWER, "1f00022a 00000000", NULL},
    {"the old list", HP_ANSWER, "17000314 00000000", NULL},
    {"peers", HP_ANSWER, "17000300 00000000", NULL},
    {"summary of peers", HP_ANSWER, "17000301 00000000", NULL},
    {"half of it", HP_OBSERVE, "1700032a", NULL},
    {"authenticated", HP_OBSERVE, "1780032a 00000000", NULL},
    {"another code", HP_OBSERVE, "17000308 00000000", NULL},
    {"a response", HP_LOOP, "9700032a 00060048", NULL},
    {"a response, more to come", HP_LOOP, "d701032a 00060048", NULL},
    {"a sequence number", HP_IGNORE, "1701032a 00000000", NULL},
    {"an unknown implementation", HP_IGNORE, "1700092a 00000000", NULL},
    {"version 0", HP_IGNORE, "0700032a 00000000", NULL},
    {"three bytes", HP_IGNORE, "170003", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("ntp_monlist", rows, PRAC_ARRAY_LEN(rows)));
}

static void items_are_as_ntpd_writes_them(void **s)
{
  (void)s;
  static const struct {
    const char *hex;
    unsigned items, size;
  } cases[] = {{"1700032a 00000000", 6, 72},
               {"17000314 00000000", 6, 48},
               {"17000300 00000000", 4, 32},
               {"17000301 00000000", 4, 72}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cases); i++) {
    struct hp_said said = hp_ask_hex("ntp_monlist", cases[i].hex);
    struct prac_rd r = prac_rd_of(said.b, said.n);
    assert_int_equal(prac_rd_u8(&r), 0x97); /* response, last, version 2, mode 7 */
    assert_int_equal(prac_rd_u8(&r), 0);
    assert_int_equal(prac_rd_u8(&r), 3);
    prac_rd_u8(&r);
    assert_int_equal(prac_rd_u16(&r), cases[i].items); /* no error */
    assert_int_equal(prac_rd_u16(&r), cases[i].size);
    assert_int_equal(prac_rd_left(&r), cases[i].items * cases[i].size);
  }
  struct hp_said said = hp_ask_hex("ntp_monlist", cases[0].hex);
  struct prac_rd r = prac_rd_of(said.b + 8, 72);
  uint32_t last = prac_rd_u32(&r), first = prac_rd_u32(&r);
  assert_true(last <= first);
  prac_rd_u32(&r);
  assert_true(prac_rd_u32(&r) > 0);                /* packets */
  assert_int_equal(prac_rd_u32(&r) >> 16, 0xc0a8); /* a client of the made-up network */
  assert_int_equal(prac_rd_u32(&r), 0xc6336401);   /* to us */
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(items_are_as_ntpd_writes_them)};
  return cmocka_run_group_tests_name("hp_ntp_monlist", t, NULL, NULL);
}
