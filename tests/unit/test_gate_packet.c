/* Packets at the gate by hand: whatever was sent to us, and however it spells our address or one
 * outside the reader's part of the world, the bytes that leave do not tell it. */
#include "lib/t.h"

#include <stdio.h>
#include <string.h>

#include "access/gate_int.h"

static struct prac_arena *arena;
static struct access_scope jp, all;

static struct prac_ip ip(const char *s)
{
  struct prac_ip a;
  assert_int_equal(prac_ip_parse(s, strlen(s), &a), PRAC_OK);
  return a;
}

static struct packet gated(const struct access_scope *s, struct packet p)
{
  const struct gate_who w = {.scope = s};
  assert_int_equal(gate_packet(&w, &p, arena), PRAC_OK);
  assert_true(p.masked && prac_ip_is_zero(&p.dst));
  return p;
}

enum { UDP = 17, TCP = 6 };

/* A datagram or segment to dst; what is behind the IP header is `n` bytes of `load`. */
static struct packet sent(struct prac_ip dst, uint8_t proto, const void *load, size_t n)
{
  static uint8_t bytes[2048];
  bool four = prac_ip_is4(&dst);
  uint32_t head = four ? 20 : 40;
  memset(bytes, 0, sizeof bytes);
  bytes[0] = four ? 0x45 : 0x60;
  bytes[four ? 9 : 6] = proto;
  memcpy(bytes + (four ? 16 : 24), dst.b + (four ? 12 : 0), four ? 4 : 16);
  memcpy(bytes + head, load, n);
  return (struct packet){.id = "tokyo.1.0",
                         .sensor = "tokyo",
                         .layer = "ip",
                         .country = "JP",
                         .src = ip("133.1.2.3"),
                         .dst = dst,
                         .proto = proto,
                         .len = head + (uint32_t)n,
                         .head = head + 8,
                         .bytes = {bytes, head + (uint32_t)n},
                         .payload = 7};
}

/* Zeros everywhere, and searched for zeros: it comes to an end. */
static void to_nobody(void **state)
{
  (void)state;
  static const uint8_t load[40] = {[20] = 'x'};
  struct packet p = gated(&jp, sent(ip("0.0.0.0"), UDP, load, sizeof load));
  assert_int_equal(p.bytes.v[40], 'x');
  p = gated(&all, sent(ip("::"), UDP, load, sizeof load));
  assert_int_equal(p.bytes.v[60], 'x');
}

/* ---- our own address, as people write it ---- */

/* Is any of what was sent there, but the blanks around it? */
static bool gone(const struct packet *p, uint32_t head, const char *keep)
{
  bool kept = memmem(p->bytes.v, p->bytes.n, keep, strlen(keep)) != NULL;
  uint32_t left = 0;
  for (uint32_t i = head; i < p->bytes.n; i++) left += p->bytes.v[i] > 0x20;
  return kept && left == strlen(keep);
}

static bool hidden(const struct access_scope *s, struct prac_ip own, const void *form, size_t n)
{
  uint8_t load[300] = {0}; /* ports, length and checksum are zero */
  memcpy(load + 8, "Hi ", 3);
  memcpy(load + 11, form, n);
  struct packet p = sent(own, UDP, load, 11 + n);
  uint32_t head = p.head;
  p = gated(s, p);
  return gone(&p, head, "Hi");
}

static size_t wide(const char *s, uint8_t *to)
{
  size_t n = 0;
  for (; *s; s++) to[n++] = (uint8_t)*s, to[n++] = 0;
  return n;
}

static size_t labels(const char *s, uint8_t *to)
{
  size_t n = 0, len;
  for (; *s; s += len + (s[len] == '.')) {
    len = strcspn(s, ".");
    to[n++] = (uint8_t)len;
    memcpy(to + n, s, len);
    n += len;
  }
  to[n++] = 0;
  return n;
}

static void spellings(void **state)
{
  static const char own6[] = "2001:db8::7",
                    arpa6[] = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
                              ".ip6.arpa";
  static const struct {
    const char *own, *form;
  } v[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"192.0.2.1", "http://192.0.2.1:80/x"},
      {"192.0.2.1", "192.000.002.001"},
      {"192.0.2.1", "ldap://192-0-2-1.oast.fun"},
      {"192.0.2.1", "x192_0_2_1y"},
      {"192.0.2.1", "192,0,2,1,4,1"},
      {"192.0.2.1", "http://3221225985/"},
      {"192.0.2.1", "x3221225985x"},
      {"192.0.2.1", "http://0xC0000201/"},
      {"192.0.2.1", "c0000201"},
      {"192.0.2.1", "cafec0000201babe"},
      {"192.0.2.1", "010200c0"}, /* as a little machine prints it */
      {"192.0.2.1", "1.2.0.192.in-addr.arpa"},
      {"192.0.2.1", "192.0.2.0/24"},
      {"192.0.2.1", "::ffff:192.0.2.1"},
      {"192.0.2.1", "[::FFFF:C000:201]:80"},
      {"192.0.2.1", "64:ff9b::192.0.2.1"},
      {"192.0.2.1", "2002:c000:201::1"},
      {own6, own6},
      {own6, "[2001:DB8::7]"},
      {own6, "2001:db8:0:0:0:0:0:7"},
      {own6, "2001:0db8:0000:0000:0000:0000:0000:0007"},
      {own6, "20010DB8000000000000000000000007"},
      {own6, "2001:db8::/32"},
      {own6, arpa6},
  };
  uint8_t other[400];
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    const char *f = v[i].form;
    struct prac_ip own = ip(v[i].own);
    if (!hidden(&all, own, f, strlen(f))) fail_msg("%s in %s", v[i].own, f);
    if (!hidden(&jp, own, f, strlen(f))) fail_msg("%s in %s", v[i].own, f);
    if (!hidden(&all, own, other, wide(f, other))) fail_msg("%s in UTF-16", f);
  }
  assert_true(hidden(&all, ip("192.0.2.1"), "192%2E0%2e2%2E1", 15));
  assert_true(hidden(&all, ip("192.0.2.1"), other, labels("1.2.0.192.in-addr.arpa", other)));
  assert_true(hidden(&all, ip("192.0.2.1"), other, labels("192-0-2-1", other)));
  assert_true(hidden(&all, ip("192.0.2.1"), other, /* the length is a digit: 49 letters */
                     labels("192-0-2-1-abcdefghijklmnopqrstuvwxyzabcdefghijklm", other)));
  assert_true(hidden(&all, ip(own6), other, labels(arpa6, other)));
}

/* What tells nothing stays as it came: also addresses, for who sees all. */
static void others_stay(void **state)
{
  static const char text[] = "GET /?a=b,c HTTP/1.1\r\nHost: 8.8.4.4\r\nUser-Agent: x/1.2 "
                             "0x08080404 134743044 std::string --=_x";
  char load[sizeof text + 8] = "";
  (void)state;
  memcpy(load + 8, text, sizeof text);
  struct packet p = gated(&all, sent(ip("192.0.2.1"), UDP, load, sizeof load));
  assert_memory_equal(p.bytes.v + 28, text, sizeof text);
  p = gated(&jp, sent(ip("192.0.2.1"), UDP, load, sizeof load));
  assert_null(memmem(p.bytes.v, p.bytes.n, "8.8.4.4", 7));
  assert_non_null(memmem(p.bytes.v, p.bytes.n, "HTTP/1.1\r\nHost:", 15));
}

/* Where the bytes were cut off, half of it stands. */
static void cut_off(void **state)
{
  static const char *const ends[] = {"http://192.0.", "c00002",   "192-0-",
                                     "2.0.192.in-ad", "32212259", "1\0009\0002\0.\0000"};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ends); i++) {
    char load[64] = "";
    size_t n = i == 5 ? 9 : strlen(ends[i]);
    memcpy(load + 9, ends[i], n);
    struct packet p = sent(ip("192.0.2.1"), UDP, load, 9 + n);
    p.len += 100;
    p = gated(&all, p);
    assert_null(memmem(p.bytes.v, p.bytes.n, ends[i] + n - 3, 3));
  }
}

/* ---- outside, whatever the headers say of themselves ---- */

static void lying_heads(void **state)
{
  static const uint8_t offsets[] = {0x50, 0x00, 0xf0, 0x80};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(offsets); i++) {
    uint8_t load[80] = {[12] = offsets[i], [13] = 2};
    memcpy(load + 20, "8.8.4.4 via 9.9.9.9 fine", 24);
    struct packet p = sent(ip("192.0.2.1"), TCP, load, 44);
    for (p.head = 0; p.head <= 64; p.head++) {
      struct packet out = gated(&jp, p);
      if (memmem(out.bytes.v, out.bytes.n, ".4.4", 4) || memmem(out.bytes.v, out.bytes.n, "9.9", 3))
        fail_msg("offset %x, head %u", offsets[i], p.head);
      assert_non_null(memmem(out.bytes.v, out.bytes.n, "fine", 4));
    }
  }
}

/* The last letter of an option must not make another address of what follows. */
static void options_and_text(void **state)
{
  uint8_t load[80] = {[12] = 0x60, [13] = 2, [20] = 1, 1, 1, '1'};
  (void)state;
  memcpy(load + 24, "33.1.2.3 fine", 13);
  struct packet p = sent(ip("33.1.2.3"), TCP, load, 37);
  p.head = 44;
  p = gated(&all, p);
  assert_null(memmem(p.bytes.v, p.bytes.n, "33.1.2.3", 8));
  assert_non_null(memmem(p.bytes.v, p.bytes.n, "fine", 4));
}

/* More bytes, and more of them headers, than there can be. */
static void too_long(void **state)
{
  (void)state;
  static const uint8_t load[600];
  struct packet p = sent(ip("198.18.7.5"), UDP, load, sizeof load);
  p.head = 5000;
  p = gated(&all, p);
  assert_int_equal(p.bytes.n, PACKET_BYTES_MAX);
  assert_int_equal(p.head, PACKET_BYTES_MAX);
}

static int setup(void **state)
{
  (void)state;
  arena = prac_arena_new(4096);
  return access_scope_parse("133.1.0.0/16", ACCESS_AMBER, arena, &jp, NULL) != PRAC_OK ||
         access_scope_parse("*", ACCESS_AMBER, arena, &all, NULL) != PRAC_OK;
}

static int teardown(void **state)
{
  (void)state;
  prac_arena_free(&arena);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(to_nobody),   cmocka_unit_test(spellings),
      cmocka_unit_test(others_stay), cmocka_unit_test(cut_off),
      cmocka_unit_test(lying_heads), cmocka_unit_test(options_and_text),
      cmocka_unit_test(too_long)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
