/* app/copy.h — everything that one store keeps, into another.
 *
 * flows     minute after minute, with the position kept in `to` under a name made of the plan's:
 * begun again, it goes on after the last minute that was stored whole records   all of them, each
 * time: writing one again replaces it checked   afterwards both are asked: packets, flows and bytes
 * of every sensor, records of every kind. PRAC_DAMAGED: they differ, and have been said on stderr
 * fails     PRAC_STOPPED: Ctrl-C; what was copied stays
 */
#pragma once
#include "store/store.h"

struct copy_done {
  uint64_t batches, flows, records; /* by this call */
};
struct copy_plan {
  struct store *from, *to;
  const char *name; /* of `from`: the position's */
  size_t tx_rows;   /* a transaction holds whole minutes and at least so many rows */
};
PRAC_NODISCARD prac_rc copy_store(const struct copy_plan *p, struct copy_done *ret,
                                  struct prac_err *reterr);
