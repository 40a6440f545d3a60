/* The sources that are watched, and the sketch that says who is worth it. Both are of fixed size:
 * a storm of senders costs places of sources that say little, never memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/noise/noise.h"

static const int64_t FAR = INT64_MAX / 2;

prac_rc noise_table_init(struct noise_table *t, uint32_t max, uint64_t seed)
{
  *t = (struct noise_table){.n_sets = 1, .seed = seed};
  while (t->n_sets * NOISE_WAYS < max) t->n_sets *= 2;
  size_t n = (size_t)t->n_sets * NOISE_WAYS;
  t->v = calloc(n, sizeof *t->v);
  t->tags = calloc(n, sizeof *t->tags);
  return t->v && t->tags ? PRAC_OK : PRAC_NOMEM;
}

void noise_table_done(struct noise_table *t)
{
  free(t->v);
  free(t->tags);
  *t = (struct noise_table){0};
}

static uint64_t hash_of(const struct noise_table *t, const struct prac_ip *ip)
{
  return prac_hash2(t->seed, prac_ip_hi(ip), prac_ip_lo(ip));
}
static uint32_t tag_of(uint64_t h)
{
  return (uint32_t)(h >> 32) | 1;
}

static uint32_t find(const struct noise_table *t, const struct prac_ip *ip, uint64_t h)
{
  uint32_t set = ((uint32_t)h & (t->n_sets - 1)) * NOISE_WAYS, tag = tag_of(h);
  for (uint32_t i = set; i < set + NOISE_WAYS; i++)
    if (t->tags[i] == tag && prac_ip_eq(&t->v[i].ip, ip)) return i;
  return UINT32_MAX;
}

struct noise_source *noise_table_find(const struct noise_table *t, const struct prac_ip *ip)
{
  uint32_t i = find(t, ip, hash_of(t, ip));
  return i == UINT32_MAX ? NULL : &t->v[i];
}

/* Who goes first: without a label before with one, an earlier day, fewer packets, lower address. */
static bool weaker(const struct noise_source *a, const struct noise_source *b)
{
  if (!a->label != !b->label) return !a->label;
  if (a->day != b->day) return a->day < b->day;
  if (a->packets != b->packets) return a->packets < b->packets;
  return memcmp(&a->ip, &b->ip, sizeof a->ip) < 0;
}

struct noise_source *noise_table_touch(struct noise_table *t, const struct prac_ip *ip, int64_t day,
                                       bool sure, uint8_t *ret_gone)
{
  uint64_t h = hash_of(t, ip);
  uint32_t i = find(t, ip, h), set = ((uint32_t)h & (t->n_sets - 1)) * NOISE_WAYS;
  *ret_gone = ENG_LABEL_UNKNOWN;
  if (i != UINT32_MAX) return &t->v[i];
  i = set;
  for (uint32_t k = set; k < set + NOISE_WAYS && t->tags[i]; k++)
    if (!t->tags[k] || weaker(&t->v[k], &t->v[i])) i = k;
  struct noise_source *x = &t->v[i];
  if (t->tags[i]) {
    t->evicted++;
    if (x->label && x->day >= day && !sure) return NULL;
    *ret_gone = x->label;
  } else {
    t->n++;
  }
  t->tags[i] = tag_of(h);
  *x = (struct noise_source){.ip = *ip,
                             .day = INT64_MIN,
                             .first = PRAC_TIME_NONE,
                             .last = PRAC_TIME_NONE,
                             .confirmed = INT64_MIN};
  return x;
}

/* ---- the sketch ---- */

prac_rc noise_sketch_init(struct noise_sketch *s)
{
  s->v = calloc((size_t)2 << NOISE_SKETCH_BITS, 1);
  s->day = INT64_MIN;
  return s->v ? PRAC_OK : PRAC_NOMEM;
}

void noise_sketch_done(struct noise_sketch *s)
{
  free(s->v);
  s->v = NULL;
}

/* Conservative update: only the smaller of the two rises, so neighbours add little. */
uint32_t noise_sketch_add(struct noise_sketch *s, uint64_t seed, const struct prac_ip *ip,
                          int64_t day, uint32_t packets)
{
  if (s->day != day) memset(s->v, 0, (size_t)2 << NOISE_SKETCH_BITS);
  s->day = day;
  uint64_t h = prac_hash2(~seed, prac_ip_hi(ip), prac_ip_lo(ip));
  uint32_t mask = (1u << NOISE_SKETCH_BITS) - 1;
  uint8_t *a = &s->v[h & mask], *b = &s->v[(1u << NOISE_SKETCH_BITS) + (h >> 32 & mask)];
  uint32_t low = *a < *b ? *a : *b, sum = packets > 255 - low ? 255 : low + packets;
  if (*a < sum) *a = (uint8_t)sum;
  if (*b < sum) *b = (uint8_t)sum;
  return sum;
}

/* ---- what is counted of one source ---- */

void noise_source_day(struct noise_source *x, int64_t day)
{
  if (x->day == day) return;
  x->day = day;
  x->packets = x->syn = x->tool = x->mirai = x->ports_set = x->port = x->port_votes = 0;
  memset(x->ports, 0, sizeof x->ports);
  memset(x->dst, 0, sizeof x->dst);
  x->dst_sum = (uint64_t)NOISE_DST_REGISTERS << 32;
  x->dst_free = NOISE_DST_REGISTERS;
}

void noise_source_port(struct noise_source *x, uint32_t proto_port, uint32_t packets)
{
  uint32_t bit = (uint32_t)prac_mix64(proto_port * UINT64_C(0x9e3779b97f4a7c15)) % NOISE_PORT_BITS;
  uint64_t was = x->ports[bit / 64];
  x->ports[bit / 64] |= UINT64_C(1) << bit % 64;
  x->ports_set += x->ports[bit / 64] != was;
  if (x->port == proto_port) {
    x->port_votes += packets < UINT32_MAX - x->port_votes ? packets : 0;
  } else if (x->port_votes > packets) {
    x->port_votes -= packets;
  } else {
    x->port_votes = packets - x->port_votes + (x->port_votes == packets);
    x->port = proto_port;
  }
}

void noise_source_dst(struct noise_source *x, const struct prac_ip *dst)
{
  uint64_t h = prac_hll_hash_ip(dst);
  uint32_t k = (uint32_t)h & (NOISE_DST_REGISTERS - 1);
  uint64_t rest = h >> 7 | UINT64_C(1) << 31; /* so that a register is at most 32 */
  uint8_t rank = (uint8_t)(1 + __builtin_ctzll(rest));
  if (rank <= x->dst[k]) return;
  x->dst_free -= x->dst[k] == 0;
  x->dst_sum -= (UINT64_C(1) << 32) >> x->dst[k];
  x->dst_sum += (UINT64_C(1) << 32) >> rank;
  x->dst[k] = rank;
}

uint32_t noise_source_ports(const struct noise_source *x)
{
  double m = NOISE_PORT_BITS, left = m - x->ports_set;
  return (uint32_t)(m * log(m / (left < 1 ? 1 : left)) + 0.5);
}

/* Linear counting while registers are free and few are many (Flajolet et al. 2007, figure 3). */
uint32_t noise_source_dsts(const struct noise_source *x)
{
  const double m = NOISE_DST_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
  if (x->dst_free == NOISE_DST_REGISTERS) return 0;
  double n = alpha * m * m / ((double)x->dst_sum / 4294967296.0);
  if (n <= 2.5 * m && x->dst_free) n = m * log(m / x->dst_free);
  return (uint32_t)(n + 0.5);
}

/* ---- restart ---- */

static void counts_save(const struct noise_source *x, struct prac_wr *w)
{
  const uint32_t v[] = {x->packets,
                        x->syn,
                        x->tool,
                        x->mirai,
                        x->port,
                        x->port_votes,
                        x->slot_packets,
                        x->asn,
                        x->proof.packets,
                        x->proof.ports,
                        x->proof.destinations,
                        x->proof.mirai};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) prac_wr_u32le(w, v[i]);
}

static void counts_load(struct noise_source *x, struct prac_rd *r)
{
  uint32_t *const v[] = {&x->packets,
                         &x->syn,
                         &x->tool,
                         &x->mirai,
                         &x->port,
                         &x->port_votes,
                         &x->slot_packets,
                         &x->asn,
                         &x->proof.packets,
                         &x->proof.ports,
                         &x->proof.destinations,
                         &x->proof.mirai};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) *v[i] = prac_rd_u32le(r);
}

void noise_source_save(const struct noise_source *x, struct prac_wr *w)
{
  prac_wr_bytes(w, &x->ip, sizeof x->ip);
  prac_wr_u64le(w, (uint64_t)x->day);
  counts_save(x, w);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(x->ports); i++) prac_wr_u64le(w, x->ports[i]);
  prac_wr_bytes(w, x->dst, sizeof x->dst);
  prac_wr_u64le(w, (uint64_t)x->first);
  prac_wr_u64le(w, (uint64_t)x->last);
  prac_wr_u64le(w, x->sensors);
  prac_wr_u16le(w, x->country);
  prac_wr_u16le(w, x->list);
  prac_wr_u8(w, x->label);
  prac_wr_u8(w, x->why);
  prac_wr_u8(w, (uint8_t)(x->fresh | x->told << 1));
  prac_wr_u64le(w, (uint64_t)x->confirmed);
}

static bool fits(int64_t t)
{
  return t == INT64_MIN || (t > -FAR && t < FAR);
}

prac_rc noise_source_load(struct noise_table *t, struct prac_rd *r, struct noise_source **ret)
{
  struct prac_ip ip;
  uint8_t gone;
  uint32_t had = t->n;
  prac_rd_copy(r, &ip, sizeof ip);
  if (r->bad) return PRAC_DAMAGED;
  struct noise_source *x = noise_table_touch(t, &ip, 0, true, &gone);
  if (t->n == had) return PRAC_DAMAGED; /* twice, or more than a set holds */
  x->day = (int64_t)prac_rd_u64le(r);
  counts_load(x, r);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(x->ports); i++) {
    x->ports[i] = prac_rd_u64le(r);
    x->ports_set += (uint32_t)__builtin_popcountll(x->ports[i]);
  }
  prac_rd_copy(r, x->dst, sizeof x->dst);
  for (size_t i = 0; i < NOISE_DST_REGISTERS; i++) {
    if (x->dst[i] > 32) return PRAC_DAMAGED;
    x->dst_free += x->dst[i] == 0;
    x->dst_sum += (UINT64_C(1) << 32) >> x->dst[i];
  }
  x->first = (prac_time)prac_rd_u64le(r);
  x->last = (prac_time)prac_rd_u64le(r);
  x->sensors = prac_rd_u64le(r);
  x->country = prac_rd_u16le(r);
  x->list = prac_rd_u16le(r);
  x->label = prac_rd_u8(r);
  x->why = prac_rd_u8(r);
  uint8_t flags = prac_rd_u8(r);
  x->fresh = flags & 1;
  x->told = flags >> 1 & 1;
  x->confirmed = (int64_t)prac_rd_u64le(r);
  if (r->bad || x->label >= ENG_LABEL_COUNT_ || !fits(x->day) || !fits(x->confirmed) ||
      !fits(x->first) || !fits(x->last))
    return PRAC_DAMAGED;
  *ret = x;
  return PRAC_OK;
}
