/* The order of input. Batches wait here until every live sensor has passed their minute; then the
 * same slice goes to all engines, and what they say is joined in (time, engine) order. Nothing in
 * here depends on wall time or on the number of threads. */
#include "engine/core.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core_int.h"

enum { THREAD_ROWS = 8192 }; /* fewer rows in a slice are not worth waking a thread */
static const prac_time TIME_LIMIT = INT64_MAX / 2;

static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help) {name, unit, help, ENG_CORE_##id == ENG_CORE_HELD},
    ENG_CORE_COUNTERS(X)
#undef X
};

static void count(struct eng_core *c, enum eng_core_counter id, uint64_t by)
{
  prac_count(&c->counters[id], by);
}

/* ---- settings and engines ---- */

static bool named(const char *list, const char *name)
{
  size_t n = strlen(name);
  for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
    if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0')) return true;
  return false;
}

static prac_rc only_known(const char *list, const struct eng_ops *const *engines,
                          struct prac_err *reterr)
{
  size_t words = 1, known = 0;
  for (const char *p = list; *p; p++) words += *p == ',';
  for (const struct eng_ops *const *e = engines; *e; e++) known += named(list, (*e)->name);
  if (known == words) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_UNKNOWN, "not all of \"%s\" are names of engines", list);
}

/* The defaults of every engine as loaded settings, so that their hash is made in one way only. */
static prac_rc own_settings(struct eng_core *c, const struct eng_ops *const *engines, size_t n,
                            struct prac_err *reterr)
{
  if (c->own) return PRAC_OK;
  const struct prac_conf_section **s = calloc(n + 1, sizeof *s);
  if (!s) return PRAC_FAIL(reterr, PRAC_NOMEM, "engine settings: out of memory");
  for (size_t i = 0; i < n; i++) s[i] = engines[i]->conf;
  prac_rc rc = prac_conf_parse("", 0, "defaults", s, &c->own, reterr);
  free((void *)s);
  return rc;
}

static prac_rc run_add(struct eng_core *c, const struct eng_ops *ops,
                       const struct prac_conf *settings, const struct eng_common *conf,
                       struct prac_err *reterr)
{
  struct eng_run *r = &c->runs[c->n_runs++];
  r->seed = conf->seed ? (uint64_t)conf->seed : c->conf.seed;
  r->settings = prac_conf_hash(settings, ops->conf->path);
  r->env.secret = c->conf.secret;
  r->env.par = c->pool ? &c->par : NULL;
  r->clock = c->conf.clock;
  PRAC_TRY(eng_run_init(r, ops, conf, reterr));
  if (ops->label && !c->labels) c->labels = r;
  return eng_run_open(r, reterr);
}

static bool wanted(const struct eng_core *c, const struct eng_ops *ops,
                   const struct eng_common *conf)
{
  if (!c->conf.only) return conf->enabled;
  return named(c->conf.only, ops->name) || (ops->label && conf->enabled);
}

/* Engine i of the list, when it is wanted, with the settings it has or its defaults. */
static prac_rc run_new(struct eng_core *c, const struct eng_ops *const *engines, size_t n, size_t i,
                       const struct prac_conf *settings, struct prac_err *reterr)
{
  const char *path = engines[i]->conf->path;
  const struct prac_conf *from = settings;
  const struct eng_common *conf = from ? prac_conf_get(from, path, 0) : NULL;
  if (!conf) {
    PRAC_TRY(own_settings(c, engines, n, reterr));
    from = c->own;
    conf = prac_conf_get(from, path, 0);
  }
  if (!wanted(c, engines[i], conf)) return PRAC_OK;
  PRAC_TRY(run_add(c, engines[i], from, conf, reterr));
  c->runs[c->n_runs - 1].part = c->conf.part;
  c->runs[c->n_runs - 1].unheard = c->conf.only && !named(c->conf.only, engines[i]->name);
  return PRAC_OK;
}

static prac_rc runs_new(struct eng_core *c, const struct prac_conf *settings,
                        struct prac_err *reterr)
{
  const struct eng_ops *const *engines = c->conf.engines ? c->conf.engines : eng_list;
  size_t n = 0;
  while (engines[n]) n++;
  if (c->conf.only) PRAC_TRY(only_known(c->conf.only, engines, reterr));
  c->runs = calloc(n + 1, sizeof *c->runs);
  if (!c->runs) return PRAC_FAIL(reterr, PRAC_NOMEM, "engines: out of memory");
  for (size_t i = 0; i < n; i++) PRAC_TRY(run_new(c, engines, n, i, settings, reterr));
  return PRAC_OK;
}

static prac_rc core_fill(struct eng_core *c, const struct prac_conf *settings,
                         struct prac_err *reterr)
{
  if (c->conf.nthreads > 1) {
    c->pool = eng_pool_new(c->conf.nthreads - 1);
    if (!c->pool) return PRAC_FAIL(reterr, PRAC_NOMEM, "engine threads: out of memory");
    c->par = (struct math_par){c->conf.nthreads, eng_pool_run, c->pool};
  }
  return runs_new(c, settings, reterr);
}

prac_rc eng_core_new(const struct eng_core_conf *conf, const struct prac_conf *settings,
                     eng_sink *sink, void *arg, struct eng_core **ret, struct prac_err *reterr)
{
  struct eng_core *c = calloc(1, sizeof *c);
  if (!c) return PRAC_FAIL(reterr, PRAC_NOMEM, "engine core: out of memory");
  c->conf = *conf;
  if (c->conf.nthreads == 0) c->conf.nthreads = 1;
  if (c->conf.silent_ns == 0) c->conf.silent_ns = 10 * PRAC_MIN;
  if (c->conf.settle_ns == 0) c->conf.settle_ns = PRAC_MIN;
  if (c->conf.settle_ns < 0) c->conf.settle_ns = 0;
  if (!c->conf.part) c->conf.part = "";
  if (c->conf.hold_max == 0) c->conf.hold_max = 4096;
  if (c->conf.hold_rows == 0) c->conf.hold_rows = UINT64_C(1) << 25;
  c->sink = sink;
  c->sink_arg = arg;
  c->newest = c->floor = c->released = PRAC_TIME_NONE;
  prac_rc rc = core_fill(c, settings, reterr);
  if (rc != PRAC_OK)
    eng_core_free(&c);
  else
    *ret = c;
  return rc;
}

void eng_core_free(struct eng_core **cp)
{
  if (!cp || !*cp) return;
  struct eng_core *c = *cp;
  *cp = NULL;
  eng_pool_free(&c->pool);
  for (size_t i = 0; i < c->n_runs; i++) eng_run_done(&c->runs[i]);
  for (size_t i = 0; i < c->n_held; i++) flow_batch_unref(&c->held[i]);
  eng_view_done(&c->view);
  prac_conf_free(&c->own);
  free(c->runs);
  free(c->sensors);
  free((void *)c->held);
  free(c);
}

/* ---- what the engines said ---- */

struct said {
  const struct finding *f;
  size_t run, nth;
};
static int said_order(const void *pa, const void *pb)
{
  const struct said *a = pa, *b = pb;
  if (a->f->at != b->f->at) return a->f->at < b->f->at ? -1 : 1;
  if (a->run != b->run) return a->run < b->run ? -1 : 1;
  return a->nth < b->nth ? -1 : a->nth > b->nth;
}

static prac_rc hand_on(struct eng_core *c, struct prac_err *reterr)
{
  size_t n = 0, at = 0;
  for (size_t i = 0; i < c->n_runs; i++) n += c->runs[i].out.n;
  if (n == 0) return PRAC_OK;
  struct said *all = calloc(n, sizeof *all);
  if (!all) return PRAC_FAIL(reterr, PRAC_NOMEM, "findings: out of memory");
  for (size_t i = 0; i < c->n_runs; i++)
    for (size_t k = 0; k < c->runs[i].out.n; k++)
      all[at++] = (struct said){&c->runs[i].out.v[k], i, k};
  qsort(all, n, sizeof *all, said_order);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = c->sink(c->sink_arg, all[i].f);
  free(all);
  count(c, ENG_CORE_FINDINGS, n);
  for (size_t i = 0; i < c->n_runs; i++) eng_out_reset(&c->runs[i].out);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "a finding was not taken: %s", prac_rc_text(rc));
  return PRAC_OK;
}

/* ---- order ---- */

struct eng_sensor *eng_core_sensor(struct eng_core *c, const char *name)
{
  for (size_t i = 0; i < c->n_sensors; i++)
    if (strcmp(c->sensors[i].name, name) == 0) return &c->sensors[i];
  if (c->n_sensors == ENG_SENSORS_MAX || strlen(name) >= ENG_SENSOR_NAME) return NULL;
  if (c->n_sensors == c->cap_sensors) {
    size_t cap = c->cap_sensors ? c->cap_sensors * 2 : 16;
    struct eng_sensor *v = realloc(c->sensors, cap * sizeof *v);
    if (!v) return NULL;
    c->sensors = v;
    c->cap_sensors = cap;
  }
  struct eng_sensor *s = &c->sensors[c->n_sensors++];
  *s = (struct eng_sensor){.clock = PRAC_TIME_NONE};
  memcpy(s->name, name, strlen(name));
  return s;
}

static int batch_order(const struct flow_batch *a, const struct flow_batch *b)
{
  if (a->minute != b->minute) return a->minute < b->minute ? -1 : 1;
  int s = strcmp(a->sensor, b->sensor);
  if (s != 0) return s;
  return a->part < b->part ? -1 : a->part > b->part;
}

prac_rc eng_core_hold(struct eng_core *c, struct flow_batch *b)
{
  if (c->n_held == c->cap_held) {
    size_t cap = c->cap_held ? c->cap_held * 2 : 64;
    struct flow_batch **v = realloc((void *)c->held, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    c->held = v;
    c->cap_held = cap;
  }
  size_t i = c->n_held; /* nearly sorted already: from the end */
  while (i > 0 && batch_order(c->held[i - 1], b) > 0) i--;
  memmove((void *)&c->held[i + 1], (void *)&c->held[i], (c->n_held - i) * sizeof *c->held);
  c->held[i] = flow_batch_ref(b);
  c->n_held++;
  c->held_rows += b->n;
  return PRAC_OK;
}

/* The slowest live sensor that is not left behind; NULL: none. */
static struct eng_sensor *slowest(struct eng_core *c)
{
  struct eng_sensor *s = NULL;
  for (size_t i = 0; i < c->n_sensors; i++) {
    struct eng_sensor *x = &c->sensors[i];
    if (x->left || x->clock == PRAC_TIME_NONE || x->clock < c->newest - c->conf.silent_ns) continue;
    if (!s || x->clock < s->clock) s = x;
  }
  return s;
}

static prac_time watermark(struct eng_core *c)
{
  if (c->newest == PRAC_TIME_NONE) return PRAC_TIME_NONE;
  prac_time w = c->newest - c->conf.settle_ns;
  const struct eng_sensor *s = slowest(c);
  if (s && s->clock < w) w = s->clock;
  if (c->floor != PRAC_TIME_NONE && c->floor > w) w = c->floor;
  return prac_time_floor(w, PRAC_MIN);
}

struct working {
  struct eng_core *c;
  struct eng_work w;
};
static void work_one(void *ctx, size_t i)
{
  const struct working *x = ctx;
  if (&x->c->runs[i] != x->c->labels) eng_run_work(&x->c->runs[i], &x->w);
}

/* The engine that labels first, over the whole slice; what it leaves goes to all others at once. */
static void work(struct eng_core *c, struct eng_work w, uint64_t rows)
{
  struct working all = {c, w};
  if (c->labels) {
    w.view = &c->view;
    eng_run_work(c->labels, &w);
    if (c->labels->rc != PRAC_OK) return;
    all.w.batches = c->view.batches;
    count(c, ENG_CORE_SURVEY, c->view.rows[ENG_LABEL_SURVEY]);
    count(c, ENG_CORE_MALWARE, c->view.rows[ENG_LABEL_MALWARE]);
  }
  math_par_run(c->pool && rows >= THREAD_ROWS ? &c->par : NULL, c->n_runs, work_one, &all);
  if (c->labels && c->labels->unheard) eng_out_reset(&c->labels->out);
}

static prac_rc release(struct eng_core *c, prac_time until, bool all, struct prac_err *reterr)
{
  if (until == PRAC_TIME_NONE || (!all && until <= c->released)) return PRAC_OK;
  struct eng_work w = {.batches = c->held, .until = until, .all = all};
  uint64_t rows = 0;
  while (w.n < c->n_held && c->held[w.n]->minute < until) rows += c->held[w.n++]->n;
  work(c, w, rows);
  eng_view_clear(&c->view);
  c->released = until;
  count(c, ENG_CORE_BATCHES, w.n);
  count(c, ENG_CORE_ROWS, rows);
  for (size_t i = 0; i < w.n; i++) flow_batch_unref(&c->held[i]);
  c->n_held -= w.n;
  c->held_rows -= rows;
  if (w.n) memmove((void *)c->held, (void *)&c->held[w.n], c->n_held * sizeof *c->held);
  for (size_t i = 0; i < c->n_runs; i++)
    if (c->runs[i].rc != PRAC_OK) {
      if (reterr) *reterr = c->runs[i].err;
      return c->runs[i].rc;
    }
  return hand_on(c, reterr);
}

/* Releases what is due; then makes room by leaving the slowest behind, one after the other. */
static prac_rc go_on(struct eng_core *c, struct prac_err *reterr)
{
  PRAC_TRY(release(c, watermark(c), false, reterr));
  while (c->n_held > c->conf.hold_max || c->held_rows > c->conf.hold_rows) {
    struct eng_sensor *s = slowest(c);
    prac_time until = c->held[0]->minute + PRAC_MIN;
    if (s && s->clock < until) {
      s->left = true;
      count(c, ENG_CORE_LEFT, 1);
      until = watermark(c);
    }
    PRAC_TRY(release(c, until, false, reterr));
  }
  prac_gauge(&c->counters[ENG_CORE_HELD], c->n_held);
  return PRAC_OK;
}

static void heard(struct eng_core *c, struct eng_sensor *s, prac_time t)
{
  if (t > s->clock) s->clock = t;
  if (s->clock > c->newest) c->newest = s->clock;
  if (s->clock >= c->released) s->left = false;
}

prac_rc eng_core_feed(struct eng_core *c, struct flow_batch *b, struct prac_err *reterr)
{
  if (b->minute % PRAC_MIN != 0 || b->minute > TIME_LIMIT || b->minute < -TIME_LIMIT)
    return PRAC_FAIL(reterr, PRAC_RANGE, "a batch of sensor %s has an impossible minute",
                     b->sensor);
  struct eng_sensor *s = eng_core_sensor(c, b->sensor);
  if (!s) {
    count(c, ENG_CORE_REFUSED, 1);
    return PRAC_OK;
  }
  heard(c, s, b->last ? b->minute + PRAC_MIN : b->minute);
  if (b->minute < c->released)
    count(c, ENG_CORE_LATE, 1);
  else if (eng_core_hold(c, b) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "held batches: out of memory");
  return go_on(c, reterr);
}

prac_rc eng_core_advance(struct eng_core *c, const char *sensor, prac_time t,
                         struct prac_err *reterr)
{
  if (t > TIME_LIMIT || t < -TIME_LIMIT)
    return PRAC_FAIL(reterr, PRAC_RANGE, "a sensor's clock shows an impossible time");
  if (sensor) {
    struct eng_sensor *s = eng_core_sensor(c, sensor);
    if (s) heard(c, s, t);
    return s ? go_on(c, reterr) : PRAC_OK;
  }
  if (t > c->floor) c->floor = t;
  for (size_t i = 0; i < c->n_sensors; i++) heard(c, &c->sensors[i], t);
  if (t > c->newest) c->newest = t;
  return go_on(c, reterr);
}

prac_rc eng_core_finish(struct eng_core *c, struct prac_err *reterr)
{
  prac_time until = c->newest;
  for (size_t i = 0; i < c->n_held; i++)
    if (c->held[i]->minute + PRAC_MIN > until) until = c->held[i]->minute + PRAC_MIN;
  PRAC_TRY(release(c, until, true, reterr));
  prac_gauge(&c->counters[ENG_CORE_HELD], 0);
  return PRAC_OK;
}

int64_t eng_core_spent(const struct eng_core *c, const char *engine)
{
  for (size_t i = 0; i < c->n_runs; i++)
    if (strcmp(c->runs[i].ops->name, engine) == 0) return c->runs[i].spent_ns;
  return 0;
}

prac_time eng_core_watermark(const struct eng_core *c)
{
  return c->released;
}

size_t eng_core_counters(const struct eng_core *c, struct prac_counters *ret, size_t max)
{
  struct eng_core *own = (struct eng_core *)(uintptr_t)c; /* readers may look at atomics */
  size_t n = 0;
  if (max > n)
    ret[n] = (struct prac_counters){"engine", counter_defs, own->counters, ENG_CORE_COUNTER_COUNT_};
  n++;
  for (size_t i = 0; i < c->n_runs; i++) {
    const struct eng_run *r = &c->runs[i];
    if (r->unheard) continue;
    if (max > n)
      ret[n] = (struct prac_counters){r->ops->conf->path, r->ops->counters, r->env.counters,
                                      r->ops->n_counters};
    n++;
  }
  return n;
}
