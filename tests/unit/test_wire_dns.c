#include "lib/t.h"

#include <string.h>

#include "wire/dns.h"

#define NAME(s) (const uint8_t *)(s), sizeof(s) - 1

static bool read_name(const uint8_t *msg, size_t n, size_t at, struct wire_dns_name *ret)
{
  struct prac_rd whole = prac_rd_of(msg, n), r = whole;
  prac_rd_skip(&r, at);
  return wire_dns_name_read(&whole, &r, ret);
}

static void names(void **s)
{
  (void)s;
  struct wire_dns_name n;
  char text[WIRE_DNS_TEXT_MAX];
  assert_true(read_name(NAME("\3isc\3ORG\0"), 0, &n));
  wire_dns_name_text(&n, text);
  assert_string_equal(text, "isc.org");
  assert_true(wire_dns_name_is(&n, "isc.org"));
  assert_false(wire_dns_name_is(&n, "isc"));
  assert_false(wire_dns_name_is(&n, "isc.org.x"));
  assert_true(wire_dns_name_ends(&n, "org"));
  assert_false(wire_dns_name_ends(&n, "rg"));
  assert_true(read_name(NAME("\0"), 0, &n));
  wire_dns_name_text(&n, text);
  assert_string_equal(text, ".");
  assert_true(read_name(NAME("\5a.b \xff\1\"\0"), 0, &n));
  wire_dns_name_text(&n, text);
  assert_string_equal(text, "a\\.b\\032\\255.\\\"");
}

static void pointers(void **s)
{
  (void)s;
  struct wire_dns_name n;
  assert_true(read_name(NAME("\3org\0\3isc\xc0\0"), 5, &n));
  assert_true(wire_dns_name_is(&n, "isc.org"));
  assert_false(read_name(NAME("\3org\0\3isc\xc0\5"), 5, &n));   /* itself */
  assert_false(read_name(NAME("\3org\0\3isc\xc0\x40"), 5, &n)); /* forwards */
  assert_false(read_name(NAME("\xc0\2\xc0\0"), 2, &n));         /* each other */
  assert_false(read_name(NAME("\3isc\xc0"), 0, &n));            /* half */
  assert_false(read_name(NAME("\x40isc\0"), 0, &n));            /* 01: no label */
  assert_false(read_name(NAME("\4isc"), 0, &n));                /* too short */
  struct prac_rd r = prac_rd_of("\xc0\0", 2);
  assert_false(wire_dns_name_read(NULL, &r, &n)); /* none allowed */
  assert_true(r.bad);
}

static void a_name_has_255_bytes(void **s)
{
  (void)s;
  uint8_t b[300] = {0};
  struct wire_dns_name n;
  char text[WIRE_DNS_TEXT_MAX];
  for (size_t i = 0; i < 4; i++) b[i * 64] = 63;
  b[192] = 61; /* 3 * 64 + 62 + 1 = 255 */
  assert_true(read_name(b, sizeof b, 0, &n));
  assert_int_equal(n.n, 255);
  wire_dns_name_text(&n, text); /* every byte \000 */
  assert_int_equal(strlen(text), 4 * 250 + 3);
  b[192] = 62;
  b[255] = 0;
  assert_false(read_name(b, sizeof b, 0, &n));
}

static void edns(void **s)
{
  (void)s;
  static const uint8_t msg[] = {0, 1, 1,  0,    0, 1, 0, 0,    0, 0, 0,
                                1, 0, 0,  255,  0, 1, /* . ANY IN */
                                0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0};
  struct prac_rd whole = prac_rd_of(msg, sizeof msg), r = whole;
  struct wire_dns_head h;
  struct wire_dns_question q;
  struct wire_dns_edns e;
  assert_true(wire_dns_head_read(&r, &h));
  assert_true(wire_dns_question_read(&whole, &r, &q));
  assert_true(wire_dns_edns_read(&whole, &r, &h, &e));
  assert_true(e.there);
  assert_int_equal(e.size, 4096);
  assert_int_equal(e.flags, 0x8000);
  assert_int_equal(prac_rd_left(&r), 0);
  r = prac_rd_of(msg, sizeof msg - 1);
  prac_rd_skip(&r, 17);
  assert_false(wire_dns_edns_read(&whole, &r, &h, &e));
}

static void what_is_written_is_read(void **s)
{
  (void)s;
  uint8_t b[128];
  struct prac_wr w = prac_wr_of(b, sizeof b);
  const struct wire_dns_head h = {7, WIRE_DNS_QR, 0, 1, 0, 0};
  struct wire_dns_head got;
  struct wire_dns_record rr;
  wire_dns_head_write(&w, &h);
  wire_dns_name_put(&w, "a.example", 0);
  size_t at = wire_dns_record_begin(&w, WIRE_DNS_NS, WIRE_DNS_IN, 60);
  wire_dns_name_put(&w, "ns", WIRE_DNS_HEAD);
  wire_dns_record_end(&w, at);
  struct prac_rd whole = prac_rd_of(b, prac_wr_len(&w)), r = whole;
  assert_true(wire_dns_head_read(&r, &got));
  assert_int_equal(got.an, 1);
  assert_true(wire_dns_record_read(&whole, &r, &rr));
  assert_true(wire_dns_name_is(&rr.name, "a.example"));
  assert_int_equal(rr.ttl, 60);
  assert_int_equal(prac_rd_left(&rr.data), 5);
  struct wire_dns_name n;
  assert_true(wire_dns_name_read(&whole, &rr.data, &n));
  assert_true(wire_dns_name_is(&n, "ns.a.example"));
  char t[12];
  assert_string_equal(wire_dns_type_text(255, t), "ANY");
  assert_string_equal(wire_dns_type_text(65535, t), "TYPE65535");
  assert_string_equal(wire_dns_class_text(65535, t), "CLASS65535");
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(pointers),
      cmocka_unit_test(a_name_has_255_bytes),
      cmocka_unit_test(edns),
      cmocka_unit_test(what_is_written_is_read),
  };
  return cmocka_run_group_tests_name("wire_dns", t, NULL, NULL);
}
