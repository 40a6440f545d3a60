/* Ten questions about one subject look at the same few rows of many. For a reader that asks again,
 * the first question puts its rows into a temporary table, by our own reader (flows.h), and that
 * one and those of the same time and the same port, sender or country are asked of it: the files
 * are read once, not ten times. What stays in memory is bounded by memory-limit; when it does not
 * fit, nothing is kept, and each question reads the files. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/flows.h"

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
struct emb_picked {
  char *key;  /* filter and segments */
  bool ready; /* false: it does not fit */
  int64_t rows;
  int64_t *batch; /* of the log, that are in it; rising */
  size_t n_batches;
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
  if (!e->picked) return;
  free(e->picked->key);
  free(e->picked->batch);
  free(e->picked);
  e->picked = NULL;
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

static prac_rc fill(struct emb *e, const struct store_query *q, const struct emb_sources *s)
{
  struct emb_lane *l = &e->duck->lane[0];
  struct filling t = {.rows = e->picked->rows, .most = e->conf.memory_bytes / ROW_BYTES};
  prac_rc rc = new_chunk(&t) && duckdb_appender_create_ext(l->con, "temp", NULL, "picked", &t.to) ==
                                    DuckDBSuccess
                   ? PRAC_OK
                   : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = emb_flows_each(e, q, wanted, s, put_rows, &t);
  if (rc == PRAC_OK) rc = flush(&t);
  if (t.to && duckdb_appender_close(t.to) != DuckDBSuccess && rc == PRAC_OK) rc = PRAC_FULL;
  duckdb_appender_destroy(&t.to);
  duckdb_destroy_data_chunk(&t.chunk);
  e->picked->rows = t.rows;
  return rc;
}

/* ---- what is in it ---- */
static char *key_of(const struct store_query *q, const struct emb_files *f)
{
  struct emb_sqltext t = {0};
  for (size_t i = 0; i < f->n; i++) emb_say(&t, "%" PRId64 " ", f->v[i].id);
  emb_scan_where(q, &t);
  if (t.bad) emb_say_done(&t);
  return t.v;
}

static int by_id(const void *pa, const void *pb)
{
  const int64_t *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}

/* Batches that are not in the table yet go to the front of `s`, all others away. false: the table
 * has some that are gone. */
static bool only_new(const struct emb_picked *p, struct emb_sources *s)
{
  size_t known = 0, n = 0;
  for (size_t i = 0; i < s->n; i++) {
    const struct emb_source v = s->v[i];
    if (v.segment) continue;
    if (p->n_batches && bsearch(&v.id, p->batch, p->n_batches, sizeof v.id, by_id))
      known++;
    else
      s->v[n++] = v;
  }
  s->n = n;
  return known == p->n_batches;
}

static prac_rc remember(struct emb_picked *p, const struct emb_sources *s)
{
  int64_t *v = realloc(p->batch, (p->n_batches + s->n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  p->batch = v;
  for (size_t i = 0; i < s->n; i++)
    if (!s->v[i].segment) v[p->n_batches++] = s->v[i].id;
  if (p->n_batches > 1) qsort(v, p->n_batches, sizeof *v, by_id);
  return PRAC_OK;
}

static prac_rc make(struct emb *e, const struct store_query *q, const struct emb_sources *s,
                    char **key)
{
  emb_pick_forget(e);
  e->picked = calloc(1, sizeof *e->picked);
  if (!e->picked) return PRAC_NOMEM;
  e->picked->key = *key;
  *key = NULL;
  prac_rc rc = new_table(&e->duck->lane[0]) ? fill(e, q, s) : PRAC_NOMEM;
  return rc == PRAC_OK ? remember(e->picked, s) : rc;
}

/* The table as the sources are now: made, or with what has come to the log since. */
static prac_rc bring_up(struct emb *e, const struct store_query *q, const struct emb_files *f,
                        struct emb_sources *s)
{
  char *key = key_of(q, f);
  bool same = key && e->picked && strcmp(e->picked->key, key) == 0;
  prac_rc rc = PRAC_OK;
  if (!key || (same && !e->picked->ready)) {
    rc = PRAC_FULL;
  } else if (!same) {
    rc = make(e, q, s, &key);
  } else if (!only_new(e->picked, s)) {
    emb_pick_forget(e);
    rc = PRAC_AGAIN;
  } else if (s->n > 0) {
    rc = fill(e, q, s);
    if (rc == PRAC_OK) rc = remember(e->picked, s);
  }
  free(key);
  if (e->picked) e->picked->ready = rc == PRAC_OK;
  if (rc == PRAC_AGAIN) emb_pick_forget(e);
  if (rc != PRAC_OK && e->picked && !new_table(&e->duck->lane[0])) emb_pick_forget(e);
  return rc;
}

static prac_rc try_once(struct emb *e, const struct store_query *q)
{
  struct emb_files f = {0};
  struct emb_sources s = {0};
  prac_rc rc = emb_run(e, EMB_READ, NULL);
  if (rc == PRAC_OK) rc = emb_files_list(e, q, &f, NULL);
  if (rc == PRAC_OK) rc = emb_sources_list(e, q, &f, &s, NULL);
  emb_rollback(e);
  if (rc == PRAC_OK) rc = emb_duck_open(e, NULL);
  if (rc == PRAC_OK) rc = bring_up(e, q, &f, &s);
  emb_sources_done(&s);
  emb_files_done(&f);
  return rc;
}

bool emb_pick(struct emb *e, const struct store_query *q)
{
  enum { TRIES = 3 };
  struct store_query all;
  prac_rc rc = PRAC_AGAIN;
  if (!e->again || q->what != STORE_CELLS || !narrowed(q, &all)) return false;
  for (int i = 0; i < TRIES && rc == PRAC_AGAIN; i++) rc = try_once(e, &all);
  return rc == PRAC_OK;
}
