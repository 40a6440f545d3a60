/* Non-negative canonical decomposition: what is at a minimum, what was planted, and what must not
 * matter. */
#include "lib/t.h"

#include <stdbool.h>

#include "lib/cells.h"
#include "lib/choice.h"
#include "math/ncp.h"

static struct made_cells made, other;
static const struct math_ncp_conf usual = {
    .rank = 3, .starts = 4, .probe = 5, .max_sweeps = 3000, .tol = 0, .seed = 1};

static struct math_ncp ncp(const struct math_tensor *t, struct math_ncp_conf c,
                           struct prac_arena *a)
{
  struct math_ncp r;
  assert_int_equal(math_ncp(t, &c, NULL, a, &r), PRAC_OK);
  return r;
}

static double slow_err2(const struct math_tensor *t, const double *d, const struct math_ncp *r)
{
  double sum = 0;
  for (size_t i = 0; i < t->dim[0]; i++)
    for (size_t j = 0; j < t->dim[1]; j++)
      for (size_t k = 0; k < t->dim[2]; k++) {
        double e = d[(i * t->dim[1] + j) * t->dim[2] + k];
        for (size_t c = 0; c < r->a[0].rank; c++)
          e -= r->weight[c] * factor_at(&r->a[0], i, c) * factor_at(&r->a[1], j, c) *
               factor_at(&r->a[2], k, c);
        sum += e * e;
      }
  return sum;
}

static void is_minimum(const struct math_tensor *t, const double *d, struct math_ncp *r,
                       double least)
{
  const double step = 1e-4, best = slow_err2(t, d, r);
  for (unsigned m = 0; m <= MATH_MODES; m++) {
    size_t n = m < MATH_MODES ? (size_t)r->a[m].rows * r->a[m].ld : r->a[0].rank;
    double *v = m < MATH_MODES ? r->a[m].v : r->weight;
    for (size_t i = 0; i < n; i++) {
      if (m < MATH_MODES && i % r->a[m].ld >= r->a[m].rank) continue;
      double was = v[i], by = m < MATH_MODES ? step : step * t->largest;
      v[i] = was + by;
      assert_true(slow_err2(t, d, r) > best - least);
      v[i] = fmax(0, was - by);
      assert_true(slow_err2(t, d, r) > best - least);
      v[i] = was;
    }
  }
}

static void random_cells(struct made_cells *c, struct prac_rng *r, size_t n)
{
  c->n = 0;
  while (n-- > 0)
    cell_add(c, (uint32_t)prac_rng_below(r, 6), (uint32_t)prac_rng_below(r, 10),
             (uint32_t)prac_rng_below(r, 8), 1 + (double)prac_rng_below(r, 30));
}

static void at_a_minimum(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(5);
  for (uint32_t round = 0; round < 6; round++) {
    struct prac_arena *a = prac_arena_new(1 << 16);
    random_cells(&made, &r, 60 + 10 * round);
    struct math_tensor t = tensor_of_made(&made, a);
    double *d = dense_of(&t);
    struct math_ncp_conf c = usual;
    c.rank = 1 + round;
    c.max_sweeps = 20000;
    struct math_ncp got = ncp(&t, c, a);
    double err2 = slow_err2(&t, d, &got);
    assert_true(fabs(got.err2 - err2) < 1e-9 * t.norm2);
    assert_true(fabs(got.fit - (1 - sqrt(err2 / t.norm2))) < 1e-9);
    assert_true(got.kkt < 1e-3);
    is_minimum(&t, d, &got, 1e-7 * t.norm2);
    for (size_t j = 1; j < c.rank; j++) assert_true(got.weight[j] <= got.weight[j - 1]);
    for (unsigned m = 0; m < MATH_MODES; m++)
      for (size_t j = 0; j < c.rank; j++) {
        double norm2 = 0;
        for (size_t i = 0; i < got.a[m].rows; i++) {
          assert_true(factor_at(&got.a[m], i, j) >= 0);
          norm2 += factor_at(&got.a[m], i, j) * factor_at(&got.a[m], i, j);
        }
        assert_true(fabs(norm2 - 1) < 1e-9 || norm2 < 1e-9);
      }
    free(d);
    prac_arena_free(&a);
  }
}

static void falls(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(6);
  struct prac_arena *a = prac_arena_new(1 << 16);
  random_cells(&made, &r, 120);
  struct math_tensor t = tensor_of_made(&made, a);
  double last = t.norm2;
  for (uint32_t n = 1; n < 40; n++) {
    struct math_ncp_conf c = usual;
    c.starts = c.probe = 1;
    c.max_sweeps = n;
    c.tol = -1;
    struct math_ncp got = ncp(&t, c, a);
    assert_int_equal(got.sweeps, n);
    assert_true(got.err2 <= last + 1e-9 * t.norm2);
    last = got.err2;
  }
  prac_arena_free(&a);
}

/* Three terms that overlap in time: found one by one, with their weights. */
static void planted(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(7);
  struct prac_arena *a = prac_arena_new(1 << 20);
  double weight[3];
  made.n = 0;
  for (uint32_t g = 0; g < 3; g++) {
    double u[30], v[60], w[4], norm2 = 1, squares[3] = {0};
    for (uint32_t t = 0; t < 30; t++) u[t] = (t + g) % 4 > 1 ? 1 + prac_rng_unit(&r) : 0;
    for (uint32_t h = 0; h < 60; h++) v[h] = 0.5 + prac_rng_unit(&r);
    for (uint32_t q = 0; q < 4; q++) w[q] = (3 - g) * (0.5 + prac_rng_unit(&r));
    for (uint32_t t = 0; t < 30; t++) squares[0] += u[t] * u[t];
    for (uint32_t h = 0; h < 60; h++) squares[1] += v[h] * v[h];
    for (uint32_t q = 0; q < 4; q++) squares[2] += w[q] * w[q];
    for (int m = 0; m < 3; m++) norm2 *= squares[m];
    weight[g] = sqrt(norm2);
    for (uint32_t t = 0; t < 30; t++)
      for (uint32_t h = 0; h < 60; h++)
        for (uint32_t q = 0; q < 4; q++)
          cell_add(&made, t, g * 50 + h, g * 3 + q, u[t] * v[h] * w[q]);
  }
  cells_shuffle(&made, &r);
  struct math_tensor t = tensor_of_made(&made, a);
  struct math_ncp got = ncp(&t, usual, a);
  assert_true(got.fit > 1 - 1e-5);
  for (size_t g = 0; g < 3; g++) assert_true(fabs(got.weight[g] / weight[g] - 1) < 1e-3);
  prac_arena_free(&a);
}

static void names_do_not_matter(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(8);
  struct prac_arena *a = prac_arena_new(1 << 16);
  made.n = 0;
  for (int n = 0; n < 200; n++)
    cell_add(&made, (uint32_t)prac_rng_below(&r, 6), (uint32_t)prac_rng_below(&r, 20),
             (uint32_t)prac_rng_below(&r, 8), 1 + 30 * prac_rng_unit(&r));
  other = made;
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (size_t i = 0; i < other.n; i++) other.at[m][i] = 1000003u * other.at[m][i] ^ 0x5a5a5a;
  struct math_tensor t = tensor_of_made(&made, a), u = tensor_of_made(&other, a);
  struct math_ncp_conf c = usual;
  c.starts = 1;
  c.max_sweeps = 30;
  struct math_ncp x = ncp(&t, c, a), y = ncp(&u, c, a);
  assert_true(fabs(x.err2 - y.err2) < 1e-7 * t.norm2);
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (size_t i = 0; i < t.dim[m]; i++)
      for (size_t j = 0; j < 3; j++) {
        size_t k = named(&u, m, 1000003u * t.name[m][i] ^ 0x5a5a5a);
        assert_true(fabs(factor_at(&x.a[m], i, j) - factor_at(&y.a[m], k, j)) < 1e-5);
      }
  prac_arena_free(&a);
}

static void threads_do_not_matter(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(9);
  struct prac_arena *a = prac_arena_new(1 << 20);
  made.n = 0;
  for (int n = 0; n < 30000; n++)
    cell_add(&made, (uint32_t)prac_rng_below(&r, 30), (uint32_t)prac_rng_below(&r, 4000),
             (uint32_t)(prac_rng_below(&r, 2) ? 23 : prac_rng_below(&r, 200)),
             1 + (double)prac_rng_below(&r, 9));
  struct math_tensor t = tensor_of_made(&made, a);
  struct math_ncp_conf c = usual;
  const struct math_par par = {.n = 3, .run = run_backwards};
  struct math_ncp x, y;
  c.rank = 10;
  c.max_sweeps = 12;
  x = ncp(&t, c, a);
  assert_int_equal(math_ncp(&t, &c, &par, a, &y), PRAC_OK);
  for (unsigned m = 0; m < MATH_MODES; m++)
    assert_memory_equal(x.a[m].v, y.a[m].v, (size_t)x.a[m].rows * x.a[m].ld * sizeof(double));
  assert_memory_equal(x.weight, y.weight, 10 * sizeof(double));
  prac_arena_free(&a);
}

static void edges(void **s)
{
  (void)s;
  struct prac_arena *a = prac_arena_new(1 << 16);
  struct math_ncp_conf c = usual;
  made.n = 0;
  struct math_tensor none = tensor_of_made(&made, a);
  struct math_ncp r = ncp(&none, c, a);
  assert_true(r.settled && fabs(r.fit - 1) < 1e-12 && fabs(r.err2) < 1e-12);
  cell_add(&made, 5, 6, 7, 4e9);
  struct math_tensor one = tensor_of_made(&made, a);
  r = ncp(&one, c, a); /* three terms for one cell: whichever, together they are it */
  assert_true(r.fit > 1 - 1e-7 && isfinite(r.kkt));
  made.n = 0;
  for (uint32_t i = 0; i < 4 * 5 * 6; i++) cell_add(&made, i / 30, i / 6 % 5, i % 6, 7);
  struct math_tensor alike = tensor_of_made(&made, a);
  r = ncp(&alike, c, a);
  assert_true(r.fit > 1 - 1e-6);
  for (uint32_t i = 0; i < 60; i++) made.v[i] = 4e9;
  struct math_tensor huge = tensor_of_made(&made, a);
  r = ncp(&huge, c, a);
  assert_true(isfinite(r.err2) && isfinite(r.kkt) && r.fit > 0.5 && r.fit <= 1);
  c.rank = 0;
  assert_int_equal(math_ncp(&alike, &c, NULL, a, &r), PRAC_RANGE);
  c.rank = MATH_TENSOR_RANK_MAX + 1;
  assert_int_equal(math_ncp(&alike, &c, NULL, a, &r), PRAC_RANGE);
  prac_arena_free(&a);
}

static int anything(struct choice *in)
{
  struct prac_arena *a = prac_arena_new(1 << 16);
  made.n = 0;
  for (size_t n = choice_below(in, 40); n > 0; n--)
    cell_add(&made, choice_below(in, 4), choice_below(in, 5), choice_below(in, 3),
             (double)choice_below(in, 1u << choice_below(in, 31)));
  struct math_tensor t = tensor_of_made(&made, a);
  struct math_ncp_conf c = usual;
  c.rank = 1 + choice_below(in, 6);
  c.max_sweeps = 10;
  c.seed = choice_below(in, 9);
  struct math_ncp r;
  int good = math_ncp(&t, &c, NULL, a, &r) == PRAC_OK && isfinite(r.err2) &&
             r.err2 <= t.norm2 * (1 + 1e-9) && isfinite(r.kkt);
  for (unsigned m = 0; m < 3; m++)
    for (size_t i = 0; i < (size_t)r.a[m].rows * r.a[m].ld; i++)
      good &= r.a[m].v[i] >= 0 && r.a[m].v[i] <= 1 + 1e-9;
  prac_arena_free(&a);
  return good;
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("ncp", anything, 13, 400));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(at_a_minimum),
      cmocka_unit_test(falls),
      cmocka_unit_test(planted),
      cmocka_unit_test(edges),
      cmocka_unit_test(names_do_not_matter),
      cmocka_unit_test(properties),
      cmocka_unit_test(threads_do_not_matter),
  };
  return cmocka_run_group_tests_name("ncp", t, NULL, NULL);
}
