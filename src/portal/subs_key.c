/* From the notifier to the accounts' file, and back which keys are needed. Nothing here is kept in
 * memory that a lost message could leave wrong for long. */
#include "portal/subs_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/subs.h"

enum { AGAIN_MS = 60000 };

void portal_key_open(struct portal_key *k)
{
  (void)pthread_mutex_init(&k->lock, NULL);
  k->end = &k->first;
}

static struct portal_sealed *take_all(struct portal_key *k)
{
  pthread_mutex_lock(&k->lock);
  struct portal_sealed *first = k->first;
  k->first = NULL;
  k->end = &k->first;
  k->n = 0;
  pthread_mutex_unlock(&k->lock);
  return first;
}

void portal_key_close(struct portal_key *k)
{
  for (struct portal_sealed *s = take_all(k), *next; s; s = next) {
    next = s->next;
    free(s);
  }
  pthread_mutex_destroy(&k->lock);
}

static bool fits(char *to, size_t room, const char *text)
{
  return (size_t)snprintf(to, room, "%s", text) < room;
}

static void keep_sealed(struct portal_key *k, const struct told *t)
{
  struct portal_sealed *s = calloc(1, sizeof *s);
  if (!s) return;
  pthread_mutex_lock(&k->lock);
  bool ok = k->n < ACCESS_SUBS && fits(s->id, sizeof s->id, t->subscription) &&
            fits(s->hash, sizeof s->hash, t->id) && fits(s->sealed, sizeof s->sealed, t->text);
  if (ok) {
    *k->end = s;
    k->end = &s->next;
    k->n++;
  }
  pthread_mutex_unlock(&k->lock);
  if (!ok) free(s);
}

void portal_key_told(struct portal_key *k, const struct told *t)
{
  if (strcmp(t->state, "sealed") == 0) {
    keep_sealed(k, t);
    return;
  }
  pthread_mutex_lock(&k->lock);
  (void)snprintf(k->said, sizeof k->said, "%s", t->text);
  pthread_mutex_unlock(&k->lock);
}

static bool take_key(struct portal *p, struct portal_key *to, struct access *a)
{
  static const struct prac_log_event ev = {"portal_key", PRAC_LOG_INFO,
                                           "secrets of webhooks are sealed to it from now on"};
  static const struct prac_log_event bad = {"portal_key_failed", PRAC_LOG_WARN,
                                            "it is asked for again; look at access.db"};
  struct access_seal_key old, k;
  char said[ACCESS_SEAL_HALF];
  struct prac_err err = {0};
  pthread_mutex_lock(&to->lock);
  memcpy(said, to->said, sizeof said);
  to->said[0] = 0;
  pthread_mutex_unlock(&to->lock);
  if (!said[0]) return false;
  prac_rc rc = access_seal_key_read(said, &k, &err);
  if (rc == PRAC_OK && access_seal_key_get(a, &old, NULL) == PRAC_OK &&
      strcmp(old.name, k.name) == 0) {
    to->reported = false; /* a notifier that has begun anew asks what is needed */
    return false;
  }
  if (rc == PRAC_OK) rc = access_seal_key_put(a, &k, &err);
  to->again = 0;
  if (rc == PRAC_OK)
    prac_log(p->env.log, &ev, "%s", k.name);
  else
    prac_log(p->env.log, &bad, "%s", err.text);
  return rc == PRAC_OK;
}

/* What is not there any more as it was when it was said, or cannot be kept, comes again with what
 * is said of it then. */
static void take_sealed(struct portal *p, struct portal_key *k, struct access *a)
{
  static const struct prac_log_event bad = {
      "portal_sealed_failed", PRAC_LOG_WARN,
      "it is tried again within the hour; look at access.db, and at who may say told on the bus"};
  for (struct portal_sealed *s = take_all(k), *next; s; s = next) {
    struct prac_err err = {0};
    next = s->next;
    prac_rc rc = access_sub_seal_anew(a, s->id, s->hash, s->sealed, &err);
    k->reported &= rc != PRAC_OK;
    if (rc != PRAC_OK && rc != PRAC_UNKNOWN) prac_log(p->env.log, &bad, "%s: %s", s->id, err.text);
    free(s);
  }
}

static void seal_those_of_before(struct portal *p, struct portal_key *k, struct access *a)
{
  static const struct prac_log_event ev = {
      "portal_secrets_in_clear", PRAC_LOG_WARN,
      "secrets of before are in access.db: start `notify` of this version, and make room; it is "
      "tried again"};
  struct prac_err err = {0};
  prac_rc rc = k->clean ? PRAC_OK : access_subs_seal(a, &err);
  k->clean = rc == PRAC_OK;
  if (rc != PRAC_OK && rc != PRAC_AGAIN) prac_log(p->env.log, &ev, "%s", err.text);
}

/* Without a key it is asked for, also when nothing else is to be said. */
static void make_up(struct portal *p, struct portal_key *k, struct access *a)
{
  struct access_seal_key key;
  int64_t now = portal_mono_ns();
  if (now < k->again) return;
  k->again = now + AGAIN_MS * PRAC_MS;
  seal_those_of_before(p, k, a);
  if (access_seal_key_get(a, &key, NULL) == PRAC_AGAIN) k->reported = false;
}

bool portal_key_look(struct portal *p, struct portal_key *k, struct access *a)
{
  bool other = take_key(p, k, a);
  if (other) k->reported = false;
  take_sealed(p, k, a);
  make_up(p, k, a);
  return other;
}

static prac_rc say(struct portal *p, const char *key, const char *needs)
{
  char id[32];
  prac_time now = prac_now(p->env.clock);
  (void)snprintf(id, sizeof id, "k-%016" PRIx64, (uint64_t)now);
  const struct errand e = {.id = id,
                           .at = now,
                           .act = "key",
                           .subscription = "",
                           .user = "",
                           .to = needs,
                           .code = key,
                           .language = ""};
  return portal_subs_errand(p, &e, "portal");
}

/* Without a key, it asks for one. */
static bool report(struct portal *p, struct access *a)
{
  struct access_seal_key key = {.name = ""};
  struct prac_arena *arena = prac_arena_new(1024);
  const char *needs = "";
  prac_rc rc = access_seal_key_get(a, &key, NULL);
  if (rc == PRAC_OK || rc == PRAC_AGAIN)
    rc = arena ? access_seals(a, arena, &needs, NULL) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = say(p, key.name, needs);
  prac_arena_free(&arena);
  return rc == PRAC_OK;
}

void portal_key_report(struct portal *p, struct portal_key *k, struct access *a, bool due)
{
  if (due || !k->reported) k->reported = report(p, a);
}
