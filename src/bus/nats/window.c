#include "bus/nats/window.h"

#include <stdlib.h>

#include "base/err.h"

static struct nats_slot *slot(const struct nats_window *w, uint64_t n)
{
  return &w->v[n % w->cap];
}

prac_rc nats_window_init(struct nats_window *w, size_t cap)
{
  *w = (struct nats_window){.cap = cap, .first = 1, .next = 1};
  w->v = calloc(cap, sizeof *w->v);
  w->tails = calloc(NATS_WINDOW_HASH, sizeof *w->tails);
  if (w->v && w->tails) return PRAC_OK;
  nats_window_done(w);
  return PRAC_NOMEM;
}

void nats_window_done(struct nats_window *w)
{
  free(w->v);
  free(w->tails);
  *w = (struct nats_window){0};
}

bool nats_window_full(const struct nats_window *w)
{
  return w->next - w->first >= w->cap;
}

static bool in_flight(const struct nats_window *w, uint64_t n)
{
  return n >= w->first && n < w->next && slot(w, n)->state != NATS_ACKED;
}

uint64_t nats_window_add(struct nats_window *w, uint64_t kind_hash, uint64_t subject_hash)
{
  PRAC_INSIST(!nats_window_full(w));
  uint64_t n = w->next++;
  size_t at = subject_hash % NATS_WINDOW_HASH;
  uint64_t *tail = &w->tails[at];
  bool waits = in_flight(w, *tail);
  if (waits) slot(w, *tail)->behind = n;
  *tail = n;
  if (kind_hash != w->kind) w->run++;
  w->kind = kind_hash;
  *slot(w, n) =
      (struct nats_slot){.state = waits ? NATS_BEHIND : NATS_READY, .run = w->run, .tail = at};
  w->held++;
  return n;
}

uint64_t nats_window_ready(const struct nats_window *w, int64_t now, uint64_t *at)
{
  for (uint64_t n = *at > w->first ? *at : w->first; n < w->next; n++) {
    const struct nats_slot *s = slot(w, n);
    if (s->run != slot(w, w->first)->run) break; /* another kind: all before it first */
    if ((s->state != NATS_READY && s->state != NATS_SENT) || s->due > now) continue;
    *at = n + 1;
    return n;
  }
  *at = w->next;
  return 0;
}

void nats_window_sent(struct nats_window *w, uint64_t n, int64_t again_at)
{
  PRAC_INSIST(in_flight(w, n) && slot(w, n)->state != NATS_BEHIND);
  slot(w, n)->state = NATS_SENT;
  slot(w, n)->due = again_at;
}

/* What waits for n waits for what n waited for. */
static void unchain(struct nats_window *w, uint64_t n)
{
  const struct nats_slot *s = slot(w, n);
  uint64_t before = n - 1;
  while (!in_flight(w, before) || slot(w, before)->tail != s->tail) before--;
  slot(w, before)->behind = s->behind;
  if (w->tails[s->tail] == n) w->tails[s->tail] = before;
}

void nats_window_drop(struct nats_window *w, uint64_t n)
{
  if (!in_flight(w, n)) return;
  struct nats_slot *s = slot(w, n);
  bool waits = s->state == NATS_BEHIND;
  s->state = NATS_ACKED;
  w->held--;
  if (waits)
    unchain(w, n);
  else if (s->behind)
    slot(w, s->behind)->state = NATS_READY;
  while (w->first < w->next && slot(w, w->first)->state == NATS_ACKED) w->first++;
}

bool nats_window_acked(struct nats_window *w, uint64_t n)
{
  if (!in_flight(w, n)) return false;
  if (slot(w, n)->state == NATS_BEHIND) return false; /* never sent: whose answer is this? */
  nats_window_drop(w, n);
  return true;
}

void nats_window_refused(struct nats_window *w, uint64_t n, int64_t at)
{
  if (!in_flight(w, n) || slot(w, n)->state != NATS_SENT) return;
  slot(w, n)->due = at;
}

void nats_window_lost(struct nats_window *w)
{
  for (uint64_t n = w->first; n < w->next; n++) {
    struct nats_slot *s = slot(w, n);
    if (s->state == NATS_SENT) s->state = NATS_READY, s->due = 0;
  }
}
