#include "lib/t.h"

#include <string.h>

#include "wire/ber.h"

static void lengths(void **s)
{
  (void)s;
  static const struct {
    const char *bytes;
    size_t n;
    bool good;
    size_t content;
  } rows[] = {
      {"\4\0", 2, true, 0},
      {"\4\2ab", 4, true, 2},
      {"\4\x81\2ab", 5, true, 2},
      {"\4\x84\0\0\0\2ab", 8, true, 2},
      {"\4\2a", 3, false, 0}, /* longer than what is there */
      {"\4\x80"
       "ab\0\0",
       6, false, 0},                       /* indefinite */
      {"\4\x85\0\0\0\0\2ab", 9, false, 0}, /* five octets */
      {"\4\x84\xff\xff\xff\xff"
       "ab",
       8, false, 0},
      {"\4\x84\0\0", 4, false, 0},
      {"\x1f\1\0", 3, false, 0}, /* a tag of several bytes */
      {"\4", 1, false, 0},
      {"", 0, false, 0},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct prac_rd r = prac_rd_of(rows[i].bytes, rows[i].n), c = {0};
    uint8_t tag = 0;
    assert_int_equal(wire_ber_next(&r, &tag, &c), rows[i].good);
    assert_int_equal(r.bad, !rows[i].good);
    if (rows[i].good) assert_int_equal(prac_rd_left(&c), rows[i].content);
  }
}

static void integers_there_and_back(void **s)
{
  (void)s;
  static const struct {
    int64_t v;
    size_t n;
  } rows[] = {{0, 1},         {1, 1},         {127, 1},       {128, 2},
              {-1, 1},        {-128, 1},      {-129, 2},      {255, 2},
              {256, 2},       {32767, 2},     {32768, 3},     {1 << 24, 4},
              {INT32_MAX, 4}, {INT64_MAX, 8}, {INT64_MIN, 8}, {UINT32_MAX, 5}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    uint8_t b[16];
    int64_t got = 0;
    struct prac_wr w = prac_wr_of(b, sizeof b);
    wire_ber_put_int(&w, WIRE_BER_INT, rows[i].v);
    assert_false(w.bad);
    assert_int_equal(prac_wr_len(&w), 2 + rows[i].n);
    struct prac_rd r = prac_rd_of(b, prac_wr_len(&w));
    assert_true(wire_ber_int(&r, WIRE_BER_INT, &got));
    assert_true(got == rows[i].v);
    r = prac_rd_of(b, prac_wr_len(&w));
    assert_false(wire_ber_int(&r, WIRE_BER_ENUM, &got));
  }
  struct prac_rd r = prac_rd_of("\2\0", 2), nine = prac_rd_of("\2\x9zzzzzzzzz", 11);
  int64_t got = 0;
  assert_false(wire_ber_int(&r, WIRE_BER_INT, &got));
  assert_false(wire_ber_int(&nine, WIRE_BER_INT, &got));
}

static void oids(void **s)
{
  (void)s;
  static const struct wire_oid rows[] = {{7, {1, 3, 6, 1, 2, 1, 1}},
                                         {9, {1, 3, 6, 1, 4, 1, 8072, 128, 4294967295u}},
                                         {2, {2, 5}},
                                         {2, {0, 39}}};
  char text[64];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    uint8_t b[64];
    struct wire_oid got;
    struct prac_wr w = prac_wr_of(b, sizeof b);
    wire_ber_put_oid(&w, &rows[i]);
    struct prac_rd r = prac_rd_of(b, prac_wr_len(&w));
    assert_true(wire_ber_oid(&r, &got));
    assert_int_equal(prac_rd_left(&r), 0);
    assert_int_equal(wire_oid_cmp(&got, &rows[i]), 0);
  }
  wire_oid_text(&rows[1], text, sizeof text);
  assert_string_equal(text, "1.3.6.1.4.1.8072.128.4294967295");
  wire_oid_text(&rows[1], text, 6);
  assert_string_equal(text, "1.3.6");
  assert_int_equal(wire_oid_cmp(&rows[0], &rows[1]), -1);
  assert_int_equal(wire_oid_cmp(&rows[2], &rows[1]), 1);
  const struct wire_oid shorter = {6, {1, 3, 6, 1, 2, 1}};
  assert_int_equal(wire_oid_cmp(&shorter, &rows[0]), -1);
  struct wire_oid got;
  struct prac_rd open = prac_rd_of("\6\2\x2b\x86", 4),
                 big = prac_rd_of("\6\6\x9f\xff\xff\xff\xff\x7f", 8);
  assert_false(wire_ber_oid(&open, &got)); /* ends in the middle of a number */
  assert_false(wire_ber_oid(&big, &got));  /* more than 32 bits */
}

static void nests_and_overflows(void **s)
{
  (void)s;
  uint8_t b[300], big[200] = {0};
  struct prac_wr w = prac_wr_of(b, sizeof b);
  struct wire_ber_open outer = wire_ber_begin(&w, WIRE_BER_SEQ, 4);
  wire_ber_put(&w, WIRE_BER_OCTETS, big, sizeof big);
  wire_ber_end(&w, outer);
  assert_false(w.bad);
  struct prac_rd r = prac_rd_of(b, prac_wr_len(&w)), seq = {0}, octets = {0};
  assert_true(wire_ber_take(&r, WIRE_BER_SEQ, &seq));
  assert_true(wire_ber_take(&seq, WIRE_BER_OCTETS, &octets));
  assert_int_equal(prac_rd_left(&octets), sizeof big);
  w = prac_wr_of(b, sizeof b);
  outer = wire_ber_begin(&w, WIRE_BER_SEQ, 0);
  prac_wr_zero(&w, 128);
  wire_ber_end(&w, outer);
  assert_true(w.bad); /* the short form ends at 127 */
  w = prac_wr_of(b, 10);
  outer = wire_ber_begin(&w, WIRE_BER_SEQ, 2);
  wire_ber_put(&w, WIRE_BER_OCTETS, big, sizeof big);
  wire_ber_end(&w, outer);
  assert_true(w.bad);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(lengths),
      cmocka_unit_test(integers_there_and_back),
      cmocka_unit_test(oids),
      cmocka_unit_test(nests_and_overflows),
  };
  return cmocka_run_group_tests_name("wire_ber", t, NULL, NULL);
}
