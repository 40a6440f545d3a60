/* After a restart the day in memory is filled from the store, so that the page does not begin
 * empty: minutes and alerts before anybody is answered, rankings, which take longer, on a lane's
 * thread while nobody waits for it, a quarter of the time. A store that can not answer is no reason
 * not to start: the page then begins with now. */
#include <string.h>

#include "portal/job.h"
#include "portal/live_slots.h"
#include "portal/record.h"

enum { WARM_ALERTS = 200 };
#define WARM_TOPS_NS (2 * PRAC_MIN)
#define ON_ITS_WAY_NS (30 * PRAC_SEC) /* from the bus into the store, usually */
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

static prac_rc minute(void *arg, const struct store_col *cols, size_t n,
                      const struct store_value *v)
{
  struct portal *p = arg;
  const struct store_value *at = portal_value("at", cols, n, v),
                           *sensor = portal_value("sensor", cols, n, v),
                           *packets = portal_value("packets", cols, n, v),
                           *sources = portal_value("sources", cols, n, v);
  if (at && sensor && packets && sources)
    live_minute_put(p->live, sensor->s, at->t, packets->u, sources->u);
  return PRAC_OK;
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
  prac_rc rc = s->ops->query(s->st, &q, sensor, &known, &err);
  prac_time last = known.newest;
  if (rc == PRAC_OK && last != PRAC_TIME_NONE) {
    q = (struct store_query){.what = STORE_SERIES,
                             .by = STORE_BY_SENSOR,
                             .step_ns = PRAC_MIN,
                             .span = {last - (LIVE_MINUTES - 1) * PRAC_MIN, last + PRAC_MIN},
                             .limit = LIVE_SENSORS * LIVE_MINUTES};
    rc = s->ops->query(s->st, &q, minute, p, &err);
  }
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
  return portal_mono_ns() - p->warming.began > WARM_TOPS_NS || portal_jobs_stopping(p);
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

/* What was on its way when the portal began to listen: published before, and stored after the
 * newest slot was read. */
static prac_rc catch_up(struct portal *p, const struct store *s, prac_time newest,
                        struct prac_err *err)
{
  struct tops t = {.p = p, .newer = true};
  prac_time from = newest - (p->warming.slot > 1) * SLOT_NS; /* of slots that have been read */
  prac_rc rc = fill(&t, s, (struct prac_span){from, PRAC_TIME_NONE}, err);
  p->warming.caught_up = rc == PRAC_OK;
  return rc;
}

static prac_rc next_slot(struct portal *p, const struct store *s, prac_time newest,
                         struct prac_err *err)
{
  struct tops t = {.p = p};
  prac_time from = newest - p->warming.slot * SLOT_NS;
  prac_rc rc = fill(&t, s, (struct prac_span){from, from + SLOT_NS}, err);
  p->warming.slot += rc == PRAC_OK;
  return rc;
}

static bool is_whole(const struct portal_warming *w)
{
  return w->slot == LIVE_NOW + LIVE_BEFORE;
}

/* The newest first: that is what is shown when the time is not enough. */
static prac_rc step(struct portal *p, const struct store *s, int64_t now, struct prac_err *err)
{
  const struct portal_warming *w = &p->warming;
  prac_time newest = prac_time_floor(w->now - 1, SLOT_NS);
  bool due = is_whole(w) || (w->slot > 0 && now - w->began >= ON_ITS_WAY_NS);
  return due && !w->caught_up ? catch_up(p, s, newest, err) : next_slot(p, s, newest, err);
}

bool portal_warm_step(struct portal *p, const struct store *s, int64_t *ret_pause)
{
  struct portal_warming *w = &p->warming;
  struct prac_err err = {0};
  int64_t began = portal_mono_ns();
  if (w->began == 0) {
    pthread_mutex_lock(&p->lock);
    w->now = live_event_time(p->live);
    pthread_mutex_unlock(&p->lock);
    w->began = began;
  }
  if (w->now == PRAC_TIME_NONE) return false;
  prac_rc rc = step(p, s, began, &err);
  if (rc != PRAC_OK && rc != PRAC_AGAIN && !portal_jobs_stopping(p))
    prac_log(p->env.log, &event, "%s", err.text);
  int64_t now = portal_mono_ns(), waits = w->began + ON_ITS_WAY_NS - now;
  *ret_pause = 3 * (now - began);
  if (is_whole(w) && *ret_pause < waits) *ret_pause = waits;
  return rc == PRAC_AGAIN || (rc == PRAC_OK && !(is_whole(w) && w->caught_up));
}
