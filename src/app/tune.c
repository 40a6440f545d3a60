/* Collecting: what each side would have alerted. */
#include "app/tune.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static bool wanted(const struct tune *t, const struct prac_prefix *p)
{
  if (t->only.n == 0) return true;
  for (size_t i = 0; i < t->only.n; i++)
    if (prac_prefix_has(&t->only.v[i], &p->ip) || prac_prefix_has(p, &t->only.v[i].ip)) return true;
  return false;
}

static size_t *bucket(struct tune_side *s, const char *id)
{
  return &s->buckets[prac_hash_bytes(1, id, strlen(id)) % PRAC_ARRAY_LEN(s->buckets)];
}

static struct tune_alert *find(struct tune_side *s, const char *id)
{
  for (size_t i = *bucket(s, id); i; i = s->v[i - 1].chain)
    if (strcmp(s->v[i - 1].id, id) == 0) return &s->v[i - 1];
  return NULL;
}

static prac_rc add(struct tune_side *s, const struct episode *e, struct tune_alert **ret)
{
  if (s->n == s->cap) {
    size_t cap = s->cap ? s->cap * 2 : 256;
    struct tune_alert *v = realloc(s->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    s->v = v;
    s->cap = cap;
  }
  struct tune_alert *a = &s->v[s->n];
  size_t *b = bucket(s, e->id);
  *a = (struct tune_alert){.chain = *b, .started = e->started};
  (void)snprintf(a->id, sizeof a->id, "%s", e->id);
  *b = ++s->n;
  *ret = a;
  return PRAC_OK;
}

static prac_rc note(struct tune_side *s, struct tune_alert *a, const struct episode *e)
{
  char text[256] = "";
  size_t n = 0;
  for (uint32_t i = 0; i < e->vectors.n && n < sizeof text - 1; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "," : "", e->vectors.v[i]);
  a->target = (struct prac_prefix){e->victim, (uint8_t)e->prefix_bits};
  a->to = e->to;
  a->packets = e->packets;
  a->pps_max = e->pps_max;
  a->child = e->parent && e->parent[0];
  if (a->vectors && strcmp(a->vectors, text) == 0) return PRAC_OK;
  a->vectors = prac_arena_strndup(s->tune->mem, text, strlen(text));
  return a->vectors ? PRAC_OK : PRAC_NOMEM;
}

static bool in_span(const struct tune *t, prac_time at)
{
  return (t->span.from == PRAC_TIME_NONE || at >= t->span.from) &&
         (t->span.to == PRAC_TIME_NONE || at < t->span.to);
}

prac_rc tune_sink(void *side, const struct episode *e, bool alerts)
{
  struct tune_side *s = side;
  const struct prac_prefix p = {e->victim, (uint8_t)e->prefix_bits};
  struct tune_alert *a = find(s, e->id);
  if (!alerts || !wanted(s->tune, &p)) return PRAC_OK;
  if (!a) {
    if (!in_span(s->tune, e->started)) return PRAC_OK;
    PRAC_TRY(add(s, e, &a));
  }
  return note(s, a, e);
}

prac_rc tune_stored(struct tune *t, const struct episode *e)
{
  return tune_sink(&t->side[TUNE_NOW], e, true);
}

prac_rc tune_take(struct tune *t, const char *json, size_t n, struct prac_err *reterr)
{
  struct hit h;
  struct prac_err err = {0};
  prac_arena_reset(t->line);
  prac_rc rc = model_from_json(&model_hit, json, n, t->line, &h, &err);
  for (int i = 0; i < 2 && rc == PRAC_OK; i++)
    if (t->side[i].desk) rc = epi_desk_take(t->side[i].desk, &h);
  if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "no memory for the replay");
  if (rc != PRAC_OK) { /* of another version, or contradicts itself: counted, not fatal */
    t->refused++;
    return PRAC_OK;
  }
  t->hits++;
  if (t->first == PRAC_TIME_NONE || h.from < t->first) t->first = h.from;
  if (t->last == PRAC_TIME_NONE || h.to > t->last) t->last = h.to;
  return PRAC_OK;
}

static int by_start(const void *pa, const void *pb)
{
  const struct tune_alert *a = pa, *b = pb;
  if (a->started != b->started) return a->started < b->started ? -1 : 1;
  return strcmp(a->id, b->id);
}

prac_rc tune_finish(struct tune *t, struct prac_err *reterr)
{
  for (int i = 0; i < 2; i++) {
    struct tune_side *s = &t->side[i];
    if (s->desk && epi_desk_finish(s->desk) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the replay");
    size_t n = 0;
    for (size_t k = 0; k < s->n; k++)
      if (!s->v[k].child) s->v[n++] = s->v[k];
    s->n = n;
    memset(s->buckets, 0, sizeof s->buckets); /* the places have moved */
    if (n) qsort(s->v, n, sizeof *s->v, by_start);
  }
  return PRAC_OK;
}

void tune_done(struct tune *t)
{
  for (int i = 0; i < 2; i++) {
    epi_desk_free(&t->side[i].desk);
    free(t->side[i].v);
  }
  free(t->alarms);
  prac_arena_free(&t->mem);
  prac_arena_free(&t->line);
}
