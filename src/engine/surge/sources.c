/* Sets of senders. Most countries and ports have a handful in a day; a few have a million: so a set
 * begins as eight entries and ends as a sketch with a sample. */
#include "engine/surge/sources.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { FIRST_CAP = 8, TIGHT_EXACT = 64, TIGHT_SAMPLE = 16, HLL_BYTES = HLL_REGISTERS + 1024 };

static inline bool is_free(const struct surge_source *e)
{
  uint64_t half[2]; /* the busiest test of all: kept in line */
  memcpy(half, &e->ip, sizeof half);
  return (half[0] | half[1]) == 0;
}

static struct surge_source *place(struct surge_source *v, uint32_t cap, const struct prac_ip *ip,
                                  uint64_t seed)
{
  uint64_t h =
      prac_hash_keyed(seed, prac_ip_hi(ip), prac_ip_lo(ip)); /* not of a hash without seed */
  uint32_t i = (uint32_t)h & (cap - 1);
  while (!is_free(&v[i]) && !prac_ip_eq(&v[i].ip, ip)) i = (i + 1) & (cap - 1);
  return &v[i];
}

static uint32_t cap_for(uint32_t n)
{
  uint32_t cap = FIRST_CAP;
  while (n * 4 > cap * 3) cap *= 2;
  return cap;
}

static bool tight(const struct surge_room *room)
{
  return room->bytes > room->max_bytes / 2;
}

/* A new table of `cap` with the entries whose hash is within the limit. */
static prac_rc rebuild(struct surge_set *s, uint32_t cap, struct surge_room *room)
{
  struct surge_source *v = calloc(cap, sizeof *v);
  if (!v) return PRAC_NOMEM;
  s->n = 0;
  for (uint32_t i = 0; i < s->cap; i++) {
    if (is_free(&s->v[i])) continue;
    if (s->many && prac_hll_hash_ip(&s->v[i].ip) > s->limit) continue;
    *place(v, cap, &s->v[i].ip, room->seed) = s->v[i];
    s->n++;
  }
  free(s->v);
  s->v = v;
  room->bytes -= s->cap * sizeof *v;
  room->bytes += cap * sizeof *v;
  s->cap = cap;
  return PRAC_OK;
}

static prac_rc thin_out(struct surge_set *s, uint32_t max, struct surge_room *room)
{
  uint32_t n = s->n;
  while (n > max) {
    s->limit /= 2;
    n = 0;
    for (uint32_t i = 0; i < s->cap; i++)
      n += !is_free(&s->v[i]) && prac_hll_hash_ip(&s->v[i].ip) <= s->limit;
  }
  return rebuild(s, cap_for(n), room);
}

static prac_rc to_many(struct surge_set *s, struct surge_room *room)
{
  for (uint32_t i = 0; i < s->cap; i++)
    if (!is_free(&s->v[i])) PRAC_TRY(prac_hll_add(&s->hll, prac_hll_hash_ip(&s->v[i].ip)));
  s->many = true;
  s->limit = UINT64_MAX;
  room->bytes += HLL_BYTES;
  return thin_out(s, tight(room) ? TIGHT_SAMPLE : SURGE_SAMPLE, room);
}

static void packets_add(struct surge_source *e, uint32_t packets)
{
  e->packets += packets < UINT32_MAX - e->packets ? packets : UINT32_MAX - e->packets;
}

static prac_rc insert(struct surge_set *s, const struct surge_source *x, struct surge_room *room)
{
  uint32_t cap = cap_for(s->n + 1);
  if (cap > s->cap) PRAC_TRY(rebuild(s, cap, room));
  *place(s->v, s->cap, &x->ip, room->seed) = *x;
  s->n++;
  return PRAC_OK;
}

prac_rc surge_set_add(struct surge_set *s, const struct surge_source *x, struct surge_room *room)
{
  const struct prac_ip *ip = &x->ip;
  if (prac_ip_is_zero(ip)) return PRAC_OK;
  if (s->cap) {
    struct surge_source *e = place(s->v, s->cap, ip, room->seed);
    if (!is_free(e)) {
      packets_add(e, x->packets);
      e->sensors |= x->sensors;
      return PRAC_OK;
    }
  }
  if (!s->many && s->n >= (tight(room) ? TIGHT_EXACT : room->exact_max)) {
    if (room->bytes + HLL_BYTES > room->max_bytes) {
      room->refused++;
      return PRAC_OK;
    }
    PRAC_TRY(to_many(s, room));
  }
  if (s->many) {
    uint64_t h = prac_hll_hash_ip(ip);
    PRAC_TRY(prac_hll_add(&s->hll, h));
    if (h > s->limit) return PRAC_OK;
    if (s->n >= (tight(room) ? TIGHT_SAMPLE : SURGE_SAMPLE)) {
      PRAC_TRY(thin_out(s, s->n - 1, room));
      if (h > s->limit) return PRAC_OK;
    }
  } else if (room->bytes + s->cap * sizeof *s->v > room->max_bytes) {
    room->refused++;
    return PRAC_OK;
  }
  return insert(s, x, room);
}

uint64_t surge_set_count(const struct surge_set *s)
{
  return s->many ? prac_hll_count(&s->hll) : s->n;
}

void surge_set_by_sensor(const struct surge_set *s, uint64_t home, double *by)
{
  enum { HOME = 64, ABROAD, ALL };
  uint64_t n[ALL] = {0};
  if (s->n == 0) return;
  for (uint32_t i = 0; i < s->cap; i++) {
    uint64_t bits = s->v[i].sensors; /* none in a free place */
    n[HOME] += (bits & home) != 0;
    n[ABROAD] += (bits & ~home) != 0;
    for (; bits; bits &= bits - 1) n[__builtin_ctzll(bits)]++;
  }
  double each = s->many ? (double)surge_set_count(s) / s->n : 1;
  for (size_t i = 0; i < ALL; i++) by[i] += floor((double)n[i] * each + 0.5);
}

static prac_rc sketch(struct prac_hll *h, const struct surge_set *s)
{
  if (s->many) return prac_hll_merge(h, &s->hll);
  for (uint32_t i = 0; i < s->cap; i++)
    if (!is_free(&s->v[i])) PRAC_TRY(prac_hll_add(h, prac_hll_hash_ip(&s->v[i].ip)));
  return PRAC_OK;
}

prac_rc surge_set_union(const struct surge_set *a, const struct surge_set *b,
                        const struct surge_room *room, uint64_t *ret)
{
  if (b->n == 0 && !b->many) {
    *ret = surge_set_count(a);
    return PRAC_OK;
  }
  if (!a->many && !b->many) {
    uint64_t n = a->n;
    for (uint32_t i = 0; i < b->cap; i++)
      if (!is_free(&b->v[i])) n += !a->cap || is_free(place(a->v, a->cap, &b->v[i].ip, room->seed));
    *ret = n;
    return PRAC_OK;
  }
  struct prac_hll h = {0};
  prac_rc rc = sketch(&h, a);
  if (rc == PRAC_OK) rc = sketch(&h, b);
  if (rc == PRAC_OK) *ret = prac_hll_count(&h);
  prac_hll_done(&h);
  return rc;
}

void surge_set_done(struct surge_set *s, struct surge_room *room)
{
  room->bytes -= s->cap * sizeof *s->v + (s->many ? HLL_BYTES : 0);
  free(s->v);
  prac_hll_done(&s->hll);
  *s = (struct surge_set){0};
}

void surge_set_save(const struct surge_set *s, struct prac_wr *w)
{
  prac_wr_u8(w, s->many);
  prac_wr_u32le(w, s->n);
  for (uint32_t i = 0; i < s->cap && !w->bad; i++) {
    if (is_free(&s->v[i])) continue;
    prac_wr_bytes(w, &s->v[i].ip, sizeof s->v[i].ip);
    prac_wr_u32le(w, s->v[i].partner);
    prac_wr_u32le(w, s->v[i].packets);
    prac_wr_u64le(w, s->v[i].sensors);
  }
  if (!s->many) return;
  prac_wr_u64le(w, s->limit);
  prac_hll_write(&s->hll, w);
}

prac_rc surge_set_load(struct surge_set *s, struct prac_rd *r, struct surge_room *room)
{
  bool many = prac_rd_u8(r) != 0;
  uint32_t n = prac_rd_u32le(r);
  if (prac_rd_left(r) / 32 < n || n > (1u << 24)) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) {
    struct surge_source x;
    prac_rd_copy(r, &x.ip, sizeof x.ip);
    x.partner = prac_rd_u32le(r);
    x.packets = prac_rd_u32le(r);
    x.sensors = prac_rd_u64le(r);
    if (prac_ip_is_zero(&x.ip)) return PRAC_DAMAGED;
    if (s->cap && !is_free(place(s->v, s->cap, &x.ip, room->seed))) return PRAC_DAMAGED;
    PRAC_TRY(insert(s, &x, room));
  }
  if (!many) return r->bad ? PRAC_DAMAGED : PRAC_OK;
  if (s->cap == 0) PRAC_TRY(rebuild(s, FIRST_CAP, room)); /* as when it became many */
  s->limit = prac_rd_u64le(r);
  s->many = true;
  room->bytes += HLL_BYTES;
  return prac_hll_read(&s->hll, r) == PRAC_OK && !r->bad ? PRAC_OK : PRAC_DAMAGED;
}
