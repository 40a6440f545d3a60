/* A comparison for people: who is there, what rose where first, whom they share, what is abroad. */
#include "app/compare_out.h"

#include <inttypes.h>
#include <string.h>

#include "view/view_json.h"

static const char *share(char out[8], uint32_t part, uint32_t of)
{
  (void)snprintf(out, 8, of ? "%3u %%" : "-", of ? (unsigned)(100.0 * part / of + 0.5) : 0u);
  return out;
}

/* "+12 min", "-1 h 3 min", "0" */
static const char *lag(char out[PRAC_TIME_TEXT + 1], int64_t ns)
{
  char t[PRAC_TIME_TEXT];
  int64_t min = (ns < 0 ? -ns : ns) / PRAC_MIN * PRAC_MIN;
  if (min == 0) return "0";
  (void)snprintf(out, PRAC_TIME_TEXT + 1, "%c%s", ns < 0 ? '-' : '+', prac_duration_text(t, min));
  return out;
}

static void page_sensors(const struct compare *c, FILE *to)
{
  char t[2][PRAC_TIME_TEXT], part[8];
  fprintf(to, "SENSORS from %s to %s\n", prac_time_text(t[0], c->span.from),
          prac_time_text(t[1], c->span.to));
  fprintf(to, "  %-16s %-3s %-6s %12s %10s %8s %12s\n", "sensor", "", "", "packets", "senders",
          "stories", "first of them");
  for (uint32_t i = 0; i < c->n_sensors; i++) {
    const struct compare_sensor *s = &c->sensors[i];
    const char *where = s->home ? "home" : c->n_home ? "abroad" : "";
    fprintf(to, "  %-16s %-3s %-6s %12" PRIu64 " %10" PRIu64 " %8u %6u %5s\n", s->name, s->country,
            where, s->packets, s->sources, s->stories, s->first, share(part, s->first, s->stories));
  }
}

static void page_pairs(const struct compare *c, FILE *to)
{
  char part[2][8], t[3][PRAC_TIME_TEXT + 1];
  fprintf(to,
          "\nWHO SEES IT FIRST, of stories that rose at both; lag of the second behind the first "
          "sensor named\n");
  fprintf(to, "  %-16s %-16s %7s %12s %12s  %-10s %s\n", "", "", "stories", "first ahead",
          "second ahead", "median", "quartiles");
  for (size_t i = 0; i < c->n_pairs; i++) {
    const struct compare_pair *p = &c->pairs[i];
    if (p->stories == 0) continue;
    fprintf(to, "  %-16s %-16s %7u %6u %5s %6u %5s  %-10s %s .. %s\n", c->sensors[p->a].name,
            c->sensors[p->b].name, p->stories, p->a_first, share(part[0], p->a_first, p->stories),
            p->b_first, share(part[1], p->b_first, p->stories), lag(t[0], p->lag_ns),
            lag(t[1], p->lag_lo_ns), lag(t[2], p->lag_hi_ns));
  }
}

static void page_overlap(const struct compare *c, FILE *to)
{
  fprintf(to, "\nSENDERS IN COMMON");
  if (c->sampled > 1) fprintf(to, ", of one in %" PRIu64 " by hash", c->sampled);
  fprintf(to, "\n  %-16s %-16s %10s %10s %8s  %s\n", "", "", "both", "either", "Jaccard",
          "by country");
  for (size_t i = 0; i < c->n_pairs; i++) {
    const struct compare_pair *p = &c->pairs[i];
    fprintf(to, "  %-16s %-16s %10" PRIu64 " %10" PRIu64 " %8.3f", c->sensors[p->a].name,
            c->sensors[p->b].name, p->shared, p->either, p->jaccard);
    if (p->error > 0) fprintf(to, " ± %.3f", p->error);
    for (uint32_t k = 0; k < p->n_countries; k++)
      fprintf(to, "%s%s %.2f", k ? ", " : "  ", p->country[k].name, p->country[k].jaccard);
    fputc('\n', to);
  }
}

static void page_story(const struct compare *c, const struct compare_story *s, FILE *to)
{
  char at[PRAC_TIME_TEXT], t[PRAC_TIME_TEXT + 1];
  fprintf(to, "  %-28s %-17s %6" PRIu64 " ", s->key, s->id, s->hosts);
  if (s->seen == 0) {
    fputs("no rise at any sensor in the flows kept\n", to);
    return;
  }
  fprintf(to, "%s %s", prac_time_text(at, s->onset[s->at_first]), c->sensors[s->at_first].name);
  for (uint32_t i = 0; i < c->n_sensors; i++)
    if (i != s->at_first && s->onset[i] != PRAC_TIME_NONE)
      fprintf(to, ", %s %s", c->sensors[i].name, lag(t, s->onset[i] - s->onset[s->at_first]));
  fputc('\n', to);
}

static void page_stories(const struct compare *c, uint32_t limit, FILE *to)
{
  fprintf(to,
          "\nSTORIES, the latest first: hosts; where it rose first, and how much later where\n");
  for (size_t i = 0; i < c->n_stories && i < limit; i++) page_story(c, &c->stories[i], to);
  if (c->n_stories == 0) fputs("  none in this time\n", to);
  if (c->n_stories > limit) fprintf(to, "  ... and %zu more\n", c->n_stories - limit);
  if (c->stories_cut) fputs("  ... and earlier ones that were not looked at\n", to);
}

static void page_abroad(const struct compare *c, uint32_t limit, FILE *to)
{
  char t[2][PRAC_TIME_TEXT];
  if (c->n_home == 0) {
    fputs("\nWho is at home is not known: --home COUNTRY, --home SENSOR,SENSOR, or run.home\n", to);
    return;
  }
  fprintf(to, "\nSEEN ABROAD, NOT YET AT HOME: ports, %s to %s%s\n",
          prac_time_text(t[0], c->recent.from), prac_time_text(t[1], c->recent.to),
          c->baseline ? "" : "; nothing is kept from before: what is usual is not known");
  if (c->n_ports)
    fprintf(to, "  %-12s %-16s %8s %8s %8s %12s %8s\n", "port", "most at", "senders", "before",
            "sensors", "at home", "before");
  for (size_t i = 0; i < c->n_ports && i < limit; i++) {
    const struct compare_port *p = &c->ports[i];
    fprintf(to, "  %-12s %-16s %8" PRIu64 " %8" PRIu64 " %8u %12" PRIu64 " %8" PRIu64 "\n", p->port,
            c->sensors[p->sensor].name, p->now, p->before, p->sensors, p->home_now, p->home_before);
  }
  if (c->n_ports == 0) fputs("  none\n", to);
  if (c->n_ports > limit) fprintf(to, "  ... and %zu more\n", c->n_ports - limit);
  fputs("\nSEEN ABROAD, NOT YET AT HOME: stories\n", to);
  size_t n = 0;
  for (size_t i = 0; i < c->n_stories; i++) {
    if (!c->stories[i].abroad || n++ >= limit) continue;
    page_story(c, &c->stories[i], to);
  }
  if (n == 0) fputs("  none\n", to);
  if (n > limit) fprintf(to, "  ... and %zu more\n", n - limit);
}

void compare_out_page(const struct compare *c, uint32_t limit, FILE *to)
{
  page_sensors(c, to);
  if (c->n_sensors > 1) {
    page_pairs(c, to);
    page_overlap(c, to);
  }
  page_stories(c, limit, to);
  page_abroad(c, limit, to);
}

static prac_rc lines(const struct compare *c, enum compare_part part, FILE *to)
{
  struct prac_json j = prac_json_of(0);
  for (size_t i = 0; i < compare_part_n(c, part) && !j.bad; i++) {
    prac_json_reset(&j);
    prac_json_open(&j, '{');
    prac_json_key(&j, compare_part_names[part]);
    compare_part_json(&j, c, part, i);
    prac_json_close(&j, '}');
    if (!j.bad) fprintf(to, "%s\n", j.buf);
  }
  bool bad = j.bad;
  prac_json_done(&j);
  return bad ? PRAC_NOMEM : PRAC_OK;
}

prac_rc compare_out_json(const struct compare *c, FILE *to)
{
  for (int part = 0; part < COMPARE_PART_COUNT_; part++)
    PRAC_TRY(lines(c, (enum compare_part)part, to));
  return PRAC_OK;
}
