/* `practice replay`: captures or stored flows in, alerts out, as fast as the machine can, on the
 * packets' own clock. The same input, settings and seed give the same bytes out, whatever --threads
 * is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cmd.h"
#include "app/input.h"
#include "app/pipeline.h"
#include "app/progress.h"
#include "app/settings.h"
#include "app/stop.h"
#include "app/stored.h"

struct opts {
  bool json, findings, counters, quiet;
  const char *config, *source, *engines, *store, *from_store;
  struct cmd_many sensors;
  prac_time from, to;
  uint64_t threads, seed;
  struct cmd_rest files;
};
static const struct cmd_option options[] = {
    {"--json", NULL, "one JSON object a line: alerts, then a summary", CMD_FLAG,
     offsetof(struct opts, json)},
    {"--findings", NULL, "also what the engines said, before it became alerts", CMD_FLAG,
     offsetof(struct opts, findings)},
    {"--counters", NULL, "all counters of the capture at the end", CMD_FLAG,
     offsetof(struct opts, counters)},
    {"--quiet", NULL, "no summary, no progress bar", CMD_FLAG, offsetof(struct opts, quiet)},
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--sensor", "NAME",
     "the sensor all files belong to; else each file is its own. With --from-store: only this one, "
     "may be repeated",
     CMD_MANY, offsetof(struct opts, sensors)},
    {"--source", "NAME", "pcap or csv; else seen from the first bytes", CMD_TEXT,
     offsetof(struct opts, source)},
    {"--engines", "NAMES", "only these, comma-separated", CMD_TEXT, offsetof(struct opts, engines)},
    {"--store", "DIR", "keep flows, findings and alerts there", CMD_TEXT,
     offsetof(struct opts, store)},
    {"--from-store", "DIR", "no files: the flows that the store there has kept", CMD_TEXT,
     offsetof(struct opts, from_store)},
    {"--from", "TIME", "with --from-store: from this minute on", CMD_TIME,
     offsetof(struct opts, from)},
    {"--to", "TIME", "with --from-store: minutes that begin before", CMD_TIME,
     offsetof(struct opts, to)},
    {"--threads", "N", "worker threads; the output does not depend on it", CMD_U64,
     offsetof(struct opts, threads), .dflt = "1", .lo = 1, .hi = 64},
    {"--seed", "N", "of the engines' randomness", CMD_U64, offsetof(struct opts, seed),
     .dflt = "1"},
    {"[FILE...]", NULL, "captures (pcap, pcapng, CSV; also .gz) or - ; NAME=FILE names the sensor",
     CMD_REST, offsetof(struct opts, files)},
};

extern const struct cmd cmd_replay;

struct replay {
  struct opts o;
  struct prac_conf *conf;
  struct lookup *look;
  struct store store;
  struct pipeline *p;
  struct input *in;
  struct cap_core **core; /* of each input; NULL: rows carry their own */
  size_t n;
  struct stored stored; /* instead of inputs */
  struct progress progress;
  struct prac_json line;
};

/* ---- output ---- */

static prac_rc print_json(struct replay *r, const struct model_kind *k, const void *rec)
{
  prac_json_reset(&r->line);
  prac_json_open(&r->line, '{');
  prac_json_key(&r->line, k->name);
  model_to_json(k, rec, &r->line);
  prac_json_close(&r->line, '}');
  if (r->line.bad) return PRAC_NOMEM;
  progress_clear(&r->progress);
  return puts(r->line.buf) < 0 ? PRAC_IO : PRAC_OK;
}

static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct replay *r = arg;
  char at[PRAC_TIME_TEXT];
  if (r->o.json) return print_json(r, &model_alert, a);
  progress_clear(&r->progress);
  int n = printf("%s  %-6s  %-8s  %s  [%s]\n", prac_time_text(at, a->at), a->state, a->severity,
                 strcmp(a->state, "close") == 0 ? a->title : a->text, a->id);
  return n < 0 ? PRAC_IO : PRAC_OK;
}

static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct replay *r = arg;
  char at[PRAC_TIME_TEXT];
  if (!r->o.findings) return PRAC_OK;
  if (r->o.json) return print_json(r, &model_finding, f);
  progress_clear(&r->progress);
  int n =
      printf("%s  finding %-3s  %s  %s\n", prac_time_text(at, f->at), f->state, f->engine, f->text);
  return n < 0 ? PRAC_IO : PRAC_OK;
}

static void json_count(struct prac_json *j, const char *key, uint64_t v)
{
  prac_json_key(j, key);
  prac_json_u64(j, v);
}

static void summary_json(struct replay *r)
{
  const struct pipeline_totals *t = pipeline_totals(r->p);
  struct prac_json *j = &r->line;
  prac_json_reset(j);
  prac_json_open(j, '{');
  prac_json_key(j, "summary");
  prac_json_open(j, '{');
  uint64_t items = 0;
  for (size_t i = 0; i < r->n; i++) items += r->in[i].items;
  if (r->o.from_store) items = t->flows;
  json_count(j, "items", items);
  json_count(j, "packets", t->packets);
  json_count(j, "flows", t->flows);
  json_count(j, "batches", t->batches);
  json_count(j, "findings", t->findings);
  json_count(j, "alerts", t->alerts_opened);
  prac_json_key(j, "first");
  prac_json_time(j, t->first);
  prac_json_key(j, "last");
  prac_json_time(j, t->last);
  if (r->o.from_store) {
    prac_json_key(j, "from_store");
    prac_json_str(j, r->o.from_store);
  }
  prac_json_key(j, "files");
  prac_json_open(j, '[');
  for (size_t i = 0; i < r->n; i++) {
    struct cap_stats s;
    input_stats(&r->in[i], &s);
    prac_json_open(j, '{');
    prac_json_key(j, "file");
    prac_json_str(j, r->in[i].what);
    json_count(j, "items", r->in[i].items);
    json_count(j, "malformed", s.malformed);
    prac_json_key(j, "error");
    prac_json_str(j, r->in[i].broken ? r->in[i].why.text : "");
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  if (!j->bad) puts(j->buf);
}

static void summary_text(struct replay *r)
{
  const struct pipeline_totals *t = pipeline_totals(r->p);
  char first[PRAC_TIME_TEXT], last[PRAC_TIME_TEXT];
  uint64_t items = 0, refused = 0;
  for (size_t i = 0; i < r->n; i++) {
    struct cap_stats s;
    input_stats(&r->in[i], &s);
    items += r->in[i].items;
    refused += s.malformed;
  }
  if (r->o.from_store)
    printf("\n%" PRIu64 " batches read from %s; ", t->batches, r->o.from_store);
  else
    printf("\n%" PRIu64 " %s read, %" PRIu64 " refused; ", items,
           r->n && r->in[0].seen ? "rows" : "frames", refused);
  printf("%" PRIu64 " packets in %" PRIu64 " flows, %s .. %s\n", t->packets, t->flows,
         prac_time_text(first, t->first),
         prac_time_text(last, t->last == PRAC_TIME_NONE ? t->last : t->last + PRAC_MIN));
  printf("%" PRIu64 " findings, %" PRIu64 " alerts\n", t->findings, t->alerts_opened);
  if (r->o.store)
    printf("kept in %s: try `practice explain ID --store %s`\n", r->o.store, r->o.store);
}

static void counters_text(struct replay *r)
{
  static struct prac_counters c[PIPELINE_SENSORS_MAX];
  size_t n = pipeline_counters(r->p, c, PIPELINE_SENSORS_MAX);
  for (size_t s = 0; s < n; s++)
    for (size_t i = 0; i < c[s].n; i++)
      if (prac_counter_get(&c[s].values[i]))
        printf("%-24s %-24s %12" PRIu64 " %s\n", c[s].room, c[s].defs[i].name,
               prac_counter_get(&c[s].values[i]), c[s].defs[i].unit);
}

/* ---- input ---- */

/* The sensor that a file belongs to: NAME=FILE, --sensor, or the file's own name without its path
 * and ending. *path is where the file's name starts. */
static const char *sensor_of(const struct opts *o, const char *arg, char name[64],
                             const char **path)
{
  const char *eq = strchr(arg, '='), *slash = strchr(arg, '/');
  *path = arg;
  if (eq && eq > arg && (!slash || eq < slash)) {
    *path = eq + 1;
    (void)snprintf(name, 64, "%.*s", (int)(eq - arg), arg);
    return name;
  }
  if (o->sensors.n) return o->sensors.v[0];
  const char *base = strrchr(arg, '/') ? strrchr(arg, '/') + 1 : arg;
  (void)snprintf(name, 64, "%.*s", (int)strcspn(base, "."), base);
  return name;
}

static prac_rc open_inputs(struct replay *r, struct prac_err *err)
{
  size_t n = r->o.files.n;
  r->in = calloc(n, sizeof *r->in);
  r->core = calloc(n, sizeof *r->core);
  if (!r->in || !r->core) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for %zu files", n);
  for (size_t i = 0; i < n; i++) {
    char name[64];
    const char *path, *sensor = sensor_of(&r->o, r->o.files.v[i], name, &path);
    PRAC_TRY(input_open(path, NULL, r->o.source, r->conf, NULL, &r->in[i], err));
    r->n = i + 1;
    if (r->in[i].frames || r->o.sensors.n)
      PRAC_TRY(pipeline_sensor(r->p, sensor, &r->core[i], err));
  }
  return PRAC_OK;
}

static void show_progress(struct replay *r)
{
  uint64_t done = 0, total = 0, items = 0;
  for (size_t i = 0; i < r->n; i++) {
    struct cap_stats s;
    input_stats(&r->in[i], &s);
    done += s.bytes_done;
    total += s.bytes_total;
    items += r->in[i].items;
  }
  progress_at(&r->progress, done, total, items);
}

/* The input whose next item is the oldest, and the time up to which it may be read before another
 * one is older. */
static struct input *oldest(struct replay *r, size_t *ret_i, prac_time *ret_until)
{
  struct input *best = NULL;
  prac_time first = INT64_MAX, second = INT64_MAX;
  for (size_t i = 0; i < r->n; i++) {
    prac_time t = input_head(&r->in[i]);
    if (t < first) {
      second = first;
      first = t;
      best = &r->in[i];
      *ret_i = i;
    } else if (t < second) {
      second = t;
    }
  }
  /* Within one minute the order between files does not matter. Beyond it, sensors that share a file
   * must be told the time, or those with little to say would be late for the engines. */
  prac_time minute = first == INT64_MAX ? first : prac_time_floor(first, PRAC_MIN) + PRAC_MIN - 1;
  *ret_until = second < minute || !r->core[*ret_i] ? minute : second;
  return best;
}

static prac_rc feed(struct replay *r, size_t i, size_t n, struct prac_err *err)
{
  struct input *in = &r->in[i];
  size_t at = in->at;
  in->at += n;
  in->items += n;
  if (in->frames) return pipeline_frames(r->p, r->core[i], in->frames + at, n, err);
  return pipeline_seen(r->p, r->core[i], in->seen + at, n, err);
}

static prac_rc play(struct replay *r, struct prac_err *err)
{
  enum { SHOW_EVERY = 16 };
  size_t i = 0;
  prac_time until;
  uint64_t blocks = 0;
  int64_t skew_ns = 0;
  for (size_t k = 0; k < r->n; k++) /* several sensors in one file, each with its own clock */
    if (!r->core[k]) skew_ns = PIPELINE_SKEW_NS;
  for (struct input *in; !stop_asked() && (in = oldest(r, &i, &until)) != NULL;) {
    PRAC_TRY(pipeline_advance(r->p, input_head(in) - skew_ns, err));
    PRAC_TRY(feed(r, i, input_ready(in, until), err));
    if (++blocks % SHOW_EVERY == 0) show_progress(r);
  }
  return pipeline_finish(r->p, err);
}

static bool stored_so_far(void *arg, prac_time minute)
{
  struct replay *r = arg;
  const struct prac_span *all = &r->stored.minutes;
  progress_at(&r->progress, (uint64_t)(minute + PRAC_MIN - prac_time_floor(all->from, PRAC_MIN)),
              (uint64_t)(all->to - prac_time_floor(all->from, PRAC_MIN)),
              pipeline_totals(r->p)->packets);
  return !stop_asked();
}

static prac_rc play_stored(struct replay *r, struct prac_err *err)
{
  PRAC_TRY(stored_play(&r->stored, r->p, stored_so_far, r, err));
  return pipeline_finish(r->p, err);
}

/* ---- the command ---- */

static bool same_place(const char *a, const char *b)
{
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What the table cannot say: options that belong to one of the two ways only. */
static int check_options(const struct opts *o)
{
  bool span = o->from != PRAC_TIME_NONE || o->to != PRAC_TIME_NONE;
  if (!o->from_store) {
    if (o->files.n == 0) return cmd_usage(&cmd_replay, "needs FILE... or --from-store DIR");
    if (span) return cmd_usage(&cmd_replay, "--from and --to go with --from-store");
    if (o->sensors.n > 1) return cmd_usage(&cmd_replay, "--sensor is given twice");
    return CMD_GO;
  }
  if (o->files.n) return cmd_usage(&cmd_replay, "--from-store and FILE exclude each other");
  if (o->source || o->counters)
    return cmd_usage(&cmd_replay, "--source and --counters go with captures, not --from-store");
  if (o->from != PRAC_TIME_NONE && o->to != PRAC_TIME_NONE && o->to <= o->from)
    return cmd_usage(&cmd_replay, "--to is not after --from");
  if (o->store && same_place(o->store, o->from_store))
    return cmd_usage(&cmd_replay, "--store and --from-store must be two places");
  return CMD_GO;
}

static prac_rc open_stored(struct replay *r, struct prac_err *err)
{
  const struct opts *o = &r->o;
  r->stored.q.span = (struct prac_span){o->from, o->to};
  r->stored.q.sensors = (struct model_strs){o->sensors.v, (uint32_t)o->sensors.n};
  return stored_open(&r->stored, o->from_store, r->conf, (unsigned)o->threads, err);
}

static prac_rc setup(struct replay *r, struct prac_err *err)
{
  PRAC_TRY(settings_load(r->o.config, &r->conf, err));
  if (r->o.from_store) PRAC_TRY(open_stored(r, err)); /* before anything is made elsewhere */
  PRAC_TRY(lookup_new(prac_conf_get(r->conf, lookup_conf_section.path, 0), PRAC_TIME_NONE, NULL,
                      &r->look, err));
  if (r->o.store) {
    struct store_env env = {.dir = r->o.store, .nthreads = (unsigned)r->o.threads};
    const void *conf = prac_conf_get(r->conf, "store.embedded", 0);
    PRAC_TRY(store_open("embedded", conf, &env, &r->store, err));
  }
  struct pipeline_conf pc = {.settings = r->conf,
                             .look = r->look,
                             .store = r->store.ops ? &r->store : NULL,
                             .engines = r->o.engines,
                             .nthreads = (unsigned)r->o.threads,
                             .seed = r->o.seed,
                             .on_finding = on_finding,
                             .on_alert = on_alert,
                             .arg = r};
  PRAC_TRY(pipeline_new(&pc, &r->p, err));
  return r->o.from_store ? PRAC_OK : open_inputs(r, err);
}

static void teardown(struct replay *r)
{
  pipeline_free(&r->p);
  for (size_t i = 0; i < r->n; i++) input_close(&r->in[i]);
  free(r->in);
  free(r->core);
  store_close(&r->store);
  stored_close(&r->stored);
  lookup_unref(&r->look);
  prac_conf_free(&r->conf);
  prac_json_done(&r->line);
}

static void report(struct replay *r)
{
  progress_end(&r->progress);
  for (size_t i = 0; i < r->n; i++)
    if (r->in[i].broken) fprintf(stderr, "practice: %s\n", r->in[i].why.text);
  if (r->o.quiet) return;
  if (r->o.json)
    summary_json(r);
  else
    summary_text(r);
  if (r->o.counters) counters_text(r);
}

static int run(int argc, char **argv)
{
  struct replay r = {.line = prac_json_of(0)};
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_replay, argc, argv, &r.o, sizeof r.o);
  if (st == CMD_GO) st = check_options(&r.o);
  if (st != CMD_GO) return st;
  prac_rc rc = setup(&r, &err);
  if (rc == PRAC_OK) {
    stop_install();
    r.progress = progress_of("replaying", "packets");
    if (r.o.quiet) progress_end(&r.progress);
    rc = r.o.from_store ? play_stored(&r, &err) : play(&r, &err);
    if (rc == PRAC_OK || !r.o.from_store) report(&r);
  }
  st = rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
  for (size_t i = 0; i < r.n && st == CMD_OK; i++)
    if (r.in[i].broken) st = CMD_FAILED;
  if (r.stored.damaged && st == CMD_OK) st = CMD_FAILED;
  teardown(&r);
  return st;
}

const struct cmd cmd_replay = {
    .name = "replay",
    .about = "play captures or stored flows through the chain, print alerts",
    .group = "run it",
    .text =
        "Reads captures as fast as the machine can, on their own clock: packets become flows, "
        "flows become findings, findings become alerts. Several files are merged by time; each "
        "is a sensor of its own unless --sensor says that they belong together. The same "
        "input, settings and seed give the same output, byte for byte.\n\n"
        "With --from-store the flows come from a store that an earlier replay or `practice run` "
        "has filled: the same alerts as from the captures, given the same settings and seed. Other "
        "settings, or a newer program, say what would have been found. That store is only read, "
        "and may be written meanwhile; --store takes another directory. Country, network and "
        "lists are what they were when the packets came. Times are UTC and whole minutes; engines "
        "that compare with the past know only what lies after --from.",
    .examples =
        "practice replay day.pcap.gz\tthe alerts of one capture\n"
        "practice replay tokyo=a.pcap oslo=b.pcap --json\ttwo sensors, as JSON lines\n"
        "practice replay --store DIR day.pcap\tkeep everything for `query` and `explain`\n"
        "practice replay --from-store practice-data/store --config new.yaml\twhat other settings "
        "would have said\n"
        "practice replay --from-store DIR --from 2013-08-07 --to 2013-08-08 --sensor tokyo\tone "
        "day of one sensor",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
