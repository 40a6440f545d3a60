/* `practice evaluate`: how many planted events the engines find, how soon, and how often they cry
 * wolf. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/eval_jobs.h"
#include "app/eval_out.h"
#include "app/progress.h"
#include "app/settings.h"
#include "app/stop.h"

struct opts {
  bool tune, json, markdown, wrong, quiet;
  const char *config, *engines;
  uint64_t seeds, skip, jobs, min_level;
  int64_t slack_ns, history_ns, warm_ns;
  struct cmd_rest scenarios;
};
static const struct cmd_option options[] = {
    {"[SCENARIO...]", NULL, "which; see `practice gen --list`. Default: all that have seeds here",
     CMD_REST, offsetof(struct opts, scenarios)},
    {"--seeds", "N", "how many seeds of each scenario", CMD_U64, offsetof(struct opts, seeds),
     .dflt = "50", .lo = 1, .hi = EVAL_SEEDS_MAX},
    {"--tune", NULL, "the seeds for choosing thresholds, not those that are scored", CMD_FLAG,
     offsetof(struct opts, tune)},
    {"--skip", "N", "with --tune: begin with a later seed", CMD_U64, offsetof(struct opts, skip),
     .dflt = "0", .hi = EVAL_SEEDS_MAX},
    {"--config", "FILE", "with --tune: settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--engines", "NAMES", "with --tune: only these, comma-separated", CMD_TEXT,
     offsetof(struct opts, engines)},
    {"--min-level", "N", "with --tune: findings below this level count for nothing", CMD_U64,
     offsetof(struct opts, min_level), .dflt = "2", .lo = 1, .hi = 5},
    {"--slack", "TIME", "with --tune: an event may be found so long after its last packet",
     CMD_DURATION, offsetof(struct opts, slack_ns), .dflt = "1h", .hi = 86400},
    {"--history", "TIME",
     "with --tune: how long engines with a history have run before; 0: the scenario's own",
     CMD_DURATION, offsetof(struct opts, history_ns), .dflt = "0s", .hi = 31536000},
    {"--warm-up", "TIME", "with --tune: how long all engines have run before; whole days",
     CMD_DURATION, offsetof(struct opts, warm_ns), .dflt = "2d", .hi = 31536000},
    {"--jobs", "N", "processes; the output does not depend on it", CMD_U64,
     offsetof(struct opts, jobs), .dflt = "0", .hi = 64},
    {"--wrong", NULL, "also every false alarm, on standard error", CMD_FLAG,
     offsetof(struct opts, wrong)},
    {"--markdown", NULL, "the whole document, as docs/evaluation.md has it", CMD_FLAG,
     offsetof(struct opts, markdown)},
    {"--json", NULL, "one JSON object", CMD_FLAG, offsetof(struct opts, json)},
    {"--quiet", NULL, "no progress bar, no summary on standard error", CMD_FLAG,
     offsetof(struct opts, quiet)},
};
extern const struct cmd cmd_evaluate;

struct job {
  size_t scenario, world;
  uint64_t seed;
};
struct evaluate {
  struct opts o;
  struct prac_conf *settings;
  struct eval_conf conf;
  enum eval_mode mode;
  bool *chosen;
  struct eval_state *worlds; /* by scenario: of the first with that world */
  size_t *warm;              /* scenarios to be warmed up */
  size_t n_warm, n_jobs, n_results;
  struct job *jobs;
  struct eval_result *results;
  struct progress progress;
  uint64_t packets;
  double warm_cpu_s;
};

static size_t world_of(size_t scenario)
{
  size_t i = 0;
  while (strcmp(eval_scenarios[i].world, eval_scenarios[scenario].world) != 0) i++;
  return i;
}

/* ---- jobs ---- */

static prac_rc warm_work(void *arg, size_t i, uint8_t **ret, size_t *ret_n, struct prac_err *reterr)
{
  struct evaluate *e = arg;
  struct eval_state s = {0};
  PRAC_TRY(eval_warm(&e->conf, &eval_scenarios[e->warm[i]], e->mode, &s, reterr));
  *ret = s.bytes;
  *ret_n = s.len;
  return PRAC_OK;
}

static prac_rc warm_done(void *arg, size_t i, const uint8_t *bytes, size_t n)
{
  struct evaluate *e = arg;
  struct eval_state *s = &e->worlds[e->warm[i]];
  if (n == 0) return PRAC_OK;
  s->bytes = malloc(n);
  if (!s->bytes) return PRAC_NOMEM;
  memcpy(s->bytes, bytes, n);
  s->len = n;
  return PRAC_OK;
}

static prac_rc run_work(void *arg, size_t i, uint8_t **ret, size_t *ret_n, struct prac_err *reterr)
{
  struct evaluate *e = arg;
  const struct job *j = &e->jobs[i];
  struct eval_result *r = malloc(sizeof *r);
  if (!r) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a result");
  *ret = (uint8_t *)r;
  *ret_n = sizeof *r;
  return eval_run(&e->conf, &eval_scenarios[j->scenario], e->mode, j->seed, &e->worlds[j->world], r,
                  reterr);
}

static prac_rc run_done(void *arg, size_t i, const uint8_t *bytes, size_t n)
{
  struct evaluate *e = arg;
  (void)i;
  if (n != sizeof *e->results) return PRAC_DAMAGED;
  memcpy(&e->results[e->n_results], bytes, n);
  e->packets += e->results[e->n_results++].packets;
  progress_at(&e->progress, e->n_results, e->n_jobs, e->packets);
  return PRAC_OK;
}

static prac_rc run_all(struct evaluate *e, struct prac_err *err)
{
  unsigned procs = (unsigned)e->o.jobs;
  if (!procs) procs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
  struct eval_jobs warm = {e->n_warm, procs, warm_work, warm_done, e};
  struct eval_jobs runs = {e->n_jobs, procs, run_work, run_done, e};
  if (e->conf.warm_ns > 0) PRAC_TRY(eval_jobs_run(&warm, err));
  struct rusage used;
  if (getrusage(RUSAGE_CHILDREN, &used) == 0)
    e->warm_cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  e->progress = progress_of("evaluating", "packets");
  if (e->o.quiet) progress_end(&e->progress);
  prac_rc rc = eval_jobs_run(&runs, err);
  progress_end(&e->progress);
  return rc;
}

/* ---- what was asked ---- */

/* Thresholds, engines, levels: on scored seeds all of it is as it ships. */
static int check(const struct opts *o)
{
  bool own = o->config || o->engines || o->skip || o->min_level != 2 || o->slack_ns != PRAC_HOUR ||
             o->history_ns || o->warm_ns != 2 * PRAC_DAY;
  if (own && !o->tune)
    return cmd_usage(&cmd_evaluate, "scored seeds are for the program as it ships: whatever "
                                    "changes it goes with --tune");
  if (o->json && o->markdown) return cmd_usage(&cmd_evaluate, "--json and --markdown");
  if (o->skip + o->seeds > EVAL_SEEDS_MAX)
    return cmd_usage(&cmd_evaluate, "a scenario has %d seeds", EVAL_SEEDS_MAX);
  if (o->warm_ns % PRAC_DAY || o->history_ns % PRAC_DAY)
    return cmd_usage(&cmd_evaluate, "--history and --warm-up are whole days");
  return CMD_GO;
}

static int choose(struct evaluate *e)
{
  for (size_t i = 0; i < e->o.scenarios.n; i++) {
    const struct eval_scenario *s = eval_scenario_find(e->o.scenarios.v[i]);
    if (!s) return cmd_usage(&cmd_evaluate, "no seeds for a scenario \"%s\"", e->o.scenarios.v[i]);
    e->chosen[s - eval_scenarios] = true;
  }
  for (size_t i = 0; i < eval_scenario_count && e->o.scenarios.n == 0; i++) e->chosen[i] = true;
  return CMD_GO;
}

static int64_t cpu_used(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * PRAC_SEC + t.tv_nsec;
}

static prac_rc plan(struct evaluate *e, struct prac_err *err)
{
  PRAC_TRY(settings_load(e->o.config, &e->settings, err));
  e->conf = (struct eval_conf){.settings = e->settings,
                               .engines = e->o.engines,
                               .min_level = (uint32_t)e->o.min_level,
                               .slack_ns = e->o.slack_ns,
                               .history_ns = e->o.history_ns,
                               .warm_ns = e->o.warm_ns,
                               .clock = cpu_used};
  e->jobs = calloc(eval_scenario_count * e->o.seeds, sizeof *e->jobs);
  e->results = calloc(eval_scenario_count * e->o.seeds, sizeof *e->results);
  if (!e->jobs || !e->results) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for the results");
  for (size_t i = 0; i < eval_scenario_count; i++) {
    size_t w = world_of(i), k = 0;
    if (!e->chosen[i]) continue;
    while (k < e->n_warm && e->warm[k] != w) k++;
    if (k == e->n_warm) e->warm[e->n_warm++] = w;
  }
  /* Seed by seed: whoever stops it early has as many of each scenario. */
  for (uint32_t n = 0; n < e->o.seeds; n++)
    for (size_t i = 0; i < eval_scenario_count; i++)
      if (e->chosen[i])
        e->jobs[e->n_jobs++] = (struct job){
            i, world_of(i), eval_seed(&eval_scenarios[i], e->mode, n + (uint32_t)e->o.skip)};
  return PRAC_OK;
}

/* ---- what is said ---- */

static void say_wrong(const struct evaluate *e, const struct eval_sum *s)
{
  for (size_t i = 0; i < e->n_results; i++) {
    const struct eval_result *r = &e->results[i];
    for (uint32_t k = 0; k < r->n_wrong; k++) {
      const struct eval_wrong *w = &r->wrong[k];
      char at[PRAC_TIME_TEXT];
      fprintf(stderr, "%s %" PRIu64 " %s %s %s %s level %u score %.2f value %.1f hosts %u\n",
              eval_scenarios[r->scenario].name, r->seed, prac_time_text(at, w->when.at),
              s->who[w->who], w->kind, w->key, w->level, w->score, w->value, w->hosts);
    }
  }
}

static prac_rc say(struct evaluate *e, struct prac_err *err)
{
  const char *who[EVAL_WHO];
  struct eval_sum s;
  const struct eval_about_run about = {e->mode, e->n_jobs, e->chosen};
  size_t n_who = eval_who(&e->conf, who);
  prac_rc rc = eval_sum_of(e->results, e->n_results, who, n_who, &s);
  if (rc != PRAC_OK) return PRAC_FAIL(err, rc, "no memory for the tables");
  if (e->o.wrong) say_wrong(e, &s);
  if (e->o.json) {
    struct prac_json j = prac_json_of(0);
    eval_out_json(&s, &about, &j);
    if (!j.bad) puts(j.buf);
    prac_json_done(&j);
  } else if (e->o.markdown) {
    eval_out_document(&s, &about, stdout);
  } else {
    eval_out_tables(&s, &about, stdout);
  }
  if (!e->o.quiet)
    fprintf(stderr, "%zu of %zu runs, %.1f days, %" PRIu64 " packets, %.0f CPU s and %.0f before\n",
            e->n_results, e->n_jobs, s.all.days, s.all.packets, s.all.cpu_s[0], e->warm_cpu_s);
  eval_sum_done(&s);
  return PRAC_OK;
}

static int work(struct evaluate *e)
{
  struct prac_err err = {.text = ""};
  prac_rc rc = plan(e, &err);
  stop_install();
  if (rc == PRAC_OK) rc = run_all(e, &err);
  /* After Ctrl-C, what is complete is said; the number of runs tells that it is not all. */
  if (e->n_results) {
    prac_rc said = say(e, rc == PRAC_OK ? &err : NULL);
    if (rc == PRAC_OK) rc = said;
  }
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

static int run(int argc, char **argv)
{
  bool chosen[32] = {false};
  struct eval_state worlds[32] = {{0}};
  size_t warm[32];
  struct evaluate e = {.chosen = chosen, .worlds = worlds, .warm = warm};
  int st = cmd_parse(&cmd_evaluate, argc, argv, &e.o, sizeof e.o);
  if (st == CMD_GO) st = check(&e.o);
  if (st == CMD_GO) st = choose(&e);
  if (st != CMD_GO) return st;
  e.mode = e.o.tune ? EVAL_TUNE : EVAL_SCORE;
  st = work(&e);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(worlds); i++) free(worlds[i].bytes);
  free(e.jobs);
  free(e.results);
  prac_conf_free(&e.settings);
  return st;
}

const struct cmd cmd_evaluate = {
    .name = "evaluate",
    .about = "how well the engines find what was planted in made traffic",
    .group = "make and check",
    .text =
        "Plays made days through capture and engines, many seeds of each scenario, and compares "
        "what the engines say with what was planted: recall, delay, false alarms a day and "
        "precision, with 95 % intervals, for each engine and for all together. Thresholds are "
        "chosen with --tune, on seeds and scanners of their own; scored seeds are played with "
        "the default settings only. Nothing is written to disk.",
    .examples =
        "practice evaluate --markdown > docs/evaluation.md\tthe whole table\n"
        "practice evaluate groups --tune --seeds 5 --wrong\ta quick look, and each false alarm\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
