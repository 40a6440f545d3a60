/* Everything in memory, every question by brute force: for tests and for a replay that keeps
 * nothing. It is also the plain truth that the embedded backend is held against. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/ram/ram.h"

static prac_rc ram_open(void *st, const void *conf, const struct store_env *env,
                        struct prac_err *reterr)
{
  (void)st;
  (void)conf;
  (void)env;
  (void)reterr;
  return PRAC_OK;
}

static void ram_close(void *st)
{
  struct ram *m = st;
  for (size_t i = 0; i < m->n_batches; i++) flow_batch_unref(&m->batch[i]);
  for (size_t i = 0; i < m->n_recs; i++) prac_arena_free(&m->rec[i].arena);
  free(m->batch);
  free(m->rec);
  free(m->index);
  free(m->sensor);
  *m = (struct ram){0};
}

static struct ram_consumer *consumer_of(struct ram *m, const char *name)
{
  for (size_t i = 0; i < m->n_consumers; i++)
    if (strcmp(m->consumer[i].name, name) == 0) return &m->consumer[i];
  return NULL;
}

static prac_rc room_for(void **v, size_t *cap, size_t need, size_t size)
{
  if (need <= *cap) return PRAC_OK;
  size_t c = *cap ? *cap : 64;
  while (c < need) c *= 2;
  void *p = realloc(*v, c * size);
  if (!p) return PRAC_NOMEM;
  *v = p;
  *cap = c;
  return PRAC_OK;
}

static struct store_sensor *sensor_of(struct ram *m, const char *name)
{
  for (size_t i = 0; i < m->n_sensors; i++)
    if (strcmp(m->sensor[i].sensor, name) == 0) return &m->sensor[i];
  struct store_sensor *p = realloc(m->sensor, (m->n_sensors + 1) * sizeof *p);
  if (!p) return NULL;
  m->sensor = p;
  p += m->n_sensors++;
  *p = (struct store_sensor){.first = PRAC_TIME_NONE, .last = PRAC_TIME_NONE};
  p->health.at = PRAC_TIME_NONE;
  for (size_t i = 0; i < STORE_SENSOR_MAX && name[i]; i++) p->sensor[i] = name[i];
  return p;
}

/* Copies of a tx, made before anything is changed: all or nothing. */
struct copies {
  struct ram_rec *v;
  size_t n;
};

static void copies_free(struct copies *c)
{
  for (size_t i = 0; i < c->n; i++) prac_arena_free(&c->v[i].arena);
  free(c->v);
}

static prac_rc copy_records(const struct store_tx *tx, struct copies *c, struct prac_err *reterr)
{
  if (tx->n_recs == 0) return PRAC_OK;
  c->v = calloc(tx->n_recs, sizeof *c->v);
  if (!c->v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for records");
  for (; c->n < tx->n_recs; c->n++) {
    struct ram_rec *k = &c->v[c->n];
    k->kind = tx->recs[c->n].kind;
    k->arena = prac_arena_new(1024);
    k->rec = k->arena ? prac_arena_alloc(k->arena, k->kind->size) : NULL;
    prac_rc rc = k->rec ? model_copy(k->kind, tx->recs[c->n].rec, k->arena, k->rec) : PRAC_NOMEM;
    if (rc != PRAC_OK) {
      prac_arena_free(&k->arena);
      return PRAC_FAIL(reterr, rc, "no memory for records");
    }
  }
  return PRAC_OK;
}

/* The slot of (kind, key): where it stands, or where it would. */
static uint32_t *slot_of(struct ram *m, const struct model_kind *kind, const char *key)
{
  uint64_t h = prac_hash_bytes((uintptr_t)kind, key, strlen(key));
  for (;; h++) {
    uint32_t *s = &m->index[h & (m->index_cap - 1)];
    const struct ram_rec *r = *s ? &m->rec[*s - 1] : NULL;
    if (!r || (r->kind == kind && strcmp(store_record_key(kind, r->rec), key) == 0)) return s;
  }
}

static void put_record(struct ram *m, struct ram_rec *k)
{
  uint32_t *s = slot_of(m, k->kind, store_record_key(k->kind, k->rec));
  if (*s) {
    prac_arena_free(&m->rec[*s - 1].arena);
    m->rec[*s - 1] = *k;
    return;
  }
  m->rec[m->n_recs++] = *k;
  *s = (uint32_t)m->n_recs;
}

static prac_rc index_room(struct ram *m, size_t n)
{
  size_t cap = m->index_cap ? m->index_cap : 256;
  while (cap < 2 * n) cap *= 2;
  if (cap == m->index_cap) return PRAC_OK;
  uint32_t *p = calloc(cap, sizeof *p);
  if (!p) return PRAC_NOMEM;
  free(m->index);
  m->index = p;
  m->index_cap = cap;
  for (size_t i = 0; i < m->n_recs; i++)
    *slot_of(m, m->rec[i].kind, store_record_key(m->rec[i].kind, m->rec[i].rec)) = (uint32_t)i + 1;
  return PRAC_OK;
}

static prac_rc make_room(struct ram *m, const struct store_tx *tx)
{
  if (m->n_recs + tx->n_recs > RAM_RECORDS_MAX) return PRAC_FULL;
  PRAC_TRY(room_for((void **)&m->batch, &m->cap_batches, m->n_batches + tx->n_batches,
                    sizeof(struct flow_batch *)));
  PRAC_TRY(
      room_for((void **)&m->rec, &m->cap_recs, m->n_recs + tx->n_recs, sizeof(struct ram_rec)));
  PRAC_TRY(index_room(m, m->n_recs + tx->n_recs));
  for (size_t i = 0; i < tx->n_batches; i++)
    if (!sensor_of(m, tx->batches[i]->sensor)) return PRAC_NOMEM;
  return PRAC_OK;
}

static void count_batch(struct store_sensor *s, const struct flow_batch *b)
{
  s->batches++;
  s->flows += b->n;
  for (uint32_t i = 0; i < b->n; i++) {
    s->packets += b->packets[i];
    s->bytes += b->bytes[i];
  }
  if (s->first == PRAC_TIME_NONE || b->minute < s->first) s->first = b->minute;
  if (s->last == PRAC_TIME_NONE || b->minute > s->last) s->last = b->minute;
}

static prac_rc set_position(struct ram *m, const struct store_tx *tx, bool *ret_seen,
                            struct prac_err *reterr)
{
  *ret_seen = false;
  if (!tx->consumer) return PRAC_OK;
  struct ram_consumer *c = consumer_of(m, tx->consumer);
  if (c) {
    *ret_seen = c->seq != 0 && tx->seq <= c->seq;
    return PRAC_OK;
  }
  if (m->n_consumers == RAM_CONSUMERS_MAX || strlen(tx->consumer) >= sizeof c->name)
    return PRAC_FAIL(reterr, PRAC_FULL, "no room for the position of \"%s\"", tx->consumer);
  c = &m->consumer[m->n_consumers++];
  memcpy(c->name, tx->consumer, strlen(tx->consumer) + 1);
  return PRAC_OK;
}

static prac_rc ram_append(void *st, const struct store_tx *tx, struct prac_err *reterr)
{
  struct ram *m = st;
  struct copies c = {0};
  bool seen = false;
  PRAC_TRY(set_position(m, tx, &seen, reterr));
  if (seen) return PRAC_OK;
  prac_rc rc = make_room(m, tx);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "no memory for a batch");
  rc = copy_records(tx, &c, reterr);
  if (rc != PRAC_OK) {
    copies_free(&c);
    return rc;
  }
  for (size_t i = 0; i < tx->n_batches; i++) {
    count_batch(sensor_of(m, tx->batches[i]->sensor), tx->batches[i]);
    m->batch[m->n_batches++] = flow_batch_ref(tx->batches[i]);
  }
  for (size_t i = 0; i < c.n; i++) put_record(m, &c.v[i]);
  free(c.v);
  struct ram_consumer *pos = tx->consumer ? consumer_of(m, tx->consumer) : NULL;
  if (pos) pos->seq = tx->seq;
  return PRAC_OK;
}

static prac_rc ram_position(void *st, const char *consumer, uint64_t *ret_seq,
                            struct prac_err *reterr)
{
  const struct ram_consumer *c = consumer_of(st, consumer);
  (void)reterr;
  *ret_seq = c ? c->seq : 0;
  return PRAC_OK;
}

const struct store_ops store_ram = {
    .name = "ram",
    .about = "in memory, gone at the end: tests, and a replay that keeps nothing",
    .state_size = sizeof(struct ram),
    .open = ram_open,
    .append = ram_append,
    .position = ram_position,
    .query = ram_query,
    .batches = ram_batches,
    .close = ram_close,
};
