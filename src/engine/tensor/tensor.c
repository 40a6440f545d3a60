/* Windows of all sensors: which are open, which are judged, when they are given up. What a window
 * says is judge.c's business. */
#include "engine/tensor/tensor.h"

#include <stdlib.h>

#include "base/arena.h"

static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    TENSOR_COUNTERS(X)
#undef X
};

static int64_t slot_ns(const void *conf)
{
  return ((const struct tensor_conf *)conf)->slot_ns;
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct tensor_state *s = st;
  s->conf = env->conf;
  eng_sensors_init(&s->sensors, sizeof(struct eng_past), (uint32_t)s->conf->max_sensors);
  PRAC_TRY(tensor_conf_read(s, reterr));
  s->traffic.seed = prac_rng_u64(env->rng) ^ env->secret;
  PRAC_TRY(eng_traffic_init(&s->window, &s->traffic, PRAC_TIME_NONE));
  return eng_groups_init(&s->groups, (uint32_t)s->conf->max_stories);
}

static void sensor_done(void *block)
{
  eng_past_done(block);
}

static void close(void *st)
{
  struct tensor_state *s = st;
  if (!s->conf) return;
  eng_sensors_done(&s->sensors, sensor_done);
  eng_traffic_done(&s->window);
  eng_groups_done(&s->groups);
  free(s->ignored);
  s->ignored = NULL;
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct tensor_state *s = st;
  void *block = NULL;
  bool fresh = false;
  prac_rc rc = eng_sensors_touch(&s->sensors, b->sensor, &block, &fresh);
  if (rc == PRAC_FULL) {
    prac_count(&env->counters[TENSOR_COUNT_NO_SENSOR], 1);
    return PRAC_OK;
  }
  PRAC_TRY(rc);
  uint64_t refused = 0;
  PRAC_TRY(eng_past_add(block, b, (size_t)s->conf->max_rows, &refused));
  prac_count(&env->counters[TENSOR_COUNT_REFUSED], refused);
  return PRAC_OK;
}

/* ---- the end of a slot ---- */

static bool is_complete(const struct tensor_state *s, const struct eng_traffic *t)
{
  int64_t minutes = s->conf->window_ns / PRAC_MIN;
  return eng_traffic_minutes(t) >= s->conf->complete * (double)minutes;
}

static size_t bytes_of(const struct tensor_state *s)
{
  const struct eng_traffic *t = &s->window;
  size_t sum = t->cap_rows * sizeof *t->rows +
               (t->src.cap + t->dst.cap) * (sizeof(struct prac_ip) + sizeof(uint16_t)) +
               (t->src.n_slots + t->dst.n_slots) * sizeof(uint32_t);
  for (uint32_t i = 0; i < s->sensors.n; i++) sum += eng_past_bytes(s->sensors.v[i].block);
  return sum;
}

/* Every sensor whose window ends now. */
static prac_rc judge_all(struct tensor_state *s, prac_time now, const struct eng_env *env,
                         struct eng_claims *claims)
{
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *work = prac_arena_new(1 << 20);
  if (!work) return PRAC_NOMEM;
  const struct eng_traffic *t = &s->window;
  prac_time from = now - s->conf->window_ns;
  for (uint32_t i = 0; i < s->sensors.n; i++) {
    struct eng_past *past = s->sensors.v[i].block;
    PRAC_TRY(eng_past_window(past, from, &s->window));
    prac_count(&env->counters[TENSOR_COUNT_REFUSED], t->refused);
    if (is_complete(s, t)) {
      struct tensor_groups found;
      PRAC_TRY(tensor_judge(s, t, work, env, &found));
      PRAC_TRY(tensor_claim(claims, s->sensors.v[i].name, &found, env->scratch));
      prac_arena_reset(work);
    } else {
      prac_count(&env->counters[TENSOR_COUNT_INCOMPLETE], 1);
    }
    eng_past_drop(past, from + s->conf->slot_ns);
  }
  return PRAC_OK;
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct tensor_state *s = st;
  struct eng_claims claims = {0};
  const struct eng_voice voice = tensor_voice(s->conf);
  prac_gauge(&env->counters[TENSOR_COUNT_BYTES], bytes_of(s));
  PRAC_TRY(judge_all(s, slot.to, env, &claims));
  PRAC_TRY(eng_groups_say(&s->groups, &claims, &voice, slot.to, env, out));
  prac_count(&env->counters[TENSOR_COUNT_NO_STORY], s->groups.refused);
  for (uint32_t i = s->sensors.n; i-- > 0;) {
    const struct eng_past *past = s->sensors.v[i].block;
    if (past->n == 0) eng_sensors_drop(&s->sensors, i, sensor_done);
  }
  prac_gauge(&env->counters[TENSOR_COUNT_SENSORS], s->sensors.n);
  prac_gauge(&env->counters[TENSOR_COUNT_STORIES], s->groups.n);
  return PRAC_OK;
}

const struct eng_ops eng_tensor = {
    .name = "tensor",
    .about = "hosts that knock at the same port at the same times (Dark-NTD)",
    .version = "2",
    .state_size = sizeof(struct tensor_state),
    .conf = &tensor_conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = tensor_save,
    .load = tensor_load,
    .close = close,
};
