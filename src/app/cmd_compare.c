/* `practice compare`: sensors against each other. */
#include <stdio.h>

#include "app/cmd.h"
#include "app/compare_out.h"
#include "app/roles.h"
#include "app/settings.h"
#include "app/where.h"

struct opts {
  const char *store, *config, *home;
  bool json;
  prac_time from, to;
  int64_t recent_ns;
  uint64_t limit, least, stories, threads;
  double rise;
};
static const struct cmd_option options[] = {
    {"--store", "WHERE",
     "directory of the store; or http://HOST:PORT/DATABASE of ClickHouse, or clickhouse", CMD_TEXT,
     offsetof(struct opts, store), .dflt = "./practice-data/store"},
    {"--home", "WHERE",
     "who is at home: a country (JP), or sensors with commas between; by itself run.home", CMD_TEXT,
     offsetof(struct opts, home)},
    {"--from", "TIME", "compare from here on; by itself the last day", CMD_TIME,
     offsetof(struct opts, from)},
    {"--to", "TIME", "compare up to here", CMD_TIME, offsetof(struct opts, to)},
    {"--recent", "DURATION", "what a rise abroad is looked for in: the end of that time",
     CMD_DURATION, offsetof(struct opts, recent_ns), .dflt = "6h", .lo = 3600, .hi = 2592000},
    {"--rise", "X", "a rise is so many times the senders of before", CMD_REAL,
     offsetof(struct opts, rise), .dflt = "3", .lo = 1, .hi = 1000},
    {"--least", "N", "and so many senders", CMD_U64, offsetof(struct opts, least), .dflt = "10",
     .lo = 1, .hi = 1000000},
    {"--stories", "N", "stories looked at, the latest", CMD_U64, offsetof(struct opts, stories),
     .dflt = "200", .lo = 1, .hi = COMPARE_STORIES_MAX},
    {"--limit", "N", "lines of each list of the page; JSON has all", CMD_U64,
     offsetof(struct opts, limit), .dflt = "20", .lo = 1, .hi = 100000},
    {"--threads", "N", "threads of a scan", CMD_U64, offsetof(struct opts, threads), .dflt = "2",
     .lo = 1, .hi = 64},
    {"--json", NULL, "one JSON object a line", CMD_FLAG, offsetof(struct opts, json)},
    {"--config", "FILE", "settings: run.home, and where sensors stand that have not said so",
     CMD_TEXT, offsetof(struct opts, config)},
};
extern const struct cmd cmd_compare;

static prac_rc compare(const struct opts *o, const struct prac_conf *conf, struct store *s,
                       struct prac_arena *a, struct prac_err *err)
{
  struct compare c;
  struct compare_place places[SENSORS_MAX];
  const struct run_conf *run = prac_conf_get(conf, "run", 0);
  struct compare_conf k = {.span = {o->from, o->to}, .home = o->home ? o->home : run->home};
  size_t n = prac_conf_count(conf, "sensors");
  for (size_t i = 0; i < n && i < SENSORS_MAX; i++) {
    const struct sensor_conf *t = prac_conf_get(conf, "sensors", i);
    places[k.n_places++] = (struct compare_place){t->name, t->country};
  }
  k.places = places;
  k.recent_ns = o->recent_ns;
  k.stories = (uint32_t)o->stories;
  k.rise = o->rise;
  k.least = (uint32_t)o->least;
  PRAC_TRY(compare_look(s, &k, a, &c, err));
  if (o->json) return compare_out_json(&c, stdout);
  compare_out_page(&c, (uint32_t)o->limit, stdout);
  return PRAC_OK;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  struct store s = {0};
  int st = cmd_parse(&cmd_compare, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  struct prac_arena *a = prac_arena_new(64 << 10);
  struct store_env env = {.dir = o.store, .read_only = true, .again = true};
  env.nthreads = (unsigned)o.threads;
  prac_rc rc = a ? settings_load(o.config, &conf, &err)
                 : PRAC_FAIL(&err, PRAC_NOMEM, "no memory for an answer");
  if (rc == PRAC_OK) rc = where_open(o.store, conf, &env, &s, &err);
  if (rc == PRAC_OK) {
    rc = compare(&o, conf, &s, a, &err);
    store_close(&s);
  }
  if (fflush(stdout) != 0 && rc == PRAC_OK) rc = PRAC_FAIL(&err, PRAC_IO, "writing the answer");
  prac_conf_free(&conf);
  prac_arena_free(&a);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_compare = {
    .name = "compare",
    .about = "sensors: who sees what first; what is not yet at home",
    .group = "ask it",
    .text =
        "Compares the sensors of a store. For every story (the findings about one thing) it finds "
        "the minute in which it rose at each sensor: who was first, and by how much the others "
        "were later; for every pair of sensors the median and quartiles of that lag and who is "
        "ahead how often. Then how many of their senders two sensors share (Jaccard, also by "
        "country; exact up to 65,536 senders, beyond that of a sample whose standard error is "
        "shown)."
        "\n\n"
        "With --home, sensors are at home or abroad, and what has risen abroad but not at home is "
        "listed: ports whose senders in the last --recent are --rise times those of any of the "
        "three times before, and stories that rose at no sensor at home.",
    .examples = "practice compare --home JP\twhat is seen abroad and not yet in Japan\n"
                "practice compare --from 2026-06-18 --to 2026-06-19 --json\ta day, for a program\n"
                "practice compare --home tokyo,osaka --recent 2h\tthe last two hours",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
