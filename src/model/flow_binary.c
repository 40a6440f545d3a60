/* Flow batches as bytes: header, texts, then the columns that are not all zero.
 *
 *   "PFB1" | u32 crc32c-like check of all that follows | u8 level | u8 flags (1: last) | u16
 * columns bitmap | i64 minute ns | u32 part | u32 n | u8 len, sensor | u8 len, geo | u16 lists { u8
 * len, name } | for each column in the bitmap: u32 stored bytes, the bytes
 *
 * Level 0 stores n * width bytes; else each column is byte-shuffled (all first bytes, all second
 * bytes, ...: constant bytes become runs) and compressed by zstd. All numbers little-endian.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/hash.h"
#include "model/flow_block.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "columns are little-endian in memory and on the wire: a big-endian port must swap here"
#endif

enum { HEAD = 8, FIXED = HEAD + 1 + 1 + 4 + 8 + 4 + 4 };
static const char magic[4] = {'P', 'F', 'B', '1'};

static void shuffle(const uint8_t *from, uint8_t *to, size_t width, size_t n)
{
  for (size_t b = 0; b < width; b++)
    for (size_t i = 0; i < n; i++) to[b * n + i] = from[i * width + b];
}

static void unshuffle(const uint8_t *from, uint8_t *to, size_t width, size_t n)
{
  for (size_t b = 0; b < width; b++)
    for (size_t i = 0; i < n; i++) to[i * width + b] = from[b * n + i];
}

static bool all_zero(const uint8_t *p, size_t n)
{
  return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static uint32_t check_of(const uint8_t *p, size_t n)
{
  return (uint32_t)prac_hash_bytes(0x7072616374696365u, p, n);
}

static size_t bytes_needed(const struct flow_batch *b)
{
  size_t need = FIXED + 2 + strlen(b->sensor) + strlen(b->geo) + 2;
  for (uint32_t i = 0; i < b->lists.n; i++) need += 1 + strlen(b->lists.v[i]);
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++)
    need += 4 + ZSTD_compressBound(flow_columns[i].width * b->n);
  return need;
}

static void put_text(struct prac_wr *w, const char *s)
{
  size_t n = strlen(s);
  if (n > FLOW_TEXT_MAX) n = FLOW_TEXT_MAX;
  prac_wr_u8(w, (uint8_t)n);
  prac_wr_bytes(w, s, n);
}

struct packer {
  ZSTD_CCtx *zstd;
  uint8_t *shuffled;
  int level;
};

static prac_rc put_column(struct packer *p, struct prac_wr *w, const uint8_t *col, size_t width,
                          size_t n)
{
  size_t raw = width * n;
  if (p->level == 0) {
    prac_wr_u32le(w, (uint32_t)raw);
    prac_wr_bytes(w, col, raw);
    return w->bad ? PRAC_NOSPACE : PRAC_OK;
  }
  shuffle(col, p->shuffled, width, n);
  uint8_t *len_at = w->p;
  prac_wr_u32le(w, 0);
  if (w->bad) return PRAC_NOSPACE;
  size_t got =
      ZSTD_compressCCtx(p->zstd, w->p, (size_t)(w->end - w->p), p->shuffled, raw, p->level);
  if (ZSTD_isError(got)) return PRAC_NOMEM;
  w->p += got;
  struct prac_wr len = prac_wr_of(len_at, 4);
  prac_wr_u32le(&len, (uint32_t)got);
  return PRAC_OK;
}

static prac_rc put_all(struct packer *p, const struct flow_batch *b, struct prac_wr *w)
{
  uint32_t present = 0;
  for (size_t i = 0; i < FLOW_COLUMN_COUNT && b->n; i++)
    if (!all_zero(flow_column_at(b, &flow_columns[i]), flow_columns[i].width * b->n))
      present |= 1u << i;
  prac_wr_bytes(w, magic, sizeof magic);
  prac_wr_u32le(w, 0);
  prac_wr_u8(w, (uint8_t)p->level);
  prac_wr_u8(w, b->last ? 1 : 0);
  prac_wr_u32le(w, present);
  prac_wr_u64le(w, (uint64_t)b->minute);
  prac_wr_u32le(w, b->part);
  prac_wr_u32le(w, b->n);
  put_text(w, b->sensor);
  put_text(w, b->geo);
  prac_wr_u16le(w, (uint16_t)b->lists.n);
  for (uint32_t i = 0; i < b->lists.n; i++) put_text(w, b->lists.v[i]);
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++)
    if (present & 1u << i)
      PRAC_TRY(put_column(p, w, flow_column_at(b, &flow_columns[i]), flow_columns[i].width, b->n));
  if (w->bad) return PRAC_NOSPACE;
  struct prac_wr check = prac_wr_of(w->base + 4, 4);
  prac_wr_u32le(&check, check_of(w->base + HEAD, prac_wr_len(w) - HEAD));
  return PRAC_OK;
}

enum { FEW_ROWS = 32 }; /* making a compressor ready costs more than it saves */

prac_rc flow_batch_encode(const struct flow_batch *b, int level, uint8_t **ret_bytes,
                          size_t *ret_len)
{
  if (level < 0 || level > 19 || b->lists.n > FLOW_LISTS_MAX) return PRAC_RANGE;
  if (b->n < FEW_ROWS) level = 0;
  size_t need = bytes_needed(b);
  struct packer p = {.level = level};
  uint8_t *out = malloc(need);
  if (level) {
    p.zstd = ZSTD_createCCtx();
    p.shuffled = malloc(sizeof(uint64_t) * 2 * (size_t)b->n + 1);
  }
  struct prac_wr w = prac_wr_of(out, need);
  prac_rc rc = out && (level == 0 || (p.zstd && p.shuffled)) ? put_all(&p, b, &w) : PRAC_NOMEM;
  ZSTD_freeCCtx(p.zstd);
  free(p.shuffled);
  if (rc != PRAC_OK) {
    free(out);
    return rc;
  }
  *ret_len = prac_wr_len(&w);
  *ret_bytes = out;
  return PRAC_OK;
}

struct head {
  int level;
  uint8_t flags;
  uint32_t present, part, n;
  prac_time minute;
};

static prac_rc read_head(struct prac_rd *r, struct head *h, struct prac_err *reterr)
{
  const uint8_t *m = prac_rd_bytes(r, sizeof magic);
  if (!m || memcmp(m, magic, sizeof magic) != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "not a flow batch");
  uint32_t check = prac_rd_u32le(r);
  if (r->bad) return PRAC_FAIL(reterr, PRAC_TRUNCATED, "flow batch ends in its header");
  if (check != check_of(r->p, prac_rd_left(r)))
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "flow batch fails its checksum");
  h->level = prac_rd_u8(r);
  h->flags = prac_rd_u8(r);
  h->present = prac_rd_u32le(r);
  h->minute = (prac_time)prac_rd_u64le(r);
  h->part = prac_rd_u32le(r);
  h->n = prac_rd_u32le(r);
  if (r->bad) return PRAC_FAIL(reterr, PRAC_TRUNCATED, "flow batch ends in its header");
  if (h->n > FLOW_BATCH_MAX || h->level > 19 || h->present >> FLOW_COLUMN_COUNT ||
      h->minute % PRAC_MIN != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "flow batch header breaks the format's rules");
  return PRAC_OK;
}

static size_t copy_text(struct prac_rd *r, char *to)
{
  size_t n = prac_rd_u8(r);
  prac_rd_copy(r, to, n);
  to[n] = 0;
  return r->bad ? 0 : strlen(to) + 1; /* a NUL inside ends it */
}

/* Sensor, geo and list names into the block; every text costs at most its bytes + 1. */
static prac_rc read_texts(struct prac_rd *r, struct flow_block *k, struct flow_batch *b)
{
  char *at = k->texts;
  b->sensor = at;
  at += copy_text(r, at);
  b->geo = at;
  at += copy_text(r, at);
  uint32_t n = prac_rd_u16le(r);
  if (r->bad || b->sensor[0] == 0 || strlen(b->sensor) > FLOW_SENSOR_MAX || n > FLOW_LISTS_MAX)
    return PRAC_MALFORMED;
  if (n == 0) return PRAC_OK;
  if (n > prac_rd_left(r)) return PRAC_MALFORMED;
  k->lists = calloc(n, sizeof *k->lists);
  if (!k->lists) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++) {
    k->lists[i] = at;
    at += copy_text(r, at);
  }
  b->lists = (struct model_strs){k->lists, n};
  return r->bad ? PRAC_MALFORMED : PRAC_OK;
}

static prac_rc read_column(struct prac_rd *r, const struct head *h, size_t width, uint8_t *to,
                           uint8_t *shuffled)
{
  size_t stored = prac_rd_u32le(r), raw = width * h->n;
  const uint8_t *from = prac_rd_bytes(r, stored);
  if (!from) return PRAC_TRUNCATED;
  if (h->level == 0) {
    if (stored != raw) return PRAC_MALFORMED;
    memcpy(to, from, raw);
    return PRAC_OK;
  }
  size_t got = ZSTD_decompress(shuffled, raw, from, stored);
  if (ZSTD_isError(got) || got != raw) return PRAC_MALFORMED;
  unshuffle(shuffled, to, width, h->n);
  return PRAC_OK;
}

static prac_rc read_columns(struct prac_rd *r, const struct head *h, struct flow_block *k,
                            struct flow_batch *b)
{
  uint8_t *at = k->columns, *shuffled = NULL;
  if (h->level) shuffled = malloc(sizeof(struct prac_ip) * (size_t)h->n + 1);
  if (h->level && !shuffled) return PRAC_NOMEM;
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < FLOW_COLUMN_COUNT && rc == PRAC_OK; i++) {
    const struct flow_column *c = &flow_columns[i];
    if (h->present & 1u << i)
      rc = read_column(r, h, c->width, at, shuffled);
    else
      memset(at, 0, c->width * h->n);
    flow_column_set(b, c, at);
    at += flow_column_room(c->width, h->n);
  }
  free(shuffled);
  return rc == PRAC_OK && prac_rd_left(r) != 0 ? PRAC_MALFORMED : rc;
}

/* What later code uses as an index or a step must be in range, whoever sent it. */
static bool rows_in_range(const struct flow_batch *b)
{
  for (uint32_t i = 0; i < b->n; i++)
    if (b->first_ms[i] >= 60000 || b->tool[i] >= FLOW_TOOL_COUNT_ || b->survey[i] > b->lists.n)
      return false;
  return true;
}

/* No more memory than the bytes at hand can fill: zstd says how much a column really holds. */
static bool sizes_fit(struct prac_rd r, const struct head *h)
{
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++) {
    if (!(h->present & 1u << i)) continue;
    size_t stored = prac_rd_u32le(&r);
    const uint8_t *from = prac_rd_bytes(&r, stored);
    if (!from) return false;
    if (h->level && ZSTD_getFrameContentSize(from, stored) != flow_columns[i].width * h->n)
      return false;
  }
  return h->n == 0 || h->present != 0;
}

prac_rc flow_batch_decode(const void *data, size_t len, struct flow_batch **ret,
                          struct prac_err *reterr)
{
  struct prac_rd r = prac_rd_of(data, len);
  struct head h = {0};
  size_t room = 0;
  PRAC_TRY(read_head(&r, &h, reterr));
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++)
    room += flow_column_room(flow_columns[i].width, h.n);
  const size_t texts_max = ((size_t)FLOW_LISTS_MAX + 2) * 256;
  size_t texts = prac_rd_left(&r) < texts_max ? prac_rd_left(&r) : texts_max;
  struct flow_block *k = flow_block_new(0, texts + FLOW_TEXT_MAX + 2);
  struct flow_batch *b = NULL;
  if (!k || flow_batch_frame(k, &b) != PRAC_OK) {
    flow_block_free(k);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a flow batch");
  }
  prac_rc rc = read_texts(&r, k, b);
  if (rc == PRAC_OK && !sizes_fit(r, &h)) rc = PRAC_MALFORMED;
  if (rc == PRAC_OK) {
    free(k->columns);
    k->columns = aligned_alloc(64, room + 64);
    rc = k->columns ? read_columns(&r, &h, k, b) : PRAC_NOMEM;
  }
  b->minute = h.minute;
  b->part = h.part;
  b->n = h.n;
  b->last = h.flags & 1;
  if (rc == PRAC_OK && !rows_in_range(b)) rc = PRAC_MALFORMED;
  if (rc != PRAC_OK) {
    flow_batch_unref(&b);
    return PRAC_FAIL(reterr, rc, "flow batch: %s", prac_rc_text(rc));
  }
  *ret = b;
  return PRAC_OK;
}
