/* A sensor's ports as claims (engine/groups.h), and the sentence about all of them. */
#include <math.h>
#include <stdio.h>

#include "engine/glasso/glasso.h"

struct own { /* what a claim brings along for its sentence */
  struct glasso_port p;
  struct glasso_verdict dense;
};

prac_rc glasso_claim(struct eng_claims *c, const char *sensor, const struct glasso_found *f,
                     struct prac_arena *a)
{
  for (uint32_t i = 0; i < f->n; i++) {
    const struct glasso_port *p = &f->v[i];
    struct own own = {*p, f->dense};
    struct eng_claim x = {.sensor = sensor,
                          .port = p->port,
                          .level = p->level,
                          .strength = -p->log10_p,
                          .from = p->who.from,
                          .to = p->who.to,
                          .who = p->who,
                          .own = &own};
    PRAC_TRY(eng_claims_add(c, &x, sizeof own, a));
  }
  return PRAC_OK;
}

static prac_rc words(const void *conf, const struct eng_group *g, struct prac_arena *a,
                     char text[ENG_GROUPS_TEXT], struct model_facts *facts, struct finding *f)
{
  (void)a;
  const struct glasso_conf *c = conf;
  const struct own *own = g->best->own;
  const struct glasso_port *p = &own->p;
  char port[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT], nets[48] = "";
  model_port_text(port, eng_groups_port(p->port));
  if (c->v4_bits < 32)
    snprintf(nets, sizeof nets, " in %u /%u networks", p->hosts, (unsigned)c->v4_bits);
  size_t room = ENG_GROUPS_TEXT;
  int n = snprintf(text, room,
                   "%llu sources%s send to %s at the same moments from %s on: %.0f times as much "
                   "in step as sources that know nothing of each other (chance below 1 in 10^%.0f)."
                   " %u of them hang together in the graph of partial correlations.",
                   (unsigned long long)g->hosts, nets, port, prac_time_text(at, g->from),
                   p->sync.lift, floor(-p->log10_p), p->together);
  if (p->level == ENG_PORT_POINT)
    n += snprintf(text + n, room - (size_t)n, " Nearly all went to one address.");
  if (g->n > 1) n += snprintf(text + n, room - (size_t)n, " %zu sensors agree.", g->n);
  if (own->dense.alert)
    snprintf(text + n, room - (size_t)n,
             " The sensor's graph is denser than in its history (robust z %.1f).", own->dense.z);
  model_fact(facts, MODEL_FACT_SINCE, "%s", at);
  if (c->v4_bits < 32)
    model_fact(facts, MODEL_FACT_NETWORKS, "%u %u", p->hosts, (unsigned)c->v4_bits);
  model_fact(facts, MODEL_FACT_LIFT, "%.0f", p->sync.lift);
  model_fact(facts, MODEL_FACT_SURPRISE, "%.0f", floor(-p->log10_p));
  model_fact(facts, MODEL_FACT_TOGETHER, "%u", p->together);
  if (g->n > 1) model_fact(facts, MODEL_FACT_AGREE, "%zu", g->n);
  if (own->dense.alert) model_fact(facts, MODEL_FACT_DENSE_Z, "%.1f", own->dense.z);
  f->score = -p->log10_p;
  f->value = p->sync.lift;
  f->baseline = 1;
  return PRAC_OK;
}

struct eng_voice glasso_voice(const struct glasso_conf *c)
{
  return (struct eng_voice){.conf = c,
                            .unit = "times chance",
                            .quiet_ns = c->quiet_slots * c->slot_ns,
                            .high_hosts = c->high_hosts,
                            .high_sensors = c->high_sensors,
                            .survey = c->survey,
                            .weak = c->weak,
                            .words = words};
}
