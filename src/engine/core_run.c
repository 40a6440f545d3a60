/* One engine: its state, its slots, and what it says. Everything an engine sees of time passes
 * here, so that the same batches make the same slots whatever the calls around them were. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/core_int.h"

enum { SCRATCH_CHUNK = 1 << 16, OUT_MAX = 1 << 20 };

prac_rc eng_run_init(struct eng_run *r, const struct eng_ops *ops, const void *conf,
                     struct prac_err *reterr)
{
  r->ops = ops;
  r->part = "";
  r->slot_from = r->busy_from = PRAC_TIME_NONE;
  r->slot_ns = ops->slot_ns(conf);
  r->out.run = r;
  if (r->slot_ns <= 0 || r->slot_ns % PRAC_MIN != 0)
    return PRAC_FAIL(reterr, PRAC_RANGE, "engine %s: a slot must be whole minutes", ops->name);
  r->st = calloc(1, ops->state_size ? ops->state_size : 1);
  r->env.conf = conf;
  r->env.scratch = prac_arena_new(SCRATCH_CHUNK);
  r->rng = prac_rng_of(prac_mix64(r->seed));
  r->env.rng = &r->rng;
  r->env.counters = calloc(ops->n_counters + 1, sizeof *r->env.counters);
  r->out.mem = prac_arena_new(SCRATCH_CHUNK);
  if (!r->st || !r->env.scratch || !r->env.counters || !r->out.mem)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "engine %s: out of memory", ops->name);
  return PRAC_OK;
}

prac_rc eng_run_open(struct eng_run *r, struct prac_err *reterr)
{
  r->opened = true; /* close accepts a half-opened state */
  return r->ops->open(r->st, &r->env, reterr);
}

void eng_run_done(struct eng_run *r)
{
  if (r->opened && r->ops->close) r->ops->close(r->st);
  r->opened = false;
  free(r->st);
  free(r->env.counters);
  prac_arena_free(&r->env.scratch);
  prac_arena_free(&r->out.mem);
  free(r->out.v);
}

void eng_out_reset(struct eng_out *o)
{
  o->n = 0;
  prac_arena_reset(o->mem);
}

static const char *finding_id(struct eng_out *o, const struct finding *f)
{
  char text[24];
  uint64_t h = prac_hash_bytes(1, o->run->ops->name, strlen(o->run->ops->name));
  h = prac_hash2(h, (uint64_t)o->slot.from, (uint64_t)o->slot.to);
  h = prac_hash_bytes(h, f->key, strlen(f->key));
  h = prac_hash_bytes(h, f->state, strlen(f->state));
  if (o->run->part[0]) h = prac_hash_bytes(h, o->run->part, strlen(o->run->part));
  snprintf(text, sizeof text, "f%016llx", (unsigned long long)h);
  return prac_arena_strndup(o->mem, text, strlen(text));
}

prac_rc eng_say(struct eng_out *o, const struct finding *f)
{
  PRAC_INSIST(f->key && f->kind && f->state && f->hosts.n <= 256);
  if (o->n == OUT_MAX) return PRAC_FULL;
  if (o->n == o->cap) {
    size_t cap = o->cap ? o->cap * 2 : 16;
    struct finding *v = realloc(o->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    o->v = v;
    o->cap = cap;
  }
  struct finding mine = *f;
  mine.id = finding_id(o, f);
  if (!mine.id) return PRAC_NOMEM;
  mine.engine = o->run->ops->name;
  mine.part = o->run->part;
  mine.engine_version = o->run->ops->version;
  mine.settings = o->run->settings;
  mine.seed = o->run->seed;
  mine.at = o->slot.to;
  PRAC_TRY(model_copy(&model_finding, &mine, o->mem, &o->v[o->n]));
  o->n++;
  return PRAC_OK;
}

static void slot_begin(struct eng_run *r, prac_time from)
{
  r->slot_from = from;
  r->rng = prac_rng_of(prac_hash2(r->seed, (uint64_t)from, (uint64_t)r->slot_ns));
}

static prac_rc slot_close(struct eng_run *r)
{
  struct prac_span slot = {r->slot_from, r->slot_from + r->slot_ns};
  r->out.slot = slot;
  prac_rc rc = r->ops->close_slot(r->st, slot, &r->env, &r->out, &r->err);
  prac_arena_reset(r->env.scratch);
  slot_begin(r, slot.to);
  return rc;
}

/* A clock that jumped must not cost one call a slot of the years between. */
static prac_rc slots_until(struct eng_run *r, prac_time t)
{
  while (r->slot_from + r->slot_ns <= t) {
    if ((r->slot_from - r->busy_from) / r->slot_ns > ENG_IDLE_SLOTS) {
      slot_begin(r, prac_time_floor(t, r->slot_ns));
      break;
    }
    PRAC_TRY(slot_close(r));
  }
  return PRAC_OK;
}

static prac_rc work(struct eng_run *r, const struct eng_work *w)
{
  for (size_t i = 0; i < w->n; i++) {
    struct flow_batch *b = w->batches[i];
    if (r->slot_from == PRAC_TIME_NONE) slot_begin(r, prac_time_floor(b->minute, r->slot_ns));
    PRAC_TRY(slots_until(r, b->minute));
    r->busy_from = r->slot_from;
    PRAC_TRY(r->ops->feed(r->st, b, &r->env));
    if (w->view) PRAC_TRY(eng_view_add(w->view, r, b));
  }
  if (r->slot_from == PRAC_TIME_NONE) return PRAC_OK;
  PRAC_TRY(slots_until(r, w->until));
  if (w->all && r->slot_from < w->until) PRAC_TRY(slot_close(r));
  return PRAC_OK;
}

void eng_run_work(struct eng_run *r, const struct eng_work *w)
{
  int64_t began = r->clock ? r->clock() : 0;
  r->err = (struct prac_err){0};
  r->rc = work(r, w);
  if (r->clock) r->spent_ns += r->clock() - began;
  if (r->rc == PRAC_OK) return;
  if (r->err.rc == PRAC_OK)
    (void)PRAC_FAIL(&r->err, r->rc, "engine %s: %s", r->ops->name, prac_rc_text(r->rc));
  else
    (void)prac_err_prefix(&r->err, r->rc, "engine %s", r->ops->name);
}
