#include "model/subscription.h"

#include <string.h>

#define SUBSCRIPTION(type, name, unit, help) MODEL_DESC(subscription, type, name, unit, help)
static const struct model_field subscription_fields[] = {SUBSCRIPTION_FIELDS(SUBSCRIPTION)};
#define ERRAND(type, name, unit, help) MODEL_DESC(errand, type, name, unit, help)
static const struct model_field errand_fields[] = {ERRAND_FIELDS(ERRAND)};
#define TOLD(type, name, unit, help) MODEL_DESC(told, type, name, unit, help)
static const struct model_field told_fields[] = {TOLD_FIELDS(TOLD)};

const struct model_kind model_subscription = {.name = "subscription",
                                              .about = "who wants to be told of what",
                                              .version = 1,
                                              .size = sizeof(struct subscription),
                                              .fields = subscription_fields,
                                              .n_fields = PRAC_ARRAY_LEN(subscription_fields),
                                              .key = "id"};
const struct model_kind model_errand = {.name = "errand",
                                        .about = "something the notifier does once",
                                        .version = 1,
                                        .size = sizeof(struct errand),
                                        .fields = errand_fields,
                                        .n_fields = PRAC_ARRAY_LEN(errand_fields),
                                        .key = "id"};
const struct model_kind model_told = {.name = "told",
                                      .about = "what became of a message",
                                      .version = 1,
                                      .size = sizeof(struct told),
                                      .fields = told_fields,
                                      .n_fields = PRAC_ARRAY_LEN(told_fields),
                                      .key = "id"};

const char *const model_severities[] = {"notice", "low", "medium", "high", "critical", NULL};

int model_severity(const char *word)
{
  for (int i = 0; model_severities[i]; i++)
    if (strcmp(model_severities[i], word ? word : "") == 0) return i;
  return 0;
}

struct model_want model_want_of(const struct subscription *s)
{
  return (struct model_want){.attacks = s->attacks,
                             .alerts = s->alerts,
                             .severity = model_severity(s->severity),
                             .profile = "isp",
                             .kinds = s->kinds.v,
                             .vectors = s->vectors.v,
                             .n_kinds = s->kinds.n,
                             .n_vectors = s->vectors.n,
                             .min_packets = s->min_packets,
                             .min_pps = s->min_pps};
}

/* No list: all. */
static bool listed(const char *const *v, size_t n, const char *word)
{
  for (size_t i = 0; i < n; i++)
    if (word && strcmp(v[i], word) == 0) return true;
  return n == 0;
}

bool model_wants_attack(const struct model_want *w, const struct episode *e)
{
  bool vector = w->n_vectors == 0;
  for (uint32_t i = 0; i < e->vectors.n && !vector; i++)
    vector = listed(w->vectors, w->n_vectors, e->vectors.v[i]);
  bool profile =
      !w->profile[0] || !e->profile || !e->profile[0] || strcmp(w->profile, e->profile) == 0;
  return w->attacks && vector && profile && e->packets >= w->min_packets &&
         (double)e->bin_max / 60.0 >= w->min_pps && e->sensors.n >= w->min_sensors;
}

bool model_wants_alert(const struct model_want *w, const struct alert *a)
{
  return w->alerts && model_severity(a->severity) >= w->severity &&
         listed(w->kinds, w->n_kinds, a->kind);
}
