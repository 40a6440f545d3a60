/* `practice store`: the role alone; `practice store copy`: one store into another. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/copy.h"
#include "app/roles.h"
#include "app/settings.h"
#include "app/stop.h"
#include "app/supervisor.h"
#include "app/where.h"

struct opts {
  const char *config, *data;
  uint64_t rows;
  struct cmd_rest words;
};
static const struct cmd_option options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--rows", "N", "copy: flows of one transaction, at least", CMD_U64,
     offsetof(struct opts, rows), .dflt = "500k", .lo = 1, .hi = 1e8},
    {"[copy FROM TO...]", NULL, "copy everything from one store to another, and check it", CMD_REST,
     offsetof(struct opts, words)},
};
extern const struct cmd cmd_store;

static void say_log(void *arg, const struct prac_log_event *e, const char *text)
{
  (void)arg;
  fprintf(stderr, "practice: %s%s%s\n", text, e->todo[0] ? "; " : "", e->todo);
}

static prac_rc copy(const struct opts *o, const struct prac_conf *conf, struct prac_err *err)
{
  const char *from = o->words.v[1], *to = o->words.v[2];
  struct prac_log log = {.sink = say_log, .least = PRAC_LOG_WARN};
  struct store_env env = {.nthreads = 2, .log = &log, .read_only = true};
  struct store a = {0}, b = {0};
  struct copy_done done;
  prac_rc rc = where_open(from, conf, &env, &a, err);
  env.read_only = false;
  if (rc == PRAC_OK) rc = where_open(to, conf, &env, &b, err);
  if (rc == PRAC_OK) rc = copy_store(&(struct copy_plan){&a, &b, from, o->rows}, &done, err);
  if (rc == PRAC_STOPPED)
    fprintf(stderr, "practice: interrupted; the same command goes on where this one stopped\n");
  store_close(&a);
  store_close(&b);
  if (rc == PRAC_OK)
    printf("copied %" PRIu64 " flows in %" PRIu64 " batches and %" PRIu64
           " records; both stores have the same\n",
           done.flows, done.batches, done.records);
  return rc;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  int st = cmd_parse(&cmd_store, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (o.words.n == 0) return cmd_role_alone(&role_store, o.config, o.data, NULL);
  if (strcmp(o.words.v[0], "copy") != 0 || o.words.n != 3)
    return cmd_usage(&cmd_store, "it is: practice store copy FROM TO");
  if (strcmp(o.words.v[1], o.words.v[2]) == 0)
    return cmd_usage(&cmd_store, "FROM and TO must be two places");
  stop_install();
  prac_rc rc = settings_load(o.config, &conf, &err);
  if (rc == PRAC_OK) rc = copy(&o, conf, &err);
  prac_conf_free(&conf);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_store = {
    .name = "store",
    .about = "one role: keeps every record; or copies a store",
    .group = "run it",
    .text =
        "Without operands: the store role of `practice run` alone, for a supervisor of your own. "
        "It meets the others at DATA/bus.sock.\n\n"
        "copy FROM TO moves nothing and copies everything: flows, findings, alerts, attacks, "
        "health. FROM and TO are directories, http(s)://HOST:PORT/DATABASE of a ClickHouse, or "
        "the word clickhouse for what store.clickhouse in the settings says (user, password and "
        "certificates come from there in any case). Nobody else may write to TO meanwhile. "
        "Stopped by Ctrl-C or a crash, the same command goes on where it was. At the end both "
        "stores are counted and must agree, else the exit status is 1.",
    .examples = "practice store --config practice.yaml\tthis role only\n"
                "practice store copy practice-data/store http://127.0.0.1:8123/practice\tgrow out "
                "of one box\n"
                "practice store copy clickhouse old-store --config practice.yaml\tand back\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
