/* Alerts by what the query language does not know: kind, and the least severity. */
#include <string.h>

#include "portal/job.h"

struct alerts {
  struct portal_job *job;
  struct store_query q;
  const char *kind; /* NULL: any */
  int least;
};

static bool wanted(const struct alerts *a, const struct alert *x)
{
  return portal_severity_rank(x->severity) >= a->least &&
         (!a->kind || strcmp(x->kind, a->kind) == 0);
}

static prac_rc put_alerts(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  struct alerts *a = arg;
  (void)err;
  for (size_t i = 0; i < n; i++)
    if (wanted(a, recs[i])) PRAC_TRY(rows_put_record(&a->job->rows, &model_alert, recs[i]));
  return PRAC_OK;
}

static prac_rc alerts(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct alerts *a = j->ask;
  a->job = j;
  return portal_scan(j, s, a->q, put_alerts, a, reterr);
}

void portal_alerts_scan(struct portal *p, struct sys_http_req *r)
{
  struct prac_err err = {0};
  const char *least = NULL;
  struct portal_job *j = portal_job_new(p, r, alerts, sizeof(struct alerts));
  if (!j) return;
  struct alerts *a = j->ask;
  a->q = (struct store_query){.what = STORE_RECORDS, .kind = &model_alert};
  prac_rc rc = portal_read_question(j, NULL, &a->q, &err);
  if (rc == PRAC_OK) rc = portal_job_param(j, "kind", NULL, &a->kind);
  if (rc == PRAC_OK) rc = portal_job_param(j, "severity", NULL, &least);
  a->least = portal_severity_rank(least);
  if (rc == PRAC_OK && least && *least && a->least == 0)
    rc = PRAC_FAIL(&err, PRAC_MALFORMED, "severity is notice, low, medium, high or critical");
  portal_job_rows(j, a->q.limit);
  portal_job_put(j, rc, &err);
}
