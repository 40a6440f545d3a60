/* What the settings say of workers. */
#include "app/workers.h"

#include <stdio.h>
#include <string.h>

#include "base/conf_form.h"
#include "engine/engine.h"

#define WORK(f) offsetof(struct worker_conf, f)
static const struct prac_conf_item items[] = {
    {.key = "name",
     .type = PRAC_CONF_STRING,
     .offset = WORK(name),
     .form = &prac_form_name,
     .help = "Name of the worker."},
    {.key = "engines",
     .type = PRAC_CONF_STRINGS,
     .offset = WORK(engines),
     .sdflt = "",
     .help = "Engines that it runs; none: all that are enabled."},
    {.key = "sensors",
     .type = PRAC_CONF_STRINGS,
     .offset = WORK(sensors),
     .sdflt = "",
     .help = "Sensors that it looks at, as one group; none: all."},
};
const struct prac_conf_section workers_conf_section = {
    .path = "workers",
    .about = "Engines in several processes; none: one process with all engines and sensors.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct worker_conf),
    .many = true,
};

size_t workers_names(const struct prac_conf *settings, const char *names[WORKERS_MAX])
{
  size_t n = prac_conf_count(settings, "workers");
  names[0] = role_engine.name;
  for (size_t i = 0; i < n && i < WORKERS_MAX; i++)
    names[i] = ((const struct worker_conf *)prac_conf_get(settings, "workers", i))->name;
  return n ? n : 1;
}

static prac_rc engines_known(const struct worker_conf *w, struct prac_err *reterr)
{
  for (size_t i = 0; i < w->engines.n; i++)
    if (!eng_find(w->engines.v[i]))
      return PRAC_FAIL(reterr, PRAC_UNKNOWN,
                       "worker %s: there is no engine \"%s\"; practice engine --list names them",
                       w->name, w->engines.v[i]);
  return PRAC_OK;
}

prac_rc workers_check(const struct prac_conf *settings, struct prac_err *reterr)
{
  size_t n = prac_conf_count(settings, "workers");
  if (n > WORKERS_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d workers on one box", WORKERS_MAX);
  for (size_t i = 0; i < n; i++) {
    const struct worker_conf *w = prac_conf_get(settings, "workers", i);
    for (size_t k = 0; k < i; k++)
      if (strcmp(((const struct worker_conf *)prac_conf_get(settings, "workers", k))->name,
                 w->name) == 0)
        return PRAC_FAIL(reterr, PRAC_EXISTS, "two workers are called %s", w->name);
    PRAC_TRY(engines_known(w, reterr));
  }
  return PRAC_OK;
}

void worker_is(struct role_env *e, const struct worker_conf *w)
{
  e->worker = w;
  (void)snprintf(e->name, sizeof e->name, "engine.%s", w->name);
}

bool worker_wants(const struct worker_conf *w, const char *sensor)
{
  bool all = !w || w->sensors.n == 0;
  for (size_t i = 0; !all && i < w->sensors.n; i++) all = strcmp(w->sensors.v[i], sensor) == 0;
  return all;
}
