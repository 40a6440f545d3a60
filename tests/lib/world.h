/* tests/lib/world.h — a small world: who lives where, for tests of scopes. The table is the truth;
 * the lookup is made from it through real files, so that a test can hold one against the other. */
#pragma once
#include "base/ip.h"
#include "lookup/lookup.h"

struct world_place {
  const char *prefix, *country; /* "": nobody knows */
  uint32_t asn;
};
extern const struct world_place world_places[];
enum { WORLD_PLACES = 9 };
/* Files are written to a directory of its own and gone when it returns. */
struct lookup *world_lookup(void);
/* The i-th address of a place; and where an address is by the table (NULL: nowhere). */
struct prac_ip world_ip(unsigned place, unsigned i);
const struct world_place *world_place_of(const struct prac_ip *ip);
