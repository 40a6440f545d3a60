/* Victims of floods with forged senders: whoever answers to many of our addresses, which never
 * asked, is being asked in our name. Thresholds of Moore et al. 2006. */
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backscatter/victims.h"
#include "model/facts.h"

struct conf {
  struct eng_common common;
  int64_t slot_ns, min_duration_ns, silent_ns, update_ns;
  int64_t min_packets, min_window, max_victims, monitored;
  int64_t medium, high, critical;
  double medium_pps, high_pps, critical_pps, grown;
};
#define DURATION(k, field, l, h, d, text)                                                          \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_DURATION, .offset = offsetof(struct conf, field), .lo = (l),     \
    .hi = (h), .dflt = (d), .help = (text)                                                         \
  }
#define NUMBER(k, field, l, h, d, text)                                                            \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_INT, .offset = offsetof(struct conf, field), .lo = (l),          \
    .hi = (h), .dflt = (d), .help = (text)                                                         \
  }
#define REAL(k, field, d, text)                                                                    \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_REAL, .offset = offsetof(struct conf, field), .lo = 1,           \
    .hi = 1e15, .dflt = (d), .help = (text)                                                        \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    DURATION("slot", slot_ns, 60, 3600, 60, "how often victims are judged; whole minutes"),
    NUMBER("min-packets", min_packets, 1, 1e9, 25, "answers before a victim counts"),
    DURATION("min-duration", min_duration_ns, 0, 86400, 60,
             "from the first to the last answer before a victim counts"),
    NUMBER("min-window", min_window, 1, 1e9, 30,
           "answers within the fullest 60 s before a victim counts"),
    DURATION("silent", silent_ns, 60, 86400, 300, "an attack is over after so long without answer"),
    DURATION("update", update_ns, 60, 86400, 600, "an attack that goes on is said again so often"),
    {.key = "grown",
     .type = PRAC_CONF_REAL,
     .offset = offsetof(struct conf, grown),
     .lo = 1.01,
     .hi = 1000,
     .dflt = 1.5,
     .help = "and at once when the fullest minute has grown by this factor"},
    NUMBER("medium", medium, 1, 1e9, 300, "answers a minute from which an attack is medium"),
    NUMBER("high", high, 1, 1e9, 3000, "answers a minute from which an attack is high"),
    NUMBER("critical", critical, 1, 1e9, 30000, "answers a minute from which it is critical"),
    REAL("medium-pps", medium_pps, 1e3, "packets/s at the victim from which it is medium"),
    REAL("high-pps", high_pps, 1e5, "packets/s at the victim from which it is high"),
    REAL("critical-pps", critical_pps, 1e6, "packets/s at the victim from which it is critical"),
    NUMBER("monitored", monitored, 0, 4294967296.0, 0,
           "IPv4 addresses that our sensors watch; with it the rate at the victim is estimated and "
           "gives the level; 0: unknown"),
    NUMBER("max-victims", max_victims, 64, 16777216, 262144, "addresses followed at the same time"),
};
static const struct prac_conf_section conf_section = {
    .path = "engine.backscatter",
    .about = "victims of floods with forged senders",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct conf),
};

#define COUNTERS(X)                                                                                \
  X(ROWS, "rows", "rows", "Flow rows that were answers to forged packets.", PRAC_COUNTER)          \
  X(MISMATCH, "quote_mismatch", "rows",                                                            \
    "ICMP errors whose quoted packet did not come from the address they were sent to.",            \
    PRAC_COUNTER)                                                                                  \
  X(VICTIMS, "victims", "victims", "Addresses followed right now.", PRAC_GAUGE)                    \
  X(ATTACKED, "attacked", "victims", "Of these, above the thresholds.", PRAC_GAUGE)                \
  X(EVICTED, "evicted", "victims",                                                                 \
    "Addresses forgotten early because the table was full; a rise means a storm.", PRAC_COUNTER)   \
  X(EVICTED_ON, "evicted_attacked", "victims",                                                     \
    "Of these, above the thresholds: raise max-victims.", PRAC_COUNTER)
enum counter {
#define X(id, name, unit, help, kind) COUNT_##id,
  COUNTERS(X)
#undef X
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    COUNTERS(X)
#undef X
};

enum { SENSORS = 64, SENSOR_NAME = 32, SPREAD_SURE = 2000 };
struct state {
  struct bs_table table;
  char sensors[SENSORS][SENSOR_NAME]; /* bit numbers of a victim's `sensors` */
  uint32_t n_sensors;
  uint64_t attacked;
};

static int64_t slot_ns(const void *conf)
{
  const struct conf *c = conf;
  return prac_time_floor(c->slot_ns, PRAC_MIN);
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  (void)reterr;
  struct state *s = st;
  const struct conf *c = env->conf;
  bs_table_init(&s->table, (uint32_t)c->max_victims, prac_rng_u64(env->rng) ^ env->secret);
  return PRAC_OK;
}

static void close(void *st)
{
  struct state *s = st;
  bs_table_done(&s->table);
}

/* Beyond SENSORS different ones a sensor is not named; its packets count all the same. */
static uint64_t sensor_bit(struct state *s, const char *name)
{
  for (uint32_t i = 0; i < s->n_sensors; i++)
    if (strcmp(s->sensors[i], name) == 0) return UINT64_C(1) << i;
  if (s->n_sensors == SENSORS || strlen(name) >= SENSOR_NAME) return 0;
  memcpy(s->sensors[s->n_sensors], name, strlen(name) + 1);
  return UINT64_C(1) << s->n_sensors++;
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct state *s = st;
  uint64_t bit = 0;
  for (uint32_t i = 0; i < b->n; i++) {
    if (!(b->marks[i] & FLOW_BACKSCATTER)) continue;
    struct flow_row r = flow_batch_row(b, i);
    bool quoted =
        (r.marks & FLOW_QUOTED) && !(r.marks & FLOW_QUOTE_MISMATCH) && !prac_ip_is_zero(&r.victim);
    struct bs_victim *v = bs_table_touch(&s->table, quoted ? &r.victim : &r.src, r.proto);
    if (!v) return PRAC_NOMEM;
    if (!bit) bit = sensor_bit(s, b->sensor);
    bs_victim_add(v, &r, b->minute);
    v->sensors |= bit;
    v->quoted = quoted;
    if (!quoted || prac_ip_eq(&r.victim, &r.src)) { /* country and AS are the sender's */
      v->country = r.country;
      v->asn = r.asn;
    }
    prac_count(&env->counters[COUNT_ROWS], 1);
    if (r.marks & FLOW_QUOTE_MISMATCH) prac_count(&env->counters[COUNT_MISMATCH], 1);
  }
  return PRAC_OK;
}

/* ---- saying ---- */

static const char *proto_text(char out[8], uint8_t proto)
{
  switch (proto) {
  case 1:
    return "icmp";
  case 6:
    return "tcp";
  case 17:
    return "udp";
  case 58:
    return "icmp6";
  default:
    snprintf(out, 8, "%u", proto);
    return out;
  }
}

static uint32_t ports_of(const struct bs_victim *v, struct model_port out[BS_PORTS])
{
  struct bs_port p[BS_PORTS];
  memcpy(p, v->ports, sizeof p);
  uint32_t n = 0;
  while (n < BS_PORTS) {
    struct bs_port *most = &p[0];
    for (int i = 1; i < BS_PORTS; i++)
      if (p[i].packets > most->packets || (p[i].packets == most->packets && p[i].port < most->port))
        most = &p[i];
    if (most->packets == 0) break;
    out[n++] = (struct model_port){.port = most->port, .proto = v->proto};
    most->packets = 0;
  }
  return n;
}

/* What a sensor sees of an evenly forged flood is its share of all IPv4 addresses. */
static double pps_at_victim(const struct conf *c, const struct bs_victim *v)
{
  double seen = v->max_window / 60.0;
  return c->monitored > 0 && prac_ip_is4(&v->ip) ? seen * 4294967296.0 / (double)c->monitored
                                                 : seen;
}

static bool is_scaled(const struct conf *c, const struct bs_victim *v)
{
  return c->monitored > 0 && prac_ip_is4(&v->ip);
}

/* By what the victim gets, where that can be known; else by what we get. */
static uint32_t level_of(const struct conf *c, const struct bs_victim *v)
{
  if (is_scaled(c, v)) {
    double pps = pps_at_victim(c, v);
    if (pps >= c->critical_pps) return 5;
    if (pps >= c->high_pps) return 4;
    return pps >= c->medium_pps ? 3 : 2;
  }
  if (v->max_window >= c->critical) return 5;
  if (v->max_window >= c->high) return 4;
  return v->max_window >= c->medium ? 3 : 2;
}

struct words {
  char key[PRAC_IP_TEXT + 24], text[512], flows[256], country[3];
  struct model_port ports[BS_PORTS];
  const char *sensors[SENSORS];
  struct model_facts facts;
};

/* An estimate with two digits: more would be a lie. */
static void rate_text(char out[64], double pps)
{
  bool millions = pps >= 9.95e5, thousands = !millions && pps >= 995; /* as they round */
  double n = pps / (millions ? 1e6 : thousands ? 1e3 : 1);
  double step = n >= 100 ? 10 : n >= 10 ? 1 : 0.1;
  const char *word = millions ? " million" : thousands ? " thousand" : "";
  snprintf(out, 64, "; about %.*f%s packets/s at the victim", n < 10, round(n / step) * step, word);
}

static void rate_fact(double pps, struct model_facts *f)
{
  double step = pps > 0 ? pow(10, floor(log10(pps)) - 1) : 1;
  model_fact(f, MODEL_FACT_VICTIM_PPS, "~%.*f", pps < 10, round(pps / step) * step);
}

static void text_of(const struct conf *c, const struct bs_victim *v, uint32_t n_ports,
                    struct words *w)
{
  char ip[PRAC_IP_TEXT], from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT], proto[8];
  char port[MODEL_PORT_TEXT] = "", rate[64] = "";
  prac_time_text(from, prac_time_floor(v->first, PRAC_MIN));
  prac_time_text(to, prac_time_floor(v->last, PRAC_MIN) + PRAC_MIN);
  if (n_ports) model_port_text(port, w->ports[0]);
  if (is_scaled(c, v)) rate_text(rate, pps_at_victim(c, v));
  prac_ip_text(ip, &v->ip);
  snprintf(w->key, sizeof w->key, "victim:%s/%s", ip, proto_text(proto, v->proto));
  uint32_t spread = bs_victim_spread(v);
  int n = snprintf(w->text, sizeof w->text, "Flood with forged senders against %s, %s. ", ip, port);
  snprintf(w->text + n, sizeof w->text - (size_t)n,
           "%s %llu answers reached %s %u of our addresses since %s, at most %u in a minute%s.",
           v->on ? "So far" : "It has ended:", (unsigned long long)v->packets,
           spread < SPREAD_SURE ? "about" : "more than",
           spread < SPREAD_SURE ? spread : SPREAD_SURE, from, v->max_window, rate);
  model_fact(&w->facts, MODEL_FACT_OURS, spread < SPREAD_SURE ? "~%u" : ">%u",
             spread < SPREAD_SURE ? spread : SPREAD_SURE);
  if (is_scaled(c, v)) rate_fact(pps_at_victim(c, v), &w->facts);
  snprintf(w->flows, sizeof w->flows, "%s=%s marks=backscatter from=%s to=%s",
           v->quoted ? "victim" : "src", ip, from, to);
}

static prac_rc say(const struct state *s, struct bs_victim *v, const struct conf *c,
                   struct eng_out *out)
{
  struct words w = {.country = {(char)(v->country >> 8), (char)(v->country & 0xff), 0}};
  uint32_t n_ports = ports_of(v, w.ports), n_sensors = 0;
  for (uint32_t i = 0; i < s->n_sensors; i++)
    if (v->sensors >> i & 1) w.sensors[n_sensors++] = s->sensors[i];
  text_of(c, v, n_ports, &w);
  const struct finding f = {
      .key = w.key,
      .kind = "spoofed-flood",
      .state = v->on ? "on" : "off",
      .from = v->first,
      .to = v->last,
      .level = level_of(c, v),
      .score = pps_at_victim(c, v),
      .value = v->max_window,
      .unit = "packets/min",
      .country = w.country,
      .asn = v->asn,
      .sensors = {w.sensors, n_sensors},
      .ports = {w.ports, n_ports},
      .hosts = {&v->ip, 1},
      .host_count = 1,
      .packets = v->packets,
      .text = w.text,
      .flows = w.flows,
      .facts = model_facts_of(&w.facts),
  };
  return eng_say(out, &f);
}

static prac_rc judge(struct state *s, struct bs_victim *v, const struct conf *c,
                     struct prac_span slot, struct eng_out *out)
{
  bs_victim_windows(v);
  bool holds = v->packets >= (uint64_t)c->min_packets && v->last - v->first >= c->min_duration_ns &&
               v->max_window >= c->min_window;
  if (!holds) return PRAC_OK;
  bool grown = v->max_window >= v->said_window * c->grown;
  if (v->on && !grown && slot.to - v->said_at < c->update_ns) return PRAC_OK;
  if (!v->on) s->attacked++;
  v->on = true;
  v->said_at = slot.to;
  v->said_window = v->max_window;
  return say(s, v, c, out);
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct state *s = st;
  const struct conf *c = env->conf;
  struct bs_table *t = &s->table;
  while (t->oldest != BS_NONE && t->v[t->oldest].last + c->silent_ns <= slot.to) {
    struct bs_victim *v = &t->v[t->oldest];
    if (v->on) {
      v->on = false;
      s->attacked--;
      PRAC_TRY(say(s, v, c, out));
    }
    bs_table_drop(t, t->oldest);
  }
  for (uint32_t i = t->newest; i != BS_NONE && t->v[i].minute >= slot.from; i = t->v[i].older)
    PRAC_TRY(judge(s, &t->v[i], c, slot, out));
  uint64_t told = prac_counter_get(&env->counters[COUNT_EVICTED_ON]);
  s->attacked -= t->evicted_on - told;
  prac_gauge(&env->counters[COUNT_EVICTED_ON], t->evicted_on);
  prac_gauge(&env->counters[COUNT_EVICTED], t->evicted);
  prac_gauge(&env->counters[COUNT_VICTIMS], t->n);
  prac_gauge(&env->counters[COUNT_ATTACKED], s->attacked);
  return PRAC_OK;
}

/* ---- restart ---- */

static prac_rc save(const void *st, struct prac_wr *w)
{
  const struct state *s = st;
  const struct bs_table *t = &s->table;
  prac_wr_u32le(w, s->n_sensors);
  for (uint32_t i = 0; i < s->n_sensors; i++) prac_wr_bytes(w, s->sensors[i], SENSOR_NAME);
  prac_wr_u32le(w, t->n);
  for (uint32_t i = t->oldest; i != BS_NONE && !w->bad; i = t->v[i].newer)
    bs_victim_save(&t->v[i], w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static prac_rc load(void *st, struct prac_rd *r)
{
  struct state *s = st;
  uint32_t n = prac_rd_u32le(r);
  if (n > SENSORS) return PRAC_DAMAGED;
  for (s->n_sensors = 0; s->n_sensors < n; s->n_sensors++) {
    char *name = s->sensors[s->n_sensors];
    prac_rd_copy(r, name, SENSOR_NAME);
    if (name[SENSOR_NAME - 1] != '\0') return PRAC_DAMAGED;
  }
  n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n; i++) {
    PRAC_TRY(bs_victim_load(&s->table, r));
    s->attacked += s->table.v[s->table.newest].on;
  }
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}

const struct eng_ops eng_backscatter = {
    .name = "backscatter",
    .about = "victims of floods with forged senders, from the answers that reach us",
    .version = "1",
    .state_size = sizeof(struct state),
    .conf = &conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = save,
    .load = load,
    .close = close,
};
