/* store/sketch.h — how many different senders, for a roll-up: exact while few, HyperLogLog beyond.
 *
 * shapes   up to STORE_SKETCH_EXACT different 24-bit codes are kept sorted; more: 4096 registers
 * code     20 bits of the address' hash, and 4 that say how many zeros follow where that is needed
 *          for the rank: what 4096 registers can tell, and no more (the sparse form of Heule,
 *          Nunkesser, Hall: HyperLogLog in Practice, EDBT 2013)
 * why      base/hll.h keeps 64-bit hashes; a day of roll-ups has one entry per flow. Sorted codes
 *          are written as Rice-coded steps: 12 to 21 bits each. The estimator is base/hll.h's own
 * error    up to 512: exact but for codes that are equal by chance (0.12 of 512 senders, 0.005 of
 *          100); else 1.6 % standard error
 * repeats  order of adding and merging does not change the answer
 * fails    PRAC_NOMEM (sketch unchanged); reading: PRAC_TRUNCATED, PRAC_MALFORMED
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/ip.h"

enum { STORE_SKETCH_EXACT = 512, STORE_SKETCH_BINARY_MAX = 4096 + 2, STORE_SKETCH_CODE_BITS = 24 };

struct store_sketch { /* all zero: empty */
  uint32_t *v;        /* codes, sorted; owned */
  uint8_t *dense;     /* 4096 registers; owned; NULL: v holds everything */
  uint32_t n, cap;
};
uint32_t store_sketch_code(const struct prac_ip *ip);
PRAC_NODISCARD prac_rc store_sketch_add(struct store_sketch *s, uint32_t code);
/* v sorted, no value twice. */
PRAC_NODISCARD prac_rc store_sketch_add_sorted(struct store_sketch *s, const uint32_t *v, size_t n);
PRAC_NODISCARD prac_rc store_sketch_merge(struct store_sketch *into,
                                          const struct store_sketch *from);
uint64_t store_sketch_count(const struct store_sketch *s);
void store_sketch_done(struct store_sketch *s); /* empty again */

/* As bytes: the number of codes (varint; STORE_SKETCH_DENSE: registers follow), then the codes. */
enum { STORE_SKETCH_DENSE = 1023 };
void store_sketch_write(const struct store_sketch *s, struct prac_wr *w);
void store_sketch_write_codes(const uint32_t *v, size_t n, struct prac_wr *w); /* n <= EXACT */
/* One written sketch: its codes (*ret_n of them in v), or its registers (*ret_dense). */
PRAC_NODISCARD prac_rc store_sketch_open(struct prac_rd *r, uint32_t v[STORE_SKETCH_EXACT],
                                         size_t *ret_n, const uint8_t **ret_dense);
/* Adds what is written to *s. */
PRAC_NODISCARD prac_rc store_sketch_read(struct store_sketch *s, struct prac_rd *r);
/* Registers: where a code goes, and the larger of two. */
void store_sketch_mark(uint8_t *dense, uint32_t code);
void store_sketch_widen(uint8_t *dense, const uint8_t *other);
