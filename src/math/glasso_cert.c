/* What a component's W and beta prove: Theta, symmetric, and how far it is from the best. */
#include <lapacke.h>
#include <string.h>

#include "math/glasso_int.h"
#include "math/vec.h"

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

/* Column j of Q = the mean of -t_j beta_ij and -t_i beta_ji. Over `turned` in place: it is read
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
    if (!(v < 0) && !(v > 0)) continue;
    c->sol.ix[c->sol.used] = at;
    c->sol.val[c->sol.used++] = v / 2;
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

/* |column j of D^-1/2 (W Q - 1) D^1/2|^2, D = diag W; its diagonal entry onto *trace. */
MATH_CLONES static double error_of(const struct gl_comp *c, uint32_t j, double *v, double *trace)
{
  math_v4 sum = {0};
  uint32_t i = 0;
  v[j] -= 1;
  *trace += v[j];
  for (; i + MATH_LANES <= c->k; i += MATH_LANES)
    sum += MATH_READ(v + i) * MATH_READ(v + i) * MATH_READ(c->iw + i);
  double r = MATH_V4_SUM(sum);
  for (; i < c->k; i++) r += v[i] * v[i] * c->iw[i];
  return r / c->iw[j];
}

/* tr(M M) of k x k floats, by tiles so that both halves stay near. */
static double trace_of_square(const gl_w *m, uint32_t k)
{
  enum { T = 64 };
  double sum = 0;
  for (uint32_t a = 0; a < k; a += T)
    for (uint32_t b = 0; b <= a; b += T) {
      double part = 0;
      for (uint32_t i = a; i < k && i < a + T; i++)
        for (uint32_t j = b; j < k && j < b + T; j++)
          part += (double)m[(size_t)i * k + j] * (double)m[(size_t)j * k + i];
      sum += a == b ? part : 2 * part;
    }
  return sum;
}

void gl_certify(struct gl_comp *c, struct gl_work *w)
{
  double linear = -c->weight, trace = 0, f2 = 0, size = 0;
  c->edges = 0;
  c->sol.used = 0;
  for (uint32_t j = 0; j < c->k; j++)
    c->q_diag[j] = w->srow[j] = 1 / ((double)c->w[(size_t)j * c->k + j] - c->q[j]);
  struct gl_list *turned = c->turned;
  turn(c, turned);
  for (uint32_t j = 0; j < c->k; j++) {
    join_lists(c, turned, w->srow, j);
    const uint32_t *ix = c->sol.ix + c->theta[j].at;
    const double *val = c->sol.val + c->theta[j].at;
    uint32_t n = c->theta[j].n;
    for (uint32_t a = 0; a < n; a++) {
      linear += gl_sij(c, ix[a], j) * val[a] + c->rho * c->r[j] * c->r[ix[a]] * fabs(val[a]);
      if (ix[a] < j) c->edges += (uint64_t)(c->m[j] * c->m[ix[a]]);
    }
    gl_product(c->w, c->k, ix, val, n, w->v);
    linear += group_terms(c, j);
    const gl_w *own = c->w + (size_t)j * c->k;
    for (uint32_t a = 0; a < n; a++) size += fabs(val[a] * (double)own[ix[a]]);
    size += c->q_diag[j] * (double)own[j];
    for (uint32_t i = 0; i < c->k; i++) w->v[i] += c->q_diag[j] * (double)own[i];
    f2 += error_of(c, j, w->v, &trace);
    for (uint32_t i = 0; i < c->k; i++) c->spare[(size_t)j * c->k + i] = (gl_w)w->v[i];
  }
  f2 = trace_of_square(c->spare, c->k);
  c->f2 = f2;
  double e = sqrt(f2);
  /* W's last digit: it may lie outside its box by that much */
  double digit = size * ldexp(1, -24);
  c->gap = e < 1 ? linear - trace - e - log1p(-e) + digit : (double)INFINITY;
  c->linear = linear + c->weight;
}

bool gl_definite(struct gl_comp *c)
{
  size_t k = c->k;
  memcpy(c->spare, c->w, k * k * sizeof *c->w);
  /* Whatever rounding does, it is less than what is taken off the diagonal (Rump 2006). */
  for (size_t j = 0; j < k; j++) c->spare[j * k + j] *= (gl_w)(1 - ldexp((double)(k + 8), -23));
  return LAPACKE_spotrf_work(LAPACK_COL_MAJOR, 'U', (int)k, c->spare, (int)k) == 0;
}

double gl_objective(const struct gl_comp *c, double *room)
{
  size_t k = c->k;
  memset(room, 0, k * k * sizeof *room);
  double f = c->linear;
  for (uint32_t j = 0; j < k; j++) {
    room[j * k + j] = c->q_diag[j];
    for (uint32_t a = 0; a < c->theta[j].n; a++)
      room[j * k + c->sol.ix[c->theta[j].at + a]] = c->sol.val[c->theta[j].at + a];
    /* linear has -(m - 1) log(e (d - o)): put the part of W back */
    if (c->m[j] > 1) f += (c->m[j] - 1) * log(c->sd[j] + c->rho - c->o[j]);
  }
  if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (int)k, room, (int)k)) return (double)NAN;
  for (size_t j = 0; j < k; j++) f -= 2 * log(room[j * k + j]);
  return f;
}
