/* The sweeps: which block comes when, which start goes on, and when it is enough. */
#include "math/ntd.h"

#include <math.h>
#include <string.h>

#include "math/ntd_int.h"
#include "math/tensor_start.h"
#include "math/vec.h"

enum { L = MATH_LANES, ROWS = 1024, ROUNDS = 3, CORE_ROUNDS = 5, RESCALE = 16 };

/* ---- M of one mode ---- */

struct times {
  const double *y, *g;
  double *m;
  uint32_t rows, outer, inner, inner_ld, ld;
};
/* m = y g, the padding of y's inner index left out. */
MATH_CLONES static void times_rows(void *ctx, size_t item)
{
  const struct times *t = ctx;
  uint32_t from = (uint32_t)item * ROWS, to = from + ROWS < t->rows ? from + ROWS : t->rows;
  size_t width = (size_t)t->outer * t->inner_ld;
  for (uint32_t row = from; row < to; row++) {
    const double *y = t->y + row * width;
    for (uint32_t c = 0; c < t->ld; c += L) {
      math_v4 sum = {0};
      for (uint32_t p = 0; p < t->outer; p++)
        for (uint32_t q = 0; q < t->inner; q++) {
          uint32_t k = p * t->inner_ld + q;
          sum += y[k] * MATH_READ(t->g + (size_t)k * t->ld + c);
        }
      MATH_AT(t->m + (size_t)row * t->ld + c) = sum;
    }
  }
}

static void normal_equations(struct ntd *s, unsigned mode, double *gram)
{
  const struct math_order *o = &s->x->order[mode];
  math_tensor_fold(s->x, mode, MATH_FOLD_OUTER, s->a, s->fold, s->par);
  ntd_unfold(s, o);
  struct times t = {s->fold,           s->unfolded,         s->m,
                    s->a[mode].rows,   s->a[o->outer].rank, s->a[o->inner].rank,
                    s->a[o->inner].ld, s->a[mode].ld};
  math_par_run(s->par, (t.rows + ROWS - 1) / ROWS, times_rows, &t);
  ntd_normal(s, o, gram);
}

static void sweep(struct ntd *s)
{
  double gram[NTD_GRAM];
  for (unsigned k = 1; k <= MATH_MODES; k++) {
    unsigned mode = (s->last + k) % MATH_MODES; /* the last one last */
    normal_equations(s, mode, gram);
    math_factor_hals(&s->a[mode], s->m, gram, ROUNDS, s->par);
    math_factor_gram(&s->a[mode], s->gram[mode]);
  }
  ntd_core_right(s);
  ntd_core_descend(s, CORE_ROUNDS);
}

static void grams(struct ntd *s)
{
  for (unsigned m = 0; m < MATH_MODES; m++) math_factor_gram(&s->a[m], s->gram[m]);
}

/* Sweeps until n are done or the fall is small; true: small. */
static bool descend(struct ntd *s, uint32_t n, double tol, uint32_t *sweeps)
{
  for (; *sweeps < n; ++*sweeps) {
    double before = s->err2;
    sweep(s);
    if (before - s->err2 <= tol * s->x->norm2) {
      ++*sweeps;
      return true;
    }
    if (*sweeps % RESCALE == RESCALE - 1) {
      ntd_scale(s);
      grams(s);
    }
  }
  return false;
}

static double fit_of(const struct ntd *s)
{
  return s->x->norm2 > 0 ? 1 - sqrt(s->err2 / s->x->norm2) : 1;
}

static double kkt(struct ntd *s)
{
  double gram[NTD_GRAM], worst = 0;
  for (unsigned k = 1; k <= MATH_MODES; k++) {
    unsigned mode = (s->last + k) % MATH_MODES;
    normal_equations(s, mode, gram);
    worst = fmax(worst, math_factor_kkt(&s->a[mode], s->m, gram));
  }
  ntd_core_right(s);
  return fmax(worst, ntd_core_kkt(s));
}

/* Term k becomes column k of every factor, and its weight the core's diagonal. */
static void start(struct ntd *s, struct tensor_start *w, struct prac_rng *r)
{
  const struct ntd_core *g = &s->core;
  uint32_t terms = 0;
  memset(g->v, 0, g->size * sizeof(double));
  for (unsigned m = 0; m < MATH_MODES; m++)
    if (s->a[m].rank > terms) terms = s->a[m].rank;
  tensor_start_begin(w, s->x);
  for (uint32_t k = 0; k < terms; k++) {
    double weight = tensor_start_term(w, r, s->par);
    tensor_start_put(w, s->a, k);
    if (k < g->rank[0] && k < g->rank[1] && k < g->rank[2])
      g->v[(k * g->rank[1] + k) * g->ld + k] = weight;
  }
}

/* ---- memory ---- */

static prac_rc factors_new(struct ntd *s, const struct math_ntd_conf *c, struct prac_arena *a)
{
  for (unsigned m = 0; m < MATH_MODES; m++) {
    if (c->rank[m] < 1 || c->rank[m] > MATH_NTD_RANK_MAX) return PRAC_RANGE;
    uint32_t rank = c->rank[m] < s->x->dim[m] ? c->rank[m] : s->x->dim[m];
    PRAC_TRY(math_factor_new(s->x->dim[m], rank ? rank : 1, a, &s->a[m]));
    s->core.rank[m] = s->a[m].rank;
    if (s->x->dim[m] < s->x->dim[s->last]) s->last = m;
  }
  s->core.ld = s->a[2].ld;
  s->core.size = s->core.rank[0] * s->core.rank[1] * s->core.ld;
  s->core.v = prac_arena_alloc(a, s->core.size * sizeof(double));
  return s->core.v ? PRAC_OK : PRAC_NOMEM;
}

static prac_rc work_new(struct ntd *s, struct prac_arena *a)
{
  size_t fold = 1, m = 1, unfolded = 1;
  for (unsigned k = 0; k < MATH_MODES; k++) {
    const struct math_order *o = &s->x->order[k];
    size_t f = math_tensor_fold_work(s->x, k, MATH_FOLD_OUTER, s->a);
    size_t n = (size_t)s->a[k].rows * s->a[k].ld;
    size_t u = (size_t)s->a[o->outer].rank * s->a[o->inner].ld * s->a[k].ld;
    fold = f > fold ? f : fold;
    m = n > m ? n : m;
    unfolded = u > unfolded ? u : unfolded;
  }
  s->fold = prac_arena_alloc(a, fold * sizeof(double));
  s->m = prac_arena_alloc(a, m * sizeof(double));
  s->unfolded = prac_arena_alloc(a, unfolded * sizeof(double));
  s->half = prac_arena_alloc(a, unfolded * sizeof(double));
  s->right = prac_arena_alloc(a, unfolded * sizeof(double));
  s->slope = prac_arena_alloc(a, unfolded * sizeof(double));
  return s->fold && s->m && s->unfolded && s->half && s->right && s->slope ? PRAC_OK : PRAC_NOMEM;
}

static void take_over(struct ntd *to, const struct ntd *from)
{
  for (unsigned m = 0; m < MATH_MODES; m++)
    memcpy(to->a[m].v, from->a[m].v, (size_t)from->a[m].rows * from->a[m].ld * sizeof(double));
  memcpy(to->core.v, from->core.v, from->core.size * sizeof(double));
  to->err2 = from->err2;
  grams(to);
}

/* ---- the whole ---- */

static prac_rc answer(struct ntd *s, struct prac_arena *a, struct math_ntd *ret)
{
  uint32_t n = s->core.rank[2];
  ntd_scale(s);
  grams(s);
  for (unsigned m = 0; m < MATH_MODES; m++) ret->a[m] = s->a[m];
  ret->core = prac_arena_alloc(a, (s->core.size + 1) * sizeof(double));
  if (!ret->core) return PRAC_NOMEM;
  for (uint32_t p = 0; p < s->core.rank[0] * s->core.rank[1]; p++)
    memcpy(ret->core + (size_t)p * n, s->core.v + (size_t)p * s->core.ld, n * sizeof(double));
  ret->err2 = s->err2;
  ret->fit = fit_of(s);
  ret->kkt = s->x->n ? kkt(s) : 0;
  return PRAC_OK;
}

/* Every start gets its probe; the best of them into `best`, with the room of `now`. */
static prac_rc start_all(struct ntd *now, struct ntd *best, const struct math_ntd_conf *c,
                         struct prac_arena *a, struct math_ntd *ret)
{
  struct tensor_start first = {0};
  struct prac_rng r = prac_rng_of(c->seed);
  if (now->x->n == 0) return PRAC_OK;
  PRAC_TRY(tensor_start_new(now->x, a, &first));
  for (uint32_t i = 0; i < (c->starts ? c->starts : 1); i++) {
    uint32_t sweeps = 0;
    start(now, &first, i ? &r : NULL);
    grams(now);
    now->err2 = (double)INFINITY;
    (void)descend(now, c->probe, -1, &sweeps);
    ret->worst_start = fmin(ret->worst_start, fit_of(now));
    if (now->err2 < best->err2 || i == 0) take_over(best, now);
  }
  ret->best_start = fit_of(best);
  return PRAC_OK;
}

prac_rc math_ntd(const struct math_tensor *x, const struct math_ntd_conf *c,
                 const struct math_par *par, struct prac_arena *a, struct math_ntd *ret)
{
  struct ntd now = {.x = x, .par = par}, best;
  struct math_ntd got = {
      .worst_start = 1, .best_start = 1, .sweeps = c->probe, .settled = x->n == 0};
  PRAC_TRY(factors_new(&now, c, a));
  PRAC_TRY(work_new(&now, a));
  best = now;
  PRAC_TRY(factors_new(&best, c, a));
  PRAC_TRY(start_all(&now, &best, c, a, &got));
  if (x->n) got.settled = descend(&best, c->max_sweeps, c->tol, &got.sweeps);
  PRAC_TRY(answer(&best, a, &got));
  *ret = got;
  return PRAC_OK;
}
