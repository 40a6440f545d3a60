/* `practice replay`: captures or stored flows in, alerts out, as fast as the machine can, on the
 * packets' own clock. The same input, settings and seed give the same bytes out, whatever --threads
 * is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/play.h"

struct opts {
  bool json, findings;
  struct play_opts play;
};
static const struct cmd_option options[] = {
    {"--json", NULL, "one JSON object a line: alerts, then a summary", CMD_FLAG,
     offsetof(struct opts, json)},
    {"--findings", NULL, "also what the engines said, before it became alerts", CMD_FLAG,
     offsetof(struct opts, findings)},
    {"--counters", NULL, "all counters of the capture at the end", CMD_FLAG,
     PLAY_AT(struct opts, play, counters)},
    {"--quiet", NULL, "no summary, no progress bar", CMD_FLAG, PLAY_AT(struct opts, play, quiet)},
    PLAY_OPTIONS(struct opts, play),
    {"--engines", "NAMES", "only these, comma-separated", CMD_TEXT,
     PLAY_AT(struct opts, play, engines)},
    {"--store", "DIR", "keep flows, packets, findings and alerts there", CMD_TEXT,
     PLAY_AT(struct opts, play, store)},
    {"[FILE...]", NULL, "captures (pcap, pcapng, CSV; also .gz) or - ; NAME=FILE names the sensor",
     CMD_REST, PLAY_AT(struct opts, play, files)},
};

struct replay {
  struct opts o;
  struct play play;
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
  progress_clear(&r->play.progress);
  return puts(r->line.buf) < 0 ? PRAC_IO : PRAC_OK;
}

static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct replay *r = arg;
  char at[PRAC_TIME_TEXT];
  if (r->o.json) return print_json(r, &model_alert, a);
  progress_clear(&r->play.progress);
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
  progress_clear(&r->play.progress);
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
  const struct pipeline_totals *t = pipeline_totals(r->play.p);
  struct prac_json *j = &r->line;
  prac_json_reset(j);
  prac_json_open(j, '{');
  prac_json_key(j, "summary");
  prac_json_open(j, '{');
  uint64_t refused, items = play_items(&r->play, &refused);
  if (r->o.play.from_store) items = t->flows;
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
  if (r->o.play.from_store) {
    prac_json_key(j, "from_store");
    prac_json_str(j, r->o.play.from_store);
  }
  prac_json_key(j, "files");
  prac_json_open(j, '[');
  for (size_t i = 0; i < r->play.n; i++) {
    struct cap_stats s;
    input_stats(&r->play.in[i], &s);
    prac_json_open(j, '{');
    prac_json_key(j, "file");
    prac_json_str(j, r->play.in[i].what);
    json_count(j, "items", r->play.in[i].items);
    json_count(j, "malformed", s.malformed);
    json_count(j, "set_back", r->play.in[i].clock.backs);
    prac_json_key(j, "error");
    prac_json_str(j, r->play.in[i].broken ? r->play.in[i].why.text : "");
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  if (!j->bad) puts(j->buf);
}

static void summary_text(struct replay *r)
{
  const struct pipeline_totals *t = pipeline_totals(r->play.p);
  char first[PRAC_TIME_TEXT], last[PRAC_TIME_TEXT];
  uint64_t refused, items = play_items(&r->play, &refused);
  if (r->o.play.from_store)
    printf("\n%" PRIu64 " batches read from %s; ", t->batches, r->o.play.from_store);
  else
    printf("\n%" PRIu64 " %s read, %" PRIu64 " refused; ", items,
           r->play.n && r->play.in[0].seen ? "rows" : "frames", refused);
  printf("%" PRIu64 " packets in %" PRIu64 " flows, %s .. %s\n", t->packets, t->flows,
         prac_time_text(first, t->first),
         prac_time_text(last, t->last == PRAC_TIME_NONE ? t->last : t->last + PRAC_MIN));
  printf("%" PRIu64 " findings, %" PRIu64 " alerts\n", t->findings, t->alerts_opened);
  if (r->o.play.store)
    printf("kept in %s: try `practice explain ID --store %s`\n", r->o.play.store, r->o.play.store);
}

static void counters_text(struct replay *r)
{
  static struct prac_counters c[PIPELINE_SENSORS_MAX];
  size_t n = pipeline_counters(r->play.p, c, PIPELINE_SENSORS_MAX);
  for (size_t s = 0; s < n; s++)
    for (size_t i = 0; i < c[s].n; i++)
      if (prac_counter_get(&c[s].values[i]))
        printf("%-24s %-24s %12" PRIu64 " %s\n", c[s].room, c[s].defs[i].name,
               prac_counter_get(&c[s].values[i]), c[s].defs[i].unit);
}

/* ---- the command ---- */

static void report(struct replay *r)
{
  play_tell_files(&r->play);
  if (r->o.play.quiet) return;
  if (r->o.json)
    summary_json(r);
  else
    summary_text(r);
  if (r->o.play.counters) counters_text(r);
}

extern const struct cmd cmd_replay;

static int run(int argc, char **argv)
{
  struct replay r = {.line = prac_json_of(0)};
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_replay, argc, argv, &r.o, sizeof r.o);
  if (st == CMD_GO) st = play_check(&cmd_replay, &r.o.play);
  if (st != CMD_GO) return st;
  prac_rc rc = play_open(&r.play, &r.o.play, on_finding, on_alert, &r, &err);
  if (rc == PRAC_OK) {
    rc = play_run(&r.play, &err);
    if (rc == PRAC_OK || !r.o.play.from_store) report(&r);
  }
  st = rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
  if (st == CMD_OK && !play_is_whole(&r.play)) st = CMD_FAILED;
  play_close(&r.play);
  prac_json_done(&r.line);
  return st;
}

const struct cmd cmd_replay = {
    .name = "replay",
    .about = "play captures or stored flows through the chain, print alerts",
    .group = "run it",
    .text =
        "Reads captures as fast as the machine can, on their own clock: packets become flows, "
        "flows become findings, findings become alerts. Several files are merged by time; each "
        "is a sensor of its own unless --sensor says that they belong together. A file whose clock "
        "was set back goes on from where it was, and that is said. The same "
        "input, settings and seed give the same output, byte for byte.\n\n"
        "With --from-store the flows come from a store that an earlier replay or `practice run` "
        "has filled: the same alerts as from the captures, given the same settings and seed. Other "
        "settings, or a newer program, say what would have been found. That store is only read, "
        "and may be written meanwhile; --store takes another directory. Country, network and "
        "lists are what they were when the packets came. Times are UTC and whole minutes; engines "
        "that compare with the past know only what lies after --from.\n\n"
        "A replay has sensors, but no honeypots and no heartbeats: which ports a honeypot serves, "
        "and that somebody is silent, stands in no capture and no flow. So attacks, new reflection "
        "ports, and sensors that are silent, lossy or off their time are told by `practice run` "
        "alone.",
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
