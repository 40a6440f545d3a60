/* The whole of the engine as bytes, and back. */
#include "engine/tensor/tensor.h"

static const prac_time FAR = INT64_MAX / 4;

prac_rc tensor_save(const void *st, struct prac_wr *w)
{
  const struct tensor_state *s = st;
  prac_wr_u64le(w, s->traffic.seed);
  prac_wr_u32le(w, s->sensors.n);
  for (uint32_t i = 0; i < s->sensors.n && !w->bad; i++) {
    const struct tensor_sensor *x = s->sensors.v[i].block;
    eng_sensors_name_save(&s->sensors, i, w);
    for (uint32_t k = 0; k < s->n_windows && !w->bad; k++) eng_traffic_save(&x->window[k], w);
  }
  eng_groups_save(&s->groups, w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static bool fits(prac_time t)
{
  return t > -FAR && t < FAR;
}

static prac_rc sensor_load(struct tensor_state *s, struct prac_rd *r)
{
  void *block = NULL;
  PRAC_TRY(eng_sensors_name_load(&s->sensors, r, &block));
  struct tensor_sensor *x = block;
  for (uint32_t k = 0; k < s->n_windows; k++) {
    struct eng_traffic *t = &x->window[k];
    PRAC_TRY(eng_traffic_init(t, &s->traffic, 0));
    PRAC_TRY(eng_traffic_load(t, r));
    int64_t nth = t->from / s->conf->slot_ns % s->n_windows;
    if (!fits(t->from) || t->from % s->conf->slot_ns != 0) return PRAC_DAMAGED;
    if ((nth < 0 ? nth + s->n_windows : nth) != k) return PRAC_DAMAGED;
  }
  return PRAC_OK;
}

prac_rc tensor_load(void *st, struct prac_rd *r)
{
  struct tensor_state *s = st;
  s->traffic.seed = prac_rd_u64le(r);
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || n > (uint32_t)s->conf->max_sensors) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(sensor_load(s, r));
  PRAC_TRY(eng_groups_load(&s->groups, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
