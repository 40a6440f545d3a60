#include "lib/t.h"

#include <jansson.h>

#include "lib/hp.h"

#define HEAD(len) "20000000 44484950 00000000 00000000 " len " 00000000 " len " 00000000 "
static const struct hp_row rows[] = {
    {"one byte", HP_ANSWER, "ff", NULL},
    {"a search", HP_ANSWER,
     HEAD("20000000") "7b226d6574686f64223a22444844697363 6f7665722e736561726368227d", NULL},
    {"another method", HP_OBSERVE, HEAD("20000000") "7b226d6574686f64223a22782e736574227d", NULL},
    {"a reply", HP_LOOP,
     HEAD("20000000") "7b226d6574686f64223a22636c69656e742e6e6f74696679446576496e666f227d", NULL},
    {"two bytes", HP_IGNORE, "ffff", NULL},
    {"nothing", HP_IGNORE, "", NULL},
    {"half a head", HP_IGNORE, "20000000 44484950 00000000", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("dhip", rows, PRAC_ARRAY_LEN(rows)));
}

static void json_behind_a_head(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("dhip", "ff");
  assert_int_equal(memcmp(said.b, "\x20\0\0\0DHIP\0\0\0\0\0\0\0\0", 16), 0);
  assert_int_equal(said.b[16] | said.b[17] << 8, said.n - 32);
  assert_int_equal(said.b[24] | said.b[25] << 8, said.n - 32);
  json_t *j = json_loadb((const char *)said.b + 32, said.n - 32, 0, NULL);
  assert_non_null(j);
  assert_string_equal(json_string_value(json_object_get(j, "method")), "client.notifyDevInfo");
  assert_int_equal(strlen(json_string_value(json_object_get(j, "mac"))), 17);
  assert_non_null(
      json_object_get(json_object_get(json_object_get(j, "params"), "deviceInfo"), "SerialNo"));
  json_decref(j);
  assert_true(said.n > 600);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(json_behind_a_head)};
  return cmocka_run_group_tests_name("hp_dhip", t, NULL, NULL);
}
