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

prac_rc store_roll_next(struct store_roll_rd *r, struct store_roll_row *ret)
{
  uint64_t step;
  if (r->left == 0) return PRAC_END;
  if (!varint(r, &step) || !varint(r, &ret->packets) || !varint(r, &ret->flows) ||
      !varint(r, &ret->bytes))
    return PRAC_DAMAGED;
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
