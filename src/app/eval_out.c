/* Tables for people, one object for programs. What stands here repeats from run to run, but for
 * the document's cost.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "app/eval_out.h"
#include "math/robust.h"

static void rate(FILE *f, uint64_t k, uint64_t n)
{
  struct math_interval w = math_wilson(k, n);
  if (n == 0)
    fputs(" – |", f);
  else
    fprintf(f, " %.2f (%.2f–%.2f) |", (double)k / (double)n, w.lo, w.hi);
}

static void head(const struct eval_sum *s, FILE *f, const char *first)
{
  fprintf(f, "| %s |", first);
  for (size_t w = 0; w < s->n_who; w++) fprintf(f, " %s |", s->who[w]);
  fputs("\n|---|", f);
  const char *bars = first;
  for (; *bars; bars++)
    if (*bars == '|') fputs("---|", f);
  for (size_t w = 0; w < s->n_who; w++) fputs("---|", f);
  fputc('\n', f);
}

static void found_table(const struct eval_sum *s, uint32_t scenario, FILE *f)
{
  head(s, f, "event | hosts | packets | planted");
  for (size_t i = 0; i < s->n_rows; i++) {
    const struct eval_row *r = &s->rows[i];
    if (r->scenario != scenario) continue;
    fprintf(f, "| %s | %u | %.0f | %" PRIu64 " |", r->name, r->hosts,
            (double)r->packets / (double)r->n, r->n);
    for (size_t w = 0; w < s->n_who; w++) rate(f, r->found[w], r->n);
    fputc('\n', f);
  }
}

static void delay(FILE *f, const double *sorted, uint64_t n)
{
  if (n == 0) {
    fputs(" – |", f);
    return;
  }
  struct math_interval m = math_median_interval(sorted, n);
  double mid = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  fprintf(f, " %.0f (%.0f–%.0f) |", mid / 60, m.lo / 60, m.hi / 60);
}

static void delay_table(const struct eval_sum *s, uint32_t scenario, FILE *f)
{
  head(s, f, "event");
  for (size_t i = 0; i < s->n_rows; i++) {
    const struct eval_row *r = &s->rows[i];
    if (r->scenario != scenario) continue;
    fprintf(f, "| %s |", r->name);
    for (size_t w = 0; w < s->n_who; w++) delay(f, r->delay_s[w], r->found[w]);
    fputc('\n', f);
  }
}

/* Which alarms are counted. */
enum counted { WRONG, NUISANCES, BOTH };

static void daily(FILE *f, const struct eval_part *p, size_t w, enum counted which)
{
  uint64_t n =
      (which != NUISANCES ? p->alarms_false[w] : 0) + (which != WRONG ? p->alarms_allowed[w] : 0);
  struct math_interval i = math_poisson(n);
  fprintf(f, " %" PRIu64 ": %.2f (%.2f–%.2f) |", n, (double)n / p->days, i.lo / p->days,
          i.hi / p->days);
}

static void alarm_row(const struct eval_sum *s, const char *name, const struct eval_part *p,
                      enum counted which, FILE *f)
{
  fprintf(f, "| %s | %.1f |", name, p->days);
  for (size_t w = 0; w < s->n_who; w++) daily(f, p, w, which);
  fputc('\n', f);
}

static void alarm_table(const struct eval_sum *s, enum counted which, FILE *f)
{
  head(s, f, "scenario | days");
  for (size_t i = 0; i < eval_scenario_count; i++)
    if (s->parts[i].runs) alarm_row(s, eval_scenarios[i].name, &s->parts[i], which, f);
  alarm_row(s, "all", &s->all, which, f);
  if (which == NUISANCES) alarm_row(s, "all, were these false too", &s->all, BOTH, f);
}

static void precision_table(const struct eval_sum *s, FILE *f)
{
  head(s, f, "scenario");
  for (size_t i = 0; i <= eval_scenario_count; i++) {
    bool last = i == eval_scenario_count;
    const struct eval_part *p = last ? &s->all : &s->parts[i];
    if (!p->runs || !p->events) continue;
    fprintf(f, "| %s |", last ? "all" : eval_scenarios[i].name);
    for (size_t w = 0; w < s->n_who; w++) rate(f, p->found[w], p->found[w] + p->alarms_false[w]);
    fputc('\n', f);
  }
}

/* Groups of at least so many hosts, whatever the scenario but one: orders are loose on purpose. */
enum { TARGET_HOSTS = 50 };

static void count_groups(const struct eval_sum *s, size_t w, uint32_t lo, uint32_t hi,
                         uint64_t *ret_n, uint64_t *ret_found)
{
  *ret_n = *ret_found = 0;
  for (size_t i = 0; i < s->n_rows; i++) {
    const struct eval_row *r = &s->rows[i];
    if (strcmp(r->what, "group") != 0 || r->hosts < lo || r->hosts > hi ||
        strcmp(eval_scenarios[r->scenario].name, "orders") == 0)
      continue;
    *ret_n += r->n;
    *ret_found += r->found[w];
  }
}

static void target_table(const struct eval_sum *s, FILE *f)
{
  uint64_t n, k;
  fputs("| | planted | found | recall | false alarms: a day, all scenarios | with nuisances |\n"
        "|---|---|---|---|---|---|\n",
        f);
  for (size_t w = 0; w < s->n_who; w++) {
    count_groups(s, w, TARGET_HOSTS, UINT32_MAX, &n, &k);
    fprintf(f, "| %s | %" PRIu64 " | %" PRIu64 " |", s->who[w], n, k);
    rate(f, k, n);
    daily(f, &s->all, w, WRONG);
    daily(f, &s->all, w, BOTH);
    fputc('\n', f);
  }
}

static void size_table(const struct eval_sum *s, FILE *f)
{
  static const uint32_t from[] = {1, 20, TARGET_HOSTS, 100, 250, 1000, UINT32_MAX};
  head(s, f, "hosts | planted");
  for (size_t i = 0; i + 1 < PRAC_ARRAY_LEN(from); i++) {
    uint64_t n, k;
    uint32_t to = from[i + 1] - 1;
    count_groups(s, 0, from[i], to, &n, &k);
    if (n == 0) continue;
    if (i + 2 < PRAC_ARRAY_LEN(from))
      fprintf(f, "| %u–%u | %" PRIu64 " |", from[i], to, n);
    else
      fprintf(f, "| %u and more | %" PRIu64 " |", from[i], n);
    for (size_t w = 0; w < s->n_who; w++) {
      count_groups(s, w, from[i], to, &n, &k);
      rate(f, k, n);
    }
    fputc('\n', f);
  }
}

void eval_out_tables(const struct eval_sum *s, const struct eval_about_run *a, FILE *f)
{
  fprintf(
      f,
      "## Groups of %d hosts and more\n\nAll planted groups of that size but those of `orders`, "
      "which are loose on purpose.\n\n",
      TARGET_HOSTS);
  target_table(s, f);
  fputs("\n## Groups by size\n\nThe share that was found, of the same scenarios' groups.\n\n", f);
  size_table(s, f);
  fputs("\n## Recall\n", f);
  for (uint32_t i = 0; i < eval_scenario_count; i++) {
    if (!a->chosen[i] || !s->parts[i].events) continue;
    fprintf(f, "\n### %s\n\n", eval_scenarios[i].name);
    found_table(s, i, f);
  }
  fputs("\n## Delay\n\nMinutes from the event's first packet to the first finding about it, median "
        "over the seeds in which it was found.\n",
        f);
  for (uint32_t i = 0; i < eval_scenario_count; i++) {
    if (!a->chosen[i] || !s->parts[i].events) continue;
    fprintf(f, "\n### %s\n\n", eval_scenarios[i].name);
    delay_table(s, i, f);
  }
  fputs("\n## False alarms\n\nTheir number, and how many a day.\n\n", f);
  alarm_table(s, WRONG, f);
  fputs("\n## Alarms about nuisances\n\nTrue, planted, and asked of nobody: not counted as "
        "false.\n\n",
        f);
  alarm_table(s, NUISANCES, f);
  fputs("\n## Precision\n\nEvents found, of events found and false alarms together.\n\n", f);
  precision_table(s, f);
}

/* ---- the document ---- */

static void cost_table(const struct eval_sum *s, FILE *f)
{
  head(s, f, "scenario | packets a day");
  for (size_t i = 0; i <= eval_scenario_count; i++) {
    bool last = i == eval_scenario_count;
    const struct eval_part *p = last ? &s->all : &s->parts[i];
    if (!p->runs) continue;
    fprintf(f, "| %s | %.0f |", last ? "all" : eval_scenarios[i].name,
            (double)p->packets / p->days);
    for (size_t w = 0; w < s->n_who; w++) fprintf(f, " %.1f |", p->cpu_s[w] / p->days);
    fputc('\n', f);
  }
}

static const char intro[] =
    "# How well planted events are found\n"
    "\n"
    "Made by `practice evaluate --markdown`; do not edit. The traffic is made (`practice gen "
    "SCENARIO --seed N` writes\n"
    "the same packets as captures): what the figures say about real telescopes is limited by how "
    "hard the made background is.\n"
    "\n"
    "## What counts\n"
    "\n"
    "- **Found**: an engine said a finding (state on, level 2 or higher) about the event. About: a "
    "port finding names the\n"
    "  event's port; a country finding the event's country, or one that 15 of its hosts are from; "
    "a flood's finding its victim.\n"
    "  It is said after the event's first packet, and the time it claims overlaps the event's, or "
    "the hour after. Several\n"
    "  findings about one event are one.\n"
    "- **False alarm**: an alert was opened about no event. Each engine has "
    "its own desk here, the\n"
    "  ensemble one for all, with the default settings. Counted apart: what was planted as a "
    "nuisance and is true, such as\n"
    "  a port surge where strangers come to one address by mistake; the tables also say what the "
    "rate would be if these\n"
    "  were false too.\n"
    "- **Background**: visitors with heavy tails in how often they return and how much they send, "
    "quieter nights, infected\n"
    "  devices, scanners of every fingerprint; every few hours a single host in a hurry, a survey "
    "from one /24 that is on no\n"
    "  list, strangers at one address, one machine that forges its senders, answers of many "
    "victims; a sensor that is deaf for a\n"
    "  minute and a half. `src/gen/trials.c` says it exactly.\n"
    "- **Warm-up**: engines start with the state of a month (engines with long histories) and of "
    "the last days (all) of the same\n"
    "  telescope without events.\n"
    "- **Intervals** are 95 %: Wilson for rates, Garwood for false alarms, order statistics for "
    "medians.\n"
    "\n";

void eval_out_document(const struct eval_sum *s, const struct eval_about_run *a, FILE *f)
{
  fputs(intro, f);
  fputs("## Seeds\n\nThresholds were chosen on tuning seeds only, in another world (other scanners "
        "and visitors); the command\nrefuses changed settings for scored seeds.\n\n"
        "| scenario | tuning seeds | scored seeds, here | runs |\n|---|---|---|---|\n",
        f);
  for (size_t i = 0; i < eval_scenario_count; i++) {
    const struct eval_scenario *e = &eval_scenarios[i];
    if (!a->chosen[i]) continue;
    const struct eval_part *p = &s->parts[i];
    uint64_t t = eval_seed(e, EVAL_TUNE, 0);
    fprintf(f, "| %s | %" PRIu64 "–%" PRIu64 " |", e->name, t, t + EVAL_SEEDS_MAX - 1);
    fprintf(f, " %" PRIu64 "–%" PRIu64 "%s | %" PRIu64 " |\n", p->first, p->last,
            a->mode == EVAL_TUNE ? " (tuning!)" : "", p->runs);
  }
  if (s->all.runs < a->runs)
    fprintf(f, "\n**Stopped early**: %" PRIu64 " of %zu runs.\n", s->all.runs, a->runs);
  fputc('\n', f);
  eval_out_tables(s, a, f);
  fputs("\n## Cost\n\nCPU seconds for a day of all sensors, one thread; ensemble: with the making "
        "and\n"
        "reading of the packets and the labels of survey scanners. Only these figures do not "
        "repeat.\n\n",
        f);
  cost_table(s, f);
}

/* ---- JSON ---- */

static void key_span(struct prac_json *j, const char *key, struct math_interval i)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  prac_json_f64(j, i.lo);
  prac_json_f64(j, i.hi);
  prac_json_close(j, ']');
}

static void row_json(const struct eval_sum *s, const struct eval_row *r, struct prac_json *j)
{
  prac_json_newline(j);
  prac_json_open(j, '{');
  prac_json_key(j, "scenario");
  prac_json_str(j, eval_scenarios[r->scenario].name);
  prac_json_key(j, "event");
  prac_json_str(j, r->name);
  prac_json_key(j, "what");
  prac_json_str(j, r->what);
  prac_json_key_u64(j, "hosts", r->hosts);
  prac_json_key_u64(j, "planted", r->n);
  for (size_t w = 0; w < s->n_who; w++) {
    prac_json_key(j, s->who[w]);
    prac_json_open(j, '{');
    prac_json_key_u64(j, "found", r->found[w]);
    key_span(j, "recall", math_wilson(r->found[w], r->n));
    prac_json_key(j, "delay_s");
    prac_json_f64(j, r->found[w] ? math_median(r->delay_s[w], r->found[w]) : (double)NAN);
    key_span(j, "delay_interval_s", math_median_interval(r->delay_s[w], r->found[w]));
    prac_json_close(j, '}');
  }
  prac_json_close(j, '}');
}

static void part_json(const struct eval_sum *s, const char *name, const struct eval_part *p,
                      struct prac_json *j)
{
  prac_json_newline(j);
  prac_json_open(j, '{');
  prac_json_key(j, "scenario");
  prac_json_str(j, name);
  prac_json_key_u64(j, "runs", p->runs);
  prac_json_key_u64(j, "events", p->events);
  prac_json_key_u64(j, "packets", p->packets);
  prac_json_key(j, "days");
  prac_json_f64(j, p->days);
  for (size_t w = 0; w < s->n_who; w++) {
    struct math_interval i = math_poisson(p->alarms_false[w]);
    prac_json_key(j, s->who[w]);
    prac_json_open(j, '{');
    prac_json_key_u64(j, "found", p->found[w]);
    prac_json_key_u64(j, "false", p->alarms_false[w]);
    prac_json_key_u64(j, "allowed", p->alarms_allowed[w]);
    key_span(j, "false_a_day", (struct math_interval){i.lo / p->days, i.hi / p->days});
    key_span(j, "precision", math_wilson(p->found[w], p->found[w] + p->alarms_false[w]));
    prac_json_close(j, '}');
  }
  prac_json_close(j, '}');
}

void eval_out_json(const struct eval_sum *s, const struct eval_about_run *a, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key(j, "seeds");
  prac_json_str(j, a->mode == EVAL_SCORE ? "scored" : "tuning");
  prac_json_key(j, "events");
  prac_json_open(j, '[');
  for (size_t i = 0; i < s->n_rows; i++) row_json(s, &s->rows[i], j);
  prac_json_close(j, ']');
  prac_json_key(j, "scenarios");
  prac_json_open(j, '[');
  for (size_t i = 0; i < eval_scenario_count; i++)
    if (s->parts[i].runs) part_json(s, eval_scenarios[i].name, &s->parts[i], j);
  prac_json_close(j, ']');
  prac_json_key(j, "all");
  part_json(s, "all", &s->all, j);
  prac_json_close(j, '}');
}
