/* From cells to the graph of hosts: log counts, six densities, and who hangs together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/glasso/glasso.h"
#include "math/leiden.h"

struct pick {
  uint64_t key;
  uint32_t host;
};
static int by_key(const void *pa, const void *pb)
{
  const struct pick *a = pa, *b = pb;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->host < b->host ? -1 : a->host > b->host;
}
static int by_host(const void *pa, const void *pb)
{
  const uint32_t *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}

/* All of them, or max of them by a hash of host and day: the same host is in or out all day, so the
 * history compares like with like. */
static prac_rc choose(const struct glasso_conf *c, const struct eng_cells *cells, prac_time slot,
                      struct prac_arena *a, struct glasso_graph *g)
{
  uint32_t n = cells->n_hosts, max = (uint32_t)c->max_hosts;
  uint32_t *host = prac_arena_alloc(a, (n + (size_t)1) * sizeof *host);
  struct pick *p = prac_arena_alloc(a, (n + (size_t)1) * sizeof *p);
  if (!host || !p) return PRAC_NOMEM;
  g->host = host;
  g->n = n < max ? n : max;
  g->left = n - g->n;
  if (!g->left) {
    for (uint32_t i = 0; i < n; i++) host[i] = i;
    return PRAC_OK;
  }
  uint64_t day = (uint64_t)prac_time_floor(slot, PRAC_DAY);
  for (uint32_t i = 0; i < n; i++)
    p[i] = (struct pick){prac_hash_bytes(day, &cells->hosts[i], sizeof cells->hosts[i]), i};
  qsort(p, n, sizeof *p, by_key);
  for (uint32_t i = 0; i < g->n; i++) host[i] = p[i].host;
  qsort(host, g->n, sizeof *host, by_host);
  return PRAC_OK;
}

static double *log_counts(const struct eng_cells *cells, const struct glasso_graph *g,
                          struct prac_arena *a)
{
  size_t n = g->n;
  double *x = prac_arena_alloc(a, cells->steps * n * sizeof *x);
  if (!x) return NULL;
  for (size_t i = 0; i < n; i++) {
    uint32_t h = g->host[i];
    for (uint32_t e = cells->first[h]; e < cells->first[h + 1]; e++)
      x[cells->v[e].step * n + i] += cells->v[e].packets;
  }
  for (size_t i = 0; i < cells->steps * n; i++) x[i] = log(x[i] > 0 ? x[i] : 0.1);
  return x;
}

prac_rc glasso_graph_of(const struct glasso_conf *c, const struct eng_cells *cells, prac_time slot,
                        const struct eng_env *env, struct prac_arena *a, struct glasso_graph *ret)
{
  double rho[GLASSO_RHO];
  struct math_glasso at[GLASSO_RHO];
  *ret = (struct glasso_graph){0};
  PRAC_TRY(choose(c, cells, slot, a, ret));
  if (ret->n < 2) return PRAC_OK; /* density 0 */
  struct math_glasso_data d = {.x = log_counts(cells, ret, a), .n = cells->steps, .p = ret->n};
  if (!d.x) return PRAC_NOMEM;
  for (unsigned i = 0; i < GLASSO_RHO; i++) rho[GLASSO_RHO - 1 - i] = c->rho_low + (double)i / 10;
  struct math_glasso_conf conf = {.rho = rho,
                                  .n_rho = GLASSO_RHO,
                                  .gap = c->gap,
                                  .max_sweeps = (unsigned)c->max_sweeps,
                                  .theta = true,
                                  .par = env->par};
  prac_rc rc = math_glasso_path(&d, &conf, a, at);
  if (rc == PRAC_NOSPACE) { /* nothing that a sensor hears may stop the engine */
    ret->failed = true;
    return PRAC_OK;
  }
  PRAC_TRY(rc);
  for (unsigned i = 0; i < GLASSO_RHO; i++) ret->at[i] = at[GLASSO_RHO - 1 - i];
  return PRAC_OK;
}

/* The marked hosts' nodes, and by node 1 + its new number. Returns how many; *edges: at most. */
static uint32_t marked(const struct glasso_graph *g, const uint8_t *in, uint32_t *node,
                       uint32_t *of, size_t *edges)
{
  const struct math_glasso_theta *t = &g->at[0].theta;
  uint32_t n = 0;
  *edges = 0;
  for (uint32_t i = 0; i < t->n; i++) {
    if (!in[g->host[i]]) continue;
    *edges += t->at[i + 1] - t->at[i];
    of[i] = 1 + n;
    node[n++] = i;
  }
  return n;
}
static void diagonal(const struct math_glasso_theta *t, double *diag)
{
  for (uint32_t i = 0; i < t->n; i++)
    for (size_t e = t->at[i]; e < t->at[i + 1]; e++)
      if (t->col[e] == i) diag[i] = t->val[e];
}

/* The graph of positive partial correlations among the marked hosts. */
static prac_rc induced(const struct glasso_graph *g, const uint8_t *in, struct prac_arena *a,
                       struct math_graph *ret, uint32_t **ret_node)
{
  const struct math_glasso_theta *t = &g->at[0].theta;
  uint32_t *node = prac_arena_alloc(a, (t->n + 1) * sizeof *node);
  uint32_t *of = prac_arena_alloc(a, (t->n + 1) * sizeof *of);
  double *diag = prac_arena_alloc(a, (t->n + 1) * sizeof *diag);
  if (!node || !of || !diag) return PRAC_NOMEM;
  size_t edges, used = 0;
  uint32_t n = marked(g, in, node, of, &edges);
  diagonal(t, diag);
  size_t *at = prac_arena_alloc(a, (n + (size_t)1) * sizeof *at);
  uint32_t *col = prac_arena_alloc(a, (edges + 1) * sizeof *col);
  double *val = prac_arena_alloc(a, (edges + 1) * sizeof *val);
  if (!at || !col || !val) return PRAC_NOMEM;
  for (uint32_t x = 0; x < n; x++) {
    uint32_t i = node[x];
    at[x] = used;
    for (size_t e = t->at[i]; e < t->at[i + 1]; e++) {
      uint32_t j = t->col[e];
      if (j == i || !of[j] || !(t->val[e] < 0)) continue;
      col[used] = of[j] - 1;
      val[used++] = -t->val[e] / sqrt(diag[i] * diag[j]);
    }
  }
  at[n] = used;
  *ret = (struct math_graph){n, at, col, val};
  *ret_node = node;
  return PRAC_OK;
}

prac_rc glasso_group_of(const struct glasso_graph *g, uint8_t *in, struct prac_arena *a,
                        uint32_t *ret_n)
{
  struct math_graph m;
  uint32_t *node, kinds = 0, most = 0, n = 0;
  *ret_n = 0;
  if (!g->at[0].theta.n) return PRAC_OK;
  PRAC_TRY(induced(g, in, a, &m, &node));
  uint32_t *label = prac_arena_alloc(a, (m.n + (size_t)1) * sizeof *label);
  uint32_t *size = prac_arena_alloc(a, (m.n + (size_t)1) * sizeof *size);
  if (!label || !size) return PRAC_NOMEM;
  PRAC_TRY(math_leiden(&m, 1, a, label, &kinds));
  for (uint32_t i = 0; i < m.n; i++)
    if (++size[label[i]] > most) most = size[label[i]];
  /* One group may fall into several communities: all that are not small beside the largest. */
  for (uint32_t i = 0; i < m.n; i++) {
    if (size[label[i]] < 3 || size[label[i]] * 10 < most) continue;
    in[g->host[node[i]]] = 2;
    n++;
  }
  *ret_n = n;
  return PRAC_OK;
}
