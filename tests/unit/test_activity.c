/* Activity vectors against a dense eigensolver, on graphs with a known answer, and in any order. */
#include "lib/t.h"

#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "lib/choice.h"
#include "math/activity.h"

enum { N = 40 };
struct graph {
  uint32_t n, first[N + 1], col[N * N];
  float v[N * N];
  double dense[N * N];
};
static struct math_csr csr_of(struct graph *g)
{
  uint32_t k = 0;
  for (uint32_t i = 0; i < g->n; i++) {
    g->first[i] = k;
    for (uint32_t j = 0; j < g->n; j++)
      if (g->dense[i * g->n + j] > 0) {
        g->col[k] = j;
        g->v[k++] = (float)g->dense[i * g->n + j];
      }
  }
  g->first[g->n] = k;
  return (struct math_csr){g->n, g->first, g->col, g->v};
}
static void edge(struct graph *g, uint32_t i, uint32_t j, double v)
{
  g->dense[i * g->n + j] = g->dense[j * g->n + i] = (double)(float)v;
}
static struct graph random_graph(struct choice *in)
{
  struct graph g = {.n = 2 + choice_below(in, N - 1)};
  uint32_t edges = choice_below(in, 200);
  for (uint32_t i = 0; i < g.n; i++) edge(&g, i, i, 0.5 + choice_u8(in));
  for (uint32_t k = 0; k < edges; k++)
    edge(&g, choice_below(in, g.n), choice_below(in, g.n), 1 + choice_u8(in));
  return g;
}

/* The largest eigenvalue is LAPACK's, and the vector is one of it. */
static int is_principal(struct choice *in)
{
  static struct graph g;
  double x[N], work[2 * N], all[N * N], w[N];
  struct math_power_info info;
  g = random_graph(in);
  struct math_csr a = csr_of(&g);
  double join = (choice_u8(in) % 3) * 0.5, row = 0, trace = 0;
  math_activity(&a, &(struct math_power){.tol = 1e-13, .max_sweeps = 200000, .join = join}, x, work,
                &info);
  for (uint32_t i = 0; i < g.n; i++) {
    double sum = 0;
    for (uint32_t j = 0; j < g.n; j++) sum += g.dense[i * g.n + j];
    row = sum > row ? sum : row;
    trace += g.dense[i * g.n + i];
  }
  memcpy(all, g.dense, sizeof *all * g.n * g.n);
  for (uint32_t i = 0; i < g.n; i++)
    for (uint32_t j = 0; j < g.n; j++)
      all[i * g.n + j] += join * row / trace * sqrt(g.dense[i * g.n + i] * g.dense[j * g.n + j]);
  memcpy(g.dense, all, sizeof *all * g.n * g.n);
  lapack_int n = (lapack_int)g.n;
  if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'U', n, all, n, w) != 0) return 0;
  double top = w[g.n - 1], residual = 0, length = 0;
  for (uint32_t i = 0; i < g.n; i++) {
    double sum = 0;
    for (uint32_t j = 0; j < g.n; j++) sum += g.dense[i * g.n + j] * x[j];
    residual += (sum - top * x[i]) * (sum - top * x[i]);
    length += x[i] * x[i];
    if (x[i] < 0) return 0;
  }
  return fabs(info.value - top) < 1e-6 * top && sqrt(residual) < 1e-4 * top &&
         fabs(length - 1) < 1e-9;
}
static void against_lapack(void **s)
{
  (void)s;
  assert_true(prop_check("principal vector", is_principal, 21, 300));
}

static void known_graphs(void **s)
{
  (void)s;
  static struct graph g;
  double x[N], work[2 * N];
  struct math_power_info info;
  g = (struct graph){.n = 10}; /* a star without diagonal: bipartite, eigenvalues 3 and -3 */
  for (uint32_t i = 1; i < 10; i++) edge(&g, 0, i, 1);
  struct math_csr a = csr_of(&g);
  math_activity(&a, NULL, x, work, &info);
  assert_true(fabs(info.value - 3) < 1e-6);
  assert_true(fabs(x[0] - sqrt(0.5)) < 1e-6 && fabs(x[9] - sqrt(0.5) / 3) < 1e-6);
  g = (struct graph){.n = 4}; /* two components alike: both at once */
  edge(&g, 0, 1, 2);
  edge(&g, 2, 3, 2);
  a = csr_of(&g);
  math_activity(&a, NULL, x, work, &info);
  for (int i = 0; i < 4; i++) assert_true(fabs(x[i] - 0.5) < 1e-9);
  g = (struct graph){.n = 5}; /* nothing */
  a = csr_of(&g);
  math_activity(&a, NULL, x, work, &info);
  for (int i = 0; i < 5; i++) assert_true(fabs(x[i]) < 1e-300);
  g = (struct graph){.n = 0};
  a = csr_of(&g);
  math_activity(&a, NULL, x, work, &info);
  assert_true(fabs(info.value) < 1e-300);
  g = (struct graph){.n = 1}; /* one huge */
  edge(&g, 0, 0, 1e30);
  a = csr_of(&g);
  math_activity(&a, NULL, x, work, &info);
  assert_true(fabs(x[0] - 1) < 1e-12);
}

static int order_of_ports_is_nothing(struct choice *in)
{
  static struct graph g, h;
  uint32_t to[N];
  double x[N], y[N], work[2 * N];
  g = random_graph(in);
  h = (struct graph){.n = g.n};
  for (uint32_t i = 0; i < g.n; i++) to[i] = i;
  for (uint32_t i = g.n - 1; i > 0; i--) {
    uint32_t j = choice_below(in, i + 1), t = to[i];
    to[i] = to[j];
    to[j] = t;
  }
  for (uint32_t i = 0; i < g.n; i++)
    for (uint32_t j = 0; j < g.n; j++) h.dense[to[i] * g.n + to[j]] = g.dense[i * g.n + j];
  struct math_csr a = csr_of(&g), b = csr_of(&h);
  math_activity(&a, NULL, x, work, NULL);
  math_activity(&b, NULL, y, work, NULL);
  for (uint32_t i = 0; i < g.n; i++)
    if (fabs(x[i] - y[to[i]]) > 1e-7) return 0;
  return 1;
}
static void permutation(void **s)
{
  (void)s;
  assert_true(prop_check("permutation", order_of_ports_is_nothing, 23, 300));
}

/* Of vectors that are one direction with noise, the usual is that direction; against LAPACK's SVD.
 */
static int usual_is_singular(struct choice *in)
{
  enum { W = 24 };
  double u[W * N], copy[W * N], usual[N], work[W * (W + 2)], sv[W], vt[W * W], left[N * W], sup[W];
  uint32_t n = W + choice_below(in, N - W);
  for (uint32_t k = 0; k < W; k++)
    for (uint32_t i = 0; i < n; i++)
      u[k * n + i] = (i % 3 == 0 ? 1.0 : 0.1) + (double)choice_u8(in) / 2000;
  struct math_power_info info;
  math_usual_activity(u, n, W, usual, work, &info);
  for (uint32_t k = 0; k < W; k++)
    for (uint32_t i = 0; i < n; i++) copy[i * W + k] = u[k * n + i];
  if (LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'S', 'S', (lapack_int)n, W, copy, W, sv, left, W, vt, W,
                     sup) != 0)
    return 0;
  double dot = 0;
  for (uint32_t i = 0; i < n; i++) dot += left[i * W] * usual[i];
  return fabs(fabs(dot) - 1) < 1e-9 && fabs(info.value - sv[0]) < 1e-6 * sv[0];
}
static void usual(void **s)
{
  (void)s;
  assert_true(prop_check("usual activity", usual_is_singular, 25, 100));
  double zero[20] = {0}, x[10], work[8];
  math_usual_activity(zero, 10, 2, x, work, NULL);
  for (int i = 0; i < 10; i++) assert_true(fabs(x[i]) < 1e-300);
}

static double rnd(uint64_t *x)
{
  *x = *x * 6364136223846793005u + 1442695040888963407u;
  return (double)((*x >> 11) + 1) / 9007199254740993.0;
}
/* z drawn from a gamma distribution: the share below p is p; then a turn is unlikely, and a graph
 * that never changes raises nothing. */
static void vmf(void **s)
{
  (void)s;
  struct math_vmf m = {0};
  uint64_t seed = 5;
  int below = 0;
  assert_true(fabs(math_vmf_ln_tail(&m, 0.5)) < 1e-300);
  for (int i = 0; i < 20000; i++) {
    double z = -0.01 * (log(rnd(&seed)) + log(rnd(&seed)) + log(rnd(&seed))); /* shape 3 */
    if (i >= 2000) below += math_vmf_ln_tail(&m, z) < log(0.005);
    math_vmf_add(&m, z, 0.005);
  }
  assert_true(below > 45 && below < 180); /* 90 expected of 18000; moments are estimates */
  assert_true(math_vmf_ln_tail(&m, 0.5) < log(1e-9));
  struct math_vmf flat = {0};
  for (int i = 0; i < 100; i++) math_vmf_add(&flat, 0, 0.02);
  assert_true(math_vmf_ln_tail(&flat, 1e-12) > log(0.5) && math_vmf_ln_tail(&flat, 0.1) < -20);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(against_lapack), cmocka_unit_test(known_graphs),
                                 cmocka_unit_test(permutation), cmocka_unit_test(usual),
                                 cmocka_unit_test(vmf)};
  return cmocka_run_group_tests_name("activity", t, NULL, NULL);
}
