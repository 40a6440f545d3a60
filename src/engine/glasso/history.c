/* A sensor's own densities: what is usual, and whether this slot stands out. */
#include <math.h>
#include <string.h>

#include "engine/glasso/glasso.h"
#include "math/robust.h"

/* E / (p (p - 1)), as published: half of the share of pairs. */
double glasso_density(const struct glasso_past *p, unsigned rho)
{
  double n = p->hosts;
  return n > 1 ? (double)p->edges[rho] / (n * (n - 1)) : 0;
}

struct judged {
  double *v, *work;
  uint32_t *row;
  uint8_t *out;
  struct math_peel_work *peel;
};
static bool judged_room(struct judged *j, size_t n, struct prac_arena *a)
{
  j->v = prac_arena_alloc(a, n * sizeof *j->v);
  j->work = prac_arena_alloc(a, n * sizeof *j->work);
  j->row = prac_arena_alloc(a, n * sizeof *j->row);
  j->out = prac_arena_alloc(a, n);
  j->peel = prac_arena_alloc(a, n * sizeof *j->peel);
  return j->v && j->work && j->row && j->out && j->peel;
}

/* One rho: rows that were alerts stay out by themselves (not "the k largest"). */
static bool stands_out(const struct glasso_conf *c, struct glasso_sensor *x, unsigned rho,
                       struct judged *j, double *ret_z, double *ret_usual)
{
  uint32_t n = 0, last = x->n_past - 1;
  for (uint32_t i = 0; i < x->n_past; i++) {
    if (x->past[i].alert >> rho & 1) continue;
    j->v[n] = glasso_density(&x->past[i], rho);
    j->row[n++] = i;
  }
  double now = j->v[n - 1];
  struct math_usual u = math_usual_of(j->v, n - 1, j->work);
  *ret_z = n > 1 ? math_robust_z(now, u, 0.01 * u.median + 1e-9) : 0;
  *ret_usual = n > 1 ? u.median : now;
  if (x->n_past < (uint32_t)c->min_history) return false;
  if (math_peel(j->v, n, c->theta, j->out, j->peel) == 0) return false;
  for (uint32_t i = 0; i < n; i++)
    if (j->out[i]) x->past[j->row[i]].alert |= (uint8_t)(1u << rho);
  return x->past[last].alert >> rho & 1;
}

prac_rc glasso_remember(const struct glasso_conf *c, struct glasso_sensor *x,
                        struct glasso_past now, struct prac_arena *a, struct glasso_verdict *ret)
{
  struct judged j;
  if (x->n_past == (uint32_t)c->history) {
    memmove(x->past, x->past + 1, (x->n_past - 1) * sizeof *x->past);
    x->n_past--;
  }
  x->past[x->n_past++] = now;
  if (!judged_room(&j, x->n_past, a)) return PRAC_NOMEM;
  *ret = (struct glasso_verdict){0};
  for (unsigned rho = 0; rho < GLASSO_RHO; rho++) {
    double z, usual;
    bool alert = stands_out(c, x, rho, &j, &z, &usual);
    if (rho == 0 || (alert && !ret->alert)) {
      ret->rho = rho;
      ret->z = z;
      ret->usual = usual;
    }
    ret->alert = ret->alert || alert;
  }
  return PRAC_OK;
}
