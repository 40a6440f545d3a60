/* The table of victims. A storm brings tens of millions of sources in a day, each with one packet:
 * so a record is one block without pointers, the oldest goes first, and nothing is allocated per
 * packet. */
#include "engine/backscatter/victims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { EVICT_LOOK = 16, FIRST_CAP = 64 };

void bs_table_init(struct bs_table *t, uint32_t max, uint64_t hash_seed)
{
  *t = (struct bs_table){.max = max, .hash_seed = hash_seed, .newest = BS_NONE, .oldest = BS_NONE};
}

void bs_table_done(struct bs_table *t)
{
  free(t->v);
  free(t->slots);
  bs_table_init(t, t->max, t->hash_seed);
}

static uint32_t home(const struct bs_table *t, const struct prac_ip *ip, uint8_t proto)
{
  uint64_t h = prac_hash_keyed(t->hash_seed ^ proto, prac_ip_hi(ip), prac_ip_lo(ip));
  return (uint32_t)h & (t->n_slots - 1);
}

/* The slot that holds (ip, proto), or the free one where it belongs. */
static uint32_t slot_of(const struct bs_table *t, const struct prac_ip *ip, uint8_t proto)
{
  uint32_t s = home(t, ip, proto);
  while (t->slots[s]) {
    const struct bs_victim *v = &t->v[t->slots[s] - 1];
    if (v->proto == proto && prac_ip_eq(&v->ip, ip)) break;
    s = (s + 1) & (t->n_slots - 1);
  }
  return s;
}

static bool grow(struct bs_table *t)
{
  uint32_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
  if (cap > t->max) cap = t->max;
  uint32_t n_slots = FIRST_CAP;
  while (n_slots < cap * 2) n_slots *= 2;
  uint32_t *slots = calloc(n_slots, sizeof *slots);
  struct bs_victim *v = slots ? realloc(t->v, cap * sizeof *v) : NULL;
  if (!v) {
    free(slots);
    return false;
  }
  free(t->slots);
  t->v = v;
  t->slots = slots;
  t->cap = cap;
  t->n_slots = n_slots;
  for (uint32_t i = 0; i < t->n; i++) t->slots[slot_of(t, &v[i].ip, v[i].proto)] = i + 1;
  return true;
}

static void unlink_at(struct bs_table *t, uint32_t i)
{
  const struct bs_victim *v = &t->v[i];
  if (v->newer != BS_NONE) t->v[v->newer].older = v->older;
  if (v->older != BS_NONE) t->v[v->older].newer = v->newer;
  if (t->newest == i) t->newest = v->older;
  if (t->oldest == i) t->oldest = v->newer;
}

static void link_front(struct bs_table *t, uint32_t i)
{
  t->v[i].newer = BS_NONE;
  t->v[i].older = t->newest;
  if (t->newest != BS_NONE) t->v[t->newest].newer = i;
  t->newest = i;
  if (t->oldest == BS_NONE) t->oldest = i;
}

/* Closes the gap so that no probe chain breaks (Knuth 6.4, algorithm R). */
static void slot_free(struct bs_table *t, uint32_t s)
{
  uint32_t mask = t->n_slots - 1, gap = s;
  t->slots[gap] = 0;
  for (uint32_t i = (s + 1) & mask; t->slots[i]; i = (i + 1) & mask) {
    const struct bs_victim *v = &t->v[t->slots[i] - 1];
    uint32_t want = home(t, &v->ip, v->proto);
    if (((i - want) & mask) < ((i - gap) & mask)) continue;
    t->slots[gap] = t->slots[i];
    t->slots[i] = 0;
    gap = i;
  }
}

/* The last record moves into the hole: v stays dense. */
void bs_table_drop(struct bs_table *t, uint32_t i)
{
  slot_free(t, slot_of(t, &t->v[i].ip, t->v[i].proto));
  unlink_at(t, i);
  uint32_t last = --t->n;
  if (i == last) return;
  t->slots[slot_of(t, &t->v[last].ip, t->v[last].proto)] = i + 1;
  t->v[i] = t->v[last];
  if (t->v[i].newer != BS_NONE) t->v[t->v[i].newer].older = i;
  if (t->v[i].older != BS_NONE) t->v[t->v[i].older].newer = i;
  if (t->newest == last) t->newest = i;
  if (t->oldest == last) t->oldest = i;
}

/* A storm is made of strangers with one packet: of the oldest few, the one with the fewest goes. */
static void evict(struct bs_table *t)
{
  uint32_t least = t->oldest, i = t->oldest;
  for (int look = 0; look < EVICT_LOOK && i != BS_NONE; look++, i = t->v[i].newer) {
    const struct bs_victim *v = &t->v[i], *l = &t->v[least];
    if (v->on != l->on ? l->on : v->packets < l->packets) least = i;
  }
  t->evicted++;
  t->evicted_on += t->v[least].on;
  bs_table_drop(t, least);
}

struct bs_victim *bs_table_touch(struct bs_table *t, const struct prac_ip *ip, uint8_t proto)
{
  if (t->n_slots) {
    uint32_t s = slot_of(t, ip, proto);
    if (t->slots[s]) {
      uint32_t i = t->slots[s] - 1;
      if (t->newest != i) {
        unlink_at(t, i);
        link_front(t, i);
      }
      return &t->v[i];
    }
  }
  if (t->n == t->max) evict(t);
  if (t->n == t->cap && !grow(t)) return NULL;
  uint32_t i = t->n++;
  t->slots[slot_of(t, ip, proto)] = i + 1;
  t->v[i] = (struct bs_victim){.ip = *ip, .proto = proto, .minute = PRAC_TIME_NONE};
  link_front(t, i);
  return &t->v[i];
}

/* ---- one victim ---- */

void bs_victim_windows(struct bs_victim *v)
{
  uint64_t sum = 0;
  for (int i = 0; i < BS_STEPS; i++) sum += v->before[i];
  for (int i = 0; i < BS_STEPS; i++) {
    sum += v->now[i];
    sum -= v->before[i];
    if (sum > v->max_window) v->max_window = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
  }
}

static void turn_to(struct bs_victim *v, prac_time minute)
{
  bs_victim_windows(v);
  if (v->minute != PRAC_TIME_NONE && minute - v->minute == PRAC_MIN)
    memcpy(v->before, v->now, sizeof v->before);
  else
    memset(v->before, 0, sizeof v->before);
  memset(v->now, 0, sizeof v->now);
  v->minute = minute;
}

static void port_add(struct bs_victim *v, uint16_t port, uint32_t packets)
{
  struct bs_port *least = &v->ports[0];
  for (int i = 0; i < BS_PORTS; i++) {
    struct bs_port *p = &v->ports[i];
    if (p->packets && p->port == port) {
      p->packets += packets < UINT32_MAX - p->packets ? packets : UINT32_MAX - p->packets;
      return;
    }
    if (p->packets < least->packets) least = p;
  }
  least->port = port;
  least->packets += packets < UINT32_MAX - least->packets ? packets : UINT32_MAX - least->packets;
}

void bs_victim_add(struct bs_victim *v, const struct flow_row *r, prac_time minute)
{
  if (v->minute != minute) turn_to(v, minute);
  unsigned step = r->first_ms / (unsigned)FLOW_STEP_MS;
  if (step >= BS_STEPS) step = BS_STEPS - 1;
  uint32_t *at = &v->now[step];
  *at += r->packets < UINT32_MAX - *at ? r->packets : UINT32_MAX - *at;
  prac_time first = minute + (int64_t)r->first_ms * PRAC_MS;
  prac_time last = first + (int64_t)r->span_ms * PRAC_MS;
  if (v->packets == 0 || first < v->first) v->first = first;
  if (v->packets == 0 || last > v->last) v->last = last;
  v->packets += r->packets;
  v->bytes += r->bytes;
  bool icmp = r->proto == 1 || r->proto == 58;
  port_add(v, icmp ? (uint16_t)(r->sport << 8 | (r->dport & 0xff)) : r->sport, r->packets);
  uint64_t h = prac_hash2(7, prac_ip_hi(&r->dst), prac_ip_lo(&r->dst)) % BS_SPREAD_BITS;
  v->spread[h / 8] |= (uint8_t)(1u << (h % 8));
}

/* Linear counting (Whang, Vander-Zanden, Taylor 1990). */
uint32_t bs_victim_spread(const struct bs_victim *v)
{
  unsigned set = 0;
  for (size_t i = 0; i < sizeof v->spread; i++) set += (unsigned)__builtin_popcount(v->spread[i]);
  double zero = set < BS_SPREAD_BITS ? BS_SPREAD_BITS - set : 1;
  double n = -(double)BS_SPREAD_BITS * log(zero / BS_SPREAD_BITS);
  return n < (double)v->packets ? (uint32_t)lround(n) : (uint32_t)v->packets;
}

void bs_victim_save(const struct bs_victim *v, struct prac_wr *w)
{
  prac_wr_bytes(w, &v->ip, sizeof v->ip);
  prac_wr_u8(w, v->proto);
  prac_wr_u8(w, (uint8_t)(v->on | v->quoted << 1));
  prac_wr_u16le(w, v->country);
  prac_wr_u32le(w, v->asn);
  prac_wr_u32le(w, v->max_window);
  prac_wr_u32le(w, v->said_window);
  for (int i = 0; i < BS_STEPS; i++) prac_wr_u32le(w, v->now[i]);
  for (int i = 0; i < BS_STEPS; i++) prac_wr_u32le(w, v->before[i]);
  prac_wr_u64le(w, (uint64_t)v->minute);
  prac_wr_u64le(w, (uint64_t)v->first);
  prac_wr_u64le(w, (uint64_t)v->last);
  prac_wr_u64le(w, (uint64_t)v->said_at);
  prac_wr_u64le(w, v->packets);
  prac_wr_u64le(w, v->bytes);
  prac_wr_u64le(w, v->sensors);
  prac_wr_bytes(w, v->spread, sizeof v->spread);
  for (int i = 0; i < BS_PORTS; i++) {
    prac_wr_u16le(w, v->ports[i].port);
    prac_wr_u32le(w, v->ports[i].packets);
  }
}

static bool time_fits(prac_time t)
{
  return t > -(INT64_MAX / 2) && t < INT64_MAX / 2;
}

prac_rc bs_victim_load(struct bs_table *t, struct prac_rd *r)
{
  struct prac_ip ip;
  prac_rd_copy(r, &ip, sizeof ip);
  uint8_t proto = prac_rd_u8(r);
  uint32_t had = t->n;
  struct bs_victim *v = r->bad ? NULL : bs_table_touch(t, &ip, proto);
  if (!v) return r->bad ? PRAC_DAMAGED : PRAC_NOMEM;
  if (t->n == had) return PRAC_DAMAGED; /* twice the same, or more than fit */
  uint8_t flags = prac_rd_u8(r);
  v->on = flags & 1;
  v->quoted = flags >> 1 & 1;
  v->country = prac_rd_u16le(r);
  v->asn = prac_rd_u32le(r);
  v->max_window = prac_rd_u32le(r);
  v->said_window = prac_rd_u32le(r);
  for (int i = 0; i < BS_STEPS; i++) v->now[i] = prac_rd_u32le(r);
  for (int i = 0; i < BS_STEPS; i++) v->before[i] = prac_rd_u32le(r);
  v->minute = (prac_time)prac_rd_u64le(r);
  v->first = (prac_time)prac_rd_u64le(r);
  v->last = (prac_time)prac_rd_u64le(r);
  v->said_at = (prac_time)prac_rd_u64le(r);
  v->packets = prac_rd_u64le(r);
  v->bytes = prac_rd_u64le(r);
  v->sensors = prac_rd_u64le(r);
  prac_rd_copy(r, v->spread, sizeof v->spread);
  for (int i = 0; i < BS_PORTS; i++) {
    v->ports[i].port = prac_rd_u16le(r);
    v->ports[i].packets = prac_rd_u32le(r);
  }
  bool fits = time_fits(v->minute) && time_fits(v->first) && time_fits(v->last) &&
              time_fits(v->said_at) && v->first <= v->last && v->packets > 0;
  return r->bad || !fits ? PRAC_DAMAGED : PRAC_OK;
}
