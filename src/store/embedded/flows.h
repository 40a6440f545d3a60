/* store/embedded/flows.h — rows of flows by our own reader: a segment is asked column by column,
 * the ones that say which rows are wanted first, and only where there are some, the others.
 *
 * cost      a row group is passed over where its least and greatest values, or its dictionary, say
 *           that it has nothing; else a few nanoseconds a row for each column that the question
 *           names, and for the minute
 * fails     PRAC_UNSUPPORTED: as parquet.h; the caller asks DuckDB
 * threads   a reader belongs to one; a question (emb_find) is shared
 */
#pragma once
#include <stdatomic.h>

#include "store/embedded/parquet.h"
#include "store/embedded/runs.h"

/* ---- what is asked of rows ---- */
struct emb_test { /* lo <= value <= hi, or else the row is not wanted */
  enum emb_col col;
  uint64_t lo, hi;
};
enum { EMB_TESTS_MAX = 16 };
struct emb_find {
  const struct store_query *q;
  uint32_t need; /* columns that say whether a row is wanted: bits of enum emb_col */
  struct emb_test test[EMB_TESTS_MAX];
  size_t n_tests;
  int64_t from_ms, to_ms; /* first packet: from_ms <= at < to_ms */
  uint32_t want;          /* columns of a row that is handed over */
};
/* want: what the answer needs of a row. */
void emb_find_init(struct emb_find *f, const struct store_query *q, uint32_t want);
#define EMB_BIT(col) (UINT32_C(1) << EMB_COL_##col)
#define EMB_WANT_ALL ((UINT32_C(1) << EMB_COL_geo) - 1) /* but what geography it comes from */
#define EMB_WANT_HOST                                                                              \
  (EMB_BIT(minute) | EMB_BIT(sensor) | EMB_BIT(first_ms) | EMB_BIT(span_ms) | EMB_BIT(src_hi) |    \
   EMB_BIT(src_lo) | EMB_BIT(dst_hi) | EMB_BIT(dst_lo) | EMB_BIT(proto) | EMB_BIT(sport) |         \
   EMB_BIT(dport) | EMB_BIT(packets) | EMB_BIT(bytes) | EMB_BIT(marks))

/* ---- a segment ---- */
struct emb_names { /* the texts of rows that were handed over; few */
  char **v;
  size_t n, last;
};
struct emb_reader { /* zeroed, file.fd -1; opened again for another segment, it keeps its memory */
  struct emb_pq file;
  struct emb_pq_cursor cursor[EMB_COL_COUNT_];
  size_t column[EMB_COL_COUNT_];
  bool started[EMB_COL_COUNT_];
  uint64_t value[EMB_COL_COUNT_][EMB_BLOCK];
  uint64_t sensor;          /* that is asked for, as its column has it */
  uint16_t pick[EMB_BLOCK]; /* rows of the block that may be wanted */
  size_t n_pick;
  struct emb_names names;
};
PRAC_NODISCARD prac_rc emb_reader_open(struct emb_reader *r, const char *path);
void emb_reader_close(struct emb_reader *r);
void emb_reader_done(struct emb_reader *r); /* texts go, too */
/* Row k of the block's values: the columns `cols` of it. */
PRAC_NODISCARD prac_rc emb_flow_set(struct emb_reader *r, uint32_t cols, size_t k,
                                    struct store_flow *ret);

/* Row i of a batch; texts are borrowed from it. */
void emb_flow_of(const struct flow_batch *b, uint32_t i, struct store_flow *ret);

/* The times that are still wanted, in ms: those of the question, or less. */
struct emb_times {
  int64_t lo, hi; /* inclusive */
};
typedef struct emb_times emb_still(void *to);
/* A row that is wanted, by its number in the row group. */
typedef prac_rc emb_hit(void *to, int64_t at_ms, uint32_t row);
struct emb_ask {
  const struct emb_find *find;
  emb_still *still; /* asked before each block of rows */
  emb_hit *hit;
  void *to;
};
PRAC_NODISCARD prac_rc emb_find_rows(struct emb_reader *r, size_t group, const struct emb_ask *a);
/* Rows of a group, rising, as the columns `want`; all else in them is zero. Their texts stay until
 * emb_reader_done. */
PRAC_NODISCARD prac_rc emb_take_rows(struct emb_reader *r, size_t group, uint32_t want,
                                     const uint32_t *row, size_t n, struct store_flow *out);

/* ---- where rows are: segments, and batches that still stand in the log ---- */
struct emb_source {
  int64_t id;             /* of the segment, or of the batch */
  bool segment;           /* ... which of them */
  struct emb_place place; /* of a batch */
  struct prac_span span;
  struct flow_batch *batch; /* read already; owned */
};
struct emb_sources {
  struct emb_source *v;
  size_t n, cap;
};
/* In a read transaction, with the list of files. oldest_first, or newest first. */
PRAC_NODISCARD prac_rc emb_sources_list(struct emb *e, const struct store_query *q,
                                        const struct emb_files *f, struct emb_sources *ret,
                                        struct prac_err *reterr);
void emb_sources_done(struct emb_sources *s);

/* ---- several threads, a reader each ---- */
/* Piece i, by the thread whose part is `to`. PRAC_END: this thread has enough. */
typedef prac_rc emb_piece(void *to, struct emb_reader *r, size_t i);
struct emb_crew {
  size_t n;
  struct emb_reader *reader[EMB_LANES];
  void *to[EMB_LANES];
};
PRAC_NODISCARD prac_rc emb_crew_new(const struct emb *e, size_t pieces, struct emb_crew *ret);
void emb_crew_done(struct emb_crew *c);
/* Pieces from the first to the last, each once. */
PRAC_NODISCARD prac_rc emb_crew_run(struct emb_crew *c, size_t pieces, emb_piece *one);

/* All rows of a question, in any order; texts stay until it returns. One thread at a time calls. */
typedef prac_rc emb_some(void *to, const struct store_flow *f, size_t n);
PRAC_NODISCARD prac_rc emb_flows_each(struct emb *e, const struct store_query *q, uint32_t want,
                                      const struct emb_sources *s, emb_some *some, void *to);
/* Answers. PRAC_UNSUPPORTED: DuckDB is to be asked. */
prac_rc emb_flows_top(struct emb *e, const struct store_query *q, struct emb_sources *s,
                      store_row *each, void *arg);
prac_rc emb_flows_host(struct emb *e, const struct store_query *q, struct emb_sources *s,
                       store_row *each, void *arg);
