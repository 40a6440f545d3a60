/* The graphical lasso against dense algebra that knows none of its tricks: optimality conditions of
 * Theta's inverse, objective by Cholesky, ADMM for small problems, and itself in other clothes. */
#include "lib/t.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/glasso.h"

enum { P_MAX = 160 };

struct problem {
  size_t n, p;
  double *x, *s;
};
static double normal(struct prac_rng *r)
{
  double u = prac_rng_unit(r) + 1e-12, v = prac_rng_unit(r);
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}
static void covariance(struct problem *q)
{
  double *y = malloc(q->n * q->p * sizeof *y);
  assert_non_null(y);
  for (size_t j = 0; j < q->p; j++) {
    double mean = 0;
    for (size_t t = 0; t < q->n; t++) mean += q->x[t * q->p + j] / (double)q->n;
    for (size_t t = 0; t < q->n; t++) y[t * q->p + j] = q->x[t * q->p + j] - mean;
  }
  for (size_t i = 0; i < q->p; i++)
    for (size_t j = 0; j < q->p; j++) {
      double sum = 0;
      for (size_t t = 0; t < q->n; t++) sum += y[t * q->p + i] * y[t * q->p + j];
      q->s[i * q->p + j] = sum / (double)q->n;
    }
  free(y);
}
static void problem_new(struct problem *q, size_t n, size_t p)
{
  *q = (struct problem){n, p, calloc(n * p + 1, sizeof(double)), calloc(p * p + 1, sizeof(double))};
  assert_non_null(q->x);
  assert_non_null(q->s);
}
static void problem_done(struct problem *q)
{
  free(q->x);
  free(q->s);
}
/* Log counts of hosts, some in groups that pulse together: what the engine sees. */
static void dark(struct problem *q, size_t n, size_t p, uint64_t seed, bool few_patterns)
{
  struct prac_rng r = prac_rng_of(seed);
  problem_new(q, n, p);
  for (size_t j = 0; j < p; j++)
    for (size_t t = 0; t < n; t++) {
      double pulse = j % 3 == 0 && (t * 7 + j / 24) % 5 == 0 ? 3 : 0.2;
      double c = floor(pulse * (prac_rng_unit(&r) + (few_patterns ? 0.2 : 0.8 * (double)(j % 4))));
      q->x[t * p + j] = log(c > 0 ? c : 0.1);
    }
  covariance(q);
}
static void gaussian(struct problem *q, size_t n, size_t p, uint64_t seed)
{
  struct prac_rng r = prac_rng_of(seed);
  problem_new(q, n, p);
  for (size_t t = 0; t < n; t++) {
    double common[8];
    for (int g = 0; g < 8; g++) common[g] = normal(&r);
    for (size_t j = 0; j < p; j++) q->x[t * p + j] = 0.6 * common[j % 8] + normal(&r);
  }
  covariance(q);
}

/* ---- the slow truth ---- */

static void dense(const struct math_glasso_theta *t, double *m)
{
  memset(m, 0, t->n * t->n * sizeof *m);
  for (size_t i = 0; i < t->n; i++)
    for (size_t e = t->at[i]; e < t->at[i + 1]; e++) {
      assert_true(e == t->at[i] || t->col[e] > t->col[e - 1]);
      m[i * t->n + t->col[e]] = t->val[e];
    }
}
static double logdet(const double *m, size_t p, double *inverse)
{
  double *l = malloc(p * p * sizeof *l), sum = 0;
  assert_non_null(l);
  memcpy(l, m, p * p * sizeof *l);
  int bad = LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (int)p, l, (int)p);
  assert_int_equal(bad, 0);
  for (size_t i = 0; i < p; i++) sum += 2 * log(l[i * p + i]);
  if (inverse) {
    assert_int_equal(LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'L', (int)p, l, (int)p), 0);
    for (size_t i = 0; i < p; i++)
      for (size_t j = 0; j < p; j++) inverse[i * p + j] = i >= j ? l[i * p + j] : l[j * p + i];
  }
  free(l);
  return sum;
}
static double objective(const double *s, const double *theta, size_t p, double rho)
{
  double f = -logdet(theta, p, NULL);
  for (size_t i = 0; i < p * p; i++) f += s[i] * theta[i] + rho * fabs(theta[i]);
  return f;
}

/* A solution against the conditions, with tolerance tol on W; its objective. */
static double check(const struct problem *q, const struct math_glasso *g, double tol)
{
  size_t p = q->p;
  double *theta = malloc(p * p * sizeof *theta), *w = malloc(p * p * sizeof *w);
  assert_non_null(theta);
  assert_non_null(w);
  assert_true(g->theta.n == p);
  assert_true(g->converged);
  dense(&g->theta, theta);
  (void)logdet(theta, p, w);
  double worst = 0;
  uint64_t edges = 0;
  for (size_t i = 0; i < p; i++)
    for (size_t j = 0; j < p; j++) {
      double t = theta[i * p + j], d = w[i * p + j] - q->s[i * p + j], e;
      assert_true(fabs(t - theta[j * p + i]) <= 1e-12 * fabs(t));
      if (i == j)
        e = fabs(d - g->rho);
      else if (t > 0 || t < 0)
        e = fabs(d - (t > 0 ? g->rho : -g->rho));
      else
        e = fabs(d) > g->rho ? fabs(d) - g->rho : 0;
      if (i < j && (t > 0 || t < 0)) edges++;
      if (e > worst) worst = e;
    }
  if (worst > tol) print_message("conditions: off by %g\n", worst);
  assert_true(worst <= tol);
  assert_true(edges == g->edges);
  double f = objective(q->s, theta, p, g->rho);
  if (isfinite(g->objective)) assert_true(fabs(f - g->objective) < 1e-8 * (1 + fabs(f)));
  free(theta);
  free(w);
  return f;
}

/* Boyd et al. 2011, section 6.5; the objective of its sparse iterate, kept inside the cone. */
static double admm(const double *s, size_t p, double rho)
{
  double *z = calloc(p * p, sizeof *z), *u = calloc(p * p, sizeof *u),
         *m = malloc(p * p * sizeof *m), *x = malloc(p * p * sizeof *x), *l = malloc(p * sizeof *l);
  assert_true(z && u && m && x && l);
  for (int it = 0; it < 600; it++) {
    for (size_t i = 0; i < p * p; i++) m[i] = z[i] - u[i] - s[i];
    assert_int_equal(LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'L', (int)p, m, (int)p, l), 0);
    for (size_t k = 0; k < p; k++) l[k] = (l[k] + sqrt(l[k] * l[k] + 4)) / 2;
    double moved = 0;
    for (size_t i = 0; i < p; i++)
      for (size_t j = 0; j < p; j++) {
        double sum = 0;
        for (size_t k = 0; k < p; k++) sum += m[i * p + k] * l[k] * m[j * p + k];
        x[i * p + j] = sum;
      }
    for (size_t i = 0; i < p * p; i++) {
      double v = x[i] + u[i], to = v > rho ? v - rho : v < -rho ? v + rho : 0;
      moved += fabs(to - z[i]);
      z[i] = to;
      u[i] += x[i] - z[i];
    }
    if (it > 50 && moved < 1e-10) break;
  }
  double f = objective(s, x, p, rho); /* x is inside the cone */
  free(z), free(u), free(m), free(x), free(l);
  return f;
}

static void solve(const struct problem *q, bool given, const double *rho, size_t n_rho, double gap,
                  struct prac_arena *a, struct math_glasso *ret)
{
  struct math_glasso_data d = {given ? NULL : q->x, given ? 0 : q->n, q->p, given ? q->s : NULL};
  struct math_glasso_conf c = {
      .rho = rho, .n_rho = n_rho, .gap = gap, .objective = true, .theta = true, .max_sweeps = 500};
  assert_int_equal(math_glasso_path(&d, &c, a, ret), PRAC_OK);
}
static bool near(double a, double b, double tol)
{
  return fabs(a - b) <= tol;
}

/* ---- */

static void two_variables(void **st)
{
  (void)st;
  /* S = [2 1.5; 1.5 3], rho 0.5: W = [2.5 1; 1 3.5], Theta = W^-1 = [3.5 -1; -1 2.5] / 7.75 */
  double s[] = {2, 1.5, 1.5, 3}, rho = 0.5;
  struct problem q = {0, 2, NULL, s};
  struct prac_arena *a = prac_arena_new(0);
  struct math_glasso g;
  solve(&q, true, &rho, 1, 1e-6, a, &g);
  assert_true(g.edges == 1 && g.components == 1 && g.largest == 2);
  assert_true(near(g.theta.val[0], 3.5 / 7.75, 1e-6));
  assert_true(near(g.theta.val[1], -1 / 7.75, 1e-6));
  double by_hand = log(7.75) + 2;
  assert_true(near(g.objective, by_hand, 1e-6));
  rho = 1.5; /* not above: apart */
  solve(&q, true, &rho, 1, 1e-6, a, &g);
  assert_true(g.edges == 0 && g.components == 2 && g.gap <= 0);
  assert_true(near(g.objective, log(3.5) + log(4.5) + 2, 1e-12));
  prac_arena_free(&a);
}

static void against_admm(void **st)
{
  (void)st;
  static const double rho[] = {0.7, 0.45, 0.25};
  for (int kind = 0; kind < 6; kind++) {
    struct problem q;
    if (kind < 3)
      dark(&q, 12, 20 + 8 * (size_t)kind, 5 + (uint64_t)kind, kind == 2);
    else
      gaussian(&q, kind == 3 ? 5 : 60, 24, 5 + (uint64_t)kind);
    struct prac_arena *a = prac_arena_new(0);
    for (size_t i = 0; i < 3; i++) {
      struct math_glasso g;
      solve(&q, kind % 2, &rho[i], 1, 1e-6, a, &g);
      double f = check(&q, &g, 2e-2), best = admm(q.s, q.p, rho[i]);
      assert_true(g.gap <= 1e-6 * (double)q.p);
      assert_true(f - best <= g.gap + 1e-7 * fabs(f));
      assert_true(best - f <= 1e-4 * fabs(f)); /* ADMM is not better than the optimum */
    }
    prac_arena_free(&a);
    problem_done(&q);
  }
}

/* Each rho's gap is proved: the true one, by the dual point of Theta's own inverse or by a tighter
 * solution, is no larger. */
static void gap_holds(void **st)
{
  (void)st;
  struct problem q;
  dark(&q, 12, P_MAX, 3, false);
  static const double rho[] = {0.9, 0.8, 0.7, 0.6, 0.5, 0.4};
  struct math_glasso loose[6], tight[6];
  struct prac_arena *a = prac_arena_new(0);
  solve(&q, false, rho, 6, 1e-2, a, loose);
  solve(&q, false, rho, 6, 1e-6, a, tight);
  for (int i = 0; i < 6; i++) {
    assert_true(loose[i].converged && tight[i].converged);
    assert_true(loose[i].gap >= 0 && loose[i].gap <= 1e-2 * P_MAX);
    assert_true(loose[i].objective - tight[i].objective <= loose[i].gap + 1e-9);
    assert_true(tight[i].objective - loose[i].objective <= tight[i].gap + 1e-9);
  }
  (void)check(&q, &tight[5], 2e-2);
  prac_arena_free(&a);
  problem_done(&q);
}

/* The path's warm starts end where a cold start ends. */
static void path_and_alone(void **st)
{
  (void)st;
  struct problem q;
  dark(&q, 12, 100, 11, true);
  static const double rho[] = {0.9, 0.6, 0.4, 0.2};
  struct math_glasso path[4], one;
  struct prac_arena *a = prac_arena_new(0);
  solve(&q, false, rho, 4, 1e-6, a, path);
  for (int i = 0; i < 4; i++) {
    solve(&q, false, &rho[i], 1, 1e-6, a, &one);
    assert_true(near(one.objective, path[i].objective, one.gap + path[i].gap + 1e-9));
    assert_true(one.components == path[i].components && one.groups == path[i].groups);
    assert_true(near((double)one.edges, (double)path[i].edges, 0.02 * (double)one.edges + 2));
  }
  prac_arena_free(&a);
  problem_done(&q);
}

/* Equal columns, solved as groups (X) and one by one (S): the same problem, the same optimum. */
static void equal_columns(void **st)
{
  (void)st;
  struct problem base, q;
  dark(&base, 12, 25, 17, false);
  problem_new(&q, 12, 100);
  for (size_t t = 0; t < 12; t++)
    for (size_t j = 0; j < 100; j++) q.x[t * 100 + j] = base.x[t * 25 + (j * j) % 25];
  covariance(&q);
  static const double rho[] = {0.9, 0.4, 0.1};
  struct math_glasso grouped[3], single[3];
  struct prac_arena *a = prac_arena_new(0);
  for (int i = 0; i < 3; i++) {
    solve(&q, false, &rho[i], 1, 1e-6, a, &grouped[i]);
    solve(&q, true, &rho[i], 1, 1e-6, a, &single[i]);
    assert_true(grouped[i].groups <= 25 && single[i].groups == 100);
    assert_true(
        near(grouped[i].objective, single[i].objective, grouped[i].gap + single[i].gap + 1e-8));
    double f = check(&q, &grouped[i], 2e-2);
    assert_true(near(f, grouped[i].objective, 1e-7));
  }
  prac_arena_free(&a);
  problem_done(&q);
  problem_done(&base);
}

static void permuted(void **st)
{
  (void)st;
  struct problem q, r;
  dark(&q, 12, 90, 23, true);
  problem_new(&r, 12, 90);
  for (size_t t = 0; t < 12; t++)
    for (size_t j = 0; j < 90; j++) r.x[t * 90 + (j * 37 + 11) % 90] = q.x[t * 90 + j];
  static const double rho[] = {0.8, 0.4};
  struct math_glasso g[2], h[2];
  struct prac_arena *a = prac_arena_new(0);
  solve(&q, false, rho, 2, 1e-5, a, g);
  solve(&r, false, rho, 2, 1e-5, a, h);
  for (int i = 0; i < 2; i++) {
    assert_memory_equal(&g[i].gap, &h[i].gap, sizeof g[i].gap);
    assert_memory_equal(&g[i].objective, &h[i].objective, sizeof g[i].gap);
    assert_true(g[i].edges == h[i].edges);
  }
  prac_arena_free(&a);
  problem_done(&q);
  problem_done(&r);
}

static void backwards(void *arg, size_t items, void (*item)(void *ctx, size_t i), void *ctx)
{
  *(size_t *)arg += items;
  while (items-- > 0) item(ctx, items);
}
/* Whoever does which component when: the same bits. */
static void any_thread(void **st)
{
  (void)st;
  struct problem q;
  gaussian(&q, 300, 120, 31); /* eight blocks */
  static const double rho[] = {0.5, 0.25, 0.12};
  size_t done = 0;
  struct math_par par = {4, backwards, &done};
  struct math_glasso one[3], many[3];
  struct prac_arena *a = prac_arena_new(0);
  struct math_glasso_data d = {q.x, q.n, q.p, NULL};
  struct math_glasso_conf c = {.rho = rho, .n_rho = 3, .objective = true, .theta = true};
  assert_int_equal(math_glasso_path(&d, &c, a, one), PRAC_OK);
  c.par = &par;
  assert_int_equal(math_glasso_path(&d, &c, a, many), PRAC_OK);
  assert_true(done > 3);
  for (int i = 0; i < 3; i++) {
    assert_memory_equal(&one[i].objective, &many[i].objective, sizeof one[i].objective);
    assert_memory_equal(&one[i].gap, &many[i].gap, sizeof one[i].gap);
  }
  assert_true(one[1].components > 1);
  assert_memory_equal(one[2].theta.val, many[2].theta.val,
                      one[2].theta.at[q.p] * sizeof *one[2].theta.val);
  prac_arena_free(&a);
  problem_done(&q);
}

static void degenerate(void **st)
{
  (void)st;
  struct prac_arena *a = prac_arena_new(0);
  struct math_glasso g;
  double rho = 0.4;
  struct problem q;
  problem_new(&q, 12, 0); /* nobody */
  solve(&q, false, &rho, 1, 0, a, &g);
  assert_true(g.edges == 0 && g.converged && g.gap <= 0);
  problem_done(&q);
  problem_new(&q, 12, 1); /* one host */
  solve(&q, false, &rho, 1, 0, a, &g);
  assert_true(g.edges == 0 && near(g.objective, log(0.4) + 1, 1e-12));
  problem_done(&q);
  problem_new(&q, 12, 50); /* all constant: S = 0 */
  solve(&q, false, &rho, 1, 0, a, &g);
  assert_true(g.edges == 0 && g.groups == 1 && near(g.objective, 50 * (log(0.4) + 1), 1e-9));
  problem_done(&q);
  problem_new(&q, 12, 50); /* all the same burst, of a huge count: one group, all pairs */
  for (size_t j = 0; j < 50; j++) q.x[3 * 50 + j] = log(1e15);
  covariance(&q);
  solve(&q, false, &rho, 1, 1e-6, a, &g);
  assert_true(g.edges == 50 * 49 / 2 && g.groups == 1);
  (void)check(&q, &g, 1e-6);
  problem_done(&q);
  dark(&q, 2, 60, 5, false); /* rank 1 */
  solve(&q, false, &rho, 1, 1e-6, a, &g);
  (void)check(&q, &g, 2e-2);
  problem_done(&q);
  double diagonal[9] = {1, 0, 0, 0, 2, 0, 0, 0, 0};
  q = (struct problem){0, 3, NULL, diagonal};
  solve(&q, true, &rho, 1, 0, a, &g);
  assert_true(g.components == 3 && near(g.objective, log(1.4) + log(2.4) + log(0.4) + 3, 1e-12));
  assert_true(near(g.theta.val[1], 1 / 2.4, 1e-12)); /* not 1 / rho */
  prac_arena_free(&a);
}

static void refused(void **st)
{
  (void)st;
  struct prac_arena *a = prac_arena_new(0);
  struct math_glasso g[2];
  double x[4] = {1, 2, 3, 5}, s[4] = {1, 0, 0, 1}, up[] = {0.4, 0.5}, zero = 0, ok = 0.4;
  struct math_glasso_data d = {x, 2, 2, NULL};
  struct math_glasso_conf c = {.rho = up, .n_rho = 2};
  assert_int_equal(math_glasso_path(&d, &c, a, g), PRAC_RANGE);
  c = (struct math_glasso_conf){.rho = &zero, .n_rho = 1};
  assert_int_equal(math_glasso_path(&d, &c, a, g), PRAC_RANGE);
  c.rho = &ok;
  d.s = s; /* both */
  assert_int_equal(math_glasso_path(&d, &c, a, g), PRAC_RANGE);
  d.s = NULL;
  x[2] = (double)NAN;
  assert_int_equal(math_glasso_path(&d, &c, a, g), PRAC_MALFORMED);
  prac_arena_free(&a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_variables), cmocka_unit_test(against_admm),
      cmocka_unit_test(gap_holds),     cmocka_unit_test(path_and_alone),
      cmocka_unit_test(equal_columns), cmocka_unit_test(permuted),
      cmocka_unit_test(any_thread),    cmocka_unit_test(degenerate),
      cmocka_unit_test(refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
