/* engine/traffic_int.h — what the files of engine/traffic.h share; nobody else includes it. */
#pragma once
#include "engine/traffic.h"

enum { ENG_STEP_BITS = 15, ENG_PORTS = 1 << 17 }; /* of eng_traffic_row.what */

/* Numbers with a companion, and room to sort them in. */
struct eng_pairs {
  uint64_t *k, *k2;
  uint32_t *v, *v2;
  size_t n;
};
PRAC_NODISCARD prac_rc eng_pairs_make(struct eng_pairs *p, struct prac_arena *a, size_t n);
/* By k, rising; equal ones keep their order. Digits that are the same everywhere cost nothing. */
void eng_pairs_sort(struct eng_pairs *p);

/* Sources in order of (host, address): their rank. */
struct eng_cells_work {
  const uint32_t *host_of; /* of a rank */
  const uint32_t *src_of;  /* of a rank */
  const uint32_t *rank_of; /* of a source */
  const uint32_t *port_rank;
  uint32_t n_src;
  uint32_t *port_hosts, *touched; /* n_ports each; port_hosts is zero between calls */
  /* rows by (port, destination, rank), made when first asked for; each row once */
  struct eng_pairs by_port;
  uint32_t *port_first; /* n_ports + 1 */
  unsigned rank_bits, dst_bits;
};
uint32_t eng_port_index(const uint32_t *port_rank, uint32_t what); /* what: of a row */
