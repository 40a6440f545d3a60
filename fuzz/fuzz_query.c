/* Query words from a command line or an address bar: taken whole or refused with a sentence; what
 * is taken holds only what the SQL may be made from. And roll-up bytes, which a disk may have
 * changed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/roll.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rolls(const uint8_t *data, size_t size)
{
  struct store_roll_sum *s = store_roll_sum_new();
  size_t cut = size ? data[0] % (size + 1) : 0;
  if (!s) return;
  if (store_roll_sum_add(s, data, cut, data + cut, size - cut) == PRAC_OK) {
    struct store_roll_blob b;
    if (store_roll_sum_blob(s, true, &b) == PRAC_OK) store_roll_blob_done(&b);
  }
  store_roll_sum_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0 || size > 1 << 16) return 0;
  if (data[0] < ' ') {
    rolls(data + 1, size - 1);
    return 0;
  }
  char *words = malloc(size + 1);
  struct prac_arena *a = prac_arena_new(256);
  struct store_query q;
  struct prac_err err = {0};
  if (!words || !a) abort();
  memcpy(words, data, size);
  words[size] = 0;
  if (store_query_parse(words, &q, a, &err) == PRAC_OK) {
    if (q.sensor && !store_sensor_ok(q.sensor)) abort();
    if (q.country && (strlen(q.country) != 2 || q.country[0] < 'A' || q.country[1] > 'Z')) abort();
    struct store_plan p;
    if (store_plan(&q, &p) && p.span.to < p.span.from) abort();
  } else if (err.text[0] == 0) {
    abort();
  }
  prac_arena_free(&a);
  free(words);
  return 0;
}
