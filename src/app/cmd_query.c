/* `practice query`: the store's answers for people (a table) and for programs (JSON lines, CSV).
 * The words are the query language of store_query_parse, the same as in the API and in every
 * alert's evidence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd.h"
#include "app/query_out.h"
#include "app/settings.h"
#include "app/where.h"
#include "store/store.h"

struct opts {
  const char *store, *config;
  bool json, csv;
  uint64_t limit, threads;
  struct cmd_rest words;
};
static const struct cmd_option options[] = {
    {"--store", "WHERE",
     "directory of the store; or http://HOST:PORT/DATABASE of ClickHouse, or clickhouse", CMD_TEXT,
     offsetof(struct opts, store), .dflt = "./practice-data/store"},
    {"--config", "FILE", "settings: how to reach a store that is no directory", CMD_TEXT,
     offsetof(struct opts, config)},
    {"--json", NULL, "one JSON object a line", CMD_FLAG, offsetof(struct opts, json)},
    {"--csv", NULL, "comma-separated values with a head line", CMD_FLAG,
     offsetof(struct opts, csv)},
    {"--limit", "N", "at most so many rows; 0: the question's own default", CMD_U64,
     offsetof(struct opts, limit), .hi = 4294967295.0},
    {"--threads", "N", "threads of a scan", CMD_U64, offsetof(struct opts, threads), .dflt = "2",
     .lo = 1, .hi = 64},
    {"[WORD...]", NULL, "what to ask, then key=value words", CMD_REST,
     offsetof(struct opts, words)},
};
extern const struct cmd cmd_query;

enum { WORDS_MAX = 8192 };

/* "top by=port" becomes "what=top by=port". */
static bool join(const struct cmd_rest *w, char out[WORDS_MAX])
{
  size_t at = 0;
  out[0] = 0;
  for (size_t i = 0; i < w->n; i++) {
    const char *what = i == 0 && !strchr(w->v[i], '=') ? "what=" : "";
    int n = snprintf(out + at, WORDS_MAX - at, "%s%s%s", i ? " " : "", what, w->v[i]);
    if (n < 0 || (size_t)n >= WORDS_MAX - at) return false;
    at += (size_t)n;
  }
  return true;
}

static void say_log(void *arg, const struct prac_log_event *e, const char *text)
{
  (void)arg;
  fprintf(stderr, "practice: %s%s%s\n", text, e->todo[0] ? "; " : "", e->todo);
}

static int ask(const struct opts *o, const struct prac_conf *conf, const struct store_query *q)
{
  struct prac_err err = {0};
  struct prac_log log = {.sink = say_log, .least = PRAC_LOG_WARN};
  struct store_env env = {.read_only = true, .log = &log};
  struct store s;
  env.nthreads = (unsigned)o->threads;
  enum query_form form = o->json ? QUERY_JSON : o->csv ? QUERY_CSV : QUERY_TABLE;
  if (where_open(o->store, conf, &env, &s, &err) != PRAC_OK) return cmd_fail(&err);
  struct query_out *out = query_out_new(form, q, stdout);
  prac_rc rc = out ? s.ops->query(s.st, q, query_out_row, out, &err)
                   : PRAC_FAIL(&err, PRAC_NOMEM, "no memory for an answer");
  uint64_t rows = out ? query_out_end(out) : 0;
  query_out_free(&out);
  store_close(&s);
  if (fflush(stdout) != 0 && rc == PRAC_OK) rc = PRAC_FAIL(&err, PRAC_IO, "writing the answer");
  if (rc != PRAC_OK) return cmd_fail(&err);
  if (rows == 0 && form == QUERY_TABLE) fprintf(stderr, "practice: nothing matches\n");
  return CMD_OK;
}

static int run(int argc, char **argv)
{
  struct opts o;
  char words[WORDS_MAX];
  struct store_query q;
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_query, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (o.json && o.csv) return cmd_usage(&cmd_query, "--json and --csv exclude each other");
  if (!join(&o.words, words)) return cmd_usage(&cmd_query, "the question is too long");
  struct prac_arena *a = prac_arena_new(1024);
  struct prac_conf *conf = NULL;
  if (!a) return cmd_usage(&cmd_query, "no memory");
  if (store_query_parse(words, &q, a, &err) != PRAC_OK) {
    st = cmd_usage(&cmd_query, "%s", err.text);
  } else if (settings_load(o.config, &conf, &err) != PRAC_OK) {
    st = cmd_fail(&err);
  } else {
    if (o.limit) q.limit = (uint32_t)o.limit;
    st = ask(&o, conf, &q);
  }
  prac_conf_free(&conf);
  prac_arena_free(&a);
  return st;
}

const struct cmd cmd_query = {
    .name = "query",
    .about = "ask the store: flows, alerts, attacks, counts, one host",
    .group = "ask it",
    .text =
        "practice query [WHAT] [KEY=VALUE...]. WHAT is flows (the default), findings, alerts, "
        "health, hits (of honeypots), episodes (attacks), decisions (about alerts), deliveries "
        "(what "
        "was told to whom), packets (a few of each minute, as they came), series (counts over "
        "time), top (biggest ports, countries, ...), scan (the same "
        "from the flows themselves: exact, any filter), host (one address, hour by hour) or "
        "sensors.\n\n"
        "Keys: from, to (2013-08-07, 2013-08-07T12:00:00Z), sensor, src, dst, victim (address or "
        "prefix), port (443/tcp, icmp/3.1, or 443 for any protocol), proto, country, asn, marks "
        "(zmap,payload: all of them), id, key, state, by (port, country, asn, sensor, src), step "
        "(1m, 1h, 1d), order (newest, oldest), limit. Times are UTC.\n\n"
        "series and top are answered from roll-ups, whose times are whole hours (whole minutes "
        "for totals): from and to are rounded outwards, sources are estimated within 2 % beyond "
        "512. The store may be written by another process meanwhile.",
    .examples = "practice query top by=port from=2013-08-07 to=2013-08-08 limit=20\tbiggest ports "
                "of a day\n"
                "practice query flows port=1433/tcp country=MM limit=5\tfive latest flows\n"
                "practice query series by=country step=1h --csv\tcounts an hour and country\n"
                "practice query host src=192.0.2.7\twhat one address did\n"
                "practice query alerts state=open --json\topen alerts for a program",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
