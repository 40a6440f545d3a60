/* The Poisson likelihood by multiplicative steps. Only entries of V that are not 0 need W H; the
 * rest of it enters through the sums of the columns. What a row of W gives to H is added up while
 * the row is in hand, as in the least squares sweep, and the objective of the state before a sweep
 * comes from the same reading. */
#include "math/nmf_int.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { PATIENCE = 5 };
static const double UNREACHED =
    1e-12; /* W H where V is not 0 but no pattern reaches, for the log */

struct kl {
  struct nmf_job *j;
  double *sum_h, *sum_w; /* of each component */
  double *of_col;        /* sums of V's columns; only when looking */
  double objective;      /* of the state before the sweep */
};

MATH_CLONES static double dot(const double *a, const double *b, size_t ld)
{
  math_v4 s = {0};
  for (size_t k = 0; k < ld; k += MATH_LANES) s += MATH_READ(a + k) * MATH_READ(b + k);
  return MATH_V4_SUM(s);
}

MATH_CLONES static void add(double *to, double x, const double *from, size_t ld)
{
  math_v4 f = {x, x, x, x};
  for (size_t k = 0; k < ld; k += MATH_LANES) MATH_AT(to + k) += f * MATH_READ(from + k);
}

/* sum over the row of V / WH times H; returns the row's part of sum V ln(V / WH) - V */
static double row_sums(const struct nmf_job *j, uint32_t i, const double *w, double *num)
{
  const struct math_csr *v = j->v;
  double objective = 0;
  memset(num, 0, j->ld * sizeof *num);
  for (uint64_t p = v->row[i]; p < v->row[i + 1]; p++) {
    const double *h = j->h + v->col[p] * j->ld;
    double x = (double)v->val[p], wh = dot(w, h, j->ld);
    if (!(x > 0)) continue;
    objective += x * log(x / (wh > UNREACHED ? wh : UNREACHED)) - x;
    if (wh > DBL_MIN) add(num, x / wh, h, j->ld);
  }
  return objective;
}

static double larger(double a, double b)
{
  return a > b ? a : b;
}

/* The steps left: min(share of x, 1 - num / sum). */
static double left_of(const double *x, const double *num, const double *sum, double whole,
                      size_t ranks)
{
  double most = 0;
  for (size_t k = 0; k < ranks; k++) {
    if (!(sum[k] > 0)) continue;
    double share = whole > 0 ? x[k] * sum[k] / whole : x[k] * sum[k], g = 1 - num[k] / sum[k];
    most = larger(most, fabs(share < g ? share : g));
  }
  return most;
}

static void step(double *x, const double *num, const double *sum, size_t ld)
{
  for (size_t k = 0; k < ld; k++) x[k] = sum[k] > 0 ? x[k] * (num[k] / sum[k]) : 0;
}

static void w_part(void *ctx, size_t i)
{
  const struct kl *k = ctx;
  struct nmf_job *j = k->j;
  struct nmf_part *p = &j->part[i];
  const struct math_csr *v = j->v;
  memset(p->c, 0, (size_t)v->cols * j->ld * sizeof(double));
  memset(p->cross, 0, j->ld * sizeof(double));
  p->kkt[0] = p->kkt[1] = 0; /* what is left; the objective */
  for (uint32_t r = j->cut[i]; r < j->cut[i + 1]; r++) {
    double *w = j->f->w + r * j->ld, whole = 0;
    p->kkt[1] += row_sums(j, r, w, p->rows);
    for (uint64_t e = v->row[r]; j->look && e < v->row[r + 1]; e++) whole += (double)v->val[e];
    if (j->look)
      p->kkt[0] = larger(p->kkt[0], left_of(w, p->rows, k->sum_h, whole, j->f->rank[0]));
    else
      step(w, p->rows, k->sum_h, j->ld);
    for (uint64_t e = v->row[r]; e < v->row[r + 1]; e++) {
      double wh = dot(w, j->h + v->col[e] * j->ld, j->ld);
      if (wh > DBL_MIN) add(p->c + v->col[e] * j->ld, (double)v->val[e] / wh, w, j->ld);
    }
    add(p->cross, 1, w, j->ld);
  }
}

static void sum_of_h(struct kl *k)
{
  memset(k->sum_h, 0, k->j->ld * sizeof(double));
  for (size_t c = 0; c < k->j->v->cols; c++) add(k->sum_h, 1, k->j->h + c * k->j->ld, k->j->ld);
}

static double sweep(struct kl *k)
{
  struct nmf_job *j = k->j;
  double left = 0, whole;
  math_par_run(j->par, j->n_parts, w_part, k);
  memset(k->sum_w, 0, j->ld * sizeof(double));
  k->objective = 0;
  for (uint32_t p = 0; p < j->n_parts; p++) {
    add(k->sum_w, 1, j->part[p].cross, j->ld);
    k->objective += j->part[p].kkt[1];
    left = larger(left, j->part[p].kkt[0]);
  }
  for (size_t c = 0; c < j->v->cols; c++) {
    double *num = j->part[0].c + c * j->ld, *h = j->h + c * j->ld;
    for (uint32_t p = 1; p < j->n_parts; p++) add(num, 1, j->part[p].c + c * j->ld, j->ld);
    whole = k->of_col ? k->of_col[c] : 0;
    if (j->look)
      left = larger(left, left_of(h, num, k->sum_w, whole, j->f->rank[0]));
    else
      step(h, num, k->sum_w, j->ld);
  }
  return left;
}

/* The sums of V's columns, and what is left; the objective of where it stands. */
static prac_rc look(struct kl *k, struct prac_arena *arena)
{
  const struct math_csr *v = k->j->v;
  k->of_col = math_nmf_alloc(arena, v->cols + (size_t)1);
  if (!k->of_col) return PRAC_NOMEM;
  for (uint64_t p = 0; p < v->row[v->rows]; p++) k->of_col[v->col[p]] += (double)v->val[p];
  k->j->look = true;
  sum_of_h(k);
  k->j->f->info[0].kkt = sweep(k);
  k->j->f->info[0].objective = k->objective + dot(k->sum_w, k->sum_h, k->j->ld);
  return PRAC_OK;
}

/* now, last: objectives before this sweep and before the one before; mark: five sweeps ago. */
static bool has_converged(const struct nmf_job *j, uint32_t sweeps, double now, double last,
                          double mark)
{
  double entries = (double)j->v->rows * j->v->cols;
  if (sweeps < 2) return false;
  if (j->conf->abs_tol > 0 && fabs(last - now) < j->conf->abs_tol * entries) return true;
  return j->conf->rel_tol > 0 && sweeps % PATIENCE == 1 && mark - now <= j->conf->rel_tol * now;
}

prac_rc math_nmf_kl(struct nmf_job *j, struct prac_arena *arena)
{
  struct math_nmf_info *info = &j->f->info[0];
  struct kl k = {.j = j};
  double last = 0, mark = 0;
  if (j->f->n_blocks != 1) return PRAC_UNSUPPORTED;
  k.sum_h = math_nmf_alloc(arena, 2 * j->ld);
  if (!k.sum_h) return PRAC_NOMEM;
  k.sum_w = k.sum_h + j->ld;
  memcpy(j->h, j->f->h, (size_t)j->v->cols * j->ld * sizeof *j->h);
  double *was = math_nmf_alloc(arena, j->ld); /* sums of W before the sweep */
  if (!was) return PRAC_NOMEM;
  for (uint32_t i = 0; i < j->conf->max_sweeps && !info->converged; i++) {
    memcpy(was, k.sum_w, j->ld * sizeof *was);
    sum_of_h(&k);
    (void)sweep(&k);
    info->sweeps++;
    double now = k.objective + dot(was, k.sum_h, j->ld); /* one sweep ago */
    info->converged = i > 0 && has_converged(j, i, now, last, mark);
    if (i % PATIENCE == 1) mark = now;
    last = now;
  }
  PRAC_TRY(look(&k, arena));
  memcpy(j->f->h, j->h, (size_t)j->v->cols * j->ld * sizeof *j->h);
  return PRAC_OK;
}
