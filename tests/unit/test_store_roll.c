/* Sketches and roll-ups as bytes: the same whatever the order, exact while few, and damaged bytes
 * are told, never believed. */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "store/roll.h"

static uint64_t count_of(uint64_t n, uint64_t seed, struct store_sketch *s)
{
  struct prac_rng r = prac_rng_of(seed);
  for (uint64_t i = 0; i < n; i++) {
    struct prac_ip ip = prac_ip_of(0, prac_rng_u64(&r));
    assert_int_equal(store_sketch_add(s, store_sketch_code(&ip)), PRAC_OK);
    assert_int_equal(store_sketch_add(s, store_sketch_code(&ip)), PRAC_OK);
  }
  return store_sketch_count(s);
}

static void sketch_counts(void **state)
{
  (void)state;
  for (uint64_t n = 0; n <= 512; n += 64) {
    struct store_sketch s = {0};
    assert_int_equal(count_of(n, n, &s), n);
    assert_null(s.dense);
    store_sketch_done(&s);
  }
  for (uint64_t n = 1000; n <= 1000000; n *= 10) {
    struct store_sketch s = {0};
    double got = (double)count_of(n, n, &s), off = got / (double)n - 1;
    assert_true(off > -0.06 && off < 0.06); /* nearly four standard errors */
    store_sketch_done(&s);
  }
}

static int merge_any_order(struct choice *c)
{
  struct store_sketch part[4] = {0}, one = {0}, other = {0}, back = {0};
  uint8_t bytes[STORE_SKETCH_BINARY_MAX];
  int ok = 1;
  for (int i = 0; i < 4; i++) {
    uint32_t n = choice_below(c, 700), base = choice_below(c, 1000);
    for (uint32_t k = 0; k < n && ok; k++) {
      struct prac_ip ip = prac_ip4(base + k);
      uint32_t code = store_sketch_code(&ip);
      ok = store_sketch_add(&part[i], code) == PRAC_OK && store_sketch_add(&one, code) == PRAC_OK;
    }
  }
  for (int i = 4; i-- > 0 && ok;) ok = store_sketch_merge(&other, &part[i]) == PRAC_OK;
  ok = ok && store_sketch_count(&one) == store_sketch_count(&other);
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  store_sketch_write(&other, &w);
  struct prac_rd r = prac_rd_of(bytes, prac_wr_len(&w));
  ok = ok && !w.bad && store_sketch_read(&back, &r) == PRAC_OK && prac_rd_left(&r) == 0 &&
       store_sketch_count(&back) == store_sketch_count(&one) && back.n == one.n;
  for (size_t cut = 0; cut < prac_wr_len(&w) && ok; cut += 1 + cut / 2) {
    struct store_sketch none = {0};
    r = prac_rd_of(bytes, cut);
    ok = store_sketch_read(&none, &r) != PRAC_OK;
    store_sketch_done(&none);
  }
  for (int i = 0; i < 4; i++) store_sketch_done(&part[i]);
  store_sketch_done(&one);
  store_sketch_done(&other);
  store_sketch_done(&back);
  return ok;
}

static void sketches_merge(void **state)
{
  (void)state;
  assert_true(prop_check("sketches merge in any order", merge_any_order, 3, 60));
}

static prac_rc read_all(const struct store_roll_blob *b)
{
  struct store_roll_sum *s = store_roll_sum_new();
  assert_non_null(s);
  prac_rc rc = store_roll_sum_add(s, b->counts, b->n_counts, b->sketch, b->n_sketch);
  store_roll_sum_free(&s);
  return rc;
}

static bool same_blob(const struct store_roll_blob *a, const struct store_roll_blob *b)
{
  return a->n_counts == b->n_counts && memcmp(a->counts, b->counts, a->n_counts) == 0 &&
         a->n_sketch == b->n_sketch && memcmp(a->sketch, b->sketch, a->n_sketch) == 0;
}

/* The roll-up of all batches is the sum of the roll-ups of each, in any order. */
static int sum_of_parts(struct choice *c)
{
  struct flow_batch *b[3];
  struct store_roll_blob part[3], whole, summed;
  enum store_dim_kept dim = (enum store_dim_kept)(choice_u8(c) % STORE_KEPT_COUNT);
  struct store_roll_sum *s = store_roll_sum_new();
  int ok = s != NULL;
  for (uint32_t i = 0; i < 3; i++) b[i] = made_batch(c, "tokyo", MADE_DAY, i, 40);
  for (int i = 3; i-- > 0 && ok;) {
    ok = store_roll_build(dim, &b[i], 1, &part[i]) == PRAC_OK &&
         store_roll_sum_add(s, part[i].counts, part[i].n_counts, part[i].sketch,
                            part[i].n_sketch) == PRAC_OK;
    store_roll_blob_done(&part[i]);
  }
  ok = ok && store_roll_build(dim, b, 3, &whole) == PRAC_OK &&
       store_roll_sum_blob(s, true, &summed) == PRAC_OK;
  if (ok) {
    ok = same_blob(&whole, &summed);
    store_roll_blob_done(&whole);
    store_roll_blob_done(&summed);
  }
  store_roll_sum_free(&s);
  for (int i = 0; i < 3; i++) flow_batch_unref(&b[i]);
  return ok;
}

static void rolls_add_up(void **state)
{
  (void)state;
  assert_true(prop_check("roll-ups add up", sum_of_parts, 5, 100));
}

static void damaged_rolls(void **state)
{
  (void)state;
  uint8_t bytes[4000];
  struct prac_rng r = prac_rng_of(9);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)prac_rng_u64(&r);
  struct choice c = {bytes, bytes + sizeof bytes};
  struct flow_batch *b = made_batch(&c, "tokyo", MADE_DAY, 0, 200);
  struct store_roll_blob good, cut;
  assert_int_equal(store_roll_build(STORE_KEPT_PORT, &b, 1, &good), PRAC_OK);
  assert_int_equal(read_all(&good), PRAC_OK);
  for (size_t n = 0; n < good.n_counts; n++) {
    cut = good;
    cut.n_counts = n;
    assert_int_equal(read_all(&cut), PRAC_DAMAGED);
  }
  for (size_t n = 0; n < good.n_sketch; n++) {
    cut = good;
    cut.n_sketch = n;
    assert_int_equal(read_all(&cut), PRAC_DAMAGED);
  }
  for (int i = 0; i < 3000; i++) { /* any byte, any value: never a crash, PRAC_OK is allowed */
    uint8_t *at = i & 1 ? good.counts : good.sketch;
    size_t k = prac_rng_below(&r, i & 1 ? good.n_counts : good.n_sketch);
    uint8_t was = at[k];
    at[k] = (uint8_t)prac_rng_u64(&r);
    prac_rc rc = read_all(&good);
    assert_true(rc == PRAC_OK || rc == PRAC_DAMAGED);
    at[k] = was;
  }
  store_roll_blob_done(&good);
  flow_batch_unref(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sketch_counts),
      cmocka_unit_test(sketches_merge),
      cmocka_unit_test(rolls_add_up),
      cmocka_unit_test(damaged_rolls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
