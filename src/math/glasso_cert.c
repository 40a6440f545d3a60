/* What a component's W and beta prove: Theta, symmetric, and how far it is from the best. */
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

typedef float v4f __attribute__((vector_size(16), aligned(4), may_alias));
#define READ_W(p) __builtin_convertvector(*(const v4f *)(p), math_v4)
#define AT_W(p) (*(v4f *)(p))

enum { ROUNDED = 20 }; /* digits an entry of E may be off: five in its product, more while mended */

/* Columns of beta by row: list i has those j with beta_ij != 0, rising. Into the spare pool. */
static void turn(struct gl_comp *c, struct gl_list *to)
{
  const struct gl_pool *p = &c->pool[c->cur];
  struct gl_pool *q = &c->pool[!c->cur];
  memset(to, 0, c->k * sizeof *to);
  for (uint32_t j = 0; j < c->k; j++)
    for (uint32_t a = 0; a < c->beta[j].n; a++) to[p->ix[c->beta[j].at + a]].n++;
  size_t at = 0;
  for (uint32_t j = 0; j < c->k; j++) to[j].at = at, at += to[j].n, to[j].n = 0;
  for (uint32_t j = 0; j < c->k; j++)
    for (uint32_t a = 0; a < c->beta[j].n; a++) {
      struct gl_list *l = &to[p->ix[c->beta[j].at + a]];
      q->ix[l->at + l->n] = j;
      q->val[l->at + l->n++] = p->val[c->beta[j].at + a];
    }
}

/* Column j of Q = the mean of -t_j beta_ij and -t_i beta_ji. Is one of them 0, the later of the two
 * columns decides: it has seen the other move. Over `turned` in place: it is read
 * no further than where the answer has come. */
static void join_lists(struct gl_comp *c, const struct gl_list *turned, const double *t, uint32_t j)
{
  const struct gl_pool *p = &c->pool[c->cur], *q = &c->pool[!c->cur];
  struct gl_list b = c->beta[j], o = turned[j];
  struct gl_list *to = &c->theta[j];
  *to = (struct gl_list){c->sol.used, 0};
  for (uint32_t x = 0, y = 0; x < b.n || y < o.n;) {
    uint32_t i = x < b.n ? p->ix[b.at + x] : UINT32_MAX, e = y < o.n ? q->ix[o.at + y] : UINT32_MAX;
    uint32_t at = i < e ? i : e;
    double v = 0;
    if (i == at) v -= t[j] * p->val[b.at + x++];
    if (e == at) v -= t[at] * q->val[o.at + y++];
    if (c->when[at] < c->when[j] ? i != at : e != at) continue;
    if (!(v < 0) && !(v > 0)) continue;
    c->sol.ix[c->sol.used] = at;
    c->sol.val[c->sol.used++] = i == e ? v / 2 : v;
    to->n++;
  }
}

/* The group's own terms: linear part of f, minus logarithms of W's and Q's small eigenvalues. */
static double group_terms(struct gl_comp *c, uint32_t j)
{
  double m = c->m[j], d = c->sd[j] + c->rho, q = c->q_diag[j], b = 0;
  c->e_diag[j] = q;
  if (m > 1 && c->q[j] / m < c->sd[j] - c->rho) {
    c->e_diag[j] = 1 / (d - c->o[j]);
    b = (q - c->e_diag[j]) / m;
  }
  double a = q - (m - 1) * b, e = c->e_diag[j];
  if (b < 0 || b > 0) c->edges += (uint64_t)(m * (m - 1) / 2);
  return m * c->sd[j] * q + c->rho * m * (fabs(a) + (m - 1) * fabs(b)) -
         (m > 1 ? (m - 1) * log(e * (d - c->o[j])) : 0);
}

/* to = v + q w; |w|^2 */
MATH_CLONES static double add_own(const double *v, double q, const gl_w *w, size_t ld, gl_w *to)
{
  math_v4 sum = {0};
  for (size_t i = 0; i < ld; i += MATH_LANES) {
    math_v4 x = READ_W(w + i);
    AT_W(to + i) = __builtin_convertvector(MATH_READ(v + i) + q * x, v4f);
    sum += x * x;
  }
  return MATH_V4_SUM(sum);
}
/* Column j of E = W Q - 1 into `spare`; |W_.j| into `off`. */
static void error_column(struct gl_comp *c, struct gl_work *w, uint32_t j)
{
  gl_w *to = c->spare + j * c->ld;
  const struct gl_list *l = &c->theta[j];
  gl_product(c->w, c->ld, c->sol.ix + l->at, c->sol.val + l->at, l->n, w->v);
  w->off[j] = sqrt(add_own(w->v, c->q_diag[j], c->w + j * c->ld, c->ld, to));
  to[j] -= 1;
}

/* Sums over columns: the linear part of f; tr E; |Q| times what W is outside its box, by rounding.
 */
struct sums {
  double linear, trace, out;
};
static void add_column(struct gl_comp *c, uint32_t j, struct sums *to)
{
  const gl_w *own = c->w + j * c->ld;
  const uint32_t *ix = c->sol.ix + c->theta[j].at;
  const double *val = c->sol.val + c->theta[j].at;
  double on = c->q_diag[j] * (double)own[j];
  to->linear += group_terms(c, j);
  to->trace += on - 1;
  to->out += on * ldexp(1, -24);
  for (uint32_t a = 0; a < c->theta[j].n; a++) {
    double w = (double)own[ix[a]], s = gl_sij(c, ix[a], j), q = fabs(val[a]);
    double lim = c->rho * c->r[j] * c->r[ix[a]], out = fabs(w - s) - lim;
    to->linear += s * val[a] + lim * q;
    to->trace += w * val[a];
    if (out > 0) to->out += out * q;
    if (ix[a] < j) c->edges += (uint64_t)(c->m[j] * c->m[ix[a]]);
  }
}

/* What |E| may be off by rounding; norm: of W's columns. */
static double rounding(const struct gl_comp *c, const double *norm)
{
  double sum = 0;
  for (uint32_t j = 0; j < c->k; j++) {
    double off = c->q_diag[j] * norm[j];
    for (size_t a = c->theta[j].at; a < c->theta[j].at + c->theta[j].n; a++)
      off += fabs(c->sol.val[a]) * norm[c->sol.ix[a]];
    sum += off * off;
  }
  return ROUNDED * ldexp(1, -24) * sqrt(sum);
}

void gl_certify(struct gl_comp *c, struct gl_work *w, double goal)
{
  struct sums s = {.linear = -c->weight};
  c->edges = 0;
  c->sol.used = 0;
  for (uint32_t j = 0; j < c->k; j++)
    c->q_diag[j] = w->t[j] = 1 / ((double)c->w[j * c->ld + j] - c->q[j]);
  turn(c, c->turned);
  for (uint32_t j = 0; j < c->k; j++) join_lists(c, c->turned, w->t, j);
  for (uint32_t j = 0; j < c->k; j++) error_column(c, w, j);
  gl_mend(c, w, goal, rounding(c, w->off));
  for (uint32_t j = 0; j < c->k; j++) add_column(c, j, &s);
  double off = rounding(c, w->off);
  c->f2 += off * (2 * sqrt(c->e2) + off);
  double e = sqrt(c->f2);
  c->gap = e < 1 ? s.linear - s.trace - e - log1p(-e) + s.out : (double)INFINITY;
  c->linear = s.linear + c->weight;
}

double gl_objective(struct gl_comp *c, struct gl_work *w)
{
  double f = c->linear - gl_logdet(c, w, 0);
  /* linear has -(m - 1) log(e (d - o)): put the part of W back */
  for (uint32_t j = 0; j < c->k; j++)
    if (c->m[j] > 1) f += (c->m[j] - 1) * log(c->sd[j] + c->rho - c->o[j]);
  return f;
}
