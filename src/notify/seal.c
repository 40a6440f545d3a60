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

static const struct access_seal_key *key_of(const struct note_core *c, const char *sealed)
{
  for (size_t i = 0; i < c->keys.n; i++)
    if (access_sealed_to(sealed, c->keys.v[i].name)) return &c->keys.v[i];
  return NULL;
}

prac_rc note_seal_in(struct note_core *c, struct subscription *s, struct prac_err *reterr)
{
  const struct access_seal_place place = {s->user, s->id, s->url};
  if (!s->secret[0] || access_sealed(s->secret)) return PRAC_OK;
  const char *clear = s->secret;
  s->secret = ""; /* without a key: the portal has it, and says it sealed once there is one */
  if (c->keys.n == 0) return PRAC_OK;
  char *sealed = prac_arena_alloc(c->arena, ACCESS_SEALED);
  if (!sealed) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  PRAC_TRY(access_seal(&c->keys.v[c->keys.last], &place, clear, sealed, reterr));
  s->secret = sealed;
  return PRAC_OK;
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

prac_rc note_seal_look(struct note_core *c, struct prac_err *reterr)
{
  struct prac_err err = {0};
  struct note_keys keys = {.n = 0};
  if (c->keys_looked != PRAC_TIME_NONE && c->now >= c->keys_looked &&
      c->now - c->keys_looked < LOOK_NS)
    return PRAC_OK;
  bool first = c->keys_looked == PRAC_TIME_NONE;
  c->keys_looked = c->now;
  prac_rc rc = note_keys_read(c->env.dir, &keys, &err);
  if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "%s", err.text);
  if (rc != PRAC_OK) bad(c, &err);
  if (rc != PRAC_OK) return PRAC_OK; /* what was read before is still good */
  bool other = !c->keys.n || strcmp(keys.v[keys.last].name, c->keys.v[c->keys.last].name) != 0;
  c->keys_round += memcmp(&keys, &c->keys, sizeof keys) != 0;
  c->keys_bad = false;
  c->keys = keys;
  explicit_bzero(&keys, sizeof keys);
  if (other || first) {
    prac_log(c->env.log, &ev_key,
             "subscribers' secrets are sealed to the key %s, one of %zu that open them",
             c->keys.v[c->keys.last].name, c->keys.n);
    note_seal_tell(c);
  }
  note_seal_count(c);
  return PRAC_OK;
}
