/* One subject seen closely, and sensors compared: what `practice explain` and `practice compare`
 * say, without the addresses of our own that a host came to. */
#include <string.h>

#include "portal/job.h"
#include "view/view_json.h"

/* ---- /about/{what} ---- */

struct about {
  const char *what;
  struct view_conf conf;
  bool hosts; /* may be named to the reader, one by one */
};

static prac_rc about(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  const struct about *a = j->ask;
  struct view_subject u;
  struct view v;
  PRAC_TRY(view_subject_find(s, a->what, j->arena, &u, reterr));
  if (u.about == VIEW_FINDING && !a->hosts)
    return PRAC_FAIL(reterr, PRAC_DENIED, "findings are for analysts and above");
  PRAC_TRY(view_look(s, &u, &a->conf, j->arena, &v, reterr));
  if (!a->hosts) {
    v.more_lines += v.n_lines;
    v.n_lines = 0;
  }
  view_json(&j->rows.j, &u, &v);
  return PRAC_OK;
}

void portal_about(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct store_query q = {0};
  struct prac_prefix host;
  bool is_host = prac_prefix_parse(word, strlen(word), &host) == PRAC_OK;
  if (is_host && !portal_may(r, PORTAL_ANALYST)) return;
  struct portal_job *j = portal_job_new(p, r, about, sizeof(struct about));
  if (!j) return;
  struct about *a = j->ask;
  j->lane = PORTAL_STUDY;
  prac_rc rc = portal_read_question(j, NULL, &q, &err);
  a->conf = (struct view_conf){.span = q.span,
                               .limit = q.limit < VIEW_HOSTS_MAX ? q.limit : VIEW_HOSTS_MAX};
  a->hosts = portal_who(r)->role >= ACCESS_ANALYST;
  a->what = prac_arena_strndup(j->arena, word, strlen(word));
  if (!a->what) rc = PRAC_NOMEM;
  portal_job_put(j, rc, &err);
}

/* ---- /compare ---- */

static prac_rc compare(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct compare c;
  PRAC_TRY(compare_look(s, j->ask, j->arena, &c, reterr));
  compare_json(&j->rows.j, &c);
  return PRAC_OK;
}

static prac_rc read_recent(const char *text, int64_t *ret_ns, struct prac_err *err)
{
  if (!text) return PRAC_OK;
  if (prac_duration_parse(text, strlen(text), ret_ns) == PRAC_OK && *ret_ns >= PRAC_HOUR &&
      *ret_ns <= 30 * PRAC_DAY)
    return PRAC_OK;
  return PRAC_FAIL(err, PRAC_MALFORMED, "recent is a duration from 1h to 30d");
}

void portal_compare(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct store_query q = {0};
  struct portal_job *j = portal_job_new(p, r, compare, sizeof(struct compare_conf));
  (void)word;
  if (!j) return;
  struct compare_conf *c = j->ask;
  j->lane = PORTAL_STUDY;
  prac_rc rc = portal_read_question(j, NULL, &q, &err);
  if (rc == PRAC_OK) rc = read_recent(sys_http_param(r, "recent"), &c->recent_ns, &err);
  c->span = q.span;
  if (rc == PRAC_OK) rc = portal_job_param(j, "home", "", &c->home);
  portal_job_put(j, rc, &err);
}
