/* What a surge looks like in words, and who is behind it: from the senders that the set still has
 * one by one (all of them, or an even sample of a large one). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/country.h"
#include "engine/surge/surge.h"
#include "model/facts.h"

enum { TOP = 8, NAMED_IN_TEXT = 3, HOSTS = 256 };
static const char *const kind_words[SURGE_DIM_COUNT_] = {"surge-country", "surge-port", "surge-as"};

struct tally {
  uint32_t partner, senders;
};
struct words {
  struct prac_arena *mem;
  char key[64], name[64], when[96], text[640], flows[160], country[3];
  struct model_facts facts;
};

static int more_packets(const void *pa, const void *pb)
{
  const struct surge_source *a = pa, *b = pb;
  if (a->packets != b->packets) return a->packets > b->packets ? -1 : 1;
  return memcmp(&a->ip, &b->ip, sizeof a->ip);
}
static int lower_partner(const void *pa, const void *pb)
{
  const uint32_t *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}
static int more_senders(const void *pa, const void *pb)
{
  const struct tally *a = pa, *b = pb;
  if (a->senders != b->senders) return a->senders > b->senders ? -1 : 1;
  return a->partner < b->partner ? -1 : a->partner > b->partner;
}

/* Those that one of `sensors` saw (0: all), one by one, most packets first. */
static struct surge_source *senders(const struct surge_set *s, uint64_t sensors,
                                    struct prac_arena *a, uint32_t *ret_n)
{
  struct surge_source *v = prac_arena_alloc(a, (s->n + (size_t)1) * sizeof *v);
  uint32_t n = 0;
  for (uint32_t i = 0; v && i < s->cap; i++)
    if (!prac_ip_is_zero(&s->v[i].ip) && (!sensors || s->v[i].sensors & sensors)) v[n++] = s->v[i];
  if (v) qsort(v, n, sizeof *v, more_packets);
  *ret_n = n;
  return v;
}

/* How many senders came first with which port or country; most first. */
static struct tally *partners(const struct surge_source *v, uint32_t n, struct prac_arena *a,
                              uint32_t *ret_n)
{
  uint32_t *p = prac_arena_alloc(a, (n + (size_t)1) * sizeof *p);
  struct tally *t = prac_arena_alloc(a, (n + (size_t)1) * sizeof *t);
  if (!p || !t) return NULL;
  for (uint32_t i = 0; i < n; i++) p[i] = v[i].partner;
  qsort(p, n, sizeof *p, lower_partner);
  uint32_t kinds = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (i == 0 || p[i] != p[i - 1]) t[kinds++].partner = p[i];
    t[kinds - 1].senders++;
  }
  qsort(t, kinds, sizeof *t, more_senders);
  *ret_n = kinds;
  return t;
}

static struct model_port port_of(uint32_t what)
{
  return (struct model_port){.port = (uint16_t)what, .proto = (uint8_t)(what >> 16)};
}

static const char *country_text(char letters[3], uint32_t country)
{
  letters[0] = (char)(country >> 8);
  letters[1] = (char)country;
  letters[2] = '\0';
  const char *name = prac_country_name((uint16_t)country);
  return name ? name : letters;
}

static void name_port(const struct surge_key *k, const char *from, const char *to, struct words *w)
{
  char port[MODEL_PORT_TEXT];
  model_port_text(port, port_of((uint32_t)k->what));
  snprintf(w->name, sizeof w->name, "to %s", port);
  snprintf(w->key, sizeof w->key, "port:%s", port);
  const char *word = strchr(port, '/') ? "port" : "proto"; /* GRE and such have no ports */
  snprintf(w->flows, sizeof w->flows, "%s=%s from=%s to=%s", word, port, from, to);
}

static void name_it(const struct surge_key *k, struct prac_span span, struct words *w)
{
  char from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT];
  prac_time_text(from, span.from);
  prac_time_text(to, span.to);
  switch (surge_dim_of(k)) {
  case SURGE_COUNTRY:
    snprintf(w->name, sizeof w->name, "from %s", country_text(w->country, k->what & 0xffff));
    snprintf(w->key, sizeof w->key, "country:%s", w->country);
    snprintf(w->flows, sizeof w->flows, "country=%s from=%s to=%s", w->country, from, to);
    break;
  case SURGE_AS:
    snprintf(w->name, sizeof w->name, "from AS%u", (unsigned)k->what);
    snprintf(w->key, sizeof w->key, "as:%u", (unsigned)k->what);
    snprintf(w->flows, sizeof w->flows, "asn=%u from=%s to=%s", (unsigned)k->what, from, to);
    break;
  case SURGE_PORT:
    name_port(k, from, to, w);
    break;
  case SURGE_DIM_COUNT_:
    break;
  }
}

static void when_it_is(const struct surge_state *s, struct words *w)
{
  char from[PRAC_TIME_TEXT], length[PRAC_TIME_TEXT];
  prac_time_text(from, s->slot);
  model_fact(&w->facts, MODEL_FACT_SLOT, "%s", from);
  model_fact(&w->facts, MODEL_FACT_SLOT_S, "%lld", (long long)(s->conf->slot_ns / PRAC_SEC));
  if (s->conf->slot_ns == PRAC_DAY) {
    snprintf(w->when, sizeof w->when, "on %.10s", from);
    return;
  }
  prac_duration_text(length, s->conf->slot_ns);
  snprintf(w->when, sizeof w->when, "in the %s from %s", length, from);
}

static void append(struct words *w, const char *s)
{
  size_t n = strlen(w->text);
  snprintf(w->text + n, sizeof w->text - n, "%s", s);
}

/* "Most to 1433/tcp (30), 23/tcp (4) " */
static bool say_partners(const struct surge_key *k, const struct tally *t, uint32_t n_t,
                         struct words *w)
{
  char part[160], letters[3], port[MODEL_PORT_TEXT];
  bool by_port = surge_dim_of(k) != SURGE_PORT; /* else by country */
  uint32_t said = 0;
  append(w, " ");
  for (uint32_t i = 0; i < n_t && said < NAMED_IN_TEXT; i++) {
    if (!by_port && t[i].partner == 0) continue;
    const char *name = by_port ? model_port_text(port, port_of(t[i].partner))
                               : country_text(letters, t[i].partner);
    if (said == 0) append(w, by_port ? "Most to " : "Most from ");
    snprintf(part, sizeof part, "%s%s (%u)", said ? ", " : "", name, t[i].senders);
    append(w, part);
    model_fact(&w->facts, by_port ? MODEL_FACT_TO_PORT : MODEL_FACT_FROM_COUNTRY, "%s %u",
               by_port ? port : letters, t[i].senders);
    if (said++ == 0 && k->est.many) {
      append(w, " of a sample");
      model_fact_yes(&w->facts, MODEL_FACT_SAMPLE);
    }
  }
  return said > 0;
}

/* A scope's history has no small counts. */
static bool is_under(const struct surge_judged *j)
{
  return j->scope != SURGE_ALL && j->usual.median < SURGE_ROW;
}

static const char *usual_text(char out[32], const struct surge_judged *j)
{
  if (is_under(j))
    snprintf(out, 32, "under %d", SURGE_ROW);
  else
    snprintf(out, 32, "%.0f", j->usual.median);
  return out;
}

static void usual_fact(const struct surge_judged *j, struct words *w)
{
  if (is_under(j)) model_fact(&w->facts, MODEL_FACT_USUAL, "<%d", SURGE_ROW);
}

static void text_of(const struct surge_state *s, const struct surge_key *k,
                    const struct surge_judged *j, const struct tally *t, uint32_t n_t,
                    struct words *w)
{
  char part[160], usual[32];
  const char *at = j->scope < SURGE_NAMED ? s->sensors[j->scope].name : "";
  snprintf(w->text, sizeof w->text, "Sources %s%s%s: %s%.0f %s, usually %s.", w->name,
           *at ? " at sensor " : "", at, k->on ? "" : "back to ", j->value, w->when,
           usual_text(usual, j));
  if (*at) model_fact(&w->facts, MODEL_FACT_AT_SENSOR, "%s", at);
  usual_fact(j, w);
  if (!k->on) return;
  model_fact(&w->facts, MODEL_FACT_Z, "%.1f", j->z);
  model_fact(&w->facts, MODEL_FACT_SLOTS, "%u", s->n_hist);
  bool said = say_partners(k, t, n_t, w);
  snprintf(part, sizeof part, "%s%llu packets, robust z %.1f against %u slots.", said ? "; " : "",
           (unsigned long long)k->packets, j->z, s->n_hist);
  append(w, part);
}

static void text_abroad(const struct surge_key *k, const struct surge_judged *j,
                        const struct surge_judged *home, const struct tally *t, uint32_t n_t,
                        struct words *w)
{
  char part[160], there[32], here[32];
  snprintf(w->text, sizeof w->text,
           "Seen abroad, not yet at home: sources %s: %.0f abroad %s, usually %s; %.0f at home, "
           "usually %s.",
           w->name, j->value, w->when, usual_text(there, j), home->value, usual_text(here, home));
  usual_fact(j, w);
  model_fact(&w->facts, MODEL_FACT_Z, "%.1f", j->z);
  model_fact(&w->facts, MODEL_FACT_HOME, "%.0f", home->value);
  model_fact(&w->facts, MODEL_FACT_HOME_USUAL, is_under(home) ? "<%.0f" : "%.0f",
             is_under(home) ? SURGE_ROW : home->usual.median);
  model_fact(&w->facts, MODEL_FACT_HOME_Z, "%.1f", home->z);
  bool said = say_partners(k, t, n_t, w);
  snprintf(part, sizeof part, "%srobust z %.1f abroad, %.1f at home.", said ? "; " : "", j->z,
           home->z);
  append(w, part);
}

static uint32_t level_of(const struct surge_state *s, double z)
{
  if (z >= s->conf->critical_z) return 5;
  return z >= s->conf->high_z ? 4 : 3;
}

/* A country's or network's surge names the ports, a port's surge names the country when most are
 * from one. */
static uint32_t ports_of(const struct surge_key *k, const struct tally *t, uint32_t n_t,
                         uint32_t senders, struct model_port ports[TOP], struct words *w)
{
  if (surge_dim_of(k) != SURGE_PORT) {
    uint32_t n = n_t < TOP ? n_t : TOP;
    for (uint32_t i = 0; i < n; i++) ports[i] = port_of(t[i].partner);
    return n;
  }
  ports[0] = port_of((uint32_t)k->what);
  if (n_t && t[0].senders * 2 > senders && t[0].partner)
    (void)country_text(w->country, t[0].partner);
  return 1;
}

/* Who it is about: filled lists of the finding, and the tally for its sentence. sensors: that count
 * (0: all). */
struct who {
  struct tally *t;
  uint32_t n_t;
};
static prac_rc lists_of(const struct surge_state *s, const struct surge_key *k, uint64_t sensors,
                        struct words *w, struct finding *f, struct who *ret)
{
  struct prac_arena *a = w->mem;
  uint32_t n = 0, n_sensors = 0;
  struct surge_source *v = senders(&k->est, sensors, a, &n);
  struct prac_ip *hosts = prac_arena_alloc(a, HOSTS * sizeof *hosts);
  struct model_port *ports = prac_arena_alloc(a, TOP * sizeof *ports);
  const char **names = prac_arena_alloc(a, SURGE_NAMED * sizeof *names);
  ret->t = v ? partners(v, n, a, &ret->n_t) : NULL;
  if (!ret->t || !hosts || !ports || !names) return PRAC_NOMEM;
  uint64_t seen = k->sensors & (sensors ? sensors : UINT64_MAX);
  for (uint32_t i = 0; i < s->n_sensors && i < SURGE_NAMED; i++)
    if (seen >> i & 1) names[n_sensors++] = s->sensors[i].name;
  f->sensors = (struct model_strs){names, n_sensors};
  f->hosts = (struct model_ips){hosts, n < HOSTS ? n : HOSTS};
  for (uint32_t i = 0; i < f->hosts.n; i++) hosts[i] = v[i].ip;
  f->ports = (struct model_ports){ports, ports_of(k, ret->t, ret->n_t, n, ports, w)};
  return PRAC_OK;
}

prac_rc surge_say(const struct surge_state *s, const struct surge_key *k,
                  const struct surge_judged *j, const struct eng_env *env, struct eng_out *out)
{
  struct words w = {.mem = env->scratch};
  struct who who = {0};
  bool geography = surge_dim_of(k) != SURGE_PORT;
  name_it(k, (struct prac_span){k->from, k->to}, &w);
  when_it_is(s, &w);
  struct finding f = {
      .key = w.key,
      .kind = kind_words[surge_dim_of(k)],
      .state = k->on ? "on" : "off",
      .from = k->from,
      .to = k->to,
      .level = level_of(s, j->z),
      .score = j->z,
      .value = j->value,
      .baseline = j->usual.median,
      .unit = "sources",
      .asn = surge_dim_of(k) == SURGE_AS ? (uint32_t)k->what : 0,
      .host_count = (uint64_t)j->value,
      .packets = k->packets,
      .country = w.country,
      .text = w.text,
      .flows = w.flows,
  };
  uint64_t sensors = j->scope < SURGE_NAMED ? UINT64_C(1) << j->scope : 0;
  PRAC_TRY(lists_of(s, k, sensors, &w, &f, &who));
  text_of(s, k, j, who.t, who.n_t, &w);
  if (!k->on) f.level = 1; /* what it was is in the alert already */
  if (geography && k->on && s->geo_age <= s->n_hist) {
    f.level = 1;
    append(&w, " The geography data changed meanwhile: the rise may lie there.");
    model_fact_yes(&w.facts, MODEL_FACT_GEO_NEW);
  }
  f.facts = model_facts_of(&w.facts);
  return eng_say(out, &f);
}

prac_rc surge_say_abroad(const struct surge_state *s, const struct surge_key *k,
                         const struct surge_judged *j, const struct surge_judged *home,
                         const struct eng_env *env, struct eng_out *out)
{
  struct words w = {.mem = env->scratch};
  struct who who = {0};
  char key[sizeof w.key + 8];
  name_it(k, (struct prac_span){k->abroad_from, k->abroad_to}, &w);
  when_it_is(s, &w);
  snprintf(key, sizeof key, "abroad:%s", w.key);
  struct finding f = {
      .key = key,
      .kind = "surge-abroad",
      .state = k->abroad_on ? "on" : "off",
      .from = k->abroad_from,
      .to = k->abroad_to,
      .level = k->abroad_on ? 2 : 1,
      .score = j->z,
      .value = j->value,
      .baseline = j->usual.median,
      .unit = "sources",
      .asn = surge_dim_of(k) == SURGE_AS ? (uint32_t)k->what : 0,
      .host_count = (uint64_t)j->value,
      .packets = k->packets,
      .country = w.country,
      .text = w.text,
      .flows = w.flows,
  };
  PRAC_TRY(lists_of(s, k, ~s->home, &w, &f, &who));
  if (k->abroad_on)
    text_abroad(k, j, home, who.t, who.n_t, &w);
  else
    snprintf(w.text, sizeof w.text, "Sources %s: no longer seen only abroad.", w.name);
  f.facts = model_facts_of(&w.facts);
  return eng_say(out, &f);
}
