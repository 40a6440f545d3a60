/* base/hll.h — how many different ones: exact while few, HyperLogLog when many.
 *
 * shapes   p = 12: 4096 registers of 6 useful bits; below HLL_SPARSE different hashes they are kept
 *          as they are and the count is exact
 * error    1.04 / sqrt(4096) = 1.6 % standard error when dense
 * source   Flajolet, Fusy, Gandouet, Meunier 2007; estimator without bias tables: Ertl, New
 *          cardinality estimation algorithms for HyperLogLog sketches, 2017 (algorithm 6)
 * memory   16 bytes + up to 1 KiB sparse + 4 KiB dense, owned by the sketch
 * repeats  order of adding and merging does not change the answer
 * input    64-bit hashes (prac_hash2 of an address); equal things must hash equally everywhere
 */
#pragma once
#include "base/buf.h"
#include "base/ip.h"

enum { HLL_BITS = 12, HLL_REGISTERS = 1 << HLL_BITS, HLL_SPARSE = 128 };
enum { HLL_BINARY_MAX = HLL_REGISTERS + 8 };

struct prac_hll {
  uint64_t *sparse; /* sorted, n of them; NULL when empty or dense */
  uint8_t *dense;   /* NULL while sparse */
  uint32_t n;
};
uint64_t prac_hll_hash_ip(const struct prac_ip *ip); /* the one hash used for addresses */
/* PRAC_NOMEM: unchanged. All zero bytes are an empty sketch. */
PRAC_NODISCARD prac_rc prac_hll_add(struct prac_hll *h, uint64_t hash);
PRAC_NODISCARD prac_rc prac_hll_merge(struct prac_hll *into, const struct prac_hll *from);
uint64_t prac_hll_count(const struct prac_hll *h);
void prac_hll_done(struct prac_hll *h); /* empty again */
/* At most HLL_BINARY_MAX bytes; reading checks everything. */
void prac_hll_write(const struct prac_hll *h, struct prac_wr *w);
PRAC_NODISCARD prac_rc prac_hll_read(struct prac_hll *h, struct prac_rd *r);
