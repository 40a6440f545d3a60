/* `practice explain`: why is there this alert? The answer for a person, or as JSON lines. */
#include <stdio.h>
#include <stdlib.h>

#include "app/cmd.h"
#include "app/explain.h"
#include "app/settings.h"

struct opts {
  const char *store, *config, *what;
  uint64_t rows;
  bool json;
};
static const struct cmd_option options[] = {
    {"--store", "DIR", "directory of the store", CMD_TEXT, offsetof(struct opts, store),
     .dflt = "./practice-data"},
    {"--json", NULL, "JSON lines: the alert, its findings, the rows", CMD_FLAG,
     offsetof(struct opts, json)},
    {"--rows", "N", "rows of flows to show", CMD_U64, offsetof(struct opts, rows), .dflt = "20",
     .hi = 100000},
    {"--config", "FILE", "today's settings, to compare with those of the findings", CMD_TEXT,
     offsetof(struct opts, config)},
    {"WHAT", NULL, "id of an alert or finding, or a key such as country:MM", CMD_TEXT,
     offsetof(struct opts, what)},
};
extern const struct cmd cmd_explain;

static prac_rc explain(const struct opts *o, struct store *s, const struct prac_conf *now,
                       struct prac_err *err)
{
  struct explain *e = calloc(1, sizeof *e);
  struct prac_arena *a = prac_arena_new(64 << 10);
  prac_rc rc = PRAC_OK;
  if (!e || !a) rc = PRAC_FAIL(err, PRAC_NOMEM, "no memory for an answer");
  if (rc == PRAC_OK) rc = explain_load(s, o->what, a, e, err);
  if (rc == PRAC_OK && o->json) rc = explain_json(e, s, (uint32_t)o->rows, stdout, err);
  if (rc == PRAC_OK && !o->json) rc = explain_page(e, s, now, (uint32_t)o->rows, stdout, err);
  if (fflush(stdout) != 0 && rc == PRAC_OK) rc = PRAC_FAIL(err, PRAC_IO, "writing the answer");
  prac_arena_free(&a);
  free(e);
  return rc;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  struct prac_conf *now = NULL;
  struct store s = {0};
  int st = cmd_parse(&cmd_explain, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  const struct store_env env = {.dir = o.store, .read_only = true, .nthreads = 2};
  prac_rc rc = settings_load(o.config, &now, &err);
  if (rc == PRAC_OK) rc = store_open("embedded", NULL, &env, &s, &err);
  if (rc == PRAC_OK) {
    rc = explain(&o, &s, now, &err);
    store_close(&s);
  }
  prac_conf_free(&now);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_explain = {
    .name = "explain",
    .about = "walk an alert back to its findings and flows",
    .group = "ask it",
    .text = "Shows an alert as it was last said, the findings it was made of (engine, version, "
            "settings and seed: the same input gives the same finding again), and the flows "
            "behind it: counts by sensor, port, country and sender, then single rows. A finding's "
            "id shows the finding alone; a key shows its latest alert.",
    .examples = "practice explain a57fa73def31a6813\twhy there is this alert\n"
                "practice explain country:MM --rows 100\tthe latest alert about a country\n"
                "practice explain a57fa73def31a6813 --json\tthe same for a program",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
