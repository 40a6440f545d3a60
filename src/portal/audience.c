/* What is live goes through the gate when it is taken, once for each scope that is listening. */
#include "portal/audience.h"

#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "portal/impl.h"
#include "portal/record.h"

enum { ALERT_BYTES = 1 << 20 };

/* ---- alerts as one scope may see them ---- */

/* false: not to be shown, or no memory. */
static bool gated(const struct portal *p, const struct portal_audience *a, struct alert *alert,
                  struct prac_arena *arena)
{
  bool seen = false;
  return access_gate_record(&a->scope, p->env.geo, &model_alert, alert, arena, &seen) == PRAC_OK &&
         seen;
}

/* NULL: not to be shown. */
static char *brief_of(struct portal *p, const struct portal_audience *a, const struct alert *alert,
                      struct prac_arena *arena)
{
  struct prac_json j = prac_json_of(ALERT_BYTES);
  struct alert own = *alert;
  if (gated(p, a, &own, arena)) record_alert_brief(&own, &j);
  if (!j.bad && j.len > 0) return j.buf;
  prac_json_done(&j);
  return NULL;
}

static bool read_alert(const char *json, struct prac_arena *arena, struct alert *ret)
{
  return model_from_json(&model_alert, json, strlen(json), arena, ret, NULL) == PRAC_OK;
}

/* Oldest first: each takes its place at the head. */
static void fill(struct portal *p, struct portal_audience *a)
{
  for (size_t i = p->alerts.n; i-- > 0;) {
    struct prac_arena_mark m = prac_arena_mark(a->arena);
    struct alert alert;
    if (read_alert(p->alerts.v[i].json, a->arena, &alert))
      portal_alerts_take(&a->alerts, &alert, brief_of(p, a, &alert, a->arena));
    prac_arena_rewind(a->arena, m);
  }
}

bool portal_alert_json(struct portal *p, const struct portal_audience *a, const char *id,
                       struct prac_json *j)
{
  const struct portal_alert *kept = portal_alerts_find(&p->alerts, id);
  struct prac_arena *arena = kept ? prac_arena_new(8192) : NULL;
  struct alert alert;
  bool ok = arena && read_alert(kept->json, arena, &alert) && gated(p, a, &alert, arena);
  if (ok) model_to_json(&model_alert, &alert, j);
  prac_arena_free(&arena);
  return ok;
}

/* ---- making and leaving; p->lock held ---- */

static void audience_free(struct portal_audience **ap)
{
  struct portal_audience *a = *ap;
  if (!a) return;
  sys_http_feed_free(&a->feed);
  portal_alerts_done(&a->alerts);
  prac_arena_free(&a->arena);
  free(a);
  *ap = NULL;
}

static void share_rings(struct portal *p)
{
  size_t each = PORTAL_RING_BYTES / (p->audiences.n ? p->audiences.n : 1);
  if (each < PORTAL_RING_LEAST) each = PORTAL_RING_LEAST;
  for (size_t i = 0; i < p->audiences.n; i++) sys_http_feed_limit(p->audiences.v[i]->feed, each);
}

/* The scope as its words, so that nothing of the request's memory is kept. */
static prac_rc audience_open(struct portal *p, const char *words, const struct access_scope *s,
                             struct portal_audience *a)
{
  a->arena = prac_arena_new(4096);
  if (!a->arena) return PRAC_NOMEM;
  a->words = prac_arena_strndup(a->arena, words, strlen(words));
  if (!a->words) return PRAC_NOMEM;
  PRAC_TRY(access_scope_parse(a->words, s->clearance, a->arena, &a->scope, NULL));
  a->scope.packets = s->packets;
  a->scope.org = s->org ? prac_arena_strndup(a->arena, s->org, strlen(s->org)) : NULL;
  if (s->org && !a->scope.org) return PRAC_NOMEM;
  PRAC_TRY(portal_alerts_init(&a->alerts));
  PRAC_TRY(sys_http_feed_new((size_t)p->conf.ring, PORTAL_RING_BYTES, &a->feed));
  sys_http_feed_begin(a->feed, p->told); /* who comes back to a ring that went meets a gap */
  return PRAC_OK;
}

/* The one that has been unused for longest goes. A reader can only come to a ring through
 * portal_audience_of, which waits for the lock. */
static bool make_room(struct portal_audiences *l)
{
  size_t oldest = l->n;
  if (l->n < PORTAL_AUDIENCES) return true;
  for (size_t i = 0; i < l->n; i++)
    if (l->v[i]->refs == 0 && sys_http_feed_readers(l->v[i]->feed) == 0 &&
        (oldest == l->n || l->v[i]->used < l->v[oldest]->used))
      oldest = i;
  if (oldest == l->n) return false;
  audience_free(&l->v[oldest]);
  l->v[oldest] = l->v[--l->n];
  return true;
}

/* What is an organisation's own is for it alone, and for readers of the whole world. */
static bool same_org(const struct access_scope *a, const struct access_scope *b)
{
  return (a->all && b->all) || strcmp(a->org ? a->org : "", b->org ? b->org : "") == 0;
}

static struct portal_audience *find(const struct portal_audiences *l, const char *words,
                                    const struct access_scope *s,
                                    const struct portal_audience *like)
{
  for (size_t i = 0; i < l->n; i++)
    if (l->v[i]->setup == like->setup && l->v[i]->findings == like->findings &&
        l->v[i]->scope.clearance == s->clearance && l->v[i]->scope.packets == s->packets &&
        strcmp(l->v[i]->words, words) == 0 && same_org(&l->v[i]->scope, s))
      return l->v[i];
  return NULL;
}

static struct portal_audience *add(struct portal *p, const char *words,
                                   const struct access_scope *s, const struct portal_audience *like)
{
  struct portal_audience *a = make_room(&p->audiences) ? calloc(1, sizeof *a) : NULL;
  if (!a) return NULL;
  a->setup = like->setup;
  a->findings = like->findings;
  if (audience_open(p, words, s, a) != PRAC_OK) {
    audience_free(&a);
    return NULL;
  }
  p->audiences.v[p->audiences.n++] = a;
  share_rings(p);
  fill(p, a);
  return a;
}

struct portal_audience *portal_audience_of(struct portal *p, const struct access_who *who)
{
  struct prac_arena *arena = prac_arena_new(1024);
  const char *words = arena ? access_scope_words(&who->scope, arena) : NULL;
  const struct portal_audience like = {.setup = who->scope.all || who->role >= ACCESS_OPERATOR,
                                       .findings = who->role >= ACCESS_ANALYST};
  struct portal_audience *a = NULL;
  pthread_mutex_lock(&p->lock);
  if (words) a = find(&p->audiences, words, &who->scope, &like);
  if (words && !a) a = add(p, words, &who->scope, &like);
  if (a) {
    a->refs++;
    a->used = ++p->audiences.uses;
  }
  pthread_mutex_unlock(&p->lock);
  prac_arena_free(&arena);
  return a;
}

struct portal_audience *portal_audience_at(struct portal *p, struct sys_http_req *r)
{
  struct portal_audience *a = portal_audience_of(p, portal_who(r));
  if (!a) portal_send_error(r, 503, "busy", "too many kinds of readers at once; try again");
  return a;
}

void portal_audience_unref(struct portal *p, struct portal_audience **ap)
{
  if (!*ap) return;
  pthread_mutex_lock(&p->lock);
  (*ap)->refs--;
  pthread_mutex_unlock(&p->lock);
  *ap = NULL;
}

prac_rc portal_audience_keep(struct portal *p, const struct access_who *who,
                             struct prac_err *reterr)
{
  struct portal_audience *a = portal_audience_of(p, who);
  if (!a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for live events");
  portal_audience_unref(p, &a);
  return PRAC_OK;
}

void portal_audiences_done(struct portal *p)
{
  for (size_t i = 0; i < p->audiences.n; i++) audience_free(&p->audiences.v[i]);
  p->audiences.n = 0;
}

/* ---- telling; the caller's thread ---- */

struct all {
  struct portal_audience *v[PORTAL_AUDIENCES];
  size_t n;
};

/* All there are now, each held. p->lock held. */
static void hold_all(struct portal *p, struct all *all)
{
  all->n = p->audiences.n;
  for (size_t i = 0; i < all->n; i++) {
    all->v[i] = p->audiences.v[i];
    all->v[i]->refs++;
  }
  p->told++;
}

static void let_go(struct portal *p, struct all *all)
{
  for (size_t i = 0; i < all->n; i++) portal_audience_unref(p, &all->v[i]);
}

static void put(struct portal *p, struct portal_audience *a, const char *event, const char *json,
                size_t n)
{
  bool ok = json && sys_http_feed_put(a->feed, event, json, n) == PRAC_OK;
  portal_count(p, ok ? PORTAL_C_EVENTS : PORTAL_C_EVENTS_LOST);
}

void portal_tell(struct portal *p, const char *event, const struct prac_json *j)
{
  struct all all;
  pthread_mutex_lock(&p->lock);
  hold_all(p, &all);
  pthread_mutex_unlock(&p->lock);
  for (size_t i = 0; i < all.n; i++) put(p, all.v[i], event, j->bad ? NULL : j->buf, j->len);
  let_go(p, &all);
}

void portal_tell_each(struct portal *p, const char *event, portal_make_fn *make)
{
  struct all all;
  pthread_mutex_lock(&p->lock);
  hold_all(p, &all);
  pthread_mutex_unlock(&p->lock);
  for (size_t i = 0; i < all.n; i++) {
    struct prac_json j = prac_json_of(PORTAL_RING_BYTES);
    pthread_mutex_lock(&p->lock);
    make(p, all.v[i], &j);
    pthread_mutex_unlock(&p->lock);
    put(p, all.v[i], event, j.bad ? NULL : j.buf, j.len);
    prac_json_done(&j);
  }
  let_go(p, &all);
}

/* It was this audience's, and a new revision says that it is not: nothing but that is said. */
static void tell_gone(struct portal *p, struct portal_audience *a, const struct alert *alert)
{
  struct prac_json j = prac_json_of(1024);
  prac_json_open(&j, '{');
  prac_json_key_str(&j, "id", alert->id);
  prac_json_key_str(&j, "state", "gone");
  prac_json_close(&j, '}');
  put(p, a, "alert", j.bad ? NULL : j.buf, j.len);
  prac_json_done(&j);
}

void portal_keep_alert(struct portal *p, const struct alert *alert, bool tell)
{
  struct prac_json full = prac_json_of(ALERT_BYTES);
  struct all all;
  model_to_json(&model_alert, alert, &full);
  if (full.bad) {
    portal_count(p, PORTAL_C_EVENTS_LOST);
    prac_json_done(&full);
    return;
  }
  pthread_mutex_lock(&p->lock);
  portal_alerts_take(&p->alerts, alert, full.buf);
  p->status_dirty = true;
  hold_all(p, &all); /* who comes from now on finds it in the list */
  pthread_mutex_unlock(&p->lock);
  for (size_t i = 0; i < all.n; i++) {
    char *brief = brief_of(p, all.v[i], alert, p->scratch);
    pthread_mutex_lock(&p->lock);
    bool gone = !brief && portal_alerts_find(&all.v[i]->alerts, alert->id ? alert->id : "");
    portal_alerts_take(&all.v[i]->alerts, alert, brief); /* brief lives until the next is taken */
    pthread_mutex_unlock(&p->lock);
    if (tell && brief) put(p, all.v[i], "alert", brief, strlen(brief));
    if (tell && gone) tell_gone(p, all.v[i], alert);
  }
  let_go(p, &all);
}

/* Hosts decide who sees it; /attacks, /alerts and /findings have them. */
static void shorten(const struct model_kind *k, void *rec)
{
  if (k == &model_episode) ((struct episode *)rec)->hosts = (struct model_ips){0};
  if (k == &model_delivery) ((struct delivery *)rec)->hosts = (struct model_ips){0};
  if (k != &model_finding) return;
  struct finding *f = rec;
  f->hosts = (struct model_ips){0};
  f->flows = "";
}

static bool finding_fits(struct portal_audience *a, const struct finding *f)
{
  int64_t now = portal_mono_ns();
  a->room += a->room_at ? (double)(now - a->room_at) / (double)PRAC_SEC : PORTAL_FINDINGS;
  if (a->room > PORTAL_FINDINGS) a->room = PORTAL_FINDINGS;
  a->room_at = now;
  if (a->room < (f->level > 1 ? 1 : PORTAL_FINDINGS / 2)) return false;
  a->room -= 1;
  return true;
}

static void tell_one(struct portal *p, struct portal_audience *a, const char *event,
                     const struct model_kind *k, const void *rec)
{
  struct prac_json j = prac_json_of(ALERT_BYTES);
  bool seen = false;
  void *own = prac_arena_alloc(p->scratch, k->size);
  if (own) memcpy(own, rec, k->size);
  prac_rc rc =
      own ? access_gate_record(&a->scope, p->env.geo, k, own, p->scratch, &seen) : PRAC_NOMEM;
  if (rc == PRAC_OK && seen && k == &model_finding && !finding_fits(a, own)) {
    portal_count(p, PORTAL_C_FINDINGS_LEFT);
    seen = false;
  }
  if (rc == PRAC_OK && seen) {
    shorten(k, own);
    model_to_json(k, own, &j);
  }
  if (rc != PRAC_OK || seen) put(p, a, event, rc != PRAC_OK || j.bad ? NULL : j.buf, j.len);
  prac_json_done(&j);
}

void portal_tell_record(struct portal *p, const char *event, const struct model_kind *k,
                        const void *rec)
{
  struct all all;
  pthread_mutex_lock(&p->lock);
  hold_all(p, &all);
  pthread_mutex_unlock(&p->lock);
  for (size_t i = 0; i < all.n; i++)
    if (k != &model_finding || all.v[i]->findings) tell_one(p, all.v[i], event, k, rec);
  let_go(p, &all);
}
