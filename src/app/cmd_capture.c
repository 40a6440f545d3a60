/* `practice capture`: what is in a capture file, or on a wire, counted and marked; with --write the
 * flow batches too. Each file is a run of its own: its counts are its own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/input.h"
#include "app/settings.h"
#include "app/stop.h"
#include "app/tool_list.h"
#include "base/json.h"
#include "capture/core.h"
#include "lookup/lookup.h"

enum { FRAMES = 256, LEVEL = 1, SENSORS_MAX = 1024 };

struct opts {
  const char *interface, *sensor, *write, *config;
  struct cmd_many ours;
  bool json, tools;
  uint64_t threads;
  int64_t for_ns;
  struct cmd_rest files;
};
static const struct cmd_option options[] = {
    {"[FILE...]", NULL, "captures (pcap, pcapng, CSV; also gzip); \"-\": pcap on stdin", CMD_REST,
     offsetof(struct opts, files)},
    {"--sensor", "NAME", "the sensor's name in the batches", CMD_TEXT,
     offsetof(struct opts, sensor), .dflt = "capture"},
    {"--interface", "IF", "capture live until --for is over or Ctrl-C", CMD_TEXT,
     offsetof(struct opts, interface)},
    {"--ours", "PREFIX", "addresses to look at (may be repeated; none: all)", CMD_MANY,
     offsetof(struct opts, ours)},
    {"--for", "TIME", "how long to capture live (0: until stopped)", CMD_DURATION,
     offsetof(struct opts, for_ns), .dflt = "0"},
    {"--json", NULL, "one JSON object a file", CMD_FLAG, offsetof(struct opts, json)},
    {"--tools", NULL, "list the sources that were labelled with a tool", CMD_FLAG,
     offsetof(struct opts, tools)},
    {"--write", "DIR", "store the compressed flow batches in DIR/FILE.flows", CMD_TEXT,
     offsetof(struct opts, write)},
    {"--config", "FILE", "settings (the columns of a CSV)", CMD_TEXT,
     offsetof(struct opts, config)},
    {"--threads", "N", "worker threads; the output does not depend on it", CMD_U64,
     offsetof(struct opts, threads), .dflt = "1", .lo = 1, .hi = 64},
};
extern const struct cmd cmd_capture;

/* Where the batches go: a file of frames, each a 4-byte little-endian length and the batch. */
struct out {
  int fd;                  /* -1: nowhere */
  struct tool_list *tools; /* NULL: nobody asked */
  uint64_t bytes, batches;
  struct prac_err err;
};

static prac_rc write_all(struct out *o, const void *data, size_t n)
{
  const char *p = data;
  while (n > 0) {
    ssize_t w = write(o->fd, p, n);
    if (w < 0 && errno == EINTR) continue;
    if (w < 0)
      return PRAC_FAIL(&o->err, PRAC_IO, "writing the batches: %s", strerrordesc_np(errno));
    p += w;
    n -= (size_t)w;
  }
  return PRAC_OK;
}

static prac_rc store(struct out *o, const struct flow_batch *b)
{
  uint8_t *bytes = NULL, head[4];
  size_t len = 0;
  prac_rc rc = flow_batch_encode(b, LEVEL, &bytes, &len);
  if (rc != PRAC_OK) return PRAC_FAIL(&o->err, rc, "packing a batch: %s", prac_rc_text(rc));
  struct prac_wr w = prac_wr_of(head, sizeof head);
  prac_wr_u32le(&w, (uint32_t)len);
  rc = write_all(o, head, sizeof head);
  if (rc == PRAC_OK) rc = write_all(o, bytes, len);
  free(bytes);
  o->bytes += len + sizeof head;
  o->batches++;
  return rc;
}

static prac_rc keep(void *arg, struct flow_batch *b)
{
  struct out *o = arg;
  prac_rc rc = o->fd >= 0 ? store(o, b) : PRAC_OK;
  if (rc == PRAC_OK && o->tools && (rc = tool_list_add(o->tools, b)) != PRAC_OK)
    rc = PRAC_FAIL(&o->err, rc, "listing tools: %s", prac_rc_text(rc));
  flow_batch_unref(&b);
  return rc;
}

/* Rows of a CSV may be of several sensors: a core for each. Captures have one. */
struct sensor {
  char name[32];
  struct cap_core *core;
};
struct run {
  const struct opts *o;
  struct prac_conf_prefixes ours;
  struct lookup *look;
  const char *what;
  struct input in;
  bool opened;
  struct sensor sensors[SENSORS_MAX];
  size_t n_sensors;
  struct out out;
  struct tool_list tools;
  struct cap_stats stats;
  struct prac_err err;
};

static prac_rc core_of(struct run *r, const char *name, struct cap_core **ret)
{
  if (!name) name = r->o->sensor;
  for (size_t i = 0; i < r->n_sensors; i++)
    if (strcmp(r->sensors[i].name, name) == 0) {
      *ret = r->sensors[i].core;
      return PRAC_OK;
    }
  if (r->n_sensors == SENSORS_MAX)
    return PRAC_FAIL(&r->err, PRAC_FULL, "%s: more than %d sensors", r->what, SENSORS_MAX);
  struct sensor *s = &r->sensors[r->n_sensors];
  struct cap_conf conf = {.sensor = name, .prefixes = r->ours, .nthreads = (unsigned)r->o->threads};
  PRAC_TRY(cap_core_new(&conf, r->look, r->o->write || r->o->tools ? keep : NULL, &r->out, &s->core,
                        &r->err));
  (void)snprintf(s->name, sizeof s->name, "%s", name);
  r->n_sensors++;
  *ret = s->core;
  return PRAC_OK;
}

static prac_rc give(struct run *r, const struct cap_frame *frames, const struct cap_seen *seen,
                    size_t n)
{
  struct cap_core *core;
  if (r->in.source->form == CAP_FRAMES) {
    PRAC_TRY(core_of(r, NULL, &core));
    return cap_core_frames(core, frames, n);
  }
  for (size_t i = 0, j; i < n; i = j) {
    for (j = i + 1; j < n && seen[j].sensor == seen[i].sensor; j++) {
    }
    PRAC_TRY(core_of(r, seen[i].sensor, &core));
    PRAC_TRY(cap_core_seen(core, seen + i, j - i));
  }
  return PRAC_OK;
}

static prac_rc finish(struct run *r)
{
  for (size_t i = 0; i < r->n_sensors; i++) PRAC_TRY(cap_core_finish(r->sensors[i].core));
  return PRAC_OK;
}

static prac_time wall(clockid_t id)
{
  struct timespec t = {0};
  (void)clock_gettime(id, &t);
  return (prac_time)t.tv_sec * PRAC_SEC + t.tv_nsec;
}

static prac_rc take(struct run *r, int64_t timeout_ns)
{
  struct cap_frame frames[FRAMES];
  struct cap_seen seen[FRAMES];
  size_t n = 0;
  PRAC_TRY(r->in.source->next(r->in.st, frames, seen, FRAMES, timeout_ns, &n, &r->err));
  if (!r->o->interface) input_times(&r->in, frames, seen, n);
  return give(r, frames, seen, n);
}

static prac_rc pump_file(struct run *r)
{
  prac_rc rc;
  do rc = take(r, PRAC_SEC);
  while (rc == PRAC_OK || rc == PRAC_AGAIN);
  return rc == PRAC_END ? PRAC_OK : rc;
}

/* Until the time is over or somebody stops us; then what is still in the ring. */
static prac_rc pump_live(struct run *r)
{
  enum { TICK_MS = 200, DRAIN_MS = 500 };
  prac_time end = wall(CLOCK_MONOTONIC) + r->o->for_ns;
  fprintf(stderr, "capturing from %s\n", r->what);
  prac_time now, tick = 0;
  while ((now = wall(CLOCK_MONOTONIC), !stop_asked()) && (r->o->for_ns == 0 || now < end)) {
    prac_rc rc = take(r, TICK_MS * PRAC_MS);
    if (rc == PRAC_AGAIN || (rc == PRAC_OK && now - tick > PRAC_SEC)) {
      rc = cap_core_advance(r->sensors[0].core, wall(CLOCK_REALTIME));
      tick = now;
    }
    if (rc != PRAC_OK) return rc;
  }
  end = wall(CLOCK_MONOTONIC) + 5 * PRAC_SEC;
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && wall(CLOCK_MONOTONIC) < end) rc = take(r, DRAIN_MS * PRAC_MS);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static prac_rc open_out(struct run *r)
{
  char path[4096];
  const char *base = strrchr(r->what, '/');
  base = base ? base + 1 : strcmp(r->what, "-") == 0 ? "stdin" : r->what;
  if (mkdir(r->o->write, 0777) != 0 && errno != EEXIST)
    return PRAC_FAIL(&r->err, PRAC_IO, "%s: %s", r->o->write, strerrordesc_np(errno));
  if (snprintf(path, sizeof path, "%s/%s.flows", r->o->write, base) >= (int)sizeof path)
    return PRAC_FAIL(&r->err, PRAC_RANGE, "%s: the name is too long", r->what);
  r->out.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return r->out.fd >= 0 ? PRAC_OK
                        : PRAC_FAIL(&r->err, PRAC_IO, "%s: %s", path, strerrordesc_np(errno));
}

static prac_rc open_live(struct run *r, const struct prac_conf *conf)
{
  struct input *in = &r->in;
  in->source = cap_source_find("afpacket");
  in->st = calloc(1, in->source->state_size);
  in->what = strdup(r->what);
  r->opened = true;
  if (!in->st || !in->what) return PRAC_FAIL(&r->err, PRAC_NOMEM, "%s: out of memory", r->what);
  struct cap_open o = {.what = in->what,
                       .fd = -1,
                       .conf = prac_conf_get(conf, in->source->conf->path, 0),
                       .prefixes = r->ours};
  stop_install();
  return in->source->open(in->st, &o, &r->err);
}

static prac_rc open_run(struct run *r, const struct prac_conf *conf)
{
  struct cap_core *core;
  if (r->o->interface) {
    PRAC_TRY(open_live(r, conf));
  } else {
    PRAC_TRY(input_open(r->what, r->o->sensor, NULL, conf, NULL, &r->in, &r->err));
    r->opened = true;
  }
  if (r->o->write) PRAC_TRY(open_out(r));
  return r->in.source->form == CAP_FRAMES ? core_of(r, NULL, &core) : PRAC_OK;
}

static void close_run(struct run *r)
{
  tool_list_done(&r->tools);
  if (r->opened) input_close(&r->in);
  for (size_t i = 0; i < r->n_sensors; i++) cap_core_free(&r->sensors[i].core);
  if (r->out.fd >= 0) (void)close(r->out.fd);
}

static uint64_t counter(const struct run *r, size_t i)
{
  uint64_t sum = 0;
  for (size_t s = 0; s < r->n_sensors; s++)
    sum += prac_counter_get(&cap_core_counters(r->sensors[s].core)[i]);
  return sum;
}

static void tell_tools_json(const struct tool_list *l, struct prac_json *j)
{
  char ip[PRAC_IP_TEXT];
  prac_json_key(j, "tools");
  prac_json_open(j, '[');
  for (size_t i = 0; i < l->n; i++) {
    prac_json_open(j, '{');
    prac_json_key(j, "source");
    prac_json_str(j, prac_ip_text(ip, &l->v[i].source));
    prac_json_key(j, "tool");
    prac_json_str(j, flow_tool_text((enum flow_tool)l->v[i].tool));
    prac_json_key(j, "packets");
    prac_json_u64(j, l->v[i].packets);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

static void tell_json(const struct run *r, prac_rc rc)
{
  struct prac_json j = prac_json_of(0);
  prac_json_open(&j, '{');
  prac_json_key(&j, "file");
  prac_json_str(&j, r->what);
  prac_json_key(&j, "source");
  prac_json_str(&j, r->opened ? r->in.source->name : "");
  prac_json_key(&j, "ok");
  prac_json_bool(&j, rc == PRAC_OK);
  prac_json_key(&j, "error");
  prac_json_str(&j, rc == PRAC_OK ? "" : r->err.text);
  for (size_t i = 0; i < cap_counter_count; i++) {
    prac_json_key(&j, cap_counter_defs[i].name);
    prac_json_u64(&j, counter(r, i));
  }
  prac_json_key(&j, "lost");
  prac_json_u64(&j, r->stats.dropped_kernel + r->stats.dropped_iface);
  prac_json_key(&j, "refused");
  prac_json_u64(&j, r->stats.malformed);
  prac_json_key(&j, "sensors");
  prac_json_open(&j, '{');
  for (size_t i = 0; i < r->n_sensors; i++) {
    const _Atomic uint64_t *c = cap_core_counters(r->sensors[i].core);
    prac_json_key(&j, r->sensors[i].name);
    prac_json_u64(&j,
                  prac_counter_get(&c[CAP_COUNT_frames]) + prac_counter_get(&c[CAP_COUNT_seen]));
  }
  prac_json_close(&j, '}');
  if (r->o->tools) tell_tools_json(&r->tools, &j);
  prac_json_key(&j, "written");
  prac_json_u64(&j, r->out.bytes);
  prac_json_close(&j, '}');
  if (!j.bad) puts(j.buf);
  prac_json_done(&j);
}

static void tell(const struct run *r, prac_rc rc)
{
  printf("%s\n", r->what);
  for (size_t i = 0; i < cap_counter_count; i++)
    if (counter(r, i) > 0)
      printf("  %-24s %14" PRIu64 " %s\n", cap_counter_defs[i].name, counter(r, i),
             cap_counter_defs[i].unit);
  uint64_t lost = r->stats.dropped_kernel + r->stats.dropped_iface;
  if (lost > 0) printf("  %-24s %14" PRIu64 " packets\n", "lost", lost);
  for (size_t i = 0; i < r->stats.n_reasons; i++)
    if (r->stats.reasons[i].n > 0)
      printf("  %-24s %14" PRIu64 " rows refused\n", r->stats.reasons[i].why,
             r->stats.reasons[i].n);
  for (size_t i = 0; i < r->tools.n; i++) {
    char ip[PRAC_IP_TEXT];
    printf("  %-24s %14" PRIu64 " packets %s\n", prac_ip_text(ip, &r->tools.v[i].source),
           r->tools.v[i].packets, flow_tool_text((enum flow_tool)r->tools.v[i].tool));
  }
  char back[INPUT_BACK_TEXT];
  if (input_back_text(&r->in, back)) printf("  %s\n", back);
  if (r->out.bytes > 0) printf("  %-24s %14" PRIu64 " bytes\n", "written", r->out.bytes);
  if (rc != PRAC_OK) {
    (void)fflush(stdout);
    (void)cmd_fail(&r->err);
  }
}

/* What every file is read with. */
struct with {
  const struct opts *o;
  struct prac_conf *conf;
  struct lookup *look;
  struct prac_prefix ours[CMD_MANY_MAX];
};

static prac_rc one(const struct with *w, const char *what)
{
  struct run *r = calloc(1, sizeof *r);
  if (!r) return PRAC_NOMEM;
  r->o = w->o;
  r->what = what;
  r->look = w->look;
  r->ours = (struct prac_conf_prefixes){w->ours, w->o->ours.n};
  r->out.fd = -1;
  if (w->o->tools) r->out.tools = &r->tools;
  prac_rc rc = open_run(r, w->conf);
  if (rc == PRAC_OK) {
    rc = w->o->interface ? pump_live(r) : pump_file(r);
    prac_rc end = finish(r); /* also after a damaged file: what came before counts */
    if (rc == PRAC_OK) rc = end;
  }
  if (rc != PRAC_OK && r->out.err.rc != PRAC_OK) r->err = r->out.err;
  if (rc != PRAC_OK && r->err.rc == PRAC_OK)
    (void)PRAC_FAIL(&r->err, rc, "%s: %s", what, prac_rc_text(rc));
  if (r->opened) input_stats(&r->in, &r->stats);
  tool_list_settle(&r->tools);
  if (w->o->json)
    tell_json(r, rc);
  else
    tell(r, rc);
  close_run(r);
  free(r);
  return rc;
}

static int all(const struct with *w)
{
  int worst = CMD_OK;
  if (w->o->interface) return cmd_status_of(one(w, w->o->interface));
  for (size_t i = 0; i < w->o->files.n; i++) {
    prac_rc rc = one(w, w->o->files.v[i]);
    if (rc != PRAC_OK && cmd_status_of(rc) > worst) worst = cmd_status_of(rc);
  }
  return worst;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct with w = {.o = &o};
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_capture, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if ((o.files.n == 0) == (o.interface == NULL))
    return cmd_usage(&cmd_capture, "name either files or --interface");
  for (size_t i = 0; i < o.ours.n; i++)
    if (prac_prefix_parse(o.ours.v[i], strlen(o.ours.v[i]), &w.ours[i]) != PRAC_OK)
      return cmd_usage(&cmd_capture, "--ours: \"%s\" is no address or prefix", o.ours.v[i]);
  prac_rc rc = settings_load(o.config, &w.conf, &err);
  if (rc == PRAC_OK)
    rc = lookup_new(prac_conf_get(w.conf, "lookup", 0), PRAC_TIME_NONE, NULL, &w.look, &err);
  st = rc == PRAC_OK ? all(&w) : cmd_fail(&err);
  lookup_unref(&w.look);
  prac_conf_free(&w.conf);
  return st;
}

const struct cmd cmd_capture = {
    .name = "capture",
    .about = "count and mark the packets of captures or of a live interface",
    .group = "make and check",
    .examples =
        "practice capture FILE.pcap\tpackets by kind, marks and tools\n"
        "practice capture --json --write out FILE.pcapng.gz\tflow batches, and counts as JSON\n"
        "practice capture --interface eth1 --ours 198.51.100.0/24 --for 1m\ta live minute",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
