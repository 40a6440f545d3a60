/* Who is told what: per tenant, on the records' own time, so that a replay decides the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "notify/core_int.h"
#include "sys/wall.h"

enum { DIGEST_ROWS = 500, DIGEST_BYTES = 2 << 20 };

/* What there is to say, to one tenant. */
struct word {
  enum note_kind kind;
  const struct episode *e;
  const struct alert *a;
  const char *id, *state;
  uint32_t revision;
  prac_time at;
};

static bool is_end(const struct word *w)
{
  return strcmp(w->state, "end") == 0 || strcmp(w->state, "close") == 0;
}

prac_rc note_gate(struct note_core *c, const struct note_tenant_row *r, const struct model_kind *k,
                  void *rec, struct prac_arena *a, bool *ret_seen, struct prac_err *reterr)
{
  *ret_seen = true;
  if (!r->scope) return PRAC_OK;
  prac_rc rc = access_gate_record(r->scope, c->env.geo, k, rec, a, ret_seen);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "no memory for a record");
}

static const char *record_json(struct note_core *c, const struct word *w, size_t *ret_len)
{
  prac_json_reset(&c->json);
  if (w->e)
    model_to_json(&model_episode, w->e, &c->json);
  else
    model_to_json(&model_alert, w->a, &c->json);
  *ret_len = c->json.len;
  return c->json.bad ? NULL : c->json.buf;
}

prac_rc note_decide_add(struct note_core *c, struct note_item_new *n, uint32_t ways,
                        struct note_story *s, struct prac_err *reterr)
{
  int64_t row = 0;
  n->people = (ways & c->people) != 0;
  n->made = c->now;
  prac_rc rc = note_item_add(c->queue, n, &row, reterr);
  if (rc == PRAC_EXISTS) return PRAC_OK; /* told already */
  PRAC_TRY(rc);
  for (size_t i = 0; i < c->n_post; i++) {
    if (!(ways >> i & 1)) continue;
    char *thread = c->people >> i & 1 ? s->letters : s->thread;
    if (!thread[0]) (void)snprintf(thread, NOTE_ID_MAX, "%s", n->id);
    const struct note_way *way = c->ways[i];
    bool behind = way->each && n->kind != NOTE_TEST; /* a test is tried now */
    PRAC_TRY(note_task_add(c->queue, row, way->name, thread, behind ? n->tenant : thread, reterr));
    c->post[i].stirred = true;
  }
  prac_count(&c->counters[NOTE_COUNT_ITEMS], 1);
  return PRAC_OK;
}

prac_rc note_over_limit(struct note_core *c, const struct note_tenant_row *r, prac_time at,
                        bool *ret, struct prac_err *reterr)
{
  int64_t n = 0;
  PRAC_TRY(note_people_count(c->queue, r->c.name, at - PRAC_HOUR, &n, reterr));
  *ret = n >= r->c.max_per_hour;
  return PRAC_OK;
}

/* That people are told of it in a digest. A subscriber sees that in the portal. */
static prac_rc say_held(struct note_core *c, const struct note_tenant_row *r, const struct word *w,
                        uint32_t people, struct prac_err *reterr)
{
  char id[NOTE_ID_MAX];
  (void)snprintf(id, sizeof id, "%.120s.%u.%s", w->id, w->revision, r->c.name);
  for (size_t i = 0; i < c->n_post && !r->scope; i++) {
    const struct note_deed d = {.message = id,
                                .way = c->ways[i]->name,
                                .tenant = r->c.name,
                                .outcome = "held",
                                .at = c->now};
    if (people >> i & 1) PRAC_TRY(note_delivery_add(c, &d, w->e, w->a, reterr));
  }
  return PRAC_OK;
}

/* To machines always; to people now, later in a digest, or not at all (an update). */
static prac_rc tell(struct note_core *c, const struct note_tenant_row *r, struct note_story *s,
                    const struct word *w, struct prac_err *reterr)
{
  char id[NOTE_ID_MAX];
  size_t len = 0;
  bool over = false, update = strcmp(w->state, "update") == 0 && s->letters[0];
  uint32_t people = r->ways & c->people, machines = r->ways & ~c->people;
  const char *rec = record_json(c, w, &len);
  if (!rec) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
  if (update && !r->c.updates && s->state != NOTE_LATER) people = 0;
  if (people && s->state != NOTE_LATER) PRAC_TRY(note_over_limit(c, r, w->at, &over, reterr));
  if (s->state == NOTE_HELD) s->began = w->at;
  if (people && (over || s->state == NOTE_LATER)) {
    PRAC_TRY(note_later_put(c->queue, s, w->at + r->c.digest_ns, rec, len, reterr));
    prac_count(&c->counters[NOTE_COUNT_LATER], 1);
    PRAC_TRY(say_held(c, r, w, people, reterr));
    s->state = NOTE_LATER;
    people = 0;
  } else if (s->state != NOTE_LATER) {
    s->state = is_end(w) ? NOTE_ENDED : NOTE_TOLD;
  }
  (void)snprintf(id, sizeof id, "%.120s.%u.%s", w->id, w->revision, r->c.name);
  struct note_item_new n = {.id = id,
                            .tenant = r->c.name,
                            .rec = rec,
                            .len = len,
                            .at = w->at,
                            .began = s->began,
                            .kind = w->kind};
  if (people | machines) PRAC_TRY(note_decide_add(c, &n, people | machines, s, reterr));
  s->revision = w->revision;
  s->last = w->at;
  return note_story_put(c->queue, s, NULL, 0, reterr);
}

/* Told with its parent, if the parent is told to this tenant. */
static prac_rc folded(struct note_core *c, const struct note_tenant_row *r, const struct word *w,
                      bool *ret, struct prac_err *reterr)
{
  struct note_story parent;
  *ret = false;
  if (!w->e || !r->c.rollup || !w->e->parent || !w->e->parent[0]) return PRAC_OK;
  prac_rc rc = note_story_get(c->queue, r->c.name, w->e->parent, &parent, reterr);
  *ret = rc == PRAC_OK;
  if (*ret) prac_count(&c->counters[NOTE_COUNT_FOLDED], 1);
  return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
}

static prac_rc hold(struct note_core *c, struct note_story *s, const struct word *w,
                    struct prac_err *reterr)
{
  size_t len = 0;
  const char *rec = record_json(c, w, &len);
  if (!rec) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
  s->revision = w->revision;
  s->last = w->at;
  return note_story_put(c->queue, s, rec, len, reterr);
}

static prac_rc begin(struct note_core *c, const struct note_tenant_row *r, const struct word *w,
                     struct prac_err *reterr)
{
  bool fold = false;
  struct note_story s = {.state = NOTE_HELD, .kind = w->kind, .began = w->at};
  if (is_end(w)) return PRAC_OK; /* no end without a start that was told */
  if (w->e ? !note_tenant_cares(r, w->e) : !note_tenant_alert(r, w->a)) return PRAC_OK;
  PRAC_TRY(folded(c, r, w, &fold, reterr));
  if (fold) return PRAC_OK;
  (void)snprintf(s.tenant, sizeof s.tenant, "%s", r->c.name);
  (void)snprintf(s.id, sizeof s.id, "%s", w->id);
  if (r->c.hold_ns == 0 || !w->e) return tell(c, r, &s, w, reterr);
  s.due = w->at + r->c.hold_ns;
  prac_count(&c->counters[NOTE_COUNT_HELD], 1);
  return hold(c, &s, w, reterr);
}

static prac_rc go_on(struct note_core *c, const struct note_tenant_row *r, struct note_story *s,
                     const struct word *w, struct prac_err *reterr)
{
  bool fold = false, end = is_end(w);
  if (w->revision <= s->revision) return PRAC_OK;
  if (s->state == NOTE_HELD) {
    if (!end) return hold(c, s, w, reterr);
    prac_count(&c->counters[NOTE_COUNT_HELD_ENDED], 1);
    return note_story_drop(c->queue, s, reterr);
  }
  if (!end) PRAC_TRY(folded(c, r, w, &fold, reterr)); /* what began gets its end */
  return fold ? PRAC_OK : tell(c, r, s, w, reterr);
}

/* A subscriber is told what its owner may see. */
static prac_rc to_tenant(struct note_core *c, const struct note_tenant_row *r,
                         const struct word *word, struct prac_err *reterr)
{
  struct word own = *word, *w = &own;
  struct episode e;
  struct alert a;
  struct note_story s;
  bool seen = true;
  if (r->ways == 0) return PRAC_OK;
  if (r->scope) {
    prac_arena_reset(c->own);
    if (w->e) e = *w->e, w->e = &e;
    if (w->a) a = *w->a, w->a = &a;
    PRAC_TRY(w->e ? note_gate(c, r, &model_episode, &e, c->own, &seen, reterr)
                  : note_gate(c, r, &model_alert, &a, c->own, &seen, reterr));
  }
  if (!seen) return PRAC_OK;
  prac_rc rc = note_story_get(c->queue, r->c.name, w->id, &s, reterr);
  if (rc == PRAC_UNKNOWN) return begin(c, r, w, reterr);
  return rc == PRAC_OK ? go_on(c, r, &s, w, reterr) : rc;
}

/* The victim's name, as far as it is known by now. */
static void name_victim(struct note_core *c, struct episode *e)
{
  bool one = e->prefix_bits == 0 || e->prefix_bits >= 128;
  if (!c->env.names || !one || (e->rdns && e->rdns[0])) return;
  e->rdns = note_names_get(c->env.names, &e->victim, sys_mono_ns());
}

static prac_rc take_episode(struct note_core *c, const struct episode *rec, struct prac_err *reterr)
{
  struct episode e = *rec;
  bool single = !e.kind || !e.kind[0] || strcmp(e.kind, "single") == 0;
  struct word w = {.kind = NOTE_EPISODE,
                   .e = &e,
                   .id = e.id,
                   .state = e.state,
                   .revision = e.revision,
                   .at = e.at};
  prac_count(&c->counters[NOTE_COUNT_EPISODES], 1);
  if (!e.id || !e.id[0] || !e.state || strlen(e.id) > 120) return PRAC_OK;
  name_victim(c, &e);
  for (size_t i = 0; i < c->tenants.n; i++) {
    const struct note_tenant_row *r = c->tenants.v[i];
    if (!note_tenant_owns(r, &e) || (!single && !r->c.rollup)) continue;
    PRAC_TRY(to_tenant(c, r, &w, reterr));
  }
  return PRAC_OK;
}

static prac_rc take_alert(struct note_core *c, const struct alert *a, struct prac_err *reterr)
{
  struct word w = {.kind = NOTE_ALERT,
                   .a = a,
                   .id = a->id,
                   .state = a->state,
                   .revision = a->revision,
                   .at = a->at};
  prac_count(&c->counters[NOTE_COUNT_ALERTS], 1);
  if (!a->id || !a->id[0] || !a->state || strlen(a->id) > 120) return PRAC_OK;
  /* The page's view of an episode, which is told itself, in full: nobody wants two letters. */
  if (a->kind && strcmp(a->kind, "drdos") == 0) {
    prac_count(&c->counters[NOTE_COUNT_FOLDED], 1);
    return PRAC_OK;
  }
  for (size_t i = 0; i < c->tenants.n; i++) PRAC_TRY(to_tenant(c, c->tenants.v[i], &w, reterr));
  return PRAC_OK;
}

static prac_rc take_record(struct note_core *c, const struct model_kind *k, const void *rec,
                           struct prac_err *reterr)
{
  if (k == &model_episode) return take_episode(c, rec, reterr);
  if (k == &model_alert) return take_alert(c, rec, reterr);
  if (k == &model_subscription) return note_subscribe(c, rec, reterr);
  return k == &model_errand ? note_errand(c, rec, reterr) : PRAC_OK;
}

prac_rc note_take(struct note_core *c, uint64_t seq, const struct model_kind *k, const void *rec,
                  struct prac_err *reterr)
{
  prac_time at = PRAC_TIME_NONE;
  prac_rc rc = PRAC_OK;
  PRAC_INSIST(c->now != PRAC_TIME_NONE);
  if (seq <= c->seq) return PRAC_OK;
  if (k == &model_episode) at = ((const struct episode *)rec)->at;
  if (k == &model_alert) at = ((const struct alert *)rec)->at;
  if (at != PRAC_TIME_NONE && (c->event == PRAC_TIME_NONE || at > c->event)) {
    c->event = at;
    c->event_wall = c->now;
    rc = note_decide_due(c, reterr);
  }
  if (rc == PRAC_OK) rc = take_record(c, k, rec, reterr);
  if (rc == PRAC_OK) rc = note_meta_put(c->queue, "seq", (int64_t)seq, reterr);
  if (rc == PRAC_OK && c->event != PRAC_TIME_NONE)
    rc = note_meta_put(c->queue, "event", c->event, reterr);
  if (rc == PRAC_OK) {
    c->seq = seq;
  } else {
    note_queue_rollback(c->queue);
    c->seq = c->seq_safe;
  }
  return rc;
}

/* ---- what time itself brings ---- */

prac_time note_event_now(const struct note_core *c)
{
  if (c->event == PRAC_TIME_NONE || c->now == PRAC_TIME_NONE || c->event_wall == PRAC_TIME_NONE)
    return c->event;
  return c->event + (c->now > c->event_wall ? c->now - c->event_wall : 0);
}

static prac_rc release(struct note_core *c, struct note_story *s, const char *rec, size_t len,
                       struct prac_err *reterr)
{
  const struct note_tenant_row *r = note_tenants_find(&c->tenants, s->tenant);
  struct episode e = {0};
  bool fold = false;
  prac_arena_reset(c->arena);
  prac_rc rc = r ? model_from_json(&model_episode, rec, len, c->arena, &e, NULL) : PRAC_UNKNOWN;
  if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "no memory for a record");
  if (rc != PRAC_OK || !e.state) return note_story_drop(c->queue, s, reterr);
  name_victim(c, &e);
  struct word w = {.kind = NOTE_EPISODE,
                   .e = &e,
                   .id = s->id,
                   .state = e.state,
                   .revision = e.revision,
                   .at = e.at};
  PRAC_TRY(folded(c, r, &w, &fold, reterr));
  return fold ? note_story_drop(c->queue, s, reterr) : tell(c, r, s, &w, reterr);
}

static prac_rc digest(struct note_core *c, const struct note_tenant_row *r, prac_time at, int part,
                      struct prac_err *reterr)
{
  char id[NOTE_ID_MAX], last[NOTE_ID_MAX] = "";
  struct note_story s = {.state = NOTE_TOLD};
  size_t n = 0, len = 0;
  const char *rec = NULL;
  prac_json_reset(&c->json);
  for (; n < DIGEST_ROWS && c->json.len < DIGEST_BYTES; n++) {
    char next[NOTE_ID_MAX];
    prac_rc rc = note_later_next(c->queue, r->c.name, last, next, &rec, &len, reterr);
    if (rc == PRAC_UNKNOWN) break;
    PRAC_TRY(rc);
    prac_json_raw(&c->json, rec, len);
    prac_json_newline(&c->json);
    memcpy(last, next, sizeof last);
  }
  if (c->json.bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a digest");
  (void)snprintf(id, sizeof id, "digest.%lld.%d.%s", (long long)at, part, r->c.name);
  struct note_item_new item = {.id = id,
                               .tenant = r->c.name,
                               .rec = c->json.buf,
                               .len = c->json.len,
                               .at = at,
                               .began = at,
                               .kind = NOTE_DIGEST};
  prac_count(&c->counters[NOTE_COUNT_DIGESTS], 1);
  PRAC_TRY(note_decide_add(c, &item, r->ways & c->people, &s, reterr));
  return note_later_drop(c->queue, r->c.name, last, id, reterr);
}

prac_rc note_decide_due(struct note_core *c, struct prac_err *reterr)
{
  prac_time t = note_event_now(c);
  if (t == PRAC_TIME_NONE) return PRAC_OK;
  for (;;) {
    struct note_story s;
    char *rec = NULL;
    size_t len = 0;
    prac_rc rc = note_story_due(c->queue, t, &s, &rec, &len, reterr);
    if (rc == PRAC_UNKNOWN) break;
    PRAC_TRY(rc);
    rc = release(c, &s, rec, len, reterr);
    free(rec);
    PRAC_TRY(rc);
  }
  for (int part = 0;; part++) {
    char tenant[32];
    prac_rc rc = note_later_due(c->queue, t, tenant, reterr);
    if (rc == PRAC_UNKNOWN) return PRAC_OK;
    PRAC_TRY(rc);
    const struct note_tenant_row *r = note_tenants_find(&c->tenants, tenant);
    if (r)
      PRAC_TRY(digest(c, r, t, part, reterr));
    else /* the tenant is gone from the settings, the subscription has ended */
      PRAC_TRY(note_later_drop(c->queue, tenant, "\x7f", "", reterr));
  }
}
