#include "lib/t.h"

#include "lib/hp.h"

#define CALL(type, prog, vers, proc)                                                               \
  "1aa9ffe1 0000000" type " 00000002 " prog " 0000000" vers " 0000000" proc                        \
  " 00000000 00000000 00000000 00000000 "
static const struct hp_row rows[] = {
    {"DUMP", HP_ANSWER, CALL("0", "000186a0", "2", "4"), NULL},
    {"DUMP of version 3", HP_ANSWER, CALL("0", "000186a0", "3", "4"), NULL},
    {"NULL", HP_ANSWER, CALL("0", "000186a0", "2", "0"), NULL},
    {"GETPORT", HP_ANSWER, CALL("0", "000186a0", "2", "3") "000186a5 00000003 00000011 00000000",
     NULL},
    {"version 9", HP_ANSWER, CALL("0", "000186a0", "9", "4"), NULL},
    {"SET", HP_OBSERVE, CALL("0", "000186a0", "2", "1"), NULL},
    {"CALLIT", HP_OBSERVE, CALL("0", "000186a0", "2", "5"), NULL},
    {"GETADDR", HP_OBSERVE, CALL("0", "000186a0", "4", "3"), NULL},
    {"a reply", HP_LOOP, "1aa9ffe1 00000001 00000000 00000000 00000000 00000000 00000000", NULL},
    {"another program", HP_IGNORE, CALL("0", "55555555", "1", "1"), NULL},
    {"RPC version 3", HP_IGNORE, "1aa9ffe1 00000000 00000003 000186a0 00000002 00000004", NULL},
    {"half", HP_IGNORE, "1aa9ffe1 00000000 00000002 000186a0 00000002 00000004 00000000", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("portmap", rows, PRAC_ARRAY_LEN(rows)));
}

static struct prac_rd results(const struct hp_said *said, uint32_t stat)
{
  struct prac_rd r = prac_rd_of(said->b, said->n);
  assert_true(prac_rd_u32(&r) == 0x1aa9ffe1);
  assert_int_equal(prac_rd_u32(&r), 1);
  prac_rd_skip(&r, 12);
  assert_int_equal(prac_rd_u32(&r), stat);
  assert_false(r.bad);
  return r;
}

static void lists_end_well(void **s)
{
  (void)s;
  struct hp_said two = hp_ask_hex("portmap", rows[0].hex),
                 three = hp_ask_hex("portmap", rows[1].hex);
  struct prac_rd r = results(&two, 0);
  unsigned n = 0;
  for (; prac_rd_u32(&r) == 1; n++) {
    assert_true(prac_rd_u32(&r) >= 100000);
    prac_rd_u32(&r);
    uint32_t protocol = prac_rd_u32(&r), port = prac_rd_u32(&r);
    assert_true((protocol == 6 || protocol == 17) && port > 0 && port < 65536);
  }
  assert_true(n > 15 && !r.bad && prac_rd_left(&r) == 0);
  r = results(&three, 0);
  for (n = 0; prac_rd_u32(&r) == 1; n++) {
    prac_rd_skip(&r, 8);
    for (int k = 0; k < 3; k++) { /* netid, address, owner */
      uint32_t len = prac_rd_u32(&r);
      assert_true(len > 0 && len < 32);
      prac_rd_skip(&r, (len + 3) / 4 * 4);
    }
  }
  assert_true(n > 12 && !r.bad && prac_rd_left(&r) == 0);
}

static void one_port_and_a_mismatch(void **s)
{
  (void)s;
  struct hp_said port = hp_ask_hex("portmap", rows[3].hex),
                 nine = hp_ask_hex("portmap", rows[4].hex);
  struct prac_rd r = results(&port, 0);
  assert_int_equal(prac_rd_u32(&r), 20048);
  r = results(&nine, 2);
  assert_int_equal(prac_rd_u32(&r), 2);
  assert_int_equal(prac_rd_u32(&r), 4);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(lists_end_well),
                                 cmocka_unit_test(one_port_and_a_mismatch)};
  return cmocka_run_group_tests_name("hp_portmap", t, NULL, NULL);
}
