/* model/flow_block.h — inside of a flow batch, for model/flow*.c only: one block owns the columns
 * and the texts; the column table lets the codec walk FLOW_COLUMNS. */
#pragma once
#include "model/flow.h"

enum { FLOW_SENSOR_MAX = 31, FLOW_LISTS_MAX = 4096, FLOW_TEXT_MAX = 255 };

struct flow_column {
  const char *name;
  size_t width, row_offset, batch_offset;
  const char *unit, *help;
};
#define C(type, name, unit, help) +1
enum { FLOW_COLUMN_COUNT = 0 FLOW_COLUMNS(C) };
#undef C
extern const struct flow_column flow_columns[FLOW_COLUMN_COUNT];

struct flow_block {
  uint8_t *columns;   /* 64-aligned */
  char *texts;        /* sensor, geo and list names, each NUL-terminated; ends in a NUL */
  const char **lists; /* into texts */
};
struct flow_block *flow_block_new(size_t column_bytes, size_t text_bytes);
void flow_block_free(struct flow_block *k);
/* An empty batch over k (taken on success): no rows, all columns zero, one reference. */
PRAC_NODISCARD prac_rc flow_batch_frame(struct flow_block *k, struct flow_batch **ret);
/* Row numbers in the order of the contract; malloc'ed, NULL: out of memory. */
uint32_t *flow_order(const struct flow_row *rows, uint32_t n);
size_t flow_column_room(size_t width, size_t n); /* bytes of one column, rounded up to 64 */
void flow_column_set(struct flow_batch *b, const struct flow_column *c, const void *at);
const void *flow_column_at(const struct flow_batch *b, const struct flow_column *c);
