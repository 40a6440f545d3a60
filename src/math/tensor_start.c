/* Where a factorisation begins: the heaviest single term a x b x c of the cells, then the heaviest
 * of what it leaves of them, and so on; column i of every factor is the i-th term's. Each term
 * begins at one row of the longest mode (a sender): the heaviest, and in later starts one drawn by
 * what is left of it. On counts this ends in better places than random numbers, and sooner; and it
 * depends on the cells, not on what their rows are called. */
#include "math/tensor_start.h"

#include <math.h>
#include <string.h>

#include "math/vec.h"

enum { L = MATH_LANES, TURNS = 6 * MATH_MODES };

prac_rc tensor_start_new(const struct math_tensor *x, struct prac_arena *a,
                         struct tensor_start *ret)
{
  size_t rows = 1, work = 1;
  ret->left = *x;
  for (unsigned m = 0; m < MATH_MODES; m++) {
    PRAC_TRY(math_factor_new(x->dim[m], 1, a, &ret->f[m]));
    ret->v[m] = prac_arena_alloc(a, ((size_t)x->n + 1) * sizeof(double));
    if (!ret->v[m]) return PRAC_NOMEM;
    if (x->dim[m] > rows) rows = x->dim[m];
    if (x->dim[m] > x->dim[ret->mode]) ret->mode = m;
  }
  for (unsigned m = 0; m < MATH_MODES; m++) {
    size_t n = math_tensor_fold_work(x, m, MATH_FOLD_TIMES, ret->f);
    if (n > work) work = n;
  }
  ret->energy = prac_arena_alloc(a, rows * sizeof(double));
  ret->out = prac_arena_alloc(a, rows * L * sizeof(double));
  ret->work = prac_arena_alloc(a, work * sizeof(double));
  return ret->energy && ret->out && ret->work ? PRAC_OK : PRAC_NOMEM;
}

static uint32_t first_row(struct tensor_start *w, struct prac_rng *r)
{
  const struct math_order *o = &w->left.order[w->mode];
  uint32_t rows = w->left.dim[w->mode], best = 0;
  double all = 0;
  memset(w->energy, 0, rows * sizeof(double));
  for (uint32_t f = 0; f < o->n_fibres; f++)
    for (uint32_t i = o->begin[f]; i < o->begin[f + 1]; i++)
      w->energy[o->row_at[f]] += o->v[i] * o->v[i];
  for (uint32_t i = 0; i < rows; i++) {
    all += w->energy[i];
    if (w->energy[i] > w->energy[best]) best = i;
  }
  if (!r) return best;
  double at = prac_rng_unit(r) * all;
  for (uint32_t i = 0; i < rows; i++)
    if ((at -= w->energy[i]) < 0) return i;
  return best;
}

/* One vector from the two others, of length 1; what its length was is the term's weight. */
static double turn(struct tensor_start *w, unsigned mode, const struct math_par *par)
{
  double norm = 0;
  uint32_t rows = w->left.dim[mode];
  math_tensor_fold(&w->left, mode, MATH_FOLD_TIMES, w->f, w->out, w->work, par);
  for (size_t i = 0; i < rows; i++) norm += w->out[L * i] * w->out[L * i];
  norm = sqrt(norm);
  for (size_t i = 0; i < rows; i++) w->f[mode].v[L * i] = norm > 0 ? w->out[L * i] / norm : 0;
  return norm;
}

static double heaviest(struct tensor_start *w, struct prac_rng *r, const struct math_par *par)
{
  const struct math_order *o = &w->left.order[w->mode];
  uint32_t row = first_row(w, r);
  double weight = 0;
  for (unsigned m = 0; m < MATH_MODES; m++)
    memset(w->f[m].v, 0, (size_t)L * w->left.dim[m] * sizeof(double));
  for (uint32_t f = 0; f < o->n_fibres; f++)
    for (uint32_t i = o->begin[f]; o->row_at[f] == row && i < o->begin[f + 1]; i++) {
      w->f[o->outer].v[(size_t)L * o->outer_at[f]] += o->v[i];
      w->f[o->inner].v[(size_t)L * o->inner_at[i]] += o->v[i];
    }
  for (unsigned k = 0; k < TURNS; k++) weight = turn(w, (w->mode + k) % MATH_MODES, par);
  return weight;
}

static void take_away(struct tensor_start *w, double weight)
{
  for (unsigned m = 0; m < MATH_MODES; m++) {
    const struct math_order *o = &w->left.order[m];
    const double *outer = w->f[o->outer].v, *inner = w->f[o->inner].v;
    for (uint32_t f = 0; f < o->n_fibres; f++) {
      double x = weight * w->f[m].v[(size_t)L * o->row_at[f]] * outer[(size_t)L * o->outer_at[f]];
      for (uint32_t i = o->begin[f]; i < o->begin[f + 1]; i++)
        w->v[m][i] = fmax(0, o->v[i] - x * inner[(size_t)L * o->inner_at[i]]);
    }
    w->left.order[m].v = w->v[m];
  }
}

void tensor_start_begin(struct tensor_start *w, const struct math_tensor *x)
{
  w->left = *x;
}

double tensor_start_term(struct tensor_start *w, struct prac_rng *r, const struct math_par *par)
{
  double weight = heaviest(w, r, par);
  take_away(w, weight);
  return weight;
}

void tensor_start_put(const struct tensor_start *w, struct math_factor a[MATH_MODES], uint32_t k)
{
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (size_t i = 0; k < a[m].rank && i < a[m].rows; i++)
      a[m].v[i * a[m].ld + k] = w->f[m].v[L * i];
}
