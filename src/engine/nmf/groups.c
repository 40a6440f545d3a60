/* Groups to ports. The published rule asks only for the share of a group that sent to a port, and
 * so names what everybody sends to. Here the port's hosts must also be where the group is more
 * often than chance allows, in one of two ways.
 * In the group: a host that sent to d ports of a protocol sends to port q with probability
 * 1 - exp(-theta d), theta such that all hosts together give the hosts that q has.
 * In its minutes: a pair of a host and a port that was there in m minutes is there in one of the
 * group's as often as other ports' pairs of m minutes are.
 * Of n hosts of the port e are expected and k seen; Hoeffding's bound says how unlikely that is. */
#include "engine/nmf/nmf.h"

#include <math.h>
#include <string.h>

enum { DEGREES = 512, PROTOS = 2, KINDS = PROTOS * 64 };

struct pair { /* a host of the matrix and a port */
  uint32_t host, port;
  uint64_t minutes;
  uint32_t kind; /* protocol and number of minutes */
};
struct judging {
  const struct nmf_conf *c;
  const struct eng_traffic *t;
  const struct eng_cells *cells;
  struct prac_arena *a;
  struct nmf_matrix m;
  struct nmf_factors f;
  struct nmf_group g;
  struct pair *pairs;
  size_t n_pairs;
  uint8_t *base;             /* of hosts: in the matrix and in the group */
  uint16_t *degree[PROTOS];  /* of hosts: ports they sent to, at most DEGREES - 1 */
  uint32_t *of_port, *hosts; /* hosts of a port; of them, in the base */
  double *theta;             /* of a port; below 0: not asked yet */
  uint32_t of_degree[PROTOS][DEGREES], base_of_degree[PROTOS][DEGREES];
  struct eng_instep all;
  uint32_t tested;           /* ports with hosts enough to be asked whether they are in step */
  uint32_t *first, *by_port; /* pairs of port q: by_port[first[q]] .. by_port[first[q + 1] - 1] */
  uint32_t of_kind[KINDS], in_time[KINDS];
  uint32_t *slot;             /* 1 + number of a port among those claimed */
  uint16_t *times[NMF_PORTS]; /* groups in which a host of the port was */
  uint8_t hit[NMF_PORTS];     /* by the group in hand */
  struct nmf_found *ret;
};

/* ---- set up ---- */

static unsigned proto_of(const struct judging *j, uint32_t q)
{
  return j->cells->ports[q] >> 16 == 17;
}

static prac_rc pairs_by_port(struct judging *j)
{
  uint32_t ports = j->cells->n_ports;
  j->first = prac_arena_alloc(j->a, (ports + (size_t)2) * sizeof *j->first);
  j->by_port = prac_arena_alloc(j->a, (j->n_pairs + 1) * sizeof *j->by_port);
  if (!j->first || !j->by_port) return PRAC_NOMEM;
  uint32_t *at = j->first + 1;
  for (uint32_t q = 0; q < ports; q++) {
    at[q + 1] = at[q] + j->of_port[q];
    j->tested += j->of_port[q] >= ENG_INSTEP_LEAST;
  }
  PRAC_TRY(eng_instep_init(&j->all, j->cells->steps, j->of_port, ports, j->a));
  for (uint32_t i = 0; i < j->n_pairs; i++) {
    struct pair *p = &j->pairs[i];
    j->by_port[at[p->port]++] = i;
    p->kind = proto_of(j, p->port) * 64 + (uint32_t)__builtin_popcountll(p->minutes);
    j->of_kind[p->kind]++;
    eng_instep_add(&j->all, p->port, p->minutes);
  }
  eng_instep_hear(&j->all);
  return PRAC_OK;
}

static prac_rc pairs_make(struct judging *j)
{
  const struct eng_cells *cells = j->cells;
  j->pairs = prac_arena_alloc(j->a, (cells->n + 1) * sizeof *j->pairs);
  if (!j->pairs) return PRAC_NOMEM;
  for (uint32_t r = 0; r < j->m.v.rows; r++) {
    uint32_t h = j->m.host[r], last = UINT32_MAX;
    for (uint32_t i = cells->first[h]; i < cells->first[h + 1]; i++) {
      uint32_t q = cells->v[i].port;
      uint64_t minute = UINT64_C(1) << (cells->v[i].step & 63);
      if (q == last) {
        j->pairs[j->n_pairs - 1].minutes |= minute;
        continue;
      }
      last = q;
      uint16_t *d = &j->degree[proto_of(j, q)][h];
      *d = (uint16_t)(*d + (*d < DEGREES - 1));
      j->of_port[q]++;
      j->pairs[j->n_pairs++] = (struct pair){.host = h, .port = q, .minutes = minute};
    }
    for (unsigned p = 0; p < PROTOS; p++) j->of_degree[p][j->degree[p][h]]++;
  }
  for (uint32_t q = 0; q < cells->n_ports; q++) j->theta[q] = -1;
  return pairs_by_port(j);
}

static prac_rc room(struct judging *j)
{
  size_t ports = j->cells->n_ports + (size_t)1, hosts = j->cells->n_hosts + (size_t)1;
  j->base = prac_arena_alloc(j->a, hosts);
  j->degree[0] = prac_arena_alloc(j->a, PROTOS * hosts * sizeof *j->degree[0]);
  j->of_port = prac_arena_alloc(j->a, 3 * ports * sizeof *j->of_port);
  j->theta = prac_arena_alloc(j->a, ports * sizeof *j->theta);
  j->g.packets = prac_arena_alloc(j->a, (j->m.v.rows + (size_t)1) * sizeof *j->g.packets);
  j->ret->v = prac_arena_alloc(j->a, NMF_PORTS * sizeof *j->ret->v);
  if (!j->base || !j->degree[0] || !j->of_port || !j->theta || !j->g.packets || !j->ret->v)
    return PRAC_NOMEM;
  j->degree[1] = j->degree[0] + hosts;
  j->hosts = j->of_port + ports;
  j->slot = j->hosts + ports;
  return pairs_make(j);
}

/* ---- chance ---- */

static double expected(const uint32_t *of_degree, double theta)
{
  double s = 0;
  for (uint32_t d = 1; d < DEGREES; d++)
    if (of_degree[d]) s += of_degree[d] * (1 - exp(-theta * d));
  return s;
}

/* theta of port q, by halving; it rises with the hosts of the port. */
static double theta_of(struct judging *j, uint32_t q)
{
  if (j->theta[q] >= 0) return j->theta[q];
  const uint32_t *all = j->of_degree[proto_of(j, q)];
  double lo = 0, hi = 1;
  while (hi < 64 && expected(all, hi) < j->of_port[q]) hi *= 2;
  for (int i = 0; i < 40; i++) {
    double mid = (lo + hi) / 2;
    if (expected(all, mid) < j->of_port[q])
      lo = mid;
    else
      hi = mid;
  }
  return j->theta[q] = hi;
}

/* -log10 of the chance that k or more of n are where e are expected, after all these looks. */
static double unlikely(const struct judging *j, double k, double e, double n)
{
  if (k < j->c->lift * e || k <= e || e >= n || !(e > 0)) return 0;
  double looks = 2.0 * j->f.n_groups * j->cells->n_ports;
  double nats = k * log(k / e) - log(looks);
  if (k < n) nats += (n - k) * log((n - k) / (n - e));
  return nats > 0 ? nats / log(10) : 0;
}

struct chance {
  double surprise, seen, expected;
  bool in_time;
};

/* Of the port's hosts, how many are there in the group's minutes? */
static struct chance by_time(const struct judging *j, uint32_t q)
{
  uint32_t own[KINDS] = {0}, own_in[KINDS] = {0};
  struct chance c = {.in_time = true};
  for (uint32_t i = j->first[q]; i < j->first[q + 1]; i++) {
    const struct pair *p = &j->pairs[j->by_port[i]];
    own[p->kind]++;
    own_in[p->kind] += (p->minutes & j->g.minutes) != 0;
  }
  for (unsigned k = 0; k < KINDS; k++) {
    if (own[k] == 0) continue;
    double in = j->in_time[k] - own_in[k] + 1, all = j->of_kind[k] - own[k] + 1;
    c.seen += own_in[k];
    c.expected += own[k] * in / all;
  }
  c.surprise = unlikely(j, c.seen, c.expected, j->of_port[q]);
  return c;
}

/* Of the port's hosts, how many are in the group? */
static struct chance by_group(struct judging *j, uint32_t q)
{
  struct chance c = {.seen = j->hosts[q]};
  c.expected = expected(j->base_of_degree[proto_of(j, q)], theta_of(j, q));
  c.surprise = unlikely(j, c.seen, c.expected, j->of_port[q]);
  return c;
}

/* ---- one group ---- */

/* Marks the base; returns how many hosts are in it, 0 when it is no group. */
static uint32_t mark_base(struct judging *j)
{
  double active = j->c->active, half = j->c->anomalous * j->g.max;
  double least = j->c->base == NMF_ACTIVE ? active : half > active ? half : active;
  uint32_t anomalous = 0, n = 0;
  memset(j->base, 0, j->cells->n_hosts);
  memset(j->base_of_degree, 0, sizeof j->base_of_degree);
  for (uint32_t i = 0; i < j->m.v.rows; i++) {
    double x = j->g.packets[i];
    uint32_t h = j->m.host[i];
    anomalous += x >= active && x >= half;
    if (x < least) continue;
    j->base[h] = 1;
    for (unsigned p = 0; p < PROTOS; p++) j->base_of_degree[p][j->degree[p][h]]++;
    n++;
  }
  return anomalous >= 2 ? n : 0;
}

static void count_ports(struct judging *j)
{
  memset(j->hosts, 0, j->cells->n_ports * sizeof *j->hosts);
  memset(j->in_time, 0, sizeof j->in_time);
  for (size_t i = 0; i < j->n_pairs; i++) {
    const struct pair *p = &j->pairs[i];
    j->hosts[p->port] += j->base[p->host];
    j->in_time[p->kind] += (p->minutes & j->g.minutes) != 0;
  }
}

static struct nmf_port *claim(struct judging *j, uint32_t q)
{
  struct nmf_found *f = j->ret;
  if (j->slot[q]) return &f->v[j->slot[q] - 1];
  uint16_t *times = NULL;
  if (f->n < NMF_PORTS) times = prac_arena_alloc(j->a, (j->cells->n_hosts + 1u) * sizeof *times);
  if (!times) {
    f->refused++;
    return NULL;
  }
  j->times[f->n] = times;
  struct nmf_port *p = &f->v[f->n++];
  *p = (struct nmf_port){.port = j->cells->ports[q], .index = q};
  j->slot[q] = f->n;
  return p;
}

/* A port with the share: by the published rule that is enough. */
static void judge_port(struct judging *j, uint32_t q, uint32_t rank, uint32_t n_base)
{
  struct chance c = by_group(j, q), t = by_time(j, q);
  if (t.surprise > c.surprise) c = t;
  bool sure = c.surprise > 0 && c.surprise >= j->c->surprise;
  bool large = j->hosts[q] >= (uint32_t)j->c->min_hosts;
  if (j->c->surprise <= 0) sure = true; /* as published */
  if (!sure && !j->c->weak) return;
  struct nmf_port *p = claim(j, q);
  if (!p) return;
  enum eng_port_level level = !sure ? ENG_PORT_WEAK : large ? ENG_PORT_ATTACK : ENG_PORT_SURVEY;
  j->hit[p - j->ret->v] = 1;
  p->hits++;
  p->ranks |= 1u << (rank - 1);
  if (p->level == 0 || level < p->level) p->level = level;
  if (p->hits > 1 && c.surprise <= p->surprise) return;
  p->surprise = c.surprise;
  p->expected = c.expected;
  p->inside = c.seen;
  p->in_time = c.in_time;
  p->group = n_base;
  p->minutes = j->g.minutes;
}

/* Hosts of the base that sent to a port that this group has hit, in the group's minutes. */
static void mark_hosts(struct judging *j)
{
  for (size_t i = 0; i < j->n_pairs; i++) {
    const struct pair *p = &j->pairs[i];
    uint32_t k = j->slot[p->port];
    bool here = j->base[p->host] && (p->minutes & j->g.minutes);
    if (k && j->hit[k - 1] && here) j->times[k - 1][p->host]++;
  }
  memset(j->hit, 0, sizeof j->hit);
}

static void judge_group(struct judging *j, size_t k, uint32_t rank)
{
  nmf_group_of(j->c, &j->m.v, &j->f, k, &j->g);
  uint32_t n_base = mark_base(j), hit = 0;
  if (n_base == 0) return;
  j->ret->groups++;
  count_ports(j);
  double least = j->c->pct / 100 * n_base;
  for (uint32_t q = 0; q < j->cells->n_ports; q++) {
    if (j->hosts[q] < (uint32_t)j->c->hosts || j->hosts[q] < least) continue;
    judge_port(j, q, rank, n_base);
    hit++;
  }
  if (hit) mark_hosts(j);
}

/* ---- all groups ---- */

/* Are the port's hosts, whoever they are, there at the same times? Hosts that never rest have a
 * pattern too, and few ports beside their own: they are alike, but nobody tells them when. */
static prac_rc in_step(const struct judging *j, const struct nmf_port *p, bool *ret)
{
  uint32_t from = j->first[p->index], n = j->first[p->index + 1] - from;
  struct prac_arena_mark work = prac_arena_mark(j->a);
  uint64_t *mask = prac_arena_alloc(j->a, (n + (size_t)1) * sizeof *mask);
  if (!mask) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++) mask[i] = j->pairs[j->by_port[from + i]].minutes;
  struct math_pulse s = eng_instep_port(&j->all, mask, n);
  *ret = j->c->alpha >= 1 || eng_instep_chance(&s, j->tested) < log10(j->c->alpha);
  prac_arena_rewind(j->a, work);
  return PRAC_OK;
}

static prac_rc finish_port(struct judging *j, struct nmf_port *p, const uint16_t *times)
{
  const struct eng_port_rule r = {.pct = 100, .hosts = 1, .dst_pct = j->c->dst_pct};
  struct eng_port_list said;
  bool together;
  PRAC_TRY(in_step(j, p, &together));
  for (uint32_t h = 0; h < j->cells->n_hosts; h++) {
    j->base[h] = times[h] > 0 && times[h] * 2u >= p->hits;
    p->any += times[h] > 0;
    p->hosts += j->base[h];
    p->all += times[h] == p->hits;
  }
  PRAC_TRY(eng_traffic_who(j->t, j->cells, j->base, p->index, j->a, &p->who));
  bool sure = together && p->hits >= (uint32_t)j->c->hits && !eng_instep_few(&p->who, j->c->each);
  if (p->level == ENG_PORT_ATTACK && !sure) p->level = ENG_PORT_WEAK;
  if (p->minutes) { /* a window has at most 60 */
    p->span.from = j->t->from + __builtin_ctzll(p->minutes) * PRAC_MIN;
    p->span.to = j->t->from + (64 - __builtin_clzll(p->minutes)) * PRAC_MIN;
  }
  PRAC_TRY(eng_traffic_ports(j->t, j->cells, j->base, &r, j->a, &said));
  for (size_t i = 0; i < said.n; i++) {
    if (said.v[i].index == p->index && said.v[i].level == ENG_PORT_POINT) p->level = ENG_PORT_POINT;
  }
  return PRAC_OK;
}

static void by_port(struct nmf_found *f)
{
  for (uint32_t i = 1; i < f->n; i++)
    for (uint32_t k = i; k > 0 && f->v[k].port < f->v[k - 1].port; k--) {
      struct nmf_port p = f->v[k];
      f->v[k] = f->v[k - 1];
      f->v[k - 1] = p;
    }
}

static prac_rc judge_all(struct judging *j, const struct eng_env *env)
{
  size_t k = 0;
  PRAC_TRY(room(j));
  PRAC_TRY(nmf_factor(j->c, &j->m.v, env, j->a, &j->f));
  for (uint32_t b = 0; b < j->f.f.n_blocks; b++)
    for (uint32_t g = 0; g < j->f.rank[b]; g++) judge_group(j, k++, j->f.rank[b]);
  for (uint32_t i = 0; i < j->ret->n; i++) PRAC_TRY(finish_port(j, &j->ret->v[i], j->times[i]));
  by_port(j->ret);
  return PRAC_OK;
}

prac_rc nmf_judge(const struct nmf_conf *c, const struct eng_traffic *t, const struct eng_env *env,
                  struct prac_arena *a, struct nmf_found *ret)
{
  struct eng_cells cells;
  struct judging j = {.c = c, .t = t, .cells = &cells, .a = a, .ret = ret};
  *ret = (struct nmf_found){0};
  PRAC_TRY(eng_traffic_cells(t, a, &cells));
  PRAC_TRY(nmf_matrix_hosts(c, &cells, a, &j.m));
  prac_count(&env->counters[NMF_COUNT_SINGLE], j.m.single);
  prac_count(&env->counters[NMF_COUNT_LOUD], j.m.loud);
  prac_count(&env->counters[NMF_COUNT_CUT], j.m.cut);
  if (j.m.v.rows < 2) return PRAC_OK; /* no two hosts: no group */
  PRAC_TRY(judge_all(&j, env));
  bool stage = c->port_stage && c->base == NMF_ACTIVE;
  for (uint32_t i = 0; stage && i < ret->n; i++)
    if (ret->v[i].level != ENG_PORT_WEAK) return nmf_port_stage(c, &cells, env, a, ret);
  return PRAC_OK;
}
