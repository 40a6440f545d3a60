/* The path: for each rho the components, each started from what the last rho knew, solved apart,
 * put together again. Two blocks of memory in turn hold this rho's components and the last one's.
 */
#include "math/glasso.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "math/glasso_int.h"

enum { MAX_DEGREE = 256, ROWS = 32 };

struct cut { /* mem NULL: only counts */
  unsigned char *mem;
  size_t used;
};
static void *carve(struct cut *m, size_t n)
{
  void *p = m->mem ? m->mem + m->used : NULL;
  m->used += (n + 31) & ~(size_t)31;
  return p;
}
static size_t pool_cap(uint32_t k, uint32_t max_degree)
{
  uint32_t d = max_degree ? max_degree : MAX_DEGREE;
  return (size_t)k * (k < d ? k : d);
}
static void pool_set(struct gl_pool *p, size_t cap, struct cut *mem)
{
  *p = (struct gl_pool){.ix = carve(mem, cap * sizeof *p->ix), .cap = cap};
  p->val = carve(mem, cap * sizeof *p->val);
}

/* c->k is set; mem NULL counts only. */
static size_t lay_out(struct gl_comp *c, const struct gl_groups *g, uint32_t max_degree,
                      unsigned char *mem)
{
  struct cut at = {mem, 0};
  uint32_t k = c->k;
  size_t cap = pool_cap(k, max_degree), col = k * sizeof(double);
  bool few = g->y && g->n <= GL_FEW;
  double **cols[] = {&c->m, &c->r, &c->sd, &c->o, &c->q, &c->q_diag, &c->e_diag};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cols); i++) *cols[i] = carve(&at, col);
  c->group = carve(&at, k * sizeof *c->group);
  c->beta = carve(&at, k * sizeof *c->beta);
  c->when = carve(&at, k * sizeof *c->when);
  c->turned = carve(&at, k * sizeof *c->turned);
  c->theta = carve(&at, k * sizeof *c->theta);
  c->y = few ? carve(&at, g->n * col) : NULL;
  c->ld = gl_row(k);
  c->yf = few ? carve(&at, g->n * c->ld * sizeof *c->yf) : NULL;
  c->rf = carve(&at, c->ld * sizeof *c->rf);
  c->s = few ? NULL : carve(&at, k * col);
  pool_set(&c->pool[0], cap, &at);
  pool_set(&c->pool[1], cap, &at);
  pool_set(&c->sol, 2 * cap, &at);
  return at.used;
}
static size_t work_out(struct gl_work *w, uint32_t k, unsigned char *mem)
{
  struct cut at = {mem, 0};
  uint32_t cap = w->cap = k < GL_CAP ? k : GL_CAP;
  float **cols[] = {&w->b, &w->b0, &w->g, &w->s, &w->l, &w->x, &w->inv};
  uint32_t exact = (cap < GL_EXACT ? cap : GL_EXACT) + 4; /* filled up to fours, a right side */
  size_t wide = gl_wide(cap + 4), rows = k * sizeof(double) * ROWS,
         gram = cap * (size_t)gl_wide(cap) * sizeof(float);
  w->a = carve(&at, k * sizeof *w->a);
  w->on = carve(&at, k * sizeof *w->on);
  w->head = carve(&at, k * sizeof *w->head);
  w->in = carve(&at, k);
  w->fs = carve(&at, gl_row(k) * sizeof *w->fs);
  w->fv = carve(&at, gl_row(k) * sizeof *w->fv);
  w->t = carve(&at, k * sizeof *w->t);
  w->v = carve(&at, gl_row(k) * sizeof *w->v);
  w->off = carve(&at, k * sizeof *w->off);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cols); i++) *cols[i] = carve(&at, wide * sizeof(float));
  w->d = carve(&at, cap * sizeof *w->d);
  w->gram = carve(&at, gram > rows ? gram : rows); /* of S, first, as many rows of X */
  w->chol = carve(&at, (size_t)exact * gl_wide(exact) * sizeof(float));
  w->bits = carve(&at, (size_t)k * ((k + 63) / 64) * sizeof *w->bits);
  w->degree = carve(&at, k * sizeof *w->degree);
  w->of = carve(&at, gl_first_room(k) * sizeof *w->of);
  w->next = carve(&at, gl_first_room(k) * sizeof *w->next);
  return at.used;
}

/* One rho's components: those of one group are only counted. */
struct level {
  double rho;
  const uint32_t *label; /* of each group */
  uint32_t n, n_solved, largest;
  uint32_t *size;       /* n */
  struct gl_comp *comp; /* n_solved, in the order of their numbers */
  uint32_t *order;      /* n_solved: largest first */
  uint32_t *at;         /* n: index into comp, or UINT32_MAX */
  uint32_t *local;      /* k: place of a group in its component */
  unsigned char *mem, *work;
  gl_w *w, *spare; /* spare: the last rho's w */
};
struct path {
  const struct math_glasso_data *d;
  struct math_glasso_conf c;
  struct gl_groups g;
  struct prac_arena *a;
  struct level *lev;
  double *o; /* k: within-group W of groups that stand alone, at the last rho */
};

static int larger_first(const void *pa, const void *pb, void *arg)
{
  const struct gl_comp *c = arg;
  uint32_t i = *(const uint32_t *)pa, j = *(const uint32_t *)pb;
  if (c[i].k != c[j].k) return c[i].k > c[j].k ? -1 : 1;
  return i < j ? -1 : i > j;
}

static prac_rc level_count(struct path *p, struct level *l)
{
  l->size = prac_arena_alloc(p->a, l->n * sizeof *l->size);
  l->at = prac_arena_alloc(p->a, l->n * sizeof *l->at);
  l->local = prac_arena_alloc(p->a, p->g.k * sizeof *l->local);
  if (!l->size || !l->at || !l->local) return PRAC_NOMEM;
  for (uint32_t i = 0; i < p->g.k; i++) l->local[i] = l->size[l->label[i]]++;
  for (uint32_t i = 0; i < l->n; i++) {
    l->at[i] = l->size[i] > 1 ? l->n_solved++ : UINT32_MAX;
    if (l->size[i] > l->largest) l->largest = l->size[i];
  }
  l->comp = prac_arena_alloc(p->a, (l->n_solved + (size_t)1) * sizeof *l->comp);
  l->order = prac_arena_alloc(p->a, (l->n_solved + (size_t)1) * sizeof *l->order);
  if (!l->comp || !l->order) return PRAC_NOMEM;
  for (uint32_t i = 0; i < l->n; i++)
    if (l->size[i] > 1) l->comp[l->at[i]].k = l->size[i];
  for (uint32_t i = 0; i < l->n_solved; i++) l->order[i] = i;
  qsort_r(l->order, l->n_solved, sizeof *l->order, larger_first, l->comp);
  return PRAC_OK;
}
struct need { /* of the largest level */
  size_t mem, w, work;
};
static void level_needs(struct path *p, struct level *l, struct need *ret)
{
  struct gl_work w;
  struct need n = {0, 0, 0};
  for (uint32_t i = 0; i < l->n_solved; i++) {
    struct gl_comp *c = &l->comp[i];
    n.mem += lay_out(c, &p->g, p->c.max_degree, NULL);
    n.w += c->k * c->ld;
    n.work += work_out(&w, c->k, NULL);
  }
  if (n.mem > ret->mem) ret->mem = n.mem;
  if (n.w > ret->w) ret->w = n.w;
  if (n.work > ret->work) ret->work = n.work;
}

/* What the component is made of, in its own units. */
static void fill_data(const struct path *p, struct gl_comp *c)
{
  const struct gl_groups *g = &p->g;
  c->weight = 0;
  for (uint32_t j = c->k; j < c->ld; j++) c->rf[j] = 0;
  for (uint32_t j = 0; j < c->k; j++) {
    uint32_t h = c->group[j];
    c->m[j] = g->m[h], c->r[j] = g->r[h], c->sd[j] = g->sd[h];
    c->rf[j] = (float)c->r[j];
    c->weight += g->m[h];
  }
  c->n = g->n;
  if (c->y)
    for (size_t t = 0; t < c->n; t++) {
      memset(c->yf + t * c->ld + c->k, 0, (c->ld - c->k) * sizeof *c->yf);
      for (uint32_t j = 0; j < c->k; j++)
        c->yf[t * c->ld + j] = (float)(c->y[t * c->k + j] = g->y[t * g->k + c->group[j]] * c->r[j]);
    }
  if (c->s && g->s)
    for (uint32_t i = 0; i < c->k; i++)
      for (uint32_t j = 0; j < c->k; j++)
        c->s[(size_t)i * c->k + j] = g->s[(size_t)c->group[i] * g->k + c->group[j]];
}
/* Many samples: S of this component only, from its columns, by tiles of rows of X. */
static void fill_s(const struct path *p, struct gl_comp *c, double *room)
{
  memset(c->s, 0, (size_t)c->k * c->k * sizeof *c->s);
  for (size_t t = 0; t < p->g.n; t += ROWS) {
    size_t rows = p->g.n - t < ROWS ? p->g.n - t : ROWS;
    for (size_t e = 0; e < rows; e++)
      for (uint32_t j = 0; j < c->k; j++)
        room[e * c->k + j] = p->g.y[(t + e) * p->g.k + c->group[j]] * c->r[j];
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)c->k, (int)rows, 1, room, (int)c->k, 1,
                c->s, (int)c->k);
  }
  for (uint32_t i = 0; i < c->k; i++)
    for (uint32_t j = 0; j < i; j++) c->s[(size_t)i * c->k + j] = c->s[(size_t)j * c->k + i];
}

/* S + a (W - S), a = rho / last rho; between components W was 0, and at the first rho a is 0. */
static void fill_w(const struct path *p, const struct level *l, const struct level *last,
                   struct gl_comp *c, struct gl_work *work)
{
  float a = last ? (float)(l->rho / last->rho) : 0;
  uint32_t *at = work->a, *label = work->on; /* of each column, at the last rho */
  for (uint32_t j = 0; j < c->k && last; j++)
    at[j] = last->local[c->group[j]], label[j] = last->label[c->group[j]];
  for (uint32_t j = 0; j < c->k; j++) {
    const struct gl_comp *b =
        last && last->at[label[j]] < UINT32_MAX ? &last->comp[last->at[label[j]]] : NULL;
    const float *s = gl_srow(c, j, work->fs);
    gl_w *w = c->w + j * c->ld;
    const gl_w *old = b ? b->w + at[j] * b->ld : NULL;
    for (uint32_t i = 0; i < c->k; i++)
      w[i] = s[i] + a * ((old && label[i] == label[j] ? old[at[i]] : 0) - s[i]);
    memset(w + c->k, 0, (c->ld - c->k) * sizeof *w);
    double o = b ? b->o[at[j]] : p->o[c->group[j]];
    c->o[j] = c->m[j] > 1 ? c->sd[j] + (double)a * (o - c->sd[j]) : 0;
    w[j] = (gl_w)(c->sd[j] + c->rho + (c->m[j] - 1) * c->o[j]);
    c->q[j] = 0;
  }
}
static void fill_beta(const struct level *l, const struct level *last, struct gl_comp *c)
{
  struct gl_pool *to = &c->pool[0];
  c->cur = 0;
  c->full = false;
  c->visits = 0;
  to->used = 0;
  for (uint32_t j = 0; j < c->k; j++) {
    c->beta[j] = (struct gl_list){to->used, 0};
    uint32_t h = c->group[j], at = last ? last->at[last->label[h]] : UINT32_MAX;
    if (at == UINT32_MAX) continue;
    const struct gl_comp *b = &last->comp[at];
    const struct gl_pool *from = &b->pool[b->cur];
    struct gl_list old = b->beta[last->local[h]];
    if (to->cap - to->used < old.n) continue;
    for (uint32_t e = 0; e < old.n; e++) {
      to->ix[to->used] = l->local[b->group[from->ix[old.at + e]]];
      to->val[to->used++] = from->val[old.at + e];
    }
    c->beta[j].n = old.n;
    c->q[j] = b->q[last->local[h]];
  }
}

struct solve {
  struct path *p;
  struct level *l, *last;
  size_t *mem_at, *work_at;
};
static void begin_one(void *arg, size_t i)
{
  struct solve *s = arg;
  uint32_t at = s->l->order[i];
  struct gl_comp *c = &s->l->comp[at];
  struct gl_work w;
  (void)work_out(&w, c->k, s->l->work + s->work_at[at]);
  memset(w.in, 0, c->k);
  memset(w.off, 0, c->k * sizeof *w.off);
  c->rho = s->l->rho;
  fill_data(s->p, c);
  if (c->s && !s->p->g.s) fill_s(s->p, c, (double *)(void *)w.gram);
  fill_w(s->p, s->l, s->last, c, &w);
  fill_beta(s->l, s->last, c);
}
static void solve_one(void *arg, size_t i)
{
  struct solve *s = arg;
  uint32_t at = s->l->order[i];
  struct gl_comp *c = &s->l->comp[at];
  struct gl_work w;
  (void)work_out(&w, c->k, s->l->work + s->work_at[at]);
  gl_solve(c, &s->p->c, &w);
}

static prac_rc level_solve(struct path *p, struct level *l, struct level *last)
{
  size_t *at = prac_arena_alloc(p->a, 2 * (l->n_solved + (size_t)1) * sizeof *at);
  if (!at) return PRAC_NOMEM;
  struct solve s = {p, l, last, at, at + l->n_solved + 1};
  size_t mem = 0, w_at = 0, work = 0;
  for (uint32_t i = 0; i < l->n_solved; i++) {
    struct gl_work w;
    struct gl_comp *c = &l->comp[i];
    mem += lay_out(c, &p->g, p->c.max_degree, l->mem + mem);
    c->w = l->w + w_at;
    c->spare = l->spare + w_at;
    w_at += c->k * c->ld;
    s.work_at[i] = work;
    work += work_out(&w, c->k, NULL);
  }
  for (uint32_t i = 0; i < p->g.k; i++) {
    uint32_t c = l->at[l->label[i]];
    if (c < UINT32_MAX) l->comp[c].group[l->local[i]] = i;
  }
  math_par_run(p->c.par, l->n_solved, begin_one, &s); /* after it the last rho is not needed */
  math_par_run(p->c.par, l->n_solved, solve_one, &s);
  return PRAC_OK;
}

/* A group that touches no other: closed form. Within it W - S = -rho or W = 0. */
static double alone(struct path *p, double rho, uint32_t h, struct math_glasso *ret)
{
  double m = p->g.m[h], d = p->g.sd[h] + rho, f = m * log(d);
  double low = p->g.sd[h] - rho;
  p->o[h] = m > 1 && low > 0 ? low : 0;
  if (m > 1) f = (m - 1) * log(d - p->o[h]) + log(d + (m - 1) * p->o[h]);
  if (m > 1 && low > 0) ret->edges += (uint64_t)(m * (m - 1) / 2);
  return f + m;
}

static prac_rc level_answer(struct path *p, struct level *l, struct math_glasso *ret)
{
  *ret = (struct math_glasso){.rho = l->rho,
                              .groups = p->g.k,
                              .components = l->n,
                              .largest = l->largest,
                              .converged = true};
  double f = 0;
  for (uint32_t i = 0; i < p->g.k; i++)
    if (l->at[l->label[i]] == UINT32_MAX) f += alone(p, l->rho, i, ret);
  for (uint32_t i = 0; i < l->n_solved; i++) {
    struct gl_comp *c = &l->comp[i];
    if (c->full) return PRAC_NOSPACE;
    f += c->objective;
    ret->gap += c->gap;
    ret->edges += c->edges;
    if (c->sweeps > ret->sweeps) ret->sweeps = c->sweeps;
    ret->converged = ret->converged && c->converged;
  }
  ret->objective = p->c.objective ? f : (double)NAN;
  return PRAC_OK;
}
static prac_rc level_theta(struct path *p, struct level *l, struct math_glasso *ret)
{
  struct gl_part *part = prac_arena_alloc(p->a, p->g.k * sizeof *part);
  if (!part) return PRAC_NOMEM;
  for (uint32_t h = 0; h < p->g.k; h++) {
    uint32_t at = l->at[l->label[h]];
    if (at < UINT32_MAX) part[h] = (struct gl_part){&l->comp[at], l->local[h]};
  }
  return gl_theta(&p->g, p->d->p, l->rho, part, ret->edges, p->a, &ret->theta);
}

static prac_rc checked(const struct math_glasso_data *d, const struct math_glasso_conf *c)
{
  if (!d->x == !d->s || (d->x && !d->n) || !c->n_rho) return PRAC_RANGE;
  if (d->p > UINT16_MAX || d->n > UINT16_MAX * (size_t)16) return PRAC_RANGE;
  for (size_t i = 0; i < c->n_rho; i++)
    if (!(c->rho[i] > 0) || !isfinite(c->rho[i]) || (i && !(c->rho[i] < c->rho[i - 1])))
      return PRAC_RANGE;
  return PRAC_OK;
}

static void nothing(const struct math_glasso_conf *c, struct math_glasso *ret)
{
  for (size_t i = 0; i < c->n_rho; i++) {
    ret[i] = (struct math_glasso){.rho = c->rho[i], .converged = true};
    ret[i].objective = c->objective ? 0 : (double)NAN;
  }
}

prac_rc math_glasso_path(const struct math_glasso_data *d, const struct math_glasso_conf *c,
                         struct prac_arena *a, struct math_glasso *ret)
{
  PRAC_TRY(checked(d, c));
  struct path p = {.d = d, .c = *c, .a = a};
  if (!(p.c.gap > 0)) p.c.gap = 1e-4;
  if (p.c.gap < 1e-6) p.c.gap = 1e-6; /* W is kept in floats */
  nothing(c, ret);
  if (!d->p) return PRAC_OK;
  uint32_t *label = NULL, *n = prac_arena_alloc(a, c->n_rho * sizeof *n);
  p.lev = prac_arena_alloc(a, c->n_rho * sizeof *p.lev);
  if (!n || !p.lev) return PRAC_NOMEM;
  PRAC_TRY(gl_groups_of(d, a, &p.g));
  PRAC_TRY(gl_screen(&p.g, c, a, &label, n));
  struct need need = {0, 0, 0};
  for (size_t i = 0; i < c->n_rho; i++) {
    p.lev[i] = (struct level){.rho = c->rho[i], .label = label + i * p.g.k, .n = n[i]};
    PRAC_TRY(level_count(&p, &p.lev[i]));
    level_needs(&p, &p.lev[i], &need);
  }
  /* one piece: what is not used of it is never touched */
  unsigned char *block = prac_arena_alloc(a, 2 * need.mem + need.work);
  gl_w *w = prac_arena_alloc_large(a, 2 * need.w * sizeof *w);
  p.o = prac_arena_alloc(a, p.g.k * sizeof *p.o);
  if (!block || !w || !p.o) return PRAC_NOMEM;
  for (size_t i = 0; i < c->n_rho; i++) {
    p.lev[i].mem = block + i % 2 * need.mem;
    p.lev[i].work = block + 2 * need.mem;
    p.lev[i].w = w + i % 2 * need.w;
    p.lev[i].spare = w + (i + 1) % 2 * need.w;
    PRAC_TRY(level_solve(&p, &p.lev[i], i ? &p.lev[i - 1] : NULL));
    PRAC_TRY(level_answer(&p, &p.lev[i], &ret[i]));
  }
  size_t z = c->n_rho - 1;
  return c->theta ? level_theta(&p, &p.lev[z], &ret[z]) : PRAC_OK;
}
