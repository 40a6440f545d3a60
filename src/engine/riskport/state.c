/* The whole of the engine as bytes, and back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/riskport/riskport.h"

static const prac_time FAR = INT64_MAX / 2;

static void real_save(double x, struct prac_wr *w)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  prac_wr_u64le(w, bits);
}
static double real_load(struct prac_rd *r)
{
  uint64_t bits = prac_rd_u64le(r);
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static void change_save(const struct risk_state *s, const struct risk_change *c, struct prac_wr *w)
{
  for (uint32_t i = 0; i < RISK_SCORES; i++) prac_wr_u16le(w, c->scores[i]);
  prac_wr_u32le(w, c->n);
  for (size_t i = 0; i < math_change_doubles(&s->change); i++) real_save(c->st[i], w);
}

static void story_save(const struct risk_story *x, struct prac_wr *w)
{
  prac_wr_u8(w, x->risk);
  prac_wr_u64le(w, (uint64_t)x->from);
  prac_wr_u64le(w, (uint64_t)x->to);
  prac_wr_u64le(w, (uint64_t)x->at);
  for (size_t i = 0; i < RISK_GRAINS; i++) real_save(x->said[i], w);
}

static void port_save(const struct risk_state *s, const struct risk_port *p, struct prac_wr *w)
{
  prac_wr_u32le(w, p->id);
  prac_wr_u8(w, (uint8_t)(p->story.on | (p->change != NULL) << 1));
  prac_wr_u32le(w, p->before[0]);
  prac_wr_u32le(w, p->before[1]);
  if (p->story.on) story_save(&p->story, w);
  prac_wr_u32le(w, p->n);
  for (uint32_t i = 0; i < p->n && !w->bad; i++) {
    prac_wr_u32le(w, p->v[i].day);
    prac_wr_u8(w, p->v[i].class);
    prac_wr_u8(w, p->v[i].slots);
  }
  if (p->change) change_save(s, p->change, w);
}

static void graph_save(const struct risk_graph *g, struct prac_wr *w)
{
  prac_wr_u32le(w, g->turns_seen);
  real_save(g->turn.m1, w);
  real_save(g->turn.m2, w);
  real_save(g->turn.weight, w);
  prac_wr_u32le(w, g->n);
  for (uint32_t k = 0; k < g->n && !w->bad; k++) {
    prac_wr_u32le(w, g->past[k].n);
    for (uint32_t i = 0; i < g->past[k].n; i++) {
      uint32_t bits;
      memcpy(&bits, &g->past[k].v[i].v, sizeof bits);
      prac_wr_u32le(w, g->past[k].v[i].id);
      prac_wr_u32le(w, bits);
    }
  }
}

static void grain_save(const struct risk_state *s, struct prac_wr *w)
{
  prac_wr_u64le(w, (uint64_t)s->slot);
  prac_wr_u32le(w, s->day);
  prac_wr_bytes(w, s->heard, sizeof s->heard);
  prac_wr_u32le(w, s->n_sensors);
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    prac_wr_bytes(w, s->sensors[i].name, sizeof s->sensors[i].name);
    prac_wr_u8(w, s->sensors[i].now);
    prac_wr_u8(w, s->sensors[i].established);
    prac_wr_u32le(w, s->sensors[i].rows);
    real_save(s->sensors[i].weight, w);
    for (size_t d = 0; d < RISK_DAYS_MAX; d++) prac_wr_u32le(w, s->sensors[i].up[d]);
  }
  prac_wr_u32le(w, s->n_ports);
  for (uint32_t i = 0; i < s->n_ports && !w->bad; i++) port_save(s, &s->ports[i], w);
  graph_save(&s->graph, w);
  risk_hour_save(&s->hour, w);
}

prac_rc risk_save(const void *st, struct prac_wr *w)
{
  const struct risk_engine *e = st;
  for (uint32_t i = 0; i < e->n && !w->bad; i++) grain_save(&e->g[i], w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

/* ---- back ---- */

static prac_rc sensor_load(struct risk_state *s, struct prac_rd *r)
{
  struct risk_sensor x = {0};
  prac_rd_copy(r, x.name, sizeof x.name);
  uint8_t now = prac_rd_u8(r), established = prac_rd_u8(r);
  x.rows = prac_rd_u32le(r);
  x.weight = real_load(r);
  for (size_t d = 0; d < RISK_DAYS_MAX; d++) x.up[d] = prac_rd_u32le(r);
  if (r->bad || now > 1 || established > 1 || x.name[sizeof x.name - 1] != '\0')
    return PRAC_DAMAGED;
  if (!(x.weight >= 0 && x.weight <= UINT32_MAX)) return PRAC_DAMAGED;
  for (size_t d = 0; d < RISK_DAYS_MAX; d++)
    if (x.up[d] >> RISK_DAY_SLOTS) return PRAC_DAMAGED;
  uint32_t had = s->n_sensors;
  struct risk_sensor *to = risk_sensor_named(s, x.name);
  if (!to || s->n_sensors == had) return PRAC_DAMAGED;
  x.now = now;
  x.established = established;
  *to = x;
  return PRAC_OK;
}

static prac_rc change_load(struct risk_state *s, struct risk_port *p, struct prac_rd *r)
{
  size_t n = math_change_doubles(&s->change);
  size_t bytes = sizeof(struct risk_change) + n * sizeof(double);
  struct risk_change *c = p->change = calloc(1, bytes);
  uint64_t sum = 0;
  if (!c) return PRAC_NOMEM;
  s->bytes += bytes;
  for (uint32_t i = 0; i < RISK_SCORES; i++) sum += c->scores[i] = prac_rd_u16le(r);
  c->n = prac_rd_u32le(r);
  for (size_t i = 0; i < n; i++) c->st[i] = real_load(r);
  return r->bad || sum != c->n || !math_change_valid(c->st, &s->change) ? PRAC_DAMAGED : PRAC_OK;
}

static bool entry_fits(const struct risk_state *s, const struct risk_entry *e)
{
  return e->day <= s->day && e->class > 0 && e->class < RISK_CLASSES && e->slots > 0 &&
         e->slots <= RISK_DAY_SLOTS;
}

static prac_rc entries_load(struct risk_state *s, struct risk_port *p, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (prac_rd_left(r) / 6 < n || n > RISK_DAYS_MAX * RISK_DAY_SLOTS) return PRAC_DAMAGED;
  p->v = n ? calloc(n, sizeof *p->v) : NULL;
  if (n && !p->v) return PRAC_NOMEM;
  p->n = p->cap = n;
  s->bytes += n * sizeof *p->v;
  for (uint32_t i = 0; i < n; i++) {
    struct risk_entry *e = &p->v[i];
    e->day = prac_rd_u32le(r);
    e->class = prac_rd_u8(r);
    e->slots = prac_rd_u8(r);
    bool rises = i == 0 || e->day > e[-1].day || (e->day == e[-1].day && e->class > e[-1].class);
    if (!rises || !entry_fits(s, e)) return PRAC_DAMAGED;
  }
  return PRAC_OK;
}

static bool fits(prac_time t)
{
  return t > -FAR && t < FAR;
}

static prac_rc story_load(struct risk_story *x, struct prac_rd *r)
{
  x->on = true;
  x->risk = prac_rd_u8(r);
  x->from = (prac_time)prac_rd_u64le(r);
  x->to = (prac_time)prac_rd_u64le(r);
  x->at = (prac_time)prac_rd_u64le(r);
  bool ok = fits(x->from) && fits(x->to) && (x->at == PRAC_TIME_NONE || fits(x->at));
  for (size_t i = 0; i < RISK_GRAINS; i++) {
    x->said[i] = real_load(r);
    ok = ok && x->said[i] >= 0 && x->said[i] < 1e18;
  }
  return r->bad || !ok ? PRAC_DAMAGED : PRAC_OK;
}

static prac_rc port_load(struct risk_state *s, struct prac_rd *r)
{
  uint32_t id = prac_rd_u32le(r);
  if (r->bad || id >= RISK_PORTS || s->at[id]) return PRAC_DAMAGED;
  struct risk_port *p = risk_port_touch(s, id);
  if (!p) return PRAC_NOMEM;
  uint8_t flags = prac_rd_u8(r);
  p->before[0] = prac_rd_u32le(r);
  p->before[1] = prac_rd_u32le(r);
  if (flags > 3) return PRAC_DAMAGED;
  if (flags & 1) PRAC_TRY(story_load(&p->story, r));
  PRAC_TRY(entries_load(s, p, r));
  return flags & 2 ? change_load(s, p, r) : PRAC_OK;
}

static prac_rc vector_load(struct risk_graph *g, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (prac_rd_left(r) / 8 < n || n > RISK_GRAPH_MAX) return PRAC_DAMAGED;
  struct risk_active *v = calloc(n + (size_t)1, sizeof *v);
  if (!v) return PRAC_NOMEM;
  g->past[g->n++] = (struct risk_vector){v, n};
  for (uint32_t i = 0; i < n; i++) {
    v[i].id = prac_rd_u32le(r);
    uint32_t bits = prac_rd_u32le(r);
    memcpy(&v[i].v, &bits, sizeof bits);
    if (v[i].id >= RISK_PORTS || (i && v[i].id <= v[i - 1].id)) return PRAC_DAMAGED;
    if (!(v[i].v >= 0 && v[i].v <= 1.001F)) return PRAC_DAMAGED;
  }
  return PRAC_OK;
}

static prac_rc graph_load(struct risk_state *s, struct prac_rd *r)
{
  struct risk_graph *g = &s->graph;
  g->turns_seen = prac_rd_u32le(r);
  g->turn.m1 = real_load(r);
  g->turn.m2 = real_load(r);
  g->turn.weight = real_load(r);
  if (!(g->turn.m1 >= 0 && g->turn.m1 <= 1 && g->turn.m2 >= 0 && g->turn.m2 <= 1) ||
      !(g->turn.weight >= 0 && g->turn.weight <= 1))
    return PRAC_DAMAGED;
  uint32_t n = prac_rd_u32le(r);
  if (n > (uint32_t)s->conf->graph_window) return PRAC_DAMAGED;
  for (uint32_t k = 0; k < n; k++) PRAC_TRY(vector_load(g, r));
  return PRAC_OK;
}

static prac_rc grain_load(struct risk_state *s, struct prac_rd *r)
{
  s->slot = (prac_time)prac_rd_u64le(r);
  s->day = prac_rd_u32le(r);
  prac_rd_copy(r, s->heard, sizeof s->heard);
  for (size_t i = 0; i < sizeof s->heard; i++)
    if (s->heard[i] > RISK_DAY_SLOTS) return PRAC_DAMAGED;
  bool slot_fits = s->slot == PRAC_TIME_NONE || (fits(s->slot) && s->slot % s->slot_ns == 0);
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || !slot_fits || n > RISK_SENSORS) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(sensor_load(s, r));
  n = prac_rd_u32le(r);
  if (n > RISK_PORTS) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(port_load(s, r));
  PRAC_TRY(graph_load(s, r));
  return risk_hour_load(&s->hour, r);
}

prac_rc risk_load(void *st, struct prac_rd *r)
{
  struct risk_engine *e = st;
  for (uint32_t i = 0; i < e->n; i++) PRAC_TRY(grain_load(&e->g[i], r));
  return prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
