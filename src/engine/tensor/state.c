/* The whole of the engine as bytes, and back. */
#include <string.h>

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
  prac_wr_u32le(w, s->n_stories);
  for (uint32_t i = 0; i < s->n_stories; i++) {
    const struct tensor_story *x = &s->stories[i];
    prac_wr_u32le(w, x->port);
    prac_wr_u8(w, (uint8_t)x->level);
    prac_wr_u64le(w, (uint64_t)x->from);
    prac_wr_u64le(w, (uint64_t)x->to);
    prac_wr_u64le(w, (uint64_t)x->seen);
    prac_wr_u64le(w, x->hosts);
  }
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

static prac_rc story_load(struct tensor_state *s, struct prac_rd *r)
{
  struct tensor_story x = {.port = prac_rd_u32le(r)};
  uint8_t level = prac_rd_u8(r);
  x.from = (prac_time)prac_rd_u64le(r);
  x.to = (prac_time)prac_rd_u64le(r);
  x.seen = (prac_time)prac_rd_u64le(r);
  x.hosts = prac_rd_u64le(r);
  bool rises = s->n_stories == 0 || s->stories[s->n_stories - 1].port < x.port;
  if (r->bad || level < ENG_PORT_ATTACK || level > ENG_PORT_POINT || !rises) return PRAC_DAMAGED;
  if (x.port >> 16 != 6 && x.port >> 16 != 17) return PRAC_DAMAGED;
  if (!fits(x.from) || !fits(x.to) || !fits(x.seen) || x.from > x.to) return PRAC_DAMAGED;
  x.level = (enum eng_port_level)level;
  s->stories[s->n_stories++] = x;
  return PRAC_OK;
}

prac_rc tensor_load(void *st, struct prac_rd *r)
{
  struct tensor_state *s = st;
  s->traffic.seed = prac_rd_u64le(r);
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || n > (uint32_t)s->conf->max_sensors) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(sensor_load(s, r));
  n = prac_rd_u32le(r);
  if (r->bad || n > (uint32_t)s->conf->max_stories) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(story_load(s, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
