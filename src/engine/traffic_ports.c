/* Which ports a group of hosts knocks at. Counting hosts needs the group's cells only; packets and
 * destinations are looked at for ports that are said. */
#include <string.h>

#include "engine/traffic_int.h"

enum { SAID_MAX = 256 };

/* Of an index below n. At most 23 for sources with rows, 24 for destinations, 17 for ports: 64. */
static unsigned bits_for(uint32_t n)
{
  unsigned bits = 0;
  while (bits < 31 && n > UINT32_C(1) << bits) bits++;
  return bits;
}

unsigned eng_port_worth(enum eng_port_level level)
{
  static const unsigned of[] = {
      [ENG_PORT_ATTACK] = 4, [ENG_PORT_POINT] = 3, [ENG_PORT_SURVEY] = 2, [ENG_PORT_WEAK] = 1};
  return of[level];
}

/* Sorted keys into k, v: those that are alike joined. */
static size_t joined(const struct eng_pairs *p, uint64_t *k, uint32_t *v)
{
  size_t n = 0;
  for (size_t i = 0; i < p->n; i++) {
    if (n > 0 && p->k[i] == k[n - 1]) {
      v[n - 1] += p->v[i] < UINT32_MAX - v[n - 1] ? p->v[i] : UINT32_MAX - v[n - 1];
      continue;
    }
    k[n] = p->k[i];
    v[n++] = p->v[i];
  }
  return n;
}

/* The rows by (port, destination, rank of the source); the steps of one are joined. */
static prac_rc by_port_make(const struct eng_traffic *t, const struct eng_cells *c,
                            struct prac_arena *a)
{
  struct eng_cells_work *w = c->work;
  if (w->port_first) return PRAC_OK;
  struct eng_pairs p, *out = &w->by_port;
  out->k = prac_arena_alloc(a, (t->n_rows + (size_t)1) * sizeof *out->k);
  out->v = prac_arena_alloc(a, (t->n_rows + (size_t)1) * sizeof *out->v);
  uint32_t *first = prac_arena_alloc(a, (c->n_ports + (size_t)1) * sizeof *first);
  if (!out->k || !out->v || !first) return PRAC_NOMEM;
  w->rank_bits = bits_for(w->n_src);
  w->dst_bits = bits_for(t->dst.n);
  struct prac_arena_mark work = prac_arena_mark(a);
  PRAC_TRY(eng_pairs_make(&p, a, t->n_rows));
  for (uint32_t i = 0; i < t->cap_rows; i++) {
    const struct eng_traffic_row *r = &t->rows[i];
    if (r->packets == 0) continue;
    uint64_t port = eng_port_index(w->port_rank, r->what);
    p.k[p.n] = port << (w->dst_bits + w->rank_bits) | (uint64_t)r->dst << w->rank_bits |
               w->rank_of[r->src];
    p.v[p.n++] = r->packets;
  }
  eng_pairs_sort(&p);
  out->n = joined(&p, out->k, out->v);
  prac_arena_rewind(a, work);
  for (size_t i = 0; i < out->n; i++)
    first[(out->k[i] >> (w->dst_bits + w->rank_bits)) + 1] = (uint32_t)(i + 1);
  w->port_first = first;
  return PRAC_OK;
}

static uint32_t rank_at(const struct eng_cells_work *w, size_t i)
{
  return (uint32_t)(w->by_port.k[i] & ((UINT64_C(1) << w->rank_bits) - 1));
}

/* Packets and pairs at the busiest destination of one port. Rows of one destination lie together,
 * and in it those of one host. */
static void concentration(const struct eng_cells *c, const uint8_t *base, struct eng_port_said *s)
{
  const struct eng_cells_work *w = c->work;
  uint64_t packets = 0, pairs = 0, packets_max = 0, pairs_max = 0, all_pairs = 0;
  uint64_t dst = UINT64_MAX;
  uint32_t host = UINT32_MAX;
  for (size_t i = w->port_first[s->index]; i < w->port_first[s->index + 1]; i++) {
    uint32_t h = w->host_of[rank_at(w, i)];
    if (base && !base[h]) continue;
    if (w->by_port.k[i] >> w->rank_bits != dst) {
      dst = w->by_port.k[i] >> w->rank_bits;
      packets = pairs = 0;
      host = UINT32_MAX;
    }
    packets += w->by_port.v[i];
    s->packets += w->by_port.v[i];
    pairs += h != host;
    all_pairs += h != host;
    host = h;
    if (packets > packets_max) packets_max = packets;
    if (pairs > pairs_max) pairs_max = pairs;
  }
  if (s->packets) s->packets_one_dst = 100.0 * (double)packets_max / (double)s->packets;
  if (all_pairs) s->pairs_one_dst = 100.0 * (double)pairs_max / (double)all_pairs;
}

/* Distinct hosts of the group by port; `touched` gets the ports. */
static uint32_t count_hosts(const struct eng_cells *c, const uint8_t *base, uint32_t *ret_group)
{
  struct eng_cells_work *w = c->work;
  uint32_t n = 0, group = 0;
  for (uint32_t h = 0; h < c->n_hosts; h++) {
    if (base && !base[h]) continue;
    group++;
    uint32_t last = UINT32_MAX;
    for (uint32_t i = c->first[h]; i < c->first[h + 1]; i++) {
      uint32_t q = c->v[i].port;
      if (q == last) continue;
      last = q;
      if (w->port_hosts[q]++ == 0) w->touched[n++] = q;
    }
  }
  *ret_group = group;
  return n;
}

/* How many of the sorted ports are said, with their levels. */
static uint32_t walk(const struct eng_cells *c, const struct eng_pairs *p,
                     const struct eng_port_rule *r, uint32_t group, struct eng_port_said *v)
{
  uint32_t max = r->max && r->max < SAID_MAX ? r->max : SAID_MAX, n = 0;
  for (; n < p->n && n < max; n++) {
    uint32_t q = p->v[n], hosts = c->work->port_hosts[q];
    double pct = 100.0 * hosts / group;
    if (n > 0 && v[n - 1].level == ENG_PORT_WEAK && v[n - 1].hosts != hosts) break;
    v[n] = (struct eng_port_said){.port = c->ports[q], .index = q, .hosts = hosts, .pct = pct};
    v[n].level = pct < r->pct        ? ENG_PORT_WEAK
                 : hosts >= r->hosts ? ENG_PORT_ATTACK
                                     : ENG_PORT_SURVEY;
  }
  return n;
}

prac_rc eng_traffic_ports(const struct eng_traffic *t, const struct eng_cells *c,
                          const uint8_t *base, const struct eng_port_rule *r, struct prac_arena *a,
                          struct eng_port_list *ret)
{
  struct eng_cells_work *w = c->work;
  *ret = (struct eng_port_list){0};
  PRAC_TRY(by_port_make(t, c, a));
  struct eng_port_said *v = prac_arena_alloc(a, SAID_MAX * sizeof *v);
  if (!v) return PRAC_NOMEM;
  uint32_t group, n = count_hosts(c, base, &group);
  struct prac_arena_mark work = prac_arena_mark(a);
  struct eng_pairs p;
  prac_rc rc = eng_pairs_make(&p, a, n);
  for (p.n = 0; rc == PRAC_OK && p.n < n; p.n++) {
    uint32_t q = w->touched[p.n];
    p.k[p.n] = (uint64_t)(UINT32_MAX - w->port_hosts[q]) << 32 | q;
    p.v[p.n] = q;
  }
  if (rc == PRAC_OK) {
    eng_pairs_sort(&p);
    ret->n = walk(c, &p, r, group, v);
    prac_arena_rewind(a, work);
  }
  for (uint32_t i = 0; i < n; i++) w->port_hosts[w->touched[i]] = 0;
  for (size_t i = 0; i < ret->n; i++) {
    concentration(c, base, &v[i]);
    if (v[i].packets_one_dst > r->dst_pct && v[i].pairs_one_dst > r->dst_pct)
      v[i].level = ENG_PORT_POINT;
  }
  ret->v = v;
  ret->group = group;
  return rc;
}

/* ---- who ---- */

/* Sources of the group with their packets: p.k rank, p.v packets; each once. */
static void sources(const struct eng_cells *c, const uint8_t *base, uint32_t port,
                    struct eng_pairs *p)
{
  const struct eng_cells_work *w = c->work;
  for (size_t i = w->port_first[port]; i < w->port_first[port + 1]; i++) {
    uint32_t rank = rank_at(w, i);
    if (base && !base[w->host_of[rank]]) continue;
    p->k[p->n] = rank;
    p->v[p->n++] = w->by_port.v[i];
  }
  eng_pairs_sort(p);
  p->n = joined(p, p->k, p->v);
}

static prac_rc where_from(const struct eng_traffic *t, const struct eng_cells_work *w,
                          const struct eng_pairs *p, struct prac_arena *a, struct eng_port_who *ret)
{
  uint32_t *by = prac_arena_alloc(a, sizeof *by << 16), best = 0;
  if (!by) return PRAC_NOMEM;
  for (size_t i = 0; i < p->n; i++) {
    uint32_t country = t->src.country[w->src_of[p->k[i]]];
    ret->packets += p->v[i];
    if (country == 0) continue;
    ret->countries += by[country]++ == 0;
    if (by[country] <= best) continue;
    best = by[country];
    if (best * UINT64_C(2) > p->n) ret->country = (uint16_t)country;
  }
  return PRAC_OK;
}

/* First and last step of the group at the port. */
static void when(const struct eng_traffic *t, const struct eng_cells *c, const uint8_t *base,
                 uint32_t port, struct eng_port_who *ret)
{
  uint32_t first = UINT32_MAX, last = 0;
  for (uint32_t h = 0; h < c->n_hosts; h++) {
    if (base && !base[h]) continue;
    uint32_t lo = c->first[h], hi = c->first[h + 1], end = hi;
    while (lo < hi) {
      uint32_t mid = lo + (hi - lo) / 2;
      if (c->v[mid].port < port)
        lo = mid + 1;
      else
        hi = mid;
    }
    for (; lo < end && c->v[lo].port == port; lo++) {
      if (c->v[lo].step < first) first = c->v[lo].step;
      if (c->v[lo].step > last) last = c->v[lo].step;
    }
  }
  ret->from = t->from + (first == UINT32_MAX ? 0 : first) * t->conf.step_ns;
  ret->to = t->from + (last + (first != UINT32_MAX)) * t->conf.step_ns;
}

prac_rc eng_traffic_who(const struct eng_traffic *t, const struct eng_cells *c, const uint8_t *base,
                        uint32_t port_index, struct prac_arena *a, struct eng_port_who *ret)
{
  *ret = (struct eng_port_who){0};
  if (port_index >= c->n_ports) return PRAC_RANGE;
  PRAC_TRY(by_port_make(t, c, a));
  const struct eng_cells_work *w = c->work;
  struct eng_pairs p;
  struct prac_ip *ips = prac_arena_alloc(a, ENG_TRAFFIC_WHO * sizeof *ips);
  if (!ips) return PRAC_NOMEM;
  struct prac_arena_mark work = prac_arena_mark(a);
  PRAC_TRY(eng_pairs_make(&p, a, w->port_first[port_index + 1] - w->port_first[port_index]));
  sources(c, base, port_index, &p);
  PRAC_TRY(where_from(t, w, &p, a, ret));
  when(t, c, base, port_index, ret);
  ret->sources = (uint32_t)p.n;
  ret->n = p.n < ENG_TRAFFIC_WHO ? (uint32_t)p.n : ENG_TRAFFIC_WHO;
  for (size_t i = 0; i < p.n; i++) p.k[i] |= (uint64_t)(UINT32_MAX - p.v[i]) << 32;
  eng_pairs_sort(&p);
  if (p.n) ret->each = ((double)p.v[(p.n - 1) / 2] + (double)p.v[p.n / 2]) / 2;
  for (uint32_t i = 0; i < ret->n; i++) ips[i] = t->src.v[w->src_of[(uint32_t)p.k[i]]];
  ret->ips = ips;
  prac_arena_rewind(a, work);
  return PRAC_OK;
}
