#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"version 4", HP_ANSWER,
     "e30004fa000100000001000000000000000000000000000000000000000000000000000000000000c54f234b71b15"
     "2f3",
     NULL},
    {"version 1", HP_ANSWER,
     "0b0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000",
     NULL},
    {"with an authenticator", HP_OBSERVE,
     "230000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000100000000000000000000000000000000",
     NULL},
    {"symmetric", HP_OBSERVE,
     "210000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000",
     NULL},
    {"a server's answer", HP_LOOP,
     "240000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000",
     NULL},
    {"a broadcast", HP_LOOP,
     "250000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000",
     NULL},
    {"version 0", HP_IGNORE,
     "030000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000",
     NULL},
    {"version 5", HP_IGNORE,
     "2b0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000",
     NULL},
    {"47 bytes", HP_IGNORE,
     "230000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0",
     NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("ntp_client", rows, PRAC_ARRAY_LEN(rows)));
}

static void the_time_is_told(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("ntp_client", rows[0].hex);
  assert_int_equal(said.n, 48);
  struct prac_rd r = prac_rd_of(said.b, said.n);
  assert_int_equal(prac_rd_u8(&r), 0x24); /* version 4, server */
  assert_int_equal(prac_rd_u8(&r), 2);
  assert_int_equal(prac_rd_u8(&r), 0x04); /* the client's poll */
  prac_rd_skip(&r, 13);
  uint64_t reference = prac_rd_u64(&r), origin = prac_rd_u64(&r), received = prac_rd_u64(&r);
  uint64_t sent = prac_rd_u64(&r);
  assert_true(origin == 0xc54f234b71b152f3u);
  assert_true(received == ((UINT64_C(1700000000) + 2208988800) << 32 | 0x40000000));
  assert_true(sent > received && sent - received < UINT64_C(1) << 32);
  assert_true(reference < received);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(the_time_is_told)};
  return cmocka_run_group_tests_name("hp_ntp_client", t, NULL, NULL);
}
