/* After a restart the day in memory is filled from the store, so that the page does not begin
 * empty. A store that can not answer is no reason not to start: the page then begins with now. */
#include <string.h>

#include "portal/job.h"
#include "portal/record.h"

enum { WARM_ALERTS = 200 };

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
  static const struct prac_log_event event = {"portal_warm_failed", PRAC_LOG_WARN,
                                              "the page begins with what comes now"};
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
