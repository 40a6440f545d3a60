/* store/embedded/duck.h — DuckDB as the embedded backend uses it: one in-memory instance that
 * reads segments and, through the table function hot(), batches that still stand in the log. */
#pragma once
#include <duckdb.h>
#include <string.h>

#include "store/embedded/embedded.h"

/* Parquet columns in their order: name, DuckDB type, C type, expression over batch b, row i.
 * Addresses are two numbers because Parquet has none of 128 bits. */
#define EMB_COLUMNS(C)                                                                             \
  C(minute, TIMESTAMP, int64_t, b->minute / 1000)                                                  \
  C(sensor, VARCHAR, duckdb_string_t, f->sensor)                                                   \
  C(part, UINTEGER, uint32_t, b->part)                                                             \
  C(first_ms, USMALLINT, uint16_t, b->first_ms[i])                                                 \
  C(span_ms, USMALLINT, uint16_t, b->span_ms[i])                                                   \
  C(src_hi, UBIGINT, uint64_t, emb_half(b->src[i].b))                                              \
  C(src_lo, UBIGINT, uint64_t, emb_half(b->src[i].b + 8))                                          \
  C(dst_hi, UBIGINT, uint64_t, emb_half(b->dst[i].b))                                              \
  C(dst_lo, UBIGINT, uint64_t, emb_half(b->dst[i].b + 8))                                          \
  C(victim_hi, UBIGINT, uint64_t, emb_half(b->victim[i].b))                                        \
  C(victim_lo, UBIGINT, uint64_t, emb_half(b->victim[i].b + 8))                                    \
  C(proto, UTINYINT, uint8_t, b->proto[i])                                                         \
  C(tcp_flags, UTINYINT, uint8_t, b->tcp_flags[i])                                                 \
  C(ttl, UTINYINT, uint8_t, b->ttl[i])                                                             \
  C(sport, USMALLINT, uint16_t, b->sport[i])                                                       \
  C(dport, USMALLINT, uint16_t, b->dport[i])                                                       \
  C(tcp_window, USMALLINT, uint16_t, b->window[i])                                                 \
  C(packets, UINTEGER, uint32_t, b->packets[i])                                                    \
  C(bytes, UBIGINT, uint64_t, b->bytes[i])                                                         \
  C(country, VARCHAR, duckdb_string_t, emb_country(b->country[i]))                                 \
  C(asn, UINTEGER, uint32_t, b->asn[i])                                                            \
  C(marks, UINTEGER, uint32_t, b->marks[i])                                                        \
  C(tool, VARCHAR, duckdb_string_t, emb_tool(b->tool[i]))                                          \
  C(survey, VARCHAR, duckdb_string_t, emb_survey(b, b->survey[i]))                                 \
  C(payload, UBIGINT, uint64_t, b->payload[i])                                                     \
  C(geo, VARCHAR, duckdb_string_t, f->geo)
/* Half an address as a number, inlined: six a row when a segment is written. */
static inline uint64_t emb_half(const uint8_t *b)
{
  uint64_t v;
  memcpy(&v, b, sizeof v);
  return __builtin_bswap64(v);
}
enum emb_col {
#define C(name, type, ctype, expr) EMB_COL_##name,
  EMB_COLUMNS(C)
#undef C
      EMB_COL_COUNT_
};

/* What hot() gives: the batches as they are, or rows in `order` (batch << 32 | row). Everything is
 * borrowed until the result has been destroyed. */
struct emb_text16 {
  duckdb_string_t sensor, geo;
};
struct emb_feed {
  struct flow_batch *const *b;
  size_t n;
  const uint64_t *order;
  uint64_t n_order;
  struct emb_text16 *texts; /* one a batch */
  uint64_t *unit;           /* first unit of each batch, n + 1 of them */
};
struct emb_duck {
  duckdb_database db;
  duckdb_connection con;
  struct emb_feed feed;
};
duckdb_string_t emb_string(const char *s); /* borrows s when it is longer than 12 */
duckdb_string_t emb_country(uint16_t c);
duckdb_string_t emb_tool(uint8_t tool);
duckdb_string_t emb_survey(const struct flow_batch *b, uint16_t list);

PRAC_NODISCARD prac_rc emb_duck_open(struct emb *e, struct prac_err *reterr);
/* order NULL: any order. */
PRAC_NODISCARD prac_rc emb_feed_set(struct emb *e, const struct emb_hot *h, const uint64_t *order,
                                    uint64_t n_order, struct prac_err *reterr);
void emb_feed_clear(struct emb *e);
void emb_feed_register(duckdb_connection con, struct emb_feed *feed); /* feed.c */
/* *ret: the caller destroys it, also after a failure. The message names what DuckDB said. */
PRAC_NODISCARD prac_rc emb_duck_run(struct emb *e, const char *sql, duckdb_result *ret,
                                    struct prac_err *reterr);

/* A text that grows; `bad` after a failed allocation. */
struct emb_sqltext {
  char *v;
  size_t n, cap;
  bool bad;
};
void emb_say(struct emb_sqltext *t, const char *fmt, ...) PRAC_PRINTF(2, 3);
void emb_say_done(struct emb_sqltext *t);
