/* All ranks of one window side by side, and what one of their components says. */
#include "engine/nmf/nmf.h"

static uint32_t best_rank(const struct math_csr *v, const struct nmf_factors *f)
{
  uint32_t best = 0;
  double least = 0;
  for (uint32_t b = 0; b < f->f.n_blocks; b++) {
    double len = math_nmf_mdl(f->info[b].objective, f->rank[b], v->rows, v->cols);
    if (b > 0 && len >= least) continue;
    best = b;
    least = len;
  }
  return best;
}

/* Only the columns of block b stay. */
static void keep_block(const struct math_csr *v, struct nmf_factors *f, uint32_t b)
{
  size_t at = 0, r = f->rank[b], ld = math_nmf_ld((uint32_t)r);
  for (uint32_t i = 0; i < b; i++) at += f->rank[i];
  for (size_t i = 0; i < v->rows; i++)
    for (size_t k = 0; k < r; k++) f->f.w[i * ld + k] = f->f.w[i * f->ld + at + k];
  for (size_t j = 0; j < v->cols; j++)
    for (size_t k = 0; k < r; k++) f->f.h[j * ld + k] = f->f.h[j * f->ld + at + k];
  f->rank[0] = (uint32_t)r;
  f->info[0] = f->info[b];
  f->f.n_blocks = 1;
  f->n_groups = (uint32_t)r;
  f->ld = ld;
}

prac_rc nmf_factor(const struct nmf_conf *c, const struct math_csr *v, const struct eng_env *env,
                   struct prac_arena *a, struct nmf_factors *ret)
{
  *ret = (struct nmf_factors){0};
  for (int64_t r = c->rank_min; r <= c->rank_max; r++) {
    ret->rank[ret->f.n_blocks++] = (uint32_t)r;
    ret->n_groups += (uint32_t)r;
  }
  ret->ld = math_nmf_ld(ret->n_groups);
  ret->f.rank = ret->rank;
  ret->f.info = ret->info;
  ret->f.w = prac_arena_alloc(a, (v->rows + (size_t)1) * ret->ld * sizeof *ret->f.w);
  ret->f.h = prac_arena_alloc(a, (v->cols + (size_t)1) * ret->ld * sizeof *ret->f.h);
  if (!ret->f.w || !ret->f.h) return PRAC_NOMEM;
  const struct math_nmf_conf hals = {.rule = MATH_NMF_HALS,

                                     .rel_tol = 2e-3,
                                     .max_sweeps = (uint32_t)c->max_sweeps},
                             mu = {.rule = MATH_NMF_MU,
                                   .abs_tol = 1e-5,
                                   .max_sweeps = (uint32_t)c->max_sweeps};
  PRAC_TRY(math_nmf_svd(v, &ret->f, a));
  PRAC_TRY(math_nmf(v, c->solver == NMF_MU ? &mu : &hals, &ret->f, env->par, a));
  for (uint32_t b = 0; b < ret->f.n_blocks; b++) {
    prac_count(&env->counters[NMF_COUNT_SWEEPS], ret->info[b].sweeps);
    prac_count(&env->counters[NMF_COUNT_UNFINISHED], !ret->info[b].converged);
  }
  if (c->mdl) keep_block(v, ret, best_rank(v, ret));
  return PRAC_OK;
}

void nmf_group_of(const struct nmf_conf *c, const struct math_csr *v, const struct nmf_factors *f,
                  size_t k, struct nmf_group *g)
{
  double sum = 0, top = 0;
  for (size_t t = 0; t < v->cols; t++) {
    double h = f->f.h[t * f->ld + k];
    sum += h;
    if (h > top) top = h;
  }
  g->minutes = 0;
  for (size_t t = 0; t < v->cols; t++)
    if (top > 0 && f->f.h[t * f->ld + k] >= c->in_minutes * top) g->minutes |= UINT64_C(1) << t;
  g->max = 0;
  for (size_t i = 0; i < v->rows; i++) {
    g->packets[i] = sum * f->f.w[i * f->ld + k];
    if (g->packets[i] > g->max) g->max = g->packets[i];
  }
}
