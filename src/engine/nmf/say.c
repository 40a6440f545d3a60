/* A sensor's ports as claims (engine/groups.h), and the sentence about all of them. */
#include <stdio.h>
#include <string.h>

#include "engine/nmf/nmf.h"

enum { PORTS = 16 };

prac_rc nmf_claim(struct eng_claims *c, const char *sensor, const struct nmf_found *f,
                  struct prac_arena *a)
{
  for (uint32_t i = 0; i < f->n; i++) {
    struct nmf_port own = f->v[i];
    struct model_port *also = prac_arena_alloc(a, (own.also.n + (size_t)1) * sizeof *also);
    if (!also) return PRAC_NOMEM;
    if (own.also.n) memcpy(also, own.also.v, own.also.n * sizeof *also);
    own.also.v = also;
    struct eng_claim x = {.sensor = sensor,
                          .port = own.port,
                          .level = own.level,
                          .strength = own.surprise,
                          .from = own.span.from,
                          .to = own.span.to,
                          .who = own.who,
                          .own = &own};
    PRAC_TRY(eng_claims_add(c, &x, sizeof own, a));
  }
  return PRAC_OK;
}

/* Behind the port itself, what keeps time with it at any sensor. */
static prac_rc ports_join(const struct eng_group *g, struct prac_arena *a, struct model_ports *to)
{
  struct model_port *v = prac_arena_alloc(a, PORTS * sizeof *v);
  if (!v) return PRAC_NOMEM;
  uint32_t n = 0;
  v[n++] = to->v[0];
  for (size_t i = 0; i < g->n; i++) {
    const struct model_ports *also = &((const struct nmf_port *)g->v[i].own)->also;
    for (uint32_t k = 0; k < also->n && n < PORTS; k++) {
      uint32_t at = 0;
      while (at < n && (v[at].port != also->v[k].port || v[at].proto != also->v[k].proto)) at++;
      if (at == n) v[n++] = also->v[k];
    }
  }
  *to = (struct model_ports){v, n};
  return PRAC_OK;
}

static prac_rc words(const void *conf, const struct eng_group *g, struct prac_arena *a,
                     char text[ENG_GROUPS_TEXT], struct model_facts *facts, struct finding *f)
{
  const struct nmf_conf *c = conf;
  const struct nmf_port *p = g->best->own;
  char port[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT], more[128] = "", nets[48] = "";
  model_port_text(port, eng_groups_port(p->port));
  if (c->v4_bits < 32)
    snprintf(nets, sizeof nets, " in %u /%u networks", p->hosts, (unsigned)c->v4_bits);
  if (g->n > 1) snprintf(more, sizeof more, " %zu sensors agree.", g->n);
  if (p->port_groups)
    snprintf(more + strlen(more), sizeof more - strlen(more), " So do %u groups of ports.",
             p->port_groups);
  if (p->level == ENG_PORT_POINT)
    snprintf(more + strlen(more), sizeof more - strlen(more), " Nearly all went to one address.");
  const char *where = p->in_time ? "sent there in its minutes" : "of it sent there";
  snprintf(text, ENG_GROUPS_TEXT,
           "%llu sources%s keep time with each other at %s from %s on. Beside a group of %u hosts, "
           "%.0f %s; by chance %.0f (1 in 10^%.0f). %u groups agree, %u hosts are in all of them, "
           "%u in any.%s",
           (unsigned long long)g->hosts, nets, port, prac_time_text(at, g->from), p->group,
           p->inside, where, p->expected, p->surprise, p->hits, p->all, p->any, more);
  model_fact(facts, MODEL_FACT_SINCE, "%s", at);
  if (c->v4_bits < 32)
    model_fact(facts, MODEL_FACT_NETWORKS, "%u %u", p->hosts, (unsigned)c->v4_bits);
  model_fact(facts, MODEL_FACT_BESIDE, "%u", p->group);
  model_fact(facts, MODEL_FACT_INSIDE, "%.0f", p->inside);
  if (p->in_time) model_fact_yes(facts, MODEL_FACT_IN_TIME);
  model_fact(facts, MODEL_FACT_CHANCE, "%.0f", p->expected);
  model_fact(facts, MODEL_FACT_SURPRISE, "%.0f", p->surprise);
  model_fact(facts, MODEL_FACT_GROUPS, "%u", p->hits);
  model_fact(facts, MODEL_FACT_IN_ALL, "%u", p->all);
  model_fact(facts, MODEL_FACT_IN_ANY, "%u", p->any);
  if (g->n > 1) model_fact(facts, MODEL_FACT_AGREE, "%zu", g->n);
  if (p->port_groups) model_fact(facts, MODEL_FACT_PORT_GROUPS, "%u", p->port_groups);
  f->score = p->surprise;
  f->value = (double)g->hosts;
  f->baseline = p->expected;
  return ports_join(g, a, &f->ports);
}

struct eng_voice nmf_voice(const struct nmf_conf *c)
{
  return (struct eng_voice){.conf = c,
                            .unit = "sources",
                            .quiet_ns = c->quiet_slots * c->every_ns,
                            .high_hosts = c->high_hosts,
                            .high_sensors = c->high_sensors,
                            .survey = c->survey,
                            .weak = c->weak,
                            .words = words};
}
