/* bus/local/ids.h — which ids were published lately: a set with a fixed number of places, the
 * oldest goes first.
 *
 * what     64-bit hash of (subject, id) under a secret seed of this log: nobody can craft an id
 *          that hides somebody else's message; two of the last 2^18 meet by chance once in 2^46
 *          messages
 * limits   `cap` ids; older ones are forgotten (the window of harmless repeats)
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"

struct bus_ids {
  uint64_t *ring, *table; /* owned; table has mask + 1 places, 0: empty */
  size_t cap, n, head, mask;
  uint64_t seed;
};
PRAC_NODISCARD prac_rc bus_ids_init(struct bus_ids *d, size_t cap, uint64_t seed);
void bus_ids_done(struct bus_ids *d);
uint64_t bus_ids_hash(const struct bus_ids *d, const char *subject, size_t n, const char *id,
                      size_t n_id);
bool bus_ids_has(const struct bus_ids *d, uint64_t h);
void bus_ids_add(struct bus_ids *d, uint64_t h); /* already there: nothing happens */
/* Oldest first; n of them follow as u64le. */
size_t bus_ids_bytes(const struct bus_ids *d);
void bus_ids_write(const struct bus_ids *d, struct prac_wr *w);
PRAC_NODISCARD prac_rc bus_ids_read(struct bus_ids *d, struct prac_rd *r);
