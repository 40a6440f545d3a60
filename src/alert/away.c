/* Sensors that are silent. Who saw something and is away cannot say that it has ended, and engines
 * do not know who is away: they only see that nothing comes. */
#include <stdlib.h>
#include <string.h>

#include "alert/desk_int.h"

#define BACK_NS PRAC_HOUR /* so long may what goes on take to be seen again */

static uint32_t place(const struct alert_desk *d, const char *sensor)
{
  uint32_t i = 0;
  while (i < d->n_away && strcmp(d->away[i], sensor) != 0) i++;
  return i;
}

bool alert_desk_absent(const struct alert_desk *d, const struct alert_story *s)
{
  uint32_t n = 0;
  if (d->n_away == 0) return false;
  for (uint32_t i = 0; i < s->a.sensors.n; i++) n += place(d, s->a.sensors.v[i]) < d->n_away;
  return n > 0 && 2 * n >= s->a.sensors.n;
}

prac_rc alert_desk_away(struct alert_desk *d, const char *sensor)
{
  size_t n = strlen(sensor);
  if (n == 0 || n >= ALERT_SENSOR || d->n_away == ALERT_AWAY) return PRAC_OK;
  if (place(d, sensor) < d->n_away) return PRAC_OK;
  if (d->n_away == d->cap_away) {
    uint32_t cap = d->cap_away ? d->cap_away * 2 : 8;
    char(*v)[ALERT_SENSOR] = realloc(d->away, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    d->away = v;
    d->cap_away = cap;
  }
  memset(d->away[d->n_away], 0, ALERT_SENSOR);
  memcpy(d->away[d->n_away++], sensor, n);
  return PRAC_OK;
}

static void back(struct alert_desk *d, const char *sensor, prac_time at)
{
  uint32_t gone = place(d, sensor);
  if (gone == d->n_away) return;
  memmove(d->away[gone], d->away[gone + 1], (--d->n_away - gone) * sizeof *d->away);
  for (size_t i = 0; i < d->n; i++) {
    struct alert_story *s = d->all[i];
    if (!s->open || alert_desk_absent(d, s)) continue;
    if (alert_story_back(s, at + BACK_NS - d->conf.hold_ns)) alert_desk_note_due(d, s);
  }
}

prac_rc alert_desk_hear(struct alert_desk *d, const struct finding *f)
{
  if (strcmp(f->kind, "site-silent") != 0 || f->sensors.n == 0) return PRAC_OK;
  PRAC_TRY(alert_desk_advance(d, f->at));
  if (strcmp(f->state, "on") == 0) return alert_desk_away(d, f->sensors.v[0]);
  back(d, f->sensors.v[0], f->at);
  return PRAC_OK;
}
