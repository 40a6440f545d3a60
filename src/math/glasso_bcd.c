/* One component: sweeps over its columns. Column j of W becomes W beta, where beta solves the lasso
 * of j on the others; beta lies in two pools in turn, so that lists need no room to grow. After
 * each sweep the columns that were furthest off are visited once more, and before a look at the gap
 * those that still are. */
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

enum { MANY = 16, ROUNDS = 4, MAX_SWEEPS = 100, BLOCK = 16, AHEAD = 16 };
typedef long long v4l __attribute__((vector_size(32), aligned(8), may_alias));
typedef int v8i __attribute__((vector_size(32), aligned(4), may_alias));
typedef float v8f __attribute__((vector_size(32), aligned(4), may_alias));
typedef float v4f __attribute__((vector_size(16), aligned(4), may_alias));
#define READ_4(p) (*(const v4f *)(p))
#define AT_4(p) (*(v4f *)(p))
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define READ_8(p) (*(const v8f *)(p))
#define AT_8(p) (*(v8f *)(p))

#define OVER 1.35   /* above 1.5 W may stop being definite on the way */
#define DIGIT 1e-6f /* where rounding may put what lies at the border */
#define NEAR 0.998F /* of its limit: may well be at the border once this column is solved */
#define FAR 10      /* times the mean of what columns were off: visited again */
#define LAST 1      /* the same before a look */
#define LOOK 0.5    /* of the goal: what columns were off when the first look pays */
#define EXACT 30    /* times the goal: from here on every border is minded */
#define RATE 0.4    /* of what is left, by one sweep, as long as nothing is known */

struct sweep {
  struct gl_comp *c;
  struct gl_work *w;
  double tol;   /* of |E'_j|^2 a column: the lasso's share */
  double moved; /* sum of what columns were off, as found */
  double over;  /* 1, or more: over-relaxed */
  float slack;  /* of its limit: what lies no further outside is left as it is */
};

MATH_CLONES static void few_samples(const float *y, size_t n, size_t ld, uint32_t j, float *to)
{
  for (size_t i = 0; i < ld; i += GL_LINE) {
    v8f a = {0}, b = {0};
    for (size_t t = 0; t < n; t++) {
      float x = y[t * ld + j];
      a += x * READ_8(y + t * ld + i);
      b += x * READ_8(y + t * ld + i + 8);
    }
    AT_8(to + i) = a;
    AT_8(to + i + 8) = b;
  }
}
const float *gl_srow(const struct gl_comp *c, uint32_t j, float *room)
{
  if (c->s) {
    for (uint32_t i = 0; i < c->k; i++) room[i] = (float)c->s[(size_t)j * c->k + i];
    memset(room + c->k, 0, (c->ld - c->k) * sizeof *room);
  } else
    few_samples(c->yf, c->n, c->ld, j, room);
  return room;
}
double gl_sij(const struct gl_comp *c, uint32_t i, uint32_t j)
{
  if (c->s) return c->s[(size_t)j * c->k + i];
  double s = 0;
  for (size_t t = 0; t < c->n; t++) s += c->y[t * c->k + j] * c->y[t * c->k + i];
  return s;
}

/* Which i have |s - v| > lim r_i, rising, into ret (room for all); how many. */
MATH_CLONES static uint32_t outside(const float *s, const float *v, const float *r, float lim,
                                    size_t ld, uint32_t *ret)
{
  uint32_t n = 0;
  for (uint32_t at = 0; at < ld; at += GL_LINE) {
    v8f d = READ_8(s + at) - READ_8(v + at), e = READ_8(s + at + 8) - READ_8(v + at + 8);
    v8f l = lim * READ_8(r + at), m = lim * READ_8(r + at + 8);
    v8i any = (v8i)(d > l) | (v8i)(-d > l) | (v8i)(e > m) | (v8i)(-e > m);
    v4l both = (v4l)any;
    if (!(both[0] | both[1] | both[2] | both[3])) continue;
    for (uint32_t i = at; i < at + GL_LINE; i++) {
      ret[n] = i;
      n += fabsf(s[i] - v[i]) > lim * r[i];
    }
  }
  return n;
}

/* Half of the box of column j, but for the other's root. */
static float limit(const struct gl_comp *c, uint32_t j)
{
  return (float)c->rho * c->rf[j];
}
/* Those outside lim that are not active yet become so: at most `most` of them, the furthest.
 * Returns how many now. */
static uint32_t take(struct sweep *p, uint32_t j, const float *s, float lim, uint32_t most,
                     uint32_t n)
{
  const struct gl_comp *c = p->c;
  struct gl_work *w = p->w;
  uint32_t found = outside(s, w->fv, c->rf, lim, c->ld, w->on), count = 0;
  float far = 0, cut = lim;
  for (uint32_t e = 0; e < found; e++) {
    uint32_t i = w->on[e];
    if (i == j || w->in[i]) continue;
    w->on[count++] = i;
    float off = fabsf(s[i] - w->fv[i]) / c->rf[i];
    if (off > far) far = off;
  }
  for (uint32_t left = count; left > most && cut < far * (1 - DIGIT);) {
    cut = (cut + far) / 2;
    left = 0;
    for (uint32_t e = 0; e < count; e++)
      left += fabsf(s[w->on[e]] - w->fv[w->on[e]]) > cut * c->rf[w->on[e]];
  }
  for (uint32_t e = 0; e < count && n < w->cap; e++) {
    uint32_t i = w->on[e];
    if (!(fabsf(s[i] - w->fv[i]) > cut * c->rf[i])) continue;
    w->a[n] = i;
    w->b[n] = w->b0[n] = 0;
    w->in[i] = 1;
    n++;
  }
  return n;
}
static uint32_t activate(struct sweep *p, uint32_t j, const float *s, uint32_t n)
{
  return take(p, j, s, limit(p->c, j) * (1 + p->slack), MANY, n);
}
/* Where the other column has j, W lies at the border of its box: known before the first round. */
static uint32_t at_border(struct sweep *p, uint32_t j, const float *s, uint32_t n)
{
  const struct gl_comp *c = p->c;
  memcpy(p->w->fv, c->w + j * c->ld, c->ld * sizeof *p->w->fv);
  return take(p, j, s, limit(c, j) * NEAR, UINT32_MAX, n);
}

/* Rows of the block at hand are ahead of the columns: their places in other rows are not used. */
static void gather(struct sweep *p, uint32_t j, const float *s, uint32_t n)
{
  const struct gl_comp *c = p->c;
  struct gl_work *w = p->w;
  uint32_t block = j - j % BLOCK, wide = gl_wide(n);
  float lim = limit(c, j);
  for (uint32_t a = 0; a < n; a++) {
    uint32_t at = w->a[a];
    const gl_w *row = c->w + at * c->ld;
    float *to = w->gram + (size_t)a * wide, *across = w->gram + a;
    for (uint32_t e = 0; e <= a; e++, across += wide) *across = to[e] = row[w->a[e]];
    for (uint32_t e = n; e < wide; e++) to[e] = 0;
    w->s[a] = s[at];
    w->l[a] = lim * c->rf[at];
  }
  for (uint32_t a = 0; a < n; a++) {
    if (w->a[a] - block >= BLOCK) continue;
    const gl_w *row = c->w + w->a[a] * c->ld;
    float *to = w->gram + (size_t)a * wide, *across = w->gram + a;
    for (uint32_t e = 0; e < n; e++, across += wide) *across = to[e] = row[w->a[e]];
  }
}
static void product(struct sweep *p, uint32_t j, uint32_t n)
{
  const struct gl_comp *c = p->c;
  struct gl_work *w = p->w;
  uint32_t k = 0;
  for (uint32_t a = 0; a < n; a++) {
    w->on[k] = w->a[a];
    w->x[k] = w->b[a];
    k += w->b[a] < 0 || w->b[a] > 0;
  }
  gl_product_fast(c->w, c->ld, w->on, w->x, k, w->fv);
  for (uint32_t i = j - j % BLOCK; i < j; i++) {
    const gl_w *row = c->w + i * c->ld;
    double sum = 0;
    for (uint32_t a = 0; a < k; a++) sum += (double)(w->x[a] * row[w->on[a]]);
    w->fv[i] = (float)sum;
  }
}

/* Four by four of `from`, turned. */
static void turn_four(const gl_w *from, size_t ld, gl_w *to)
{
  v4f a = READ_4(from), b = READ_4(from + ld), c = READ_4(from + 2 * ld), d = READ_4(from + 3 * ld);
  v4f e = LOW(a, c), f = LOW(b, d), g = HIGH(a, c), h = HIGH(b, d);
  AT_4(to) = LOW(e, f);
  AT_4(to + ld) = HIGH(e, f);
  AT_4(to + 2 * ld) = LOW(g, h);
  AT_4(to + 3 * ld) = HIGH(g, h);
}
/* The block's rows are its columns too: whole cache lines at a time. */
static void put_block(struct gl_comp *c, uint32_t block)
{
  const gl_w *from = c->w + block * c->ld;
  uint32_t n = c->k - block < BLOCK ? c->k - block : BLOCK, i = 0;
  for (; n == BLOCK && i + 4 <= c->k; i += 4) {
    gl_w *to = c->w + i * c->ld + block;
    for (uint32_t e = 0; e < 4 && i + AHEAD + e < c->k; e++)
      __builtin_prefetch(to + (AHEAD + e) * c->ld, 1);
    if (i - block < BLOCK) continue;
    for (uint32_t e = 0; e < BLOCK; e += 4) turn_four(from + e * c->ld + i, c->ld, to + e);
  }
  for (; i < c->k; i++)
    for (uint32_t e = 0; e < n; e++) c->w[i * c->ld + block + e] = from[e * c->ld + i];
}

/* Into the other pool, sorted, without zeros. */
static void put_list(struct sweep *p, uint32_t j, uint32_t n)
{
  struct gl_comp *c = p->c;
  struct gl_pool *to = &c->pool[!c->cur];
  if (to->cap - to->used < n) {
    c->full = true;
    n = 0;
  }
  uint32_t *ix = to->ix + to->used, k = 0;
  double *val = to->val + to->used;
  for (uint32_t a = 0; a < n; a++) {
    if (!(p->w->b[a] < 0) && !(p->w->b[a] > 0)) continue;
    uint32_t i = k++;
    for (; i && ix[i - 1] > p->w->a[a]; i--) ix[i] = ix[i - 1], val[i] = val[i - 1];
    ix[i] = p->w->a[a];
    val[i] = (double)p->w->b[a];
  }
  c->beta[j] = (struct gl_list){to->used, k};
  to->used += k;
}

/* W_j. = old + over (v - old), kept in its box. */
MATH_CLONES static void relax(const struct gl_comp *c, uint32_t j, const float *s, float over,
                              const float *v)
{
  gl_w *to = c->w + j * c->ld;
  float lim = limit(c, j);
  for (size_t i = 0; i < c->ld; i += 8) {
    v8f was = READ_8(to + i), at = READ_8(s + i), l = lim * READ_8(c->rf + i);
    v8f x = was + over * (READ_8(v + i) - was) - at;
    v8i up = (v8i)(x > l), down = (v8i)(-x > l), in = ~(up | down);
    AT_8(to + i) = at + (v8f)((up & (v8i)l) | (down & (v8i)-l) | (in & (v8i)x));
  }
}
/* o of a group, over-relaxed like the rest of its column, but no further than half the way to where
 * W would not be definite. */
static double within(const struct sweep *p, uint32_t j)
{
  const struct gl_comp *c = p->c;
  double m = c->m[j], d = c->sd[j] + c->rho, low = c->sd[j] - c->rho;
  double o = fmax(c->q[j] / m, low), left = d + (m - 1) * o - c->q[j];
  double far = fmax(o + (p->over - 1) * (o - c->o[j]), low);
  if ((m - 1) * (o - far) > left / 2) return o;
  return fmin(far, (o + d) / 2);
}

static void settle(struct sweep *p, uint32_t j, const float *s)
{
  struct gl_comp *c = p->c;
  const float *v = p->w->fv;
  gl_w *row = c->w + j * c->ld;
  double q = 0;
  const struct gl_list *b = &c->beta[j];
  const uint32_t *ix = c->pool[!c->cur].ix + b->at;
  const double *val = c->pool[!c->cur].val + b->at;
  for (uint32_t a = 0; a < b->n; a++) q += val[a] * (double)v[ix[a]];
  c->q[j] = q;
  c->o[j] = c->m[j] > 1 ? within(p, j) : 0;
  relax(c, j, s, (float)p->over, v);
  row[j] = (gl_w)(c->sd[j] + c->rho + (c->m[j] - 1) * c->o[j]);
  for (uint32_t i = j - j % BLOCK; i < c->k && i < j - j % BLOCK + BLOCK; i++)
    c->w[i * c->ld + j] = row[i];
}

static void visit(struct sweep *p, uint32_t j)
{
  struct gl_comp *c = p->c;
  struct gl_work *w = p->w;
  const struct gl_pool *from = &c->pool[c->cur];
  struct gl_list old = c->beta[j];
  double t = 1 / ((double)c->w[j * c->ld + j] - c->q[j]), step;
  uint32_t n = old.n < w->cap ? old.n : w->cap, before = 0;
  for (uint32_t a = 0; a < n; a++) {
    w->a[a] = from->ix[old.at + a];
    w->b[a] = w->b0[a] = (float)from->val[old.at + a];
  }
  const float *s = gl_srow(c, j, w->fs);
  for (uint32_t a = 0; a < n; a++) w->in[w->a[a]] = 1;
  n = at_border(p, j, s, n);
  if (!n) {
    memset(w->fv, 0, c->ld * sizeof *w->fv);
    n = activate(p, j, s, n);
  }
  for (uint32_t round = 0; round < ROUNDS; round++) {
    gather(p, j, s, n);
    gl_lasso(w, n, sqrt(p->tol / (t * (n + 1))));
    product(p, j, n);
    before = n;
    n = activate(p, j, s, n);
    if (n == before) break;
  }
  step = t * gl_step(w, before);
  for (uint32_t a = 0; a < n; a++) w->in[w->a[a]] = 0;
  p->moved += step;
  w->off[j] = step;
  c->when[j] = ++c->visits;
  put_list(p, j, n);
  settle(p, j, s);
}

/* The sum of squares at which the gap is proved: -e - log(1 - e) = gap, e its root. */
static double goal_of(double gap)
{
  double lo = 0, hi = 1;
  for (int i = 0; i < 40; i++) {
    double x = (lo + hi) / 2;
    (-sqrt(x) - log1p(-sqrt(x)) < gap ? (lo = x) : (hi = x));
  }
  return lo;
}
/* How many sweeps until then, as things went so far. */
static uint32_t sweeps_to(double now, double goal, double before, uint32_t took)
{
  double rate = before > now && now > 0 ? pow(now / before, 1.0 / took) : RATE;
  double n = ceil(log(goal / now) / log(rate < 0.8 ? rate : 0.8));
  return n > 8 ? 8 : n > 1 ? (uint32_t)n : 1;
}

/* A column as it is, into the other pool. */
static void keep(struct sweep *p, uint32_t j)
{
  struct gl_comp *c = p->c;
  const struct gl_pool *from = &c->pool[c->cur];
  struct gl_pool *to = &c->pool[!c->cur];
  struct gl_list *l = &c->beta[j];
  if (to->cap - to->used < l->n) {
    c->full = true;
    l->n = 0;
  }
  memcpy(to->ix + to->used, from->ix + l->at, l->n * sizeof *to->ix);
  memcpy(to->val + to->used, from->val + l->at, l->n * sizeof *to->val);
  l->at = to->used;
  to->used += l->n;
}
/* Columns that were off by more than `cut` when last visited: less than 0, all. */
static void sweep(struct sweep *p, double cut)
{
  struct gl_comp *c = p->c;
  c->pool[!c->cur].used = 0;
  for (uint32_t block = 0; block < c->k; block += BLOCK) {
    bool any = false;
    for (uint32_t j = block; j < c->k && j < block + BLOCK; j++) {
      bool far = p->w->off[j] > cut;
      far ? visit(p, j) : keep(p, j);
      any = any || far;
    }
    if (any) put_block(c, block);
  }
  c->cur = !c->cur;
}

void gl_solve(struct gl_comp *c, const struct math_glasso_conf *conf, struct gl_work *w)
{
  double target = conf->gap * c->weight, goal = goal_of(0.9 * target), before = 0;
  double off = 30 * goal; /* of all columns in the last sweep; a guess */
  unsigned most = conf->max_sweeps ? conf->max_sweeps : MAX_SWEEPS;
  uint32_t next = 0, took = 0; /* when to look; how long it was since */
  c->gap = (double)INFINITY;
  c->converged = false;
  for (c->sweeps = 0; c->sweeps < most && !c->full;) {
    struct sweep p = {.c = c, .w = w, .over = c->sweeps ? OVER : 1};
    /* no closer than the other columns are */
    p.tol = 0.001 * fmax(goal, 10 * off) / c->k;
    p.slack = off < EXACT * goal ? DIGIT : 0.06F * (float)sqrt(off / c->k);
    sweep(&p, -1);
    c->sweeps++;
    off = p.moved;
    sweep(&p, FAR * off / c->k);
    took++;
    if (c->sweeps < most && (next ? c->sweeps < next : off > LOOK * goal)) continue;
    sweep(&p, LAST * off / c->k);
    gl_certify(c, w, goal);
    /* Whatever rounding does to the factor, it is less than what is taken off: it is at most k + 1
     * digits of the roots of two diagonals, an entry, and so k times that of a diagonal. */
    c->converged =
        c->gap <= target && isfinite(gl_logdet(c, w, ldexp((double)c->k * (c->k + 8.0), -53)));
    if (c->converged) break;
    next = c->sweeps + sweeps_to(c->f2, goal, before, took);
    before = c->f2;
    took = 0;
  }
  c->objective = conf->objective && !c->full ? gl_objective(c, w) : (double)NAN;
}
