/* Episodes that belong together: the addresses of a carpet, the vectors of one victim. */
#include "episode/desk_int.h"

/* ---- carpets ---- */

prac_rc epi_carpet_take(struct epi_desk *d, struct epi_seen *s)
{
  uint8_t bits;
  struct epi_target *t;
  struct prac_ip prefix = epi_prefix_of(&s->h->victim, &bits);
  PRAC_TRY(epi_target_get(d, EPI_CARPET, &prefix, s->vector, &t));
  PRAC_TRY(epi_feed(d, t, s));
  PRAC_TRY(epi_judge(d, t, s));
  return epi_timer(d, t);
}

static void adopt(struct epi_target *child, uint64_t parent)
{
  if (child->parent == parent || child->run[0].state != EPI_OPEN) return;
  child->parent = parent;
  child->run[0].pending = true;
}

void epi_carpet_adopt(struct epi_desk *d, struct epi_target *carpet)
{
  for (uint32_t i = 0; i < carpet->family->n_hosts; i++) {
    struct epi_target *t =
        epi_target_find(d, EPI_SINGLE, &carpet->family->hosts[i].ip, carpet->vector);
    if (t) adopt(t, carpet->run[0].id);
  }
}

/* Enough starts of addresses within the time: counted from the newest back. */
static bool enough_starts(const struct epi_desk *d, const struct epi_family *f, prac_time at)
{
  uint32_t want = (uint32_t)d->conf.carpet_hosts;
  if (f->n_starts < want) return false;
  prac_time first = f->starts[(f->n_starts - want) % EPI_STARTS];
  return at - first <= d->conf.carpet_window_ns;
}

static prac_rc carpet_start(struct epi_desk *d, struct epi_target *child, prac_time at)
{
  uint8_t bits;
  struct prac_ip prefix = epi_prefix_of(&child->victim, &bits);
  struct epi_target *t = epi_target_find(d, EPI_CARPET, &prefix, child->vector);
  if (!t) return PRAC_OK;
  struct epi_family *f = t->family;
  f->starts[f->n_starts++ % EPI_STARTS] = at;
  if (t->run[0].state == EPI_GATHERING && enough_starts(d, f, at)) {
    PRAC_TRY(epi_start(d, t, 0, at));
    PRAC_TRY(epi_timer(d, t));
  }
  if (t->run[0].state == EPI_OPEN) child->parent = t->run[0].id;
  return PRAC_OK;
}

/* ---- several vectors ---- */

prac_rc epi_multi_take(struct epi_desk *d, struct epi_seen *s)
{
  if (d->n_multi == 0) return PRAC_OK;
  struct epi_target *t = epi_target_find(d, EPI_MULTI, &s->h->victim, 0);
  if (!t || t->run[0].state == EPI_GATHERING) return PRAC_OK;
  PRAC_TRY(epi_feed(d, t, s));
  if (t->run[0].state == EPI_GATHERING) { /* forgotten: only a new pair of vectors makes one */
    memset(&t->run[0], 0, sizeof t->run[0]);
    return epi_timer(d, t);
  }
  PRAC_TRY(epi_judge(d, t, s));
  return epi_timer(d, t);
}

/* Open, of the same victim, by another vector, with packets not long ago. */
static bool sibling(const struct epi_desk *d, const struct epi_target *t,
                    const struct epi_target *of, prac_time at)
{
  return t != of && prac_ip_eq(&t->victim, &of->victim) &&
         t->run[0].last >= at - d->conf.multi_window_ns;
}

/* The children in the order in which they began. */
static uint32_t siblings(const struct epi_desk *d, struct epi_target *of, prac_time at,
                         struct epi_target *v[EPI_VECTORS_MAX])
{
  uint32_t n = 0;
  for (struct epi_target *t = *epi_victim_bucket(d, &of->victim); t; t = t->vchain)
    if (sibling(d, t, of, at) && n < EPI_VECTORS_MAX - 1) v[n++] = t;
  if (n) v[n++] = of;
  for (uint32_t i = 1; i < n; i++)
    for (uint32_t k = i; k; k--) {
      const struct epi_run *a = &v[k - 1]->run[0], *b = &v[k]->run[0];
      if (a->first < b->first || (a->first == b->first && v[k - 1]->vector < v[k]->vector)) break;
      struct epi_target *swap = v[k];
      v[k] = v[k - 1];
      v[k - 1] = swap;
    }
  return n;
}

static prac_rc multi_make(struct epi_desk *d, struct epi_target *child, prac_time at,
                          struct epi_target **ret)
{
  struct epi_target *v[EPI_VECTORS_MAX], *t;
  *ret = NULL;
  if (siblings(d, child, at, v) == 0) return PRAC_OK;
  PRAC_TRY(epi_target_get(d, EPI_MULTI, &child->victim, 0, &t));
  uint32_t n = siblings(d, child, at, v); /* again: room may have been made */
  *ret = t;
  if (t->run[0].state != EPI_GATHERING) return PRAC_OK; /* fed by every hit of the victim */
  memset(&t->run[0], 0, sizeof t->run[0]);
  epi_fresh(t);
  t->port = 0;
  for (uint32_t i = 0; i < t->n_slots; i++) t->slots[i].base[0] = t->slots[i].packets;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(epi_fold(t, v[i]));
  t->run[0].heard = d->now;
  PRAC_TRY(epi_start(d, t, 0, at));
  for (uint32_t i = 0; i < n; i++) adopt(v[i], t->run[0].id);
  return epi_timer(d, t);
}

prac_rc epi_family_start(struct epi_desk *d, struct epi_target *t, const struct epi_seen *s)
{
  struct epi_target *multi;
  if (t->kind != EPI_SINGLE) return PRAC_OK;
  t->parent = 0;
  PRAC_TRY(carpet_start(d, t, s->h->to));
  if (t->parent) return PRAC_OK;
  PRAC_TRY(multi_make(d, t, s->h->to, &multi));
  if (multi && multi->run[0].state == EPI_OPEN) t->parent = multi->run[0].id;
  return PRAC_OK;
}
