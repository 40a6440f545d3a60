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
  const struct CMUnitTest tests[] = {cmocka_unit_test(to_nobody), cmocka_unit_test(too_long)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
