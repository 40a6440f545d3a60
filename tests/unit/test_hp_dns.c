#include "lib/t.h"

#include "lib/hp.h"
#include "wire/dns.h"

#define OPT(size) "00 0029 " size " 0000 8000 0000"

static const struct hp_row rows[] = {
    {"ANY isc.org", HP_ANSWER, "1234 0100 0001 0000 0000 0000 03697363 036f7267 00 00ff 0001",
     NULL},
    {"bytes behind it", HP_ANSWER, "1234 0100 0001 0000 0000 0000 03697363 00 0001 0001 01", NULL},
    {"version.bind", HP_ANSWER,
     "34ef 0100 0001 0000 0000 0000 0756455253494f4e 0442494e44 00 0010 0003", NULL},
    {"the root", HP_ANSWER, "1234 0100 0001 0000 0000 0000 00 0002 0001", NULL},
    {"a response", HP_LOOP, "1234 8180 0001 0000 0000 0000 03697363 00 0001 0001", NULL},
    {"NOTIFY", HP_OBSERVE, "1234 2000 0001 0000 0000 0000 03697363 00 0006 0001", NULL},
    {"UPDATE", HP_OBSERVE, "1234 2800 0001 0000 0000 0000 03697363 00 0006 0001", NULL},
    {"no question", HP_IGNORE, "1234 0100 0000 0000 0000 0000", NULL},
    {"two questions", HP_IGNORE, "1234 0100 0002 0000 0000 0000 00 0001 0001 00 0001 0001", NULL},
    {"a pointer in the question", HP_IGNORE, "1234 0100 0001 0000 0000 0000 c00c 0001 0001", NULL},
    {"half a question", HP_IGNORE, "1234 0100 0001 0000 0000 0000 03697363 00 0001", NULL},
    {"nothing", HP_IGNORE, "", NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("dns", rows, PRAC_ARRAY_LEN(rows)));
}

/* Reads a whole reply back; the number of answers that it really has. */
static unsigned check(const struct hp_said *said, struct wire_dns_head *h, unsigned types[64])
{
  struct prac_rd whole = prac_rd_of(said->b, said->n), r = whole;
  struct wire_dns_question q;
  struct wire_dns_record rr;
  unsigned n = 0;
  assert_int_equal(said->verdict, HP_ANSWER);
  assert_true(wire_dns_head_read(&r, h));
  assert_int_equal(h->id, 0x1234);
  assert_true(h->flags & WIRE_DNS_QR);
  assert_true(wire_dns_question_read(NULL, &r, &q));
  for (unsigned i = 0; i < (unsigned)h->an + h->ns + h->ar; i++) {
    assert_true(wire_dns_record_read(&whole, &r, &rr));
    if (i >= h->an) continue;
    assert_true(n < 64);
    types[n++] = rr.type;
  }
  assert_int_equal(prac_rd_left(&r), 0);
  return n;
}

static void any_is_big_and_truncated_without_edns(void **s)
{
  (void)s;
  struct wire_dns_head h;
  unsigned types[64] = {0};
  struct hp_said plain =
      hp_ask_hex("dns", "1234 0100 0001 0000 0000 0000 03697363 036f7267 00 00ff 0001");
  assert_int_equal(check(&plain, &h, types), 0);
  assert_true(h.flags & WIRE_DNS_TC);
  assert_int_equal(plain.n, 25);
  struct hp_said big = hp_ask_hex(
      "dns", "1234 0100 0001 0000 0000 0001 03697363 036f7267 00 00ff 0001 " OPT("1000"));
  assert_true(check(&big, &h, types) >= 9);
  assert_false(h.flags & WIRE_DNS_TC);
  assert_int_equal(h.ar, 1);
  assert_int_equal(types[0], WIRE_DNS_SOA);
  assert_true(big.n > 28 * 36 / 2 && big.n <= HP_REPLY_MAX);
  struct hp_said small = hp_ask_hex(
      "dns", "1234 0100 0001 0000 0000 0001 03697363 036f7267 00 00ff 0001 " OPT("0258"));
  assert_int_equal(check(&small, &h, types), 0); /* 600 bytes do not hold it */
  assert_true(h.flags & WIRE_DNS_TC);
  assert_int_equal(h.ar, 1);
}

static void one_type_at_a_time(void **s)
{
  (void)s;
  static const struct {
    const char *type;
    unsigned want, n;
  } cases[] = {{"0001", WIRE_DNS_A, 1},     {"0002", WIRE_DNS_NS, 2},    {"0006", WIRE_DNS_SOA, 1},
               {"000f", WIRE_DNS_MX, 1},    {"0010", WIRE_DNS_TXT, 2},   {"001c", WIRE_DNS_AAAA, 1},
               {"002e", WIRE_DNS_RRSIG, 2}, {"0030", WIRE_DNS_DNSKEY, 2}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cases); i++) {
    char hex[256];
    struct wire_dns_head h;
    unsigned types[64] = {0};
    snprintf(hex, sizeof hex, "1234 0110 0001 0000 0000 0001 03697363 036f7267 00 %s 0001 %s",
             cases[i].type, OPT("1000"));
    struct hp_said said = hp_ask_hex("dns", hex);
    assert_int_equal(check(&said, &h, types), cases[i].n);
    assert_int_equal(types[0], cases[i].want);
    assert_int_equal(h.flags, WIRE_DNS_QR | WIRE_DNS_RD | WIRE_DNS_RA | WIRE_DNS_CD);
  }
}

static void refusals(void **s)
{
  (void)s;
  struct wire_dns_head h;
  unsigned types[64];
  struct hp_said axfr = hp_ask_hex("dns", "1234 0100 0001 0000 0000 0000 03697363 00 00fc 0001");
  assert_int_equal(check(&axfr, &h, types), 0);
  assert_int_equal(h.flags & 15, WIRE_DNS_REFUSED);
  struct hp_said edns1 = hp_ask_hex(
      "dns", "1234 0100 0001 0000 0000 0001 03697363 00 00ff 0001 00 0029 1000 0001 0000 0000");
  assert_int_equal(check(&edns1, &h, types), 0);
  assert_int_equal(h.flags & (WIRE_DNS_TC | 15), 0);
  assert_int_equal(edns1.b[edns1.n - 6],
                   1); /* BADVERS is 16: the upper eight bits are in the OPT */
  struct hp_said chaos = hp_ask_hex("dns", "1234 0100 0001 0000 0000 0000 03697363 00 0010 0003");
  check(&chaos, &h, types);
  assert_int_equal(h.flags & 15, WIRE_DNS_REFUSED);
}

static void notes(void **s)
{
  (void)s;
  struct hp_said a =
      hp_ask_hex("dns", "1234 0100 0001 0000 0000 0000 03697363 034f5247 00 00ff 0001");
  assert_string_equal(a.note.name, "isc.org ANY IN");
  struct hp_said b = hp_ask_hex("dns", "1234 0100 0001 0000 0000 0000 03612020 00 fffe 0011");
  assert_string_equal(b.note.name, "a\\032\\032 TYPE65534 CLASS17");
  uint8_t q[12 + 4 * 61 + 1 + 4] = {0x12, 0x34, 1, 0, 0, 1};
  for (size_t i = 0; i < 4; i++)
    memset(q + 12 + i * 61, i == 3 ? 'z' : 'a', 61), q[12 + i * 61] = 60;
  q[sizeof q - 3] = 1;
  q[sizeof q - 1] = 1;
  struct hp_said c = hp_ask("dns", q, sizeof q);
  assert_int_equal(strlen(c.note.name), HP_NAME_MAX - 1);
  assert_non_null(strstr(c.note.name, "zzz A IN")); /* the end of the name is kept */
  assert_int_equal(strncmp(c.note.name, "...", 3), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(recognised),
      cmocka_unit_test(any_is_big_and_truncated_without_edns),
      cmocka_unit_test(one_type_at_a_time),
      cmocka_unit_test(refusals),
      cmocka_unit_test(notes),
  };
  return cmocka_run_group_tests_name("hp_dns", t, NULL, NULL);
}
