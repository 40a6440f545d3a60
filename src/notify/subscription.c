/* What a person asked for in the portal, as a row among the tenants: nothing of it is trusted more
 * than the settings are. */
#include "notify/subscription.h"
#include "base/hash.h"

#include <string.h>

#include "base/arena.h"

enum { ARENA = 2048 };

void note_subscription_free(struct note_tenant_row **rp)
{
  struct prac_arena *a = *rp ? (*rp)->arena : NULL; /* the row lives in it, too */
  *rp = NULL;
  prac_arena_free(&a);
}

static int place_of(const struct note_tenants *s, const char *name)
{
  for (size_t i = s->n_settings; i < s->n; i++)
    if (strcmp(s->v[i]->c.name, name) == 0) return (int)i;
  return -1;
}

static uint32_t bit_of(const struct note_way *const *ways, const char *name)
{
  for (size_t i = 0; ways[i] && i < NOTE_WAYS_MAX; i++)
    if (strcmp(ways[i]->name, name) == 0) return 1u << i;
  return 0;
}

static prac_rc read_scope(struct note_tenant_row *r, const struct subscription *s,
                          struct prac_err *reterr)
{
  struct access_scope *scope = prac_arena_alloc(r->arena, sizeof *scope);
  int tlp = 0; /* what is no label: the least */
  if (!scope) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  for (int i = 0; access_tlp_names[i]; i++)
    if (strcmp(access_tlp_names[i], s->clearance) == 0) tlp = i;
  PRAC_TRY(access_scope_parse(s->scope, (enum access_tlp)tlp, r->arena, scope, reterr));
  r->scope = scope;
  return PRAC_OK;
}

static void fill(struct note_tenant_row *r, const struct subscription *s)
{
  prac_conf_defaults(&note_tenants_section, &r->c);
  r->c.name = s->id;
  r->c.network = s->title;
  r->c.language = strcmp(s->language, "ja") == 0;
  r->c.updates = s->updates;
  r->c.max_per_hour = s->max_per_hour ? s->max_per_hour : 1;
  r->c.digest_ns = (int64_t)(s->digest_s ? s->digest_s : 600) * PRAC_SEC;
  r->want = model_want_of(s);
  r->owner = prac_hash_bytes(0, s->org, strlen(s->org)) | 1; /* never 0 */
  r->t = (struct note_tenant){.name = s->id,
                              .network = s->title,
                              .language = r->c.language ? "ja" : "en",
                              .mail_to = s->mail.v,
                              .n_mail_to = s->mail.n,
                              .url = s->url};
  r->user = s->user;
  r->sealed = s->secret;
}

/* A zone that is not known here is no reason to say nothing. */
static prac_rc row_of(const struct note_tenants *s, struct prac_arena *a,
                      const struct subscription *sub, struct note_tenant_row **ret,
                      struct prac_err *reterr)
{
  struct note_tenant_row *r = prac_arena_alloc(a, sizeof *r);
  struct subscription *own = prac_arena_alloc(a, sizeof *own);
  if (!r || !own || model_copy(&model_subscription, sub, a, own) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  r->arena = a;
  fill(r, own);
  PRAC_TRY(read_scope(r, own, reterr));
  if (note_zones_find(s->zones, own->zone, &r->zone, NULL) != PRAC_OK)
    PRAC_TRY(note_zone_open("UTC", NULL, &r->zone, reterr));
  *ret = r;
  return PRAC_OK;
}

static uint32_t ways_of(const struct subscription *s, const struct note_way *const *ways)
{
  if (strcmp(s->state, "on") != 0) return 0;
  return (s->mail.n ? bit_of(ways, "mail") : 0) | (s->url[0] ? bit_of(ways, "hook") : 0);
}

prac_rc note_tenants_put(struct note_tenants *s, const struct subscription *sub,
                         const struct note_way *const *ways, uint32_t allowed,
                         struct prac_err *reterr)
{
  struct note_tenant_row *r = NULL;
  int at = place_of(s, sub->id);
  if (at < 0 && s->n - s->n_settings >= NOTE_TENANTS_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d subscriptions", NOTE_TENANTS_MAX);
  if (at < 0 && note_tenants_find(s, sub->id))
    return PRAC_FAIL(reterr, PRAC_EXISTS, "a tenant is called %.40s", sub->id);
  struct prac_arena *a = prac_arena_new(ARENA);
  if (!a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  prac_rc rc = row_of(s, a, sub, &r, reterr);
  if (rc != PRAC_OK) {
    prac_arena_free(&a);
    return rc;
  }
  r->ways = ways_of(sub, ways) & allowed;
  if (at < 0)
    at = (int)s->n++;
  else
    note_subscription_free(&s->v[at]);
  s->v[at] = r;
  return PRAC_OK;
}

void note_tenants_drop(struct note_tenants *s, const char *name)
{
  int at = place_of(s, name);
  if (at < 0) return;
  note_subscription_free(&s->v[at]);
  s->v[at] = s->v[--s->n];
}
