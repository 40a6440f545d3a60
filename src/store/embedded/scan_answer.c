/* DuckDB's chunks as our rows. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/scan.h"

/* Copies a DuckDB string into `out` and ends it. */
static const char *text_of(duckdb_string_t *s, char *out, size_t cap)
{
  size_t n = duckdb_string_t_length(*s);
  if (n >= cap) n = cap - 1;
  memcpy(out, duckdb_string_t_data(s), n);
  out[n] = 0;
  return out;
}

uint16_t emb_country_of(duckdb_string_t *s)
{
  char c[4];
  text_of(s, c, sizeof c);
  return c[0] ? (uint16_t)((uint8_t)c[0] << 8 | (uint8_t)c[1]) : 0;
}

static uint8_t tool_of(duckdb_string_t *s)
{
  char word[16];
  text_of(s, word, sizeof word);
  for (int i = 1; i < FLOW_TOOL_COUNT_; i++)
    if (strcmp(word, flow_tool_text((enum flow_tool)i)) == 0) return (uint8_t)i;
  return 0;
}

struct chunk {
  void *col[EMB_COL_COUNT_];
  char sensor[STORE_SENSOR_MAX + 1], survey[256], geo[256];
};
#define AT(c, name, type, k) (((type *)(c)->col[EMB_COL_##name])[k])

static void flow_of(struct chunk *c, idx_t k, struct store_flow *f)
{
  struct flow_row *r = &f->row;
  f->minute = AT(c, minute, int64_t, k) * 1000;
  f->sensor = text_of(&AT(c, sensor, duckdb_string_t, k), c->sensor, sizeof c->sensor);
  f->survey = text_of(&AT(c, survey, duckdb_string_t, k), c->survey, sizeof c->survey);
  f->geo = text_of(&AT(c, geo, duckdb_string_t, k), c->geo, sizeof c->geo);
  f->part = AT(c, part, uint32_t, k);
  r->first_ms = AT(c, first_ms, uint16_t, k);
  r->span_ms = AT(c, span_ms, uint16_t, k);
  r->src = prac_ip_of(AT(c, src_hi, uint64_t, k), AT(c, src_lo, uint64_t, k));
  r->dst = prac_ip_of(AT(c, dst_hi, uint64_t, k), AT(c, dst_lo, uint64_t, k));
  r->victim = prac_ip_of(AT(c, victim_hi, uint64_t, k), AT(c, victim_lo, uint64_t, k));
  r->proto = AT(c, proto, uint8_t, k);
  r->tcp_flags = AT(c, tcp_flags, uint8_t, k);
  r->ttl = AT(c, ttl, uint8_t, k);
  r->sport = AT(c, sport, uint16_t, k);
  r->dport = AT(c, dport, uint16_t, k);
  r->window = AT(c, tcp_window, uint16_t, k);
  r->packets = AT(c, packets, uint32_t, k);
  r->bytes = AT(c, bytes, uint64_t, k);
  r->country = emb_country_of(&AT(c, country, duckdb_string_t, k));
  r->asn = AT(c, asn, uint32_t, k);
  r->marks = AT(c, marks, uint32_t, k);
  r->tool = tool_of(&AT(c, tool, duckdb_string_t, k));
  r->payload = AT(c, payload, uint64_t, k);
}

prac_rc emb_flows_walk(duckdb_result *r, emb_flow *each, void *to)
{
  prac_rc rc = PRAC_OK;
  for (duckdb_data_chunk d; rc == PRAC_OK && (d = duckdb_fetch_chunk(*r));) {
    struct chunk c;
    struct store_flow f = {0};
    for (idx_t i = 0; i < EMB_COL_COUNT_; i++)
      c.col[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(d, i));
    idx_t n = duckdb_data_chunk_get_size(d);
    for (idx_t k = 0; k < n && rc == PRAC_OK; k++) {
      flow_of(&c, k, &f);
      rc = each(to, &f);
    }
    duckdb_destroy_data_chunk(&d);
  }
  return rc;
}

struct out {
  store_row *each;
  void *arg;
  struct store_pass pass;
  uint32_t left;
};

static prac_rc emit_flow(void *to, const struct store_flow *f)
{
  struct out *o = to;
  if (store_pass_over(&o->pass, store_flow_first(f)) || o->left == 0) return PRAC_OK;
  o->left--;
  return store_flow_emit(f, o->each, o->arg);
}

static prac_rc keep_act(void *to, const struct store_flow *f)
{
  return store_host_add(to, f);
}

static prac_rc host_answer(const struct store_query *q, duckdb_result *r, store_row *each,
                           void *arg)
{
  struct store_host *h = store_host_new();
  prac_rc rc = h ? emb_flows_walk(r, keep_act, h) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = store_host_emit(h, q, each, arg);
  store_host_free(&h);
  return rc;
}

static void group_of(const struct store_query *q, void *const *col, idx_t k, struct store_group *g)
{
  int64_t at = ((int64_t *)col[0])[k];
  *g = (struct store_group){.at = q->what == STORE_SERIES ? at * 1000 : PRAC_TIME_NONE};
  switch (q->by) {
  case STORE_BY_PORT:
  case STORE_BY_ASN:
    g->lo = ((uint32_t *)col[1])[k];
    break;
  case STORE_BY_COUNTRY:
    g->lo = emb_country_of(&((duckdb_string_t *)col[1])[k]);
    break;
  case STORE_BY_SENSOR:
    text_of(&((duckdb_string_t *)col[1])[k], g->sensor, sizeof g->sensor);
    break;
  case STORE_BY_SRC:
    g->hi = ((uint64_t *)col[2])[k];
    g->lo = ((uint64_t *)col[3])[k];
    break;
  case STORE_BY_NONE:
    break;
  }
  g->packets = ((uint64_t *)col[4])[k];
  g->flows = ((uint64_t *)col[5])[k];
  g->bytes = ((uint64_t *)col[6])[k];
  g->sources = ((uint64_t *)col[7])[k];
}

static prac_rc groups_answer(const struct store_query *q, duckdb_result *r, store_row *each,
                             void *arg)
{
  enum { COLS = 8 };
  struct store_group *g = calloc((size_t)duckdb_row_count(r) + 1, sizeof *g);
  size_t n = 0;
  if (!g) return PRAC_NOMEM;
  for (duckdb_data_chunk d; (d = duckdb_fetch_chunk(*r));) {
    void *col[COLS];
    for (idx_t i = 0; i < COLS; i++)
      col[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(d, i));
    idx_t rows = duckdb_data_chunk_get_size(d);
    for (idx_t k = 0; k < rows; k++) group_of(q, col, k, &g[n++]);
    duckdb_destroy_data_chunk(&d);
  }
  prac_rc rc = store_groups_emit(q, g, n, each, arg);
  free(g);
  return rc;
}

struct cell_cols {
  void *v[EMB_CELL_KEYS + 7];
};

static void cell_of(const struct store_query *q, const struct cell_cols *c, idx_t k,
                    struct store_cell *ret)
{
#define U64(i) (((uint64_t *)c->v[i])[k])
#define U32(i) (((uint32_t *)c->v[i])[k])
#define I64(i) (((int64_t *)c->v[i])[k])
#define STR(i) (&((duckdb_string_t *)c->v[i])[k])
  *ret = (struct store_cell){.at = PRAC_TIME_NONE};
  if (q->keys & STORE_KEY_AT) ret->at = I64(0) * 1000;
  text_of(STR(1), ret->sensor, sizeof ret->sensor);
  ret->src = prac_ip_of(U64(2), U64(3));
  ret->dst = prac_ip_of(U64(4), U64(5));
  ret->port = U32(6);
  ret->country = emb_country_of(STR(7));
  ret->asn = U32(8);
  ret->tool = tool_of(STR(10));
  text_of(STR(11), ret->survey, sizeof ret->survey);
  ret->packets = U64(EMB_CELL_KEYS);
  ret->flows = U64(EMB_CELL_KEYS + 1);
  ret->bytes = U64(EMB_CELL_KEYS + 2);
  ret->sources = U64(EMB_CELL_KEYS + 3);
  ret->first = I64(EMB_CELL_KEYS + 4) * PRAC_MS;
  ret->last = I64(EMB_CELL_KEYS + 5) * PRAC_MS;
  ret->marks = U32(EMB_CELL_KEYS + 6);
#undef U64
#undef U32
#undef I64
#undef STR
}

static prac_rc cells_answer(const struct store_query *q, duckdb_result *r, store_row *each,
                            void *arg)
{
  prac_rc rc = PRAC_OK;
  for (duckdb_data_chunk d; rc == PRAC_OK && (d = duckdb_fetch_chunk(*r));) {
    struct cell_cols c;
    for (idx_t i = 0; i < PRAC_ARRAY_LEN(c.v); i++)
      c.v[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(d, i));
    idx_t n = duckdb_data_chunk_get_size(d);
    for (idx_t k = 0; k < n && rc == PRAC_OK; k++) {
      struct store_cell cell;
      cell_of(q, &c, k, &cell);
      rc = store_cell_emit(q, &cell, each, arg);
    }
    duckdb_destroy_data_chunk(&d);
  }
  return rc;
}

prac_rc emb_scan_answer(const struct store_query *q, duckdb_result *r, store_row *each, void *arg,
                        struct prac_err *reterr)
{
  struct out o = {each, arg, store_pass_of(q), store_limit(q)};
  prac_rc rc;
  if (q->what == STORE_FLOWS)
    rc = emb_flows_walk(r, emit_flow, &o);
  else if (q->what == STORE_HOST)
    rc = host_answer(q, r, each, arg);
  else if (q->what == STORE_CELLS)
    rc = cells_answer(q, r, each, arg);
  else
    rc = groups_answer(q, r, each, arg);
  if (rc == PRAC_NOMEM || rc == PRAC_FULL)
    return PRAC_FAIL(reterr, rc, "the answer is too big: narrow the time or the filters");
  return rc;
}
