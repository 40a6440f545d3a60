/* Whose message gets a thread of its way next. Where each tenant has an other side of its own,
 * whoever takes long there must keep no other organisation waiting: every organisation has a seat
 * that is nobody else's, and only beyond that do they share. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "notify/core_int.h"

#define LOOK_NS (100 * PRAC_MS)

static const struct prac_log_event ev_thread = {
    "notify_no_thread", PRAC_LOG_WARN,
    "raise the limit of threads (TasksMax); subscribers wait for one another meanwhile"};

struct head { /* the first of a lane that is due */
  int64_t n;
  uint64_t owner, turn;
  bool again;
};
struct look {
  struct note_core *c;
  struct note_post *p;
  struct head *v;
  size_t n;
  size_t firsts, shared; /* seats that are taken: an organisation's own; of those for all */
};

static size_t half(const struct note_post *p)
{
  return (p->share + 1) / 2;
}

bool note_flies(const struct note_post *p, int64_t n)
{
  for (size_t i = 0; i < p->n_inflight; i++)
    if (p->inflight[i].n == n) return true;
  return false;
}

/* The same lane for all of a story, so that a start comes before its end. */
bool note_board(const struct note_post *p, const struct note_row *r, struct note_flight *ret)
{
  *ret = (struct note_flight){.n = r->n};
  if (note_flies(p, r->n)) return false;
  ret->lane = prac_hash_bytes(0, r->lane, strlen(r->lane)) % p->n_lanes;
  return true;
}

/* ---- where each has its own other side ---- */

static size_t flying_of(const struct note_post *p, uint64_t owner, bool again)
{
  size_t n = 0;
  for (size_t i = 0; i < p->n_inflight; i++)
    n += p->inflight[i].owner == owner && (!again || p->inflight[i].again);
  return n;
}

static void add_head(void *arg, int64_t n, const char *tenant, bool again)
{
  struct look *l = arg;
  const struct note_tenant_row *t = note_tenants_find(&l->c->tenants, tenant);
  if (l->n == NOTE_WALK || note_flies(l->p, n)) return;
  l->v[l->n++] = (struct head){n, t ? t->owner : 0, t ? t->turn : 0, again};
}

/* Who had a turn longest ago; what is new before what has failed. */
static int in_turn(const void *a, const void *b)
{
  const struct head *x = a, *y = b;
  if (x->turn != y->turn) return x->turn < y->turn ? -1 : 1;
  if (x->again != y->again) return x->again ? 1 : -1;
  return x->n < y->n ? -1 : x->n > y->n;
}

static void took_turn(struct note_core *c, uint64_t owner)
{
  c->turns++;
  for (size_t i = 0; i < c->tenants.n; i++)
    if (c->tenants.v[i]->owner == owner) c->tenants.v[i]->turn = c->turns;
}

static bool idle_lane(const struct note_post *p, size_t *ret)
{
  bool busy[NOTE_SEATS] = {false};
  for (size_t i = 0; i < p->n_inflight; i++) busy[p->inflight[i].lane] = true;
  for (*ret = 0; *ret < p->n_lanes && busy[*ret]; ++*ret) continue;
  return *ret < p->n_lanes;
}

/* What has failed before has one seat an organisation, so that its others are told meanwhile. */
static bool may_sit(const struct look *l, const struct head *h, bool first)
{
  size_t own = flying_of(l->p, h->owner, false);
  if (first) return own == 0 && l->firsts < NOTE_SEATS - l->p->share;
  return own > 0 && own < half(l->p) && l->shared < l->p->share &&
         !(h->again && flying_of(l->p, h->owner, true) > 0);
}

static prac_rc sit(struct look *l, const struct head *h, const struct note_when *when,
                   struct prac_err *reterr)
{
  struct note_row r;
  struct note_flight f = {.n = h->n, .again = h->again, .owner = h->owner};
  if (!idle_lane(l->p, &f.lane)) {
    struct prac_err err = {0};
    f.lane = l->p->n_lanes;
    if (note_post_lane(l->c, l->p, &err) != PRAC_OK) {
      prac_log(l->c->env.log, &ev_thread, "%s: %s", l->p->way->name, err.text);
      return PRAC_AGAIN;
    }
  }
  PRAC_TRY(note_task_next(l->c->queue, l->p->way->name, when, h->n - 1, &r, reterr));
  took_turn(l->c, h->owner);
  return note_send_off(l->c, l->p, &r, &f, reterr);
}

/* One pass for those who have nothing under way, one for more. */
static prac_rc seat_all(struct look *l, const struct note_when *when, struct prac_err *reterr)
{
  for (int first = 1; first >= 0; first--)
    for (size_t i = 0; i < l->n; i++) {
      struct head *h = &l->v[i];
      if (h->n < 0 || !may_sit(l, h, first)) continue;
      size_t before = l->p->n_inflight;
      prac_rc rc = sit(l, h, when, reterr);
      if (rc == PRAC_AGAIN) return PRAC_OK;
      PRAC_TRY(rc);
      h->n = -1;
      if (l->p->n_inflight == before) continue; /* it could not be sent, or is done already */
      l->firsts += first != 0;
      l->shared += first == 0;
    }
  return PRAC_OK;
}

prac_rc note_seat_each(struct note_core *c, struct note_post *p, const struct note_when *when,
                       struct prac_err *reterr)
{
  struct look l = {.c = c, .p = p};
  if (!p->stirred && c->now >= p->looked && c->now - p->looked < LOOK_NS) return PRAC_OK;
  p->looked = c->now;
  l.v = calloc(NOTE_WALK, sizeof *l.v);
  if (!l.v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for messages");
  for (size_t i = 0; i < p->n_inflight; i++) {
    size_t before = 0;
    for (size_t k = 0; k < i; k++) before += p->inflight[k].owner == p->inflight[i].owner;
    l.firsts += before == 0;
    l.shared += before > 0;
  }
  p->walk.when = *when;
  prac_rc rc = note_task_heads(c->queue, p->way->name, &p->walk, add_head, &l, reterr);
  p->stirred = p->walk.lane[0] != '\0'; /* the rest is next time's */
  if (l.n) qsort(l.v, l.n, sizeof *l.v, in_turn);
  if (rc == PRAC_OK) rc = seat_all(&l, when, reterr);
  free(l.v);
  return rc;
}
