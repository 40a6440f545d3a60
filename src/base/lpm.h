/* base/lpm.h — longest-prefix match from an address to a number, immutable once built.
 *
 * shape     all prefixes (or any ranges) are cut into pieces that do not overlap, each with the
 *           value of the most specific range over it; a piece is found by an index over the top
 *           16 bits and a short binary search. IPv4 has its own 32-bit arrays.
 * cost      8 bytes a piece (IPv4), 20 (IPv6), 512 KiB of index; find: see bench/bench_lpm.c
 * overlap   ranges that overlap without nesting: the one that starts later wins while it lasts;
 *           of two equal ranges the later in the list wins
 * threads   any number of readers
 */
#pragma once
#include "base/ip.h"
#include "base/rc.h"

struct prac_lpm_range {
  struct prac_ip first, last; /* both included */
  uint32_t value;             /* 0 means "none" and may be used to cut a hole */
};
struct prac_lpm_cut { /* from `first` on, up to the next cut */
  struct prac_ip first;
  uint32_t value;
};
struct prac_lpm;

struct prac_lpm_range prac_lpm_range_of(const struct prac_prefix *p, uint32_t value);
/* The largest prefix around ip that lies within first..last. */
struct prac_prefix prac_lpm_prefix_in(const struct prac_ip *ip, const struct prac_ip *first,
                                      const struct prac_ip *last);
/* PRAC_MALFORMED: first > last somewhere; PRAC_RANGE: more than 2^30 ranges. r is only read. */
PRAC_NODISCARD prac_rc prac_lpm_new(const struct prac_lpm_range *r, size_t n,
                                    struct prac_lpm **ret);
/* cuts rise strictly; neighbours with one value are joined. PRAC_MALFORMED: they do not rise. */
PRAC_NODISCARD prac_rc prac_lpm_from_cuts(const struct prac_lpm_cut *cuts, size_t n,
                                          struct prac_lpm **ret);
void prac_lpm_free(struct prac_lpm **lp); /* NULL-safe */
/* 0: nothing covers ip. l may be NULL. */
uint32_t prac_lpm_find(const struct prac_lpm *l, const struct prac_ip *ip);
/* The piece around ip and its value. */
uint32_t prac_lpm_piece(const struct prac_lpm *l, const struct prac_ip *ip, struct prac_ip *first,
                        struct prac_ip *last);
/* All cuts in rising order, the first at "::"; how two tables are merged. l may be NULL: 1 cut. */
size_t prac_lpm_n_cuts(const struct prac_lpm *l);
struct prac_lpm_cut prac_lpm_cut_at(const struct prac_lpm *l, size_t i);
size_t prac_lpm_bytes(const struct prac_lpm *l);
