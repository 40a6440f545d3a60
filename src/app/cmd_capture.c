/* `practice capture`: what is in a capture file, or on a wire, counted and marked; with --write the
 * flow batches too. Each file is a run of its own: its counts are its own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cmd.h"
#include "base/json.h"
#include "capture/core.h"

enum { FRAMES = 256, LEVEL = 1 };

struct opts {
  const char *interface, *sensor, *write;
  bool json;
  uint64_t threads, packets;
  int64_t for_ns;
  struct cmd_rest files;
};
static const struct cmd_option options[] = {
    {"FILE...", NULL, "captures (pcap, pcapng, gzip); \"-\": standard input", CMD_REST,
     offsetof(struct opts, files)},
    {"--sensor", "NAME", "the sensor's name in the batches", CMD_TEXT,
     offsetof(struct opts, sensor), .dflt = "capture"},
    {"--json", NULL, "one JSON object a file", CMD_FLAG, offsetof(struct opts, json)},
    {"--write", "DIR", "store the compressed flow batches in DIR/FILE.flows", CMD_TEXT,
     offsetof(struct opts, write)},
    {"--threads", "N", "worker threads; the output does not depend on it", CMD_U64,
     offsetof(struct opts, threads), .dflt = "1", .lo = 1, .hi = 64},
};
extern const struct cmd cmd_capture;

/* Where the batches go: a file of frames, each a 4-byte little-endian length and the batch. */
struct out {
  int fd;
  uint64_t bytes, batches;
  struct prac_err err;
};

static prac_rc write_all(struct out *o, const void *data, size_t n)
{
  const char *p = data;
  while (n > 0) {
    ssize_t w = write(o->fd, p, n);
    if (w < 0 && errno == EINTR) continue;
    if (w < 0) return PRAC_FAIL(&o->err, PRAC_IO, "writing the batches: %s", strerror(errno));
    p += w;
    n -= (size_t)w;
  }
  return PRAC_OK;
}

static prac_rc keep(void *arg, struct flow_batch *b)
{
  struct out *o = arg;
  uint8_t *bytes = NULL, head[4];
  size_t len = 0;
  prac_rc rc = flow_batch_encode(b, LEVEL, &bytes, &len);
  flow_batch_unref(&b);
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

struct run {
  const struct opts *o;
  const char *what;
  const struct cap_source *source;
  void *state;
  struct cap_core *core;
  struct out out;
  struct cap_stats stats;
  struct prac_err err;
};

static prac_rc pump(struct run *r)
{
  struct cap_frame frames[FRAMES];
  for (;;) {
    size_t n = 0;
    prac_rc rc = r->source->next(r->state, frames, NULL, FRAMES, PRAC_SEC, &n, &r->err);
    if (rc == PRAC_AGAIN) continue;
    if (rc == PRAC_END) return PRAC_OK;
    if (rc != PRAC_OK) return rc;
    rc = cap_core_frames(r->core, frames, n);
    if (rc != PRAC_OK)
      return r->out.err.rc != PRAC_OK ? (r->err = r->out.err, rc)
                                      : PRAC_FAIL(&r->err, rc, "%s: %s", r->what, prac_rc_text(rc));
  }
}

static const struct cap_source *choose(const char *what)
{
  uint8_t head[512];
  size_t n = 0;
  int fd = strcmp(what, "-") == 0 ? -1 : open(what, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    ssize_t got = read(fd, head, sizeof head);
    n = got > 0 ? (size_t)got : 0;
    (void)close(fd);
  }
  const struct cap_source *best = cap_source_find("pcap");
  int most = 0;
  for (const struct cap_source *const *s = cap_sources; *s; s++) {
    int c = (*s)->form == CAP_FRAMES && (*s)->claims ? (*s)->claims(what, head, n) : 0;
    if (c > most) best = *s, most = c;
  }
  return best;
}

static prac_rc open_out(struct run *r)
{
  char path[4096];
  const char *base = strrchr(r->what, '/');
  base = base ? base + 1 : strcmp(r->what, "-") == 0 ? "stdin" : r->what;
  if (mkdir(r->o->write, 0777) != 0 && errno != EEXIST)
    return PRAC_FAIL(&r->err, PRAC_IO, "%s: %s", r->o->write, strerror(errno));
  if (snprintf(path, sizeof path, "%s/%s.flows", r->o->write, base) >= (int)sizeof path)
    return PRAC_FAIL(&r->err, PRAC_RANGE, "%s: the name is too long", r->what);
  r->out.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return r->out.fd >= 0 ? PRAC_OK : PRAC_FAIL(&r->err, PRAC_IO, "%s: %s", path, strerror(errno));
}

static prac_rc open_run(struct run *r)
{
  struct cap_conf conf = {.sensor = r->o->sensor, .nthreads = (unsigned)r->o->threads};
  struct cap_open open_as = {.what = r->what, .fd = -1};
  r->source = choose(r->what);
  r->state = calloc(1, r->source->state_size);
  if (!r->state) return PRAC_FAIL(&r->err, PRAC_NOMEM, "%s: out of memory", r->what);
  PRAC_TRY(r->source->open(r->state, &open_as, &r->err));
  if (r->o->write) PRAC_TRY(open_out(r));
  return cap_core_new(&conf, NULL, r->o->write ? keep : NULL, &r->out, &r->core, &r->err);
}

static void close_run(struct run *r)
{
  if (r->state) r->source->close(r->state);
  free(r->state);
  cap_core_free(&r->core);
  if (r->out.fd >= 0) (void)close(r->out.fd);
}

static uint64_t counter(const struct run *r, size_t i)
{
  return r->core ? prac_counter_get(&cap_core_counters(r->core)[i]) : 0;
}

static void tell_json(const struct run *r, prac_rc rc)
{
  struct prac_json j = prac_json_of(0);
  prac_json_open(&j, '{');
  prac_json_key(&j, "file");
  prac_json_str(&j, r->what);
  prac_json_key(&j, "source");
  prac_json_str(&j, r->source->name);
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
  if (r->out.batches > 0) printf("  %-24s %14" PRIu64 " bytes\n", "written", r->out.bytes);
  if (rc != PRAC_OK) {
    (void)fflush(stdout);
    (void)cmd_fail(&r->err);
  }
}

static prac_rc one(const struct opts *o, const char *what)
{
  struct run r = {.o = o, .what = what, .out.fd = -1};
  prac_rc rc = open_run(&r);
  if (rc == PRAC_OK) {
    rc = pump(&r);
    prac_rc end = cap_core_finish(r.core); /* also after a damaged file: what came before counts */
    if (rc == PRAC_OK && end != PRAC_OK) rc = r.err.rc = end;
  }
  if (r.state) r.source->stats(r.state, &r.stats);
  if (o->json)
    tell_json(&r, rc);
  else
    tell(&r, rc);
  close_run(&r);
  return rc;
}

static int run(int argc, char **argv)
{
  struct opts o;
  int st = cmd_parse(&cmd_capture, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  int worst = CMD_OK;
  for (size_t i = 0; i < o.files.n; i++) {
    prac_rc rc = one(&o, o.files.v[i]);
    if (rc != PRAC_OK && cmd_status_of(rc) > worst) worst = cmd_status_of(rc);
  }
  return worst;
}

const struct cmd cmd_capture = {
    .name = "capture",
    .about = "count and mark the packets of captures or of a live interface",
    .group = "make and check",
    .examples =
        "practice capture FILE.pcap\tpackets by kind, marks and tools\n"
        "practice capture --json --write out FILE.pcapng.gz\tflow batches, and counts as JSON",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
