/* notify/zones.h — the time zones that subscribers may name later, when the system's files are out
 * of reach: read once, as they are, by the names of the data base's zone.tab.
 *
 * limits    ZONES_MAX zones, each of at most NOTE_ZONE_MAX_BYTES; about half a megabyte in all
 * without   a data base: only UTC and +hh:mm are known
 */
#pragma once
#include "notify/zone.h"

enum { ZONES_MAX = 1000 };
struct note_zone_file {
  char name[64];
  uint8_t *data;
  size_t n;
};
struct note_zones {
  struct note_zone_file *v;
  size_t n;
};
/* dir NULL: /usr/share/zoneinfo. PRAC_UNKNOWN: there is no data base; PRAC_NOMEM. */
PRAC_NODISCARD prac_rc note_zones_read(const char *dir, struct note_zones *ret,
                                       struct prac_err *reterr);
void note_zones_done(struct note_zones *z);
/* Of the read ones, else as note_zone_open; z may be NULL. */
PRAC_NODISCARD prac_rc note_zones_find(const struct note_zones *z, const char *name,
                                       struct note_zone *ret, struct prac_err *reterr);
