/* The whole of the engine as bytes, and back. */
#include "engine/nmf/nmf.h"

static const prac_time FAR = INT64_MAX / 2;

prac_rc nmf_save(const void *st, struct prac_wr *w)
{
  const struct nmf_state *s = st;
  prac_wr_u64le(w, s->seed);
  eng_groups_save(&s->groups, w);
  prac_wr_u32le(w, s->sensors.n);
  for (uint32_t i = 0; i < s->sensors.n && !w->bad; i++) {
    const struct nmf_sensor *x = s->sensors.v[i].block;
    eng_sensors_name_save(&s->sensors, i, w);
    for (uint32_t k = 0; k < s->overlap; k++) eng_traffic_save(&x->window[k], w);
  }
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static bool fits(prac_time t)
{
  return t > -FAR && t < FAR;
}

/* A window stands where its start says, and starts with a slot. */
static prac_rc window_load(const struct nmf_state *s, struct eng_traffic *t, uint32_t k,
                           struct prac_rd *r)
{
  PRAC_TRY(eng_traffic_load(t, r));
  if (t->from == PRAC_TIME_NONE) return t->n_rows ? PRAC_DAMAGED : PRAC_OK;
  if (!fits(t->from) || t->from % s->conf->every_ns) return PRAC_DAMAGED;
  int64_t nth = t->from / s->conf->every_ns % s->overlap;
  return (nth < 0 ? nth + s->overlap : nth) == k ? PRAC_OK : PRAC_DAMAGED;
}

static prac_rc sensor_load(struct nmf_state *s, struct prac_rd *r)
{
  void *block;
  PRAC_TRY(eng_sensors_name_load(&s->sensors, r, &block));
  struct nmf_sensor *x = block;
  PRAC_TRY(nmf_sensor_init(s, x));
  for (uint32_t k = 0; k < s->overlap; k++) PRAC_TRY(window_load(s, &x->window[k], k, r));
  return PRAC_OK;
}

prac_rc nmf_load(void *st, struct prac_rd *r)
{
  struct nmf_state *s = st;
  s->seed = prac_rd_u64le(r);
  PRAC_TRY(eng_groups_load(&s->groups, r));
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) PRAC_TRY(sensor_load(s, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
