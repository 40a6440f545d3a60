/* Groups: the answers that count. Which roll-up can give them, their order and their columns. */
#include <stdlib.h>
#include <string.h>

#include "store/answer.h"

uint64_t store_kept_key(enum store_dim_kept dim, const struct flow_row *r)
{
  switch (dim) {
  case STORE_KEPT_PORT: {
    struct model_port p = store_flow_port(r->proto, r->sport, r->dport);
    return (uint64_t)p.proto << 16 | p.port;
  }
  case STORE_KEPT_COUNTRY:
    return r->country;
  case STORE_KEPT_ASN:
    return r->asn;
  case STORE_KEPT_TOTAL:
    break;
  }
  return 0;
}

/* The one dimension that filters and grouping need; false: more than one. */
static bool one_dim(const struct store_query *q, enum store_dim_kept *ret)
{
  bool need[STORE_KEPT_COUNT] = {
      [STORE_KEPT_PORT] = q->port.proto || q->has_port || q->by == STORE_BY_PORT,
      [STORE_KEPT_COUNTRY] = (q->country && q->country[0]) || q->by == STORE_BY_COUNTRY,
      [STORE_KEPT_ASN] = q->asn || q->by == STORE_BY_ASN,
  };
  *ret = STORE_KEPT_TOTAL;
  int n = 0;
  for (int d = STORE_KEPT_PORT; d < STORE_KEPT_COUNT; d++)
    if (need[d]) *ret = (enum store_dim_kept)d, n++;
  return n <= 1;
}

/* A port of any protocol is not a range of keys: that is for a scan. */
static bool key_range(const struct store_query *q, struct store_plan *p)
{
  p->key_lo = 0;
  p->key_hi = UINT64_MAX;
  if (q->has_port && !q->port.proto) return false;
  if (q->port.proto) {
    p->key_lo = (uint64_t)q->port.proto << 16 | (q->has_port ? q->port.port : 0);
    p->key_hi = (uint64_t)q->port.proto << 16 | (q->has_port ? q->port.port : 0xffff);
  } else if (q->country && q->country[0]) {
    p->key_lo = p->key_hi = (uint64_t)((uint8_t)q->country[0] << 8 | (uint8_t)q->country[1]);
  } else if (q->asn) {
    p->key_lo = p->key_hi = q->asn;
  }
  return true;
}

static prac_time round_up(prac_time t, int64_t step)
{
  prac_time f = prac_time_floor(t, step);
  return f == t ? t : f + step;
}

/* Whole minutes are kept for totals only. */
static int64_t level_of(const struct store_query *q, enum store_dim_kept dim, int64_t step_ns)
{
  if (dim != STORE_KEPT_TOTAL) return PRAC_HOUR;
  return q->what == STORE_TOP || step_ns % PRAC_HOUR != 0 ? PRAC_MIN : PRAC_HOUR;
}

static struct prac_span round_out(struct prac_span s, int64_t level_ns)
{
  return (struct prac_span){s.from == PRAC_TIME_NONE ? INT64_MIN + 1
                                                     : prac_time_floor(s.from, level_ns),
                            s.to == PRAC_TIME_NONE ? INT64_MAX : round_up(s.to, level_ns)};
}

bool store_plan(const struct store_query *q, struct store_plan *ret)
{
  struct store_plan p = {.by_sensor = q->by == STORE_BY_SENSOR};
  if (q->what != STORE_SERIES && q->what != STORE_TOP) return false;
  if (q->n_srcs || q->src.bits || q->dst.bits || q->victim.bits || q->marks ||
      q->by == STORE_BY_SRC)
    return false;
  if (!one_dim(q, &p.dim) || !key_range(q, &p)) return false;
  if (q->what == STORE_SERIES) p.step_ns = q->step_ns ? q->step_ns : PRAC_HOUR;
  p.level_ns = level_of(q, p.dim, p.step_ns);
  if (p.step_ns % p.level_ns != 0) return false;
  p.span = round_out(q->span, p.level_ns);
  p.by_key = q->by != STORE_BY_NONE && !p.by_sensor;
  *ret = p;
  return true;
}

uint32_t store_limit(const struct store_query *q)
{
  if (q->limit) return q->limit;
  bool many = q->what == STORE_SERIES || q->what == STORE_HOST || q->what == STORE_CELLS;
  return many ? STORE_SERIES_LIMIT : STORE_LIMIT;
}

static int by_key(const struct store_group *a, const struct store_group *b)
{
  int c = strcmp(a->sensor, b->sensor);
  if (!c) c = a->hi < b->hi ? -1 : a->hi > b->hi;
  return c ? c : a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int by_time(const void *pa, const void *pb)
{
  const struct store_group *a = pa, *b = pb;
  if (a->at != b->at) return a->at < b->at ? -1 : 1;
  return by_key(a, b);
}

static int biggest_first(const void *pa, const void *pb)
{
  const struct store_group *a = pa, *b = pb;
  if (a->packets != b->packets) return a->packets > b->packets ? -1 : 1;
  return by_key(a, b);
}

void store_biggest_add(uint64_t *heap, size_t n, uint64_t v)
{
  size_t at = 0;
  if (v <= heap[0]) return;
  for (size_t kid; (kid = 2 * at + 1) < n; at = kid) {
    if (kid + 1 < n && heap[kid + 1] < heap[kid]) kid++;
    if (v <= heap[kid]) break;
    heap[at] = heap[kid];
  }
  heap[at] = v;
}

/* Most of sixty thousand ports are not among the biggest twenty: they go before the sorting. */
static size_t drop_small(struct store_group *g, size_t n, uint32_t limit)
{
  uint64_t *heap = n / 4 > limit ? calloc(limit + 1, sizeof *heap) : NULL;
  if (!heap) return n;
  for (size_t i = 0; i < n; i++) store_biggest_add(heap, limit, g[i].packets);
  size_t to = 0;
  for (size_t i = 0; i < n; i++)
    if (g[i].packets >= heap[0]) g[to++] = g[i];
  free(heap);
  return to;
}

size_t store_groups_cut(const struct store_query *q, struct store_group *g, size_t n)
{
  if (q->what != STORE_SERIES) n = drop_small(g, n, store_limit(q));
  if (n > 1) qsort(g, n, sizeof *g, q->what == STORE_SERIES ? by_time : biggest_first);
  uint32_t limit = store_limit(q);
  return n > limit ? limit : n;
}

static struct store_col key_col(enum store_dim by)
{
  switch (by) {
  case STORE_BY_PORT:
    return (struct store_col){"port", "", STORE_TEXT};
  case STORE_BY_COUNTRY:
    return (struct store_col){"country", "", STORE_TEXT};
  case STORE_BY_ASN:
    return (struct store_col){"asn", "", STORE_U64};
  case STORE_BY_SENSOR:
    return (struct store_col){"sensor", "", STORE_TEXT};
  case STORE_BY_SRC:
    return (struct store_col){"src", "", STORE_IP};
  case STORE_BY_NONE:
    break;
  }
  return (struct store_col){0};
}

static struct store_value key_value(enum store_dim by, const struct store_group *g, char *text)
{
  switch (by) {
  case STORE_BY_PORT: {
    struct model_port p = {.port = (uint16_t)g->lo, .proto = (uint8_t)(g->lo >> 16)};
    return (struct store_value){.s = model_port_text(text, p)};
  }
  case STORE_BY_COUNTRY:
    text[0] = (char)(g->lo >> 8);
    text[1] = (char)(g->lo & 0xff);
    text[2] = 0;
    return (struct store_value){.s = text};
  case STORE_BY_ASN:
    return (struct store_value){.u = g->lo};
  case STORE_BY_SENSOR:
    return (struct store_value){.s = g->sensor};
  case STORE_BY_SRC:
    return (struct store_value){.ip = prac_ip_of(g->hi, g->lo)};
  case STORE_BY_NONE:
    break;
  }
  return (struct store_value){.s = ""};
}

prac_rc store_groups_emit(const struct store_query *q, struct store_group *g, size_t n,
                          store_row *each, void *arg)
{
  struct store_col cols[8];
  size_t k = 0;
  bool series = q->what == STORE_SERIES, keyed = q->by != STORE_BY_NONE;
  if (series) cols[k++] = (struct store_col){"at", "", STORE_TIME};
  if (keyed) cols[k++] = key_col(q->by);
  cols[k++] = (struct store_col){"packets", "packets", STORE_U64};
  cols[k++] = (struct store_col){"flows", "flows", STORE_U64};
  cols[k++] = (struct store_col){"bytes", "bytes", STORE_U64};
  cols[k++] = (struct store_col){"sources", "hosts", STORE_U64};
  n = store_groups_cut(q, g, n);
  for (size_t i = 0; i < n; i++) {
    struct store_value v[8];
    char text[MODEL_PORT_TEXT];
    size_t m = 0;
    if (series) v[m++].t = g[i].at;
    if (keyed) v[m++] = key_value(q->by, &g[i], text);
    v[m++].u = g[i].packets;
    v[m++].u = g[i].flows;
    v[m++].u = g[i].bytes;
    v[m++].u = g[i].sources;
    PRAC_TRY(each(arg, cols, k, v));
  }
  return PRAC_OK;
}
