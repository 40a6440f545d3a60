/* store/embedded/duck.h — DuckDB as the embedded backend uses it: one in-memory instance that
 * reads segments and, through the table function hot(), batches that still stand in the log. */
#pragma once
#include <duckdb.h>
#include <string.h>

#include "store/embedded/embedded.h"

/* Parquet columns in their order: name, DuckDB type, C type, expression over batch b with the codes
 * w of its words, row i. Addresses are two numbers because Parquet has none of 128 bits. A VARCHAR
 * is handed over as the number of a word (an ENUM to DuckDB): a segment has few different ones, and
 * finding that out again from four million strings was a third of compaction. */
#define EMB_COLUMNS(C)                                                                             \
  C(minute, TIMESTAMP, int64_t, b->minute / 1000)                                                  \
  C(sensor, VARCHAR, uint16_t, w->sensor)                                                          \
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
  C(country, VARCHAR, uint16_t, w->country[b->country[i]])                                         \
  C(asn, UINTEGER, uint32_t, b->asn[i])                                                            \
  C(marks, UINTEGER, uint32_t, b->marks[i])                                                        \
  C(tool, VARCHAR, uint16_t, b->tool[i])                                                           \
  C(survey, VARCHAR, uint16_t, w->survey[b->survey[i]])                                            \
  C(payload, UBIGINT, uint64_t, b->payload[i])                                                     \
  C(geo, VARCHAR, uint16_t, w->geo)
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

/* What hot(LANE) gives: the batches as they are, or rows in `order` (batch << 32 | row). Everything
 * is borrowed until the result has been destroyed. */
enum { EMB_LANES = 8 };
struct emb_words { /* the different texts of one column; code 0 is "" */
  const char **v;
  size_t n, cap, last; /* last: where the latest was found */
};
struct emb_codes { /* a batch's own texts as codes */
  uint16_t sensor, geo;
  const uint16_t *country; /* by the column's number */
  uint16_t *survey;        /* by list + 1; [0] is none */
};
struct emb_feed {
  struct flow_batch *const *b;
  size_t n;
  const uint64_t *order;
  uint64_t n_order;
  struct emb_words words[EMB_COL_COUNT_]; /* VARCHAR columns only */
  struct emb_codes *codes;                /* one a batch */
  uint16_t *country;                      /* 65536 codes */
  char (*country_text)[3];
  uint64_t *unit; /* first unit of each batch, n + 1 of them */
};
struct emb_lane { /* one thread at a time */
  int64_t number;
  duckdb_connection con;
  struct emb_feed feed;
};
struct emb_duck {
  duckdb_database db;
  struct emb_lane lane[EMB_LANES]; /* the first is there from the start */
};

PRAC_NODISCARD prac_rc emb_duck_open(struct emb *e, struct prac_err *reterr);
/* As emb_duck_open, with this many lanes ready. */
PRAC_NODISCARD prac_rc emb_duck_lanes(struct emb *e, size_t n, struct prac_err *reterr);
/* order NULL: any order. */
PRAC_NODISCARD prac_rc emb_feed_set(struct emb_lane *l, const struct emb_hot *h,
                                    const uint64_t *order, uint64_t n_order,
                                    struct prac_err *reterr);
void emb_feed_clear(struct emb_lane *l);
void emb_feed_register(struct emb_duck *d);              /* feed.c */
PRAC_NODISCARD prac_rc emb_words_of(struct emb_feed *f); /* words, codes, country of its batches */
void emb_words_done(struct emb_feed *f);
/* *ret: the caller destroys it, also after a failure. The message names what DuckDB said. */
PRAC_NODISCARD prac_rc emb_duck_run(struct emb_lane *l, const char *sql, duckdb_result *ret,
                                    struct prac_err *reterr);
/* The batches of a lane's feed, with texts as texts. */
#define EMB_HOT_TEXTS                                                                              \
  "SELECT * REPLACE (sensor::VARCHAR AS sensor, country::VARCHAR AS country,"                      \
  " tool::VARCHAR AS tool, survey::VARCHAR AS survey, geo::VARCHAR AS geo) FROM hot(0)"

/* A text that grows; `bad` after a failed allocation. */
struct emb_sqltext {
  char *v;
  size_t n, cap;
  bool bad;
};
void emb_say(struct emb_sqltext *t, const char *fmt, ...) PRAC_PRINTF(2, 3);
void emb_say_done(struct emb_sqltext *t);
