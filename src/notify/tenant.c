#include "notify/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "notify/notify.h"
#include "notify/subscription.h"

static const char *const languages[] = {"en", "ja", NULL};
#define TEN(f) offsetof(struct note_tenant_conf, f)
static const struct prac_conf_item items[] = {
    {.key = "name",
     .type = PRAC_CONF_STRING,
     .offset = TEN(name),
     .help = "Name of the tenant: a-z, 0-9 and -, at most 31; operator: who hears everything."},
    {.key = "network",
     .type = PRAC_CONF_STRING,
     .offset = TEN(network),
     .sdflt = "",
     .help = "Its network as mails call it: EXAMPLE-NET, or XXXX網."},
    {.key = "language",
     .type = PRAC_CONF_ENUM,
     .offset = TEN(language),
     .words = languages,
     .hi = 1,
     .help = "Language of what people read."},
    {.key = "time-zone",
     .type = PRAC_CONF_STRING,
     .offset = TEN(zone),
     .sdflt = "UTC",
     .help = "UTC, +hh:mm, or a name of the IANA data base such as Asia/Tokyo."},
    {.key = "prefixes",
     .type = PRAC_CONF_PREFIXES,
     .offset = TEN(prefixes),
     .sdflt = "",
     .help = "Its networks: it hears of attacks on addresses in them."},
    {.key = "asns",
     .type = PRAC_CONF_STRINGS,
     .offset = TEN(asns),
     .sdflt = "",
     .help = "Its AS numbers, 64500 or AS64500: it hears of attacks on them as well."},
    {.key = "everything",
     .type = PRAC_CONF_BOOL,
     .offset = TEN(everything),
     .hi = 1,
     .help = "Whether it hears of every victim, whosever."},
    {.key = "ways",
     .type = PRAC_CONF_STRINGS,
     .offset = TEN(ways),
     .sdflt = "",
     .help = "How it is told: mail, webhook, syslog, jsonl, csv, mbox, ..."},
    {.key = "mail-to",
     .type = PRAC_CONF_STRINGS,
     .offset = TEN(mail_to),
     .sdflt = "",
     .help = "Addresses for the way mail."},
    {.key = "min-packets",
     .type = PRAC_CONF_INT,
     .offset = TEN(min_packets),
     .hi = 1e12,
     .help = "Attacks are told from this many packets on."},
    {.key = "min-pps-max",
     .type = PRAC_CONF_REAL,
     .offset = TEN(min_pps_max),
     .hi = 1e9,
     .help = "Attacks are told from this many packets/s in the busiest minute on."},
    {.key = "min-sensors",
     .type = PRAC_CONF_INT,
     .offset = TEN(min_sensors),
     .lo = 0,
     .hi = 10000,
     .help = "Attacks are told when this many honeypots have seen them."},
    {.key = "hold",
     .type = PRAC_CONF_DURATION,
     .offset = TEN(hold_ns),
     .lo = 0,
     .hi = 60,
     .help = "How long a start waits, so that carpets come as one and its numbers are better."},
    {.key = "vectors",
     .type = PRAC_CONF_STRINGS,
     .offset = TEN(vectors),
     .sdflt = "",
     .help = "Only attacks by one of these (ntp_monlist, dns, ...); none: all."},
    {.key = "kinds",
     .type = PRAC_CONF_STRINGS,
     .offset = TEN(kinds),
     .sdflt = "",
     .help = "Only alerts of these kinds (surge-port, group, ...); none: all."},
    {.key = "attacks",
     .type = PRAC_CONF_BOOL,
     .offset = TEN(attacks),
     .hi = 1,
     .dflt = 1,
     .help = "Whether it is told of DRDoS attacks."},
    {.key = "alerts",
     .type = PRAC_CONF_BOOL,
     .offset = TEN(alerts),
     .hi = 1,
     .dflt = 1,
     .help = "Whether it is told of alerts."},
    {.key = "profile",
     .type = PRAC_CONF_STRING,
     .offset = TEN(profile),
     .sdflt = "isp",
     .help = "Whose definition of an attack counts: isp, amppot, hopscotch, mph."},
    {.key = "severity",
     .type = PRAC_CONF_ENUM,
     .offset = TEN(severity),
     .words = model_severities,
     .hi = 4,
     .help = "Alerts are told from this severity on."},
    {.key = "max-per-hour",
     .type = PRAC_CONF_INT,
     .offset = TEN(max_per_hour),
     .lo = 1,
     .hi = 1e6,
     .dflt = 60,
     .help = "Messages to people in an hour; what is more comes in a digest, nothing is dropped."},
    {.key = "digest",
     .type = PRAC_CONF_DURATION,
     .offset = TEN(digest_ns),
     .lo = 1,
     .hi = 86400,
     .dflt = 600,
     .help = "How long what is over max-per-hour is gathered for one digest."},
    {.key = "updates",
     .type = PRAC_CONF_BOOL,
     .offset = TEN(updates),
     .hi = 1,
     .help = "Whether people are told between start and end as well; machines always are."},
    {.key = "carpet-rollup",
     .type = PRAC_CONF_BOOL,
     .offset = TEN(rollup),
     .hi = 1,
     .dflt = 1,
     .help = "Whether an attack on many addresses, or by many vectors, is told as one."},
};
const struct prac_conf_section note_tenants_section = {
    .path = "tenants",
    .about = "Who is told of attacks, and how.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct note_tenant_conf),
    .many = true,
};

static bool name_ok(const char *s)
{
  size_t n = strlen(s);
  return n >= 1 && n <= 31 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static prac_rc read_asns(struct note_tenants *s, struct note_tenant_row *r, struct prac_err *reterr)
{
  size_t n = r->c.asns.n;
  if (n == 0) return PRAC_OK;
  uint32_t *v = prac_arena_alloc(s->arena, n * sizeof *v);
  if (!v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the tenants");
  for (size_t i = 0; i < n; i++) {
    const char *text = r->c.asns.v[i], *p = strncmp(text, "AS", 2) == 0 ? text + 2 : text;
    char *end = NULL;
    unsigned long long asn = *p >= '0' && *p <= '9' ? strtoull(p, &end, 10) : 0;
    if (!end || *end || asn == 0 || asn > UINT32_MAX)
      return PRAC_FAIL(reterr, PRAC_RANGE, "tenant %s, asns: \"%.40s\" is no AS number", r->c.name,
                       text);
    v[i] = (uint32_t)asn;
  }
  r->asns = v;
  r->n_asns = n;
  return PRAC_OK;
}

static prac_rc read_ways(struct note_tenant_row *r, const struct note_way *const *ways,
                         struct prac_err *reterr)
{
  for (size_t i = 0; i < r->c.ways.n; i++) {
    size_t k = 0;
    while (ways[k] && strcmp(ways[k]->name, r->c.ways.v[i]) != 0) k++;
    if (!ways[k] || k >= NOTE_WAYS_MAX)
      return PRAC_FAIL(reterr, PRAC_UNKNOWN, "tenant %s: there is no way \"%.40s\"", r->c.name,
                       r->c.ways.v[i]);
    r->ways |= 1u << k;
    if (strcmp(ways[k]->name, "mail") == 0 && r->c.mail_to.n == 0)
      return PRAC_FAIL(reterr, PRAC_RANGE, "tenant %s: the way mail needs mail-to", r->c.name);
  }
  return PRAC_OK;
}

static prac_rc row_init(struct note_tenants *s, struct note_tenant_row *r,
                        const struct note_way *const *ways, struct prac_err *reterr)
{
  if (!name_ok(r->c.name))
    return PRAC_FAIL(reterr, PRAC_RANGE, "tenant name \"%.40s\": a-z, 0-9 and -, at most 31",
                     r->c.name);
  if (note_tenants_find(s, r->c.name))
    return PRAC_FAIL(reterr, PRAC_EXISTS, "two tenants are called %s", r->c.name);
  if (strcmp(r->c.name, "operator") == 0) r->c.everything = true;
  if (!r->c.everything && r->c.prefixes.n == 0 && r->c.asns.n == 0)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "tenant %s has no prefixes and no asns: nothing is its own", r->c.name);
  PRAC_TRY(read_asns(s, r, reterr));
  PRAC_TRY(read_ways(r, ways, reterr));
  prac_rc rc = note_zone_open(r->c.zone, NULL, &r->zone, reterr);
  if (rc != PRAC_OK) return prac_err_prefix(reterr, rc, "tenant %s", r->c.name);
  r->t = (struct note_tenant){.name = r->c.name,
                              .network = r->c.network,
                              .language = languages[r->c.language],
                              .prefixes = &r->c.prefixes,
                              .mail_to = r->c.mail_to.v,
                              .n_mail_to = r->c.mail_to.n};
  r->want = (struct model_want){.attacks = r->c.attacks,
                                .alerts = r->c.alerts,
                                .severity = r->c.severity,
                                .profile = r->c.profile,
                                .kinds = r->c.kinds.v,
                                .n_kinds = r->c.kinds.n,
                                .vectors = r->c.vectors.v,
                                .n_vectors = r->c.vectors.n,
                                .min_packets = (uint64_t)r->c.min_packets,
                                .min_sensors = (uint64_t)r->c.min_sensors,
                                .min_pps = r->c.min_pps_max};
  return PRAC_OK;
}

static struct note_tenant_row *new_row(struct note_tenants *s)
{
  return prac_arena_alloc(s->arena, sizeof(struct note_tenant_row));
}

prac_rc note_tenants_init(struct note_tenants *s, const struct prac_conf *conf,
                          const struct note_way *const *ways, struct prac_err *reterr)
{
  size_t n = prac_conf_count(conf, "tenants");
  const struct note_conf *nc = prac_conf_get(conf, "notify", 0);
  bool has_operator = false;
  *s = (struct note_tenants){.v = NULL};
  if (n >= NOTE_TENANTS_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d tenants", NOTE_TENANTS_MAX);
  s->arena = prac_arena_new(0);
  s->v = calloc(2 * NOTE_TENANTS_MAX, sizeof(struct note_tenant_row *));
  struct note_tenant_row *r = s->arena ? new_row(s) : NULL;
  if (!s->v || !r) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the tenants");
  for (size_t i = 0; i < n; i++) {
    r->c = *(const struct note_tenant_conf *)prac_conf_get(conf, "tenants", i);
    PRAC_TRY(row_init(s, r, ways, reterr));
    has_operator |= strcmp(r->c.name, "operator") == 0;
    s->v[s->n_settings++] = r;
    s->n++;
    r = new_row(s);
    if (!r) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the tenants");
  }
  if (has_operator) return PRAC_OK;
  prac_conf_defaults(&note_tenants_section, &r->c);
  r->c.name = "operator";
  r->c.ways = nc->ways;
  r->c.mail_to = nc->mail_to;
  r->c.language = nc->language;
  r->c.zone = nc->zone;
  PRAC_TRY(row_init(s, r, ways, reterr));
  s->v[s->n_settings++] = r;
  s->n++;
  return PRAC_OK;
}

void note_tenants_done(struct note_tenants *s)
{
  while (s->n > s->n_settings) note_subscription_free(&s->v[--s->n]);
  free(s->v);
  prac_arena_free(&s->arena);
  *s = (struct note_tenants){.v = NULL};
}

const struct note_tenant_row *note_tenants_find(const struct note_tenants *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (strcmp(s->v[i]->c.name, name) == 0) return s->v[i];
  return NULL;
}

static bool has_ip(const struct note_tenant_row *r, const struct prac_ip *ip, uint32_t bits)
{
  for (size_t i = 0; i < r->c.prefixes.n; i++)
    if (r->c.prefixes.v[i].bits <= bits && prac_prefix_has(&r->c.prefixes.v[i], ip)) return true;
  return false;
}

static bool has_asn(const struct note_tenant_row *r, uint32_t asn)
{
  for (size_t i = 0; i < r->n_asns; i++)
    if (r->asns[i] == asn) return true;
  return false;
}

bool note_tenant_owns(const struct note_tenant_row *r, const struct episode *e)
{
  uint32_t bits = e->prefix_bits == 0 || e->prefix_bits > 128 ? 128 : e->prefix_bits;
  return r->scope || r->c.everything || has_ip(r, &e->victim, bits) ||
         (e->asn && has_asn(r, e->asn));
}

bool note_tenant_cares(const struct note_tenant_row *r, const struct episode *e)
{
  return model_wants_attack(&r->want, e);
}

bool note_tenant_alert(const struct note_tenant_row *r, const struct alert *a)
{
  if (!model_wants_alert(&r->want, a)) return false;
  if (r->scope || r->c.everything) return true;
  if (a->asn && has_asn(r, a->asn) && a->hosts.n) return true;
  bool all = a->hosts.n > 0 && a->host_count <= a->hosts.n;
  for (uint32_t i = 0; i < a->hosts.n && all; i++) all = has_ip(r, &a->hosts.v[i], 128);
  return all;
}
