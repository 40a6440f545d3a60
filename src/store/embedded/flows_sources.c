/* Where rows can stand: the catalogue's segments, and the batches of the log, in the order of time
 * that is asked for. A batch is read when its turn comes. */
#include <stdlib.h>

#include "store/embedded/flows.h"

static prac_rc add(struct emb_sources *s, struct emb_source v)
{
  if (s->n == s->cap) {
    size_t cap = s->cap ? s->cap * 2 : 64;
    struct emb_source *more = realloc(s->v, cap * sizeof *more);
    if (!more) return PRAC_NOMEM;
    s->v = more;
    s->cap = cap;
  }
  s->v[s->n++] = v;
  return PRAC_OK;
}

static prac_rc add_batches(struct emb *e, const struct store_query *q, struct emb_sources *s,
                           struct prac_err *reterr)
{
  sqlite3_stmt *st;
  bool row;
  struct prac_span span = emb_minutes(q);
  PRAC_TRY(emb_stmt(e, EMB_HOT, &st, reterr));
  sqlite3_bind_int64(st, 1, span.from);
  sqlite3_bind_int64(st, 2, span.to);
  emb_bind_text(st, 3, q->sensor);
  sqlite3_bind_int(st, 4, 0);
  prac_rc rc;
  while ((rc = emb_step(e, st, &row, reterr)) == PRAC_OK && row) {
    struct emb_source v = {.id = sqlite3_column_int64(st, 0),
                           .place = {sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2),
                                     sqlite3_column_int64(st, 3)}};
    v.span.from = sqlite3_column_int64(st, 4);
    v.span.to = v.span.from + PRAC_MIN;
    if (add(s, v) != PRAC_OK) {
      rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan");
      break;
    }
  }
  sqlite3_reset(st);
  return rc;
}

static int order(int64_t a, int64_t b)
{
  return a < b ? -1 : a > b;
}

static int newest(const void *pa, const void *pb)
{
  const struct emb_source *a = pa, *b = pb;
  return order(b->span.to, a->span.to);
}

static int oldest(const void *pa, const void *pb)
{
  const struct emb_source *a = pa, *b = pb;
  return order(a->span.from, b->span.from);
}

prac_rc emb_sources_list(struct emb *e, const struct store_query *q, const struct emb_files *f,
                         struct emb_sources *ret, struct prac_err *reterr)
{
  for (size_t i = 0; i < f->n; i++) {
    struct emb_source v = {.id = f->v[i].id, .segment = true, .span = f->v[i].span};
    if (add(ret, v) != PRAC_OK) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan");
  }
  PRAC_TRY(add_batches(e, q, ret, reterr));
  if (ret->n > 1) qsort(ret->v, ret->n, sizeof *ret->v, q->oldest_first ? oldest : newest);
  return PRAC_OK;
}

void emb_sources_done(struct emb_sources *s)
{
  for (size_t i = 0; i < s->n; i++) flow_batch_unref(&s->v[i].batch);
  free(s->v);
  *s = (struct emb_sources){0};
}
