/* Who was told of an attack or an alert, when and how, and what routers were asked to do: the
 * notifier says it (model/delivery.h), the store keeps it. Operators read all of it;
 * others that somebody was told, by what kind of way, and rules that came into force. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/job.h"

/* LOOKED_MAX: at a key's records, which may be another alert's. APART: the clocks of whoever says
 * when an alert opened and of the notifier. */
enum { DELIVERIES_MAX = 1000, LOOKED_MAX = 10000, STORIES_MAX = 8 };
#define APART PRAC_HOUR

bool portal_delivery_brief(struct delivery *d)
{
  static const char *const shown[] = {"sent", "failed", "held", "announced", "withdrawn"};
  bool ok = false;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(shown); i++) ok |= strcmp(d->outcome, shown[i]) == 0;
  d->tenant = d->detail = "";
  d->to_count = 0;
  return ok;
}

struct told {
  struct portal_job *job;
  const char *attack, *alert; /* one of them, or neither: q */
  struct store_query q;
  bool all; /* an operator asks */
  struct episode e;
  struct alert a;
  bool found;
  /* of a story: from each of its keys the oldest, and one more than are given */
  const struct delivery **v;
  size_t n, n_key, looked;
};

static prac_rc take_attack(void *arg, const void *rec, bool *keep)
{
  struct told *t = arg;
  t->e = *(const struct episode *)rec;
  *keep = t->found = true;
  return PRAC_OK;
}

static prac_rc take_alert(void *arg, const void *rec, bool *keep)
{
  struct told *t = arg;
  t->a = *(const struct alert *)rec;
  *keep = t->found = true;
  return PRAC_OK;
}

static prac_rc put_chunk(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  struct told *t = arg;
  (void)err;
  for (size_t i = 0; i < n; i++) {
    struct delivery d = *(const struct delivery *)recs[i];
    if (!t->all && !portal_delivery_brief(&d)) continue;
    PRAC_TRY(rows_put_record(&t->job->rows, &model_delivery, &d));
  }
  return PRAC_OK;
}

static prac_rc keep(void *arg, const void *rec, bool *ret_keep)
{
  struct told *t = arg;
  struct delivery d = *(const struct delivery *)rec;
  t->looked++;
  if (t->alert && strcmp(d.what, "alert") == 0 && strcmp(d.ref, t->alert) != 0) return PRAC_OK;
  if (!t->all && !portal_delivery_brief(&d)) return PRAC_OK;
  struct delivery *own = prac_arena_alloc(t->job->arena, sizeof *own);
  if (!own) return PRAC_NOMEM;
  *own = d;
  t->v[t->n++] = own;
  *ret_keep = true;
  return ++t->n_key > DELIVERIES_MAX ? PRAC_STOPPED : PRAC_OK;
}

/* Those of one of the story's keys, "attack:ID" or that of the alert, from a time on. */
static prac_rc list(struct told *t, struct store *s, const char *key, prac_time from,
                    struct prac_err *reterr)
{
  struct store_query q = t->q;
  q.key = key;
  q.span.from = from;
  q.oldest_first = true;
  q.limit = LOOKED_MAX;
  t->n_key = t->looked = 0;
  prac_rc rc = portal_records(t->job, s, &q, keep, t, reterr);
  t->job->rows.truncated |= t->looked == LOOKED_MAX;
  return rc == PRAC_STOPPED ? PRAC_OK : rc;
}

static int by_time(const void *a, const void *b)
{
  const struct delivery *const *x = a, *const *y = b;
  if ((*x)->at != (*y)->at) return (*x)->at < (*y)->at ? -1 : 1;
  return strcmp((*x)->id, (*y)->id);
}

/* All keys' in the order it was done. What is more than can be given has no next page. */
static prac_rc give(struct told *t)
{
  struct rows *r = &t->job->rows;
  prac_rc rc = PRAC_OK;
  if (t->n) qsort(t->v, t->n, sizeof *t->v, by_time);
  for (size_t i = 0; i < t->n && rc == PRAC_OK; i++)
    rc = rows_put_record(r, &model_delivery, t->v[i]);
  r->next[0] = '\0';
  return rc;
}

static prac_rc list_attack(struct told *t, struct store *s, const char *id, size_t n,
                           struct prac_err *reterr)
{
  char key[192];
  (void)snprintf(key, sizeof key, "attack:%.*s", (int)n, id);
  return list(t, s, key, PRAC_TIME_NONE, reterr);
}

static prac_rc of_attack(struct told *t, struct store *s, struct prac_err *reterr)
{
  const struct store_query q = {
      .what = STORE_RECORDS, .kind = &model_episode, .id = t->attack, .limit = 1};
  PRAC_TRY(portal_records(t->job, s, &q, take_attack, t, reterr));
  if (!t->found) return PRAC_FAIL(reterr, PRAC_END, "there is no such attack");
  PRAC_TRY(list_attack(t, s, t->attack, strlen(t->attack), reterr));
  /* A part of a carpet is told with it. */
  const char *parent = t->e.parent;
  return *parent ? list_attack(t, s, parent, strlen(parent), reterr) : PRAC_OK;
}

/* An alert about an attack is not told by itself: the attack is. "drdos-ID.REVISION" */
static prac_rc of_its_attacks(struct told *t, struct store *s, struct prac_err *reterr)
{
  static const char by[] = "drdos-";
  const char *had[STORIES_MAX];
  size_t n_had = 0, len_had[STORIES_MAX];
  for (uint32_t i = t->a.findings.n; i-- > 0 && n_had < STORIES_MAX;) {
    const char *f = t->a.findings.v[i], *dot = strrchr(f, '.');
    bool known = !dot || strncmp(f, by, sizeof by - 1) != 0;
    if (known) continue;
    f += sizeof by - 1;
    size_t n = (size_t)(dot - f);
    for (size_t k = 0; k < n_had; k++) known |= len_had[k] == n && memcmp(had[k], f, n) == 0;
    if (known) continue;
    had[n_had] = f;
    len_had[n_had++] = n;
    PRAC_TRY(list_attack(t, s, f, n, reterr));
  }
  return PRAC_OK;
}

static prac_rc of_alert(struct told *t, struct store *s, struct prac_err *reterr)
{
  const struct store_query q = {
      .what = STORE_RECORDS, .kind = &model_alert, .id = t->alert, .limit = 1};
  PRAC_TRY(portal_records(t->job, s, &q, take_alert, t, reterr));
  if (!t->found) return PRAC_FAIL(reterr, PRAC_END, "there is no such alert");
  prac_time opened = t->a.opened;
  PRAC_TRY(list(t, s, t->a.key, opened == PRAC_TIME_NONE ? opened : opened - APART, reterr));
  return of_its_attacks(t, s, reterr);
}

static prac_rc told(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct told *t = j->ask;
  t->job = j;
  if (!t->attack && !t->alert) return portal_scan(j, s, t->q, put_chunk, t, reterr);
  t->v = prac_arena_alloc(j->arena, (1 + STORIES_MAX) * (DELIVERIES_MAX + 1) * sizeof *t->v);
  if (!t->v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a list");
  PRAC_TRY(t->attack ? of_attack(t, s, reterr) : of_alert(t, s, reterr));
  return give(t);
}

/* A story's come all at once: a page of them, or a part, is not asked for. */
static prac_rc read_words(struct portal_job *j, struct told *t, struct prac_err *err)
{
  PRAC_TRY(portal_read_question(j, NULL, &t->q, err));
  PRAC_TRY(portal_job_param(j, "attack", NULL, &t->attack));
  PRAC_TRY(portal_job_param(j, "alert", NULL, &t->alert));
  if (t->attack && t->alert) return PRAC_FAIL(err, PRAC_RANGE, "ask for an attack or for an alert");
  bool more = portal_has_filters(j->req) || sys_http_param(j->req, "limit");
  if ((t->attack || t->alert) && more)
    return PRAC_FAIL(err, PRAC_RANGE, "with attack or alert nothing else is asked for but format");
  return PRAC_OK;
}

void portal_deliveries(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  (void)word;
  struct portal_job *j = portal_job_new(p, r, told, sizeof(struct told));
  if (!j) return;
  struct told *t = j->ask;
  t->all = portal_who(r)->role >= ACCESS_OPERATOR;
  t->q = (struct store_query){.what = STORE_RECORDS, .kind = &model_delivery};
  prac_rc rc = read_words(j, t, &err);
  portal_job_rows(j, t->attack || t->alert ? DELIVERIES_MAX : t->q.limit);
  portal_job_put(j, rc, &err);
}
