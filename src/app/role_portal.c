/* The portal as a process: hears everything, reads the store, says what people decide. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/role_net.h"
#include "app/roles.h"
#include "app/stop.h"
#include "app/where.h"
#include "lookup/lookup.h"
#include "oidc/oidc.h"
#include "portal/portal.h"
#include "sys/durable.h"
#include "sys/rights.h"
#include "sys/wall.h"

static const struct prac_log_event ev_no_store = {"portal_without_store", PRAC_LOG_WARN,
                                                  "history is back when the portal starts again"};
static const struct prac_log_event ev_open = {
    "portal_open_to_all", PRAC_LOG_WARN,
    "listen on loopback, or put a proxy in front that talks TLS and name it in portal.proxies; "
    "without accounts it must check who asks"};

enum { SECRET_MAX = 4096 };
struct portal_role {
  char disk[ROLE_PATH];
  struct bus bus;
  struct store store, lanes[PORTAL_LANES]; /* of lanes, the first is the store itself */
  struct lookup *geo;
  struct portal *portal;
  struct portal_conf conf;
  struct role_net net;
  struct oidc_env oidc;
  const struct oidc_env *by_oidc; /* NULL: nobody signs in so */
  struct oidc_rule *rules;
  char *secret;
};

static prac_rc nothing(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  (void)arg, (void)cols, (void)n, (void)v;
  return PRAC_OK;
}

/* A database that is just being made has no tables yet. */
static bool is_made(const struct store *s)
{
  struct prac_err err = {0};
  struct store_query q = {.what = STORE_RECORDS,
                          .kind = &model_decision,
                          .span = {PRAC_TIME_NONE, PRAC_TIME_NONE},
                          .limit = 1};
  return s->ops->query(s->st, &q, nothing, NULL, &err) == PRAC_OK;
}

/* Handles for what takes longer. Two threads for one look at the flows, whoever studies waits, and
 * asks many questions about one subject. */
static void open_lanes(struct role_env *e, struct portal_role *s, const char *dir)
{
  static const struct prac_log_event event = {"portal_one_lane", PRAC_LOG_WARN,
                                              "questions wait for longer ones; the store has no "
                                              "room for one more reader"};
  static const unsigned threads[PORTAL_LANES] = {1, 2, 1};
  struct prac_err err = {0};
  for (int i = 1; i < PORTAL_LANES; i++) {
    struct store_env env = {.read_only = true, .nthreads = threads[i], .log = &e->log};
    env.again = i == PORTAL_STUDY;
    if (where_open_own(e->settings, dir, &env, &s->lanes[i], &err) != PRAC_OK)
      prac_log(&e->log, &event, "%s", err.text);
  }
}

/* The store role may still be making its files. */
static void open_store(struct role_env *e, struct portal_role *s)
{
  char dir[ROLE_PATH];
  struct store_env env = {.read_only = true, .nthreads = 1, .log = &e->log};
  struct prac_err err = {0};
  for (int i = 0; i < 50 && !stop_asked(); i++) {
    if (where_open_own(e->settings, role_path(e, "store", dir), &env, &s->store, &err) == PRAC_OK) {
      if (is_made(&s->store) || i == 49) {
        open_lanes(e, s, dir);
        return;
      }
      store_close(&s->store);
    }
    sys_sleep_ns(100 * PRAC_MS);
  }
  prac_log(&e->log, &ev_no_store, "live numbers only: %s", err.text);
}

/* Accounts that root made before the first start, or brought back from a copy, become the role's.
 */
static prac_rc own_accounts(const struct role_env *e, struct prac_err *reterr)
{
  static const char *const ends[] = {"", "-wal", "-shm"};
  char path[ROLE_PATH];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ends); i++) {
    (void)snprintf(path, sizeof path, "%s/%s%s", e->real_data, ROLE_ACCOUNTS, ends[i]);
    PRAC_TRY(role_own_file(path, e->uid, reterr));
  }
  return PRAC_OK;
}

/* The client's secret: a line of a file. */
static prac_rc read_secret(const char *path, char **ret, struct prac_err *reterr)
{
  uint8_t *data = NULL;
  size_t n = 0;
  if (*path) PRAC_TRY(sys_read_file(path, SECRET_MAX, &data, &n, reterr));
  size_t len = 0;
  while (len < n && data[len] != '\r' && data[len] != '\n') len++;
  *ret = strndup(n ? (const char *)data : "", len);
  if (data) explicit_bzero(data, n);
  free(data);
  return *ret ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the client's secret");
}

/* Who else says who somebody is; what it takes of the system's files. */
static prac_rc prepare_oidc(struct role_env *e, struct portal_role *s, struct prac_err *reterr)
{
  struct oidc_env env;
  prac_rc rc = portal_oidc_settings(e->settings, &env, &s->rules, reterr);
  if (rc != PRAC_OK) return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
  PRAC_TRY(read_secret(env.conf->secret_file, &s->secret, reterr));
  PRAC_TRY(role_net_read(&s->net, env.conf->ca_file, &env.conf->dns, reterr));
  env.secret = s->secret;
  env.net = &s->net.net;
  s->oidc = env;
  s->by_oidc = &s->oidc;
  return PRAC_OK;
}

/* Where addresses are says which of them a reader may see: without it, only scopes of prefixes
 * show any. */
static prac_rc prepare(struct role_env *e, void *st, struct prac_err *reterr)
{
  static const struct prac_log_event no_places = {
      "portal_no_places", PRAC_LOG_WARN,
      "see the settings of lookup; readers of countries and networks are shown no addresses"};
  struct portal_role *s = st;
  struct prac_err err = {0};
  const struct portal_conf *p = prac_conf_get(e->settings, "portal", 0);
  PRAC_TRY(own_accounts(e, reterr));
  PRAC_TRY(prepare_oidc(e, s, reterr));
  if (e->http_fd < 0) PRAC_TRY(role_listen_http(p->listen, &e->http_fd, reterr));
  const struct lookup_conf *c = prac_conf_get(e->settings, lookup_conf_section.path, 0);
  if (lookup_new(c, prac_now(&e->clock), &e->log, &s->geo, &err) != PRAC_OK)
    prac_log(&e->log, &no_places, "%s", err.text);
  if (where_is_outside(e->settings)) open_store(e, s);
  return PRAC_OK;
}

/* Once: who asked hears of it when the bus is away, and may ask again. */
static prac_rc say(void *arg, const struct model_kind *k, const void *rec, const char *subject,
                   const char *id, struct prac_err *reterr)
{
  struct portal_role *s = arg;
  struct prac_json j = prac_json_of(0);
  model_to_json(k, rec, &j);
  prac_rc rc =
      j.bad ? PRAC_NOMEM : s->bus.ops->publish(s->bus.st, subject, id, j.buf, j.len, reterr);
  if (rc == PRAC_OK) rc = s->bus.ops->flush(s->bus.st, PRAC_SEC, reterr);
  prac_json_done(&j);
  return rc;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct portal_role *s = st;
  char accounts[ROLE_PATH];
  static const char *const all[] = {""};
  if (!where_is_outside(e->settings)) open_store(e, s);
  const struct portal_conf *set = prac_conf_get(e->settings, "portal", 0);
  s->conf = *set;
  if (e->listen) s->conf.listen = e->listen;
  const char *open = portal_open_text(&s->conf);
  if (open) prac_log(&e->log, &ev_open, "%s %s", s->conf.listen, open);
  struct portal_env env = {.store = s->store.ops ? &s->store : NULL,
                           .fed_as = ROLE_STORE_CONSUMER,
                           .say = say,
                           .say_arg = s,
                           .geo = s->geo,
                           .listen_fd = e->http_fd,
                           .clock = &e->clock,
                           .oidc = s->by_oidc,
                           .accounts = role_path(e, ROLE_ACCOUNTS, accounts),
                           .version = PRACTICE_VERSION,
                           .disk = where_is_outside(e->settings) ? NULL
                                                                 : role_path(e, "store", s->disk),
                           .counters = e->others,
                           .n_counters = e->n_others,
                           .log = &e->log};
  for (int i = 1; i < PORTAL_LANES; i++)
    if (s->lanes[i].ops) env.lanes[i] = &s->lanes[i];
  PRAC_TRY(portal_open(&s->conf, &env, &s->portal, reterr));
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, all, 1, false, reterr));
  int64_t next = 0;
  while (!stop_asked()) {
    struct bus_msg m;
    prac_rc rc = s->bus.ops->fetch(s->bus.st, 100 * PRAC_MS, &m, reterr);
    if (rc == PRAC_OK) portal_take(s->portal, &m);
    if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
    int64_t now = sys_mono_ns();
    if (now < next) continue;
    next = now + 200 * PRAC_MS;
    portal_tick(s->portal, PRAC_TIME_NONE);
  }
  return PRAC_OK;
}

static void done(void *st)
{
  struct portal_role *s = st;
  portal_close(&s->portal);
  bus_close(&s->bus);
  for (int i = 1; i < PORTAL_LANES; i++) store_close(&s->lanes[i]);
  store_close(&s->store);
  lookup_unref(&s->geo);
  role_net_done(&s->net);
  if (s->secret) explicit_bzero(s->secret, strlen(s->secret));
  free(s->secret);
  free(s->rules);
}

const struct role role_portal = {
    .name = "portal",
    .about = "the page and the API",
    .state_size = sizeof(struct portal_role),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT | SYS_MAY_SERVE | SYS_MAY_THREADS,
    .drain = 5,
    .dirs = "portal",
    .mode = 0700,
    .prepare = prepare,
    .run = run,
    .done = done,
};
