/* Is Theta definite: the sparse factor against dense algebra, on patterns that make it take out no
 * column, some, and all. */
#include "lib/t.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/glasso_int.h"

enum { MOST = 400 };
struct made {
  struct gl_comp c;
  struct gl_work w;
  double *dense; /* k x k */
};
static void *room(size_t n)
{
  void *p = calloc(n + 1, 1);
  assert_non_null(p);
  return p;
}
static void made_new(struct made *m, uint32_t k)
{
  *m = (struct made){.c = {.k = k, .ld = gl_row(k)}, .dense = room(k * k * sizeof(double))};
  struct gl_pool *l = &m->c.pool[1], *sol = &m->c.sol;
  size_t cap = (size_t)k * (k < 256 ? k : 256);
  m->c.spare = room(k * m->c.ld * sizeof(gl_w));
  m->c.q_diag = room(k * sizeof(double));
  m->c.turned = room(k * sizeof(struct gl_list));
  m->c.theta = room(k * sizeof(struct gl_list));
  *l = (struct gl_pool){.ix = room(cap * 4), .val = room(cap * 8), .cap = cap};
  *sol = (struct gl_pool){.ix = room((size_t)k * k * 4), .val = room((size_t)k * k * 8)};
  m->w.a = room(k * 4), m->w.on = room(k * 4), m->w.head = room(k * 4), m->w.degree = room(k * 4);
  m->w.v = room(m->c.ld * sizeof(double));
  m->w.bits = room((size_t)k * ((k + 63) / 64) * 8);
  m->w.of = room(gl_first_room(k) * 4), m->w.next = room(gl_first_room(k) * 4);
}
static void made_free(struct made *m)
{
  void *all[] = {m->dense,    m->c.spare,   m->c.q_diag,     m->c.turned,      m->c.theta,
                 m->c.sol.ix, m->c.sol.val, m->c.pool[1].ix, m->c.pool[1].val, m->w.a,
                 m->w.on,     m->w.head,    m->w.degree,     m->w.v,           m->w.bits,
                 m->w.of,     m->w.next};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(all); i++) free(all[i]);
}
static void put(struct made *m, uint32_t i, uint32_t j, double v)
{
  m->dense[i * m->c.k + j] = m->dense[j * m->c.k + i] = v;
}
static void lists(struct made *m)
{
  uint32_t k = m->c.k;
  m->c.sol.used = 0;
  for (uint32_t j = 0; j < k; j++) {
    m->c.q_diag[j] = m->dense[j * k + j];
    m->c.theta[j] = (struct gl_list){m->c.sol.used, 0};
    for (uint32_t i = 0; i < k; i++) {
      double v = m->dense[i * k + j];
      if (i == j || (!(v < 0) && !(v > 0))) continue;
      m->c.sol.ix[m->c.sol.used] = i;
      m->c.sol.val[m->c.sol.used++] = v;
      m->c.theta[j].n++;
    }
  }
}
/* NaN when not definite */
static double dense_logdet(const struct made *m)
{
  size_t k = m->c.k;
  double *a = room(k * k * sizeof *a), sum = 0;
  memcpy(a, m->dense, k * k * sizeof *a);
  bool ok = LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (int)k, a, (int)k) == 0;
  for (size_t i = 0; ok && i < k; i++) sum += 2 * log(a[i * k + i]);
  free(a);
  return ok ? sum : (double)NAN;
}
static void compare(struct made *m)
{
  lists(m);
  double truth = dense_logdet(m), got = gl_logdet(&m->c, &m->w, 0);
  if (isnan(truth))
    assert_true(isnan(got));
  else
    assert_true(fabs(got - truth) <= 1e-9 * (1 + fabs(truth)));
}

enum { NOTHING, CHAIN, STAR, DENSE, BLOCKS, RANDOM, PATTERNS };
static bool in_pattern(int p, uint32_t i, uint32_t j, struct prac_rng *r)
{
  switch (p) {
  case CHAIN:
    return i == j + 1;
  case STAR:
    return j == 0;
  case DENSE:
    return true;
  case BLOCKS:
    return i / 150 == j / 150 || prac_rng_unit(r) < 0.01;
  case RANDOM:
    return prac_rng_unit(r) < 0.03;
  default:
    return false;
  }
}
/* near: how much of the diagonal the rest of a row takes; above 1 it may be indefinite. */
static void fill(struct made *m, int p, double near, struct prac_rng *r)
{
  uint32_t k = m->c.k;
  memset(m->dense, 0, (size_t)k * k * sizeof *m->dense);
  for (uint32_t i = 0; i < k; i++)
    for (uint32_t j = 0; j < i; j++)
      if (in_pattern(p, i, j, r)) put(m, i, j, prac_rng_unit(r) - 0.6);
  for (uint32_t i = 0; i < k; i++) {
    double sum = 0.01;
    for (uint32_t j = 0; j < k; j++) sum += i == j ? 0 : fabs(m->dense[i * k + j]);
    m->dense[i * k + i] = sum / near;
  }
}

static void factor_is_the_dense_one(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(20261126);
  const uint32_t sizes[] = {1, 2, 3, 7, 64, 65, 200, MOST};
  size_t not_definite = 0;
  for (size_t z = 0; z < PRAC_ARRAY_LEN(sizes); z++) {
    struct made m;
    made_new(&m, sizes[z]);
    for (int p = 0; p < PATTERNS; p++)
      for (double near = 0.5; near < 3; near += 0.4) {
        fill(&m, p, near, &r);
        compare(&m);
        if (isnan(gl_logdet(&m.c, &m.w, 0))) not_definite++;
      }
    made_free(&m);
  }
  assert_true(not_definite > 20);
}
/* What is taken off the diagonal counts: a matrix that is just definite is not any more. */
static void shift_is_taken_off(void **s)
{
  (void)s;
  struct made m;
  made_new(&m, 3);
  for (uint32_t i = 0; i < 3; i++) put(&m, i, i, 1);
  put(&m, 0, 1, 1 - 1e-6);
  lists(&m);
  assert_true(isfinite(gl_logdet(&m.c, &m.w, 0.9e-6)));
  assert_true(isnan(gl_logdet(&m.c, &m.w, 1.1e-6)));
  made_free(&m);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(factor_is_the_dense_one),
                                 cmocka_unit_test(shift_is_taken_off)};
  return cmocka_run_group_tests_name("glasso_definite", t, NULL, NULL);
}
