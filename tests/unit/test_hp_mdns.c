#include "lib/t.h"

#include "lib/hp.h"
#include "wire/dns.h"

#define SERVICES "095f7365727669636573 075f646e732d7364 045f756470 056c6f63616c 00 "
#define HTTP "055f68747470 045f746370 056c6f63616c 00 "
static const struct hp_row rows[] = {
    {"all services", HP_ANSWER, "1234 0000 0001 0000 0000 0000 " SERVICES "000c 0001", NULL},
    {"with the unicast bit", HP_ANSWER, "1234 0000 0001 0000 0000 0000 " SERVICES "000c 8001",
     NULL},
    {"one service", HP_ANSWER, "1234 0000 0001 0000 0000 0000 " HTTP "000c 0001", NULL},
    {"our own name", HP_ANSWER,
     "1234 0000 0001 0000 0000 0000 0767772d33663261 056c6f63616c 00 0001 0001", NULL},
    {"somebody else's name", HP_OBSERVE,
     "1234 0000 0001 0000 0000 0000 0161 056c6f63616c 00 0001 0001", NULL},
    {"a probe", HP_OBSERVE, "1234 0000 0001 0000 0001 0000 " SERVICES "000c 0001", NULL},
    {"a response", HP_LOOP, "0000 8400 0000 0000 0000 0000", NULL},
    {"plain DNS", HP_IGNORE, "1234 0100 0001 0000 0000 0000 03697363 036f7267 00 00ff 0001", NULL},
    {"no question", HP_IGNORE, "1234 0000 0000 0000 0000 0000", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("mdns", rows, PRAC_ARRAY_LEN(rows)));
}

/* Reads all of it; counts the records of one type. */
static unsigned count(const struct hp_said *said, uint16_t type, struct wire_dns_head *h)
{
  struct prac_rd whole = prac_rd_of(said->b, said->n), r = whole;
  struct wire_dns_question q;
  struct wire_dns_record rr;
  unsigned n = 0;
  assert_true(wire_dns_head_read(&r, h));
  for (unsigned i = 0; i < h->qd; i++) assert_true(wire_dns_question_read(NULL, &r, &q));
  for (unsigned i = 0; i < (unsigned)h->an + h->ns + h->ar; i++) {
    assert_true(wire_dns_record_read(&whole, &r, &rr));
    n += rr.type == type;
    if (h->qd) assert_true(rr.ttl <= 10 && !(rr.class & 0x8000)); /* RFC 6762, 6.7 */
  }
  assert_int_equal(prac_rd_left(&r), 0);
  return n;
}

static void legacy_and_real(void **s)
{
  (void)s;
  const struct hp_self self = hp_self_made();
  struct wire_dns_head h;
  uint8_t b[128];
  struct hp_said legacy = hp_ask_hex("mdns", rows[0].hex);
  assert_true(count(&legacy, WIRE_DNS_PTR, &h) >= 6);
  assert_int_equal(h.id, 0x1234);
  assert_int_equal(h.qd, 1);
  assert_string_equal(legacy.note.name, "_services._dns-sd._udp.local PTR IN");
  size_t n = hp_hex(rows[1].hex, b, sizeof b);
  struct hp_said real = hp_ask_as(hp_proto_find("mdns"), &self, b, n, 5353);
  assert_true(count(&real, WIRE_DNS_PTR, &h) >= 6);
  assert_int_equal(h.id, 0);
  assert_int_equal(h.qd, 0);
  assert_true(h.flags & WIRE_DNS_AA);
}

static void a_service_brings_its_address(void **s)
{
  (void)s;
  struct wire_dns_head h;
  struct hp_said said = hp_ask_hex("mdns", rows[2].hex);
  assert_int_equal(count(&said, WIRE_DNS_PTR, &h), 1);
  assert_int_equal(count(&said, WIRE_DNS_SRV, &h), 1);
  assert_int_equal(count(&said, WIRE_DNS_TXT, &h), 1);
  assert_int_equal(count(&said, WIRE_DNS_A, &h), 1);
  assert_int_equal(memcmp(said.b + said.n - 4, "\xc6\x33\x64\1", 4), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised), cmocka_unit_test(legacy_and_real),
                                 cmocka_unit_test(a_service_brings_its_address)};
  return cmocka_run_group_tests_name("hp_mdns", t, NULL, NULL);
}
