/* store/embedded/runs.h — groups whose senders are counted without a set of them.
 *
 * Rows come in the order of their sources, so a source's rows are one run, and a group has one
 * sender more whenever a row's run is not the one the group had last. */
#pragma once
#include "store/embedded/parquet.h"
#include "store/embedded/scan.h"

enum { EMB_BLOCK = 2048, EMB_CELL_PAGES = 8, EMB_CELL_PAGE = 1 << 16 };
struct emb_block { /* rows; run: rising with the source, from 1 */
  size_t n;
  uint32_t key[EMB_BLOCK];
  uint64_t packets[EMB_BLOCK], bytes[EMB_BLOCK], run[EMB_BLOCK];
};
struct emb_cell { /* no more than 2^32 - 1 rows are counted */
  uint64_t packets, bytes;
  uint32_t flows, sources;
  uint64_t last; /* the run it had last */
};
/* Groups by key: where the first keys of a 16-bit half came from, an array each (all TCP ports, all
 * UDP ports, all countries, ...); a hash table for what no longer has a place. */
struct emb_cells {
  struct emb_cell *page[EMB_CELL_PAGES];
  uint8_t page_of[256]; /* key >> 16: 1 + page */
  uint32_t page_key[EMB_CELL_PAGES];
  size_t n_pages;
  struct emb_cell *cell;
  uint32_t *key, *slot; /* of cell; 1 + index into cell, open addressing */
  size_t n, n_slots;
};
PRAC_NODISCARD prac_rc emb_cells_add(struct emb_cells *c, const struct emb_block *b);
PRAC_NODISCARD prac_rc emb_cells_join(struct emb_cells *into, const struct emb_cells *from);
/* The `limit` > 0 groups with the most packets, and those that equal the last of them, in no order;
 * the caller frees. */
PRAC_NODISCARD prac_rc emb_cells_groups(const struct emb_cells *c, uint32_t limit,
                                        struct store_group **ret, size_t *ret_n);
void emb_cells_done(struct emb_cells *c);

/* runs_columns.c: the rows of a segment, block after block, without DuckDB. PRAC_UNSUPPORTED: that
 * cannot be, and what has been counted is of no use. */
struct emb_rows { /* opened again for another segment, it keeps its memory */
  enum store_dim by;
  struct emb_pq file;
  struct emb_pq_cursor cursor[EMB_RUNS_COLUMNS];
  size_t column[EMB_RUNS_COLUMNS], n_columns;
  bool use[EMB_RUNS_COLUMNS];
  size_t group, left; /* the next row group; rows to come of the one before */
  size_t n;           /* rows of the block below */
  uint64_t value[EMB_RUNS_COLUMNS][EMB_BLOCK];
  uint32_t key[EMB_BLOCK];
};
enum { EMB_ROWS_PACKETS, EMB_ROWS_BYTES, EMB_ROWS_SRC_HI, EMB_ROWS_SRC_LO, EMB_ROWS_KEY };
PRAC_NODISCARD prac_rc emb_rows_open(struct emb_rows *r, const char *path);
PRAC_NODISCARD prac_rc emb_rows_next(struct emb_rows *r); /* PRAC_END: no more */
void emb_rows_close(struct emb_rows *r);
void emb_rows_done(struct emb_rows *r);

/* What one thread has counted, and what it works with. */
struct emb_runs {
  enum store_dim by;
  uint64_t run, hi, lo; /* the last row's run and source */
  struct emb_block block;
  struct emb_cells cells;
  struct emb_rows rows;
};
static inline void emb_runs_source(struct emb_runs *r, size_t i, uint64_t hi, uint64_t lo)
{
  r->run += hi != r->hi || lo != r->lo;
  r->block.run[i] = r->run;
  r->hi = hi;
  r->lo = lo;
}
static inline uint32_t emb_runs_port(uint64_t proto, uint64_t sport, uint64_t dport)
{
  if (proto == 6 || proto == 17) return (uint32_t)(proto << 16 | dport);
  struct model_port p = store_flow_port((uint8_t)proto, (uint16_t)sport, (uint16_t)dport);
  return (uint32_t)p.proto << 16 | p.port;
}

PRAC_NODISCARD prac_rc emb_runs_file(struct emb_runs *r, const char *path); /* all its rows */
struct emb_runs *emb_runs_new(enum store_dim by);                           /* NULL: no memory */
void emb_runs_free(struct emb_runs **rp);

/* scan_runs.c: whether q asks for all rows of the segment. */
bool emb_runs_whole(const struct store_query *q, const struct emb_file *f);
