#include "lib/t.h"

#include "lib/hp.h"

static const struct hp_row rows[] = {
    {"a client's reset", HP_ANSWER, "38 1212121212121212 00 00000000", NULL},
    {"with bytes behind it", HP_ANSWER, "38 1212121212121212 00 00000000 38b126de", NULL},
    {"tls-auth", HP_OBSERVE,
     "38 1212121212121212 0102030405060708090a0b0c0d0e0f1011121314 00000001 5e5e5e5e 00 00000000",
     NULL},
    {"version 1", HP_OBSERVE, "08 1212121212121212 00 00000000", NULL},
    {"version 3", HP_OBSERVE, "50 1212121212121212 00 00000000", NULL},
    {"a server's reset", HP_LOOP, "40 1212121212121212 01 00000000 3434343434343434 00000000",
     NULL},
    {"data", HP_IGNORE, "30 1212121212121212 00 00000000", NULL},
    {"a key number", HP_IGNORE, "39 1212121212121212 00 00000000", NULL},
    {"no session", HP_IGNORE, "38 0000000000000000 00 00000000", NULL},
    {"13 bytes", HP_IGNORE, "38 1212121212121212 00 000000", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("openvpn", rows, PRAC_ARRAY_LEN(rows)));
}

static void the_reset_is_acknowledged(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("openvpn", rows[0].hex);
  assert_int_equal(said.n, 26);
  assert_int_equal(said.b[0], 0x40);
  assert_int_equal(memcmp(said.b + 9, "\1\0\0\0\0\x12\x12\x12\x12\x12\x12\x12\x12\0\0\0\0", 17), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(the_reset_is_acknowledged)};
  return cmocka_run_group_tests_name("hp_openvpn", t, NULL, NULL);
}
