/* From a request to the function that answers it: one table for the API, one for the page's files.
 * Every error is JSON with one sentence for whoever asked, and nothing about our insides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/asset.h"
#include "portal/impl.h"
#include "portal/oidc.h"
#include "portal/packets.h"
#include "portal/session.h"
#include "portal/subs.h"
#include "portal/who.h"
#include "sys/http_target.h"

#define SPAN                                                                                       \
  {"from", "string", "start: 2013-08-07, 2013-08-07T12:00:00Z or @1375876800"},                    \
  {                                                                                                \
    "to", "string", "end, not included"                                                            \
  }
#define FORMAT                                                                                     \
  {                                                                                                \
    "format", "json|ndjson|csv", "form of the answer; json when not given"                         \
  }
#define PAGE                                                                                       \
  {"limit", "integer", "at most so many rows, up to 10000"},                                       \
  {                                                                                                \
    "cursor", "string",                                                                            \
        "records and flows: go on behind the answer whose `next` (header X-Next) this was"         \
  }
#define FILTERS                                                                                    \
  SPAN, {"q", "string", "words of the query language: port=23/tcp country=MM marks=survey"},       \
      {"sensor", "string", "name of a sensor"},                                                    \
      {"src", "string", "source: an address or a prefix"},                                         \
      {"victim", "string", "backscatter: whose answers these are"},                                \
      {"port", "string", "destination port: 1433/tcp"},                                            \
      {"country", "string", "two letters, ISO 3166"}, {"asn", "string", "number of the network"},  \
      {"marks", "string", "marks that all rows must have: zmap,survey"},                           \
      {"id", "string", "records: this one"}, {"key", "string", "records: of this story"},          \
      {"state", "string", "records: in this state"}, PAGE, FORMAT
#define END                                                                                        \
  {                                                                                                \
    NULL, NULL, NULL                                                                               \
  }

const struct portal_param portal_filters[] = {FILTERS, END};
static const struct portal_param none[] = {END};
static const struct portal_param series_params[] = {
    {"minutes", "integer", "live: so many minutes back from now, 1 to 1440; 180 when not given"},
    {"step", "string", "history: 1m, 1h or 1d"},
    {"by", "port|country|asn|sensor", "history: a series each"},
    FILTERS,
    END};
static const struct portal_param top_params[] = {
    {"by", "port|country|asn|sensor|src", "what to rank"},
    {"order", "sources|packets", "live: rank by sources (when not given) or by packets"},
    FILTERS,
    END};
static const struct portal_param oidc_start_params[] = {
    {"to", "string", "view to go on to; the first one when not given"}, END};
static const struct portal_param oidc_callback_params[] = {
    {"state", "string", "what the way there was given"},
    {"code", "string", "for the provider's token"},
    {"iss", "string", "which provider it is"},
    {"error", "string", "why there is no code"},
    END};
static const struct portal_param query_params[] = {
    {"what", "flows|findings|alerts|health|hits|episodes|packets|series|top|host|sensors",
     "kind of answer"},
    {"step", "string", "series: 1m, 1h or 1d"},
    {"by", "port|country|asn|sensor|src", "series and top"},
    FILTERS,
    END};
static const struct portal_param event_params[] = {
    {"last", "integer", "id of the last event seen; the header Last-Event-ID says the same"}, END};

static const struct portal_param about_params[] = {
    SPAN, {"limit", "integer", "lines of the table, 1 to 256; 256 when not given"}, END};
static const struct portal_param compare_params[] = {
    SPAN,
    {"home", "string", "who is at home: a country (JP), or sensors with commas between"},
    {"recent", "string", "what a rise abroad is looked for in: 1h to 30d; 6h when not given"},
    END};
static const struct portal_param alert_params[] = {
    {"severity", "notice|low|medium|high|critical", "so severe at least"},
    {"kind", "string", "of this kind: surge-port, drdos"},
    FILTERS,
    END};
static const struct portal_param attack_params[] = {
    SPAN,
    {"vector", "string", "with this vector: dns, ntp_monlist"},
    {"victim", "string", "on this address or prefix"},
    {"state", "start|update|resume|end", "in this state"},
    {"profile", "isp|amppot|hopscotch|mph", "by whose definition of an attack; isp when not given"},
    {"country", "string", "of the victim: two letters, ISO 3166"},
    {"asn", "string", "of the victim: number of the network"},
    PAGE,
    FORMAT,
    END};
static const struct portal_param hit_params[] = {
    SPAN,
    {"sensor", "string", "name of a honeypot"},
    {"vector", "string", "of this vector: dns, ntp_monlist"},
    {"victim", "string", "in the name of this address or prefix"},
    {"port", "string", "of the service: 53/udp"},
    {"scanners", "not|only", "known scanners: without them, or only them; both when not given"},
    PAGE,
    FORMAT,
    END};

static const struct portal_param audit_params[] = {
    {"before", "integer", "lines before this number"},
    {"limit", "integer", "at most so many lines, up to 1000; 100 when not given"},
    END};
static const struct portal_param group_params[] = {
    SPAN,
    {"country", "string", "most hosts in it: two letters, ISO 3166"},
    {"port", "string", "after this port: 1433/tcp"},
    {"sensor", "string", "seen by it"},
    {"state", "open|update|resume|close", "in this state"},
    PAGE,
    FORMAT,
    END};
static const struct portal_param heat_params[] = {
    SPAN,
    {"sensor", "string", "name of a sensor"},
    {"limit", "integer", "so many of the biggest ports, 1 to 50; 20 when not given"},
    END};
static const struct portal_param host_params[] = {
    SPAN,
    {"sensor", "string", "name of a sensor"},
    {"port", "string", "destination port: 1433/tcp"},
    {"limit", "integer", "at most so many rows, up to 10000"},
    FORMAT,
    END};
static const struct portal_param latest_params[] = {
    SPAN, {"limit", "integer", "at most so many, up to 200; 20 when not given"}, FORMAT, END};
static const struct portal_param format_params[] = {FORMAT, END};
static const struct portal_param decision_params[] = {
    SPAN, {"key", "string", "about this story"}, PAGE, FORMAT, END};
static const struct portal_param delivery_params[] = {
    {"attack", "string",
     "about this attack: its id. All at once, oldest first; with nothing else but format"},
    {"alert", "string", "the same about this alert; neither: all, newest first"},
    SPAN,
    {"state", "string", "of revisions in this state"},
    PAGE,
    FORMAT,
    END};
static const struct portal_param risk_params[] = {
    {"limit", "integer", "at most so many rows, up to 10000"}, FORMAT, END};
static const struct portal_param mine_params[] = {
    SPAN,
    {"since", "string", "what began from then on counts as new"},
    {"country", "string", "for a reader of the whole world: two letters, ISO 3166"},
    {"asn", "string", "for a reader of the whole world: number of a network"},
    END};

const struct portal_route portal_routes[] = {
    {"/status", SYS_HTTP_GET, PORTAL_VIEWER, "status",
     "Version, event time, sensors with their health, open alerts, label of the geography",
     PORTAL_OBJECT, portal_status, none},
    {"/series", SYS_HTTP_GET, PORTAL_VIEWER, "series",
     "Packets and sources per minute and sensor: live for the last day; with from, to, step or a "
     "filter, from the store",
     PORTAL_ROWS, portal_series, series_params},
    {"/top", SYS_HTTP_GET, PORTAL_VIEWER, "top",
     "Ports, countries, networks or sensors, biggest first: live (the last 15 minutes against the "
     "hour before); with from, to or a filter, from the store",
     PORTAL_ROWS, portal_top, top_params},
    {"/flows", SYS_HTTP_GET, PORTAL_ANALYST, "flows",
     "Flow rows: who sent what, without our own addresses", PORTAL_ROWS, portal_flows,
     portal_filters},
    PORTAL_PACKETS_ROUTES,
    {"/findings", SYS_HTTP_GET, PORTAL_ANALYST, "findings", "What the engines claim", PORTAL_ROWS,
     portal_findings, portal_filters},
    {"/findings/latest", SYS_HTTP_GET, PORTAL_ANALYST, "findings_latest",
     "Of each story the newest finding, newest first, without attacks and labels of senders: what "
     "the events `finding` told",
     PORTAL_ROWS, portal_findings_latest, latest_params, .told = true},
    {"/alerts", SYS_HTTP_GET, PORTAL_VIEWER, "alerts",
     "Alerts, newest revision first: live; with a filter, from the store", PORTAL_ROWS,
     portal_alerts, alert_params},
    {"/alerts/{id}/decisions", SYS_HTTP_GET, PORTAL_VIEWER, "alert_decisions",
     "What people decided about an alert, oldest first", PORTAL_ROWS, portal_alert_decisions,
     format_params},
    {"/alerts/{id}/decisions", SYS_HTTP_POST, PORTAL_ANALYST, "decide",
     "Decides something about an alert: acknowledge, assign, comment, label, reopen", PORTAL_OBJECT,
     portal_decide, none, &portal_decide_kind},
    {"/alerts/{id}", SYS_HTTP_GET, PORTAL_VIEWER, "alert", "One alert with all its fields",
     PORTAL_OBJECT, portal_alert, none},
    {"/host/{address}", SYS_HTTP_GET, PORTAL_ANALYST, "host", "What one source did, hour by hour",
     PORTAL_ROWS, portal_host, host_params},
    {"/attacks", SYS_HTTP_GET, PORTAL_VIEWER, "attacks",
     "Attacks seen by the honeypots, newest first; parts of a carpet or of one with several "
     "vectors are in it, not beside it",
     PORTAL_ROWS, portal_attacks, attack_params},
    {"/attacks/{id}", SYS_HTTP_GET, PORTAL_VIEWER, "attack",
     "One attack: its latest revision, its parts, its rate as the honeypots saw it, alerts about "
     "its victim",
     PORTAL_OBJECT, portal_attack, none},
    {"/hits", SYS_HTTP_GET, PORTAL_ANALYST, "hits",
     "What honeypots were asked in victims' names, newest first: of each honeypot, victim and "
     "vector what came within a second",
     PORTAL_ROWS, portal_hits, hit_params},
    {"/about/{what}", SYS_HTTP_GET, PORTAL_VIEWER, "about",
     "What was seen of an alert, finding, key, address, prefix or port: steps, groups, hosts, "
     "related stories",
     PORTAL_OBJECT, portal_about, about_params},
    {"/compare", SYS_HTTP_GET, PORTAL_VIEWER, "compare",
     "Sensors against each other: who sees what first; what is not at home", PORTAL_OBJECT,
     portal_compare, compare_params},
    {"/groups", SYS_HTTP_GET, PORTAL_VIEWER, "groups",
     "Hosts that act together: a story each, newest revision first", PORTAL_ROWS, portal_groups,
     group_params},
    {"/ports/heat", SYS_HTTP_GET, PORTAL_VIEWER, "portsHeat",
     "The biggest ports by the hour: packets and sources", PORTAL_OBJECT, portal_ports_heat,
     heat_params},
    {"/ports/risk", SYS_HTTP_GET, PORTAL_VIEWER, "portsRisk",
     "Ports whose risk of attack has risen, as last said, with level and reasons", PORTAL_ROWS,
     portal_ports_risk, risk_params},
    {"/mine", SYS_HTTP_GET, PORTAL_VIEWER, "mine",
     "One's own part of the world: sources now and before, victims, surges, groups, what is new",
     PORTAL_OBJECT, portal_mine, mine_params},
    {"/system", SYS_HTTP_GET, PORTAL_OPERATOR, "system",
     "Sites, what is kept, counters, dates of data, disk", PORTAL_OBJECT, portal_system, none},
    {"/decisions", SYS_HTTP_GET, PORTAL_ANALYST, "decisions",
     "All that people decided, newest first", PORTAL_ROWS, portal_decisions, decision_params},
    {"/deliveries", SYS_HTTP_GET, PORTAL_VIEWER, "deliveries",
     "Who was told of an attack or alert, when and by what kind of way; rules of routers",
     PORTAL_ROWS, portal_deliveries, delivery_params},
    {"/query", SYS_HTTP_GET, PORTAL_ANALYST, "query", "Any question in the one query language",
     PORTAL_ROWS, portal_query, query_params},
    {"/events", SYS_HTTP_GET, PORTAL_VIEWER, "events",
     "Server-sent events: minutes, top, status, alert, attack, decision, delivery, for analysts "
     "finding; gap when the "
     "listener was too slow",
     PORTAL_EVENTS, portal_events, event_params},
    {"/metrics", SYS_HTTP_GET, PORTAL_OPERATOR, "metrics",
     "Counters in the text form of Prometheus", PORTAL_TEXT, portal_metrics, none},
    {"/openapi.json", SYS_HTTP_GET, PORTAL_VIEWER, "openapi", "This description", PORTAL_OBJECT,
     portal_openapi, none},
    {"/me", SYS_HTTP_GET, PORTAL_ANYONE, "me", "Who asks, and what that one may see", PORTAL_OBJECT,
     portal_me, none},
    {"/me/password", SYS_HTTP_POST, PORTAL_VIEWER, "password", "Sets one's own password",
     PORTAL_OBJECT, portal_me_password, none, &portal_password_kind, true},
    {"/me/totp", SYS_HTTP_POST, PORTAL_VIEWER, "totp",
     "A new secret of one's own second factor, in force once it is confirmed", PORTAL_OBJECT,
     portal_me_totp, none, &portal_proof_kind, true},
    {"/me/totp/confirm", SYS_HTTP_POST, PORTAL_VIEWER, "totp_confirm", "A code of the new secret",
     PORTAL_OBJECT, portal_me_totp_confirm, none, &portal_code_kind, true},
    {"/session", SYS_HTTP_POST, PORTAL_ANYONE, "sign_in",
     "Signs in: a cookie, and what /me says. 401 with the code denied, code_needed or wait",
     PORTAL_OBJECT, portal_sign_in, none, &portal_sign_in_kind, true},
    {"/oidc/start", SYS_HTTP_GET, PORTAL_ANYONE, "oidc_start",
     "Sends the browser to the identity provider, with a cookie to be known by when it comes back",
     PORTAL_REDIRECT, portal_oidc_start, oidc_start_params},
    {"/oidc/callback", SYS_HTTP_GET, PORTAL_ANYONE, "oidc_callback",
     "Where the provider sends it back: on with a session, or to the door with the reason",
     PORTAL_REDIRECT, portal_oidc_callback, oidc_callback_params},
    {"/oidc/code", SYS_HTTP_POST, PORTAL_ANYONE, "oidc_code",
     "The code of the second factor, when the provider's word is not enough here: as a sign-in",
     PORTAL_OBJECT, portal_oidc_code, none, &portal_code_kind, true},
    {"/oidc/end", SYS_HTTP_GET, PORTAL_ANYONE, "oidc_end",
     "Sends the browser to where it signs out at the provider", PORTAL_REDIRECT, portal_oidc_end,
     none},
    {"/session/end", SYS_HTTP_POST, PORTAL_VIEWER, "sign_out", "Signs out", PORTAL_OBJECT,
     portal_sign_out, none, NULL, true},
    {"/users", SYS_HTTP_GET, PORTAL_ADMIN, "users", "People", PORTAL_OBJECT, portal_users, none},
    {"/users", SYS_HTTP_POST, PORTAL_ADMIN, "user_put",
     "Adds or changes a user; what is not given stays as it is, but disabled: then not",
     PORTAL_OBJECT, portal_user_put, none, &portal_user_kind, true},
    {"/orgs", SYS_HTTP_GET, PORTAL_ADMIN, "orgs", "Organisations", PORTAL_OBJECT, portal_orgs,
     none},
    {"/orgs", SYS_HTTP_POST, PORTAL_ADMIN, "org_put",
     "Adds or changes an organisation; what is not given stays as it is", PORTAL_OBJECT,
     portal_org_put, none, &portal_org_kind, true},
    {"/keys", SYS_HTTP_GET, PORTAL_VIEWER, "keys", "One's own API keys", PORTAL_OBJECT, portal_keys,
     none},
    {"/keys", SYS_HTTP_POST, PORTAL_VIEWER, "key_new", "Makes an API key, which is shown only here",
     PORTAL_OBJECT, portal_key_new, none, &portal_key_kind, true},
    {"/keys/{id}/end", SYS_HTTP_POST, PORTAL_VIEWER, "key_end", "Ends one of one's own API keys",
     PORTAL_OBJECT, portal_key_end, none, NULL, true},
    PORTAL_SUBS_ROUTES,
    {"/me/views", SYS_HTTP_GET, PORTAL_VIEWER, "saved_views",
     "One's own saved views of the page, oldest first", PORTAL_OBJECT, portal_saved_views, none},
    {"/me/views", SYS_HTTP_POST, PORTAL_VIEWER, "saved_view_put",
     "Keeps a place of the page by a name; the same name again: the new place. At most 50",
     PORTAL_OBJECT, portal_saved_view_put, none, &portal_view_kind, true},
    {"/me/views/end", SYS_HTTP_POST, PORTAL_VIEWER, "saved_view_end", "Removes a saved view",
     PORTAL_OBJECT, portal_saved_view_end, none, &portal_view_name_kind, true},
    {"/audit", SYS_HTTP_GET, PORTAL_ADMIN, "audit", "Who did what, newest first", PORTAL_OBJECT,
     portal_audit, audit_params},
    {NULL, SYS_HTTP_GET, PORTAL_ADMIN, NULL, NULL, PORTAL_OBJECT, NULL, NULL},
};

/* ---- the page's files ---- */

static void send_asset(struct sys_http_req *r, const struct portal_asset *a)
{
  const char *accept = sys_http_header(r, "Accept-Encoding");
  struct portal_bytes b = a->plain;
  struct sys_http_resp resp = {.status = 200,
                               .type = a->type,
                               .body_static = true,
                               .etag = a->etag,
                               .cache = a->immutable ? "public, max-age=31536000, immutable"
                                                     : "no-cache",
                               .extra = {"Vary", "Accept-Encoding"}};
  if (a->brotli.n > 0 && sys_http_accepts_coding(accept, "br")) {
    b = a->brotli;
    resp.encoding = "br";
  } else if (a->gzip.n > 0 && sys_http_accepts_coding(accept, "gzip")) {
    b = a->gzip;
    resp.encoding = "gzip";
  }
  resp.body = b.p;
  resp.len = b.n;
  sys_http_respond(r, &resp);
}

/* The views of the page (web/src/views.js) are all the same file; "/" at the end: and what is
 * below. */
static const char *const views[] = {"/",        "/mine",    "/attacks",      "/attacks/", "/ports",
                                    "/groups",  "/groups/", "/about/",       "/flows",    "/hits",
                                    "/compare", "/alerts",  "/alerts/",      "/system",   "/admin",
                                    "/account", "/sign-in", "/subscriptions"};

bool portal_is_view(const char *path)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(views); i++) {
    size_t n = strlen(views[i]);
    bool below = n > 1 && views[i][n - 1] == '/';
    if (below ? strncmp(path, views[i], n) == 0 && path[n] : strcmp(path, views[i]) == 0)
      return true;
  }
  return false;
}

static bool page(struct sys_http_req *r, const char *path)
{
  if (portal_is_view(path)) path = "/index.html";
  for (size_t i = 0; i < portal_assets_n; i++)
    if (strcmp(portal_assets[i].path, path) == 0) {
      send_asset(r, &portal_assets[i]);
      return true;
    }
  return false;
}

/* ---- the API ---- */

enum { WORD_MAX = 128 };
/* Does the path fit the pattern? word: what stands for its "{...}": slashes too ("443/tcp"), so
 * that of two patterns that fit, the first in the table is meant. */
static bool fits(const char *pattern, const char *path, char word[WORD_MAX])
{
  size_t n = strcspn(pattern, "{"), n_path = strlen(path);
  if (strncmp(pattern, path, n) != 0) return false;
  if (pattern[n] == 0) return path[n] == 0;
  const char *rest = pattern + n + strcspn(pattern + n, "}") + 1;
  size_t n_rest = strlen(rest);
  if (n_path <= n + n_rest || strcmp(path + n_path - n_rest, rest) != 0) return false;
  size_t len = n_path - n - n_rest;
  if (len >= WORD_MAX) return false;
  memcpy(word, path + n, len);
  word[len] = 0;
  return true;
}

static bool knows(const struct portal_route *t, const char *name)
{
  for (const struct portal_param *p = t->params; p->name; p++)
    if (strcmp(p->name, name) == 0) return true;
  return false;
}

static bool one_of(const char *words, const char *value)
{
  size_t n = strlen(value);
  for (const char *s = words;; s++) {
    size_t len = strcspn(s, "|");
    if (len == n && memcmp(s, value, n) == 0) return true;
    s += len;
    if (!*s) return false;
  }
}

/* Parameters must be known and, where words are listed, one of them. Answers when not. */
static bool params_ok(const struct portal_route *t, struct sys_http_req *r)
{
  const char *name, *value;
  for (size_t i = 0; t->shape != PORTAL_REDIRECT && sys_http_param_at(r, i, &name, &value); i++)
    if (!knows(t, name)) {
      portal_send_error(r, 400, "unknown_parameter",
                        "%s takes no parameter \"%.40s\"; /api/v1/openapi.json lists them", t->path,
                        name);
      return false;
    }
  for (const struct portal_param *p = t->params; p->name; p++) {
    value = sys_http_param(r, p->name);
    if (value && strchr(p->type, '|') && !one_of(p->type, value)) {
      portal_send_error(r, 400, "bad_value", "%s must be one of %s", p->name, p->type);
      return false;
    }
  }
  return true;
}

/* The methods of a path that has no such method; "": there is no such path. */
static const char *methods_of(const char *path, char to[24])
{
  char word[WORD_MAX];
  bool get = false, post = false;
  for (const struct portal_route *t = portal_routes; t->path; t++) {
    if (!fits(t->path, path, word)) continue;
    get |= t->method == SYS_HTTP_GET;
    post |= t->method == SYS_HTTP_POST;
  }
  (void)snprintf(to, 24, "%s%s%s", get ? "GET, HEAD" : "", get && post ? ", " : "",
                 post ? "POST" : "");
  return to;
}

static void no_route(struct sys_http_req *r, const char *methods)
{
  char text[64];
  (void)snprintf(text, sizeof text, "only %s here", methods);
  if (*methods)
    portal_send_error_with(r, 405, "method", (const char *[]){"Allow", methods}, text);
  else
    portal_send_error(r, 404, "not_found", "nothing is here; /api/v1/openapi.json lists the API");
}

void portal_route_request(void *arg, struct sys_http_req *r)
{
  static const char base[] = "/api/v1";
  struct portal *p = arg;
  const char *path = sys_http_path(r);
  char word[WORD_MAX] = "", methods[24];
  enum sys_http_method method = sys_http_method_of(r);
  if (method == SYS_HTTP_HEAD) method = SYS_HTTP_GET;
  if (strncmp(path, base, sizeof base - 1) == 0) {
    path += sizeof base - 1;
    for (const struct portal_route *t = portal_routes; t->path; t++)
      if (t->method == method && fits(t->path, path, word)) {
        if (portal_admit(p, r, t) && params_ok(t, r) && portal_note(p, r, t)) t->run(p, r, word);
        return;
      }
    no_route(r, methods_of(path, methods));
  } else if (method != SYS_HTTP_GET) {
    no_route(r, "GET, HEAD");
  } else if (!page(r, path)) {
    no_route(r, "");
  }
}
