/* What a port at risk looks like in words, and who is behind it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/country.h"
#include "engine/riskport/riskport.h"
#include "model/facts.h"

enum { HOSTS = 256, NAMED_HOSTS = 3, NAMED_COUNTRIES = 3 };

struct words {
  char port[MODEL_PORT_TEXT], key[48], text[1024], flows[160], country[3];
  struct model_facts facts;
};
struct tally {
  uint16_t country;
  uint32_t sources;
};

static struct model_port port_of(uint32_t id)
{
  return (struct model_port){.port = (uint16_t)id, .proto = id >> 16 ? 17 : 6};
}

__attribute__((format(printf, 2, 3))) static void append(struct words *w, const char *how, ...)
{
  va_list args;
  size_t n = strlen(w->text);
  va_start(args, how);
  (void)vsnprintf(w->text + n, sizeof w->text - n, how, args);
  va_end(args);
}

static void name_it(uint32_t id, prac_time from, prac_time to, struct words *w)
{
  char a[PRAC_TIME_TEXT], b[PRAC_TIME_TEXT];
  model_port_text(w->port, port_of(id));
  (void)snprintf(w->key, sizeof w->key, "port:%s", w->port);
  (void)snprintf(w->flows, sizeof w->flows, "port=%s from=%s to=%s", w->port,
                 prac_time_text(a, from), prac_time_text(b, to));
}

/* ---- who ---- */

struct host {
  struct prac_ip ip;
  uint32_t packets;
  uint16_t country;
};
static int more_packets(const void *pa, const void *pb)
{
  const struct host *a = pa, *b = pb;
  if (a->packets != b->packets) return a->packets > b->packets ? -1 : 1;
  return memcmp(&a->ip, &b->ip, sizeof a->ip);
}
static int more_sources(const void *pa, const void *pb)
{
  const struct tally *a = pa, *b = pb;
  if (a->sources != b->sources) return a->sources > b->sources ? -1 : 1;
  return a->country < b->country ? -1 : a->country > b->country;
}

static int by_name(const void *pa, const void *pb)
{
  const char *const *a = pa, *const *b = pb;
  return strcmp(*a, *b);
}

static struct host *hosts_of(const struct risk_state *s, const struct risk_judged *j,
                             struct prac_arena *a, uint32_t *ret_n)
{
  struct host *v = prac_arena_alloc(a, (j->n_pairs + (size_t)1) * sizeof *v);
  uint32_t n = 0;
  for (uint32_t i = 0; v && i < j->n_pairs; i++) {
    if (!j->pairs[i].est) continue;
    const struct risk_source *x = &s->hour.sources[j->pairs[i].src - 1];
    v[n++] = (struct host){x->ip, j->pairs[i].packets, x->country};
  }
  if (v) qsort(v, n, sizeof *v, more_packets);
  *ret_n = n;
  return v;
}

static struct tally *countries_of(const struct host *v, uint32_t n, struct prac_arena *a,
                                  uint32_t *ret_n)
{
  struct tally *t = prac_arena_alloc(a, (n + (size_t)1) * sizeof *t);
  uint32_t *at = prac_arena_alloc(a, 65536 * sizeof *at), kinds = 0;
  if (!t || !at) return NULL;
  for (uint32_t i = 0; i < n; i++) {
    uint16_t c = v[i].country;
    if (!c) continue;
    if (!at[c]) {
      t[kinds] = (struct tally){.country = c};
      at[c] = ++kinds;
    }
    t[at[c] - 1].sources++;
  }
  qsort(t, kinds, sizeof *t, more_sources);
  *ret_n = kinds;
  return t;
}

static const char *country_text(char letters[3], uint16_t country)
{
  const char *name = prac_country_name(country);
  letters[0] = (char)(country >> 8);
  letters[1] = (char)country;
  letters[2] = '\0';
  return name ? name : letters;
}

/* ---- words ---- */

static void say_counts(const struct risk_state *s, const struct risk_judged *j, struct words *w)
{
  char from[PRAC_TIME_TEXT], length[PRAC_TIME_TEXT];
  prac_time_text(from, s->slot);
  prac_duration_text(length, s->slot_ns);
  append(w, "Risk %u on %s: %.0f sources in the %s from %s, ", j->risk, w->port, j->sources, length,
         from);
  if (j->fresh)
    append(w, "never heard in the %u slots before", j->heard);
  else
    append(w, "usually %.0f, limit %.0f", j->median, j->limit);
  append(w, "; %.0f networks (/24), %.0f countries", j->n24, j->countries);
  if (s->hour.shift) append(w, ", estimated");
}

/* The same as facts. */
static void count_facts(const struct risk_state *s, const struct risk_judged *j,
                        struct model_facts *f)
{
  char from[PRAC_TIME_TEXT];
  model_fact(f, MODEL_FACT_SLOT, "%s", prac_time_text(from, s->slot));
  model_fact(f, MODEL_FACT_SLOT_S, "%lld", (long long)(s->slot_ns / PRAC_SEC));
  if (j->fresh)
    model_fact(f, MODEL_FACT_NEVER, "%u", j->heard);
  else
    model_fact(f, MODEL_FACT_LIMIT, "%.0f", j->limit);
  model_fact(f, MODEL_FACT_NETWORKS, "%.0f 24", j->n24);
  model_fact(f, MODEL_FACT_COUNTRIES, "%.0f", j->countries);
  if (s->hour.shift) model_fact_yes(f, MODEL_FACT_ESTIMATED);
}

static void say_countries(const struct tally *t, uint32_t n, uint32_t sources, struct words *w)
{
  char letters[3];
  for (uint32_t i = 0; i < n && i < NAMED_COUNTRIES; i++)
    append(w, "%s%s (%u)", i ? ", " : ". Most from ", country_text(letters, t[i].country),
           t[i].sources);
  for (uint32_t i = 0; i < n && i < NAMED_COUNTRIES; i++) {
    (void)country_text(letters, t[i].country);
    model_fact(&w->facts, MODEL_FACT_FROM_COUNTRY, "%s %u", letters, t[i].sources);
  }
  if (n && t[0].sources * 2 > sources) (void)country_text(w->country, t[0].country);
}

static void say_why(const struct risk_judged *j, const struct host *v, uint32_t n, struct words *w)
{
  double dst = risk_hour_destinations(j->seen);
  append(w, ". %llu packets", (unsigned long long)j->seen->packets);
  if (dst > 0) append(w, " to %.0f of our addresses", dst);
  append(w, "; busiest ");
  for (uint32_t i = 0; i < n && i < NAMED_HOSTS; i++) {
    char ip[PRAC_IP_TEXT];
    append(w, "%s%s", i ? ", " : "", prac_ip_text(ip, &v[i].ip));
  }
  append(w, ". Level %u", j->level);
  if (j->graph_p < 1) append(w, "; the port graph has turned (p %.2g) and blames it", j->graph_p);
  if (j->change) append(w, "; its own series has changed (score %.1f)", j->port->change->last);
  if (j->watch) append(w, "; rising for three slots");
  append(w, ".");
}

static void why_facts(const struct risk_judged *j, struct model_facts *f)
{
  double dst = risk_hour_destinations(j->seen);
  if (dst > 0) model_fact(f, MODEL_FACT_OURS, "%.0f", dst);
  model_fact(f, MODEL_FACT_RISK_LEVEL, "%u", j->level);
  if (j->graph_p < 1) model_fact(f, MODEL_FACT_GRAPH_P, "%.2g", j->graph_p);
  if (j->change) model_fact(f, MODEL_FACT_CHANGE, "%.1f", j->port->change->last);
  if (j->watch) model_fact_yes(f, MODEL_FACT_RISING);
}

static prac_rc lists_of(const struct risk_state *s, const struct risk_judged *j, struct words *w,
                        struct finding *f, struct prac_arena *a)
{
  uint32_t n = 0, kinds = 0, names = 0;
  struct host *v = hosts_of(s, j, a, &n);
  struct tally *t = v ? countries_of(v, n, a, &kinds) : NULL;
  struct prac_ip *ips = prac_arena_alloc(a, HOSTS * sizeof *ips);
  struct model_port *port = prac_arena_alloc(a, sizeof *port);
  const char **sensors = prac_arena_alloc(a, RISK_NAMED * sizeof *sensors);
  if (!t || !ips || !port || !sensors) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n && i < HOSTS; i++) ips[i] = v[i].ip;
  for (uint32_t i = 0; i < s->n_sensors && i < RISK_NAMED; i++)
    if (j->seen->sensors >> i & 1) sensors[names++] = s->sensors[i].name;
  qsort((void *)sensors, names, sizeof *sensors, by_name);
  *port = port_of(j->seen->id);
  f->hosts = (struct model_ips){ips, n < HOSTS ? n : HOSTS};
  f->ports = (struct model_ports){port, 1};
  f->sensors = (struct model_strs){sensors, names};
  say_counts(s, j, w);
  count_facts(s, j, &w->facts);
  say_countries(t, kinds, n, w);
  say_why(j, v, n, w);
  why_facts(j, &w->facts);
  f->facts = model_facts_of(&w->facts);
  return PRAC_OK;
}

prac_rc risk_say(const struct risk_state *s, const struct risk_judged *j,
                 const struct risk_story *story, const struct eng_env *env, struct eng_out *out)
{
  struct words w = {0};
  name_it(j->seen->id, story->from, story->to, &w);
  struct finding f = {
      .key = w.key,
      .kind = "risk-port",
      .state = "on",
      .from = story->from,
      .to = story->to,
      .level = j->risk < 4 ? j->risk + 1 : 5,
      .score = (double)j->risk,
      .value = j->sources,
      .baseline = j->median,
      .unit = "sources",
      .host_count = (uint64_t)j->sources,
      .packets = j->seen->packets,
      .country = w.country,
      .text = w.text,
      .flows = w.flows,
  };
  PRAC_TRY(lists_of(s, j, &w, &f, env->scratch));
  return eng_say(out, &f);
}

prac_rc risk_say_over(const struct risk_state *s, const struct risk_port *p, struct eng_out *out)
{
  struct words w = {0};
  char length[PRAC_TIME_TEXT];
  const struct risk_story *story = &p->story;
  double most = story->said[0] > story->said[1] ? story->said[0] : story->said[1];
  name_it(p->id, story->from, story->to, &w);
  append(&w, "Risk on %s is over: not above its limit for %s; at most %.0f sources.", w.port,
         prac_duration_text(length, s->conf->quiet * s->slot_ns), most);
  model_fact(&w.facts, MODEL_FACT_QUIET_S, "%lld",
             (long long)(s->conf->quiet * s->slot_ns / PRAC_SEC));
  const struct model_port port = port_of(p->id);
  const struct finding f = {
      .key = w.key,
      .kind = "risk-port",
      .state = "off",
      .from = story->from,
      .to = story->to,
      .level = 1,
      .value = most,
      .unit = "sources",
      .ports = {&port, 1},
      .text = w.text,
      .flows = w.flows,
      .facts = model_facts_of(&w.facts),
  };
  return eng_say(out, &f);
}
