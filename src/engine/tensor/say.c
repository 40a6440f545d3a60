/* What the sensors found, joined by port, as findings; and which groups go on or are over. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/country.h"
#include "engine/tensor/tensor.h"

enum { HOSTS = 256, TEXT = 640 };

struct seen { /* one sensor's group */
  const char *sensor;
  const struct tensor_group *g;
};
struct joined { /* the same port at several sensors */
  const struct seen *v;
  uint32_t n;
  const struct tensor_group *best; /* by level, then z */
  uint64_t hosts, packets;
  prac_time from, to;
  struct prac_ip *ips;
  uint32_t n_ips;
};

static const char *const kinds[] = {[ENG_PORT_ATTACK] = "sync-group",
                                    [ENG_PORT_SURVEY] = "sync-survey",
                                    [ENG_PORT_WEAK] = "sync-weak",
                                    [ENG_PORT_POINT] = "sync-point"};

static struct model_port port_of(uint32_t port)
{
  return (struct model_port){.port = (uint16_t)port, .proto = (uint8_t)(port >> 16)};
}

/* ---- several sensors ---- */

static int by_port(const void *pa, const void *pb)
{
  const struct seen *a = pa, *b = pb;
  if (a->g->port != b->g->port) return a->g->port < b->g->port ? -1 : 1;
  return strcmp(a->sensor, b->sensor);
}
static int by_ip(const void *pa, const void *pb)
{
  return memcmp(pa, pb, sizeof(struct prac_ip));
}

static prac_rc hosts_join(struct joined *j, struct prac_arena *a)
{
  size_t n = 0;
  for (uint32_t i = 0; i < j->n; i++) n += j->v[i].g->n_hosts;
  struct prac_ip *v = prac_arena_alloc(a, (n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  n = 0;
  for (uint32_t i = 0; i < j->n; i++)
    for (uint32_t k = 0; k < j->v[i].g->n_hosts; k++) v[n++] = j->v[i].g->hosts[k];
  qsort(v, n, sizeof *v, by_ip);
  for (size_t i = 0; i < n; i++) j->hosts += i == 0 || !prac_ip_eq(&v[i], &v[i - 1]);
  return PRAC_OK;
}

static bool has(const struct joined *j, const struct prac_ip *ip)
{
  for (uint32_t i = 0; i < j->n_ips; i++)
    if (prac_ip_eq(&j->ips[i], ip)) return true;
  return false;
}

/* Every sensor's first, then every sensor's second, ... */
static prac_rc ips_join(struct joined *j, struct prac_arena *a)
{
  j->ips = prac_arena_alloc(a, HOSTS * sizeof *j->ips);
  if (!j->ips) return PRAC_NOMEM;
  for (uint32_t k = 0; k < ENG_TRAFFIC_WHO; k++)
    for (uint32_t i = 0; i < j->n; i++) {
      const struct eng_port_who *w = &j->v[i].g->who;
      if (k < w->n && j->n_ips < HOSTS && !has(j, &w->ips[k])) j->ips[j->n_ips++] = w->ips[k];
    }
  return PRAC_OK;
}

static bool is_better(const struct tensor_group *a, const struct tensor_group *b)
{
  static const unsigned worth[] = {
      [ENG_PORT_ATTACK] = 4, [ENG_PORT_POINT] = 3, [ENG_PORT_SURVEY] = 2, [ENG_PORT_WEAK] = 1};
  if (a->level != b->level) return worth[a->level] > worth[b->level];
  return a->group.z > b->group.z;
}

static prac_rc join(const struct seen *v, uint32_t n, struct prac_arena *a, struct joined *ret)
{
  *ret = (struct joined){.v = v, .n = n, .best = v[0].g, .from = INT64_MAX, .to = INT64_MIN};
  PRAC_TRY(hosts_join(ret, a));
  PRAC_TRY(ips_join(ret, a));
  for (uint32_t i = 0; i < n; i++) {
    const struct eng_port_who *w = &v[i].g->who;
    if (is_better(v[i].g, ret->best)) ret->best = v[i].g;
    if (v[i].g->from < ret->from) ret->from = v[i].g->from;
    if (v[i].g->to > ret->to) ret->to = v[i].g->to;
    if (w->sources > ret->hosts) ret->hosts = w->sources;
    ret->packets += w->packets;
  }
  if (ret->n_ips > ret->hosts) ret->hosts = ret->n_ips;
  return PRAC_OK;
}

/* ---- words ---- */

static void text_of(const struct joined *j, char to[TEXT])
{
  const struct tensor_group *g = j->best;
  char port[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT], where[64] = "";
  static const char *const how[] = {[ENG_PORT_ATTACK] = "in step",
                                    [ENG_PORT_SURVEY] = "in step, too few for an attack",
                                    [ENG_PORT_WEAK] = "but each in its own time",
                                    [ENG_PORT_POINT] = "in step, at a single address of ours"};
  const char *name = prac_country_name(g->who.country);
  if (name)
    (void)snprintf(where, sizeof where, ", most from %s", name);
  else if (g->who.countries > 1)
    (void)snprintf(where, sizeof where, " from %u countries", g->who.countries);
  (void)snprintf(to, TEXT,
                 "%llu hosts%s knock at %s %s: mean correlation of two of them %.2f, of other "
                 "hosts %.2f (z %.0f); %u at once at %s, usually %u; %llu packets.",
                 (unsigned long long)j->hosts, where, model_port_text(port, port_of(g->port)),
                 how[g->level], g->group.mean, g->others, g->port_all.z, g->peak,
                 prac_time_text(at, g->peak_at), g->usual, (unsigned long long)j->packets);
}

static uint32_t severity(const struct tensor_conf *c, const struct joined *j)
{
  if (j->best->level != ENG_PORT_ATTACK) return 1;
  bool high = j->hosts >= (uint64_t)c->high_hosts || j->n >= (uint32_t)c->high_sensors;
  return high ? 4 : 3;
}

static void name_it(uint32_t port, prac_time from, prac_time to, char key[48], char flows[160])
{
  char p[MODEL_PORT_TEXT], a[PRAC_TIME_TEXT], b[PRAC_TIME_TEXT];
  (void)model_port_text(p, port_of(port));
  (void)snprintf(key, 48, "group:%s", p);
  (void)snprintf(flows, 160, "port=%s from=%s to=%s", p, prac_time_text(a, from),
                 prac_time_text(b, to));
}

static prac_rc say_on(const struct tensor_state *s, const struct joined *j,
                      const struct tensor_story *story, const struct eng_env *env,
                      struct eng_out *out)
{
  char key[48], flows[160], text[TEXT], country[3] = "";
  const char *names[TENSOR_NAMED];
  struct model_port port = port_of(story->port);
  uint32_t n = j->n < TENSOR_NAMED ? j->n : TENSOR_NAMED;
  (void)env;
  name_it(story->port, story->from, story->to, key, flows);
  text_of(j, text);
  for (uint32_t i = 0; i < n; i++) names[i] = j->v[i].sensor;
  if (j->best->who.country) {
    country[0] = (char)(j->best->who.country >> 8);
    country[1] = (char)j->best->who.country;
  }
  const struct finding f = {.key = key,
                            .kind = kinds[j->best->level],
                            .state = "on",
                            .from = story->from,
                            .to = story->to,
                            .level = severity(s->conf, j),
                            .score = j->best->port_all.z,
                            .value = (double)j->hosts,
                            .baseline = j->best->usual,
                            .unit = "hosts",
                            .country = country,
                            .sensors = {names, n},
                            .ports = {&port, 1},
                            .hosts = {j->ips, j->n_ips},
                            .host_count = j->hosts,
                            .packets = j->packets,
                            .text = text,
                            .flows = flows};
  return eng_say(out, &f);
}

static prac_rc say_off(const struct tensor_story *story, struct eng_out *out)
{
  char key[48], flows[160], text[160], p[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT];
  struct model_port port = port_of(story->port);
  name_it(story->port, story->from, story->to, key, flows);
  (void)snprintf(text, sizeof text, "No group has knocked at %s in step since %s.",
                 model_port_text(p, port), prac_time_text(at, story->to));
  const struct finding f = {.key = key,
                            .kind = kinds[story->level],
                            .state = "off",
                            .from = story->from,
                            .to = story->to,
                            .level = 1,
                            .value = 0,
                            .unit = "hosts",
                            .country = "",
                            .ports = {&port, 1},
                            .host_count = story->hosts,
                            .text = text,
                            .flows = flows};
  return eng_say(out, &f);
}

/* ---- stories ---- */

static struct tensor_story *story_of(struct tensor_state *s, uint32_t port)
{
  uint32_t i = 0;
  while (i < s->n_stories && s->stories[i].port < port) i++;
  if (i < s->n_stories && s->stories[i].port == port) return &s->stories[i];
  if (s->n_stories >= (uint32_t)s->conf->max_stories) return NULL;
  memmove(&s->stories[i + 1], &s->stories[i], (s->n_stories - i) * sizeof *s->stories);
  s->n_stories++;
  s->stories[i] = (struct tensor_story){.port = port, .from = INT64_MAX, .to = INT64_MIN};
  return &s->stories[i];
}

static prac_rc ends(struct tensor_state *s, prac_time now, struct eng_out *out)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s->n_stories; i++) {
    const struct tensor_story *x = &s->stories[i];
    bool over = now - x->seen >= s->conf->quiet_slots * s->conf->slot_ns;
    if (over) PRAC_TRY(say_off(x, out));
    if (!over) s->stories[kept++] = *x;
  }
  s->n_stories = kept;
  return PRAC_OK;
}

prac_rc tensor_say(struct tensor_state *s, const struct tensor_heard *heard, uint32_t n,
                   struct prac_span slot, const struct eng_env *env, struct eng_out *out)
{
  uint32_t all = 0;
  for (uint32_t i = 0; i < n; i++) all += heard[i].groups.n;
  struct seen *v = prac_arena_alloc(env->scratch, (all + (size_t)1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  all = 0;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < heard[i].groups.n; k++)
      v[all++] = (struct seen){heard[i].sensor, &heard[i].groups.v[k]};
  qsort(v, all, sizeof *v, by_port);
  for (uint32_t i = 0, to; i < all; i = to) {
    for (to = i; to < all && v[to].g->port == v[i].g->port;) to++;
    struct joined j;
    PRAC_TRY(join(&v[i], to - i, env->scratch, &j));
    struct tensor_story *story = story_of(s, v[i].g->port);
    if (!story) {
      prac_count(&env->counters[TENSOR_COUNT_NO_STORY], 1);
      continue;
    }
    story->level = j.best->level;
    story->hosts = j.hosts;
    story->seen = slot.to;
    if (j.from < story->from) story->from = j.from;
    if (j.to > story->to) story->to = j.to;
    PRAC_TRY(say_on(s, &j, story, env, out));
  }
  return ends(s, slot.to, out);
}
