/* capture/csv/columns.h — which column of a CSV holds what.
 *
 * A map names the columns. `map: auto` takes the first shipped map whose time, src and proto are
 * all in the header; a column named in the settings goes before every map. A shipped map is one
 * line in columns.c. */
#pragma once
#include "base/conf.h"
#include "base/err.h"

/* field, setting's key, help; the field is also the name in the generic map */
#define CSV_COLUMNS(X)                                                                             \
  X(time, "time", "when: a date and time (UTC unless it says otherwise), or seconds since 1970")   \
  X(sensor, "sensor", "name of the sensor that saw it; without: all rows are of one sensor")       \
  X(src, "src", "sender's address")                                                                \
  X(dst, "dst", "our address")                                                                     \
  X(proto, "proto", "TCP, UDP, ICMP or a protocol number")                                         \
  X(sport, "sport", "source port")                                                                 \
  X(dport, "dport", "destination port")                                                            \
  X(icmp_type, "icmp-type", "ICMP type")                                                           \
  X(icmp_code, "icmp-code", "ICMP code")                                                           \
  X(country, "country", "ISO 3166 letters of the sender's country")                                \
  X(packets, "packets", "how many packets the row stands for; without: one")
enum csv_column {
#define X(field, key, help) CSV_##field,
  CSV_COLUMNS(X)
#undef X
      CSV_COLUMN_COUNT_
};
struct csv_conf {
  int map; /* index into the words: auto, then the shipped maps */
  const char *delimiter;
  const char *column[CSV_COLUMN_COUNT_]; /* "": as the map says */
};
extern const struct prac_conf_section csv_conf_section; /* "capture.csv" */

struct csv_field {
  char *p;
  size_t n;
};
enum { CSV_FIELDS_MAX = 128 };
/* Cuts a line (without its end) into fields; quotes are taken off in place. Fields beyond max are
 * left out. */
size_t csv_split(char *line, size_t n, char delimiter, struct csv_field *ret, size_t max);

struct csv_layout {
  char delimiter;
  int at[CSV_COLUMN_COUNT_]; /* -1: not there */
  int needed;                /* columns a row must have */
};
/* From the header line (changed in place). PRAC_MALFORMED: it has no time, src or proto; the
 * message names what was looked for. conf may be NULL. */
PRAC_NODISCARD prac_rc csv_layout_of(char *header, size_t n, const struct csv_conf *conf,
                                     struct csv_layout *ret, struct prac_err *reterr);
