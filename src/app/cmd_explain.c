/* `practice explain`: why is there this alert, and what did this host, port or group do? The answer
 * for a person, or as JSON lines. */
#include <stdio.h>
#include <stdlib.h>

#include "app/cmd.h"
#include "app/explain.h"
#include "app/settings.h"
#include "app/where.h"

struct opts {
  const char *store, *config, *what;
  uint64_t rows, limit;
  prac_time from, to;
  bool json;
};
static const struct cmd_option options[] = {
    {"--store", "WHERE",
     "directory of the store; or http://HOST:PORT/DATABASE of ClickHouse, or clickhouse", CMD_TEXT,
     offsetof(struct opts, store), .dflt = "./practice-data/store"},
    {"--from", "TIME",
     "look from here on; by itself half an hour before the claim, or the last day", CMD_TIME,
     offsetof(struct opts, from)},
    {"--to", "TIME", "look up to here", CMD_TIME, offsetof(struct opts, to)},
    {"--limit", "N", "lines of the table of hosts (of one host: of ports)", CMD_U64,
     offsetof(struct opts, limit), .dflt = "24", .lo = 1, .hi = VIEW_HOSTS_MAX},
    {"--json", NULL, "JSON lines: the alert, its findings, what was seen, the rows", CMD_FLAG,
     offsetof(struct opts, json)},
    {"--rows", "N", "rows of flows to show", CMD_U64, offsetof(struct opts, rows), .dflt = "20",
     .hi = 100000},
    {"--config", "FILE", "today's settings, to compare with those of the findings", CMD_TEXT,
     offsetof(struct opts, config)},
    {"WHAT", NULL,
     "id of an alert or finding, a key such as country:MM, an address, prefix or port", CMD_TEXT,
     offsetof(struct opts, what)},
};
extern const struct cmd cmd_explain;

static prac_rc answer(const struct opts *o, struct store *s, const struct prac_conf *now,
                      struct prac_arena *a, struct explain *e, struct prac_err *err)
{
  struct view_subject u;
  struct view v;
  const struct view_conf c = {
      .span = {o->from, o->to}, .limit = (uint32_t)o->limit, .targets = true};
  uint32_t rows = (uint32_t)o->rows;
  PRAC_TRY(view_subject_find(s, o->what, a, &u, err));
  PRAC_TRY(explain_load(s, &u, a, e, err));
  PRAC_TRY(view_look(s, &u, &c, a, &v, err));
  if (o->json) {
    PRAC_TRY(explain_json(e, s, rows, stdout, err));
    return explain_view_json(&u, &v, stdout);
  }
  if (e->n_findings || e->alert.id) explain_page(e, now, stdout);
  explain_view_page(&u, &v, stdout);
  return explain_rows(e, s, rows, stdout, err);
}

static prac_rc explain(const struct opts *o, struct store *s, const struct prac_conf *now,
                       struct prac_err *err)
{
  struct explain *e = calloc(1, sizeof *e);
  struct prac_arena *a = prac_arena_new(64 << 10);
  prac_rc rc = PRAC_OK;
  if (!e || !a) rc = PRAC_FAIL(err, PRAC_NOMEM, "no memory for an answer");
  if (rc == PRAC_OK) rc = answer(o, s, now, a, e, err);
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
  const struct store_env env = {.dir = o.store, .read_only = true, .nthreads = 2, .again = true};
  prac_rc rc = settings_load(o.config, &now, &err);
  if (rc == PRAC_OK) rc = where_open(o.store, now, &env, &s, &err);
  if (rc == PRAC_OK) {
    rc = explain(&o, &s, now, &err);
    store_close(&s);
  }
  prac_conf_free(&now);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_explain = {
    .name = "explain",
    .about = "walk an alert back to its flows; what a host or port did",
    .group = "ask it",
    .text = "Shows an alert as it was last said, the findings it was made of (engine, version, "
            "settings and seed: the same input gives the same finding again), and the flows "
            "behind it. A finding's id shows the finding alone; a key shows its latest alert."
            "\n\n"
            "Of these, and of any address, prefix or port, it shows what was seen: packets and "
            "hosts minute by minute (by the hour beyond two days), when each sensor saw it first "
            "and last, ports, countries, networks, tools, survey lists, the findings that name it "
            "and those that share its hosts. The table has a line for each host, the most "
            "synchronous first (cosine of its active minutes with those of all others); of one "
            "host it has a line for each port. What retention has removed is said; of a port the "
            "days are then still known from roll-ups. JSON has the exact numbers.",
    .examples = "practice explain a57fa73def31a6813\twhy there is this alert\n"
                "practice explain country:MM --rows 100\tthe latest alert about a country\n"
                "practice explain 203.0.113.9\twhat this host sent where, and when\n"
                "practice explain 52869/tcp --from 2026-06-18T11:00Z --to "
                "2026-06-18T13:00Z\twho came to this port, most synchronous first\n"
                "practice explain a57fa73def31a6813 --json\tthe same for a program",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
