/* Comparing: one side with the other, and each with the operator's alarms. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/tune.h"
#include "math/robust.h"

/* ---- the operator's alarms ---- */

/* The next field of a line, without blanks and quotes around it. */
static char *field(char **line)
{
  char *s = *line;
  char *comma = s ? strchr(s, ',') : NULL;
  if (!s) return NULL;
  if (comma) *comma = '\0';
  *line = comma ? comma + 1 : NULL;
  while (isspace((unsigned char)*s) || *s == '"') s++;
  for (size_t n = strlen(s); n && (isspace((unsigned char)s[n - 1]) || s[n - 1] == '"');)
    s[--n] = '\0';
  return s;
}

static prac_rc parse(char *line, struct tune_alarm *a)
{
  const char *from = field(&line), *to = field(&line), *victim = field(&line);
  if (!from || !to || !victim) return PRAC_MALFORMED;
  PRAC_TRY(prac_time_parse(from, strlen(from), &a->from));
  PRAC_TRY(prac_time_parse(to, strlen(to), &a->to));
  a->first[0] = a->first[1] = PRAC_TIME_NONE;
  if (a->to < a->from) return PRAC_MALFORMED;
  return prac_prefix_parse(victim, strlen(victim), &a->victim);
}

static bool overlap(const struct prac_prefix *a, const struct prac_prefix *b)
{
  return prac_prefix_has(a, &b->ip) || prac_prefix_has(b, &a->ip);
}

static bool ours(const struct tune *t, const struct tune_alarm *a)
{
  bool time = (t->span.from == PRAC_TIME_NONE || a->to >= t->span.from) &&
              (t->span.to == PRAC_TIME_NONE || a->from < t->span.to);
  bool place = t->only.n == 0;
  for (size_t i = 0; i < t->only.n; i++) place = place || overlap(&t->only.v[i], &a->victim);
  return time && place;
}

static prac_rc keep(struct tune *t, const struct tune_alarm *a)
{
  if (!ours(t, a)) {
    t->alarms_left_out++;
    return PRAC_OK;
  }
  struct tune_alarm *v = realloc(t->alarms, (t->n_alarms + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  t->alarms = v;
  t->alarms[t->n_alarms++] = *a;
  return PRAC_OK;
}

prac_rc tune_alarms_read(struct tune *t, FILE *f, const char *name, struct prac_err *reterr)
{
  char line[1024];
  t->has_alarms = true;
  for (unsigned n = 1; fgets(line, sizeof line, f); n++) {
    struct tune_alarm a;
    bool head = n == 1 && !isdigit((unsigned char)line[strspn(line, " \t\"@")]);
    if (head || line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#') continue;
    if (parse(line, &a) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_MALFORMED,
                       "%s:%u: a line is start,end,victim: "
                       "2015-04-01T12:00:00Z,2015-04-01T12:08:00Z,203.0.113.9",
                       name, n);
    if (keep(t, &a) != PRAC_OK) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", name);
  }
  return ferror(f) ? PRAC_FAIL(reterr, PRAC_IO, "%s: cannot be read", name) : PRAC_OK;
}

/* ---- scores ---- */

static bool fits(const struct tune *t, const struct tune_alert *a, const struct tune_alarm *m)
{
  return overlap(&a->target, &m->victim) && a->started <= m->to + t->slack_ns &&
         a->to >= m->from - t->slack_ns;
}

static void relate(struct tune *t, int side)
{
  struct tune_side *s = &t->side[side];
  for (size_t i = 0; i < s->n; i++)
    for (size_t k = 0; k < t->n_alarms; k++) {
      struct tune_alarm *m = &t->alarms[k];
      if (!fits(t, &s->v[i], m)) continue;
      s->v[i].alarmed = true;
      if (m->first[side] == PRAC_TIME_NONE || s->v[i].started < m->first[side])
        m->first[side] = s->v[i].started;
    }
}

static int by_value(const void *pa, const void *pb)
{
  double a = *(const double *)pa, b = *(const double *)pb;
  return a < b ? -1 : a > b;
}

struct tune_score tune_score_of(struct tune *t, int side)
{
  struct tune_side *s = &t->side[side];
  struct tune_score r = {.alerts = s->n, .alarms = t->n_alarms, .median_lead_s = (double)NAN};
  double *lead = malloc((t->n_alarms + 1) * sizeof *lead);
  size_t n = 0;
  relate(t, side);
  for (size_t i = 0; i < s->n; i++) r.right += s->v[i].alarmed;
  for (size_t k = 0; k < t->n_alarms; k++) {
    const struct tune_alarm *m = &t->alarms[k];
    if (m->first[side] == PRAC_TIME_NONE) continue;
    if (lead) lead[n++] = (double)(m->from - m->first[side]) / (double)PRAC_SEC;
    r.seen++;
  }
  r.lead = (struct math_interval){(double)NAN, (double)NAN};
  if (lead && n) {
    qsort(lead, n, sizeof *lead, by_value);
    r.lead = math_median_interval(lead, n);
    r.median_lead_s = math_median(lead, n);
  }
  free(lead);
  return r;
}
