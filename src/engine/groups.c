/* Claims of sensors about ports, joined; and the stories they make. Many sensors may name many
 * hosts: everything is joined by sorting, nothing by looking at every pair. */
#include "engine/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTS = 256 };
static const prac_time FAR = INT64_MAX / 4;

struct model_port eng_groups_port(uint32_t port)
{
  return (struct model_port){.port = (uint16_t)port, .proto = (uint8_t)(port >> 16)};
}

/* ---- claims ---- */

static void *copy(const void *from, size_t bytes, struct prac_arena *a)
{
  void *to = prac_arena_alloc(a, bytes + 1);
  if (to && bytes) memcpy(to, from, bytes);
  return to;
}

prac_rc eng_claims_add(struct eng_claims *c, const struct eng_claim *x, size_t own_bytes,
                       struct prac_arena *a)
{
  if (c->n == c->cap) {
    size_t cap = c->cap ? 2 * c->cap : 64;
    struct eng_claim *v = prac_arena_alloc(a, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    if (c->n) memcpy(v, c->v, c->n * sizeof *v);
    c->v = v;
    c->cap = cap;
  }
  struct eng_claim mine = *x;
  mine.sensor = prac_arena_strndup(a, x->sensor, strlen(x->sensor));
  mine.who.ips = copy(x->who.ips, x->who.n * sizeof *x->who.ips, a);
  mine.own = copy(x->own, own_bytes, a);
  if (x->hosts) mine.hosts = copy(x->hosts, x->n_hosts * sizeof *x->hosts, a);
  if (!mine.sensor || !mine.who.ips || !mine.own || (x->hosts && !mine.hosts)) return PRAC_NOMEM;
  c->v[c->n++] = mine;
  return PRAC_OK;
}

static int by_port(const void *pa, const void *pb)
{
  const struct eng_claim *a = pa, *b = pb;
  if (a->port != b->port) return a->port < b->port ? -1 : 1;
  return strcmp(a->sensor, b->sensor);
}

static bool is_better(const struct eng_claim *a, const struct eng_claim *b)
{
  if (a->level != b->level) return eng_port_worth(a->level) > eng_port_worth(b->level);
  return a->strength > b->strength;
}

/* ---- hosts of several sensors ---- */

struct named {
  struct prac_ip ip;
  uint64_t rank; /* place in its sensor's list, then the sensor */
};

static int by_ip(const void *pa, const void *pb)
{
  return memcmp(pa, pb, sizeof(struct prac_ip));
}
static int by_ip_rank(const void *pa, const void *pb)
{
  const struct named *a = pa, *b = pb;
  int c = by_ip(&a->ip, &b->ip);
  return c ? c : a->rank < b->rank ? -1 : a->rank > b->rank;
}
static int by_rank(const void *pa, const void *pb)
{
  const struct named *a = pa, *b = pb;
  return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static prac_rc count_hosts(struct eng_group *g, struct prac_arena *a)
{
  size_t n = 0;
  for (size_t i = 0; i < g->n; i++) n += g->v[i].hosts ? g->v[i].n_hosts : g->v[i].who.n;
  struct prac_ip *v = prac_arena_alloc(a, (n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  n = 0;
  for (size_t i = 0; i < g->n; i++) {
    const struct eng_claim *x = &g->v[i];
    size_t more = x->hosts ? x->n_hosts : x->who.n;
    if (more) memcpy(&v[n], x->hosts ? x->hosts : x->who.ips, more * sizeof *v);
    n += more;
  }
  qsort(v, n, sizeof *v, by_ip);
  for (size_t i = 0; i < n; i++) g->hosts += i == 0 || !prac_ip_eq(&v[i], &v[i - 1]);
  return PRAC_OK;
}

static prac_rc name_hosts(struct eng_group *g, struct model_ips *ret, struct prac_arena *a)
{
  size_t n = 0, kept = 0;
  for (size_t i = 0; i < g->n; i++) n += g->v[i].who.n;
  struct named *v = prac_arena_alloc(a, (n + 1) * sizeof *v);
  struct prac_ip *ips = prac_arena_alloc(a, HOSTS * sizeof *ips);
  if (!v || !ips) return PRAC_NOMEM;
  n = 0;
  for (size_t i = 0; i < g->n; i++)
    for (uint32_t k = 0; k < g->v[i].who.n; k++)
      v[n++] = (struct named){g->v[i].who.ips[k], (uint64_t)k * g->n + i};
  qsort(v, n, sizeof *v, by_ip_rank);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || !prac_ip_eq(&v[i].ip, &v[kept - 1].ip)) v[kept++] = v[i];
  qsort(v, kept, sizeof *v, by_rank);
  if (kept > g->hosts) g->hosts = kept;
  if (kept > HOSTS) kept = HOSTS;
  for (size_t i = 0; i < kept; i++) ips[i] = v[i].ip;
  *ret = (struct model_ips){ips, (uint32_t)kept};
  return PRAC_OK;
}

/* v: n claims about one port, by sensor. */
static prac_rc join(const struct eng_claim *v, size_t n, struct model_ips *ret_ips,
                    struct prac_arena *a, struct eng_group *ret)
{
  *ret = (struct eng_group){.v = v, .best = v, .n = n, .from = v->from, .to = v->to};
  PRAC_TRY(count_hosts(ret, a));
  PRAC_TRY(name_hosts(ret, ret_ips, a));
  for (size_t i = 0; i < n; i++) {
    if (is_better(&v[i], ret->best)) ret->best = &v[i];
    if (v[i].from < ret->from) ret->from = v[i].from;
    if (v[i].to > ret->to) ret->to = v[i].to;
    if (v[i].who.sources > ret->hosts) ret->hosts = v[i].who.sources;
    ret->packets += v[i].who.packets;
  }
  return PRAC_OK;
}

/* ---- stories ---- */

prac_rc eng_groups_init(struct eng_groups *g, uint32_t max)
{
  *g = (struct eng_groups){.v = calloc(max, sizeof *g->v), .max = max};
  return g->v ? PRAC_OK : PRAC_NOMEM;
}

void eng_groups_done(struct eng_groups *g)
{
  free(g->v);
  *g = (struct eng_groups){0};
}

/* NULL: no room. */
static struct eng_story *touch(struct eng_groups *g, uint32_t port)
{
  uint32_t lo = 0, hi = g->n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (g->v[mid].port < port)
      lo = mid + 1;
    else
      hi = mid;
  }
  struct eng_story *x = &g->v[lo];
  if (lo < g->n && x->port == port) return x;
  if (g->n == g->max) return NULL;
  memmove(x + 1, x, (g->n - lo) * sizeof *x);
  g->n++;
  *x = (struct eng_story){.port = port, .from = INT64_MAX, .to = INT64_MIN};
  return x;
}

/* ---- words ---- */

static const char *const kinds[] = {[ENG_PORT_ATTACK] = "sync-group",
                                    [ENG_PORT_SURVEY] = "sync-survey",
                                    [ENG_PORT_WEAK] = "sync-weak",
                                    [ENG_PORT_POINT] = "sync-point"};

struct told {
  struct finding f;
  struct model_port port;
  const char *sensors[ENG_GROUPS_SENSORS];
  char key[48], country[3], text[ENG_GROUPS_TEXT], flows[160];
  struct model_facts facts;
};

/* What all findings of a story have. */
static void tell(struct told *t, const struct eng_story *x, const char *unit)
{
  char p[MODEL_PORT_TEXT], from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT];
  *t = (struct told){.port = eng_groups_port(x->port)};
  (void)model_port_text(p, t->port);
  (void)snprintf(t->key, sizeof t->key, "group:%s", p);
  (void)snprintf(t->flows, sizeof t->flows, "port=%s from=%s to=%s", p,
                 prac_time_text(from, x->from), prac_time_text(to, x->to));
  t->f = (struct finding){.key = t->key,
                          .kind = kinds[x->level],
                          .from = x->from,
                          .to = x->to,
                          .level = 1,
                          .unit = unit,
                          .country = t->country,
                          .ports = {&t->port, 1},
                          .host_count = x->hosts,
                          .text = t->text,
                          .flows = t->flows};
}

static uint32_t severity(const struct eng_voice *voice, const struct eng_group *g)
{
  if (g->best->level != ENG_PORT_ATTACK) return 1;
  bool high = g->hosts >= (uint64_t)voice->high_hosts || g->n >= (uint64_t)voice->high_sensors;
  return high ? 4 : 3;
}

static prac_rc say_on(const struct eng_story *x, const struct eng_group *g, struct model_ips ips,
                      const struct eng_voice *voice, struct prac_arena *a, struct eng_out *out)
{
  struct told t;
  tell(&t, x, voice->unit);
  for (; t.f.sensors.n < g->n && t.f.sensors.n < ENG_GROUPS_SENSORS; t.f.sensors.n++)
    t.sensors[t.f.sensors.n] = g->v[t.f.sensors.n].sensor;
  t.country[0] = (char)(g->best->who.country >> 8);
  t.country[1] = (char)(g->best->who.country & 0xff);
  t.f.state = "on";
  t.f.level = severity(voice, g);
  t.f.sensors.v = t.sensors;
  t.f.hosts = ips;
  t.f.host_count = g->hosts;
  t.f.packets = g->packets;
  PRAC_TRY(voice->words(voice->conf, g, a, t.text, &t.facts, &t.f));
  t.f.facts = model_facts_of(&t.facts);
  return eng_say(out, &t.f);
}

static prac_rc say_off(const struct eng_story *x, const char *unit, struct eng_out *out)
{
  char port[MODEL_PORT_TEXT];
  struct told t;
  tell(&t, x, unit);
  (void)snprintf(t.text, sizeof t.text,
                 "No group of sources sends to %s in step any more; it had %llu.",
                 model_port_text(port, t.port), (unsigned long long)x->hosts);
  t.f.state = "off";
  return eng_say(out, &t.f);
}

static prac_rc ends(struct eng_groups *g, const struct eng_voice *voice, prac_time now,
                    struct eng_out *out)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < g->n; i++) {
    bool over = now - g->v[i].seen >= voice->quiet_ns;
    if (over) PRAC_TRY(say_off(&g->v[i], voice->unit, out));
    if (!over) g->v[kept++] = g->v[i];
  }
  g->n = kept;
  return PRAC_OK;
}

static bool is_said(const struct eng_voice *voice, enum eng_port_level level)
{
  if (level == ENG_PORT_WEAK) return voice->weak;
  return level != ENG_PORT_SURVEY || voice->survey;
}

prac_rc eng_groups_say(struct eng_groups *g, struct eng_claims *c, const struct eng_voice *voice,
                       prac_time now, const struct eng_env *env, struct eng_out *out)
{
  g->refused = 0;
  if (c->n) qsort(c->v, c->n, sizeof *c->v, by_port);
  for (size_t i = 0, n; i < c->n; i += n) {
    for (n = 1; i + n < c->n && c->v[i + n].port == c->v[i].port;) n++;
    struct eng_group x;
    struct model_ips ips;
    PRAC_TRY(join(&c->v[i], n, &ips, env->scratch, &x));
    if (!is_said(voice, x.best->level)) continue;
    struct eng_story *story = touch(g, c->v[i].port);
    if (!story) {
      g->refused++;
      continue;
    }
    story->level = x.best->level;
    story->seen = now;
    if (x.from < story->from) story->from = x.from;
    if (x.to > story->to) story->to = x.to;
    if (x.hosts > story->hosts) story->hosts = x.hosts;
    PRAC_TRY(say_on(story, &x, ips, voice, env->scratch, out));
  }
  return ends(g, voice, now, out);
}

/* ---- bytes ---- */

void eng_groups_save(const struct eng_groups *g, struct prac_wr *w)
{
  prac_wr_u32le(w, g->n);
  for (uint32_t i = 0; i < g->n; i++) {
    const struct eng_story *x = &g->v[i];
    prac_wr_u32le(w, x->port);
    prac_wr_u8(w, (uint8_t)x->level);
    prac_wr_u64le(w, (uint64_t)x->from);
    prac_wr_u64le(w, (uint64_t)x->to);
    prac_wr_u64le(w, (uint64_t)x->seen);
    prac_wr_u64le(w, x->hosts);
  }
}

static bool fits(prac_time t)
{
  return t > -FAR && t < FAR;
}

prac_rc eng_groups_load(struct eng_groups *g, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (r->bad || n > g->max) return PRAC_DAMAGED;
  for (g->n = 0; g->n < n; g->n++) {
    struct eng_story x = {.port = prac_rd_u32le(r)};
    uint8_t level = prac_rd_u8(r);
    x.from = (prac_time)prac_rd_u64le(r);
    x.to = (prac_time)prac_rd_u64le(r);
    x.seen = (prac_time)prac_rd_u64le(r);
    x.hosts = prac_rd_u64le(r);
    bool rises = g->n == 0 || g->v[g->n - 1].port < x.port;
    if (r->bad || level < ENG_PORT_ATTACK || level > ENG_PORT_POINT || !rises) return PRAC_DAMAGED;
    if (x.port >> 16 != 6 && x.port >> 16 != 17) return PRAC_DAMAGED;
    if (!fits(x.from) || !fits(x.to) || !fits(x.seen) || x.from > x.to) return PRAC_DAMAGED;
    x.level = (enum eng_port_level)level;
    g->v[g->n] = x;
  }
  return PRAC_OK;
}
