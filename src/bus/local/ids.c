/* A ring remembers the order, an open-addressed table answers. Both are allocated once. */
#include "bus/local/ids.h"

#include <stdlib.h>

#include "base/hash.h"

prac_rc bus_ids_init(struct bus_ids *d, size_t cap, uint64_t seed)
{
  *d = (struct bus_ids){.cap = cap ? cap : 1, .seed = seed};
  size_t places = 4;
  while (places < 2 * d->cap) places *= 2;
  d->mask = places - 1;
  d->ring = calloc(d->cap, sizeof *d->ring);
  d->table = calloc(places, sizeof *d->table);
  if (d->ring && d->table) return PRAC_OK;
  bus_ids_done(d);
  return PRAC_NOMEM;
}

void bus_ids_done(struct bus_ids *d)
{
  free(d->ring);
  free(d->table);
  *d = (struct bus_ids){0};
}

uint64_t bus_ids_hash(const struct bus_ids *d, const char *subject, size_t n, const char *id,
                      size_t n_id)
{
  uint64_t h = prac_hash_bytes(prac_hash_bytes(d->seed, subject, n), id, n_id);
  return h ? h : 1;
}

static size_t find(const struct bus_ids *d, uint64_t h)
{
  size_t i = h & d->mask;
  while (d->table[i] != 0 && d->table[i] != h) i = (i + 1) & d->mask;
  return i;
}

bool bus_ids_has(const struct bus_ids *d, uint64_t h)
{
  return d->table[find(d, h)] == h;
}

static void forget(struct bus_ids *d, uint64_t h)
{
  size_t i = find(d, h);
  if (d->table[i] != h) return;
  d->table[i] = 0;
  for (size_t k = (i + 1) & d->mask; d->table[k] != 0; k = (k + 1) & d->mask) {
    size_t home = d->table[k] & d->mask;
    if (((k - home) & d->mask) < ((k - i) & d->mask)) continue; /* still reachable from home */
    d->table[i] = d->table[k];
    d->table[k] = 0;
    i = k;
  }
}

void bus_ids_add(struct bus_ids *d, uint64_t h)
{
  if (bus_ids_has(d, h)) return;
  if (d->n == d->cap)
    forget(d, d->ring[d->head]);
  else
    d->n++;
  d->ring[d->head] = h;
  d->head = (d->head + 1) % d->cap;
  d->table[find(d, h)] = h;
}

size_t bus_ids_bytes(const struct bus_ids *d)
{
  return 16 + d->n * 8;
}

void bus_ids_write(const struct bus_ids *d, struct prac_wr *w)
{
  prac_wr_u64le(w, d->seed);
  prac_wr_u64le(w, d->n);
  for (size_t i = 0; i < d->n; i++)
    prac_wr_u64le(w, d->ring[(d->head + d->cap - d->n + i) % d->cap]);
}

prac_rc bus_ids_read(struct bus_ids *d, struct prac_rd *r)
{
  d->seed = prac_rd_u64le(r);
  uint64_t n = prac_rd_u64le(r);
  if (r->bad || n > prac_rd_left(r) / 8) return PRAC_DAMAGED;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t h = prac_rd_u64le(r);
    bus_ids_add(d, h ? h : 1);
  }
  return PRAC_OK;
}
