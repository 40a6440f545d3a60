/* After a restart the day in memory is filled from the store, so that the page does not begin
 * empty: minutes and alerts before anybody is answered, rankings, which take longer, on a lane's
 * thread while nobody waits for it, a quarter of the time. A store that can not answer is no reason
 * not to start: the page then begins with now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/job.h"
#include "portal/live_slots.h"
#include "portal/record.h"

enum { WARM_ALERTS = 200 };
#define WARM_TOPS_NS (2 * PRAC_MIN)
#define WAITS_NS (5 * PRAC_SEC) /* before what is further back is read, for the store's sake */
#define POLL_MIN_NS (200 * PRAC_MS)
#define POLL_MAX_NS (10 * PRAC_SEC)
#define SLOT_NS (LIVE_SLOT_MIN * PRAC_MIN)

static const struct prac_log_event event = {"portal_warm_failed", PRAC_LOG_WARN,
                                            "the page begins with what comes now"};

static const char *words(const struct store_value *v)
{
  return v ? v->s : "";
}

struct sensors {
  struct portal *p;
  prac_time newest;
};

/* One sensor: its place and its last report. */
static prac_rc sensor(void *arg, const struct store_col *cols, size_t n,
                      const struct store_value *v)
{
  struct sensors *s = arg;
  const struct store_value *last = portal_value("last", cols, n, v),
                           *at = portal_value("health_at", cols, n, v);
  const struct store_value *lost = portal_value("lost", cols, n, v);
  if (last && last->t != PRAC_TIME_NONE && (s->newest == PRAC_TIME_NONE || last->t > s->newest))
    s->newest = last->t;
  if (!at || at->t == PRAC_TIME_NONE) return PRAC_OK;
  live_health(s->p->live,
              &(struct health){.sensor = words(portal_value("sensor", cols, n, v)),
                               .site_country = words(portal_value("site_country", cols, n, v)),
                               .source = words(portal_value("source", cols, n, v)),
                               .version = words(portal_value("version", cols, n, v)),
                               .at = at->t,
                               .lost = lost ? lost->u : 0});
  return PRAC_OK;
}

struct minutes {
  struct live_stored *v;
  size_t n, cap;
};

static prac_rc minute(void *arg, const struct store_col *cols, size_t n,
                      const struct store_value *v)
{
  struct minutes *m = arg;
  const struct store_value *at = portal_value("at", cols, n, v),
                           *sensor = portal_value("sensor", cols, n, v),
                           *packets = portal_value("packets", cols, n, v),
                           *sources = portal_value("sources", cols, n, v);
  if (!at || !sensor || !packets || !sources) return PRAC_OK;
  if (m->n == m->cap) {
    size_t cap = m->cap ? m->cap * 2 : LIVE_MINUTES;
    struct live_stored *more = realloc(m->v, cap * sizeof *more);
    if (!more) return PRAC_NOMEM;
    m->v = more;
    m->cap = cap;
  }
  struct live_stored *to = &m->v[m->n++];
  *to = (struct live_stored){.at = at->t, .packets = packets->u, .sources = sources->u};
  (void)snprintf(to->sensor, sizeof to->sensor, "%s", sensor->s);
  return PRAC_OK;
}

/* The day that ends with `last`. ret->v is the caller's, also of what fails. */
static prac_rc minutes(const struct store *s, prac_time last, struct minutes *ret,
                       struct prac_err *err)
{
  const struct store_query q = {.what = STORE_SERIES,
                                .by = STORE_BY_SENSOR,
                                .step_ns = PRAC_MIN,
                                .span = {last - (LIVE_MINUTES - 1) * PRAC_MIN, last + PRAC_MIN},
                                .limit = LIVE_SENSORS * LIVE_MINUTES};
  *ret = (struct minutes){0};
  return s->ops->query(s->st, &q, minute, ret, err);
}

/* Before anything is heard. */
static prac_rc first_minutes(struct portal *p, const struct store *s, prac_time last,
                             struct prac_err *err)
{
  struct minutes m;
  prac_rc rc = minutes(s, last, &m, err);
  for (size_t i = 0; i < m.n && rc == PRAC_OK; i++)
    live_minute_put(p->live, m.v[i].sensor, m.v[i].at, m.v[i].packets, m.v[i].sources);
  free(m.v);
  return rc;
}

static prac_rc alert(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct portal *p = arg;
  struct alert a;
  if (n == 0 || cols[0].type != STORE_TEXT) return PRAC_OK;
  if (model_from_json(&model_alert, v[0].s, strlen(v[0].s), p->scratch, &a, NULL) == PRAC_OK)
    portal_keep_alert(p, &a, false);
  return PRAC_OK;
}

prac_rc portal_warm(struct portal *p, struct prac_err *reterr)
{
  const struct store *s = p->env.store;
  struct sensors known = {p, PRAC_TIME_NONE};
  struct prac_err err = {0};
  struct store_query q = {.what = STORE_SENSORS, .span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  (void)reterr;
  if (!s) return PRAC_OK;
  if (p->env.fed_as) PRAC_TRY(live_minutes_note(p->live));
  prac_rc rc = s->ops->query(s->st, &q, sensor, &known, &err);
  prac_time last = known.newest;
  if (rc == PRAC_OK && last != PRAC_TIME_NONE) rc = first_minutes(p, s, last, &err);
  if (rc == PRAC_OK) {
    q = (struct store_query){.what = STORE_RECORDS,
                             .kind = &model_alert,
                             .span = {PRAC_TIME_NONE, PRAC_TIME_NONE},
                             .limit = WARM_ALERTS};
    rc = s->ops->query(s->st, &q, alert, p, &err);
  }
  prac_arena_reset(p->scratch);
  if (rc != PRAC_OK) prac_log(p->env.log, &event, "the store did not answer: %s", err.text);
  return PRAC_OK;
}

/* ---- rankings ---- */

struct tops {
  struct portal *p;
  struct live_slots *counted;
  bool newer;
};

static bool is_over(struct portal *p)
{
  return portal_mono_ns() > p->warming.until || portal_jobs_stopping(p);
}

static prac_rc count_batch(void *arg, struct flow_batch *b)
{
  struct tops *t = arg;
  struct portal *p = t->p;
  if (is_over(p)) return PRAC_STOPPED;
  pthread_mutex_lock(&p->lock);
  bool counts = live_stored_counts(p->live, b, t->newer);
  pthread_mutex_unlock(&p->lock);
  if (counts) live_slots_add(t->counted, b);
  return PRAC_OK;
}

/* A span is put in as a whole, or not at all: half of a slot would be half of its numbers.
 * PRAC_AGAIN: what the bus brought meanwhile was in it. */
static prac_rc fill(struct tops *t, const struct store *s, struct prac_span span,
                    struct prac_err *err)
{
  const struct store_batch_query q = {.span = span};
  struct portal *p = t->p;
  t->counted = live_slots_new();
  if (!t->counted) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for rankings");
  pthread_mutex_lock(&p->lock);
  live_stored_begin(p->live);
  pthread_mutex_unlock(&p->lock);
  prac_rc rc = is_over(p) ? PRAC_STOPPED : s->ops->batches(s->st, &q, count_batch, t, err);
  if (rc == PRAC_STOPPED)
    (void)PRAC_FAIL(err, rc, "rankings are not whole: %d s were not enough",
                    (int)(WARM_TOPS_NS / PRAC_SEC));
  if (rc == PRAC_OK) {
    pthread_mutex_lock(&p->lock);
    rc = live_stored_put(p->live, t->counted) ? PRAC_OK : PRAC_AGAIN;
    p->tops_dirty = true;
    pthread_mutex_unlock(&p->lock);
  }
  live_slots_free(&t->counted);
  return rc;
}

/* ---- what was on its way ---- */

static bool position(struct portal *p, const struct store *s, uint64_t *ret)
{
  return s->ops->position(s->st, p->env.fed_as, ret, NULL) == PRAC_OK;
}

/* What was published before the portal listened is in the store once that has the first message
 * which the portal heard: both hear all of them, in one order. */
static bool handed_over(struct portal *p, const struct store *s)
{
  uint64_t first = atomic_load(&p->first_heard), have = 0;
  if (!p->env.fed_as) return true;
  return first > 0 && position(p, s, &have) && have >= first;
}

static prac_time event_time(struct portal *p)
{
  pthread_mutex_lock(&p->lock);
  prac_time now = live_event_time(p->live);
  pthread_mutex_unlock(&p->lock);
  return now;
}

/* Of the slots that were read before the store had all of it, and of what is newer than them. */
static prac_rc catch_up(struct portal *p, const struct store *s, prac_time newest,
                        struct prac_err *err)
{
  struct tops t = {.p = p, .newer = true};
  struct portal_warming *w = &p->warming;
  prac_time from = newest + SLOT_NS - w->early * SLOT_NS;
  w->until = portal_mono_ns() + WARM_TOPS_NS;
  PRAC_TRY(fill(&t, s, (struct prac_span){from, PRAC_TIME_NONE}, err));
  w->caught_up = true;
  return PRAC_OK;
}

/* As of one place among the bus's messages: the store must not have gone on while it was asked, and
 * of what it lacks the portal must have noted all. */
static prac_rc minutes_again(struct portal *p, const struct store *s, bool *ret_waits,
                             struct prac_err *err)
{
  struct minutes m;
  uint64_t before = 0, behind = 0;
  *ret_waits = true;
  if (!position(p, s, &before)) return PRAC_OK;
  prac_rc rc = minutes(s, event_time(p), &m, err);
  if (rc == PRAC_OK && position(p, s, &behind) && behind == before) {
    pthread_mutex_lock(&p->lock);
    *ret_waits = before < live_minutes_since(p->live);
    if (!*ret_waits) live_minutes_again(p->live, m.v, m.n, before);
    pthread_mutex_unlock(&p->lock);
    p->warming.minutes = !*ret_waits;
  }
  free(m.v);
  return rc;
}

/* ---- slot by slot ---- */

static prac_rc next_slot(struct portal *p, const struct store *s, prac_time newest,
                         struct prac_err *err)
{
  struct tops t = {.p = p};
  struct portal_warming *w = &p->warming;
  prac_time from = newest - w->slot * SLOT_NS;
  prac_rc rc = fill(&t, s, (struct prac_span){from, from + SLOT_NS}, err);
  w->slot += rc == PRAC_OK;
  if (rc == PRAC_OK && !w->whole) w->early = w->slot;
  return rc;
}

static bool is_over_with_slots(const struct portal_warming *w)
{
  return w->slot == LIVE_NOW + LIVE_BEFORE;
}

/* The newest first: that is what is shown when the time is not enough. What is "now" is read at
 * once, though more of it may come yet; the rest waits a little for that, to be read once only. */
static prac_rc step(struct portal *p, const struct store *s, int64_t now, bool *ret_waits,
                    struct prac_err *err)
{
  struct portal_warming *w = &p->warming;
  prac_time newest = prac_time_floor(w->now - 1, SLOT_NS);
  bool over = is_over_with_slots(w);
  if (w->whole && !w->minutes) PRAC_TRY(minutes_again(p, s, ret_waits, err));
  if (w->whole && w->slot > 0 && !w->caught_up) return catch_up(p, s, newest, err);
  if (w->whole && over) return PRAC_OK; /* for the minutes */
  *ret_waits = !w->whole && (over || (w->slot >= LIVE_NOW && now - w->began < WAITS_NS));
  return *ret_waits ? PRAC_OK : next_slot(p, s, newest, err);
}

static int64_t poll_ns(int64_t waited)
{
  int64_t pause = waited / 8;
  return pause < POLL_MIN_NS ? POLL_MIN_NS : pause > POLL_MAX_NS ? POLL_MAX_NS : pause;
}

/* An empty store may have it all before it yet. */
static void begin(struct portal *p, int64_t now)
{
  struct portal_warming *w = &p->warming;
  if (w->began == 0) {
    w->began = now;
    w->now = PRAC_TIME_NONE;
    w->minutes = !p->env.fed_as;
  }
  if (w->now != PRAC_TIME_NONE) return;
  w->now = event_time(p);
  w->until = now + WARM_TOPS_NS;
}

static bool is_done(const struct portal_warming *w)
{
  return is_over_with_slots(w) && w->caught_up && w->minutes;
}

static void forget_minutes(struct portal *p)
{
  pthread_mutex_lock(&p->lock);
  live_minutes_forget(p->live);
  pthread_mutex_unlock(&p->lock);
}

bool portal_warm_step(struct portal *p, const struct store *s, int64_t *ret_pause)
{
  struct portal_warming *w = &p->warming;
  struct prac_err err = {0};
  int64_t began = portal_mono_ns();
  bool waits = false, more = true;
  prac_rc rc = PRAC_OK;
  begin(p, began);
  w->whole = w->whole || handed_over(p, s);
  if (w->now != PRAC_TIME_NONE)
    rc = step(p, s, began, &waits, &err);
  else
    waits = more = !w->whole;
  if (rc != PRAC_OK && rc != PRAC_AGAIN && !portal_jobs_stopping(p))
    prac_log(p->env.log, &event, "%s", err.text);
  int64_t now = portal_mono_ns();
  *ret_pause = waits ? poll_ns(now - w->began) : 3 * (now - began);
  more = more && (rc == PRAC_AGAIN || (rc == PRAC_OK && !is_done(w)));
  if (!more) forget_minutes(p);
  return more;
}
