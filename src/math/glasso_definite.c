/* Is Theta positive definite, and what is its determinant? By Cholesky, in doubles. Columns with
 * few neighbours go first, each time the one with fewest: what that leaves between its neighbours
 * is little. What remains is soon dense, and LAPACK's. */
#include <lapacke.h>
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

#define NONE UINT32_MAX

struct factor {
  const struct gl_comp *c;
  struct gl_work *w;
  struct gl_pool *l;             /* the columns that went first, below their diagonal */
  struct gl_list *col;           /* where each lies */
  uint32_t *order, *rank, *head; /* which went; place of the others; a row's latest entry in l */
  uint32_t n_first, n_rest, words;
  double keep;  /* of each diagonal */
  double *rest; /* lower half, packed */
};

/* Where LAPACK's rectangular packed format has row i, column j <= i of n. */
static size_t packed(size_t n, size_t i, size_t j)
{
  size_t half = (n + 1) / 2, even = n % 2 == 0;
  return j < half ? j * (n + even) + i + even : (i - half + 1 - even) * (n + even) + j - half;
}

static void neighbours(const struct factor *f)
{
  const struct gl_comp *c = f->c;
  memset(f->w->bits, 0, (size_t)c->k * f->words * sizeof *f->w->bits);
  for (uint32_t j = 0; j < c->k; j++) {
    uint64_t *row = f->w->bits + (size_t)j * f->words;
    const uint32_t *ix = c->sol.ix + c->theta[j].at;
    for (uint32_t a = 0; a < c->theta[j].n; a++) row[ix[a] / 64] |= 1ULL << ix[a] % 64;
    f->w->degree[j] = c->theta[j].n;
    f->head[j] = NONE;
  }
}
static uint32_t fewest(const uint32_t *degree, uint32_t k)
{
  uint32_t least = NONE, j = 0;
  for (uint32_t i = 0; i < k; i++) least = degree[i] < least ? degree[i] : least;
  while (degree[j] != least) j++;
  return j;
}
/* to |= from; how many */
MATH_CLONES static uint32_t join_bits(uint64_t *to, const uint64_t *from, uint32_t words)
{
  uint32_t n = 0;
  for (uint32_t x = 0; x < words; x++) n += (uint32_t)__builtin_popcountll(to[x] |= from[x]);
  return n;
}
/* Column j goes: its neighbours, rising, into l; they become one another's. */
static void take_out(struct factor *f, uint32_t j)
{
  uint64_t *bits = f->w->bits, *own = bits + (size_t)j * f->words;
  struct gl_list *l = &f->col[j];
  *l = (struct gl_list){f->l->used, 0};
  for (uint32_t x = 0; x < f->words; x++)
    for (uint64_t left = own[x]; left; left &= left - 1)
      f->l->ix[l->at + l->n++] = x * 64 + (uint32_t)__builtin_ctzll(left);
  f->l->used += l->n;
  for (size_t e = l->at; e < f->l->used; e++) {
    uint32_t i = f->l->ix[e];
    uint64_t *row = bits + (size_t)i * f->words;
    f->w->degree[i] = join_bits(row, own, f->words) - 2; /* but for i and j */
    row[i / 64] &= ~(1ULL << i % 64);
    row[j / 64] &= ~(1ULL << j % 64);
    f->w->of[e] = j;
    f->w->next[e] = f->head[i];
    f->head[i] = (uint32_t)e;
  }
  f->w->degree[j] = NONE;
  f->order[f->n_first++] = j;
}
static void choose(struct factor *f)
{
  uint32_t k = f->c->k;
  size_t room = gl_first_room(k) < f->l->cap ? gl_first_room(k) : f->l->cap;
  f->l->used = 0;
  neighbours(f);
  while (f->n_first < k) {
    uint32_t j = fewest(f->w->degree, k), n = f->w->degree[j];
    if (f->n_first && (n > GL_FIRST || f->l->used + n > room))
      break; /* one at least: `rest` fits */
    take_out(f, j);
  }
  for (uint32_t j = 0; j < k; j++) f->rank[j] = f->w->degree[j] == NONE ? NONE : f->n_rest++;
}

/* Column j below its pivot, which is returned: Theta's, less what the columns before it take. */
static double column(struct factor *f, uint32_t j)
{
  double *sum = f->w->v;
  const struct gl_list *own = &f->col[j], *q = &f->c->theta[j];
  for (uint32_t a = 0; a < own->n; a++) sum[f->l->ix[own->at + a]] = 0;
  for (uint32_t a = 0; a < q->n; a++) sum[f->c->sol.ix[q->at + a]] = f->c->sol.val[q->at + a];
  sum[j] = f->c->q_diag[j] * f->keep;
  for (uint32_t e = f->head[j]; e != NONE; e = f->w->next[e]) {
    const struct gl_list *d = &f->col[f->w->of[e]];
    double x = f->l->val[e];
    for (size_t a = d->at; a < d->at + d->n; a++) sum[f->l->ix[a]] -= x * f->l->val[a];
  }
  double root = sqrt(sum[j]);
  for (size_t a = own->at; a < own->at + own->n; a++) f->l->val[a] = sum[f->l->ix[a]] / root;
  return sum[j];
}
/* What a column takes from the rest. */
static void take_off(const struct factor *f, const struct gl_list *l)
{
  for (size_t a = l->at; a < l->at + l->n; a++) {
    uint32_t i = f->rank[f->l->ix[a]];
    for (size_t b = l->at; b <= a && i != NONE; b++) {
      uint32_t e = f->rank[f->l->ix[b]];
      if (e != NONE) f->rest[packed(f->n_rest, i, e)] -= f->l->val[a] * f->l->val[b];
    }
  }
}
static void fill_rest(const struct factor *f)
{
  const struct gl_comp *c = f->c;
  memset(f->rest, 0, (size_t)f->n_rest * (f->n_rest + (size_t)1) / 2 * sizeof *f->rest);
  for (uint32_t j = 0; j < c->k; j++) {
    uint32_t at = f->rank[j];
    if (at == NONE) continue;
    f->rest[packed(f->n_rest, at, at)] = c->q_diag[j] * f->keep;
    for (size_t a = c->theta[j].at; a < c->theta[j].at + c->theta[j].n && c->sol.ix[a] < j; a++) {
      uint32_t e = f->rank[c->sol.ix[a]];
      if (e != NONE) f->rest[packed(f->n_rest, at, e)] = c->sol.val[a];
    }
  }
}

double gl_logdet(struct gl_comp *c, struct gl_work *w, double shift)
{
  struct factor f = {.c = c, .w = w, .l = &c->pool[!c->cur], .col = c->turned};
  double sum = 0;
  f.order = w->a, f.rank = w->on, f.head = w->head;
  f.words = (c->k + 63) / 64;
  f.keep = 1 - shift;
  f.rest = (double *)(void *)c->spare;
  choose(&f);
  fill_rest(&f);
  for (uint32_t e = 0; e < f.n_first; e++) {
    double pivot = column(&f, f.order[e]);
    if (!(pivot > 0)) return (double)NAN;
    sum += log(pivot);
    take_off(&f, &f.col[f.order[e]]);
  }
  int n = (int)f.n_rest;
  if (n && LAPACKE_dpftrf_work(LAPACK_COL_MAJOR, 'N', 'L', n, f.rest)) return (double)NAN;
  for (uint32_t i = 0; i < f.n_rest; i++) sum += 2 * log(f.rest[packed(f.n_rest, i, i)]);
  return sum;
}
