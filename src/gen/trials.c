/* Scenarios for `practice evaluate`: events whose size, synchrony, spread and surroundings are
 * known, in a background that is meant to be hard. The background and the nuisances are there every
 * day; the events are not, and their places in time, their ports and their hosts depend on the
 * seed. */
#include <string.h>

#include "base/hash.h"
#include "gen/gen_int.h"

#define COMMON .ports = gen_common_ports, .n_ports = gen_common_ports_n

static uint64_t draw(const struct gen *g, const char *name, uint64_t nth)
{
  return prac_hash2(prac_hash2(g->seed, prac_hash_bytes(1, name, strlen(name)), 9), nth, 1);
}

static prac_rc plant_all(struct gen *g, const struct gen_plan *p, size_t n)
{
  for (size_t i = 0; i < n; i++) PRAC_TRY(gen_plant(g, &p[i]));
  return PRAC_OK;
}

/* ---- what is there every day ---- */

/* Visitors, infected devices and scanners whose addresses are those of the world. */
static prac_rc background(struct gen *g)
{
  static const struct gen_port web[] = {{443, 3}, {8443, 1}, {22, 2}},
                               data[] = {{6379, 3}, {2375, 2}, {9200, 2}, {27017, 2}},
                               desks[] = {{3389, 1}};
  uint64_t mpps = gen_mpps(g);
  uint32_t lanes = (uint32_t)(mpps / 100) + 8;
#define ALWAYS(id, why, thousandths, n)                                                            \
  .name = (id), .what = (why), .to = gen_length(g), .mpps = mpps * (thousandths) / 1000,           \
  .sources = (n), .lasting = true
  const struct gen_plan plans[] = {
      {ALWAYS("visitors", "background", 520, 200000), COMMON, .lanes = lanes, .swing = 400},
      {ALWAYS("visitors-udp", "background", 120, 60000), .kind = GEN_UDP, .ports = gen_udp_ports,
       .n_ports = gen_udp_ports_n, .lanes = lanes / 4, .swing = 300},
      {ALWAYS("pings", "background", 30, 3000), .kind = GEN_PING},
      {ALWAYS("devices", "background", 120, 400), .tool = GEN_MIRAI},
      {ALWAYS("survey", "survey", 90, 12), .tool = GEN_ZMAP, .country = "US", COMMON},
      {ALWAYS("zmap", "scanner", 40, 10), .tool = GEN_ZMAP, .ports = web, .n_ports = 3},
      {ALWAYS("masscan", "scanner", 50, 8), .tool = GEN_MASSCAN, .ports = data, .n_ports = 4},
      {ALWAYS("masscan-old", "scanner", 10, 3), .tool = GEN_MASSCAN_OLD, .ports = desks,
       .n_ports = 1},
      {ALWAYS("zmap-old", "scanner", 10, 3), .tool = GEN_ZMAP_OLD, .ports = web, .n_ports = 3},
      {ALWAYS("unicornscan", "scanner", 5, 2), .tool = GEN_UNICORNSCAN, .ports = data,
       .n_ports = 4},
      {ALWAYS("nmap", "scanner", 15, 6), .tool = GEN_NMAP, COMMON},
  };
#undef ALWAYS
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

/* One after the other, `every` apart on average, at random in its share of the time. */
static prac_rc repeat(struct gen *g, struct gen_plan p, int64_t every, int64_t lasts)
{
  int64_t n = gen_length(g) / every;
  for (int64_t i = 0; i < n; i++) {
    uint64_t h = draw(g, p.name, (uint64_t)i);
    struct gen_port port = {(uint16_t)(1024 + h % 60000), 1};
    p.nth = (uint32_t)i + 1;
    p.from = i * every + (int64_t)(h >> 20) % (every - lasts);
    p.to = p.from + lasts;
    if (p.n_ports <= 1) {
      if (h >> 17 & 1) port = gen_common_ports[h % gen_common_ports_n];
      p.ports = &port;
      p.n_ports = 1;
    }
    PRAC_TRY(gen_plant(g, &p));
  }
  return PRAC_OK;
}

/* What looks like news and is none: a single host in a hurry, a survey from one /24 that is on no
 * list, strangers who talk to one address by mistake, answers of many victims, one machine that
 * forges its senders. */
static prac_rc nuisances(struct gen *g)
{
  const struct gen_plan burst = {.name = "burst", .what = "burst", .mpps = 3000, .sources = 1},
                        tour = {.name = "tour",
                                .what = "burst",
                                .tool = GEN_NMAP,
                                .mpps = 3000,
                                .sources = 1,
                                COMMON},
                        fleet = {.name = "fleet",
                                 .what = "fleet",
                                 .tool = GEN_ZMAP,
                                 .mpps = 2000,
                                 .sources = 24,
                                 .one_net = true},
                        astray = {.name = "astray",
                                  .what = "misconfig",
                                  .kind = GEN_UDP,
                                  .mpps = 800,
                                  .sources = 40,
                                  .one_target = true},
                        victims = {.name = "victims",
                                   .what = "storm",
                                   .kind = GEN_FLOOD,
                                   .flood = GEN_SYN_FLOOD,
                                   .mpps = 3000,
                                   .sources = 400},
                        decoys = {
                            .name = "decoys", .what = "decoys", .mpps = 5000, .sources = 20000};
  PRAC_TRY(repeat(g, burst, 100 * PRAC_MIN, 4 * PRAC_MIN));
  PRAC_TRY(repeat(g, tour, 200 * PRAC_MIN, 6 * PRAC_MIN));
  PRAC_TRY(repeat(g, fleet, 170 * PRAC_MIN, 12 * PRAC_MIN));
  PRAC_TRY(repeat(g, astray, 360 * PRAC_MIN, 40 * PRAC_MIN));
  PRAC_TRY(repeat(g, decoys, 350 * PRAC_MIN, 3 * PRAC_MIN));
  return repeat(g, victims, 430 * PRAC_MIN, 10 * PRAC_MIN);
}

/* The first sensor is deaf for a minute and a half: all its senders pause together. */
static prac_rc usual(struct gen *g)
{
  int64_t deaf = (int64_t)(draw(g, "deaf", 1) % (uint64_t)(gen_length(g) * 9 / 10));
  gen_outage(g, 0, deaf, deaf + 90 * PRAC_SEC);
  PRAC_TRY(background(g));
  return nuisances(g);
}

/* ---- events ---- */

/* Which of n equal parts of the time an event lies in; it begins at random in the part's first
 * third and is over before the part is. */
static void place(const struct gen *g, struct gen_plan *p, int64_t part, int64_t n)
{
  int64_t each = gen_length(g) / n;
  p->event = true;
  p->from = part * each + each / 20 + (int64_t)(draw(g, p->name, 1) % (uint64_t)(each / 3));
  p->to = p->from + each * 45 / 100;
}

/* Half of the events are on a port that others use too, half on one that is all but unused. */
static struct gen_port port_for(const struct gen *g, const char *name, uint64_t part)
{
  uint64_t h = draw(g, name, 2);
  if (h & 1) return gen_common_ports[8 + part + 6 * ((h >> 8) % 8)];
  return (struct gen_port){(uint16_t)(12000 + 6000 * part + (h >> 8) % 5000), 1};
}

struct trial {
  const char *name;
  uint32_t hosts;
  struct gen_sync sync; /* burst_ns 0: the usual order; 0 elsewhere: the usual value */
};
static const struct gen_sync usual_order = {60 * PRAC_SEC, 120 * PRAC_SEC, 20 * PRAC_SEC, 800,
                                            3000};

/* per_burst is what one sensor sees. */
static prac_rc group(struct gen *g, struct gen_plan p, uint64_t part, const struct gen_sync *s)
{
  struct gen_port port = port_for(g, p.name, part);
  uint32_t heard = p.sensors ? (uint32_t)__builtin_popcount(p.sensors) : g->n_sensors;
  if (!p.what) p.what = "group";
  if (!p.n_ports) {
    p.ports = &port;
    p.n_ports = 1;
  }
  p.mpps = 1;
  p.sync = s && s->burst_ns ? *s : usual_order;
  p.sync.per_burst *= heard;
  return gen_plant(g, &p);
}

static prac_rc plant_trials(struct gen *g, const struct trial *t, size_t n)
{
  PRAC_TRY(usual(g));
  for (size_t i = 0; i < n; i++) {
    struct gen_plan p = {.name = t[i].name, .sources = t[i].hosts};
    place(g, &p, (int64_t)i, (int64_t)n);
    PRAC_TRY(group(g, p, i, &t[i].sync));
  }
  return PRAC_OK;
}

static prac_rc plant_groups(struct gen *g)
{
  static const struct trial t[] = {{"group-10", 10, {0}},   {"group-20", 20, {0}},
                                   {"group-50", 50, {0}},   {"group-100", 100, {0}},
                                   {"group-250", 250, {0}}, {"group-1000", 1000, {0}}};
  return plant_trials(g, t, PRAC_ARRAY_LEN(t));
}

static prac_rc plant_orders(struct gen *g)
{
  static const struct trial t[] = {
      {"jitter-5s", 100, {60 * PRAC_SEC, 120 * PRAC_SEC, 5 * PRAC_SEC, 800, 3000}},
      {"jitter-60s", 100, {60 * PRAC_SEC, 120 * PRAC_SEC, 60 * PRAC_SEC, 800, 3000}},
      {"jitter-300s", 100, {60 * PRAC_SEC, 120 * PRAC_SEC, 300 * PRAC_SEC, 800, 3000}},
      {"short-orders", 100, {10 * PRAC_SEC, 200 * PRAC_SEC, 5 * PRAC_SEC, 800, 3000}},
      {"long-orders", 100, {600 * PRAC_SEC, 300 * PRAC_SEC, 60 * PRAC_SEC, 900, 10000}},
      {"few-packets", 100, {60 * PRAC_SEC, 120 * PRAC_SEC, 20 * PRAC_SEC, 500, 1000}},
  };
  return plant_trials(g, t, PRAC_ARRAY_LEN(t));
}

static prac_rc plant_busy(struct gen *g)
{
  static const struct trial t[] = {
      {"busy-20", 20, {0}}, {"busy-50", 50, {0}}, {"busy-100", 100, {0}}, {"busy-250", 250, {0}}};
  return plant_trials(g, t, PRAC_ARRAY_LEN(t));
}

static prac_rc plant_thin(struct gen *g)
{
  static const struct trial t[] = {{"thin-10", 10, {0}},   {"thin-20", 20, {0}},
                                   {"thin-50", 50, {0}},   {"thin-100", 100, {0}},
                                   {"thin-250", 250, {0}}, {"thin-1000", 1000, {0}}};
  return plant_trials(g, t, PRAC_ARRAY_LEN(t));
}

/* A hundred hosts each time: over sensors one after the other, at one sensor only, of one country,
 * on several ports, of a known malware, two at the same time, over UDP. */
static prac_rc plant_spread(struct gen *g)
{
  static const struct gen_port three[] = {{5501, 1}, {5502, 1}, {5503, 1}};
  struct gen_plan p[] = {
      {.name = "lagged"},
      {.name = "one-sensor", .sensors = 2},
      {.name = "one-country", .country = "BR"},
      {.name = "three-ports", .ports = three, .n_ports = 3},
      {.name = "mirai-like", .tool = GEN_MIRAI},
      {.name = "pair-a"},
      {.name = "pair-b"},
      {.name = "over-udp", .kind = GEN_UDP},
  };
  PRAC_TRY(usual(g));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(p); i++) {
    bool second = strcmp(p[i].name, "pair-b") == 0;
    p[i].sources = 100;
    place(g, &p[i], (int64_t)(i > 6 ? i - 1 : i), 7);
    if (i == 0) p[i].lag_ns = (p[i].to - p[i].from) / 6;
    if (second) p[i].from = p[i - 1].from, p[i].to = p[i - 1].to;
    PRAC_TRY(group(g, p[i], i, NULL));
  }
  return PRAC_OK;
}

/* More senders than usual without a common rhythm, and floods. */
static prac_rc plant_surges(struct gen *g)
{
  static const struct gen_port odd[] = {{39127, 1}, {20880, 1}, {6015, 1}, {443, 1}, {53, 1}};
  struct gen_plan p[] = {
      {.name = "port-60", .what = "surge-port", .sources = 60, .ports = odd, .n_ports = 1},
      {.name = "port-200", .what = "surge-port", .sources = 200, .ports = odd + 1, .n_ports = 1},
      {.name = "port-udp-200",
       .what = "surge-port",
       .kind = GEN_UDP,
       .sources = 200,
       .ports = odd + 2,
       .n_ports = 1},
      {.name = "country-40", .what = "surge-country", .sources = 40, .country = "KE", COMMON},
      {.name = "country-100", .what = "surge-country", .sources = 100, .country = "BD", COMMON},
      {.name = "country-300", .what = "surge-country", .sources = 300, .country = "EG", COMMON},
      {.name = "flood-slow",
       .what = "backscatter",
       .kind = GEN_FLOOD,
       .mpps = 1000,
       .ports = odd + 3,
       .n_ports = 1},
      {.name = "flood-fast",
       .what = "backscatter",
       .kind = GEN_FLOOD,
       .flood = GEN_UDP_FLOOD,
       .mpps = 5000,
       .ports = odd + 4,
       .n_ports = 1,
       .tricky = true},
  };
  PRAC_TRY(usual(g));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(p); i++) {
    place(g, &p[i], (int64_t)i, PRAC_ARRAY_LEN(p));
    if (p[i].kind == GEN_FLOOD) p[i].sources = 1;
    if (!p[i].mpps)
      p[i].mpps = p[i].sources * UINT64_C(3000000) / (uint64_t)((p[i].to - p[i].from) / PRAC_MS);
    PRAC_TRY(gen_plant(g, &p[i]));
  }
  return PRAC_OK;
}

/* Nothing to be found: an outage with its return, a storm of answers, and strangers in masses at
 * one address, on top of what is there every day. */
static prac_rc plant_nuisance(struct gen *g)
{
  struct gen_plan storm = {
      .name = "storm", .what = "storm", .kind = GEN_FLOOD, .sources = 5000, .mpps = 20000};
  struct gen_plan crowd = {.name = "crowd",
                           .what = "misconfig",
                           .kind = GEN_UDP,
                           .sources = 300,
                           .mpps = 1500,
                           .one_target = true};
  struct gen_port port = port_for(g, "crowd", 3);
  int64_t out = (int64_t)(draw(g, "outage", 1) % (uint64_t)(gen_length(g) / 2));
  PRAC_TRY(usual(g));
  place(g, &storm, 0, 6);
  place(g, &crowd, 3, 6);
  crowd.ports = &port;
  crowd.n_ports = 1;
  gen_outage(g, 1, out + gen_length(g) / 8, out + gen_length(g) / 5);
  PRAC_TRY(gen_plant(g, &storm));
  return gen_plant(g, &crowd);
}

#define H PRAC_HOUR
const struct gen_scenario
    gen_groups = {"groups", "synchronised groups of 10 to 1000 hosts, eight hours",
                  2,        8 * H,
                  10000,    plant_groups},
    gen_orders = {"orders", "groups of 100 hosts, from sharp to loose orders, eight hours",
                  2,        8 * H,
                  10000,    plant_orders},
    gen_busy = {"busy", "groups of 20 to 250 hosts in much background, three hours",
                2,      3 * H,
                40000,  plant_busy},
    gen_thin = {"thin", "groups of 10 to 1000 hosts in little background, eight hours",
                2,      8 * H,
                3000,   plant_thin},
    gen_spread = {"spread", "groups of 100 hosts over sensors, ports, countries, six hours",
                  4,        6 * H,
                  12000,    plant_spread},
    gen_surges = {"surges",    "port and country surges, floods, a day", 2, 24 * H, 3000,
                  plant_surges},
    gen_nuisance = {"nuisance", "nothing to be found, much that looks like it, half a day",
                    2,          12 * H,
                    10000,      plant_nuisance};
