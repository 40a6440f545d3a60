#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "lib/choice.h"
#include "wire/packet.h"

/* Frames are written as they are on the wire; every field checked is computed by hand beside it. */
struct made {
  uint8_t b[512];
  uint32_t n;
};
static void put(struct made *m, const void *p, size_t n)
{
  memcpy(m->b + m->n, p, n);
  m->n += (uint32_t)n;
}
static void put16(struct made *m, unsigned v)
{
  put(m, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}
static void put32(struct made *m, uint32_t v)
{
  put16(m, v >> 16);
  put16(m, v & 0xffff);
}
static void ether(struct made *m, unsigned type)
{
  put(m, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
  put16(m, type);
}
static void ip4(struct made *m, unsigned total, unsigned proto, unsigned frag)
{
  put16(m, 0x4500);
  put16(m, total);
  put16(m, 54321);
  put16(m, frag);
  put(m, (uint8_t[]){64, (uint8_t)proto, 0, 0}, 4);
  put32(m, 0xc0000201); /* 192.0.2.1 */
  put32(m, 0xc6336407); /* 198.51.100.7 */
}
static void ip6(struct made *m, unsigned payload, unsigned next)
{
  put32(m, 0x60000000);
  put16(m, payload);
  put(m, (uint8_t[]){(uint8_t)next, 60}, 2);
  put(m, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
  put(m, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
}
static void tcp(struct made *m, unsigned head, unsigned flags)
{
  put16(m, 40000);
  put16(m, 23);
  put32(m, 0x01020304);
  put32(m, 0);
  put(m, (uint8_t[]){(uint8_t)(head / 4 << 4), (uint8_t)flags}, 2);
  put16(m, 1024);
  put32(m, 0);
}
static enum wire_class parse(const struct made *m, struct wire_packet *p)
{
  return wire_packet_read(1, m->b, m->n, m->n, p);
}

static void tcp_syn_with_options(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_packet p;
  ether(&m, 0x0800);
  ip4(&m, 52, 6, 0);
  tcp(&m, 32, WIRE_SYN);
  put(&m, "\2\4\5\xb4\1\3\3\10\1\1\4\2", 12);
  put(&m, "padding", 7); /* of the link, not of the packet */
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  char text[PRAC_IP_TEXT];
  assert_string_equal(prac_ip_text(text, &p.src), "192.0.2.1");
  assert_string_equal(prac_ip_text(text, &p.dst), "198.51.100.7");
  assert_int_equal(p.bytes, 52);
  assert_int_equal(p.id, 54321);
  assert_int_equal(p.ttl, 64);
  assert_int_equal(p.proto, 6);
  assert_int_equal(p.sport, 40000);
  assert_int_equal(p.dport, 23);
  assert_int_equal(p.seq, 0x01020304);
  assert_int_equal(p.window, 1024);
  assert_int_equal(p.tcp_flags, WIRE_SYN);
  assert_int_equal(p.options_len, 12);
  assert_int_equal(p.mss, 1460);
  assert_int_equal(p.wscale, 8);
  assert_int_equal(p.layout, 0x213114);
  assert_int_equal(p.payload_len, 0);
  assert_int_equal(p.flags, WIRE_PORTS | WIRE_SYN_OPTIONS);
}

static void every_link_layer_leads_to_ip(void **s)
{
  (void)s;
  static const struct {
    uint32_t link;
    size_t n;
    const char *head;
  } rows[] = {
      {1, 14, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"},
      {1, 18, "\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\5\x08\0"},
      {1, 22, "\2\0\0\0\0\1\2\0\0\0\0\2\x88\xa8\0\1\x81\0\0\5\x08\0"},
      {1, 22, "\2\0\0\0\0\1\2\0\0\0\0\2\x91\0\0\1\x91\0\0\5\x08\0"},
      {1, 22, "\2\0\0\0\0\1\2\0\0\0\0\2\x88\x64\x11\0\0\1\0\0\0\x21"},
      {113, 16, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x08\0"},
      {276, 20, "\x08\0\0\0\0\0\0\2\0\1\0\6\0\0\0\0\0\0\0\0"},
      {101, 0, ""},
      {12, 0, ""},
      {14, 0, ""},
      {228, 0, ""},
      {0, 4, "\2\0\0\0"},
      {0, 4, "\0\0\0\2"},
      {108, 4, "\0\0\0\2"},
      {9, 4, "\xff\3\0\x21"},
      {9, 1, "\x21"},
      {50, 2, "\0\x21"},
      {104, 4, "\x0f\0\x08\0"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct made m = {0};
    struct wire_packet p;
    put(&m, rows[i].head, rows[i].n);
    ip4(&m, 28, 17, 0);
    put16(&m, 53), put16(&m, 5353), put16(&m, 8), put16(&m, 0);
    assert_int_equal(wire_packet_read(rows[i].link, m.b, m.n, m.n, &p), WIRE_IP4);
    assert_int_equal(p.sport, 53);
    assert_int_equal(p.dport, 5353);
  }
}

static void what_is_not_ip_says_so(void **s)
{
  (void)s;
  struct made arp = {0}, llc = {0};
  struct wire_packet p;
  ether(&arp, 0x0806);
  put(&arp, "\0\1\x08\0\6\4\0\1", 8);
  ether(&llc, 38);
  put(&llc, "\x42\x42\3\0\0", 5);
  assert_int_equal(parse(&arp, &p), WIRE_NOT_IP);
  assert_int_equal(parse(&llc, &p), WIRE_NOT_IP);
  assert_int_equal(wire_packet_read(147, arp.b, arp.n, arp.n, &p), WIRE_NO_LINK);
}

static void lengths_that_lie(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_packet p;
  ether(&m, 0x0800);
  ip4(&m, 40, 6, 0);
  tcp(&m, 60, WIRE_SYN); /* claims 40 bytes of options in a packet that has none */
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_true(p.flags & WIRE_BAD);
  assert_int_equal(p.sport, 40000);
  m.b[14] = 0x44; /* an IP header of 16 bytes */
  assert_int_equal(parse(&m, &p), WIRE_MALFORMED);
  m.b[14] = 0x65; /* IPv6 in an IPv4 frame */
  assert_int_equal(parse(&m, &p), WIRE_MALFORMED);
  m.b[14] = 0x45, m.b[17] = 19; /* shorter than its header */
  assert_int_equal(parse(&m, &p), WIRE_MALFORMED);
  m.b[16] = 4; /* more than the wire carried */
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_true(p.flags & WIRE_BAD);
}

static void a_short_capture_is_no_lie(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_packet p;
  ether(&m, 0x0800);
  ip4(&m, 60, 6, 0);
  tcp(&m, 20, WIRE_SYN);
  assert_int_equal(wire_packet_read(1, m.b, m.n, 74, &p), WIRE_IP4);
  assert_int_equal(p.flags & (WIRE_BAD | WIRE_TRUNCATED), 0); /* headers are all there */
  assert_int_equal(p.payload_len, 20);
  assert_int_equal(p.payload_captured, 0);
  assert_int_equal(wire_packet_read(1, m.b, 14 + 20 + 8, 74, &p), WIRE_IP4);
  assert_int_equal(p.flags, WIRE_TRUNCATED | WIRE_PORTS);
  assert_int_equal(p.dport, 23);
  assert_int_equal(wire_packet_read(1, m.b, 14 + 20, 74, &p), WIRE_IP4);
  assert_int_equal(p.flags, WIRE_TRUNCATED);
  assert_int_equal(wire_packet_read(1, m.b, 14 + 19, 74, &p), WIRE_SHORT);
  assert_int_equal(wire_packet_read(1, m.b, 13, 74, &p), WIRE_SHORT);
  assert_int_equal(wire_packet_read(1, m.b, 13, 13, &p), WIRE_MALFORMED);
  assert_int_equal(wire_packet_read(1, m.b, 0, 0, &p), WIRE_MALFORMED);
}

static void fragments(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_packet p;
  ether(&m, 0x0800);
  ip4(&m, 60, 17, 0x2000);
  put16(&m, 53), put16(&m, 4000), put16(&m, 3000), put16(&m, 0); /* UDP: longer than this part */
  put(&m, (uint8_t[32]){0}, 32);
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_int_equal(p.flags, WIRE_MORE | WIRE_PORTS);
  assert_int_equal(p.payload_len, 32);
  m.b[14 + 6] = 0x20, m.b[14 + 7] = 185;
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_int_equal(p.flags, WIRE_FRAGMENT);
  assert_int_equal(p.sport, 0);
  m.b[14 + 6] = 0x80, m.b[14 + 7] = 0;
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_true(p.flags & WIRE_RESERVED);
}

static void icmp_quotes(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_packet p;
  char text[PRAC_IP_TEXT];
  ether(&m, 0x0800);
  ip4(&m, 56, 1, 0);
  put(&m, "\3\3\0\0\0\0\0\0", 8);
  put16(&m, 0x4500), put16(&m, 40), put32(&m, 0), put(&m, "\x40\x11\0\0", 4);
  put32(&m, 0xc6336407), put32(&m, 0xcb007109); /* quoted: 198.51.100.7 -> 203.0.113.9 */
  put16(&m, 1234), put16(&m, 80), put32(&m, 0);
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_int_equal(p.sport, 3);
  assert_int_equal(p.dport, 3);
  assert_int_equal(p.flags, WIRE_PORTS | WIRE_QUOTE);
  assert_string_equal(prac_ip_text(text, &p.quote_dst), "203.0.113.9");
  assert_true(prac_ip_eq(&p.quote_src, &p.dst));
  assert_int_equal(p.quote_dport, 80);
  assert_int_equal(p.quote_proto, 17);
  /* the quote cut by the capture: no quote, and it is said that bytes are missing */
  assert_int_equal(wire_packet_read(1, m.b, 14 + 20 + 8 + 19, 70, &p), WIRE_IP4);
  assert_int_equal(p.flags, WIRE_PORTS | WIRE_TRUNCATED);
  /* cut by the sender: no quote, nothing missing */
  m.b[17] = 20 + 8 + 19;
  assert_int_equal(parse(&m, &p), WIRE_IP4);
  assert_int_equal(p.flags, WIRE_PORTS);
}

static void ip6_extension_chain(void **s)
{
  (void)s;
  struct made m = {0}, loop = {0};
  struct wire_packet p;
  ether(&m, 0x86dd);
  ip6(&m, 8 + 16 + 8 + 20, 0);
  put(&m, "\x3c\0\1\4\0\0\0\0", 8);                  /* hop by hop, then destination */
  put(&m, "\x2c\1\1\4\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* 16 bytes, then fragment */
  put(&m, "\6\0\0\1\0\0\0\7", 8);                    /* first of several, then TCP */
  tcp(&m, 20, WIRE_SYN | WIRE_ACK);
  assert_int_equal(parse(&m, &p), WIRE_IP6);
  assert_int_equal(p.proto, 6);
  assert_int_equal(p.dport, 23);
  assert_int_equal(p.bytes, 92);
  assert_int_equal(p.flags, WIRE_PORTS | WIRE_MORE | WIRE_SYN_OPTIONS);
  m.b[14 + 40 + 8 + 16 + 2] = 1; /* offset: not the first */
  assert_int_equal(parse(&m, &p), WIRE_IP6);
  assert_int_equal(p.flags & (WIRE_FRAGMENT | WIRE_PORTS), WIRE_FRAGMENT);
  ether(&loop, 0x86dd);
  ip6(&loop, 11 * 8, 60);
  for (int i = 0; i < 11; i++) put(&loop, "\x3c\0\1\4\0\0\0\0", 8);
  assert_int_equal(parse(&loop, &p), WIRE_IP6);
  assert_true(p.flags & WIRE_BAD);
}

static void icmp6_quote(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_packet p;
  ether(&m, 0x86dd);
  ip6(&m, 8 + 40 + 8, 58);
  put(&m, "\1\4\0\0\0\0\0\0", 8);
  ip6(&m, 8, 17);
  put16(&m, 7), put16(&m, 9), put32(&m, 0);
  assert_int_equal(parse(&m, &p), WIRE_IP6);
  assert_true(p.flags & WIRE_QUOTE);
  assert_int_equal(p.quote_proto, 17);
  assert_int_equal(p.quote_sport, 7);
  assert_int_equal(p.quote_dport, 9);
}

/* Whatever the bytes: no read past the end (the sanitizers look), payload inside the frame, and a
 * class that exists. */
static int any_bytes(struct choice *c)
{
  static const uint32_t links[] = {1, 113, 276, 101, 0, 9, 104, 147};
  uint8_t copy[512];
  uint32_t link = links[choice_below(c, PRAC_ARRAY_LEN(links))], n = 0;
  bool real = choice_u8(c) & 1;
  if (real) { /* a good start gets further */
    struct made m = {0};
    if (link == 1) ether(&m, choice_u8(c) & 1 ? 0x0800 : 0x86dd);
    if (choice_u8(c) & 1)
      ip4(&m, choice_u8(c), choice_u8(c), 0);
    else
      ip6(&m, choice_u8(c), choice_u8(c));
    memcpy(copy, m.b, n = m.n);
  }
  while (c->p < c->end && n < sizeof copy) copy[n++] = choice_u8(c);
  uint8_t *exact = malloc(n ? n : 1);
  if (!exact) return 1;
  memcpy(exact, copy, n);
  struct wire_packet p;
  enum wire_class k = wire_packet_read(link, exact, n, 0, &p);
  int ok = k < WIRE_CLASS_COUNT_;
  if (k == WIRE_IP4 || k == WIRE_IP6) {
    ok = ok && p.payload_captured <= p.payload_len;
    if (p.payload_captured)
      ok = ok && p.payload >= exact && p.payload + p.payload_captured <= exact + n;
  }
  free(exact);
  return ok;
}
static void never_past_the_end(void **s)
{
  (void)s;
  assert_true(prop_check("any_bytes", any_bytes, 1, 20000));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(tcp_syn_with_options),
      cmocka_unit_test(every_link_layer_leads_to_ip),
      cmocka_unit_test(what_is_not_ip_says_so),
      cmocka_unit_test(lengths_that_lie),
      cmocka_unit_test(a_short_capture_is_no_lie),
      cmocka_unit_test(fragments),
      cmocka_unit_test(icmp_quotes),
      cmocka_unit_test(ip6_extension_chain),
      cmocka_unit_test(icmp6_quote),
      cmocka_unit_test(never_past_the_end),
  };
  return cmocka_run_group_tests_name("wire_packet", t, NULL, NULL);
}
