/* Hosts that act together, found in the graph of their partial correlations (after Dark-GLASSO). */
#include "engine/glasso/glasso.h"

#include <stdlib.h>

#include "base/hash.h"

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct glasso_conf, field), .lo = (l), .hi = (h),  \
    .dflt = (d), .help = (text)                                                                    \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("slot", PRAC_CONF_DURATION, slot_ns, 60, 3600, 600,
         "what is judged at once, whole minutes; published: 10 min"),
    ITEM(
        "sample", PRAC_CONF_DURATION, sample_ns, 10, 600, 50,
        "hosts' packets are counted so long; the slot must be 3 to 60 times this; published: 50 s"),
    ITEM("complete", PRAC_CONF_REAL, complete, 0.1, 1, 0.9,
         "share of a slot's minutes that must be heard; published: 0.92"),
    ITEM("v4-bits", PRAC_CONF_INT, v4_bits, 8, 32, 16,
         "IPv4 sources with so many leading bits in common are one host; published: 16"),
    ITEM("v6-bits", PRAC_CONF_INT, v6_bits, 16, 128, 48, "the same of IPv6"),
    ITEM("rho", PRAC_CONF_REAL, rho_low, 0.05, 10, 0.4,
         "lowest penalty of the graphical lasso; five more in steps of 0.1; published: 0.4"),
    ITEM("gap", PRAC_CONF_REAL, gap, 1e-9, 1, 1e-4,
         "proved distance from the best graph, per host, at which the solver stops"),
    ITEM("max-sweeps", PRAC_CONF_INT, max_sweeps, 1, 10000, 60,
         "of the solver, per penalty; then the graph is used unproved, and counted"),
    ITEM("history", PRAC_CONF_INT, history, 16, GLASSO_HISTORY, 432,
         "slots of a sensor that say what density is usual; published: 432, three days"),
    ITEM("min-history", PRAC_CONF_INT, min_history, 8, GLASSO_HISTORY, 144,
         "slots before the density is judged; published: 432, not below 144"),
    ITEM("theta", PRAC_CONF_REAL, theta, 0.5, 0.9999, 0.98,
         "a density stands out when the variance without it is at most this share; larger: more "
         "do; published: 0.98"),
    ITEM("alpha", PRAC_CONF_REAL, alpha, 1e-300, 0.5, 1e-6,
         "chance of a false claim, per sensor and slot, over all ports together"),
    ITEM("packets-each", PRAC_CONF_REAL, each, 0, 1e6, 1.5,
         "and so many packets of the median address at the port: forged senders have one each; 0: "
         "as published"),
    ITEM("lift", PRAC_CONF_REAL, lift, 1, 1e6, 4,
         "and so many times the synchrony that hosts without knowledge of each other have"),
    ITEM("percent", PRAC_CONF_REAL, pct, 0.1, 100, 10,
         "share of a group's hosts, in per cent, that must send to a port; published: 10"),
    ITEM("hosts", PRAC_CONF_INT, hosts, 2, 1e6, 20,
         "hosts from which it is a synchronised group and not a survey; published: 20"),
    ITEM("dst-percent", PRAC_CONF_REAL, dst_pct, 1, 100, 70,
         "a port is one point when more per cent of its packets and hosts go to one address; "
         "published: 70"),
    ITEM("survey", PRAC_CONF_BOOL, survey, 0, 1, 1, "say groups with fewer hosts too"),
    ITEM("weak", PRAC_CONF_BOOL, weak, 0, 1, 0, "say ports below the share too"),
    ITEM("high-hosts", PRAC_CONF_INT, high_hosts, 2, 1e9, 100, "hosts that make a group high"),
    ITEM("high-sensors", PRAC_CONF_INT, high_sensors, 1, 1e6, 3, "sensors that make it high"),
    ITEM("quiet-slots", PRAC_CONF_INT, quiet_slots, 1, ENG_GROUPS_QUIET_MAX, 3,
         "a claim ends when it was not found so often"),
    ITEM("max-rows", PRAC_CONF_INT, max_rows, 1024, ENG_TRAFFIC_ROWS_MAX, 1 << 20,
         "rows of one sensor in one slot"),
    ITEM("max-hosts", PRAC_CONF_INT, max_hosts, 16, 8192, 1000,
         "hosts in the graph; of more, the same ones all day, chosen by hash; published: 1000, at "
         "random. Synchrony by port always looks at all of them"),
    ITEM("max-sensors", PRAC_CONF_INT, max_sensors, 1, 4096, 64, "sensors followed"),
    {.key = "ignore",
     .type = PRAC_CONF_STRINGS,
     .offset = offsetof(struct glasso_conf, ignore),
     .sdflt = "backscatter,spoofed,bogon",
     .help = "rows with one of these marks do not count"},
};
const struct prac_conf_section glasso_conf_section = {
    .path = "engine.glasso",
    .about = "hosts that act together: graphical lasso and synchrony by port",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct glasso_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    GLASSO_COUNTERS(X)
#undef X
};

static int64_t slot_ns(const void *conf)
{
  return prac_time_floor(((const struct glasso_conf *)conf)->slot_ns, PRAC_MIN);
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct glasso_state *s = st;
  const struct glasso_conf *c = env->conf;
  s->conf = c;
  if (c->slot_ns % PRAC_MIN || c->slot_ns % c->sample_ns || c->slot_ns / c->sample_ns < 3 ||
      c->slot_ns / c->sample_ns > 60 || c->sample_ns % (10 * PRAC_SEC))
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "slot must be whole minutes, 3 to 60 samples of a multiple of 10 s");
  if (c->min_history > c->history)
    return PRAC_FAIL(reterr, PRAC_RANGE, "min-history must not exceed history");
  s->samples = (uint32_t)(c->slot_ns / c->sample_ns);
  PRAC_TRY(eng_marks_read(&c->ignore, "ignore", &s->ignore, reterr));
  s->seed = prac_rng_u64(env->rng) ^ env->secret;
  eng_sensors_init(&s->sensors, sizeof(struct glasso_sensor), (uint32_t)c->max_sensors);
  return eng_groups_init(&s->groups, ENG_GROUPS_MAX);
}

static void sensor_done(void *block)
{
  struct glasso_sensor *x = block;
  eng_traffic_done(&x->traffic);
  free(x->past);
  x->past = NULL;
}

static void close(void *st)
{
  struct glasso_state *s = st;
  eng_sensors_done(&s->sensors, sensor_done);
  eng_groups_done(&s->groups);
}

prac_rc glasso_sensor_init(const struct glasso_state *s, struct glasso_sensor *x)
{
  const struct glasso_conf *c = s->conf;
  struct eng_traffic_conf t = {.v4_bits = (uint8_t)c->v4_bits,
                               .v6_bits = (uint8_t)c->v6_bits,
                               .step_ns = c->sample_ns,
                               .steps = s->samples,
                               .skip_marks = s->ignore,
                               .max_rows = (size_t)c->max_rows,
                               .seed = s->seed};
  x->past = calloc((size_t)c->history, sizeof *x->past);
  if (!x->past) return PRAC_NOMEM;
  return eng_traffic_init(&x->traffic, &t, PRAC_TIME_NONE);
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct glasso_state *s = st;
  bool fresh = false;
  void *block = NULL;
  prac_rc rc = eng_sensors_touch(&s->sensors, b->sensor, &block, &fresh);
  if (rc == PRAC_FULL) {
    prac_count(&env->counters[GLASSO_COUNT_NO_SENSOR], 1);
    return PRAC_OK;
  }
  PRAC_TRY(rc);
  struct glasso_sensor *x = block;
  if (fresh) PRAC_TRY(glasso_sensor_init(s, x));
  prac_time from = prac_time_floor(b->minute, s->conf->slot_ns);
  if (x->traffic.from != from) eng_traffic_reset(&x->traffic, from);
  prac_count(&env->counters[GLASSO_COUNT_ROWS], b->n);
  return eng_traffic_add(&x->traffic, b);
}

static prac_rc judge(struct glasso_state *s, uint32_t i, const struct eng_env *env,
                     struct eng_claims *claims)
{
  struct glasso_sensor *x = s->sensors.v[i].block;
  struct glasso_found found;
  prac_count(&env->counters[GLASSO_COUNT_REFUSED], x->traffic.refused);
  if (eng_traffic_minutes(&x->traffic) * PRAC_MIN < s->conf->complete * (double)s->conf->slot_ns) {
    prac_count(&env->counters[GLASSO_COUNT_SHORT], 1);
    return PRAC_OK;
  }
  struct prac_arena *a = prac_arena_new(1 << 20);
  if (!a) return PRAC_NOMEM;
  prac_rc rc = glasso_judge(s, x, env, a, &found);
  if (rc == PRAC_OK) {
    prac_count(&env->counters[GLASSO_COUNT_SLOTS], 1);
    prac_count(&env->counters[GLASSO_COUNT_NO_PORT], found.refused);
    rc = glasso_claim(claims, s->sensors.v[i].name, &found, env->scratch);
  }
  prac_arena_free(&a);
  return rc;
}

/* A sensor that was silent for the whole length of the history is forgotten. */
static bool is_gone(const struct glasso_state *s, const struct glasso_sensor *x, prac_time from)
{
  prac_time last = x->n_past ? x->past[x->n_past - 1].from : PRAC_TIME_NONE;
  return x->traffic.from == PRAC_TIME_NONE &&
         (last == PRAC_TIME_NONE || last < from - s->conf->history * s->conf->slot_ns);
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct glasso_state *s = st;
  struct eng_claims claims = {0};
  for (uint32_t i = 0; i < s->sensors.n;) {
    struct glasso_sensor *x = s->sensors.v[i].block;
    if (x->traffic.from == slot.from) PRAC_TRY(judge(s, i, env, &claims));
    if (x->traffic.from <= slot.from) eng_traffic_reset(&x->traffic, PRAC_TIME_NONE);
    if (is_gone(s, x, slot.from))
      eng_sensors_drop(&s->sensors, i, sensor_done);
    else
      i++;
  }
  const struct eng_voice voice = glasso_voice(s->conf);
  PRAC_TRY(eng_groups_say(&s->groups, &claims, &voice, slot.to, env, out));
  prac_count(&env->counters[GLASSO_COUNT_NO_STORY], s->groups.refused);
  prac_gauge(&env->counters[GLASSO_COUNT_STORIES], s->groups.n);
  return PRAC_OK;
}

const struct eng_ops eng_glasso = {
    .name = "glasso",
    .about = "hosts that act together: the graphical lasso's density, and synchrony by port",
    .version = "2",
    .state_size = sizeof(struct glasso_state),
    .conf = &glasso_conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = glasso_save,
    .load = glasso_load,
    .close = close,
};
