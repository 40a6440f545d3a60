#include "lib/t.h"

#include "lib/hp.h"
#include "wire/ber.h"
#include "wire/text.h"

#define OBJECTCLASS "870b 6f626a656374636c617373"
#define SHORT "3025 020101 6320 0400 0a0100 0a0100 020100 020100 010100 " OBJECTCLASS " 3000"
#define LONG                                                                                       \
  "3084 0000002d 020107 6384 00000024 0400 0a0100 0a0100 020100 020100 010100 " OBJECTCLASS        \
  " 3084 00000000 0a"
#define NETLOGON                                                                                   \
  "3041 020102 633c 0400 0a0100 0a0100 020100 020100 010100 a01d a313 0409 446e73446f6d61696e "    \
  "0406 782e74657374 a306 0401 61 0401 62 300a 0408 4e65746c6f676f6e"

static const struct hp_row rows[] = {
    {"rootDSE, 39 bytes", HP_ANSWER, SHORT, NULL},
    {"rootDSE, long lengths", HP_ANSWER, LONG, NULL},
    {"another base", HP_ANSWER,
     "3028 020101 6323 0403 6f3d78 0a0102 0a0100 020100 020100 010100 " OBJECTCLASS " 3000", NULL},
    {"bind", HP_OBSERVE, "300c 020101 6007 020103 0400 8000", NULL},
    {"modify", HP_OBSERVE, "3009 020101 6604 0400 3000", NULL},
    {"a search that ends early", HP_OBSERVE, "3008 020101 6303 0400 0a", NULL},
    {"an entry", HP_LOOP, "3009 020101 6404 0400 3000", NULL},
    {"a result", HP_LOOP, "300c 020101 6507 0a0100 0400 0400", NULL},
    {"SNMP", HP_IGNORE, "300a 020100 0406 7075626c6963", NULL},
    {"a negative id", HP_IGNORE, "3025 0201ff 6320 0400 0a0100 0a0100 020100", NULL},
    {"nothing", HP_IGNORE, "", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("cldap", rows, PRAC_ARRAY_LEN(rows)));
}

/* The number of attributes of the entry; after it a result with the same id must stand. */
static unsigned check(const struct hp_said *said, int64_t want_id, int64_t want_result)
{
  struct prac_rd r = prac_rd_of(said->b, said->n), m = {0}, op = {0}, name = {0}, list = {0};
  unsigned n = 0;
  for (uint8_t tag = 0; tag != 0x65;) {
    int64_t id = 0, result = 0;
    assert_true(wire_ber_take(&r, WIRE_BER_SEQ, &m));
    assert_true(wire_ber_int(&m, WIRE_BER_INT, &id) && id == want_id);
    assert_true(wire_ber_next(&m, &tag, &op));
    if (tag == 0x65) {
      assert_true(wire_ber_int(&op, WIRE_BER_ENUM, &result));
      assert_int_equal(result, want_result);
      break;
    }
    assert_int_equal(tag, 0x64);
    assert_true(wire_ber_take(&op, WIRE_BER_OCTETS, &name) && prac_rd_left(&name) == 0);
    assert_true(wire_ber_take(&op, WIRE_BER_SEQ, &list));
    for (; prac_rd_left(&list); n++) {
      struct prac_rd one = {0}, type = {0}, values = {0};
      assert_true(wire_ber_take(&list, WIRE_BER_SEQ, &one));
      assert_true(wire_ber_take(&one, WIRE_BER_OCTETS, &type) && prac_rd_left(&type) > 0);
      assert_true(wire_ber_take(&one, WIRE_BER_SET, &values) && prac_rd_left(&values) > 0);
    }
  }
  assert_int_equal(prac_rd_left(&r), 0);
  return n;
}

static void the_root_is_told(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("cldap", LONG);
  assert_true(check(&said, 7, 0) >= 12);
  assert_true(said.n > 20 * 39 && said.n <= HP_REPLY_MAX);
  assert_non_null(hp_find(&said, "20231114221320.0Z"));
  assert_non_null(hp_find(&said, "gw-3f2a.corp.local"));
  struct hp_said other = hp_ask_hex("cldap", rows[2].hex);
  assert_int_equal(check(&other, 1, 1), 0);
  assert_null(hp_find(&other, "corp"));
}

static void the_netlogon_ping(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("cldap", NETLOGON);
  assert_int_equal(check(&said, 2, 0), 1);
  assert_non_null(hp_find(&said, "netlogon"));
  assert_non_null(hp_find(&said, "\4corp\5local"));
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(the_root_is_told),
                                 cmocka_unit_test(the_netlogon_ping)};
  return cmocka_run_group_tests_name("hp_cldap", t, NULL, NULL);
}
