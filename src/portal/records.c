/* Records out of the store, fit to leave: one after the other, or in chunks for a view that decides
 * by more than a question can ask for. */
#include <string.h>

#include "access/gate.h"
#include "portal/job.h"
#include "portal/record.h"

prac_rc portal_records(struct portal_job *j, struct store *s, const struct store_query *q,
                       portal_record_fn *each, void *arg, struct prac_err *reterr)
{
  return access_gate_records(s, q, j->arena, each, arg, reterr);
}

const struct store_value *portal_value(const char *name, const struct store_col *cols, size_t n,
                                       const struct store_value *v)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(cols[i].name, name) == 0) return &v[i];
  return NULL;
}

struct kept {
  const char *what;
  struct prac_span span;
};

static prac_rc take_kept(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct kept *k = arg;
  const struct store_value *what = portal_value("what", cols, n, v),
                           *from = portal_value("from", cols, n, v),
                           *to = portal_value("to", cols, n, v);
  if (what && from && to && strcmp(what->s, k->what) == 0)
    k->span = (struct prac_span){from->t, to->t};
  return PRAC_OK;
}

prac_rc portal_kept(struct store *s, const char *what, struct prac_span *ret,
                    struct prac_err *reterr)
{
  struct kept k = {what, {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  const struct store_query q = {.what = STORE_KEPT};
  PRAC_TRY(s->ops->query(s->st, &q, take_kept, &k, reterr));
  *ret = k.span;
  return PRAC_OK;
}

prac_rc portal_span(struct store *s, struct prac_span asked, int64_t usual_ns,
                    struct prac_span *ret, struct prac_err *reterr)
{
  struct prac_span hours;
  PRAC_TRY(portal_kept(s, "hours", &hours, reterr));
  if (asked.to == PRAC_TIME_NONE) asked.to = hours.to != PRAC_TIME_NONE ? hours.to : usual_ns;
  if (asked.from == PRAC_TIME_NONE) asked.from = asked.to - usual_ns;
  if (asked.from >= asked.to)
    return PRAC_FAIL(reterr, PRAC_RANGE, "the time span ends before it begins");
  *ret = asked;
  return PRAC_OK;
}

/* ---- in chunks ---- */

enum { CHUNKS_MAX = 50 };
struct chunk {
  const void *v[PORTAL_CHUNK];
  size_t n;
};

static prac_rc keep_one(void *arg, const void *rec, bool *keep)
{
  struct chunk *c = arg;
  *keep = true;
  c->v[c->n++] = rec;
  return PRAC_OK;
}

prac_rc portal_scan(struct portal_job *j, struct store *s, struct store_query q,
                    portal_chunk_fn *each, void *arg, struct prac_err *reterr)
{
  struct chunk c;
  struct prac_arena_mark m = prac_arena_mark(j->arena);
  q.limit = PORTAL_CHUNK;
  for (int i = 0; i < CHUNKS_MAX; i++) {
    c.n = 0;
    PRAC_TRY(portal_records(j, s, &q, keep_one, &c, reterr));
    PRAC_TRY(each(arg, c.v, c.n, reterr));
    if (c.n < PORTAL_CHUNK) return PRAC_OK;
    const void *last = c.v[PORTAL_CHUNK - 1];
    rows_cursor(&j->rows, store_record_at(q.kind, last), store_record_key(q.kind, last));
    prac_arena_rewind(j->arena, m);
    PRAC_TRY(rows_cursor_read(j->rows.next, j->arena, &q, reterr));
  }
  j->rows.truncated = true;
  return PRAC_OK;
}
