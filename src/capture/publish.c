/* What concerns an address and not a packet is added here: once a row, not once a packet. */
#include "capture/publish.h"

#include "capture/marks.h"
#include "capture/tools.h"

static void complete(struct cap_publish *p, struct flow_row *rows, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) cap_origin_fill(p->origin, &rows[i]);
}

/* Rows from before their source's label was certain, if the source has it now. */
static void spread_labels(const struct cap_tools *t, struct flow_row *rows, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    if (PRAC_LIKELY(rows[i].tool || !(rows[i].marks & CAP_MARKS_TOOL))) continue;
    enum flow_tool tool = cap_tools_label(t, &rows[i].src);
    if (rows[i].marks & cap_tools_marks(tool)) rows[i].tool = (uint8_t)tool;
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
  spread_labels(p->tools, m->rows, m->n);
  complete(p, m->rows, m->n);
  tally(p->count, m->rows, m->n);
  if (p->sink) rc = give(p, m, last);
  m->part++;
  cap_minute_reset(m);
  return rc;
}
