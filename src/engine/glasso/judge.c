/* One sensor's slot: its density among its own, and the ports whose hosts keep time. A port is
 * claimed when the chance of so much synchrony, times the ports looked at, is below alpha; the
 * density alone names no port: with 12 samples it says that something is dense, not what. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/glasso/glasso.h"

struct at_port { /* the cells once more, by port */
  uint32_t port, host, step, packets;
};
static int by_port(const void *pa, const void *pb)
{
  const struct at_port *a = pa, *b = pb;
  if (a->port != b->port) return a->port < b->port ? -1 : 1;
  if (a->host != b->host) return a->host < b->host ? -1 : 1;
  return a->step < b->step ? -1 : a->step > b->step;
}

struct work {
  const struct glasso_conf *c;
  const struct eng_traffic *t;
  struct eng_cells cells;
  struct at_port *v; /* by port */
  uint64_t *mask;    /* n_hosts */
  uint32_t *who;     /* hosts of the port at hand */
  uint8_t *in;
  struct eng_instep all;
};

/* Masks of the hosts in v[from..to), all of one port. Returns how many hosts. */
static uint32_t masks_of(struct work *w, size_t from, size_t to)
{
  uint32_t n = 0;
  for (size_t i = from; i < to; i++) {
    if (i == from || w->v[i].host != w->v[i - 1].host) {
      w->who[n] = w->v[i].host;
      w->mask[n++] = 0;
    }
    w->mask[n - 1] |= UINT64_C(1) << w->v[i].step;
  }
  return n;
}

/* The cells of one port, from i on; returns the next port's. */
static size_t port_end(const struct work *w, size_t i)
{
  uint32_t port = w->v[i].port;
  while (i < w->cells.n && w->v[i].port == port) i++;
  return i;
}

static prac_rc all_of(struct work *w, struct prac_arena *a)
{
  uint32_t *hosts = prac_arena_alloc(a, (w->cells.n_ports + (size_t)1) * sizeof *hosts);
  if (!hosts) return PRAC_NOMEM;
  for (size_t i = 0, end; i < w->cells.n; i = end) {
    end = port_end(w, i);
    hosts[w->v[i].port] = masks_of(w, i, end);
  }
  PRAC_TRY(eng_instep_init(&w->all, w->cells.steps, hosts, w->cells.n_ports, a));
  for (size_t i = 0, end; i < w->cells.n; i = end) {
    end = port_end(w, i);
    uint32_t n = masks_of(w, i, end);
    for (uint32_t k = 0; k < n; k++) eng_instep_add(&w->all, w->v[i].port, w->mask[k]);
  }
  eng_instep_hear(&w->all);
  return PRAC_OK;
}

static prac_rc work_of(struct work *w, struct prac_arena *a)
{
  const struct eng_cells *c = &w->cells;
  w->v = prac_arena_alloc(a, (c->n + 1) * sizeof *w->v);
  w->mask = prac_arena_alloc(a, (c->n_hosts + (size_t)1) * sizeof *w->mask);
  w->who = prac_arena_alloc(a, (c->n_hosts + (size_t)1) * sizeof *w->who);
  w->in = prac_arena_alloc(a, c->n_hosts + (size_t)1);
  if (!w->v || !w->mask || !w->who || !w->in) return PRAC_NOMEM;
  for (size_t i = 0; i < c->n; i++)
    w->v[i] = (struct at_port){c->v[i].port, c->v[i].host, c->v[i].step, c->v[i].packets};
  qsort(w->v, c->n, sizeof *w->v, by_port);
  return all_of(w, a);
}

/* The claimed port's group: its hosts, those in one community when that is most of the synchrony.
 */
static prac_rc name_group(struct work *w, const struct glasso_graph *g, struct glasso_port *p,
                          uint32_t n, struct prac_arena *a)
{
  memset(w->in, 0, w->cells.n_hosts);
  for (uint32_t i = 0; i < n; i++) w->in[w->who[i]] = 1;
  PRAC_TRY(glasso_group_of(g, w->in, a, &p->together));
  if (p->together * 2 >= n)
    for (uint32_t i = 0; i < n; i++) w->in[w->who[i]] = w->in[w->who[i]] == 2;
  struct eng_port_rule rule = {
      .pct = w->c->pct, .dst_pct = w->c->dst_pct, .hosts = (uint32_t)w->c->hosts};
  struct eng_port_list list;
  PRAC_TRY(eng_traffic_ports(w->t, &w->cells, w->in, &rule, a, &list));
  p->level = ENG_PORT_WEAK;
  for (size_t i = 0; i < list.n; i++) {
    if (list.v[i].index != p->index) continue;
    p->level = list.v[i].level;
    p->hosts = list.v[i].hosts;
  }
  PRAC_TRY(eng_traffic_who(w->t, &w->cells, w->in, p->index, a, &p->who));
  bool few = eng_instep_few(&p->who, w->c->each);
  if (few && p->level == ENG_PORT_ATTACK) p->level = ENG_PORT_WEAK;
  return PRAC_OK;
}

struct candidate {
  size_t from, to;
  struct math_pulse s;
};

/* Ports with hosts enough for the test, each tested. */
static uint32_t test_all(struct work *w, struct candidate *to)
{
  uint32_t n = 0;
  for (size_t i = 0, end; i < w->cells.n; i = end) {
    end = port_end(w, i);
    if (end - i < ENG_INSTEP_LEAST) continue;
    uint32_t hosts = masks_of(w, i, end);
    if (hosts < ENG_INSTEP_LEAST) continue;
    to[n++] = (struct candidate){i, end, eng_instep_port(&w->all, w->mask, hosts)};
  }
  return n;
}

static prac_rc claim(struct work *w, const struct glasso_graph *g, const struct candidate *k,
                     double log10_p, struct prac_arena *a, struct glasso_found *f)
{
  if (f->n == GLASSO_PORTS) {
    f->refused++;
    return PRAC_OK;
  }
  struct glasso_port *p = &f->v[f->n++];
  uint32_t n = masks_of(w, k->from, k->to);
  *p = (struct glasso_port){.index = w->v[k->from].port, .hosts = n, .sync = k->s};
  p->port = w->cells.ports[p->index];
  p->log10_p = log10_p;
  return name_group(w, g, p, n, a);
}

static prac_rc find_ports(struct work *w, const struct glasso_graph *g, const struct eng_env *env,
                          struct prac_arena *a, struct glasso_found *f)
{
  struct candidate *k = prac_arena_alloc(a, (w->cells.n_ports + (size_t)1) * sizeof *k);
  f->v = prac_arena_alloc(a, GLASSO_PORTS * sizeof *f->v);
  if (!k || !f->v) return PRAC_NOMEM;
  uint32_t n = test_all(w, k);
  prac_count(&env->counters[GLASSO_COUNT_TESTED], n);
  for (uint32_t i = 0; i < n; i++) {
    double p = eng_instep_chance(&k[i].s, n);
    if (p < log10(w->c->alpha) && k[i].s.lift >= w->c->lift) PRAC_TRY(claim(w, g, &k[i], p, a, f));
  }
  return PRAC_OK;
}

prac_rc glasso_judge(const struct glasso_state *s, struct glasso_sensor *x,
                     const struct eng_env *env, struct prac_arena *a, struct glasso_found *ret)
{
  struct work w = {.c = s->conf, .t = &x->traffic};
  struct glasso_graph g;
  *ret = (struct glasso_found){0};
  PRAC_TRY(eng_traffic_cells(&x->traffic, a, &w.cells));
  PRAC_TRY(glasso_graph_of(s->conf, &w.cells, x->traffic.from, env, a, &g));
  struct glasso_past now = {.from = x->traffic.from, .hosts = g.n};
  for (unsigned i = 0; i < GLASSO_RHO; i++) {
    now.edges[i] = g.at[i].edges;
    prac_count(&env->counters[GLASSO_COUNT_EDGES], g.at[i].edges);
    prac_count(&env->counters[GLASSO_COUNT_UNPROVED], g.n > 1 && !g.at[i].converged);
  }
  prac_count(&env->counters[GLASSO_COUNT_HOSTS], w.cells.n_hosts);
  prac_count(&env->counters[GLASSO_COUNT_LEFT], g.left);
  if (!g.failed) PRAC_TRY(glasso_remember(s->conf, x, now, a, &ret->dense));
  prac_count(&env->counters[GLASSO_COUNT_ALERTED], ret->dense.alert);
  PRAC_TRY(work_of(&w, a));
  return find_ports(&w, &g, env, a, ret);
}
