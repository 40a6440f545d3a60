/* hot(LANE): flow batches as a DuckDB table, copied column by column straight into its vectors, and
 * only the columns that the question needs. The words of its ENUMs are words.c's. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/duck.h"

enum { CHUNK = 2048 }; /* rows of a vector; checked against DuckDB's at opening */
struct scan {
  _Atomic uint64_t next; /* unit */
  idx_t n_cols;
  idx_t col[EMB_COL_COUNT_];
};

struct rows { /* what one call gives */
  const struct emb_feed *feed;
  size_t n;
  uint32_t batch[CHUNK], row[CHUNK];
};

#define C(name, type, ctype, expr)                                                                 \
  static void fill_##name(const struct rows *r, void *out)                                         \
  {                                                                                                \
    ctype *to = out;                                                                               \
    for (size_t k = 0; k < r->n; k++) {                                                            \
      const struct flow_batch *b = r->feed->b[r->batch[k]];                                        \
      const struct emb_codes *w = &r->feed->codes[r->batch[k]];                                    \
      const uint32_t i = r->row[k];                                                                \
      (void)b;                                                                                     \
      (void)w;                                                                                     \
      (void)i;                                                                                     \
      to[k] = expr;                                                                                \
    }                                                                                              \
  }
EMB_COLUMNS(C)
#undef C
static void (*const fill[EMB_COL_COUNT_])(const struct rows *r, void *out) = {
#define C(name, type, ctype, expr) fill_##name,
    EMB_COLUMNS(C)
#undef C
};

static const struct {
  const char *name;
  duckdb_type type;
} cols[EMB_COL_COUNT_] = {
#define C(name, type, ctype, expr) {#name, DUCKDB_TYPE_##type},
    EMB_COLUMNS(C)
#undef C
};

static duckdb_logical_type type_of(const struct emb_feed *f, size_t col)
{
  const struct emb_words *w = &f->words[col];
  if (cols[col].type != DUCKDB_TYPE_VARCHAR) return duckdb_create_logical_type(cols[col].type);
  return duckdb_create_enum_type(w->v, w->n);
}

static void bind(duckdb_bind_info info)
{
  struct emb_duck *d = duckdb_bind_get_extra_info(info);
  duckdb_value which = duckdb_bind_get_parameter(info, 0);
  int64_t lane = duckdb_get_int64(which);
  duckdb_destroy_value(&which);
  if (lane < 0 || lane >= EMB_LANES || !d->lane[lane].feed.unit) {
    duckdb_bind_set_error(info, "hot() has no such lane");
    return;
  }
  struct emb_feed *f = &d->lane[lane].feed;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cols); i++) {
    duckdb_logical_type t = type_of(f, i);
    duckdb_bind_add_result_column(info, cols[i].name, t);
    duckdb_destroy_logical_type(&t);
  }
  uint64_t rows = f->n_order;
  for (size_t i = 0; !f->order && i < f->n; i++) rows += f->b[i]->n;
  duckdb_bind_set_cardinality(info, rows, true);
  duckdb_bind_set_bind_data(info, f, NULL);
}

static void init(duckdb_init_info info)
{
  const struct emb_feed *f = duckdb_init_get_bind_data(info);
  struct scan *s = calloc(1, sizeof *s);
  if (!s) {
    duckdb_init_set_error(info, "no memory");
    return;
  }
  s->n_cols = duckdb_init_get_column_count(info);
  for (idx_t i = 0; i < s->n_cols; i++) s->col[i] = duckdb_init_get_column_index(info, i);
  duckdb_init_set_max_threads(info, f->order ? 1 : 8);
  duckdb_init_set_init_data(info, s, free);
}

/* Rows of unit u: a stretch of one batch, or of the order. */
static void take(const struct emb_feed *f, uint64_t u, struct rows *r)
{
  r->n = 0;
  if (f->order) {
    uint64_t at = u * CHUNK;
    for (; r->n < CHUNK && at < f->n_order; at++, r->n++) {
      r->batch[r->n] = (uint32_t)(f->order[at] >> 32);
      r->row[r->n] = (uint32_t)f->order[at];
    }
    return;
  }
  if (u >= f->unit[f->n]) return;
  size_t lo = 0, hi = f->n;
  while (hi - lo > 1) {
    size_t mid = lo + (hi - lo) / 2;
    if (f->unit[mid] <= u)
      lo = mid;
    else
      hi = mid;
  }
  uint32_t first = (uint32_t)(u - f->unit[lo]) * CHUNK;
  for (; r->n < CHUNK && first + r->n < f->b[lo]->n; r->n++) {
    r->batch[r->n] = (uint32_t)lo;
    r->row[r->n] = first + (uint32_t)r->n;
  }
}

/* DuckDB keeps the number of a word in one byte where that is enough. */
static void give_words(const struct rows *r, idx_t col, void *out)
{
  uint16_t code[CHUNK];
  if (r->feed->words[col].n > UINT8_MAX) {
    fill[col](r, out);
    return;
  }
  fill[col](r, code);
  uint8_t *to = out;
  for (size_t k = 0; k < r->n; k++) to[k] = (uint8_t)code[k];
}

static void give(duckdb_function_info info, duckdb_data_chunk out)
{
  const struct emb_feed *f = duckdb_function_get_bind_data(info);
  struct scan *s = duckdb_function_get_init_data(info);
  struct rows r = {.feed = f};
  take(f, atomic_fetch_add(&s->next, 1), &r);
  for (idx_t c = 0; c < s->n_cols && r.n > 0; c++) {
    idx_t col = s->col[c];
    if (col >= EMB_COL_COUNT_) continue; /* the row id of count(*) */
    void *to = duckdb_vector_get_data(duckdb_data_chunk_get_vector(out, c));
    if (cols[col].type == DUCKDB_TYPE_VARCHAR)
      give_words(&r, col, to);
    else
      fill[col](&r, to);
  }
  duckdb_data_chunk_set_size(out, r.n);
}

void emb_feed_register(struct emb_duck *d)
{
  PRAC_INSIST(duckdb_vector_size() >= CHUNK);
  duckdb_table_function t = duckdb_create_table_function();
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_table_function_set_name(t, "hot");
  duckdb_table_function_add_parameter(t, number);
  duckdb_table_function_set_extra_info(t, d, NULL);
  duckdb_table_function_set_bind(t, bind);
  duckdb_table_function_set_init(t, init);
  duckdb_table_function_set_function(t, give);
  duckdb_table_function_supports_projection_pushdown(t, true);
  PRAC_INSIST(duckdb_register_table_function(d->lane[0].con, t) == DuckDBSuccess);
  duckdb_destroy_logical_type(&number);
  duckdb_destroy_table_function(&t);
}

void emb_feed_clear(struct emb_lane *l)
{
  struct emb_feed *f = &l->feed;
  emb_words_done(f);
  free(f->unit);
  *f = (struct emb_feed){0};
}

prac_rc emb_feed_set(struct emb_lane *l, const struct emb_hot *h, const uint64_t *order,
                     uint64_t n_order, struct prac_err *reterr)
{
  emb_feed_clear(l);
  struct emb_feed *f = &l->feed;
  f->b = h->b;
  f->n = h->n;
  f->order = order;
  f->n_order = n_order;
  f->unit = calloc(h->n + 1, sizeof *f->unit);
  if (!f->unit || emb_words_of(f) != PRAC_OK) {
    emb_feed_clear(l);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan");
  }
  for (size_t i = 0; i < h->n; i++) f->unit[i + 1] = f->unit[i] + (h->b[i]->n + CHUNK - 1) / CHUNK;
  return PRAC_OK;
}
