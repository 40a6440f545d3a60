/* Every structure here has its size from the start, and answers a full table with "no". */
#include "honeypot/limit.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct hp_sum hp_sum_of(int64_t window_ns)
{
  return (struct hp_sum){.step_ns = (window_ns + HP_STEPS - 2) / (HP_STEPS - 1)};
}

static void sum_turn(struct hp_sum *s, int64_t now)
{
  int64_t at = now / s->step_ns;
  if (at - s->at >= HP_STEPS) memset(s->v, 0, sizeof s->v);
  for (int64_t i = s->at + 1; i <= at && at - s->at < HP_STEPS; i++) s->v[i % HP_STEPS] = 0;
  if (at > s->at) s->at = at;
}

uint64_t hp_sum_get(struct hp_sum *s, int64_t now)
{
  uint64_t n = 0;
  sum_turn(s, now);
  for (int i = 0; i < HP_STEPS; i++) n += s->v[i];
  return n;
}

void hp_sum_add(struct hp_sum *s, int64_t now, uint64_t by)
{
  sum_turn(s, now);
  s->v[s->at % HP_STEPS] += by;
}

/* ---- in and out ---- */
#define CREDIT_STEP_NS (PRAC_SEC / 2)
static void credit_turn(struct hp_credit *c, int64_t now)
{
  int64_t at = now / CREDIT_STEP_NS;
  if (at - c->at >= HP_CREDIT_STEPS) *c = (struct hp_credit){.at = at};
  for (; c->at < at; c->at++) {
    c->in[(c->at + 1) % HP_CREDIT_STEPS] = 0;
    c->out[(c->at + 1) % HP_CREDIT_STEPS] = 0;
  }
}

void hp_credit_in(struct hp_credit *c, int64_t now, uint64_t bytes)
{
  credit_turn(c, now);
  c->in[c->at % HP_CREDIT_STEPS] += bytes;
}

void hp_credit_out(struct hp_credit *c, int64_t now, uint64_t bytes)
{
  credit_turn(c, now);
  c->out[c->at % HP_CREDIT_STEPS] += bytes;
}

/* For every moment s of the last 60 s: out(s..now) + bytes <= in(s..now) + credit. A stretch that
 * begins within a step may hold all of the step's out and none of its in. */
bool hp_credit_ok(struct hp_credit *c, int64_t now, uint64_t bytes, uint64_t credit)
{
  int64_t over = (int64_t)bytes; /* of the whole steps behind this one: out - in, plus bytes */
  credit_turn(c, now);
  for (int64_t i = 0; i < HP_CREDIT_STEPS && i <= c->at; i++) {
    int64_t k = (c->at - i) % HP_CREDIT_STEPS;
    if (over + (int64_t)c->out[k] > (int64_t)credit) return false;
    over += (int64_t)c->out[k] - (int64_t)c->in[k];
  }
  return true;
}

/* ---- many ---- */
enum { WAYS = 8, PARTS = 8 };
struct one {
  struct prac_ip key;
  uint32_t at; /* number of the step of its latest reply */
  uint8_t n[PARTS];
  uint8_t used, spare[3];
};
_Static_assert(sizeof(struct one) == 32, "half a cache line");
struct hp_many {
  uint64_t mask, seed;
  int64_t step_ns;
  struct one v[];
};

struct hp_many *hp_many_new(uint64_t n, int64_t window_ns, uint64_t seed)
{
  uint64_t sets = 16;
  while (sets * WAYS < 2 * n && sets < (1u << 24)) sets *= 2;
  struct hp_many *m = calloc(1, sizeof *m + sets * WAYS * sizeof m->v[0]);
  if (!m) return NULL;
  m->mask = sets - 1;
  m->seed = seed;
  m->step_ns = (window_ns + PARTS - 2) / (PARTS - 1);
  return m;
}

void hp_many_free(struct hp_many **mp)
{
  free(*mp);
  *mp = NULL;
}

static uint32_t step(const struct hp_many *m, int64_t now)
{
  return (uint32_t)(now / m->step_ns);
}

/* Its entry; else, if `take`, one that is out of its window; else NULL. */
static struct one *many_find(struct hp_many *m, const struct prac_ip *key, uint32_t at, bool take)
{
  uint64_t h = prac_hash_keyed(m->seed, prac_ip_hi(key), prac_ip_lo(key)) & m->mask;
  struct one *set = &m->v[h * WAYS], *old = NULL;
  for (int i = 0; i < WAYS; i++) {
    if (set[i].used && memcmp(&set[i].key, key, sizeof *key) == 0) return &set[i];
    if (!set[i].used || at - set[i].at >= PARTS) old = &set[i];
  }
  return take ? old : NULL;
}

/* Steps that have ended since are empty. */
static void many_turn(struct one *e, uint32_t at)
{
  if (at - e->at >= PARTS) memset(e->n, 0, sizeof e->n);
  for (; at - e->at < PARTS && e->at != at; e->at++) e->n[(e->at + 1) % PARTS] = 0;
  e->at = at;
}

bool hp_many_get(struct hp_many *m, const struct prac_ip *key, int64_t now, uint32_t *ret_all,
                 uint32_t *ret_late)
{
  uint32_t at = step(m, now);
  struct one *e = many_find(m, key, at, false);
  *ret_all = *ret_late = 0;
  if (!e) return many_find(m, key, at, true) != NULL;
  many_turn(e, at);
  for (int i = 0; i < PARTS; i++) *ret_all += e->n[i];
  *ret_late = (uint32_t)e->n[at % PARTS] + e->n[(at - 1) % PARTS];
  return true;
}

void hp_many_add(struct hp_many *m, const struct prac_ip *key, int64_t now)
{
  uint32_t at = step(m, now);
  struct one *e = many_find(m, key, at, true);
  PRAC_INSIST(e); /* hp_many_get was asked before */
  if (!e->used || memcmp(&e->key, key, sizeof *key) != 0)
    *e = (struct one){.key = *key, .at = at, .used = 1};
  many_turn(e, at);
  if (e->n[at % PARTS] != UINT8_MAX) e->n[at % PARTS]++;
}

size_t hp_many_bytes(const struct hp_many *m)
{
  return sizeof *m + (m->mask + 1) * WAYS * sizeof m->v[0];
}
