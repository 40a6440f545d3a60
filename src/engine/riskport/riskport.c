/* Ports whose risk rises: many sources at once, more than the port ever has, in places that have
 * nothing to do with each other; with two further opinions, of the graph of all ports and of the
 * port's own series. Judged once an hour. */
#include "engine/riskport/riskport.h"

#include <stdlib.h>
#include <string.h>

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct risk_conf, field), .lo = (l), .hi = (h),    \
    .dflt = (d), .help = (text)                                                                    \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("slot", PRAC_CONF_DURATION, slot_ns, 60, 86400, 3600,
         "ports are judged so often; whole minutes. Where a few sensors hear little, 6h"),
    ITEM("history", PRAC_CONF_DURATION, history_ns, 3600, 31536000, 2419200,
         "what came before in this time says what is usual; 48 to 1536 slots, in parts of 24"),
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
    ITEM("max-pairs", PRAC_CONF_INT, max_pairs, 262144, 67108864, 2097152,
         "(source, port) pairs in one slot; beyond, a part of the sources stands for all"),
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

static prac_rc marks_read(struct risk_state *s, const struct risk_conf *c, struct prac_err *reterr)
{
  for (size_t i = 0; i < c->ignore.n; i++) {
    unsigned bit = 0;
    while (flow_mark_text(bit) && strcmp(flow_mark_text(bit), c->ignore.v[i]) != 0) bit++;
    if (!flow_mark_text(bit))
      return PRAC_FAIL(reterr, PRAC_RANGE, "ignore: \"%s\" is no mark of a flow", c->ignore.v[i]);
    s->ignore |= 1u << bit;
  }
  s->ignore |= FLOW_FRAGMENT | FLOW_BAD; /* no ports */
  return PRAC_OK;
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct risk_state *s = st;
  s->conf = env->conf;
  s->slot = PRAC_TIME_NONE;
  s->change = (struct math_change_conf){.order = 2, .r = s->conf->change_r, .t1 = 5, .t2 = 3};
  int64_t day_ns = slot_ns(s->conf) * RISK_DAY_SLOTS;
  int64_t days = (s->conf->history_ns + day_ns - 1) / day_ns;
  if (days < 2 || days > RISK_DAYS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "history must be 48 to %d slots", RISK_DAYS_MAX * 24);
  s->days = (uint32_t)days;
  if (s->conf->min_history > days * RISK_DAY_SLOTS)
    return PRAC_FAIL(reterr, PRAC_RANGE, "min-history must not exceed history");
  s->at = calloc(RISK_PORTS, sizeof *s->at);
  s->mark = calloc(RISK_PORTS, sizeof *s->mark);
  s->sensors = calloc(RISK_SENSORS, sizeof *s->sensors);
  uint64_t seed = prac_rng_u64(env->rng);
  if (!s->at || !s->mark || !s->sensors ||
      risk_hour_init(&s->hour, (uint32_t)s->conf->max_pairs, seed) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "ports: out of memory");
  return marks_read(s, s->conf, reterr);
}

static void close(void *st)
{
  struct risk_state *s = st;
  if (!s->conf) return;
  risk_ports_done(s);
  risk_hour_done(&s->hour);
  risk_graph_done(&s->graph);
  free(s->sensors);
  free(s->mark);
  s->sensors = NULL;
  s->mark = NULL;
}

static uint32_t day_of(const struct risk_state *s, prac_time slot)
{
  int64_t day = prac_time_floor(slot, slot_ns(s->conf) * RISK_DAY_SLOTS) /
                (slot_ns(s->conf) * RISK_DAY_SLOTS);
  return day < 1 ? 1 : day > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)day;
}

static void begin(struct risk_state *s, prac_time slot)
{
  uint32_t day = day_of(s, slot);
  s->slot = slot;
  if (day > s->day) risk_day_turn(s, day);
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct risk_state *s = st;
  prac_time slot = prac_time_floor(b->minute, slot_ns(s->conf));
  if (s->slot == PRAC_TIME_NONE || slot > s->slot) begin(s, slot);
  struct risk_sensor *x = risk_sensor_named(s, b->sensor);
  bool est = x && risk_sensor_established(s, x);
  ptrdiff_t nth = x ? x - s->sensors : RISK_NAMED;
  uint64_t bit = nth < RISK_NAMED ? UINT64_C(1) << nth : 0, counted = 0;
  if (x) x->now = true;
  for (uint32_t i = 0; i < b->n; i++) {
    if (b->marks[i] & s->ignore || (b->proto[i] != 6 && b->proto[i] != 17)) continue;
    PRAC_TRY(risk_hour_add(&s->hour, b, i, bit, est));
    counted++;
  }
  prac_count(&env->counters[RISK_COUNT_ROWS], counted);
  prac_count(&env->counters[RISK_COUNT_IGNORED], b->n - counted);
  return PRAC_OK;
}

/* ---- an hour is over ---- */

/* Said when it begins, and when its risk or its sources have risen since. */
static prac_rc tell(struct risk_state *s, struct risk_judged *j, prac_time to,
                    const struct eng_env *env, struct eng_out *out)
{
  struct risk_port *p = j->port;
  bool watch = s->conf->say_watch && j->watch && !p->on;
  prac_count(&env->counters[RISK_COUNT_ABOVE], j->level > 0);
  prac_count(&env->counters[RISK_COUNT_WATCH], j->level == 0 && j->watch);
  if (j->level == 0 ? !watch : j->risk < (uint32_t)s->conf->min_risk) return PRAC_OK;
  if (!p->on) {
    p->on = true;
    p->from = s->slot;
    p->said = p->said_risk = 0;
  }
  p->to = to;
  if (j->risk <= p->said_risk && j->sources < p->said * s->conf->grown && p->said > 0)
    return PRAC_OK;
  if (j->risk > p->said_risk) p->said_risk = (uint8_t)j->risk;
  if (j->sources > p->said) p->said = j->sources;
  return risk_say(s, j, env, out);
}

static prac_rc tell_all(struct risk_state *s, struct risk_judged *v, uint32_t n, prac_time to,
                        const struct eng_env *env, struct eng_out *out)
{
  struct risk_turn turn;
  PRAC_TRY(risk_graph_turn(s, v, n, env, &turn));
  PRAC_TRY(risk_change_all(s, v, n, env->scratch));
  for (uint32_t i = 0; i < turn.n_blamed; i++) s->mark[turn.blamed[i]] = 1;
  for (uint32_t i = 0; i < n; i++) {
    struct risk_judged *j = &v[i];
    if (s->mark[j->seen->id]) j->graph_p = turn.p;
    j->change = j->port->change && j->port->change->above;
    j->risk = j->level + (j->graph_p < 1) + j->change;
  }
  for (uint32_t i = 0; i < turn.n_blamed; i++) s->mark[turn.blamed[i]] = 0;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(tell(s, &v[i], to, env, out));
  return PRAC_OK;
}

static int by_port(const void *pa, const void *pb)
{
  const struct risk_port *const *a = pa, *const *b = pb;
  return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

static prac_rc end_all(struct risk_state *s, prac_time now, struct prac_arena *a,
                       struct eng_out *out)
{
  uint32_t n = 0;
  struct risk_port **v = prac_arena_alloc(a, (s->n_ports + (size_t)1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < s->n_ports; i++)
    if (s->ports[i].on && s->ports[i].to + s->conf->quiet * s->conf->slot_ns <= now)
      v[n++] = &s->ports[i];
  qsort((void *)v, n, sizeof *v, by_port);
  for (uint32_t i = 0; i < n; i++) {
    PRAC_TRY(risk_say_over(s, v[i], out));
    v[i]->on = false;
  }
  return PRAC_OK;
}

/* The slot becomes history, when anybody was there to hear it. */
static void remember(struct risk_state *s, const struct risk_judged *v, uint32_t n,
                     const struct eng_env *env)
{
  bool any = false;
  uint64_t refused = 0;
  uint32_t today = s->day % s->days;
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    any |= s->sensors[i].now;
    s->sensors[i].up[today] = (uint8_t)(s->sensors[i].up[today] + s->sensors[i].now);
    s->sensors[i].now = false;
  }
  if (!any) return;
  s->heard[today]++;
  for (uint32_t i = 0; i < s->n_ports; i++) {
    s->ports[i].before[1] = s->ports[i].before[0];
    s->ports[i].before[0] = 0;
  }
  for (uint32_t i = 0; i < n; i++) {
    v[i].port->before[0] = v[i].all < UINT32_MAX ? (uint32_t)v[i].all : UINT32_MAX;
    refused += !risk_index_add(s, v[i].port, v[i].all);
  }
  prac_count(&env->counters[RISK_COUNT_REFUSED], refused);
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct risk_state *s = st;
  struct risk_sorted pairs;
  struct risk_judged *v = NULL;
  uint32_t n = 0, up = 0;
  if (slot.from > s->slot) begin(s, slot.from); /* nobody was heard */
  bool heard = false;
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    heard |= s->sensors[i].now;
    up += risk_sensor_established(s, &s->sensors[i]);
  }
  if (heard) {
    PRAC_TRY(risk_hour_sort(&s->hour, env->scratch, &pairs));
    PRAC_TRY(risk_judge(s, &pairs, env, &v, &n));
    PRAC_TRY(tell_all(s, v, n, slot.to, env, out));
  }
  PRAC_TRY(end_all(s, slot.to, env->scratch, out));
  remember(s, v, n, env);
  prac_count(&env->counters[RISK_COUNT_SAMPLED], s->hour.shift > 0);
  risk_hour_reset(&s->hour);
  prac_gauge(&env->counters[RISK_COUNT_UP], up);
  prac_gauge(&env->counters[RISK_COUNT_PORTS], s->n_ports);
  prac_gauge(&env->counters[RISK_COUNT_BYTES], s->bytes);
  prac_gauge(&env->counters[RISK_COUNT_HISTORY], risk_heard(s));
  return PRAC_OK;
}

const struct eng_ops eng_riskport = {
    .name = "riskport",
    .about = "ports whose risk of attack rises: distributed scans, with the port graph's opinion",
    .version = "1",
    .state_size = sizeof(struct risk_state),
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
