/* Attacks: episodes of the honeypots, and one of them closely. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "portal/job.h"
#include "portal/record.h"

/* ---- /attacks ---- */

static bool has_vector(const struct episode *e, const char *vector)
{
  for (uint32_t i = 0; i < e->vectors.n; i++)
    if (strcmp(e->vectors.v[i], vector) == 0) return true;
  return false;
}

static bool wanted(const struct portal_attacks *a, const struct episode *e)
{
  return strcmp(e->profile, a->profile) == 0 && (!a->vector || has_vector(e, a->vector));
}

static prac_rc take_parent(void *arg, const void *rec, bool *keep)
{
  struct portal_attacks *a = arg;
  (void)keep;
  a->found = wanted(a, rec);
  return PRAC_OK;
}

/* Does the parent stand in the same list? */
static prac_rc parent_listed(struct portal_attacks *a, const char *id, bool *ret,
                             struct prac_err *err)
{
  uint64_t h = prac_hash_bytes(0, id, strlen(id));
  for (size_t i = 0; i < a->n_parents && i < PRAC_ARRAY_LEN(a->parents); i++)
    if (a->parents[i].id == h) {
      *ret = a->parents[i].listed;
      return PRAC_OK;
    }
  struct store_query q = a->q;
  q.id = id;
  q.after = NULL;
  a->found = false;
  PRAC_TRY(portal_records(a->job, a->store, &q, take_parent, a, err));
  a->parents[a->n_parents++ % PRAC_ARRAY_LEN(a->parents)].id = h;
  a->parents[(a->n_parents - 1) % PRAC_ARRAY_LEN(a->parents)].listed = a->found;
  *ret = a->found;
  return PRAC_OK;
}

prac_rc portal_attack_listed(struct portal_attacks *a, const struct episode *e, bool *ret,
                             struct prac_err *reterr)
{
  bool part = false;
  if (wanted(a, e) && e->parent[0]) PRAC_TRY(parent_listed(a, e->parent, &part, reterr));
  *ret = wanted(a, e) && !part;
  return PRAC_OK;
}

static prac_rc put_attacks(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  struct portal_attacks *a = arg;
  for (size_t i = 0; i < n; i++) {
    bool listed = false;
    PRAC_TRY(portal_attack_listed(a, recs[i], &listed, err));
    if (listed) PRAC_TRY(rows_put_record(&a->job->rows, &model_episode, recs[i]));
  }
  return PRAC_OK;
}

static prac_rc attacks(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct portal_attacks *a = j->ask;
  a->job = j;
  a->store = s;
  return portal_scan(j, s, a->q, put_attacks, a, reterr);
}

void portal_attacks(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct portal_job *j = portal_job_new(p, r, attacks, sizeof(struct portal_attacks));
  (void)word;
  if (!j) return;
  struct portal_attacks *a = j->ask;
  a->q = (struct store_query){.what = STORE_RECORDS, .kind = &model_episode};
  prac_rc rc = portal_read_question(j, NULL, &a->q, &err);
  if (rc == PRAC_OK) rc = portal_job_param(j, "vector", NULL, &a->vector);
  if (rc == PRAC_OK) rc = portal_job_param(j, "profile", "isp", &a->profile);
  portal_job_rows(j, a->q.limit);
  portal_job_put(j, rc, &err);
}

/* ---- /attacks/{id} ---- */

enum { PARTS_MAX = 256, PARTS_SEEN = 4096, ALERTS_MAX = 20, HITS_MAX = 100000, STEPS_MAX = 720 };
struct sum { /* of one sensor or vector */
  char name[64];
  uint64_t packets;
};
struct sums {
  struct sum v[64]; /* the last: all that find no room, without a name */
  size_t n;
};
struct attack {
  struct portal_job *job;
  struct store *store;
  struct episode e;
  bool found;
  struct prac_span span;
  struct prac_prefix victim;
  int64_t step_ns;
  uint64_t *steps;
  size_t n_steps, n_hits, n_parts;
  struct sums sensors, vectors;
  bool parts_cut;
};

static prac_rc take_it(void *arg, const void *rec, bool *keep)
{
  struct attack *a = arg;
  a->e = *(const struct episode *)rec;
  *keep = a->found = true;
  return PRAC_OK;
}

static prac_rc take_part(void *arg, const void *rec, bool *keep)
{
  struct attack *a = arg;
  const struct episode *e = rec;
  (void)keep;
  if (strcmp(e->parent, a->e.id) != 0) return PRAC_OK;
  if (a->n_parts == PARTS_MAX) {
    a->parts_cut = true;
    return PRAC_OK;
  }
  a->n_parts++;
  model_to_json(&model_episode, e, &a->job->rows.j);
  return PRAC_OK;
}

static prac_rc take_alert(void *arg, const void *rec, bool *keep)
{
  struct attack *a = arg;
  (void)keep;
  record_alert_brief(rec, &a->job->rows.j);
  return PRAC_OK;
}

static void sum_add(struct sums *s, const char *name, uint64_t packets)
{
  size_t i = 0, last = PRAC_ARRAY_LEN(s->v) - 1;
  while (i < s->n && i < last && strcmp(s->v[i].name, name) != 0) i++;
  if (i == s->n) s->n++;
  (void)snprintf(s->v[i].name, sizeof s->v[i].name, "%s", i < last ? name : "");
  s->v[i].packets += packets;
}

/* A hit tells of a second at most, or of one slow packet: it stands where it ended. */
static prac_rc take_hit(void *arg, const void *rec, bool *keep)
{
  struct attack *a = arg;
  const struct hit *h = rec;
  (void)keep;
  if (!has_vector(&a->e, h->vector) || h->scanner) return PRAC_OK;
  if (h->to < a->span.from || h->to >= a->span.to) return PRAC_OK;
  a->n_hits++;
  a->steps[(h->to - a->span.from) / a->step_ns] += h->packets;
  sum_add(&a->sensors, h->sensor, h->packets);
  sum_add(&a->vectors, h->vector, h->packets);
  return PRAC_OK;
}

/* From the first packet to the last, in steps so long that they are not too many. */
static prac_rc make_steps(struct attack *a)
{
  static const int64_t steps[] = {PRAC_SEC,      10 * PRAC_SEC, PRAC_MIN,
                                  10 * PRAC_MIN, PRAC_HOUR,     PRAC_DAY};
  int64_t length = a->e.to > a->e.from ? a->e.to - a->e.from : 1;
  size_t i = 0;
  while (i + 1 < PRAC_ARRAY_LEN(steps) && length / steps[i] >= STEPS_MAX) i++;
  a->step_ns = steps[i];
  a->span.from = prac_time_floor(a->e.from, a->step_ns);
  int64_t n = (a->e.to - a->span.from) / a->step_ns + 1;
  a->n_steps = n < 1 ? 1 : n > STEPS_MAX + 1 ? STEPS_MAX + 1 : (size_t)n;
  a->span.to = a->span.from + (int64_t)a->n_steps * a->step_ns;
  a->steps = prac_arena_alloc(a->job->arena, a->n_steps * sizeof *a->steps);
  return a->steps ? PRAC_OK : PRAC_NOMEM;
}

static void sums_json(struct prac_json *j, const char *key, const struct sums *s)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (size_t i = 0; i < s->n; i++) {
    prac_json_open(j, '{');
    prac_json_key_str(j, "name", s->v[i].name);
    prac_json_key_u64(j, "packets", s->v[i].packets);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

/* Null when no hit of it is kept any more. */
static prac_rc put_rate(struct attack *a, struct prac_err *err)
{
  struct prac_json *j = &a->job->rows.j;
  struct store_query q = {.what = STORE_RECORDS,
                          .kind = &model_hit,
                          .victim = a->victim,
                          .oldest_first = true,
                          .limit = HITS_MAX};
  PRAC_TRY(make_steps(a));
  /* Told within a second of its end, and at the latest with the minute. */
  q.span = (struct prac_span){a->span.from, a->span.to + PRAC_MIN};
  PRAC_TRY(portal_records(a->job, a->store, &q, take_hit, a, err));
  prac_json_key(j, "rate");
  if (a->n_hits == 0) {
    prac_json_null(j);
    return PRAC_OK;
  }
  prac_json_open(j, '{');
  prac_json_key_time(j, "from", a->span.from);
  prac_json_key(j, "step_s");
  prac_json_i64(j, a->step_ns / PRAC_SEC);
  prac_json_key(j, "packets");
  prac_json_open(j, '[');
  for (size_t i = 0; i < a->n_steps; i++) prac_json_u64(j, a->steps[i]);
  prac_json_close(j, ']');
  prac_json_key_u64(j, "hits", a->n_hits);
  prac_json_key_bool(j, "cut", a->n_hits == HITS_MAX);
  sums_json(j, "sensors", &a->sensors);
  sums_json(j, "vectors", &a->vectors);
  prac_json_close(j, '}');
  return PRAC_OK;
}

static prac_rc put_list(struct attack *a, const char *key, const struct store_query *q,
                        portal_record_fn *each, struct prac_err *err)
{
  struct prac_json *j = &a->job->rows.j;
  prac_json_key(j, key);
  prac_json_open(j, '[');
  PRAC_TRY(portal_records(a->job, a->store, q, each, a, err));
  prac_json_close(j, ']');
  return PRAC_OK;
}

static prac_rc attack(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct attack a = {.job = j, .store = s};
  struct store_query q = {.what = STORE_RECORDS, .kind = &model_episode, .id = j->ask, .limit = 1};
  PRAC_TRY(portal_records(j, s, &q, take_it, &a, reterr));
  if (!a.found) return PRAC_FAIL(reterr, PRAC_END, "there is no such attack");
  a.victim = (struct prac_prefix){a.e.victim, (uint8_t)a.e.prefix_bits};
  prac_json_open(&j->rows.j, '{');
  prac_json_key(&j->rows.j, "attack");
  model_to_json(&model_episode, &a.e, &j->rows.j);
  q = (struct store_query){.what = STORE_RECORDS,
                           .kind = &model_episode,
                           .victim = a.victim,
                           .span = {a.e.from, PRAC_TIME_NONE},
                           .limit = PARTS_SEEN};
  PRAC_TRY(put_list(&a, "parts", &q, take_part, reterr));
  prac_json_key_bool(&j->rows.j, "parts_cut", a.parts_cut);
  PRAC_TRY(put_rate(&a, reterr));
  q.kind = &model_alert;
  q.limit = ALERTS_MAX;
  PRAC_TRY(put_list(&a, "alerts", &q, take_alert, reterr));
  prac_json_close(&j->rows.j, '}');
  return PRAC_OK;
}

void portal_attack(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct portal_job *j = portal_job_new(p, r, attack, strlen(word) + 1);
  if (!j) return;
  memcpy(j->ask, word, strlen(word) + 1);
  portal_job_put(j, PRAC_OK, &(struct prac_err){0});
}
