#include "lib/choice.h"
#include "lib/t.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/hll.h"

static void few_are_counted_exactly(void **s)
{
  (void)s;
  struct prac_hll h = {0};
  for (uint64_t i = 0; i < HLL_SPARSE; i++) {
    assert_int_equal(prac_hll_add(&h, prac_mix64(i + 1)), PRAC_OK);
    assert_int_equal(prac_hll_add(&h, prac_mix64(i / 2 + 1)), PRAC_OK);
    assert_int_equal(prac_hll_count(&h), i + 1);
  }
  prac_hll_done(&h);
  assert_int_equal(prac_hll_count(&h), 0);
}

/* 1.6 % standard error: 6 % is almost four deviations, at every size. */
static void many_are_estimated(void **s)
{
  (void)s;
  struct prac_hll h = {0};
  for (uint64_t i = 1; i <= 2000000; i++) {
    assert_int_equal(prac_hll_add(&h, prac_mix64(i * 0x9e3779b97f4a7c15u)), PRAC_OK);
    if ((i & (i - 1)) == 0 || i % 100000 == 0)
      assert_true(fabs((double)prac_hll_count(&h) / (double)i - 1) < 0.06);
  }
  prac_hll_done(&h);
}

static struct prac_hll made(struct choice *c, uint32_t n)
{
  struct prac_hll h = {0};
  uint64_t from = choice_below(c, 500);
  for (uint64_t i = 0; i < n; i++)
    assert_int_equal(prac_hll_add(&h, prac_mix64(from + i)), PRAC_OK);
  return h;
}

static int merge_is_union(struct choice *c)
{
  struct prac_hll a = made(c, choice_below(c, 400)), b = made(c, choice_below(c, 400)), ab = {0},
                  ba = {0};
  int ok = prac_hll_merge(&ab, &a) == PRAC_OK && prac_hll_merge(&ab, &b) == PRAC_OK &&
           prac_hll_merge(&ba, &b) == PRAC_OK && prac_hll_merge(&ba, &a) == PRAC_OK &&
           prac_hll_merge(&ba, &a) == PRAC_OK;
  ok = ok && prac_hll_count(&ab) == prac_hll_count(&ba);
  prac_hll_done(&a), prac_hll_done(&b), prac_hll_done(&ab), prac_hll_done(&ba);
  return ok;
}

static int reads_back(struct choice *c)
{
  uint8_t buf[HLL_BINARY_MAX];
  struct prac_hll a = made(c, choice_below(c, 300)), b = {0};
  struct prac_wr w = prac_wr_of(buf, sizeof buf);
  prac_hll_write(&a, &w);
  struct prac_rd r = prac_rd_of(buf, prac_wr_len(&w));
  int ok = !w.bad && prac_hll_read(&b, &r) == PRAC_OK && prac_rd_left(&r) == 0 &&
           prac_hll_count(&a) == prac_hll_count(&b);
  prac_hll_done(&a), prac_hll_done(&b);
  return ok;
}

/* Any bytes: refused or a sketch that works; never read past the end (ASan looks on). */
static int any_bytes(struct choice *c)
{
  uint8_t buf[64];
  for (size_t i = 0; i < sizeof buf; i++) buf[i] = choice_u8(c);
  struct prac_hll h = {0};
  struct prac_rd r = prac_rd_of(buf, choice_below(c, sizeof buf + 1));
  prac_rc rc = prac_hll_read(&h, &r);
  int ok = rc == PRAC_OK || prac_hll_count(&h) == 0;
  prac_hll_done(&h);
  return ok;
}

static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("merge_is_union", merge_is_union, 1, 300));
  assert_true(prop_check("reads_back", reads_back, 2, 300));
  assert_true(prop_check("any_bytes", any_bytes, 3, 2000));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(few_are_counted_exactly),
      cmocka_unit_test(many_are_estimated),
      cmocka_unit_test(properties),
  };
  return cmocka_run_group_tests_name("hll", t, NULL, NULL);
}
