/* What is followed. Three orders over the same targets: by key (hash chains), by when they were
 * heard (a list: the longest unheard gives way), by when something falls due (a heap). The heap's
 * keys are lower bounds: a hit moves the true due on without touching the heap, and only when the
 * key comes up is it looked at again. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "episode/desk_int.h"

void epi_count(struct epi_desk *d, enum epi_counter c, uint64_t by)
{
  prac_count(&d->counters[c], by);
}

/* ---- words ---- */

static uint16_t *word_place(struct epi_words *w, const char *s)
{
  size_t mask = PRAC_ARRAY_LEN(w->index) - 1;
  size_t i = prac_hash_bytes(3, s, strlen(s)) & mask;
  while (w->index[i] && strcmp(w->v[w->index[i]], s) != 0) i = (i + 1) & mask;
  return &w->index[i];
}

bool epi_words_has(const struct epi_words *w, const char *s)
{
  return *word_place((struct epi_words *)(uintptr_t)w, s) != 0;
}

prac_rc epi_word(struct epi_desk *d, struct epi_words *w, const char *s, uint32_t *ret)
{
  uint16_t *place = word_place(w, s);
  if (!*place && w->n + 1 < EPI_WORDS_MAX) {
    char *copy = strdup(s);
    if (!copy) return PRAC_NOMEM;
    w->v[++w->n] = copy;
    *place = (uint16_t)w->n;
  }
  if (!*place) epi_count(d, EPI_C_WORDS, 1);
  *ret = *place;
  return PRAC_OK;
}

prac_rc epi_vector(struct epi_desk *d, const char *s, uint32_t *ret)
{
  uint32_t port = 0;
  if (strncmp(s, "port-", 5) == 0 && s[5] >= '1' && s[5] <= '9' && strlen(s) <= 10) {
    const char *p = s + 5;
    while (*p >= '0' && *p <= '9') port = port * 10 + (uint32_t)(*p++ - '0');
    if (*p == '\0' && port <= 65535) {
      *ret = EPI_VECTOR_PORT + port;
      return PRAC_OK;
    }
  }
  return epi_word(d, &d->vectors, s, ret);
}

const char *epi_vector_text(const struct epi_desk *d, uint32_t vector, char out[16])
{
  if (vector >= EPI_VECTOR_PORT) {
    (void)snprintf(out, 16, "port-%u", vector - EPI_VECTOR_PORT);
    return out;
  }
  return vector && d->vectors.v[vector] ? d->vectors.v[vector] : "other";
}

struct prac_ip epi_prefix_of(const struct prac_ip *ip, uint8_t *ret_bits)
{
  struct prac_ip p = *ip;
  bool four = prac_ip_is4(ip);
  *ret_bits = four ? 120 : 48;
  memset(p.b + *ret_bits / 8, 0, sizeof p.b - *ret_bits / 8);
  return p;
}

/* ---- by key ---- */

static size_t bucket(const struct epi_desk *d, enum epi_kind kind, const struct prac_ip *victim,
                     uint32_t vector)
{
  uint64_t h =
      prac_hash_keyed(d->seed + vector * 4ull + kind, prac_ip_hi(victim), prac_ip_lo(victim));
  return (size_t)h & (d->n_buckets - 1);
}

struct epi_target *epi_target_find(const struct epi_desk *d, enum epi_kind kind,
                                   const struct prac_ip *victim, uint32_t vector)
{
  struct epi_target *t = d->buckets[bucket(d, kind, victim, vector)];
  while (t && (t->vector != vector || t->kind != kind || !prac_ip_eq(&t->victim, victim)))
    t = t->chain;
  return t;
}

/* ---- by when they were heard ---- */

static void unhear(struct epi_desk *d, struct epi_target *t)
{
  *(t->newer ? &t->newer->older : &d->newest) = t->older;
  *(t->older ? &t->older->newer : &d->oldest) = t->newer;
}

static void hear(struct epi_desk *d, struct epi_target *t)
{
  t->newer = NULL;
  t->older = d->newest;
  *(d->newest ? &d->newest->newer : &d->oldest) = t;
  d->newest = t;
}

void epi_target_free(struct epi_target **tp)
{
  struct epi_target *t = *tp;
  if (!t) return;
  for (uint32_t i = 0; i < t->n_names; i++) free(t->names[i].text);
  free(t->names);
  free(t->slots);
  if (t->family) {
    prac_hll_done(&t->family->all);
    free(t->family->hosts);
    free(t->family);
  }
  free(t);
  *tp = NULL;
}

static void forget(struct epi_desk *d, struct epi_target *t)
{
  struct epi_target **at = &d->buckets[bucket(d, t->kind, &t->victim, t->vector)];
  while (*at != t) at = &(*at)->chain;
  *at = t->chain;
  unhear(d, t);
  d->n--;
  d->n_multi -= t->kind == EPI_MULTI;
  epi_target_free(&t);
}

/* The one that gives way: the longest unheard without an open isp episode, looked for among a few
 * so that this stays cheap; else the longest unheard. */
static struct epi_target *loser(const struct epi_desk *d)
{
  enum { LOOK = 32 };
  struct epi_target *t = d->oldest;
  for (int i = 0; i < LOOK && t; i++, t = t->newer)
    if (t->run[0].state != EPI_OPEN) return t;
  return d->oldest;
}

static prac_rc make_room(struct epi_desk *d)
{
  while (d->n >= (size_t)d->conf.max_targets) {
    struct epi_target *t = loser(d);
    if (!t) return PRAC_FULL; /* cannot be: max-targets is at least 16 */
    for (uint32_t i = 0; i < t->n_runs; i++)
      if (t->run[i].state == EPI_OPEN) {
        epi_count(d, EPI_C_EARLY, 1);
        PRAC_TRY(epi_end(d, t, i, d->now));
      }
    PRAC_TRY(epi_timer(d, t));
    forget(d, t);
    epi_count(d, EPI_C_EVICTED, 1);
  }
  return PRAC_OK;
}

prac_rc epi_target_add(struct epi_desk *d, enum epi_kind kind, const struct prac_ip *victim,
                       uint32_t vector, struct epi_target **ret)
{
  uint32_t n_runs = kind == EPI_SINGLE ? d->n_profiles : 1;
  struct epi_target *t = calloc(1, sizeof *t + n_runs * sizeof t->run[0]);
  if (!t) return PRAC_NOMEM;
  t->n_runs = n_runs;
  t->kind = (uint8_t)kind;
  t->victim = *victim;
  t->vector = vector;
  t->bits = 128;
  t->step = t->minute = INT64_MIN / 2;
  if (kind == EPI_CARPET) (void)epi_prefix_of(victim, &t->bits);
  if (kind != EPI_SINGLE && !(t->family = calloc(1, sizeof *t->family))) {
    free(t);
    return PRAC_NOMEM;
  }
  struct epi_target **b = &d->buckets[bucket(d, kind, victim, vector)];
  t->chain = *b;
  *b = t;
  hear(d, t);
  d->n++;
  d->n_multi += kind == EPI_MULTI;
  *ret = t;
  return PRAC_OK;
}

prac_rc epi_target_get(struct epi_desk *d, enum epi_kind kind, const struct prac_ip *victim,
                       uint32_t vector, struct epi_target **ret)
{
  struct epi_target *t = epi_target_find(d, kind, victim, vector);
  if (t) {
    unhear(d, t);
    hear(d, t);
    *ret = t;
    return PRAC_OK;
  }
  PRAC_TRY(make_room(d));
  PRAC_TRY(epi_target_add(d, kind, victim, vector, ret));
  prac_gauge(&d->counters[EPI_C_TARGETS], d->n);
  return PRAC_OK;
}

/* ---- open singles by victim ---- */

struct epi_target **epi_victim_bucket(const struct epi_desk *d, const struct prac_ip *victim)
{
  uint64_t h = prac_hash_keyed(d->seed ^ 7, prac_ip_hi(victim), prac_ip_lo(victim));
  return &d->victims[(size_t)h & (d->n_victims - 1)];
}

void epi_victim_link(struct epi_desk *d, struct epi_target *t)
{
  struct epi_target **b = epi_victim_bucket(d, &t->victim);
  t->vchain = *b;
  *b = t;
}

void epi_victim_unlink(struct epi_desk *d, struct epi_target *t)
{
  struct epi_target **at = epi_victim_bucket(d, &t->victim);
  while (*at && *at != t) at = &(*at)->vchain;
  if (*at) *at = t->vchain;
  t->vchain = NULL;
}

/* ---- by when something falls due ---- */

prac_time epi_due(const struct epi_desk *d, const struct epi_target *t, uint32_t run)
{
  int64_t wait = epi_gap_ns(d, d->profile_of[run]) + d->conf.lateness_ns;
  prac_time heard = t->run[run].heard;
  if (t->run[run].state != EPI_OPEN) return INT64_MAX;
  return heard > INT64_MAX - wait ? INT64_MAX : heard + wait;
}

static prac_time first_due(const struct epi_desk *d, const struct epi_target *t)
{
  prac_time first = INT64_MAX;
  for (uint32_t i = 0; i < t->n_runs; i++) {
    prac_time due = epi_due(d, t, i);
    if (due < first) first = due;
  }
  return first;
}

/* Total, so that the order of what falls due together does not depend on the heap's history. */
static bool before(const struct epi_target *a, const struct epi_target *b)
{
  if (a->heap_key != b->heap_key) return a->heap_key < b->heap_key;
  int c = memcmp(a->victim.b, b->victim.b, sizeof a->victim.b);
  if (c) return c < 0;
  return a->vector != b->vector ? a->vector < b->vector : a->kind < b->kind;
}

static void put(struct epi_desk *d, size_t i, struct epi_target *t)
{
  d->heap[i] = t;
  t->heap_at = (uint32_t)i + 1;
}

static void sift(struct epi_desk *d, size_t i)
{
  struct epi_target *t = d->heap[i];
  for (size_t up; i && before(t, d->heap[up = (i - 1) / 2]); i = up) put(d, i, d->heap[up]);
  for (size_t c; (c = 2 * i + 1) < d->n_heap; i = c) {
    if (c + 1 < d->n_heap && before(d->heap[c + 1], d->heap[c])) c++;
    if (!before(d->heap[c], t)) break;
    put(d, i, d->heap[c]);
  }
  put(d, i, t);
}

static void take_out(struct epi_desk *d, struct epi_target *t)
{
  size_t i = t->heap_at - 1;
  struct epi_target *last = d->heap[--d->n_heap];
  t->heap_at = 0;
  if (last == t) return;
  put(d, i, last);
  sift(d, i);
}

void epi_timers_true(struct epi_desk *d)
{
  for (size_t i = 0; i < d->n_heap; i++) d->heap[i]->heap_key = first_due(d, d->heap[i]);
  size_t n = d->n_heap;
  for (size_t i = 0; i < n; i++) { /* one after the other into a heap that grows */
    d->n_heap = i + 1;
    sift(d, i);
  }
}

prac_rc epi_timer(struct epi_desk *d, struct epi_target *t)
{
  prac_time due = first_due(d, t);
  if (due == INT64_MAX) {
    if (t->heap_at) take_out(d, t);
    return PRAC_OK;
  }
  if (t->heap_at) {
    bool up = t->heap_key == due || (t->heap_key < due && t->heap_key > d->now);
    if (up) return PRAC_OK; /* later than known: found out when the key comes up */
    t->heap_key = due;
    sift(d, t->heap_at - 1);
    return PRAC_OK;
  }
  if (d->n_heap == d->cap_heap) {
    size_t cap = d->cap_heap ? d->cap_heap * 2 : 256;
    struct epi_target **v = realloc((void *)d->heap, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    d->heap = v;
    d->cap_heap = cap;
  }
  t->heap_key = due;
  put(d, d->n_heap++, t);
  sift(d, d->n_heap - 1);
  return PRAC_OK;
}
