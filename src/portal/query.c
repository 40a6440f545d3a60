/* Questions to the store. The server's thread only reads the words and queues; one thread asks the
 * store, because a handle belongs to one thread and a scan may take a while. The queue is short on
 * purpose: whoever finds it full is told to come back, instead of waiting behind everybody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/impl.h"
#include "portal/record.h"

enum { JOBS_MAX = 64, ROWS_MAX = 10000, ROWS_BYTES = 32 << 20, WORDS_MAX = 4096 };

struct portal_job {
  struct portal_job *next;
  struct sys_http_req *req;
  struct prac_arena *arena; /* the question's words, and the records' on their way out */
  struct store_query q;
  enum rows_format format;
  bool single; /* one object, or 404 */
};

static void job_free(struct portal_job **jp)
{
  struct portal_job *j = *jp;
  if (!j) return;
  prac_arena_free(&j->arena);
  free(j);
  *jp = NULL;
}

/* ---- reading the question ---- */

static const char *const word_params[] = {"from", "to",      "sensor", "src",   "victim",
                                          "port", "country", "asn",    "marks", "id",
                                          "key",  "state",   "limit"};

bool portal_has_filters(const struct sys_http_req *r)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(word_params); i++)
    if (strcmp(word_params[i], "limit") != 0 && sys_http_param(r, word_params[i])) return true;
  return sys_http_param(r, "q") != NULL;
}

/* All parameters as words of the one query language: one reader, one set of rules. */
static bool words_of(const struct sys_http_req *r, const char *more, char *to, size_t cap)
{
  const char *q = sys_http_param(r, "q");
  int n = snprintf(to, cap, "%s %s", q ? q : "", more ? more : "");
  for (size_t i = 0; n >= 0 && (size_t)n < cap && i < PRAC_ARRAY_LEN(word_params); i++) {
    const char *v = sys_http_param(r, word_params[i]);
    if (v) n += snprintf(to + n, cap - (size_t)n, " %s=%s", word_params[i], v);
  }
  return n >= 0 && (size_t)n < cap;
}

static enum store_dim dim_of(const char *by)
{
  static const char *const words[] = {"port", "country", "asn", "sensor", "src"};
  static const enum store_dim dims[] = {STORE_BY_PORT, STORE_BY_COUNTRY, STORE_BY_ASN,
                                        STORE_BY_SENSOR, STORE_BY_SRC};
  for (size_t i = 0; by && i < PRAC_ARRAY_LEN(words); i++)
    if (strcmp(by, words[i]) == 0) return dims[i];
  return STORE_BY_NONE;
}

static uint32_t usual_limit(enum store_what what)
{
  return what == STORE_SERIES ? ROWS_MAX : what == STORE_TOP || what == STORE_TOP_SCAN ? 20 : 1000;
}

static prac_rc complete(struct store_query *q, const struct sys_http_req *r, struct prac_err *err)
{
  const char *step = sys_http_param(r, "step"), *by = sys_http_param(r, "by");
  if (by) q->by = dim_of(by);
  if (step) PRAC_TRY(prac_duration_parse(step, strlen(step), &q->step_ns));
  if (q->what == STORE_SERIES && q->step_ns == 0) q->step_ns = PRAC_HOUR;
  if (q->what == STORE_TOP) {
    if (q->by == STORE_BY_NONE) q->by = STORE_BY_PORT;
    bool scan = q->by == STORE_BY_SRC || q->src.bits > 0 || q->victim.bits > 0 || q->marks != 0;
    if (scan) q->what = STORE_TOP_SCAN;
  }
  if (q->limit == 0) q->limit = usual_limit(q->what);
  if (q->limit > ROWS_MAX) return PRAC_FAIL(err, PRAC_RANGE, "limit is at most %d", ROWS_MAX);
  /* Counting what reached one address of ours would show that it is ours. */
  if (q->dst.bits > 0)
    return PRAC_FAIL(err, PRAC_DENIED, "our own addresses (dst) can not be asked for here");
  return PRAC_OK;
}

static void refuse(struct sys_http_req *r, prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_NOMEM)
    portal_send_error(r, 503, "busy", "no memory for this question now; try again");
  else if (rc == PRAC_DENIED)
    portal_send_error(r, 403, "denied", "%s", err->text);
  else
    portal_send_error(r, 400, "bad_question", "%s", *err->text ? err->text : prac_rc_text(rc));
}

static prac_rc read_question(struct portal_job *j, enum store_what what, const struct model_kind *k,
                             const char *more, struct prac_err *err)
{
  char words[WORDS_MAX];
  if (!words_of(j->req, more, words, sizeof words))
    return PRAC_FAIL(err, PRAC_RANGE, "the question is longer than %d bytes", WORDS_MAX);
  PRAC_TRY(store_query_parse(words, &j->q, j->arena, err));
  j->q.what = what;
  j->q.kind = k;
  return complete(&j->q, j->req, err);
}

static bool enqueue(struct portal *p, struct portal_job *j)
{
  bool ok = false;
  pthread_mutex_lock(&p->jobs_lock);
  if (!p->stopping && p->n_jobs < JOBS_MAX) {
    ok = true;
    sys_http_later(j->req);
    *p->jobs_end = j;
    p->jobs_end = &j->next;
    p->n_jobs++;
    pthread_cond_signal(&p->jobs_more);
  }
  pthread_mutex_unlock(&p->jobs_lock);
  return ok;
}

/* more: further words; single: the id of the one record wanted. */
void portal_ask(struct portal *p, struct sys_http_req *r, enum store_what what,
                const struct model_kind *k, const char *more, const char *single)
{
  struct prac_err err = {0};
  char id[160] = "";
  if (!p->env.store) {
    portal_send_error(r, 503, "no_history", "this portal runs without a store: live numbers only");
    return;
  }
  struct portal_job *j = calloc(1, sizeof *j);
  if (!j || !(j->arena = prac_arena_new(8192))) {
    job_free(&j);
    refuse(r, PRAC_NOMEM, &err);
    return;
  }
  j->req = r;
  j->single = single != NULL;
  (void)rows_format_of(sys_http_param(r, "format"), &j->format);
  if (single) (void)snprintf(id, sizeof id, "id=%.120s", single);
  prac_rc rc = single && strpbrk(single, " =")
                   ? PRAC_MALFORMED
                   : read_question(j, what, k, single ? id : more, &err);
  if (rc != PRAC_OK) {
    job_free(&j);
    refuse(r, rc, &err);
  } else if (!enqueue(p, j)) {
    job_free(&j);
    portal_count(p, PORTAL_C_QUERIES_REFUSED);
    portal_send_error(r, 503, "busy", "too many questions are waiting; try again in a moment");
  }
}

/* ---- asking ---- */

struct answer {
  struct portal_job *job;
  struct rows rows;
};

static prac_rc take_record(void *arg, const struct store_col *cols, size_t n,
                           const struct store_value *v)
{
  struct answer *a = arg;
  const struct model_kind *k = a->job->q.kind;
  if (n == 0 || cols[0].type != STORE_TEXT) return PRAC_DAMAGED;
  void *rec = prac_arena_alloc(a->job->arena, k->size);
  if (!rec) return PRAC_NOMEM;
  PRAC_TRY(model_from_json(k, v[0].s, strlen(v[0].s), a->job->arena, rec, NULL));
  PRAC_TRY(record_clean(k, rec, a->job->arena));
  if (!a->job->single) return rows_put_record(&a->rows, k, rec);
  if (a->rows.n++ == 0) model_to_json(k, rec, &a->rows.j);
  return PRAC_OK;
}

static void fail(struct portal *p, struct sys_http_req *r, prac_rc rc, const struct prac_err *err)
{
  static const struct prac_log_event event = {"portal_query_failed", PRAC_LOG_WARN,
                                              "look at the store's own messages"};
  portal_count(p, PORTAL_C_QUERIES_FAILED);
  if (rc == PRAC_RANGE || rc == PRAC_UNSUPPORTED || rc == PRAC_MALFORMED) {
    refuse(r, rc, err); /* the question's fault: the sentence is about its words */
    return;
  }
  prac_log(p->env.log, &event, "%s", err->text);
  portal_send_error(r, 503, "store", "the store can not answer now; try again later");
}

static void run_job(struct portal *p, struct portal_job *job)
{
  struct prac_err err = {0};
  struct answer a = {.job = job};
  bool records = job->q.what == STORE_RECORDS;
  portal_count(p, PORTAL_C_QUERIES);
  if (job->single)
    a.rows.j = prac_json_of(ROWS_BYTES);
  else
    rows_init(&a.rows, job->format, job->q.limit, ROWS_BYTES);
  prac_rc rc = p->env.store->ops->query(p->env.store->st, &job->q, records ? take_record : rows_put,
                                        records ? (void *)&a : (void *)&a.rows, &err);
  if (rc != PRAC_OK && rc != PRAC_STOPPED) {
    fail(p, job->req, rc, &err);
  } else if (!job->single) {
    portal_send_rows(job->req, &a.rows);
    return;
  } else if (a.rows.n == 0) {
    portal_send_error(job->req, 404, "not_found", "there is no such record");
  } else {
    prac_json_newline(&a.rows.j);
    portal_send_json(job->req, &a.rows.j);
    return;
  }
  rows_done(&a.rows);
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
  for (struct portal_job *j; (j = next_job(p, true));) {
    run_job(p, j);
    job_free(&j);
  }
  return NULL;
}

void portal_jobs_run(struct portal *p)
{
  for (struct portal_job *j; (j = next_job(p, false));) {
    run_job(p, j);
    job_free(&j);
  }
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
  while (p->jobs) {
    struct portal_job *j = p->jobs;
    p->jobs = j->next;
    job_free(&j);
  }
  p->jobs_end = &p->jobs;
  p->n_jobs = 0;
}

/* ---- the endpoints ---- */

void portal_flows(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_ask(p, r, STORE_FLOWS, NULL, NULL, NULL);
}

void portal_findings(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_ask(p, r, STORE_RECORDS, &model_finding, NULL, NULL);
}

void portal_host(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_ip ip;
  char text[PRAC_IP_TEXT], words[PRAC_IP_TEXT + 8];
  if (prac_ip_parse(word, strlen(word), &ip) != PRAC_OK) {
    portal_send_error(r, 400, "bad_address", "this is not an address");
    return;
  }
  (void)snprintf(words, sizeof words, "src=%s", prac_ip_text(text, &ip));
  portal_ask(p, r, STORE_HOST, NULL, words, NULL);
}

void portal_query(struct portal *p, struct sys_http_req *r, const char *word)
{
  static const struct {
    const char *name;
    enum store_what what;
    const struct model_kind *kind;
  } whats[] = {{"flows", STORE_FLOWS, NULL},
               {"findings", STORE_RECORDS, &model_finding},
               {"alerts", STORE_RECORDS, &model_alert},
               {"health", STORE_RECORDS, &model_health},
               {"hits", STORE_RECORDS, &model_hit},
               {"episodes", STORE_RECORDS, &model_episode},
               {"series", STORE_SERIES, NULL},
               {"top", STORE_TOP, NULL},
               {"host", STORE_HOST, NULL},
               {"sensors", STORE_SENSORS, NULL}};
  const char *what = sys_http_param(r, "what");
  (void)word;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(whats); i++)
    if (strcmp(what ? what : "flows", whats[i].name) == 0) {
      portal_ask(p, r, whats[i].what, whats[i].kind, NULL, NULL);
      return;
    }
}
