/* Every reason for which the valve holds a reply back, one by one. */
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "honeypot/limit.h"
#include "honeypot/valve.h"

#define NOW (1000 * PRAC_SEC)
#define WALL (INT64_C(1700000000) * PRAC_SEC)

struct out {
  uint64_t n, bytes;
  bool broken;
};
static bool send_one(void *arg, const struct hp_ask *a, const void *data, size_t len)
{
  struct out *o = arg;
  (void)a, (void)data;
  if (o->broken) return false;
  o->n++;
  o->bytes += len;
  return true;
}
static struct out out;
static struct hp_lists lists;
static _Atomic bool shut;

static struct hp_valve_conf conf(void)
{
  out = (struct out){0};
  memset(&lists, 0, sizeof lists);
  atomic_store(&shut, false);
  lists.ports[123 / 8] |= 1 << (123 % 8);
  return (struct hp_valve_conf){.reply = true,
                                .per_address = 4,
                                .burst = 3,
                                .per_network = 16,
                                .window_ns = 600 * PRAC_SEC,
                                .replies_per_s = 100,
                                .bits_per_s = 512000,
                                .credit_bytes = 65536,
                                .answer_share = 1,
                                .seed = 9,
                                .lists = &lists,
                                .shut = &shut,
                                .send = send_one,
                                .arg = &out};
}
static struct hp_valve *valve(const struct hp_valve_conf *c)
{
  struct hp_valve *v = NULL;
  assert_int_equal(hp_valve_new(c, NOW, &v), PRAC_OK);
  return v;
}
static struct hp_ask to(const char *ip)
{
  struct hp_ask a = {.port = 40000, .own = prac_ip4(0xc6336401)};
  assert_int_equal(prac_ip_parse(ip, strlen(ip), &a.to), PRAC_OK);
  return a;
}
static enum hp_why reply(struct hp_valve *v, const char *ip, size_t len, int64_t now)
{
  static const uint8_t bytes[2000];
  struct hp_ask a = to(ip);
  enum hp_why may = hp_valve_may(v, &a, now, WALL + now);
  enum hp_why did = hp_valve_send(v, &a, bytes, len, now, WALL + now);
  if (may != HP_WHY_OPEN && did != HP_WHY_size) assert_int_equal(may, did);
  return did;
}
#define HELD(v, ip, why) assert_string_equal(hp_why_name(reply(v, ip, 100, NOW)), #why)

static void silent_by_default(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  c.reply = false;
  struct hp_valve *v = valve(&c);
  HELD(v, "8.8.8.8", off);
  assert_int_equal(out.n, 0);
  hp_valve_free(&v);
}

static void switched_off(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  struct hp_valve *v = valve(&c);
  atomic_store(&shut, true);
  HELD(v, "8.8.8.8", shut);
  atomic_store(&shut, false);
  HELD(v, "8.8.8.8", open);
  hp_valve_free(&v);
  c.settle_ns = PRAC_MIN;
  v = valve(&c);
  HELD(v, "8.8.8.8", settling);
  assert_int_equal(reply(v, "8.8.8.8", 10, NOW + PRAC_MIN), HP_WHY_OPEN);
  hp_valve_free(&v);
}

static void who_is_never_answered(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  struct prac_prefix p;
  struct prac_lpm_range r;
  assert_int_equal(prac_prefix_parse("4.4.0.0/16", 10, &p), PRAC_OK);
  r = prac_lpm_range_of(&p, 1);
  assert_int_equal(prac_lpm_new(&r, 1, &lists.own), PRAC_OK);
  assert_int_equal(prac_prefix_parse("5.5.0.0/16", 10, &p), PRAC_OK);
  r = prac_lpm_range_of(&p, 1);
  assert_int_equal(prac_lpm_new(&r, 1, &lists.opt_out), PRAC_OK);
  assert_int_equal(prac_prefix_parse("6.6.6.6", 7, &p), PRAC_OK);
  r = prac_lpm_range_of(&p, 1);
  assert_int_equal(prac_lpm_new(&r, 1, &lists.infra), PRAC_OK);
  struct hp_valve *v = valve(&c);
  HELD(v, "4.4.1.2", own);
  HELD(v, "198.51.100.1", own); /* the address asked; also a bogon */
  HELD(v, "5.5.5.5", opt_out);
  HELD(v, "6.6.6.6", infra);
  HELD(v, "10.1.2.3", bogon);
  HELD(v, "127.0.0.1", bogon);
  HELD(v, "224.0.0.251", bogon);
  HELD(v, "255.255.255.255", bogon);
  HELD(v, "0.0.0.0", bogon);
  HELD(v, "ff02::fb", bogon);
  HELD(v, "fe80::1", bogon);
  HELD(v, "::1", bogon);
  HELD(v, "64:ff9b::808:808",
       bogon); /* 8.8.8.8 by another name: lists and limits are of that one */
  HELD(v, "2002:808:808::1", bogon);
  HELD(v, "8.8.8.8", open);
  HELD(v, "2a00::1", open);
  lists.answer_bogons = true; /* a laboratory; but groups are no hosts there either */
  HELD(v, "10.1.2.3", open);
  HELD(v, "224.0.0.251", bogon);
  HELD(v, "ff02::fb", bogon);
  HELD(v, "255.255.255.255", bogon);
  hp_valve_free(&v);
  prac_lpm_free(&lists.own);
  prac_lpm_free(&lists.opt_out);
  prac_lpm_free(&lists.infra);
}

static void loops(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  struct hp_valve *v = valve(&c);
  struct hp_ask a = to("8.8.8.8");
  a.port = 123;
  assert_int_equal(hp_valve_may(v, &a, NOW, WALL), HP_WHY_port);
  a.port = 0;
  assert_int_equal(hp_valve_send(v, &a, "x", 1, NOW, WALL), HP_WHY_port);
  a.port = 124;
  a.many = true;
  assert_int_equal(hp_valve_send(v, &a, "x", 1, NOW, WALL), HP_WHY_many);
  hp_valve_free(&v);
}

static void per_address_and_network(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  struct hp_valve *v = valve(&c);
  for (int i = 0; i < 3; i++) HELD(v, "8.8.8.8", open);
  HELD(v, "8.8.8.8", address); /* burst */
  assert_int_equal(reply(v, "8.8.8.8", 10, NOW + 200 * PRAC_SEC), HP_WHY_OPEN);
  assert_int_equal(reply(v, "8.8.8.8", 10, NOW + 400 * PRAC_SEC), HP_WHY_address);
  assert_int_equal(reply(v, "8.8.8.8", 10, NOW + 700 * PRAC_SEC), HP_WHY_OPEN);
  char ip[PRAC_IP_TEXT];
  int sent = 0;
  for (int i = 0; i < 256; i++) {
    struct prac_ip x = prac_ip4(0x09090900u + (uint32_t)i);
    sent += reply(v, prac_ip_text(ip, &x), 10, NOW + i) == HP_WHY_OPEN;
  }
  assert_int_equal(sent, 16);
  HELD(v, "9.9.9.77", network);
  sent = 0;
  for (uint64_t i = 0; i < 100; i++) { /* one /48, however it is cut */
    struct prac_ip x = prac_ip_of(UINT64_C(0x2a00000000010000) + i, i);
    sent += reply(v, prac_ip_text(ip, &x), 10, NOW + 2 * PRAC_SEC) == HP_WHY_OPEN;
  }
  assert_int_equal(sent, 16);
  hp_valve_free(&v);
}

static void the_sensor_as_a_whole(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  char ip[PRAC_IP_TEXT];
  struct hp_valve *v = valve(&c);
  uint32_t n[3] = {0};
  hp_valve_in(v, NOW, 1 << 20);
  for (uint32_t i = 0; i < 400; i++) {
    struct prac_ip x = prac_ip4(0x08000000u + (i << 8));
    enum hp_why w = reply(v, prac_ip_text(ip, &x), 10, NOW);
    n[0] += w == HP_WHY_OPEN, n[1] += w == HP_WHY_rate;
  }
  assert_int_equal(n[0], 100);
  assert_int_equal(n[1], 300);
  hp_valve_free(&v);
  v = valve(&c);
  for (uint32_t i = 0; i < 400; i++) {
    struct prac_ip x = prac_ip4(0x08000000u + (i << 8));
    enum hp_why w = reply(v, prac_ip_text(ip, &x), 1200, NOW + i * PRAC_SEC / 100);
    n[2] += w == HP_WHY_OPEN;
  }
  assert_int_equal(n[2], 54); /* 54 x 1200 <= 65536 < 55 x 1200: nothing has come in */
  assert_int_equal(reply(v, "8.200.0.1", 1200, NOW + 4 * PRAC_SEC), HP_WHY_credit);
  hp_valve_in(v, NOW + 4 * PRAC_SEC, 1200);
  assert_int_equal(reply(v, "8.200.0.1", 1200, NOW + 5 * PRAC_SEC), HP_WHY_OPEN);
  hp_valve_free(&v);
}

static void sizes_and_failures(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  struct hp_valve *v = valve(&c);
  assert_int_equal(reply(v, "8.8.8.8", 0, NOW), HP_WHY_size);
  assert_int_equal(reply(v, "8.8.8.8", HP_REPLY_MAX + 1, NOW), HP_WHY_size);
  assert_int_equal(reply(v, "8.8.8.8", HP_REPLY_MAX, NOW), HP_WHY_OPEN);
  out.broken = true;
  HELD(v, "8.8.8.8", failed);
  HELD(v, "8.8.8.8", failed);
  HELD(v, "8.8.8.8", address); /* what failed is counted all the same */
  hp_valve_free(&v);
}

static void open_events(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  struct hp_valve *v = valve(&c);
  struct prac_prefix one, net;
  assert_int_equal(prac_prefix_parse("8.8.8.8", 7, &one), PRAC_OK);
  assert_int_equal(prac_prefix_parse("9.9.9.0/24", 10, &net), PRAC_OK);
  prac_time until = WALL + NOW + PRAC_HOUR;
  hp_valve_silence(v, &one, until, WALL + NOW);
  hp_valve_silence(v, &net, until, WALL + NOW);
  HELD(v, "8.8.8.8", silenced);
  HELD(v, "8.8.8.9", open);
  HELD(v, "9.9.9.200", silenced);
  assert_int_equal(reply(v, "8.8.8.8", 10, NOW + PRAC_HOUR), HP_WHY_OPEN);
  hp_valve_silence(v, &one, WALL + NOW, WALL + NOW); /* a later word replaces it */
  HELD(v, "8.8.8.8", open);
  /* more than the table holds: nobody is answered */
  for (uint32_t i = 0; i < 200000; i++) {
    struct prac_prefix p = {.ip = prac_ip4(0x0b000000u + i), .bits = 128};
    hp_valve_silence(v, &p, until, WALL + NOW);
  }
  HELD(v, "7.7.7.7", silenced);
  assert_int_equal(reply(v, "7.7.7.7", 10, NOW + PRAC_HOUR), HP_WHY_OPEN);
  hp_valve_free(&v);
}

static void shares(void **st)
{
  (void)st;
  struct hp_valve_conf c = conf();
  char ip[PRAC_IP_TEXT];
  int both = 0, one = 0, n = 20000;
  c.answer_share = 0.25;
  c.share_key = 1;
  c.replies_per_s = 10000;
  struct hp_valve *a = valve(&c);
  c.share_key = 2;
  struct hp_valve *b = valve(&c);
  for (int i = 0; i < n; i++) {
    struct prac_ip x = prac_ip4(0x08000000u + (uint32_t)i * 256);
    struct hp_ask q = to(prac_ip_text(ip, &x));
    bool in_a = hp_valve_may(a, &q, NOW, WALL) == HP_WHY_OPEN;
    bool in_b = hp_valve_may(b, &q, NOW, WALL) == HP_WHY_OPEN;
    one += in_a, both += in_a && in_b;
  }
  assert_in_range(one, n / 4 - 400, n / 4 + 400);
  assert_in_range(both, n / 16 - 300, n / 16 + 300);
  hp_valve_free(&a);
  hp_valve_free(&b);
}

static void full_tables_answer_nobody_new(void **st)
{
  (void)st;
  struct hp_many *m = hp_many_new(16, PRAC_MIN, 1);
  uint32_t all, late, taken = 0;
  size_t bytes = hp_many_bytes(m);
  for (uint32_t i = 0; i < 10000; i++) {
    struct prac_ip x = prac_ip4(i);
    if (!hp_many_get(m, &x, NOW, &all, &late)) continue;
    hp_many_add(m, &x, NOW);
    taken++;
  }
  assert_true(taken <= bytes / 32);
  struct prac_ip x = prac_ip4(77777);
  assert_true(hp_many_get(m, &x, NOW + 2 * PRAC_MIN, &all, &late)); /* they are over */
  assert_int_equal(hp_many_bytes(m), bytes);
  hp_many_free(&m);
}

/* A word that ends a silence in a time before all times must not hide those who are found behind
 * it. */
static void an_end_hides_nobody(void **st)
{
  (void)st;
  struct hp_silence *s = hp_silence_new(16, 1);
  struct prac_prefix p[32];
  for (uint32_t i = 0; i < 32; i++) {
    p[i] = (struct prac_prefix){prac_ip4(0x08000000 + i), 128};
    hp_silence_set(s, &p[i], WALL + PRAC_HOUR, WALL);
  }
  for (uint32_t i = 0; i < 32; i += 2) hp_silence_set(s, &p[i], 0, WALL);
  for (uint32_t i = 0; i < 32; i++) assert_int_equal(hp_silence_has(s, &p[i].ip, WALL), i % 2);
  hp_silence_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(silent_by_default),
      cmocka_unit_test(switched_off),
      cmocka_unit_test(who_is_never_answered),
      cmocka_unit_test(loops),
      cmocka_unit_test(per_address_and_network),
      cmocka_unit_test(the_sensor_as_a_whole),
      cmocka_unit_test(sizes_and_failures),
      cmocka_unit_test(open_events),
      cmocka_unit_test(an_end_hides_nobody),
      cmocka_unit_test(shares),
      cmocka_unit_test(full_tables_answer_nobody_new),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
