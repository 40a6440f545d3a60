/* Telling: a short table for people, everything for programs. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/tune.h"

enum { SHOWN = 20 };

/* Which alerts of one side the other has as well. */
static void pair(struct tune *t)
{
  struct tune_side *a = &t->side[TUNE_NOW], *b = &t->side[TUNE_CHANGED];
  for (size_t i = 0; i < a->n; i++)
    for (size_t k = 0; k < b->n; k++) {
      struct tune_alert *x = &a->v[i], *y = &b->v[k];
      bool same = prac_ip_eq(&x->target.ip, &y->target.ip) && x->target.bits == y->target.bits &&
                  strcmp(x->vectors, y->vectors) == 0;
      if (!same || x->started > y->to + t->slack_ns || y->started > x->to + t->slack_ns) continue;
      x->paired = y->paired = true;
    }
}

static size_t lone(const struct tune_side *s)
{
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) n += !s->v[i].paired;
  return n;
}

static const char *target(const struct tune_alert *a, char out[PRAC_IP_TEXT])
{
  return a->target.bits < 128 ? prac_prefix_text(out, &a->target)
                              : prac_ip_text(out, &a->target.ip);
}

/* ---- for people ---- */

static void list(const struct tune *t, int side, const char *what, FILE *to)
{
  const struct tune_side *s = &t->side[side];
  char at[PRAC_TIME_TEXT], ip[PRAC_IP_TEXT];
  size_t shown = 0, all = lone(s);
  for (size_t i = 0; i < s->n && shown < SHOWN; i++) {
    const struct tune_alert *a = &s->v[i];
    if (a->paired) continue;
    if (shown++ == 0) fprintf(to, "\n%s:\n", what);
    fprintf(to, "  %-24s %-22s %-16s %8" PRIu64 " packets, %.3g/s%s\n",
            prac_time_text(at, a->started), target(a, ip), a->vectors, a->packets, a->pps_max,
            t->has_alarms && a->alarmed ? ", an alarm" : "");
  }
  if (all > shown) fprintf(to, "  ... and %zu more (--json has all)\n", all - shown);
}

static void share(FILE *to, const char *name, const uint64_t k[2], const uint64_t n[2])
{
  fprintf(to, "%-24s", name);
  for (int i = 0; i < 2; i++) {
    struct math_interval w = math_wilson(k[i], n[i]);
    char text[64];
    (void)snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64 " = %.2f [%.2f, %.2f]", k[i], n[i],
                   n[i] ? (double)k[i] / (double)n[i] : 0.0, w.lo, w.hi);
    fprintf(to, "  %-32s", n[i] ? text : "-");
  }
  fputc('\n', to);
}

static void scores(struct tune *t, FILE *to)
{
  struct tune_score s[2] = {tune_score_of(t, 0), tune_score_of(t, 1)};
  const uint64_t right[2] = {s[0].right, s[1].right}, alerts[2] = {s[0].alerts, s[1].alerts};
  const uint64_t seen[2] = {s[0].seen, s[1].seen}, alarms[2] = {s[0].alarms, s[1].alarms};
  share(to, "precision (95 %)", right, alerts);
  share(to, "recall (95 %)", seen, alarms);
  fprintf(to, "%-24s", "median lead time (95 %)");
  for (int i = 0; i < 2; i++) {
    char text[64] = "-";
    if (s[i].seen)
      (void)snprintf(text, sizeof text, "%.1f s [%.1f, %.1f]", s[i].median_lead_s, s[i].lead.lo,
                     s[i].lead.hi);
    fprintf(to, "  %-32s", text);
  }
  fputc('\n', to);
}

void tune_print(struct tune *t, FILE *to)
{
  char first[PRAC_TIME_TEXT], last[PRAC_TIME_TEXT];
  pair(t);
  fprintf(to, "%" PRIu64 " hits played again, %s .. %s; %" PRIu64 " could not be read\n", t->hits,
          prac_time_text(first, t->first), prac_time_text(last, t->last), t->refused);
  if (t->has_alarms)
    fprintf(to, "%zu alarms of the operator's, %zu elsewhere or at another time\n", t->n_alarms,
            t->alarms_left_out);
  fprintf(to, "\n%-24s  %-32s  %-32s\n", "", t->side[0].name, t->side[1].name);
  fprintf(to, "%-24s  %-32zu  %-32zu\n", "alerts", t->side[0].n, t->side[1].n);
  fprintf(to, "%-24s  %-32s  %-32zu\n", "  gained", "", lone(&t->side[TUNE_CHANGED]));
  fprintf(to, "%-24s  %-32zu\n", "  lost", lone(&t->side[TUNE_NOW]));
  if (t->has_alarms) scores(t, to);
  list(t, TUNE_CHANGED, "gained", to);
  list(t, TUNE_NOW, "lost", to);
}

/* ---- for programs ---- */

static void interval(struct prac_json *j, const char *key, double v, struct math_interval w)
{
  prac_json_key(j, key);
  prac_json_open(j, '{');
  prac_json_key_f64(j, "value", v);
  prac_json_key_f64(j, "lo", w.lo);
  prac_json_key_f64(j, "hi", w.hi);
  prac_json_close(j, '}');
}

static void score_json(struct tune *t, int side, struct prac_json *j)
{
  struct tune_score s = tune_score_of(t, side);
  double n = (double)s.alerts, m = (double)s.alarms;
  prac_json_key_u64(j, "right", s.right);
  prac_json_key_u64(j, "seen", s.seen);
  interval(j, "precision", n > 0 ? (double)s.right / n : (double)NAN,
           math_wilson(s.right, s.alerts));
  interval(j, "recall", m > 0 ? (double)s.seen / m : (double)NAN, math_wilson(s.seen, s.alarms));
  interval(j, "lead_s", s.median_lead_s, s.lead);
}

static void lone_json(const struct tune *t, int side, const char *key, struct prac_json *j)
{
  const struct tune_side *s = &t->side[side];
  char ip[PRAC_IP_TEXT];
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (size_t i = 0; i < s->n; i++) {
    const struct tune_alert *a = &s->v[i];
    if (a->paired) continue;
    prac_json_open(j, '{');
    prac_json_key(j, "id");
    prac_json_str(j, a->id);
    prac_json_key(j, "target");
    prac_json_str(j, target(a, ip));
    prac_json_key(j, "vectors");
    prac_json_str(j, a->vectors);
    prac_json_key(j, "started");
    prac_json_time(j, a->started);
    prac_json_key(j, "to");
    prac_json_time(j, a->to);
    prac_json_key_u64(j, "packets", a->packets);
    prac_json_key_f64(j, "pps_max", a->pps_max);
    prac_json_key(j, "alarm");
    prac_json_bool(j, a->alarmed);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

prac_rc tune_print_json(struct tune *t, FILE *to)
{
  struct prac_json j = prac_json_of(0);
  pair(t);
  prac_json_open(&j, '{');
  prac_json_key_u64(&j, "hits", t->hits);
  prac_json_key_u64(&j, "refused", t->refused);
  prac_json_key_u64(&j, "alarms", t->n_alarms);
  for (int i = 0; i < 2; i++) {
    prac_json_key(&j, i == TUNE_NOW ? "now" : "changed");
    prac_json_open(&j, '{');
    prac_json_key(&j, "what");
    prac_json_str(&j, t->side[i].name);
    prac_json_key_u64(&j, "alerts", t->side[i].n);
    if (t->has_alarms) score_json(t, i, &j);
    prac_json_close(&j, '}');
  }
  lone_json(t, TUNE_CHANGED, "gained", &j);
  lone_json(t, TUNE_NOW, "lost", &j);
  prac_json_close(&j, '}');
  prac_rc rc = j.bad ? PRAC_NOMEM : fprintf(to, "%s\n", j.buf) < 0 ? PRAC_IO : PRAC_OK;
  prac_json_done(&j);
  return rc;
}
