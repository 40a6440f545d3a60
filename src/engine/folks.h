/* engine/folks.h — ports in a few folks of about as many hosts each.
 *
 * why      what a sensor's recording did to everybody (a gap, loss, a crowd) is in the hosts of all
 *          ports, a group is in those of one or a few: the middle of some folks is what all do,
 *          however large a group is, as long as it is in few of them
 * rule     the ports with most hosts first, each to the folk that has fewest hosts so far; of two
 *          folks the first, of two ports the lower
 * cost     n log n
 * fails    PRAC_NOMEM
 * checked  tests/unit/test_instep.c
 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
  ENG_FOLKS = 15,
  ENG_FOLKS_LEAST = 5, /* nothing is common to fewer */
  ENG_FOLK_ROWS = 30,  /* hosts, below which a folk says nothing */
};
/* hosts: of each of n ports; ret: the folk of each; 0 where there are no hosts. */
PRAC_NODISCARD prac_rc eng_folks_of(const uint32_t *hosts, uint32_t n, struct prac_arena *a,
                                    uint8_t *ret);
