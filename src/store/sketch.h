/* store/sketch.h — how many different senders, for a roll-up: exact while few, HyperLogLog beyond.
 *
 * shapes   up to STORE_SKETCH_EXACT different 32-bit hashes are kept sorted; more: 4096 registers
 * why      base/hll.h keeps 64-bit hashes; a day of roll-ups has one per flow, so half the width is
 *          4 bytes a flow less. The estimator is base/hll.h's own.
 * error    below 512: exact but for hash collisions (3e-5 for 512); else 1.6 % standard error
 * repeats  order of adding and merging does not change the answer
 * fails    PRAC_NOMEM (sketch unchanged); reading: PRAC_TRUNCATED, PRAC_MALFORMED
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/ip.h"

enum { STORE_SKETCH_EXACT = 512, STORE_SKETCH_BINARY_MAX = 4096 + 2 };

struct store_sketch { /* all zero: empty */
  uint32_t *v;        /* sorted; owned */
  uint8_t *dense;     /* 4096 registers; owned; NULL: v holds everything */
  uint32_t n, cap;
};
uint32_t store_sketch_hash(const struct prac_ip *ip);
PRAC_NODISCARD prac_rc store_sketch_add(struct store_sketch *s, uint32_t hash);
/* v sorted, no value twice. */
PRAC_NODISCARD prac_rc store_sketch_add_sorted(struct store_sketch *s, const uint32_t *v, size_t n);
PRAC_NODISCARD prac_rc store_sketch_merge(struct store_sketch *into,
                                          const struct store_sketch *from);
uint64_t store_sketch_count(const struct store_sketch *s);
void store_sketch_done(struct store_sketch *s); /* empty again */
void store_sketch_write(const struct store_sketch *s, struct prac_wr *w);
/* Adds what is written to *s. */
PRAC_NODISCARD prac_rc store_sketch_read(struct store_sketch *s, struct prac_rd *r);
void store_sketch_skip(struct prac_rd *r);
