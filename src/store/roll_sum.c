/* Adding up roll-ups: two sorted lists become one, again and again. */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "store/roll.h"

struct entry {
  struct store_roll_row r;
  struct store_sketch s;
};
struct store_roll_sum {
  struct entry *e;
  size_t n;
};

static void free_entries(struct entry *e, size_t n)
{
  for (size_t i = 0; e && i < n; i++) store_sketch_done(&e[i].s);
  free(e);
}

struct store_roll_sum *store_roll_sum_new(void)
{
  return calloc(1, sizeof(struct store_roll_sum));
}

void store_roll_sum_free(struct store_roll_sum **sp)
{
  if (!sp || !*sp) return;
  free_entries((*sp)->e, (*sp)->n);
  free(*sp);
  *sp = NULL;
}

static prac_rc take(struct entry *to, const struct store_roll_row *r, struct prac_rd *sketches)
{
  to->r.key = r->key;
  to->r.packets += r->packets;
  to->r.flows += r->flows;
  to->r.bytes += r->bytes;
  prac_rc rc = store_sketch_read(&to->s, sketches);
  return rc == PRAC_OK || rc == PRAC_NOMEM ? rc : PRAC_DAMAGED;
}

/* Entries of s and rows of r, both sorted, into out. Moves the sketches of s out of it. */
static prac_rc zip(struct store_roll_sum *s, struct store_roll_rd *r, struct prac_rd *sketches,
                   struct entry *out, size_t *ret_n)
{
  size_t i = 0, n = 0;
  struct store_roll_row row;
  prac_rc rc;
  while ((rc = store_roll_next(r, &row)) == PRAC_OK) {
    while (i < s->n && s->e[i].r.key < row.key) {
      out[n++] = s->e[i];
      s->e[i++].s = (struct store_sketch){0};
    }
    if (i < s->n && s->e[i].r.key == row.key) {
      out[n] = s->e[i];
      s->e[i++].s = (struct store_sketch){0};
    }
    rc = take(&out[n++], &row, sketches);
    if (rc != PRAC_OK) break;
  }
  *ret_n = n;
  if (rc != PRAC_END) return rc;
  while (i < s->n) {
    out[n++] = s->e[i];
    s->e[i++].s = (struct store_sketch){0};
  }
  *ret_n = n;
  return PRAC_OK;
}

prac_rc store_roll_sum_add(struct store_roll_sum *s, const void *counts, size_t n_counts,
                           const void *sketch, size_t n_sketch)
{
  struct store_roll_rd r;
  struct prac_rd sketches;
  uint8_t *to_free = NULL;
  PRAC_TRY(store_roll_rd_of(counts, n_counts, &r));
  PRAC_TRY(store_roll_sketches(sketch, n_sketch, &sketches, &to_free));
  struct entry *out = calloc(s->n + (size_t)r.left + 1, sizeof *out);
  size_t n = 0;
  prac_rc rc = out ? zip(s, &r, &sketches, out, &n) : PRAC_NOMEM;
  free(to_free);
  if (out) {
    free_entries(s->e, s->n);
    s->e = out;
    s->n = n;
  }
  return rc;
}

static size_t sketch_bytes(const struct store_sketch *s)
{
  return s->dense ? STORE_SKETCH_BINARY_MAX : 2 + 4 * (size_t)s->n;
}

static prac_rc pack(const struct store_roll_sum *s, struct store_roll_blob *ret)
{
  enum { HEAD = 5 };
  size_t raw = 0;
  for (size_t i = 0; i < s->n; i++) raw += sketch_bytes(&s->e[i].s);
  uint8_t *plain = malloc(raw + 1);
  size_t room = HEAD + ZSTD_compressBound(raw);
  ret->sketch = malloc(room);
  if (!plain || !ret->sketch || raw >= UINT32_MAX) {
    free(plain);
    return PRAC_NOMEM;
  }
  struct prac_wr w = prac_wr_of(plain, raw);
  for (size_t i = 0; i < s->n; i++) store_sketch_write(&s->e[i].s, &w);
  size_t got = ZSTD_compress(ret->sketch + HEAD, room - HEAD, plain, raw, 1);
  free(plain);
  if (ZSTD_isError(got)) return PRAC_NOMEM;
  w = prac_wr_of(ret->sketch, HEAD);
  prac_wr_u8(&w, 1);
  prac_wr_u32le(&w, (uint32_t)raw);
  ret->n_sketch = HEAD + got;
  return PRAC_OK;
}

prac_rc store_roll_sum_blob(struct store_roll_sum *s, struct store_roll_blob *ret)
{
  *ret = (struct store_roll_blob){0};
  size_t room = 10 + s->n * 40;
  ret->counts = malloc(room);
  if (!ret->counts) return PRAC_NOMEM;
  struct prac_wr w = prac_wr_of(ret->counts, room);
  prac_wr_varint(&w, s->n);
  uint64_t last = 0;
  for (size_t i = 0; i < s->n; i++) {
    const struct store_roll_row *r = &s->e[i].r;
    prac_wr_varint(&w, r->key - last);
    prac_wr_varint(&w, r->packets);
    prac_wr_varint(&w, r->flows);
    prac_wr_varint(&w, r->bytes);
    last = r->key;
  }
  ret->n_counts = prac_wr_len(&w);
  prac_rc rc = pack(s, ret);
  if (rc != PRAC_OK) store_roll_blob_done(ret);
  return rc;
}
