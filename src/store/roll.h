/* store/roll.h — roll-ups as bytes: for one time slot, one sensor and one dimension, what each key
 * (port, country, AS) did.
 *
 * counts   varint n, then n rows by rising key: varints key - key before, packets, flows, bytes
 * sketch   u8 1, u32le size, then zstd of the n sketches (store/sketch.h) in the same order; or u8
 *          0, u32le size and the sketches as they are
 * use      every append adds a row of deltas; reading adds them up; compaction merges them
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

/* Rows one after another. */
struct store_roll_row {
  uint64_t key, packets, flows, bytes;
};
struct store_roll_rd {
  const uint8_t *p, *end;
  uint64_t left, key;
};
PRAC_NODISCARD prac_rc store_roll_rd_of(const void *counts, size_t n, struct store_roll_rd *ret);
/* PRAC_END after the last. */
PRAC_NODISCARD prac_rc store_roll_next(struct store_roll_rd *r, struct store_roll_row *ret);
/* The sketches as one run of bytes. *ret_free: to be freed by the caller; may be NULL. */
PRAC_NODISCARD prac_rc store_roll_sketches(const void *sketch, size_t n, struct prac_rd *ret,
                                           uint8_t **ret_free);

/* Adding up whole roll-ups. */
struct store_roll_sum;
struct store_roll_sum *store_roll_sum_new(void);
void store_roll_sum_free(struct store_roll_sum **sp);
PRAC_NODISCARD prac_rc store_roll_sum_add(struct store_roll_sum *s, const void *counts,
                                          size_t n_counts, const void *sketch, size_t n_sketch);
PRAC_NODISCARD prac_rc store_roll_sum_blob(struct store_roll_sum *s, struct store_roll_blob *ret);
