/* Which ports belong together this hour, and has that turned: sources that touch two ports join
 * them; the activity vector of this graph is compared with those of the last day. */
#include "engine/riskport/riskport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "math/vec.h"

enum { TOUCH_MAX = 64, EDGES_MAX = 1 << 19 };
static const double BLAMED_SHARE = 0.9;

struct edge {
  uint32_t p, q, sources; /* nodes, p <= q; sources 0: free */
};
struct nodes {
  uint32_t *ids;  /* rising */
  uint32_t *node; /* of each judged port: 1 + node; 0: not in the graph */
  uint32_t n;
};
struct edges {
  struct edge *slots;
  uint32_t n, n_slots, refused;
};

/* ---- the graph ---- */

static int more_sources(const void *pa, const void *pb)
{
  const struct risk_judged *a = *(const struct risk_judged *const *)pa,
                           *b = *(const struct risk_judged *const *)pb;
  if ((a->level > 0) != (b->level > 0)) return a->level > 0 ? -1 : 1;
  if (a->n_pairs != b->n_pairs) return a->n_pairs > b->n_pairs ? -1 : 1;
  return a->seen->id < b->seen->id ? -1 : 1;
}

/* The most used ports, and all above their limit. Judged ports come in order of id. */
static prac_rc nodes_of(const struct risk_state *s, const struct risk_judged *j, uint32_t n,
                        struct prac_arena *a, struct nodes *ret)
{
  const struct risk_judged **v = prac_arena_alloc(a, (n + (size_t)1) * sizeof *v);
  uint32_t kept = 0, above = 0, most = (uint32_t)s->conf->graph_ports;
  ret->node = prac_arena_alloc(a, (n + (size_t)1) * sizeof *ret->node);
  ret->ids = prac_arena_alloc(a, (n + (size_t)1) * sizeof *ret->ids);
  if (!v || !ret->node || !ret->ids) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++) {
    if (j[i].n_pairs) v[kept++] = &j[i];
    above += j[i].level > 0;
  }
  qsort((void *)v, kept, sizeof *v, more_sources);
  most = above + most < RISK_GRAPH_MAX ? above + most : RISK_GRAPH_MAX;
  for (uint32_t i = 0; i < kept && i < most; i++) ret->node[v[i] - j] = 1;
  for (uint32_t i = 0; i < n; i++)
    if (ret->node[i]) {
      ret->ids[ret->n++] = j[i].seen->id;
      ret->node[i] = ret->n;
    }
  return PRAC_OK;
}

static void join(struct edges *e, uint32_t p, uint32_t q)
{
  uint32_t i = (uint32_t)prac_mix64((uint64_t)p << 32 | q) & (e->n_slots - 1);
  while (e->slots[i].sources && (e->slots[i].p != p || e->slots[i].q != q))
    i = (i + 1) & (e->n_slots - 1);
  if (!e->slots[i].sources) {
    if (e->n >= EDGES_MAX) {
      e->refused++;
      return;
    }
    e->n++;
    e->slots[i] = (struct edge){.p = p, .q = q};
  }
  e->slots[i].sources++;
}

struct touch {
  uint32_t src, node;
};
static int by_source(const void *pa, const void *pb)
{
  const struct touch *a = pa, *b = pb;
  if (a->src != b->src) return a->src < b->src ? -1 : 1;
  return a->node < b->node ? -1 : a->node > b->node;
}

/* Sources in order of address, so that what the limits cut off does not depend on arrival. */
static int by_address(const void *pa, const void *pb, void *arg)
{
  const struct risk_source *v = arg;
  const uint32_t *a = pa, *b = pb;
  return memcmp(&v[*a].ip, &v[*b].ip, sizeof v[*a].ip);
}

static prac_rc ranks_of(const struct risk_hour *h, struct prac_arena *a, uint32_t **ret)
{
  uint32_t *order = prac_arena_alloc(a, (h->n_sources + (size_t)1) * sizeof *order);
  uint32_t *rank = prac_arena_alloc(a, (h->n_sources + (size_t)1) * sizeof *rank);
  if (!order || !rank) return PRAC_NOMEM;
  for (uint32_t i = 0; i < h->n_sources; i++) order[i] = i;
  qsort_r(order, h->n_sources, sizeof *order, by_address, h->sources);
  for (uint32_t i = 0; i < h->n_sources; i++) rank[order[i]] = i;
  *ret = rank;
  return PRAC_OK;
}

/* Who touched which nodes, by source. */
static prac_rc touches_of(const struct risk_state *s, const struct risk_judged *j, uint32_t n,
                          const struct nodes *g, struct prac_arena *a, struct touch **ret)
{
  size_t all = 0, at = 0;
  uint32_t *rank = NULL;
  for (uint32_t i = 0; i < n; i++) all += g->node[i] ? j[i].n_pairs : 0;
  struct touch *t = prac_arena_alloc(a, (all + 1) * sizeof *t);
  if (!t) return PRAC_NOMEM;
  PRAC_TRY(ranks_of(&s->hour, a, &rank));
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; g->node[i] && k < j[i].n_pairs; k++)
      t[at++] = (struct touch){rank[j[i].pairs[k].src - 1], g->node[i] - 1};
  qsort(t, all, sizeof *t, by_source);
  t[all].src = UINT32_MAX; /* nobody: the end */
  *ret = t;
  return PRAC_OK;
}

static uint32_t slots_for(const struct touch *t)
{
  uint64_t pairs = 0;
  uint32_t slots = 16;
  for (size_t from = 0, to = 0; t[from].src != UINT32_MAX; from = to) {
    while (t[to].src == t[from].src) to++;
    if (to - from <= TOUCH_MAX) pairs += (to - from) * (to - from + 1) / 2;
  }
  while (slots < 2 * pairs && slots < 2 * EDGES_MAX) slots *= 2;
  return slots;
}

static prac_rc edges_of(const struct risk_state *s, const struct risk_judged *j, uint32_t n,
                        const struct nodes *g, const struct eng_env *env, struct edges *ret)
{
  struct touch *t = NULL;
  uint64_t vertical = 0;
  PRAC_TRY(touches_of(s, j, n, g, env->scratch, &t));
  ret->n_slots = slots_for(t);
  ret->slots = prac_arena_alloc(env->scratch, ret->n_slots * sizeof *ret->slots);
  if (!ret->slots) return PRAC_NOMEM;
  for (size_t from = 0, to = 0; t[from].src != UINT32_MAX; from = to) {
    while (t[to].src == t[from].src) to++;
    vertical += to - from > TOUCH_MAX;
    if (to - from > TOUCH_MAX) continue;
    for (size_t x = from; x < to; x++)
      for (size_t y = x; y < to; y++) join(ret, t[x].node, t[y].node);
  }
  prac_count(&env->counters[RISK_COUNT_VERTICAL], vertical);
  prac_count(&env->counters[RISK_COUNT_EDGES], ret->refused);
  return PRAC_OK;
}

/* ln(1 + sources), both triangles; in an order that only the edges and their making decide. */
static prac_rc matrix_of(const struct edges *e, uint32_t n, struct prac_arena *a,
                         struct math_csr *ret)
{
  uint32_t *first = prac_arena_alloc(a, (n + (size_t)2) * sizeof *first);
  uint32_t *col = prac_arena_alloc(a, (2 * (size_t)e->n + 1) * sizeof *col);
  float *v = prac_arena_alloc(a, (2 * (size_t)e->n + 1) * sizeof *v);
  uint32_t *order = prac_arena_alloc(a, (e->n + (size_t)1) * sizeof *order);
  uint32_t *by_q = prac_arena_alloc(a, (n + (size_t)2) * sizeof *by_q);
  if (!first || !col || !v || !order || !by_q) return PRAC_NOMEM;
  uint32_t *next = first + 1;
  for (uint32_t i = 0; i < e->n_slots; i++) {
    if (!e->slots[i].sources) continue;
    by_q[e->slots[i].q + 1]++;
    next[e->slots[i].p + 1]++;
    if (e->slots[i].p != e->slots[i].q) next[e->slots[i].q + 1]++;
  }
  for (uint32_t i = 1; i <= n; i++) by_q[i] += by_q[i - 1];
  for (uint32_t i = 1; i <= n; i++) next[i] += next[i - 1];
  for (uint32_t i = 0; i < e->n_slots; i++)
    if (e->slots[i].sources) order[by_q[e->slots[i].q]++] = i;
  for (uint32_t i = 0; i < e->n; i++) {
    const struct edge *x = &e->slots[order[i]];
    float w = (float)log1p(x->sources);
    col[next[x->p]] = x->q;
    v[next[x->p]++] = w;
    if (x->p == x->q) continue;
    col[next[x->q]] = x->p;
    v[next[x->q]++] = w;
  }
  *ret = (struct math_csr){n, first, col, v};
  return PRAC_OK;
}

/* ---- the turn ---- */

/* All ports of this slot and of the window, once; mark[] becomes 1 + place. */
static uint32_t union_of(const struct risk_graph *g, const struct nodes *now, uint32_t *mark,
                         uint32_t *ids)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < now->n; i++) {
    ids[n] = now->ids[i];
    mark[now->ids[i]] = ++n;
  }
  for (uint32_t k = 0; k < g->n; k++)
    for (uint32_t i = 0; i < g->past[k].n; i++) {
      uint32_t id = g->past[k].v[i].id;
      if (mark[id]) continue;
      ids[n] = id;
      mark[id] = ++n;
    }
  return n;
}

struct difference {
  uint32_t id;
  double d;
};
static int more_difference(const void *pa, const void *pb)
{
  const struct difference *a = pa, *b = pb;
  if (a->d > b->d || a->d < b->d) return a->d > b->d ? -1 : 1;
  return a->id < b->id ? -1 : 1;
}

/* The ports that carry most of the squared difference. */
static prac_rc blame(const uint32_t *ids, const double *now, const double *usual, uint32_t n,
                     struct prac_arena *a, struct risk_turn *ret)
{
  struct difference *d = prac_arena_alloc(a, (n + (size_t)1) * sizeof *d);
  uint32_t *blamed = prac_arena_alloc(a, (n + (size_t)1) * sizeof *blamed);
  if (!d || !blamed) return PRAC_NOMEM;
  double all = 0, sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    double x = now[i] - usual[i];
    d[i] = (struct difference){ids[i], x * x};
    all += x * x;
  }
  qsort(d, n, sizeof *d, more_difference);
  for (uint32_t i = 0; i < n && sum < BLAMED_SHARE * all; i++) {
    blamed[ret->n_blamed++] = d[i].id;
    sum += d[i].d;
  }
  ret->blamed = blamed;
  return PRAC_OK;
}

/* The window's vectors and this slot's, as rows over all their ports. */
struct rows {
  uint32_t *ids, n;
  double *past, *now, *usual, *work;
};
static prac_rc rows_of(struct risk_state *s, const struct nodes *now, const double *activity,
                       struct prac_arena *a, struct rows *ret)
{
  const struct risk_graph *g = &s->graph;
  size_t most = now->n, w = g->n;
  for (uint32_t k = 0; k < w; k++) most += g->past[k].n;
  ret->ids = prac_arena_alloc(a, (most + 1) * sizeof *ret->ids);
  if (!ret->ids) return PRAC_NOMEM;
  size_t n = ret->n = union_of(g, now, s->mark, ret->ids);
  ret->past = prac_arena_alloc(a, (w + 2) * (n + 1) * sizeof *ret->past);
  ret->work = prac_arena_alloc(a, w * (w + 2) * sizeof *ret->work);
  if (ret->past && ret->work) {
    ret->now = ret->past + w * n;
    ret->usual = ret->now + n;
    for (size_t k = 0; k < w; k++)
      for (uint32_t i = 0; i < g->past[k].n; i++)
        ret->past[k * n + s->mark[g->past[k].v[i].id] - 1] = (double)g->past[k].v[i].v;
    for (uint32_t i = 0; i < now->n; i++) ret->now[i] = activity[i];
  }
  for (uint32_t i = 0; i < n; i++) s->mark[ret->ids[i]] = 0;
  return ret->past && ret->work ? PRAC_OK : PRAC_NOMEM;
}

static prac_rc compare(struct risk_state *s, const struct nodes *now, const double *activity,
                       struct prac_arena *a, struct risk_turn *ret)
{
  struct risk_graph *g = &s->graph;
  struct rows r = {0};
  PRAC_TRY(rows_of(s, now, activity, a, &r));
  math_usual_activity(r.past, r.n, g->n, r.usual, r.work, NULL);
  double dot = math_dot(r.usual, r.now, r.n);
  ret->z = dot < 1 ? 1 - dot : 0;
  ret->p = exp(math_vmf_ln_tail(&g->turn, ret->z));
  ret->alert = g->turns_seen >= s->min_history && ret->p < s->conf->graph_p;
  math_vmf_add(&g->turn, ret->z, s->conf->graph_beta);
  if (g->turns_seen < UINT32_MAX) g->turns_seen++;
  return ret->alert ? blame(r.ids, r.now, r.usual, r.n, a, ret) : PRAC_OK;
}

static prac_rc remember(struct risk_state *s, const struct nodes *now, const double *activity)
{
  struct risk_graph *g = &s->graph;
  uint32_t w = (uint32_t)s->conf->graph_window;
  struct risk_active *v = malloc((now->n + (size_t)1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < now->n; i++)
    v[i] = (struct risk_active){now->ids[i], (float)activity[i]};
  if (g->n == w) free(g->past[--g->n].v);
  memmove(&g->past[1], &g->past[0], g->n * sizeof *g->past);
  g->past[0] = (struct risk_vector){v, now->n};
  g->n++;
  return PRAC_OK;
}

prac_rc risk_graph_turn(struct risk_state *s, const struct risk_judged *j, uint32_t n,
                        const struct eng_env *env, struct risk_turn *ret)
{
  struct prac_arena *a = env->scratch;
  struct nodes g = {0};
  struct edges e = {0};
  const struct math_power power = {.tol = 1e-8, .max_sweeps = 300, .join = s->conf->graph_join};
  struct math_csr m;
  *ret = (struct risk_turn){.p = 1};
  PRAC_TRY(nodes_of(s, j, n, a, &g));
  if (g.n == 0) return PRAC_OK;
  PRAC_TRY(edges_of(s, j, n, &g, env, &e));
  PRAC_TRY(matrix_of(&e, g.n, a, &m));
  double *x = prac_arena_alloc(a, g.n * sizeof *x),
         *work = prac_arena_alloc(a, 2 * (size_t)g.n * sizeof *work);
  if (!x || !work) return PRAC_NOMEM;
  math_activity(&m, &power, x, work, NULL);
  if (s->graph.n == (uint32_t)s->conf->graph_window) PRAC_TRY(compare(s, &g, x, a, ret));
  prac_count(&env->counters[RISK_COUNT_TURNS], ret->alert);
  return remember(s, &g, x);
}

void risk_graph_done(struct risk_graph *g)
{
  for (uint32_t i = 0; i < g->n; i++) free(g->past[i].v);
  *g = (struct risk_graph){0};
}
