/* Records on their way out. What a record is about, it says by fields that are the same in all
 * tables (victim, or src; hosts, country, asn) and by its key; a kind that has none of them is
 * about nobody. */
#include <stdlib.h>
#include <string.h>

#include "access/gate_int.h"
#include "model/packet.h"

struct about {
  const struct prac_ip *victim;
  uint32_t victim_bits;
  const struct model_ips *hosts;
  const char *key, *country, *tlp, *org;
  uint32_t asn;
};

static bool is(const struct model_field *f, const char *name, enum model_type type)
{
  return f->type == type && strcmp(f->name, name) == 0;
}

/* The one host that it is about. */
static bool is_host(const struct model_field *f)
{
  return is(f, "victim", MODEL_IP) || is(f, "src", MODEL_IP);
}

static struct about fields_of(const struct model_kind *k, const void *rec)
{
  struct about a = {.victim_bits = 128, .key = "", .country = ""};
  for (size_t i = 0; i < k->n_fields; i++) {
    const struct model_field *f = &k->fields[i];
    const void *at = (const char *)rec + f->offset;
    const char *s = f->type == MODEL_STR ? *(const char *const *)at : NULL;
    if (is_host(f)) a.victim = at;
    if (is(f, "prefix_bits", MODEL_U32)) a.victim_bits = *(const uint32_t *)at;
    if (is(f, "hosts", MODEL_IPS)) a.hosts = at;
    if (is(f, "asn", MODEL_U32)) a.asn = *(const uint32_t *)at;
    if (s && is(f, "key", MODEL_STR)) a.key = s;
    if (s && is(f, "country", MODEL_STR)) a.country = s;
    if (s && is(f, "tlp", MODEL_STR)) a.tlp = s;
    if (s && is(f, "org", MODEL_STR)) a.org = s;
  }
  return a;
}

static struct about about_of(const struct model_kind *k, const void *rec)
{
  struct about a = fields_of(k, rec);
  /* a table in which not every record has a victim */
  if (a.victim && a.victim_bits == 0 && prac_ip_is_zero(a.victim)) a.victim = NULL;
  return a;
}

static bool any_host(const struct gate_who *w, const struct model_ips *l)
{
  for (uint32_t i = 0; l && i < l->n; i++)
    if (access_scope_ip(w->scope, w->geo, &l->v[i])) return true;
  return false;
}

static bool starts(const char *s, const char *word)
{
  return strncmp(s, word, strlen(word)) == 0;
}

/* Stories about a port or a sensor are about nobody, whoever took part. */
static bool about_nobody(const struct about *a)
{
  const char *key = starts(a->key, "abroad:") ? a->key + strlen("abroad:") : a->key;
  if (starts(key, "port:") || starts(key, "sensor:")) return true;
  return !a->victim && (!a->hosts || a->hosts->n == 0) && !*a->country && !a->asn;
}

/* One address, or a carpet: all of it, or one of the hosts that are named. */
static bool victim_inside(const struct gate_who *w, const struct about *a)
{
  struct prac_prefix p = {*a->victim, a->victim_bits < 128 ? (uint8_t)a->victim_bits : 128};
  return access_scope_prefix(w->scope, w->geo, &p) || any_host(w, a->hosts);
}

static bool inside(const struct gate_who *w, const struct about *a)
{
  if (!gate_text_ok(w, a->key)) return false;
  if (a->victim) return victim_inside(w, a);
  /* What an organisation says about what concerns nobody is its own. */
  if (a->org && about_nobody(a)) return w->scope->org && strcmp(a->org, w->scope->org) == 0;
  return about_nobody(a) || any_host(w, a->hosts) || access_scope_country(w->scope, a->country) ||
         access_scope_asn(w->scope, a->asn);
}

/* ---- what of it ---- */

static prac_rc clean_ips(const struct gate_who *w, struct model_ips *l, struct prac_arena *a)
{
  struct prac_ip *v = l->n ? prac_arena_alloc(a, l->n * sizeof *v) : NULL;
  uint32_t n = 0;
  if (l->n && !v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < l->n; i++)
    if (access_scope_ip(w->scope, w->geo, &l->v[i])) v[n++] = l->v[i];
  *l = (struct model_ips){v, n};
  return PRAC_OK;
}

static prac_rc clean_strs(const struct gate_who *w, struct model_strs *l, struct prac_arena *a)
{
  const char **v = l->n ? prac_arena_alloc(a, l->n * sizeof *v) : NULL;
  if (l->n && !v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < l->n; i++) {
    v[i] = l->v[i];
    PRAC_TRY(gate_text(w, &v[i], a));
  }
  l->v = v;
  return PRAC_OK;
}

static prac_rc clean_field(const struct gate_who *w, const struct model_field *f, void *at,
                           struct prac_arena *a)
{
  switch (f->type) {
  case MODEL_IP:
    if (!access_scope_ip(w->scope, w->geo, at)) memset(at, 0, sizeof(struct prac_ip));
    return PRAC_OK;
  case MODEL_IPS:
    return clean_ips(w, at, a);
  case MODEL_STR:
    return strcmp(f->name, "flows") == 0 ? gate_words(w, at, a) : gate_text(w, at, a);
  case MODEL_STRS:
    return clean_strs(w, at, a);
  case MODEL_HEX:
    if (strcmp(f->name, "payload") == 0) *(uint64_t *)at = 0; /* its hash could be tried out */
    return PRAC_OK;
  case MODEL_BOOL:
  case MODEL_U32:
  case MODEL_U64:
  case MODEL_I64:
  case MODEL_F64:
  case MODEL_TIME:
  case MODEL_PORTS:
  case MODEL_BYTES:
  case MODEL_TYPE_COUNT_:
    break;
  }
  return PRAC_OK;
}

/* How a sensor's machine is set up is its operator's affair. */
static void clean_health(struct health *h)
{
  h->source = h->version = "";
  h->clock_offset_ns = h->clock_error_ns = 0;
  h->clock_synced = false;
  h->queue = h->queue_bytes = 0;
}

/* ---- whom it must not name ---- */

/* The addresses of a field. */
static struct model_ips ips_of(const struct model_field *f, const void *rec)
{
  const void *at = (const char *)rec + f->offset;
  if (f->type == MODEL_IPS) return *(const struct model_ips *)at;
  return (struct model_ips){at, f->type == MODEL_IP};
}

static prac_rc find_named(struct gate_who *w, const struct model_kind *k, const void *rec,
                          struct prac_arena *a)
{
  size_t most = 0;
  for (size_t i = 0; i < k->n_fields; i++) most += ips_of(&k->fields[i], rec).n;
  struct prac_ip *v = most ? prac_arena_alloc(a, most * sizeof *v) : NULL;
  if (most && !v) return PRAC_NOMEM;
  for (size_t i = 0; i < k->n_fields; i++) {
    const struct model_ips l = ips_of(&k->fields[i], rec);
    for (uint32_t h = 0; h < l.n; h++)
      if (!access_scope_ip(w->scope, w->geo, &l.v[h])) v[w->n_named++] = l.v[h];
  }
  if (w->n_named) qsort(v, w->n_named, sizeof *v, gate_by_bytes);
  w->named = v;
  return PRAC_OK;
}

prac_rc access_gate_record(const struct access_scope *scope, const struct lookup *geo,
                           const struct model_kind *k, void *rec, struct prac_arena *a,
                           bool *ret_seen)
{
  struct gate_who w = {scope, geo};
  const struct about about = about_of(k, rec);
  bool cleared = k == &model_health || access_scope_tlp(scope, about.tlp);
  *ret_seen = false;
  if (k == &model_packet && !scope->packets) return PRAC_OK;
  if (!cleared || (!scope->all && !inside(&w, &about))) return PRAC_OK;
  if (!scope->all) PRAC_TRY(find_named(&w, k, rec, a));
  if (k == &model_packet) PRAC_TRY(gate_packet(&w, rec, a));
  for (size_t i = 0; i < k->n_fields; i++)
    PRAC_TRY(clean_field(&w, &k->fields[i], (char *)rec + k->fields[i].offset, a));
  if (k == &model_health && !scope->all) clean_health(rec);
  *ret_seen = true;
  return PRAC_OK;
}
