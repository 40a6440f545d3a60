#include "lib/t.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/afpacket/filter.h"
#include "capture/source.h"

/* The kernel runs a socket's filter on any datagram socket: no rights are needed to see what it
 * lets pass. (Real packets: tests/net/t_capture_live.py.) */
static int pair[2];

static bool passes(const uint8_t *frame, size_t n)
{
  uint8_t got[256];
  assert_int_equal(send(pair[1], frame, n, 0), (ssize_t)n);
  ssize_t r = recv(pair[0], got, sizeof got, MSG_DONTWAIT);
  return r > 0;
}

static size_t frame4(uint8_t *b, const char *head, size_t n, uint32_t dst)
{
  struct prac_wr w = prac_wr_of(b, 128);
  prac_wr_bytes(&w, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
  prac_wr_bytes(&w, head, n);
  prac_wr_u32(&w, 0x45000028), prac_wr_u32(&w, 0), prac_wr_u32(&w, 0x40060000);
  prac_wr_u32(&w, 0xc6336405), prac_wr_u32(&w, dst); /* the source must not matter */
  prac_wr_zero(&w, 20);
  return prac_wr_len(&w);
}

static void filter_by_prefix(void **s)
{
  (void)s;
  struct prac_prefix p[3];
  uint8_t b[128];
  bool all = true;
  assert_int_equal(prac_prefix_parse("198.51.100.0/24", 15, &p[0]), PRAC_OK);
  assert_int_equal(prac_prefix_parse("203.0.113.7", 11, &p[1]), PRAC_OK);
  assert_int_equal(prac_prefix_parse("2001:db8::/32", 13, &p[2]), PRAC_OK);
  struct prac_conf_prefixes three = {p, 3}, none = {NULL, 0};
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  assert_int_equal(cap_filter_set(pair[0], 1, 512, &three, &all, NULL), PRAC_OK);
  assert_false(all);
  static const struct {
    uint32_t dst;
    bool ours;
  } rows[] = {{0xc6336400, true}, {0xc63364ff, true},  {0xc6336500, false}, {0xc63363ff, false},
              {0xcb007107, true}, {0xcb007108, false}, {0x7f000001, false}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    assert_int_equal(passes(b, frame4(b, "\x08\0", 2, rows[i].dst)), rows[i].ours);
    assert_int_equal(passes(b, frame4(b, "\x81\0\0\5\x08\0", 6, rows[i].dst)), rows[i].ours);
  }
  size_t n = frame4(b, "\x86\xdd", 2, 0); /* IPv6: destination at 14 + 24 */
  memset(b + 14, 0, 60);
  b[14] = 0x60;
  memcpy(b + 38, "\x20\1\xd\xb8", 4);
  assert_true(passes(b, n));
  b[41] = 0xb9;
  assert_false(passes(b, n));
  assert_int_equal(cap_filter_set(pair[0], 1, 512, &none, &all, NULL), PRAC_OK);
  assert_true(all);
  assert_true(passes(b, n));
  close(pair[0]);
  close(pair[1]);
}

static void too_many_prefixes_pass_all(void **s)
{
  (void)s;
  enum { MANY = 300 };
  static struct prac_prefix p[MANY];
  uint8_t b[128];
  bool all = false;
  for (uint32_t i = 0; i < MANY; i++) p[i] = (struct prac_prefix){prac_ip4(i << 16), 112};
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  for (size_t n = 1; n <= MANY; n += 85) { /* what fits is filtered, what does not is let through */
    struct prac_conf_prefixes these = {p, n};
    assert_int_equal(cap_filter_set(pair[0], 1, 512, &these, &all, NULL), PRAC_OK);
    assert_true(n == 1 ? !all : n > 256 ? all : true);
    assert_true(passes(b, frame4(b, "\x08\0", 2, (uint32_t)(n - 1) << 16 | 5)));
    assert_int_equal(passes(b, frame4(b, "\x08\0", 2, 0xf0000000)), all);
  }
  close(pair[0]);
  close(pair[1]);
}

static void what_is_no_interface(void **s)
{
  (void)s;
  const struct cap_source *live = cap_source_find("afpacket");
  struct prac_err err = {0};
  void *st = calloc(1, live->state_size);
  struct cap_open o = {.what = "no-such-if", .fd = -1};
  assert_int_equal(live->open(st, &o, &err), PRAC_UNKNOWN);
  assert_non_null(strstr(err.text, "no-such-if"));
  struct cap_stats stats;
  live->stats(st, &stats);
  assert_int_equal(stats.received + stats.dropped_kernel, 0);
  live->close(st);
  live->close(st); /* twice, and half-opened: both are allowed */
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* the wrong kind of socket */
  o = (struct cap_open){.what = "lo", .fd = fd};
  assert_int_not_equal(live->open(st, &o, &err), PRAC_OK);
  live->close(st);
  assert_int_equal(close(fd), 0); /* still the caller's */
  free(st);
  assert_int_equal(live->claims("lo", NULL, 0), 5);
  assert_int_equal(live->claims("no-such-if", NULL, 0), 0);
  assert_int_equal(live->claims("lo", (const uint8_t *)"x", 1), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(filter_by_prefix),
      cmocka_unit_test(too_many_prefixes_pass_all),
      cmocka_unit_test(what_is_no_interface),
  };
  return cmocka_run_group_tests_name("afpacket", t, NULL, NULL);
}
