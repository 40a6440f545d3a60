/* Ports whose risk rises: many sources at once, more than the port ever has, in places that have
 * nothing to do with each other; with two further opinions, of the graph of all ports and of the
 * port's own series. Judged once an hour, and once in several hours. */
#include "engine/riskport/riskport.h"

#include <stdlib.h>

enum { AHEAD = 8 }; /* rows: memory is slower than counting */

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct risk_conf, field), .lo = (l), .hi = (h),    \
    .dflt = (d), .help = (text)                                                                    \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("slot", PRAC_CONF_DURATION, slot_ns, 60, 86400, 3600,
         "ports are judged so often; whole minutes"),
    ITEM("long-slot", PRAC_CONF_DURATION, long_ns, 0, 604800, 21600,
         "and a second time in longer slots, a multiple of the first; 0: not"),
    ITEM("history", PRAC_CONF_DURATION, history_ns, 3600, 31536000, 2419200,
         "what came before in this time says what is usual; 25 to 1536 slots, in parts of 24"),
    ITEM("min-history", PRAC_CONF_INT, min_history, 3, 1536, 72,
         "slots that must have been heard before anything is judged"),
    ITEM("min-sources", PRAC_CONF_INT, min_sources, 2, 1e6, 10,
         "least sources of a distributed scan; the limit of a port never heard before"),
    ITEM("min-countries", PRAC_CONF_INT, min_countries, 1, 200, 3,
         "and from so many countries; networks (/16) where countries are not known"),
    ITEM("min-destinations", PRAC_CONF_INT, min_destinations, 1, 300, 2,
         "and to so many of our addresses, where there are so many"),
    ITEM("per-source", PRAC_CONF_REAL, per_source, 1, 1e9, 100,
         "and at most so many packets a source, on average"),
    ITEM("theta", PRAC_CONF_REAL, theta, 0.5, 1, 0.98,
         "the largest hours do not count as usual while taking one away leaves at most this share "
         "of the variance"),
    ITEM("mads", PRAC_CONF_REAL, mads, 1, 1000, 6,
         "the limit is at least the median, so many deviations (1.4826 MAD) and 5"),
    ITEM("tail", PRAC_CONF_REAL, tail_p, 1e-15, 0.1, 1e-6,
         "the limit is at least the count that one of all ports passes by chance with this "
         "probability in a slot"),
    ITEM("min-risk", PRAC_CONF_INT, min_risk, 1, 7, 1, "least risk that is said"),
    ITEM("grown", PRAC_CONF_REAL, grown, 1.01, 1000, 2,
         "a port at risk is said again when its risk has risen or its sources by this factor"),
    ITEM("quiet", PRAC_CONF_INT, quiet, 1, 1000, 24,
         "slots below the limit after which the risk is over"),
    {.key = "say-watch",
     .type = PRAC_CONF_BOOL,
     .offset = offsetof(struct risk_conf, say_watch),
     .hi = 1,
     .help = "say also what rises three slots in a row to more than half of its limit (level 1)"},
    ITEM("graph-ports", PRAC_CONF_INT, graph_ports, 8, 2048, 2048,
         "most used ports in the port graph; those above their limit come on top"),
    ITEM("graph-window", PRAC_CONF_INT, graph_window, 2, RISK_WINDOW_MAX, 24,
         "slots that say what the port graph usually looks like"),
    ITEM(
        "graph-join", PRAC_CONF_REAL, graph_join, 0, 100, 1,
        "how far ports that share no source count as joined, against those that do; 0: not at all, "
        "and the graph of few sensors has no opinion"),
    ITEM("graph-p", PRAC_CONF_REAL, graph_p, 1e-12, 0.5, 0.005,
         "the graph has turned when chance turns it so far with less than this probability"),
    ITEM("graph-beta", PRAC_CONF_REAL, graph_beta, 1e-4, 0.5, 0.01,
         "discount of the moments of its turns"),
    ITEM("change-r", PRAC_CONF_REAL, change_r, 1e-4, 0.5, 0.02,
         "discount of the change score of a port (ChangeFinder)"),
    ITEM("change-quantile", PRAC_CONF_REAL, change_quantile, 0.5, 1, 0.999,
         "the score counts above this quantile of the port's own scores"),
    ITEM("established", PRAC_CONF_REAL, established, 0.5, 1, 0.5,
         "share of the history in which a sensor must have been up to raise a port"),
    ITEM("max-pairs", PRAC_CONF_INT, max_pairs, RISK_PAIRS_MIN, 67108864, 2097152,
         "(source, port) pairs in one slot, a quarter in a long one; beyond, a part of the sources "
         "stands for all"),
    ITEM("memory", PRAC_CONF_SIZE, memory, 1048576, 1099511627776.0, 134217728,
         "limit for the histories of all ports"),
    {.key = "ignore",
     .type = PRAC_CONF_STRINGS,
     .offset = offsetof(struct risk_conf, ignore),
     .sdflt = "backscatter,spoofed,bogon,survey",
     .help = "rows with one of these marks do not count"},
};
const struct prac_conf_section risk_conf_section = {
    .path = "engine.riskport",
    .about = "ports whose risk of attack rises",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct risk_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    RISK_COUNTERS(X)
#undef X
};

static int64_t slot_ns(const void *conf)
{
  return prac_time_floor(((const struct risk_conf *)conf)->slot_ns, PRAC_MIN);
}

/* Slots of the second grain are fewer: it waits at least for a day of them. */
static uint32_t min_history(const struct risk_conf *c, int64_t slot_ns)
{
  int64_t n = c->min_history * c->slot_ns / slot_ns;
  return (uint32_t)(slot_ns > c->slot_ns && n < RISK_DAY_SLOTS ? RISK_DAY_SLOTS : n);
}

static prac_rc grain_open(struct risk_state *s, const struct risk_conf *c, int64_t slot_ns,
                          const struct eng_env *env, struct prac_err *reterr)
{
  s->conf = c;
  s->slot = PRAC_TIME_NONE;
  s->slot_ns = slot_ns;
  s->min_history = min_history(c, slot_ns);
  s->change = (struct math_change_conf){.order = 2, .r = c->change_r, .t1 = 5, .t2 = 3};
  int64_t day_ns = slot_ns * RISK_DAY_SLOTS, days = (c->history_ns + day_ns - 1) / day_ns;
  if (days < 2 || days > RISK_DAYS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "history must be 25 to %d slots of either length",
                     RISK_DAYS_MAX * RISK_DAY_SLOTS);
  if (s->min_history > days * RISK_DAY_SLOTS)
    return PRAC_FAIL(reterr, PRAC_RANGE, "min-history must not exceed history");
  s->days = (uint32_t)days;
  s->at = calloc(RISK_PORTS, sizeof *s->at);
  s->mark = calloc(RISK_PORTS, sizeof *s->mark);
  s->sensors = calloc(RISK_SENSORS, sizeof *s->sensors);
  s->whole = calloc((size_t)days * RISK_DAY_SLOTS, sizeof *s->whole);
  uint64_t seed = prac_rng_u64(env->rng);
  uint32_t pairs = (uint32_t)c->max_pairs;
  if (s->grain > 0 && pairs > 4 * RISK_PAIRS_MIN) pairs /= 4;
  if (!s->at || !s->mark || !s->sensors || !s->whole ||
      risk_hour_init(&s->hour, pairs, seed) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "ports: out of memory");
  s->hour.secret = seed ^ env->secret;
  PRAC_TRY(eng_marks_read(&c->ignore, "ignore", &s->ignore, reterr));
  s->ignore |= FLOW_FRAGMENT | FLOW_BAD; /* no ports */
  return PRAC_OK;
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct risk_engine *e = st;
  const struct risk_conf *c = env->conf;
  const int64_t lengths[RISK_GRAINS] = {slot_ns(c), c->long_ns};
  if (c->long_ns % slot_ns(c) != 0 || c->long_ns == slot_ns(c))
    return PRAC_FAIL(reterr, PRAC_RANGE, "long-slot must be 0 or a multiple of slot");
  for (; e->n < RISK_GRAINS && lengths[e->n] > 0; e->n++) {
    e->g[e->n].grain = e->n;
    PRAC_TRY(grain_open(&e->g[e->n], c, lengths[e->n], env, reterr));
  }
  return PRAC_OK;
}

static void close(void *st)
{
  struct risk_engine *e = st;
  for (uint32_t i = 0; i < RISK_GRAINS; i++) {
    struct risk_state *s = &e->g[i];
    if (!s->conf) continue;
    risk_ports_done(s);
    risk_hour_done(&s->hour);
    risk_graph_done(&s->graph);
    free(s->sensors);
    free(s->whole);
    free(s->mark);
    *s = (struct risk_state){0};
  }
}

static prac_rc grain_feed(struct risk_state *s, const struct flow_batch *b, uint64_t *ret_counted)
{
  prac_time slot = prac_time_floor(b->minute, s->slot_ns);
  if (s->slot == PRAC_TIME_NONE || slot > s->slot) risk_slot_begin(s, slot);
  struct risk_sensor *x = risk_sensor_named(s, b->sensor);
  bool est = x && x->established;
  ptrdiff_t nth = x ? x - s->sensors : RISK_NAMED;
  uint64_t bit = nth < RISK_NAMED ? UINT64_C(1) << nth : 0, counted = 0;
  if (x) x->now = true;
  for (uint32_t i = 0; i < b->n; i++) {
    if (i + 2 * AHEAD < b->n) risk_hour_expect(&s->hour, b, i + 2 * AHEAD, false);
    if (i + AHEAD < b->n) risk_hour_expect(&s->hour, b, i + AHEAD, true);
    if (b->marks[i] & s->ignore || (b->proto[i] != 6 && b->proto[i] != 17)) continue;
    PRAC_TRY(risk_hour_add(&s->hour, b, i, bit, est));
    counted++;
  }
  if (x) x->rows += (uint32_t)counted;
  *ret_counted = counted;
  return PRAC_OK;
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct risk_engine *e = st;
  uint64_t counted = 0;
  for (uint32_t i = 0; i < e->n; i++) PRAC_TRY(grain_feed(&e->g[i], b, &counted));
  prac_count(&env->counters[RISK_COUNT_ROWS], counted);
  prac_count(&env->counters[RISK_COUNT_IGNORED], b->n - counted);
  return PRAC_OK;
}

/* The longer slots first: what they say of a port need not be said again by the hour. */
static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct risk_engine *e = st;
  uint64_t bytes = 0;
  for (uint32_t i = e->n; i-- > 0;) {
    struct risk_state *s = &e->g[i];
    prac_time from = prac_time_floor(slot.from, s->slot_ns);
    if (from > s->slot) risk_slot_begin(s, from); /* nobody was heard */
    if (slot.to % s->slot_ns == 0) PRAC_TRY(risk_slot_close(e, s, slot.to, env, out));
    bytes += s->bytes;
  }
  PRAC_TRY(risk_stories_end(e, slot.to, env, out));
  uint32_t up = 0;
  for (uint32_t i = 0; i < e->g[0].n_sensors; i++) up += e->g[0].sensors[i].established;
  prac_gauge(&env->counters[RISK_COUNT_UP], up);
  prac_gauge(&env->counters[RISK_COUNT_PORTS], e->g[0].n_ports);
  prac_gauge(&env->counters[RISK_COUNT_BYTES], bytes);
  prac_gauge(&env->counters[RISK_COUNT_HISTORY], risk_heard(&e->g[0]));
  return PRAC_OK;
}

const struct eng_ops eng_riskport = {
    .name = "riskport",
    .about = "ports whose risk of attack rises: distributed scans, with the port graph's opinion",
    .version = "2",
    .state_size = sizeof(struct risk_engine),
    .conf = &risk_conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = risk_save,
    .load = risk_load,
    .close = close,
};
