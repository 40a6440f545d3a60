/* Minutes of a sensor as packed batches. The columns that nobody will ask for are left out by
 * packing zeros, which the binary form does not store. */
#include "engine/past.h"

#include <stdlib.h>
#include <string.h>

enum { LEVEL = 1 };

void eng_past_done(struct eng_past *p)
{
  for (uint32_t i = 0; i < p->n; i++) free(p->v[i].bytes);
  free(p->v);
  *p = (struct eng_past){0};
}

/* The place for one more batch. */
static struct eng_past_batch *room(struct eng_past *p)
{
  if (p->n < p->cap) return &p->v[p->n];
  uint32_t cap = p->cap ? p->cap * 2 : 16;
  struct eng_past_batch *v = realloc(p->v, cap * sizeof *v);
  if (!v) return NULL;
  p->v = v;
  p->cap = cap;
  return &v[p->n];
}

static void take(struct eng_past *p, struct eng_past_batch x)
{
  p->v[p->n++] = x;
  p->rows += x.rows + UINT64_C(1);
}

/* b's first n rows without what no table of traffic reads. zero: n * 16 bytes. */
static prac_rc pack(const struct flow_batch *b, uint32_t n, uint16_t *step_ms, const void *zero,
                    struct eng_past_batch *ret)
{
  struct flow_batch lean = {.sensor = b->sensor, .minute = b->minute, .n = n, .geo = ""};
#define C(type, name, unit, help) lean.name = zero;
  FLOW_COLUMNS(C)
#undef C
  for (uint32_t i = 0; i < n; i++)
    step_ms[i] = (uint16_t)(b->first_ms[i] - b->first_ms[i] % FLOW_STEP_MS);
  lean.first_ms = step_ms;
  lean.src = b->src;
  lean.dst = b->dst;
  lean.proto = b->proto;
  lean.tcp_flags = b->tcp_flags;
  lean.dport = b->dport;
  lean.country = b->country;
  lean.marks = b->marks;
  lean.packets = b->packets;
  struct eng_past_batch x = {.minute = b->minute, .rows = n};
  PRAC_TRY(flow_batch_encode(&lean, LEVEL, &x.bytes, &x.len));
  uint8_t *small = realloc(x.bytes, x.len); /* the encoder takes room for the worst */
  if (small) x.bytes = small;
  *ret = x;
  return PRAC_OK;
}

prac_rc eng_past_add(struct eng_past *p, const struct flow_batch *b, size_t max_rows,
                     uint64_t *refused)
{
  uint32_t n = b->n;
  if (p->rows + n >= max_rows * UINT64_C(2)) {
    *refused += n;
    n = 0;
    if (p->n && p->v[p->n - 1].minute == b->minute) return PRAC_OK;
  }
  struct eng_past_batch x;
  if (!room(p)) return PRAC_NOMEM;
  void *zero = calloc((size_t)n + 1, sizeof(struct prac_ip));
  uint16_t *step_ms = malloc(((size_t)n + 1) * sizeof *step_ms);
  prac_rc rc = zero && step_ms ? pack(b, n, step_ms, zero, &x) : PRAC_NOMEM;
  free(zero);
  free(step_ms);
  if (rc == PRAC_OK) take(p, x);
  return rc;
}

void eng_past_drop(struct eng_past *p, prac_time before)
{
  uint32_t n = 0;
  for (; n < p->n && p->v[n].minute < before; n++) {
    p->rows -= p->v[n].rows + UINT64_C(1);
    free(p->v[n].bytes);
  }
  p->n -= n;
  if (n && p->n) memmove(p->v, p->v + n, p->n * sizeof *p->v);
}

prac_rc eng_past_window(const struct eng_past *p, prac_time from, struct eng_traffic *t)
{
  prac_time to = from + t->conf.step_ns * t->conf.steps;
  eng_traffic_reset(t, from);
  t->refused = 0;
  for (uint32_t i = 0; i < p->n; i++) {
    struct flow_batch *b = NULL;
    if (p->v[i].minute < from || p->v[i].minute >= to) continue;
    PRAC_TRY(flow_batch_decode(p->v[i].bytes, p->v[i].len, &b, NULL));
    prac_rc rc = eng_traffic_add(t, b);
    flow_batch_unref(&b);
    PRAC_TRY(rc);
  }
  return PRAC_OK;
}

size_t eng_past_bytes(const struct eng_past *p)
{
  size_t sum = p->cap * sizeof *p->v;
  for (uint32_t i = 0; i < p->n; i++) sum += p->v[i].len;
  return sum;
}

/* ---- restart ---- */

static void past_save(const struct eng_past *p, struct prac_wr *w)
{
  prac_wr_u32le(w, p->n);
  for (uint32_t i = 0; i < p->n && !w->bad; i++) {
    prac_wr_u64le(w, p->v[i].len);
    prac_wr_bytes(w, p->v[i].bytes, p->v[i].len);
  }
}

/* Unpacked once, so that nothing can fail later. */
static prac_rc batch_load(struct eng_past *p, const uint8_t *bytes, size_t len)
{
  struct flow_batch *b = NULL;
  struct eng_past_batch x = {.len = len};
  PRAC_TRY(flow_batch_decode(bytes, len, &b, NULL));
  x.minute = b->minute;
  x.rows = b->n;
  flow_batch_unref(&b);
  if (p->n && x.minute < p->v[p->n - 1].minute) return PRAC_DAMAGED;
  if (!room(p)) return PRAC_NOMEM;
  x.bytes = malloc(len);
  if (!x.bytes) return PRAC_NOMEM;
  memcpy(x.bytes, bytes, len);
  take(p, x);
  return PRAC_OK;
}

static prac_rc past_load(struct eng_past *p, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n; i++) {
    size_t len = prac_rd_u64le(r);
    const uint8_t *bytes = prac_rd_bytes(r, len);
    prac_rc rc = bytes ? batch_load(p, bytes, len) : PRAC_DAMAGED;
    if (rc == PRAC_NOMEM) return rc;
    if (rc != PRAC_OK) return PRAC_DAMAGED;
  }
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}

void eng_past_all_save(const struct eng_sensors *s, struct prac_wr *w)
{
  prac_wr_u32le(w, s->n);
  for (uint32_t i = 0; i < s->n && !w->bad; i++) {
    eng_sensors_name_save(s, i, w);
    past_save(s->v[i].block, w);
  }
}

prac_rc eng_past_all_load(struct eng_sensors *s, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    void *block;
    PRAC_TRY(eng_sensors_name_load(s, r, &block));
    PRAC_TRY(past_load(block, r));
  }
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}
