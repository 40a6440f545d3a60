/* Groups of hosts that one pattern in time drives, and the ports they knock at (after Dark-NMF). */
#include "engine/nmf/nmf.h"

#include <stdlib.h>

#include "base/hash.h"

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct nmf_conf, field), .lo = (l), .hi = (h),     \
    .dflt = (d), .help = (text)                                                                    \
  }
#define WORD(k, field, list, text)                                                                 \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_ENUM, .offset = offsetof(struct nmf_conf, field),                \
    .words = (list), .help = (text)                                                                \
  }
static const char *const solvers[] = {"hals", "mu", NULL};
static const char *const bases[] = {"active", "anomalous", NULL};
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("window", PRAC_CONF_DURATION, window_ns, 600, NMF_MINUTES * 60, 1800,
         "what is judged at once, in whole minutes; published: 30 min"),
    ITEM("every", PRAC_CONF_DURATION, every_ns, 60, NMF_MINUTES * 60, 600,
         "how often; the window must be 1 to 6 times this; published: 10 to 30 min"),
    ITEM("complete", PRAC_CONF_REAL, complete, 0.1, 1, 0.9,
         "share of a window's minutes that must be heard; published: 0.92"),
    ITEM("v4-bits", PRAC_CONF_INT, v4_bits, 8, 32, 16,
         "IPv4 sources with so many leading bits in common are one host; published: 16"),
    ITEM("v6-bits", PRAC_CONF_INT, v6_bits, 16, 128, 48, "the same of IPv6"),
    ITEM("drop-single", PRAC_CONF_BOOL, drop_single, 0, 1, 1,
         "hosts with one packet in the window are left out; published: yes"),
    ITEM("minute-limit", PRAC_CONF_INT, minute_limit, 0, 1e9, 60,
         "hosts with more packets in a minute are left out, 0: none; published: 60 for /16, 45 for "
         "/24, 30 for single addresses"),
    ITEM("window-limit", PRAC_CONF_INT, window_limit, 0, 1e9, 0,
         "hosts with more packets in the window are left out, 0: none; published: none"),
    ITEM("rank-min", PRAC_CONF_INT, rank_min, 1, NMF_RANK, 1, "fewest patterns; published: 1"),
    ITEM("rank-max", PRAC_CONF_INT, rank_max, 1, NMF_RANK, 10, "most patterns; published: 10"),
    ITEM("mdl", PRAC_CONF_BOOL, mdl, 0, 1, 0,
         "only the number of patterns with the shortest description; published: no"),
    WORD("solver", solver, solvers,
         "hals, or mu: multiplicative steps as published, to the published precision"),
    ITEM("max-sweeps", PRAC_CONF_INT, max_sweeps, 1, 100000, 3000,
         "of a factorisation; published: 3000"),
    WORD("base", base, bases,
         "whose ports are counted: active hosts of a group, or its anomalous ones; published: "
         "active"),
    ITEM("active", PRAC_CONF_REAL, active, 0.01, 1e6, 1,
         "packets a pattern must explain for a host to be active in its group; published: 1"),
    ITEM("anomalous", PRAC_CONF_REAL, anomalous, 0.01, 1, 0.5,
         "share of the group's strongest host that makes a host anomalous; published: 0.5"),
    ITEM("percent", PRAC_CONF_REAL, pct, 0.1, 100, 5,
         "share of a group's hosts, in per cent, that must send to a port; published: 30"),
    ITEM("hosts", PRAC_CONF_INT, hosts, 2, 1e6, 2, "and so many hosts of it; published: 2"),
    ITEM("dst-percent", PRAC_CONF_REAL, dst_pct, 1, 100, 70,
         "a port is one point when more per cent of its packets and hosts go to one address; "
         "published: 70"),
    ITEM("min-hosts", PRAC_CONF_INT, min_hosts, 2, 1e6, 10,
         "hosts from which it is a synchronised group and not a survey; published: 2"),
    ITEM("hits", PRAC_CONF_INT, hits, 1, 210, 2,
         "groups, over all numbers of patterns, that must agree; published: 1"),
    ITEM("in-minutes", PRAC_CONF_REAL, in_minutes, 0.01, 1, 0.5,
         "a minute belongs to a group when its pattern has this share of its peak there"),
    ITEM("surprise", PRAC_CONF_REAL, surprise, 0, 300, 4,
         "-log10 of the chance that so many of a group's hosts send to a port; 0: as published"),
    ITEM("alpha", PRAC_CONF_REAL, alpha, 1e-300, 1, 1e-6,
         "chance a window that any port's hosts seem in step and are not; 1: as published"),
    ITEM("packets-each", PRAC_CONF_REAL, each, 0, 1e6, 1.5,
         "and so many packets of the median address at the port: forged senders have one each; 0: "
         "as published"),
    ITEM("lift", PRAC_CONF_REAL, lift, 1, 1000, 1.5,
         "and so many times as many as expected; 1: as published"),
    ITEM("survey", PRAC_CONF_BOOL, survey, 0, 1, 1, "say groups with fewer than min-hosts too"),
    ITEM("weak", PRAC_CONF_BOOL, weak, 0, 1, 0,
         "say ports too that have the published share but not the surprise or the hits"),
    ITEM("port-stage", PRAC_CONF_BOOL, port_stage, 0, 1, 1,
         "look for further ports that keep time with a claimed one; published: yes"),
    ITEM("port-share", PRAC_CONF_REAL, port_share, 0.1, 1, 0.98,
         "share of a pattern's strongest port that such a port must have; published: 0.98"),
    ITEM("high-hosts", PRAC_CONF_INT, high_hosts, 2, 1e9, 100, "hosts that make a group high"),
    ITEM("high-sensors", PRAC_CONF_INT, high_sensors, 1, 1e6, 3, "sensors that make it high"),
    ITEM("quiet-slots", PRAC_CONF_INT, quiet_slots, 1, ENG_GROUPS_QUIET_MAX, 3,
         "a claim ends when it was not found so often"),
    ITEM("max-rows", PRAC_CONF_INT, max_rows, 1024, ENG_TRAFFIC_ROWS_MAX, 1 << 20,
         "rows of one sensor in one window"),
    ITEM("max-hosts", PRAC_CONF_INT, max_hosts, 16, 1 << 20, 65536,
         "hosts of one sensor in one factorisation; the quietest are left out"),
    ITEM("max-sensors", PRAC_CONF_INT, max_sensors, 1, 4096, 64, "sensors followed"),
    {.key = "ignore",
     .type = PRAC_CONF_STRINGS,
     .offset = offsetof(struct nmf_conf, ignore),
     .sdflt = "backscatter,spoofed,bogon",
     .help = "rows with one of these marks do not count"},
};
const struct prac_conf_section nmf_conf_section = {
    .path = "engine.nmf",
    .about = "groups of hosts that one pattern in time drives",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct nmf_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    NMF_COUNTERS(X)
#undef X
};

static int64_t slot_ns(const void *conf)
{
  return prac_time_floor(((const struct nmf_conf *)conf)->every_ns, PRAC_MIN);
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct nmf_state *s = st;
  const struct nmf_conf *c = env->conf;
  s->conf = c;
  if (c->every_ns % PRAC_MIN || c->window_ns % c->every_ns ||
      c->window_ns / c->every_ns > NMF_OVERLAP)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "every must be whole minutes, and window 1 to %d times as long", NMF_OVERLAP);
  if (c->rank_min > c->rank_max)
    return PRAC_FAIL(reterr, PRAC_RANGE, "rank-min must not exceed rank-max");
  PRAC_TRY(eng_marks_read(&c->ignore, "ignore", &s->ignore, reterr));
  eng_sensors_init(&s->sensors, sizeof(struct eng_past), (uint32_t)c->max_sensors);
  const struct eng_traffic_conf t = {.v4_bits = (uint8_t)c->v4_bits,
                                     .v6_bits = (uint8_t)c->v6_bits,
                                     .step_ns = PRAC_MIN,
                                     .steps = (uint32_t)(c->window_ns / PRAC_MIN),
                                     .skip_marks = s->ignore,
                                     .max_rows = (size_t)c->max_rows,
                                     .seed = prac_rng_u64(env->rng) ^ env->secret};
  PRAC_TRY(eng_traffic_init(&s->window, &t, PRAC_TIME_NONE));
  return eng_groups_init(&s->groups, ENG_GROUPS_MAX);
}

static void sensor_done(void *block)
{
  eng_past_done(block);
}

static void close(void *st)
{
  struct nmf_state *s = st;
  eng_sensors_done(&s->sensors, sensor_done);
  eng_traffic_done(&s->window);
  eng_groups_done(&s->groups);
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct nmf_state *s = st;
  bool fresh = false;
  void *block = NULL;
  prac_rc rc = eng_sensors_touch(&s->sensors, b->sensor, &block, &fresh);
  if (rc == PRAC_FULL) {
    prac_count(&env->counters[NMF_COUNT_NO_SENSOR], 1);
    return PRAC_OK;
  }
  PRAC_TRY(rc);
  uint64_t refused = 0;
  PRAC_TRY(eng_past_add(block, b, (size_t)s->conf->max_rows, &refused));
  prac_count(&env->counters[NMF_COUNT_REFUSED], refused);
  prac_count(&env->counters[NMF_COUNT_ROWS], b->n);
  return PRAC_OK;
}

/* One sensor's window is over. */
static prac_rc judge(struct nmf_state *s, const char *name, const struct eng_env *env,
                     struct eng_claims *claims)
{
  const struct eng_traffic *t = &s->window;
  struct nmf_found found;
  prac_count(&env->counters[NMF_COUNT_REFUSED], t->refused);
  if (eng_traffic_minutes(t) < s->conf->complete * t->conf.steps) {
    prac_count(&env->counters[NMF_COUNT_SHORT], 1);
    return PRAC_OK;
  }
  struct prac_arena *a = prac_arena_new(1 << 20);
  if (!a) return PRAC_NOMEM;
  prac_rc rc = nmf_judge(s->conf, t, env, a, &found);
  if (rc == PRAC_OK) {
    prac_count(&env->counters[NMF_COUNT_WINDOWS], 1);
    prac_count(&env->counters[NMF_COUNT_GROUPS], found.groups);
    prac_count(&env->counters[NMF_COUNT_NO_PORT], found.refused);
    rc = nmf_claim(claims, name, &found, env->scratch);
  }
  prac_arena_free(&a);
  return rc;
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct nmf_state *s = st;
  struct eng_claims claims = {0};
  prac_time from = slot.to - s->conf->window_ns;
  for (uint32_t i = 0; i < s->sensors.n;) {
    struct eng_past *past = s->sensors.v[i].block;
    PRAC_TRY(eng_past_window(past, from, &s->window));
    PRAC_TRY(judge(s, s->sensors.v[i].name, env, &claims));
    eng_past_drop(past, from + s->conf->every_ns);
    if (past->n == 0)
      eng_sensors_drop(&s->sensors, i, sensor_done);
    else
      i++;
  }
  const struct eng_voice voice = nmf_voice(s->conf);
  PRAC_TRY(eng_groups_say(&s->groups, &claims, &voice, slot.to, env, out));
  prac_count(&env->counters[NMF_COUNT_NO_STORY], s->groups.refused);
  prac_gauge(&env->counters[NMF_COUNT_STORIES], s->groups.n);
  return PRAC_OK;
}

const struct eng_ops eng_nmf = {
    .name = "nmf",
    .about = "groups of hosts that one pattern in time drives, and the ports they knock at",
    .version = "3",
    .state_size = sizeof(struct nmf_state),
    .conf = &nmf_conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = nmf_save,
    .load = nmf_load,
    .close = close,
};
