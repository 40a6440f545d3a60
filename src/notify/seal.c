/* Secrets of webhooks come sealed, are kept sealed, and are opened for the time of one message. A
 * key that is missing loses nothing: what it would open waits until its file is back. */
#include <stdio.h>
#include <string.h>

#include "notify/core_int.h"

#define LOOK_NS (10 * PRAC_SEC)
static const struct prac_log_event ev_made = {
    "notify_key_made", PRAC_LOG_INFO,
    "have a backup of it: subscribers' secrets are sealed to it (DATA/notify/seal)"};
static const struct prac_log_event ev_key = {"notify_key", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_gone = {
    "notify_key_removed", PRAC_LOG_INFO,
    "no secret needs it any more; a backup of the accounts' file from before does: keep the copy "
    "beside it"};
static const struct prac_log_event ev_stays = {
    "notify_key_stays", PRAC_LOG_WARN,
    "no secret needs it any more: look at the rights of DATA/notify/seal; it is tried again"};
static const struct prac_log_event ev_bad = {
    "notify_keys_unread", PRAC_LOG_ERROR,
    "put DATA/notify/seal right, from the backup; subscribers' webhooks wait, nothing is lost"};
static const struct prac_log_event ev_unopened = {
    "notify_secrets_unopened", PRAC_LOG_ERROR,
    "put the key's file back into DATA/notify/seal; without it their owners must make new secrets "
    "in the portal. Their messages wait"};

static prac_rc make(struct note_core *c, struct prac_err *reterr)
{
  char name[ACCESS_SEAL_NAME];
  PRAC_TRY(note_keys_make(c->env.dir, c->env.at, name, reterr));
  prac_log(c->env.log, &ev_made, "a key for subscribers' secrets was made: notify/seal/%s.key",
           name);
  return note_keys_read(c->env.dir, &c->keys, reterr);
}

/* Without keys all that is not a webhook goes on. */
static void bad(struct note_core *c, const struct prac_err *err)
{
  if (!c->keys_bad) prac_log(c->env.log, &ev_bad, "%s", err->text);
  c->keys_bad = true;
}

prac_rc note_seal_open(struct note_core *c, struct prac_err *reterr)
{
  struct prac_err err = {0};
  c->keys_looked = PRAC_TIME_NONE;
  c->keys_round = 1;
  c->keys_since = c->env.at;
  prac_rc rc = note_keys_read(c->env.dir, &c->keys, &err);
  if (rc == PRAC_UNKNOWN) rc = make(c, &err);
  if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "%s", err.text);
  if (rc != PRAC_OK) bad(c, &err);
  return PRAC_OK;
}

void note_seal_tell(struct note_core *c)
{
  char public[ACCESS_SEAL_HALF];
  if (!c->env.told || c->keys.n == 0) return;
  const struct access_seal_key *k = &c->keys.v[c->keys.last];
  c->env.told(c->env.told_arg, &(struct told){.id = k->name,
                                              .at = c->now,
                                              .subscription = "",
                                              .way = "",
                                              .state = "key",
                                              .text = access_seal_public(k, public)});
}

/* Once for all that is said between two looks. */
static void tell_once(struct note_core *c)
{
  if (!c->keys_told) note_seal_tell(c);
  c->keys_told = true;
}

static void drop(struct note_core *c, const char *name)
{
  struct prac_err err = {0};
  prac_rc rc = note_keys_drop(c->env.dir, name, &err);
  if (rc == PRAC_OK) prac_log(c->env.log, &ev_gone, "%s.key", name);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) prac_log(c->env.log, &ev_stays, "%s", err.text);
}

/* What is kept here is sealed to the last key, on disk; and so is, by its word, what the portal
 * has and what it will make. What it has said before of others, it has said anew since. A word of
 * before the files were as they are (one was put back, for accounts of before) does not count. */
void note_seal_heard(struct note_core *c, const struct errand *e)
{
  const struct note_keys *k = &c->keys;
  if (k->n == 0) return;
  if (!e->code || strcmp(e->code, k->v[k->last].name) != 0) {
    tell_once(c);
    return;
  }
  if (!e->to || e->at <= c->keys_since || c->keys_kept != c->keys_round) return;
  for (size_t i = 0; i < k->n; i++)
    if (i != k->last && !strstr(e->to, k->v[i].name)) drop(c, k->v[i].name);
}

static const struct access_seal_key *key_of(const struct note_core *c, const char *sealed)
{
  for (size_t i = 0; i < c->keys.n; i++)
    if (access_sealed_to(sealed, c->keys.v[i].name)) return &c->keys.v[i];
  return NULL;
}

static prac_rc seal(struct note_core *c, struct subscription *s, const char *clear,
                    struct prac_err *reterr)
{
  const struct access_seal_place place = {s->user, s->id, s->url};
  char *sealed = prac_arena_alloc(c->arena, ACCESS_SEALED);
  if (!sealed) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  PRAC_TRY(access_seal(&c->keys.v[c->keys.last], &place, clear, sealed, reterr));
  s->secret = sealed;
  return PRAC_OK;
}

static bool is_of_now(const struct note_core *c, const char *sealed)
{
  return c->keys.n > 0 && access_sealed_to(sealed, c->keys.v[c->keys.last].name);
}

/* Sealed to an older key. What does not open stays as it is. */
static prac_rc seal_again(struct note_core *c, struct subscription *s, struct prac_err *reterr)
{
  const struct access_seal_place place = {s->user, s->id, s->url};
  const struct access_seal_key *k = key_of(c, s->secret);
  char clear[ACCESS_SEAL_TEXT];
  if (!k) return PRAC_OK;
  prac_rc rc = access_unseal(k, &place, s->secret, clear, reterr);
  if (rc == PRAC_OK)
    rc = seal(c, s, clear, reterr);
  else if (rc != PRAC_NOMEM)
    rc = PRAC_OK;
  explicit_bzero(clear, sizeof clear);
  return rc;
}

prac_rc note_seal_in(struct note_core *c, struct subscription *s, struct prac_err *reterr)
{
  const char *said = s->secret;
  if (!said[0] || is_of_now(c, said)) return PRAC_OK;
  if (access_sealed(said)) return seal_again(c, s, reterr);
  s->secret = ""; /* without a key: the portal has it, and says it sealed once there is one */
  return c->keys.n ? seal(c, s, said, reterr) : PRAC_OK;
}

/* First the key: the portal takes nothing that is sealed to one it does not know. */
void note_seal_anew(struct note_core *c, const struct subscription *s, const char *said)
{
  char hash[ACCESS_SEAL_HALF];
  if (!access_sealed(said) || is_of_now(c, said) || c->keys.n == 0) return;
  tell_once(c);
  if (!c->env.told || !is_of_now(c, s->secret)) return;
  c->env.told(c->env.told_arg, &(struct told){.id = access_seal_hash(said, hash),
                                              .at = c->now,
                                              .subscription = s->id,
                                              .way = "",
                                              .state = "sealed",
                                              .text = s->secret});
}

prac_rc note_seal_out(const struct note_core *c, const struct note_tenant_row *r,
                      char to[ACCESS_SEAL_TEXT], struct prac_err *reterr)
{
  struct prac_err err = {0};
  to[0] = '\0';
  if (!r->sealed[0])
    return PRAC_FAIL(reterr, PRAC_AGAIN, "the secret of its webhook is not known yet");
  const struct access_seal_key *k = key_of(c, r->sealed);
  if (!k)
    return PRAC_FAIL(reterr, PRAC_AGAIN,
                     "the secret of its webhook is sealed to a key that is not here: make a new "
                     "secret, or ask the operator");
  prac_rc rc = access_unseal(k, &(struct access_seal_place){r->user, r->c.name, r->t.url},
                             r->sealed, to, &err);
  if (rc == PRAC_OK || rc == PRAC_NOMEM) return rc;
  return PRAC_FAIL(reterr, PRAC_AGAIN,
                   "the secret of its webhook does not open (%s): make a new one", err.text);
}

static bool opens(const struct note_core *c, struct note_tenant_row *r)
{
  char secret[ACCESS_SEAL_TEXT];
  if (r->round != c->keys_round) {
    r->opens = note_seal_out(c, r, secret, NULL) == PRAC_OK;
    r->round = c->keys_round;
    explicit_bzero(secret, sizeof secret);
  }
  return r->opens;
}

void note_seal_count(struct note_core *c)
{
  size_t n = 0;
  const char *one = "";
  for (size_t i = c->tenants.n_settings; i < c->tenants.n; i++) {
    struct note_tenant_row *r = c->tenants.v[i];
    if (!r->ways || !r->t.url[0] || opens(c, r)) continue;
    n++;
    one = r->c.name;
  }
  uint64_t before = prac_counter_get(&c->counters[NOTE_COUNT_UNOPENED]);
  prac_gauge(&c->counters[NOTE_COUNT_UNOPENED], n);
  if (n > before) prac_log(c->env.log, &ev_unopened, "%zu subscription(s), for example %s", n, one);
}

static void take_keys(struct note_core *c, const struct note_keys *k, bool first)
{
  const char *name = k->v[k->last].name;
  bool other = first || !c->keys.n || strcmp(name, c->keys.v[c->keys.last].name) != 0;
  c->keys_bad = false;
  if (memcmp(k, &c->keys, sizeof *k) != 0) {
    c->keys = *k;
    c->keys_round++;
    c->keys_since = c->now;
  }
  if (!other) return;
  prac_log(c->env.log, &ev_key,
           "subscribers' secrets are sealed to the key %s, one of %zu that open them", name, k->n);
  tell_once(c);
}

prac_rc note_seal_look(struct note_core *c, struct prac_err *reterr)
{
  struct prac_err err = {0};
  struct note_keys keys = {.n = 0};
  c->keys_told = false;
  if (c->keys_looked != PRAC_TIME_NONE && c->now >= c->keys_looked &&
      c->now - c->keys_looked < LOOK_NS)
    return PRAC_OK;
  bool first = c->keys_looked == PRAC_TIME_NONE;
  c->keys_looked = c->now;
  prac_rc rc = note_keys_read(c->env.dir, &keys, &err);
  if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "%s", err.text);
  if (rc != PRAC_OK) bad(c, &err);
  if (rc != PRAC_OK) return PRAC_OK; /* what was read before is still good */
  take_keys(c, &keys, first);
  explicit_bzero(&keys, sizeof keys);
  if (c->keys_kept != c->keys_round) PRAC_TRY(note_subscribe_load(c, reterr));
  note_seal_count(c);
  return PRAC_OK;
}
