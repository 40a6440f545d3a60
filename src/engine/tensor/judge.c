/* One sensor's window: cells, components, and what each component of hosts points at. A component
 * only proposes; whether the hosts at a port are in step is measured (step.c) on all of them, not
 * on those that the component has picked for being alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor/judge.h"
#include "math/otsu.h"
#include "math/robust.h"

static const uint32_t HOSTS_LEAST = 2, HOSTS_MOST = 65000; /* of a component; as published */

/* ---- cells ---- */

static bool is_ignored(const struct tensor_state *s, uint32_t port)
{
  for (size_t i = 0; i < s->n_ignored; i++)
    if (s->ignored[i] == port) return true;
  return false;
}

/* How many packets make a cell when no more than max-cells may be taken. */
static prac_rc least_count(struct tensor_judging *j, uint32_t *ret)
{
  enum { COUNTS = 4096 };
  uint32_t *with = prac_arena_alloc(j->a, (COUNTS + 1) * sizeof *with);
  if (!with) return PRAC_NOMEM;
  for (size_t i = 0; i < j->all.n; i++) {
    const struct eng_cell *c = &j->all.v[i];
    if (!j->ignored[c->port]) with[c->packets < COUNTS ? c->packets : COUNTS]++;
  }
  uint64_t sum = 0;
  uint32_t least = COUNTS + 1;
  while (least > (uint32_t)j->conf->min_count) {
    sum += with[least - 1];
    if (sum > (uint64_t)j->conf->max_cells) break;
    least--;
  }
  *ret = least;
  return PRAC_OK;
}

static prac_rc cells_take(struct tensor_judging *j, const struct tensor_state *s)
{
  uint32_t least;
  j->ignored = prac_arena_alloc(j->a, j->all.n_ports + 1);
  if (!j->ignored) return PRAC_NOMEM;
  for (uint32_t q = 0; q < j->all.n_ports; q++) j->ignored[q] = is_ignored(s, j->all.ports[q]);
  PRAC_TRY(least_count(j, &least));
  j->cut = least > (uint32_t)j->conf->min_count;
  size_t n = 0;
  for (size_t i = 0; i < j->all.n; i++)
    n += j->all.v[i].packets >= least && !j->ignored[j->all.v[i].port];
  struct eng_cell *v = prac_arena_alloc(j->a, (n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  n = 0;
  for (size_t i = 0; i < j->all.n; i++) {
    const struct eng_cell *c = &j->all.v[i];
    if (c->packets >= least && !j->ignored[c->port]) v[n++] = *c;
  }
  j->cells = v;
  j->n_cells = n;
  return PRAC_OK;
}

static double scaled(const struct tensor_conf *c, uint32_t packets)
{
  return c->scale == TENSOR_LOG ? log2(1.0 + packets) : packets;
}

/* The values of one host at one port, cells i.., less what is there in more than half of the
 * steps: a sender that never rests says nothing of who acts together. Returns the next row's. */
static size_t row_values(const struct tensor_judging *j, size_t i, double *v, double *steps)
{
  size_t from = i, n = 0;
  double always = 0;
  while (i < j->n_cells && j->cells[i].host == j->cells[from].host &&
         j->cells[i].port == j->cells[from].port)
    i++;
  if (!j->conf->steady && (i - from) * 2 > j->all.steps) {
    for (size_t k = from; k < i; k++) steps[n++] = scaled(j->conf, j->cells[k].packets);
    while (n < j->all.steps) steps[n++] = 0;
    always = math_himedian(steps, n);
  }
  for (size_t k = from; k < i; k++) v[k] = fmax(0, scaled(j->conf, j->cells[k].packets) - always);
  return i;
}

static prac_rc decompose(struct tensor_judging *j, const struct eng_env *env)
{
  const struct tensor_conf *c = j->conf;
  struct math_cells in = {.n = j->n_cells};
  uint32_t *at[MATH_MODES];
  double *v = prac_arena_alloc(j->a, (j->n_cells + 1) * sizeof *v);
  double *steps = prac_arena_alloc(j->a, (j->all.steps + (size_t)1) * sizeof *steps);
  if (!v || !steps) return PRAC_NOMEM;
  for (unsigned m = 0; m < MATH_MODES; m++) {
    at[m] = prac_arena_alloc(j->a, (j->n_cells + 1) * sizeof *at[m]);
    if (!at[m]) return PRAC_NOMEM;
    in.at[m] = at[m];
  }
  for (size_t i = 0; i < j->n_cells; i++) {
    at[TENSOR_TIME][i] = j->cells[i].step;
    at[TENSOR_SOURCE][i] = j->cells[i].host;
    at[TENSOR_PORT][i] = j->cells[i].port;
  }
  for (size_t i = 0; i < j->n_cells;) i = row_values(j, i, v, steps);
  in.v = v;
  const struct math_ntd_conf how = {
      .rank = {(uint32_t)c->rank_time, (uint32_t)c->rank_source, (uint32_t)c->rank_port},
      .starts = (uint32_t)c->starts,
      .probe = 5,
      .max_sweeps = (uint32_t)c->max_sweeps,
      .tol = c->tolerance,
      .seed = prac_rng_u64(env->rng)};
  PRAC_TRY(math_tensor_of(&in, j->a, &j->x));
  return math_ntd(&j->x, &how, env->par, j->a, &j->ntd);
}

/* ---- components ---- */

/* The ports that the core ties to source component k: their packets in it, Otsu's high ones. */
static void ports_of(struct tensor_judging *j, uint32_t k)
{
  const struct math_factor *time = &j->ntd.a[TENSOR_TIME], *port = &j->ntd.a[TENSOR_PORT];
  uint32_t sources = j->ntd.a[TENSOR_SOURCE].rank;
  double through[TENSOR_RANK_MAX] = {0}, top = 0;
  for (uint32_t i = 0; i < time->rank; i++) {
    double all = 0;
    for (uint32_t t = 0; t < time->rows; t++) all += time->v[(size_t)t * time->ld + i];
    const double *g = j->ntd.core + ((size_t)i * sources + k) * port->rank;
    for (uint32_t r = 0; r < port->rank; r++) through[r] += all * g[r];
  }
  memset(j->marked, 0, j->all.n_ports);
  for (uint32_t q = 0; q < port->rows; q++) {
    j->score[q] = 0;
    for (uint32_t r = 0; r < port->rank; r++)
      j->score[q] += through[r] * port->v[(size_t)q * port->ld + r];
    top = fmax(top, j->score[q]);
  }
  for (uint32_t q = 0; q < port->rows; q++) j->score[q] = top > 0 ? j->score[q] / top : 0;
  struct math_otsu o = math_otsu(j->score, port->rows, 1);
  for (uint32_t q = 0; q < port->rows; q++)
    if (j->score[q] >= o.level) j->marked[j->x.name[TENSOR_PORT][q]] = 1;
}

/* The hosts of component k from `level` on; how many. */
static uint32_t hosts_of(struct tensor_judging *j, uint32_t k, double level)
{
  const struct math_factor *f = &j->ntd.a[TENSOR_SOURCE];
  uint32_t n = 0;
  memset(j->base, 0, j->all.n_hosts);
  for (uint32_t i = 0; i < f->rows; i++)
    if (f->v[(size_t)i * f->ld + k] >= level) {
      j->base[j->x.name[TENSOR_SOURCE][i]] = 1;
      n++;
    }
  return n;
}

static prac_rc consider(struct tensor_judging *j, const struct eng_port_said *said)
{
  struct tensor_candidate *c = NULL;
  for (uint32_t i = 0; i < j->n_found && !c; i++)
    if (j->found[i].said.index == said->index) c = &j->found[i];
  if (!c && j->n_found == TENSOR_CANDIDATES) {
    j->refused++;
    return PRAC_OK;
  }
  bool fresh = !c;
  if (fresh) {
    c = &j->found[j->n_found++];
    *c = (struct tensor_candidate){.base = prac_arena_alloc(j->a, j->all.n_hosts + 1)};
    if (!c->base) return PRAC_NOMEM;
    PRAC_TRY(tensor_common(j, said->index, &c->common));
  }
  struct math_synced step = tensor_step_group(j, said->index, j->base, c->common);
  if (!fresh) {
    unsigned was = eng_port_worth(c->said.level), is = eng_port_worth(said->level);
    if (is < was || (is == was && !(step.z > c->step.z))) return PRAC_OK;
  }
  c->said = *said;
  c->step = step;
  memcpy(c->base, j->base, j->all.n_hosts);
  return PRAC_OK;
}

static prac_rc look_at(struct tensor_judging *j, uint32_t k, double level, uint32_t *hosts)
{
  const struct tensor_conf *c = j->conf;
  const struct eng_port_rule rule = {
      .pct = c->host_pct, .dst_pct = c->dst_pct, .hosts = (uint32_t)c->hosts};
  uint32_t n = hosts_of(j, k, level);
  if (n < HOSTS_LEAST || n > HOSTS_MOST || n == *hosts) return PRAC_OK; /* the same again */
  struct eng_port_list list;
  *hosts = n;
  PRAC_TRY(eng_traffic_ports(j->t, &j->all, j->base, &rule, j->a, &list));
  for (size_t i = 0; i < list.n; i++)
    if (j->marked[list.v[i].index]) PRAC_TRY(consider(j, &list.v[i]));
  return PRAC_OK;
}

static prac_rc components(struct tensor_judging *j, const struct tensor_state *s)
{
  const struct math_factor *f = &j->ntd.a[TENSOR_SOURCE];
  j->marked = prac_arena_alloc(j->a, j->all.n_ports + 1);
  j->base = prac_arena_alloc(j->a, j->all.n_hosts + 1);
  j->score = prac_arena_alloc(j->a, (j->x.dim[TENSOR_PORT] + 1) * sizeof *j->score);
  if (!j->marked || !j->base || !j->score) return PRAC_NOMEM;
  for (uint32_t k = 0; k < f->rank; k++) {
    uint32_t hosts = 0;
    ports_of(j, k);
    struct math_otsu o = math_otsu(f->v + k, f->rows, f->ld);
    if (s->otsu && o.n) PRAC_TRY(look_at(j, k, o.level, &hosts));
    for (uint32_t i = 0; i < s->n_levels; i++) PRAC_TRY(look_at(j, k, s->levels[i], &hosts));
  }
  return PRAC_OK;
}

/* ---- verdicts ---- */

static int by_port(const void *pa, const void *pb)
{
  const struct tensor_group *a = pa, *b = pb;
  return a->port < b->port ? -1 : a->port > b->port;
}

/* If n hosts of N are in step, the mean over all pairs is (n / N)^2 of theirs: so many there are,
 * by the times of all of them, whoever they may be. */
static double together(const struct math_synced *all)
{
  return (double)all->rows * sqrt(fmax(0, all->mean));
}

static bool is_in_step(const struct tensor_conf *c, const struct tensor_group *g)
{
  double n = together(&g->port_all);
  return g->port_all.z >= c->z && g->group.z >= c->z &&
         g->group.mean - fmax(0, g->others) >= c->correlation &&
         n >= c->support * (double)g->group.rows &&
         n * 100 >= c->port_pct * (double)g->port_all.rows;
}

static prac_rc verdict(struct tensor_judging *j, const struct tensor_candidate *c,
                       struct tensor_group *g)
{
  *g = (struct tensor_group){
      .port = c->said.port, .level = c->said.level, .pct = c->said.pct, .group = c->step};
  PRAC_TRY(tensor_step_port(j, c, g));
  if (!is_in_step(j->conf, g)) g->level = ENG_PORT_WEAK;
  PRAC_TRY(eng_traffic_who(j->t, &j->all, c->base, c->said.index, j->a, &g->who));
  bool few = eng_instep_few(&g->who, j->conf->each);
  if (few && g->level == ENG_PORT_ATTACK) g->level = ENG_PORT_WEAK;
  return PRAC_OK;
}

static prac_rc verdicts(struct tensor_judging *j, const struct eng_env *env,
                        struct tensor_groups *ret)
{
  struct tensor_group *v = prac_arena_alloc(j->a, (j->n_found + (size_t)1) * sizeof *v);
  uint32_t n = 0, loose = 0;
  if (!v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < j->n_found; i++) {
    PRAC_TRY(verdict(j, &j->found[i], &v[n]));
    bool weak = v[n].level == ENG_PORT_WEAK;
    loose += weak;
    /* What has been silent in the newest slot was said when it was not. */
    bool goes_on = v[n].newest * 100.0 >= j->conf->host_pct * v[n].n_hosts;
    if (goes_on && (!weak || j->conf->weak)) n++;
  }
  qsort(v, n, sizeof *v, by_port);
  prac_count(&env->counters[TENSOR_COUNT_CANDIDATES], j->n_found);
  prac_count(&env->counters[TENSOR_COUNT_NOT_IN_STEP], loose);
  prac_count(&env->counters[TENSOR_COUNT_NO_PORT], j->refused);
  *ret = (struct tensor_groups){v, n};
  return PRAC_OK;
}

prac_rc tensor_judge(const struct tensor_state *s, const struct eng_traffic *t,
                     struct prac_arena *work, const struct eng_env *env, struct tensor_groups *ret)
{
  struct tensor_judging j = {.conf = s->conf, .t = t, .a = work};
  *ret = (struct tensor_groups){0};
  j.found = prac_arena_alloc(j.a, TENSOR_CANDIDATES * sizeof *j.found);
  if (!j.found) return PRAC_NOMEM;
  PRAC_TRY(eng_traffic_cells(t, j.a, &j.all));
  PRAC_TRY(cells_take(&j, s));
  prac_count(&env->counters[TENSOR_COUNT_WINDOWS], 1);
  prac_count(&env->counters[TENSOR_COUNT_CUT], j.cut);
  if (j.n_cells < (size_t)s->conf->hosts) {
    prac_count(&env->counters[TENSOR_COUNT_SMALL], 1);
    return PRAC_OK;
  }
  PRAC_TRY(decompose(&j, env));
  prac_count(&env->counters[TENSOR_COUNT_UNSETTLED], !j.ntd.settled);
  PRAC_TRY(tensor_step_new(&j));
  PRAC_TRY(components(&j, s));
  return verdicts(&j, env, ret);
}
