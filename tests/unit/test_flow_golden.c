/* The binary form of a flow batch is what sensors send and the store keeps: yesterday's bytes are
 * read by today's program, and today's program writes yesterday's bytes. Level 0 is compared byte
 * for byte; what zstd makes may change with zstd, so for it only reading is promised. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/flow_batch.h"
#include "model/flow.h"

static const char *const lists[] = {"acknowledged 2025-03-02", "mass-scanners 2026-08-23"};

/* In the first row every column holds something, and no two bytes of a number are alike. */
static const struct flow_row written[] = {
    {
        .first_ms = 0x1234,
        .span_ms = 0x0b0c,
        .proto = 6,
        .tcp_flags = 0x12,
        .ttl = 0xf3,
        .tool = FLOW_TOOL_MASSCAN,
        .sport = 0xc001,
        .dport = 0x1700,
        .window = 0x0401,
        .survey = 2,
        .country = 'J' << 8 | 'P',
        .asn = 0x00010203,
        .marks = FLOW_MASSCAN | FLOW_SURVEY | FLOW_PAYLOAD,
        .packets = 0x05060708,
        .bytes = 0x1112131415161718,
        .payload = 0x2122232425262728,
    },
    {.first_ms = 59999, .proto = 58, .sport = 1, .dport = 4, .packets = 1},
    {.proto = 17, .sport = 53, .dport = 4000, .packets = 2, .bytes = 100},
};

static struct flow_batch *made(void)
{
  struct flow_row rows[PRAC_ARRAY_LEN(written)];
  memcpy(rows, written, sizeof rows);
  rows[0].src = prac_ip4(0xc6336407);
  rows[0].dst = prac_ip4(0xc0000201);
  rows[0].victim = prac_ip4(0xcb007109);
  rows[1].src = prac_ip_of(0x20010db800000001, 2);
  rows[1].dst = prac_ip_of(0x20010db800000003, 4);
  rows[2].src = prac_ip4(0xc6336407);
  rows[2].dst = prac_ip4(0xc0000202);
  struct flow_batch *b = NULL;
  assert_int_equal(flow_batch_new("tokyo-1", INT64_C(28000001) * PRAC_MIN, rows, 3, &b), PRAC_OK);
  assert_int_equal(
      flow_batch_describe(b, "demo geography of 2026-06-17", (struct model_strs){lists, 2}),
      PRAC_OK);
  b->part = 0x0a0b;
  b->last = true;
  return b;
}

static struct flow_batch *empty(void)
{
  struct flow_batch *b = NULL;
  assert_int_equal(flow_batch_new("oslo", 25 * PRAC_MIN, NULL, 0, &b), PRAC_OK);
  b->last = true;
  return b;
}

static void show(const char *name, const uint8_t *b, size_t n)
{
  fprintf(stderr, "static const uint8_t %s[] = {", name);
  for (size_t i = 0; i < n; i++) fprintf(stderr, "%s0x%02x,", i % 16 ? " " : "\n    ", b[i]);
  fprintf(stderr, "\n};\n");
}

static void assert_reads_as(const uint8_t *bytes, size_t n, const struct flow_batch *want)
{
  struct flow_batch *b = NULL;
  struct prac_err err = {.text = ""};
  if (flow_batch_decode(bytes, n, &b, &err) != PRAC_OK) fail_msg("not read: %s", err.text);
  assert_string_equal(b->sensor, want->sensor);
  assert_string_equal(b->geo, want->geo);
  assert_int_equal(b->minute, want->minute);
  assert_int_equal(b->part, want->part);
  assert_int_equal(b->last, want->last);
  assert_int_equal(b->lists.n, want->lists.n);
  for (uint32_t i = 0; i < b->lists.n; i++) assert_string_equal(b->lists.v[i], want->lists.v[i]);
  assert_int_equal(b->n, want->n);
  for (uint32_t i = 0; i < b->n; i++) {
    struct flow_row x = flow_batch_row(b, i), y = flow_batch_row(want, i);
    assert_memory_equal(&x, &y, sizeof x);
  }
  flow_batch_unref(&b);
}

static void assert_writes(const char *name, const struct flow_batch *b, const uint8_t *want,
                          size_t n)
{
  uint8_t *bytes = NULL;
  size_t len = 0;
  assert_int_equal(flow_batch_encode(b, 0, &bytes, &len), PRAC_OK);
  bool same = len == n && memcmp(bytes, want, n) == 0;
  if (!same) show(name, bytes, len);
  free(bytes);
  if (!same)
    fail_msg("the bytes of a flow batch have changed: logs and sensors of other versions hold the "
             "old form. If that is meant, the format gets a new magic and still reads this one");
}

static void the_bytes_stay(void **s)
{
  (void)s;
  struct flow_batch *b = made(), *none = empty();
  assert_writes("golden_batch", b, golden_batch, sizeof golden_batch);
  assert_writes("golden_empty", none, golden_empty, sizeof golden_empty);
  flow_batch_unref(&b);
  flow_batch_unref(&none);
}

static void old_bytes_are_read(void **s)
{
  (void)s;
  struct flow_batch *b = made(), *none = empty();
  assert_reads_as(golden_batch, sizeof golden_batch, b);
  assert_reads_as(golden_packed, sizeof golden_packed, b);
  assert_reads_as(golden_empty, sizeof golden_empty, none);
  flow_batch_unref(&b);
  flow_batch_unref(&none);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(the_bytes_stay),
      cmocka_unit_test(old_bytes_are_read),
  };
  return cmocka_run_group_tests_name("flow_golden", t, NULL, NULL);
}
