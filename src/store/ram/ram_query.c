/* Brute force: walk every row, keep what matches, sort, count. Slow and plainly right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/batches.h"
#include "store/ram/ram.h"

typedef prac_rc visit(void *arg, const struct store_flow *f);

static prac_rc walk(const struct ram *m, const struct store_query *q, visit *v, void *arg)
{
  for (size_t i = 0; i < m->n_batches; i++) {
    const struct flow_batch *b = m->batch[i];
    struct store_flow f = {.sensor = b->sensor, .minute = b->minute, .part = b->part};
    for (uint32_t k = 0; k < b->n; k++) {
      f.row = flow_batch_row(b, k);
      f.survey = f.row.survey && f.row.survey <= b->lists.n ? b->lists.v[f.row.survey - 1] : "";
      if (store_flow_match(q, &f)) PRAC_TRY(v(arg, &f));
    }
  }
  return PRAC_OK;
}

/* ---- flows ---- */
struct flows {
  struct store_flow *v;
  size_t n, cap;
};

static prac_rc keep_flow(void *arg, const struct store_flow *f)
{
  struct flows *l = arg;
  if (l->n == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 256;
    struct store_flow *v = realloc(l->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    l->v = v;
    l->cap = cap;
  }
  l->v[l->n++] = *f;
  return PRAC_OK;
}

static int oldest_first(const void *a, const void *b)
{
  return store_flow_cmp(a, b);
}

static prac_rc ask_flows(const struct ram *m, const struct store_query *q, store_row *each,
                         void *arg)
{
  struct flows l = {0};
  prac_rc rc = walk(m, q, keep_flow, &l);
  if (rc == PRAC_OK && l.n > 1) qsort(l.v, l.n, sizeof *l.v, oldest_first);
  size_t n = l.n < store_flow_limit(q) ? l.n : store_flow_limit(q), left = store_limit(q);
  struct store_pass pass = store_pass_of(q);
  for (size_t i = 0; i < n && left > 0 && rc == PRAC_OK; i++) {
    const struct store_flow *f = &l.v[q->oldest_first ? i : l.n - 1 - i];
    if (store_pass_over(&pass, store_flow_first(f))) continue;
    rc = store_flow_emit(f, each, arg);
    left--;
  }
  free(l.v);
  return rc;
}

/* ---- groups ---- */
struct grouped { /* one row and the group it falls in */
  struct store_group g;
  struct prac_ip src;
};
struct hits {
  struct grouped *v;
  size_t n, cap;
  const struct store_query *q;
  const struct store_plan *plan; /* NULL: exact, by scan */
};

static void group_key(enum store_dim by, const struct store_flow *f, struct store_group *g)
{
  switch (by) {
  case STORE_BY_NONE:
    break;
  case STORE_BY_PORT:
    g->lo = store_kept_key(STORE_KEPT_PORT, &f->row);
    break;
  case STORE_BY_COUNTRY:
    g->lo = f->row.country;
    break;
  case STORE_BY_ASN:
    g->lo = f->row.asn;
    break;
  case STORE_BY_SENSOR:
    (void)snprintf(g->sensor, sizeof g->sensor, "%s", f->sensor);
    break;
  case STORE_BY_SRC:
    g->hi = prac_ip_hi(&f->row.src);
    g->lo = prac_ip_lo(&f->row.src);
    break;
  }
}

static prac_rc keep_hit(void *arg, const struct store_flow *f)
{
  struct hits *l = arg;
  if (l->plan && (f->minute < l->plan->span.from || f->minute >= l->plan->span.to)) return PRAC_OK;
  if (l->n == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 256;
    struct grouped *v = realloc(l->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    l->v = v;
    l->cap = cap;
  }
  struct grouped *h = &l->v[l->n++];
  *h = (struct grouped){.src = f->row.src};
  int64_t step = l->q->step_ns ? l->q->step_ns : PRAC_HOUR;
  h->g.at = l->q->what == STORE_SERIES ? prac_time_floor(f->minute, step) : PRAC_TIME_NONE;
  h->g.packets = f->row.packets;
  h->g.flows = 1;
  h->g.bytes = f->row.bytes;
  group_key(l->q->by, f, &h->g);
  return PRAC_OK;
}

static int same_group(const struct store_group *a, const struct store_group *b)
{
  if (a->at != b->at) return a->at < b->at ? -1 : 1;
  int c = strcmp(a->sensor, b->sensor);
  if (!c) c = a->hi < b->hi ? -1 : a->hi > b->hi;
  return c ? c : a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int by_group(const void *pa, const void *pb)
{
  const struct grouped *a = pa, *b = pb;
  int c = same_group(&a->g, &b->g);
  return c ? c : memcmp(&a->src, &b->src, sizeof a->src);
}

/* Adds up runs of the same group in place; returns how many groups there are. */
static prac_rc sweep(struct hits *l, struct store_group *g, size_t *ret_n)
{
  size_t n = 0;
  for (size_t i = 0, k; i < l->n; i = k, n++) {
    struct store_sketch s = {0};
    g[n] = l->v[i].g;
    g[n].packets = g[n].flows = g[n].bytes = 0;
    prac_rc rc = PRAC_OK;
    for (k = i; k < l->n && same_group(&l->v[k].g, &g[n]) == 0 && rc == PRAC_OK; k++) {
      g[n].packets += l->v[k].g.packets;
      g[n].flows++;
      g[n].bytes += l->v[k].g.bytes;
      if (l->plan)
        rc = store_sketch_add(&s, store_sketch_code(&l->v[k].src));
      else if (k == i || !prac_ip_eq(&l->v[k].src, &l->v[k - 1].src))
        g[n].sources++;
    }
    if (l->plan) g[n].sources = store_sketch_count(&s);
    store_sketch_done(&s);
    PRAC_TRY(rc);
  }
  *ret_n = n;
  return PRAC_OK;
}

static prac_rc ask_groups(const struct ram *m, const struct store_query *q, store_row *each,
                          void *arg)
{
  struct store_plan plan;
  struct store_query all = *q;
  bool planned = store_plan(q, &plan);
  struct hits l = {.q = q, .plan = planned ? &plan : NULL};
  if (planned) all.span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  prac_rc rc = walk(m, &all, keep_hit, &l);
  if (rc == PRAC_OK && l.n > 1) qsort(l.v, l.n, sizeof *l.v, by_group);
  struct store_group *g = rc == PRAC_OK ? calloc(l.n + 1, sizeof *g) : NULL;
  size_t n = 0;
  if (rc == PRAC_OK) rc = g ? sweep(&l, g, &n) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = store_groups_emit(q, g, n, each, arg);
  free(g);
  free(l.v);
  return rc;
}

/* ---- host, records, sensors ---- */
static prac_rc keep_act(void *arg, const struct store_flow *f)
{
  return store_host_add(arg, f);
}

static prac_rc ask_host(const struct ram *m, const struct store_query *q, store_row *each,
                        void *arg)
{
  struct store_host *h = store_host_new();
  prac_rc rc = h ? walk(m, q, keep_act, h) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = store_host_emit(h, q, each, arg);
  store_host_free(&h);
  return rc;
}

static int newest_first(const void *pa, const void *pb)
{
  const struct ram_rec *const *a = pa, *const *b = pb;
  prac_time ta = store_record_at((*a)->kind, (*a)->rec),
            tb = store_record_at((*b)->kind, (*b)->rec);
  if (ta != tb) return ta > tb ? -1 : 1;
  return strcmp(store_record_key((*b)->kind, (*b)->rec), store_record_key((*a)->kind, (*a)->rec));
}

static prac_rc ask_records(const struct ram *m, const struct store_query *q, store_row *each,
                           void *arg)
{
  const struct ram_rec **v = calloc(m->n_recs + 1, sizeof *v);
  struct prac_json j = prac_json_of(0);
  prac_rc rc = v ? PRAC_OK : PRAC_NOMEM;
  size_t n = 0;
  for (size_t i = 0; i < m->n_recs && v; i++)
    if (m->rec[i].kind == q->kind && store_record_match(q, m->rec[i].rec)) v[n++] = &m->rec[i];
  if (n > 1) qsort(v, n, sizeof *v, newest_first);
  for (size_t i = 0; i < n && i < store_limit(q) && rc == PRAC_OK; i++) {
    const struct ram_rec *r = v[q->oldest_first ? n - 1 - i : i];
    prac_json_reset(&j);
    model_to_json(r->kind, r->rec, &j);
    rc = j.bad ? PRAC_NOMEM : store_record_emit(j.buf, each, arg);
  }
  prac_json_done(&j);
  free(v);
  return rc;
}

static int by_name(const void *pa, const void *pb)
{
  const struct store_sensor *a = pa, *b = pb;
  return strcmp(a->sensor, b->sensor);
}

static const struct health *last_health(const struct ram *m, const char *sensor)
{
  const struct health *best = NULL;
  for (size_t i = 0; i < m->n_recs; i++) {
    const struct health *h = m->rec[i].rec;
    if (m->rec[i].kind != &model_health || strcmp(h->sensor, sensor) != 0) continue;
    if (!best || h->at >= best->at) best = h;
  }
  return best;
}

static prac_rc ask_sensors(struct ram *m, const struct store_query *q, store_row *each, void *arg)
{
  uint32_t left = store_limit(q);
  if (m->n_sensors > 1) qsort(m->sensor, m->n_sensors, sizeof *m->sensor, by_name);
  for (size_t i = 0; i < m->n_sensors && left > 0; i++) {
    struct store_sensor s = m->sensor[i];
    if (q->sensor && q->sensor[0] && strcmp(q->sensor, s.sensor) != 0) continue;
    const struct health *h = last_health(m, s.sensor);
    if (h) s.health = *h;
    PRAC_TRY(store_sensor_emit(&s, each, arg));
    left--;
  }
  return PRAC_OK;
}

/* ---- cells, and what is kept ---- */
static prac_rc keep_cell(void *arg, const struct store_flow *f)
{
  return store_cells_add(arg, f);
}

static prac_rc ask_cells(const struct ram *m, const struct store_query *q, store_row *each,
                         void *arg)
{
  struct store_cells *c = store_cells_new(q);
  prac_rc rc = c ? walk(m, q, keep_cell, c) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = store_cells_give(c, each, arg);
  store_cells_free(&c);
  return rc;
}

static prac_rc ask_kept(const struct ram *m, store_row *each, void *arg)
{
  struct prac_span s = {PRAC_TIME_NONE, PRAC_TIME_NONE};
  for (size_t i = 0; i < m->n_batches; i++) {
    if (m->batch[i]->n == 0) continue;
    prac_time t = m->batch[i]->minute;
    if (s.from == PRAC_TIME_NONE || t < s.from) s.from = t;
    if (s.to == PRAC_TIME_NONE || t > s.to) s.to = t;
  }
  if (s.from == PRAC_TIME_NONE) return PRAC_OK;
  PRAC_TRY(store_kept_emit("flows", s.from, s.to + PRAC_MIN, each, arg));
  PRAC_TRY(store_kept_emit("minutes", s.from, s.to + PRAC_MIN, each, arg));
  return store_kept_emit("hours", prac_time_floor(s.from, PRAC_HOUR),
                         prac_time_floor(s.to, PRAC_HOUR) + PRAC_HOUR, each, arg);
}

/* ---- batches ---- */
prac_rc ram_batches(void *st, const struct store_batch_query *q, store_batch_sink *each, void *arg,
                    struct prac_err *reterr)
{
  const struct ram *m = st;
  struct prac_span span;
  PRAC_TRY(store_batch_query_check(q, &span, reterr));
  struct store_batches *s = store_batches_new();
  prac_rc rc = s ? PRAC_OK : PRAC_NOMEM;
  for (size_t i = 0; i < m->n_batches && rc == PRAC_OK; i++) {
    struct flow_batch *b = m->batch[i];
    if (b->minute >= span.from && b->minute < span.to && store_batch_wanted(q, b->sensor))
      rc = store_batches_take(s, b);
  }
  if (rc != PRAC_OK) (void)PRAC_FAIL(reterr, rc, "no memory to hand out batches");
  if (rc == PRAC_OK) rc = store_batches_give(s, each, arg, reterr);
  store_batches_free(&s);
  return rc;
}

prac_rc ram_query(void *st, const struct store_query *asked, store_row *each, void *arg,
                  struct prac_err *reterr)
{
  struct store_query q = store_query_open(asked);
  prac_rc rc = store_query_check(&q, reterr);
  if (rc != PRAC_OK) return rc;
  switch (q.what) {
  case STORE_FLOWS:
    rc = ask_flows(st, &q, each, arg);
    break;
  case STORE_RECORDS:
    rc = ask_records(st, &q, each, arg);
    break;
  case STORE_SERIES:
  case STORE_TOP:
  case STORE_TOP_SCAN:
    rc = ask_groups(st, &q, each, arg);
    break;
  case STORE_HOST:
    rc = ask_host(st, &q, each, arg);
    break;
  case STORE_SENSORS:
    rc = ask_sensors(st, &q, each, arg);
    break;
  case STORE_CELLS:
    rc = ask_cells(st, &q, each, arg);
    break;
  case STORE_KEPT:
    rc = ask_kept(st, each, arg);
    break;
  }
  if (rc == PRAC_NOMEM || rc == PRAC_FULL)
    return PRAC_FAIL(reterr, rc, "the answer is too big: narrow the time or the filters");
  return rc;
}
