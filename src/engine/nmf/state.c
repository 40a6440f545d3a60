/* The whole of the engine as bytes, and back. */
#include "engine/nmf/nmf.h"

static const prac_time FAR = INT64_MAX / 2;

static void story_save(const struct nmf_story *x, struct prac_wr *w)
{
  prac_wr_u32le(w, x->port);
  prac_wr_u32le(w, x->quiet);
  prac_wr_u8(w, (uint8_t)x->level);
  prac_wr_u64le(w, (uint64_t)x->from);
  prac_wr_u64le(w, (uint64_t)x->to);
  prac_wr_u64le(w, x->hosts);
}

prac_rc nmf_save(const void *st, struct prac_wr *w)
{
  const struct nmf_state *s = st;
  prac_wr_u64le(w, s->seed);
  prac_wr_u32le(w, s->n_stories);
  for (uint32_t i = 0; i < s->n_stories; i++) story_save(&s->stories[i], w);
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

static prac_rc story_load(struct nmf_state *s, struct prac_rd *r)
{
  struct nmf_story *x = &s->stories[s->n_stories];
  x->port = prac_rd_u32le(r);
  x->quiet = prac_rd_u32le(r);
  uint8_t level = prac_rd_u8(r);
  x->from = (prac_time)prac_rd_u64le(r);
  x->to = (prac_time)prac_rd_u64le(r);
  x->hosts = prac_rd_u64le(r);
  bool rises = s->n_stories == 0 || x->port > x[-1].port;
  if (r->bad || !rises || level < ENG_PORT_ATTACK || level > ENG_PORT_POINT || !fits(x->from) ||
      !fits(x->to) || x->quiet > (uint32_t)s->conf->quiet_slots)
    return PRAC_DAMAGED;
  x->level = (enum eng_port_level)level;
  s->n_stories++;
  return PRAC_OK;
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

prac_rc nmf_load(void *st, struct prac_rd *r)
{
  struct nmf_state *s = st;
  s->seed = prac_rd_u64le(r);
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || n > NMF_STORIES) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(story_load(s, r));
  n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    void *block;
    PRAC_TRY(eng_sensors_name_load(&s->sensors, r, &block));
    struct nmf_sensor *x = block;
    PRAC_TRY(nmf_sensor_init(s, x));
    for (uint32_t k = 0; k < s->overlap; k++) PRAC_TRY(window_load(s, &x->window[k], k, r));
  }
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
