/* Questions to the store. The server's thread only reads the words and queues; a thread for each
 * lane asks the store, because a handle belongs to one thread, and what takes milliseconds must not
 * wait behind what takes minutes. A queue is short on purpose: whoever finds it full is told to
 * come back, instead of waiting behind everybody. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access/gate.h"
#include "portal/job.h"
#include "portal/share.h"

enum { JOBS_MAX = 64, JOB_BYTES = 32 << 20 };

static void job_free(struct portal_job **jp)
{
  struct portal_job *j = *jp;
  if (!j) return;
  if (j->ended) j->ended(j);
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

void portal_job_drop(struct portal_job **jp)
{
  job_free(jp);
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
  j->sharer = portal_sharer(p, r);
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

static struct portal_queue *queue_of(struct portal_job *j)
{
  unsigned lane = j->lane;
  while (lane > 0 && !j->p->queues[lane].store) lane--;
  return &j->p->queues[lane];
}

/* p->jobs_lock held */
static void append(struct portal_queue *q, struct portal_job *j)
{
  j->next = NULL;
  *q->end = j;
  q->end = &j->next;
  pthread_cond_signal(&q->more);
}

/* How many of the same reader's wait in its lane? p->jobs_lock held */
static size_t waiting(struct portal *p, struct portal_job *j)
{
  struct portal_queue *q = queue_of(j);
  size_t n = 0;
  for (const struct portal_job *o = q->jobs; o; o = o->next) n += o->sharer == j->sharer;
  for (struct portal_job *o = p->aside; o; o = o->next)
    n += o->sharer == j->sharer && queue_of(o) == q;
  return n;
}

static prac_rc enqueue(struct portal *p, struct portal_job *j)
{
  prac_rc rc = PRAC_OK;
  pthread_mutex_lock(&p->jobs_lock);
  struct portal_queue *q = queue_of(j);
  if (p->stopping || q->n >= JOBS_MAX) {
    rc = PRAC_FULL;
  } else if (waiting(p, j) >= portal_share(JOBS_MAX)) {
    rc = PRAC_RANGE;
  } else {
    sys_http_later(j->req);
    append(q, j);
    q->n++;
  }
  pthread_mutex_unlock(&p->jobs_lock);
  return rc;
}

void portal_job_put(struct portal_job *j, prac_rc rc, const struct prac_err *err)
{
  struct portal *p = j->p;
  if (rc != PRAC_OK) {
    refuse(j->req, rc, err);
  } else {
    rc = enqueue(p, j);
    if (rc == PRAC_OK) return;
    portal_count(p, PORTAL_C_QUERIES_REFUSED);
    portal_send_busy(p, j->req, rc, "too many questions are waiting; try again in a moment");
  }
  job_free(&j);
}

/* ---- asking ---- */

/* The one place that hands out the store of a request: behind the gate of whoever asks. */
static prac_rc open_store(struct portal_job *j, struct store *ret, struct prac_err *reterr)
{
  const struct portal_env *e = &j->p->env;
  return access_gate_open(queue_of(j)->store, &j->audience->scope, e->geo, ret, reterr);
}

static void step_aside(struct portal *p, struct portal_job *j)
{
  pthread_mutex_lock(&p->jobs_lock);
  j->next = p->aside;
  p->aside = j;
  queue_of(j)->n++;
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
  } else if (j->send) {
    j->send(j);
  } else if (j->is_rows) {
    portal_send_rows(j->req, &j->rows);
  } else if (j->type) {
    portal_send_as(j->req, &j->rows.j, j->type);
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
    if (rc == PRAC_OK)
      append(queue_of(j), j);
    else
      queue_of(j)->n--;
    pthread_mutex_unlock(&p->jobs_lock);
    if (rc == PRAC_OK) continue;
    fail(p, j->req, rc, &err);
    job_free(&j);
  }
}

static struct timespec in(int64_t ns)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_REALTIME, &t);
  ns += t.tv_nsec;
  return (struct timespec){t.tv_sec + ns / PRAC_SEC, ns % PRAC_SEC};
}

/* Sleeps until there is one, or so long; NULL: there is none, or it is the end. */
static struct portal_job *next_job(struct portal_queue *q, int64_t wait_ns)
{
  struct portal *p = q->p;
  struct timespec end = in(wait_ns);
  int over = wait_ns <= 0;
  pthread_mutex_lock(&p->jobs_lock);
  while (!over && !q->jobs && !p->stopping)
    over = pthread_cond_timedwait(&q->more, &p->jobs_lock, &end);
  struct portal_job *j = p->stopping ? NULL : q->jobs;
  if (j) {
    q->jobs = j->next;
    if (!q->jobs) q->end = &q->jobs;
    q->n--;
  }
  pthread_mutex_unlock(&p->jobs_lock);
  return j;
}

bool portal_jobs_stopping(struct portal *p)
{
  pthread_mutex_lock(&p->jobs_lock);
  bool stopping = p->stopping;
  pthread_mutex_unlock(&p->jobs_lock);
  return stopping;
}

/* That of the longest questions, as far as there are lanes. */
static struct portal_queue *last_lane(struct portal *p)
{
  int i = PORTAL_LANES - 1;
  while (i > 0 && !p->queues[i].store) i--;
  return &p->queues[i];
}

static void *asker(void *arg)
{
  struct portal_queue *q = arg;
  bool warms = q == last_lane(q->p);
  int64_t pause = 0;
  while (!portal_jobs_stopping(q->p)) {
    struct portal_job *j = next_job(q, warms ? pause : PRAC_HOUR);
    if (j)
      run_job(q->p, j);
    else if (warms && !portal_jobs_stopping(q->p))
      warms = portal_warm_step(q->p, q->store, &pause);
  }
  return NULL;
}

void portal_jobs_run(struct portal *p)
{
  for (struct portal_job *j; (j = next_job(&p->queues[0], 0));) run_job(p, j);
}

void portal_jobs_init(struct portal *p)
{
  (void)pthread_mutex_init(&p->jobs_lock, NULL);
  for (int i = 0; i < PORTAL_LANES; i++) {
    struct portal_queue *q = &p->queues[i];
    q->p = p;
    q->end = &q->jobs;
    q->store = i == 0 ? p->env.store : p->env.lanes[i];
    (void)pthread_cond_init(&q->more, NULL);
  }
}

prac_rc portal_jobs_start(struct portal *p, struct prac_err *reterr)
{
  int64_t pause;
  while (p->env.query_in_tick && p->env.store && portal_warm_step(p, p->env.store, &pause))
    continue;
  for (int i = 0; i < PORTAL_LANES && !p->env.query_in_tick; i++) {
    struct portal_queue *q = &p->queues[i];
    if (!q->store) continue;
    if (pthread_create(&q->thread, NULL, asker, q) != 0)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no thread for questions to the store");
    q->have_thread = true;
  }
  return PRAC_OK;
}

static void free_list(struct portal_job *list)
{
  for (struct portal_job *j = list, *next; j; j = next) {
    next = j->next;
    job_free(&j);
  }
}

/* The requests themselves are answered by the server when it closes, right after this. */
void portal_jobs_stop(struct portal *p)
{
  pthread_mutex_lock(&p->jobs_lock);
  p->stopping = true;
  for (int i = 0; i < PORTAL_LANES; i++) pthread_cond_broadcast(&p->queues[i].more);
  pthread_mutex_unlock(&p->jobs_lock);
  for (int i = 0; i < PORTAL_LANES; i++) {
    struct portal_queue *q = &p->queues[i];
    if (q->have_thread) pthread_join(q->thread, NULL);
    q->have_thread = false;
    free_list(q->jobs);
    q->jobs = NULL;
    q->end = &q->jobs;
    q->n = 0;
  }
  free_list(p->aside);
  p->aside = NULL;
}

void portal_jobs_done(struct portal *p)
{
  for (int i = 0; i < PORTAL_LANES; i++) pthread_cond_destroy(&p->queues[i].more);
  pthread_mutex_destroy(&p->jobs_lock);
}
