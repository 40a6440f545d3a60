/* From the accounts' file to the bus, and back what became of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "portal/subs.h"
#include "portal/subs_key.h"
#include "portal/who.h"

enum { AT_ONCE = 100, LOOK_MS = 5000, AGAIN_MS = 1000, JSON_MAX = 64 << 10 };
#define ALL_AGAIN_NS PRAC_HOUR

struct saying {
  struct saying *next;
  struct prac_arena *arena;
  const struct model_kind *kind;
  const void *rec;
  const char *subscription; /* that ends by it, or is turned off; NULL: anything else */
  char subject[96], id[96];
};
struct said {
  char id[ACCESS_SUB_ID];
  uint64_t hash;
};
struct portal_subs {
  pthread_mutex_t lock; /* guards first to told; taken alone */
  struct saying *first, **end;
  size_t n, testing;
  bool looking;
  struct portal_told told[SUBS_TOLD];
  struct portal_key key;
  /* the desk's thread: */
  struct said said[SUBS_QUEUED];
  size_t n_said;
  int64_t said_all; /* monotonic ns; 0: never */
  /* the caller's thread: */
  int64_t look_at, say_at; /* monotonic ns */
};

static const struct prac_log_event ev_late = {
    "portal_subscriptions_wait", PRAC_LOG_WARN,
    "the bus is away: changed subscriptions are said when it is back"};

prac_rc portal_subs_open(struct portal *p, struct prac_err *reterr)
{
  if (!p->door || !p->env.say) return PRAC_OK;
  p->subs = calloc(1, sizeof *p->subs);
  if (!p->subs) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for subscriptions");
  (void)pthread_mutex_init(&p->subs->lock, NULL);
  p->subs->end = &p->subs->first;
  portal_key_open(&p->subs->key);
  for (size_t i = 0; i < SUBS_TOLD; i++) p->subs->told[i].at = PRAC_TIME_NONE;
  return PRAC_OK;
}

static void saying_free(struct saying **sp)
{
  struct prac_arena *a = (*sp)->arena; /* it lives in it, too */
  *sp = NULL;
  prac_arena_free(&a);
}

void portal_subs_close(struct portal *p)
{
  struct portal_subs *s = p->subs;
  p->subs = NULL;
  if (!s) return;
  for (struct saying *next; s->first; s->first = next) {
    next = s->first->next;
    saying_free(&s->first);
  }
  portal_key_close(&s->key);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

/* ---- what is to be said ---- */

static bool is_of(const struct saying *y, const char *subscription)
{
  return y->kind == &model_subscription &&
         strcmp(((const struct subscription *)y->rec)->id, subscription) == 0;
}

/* Says who is no longer told before all that can wait. What waits of the same subscription is older
 * and would turn it on again: it goes. s->lock held */
static void put_first(struct portal_subs *s, struct saying *y)
{
  struct saying **at = &s->first;
  while (*at && (*at)->subscription) at = &(*at)->next;
  y->next = *at;
  *at = y;
  for (at = &y->next; *at;) {
    struct saying *o = *at;
    if (!is_of(o, y->subscription)) {
      at = &o->next;
      continue;
    }
    *at = o->next;
    s->n--;
    saying_free(&o);
  }
  s->end = at;
}

/* s->lock held */
static void put_last(struct portal_subs *s, struct saying *y)
{
  *s->end = y;
  s->end = &y->next;
}

/* What is said of a subscription that tells nothing from now on. */
static const char *revoked(const struct model_kind *k, const void *rec)
{
  const struct subscription *s = rec;
  return k == &model_subscription && strcmp(s->state, "on") != 0 ? s->id : NULL;
}

static prac_rc queue(struct portal *p, const struct model_kind *k, const void *rec, const char *org,
                     const char *id)
{
  struct portal_subs *s = p->subs;
  struct prac_arena *a = prac_arena_new(2048);
  struct saying *y = a ? prac_arena_alloc(a, sizeof *y) : NULL;
  void *own = y ? prac_arena_alloc(a, k->size) : NULL;
  if (!own || model_copy(k, rec, a, own) != PRAC_OK) {
    prac_arena_free(&a);
    return PRAC_NOMEM;
  }
  *y = (struct saying){.arena = a, .kind = k, .rec = own, .subscription = revoked(k, own)};
  portal_subject(k->name, org, y->subject);
  (void)snprintf(y->id, sizeof y->id, "%.60s.%" PRId64, id, prac_now(p->env.clock));
  pthread_mutex_lock(&s->lock);
  bool room = s->n < SUBS_QUEUED;
  s->n += room;
  if (room) (y->subscription ? put_first : put_last)(s, y);
  pthread_mutex_unlock(&s->lock);
  if (!room) saying_free(&y);
  return room ? PRAC_OK : PRAC_FULL;
}

prac_rc portal_subs_errand(struct portal *p, const struct errand *e, const char *org)
{
  return p->subs ? queue(p, &model_errand, e, org, e->id) : PRAC_UNSUPPORTED;
}

/* What of it goes to the notifier: only addresses whose owner has agreed, and no secret in clear:
 * what waits for its signature waits until it is sealed. */
static prac_rc effective(const struct access_sub *sub, struct prac_arena *a,
                         struct subscription *ret)
{
  const char **mail = prac_arena_alloc(a, (sub->s.mail.n + 1) * sizeof *mail);
  uint32_t n = 0;
  if (!mail) return PRAC_NOMEM;
  for (uint32_t i = 0; i < sub->s.mail.n; i++)
    if (sub->confirmed[i]) mail[n++] = sub->s.mail.v[i];
  *ret = sub->s;
  ret->mail = (struct model_strs){mail, n};
  ret->at = PRAC_TIME_NONE;
  if (!access_sealed(ret->secret)) ret->secret = "";
  return PRAC_OK;
}

struct look {
  struct portal *p;
  struct prac_arena *arena;
  prac_time now;
  bool whole; /* all found room */
};

static struct said *place_of(struct portal_subs *s, const char *id)
{
  for (size_t i = 0; i < s->n_said; i++)
    if (strcmp(s->said[i].id, id) == 0) return &s->said[i];
  if (s->n_said == SUBS_QUEUED) return NULL;
  struct said *new = &s->said[s->n_said++];
  *new = (struct said){.hash = 0};
  (void)snprintf(new->id, sizeof new->id, "%s", id);
  return new;
}

static prac_rc look_at(void *arg, const struct access_sub *sub)
{
  struct look *l = arg;
  struct said *said = place_of(l->p->subs, sub->s.id);
  struct subscription s;
  prac_arena_reset(l->arena);
  PRAC_TRY(effective(sub, l->arena, &s));
  struct prac_json j = prac_json_of(JSON_MAX);
  model_to_json(&model_subscription, &s, &j);
  uint64_t hash = j.bad ? 0 : prac_hash_bytes(1, j.buf, j.len) | 1;
  prac_json_done(&j);
  if (hash == 0) return PRAC_NOMEM;
  if (said && said->hash == hash) return PRAC_OK;
  s.at = l->now;
  prac_rc rc = queue(l->p, &model_subscription, &s, s.org, s.id);
  if (rc == PRAC_OK && said) said->hash = hash;
  l->whole &= rc == PRAC_OK;
  return PRAC_OK;
}

void portal_subs_look(struct portal *p, struct access *a)
{
  struct portal_subs *s = p->subs;
  if (!s) return;
  struct look l = {p, prac_arena_new(4096), prac_now(p->env.clock), true};
  int64_t now = portal_mono_ns();
  if (portal_key_look(p, &s->key, a)) s->said_all = 0;
  bool all = s->said_all == 0 || now - s->said_all >= ALL_AGAIN_NS;
  if (all) s->n_said = 0;
  if (l.arena && access_subs(a, NULL, look_at, &l, NULL) == PRAC_OK && l.whole) {
    if (all) s->said_all = now;
    portal_key_report(p, &s->key, a, all);
  }
  prac_arena_free(&l.arena);
  pthread_mutex_lock(&s->lock);
  s->looking = false;
  pthread_mutex_unlock(&s->lock);
}

static void run_look(struct desk_job *j, struct access *a)
{
  portal_subs_look(j->p, a);
}

/* ---- saying ---- */

static void send_for_changes(struct portal *p, int64_t now)
{
  struct portal_subs *s = p->subs;
  if (now < s->look_at) return;
  s->look_at = now + LOOK_MS * PRAC_MS;
  pthread_mutex_lock(&s->lock);
  bool go = !s->looking;
  s->looking |= go;
  pthread_mutex_unlock(&s->lock);
  struct desk_job *j = go ? desk_job_new(p, NULL, NULL) : NULL;
  if (j) j->run = run_look;
  if (!go || (j && desk_put(portal_desk(p), j) == PRAC_OK)) return;
  desk_job_free(&j);
  pthread_mutex_lock(&s->lock);
  s->looking = false;
  pthread_mutex_unlock(&s->lock);
}

/* s->lock held. NULL: nothing waits. */
static struct saying *take_first(struct portal_subs *s)
{
  struct saying *y = s->first;
  if (!y) return NULL;
  s->first = y->next;
  if (!s->first) s->end = &s->first;
  return y;
}

/* s->lock held. What was put in its place meanwhile is newer, and is said after it. */
static void put_back(struct portal_subs *s, struct saying *y)
{
  y->next = s->first;
  if (!s->first) s->end = &y->next;
  s->first = y;
}

/* The first in line is there again unless the bus has it. */
static bool say_first(struct portal *p)
{
  struct portal_subs *s = p->subs;
  struct prac_err err = {0};
  pthread_mutex_lock(&s->lock);
  struct saying *y = take_first(s);
  pthread_mutex_unlock(&s->lock);
  if (!y) return false;
  prac_rc rc = p->env.say(p->env.say_arg, y->kind, y->rec, y->subject, y->id, &err);
  if (rc != PRAC_OK) {
    prac_log(p->env.log, &ev_late, "%s", err.text);
    s->say_at = portal_mono_ns() + AGAIN_MS * PRAC_MS;
    pthread_mutex_lock(&s->lock);
    put_back(s, y);
    pthread_mutex_unlock(&s->lock);
    return false;
  }
  pthread_mutex_lock(&s->lock);
  s->n--;
  pthread_mutex_unlock(&s->lock);
  saying_free(&y);
  return true;
}

void portal_subs_tick(struct portal *p)
{
  int64_t now = portal_mono_ns();
  if (!p->subs) return;
  send_for_changes(p, now);
  if (now < p->subs->say_at) return;
  for (int i = 0; i < AT_ONCE && say_first(p); i++) continue;
}

/* ---- what became of it ---- */

static bool of_test(const char *id)
{
  return strncmp(id, "t-", 2) == 0;
}

/* The latest of a subscription and way, of tests and of others. */
void portal_subs_told(struct portal *p, const struct told *t)
{
  struct portal_subs *s = p->subs;
  if (!s) return;
  if (strcmp(t->state, "key") == 0 || strcmp(t->state, "sealed") == 0) {
    portal_key_told(&s->key, t);
    s->look_at = 0;
    return;
  }
  pthread_mutex_lock(&s->lock);
  struct portal_told *to = &s->told[0];
  for (size_t i = 0; i < SUBS_TOLD; i++) {
    struct portal_told *o = &s->told[i];
    if (strcmp(o->subscription, t->subscription) == 0 && strcmp(o->way, t->way) == 0 &&
        o->at != PRAC_TIME_NONE && of_test(o->id) == of_test(t->id)) {
      to = o;
      break;
    }
    if (o->at == PRAC_TIME_NONE || (to->at != PRAC_TIME_NONE && o->at < to->at)) to = o;
  }
  (void)snprintf(to->id, sizeof to->id, "%s", t->id);
  (void)snprintf(to->subscription, sizeof to->subscription, "%s", t->subscription);
  (void)snprintf(to->way, sizeof to->way, "%s", t->way);
  (void)snprintf(to->state, sizeof to->state, "%s", t->state);
  (void)snprintf(to->text, sizeof to->text, "%s", t->text);
  to->at = t->at == PRAC_TIME_NONE ? 0 : t->at;
  pthread_mutex_unlock(&s->lock);
}

bool portal_subs_test_begin(struct portal *p)
{
  struct portal_subs *s = p->subs;
  pthread_mutex_lock(&s->lock);
  bool ok = s->testing < SUBS_TESTS;
  s->testing += ok;
  pthread_mutex_unlock(&s->lock);
  return ok;
}

void portal_subs_test_end(struct portal *p)
{
  struct portal_subs *s = p->subs;
  if (!s) return; /* the portal closes */
  pthread_mutex_lock(&s->lock);
  s->testing--;
  pthread_mutex_unlock(&s->lock);
}

size_t portal_subs_answers(struct portal *p, const char *subscription, const char *id,
                           struct portal_told *to, size_t max)
{
  struct portal_subs *s = p->subs;
  size_t n = 0;
  if (!s) return 0;
  pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < SUBS_TOLD && n < max; i++) {
    const struct portal_told *o = &s->told[i];
    if (o->at != PRAC_TIME_NONE && strcmp(o->subscription, subscription) == 0 &&
        (!id || strncmp(o->id, id, strlen(id)) == 0))
      to[n++] = *o;
  }
  pthread_mutex_unlock(&s->lock);
  return n;
}
