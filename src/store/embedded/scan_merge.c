/* Top groups of segments that share sources, as those of several hours do: their rows are taken in
 * the order of their sources, from all of them at once, so that a source's rows are one run again
 * (runs.h). Exact, no set of senders, and no more memory than a few blocks of each segment. Only
 * whole segments, by our own reader. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/runs.h"

/* What a segment that is being read may take: columns of a row group, packed and unpacked. */
enum { STREAM_BYTES = 4 << 20 };

struct stream {
  struct emb_rows rows;
  size_t at; /* its next row, of the block */
};
struct head { /* a stream's next source */
  uint64_t hi, lo;
  struct stream *s;
};
struct merge {
  struct emb_runs *runs;
  struct stream **stream;
  struct head *heap; /* the first is the least */
  size_t n_streams, n;
};

static bool less(const struct head *a, const struct head *b)
{
  return a->hi != b->hi ? a->hi < b->hi : a->lo < b->lo;
}

static void sift_down(struct merge *m, size_t i)
{
  struct head v = m->heap[i];
  for (size_t k; (k = 2 * i + 1) < m->n; i = k) {
    if (k + 1 < m->n && less(&m->heap[k + 1], &m->heap[k])) k++;
    if (!less(&m->heap[k], &v)) break;
    m->heap[i] = m->heap[k];
  }
  m->heap[i] = v;
}

static bool source_is(const struct stream *s, const struct head *h)
{
  return s->rows.value[EMB_ROWS_SRC_LO][s->at] == h->lo &&
         s->rows.value[EMB_ROWS_SRC_HI][s->at] == h->hi;
}

/* PRAC_END: it has no more rows. */
static prac_rc advance(struct stream *s)
{
  if (++s->at < s->rows.n) return PRAC_OK;
  s->at = 0;
  return emb_rows_next(&s->rows);
}

/* The rows of one source in one segment. */
static prac_rc take_source(struct merge *m, const struct head *h)
{
  struct emb_block *b = &m->runs->block;
  struct stream *s = h->s;
  prac_rc rc;
  do {
    if (b->n == EMB_BLOCK) {
      PRAC_TRY(emb_cells_add(&m->runs->cells, b));
      b->n = 0;
    }
    b->key[b->n] = s->rows.key[s->at];
    b->packets[b->n] = s->rows.value[EMB_ROWS_PACKETS][s->at];
    b->bytes[b->n] = s->rows.value[EMB_ROWS_BYTES][s->at];
    emb_runs_source(m->runs, b->n++, h->hi, h->lo);
    rc = advance(s);
  } while (rc == PRAC_OK && source_is(s, h));
  return rc;
}

static void look(struct head *h)
{
  h->hi = h->s->rows.value[EMB_ROWS_SRC_HI][h->s->at];
  h->lo = h->s->rows.value[EMB_ROWS_SRC_LO][h->s->at];
}

static prac_rc take_all(struct merge *m)
{
  for (size_t i = m->n / 2; i-- > 0;) sift_down(m, i);
  while (m->n > 0) {
    prac_rc rc = take_source(m, &m->heap[0]);
    if (rc == PRAC_END)
      m->heap[0] = m->heap[--m->n];
    else if (rc != PRAC_OK)
      return rc;
    else
      look(&m->heap[0]);
    sift_down(m, 0);
  }
  return emb_cells_add(&m->runs->cells, &m->runs->block);
}

static prac_rc open_one(struct merge *m, const char *path)
{
  struct stream *s = calloc(1, sizeof *s);
  if (!s) return PRAC_NOMEM;
  m->stream[m->n_streams++] = s;
  s->rows.by = m->runs->by;
  s->rows.file.fd = -1;
  PRAC_TRY(emb_rows_open(&s->rows, path));
  prac_rc rc = emb_rows_next(&s->rows);
  if (rc != PRAC_OK) return rc == PRAC_END ? PRAC_OK : rc;
  m->heap[m->n].s = s;
  look(&m->heap[m->n++]);
  return PRAC_OK;
}

static prac_rc open_all(struct emb *e, const struct emb_files *f, struct merge *m)
{
  m->stream = calloc(f->n, sizeof(*m->stream));
  m->heap = calloc(f->n, sizeof *m->heap);
  if (!m->runs || !m->stream || !m->heap) return PRAC_NOMEM;
  for (size_t i = 0; i < f->n; i++) {
    char path[EMB_PATH];
    emb_path(e, path, "flows", f->v[i].id);
    PRAC_TRY(open_one(m, path));
  }
  return PRAC_OK;
}

static prac_rc answer(const struct emb_cells *c, const struct store_query *q, store_row *each,
                      void *arg)
{
  struct store_group *g = NULL;
  size_t n = 0;
  PRAC_TRY(emb_cells_groups(c, store_limit(q), &g, &n));
  prac_rc rc = store_groups_emit(q, g, n, each, arg);
  free(g);
  return rc;
}

prac_rc emb_merge_query(struct emb *e, const struct store_query *q, const struct emb_files *f,
                        store_row *each, void *arg, struct prac_err *reterr)
{
  if (f->n > (uint64_t)e->conf.memory_bytes / STREAM_BYTES) return PRAC_UNSUPPORTED;
  for (size_t i = 0; i < f->n; i++)
    if (!emb_runs_whole(q, &f->v[i])) return PRAC_UNSUPPORTED;
  struct merge m = {.runs = emb_runs_new(q->by)};
  prac_rc rc = open_all(e, f, &m);
  if (rc == PRAC_OK) rc = take_all(&m);
  if (rc == PRAC_OK)
    rc = answer(&m.runs->cells, q, each, arg);
  else if (rc != PRAC_UNSUPPORTED)
    (void)PRAC_FAIL(reterr, rc, "no memory for a scan");
  for (size_t i = 0; i < m.n_streams; i++) {
    emb_rows_done(&m.stream[i]->rows);
    free(m.stream[i]);
  }
  free(m.stream);
  free(m.heap);
  emb_runs_free(&m.runs);
  return rc;
}
