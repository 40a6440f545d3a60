/* `practice run`: everything on one box, in one command. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/settings.h"
#include "app/settings_check.h"
#include "app/supervisor.h"

struct opts {
  const char *config, *data, *listen;
  double speed;
  bool once, json;
  struct cmd_rest files;
};
static const struct cmd_option options[] = {
    {"--config", "FILE", "settings: sensors, engines, store, ...", CMD_TEXT,
     offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--listen", "ADDRESS:PORT", "of the page; else portal.listen", CMD_TEXT,
     offsetof(struct opts, listen)},
    {"--speed", "X", "play captures at X times real time, 0: at once; else each sensor's own",
     CMD_REAL, offsetof(struct opts, speed), .dflt = "-1", .lo = -1, .hi = 1e9},
    {"--once", NULL, "end when all captures are played and everything is stored", CMD_FLAG,
     offsetof(struct opts, once)},
    {"--json", NULL, "alerts as JSON lines, also on a terminal", CMD_FLAG,
     offsetof(struct opts, json)},
    {"[FILE...]", NULL, "captures to play, each a sensor; NAME=FILE names it", CMD_REST,
     offsetof(struct opts, files)},
};
extern const struct cmd cmd_run;

/* The name of a sensor: NAME=FILE or the file's own, in the letters a name may have. */
static const char *name_sensor(const char *arg, char name[32])
{
  const char *eq = strchr(arg, '='), *slash = strchr(arg, '/');
  bool named = eq && eq > arg && (!slash || eq < slash);
  const char *path = named ? eq + 1 : arg;
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  size_t len = named ? (size_t)(eq - arg) : strcspn(base, ".");
  (void)snprintf(name, 32, "%.*s", (int)(len < 31 ? len : 31), named ? arg : base);
  for (char *c = name; *c; c++) {
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c)) *c = '-';
  }
  return path;
}

/* Sensors for captures named on the command line. */
static prac_rc make_sensors(struct supervisor *s, const struct opts *o, struct prac_err *err)
{
  size_t n = o->files.n;
  if (n == 0) return PRAC_OK;
  size_t heads = (n + 1) * sizeof *s->made, names = n * 32, ptrs = n * sizeof(const char *);
  char *block = calloc(1, heads + ptrs + names);
  if (!block) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for %zu files", n);
  s->made = (void *)block;
  const char **paths = (void *)(block + heads);
  char *name = block + heads + ptrs;
  for (size_t i = 0; i < n; i++, name += 32) {
    paths[i] = name_sensor(o->files.v[i], name);
    /* Whoever has typed it is still there; a file of the settings may come later. */
    if (strcmp(paths[i], "-") != 0 && access(paths[i], R_OK) != 0)
      return PRAC_FAIL(err, PRAC_IO, "%s: %s", paths[i], strerrordesc_np(errno));
    prac_conf_defaults(&sensors_conf_section, &s->made[i]);
    s->made[i].name = name;
    s->made[i].files = (struct prac_conf_strings){&paths[i], 1};
  }
  return PRAC_OK;
}

/* Where a browser finds the page. */
static const char *page_address(int fd, char out[96])
{
  char host[INET6_ADDRSTRLEN] = "";
  struct sockaddr_storage a = {0};
  socklen_t n = sizeof a;
  const struct sockaddr_in *a4 = (const void *)&a;
  const struct sockaddr_in6 *a6 = (const void *)&a;
  if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) return "?";
  bool six = a.ss_family == AF_INET6;
  (void)inet_ntop(a.ss_family, six ? (const void *)&a6->sin6_addr : (const void *)&a4->sin_addr,
                  host, sizeof host);
  (void)snprintf(out, 96, six ? "http://[%s]:%u" : "http://%s:%u", host,
                 ntohs(six ? a6->sin6_port : a4->sin_port));
  return out;
}

static void welcome(const struct supervisor *s)
{
  size_t players = s->board->n_players;
  char page[96];
  const char *me = program_invocation_name, *data = s->v[0].env.real_data;
  fprintf(stderr,
          "practice %s: %zu sensor%s (%zu playing captures, %zu live), %zu honeypot%s\n"
          "  page   %s\n"
          "  data   %s (letters: notify/mbox/alerts.mbox, JSON lines: "
          "notify/jsonl/alerts.jsonl)\n"
          "  rights %s\n"
          "Alerts appear below and on the page as they open and close. Ctrl-C ends everything in "
          "order.\n"
          "Try next, in another terminal:\n"
          "  what is knocked on most         %s query top by=port limit=20 --store %s/store\n"
          "  why there is an alert           %s explain ID --store %s/store\n"
          "                                  (an alert's ID stands in brackets at its end)\n"
          "  one of your own captures        %s replay FILE.pcap\n"
          "  a live interface                %s settings --example > my.yaml; set "
          "sensors.interface\n\n",
          PRACTICE_VERSION, s->n_sensors, s->n_sensors == 1 ? "" : "s", players,
          s->n_sensors - players, s->n_honeypots, s->n_honeypots == 1 ? "" : "s",
          page_address(s->http_fd, page), data,
          s->v[0].env.uid >= 0 ? "each role has a uid, a root directory and system calls of its own"
                               : "each role has system calls of its own (start as root for uids)",
          me, data, me, data, me, me);
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  int st = cmd_parse(&cmd_run, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  struct supervisor *s = calloc(1, sizeof *s);
  if (!s) return CMD_ENVIRONMENT;
  s->bus_fd = s->http_fd = s->lock_fd = -1;
  s->once = o.once;
  prac_rc rc = settings_load(o.config, &conf, &err);
  s->settings = conf;
  if (rc == PRAC_OK) rc = settings_check_sensors(conf, &err);
  if (rc == PRAC_OK) rc = make_sensors(s, &o, &err);
  if (rc == PRAC_OK) rc = supervisor_init(s, o.data, o.listen, &err);
  /* A hub watches through its sites. */
  if (rc == PRAC_OK && s->n_sensors + s->n_honeypots == 0 && s->run->bus == RUN_BUS_LOCAL)
    rc =
        PRAC_FAIL(&err, PRAC_RANGE,
                  "nothing to watch: name captures (practice run FILE...), or sensors or honeypots "
                  "in --config");
  for (size_t i = 0; rc == PRAC_OK && i < s->n; i++) {
    s->v[i].env.speed = o.speed;
    if (o.json) s->v[i].env.json = true;
  }
  if (rc == PRAC_OK) {
    welcome(s);
    rc = supervisor_run(s, &err);
  }
  st = rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
  supervisor_done(s);
  prac_conf_free(&conf);
  free(s);
  return st;
}

const struct cmd cmd_run = {
    .name = "run",
    .about = "all roles on this box: sensors to page",
    .group = "run it",
    .text = "Starts every role as a process with just the rights it needs, starts it again when it "
            "dies, and serves the page. Captures are played as if they happened now, at --speed. "
            "What a role has been told to keep is on disk before anybody is told so: any of them "
            "may be killed at any time.",
    .examples = "practice run --config practice.yaml\tthe sensors of the settings\n"
                "practice run --speed 60 tokyo=day.pcap.gz\ta capture, an hour a minute\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
