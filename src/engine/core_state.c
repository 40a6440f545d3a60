/* Saving and loading the core: a header, the sensors' clocks, held batches, one block per engine,
 * and a checksum over all of it. What is read is checked as if a stranger had written it. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/core_int.h"

static const uint32_t MAGIC = 0x31434550; /* "PEC1" */
static const size_t STATE_MAX = (size_t)1 << 32;

/* A writer whose memory grows: `need` more bytes are there after the call. */
struct grow {
  uint8_t *mem;
  size_t len, cap;
};
static prac_rc grow_by(struct grow *g, size_t need)
{
  if (need > STATE_MAX || g->len + need > STATE_MAX) return PRAC_FULL;
  if (g->len + need <= g->cap) return PRAC_OK;
  size_t cap = g->cap ? g->cap : 4096;
  while (cap < g->len + need) cap *= 2;
  uint8_t *p = realloc(g->mem, cap);
  if (!p) return PRAC_NOMEM;
  g->mem = p;
  g->cap = cap;
  return PRAC_OK;
}
static struct prac_wr grow_at(const struct grow *g)
{
  return prac_wr_of(g->mem + g->len, g->cap - g->len);
}
static prac_rc grow_took(struct grow *g, const struct prac_wr *w)
{
  if (w->bad) return PRAC_NOSPACE;
  g->len += prac_wr_len(w);
  return PRAC_OK;
}

static void text_write(struct prac_wr *w, const char *s)
{
  prac_wr_u8(w, (uint8_t)strlen(s));
  prac_wr_bytes(w, s, strlen(s));
}

static prac_rc sensors_save(const struct eng_core *c, struct grow *g)
{
  PRAC_TRY(grow_by(g, 64 + c->n_sensors * (ENG_SENSOR_NAME + 16)));
  struct prac_wr w = grow_at(g);
  prac_wr_u32le(&w, MAGIC);
  prac_wr_u64le(&w, (uint64_t)c->newest);
  prac_wr_u64le(&w, (uint64_t)c->floor);
  prac_wr_u64le(&w, (uint64_t)c->released);
  prac_wr_u32le(&w, (uint32_t)c->n_sensors);
  for (size_t i = 0; i < c->n_sensors; i++) {
    text_write(&w, c->sensors[i].name);
    prac_wr_u64le(&w, (uint64_t)c->sensors[i].clock);
    prac_wr_u8(&w, c->sensors[i].left);
  }
  prac_wr_u32le(&w, (uint32_t)c->n_held);
  return grow_took(g, &w);
}

static prac_rc batch_save(const struct flow_batch *b, struct grow *g)
{
  uint8_t *bytes = NULL;
  size_t n = 0;
  PRAC_TRY(flow_batch_encode(b, 1, &bytes, &n));
  prac_rc rc = grow_by(g, n + 8);
  if (rc == PRAC_OK) {
    struct prac_wr w = grow_at(g);
    prac_wr_u64le(&w, n);
    prac_wr_bytes(&w, bytes, n);
    rc = grow_took(g, &w);
  }
  free(bytes);
  return rc;
}

/* The engine says PRAC_NOSPACE until it has enough: a little more than last time, mostly. */
static prac_rc engine_state(struct eng_run *r, struct grow *g)
{
  for (size_t try = 4096 + r->state_bytes + r->state_bytes / 4;; try *= 2) {
    PRAC_TRY(grow_by(g, try));
    struct prac_wr w = grow_at(g);
    prac_rc rc = r->ops->save(r->st, &w);
    if (rc == PRAC_OK && !w.bad) {
      r->state_bytes = prac_wr_len(&w);
      return grow_took(g, &w);
    }
    if (rc != PRAC_OK && rc != PRAC_NOSPACE) return rc;
  }
}

static prac_rc run_save(struct eng_run *r, struct grow *g)
{
  PRAC_TRY(grow_by(g, 1024));
  struct prac_wr w = grow_at(g);
  text_write(&w, r->ops->name);
  text_write(&w, r->ops->version);
  prac_wr_u64le(&w, r->settings);
  prac_wr_u64le(&w, r->seed);
  prac_wr_u64le(&w, (uint64_t)r->slot_from);
  prac_wr_u64le(&w, (uint64_t)r->busy_from);
  for (int i = 0; i < 4; i++) prac_wr_u64le(&w, r->rng.s[i]);
  PRAC_TRY(grow_took(g, &w));
  size_t at = g->len;
  PRAC_TRY(grow_by(g, 8));
  g->len += 8;
  if (r->ops->save) PRAC_TRY(engine_state(r, g));
  struct prac_wr len = prac_wr_of(g->mem + at, 8);
  prac_wr_u64le(&len, g->len - at - 8);
  return PRAC_OK;
}

static prac_rc core_save(struct eng_core *c, struct grow *g)
{
  PRAC_TRY(sensors_save(c, g));
  for (size_t i = 0; i < c->n_held; i++) PRAC_TRY(batch_save(c->held[i], g));
  PRAC_TRY(grow_by(g, 16));
  struct prac_wr w = grow_at(g);
  prac_wr_u32le(&w, (uint32_t)c->n_runs);
  PRAC_TRY(grow_took(g, &w));
  for (size_t i = 0; i < c->n_runs; i++) PRAC_TRY(run_save(&c->runs[i], g));
  PRAC_TRY(grow_by(g, 8));
  w = grow_at(g);
  prac_wr_u64le(&w, prac_hash_bytes(MAGIC, g->mem, g->len));
  return grow_took(g, &w);
}

prac_rc eng_core_save(struct eng_core *c, uint8_t **ret_bytes, size_t *ret_len,
                      struct prac_err *reterr)
{
  struct grow g = {0};
  prac_rc rc = core_save(c, &g);
  if (rc != PRAC_OK) {
    free(g.mem);
    return PRAC_FAIL(reterr, rc, "engine state cannot be saved: %s", prac_rc_text(rc));
  }
  *ret_bytes = g.mem;
  *ret_len = g.len;
  return PRAC_OK;
}

/* ---- loading ---- */

static bool text_read(struct prac_rd *r, char *to, size_t cap)
{
  size_t n = prac_rd_u8(r);
  const uint8_t *p = prac_rd_bytes(r, n);
  if (!p || n >= cap || memchr(p, 0, n)) return false;
  memcpy(to, p, n);
  to[n] = '\0';
  return true;
}

static bool time_fits(prac_time t)
{
  return t == PRAC_TIME_NONE || (t > -(INT64_MAX / 2) && t < INT64_MAX / 2);
}

static prac_rc sensors_load(struct eng_core *c, struct prac_rd *r)
{
  if (prac_rd_u32le(r) != MAGIC) return PRAC_DAMAGED;
  c->newest = (prac_time)prac_rd_u64le(r);
  c->floor = (prac_time)prac_rd_u64le(r);
  c->released = (prac_time)prac_rd_u64le(r);
  if (!time_fits(c->newest) || !time_fits(c->floor) || !time_fits(c->released)) return PRAC_DAMAGED;
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n; i++) {
    char name[ENG_SENSOR_NAME];
    if (!text_read(r, name, sizeof name)) return PRAC_DAMAGED;
    struct eng_sensor *s = eng_core_sensor(c, name);
    if (!s) return PRAC_DAMAGED;
    s->clock = (prac_time)prac_rd_u64le(r);
    s->left = prac_rd_u8(r) != 0;
    if (!time_fits(s->clock)) return PRAC_DAMAGED;
  }
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}

static prac_rc held_load(struct eng_core *c, struct prac_rd *r, struct prac_err *reterr)
{
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n; i++) {
    struct flow_batch *b = NULL;
    size_t len = prac_rd_u64le(r);
    const uint8_t *p = prac_rd_bytes(r, len);
    if (!p) return PRAC_DAMAGED;
    PRAC_TRY(flow_batch_decode(p, len, &b, reterr));
    prac_rc rc =
        time_fits(b->minute) && b->minute % PRAC_MIN == 0 ? eng_core_hold(c, b) : PRAC_DAMAGED;
    flow_batch_unref(&b);
    PRAC_TRY(rc);
  }
  return PRAC_OK;
}

static struct eng_run *run_named(struct eng_core *c, const char *name)
{
  for (size_t i = 0; i < c->n_runs; i++)
    if (strcmp(c->runs[i].ops->name, name) == 0) return &c->runs[i];
  return NULL;
}

struct saved_run {
  char name[64], version[64];
  uint64_t settings, seed;
  prac_time slot_from, busy_from;
  struct prac_rng rng;
  struct prac_rd state; /* the engine's own */
};

static prac_rc run_read(struct prac_rd *r, struct saved_run *v)
{
  if (!text_read(r, v->name, sizeof v->name) || !text_read(r, v->version, sizeof v->version))
    return PRAC_DAMAGED;
  v->settings = prac_rd_u64le(r);
  v->seed = prac_rd_u64le(r);
  v->slot_from = (prac_time)prac_rd_u64le(r);
  v->busy_from = (prac_time)prac_rd_u64le(r);
  for (int i = 0; i < 4; i++) v->rng.s[i] = prac_rd_u64le(r);
  v->state = prac_rd_sub(r, prac_rd_u64le(r));
  if (r->bad || !time_fits(v->slot_from) || !time_fits(v->busy_from)) return PRAC_DAMAGED;
  return PRAC_OK;
}

/* Another version, other settings or another seed: what was saved says nothing about this run. */
static bool run_is(const struct eng_run *run, const struct saved_run *v)
{
  return run && strcmp(run->ops->version, v->version) == 0 && run->settings == v->settings &&
         run->seed == v->seed;
}

static prac_rc run_load(struct eng_core *c, struct prac_rd *r)
{
  struct saved_run v;
  PRAC_TRY(run_read(r, &v));
  struct eng_run *run = run_named(c, v.name);
  if (!run_is(run, &v)) {
    prac_count(&c->counters[ENG_CORE_FRESH], 1);
    return PRAC_OK;
  }
  if (v.slot_from != PRAC_TIME_NONE && v.slot_from % run->slot_ns != 0) return PRAC_DAMAGED;
  if ((v.slot_from == PRAC_TIME_NONE) != (v.busy_from == PRAC_TIME_NONE) ||
      v.busy_from > v.slot_from)
    return PRAC_DAMAGED;
  run->slot_from = v.slot_from;
  run->busy_from = v.busy_from;
  run->rng = v.rng;
  return run->ops->load ? run->ops->load(run->st, &v.state) : PRAC_OK;
}

static prac_rc core_load(struct eng_core *c, struct prac_rd r, struct prac_err *reterr)
{
  PRAC_TRY(sensors_load(c, &r));
  PRAC_TRY(held_load(c, &r, reterr));
  uint32_t n = prac_rd_u32le(&r);
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(run_load(c, &r));
  return r.bad || prac_rd_left(&r) ? PRAC_DAMAGED : PRAC_OK;
}

prac_rc eng_core_load(struct eng_core *c, const void *data, size_t len, struct prac_err *reterr)
{
  if (c->n_sensors || c->n_held)
    return PRAC_FAIL(reterr, PRAC_EXISTS, "engine state goes into a fresh core only");
  if (len < 8) return PRAC_FAIL(reterr, PRAC_DAMAGED, "engine state: %zu bytes are none", len);
  struct prac_rd r = prac_rd_of(data, len - 8);
  struct prac_rd sum = prac_rd_of((const uint8_t *)data + len - 8, 8);
  if (prac_rd_u64le(&sum) != prac_hash_bytes(MAGIC, data, len - 8))
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "engine state fails its checksum");
  prac_rc rc = core_load(c, r, reterr);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "engine state: %s", prac_rc_text(rc));
  return PRAC_OK;
}
