/* Ten questions about one subject look at the same few rows of many. For a reader that asks again,
 * the first question puts its rows into a temporary table, by our own reader (flows.h), and that
 * one and those of the same time and the same port, sender or country are asked of it: the files
 * are read once, not ten times. What stays in memory is bounded by memory-limit; when it does not
 * fit, nothing is kept, and each question reads the files. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/flows.h"

enum { UNKNOWN, READY, TOO_BIG };
enum { CHUNK = 2048, ROW_BYTES = 512 /* of a row in the table, at most */ };

/* Columns of the table, of row f: numbers, and texts. */
#define PICKED(N, T)                                                                               \
  N(minute, TIMESTAMP, int64_t, f->minute / 1000)                                                  \
  T(sensor, f->sensor)                                                                             \
  N(first_ms, USMALLINT, uint16_t, r->first_ms)                                                    \
  N(span_ms, USMALLINT, uint16_t, r->span_ms)                                                      \
  N(src_hi, UBIGINT, uint64_t, emb_half(r->src.b))                                                 \
  N(src_lo, UBIGINT, uint64_t, emb_half(r->src.b + 8))                                             \
  N(dst_hi, UBIGINT, uint64_t, emb_half(r->dst.b))                                                 \
  N(dst_lo, UBIGINT, uint64_t, emb_half(r->dst.b + 8))                                             \
  N(victim_hi, UBIGINT, uint64_t, emb_half(r->victim.b))                                           \
  N(victim_lo, UBIGINT, uint64_t, emb_half(r->victim.b + 8))                                       \
  N(proto, UTINYINT, uint8_t, r->proto)                                                            \
  N(sport, USMALLINT, uint16_t, r->sport)                                                          \
  N(dport, USMALLINT, uint16_t, r->dport)                                                          \
  N(packets, UINTEGER, uint32_t, r->packets)                                                       \
  N(bytes, UBIGINT, uint64_t, r->bytes)                                                            \
  T(country, country_text(r->country, cc))                                                         \
  N(asn, UINTEGER, uint32_t, r->asn)                                                               \
  N(marks, UINTEGER, uint32_t, r->marks)                                                           \
  T(tool, flow_tool_text(r->tool < FLOW_TOOL_COUNT_ ? (enum flow_tool)r->tool : FLOW_TOOL_NONE))   \
  T(survey, f->survey ? f->survey : "")
enum picked_col {
#define N(name, type, ctype, expr) AT_##name,
#define T(name, expr) AT_##name,
  PICKED(N, T)
#undef N
#undef T
      PICKED_COUNT
};
struct filling {
  duckdb_appender to;
  duckdb_data_chunk chunk;
  void *col[PICKED_COUNT];
  duckdb_vector vec[PICKED_COUNT];
  idx_t n;
  int64_t rows, most;
};

void emb_pick_forget(struct emb *e)
{
  free(e->picked);
  e->picked = NULL;
  e->picked_state = UNKNOWN;
}

/* A question without its list of senders where something else narrows it: the hosts of a table are
 * asked for after the port they come to. */
static bool narrowed(const struct store_query *q, struct store_query *ret)
{
  *ret = *q;
  bool narrow = q->src.bits || q->victim.bits || q->port.proto || q->has_port || q->asn ||
                (q->country && q->country[0]);
  if (narrow) ret->n_srcs = 0;
  return narrow || q->n_srcs > 0;
}

/* ---- the table ---- */
static const char *country_text(uint16_t c, char out[3])
{
  out[0] = (char)(c >> 8);
  out[1] = (char)(c & 0xff);
  out[2] = 0;
  return out;
}

static void put_row(struct filling *t, const struct store_flow *f)
{
  const struct flow_row *r = &f->row;
  const idx_t i = t->n++;
  char cc[3];
#define N(name, type, ctype, expr) ((ctype *)t->col[AT_##name])[i] = expr;
#define T(name, expr) duckdb_vector_assign_string_element(t->vec[AT_##name], i, expr);
  PICKED(N, T)
#undef N
#undef T
}

static prac_rc flush(struct filling *t)
{
  if (t->n == 0) return PRAC_OK;
  duckdb_data_chunk_set_size(t->chunk, t->n);
  bool ok = duckdb_append_data_chunk(t->to, t->chunk) == DuckDBSuccess;
  duckdb_data_chunk_reset(t->chunk);
  for (idx_t i = 0; i < PICKED_COUNT; i++) {
    t->vec[i] = duckdb_data_chunk_get_vector(t->chunk, i);
    t->col[i] = duckdb_vector_get_data(t->vec[i]);
  }
  t->n = 0;
  return ok ? PRAC_OK : PRAC_FULL;
}

static prac_rc put_rows(void *to, const struct store_flow *f, size_t n)
{
  struct filling *t = to;
  t->rows += (int64_t)n;
  if (t->rows > t->most) return PRAC_FULL;
  for (size_t i = 0; i < n; i++) {
    put_row(t, &f[i]);
    if (t->n == CHUNK) PRAC_TRY(flush(t));
  }
  return PRAC_OK;
}

static bool new_table(struct emb_lane *l)
{
  struct emb_sqltext t = {0};
  duckdb_result r;
  memset(&r, 0, sizeof r);
#define N(name, type, ctype, expr) "," #name " " #type
#define T(name, expr) "," #name " VARCHAR"
  static const char cols[] = PICKED(N, T);
#undef N
#undef T
  emb_say(&t, "CREATE OR REPLACE TEMP TABLE picked(%s)", cols + 1);
  bool ok = !t.bad && emb_duck_run(l, t.v, &r, NULL) == PRAC_OK;
  duckdb_destroy_result(&r);
  emb_say_done(&t);
  return ok;
}

static bool new_chunk(struct filling *t)
{
#define N(name, type, ctype, expr) DUCKDB_TYPE_##type,
#define T(name, expr) DUCKDB_TYPE_VARCHAR,
  static const duckdb_type types[PICKED_COUNT] = {PICKED(N, T)};
#undef N
#undef T
  duckdb_logical_type l[PICKED_COUNT];
  for (size_t i = 0; i < PICKED_COUNT; i++) l[i] = duckdb_create_logical_type(types[i]);
  t->chunk = duckdb_create_data_chunk(l, PICKED_COUNT);
  for (size_t i = 0; i < PICKED_COUNT; i++) duckdb_destroy_logical_type(&l[i]);
  for (idx_t i = 0; t->chunk && i < PICKED_COUNT; i++) {
    t->vec[i] = duckdb_data_chunk_get_vector(t->chunk, i);
    t->col[i] = duckdb_vector_get_data(t->vec[i]);
  }
  return t->chunk != NULL;
}

/* All that PICKED names. */
#define N(name, type, ctype, expr) | EMB_BIT(name)
#define T(name, expr) | EMB_BIT(name)
static const uint32_t wanted = 0 PICKED(N, T);
#undef N
#undef T

static bool make(struct emb *e, const struct store_query *q, const struct emb_files *f,
                 const struct emb_hot *hot)
{
  struct emb_lane *l = &e->duck->lane[0];
  struct filling t = {.most = e->conf.memory_bytes / ROW_BYTES};
  struct emb_sources s = {0};
  bool ok = new_table(l) && new_chunk(&t) &&
            duckdb_appender_create_ext(l->con, "temp", NULL, "picked", &t.to) == DuckDBSuccess &&
            emb_sources_of(f, hot, &s) == PRAC_OK &&
            emb_flows_each(e, q, wanted, &s, put_rows, &t) == PRAC_OK && flush(&t) == PRAC_OK;
  if (t.to && duckdb_appender_close(t.to) != DuckDBSuccess) ok = false;
  duckdb_appender_destroy(&t.to);
  duckdb_destroy_data_chunk(&t.chunk);
  emb_sources_done(&s);
  if (!ok) (void)new_table(l); /* what was kept in vain */
  return ok;
}

/* What the rows depend on: the filter, the files, the log as it was. */
static void key_of(const struct store_query *q, const struct emb_files *f,
                   const struct emb_hot *hot, struct emb_sqltext *t)
{
  emb_say(t, "%" PRId64 " %" PRIu64, hot->version, hot->rows);
  for (size_t i = 0; i < f->n; i++) emb_say(t, " %" PRId64, f->v[i].id);
  emb_scan_where(q, t);
}

bool emb_pick(struct emb *e, const struct store_query *q, const struct emb_files *f,
              const struct emb_hot *hot)
{
  struct store_query all;
  struct emb_sqltext key = {0};
  if (!e->again || q->what != STORE_CELLS || !narrowed(q, &all)) return false;
  key_of(&all, f, hot, &key);
  if (key.bad) {
    emb_say_done(&key);
    return false;
  }
  if (e->picked && strcmp(e->picked, key.v) == 0) {
    emb_say_done(&key);
    return e->picked_state == READY;
  }
  emb_pick_forget(e);
  e->picked = key.v;
  e->picked_state = make(e, &all, f, hot) ? READY : TOO_BIG;
  return e->picked_state == READY;
}
