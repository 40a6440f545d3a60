/* `practice engine`: without a name the role of that name; with one, engines over captures or
 * stored flows, whose findings are the answer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/play.h"
#include "app/roles.h"
#include "app/supervisor.h"

struct opts {
  bool json, list;
  const char *data, *name, *worker;
  struct play_opts play;
};
static const struct cmd_option options[] = {
    {"--json", NULL, "one JSON object a line: findings, then a summary", CMD_FLAG,
     offsetof(struct opts, json)},
    {"--list", NULL, "only say which engines there are", CMD_FLAG, offsetof(struct opts, list)},
    {"--state", "FILE",
     "go on from the state there, if there is one, and leave it there: findings as if all input "
     "had come at once. Slots that have begun stay open",
     CMD_TEXT, PLAY_AT(struct opts, play, state)},
    {"--counters", NULL, "all counters of the engines at the end", CMD_FLAG,
     PLAY_AT(struct opts, play, counters)},
    {"--quiet", NULL, "no summary, no progress bar", CMD_FLAG, PLAY_AT(struct opts, play, quiet)},
    PLAY_OPTIONS(struct opts, play),
    {"--data", "DIR", "the role only: where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--worker", "NAME", "the role only: which of the configured workers; else the first", CMD_TEXT,
     offsetof(struct opts, worker)},
    {"[NAME]", NULL, "engine, or several separated by commas, or all; without it: the role",
     CMD_TEXT, offsetof(struct opts, name)},
    {"[FILE...]", NULL, "captures (pcap, pcapng, CSV; also .gz) or - ; NAME=FILE names the sensor",
     CMD_REST, PLAY_AT(struct opts, play, files)},
};

/* How often each kind was said; more different ones than that are one. */
enum { KINDS = 32 };
struct said {
  const char *engine;
  char kind[48];
  uint64_t on, off;
};
struct engine {
  struct opts o;
  struct play play;
  struct prac_json line;
  struct said said[KINDS + 1];
  size_t n_said;
};

static int list_engines(bool as_json)
{
  struct prac_json j = prac_json_of(0);
  for (const struct eng_ops *const *e = eng_list; *e; e++) {
    if (!as_json) {
      printf("%-12s %s\n", (*e)->name, (*e)->about);
      continue;
    }
    prac_json_reset(&j);
    prac_json_open(&j, '{');
    prac_json_key(&j, "name");
    prac_json_str(&j, (*e)->name);
    prac_json_key(&j, "about");
    prac_json_str(&j, (*e)->about);
    prac_json_close(&j, '}');
    if (!j.bad) puts(j.buf);
  }
  prac_json_done(&j);
  return CMD_OK;
}

/* ---- output ---- */

static void tally(struct engine *e, const struct finding *f)
{
  size_t i = 0;
  while (i < e->n_said &&
         (strcmp(e->said[i].engine, f->engine) != 0 || strcmp(e->said[i].kind, f->kind) != 0))
    i++;
  struct said *s = &e->said[i];
  if (i == e->n_said && e->n_said < KINDS) {
    s->engine = eng_find(f->engine) ? eng_find(f->engine)->name : "";
    (void)snprintf(s->kind, sizeof s->kind, "%s", f->kind);
    e->n_said++;
  }
  if (strcmp(f->state, "off") == 0)
    s->off++;
  else
    s->on++;
}

static prac_rc print_json(struct engine *e, const struct finding *f)
{
  prac_json_reset(&e->line);
  prac_json_open(&e->line, '{');
  prac_json_key(&e->line, "finding");
  model_to_json(&model_finding, f, &e->line);
  prac_json_close(&e->line, '}');
  if (e->line.bad) return PRAC_NOMEM;
  return puts(e->line.buf) < 0 ? PRAC_IO : PRAC_OK;
}

static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct engine *e = arg;
  char at[PRAC_TIME_TEXT];
  tally(e, f);
  progress_clear(&e->play.progress);
  if (e->o.json) return print_json(e, f);
  int n = printf("%s  %-3s %" PRIu32 "  %-12s %-24s %10.6g %-14s  %s\n", prac_time_text(at, f->at),
                 f->state, f->level, f->engine, f->key, f->value, f->unit, f->text);
  return n < 0 ? PRAC_IO : PRAC_OK;
}

static void summary_json(struct engine *e)
{
  const struct pipeline_totals *t = pipeline_totals(e->play.p);
  struct prac_json *j = &e->line;
  uint64_t refused, items = play_items(&e->play, &refused);
  prac_json_reset(j);
  prac_json_open(j, '{');
  prac_json_key(j, "summary");
  prac_json_open(j, '{');
  prac_json_key(j, "items");
  prac_json_u64(j, e->o.play.from_store ? t->flows : items);
  prac_json_key(j, "refused");
  prac_json_u64(j, refused);
  prac_json_key(j, "packets");
  prac_json_u64(j, t->packets);
  prac_json_key(j, "flows");
  prac_json_u64(j, t->flows);
  prac_json_key(j, "first");
  prac_json_time(j, t->first);
  prac_json_key(j, "last");
  prac_json_time(j, t->last);
  prac_json_key(j, "findings");
  prac_json_u64(j, t->findings);
  prac_json_key(j, "kinds");
  prac_json_open(j, '[');
  for (size_t i = 0; i < e->n_said; i++) {
    prac_json_open(j, '{');
    prac_json_key(j, "engine");
    prac_json_str(j, e->said[i].engine);
    prac_json_key(j, "kind");
    prac_json_str(j, e->said[i].kind);
    prac_json_key(j, "on");
    prac_json_u64(j, e->said[i].on);
    prac_json_key(j, "off");
    prac_json_u64(j, e->said[i].off);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  if (!j->bad) puts(j->buf);
}

static void summary_text(struct engine *e)
{
  const struct pipeline_totals *t = pipeline_totals(e->play.p);
  char first[PRAC_TIME_TEXT], last[PRAC_TIME_TEXT];
  printf("\n%" PRIu64 " packets in %" PRIu64 " flows, %s .. %s\n", t->packets, t->flows,
         prac_time_text(first, t->first),
         prac_time_text(last, t->last == PRAC_TIME_NONE ? t->last : t->last + PRAC_MIN));
  printf("%" PRIu64 " findings\n", t->findings);
  for (size_t i = 0; i < e->n_said; i++)
    printf("  %-12s %-20s %8" PRIu64 " on %8" PRIu64 " off\n", e->said[i].engine, e->said[i].kind,
           e->said[i].on, e->said[i].off);
}

static void counters_text(struct engine *e)
{
  enum { MOST = 64 };
  struct prac_counters c[MOST];
  char *text = NULL;
  size_t n = pipeline_engine_counters(e->play.p, c, MOST), len;
  if (prac_counters_text(c, n < MOST ? n : MOST, 1, &text, &len) != PRAC_OK) return;
  (void)fputs(text, stdout);
  free(text);
}

static void report(struct engine *e)
{
  play_tell_files(&e->play);
  if (e->o.play.quiet) return;
  if (e->o.json)
    summary_json(e);
  else
    summary_text(e);
  if (e->o.play.counters) counters_text(e);
}

/* ---- the command ---- */

extern const struct cmd cmd_engine;

static int offline(struct engine *e)
{
  struct prac_err err = {0};
  e->o.play.engines = strcmp(e->o.name, "all") == 0 ? NULL : e->o.name;
  int st = play_check(&cmd_engine, &e->o.play);
  if (st != CMD_GO) return st;
  prac_rc rc = play_open(&e->play, &e->o.play, on_finding, NULL, e, &err);
  if (rc == PRAC_OK) {
    rc = play_run(&e->play, &err);
    if (rc == PRAC_OK || !e->o.play.from_store) report(e);
  }
  st = rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
  if (rc == PRAC_UNKNOWN && !e->play.p) fputs("practice engine --list names them\n", stderr);
  if (st == CMD_OK && !play_is_whole(&e->play)) st = CMD_FAILED;
  play_close(&e->play);
  prac_json_done(&e->line);
  return st;
}

static int run(int argc, char **argv)
{
  static struct engine e; /* the tally is large for a stack */
  e.line = prac_json_of(0);
  int st = cmd_parse(&cmd_engine, argc, argv, &e.o, sizeof e.o);
  if (st != CMD_GO) return st;
  if (e.o.list) return list_engines(e.o.json);
  const struct play_opts *o = &e.o.play;
  if (e.o.name)
    return e.o.data || e.o.worker
               ? cmd_usage(&cmd_engine, "--data and --worker go with the role, not with NAME")
               : offline(&e);
  if (e.o.json || o->state || o->from_store || o->source || o->sensors.n || o->counters || o->quiet)
    return cmd_usage(&cmd_engine, "needs NAME and FILE..., or only --config, --data and --worker");
  return cmd_role_alone(&role_engine, o->config, e.o.data, e.o.worker);
}

const struct cmd cmd_engine = {
    .name = "engine",
    .about = "one role, or engines over captures: what they find",
    .group = "run it",
    .text =
        "Without NAME: one role of `practice run` alone, for a supervisor of your own. It meets "
        "the others at DATA/bus.sock.\n\n"
        "With NAME: that engine, or several, over captures or over the flows of a store; its "
        "findings, one a line: time, state, level, engine, key, value, sentence. The same chain "
        "as `practice replay`, without alerts. An engine that is not enabled runs when it is "
        "named. Survey scanners are kept from it as always: set engine.noise.enabled to no, or "
        "engine.noise.hide to nothing, to see what that changes.",
    .examples =
        "practice engine --list\twhich engines there are\n"
        "practice engine surge month.csv.gz\twhat one engine finds\n"
        "practice engine noise,backscatter tokyo=a.pcap oslo=b.pcap --json\ttwo, as JSON lines\n"
        "practice engine all --from-store DIR --from 2013-08-07\tall that are enabled, over stored "
        "flows\n"
        "practice engine surge day1.pcap --state S && practice engine surge day2.pcap --state S\t"
        "day by day, as if it were one\n"
        "practice engine --config practice.yaml\tthe role\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
