/* One seed of one scenario: packets are made, read by a capture core for each sensor, handed to the
 * engines as flow batches, and what the engines say goes to desks and is kept for the comparison.
 * No file, no bus; memory is bounded by the scenario. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/core.h"
#include "engine/core.h"
#include "eval/eval.h"

enum { LINK_ETHERNET = 1, SURVEY_MAX = 64, SAID_MAX = 1 << 16, NAMES_BYTES = 512 };

/* What one finding was about; the rest of it is not needed any more. */
struct said {
  struct eval_wrong w;
  struct eval_subject s;
  bool opened; /* by the desk of w.who: an alarm; otherwise a finding */
};
struct desk {
  struct run *run;
  uint32_t who;
  struct alert_desk *d;
};
struct run {
  const struct eval_conf *c;
  struct gen *g;
  struct eng_core *engines;
  struct cap_core *sensors[GEN_SENSORS_MAX];
  struct desk desks[EVAL_WHO];
  const char *who[EVAL_WHO];
  size_t n_who, n_said;
  struct said *said;
  const struct finding *now; /* that the desks are being told of */
  struct prac_ip survey[SURVEY_MAX];
  size_t n_survey;
  struct flow_row *rows;
  uint32_t cap_rows;
  prac_time told;
  uint64_t packets;
  struct prac_err *err;
};

static bool in_list(const char *list, const char *name)
{
  size_t n = strlen(name);
  for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
    if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == '\0')) return true;
  return false;
}

static bool enabled(const struct eval_conf *c, const struct eng_ops *e)
{
  if (c->engines) return in_list(c->engines, e->name);
  const struct eng_common *s = c->settings ? prac_conf_get(c->settings, e->conf->path, 0) : NULL;
  return s ? s->enabled : true;
}

size_t eval_who(const struct eval_conf *c, const char *ret[EVAL_WHO])
{
  size_t n = 0;
  ret[n++] = "ensemble";
  for (const struct eng_ops *const *e = eng_list; *e && n < EVAL_WHO; e++)
    if (!(*e)->label && enabled(c, *e)) ret[n++] = (*e)->name;
  return n;
}

/* ---- what is said ---- */

static prac_rc keep(struct run *r, uint32_t who, const struct finding *f, bool opened)
{
  if (r->n_said == SAID_MAX)
    return PRAC_FAIL(r->err, PRAC_FULL, "more than %d findings in one run", SAID_MAX);
  struct said *s = &r->said[r->n_said++];
  *s = (struct said){.opened = opened, .s = eval_subject_of(f->key)};
  s->w = (struct eval_wrong){.who = who,
                             .level = f->level,
                             .hosts = (uint32_t)f->host_count,
                             .when = {f->at, f->from, f->to},
                             .score = f->score,
                             .value = f->value};
  (void)snprintf(s->w.key, sizeof s->w.key, "%s", f->key);
  (void)snprintf(s->w.kind, sizeof s->w.kind, "%s", f->kind);
  return PRAC_OK;
}

static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct desk *d = arg;
  if (strcmp(a->state, "open") != 0 || !d->run->now) return PRAC_OK;
  return keep(d->run, d->who, d->run->now, true);
}

static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct run *r = arg;
  if (!r->said || f->level < r->c->min_level) return PRAC_OK; /* not said in a warm-up */
  for (uint32_t i = 0; i < r->n_who; i++) {
    struct alert_desk *d = r->desks[i].d;
    if (i > 0 && strcmp(f->engine, r->who[i]) != 0) continue;
    if (strcmp(f->state, "on") == 0) PRAC_TRY(keep(r, i, f, false));
    PRAC_TRY(alert_desk_advance(d, f->at));
    r->now = f;
    prac_rc rc = alert_desk_take(d, f);
    r->now = NULL;
    PRAC_TRY(rc);
  }
  return PRAC_OK;
}

/* ---- what is heard ---- */

static bool on_survey_list(const struct run *r, const struct prac_ip *ip)
{
  for (size_t i = 0; i < r->n_survey; i++)
    if (memcmp(&r->survey[i], ip, sizeof *ip) == 0) return true;
  return false;
}

/* The batch with the geography and the survey list of the made world. */
static prac_rc placed(struct run *r, const struct flow_batch *b, struct flow_batch **ret)
{
  static const char *const lists[] = {"made"};
  if (b->n > r->cap_rows) {
    struct flow_row *v = realloc(r->rows, b->n * sizeof *v);
    if (!v) return PRAC_NOMEM;
    r->rows = v;
    r->cap_rows = b->n;
  }
  for (uint32_t i = 0; i < b->n; i++) {
    struct flow_row *row = &r->rows[i];
    *row = flow_batch_row(b, i);
    row->country = gen_country_of(&row->src);
    if (!on_survey_list(r, &row->src)) continue;
    row->survey = 1;
    row->marks |= FLOW_SURVEY;
  }
  struct flow_batch *out = NULL;
  PRAC_TRY(flow_batch_new(b->sensor, b->minute, r->rows, b->n, &out));
  out->part = b->part;
  out->last = b->last;
  prac_rc rc = flow_batch_describe(out, "made world", (struct model_strs){lists, 1});
  if (rc != PRAC_OK)
    flow_batch_unref(&out);
  else
    *ret = out;
  return rc;
}

static prac_rc on_batch(void *arg, struct flow_batch *b)
{
  struct run *r = arg;
  struct flow_batch *out = NULL;
  prac_rc rc = placed(r, b, &out);
  flow_batch_unref(&b);
  if (rc == PRAC_OK) rc = eng_core_feed(r->engines, out, r->err);
  flow_batch_unref(&out);
  return rc;
}

static prac_rc advance(struct run *r, prac_time t)
{
  prac_time minute = prac_time_floor(t - 2 * PRAC_SEC, PRAC_MIN);
  if (minute <= r->told) return PRAC_OK;
  r->told = minute;
  for (size_t i = 0; i < gen_sensor_count(r->g); i++) PRAC_TRY(cap_core_advance(r->sensors[i], t));
  return eng_core_advance(r->engines, NULL, minute, r->err);
}

static prac_rc play(struct run *r)
{
  struct gen_frame f;
  prac_rc rc;
  while ((rc = gen_next(r->g, &f)) == PRAC_OK) {
    struct cap_frame frame = {f.at, f.data, f.caplen, f.len, LINK_ETHERNET};
    PRAC_TRY(advance(r, f.at));
    PRAC_TRY(cap_core_frames(r->sensors[f.sensor], &frame, 1));
    r->packets++;
  }
  if (rc != PRAC_END) return rc;
  for (size_t i = 0; i < gen_sensor_count(r->g); i++) PRAC_TRY(cap_core_finish(r->sensors[i]));
  return eng_core_advance(r->engines, NULL, gen_span(r->g).to, r->err);
}

/* ---- life ---- */

static prac_rc open_desks(struct run *r)
{
  struct alert_conf room;
  const struct alert_conf *c =
      r->c->settings ? prac_conf_get(r->c->settings, alert_conf_section.path, 0) : NULL;
  if (!c) prac_conf_defaults(&alert_conf_section, &room);
  r->said = calloc(SAID_MAX, sizeof *r->said);
  if (!r->said) return PRAC_NOMEM;
  for (uint32_t i = 0; i < r->n_who; i++) {
    r->desks[i].run = r;
    r->desks[i].who = i;
    PRAC_TRY(alert_desk_new(c ? c : &room, on_alert, &r->desks[i], &r->desks[i].d));
  }
  return PRAC_OK;
}

static prac_rc open_run(struct run *r, const struct gen_conf *gc, const char *engines,
                        const struct eval_state *from)
{
  const struct eng_core_conf ec = {
      .nthreads = 1, .seed = 1, .only = engines, .settle_ns = -1, .clock = r->c->clock};
  r->told = PRAC_TIME_NONE;
  PRAC_TRY(gen_new(gc, &r->g, r->err));
  while (r->n_survey < SURVEY_MAX && gen_survey_at(r->g, r->n_survey, &r->survey[r->n_survey]))
    r->n_survey++;
  PRAC_TRY(eng_core_new(&ec, r->c->settings, on_finding, r, &r->engines, r->err));
  if (from && from->bytes) PRAC_TRY(eng_core_load(r->engines, from->bytes, from->len, r->err));
  for (size_t i = 0; i < gen_sensor_count(r->g); i++) {
    const struct cap_conf cc = {.sensor = gen_sensor_at(r->g, i)->name,
                                .country = gen_sensor_at(r->g, i)->country,
                                .nthreads = 1,
                                .no_empty = true};
    PRAC_TRY(cap_core_new(&cc, NULL, on_batch, r, &r->sensors[i], r->err));
  }
  return PRAC_OK;
}

static void close_run(struct run *r)
{
  for (size_t i = 0; i < GEN_SENSORS_MAX; i++) cap_core_free(&r->sensors[i]);
  for (size_t i = 0; i < EVAL_WHO; i++) alert_desk_free(&r->desks[i].d);
  eng_core_free(&r->engines);
  gen_free(&r->g);
  free(r->said);
  free(r->rows);
}

static prac_rc said_why(struct run *r, prac_rc rc, const char *what)
{
  if (rc != PRAC_OK && r->err && r->err->rc == PRAC_OK)
    return PRAC_FAIL(r->err, rc, "%s: %s", what, prac_rc_text(rc));
  return rc;
}

static prac_time scored_from(void)
{
  return prac_days_from_date(2026, 6, 18) * PRAC_DAY;
}

/* ---- warm-up ---- */

static prac_rc warm(const struct eval_conf *c, const struct gen_conf *gc, const char *engines,
                    const struct eval_state *from, struct eval_state *ret, struct prac_err *reterr)
{
  struct run r = {.c = c, .err = reterr};
  prac_rc rc = open_run(&r, gc, engines, from);
  if (rc == PRAC_OK) rc = play(&r);
  if (rc == PRAC_OK) rc = eng_core_save(r.engines, &ret->bytes, &ret->len, reterr);
  rc = said_why(&r, rc, "warm-up");
  close_run(&r);
  return rc;
}

/* Days of history mean little to an engine that looks back an hour, and cost as much: they are
 * given to those that keep long histories, the last days to all. */
static const char *historians(const struct eval_conf *c, char room[NAMES_BYTES])
{
  static const char *const names[] = {"surge", "riskport"};
  const char *who[EVAL_WHO];
  size_t n = eval_who(c, who), at = 0;
  room[0] = '\0';
  for (size_t i = 1; i < n; i++)
    for (size_t k = 0; k < PRAC_ARRAY_LEN(names); k++)
      if (strcmp(names[k], who[i]) == 0)
        at += (size_t)snprintf(room + at, NAMES_BYTES - at, "%s%s", at ? "," : "", who[i]);
  return at ? room : NULL;
}

prac_rc eval_warm(const struct eval_conf *c, const struct eval_scenario *s, enum eval_mode m,
                  struct eval_state *ret, struct prac_err *reterr)
{
  char room[NAMES_BYTES];
  const char *first = historians(c, room);
  struct eval_state early = {0};
  struct gen_conf gc = {.scenario = s->name, .world = eval_world(m), .usual = true};
  prac_rc rc = PRAC_OK;
  if (reterr) reterr->rc = PRAC_OK;
  *ret = (struct eval_state){0};
  int64_t history_ns = c->history_ns ? c->history_ns : s->history_ns;
  if (first && history_ns > c->warm_ns) {
    gc.seed = eval_world(m) * 2 + 1;
    gc.length_ns = history_ns - c->warm_ns;
    gc.start = scored_from() - history_ns;
    rc = warm(c, &gc, first, NULL, &early, reterr);
  }
  if (rc == PRAC_OK && c->warm_ns > 0) {
    gc.seed = eval_world(m) * 2 + 2;
    gc.length_ns = c->warm_ns;
    gc.start = scored_from() - c->warm_ns;
    rc = warm(c, &gc, c->engines, &early, ret, reterr);
  }
  free(early.bytes);
  return rc;
}

/* ---- the comparison ---- */

static void judge_alarm(const struct run *r, const struct said *s, const struct eval_truth *t,
                        size_t n, struct eval_result *ret)
{
  bool allowed = false;
  for (size_t i = 0; i < n; i++) {
    if (!eval_in_time(&t[i], &s->w.when, r->c->slack_ns)) continue;
    if (t[i].asked && eval_is_about(&t[i], &s->s)) return;
    allowed = allowed || eval_allowed(&t[i], &s->s, s->w.kind);
  }
  if (allowed) {
    ret->alarms_allowed[s->w.who]++;
    return;
  }
  ret->alarms_false[s->w.who]++;
  if (ret->n_wrong < EVAL_WRONG) ret->wrong[ret->n_wrong++] = s->w;
}

static void judge_event(const struct run *r, const struct eval_truth *t, struct eval_result *ret)
{
  if (!t->asked || t->first == PRAC_TIME_NONE || ret->n_events == EVAL_EVENTS) return;
  struct eval_found *e = &ret->events[ret->n_events++];
  (void)snprintf(e->name, sizeof e->name, "%s", t->name);
  (void)snprintf(e->what, sizeof e->what, "%s", t->what);
  e->hosts = t->hosts;
  e->packets = t->packets;
  for (size_t i = 0; i < EVAL_WHO; i++) e->delay_ns[i] = -1;
  for (size_t i = 0; i < r->n_said; i++) {
    const struct said *s = &r->said[i];
    int64_t *delay = &e->delay_ns[s->w.who], this = s->w.when.at - t->first;
    if (s->opened || !eval_in_time(t, &s->w.when, r->c->slack_ns) || !eval_is_about(t, &s->s))
      continue;
    if (*delay < 0 || this < *delay) *delay = this;
  }
}

static prac_rc compare(const struct run *r, struct eval_result *ret)
{
  struct eval_truth *t = NULL;
  size_t n = 0;
  PRAC_TRY(eval_truth_of(r->g, &t, &n));
  for (size_t i = 0; i < n; i++) judge_event(r, &t[i], ret);
  for (size_t i = 0; i < r->n_said; i++)
    if (r->said[i].opened) judge_alarm(r, &r->said[i], t, n, ret);
  eval_truth_free(&t, n);
  return PRAC_OK;
}

prac_rc eval_run(const struct eval_conf *c, const struct eval_scenario *s, enum eval_mode m,
                 uint64_t seed, const struct eval_state *from, struct eval_result *ret,
                 struct prac_err *reterr)
{
  struct run r = {.c = c, .err = reterr};
  int64_t began = c->clock ? c->clock() : 0;
  const struct gen_conf gc = {.scenario = s->name,
                              .seed = seed,
                              .world = eval_world(m),
                              .length_ns = s->length_ns,
                              .start = scored_from()};
  if (reterr) reterr->rc = PRAC_OK;
  *ret = (struct eval_result){.scenario = (uint32_t)(s - eval_scenarios), .seed = seed};
  r.n_who = eval_who(c, r.who);
  prac_rc rc = eval_seed_is(s, m, seed)
                   ? open_desks(&r)
                   : PRAC_FAIL(reterr, PRAC_DENIED, "seed %llu is not one of this kind",
                               (unsigned long long)seed);
  if (rc == PRAC_OK) rc = open_run(&r, &gc, c->engines, from);
  if (rc == PRAC_OK) rc = play(&r);
  if (rc == PRAC_OK) rc = eng_core_finish(r.engines, reterr);
  if (rc == PRAC_OK) rc = compare(&r, ret);
  rc = said_why(&r, rc, s->name);
  if (rc == PRAC_OK) ret->scored_ns = gen_span(r.g).to - gen_span(r.g).from;
  ret->packets = r.packets;
  ret->cpu_ns[0] = c->clock ? c->clock() - began : 0;
  for (uint32_t i = 1; i < r.n_who && rc == PRAC_OK; i++)
    ret->cpu_ns[i] = eng_core_spent(r.engines, r.who[i]);
  close_run(&r);
  return rc;
}
