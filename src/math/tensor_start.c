/* Where a factorisation begins: a heavy single term a x b x c of the cells, then one of what it
 * leaves of them, and so on; column i of every factor is the i-th term's. Each term begins at one
 * slice of the middle mode (a port: times x senders), with the best single term of that matrix: the
 * slice where that is heaviest, and in later starts one drawn by its weight. On counts this ends in
 * better places than random numbers, and sooner; and it depends on the cells, not on what their
 * rows are called. */
#include "math/tensor_start.h"

#include <math.h>
#include <string.h>

#include "math/vec.h"

enum { L = MATH_LANES, TURNS = 3 * MATH_MODES, SLICE_TURNS = 4 };

/* Neither the longest nor the shortest. */
static unsigned middle(const struct math_tensor *x)
{
  unsigned longest = 0, shortest = MATH_MODES - 1;
  for (unsigned m = 0; m < MATH_MODES; m++) {
    if (x->dim[m] > x->dim[longest]) longest = m;
    if (x->dim[m] < x->dim[shortest]) shortest = m;
  }
  return longest == shortest ? 1 : MATH_MODES - longest - shortest;
}

prac_rc tensor_start_new(const struct math_tensor *x, struct prac_arena *a,
                         struct tensor_start *ret)
{
  size_t rows = 1, work = 1;
  ret->left = *x;
  ret->mode = middle(x);
  for (unsigned m = 0; m < MATH_MODES; m++) {
    PRAC_TRY(math_factor_new(x->dim[m], 1, a, &ret->f[m]));
    ret->v[m] = prac_arena_alloc(a, ((size_t)x->n + 1) * sizeof(double));
    if (!ret->v[m]) return PRAC_NOMEM;
    if (x->dim[m] > rows) rows = x->dim[m];
  }
  for (unsigned m = 0; m < MATH_MODES; m++) {
    size_t n = math_tensor_fold_work(x, m, MATH_FOLD_TIMES, ret->f);
    if (n > work) work = n;
  }
  ret->weight = prac_arena_alloc(a, rows * sizeof(double));
  ret->out = prac_arena_alloc(a, work * sizeof(double));
  return ret->weight && ret->out ? PRAC_OK : PRAC_NOMEM;
}

/* Of the fibres [f, to), which are one slice: outer = slice inner, or back. */
static void slice_turn(const struct math_order *o, uint32_t f, uint32_t to, double *outer,
                       double *inner, bool back)
{
  for (uint32_t k = f; k < to; k++) {
    double sum = 0, by = outer[(size_t)L * o->outer_at[k]];
    for (uint32_t i = o->begin[k]; i < o->begin[k + 1]; i++) {
      double *in = &inner[(size_t)L * o->inner_at[i]];
      if (back)
        *in += o->v[i] * by;
      else
        sum += o->v[i] * *in;
    }
    if (!back) outer[(size_t)L * o->outer_at[k]] = sum;
  }
}

static double outer_norm(const struct math_order *o, uint32_t f, uint32_t to, const double *outer)
{
  double norm2 = 0;
  for (uint32_t k = f; k < to; k++)
    norm2 += outer[(size_t)L * o->outer_at[k]] * outer[(size_t)L * o->outer_at[k]];
  return sqrt(norm2);
}

/* The heaviest term of one slice by the power method, into the two vectors; its weight. */
static double slice_term(struct tensor_start *w, uint32_t f, uint32_t to)
{
  const struct math_order *o = &w->left.order[w->mode];
  double *outer = w->f[o->outer].v, *inner = w->f[o->inner].v, weight = 0;
  for (uint32_t i = o->begin[f]; i < o->begin[to]; i++) inner[(size_t)L * o->inner_at[i]] = 1;
  for (unsigned turn = 0; turn < SLICE_TURNS; turn++) {
    slice_turn(o, f, to, outer, inner, false);
    double norm = outer_norm(o, f, to, outer), norm2 = 0;
    if (!(norm > 0)) return 0;
    for (uint32_t k = f; k < to; k++) outer[(size_t)L * o->outer_at[k]] /= norm;
    for (uint32_t i = o->begin[f]; i < o->begin[to]; i++) inner[(size_t)L * o->inner_at[i]] = 0;
    slice_turn(o, f, to, outer, inner, true);
    for (uint32_t i = o->begin[f]; i < o->begin[to]; i++) {
      double *in = &inner[(size_t)L * o->inner_at[i]];
      if (*in > 0) norm2 += *in * *in, *in = -*in; /* once: a row may come in several fibres */
    }
    weight = sqrt(norm2);
    for (uint32_t i = o->begin[f]; i < o->begin[to]; i++) {
      double *in = &inner[(size_t)L * o->inner_at[i]];
      if (*in < 0) *in = -*in / weight;
    }
  }
  return weight;
}

static uint32_t slice_end(const struct math_order *o, uint32_t f)
{
  uint32_t row = o->row_at[f];
  while (f < o->n_fibres && o->row_at[f] == row) f++;
  return f;
}

/* The first fibre of the slice to begin with. */
static uint32_t first_slice(struct tensor_start *w, struct prac_rng *r)
{
  const struct math_order *o = &w->left.order[w->mode];
  uint32_t best = 0, last = 0;
  double all = 0, top = 0;
  for (uint32_t f = 0, to; f < o->n_fibres; f = to) {
    to = slice_end(o, f);
    double weight = slice_term(w, f, to);
    w->weight[o->row_at[f]] = weight * weight;
    all += weight * weight;
    if (weight > top) {
      top = weight;
      best = f;
    }
  }
  if (!r) return best;
  double at = prac_rng_unit(r) * all;
  for (uint32_t f = 0; f < o->n_fibres; f = slice_end(o, f)) {
    if (w->weight[o->row_at[f]] > 0) last = f;
    if ((at -= w->weight[o->row_at[f]]) < 0) return f;
  }
  return last;
}

/* One vector from the two others, of length 1; what its length was is the term's weight. */
static double turn(struct tensor_start *w, unsigned mode, const struct math_par *par)
{
  double norm = 0;
  uint32_t rows = w->left.dim[mode];
  math_tensor_fold(&w->left, mode, MATH_FOLD_TIMES, w->f, w->out, par);
  for (size_t i = 0; i < rows; i++) norm += w->out[L * i] * w->out[L * i];
  norm = sqrt(norm);
  for (size_t i = 0; i < rows; i++) w->f[mode].v[L * i] = norm > 0 ? w->out[L * i] / norm : 0;
  return norm;
}

static double heaviest(struct tensor_start *w, struct prac_rng *r, const struct math_par *par)
{
  const struct math_order *o = &w->left.order[w->mode];
  uint32_t f = first_slice(w, r);
  double weight = 0;
  for (unsigned m = 0; m < MATH_MODES; m++)
    memset(w->f[m].v, 0, (size_t)L * w->left.dim[m] * sizeof(double));
  if (o->n_fibres) (void)slice_term(w, f, slice_end(o, f));
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
