/* store/embedded/parquet.h — single columns of our own segments, read without DuckDB.
 *
 * reads    of all that Parquet can be, what DuckDB's writer makes of numbers and of two-letter
 *          texts that are never NULL: one level of columns, zstd or plain pages of the first kind,
 *          dictionary (RLE and bit-packed), delta or plain values
 * values   come as numbers of 64 bits; a text as its two letters (country_of), "" as 0
 * source   the Parquet format's own text (parquet.thrift, Encodings.md), and Thrift's compact
 *          protocol
 * memory   the list of columns, and a page of each column that is being read
 * fails    PRAC_UNSUPPORTED: anything else, damage too; the caller asks DuckDB then, which says
 *          what is wrong. PRAC_NOMEM.
 * checked  tests/unit/test_store_parquet.c: every column equals what DuckDB reads; any byte of a
 *          file changed; fuzz/fuzz_segment.c
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

enum { EMB_PQ_COLUMNS = 64, EMB_PQ_NAME = 24, EMB_PQ_DICTIONARY = 1 << 16 };
enum emb_pq_type { EMB_PQ_OTHER, EMB_PQ_INT32, EMB_PQ_INT64, EMB_PQ_TEXT };

struct emb_pq_column {
  char name[EMB_PQ_NAME];
  uint8_t type; /* enum emb_pq_type */
  bool optional;
};
struct emb_pq_chunk { /* one column of one row group */
  int64_t at, bytes;
  uint64_t lo, hi; /* of numbers: no value lies beyond; all there are where the file does not say */
  uint32_t values;
  uint8_t codec;
};
struct emb_pq {
  int fd;
  int64_t size;
  size_t n_columns, n_groups;
  struct emb_pq_column column[EMB_PQ_COLUMNS];
  struct emb_pq_chunk *chunk; /* [group * n_columns + column] */
};
PRAC_NODISCARD prac_rc emb_pq_open(struct emb_pq *f, const char *path);
void emb_pq_done(struct emb_pq *f);
/* n_columns: there is none of this name. */
size_t emb_pq_find(const struct emb_pq *f, const char *name);

/* A column of one row group from its first value on. Zeroed before its first start; used again for
 * other groups, it keeps its memory. */
struct emb_pq_cursor {
  uint8_t *raw; /* the chunk as it stands in the file */
  size_t n_raw, cap_raw, at_raw;
  uint8_t *page; /* unpacked */
  size_t n_page, cap_page, at;
  uint64_t *word; /* the dictionary */
  size_t n_word;
  bool texts;    /* set by the caller, stays: texts of any length, as what emb_pq_text takes */
  uint8_t *said; /* ... which stand here */
  size_t cap_said;
  void *zstd;
  uint32_t left, page_left; /* values to come: of the chunk, of the page */
  uint8_t type, codec, kind, bits;
  bool optional;
  uint32_t run;         /* dictionary: values left of this run */
  bool packed;          /* ... and whether they are bits, or all code */
  size_t bit;           /* first bit of the next packed value */
  uint64_t code;        /* of the run; delta: the value before */
  uint32_t block;       /* delta: values of a miniblock ... */
  uint32_t minis, mini; /* ... how many of them in a block, and which one is next */
  size_t widths;        /* ... where their widths stand */
  uint64_t step;        /* ... the block's least difference */
  bool first;           /* ... the first value has not been given yet */
};
PRAC_NODISCARD prac_rc emb_pq_start(struct emb_pq_cursor *c, const struct emb_pq *f, size_t group,
                                    size_t column);
/* The next n values, which must be there. */
PRAC_NODISCARD prac_rc emb_pq_next(struct emb_pq_cursor *c, uint64_t *out, size_t n);
PRAC_NODISCARD prac_rc emb_pq_skip(struct emb_pq_cursor *c, size_t n);
/* false: the row group has no value from lo to hi, by its dictionary. After start. */
bool emb_pq_may_hold(const struct emb_pq_cursor *c, uint64_t lo, uint64_t hi);
/* Of a cursor of `texts`: not ended by a zero, there until the next start. */
const char *emb_pq_text(const struct emb_pq_cursor *c, uint64_t value, size_t *ret_len);
/* false: the row group has no such text. */
bool emb_pq_text_find(const struct emb_pq_cursor *c, const char *text, uint64_t *ret);
void emb_pq_cursor_done(struct emb_pq_cursor *c);

/* parquet_meta.c: Thrift's compact protocol. A reader that has run out or does not understand is
 * `bad` and gives zeros. */
struct emb_thrift {
  const uint8_t *at, *end;
  bool bad;
};
struct emb_pq_page {
  int32_t kind, size, packed; /* kind 0 data, 2 dictionary; bytes unpacked, in the file */
  int32_t values, encoding;
};
uint64_t emb_pq_varint(struct emb_thrift *t);
int64_t emb_pq_zigzag(struct emb_thrift *t);
void emb_pq_page_header(struct emb_thrift *t, struct emb_pq_page *ret);
