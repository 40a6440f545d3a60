/* Questions to the store. The server's thread only reads the words and queues; one thread asks the
 * store, because a handle belongs to one thread and a scan may take a while. The queue is short on
 * purpose: whoever finds it full is told to come back, instead of waiting behind everybody. */
#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "portal/job.h"

enum { JOBS_MAX = 64, JOB_BYTES = 32 << 20 };

static void job_free(struct portal_job **jp)
{
  struct portal_job *j = *jp;
  if (!j) return;
  rows_done(&j->rows);
  if (j->audience) portal_audience_unref(j->p, &j->audience);
  prac_arena_free(&j->arena);
  free(j);
  *jp = NULL;
}

/* ---- refusing ---- */

static const char *words(prac_rc rc, const struct prac_err *err)
{
  return *err->text ? err->text : prac_rc_text(rc);
}

/* The request could not be read. */
static void refuse(struct sys_http_req *r, prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_NOMEM)
    portal_send_error(r, 503, "busy", "no memory for this question now; try again");
  else if (rc == PRAC_DENIED)
    portal_send_error(r, 403, "denied", "%s", words(rc, err));
  else
    portal_send_error(r, 400, "bad_question", "%s", words(rc, err));
}

/* The store did not answer: because of what was asked, or by its own fault. */
static void fail(struct portal *p, struct sys_http_req *r, prac_rc rc, const struct prac_err *err)
{
  static const struct prac_log_event event = {"portal_query_failed", PRAC_LOG_WARN,
                                              "look at the store's own messages"};
  if (rc == PRAC_END || rc == PRAC_UNKNOWN) {
    portal_send_error(r, 404, "not_found", "%s", words(rc, err));
    return;
  }
  portal_count(p, PORTAL_C_QUERIES_FAILED);
  if (rc == PRAC_RANGE || rc == PRAC_UNSUPPORTED || rc == PRAC_MALFORMED || rc == PRAC_DENIED) {
    refuse(r, rc, err);
    return;
  }
  prac_log(p->env.log, &event, "%s", err->text);
  portal_send_error(r, 503, "store", "the store can not answer now; try again later");
}

/* ---- making ---- */

struct portal_job *portal_job_new(struct portal *p, struct sys_http_req *r, portal_job_fn *run,
                                  size_t ask_size)
{
  if (!p->env.store) {
    portal_send_error(r, 503, "no_history", "this portal runs without a store: live numbers only");
    return NULL;
  }
  struct portal_job *j = calloc(1, sizeof *j);
  if (j) j->arena = prac_arena_new(8192);
  if (j && j->arena) j->ask = prac_arena_alloc(j->arena, ask_size);
  if (!j || !j->ask) {
    job_free(&j);
    refuse(r, PRAC_NOMEM, NULL);
    return NULL;
  }
  j->p = p;
  j->audience = portal_audience_at(p, r);
  if (!j->audience) {
    job_free(&j);
    return NULL;
  }
  j->req = r;
  j->run = run;
  j->rows.j = prac_json_of(JOB_BYTES);
  return j;
}

prac_rc portal_job_param(struct portal_job *j, const char *name, const char *usual,
                         const char **ret)
{
  const char *v = sys_http_param(j->req, name);
  *ret = v ? prac_arena_strndup(j->arena, v, strlen(v)) : usual;
  return *ret || !v ? PRAC_OK : PRAC_NOMEM;
}

void portal_job_rows(struct portal_job *j, size_t max_rows)
{
  enum rows_format f = ROWS_JSON;
  (void)rows_format_of(sys_http_param(j->req, "format"), &f);
  j->is_rows = true;
  rows_init(&j->rows, f, max_rows, JOB_BYTES);
}

/* p->jobs_lock held */
static void append(struct portal *p, struct portal_job *j)
{
  j->next = NULL;
  *p->jobs_end = j;
  p->jobs_end = &j->next;
  p->n_jobs++;
  pthread_cond_signal(&p->jobs_more);
}

static bool enqueue(struct portal *p, struct portal_job *j)
{
  pthread_mutex_lock(&p->jobs_lock);
  bool ok = !p->stopping && p->n_jobs + p->n_aside < JOBS_MAX;
  if (ok) {
    sys_http_later(j->req);
    append(p, j);
  }
  pthread_mutex_unlock(&p->jobs_lock);
  return ok;
}

void portal_job_put(struct portal_job *j, prac_rc rc, const struct prac_err *err)
{
  struct portal *p = j->p;
  if (rc == PRAC_OK && enqueue(p, j)) return;
  if (rc == PRAC_OK) {
    portal_count(p, PORTAL_C_QUERIES_REFUSED);
    portal_send_error(j->req, 503, "busy", "too many questions are waiting; try again in a moment");
  } else {
    refuse(j->req, rc, err);
  }
  job_free(&j);
}

/* ---- asking ---- */

/* The one place that hands out the store of a request: behind the gate of whoever asks. */
static prac_rc open_store(const struct portal_job *j, struct store *ret, struct prac_err *reterr)
{
  const struct portal_env *e = &j->p->env;
  return access_gate_open(e->store, &j->audience->scope, e->geo, ret, reterr);
}

static void step_aside(struct portal *p, struct portal_job *j)
{
  pthread_mutex_lock(&p->jobs_lock);
  j->next = p->aside;
  p->aside = j;
  p->n_aside++;
  pthread_mutex_unlock(&p->jobs_lock);
}

/* Takes the job. */
static void run_job(struct portal *p, struct portal_job *j)
{
  struct prac_err err = {0};
  struct store s = {0};
  portal_count(p, PORTAL_C_QUERIES);
  prac_rc rc = open_store(j, &s, &err);
  if (rc == PRAC_OK) rc = j->run(j, &s, &err);
  store_close(&s);
  if (rc == PRAC_AGAIN && j->outside) {
    step_aside(p, j);
    return;
  }
  if (rc != PRAC_OK && rc != PRAC_STOPPED) {
    fail(p, j->req, rc, &err);
  } else if (j->is_rows) {
    portal_send_rows(j->req, &j->rows);
  } else {
    prac_json_newline(&j->rows.j);
    portal_send_json(j->req, &j->rows.j);
  }
  job_free(&j);
}

void portal_jobs_outside(struct portal *p)
{
  pthread_mutex_lock(&p->jobs_lock);
  struct portal_job *list = p->aside;
  p->aside = NULL;
  pthread_mutex_unlock(&p->jobs_lock);
  for (struct portal_job *j = list, *next; j; j = next) {
    struct prac_err err = {0};
    next = j->next;
    prac_rc rc = j->outside(j, &err);
    pthread_mutex_lock(&p->jobs_lock);
    p->n_aside--;
    if (rc == PRAC_OK) append(p, j);
    pthread_mutex_unlock(&p->jobs_lock);
    if (rc == PRAC_OK) continue;
    fail(p, j->req, rc, &err);
    job_free(&j);
  }
}

/* wait: sleeps until there is one, or NULL at the end. */
static struct portal_job *next_job(struct portal *p, bool wait)
{
  pthread_mutex_lock(&p->jobs_lock);
  while (wait && !p->jobs && !p->stopping) pthread_cond_wait(&p->jobs_more, &p->jobs_lock);
  struct portal_job *j = p->stopping ? NULL : p->jobs;
  if (j) {
    p->jobs = j->next;
    if (!p->jobs) p->jobs_end = &p->jobs;
    p->n_jobs--;
  }
  pthread_mutex_unlock(&p->jobs_lock);
  return j;
}

static void *asker(void *arg)
{
  struct portal *p = arg;
  for (struct portal_job *j; (j = next_job(p, true));) run_job(p, j);
  return NULL;
}

void portal_jobs_run(struct portal *p)
{
  for (struct portal_job *j; (j = next_job(p, false));) run_job(p, j);
}

prac_rc portal_jobs_start(struct portal *p, struct prac_err *reterr)
{
  if (!p->env.store || p->env.query_in_tick) return PRAC_OK;
  if (pthread_create(&p->thread, NULL, asker, p) != 0)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no thread for questions to the store");
  p->have_thread = true;
  return PRAC_OK;
}

/* The requests themselves are answered by the server when it closes, right after this. */
void portal_jobs_stop(struct portal *p)
{
  pthread_mutex_lock(&p->jobs_lock);
  p->stopping = true;
  pthread_cond_broadcast(&p->jobs_more);
  pthread_mutex_unlock(&p->jobs_lock);
  if (p->have_thread) pthread_join(p->thread, NULL);
  p->have_thread = false;
  *p->jobs_end = p->aside;
  while (p->jobs) {
    struct portal_job *j = p->jobs;
    p->jobs = j->next;
    job_free(&j);
  }
  p->jobs_end = &p->jobs;
  p->aside = NULL;
  p->n_jobs = p->n_aside = 0;
}
