/* Adding up, for flow batches and for roll-ups alike: counts go through a small table; senders are
 * (key, code) pairs, sorted as plain numbers at the end, which gives every key's sketch in order
 * with no allocation per key. A key with too many codes has registers instead. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hll.h"
#include "store/roll.h"

enum {
  CODE_MASK = (1 << STORE_SKETCH_CODE_BITS) - 1,
  DIGIT = 12,
  DIGITS = 1 << DIGIT,
  PAIRS_FIRST = 256,
  ROWS_FIRST = 64,
  FEW = 512
};

struct store_roll_sum {
  uint64_t *pair, *tmp; /* key << STORE_SKETCH_CODE_BITS | code */
  size_t n_pairs, cap_pairs;
  uint32_t *slot; /* 1 + index into row; open addressing */
  size_t n_slots; /* a power of two, twice the rows there is room for */
  struct store_roll_row *row;
  uint8_t **dense; /* one a row; NULL: all of it is pairs */
  size_t n_rows, cap_rows;
};

struct store_roll_sum *store_roll_sum_new(void)
{
  return calloc(1, sizeof(struct store_roll_sum));
}

void store_roll_sum_free(struct store_roll_sum **sp)
{
  if (!sp || !*sp) return;
  struct store_roll_sum *s = *sp;
  for (size_t i = 0; i < s->n_rows; i++) free(s->dense[i]);
  free(s->pair);
  free(s->tmp);
  free(s->slot);
  free(s->row);
  free(s->dense);
  free(s);
  *sp = NULL;
}

/* ---- rows ---- */
static prac_rc more_rows(struct store_roll_sum *s)
{
  size_t n = s->n_slots ? s->n_slots * 2 : 2 * ROWS_FIRST;
  struct store_roll_row *row = realloc(s->row, n / 2 * sizeof *row);
  if (row) s->row = row;
  uint8_t **dense = realloc(s->dense, n / 2 * sizeof(uint8_t *));
  if (dense) s->dense = dense;
  uint32_t *slot = calloc(n, sizeof *slot);
  if (!row || !dense || !slot) {
    free(slot);
    return PRAC_NOMEM;
  }
  for (size_t i = 0; i < s->n_rows; i++) {
    size_t at = prac_mix64(s->row[i].key) & (n - 1);
    while (slot[at]) at = (at + 1) & (n - 1);
    slot[at] = (uint32_t)i + 1;
  }
  free(s->slot);
  s->slot = slot;
  s->n_slots = n;
  s->cap_rows = n / 2;
  return PRAC_OK;
}

/* NULL: no memory. */
static struct store_roll_row *row_of(struct store_roll_sum *s, uint64_t key)
{
  if (s->n_rows == s->cap_rows && more_rows(s) != PRAC_OK) return NULL;
  size_t at = prac_mix64(key) & (s->n_slots - 1);
  while (s->slot[at]) {
    struct store_roll_row *r = &s->row[s->slot[at] - 1];
    if (r->key == key) return r;
    at = (at + 1) & (s->n_slots - 1);
  }
  s->row[s->n_rows] = (struct store_roll_row){.key = key};
  s->dense[s->n_rows] = NULL;
  s->slot[at] = (uint32_t)++s->n_rows;
  return &s->row[s->n_rows - 1];
}

static uint8_t *registers_of(struct store_roll_sum *s, const struct store_roll_row *r)
{
  uint8_t **d = &s->dense[r - s->row];
  if (!*d) *d = calloc(1, HLL_REGISTERS);
  return *d;
}

/* ---- pairs ---- */
static uint64_t key_of(uint64_t pair)
{
  return pair >> STORE_SKETCH_CODE_BITS;
}

static int by_value(const void *pa, const void *pb)
{
  uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
  return (a > b) - (a < b);
}

/* Least significant digit first; a digit that all share is skipped. */
static void sort(uint64_t **v, uint64_t **tmp, size_t n)
{
  size_t at[DIGITS + 1];
  if (n < FEW) { /* counting the digits would cost more */
    if (n > 1) qsort(*v, n, sizeof **v, by_value);
    return;
  }
  for (unsigned shift = 0; shift < 64; shift += DIGIT) {
    const uint64_t *from = *v;
    uint64_t *to = *tmp;
    memset(at, 0, sizeof at);
    for (size_t i = 0; i < n; i++) at[(from[i] >> shift & (DIGITS - 1)) + 1]++;
    if (at[(from[0] >> shift & (DIGITS - 1)) + 1] == n) continue;
    for (size_t k = 0; k < DIGITS; k++) at[k + 1] += at[k];
    for (size_t i = 0; i < n; i++) to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
    *tmp = *v;
    *v = to;
  }
}

/* Sorted, no pair twice, and a key with more codes than a list may have is all registers. */
static prac_rc squeeze(struct store_roll_sum *s)
{
  size_t to = 0;
  sort(&s->pair, &s->tmp, s->n_pairs);
  for (size_t i = 0, end; i < s->n_pairs; i = end) {
    uint64_t key = key_of(s->pair[i]);
    size_t first = to;
    for (end = i; end < s->n_pairs && key_of(s->pair[end]) == key; end++)
      if (to == first || s->pair[to - 1] != s->pair[end]) s->pair[to++] = s->pair[end];
    const struct store_roll_row *r = row_of(s, key);
    if (!r) return PRAC_NOMEM;
    if (to - first <= STORE_SKETCH_EXACT && !s->dense[r - s->row]) continue;
    uint8_t *d = registers_of(s, r);
    if (!d) return PRAC_NOMEM;
    for (; to > first; to--) store_sketch_mark(d, (uint32_t)s->pair[to - 1] & CODE_MASK);
  }
  s->n_pairs = to;
  return PRAC_OK;
}

/* Room for n more: what is there is squeezed first, so that loud keys do not grow it. */
static prac_rc room_for(struct store_roll_sum *s, size_t n)
{
  if (s->n_pairs + n <= s->cap_pairs) return PRAC_OK;
  if (s->n_pairs > 0) PRAC_TRY(squeeze(s));
  size_t cap = s->cap_pairs ? s->cap_pairs : PAIRS_FIRST;
  while (cap < 2 * (s->n_pairs + n)) cap *= 2;
  if (cap == s->cap_pairs) return PRAC_OK;
  uint64_t *pair = realloc(s->pair, cap * sizeof *pair);
  if (pair) s->pair = pair;
  uint64_t *tmp = realloc(s->tmp, cap * sizeof *tmp);
  if (tmp) s->tmp = tmp;
  if (!pair || !tmp) return PRAC_NOMEM;
  s->cap_pairs = cap;
  return PRAC_OK;
}

/* ---- from flows ---- */
static uint64_t flow_key(enum store_dim_kept dim, const struct flow_batch *b, uint32_t i)
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

prac_rc store_roll_sum_batch(struct store_roll_sum *s, enum store_dim_kept dim,
                             const struct flow_batch *b)
{
  struct store_roll_row *r = NULL;
  uint32_t code = 0;
  PRAC_TRY(room_for(s, b->n));
  for (uint32_t i = 0; i < b->n; i++) {
    uint64_t key = flow_key(dim, b, i);
    if (i == 0 || !prac_ip_eq(&b->src[i], &b->src[i - 1])) code = store_sketch_code(&b->src[i]);
    if (!r || r->key != key) r = row_of(s, key);
    if (!r) return PRAC_NOMEM;
    r->packets += b->packets[i];
    r->flows++;
    r->bytes += b->bytes[i];
    uint64_t pair = key << STORE_SKETCH_CODE_BITS | code;
    /* rows are sorted by source: repeats stand together */
    if (s->n_pairs == 0 || s->pair[s->n_pairs - 1] != pair) s->pair[s->n_pairs++] = pair;
  }
  return PRAC_OK;
}

/* ---- from roll-ups ---- */
static prac_rc add_sketch(struct store_roll_sum *s, const struct store_roll_row *r,
                          struct store_roll_sk *k, uint64_t place)
{
  uint32_t v[STORE_SKETCH_EXACT];
  const uint8_t *dense;
  size_t n;
  PRAC_TRY(store_roll_sk_open(k, place, v, &n, &dense));
  if (dense) {
    uint8_t *d = registers_of(s, r);
    if (!d) return PRAC_NOMEM;
    store_sketch_widen(d, dense);
    return PRAC_OK;
  }
  uint64_t key = r->key << STORE_SKETCH_CODE_BITS;
  PRAC_TRY(room_for(s, n));
  for (size_t i = 0; i < n; i++) s->pair[s->n_pairs++] = key | v[i];
  return PRAC_OK;
}

static prac_rc add_rows(struct store_roll_sum *s, struct store_roll_rd *rd, struct store_roll_sk *k)
{
  struct store_roll_row from;
  uint64_t last = 0;
  prac_rc rc;
  for (uint64_t place = 0; (rc = store_roll_next(rd, &from)) == PRAC_OK; place++) {
    if ((place > 0 && from.key <= last) || from.key > UINT32_MAX) return PRAC_DAMAGED;
    last = from.key;
    struct store_roll_row *r = row_of(s, from.key);
    if (!r) return PRAC_NOMEM;
    r->packets += from.packets;
    r->flows += from.flows;
    r->bytes += from.bytes;
    PRAC_TRY(add_sketch(s, r, k, place));
  }
  return rc == PRAC_END ? PRAC_OK : rc;
}

prac_rc store_roll_sum_add(struct store_roll_sum *s, const void *counts, size_t n_counts,
                           const void *sketch, size_t n_sketch)
{
  struct store_roll_rd r;
  struct store_roll_sk k;
  PRAC_TRY(store_roll_rd_of(counts, n_counts, &r));
  PRAC_TRY(store_roll_sk_of(sketch, n_sketch, &k));
  prac_rc rc = add_rows(s, &r, &k);
  store_roll_sk_done(&k);
  return rc;
}

/* ---- as bytes ---- */
struct order {       /* rows by rising key */
  uint64_t *v, *tmp; /* key << 32 | index */
};

static prac_rc order_of(const struct store_roll_sum *s, struct order *ret)
{
  ret->v = malloc((s->n_rows + 1) * sizeof *ret->v);
  ret->tmp = malloc((s->n_rows + 1) * sizeof *ret->tmp);
  if (!ret->v || !ret->tmp) return PRAC_NOMEM;
  for (size_t i = 0; i < s->n_rows; i++) ret->v[i] = s->row[i].key << 32 | i;
  sort(&ret->v, &ret->tmp, s->n_rows);
  return PRAC_OK;
}

/* The pairs, sorted, become lists; what has registers has no pairs. */
static void put_sketches(const struct store_roll_sum *s, const struct order *o, struct prac_wr *w,
                         size_t *cut)
{
  uint32_t v[STORE_SKETCH_EXACT];
  size_t at = 0;
  for (size_t i = 0; i < s->n_rows; i++) {
    uint32_t row = (uint32_t)o->v[i];
    struct store_sketch whole = {.dense = s->dense[row]};
    size_t n = 0;
    for (; at < s->n_pairs && key_of(s->pair[at]) == s->row[row].key; at++)
      v[n++] = (uint32_t)s->pair[at] & CODE_MASK;
    if (whole.dense)
      store_sketch_write(&whole, w);
    else
      store_sketch_write_codes(v, n, w);
    cut[i / STORE_ROLL_CHUNK] = prac_wr_len(w);
  }
}

static size_t sketch_room(const struct store_roll_sum *s)
{
  size_t room = s->n_rows * 4 + s->n_pairs * 4;
  for (size_t i = 0; i < s->n_rows; i++)
    if (s->dense[i]) room += STORE_SKETCH_BINARY_MAX;
  return room;
}

static prac_rc put_counts(const struct store_roll_sum *s, const struct order *o,
                          struct store_roll_blob *ret)
{
  size_t room = store_roll_counts_room(s->n_rows);
  ret->counts = malloc(room);
  if (!ret->counts || s->n_rows > UINT32_MAX) return PRAC_NOMEM;
  struct store_roll_wr w = store_roll_wr_of(ret->counts, room, (uint32_t)s->n_rows);
  for (size_t i = 0; i < s->n_rows; i++) store_roll_put(&w, &s->row[(uint32_t)o->v[i]]);
  PRAC_INSIST(!w.w.bad);
  ret->n_counts = prac_wr_len(&w.w);
  return PRAC_OK;
}

static void count_sources(struct store_roll_sum *s, const struct order *o)
{
  size_t at = 0;
  for (size_t i = 0; i < s->n_rows; i++) {
    struct store_roll_row *r = &s->row[(uint32_t)o->v[i]];
    struct store_sketch whole = {.dense = s->dense[r - s->row]};
    for (; at < s->n_pairs && key_of(s->pair[at]) == r->key; at++) whole.n++;
    r->sources = store_sketch_count(&whole);
  }
}

static prac_rc write_out(const struct store_roll_sum *s, const struct order *o, bool with_sketches,
                         struct store_roll_blob *ret)
{
  size_t chunks = (s->n_rows + STORE_ROLL_CHUNK - 1) / STORE_ROLL_CHUNK;
  size_t room = with_sketches ? sketch_room(s) : 0;
  uint8_t *raw = malloc(room + 1);
  size_t *cut = calloc(chunks + 1, sizeof *cut);
  prac_rc rc = raw && cut ? put_counts(s, o, ret) : PRAC_NOMEM;
  if (rc == PRAC_OK) {
    struct prac_wr w = prac_wr_of(raw, room);
    if (with_sketches) put_sketches(s, o, &w, cut);
    PRAC_INSIST(!w.bad);
    rc = store_roll_pack(raw, cut, with_sketches ? chunks : 0, ret);
  }
  free(raw);
  free(cut);
  if (rc != PRAC_OK) store_roll_blob_done(ret);
  return rc;
}

prac_rc store_roll_sum_blob(struct store_roll_sum *s, bool with_sketches,
                            struct store_roll_blob *ret)
{
  struct order o = {0};
  *ret = (struct store_roll_blob){0};
  PRAC_TRY(squeeze(s));
  prac_rc rc = order_of(s, &o);
  if (rc == PRAC_OK) count_sources(s, &o);
  if (rc == PRAC_OK) rc = write_out(s, &o, with_sketches, ret);
  free(o.v);
  free(o.tmp);
  return rc;
}
