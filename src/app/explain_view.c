/* What was seen of a subject, for a terminal: a line of bars, groups, the table, related stories.
 */
#include <inttypes.h>
#include <string.h>

#include "app/explain.h"

enum { WIDTH = 72, SHOWN_GROUPS = 12, SHOWN_RELATED = 12 };

/* ---- bars ---- */
static const char *bar(double part) /* 0: nothing; else an eighth up to all of it */
{
  static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (part <= 0) return "·";
  size_t i = 1 + (size_t)(part * 8 - 1e-9);
  return bars[i > 8 ? 8 : i];
}

static uint32_t columns(uint32_t steps)
{
  uint32_t each = (steps + WIDTH - 1) / WIDTH;
  return each ? (steps + each - 1) / each : 0;
}

static void bars(const uint64_t *v, uint32_t n, FILE *to)
{
  uint64_t most = 0;
  for (uint32_t i = 0; i < n; i++)
    if (v[i] > most) most = v[i];
  for (uint32_t i = 0; i < n; i++) fputs(bar(most ? (double)v[i] / (double)most : 0), to);
}

static uint32_t column_of(const struct view *v, prac_time at)
{
  uint32_t each = (v->n_steps + WIDTH - 1) / WIDTH;
  return (uint32_t)((at - v->span.from) / v->step_ns) / each;
}

static void line_of_steps(const struct view *v, bool hosts, FILE *to)
{
  uint64_t c[WIDTH] = {0};
  for (size_t i = 0; i < v->minutes.n; i++) {
    uint64_t *at = &c[column_of(v, v->minutes.v[i].at)];
    if (!hosts)
      *at += v->minutes.v[i].packets;
    else if (v->minutes.v[i].hosts > *at)
      *at = v->minutes.v[i].hosts;
  }
  bars(c, columns(v->n_steps), to);
}

static void line_of_table(const struct view *v, const struct view_line *l, FILE *to)
{
  uint64_t c[WIDTH] = {0};
  for (uint32_t k = 0; k < v->n_steps; k++)
    c[column_of(v, v->span.from + k * v->step_ns)] += l->steps[k];
  bars(c, columns(v->n_steps), to);
}

/* ---- parts ---- */
static void page_asked(const struct view *v, FILE *to)
{
  char t[PRAC_TIME_TEXT];
  uint64_t packets = 0;
  if (v->asked.from >= v->span.from) return;
  for (size_t i = 0; i < v->hours.n; i++) packets += v->hours.v[i].packets;
  fprintf(to,
          "  the latest flows only: of the whole time asked for, since %s, roll-ups know %" PRIu64
          " packets\n",
          prac_time_text(t, v->asked.from), packets);
}

static void page_kept(const struct view *v, FILE *to)
{
  char t[PRAC_TIME_TEXT];
  if (v->kept.from == PRAC_TIME_NONE)
    fputs("  the store has no flows at all\n", to);
  else if (v->flows == VIEW_FLOWS_GONE)
    fprintf(to,
            "  the flows of this time have been removed by retention: the oldest kept are of %s\n",
            prac_time_text(t, v->kept.from));
  else if (v->flows == VIEW_FLOWS_PARTLY)
    fprintf(to, "  flows before %s have been removed by retention\n",
            prac_time_text(t, v->kept.from));
}

static void page_days(const struct view *v, FILE *to)
{
  enum { DAYS = WIDTH };
  char t[2][PRAC_TIME_TEXT];
  const struct view_steps *d = &v->days;
  uint64_t c[DAYS] = {0};
  if (d->n == 0) return;
  prac_time last = d->v[d->n - 1].at;
  for (size_t i = 0; i < d->n; i++) {
    int64_t back = (last - d->v[i].at) / PRAC_DAY;
    if (back < DAYS) c[DAYS - 1 - back] = d->v[i].packets;
  }
  fprintf(to, "  first day %.10s, last day %.10s, of all that roll-ups know; the last %d days:\n  ",
          prac_time_text(t[0], d->v[0].at), prac_time_text(t[1], last), DAYS);
  bars(c, DAYS, to);
  fputc('\n', to);
}

static void page_activity(const struct view *v, FILE *to)
{
  char t[3][PRAC_TIME_TEXT];
  uint64_t most = 0, hosts = 0;
  for (size_t i = 0; i < v->minutes.n; i++) {
    if (v->minutes.v[i].packets > most) most = v->minutes.v[i].packets;
    if (v->minutes.v[i].hosts > hosts) hosts = v->minutes.v[i].hosts;
  }
  int64_t each = (v->n_steps + WIDTH - 1) / WIDTH * v->step_ns;
  fprintf(to, "\nSEEN from %s to %s, a column is %s\n", prac_time_text(t[0], v->span.from),
          prac_time_text(t[1], v->span.to), prac_duration_text(t[2], each));
  page_asked(v, to);
  page_kept(v, to);
  if (v->packets > 0) {
    const char *step = prac_duration_text(t[2], v->step_ns);
    fprintf(to, "  packets ");
    line_of_steps(v, false, to);
    fprintf(to, " at most %" PRIu64 " in %s\n", most, step);
    if (v->hosts > 1) {
      fprintf(to, "  hosts   ");
      line_of_steps(v, true, to);
      fprintf(to, " at most %" PRIu64 " in %s\n", hosts, step);
    }
    fprintf(to, "  %" PRIu64 " packets of %" PRIu64 " host%s, first %s, last %s\n", v->packets,
            v->hosts, v->hosts == 1 ? "" : "s", prac_time_text(t[0], v->first),
            prac_time_text(t[1], v->last));
  } else if (v->flows != VIEW_FLOWS_GONE) {
    fputs("  nothing was seen of it in this time\n", to);
  }
  page_days(v, to);
}

static void page_groups(const struct view *v, enum view_dim d, FILE *to)
{
  const struct view_groups *g = &v->groups[d];
  char t[2][PRAC_TIME_TEXT];
  if (g->n == 0) return;
  fprintf(to, "\n%-22s %10s %8s  %-24s %s\n", view_dim_names[d], "packets", "hosts", "first",
          "last");
  for (size_t i = 0; i < g->n && i < SHOWN_GROUPS; i++)
    fprintf(to, "  %-20s %10" PRIu64 " %8" PRIu64 "  %-24s %s\n", g->v[i].name, g->v[i].packets,
            g->v[i].hosts, prac_time_text(t[0], g->v[i].first), prac_time_text(t[1], g->v[i].last));
  if (g->n == VIEW_GROUPS_MAX)
    fputs("  ... and more: these are the biggest\n", to);
  else if (g->n > SHOWN_GROUPS)
    fprintf(to, "  ... and %zu more\n", g->n - SHOWN_GROUPS);
}

static void page_table(const struct view *v, FILE *to)
{
  char t[PRAC_TIME_TEXT];
  if (v->n_lines == 0) return;
  if (v->micro)
    fprintf(to, "\nports in time, most packets first\n");
  else
    fprintf(to, "\nhosts in time, most synchronous first\n");
  for (size_t i = 0; i < v->n_lines; i++) {
    const struct view_line *l = &v->lines[i];
    fprintf(to, "  %-17s %-2s ", l->name, l->country);
    if (!v->micro) fprintf(to, "%4.2f ", l->sync);
    fprintf(to, "%7" PRIu64 " ", l->packets);
    line_of_table(v, l, to);
    fprintf(to, " %s\n", prac_time_text(t, l->first));
  }
  if (v->more_lines) fprintf(to, "  ... and %" PRIu64 " more\n", v->more_lines);
}

static void page_related(const struct view_relateds *r, const char *title, bool share, FILE *to)
{
  char t[2][PRAC_TIME_TEXT];
  if (r->n == 0) return;
  fprintf(to, "\n%s\n", title);
  for (size_t i = 0; i < r->n && i < SHOWN_RELATED; i++) {
    const struct view_related *x = &r->v[i];
    fprintf(to, "  %-26s %-17s level %u  %s to %s", x->key, x->id, x->level,
            prac_time_text(t[0], x->span.from), prac_time_text(t[1], x->span.to));
    if (share) fprintf(to, "  %u shared, Jaccard %.2f", x->shared, x->jaccard);
    fprintf(to, "  (%u finding%s)\n", x->findings, x->findings == 1 ? "" : "s");
  }
  if (r->n > SHOWN_RELATED) fprintf(to, "  ... and %zu more\n", r->n - SHOWN_RELATED);
  if (r->cut) fprintf(to, "  only the latest %d findings were looked at\n", VIEW_RELATED_MAX);
}

void explain_view_page(const struct view_subject *u, const struct view *v, FILE *to)
{
  static const char *const words[] = {
      [VIEW_ALERT] = "", [VIEW_FINDING] = "", [VIEW_HOST] = "HOST ", [VIEW_PORT] = "PORT "};
  if (words[u->about][0])
    fprintf(to, "%s%s\n", v->micro || u->about == VIEW_PORT ? words[u->about] : "HOSTS ", u->what);
  if (!u->hits) {
    page_activity(v, to);
    for (int d = 0; d < VIEW_DIM_COUNT_; d++) page_groups(v, (enum view_dim)d, to);
    page_table(v, to);
  }
  page_related(&v->naming, "findings that name it", false, to);
  page_related(&v->sharing, "other findings with the same hosts", true, to);
}
