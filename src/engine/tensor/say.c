/* A sensor's groups as claims (engine/groups.h), and the sentence about all of them. */
#include <stdio.h>

#include "base/country.h"
#include "engine/tensor/tensor.h"

prac_rc tensor_claim(struct eng_claims *c, const char *sensor, const struct tensor_groups *f,
                     struct prac_arena *a)
{
  for (uint32_t i = 0; i < f->n; i++) {
    const struct tensor_group *g = &f->v[i];
    struct eng_claim x = {.sensor = sensor,
                          .port = g->port,
                          .level = g->level,
                          .strength = g->group.z,
                          .from = g->from,
                          .to = g->to,
                          .who = g->who,
                          .hosts = g->hosts,
                          .n_hosts = g->n_hosts,
                          .own = g};
    PRAC_TRY(eng_claims_add(c, &x, sizeof *g, a));
  }
  return PRAC_OK;
}

static prac_rc words(const void *conf, const struct eng_group *all, struct prac_arena *a,
                     char text[ENG_GROUPS_TEXT], struct model_facts *facts, struct finding *f)
{
  (void)conf;
  (void)a;
  const struct tensor_group *g = all->best->own;
  const struct eng_port_who *who = &all->best->who;
  char port[MODEL_PORT_TEXT], at[PRAC_TIME_TEXT], where[64] = "";
  static const char *const how[] = {[ENG_PORT_ATTACK] = "in step",
                                    [ENG_PORT_SURVEY] = "in step, too few for an attack",
                                    [ENG_PORT_WEAK] = "but each in its own time",
                                    [ENG_PORT_POINT] = "in step, at a single address of ours"};
  const char *name = prac_country_name(who->country);
  if (name)
    (void)snprintf(where, sizeof where, ", most from %s", name);
  else if (who->countries > 1)
    (void)snprintf(where, sizeof where, " from %u countries", who->countries);
  (void)snprintf(text, ENG_GROUPS_TEXT,
                 "%llu hosts%s knock at %s %s: mean correlation of two of them %.2f, of other "
                 "hosts %.2f (z %.0f); %u at once at %s, usually %u; %llu packets.",
                 (unsigned long long)all->hosts, where,
                 model_port_text(port, eng_groups_port(g->port)), how[g->level], g->group.mean,
                 g->others, g->port_all.z, g->peak, prac_time_text(at, g->peak_at), g->usual,
                 (unsigned long long)all->packets);
  if (name)
    model_fact(facts, MODEL_FACT_MOST_FROM, "%c%c", who->country >> 8, who->country & 0xff);
  else if (who->countries > 1)
    model_fact(facts, MODEL_FACT_COUNTRIES, "%u", who->countries);
  if (g->level == ENG_PORT_WEAK) model_fact_yes(facts, MODEL_FACT_OWN_TIME);
  model_fact(facts, MODEL_FACT_CORRELATION, "%.2f", g->group.mean);
  model_fact(facts, MODEL_FACT_CORRELATION_OTHERS, "%.2f", g->others);
  model_fact(facts, MODEL_FACT_Z, "%.0f", g->port_all.z);
  model_fact(facts, MODEL_FACT_PEAK, "%u", g->peak);
  model_fact(facts, MODEL_FACT_PEAK_AT, "%s", prac_time_text(at, g->peak_at));
  model_fact(facts, MODEL_FACT_PEAK_USUAL, "%u", g->usual);
  f->score = g->port_all.z;
  f->value = (double)all->hosts;
  f->baseline = g->usual;
  return PRAC_OK;
}

struct eng_voice tensor_voice(const struct tensor_conf *c)
{
  return (struct eng_voice){.conf = c,
                            .unit = "hosts",
                            .quiet_ns = c->quiet_slots * c->slot_ns,
                            .high_hosts = c->high_hosts,
                            .high_sensors = c->high_sensors,
                            .survey = true,
                            .weak = c->weak,
                            .words = words};
}
