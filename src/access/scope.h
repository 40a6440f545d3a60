/* access/scope.h — what one reader may see: a part of the world, and how sensitive.
 *
 * world     countries, networks and prefixes; an address is inside when any of them has it. Where
 *           an address is, `lookup` says; an address that nobody can place is outside (fail closed)
 * clearance TLP 2.0: CLEAR < GREEN < AMBER < AMBER+STRICT < RED. A missing or unknown label counts
 *           as AMBER
 * pure      no state, no I/O; a scope is immutable once made and lives in its maker's arena
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "lookup/lookup.h"

enum access_tlp { ACCESS_CLEAR, ACCESS_GREEN, ACCESS_AMBER, ACCESS_AMBER_STRICT, ACCESS_RED };

/* viewer    counts, rankings, alerts and attacks of the own part of the world; subscriptions
 * analyst   and its flows and hosts, decisions about alerts
 * operator  and everything of the world, sites, queues, mails, mitigation
 * admin     and organisations, people, keys, the audit log */
enum access_role { ACCESS_VIEWER, ACCESS_ANALYST, ACCESS_OPERATOR, ACCESS_ADMIN };
extern const char *const access_role_names[]; /* "viewer", ...; NULL ends */
extern const char *const access_tlp_names[];  /* "TLP:CLEAR", ...; NULL ends */

struct access_scope {
  bool all;                  /* the whole world; the lists are empty then */
  const uint16_t *countries; /* letters as in struct lookup_answer, sorted */
  uint32_t n_countries;
  const uint32_t *asns; /* sorted */
  uint32_t n_asns;
  const struct prac_prefix *prefixes;
  uint32_t n_prefixes;
  enum access_tlp clearance;
  bool packets;    /* of the senders inside, packets too: analysts and above */
  const char *org; /* whose scope it is; NULL: nobody's. Decides what is an organisation's own */
};

/* "JP", "AS64500", "192.0.2.0/24", "*", with blanks or commas between: an organisation's part of
 * the world as its administrator writes it. PRAC_MALFORMED names the bad word; nothing is
 * PRAC_RANGE. */
PRAC_NODISCARD prac_rc access_scope_parse(const char *words, enum access_tlp clearance,
                                          struct prac_arena *a, struct access_scope *ret,
                                          struct prac_err *reterr);
/* The same part of the world gives the same words, sorted. */
const char *access_scope_words(const struct access_scope *s, struct prac_arena *a);
bool access_scope_country(const struct access_scope *s, const char *country);
bool access_scope_asn(const struct access_scope *s, uint32_t asn);
/* geo may be NULL: then only prefixes can hold an address. */
bool access_scope_ip(const struct access_scope *s, const struct lookup *geo,
                     const struct prac_ip *ip);
bool access_scope_prefix(const struct access_scope *s, const struct lookup *geo,
                         const struct prac_prefix *p); /* all of it is inside */
/* The parts of p that are inside, behind the *n that stand in v. false: more than cap. */
bool access_scope_within(const struct access_scope *s, const struct lookup *geo,
                         const struct prac_prefix *p, struct prac_prefix *v, uint32_t cap,
                         uint32_t *n);
/* "TLP:AMBER" and friends, in any case, also without "TLP:"; anything else is AMBER. */
enum access_tlp access_tlp_of(const char *label);
bool access_scope_tlp(const struct access_scope *s, const char *label);
