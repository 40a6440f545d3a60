/* The rooms know only records; who hands which record to whom is said here, once. */
#include "app/pipeline.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/roles.h"

/* A minute of a sensor that has fallen silent leaves the sensor's core only when the caller says
 * that the time has come: SKEW and the core's lateness after it, and a caller says so once a minute
 * at most. Engines that settled sooner would call it late. */
#define SETTLE_NS (PIPELINE_SKEW_NS + 2 * PRAC_MIN)

enum { HOLD_MAX = 1 << 16, STORE_ROWS = 1 << 20, STORE_BATCHES = 8192, STORE_RECS = 4096 };

struct sensor {
  char name[32];
  char room[48]; /* of its counters: capture/NAME */
  struct cap_core *core;
};
/* What waits for the store: one transaction at a time. */
struct waiting {
  struct flow_batch **batches;
  struct store_rec *recs;
  size_t n_batches, n_recs, rows;
  struct prac_arena *arena; /* of the records */
};
struct pipeline {
  struct pipeline_conf c;
  struct sensor sensors[PIPELINE_SENSORS_MAX];
  size_t n_sensors;
  struct eng_core *engines;
  struct alert_desk *desk;
  struct waiting w;
  struct pipeline_totals totals;
  int64_t lateness_ns;  /* what the sensors wait for packets that come late */
  prac_time told;       /* the minute up to which the engines have been advanced */
  struct prac_err *err; /* of the call under way: sinks have no way to hand one up */
};

static prac_rc store_now(struct pipeline *p)
{
  struct waiting *w = &p->w;
  if (w->n_batches + w->n_recs == 0) return PRAC_OK;
  struct store_tx tx = {
      .batches = w->batches, .n_batches = w->n_batches, .recs = w->recs, .n_recs = w->n_recs};
  prac_rc rc = p->c.store->ops->append(p->c.store->st, &tx, p->err);
  for (size_t i = 0; i < w->n_batches; i++) flow_batch_unref(&w->batches[i]);
  w->n_batches = w->n_recs = w->rows = 0;
  prac_arena_reset(w->arena);
  return rc;
}

static prac_rc store_batch(struct pipeline *p, struct flow_batch *b)
{
  struct waiting *w = &p->w;
  if (!p->c.store) return PRAC_OK;
  if (w->n_batches == STORE_BATCHES || w->rows + b->n > STORE_ROWS) PRAC_TRY(store_now(p));
  w->batches[w->n_batches++] = flow_batch_ref(b);
  w->rows += b->n;
  return PRAC_OK;
}

static prac_rc store_rec(struct pipeline *p, const struct model_kind *k, const void *rec)
{
  struct waiting *w = &p->w;
  if (!p->c.store) return PRAC_OK;
  if (w->n_recs == STORE_RECS) PRAC_TRY(store_now(p));
  void *copy = prac_arena_alloc(w->arena, k->size);
  if (!copy) return PRAC_NOMEM;
  PRAC_TRY(model_copy(k, rec, w->arena, copy));
  w->recs[w->n_recs++] = (struct store_rec){k, copy};
  return PRAC_OK;
}

static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct pipeline *p = arg;
  p->totals.alert_revisions++;
  if (a->revision == 1) p->totals.alerts_opened++;
  PRAC_TRY(store_rec(p, &model_alert, a));
  return p->c.on_alert ? p->c.on_alert(p->c.arg, a) : PRAC_OK;
}

static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct pipeline *p = arg;
  p->totals.findings++;
  PRAC_TRY(store_rec(p, &model_finding, f));
  if (p->c.on_finding) PRAC_TRY(p->c.on_finding(p->c.arg, f));
  PRAC_TRY(alert_desk_advance(p->desk, f->at)); /* holds that ran out before this one */
  return alert_desk_take(p->desk, f);
}

static void count_batch(struct pipeline_totals *t, const struct flow_batch *b)
{
  t->batches++;
  t->flows += b->n;
  for (uint32_t i = 0; i < b->n; i++) {
    t->packets += b->packets[i];
    t->bytes += b->bytes[i];
  }
  if (t->first == PRAC_TIME_NONE || b->minute < t->first) t->first = b->minute;
  if (b->minute > t->last) t->last = b->minute;
}

static prac_rc take_batch(struct pipeline *p, struct flow_batch *b)
{
  count_batch(&p->totals, b);
  PRAC_TRY(store_batch(p, b));
  return eng_core_feed(p->engines, b, p->err);
}

static prac_rc on_batch(void *arg, struct flow_batch *b)
{
  prac_rc rc = take_batch(arg, b);
  flow_batch_unref(&b);
  return rc;
}

static prac_rc on_packet(void *arg, const struct packet *k)
{
  return store_rec(arg, &model_packet, k);
}

/* ---- life ---- */

static const void *section(const struct pipeline *p, const struct prac_conf_section *s, void *room)
{
  const void *c = p->c.settings ? prac_conf_get(p->c.settings, s->path, 0) : NULL;
  if (c) return c;
  prac_conf_defaults(s, room);
  return room;
}

static prac_rc make(struct pipeline *p, struct prac_err *reterr)
{
  struct alert_conf desk_conf;
  const struct alert_conf *ac = section(p, &alert_conf_section, &desk_conf);
  struct eng_core_conf ec = {.nthreads = p->c.nthreads,
                             .seed = p->c.seed,
                             .only = p->c.engines,
                             .silent_ns = PIPELINE_SKEW_NS,
                             .settle_ns = SETTLE_NS,
                             .hold_max = HOLD_MAX,
                             .hold_rows = UINT64_MAX};
  p->w.batches = calloc(STORE_BATCHES, sizeof(struct flow_batch *));
  p->w.recs = calloc(STORE_RECS, sizeof *p->w.recs);
  p->w.arena = prac_arena_new(64 << 10);
  if (!p->w.batches || !p->w.recs || !p->w.arena)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the pipeline");
  prac_rc rc = alert_desk_new(ac, on_alert, p, &p->desk);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "alert desk: %s", prac_rc_text(rc));
  return eng_core_new(&ec, p->c.settings, on_finding, p, &p->engines, reterr);
}

prac_rc pipeline_new(const struct pipeline_conf *c, struct pipeline **ret, struct prac_err *reterr)
{
  struct pipeline *p = calloc(1, sizeof *p);
  if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the pipeline");
  p->c = *c;
  p->totals.first = p->totals.last = p->told = PRAC_TIME_NONE;
  p->lateness_ns = 2 * PRAC_SEC;
  prac_rc rc = make(p, reterr);
  if (rc != PRAC_OK)
    pipeline_free(&p);
  else
    *ret = p;
  return rc;
}

void pipeline_free(struct pipeline **pp)
{
  struct pipeline *p = pp ? *pp : NULL;
  if (!p) return;
  for (size_t i = 0; i < p->n_sensors; i++) cap_core_free(&p->sensors[i].core);
  eng_core_free(&p->engines);
  alert_desk_free(&p->desk);
  for (size_t i = 0; i < p->w.n_batches; i++) flow_batch_unref(&p->w.batches[i]);
  free(p->w.batches);
  free(p->w.recs);
  prac_arena_free(&p->w.arena);
  free(p);
  *pp = NULL;
}

static void clean_name(char to[32], const char *from)
{
  size_t n = 0;
  for (; *from && n < 31; from++) {
    int c = tolower((unsigned char)*from);
    to[n++] = (char)(isalnum(c) && c < 128 ? c : '-');
  }
  if (n == 0) memcpy(to, "sensor", n = 6);
  to[n] = 0;
}

/* A minute, as the settings have it of the sensor of that name; as by default of others. */
static uint32_t samples_of(const struct pipeline *p, const char *name)
{
  struct sensor_conf c;
  size_t n = p->c.settings ? prac_conf_count(p->c.settings, "sensors") : 0;
  prac_conf_defaults(&sensors_conf_section, &c);
  for (size_t i = 0; i < n; i++) {
    const struct sensor_conf *s = prac_conf_get(p->c.settings, "sensors", i);
    if (strcmp(s->name, name) == 0) c.samples = s->samples;
  }
  return (uint32_t)c.samples;
}

prac_rc pipeline_sensor(struct pipeline *p, const char *name, struct cap_core **ret,
                        struct prac_err *reterr)
{
  char clean[32];
  clean_name(clean, name);
  for (size_t i = 0; i < p->n_sensors; i++)
    if (strcmp(p->sensors[i].name, clean) == 0) {
      *ret = p->sensors[i].core;
      return PRAC_OK;
    }
  if (p->n_sensors == PIPELINE_SENSORS_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL,
                     "more than %d sensors; --sensor NAME makes one of all files",
                     PIPELINE_SENSORS_MAX);
  struct sensor *s = &p->sensors[p->n_sensors];
  memcpy(s->name, clean, sizeof clean);
  (void)snprintf(s->room, sizeof s->room, "capture/%s", clean);
  struct cap_conf c = {.sensor = s->name,
                       .country = "",
                       .nthreads = p->c.nthreads,
                       .lateness_ns = p->lateness_ns,
                       .no_empty = true};
  PRAC_TRY(cap_core_new(&c, p->c.look, on_batch, p, &s->core, reterr));
  prac_rc rc = p->c.store ? cap_core_sample(s->core, samples_of(p, clean), on_packet) : PRAC_OK;
  if (rc != PRAC_OK) {
    cap_core_free(&s->core);
    return PRAC_FAIL(reterr, rc, "no memory for sensor %s", clean);
  }
  p->n_sensors++;
  *ret = s->core;
  return PRAC_OK;
}

/* ---- work ---- */

static prac_rc done(struct pipeline *p, prac_rc rc, const char *what)
{
  if (rc != PRAC_OK && p->err && p->err->rc == PRAC_OK)
    (void)PRAC_FAIL(p->err, rc, "%s: %s", what, prac_rc_text(rc));
  p->err = NULL;
  return rc;
}

static void begin(struct pipeline *p, struct prac_err *reterr)
{
  p->err = reterr;
  if (reterr) reterr->rc = PRAC_OK;
}

prac_rc pipeline_frames(struct pipeline *p, struct cap_core *sensor, const struct cap_frame *f,
                        size_t n, struct prac_err *reterr)
{
  begin(p, reterr);
  return done(p, cap_core_frames(sensor, f, n), "capture");
}

prac_rc pipeline_seen(struct pipeline *p, struct cap_core *sensor, const struct cap_seen *s,
                      size_t n, struct prac_err *reterr)
{
  begin(p, reterr);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0, j; i < n && rc == PRAC_OK; i = j) {
    struct cap_core *core = sensor;
    for (j = i + 1; j < n && s[j].sensor == s[i].sensor; j++) {
    }
    if (s[i].sensor) rc = pipeline_sensor(p, s[i].sensor, &core, p->err);
    if (rc == PRAC_OK && !core) rc = PRAC_UNKNOWN;
    if (rc == PRAC_OK) rc = cap_core_seen(core, s + i, j - i);
  }
  return done(p, rc, "capture");
}

prac_rc pipeline_batch(struct pipeline *p, struct flow_batch *b, struct prac_err *reterr)
{
  begin(p, reterr);
  return done(p, take_batch(p, b), "flows");
}

prac_rc pipeline_advance(struct pipeline *p, prac_time t, struct prac_err *reterr)
{
  prac_time minute = prac_time_floor(t - p->lateness_ns, PRAC_MIN);
  if (minute <= p->told) return PRAC_OK;
  p->told = minute;
  begin(p, reterr);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < p->n_sensors && rc == PRAC_OK; i++)
    rc = cap_core_advance(p->sensors[i].core, t);
  if (rc == PRAC_OK) rc = eng_core_advance(p->engines, NULL, minute, p->err);
  prac_time mark = eng_core_watermark(p->engines);
  if (rc == PRAC_OK && mark != PRAC_TIME_NONE) rc = alert_desk_advance(p->desk, mark);
  return done(p, rc, "time");
}

prac_rc pipeline_pause(struct pipeline *p, struct prac_err *reterr)
{
  begin(p, reterr);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < p->n_sensors && rc == PRAC_OK; i++)
    rc = cap_core_finish(p->sensors[i].core);
  if (rc == PRAC_OK && p->c.store) rc = store_now(p);
  return done(p, rc, "end of input");
}

prac_rc pipeline_save(struct pipeline *p, uint8_t **ret, size_t *ret_len, struct prac_err *reterr)
{
  return eng_core_save(p->engines, ret, ret_len, reterr);
}

prac_rc pipeline_load(struct pipeline *p, const void *data, size_t len, struct prac_err *reterr)
{
  return eng_core_load(p->engines, data, len, reterr);
}

prac_rc pipeline_finish(struct pipeline *p, struct prac_err *reterr)
{
  begin(p, reterr);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < p->n_sensors && rc == PRAC_OK; i++)
    rc = cap_core_finish(p->sensors[i].core);
  if (rc == PRAC_OK) rc = eng_core_finish(p->engines, p->err);
  prac_time mark = eng_core_watermark(p->engines);
  if (rc == PRAC_OK && mark != PRAC_TIME_NONE) rc = alert_desk_advance(p->desk, mark);
  if (rc == PRAC_OK) rc = alert_desk_finish(p->desk);
  if (rc == PRAC_OK && p->c.store) rc = store_now(p);
  if (rc == PRAC_OK && p->c.store && p->c.store->ops->maintain && p->totals.last != PRAC_TIME_NONE)
    rc = p->c.store->ops->maintain(p->c.store->st, p->totals.last + PRAC_MIN, p->err);
  return done(p, rc, "end of input");
}

const struct pipeline_totals *pipeline_totals(const struct pipeline *p)
{
  return &p->totals;
}

size_t pipeline_counters(const struct pipeline *p, struct prac_counters *ret, size_t max)
{
  for (size_t i = 0; i < p->n_sensors && i < max; i++)
    ret[i] = (struct prac_counters){p->sensors[i].room, cap_counter_defs,
                                    cap_core_counters(p->sensors[i].core), cap_counter_count};
  return p->n_sensors;
}

size_t pipeline_engine_counters(const struct pipeline *p, struct prac_counters *ret, size_t max)
{
  return eng_core_counters(p->engines, ret, max);
}
