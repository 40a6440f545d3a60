#include "lib/t.h"

#include "lib/hp.h"
#include "wire/ber.h"

#define PUBLIC "0406 7075626c6963 "
#define MIB2 "300b 3009 06052b06010201 0500"
static const struct hp_row rows[] = {
    {"get sysDescr, v1", HP_ANSWER,
     "3029 020100 " PUBLIC "a01c 020456 5adc5d 020100 020100 300e 300c 06082b06010201010100 0500",
     NULL},
    {"getnext, v2c", HP_ANSWER, "3026 020101 " PUBLIC "a119 0204dc63c29a 020100 020100 " MIB2,
     NULL},
    {"getbulk", HP_ANSWER, "3026 020101 " PUBLIC "a519 020400000001 020100 020132 " MIB2, NULL},
    {"getbulk, thousands", HP_ANSWER,
     "3027 020101 " PUBLIC "a51a 020400000001 020100 02027fff " MIB2, NULL},
    {"get of nothing we have, v1", HP_ANSWER,
     "3026 020100 " PUBLIC "a019 020400000007 020100 020100 " MIB2, NULL},
    {"discovery of v3", HP_ANSWER,
     "303a 020103 300f 02024a69 020300ffe3 040104 020103 0410 300e 0400 020100 020100 0400 0400 "
     "0400 "
     "3012 0400 0400 a00c 020237f0 020100 020100 3000",
     NULL},
    {"another community", HP_OBSERVE,
     "3027 020101 0407 70726976617465 a119 0204dc63c29a 020100 020100 " MIB2, NULL},
    {"set", HP_OBSERVE, "3026 020101 " PUBLIC "a319 0204dc63c29a 020100 020100 " MIB2, NULL},
    {"trap", HP_OBSERVE, "3026 020101 " PUBLIC "a719 0204dc63c29a 020100 020100 " MIB2, NULL},
    {"getbulk in v1", HP_OBSERVE, "3026 020100 " PUBLIC "a519 0204dc63c29a 020100 020100 " MIB2,
     NULL},
    {"encrypted v3", HP_OBSERVE,
     "301c 020103 300f 02024a69 020300ffe3 040107 020103 0400 0404 01020304", NULL},
    {"response", HP_LOOP, "3026 020101 " PUBLIC "a219 0204dc63c29a 020100 020100 " MIB2, NULL},
    {"report of v3, not reportable", HP_LOOP,
     "301c 020103 300f 02024a69 020300ffe3 040100 020103 0400 0404 01020304", NULL},
    {"version 4", HP_IGNORE, "3026 020104 " PUBLIC "a119 0204dc63c29a 020100 020100 " MIB2, NULL},
    {"LDAP", HP_IGNORE, "300c 020107 6007 020103 0400 8000", NULL},
    {"shorter than it says", HP_IGNORE, "3026 020101 " PUBLIC "a119 0204dc63", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("snmp", rows, PRAC_ARRAY_LEN(rows)));
}

struct got {
  int64_t version, id, error, index;
  unsigned n;
  bool rising;
  uint8_t last_tag;
};
static struct got read_back(const struct hp_said *said)
{
  struct got g = {.rising = true};
  struct prac_rd r = prac_rd_of(said->b, said->n), m = {0}, c = {0}, pdu = {0}, list = {0};
  struct wire_oid before = {0};
  assert_int_equal(said->verdict, HP_ANSWER);
  assert_true(wire_ber_take(&r, WIRE_BER_SEQ, &m) && prac_rd_left(&r) == 0);
  assert_true(wire_ber_int(&m, WIRE_BER_INT, &g.version));
  assert_true(wire_ber_take(&m, WIRE_BER_OCTETS, &c) && prac_rd_left(&c) == 6);
  assert_true(wire_ber_take(&m, 0xa2, &pdu) && prac_rd_left(&m) == 0);
  assert_true(wire_ber_int(&pdu, WIRE_BER_INT, &g.id) &&
              wire_ber_int(&pdu, WIRE_BER_INT, &g.error));
  assert_true(wire_ber_int(&pdu, WIRE_BER_INT, &g.index));
  assert_true(wire_ber_take(&pdu, WIRE_BER_SEQ, &list) && prac_rd_left(&pdu) == 0);
  for (; prac_rd_left(&list); g.n++) {
    struct prac_rd one = {0};
    struct wire_oid oid = {0};
    assert_true(wire_ber_take(&list, WIRE_BER_SEQ, &one) && wire_ber_oid(&one, &oid));
    assert_true(wire_ber_next(&one, &g.last_tag, &c) && prac_rd_left(&one) == 0);
    if (g.n && wire_oid_cmp(&before, &oid) >= 0) g.rising = false;
    before = oid;
  }
  return g;
}

static void values(void **s)
{
  (void)s;
  struct hp_said get = hp_ask_hex("snmp", rows[0].hex), next = hp_ask_hex("snmp", rows[1].hex);
  struct got g = read_back(&get);
  assert_true(g.version == 0 && g.id == 0x565adc5d && g.error == 0 && g.n == 1);
  assert_int_equal(g.last_tag, WIRE_BER_OCTETS);
  assert_non_null(hp_find(&get, "Cisco IOS"));
  assert_string_equal(get.note.name, "Get 1.3.6.1.2.1.1.1.0");
  g = read_back(&next);
  assert_true(g.version == 1 && g.id == (int32_t)0xdc63c29a && g.n == 1);
  assert_non_null(hp_find(&next, "Cisco IOS")); /* behind mib-2 comes sysDescr.0 */
}

static void bulk_fills_but_does_not_overflow(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("snmp", rows[2].hex);
  struct got g = read_back(&said);
  assert_true(g.n > 40 && g.rising && said.n > 20 * 40);
  struct hp_said many = hp_ask_hex("snmp", rows[3].hex);
  g = read_back(&many);
  assert_true(g.n > 40 && many.n <= HP_REPLY_MAX);
}

static void errors(void **s)
{
  (void)s;
  struct hp_said v1 = hp_ask_hex("snmp", rows[4].hex);
  struct got g = read_back(&v1);
  assert_true(g.error == 2 && g.index == 1 && g.n == 1); /* noSuchName, the question repeated */
  struct hp_said v2 =
      hp_ask_hex("snmp", "3026 020101 " PUBLIC "a019 020400000007 020100 020100 " MIB2);
  g = read_back(&v2);
  assert_true(g.error == 0 && g.n == 1 && g.last_tag == 0x80);
  struct hp_said end =
      hp_ask_hex("snmp", "3026 020101 " PUBLIC
                         "a119 020400000007 020100 020100 300b 3009 06052b06010301 0500");
  g = read_back(&end);
  assert_true(g.error == 0 && g.n == 1 && g.last_tag == 0x82);
}

static void version_3_names_its_engine(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("snmp", rows[5].hex);
  struct prac_rd r = prac_rd_of(said.b, said.n), m = {0}, c = {0};
  int64_t v = 0;
  assert_true(wire_ber_take(&r, WIRE_BER_SEQ, &m) && prac_rd_left(&r) == 0);
  assert_true(wire_ber_int(&m, WIRE_BER_INT, &v) && v == 3);
  assert_true(wire_ber_take(&m, WIRE_BER_SEQ, &c) && wire_ber_int(&c, WIRE_BER_INT, &v) &&
              v == 0x4a69);
  assert_true(wire_ber_take(&m, WIRE_BER_OCTETS, &c) && wire_ber_take(&m, WIRE_BER_SEQ, &c));
  assert_int_equal(prac_rd_left(&m), 0);
  assert_non_null(memmem(said.b, said.n, "\x80\0\x1f\x88\3", 5));
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(values),
                                 cmocka_unit_test(bulk_fills_but_does_not_overflow),
                                 cmocka_unit_test(errors),
                                 cmocka_unit_test(version_3_names_its_engine)};
  return cmocka_run_group_tests_name("hp_snmp", t, NULL, NULL);
}
