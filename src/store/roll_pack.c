/* Sketches in chunks, each packed by itself: the top ten of sixty thousand ports need ten chunks.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "store/roll.h"

enum {
  FORM = 2,
  LEVEL = 1,
  HEAD = 5,
  CHUNK_HEAD = 8,
  RAW_MAX = STORE_ROLL_CHUNK * STORE_SKETCH_BINARY_MAX
};

/* One chunk at w; its head at h. Lists of codes do not get smaller, registers do; and most chunks
 * of most roll-ups are a few short lists, for which a compressor costs more than all the rest. */
static prac_rc pack_chunk(ZSTD_CCtx **z, const uint8_t *raw, size_t n, struct prac_wr *w,
                          struct prac_wr *h)
{
  size_t got = n;
  if (n >= STORE_SKETCH_BINARY_MAX) {
    if (!*z) *z = ZSTD_createCCtx();
    if (!*z) return PRAC_NOMEM;
    got = ZSTD_compressCCtx(*z, w->p, (size_t)(w->end - w->p), raw, n, LEVEL);
    if (ZSTD_isError(got)) return PRAC_NOMEM;
  }
  if (got >= n) {
    prac_wr_bytes(w, raw, n);
    got = n;
  } else {
    w->p += got;
  }
  prac_wr_u32le(h, (uint32_t)got);
  prac_wr_u32le(h, (uint32_t)n);
  return PRAC_OK;
}

prac_rc store_roll_pack(const uint8_t *raw, const size_t *cut, size_t chunks,
                        struct store_roll_blob *ret)
{
  size_t heads = HEAD + CHUNK_HEAD * chunks, room = heads;
  /* cppcheck-suppress ctunullpointer ; cut is NULL only when there is no chunk */
  for (size_t i = 0; i < chunks; i++) room += ZSTD_compressBound(cut[i] - (i ? cut[i - 1] : 0));
  uint8_t *out = malloc(room);
  ZSTD_CCtx *z = NULL;
  prac_rc rc = out ? PRAC_OK : PRAC_NOMEM;
  struct prac_wr h = prac_wr_of(out, out ? heads : 0);
  struct prac_wr w = prac_wr_of(out ? out + heads : NULL, out ? room - heads : 0);
  prac_wr_u8(&h, FORM);
  prac_wr_u32le(&h, (uint32_t)chunks);
  for (size_t i = 0, from = 0; i < chunks && rc == PRAC_OK; from = cut[i++])
    rc = pack_chunk(&z, raw + from, cut[i] - from, &w, &h);
  ZSTD_freeCCtx(z);
  if (rc != PRAC_OK) {
    free(out);
    return rc;
  }
  ret->n_sketch = heads + prac_wr_len(&w);
  uint8_t *fit = realloc(out, ret->n_sketch);
  ret->sketch = fit ? fit : out;
  return PRAC_OK;
}

prac_rc store_roll_sk_of(const void *sketch, size_t n, struct store_roll_sk *ret)
{
  struct prac_rd r = prac_rd_of(sketch, n);
  uint8_t form = prac_rd_u8(&r);
  uint64_t chunks = prac_rd_u32le(&r);
  *ret = (struct store_roll_sk){0};
  if (r.bad || form != FORM || chunks > prac_rd_left(&r) / CHUNK_HEAD) return PRAC_DAMAGED;
  ret->heads = prac_rd_sub(&r, (size_t)chunks * CHUNK_HEAD);
  ret->chunks = r;
  return PRAC_OK;
}

void store_roll_sk_done(struct store_roll_sk *k)
{
  free(k->buf);
  *k = (struct store_roll_sk){0};
}

static prac_rc open_chunk(struct store_roll_sk *k, struct prac_rd bytes, size_t raw)
{
  if (prac_rd_left(&bytes) == raw) {
    k->rd = bytes;
    return PRAC_OK;
  }
  if (raw > k->cap) {
    uint8_t *p = realloc(k->buf, raw);
    if (!p) return PRAC_NOMEM;
    k->buf = p;
    k->cap = raw;
  }
  size_t got = ZSTD_decompress(k->buf, raw, bytes.p, prac_rd_left(&bytes));
  if (ZSTD_isError(got) || got != raw) return PRAC_DAMAGED;
  k->rd = prac_rd_of(k->buf, raw);
  return PRAC_OK;
}

/* Chunks before the one that holds `place` are stepped over unopened. */
static prac_rc go_to(struct store_roll_sk *k, uint64_t place)
{
  while (place >= k->end) {
    size_t stored = prac_rd_u32le(&k->heads), raw = prac_rd_u32le(&k->heads);
    struct prac_rd bytes = prac_rd_sub(&k->chunks, stored);
    if (k->heads.bad || bytes.bad || raw > RAW_MAX) return PRAC_DAMAGED;
    k->at = k->end;
    k->end += STORE_ROLL_CHUNK;
    if (place < k->end) PRAC_TRY(open_chunk(k, bytes, raw));
  }
  return PRAC_OK;
}

/* Stands before the sketch at `place` afterwards; a list is decoded to be stepped over. */
static prac_rc stand_at(struct store_roll_sk *k, uint64_t place, uint32_t v[STORE_SKETCH_EXACT])
{
  const uint8_t *dense;
  size_t n;
  if (place < k->at) return PRAC_RANGE; /* only forwards */
  PRAC_TRY(go_to(k, place));
  for (; k->at < place; k->at++)
    if (store_sketch_open(&k->rd, v, &n, &dense) != PRAC_OK) return PRAC_DAMAGED;
  k->at++;
  return PRAC_OK;
}

prac_rc store_roll_sk_open(struct store_roll_sk *k, uint64_t place, uint32_t v[STORE_SKETCH_EXACT],
                           size_t *ret_n, const uint8_t **ret_dense)
{
  PRAC_TRY(stand_at(k, place, v));
  return store_sketch_open(&k->rd, v, ret_n, ret_dense) == PRAC_OK ? PRAC_OK : PRAC_DAMAGED;
}

prac_rc store_roll_sk_read(struct store_roll_sk *k, uint64_t place, struct store_sketch *s)
{
  uint32_t v[STORE_SKETCH_EXACT];
  PRAC_TRY(stand_at(k, place, v));
  prac_rc rc = store_sketch_read(s, &k->rd);
  return rc == PRAC_OK || rc == PRAC_NOMEM ? rc : PRAC_DAMAGED;
}
