/* Settings of signing in by OpenID Connect. */
#include <stddef.h>
#include <string.h>

#include "oidc/impl.h"

#define ITEM_AS(word, name, kind, ...)                                                             \
  {                                                                                                \
    .key = (word), .type = PRAC_CONF_##kind, .offset = offsetof(struct oidc_conf, name),           \
    __VA_ARGS__                                                                                    \
  }
static const char *const bind_words[] = {"none", "without-password", "any", NULL};
static const struct prac_conf_item items[] = {
    ITEM_AS("issuer", issuer, STRING, .sdflt = "",
            .help =
                "whose word counts: https://id.example.net/realms/cert, exactly as the provider "
                "writes it; empty: people sign in by password only"),
    ITEM_AS("client-id", client_id, STRING, .sdflt = "", .help = "what the provider calls us"),
    ITEM_AS("client-secret-file", secret_file, STRING, .sdflt = "",
            .help = "a file with the client's secret, read at the start; empty: a client without"),
    ITEM_AS("public-url", public_url, STRING, .sdflt = "",
            .help =
                "where browsers find this portal, https://portal.example.net; the provider must "
                "know public-url/api/v1/oidc/callback"),
    ITEM_AS("title", title, STRING, .sdflt = "OpenID Connect",
            .help = "name of the provider on the button"),
    ITEM_AS("title-ja", title_ja, STRING, .sdflt = "",
            .help = "the same in Japanese; empty: as `title`"),
    ITEM_AS("scopes", scopes, STRINGS, .sdflt = "openid,profile",
            .help = "what is asked for; openid must be among them"),
    ITEM_AS("user-claim", user_claim, STRING, .sdflt = "preferred_username",
            .help = "the claim that names the user; with email, email_verified must be true"),
    ITEM_AS("bind", bind, ENUM, .words = bind_words, .hi = OIDC_BIND_ANY,
            .dflt = OIDC_BIND_WITHOUT_PASSWORD,
            .help = "which account of that name becomes this person's at the first sign-in; where "
                    "people can choose their name at the provider: none; any: also one with a "
                    "password"),
    ITEM_AS("make-users", makes, BOOL, .hi = 1, .dflt = 0,
            .help = "whether who has no account is given one"),
    ITEM_AS("new-org", new_org, STRING, .sdflt = "",
            .help = "organisation of who is given an account, unless a rule says another"),
    ITEM_AS("new-role", new_role, STRING, .sdflt = "viewer",
            .help = "role of who is given an account, unless a rule says another"),
    ITEM_AS("acr", acr, STRINGS, .sdflt = "",
            .help = "how people must have signed in there (acr), one of these; empty: however"),
    ITEM_AS("amr", amr, STRINGS, .sdflt = "",
            .help = "what they must have signed in with there (amr), one of these: mfa,otp,hwk"),
    ITEM_AS("own-second-factor", own_factor, BOOL, .hi = 1, .dflt = 0,
            .help = "whether who has a second factor here is asked for it too; without, the "
                    "provider's sign-in is enough"),
    ITEM_AS("timeout", timeout_ns, DURATION, .lo = 1, .hi = 60, .dflt = 10,
            .help = "longest wait for one answer of the provider"),
    ITEM_AS("ca-file", ca_file, STRING, .sdflt = "",
            .help = "authorities that its certificate may be of, PEM; empty: the system's"),
    ITEM_AS("dns-servers", dns, STRINGS, .sdflt = "",
            .help = "whom to ask for its address: 192.0.2.53; empty: those of /etc/resolv.conf"),
    ITEM_AS("allow-http", plain, BOOL, .hi = 1, .dflt = 0,
            .help = "whether http to a loopback address will do, for tests"),
};
const struct prac_conf_section oidc_conf_section = {
    .path = "portal.oidc",
    .about = "signing in by OpenID Connect, beside passwords",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct oidc_conf),
};

#define RULE(name, ...)                                                                            \
  {                                                                                                \
    .key = #name, .type = PRAC_CONF_STRING, .offset = offsetof(struct oidc_rule, name),            \
    __VA_ARGS__                                                                                    \
  }
static const struct prac_conf_item rule_items[] = {
    RULE(claim, .sdflt = "groups", .help = "a claim of the ID token: groups, realm_access.roles"),
    RULE(value, .help = "what it is, or lists; *: everybody who comes as far as this row"),
    RULE(org, .sdflt = "", .help = "organisation of whom it fits; empty: as it is"),
    RULE(role, .sdflt = "", .help = "role of whom it fits; empty: as it is"),
};
const struct prac_conf_section oidc_rules_section = {
    .path = "portal.oidc.rules",
    .about = "what claims make of people at each sign-in; the first row that fits counts, and "
             "where there are rows, whom none fits is not let in",
    .items = rule_items,
    .n_items = PRAC_ARRAY_LEN(rule_items),
    .size = sizeof(struct oidc_rule),
    .many = true,
};

static bool lists(const struct prac_conf_strings *s, const char *word)
{
  for (size_t i = 0; i < s->n; i++)
    if (strcmp(s->v[i], word) == 0) return true;
  return false;
}

static bool address_ok(const char *url, bool plain)
{
  return oidc_url_ok(url, plain) && !strchr(url, '?');
}

static bool name_ok(const char *s)
{
  return *s && strlen(s) < OIDC_CLAIM;
}

static bool rules_ok(const struct oidc_rule *r, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!name_ok(r[i].claim) || !*r[i].value || (!*r[i].org && !*r[i].role)) return false;
  return true;
}

prac_rc oidc_conf_check(const struct oidc_conf *c, const struct oidc_rule *rules, size_t n_rules,
                        struct prac_err *reterr)
{
  const char *why = NULL;
  if (!address_ok(c->issuer, c->plain))
    why = "issuer: an https address without a query";
  else if (!address_ok(c->public_url, c->plain) || c->public_url[strlen(c->public_url) - 1] == '/')
    why = "public-url: an https address without / at its end";
  else if (!name_ok(c->client_id))
    why = "client-id: what the provider calls us";
  else if (!lists(&c->scopes, "openid"))
    why = "scopes: openid must be among them";
  else if (!name_ok(c->user_claim))
    why = "user-claim: a claim's name";
  else if (!rules_ok(rules, n_rules))
    why = "rules: each row needs claim, value, and an organisation or a role";
  return why ? PRAC_FAIL(reterr, PRAC_MALFORMED, "portal.oidc.%s", why) : PRAC_OK;
}
