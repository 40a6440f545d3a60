/* Subscriptions and errands, out of the bus or, after a start, out of the queue's file. What does
 * not fit is counted and dropped: the bus must not wait for it. */
#include <stdio.h>
#include <string.h>

#include "notify/core_int.h"

/* Older ones have lost their sense: nobody waits for them any more. */
#define TEST_NS (10 * PRAC_MIN)
#define CONFIRM_NS (12 * PRAC_HOUR)
static const struct prac_log_event ev_unfit = {
    "notify_subscription_unfit", PRAC_LOG_WARN,
    "nobody is told by it: look at it in the portal, and at notify.subscription-ways"};

static const struct prac_log_event ev_scrub = {
    "notify_queue_not_clean", PRAC_LOG_WARN,
    "secrets of before may still stand in free parts of queue.db: make room, start the role again"};

static void count_on(struct note_core *c)
{
  uint64_t n = 0;
  for (size_t i = c->tenants.n_settings; i < c->tenants.n; i++) n += c->tenants.v[i]->ways != 0;
  prac_gauge(&c->counters[NOTE_COUNT_SUBSCRIPTIONS], n);
}

static prac_rc unfit(struct note_core *c, const char *id, prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_NOMEM) return rc;
  prac_count(&c->counters[NOTE_COUNT_UNFIT], 1);
  prac_log(c->env.log, &ev_unfit, "%.40s: %s", id, err->text);
  return PRAC_OK;
}

static bool id_ok(const char *s)
{
  size_t n = s ? strlen(s) : 0;
  return n >= 1 && n <= 31 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* In memory: the row, and its ways opened. */
static prac_rc put(struct note_core *c, const struct subscription *s, struct prac_err *reterr)
{
  struct prac_err err = {0};
  prac_rc rc = note_tenants_put(&c->tenants, s, c->ways, c->may_subscribe, &err);
  const struct note_tenant_row *r = note_tenants_find(&c->tenants, s->id);
  if (rc == PRAC_OK && r) rc = note_posts_open(c, r->ways, &err);
  if (rc == PRAC_OK) return rc;
  note_tenants_drop(&c->tenants, s->id);
  rc = unfit(c, s->id, rc, &err);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "no memory for a subscription");
}

/* As it may be kept. */
static prac_rc keep(struct note_core *c, const struct subscription *s, struct prac_err *reterr)
{
  prac_json_reset(&c->json);
  model_to_json(&model_subscription, s, &c->json);
  if (c->json.bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  return note_sub_put(c->queue, s->id, c->json.buf, c->json.len, reterr);
}

/* One that was kept, or cannot be read any more. */
static prac_rc load_one(struct note_core *c, struct subscription *s, struct prac_err *reterr)
{
  struct prac_err err = {0};
  const char *secret = s->secret;
  prac_rc rc = note_seal_in(c, s, &err);
  if (rc != PRAC_OK) return unfit(c, s->id, rc, &err);
  if (s->secret != secret) PRAC_TRY(keep(c, s, reterr));
  note_seal_anew(c, s, secret);
  return put(c, s, reterr);
}

/* Before there were keys, secrets were kept in clear: once all are sealed the file is made anew. */
static prac_rc scrub(struct note_core *c, struct prac_err *reterr)
{
  int64_t clean = 0;
  struct prac_err err = {0};
  prac_rc rc = note_meta_get(c->queue, "sealed", &clean, reterr);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  if (clean) return PRAC_OK;
  rc = note_queue_scrub(c->queue, &err);
  if (rc != PRAC_OK) prac_log(c->env.log, &ev_scrub, "%s", err.text);
  if (rc != PRAC_OK) return PRAC_OK;
  PRAC_TRY(note_meta_put(c->queue, "sealed", 1, reterr));
  return note_queue_commit(c->queue, reterr);
}

prac_rc note_subscribe_load(struct note_core *c, struct prac_err *reterr)
{
  char id[32] = "";
  const char *rec = NULL;
  size_t len = 0;
  for (;;) {
    struct subscription s;
    struct prac_err err = {0};
    prac_rc rc = note_sub_next(c->queue, id, id, &rec, &len, reterr);
    if (rc == PRAC_UNKNOWN) break;
    PRAC_TRY(rc);
    prac_arena_reset(c->arena);
    rc = model_from_json(&model_subscription, rec, len, c->arena, &s, &err);
    if (rc != PRAC_OK)
      PRAC_TRY(unfit(c, id, rc, &err));
    else
      PRAC_TRY(load_one(c, &s, reterr));
  }
  count_on(c);
  PRAC_TRY(note_commit(c, reterr));
  c->keys_kept = c->keys_round;
  return scrub(c, reterr);
}

prac_rc note_subscribe(struct note_core *c, const struct subscription *s, struct prac_err *reterr)
{
  bool on = s->state && strcmp(s->state, "on") == 0;
  bool end = s->state && strcmp(s->state, "end") == 0, known = true;
  if (!id_ok(s->id)) return unfit(c, "?", PRAC_MALFORMED, &(struct prac_err){.text = "no name"});
  if (end) PRAC_TRY(note_sub_drop(c->queue, s->id, &known, reterr));
  if (!on && known) PRAC_TRY(note_tenant_forget(c->queue, s->id, reterr)); /* what waits for it */
  if (end) {
    note_tenants_drop(&c->tenants, s->id);
  } else {
    struct subscription own = *s;
    struct prac_err err = {0};
    prac_arena_reset(c->arena);
    prac_rc rc = note_seal_in(c, &own, &err);
    if (rc != PRAC_OK) return unfit(c, s->id, rc, &err);
    PRAC_TRY(keep(c, &own, reterr));
    PRAC_TRY(put(c, &own, reterr));
    note_seal_anew(c, &own, s->secret);
  }
  count_on(c);
  note_seal_count(c);
  return PRAC_OK;
}

/* ---- errands ---- */

static void refuse(struct note_core *c, const struct errand *e, const char *why)
{
  if (c->env.told)
    c->env.told(c->env.told_arg, &(struct told){.id = e->id,
                                                .at = c->now,
                                                .subscription = e->subscription,
                                                .way = "",
                                                .state = "refused",
                                                .text = why});
}

static prac_rc run_test(struct note_core *c, const struct errand *e, struct prac_err *reterr)
{
  const struct note_tenant_row *r = note_tenants_find(&c->tenants, e->subscription);
  bool over = false;
  if (!r || !r->scope || !r->ways) {
    refuse(c, e, "the notifier knows of no way to tell this subscription");
    return PRAC_OK;
  }
  char secret[ACCESS_SEAL_TEXT];
  struct prac_err err = {0};
  prac_rc rc = r->t.url[0] ? note_seal_out(c, r, secret, &err) : PRAC_OK;
  if (r->t.url[0]) explicit_bzero(secret, sizeof secret);
  if (rc == PRAC_AGAIN) {
    refuse(c, e, err.text);
    return PRAC_OK;
  }
  PRAC_TRY(note_over_limit(c, r, c->now, &over, reterr));
  if (over) {
    refuse(c, e, "max_per_hour messages have been sent");
    return PRAC_OK;
  }
  return note_test_item(c, r, e->id, c->now, reterr);
}

static prac_rc run_confirm(struct note_core *c, const struct errand *e, struct prac_err *reterr)
{
  struct note_story s = {.state = NOTE_TOLD};
  struct prac_err err = {0};
  uint32_t mail = 0;
  for (size_t i = 0; i < c->n_post; i++)
    if (strcmp(c->ways[i]->name, "mail") == 0) mail = c->may_subscribe & 1u << i;
  prac_rc rc = mail ? note_posts_open(c, mail, &err)
                    : PRAC_FAIL(&err, PRAC_UNSUPPORTED, "mail is not in subscription-ways");
  if (rc != PRAC_OK) {
    refuse(c, e, "letters are not sent here");
    return unfit(c, e->id, rc, &err);
  }
  prac_json_reset(&c->json);
  model_to_json(&model_errand, e, &c->json);
  if (c->json.bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for an errand");
  struct note_item_new n = {.id = e->id,
                            .tenant = "",
                            .rec = c->json.buf,
                            .len = c->json.len,
                            .at = c->now,
                            .began = c->now,
                            .kind = NOTE_ERRAND};
  return note_decide_add(c, &n, mail, &s, reterr);
}

prac_rc note_errand(struct note_core *c, const struct errand *e, struct prac_err *reterr)
{
  bool test = e->act && strcmp(e->act, "test") == 0;
  bool confirm = e->act && strcmp(e->act, "confirm") == 0;
  bool key = e->act && strcmp(e->act, "key") == 0;
  if (!id_ok(e->id) || !(test || confirm || key))
    return unfit(c, "?", PRAC_MALFORMED, &(struct prac_err){.text = "no such errand"});
  if (c->now - e->at > (test ? TEST_NS : CONFIRM_NS)) return PRAC_OK;
  prac_count(&c->counters[NOTE_COUNT_ERRANDS], 1);
  if (key) {
    note_seal_heard(c, e);
    return PRAC_OK;
  }
  return test ? run_test(c, e, reterr) : run_confirm(c, e, reterr);
}
