/* Compaction: which hours leave the log. An hour that is over becomes segments; an hour with few
 * rows waits for its day. */
#include <stdlib.h>

#include "store/embedded/embedded.h"

enum { LATE_NS_MIN = 2 };

static prac_rc compact_span(struct emb *e, struct prac_span span, struct prac_err *reterr)
{
  struct emb_hot h = {0};
  prac_rc rc = emb_hot_read(e, span, NULL, &h, reterr);
  if (rc == PRAC_OK && h.rows > 0) rc = emb_segments_write(e, &h, reterr);
  emb_hot_done(&h);
  return rc;
}

/* ---- which hours are due ---- */
struct slot {
  prac_time start;
  int64_t rows;
};
struct slots {
  struct slot *v;
  size_t n;
};

static prac_rc hot_slots(struct emb *e, int64_t slot_ns, struct slots *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  PRAC_TRY(emb_stmt(e, EMB_HOT_SLOTS, &s, reterr));
  sqlite3_bind_int64(s, 1, slot_ns);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    struct slot *v = realloc(ret->v, (ret->n + 1) * sizeof *v);
    if (!v) {
      sqlite3_reset(s);
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to compact");
    }
    ret->v = v;
    ret->v[ret->n++] = (struct slot){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
  }
  return rc;
}

static bool due(const struct emb *e, const struct slot *s, int64_t slot_ns, prac_time now)
{
  bool over = s->start + slot_ns + LATE_NS_MIN * PRAC_MIN <= now;
  if (slot_ns == PRAC_DAY) return over;
  return s->rows >= e->conf.flush_rows || (over && s->rows >= e->conf.small_rows);
}

static prac_rc compact_due(struct emb *e, int64_t slot_ns, prac_time now, struct prac_err *reterr)
{
  struct slots l = {0};
  prac_rc rc = hot_slots(e, slot_ns, &l, reterr);
  for (size_t i = 0; i < l.n && rc == PRAC_OK; i++)
    if (due(e, &l.v[i], slot_ns, now))
      rc = compact_span(e, (struct prac_span){l.v[i].start, l.v[i].start + slot_ns}, reterr);
  free(l.v);
  return rc;
}

/* A minute without packets is a batch without rows: nothing to write, but its bytes would keep a
 * file of the log. The catalogue goes on telling of it. */
static prac_rc drop_empty(struct emb *e, prac_time now, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_stmt(e, EMB_EMPTY_MOVED, &s, reterr));
  sqlite3_bind_int64(s, 1, now - PRAC_HOUR - LATE_NS_MIN * PRAC_MIN);
  return emb_step(e, s, &row, reterr);
}

prac_rc emb_maintain(void *st, prac_time now, struct prac_err *reterr)
{
  struct emb *e = st;
  if (e->read_only) return PRAC_FAIL(reterr, PRAC_DENIED, "%s is open for reading only", e->dir);
  PRAC_TRY(compact_due(e, PRAC_HOUR, now, reterr));
  PRAC_TRY(compact_due(e, PRAC_DAY, now, reterr));
  PRAC_TRY(drop_empty(e, now, reterr));
  PRAC_TRY(emb_rolls_merge(e, now, reterr));
  PRAC_TRY(emb_rolls_derive(e, now, reterr));
  PRAC_TRY(emb_retain(e, now, reterr));
  PRAC_TRY(emb_log_sweep(e, reterr));
  return emb_segments_sweep(e, reterr);
}
