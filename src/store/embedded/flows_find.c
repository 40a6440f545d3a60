/* Which rows of a row group are wanted: the columns of the question, a block of rows at a time. The
 * tests only pass over rows; what a question means is said in one place (store_flow_match). */
#include <string.h>

#include "store/embedded/flows.h"

/* ---- the question as tests ---- */
static void add(struct emb_find *f, enum emb_col col, uint64_t lo, uint64_t hi)
{
  PRAC_INSIST(f->n_tests < EMB_TESTS_MAX);
  f->test[f->n_tests++] = (struct emb_test){col, lo, hi};
  f->need |= UINT32_C(1) << col;
}

static void add_prefix(struct emb_find *f, enum emb_col hi, enum emb_col lo,
                       const struct prac_prefix *p)
{
  uint64_t h = prac_ip_hi(&p->ip), l = prac_ip_lo(&p->ip);
  uint64_t rest_h = p->bits >= 64 ? 0 : UINT64_MAX >> p->bits;
  uint64_t rest_l = p->bits <= 64 ? UINT64_MAX : p->bits == 128 ? 0 : UINT64_MAX >> (p->bits - 64);
  if (p->bits == 0) return;
  add(f, lo, p->bits <= 64 ? 0 : l, p->bits <= 64 ? UINT64_MAX : l | rest_l);
  add(f, hi, h, h | rest_h);
}

/* Any of several: between the first and the last of them, half by half. */
static void add_srcs(struct emb_find *f, const struct store_query *q)
{
  struct emb_test hi = {0, UINT64_MAX, 0}, lo = hi;
  for (uint32_t i = 0; i < q->n_srcs; i++) {
    struct prac_ip last;
    emb_last_address(&q->srcs[i], &last);
    uint64_t h = prac_ip_hi(&q->srcs[i].ip), l = prac_ip_lo(&q->srcs[i].ip);
    if (h < hi.lo) hi.lo = h;
    if (prac_ip_hi(&last) > hi.hi) hi.hi = prac_ip_hi(&last);
    if (q->srcs[i].bits < 64) l = 0;
    if (l < lo.lo) lo.lo = l;
    if (prac_ip_lo(&last) > lo.hi) lo.hi = prac_ip_lo(&last);
  }
  if (q->n_srcs == 0) return;
  add(f, EMB_COL_src_lo, lo.lo, lo.hi);
  add(f, EMB_COL_src_hi, hi.lo, hi.hi);
}

static void add_port(struct emb_find *f, const struct store_query *q)
{
  if (q->port.proto) add(f, EMB_COL_proto, q->port.proto, q->port.proto);
  if (!q->has_port) return;
  f->need |= EMB_BIT(proto) | EMB_BIT(dport);
  if (q->port.proto == 6 || q->port.proto == 17)
    add(f, EMB_COL_dport, q->port.port, q->port.port);
  else
    f->need |= EMB_BIT(sport); /* ICMP has its port in both */
}

void emb_find_init(struct emb_find *f, const struct store_query *q, uint32_t want)
{
  *f = (struct emb_find){.q = q, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .want = want};
  f->need = EMB_BIT(minute) | EMB_BIT(first_ms);
  if (q->span.from != PRAC_TIME_NONE) f->from_ms = emb_ceil_ms(q->span.from);
  if (q->span.to != PRAC_TIME_NONE) f->to_ms = emb_ceil_ms(q->span.to);
  if (q->sensor && q->sensor[0]) f->need |= EMB_BIT(sensor);
  add_prefix(f, EMB_COL_src_hi, EMB_COL_src_lo, &q->src);
  add_srcs(f, q);
  if (q->country && q->country[0]) {
    uint64_t c = (uint64_t)((uint8_t)q->country[0] << 8 | (uint8_t)q->country[1]);
    add(f, EMB_COL_country, c, c);
  }
  if (q->asn) add(f, EMB_COL_asn, q->asn, q->asn);
  add_port(f, q);
  add_prefix(f, EMB_COL_dst_hi, EMB_COL_dst_lo, &q->dst);
  add_prefix(f, EMB_COL_victim_hi, EMB_COL_victim_lo, &q->victim);
  if (q->marks) f->need |= EMB_BIT(marks);
}

/* ---- a row group ---- */
static prac_rc start(struct emb_reader *r, size_t group, enum emb_col col)
{
  if (r->started[col]) return PRAC_OK;
  r->started[col] = true;
  return emb_pq_start(&r->cursor[col], &r->file, group, r->column[col]);
}

/* Starts what the tests need, until one says that there is nothing: PRAC_END. */
static prac_rc begin(struct emb_reader *r, size_t group, const struct emb_find *f)
{
  const struct emb_pq_chunk *chunk = &r->file.chunk[group * r->file.n_columns];
  memset(r->started, 0, sizeof r->started);
  for (size_t i = 0; i < f->n_tests; i++) {
    const struct emb_pq_chunk *c = &chunk[r->column[f->test[i].col]];
    if (f->test[i].lo > c->hi || f->test[i].hi < c->lo) return PRAC_END;
  }
  if (f->need & EMB_BIT(sensor)) {
    PRAC_TRY(start(r, group, EMB_COL_sensor));
    if (!emb_pq_text_find(&r->cursor[EMB_COL_sensor], f->q->sensor, &r->sensor)) return PRAC_END;
  }
  for (size_t i = 0; i < f->n_tests; i++) {
    const struct emb_test *t = &f->test[i];
    PRAC_TRY(start(r, group, t->col));
    if (!emb_pq_may_hold(&r->cursor[t->col], t->lo, t->hi)) return PRAC_END;
  }
  for (int c = 0; c < EMB_COL_COUNT_; c++)
    if (f->need & UINT32_C(1) << c) PRAC_TRY(start(r, group, (enum emb_col)c));
  return PRAC_OK;
}

static void narrow(struct emb_reader *r, enum emb_col col, uint64_t lo, uint64_t hi)
{
  const uint64_t *v = r->value[col];
  size_t n = 0;
  for (size_t i = 0; i < r->n_pick; i++) {
    uint16_t k = r->pick[i];
    r->pick[n] = k;
    n += v[k] - lo <= hi - lo;
  }
  r->n_pick = n;
}

/* A column of the block, if any row is still of interest. */
static prac_rc column(struct emb_reader *r, enum emb_col col, size_t n)
{
  if (r->n_pick == 0) return emb_pq_skip(&r->cursor[col], n);
  return emb_pq_next(&r->cursor[col], r->value[col], n);
}

static int64_t at_of(const struct emb_reader *r, size_t k)
{
  return (int64_t)r->value[EMB_COL_minute][k] / 1000 + (int64_t)r->value[EMB_COL_first_ms][k];
}

static void narrow_times(struct emb_reader *r, struct emb_times t)
{
  size_t n = 0;
  for (size_t i = 0; i < r->n_pick; i++) {
    int64_t at = at_of(r, r->pick[i]);
    r->pick[n] = r->pick[i];
    n += at >= t.lo && at <= t.hi;
  }
  r->n_pick = n;
}

/* The minutes that these times can lie in, as they stand in the column. */
static void narrow_minutes(struct emb_reader *r, struct emb_times t)
{
  enum { MINUTE = 60000 };
  int64_t lo = t.lo < INT64_MIN / 2 + MINUTE ? 0 : t.lo - MINUTE, hi = t.hi;
  static const int64_t most = INT64_MAX / PRAC_MS - 4 * MINUTE; /* what ns can still hold */
  if (lo < 0) lo = 0;
  if (hi < lo)
    r->n_pick = 0;
  else
    narrow(r, EMB_COL_minute, (uint64_t)lo * 1000, (uint64_t)(hi > most ? most : hi) * 1000);
}

static prac_rc block(struct emb_reader *r, const struct emb_find *f, struct emb_times t, size_t n)
{
  uint32_t had = EMB_BIT(minute) | EMB_BIT(first_ms) | EMB_BIT(sensor);
  r->n_pick = n;
  for (size_t i = 0; i < n; i++) r->pick[i] = (uint16_t)i;
  PRAC_TRY(column(r, EMB_COL_minute, n));
  narrow_minutes(r, t);
  if (f->need & EMB_BIT(sensor)) {
    PRAC_TRY(column(r, EMB_COL_sensor, n));
    narrow(r, EMB_COL_sensor, r->sensor, r->sensor);
  }
  for (size_t i = 0; i < f->n_tests; i++) {
    const struct emb_test *w = &f->test[i];
    if (!(had & UINT32_C(1) << w->col)) PRAC_TRY(column(r, w->col, n));
    had |= UINT32_C(1) << w->col;
    narrow(r, w->col, w->lo, w->hi);
  }
  PRAC_TRY(column(r, EMB_COL_first_ms, n));
  narrow_times(r, t);
  for (int c = 0; c < EMB_COL_COUNT_; c++)
    if (f->need & ~had & UINT32_C(1) << c) PRAC_TRY(column(r, (enum emb_col)c, n));
  return PRAC_OK;
}

prac_rc emb_find_rows(struct emb_reader *r, size_t group, const struct emb_ask *a)
{
  const struct emb_find *f = a->find;
  size_t rows = r->file.chunk[group * r->file.n_columns].values;
  prac_rc rc = begin(r, group, f);
  if (rc != PRAC_OK) return rc == PRAC_END ? PRAC_OK : rc;
  for (size_t first = 0, n; first < rows; first += n) {
    n = rows - first < EMB_BLOCK ? rows - first : EMB_BLOCK;
    PRAC_TRY(block(r, f, a->still(a->to), n));
    for (size_t i = 0; i < r->n_pick; i++) {
      size_t k = r->pick[i];
      struct store_flow flow = {0};
      PRAC_TRY(emb_flow_set(r, f->need, k, &flow));
      if (store_flow_match(f->q, &flow))
        PRAC_TRY(a->hit(a->to, at_of(r, k), (uint32_t)(first + k)));
    }
  }
  return PRAC_OK;
}
