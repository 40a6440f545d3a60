/* A replay from a store: the store knows its batches, the pipeline knows what to do with them. */
#include "app/stored.h"
#include "app/where.h"

#include <stdio.h>
#include <string.h>

static void say_log(void *arg, const struct prac_log_event *e, const char *text)
{
  struct stored *s = arg;
  s->damaged = s->damaged || e->level == PRAC_LOG_ERROR;
  fprintf(stderr, "practice: %s%s%s\n", text, e->todo[0] ? "; " : "", e->todo);
}

/* ---- what there is ---- */
struct there { /* of the sensors table */
  const struct model_strs *wanted;
  struct prac_span minutes; /* of those wanted */
  uint32_t found;           /* how many of those wanted */
  char names[400];          /* all of them */
};

static void widen(struct prac_span *s, prac_time first, prac_time last)
{
  if (s->from == PRAC_TIME_NONE || first < s->from) s->from = first;
  if (s->to == PRAC_TIME_NONE || last + PRAC_MIN > s->to) s->to = last + PRAC_MIN;
}

static prac_rc see_sensor(void *arg, const struct store_col *cols, size_t n,
                          const struct store_value *v)
{
  struct there *t = arg;
  const char *name = "";
  prac_time first = PRAC_TIME_NONE, last = PRAC_TIME_NONE;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(cols[i].name, "sensor") == 0) name = v[i].s;
    if (strcmp(cols[i].name, "first") == 0) first = v[i].t;
    if (strcmp(cols[i].name, "last") == 0) last = v[i].t;
  }
  if (first == PRAC_TIME_NONE) return PRAC_OK; /* heard of, but no flows of it */
  size_t at = strlen(t->names);
  (void)snprintf(t->names + at, sizeof t->names - at, "%s%s", at ? ", " : "", name);
  bool mine = t->wanted->n == 0;
  for (uint32_t i = 0; i < t->wanted->n; i++) mine = mine || strcmp(t->wanted->v[i], name) == 0;
  if (!mine) return PRAC_OK;
  t->found++;
  widen(&t->minutes, first, last);
  return PRAC_OK;
}

static prac_rc nothing_there(const struct stored *s, struct prac_err *reterr)
{
  char from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT];
  return PRAC_FAIL(reterr, PRAC_UNKNOWN,
                   "no flows of that time in the store %s: it was given %s .. %s", s->dir,
                   prac_time_text(from, s->given.from), prac_time_text(to, s->given.to));
}

static prac_rc look_at(struct stored *s, struct prac_err *reterr)
{
  const struct store_query q = {.what = STORE_SENSORS, .limit = UINT32_MAX};
  const struct model_strs *wanted = &s->q.sensors;
  struct there t = {.wanted = wanted, .minutes = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  PRAC_TRY(s->store.ops->query(s->store.st, &q, see_sensor, &t, reterr));
  if (t.names[0] == 0) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no flows in the store %s", s->dir);
  if (t.found < wanted->n)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "the store %s has no flows of %s%s; its sensors: %s",
                     s->dir, wanted->n > 1 ? "one of the sensors asked for" : "sensor ",
                     wanted->n > 1 ? "" : wanted->v[0], t.names);
  s->given = s->minutes = t.minutes;
  const struct prac_span *span = &s->q.span;
  if (span->from != PRAC_TIME_NONE && span->from > s->minutes.from) s->minutes.from = span->from;
  if (span->to != PRAC_TIME_NONE && span->to < s->minutes.to) s->minutes.to = span->to;
  return s->minutes.from < s->minutes.to ? PRAC_OK : nothing_there(s, reterr);
}

/* ---- life ---- */
prac_rc stored_open(struct stored *s, const char *dir, const struct prac_conf *conf,
                    unsigned nthreads, struct prac_err *reterr)
{
  s->dir = dir;
  s->log = (struct prac_log){.sink = say_log, .arg = s, .least = PRAC_LOG_WARN};
  const struct store_env env = {.read_only = true, .nthreads = nthreads, .log = &s->log};
  PRAC_TRY(where_open(dir, conf, &env, &s->store, reterr));
  return look_at(s, reterr);
}

void stored_close(struct stored *s)
{
  store_close(&s->store);
}

/* ---- work ---- */
struct play {
  struct pipeline *p;
  stored_go_on *go_on;
  void *arg;
  struct prac_err *err;
  uint64_t batches;
};

static prac_rc on_batch(void *arg, struct flow_batch *b)
{
  struct play *w = arg;
  w->batches++;
  PRAC_TRY(pipeline_advance(w->p, b->minute, w->err)); /* they come in order: nothing is earlier */
  PRAC_TRY(pipeline_batch(w->p, b, w->err));
  return w->go_on(w->arg, b->minute) ? PRAC_OK : PRAC_STOPPED;
}

prac_rc stored_play(struct stored *s, struct pipeline *p, stored_go_on *go_on, void *arg,
                    struct prac_err *reterr)
{
  struct play w = {.p = p, .go_on = go_on, .arg = arg, .err = reterr};
  prac_rc rc = s->store.ops->batches(s->store.st, &s->q, on_batch, &w, reterr);
  if (rc == PRAC_OK && w.batches == 0 && !s->damaged) return nothing_there(s, reterr);
  return rc == PRAC_STOPPED ? PRAC_OK : rc;
}
