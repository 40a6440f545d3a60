/* Factorisations are held against the same steps written plainly over dense matrices, against the
 * conditions of a minimum, against structure that was put in, and against inputs without any. */
#include "lib/t.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/nmf.h"

enum { MOST = 20 }; /* components of a test */

struct made {
  uint32_t m, n, k;
  size_t ld;
  double *v, *w, *h; /* dense; w: m x ld, h: n x ld */
  struct math_csr csr;
  struct prac_arena *a;
  struct math_nmf_info info;
};

static double unit(struct prac_rng *r)
{
  return (double)(1 + prac_rng_below(r, 1000)) / 1000;
}

static void sparse(struct made *x)
{
  assert_int_equal(math_csr_of(x->v, x->m, x->n, x->a, &x->csr), PRAC_OK);
  assert_int_equal(math_csr_check(&x->csr), PRAC_OK);
}

static void begin(struct made *x, struct prac_rng *r)
{
  for (size_t i = 0; i < x->m; i++)
    for (size_t k = 0; k < x->k; k++) x->w[i * x->ld + k] = unit(r);
  for (size_t j = 0; j < x->n; j++)
    for (size_t k = 0; k < x->k; k++) x->h[j * x->ld + k] = unit(r);
}

/* One entry in `thin` is not 0. */
static struct made make(uint32_t m, uint32_t n, uint32_t k, uint32_t thin, struct prac_rng *r)
{
  struct made x = {.m = m, .n = n, .k = k, .ld = math_nmf_ld(k), .a = prac_arena_new(1 << 16)};
  x.v = prac_arena_alloc(x.a, (size_t)m * n * sizeof *x.v);
  x.w = prac_arena_alloc(x.a, m * x.ld * sizeof *x.w);
  x.h = prac_arena_alloc(x.a, n * x.ld * sizeof *x.h);
  for (size_t i = 0; i < (size_t)m * n; i++)
    if (prac_rng_below(r, thin) == 0) x.v[i] = (double)(1 + prac_rng_below(r, 9));
  begin(&x, r);
  sparse(&x);
  return x;
}

static void done(struct made *x)
{
  prac_arena_free(&x->a);
}

static prac_rc solve_by(struct made *x, const struct math_nmf_conf *c, const struct math_par *par)
{
  struct math_nmf f = {.n_blocks = 1, .rank = &x->k, .w = x->w, .h = x->h, .info = &x->info};
  return math_nmf(&x->csr, c, &f, par, x->a);
}

static void solve(struct made *x, enum math_nmf_rule rule, uint32_t sweeps)
{
  const struct math_nmf_conf c = {.rule = rule, .max_sweeps = sweeps, .kkt = true};
  assert_int_equal(solve_by(x, &c, NULL), PRAC_OK);
}

/* ---- the same, plainly ---- */

static double wh(const struct made *x, size_t i, size_t j)
{
  double s = 0;
  for (size_t k = 0; k < x->k; k++) s += x->w[i * x->ld + k] * x->h[j * x->ld + k];
  return s;
}

static double half_error(const struct made *x)
{
  double s = 0;
  for (size_t i = 0; i < x->m; i++)
    for (size_t j = 0; j < x->n; j++) s += pow(x->v[i * x->n + j] - wh(x, i, j), 2);
  return s / 2;
}

static double poisson(const struct made *x)
{
  double s = 0;
  for (size_t i = 0; i < x->m; i++)
    for (size_t j = 0; j < x->n; j++) {
      double v = x->v[i * x->n + j], e = wh(x, i, j);
      s += e - v + (v > 0 ? v * log(v / e) : 0);
    }
  return s;
}

/* One factor, the other fixed; `t`: V is read across. */
struct side {
  double *x;
  const double *y;
  size_t rows, cols;
  bool t;
};

static double v_at(const struct made *m, const struct side *s, size_t i, size_t j)
{
  return s->t ? m->v[j * m->n + i] : m->v[i * m->n + j];
}

static double dot(const struct made *m, const double *a, const double *b)
{
  double s = 0;
  for (size_t k = 0; k < m->k; k++) s += a[k] * b[k];
  return s;
}

static void plain_hals(struct made *m, const struct side *s)
{
  for (size_t k = 0; k < m->k; k++)
    for (size_t i = 0; i < s->rows; i++) {
      double *x = s->x + i * m->ld, top = 0, norm = 0;
      for (size_t j = 0; j < s->cols; j++) {
        const double *y = s->y + j * m->ld;
        top += y[k] * (v_at(m, s, i, j) - dot(m, x, y));
        norm += y[k] * y[k];
      }
      if (norm > 0) x[k] = x[k] + top / norm > 0 ? x[k] + top / norm : 0;
    }
}

static void plain_multiply(struct made *m, const struct side *s, bool kl)
{
  for (size_t i = 0; i < s->rows; i++) {
    double *x = s->x + i * m->ld, to[MOST];
    for (size_t k = 0; k < m->k; k++) {
      double top = 0, below = 0;
      for (size_t j = 0; j < s->cols; j++) {
        const double *y = s->y + j * m->ld;
        double v = v_at(m, s, i, j), e = dot(m, x, y);
        top += kl ? (v > 0 ? y[k] * v / e : 0) : y[k] * v;
        below += kl ? y[k] : y[k] * e;
      }
      to[k] = below > 0 ? x[k] * top / below : 0;
    }
    memcpy(x, to, m->k * sizeof *x);
  }
}

static void plain(struct made *m, enum math_nmf_rule rule, uint32_t sweeps)
{
  const struct side s[] = {{m->w, m->h, m->m, m->n, false}, {m->h, m->w, m->n, m->m, true}};
  for (uint32_t i = 0; i < 2 * sweeps; i++) {
    if (rule == MATH_NMF_HALS)
      plain_hals(m, &s[i % 2]);
    else
      plain_multiply(m, &s[i % 2], rule == MATH_NMF_KL);
  }
}

static void near(double a, double b, double rel)
{
  double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
  if (!(fabs(a - b) <= rel * size + 1e-12)) fail_msg("%.17g is not %.17g", a, b);
}

static void near_all(const double *a, const double *b, size_t n, double rel)
{
  double size = 0;
  for (size_t i = 0; i < n; i++) size = fmax(size, fabs(b[i]));
  for (size_t i = 0; i < n; i++)
    if (!(fabs(a[i] - b[i]) <= rel * size)) fail_msg("%zu: %.17g is not %.17g", i, a[i], b[i]);
}

/* Sizes around the tile of 32 rows, the vector of 4 and the panel of 32. */
static void same_steps_as_written_plainly(void **state)
{
  (void)state;
  static const uint32_t sizes[][3] = {{1, 1, 1},   {3, 2, 2},    {31, 7, 3},
                                      {32, 32, 4}, {33, 5, 5},   {70, 30, 9},
                                      {65, 33, 8}, {128, 3, 16}, {40, 41, 20}};
  struct prac_rng r = prac_rng_of(7);
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++)
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      struct made x = make(sizes[i][0], sizes[i][1], sizes[i][2], 3, &r);
      size_t nw = x.m * x.ld, nh = x.n * x.ld;
      double *w = malloc(nw * sizeof *w), *h = malloc(nh * sizeof *h);
      memcpy(w, x.w, nw * sizeof *w);
      memcpy(h, x.h, nh * sizeof *h);
      solve(&x, (enum math_nmf_rule)rule, 4);
      assert_int_equal(x.info.sweeps, 4);
      struct made y = x;
      y.w = w;
      y.h = h;
      plain(&y, (enum math_nmf_rule)rule, 4);
      near_all(x.w, y.w, nw, 1e-9);
      near_all(x.h, y.h, nh, 1e-9);
      near(x.info.objective, rule == MATH_NMF_KL ? poisson(&y) : half_error(&y), 1e-8);
      free(w);
      free(h);
      done(&x);
    }
}

/* ---- conditions of a minimum ---- */

static double worst_condition(const struct made *m, const struct side *s)
{
  double worst = 0;
  for (size_t i = 0; i < s->rows; i++)
    for (size_t k = 0; k < m->k; k++) {
      const double *x = s->x + i * m->ld;
      double g = 0, curve = 0;
      for (size_t j = 0; j < s->cols; j++) {
        const double *y = s->y + j * m->ld;
        g -= y[k] * (v_at(m, s, i, j) - dot(m, x, y));
        curve += y[k] * y[k];
      }
      if (curve > 0) worst = fmax(worst, fabs(fmin(x[k], g / curve)) * sqrt(curve));
    }
  return worst;
}

static void least_squares_ends_at_a_minimum(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(3);
  for (int again = 0; again < 2; again++) {
    struct made x = make(60, 25, 5, 3, &r);
    const struct math_nmf_conf c = {
        .rule = MATH_NMF_HALS, .again = again, .max_sweeps = 20000, .rel_tol = 1e-15, .kkt = true};
    assert_int_equal(solve_by(&x, &c, NULL), PRAC_OK);
    assert_true(x.info.converged);
    double norm = sqrt(math_csr_square(&x.csr));
    const struct side w = {x.w, x.h, x.m, x.n, false}, h = {x.h, x.w, x.n, x.m, true};
    assert_true(x.info.kkt < 1e-6);
    assert_true(worst_condition(&x, &w) < 1e-6 * norm);
    assert_true(worst_condition(&x, &h) < 1e-6 * norm);
    near(x.info.objective, half_error(&x), 1e-9);
    solve(&x, MATH_NMF_HALS, 0); /* looking changes nothing */
    assert_true(x.info.kkt < 1e-6);
    begin(&x, &r);
    solve(&x, MATH_NMF_HALS, 1);
    assert_true(x.info.kkt > 1e-3); /* and one sweep is not enough */
    done(&x);
  }
}

static void poisson_ends_at_a_minimum(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(4);
  struct made x = make(30, 12, 3, 2, &r);
  solve(&x, MATH_NMF_KL, 1);
  double first = x.info.kkt;
  solve(&x, MATH_NMF_KL, 20000);
  assert_true(x.info.kkt < 1e-3 * first);
  done(&x);
}

static void no_sweep_makes_it_worse(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(5);
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++) {
    struct made x = make(50, 40, 6, 4, &r);
    solve(&x, (enum math_nmf_rule)rule, 0);
    double last = x.info.objective;
    for (int i = 0; i < 60; i++) {
      solve(&x, (enum math_nmf_rule)rule, 1);
      assert_true(x.info.objective <= last * (1 + 1e-12));
      last = x.info.objective;
    }
    done(&x);
  }
}

/* ---- structure ---- */

/* Three groups of rows, each with a burst of its own: rank 3 exactly. */
static void planted_groups_come_back(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(6);
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++) {
    struct made x = make(90, 30, 3, 2, &r);
    for (size_t i = 0; i < x.m; i++)
      for (size_t j = 0; j < x.n; j++)
        x.v[i * x.n + j] = i % 3 == j / 10 ? (double)((1 + i % 7) * (1 + j % 4)) : 0;
    sparse(&x);
    solve(&x, (enum math_nmf_rule)rule, 3000);
    assert_true(x.info.objective < 1e-6 * math_csr_square(&x.csr));
    for (size_t g = 0; g < 3; g++) { /* a row leads to its group's columns only */
      size_t best = 0;
      for (size_t k = 1; k < 3; k++)
        if (x.w[g * x.ld + k] > x.w[g * x.ld + best]) best = k;
      for (size_t i = 0; i < x.m; i++) {
        const double *w = x.w + i * x.ld;
        double all = w[0] + w[1] + w[2];
        assert_true(i % 3 == g ? w[best] > 0.99 * all : w[best] < 0.01 * all);
      }
    }
    done(&x);
  }
}

static void the_shortest_description_has_the_planted_rank(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(8);
  struct made x = make(120, 30, 1, 1, &r);
  for (size_t i = 0; i < x.m; i++)
    for (size_t j = 0; j < x.n; j++) x.v[i * x.n + j] = (i % 4 == j / 8 ? 30 : 0) + unit(&r);
  sparse(&x);
  static const uint32_t rank[] = {1, 2, 3, 4, 5, 6, 7};
  size_t ld = math_nmf_ld(28);
  struct math_nmf_info info[7];
  struct math_nmf f = {.n_blocks = 7, .rank = rank, .info = info};
  f.w = prac_arena_alloc(x.a, x.m * ld * sizeof *f.w);
  f.h = prac_arena_alloc(x.a, x.n * ld * sizeof *f.h);
  const struct math_nmf_conf c = {.rule = MATH_NMF_HALS, .max_sweeps = 500, .rel_tol = 1e-6};
  assert_int_equal(math_nmf_svd(&x.csr, &f, x.a), PRAC_OK);
  assert_int_equal(math_nmf(&x.csr, &c, &f, NULL, x.a), PRAC_OK);
  uint32_t best = 0;
  double len[7];
  for (uint32_t b = 0; b < 7; b++) {
    len[b] = math_nmf_mdl(info[b].objective, rank[b], x.m, x.n);
    if (len[b] < len[best]) best = b;
  }
  assert_int_equal(rank[best], 4);
  done(&x);
}

static void ranks_side_by_side_are_as_alone(void **state)
{
  (void)state;
  static const uint32_t rank[] = {3, 1, 7, 10, 2};
  struct prac_rng r = prac_rng_of(9);
  struct made x = make(77, 30, 20, 4, &r);
  size_t ld = math_nmf_ld(23);
  struct math_nmf_info info[5];
  struct math_nmf f = {.n_blocks = 5, .rank = rank, .info = info};
  f.w = prac_arena_alloc(x.a, x.m * ld * sizeof *f.w);
  f.h = prac_arena_alloc(x.a, x.n * ld * sizeof *f.h);
  for (size_t i = 0; i < x.m * ld; i++) f.w[i] = i % ld < 23 ? unit(&r) : 0;
  for (size_t i = 0; i < x.n * ld; i++) f.h[i] = i % ld < 23 ? unit(&r) : 0;
  struct made alone[5];
  for (size_t b = 0, at = 0; b < 5; at += rank[b++]) {
    alone[b] = make(x.m, x.n, rank[b], 4, &r);
    alone[b].csr = x.csr;
    for (size_t k = 0; k < rank[b]; k++) {
      for (size_t i = 0; i < x.m; i++) alone[b].w[i * alone[b].ld + k] = f.w[i * ld + at + k];
      for (size_t j = 0; j < x.n; j++) alone[b].h[j * alone[b].ld + k] = f.h[j * ld + at + k];
    }
  }
  /* some stop early: the others must not notice */
  const struct math_nmf_conf c = {
      .rule = MATH_NMF_HALS, .max_sweeps = 400, .rel_tol = 1e-4, .kkt = true};
  assert_int_equal(math_nmf(&x.csr, &c, &f, NULL, x.a), PRAC_OK);
  for (size_t b = 0; b < 5; b++) {
    assert_int_equal(solve_by(&alone[b], &c, NULL), PRAC_OK);
    assert_int_equal(info[b].sweeps, alone[b].info.sweeps);
    near(info[b].objective, alone[b].info.objective, 1e-9);
    near(info[b].kkt, alone[b].info.kkt, 1e-5);
    done(&alone[b]);
  }
  done(&x);
}

static void order_of_rows_and_columns_does_not_matter(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(10);
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++) {
    struct made x = make(50, 30, 4, 3, &r), y = make(50, 30, 4, 3, &r);
    for (size_t i = 0; i < x.m; i++) {
      size_t to = (i * 7 + 3) % x.m;
      for (size_t j = 0; j < x.n; j++) y.v[to * y.n + (j * 11 + 5) % y.n] = x.v[i * x.n + j];
      memcpy(y.w + to * y.ld, x.w + i * x.ld, x.ld * sizeof *x.w);
    }
    for (size_t j = 0; j < x.n; j++)
      memcpy(y.h + (j * 11 + 5) % y.n * y.ld, x.h + j * x.ld, x.ld * sizeof *x.h);
    sparse(&y);
    solve(&x, (enum math_nmf_rule)rule, 30);
    solve(&y, (enum math_nmf_rule)rule, 30);
    near(x.info.objective, y.info.objective, 1e-9);
    for (size_t i = 0; i < x.m; i++)
      near_all(y.w + (i * 7 + 3) % y.m * y.ld, x.w + i * x.ld, x.ld, 1e-6);
    done(&x);
    done(&y);
  }
}

/* ---- threads ---- */

/* As bad as threads can be: the pieces come last first. */
static void backwards(void *arg, size_t items, void (*item)(void *ctx, size_t i), void *ctx)
{
  size_t *most = arg;
  if (items > *most) *most = items;
  while (items-- > 0) item(ctx, items);
}

static void threads_leave_no_trace(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(11);
  size_t most = 0;
  const struct math_par par = {.n = 4, .run = backwards, .arg = &most};
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++) {
    struct made x = make(4000, 300, 6, 2, &r);
    size_t nw = x.m * x.ld * sizeof(double), nh = x.n * x.ld * sizeof(double);
    double *w = malloc(nw), *h = malloc(nh);
    memcpy(w, x.w, nw);
    memcpy(h, x.h, nh);
    struct made y = x;
    y.w = w;
    y.h = h;
    const struct math_nmf_conf c = {.rule = (enum math_nmf_rule)rule, .max_sweeps = 3, .kkt = true};
    assert_int_equal(solve_by(&x, &c, NULL), PRAC_OK);
    assert_int_equal(solve_by(&y, &c, &par), PRAC_OK);
    assert_memory_equal(x.w, w, nw);
    assert_memory_equal(x.h, h, nh);
    assert_memory_equal(&x.info.objective, &y.info.objective, sizeof(double));
    assert_memory_equal(&x.info.kkt, &y.info.kkt, sizeof(double));
    free(w);
    free(h);
    done(&x);
  }
  assert_true(most >= 2); /* there were pieces */
}

/* ---- nothing there, too much there ---- */

static void all_finite(const struct made *x)
{
  for (size_t i = 0; i < x->m * x->ld; i++) assert_true(isfinite(x->w[i]) && x->w[i] >= 0);
  for (size_t i = 0; i < x->n * x->ld; i++) assert_true(isfinite(x->h[i]) && x->h[i] >= 0);
  assert_true(isfinite(x->info.objective) && x->info.objective >= 0);
}

static void degenerate_inputs(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(12);
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++) {
    struct made x = make(40, 20, 5, 3, &r); /* nothing */
    memset(x.v, 0, (size_t)x.m * x.n * sizeof *x.v);
    sparse(&x);
    solve(&x, (enum math_nmf_rule)rule, 20);
    all_finite(&x);
    assert_true(x.info.objective < 1e-12);
    begin(&x, &r); /* all the same: rank 1, four patterns too many */
    for (size_t i = 0; i < (size_t)x.m * x.n; i++) x.v[i] = 3;
    sparse(&x);
    solve(&x, (enum math_nmf_rule)rule, 500);
    all_finite(&x);
    assert_true(x.info.objective < 1); /* of 3600: MU is slow */
    begin(&x, &r);                     /* one entry */
    memset(x.v, 0, (size_t)x.m * x.n * sizeof *x.v);
    x.v[33 * x.n + 7] = 1;
    sparse(&x);
    solve(&x, (enum math_nmf_rule)rule, 500);
    all_finite(&x);
    assert_true(x.info.objective < 1e-6);
    memset(x.w, 0, x.m * x.ld * sizeof *x.w); /* no beginning: stays where it is */
    memset(x.h, 0, x.n * x.ld * sizeof *x.h);
    solve(&x, (enum math_nmf_rule)rule, 5);
    all_finite(&x);
    done(&x);
  }
}

static void huge_counts(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(13);
  for (int rule = MATH_NMF_HALS; rule <= MATH_NMF_KL; rule++) {
    struct made x = make(64, 30, 4, 2, &r), y = make(64, 30, 4, 2, &r);
    const double big = 268435456; /* a power of two: the same steps, scaled */
    for (size_t i = 0; i < (size_t)x.m * x.n; i++) y.v[i] = x.v[i] * big;
    memcpy(y.h, x.h, x.n * x.ld * sizeof *x.h);
    for (size_t i = 0; i < x.m * x.ld; i++) y.w[i] = x.w[i] * big;
    sparse(&y);
    solve(&x, (enum math_nmf_rule)rule, 50);
    solve(&y, (enum math_nmf_rule)rule, 50);
    all_finite(&y);
    double scale = rule == MATH_NMF_KL ? big : big * big;
    near(y.info.objective, x.info.objective * scale, 1e-9);
    done(&x);
    done(&y);
  }
}

static void wrong_inputs_are_refused(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(14);
  struct made x = make(10, 6, 3, 1, &r);
  const struct math_nmf_conf c = {.max_sweeps = 1};
  float *val = (float *)(uintptr_t)x.csr.val;
  uint32_t *col = (uint32_t *)(uintptr_t)x.csr.col;
  static const float bad[] = {-1, INFINITY, NAN};
  for (size_t i = 0; i < 3; i++) {
    float was = val[4];
    val[4] = bad[i];
    assert_int_equal(solve_by(&x, &c, NULL), PRAC_MALFORMED);
    val[4] = was;
  }
  uint32_t was = col[4];
  col[4] = 6; /* outside */
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_MALFORMED);
  col[4] = col[3]; /* twice */
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_MALFORMED);
  col[4] = was;
  double w = x.w[5];
  static const double wrong[] = {-1, (double)INFINITY, (double)NAN};
  for (size_t i = 0; i < 3; i++) {
    x.w[5] = wrong[i];
    assert_int_equal(solve_by(&x, &c, NULL), PRAC_MALFORMED);
  }
  x.w[5] = w;
  x.h[3] = 1; /* where no component is */
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_MALFORMED);
  x.h[3] = 0;
  x.k = 0;
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_RANGE);
  x.k = MATH_NMF_MAX + 1;
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_RANGE);
  x.k = 3;
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_OK);
  done(&x);
}

/* Dark-NMF's rule: e, the mean squared error, changes by less than abs_tol in one sweep. */
static void stops_as_told(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(15);
  struct made x = make(60, 30, 4, 3, &r);
  double w[60 * 4], h[30 * 4], last = 0, entries = 60 * 30;
  memcpy(w, x.w, sizeof w);
  memcpy(h, x.h, sizeof h);
  uint32_t want = 0;
  for (want = 1;; want++) {
    solve(&x, MATH_NMF_MU, 1);
    double e = 2 * x.info.objective / entries;
    if (want > 1 && fabs(last - e) < 1e-5) break;
    last = e;
  }
  memcpy(x.w, w, sizeof w);
  memcpy(x.h, h, sizeof h);
  const struct math_nmf_conf c = {.rule = MATH_NMF_MU, .abs_tol = 1e-5, .max_sweeps = 3000};
  assert_int_equal(solve_by(&x, &c, NULL), PRAC_OK);
  assert_true(x.info.converged && want > 5);
  assert_int_equal(x.info.sweeps, want);
  done(&x);
}

/* ---- where Dark-NMF begins ---- */

static void eigenvalues_and_vectors(void **state)
{
  (void)state;
  enum { N = 30 };
  struct prac_rng r = prac_rng_of(16);
  double g[N * N], was[N * N], values[N], u[N * N];
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j <= i; j++) g[i * N + j] = g[j * N + i] = unit(&r) - 0.5;
  memcpy(was, g, sizeof g);
  math_eigen(g, N, values, u);
  for (size_t k = 0; k < N; k++) {
    assert_true(k == 0 || values[k] <= values[k - 1]);
    for (size_t i = 0; i < N; i++) {
      double s = 0, t = 0;
      for (size_t j = 0; j < N; j++) s += was[i * N + j] * u[k * N + j];
      for (size_t j = 0; j < N; j++) t += u[i * N + j] * u[k * N + j];
      assert_true(fabs(s - values[k] * u[k * N + i]) < 1e-12);
      assert_true(fabs(t - (i == k)) < 1e-12);
    }
  }
  double one[4] = {2, 1, 1, 2}, v2[2], u2[4]; /* by hand: 3 and 1 */
  math_eigen(one, 2, v2, u2);
  near(v2[0], 3, 1e-14);
  near(v2[1], 1, 1e-14);
}

static void begins_with_singular_vectors(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(17);
  struct made x = make(40, 12, 5, 2, &r);
  for (size_t i = 0; i < x.m; i++) /* rank 2 */
    for (size_t j = 0; j < x.n; j++)
      x.v[i * x.n + j] = (double)((1 + i % 5) * (1 + j % 3) + (1 + i % 2) * (1 + j % 4));
  sparse(&x);
  struct math_nmf f = {.n_blocks = 1, .rank = &x.k, .w = x.w, .h = x.h, .info = &x.info};
  assert_int_equal(math_nmf_svd(&x.csr, &f, x.a), PRAC_OK);
  for (size_t k = 0; k < 5; k++) {
    double w2 = 0, h2 = 0;
    for (size_t i = 0; i < x.m; i++) w2 += pow(x.w[i * x.ld + k], 2);
    for (size_t j = 0; j < x.n; j++) h2 += pow(x.h[j * x.ld + k], 2);
    near(w2, k < 2, 1e-9);
    near(h2, k < 2, 1e-9);
  }
  /* the first: V h = s w, V' w = s h */
  double s = 0;
  for (size_t j = 0; j < x.n; j++) s += x.v[j] * x.h[j * x.ld];
  s /= x.w[0];
  for (size_t i = 0; i < x.m; i++) {
    double y = 0;
    for (size_t j = 0; j < x.n; j++) y += x.v[i * x.n + j] * x.h[j * x.ld];
    near(y, s * x.w[i * x.ld], 1e-9);
  }
  solve(&x, MATH_NMF_HALS, 200);
  all_finite(&x);
  done(&x);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(same_steps_as_written_plainly),
      cmocka_unit_test(least_squares_ends_at_a_minimum),
      cmocka_unit_test(poisson_ends_at_a_minimum),
      cmocka_unit_test(no_sweep_makes_it_worse),
      cmocka_unit_test(planted_groups_come_back),
      cmocka_unit_test(the_shortest_description_has_the_planted_rank),
      cmocka_unit_test(ranks_side_by_side_are_as_alone),
      cmocka_unit_test(order_of_rows_and_columns_does_not_matter),
      cmocka_unit_test(threads_leave_no_trace),
      cmocka_unit_test(degenerate_inputs),
      cmocka_unit_test(huge_counts),
      cmocka_unit_test(wrong_inputs_are_refused),
      cmocka_unit_test(stops_as_told),
      cmocka_unit_test(eigenvalues_and_vectors),
      cmocka_unit_test(begins_with_singular_vectors),
  };
  return cmocka_run_group_tests_name("nmf", t, NULL, NULL);
}
