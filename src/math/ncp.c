/* The sweeps of the canonical decomposition. The last mode's fold gives <X, X^> for nothing. */
#include "math/ncp.h"

#include <math.h>
#include <string.h>

#include "math/tensor_start.h"

enum { GRAM = MATH_TENSOR_RANK_MAX * MATH_TENSOR_RANK_MAX, ROUNDS = 3 };

struct ncp {
  const struct math_tensor *x;
  const struct math_par *par;
  struct math_factor a[MATH_MODES];
  double gram[MATH_MODES][GRAM];
  double *m;
  double err2;
};

static void normal_equations(struct ncp *s, unsigned mode, double gram[GRAM])
{
  const double *x = s->gram[(mode + 1) % MATH_MODES], *y = s->gram[(mode + 2) % MATH_MODES];
  for (size_t k = 0; k < (size_t)s->a[mode].rank * s->a[mode].ld; k++) gram[k] = x[k] * y[k];
  math_tensor_fold(s->x, mode, MATH_FOLD_TIMES, s->a, s->m, s->par);
}

/* Columns to length 1; the last mode's keep theirs until the end, in it are the weights. */
static double length(struct math_factor *f, uint32_t j, double to)
{
  double norm2 = 0;
  for (size_t i = 0; i < f->rows; i++) norm2 += f->v[i * f->ld + j] * f->v[i * f->ld + j];
  double norm = sqrt(norm2), by = norm > 0 ? to / norm : 0;
  for (size_t i = 0; i < f->rows; i++) f->v[i * f->ld + j] *= by;
  return norm;
}

static void even_out(struct ncp *s)
{
  for (uint32_t j = 0; j < s->a[0].rank; j++) {
    double w = 1;
    for (unsigned m = 0; m < MATH_MODES; m++) w *= length(&s->a[m], j, 1);
    (void)length(&s->a[MATH_MODES - 1], j, w);
  }
  for (unsigned m = 0; m < MATH_MODES; m++) math_factor_gram(&s->a[m], s->gram[m]);
}

static void sweep(struct ncp *s)
{
  double gram[GRAM], cross = 0, norm2 = 0;
  for (unsigned mode = 0; mode < MATH_MODES; mode++) {
    normal_equations(s, mode, gram);
    math_factor_hals(&s->a[mode], s->m, gram, ROUNDS, s->par);
    math_factor_gram(&s->a[mode], s->gram[mode]);
  }
  const struct math_factor *f = &s->a[MATH_MODES - 1];
  for (size_t k = 0; k < (size_t)f->rows * f->ld; k++) cross += f->v[k] * s->m[k];
  for (size_t k = 0; k < (size_t)f->rank * f->ld; k++)
    norm2 += gram[k] * s->gram[MATH_MODES - 1][k];
  s->err2 = fmax(0, s->x->norm2 - 2 * cross + norm2);
}

static bool descend(struct ncp *s, uint32_t n, double tol, uint32_t *sweeps)
{
  for (; *sweeps < n; ++*sweeps) {
    double before = s->err2;
    sweep(s);
    if (before - s->err2 <= tol * s->x->norm2) {
      ++*sweeps;
      return true;
    }
    even_out(s);
  }
  return false;
}

static void start(struct ncp *s, struct tensor_start *w, struct prac_rng *r)
{
  tensor_start_begin(w, s->x);
  for (uint32_t k = 0; k < s->a[0].rank; k++) {
    double weight = tensor_start_term(w, r, s->par);
    tensor_start_put(w, s->a, k);
    (void)length(&s->a[MATH_MODES - 1], k, weight);
  }
  even_out(s);
  s->err2 = (double)INFINITY;
}

static double fit_of(const struct ncp *s)
{
  return s->x->norm2 > 0 ? 1 - sqrt(s->err2 / s->x->norm2) : 1;
}

/* Each mode with columns of length 1 in the other two and the weights in itself. */
static double kkt(struct ncp *s, const double *weight)
{
  double gram[GRAM], worst = 0, top = 0;
  unsigned last = MATH_MODES - 1;
  for (uint32_t j = 0; j < s->a[0].rank; j++) top = fmax(top, weight[j]);
  for (unsigned mode = 0; mode < MATH_MODES; mode++) {
    for (uint32_t j = 0; j < s->a[0].rank; j++) {
      (void)length(&s->a[last], j, 1);
      (void)length(&s->a[mode], j, weight[j]);
    }
    for (unsigned m = 0; m < MATH_MODES; m++) math_factor_gram(&s->a[m], s->gram[m]);
    normal_equations(s, mode, gram);
    worst = fmax(worst, math_factor_kkt(&s->a[mode], s->m, gram));
    last = mode;
  }
  for (uint32_t j = 0; j < s->a[0].rank; j++) (void)length(&s->a[last], j, 1);
  return top > 0 ? worst / top : 0;
}

static void swap_columns(struct ncp *s, double *weight, uint32_t i, uint32_t j)
{
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (size_t k = 0; k < s->a[m].rows; k++) {
      double *row = s->a[m].v + k * s->a[m].ld, t = row[i];
      row[i] = row[j];
      row[j] = t;
    }
  double t = weight[i];
  weight[i] = weight[j];
  weight[j] = t;
}

static void answer(struct ncp *s, double *weight, struct math_ncp *ret)
{
  uint32_t rank = s->a[0].rank;
  even_out(s);
  for (uint32_t j = 0; j < rank; j++) weight[j] = length(&s->a[MATH_MODES - 1], j, 1);
  for (uint32_t i = 0; i < rank; i++)
    for (uint32_t j = i; j > 0 && weight[j] > weight[j - 1]; j--) swap_columns(s, weight, j, j - 1);
  ret->kkt = s->x->n ? kkt(s, weight) : 0;
  memcpy(ret->a, s->a, sizeof ret->a);
  ret->weight = weight;
  ret->err2 = s->err2;
  ret->fit = fit_of(s);
}

static prac_rc factors_new(struct ncp *s, uint32_t rank, struct prac_arena *a)
{
  for (unsigned m = 0; m < MATH_MODES; m++)
    PRAC_TRY(math_factor_new(s->x->dim[m], rank, a, &s->a[m]));
  return PRAC_OK;
}
static prac_rc work_new(struct ncp *s, struct prac_arena *a)
{
  size_t m = 1;
  for (unsigned k = 0; k < MATH_MODES; k++) {
    size_t n = math_tensor_fold_work(s->x, k, MATH_FOLD_TIMES, s->a);
    m = n > m ? n : m;
  }
  s->m = prac_arena_alloc(a, m * sizeof(double));
  return s->m ? PRAC_OK : PRAC_NOMEM;
}

prac_rc math_ncp(const struct math_tensor *x, const struct math_ncp_conf *c,
                 const struct math_par *par, struct prac_arena *a, struct math_ncp *ret)
{
  struct ncp now = {.x = x, .par = par}, best;
  struct tensor_start first = {0};
  struct prac_rng r = prac_rng_of(c->seed);
  struct math_ncp got = {.worst_start = 1, .settled = x->n == 0};
  PRAC_TRY(factors_new(&now, c->rank, a));
  PRAC_TRY(tensor_start_new(x, a, &first));
  PRAC_TRY(work_new(&now, a));
  double *weight = prac_arena_alloc(a, (c->rank + (size_t)1) * sizeof *weight);
  if (!weight) return PRAC_NOMEM;
  best = now;
  PRAC_TRY(factors_new(&best, c->rank, a));
  for (uint32_t i = 0; x->n && i < (c->starts ? c->starts : 1); i++) {
    uint32_t sweeps = 0;
    start(&now, &first, i ? &r : NULL);
    (void)descend(&now, c->probe, -1, &sweeps);
    got.worst_start = fmin(got.worst_start, fit_of(&now));
    if (i > 0 && now.err2 >= best.err2) continue;
    for (unsigned m = 0; m < MATH_MODES; m++)
      memcpy(best.a[m].v, now.a[m].v, (size_t)now.a[m].rows * now.a[m].ld * sizeof(double));
    best.err2 = now.err2;
  }
  got.best_start = fit_of(&best);
  got.sweeps = c->probe;
  even_out(&best);
  if (x->n) got.settled = descend(&best, c->max_sweeps, c->tol, &got.sweeps);
  answer(&best, weight, &got);
  *ret = got;
  return PRAC_OK;
}
