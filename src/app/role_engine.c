/* Engines as a process. Its state is saved with the bus position it stands for, and only then the
 * bus is told: a restart takes the state, reads on from there and says the same findings, whose ids
 * make the repeats harmless. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/role_sender.h"
#include "app/roles.h"
#include "app/workers.h"
#include "engine/core.h"
#include "sys/rights.h"
#include "sys/wall.h"

/* Saving is done so seldom that it takes a fiftieth of the time at most: states may be large. */
enum { SAVE_NS = 2000000000, SAVE_MESSAGES = 20000, SAVE_SHARE = 50 };
static const struct prac_log_event ev_unread = {"engine_unreadable", PRAC_LOG_WARN,
                                                "a sensor of another version?"};
static const struct prac_log_event ev_anew = {"engine_state_lost", PRAC_LOG_WARN,
                                              "baselines build up again from what comes"};

struct engine_role {
  struct bus bus;
  const struct worker_conf *worker;
  char only[1024]; /* the worker's engines */
  struct eng_core *core;
  struct prac_arena *arena;
  uint64_t seq, saved;
  struct role_refused refused;
  prac_time told; /* watermark that the alert role knows */
  int64_t next_save;
  struct prac_err *err;
};

static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct engine_role *s = arg;
  char subject[96];
  (void)snprintf(subject, sizeof subject, "finding.%s", f->engine);
  return role_publish_record(&s->bus, &model_finding, f, subject, f->id, s->err);
}

static struct eng_core_conf core_conf(struct engine_role *s)
{
  const struct worker_conf *w = s->worker;
  size_t at = 0;
  for (size_t i = 0; w && i < w->engines.n && at < sizeof s->only; i++)
    at +=
        (size_t)snprintf(s->only + at, sizeof s->only - at, "%s%s", i ? "," : "", w->engines.v[i]);
  return (struct eng_core_conf){.nthreads = 1,
                                .seed = 1,
                                .only = s->only[0] ? s->only : NULL,
                                .part = w && w->sensors.n ? w->name : NULL};
}

static prac_rc make_core(struct role_env *e, struct engine_role *s, struct prac_err *reterr)
{
  struct eng_core_conf c = core_conf(s);
  uint8_t *data = NULL;
  size_t n = 0;
  struct prac_err err = {0};
  s->told = PRAC_TIME_NONE;
  s->arena = prac_arena_new(1 << 14);
  if (!s->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the engines");
  if (getrandom(&c.secret, sizeof c.secret, 0) != (ssize_t)sizeof c.secret)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  PRAC_TRY(eng_core_new(&c, e->settings, on_finding, s, &s->core, reterr));
  prac_rc rc = role_state_load(e, &s->bus, &s->seq, &data, &n, &err);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  if (rc == PRAC_OK) rc = eng_core_load(s->core, data, n, &err);
  free(data);
  if (rc == PRAC_OK) {
    s->saved = s->seq;
    s->told = eng_core_watermark(s->core);
    return PRAC_OK;
  }
  prac_log(&e->log, &ev_anew, "the engines begin anew: %s",
           err.text[0] ? err.text : prac_rc_text(rc));
  s->seq = 0;
  eng_core_free(&s->core);
  return eng_core_new(&c, e->settings, on_finding, s, &s->core, reterr);
}

static prac_rc save(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct engine_role *s = st;
  int64_t began = sys_mono_ns();
  s->next_save = began + SAVE_NS;
  if (s->seq == s->saved) return PRAC_OK;
  PRAC_TRY(role_flush(&s->bus, reterr)); /* what was said is on disk before we forget saying it */
  uint8_t *data = NULL;
  size_t n = 0;
  PRAC_TRY(eng_core_save(s->core, &data, &n, reterr));
  prac_rc rc = role_state_save(e, &s->bus, s->seq, &data, n, reterr);
  free(data);
  int64_t now = sys_mono_ns(), pause = (now - began) * SAVE_SHARE;
  s->next_save = now + (pause > SAVE_NS ? pause : SAVE_NS);
  if (rc == PRAC_FULL) return PRAC_OK; /* the old state and its position still fit together */
  PRAC_TRY(rc);
  s->saved = s->seq;
  return s->bus.ops->ack(s->bus.st, s->seq, reterr);
}

/* How far the engines have come, in their own words and behind their findings. */
static prac_rc tell(struct engine_role *s, struct prac_err *reterr)
{
  prac_time t = eng_core_watermark(s->core);
  if (t == PRAC_TIME_NONE || t == s->told) return PRAC_OK;
  s->told = t;
  const char *name = s->worker ? s->worker->name : role_engine.name;
  char id[96], subject[64];
  (void)snprintf(id, sizeof id, "engine.%s.%" PRId64, name, t);
  (void)snprintf(subject, sizeof subject, "mark.%s", name);
  struct health h = {.id = id, .sensor = name, .at = t, .version = PRACTICE_VERSION};
  return role_publish_record(&s->bus, &model_health, &h, subject, id, reterr);
}

static prac_rc take(struct role_env *e, void *st, const struct bus_msg *m, struct prac_err *reterr)
{
  struct engine_role *s = st;
  struct prac_err err = {0};
  prac_rc rc;
  s->seq = m->seq;
  s->err = reterr;
  if (strncmp(m->subject, "flow.", 5) == 0) {
    struct flow_batch *b = NULL;
    rc = flow_batch_decode(m->data, m->len, &b, &err);
    if (rc == PRAC_OK) rc = role_check_batch(m, b, &err);
    if (rc == PRAC_OK) rc = role_check_time(e, b->minute, ROLE_AHEAD_COMPUTE, &err);
    bool mine = rc == PRAC_OK && worker_wants(s->worker, b->sensor);
    prac_rc fed = mine ? eng_core_feed(s->core, b, reterr) : PRAC_OK;
    flow_batch_unref(&b);
    PRAC_TRY(fed);
  } else {
    struct health h;
    prac_arena_reset(s->arena);
    rc = model_from_json(&model_health, m->data, m->len, s->arena, &h, &err);
    if (rc == PRAC_OK) rc = role_check_record(m, &model_health, &h, &err);
    if (rc == PRAC_OK) rc = role_check_time(e, h.at, ROLE_AHEAD_COMPUTE, &err);
    /* A honeypot's clock is none of a telescope's. */
    bool ours =
        rc == PRAC_OK && strcmp(h.source, "honeypot") != 0 && worker_wants(s->worker, h.sensor);
    if (ours) PRAC_TRY(eng_core_advance(s->core, h.sensor, h.at, reterr));
  }
  if (rc != PRAC_OK) role_refuse(e, &s->refused, &ev_unread, m, err.text);
  PRAC_TRY(tell(s, reterr));
  bool due = sys_mono_ns() > s->next_save || s->seq - s->saved > SAVE_MESSAGES;
  return due ? save(e, s, reterr) : PRAC_OK;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct engine_role *s = st;
  static const char *const what[] = {"flow.", "health."};
  s->worker = e->worker;
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(role_claim(e, &s->bus, reterr));
  PRAC_TRY(make_core(e, s, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, what, 2, true, reterr));
  return role_consume(e, &(struct role_feed){&s->bus, &s->seq, s, take, save}, reterr);
}

static void done(void *st)
{
  struct engine_role *s = st;
  bus_close(&s->bus);
  eng_core_free(&s->core);
  prac_arena_free(&s->arena);
}

const struct role role_engine = {
    .name = "engine",
    .about = "looks for what is out of the ordinary",
    .state_size = sizeof(struct engine_role),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT | SYS_MAY_THREADS,
    .drain = 2,
    .dirs = "engine",
    .mode = 0700,
    .run = run,
    .done = done,
};
