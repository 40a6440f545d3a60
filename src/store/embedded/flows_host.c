/* One sender's history: of each row group that can hold it, the rows it has, and only the columns
 * that the history needs. */
#include <pthread.h>
#include <stdlib.h>

#include "store/embedded/flows.h"

struct history {
  const struct store_query *q;
  struct emb *e;
  struct emb_find find;
  const struct emb_sources *sources;
  pthread_mutex_t lock;
  struct store_host *host;
};
struct part { /* one thread's: rows of a group */
  struct history *h;
  uint32_t *row;
  struct store_flow *flow;
  size_t n, cap;
};

static struct emb_times still(void *to)
{
  const struct part *p = to;
  return (struct emb_times){p->h->find.from_ms, p->h->find.to_ms - 1};
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

static prac_rc add(struct part *p)
{
  prac_rc rc = PRAC_OK;
  pthread_mutex_lock(&p->h->lock);
  for (size_t i = 0; i < p->n && rc == PRAC_OK; i++) rc = store_host_add(p->h->host, &p->flow[i]);
  pthread_mutex_unlock(&p->h->lock);
  p->n = 0;
  return rc;
}

static prac_rc take_group(struct part *p, struct emb_reader *r, size_t group)
{
  const struct emb_ask ask = {&p->h->find, still, hit, p};
  PRAC_TRY(emb_find_rows(r, group, &ask));
  if (p->n == 0) return PRAC_OK;
  PRAC_TRY(emb_take_rows(r, group, p->h->find.want, p->row, p->n, p->flow));
  return add(p);
}

static prac_rc take_batch(struct part *p, const struct emb_source *s)
{
  struct flow_batch *b = NULL;
  prac_rc rc = emb_batch_read(p->h->e, &s->place, &b);
  for (uint32_t i = 0; b && i < b->n && rc == PRAC_OK; i++) {
    struct store_flow f;
    emb_flow_of(b, i, &f);
    if (!store_flow_match(p->h->q, &f)) continue;
    rc = room(p);
    if (rc == PRAC_OK) p->flow[p->n++] = f;
  }
  if (rc == PRAC_OK) rc = add(p);
  flow_batch_unref(&b);
  return rc;
}

static prac_rc take(void *to, struct emb_reader *r, size_t i)
{
  struct part *p = to;
  const struct emb_source *s = &p->h->sources->v[i];
  char path[EMB_PATH];
  if (s->id == 0) return take_batch(p, s);
  emb_path(p->h->e, path, "flows", s->id);
  prac_rc rc = emb_reader_open(r, path);
  for (size_t g = 0; rc == PRAC_OK && g < r->file.n_groups; g++) rc = take_group(p, r, g);
  emb_reader_close(r);
  return rc;
}

static prac_rc go(struct history *h, struct emb_crew *c, store_row *each, void *arg)
{
  prac_rc rc = h->host ? PRAC_OK : PRAC_NOMEM;
  for (size_t k = 0; k < c->n && rc == PRAC_OK; k++) {
    struct part *p = c->to[k] = calloc(1, sizeof *p);
    if (p)
      p->h = h;
    else
      rc = PRAC_NOMEM;
  }
  if (rc == PRAC_OK) rc = emb_crew_run(c, h->sources->n, take);
  if (rc == PRAC_OK) rc = store_host_emit(h->host, h->q, each, arg);
  for (size_t k = 0; k < c->n; k++) {
    struct part *p = c->to[k];
    if (p) free(p->row), free(p->flow);
    free(p);
  }
  return rc;
}

prac_rc emb_flows_host(struct emb *e, const struct store_query *q, struct emb_sources *s,
                       store_row *each, void *arg)
{
  struct emb_crew crew;
  struct history h = {.q = q, .e = e, .sources = s, .host = store_host_new()};
  (void)pthread_mutex_init(&h.lock, NULL);
  emb_find_init(&h.find, q, EMB_WANT_HOST);
  prac_rc rc = emb_crew_new(e, s->n, &crew);
  if (rc == PRAC_OK) rc = go(&h, &crew, each, arg);
  emb_crew_done(&crew);
  store_host_free(&h.host);
  pthread_mutex_destroy(&h.lock);
  return rc;
}
