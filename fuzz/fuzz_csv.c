/* The CSV reader: header and rows from bytes, as the source drives them. */
#include <string.h>

#include "capture/csv/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char text[1 << 16];
  struct csv_layout l;
  struct csv_field f[CSV_FIELDS_MAX];
  struct cap_seen seen;
  if (size == 0 || size > sizeof text) return 0;
  memcpy(text, data, size);
  char *p = text, *end = text + size;
  for (int line = 0; p < end; line++) {
    char *stop = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((stop ? stop : end) - p);
    if (line == 0) {
      if (csv_layout_of(p, n, NULL, &l, NULL) != PRAC_OK) return 0;
    } else {
      size_t k = csv_split(p, n, l.delimiter, f, CSV_FIELDS_MAX);
      if (csv_row_read(&l, f, k, &seen) > CSV_GOOD) __builtin_trap();
    }
    p = stop ? stop + 1 : end;
  }
  return 0;
}
