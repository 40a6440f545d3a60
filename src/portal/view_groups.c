/* Groups of hosts that act together: the stories that several engines tell, one row each. */
#include <string.h>

#include "portal/job.h"

static prac_rc put_groups(void *arg, const void *const *recs, size_t n, struct prac_err *reterr)
{
  struct portal_job *j = arg;
  (void)reterr;
  for (size_t i = 0; i < n; i++) {
    const struct alert *a = recs[i];
    if (strncmp(a->key, "group:", 6) == 0) PRAC_TRY(rows_put_record(&j->rows, &model_alert, a));
  }
  return PRAC_OK;
}

static prac_rc groups(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  const struct store_query *q = j->ask;
  return portal_scan(j, s, *q, put_groups, j, reterr);
}

void portal_groups(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct portal_job *j = portal_job_new(p, r, groups, sizeof(struct store_query));
  (void)word;
  if (!j) return;
  struct store_query *q = j->ask;
  *q = (struct store_query){.what = STORE_RECORDS, .kind = &model_alert};
  prac_rc rc = portal_read_question(j, NULL, q, &err);
  portal_job_rows(j, q->limit);
  portal_job_put(j, rc, &err);
}
