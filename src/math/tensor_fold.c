/* The two passes that every factorisation here lives on, and the small dense steps after them.
 * A fibre's cells are first added up with the inner factor; the outer factor then comes in once a
 * fibre, not once a cell. */
#include <math.h>
#include <string.h>

#include "math/tensor.h"
#include "math/vec.h"

enum { L = MATH_LANES };

prac_rc math_factor_new(uint32_t rows, uint32_t rank, struct prac_arena *a, struct math_factor *ret)
{
  if (rank < 1 || rank > MATH_TENSOR_RANK_MAX) return PRAC_RANGE;
  uint32_t ld = (rank + L - 1) / L * L;
  double *v = prac_arena_alloc(a, ((size_t)rows * ld + L) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  *ret = (struct math_factor){v, rows, rank, ld};
  return PRAC_OK;
}

MATH_CLONES void math_factor_gram(const struct math_factor *f, double *ret)
{
  memset(ret, 0, (size_t)f->rank * f->ld * sizeof *ret);
  for (uint32_t i = 0; i < f->rows; i++) {
    const double *x = f->v + (size_t)i * f->ld;
    for (size_t j = 0; j < f->rank; j++)
      for (size_t c = 0; c < f->ld; c += L) MATH_AT(ret + j * f->ld + c) += x[j] * MATH_READ(x + c);
  }
}

/* ---- coordinate descent, a row at a time ---- */

static const uint32_t HALS_ROWS = 1024; /* of one item */

struct hals {
  struct math_factor *f;
  const double *m, *gram;
  unsigned rounds;
};
MATH_CLONES static void hals_rows(void *ctx, size_t item)
{
  const struct hals *h = ctx;
  size_t rank = h->f->rank, ld = h->f->ld;
  uint32_t from = (uint32_t)item * HALS_ROWS;
  uint32_t to = from + HALS_ROWS < h->f->rows ? from + HALS_ROWS : h->f->rows;
  double g[MATH_TENSOR_RANK_MAX] = {0}, inverse[MATH_TENSOR_RANK_MAX] = {0};
  for (size_t j = 0; j < rank; j++) {
    double d = h->gram[j * ld + j];
    inverse[j] = d > 0 ? 1 / d : 0;
  }
  for (uint32_t i = from; i < to; i++) {
    double *x = h->f->v + (size_t)i * ld;
    const double *m = h->m + (size_t)i * ld;
    for (size_t c = 0; c < ld; c += L) MATH_AT(g + c) = -MATH_READ(m + c);
    for (size_t j = 0; j < rank; j++)
      for (size_t c = 0; c < ld; c += L) MATH_AT(g + c) += x[j] * MATH_READ(h->gram + j * ld + c);
    for (unsigned round = 0; round < h->rounds; round++)
      for (size_t j = 0; j < rank; j++) {
        double move = -g[j] * inverse[j];
        if (move < -x[j]) move = -x[j];
        x[j] += move;
        for (size_t c = 0; c < ld; c += L) MATH_AT(g + c) += move * MATH_READ(h->gram + j * ld + c);
      }
  }
}
void math_factor_hals(struct math_factor *f, const double *m, const double *gram, unsigned rounds,
                      const struct math_par *par)
{
  struct hals h = {f, m, gram, rounds};
  math_par_run(par, (f->rows + HALS_ROWS - 1) / HALS_ROWS, hals_rows, &h);
}

double math_factor_kkt(const struct math_factor *f, const double *m, const double *gram)
{
  double worst = 0;
  for (uint32_t i = 0; i < f->rows; i++)
    for (uint32_t j = 0; j < f->rank; j++) {
      const double *x = f->v + (size_t)i * f->ld;
      double d = gram[j * f->ld + j], g = -m[(size_t)i * f->ld + j];
      for (uint32_t k = 0; k < f->rank; k++) g += x[k] * gram[k * f->ld + j];
      if (d > 0) worst = fmax(worst, fabs(fmin(x[j], g / d)));
    }
  return worst;
}

/* ---- folding ---- */

struct fold {
  const struct math_order *o;
  const struct math_factor *outer, *inner;
  enum math_fold how;
  size_t width;
  double *out, *heads;
};

static size_t width_of(const struct math_order *o, enum math_fold how,
                       const struct math_factor f[MATH_MODES])
{
  size_t ld = f[o->inner].ld;
  return how == MATH_FOLD_OUTER ? f[o->outer].rank * ld : ld;
}
size_t math_tensor_fold_out(const struct math_tensor *t, unsigned mode, enum math_fold how,
                            const struct math_factor f[MATH_MODES])
{
  return t->dim[mode] * width_of(&t->order[mode], how, f);
}
size_t math_tensor_fold_work(const struct math_tensor *t, unsigned mode, enum math_fold how,
                             const struct math_factor f[MATH_MODES])
{
  return (t->dim[mode] + (size_t)t->order[mode].n_blocks) * width_of(&t->order[mode], how, f);
}

/* Does the row of this block's first fibre begin in an earlier block? */
static bool is_shared(const struct math_order *o, size_t block)
{
  uint32_t f = o->block[block];
  return f > 0 && o->row_at[f] == o->row_at[f - 1];
}

MATH_CLONES static void fold_block(void *ctx, size_t block)
{
  const struct fold *k = ctx;
  const struct math_order *o = k->o;
  size_t ld = k->inner->ld, rank = k->outer->rank;
  uint32_t row = UINT32_MAX;
  double z[MATH_TENSOR_RANK_MAX], *y = k->out;
  for (uint32_t f = o->block[block]; f < o->block[block + 1]; f++) {
    if (o->row_at[f] != row) {
      bool head = row == UINT32_MAX && is_shared(o, block);
      row = o->row_at[f];
      y = head ? k->heads + block * k->width : k->out + row * k->width;
      memset(y, 0, k->width * sizeof *y);
    }
    for (size_t c = 0; c < ld; c += L) MATH_AT(z + c) = (math_v4){0};
    for (uint32_t i = o->begin[f]; i < o->begin[f + 1]; i++) {
      const double *in = k->inner->v + (size_t)o->inner_at[i] * ld;
      for (size_t c = 0; c < ld; c += L) MATH_AT(z + c) += o->v[i] * MATH_READ(in + c);
    }
    const double *out = k->outer->v + (size_t)o->outer_at[f] * k->outer->ld;
    if (k->how == MATH_FOLD_TIMES)
      for (size_t c = 0; c < ld; c += L) MATH_AT(y + c) += MATH_READ(out + c) * MATH_READ(z + c);
    else
      for (size_t p = 0; p < rank; p++)
        for (size_t c = 0; c < ld; c += L) MATH_AT(y + p * ld + c) += out[p] * MATH_READ(z + c);
  }
}

void math_tensor_fold(const struct math_tensor *t, unsigned mode, enum math_fold how,
                      const struct math_factor f[MATH_MODES], double *out,
                      const struct math_par *par)
{
  const struct math_order *o = &t->order[mode];
  size_t width = width_of(o, how, f);
  double *heads = out + t->dim[mode] * width;
  struct fold k = {o, &f[o->outer], &f[o->inner], how, width, out, heads};
  math_par_run(par, o->n_blocks, fold_block, &k);
  for (size_t b = 0; b < o->n_blocks; b++) {
    if (!is_shared(o, b)) continue;
    double *to = out + o->row_at[o->block[b]] * k.width;
    for (size_t c = 0; c < k.width; c++) to[c] += heads[b * k.width + c];
  }
}
