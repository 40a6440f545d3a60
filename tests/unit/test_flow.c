#include "lib/choice.h"
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/flow.h"

static const char *const list_names[] = {"acknowledged 2025-03-02", "mass-scanners 2026-08-23"};

static struct flow_row some_row(struct prac_rng *r, bool v6)
{
  struct flow_row row;
  memset(&row, 0, sizeof row);
  row.first_ms = (uint16_t)prac_rng_below(r, 60000);
  row.span_ms = (uint16_t)prac_rng_below(r, 3) * 10;
  row.src = v6 ? prac_ip_of(0x20010db800000000u, prac_rng_below(r, 9))
               : prac_ip4((uint32_t)prac_rng_below(r, 50) << 24);
  row.dst = prac_ip4(0xc6120000u | (uint32_t)prac_rng_below(r, 4));
  if (prac_rng_below(r, 8) == 0) row.victim = prac_ip4((uint32_t)prac_rng_u64(r));
  row.proto = prac_rng_below(r, 2) ? 6 : 17;
  row.sport = (uint16_t)prac_rng_u64(r);
  row.dport = (uint16_t)prac_rng_below(r, 3);
  row.tool = (uint8_t)prac_rng_below(r, FLOW_TOOL_COUNT_);
  row.survey = (uint16_t)prac_rng_below(r, 3);
  row.country = 'J' << 8 | 'P';
  row.asn = (uint32_t)prac_rng_u64(r);
  row.marks = FLOW_MIRAI;
  row.packets = 1;
  row.bytes = 40;
  return row;
}

static struct flow_row *some_rows(uint64_t seed, uint32_t n)
{
  struct prac_rng r = prac_rng_of(seed);
  struct flow_row *rows = calloc(n + 1, sizeof *rows);
  assert_non_null(rows);
  bool mixed = seed & 1;
  for (uint32_t i = 0; i < n; i++) rows[i] = some_row(&r, mixed && prac_rng_below(&r, 4) == 0);
  return rows;
}

static struct flow_batch *some_batch(uint64_t seed, uint32_t n)
{
  struct flow_row *rows = some_rows(seed, n);
  struct flow_batch *b = NULL;
  assert_int_equal(flow_batch_new("tokyo", 25 * PRAC_MIN, rows, n, &b), PRAC_OK);
  assert_int_equal(flow_batch_describe(b, "demo", (struct model_strs){list_names, 2}), PRAC_OK);
  free(rows);
  return b;
}

static int key_order(const struct flow_row *a, const struct flow_row *b)
{
  int d = memcmp(&a->src, &b->src, 16);
  if (!d) d = memcmp(&a->dst, &b->dst, 16);
  if (!d) d = (a->proto > b->proto) - (a->proto < b->proto);
  if (!d) d = (a->sport > b->sport) - (a->sport < b->sport);
  if (!d) d = (a->dport > b->dport) - (a->dport < b->dport);
  if (!d) d = (a->first_ms > b->first_ms) - (a->first_ms < b->first_ms);
  return d;
}

/* Sorted, and nothing gained or lost (sums of a column that identifies rows); the same rows in
 * another order give the same batch. */
static void rows_are_sorted(void **s)
{
  (void)s;
  for (uint64_t seed = 0; seed < 40; seed++) {
    uint32_t n = seed < 4 ? (uint32_t)seed : 1000 * (uint32_t)seed / 7;
    struct flow_row *rows = some_rows(seed, n);
    struct flow_batch *b = NULL, *turned = NULL;
    uint64_t before = 0, after = 0;
    for (uint32_t i = 0; i < n; i++) before += (uint64_t)rows[i].asn * rows[i].sport;
    assert_int_equal(flow_batch_new("x", 0, rows, n, &b), PRAC_OK);
    for (uint32_t i = 0; i < n / 2; i++) {
      struct flow_row swap = rows[i];
      rows[i] = rows[n - 1 - i];
      rows[n - 1 - i] = swap;
    }
    assert_int_equal(flow_batch_new("x", 0, rows, n, &turned), PRAC_OK);
    for (uint32_t i = 0; i < n; i++) {
      struct flow_row here = flow_batch_row(b, i), there = flow_batch_row(turned, i);
      after += (uint64_t)here.asn * here.sport;
      assert_memory_equal(&here, &there, sizeof here);
      if (i == 0) continue;
      struct flow_row last = flow_batch_row(b, i - 1);
      assert_true(key_order(&last, &here) <= 0);
    }
    assert_int_equal(before, after);
    flow_batch_unref(&b);
    flow_batch_unref(&turned);
    free(rows);
  }
}

static void assert_same(const struct flow_batch *a, const struct flow_batch *b)
{
  assert_string_equal(a->sensor, b->sensor);
  assert_string_equal(a->geo, b->geo);
  assert_int_equal(a->minute, b->minute);
  assert_int_equal(a->last, b->last);
  assert_int_equal(a->lists.n, b->lists.n);
  assert_int_equal(a->n, b->n);
  for (uint32_t i = 0; i < a->lists.n; i++) assert_string_equal(a->lists.v[i], b->lists.v[i]);
  for (uint32_t i = 0; i < a->n; i++) {
    struct flow_row x = flow_batch_row(a, i), y = flow_batch_row(b, i);
    assert_memory_equal(&x, &y, sizeof x);
  }
}

static void rows_are_left_out(void **s)
{
  (void)s;
  for (uint64_t seed = 0; seed < 30; seed++) {
    uint32_t n = (uint32_t)seed * 7, k = 0;
    struct flow_batch *b = some_batch(seed + 1, n), *rest = NULL;
    uint8_t drop[256] = {0};
    for (uint32_t i = 0; i < n; i++) drop[i] = (i * 2654435761u >> 20) % 3 == seed % 4;
    b->part = 3;
    assert_int_equal(flow_batch_without(b, drop, &rest), PRAC_OK);
    assert_string_equal(rest->sensor, b->sensor);
    assert_string_equal(rest->geo, b->geo);
    assert_true(rest->minute == b->minute && rest->last == b->last && rest->part == 3);
    assert_int_equal(rest->lists.n, b->lists.n);
    for (uint32_t i = 0; i < n; i++) {
      if (drop[i]) continue;
      struct flow_row x = flow_batch_row(b, i), y = flow_batch_row(rest, k++);
      assert_memory_equal(&x, &y, sizeof x);
    }
    assert_int_equal(rest->n, k);
    flow_batch_unref(&b);
    flow_batch_unref(&rest);
  }
}

static void batches_read_back(void **s)
{
  (void)s;
  static const uint32_t sizes[] = {0, 1, 2, 63, 64, 1000, 20000};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(sizes); i++)
    for (int level = 0; level <= 3; level++) {
      struct flow_batch *b = some_batch(i + 10, sizes[i]), *back = NULL;
      uint8_t *bytes = NULL, *again = NULL;
      size_t len = 0, len2 = 0;
      assert_int_equal(flow_batch_encode(b, level, &bytes, &len), PRAC_OK);
      assert_int_equal(flow_batch_encode(b, level, &again, &len2), PRAC_OK);
      assert_int_equal(len, len2);
      assert_memory_equal(bytes, again, len);
      assert_int_equal(flow_batch_decode(bytes, len, &back, NULL), PRAC_OK);
      assert_same(b, back);
      free(bytes);
      free(again);
      flow_batch_unref(&b);
      flow_batch_unref(&back);
    }
}

/* Every bit matters: the checksum or the rules refuse each flip and each cut. */
static void damage_is_seen(void **s)
{
  (void)s;
  struct flow_batch *b = some_batch(3, 20), *back = NULL;
  uint8_t *bytes = NULL;
  size_t len = 0;
  assert_int_equal(flow_batch_encode(b, 1, &bytes, &len), PRAC_OK);
  for (size_t i = 0; i < len; i++) {
    bytes[i] ^= 0x10;
    assert_int_not_equal(flow_batch_decode(bytes, len, &back, NULL), PRAC_OK);
    bytes[i] ^= 0x10;
    assert_int_not_equal(flow_batch_decode(bytes, i, &back, NULL), PRAC_OK);
  }
  assert_null(back);
  free(bytes);
  flow_batch_unref(&b);
}

static void limits_hold(void **s)
{
  (void)s;
  struct flow_batch *b = NULL;
  struct flow_row row = {0};
  assert_int_equal(flow_batch_new("", 0, &row, 1, &b), PRAC_RANGE);
  assert_int_equal(flow_batch_new("a-name-that-is-far-too-long-for-a-sensor", 0, &row, 1, &b),
                   PRAC_RANGE);
  assert_int_equal(flow_batch_new("x", 0, &row, FLOW_BATCH_MAX + 1, &b), PRAC_RANGE);
  assert_null(b);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(rows_are_sorted),   cmocka_unit_test(rows_are_left_out),
      cmocka_unit_test(batches_read_back), cmocka_unit_test(damage_is_seen),
      cmocka_unit_test(limits_hold),
  };
  return cmocka_run_group_tests_name("flow", t, NULL, NULL);
}
