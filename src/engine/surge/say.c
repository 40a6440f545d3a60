/* What a surge looks like in words, and who is behind it: from the senders that the set still has
 * one by one (all of them, or an even sample of a large one). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/country.h"
#include "engine/surge/surge.h"

enum { TOP = 8, NAMED_IN_TEXT = 3, HOSTS = 256 };

struct tally {
  uint32_t partner, senders;
};
struct words {
  char key[48], name[64], when[96], text[640], flows[160], country[3];
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

/* The senders one by one, most packets first. */
static struct surge_source *senders(const struct surge_set *s, struct prac_arena *a)
{
  struct surge_source *v = prac_arena_alloc(a, (s->n + (size_t)1) * sizeof *v);
  uint32_t n = 0;
  for (uint32_t i = 0; v && i < s->cap; i++)
    if (!prac_ip_is_zero(&s->v[i].ip)) v[n++] = s->v[i];
  if (v) qsort(v, n, sizeof *v, more_packets);
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

static void name_it(const struct surge_key *k, struct words *w)
{
  char port[MODEL_PORT_TEXT], from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT];
  prac_time_text(from, k->from);
  prac_time_text(to, k->to);
  if (k->what >> 24 == SURGE_COUNTRY) {
    snprintf(w->name, sizeof w->name, "from %s", country_text(w->country, k->what & 0xffff));
    snprintf(w->key, sizeof w->key, "country:%s", w->country);
    snprintf(w->flows, sizeof w->flows, "country=%s from=%s to=%s", w->country, from, to);
  } else {
    model_port_text(port, port_of(k->what));
    snprintf(w->name, sizeof w->name, "to %s", port);
    snprintf(w->key, sizeof w->key, "port:%s", port);
    const char *word = strchr(port, '/') ? "port" : "proto"; /* GRE and such have no ports */
    snprintf(w->flows, sizeof w->flows, "%s=%s from=%s to=%s", word, port, from, to);
  }
}

static void when_it_is(const struct surge_state *s, struct words *w)
{
  char from[PRAC_TIME_TEXT], length[PRAC_TIME_TEXT];
  prac_time_text(from, s->slot);
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

static void text_of(const struct surge_state *s, const struct surge_key *k,
                    const struct surge_judged *j, const struct tally *t, uint32_t n_t,
                    struct words *w)
{
  char part[160], letters[3], port[MODEL_PORT_TEXT];
  bool country = k->what >> 24 == SURGE_COUNTRY;
  snprintf(w->text, sizeof w->text, "Sources %s: %s%.0f %s, usually %.0f.", w->name,
           k->on ? "" : "back to ", j->value, w->when, j->usual.median);
  if (!k->on) return;
  append(w, " ");
  uint32_t said = 0;
  for (uint32_t i = 0; i < n_t && said < NAMED_IN_TEXT; i++) {
    if (!country && t[i].partner == 0) continue;
    const char *name = country ? model_port_text(port, port_of(t[i].partner))
                               : country_text(letters, t[i].partner);
    if (said == 0) append(w, country ? "Most to " : "Most from ");
    snprintf(part, sizeof part, "%s%s (%u)", said ? ", " : "", name, t[i].senders);
    append(w, part);
    if (said++ == 0 && k->est.many) append(w, " of a sample");
  }
  snprintf(part, sizeof part, "%s%llu packets, robust z %.1f against %u slots.", said ? "; " : "",
           (unsigned long long)k->packets, j->z, s->n_hist);
  append(w, part);
}

static uint32_t level_of(const struct surge_state *s, double z)
{
  if (z >= s->conf->critical_z) return 5;
  return z >= s->conf->high_z ? 4 : 3;
}

/* A country's surge names the ports, a port's surge names the country when most are from one. */
static uint32_t ports_of(const struct surge_key *k, const struct tally *t, uint32_t n_t,
                         struct model_port ports[TOP], struct words *w)
{
  if (k->what >> 24 == SURGE_COUNTRY) {
    uint32_t n = n_t < TOP ? n_t : TOP;
    for (uint32_t i = 0; i < n; i++) ports[i] = port_of(t[i].partner);
    return n;
  }
  ports[0] = port_of(k->what);
  if (n_t && t[0].senders * 2 > k->est.n && t[0].partner)
    (void)country_text(w->country, t[0].partner);
  return 1;
}

static prac_rc lists_of(const struct surge_state *s, const struct surge_key *k,
                        const struct surge_judged *j, struct words *w, struct finding *f,
                        struct prac_arena *a)
{
  uint32_t n_t = 0, n_sensors = 0;
  struct surge_source *v = senders(&k->est, a);
  struct prac_ip *hosts = prac_arena_alloc(a, HOSTS * sizeof *hosts);
  struct model_port *ports = prac_arena_alloc(a, TOP * sizeof *ports);
  const char **names = prac_arena_alloc(a, SURGE_NAMED * sizeof *names);
  struct tally *t = v ? partners(v, k->est.n, a, &n_t) : NULL;
  if (!t || !hosts || !ports || !names) return PRAC_NOMEM;
  text_of(s, k, j, t, n_t, w);
  for (uint32_t i = 0; i < s->n_sensors && i < SURGE_NAMED; i++)
    if (k->sensors >> i & 1) names[n_sensors++] = s->sensors[i].name;
  f->sensors = (struct model_strs){names, n_sensors};
  f->hosts = (struct model_ips){hosts, k->est.n < HOSTS ? k->est.n : HOSTS};
  for (uint32_t i = 0; i < f->hosts.n; i++) hosts[i] = v[i].ip;
  f->ports = (struct model_ports){ports, ports_of(k, t, n_t, ports, w)};
  return PRAC_OK;
}

prac_rc surge_say(const struct surge_state *s, const struct surge_key *k,
                  const struct surge_judged *j, const struct eng_env *env, struct eng_out *out)
{
  struct words w = {0};
  bool country = k->what >> 24 == SURGE_COUNTRY;
  name_it(k, &w);
  when_it_is(s, &w);
  struct finding f = {
      .key = w.key,
      .kind = country ? "surge-country" : "surge-port",
      .state = k->on ? "on" : "off",
      .from = k->from,
      .to = k->to,
      .level = level_of(s, j->z),
      .score = j->z,
      .value = j->value,
      .baseline = j->usual.median,
      .unit = "sources",
      .host_count = (uint64_t)j->value,
      .packets = k->packets,
      .country = w.country,
      .text = w.text,
      .flows = w.flows,
  };
  PRAC_TRY(lists_of(s, k, j, &w, &f, env->scratch));
  if (!k->on) f.level = 1; /* what it was is in the alert already */
  if (country && k->on && s->geo_age <= s->n_hist) {
    f.level = 1;
    append(&w, " The geography data changed meanwhile: the rise may lie there.");
  }
  return eng_say(out, &f);
}
