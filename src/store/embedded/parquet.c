/* The values of one column of one row group: its pages, unpacked one after another, and the three
 * ways in which numbers stand in them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "store/embedded/parquet.h"

enum {
  PAGE_MAX = 64 << 20,
  CHUNK_MAX = 256 << 20,
  SLACK = 16,
  BLOCK_MAX = 1 << 16,
  MINIS_MAX = 64
};
enum { ENC_PLAIN = 0, ENC_PLAIN_DICTIONARY = 2, ENC_DELTA = 5, ENC_DICTIONARY = 8 };
enum { KIND_DATA = 0, KIND_DICTIONARY = 2, CODEC_NONE = 0 };

static uint64_t load64(const uint8_t *p)
{
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static uint32_t load32(const uint8_t *p)
{
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static uint64_t bits_at(const uint8_t *p, size_t bit, unsigned w, uint64_t mask)
{
  uint64_t v = load64(p + bit / 8) >> (bit & 7);
  if ((bit & 7) + w > 64) v |= (uint64_t)p[bit / 8 + 8] << (64 - (bit & 7));
  return v & mask;
}

/* n values of w bits from a bit on; SLACK bytes may be read behind the last. Eight values begin at
 * a byte; two of 28 bits are in one load wherever they begin. */
static void unpack(const uint8_t *p, size_t bit, unsigned w, uint64_t *out, size_t n)
{
  const uint64_t mask = w == 64 ? UINT64_MAX : (UINT64_C(1) << w) - 1;
  const unsigned at[3] = {w / 4, w / 2, w * 6 / 8}, by[3] = {w * 2 & 7, w * 4 & 7, w * 6 & 7};
  for (; n > 0 && (bit & 7 || w > 28); n--, bit += w) *out++ = bits_at(p, bit, w, mask);
  for (p += bit / 8; n >= 8; n -= 8, out += 8, p += w) {
    uint64_t a = load64(p), b = load64(p + at[0]) >> by[0], c = load64(p + at[1]) >> by[1],
             d = load64(p + at[2]) >> by[2];
    out[0] = a & mask;
    out[1] = a >> w & mask;
    out[2] = b & mask;
    out[3] = b >> w & mask;
    out[4] = c & mask;
    out[5] = c >> w & mask;
    out[6] = d & mask;
    out[7] = d >> w & mask;
  }
  for (size_t i = 0; i < n; i++) out[i] = bits_at(p, i * w, w, mask);
}

static prac_rc room(uint8_t **v, size_t *cap, size_t n)
{
  if (n + SLACK <= *cap) return PRAC_OK;
  uint8_t *more = realloc(*v, n + SLACK);
  if (!more) return PRAC_NOMEM;
  *v = more;
  *cap = n + SLACK;
  return PRAC_OK;
}

/* ---- pages ---- */
static prac_rc unzip(struct emb_pq_cursor *c, const struct emb_pq_page *h)
{
  size_t packed = (size_t)h->packed, size = (size_t)h->size;
  PRAC_TRY(room(&c->page, &c->cap_page, size));
  const uint8_t *from = c->raw + c->at_raw;
  if (c->codec == CODEC_NONE) {
    if (packed != size) return PRAC_UNSUPPORTED;
    memcpy(c->page, from, size);
  } else {
    if (!c->zstd) c->zstd = ZSTD_createDCtx();
    if (!c->zstd) return PRAC_NOMEM;
    if (ZSTD_decompressDCtx(c->zstd, c->page, size, from, packed) != size) return PRAC_UNSUPPORTED;
  }
  memset(c->page + size, 0, SLACK);
  c->at_raw += packed;
  c->n_page = size;
  c->at = 0;
  return PRAC_OK;
}

/* A text's length stands before it; the bytes of the last one may be SLACK. */
static prac_rc text(struct emb_pq_cursor *c, uint64_t *ret)
{
  if (c->n_page - c->at < 4) return PRAC_UNSUPPORTED;
  const uint8_t *p = c->page + c->at;
  size_t len = load32(p);
  if ((len != 0 && len != 2) || len > c->n_page - c->at - 4) return PRAC_UNSUPPORTED;
  *ret = len ? (uint64_t)(p[4] << 8 | p[5]) : 0;
  c->at += 4 + len;
  return PRAC_OK;
}

/* Any text: where it stands. */
static prac_rc text_place(struct emb_pq_cursor *c, uint64_t *ret)
{
  if (c->n_page - c->at < 4 || load32(c->page + c->at) > c->n_page - c->at - 4)
    return PRAC_UNSUPPORTED;
  *ret = c->at;
  c->at += 4 + load32(c->page + c->at);
  return PRAC_OK;
}

static prac_rc keep_texts(struct emb_pq_cursor *c)
{
  PRAC_TRY(room(&c->said, &c->cap_said, c->n_page));
  memcpy(c->said, c->page, c->n_page);
  return PRAC_OK;
}

static prac_rc dictionary(struct emb_pq_cursor *c, const struct emb_pq_page *h)
{
  size_t n = (size_t)h->values, width = c->type == EMB_PQ_INT64 ? 8 : 4;
  if (c->n_word > 0 || n == 0 || n > EMB_PQ_DICTIONARY || n * width > c->n_page)
    return PRAC_UNSUPPORTED;
  if (!c->word) c->word = calloc(EMB_PQ_DICTIONARY, sizeof *c->word);
  if (!c->word) return PRAC_NOMEM;
  if (c->texts) PRAC_TRY(keep_texts(c));
  for (size_t i = 0; i < n; i++) {
    if (c->type == EMB_PQ_TEXT)
      PRAC_TRY(c->texts ? text_place(c, &c->word[i]) : text(c, &c->word[i]));
    else
      c->word[i] = width == 8 ? load64(c->page + i * width) : load32(c->page + i * width);
  }
  c->n_word = n;
  return PRAC_OK;
}

/* `count` ones, as a run of ones or as bits. */
static bool ones(struct emb_thrift *t, bool packed, uint64_t count)
{
  for (uint64_t k = 0; k < (packed ? count : 1); k += 8) {
    unsigned want = !packed ? 1 : count - k < 8 ? (1u << (count - k)) - 1 : 0xff;
    if (t->at == t->end || (*t->at++ & want) != want) return false;
  }
  return true;
}

/* Which values there are: all of them, or it is not ours. */
static prac_rc no_nulls(struct emb_pq_cursor *c)
{
  if (!c->optional) return PRAC_OK;
  if (c->n_page < 4 || load32(c->page) > c->n_page - 4) return PRAC_UNSUPPORTED;
  size_t n = load32(c->page);
  struct emb_thrift t = {c->page + 4, c->page + 4 + n, false};
  for (uint64_t left = c->page_left; left > 0;) {
    uint64_t run = emb_pq_varint(&t), count = run & 1 ? (run >> 1) * 8 : run >> 1;
    if (count > left) count = left;
    if (t.bad || count == 0 || !ones(&t, run & 1, count)) return PRAC_UNSUPPORTED;
    left -= count;
  }
  c->at = 4 + n;
  return PRAC_OK;
}

static struct emb_thrift rest(const struct emb_pq_cursor *c)
{
  return (struct emb_thrift){c->page + c->at, c->page + c->n_page, false};
}

static prac_rc delta_head(struct emb_pq_cursor *c)
{
  struct emb_thrift t = rest(c);
  uint64_t block = emb_pq_varint(&t), minis = emb_pq_varint(&t), n = emb_pq_varint(&t);
  c->code = (uint64_t)emb_pq_zigzag(&t);
  if (t.bad || minis == 0 || minis > MINIS_MAX || block > BLOCK_MAX || block % minis != 0 ||
      block / minis % 8 != 0 || block == 0 || n != c->page_left)
    return PRAC_UNSUPPORTED;
  c->block = (uint32_t)(block / minis);
  c->minis = c->mini = (uint32_t)minis;
  c->run = 0;
  c->first = true;
  c->at = (size_t)(t.at - c->page);
  return PRAC_OK;
}

static prac_rc data_page(struct emb_pq_cursor *c, const struct emb_pq_page *h)
{
  c->page_left = (uint32_t)h->values;
  PRAC_TRY(no_nulls(c));
  c->kind = (uint8_t)h->encoding;
  switch (h->encoding) {
  case ENC_PLAIN:
    return c->type == EMB_PQ_TEXT || c->n_word > 0 ? PRAC_UNSUPPORTED : PRAC_OK;
  case ENC_DELTA:
    return c->type == EMB_PQ_TEXT || c->n_word > 0 ? PRAC_UNSUPPORTED : delta_head(c);
  case ENC_PLAIN_DICTIONARY:
  case ENC_DICTIONARY:
    c->kind = ENC_DICTIONARY;
    c->run = 0;
    if (c->n_word == 0 || c->at >= c->n_page || c->page[c->at] > 16) return PRAC_UNSUPPORTED;
    c->bits = c->page[c->at++];
    return PRAC_OK;
  default:
    return PRAC_UNSUPPORTED;
  }
}

/* Goes to the next page that has values. */
static prac_rc next_page(struct emb_pq_cursor *c)
{
  while (c->page_left == 0) {
    struct emb_thrift t = {c->raw + c->at_raw, c->raw + c->n_raw, false};
    struct emb_pq_page h;
    emb_pq_page_header(&t, &h);
    c->at_raw = (size_t)(t.at - c->raw);
    if (t.bad || h.size < 0 || h.size > PAGE_MAX || h.packed < 0 ||
        (size_t)h.packed > c->n_raw - c->at_raw || h.values < 0 || (uint32_t)h.values > c->left)
      return PRAC_UNSUPPORTED;
    if (h.kind != KIND_DATA && h.kind != KIND_DICTIONARY) return PRAC_UNSUPPORTED;
    PRAC_TRY(unzip(c, &h));
    PRAC_TRY(h.kind == KIND_DATA ? data_page(c, &h) : dictionary(c, &h));
  }
  return PRAC_OK;
}

prac_rc emb_pq_start(struct emb_pq_cursor *c, const struct emb_pq *f, size_t group, size_t column)
{
  const struct emb_pq_chunk *h = &f->chunk[group * f->n_columns + column];
  if (f->column[column].type == EMB_PQ_OTHER || h->bytes > CHUNK_MAX) return PRAC_UNSUPPORTED;
  if (c->texts && f->column[column].type != EMB_PQ_TEXT) return PRAC_UNSUPPORTED;
  c->n_raw = (size_t)h->bytes;
  PRAC_TRY(room(&c->raw, &c->cap_raw, c->n_raw));
  if (pread(f->fd, c->raw, c->n_raw, h->at) != (ssize_t)c->n_raw) return PRAC_UNSUPPORTED;
  c->type = f->column[column].type;
  c->optional = f->column[column].optional;
  c->codec = h->codec;
  c->left = h->values;
  c->at_raw = c->n_word = 0;
  c->page_left = 0;
  return c->left > 0 ? next_page(c) : PRAC_OK;
}

void emb_pq_cursor_done(struct emb_pq_cursor *c)
{
  free(c->raw);
  free(c->page);
  free(c->word);
  free(c->said);
  ZSTD_freeDCtx(c->zstd);
  memset(c, 0, sizeof *c);
}

bool emb_pq_may_hold(const struct emb_pq_cursor *c, uint64_t lo, uint64_t hi)
{
  for (size_t i = 0; i < c->n_word; i++)
    if (c->word[i] >= lo && c->word[i] <= hi) return true;
  return c->n_word == 0;
}

const char *emb_pq_text(const struct emb_pq_cursor *c, uint64_t value, size_t *ret_len)
{
  *ret_len = load32(c->said + value);
  return (const char *)c->said + value + 4;
}

bool emb_pq_text_find(const struct emb_pq_cursor *c, const char *text, uint64_t *ret)
{
  size_t want = strlen(text), n;
  for (size_t i = 0; i < c->n_word; i++) {
    const char *at = emb_pq_text(c, c->word[i], &n);
    if (n != want || memcmp(at, text, n) != 0) continue;
    *ret = c->word[i];
    return true;
  }
  return false;
}

/* ---- plain ---- */
static prac_rc plain(struct emb_pq_cursor *c, uint64_t *out, size_t n)
{
  size_t width = c->type == EMB_PQ_INT64 ? 8 : 4;
  if (n * width > c->n_page - c->at) return PRAC_UNSUPPORTED;
  for (size_t i = 0; i < n; i++, c->at += width)
    out[i] = width == 8 ? load64(c->page + c->at) : load32(c->page + c->at);
  return PRAC_OK;
}

/* ---- codes of the dictionary, in runs ---- */
static prac_rc next_run(struct emb_pq_cursor *c)
{
  struct emb_thrift t = rest(c);
  uint64_t head = emb_pq_varint(&t), n = head & 1 ? (head >> 1) * 8 : head >> 1;
  c->at = (size_t)(t.at - c->page);
  if (t.bad || n == 0 || n > UINT32_MAX) return PRAC_UNSUPPORTED;
  size_t bytes = head & 1 ? (size_t)n / 8 * c->bits : (c->bits + 7u) / 8;
  if (bytes > c->n_page - c->at) return PRAC_UNSUPPORTED;
  c->packed = head & 1;
  c->run = (uint32_t)n;
  c->bit = c->at * 8;
  c->code = c->packed ? 0 : load32(c->page + c->at) & ((1u << (bytes * 8)) - 1);
  c->at += bytes;
  return c->code < c->n_word ? PRAC_OK : PRAC_UNSUPPORTED;
}

static prac_rc words(struct emb_pq_cursor *c, uint64_t *out, size_t n)
{
  for (size_t k; n > 0; n -= k, out += k) {
    if (c->run == 0) PRAC_TRY(next_run(c));
    k = n < c->run ? n : c->run;
    c->run -= (uint32_t)k;
    uint64_t v = c->word[c->code], most = 0;
    if (!c->packed) {
      for (size_t i = 0; i < k; i++) out[i] = v;
      continue;
    }
    unpack(c->page, c->bit, c->bits, out, k);
    c->bit += k * c->bits;
    for (size_t i = 0; i < k; i++) { /* at most 16 bits: within the table */
      most = out[i] > most ? out[i] : most;
      out[i] = c->word[out[i]];
    }
    if (most >= c->n_word) return PRAC_UNSUPPORTED;
  }
  return PRAC_OK;
}

/* ---- differences ---- */
static prac_rc next_mini(struct emb_pq_cursor *c)
{
  if (c->mini == c->minis) { /* a new block */
    struct emb_thrift t = rest(c);
    c->step = (uint64_t)emb_pq_zigzag(&t);
    c->widths = (size_t)(t.at - c->page);
    c->mini = 0;
    if (t.bad || c->minis > c->n_page - c->widths) return PRAC_UNSUPPORTED;
    c->at = c->widths + c->minis;
  }
  c->bits = c->page[c->widths + c->mini++];
  size_t bytes = (size_t)c->block / 8 * c->bits;
  if (c->bits > 64 || bytes > c->n_page - c->at) return PRAC_UNSUPPORTED;
  c->bit = c->at * 8;
  c->at += bytes;
  c->run = c->block;
  return PRAC_OK;
}

static prac_rc deltas(struct emb_pq_cursor *c, uint64_t *out, size_t n)
{
  if (c->first) {
    *out++ = c->code;
    n--;
    c->first = false;
  }
  for (size_t k; n > 0; n -= k, out += k) {
    if (c->run == 0) PRAC_TRY(next_mini(c));
    k = n < c->run ? n : c->run;
    c->run -= (uint32_t)k;
    unpack(c->page, c->bit, c->bits, out, k);
    c->bit += k * c->bits;
    uint64_t v = c->code, step = c->step;
    for (size_t i = 0; i < k; i++) {
      v += out[i] + step;
      out[i] = v;
    }
    c->code = v;
  }
  return PRAC_OK;
}

prac_rc emb_pq_next(struct emb_pq_cursor *c, uint64_t *out, size_t n)
{
  if (n > c->left) return PRAC_UNSUPPORTED;
  for (size_t k; n > 0; n -= k, out += k) {
    PRAC_TRY(next_page(c));
    k = n < c->page_left ? n : c->page_left;
    PRAC_TRY(c->kind == ENC_DELTA        ? deltas(c, out, k)
             : c->kind == ENC_DICTIONARY ? words(c, out, k)
                                         : plain(c, out, k));
    c->page_left -= (uint32_t)k;
    c->left -= (uint32_t)k;
    if (c->type != EMB_PQ_INT64)
      for (size_t i = 0; i < k; i++) out[i] &= UINT32_MAX; /* differences of 32 bits wrap */
  }
  return PRAC_OK;
}

/* ---- values that nobody wants ---- */
static prac_rc pass(struct emb_pq_cursor *c, size_t n)
{
  enum { SOME = 256 };
  uint64_t none[SOME];
  if (c->kind == ENC_PLAIN) {
    size_t width = c->type == EMB_PQ_INT64 ? 8 : 4;
    if (n * width > c->n_page - c->at) return PRAC_UNSUPPORTED;
    c->at += n * width;
    return PRAC_OK;
  }
  for (size_t k; n > 0; n -= k) {
    if (c->kind == ENC_DELTA) { /* a difference is known by those before it only */
      k = n < SOME ? n : SOME;
      PRAC_TRY(deltas(c, none, k));
      continue;
    }
    if (c->run == 0) PRAC_TRY(next_run(c));
    k = n < c->run ? n : c->run;
    c->run -= (uint32_t)k;
    c->bit += c->packed ? k * c->bits : 0;
  }
  return PRAC_OK;
}

prac_rc emb_pq_skip(struct emb_pq_cursor *c, size_t n)
{
  if (n > c->left) return PRAC_UNSUPPORTED;
  for (size_t k; n > 0; n -= k) {
    PRAC_TRY(next_page(c));
    k = n < c->page_left ? n : c->page_left;
    PRAC_TRY(pass(c, k));
    c->page_left -= (uint32_t)k;
    c->left -= (uint32_t)k;
  }
  return PRAC_OK;
}
