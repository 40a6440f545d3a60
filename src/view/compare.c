/* Which sensors there are, who is at home, and the parts in order. */
#include "view/compare.h"

#include <stdlib.h>
#include <string.h>

#include "view/compare_int.h"

uint32_t compare_sensor_at(const struct compare *c, const char *name)
{
  for (uint32_t i = 0; i < c->n_sensors; i++)
    if (strcmp(c->sensors[i].name, name) == 0) return i;
  return c->n_sensors;
}

static const char *country_of(const struct compare_conf *c, const struct view_row *r)
{
  if (r->site_country[0]) return r->site_country;
  for (size_t i = 0; i < c->n_places; i++)
    if (strcmp(c->places[i].sensor, r->sensor) == 0) return c->places[i].country;
  return "";
}

/* "JP", or one of "tokyo,osaka". */
static bool is_home(const char *home, const struct compare_sensor *s)
{
  size_t n = strlen(s->name);
  if (!home || !home[0]) return false;
  if (strlen(home) == 2 && strcmp(home, s->country) == 0) return true;
  for (const char *p = home; (p = strstr(p, s->name)); p++)
    if ((p == home || p[-1] == ',') && (p[n] == 0 || p[n] == ',')) return true;
  return false;
}

static prac_rc take_sensor(void *arg, const struct store_col *cols, size_t n,
                           const struct store_value *v)
{
  struct compare_work *w = arg;
  struct compare *c = w->c;
  struct view_row r = view_row_of(cols, n, v);
  if (r.first == PRAC_TIME_NONE || c->n_sensors == COMPARE_SENSORS_MAX) return PRAC_OK;
  const char *country = country_of(w->conf, &r);
  struct compare_sensor *s = &c->sensors[c->n_sensors];
  s->name = prac_arena_strndup(w->a, r.sensor, strlen(r.sensor));
  s->country = prac_arena_strndup(w->a, country, strlen(country));
  if (!s->name || !s->country) return PRAC_NOMEM;
  s->home = is_home(w->conf->home, s);
  c->n_home += s->home;
  c->n_sensors++;
  return PRAC_OK;
}

static prac_rc take_kept(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct compare_work *w = arg;
  struct view_row r = view_row_of(cols, n, v);
  if (strcmp(r.what, "flows") == 0) w->kept = (struct prac_span){r.from, r.to};
  if (strcmp(r.what, "hours") == 0) w->hours = (struct prac_span){r.from, r.to};
  return PRAC_OK;
}

static prac_rc take_sum(void *arg, const struct store_col *cols, size_t n,
                        const struct store_value *v)
{
  struct compare_work *w = arg;
  struct view_row r = view_row_of(cols, n, v);
  uint32_t i = compare_sensor_at(w->c, r.sensor);
  if (i == w->c->n_sensors) return PRAC_OK;
  w->c->sensors[i].packets = r.packets;
  return PRAC_OK;
}

static prac_rc find_sensors(struct compare_work *w)
{
  struct compare *c = w->c;
  const struct store_query sensors = {.what = STORE_SENSORS, .limit = UINT32_MAX},
                           kept = {.what = STORE_KEPT};
  c->sensors = prac_arena_alloc(w->a, COMPARE_SENSORS_MAX * sizeof *c->sensors);
  if (!c->sensors) return PRAC_FAIL(w->err, PRAC_NOMEM, "no memory for sensors");
  PRAC_TRY(w->s->ops->query(w->s->st, &sensors, take_sensor, w, w->err));
  if (c->n_sensors == 0) return PRAC_FAIL(w->err, PRAC_UNKNOWN, "the store has no sensors yet");
  if (w->conf->home && w->conf->home[0] && c->n_home == 0)
    return PRAC_FAIL(w->err, PRAC_UNKNOWN,
                     "no sensor is at home: \"%s\" is neither the country nor the name of one",
                     w->conf->home);
  return w->s->ops->query(w->s->st, &kept, take_kept, w, w->err);
}

static void choose_span(struct compare_work *w)
{
  struct prac_span s = w->conf->span;
  if (s.to == PRAC_TIME_NONE) s.to = w->hours.to != PRAC_TIME_NONE ? w->hours.to : PRAC_DAY;
  if (s.from == PRAC_TIME_NONE || s.from >= s.to) s.from = s.to - PRAC_DAY;
  int64_t recent = w->conf->recent_ns ? w->conf->recent_ns : 6 * PRAC_HOUR;
  recent = prac_time_floor(recent + PRAC_HOUR - 1, PRAC_HOUR);
  w->c->span = s;
  w->c->recent.to = prac_time_floor(s.to + PRAC_HOUR - 1, PRAC_HOUR);
  w->c->recent.from = w->c->recent.to - recent;
}

prac_rc compare_look(struct store *s, const struct compare_conf *conf, struct prac_arena *a,
                     struct compare *ret, struct prac_err *reterr)
{
  struct compare c = {.sampled = 1};
  struct compare_work w = {.s = s, .conf = conf, .a = a, .c = &c, .err = reterr};
  w.kept = w.hours = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  PRAC_TRY(find_sensors(&w));
  choose_span(&w);
  struct store_query q = {.what = STORE_CELLS, .keys = STORE_KEY_SENSOR, .span = c.span};
  PRAC_TRY(s->ops->query(s->st, &q, take_sum, &w, reterr));
  c.n_pairs = (size_t)c.n_sensors * (c.n_sensors - 1) / 2;
  c.pairs = prac_arena_alloc(a, (c.n_pairs + 1) * sizeof *c.pairs);
  if (!c.pairs) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for pairs");
  size_t n = 0;
  for (uint32_t i = 0; i < c.n_sensors; i++)
    for (uint32_t k = i + 1; k < c.n_sensors; k++) c.pairs[n++] = (struct compare_pair){i, k};
  PRAC_TRY(compare_stories(&w));
  PRAC_TRY(compare_lags(&w));
  PRAC_TRY(compare_overlap(&w));
  PRAC_TRY(compare_abroad(&w));
  *ret = c;
  return PRAC_OK;
}
