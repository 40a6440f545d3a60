/* Addresses chosen by somebody who knows the code, but no key: they find their places in tables as
 * any others do. */
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "capture/minute.h"
#include "honeypot/limit.h"
#include "honeypot/table.h"

enum { MANY = 4096 };
static const uint64_t nothing = 0xe7037ed1a0b428dbu; /* times anything, in prac_hash2 */
static const uint64_t odd = 0x9e3779b97f4a7c15u;

static int by_value(const void *pa, const void *pb)
{
  const uint64_t *a = pa, *b = pb;
  return (*a > *b) - (*a < *b);
}

static void all_differ(uint64_t h[MANY])
{
  qsort(h, MANY, sizeof *h, by_value);
  for (size_t i = 1; i < MANY; i++) assert_true(h[i] != h[i - 1]);
}

static void no_constant_collides(void **st)
{
  (void)st;
  static const uint64_t words[] = {0, UINT64_MAX, nothing, odd, ~nothing, ~odd};
  static uint64_t h[MANY];
  for (size_t w = 0; w < PRAC_ARRAY_LEN(words); w++)
    for (uint64_t key = 1; key < 4; key++) {
      for (uint64_t i = 0; i < MANY; i++) h[i] = prac_hash_keyed(prac_mix64(key), i, words[w]);
      all_differ(h);
      for (uint64_t i = 0; i < MANY; i++) h[i] = prac_hash_keyed(prac_mix64(key), words[w], i);
      all_differ(h);
    }
}

/* Halves as they lie in memory: that is how a row's hash reads them. */
static struct prac_ip of_halves(uint64_t first, uint64_t second)
{
  struct prac_ip ip;
  memcpy(ip.b, &first, 8);
  memcpy(ip.b + 8, &second, 8);
  return ip;
}

static void rows_of_chosen_senders_differ(void **st)
{
  (void)st;
  static uint64_t h[MANY];
  struct prac_ip dst = of_halves(7, 9), src = of_halves(11, 13);
  for (uint64_t i = 0; i < MANY; i++) {
    struct prac_ip ip = of_halves(i, 5 ^ i * odd); /* one half makes up for the other */
    h[i] = cap_minute_hash(prac_mix64(2), &ip, &dst, 80, 6);
  }
  all_differ(h);
  for (uint64_t i = 0; i < MANY; i++) {
    struct prac_ip ip = of_halves(i, 5 ^ i * 0xd6e8feb86659fd93u);
    h[i] = cap_minute_hash(prac_mix64(2), &src, &ip, 80, 6);
  }
  all_differ(h);
  dst = of_halves(7, nothing ^ 7 * 0xd6e8feb86659fd93u); /* one that leaves nothing of the sender */
  for (uint64_t i = 0; i < MANY; i++) {
    struct prac_ip ip = of_halves(0, i);
    h[i] = cap_minute_hash(prac_mix64(2), &ip, &dst, 80, 6);
  }
  all_differ(h);
  for (uint64_t i = 0; i < MANY; i++) { /* sender and receiver are the same */
    struct prac_ip ip = of_halves(1, i);
    h[i] = cap_minute_hash(prac_mix64(2), &ip, &ip, 80, 6);
  }
  all_differ(h);
}

static struct prac_ip victim(uint64_t i)
{
  return prac_ip_of(UINT64_C(0x2a00123400000000) + i, nothing);
}

static bool tell(void *arg, const struct hp_told *t)
{
  (void)arg, (void)t;
  return true;
}

static void victims_have_their_places(void **st)
{
  (void)st;
  struct hp_table *t = NULL;
  const struct hp_table_open o = {.slots = 1 << 16, .seed = prac_mix64(3), .tell = tell};
  assert_int_equal(hp_table_new(&o, &t), PRAC_OK);
  for (uint64_t i = 0; i < 256; i++) {
    const struct hp_seen s = {
        .victim = victim(i), .at = (int64_t)(1 + i) * PRAC_SEC, .name = "", .len = 9};
    (void)hp_table_count(t, &s);
  }
  assert_int_equal(hp_table_stats(t).evicted, 0);
  hp_table_free(&t);
}

static void limits_have_room(void **st)
{
  (void)st;
  struct hp_many *m = hp_many_new(4096, 600 * PRAC_SEC, prac_mix64(4));
  uint32_t all, late;
  assert_non_null(m);
  for (uint64_t i = 0; i < 256; i++) {
    struct prac_ip ip = victim(i);
    assert_true(hp_many_get(m, &ip, PRAC_SEC, &all, &late));
    hp_many_add(m, &ip, PRAC_SEC);
  }
  hp_many_free(&m);
}

/* A table that is full silences everybody: it takes more than a few chosen victims. */
static void a_few_victims_silence_nobody_else(void **st)
{
  (void)st;
  struct hp_silence *s = hp_silence_new(16384, prac_mix64(5));
  struct prac_ip other = prac_ip4(0x08080808);
  assert_non_null(s);
  for (uint64_t i = 0; i < 256; i++) {
    struct prac_prefix p = {.ip = victim(i), .bits = 128};
    hp_silence_set(s, &p, 100 * PRAC_SEC, PRAC_SEC);
    assert_true(hp_silence_has(s, &p.ip, 2 * PRAC_SEC));
  }
  assert_false(hp_silence_has(s, &other, 2 * PRAC_SEC));
  hp_silence_free(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_constant_collides),
      cmocka_unit_test(rows_of_chosen_senders_differ),
      cmocka_unit_test(victims_have_their_places),
      cmocka_unit_test(limits_have_room),
      cmocka_unit_test(a_few_victims_silence_nobody_else),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
