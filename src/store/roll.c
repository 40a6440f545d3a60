/* Building: (key, hash of source) pairs are sorted as plain numbers, which gives every key's sketch
 * in order with no allocation per key; counts go through a small table. */
#include "store/roll.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

void store_roll_blob_done(struct store_roll_blob *b)
{
  free(b->counts);
  free(b->sketch);
  *b = (struct store_roll_blob){0};
}

/* ---- bytes that grow ---- */
struct bytes {
  uint8_t *v;
  size_t n, cap;
  bool bad;
};

static uint8_t *grow(struct bytes *b, size_t more)
{
  if (b->bad) return NULL;
  if (b->n + more > b->cap) {
    size_t cap = b->cap ? b->cap : 256;
    while (cap < b->n + more) cap *= 2;
    uint8_t *v = realloc(b->v, cap);
    if (!v) {
      b->bad = true;
      return NULL;
    }
    b->v = v;
    b->cap = cap;
  }
  return b->v + b->n;
}

static void put_row(struct bytes *b, uint64_t key, const struct store_roll_row *r)
{
  enum { ROW_MAX = 40 };
  uint8_t *at = grow(b, ROW_MAX);
  if (!at) return;
  struct prac_wr w = prac_wr_of(at, ROW_MAX);
  prac_wr_varint(&w, key);
  prac_wr_varint(&w, r->packets);
  prac_wr_varint(&w, r->flows);
  prac_wr_varint(&w, r->bytes);
  b->n += prac_wr_len(&w);
}

static void put_sketch(struct bytes *b, const struct store_sketch *s)
{
  size_t need = s->dense ? STORE_SKETCH_BINARY_MAX : 2 + 4 * (size_t)s->n;
  uint8_t *at = grow(b, need);
  if (!at) return;
  struct prac_wr w = prac_wr_of(at, need);
  store_sketch_write(s, &w);
  b->n += prac_wr_len(&w);
}

/* Takes both; frees raw. */
static prac_rc finish(struct bytes *counts, struct bytes *raw, const size_t *cut, size_t chunks,
                      struct store_roll_blob *ret)
{
  prac_rc rc = counts->bad || raw->bad ? PRAC_NOMEM : store_roll_pack(raw->v, cut, chunks, ret);
  free(raw->v);
  if (rc != PRAC_OK) {
    free(counts->v);
    store_roll_blob_done(ret);
    return rc;
  }
  ret->counts = counts->v;
  ret->n_counts = counts->n;
  return PRAC_OK;
}

/* ---- building ---- */
struct build {
  uint64_t *pair, *tmp; /* key << 32 | hash */
  size_t n_pairs;
  uint32_t *slot; /* 1 + index into row; open addressing */
  size_t n_slots; /* a power of two, more than twice the rows */
  struct store_roll_row *row;
  size_t n_rows, cap_rows;
};

static void build_done(struct build *b)
{
  free(b->pair);
  free(b->tmp);
  free(b->slot);
  free(b->row);
}

static prac_rc rehash(struct build *b)
{
  size_t n = b->n_slots ? b->n_slots * 2 : 1024;
  uint32_t *slot = calloc(n, sizeof *slot);
  struct store_roll_row *row = realloc(b->row, n / 2 * sizeof *row);
  if (row) b->row = row;
  if (!slot || !row) {
    free(slot);
    return PRAC_NOMEM;
  }
  for (size_t i = 0; i < b->n_rows; i++) {
    size_t at = prac_mix64(b->row[i].key) & (n - 1);
    while (slot[at]) at = (at + 1) & (n - 1);
    slot[at] = (uint32_t)i + 1;
  }
  free(b->slot);
  b->slot = slot;
  b->n_slots = n;
  b->cap_rows = n / 2;
  return PRAC_OK;
}

static struct store_roll_row *row_of(struct build *b, uint64_t key)
{
  if (b->n_rows == b->cap_rows && rehash(b) != PRAC_OK) return NULL;
  size_t at = prac_mix64(key) & (b->n_slots - 1);
  while (b->slot[at]) {
    struct store_roll_row *r = &b->row[b->slot[at] - 1];
    if (r->key == key) return r;
    at = (at + 1) & (b->n_slots - 1);
  }
  b->row[b->n_rows] = (struct store_roll_row){.key = key};
  b->slot[at] = (uint32_t)++b->n_rows;
  return &b->row[b->n_rows - 1];
}

static uint64_t key_at(enum store_dim_kept dim, const struct flow_batch *b, uint32_t i)
{
  switch (dim) {
  case STORE_KEPT_PORT: {
    struct model_port p = store_flow_port(b->proto[i], b->sport[i], b->dport[i]);
    return (uint64_t)p.proto << 16 | p.port;
  }
  case STORE_KEPT_COUNTRY:
    return b->country[i];
  case STORE_KEPT_ASN:
    return b->asn[i];
  case STORE_KEPT_TOTAL:
    break;
  }
  return 0;
}

static prac_rc feed(struct build *b, enum store_dim_kept dim, const struct flow_batch *f)
{
  struct store_roll_row *r = NULL;
  uint32_t hash = 0;
  for (uint32_t i = 0; i < f->n; i++) {
    uint64_t key = key_at(dim, f, i);
    if (i == 0 || !prac_ip_eq(&f->src[i], &f->src[i - 1])) hash = store_sketch_hash(&f->src[i]);
    if (!r || r->key != key) r = row_of(b, key);
    if (!r) return PRAC_NOMEM;
    r->packets += f->packets[i];
    r->flows++;
    r->bytes += f->bytes[i];
    uint64_t pair = key << 32 | hash; /* rows are sorted by source: repeats stand together */
    if (b->n_pairs == 0 || b->pair[b->n_pairs - 1] != pair) b->pair[b->n_pairs++] = pair;
  }
  return PRAC_OK;
}

/* Least significant byte first; a byte that all share is skipped. */
static void sort_pairs(struct build *b)
{
  for (unsigned shift = 0; shift < 64; shift += 8) {
    size_t at[257] = {0};
    for (size_t i = 0; i < b->n_pairs; i++) at[(b->pair[i] >> shift & 0xff) + 1]++;
    if (b->n_pairs == 0 || at[(b->pair[0] >> shift & 0xff) + 1] == b->n_pairs) continue;
    for (int k = 0; k < 256; k++) at[k + 1] += at[k];
    for (size_t i = 0; i < b->n_pairs; i++) b->tmp[at[b->pair[i] >> shift & 0xff]++] = b->pair[i];
    uint64_t *swap = b->pair;
    b->pair = b->tmp;
    b->tmp = swap;
  }
  size_t n = 0;
  for (size_t i = 0; i < b->n_pairs; i++)
    if (n == 0 || b->pair[n - 1] != b->pair[i]) b->pair[n++] = b->pair[i];
  b->n_pairs = n;
}

/* The sketch of the pairs from *at on that share a key. */
static prac_rc sketch_of(const struct build *b, size_t *at, struct store_sketch *s)
{
  uint32_t v[STORE_SKETCH_EXACT + 1];
  uint64_t key = b->pair[*at] >> 32;
  size_t n = 0;
  for (; *at < b->n_pairs && b->pair[*at] >> 32 == key; ++*at) {
    v[n++] = (uint32_t)b->pair[*at];
    if (n <= STORE_SKETCH_EXACT) continue;
    PRAC_TRY(store_sketch_add_sorted(s, v, n));
    n = 0;
  }
  return store_sketch_add_sorted(s, v, n);
}

static prac_rc write_out(struct build *b, struct store_roll_blob *ret)
{
  struct bytes counts = {0}, raw = {0};
  uint8_t *head = grow(&counts, 10);
  size_t *cut = calloc(b->n_rows / STORE_ROLL_CHUNK + 1, sizeof *cut), n = 0;
  struct prac_wr w = prac_wr_of(head, head ? 10 : 0);
  prac_wr_varint(&w, b->n_rows);
  counts.n = prac_wr_len(&w);
  uint64_t last = 0;
  for (size_t i = 0; i < b->n_pairs && cut; n++) {
    uint64_t key = b->pair[i] >> 32;
    struct store_sketch s = {0};
    if (sketch_of(b, &i, &s) != PRAC_OK) raw.bad = true;
    put_row(&counts, key - last, row_of(b, key));
    put_sketch(&raw, &s);
    store_sketch_done(&s);
    last = key;
    cut[n / STORE_ROLL_CHUNK] = raw.n;
  }
  if (!cut) raw.bad = true;
  prac_rc rc = finish(&counts, &raw, cut, (n + STORE_ROLL_CHUNK - 1) / STORE_ROLL_CHUNK, ret);
  free(cut);
  return rc;
}

prac_rc store_roll_build(enum store_dim_kept dim, struct flow_batch *const *batches, size_t n,
                         struct store_roll_blob *ret)
{
  struct build b = {0};
  size_t rows = 0;
  *ret = (struct store_roll_blob){0};
  for (size_t i = 0; i < n; i++) rows += batches[i]->n;
  b.pair = malloc((rows + 1) * sizeof *b.pair);
  b.tmp = malloc((rows + 1) * sizeof *b.tmp);
  prac_rc rc = b.pair && b.tmp ? PRAC_OK : PRAC_NOMEM;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = feed(&b, dim, batches[i]);
  if (rc == PRAC_OK) {
    sort_pairs(&b);
    rc = write_out(&b, ret);
  }
  build_done(&b);
  return rc;
}

/* ---- reading ---- */
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
