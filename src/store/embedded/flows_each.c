/* All rows that a question means: of each row group that can hold some, those, and only the columns
 * that the answer needs. */
#include <pthread.h>
#include <stdlib.h>

#include "store/embedded/flows.h"

struct walk {
  struct emb *e;
  struct emb_find find;
  const struct emb_sources *sources;
  pthread_mutex_t lock;
  emb_some *some;
  void *to;
};
struct part { /* one thread's: rows of a group */
  struct walk *w;
  uint32_t *row;
  struct store_flow *flow;
  size_t n, cap;
};

static struct emb_times still(void *to)
{
  const struct part *p = to;
  return (struct emb_times){p->w->find.from_ms, p->w->find.to_ms - 1};
}

static prac_rc room(struct part *p)
{
  if (p->n < p->cap) return PRAC_OK;
  size_t cap = p->cap ? p->cap * 2 : EMB_BLOCK;
  uint32_t *row = realloc(p->row, cap * sizeof *row);
  if (row) p->row = row;
  struct store_flow *flow = row ? realloc(p->flow, cap * sizeof *flow) : NULL;
  if (!flow) return PRAC_NOMEM;
  p->flow = flow;
  p->cap = cap;
  return PRAC_OK;
}

static prac_rc hit(void *to, int64_t at_ms, uint32_t row)
{
  struct part *p = to;
  (void)at_ms;
  PRAC_TRY(room(p));
  p->row[p->n++] = row;
  return PRAC_OK;
}

static prac_rc hand_over(struct part *p)
{
  if (p->n == 0) return PRAC_OK;
  pthread_mutex_lock(&p->w->lock);
  prac_rc rc = p->w->some(p->w->to, p->flow, p->n);
  pthread_mutex_unlock(&p->w->lock);
  p->n = 0;
  return rc;
}

static prac_rc take_group(struct part *p, struct emb_reader *r, size_t group)
{
  const struct emb_ask ask = {&p->w->find, still, hit, p};
  PRAC_TRY(emb_find_rows(r, group, &ask));
  if (p->n > 0) PRAC_TRY(emb_take_rows(r, group, p->w->find.want, p->row, p->n, p->flow));
  return hand_over(p);
}

static prac_rc take_batch(struct part *p, const struct emb_source *s)
{
  struct flow_batch *b = NULL;
  prac_rc rc = emb_batch_read(p->w->e, &s->place, &b);
  for (uint32_t i = 0; b && i < b->n && rc == PRAC_OK; i++) {
    struct store_flow f;
    emb_flow_of(b, i, &f);
    if (!store_flow_match(p->w->find.q, &f)) continue;
    rc = room(p);
    if (rc == PRAC_OK) p->flow[p->n++] = f;
  }
  if (rc == PRAC_OK) rc = hand_over(p);
  flow_batch_unref(&b);
  return rc;
}

static prac_rc take(void *to, struct emb_reader *r, size_t i)
{
  struct part *p = to;
  const struct emb_source *s = &p->w->sources->v[i];
  char path[EMB_PATH];
  if (!s->segment) return take_batch(p, s);
  emb_path(p->w->e, path, "flows", s->id);
  prac_rc rc = emb_reader_open(r, path);
  for (size_t g = 0; rc == PRAC_OK && g < r->file.n_groups; g++) rc = take_group(p, r, g);
  emb_reader_close(r);
  return rc;
}

prac_rc emb_flows_each(struct emb *e, const struct store_query *q, uint32_t want,
                       const struct emb_sources *s, emb_some *some, void *to)
{
  struct part part[EMB_LANES] = {0};
  struct emb_crew crew;
  struct walk w = {.e = e, .sources = s, .some = some, .to = to};
  (void)pthread_mutex_init(&w.lock, NULL);
  emb_find_init(&w.find, q, want);
  prac_rc rc = emb_crew_new(e, s->n, &crew);
  for (size_t k = 0; k < crew.n; k++) {
    part[k].w = &w;
    crew.to[k] = &part[k];
  }
  if (rc == PRAC_OK) rc = emb_crew_run(&crew, s->n, take);
  for (size_t k = 0; k < EMB_LANES; k++) {
    free(part[k].row);
    free(part[k].flow);
  }
  emb_crew_done(&crew);
  pthread_mutex_destroy(&w.lock);
  return rc;
}

/* ---- one sender's history ---- */
static prac_rc keep_acts(void *to, const struct store_flow *f, size_t n)
{
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = store_host_add(to, &f[i]);
  return rc;
}

prac_rc emb_flows_host(struct emb *e, const struct store_query *q, struct emb_sources *s,
                       store_row *each, void *arg)
{
  struct store_host *h = store_host_new();
  prac_rc rc = h ? emb_flows_each(e, q, EMB_WANT_HOST, s, keep_acts, h) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = store_host_emit(h, q, each, arg);
  store_host_free(&h);
  return rc;
}
