/* `practice bus`, `practice sensor`, ...: one role alone, the same code as under `practice run`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/settings.h"
#include "app/settings_check.h"
#include "app/stop.h"
#include "app/supervisor.h"
#include "app/workers.h"
#include "bus/bus.h"
#include "bus/local_client.h"
#include "bus/nats_client.h"
#include "honeypot/sensor.h"
#include "model/subscription.h"

struct opts {
  const char *config, *data, *name, *forget, *test;
  double speed;
  bool new_key, erase;
};
static const struct cmd_option options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
};
static const struct cmd_option sensor_options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--name", "NAME", "which of the configured sensors; else the first", CMD_TEXT,
     offsetof(struct opts, name)},
    {"--speed", "X", "play captures at X times real time, 0: at once; else the sensor's own",
     CMD_REAL, offsetof(struct opts, speed), .dflt = "-1", .lo = -1, .hi = 1e9},
};

static const struct cmd_option bus_options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--forget", "NAME",
     "tell the running bus that the consumer NAME is gone for good, and end: it holds nothing back "
     "any more",
     CMD_TEXT, offsetof(struct opts, forget)},
    {"--erase-secrets", NULL,
     "with run.bus nats: erase from the servers' disks what was said of subscriptions and has been "
     "read, and end: secrets of webhooks stood there in clear before they were sealed",
     CMD_FLAG, offsetof(struct opts, erase)},
};

static const struct cmd_option honeypot_options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--name", "NAME", "which of the configured honeypots; else the first", CMD_TEXT,
     offsetof(struct opts, name)},
};

static const struct cmd_option notify_options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--test", "TENANT",
     "only tell this tenant a made attack, by all its ways, and say how it went", CMD_TEXT,
     offsetof(struct opts, test)},
    {"--new-key", NULL,
     "only make another key, which secrets of subscribers' webhooks are sealed to from now on; the "
     "running notifier takes it by itself",
     CMD_FLAG, offsetof(struct opts, new_key)},
};

static prac_rc find_sensor(struct role_env *e, const char *name, struct prac_err *err)
{
  size_t n = prac_conf_count(e->settings, "sensors");
  for (size_t i = 0; i < n; i++) {
    const struct sensor_conf *c = prac_conf_get(e->settings, "sensors", i);
    if (name && strcmp(c->name, name) != 0) continue;
    e->sensor = c;
    if ((size_t)snprintf(e->name, sizeof e->name, "sensor.%s", c->name) >= sizeof e->name)
      return PRAC_FAIL(err, PRAC_RANGE, "sensor name too long: %s", c->name);
    return PRAC_OK;
  }
  return PRAC_FAIL(err, PRAC_UNKNOWN, "no sensor %s in the settings", name ? name : "at all");
}

static prac_rc find_honeypot(struct role_env *e, const char *name, struct prac_err *err)
{
  size_t n = prac_conf_count(e->settings, "honeypots");
  for (size_t i = 0; i < n; i++) {
    const struct hp_conf *c = prac_conf_get(e->settings, "honeypots", i);
    if (name && strcmp(c->name, name) != 0) continue;
    e->honeypot = c;
    if ((size_t)snprintf(e->name, sizeof e->name, "honeypot.%s", c->name) >= sizeof e->name)
      return PRAC_FAIL(err, PRAC_RANGE, "honeypot name too long: %s", c->name);
    return PRAC_OK;
  }
  return PRAC_FAIL(err, PRAC_UNKNOWN, "no honeypot %s in the settings", name ? name : "at all");
}

static prac_rc find_worker(struct role_env *e, const char *name, struct prac_err *err)
{
  size_t n = prac_conf_count(e->settings, "workers");
  PRAC_TRY(workers_check(e->settings, err));
  for (size_t i = 0; i < n; i++) {
    const struct worker_conf *w = prac_conf_get(e->settings, "workers", i);
    if (name && strcmp(w->name, name) != 0) continue;
    worker_is(e, w);
    return PRAC_OK;
  }
  if (!name) return PRAC_OK; /* the only one: all engines */
  return PRAC_FAIL(err, PRAC_UNKNOWN, "no worker %s in the settings", name);
}

static prac_rc forget(const struct role_env *e, const char *name, struct prac_err *err)
{
  char path[ROLE_PATH];
  uint64_t left = 0;
  if (e->run->bus != RUN_BUS_LOCAL)
    return PRAC_FAIL(err, PRAC_UNSUPPORTED,
                     "run.bus is nats: delete the consumer %s of the stream on the server", name);
  PRAC_TRY(bus_local_forget(role_path(e, "bus.sock", path), BUS_OPERATOR, name, 10 * PRAC_SEC,
                            &left, err));
  printf("%s is forgotten; it had not dealt with %" PRIu64 " messages\n", name, left);
  return PRAC_OK;
}

static prac_rc erase(const struct role_env *e, struct prac_err *err)
{
  const struct bus_nats_conf *c = prac_conf_get(e->settings, bus_nats_section.path, 0);
  const struct bus_env env = {.client = BUS_OPERATOR, .log = &e->log};
  const struct bus_nats_erase what = {model_subscription.name, role_notify.name, 10 * PRAC_SEC};
  uint64_t n = 0;
  bool left = false;
  if (e->run->bus != RUN_BUS_NATS)
    return PRAC_FAIL(err, PRAC_UNSUPPORTED,
                     "run.bus is local: its segments go by themselves (docs/operations/portal.md)");
  prac_rc rc = bus_nats_erase(c, &env, &what, &n, &left, err);
  printf("%" PRIu64 " messages are erased%s\n", n,
         left ? "; there are more that notify has not read: again when it has" : "");
  return rc;
}

/* Ends the process, as a supervised role does: threads that libraries leave behind do not survive
 * exit handlers (cmd.h). */
static prac_rc live(struct role_env *e, double speed, struct prac_err *err)
{
  static struct board board;
  e->board = &board;
  e->board->n_players = 1;
  atomic_store(&board.rows[0].safe, INT64_MIN + 1);
  if (e->role == &role_sensor) e->speed = speed;
  PRAC_TRY(role_make_dirs(e, err));
  stop_install();
  int st = supervisor_role_main(e) == 0 ? CMD_OK : CMD_FAILED;
  (void)fflush(NULL);
  _exit(st);
}

static int run_with(const struct role *r, const struct opts *o)
{
  struct role_env e;
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  int st = CMD_OK;
  prac_rc rc = settings_load(o->config, &conf, &err);
  if (rc == PRAC_OK) rc = settings_check_sensors(conf, &err);
  if (rc == PRAC_OK) rc = supervisor_env(&e, r, conf, o->data, &err);
  if (rc == PRAC_OK && r == &role_sensor) rc = find_sensor(&e, o->name, &err);
  if (rc == PRAC_OK && r == &role_honeypot) rc = find_honeypot(&e, o->name, &err);
  if (rc == PRAC_OK && r == &role_engine) rc = find_worker(&e, o->name, &err);
  e.test = o->test;
  e.new_key = o->new_key;
  if (rc == PRAC_OK && o->erase)
    rc = erase(&e, &err);
  else if (rc == PRAC_OK)
    rc = o->forget ? forget(&e, o->forget, &err) : live(&e, o->speed, &err);
  if (rc != PRAC_OK) st = cmd_fail(&err);
  prac_conf_free(&conf);
  return st;
}

int cmd_role_alone(const struct role *r, const char *config, const char *data, const char *name)
{
  const struct opts o = {.config = config, .data = data, .name = name};
  return run_with(r, &o);
}

static int run_role(const struct cmd *c, const struct role *r, int argc, char **argv)
{
  struct opts o = {0};
  int st = cmd_parse(c, argc, argv, &o, sizeof o);
  return st == CMD_GO ? run_with(r, &o) : st;
}

/* The table rows of the commands differ in their names only. */
#define ROLE(r, about_text, opts_table)                                                            \
  extern const struct cmd cmd_##r;                                                                 \
  static int run_##r(int argc, char **argv)                                                        \
  {                                                                                                \
    return run_role(&cmd_##r, &role_##r, argc, argv);                                              \
  }                                                                                                \
  const struct cmd cmd_##r = {                                                                     \
      .name = #r,                                                                                  \
      .about = (about_text),                                                                       \
      .group = "run it",                                                                           \
      .text =                                                                                      \
          "One role of `practice run` alone, for a supervisor of your own. It meets the others "   \
          "at DATA/bus.sock.",                                                                     \
      .examples = "practice " #r " --config practice.yaml\tthis role only\n",                      \
      .options = (opts_table),                                                                     \
      .n_options = PRAC_ARRAY_LEN(opts_table),                                                     \
      .run = run_##r,                                                                              \
  };
ROLE(bus, "one role: the log between the others", bus_options)
ROLE(sensor, "one role: packets in, flow records out", sensor_options)
ROLE(honeypot, "one role: records amplification attacks, never amplifies them", honeypot_options)
ROLE(collector, "one role: hits of honeypots become attacks", options)
ROLE(alert, "one role: findings become alerts", options)
ROLE(portal, "one role: the page and the API", options)
ROLE(notify, "one role: tells people and machines", notify_options)
