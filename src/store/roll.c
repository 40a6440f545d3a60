/* Roll-ups read row by row; making them is roll_sum.c. */
#include "store/roll.h"

#include <stdlib.h>

void store_roll_blob_done(struct store_roll_blob *b)
{
  free(b->counts);
  free(b->sketch);
  *b = (struct store_roll_blob){0};
}

static bool varint(struct store_roll_rd *r, uint64_t *ret)
{
  uint64_t v = 0;
  for (unsigned shift = 0; r->p < r->end && shift < 64; shift += 7) {
    uint8_t b = *r->p++;
    v |= (uint64_t)(b & 0x7f) << shift;
    if (!(b & 0x80)) {
      *ret = v;
      return true;
    }
  }
  return false;
}

enum { HEAD = 4, INDEX = 8, ROW_MAX = 50 };

static uint32_t chunks_of(uint32_t n)
{
  return n / STORE_ROLL_CHUNK + (n % STORE_ROLL_CHUNK != 0);
}

static uint32_t index_at(const struct store_roll_rd *r, uint32_t chunk, unsigned field)
{
  struct prac_rd at = prac_rd_of(r->index + (size_t)chunk * INDEX + 4 * field, 4);
  return prac_rd_u32le(&at);
}

prac_rc store_roll_rd_of(const void *counts, size_t n, struct store_roll_rd *ret)
{
  struct prac_rd in = prac_rd_of(counts, counts ? n : 0);
  struct store_roll_rd r = {.n = prac_rd_u32le(&in)};
  if (in.bad || r.n > n) return PRAC_DAMAGED;
  r.index = in.p;
  prac_rd_skip(&in, (size_t)chunks_of(r.n) * INDEX);
  if (in.bad) return PRAC_DAMAGED;
  r.rows = r.p = in.p;
  r.end = in.end;
  *ret = r;
  return PRAC_OK;
}

/* A flow has a packet or more, a packet 40 bytes or more, a sender one flow as a rule: what differs
 * from that is small. */
enum { PACKET_BYTES = 40 };

static uint64_t zigzag(uint64_t v)
{
  return v << 1 ^ (0 - (v >> 63));
}

static uint64_t unzigzag(uint64_t v)
{
  return v >> 1 ^ (0 - (v & 1));
}

prac_rc store_roll_next(struct store_roll_rd *r, struct store_roll_row *ret)
{
  uint64_t step, more, over, fewer = 0;
  if (r->place == r->n) return PRAC_END;
  if (!varint(r, &step) || !varint(r, &ret->flows) || !varint(r, &more) || !varint(r, &over) ||
      (more & 1 && !varint(r, &fewer)))
    return PRAC_DAMAGED;
  if (r->place % STORE_ROLL_CHUNK == 0) r->key = index_at(r, r->place / STORE_ROLL_CHUNK, 0);
  r->place++;
  r->key += step;
  ret->key = r->key;
  ret->packets = ret->flows + (more >> 1);
  ret->bytes = PACKET_BYTES * ret->packets + unzigzag(over);
  ret->sources = ret->flows - unzigzag(fewer);
  return PRAC_OK;
}

prac_rc store_roll_seek(struct store_roll_rd *r, uint64_t key, struct store_roll_row *ret)
{
  uint32_t lo = 0, hi = chunks_of(r->n);
  while (hi - lo > 1) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (index_at(r, mid, 0) <= key)
      lo = mid;
    else
      hi = mid;
  }
  if (hi == 0) return PRAC_END;
  uint32_t offset = index_at(r, lo, 1);
  if (offset > (size_t)(r->end - r->rows)) return PRAC_DAMAGED;
  r->p = r->rows + offset;
  r->place = lo * STORE_ROLL_CHUNK;
  prac_rc rc;
  do rc = store_roll_next(r, ret);
  while (rc == PRAC_OK && ret->key < key);
  return rc;
}

size_t store_roll_counts_room(size_t n)
{
  return HEAD + n * ROW_MAX + (n / STORE_ROLL_CHUNK + 1) * INDEX;
}

struct store_roll_wr store_roll_wr_of(uint8_t *to, size_t room, uint32_t n)
{
  struct store_roll_wr w = {.base = to, .w = prac_wr_of(to, room), .n = n};
  prac_wr_u32le(&w.w, n);
  prac_wr_zero(&w.w, (size_t)chunks_of(n) * INDEX);
  return w;
}

void store_roll_put(struct store_roll_wr *w, const struct store_roll_row *r)
{
  if (w->place % STORE_ROLL_CHUNK == 0) {
    size_t index = HEAD + w->place / STORE_ROLL_CHUNK * INDEX;
    struct prac_wr at = prac_wr_of(w->base + index, INDEX);
    prac_wr_u32le(&at, (uint32_t)r->key);
    prac_wr_u32le(&at, (uint32_t)(prac_wr_len(&w->w) - HEAD - (size_t)chunks_of(w->n) * INDEX));
    w->key = r->key;
  }
  prac_wr_varint(&w->w, r->key - w->key);
  prac_wr_varint(&w->w, r->flows);
  prac_wr_varint(&w->w, (r->packets - r->flows) << 1 | (r->flows != r->sources));
  prac_wr_varint(&w->w, zigzag(r->bytes - PACKET_BYTES * r->packets));
  if (r->flows != r->sources) prac_wr_varint(&w->w, zigzag(r->flows - r->sources));
  w->key = r->key;
  w->place++;
}

prac_rc store_roll_build(enum store_dim_kept dim, struct flow_batch *const *batches, size_t n,
                         struct store_roll_blob *ret)
{
  struct store_roll_sum *s = store_roll_sum_new();
  prac_rc rc = s ? PRAC_OK : PRAC_NOMEM;
  *ret = (struct store_roll_blob){0};
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = store_roll_sum_batch(s, dim, batches[i]);
  if (rc == PRAC_OK) rc = store_roll_sum_blob(s, true, ret);
  store_roll_sum_free(&s);
  return rc;
}
