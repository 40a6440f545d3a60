/* Sorted 32-bit hashes become registers when there are too many; see the header for why this is
 * not base/hll.h itself. */
#include "store/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "base/hll.h"

enum { REG_BITS = 12, RANK_CAP = 32 - REG_BITS + 1, DENSE_MARK = 0xffff };

uint32_t store_sketch_hash(const struct prac_ip *ip)
{
  return (uint32_t)(prac_hll_hash_ip(ip) >> 32);
}

static void put(uint8_t *dense, uint32_t hash)
{
  uint32_t rest = hash << REG_BITS;
  uint8_t rank = rest ? (uint8_t)(__builtin_clz(rest) + 1) : RANK_CAP;
  uint8_t *reg = &dense[hash >> (32 - REG_BITS)];
  if (rank > *reg) *reg = rank;
}

static prac_rc make_dense(struct store_sketch *s)
{
  uint8_t *d = calloc(1, HLL_REGISTERS);
  if (!d) return PRAC_NOMEM;
  for (uint32_t i = 0; i < s->n; i++) put(d, s->v[i]);
  free(s->v);
  s->v = NULL;
  s->n = s->cap = 0;
  s->dense = d;
  return PRAC_OK;
}

static prac_rc room_for(struct store_sketch *s, size_t n)
{
  if (n <= s->cap) return PRAC_OK;
  size_t cap = s->cap ? s->cap : 4;
  while (cap < n) cap *= 2;
  uint32_t *v = realloc(s->v, cap * sizeof *v);
  if (!v) return PRAC_NOMEM;
  s->v = v;
  s->cap = (uint32_t)cap;
  return PRAC_OK;
}

/* How many of v the sketch, still exact, has already. */
static size_t in_both(const struct store_sketch *s, const uint32_t *v, size_t n)
{
  size_t both = 0;
  for (size_t i = 0, k = 0; i < s->n && k < n;) {
    uint32_t mine = s->v[i], yours = v[k];
    both += mine == yours;
    i += mine <= yours;
    k += yours <= mine;
  }
  return both;
}

/* Merges from the back: no second buffer. all: the size of the union, for which there is room. */
static void merge(struct store_sketch *s, const uint32_t *v, size_t n, size_t all)
{
  size_t i = s->n, k = n, at = all;
  while (k > 0) {
    if (i > 0 && s->v[i - 1] >= v[k - 1]) {
      if (s->v[i - 1] == v[k - 1]) k--;
      s->v[--at] = s->v[--i];
    } else {
      s->v[--at] = v[--k];
    }
  }
  s->n = (uint32_t)all;
}

prac_rc store_sketch_add_sorted(struct store_sketch *s, const uint32_t *v, size_t n)
{
  if (!s->dense) {
    size_t all = s->n + n - in_both(s, v, n);
    if (all <= STORE_SKETCH_EXACT) {
      PRAC_TRY(room_for(s, all));
      merge(s, v, n, all);
      return PRAC_OK;
    }
    PRAC_TRY(make_dense(s));
  }
  for (size_t k = 0; k < n; k++) put(s->dense, v[k]);
  return PRAC_OK;
}

prac_rc store_sketch_add(struct store_sketch *s, uint32_t hash)
{
  return store_sketch_add_sorted(s, &hash, 1);
}

prac_rc store_sketch_merge(struct store_sketch *into, const struct store_sketch *from)
{
  if (!from->dense) return store_sketch_add_sorted(into, from->v, from->n);
  if (!into->dense) PRAC_TRY(make_dense(into));
  for (size_t i = 0; i < HLL_REGISTERS; i++)
    if (from->dense[i] > into->dense[i]) into->dense[i] = from->dense[i];
  return PRAC_OK;
}

uint64_t store_sketch_count(const struct store_sketch *s)
{
  if (!s->dense) return s->n;
  struct prac_hll h = {.dense = s->dense};
  return prac_hll_count(&h);
}

void store_sketch_done(struct store_sketch *s)
{
  free(s->v);
  free(s->dense);
  *s = (struct store_sketch){0};
}

void store_sketch_write(const struct store_sketch *s, struct prac_wr *w)
{
  prac_wr_u16le(w, s->dense ? DENSE_MARK : (uint16_t)s->n);
  if (s->dense)
    prac_wr_bytes(w, s->dense, HLL_REGISTERS);
  else
    for (uint32_t i = 0; i < s->n; i++) prac_wr_u32le(w, s->v[i]);
}

static prac_rc read_dense(struct store_sketch *s, struct prac_rd *r)
{
  struct store_sketch from = {0};
  uint8_t reg[HLL_REGISTERS];
  prac_rd_copy(r, reg, sizeof reg);
  if (r->bad) return PRAC_TRUNCATED;
  for (size_t i = 0; i < sizeof reg; i++)
    if (reg[i] > RANK_CAP) return PRAC_MALFORMED;
  from.dense = reg;
  return store_sketch_merge(s, &from);
}

prac_rc store_sketch_read(struct store_sketch *s, struct prac_rd *r)
{
  uint32_t v[STORE_SKETCH_EXACT];
  uint16_t n = prac_rd_u16le(r);
  if (r->bad) return PRAC_TRUNCATED;
  if (n == DENSE_MARK) return read_dense(s, r);
  if (n > STORE_SKETCH_EXACT) return PRAC_MALFORMED;
  for (size_t i = 0; i < n; i++) {
    v[i] = prac_rd_u32le(r);
    if (i > 0 && v[i] <= v[i - 1]) return r->bad ? PRAC_TRUNCATED : PRAC_MALFORMED;
  }
  if (r->bad) return PRAC_TRUNCATED;
  return store_sketch_add_sorted(s, v, n);
}

void store_sketch_skip(struct prac_rd *r)
{
  uint16_t n = prac_rd_u16le(r);
  prac_rd_skip(r, n == DENSE_MARK ? (size_t)HLL_REGISTERS : (size_t)n * 4);
}
