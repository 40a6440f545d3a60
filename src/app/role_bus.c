/* The broker of the local bus as a process: it may touch its log, its listening socket, nothing
 * else. */
#include <stdio.h>
#include <stdlib.h>

#include "app/roles.h"
#include "app/stop.h"
#include "bus/broker.h"
#include "sys/rights.h"

struct bus_role {
  struct bus_rule rules[SENSORS_MAX + 8];
  char names[SENSORS_MAX][48];
  size_t n_rules;
};
static const char *const pub_sensor[] = {"flow.%", "health.%", NULL};
static const char *const pub_engine[] = {"finding.", "mark.engine", NULL};
static const char *const pub_alert[] = {"alert.", NULL};
static const char *const sub_all[] = {"", NULL};
static const char *const sub_engine[] = {"flow.", "health.", NULL};
static const char *const sub_alert[] = {"finding.", "mark.", NULL};
static const char *const pub_collector[] = {"episode.", "mark.collector", NULL};
static const char *const sub_collector[] = {"hit.", "health.", NULL};
static const char *const sub_notify[] = {"episode.", "alert.", NULL};
static const char *const expect[] = {"store", "engine", "alert", "notify", NULL};

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
      {.client = "portal", .sub = sub_all, .uid = own ? base + 4 : BUS_ANY_UID},
      {.client = "collector",
       .pub = pub_collector,
       .sub = sub_collector,
       .derived = true,
       .uid = BUS_ANY_UID},
      {.client = "notify", .sub = sub_notify, .uid = own ? base + 5 : BUS_ANY_UID},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(fixed); i++) s->rules[s->n_rules++] = fixed[i];
  size_t n = prac_conf_count(e->settings, "sensors");
  for (size_t i = 0; own && i < n && i < SENSORS_MAX; i++) {
    const struct sensor_conf *c = prac_conf_get(e->settings, "sensors", i);
    (void)snprintf(s->names[i], sizeof s->names[i], "sensor.%s", c->name);
    s->rules[s->n_rules++] =
        (struct bus_rule){.client = s->names[i], .pub = pub_sensor, .uid = base + 10 + (int64_t)i};
  }
  /* Captures named on the command line, and sensors started by hand. */
  s->rules[s->n_rules++] =
      (struct bus_rule){.client = "sensor.", .pub = pub_sensor, .uid = BUS_ANY_UID};
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
                              .expect = expect,
                              .clock = &e->clock,
                              .log = &e->log};
  const struct bus_broker_conf *c = prac_conf_get(e->settings, "bus", 0);
  PRAC_TRY(bus_broker_new(c, &o, &b, reterr));
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && !stop_asked()) rc = bus_broker_step(b, PRAC_SEC, reterr);
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
    .done = done,
};
