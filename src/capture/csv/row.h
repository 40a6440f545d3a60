/* capture/csv/row.h — one line of a CSV as an observation. */
#pragma once
#include "capture/csv/columns.h"
#include "capture/source.h"

#define CSV_REASONS(X)                                                                             \
  X(COLUMNS, "too few columns")                                                                    \
  X(TIME, "no time")                                                                               \
  X(SENSOR, "no sensor name, or more than 1024 of them")                                           \
  X(ADDRESS, "no address")                                                                         \
  X(PROTO, "no protocol")                                                                          \
  X(PORT, "no port, type or code")                                                                 \
  X(PACKETS, "no number of packets")                                                               \
  X(LONG, "a line of more than 64 KiB")
enum csv_reason {
#define X(name, text) CSV_NO_##name,
  CSV_REASONS(X)
#undef X
      CSV_GOOD,
  CSV_REASON_COUNT_ = CSV_GOOD
};

/* The line's fields into *ret but for the sensor, which is left to the caller. */
enum csv_reason csv_row_read(const struct csv_layout *l, const struct csv_field *f, size_t n,
                             struct cap_seen *ret);
