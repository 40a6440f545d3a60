/* store/roll.h — roll-ups as bytes: for one time slot, one sensor and one dimension, what each key
 * (port, country, AS) did.
 *
 * counts   u32le n; for each chunk of STORE_ROLL_CHUNK rows {u32le key of its first row, u32le
 *          where it begins, behind this table}; n rows by rising key: varints key - key of the row
 *          before in the chunk, flows, (packets - flows) << 1 | (flows differ from sources), bytes
 *          - 40 packets (zigzag), then flows - sources (zigzag) where they differ. Sources is what
 *          the row's own sketch counts: where one row answers, no sketch is read
 * sketch   the n sketches (store/sketch.h) in the same order and chunks: u8 2, u32le chunks, {u32le
 *          stored, u32le raw} for each, then the chunks: zstd, or as they are where stored == raw
 * use      every append adds a row of deltas; reading adds them up; compaction merges them. The
 *          table is for a few keys of many: one chunk is read, not all
 * fails    PRAC_DAMAGED: bytes that are not a roll-up; PRAC_NOMEM
 */
#pragma once
#include "store/answer.h"

struct store_roll_blob {
  uint8_t *counts, *sketch; /* owned */
  size_t n_counts, n_sketch;
};
void store_roll_blob_done(struct store_roll_blob *b);
/* What these batches (of one sensor, in one slot) did. */
PRAC_NODISCARD prac_rc store_roll_build(enum store_dim_kept dim, struct flow_batch *const *batches,
                                        size_t n, struct store_roll_blob *ret);

/* What an append adds to: batches with rows of one sensor in one slot, by minutes (level 60: totals
 * only) and by hours (3600: all dimensions). Anything but PRAC_OK stops. */
typedef prac_rc store_roll_slot(void *arg, int64_t level, prac_time start,
                                struct flow_batch *const *b, size_t n, struct prac_err *reterr);
PRAC_NODISCARD prac_rc store_roll_slots(struct flow_batch *const *b, size_t n,
                                        store_roll_slot *each, void *arg, struct prac_err *reterr);
static inline enum store_dim_kept store_roll_last_dim(int64_t level)
{
  return level == 60 ? STORE_KEPT_TOTAL : STORE_KEPT_ASN;
}

/* Rows one after another. */
enum { STORE_ROLL_CHUNK = 256 };
struct store_roll_row {
  uint64_t key, packets, flows, bytes, sources;
};
struct store_roll_rd {
  const uint8_t *index, *rows, *p, *end;
  uint32_t n, place; /* rows; which one is next */
  uint64_t key;      /* of the row before */
};
PRAC_NODISCARD prac_rc store_roll_rd_of(const void *counts, size_t n, struct store_roll_rd *ret);
/* PRAC_END after the last. */
PRAC_NODISCARD prac_rc store_roll_next(struct store_roll_rd *r, struct store_roll_row *ret);
/* The first row whose key is not below `key`, forwards or backwards; its place is r->place - 1. */
PRAC_NODISCARD prac_rc store_roll_seek(struct store_roll_rd *r, uint64_t key,
                                       struct store_roll_row *ret);
/* Writing: the rows in order; size bytes at most for n of them. */
size_t store_roll_counts_room(size_t n);
struct store_roll_wr {
  uint8_t *base;
  struct prac_wr w;
  uint32_t n, place;
  uint64_t key;
};
struct store_roll_wr store_roll_wr_of(uint8_t *to, size_t room, uint32_t n);
void store_roll_put(struct store_roll_wr *w, const struct store_roll_row *r);
/* Sketches by their place, in rising order. */
struct store_roll_sk {
  struct prac_rd heads, chunks; /* of the chunks not yet opened */
  uint8_t *buf;
  size_t cap;
  struct prac_rd rd; /* within the open chunk */
  uint64_t at, end;  /* place that rd stands at; first place after the open chunk */
};
PRAC_NODISCARD prac_rc store_roll_sk_of(const void *sketch, size_t n, struct store_roll_sk *ret);
/* The sketch at `place`: as store_sketch_open gives it, or added to *s. */
PRAC_NODISCARD prac_rc store_roll_sk_open(struct store_roll_sk *k, uint64_t place,
                                          uint32_t v[STORE_SKETCH_EXACT], size_t *ret_n,
                                          const uint8_t **ret_dense);
PRAC_NODISCARD prac_rc store_roll_sk_read(struct store_roll_sk *k, uint64_t place,
                                          struct store_sketch *s);
void store_roll_sk_done(struct store_roll_sk *k);
/* raw: sketches one after another; cut[i]: where chunk i ends. Sets ret->sketch. */
PRAC_NODISCARD prac_rc store_roll_pack(const uint8_t *raw, const size_t *cut, size_t chunks,
                                       struct store_roll_blob *ret);

/* Adding up: flows and whole roll-ups, in any order, give the same bytes. */
struct store_roll_sum;
struct store_roll_sum *store_roll_sum_new(void);
void store_roll_sum_free(struct store_roll_sum **sp);
PRAC_NODISCARD prac_rc store_roll_sum_batch(struct store_roll_sum *s, enum store_dim_kept dim,
                                            const struct flow_batch *b);
PRAC_NODISCARD prac_rc store_roll_sum_add(struct store_roll_sum *s, const void *counts,
                                          size_t n_counts, const void *sketch, size_t n_sketch);
/* with_sketches false: only their counts are written. */
PRAC_NODISCARD prac_rc store_roll_sum_blob(struct store_roll_sum *s, bool with_sketches,
                                           struct store_roll_blob *ret);
