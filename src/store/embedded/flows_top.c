/* The newest or the oldest rows. Segments are sorted by sender, so the last minute of an hour is in
 * all of its row groups: a first walk reads only what says when a row was and whether it is wanted,
 * and keeps the places of the best `limit`; a second one reads those rows whole. What has the best
 * times comes first, and whatever lies beyond the worst that is kept is passed over: a minute by
 * its column, a segment or batch by the catalogue. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/flows.h"

enum { PICKS_FIRST = 4096 };
struct pick {
  int64_t key; /* when, in ms; negative for newest first: the least is the best */
  uint32_t source, group, row;
};
struct top {
  const struct store_query *q;
  struct emb *e;
  struct emb_find find;
  struct emb_sources *sources;
  _Atomic int64_t edge; /* keys beyond it are not wanted */
  size_t limit;
  struct pick *pick; /* second walk: by place */
  size_t n_picks;
  struct store_flow *flow; /* of each pick */
  size_t *begin;           /* where the picks of each source begin, n_begins + 1 of them */
  size_t n_begins;
};
struct part { /* what one thread keeps */
  struct top *t;
  struct pick *v;
  size_t n, cap;
  uint32_t source, group;
};

/* ---- the first walk: places ---- */
static int order(int64_t a, int64_t b)
{
  return a < b ? -1 : a > b;
}

static int by_key(const void *pa, const void *pb)
{
  const struct pick *a = pa, *b = pb;
  return order(a->key, b->key);
}

static void lower_edge(struct top *t, int64_t key)
{
  int64_t was = atomic_load(&t->edge);
  while (key < was && !atomic_compare_exchange_weak(&t->edge, &was, key)) continue;
}

/* The best `limit`, and those of the same time as the last of them. */
static size_t cut(struct top *t, struct pick *v, size_t n)
{
  if (n > 1) qsort(v, n, sizeof *v, by_key);
  if (n <= t->limit) return n;
  int64_t edge = v[t->limit - 1].key;
  size_t left = t->limit;
  while (left < n && v[left].key == edge) left++;
  lower_edge(t, edge);
  return left;
}

static prac_rc room(struct part *p)
{
  if (p->n < p->cap) return PRAC_OK;
  if (p->cap >= 2 * p->t->limit) p->n = cut(p->t, p->v, p->n);
  if (p->n <= p->cap / 2 && p->cap > 0) return PRAC_OK;
  size_t cap = p->cap ? p->cap * 2 : PICKS_FIRST;
  if (cap > (uint64_t)p->t->e->conf.memory_bytes / EMB_LANES / sizeof *p->v)
    return PRAC_UNSUPPORTED;
  struct pick *v = realloc(p->v, cap * sizeof *v);
  if (!v) return PRAC_NOMEM;
  p->v = v;
  p->cap = cap;
  return PRAC_OK;
}

static prac_rc hit(void *to, int64_t at_ms, uint32_t row)
{
  struct part *p = to;
  PRAC_TRY(room(p));
  p->v[p->n++] = (struct pick){p->t->q->oldest_first ? at_ms : -at_ms, p->source, p->group, row};
  return PRAC_OK;
}

static struct emb_times still(void *to)
{
  const struct part *p = to;
  int64_t edge = atomic_load(&p->t->edge);
  struct emb_times t = {p->t->find.from_ms, p->t->find.to_ms - 1};
  if (p->t->q->oldest_first && edge < t.hi) t.hi = edge;
  if (!p->t->q->oldest_first && -edge > t.lo) t.lo = -edge;
  return t;
}

static prac_rc walk_batch(struct part *p, struct emb_source *s)
{
  size_t had = 0;
  PRAC_TRY(emb_batch_read(p->t->e, &s->place, &s->batch));
  for (uint32_t i = 0; s->batch && i < s->batch->n; i++) {
    struct emb_times t = still(p);
    int64_t at = s->batch->minute / PRAC_MS + s->batch->first_ms[i];
    struct store_flow f;
    if (at < t.lo || at > t.hi) continue;
    emb_flow_of(s->batch, i, &f);
    if (!store_flow_match(p->t->q, &f)) continue;
    PRAC_TRY(hit(p, at, i));
    had++;
  }
  if (had == 0) flow_batch_unref(&s->batch);
  return PRAC_OK;
}

static prac_rc walk_segment(struct part *p, struct emb_reader *r, const struct emb_source *s)
{
  char path[EMB_PATH];
  const struct emb_ask ask = {&p->t->find, still, hit, p};
  emb_path(p->t->e, path, "flows", s->id);
  prac_rc rc = emb_reader_open(r, path);
  for (size_t g = 0; rc == PRAC_OK && g < r->file.n_groups; g++) {
    p->group = (uint32_t)g;
    rc = emb_find_rows(r, g, &ask);
  }
  emb_reader_close(r);
  return rc;
}

/* Sources stand in the order of their best times: behind one that is beyond, all are. */
static bool beyond(const struct top *t, const struct emb_source *s)
{
  int64_t best = t->q->oldest_first ? s->span.from / PRAC_MS : -(s->span.to / PRAC_MS - 1);
  return best > atomic_load(&t->edge);
}

static prac_rc walk(void *to, struct emb_reader *r, size_t i)
{
  struct part *p = to;
  struct emb_source *s = &p->t->sources->v[i];
  if (beyond(p->t, s)) return PRAC_END;
  p->source = (uint32_t)i;
  p->group = 0;
  PRAC_TRY(s->segment ? walk_segment(p, r, s) : walk_batch(p, s));
  p->n = cut(p->t, p->v, p->n);
  return PRAC_OK;
}

/* ---- the second walk: rows ---- */
static int by_place(const void *pa, const void *pb)
{
  const struct pick *a = pa, *b = pb;
  int c = order(a->source, b->source);
  if (!c) c = order(a->group, b->group);
  return c ? c : order(a->row, b->row);
}

static prac_rc fetch_group(struct emb_reader *r, struct top *t, size_t first, size_t n)
{
  uint32_t *row = malloc(n * sizeof *row);
  if (!row) return PRAC_NOMEM;
  for (size_t i = 0; i < n; i++) row[i] = t->pick[first + i].row;
  prac_rc rc = emb_take_rows(r, t->pick[first].group, t->find.want, row, n, &t->flow[first]);
  free(row);
  return rc;
}

static prac_rc fetch(void *to, struct emb_reader *r, size_t i)
{
  struct top *t = ((struct part *)to)->t;
  const size_t first = t->begin[i], end = t->begin[i + 1];
  const struct emb_source *s = &t->sources->v[t->pick[first].source];
  char path[EMB_PATH];
  if (!s->segment) {
    for (size_t k = first; k < end; k++) emb_flow_of(s->batch, t->pick[k].row, &t->flow[k]);
    return PRAC_OK;
  }
  emb_path(t->e, path, "flows", s->id);
  prac_rc rc = emb_reader_open(r, path);
  for (size_t at = first, n; rc == PRAC_OK && at < end; at += n) {
    for (n = 1; at + n < end && t->pick[at + n].group == t->pick[at].group; n++) continue;
    rc = fetch_group(r, t, at, n);
  }
  emb_reader_close(r);
  return rc;
}

static int by_flow(const void *pa, const void *pb)
{
  const struct store_flow *const *a = pa, *const *b = pb;
  return store_flow_cmp(*a, *b);
}

static prac_rc give(const struct top *t, store_row *each, void *arg)
{
  const struct store_flow **v = calloc(t->n_picks + 1, sizeof(*v));
  if (!v) return PRAC_NOMEM;
  for (size_t i = 0; i < t->n_picks; i++) v[i] = &t->flow[i];
  if (t->n_picks > 1) qsort(v, t->n_picks, sizeof(*v), by_flow);
  prac_rc rc = PRAC_OK;
  struct store_pass pass = store_pass_of(t->q);
  size_t left = store_limit(t->q);
  for (size_t i = 0; i < t->n_picks && left > 0 && rc == PRAC_OK; i++) {
    const struct store_flow *f = v[t->q->oldest_first ? i : t->n_picks - 1 - i];
    if (store_pass_over(&pass, store_flow_first(f))) continue;
    rc = store_flow_emit(f, each, arg);
    left--;
  }
  free(v);
  return rc;
}

/* ---- both ---- */
/* The picks of all parts, the best of them, by place. */
static prac_rc join(struct top *t, const struct part *p, size_t n_parts)
{
  size_t n = 0;
  for (size_t k = 0; k < n_parts; k++) n += p[k].n;
  t->pick = malloc((n + 1) * sizeof *t->pick);
  t->begin = malloc((n + 1) * sizeof *t->begin);
  if (!t->pick || !t->begin) return PRAC_NOMEM;
  n = 0;
  for (size_t k = 0; k < n_parts; k++) {
    if (p[k].n > 0) memcpy(t->pick + n, p[k].v, p[k].n * sizeof *p[k].v);
    n += p[k].n;
  }
  t->n_picks = n = cut(t, t->pick, n);
  if (n > (uint64_t)t->e->conf.memory_bytes / sizeof *t->flow) return PRAC_UNSUPPORTED;
  t->flow = calloc(n + 1, sizeof *t->flow);
  if (!t->flow) return PRAC_NOMEM;
  if (n > 1) qsort(t->pick, n, sizeof *t->pick, by_place);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || t->pick[i].source != t->pick[i - 1].source) t->begin[t->n_begins++] = i;
  t->begin[t->n_begins] = n;
  return PRAC_OK;
}

static void top_done(struct top *t)
{
  free(t->pick);
  free(t->begin);
  free(t->flow);
}

prac_rc emb_flows_top(struct emb *e, const struct store_query *q, struct emb_sources *s,
                      store_row *each, void *arg)
{
  struct part part[EMB_LANES] = {0};
  struct emb_crew crew;
  struct top t = {.q = q, .e = e, .sources = s, .edge = INT64_MAX, .limit = store_flow_limit(q)};
  emb_find_init(&t.find, q, EMB_WANT_ALL);
  prac_rc rc = emb_crew_new(e, s->n, &crew);
  for (size_t k = 0; k < crew.n; k++) {
    part[k].t = &t;
    crew.to[k] = &part[k];
  }
  if (rc == PRAC_OK) rc = emb_crew_run(&crew, s->n, walk);
  if (rc == PRAC_OK) rc = join(&t, part, crew.n);
  if (rc == PRAC_OK) rc = emb_crew_run(&crew, t.n_begins, fetch);
  if (rc == PRAC_OK) rc = give(&t, each, arg);
  for (size_t k = 0; k < EMB_LANES; k++) free(part[k].v);
  top_done(&t);
  emb_crew_done(&crew);
  return rc;
}
