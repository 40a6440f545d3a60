/* Which packets are kept: what was planted as rare must be among them, whatever floods beside it.
 */
#include "lib/t.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "model/sample.h"

enum { PER_MINUTE = 60, FEW = 50 };
#define MINUTE (INT64_C(1375833600) * PRAC_SEC)

static struct model_samples *samples(uint32_t per_minute)
{
  struct model_samples *m = NULL;
  assert_int_equal(model_samples_new(per_minute, NULL, &m), PRAC_OK);
  return m;
}

static struct model_offer packet(uint32_t src, uint16_t dport, uint64_t payload, prac_time at)
{
  static const uint8_t bytes[40] = {0x45};
  return (struct model_offer){.at = at,
                              .src = prac_ip4(src),
                              .dst = prac_ip4(0xc6336401),
                              .layer = "ip",
                              .bytes = bytes,
                              .n_bytes = sizeof bytes,
                              .head = 40,
                              .len = 40,
                              .sport = 4711,
                              .dport = dport,
                              .proto = 6,
                              .tcp_flags = 2,
                              .ttl = 60,
                              .payload = payload};
}

static void see(struct model_samples *m, uint32_t src, uint16_t dport, uint64_t payload,
                prac_time at)
{
  const struct model_offer o = packet(src, dport, payload, at);
  uint64_t class = model_sample_class(o.proto, o.tcp_flags, o.sport, o.dport, payload);
  if (model_samples_count(m, class)) model_samples_offer(m, class, &o);
}

static struct packet got(const struct model_samples *m, size_t i)
{
  struct packet p;
  model_samples_get(m, i, "tokyo", &p);
  return p;
}

static size_t of_port(const struct model_samples *m, size_t n, uint32_t lo, uint32_t hi)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    struct packet p = got(m, i);
    k += p.dport >= lo && p.dport < hi;
  }
  return k;
}

static size_t of_sender(const struct model_samples *m, size_t n, uint32_t src)
{
  const struct prac_ip ip = prac_ip4(src);
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    struct packet p = got(m, i);
    k += prac_ip_eq(&p.src, &ip);
  }
  return k;
}

/* One sender floods all ports with payloads that never repeat; fifty others ask for a port each,
 * one packet, late in the minute as well. */
static void one_flooding_sender_takes_nobodys_place(void **state)
{
  struct model_samples *m = samples(PER_MINUTE);
  (void)state;
  for (uint32_t i = 0; i < 200000; i++) {
    see(m, 0x01010101, (uint16_t)(1000 + i % 50000), prac_mix64(i), MINUTE + i * 250000);
    if (i % 4000 == 3999)
      see(m, 0x02000000 + i, (uint16_t)(100 + i / 4000), 0, MINUTE + i * 250000);
  }
  size_t n = model_samples_choose(m, MINUTE);
  assert_true(n <= PER_MINUTE);
  assert_int_equal(of_port(m, n, 100, 100 + FEW), FEW);
  assert_true(of_sender(m, n, 0x01010101) <= MODEL_SAMPLES_SHARE);
  assert_true(of_sender(m, n, 0x01010101) > 0);
  model_samples_free(&m);
}

/* Many senders flood one port, alike and then with payloads of their own. */
static void one_flooded_port_takes_nobodys_place(void **state)
{
  struct model_samples *m = samples(PER_MINUTE);
  (void)state;
  for (uint32_t i = 0; i < 200000; i++) {
    see(m, prac_mix64(i) & 0x7fffffff, 23, i % 2 ? prac_mix64(i) : 0, MINUTE + i * 250000);
    if (i % 4000 == 3999)
      see(m, 0x82000000 + i, (uint16_t)(100 + i / 4000), 0, MINUTE + i * 250000);
  }
  size_t n = model_samples_choose(m, MINUTE);
  assert_true(n <= PER_MINUTE);
  assert_int_equal(of_port(m, n, 100, 100 + FEW), FEW);
  assert_true(of_port(m, n, 23, 24) > 0);
  assert_true(of_port(m, n, 23, 24) <= MODEL_SAMPLES_SHARE);
  for (size_t i = 0; i < n; i++) {
    struct packet p = got(m, i);
    if (p.dport == 23 && p.payload == 0) assert_int_equal(p.seen, 100000);
    if (p.dport != 23) assert_int_equal(p.seen, 1);
  }
  model_samples_free(&m);
}

/* Forged senders and random ports: more classes than there is room for. Those that came early and
 * those that came late have the same chance. */
static void late_is_as_good_as_early(void **state)
{
  struct model_samples *m = samples(PER_MINUTE);
  size_t late = 0, all = 0;
  (void)state;
  for (int minute = 0; minute < 40; minute++) {
    const prac_time from = MINUTE + minute * PRAC_MIN;
    for (uint32_t i = 0; i < 20000; i++) {
      uint64_t r = prac_mix64((uint64_t)minute << 32 | i);
      see(m, (uint32_t)r, (uint16_t)(r >> 32), prac_mix64(r), from + i * 3 * PRAC_MS);
    }
    size_t n = model_samples_choose(m, from);
    assert_int_equal(n, PER_MINUTE);
    for (size_t i = 0; i < n; i++) late += got(m, i).at - from >= 30 * PRAC_SEC;
    all += n;
    model_samples_reset(m);
  }
  /* 2400 chances of a half: six standard deviations are 147 */
  assert_true(late > all / 2 - 150 && late < all / 2 + 150);
  assert_true(m->refused > 0);
  model_samples_free(&m);
}

/* What was kept within the hour is not kept again, unless it is of somebody else at that port. */
static void what_is_known_waits(void **state)
{
  struct model_samples *m = samples(PER_MINUTE);
  (void)state;
  for (int minute = 0; minute < 180; minute++) {
    const prac_time from = MINUTE + minute * PRAC_MIN;
    see(m, 0x01010101, 23, 0, from);
    if (minute == 5) see(m, 0x02020202, 23, 0, from + 1);
    size_t n = model_samples_choose(m, from);
    assert_int_equal(n, minute % 60 == 0 ? 1 : minute == 5 ? 1 : 0);
    if (minute == 5) assert_int_equal(of_sender(m, n, 0x02020202), 1);
    if (minute == 5) assert_int_equal(got(m, 0).seen, 2);
    model_samples_reset(m);
  }
  model_samples_free(&m);
}

/* Two minutes of one sensor know the same. */
static void two_minutes_share_what_is_known(void **state)
{
  struct model_samples *a = samples(PER_MINUTE), *b = NULL;
  (void)state;
  assert_int_equal(model_samples_new(PER_MINUTE, a, &b), PRAC_OK);
  see(a, 0x01010101, 23, 0, MINUTE);
  assert_int_equal(model_samples_choose(a, MINUTE), 1);
  see(b, 0x01010101, 23, 0, MINUTE + PRAC_MIN);
  assert_int_equal(model_samples_choose(b, MINUTE + PRAC_MIN), 0);
  model_samples_free(&b);
  model_samples_free(&a);
}

/* Same packets, same samples; another order of the same minute is another input. */
static void the_same_packets_give_the_same_samples(void **state)
{
  struct model_samples *m[2] = {samples(PER_MINUTE), samples(PER_MINUTE)};
  size_t n[2];
  (void)state;
  for (int k = 0; k < 2; k++) {
    for (uint32_t i = 0; i < 5000; i++) {
      uint64_t r = prac_mix64(i);
      see(m[k], (uint32_t)r % 3000, (uint16_t)(r >> 40) % 500, r % 7 ? 0 : r, MINUTE + i * PRAC_MS);
    }
    n[k] = model_samples_choose(m[k], MINUTE);
  }
  assert_int_equal(n[0], PER_MINUTE);
  assert_int_equal(n[0], n[1]);
  for (size_t i = 0; i < n[0]; i++) {
    struct packet a = got(m[0], i), b = got(m[1], i);
    assert_string_equal(a.id, b.id);
    assert_int_equal(a.seen, b.seen);
    if (i > 0) assert_true(a.at >= got(m[0], i - 1).at);
  }
  for (int k = 0; k < 2; k++) model_samples_free(&m[k]);
}

/* Readers who see neither dst nor the payload's hash see the id: neither is in it. */
static void ids_tell_nothing(void **state)
{
  char kept[96] = "";
  (void)state;
  for (uint32_t k = 0; k < 2; k++) {
    struct model_samples *m = samples(PER_MINUTE);
    struct model_offer o = packet(0x01020304, 23, prac_mix64(k), MINUTE + 5);
    uint64_t class = model_sample_class(o.proto, o.tcp_flags, o.sport, o.dport, o.payload);
    o.dst = prac_ip4(0xc6336401 + k);
    if (model_samples_count(m, class)) model_samples_offer(m, class, &o);
    see(m, 0x01020305, 24, 0, MINUTE + 6);
    assert_int_equal(model_samples_choose(m, MINUTE), 2);
    const char *first = got(m, 0).id;
    assert_string_not_equal(first, got(m, 1).id);
    assert_int_equal(strncmp(first, "tokyo.", 6), 0);
    if (k == 1) assert_string_equal(first, kept);
    (void)snprintf(kept, sizeof kept, "%s", first);
    model_samples_free(&m);
  }
}

/* What the bytes and limits of a record may be. */
static void long_and_empty_packets(void **state)
{
  struct model_samples *m = NULL;
  static uint8_t big[2000];
  (void)state;
  assert_int_equal(model_samples_new(0, NULL, &m), PRAC_RANGE);
  assert_int_equal(model_samples_new(MODEL_SAMPLES_MOST + 1, NULL, &m), PRAC_RANGE);
  m = samples(MODEL_SAMPLES_MOST);
  struct model_offer o = packet(1, 2, 3, MINUTE);
  o.bytes = big;
  o.n_bytes = o.len = sizeof big;
  o.head = 1999;
  uint64_t class = model_sample_class(6, 2, 0, 2, 3);
  assert_true(model_samples_count(m, class));
  model_samples_offer(m, class, &o);
  o = packet(2, 3, 4, MINUTE + 1);
  o.bytes = NULL;
  o.n_bytes = o.head = 0;
  class = model_sample_class(6, 2, 0, 3, 4);
  assert_true(model_samples_count(m, class));
  model_samples_offer(m, class, &o);
  assert_int_equal(model_samples_choose(m, MINUTE), 2);
  assert_int_equal(got(m, 0).bytes.n, PACKET_BYTES_MAX);
  assert_int_equal(got(m, 0).head, PACKET_BYTES_MAX);
  assert_int_equal(got(m, 0).len, sizeof big);
  assert_int_equal(got(m, 1).bytes.n, 0);
  model_samples_free(&m);
  model_samples_free(&m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_flooding_sender_takes_nobodys_place),
      cmocka_unit_test(one_flooded_port_takes_nobodys_place),
      cmocka_unit_test(late_is_as_good_as_early),
      cmocka_unit_test(what_is_known_waits),
      cmocka_unit_test(two_minutes_share_what_is_known),
      cmocka_unit_test(the_same_packets_give_the_same_samples),
      cmocka_unit_test(ids_tell_nothing),
      cmocka_unit_test(long_and_empty_packets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
