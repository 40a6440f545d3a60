/* base/time.h — moments and durations.
 *
 * A moment is int64 nanoseconds since 1970-01-01T00:00:00Z; PRAC_TIME_NONE means unknown. A
 * duration is int64_t nanoseconds in a variable that ends in _ns. Nothing here asks the system for
 * the time: see base/clock.h. Slots are numbered from 1970 in UTC, whatever the local zone.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

typedef int64_t prac_time;
#define PRAC_TIME_NONE INT64_MIN
/* Of a packet: so far from 1970 at most, 272 years; what counts on from it stays in 64 bits. */
#define PRAC_TIME_FAR (INT64_C(8589934592) * PRAC_SEC)
#define PRAC_US INT64_C(1000)
#define PRAC_MS INT64_C(1000000)
#define PRAC_SEC INT64_C(1000000000)
#define PRAC_MIN (60 * PRAC_SEC)
#define PRAC_HOUR (60 * PRAC_MIN)
#define PRAC_DAY (24 * PRAC_HOUR)

struct prac_span {
  prac_time from, to; /* half-open [from, to) */
};

/* The start of the slot of length slot_ns (> 0) that holds t; right before 1970 too. */
prac_time prac_time_floor(prac_time t, int64_t slot_ns);

#define PRAC_TIME_TEXT 40 /* bytes that any of the texts below needs, with its NUL */
/* "2013-08-07T12:00:00Z"; a fraction (3, 6 or 9 digits) only when there is one. "-" for NONE. */
const char *prac_time_text(char out[PRAC_TIME_TEXT], prac_time t);
/* "1 d 2 h", "3 min", "250 ms": at most two units. */
const char *prac_duration_text(char out[PRAC_TIME_TEXT], int64_t ns);
/* Takes 2013-08-07, 2013-08-07 12:00, 2013-08-07T12:00:00[.fraction][Z|+09:00], or @1375876800.
 * UTC unless an offset is given. PRAC_MALFORMED otherwise; *ret is written only on success. */
PRAC_NODISCARD prac_rc prac_time_parse(const char *s, size_t n, prac_time *ret);
/* Takes 90s, 5m, 1h30m, 28d, 250ms, or a bare number of seconds. */
PRAC_NODISCARD prac_rc prac_duration_parse(const char *s, size_t n, int64_t *ret_ns);
/* Days since 1970-01-01 of a proleptic Gregorian date (month 1..12, day 1..31). */
int64_t prac_days_from_date(int64_t year, int month, int day);
