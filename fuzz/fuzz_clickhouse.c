/* An answer of a ClickHouse in pieces of any size: the same rows as in one piece, and no more
 * memory than bytes came in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/clickhouse/clickhouse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static prac_rc add(void *arg, const struct store_flow *f)
{
  uint64_t *sum = arg;
  PRAC_INSIST(strlen(f->sensor) <= STORE_SENSOR_MAX);
  *sum = prac_hash2(*sum, prac_hash_bytes(1, &f->row, sizeof f->row), strlen(f->survey));
  return PRAC_OK;
}

static uint64_t read_in(const uint8_t *data, size_t size, size_t piece)
{
  uint64_t sum = 0;
  struct ch_walk w = {add, &sum};
  struct ch_feed f = {.each = ch_flow_row, .arg = &w};
  for (size_t at = 0; at < size; at += piece)
    ch_feed_take(&f, data + at, size - at < piece ? size - at : piece);
  PRAC_INSIST(f.rc == PRAC_OK && f.buf.n <= size);
  ch_buf_done(&f.buf);
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  size_t piece = size ? data[0] % 64 + 1u : 1;
  PRAC_INSIST(read_in(data, size, piece) == read_in(data, size, size + 1));
  return 0;
}
