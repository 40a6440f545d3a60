/* The order of the work: how V is cut, who joins what, when a block has converged. */
#include "math/nmf_int.h"

#include <math.h>
#include <string.h>

enum { PATIENCE = 5 };
static const double EXACT = 1e-6; /* of |V|^2: an error below it counts as this much */

size_t math_nmf_ld(uint32_t ranks)
{
  return ((size_t)ranks + MATH_LANES - 1) / MATH_LANES * MATH_LANES;
}

double *math_nmf_alloc(struct prac_arena *a, size_t n)
{
  enum { LINE = 64 };
  char *p = prac_arena_alloc(a, n * sizeof(double) + LINE);
  return p ? (double *)(void *)(p + (LINE - (uintptr_t)p % LINE) % LINE) : NULL;
}

/* ---- one side of a factorisation ---- */

/* Updates tile x of a factor with the sums a, block by block. */
static void step(struct nmf_job *j, struct nmf_part *p, double *x, bool side_w)
{
  const double *gram = side_w ? j->gram_h : j->gram_w;
  for (uint32_t b = 0; b < j->f->n_blocks; b++) {
    size_t r = j->f->rank[b], at = (size_t)j->first[b] * NMF_TILE;
    const double *g = gram + j->gram_at[b];
    if (!j->live[b]) continue;
    if (j->look)
      p->kkt[b] += math_nmf_left(p->a + at, x + at, g, r);
    else if (j->conf->rule == MATH_NMF_MU)
      math_nmf_step_mu(p->a + at, x + at, g, r, p->rows);
    else {
      double first = math_nmf_step_hals(p->a + at, x + at, g, r), now = first;
      for (uint32_t i = 1; side_w && i < j->repeats[b] && now > 0.01 * first; i++)
        now = math_nmf_step_hals(p->a + at, x + at, g, r);
    }
    math_nmf_gram(x + at, r, p->gram + MATH_LANES * j->gram_at[b]);
    if (!side_w) math_nmf_cross(p->a + at, x + at, r, p->cross + j->first[b]);
  }
}

static void clear(struct nmf_job *j, struct nmf_part *p)
{
  memset(p->gram, 0, MATH_LANES * j->n_gram * sizeof(double));
  memset(p->cross, 0, j->ld * sizeof(double));
  memset(p->kkt, 0, sizeof p->kkt);
}

static void w_part(void *ctx, size_t i)
{
  struct nmf_job *j = ctx;
  struct nmf_part *p = &j->part[i];
  clear(j, p);
  memset(p->c, 0, (size_t)j->v->cols * j->ld * sizeof(double));
  for (uint32_t at = j->cut[i]; at < j->cut[i + 1]; at += NMF_TILE) {
    uint32_t n = j->cut[i + 1] - at < NMF_TILE ? j->cut[i + 1] - at : NMF_TILE;
    double *w = j->w + at * j->ld;
    math_nmf_gather(j->v, at, at + n, j->h, j->ld, j->range, p->rows);
    math_nmf_turn(p->rows, j->ld, n, j->range, p->a);
    step(j, p, w, true);
    math_nmf_turn_back(w, j->ld, n, j->range, p->rows);
    math_nmf_scatter(j->v, at, at + n, p->rows, j->ld, j->range, p->c);
  }
}

/* Of the parts' sums, in their order. */
static void join_rows(const struct nmf_job *j, uint32_t at, uint32_t n, double *to)
{
  size_t lo = at * j->ld, len = n * j->ld;
  memcpy(to, j->part[0].c + lo, len * sizeof *to);
  for (uint32_t p = 1; p < j->n_parts; p++) math_axpy(to, 1, j->part[p].c + lo, len);
}

static void h_part(void *ctx, size_t i)
{
  struct nmf_job *j = ctx;
  struct nmf_part *p = &j->part[i];
  uint32_t tiles = (j->v->cols + NMF_TILE - 1) / NMF_TILE;
  uint32_t from = (uint32_t)((uint64_t)tiles * i / j->n_h_parts) * NMF_TILE;
  uint32_t to = (uint32_t)((uint64_t)tiles * (i + 1) / j->n_h_parts) * NMF_TILE;
  if (to > j->v->cols) to = j->v->cols;
  clear(j, p);
  for (uint32_t at = from; at < to; at += NMF_TILE) {
    uint32_t n = to - at < NMF_TILE ? to - at : NMF_TILE;
    double *h = j->h + at * j->ld;
    join_rows(j, at, n, p->rows);
    math_nmf_turn(p->rows, j->ld, n, j->range, p->a);
    math_nmf_turn(h, j->ld, n, j->range, p->x);
    step(j, p, p->x, false);
    if (!j->look) math_nmf_turn_back(p->x, j->ld, n, j->range, h);
  }
}

/* The parts' lanes, in their order, into whole symmetric matrices. */
static void join_grams(const struct nmf_job *j, uint32_t parts, double *gram)
{
  for (uint32_t b = 0; b < j->f->n_blocks; b++) {
    size_t r = j->f->rank[b], at = j->gram_at[b];
    if (!j->live[b]) continue;
    for (size_t k = 0; k < r; k++)
      for (size_t l = 0; l <= k; l++) {
        double s = 0;
        for (uint32_t p = 0; p < parts; p++) {
          const double *lanes = j->part[p].gram + MATH_LANES * (at + k * r + l);
          s += MATH_V4_SUM(lanes);
        }
        gram[at + k * r + l] = gram[at + l * r + k] = s;
      }
  }
}

static double objective(const struct nmf_job *j, uint32_t b)
{
  size_t r = j->f->rank[b];
  const double *gw = j->gram_w + j->gram_at[b], *gh = j->gram_h + j->gram_at[b];
  double cross = 0, square = 0;
  for (size_t k = 0; k < r; k++)
    for (uint32_t p = 0; p < j->n_h_parts; p++) cross += j->part[p].cross[j->first[b] + k];
  for (size_t k = 0; k < r * r; k++) square += gw[k] * gh[k];
  double twice = (j->square - cross) + (square - cross);
  return twice > 0 ? twice / 2 : 0;
}

static void sweep(struct nmf_job *j)
{
  double left[MATH_NMF_BLOCKS] = {0};
  math_par_run(j->par, j->n_parts, w_part, j);
  join_grams(j, j->n_parts, j->gram_w);
  for (uint32_t b = 0; b < j->f->n_blocks; b++)
    for (uint32_t p = 0; p < j->n_parts; p++) left[b] += j->part[p].kkt[b];
  math_par_run(j->par, j->n_h_parts, h_part, j);
  join_grams(j, j->n_h_parts, j->gram_h);
  for (uint32_t b = 0; b < j->f->n_blocks; b++) {
    struct math_nmf_info *info = &j->f->info[b];
    if (!j->live[b]) continue;
    for (uint32_t p = 0; p < j->n_h_parts; p++) left[b] += j->part[p].kkt[b];
    info->objective = objective(j, b);
    info->kkt = j->square > 0 ? sqrt(left[b] / j->square) : 0;
  }
}

/* ---- set up ---- */

static void cut_rows(struct nmf_job *j)
{
  enum { WORTH_A_PART = 1 << 18 };
  const struct math_csr *v = j->v;
  uint64_t nnz = v->row[v->rows], parts = nnz / WORTH_A_PART, most = nnz / (8 * (v->cols + 1ull));
  if (parts > most) parts = most;
  j->n_parts = parts < 1 ? 1 : parts > NMF_PARTS ? NMF_PARTS : (uint32_t)parts;
  for (uint32_t p = 1, i = 0; p < j->n_parts; p++) {
    while (i < v->rows && v->row[i] < nnz * p / j->n_parts) i += NMF_TILE;
    j->cut[p] = i < v->rows ? i : v->rows;
  }
  j->cut[j->n_parts] = v->rows;
  uint64_t h = v->cols * (uint64_t)j->n_gram >> 20;
  j->n_h_parts = h < 1 ? 1 : h > NMF_PARTS ? NMF_PARTS : (uint32_t)h;
}

static prac_rc factor_check(const double *x, uint32_t rows, size_t ld, size_t ranks)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < ld; k++) {
      double e = x[i * ld + k];
      if (!(e >= 0) || !isfinite(e) || (k >= ranks && e > 0)) return PRAC_MALFORMED;
    }
  return PRAC_OK;
}

static prac_rc lay_out(struct nmf_job *j)
{
  uint32_t ranks = 0;
  if (j->f->n_blocks < 1 || j->f->n_blocks > MATH_NMF_BLOCKS) return PRAC_RANGE;
  double nnz = (double)j->v->row[j->v->rows];
  for (uint32_t b = 0; b < j->f->n_blocks; b++) {
    uint32_t r = j->f->rank[b];
    if (r < 1 || r > MATH_NMF_MAX || (ranks += r) > MATH_NMF_MAX) return PRAC_RANGE;
    j->first[b] = ranks - r;
    j->gram_at[b] = j->n_gram;
    j->n_gram += (size_t)r * r;
    j->live[b] = true;
    double rho = 1 + nnz / ((double)j->v->rows * r + 1);
    double more = j->conf->again * rho;
    j->repeats[b] = 1 + (more > 0 ? more < 100 ? (uint32_t)more : 100 : 0);
  }
  j->ld = math_nmf_ld(ranks);
  j->range = (struct nmf_range){0, j->ld / MATH_LANES};
  PRAC_TRY(math_csr_check(j->v));
  PRAC_TRY(factor_check(j->f->w, j->v->rows, j->ld, ranks));
  return factor_check(j->f->h, j->v->cols, j->ld, ranks);
}

static prac_rc part_new(struct nmf_job *j, struct nmf_part *p, bool with_c, struct prac_arena *a)
{
  size_t tile = j->ld * NMF_TILE;
  p->rows = math_nmf_alloc(a, 3 * tile);
  p->gram = math_nmf_alloc(a, MATH_LANES * j->n_gram + j->ld);
  p->c = with_c ? math_nmf_alloc(a, (size_t)j->v->cols * j->ld) : NULL;
  if (!p->rows || !p->gram || (with_c && !p->c)) return PRAC_NOMEM;
  p->a = p->rows + tile;
  p->x = p->a + tile;
  p->cross = p->gram + MATH_LANES * j->n_gram;
  return PRAC_OK;
}

static prac_rc room(struct nmf_job *j, struct prac_arena *a)
{
  size_t h = (size_t)j->v->cols * j->ld, tiles = (j->v->rows + (size_t)NMF_TILE - 1) / NMF_TILE;
  uint32_t n = j->n_parts > j->n_h_parts ? j->n_parts : j->n_h_parts;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(part_new(j, &j->part[i], i < j->n_parts, a));
  j->gram_w = math_nmf_alloc(a, 2 * j->n_gram);
  j->h = math_nmf_alloc(a, h);
  j->w = math_nmf_alloc(a, tiles * NMF_TILE * j->ld);
  if (!j->gram_w || !j->h || !j->w) return PRAC_NOMEM;
  j->gram_h = j->gram_w + j->n_gram;
  return PRAC_OK;
}

/* W in tiles and H on lines of memory while it goes on, and back. */
static void move(struct nmf_job *j, bool in)
{
  size_t h = (size_t)j->v->cols * j->ld * sizeof *j->h;
  const struct nmf_range all = {0, j->ld / MATH_LANES};
  memcpy(in ? j->h : j->f->h, in ? j->f->h : j->h, h);
  for (uint32_t at = 0; at < j->v->rows; at += NMF_TILE) {
    uint32_t n = j->v->rows - at < NMF_TILE ? j->v->rows - at : NMF_TILE;
    double *tile = j->w + at * j->ld, *rows = j->f->w + at * j->ld;
    if (in)
      math_nmf_turn(rows, j->ld, n, all, tile);
    else
      math_nmf_turn_back(tile, j->ld, n, all, rows);
  }
}

static void gram_of_h(struct nmf_job *j)
{
  struct nmf_part *p = &j->part[0];
  clear(j, p);
  for (uint32_t at = 0; at < j->v->cols; at += NMF_TILE) {
    uint32_t n = j->v->cols - at < NMF_TILE ? j->v->cols - at : NMF_TILE;
    math_nmf_turn(j->h + at * j->ld, j->ld, n, j->range, p->x);
    for (uint32_t b = 0; b < j->f->n_blocks; b++)
      math_nmf_gram(p->x + (size_t)j->first[b] * NMF_TILE, j->f->rank[b],
                    p->gram + MATH_LANES * j->gram_at[b]);
  }
  join_grams(j, 1, j->gram_h);
}

/* ---- when to stop ---- */

struct course { /* of each block */
  double last[MATH_NMF_BLOCKS], mark[MATH_NMF_BLOCKS];
};

static bool has_converged(const struct nmf_job *j, struct course *c, uint32_t b)
{
  const struct math_nmf_info *info = &j->f->info[b];
  double now = info->objective, entries = (double)j->v->rows * j->v->cols;
  double scale = j->conf->rule == MATH_NMF_KL ? 1 : 2;
  bool done = j->conf->abs_tol > 0 && info->sweeps > 1 &&
              fabs(c->last[b] - now) * scale < j->conf->abs_tol * entries;
  c->last[b] = now;
  if (info->sweeps % PATIENCE == 1) {
    double floor = EXACT * j->square, of = now > floor ? now : floor;
    if (info->sweeps > 1 && j->conf->rel_tol > 0 && c->mark[b] - now <= j->conf->rel_tol * of)
      done = true;
    c->mark[b] = now;
  }
  return done;
}

/* Returns how many blocks go on; narrows the range to them. */
static uint32_t judge(struct nmf_job *j, struct course *c)
{
  uint32_t n = 0;
  for (uint32_t b = 0; b < j->f->n_blocks; b++) {
    if (!j->live[b]) continue;
    j->f->info[b].sweeps++;
    if (has_converged(j, c, b)) {
      j->f->info[b].converged = true;
      j->live[b] = false;
      continue;
    }
    size_t hi = (j->first[b] + j->f->rank[b] + MATH_LANES - 1) / MATH_LANES;
    if (n++ == 0) j->range.lo = j->first[b] / MATH_LANES;
    j->range.hi = hi;
  }
  return n;
}

static void look(struct nmf_job *j)
{
  j->look = true;
  j->range = (struct nmf_range){0, j->ld / MATH_LANES};
  for (uint32_t b = 0; b < j->f->n_blocks; b++) j->live[b] = true;
  sweep(j);
}

prac_rc math_nmf(const struct math_csr *v, const struct math_nmf_conf *c, struct math_nmf *f,
                 const struct math_par *par, struct prac_arena *arena)
{
  struct nmf_job j = {.v = v, .conf = c, .par = par, .f = f};
  struct course course = {0};
  PRAC_TRY(lay_out(&j));
  cut_rows(&j);
  PRAC_TRY(room(&j, arena));
  for (uint32_t b = 0; b < f->n_blocks; b++) f->info[b] = (struct math_nmf_info){0};
  if (c->rule == MATH_NMF_KL) return math_nmf_kl(&j, arena);
  j.square = math_csr_square(v);
  move(&j, true);
  gram_of_h(&j);
  for (uint32_t i = 0; i < c->max_sweeps; i++) {
    sweep(&j);
    if (judge(&j, &course) == 0) break;
  }
  if (c->kkt || c->max_sweeps == 0) look(&j);
  move(&j, false);
  return PRAC_OK;
}
