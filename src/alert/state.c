/* Saving and loading the desk: every story in order of key, then a checksum. */
#include <stdlib.h>
#include <string.h>

#include "alert/desk_int.h"
#include "base/hash.h"

static const uint32_t MAGIC = 0x34445250; /* "PRD4" */
static const size_t STATE_MAX = (size_t)1 << 31;

static int by_key(const void *pa, const void *pb)
{
  struct alert_story *const *a = pa, *const *b = pb;
  return strcmp((*a)->a.key, (*b)->a.key);
}

static prac_rc story_write(const struct alert_story *s, struct prac_wr *w)
{
  prac_wr_u8(w, s->open);
  prac_wr_u8(w, s->pending);
  prac_wr_u32le(w, s->level);
  prac_wr_u64le(w, (uint64_t)s->heard);
  prac_wr_u64le(w, (uint64_t)s->said);
  prac_wr_u32le(w, s->head_engine);
  prac_wr_u32le(w, s->head_level);
  prac_wr_u32le(w, s->n_claims);
  for (uint32_t i = 0; i < s->n_claims; i++) {
    prac_wr_u64le(w, (uint64_t)s->claims[i].heard);
    prac_wr_u64le(w, s->claims[i].part);
    prac_wr_u32le(w, s->claims[i].engine);
    prac_wr_u32le(w, s->claims[i].level);
    prac_wr_u8(w, s->claims[i].waits);
  }
  return model_to_binary(&model_alert, &s->a, w);
}

static prac_rc desk_write(const struct alert_desk *d, struct alert_story **v, struct prac_wr *w)
{
  prac_wr_u32le(w, MAGIC);
  prac_wr_u64le(w, (uint64_t)d->now);
  prac_wr_u32le(w, d->n_away);
  for (uint32_t i = 0; i < d->n_away; i++) prac_wr_bytes(w, d->away[i], ALERT_SENSOR);
  prac_wr_u64le(w, d->n);
  for (size_t i = 0; i < d->n; i++) PRAC_TRY(story_write(v[i], w));
  prac_wr_u64le(w, prac_hash_bytes(MAGIC, w->base, prac_wr_len(w)));
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

prac_rc alert_desk_save(const struct alert_desk *d, uint8_t **ret, size_t *ret_len)
{
  struct alert_story **v = malloc((d->n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  if (d->n) memcpy((void *)v, (void *)d->all, d->n * sizeof *v);
  qsort((void *)v, d->n, sizeof *v, by_key);
  prac_rc rc = PRAC_NOSPACE;
  for (size_t cap = 64 + d->n_away * (size_t)ALERT_SENSOR + d->n * 1024; rc == PRAC_NOSPACE;
       cap *= 2) {
    uint8_t *mem = cap <= STATE_MAX ? malloc(cap) : NULL;
    if (!mem) {
      rc = cap <= STATE_MAX ? PRAC_NOMEM : PRAC_FULL;
      break;
    }
    struct prac_wr w = prac_wr_of(mem, cap);
    rc = desk_write(d, v, &w);
    if (rc == PRAC_OK) {
      *ret = mem;
      *ret_len = prac_wr_len(&w);
    } else {
      free(mem);
    }
  }
  free((void *)v);
  return rc;
}

static const prac_time far = INT64_MAX / 2;

static bool lists_sound(const struct alert *a)
{
  return a->hosts.n <= STORY_HOSTS && a->ports.n <= STORY_PORTS && a->engines.n <= STORY_NAMES &&
         a->findings.n <= STORY_FINDINGS;
}

/* Each of one of the alert's engines, no part of it twice; none exactly when closed. */
static bool claims_sound(const struct alert_story *s)
{
  if ((s->n_claims > 0) != s->open) return false;
  if (s->head_engine > STORY_NOBODY || s->head_level > 5) return false;
  for (uint32_t i = 0; i < s->n_claims; i++) {
    const struct alert_claim *c = &s->claims[i];
    if (c->engine >= s->a.engines.n || c->level < 1 || c->level > 5) return false;
    if (c->heard < -far || c->heard > far) return false;
    for (uint32_t k = 0; k < i; k++)
      if (s->claims[k].engine == c->engine && s->claims[k].part == c->part) return false;
  }
  return true;
}

static bool sound(const struct alert_desk *d, const struct alert_story *s)
{
  bool closed = s->a.closed != PRAC_TIME_NONE;
  if (!s->a.key[0] || !s->a.id[0] || s->a.finding_count == 0 || s->open == closed) return false;
  if (!lists_sound(&s->a) || !claims_sound(s)) return false;
  if (s->heard < -far || s->heard > far || s->said < -far || s->said > far) return false;
  return !alert_desk_find(d, s->a.key) && (!closed || (s->a.closed > -far && s->a.closed < far));
}

static void claims_read(struct alert_story *s, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (n > STORY_CLAIMS) r->bad = true;
  for (; !r->bad && s->n_claims < n; s->n_claims++) {
    struct alert_claim *c = &s->claims[s->n_claims];
    c->heard = (prac_time)prac_rd_u64le(r);
    c->part = prac_rd_u64le(r);
    c->engine = prac_rd_u32le(r);
    c->level = prac_rd_u32le(r);
    c->waits = prac_rd_u8(r) != 0;
  }
}

static prac_rc story_read(struct alert_desk *d, struct prac_rd *r, struct prac_arena *scratch)
{
  struct alert_story *s = alert_story_new();
  if (!s) return PRAC_NOMEM;
  s->open = prac_rd_u8(r) != 0;
  s->pending = prac_rd_u8(r) != 0;
  s->level = prac_rd_u32le(r);
  s->heard = (prac_time)prac_rd_u64le(r);
  s->said = (prac_time)prac_rd_u64le(r);
  s->head_engine = prac_rd_u32le(r);
  s->head_level = prac_rd_u32le(r);
  claims_read(s, r);
  struct alert a = {0};
  prac_rc rc = model_from_binary(&model_alert, r, scratch, &a);
  if (rc == PRAC_OK) rc = alert_story_set(s, &a);
  if (rc == PRAC_OK && (r->bad || !sound(d, s))) rc = PRAC_DAMAGED;
  if (rc == PRAC_OK) rc = alert_desk_add(d, s);
  if (rc == PRAC_OK) {
    d->n_open += s->open;
    alert_desk_note_due(d, s);
  } else {
    alert_story_free(&s);
  }
  return rc == PRAC_NOMEM ? rc : rc == PRAC_OK ? PRAC_OK : PRAC_DAMAGED;
}

static prac_rc away_read(struct alert_desk *d, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || n > ALERT_AWAY) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) {
    const uint8_t *name = prac_rd_bytes(r, ALERT_SENSOR);
    if (!name || name[0] == 0 || name[ALERT_SENSOR - 1]) return PRAC_DAMAGED;
    PRAC_TRY(alert_desk_away(d, (const char *)name));
    if (d->n_away != i + 1) return PRAC_DAMAGED; /* twice */
  }
  return PRAC_OK;
}

prac_rc alert_desk_load(struct alert_desk *d, const void *data, size_t len)
{
  if (d->n) return PRAC_EXISTS;
  if (len < 8) return PRAC_DAMAGED;
  struct prac_rd r = prac_rd_of(data, len - 8);
  struct prac_rd sum = prac_rd_of((const uint8_t *)data + len - 8, 8);
  if (prac_rd_u64le(&sum) != prac_hash_bytes(MAGIC, data, len - 8)) return PRAC_DAMAGED;
  if (prac_rd_u32le(&r) != MAGIC) return PRAC_DAMAGED;
  d->now = (prac_time)prac_rd_u64le(&r);
  PRAC_TRY(away_read(d, &r));
  uint64_t n = prac_rd_u64le(&r);
  struct prac_arena *scratch = prac_arena_new(0);
  prac_rc rc = scratch ? PRAC_OK : PRAC_NOMEM;
  for (uint64_t i = 0; i < n && rc == PRAC_OK; i++) {
    rc = story_read(d, &r, scratch);
    prac_arena_reset(scratch);
  }
  prac_arena_free(&scratch);
  if (rc == PRAC_OK && (r.bad || prac_rd_left(&r))) rc = PRAC_DAMAGED;
  return rc;
}
