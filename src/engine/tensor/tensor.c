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
  eng_sensors_init(&s->sensors, sizeof(struct tensor_sensor), (uint32_t)s->conf->max_sensors);
  PRAC_TRY(tensor_conf_read(s, reterr));
  s->traffic.seed = prac_rng_u64(env->rng);
  s->stories = calloc((size_t)s->conf->max_stories, sizeof *s->stories);
  if (!s->stories) return PRAC_FAIL(reterr, PRAC_NOMEM, "groups: out of memory");
  return PRAC_OK;
}

static void sensor_done(void *block)
{
  struct tensor_sensor *x = block;
  for (size_t i = 0; i < TENSOR_WINDOWS_MAX; i++) eng_traffic_done(&x->window[i]);
}

static void close(void *st)
{
  struct tensor_state *s = st;
  if (!s->conf) return;
  eng_sensors_done(&s->sensors, sensor_done);
  free(s->stories);
  free(s->ignored);
  s->stories = NULL;
  s->ignored = NULL;
}

static struct eng_traffic *window_at(const struct tensor_state *s, struct tensor_sensor *x,
                                     prac_time from)
{
  int64_t nth = from / s->conf->slot_ns % s->n_windows;
  return &x->window[nth < 0 ? nth + s->n_windows : nth];
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
  struct tensor_sensor *x = block;
  prac_time newest = prac_time_floor(b->minute, s->conf->slot_ns);
  for (uint32_t i = 0; i < s->n_windows; i++) {
    prac_time from = newest - i * s->conf->slot_ns;
    struct eng_traffic *t = window_at(s, x, from);
    if (fresh) PRAC_TRY(eng_traffic_init(t, &s->traffic, from));
    if (t->from != from) eng_traffic_reset(t, from);
    uint64_t refused = t->refused;
    PRAC_TRY(eng_traffic_add(t, b));
    if (i == 0) prac_count(&env->counters[TENSOR_COUNT_REFUSED], t->refused - refused);
  }
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
  size_t sum = 0;
  for (uint32_t i = 0; i < s->sensors.n; i++) {
    const struct tensor_sensor *x = s->sensors.v[i].block;
    for (uint32_t k = 0; k < s->n_windows; k++) {
      const struct eng_traffic *t = &x->window[k];
      sum += t->cap_rows * sizeof *t->rows + (t->src.cap + t->dst.cap) * sizeof(struct prac_ip) +
             (t->src.n_slots + t->dst.n_slots) * sizeof(uint32_t) + t->src.cap * sizeof(uint16_t);
    }
  }
  return sum;
}

static bool is_silent(const struct tensor_state *s, struct tensor_sensor *x)
{
  for (uint32_t i = 0; i < s->n_windows; i++)
    if (eng_traffic_minutes(&x->window[i])) return false;
  return true;
}

/* Every sensor whose window ends now; heard: room for all of them. */
static prac_rc judge_all(struct tensor_state *s, prac_time now, const struct eng_env *env,
                         struct tensor_heard *heard, uint32_t *ret_n)
{
  PRAC_CLEANUP(prac_arena_free) struct prac_arena *work = prac_arena_new(1 << 20);
  if (!work) return PRAC_NOMEM;
  for (uint32_t i = 0; i < s->sensors.n; i++) {
    struct tensor_sensor *x = s->sensors.v[i].block;
    struct eng_traffic *t = window_at(s, x, now - s->conf->window_ns);
    bool ends_now = t->from == now - s->conf->window_ns;
    if (ends_now && is_complete(s, t)) {
      heard[*ret_n].sensor = s->sensors.v[i].name;
      PRAC_TRY(tensor_judge(s, t, work, env, &heard[(*ret_n)++].groups));
      prac_arena_reset(work);
    } else if (ends_now) {
      prac_count(&env->counters[TENSOR_COUNT_INCOMPLETE], 1);
    }
    if (t->from < now) eng_traffic_reset(t, now);
  }
  return PRAC_OK;
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct tensor_state *s = st;
  uint32_t n = 0;
  struct tensor_heard *heard = prac_arena_alloc(env->scratch, (s->sensors.n + 1) * sizeof *heard);
  if (!heard) return PRAC_NOMEM;
  prac_gauge(&env->counters[TENSOR_COUNT_BYTES], bytes_of(s));
  PRAC_TRY(judge_all(s, slot.to, env, heard, &n));
  PRAC_TRY(tensor_say(s, heard, n, slot, env, out));
  for (uint32_t i = s->sensors.n; i-- > 0;)
    if (is_silent(s, s->sensors.v[i].block)) eng_sensors_drop(&s->sensors, i, sensor_done);
  prac_gauge(&env->counters[TENSOR_COUNT_SENSORS], s->sensors.n);
  prac_gauge(&env->counters[TENSOR_COUNT_STORIES], s->n_stories);
  return PRAC_OK;
}

const struct eng_ops eng_tensor = {
    .name = "tensor",
    .about = "hosts that knock at the same port at the same times (Dark-NTD)",
    .version = "1",
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
