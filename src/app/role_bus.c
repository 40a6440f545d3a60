/* The broker of the local bus as a process: it may touch its log, its listening socket, nothing
 * else. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/roles.h"
#include "app/stop.h"
#include "app/workers.h"
#include "bus/broker.h"
#include "honeypot/sensor.h"
#include "sys/rights.h"

struct bus_role {
  struct bus_rule rules[SENSORS_MAX + HONEYPOTS_MAX + WORKERS_MAX + 8];
  char names[SENSORS_MAX + HONEYPOTS_MAX + WORKERS_MAX][48];
  const char *expect[WORKERS_MAX + 8]; /* NULL-terminated */
  size_t n_names, n_rules, n_expect;
};
static const char *const pub_sensor[] = {"flow.%", "packet.%", "health.%", NULL};
static const char *const pub_honeypot[] = {"hit.%", "packet.%", "health.%", "finding.honeypot.%",
                                           NULL};
static const char *const pub_engine[] = {"finding.", "mark.engine", NULL};
static const char *const pub_worker[] = {"finding.", "mark.%", NULL};
static const char *const pub_collector[] = {"episode.", "finding.drdos", "tick.collector", NULL};
static const char *const pub_alert[] = {"alert.", "finding.watch", "tick.alert", NULL};
static const char *const pub_portal[] = {"decision.", "subscription.", "errand.", NULL};
static const char *const pub_notify[] = {"told.", "delivery.", NULL};
static const char *const sub_all[] = {"", NULL};
static const char *const sub_engine[] = {"flow.", "health.", NULL};
static const char *const sub_collector[] = {"hit.", "health.", "tick.collector", NULL};
static const char *const sub_alert[] = {"finding.", "mark.", "health.", "tick.alert", NULL};
static const char *const sub_honeypot[] = {"episode.", NULL};
static const char *const sub_notify[] = {"episode.all", "alert.", "subscription.", "errand.", NULL};
static const char *const expect[] = {"store", "alert", "collector", "notify"}; /* and the engines */

static struct bus_rule *add_rule(struct bus_role *s, const char *role, const char *name,
                                 const char *const *pub, const char *const *sub, int64_t uid)
{
  char *client = s->names[s->n_names++];
  (void)snprintf(client, sizeof s->names[0], "%s.%s", role, name);
  s->rules[s->n_rules] = (struct bus_rule){.client = client, .pub = pub, .sub = sub, .uid = uid};
  return &s->rules[s->n_rules++];
}

/* The engines, in one process or in several, whose places are kept from the first message on. */
static void add_workers(const struct role_env *e, struct bus_role *s)
{
  size_t n = prac_conf_count(e->settings, "workers");
  for (s->n_expect = 0; s->n_expect < PRAC_ARRAY_LEN(expect); s->n_expect++)
    s->expect[s->n_expect] = expect[s->n_expect];
  if (n == 0) s->expect[s->n_expect++] = role_engine.name;
  for (size_t i = 0; i < n && i < WORKERS_MAX; i++) {
    const struct worker_conf *c = prac_conf_get(e->settings, "workers", i);
    int64_t uid = e->uid >= 0 ? e->run->uid_base + ROLE_UID_WORKER + (int64_t)i : BUS_ANY_UID;
    struct bus_rule *r = add_rule(s, role_engine.name, c->name, pub_worker, sub_engine, uid);
    r->derived = true;
    s->expect[s->n_expect++] = r->client;
  }
}

/* Who may say and hear what. uid: base + the role's place, see role_uid. */
static void make_rules(const struct role_env *e, struct bus_role *s)
{
  bool own = e->uid >= 0;
  int64_t base = e->run->uid_base;
  const struct bus_rule fixed[] = {
      {.client = "store", .sub = sub_all, .uid = own ? base + 1 : BUS_ANY_UID},
      {.client = "engine",
       .pub = pub_engine,
       .sub = sub_engine,
       .derived = true,
       .uid = own ? base + 2 : BUS_ANY_UID},
      {.client = "alert",
       .pub = pub_alert,
       .sub = sub_alert,
       .derived = true,
       .uid = own ? base + 3 : BUS_ANY_UID},
      {.client = "portal", .pub = pub_portal, .sub = sub_all, .uid = own ? base + 4 : BUS_ANY_UID},
      {.client = "collector",
       .pub = pub_collector,
       .sub = sub_collector,
       .derived = true,
       .uid = own ? base + 5 : BUS_ANY_UID},
      {.client = "notify",
       .pub = pub_notify,
       .sub = sub_notify,
       .uid = own ? base + 6 : BUS_ANY_UID},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(fixed); i++) s->rules[s->n_rules++] = fixed[i];
  /* `practice bus --forget`: root, or who the bus itself runs as. */
  s->rules[s->n_rules++] =
      (struct bus_rule){.client = BUS_OPERATOR, .forget = true, .uid = (int64_t)geteuid()};
  size_t n = prac_conf_count(e->settings, "sensors");
  for (size_t i = 0; own && i < n && i < SENSORS_MAX; i++) {
    const struct sensor_conf *c = prac_conf_get(e->settings, "sensors", i);
    (void)add_rule(s, "sensor", c->name, pub_sensor, NULL, base + ROLE_UID_SENSOR + (int64_t)i);
  }
  n = prac_conf_count(e->settings, "honeypots");
  for (size_t i = 0; own && i < n && i < HONEYPOTS_MAX; i++) {
    const struct hp_conf *c = prac_conf_get(e->settings, "honeypots", i);
    (void)add_rule(s, "honeypot", c->name, pub_honeypot, sub_honeypot,
                   base + ROLE_UID_HONEYPOT + (int64_t)i);
  }
  add_workers(e, s);
  /* Captures named on the command line, and sensors started by hand. */
  s->rules[s->n_rules++] =
      (struct bus_rule){.client = "sensor.", .pub = pub_sensor, .uid = BUS_ANY_UID};
  s->rules[s->n_rules++] = (struct bus_rule){
      .client = "honeypot.", .pub = pub_honeypot, .sub = sub_honeypot, .uid = BUS_ANY_UID};
}

static struct prac_counters table_of(const struct bus_broker *b)
{
  return (struct prac_counters){.room = "bus",
                                .defs = bus_broker_counter_defs,
                                .values = b ? bus_broker_counters(b) : NULL,
                                .n = bus_broker_counter_count};
}
static size_t counters(struct role_env *e, struct prac_counters *to, size_t max)
{
  (void)e;
  if (max == 0) return 0;
  to[0] = table_of(NULL);
  return 1;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct bus_role *s = st;
  char dir[ROLE_PATH], socket[ROLE_PATH];
  struct bus_broker *b = NULL;
  make_rules(e, s);
  struct bus_broker_open o = {.dir = role_path(e, "bus", dir),
                              .socket = role_path(e, "bus.sock", socket),
                              .listen_fd = e->bus_fd,
                              .rules = s->rules,
                              .n_rules = s->n_rules,
                              .expect = s->expect,
                              .clock = &e->clock,
                              .log = &e->log};
  const struct bus_broker_conf *c = prac_conf_get(e->settings, "bus", 0);
  PRAC_TRY(bus_broker_new(c, &o, &b, reterr));
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && !stop_asked()) {
    rc = bus_broker_step(b, PRAC_SEC, reterr);
    const struct prac_counters now = table_of(b);
    role_show(e, &now);
  }
  bus_broker_free(&b);
  return rc;
}

static void done(void *st)
{
  (void)st;
}

const struct role role_bus = {
    .name = "bus",
    .about = "keeps what the roles tell each other, on disk, until everybody has dealt with it",
    .state_size = sizeof(struct bus_role),
    .may = SYS_MAY_FILES | SYS_MAY_SERVE,
    .drain = 9,
    .dirs = "bus",
    .mode = 0750,
    .run = run,
    .counters = counters,
    .done = done,
};
