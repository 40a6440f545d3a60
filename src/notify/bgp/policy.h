/* notify/bgp/policy.h — what an episode asks of routers, and whether it may happen by itself. Pure.
 *
 * closed    a rule is for addresses inside the tenant's prefixes only, and, where `allow` is given,
 *           inside that too; never for what touches `never`, never for what is not global unicast,
 *           never wider than a /24 or /48. No prefixes: no rule.
 * careful   by default nothing is thrown away by its port alone where honest traffic has the same
 *           port: see the table in policy.c. DNS and NTP keep a length or a rate in any case.
 * auto      only in mode auto, for a tenant that may (auto_tenants), and only past every minimum;
 *           a whole prefix is never black-holed without a person. Everything else is proposed.
 */
#pragma once
#include "base/conf.h"
#include "model/records.h"
#include "notify/bgp/rule.h"

enum bgp_mode { BGP_OFF, BGP_PROPOSE, BGP_AUTO };
enum bgp_action { BGP_CAREFUL, BGP_RATE_LIMIT, BGP_DISCARD };

struct bgp_conf { /* settings "notify.bgp" */
  int mode, rule, action;
  const char *next_hop, *next_hop6;
  struct prac_conf_strings communities, tenant_communities, auto_tenants;
  struct prac_conf_prefixes allow, never;
  double min_pps;
  int64_t min_packets, min_sensors;
  int64_t ttl_ns, max_life_ns, hold_ns;
  int64_t max_rules, max_tenant;
  int64_t rate, dns_length, ntp_length;
  bool fragments;
  const char *socket;
  int64_t relay_uid;
};
extern const struct prac_conf_section bgp_conf_section;

struct bgp_who { /* whom the episode is told */
  const char *name;
  const struct prac_conf_prefixes *prefixes; /* NULL: none, so nothing is allowed */
};
enum bgp_verdict {
  BGP_SAYS_NOTHING, /* mode off, or an episode that asks for no rule of its own */
  BGP_SAYS_OUTSIDE, /* not inside the tenant's prefixes or `allow` */
  BGP_SAYS_NEVER,   /* touches `never`, or no address for a rule */
  BGP_SAYS_PROPOSE,
  BGP_SAYS_AUTO,
};
struct bgp_plan {
  enum bgp_verdict verdict;
  const char *why; /* static: why not auto */
  struct bgp_rule rule, fragments;
  bool has_fragments;
};
void bgp_policy_plan(const struct bgp_conf *c, const struct bgp_who *who, const struct episode *e,
                     struct bgp_plan *ret);
/* May this prefix be in a rule for these people? NULL: yes; else a static sentence. */
const char *bgp_policy_outside(const struct bgp_conf *c, const struct bgp_who *who,
                               const struct prac_prefix *dst);
const char *bgp_policy_never(const struct bgp_conf *c, const struct prac_prefix *dst);
/* What an RTBH of this tenant carries: RFC 7999's community, everybody's, its own. */
PRAC_NODISCARD prac_rc bgp_policy_route(const struct bgp_conf *c, const char *tenant,
                                        struct bgp_route *ret, struct prac_err *reterr);
/* Everything that can be wrong with the settings beyond their tables. */
PRAC_NODISCARD prac_rc bgp_policy_check(const struct bgp_conf *c, struct prac_err *reterr);
