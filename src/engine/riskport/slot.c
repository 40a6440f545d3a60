/* A slot is over: what is said of its ports, and how it becomes history. */
#include <stdlib.h>
#include <string.h>

#include "engine/riskport/riskport.h"

void risk_slot_begin(struct risk_state *s, prac_time slot)
{
  int64_t day_ns = s->slot_ns * RISK_DAY_SLOTS, nth = prac_time_floor(slot, day_ns) / day_ns;
  uint32_t day = nth < 1 ? 1 : nth > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)nth;
  if (s->slot != PRAC_TIME_NONE && s->hour.n_ports) risk_hour_reset(&s->hour); /* never ended */
  s->slot = slot;
  if (day <= s->day) return;
  risk_day_turn(s, day);
  risk_sensors_turn(s);
}

/* ---- telling ---- */

/* News when it begins, and when its risk or a slot's sources have risen since. */
static bool is_news(struct risk_story *story, const struct risk_state *s,
                    const struct risk_judged *j, prac_time to)
{
  double *said = &story->said[s->grain];
  bool grown = *said > 0 && j->sources >= *said * s->conf->grown;
  bool first = story->at == PRAC_TIME_NONE;
  if (story->at == to) return false; /* once in a slot */
  if (!first && !grown && j->risk <= story->risk) {
    if (*said <= 0) *said = j->sources;
    return false;
  }
  if (j->sources > *said) *said = j->sources;
  if (j->risk > story->risk) story->risk = (uint8_t)j->risk;
  story->at = to;
  return true;
}

static prac_rc tell(struct risk_engine *e, const struct risk_state *s, const struct risk_judged *j,
                    prac_time to, const struct eng_env *env, struct eng_out *out)
{
  prac_count(&env->counters[RISK_COUNT_ABOVE], j->level > 0);
  prac_count(&env->counters[RISK_COUNT_WATCH], j->level == 0 && j->watch);
  bool watch = s->conf->say_watch && j->watch;
  if (j->level == 0 ? !watch : j->risk < (uint32_t)s->conf->min_risk) return PRAC_OK;
  struct risk_port *p = risk_port_touch(&e->g[0], j->seen->id);
  if (!p) return PRAC_NOMEM;
  struct risk_story *story = &p->story;
  if (j->level == 0 && story->on) return PRAC_OK; /* does not keep a story going */
  if (!story->on) *story = (struct risk_story){.on = true, .from = s->slot, .at = PRAC_TIME_NONE};
  story->to = to;
  return is_news(story, s, j, to) ? risk_say(s, j, story, env, out) : PRAC_OK;
}

/* With the opinions of the graph and of each port's own series. */
static prac_rc opinions(struct risk_state *s, struct risk_judged *v, uint32_t n,
                        const struct eng_env *env)
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
  return PRAC_OK;
}

static int by_port(const void *pa, const void *pb)
{
  const struct risk_port *const *a = pa, *const *b = pb;
  return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

prac_rc risk_stories_end(struct risk_engine *e, prac_time now, const struct eng_env *env,
                         struct eng_out *out)
{
  struct risk_state *s = &e->g[0];
  uint32_t n = 0;
  int64_t quiet_ns = s->conf->quiet * s->slot_ns;
  struct risk_port **v = prac_arena_alloc(env->scratch, (s->n_ports + (size_t)1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < s->n_ports; i++)
    if (s->ports[i].story.on && s->ports[i].story.to + quiet_ns <= now) v[n++] = &s->ports[i];
  qsort((void *)v, n, sizeof *v, by_port);
  for (uint32_t i = 0; i < n; i++) {
    PRAC_TRY(risk_say_over(s, v[i], out));
    v[i]->story = (struct risk_story){0};
  }
  return PRAC_OK;
}

/* ---- history ---- */

/* The slot becomes history, when anybody was there to hear it. */
static void remember(struct risk_state *s, const struct risk_judged *v, uint32_t n,
                     const struct eng_env *env)
{
  bool any = false;
  uint64_t refused = 0;
  uint32_t today = s->day % s->days;
  uint32_t nth = (uint32_t)(prac_time_floor(s->slot, s->slot_ns) / s->slot_ns % RISK_DAY_SLOTS);
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    struct risk_sensor *x = &s->sensors[i];
    any |= x->now;
    if (x->now) {
      x->up[today] |= 1u << nth;
      x->weight += x->weight > 0 ? (x->rows - x->weight) / RISK_DAY_SLOTS : x->rows;
    }
    x->now = false;
    x->rows = 0;
  }
  if (!any) return;
  s->heard[today]++;
  risk_sensors_turn(s);
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

prac_rc risk_slot_close(struct risk_engine *e, struct risk_state *s, prac_time to,
                        const struct eng_env *env, struct eng_out *out)
{
  struct risk_sorted pairs;
  struct risk_judged *v = NULL;
  uint32_t n = 0;
  bool heard = false;
  for (uint32_t i = 0; i < s->n_sensors; i++) heard |= s->sensors[i].now;
  if (heard) {
    PRAC_TRY(risk_hour_sort(&s->hour, env->scratch, &pairs));
    PRAC_TRY(risk_judge(s, &pairs, env, &v, &n));
    PRAC_TRY(opinions(s, v, n, env));
  }
  remember(s, v, n, env);
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(tell(e, s, &v[i], to, env, out));
  prac_count(&env->counters[RISK_COUNT_SAMPLED], s->hour.shift > 0);
  risk_hour_reset(&s->hour);
  return PRAC_OK;
}
