/* The rules about rules. A wrong announcement cuts somebody off, so every question here is asked so
 * that a missing answer means no. */
#include "notify/bgp/policy.h"

#include <stdio.h>
#include <string.h>

#define AT(f) offsetof(struct bgp_conf, f)
static const char *const modes[] = {"off", "propose", "auto", NULL};
static const char *const rules[] = {"flowspec", "rtbh", NULL};
static const char *const actions[] = {"careful", "rate-limit", "discard", NULL};
enum { RULE_FLOWSPEC, RULE_RTBH };

static const struct prac_conf_item items[] = {
    {"mode", PRAC_CONF_ENUM, AT(mode), .dflt = BGP_PROPOSE, .words = modes,
     .help = "off; propose: write rules down for a person to approve; auto: announce those that "
             "pass every minimum, propose the others"},
    {"rule", PRAC_CONF_ENUM, AT(rule), .dflt = RULE_FLOWSPEC, .words = rules,
     .help = "flowspec: the abused port only (RFC 8955, 8956); rtbh: all traffic to the victim "
             "(RFC 7999)"},
    {"action", PRAC_CONF_ENUM, AT(action), .dflt = BGP_CAREFUL, .words = actions,
     .help =
         "flowspec: discard or limit by the port's honest use; DNS and NTP always keep a length"},
    {"next-hop", PRAC_CONF_STRING, AT(next_hop), .sdflt = "192.0.2.1",
     .help = "RTBH: IPv4 address that the routers throw away"},
    {"next-hop6", PRAC_CONF_STRING, AT(next_hop6), .sdflt = "100::1",
     .help = "RTBH: IPv6 address that the routers throw away"},
    {"communities", PRAC_CONF_STRINGS, AT(communities), .sdflt = "",
     .help = "RTBH: communities beside 65535:666, as 64500:666 or 64500:1:666"},
    {"tenant-communities", PRAC_CONF_STRINGS, AT(tenant_communities), .sdflt = "",
     .help = "RTBH: more for one tenant each, as \"NAME 64500:667\""},
    {"auto-tenants", PRAC_CONF_STRINGS, AT(auto_tenants), .sdflt = "",
     .help = "mode auto: for these tenants only; empty: for all"},
    {"allow", PRAC_CONF_PREFIXES, AT(allow), .sdflt = "",
     .help = "rules only inside these, and always only inside the tenant's own prefixes; empty: "
             "the tenant's decide"},
    {"never", PRAC_CONF_PREFIXES, AT(never), .sdflt = "",
     .help = "no rule that touches one of these: routers, name servers, this system"},
    {"min-pps", PRAC_CONF_REAL, AT(min_pps), 0, 1e9, 5,
     .help = "mode auto: requests/s at the honeypots in the busiest minute, at least"},
    {"min-packets", PRAC_CONF_INT, AT(min_packets), 0, 1e12, 300,
     .help = "mode auto: requests at the honeypots, at least"},
    {"min-sensors", PRAC_CONF_INT, AT(min_sensors), 1, 10000, 2,
     .help = "mode auto: honeypots that see the attack, at least"},
    {"ttl", PRAC_CONF_DURATION, AT(ttl_ns), 60, 86400, 1800,
     .help = "a rule ends so long after the last word about its attack"},
    {"max-life", PRAC_CONF_DURATION, AT(max_life_ns), 60, 604800, 86400,
     .help = "a rule ends after so long in any case, until a person approves it again"},
    {"hold", PRAC_CONF_DURATION, AT(hold_ns), 0, 3600, 120,
     .help = "a rule stays so long after the attack's end, so that a pause does not make it flap"},
    {"max-rules", PRAC_CONF_INT, AT(max_rules), 1, 1000, 100,
     .help = "rules announced at once, all tenants; more are proposed only"},
    {"max-tenant", PRAC_CONF_INT, AT(max_tenant), 1, 1000, 20,
     .help = "rules announced at once for one tenant"},
    {"rate", PRAC_CONF_INT, AT(rate), 9600, 1e12, 125000,
     .help = "bytes/s that a rate limit lets through, per router"},
    {"dns-length", PRAC_CONF_INT, AT(dns_length), 100, 9000, 512,
     .help = "DNS replies up to so many bytes of IP packet are left alone"},
    {"ntp-length", PRAC_CONF_INT, AT(ntp_length), 76, 9000, 200,
     .help = "NTP packets up to so many bytes of IP packet are left alone; honest ones have 76"},
    {"fragments", PRAC_CONF_BOOL, AT(fragments), .dflt = 0,
     .help = "flowspec: also limit UDP fragments to the victim, which carry no port"},
    {"socket", PRAC_CONF_STRING, AT(socket), .sdflt = "",
     .help =
         "where `practice exabgp` and `practice mitigate` connect; empty: in the data directory"},
    {"relay-uid", PRAC_CONF_INT, AT(relay_uid), -1, 4294967294.0, -1,
     .help = "uid that ExaBGP runs its processes as; -1: root or this system's own only"},
};
const struct prac_conf_section bgp_conf_section = {
    .path = "notify.bgp",
    .about = "mitigation: rules for routers, through ExaBGP",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct bgp_conf),
};

/* ---- where ---- */

static bool is4(const struct prac_prefix *p)
{
  return prac_ip_is4(&p->ip) && p->bits >= 96;
}
static bool inside(const struct prac_prefix *p, const struct prac_prefix *dst)
{
  return is4(p) == is4(dst) && p->bits <= dst->bits && prac_prefix_has(p, &dst->ip);
}
static bool inside_any(const struct prac_conf_prefixes *l, const struct prac_prefix *dst)
{
  for (size_t i = 0; i < l->n; i++)
    if (inside(&l->v[i], dst)) return true;
  return false;
}

const char *bgp_policy_outside(const struct bgp_conf *c, const struct bgp_who *who,
                               const struct prac_prefix *dst)
{
  if (!who->prefixes || who->prefixes->n == 0) return "the tenant has no prefixes";
  if (!inside_any(who->prefixes, dst)) return "outside the tenant's prefixes";
  if (c->allow.n && !inside_any(&c->allow, dst)) return "outside notify.bgp.allow";
  return NULL;
}

static bool global_unicast(const struct prac_prefix *p)
{
  uint32_t a = prac_ip_to4(&p->ip);
  if (!is4(p)) return (p->ip.b[0] & 0xe0) == 0x20; /* 2000::/3 */
  unsigned top = a >> 24;
  return top != 0 && top != 127 && top < 224 && (a >> 16) != 0xa9fe;
}

const char *bgp_policy_never(const struct bgp_conf *c, const struct prac_prefix *dst)
{
  if (!global_unicast(dst)) return "no global unicast address";
  if (dst->bits > 128 || dst->bits < (is4(dst) ? 120 : 48)) return "wider than a /24 or /48";
  for (size_t i = 0; i < c->never.n; i++)
    if (inside(&c->never.v[i], dst) || inside(dst, &c->never.v[i])) return "in notify.bgp.never";
  return NULL;
}

static struct prac_prefix target(const struct episode *e)
{
  struct prac_prefix p = {.ip = e->victim, .bits = 128};
  bool carpet = e->kind && strcmp(e->kind, "carpet") == 0;
  if (!carpet) return p;
  p.bits = (uint8_t)(e->prefix_bits <= 128 ? e->prefix_bits : 0);
  for (unsigned i = 0; i < 16; i++) {
    unsigned have = p.bits > 8 * i ? p.bits - 8u * i : 0;
    if (have < 8) p.ip.b[i] &= (uint8_t)(0xff00u >> have);
  }
  return p;
}

/* ---- what ---- */

/* Ports whose honest replies come from the same port: clients of the victim's network use them.
 * What is not here is not for the open Internet, and may go. */
static const uint16_t honest[] = {53, 123, 443, 500, 1194, 3478, 4500, 5060};

static bool in_honest(uint16_t port)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(honest); i++)
    if (honest[i] == port) return true;
  return false;
}

static struct bgp_rule flow(const struct bgp_conf *c, const struct prac_prefix *dst, uint16_t port)
{
  struct bgp_rule r = {.kind = BGP_FLOW, .dst = *dst, .port = port};
  bool limit = c->action == BGP_RATE_LIMIT;
  if (port == 53) r.longer = (uint16_t)c->dns_length;
  if (port == 123) r.longer = (uint16_t)c->ntp_length;
  /* long NTP is never honest; long DNS is, with DNSSEC */
  if (c->action == BGP_CAREFUL) limit = in_honest(port) && port != 123;
  if (limit) r.rate = (uint64_t)c->rate;
  return r;
}

static bool is_auto_tenant(const struct bgp_conf *c, const char *name)
{
  for (size_t i = 0; i < c->auto_tenants.n; i++)
    if (strcmp(c->auto_tenants.v[i], name) == 0) return true;
  return c->auto_tenants.n == 0;
}

static const char *not_auto(const struct bgp_conf *c, const struct bgp_who *who,
                            const struct episode *e, const struct bgp_rule *r)
{
  if (c->mode != BGP_AUTO) return "mode is propose";
  if (!is_auto_tenant(c, who->name)) return "the tenant is not in auto_tenants";
  if (r->kind == BGP_RTBH && r->dst.bits < 128)
    return "a whole prefix is black-holed by a person only";
  if (!(e->pps_max >= c->min_pps)) return "below min_pps";
  if (e->packets < (uint64_t)c->min_packets) return "below min_packets";
  if (e->sensors.n < (uint64_t)c->min_sensors) return "below min_sensors";
  return NULL;
}

void bgp_policy_plan(const struct bgp_conf *c, const struct bgp_who *who, const struct episode *e,
                     struct bgp_plan *ret)
{
  struct prac_prefix dst = target(e);
  bool rtbh = c->rule == RULE_RTBH;
  *ret = (struct bgp_plan){.verdict = BGP_SAYS_NOTHING, .why = "mode is off"};
  if (c->mode == BGP_OFF) return;
  if (!rtbh && (e->port == 0 || e->port > UINT16_MAX)) {
    ret->why = "no port";
    return;
  }
  ret->verdict = BGP_SAYS_NEVER;
  if ((ret->why = bgp_policy_never(c, &dst))) return;
  ret->verdict = BGP_SAYS_OUTSIDE;
  if ((ret->why = bgp_policy_outside(c, who, &dst))) return;
  if (rtbh) {
    ret->rule = (struct bgp_rule){.kind = BGP_RTBH, .dst = dst};
  } else {
    ret->rule = flow(c, &dst, (uint16_t)e->port);
    ret->has_fragments = c->fragments;
    ret->fragments = (struct bgp_rule){.kind = BGP_FRAGMENT, .dst = dst, .rate = (uint64_t)c->rate};
  }
  ret->why = not_auto(c, who, e, &ret->rule);
  ret->verdict = ret->why ? BGP_SAYS_PROPOSE : BGP_SAYS_AUTO;
}

/* ---- with which communities ---- */

static prac_rc add_community(struct bgp_route *r, const char *s, size_t n, const char *key,
                             struct prac_err *reterr)
{
  struct bgp_community c;
  if (bgp_community_parse(s, n, &c) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "notify.bgp.%s: \"%.*s\" is no community: 64500:666 or 64500:1:666", key,
                     (int)(n < 60 ? n : 60), s);
  if (r->n == BGP_COMMUNITIES_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "notify.bgp.%s: at most %d communities a route", key,
                     BGP_COMMUNITIES_MAX);
  r->v[r->n++] = c;
  return PRAC_OK;
}

/* "NAME A:B C:D" for this tenant; tenant NULL: every row, to check it. */
static prac_rc add_row(struct bgp_route *r, const char *row, const char *tenant,
                       struct prac_err *reterr)
{
  size_t n = strcspn(row, " ");
  if (tenant && (strlen(tenant) != n || memcmp(tenant, row, n) != 0)) return PRAC_OK;
  const char *p = row + n + strspn(row + n, " ");
  if (n == 0 || *p == 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "notify.bgp.tenant-communities: \"%.60s\": a name and communities", row);
  while (*p) {
    size_t k = strcspn(p, " ");
    PRAC_TRY(add_community(r, p, k, "tenant-communities", reterr));
    p += k + strspn(p + k, " ");
  }
  return PRAC_OK;
}

static prac_rc hop(const char *s, bool want4, const char *key, struct prac_ip *ret,
                   struct prac_err *reterr)
{
  if (prac_ip_parse(s, strlen(s), ret) == PRAC_OK && prac_ip_is4(ret) == want4) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_MALFORMED, "notify.bgp.%s: \"%.60s\" is no IPv%c address", key, s,
                   want4 ? '4' : '6');
}

prac_rc bgp_policy_route(const struct bgp_conf *c, const char *tenant, struct bgp_route *ret,
                         struct prac_err *reterr)
{
  struct bgp_route r = {.n = 0};
  PRAC_TRY(hop(c->next_hop, true, "next-hop", &r.hop4, reterr));
  PRAC_TRY(hop(c->next_hop6, false, "next-hop6", &r.hop6, reterr));
  r.v[r.n++] = (struct bgp_community){.v = {65535, 666, 0}};
  for (size_t i = 0; i < c->communities.n; i++)
    PRAC_TRY(
        add_community(&r, c->communities.v[i], strlen(c->communities.v[i]), "communities", reterr));
  for (size_t i = 0; i < c->tenant_communities.n; i++)
    PRAC_TRY(add_row(&r, c->tenant_communities.v[i], tenant, reterr));
  *ret = r;
  return PRAC_OK;
}

prac_rc bgp_policy_check(const struct bgp_conf *c, struct prac_err *reterr)
{
  struct bgp_route r;
  PRAC_TRY(bgp_policy_route(c, "", &r, reterr));
  for (size_t i = 0; i < c->tenant_communities.n; i++) {
    const char *row = c->tenant_communities.v[i];
    char name[64];
    size_t n = strcspn(row, " ");
    if (n >= sizeof name)
      return PRAC_FAIL(reterr, PRAC_RANGE, "notify.bgp.tenant-communities: name too long: %.60s",
                       row);
    memcpy(name, row, n);
    name[n] = 0;
    PRAC_TRY(bgp_policy_route(c, name, &r, reterr));
  }
  if (c->max_life_ns < c->ttl_ns)
    return PRAC_FAIL(reterr, PRAC_RANGE, "notify.bgp.max-life must not be shorter than ttl");
  return PRAC_OK;
}
