/* A heap of findings that wait, earliest first. Each lies in memory of its own: few wait, and not
 * for long. */
#include "alert/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"

static const uint32_t MAGIC = 0x314f5250; /* "PRO1" */
static const size_t STATE_MAX = (size_t)1 << 31;
enum { FINDING_BYTES = 512 };

#define ORDER_COUNTERS(X)                                                                          \
  X(LATE, "late", "findings", "Findings older than what had been passed on.", PRAC_COUNTER)        \
  X(EARLY, "early", "findings",                                                                    \
    "Findings passed on before all workers had come to their time; is a worker dead or too slow?", \
    PRAC_COUNTER)                                                                                  \
  X(WAITING, "waiting", "findings", "Findings that wait for a worker right now.", PRAC_GAUGE)
enum order_counter {
#define X(id, name, unit, help, kind) ORDER_COUNT_##id,
  ORDER_COUNTERS(X)
#undef X
      ORDER_COUNTER_COUNT_
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    ORDER_COUNTERS(X)
#undef X
};

struct waiting {
  struct prac_arena *mem;
  struct finding f;
};
struct alert_order {
  struct alert_order_to to;
  const char *const *names;
  size_t n_names;
  prac_time mark[ALERT_TELLERS_MAX], passed;
  struct waiting *heap;
  size_t n, cap;
  _Atomic uint64_t counters[ORDER_COUNTER_COUNT_];
};

static void count(struct alert_order *o, enum order_counter c)
{
  prac_count(&o->counters[c], 1);
}

static int compare(const struct finding *a, const struct finding *b)
{
  if (a->at != b->at) return a->at < b->at ? -1 : 1;
  int c = strcmp(a->engine, b->engine);
  if (c == 0) c = strcmp(a->part, b->part);
  if (c == 0) c = strcmp(a->key, b->key);
  return c ? c : strcmp(a->id, b->id);
}

prac_rc alert_order_new(const char *const *names, size_t n, const struct alert_order_to *to,
                        struct alert_order **ret)
{
  if (n == 0 || n > ALERT_TELLERS_MAX) return PRAC_RANGE;
  struct alert_order *o = calloc(1, sizeof *o);
  if (!o) return PRAC_NOMEM;
  *o = (struct alert_order){.to = *to, .names = names, .n_names = n, .passed = PRAC_TIME_NONE};
  for (size_t i = 0; i < n; i++) o->mark[i] = PRAC_TIME_NONE;
  *ret = o;
  return PRAC_OK;
}

void alert_order_free(struct alert_order **op)
{
  struct alert_order *o = *op;
  if (!o) return;
  for (size_t i = 0; i < o->n; i++) prac_arena_free(&o->heap[i].mem);
  free(o->heap);
  free(o);
  *op = NULL;
}

/* ---- the heap ---- */

static void swap(struct alert_order *o, size_t a, size_t b)
{
  struct waiting x = o->heap[a];
  o->heap[a] = o->heap[b];
  o->heap[b] = x;
}

static prac_rc push(struct alert_order *o, const struct finding *f)
{
  if (o->n == o->cap) {
    size_t cap = o->cap ? o->cap * 2 : 16;
    struct waiting *v = realloc(o->heap, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    o->heap = v;
    o->cap = cap;
  }
  struct waiting *w = &o->heap[o->n];
  w->mem = prac_arena_new(FINDING_BYTES);
  if (!w->mem) return PRAC_NOMEM;
  prac_rc rc = model_copy(&model_finding, f, w->mem, &w->f);
  if (rc != PRAC_OK) {
    prac_arena_free(&w->mem);
    return rc;
  }
  for (size_t i = o->n++; i && compare(&o->heap[i].f, &o->heap[(i - 1) / 2].f) < 0; i = (i - 1) / 2)
    swap(o, i, (i - 1) / 2);
  return PRAC_OK;
}

static struct waiting pop(struct alert_order *o)
{
  struct waiting out = o->heap[0];
  o->heap[0] = o->heap[--o->n];
  for (size_t i = 0;;) {
    size_t least = i, l = 2 * i + 1;
    for (size_t k = l; k < l + 2 && k < o->n; k++)
      if (compare(&o->heap[k].f, &o->heap[least].f) < 0) least = k;
    if (least == i) return out;
    swap(o, i, least);
    i = least;
  }
}

/* The earliest one, and whatever is the same again. */
static prac_rc pass_first(struct alert_order *o)
{
  struct waiting w = pop(o);
  while (o->n && compare(&o->heap[0].f, &w.f) == 0) {
    struct waiting again = pop(o);
    prac_arena_free(&again.mem);
  }
  if (o->passed == PRAC_TIME_NONE || w.f.at > o->passed) o->passed = w.f.at;
  prac_rc rc = o->to.take(o->to.arg, &w.f);
  prac_arena_free(&w.mem);
  return rc;
}

/* ---- taking ---- */

static void show(struct alert_order *o)
{
  prac_gauge(&o->counters[ORDER_COUNT_WAITING], o->n);
}

prac_rc alert_order_take(struct alert_order *o, const struct finding *f)
{
  struct finding mine = *f;
  if (!mine.part) mine.part = "";
  if (o->passed != PRAC_TIME_NONE && f->at <= o->passed) {
    count(o, ORDER_COUNT_LATE);
    return o->to.take(o->to.arg, &mine);
  }
  prac_rc rc = push(o, &mine);
  if (rc == PRAC_OK && o->n > ALERT_ORDER_MAX) {
    count(o, ORDER_COUNT_EARLY);
    rc = pass_first(o);
  }
  show(o);
  return rc;
}

static prac_rc pass_until(struct alert_order *o, prac_time t)
{
  while (o->n && o->heap[0].f.at <= t) PRAC_TRY(pass_first(o));
  show(o);
  o->passed = t;
  return o->to.advance(o->to.arg, t);
}

static prac_time rearmost(const struct alert_order *o)
{
  prac_time t = o->mark[0];
  for (size_t i = 1; i < o->n_names; i++)
    if (o->mark[i] == PRAC_TIME_NONE || (t != PRAC_TIME_NONE && o->mark[i] < t)) t = o->mark[i];
  return t;
}

static prac_time foremost(const struct alert_order *o)
{
  prac_time t = PRAC_TIME_NONE;
  for (size_t i = 0; i < o->n_names; i++)
    if (o->mark[i] != PRAC_TIME_NONE && (t == PRAC_TIME_NONE || o->mark[i] > t)) t = o->mark[i];
  return t;
}

prac_rc alert_order_mark(struct alert_order *o, const char *teller, prac_time t)
{
  size_t i = 0;
  while (i < o->n_names && strcmp(o->names[i], teller) != 0) i++;
  if (i == o->n_names || t == PRAC_TIME_NONE) return PRAC_OK;
  if (o->mark[i] == PRAC_TIME_NONE || t > o->mark[i]) o->mark[i] = t;
  prac_time all = rearmost(o);
  bool news = all != PRAC_TIME_NONE && (o->passed == PRAC_TIME_NONE || all > o->passed);
  return news ? pass_until(o, all) : PRAC_OK;
}

prac_rc alert_order_hurry(struct alert_order *o)
{
  prac_time t = foremost(o);
  if (t == PRAC_TIME_NONE || (o->passed != PRAC_TIME_NONE && t <= o->passed)) return PRAC_OK;
  size_t before = o->n;
  prac_rc rc = pass_until(o, t);
  prac_count(&o->counters[ORDER_COUNT_EARLY], before - o->n);
  return rc;
}

size_t alert_order_waiting(const struct alert_order *o)
{
  return o->n;
}

prac_time alert_order_passed(const struct alert_order *o)
{
  return o->passed;
}

/* ---- restart ---- */

static prac_rc put(const struct alert_order *o, struct prac_wr *w)
{
  prac_wr_u32le(w, MAGIC);
  prac_wr_u64le(w, (uint64_t)o->passed);
  prac_wr_u32le(w, (uint32_t)o->n_names);
  for (size_t i = 0; i < o->n_names; i++) {
    prac_wr_u16le(w, (uint16_t)strlen(o->names[i]));
    prac_wr_bytes(w, o->names[i], strlen(o->names[i]));
    prac_wr_u64le(w, (uint64_t)o->mark[i]);
  }
  prac_wr_u32le(w, (uint32_t)o->n);
  for (size_t i = 0; i < o->n; i++) PRAC_TRY(model_to_binary(&model_finding, &o->heap[i].f, w));
  prac_wr_u64le(w, prac_hash_bytes(MAGIC, w->base, prac_wr_len(w)));
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

prac_rc alert_order_save(const struct alert_order *o, uint8_t **ret, size_t *ret_len)
{
  for (size_t cap = 4096 + o->n * 2 * FINDING_BYTES; cap <= STATE_MAX; cap *= 2) {
    uint8_t *mem = malloc(cap);
    if (!mem) return PRAC_NOMEM;
    struct prac_wr w = prac_wr_of(mem, cap);
    prac_rc rc = put(o, &w);
    if (rc == PRAC_OK) {
      *ret = mem;
      *ret_len = prac_wr_len(&w);
      return PRAC_OK;
    }
    free(mem);
    if (rc != PRAC_NOSPACE) return rc;
  }
  return PRAC_FULL;
}

static void marks_read(struct alert_order *o, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (n > ALERT_TELLERS_MAX) r->bad = true;
  for (uint32_t k = 0; k < n && !r->bad; k++) {
    size_t len = prac_rd_u16le(r);
    const uint8_t *name = prac_rd_bytes(r, len);
    prac_time t = (prac_time)prac_rd_u64le(r);
    for (size_t i = 0; i < o->n_names && !r->bad; i++)
      if (strlen(o->names[i]) == len && memcmp(o->names[i], name, len) == 0) o->mark[i] = t;
  }
}

prac_rc alert_order_load(struct alert_order *o, const void *data, size_t len)
{
  if (len < 8) return PRAC_DAMAGED;
  struct prac_rd r = prac_rd_of(data, len - 8);
  struct prac_rd sum = prac_rd_of((const uint8_t *)data + len - 8, 8);
  if (prac_rd_u64le(&sum) != prac_hash_bytes(MAGIC, data, len - 8)) return PRAC_DAMAGED;
  if (prac_rd_u32le(&r) != MAGIC) return PRAC_DAMAGED;
  o->passed = (prac_time)prac_rd_u64le(&r);
  marks_read(o, &r);
  uint32_t n = prac_rd_u32le(&r);
  struct prac_arena *scratch = prac_arena_new(0);
  prac_rc rc = !scratch ? PRAC_NOMEM : r.bad || n > ALERT_ORDER_MAX ? PRAC_DAMAGED : PRAC_OK;
  for (uint32_t i = 0; i < n && rc == PRAC_OK; i++) {
    struct finding f = {0};
    rc = model_from_binary(&model_finding, &r, scratch, &f);
    if (rc == PRAC_OK) rc = push(o, &f);
    prac_arena_reset(scratch);
  }
  prac_arena_free(&scratch);
  show(o);
  if (rc == PRAC_NOMEM) return rc;
  return rc == PRAC_OK && !r.bad && prac_rd_left(&r) == 0 ? PRAC_OK : PRAC_DAMAGED;
}

struct prac_counters alert_order_counters(const struct alert_order *o)
{
  struct alert_order *own = (struct alert_order *)(uintptr_t)o; /* readers may look at atomics */
  return (struct prac_counters){"alert-order", counter_defs, own->counters, ORDER_COUNTER_COUNT_};
}
