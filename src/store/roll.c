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

prac_rc store_roll_rd_of(const void *counts, size_t n, struct store_roll_rd *ret)
{
  if (!counts) return PRAC_DAMAGED;
  struct store_roll_rd r = {.p = counts, .end = (const uint8_t *)counts + n};
  if (!varint(&r, &r.left) || r.left > n) return PRAC_DAMAGED;
  *ret = r;
  return PRAC_OK;
}

/* A flow has a packet or more, a packet 40 bytes or more as a rule: what is above that is small. */
enum { PACKET_BYTES = 40 };

void store_roll_put(struct prac_wr *w, const struct store_roll_row *r, uint64_t last_key)
{
  uint64_t over = r->bytes - PACKET_BYTES * r->packets;
  prac_wr_varint(w, r->key - last_key);
  prac_wr_varint(w, r->flows);
  prac_wr_varint(w, r->packets - r->flows);
  prac_wr_varint(w, over << 1 ^ (0 - (over >> 63)));
}

prac_rc store_roll_next(struct store_roll_rd *r, struct store_roll_row *ret)
{
  uint64_t step, more, over;
  if (r->left == 0) return PRAC_END;
  if (!varint(r, &step) || !varint(r, &ret->flows) || !varint(r, &more) || !varint(r, &over))
    return PRAC_DAMAGED;
  ret->packets = ret->flows + more;
  ret->bytes = PACKET_BYTES * ret->packets + (over >> 1 ^ (0 - (over & 1)));
  r->left--;
  r->key += step;
  ret->key = r->key;
  return PRAC_OK;
}

prac_rc store_roll_build(enum store_dim_kept dim, struct flow_batch *const *batches, size_t n,
                         struct store_roll_blob *ret)
{
  struct store_roll_sum *s = store_roll_sum_new();
  prac_rc rc = s ? PRAC_OK : PRAC_NOMEM;
  *ret = (struct store_roll_blob){0};
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = store_roll_sum_batch(s, dim, batches[i]);
  if (rc == PRAC_OK) rc = store_roll_sum_blob(s, ret);
  store_roll_sum_free(&s);
  return rc;
}
