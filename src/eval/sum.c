#include <stdlib.h>
#include <string.h>

#include "eval/eval.h"

static int by_run(const void *pa, const void *pb)
{
  const struct eval_result *a = pa, *b = pb;
  if (a->scenario != b->scenario) return a->scenario < b->scenario ? -1 : 1;
  return a->seed < b->seed ? -1 : a->seed > b->seed;
}

static int by_value(const void *pa, const void *pb)
{
  double a = *(const double *)pa, b = *(const double *)pb;
  return a < b ? -1 : a > b;
}

static struct eval_row *row_of(struct eval_sum *s, uint32_t scenario, const struct eval_found *e,
                               size_t n_runs)
{
  for (size_t i = 0; i < s->n_rows; i++)
    if (s->rows[i].scenario == scenario && strcmp(s->rows[i].name, e->name) == 0)
      return &s->rows[i];
  struct eval_row *v = realloc(s->rows, (s->n_rows + 1) * sizeof *v);
  if (!v) return NULL;
  s->rows = v;
  struct eval_row *r = &v[s->n_rows++];
  *r = (struct eval_row){.scenario = scenario, .hosts = e->hosts};
  memcpy(r->name, e->name, sizeof r->name);
  memcpy(r->what, e->what, sizeof r->what);
  for (size_t w = 0; w < s->n_who; w++) {
    r->delay_s[w] = calloc(n_runs, sizeof(double));
    if (!r->delay_s[w]) return NULL;
  }
  return r;
}

static void add_alarms(struct eval_part *p, const struct eval_result *r)
{
  if (p->runs++ == 0) p->first = r->seed;
  p->last = r->seed;
  p->events += r->n_events;
  p->packets += r->packets;
  p->days += (double)r->scored_ns / (double)PRAC_DAY;
  for (size_t w = 0; w < EVAL_WHO; w++) {
    p->cpu_s[w] += (double)r->cpu_ns[w] / (double)PRAC_SEC;
    p->alarms_false[w] += r->alarms_false[w];
    p->alarms_allowed[w] += r->alarms_allowed[w];
    for (uint32_t i = 0; i < r->n_events; i++) p->found[w] += r->events[i].delay_ns[w] >= 0;
  }
}

static prac_rc add(struct eval_sum *s, const struct eval_result *r, size_t n_runs)
{
  for (uint32_t i = 0; i < r->n_events; i++) {
    const struct eval_found *e = &r->events[i];
    struct eval_row *row = row_of(s, r->scenario, e, n_runs);
    if (!row) return PRAC_NOMEM;
    row->n++;
    row->packets += e->packets;
    if (e->hosts > row->hosts) row->hosts = e->hosts;
    for (size_t w = 0; w < s->n_who; w++)
      if (e->delay_ns[w] >= 0)
        row->delay_s[w][row->found[w]++] = (double)e->delay_ns[w] / (double)PRAC_SEC;
  }
  add_alarms(&s->parts[r->scenario], r);
  add_alarms(&s->all, r);
  return PRAC_OK;
}

prac_rc eval_sum_of(struct eval_result *r, size_t n, const char *const *who, size_t n_who,
                    struct eval_sum *ret)
{
  prac_rc rc = PRAC_OK;
  *ret = (struct eval_sum){.n_who = n_who};
  memcpy(ret->who, who, n_who * sizeof *who);
  ret->parts = calloc(eval_scenario_count, sizeof *ret->parts);
  if (!ret->parts) return PRAC_NOMEM;
  if (n) qsort(r, n, sizeof *r, by_run);
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = add(ret, &r[i], n);
  for (size_t i = 0; i < ret->n_rows; i++)
    for (size_t w = 0; w < n_who; w++)
      if (ret->rows[i].found[w])
        qsort(ret->rows[i].delay_s[w], ret->rows[i].found[w], sizeof(double), by_value);
  if (rc != PRAC_OK) eval_sum_done(ret);
  return rc;
}

void eval_sum_done(struct eval_sum *s)
{
  for (size_t i = 0; i < s->n_rows; i++)
    for (size_t w = 0; w < EVAL_WHO; w++) free(s->rows[i].delay_s[w]);
  free(s->rows);
  free(s->parts);
  *s = (struct eval_sum){0};
}
