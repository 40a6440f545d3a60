/* Handing items to the ways, and remembering what became of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/core_int.h"

enum { DIGEST_ROWS = 1000 };
#define PAUSE_MAX_NS (30 * PRAC_SEC)
#define EACH_GIVE_UP_NS                                                                            \
  PRAC_DAY /* what waits for one tenant's own other side, or a subscriber's mailbox */
static const struct prac_log_event ev_refused = {
    "notify_refused", PRAC_LOG_ERROR, "nobody was told by this way: put it right, tell them"};
static const struct prac_log_event ev_subscriber = {
    "notify_subscriber_refused", PRAC_LOG_INFO,
    "the subscriber sees it in the portal; nothing to do here"};
static const struct prac_log_event ev_away = {"notify_way_away", PRAC_LOG_WARN,
                                              "the queue keeps everything; look at the other side"};
static const struct prac_log_event ev_back = {"notify_way_back", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_full = {"notify_queue_full", PRAC_LOG_ERROR,
                                              "make room on the device"};

/* ---- an item out of the queue ---- */

static prac_rc read_digest(struct note_core *c, struct note_job *j, const struct note_row *r,
                           const struct note_tenant_row *t, struct prac_err *reterr)
{
  const struct episode **e =
      prac_arena_alloc(j->arena, DIGEST_ROWS * sizeof *e); /* of both kinds, at most */
  const struct alert **a = prac_arena_alloc(j->arena, DIGEST_ROWS * sizeof *a);
  struct note_digest *d = &j->digest;
  if (!e || !a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a digest");
  *d = (struct note_digest){.episodes = e, .alerts = a, .from = r->at, .to = r->at};
  for (size_t at = 0; at < r->len && d->n + d->n_alerts < DIGEST_ROWS;) {
    const char *line = r->rec + at, *end = memchr(line, '\n', r->len - at);
    size_t n = end ? (size_t)(end - line) : r->len - at;
    at += n + 1;
    if (n == 0) continue;
    struct episode *ep = prac_arena_alloc(j->arena, sizeof *ep);
    struct alert *al = prac_arena_alloc(j->arena, sizeof *al);
    if (!ep || !al) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a digest");
    PRAC_TRY(model_from_json(&model_episode, line, n, j->arena, ep, reterr));
    PRAC_TRY(model_from_json(&model_alert, line, n, j->arena, al, reterr));
    bool is_alert = al->severity && al->severity[0], seen; /* an episode has no such key */
    PRAC_TRY(is_alert ? note_gate(c, t, &model_alert, al, j->arena, &seen, reterr)
                      : note_gate(c, t, &model_episode, ep, j->arena, &seen, reterr));
    if (!seen) continue;
    if (is_alert)
      a[d->n_alerts++] = al;
    else
      e[d->n++] = ep;
    prac_time from = is_alert ? al->from : ep->from;
    if (from < d->from) d->from = from;
  }
  j->item.digest = d;
  return PRAC_OK;
}

/* The tenant as it is now: a subscription may change while the message is on its way. */
static prac_rc tenant_of(struct note_job *j, const struct note_tenant *t, struct prac_err *reterr)
{
  const char **mail = prac_arena_alloc(j->arena, (t->n_mail_to + 1) * sizeof *mail);
  const char **words[] = {&j->tenant.name, &j->tenant.network, &j->tenant.url};
  bool ok = mail != NULL;
  j->tenant = *t;
  for (size_t i = 0; ok && i < PRAC_ARRAY_LEN(words); i++) {
    if (!*words[i]) continue;
    *words[i] = prac_arena_strndup(j->arena, *words[i], strlen(*words[i]));
    ok = *words[i] != NULL;
  }
  for (size_t i = 0; ok && i < t->n_mail_to; i++) {
    mail[i] = prac_arena_strndup(j->arena, t->mail_to[i], strlen(t->mail_to[i]));
    ok = mail[i] != NULL;
  }
  j->tenant.mail_to = mail;
  return ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a message");
}

/* A letter to an address that belongs to no subscription yet. */
static prac_rc read_errand(struct note_job *j, const struct note_row *r, struct prac_err *reterr)
{
  PRAC_TRY(model_from_json(&model_errand, r->rec, r->len, j->arena, &j->errand, reterr));
  j->item.errand = &j->errand;
  return tenant_of(j,
                   &(struct note_tenant){.name = "",
                                         .network = "",
                                         .language = j->errand.language,
                                         .mail_to = &j->errand.to,
                                         .n_mail_to = 1},
                   reterr);
}

static prac_rc read_rec(struct note_core *c, struct note_job *j, const struct note_row *r,
                        const struct note_tenant_row *t, struct prac_err *reterr)
{
  const bool is_alert = r->kind == NOTE_ALERT;
  const struct model_kind *k = is_alert ? &model_alert : &model_episode;
  void *rec = is_alert ? (void *)&j->alert : (void *)&j->episode;
  bool seen = true;
  if (r->kind == NOTE_DIGEST) {
    PRAC_TRY(read_digest(c, j, r, t, reterr));
    seen = j->digest.n + j->digest.n_alerts > 0;
  } else {
    PRAC_TRY(model_from_json(k, r->rec, r->len, j->arena, rec, reterr));
    if (r->kind != NOTE_TEST) PRAC_TRY(note_gate(c, t, k, rec, j->arena, &seen, reterr));
    j->item.episode = is_alert ? NULL : &j->episode;
    j->item.alert = is_alert ? &j->alert : NULL;
  }
  return seen ? PRAC_OK : PRAC_FAIL(reterr, PRAC_DENIED, "no longer in the subscriber's scope");
}

static prac_rc job_of(struct note_core *c, const struct note_way *way, const struct note_row *r,
                      struct note_job **ret, struct prac_err *reterr)
{
  const struct note_tenant_row *t = note_tenants_find(&c->tenants, r->tenant);
  struct note_job *j = calloc(1, sizeof *j);
  if (j) j->arena = prac_arena_new(0);
  if (!j || !j->arena) {
    note_job_free(&j);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a message");
  }
  *ret = j;
  j->n = r->n;
  j->tries = r->tries;
  j->made = r->made;
  j->kind = r->kind;
  j->subscriber = r->kind == NOTE_ERRAND || (t && t->scope);
  memcpy(j->id, r->id, sizeof j->id);
  memcpy(j->thread, r->thread, sizeof j->thread);
  j->item = (struct note_item){
      .id = j->id, .thread = j->thread, .at = r->at, .began = r->began, .tenant = &j->tenant};
  if (r->kind == NOTE_ERRAND) return read_errand(j, r, reterr);
  if (!t)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "tenant %s is no longer in the settings", r->tenant);
  PRAC_TRY(tenant_of(j, &t->t, reterr));
  if (way->each && t->scope) {
    j->tenant.secret = j->secret;
    PRAC_TRY(note_seal_out(c, t, j->secret, reterr));
  }
  j->tenant.utc_offset_s = note_zone_offset_s(&t->zone, r->at);
  return read_rec(c, j, r, t, reterr);
}

/* ---- what became of it ---- */

static int64_t wait_ns(struct note_core *c, uint32_t tries, int64_t most)
{
  int64_t ns = c->conf->retry_first_ns;
  for (uint32_t i = 1; i < tries && ns < most; i++) ns *= 2;
  if (ns > most) ns = most;
  return ns / 2 + (int64_t)(prac_rng_unit(&c->rng) * (double)ns);
}

static const char *owner_of(const struct note_job *j)
{
  return j->subscriber ? j->tenant.name : NULL;
}

/* To the portal, which shows it to whoever subscribed. subscription NULL: a tenant's. */
static void tell_owner(struct note_core *c, const struct note_post *p, const char *subscription,
                       const char *id, const char *state, const char *why)
{
  if (!subscription || !c->env.told) return;
  c->env.told(c->env.told_arg, &(struct told){.id = id,
                                              .at = c->now,
                                              .subscription = subscription,
                                              .way = p->way->name,
                                              .state = state,
                                              .text = why ? why : ""});
}

/* What goes to a subscriber is not the operator's to put right. */
static void log_refused(struct note_core *c, const struct note_post *p, const struct note_job *j,
                        const char *why)
{
  prac_log(c->env.log, j->subscriber ? &ev_subscriber : &ev_refused, "%s: %s: %s", p->way->name,
           j->id, why);
}

/* What several lanes say within one pause is one failure. What one tenant's own other side says, or
 * a subscriber's mailbox, says nothing about the way: it pauses nobody else. */
static prac_rc mark_again(struct note_core *c, struct note_post *p, struct note_job *j,
                          struct prac_err *reterr)
{
  bool alone = p->way->each || j->subscriber;
  int64_t most =
      alone && c->conf->give_up_ns > EACH_GIVE_UP_NS ? EACH_GIVE_UP_NS : c->conf->give_up_ns;
  bool over = c->now - j->made > most;
  prac_time due = c->now + wait_ns(c, j->tries + 1, c->conf->retry_max_ns);
  PRAC_TRY(note_task_mark(c->queue, j->n, p->way->name, over ? NOTE_REFUSED : NOTE_WAITING,
                          j->tries + 1, due, j->err.text, reterr));
  prac_count(&c->counters[over ? NOTE_COUNT_REFUSED : NOTE_COUNT_AGAIN], 1);
  tell_owner(c, p, owner_of(j), j->id, over ? "refused" : "again", j->err.text);
  if (over) PRAC_TRY(note_delivery_job(c, p->way, j, "failed", c->now, reterr));
  if (over) log_refused(c, p, j, j->err.text);
  if (alone) return PRAC_OK;
  if (p->pause_until != PRAC_TIME_NONE && c->now < p->pause_until) return PRAC_OK;
  if (p->fails++ == 0)
    prac_log(c->env.log, &ev_away, "%s: %s", p->way->name,
             j->err.text[0] ? j->err.text : "does not answer");
  p->pause_until = c->now + wait_ns(c, p->fails, PAUSE_MAX_NS);
  return PRAC_OK;
}

static prac_rc mark(struct note_core *c, struct note_post *p, struct note_job *j,
                    struct prac_err *reterr)
{
  if (!j->tried) return PRAC_OK;
  if (j->rc == PRAC_AGAIN) return mark_again(c, p, j, reterr);
  bool ok = j->rc == PRAC_OK;
  const char *why = ok ? NULL : j->err.text[0] ? j->err.text : prac_rc_text(j->rc);
  PRAC_TRY(note_task_mark(c->queue, j->n, p->way->name, ok ? NOTE_TAKEN : NOTE_REFUSED,
                          j->tries + 1, c->now, why, reterr));
  prac_count(&c->counters[ok ? NOTE_COUNT_TAKEN : NOTE_COUNT_REFUSED], 1);
  tell_owner(c, p, owner_of(j), j->id, ok ? "taken" : "refused", why);
  PRAC_TRY(note_delivery_job(c, p->way, j, ok ? "sent" : "failed", c->now, reterr));
  if (!ok) log_refused(c, p, j, why);
  if (p->fails) prac_log(c->env.log, &ev_back, "%s is back", p->way->name);
  p->fails = 0;
  p->pause_until = PRAC_TIME_NONE;
  return PRAC_OK;
}

static void landed(struct note_post *p, int64_t n)
{
  for (size_t i = 0; i < p->n_inflight; i++)
    if (p->inflight[i].n == n) p->inflight[i--] = p->inflight[--p->n_inflight];
}
static prac_rc mark_all(struct note_core *c, struct note_post *p, struct prac_err *reterr)
{
  uint32_t fails = p->fails;
  prac_rc rc = note_queue_commit(c->queue, reterr); /* what was not a mark */
  if (rc == PRAC_OK) rc = note_queue_sync(c->queue, false, reterr);
  for (struct note_job *j = p->unmarked; j && rc == PRAC_OK; j = j->next)
    rc = mark(c, p, j, reterr);
  if (rc == PRAC_OK) rc = note_queue_commit(c->queue, reterr);
  if (rc != PRAC_OK) {
    p->fails = fails;
    note_queue_rollback(c->queue);
  }
  prac_rc again = note_queue_sync(c->queue, true, reterr);
  return rc == PRAC_OK ? again : rc;
}

/* The oldest that the way has said, and whose it is. */
static const struct note_said *next_said(struct note_core *c, struct note_post *p,
                                         struct note_worker **ret)
{
  const struct note_said *s = NULL;
  for (size_t i = 0; p->way->says && i < p->n_lanes && !s; i++) {
    uint64_t lost = 0;
    *ret = p->lanes[i];
    s = note_worker_said(*ret, &lost);
    prac_count(&c->counters[NOTE_COUNT_UNSAID], lost);
  }
  return s;
}

/* Each by itself: one that finds no room stays with its way. */
static prac_rc say_all(struct note_core *c, struct note_post *p, struct prac_err *reterr)
{
  const struct note_said *s;
  struct note_worker *w = NULL;
  if (!next_said(c, p, &w)) return PRAC_OK;
  prac_rc rc = note_queue_commit(c->queue, reterr);
  if (rc == PRAC_OK) rc = note_queue_sync(c->queue, false, reterr);
  while (rc == PRAC_OK && (s = next_said(c, p, &w))) {
    rc = note_delivery_said(c, p->way, s, reterr);
    if (rc == PRAC_OK) rc = note_queue_commit(c->queue, reterr);
    if (rc == PRAC_OK) note_worker_said_drop(w);
  }
  if (rc != PRAC_OK) note_queue_rollback(c->queue);
  prac_rc again = note_queue_sync(c->queue, true, reterr);
  return rc == PRAC_OK ? again : rc;
}

/* All that is done is marked in one commit. When that fails the jobs stay here, and nothing new is
 * sent before the queue knows: otherwise a full device would make repeats without end. */
static prac_rc collect(struct note_core *c, struct note_post *p, struct prac_err *reterr)
{
  struct note_job *j, **end = &p->unmarked;
  while (*end) end = &(*end)->next;
  for (size_t i = 0; i < p->n_lanes; i++)
    while ((j = note_worker_done(p->lanes[i]))) {
      j->next = NULL;
      *end = j;
      end = &j->next;
    }
  if (!p->unmarked) return PRAC_OK;
  p->stirred = true;
  PRAC_TRY(mark_all(c, p, reterr));
  while ((j = p->unmarked)) {
    p->unmarked = j->next;
    landed(p, j->n);
    note_job_free(&j);
  }
  return PRAC_OK;
}

/* ---- handing over ---- */

/* Who reads of the attack or alert is to know that this tenant was not told. */
static prac_rc cannot_record(struct note_core *c, struct note_post *p, const struct note_row *r,
                             const char *why, struct prac_err *reterr)
{
  struct episode e;
  struct alert a;
  const bool is_alert = r->kind == NOTE_ALERT;
  const struct model_kind *k = is_alert ? &model_alert : &model_episode;
  const struct note_deed d = {.message = r->id,
                              .way = p->way->name,
                              .tenant = r->tenant,
                              .outcome = "failed",
                              .detail = why,
                              .at = c->now};
  if (r->kind != NOTE_EPISODE && !is_alert) return PRAC_OK;
  prac_arena_reset(c->arena);
  prac_rc rc =
      model_from_json(k, r->rec, r->len, c->arena, is_alert ? (void *)&a : (void *)&e, NULL);
  if (rc != PRAC_OK) return rc == PRAC_NOMEM ? PRAC_FAIL(reterr, rc, "no memory") : PRAC_OK;
  return note_delivery_add(c, &d, is_alert ? NULL : &e, is_alert ? &a : NULL, reterr);
}

static prac_rc cannot(struct note_core *c, struct note_post *p, const struct note_row *r,
                      const struct prac_err *why, struct prac_err *reterr)
{
  const struct note_tenant_row *t = note_tenants_find(&c->tenants, r->tenant);
  bool subscriber = t && t->scope;
  prac_log(c->env.log, subscriber ? &ev_subscriber : &ev_refused, "%s: %s: %s", p->way->name, r->id,
           why->text);
  tell_owner(c, p, subscriber ? r->tenant : NULL, r->id, "refused", why->text);
  prac_count(&c->counters[NOTE_COUNT_REFUSED], 1);
  if (!subscriber) PRAC_TRY(cannot_record(c, p, r, why->text, reterr));
  return note_task_mark(c->queue, r->n, p->way->name, NOTE_REFUSED, r->tries + 1, c->now, why->text,
                        reterr);
}

/* A pause that is longer than any is made of a clock that was set back. */
static bool paused(const struct note_core *c, const struct note_post *p)
{
  return p->pause_until != PRAC_TIME_NONE && c->now < p->pause_until &&
         p->pause_until - c->now <= 2 * PAUSE_MAX_NS;
}

/* It waits for a key, untried: nobody's other side has failed, and the queue's own time to give up
 * is that of what the operator has to put right. */
static prac_rc put_off(struct note_core *c, struct note_post *p, const struct note_row *r,
                       const struct prac_err *why, struct prac_err *reterr)
{
  int64_t wait =
      c->conf->retry_max_ns < PAUSE_MAX_NS ? c->conf->retry_max_ns : (int64_t)PAUSE_MAX_NS;
  if (c->now - r->made > c->conf->give_up_ns) return cannot(c, p, r, why, reterr);
  prac_count(&c->counters[NOTE_COUNT_SEALED], 1);
  return note_task_mark(c->queue, r->n, p->way->name, NOTE_WAITING, r->tries, c->now + wait,
                        why->text, reterr);
}

prac_rc note_send_off(struct note_core *c, struct note_post *p, const struct note_row *r,
                      const struct note_flight *f, struct prac_err *reterr)
{
  struct note_job *j = NULL;
  struct prac_err why = {0};
  prac_rc rc = job_of(c, p->way, r, &j, &why);
  if (rc == PRAC_OK) {
    p->inflight[p->n_inflight++] = *f;
    note_worker_put(p->lanes[f->lane], j);
    return c->env.threads ? PRAC_OK : collect(c, p, reterr);
  }
  note_job_free(&j);
  if (rc == PRAC_AGAIN) return put_off(c, p, r, &why, reterr);
  return rc == PRAC_NOMEM ? PRAC_FAIL(reterr, rc, "%s", why.text) : cannot(c, p, r, &why, reterr);
}

static prac_rc hand_over(struct note_core *c, struct note_post *p, struct prac_err *reterr)
{
  const struct note_when when = {c->now, c->now + 2 * c->conf->retry_max_ns};
  int64_t after = 0;
  if (p->way->each) return note_seat_each(c, p, &when, reterr);
  while (p->n_inflight < NOTE_INFLIGHT) {
    struct note_row r;
    struct note_flight f;
    if (paused(c, p)) return PRAC_OK;
    prac_rc rc = note_task_next(c->queue, p->way->name, &when, after, &r, reterr);
    if (rc == PRAC_UNKNOWN) return PRAC_OK;
    PRAC_TRY(rc);
    after = r.n;
    if (!note_board(p, &r, &f)) continue;
    PRAC_TRY(note_send_off(c, p, &r, &f, reterr));
    if (p->fails && p->n_inflight) return PRAC_OK; /* one to see whether it is back */
  }
  return PRAC_OK;
}

static void sum_up(struct note_post *p)
{
  size_t n = p->way->n_counters;
  for (size_t i = 0; i < n; i++) {
    uint64_t sum = 0;
    for (size_t k = 1; k <= p->n_lanes; k++) sum += prac_counter_get(&p->counters[k * n + i]);
    prac_gauge(&p->counters[i], sum);
  }
}

prac_rc note_deliver(struct note_core *c, bool *ret_busy, struct prac_err *reterr)
{
  size_t flying = 0;
  prac_rc all = PRAC_OK;
  for (size_t i = 0; i < c->n_post; i++) {
    struct note_post *p = &c->post[i];
    struct prac_err err = {0};
    if (!p->way) continue;
    for (size_t k = 0; k < p->n_lanes; k++) note_worker_time(p->lanes[k], c->now);
    prac_rc rc = collect(c, p, &err);
    if (rc == PRAC_OK) rc = hand_over(c, p, &err);
    if (rc == PRAC_OK) rc = say_all(c, p, &err);
    if (rc == PRAC_OK) rc = note_queue_commit(c->queue, &err);
    if (rc == PRAC_FULL) prac_log(c->env.log, &ev_full, "%s", err.text);
    if (rc != PRAC_OK && rc != PRAC_FULL && all == PRAC_OK) {
      all = rc;
      if (reterr) *reterr = err;
    }
    sum_up(p);
    flying += p->n_inflight;
  }
  prac_gauge(&c->counters[NOTE_COUNT_INFLIGHT], flying);
  *ret_busy = flying > 0;
  return all;
}

void note_deliver_end(struct note_core *c)
{
  struct prac_err err = {0};
  for (size_t i = 0; i < c->n_post; i++)
    for (size_t k = 0; k < c->post[i].n_lanes; k++) note_worker_ask_stop(c->post[i].lanes[k]);
  for (size_t i = 0; i < c->n_post; i++) {
    struct note_post *p = &c->post[i];
    for (size_t k = 0; k < p->n_lanes; k++) note_worker_stop(p->lanes[k]);
    if (p->n_lanes && c->queue &&
        (collect(c, p, &err) != PRAC_OK || say_all(c, p, &err) != PRAC_OK))
      prac_log(c->env.log, &ev_full, "%s: told, but not marked as told: %s", p->way->name,
               err.text);
    for (struct note_job *j; (j = p->unmarked);) {
      p->unmarked = j->next;
      note_job_free(&j);
    }
    for (size_t k = 0; k < p->n_lanes; k++) note_worker_free(&p->lanes[k]);
    free(p->counters);
  }
}
