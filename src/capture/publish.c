/* What concerns an address and not a packet is added here: once a row, not once a packet. */
#include "capture/publish.h"

#include "capture/marks.h"
#include "capture/tools.h"

/* A row from before its source's label was certain, if the source has it now. */
static inline void late_label(const struct cap_tools *t, struct flow_row *r)
{
  if (PRAC_LIKELY(r->tool || !(r->marks & CAP_MARKS_TOOL))) return;
  enum flow_tool tool = cap_tools_label(t, &r->src);
  if (r->marks & cap_tools_marks(tool)) r->tool = (uint8_t)tool;
}

static void add(uint64_t *count, uint32_t marks, uint64_t packets)
{
  for (; marks; marks &= marks - 1) count[CAP_COUNT_marks + __builtin_ctz(marks)] += packets;
}

/* Completes and counts in one pass. A minute has few different sets of marks: their packets are
 * summed by set, then by mark. */
static void complete(struct cap_publish *p, struct flow_row *rows, uint32_t n)
{
  enum { SETS = 64, AHEAD = 8 };
  struct {
    uint32_t marks;
    uint64_t packets;
  } sets[SETS] = {0};
  for (uint32_t i = 0; i < n; i++) {
    struct flow_row *r = &rows[i];
    if (i + AHEAD < n) cap_origin_prefetch(p->origin, &rows[i + AHEAD].src);
    late_label(p->tools, r);
    cap_origin_fill(p->origin, r);
    uint32_t at = r->marks * 0x9e3779b1u >> 26;
    if (PRAC_UNLIKELY(sets[at].marks != r->marks)) {
      add(p->count, sets[at].marks, sets[at].packets);
      sets[at].marks = r->marks;
      sets[at].packets = 0;
    }
    sets[at].packets += r->packets;
    p->count[CAP_COUNT_tools + r->tool] += r->packets;
  }
  for (int i = 0; i < SETS; i++) add(p->count, sets[i].marks, sets[i].packets);
  p->count[CAP_COUNT_rows] += n;
}

static prac_rc describe(const struct cap_publish *p, struct flow_batch *b)
{
  if (!p->look) return PRAC_OK;
  struct model_strs lists = {0};
  lists.v = lookup_lists(p->look, &lists.n);
  return flow_batch_describe(b, lookup_geo_text(p->look), lists);
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
  complete(p, m->rows, m->n);
  if (p->sink) rc = give(p, m, last);
  m->part++;
  cap_minute_reset(m);
  return rc;
}
