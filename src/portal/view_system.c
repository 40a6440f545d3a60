/* The machinery: sites, what is kept, what waits where, how old the data are that go with it. */
#include <string.h>

#include "portal/job.h"
#include "sys/durable.h"

static prac_rc take_kept(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct prac_json *j = arg;
  const struct store_value *what = portal_value("what", cols, n, v),
                           *from = portal_value("from", cols, n, v),
                           *to = portal_value("to", cols, n, v);
  if (!what || !from || !to) return PRAC_DAMAGED;
  prac_json_key(j, what->s);
  prac_json_open(j, '{');
  prac_json_key_time(j, "from", from->t);
  prac_json_key_time(j, "to", to->t);
  prac_json_close(j, '}');
  return PRAC_OK;
}

static prac_rc put_store(struct portal *p, struct store *s, struct prac_json *j,
                         struct prac_err *err)
{
  const struct store_query q = {.what = STORE_KEPT};
  uint64_t left = 0, all = 0;
  prac_json_key_str(j, "store", p->env.store->ops->name);
  prac_json_key(j, "kept");
  prac_json_open(j, '{');
  PRAC_TRY(s->ops->query(s->st, &q, take_kept, j, err));
  prac_json_close(j, '}');
  if (!p->env.disk || sys_free_bytes(p->env.disk, &left, &all, NULL) != PRAC_OK) return PRAC_OK;
  prac_json_key(j, "disk");
  prac_json_open(j, '{');
  prac_json_key_u64(j, "free_bytes", left);
  prac_json_key_u64(j, "all_bytes", all);
  prac_json_close(j, '}');
  return PRAC_OK;
}

/* p->lock held */
static void put_live(const struct portal *p, const struct portal_audience *a, struct prac_json *j)
{
  struct model_strs lists = live_lists(p->live);
  prac_json_key_time(j, "event_time", live_event_time(p->live));
  prac_json_key_str(j, "geography", live_geo(p->live));
  prac_json_key(j, "surveys");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < lists.n; i++) prac_json_str(j, lists.v[i]);
  prac_json_close(j, ']');
  prac_json_key(j, "sensors");
  portal_sensors_json(p, a, j);
}

static void put_counters(struct prac_json *j, const struct prac_counters *c, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < c[i].n; k++) {
      prac_json_open(j, '{');
      prac_json_key_str(j, "room", c[i].room);
      prac_json_key_str(j, "name", c[i].defs[k].name);
      prac_json_key_str(j, "unit", c[i].defs[k].unit);
      prac_json_key_u64(j, "value", prac_counter_get(&c[i].values[k]));
      prac_json_key_str(j, "help", c[i].defs[k].help);
      prac_json_close(j, '}');
    }
}

static prac_rc machinery(struct portal_job *job, struct store *s, struct prac_err *reterr)
{
  struct portal *p = job->p;
  struct prac_json *j = &job->rows.j;
  struct prac_counters own = portal_counters(p), http = sys_http_counters(p->http);
  prac_json_open(j, '{');
  prac_json_key_str(j, "version", p->env.version ? p->env.version : "");
  PRAC_TRY(put_store(p, s, j, reterr));
  pthread_mutex_lock(&p->lock);
  put_live(p, job->audience, j);
  pthread_mutex_unlock(&p->lock);
  prac_json_key(j, "counters");
  prac_json_open(j, '[');
  put_counters(j, &http, 1);
  put_counters(j, &own, 1);
  put_counters(j, p->env.counters, p->env.n_counters);
  prac_json_close(j, ']');
  prac_json_close(j, '}');
  return PRAC_OK;
}

void portal_system(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct portal_job *j = portal_job_new(p, r, machinery, 1);
  (void)word;
  if (j) portal_job_put(j, PRAC_OK, &(struct prac_err){0});
}
