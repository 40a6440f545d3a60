/* Which finding is about which planted event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval.h"

enum { COUNTRIES = 1 << 16, VICTIMS_MAX = 8192 };

/* "1433/tcp" */
static bool port_of(const char *text, struct eval_subject *s)
{
  char *end;
  unsigned long v = strtoul(text, &end, 10);
  if (end == text || v > 65535 || *end != '/') return false;
  s->port = (uint16_t)v;
  s->proto = strcmp(end, "/tcp") == 0 ? 6 : strcmp(end, "/udp") == 0 ? 17 : 1;
  return true;
}

static bool victim_of(const char *text, struct eval_subject *s)
{
  size_t n = strcspn(text, "/");
  return prac_ip_parse(text, n, &s->victim) == PRAC_OK;
}

struct eval_subject eval_subject_of(const char *key)
{
  struct eval_subject s = {.about = EVAL_OTHER};
  const char *of = strchr(key, ':');
  if (!of) return s;
  of++;
  if (strncmp(key, "port:", 5) == 0 || strncmp(key, "group:", 6) == 0) {
    if (port_of(of, &s)) s.about = EVAL_PORT;
  } else if (strncmp(key, "country:", 8) == 0 && strlen(of) == 2) {
    s.country = (uint16_t)((uint8_t)of[0] << 8 | (uint8_t)of[1]);
    s.about = EVAL_COUNTRY;
  } else if (strncmp(key, "victim:", 7) == 0) {
    if (victim_of(of, &s)) s.about = EVAL_VICTIM;
  }
  return s;
}

/* ---- truth ---- */

static int by_address(const void *a, const void *b)
{
  return memcmp(a, b, sizeof(struct prac_ip));
}

static bool is_flood(const char *what)
{
  return strcmp(what, "backscatter") == 0 || strcmp(what, "storm") == 0;
}

static bool is_asked(const char *what)
{
  static const char *const words[] = {"group", "surge-port", "surge-country", "backscatter"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (strcmp(words[i], what) == 0) return true;
  return false;
}

static prac_rc add_hosts(const struct gen *g, size_t i, struct eval_truth *t)
{
  struct prac_ip ip;
  uint32_t at = 0;
  bool flood = is_flood(t->what);
  if (!flood && !t->event) return PRAC_OK;
  if (flood) t->victims = calloc(VICTIMS_MAX, sizeof *t->victims);
  if (!flood) t->by_country = calloc(COUNTRIES, sizeof *t->by_country);
  if (!t->victims && !t->by_country) return PRAC_NOMEM;
  while (gen_planted_host(g, i, &at, &ip)) {
    if (!flood) t->by_country[gen_country_of(&ip)]++;
    if (flood && t->n_victims < VICTIMS_MAX) t->victims[t->n_victims++] = ip;
  }
  if (flood) qsort(t->victims, t->n_victims, sizeof *t->victims, by_address);
  return PRAC_OK;
}

static prac_rc one(const struct gen *g, size_t i, struct eval_truth *t)
{
  struct gen_planted p;
  gen_planted_at(g, i, &p);
  *t = (struct eval_truth){.event = p.event,
                           .proto = p.proto,
                           .first = p.first,
                           .last = p.last,
                           .hosts = p.hosts,
                           .packets = p.packets};
  (void)snprintf(t->name, sizeof t->name, "%s", p.name);
  (void)snprintf(t->what, sizeof t->what, "%s", p.what);
  t->asked = p.event && is_asked(t->what);
  if (p.country) t->country = (uint16_t)((uint8_t)p.country[0] << 8 | (uint8_t)p.country[1]);
  t->n_ports = p.n_ports < PRAC_ARRAY_LEN(t->ports) ? p.n_ports : PRAC_ARRAY_LEN(t->ports);
  for (uint32_t k = 0; k < t->n_ports; k++) t->ports[k] = p.ports[k].port;
  return add_hosts(g, i, t);
}

prac_rc eval_truth_of(const struct gen *g, struct eval_truth **ret, size_t *ret_n)
{
  size_t n = gen_planted_count(g);
  struct eval_truth *t = calloc(n ? n : 1, sizeof *t);
  if (!t) return PRAC_NOMEM;
  for (size_t i = 0; i < n; i++) {
    prac_rc rc = one(g, i, &t[i]);
    if (rc != PRAC_OK) {
      eval_truth_free(&t, n);
      return rc;
    }
  }
  *ret = t;
  *ret_n = n;
  return PRAC_OK;
}

void eval_truth_free(struct eval_truth **tp, size_t n)
{
  if (!*tp) return;
  for (size_t i = 0; i < n; i++) {
    free((*tp)[i].by_country);
    free((*tp)[i].victims);
  }
  free(*tp);
  *tp = NULL;
}

/* ---- the rule ---- */

static bool has_port(const struct eval_truth *t, const struct eval_subject *s)
{
  if (t->proto != s->proto || is_flood(t->what)) return false;
  if (t->proto == 1) return true; /* all of ICMP is one service */
  for (uint32_t i = 0; i < t->n_ports; i++)
    if (t->ports[i] == s->port) return true;
  return false;
}

/* Of an event that is a country's, its ports say nothing: they are everybody's. */
bool eval_is_about(const struct eval_truth *t, const struct eval_subject *s)
{
  switch (s->about) {
  case EVAL_PORT:
    return strcmp(t->what, "surge-country") != 0 && has_port(t, s);
  case EVAL_COUNTRY:
    return !is_flood(t->what) &&
           (t->country ? t->country == s->country
                       : t->by_country && t->by_country[s->country] >= EVAL_COUNTRY_HOSTS);
  case EVAL_VICTIM:
    return t->n_victims &&
           bsearch(&s->victim, t->victims, t->n_victims, sizeof s->victim, by_address);
  case EVAL_OTHER:
    return false;
  }
  return false;
}

bool eval_in_time(const struct eval_truth *t, const struct eval_claim *c, int64_t slack_ns)
{
  return t->first != PRAC_TIME_NONE && c->at >= t->first && c->to >= t->first &&
         c->from <= t->last + slack_ns;
}

/* What the finding says is true of what was planted; whether anybody wants to be told is another
 * question, so these are counted apart. */
bool eval_allowed(const struct eval_truth *t, const struct eval_subject *s, const char *kind)
{
  static const struct {
    const char *what, *kind;
  } table[] = {
      {"misconfig", "surge-port"},    {"misconfig", "risk-port"}, {"misconfig", "sync-point"},
      {"misconfig", "surge-country"}, {"fleet", "surge-port"},    {"fleet", "risk-port"},
      {"fleet", "sync-survey"},       {"storm", "spoofed-flood"}, {"surge-country", "surge-port"},
      {"surge-country", "risk-port"}, {"decoys", "surge-port"},   {"decoys", "risk-port"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(table); i++) {
    if (strcmp(table[i].what, t->what) != 0 || strcmp(table[i].kind, kind) != 0) continue;
    if (s->about == EVAL_PORT ? has_port(t, s) : eval_is_about(t, s)) return true;
  }
  return false;
}
