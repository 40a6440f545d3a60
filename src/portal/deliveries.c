/* Who was told of an attack or an alert, when and how, and what routers were asked to do: the
 * notifier says it (model/records.h, delivery), the store keeps it. Operators read all of it;
 * others that somebody was told, by what kind of way, and rules that came into force. */
#include <stdio.h>
#include <string.h>

#include "portal/job.h"

enum { DELIVERIES_MAX = 1000, STORIES_MAX = 8 };

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

static prac_rc put(void *arg, const void *rec, bool *keep)
{
  struct told *t = arg;
  struct delivery d = *(const struct delivery *)rec;
  (void)keep;
  if (t->alert && strcmp(d.what, "alert") == 0 && strcmp(d.ref, t->alert) != 0) return PRAC_OK;
  if (!t->all && !portal_delivery_brief(&d)) return PRAC_OK;
  return rows_put_record(&t->job->rows, &model_delivery, &d);
}

static prac_rc put_chunk(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  bool keep = false;
  (void)err;
  for (size_t i = 0; i < n; i++) PRAC_TRY(put(arg, recs[i], &keep));
  return PRAC_OK;
}

/* Those of one story: "attack:ID", or the key of an alert. */
static prac_rc list(struct told *t, struct store *s, const char *key, struct prac_err *reterr)
{
  struct store_query q = t->q;
  q.key = key;
  q.oldest_first = true;
  q.limit = DELIVERIES_MAX + 1;
  return portal_records(t->job, s, &q, put, t, reterr);
}

static prac_rc list_attack(struct told *t, struct store *s, const char *id, size_t n,
                           struct prac_err *reterr)
{
  char key[192];
  (void)snprintf(key, sizeof key, "attack:%.*s", (int)n, id);
  return list(t, s, key, reterr);
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
  PRAC_TRY(list(t, s, t->a.key, reterr));
  return of_its_attacks(t, s, reterr);
}

static prac_rc told(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct told *t = j->ask;
  t->job = j;
  if (t->attack) return of_attack(t, s, reterr);
  if (t->alert) return of_alert(t, s, reterr);
  return portal_scan(j, s, t->q, put_chunk, t, reterr);
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
  prac_rc rc = portal_read_question(j, NULL, &t->q, &err);
  if (rc == PRAC_OK) rc = portal_job_param(j, "attack", NULL, &t->attack);
  if (rc == PRAC_OK) rc = portal_job_param(j, "alert", NULL, &t->alert);
  if (rc == PRAC_OK && t->attack && t->alert)
    rc = PRAC_FAIL(&err, PRAC_RANGE, "ask for an attack or for an alert");
  portal_job_rows(j, t->attack || t->alert ? DELIVERIES_MAX : t->q.limit);
  portal_job_put(j, rc, &err);
}
