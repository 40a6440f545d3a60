/* Non-negative Tucker: what is at a minimum, what was planted, and what must not matter. */
#include "lib/t.h"

#include <stdbool.h>

#include "lib/cells.h"
#include "lib/choice.h"
#include "math/ntd.h"

static struct made_cells made, other;
static const struct math_ntd_conf usual = {
    .rank = {3, 3, 3}, .starts = 4, .probe = 5, .max_sweeps = 2000, .tol = 0, .seed = 1};

static struct math_ntd ntd(const struct math_tensor *t, struct math_ntd_conf c,
                           struct prac_arena *a)
{
  struct math_ntd r;
  assert_int_equal(math_ntd(t, &c, NULL, a, &r), PRAC_OK);
  return r;
}

static double core_at(const struct math_ntd *r, size_t p, size_t q, size_t k)
{
  return r->core[(p * r->a[1].rank + q) * r->a[2].rank + k];
}
static double model_at(const struct math_ntd *r, const size_t at[3])
{
  double sum = 0;
  for (size_t p = 0; p < r->a[0].rank; p++)
    for (size_t q = 0; q < r->a[1].rank; q++)
      for (size_t k = 0; k < r->a[2].rank; k++)
        sum += core_at(r, p, q, k) * factor_at(&r->a[0], at[0], p) * factor_at(&r->a[1], at[1], q) *
               factor_at(&r->a[2], at[2], k);
  return sum;
}
/* |X - X^|^2, entry by entry. */
static double slow_err2(const struct math_tensor *t, const double *d, const struct math_ntd *r)
{
  double sum = 0;
  size_t at[3];
  for (at[0] = 0; at[0] < t->dim[0]; at[0]++)
    for (at[1] = 0; at[1] < t->dim[1]; at[1]++)
      for (at[2] = 0; at[2] < t->dim[2]; at[2]++) {
        double e = d[(at[0] * t->dim[1] + at[1]) * t->dim[2] + at[2]] - model_at(r, at);
        sum += e * e;
      }
  return sum;
}

/* No single coordinate, up or down, makes the dense residual smaller. */
static void is_minimum(const struct math_tensor *t, const double *d, struct math_ntd *r,
                       double least)
{
  const double step = 1e-4, best = slow_err2(t, d, r);
  for (unsigned m = 0; m <= MATH_MODES; m++) {
    size_t n = m < MATH_MODES ? (size_t)r->a[m].rows * r->a[m].ld
                              : (size_t)r->a[0].rank * r->a[1].rank * r->a[2].rank;
    double *v = m < MATH_MODES ? r->a[m].v : r->core;
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
    struct math_ntd_conf c = usual;
    c.rank[round % 3] = 2;
    c.max_sweeps = 20000;
    struct math_ntd got = ntd(&t, c, a);
    double err2 = slow_err2(&t, d, &got);
    assert_true(fabs(got.err2 - err2) < 1e-9 * t.norm2);
    assert_true(fabs(got.fit - (1 - sqrt(err2 / t.norm2))) < 1e-9);
    assert_true(got.kkt < 1e-3); /* single moves; how slow the last of them are is another matter */
    is_minimum(&t, d, &got, 1e-7 * t.norm2);
    for (unsigned m = 0; m < MATH_MODES; m++)
      for (size_t j = 0; j < got.a[m].rank; j++) {
        double top = 0;
        for (size_t i = 0; i < got.a[m].rows; i++) {
          assert_true(factor_at(&got.a[m], i, j) >= 0);
          top = fmax(top, factor_at(&got.a[m], i, j));
        }
        assert_true(fabs(top - 1) < 1e-12 || fabs(top) < 1e-12);
      }
    free(d);
    prac_arena_free(&a);
  }
}

/* Every sweep more makes the residual smaller, or leaves it. */
static void falls(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(6);
  struct prac_arena *a = prac_arena_new(1 << 16);
  random_cells(&made, &r, 120);
  struct math_tensor t = tensor_of_made(&made, a);
  double last = t.norm2;
  for (uint32_t n = 1; n < 40; n++) {
    struct math_ntd_conf c = usual;
    c.starts = c.probe = 1;
    c.max_sweeps = n;
    c.tol = -1;
    struct math_ntd got = ntd(&t, c, a);
    assert_int_equal(got.sweeps, n);
    assert_true(got.err2 <= last + 1e-9 * t.norm2);
    last = got.err2;
  }
  prac_arena_free(&a);
}

/* Three groups of hosts, each with ports and times of its own: found whole, and nothing else. */
static void planted(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(7);
  struct prac_arena *a = prac_arena_new(1 << 20);
  made.n = 0;
  for (uint32_t g = 0; g < 3; g++) {
    double time[30] = {0}, port[4];
    for (uint32_t t = 0; t < 30; t++) time[t] = (t + g) % 3 ? 0 : 1 + 5 * prac_rng_unit(&r);
    for (uint32_t q = 0; q < 4; q++) port[q] = 0.5 + prac_rng_unit(&r);
    for (uint32_t h = 0; h < 100 + 50 * g; h++) {
      double host = 0.5 + prac_rng_unit(&r);
      for (uint32_t t = 0; t < 30; t++)
        for (uint32_t q = 0; q < 4; q++)
          if (time[t] > 0) cell_add(&made, t, g * 1000 + h, g * 10 + q, time[t] * port[q] * host);
    }
  }
  cells_shuffle(&made, &r);
  struct math_tensor t = tensor_of_made(&made, a);
  struct math_ntd got = ntd(&t, usual, a);
  assert_true(got.fit > 1 - 1e-6);
  assert_true(got.settled);
  for (size_t j = 0; j < 3; j++) { /* a component is one group */
    uint32_t of = UINT32_MAX;
    for (size_t i = 0; i < t.dim[1]; i++) {
      double x = factor_at(&got.a[1], i, j);
      if (x < 0.1) continue;
      if (of == UINT32_MAX) of = t.name[1][i] / 1000;
      assert_int_equal(t.name[1][i] / 1000, of);
    }
    assert_true(of < 3);
    size_t n = 0;
    for (size_t i = 0; i < t.dim[1]; i++) n += factor_at(&got.a[1], i, j) >= 0.1;
    assert_int_equal(n, 100 + 50 * of);
  }
  prac_arena_free(&a);
}

/* The core says what belongs together: two groups of hosts share one rhythm but not a port. */
static void core_pairs(void **s)
{
  (void)s;
  struct prac_arena *a = prac_arena_new(1 << 16);
  made.n = 0;
  for (uint32_t t = 0; t < 10; t++)
    for (uint32_t h = 0; h < 40; h++)
      if (t % 3 == 0) cell_add(&made, t, h, h < 20 ? 1 : 2, h < 20 ? 5 : 3);
  struct math_tensor t = tensor_of_made(&made, a);
  struct math_ntd_conf c = usual;
  c.rank[0] = 1;
  c.rank[1] = c.rank[2] = 2;
  struct math_ntd got = ntd(&t, c, a);
  assert_true(got.fit > 1 - 1e-6);
  for (size_t q = 0; q < 2; q++) {
    bool low = factor_at(&got.a[1], 0, q) > 0.5; /* hosts 0..19 */
    double own = 0, far = 0;
    for (size_t k = 0; k < 2; k++) {
      bool port1 = factor_at(&got.a[2], 0, k) > 0.5;
      *(port1 == low ? &own : &far) += core_at(&got, 0, q, k);
    }
    assert_true(own > 1 && far < 1e-6);
  }
  prac_arena_free(&a);
}

/* Other names, so another order of rows: the same factors, each row under its new name. */
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
  struct math_ntd_conf c = usual;
  c.starts = 1;
  c.max_sweeps = 30;
  struct math_ntd x = ntd(&t, c, a), y = ntd(&u, c, a);
  assert_true(fabs(x.err2 - y.err2) < 1e-7 * t.norm2);
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (size_t i = 0; i < t.dim[m]; i++)
      for (size_t j = 0; j < x.a[m].rank; j++) {
        size_t k = named(&u, m, 1000003u * t.name[m][i] ^ 0x5a5a5a);
        assert_true(fabs(factor_at(&x.a[m], i, j) - factor_at(&y.a[m], k, j)) < 1e-5);
      }
  prac_arena_free(&a);
}

static void same_bits(const struct math_ntd *x, const struct math_ntd *y)
{
  for (unsigned m = 0; m < MATH_MODES; m++)
    assert_memory_equal(x->a[m].v, y->a[m].v, (size_t)x->a[m].rows * x->a[m].ld * sizeof(double));
  assert_memory_equal(x->core, y->core,
                      sizeof(double) * x->a[0].rank * x->a[1].rank * x->a[2].rank);
  assert_memory_equal(&x->err2, &y->err2, sizeof x->err2);
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
  struct math_ntd_conf c = usual;
  const struct math_par par = {.n = 3, .run = run_backwards};
  struct math_ntd x, y;
  c.max_sweeps = 12;
  x = ntd(&t, c, a);
  assert_int_equal(math_ntd(&t, &c, &par, a, &y), PRAC_OK);
  same_bits(&x, &y);
  y = ntd(&t, c, a);
  same_bits(&x, &y); /* and again */
  prac_arena_free(&a);
}

static void edges(void **s)
{
  (void)s;
  struct prac_arena *a = prac_arena_new(1 << 16);
  struct math_ntd_conf c = usual;
  made.n = 0;
  struct math_tensor none = tensor_of_made(&made, a);
  struct math_ntd r = ntd(&none, c, a);
  assert_true(r.settled && fabs(r.fit - 1) < 1e-12 && r.a[0].rows == 0 && fabs(r.err2) < 1e-12);
  cell_add(&made, 5, 6, 7, 4e9); /* one cell, and a count that fills its 32 bits */
  struct math_tensor one = tensor_of_made(&made, a);
  r = ntd(&one, c, a);
  assert_true(r.a[0].rank == 1 && r.a[1].rank == 1 && r.a[2].rank == 1);
  assert_true(r.fit > 1 - 1e-7 && fabs(r.core[0] - 4e9) < 1);
  made.n = 0; /* all alike */
  for (uint32_t i = 0; i < 4 * 5 * 6; i++) cell_add(&made, i / 30, i / 6 % 5, i % 6, 7);
  struct math_tensor alike = tensor_of_made(&made, a);
  r = ntd(&alike, c, a);
  assert_true(r.fit > 1 - 1e-6);
  for (uint32_t i = 0; i < 60; i++) made.v[i] = 4e9; /* next to small ones */
  struct math_tensor huge = tensor_of_made(&made, a);
  r = ntd(&huge, c, a);
  assert_true(isfinite(r.err2) && isfinite(r.kkt) && r.fit > 0.5 && r.fit <= 1);
  for (uint32_t m = 0; m < 3; m++) {
    c = usual;
    c.rank[m] = 0;
    assert_int_equal(math_ntd(&alike, &c, NULL, a, &r), PRAC_RANGE);
    c.rank[m] = MATH_NTD_RANK_MAX + 1;
    assert_int_equal(math_ntd(&alike, &c, NULL, a, &r), PRAC_RANGE);
  }
  c = usual;
  c.rank[0] = c.rank[1] = c.rank[2] = MATH_NTD_RANK_MAX;
  c.max_sweeps = 20;
  r = ntd(&alike, c, a);
  assert_true(r.a[0].rank == 4 && r.a[1].rank == 5 && r.a[2].rank == 6);
  prac_arena_free(&a);
}

/* Anything at all: no crash, no negative entry, and never worse than nothing. */
static int anything(struct choice *in)
{
  struct prac_arena *a = prac_arena_new(1 << 16);
  made.n = 0;
  for (size_t n = choice_below(in, 40); n > 0; n--)
    cell_add(&made, choice_below(in, 4), choice_below(in, 5), choice_below(in, 3),
             (double)choice_below(in, 1u << choice_below(in, 31)));
  struct math_tensor t = tensor_of_made(&made, a);
  struct math_ntd_conf c = usual;
  for (unsigned m = 0; m < 3; m++) c.rank[m] = 1 + choice_below(in, 4);
  c.max_sweeps = 10;
  c.seed = choice_below(in, 9);
  struct math_ntd r;
  int good = math_ntd(&t, &c, NULL, a, &r) == PRAC_OK && isfinite(r.err2) &&
             r.err2 <= t.norm2 * (1 + 1e-9) && isfinite(r.kkt);
  for (unsigned m = 0; m < 3; m++)
    for (size_t i = 0; i < (size_t)r.a[m].rows * r.a[m].ld; i++)
      good &= r.a[m].v[i] >= 0 && r.a[m].v[i] <= 1;
  prac_arena_free(&a);
  return good;
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("ntd", anything, 13, 400));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(at_a_minimum), cmocka_unit_test(falls),
      cmocka_unit_test(planted),      cmocka_unit_test(core_pairs),
      cmocka_unit_test(edges),        cmocka_unit_test(names_do_not_matter),
      cmocka_unit_test(properties),   cmocka_unit_test(threads_do_not_matter),
  };
  return cmocka_run_group_tests_name("ntd", t, NULL, NULL);
}
