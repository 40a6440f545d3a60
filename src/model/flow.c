/* Flow batches in memory: columns in one block, shared by reference. The binary form is in
 * flow_binary.c, the JSON form in flow_json.c. */
#include "model/flow.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "model/flow_block.h"

const struct flow_column flow_columns[] = {
#define C(type, name, unit, help)                                                                  \
  {#name, sizeof(type), offsetof(struct flow_row, name), offsetof(struct flow_batch, name),        \
   unit,  help},
    FLOW_COLUMNS(C)
#undef C
};

struct flow_block *flow_block_new(size_t column_bytes, size_t text_bytes)
{
  struct flow_block *k = calloc(1, sizeof *k);
  if (!k) return NULL;
  k->columns = aligned_alloc(64, (column_bytes + 127) & ~(size_t)63);
  k->texts = calloc(1, text_bytes + 1);
  if (k->columns && k->texts) return k;
  flow_block_free(k);
  return NULL;
}

void flow_block_free(struct flow_block *k)
{
  if (!k) return;
  free(k->columns);
  free(k->texts);
  free(k->lists);
  free(k);
}

static const uint8_t zeros_[64];

prac_rc flow_batch_frame(struct flow_block *k, struct flow_batch **ret)
{
  struct flow_batch *b = calloc(1, sizeof *b);
  if (!b) return PRAC_NOMEM;
  b->block = k;
  b->sensor = b->geo = k->texts;
  atomic_init(&b->refs, 1);
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++) flow_column_set(b, &flow_columns[i], zeros_);
  *ret = b;
  return PRAC_OK;
}

void flow_column_set(struct flow_batch *b, const struct flow_column *c, const void *at)
{
  memcpy((char *)b + c->batch_offset, &at, sizeof at);
}

const void *flow_column_at(const struct flow_batch *b, const struct flow_column *c)
{
  const void *at;
  memcpy(&at, (const char *)b + c->batch_offset, sizeof at);
  return at;
}

size_t flow_column_room(size_t width, size_t n)
{
  return (width * n + 63) & ~(size_t)63;
}

/* Row by row, each to its place in every column: a row is read once, columns are written as
 * streams.
 */
static void fill_columns(struct flow_batch *b, uint8_t *at, const struct flow_row *rows,
                         const uint32_t *order)
{
  enum { AHEAD = 12 }; /* rows fetched before they are needed: their order is random in memory */
#define C(type, name, unit, help)                                                                  \
  type *name = (type *)(void *)at;                                                                 \
  b->name = name;                                                                                  \
  at += flow_column_room(sizeof(type), b->n);
  FLOW_COLUMNS(C)
#undef C
  for (uint32_t i = 0; i < b->n; i++) {
    const struct flow_row *r = &rows[order[i]];
    if (i + AHEAD < b->n) __builtin_prefetch(&rows[order[i + AHEAD]]);
#define C(type, name, unit, help) name[i] = r->name;
    FLOW_COLUMNS(C)
#undef C
  }
}

prac_rc flow_batch_new(const char *sensor, prac_time minute, const struct flow_row *rows,
                       uint32_t n, struct flow_batch **ret)
{
  size_t total = 0, len = strlen(sensor);
  if (n > FLOW_BATCH_MAX || len == 0 || len > FLOW_SENSOR_MAX) return PRAC_RANGE;
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++)
    total += flow_column_room(flow_columns[i].width, n);
  struct flow_block *k = flow_block_new(total, len);
  uint32_t *order = flow_order(rows, n);
  struct flow_batch *b = NULL;
  if (!k || !order || flow_batch_frame(k, &b) != PRAC_OK) {
    flow_block_free(k);
    free(order);
    return PRAC_NOMEM;
  }
  memcpy(k->texts, sensor, len);
  b->geo = k->texts + len; /* the NUL */
  b->minute = minute;
  b->n = n;
  b->last = true;
  fill_columns(b, k->columns, rows, order);
  free(order);
  *ret = b;
  return PRAC_OK;
}

prac_rc flow_batch_describe(struct flow_batch *b, const char *geo, struct model_strs lists)
{
  struct flow_block *k = b->block;
  size_t len = strlen(b->sensor) + strlen(geo) + 2;
  for (uint32_t i = 0; i < lists.n; i++) len += strlen(lists.v[i]) + 1;
  char *texts = calloc(1, len), *at = texts;
  const char **list = lists.n ? calloc(lists.n, sizeof *list) : NULL;
  if (!texts || (lists.n && !list)) {
    free(texts);
    free(list);
    return PRAC_NOMEM;
  }
  const char *sensor = at;
  at = stpcpy(at, b->sensor) + 1;
  b->geo = at;
  at = stpcpy(at, geo) + 1;
  for (uint32_t i = 0; i < lists.n; i++) {
    list[i] = at;
    at = stpcpy(at, lists.v[i]) + 1;
  }
  b->sensor = sensor;
  b->lists = (struct model_strs){list, lists.n};
  free(k->texts);
  free(k->lists);
  k->texts = texts;
  k->lists = list;
  return PRAC_OK;
}

static void column_without(const struct flow_batch *b, const uint8_t *drop, size_t width,
                           const void *from, void *to)
{
  uint8_t *at = to;
  for (uint32_t i = 0; i < b->n;) { /* runs of kept rows */
    while (i < b->n && drop[i]) i++;
    uint32_t run = i;
    while (i < b->n && !drop[i]) i++;
    memcpy(at, (const uint8_t *)from + run * width, (i - run) * width);
    at += (i - run) * width;
  }
}

prac_rc flow_batch_without(const struct flow_batch *b, const uint8_t *drop, struct flow_batch **ret)
{
  uint32_t n = 0;
  size_t total = 0;
  for (uint32_t i = 0; i < b->n; i++) n += !drop[i];
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++)
    total += flow_column_room(flow_columns[i].width, n);
  size_t len = strlen(b->sensor);
  struct flow_block *k = flow_block_new(total, len);
  struct flow_batch *own = NULL;
  if (!k || flow_batch_frame(k, &own) != PRAC_OK) {
    flow_block_free(k);
    return PRAC_NOMEM;
  }
  memcpy(k->texts, b->sensor, len);
  own->geo = k->texts + len;
  own->minute = b->minute;
  own->part = b->part;
  own->last = b->last;
  own->n = n;
  uint8_t *at = k->columns;
  for (size_t i = 0; i < FLOW_COLUMN_COUNT; i++) {
    const struct flow_column *c = &flow_columns[i];
    column_without(b, drop, c->width, flow_column_at(b, c), at);
    flow_column_set(own, c, at);
    at += flow_column_room(c->width, n);
  }
  prac_rc rc = flow_batch_describe(own, b->geo, b->lists);
  if (rc != PRAC_OK)
    flow_batch_unref(&own);
  else
    *ret = own;
  return rc;
}

struct flow_batch *flow_batch_ref(struct flow_batch *b)
{
  atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
  return b;
}

void flow_batch_unref(struct flow_batch **bp)
{
  struct flow_batch *b = bp ? *bp : NULL;
  if (!b) return;
  *bp = NULL;
  if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
  flow_block_free(b->block);
  free(b);
}

struct flow_row flow_batch_row(const struct flow_batch *b, uint32_t i)
{
  struct flow_row r;
  memset(&r, 0, sizeof r); /* padding too: rows are compared and hashed as bytes */
#define C(type, name, unit, help) r.name = b->name[i];
  FLOW_COLUMNS(C)
#undef C
  return r;
}

const char *flow_tool_text(enum flow_tool t)
{
  static const char *const text[] = {
#define X(name, word) word,
      FLOW_TOOLS(X)
#undef X
  };
  return (unsigned)t < FLOW_TOOL_COUNT_ ? text[t] : "";
}

const char *flow_mark_text(unsigned bit)
{
  switch (bit) {
#define X(name, at, word, help)                                                                    \
  case at:                                                                                         \
    return word;
    FLOW_MARKS(X)
#undef X
  default:
    return NULL;
  }
}
