/* TODO why this backend exists. As made, it keeps the newest flow batches in memory. */
#include <stdlib.h>
#include <string.h>

#include "store/batches.h"

enum { CONSUMERS_MAX = 16, CONSUMER_MAX_BYTES = 64 };

struct conf {
  int64_t batches;
};
static const struct prac_conf_item conf_items[] = {
    {.key = "batches",
     .type = PRAC_CONF_INT,
     .offset = offsetof(struct conf, batches),
     .lo = 1,
     .hi = 1e6,
     .dflt = 4096,
     .help = "flow batches to keep; the oldest go first"},
};
static const struct prac_conf_section conf_section = {
    .path = "store.@name@",
    .about = "TODO what it is, in a few words",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct conf),
};

struct state {
  struct flow_batch **ring; /* owned; cap places, the newest before `next` */
  size_t cap, n, next;
  struct consumer {
    char name[CONSUMER_MAX_BYTES];
    uint64_t seq;
  } consumer[CONSUMERS_MAX];
  size_t n_consumers;
};

static prac_rc open(void *st, const void *conf, const struct store_env *env,
                    struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = conf;
  (void)env;
  s->cap = c ? (size_t)c->batches : 4096;
  s->ring = calloc(s->cap, sizeof(struct flow_batch *));
  return s->ring ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %zu batches", s->cap);
}

static void close(void *st)
{
  struct state *s = st;
  for (size_t i = 0; s->ring && i < s->cap; i++) flow_batch_unref(&s->ring[i]);
  free(s->ring);
  *s = (struct state){.ring = NULL};
}

static struct consumer *consumer_of(struct state *s, const char *name)
{
  for (size_t i = 0; i < s->n_consumers; i++)
    if (strcmp(s->consumer[i].name, name) == 0) return &s->consumer[i];
  return NULL;
}

/* NULL: no place left, or the name is too long. */
static struct consumer *consumer_new(struct state *s, const char *name)
{
  size_t n = strlen(name);
  if (s->n_consumers == CONSUMERS_MAX || n >= CONSUMER_MAX_BYTES) return NULL;
  struct consumer *c = &s->consumer[s->n_consumers++];
  memcpy(c->name, name, n + 1);
  return c;
}

/* What has been appended before is not appended again: the consumer's place says so. */
static prac_rc append(void *st, const struct store_tx *tx, struct prac_err *reterr)
{
  struct state *s = st;
  if (tx->consumer) {
    struct consumer *c = consumer_of(s, tx->consumer);
    if (c && tx->seq <= c->seq) return PRAC_OK;
    if (!c) c = consumer_new(s, tx->consumer);
    if (!c) return PRAC_FAIL(reterr, PRAC_FULL, "no room for consumer \"%s\"", tx->consumer);
    c->seq = tx->seq;
  }
  for (size_t i = 0; i < tx->n_batches; i++) {
    flow_batch_unref(&s->ring[s->next]);
    s->ring[s->next] = flow_batch_ref(tx->batches[i]);
    s->next = (s->next + 1) % s->cap;
    s->n += s->n < s->cap;
  }
  return PRAC_OK;
}

static prac_rc position(void *st, const char *consumer, uint64_t *ret_seq, struct prac_err *reterr)
{
  const struct consumer *c = consumer_of(st, consumer);
  (void)reterr;
  *ret_seq = c ? c->seq : 0;
  return PRAC_OK;
}

struct found {
  struct store_flow *v; /* owned */
  size_t n, cap;
};

static prac_rc keep(struct found *l, const struct store_flow *f)
{
  if (l->n == l->cap) {
    size_t cap = l->cap ? 2 * l->cap : 256;
    struct store_flow *v = realloc(l->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    l->v = v;
    l->cap = cap;
  }
  l->v[l->n++] = *f;
  return PRAC_OK;
}

static prac_rc find(const struct state *s, const struct store_query *q, struct found *l)
{
  for (size_t i = 0; i < s->cap; i++) {
    const struct flow_batch *b = s->ring[i];
    for (uint32_t k = 0; b && k < b->n; k++) {
      struct store_flow f = {.sensor = b->sensor, .minute = b->minute, .part = b->part};
      f.row = flow_batch_row(b, k);
      f.survey = f.row.survey && f.row.survey <= b->lists.n ? b->lists.v[f.row.survey - 1] : "";
      if (store_flow_match(q, &f)) PRAC_TRY(keep(l, &f));
    }
  }
  return PRAC_OK;
}

static int oldest_first(const void *a, const void *b)
{
  return store_flow_cmp(a, b);
}

static prac_rc query(void *st, const struct store_query *asked, store_row *each, void *arg,
                     struct prac_err *reterr)
{
  struct store_query q = store_query_open(asked);
  struct found l = {.v = NULL};
  PRAC_TRY(store_query_check(&q, reterr));
  if (q.what != STORE_FLOWS)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "the @name@ store answers for flows only");
  prac_rc rc = find(st, &q, &l);
  if (rc == PRAC_OK && l.n > 1) qsort(l.v, l.n, sizeof *l.v, oldest_first);
  size_t n = l.n < store_limit(&q) ? l.n : store_limit(&q);
  for (size_t i = 0; i < n && rc == PRAC_OK; i++)
    rc = store_flow_emit(&l.v[q.oldest_first ? i : l.n - 1 - i], each, arg);
  free(l.v);
  return rc == PRAC_NOMEM ? PRAC_FAIL(reterr, rc, "no memory for the answer") : rc;
}

/* For a replay: everything of the span again, in order. */
static prac_rc batches(void *st, const struct store_batch_query *q, store_batch_sink *each, void *arg,
                       struct prac_err *reterr)
{
  const struct state *s = st;
  struct prac_span span;
  PRAC_TRY(store_batch_query_check(q, &span, reterr));
  struct store_batches *all = store_batches_new();
  prac_rc rc = all ? PRAC_OK : PRAC_NOMEM;
  for (size_t i = 0; i < s->cap && rc == PRAC_OK; i++) {
    struct flow_batch *b = s->ring[i];
    if (b && b->minute >= span.from && b->minute < span.to && store_batch_wanted(q, b->sensor))
      rc = store_batches_take(all, b);
  }
  if (rc != PRAC_OK) (void)PRAC_FAIL(reterr, rc, "no memory to hand out batches");
  if (rc == PRAC_OK) rc = store_batches_give(all, each, arg, reterr);
  store_batches_free(&all);
  return rc;
}

const struct store_ops store_@name@ = {
    .name = "@name@",
    .about = "TODO what it is, in one sentence",
    .state_size = sizeof(struct state),
    .conf = &conf_section,
    .open = open,
    .append = append,
    .position = position,
    .query = query,
    .batches = batches,
    .close = close,
};
