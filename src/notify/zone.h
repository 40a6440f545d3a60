/* notify/zone.h — the time zone of those who are told: read once, then arithmetic only.
 *
 * names     "UTC", "+09:00", "-0330", or a name of the IANA data base ("Asia/Tokyo"), read from the
 *           system's TZif files (RFC 8536, version 2 and above, 64-bit transitions and the footer's
 *           POSIX rule)
 * repeats   the same data base gives the same offset for the same moment; TZ is never looked at
 * fails     PRAC_UNKNOWN: no such zone here; PRAC_DAMAGED: the file is no TZif; both name it
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/time.h"

enum { NOTE_ZONE_MAX_BYTES = 1 << 16, NOTE_ZONE_TIMES = 400, NOTE_ZONE_TYPES = 64 };
struct note_zone_day { /* the footer's Mm.w.d/time; other forms are refused */
  int month, week, day;
  int64_t at_s;
};
struct note_zone {
  int64_t at[NOTE_ZONE_TIMES]; /* seconds since 1970: from here on ... */
  int32_t offset[NOTE_ZONE_TIMES];
  size_t n;
  int32_t before;                  /* ... and before the first */
  bool rule, summer;               /* a footer; one with summer time */
  int32_t std_offset, dst_offset;  /* of the footer */
  struct note_zone_day from, till; /* of summer time */
};
/* dir NULL: /usr/share/zoneinfo. */
PRAC_NODISCARD prac_rc note_zone_open(const char *name, const char *dir, struct note_zone *ret,
                                      struct prac_err *reterr);
/* The bytes of a TZif file. PRAC_DAMAGED, PRAC_TRUNCATED, PRAC_RANGE. */
PRAC_NODISCARD prac_rc note_zone_parse(const void *data, size_t n, struct note_zone *ret);
int64_t note_zone_offset_s(const struct note_zone *z, prac_time t);
/* "2015-04-01 09:00:00" of t, offset_s seconds east of UTC. */
const char *note_zone_text(char out[PRAC_TIME_TEXT], prac_time t, int64_t offset_s);
/* Parts of t in that zone: for dates in headers. */
struct note_date {
  int64_t year;
  int month, day, hour, minute, second, weekday; /* 0 = Sunday */
};
struct note_date note_date_of(prac_time t, int64_t offset_s);
