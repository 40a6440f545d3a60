/* Any bytes as a flow batch. The checksum is put right first: what it guards must be safe alone. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct flow_batch *b = NULL, *again = NULL;
  uint8_t *copy = malloc(size + 1), *bytes = NULL;
  size_t len = 0;
  if (!copy) return 0;
  memcpy(copy, data, size);
  if (size >= 8) {
    uint32_t check = (uint32_t)prac_hash_bytes(0x7072616374696365u, copy + 8, size - 8);
    memcpy(copy + 4, &check, 4);
  }
  if (flow_batch_decode(copy, size, &b, NULL) == PRAC_OK) {
    struct prac_json j = prac_json_of(0);
    for (uint32_t i = 0; i < b->n && i < 64; i++) flow_row_json(b, i, &j);
    prac_json_done(&j);
    /* what was accepted is written and read back the same */
    if (flow_batch_encode(b, 1, &bytes, &len) != PRAC_OK) abort();
    if (flow_batch_decode(bytes, len, &again, NULL) != PRAC_OK || again->n != b->n) abort();
  }
  flow_batch_unref(&b);
  flow_batch_unref(&again);
  free(bytes);
  free(copy);
  return 0;
}
