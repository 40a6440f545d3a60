/* Closing up and folding against sums over a dense array. */
#include "lib/t.h"

#include <stdbool.h>

#include "lib/cells.h"
#include "lib/choice.h"

static struct made_cells made, other;

static bool same_tensor(const struct math_tensor *a, const struct math_tensor *b)
{
  if (a->n != b->n || memcmp(a->dim, b->dim, sizeof a->dim) != 0) return false;
  for (unsigned m = 0; m < MATH_MODES; m++) {
    const struct math_order *x = &a->order[m], *y = &b->order[m];
    if (memcmp(a->name[m], b->name[m], a->dim[m] * sizeof(uint32_t)) != 0) return false;
    if (x->n_fibres != y->n_fibres || x->outer != y->outer) return false;
    if (memcmp(x->inner_at, y->inner_at, a->n * sizeof(uint32_t)) != 0) return false;
    for (uint32_t i = 0; i < a->n; i++)
      if (fabs(x->v[i] - y->v[i]) > 1e-9) return false; /* doubles are added in another order */
  }
  return true;
}

/* What the cells are, by their names, added up one by one. */
static double sum_at(const struct made_cells *c, uint32_t i, uint32_t j, uint32_t k)
{
  double sum = 0;
  for (size_t n = 0; n < c->n; n++)
    if (c->at[0][n] == i && c->at[1][n] == j && c->at[2][n] == k) sum += c->v[n];
  return sum;
}

static int closed_up(struct choice *in)
{
  static const uint32_t names[] = {0, 1, 7, 65535, 65536, 1u << 31, UINT32_MAX};
  struct prac_arena *a = prac_arena_new(1 << 16);
  int good = 1;
  made.n = 0;
  for (size_t n = choice_below(in, 60); n > 0; n--)
    cell_add(&made, names[choice_below(in, 7)], names[choice_below(in, 7)],
             names[choice_below(in, 7)], (double)choice_below(in, 4));
  struct math_tensor t = tensor_of_made(&made, a);
  double *d = dense_of(&t), norm2 = 0, largest = 0, all = 0, want = 0;
  for (uint32_t i = 0; i < t.dim[0]; i++)
    for (uint32_t j = 0; j < t.dim[1]; j++)
      for (uint32_t k = 0; k < t.dim[2]; k++) {
        double x = d[((size_t)i * t.dim[1] + j) * t.dim[2] + k];
        good &= fabs(x - sum_at(&made, t.name[0][i], t.name[1][j], t.name[2][k])) < 1e-12;
        norm2 += x * x;
        largest = fmax(largest, x);
        all += x;
      }
  for (size_t n = 0; n < made.n; n++) want += made.v[n];
  good &= fabs(all - want) < 1e-9 && fabs(t.norm2 - norm2) < 1e-9;
  good &= fabs(t.largest - largest) < 1e-9;
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (uint32_t i = 1; i < t.dim[m]; i++) good &= t.name[m][i] > t.name[m][i - 1];
  free(d);
  prac_arena_free(&a);
  return good;
}

static void fill(struct math_factor *f, struct prac_rng *r)
{
  for (size_t i = 0; i < f->rows; i++)
    for (size_t j = 0; j < f->rank; j++) f->v[i * f->ld + j] = prac_rng_unit(r);
}

/* One entry of a fold, from the dense array. */
static double fold_at(const struct math_tensor *t, const double *d, const struct math_factor *f,
                      unsigned mode, const uint32_t who[3])
{
  double sum = 0;
  uint32_t at[MATH_MODES];
  const struct math_order *o = &t->order[mode];
  for (at[0] = 0; at[0] < t->dim[0]; at[0]++)
    for (at[1] = 0; at[1] < t->dim[1]; at[1]++)
      for (at[2] = 0; at[2] < t->dim[2]; at[2]++)
        if (at[mode] == who[0])
          sum += d[((size_t)at[0] * t->dim[1] + at[1]) * t->dim[2] + at[2]] *
                 factor_at(&f[o->outer], at[o->outer], who[1]) *
                 factor_at(&f[o->inner], at[o->inner], who[2]);
  return sum;
}

static void fold_is_a_sum(const struct math_tensor *t, const double *d, const struct math_factor *f,
                          enum math_fold how, struct prac_arena *a)
{
  for (unsigned mode = 0; mode < MATH_MODES; mode++) {
    const struct math_order *o = &t->order[mode];
    double *out = prac_arena_alloc(a, (math_tensor_fold_work(t, mode, how, f) + 1) * 8);
    math_tensor_fold(t, mode, how, f, out, NULL);
    size_t ld = f[o->inner].ld, width = how == MATH_FOLD_OUTER ? f[o->outer].rank * ld : ld;
    for (uint32_t row = 0; row < t->dim[mode]; row++)
      for (uint32_t p = 0; p < (how == MATH_FOLD_OUTER ? f[o->outer].rank : 1); p++)
        for (uint32_t q = 0; q < f[o->inner].rank; q++) {
          uint32_t who[] = {row, how == MATH_FOLD_OUTER ? p : q, q};
          double want = fold_at(t, d, f, mode, who);
          assert_true(fabs(out[row * width + p * ld + q] - want) < 1e-9 * (1 + want));
        }
  }
}

static void folds(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(3);
  for (uint32_t round = 0; round < 12; round++) {
    struct prac_arena *a = prac_arena_new(1 << 16);
    struct math_factor f[MATH_MODES];
    made.n = 0;
    for (int n = 0; n < 200; n++)
      cell_add(&made, (uint32_t)prac_rng_below(&r, 4), (uint32_t)prac_rng_below(&r, 9),
               (uint32_t)prac_rng_below(&r, 7), 1 + (double)prac_rng_below(&r, 50));
    struct math_tensor t = tensor_of_made(&made, a);
    double *d = dense_of(&t);
    for (unsigned m = 0; m < MATH_MODES; m++) {
      assert_int_equal(math_factor_new(t.dim[m], 1 + (round + m) % 6, a, &f[m]), PRAC_OK);
      fill(&f[m], &r);
    }
    fold_is_a_sum(&t, d, f, MATH_FOLD_OUTER, a);
    for (unsigned m = 0; m < MATH_MODES; m++) {
      assert_int_equal(math_factor_new(t.dim[m], 1 + round % 9, a, &f[m]), PRAC_OK);
      fill(&f[m], &r);
    }
    fold_is_a_sum(&t, d, f, MATH_FOLD_TIMES, a);
    free(d);
    prac_arena_free(&a);
  }
}

static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("closed up", closed_up, 11, 2000));
}

/* Many cells in one row, so that several blocks share it; and any order of the cells. */
static void blocks(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(4);
  struct prac_arena *a = prac_arena_new(1 << 20);
  made.n = 0;
  for (int n = 0; n < 30000; n++)
    cell_add(&made, (uint32_t)(prac_rng_below(&r, 10) ? 3 : prac_rng_below(&r, 30)),
             (uint32_t)prac_rng_below(&r, 3000), (uint32_t)prac_rng_below(&r, 200), 1);
  struct math_tensor t = tensor_of_made(&made, a), u;
  assert_true(t.order[0].n_blocks > 4);
  other = made;
  cells_shuffle(&other, &r);
  u = tensor_of_made(&other, a);
  assert_true(same_tensor(&t, &u));
  struct math_factor f[MATH_MODES];
  for (unsigned m = 0; m < MATH_MODES; m++) {
    assert_int_equal(math_factor_new(t.dim[m], 5, a, &f[m]), PRAC_OK);
    fill(&f[m], &r);
  }
  const struct math_par par = {.n = 4, .run = run_backwards};
  for (unsigned m = 0; m < MATH_MODES; m++) {
    size_t n = math_tensor_fold_out(&t, m, MATH_FOLD_OUTER, f);
    size_t w = math_tensor_fold_work(&t, m, MATH_FOLD_OUTER, f);
    double *one = calloc(w, sizeof *one), *two = calloc(w, sizeof *two), sum = 0, want = 0;
    math_tensor_fold(&t, m, MATH_FOLD_OUTER, f, one, NULL);
    math_tensor_fold(&t, m, MATH_FOLD_OUTER, f, two, &par);
    assert_memory_equal(one, two, n * sizeof *one);
    for (size_t i = 0; i < n; i++) sum += one[i];
    const struct math_order *o = &t.order[m];
    for (uint32_t k = 0; k < o->n_fibres; k++)
      for (uint32_t i = o->begin[k]; i < o->begin[k + 1]; i++) {
        double p = 0, q = 0;
        for (size_t j = 0; j < 5; j++) p += factor_at(&f[o->outer], o->outer_at[k], j);
        for (size_t j = 0; j < 5; j++) q += factor_at(&f[o->inner], o->inner_at[i], j);
        want += o->v[i] * p * q;
      }
    assert_true(fabs(sum - want) < 1e-9 * want);
    free(one);
    free(two);
  }
  prac_arena_free(&a);
}

static void hostile(void **s)
{
  (void)s;
  static const double bad[] = {-1, (double)NAN, (double)INFINITY, (double)-INFINITY, 1e200};
  struct prac_arena *a = prac_arena_new(1 << 16);
  struct math_tensor t;
  struct math_factor f;
  for (size_t i = 0; i < 5; i++) {
    uint32_t at[] = {0, 1};
    double v[] = {1, bad[i]};
    const struct math_cells in = {{at, at, at}, v, 2};
    assert_int_equal(math_tensor_of(&in, a, &t), PRAC_MALFORMED);
  }
  const struct math_cells none = {.n = 0};
  assert_int_equal(math_tensor_of(&none, a, &t), PRAC_OK);
  assert_true(t.n == 0 && t.dim[0] == 0 && t.dim[1] == 0 && t.dim[2] == 0);
  uint32_t at[] = {9};
  double zero[] = {0};
  const struct math_cells empty = {{at, at, at}, zero, 1};
  assert_int_equal(math_tensor_of(&empty, a, &t), PRAC_OK);
  assert_int_equal(t.n, 0);
  assert_int_equal(math_factor_new(3, 0, a, &f), PRAC_RANGE);
  assert_int_equal(math_factor_new(3, MATH_TENSOR_RANK_MAX + 1, a, &f), PRAC_RANGE);
  prac_arena_free(&a);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(properties), cmocka_unit_test(folds),
                                 cmocka_unit_test(blocks), cmocka_unit_test(hostile)};
  return cmocka_run_group_tests_name("tensor_cells", t, NULL, NULL);
}
