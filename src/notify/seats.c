/* Whose message gets a thread of its way next. */
#include <string.h>

#include "base/hash.h"
#include "notify/core_int.h"

#define FAILED_EVERY_NS (100 * PRAC_MS) /* a look at all that have failed */

bool note_flies(const struct note_post *p, int64_t n)
{
  for (size_t i = 0; i < p->n_inflight; i++)
    if (p->inflight[i].n == n) return true;
  return false;
}

size_t note_seats(const struct note_post *p)
{
  return p->way->each ? p->n_lanes : NOTE_INFLIGHT;
}

static size_t half(const struct note_post *p)
{
  return (p->n_lanes + 1) / 2;
}

/* Where each tenant has an other side of its own, whoever takes long there must not have all
 * threads: one organisation has half of them at most, and so have those that have failed before,
 * of which each organisation has one. Of a lane's tasks one alone is due, so any idle thread may do
 * it. */
static bool idle_lane(const struct note_post *p, const struct note_flight *f, size_t *ret)
{
  bool busy[NOTE_LANES_MAX] = {false};
  size_t same = 0, again = 0;
  for (size_t i = 0; i < p->n_inflight; i++) {
    const struct note_flight *o = &p->inflight[i];
    bool own = f->owner && o->owner == f->owner;
    busy[o->lane] = true;
    same += own;
    again += o->again;
    if (f->again && o->again && own) return false;
  }
  if (same >= half(p) || (f->again && again >= half(p))) return false;
  for (*ret = 0; *ret < p->n_lanes && busy[*ret]; ++*ret) continue;
  return *ret < p->n_lanes;
}

bool note_board(const struct note_core *c, const struct note_post *p, const struct note_row *r,
                struct note_flight *ret)
{
  *ret = (struct note_flight){.n = r->n, .again = r->tries > 0};
  if (note_flies(p, r->n)) return false;
  if (!p->way->each) { /* the same for all of a story, so that a start comes before its end */
    ret->lane = prac_hash_bytes(0, r->lane, strlen(r->lane)) % p->n_lanes;
    return true;
  }
  const struct note_tenant_row *t = note_tenants_find(&c->tenants, r->tenant);
  ret->owner = t ? t->owner : 0;
  return idle_lane(p, ret, &ret->lane);
}

/* ---- those that have failed before ---- */

struct pick {
  const struct note_core *c;
  const struct note_post *p;
  int64_t n; /* 0: none yet */
  uint64_t turn;
};

/* Of the organisation whose last turn is longest ago, what is due first. */
static void look(void *arg, int64_t n, const char *tenant)
{
  struct pick *k = arg;
  const struct note_tenant_row *t = note_tenants_find(&k->c->tenants, tenant);
  struct note_flight f = {.n = n, .again = true, .owner = t ? t->owner : 0};
  uint64_t turn = t ? t->turn : 0;
  if ((k->n && turn >= k->turn) || note_flies(k->p, n) || !idle_lane(k->p, &f, &f.lane)) return;
  k->n = n;
  k->turn = turn;
}

static void took_turn(struct note_core *c, const char *tenant)
{
  const struct note_tenant_row *t = note_tenants_find(&c->tenants, tenant);
  c->turns++;
  for (size_t i = 0; t && i < c->tenants.n; i++)
    if (c->tenants.v[i] == t || (t->owner && c->tenants.v[i]->owner == t->owner))
      c->tenants.v[i]->turn = c->turns;
}

bool note_failed_may_go(struct note_core *c, struct note_post *p)
{
  size_t again = 0;
  for (size_t i = 0; i < p->n_inflight; i++) again += p->inflight[i].again;
  if (again >= half(p) || p->n_inflight >= p->n_lanes) return false;
  if (c->now >= p->looked && c->now - p->looked < FAILED_EVERY_NS) return false;
  p->looked = c->now;
  return true;
}

prac_rc note_pick_failed(struct note_core *c, const struct note_post *p,
                         const struct note_when *when, struct note_row *ret,
                         struct prac_err *reterr)
{
  struct pick k = {.c = c, .p = p};
  struct note_when one = *when;
  one.fresh = false;
  PRAC_TRY(note_task_failed(c->queue, p->way->name, when, look, &k, reterr));
  if (k.n == 0) return PRAC_UNKNOWN;
  PRAC_TRY(note_task_next(c->queue, p->way->name, &one, k.n - 1, ret, reterr));
  took_turn(c, ret->tenant);
  return PRAC_OK;
}
