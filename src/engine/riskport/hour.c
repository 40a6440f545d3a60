/* One table of (source, port) pairs carries everything that is asked of an hour: sources, networks
 * and countries of a port, the ports of a source. */
#include "engine/riskport/hour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hll.h"

enum { FIRST = 1024 };

static uint64_t source_hash(const struct risk_hour *h, const struct prac_ip *ip)
{
  return prac_hash2(h->seed, prac_ip_hi(ip), prac_ip_lo(ip)); /* not of a hash without seed */
}
static bool kept(const struct risk_hour *h, uint64_t hash)
{
  return h->shift == 0 || hash >> (64 - h->shift) == 0;
}

static uint32_t source_home(const struct risk_hour *h, const struct prac_ip *ip)
{
  return (uint32_t)prac_hash_keyed(h->secret, prac_ip_hi(ip), prac_ip_lo(ip)) &
         (h->n_source_slots - 1);
}
static uint32_t source_place(const struct risk_hour *h, const struct prac_ip *ip)
{
  uint32_t i = source_home(h, ip);
  while (h->source_slots[i] && !prac_ip_eq(&h->sources[h->source_slots[i] - 1].ip, ip))
    i = (i + 1) & (h->n_source_slots - 1);
  return i;
}
static uint32_t pair_home(const struct risk_hour *h, uint32_t src, uint32_t port)
{
  return (uint32_t)prac_hash_keyed(h->secret, src, port) & (h->cap_pairs - 1);
}
static struct risk_pair *pair_place(const struct risk_hour *h, uint32_t src, uint32_t port)
{
  struct risk_pair *v = h->pairs;
  uint32_t i = pair_home(h, src, port);
  while (v[i].src && (v[i].src != src || v[i].port != port)) i = (i + 1) & (h->cap_pairs - 1);
  return &v[i];
}

static bool full(uint32_t n, uint32_t cap)
{
  return (uint64_t)n * 4 >= (uint64_t)cap * 3;
}

static prac_rc sources_grow(struct risk_hour *h)
{
  if (h->n_sources == h->cap_sources) {
    uint32_t cap = h->cap_sources ? h->cap_sources * 2 : FIRST;
    struct risk_source *v = realloc(h->sources, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    h->sources = v;
    h->cap_sources = cap;
  }
  if (!full(h->n_sources, h->n_source_slots)) return PRAC_OK;
  uint32_t n = h->n_source_slots ? h->n_source_slots * 2 : FIRST * 2;
  uint32_t *slots = calloc(n, sizeof *slots);
  if (!slots) return PRAC_NOMEM;
  free(h->source_slots);
  h->source_slots = slots;
  h->n_source_slots = n;
  for (uint32_t i = 0; i < h->n_sources; i++) slots[source_place(h, &h->sources[i].ip)] = i + 1;
  return PRAC_OK;
}

static prac_rc pairs_resize(struct risk_hour *h, uint32_t cap)
{
  struct risk_pair *old = h->pairs, *v = calloc(cap, sizeof *v);
  uint32_t n = h->cap_pairs;
  if (!v) return PRAC_NOMEM;
  h->pairs = v;
  h->cap_pairs = cap;
  for (uint32_t i = 0; i < n; i++)
    if (old[i].src) *pair_place(h, old[i].src, old[i].port) = old[i];
  free(old);
  return PRAC_OK;
}

/* Half of the sources go, with their pairs; until there is room. */
static prac_rc thin_out(struct risk_hour *h)
{
  uint32_t *to = malloc((h->n_sources + (size_t)1) * sizeof *to);
  if (!to) return PRAC_NOMEM;
  while (h->n_pairs > h->max_pairs && h->shift < 63) {
    h->shift++;
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->n_sources; i++) {
      to[i] = kept(h, source_hash(h, &h->sources[i].ip)) ? ++n : 0;
      if (to[i]) h->sources[n - 1] = h->sources[i];
    }
    h->n_sources = n;
    h->n_pairs = 0;
    for (uint32_t i = 0; i < h->cap_pairs; i++) {
      struct risk_pair *p = &h->pairs[i];
      if (p->src) p->src = to[p->src - 1];
      h->n_pairs += p->src != 0;
    }
  }
  free(to);
  h->last = 0;
  memset(h->source_slots, 0, h->n_source_slots * sizeof *h->source_slots);
  for (uint32_t i = 0; i < h->n_sources; i++)
    h->source_slots[source_place(h, &h->sources[i].ip)] = i + 1;
  return pairs_resize(h, h->cap_pairs); /* numbers have changed: places too */
}

prac_rc risk_hour_init(struct risk_hour *h, uint32_t max_pairs, uint64_t seed)
{
  *h = (struct risk_hour){.max_pairs = max_pairs, .seed = seed};
  h->at = calloc(RISK_PORTS, sizeof *h->at);
  if (!h->at || sources_grow(h) != PRAC_OK) return PRAC_NOMEM;
  return pairs_resize(h, FIRST * 2);
}

void risk_hour_done(struct risk_hour *h)
{
  free(h->sources);
  free(h->source_slots);
  free(h->pairs);
  free(h->ports);
  free(h->at);
  *h = (struct risk_hour){0};
}

void risk_hour_reset(struct risk_hour *h)
{
  for (uint32_t i = 0; i < h->n_ports; i++) h->at[h->ports[i].id] = 0;
  h->n_ports = h->n_sources = h->n_pairs = h->shift = h->last = 0;
  memset(h->source_slots, 0, h->n_source_slots * sizeof *h->source_slots);
  memset(h->pairs, 0, h->cap_pairs * sizeof *h->pairs);
}

static struct risk_seen *port_of(struct risk_hour *h, uint32_t id)
{
  if (h->at[id]) return &h->ports[h->at[id] - 1];
  if (h->n_ports == h->cap_ports) {
    uint32_t cap = h->cap_ports ? h->cap_ports * 2 : FIRST;
    struct risk_seen *v = realloc(h->ports, cap * sizeof *v);
    if (!v) return NULL;
    h->ports = v;
    h->cap_ports = cap;
  }
  h->ports[h->n_ports] = (struct risk_seen){.id = id};
  h->at[id] = ++h->n_ports;
  return &h->ports[h->n_ports - 1];
}

static prac_rc source_of(struct risk_hour *h, const struct prac_ip *ip, uint16_t country,
                         uint32_t *ret)
{
  uint32_t i = source_place(h, ip);
  if (!h->source_slots[i]) {
    PRAC_TRY(sources_grow(h));
    h->sources[h->n_sources] = (struct risk_source){*ip, country};
    h->source_slots[source_place(h, ip)] = ++h->n_sources;
    *ret = h->n_sources;
    return PRAC_OK;
  }
  *ret = h->source_slots[i];
  struct risk_source *s = &h->sources[*ret - 1];
  if (country > s->country) s->country = country; /* two answers: the same one in any order */
  return PRAC_OK;
}

static prac_rc pair_add(struct risk_hour *h, const struct prac_ip *ip, uint16_t country,
                        const struct risk_pair *add)
{
  uint32_t src = h->last;
  if (!src || country != h->sources[src - 1].country || !prac_ip_eq(ip, &h->sources[src - 1].ip)) {
    if (!kept(h, source_hash(h, ip))) return PRAC_OK;
    PRAC_TRY(source_of(h, ip, country, &src));
    h->last = src;
  }
  struct risk_pair *p = pair_place(h, src, add->port);
  if (p->src) {
    p->packets += add->packets < UINT32_MAX - p->packets ? add->packets : UINT32_MAX - p->packets;
    p->est |= add->est;
    return PRAC_OK;
  }
  *p = *add;
  p->src = src;
  h->n_pairs++;
  if (h->n_pairs > h->max_pairs) return thin_out(h);
  return full(h->n_pairs, h->cap_pairs) ? pairs_resize(h, h->cap_pairs * 2) : PRAC_OK;
}

void risk_hour_expect(const struct risk_hour *h, const struct flow_batch *b, uint32_t row,
                      bool near)
{
  uint32_t i = source_home(h, &b->src[row]);
  if (!near) {
    __builtin_prefetch(&h->source_slots[i]);
    return;
  }
  uint32_t src = h->source_slots[i];
  if (!src) return;
  __builtin_prefetch(&h->sources[src - 1]);
  __builtin_prefetch(&h->pairs[pair_home(h, src, risk_id(b->proto[row], b->dport[row]))]);
}

prac_rc risk_hour_add(struct risk_hour *h, const struct flow_batch *b, uint32_t row, uint64_t bit,
                      bool est)
{
  uint32_t id = risk_id(b->proto[row], b->dport[row]);
  struct risk_seen *p = port_of(h, id);
  if (!p) return PRAC_NOMEM;
  p->packets += b->packets[row];
  p->sensors |= bit;
  uint64_t d = prac_mix64(prac_hll_hash_ip(&b->dst[row]));
  if (!prac_ip_is_zero(&b->dst[row])) /* some tables do not tell */
    p->dst[d / 64 % (RISK_DST_BITS / 64)] |= UINT64_C(1) << (d % 64);
  if (prac_ip_is_zero(&b->src[row])) return PRAC_OK;
  const struct risk_pair add = {.port = id, .packets = b->packets[row], .est = est};
  return pair_add(h, &b->src[row], b->country[row], &add);
}

double risk_hour_destinations(const struct risk_seen *p)
{
  double set = 0, m = RISK_DST_BITS;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(p->dst); i++)
    set += (double)__builtin_popcountll(p->dst[i]);
  if (set >= m) return m * log(m); /* full: at least so many */
  return floor(m * log(m / (m - set)) + 0.5);
}

static int by_id(const void *pa, const void *pb)
{
  const struct risk_seen *const *a = pa, *const *b = pb;
  return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

prac_rc risk_hour_sort(const struct risk_hour *h, struct prac_arena *a, struct risk_sorted *ret)
{
  struct risk_sorted s = {0};
  s.ports = prac_arena_alloc(a, (h->n_ports + (size_t)1) * sizeof *s.ports);
  s.first = prac_arena_alloc(a, (h->n_ports + (size_t)2) * sizeof *s.first);
  s.v = prac_arena_alloc(a, (h->n_pairs + (size_t)1) * sizeof *s.v);
  uint32_t *place = prac_arena_alloc(a, (h->n_ports + (size_t)1) * sizeof *place);
  if (!s.ports || !s.first || !s.v || !place) return PRAC_NOMEM;
  for (uint32_t i = 0; i < h->n_ports; i++) s.ports[i] = &h->ports[i];
  qsort((void *)s.ports, h->n_ports, sizeof *s.ports, by_id);
  for (uint32_t i = 0; i < h->n_ports; i++) place[s.ports[i] - h->ports] = i;
  uint32_t *next = s.first + 1; /* one further: becomes `first` while filling */
  for (uint32_t i = 0; i < h->cap_pairs; i++)
    if (h->pairs[i].src) next[place[h->at[h->pairs[i].port] - 1] + 1]++;
  for (uint32_t i = 1; i <= h->n_ports; i++) next[i] += next[i - 1];
  for (uint32_t i = 0; i < h->cap_pairs; i++)
    if (h->pairs[i].src) s.v[next[place[h->at[h->pairs[i].port] - 1]]++] = h->pairs[i];
  *ret = s;
  return PRAC_OK;
}

/* ---- as bytes ---- */

void risk_hour_save(const struct risk_hour *h, struct prac_wr *w)
{
  prac_wr_u64le(w, h->seed);
  prac_wr_u32le(w, h->shift);
  prac_wr_u32le(w, h->n_sources);
  for (uint32_t i = 0; i < h->n_sources && !w->bad; i++) {
    prac_wr_bytes(w, &h->sources[i].ip, sizeof h->sources[i].ip);
    prac_wr_u16le(w, h->sources[i].country);
  }
  prac_wr_u32le(w, h->n_pairs);
  for (uint32_t i = 0; i < h->cap_pairs && !w->bad; i++) {
    const struct risk_pair *p = &h->pairs[i];
    if (!p->src) continue;
    prac_wr_u32le(w, p->src);
    prac_wr_u32le(w, p->port << 1 | p->est);
    prac_wr_u32le(w, p->packets);
  }
  prac_wr_u32le(w, h->n_ports);
  for (uint32_t i = 0; i < h->n_ports && !w->bad; i++) {
    const struct risk_seen *p = &h->ports[i];
    prac_wr_u32le(w, p->id);
    prac_wr_u64le(w, p->packets);
    prac_wr_u64le(w, p->sensors);
    prac_wr_u64le(w, 0); /* a payload's hash, in states of before: nobody may be told it */
    for (size_t k = 0; k < PRAC_ARRAY_LEN(p->dst); k++) prac_wr_u64le(w, p->dst[k]);
  }
}

static prac_rc sources_load(struct risk_hour *h, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (prac_rd_left(r) / 18 < n) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) {
    struct prac_ip ip;
    prac_rd_copy(r, &ip, sizeof ip);
    uint16_t country = prac_rd_u16le(r);
    uint32_t got = 0;
    PRAC_TRY(source_of(h, &ip, country, &got));
    if (got != i + 1 || !kept(h, source_hash(h, &ip))) return PRAC_DAMAGED;
  }
  return PRAC_OK;
}

static prac_rc pairs_load(struct risk_hour *h, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (prac_rd_left(r) / 12 < n || n > h->max_pairs) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) {
    struct risk_pair x = {.src = prac_rd_u32le(r)};
    uint32_t port = prac_rd_u32le(r);
    x.port = port >> 1;
    x.est = port & 1;
    x.packets = prac_rd_u32le(r);
    if (x.src == 0 || x.src > h->n_sources || x.port >= RISK_PORTS) return PRAC_DAMAGED;
    struct risk_pair *p = pair_place(h, x.src, x.port);
    if (p->src) return PRAC_DAMAGED;
    *p = x;
    h->n_pairs++;
    if (full(h->n_pairs, h->cap_pairs)) PRAC_TRY(pairs_resize(h, h->cap_pairs * 2));
  }
  return PRAC_OK;
}

prac_rc risk_hour_load(struct risk_hour *h, struct prac_rd *r)
{
  h->seed = prac_rd_u64le(r);
  h->shift = prac_rd_u32le(r);
  if (r->bad || h->shift > 63) return PRAC_DAMAGED;
  PRAC_TRY(sources_load(h, r));
  PRAC_TRY(pairs_load(h, r));
  uint32_t n = prac_rd_u32le(r);
  if (n > RISK_PORTS) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    uint32_t id = prac_rd_u32le(r);
    if (id >= RISK_PORTS || h->at[id]) return PRAC_DAMAGED;
    struct risk_seen *p = port_of(h, id);
    if (!p) return PRAC_NOMEM;
    p->packets = prac_rd_u64le(r);
    p->sensors = prac_rd_u64le(r);
    (void)prac_rd_u64le(r);
    for (size_t k = 0; k < PRAC_ARRAY_LEN(p->dst); k++) p->dst[k] = prac_rd_u64le(r);
  }
  for (uint32_t i = 0; i < h->cap_pairs; i++)
    if (h->pairs[i].src && !h->at[h->pairs[i].port]) return PRAC_DAMAGED;
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}
