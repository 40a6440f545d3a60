/* The chain back from an alert: revision -> findings -> flow query -> rows. Everything shown was
 * stored when it was said; only the comparison with today's settings is new. */
#include "app/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/query_out.h"
#include "episode/episode.h"
#include "view/view_json.h"

enum { SHOWN_HOSTS = 12 };

/* ---- reading ---- */
static prac_rc findings_of_alert(struct store *s, struct explain *e, struct prac_err *reterr)
{
  for (uint32_t i = 0; i < e->alert.findings.n && e->n_findings < EXPLAIN_FINDINGS; i++) {
    prac_rc rc = view_record(s, &model_finding, e->alert.findings.v[i], e->arena,
                             &e->findings[e->n_findings], reterr);
    if (rc == PRAC_OK)
      e->n_findings++;
    else if (rc == PRAC_END)
      e->missing++;
    else
      return rc;
  }
  return PRAC_OK;
}

prac_rc explain_load(struct store *s, const struct view_subject *u, struct prac_arena *a,
                     struct explain *ret, struct prac_err *reterr)
{
  *ret = (struct explain){.arena = a};
  if (u->about == VIEW_ALERT) {
    ret->alert = u->alert;
    ret->flows = u->alert.flows;
    return findings_of_alert(s, ret, reterr);
  }
  if (u->about != VIEW_FINDING) return PRAC_OK;
  ret->findings[0] = u->finding;
  ret->n_findings = 1;
  ret->flows = u->finding.flows;
  return PRAC_OK;
}

/* ---- words ---- */

static const char *at(char out[PRAC_TIME_TEXT], prac_time t)
{
  return prac_time_text(out, t);
}

static void line_strs(FILE *to, const char *name, struct model_strs v)
{
  if (v.n == 0) return;
  fprintf(to, "  %-10s", name);
  for (uint32_t i = 0; i < v.n; i++) fprintf(to, "%s%s", i ? ", " : "", v.v[i]);
  fputc('\n', to);
}

static void line_ports(FILE *to, struct model_ports v)
{
  char text[MODEL_PORT_TEXT];
  if (v.n == 0) return;
  fprintf(to, "  %-10s", "ports");
  for (uint32_t i = 0; i < v.n; i++)
    fprintf(to, "%s%s", i ? ", " : "", model_port_text(text, v.v[i]));
  fputc('\n', to);
}

static void line_hosts(FILE *to, struct model_ips v, uint64_t all)
{
  char text[PRAC_IP_TEXT];
  if (v.n == 0) return;
  fprintf(to, "  %-10s%" PRIu64 ": ", "hosts", all);
  for (uint32_t i = 0; i < v.n && i < SHOWN_HOSTS; i++)
    fprintf(to, "%s%s", i ? ", " : "", prac_ip_text(text, &v.v[i]));
  fputs(v.n > SHOWN_HOSTS || all > v.n ? ", ...\n" : "\n", to);
}

static void page_alert(const struct alert *a, FILE *to)
{
  char t[4][PRAC_TIME_TEXT];
  fprintf(to, "ALERT %s  %s, %s, %s\n", a->id, a->severity,
          strcmp(a->state, "close") == 0 ? "closed" : "open", a->tlp);
  fprintf(to, "  %s\n\n", a->title);
  fprintf(to, "  %-10s%s (%s)\n", "about", a->key, a->kind);
  fprintf(to, "  %-10s%s to %s\n", "claimed", at(t[0], a->from), at(t[1], a->to));
  fprintf(to, "  %-10sopened %s, ", "life", at(t[2], a->opened));
  if (a->closed != PRAC_TIME_NONE) fprintf(to, "closed %s, ", at(t[3], a->closed));
  fprintf(to, "revision %u\n", a->revision);
  fprintf(to, "  %-10s%g %s, usually %g; score %.1f; %" PRIu64 " packets\n", "highest", a->value,
          a->unit, a->baseline, a->score, a->packets);
  line_strs(to, "engines", a->engines);
  line_strs(to, "sensors", a->sensors);
  line_ports(to, a->ports);
  line_hosts(to, a->hosts, a->host_count);
  fprintf(to, "  %-10s%s\n", "last word", a->text);
}

static const char *settings_words(const struct finding *f, const struct prac_conf *now)
{
  char path[64];
  if (f->settings == 0) return "it has none";
  (void)snprintf(path, sizeof path, "engine.%s", f->engine);
  if (now && !prac_conf_get(now, path, 0)) /* not an engine, but a role that finds */
    (void)snprintf(path, sizeof path, "%s",
                   strcmp(f->engine, "drdos") == 0 ? epi_conf_section.path : f->engine);
  if (!now || !prac_conf_get(now, path, 0)) return "an engine this program does not have";
  return prac_conf_hash(now, path) == f->settings ? "as now" : "other than now";
}

static void page_finding(const struct finding *f, const struct prac_conf *now, FILE *to)
{
  char t[PRAC_TIME_TEXT];
  fprintf(to, "\n  %s  %-3s  level %u  %s\n", at(t, f->at), f->state, f->level, f->id);
  fprintf(to, "    %s\n", f->text);
  fprintf(to, "    engine %s, version %s; settings %016" PRIx64 " (%s); seed %" PRIu64 "\n",
          f->engine, f->engine_version, f->settings, settings_words(f, now), f->seed);
}

static void page_findings(const struct explain *e, const struct prac_conf *now, FILE *to)
{
  const struct alert *a = &e->alert;
  fprintf(to, "\nBECAUSE: %zu finding%s", e->n_findings, e->n_findings == 1 ? "" : "s");
  if (a->id && a->finding_count > a->findings.n)
    fprintf(to, " of %" PRIu64 " (the first and the latest)", a->finding_count);
  if (e->missing) fprintf(to, "; %zu more are no longer kept", e->missing);
  fputc('\n', to);
  for (size_t i = 0; i < e->n_findings; i++) page_finding(&e->findings[i], now, to);
}

/* ---- evidence ---- */

static prac_rc ask(const struct explain *e, struct store *s, const char *more, uint32_t limit,
                   enum query_form form, FILE *to, uint64_t *ret_n, struct prac_err *reterr)
{
  char words[1024];
  struct store_query q;
  int n = snprintf(words, sizeof words, "%s %s", more, e->flows);
  if (n < 0 || (size_t)n >= sizeof words)
    return PRAC_FAIL(reterr, PRAC_RANGE, "the flow query is too long");
  PRAC_TRY(store_query_parse(words, &q, e->arena, reterr));
  q.limit = limit;
  struct query_out *out = query_out_new(form, &q, to);
  if (!out) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for an answer");
  prac_rc rc = s->ops->query(s->st, &q, query_out_row, out, reterr);
  *ret_n = query_out_end(out);
  query_out_free(&out);
  return rc;
}

static bool has_flows(const struct explain *e)
{
  return e->flows && e->flows[0];
}

/* What honeypots saw, or sensors said, is no flows: the question names what it asks for. */
static bool names_what(const struct explain *e)
{
  return has_flows(e) && strncmp(e->flows, "what=", 5) == 0;
}

/* "flow", "hit", "health": one of what is asked for. */
static const char *row_name(const struct explain *e)
{
  if (!names_what(e)) return "flow";
  return strncmp(e->flows + 5, "hits", 4) == 0 ? "hit" : "health";
}

void explain_page(const struct explain *e, const struct prac_conf *now, FILE *to)
{
  if (e->alert.id) page_alert(&e->alert, to);
  page_findings(e, now, to);
  fprintf(to, "\nEVIDENCE: practice query %s%s\n", names_what(e) ? "" : "flows ",
          has_flows(e) ? e->flows : "(none given)");
}

prac_rc explain_rows(const struct explain *e, struct store *s, uint32_t rows, FILE *to,
                     struct prac_err *reterr)
{
  uint64_t n = 0;
  if (!has_flows(e) || rows == 0) return PRAC_OK;
  fprintf(to, "\nFIRST ROWS of the evidence (at most %u)\n", rows);
  const char *more = names_what(e) ? "order=oldest" : "what=flows order=oldest";
  PRAC_TRY(ask(e, s, more, rows, QUERY_TABLE, to, &n, reterr));
  if (n == 0) fputs("  none: these hours are no longer kept, or another store has them\n", to);
  return PRAC_OK;
}

/* ---- JSON lines ---- */

static prac_rc json_record(const struct model_kind *k, const void *rec, FILE *to)
{
  struct prac_json j = prac_json_of(0);
  prac_json_open(&j, '{');
  prac_json_key(&j, k->name);
  model_to_json(k, rec, &j);
  prac_json_close(&j, '}');
  bool bad = j.bad;
  if (!bad) fprintf(to, "%s\n", j.buf);
  prac_json_done(&j);
  return bad ? PRAC_NOMEM : PRAC_OK;
}

static prac_rc json_rows(const struct explain *e, struct store *s, uint32_t rows, FILE *to,
                         struct prac_err *reterr)
{
  char *text = NULL;
  size_t len = 0;
  uint64_t n = 0;
  FILE *mem = open_memstream(&text, &len);
  if (!mem) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for an answer");
  const char *more = names_what(e) ? "order=oldest" : "what=flows order=oldest";
  prac_rc rc = ask(e, s, more, rows, QUERY_JSON, mem, &n, reterr);
  if (fclose(mem) != 0 && rc == PRAC_OK) rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for rows");
  for (char *p = text; rc == PRAC_OK && p && *p;) {
    size_t line = strcspn(p, "\n");
    fprintf(to, "{\"%s\":%.*s}\n", row_name(e), (int)line, p);
    p += line + (p[line] == '\n');
  }
  free(text);
  return rc;
}

prac_rc explain_json(const struct explain *e, struct store *s, uint32_t rows, FILE *to,
                     struct prac_err *reterr)
{
  if (e->alert.id) PRAC_TRY(json_record(&model_alert, &e->alert, to));
  for (size_t i = 0; i < e->n_findings; i++)
    PRAC_TRY(json_record(&model_finding, &e->findings[i], to));
  return has_flows(e) && rows ? json_rows(e, s, rows, to, reterr) : PRAC_OK;
}

prac_rc explain_view_json(const struct view_subject *u, const struct view *v, FILE *to)
{
  struct prac_json j = prac_json_of(0);
  prac_json_open(&j, '{');
  prac_json_key(&j, "view");
  view_json(&j, u, v);
  prac_json_close(&j, '}');
  bool bad = j.bad;
  if (!bad) fprintf(to, "%s\n", j.buf);
  prac_json_done(&j);
  return bad ? PRAC_NOMEM : PRAC_OK;
}
