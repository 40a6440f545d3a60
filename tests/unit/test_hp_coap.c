#include "lib/t.h"

#include "lib/hp.h"

#define CORE "bb2e77656c6c2d6b6e6f776e 04636f7265 "
static const struct hp_row rows[] = {
    {"the links", HP_ANSWER, "4001 7d70 " CORE, NULL},
    {"not confirmable, with a token", HP_ANSWER, "5201 7d70 abcd " CORE, NULL},
    {"in blocks of 64", HP_ANSWER, "4001 7d70 " CORE "c1 02", NULL},
    {"a block beyond the end", HP_ANSWER, "4001 7d70 " CORE "c2 ff02", NULL},
    {"another resource", HP_ANSWER, "4001 7d70 b161", NULL},
    {"a ping", HP_ANSWER, "4000 7d70", NULL},
    {"PUT", HP_OBSERVE, "4003 7d70 b161", NULL},
    {"an option that must be known", HP_OBSERVE, "4001 7d70 " CORE "d10d01", NULL},
    {"content", HP_LOOP, "6045 7d70 c128 ff61", NULL},
    {"an acknowledgement", HP_LOOP, "6000 7d70", NULL},
    {"a reset", HP_LOOP, "7000 7d70", NULL},
    {"a separate response", HP_LOOP, "4145 7d70 07 ff61", NULL},
    {"version 0", HP_IGNORE, "0001 7d70 " CORE, NULL},
    {"a token of 9 bytes", HP_IGNORE, "4901 7d70 010203040506070809", NULL},
    {"an option that is cut off", HP_IGNORE, "4001 7d70 bb2e77", NULL},
    {"a marker and nothing", HP_IGNORE, "4001 7d70 " CORE "ff", NULL},
    {"code 0.31", HP_IGNORE, "401f 7d70", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("coap", rows, PRAC_ARRAY_LEN(rows)));
}

static void links(void **s)
{
  (void)s;
  struct hp_said all = hp_ask_hex("coap", rows[0].hex), non = hp_ask_hex("coap", rows[1].hex);
  assert_int_equal(memcmp(all.b, "\x60\x45\x7d\x70\xc1\x28\xff</.well-known/core>", 25), 0);
  assert_true(all.n > 400);
  assert_string_equal(all.note.name, "/.well-known/core");
  assert_int_equal(memcmp(non.b, "\x52\x45", 2), 0);
  assert_int_equal(memcmp(non.b + 4, "\xab\xcd\xc1\x28\xff", 5), 0);
  struct hp_said ping = hp_ask_hex("coap", rows[5].hex), none = hp_ask_hex("coap", rows[4].hex);
  assert_int_equal(ping.n, 4);
  assert_int_equal(memcmp(ping.b, "\x70\0\x7d\x70", 4), 0);
  assert_int_equal(none.n, 4);
  assert_int_equal(none.b[1], 0x84);
}

static void blocks_make_the_whole(void **s)
{
  (void)s;
  struct hp_said all = hp_ask_hex("coap", rows[0].hex);
  size_t at = 7;
  bool more = true;
  for (unsigned i = 0; more; i++) {
    char hex[128];
    snprintf(hex, sizeof hex, "4001 7d70 " CORE "c1 %02x", i << 4 | 2);
    assert_true(i < 16);
    struct hp_said one = hp_ask_hex("coap", hex);
    assert_int_equal(memcmp(one.b + 4, "\xc1\x28\xb2", 3), 0);
    more = one.b[8] & 8;
    assert_int_equal((one.b[7] << 8 | one.b[8]) >> 4, i);
    assert_int_equal(memcmp(one.b + 10, all.b + at, one.n - 10), 0);
    at += one.n - 10;
  }
  assert_int_equal(at, all.n);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(links),
                                 cmocka_unit_test(blocks_make_the_whole)};
  return cmocka_run_group_tests_name("hp_coap", t, NULL, NULL);
}
