/* The scenarios: tables of plans. Times are minutes of a day, scaled when another length is asked
 * for; rates that follow the rate asked for are parts of it in thousandths. */
#include <string.h>

#include "gen/gen_int.h"

const struct gen_port gen_common_ports[] = {
    {23, 100000},  {445, 50000},  {22, 33333},   {80, 25000},   {8080, 20000}, {3389, 16666},
    {5555, 14285}, {2323, 12500}, {81, 11111},   {443, 10000},  {1433, 9090},  {5060, 8333},
    {37215, 7692}, {6379, 7142},  {8545, 6666},  {7547, 6250},  {52869, 5882}, {9200, 5555},
    {2222, 5263},  {21, 5000},    {8443, 4761},  {8081, 4545},  {5900, 4347},  {3306, 4166},
    {25, 4000},    {8888, 3846},  {27017, 3703}, {1080, 3571},  {3128, 3448},  {8000, 3333},
    {5432, 3225},  {9000, 3125},  {2375, 3030},  {10000, 2941}, {60001, 2857}, {49152, 2777},
    {8291, 2702},  {5985, 2631},  {88, 2564},    {82, 2500},    {7001, 2439},  {50070, 2380},
    {11211, 2325}, {1883, 2272},  {5984, 2222},  {4444, 2173},  {6666, 2127},  {9090, 2083},
    {83, 2040},    {8090, 2000},  {8181, 1960},  {2049, 1923},  {1723, 1886},  {587, 1851},
    {993, 1818},   {110, 1785},   {143, 1754},   {995, 1724},   {554, 1694},   {9100, 1666}};
const uint32_t gen_common_ports_n = PRAC_ARRAY_LEN(gen_common_ports);
const struct gen_port gen_udp_ports[] = {
    {53, 100000}, {123, 50000},   {1900, 33333}, {161, 25000}, {11211, 20000}, {5060, 16666},
    {389, 14285}, {33434, 12500}, {6881, 11111}, {500, 10000}, {137, 9090},    {5353, 8333},
    {69, 7692},   {17185, 7142},  {47808, 6666}, {5683, 6250}};
const uint32_t gen_udp_ports_n = PRAC_ARRAY_LEN(gen_udp_ports);

#define PORTS(...)                                                                                 \
  .ports = (const struct gen_port[]){__VA_ARGS__},                                                 \
  .n_ports = sizeof((const struct gen_port[]){__VA_ARGS__}) / sizeof(struct gen_port)
#define COMMON .ports = gen_common_ports, .n_ports = gen_common_ports_n

static prac_rc plant_all(struct gen *g, const struct gen_plan *p, size_t n)
{
  for (size_t i = 0; i < n; i++) PRAC_TRY(gen_plant(g, &p[i]));
  return PRAC_OK;
}

/* What every telescope hears: people's mistakes, worms, scanners of no importance. */
static prac_rc background(struct gen *g, uint64_t mpps)
{
  int64_t all = gen_length(g);
  const struct gen_plan plans[] = {
      {.name = "background-tcp",
       .what = "background",
       .kind = GEN_PROBES,
       .to = all,
       .mpps = mpps * 600 / 1000,
       .sources = 16000,
       COMMON,
       .daily = true},
      {.name = "background-udp",
       .what = "background",
       .kind = GEN_UDP,
       .to = all,
       .mpps = mpps * 150 / 1000,
       .sources = 3000,
       .ports = gen_udp_ports,
       .n_ports = gen_udp_ports_n,
       .daily = true},
      {.name = "background-ping",
       .what = "background",
       .kind = GEN_PING,
       .to = all,
       .mpps = mpps * 40 / 1000,
       .sources = 800,
       .daily = true},
  };
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

#define TOOL(id, why, which, rate, n)                                                              \
  .name = (id), .what = (why), .kind = GEN_PROBES, .tool = (which), .to = gen_length(g),           \
  .mpps = mpps * (rate) / 1000, .sources = (n)

/* One plan for each fingerprint, and survey scanners, which say who they are on a list. */
static prac_rc scanners(struct gen *g, uint64_t mpps)
{
  const struct gen_plan plans[] = {
      {TOOL("survey", "survey", GEN_ZMAP, 60, 8), .country = "US", COMMON},
      {TOOL("zmap", "scanner", GEN_ZMAP, 40, 10), PORTS({443, 3}, {8443, 1}, {22, 2})},
      {TOOL("zmap-old", "scanner", GEN_ZMAP_OLD, 20, 4), PORTS({80, 3}, {8080, 1})},
      {TOOL("masscan", "scanner", GEN_MASSCAN, 40, 8), PORTS({6379, 3}, {2375, 2}, {9200, 2})},
      {TOOL("masscan-old", "scanner", GEN_MASSCAN_OLD, 10, 2), PORTS({3389, 1})},
      {TOOL("mirai", "scanner", GEN_MIRAI, 30, 80)},
      {TOOL("unicornscan", "scanner", GEN_UNICORNSCAN, 5, 2), PORTS({21, 1}, {25, 1}, {110, 1})},
      {TOOL("nmap", "scanner", GEN_NMAP, 5, 3), COMMON},
  };
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

static prac_rc oddities(struct gen *g, uint64_t mpps)
{
  int64_t all = gen_length(g);
  const struct gen_plan plans[] = {
      {.name = "malformed",
       .what = "malformed",
       .kind = GEN_BROKEN,
       .to = all,
       .mpps = mpps,
       .sources = 20,
       COMMON},
      {.name = "fragments",
       .what = "fragment",
       .kind = GEN_PIECES,
       .to = all,
       .mpps = mpps,
       .sources = 20},
      {.name = "arp",
       .what = "other",
       .kind = GEN_ARP,
       .to = all,
       .mpps = mpps / 4 + 1,
       .sources = 1},
  };
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

static prac_rc ipv6(struct gen *g, uint64_t mpps)
{
  int64_t all = gen_length(g);
  const struct gen_plan plans[] = {
      {.name = "ipv6-scan",
       .what = "scanner",
       .kind = GEN_PROBES,
       .tool = GEN_ZMAP,
       .to = all,
       .mpps = mpps * 500 / 1000,
       .sources = 6,
       PORTS({443, 2}, {80, 2}, {22, 1}),
       .six = true},
      {.name = "ipv6-background",
       .what = "background",
       .kind = GEN_PROBES,
       .to = all,
       .mpps = mpps * 300 / 1000,
       .sources = 200,
       COMMON,
       .six = true},
      {.name = "ipv6-udp",
       .what = "background",
       .kind = GEN_UDP,
       .to = all,
       .mpps = mpps * 100 / 1000,
       .sources = 50,
       PORTS({53, 2}, {123, 1}),
       .six = true},
      {.name = "ipv6-ping",
       .what = "background",
       .kind = GEN_PING,
       .to = all,
       .mpps = mpps * 100 / 1000,
       .sources = 40,
       .six = true},
  };
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

/* ---- demo ---- */

#define FLOOD(id, how, at, until, rate, where, ...)                                                \
  {                                                                                                \
    .name = id, .what = "backscatter", .kind = GEN_FLOOD, .flood = how, .from = gen_minute(g, at), \
    .to = gen_minute(g, until), .mpps = rate, .sources = 1, .country = where, PORTS(__VA_ARGS__)   \
  }

static prac_rc demo_floods(struct gen *g)
{
  struct gen_plan plans[] = {
      FLOOD("flood-web", GEN_SYN_FLOOD, 130, 190, 1500, "DE", {443, 9}, {80, 1}),
      FLOOD("flood-dns", GEN_UDP_FLOOD, 330, 345, 3000, "BR", {53, 1}),
      FLOOD("flood-resolver", GEN_DNS_FLOOD, 400, 420, 2000, "IT", {53, 1}),
      FLOOD("flood-ping", GEN_PING_FLOOD, 620, 650, 2000, "US", {0, 1}),
      FLOOD("flood-weak", GEN_SYN_FLOOD, 700, 1000, 120, "SE", {22, 1}),
      FLOOD("flood-ipv6", GEN_SYN_FLOOD, 840, 865, 1500, NULL, {443, 1}),
      FLOOD("flood-game", GEN_SYN_FLOOD, 1050, 1140, 3000, "JP", {25565, 1}),
      FLOOD("flood-game-again", GEN_SYN_FLOOD, 1155, 1180, 4000, "JP", {25565, 1}),
      FLOOD("flood-short", GEN_ACK_FLOOD, 1275, 1281, 20000, "NL", {80, 1}),
      FLOOD("flood-long", GEN_SYN_FLOOD, 1320, 1440, 1000, "FR", {443, 1}),
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(plans); i++) {
    if (strcmp(plans[i].name, "flood-dns") == 0) plans[i].tricky = true;
    if (strcmp(plans[i].name, "flood-ipv6") == 0) plans[i].six = true;
    if (strcmp(plans[i].name, "flood-game-again") == 0) plans[i].who = "flood-game";
  }
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

static prac_rc demo_surges(struct gen *g)
{
  const struct gen_plan plans[] = {
      {.name = "surge-37215",
       .what = "surge-port",
       .kind = GEN_PROBES,
       .from = gen_minute(g, 480),
       .to = gen_minute(g, 540),
       .mpps = 1000,
       .sources = 600,
       PORTS({37215, 1})},
      {.name = "surge-bangladesh",
       .what = "surge-country",
       .kind = GEN_PROBES,
       .from = gen_minute(g, 930),
       .to = gen_minute(g, 990),
       .mpps = 800,
       .sources = 240,
       .country = "BD",
       COMMON},
      {.name = "surge-53413",
       .what = "surge-port",
       .kind = GEN_UDP,
       .from = gen_minute(g, 1200),
       .to = gen_minute(g, 1240),
       .mpps = 1000,
       .sources = 400,
       PORTS({53413, 1})},
      {.name = "group-52869",
       .what = "group",
       .kind = GEN_PROBES,
       .from = gen_minute(g, 660),
       .to = gen_minute(g, 780),
       .mpps = 2500,
       .sources = 250,
       PORTS({52869, 1}),
       .slots = true},
  };
  gen_outage(g, 1, gen_minute(g, 780), gen_minute(g, 825));
  return plant_all(g, plans, PRAC_ARRAY_LEN(plans));
}

static prac_rc plant_demo(struct gen *g)
{
  PRAC_TRY(background(g, gen_mpps(g)));
  PRAC_TRY(scanners(g, gen_mpps(g)));
  PRAC_TRY(ipv6(g, gen_mpps(g) * 20 / 1000));
  PRAC_TRY(oddities(g, 4));
  PRAC_TRY(demo_surges(g));
  return demo_floods(g);
}

/* ---- the others ---- */

static prac_rc plant_quiet(struct gen *g)
{
  PRAC_TRY(background(g, gen_mpps(g)));
  PRAC_TRY(scanners(g, gen_mpps(g)));
  return ipv6(g, gen_mpps(g) * 20 / 1000);
}

static prac_rc plant_scan(struct gen *g)
{
  PRAC_TRY(background(g, gen_mpps(g) / 2));
  PRAC_TRY(oddities(g, 50));
  return scanners(g, gen_mpps(g) * 2);
}

static prac_rc plant_ipv6(struct gen *g)
{
  int64_t all = gen_length(g);
  const struct gen_plan floods[] = {
      {.name = "ipv6-syn",
       .what = "backscatter",
       .kind = GEN_FLOOD,
       .flood = GEN_SYN_FLOOD,
       .from = all / 6,
       .to = all / 2,
       .mpps = 2000,
       .sources = 1,
       PORTS({443, 1}),
       .six = true},
      {.name = "ipv6-udp-flood",
       .what = "backscatter",
       .kind = GEN_FLOOD,
       .flood = GEN_UDP_FLOOD,
       .from = all / 3,
       .to = all / 3 * 2,
       .mpps = 2000,
       .sources = 1,
       PORTS({53, 1}),
       .six = true,
       .tricky = true},
      {.name = "ipv6-ping-flood",
       .what = "backscatter",
       .kind = GEN_FLOOD,
       .flood = GEN_PING_FLOOD,
       .from = all / 2,
       .to = all,
       .mpps = 1500,
       .sources = 1,
       .six = true},
  };
  PRAC_TRY(ipv6(g, gen_mpps(g)));
  return plant_all(g, floods, PRAC_ARRAY_LEN(floods));
}

/* Forty floods, from far below to far above what counts as one. */
static prac_rc plant_flood(struct gen *g)
{
  static const uint32_t rates[] = {100, 300, 450, 600, 900, 1500, 3000, 6000, 12000, 25000};
  static const enum gen_flood kinds[] = {GEN_SYN_FLOOD, GEN_UDP_FLOOD, GEN_ACK_FLOOD,
                                         GEN_PING_FLOOD};
  static const char *const names[] = {
      "flood-00", "flood-01", "flood-02", "flood-03", "flood-04", "flood-05", "flood-06",
      "flood-07", "flood-08", "flood-09", "flood-10", "flood-11", "flood-12", "flood-13",
      "flood-14", "flood-15", "flood-16", "flood-17", "flood-18", "flood-19", "flood-20",
      "flood-21", "flood-22", "flood-23", "flood-24", "flood-25", "flood-26", "flood-27",
      "flood-28", "flood-29", "flood-30", "flood-31", "flood-32", "flood-33", "flood-34",
      "flood-35", "flood-36", "flood-37", "flood-38", "flood-39"};
  int64_t all = gen_length(g);
  PRAC_TRY(background(g, gen_mpps(g)));
  for (unsigned i = 0; i < PRAC_ARRAY_LEN(names); i++) {
    struct gen_plan p = {.name = names[i],
                         .what = "backscatter",
                         .kind = GEN_FLOOD,
                         .flood = kinds[i / 10],
                         .from = all / 50 * i,
                         .mpps = rates[i % 10],
                         .sources = 1,
                         PORTS({80, 3}, {443, 3}, {53, 1}),
                         .tricky = i % 2 == 1};
    p.to = p.from + all / 240 * (1 + i * 7 % 40);
    if (p.to > all) p.to = all;
    PRAC_TRY(gen_plant(g, &p));
  }
  return PRAC_OK;
}

/* Answers from as many senders as half the packets: what one day of 2020 looked like. */
static prac_rc plant_storm(struct gen *g)
{
  uint64_t packets = gen_mpps(g) / 1000 * (uint64_t)(gen_length(g) / PRAC_SEC);
  struct gen_plan p = {.name = "storm",
                       .what = "storm",
                       .kind = GEN_FLOOD,
                       .to = gen_length(g),
                       .flood = GEN_SYN_FLOOD,
                       .mpps = gen_mpps(g),
                       PORTS({80, 1}, {443, 2})};
  p.sources = packets / 2 > 200000000 ? 200000000 : (uint32_t)(packets / 2) + 1000;
  PRAC_TRY(background(g, 2000));
  return gen_plant(g, &p);
}

static const struct gen_scenario
    demo = {"demo", "a made day of three sensors: floods, surges, a botnet, an outage",
            3,      PRAC_DAY,
            5500,   plant_demo},
    quiet = {"quiet", "a day of background and scanners: nothing to be alerted about",
             3,       PRAC_DAY,
             5000,    plant_quiet},
    flood = {"flood", "forty spoofed floods from too weak to strong, two hours",
             2,       2 * PRAC_HOUR,
             20000,   plant_flood},
    storm = {"storm", "backscatter of millions of senders, ten minutes",
             1,       10 * PRAC_MIN,
             5000000, plant_storm},
    scan = {"scan", "every scanner fingerprint, fragments and damaged packets, an hour",
            2,      PRAC_HOUR,
            20000,  plant_scan},
    six = {"ipv6", "IPv6 only: scanners, backscatter with quotes, extension headers, an hour",
           2,      PRAC_HOUR,
           5000,   plant_ipv6};
const struct gen_scenario *const gen_scenarios[] = {&demo, &quiet, &flood,      &storm,
                                                    &scan, &six,   &gen_abroad, NULL};
