/* Bytes from a bus client, and bytes of a log segment: whatever they are, reading stays inside them
 * and what is accepted can be written again. */
#include <stdlib.h>

#include "bus/local/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct bus_frame f;
  struct bus_entry e;
  size_t used, at = 0;
  while (bus_frame_read(data + at, size - at, &f, &used) == PRAC_OK) {
    size_t cap = bus_frame_size(&f);
    uint8_t *out = malloc(cap);
    struct prac_wr w = prac_wr_of(out, cap);
    if (!out || used > size - at || bus_frame_write(&f, &w) != PRAC_OK || prac_wr_len(&w) != used)
      __builtin_trap();
    free(out);
    at += used;
  }
  if (bus_entry_read(data, size, &e) == PRAC_OK && bus_entry_size(&e) > size) __builtin_trap();
  return 0;
}
