/* What an analyst is told: once a slot how much noise there was and who made most of it, and the
 * sources whose label has changed, each with its evidence. Thousands may change at once: only those
 * with most packets are said one by one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "engine/noise/noise.h"
#include "model/facts.h"

enum { HOSTS = 256, NAMED = 3, PORTS_SURE = 1000 };

struct words {
  char key[PRAC_IP_TEXT + 16], text[900], flows[160], country[3];
  const char *sensors[NOISE_SENSORS];
  struct model_facts facts;
};
struct group { /* sources, most packets of the slot first */
  struct noise_source **v;
  size_t n;
  uint64_t packets;
};

static int busier(const void *pa, const void *pb)
{
  const struct noise_source *const *a = pa, *const *b = pb;
  if ((*a)->slot_packets != (*b)->slot_packets)
    return (*a)->slot_packets > (*b)->slot_packets ? -1 : 1;
  return memcmp(&(*a)->ip, &(*b)->ip, sizeof(*a)->ip);
}

static const char *kind_of(uint8_t label)
{
  return label == ENG_LABEL_MALWARE ? "noise-malware" : "noise-survey";
}

/* "on the list acknowledged 2025-03-02; 58 ports and 34 % of our addresses in a day" */
static int evidence(const struct noise_state *s, const struct noise_source *x, char *to, size_t cap)
{
  const struct noise_proof *p = &x->proof;
  uint64_t ours = noise_ours_count(s);
  const char *list = x->list && x->list <= s->n_lists ? s->lists[x->list - 1] : "";
  char share[48] = "", what[160] = "", ports[24];
  snprintf(ports, sizeof ports, p->ports > PORTS_SURE ? "more than %u" : "%u",
           p->ports > PORTS_SURE ? PORTS_SURE : p->ports);
  if (ours) snprintf(share, sizeof share, " (%.2g %%)", 100.0 * p->destinations / (double)ours);
  if (x->why & NOISE_FINGERPRINT)
    snprintf(what, sizeof what, "packets of ZMap, masscan or a like tool, ");
  else if (x->why & NOISE_BEHAVIOUR)
    snprintf(what, sizeof what, "at least a packet for each address of ours, ");
  if (x->why & NOISE_MIRAI)
    return snprintf(to, cap, "%u packets with Mirai's mark in a day", p->mirai);
  if ((x->why & NOISE_LIST) && !(x->why & (NOISE_FINGERPRINT | NOISE_BEHAVIOUR)))
    return snprintf(to, cap, "on the list %s", list);
  return snprintf(to, cap, "%s%s%s%s%u packets to %s ports and %u%s of our addresses in a day",
                  x->why & NOISE_LIST ? "on the list " : "", x->why & NOISE_LIST ? list : "",
                  x->why & NOISE_LIST ? "; " : "", what, p->packets, ports, p->destinations, share);
}

/* The same as facts. */
static void evidence_facts(const struct noise_state *s, const struct noise_source *x,
                           struct model_facts *f)
{
  const struct noise_proof *p = &x->proof;
  uint64_t ours = noise_ours_count(s);
  if (x->why & NOISE_MIRAI) {
    model_fact(f, MODEL_FACT_MIRAI, "%u", p->mirai);
    return;
  }
  if (x->why & NOISE_LIST)
    model_fact(f, MODEL_FACT_LIST, "%s",
               x->list && x->list <= s->n_lists ? s->lists[x->list - 1] : "");
  if (!(x->why & (NOISE_FINGERPRINT | NOISE_BEHAVIOUR)) && x->why & NOISE_LIST) return;
  if (x->why & NOISE_FINGERPRINT)
    model_fact_yes(f, MODEL_FACT_TOOL);
  else if (x->why & NOISE_BEHAVIOUR)
    model_fact_yes(f, MODEL_FACT_SWEEP);
  model_fact(f, MODEL_FACT_DAY_PACKETS, "%u", p->packets);
  model_fact(f, MODEL_FACT_DAY_PORTS, p->ports > PORTS_SURE ? ">%u" : "%u",
             p->ports > PORTS_SURE ? PORTS_SURE : p->ports);
  model_fact(f, MODEL_FACT_OURS, "%u", p->destinations);
  if (ours) model_fact(f, MODEL_FACT_OUR_SHARE, "%.2g", 100.0 * p->destinations / (double)ours);
}

static uint32_t sensors_of(const struct noise_state *s, uint64_t bits, struct words *w)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_sensors; i++)
    if (bits >> i & 1) w->sensors[n++] = s->sensors[i];
  return n;
}

static void flows_of(struct words *w, const struct prac_ip *ip, prac_time from, prac_time to)
{
  char text[PRAC_IP_TEXT], a[PRAC_TIME_TEXT], b[PRAC_TIME_TEXT];
  snprintf(w->flows, sizeof w->flows, "src=%s from=%s to=%s", prac_ip_text(text, ip),
           prac_time_text(a, from), prac_time_text(b, to));
}

/* ---- the slot's summary ---- */

static void summary_text(const struct noise_state *s, const struct group *g, uint8_t label,
                         struct words *w)
{
  const char *what = label == ENG_LABEL_MALWARE ? "Malware-like sources" : "Survey scanners";
  double pct = s->slot_packets ? 100.0 * (double)g->packets / (double)s->slot_packets : 0;
  size_t at = (size_t)snprintf(w->text, sizeof w->text, "%s: %zu sent %llu packets, %.2g %% of all",
                               what, g->n, (unsigned long long)g->packets, pct);
  model_fact(&w->facts, MODEL_FACT_SHARE, "%.2g", pct);
  for (size_t i = 0; i < g->n && i < NAMED; i++) {
    char ip[PRAC_IP_TEXT], why[300];
    evidence(s, g->v[i], why, sizeof why);
    int n =
        snprintf(w->text + at, sizeof w->text - at, "%s %s, %u packets (%s)",
                 i ? ";" : ". Most:", prac_ip_text(ip, &g->v[i]->ip), g->v[i]->slot_packets, why);
    if (n < 0 || (size_t)n >= sizeof w->text - at - 2) break;
    at += (size_t)n;
    model_fact(&w->facts, MODEL_FACT_TOP, "%s %u", ip, g->v[i]->slot_packets);
    evidence_facts(s, g->v[i], &w->facts);
  }
  snprintf(w->text + at, sizeof w->text - at, ".");
}

static prac_rc summary(const struct noise_state *s, const struct group *g, uint8_t label,
                       struct prac_span slot, const struct eng_env *env, struct eng_out *out)
{
  struct words w = {{0}};
  uint32_t n = g->n < HOSTS ? (uint32_t)g->n : HOSTS;
  uint64_t bits = 0;
  struct prac_ip *hosts = prac_arena_alloc(env->scratch, (n + 1) * sizeof *hosts);
  if (!hosts) return PRAC_NOMEM;
  for (size_t i = 0; i < g->n; i++) {
    if (i < n) hosts[i] = g->v[i]->ip;
    bits |= g->v[i]->sensors;
  }
  summary_text(s, g, label, &w);
  flows_of(&w, &g->v[0]->ip, slot.from, slot.to);
  const struct finding f = {
      .key = label == ENG_LABEL_MALWARE ? "noise:malware" : "noise:survey",
      .kind = kind_of(label),
      .state = "on",
      .from = slot.from,
      .to = slot.to,
      .level = 1,
      .score = s->slot_packets ? (double)g->packets / (double)s->slot_packets : 0,
      .value = (double)g->n,
      .unit = "sources",
      .sensors = {w.sensors, sensors_of(s, bits, &w)},
      .hosts = {hosts, n},
      .host_count = g->n,
      .packets = g->packets,
      .text = w.text,
      .flows = w.flows,
      .facts = model_facts_of(&w.facts),
  };
  return eng_say(out, &f);
}

/* ---- sources one by one ---- */

/* was: the label that has ended; UNKNOWN: x has one. */
static prac_rc one(const struct noise_state *s, const struct noise_source *x, uint8_t was,
                   struct prac_span slot, struct eng_out *out)
{
  struct words w = {.country = {(char)(x->country >> 8), (char)(x->country & 0xff), 0}};
  char ip[PRAC_IP_TEXT], why[300] = "";
  uint8_t label = was ? was : x->label;
  const char *what = label == ENG_LABEL_MALWARE ? "malware-like" : "a survey scanner";
  struct model_port port = {.port = (uint16_t)x->port, .proto = (uint8_t)(x->port >> 16)};
  prac_ip_text(ip, &x->ip);
  snprintf(w.key, sizeof w.key, "source:%s", ip);
  if (was) {
    snprintf(w.text, sizeof w.text, "%s is no longer held for %s. Nothing has confirmed it.", ip,
             what);
  } else {
    evidence(s, x, why, sizeof why);
    evidence_facts(s, x, &w.facts);
    snprintf(w.text, sizeof w.text, "%s is %s. Evidence: %s.", ip, what, why);
  }
  flows_of(&w, &x->ip, x->first, x->last + PRAC_MIN);
  const struct finding f = {
      .key = w.key,
      .kind = kind_of(label),
      .state = was ? "off" : "on",
      .from = x->first,
      .to = x->last + PRAC_MIN < slot.to ? x->last + PRAC_MIN : slot.to,
      .level = 1,
      .score = x->why,
      .value = x->proof.packets,
      .baseline = (double)noise_ours_count(s),
      .unit = "packets/day",
      .country = w.country,
      .asn = x->asn,
      .sensors = {w.sensors, sensors_of(s, x->sensors, &w)},
      .ports = {&port, x->port_votes ? 1 : 0},
      .hosts = {&x->ip, 1},
      .host_count = 1,
      .packets = x->packets,
      .text = w.text,
      .flows = w.flows,
      .facts = model_facts_of(&w.facts),
  };
  return eng_say(out, &f);
}

static prac_rc changes(struct noise_state *s, const struct group *g, struct prac_span slot,
                       const struct eng_env *env, struct eng_out *out)
{
  size_t n = 0;
  for (size_t i = 0; i < g->n; i++) {
    struct noise_source *x = g->v[i];
    if (n == (size_t)s->conf->say) {
      prac_count(&env->counters[NOISE_COUNT_UNTOLD], 1);
      continue;
    }
    PRAC_TRY(one(s, x, ENG_LABEL_UNKNOWN, slot, out));
    x->told = true;
    n++;
  }
  return PRAC_OK;
}

/* Labels that nothing has confirmed for long: who was told hears of it. In order of address. */
static prac_rc expiries(struct noise_state *s, const struct group *g, struct prac_span slot,
                        struct eng_out *out)
{
  for (size_t i = 0; i < g->n; i++) {
    struct noise_source *x = g->v[i];
    uint8_t was = x->label;
    noise_label_set(s, x, ENG_LABEL_UNKNOWN);
    if (x->told) PRAC_TRY(one(s, x, was, slot, out));
    x->why = 0;
    x->list = 0;
    x->told = x->fresh = false;
  }
  return PRAC_OK;
}

/* ---- the slot ---- */

enum { GROUPS = 4, EXPIRED = 0, CHANGED = 3 }; /* beside enum eng_label */

static void put(struct group *g, struct noise_source *x)
{
  g->v[g->n++] = x;
  g->packets += x->slot_packets;
}

static uint64_t sort_out(struct noise_state *s, struct prac_span slot, struct group g[GROUPS])
{
  int64_t day = prac_time_floor(slot.to - 1, PRAC_DAY) / PRAC_DAY;
  int64_t expire = s->conf->expire_ns / PRAC_DAY;
  uint64_t wide = 0;
  for (size_t i = 0; i < (size_t)s->table.n_sets * NOISE_WAYS; i++) {
    if (!s->table.tags[i]) continue;
    struct noise_source *x = &s->table.v[i];
    wide += noise_is_wide(s, x, day);
    if (!x->label) continue;
    bool expired = day - x->confirmed > expire;
    if (expired) put(&g[EXPIRED], x);
    if (!expired && x->fresh) put(&g[CHANGED], x);
    if (!expired && x->slot_packets) put(&g[x->label], x);
  }
  for (int k = 0; k < GROUPS; k++)
    if (g[k].n) qsort((void *)g[k].v, g[k].n, sizeof *g[k].v, busier);
  return wide;
}

prac_rc noise_say(struct noise_state *s, struct prac_span slot, const struct eng_env *env,
                  struct eng_out *out)
{
  struct group g[GROUPS] = {{0}};
  for (int k = 0; k < GROUPS; k++) {
    g[k].v = prac_arena_alloc(env->scratch, (s->table.n + (size_t)1) * sizeof(void *));
    if (!g[k].v) return PRAC_NOMEM;
  }
  prac_gauge(&env->counters[NOISE_COUNT_WIDE], sort_out(s, slot, g));
  static const uint8_t labels[] = {ENG_LABEL_SURVEY, ENG_LABEL_MALWARE};
  for (size_t k = 0; k < PRAC_ARRAY_LEN(labels); k++)
    if (g[labels[k]].n) PRAC_TRY(summary(s, &g[labels[k]], labels[k], slot, env, out));
  PRAC_TRY(changes(s, &g[CHANGED], slot, env, out));
  PRAC_TRY(expiries(s, &g[EXPIRED], slot, out));
  for (size_t i = 0; i < (size_t)s->table.n_sets * NOISE_WAYS; i++) {
    if (!s->table.tags[i]) continue; /* a page that was never touched stays so */
    s->table.v[i].slot_packets = 0;
    s->table.v[i].fresh = false;
  }
  return PRAC_OK;
}
