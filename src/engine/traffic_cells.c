/* Rows to cells: everything is a radix sort over numbers made of dense indexes, so the order rows
 * came in leaves no trace. */
#include <string.h>

#include "engine/traffic_int.h"

enum { DIGIT = 11, DIGITS = 6, RADIX = 1 << DIGIT };

prac_rc eng_pairs_make(struct eng_pairs *p, struct prac_arena *a, size_t n)
{
  p->n = 0;
  p->k = prac_arena_alloc(a, n * sizeof *p->k + 1);
  p->k2 = prac_arena_alloc(a, n * sizeof *p->k + 1);
  p->v = prac_arena_alloc(a, n * sizeof *p->v + 1);
  p->v2 = prac_arena_alloc(a, n * sizeof *p->v + 1);
  return p->k && p->k2 && p->v && p->v2 ? PRAC_OK : PRAC_NOMEM;
}

static void pass(struct eng_pairs *p, unsigned shift)
{
  uint32_t at[RADIX] = {0}, sum = 0;
  for (size_t i = 0; i < p->n; i++) at[p->k[i] >> shift & (RADIX - 1)]++;
  for (size_t d = 0; d < RADIX; d++) {
    uint32_t n = at[d];
    if (n == p->n) return; /* one digit for all */
    at[d] = sum;
    sum += n;
  }
  for (size_t i = 0; i < p->n; i++) {
    uint32_t to = at[p->k[i] >> shift & (RADIX - 1)]++;
    p->k2[to] = p->k[i];
    p->v2[to] = p->v[i];
  }
  uint64_t *k = p->k;
  uint32_t *v = p->v;
  p->k = p->k2;
  p->v = p->v2;
  p->k2 = k;
  p->v2 = v;
}

void eng_pairs_sort(struct eng_pairs *p)
{
  uint64_t any = 0;
  for (size_t i = 1; i < p->n; i++) any |= p->k[i] ^ p->k[0];
  for (unsigned d = 0; d < DIGITS; d++)
    if (any >> (d * DIGIT) & (RADIX - 1)) pass(p, d * DIGIT);
}

/* ---- hosts ---- */

static struct prac_ip host_ip(const struct prac_ip *ip, const struct eng_traffic_conf *c)
{
  unsigned bits = prac_ip_is4(ip) ? 96u + c->v4_bits : c->v6_bits;
  struct prac_ip out = {{0}};
  memcpy(out.b, ip->b, bits / 8);
  if (bits % 8) out.b[bits / 8] = (uint8_t)(ip->b[bits / 8] & 0xff00u >> bits % 8);
  return out;
}

/* Sources by (host, address): four sorts by halves of addresses, of which most do nothing. */
static void by_address(struct eng_pairs *p, const struct prac_ip *v)
{
  for (size_t i = 0; i < p->n; i++) p->k[i] = prac_ip_lo(&v[p->v[i]]);
  eng_pairs_sort(p);
  for (size_t i = 0; i < p->n; i++) p->k[i] = prac_ip_hi(&v[p->v[i]]);
  eng_pairs_sort(p);
}

struct making {
  const struct eng_traffic *t;
  struct prac_arena *a;
  struct eng_cells *c;
  struct eng_cells_work *w;
  uint64_t *packets; /* of a source; 0: no row */
};

static prac_rc hosts_make(struct making *m)
{
  const struct eng_traffic_ips *src = &m->t->src;
  size_t room = src->n ? src->n : 1;
  struct eng_pairs p;
  struct prac_ip *hosts = prac_arena_alloc(m->a, room * sizeof *hosts);
  uint32_t *host_of = prac_arena_alloc(m->a, room * sizeof *host_of);
  uint32_t *src_of = prac_arena_alloc(m->a, room * sizeof *src_of);
  uint32_t *rank_of = prac_arena_alloc(m->a, room * sizeof *rank_of);
  struct prac_arena_mark work = prac_arena_mark(m->a);
  struct prac_ip *of_src = prac_arena_alloc(m->a, room * sizeof *of_src);
  if (!of_src || !hosts || !host_of || !src_of || !rank_of) return PRAC_NOMEM;
  PRAC_TRY(eng_pairs_make(&p, m->a, src->n));
  for (uint32_t i = 0; i < src->n; i++) {
    of_src[i] = host_ip(&src->v[i], &m->t->conf);
    if (m->packets[i]) p.v[p.n++] = i;
  }
  by_address(&p, src->v);
  by_address(&p, of_src);
  uint32_t n = 0;
  for (uint32_t i = 0; i < p.n; i++) {
    uint32_t s = p.v[i];
    if (n == 0 || !prac_ip_eq(&hosts[n - 1], &of_src[s])) hosts[n++] = of_src[s];
    src_of[i] = s;
    host_of[i] = n - 1;
    rank_of[s] = i;
  }
  m->w->host_of = host_of;
  m->w->src_of = src_of;
  m->w->rank_of = rank_of;
  m->w->n_src = (uint32_t)p.n;
  m->c->hosts = hosts;
  m->c->n_hosts = n;
  prac_arena_rewind(m->a, work);
  return PRAC_OK;
}

/* Of each host the country with most packets; of two, the lower. */
static prac_rc countries_make(struct making *m)
{
  struct eng_pairs p;
  uint16_t *country = prac_arena_alloc(m->a, (m->c->n_hosts + 1) * sizeof *country);
  struct prac_arena_mark work = prac_arena_mark(m->a);
  if (!country) return PRAC_NOMEM;
  PRAC_TRY(eng_pairs_make(&p, m->a, m->w->n_src));
  for (p.n = 0; p.n < m->w->n_src; p.n++) {
    uint32_t s = m->w->src_of[p.n];
    p.k[p.n] = (uint64_t)m->w->host_of[p.n] << 16 | m->t->src.country[s];
    p.v[p.n] = s;
  }
  eng_pairs_sort(&p);
  uint64_t sum = 0, best = 0;
  for (size_t i = 0; i < p.n; i++) {
    bool same = i > 0 && p.k[i] == p.k[i - 1], fresh = i == 0 || p.k[i] >> 16 != p.k[i - 1] >> 16;
    sum = same ? sum + m->packets[p.v[i]] : m->packets[p.v[i]];
    if (fresh) best = 0;
    if ((p.k[i] & 0xffff) == 0 || sum <= best) continue;
    best = sum;
    country[p.k[i] >> 16] = (uint16_t)(p.k[i] & 0xffff);
  }
  m->c->country = country;
  prac_arena_rewind(m->a, work);
  return PRAC_OK;
}

/* ---- ports ---- */

uint32_t eng_port_index(const uint32_t *port_rank, uint32_t what)
{
  return port_rank[what >> ENG_STEP_BITS];
}

static prac_rc ports_make(struct making *m)
{
  uint32_t *rank = prac_arena_alloc(m->a, ENG_PORTS * sizeof *rank), n = 0;
  if (!rank) return PRAC_NOMEM;
  for (uint32_t i = 0; i < m->t->cap_rows; i++)
    if (m->t->rows[i].packets) rank[m->t->rows[i].what >> ENG_STEP_BITS] = 1;
  for (uint32_t i = 0; i < ENG_PORTS; i++) n += rank[i];
  uint32_t *ports = prac_arena_alloc(m->a, (n + 1) * sizeof *ports);
  m->w->port_hosts = prac_arena_alloc(m->a, (n + 1) * sizeof *m->w->port_hosts);
  m->w->touched = prac_arena_alloc(m->a, (n + 1) * sizeof *m->w->touched);
  if (!ports || !m->w->port_hosts || !m->w->touched) return PRAC_NOMEM;
  n = 0;
  for (uint32_t i = 0; i < ENG_PORTS; i++) {
    if (!rank[i]) continue;
    ports[n] = (i >> 16 ? 17u : 6u) << 16 | (i & 0xffff);
    rank[i] = n++;
  }
  m->w->port_rank = rank;
  m->c->ports = ports;
  m->c->n_ports = n;
  return PRAC_OK;
}

/* ---- cells ---- */

/* The rows sorted by (host, port, step), packets beside. */
static prac_rc rows_sorted(const struct making *m, struct eng_pairs *p)
{
  const struct eng_traffic *t = m->t;
  PRAC_TRY(eng_pairs_make(p, m->a, t->n_rows));
  for (uint32_t i = 0; i < t->cap_rows; i++) {
    const struct eng_traffic_row *r = &t->rows[i];
    if (r->packets == 0) continue;
    p->k[p->n] = (uint64_t)m->w->host_of[m->w->rank_of[r->src]] << 32 | r->what;
    p->v[p->n++] = r->packets;
  }
  eng_pairs_sort(p);
  return PRAC_OK;
}

static prac_rc cells_make(struct making *m)
{
  struct eng_pairs p;
  struct eng_cell *v = prac_arena_alloc(m->a, (m->t->n_rows + (size_t)1) * sizeof *v);
  uint32_t *first = prac_arena_alloc(m->a, (m->c->n_hosts + (size_t)1) * sizeof *first);
  if (!v || !first) return PRAC_NOMEM;
  struct prac_arena_mark work = prac_arena_mark(m->a);
  PRAC_TRY(rows_sorted(m, &p));
  size_t n = 0;
  for (size_t i = 0; i < p.n; i++) {
    m->c->packets += p.v[i];
    if (i > 0 && p.k[i] == p.k[i - 1]) {
      uint32_t left = UINT32_MAX - v[n - 1].packets;
      v[n - 1].packets += p.v[i] < left ? p.v[i] : left;
      continue;
    }
    uint32_t what = (uint32_t)p.k[i], host = (uint32_t)(p.k[i] >> 32);
    v[n++] = (struct eng_cell){host, eng_port_index(m->w->port_rank, what),
                               what & ((1u << ENG_STEP_BITS) - 1), p.v[i]};
    first[host + 1] = (uint32_t)n;
  }
  m->c->v = v;
  m->c->n = n;
  m->c->first = first; /* every host has cells: none is left at zero */
  prac_arena_rewind(m->a, work);
  return PRAC_OK;
}

prac_rc eng_traffic_cells(const struct eng_traffic *t, struct prac_arena *a, struct eng_cells *ret)
{
  *ret = (struct eng_cells){.steps = t->conf.steps};
  struct making m = {.t = t, .a = a, .c = ret};
  ret->work = m.w = prac_arena_alloc(a, sizeof *m.w);
  m.packets = prac_arena_alloc(a, (t->src.n + 1) * sizeof *m.packets);
  if (!m.w || !m.packets) return PRAC_NOMEM;
  for (uint32_t i = 0; i < t->cap_rows; i++)
    if (t->rows[i].packets) m.packets[t->rows[i].src] += t->rows[i].packets;
  PRAC_TRY(hosts_make(&m));
  PRAC_TRY(countries_make(&m));
  PRAC_TRY(ports_make(&m));
  return cells_make(&m);
}
