/* A list of alerts: one of all there are, and one of those that each audience may see. */
#include "portal/alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/subscription.h"

prac_rc portal_alerts_init(struct portal_alerts *l)
{
  *l = (struct portal_alerts){.v = calloc(PORTAL_ALERTS, sizeof *l->v)};
  return l->v ? PRAC_OK : PRAC_NOMEM;
}

void portal_alerts_done(struct portal_alerts *l)
{
  for (size_t i = 0; i < l->n; i++) free(l->v[i].json);
  free(l->v);
  *l = (struct portal_alerts){.v = NULL};
}

int portal_severity_rank(const char *s)
{
  for (int i = 0; s && model_severities[i]; i++)
    if (strcmp(s, model_severities[i]) == 0) return i + 1;
  return 0;
}

/* Where to make room: the oldest closed alert, else the oldest of all. */
static size_t victim(const struct portal_alerts *l)
{
  for (size_t i = l->n; i-- > 0;)
    if (!l->v[i].open) return i;
  return l->n - 1;
}

static void take_out(struct portal_alerts *l, size_t i)
{
  free(l->v[i].json);
  memmove(&l->v[i], &l->v[i + 1], (l->n - i - 1) * sizeof *l->v);
  l->n--;
}

void portal_alerts_take(struct portal_alerts *l, const struct alert *a, char *json)
{
  struct portal_alert new = {.open = a->state && strcmp(a->state, "close") != 0,
                             .rank = portal_severity_rank(a->severity),
                             .at = a->at,
                             .json = json};
  (void)snprintf(new.id, sizeof new.id, "%s", a->id ? a->id : "");
  const struct portal_alert *old = portal_alerts_find(l, new.id);
  if (old) take_out(l, (size_t)(old - l->v));
  if (!json) return;
  if (l->n == PORTAL_ALERTS) {
    take_out(l, victim(l));
    l->dropped++;
  }
  size_t i = 0;
  while (i < l->n && l->v[i].at > new.at) i++;
  memmove(&l->v[i + 1], &l->v[i], (l->n - i) * sizeof *l->v);
  l->v[i] = new;
  l->n++;
}

const struct portal_alert *portal_alerts_find(const struct portal_alerts *l, const char *id)
{
  for (size_t i = 0; i < l->n; i++)
    if (strcmp(l->v[i].id, id) == 0) return &l->v[i];
  return NULL;
}
