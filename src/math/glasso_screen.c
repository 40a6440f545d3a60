/* What makes the problem smaller without changing it: equal columns become one with a weight, and
 * parts that do not touch are found for every rho in one pass over the pairs. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

enum { TILE = 64 };

struct order {
  const double *xt;
  size_t n;
};
static int by_content(const void *pa, const void *pb, void *arg)
{
  const struct order *o = arg;
  uint32_t i = *(const uint32_t *)pa, j = *(const uint32_t *)pb;
  const double *a = o->xt + i * o->n, *b = o->xt + j * o->n;
  for (size_t t = 0; t < o->n; t++)
    if (a[t] < b[t] || a[t] > b[t]) return a[t] < b[t] ? -1 : 1;
  return i < j ? -1 : i > j;
}
static bool same_column(const double *a, const double *b, size_t n)
{
  for (size_t t = 0; t < n; t++)
    if (a[t] < b[t] || a[t] > b[t]) return false;
  return true;
}

static prac_rc transpose(const struct math_glasso_data *d, struct prac_arena *a, double **ret)
{
  double *xt = prac_arena_alloc(a, d->n * d->p * sizeof *xt);
  if (!xt) return PRAC_NOMEM;
  for (size_t t = 0; t < d->n; t++)
    for (size_t j = 0; j < d->p; j++) {
      double v = d->x[t * d->p + j];
      if (!isfinite(v)) return PRAC_MALFORMED;
      xt[j * d->n + t] = v;
    }
  *ret = xt;
  return PRAC_OK;
}

/* Centred columns, transposed back; a sum in the order of the samples. */
static void centre(struct gl_groups *g, const double *xt, double *y, double *sd)
{
  double root = sqrt((double)g->n);
  for (uint32_t h = 0; h < g->k; h++) {
    const double *x = xt + (size_t)g->member[g->first[h]] * g->n;
    double mean = 0, ss = 0;
    for (size_t t = 0; t < g->n; t++) mean += x[t];
    mean /= (double)g->n;
    for (size_t t = 0; t < g->n; t++) {
      double v = (x[t] - mean) / root;
      y[t * g->k + h] = v;
      ss += v * v;
    }
    sd[h] = ss;
  }
}

struct bufs {
  double *m, *r, *sd;
  uint32_t *of, *member, *first;
};
static bool bufs_of(struct bufs *b, size_t p, struct prac_arena *a)
{
  b->m = prac_arena_alloc(a, p * sizeof *b->m);
  b->r = prac_arena_alloc(a, p * sizeof *b->r);
  b->sd = prac_arena_alloc(a, p * sizeof *b->sd);
  b->of = prac_arena_alloc(a, p * sizeof *b->of);
  b->member = prac_arena_alloc(a, p * sizeof *b->member);
  b->first = prac_arena_alloc(a, (p + 1) * sizeof *b->first);
  return b->m && b->r && b->sd && b->of && b->member && b->first;
}
static prac_rc groups_given(const struct math_glasso_data *d, struct bufs *b, struct gl_groups *g)
{
  for (size_t i = 0; i < d->p * d->p; i++)
    if (!isfinite(d->s[i])) return PRAC_MALFORMED;
  g->k = (uint32_t)d->p;
  for (uint32_t i = 0; i < g->k; i++) {
    b->of[i] = b->member[i] = b->first[i] = i;
    b->m[i] = b->r[i] = 1;
    b->sd[i] = d->s[i * d->p + i];
    if (b->sd[i] < 0) return PRAC_MALFORMED;
  }
  b->first[g->k] = g->k;
  g->s = d->s;
  return PRAC_OK;
}

prac_rc gl_groups_of(const struct math_glasso_data *d, struct prac_arena *a, struct gl_groups *g)
{
  struct bufs b;
  *g = (struct gl_groups){.n = d->n};
  if (!bufs_of(&b, d->p, a)) return PRAC_NOMEM;
  g->m = b.m, g->r = b.r, g->sd = b.sd;
  g->of = b.of, g->member = b.member, g->first = b.first;
  if (d->s) return g->n = 0, groups_given(d, &b, g);
  double *xt = NULL;
  PRAC_TRY(transpose(d, a, &xt));
  for (uint32_t i = 0; i < d->p; i++) b.member[i] = i;
  struct order o = {xt, d->n};
  qsort_r(b.member, d->p, sizeof *b.member, by_content, &o);
  for (uint32_t i = 0; i < d->p; i++) {
    const double *x = xt + (size_t)b.member[i] * d->n;
    if (i == 0 || !same_column(x, xt + (size_t)b.member[i - 1] * d->n, d->n)) b.first[g->k++] = i;
    b.of[b.member[i]] = g->k - 1;
  }
  b.first[g->k] = (uint32_t)d->p;
  for (uint32_t h = 0; h < g->k; h++) {
    b.m[h] = b.first[h + 1] - b.first[h];
    b.r[h] = sqrt(b.m[h]);
  }
  double *y = prac_arena_alloc(a, d->n * g->k * sizeof *y);
  if (!y) return PRAC_NOMEM;
  centre(g, xt, y, b.sd);
  g->y = y;
  return PRAC_OK;
}

/* ---- components ---- */

struct unions { /* one forest per rho */
  uint32_t *up, k;
  const double *rho;
  size_t n_rho;
};
static uint32_t root_of(uint32_t *up, uint32_t i)
{
  while (up[i] != i) i = up[i] = up[up[i]];
  return i;
}
/* Level by level from the largest rho that it passes: what is joined there is joined below. */
static void join(struct unions *u, uint32_t i, uint32_t j, double s)
{
  size_t lev = 0;
  while (!(s > u->rho[lev])) lev++;
  for (; lev < u->n_rho; lev++) {
    uint32_t *up = u->up + lev * u->k;
    uint32_t a = root_of(up, i), b = root_of(up, j);
    if (a == b) return;
    up[a < b ? b : a] = a < b ? a : b;
  }
}
static void join_row(struct unions *u, const uint32_t *order, uint32_t i, const double *s,
                     uint32_t end)
{
  double rho = u->rho[u->n_rho - 1];
  for (uint32_t j = i + 1; j < end; j++) {
    double v = fabs(s[j]);
    if (v > rho) join(u, order[i], order[j], v);
  }
}
/* Few samples: a row of S is a few additions. */
static void screen_few(struct unions *u, const struct gl_groups *g, const double *y,
                       const uint32_t *order, double *row)
{
  double rho = u->rho[u->n_rho - 1];
  uint32_t end = g->k;
  for (uint32_t i = 0; i < g->k; i++) {
    while (end > i && g->sd[order[i]] * g->sd[order[end - 1]] <= rho * rho) end--;
    if (end <= i + 1) break;
    memset(row + i, 0, (end - i) * sizeof *row);
    for (size_t t = 0; t < g->n; t++)
      math_axpy(row + i, y[t * g->k + i], y + t * g->k + i, end - i);
    join_row(u, order, i, row, end);
  }
}
static void screen_tiles(struct unions *u, const struct gl_groups *g, const double *y,
                         const uint32_t *order, double *tile)
{
  double rho = u->rho[u->n_rho - 1];
  uint32_t end = g->k;
  for (uint32_t i = 0; i < g->k; i += TILE) {
    while (end > i && g->sd[order[i]] * g->sd[order[end - 1]] <= rho * rho) end--;
    if (end <= i + 1) break;
    uint32_t rows = end - i < TILE ? end - i : TILE;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)rows, (int)(end - i), (int)g->n, 1,
                y + i, (int)g->k, y + i, (int)g->k, 0, tile + i, (int)g->k);
    for (uint32_t r = 0; r < rows; r++) join_row(u, order, i + r, tile + (size_t)r * g->k, end);
  }
}
static int by_variance(const void *pa, const void *pb, void *arg)
{
  const double *sd = arg;
  uint32_t i = *(const uint32_t *)pa, j = *(const uint32_t *)pb;
  if (sd[i] < sd[j] || sd[i] > sd[j]) return sd[i] > sd[j] ? -1 : 1;
  return i < j ? -1 : i > j;
}

static prac_rc screen_samples(struct unions *u, const struct gl_groups *g, struct prac_arena *a)
{
  double *sd = prac_arena_alloc(a, g->k * sizeof *sd);
  uint32_t *order = prac_arena_alloc(a, g->k * sizeof *order);
  double *y = prac_arena_alloc(a, g->n * g->k * sizeof *y);
  double *tile = prac_arena_alloc(a, (g->n > GL_FEW ? TILE : 1) * (size_t)g->k * sizeof *tile);
  if (!sd || !order || !y || !tile) return PRAC_NOMEM;
  memcpy(sd, g->sd, g->k * sizeof *sd);
  for (uint32_t i = 0; i < g->k; i++) order[i] = i;
  qsort_r(order, g->k, sizeof *order, by_variance, sd);
  for (size_t t = 0; t < g->n; t++)
    for (uint32_t i = 0; i < g->k; i++) y[t * g->k + i] = g->y[t * g->k + order[i]];
  (g->n > GL_FEW ? screen_tiles : screen_few)(u, g, y, order, tile);
  return PRAC_OK;
}

prac_rc gl_screen(const struct gl_groups *g, const struct math_glasso_conf *c, struct prac_arena *a,
                  uint32_t **ret_label, uint32_t *ret_n)
{
  size_t all = c->n_rho * g->k;
  uint32_t *up = prac_arena_alloc(a, all * sizeof *up);
  uint32_t *same = prac_arena_alloc(a, (g->k + (size_t)1) * sizeof *same);
  if (!up || !same) return PRAC_NOMEM;
  struct unions u = {up, g->k, c->rho, c->n_rho};
  for (size_t i = 0; i < all; i++) up[i] = (uint32_t)(i % g->k);
  if (!g->s) PRAC_TRY(screen_samples(&u, g, a));
  for (uint32_t i = 0; i < g->k; i++) same[i] = i;
  if (g->s)
    for (uint32_t i = 0; i < g->k; i++) join_row(&u, same, i, g->s + (size_t)i * g->k, g->k);
  for (size_t l = 0; l < c->n_rho; l++) { /* the root is the lowest member: number by it */
    uint32_t n = 0, *lab = up + l * g->k;
    for (uint32_t i = 0; i < g->k; i++) lab[i] = root_of(lab, i);
    for (uint32_t i = 0; i < g->k; i++) {
      uint32_t root = lab[i];
      if (root == i) same[i] = n++;
      lab[i] = same[root];
    }
    ret_n[l] = n;
  }
  *ret_label = up;
  return PRAC_OK;
}
