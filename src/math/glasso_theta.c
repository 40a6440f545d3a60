/* Theta of all variables out of Q of the groups. Rows are written in the order of the groups and
 * turned once: Theta is symmetric, so turning only sorts them. */
#include <string.h>

#include "math/glasso_int.h"

struct out {
  const struct gl_groups *g;
  size_t *at;
  uint32_t *col;
  double *val;
  size_t used;
};

static void members(struct out *o, uint32_t h, uint32_t but, double v)
{
  for (uint32_t x = o->g->first[h]; x < o->g->first[h + 1]; x++) {
    if (o->g->member[x] == but) continue;
    o->col[o->used] = o->g->member[x];
    o->val[o->used++] = v;
  }
}

/* The rows of group h; j: its place in its component, when it has one. */
static void group_rows(struct out *o, uint32_t h, const struct gl_comp *c, uint32_t j, double q,
                       double e)
{
  double m = o->g->m[h], b = m > 1 ? (q - e) / m : 0;
  for (uint32_t x = o->g->first[h]; x < o->g->first[h + 1]; x++) {
    uint32_t i = o->g->member[x];
    o->at[i] = o->used;
    o->col[o->used] = i;
    o->val[o->used++] = q - (m - 1) * b;
    if (b < 0 || b > 0) members(o, h, i, b);
    if (!c) continue;
    for (uint32_t a = 0; a < c->theta[j].n; a++) {
      size_t k = c->theta[j].at + a;
      uint32_t e2 = c->group[c->sol.ix[k]];
      members(o, e2, UINT32_MAX, c->sol.val[k] / (o->g->r[h] * o->g->r[e2]));
    }
  }
}

static bool out_room(struct out *o, size_t p, size_t nnz, struct prac_arena *a)
{
  o->at = prac_arena_alloc(a, (p + 1) * sizeof *o->at);
  o->col = prac_arena_alloc(a, nnz * sizeof *o->col);
  o->val = prac_arena_alloc(a, nnz * sizeof *o->val);
  return o->at && o->col && o->val;
}

prac_rc gl_theta(const struct gl_groups *g, size_t p, double rho, const struct gl_part *part,
                 uint64_t edges, struct prac_arena *a, struct math_glasso_theta *ret)
{
  size_t nnz = (size_t)edges * 2 + p;
  struct out o = {.g = g}, t = {.g = g};
  uint32_t *len = prac_arena_alloc(a, p * sizeof *len);
  if (!len || !out_room(&o, p, nnz, a) || !out_room(&t, p, nnz, a)) return PRAC_NOMEM;
  for (uint32_t h = 0; h < g->k; h++) {
    const struct gl_comp *c = part[h].c;
    double m = g->m[h], d = g->sd[h] + rho, low = g->sd[h] > rho && m > 1 ? g->sd[h] - rho : 0;
    double q = c ? c->q_diag[part[h].at] : 1 / (d + (m - 1) * low);
    double e = c ? c->e_diag[part[h].at] : low > 0 ? 1 / (d - low) : q;
    size_t before = o.used;
    group_rows(&o, h, c, part[h].at, q, e);
    for (uint32_t x = g->first[h]; x < g->first[h + 1]; x++)
      len[g->member[x]] = (uint32_t)((o.used - before) / (size_t)m);
  }
  for (size_t x = 0; x < o.used; x++) t.at[o.col[x] + 1]++;
  for (size_t i = 0; i < p; i++) t.at[i + 1] += t.at[i];
  for (uint32_t i = 0; i < p; i++)
    for (size_t x = o.at[i]; x < o.at[i] + len[i]; x++) {
      size_t to = t.at[o.col[x]]++;
      t.col[to] = i;
      t.val[to] = o.val[x];
    }
  memmove(t.at + 1, t.at, p * sizeof *t.at);
  t.at[0] = 0;
  *ret = (struct math_glasso_theta){p, t.at, t.col, t.val};
  return PRAC_OK;
}
