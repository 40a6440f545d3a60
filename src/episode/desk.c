/* The desk: how a run lives. A hit is taken in three steps for each target it concerns: what its
 * time ends or makes stale (ready), what it adds, what it makes come true (judge). */
#include "episode/episode.h"

#include <stdlib.h>

#include "base/hash.h"
#include "episode/desk_int.h"

const struct prac_counter_def epi_counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    EPI_COUNTERS(X)
#undef X
};
const size_t epi_counter_count = PRAC_ARRAY_LEN(epi_counter_defs);

static prac_rc tables(struct epi_desk *d)
{
  d->n_buckets = 64;
  while (d->n_buckets < (size_t)d->conf.max_targets) d->n_buckets *= 2;
  d->n_victims = d->n_buckets < 65536 ? d->n_buckets : 65536;
  d->buckets = calloc(d->n_buckets, sizeof *d->buckets);
  d->victims = calloc(d->n_victims, sizeof *d->victims);
  d->arena = prac_arena_new(1 << 14);
  return d->buckets && d->victims && d->arena ? PRAC_OK : PRAC_NOMEM;
}

prac_rc epi_desk_new(const struct epi_conf *c, struct lookup *look, epi_sink *sink, void *arg,
                     struct epi_desk **ret, struct prac_err *reterr)
{
  unsigned profiles, alert;
  PRAC_TRY(epi_conf_check(c, &profiles, &alert, reterr));
  struct epi_desk *d = calloc(1, sizeof *d);
  if (!d) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the episodes");
  d->conf = *c;
  d->conf.profiles = d->conf.alert = (struct prac_conf_strings){0}; /* not ours; see the bits */
  d->profiles = profiles;
  d->alert = alert;
  for (unsigned p = 0; p < EPI_PROFILE_COUNT_; p++)
    if (profiles & 1u << p) d->profile_of[d->n_profiles++] = (uint8_t)p;
  d->sink = sink;
  d->sink_arg = arg;
  d->now = PRAC_TIME_NONE;
  d->look = look ? lookup_ref(look) : NULL;
  if (tables(d) != PRAC_OK) {
    epi_desk_free(&d);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the episodes");
  }
  *ret = d;
  return PRAC_OK;
}

void epi_desk_free(struct epi_desk **dp)
{
  struct epi_desk *d = *dp;
  if (!d) return;
  *dp = NULL;
  for (struct epi_target *t = d->newest, *older; t; t = older) {
    older = t->older;
    epi_target_free(&t);
  }
  for (size_t i = 0; i < EPI_WORDS_MAX; i++) {
    free(d->sensors.v[i]);
    free(d->vectors.v[i]);
  }
  free((void *)d->buckets);
  free((void *)d->victims);
  free((void *)d->heap);
  prac_arena_free(&d->arena);
  lookup_unref(&d->look);
  free(d);
}

void epi_desk_seed(struct epi_desk *d, uint64_t seed)
{
  PRAC_INSIST(d->n == 0);
  d->seed = seed;
}

/* ---- what happens to a run ---- */

static uint64_t run_id(const struct epi_desk *d, const struct epi_target *t, uint32_t run)
{
  char room[16];
  const char *vector = t->kind == EPI_MULTI ? "multi" : epi_vector_text(d, t->vector, room);
  uint64_t what = prac_hash_bytes(11, vector, strlen(vector)) + t->kind * 4ull + d->profile_of[run];
  uint64_t who = prac_hash2(what, prac_ip_hi(&t->victim), prac_ip_lo(&t->victim));
  /* Stories of one key are more than a minute apart. */
  return prac_hash2(who, (uint64_t)(prac_time_floor(t->run[run].first, PRAC_MIN) / PRAC_MIN), 1);
}

static void opened(struct epi_desk *d, struct epi_target *t, uint32_t run)
{
  t->run[run].state = EPI_OPEN;
  d->n_open++;
  if (run == 0 && t->kind == EPI_SINGLE) epi_victim_link(d, t);
}

prac_rc epi_start(struct epi_desk *d, struct epi_target *t, uint32_t run, prac_time at)
{
  struct epi_run *r = &t->run[run];
  r->id = run_id(d, t, run);
  r->told = (d->alert & 1u << d->profile_of[run]) != 0 && (run != 0 || t->parent == 0);
  opened(d, t, run);
  epi_count(d, EPI_C_STARTED, 1);
  PRAC_TRY(epi_say(d, t, run, "start", at));
  if (t->kind == EPI_CARPET) epi_carpet_adopt(d, t);
  return PRAC_OK;
}

prac_rc epi_end(struct epi_desk *d, struct epi_target *t, uint32_t run, prac_time at)
{
  t->run[run].state = EPI_ENDED;
  d->n_open--;
  if (run == 0 && t->kind == EPI_SINGLE) epi_victim_unlink(d, t);
  epi_count(d, EPI_C_ENDED, 1);
  return epi_say(d, t, run, "end", at);
}

/* A story of this profile is over for good: the next packet begins another. */
static void forget_run(struct epi_target *t, uint32_t run)
{
  memset(&t->run[run], 0, sizeof t->run[run]);
  if (run == 0) epi_fresh(t);
  for (uint32_t i = 0; i < t->n_slots; i++) t->slots[i].base[run] = t->slots[i].packets;
}

static prac_rc ready(struct epi_desk *d, struct epi_target *t, uint32_t run, const struct hit *h)
{
  struct epi_run *r = &t->run[run];
  int64_t gap_ns = epi_gap_ns(d, d->profile_of[run]);
  if (r->packets == 0) return PRAC_OK;
  if (r->state == EPI_OPEN && h->from - r->last > gap_ns)
    PRAC_TRY(epi_end(d, t, run, r->last + gap_ns));
  if (r->state == EPI_ENDED && h->from - r->last > d->conf.resume_ns) forget_run(t, run);
  if (r->state == EPI_GATHERING && h->from - r->last > epi_patience_ns(d, d->profile_of[run]))
    forget_run(t, run);
  return PRAC_OK;
}

static void add(struct epi_desk *d, struct epi_run *r, const struct epi_seen *s)
{
  const struct hit *h = s->h;
  bool first = r->packets == 0;
  if (first || h->from < r->first) r->first = h->from;
  if (first || h->to > r->last) r->last = h->to;
  r->packets += h->packets;
  r->bytes += h->bytes;
  r->lost += h->lost;
  if (s->bin > r->bin_max) r->bin_max = s->bin;
  r->heard = d->now;
  if (s->joined) r->pending = true;
}

static void feed_run(struct epi_desk *d, struct epi_target *t, uint32_t run,
                     const struct epi_seen *s)
{
  struct epi_run *r = &t->run[run];
  const struct hit *h = s->h;
  int64_t gap_ns = epi_gap_ns(d, d->profile_of[run]);
  bool own = run == 0 && t->kind == EPI_SINGLE;  /* counted once a hit */
  if (r->packets && h->to < r->first - gap_ns) { /* of something that was over before */
    struct epi_slot *p = epi_slot_of(t, s->sensor);
    if (p) p->base[run] += h->packets;
    if (own) epi_count(d, EPI_C_LATE, h->packets);
    return;
  }
  bool ended = r->state == EPI_ENDED, late = ended && h->to <= r->last;
  add(d, r, s);
  if (late && own) epi_count(d, EPI_C_LATE, h->packets);
  if (ended) r->pending = !late; /* pending: it goes on */
}

prac_rc epi_feed(struct epi_desk *d, struct epi_target *t, struct epi_seen *s)
{
  for (uint32_t i = 0; i < t->n_runs; i++) PRAC_TRY(ready(d, t, i, s->h));
  uint32_t vectors = t->family ? t->family->n_vectors : 0;
  PRAC_TRY(epi_add(d, t, s));
  if (t->family && t->family->n_vectors != vectors) s->joined = true;
  for (uint32_t i = 0; i < t->n_runs; i++) feed_run(d, t, i, s);
  return PRAC_OK;
}

static bool update_due(const struct epi_desk *d, const struct epi_run *r)
{
  int64_t since = d->now - r->said;
  bool cause = r->pending || r->bin_max >= 2 * r->said_bin_max;
  return since >= d->conf.update_ns || (cause && since >= d->conf.quiet_ns);
}

static prac_rc judge_run(struct epi_desk *d, struct epi_target *t, uint32_t run,
                         const struct epi_seen *s)
{
  struct epi_run *r = &t->run[run];
  switch ((enum epi_run_state)r->state) {
  case EPI_GATHERING:
    if (t->kind == EPI_MULTI || !epi_crosses(d, t, run, s)) return PRAC_OK;
    if (run == 0) PRAC_TRY(epi_family_start(d, t, s));
    return epi_start(d, t, run, s->h->to);
  case EPI_OPEN:
    if (!update_due(d, r)) return PRAC_OK;
    epi_count(d, EPI_C_UPDATED, 1);
    return epi_say(d, t, run, "update", s->h->to);
  case EPI_ENDED:
    if (!r->pending) return PRAC_OK;
    opened(d, t, run);
    epi_count(d, EPI_C_RESUMED, 1);
    return epi_say(d, t, run, "resume", s->h->to);
  }
  return PRAC_OK;
}

prac_rc epi_judge(struct epi_desk *d, struct epi_target *t, const struct epi_seen *s)
{
  for (uint32_t i = 0; i < t->n_runs; i++) PRAC_TRY(judge_run(d, t, i, s));
  return PRAC_OK;
}

/* ---- taking ---- */

/* A direct-mapped memory of ids: repeats come soon after the first, or not at all. */
static bool repeated(struct epi_desk *d, const char *id)
{
  uint64_t h = prac_hash_bytes(13, id, strlen(id)) | 1;
  uint64_t *at = &d->repeats[(h >> 8) % EPI_REPEATS];
  bool yes = *at == h;
  *at = h;
  return yes;
}

static bool word(const char *s)
{
  return s && s[0] && strnlen(s, 64) < 64;
}

static bool sound(const struct hit *h)
{
  static const prac_time far = INT64_MAX / 4;
  static const uint64_t most = UINT64_C(1) << 48;
  if (!h->id || !h->id[0] || !word(h->sensor) || !word(h->vector)) return false;
  if (h->from < -far || h->to > far || h->at < -far || h->at > far || h->from > h->to) return false;
  return h->packets > 0 && h->packets < most && h->bytes < most && h->lost < most &&
         h->to - h->from <= PRAC_HOUR;
}

static prac_rc take_in(struct epi_desk *d, const struct hit *h)
{
  struct epi_seen s = {.h = h};
  struct epi_target *t;
  PRAC_TRY(epi_word(d, &d->sensors, h->sensor, &s.sensor));
  PRAC_TRY(epi_vector(d, h->vector, &s.vector));
  PRAC_TRY(epi_target_get(d, EPI_SINGLE, &h->victim, s.vector, &t));
  PRAC_TRY(epi_feed(d, t, &s));
  struct epi_seen own = s;
  if (t->run[0].state == EPI_OPEN) s.counted = 0; /* a carpet is made of addresses below */
  PRAC_TRY(epi_carpet_take(d, &s));
  PRAC_TRY(epi_multi_take(d, &s));
  PRAC_TRY(epi_judge(d, t, &own));
  return epi_timer(d, t);
}

prac_rc epi_desk_take(struct epi_desk *d, const struct hit *h)
{
  epi_count(d, EPI_C_HITS, 1);
  if (!sound(h)) {
    epi_count(d, EPI_C_REFUSED, 1);
    return PRAC_MALFORMED;
  }
  if (repeated(d, h->id)) {
    epi_count(d, EPI_C_REPEATS, 1);
    return PRAC_OK;
  }
  PRAC_TRY(epi_desk_advance(d, h->at));
  if (h->scanner) {
    epi_count(d, EPI_C_LISTED, h->packets);
    return PRAC_OK;
  }
  prac_rc rc = take_in(d, h);
  prac_gauge(&d->counters[EPI_C_OPEN], d->n_open);
  return rc;
}

/* ---- time ---- */

prac_rc epi_desk_advance(struct epi_desk *d, prac_time t)
{
  while (d->n_heap && d->heap[0]->heap_key < t) {
    struct epi_target *x = d->heap[0];
    prac_time key = x->heap_key;
    if (key > d->now) d->now = key;
    for (uint32_t i = 0; i < x->n_runs; i++)
      if (epi_due(d, x, i) <= key)
        PRAC_TRY(epi_end(d, x, i, x->run[i].last + epi_gap_ns(d, d->profile_of[i])));
    PRAC_TRY(epi_timer(d, x));
  }
  if (t > d->now) d->now = t;
  prac_gauge(&d->counters[EPI_C_OPEN], d->n_open);
  return PRAC_OK;
}

prac_rc epi_desk_finish(struct epi_desk *d)
{
  epi_timers_true(d);
  while (d->n_heap) {
    struct epi_target *x = d->heap[0];
    for (uint32_t i = 0; i < x->n_runs; i++)
      if (x->run[i].state == EPI_OPEN) PRAC_TRY(epi_end(d, x, i, d->now));
    PRAC_TRY(epi_timer(d, x));
  }
  prac_gauge(&d->counters[EPI_C_OPEN], d->n_open);
  return PRAC_OK;
}

bool epi_desk_knows(const struct epi_desk *d, const char *sensor)
{
  return epi_words_has(&d->sensors, sensor);
}

prac_time epi_desk_now(const struct epi_desk *d)
{
  return d->now;
}

prac_time epi_desk_due(const struct epi_desk *d)
{
  return d->n_heap ? d->heap[0]->heap_key : INT64_MAX;
}

size_t epi_desk_open_count(const struct epi_desk *d)
{
  return d->n_open;
}

struct prac_counters epi_desk_counters(const struct epi_desk *d)
{
  struct epi_desk *own = (struct epi_desk *)(uintptr_t)d; /* readers may look at atomics */
  return (struct prac_counters){"episode", epi_counter_defs, own->counters, EPI_C_COUNT_};
}
