/* Are the hosts at a port in step? Series are log2(1 + packets) of a host in each step that the
 * sensor was heard in, of the cells that the tensor is made of. */
#include <math.h>
#include <string.h>

#include "engine/tensor/judge.h"
#include "math/robust.h"

enum { FEW = 10 }; /* in a step: below the peak's tenth */

static bool is_heard(const struct eng_traffic *t, uint32_t step)
{
  int64_t from = step * t->conf.step_ns / PRAC_MIN;
  int64_t to = ((step + (int64_t)1) * t->conf.step_ns + PRAC_MIN - 1) / PRAC_MIN;
  for (int64_t m = from; m < to; m++)
    if (t->heard[m / 64] >> (m % 64) & 1) return true;
  return false;
}

/* The cells i.. of one host and port as a row; returns the first one that is not of it. */
static size_t add_row(struct tensor_judging *j, size_t i, struct math_sync *to)
{
  uint32_t host = j->cells[i].host, port = j->cells[i].port, n = 0;
  for (; i < j->n_cells && j->cells[i].host == host && j->cells[i].port == port; i++) {
    uint32_t at = j->step.nth[j->cells[i].step];
    if (at == UINT32_MAX) continue;
    j->step.at[n] = at;
    j->step.v[n++] = log2(1.0 + j->cells[i].packets);
  }
  math_sync_add(to, j->step.at, j->step.v, n);
  return i;
}

prac_rc tensor_step_new(struct tensor_judging *j)
{
  struct tensor_step *s = &j->step;
  uint32_t steps = j->all.steps;
  s->nth = prac_arena_alloc(j->a, (steps + (size_t)1) * sizeof *s->nth);
  s->at = prac_arena_alloc(j->a, (steps + (size_t)1) * sizeof *s->at);
  s->v = prac_arena_alloc(j->a, (steps + (size_t)1) * sizeof *s->v);
  s->work = prac_arena_alloc(j->a, math_sync_work(steps) * sizeof *s->work);
  if (!s->nth || !s->at || !s->v || !s->work) return PRAC_NOMEM;
  for (uint32_t i = 0; i < steps; i++) s->nth[i] = is_heard(j->t, i) ? s->heard++ : UINT32_MAX;
  return tensor_common_new(j);
}

/* ---- groups ---- */

struct math_synced tensor_step_group(struct tensor_judging *j, uint32_t port, const uint8_t *base,
                                     const double *common)
{
  struct math_sync s;
  math_sync_init(&s, j->step.heard, j->step.work);
  for (size_t i = 0; i < j->n_cells;) {
    bool in = j->cells[i].port == port && (!base || base[j->cells[i].host]);
    i = in ? add_row(j, i, &s) : i + 1;
  }
  return math_sync_said(&s, common);
}

/* Everybody who was not at the port, each by what it sent to its own first port. */
static double others(struct tensor_judging *j, uint32_t port, const uint8_t *at_port,
                     const double *common)
{
  struct math_sync s;
  uint32_t last = UINT32_MAX;
  math_sync_init(&s, j->step.heard, j->step.work);
  for (size_t i = 0; i < j->n_cells;) {
    uint32_t host = j->cells[i].host;
    bool in = host != last && !at_port[host] && j->cells[i].port != port;
    last = host;
    i = in ? add_row(j, i, &s) : i + 1;
  }
  return math_sync_said(&s, common).mean;
}

/* Of busy[], hosts of the group in each step: peak, usual, from, to. */
static void busy_times(const struct eng_traffic *t, double *busy, uint32_t steps,
                       struct tensor_group *g)
{
  bool any = false;
  for (uint32_t i = 0; i < steps; i++) {
    if (busy[i] <= g->peak) continue;
    g->peak = (uint32_t)busy[i];
    g->peak_at = t->from + i * t->conf.step_ns;
  }
  for (uint32_t i = 0; i < steps; i++) { /* one host early or late is not the group */
    if (busy[i] * FEW < g->peak) continue;
    if (!any) g->from = t->from + i * t->conf.step_ns;
    g->to = t->from + (i + (int64_t)1) * t->conf.step_ns;
    any = true;
  }
  g->usual = (uint32_t)math_himedian(busy, steps);
}

static prac_rc times_of(struct tensor_judging *j, const struct tensor_candidate *c,
                        struct tensor_group *g)
{
  const struct eng_traffic *t = j->t;
  uint32_t last = UINT32_MAX, last_late = UINT32_MAX;
  double *busy = prac_arena_alloc(j->a, (j->all.steps + (size_t)1) * sizeof *busy);
  struct prac_ip *hosts = prac_arena_alloc(j->a, (c->said.hosts + (size_t)1) * sizeof *hosts);
  if (!busy || !hosts) return PRAC_NOMEM;
  prac_time newest = t->from + j->conf->window_ns - j->conf->slot_ns;
  for (size_t i = 0; i < j->all.n; i++) { /* by host, then port: a host's cells come together */
    const struct eng_cell *x = &j->all.v[i];
    if (x->port != c->said.index || !c->base[x->host]) continue;
    if (x->host != last && g->n_hosts < c->said.hosts) hosts[g->n_hosts++] = j->all.hosts[x->host];
    last = x->host;
    busy[x->step] += 1;
    bool is_late = t->from + (x->step + (int64_t)1) * t->conf.step_ns > newest;
    if (!is_late || x->host == last_late) continue;
    g->newest++;
    last_late = x->host;
  }
  g->hosts = hosts;
  busy_times(t, busy, j->all.steps, g);
  return PRAC_OK;
}

prac_rc tensor_step_port(struct tensor_judging *j, const struct tensor_candidate *c,
                         struct tensor_group *g)
{
  uint8_t *at_port = prac_arena_alloc(j->a, j->all.n_hosts + 1);
  if (!at_port) return PRAC_NOMEM;
  for (size_t i = 0; i < j->n_cells; i++)
    if (j->cells[i].port == c->said.index) at_port[j->cells[i].host] = 1;
  g->port_all = tensor_step_group(j, c->said.index, NULL, c->common);
  g->others = others(j, c->said.index, at_port, c->common);
  return times_of(j, c, g);
}
