/* What concerns an address and not a packet is added here, once the rows of one source lie
 * together. */
#include "capture/publish.h"

#include "capture/tools.h"

static void complete(struct cap_publish *p, struct flow_row *rows, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) cap_origin_fill(p->origin, &rows[i]);
}

/* Rows of a source from before its label was certain, in the same part of the same minute. */
static void spread_labels(struct flow_row *rows, uint32_t n)
{
  for (uint32_t i = 0, j; i < n; i = j) {
    enum flow_tool tool = FLOW_TOOL_NONE;
    for (j = i; j < n && prac_ip_eq(&rows[j].src, &rows[i].src); j++)
      if (tool == FLOW_TOOL_NONE) tool = (enum flow_tool)rows[j].tool;
    if (tool == FLOW_TOOL_NONE) continue;
    uint32_t marks = cap_tools_marks(tool);
    for (uint32_t r = i; r < j; r++)
      if (!rows[r].tool && (rows[r].marks & marks)) rows[r].tool = (uint8_t)tool;
  }
}

static void tally(uint64_t *count, const struct flow_row *rows, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t m = rows[i].marks; m; m &= m - 1)
      count[CAP_COUNT_marks + __builtin_ctz(m)] += rows[i].packets;
    count[CAP_COUNT_tools + rows[i].tool] += rows[i].packets;
  }
  count[CAP_COUNT_rows] += n;
}

/* Until lookup/ is there. */
static prac_rc describe(const struct cap_publish *p, struct flow_batch *b)
{
  (void)p;
  (void)b;
  return PRAC_OK;
}

static prac_rc give(struct cap_publish *p, const struct cap_minute *m, bool last)
{
  struct flow_batch *b;
  PRAC_TRY(flow_batch_new(p->sensor, m->start, m->rows, m->n, &b));
  b->part = m->part;
  b->last = last;
  prac_rc rc = describe(p, b);
  if (rc != PRAC_OK) {
    flow_batch_unref(&b);
    return rc;
  }
  p->count[CAP_COUNT_batches]++;
  return p->sink(p->arg, b);
}

prac_rc cap_publish(struct cap_publish *p, struct cap_minute *m, bool last)
{
  prac_rc rc = PRAC_OK;
  if (p->sink) {
    flow_rows_sort(m->rows, m->n);
    spread_labels(m->rows, m->n);
  }
  complete(p, m->rows, m->n);
  tally(p->count, m->rows, m->n);
  if (p->sink) rc = give(p, m, last);
  m->part++;
  cap_minute_reset(m);
  return rc;
}
