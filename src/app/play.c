/* Captures, or a store's flows, through the chain: files are merged by time, engines may go on from
 * where an earlier run has left them. */
#include "app/play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app/settings.h"
#include "app/stop.h"
#include "app/where.h"
#include "sys/durable.h"

/* The sensor that a file belongs to: NAME=FILE, --sensor, or the file's own name without its path
 * and ending. *path is where the file's name starts. */
static const char *sensor_of(const struct play_opts *o, const char *arg, char name[64],
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
  if (strcmp(arg, "-") == 0) arg = "stdin";
  const char *base = strrchr(arg, '/') ? strrchr(arg, '/') + 1 : arg;
  (void)snprintf(name, 64, "%.*s", (int)strcspn(base, "."), base);
  return name;
}

/* All files are open at the same time; the usual limit is far below what the system allows. */
static void allow_files(void)
{
  struct rlimit l;
  if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == l.rlim_max) return;
  l.rlim_cur = l.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &l);
}

static prac_rc open_inputs(struct play *r, struct prac_err *err)
{
  size_t n = r->o->files.n;
  allow_files();
  r->in = calloc(n, sizeof *r->in);
  r->core = calloc(n, sizeof *r->core);
  if (!r->in || !r->core) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for %zu files", n);
  for (size_t i = 0; i < n; i++) {
    char name[64];
    const char *path, *sensor = sensor_of(r->o, r->o->files.v[i], name, &path);
    PRAC_TRY(input_open(path, NULL, r->o->source, r->conf, NULL, &r->in[i], err));
    r->n = i + 1;
    if (r->in[i].frames || r->o->sensors.n)
      PRAC_TRY(pipeline_sensor(r->p, sensor, &r->core[i], err));
  }
  return PRAC_OK;
}

static void show_progress(struct play *r)
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
static struct input *oldest(struct play *r, size_t *ret_i, prac_time *ret_until)
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

/* Rows that name no sensor belong to the one that the file is called after. */
static prac_rc own_sensor(struct play *r, size_t i, const struct cap_seen *rows, size_t n,
                          struct prac_err *err)
{
  char name[64];
  const char *path;
  for (size_t k = 0; k < n && !r->core[i]; k++)
    if (!rows[k].sensor)
      PRAC_TRY(
          pipeline_sensor(r->p, sensor_of(r->o, r->o->files.v[i], name, &path), &r->core[i], err));
  return PRAC_OK;
}

static prac_rc feed(struct play *r, size_t i, size_t n, struct prac_err *err)
{
  struct input *in = &r->in[i];
  size_t at = in->at;
  if (in->seen) PRAC_TRY(own_sensor(r, i, in->seen + at, n, err));
  in->at += n;
  in->items += n;
  if (in->frames) return pipeline_frames(r->p, r->core[i], in->frames + at, n, err);
  return pipeline_seen(r->p, r->core[i], in->seen + at, n, err);
}

static prac_rc play_files(struct play *r, struct prac_err *err)
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
  return PRAC_OK;
}

static bool stored_so_far(void *arg, prac_time minute)
{
  struct play *r = arg;
  const struct prac_span *all = &r->stored.minutes;
  progress_at(&r->progress, (uint64_t)(minute + PRAC_MIN - prac_time_floor(all->from, PRAC_MIN)),
              (uint64_t)(all->to - prac_time_floor(all->from, PRAC_MIN)),
              pipeline_totals(r->p)->packets);
  return !stop_asked();
}

static bool same_place(const char *a, const char *b)
{
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int play_check(const struct cmd *c, const struct play_opts *o)
{
  bool span = o->from != PRAC_TIME_NONE || o->to != PRAC_TIME_NONE;
  if (!o->from_store) {
    if (o->files.n == 0) return cmd_usage(c, "needs FILE... or --from-store DIR");
    if (span) return cmd_usage(c, "--from and --to go with --from-store");
    if (o->sensors.n > 1) return cmd_usage(c, "--sensor is given twice");
    return CMD_GO;
  }
  if (o->files.n) return cmd_usage(c, "--from-store and FILE exclude each other");
  if (o->source || o->counters)
    return cmd_usage(c, "--source and --counters go with captures, not --from-store");
  if (o->from != PRAC_TIME_NONE && o->to != PRAC_TIME_NONE && o->to <= o->from)
    return cmd_usage(c, "--to is not after --from");
  if (o->store && same_place(o->store, o->from_store))
    return cmd_usage(c, "--store and --from-store must be two places");
  return CMD_GO;
}

/* ---- where an earlier run left the engines ---- */

static const char state_magic[8] = "PRACENGS";

static prac_rc state_load(struct play *r, struct prac_err *err)
{
  uint8_t *bytes = NULL;
  size_t n = 0;
  struct prac_err why = {0};
  if (!r->o->state) return PRAC_OK;
  prac_rc rc = sys_unseal_file(r->o->state, state_magic, SIZE_MAX / 2, &bytes, &n, &why);
  if (rc == PRAC_UNKNOWN) return PRAC_OK; /* the first run */
  if (rc == PRAC_OK) rc = pipeline_load(r->p, bytes, n, &why);
  free(bytes);
  if (rc == PRAC_OK) return PRAC_OK;
  return PRAC_FAIL(err, rc, "%s: %s", r->o->state, why.text);
}

static prac_rc state_save(struct play *r, struct prac_err *err)
{
  uint8_t *bytes = NULL;
  size_t n = 0;
  PRAC_TRY(pipeline_pause(r->p, err));
  PRAC_TRY(pipeline_save(r->p, &bytes, &n, err));
  prac_rc rc = sys_seal_file(r->o->state, state_magic, bytes, n, err);
  free(bytes);
  return rc;
}

/* ---- life ---- */

static prac_rc open_stored(struct play *r, struct prac_err *err)
{
  r->stored.q.span = (struct prac_span){r->o->from, r->o->to};
  r->stored.q.sensors = (struct model_strs){r->o->sensors.v, (uint32_t)r->o->sensors.n};
  return stored_open(&r->stored, r->o->from_store, r->conf, (unsigned)r->o->threads, err);
}

prac_rc play_open(struct play *p, const struct play_opts *o, eng_sink *on_finding,
                  alert_sink *on_alert, void *arg, struct prac_err *reterr)
{
  *p = (struct play){.o = o};
  PRAC_TRY(settings_load(o->config, &p->conf, reterr));
  if (o->from_store) PRAC_TRY(open_stored(p, reterr)); /* before anything is made elsewhere */
  PRAC_TRY(lookup_new(prac_conf_get(p->conf, lookup_conf_section.path, 0), PRAC_TIME_NONE, NULL,
                      &p->look, reterr));
  if (o->store) {
    struct store_env env = {.nthreads = (unsigned)o->threads};
    PRAC_TRY(where_open(o->store, p->conf, &env, &p->store, reterr));
  }
  struct pipeline_conf pc = {.settings = p->conf,
                             .look = p->look,
                             .store = p->store.ops ? &p->store : NULL,
                             .engines = o->engines,
                             .nthreads = (unsigned)o->threads,
                             .seed = o->seed,
                             .on_finding = on_finding,
                             .on_alert = on_alert,
                             .arg = arg};
  PRAC_TRY(pipeline_new(&pc, &p->p, reterr));
  PRAC_TRY(state_load(p, reterr));
  return o->from_store ? PRAC_OK : open_inputs(p, reterr);
}

prac_rc play_run(struct play *p, struct prac_err *reterr)
{
  stop_install();
  p->progress = progress_of("replaying", "packets");
  if (p->o->quiet) progress_end(&p->progress);
  p->rc = p->o->from_store ? stored_play(&p->stored, p->p, stored_so_far, p, reterr)
                           : play_files(p, reterr);
  if (p->rc == PRAC_OK) p->rc = p->o->state ? state_save(p, reterr) : pipeline_finish(p->p, reterr);
  progress_end(&p->progress);
  return p->rc;
}

void play_tell_files(struct play *p)
{
  if (stop_asked())
    fputs("practice: stopped before the end: what is said is of the part that was read\n", stderr);
  char back[INPUT_BACK_TEXT];
  for (size_t i = 0; i < p->n; i++) {
    if (p->in[i].broken) fprintf(stderr, "practice: %s\n", p->in[i].why.text);
    if (input_back_text(&p->in[i], back))
      fprintf(stderr, "practice: %s: %s\n", p->in[i].what, back);
  }
}

bool play_is_whole(const struct play *p)
{
  bool whole = !p->stored.damaged && !stop_asked();
  for (size_t i = 0; i < p->n; i++) whole &= !p->in[i].broken;
  return whole;
}

uint64_t play_items(const struct play *p, uint64_t *ret_refused)
{
  uint64_t items = 0;
  *ret_refused = 0;
  for (size_t i = 0; i < p->n; i++) {
    struct cap_stats s;
    input_stats(&p->in[i], &s);
    items += p->in[i].items;
    *ret_refused += s.malformed;
  }
  return items;
}

void play_close(struct play *p)
{
  pipeline_free(&p->p);
  for (size_t i = 0; i < p->n; i++) input_close(&p->in[i]);
  free(p->in);
  free(p->core);
  store_close(&p->store);
  stored_close(&p->stored);
  lookup_unref(&p->look);
  prac_conf_free(&p->conf);
}
