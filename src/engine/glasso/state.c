/* The whole of the engine as bytes, and back. */
#include "engine/glasso/glasso.h"

static const prac_time FAR = INT64_MAX / 2;

static void past_save(const struct glasso_past *p, struct prac_wr *w)
{
  prac_wr_u64le(w, (uint64_t)p->from);
  prac_wr_u32le(w, p->hosts);
  prac_wr_u8(w, p->alert);
  for (unsigned i = 0; i < GLASSO_RHO; i++) prac_wr_varint(w, p->edges[i]);
}

prac_rc glasso_save(const void *st, struct prac_wr *w)
{
  const struct glasso_state *s = st;
  prac_wr_u64le(w, 0); /* a seed, in states of before: each run has its own */
  eng_groups_save(&s->groups, w);
  prac_wr_u32le(w, s->sensors.n);
  for (uint32_t i = 0; i < s->sensors.n && !w->bad; i++) {
    const struct glasso_sensor *x = s->sensors.v[i].block;
    eng_sensors_name_save(&s->sensors, i, w);
    prac_wr_u32le(w, x->n_past);
    for (uint32_t k = 0; k < x->n_past; k++) past_save(&x->past[k], w);
    eng_traffic_save(&x->traffic, w);
  }
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static bool fits(prac_time t)
{
  return t > -FAR && t < FAR;
}

static prac_rc past_load(const struct glasso_state *s, struct glasso_sensor *x, struct prac_rd *r)
{
  struct glasso_past *p = &x->past[x->n_past];
  p->from = (prac_time)prac_rd_u64le(r);
  p->hosts = prac_rd_u32le(r);
  p->alert = prac_rd_u8(r);
  for (unsigned i = 0; i < GLASSO_RHO; i++) p->edges[i] = prac_rd_varint(r);
  bool rises = x->n_past == 0 || p->from > p[-1].from;
  if (r->bad || !fits(p->from) || p->from % s->conf->slot_ns || !rises || p->alert >> GLASSO_RHO)
    return PRAC_DAMAGED;
  for (unsigned i = 0; i < GLASSO_RHO; i++)
    if (p->edges[i] > (uint64_t)p->hosts * p->hosts) return PRAC_DAMAGED;
  x->n_past++;
  return PRAC_OK;
}

static prac_rc sensor_load(struct glasso_state *s, struct prac_rd *r)
{
  void *block;
  PRAC_TRY(eng_sensors_name_load(&s->sensors, r, &block));
  struct glasso_sensor *x = block;
  PRAC_TRY(glasso_sensor_init(s, x));
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || n > (uint32_t)s->conf->history) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(past_load(s, x, r));
  PRAC_TRY(eng_traffic_load(&x->traffic, r));
  prac_time from = x->traffic.from;
  if (from == PRAC_TIME_NONE) return x->traffic.n_rows ? PRAC_DAMAGED : PRAC_OK;
  bool later = x->n_past == 0 || from > x->past[x->n_past - 1].from;
  return fits(from) && from % s->conf->slot_ns == 0 && later ? PRAC_OK : PRAC_DAMAGED;
}

prac_rc glasso_load(void *st, struct prac_rd *r)
{
  struct glasso_state *s = st;
  (void)prac_rd_u64le(r);
  PRAC_TRY(eng_groups_load(&s->groups, r));
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) PRAC_TRY(sensor_load(s, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
