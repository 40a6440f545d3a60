/* Hits: what one honeypot was asked in one victim's name, within a second. Attacks are made of
 * them. */
#include <string.h>

#include "portal/job.h"

enum scanners { SCANNERS_TOO, SCANNERS_NOT, SCANNERS_ONLY };
struct hits {
  struct store_query q;
  struct portal_job *job;
  const char *vector;
  enum scanners scanners;
};

static bool wanted(const struct hits *a, const struct hit *h)
{
  if (a->vector && strcmp(h->vector, a->vector) != 0) return false;
  return a->scanners == SCANNERS_TOO || h->scanner == (a->scanners == SCANNERS_ONLY);
}

static prac_rc put_hits(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  struct hits *a = arg;
  (void)err;
  for (size_t i = 0; i < n; i++)
    if (wanted(a, recs[i])) PRAC_TRY(rows_put_record(&a->job->rows, &model_hit, recs[i]));
  return PRAC_OK;
}

static prac_rc hits(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct hits *a = j->ask;
  a->job = j;
  return portal_scan(j, s, a->q, put_hits, a, reterr);
}

static enum scanners scanners_of(const char *word)
{
  if (!word) return SCANNERS_TOO;
  return strcmp(word, "not") == 0 ? SCANNERS_NOT : SCANNERS_ONLY;
}

void portal_hits(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct portal_job *j = portal_job_new(p, r, hits, sizeof(struct hits));
  (void)word;
  if (!j) return;
  struct hits *a = j->ask;
  a->q = (struct store_query){.what = STORE_RECORDS, .kind = &model_hit};
  a->scanners = scanners_of(sys_http_param(r, "scanners"));
  j->lane = PORTAL_FLOWS; /* there may be as many of them */
  prac_rc rc = portal_read_question(j, NULL, &a->q, &err);
  if (rc == PRAC_OK) rc = portal_job_param(j, "vector", NULL, &a->vector);
  portal_job_rows(j, a->q.limit);
  portal_job_put(j, rc, &err);
}
