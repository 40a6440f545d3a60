/* What the sensors claim about one port becomes one finding; a port that was claimed goes on as a
 * story until it was not found for a while. Several sensors' sources are joined one by one as far
 * as they are named; of more, the largest sensor's count is what is sure. */
#include <stdio.h>
#include <string.h>

#include "base/country.h"
#include "engine/nmf/nmf.h"

enum { HOSTS = 256, PORTS = 16 };

prac_rc nmf_claim_add(struct nmf_claims *c, const char *sensor, const struct nmf_found *f,
                      struct prac_arena *a)
{
  if (f->n == 0) return PRAC_OK;
  if (c->n + f->n > c->cap) {
    size_t cap = 2 * (c->n + f->n);
    struct nmf_claim *v = prac_arena_alloc(a, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    if (c->n) memcpy(v, c->v, c->n * sizeof *v);
    c->v = v;
    c->cap = cap;
  }
  char *name = prac_arena_strndup(a, sensor, strlen(sensor));
  if (!name) return PRAC_NOMEM;
  for (uint32_t i = 0; i < f->n; i++) { /* by port, and then by sensor: they come by name */
    struct nmf_claim x = {.sensor = name, .p = f->v[i]};
    struct prac_ip *ips = prac_arena_alloc(a, (x.p.who.n + 1) * sizeof *ips);
    struct model_port *also = prac_arena_alloc(a, (x.p.also.n + 1) * sizeof *also);
    if (!ips || !also) return PRAC_NOMEM;
    memcpy(ips, x.p.who.ips, x.p.who.n * sizeof *ips);
    if (x.p.also.n) memcpy(also, x.p.also.v, x.p.also.n * sizeof *also);
    x.p.who.ips = ips;
    x.p.also.v = also;
    size_t at = c->n++;
    for (; at > 0 && c->v[at - 1].p.port > x.p.port; at--) c->v[at] = c->v[at - 1];
    c->v[at] = x;
  }
  return PRAC_OK;
}

/* ---- stories ---- */

static struct nmf_story *story_at(struct nmf_state *s, uint32_t port)
{
  uint32_t i = 0;
  while (i < s->n_stories && s->stories[i].port < port) i++;
  return &s->stories[i];
}

static bool is_story(const struct nmf_state *s, const struct nmf_story *x, uint32_t port)
{
  return x < s->stories + s->n_stories && x->port == port;
}

/* NULL: no room. */
static struct nmf_story *story_touch(struct nmf_state *s, uint32_t port, prac_time from)
{
  struct nmf_story *x = story_at(s, port);
  if (is_story(s, x, port)) return x;
  if (s->n_stories == NMF_STORIES) return NULL;
  memmove(x + 1, x, (size_t)(s->stories + s->n_stories - x) * sizeof *x);
  s->n_stories++;
  *x = (struct nmf_story){.port = port, .from = from};
  return x;
}

static struct model_port port_of(uint32_t what)
{
  return (struct model_port){.port = (uint16_t)what, .proto = (uint8_t)(what >> 16)};
}

static const char *kind_of(enum eng_port_level level)
{
  switch (level) {
  case ENG_PORT_ATTACK:
    return "sync-group";
  case ENG_PORT_SURVEY:
    return "sync-survey";
  case ENG_PORT_WEAK:
    return "sync-weak";
  case ENG_PORT_POINT:
    return "sync-point";
  }
  return "sync-weak";
}

/* ---- one port of all sensors ---- */

struct told {
  struct finding f;
  const struct nmf_claim *best;
  struct prac_ip *ips;
  const char **sensors;
  struct model_port *ports;
  char key[48], country[3], text[640], flows[160];
};

/* 4 before 1 before 2 before 3, as published. */
static int weight(enum eng_port_level level)
{
  return level == ENG_PORT_POINT ? 4 : 4 - (int)level;
}

/* The best claim says the level and the numbers: the highest level, then the greatest surprise. */
static const struct nmf_claim *best_of(const struct nmf_claim *v, size_t n)
{
  const struct nmf_claim *best = v;
  for (size_t i = 1; i < n; i++) {
    int more = weight(v[i].p.level) - weight(best->p.level);
    if (more > 0 || (more == 0 && v[i].p.surprise > best->p.surprise)) best = &v[i];
  }
  return best;
}

/* Adds addresses that are not there yet; they are few, at most 256 a sensor. */
static void ips_add(struct told *t, const struct eng_port_who *w)
{
  uint32_t n = t->f.hosts.n;
  for (uint32_t i = 0; i < w->n; i++) {
    uint32_t k = 0;
    while (k < n && !prac_ip_eq(&t->ips[k], &w->ips[i])) k++;
    if (k == n) t->f.host_count++;
    if (k == n && t->f.hosts.n < HOSTS) t->ips[t->f.hosts.n++] = w->ips[i];
  }
}

static void ports_add(struct told *t, const struct model_ports *p)
{
  for (uint32_t i = 0; i < p->n && t->f.ports.n < PORTS; i++) {
    uint32_t k = 0;
    while (k < t->f.ports.n &&
           (t->ports[k].port != p->v[i].port || t->ports[k].proto != p->v[i].proto))
      k++;
    if (k == t->f.ports.n) t->ports[t->f.ports.n++] = p->v[i];
  }
}

static prac_rc gather(struct told *t, const struct nmf_claim *v, size_t n, struct prac_arena *a)
{
  t->ips = prac_arena_alloc(a, HOSTS * sizeof *t->ips);
  t->sensors = prac_arena_alloc(a, n * sizeof *t->sensors);
  t->ports = prac_arena_alloc(a, PORTS * sizeof *t->ports);
  if (!t->ips || !t->sensors || !t->ports) return PRAC_NOMEM;
  t->f.hosts.v = t->ips;
  t->f.sensors.v = t->sensors;
  t->f.ports.v = t->ports;
  t->ports[t->f.ports.n++] = port_of(v->p.port);
  t->best = best_of(v, n);
  ips_add(t, &t->best->p.who);
  t->f.from = v->p.span.from;
  t->f.to = v->p.span.to;
  uint64_t most = 0;
  for (size_t i = 0; i < n; i++) {
    const struct eng_port_who *w = &v[i].p.who;
    t->sensors[t->f.sensors.n++] = v[i].sensor;
    t->f.packets += w->packets;
    if (w->sources > most) most = w->sources;
    if (v[i].p.span.from < t->f.from) t->f.from = v[i].p.span.from;
    if (v[i].p.span.to > t->f.to) t->f.to = v[i].p.span.to;
    if (&v[i] != t->best) ips_add(t, w);
    ports_add(t, &v[i].p.also);
  }
  if (most > t->f.host_count) t->f.host_count = most;
  return PRAC_OK;
}

static uint32_t severity(const struct nmf_conf *c, const struct told *t)
{
  if (t->best->p.level != ENG_PORT_ATTACK) return 1;
  bool high =
      t->f.host_count >= (uint64_t)c->high_hosts || t->f.sensors.n >= (uint64_t)c->high_sensors;
  return high ? 4 : 3;
}

static void name_it(struct told *t, uint32_t port, prac_time from, prac_time to)
{
  char p[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT], end[PRAC_TIME_TEXT];
  model_port_text(p, port_of(port));
  snprintf(t->key, sizeof t->key, "group:%s", p);
  snprintf(t->flows, sizeof t->flows, "port=%s from=%s to=%s", p, prac_time_text(at, from),
           prac_time_text(end, to));
  t->f.key = t->key;
  t->f.flows = t->flows;
  t->f.text = t->text;
  t->f.country = t->country;
  t->f.unit = "sources";
}

static void word_it(struct told *t, const struct nmf_conf *c)
{
  const struct nmf_port *p = &t->best->p;
  char port[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT], more[128] = "", nets[48] = "";
  model_port_text(port, port_of(p->port));
  if (c->v4_bits < 32)
    snprintf(nets, sizeof nets, " in %u /%u networks", p->hosts, (unsigned)c->v4_bits);
  if (t->f.sensors.n > 1) snprintf(more, sizeof more, " %u sensors agree.", t->f.sensors.n);
  if (p->port_groups)
    snprintf(more + strlen(more), sizeof more - strlen(more), " So do %u groups of ports.",
             p->port_groups);
  if (p->level == ENG_PORT_POINT)
    snprintf(more + strlen(more), sizeof more - strlen(more), " Nearly all went to one address.");
  const char *where = p->in_time ? "sent there in its minutes" : "of it sent there";
  snprintf(t->text, sizeof t->text,
           "%llu sources%s keep time with each other at %s from %s on. Beside a group of %u hosts, "
           "%.0f %s; by chance %.0f (1 in 10^%.0f). %u groups agree, %u hosts are in all of them, "
           "%u in any.%s",
           (unsigned long long)t->f.host_count, nets, port, prac_time_text(at, t->f.from), p->group,
           p->inside, where, p->expected, p->surprise, p->hits, p->all, p->any, more);
}

static prac_rc say_port(struct nmf_state *s, const struct nmf_claim *v, size_t n,
                        const struct eng_env *env, struct eng_out *out)
{
  struct told t = {.f = {.state = "on"}};
  PRAC_TRY(gather(&t, v, n, env->scratch));
  const struct nmf_port *p = &t.best->p;
  if (p->level == ENG_PORT_WEAK && !s->conf->weak) return PRAC_OK;
  if (p->level == ENG_PORT_SURVEY && !s->conf->survey) return PRAC_OK;
  struct nmf_story *x = story_touch(s, p->port, t.f.from);
  if (!x) return PRAC_OK;
  x->quiet = 0;
  x->level = p->level;
  x->to = t.f.to;
  if (t.f.from < x->from) x->from = t.f.from;
  if (t.f.host_count > x->hosts) x->hosts = t.f.host_count;
  name_it(&t, p->port, x->from, x->to);
  word_it(&t, s->conf);
  if (p->who.country) {
    t.country[0] = (char)(p->who.country >> 8);
    t.country[1] = (char)(p->who.country & 0xff);
  }
  t.f.from = x->from;
  t.f.kind = kind_of(p->level);
  t.f.level = severity(s->conf, &t);
  t.f.score = p->surprise;
  t.f.value = (double)t.f.host_count;
  t.f.baseline = p->expected;
  return eng_say(out, &t.f);
}

static prac_rc say_end(const struct nmf_story *x, struct eng_out *out)
{
  struct told t = {.f = {.state = "off", .level = 1}};
  char port[MODEL_PORT_TEXT];
  struct model_port p = port_of(x->port);
  name_it(&t, x->port, x->from, x->to);
  model_port_text(port, p);
  snprintf(t.text, sizeof t.text, "No group of sources sends to %s in step any more; it had %llu.",
           port, (unsigned long long)x->hosts);
  t.f.kind = kind_of(x->level);
  t.f.from = x->from;
  t.f.to = x->to;
  t.f.host_count = x->hosts;
  t.f.ports = (struct model_ports){&p, 1};
  return eng_say(out, &t.f);
}

/* All sensors' claims of this slot, by port; then what has ended. */
prac_rc nmf_say(struct nmf_state *s, struct nmf_claims *c, const struct eng_env *env,
                struct eng_out *out)
{
  for (uint32_t i = 0; i < s->n_stories; i++) s->stories[i].quiet++;
  for (size_t i = 0, n; i < c->n; i += n) {
    for (n = 1; i + n < c->n && c->v[i + n].p.port == c->v[i].p.port;) n++;
    PRAC_TRY(say_port(s, c->v + i, n, env, out));
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s->n_stories; i++) {
    if (s->stories[i].quiet > (uint32_t)s->conf->quiet_slots)
      PRAC_TRY(say_end(&s->stories[i], out));
    else
      s->stories[kept++] = s->stories[i];
  }
  s->n_stories = kept;
  return PRAC_OK;
}
