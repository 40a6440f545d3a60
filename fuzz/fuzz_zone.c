/* TZif files: whatever is taken gives an offset of less than two days for every moment. */
#include <stdint.h>

#include "notify/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const int64_t years[] = {-200, 0, 40, 56, 70, 200};
  struct note_zone z;
  if (note_zone_parse(data, size, &z) != PRAC_OK) return 0;
  PRAC_INSIST(z.n <= NOTE_ZONE_TIMES);
  for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
    int64_t s = note_zone_offset_s(&z, years[i] * 365 * PRAC_DAY);
    PRAC_INSIST(s > -48 * 3600 && s < 48 * 3600);
    char out[PRAC_TIME_TEXT];
    PRAC_INSIST(note_zone_text(out, years[i] * 365 * PRAC_DAY, s)[0]);
  }
  return 0;
}
