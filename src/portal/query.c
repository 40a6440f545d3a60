/* Questions in the one query language, as parameters of a request: read on the server's thread, put
 * to the store on the other. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/packet.h"
#include "portal/job.h"

enum { WORDS_MAX = 4096 };

/* ---- reading the question ---- */

static const char *const word_params[] = {"from", "to",      "sensor", "src",   "victim",
                                          "port", "country", "asn",    "marks", "id",
                                          "key",  "state",   "limit"};

bool portal_has_filters(const struct sys_http_req *r)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(word_params); i++)
    if (strcmp(word_params[i], "limit") != 0 && sys_http_param(r, word_params[i])) return true;
  return sys_http_param(r, "q") || sys_http_param(r, "cursor");
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
  return what == STORE_SERIES                          ? PORTAL_ROWS_MAX
         : what == STORE_TOP || what == STORE_TOP_SCAN ? 20
                                                       : 1000;
}

static prac_rc complete(struct portal_job *j, struct store_query *q, struct prac_err *err)
{
  const char *step = sys_http_param(j->req, "step"), *by = sys_http_param(j->req, "by");
  const char *cursor = sys_http_param(j->req, "cursor");
  if (by) q->by = dim_of(by);
  if (cursor) PRAC_TRY(rows_cursor_read(cursor, j->arena, q, err));
  if (step) PRAC_TRY(prac_duration_parse(step, strlen(step), &q->step_ns));
  if (q->what == STORE_SERIES && q->step_ns == 0) q->step_ns = PRAC_HOUR;
  if (q->what == STORE_TOP) {
    if (q->by == STORE_BY_NONE) q->by = STORE_BY_PORT;
    bool scan = q->by == STORE_BY_SRC || q->src.bits > 0 || q->victim.bits > 0 || q->marks != 0;
    if (scan) q->what = STORE_TOP_SCAN;
  }
  if (q->limit == 0) q->limit = usual_limit(q->what);
  if (q->limit > PORTAL_ROWS_MAX)
    return PRAC_FAIL(err, PRAC_RANGE, "limit is at most %d", PORTAL_ROWS_MAX);
  return PRAC_OK;
}

/* So that the distance of any two times can be counted. */
static bool time_ok(prac_time t)
{
  static const prac_time last = INT64_C(7258118400) * PRAC_SEC; /* 2200-01-01 */
  return t == PRAC_TIME_NONE || (t >= 0 && t <= last);
}

prac_rc portal_read_question(struct portal_job *j, const char *more, struct store_query *q,
                             struct prac_err *err)
{
  char words[WORDS_MAX];
  struct store_query what = *q;
  if (!words_of(j->req, more, words, sizeof words))
    return PRAC_FAIL(err, PRAC_RANGE, "the question is longer than %d bytes", WORDS_MAX);
  PRAC_TRY(store_query_parse(words, q, j->arena, err));
  if (!time_ok(q->span.from) || !time_ok(q->span.to))
    return PRAC_FAIL(err, PRAC_RANGE, "times are from 1970 to 2200");
  q->what = what.what;
  q->kind = what.kind;
  return complete(j, q, err);
}

/* ---- one question of the language, answered as it is ---- */

struct ask {
  struct store_query q;
  bool single; /* one object, or none */
};

static prac_rc put_record(void *arg, const void *rec, bool *keep)
{
  struct portal_job *j = arg;
  const struct ask *a = j->ask;
  (void)keep;
  if (!a->single) return rows_put_record(&j->rows, a->q.kind, rec);
  if (j->rows.n++ == 0) model_to_json(a->q.kind, rec, &j->rows.j);
  return PRAC_OK;
}

/* The page ends behind a row: its time, and how many of that time have been given. */
struct flows {
  struct rows *rows;
  prac_time at;
  uint32_t given;
};

static prac_rc put_flow(void *arg, const struct store_col *cols, size_t n,
                        const struct store_value *v)
{
  struct flows *f = arg;
  char given[16];
  PRAC_TRY(rows_put(f->rows, cols, n, v));
  f->given = v[0].t == f->at ? f->given + 1 : 1;
  f->at = v[0].t;
  (void)snprintf(given, sizeof given, "%" PRIu32, f->given);
  rows_cursor(f->rows, f->at, given);
  return PRAC_OK;
}

static prac_rc run_flows(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct store_query q = ((const struct ask *)j->ask)->q;
  struct flows f = {&j->rows, q.passed ? q.after_at : PRAC_TIME_NONE, q.passed};
  q.limit++;
  return s->ops->query(s->st, &q, put_flow, &f, reterr);
}

static prac_rc run(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  const struct ask *a = j->ask;
  if (a->q.what == STORE_FLOWS) return run_flows(j, s, reterr);
  if (a->q.what != STORE_RECORDS) return s->ops->query(s->st, &a->q, rows_put, &j->rows, reterr);
  struct store_query q = a->q;
  q.limit++; /* one more than is given: whether there are more */
  PRAC_TRY(portal_records(j, s, &q, put_record, j, reterr));
  return a->single && j->rows.n == 0 ? PRAC_FAIL(reterr, PRAC_END, "there is no such record")
                                     : PRAC_OK;
}

/* Who sent what, and to whom an answer went, is for analysts; counts are for everybody. */
static bool names_hosts(const struct store_query *q)
{
  return q->what != STORE_RECORDS &&
         (q->by == STORE_BY_SRC || q->src.bits > 0 || q->victim.bits > 0 || q->n_srcs > 0);
}

void portal_ask(struct portal *p, struct sys_http_req *r, enum store_what what,
                const struct model_kind *k, const char *more, const char *single)
{
  struct prac_err err = {0};
  char id[160] = "";
  struct portal_job *j = portal_job_new(p, r, run, sizeof(struct ask));
  if (!j) return;
  struct ask *a = j->ask;
  *a = (struct ask){.q = {.what = what, .kind = k}, .single = single != NULL};
  if (single) (void)snprintf(id, sizeof id, "id=%.120s", single);
  prac_rc rc = single && strpbrk(single, " =")
                   ? PRAC_MALFORMED
                   : portal_read_question(j, single ? id : more, &a->q, &err);
  if (rc == PRAC_OK && names_hosts(&a->q) && !portal_may(r, PORTAL_ANALYST)) {
    portal_job_drop(&j);
    return;
  }
  if (a->q.what == STORE_FLOWS || a->q.what == STORE_TOP_SCAN || a->q.what == STORE_HOST)
    j->lane = PORTAL_FLOWS;
  if (!single) portal_job_rows(j, a->q.limit);
  portal_job_put(j, rc, &err);
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

/* ---- findings as they come ---- */

const char *const portal_untold[PORTAL_UNTOLD] = {"drdos", "noise"};

bool portal_is_untold(const char *kind)
{
  bool is = false;
  for (size_t i = 0; kind && i < PORTAL_UNTOLD; i++)
    is |= strncmp(kind, portal_untold[i], strlen(portal_untold[i])) == 0;
  return is;
}

enum { STORIES_MAX = 200, STORIES = 20 };
struct latest {
  struct store_query q;
  struct rows *rows;
  size_t n;
  const char *keys[STORIES_MAX];
};

/* Of each story the newest word, which comes first. */
static prac_rc put_latest(void *arg, const void *rec, bool *keep)
{
  struct latest *l = arg;
  const char *key = ((const struct finding *)rec)->key;
  for (size_t i = 0; i < l->n; i++)
    if (strcmp(l->keys[i], key) == 0) return PRAC_OK;
  if (l->n == l->q.limit) return PRAC_STOPPED;
  l->keys[l->n++] = key;
  *keep = true;
  return rows_put_record(l->rows, &model_finding, rec);
}

static prac_rc run_latest(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct latest *l = j->ask;
  struct store_query q = l->q;
  l->rows = &j->rows;
  q.limit = PORTAL_ROWS_MAX;
  prac_rc rc = portal_records(j, s, &q, put_latest, l, reterr);
  j->rows.next[0] = '\0'; /* what is older is in /findings */
  return rc;
}

void portal_findings_latest(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  (void)word;
  struct portal_job *j = portal_job_new(p, r, run_latest, sizeof(struct latest));
  if (!j) return;
  struct latest *l = j->ask;
  l->q = (struct store_query){.what = STORE_RECORDS, .kind = &model_finding};
  prac_rc rc = portal_read_question(j, NULL, &l->q, &err);
  l->q.left_out = portal_untold;
  l->q.n_left_out = PORTAL_UNTOLD;
  if (!sys_http_param(r, "limit")) l->q.limit = STORIES;
  if (rc == PRAC_OK && l->q.limit > STORIES_MAX)
    rc = PRAC_FAIL(&err, PRAC_RANGE, "limit is at most %d here", STORIES_MAX);
  portal_job_rows(j, l->q.limit);
  portal_job_put(j, rc, &err);
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
               {"packets", STORE_RECORDS, &model_packet},
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
