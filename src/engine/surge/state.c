/* The whole of the engine as bytes, and back. Histories are written newest first. */
#include <stdlib.h>
#include <string.h>

#include "engine/surge/surge.h"

static const prac_time FAR = INT64_MAX / 2;

static void sensor_save(const struct surge_sensor *x, struct prac_wr *w)
{
  prac_wr_bytes(w, x->name, sizeof x->name);
  prac_wr_u32le(w, x->heard);
  prac_wr_u8(w, (uint8_t)(x->now | x->established << 1));
  prac_wr_u64le(w, x->up);
  prac_wr_u64le(w, x->geo);
}

static void key_save(const struct surge_state *s, const struct surge_key *k, struct prac_wr *w)
{
  uint64_t said, abroad;
  memcpy(&said, &k->said, sizeof said);
  memcpy(&abroad, &k->abroad_said, sizeof abroad);
  prac_wr_u64le(w, k->what);
  prac_wr_u8(w, (uint8_t)(k->on | k->holds << 1 | k->abroad_on << 2 | k->abroad_holds << 3));
  prac_wr_u16le(w, k->country);
  prac_wr_u64le(w, k->packets);
  prac_wr_u64le(w, k->sensors);
  prac_wr_u64le(w, (uint64_t)k->from);
  prac_wr_u64le(w, (uint64_t)k->to);
  prac_wr_u64le(w, (uint64_t)k->abroad_from);
  prac_wr_u64le(w, (uint64_t)k->abroad_to);
  prac_wr_u64le(w, said);
  prac_wr_u64le(w, abroad);
  surge_rows_save(s, k, w);
  for (uint32_t i = 0; i < s->n_hist; i++)
    prac_wr_varint(w, k->hist[(s->head + i) % (uint32_t)s->conf->history]);
  surge_set_save(&k->est, w);
  surge_set_save(&k->other, w);
}

prac_rc surge_save(const void *st, struct prac_wr *w)
{
  const struct surge_state *s = st;
  prac_wr_u64le(w, 0); /* a seed, in states of before: each run has its own */
  prac_wr_u64le(w, (uint64_t)s->slot);
  prac_wr_u32le(w, s->intervals);
  prac_wr_u32le(w, s->geo_age);
  prac_wr_u32le(w, s->n_hist);
  prac_wr_u32le(w, s->n_sensors);
  for (uint32_t i = 0; i < s->n_sensors; i++) sensor_save(&s->sensors[i], w);
  prac_wr_u32le(w, s->n_keys);
  for (uint32_t i = 0; i < s->n_keys && !w->bad; i++) key_save(s, &s->keys[i], w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static prac_rc sensor_load(struct surge_state *s, struct prac_rd *r)
{
  struct surge_sensor x = {0};
  prac_rd_copy(r, x.name, sizeof x.name);
  x.heard = prac_rd_u32le(r);
  uint8_t flags = prac_rd_u8(r);
  x.now = flags & 1;
  x.established = flags >> 1 & 1;
  x.up = prac_rd_u64le(r);
  x.geo = prac_rd_u64le(r);
  if (r->bad || x.name[sizeof x.name - 1] != '\0') return PRAC_DAMAGED;
  uint32_t had = s->n_sensors;
  struct surge_sensor *to = surge_sensor_named(s, x.name);
  if (!to || s->n_sensors == had) return PRAC_DAMAGED;
  size_t rest = sizeof x.name - strlen(x.name);
  memset(x.name + strlen(x.name), 0, rest); /* nothing hides behind the name */
  *to = x;
  return PRAC_OK;
}

static bool fits(prac_time t)
{
  return t > -FAR && t < FAR;
}

static double said_load(struct prac_rd *r)
{
  uint64_t bits = prac_rd_u64le(r);
  double x;
  memcpy(&x, &bits, sizeof x);
  return x >= 0 && x < 1e18 ? x : -1;
}

static prac_rc key_load(struct surge_state *s, struct prac_rd *r)
{
  uint64_t what = prac_rd_u64le(r);
  uint32_t had = s->n_keys;
  struct surge_key *k = r->bad || what >> 32 >= SURGE_DIM_COUNT_ ? NULL : surge_key_touch(s, what);
  if (!k || s->n_keys == had) return PRAC_DAMAGED;
  uint8_t flags = prac_rd_u8(r);
  k->on = flags & 1;
  k->holds = flags >> 1 & 1;
  k->abroad_on = flags >> 2 & 1;
  k->abroad_holds = flags >> 3 & 1;
  k->country = prac_rd_u16le(r);
  k->packets = prac_rd_u64le(r);
  k->sensors = prac_rd_u64le(r);
  k->from = (prac_time)prac_rd_u64le(r);
  k->to = (prac_time)prac_rd_u64le(r);
  k->abroad_from = (prac_time)prac_rd_u64le(r);
  k->abroad_to = (prac_time)prac_rd_u64le(r);
  k->said = said_load(r);
  k->abroad_said = said_load(r);
  bool times = fits(k->from) && fits(k->to) && fits(k->abroad_from) && fits(k->abroad_to);
  if (!times || k->said < 0 || k->abroad_said < 0) return PRAC_DAMAGED;
  PRAC_TRY(surge_rows_load(s, k, r));
  for (uint32_t i = 0; i < s->n_hist; i++) k->hist[i] = (uint32_t)prac_rd_varint(r);
  s->surges += k->on;
  PRAC_TRY(surge_set_load(&k->est, r, &s->room));
  return surge_set_load(&k->other, r, &s->room);
}

prac_rc surge_load(void *st, struct prac_rd *r)
{
  struct surge_state *s = st;
  (void)prac_rd_u64le(r);
  s->slot = (prac_time)prac_rd_u64le(r);
  s->intervals = prac_rd_u32le(r);
  s->geo_age = prac_rd_u32le(r);
  s->n_hist = prac_rd_u32le(r);
  s->head = 0;
  uint32_t n = prac_rd_u32le(r);
  bool slot_fits = s->slot == PRAC_TIME_NONE || (fits(s->slot) && s->slot % s->conf->slot_ns == 0);
  if (r->bad || s->n_hist > (uint32_t)s->conf->history || n > SURGE_SENSORS || !slot_fits)
    return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(sensor_load(s, r));
  n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(key_load(s, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
