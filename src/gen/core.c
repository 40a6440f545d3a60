/* Plans become actors, actors stand in a heap by the time of their next packet, and what leaves the
 * heap is written down in the truth before it becomes bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "gen/gen_int.h"

static const char *const sites[GEN_SENSORS_MAX][2] = {
    {"tokyo", "JP"},     {"frankfurt", "DE"}, {"saopaulo", "BR"},  {"singapore", "SG"},
    {"virginia", "US"},  {"sydney", "AU"},    {"mumbai", "IN"},    {"london", "GB"},
    {"seoul", "KR"},     {"paris", "FR"},     {"toronto", "CA"},   {"johannesburg", "ZA"},
    {"amsterdam", "NL"}, {"hongkong", "HK"},  {"stockholm", "SE"}, {"jakarta", "ID"},
};
/* How busy an hour of the day is, in thousandths; the mean is DAILY_MEAN. */
static const uint16_t daily[24] = {938, 933,  930,  930, 933, 941, 952, 964, 975, 983, 989, 994,
                                   997, 1000, 1000, 997, 994, 989, 983, 978, 972, 964, 955, 947};
enum { DAILY_MEAN = 968, SLOT_MEAN = 315, ACTORS_MAX = 4096 };
static const int64_t slot_ns = 50 * PRAC_SEC;

size_t gen_scenario_count(void)
{
  size_t n = 0;
  while (gen_scenarios[n]) n++;
  return n;
}

struct gen_scenario_about gen_scenario_at(size_t i)
{
  return (struct gen_scenario_about){gen_scenarios[i]->name, gen_scenarios[i]->about};
}

size_t gen_sensor_count(const struct gen *g)
{
  return g->n_sensors;
}

const struct gen_sensor_about *gen_sensor_at(const struct gen *g, size_t i)
{
  return &g->sensors[i];
}

struct prac_span gen_span(const struct gen *g)
{
  return (struct prac_span){g->start, g->start + g->length_ns};
}

int64_t gen_minute(const struct gen *g, int64_t minute_of_day)
{
  return g->length_ns / 1440 * minute_of_day;
}

int64_t gen_length(const struct gen *g)
{
  return g->length_ns;
}

uint64_t gen_mpps(const struct gen *g)
{
  return g->mpps;
}

void gen_outage(struct gen *g, uint32_t sensor, int64_t from, int64_t to)
{
  if (sensor >= g->n_sensors) return;
  g->outage[sensor].from = from;
  g->outage[sensor].to = to;
}

/* ---- arrivals ---- */

/* In thousandths: how likely an arrival of a pulsing group is in its slot; most slots are quiet. */
static uint32_t pulse(const struct gen_actor *a, int64_t at)
{
  uint64_t h = prac_hash2(a->salt, (uint64_t)(at / slot_ns), 1) % 10;
  return h < 5 ? 50 : h < 8 ? 300 : 1000;
}

/* Moves a->at to the next arrival; false: there is none any more. */
static bool advance(struct gen_actor *a)
{
  uint64_t mean = UINT64_C(1000000000000) / a->p.mpps;
  if (a->p.daily) mean = mean * DAILY_MEAN / 1000;
  if (a->p.slots) mean = mean * SLOT_MEAN / 1000;
  for (;;) {
    a->at += 1 + (int64_t)gen_exp(&a->rng, mean);
    if (a->at >= a->p.to) return false;
    uint32_t chance = 1000;
    if (a->p.daily) chance = daily[a->at / PRAC_HOUR % 24];
    if (a->p.slots) chance = pulse(a, a->at);
    if (chance == 1000 || prac_rng_below(&a->rng, 1000) < chance) return true;
  }
}

/* ---- the heap ---- */

static bool before(const struct gen_actor *a, const struct gen_actor *b)
{
  return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static void sink(struct gen *g, uint32_t i)
{
  struct gen_actor *a = g->heap[i];
  for (uint32_t c; (c = 2 * i + 1) < g->n_heap; i = c) {
    if (c + 1 < g->n_heap && before(g->heap[c + 1], g->heap[c])) c++;
    if (before(a, g->heap[c])) break;
    g->heap[i] = g->heap[c];
  }
  g->heap[i] = a;
}

/* ---- planting ---- */

static prac_rc set_ports(struct gen *g, struct gen_actor *a)
{
  uint64_t sum = 0;
  if (a->p.n_ports == 0) return PRAC_OK;
  struct gen_port *kept = prac_arena_alloc(g->a, a->p.n_ports * sizeof *kept);
  a->port_sums = prac_arena_alloc(g->a, a->p.n_ports * sizeof *a->port_sums);
  if (!kept || !a->port_sums) return PRAC_NOMEM;
  memcpy(kept, a->p.ports, a->p.n_ports * sizeof *kept);
  a->p.ports = kept;
  for (uint32_t i = 0; i < a->p.n_ports; i++) a->port_sums[i] = sum += a->p.ports[i].weight;
  return PRAC_OK;
}

/* Every source from a /16 of its own: a botnet does not live in one network. */
static prac_rc spread_sources(struct gen *g, struct gen_actor *a)
{
  struct prac_ip *v = prac_arena_alloc(g->a, a->p.sources * sizeof *v);
  uint8_t *used = prac_arena_alloc(g->a, 65536 / 8);
  if (!v || !used) return PRAC_NOMEM;
  for (uint32_t n = 0, try = 0; n < a->p.sources; try++) {
    struct prac_ip ip = gen_source4(a->p.country, prac_hash2(a->salt, try, 0x9e37));
    uint32_t net = prac_ip_to4(&ip) >> 16;
    if (used[net / 8] >> (net % 8) & 1 && try < 100 * a->p.sources) continue;
    used[net / 8] |= (uint8_t)(1u << (net % 8));
    v[n++] = ip;
  }
  a->fixed = v;
  return PRAC_OK;
}

/* By name, so that a plan added to a scenario changes no other plan. */
static uint64_t salt_of(const struct gen *g, const char *name)
{
  return prac_hash2(g->seed, prac_hash_bytes(1, name, strlen(name)), 2);
}

prac_rc gen_plant(struct gen *g, const struct gen_plan *p)
{
  if (g->n_actors == g->cap) return PRAC_FULL;
  struct gen_actor *a = prac_arena_alloc(g->a, sizeof *a);
  if (!a) return PRAC_NOMEM;
  a->p = *p;
  a->id = g->n_actors;
  a->salt = salt_of(g, p->who ? p->who : p->name);
  a->rng = prac_rng_of(salt_of(g, p->name));
  a->first = a->last = PRAC_TIME_NONE;
  a->bin = INT64_MIN;
  if (a->p.mpps == 0) a->p.mpps = 1;
  uint32_t all = g->n_sensors == 32 ? UINT32_MAX : (UINT32_C(1) << g->n_sensors) - 1;
  a->p.sensors &= all;
  if (a->p.sensors == 0) a->p.sensors = all;
  a->all_sources = a->p.sources;
  if (a->p.daily) a->all_sources += (uint32_t)(g->length_ns / PRAC_HOUR + 1) * (a->p.sources / 8);
  a->seen = prac_arena_alloc(g->a, a->all_sources / 8 + 1);
  if (!a->seen) return PRAC_NOMEM;
  PRAC_TRY(set_ports(g, a));
  if (a->p.slots) PRAC_TRY(spread_sources(g, a));
  g->actors[g->n_actors++] = a;
  a->at = a->p.from;
  if (advance(a)) g->heap[g->n_heap++] = a;
  return PRAC_OK;
}

static prac_rc set_size(struct gen *g, const struct gen_conf *c, struct prac_err *reterr)
{
  const struct gen_scenario *s = g->scenario;
  g->n_sensors = c->sensors ? c->sensors : s->sensors;
  g->length_ns = c->length_ns ? c->length_ns : s->length_ns;
  g->mpps = c->mpps ? c->mpps : s->mpps;
  g->seed = c->seed;
  g->start = c->start != PRAC_TIME_NONE ? c->start : prac_days_from_date(2026, 6, 18) * PRAC_DAY;
  if (g->n_sensors > GEN_SENSORS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "at most %d sensors", GEN_SENSORS_MAX);
  if (g->length_ns < PRAC_MIN || g->length_ns > 366 * PRAC_DAY)
    return PRAC_FAIL(reterr, PRAC_RANGE, "from one minute to 366 days");
  if (g->mpps > UINT64_C(10000000000))
    return PRAC_FAIL(reterr, PRAC_RANGE, "at most 10 million packets a second");
  return PRAC_OK;
}

static prac_rc set_up(struct gen *g, const struct gen_conf *c, struct prac_err *reterr)
{
  PRAC_TRY(set_size(g, c, reterr));
  for (uint32_t i = 0; i < g->n_sensors; i++) {
    struct gen_sensor_about *t = &g->sensors[i];
    t->name = sites[i][0];
    t->country = sites[i][1];
    t->v4 = (struct prac_prefix){prac_ip4(0xc6120000u + (i << 12)), 116};
    t->v6 = (struct prac_prefix){prac_ip_of(UINT64_C(0x20010db800000000) | (i + 1) << 16, 0), 48};
  }
  g->cap = ACTORS_MAX;
  g->a = prac_arena_new(1 << 16);
  if (g->a) g->actors = prac_arena_alloc(g->a, g->cap * sizeof(struct gen_actor *));
  if (g->a) g->heap = prac_arena_alloc(g->a, g->cap * sizeof(struct gen_actor *));
  prac_rc rc = g->actors && g->heap ? g->scenario->plant(g) : PRAC_NOMEM;
  if (rc != PRAC_OK)
    return PRAC_FAIL(reterr, rc, "scenario %s: %s", g->scenario->name, prac_rc_text(rc));
  for (uint32_t i = g->n_heap; i-- > 0;) sink(g, i);
  return PRAC_OK;
}

prac_rc gen_new(const struct gen_conf *c, struct gen **ret, struct prac_err *reterr)
{
  const struct gen_scenario *s = NULL;
  for (size_t i = 0; gen_scenarios[i]; i++)
    if (strcmp(gen_scenarios[i]->name, c->scenario) == 0) s = gen_scenarios[i];
  if (!s) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no scenario \"%s\"", c->scenario);
  struct gen *g = calloc(1, sizeof *g);
  if (!g) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory");
  g->scenario = s;
  prac_rc rc = set_up(g, c, reterr);
  if (rc == PRAC_OK)
    *ret = g;
  else
    gen_free(&g);
  return rc;
}

void gen_free(struct gen **gp)
{
  if (!gp || !*gp) return;
  prac_arena_free(&(*gp)->a);
  free(*gp);
  *gp = NULL;
}

/* ---- packets ---- */

static uint32_t pick_sensor(struct gen_actor *a)
{
  uint32_t mask = a->p.sensors, n = (uint32_t)__builtin_popcount(mask);
  uint32_t skip = n > 1 ? (uint32_t)prac_rng_below(&a->rng, n) : 0;
  while (skip-- > 0) mask &= mask - 1;
  return (uint32_t)__builtin_ctz(mask);
}

/* The fullest minute, in steps of ten seconds of the clock: what the flood rule looks at. */
static void count_minute(struct gen_actor *a, prac_time at)
{
  int64_t bin = prac_time_floor(at, 10 * PRAC_SEC) / (10 * PRAC_SEC);
  if (a->bin == INT64_MIN || bin - a->bin > 6) {
    memset(a->bins, 0, sizeof a->bins);
    a->bin = bin;
  }
  for (; a->bin < bin; a->bin++) a->bins[(a->bin + 1) % 6] = 0;
  a->bins[bin % 6]++;
  uint32_t sum = 0;
  for (int i = 0; i < 6; i++) sum += a->bins[i];
  if (sum > a->max_60s) a->max_60s = sum;
}

static void account(struct gen *g, struct gen_actor *a, const struct gen_packet *p, uint32_t source)
{
  a->packets++;
  if (a->by_sensor[p->sensor]++ == 0) a->first_by_sensor[p->sensor] = p->at;
  a->by_damage[p->damage]++;
  if (a->first == PRAC_TIME_NONE) a->first = p->at;
  a->last = p->at;
  uint8_t bit = (uint8_t)(1u << (source % 8));
  if (!(a->seen[source / 8] & bit)) a->n_seen++;
  a->seen[source / 8] |= bit;
  if (a->p.kind == GEN_FLOOD) count_minute(a, p->at);
  g->sensors[p->sensor].packets++;
}

prac_rc gen_next(struct gen *g, struct gen_frame *ret)
{
  while (g->n_heap > 0) {
    struct gen_actor *a = g->heap[0];
    struct gen_packet *p = &g->packet;
    uint32_t source = 0, sensor = pick_sensor(a);
    int64_t at = a->at;
    bool out = at >= g->outage[sensor].from && at < g->outage[sensor].to;
    if (out)
      g->lost[sensor]++;
    else {
      memset(p, 0, offsetof(struct gen_packet, body));
      p->at = g->start + at;
      p->sensor = sensor;
      gen_fill(a, &g->sensors[sensor], p, &source);
      account(g, a, p, source);
    }
    if (!advance(a)) g->heap[0] = g->heap[--g->n_heap];
    if (g->n_heap > 0) sink(g, 0);
    if (out) continue;
    *ret = (struct gen_frame){.at = p->at, .sensor = sensor, .data = g->frame};
    gen_build(p, g->frame, &ret->caplen, &ret->len);
    g->sensors[sensor].bytes += ret->len;
    return PRAC_OK;
  }
  return PRAC_END;
}

bool gen_survey_at(const struct gen *g, size_t i, struct prac_ip *ret)
{
  for (uint32_t k = 0; k < g->n_actors; k++) {
    const struct gen_actor *a = g->actors[k];
    if (strcmp(a->p.what, "survey") != 0) continue;
    if (i < a->all_sources) {
      *ret = gen_actor_source(a, (uint32_t)i);
      return true;
    }
    i -= a->all_sources;
  }
  return false;
}
