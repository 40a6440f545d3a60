/* `practice bus`, `practice sensor`, ...: one role alone, the same code as under `practice run`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd.h"
#include "app/settings.h"
#include "app/stop.h"
#include "app/supervisor.h"

struct opts {
  const char *config, *data, *name, *test;
  double speed;
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

static const struct cmd_option notify_options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--test", "TENANT",
     "only tell this tenant a made attack, by all its ways, and say how it went", CMD_TEXT,
     offsetof(struct opts, test)},
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

static int run_role(const struct cmd *c, const struct role *r, int argc, char **argv)
{
  struct opts o = {0};
  static struct board board;
  struct role_env e;
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  int st = cmd_parse(c, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  prac_rc rc = settings_load(o.config, &conf, &err);
  if (rc == PRAC_OK) rc = supervisor_env(&e, r, conf, o.data, &err);
  if (rc == PRAC_OK && r == &role_sensor) rc = find_sensor(&e, o.name, &err);
  if (rc == PRAC_OK) {
    e.board = &board;
    e.board->n_players = 1;
    atomic_store(&board.rows[0].safe, INT64_MIN + 1);
    if (r == &role_sensor) e.speed = o.speed;
    e.test = o.test;
    rc = role_make_dirs(&e, &err);
  }
  if (rc == PRAC_OK) {
    stop_install();
    st = supervisor_role_main(&e) == 0 ? CMD_OK : CMD_FAILED;
  } else {
    st = cmd_fail(&err);
  }
  prac_conf_free(&conf);
  return st;
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
      .about = about_text,                                                                         \
      .group = "run it",                                                                           \
      .text =                                                                                      \
          "One role of `practice run` alone, for a supervisor of your own. It meets the others "   \
          "at DATA/bus.sock.",                                                                     \
      .examples = "practice " #r " --config practice.yaml\tthis role only\n",                      \
      .options = opts_table,                                                                       \
      .n_options = PRAC_ARRAY_LEN(opts_table),                                                     \
      .run = run_##r,                                                                              \
  };
ROLE(bus, "one role: the log between the others", options)
ROLE(sensor, "one role: packets in, flow records out", sensor_options)
ROLE(store, "one role: keeps every record", options)
ROLE(engine, "one role: looks for what is out of the ordinary", options)
ROLE(alert, "one role: findings become alerts", options)
ROLE(portal, "one role: the page and the API", options)
ROLE(notify, "one role: tells people and machines", notify_options)
