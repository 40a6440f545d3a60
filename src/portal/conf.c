/* Settings of the portal. */
#include "portal/portal.h"

#include <stdlib.h>
#include <string.h>

#include "base/conf_form.h"
#include "oidc/oidc.h"

#define ITEM_AS(word, name, kind, ...)                                                             \
  {                                                                                                \
    .key = (word), .type = PRAC_CONF_##kind, .offset = offsetof(struct portal_conf, name),         \
    __VA_ARGS__                                                                                    \
  }
#define ITEM(name, kind, ...) ITEM_AS(#name, name, kind, __VA_ARGS__)

static const struct prac_conf_item items[] = {
    ITEM(listen, STRING, .sdflt = "127.0.0.1:8640", .form = &prac_form_endpoint,
         .help =
             "address and port of the page and the API; keep it on loopback, with a proxy in front "
             "that talks TLS and, without accounts, checks who asks"),
    ITEM(title, STRING, .sdflt = "PRACTICE", .help = "name shown at the top of the page"),
    ITEM_AS("title-ja", title_ja, STRING, .sdflt = "",
            .help = "the same in Japanese; empty: as `title`"),
    ITEM(hosts, STRINGS, .sdflt = "",
         .help =
             "host names that the page is reached by, beside localhost and the listening address; "
             "requests for any other name are refused"),
    ITEM(proxies, PREFIXES, .sdflt = "", .help = "proxies whose X-Forwarded-For is believed"),
    ITEM_AS("max-connections", max_connections, INT, .lo = 8, .hi = 100000, .dflt = 1000,
            .help = "connections in all"),
    ITEM_AS("max-per-address", max_per_address, INT, .lo = 1, .hi = 100000, .dflt = 64,
            .help = "connections from one address"),
    ITEM_AS("max-streams", max_streams, INT, .lo = 1, .hi = 100000, .dflt = 500,
            .help = "live streams in all, each holds a connection"),
    ITEM(rate, INT, .lo = 0, .hi = 1000000, .dflt = 50,
         .help = "requests a second from one address in the long run; 0: no limit"),
    ITEM(burst, INT, .lo = 1, .hi = 1000000, .dflt = 200,
         .help = "requests at once from one address"),
    ITEM(accounts, BOOL, .hi = 1, .dflt = 0,
         .help =
             "whether people sign in (practice access); without, whoever reaches the page is an "
             "operator of the whole world"),
    ITEM_AS("session-idle", session_idle_ns, DURATION, .lo = 60, .hi = 7 * 86400, .dflt = 3600,
            .help = "a session ends after so long without a request or an open live stream"),
    ITEM_AS("session-life", session_life_ns, DURATION, .lo = 300, .hi = 30 * 86400, .dflt = 43200,
            .help = "a session ends so long after the sign-in in any case"),
    ITEM_AS("sessions-each", sessions_each, INT, .lo = 1, .hi = 1000, .dflt = 32,
            .help = "sessions of one person at once; one more ends the one unused for longest"),
    ITEM_AS(
        "audit-keep", audit_keep_ns, DURATION, .lo = 0, .hi = 36500.0 * 86400, .dflt = 1095 * 86400,
        .help = "lines of the audit are removed after so long, but never the newest 1000; a line "
                "says which, and `practice access audit check` looks at that too; 0: never"),
    ITEM(ring, INT, .lo = 16, .hi = 1000000, .dflt = 4096,
         .help = "events kept for listeners that lost their connection"),
};

const struct prac_conf_section portal_conf_section = {
    .path = "portal",
    .about = "the page and the HTTP API",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct portal_conf),
};

prac_rc portal_oidc_settings(const struct prac_conf *all, struct oidc_env *ret,
                             struct oidc_rule **ret_rules, struct prac_err *reterr)
{
  const struct portal_conf *p = prac_conf_get(all, portal_conf_section.path, 0);
  const struct oidc_conf *c = prac_conf_get(all, oidc_conf_section.path, 0);
  size_t n = prac_conf_count(all, oidc_rules_section.path);
  if (!*c->issuer) return PRAC_UNKNOWN;
  if (!p->accounts)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "portal.oidc.issuer: takes portal.accounts: yes");
  struct oidc_rule *rules = calloc(n + 1, sizeof *rules);
  if (!rules) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for portal.oidc.rules");
  for (size_t i = 0; i < n; i++)
    rules[i] = *(const struct oidc_rule *)prac_conf_get(all, oidc_rules_section.path, i);
  prac_rc rc = oidc_conf_check(c, rules, n, reterr);
  if (rc != PRAC_OK) {
    free(rules);
    return rc;
  }
  *ret = (struct oidc_env){.conf = c, .rules = rules, .n_rules = n};
  *ret_rules = rules;
  return PRAC_OK;
}

prac_rc portal_conf_check(const struct prac_conf *all, struct prac_err *reterr)
{
  struct oidc_env env;
  struct oidc_rule *rules = NULL;
  prac_rc rc = portal_oidc_settings(all, &env, &rules, reterr);
  free(rules);
  return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
}

const char *portal_open_text(const struct portal_conf *c)
{
  static const uint8_t loop6[16] = {[15] = 1};
  struct prac_ip ip;
  uint16_t port;
  if (c->proxies.n > 0 || !prac_endpoint_parse(c->listen, &ip, &port)) return NULL;
  if (prac_ip_is4(&ip) ? ip.b[12] == 127 : memcmp(ip.b, loop6, sizeof loop6) == 0) return NULL;
  return c->accounts ? "can be reached from other machines, and portal.proxies names no proxy that "
                       "talks TLS: passwords travel readable"
                     : "can be reached from other machines, there are no accounts, and "
                       "portal.proxies names no proxy that would check who asks";
}
