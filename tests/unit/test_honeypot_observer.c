/* Ports that nobody serves: what is said of them, and what is not. */
#include "lib/t.h"

#include <string.h>

#include "base/buf.h"
#include "honeypot/observer.h"

#define T0 (INT64_C(1700000040) * PRAC_SEC)
enum { RAW = 101 };

static size_t frame(uint8_t out[128], uint32_t src, uint16_t sport, uint16_t dport,
                    const char *payload)
{
  size_t n = strlen(payload);
  struct prac_wr w = prac_wr_of(out, 128);
  prac_wr_u16(&w, 0x4500), prac_wr_u16(&w, (uint16_t)(28 + n)), prac_wr_u32(&w, 0);
  prac_wr_u32(&w, 0x40110000), prac_wr_u32(&w, src), prac_wr_u32(&w, 0xc6336401);
  prac_wr_u16(&w, sport), prac_wr_u16(&w, dport), prac_wr_u16(&w, (uint16_t)(8 + n)),
      prac_wr_u16(&w, 0);
  prac_wr_bytes(&w, payload, n);
  assert_false(w.bad);
  return prac_wr_len(&w);
}
static struct hp_observer *observer(void)
{
  static uint8_t bound[8192];
  struct hp_observer *o = NULL;
  bound[123 / 8] |= 1 << 123 % 8;
  assert_int_equal(hp_observer_new(bound, 10, 100, &o), PRAC_OK);
  return o;
}
/* n packets to a port in the minute of `at`, from `sources` senders. */
static void send_many(struct hp_observer *o, prac_time at, uint32_t n, uint32_t sources,
                      uint16_t sport, uint16_t dport, const char *const *payloads,
                      uint32_t n_payloads)
{
  uint8_t b[128];
  for (uint32_t i = 0; i < n; i++) {
    size_t len = frame(b, 0x08000000u + i % sources * 257, sport, dport, payloads[i % n_payloads]);
    hp_observer_frame(o, at + i, RAW, b, (uint32_t)len, (uint32_t)len);
  }
}

static void a_new_port_is_said(void **st)
{
  (void)st;
  static const char *const same[] = {"call me"}, *const mixed[] = {"a", "call me", "call me"};
  struct hp_observer *o = observer();
  struct hp_observed x[4];
  send_many(o, T0, 200, 20, 40000, 10074, same, 1);
  assert_int_equal(hp_observer_say(o, T0 + PRAC_SEC, x, 4), 0); /* the minute has not ended */
  assert_int_equal(hp_observer_say(o, T0 + PRAC_MIN, x, 4), 1);
  assert_int_equal(x[0].port, 10074);
  assert_true(x[0].on);
  assert_int_equal(x[0].packets, 200);
  assert_in_range(x[0].sources, 18, 22);
  assert_int_equal(x[0].same, 200);
  assert_int_equal(x[0].len, 7);
  for (int m = 1; m <= 12; m++) { /* it goes on: again after ten minutes */
    send_many(o, T0 + m * PRAC_MIN, 300, 20, 40000, 10074, mixed, 3);
    size_t n = hp_observer_say(o, T0 + (m + 1) * PRAC_MIN, x, 4);
    assert_int_equal(n, m == 10);
    if (n) assert_in_range(x[0].same, 190, 200);
  }
  assert_int_equal(hp_observer_say(o, T0 + 71 * PRAC_MIN, x, 4), 0);
  assert_int_equal(hp_observer_say(o, T0 + 73 * PRAC_MIN, x, 4), 1);
  assert_false(x[0].on);
  assert_int_equal(x[0].from, T0);
  assert_int_equal(x[0].to, T0 + 13 * PRAC_MIN);
  assert_int_equal(hp_observer_say(o, T0 + 200 * PRAC_MIN, x, 4), 0);
  hp_observer_free(&o);
}

/* The clock was a day ahead and is set right: ports are found again at once, not in a day. */
static void a_clock_that_steps_back(void **st)
{
  (void)st;
  static const char *const same[] = {"call me"};
  struct hp_observer *o = observer();
  struct hp_observed x[4];
  send_many(o, T0 + PRAC_DAY, 200, 20, 40000, 10074, same, 1);
  assert_int_equal(hp_observer_say(o, T0 + PRAC_DAY + PRAC_MIN, x, 4), 1);
  assert_int_equal(hp_observer_say(o, T0, x, 4), 0);
  send_many(o, T0, 200, 20, 40000, 10075, same, 1);
  assert_int_equal(hp_observer_say(o, T0 + PRAC_MIN, x, 4), 1);
  assert_int_equal(x[0].port, 10075);
  size_t n = hp_observer_say(o, T0 + 90 * PRAC_MIN, x, 4);
  n += hp_observer_say(o, T0 + 91 * PRAC_MIN, x + n, 4 - n);
  assert_int_equal(n, 2); /* both are over */
  hp_observer_free(&o);
}

/* Many a request bears the address it is sent to: ours. */
static void no_byte_of_the_payload_is_said(void **st)
{
  (void)st;
  static const char *const ours[] = {"\xc6\x33\x64\x07 198.51.100.7"};
  struct hp_observer *o = observer();
  struct hp_observed x[4];
  char text[HP_OBSERVED_TEXT];
  send_many(o, T0, 200, 20, 40000, 10074, ours, 1);
  assert_int_equal(hp_observer_say(o, T0 + PRAC_MIN, x, 4), 1);
  x[0].sources = 20; /* it is an estimate */
  assert_string_equal(
      hp_observed_text(text, &x[0]),
      "New reflection port 10074/udp? Nothing serves it, and about 20 senders asked "
      "there within a minute. 200 packets, at least 200 with the same payload "
      "(17 bytes).");
  assert_null(memmem(&x[0], sizeof x[0], "\xc6\x33\x64\x07", 4));
  memset(&x[0], 0xff, sizeof x[0]); /* the longest */
  assert_true(strlen(hp_observed_text(text, &x[0])) < HP_OBSERVED_TEXT - 1);
  hp_observer_free(&o);
}

static void what_is_not_said(void **st)
{
  (void)st;
  static const char *const same[] = {"x"}, *const many[] = {"a", "b", "c", "d", "e"},
                           *const none[] = {""};
  struct hp_observer *o = observer();
  struct hp_observed x[4];
  send_many(o, T0, 300, 20, 40000, 123, same, 1);  /* served */
  send_many(o, T0, 300, 20, 53, 50000, same, 1);   /* answers to us */
  send_many(o, T0, 300, 3, 40000, 1001, same, 1);  /* few senders */
  send_many(o, T0, 99, 20, 40000, 1002, same, 1);  /* few packets */
  send_many(o, T0, 300, 20, 40000, 1003, many, 5); /* nothing in common */
  send_many(o, T0, 300, 20, 40000, 1004, none, 1); /* no payload */
  assert_int_equal(hp_observer_say(o, T0 + PRAC_MIN, x, 4), 0);
  hp_observer_free(&o);
}

static void many_ports_at_once(void **st)
{
  (void)st;
  static const char *const same[] = {"x"};
  struct hp_observer *o = observer();
  struct hp_observed x[8];
  size_t said = 0;
  for (uint16_t p = 0; p < 100; p++)
    send_many(o, T0, 100, 30, 40000, (uint16_t)(2000 + p), same, 1);
  for (size_t n = 8; n == 8; said += n) n = hp_observer_say(o, T0 + PRAC_MIN, x, 8);
  assert_int_equal(said, HP_OBSERVED_MAX); /* never more */
  hp_observer_free(&o);
}

static void frames_that_are_none(void **st)
{
  (void)st;
  struct hp_observer *o = observer();
  uint8_t b[128];
  size_t n = frame(b, 0x08080808, 40000, 7777, "abc");
  assert_true(hp_observer_frame(o, T0, RAW, b, (uint32_t)n, (uint32_t)n));
  for (uint32_t cut = 0; cut < 28; cut++) assert_false(hp_observer_frame(o, T0, RAW, b, cut, cut));
  b[9] = 6;
  assert_false(hp_observer_frame(o, T0, RAW, b, (uint32_t)n, (uint32_t)n));
  hp_observer_free(&o);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_port_is_said),
      cmocka_unit_test(a_clock_that_steps_back),
      cmocka_unit_test(no_byte_of_the_payload_is_said),
      cmocka_unit_test(what_is_not_said),
      cmocka_unit_test(many_ports_at_once),
      cmocka_unit_test(frames_that_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
