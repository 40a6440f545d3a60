/* The real portal with made records, for tests in a browser: listens on a free port of loopback and
 * does what standard input says. No clock of its own, no randomness but a fixed seed. With a path
 * as its argument it has accounts, kept there: one of each role, named by it, in two organisations.
 *
 *   minutes N        N more minutes of all sensors that speak
 *   run MS           a minute every MS milliseconds from now on; 0: no more
 *   mute SENSOR      this sensor says nothing any more
 *   alert ID STATE SEVERITY KIND KEY   a revision of an alert
 *   told ATTACK WAY OUTCOME [RULE]   somebody was told of it, as the notifier says it
 *   attack ID VICTIM STATE VECTOR   an episode of eight minutes until now, with the hits behind it;
 * its strings are as bad as an attacker could make them group ID         a finding about the hosts
 * that move in step (see `group_rows`) risk ID PORT     a finding about a port at risk close, open
 * stop listening, listen again on the same port, as a restart would quit
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/access.h"
#include "base/rng.h"
#include "model/delivery.h"
#include "model/facts.h"
#include "model/subscription.h"
#include "portal/portal.h"
#include "sys/wall.h"

#define START (INT64_C(1375833600) * PRAC_SEC) /* 2013-08-07T00:00:00Z */

static const char *const names[] = {"tokyo", "bonn", "jakarta", "sydney"};
static const char *const sites[] = {"JP", "DE", "ID", "AU"};
enum { SENSORS = 4, ROWS_MAX = 4096 };
static const struct {
  char cc[3];
  unsigned weight, asn;
} places[] = {
    {"CN", 300, 4134},  {"US", 210, 14061}, {"RU", 90, 12389}, {"BR", 80, 28573}, {"IN", 95, 9829},
    {"VN", 70, 45899},  {"ID", 40, 7713},   {"KR", 50, 4766},  {"TW", 45, 3462},  {"DE", 35, 24940},
    {"NL", 60, 202425}, {"FR", 22, 16276},  {"GB", 25, 20473}, {"JP", 14, 4713},  {"TR", 28, 9121},
    {"IR", 26, 58224},  {"UA", 20, 6849},   {"PL", 12, 5617},  {"IT", 16, 3269},  {"MX", 24, 8151},
    {"AR", 18, 7303},   {"ZA", 9, 3741},    {"EG", 14, 8452},  {"NG", 8, 29465},  {"TH", 18, 23969},
    {"PH", 9, 9299},    {"SG", 30, 14061},  {"HK", 26, 4760},  {"PK", 14, 45595}, {"BD", 10, 17494},
    {"MM", 3, 9988},    {"AU", 7, 1221},    {"CA", 12, 577},   {"SE", 6, 1257},   {"ES", 9, 3352},
    {"RO", 10, 9009},   {"KZ", 7, 9198},    {"BH", 1, 5416},   {"MV", 1, 7642},   {"XK", 1, 21246}};
static const struct {
  uint16_t port;
  uint8_t proto;
  unsigned weight;
} ports[] = {{23, 6, 260},  {445, 6, 150}, {22, 6, 130},   {3389, 6, 90}, {80, 6, 70},
             {1433, 6, 60}, {8080, 6, 55}, {5060, 17, 50}, {443, 6, 45},  {53, 17, 38},
             {123, 17, 30}, {3306, 6, 26}, {6379, 6, 22},  {5555, 6, 20}, {1900, 17, 18}};

struct world {
  struct portal *p;
  struct portal_conf conf;
  struct portal_env env;
  struct store store; /* in memory; asked inside tick, on this one thread */
  struct prac_rng rng;
  int minute;
  uint32_t said; /* revisions of attacks */
  bool mute[SENSORS];
  int every_ms;
  struct flow_row rows[ROWS_MAX];
};

static size_t pick(struct prac_rng *r, const unsigned *weights, size_t n)
{
  uint64_t all = 0;
  for (size_t i = 0; i < n; i++) all += weights[i];
  uint64_t v = prac_rng_below(r, all);
  for (size_t i = 0; i < n; i++) {
    if (v < weights[i]) return i;
    v -= weights[i];
  }
  return 0;
}

static uint32_t fill(struct world *w, int sensor)
{
  unsigned pw[PRAC_ARRAY_LEN(places)], qw[PRAC_ARRAY_LEN(ports)];
  bool surge = sensor == 0 && w->minute % 600 > 165 && w->minute % 600 < 215;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(places); i++) pw[i] = places[i].weight;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ports); i++) qw[i] = ports[i].weight;
  if (surge) {
    pw[30] = 280;
    qw[5] = 420;
  }
  double base = 220 + 60 * sensor + 40 * sin(w->minute / 90.0 + sensor) + (surge ? 240 : 0);
  uint32_t n = (uint32_t)(base * (0.92 + 0.16 * prac_rng_unit(&w->rng)));
  for (uint32_t i = 0; i < n; i++) {
    size_t c = pick(&w->rng, pw, PRAC_ARRAY_LEN(pw)), q = pick(&w->rng, qw, PRAC_ARRAY_LEN(qw));
    w->rows[i] = (struct flow_row){
        .src = prac_ip4(0xcb007100u + (uint32_t)prac_rng_below(&w->rng, 60000) * 7u),
        .dst = prac_ip4(0xc6336400u + (uint32_t)prac_rng_below(&w->rng, 256)),
        .proto = ports[q].proto,
        .dport = ports[q].port,
        .sport = 40000,
        .packets = 1 + (uint32_t)prac_rng_below(&w->rng, 4),
        .bytes = 60,
        .country = (uint16_t)(places[c].cc[0] << 8 | places[c].cc[1]),
        .asn = places[c].asn};
  }
  return n;
}

/* A group under one hand: 24 hosts, in step, for 6 of every 20 minutes from minute 100 on; seen at
 * bonn, and a little later at tokyo. */
enum { GROUP = 24 };
static struct prac_ip group_host(uint32_t i)
{
  return prac_ip4(0xcb00710au + i);
}

static uint32_t group_rows(struct world *w, int sensor, uint32_t n)
{
  int at = w->minute - (sensor == 0 ? 3 : 0);
  if (sensor > 1 || at < 100 || at % 20 >= 6) return n;
  for (uint32_t i = 0; i < GROUP; i++)
    w->rows[n++] = (struct flow_row){.src = group_host(i),
                                     .dst = prac_ip4(0xc6336400u + i),
                                     .proto = 6,
                                     .dport = 52869,
                                     .sport = 40000,
                                     .packets = 3 + i % 4,
                                     .bytes = 180,
                                     .country = (uint16_t)('V' << 8 | 'N'),
                                     .asn = 45899};
  return n;
}

static void keep(struct world *w, const struct store_tx *tx)
{
  struct prac_err err = {0};
  if (w->store.ops->append(w->store.st, tx, &err) == PRAC_OK) return;
  fprintf(stderr, "%s\n", err.text);
  exit(1);
}

/* As the notifier would: a webhook is refused, a letter taken; a code is what it prints. */
static prac_rc run_errand(struct world *w, const struct errand *e)
{
  /* Any 32 bytes are a public key; nobody opens here what is sealed to it. */
  static const char key[] = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
  char id[96];
  if (strcmp(e->act, "key") == 0) {
    portal_take_record(w->p, &model_told,
                       &(struct told){.id = "key", .at = e->at, .state = "key", .text = key});
    return PRAC_OK;
  }
  (void)snprintf(id, sizeof id, "%s.1.%s", e->id, e->subscription);
  if (strcmp(e->act, "confirm") == 0) printf("code %s %s\n", e->to, e->code);
  portal_take_record(w->p, &model_told,
                     &(struct told){.id = id,
                                    .at = e->at,
                                    .subscription = e->subscription,
                                    .way = "hook",
                                    .state = "refused",
                                    .text = "soc.isp.example answers 404"});
  return PRAC_OK;
}

/* What the portal says on the bus goes where all of the bus goes in the end. */
static prac_rc say(void *arg, const struct model_kind *k, const void *rec, const char *subject,
                   const char *id, struct prac_err *reterr)
{
  struct world *w = arg;
  struct store_rec r = {k, rec};
  (void)subject, (void)id;
  if (k == &model_subscription) return PRAC_OK;
  if (k == &model_errand) return run_errand(w, rec);
  return w->store.ops->append(w->store.st, &(struct store_tx){.recs = &r, .n_recs = 1}, reterr);
}

static void say_minute(struct world *w)
{
  for (int s = 0; s < SENSORS; s++) {
    struct flow_batch *b = NULL;
    prac_time at = START + w->minute * PRAC_MIN;
    if (w->mute[s]) continue;
    if (flow_batch_new(names[s], at, w->rows, group_rows(w, s, fill(w, s)), &b) != PRAC_OK) abort();
    if (flow_batch_describe(b, "demo geography of 2026-06-17", (struct model_strs){0}) != PRAC_OK)
      abort();
    portal_take_batch(w->p, b);
    keep(w, &(struct store_tx){.batches = &b, .n_batches = 1});
    flow_batch_unref(&b);
    struct health h = {.id = names[s],
                       .sensor = names[s],
                       .site_country = sites[s],
                       .at = at + PRAC_MIN,
                       .packets = 800,
                       .lost = s == 2 && w->minute % 240 == 239 ? 12 : 0,
                       .source = "made",
                       .version = "test",
                       .sent = PRAC_TIME_NONE};
    portal_take_record(w->p, &model_health, &h);
    keep(w, &(struct store_tx){.recs = &(struct store_rec){&model_health, &h}, .n_recs = 1});
  }
  w->minute++;
}

/* What honeypots were asked, for an alert about "drdos:ADDRESS:VECTOR", and the attack. */
static void say_hits(struct world *w, const char *id, const char *state, const char *victim)
{
  static const char *const asked[] = {"5 isc.org ANY IN"}, *const vectors[] = {"dns"};
  static const char *const pots[] = {"osaka 5"};
  prac_time now = START + w->minute * PRAC_MIN;
  struct hit h = {.id = "osaka.1",
                  .sensor = "osaka",
                  .site_country = "JP",
                  .at = now,
                  .vector = "dns",
                  .port = 53,
                  .from = now - PRAC_SEC,
                  .to = now,
                  .packets = 5,
                  .bytes = 200,
                  .payload = 1,
                  .ttl_min = 60,
                  .ttl_max = 60,
                  .ttl_count = 1,
                  .names = {asked, 1}};
  struct episode e = {.id = id,
                      .revision = 1,
                      .state = strcmp(state, "close") == 0 ? "end" : "start",
                      .kind = "single",
                      .profile = "isp",
                      .prefix_bits = 128,
                      .vectors = {vectors, 1},
                      .port = 53,
                      .at = now,
                      .from = h.from,
                      .to = now,
                      .bins = 1,
                      .bin_max = 5,
                      .packets = 5,
                      .bytes = 200,
                      .pps_max = 5 / 60.0,
                      .pps_mean = 5 / 60.0,
                      .sensors = {pots, 1},
                      .names = {asked, 1},
                      .started = now};
  struct store_rec recs[] = {{&model_hit, &h}, {&model_episode, &e}};
  if (prac_ip_parse(victim, strlen(victim), &h.victim) != PRAC_OK) abort();
  e.victim = h.victim;
  keep(w, &(struct store_tx){.recs = recs, .n_recs = 2});
}

/* One of each, as they may stand there. */
static const char *const facts[] = {
#define X(word, name, example, help) name " " example,
    MODEL_FACTS(X)
#undef X
};

static void say_alert(struct world *w, const char *id, const char *state, const char *severity,
                      const char *kind, const char *key)
{
  static const char *const sensors[] = {"tokyo", "bonn"};
  static const struct model_port port[] = {{1433, 6}};
  struct prac_ip hosts[40];
  prac_time now = START + w->minute * PRAC_MIN;
  bool closed = strcmp(state, "close") == 0;
  const char *what = strchr(key, ':');
  char text[200], title[100];
  for (uint32_t i = 0; i < 40; i++) hosts[i] = prac_ip4(0xcb007100u + i * 7);
  (void)snprintf(text, sizeof text, "%s was seen from 4210 sources a day, 310 are usual", key);
  (void)snprintf(title, sizeof title, "Many more than usual: %s", what ? what + 1 : key);
  struct alert a = {.id = id,
                    .key = key,
                    .kind = kind,
                    .state = state,
                    .revision = closed ? 3 : 1,
                    .at = now,
                    .opened = now - (closed ? 45 : 2) * PRAC_MIN,
                    .from = now - (closed ? 52 : 9) * PRAC_MIN,
                    .to = now,
                    .closed = closed ? now : PRAC_TIME_NONE,
                    .severity = severity,
                    .tlp = "TLP:AMBER",
                    .title = title,
                    .text = text,
                    .score = 13.4,
                    .value = 4210,
                    .baseline = 310,
                    .unit = "sources/day",
                    .country = strncmp(key, "country:", 8) == 0 && what ? what + 1 : "",
                    .sensors = {sensors, 2},
                    .ports = {port, 1},
                    .hosts = {hosts, 40},
                    .host_count = 4210,
                    .packets = 18233,
                    .finding_count = 4,
                    .flows = "from=2013-08-07 to=2013-08-08 port=1433/tcp dst=198.51.100.7"};
  struct finding f = {.id = id,
                      .engine = "surge",
                      .engine_version = "1",
                      .settings = 0x5eed5eed5eed5eed,
                      .seed = 1,
                      .key = key,
                      .kind = kind,
                      .state = closed ? "off" : "on",
                      .at = now,
                      .from = a.from,
                      .to = now,
                      .level = 4,
                      .value = 4210,
                      .baseline = 310,
                      .unit = "sources/day",
                      .text = text,
                      .flows = a.flows};
  if (strcmp(id, "k-facts") == 0)
    a.facts = f.facts = (struct model_strs){facts, PRAC_ARRAY_LEN(facts)};
  if (strcmp(kind, "drdos") == 0) {
    char victim[64] = "", flows[100];
    (void)snprintf(victim, sizeof victim, "%.*s", (int)strcspn(what + 1, ":"), what + 1);
    (void)snprintf(flows, sizeof flows, "what=hits victim=%s", victim);
    say_hits(w, id, state, victim);
    a.flows = f.flows = flows;
    a.hosts = (struct model_ips){hosts, 1};
    a.host_count = 1;
    if (prac_ip_parse(victim, strlen(victim), &hosts[0]) != PRAC_OK) abort();
    a.unit = f.unit = "packets/s";
  }
  struct store_rec recs[] = {{&model_finding, &f}, {&model_alert, &a}};
  keep(w, &(struct store_tx){.recs = recs, .n_recs = 2});
  portal_take_record(w->p, &model_alert, &a);
}

#define BAD "<img src=x onerror=alert(1)>"

/* Rising and falling over eight minutes, at two honeypots. */
static uint64_t say_attack_hits(struct world *w, struct prac_ip victim, const char *id,
                                const char *vector, prac_time from)
{
  static const char *const asked[] = {"5 " BAD ".example ANY IN"};
  static const char *const at[] = {"osaka", "oslo"};
  uint64_t all = 0;
  for (int i = 0; i < 96; i++) {
    char hit_id[80];
    (void)snprintf(hit_id, sizeof hit_id, "%s.%d", id, i);
    struct hit h = {.id = hit_id,
                    .sensor = at[i % 2],
                    .site_country = i % 2 ? "NO" : "JP",
                    .vector = vector,
                    .port = 53,
                    .from = from + i * 5 * PRAC_SEC,
                    .packets = 20 + 10 * (uint64_t)(i < 48 ? i : 96 - i),
                    .bytes = 200,
                    .victim = victim,
                    .ttl_min = 60,
                    .ttl_max = 60,
                    .ttl_count = 1,
                    .names = {asked, 1}};
    struct store_rec rec = {&model_hit, &h};
    h.at = h.to = h.from + PRAC_SEC;
    all += h.packets;
    keep(w, &(struct store_tx){.recs = &rec, .n_recs = 1});
  }
  return all;
}

static void say_attack(struct world *w, const char *id, const char *victim, const char *state,
                       const char *vector)
{
  static const char *const sensors[] = {"osaka 12300", "oslo 11700"};
  static const char *const asked[] = {"960 " BAD ".example ANY IN", "40 isc.org ANY IN"};
  prac_time now = START + w->minute * PRAC_MIN, from = now - 8 * PRAC_MIN;
  struct episode e = {.id = id,
                      .state = state,
                      .kind = "single",
                      .profile = "isp",
                      .parent = "",
                      .prefix_bits = 128,
                      .vectors = {&vector, 1},
                      .port = 53,
                      .at = now,
                      .from = from,
                      .to = now,
                      .bins = 8,
                      .bin_max = 6000,
                      .bytes = 960000,
                      .pps_max = 100,
                      .pps_mean = 50,
                      .sensors = {sensors, 2},
                      .names = {asked, 2},
                      .ttl_min = 60,
                      .ttl_max = 60,
                      .ttl_count = 1,
                      .host_count = 1,
                      .asn = 64500,
                      .as_name = "AS \xe2\x80\xae" BAD,
                      .country = "JP",
                      .rdns = "www.\xe2\x80\xae" BAD ".example.jp",
                      .geo = "2026-06-17",
                      .started = from + 2 * PRAC_SEC};
  struct store_rec rec = {&model_episode, &e};
  if (prac_ip_parse(victim, strlen(victim), &e.victim) != PRAC_OK) abort();
  e.packets = say_attack_hits(w, e.victim, id, vector, from);
  e.revision = ++w->said;
  keep(w, &(struct store_tx){.recs = &rec, .n_recs = 1});
  portal_take_record(w->p, &model_episode, &e);
}

static void say_told(struct world *w, const char *attack, const char *way, const char *outcome,
                     const char *rule)
{
  char id[24], key[80];
  const struct prac_ip victim = prac_ip4(0xcb00714d); /* 203.0.113.77 */
  struct delivery d = {.id = id,
                       .at = START + w->minute * PRAC_MIN + ++w->said * PRAC_SEC,
                       .what = "attack",
                       .ref = attack,
                       .revision = w->said,
                       .state = *rule ? "update" : "start",
                       .key = key,
                       .way = way,
                       .tenant = "isp " BAD,
                       .outcome = outcome,
                       .rule = rule,
                       .detail = "250 " BAD,
                       .to_count = 2,
                       .after_s = 1.2,
                       .country = "JP",
                       .asn = 64500,
                       .hosts = {&victim, 1}};
  struct store_rec rec = {&model_delivery, &d};
  (void)snprintf(id, sizeof id, "t%u", w->said);
  (void)snprintf(key, sizeof key, "attack:%s", attack);
  keep(w, &(struct store_tx){.recs = &rec, .n_recs = 1});
  portal_take_record(w->p, &model_delivery, &d);
}

static void say_finding(struct world *w, struct finding f)
{
  static const char *const sensors[] = {"bonn", "tokyo"};
  struct store_rec rec = {&model_finding, &f};
  f.engine_version = "1";
  f.settings = 0x5eed5eed5eed5eed;
  f.part = f.country = "";
  f.state = "on";
  f.at = START + w->minute * PRAC_MIN;
  f.sensors = (struct model_strs){sensors, 2};
  keep(w, &(struct store_tx){.recs = &rec, .n_recs = 1});
  portal_take_record(w->p, &model_finding, &f);
}

static const char *const group_engines[] = {"nmf", "glasso"};

static void say_group_alert(struct world *w, const char *id, const struct finding *f)
{
  static const char *const sensors[] = {"bonn", "tokyo"};
  char a_id[80];
  (void)snprintf(a_id, sizeof a_id, "%s-a", id);
  struct alert a = {.id = a_id,
                    .key = f->key,
                    .kind = f->kind,
                    .state = "open",
                    .revision = 1,
                    .at = f->to,
                    .opened = f->from,
                    .from = f->from,
                    .to = f->to,
                    .closed = PRAC_TIME_NONE,
                    .severity = "medium",
                    .tlp = "TLP:AMBER",
                    .title = "Hosts in step at 52869/tcp " BAD,
                    .text = f->text,
                    .score = f->score,
                    .value = f->value,
                    .baseline = f->baseline,
                    .unit = f->unit,
                    .country = "VN",
                    .asn = 45899,
                    .engines = {group_engines, PRAC_ARRAY_LEN(group_engines)},
                    .sensors = {sensors, 2},
                    .ports = f->ports,
                    .hosts = f->hosts,
                    .host_count = f->host_count,
                    .packets = f->packets,
                    .finding_count = PRAC_ARRAY_LEN(group_engines),
                    .flows = f->flows};
  struct store_rec rec = {&model_alert, &a};
  keep(w, &(struct store_tx){.recs = &rec, .n_recs = 1});
  portal_take_record(w->p, &model_alert, &a);
}

/* Two engines claim it, and what they claim is an alert. */
static void say_group(struct world *w, const char *id)
{
  static const struct model_port port[] = {{52869, 6}};
  struct prac_ip hosts[GROUP];
  for (uint32_t i = 0; i < GROUP; i++) hosts[i] = group_host(i);
  struct finding f = {.key = "group:52869/tcp",
                      .kind = "sync-group",
                      .from = START + 100 * PRAC_MIN,
                      .to = START + w->minute * PRAC_MIN,
                      .level = 3,
                      .score = 9.5,
                      .value = GROUP,
                      .baseline = 1.2,
                      .unit = "sources",
                      .ports = {port, 1},
                      .hosts = {hosts, GROUP},
                      .host_count = GROUP,
                      .packets = 4000,
                      .text = "24 hosts send to 52869/tcp in the same minutes",
                      .flows = "from=2013-08-07 to=2013-08-08 port=52869/tcp"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(group_engines); i++) {
    char f_id[80];
    (void)snprintf(f_id, sizeof f_id, "%s%s", id, i ? "-2" : "");
    f.id = f_id;
    f.engine = group_engines[i];
    say_finding(w, f);
  }
  say_group_alert(w, id, &f);
}

static void say_risk(struct world *w, const char *id, const char *port)
{
  struct model_port p = {(uint16_t)strtol(port, NULL, 10), 6};
  char key[80];
  (void)snprintf(key, sizeof key, "port:%s", port);
  say_finding(w,
              (struct finding){.id = id,
                               .engine = "riskport",
                               .key = key,
                               .kind = "risk-port",
                               .from = START + w->minute * PRAC_MIN - PRAC_HOUR,
                               .to = START + w->minute * PRAC_MIN,
                               .level = 4,
                               .score = 3,
                               .value = 900,
                               .baseline = 110,
                               .unit = "sources",
                               .ports = {&p, 1},
                               .text = "900 sources, 110 are usual; 14 networks, 9 countries " BAD,
                               .flows = "from=2013-08-07 to=2013-08-08 port=1433/tcp"});
}

static void listen_again(struct world *w)
{
  struct prac_err err = {0};
  if (portal_open(&w->conf, &w->env, &w->p, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    exit(1);
  }
}

/* false: quit */
static bool obey(struct world *w, char *line)
{
  char a[5][64] = {{0}};
  int n = sscanf(line, "%63s %63s %63s %63s %63s", a[0], a[1], a[2], a[3], a[4]);
  char key[64] = "";
  (void)sscanf(line, "%*s %*s %*s %*s %*s %63s", key);
  if (n <= 0 || strcmp(a[0], "quit") == 0) return false;
  if (strcmp(a[0], "minutes") == 0)
    for (long i = strtol(a[1], NULL, 10); i > 0; i--) say_minute(w);
  else if (strcmp(a[0], "run") == 0)
    w->every_ms = (int)strtol(a[1], NULL, 10);
  else if (strcmp(a[0], "alert") == 0)
    say_alert(w, a[1], a[2], a[3], a[4], key);
  else if (strcmp(a[0], "attack") == 0)
    say_attack(w, a[1], a[2], a[3], a[4]);
  else if (strcmp(a[0], "told") == 0)
    say_told(w, a[1], a[2], a[3], a[4]);
  else if (strcmp(a[0], "group") == 0)
    say_group(w, a[1]);
  else if (strcmp(a[0], "risk") == 0)
    say_risk(w, a[1], a[2]);
  else if (strcmp(a[0], "close") == 0)
    portal_close(&w->p);
  else if (strcmp(a[0], "open") == 0)
    listen_again(w);
  for (int s = 0; strcmp(a[0], "mute") == 0 && s < SENSORS; s++)
    w->mute[s] |= strcmp(names[s], a[1]) == 0;
  printf("done %s\n", a[0]);
  return true;
}

static bool read_commands(struct world *w, int timeout_ms)
{
  static char buf[4096];
  static size_t n;
  struct pollfd p = {STDIN_FILENO, POLLIN, 0};
  if (poll(&p, 1, timeout_ms) <= 0) return true;
  ssize_t k = read(STDIN_FILENO, buf + n, sizeof buf - 1 - n);
  if (k <= 0) return false;
  n += (size_t)k;
  buf[n] = 0;
  for (char *end; (end = strchr(buf, '\n'));) {
    *end = 0;
    if (!obey(w, buf)) return false;
    n -= (size_t)(end + 1 - buf);
    memmove(buf, end + 1, n + 1);
  }
  return true;
}

#define PASSWORD "correct horse battery"

/* A viewer and an analyst of one country, an operator and an administrator of the world. */
static void people(const char *path, const struct prac_clock *wall)
{
  struct access_conf c = {.idle_ns = PRAC_HOUR, .life_ns = PRAC_DAY};
  struct access *a = NULL;
  struct prac_err err = {0};
  struct access_org orgs[] = {{"jp", "CSIRT of Japan", "JP", "TLP:AMBER"},
                              {"centre", "The centre", "*", "TLP:RED"}};
  prac_rc rc = access_open(path, &c, wall, &a, &err);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(orgs) && rc == PRAC_OK; i++)
    rc = access_org_put(a, "test", &orgs[i], &err);
  for (int i = 0; access_role_names[i] && rc == PRAC_OK; i++) {
    const char *role = access_role_names[i];
    struct access_user u = {role, role, orgs[i >= ACCESS_OPERATOR].name, role, 0};
    rc = access_user_put(a, "test", &u, PASSWORD, &err);
  }
  access_close(&a);
  if (rc == PRAC_OK) return;
  fprintf(stderr, "%s\n", err.text);
  exit(1);
}

int main(int argc, char **argv)
{
  static struct world w;
  static char listen[40];
  struct prac_clock wall = sys_wall_clock();
  setvbuf(stdout, NULL, _IOLBF, 0);
  w.rng = prac_rng_of(20130807);
  prac_conf_defaults(&portal_conf_section, &w.conf);
  w.conf.listen = "127.0.0.1:0";
  w.conf.rate = 0;
  w.conf.max_per_address = 1000;
  w.conf.title = "National early warning";
  w.conf.title_ja = "早期警戒システム";
  struct prac_err err = {0};
  if (store_open("ram", NULL, &(struct store_env){.nthreads = 1}, &w.store, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    return 1;
  }
  w.env = (struct portal_env){.store = &w.store,
                              .query_in_tick = true,
                              .say = say,
                              .say_arg = &w,
                              .listen_fd = -1,
                              .version = PRACTICE_VERSION};
  if (argc > 1) {
    people(argv[1], &wall);
    w.conf.accounts = true;
    w.env.accounts = argv[1];
    w.env.clock = &wall;
  }
  listen_again(&w);
  (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", portal_port(w.p));
  w.conf.listen = listen;
  printf("port %u\n", portal_port(w.p));
  for (int waited = 0; read_commands(&w, 25);) {
    waited += 25;
    if (!w.p) continue;
    if (w.every_ms > 0 && waited >= w.every_ms) {
      waited = 0;
      say_minute(&w);
    }
    portal_tick(w.p, PRAC_TIME_NONE);
  }
  portal_close(&w.p);
  store_close(&w.store);
  return 0;
}
