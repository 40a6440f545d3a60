/* Ports: when each was asked for, and which are at risk. */
#include <string.h>

#include "base/hash.h"
#include "portal/job.h"

/* ---- /ports/heat ---- */

enum { HEAT_PORTS = 20, HEAT_PORTS_MAX = 50, HEAT_HOURS_MAX = 31 * 24 };
struct heat {
  struct store_query q; /* span and sensor; limit: ports */
  struct model_port ports[HEAT_PORTS_MAX];
  size_t n_ports, n_hours, at;
  uint64_t *packets, *sources; /* [hour][port] */
};

static prac_rc take_port(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct heat *h = arg;
  const struct store_value *port = portal_value("port", cols, n, v);
  if (!port || h->n_ports == h->q.limit) return PRAC_OK;
  if (model_port_parse(port->s, strlen(port->s), &h->ports[h->n_ports]) == PRAC_OK) h->n_ports++;
  return PRAC_OK;
}

static prac_rc take_hour(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct heat *h = arg;
  const struct store_value *at = portal_value("at", cols, n, v),
                           *packets = portal_value("packets", cols, n, v),
                           *sources = portal_value("sources", cols, n, v);
  if (!at || !packets || !sources || at->t < h->q.span.from || at->t >= h->q.span.to)
    return PRAC_OK;
  size_t cell = (size_t)((at->t - h->q.span.from) / PRAC_HOUR) * h->n_ports + h->at;
  h->packets[cell] = packets->u;
  h->sources[cell] = sources->u;
  return PRAC_OK;
}

/* Whole hours; the biggest ports of all of that time, then each by the hour. */
static prac_rc find_hours(struct portal_job *j, struct store *s, struct heat *h,
                          struct prac_err *err)
{
  struct prac_span *t = &h->q.span;
  PRAC_TRY(portal_span(s, *t, PRAC_DAY, t, err));
  t->from = prac_time_floor(t->from, PRAC_HOUR);
  t->to = prac_time_floor(t->to + PRAC_HOUR - 1, PRAC_HOUR);
  int64_t n = (t->to - t->from) / PRAC_HOUR;
  if (n < 0 || n > HEAT_HOURS_MAX) n = HEAT_HOURS_MAX;
  t->from = t->to - n * PRAC_HOUR;
  h->n_hours = (size_t)n;
  struct store_query q = h->q;
  q.what = STORE_TOP;
  q.by = STORE_BY_PORT;
  PRAC_TRY(s->ops->query(s->st, &q, take_port, h, err));
  h->packets = prac_arena_alloc(j->arena, (h->n_hours * h->n_ports + 1) * sizeof *h->packets);
  h->sources = prac_arena_alloc(j->arena, (h->n_hours * h->n_ports + 1) * sizeof *h->sources);
  return h->packets && h->sources ? PRAC_OK : PRAC_NOMEM;
}

static void put_grid(struct prac_json *j, const char *key, const struct heat *h, const uint64_t *v)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (size_t i = 0; i < h->n_hours; i++) {
    prac_json_open(j, '[');
    for (size_t k = 0; k < h->n_ports; k++) prac_json_u64(j, v[i * h->n_ports + k]);
    prac_json_close(j, ']');
  }
  prac_json_close(j, ']');
}

static void put_heat(struct prac_json *j, const struct heat *h)
{
  char text[MODEL_PORT_TEXT];
  prac_json_open(j, '{');
  prac_json_key(j, "hours");
  prac_json_open(j, '[');
  for (size_t i = 0; i < h->n_hours; i++)
    prac_json_time(j, h->q.span.from + (int64_t)i * PRAC_HOUR);
  prac_json_close(j, ']');
  prac_json_key(j, "ports");
  prac_json_open(j, '[');
  for (size_t k = 0; k < h->n_ports; k++) prac_json_str(j, model_port_text(text, h->ports[k]));
  prac_json_close(j, ']');
  put_grid(j, "packets", h, h->packets);
  put_grid(j, "sources", h, h->sources);
  prac_json_close(j, '}');
}

static prac_rc heat(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct heat *h = j->ask;
  PRAC_TRY(find_hours(j, s, h, reterr));
  for (h->at = 0; h->at < h->n_ports; h->at++) {
    struct store_query q = h->q;
    q.what = STORE_SERIES;
    q.step_ns = PRAC_HOUR;
    q.port = h->ports[h->at];
    q.has_port = true;
    q.limit = HEAT_HOURS_MAX;
    PRAC_TRY(s->ops->query(s->st, &q, take_hour, h, reterr));
  }
  put_heat(&j->rows.j, h);
  return PRAC_OK;
}

void portal_ports_heat(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct portal_job *j = portal_job_new(p, r, heat, sizeof(struct heat));
  (void)word;
  if (!j) return;
  struct heat *h = j->ask;
  prac_rc rc = portal_read_question(j, NULL, &h->q, &err);
  if (!sys_http_param(r, "limit")) h->q.limit = HEAT_PORTS;
  if (h->q.limit > HEAT_PORTS_MAX) h->q.limit = HEAT_PORTS_MAX;
  portal_job_put(j, rc, &err);
}

/* ---- /ports/risk ---- */

enum { RISK_STORIES = 4096 };
struct risk {
  struct portal_job *job;
  uint64_t seen[RISK_STORIES]; /* keys whose latest finding has been met */
  size_t n_seen;
};

static bool met(struct risk *k, const char *key)
{
  uint64_t h = prac_hash_bytes(0, key, strlen(key));
  for (size_t i = 0; i < k->n_seen; i++)
    if (k->seen[i] == h) return true;
  if (k->n_seen < RISK_STORIES) k->seen[k->n_seen++] = h;
  return false;
}

/* Newest first: of each port the first that is met says how it stands. */
static prac_rc put_risks(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  static const struct store_col cols[] = {
      {"port", "", STORE_TEXT},      {"level", "", STORE_U64},
      {"score", "", STORE_F64},      {"sources", "hosts", STORE_F64},
      {"usual", "hosts", STORE_F64}, {"packets", "packets", STORE_U64},
      {"from", "", STORE_TIME},      {"to", "", STORE_TIME},
      {"at", "", STORE_TIME},        {"id", "", STORE_TEXT},
      {"key", "", STORE_TEXT},       {"text", "", STORE_TEXT}};
  struct risk *k = arg;
  (void)err;
  for (size_t i = 0; i < n; i++) {
    const struct finding *f = recs[i];
    if (met(k, f->key) || strcmp(f->state, "on") != 0) continue;
    const char *port = strchr(f->key, ':');
    const struct store_value v[] = {{.s = port ? port + 1 : f->key},
                                    {.u = f->level},
                                    {.f = f->score},
                                    {.f = f->value},
                                    {.f = f->baseline},
                                    {.u = f->packets},
                                    {.t = f->from},
                                    {.t = f->to},
                                    {.t = f->at},
                                    {.s = f->id},
                                    {.s = f->key},
                                    {.s = f->text}};
    PRAC_TRY(rows_put(&k->job->rows, cols, PRAC_ARRAY_LEN(cols), v));
  }
  return PRAC_OK;
}

static prac_rc risk(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct risk *k = j->ask;
  const struct store_query q = {.what = STORE_RECORDS, .kind = &model_finding, .only = "risk-port"};
  k->job = j;
  prac_rc rc = portal_scan(j, s, q, put_risks, k, reterr);
  j->rows.next[0] = 0; /* one look at the latest, no list to turn pages of */
  return rc;
}

void portal_ports_risk(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct store_query q = {.what = STORE_RECORDS, .kind = &model_finding};
  struct portal_job *j = portal_job_new(p, r, risk, sizeof(struct risk));
  (void)word;
  if (!j) return;
  prac_rc rc = portal_read_question(j, NULL, &q, &err);
  portal_job_rows(j, q.limit);
  portal_job_put(j, rc, &err);
}
