/* Ports that rise abroad and not at home. Roll-ups answer: senders by port, sensor and window. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/compare_int.h"

enum { WINDOWS = 4 /* now, and three before */, PORTS_ASKED = 8192 };
struct seen {           /* one port at one sensor */
  uint32_t now, before; /* senders; before: the most of the windows before */
};
struct ports {
  struct compare_work *w;
  uint32_t sensor, window;
  uint32_t *slot; /* 65536 a protocol of four: 1 + which port; 0: none */
  struct model_port *port;
  struct seen *seen; /* n_sensors a port */
  size_t n, cap_port, cap_seen;
};

static uint32_t place(struct model_port p)
{
  uint32_t proto = p.proto == 6 ? 0 : p.proto == 17 ? 1 : p.proto == 1 ? 2 : 3;
  return proto << 16 | p.port;
}

static prac_rc take(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct ports *t = arg;
  struct view_row r = view_row_of(cols, n, v);
  struct model_port p;
  if (model_port_parse(r.port, strlen(r.port), &p) != PRAC_OK) return PRAC_OK;
  if (place(p) >> 16 == 3) return PRAC_OK; /* TCP, UDP and ICMP are enough */
  uint32_t *slot = &t->slot[place(p)], sensors = t->w->c->n_sensors;
  if (*slot == 0) {
    size_t cap = t->cap_seen;
    PRAC_TRY(VIEW_ROOM(t->w->a, t->port, t->n, t->cap_port));
    PRAC_TRY(view_room(t->w->a, (void **)&t->seen, t->n, &cap, sensors * sizeof *t->seen));
    t->cap_seen = cap;
    t->port[t->n] = p;
    memset(t->seen + t->n * sensors, 0, sensors * sizeof *t->seen);
    *slot = (uint32_t)++t->n;
  }
  struct seen *s = &t->seen[(*slot - 1u) * (size_t)sensors + t->sensor];
  uint32_t x = r.sources > UINT32_MAX ? UINT32_MAX : (uint32_t)r.sources;
  if (t->window == 0)
    s->now = x;
  else if (x > s->before)
    s->before = x;
  return PRAC_OK;
}

static prac_rc ask(struct ports *t)
{
  struct compare *c = t->w->c;
  int64_t length = c->recent.to - c->recent.from;
  for (t->window = 0; t->window < WINDOWS; t->window++) {
    struct store_query q = {.what = STORE_TOP, .by = STORE_BY_PORT, .limit = PORTS_ASKED};
    q.span.from = c->recent.from - t->window * length;
    q.span.to = q.span.from + length;
    if (t->window > 0 && q.span.from < t->w->hours.from) break;
    c->baseline = c->baseline || t->window > 0;
    for (t->sensor = 0; t->sensor < c->n_sensors; t->sensor++) {
      q.sensor = c->sensors[t->sensor].name;
      PRAC_TRY(t->w->s->ops->query(t->w->s->st, &q, take, t, t->w->err));
    }
  }
  return PRAC_OK;
}

static double strength(const struct seen *s)
{
  return ((double)s->now - s->before) / sqrt(s->before + 1.0);
}

static bool rises(const struct compare_conf *c, const struct seen *s)
{
  double rise = c->rise > 0 ? c->rise : 3;
  uint32_t least = c->least ? c->least : 10;
  return s->now >= least && s->now >= rise * s->before && strength(s) >= 4;
}

static prac_rc judge(struct ports *t, size_t i)
{
  struct compare *c = t->w->c;
  const struct seen *s = t->seen + i * c->n_sensors;
  struct compare_port p = {0};
  char text[MODEL_PORT_TEXT];
  double best = 0;
  for (uint32_t k = 0; k < c->n_sensors; k++) {
    bool up = rises(t->w->conf, &s[k]);
    if (c->sensors[k].home) {
      if (up) return PRAC_OK;
      if (s[k].now > p.home_now) p.home_now = s[k].now;
      if (s[k].before > p.home_before) p.home_before = s[k].before;
    } else if (up) {
      p.sensors++;
      if (strength(&s[k]) <= best) continue;
      best = strength(&s[k]);
      p.sensor = k;
      p.now = s[k].now;
      p.before = s[k].before;
    }
  }
  if (p.sensors == 0 || p.home_now * 3 > p.now || c->n_ports == COMPARE_PORTS_MAX) return PRAC_OK;
  model_port_text(text, t->port[i]);
  p.port = prac_arena_strndup(t->w->a, text, strlen(text));
  if (!p.port) return PRAC_NOMEM;
  c->ports[c->n_ports++] = p;
  return PRAC_OK;
}

static int strongest_first(const void *pa, const void *pb)
{
  const struct compare_port *a = pa, *b = pb;
  const struct seen x = {(uint32_t)a->now, (uint32_t)a->before},
                    y = {(uint32_t)b->now, (uint32_t)b->before};
  double d = strength(&x) - strength(&y);
  if (fabs(d) > 1e-9) return d > 0 ? -1 : 1;
  return strcmp(a->port, b->port);
}

prac_rc compare_abroad(struct compare_work *w)
{
  struct compare *c = w->c;
  struct ports t = {.w = w};
  if (c->n_home == 0 || c->n_home == c->n_sensors) return PRAC_OK;
  t.slot = calloc(4 << 16, sizeof *t.slot);
  c->ports = prac_arena_alloc(w->a, COMPARE_PORTS_MAX * sizeof *c->ports);
  prac_rc rc = t.slot && c->ports ? ask(&t) : PRAC_FAIL(w->err, PRAC_NOMEM, "no memory for ports");
  for (size_t i = 0; i < t.n && rc == PRAC_OK; i++) rc = judge(&t, i);
  if (rc == PRAC_OK && c->n_ports > 1)
    qsort(c->ports, c->n_ports, sizeof *c->ports, strongest_first);
  free(t.slot);
  return rc;
}
