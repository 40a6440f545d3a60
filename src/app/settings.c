/* A plug-in brings its section in its own table, so a new plug-in needs no line here; a section of
 * a room or a role is one line in `own`. */
#include "app/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "alert/watch.h"
#include "app/roles.h"
#include "app/where.h"
#include "app/workers.h"
#include "bus/broker.h"
#include "bus/bus.h"
#include "bus/nats_client.h"
#include "capture/source.h"
#include "engine/engine.h"
#include "episode/episode.h"
#include "honeypot/sensor.h"
#include "lookup/lookup.h"
#include "notify/notify.h"
#include "notify/way.h"
#include "oidc/oidc.h"
#include "portal/portal.h"
#include "store/store.h"

/* Rooms' and roles' own sections: one line each. */
/* clang-format off */
static const struct prac_conf_section *const own[] = {
    &alert_conf_section,
    &alert_watch_section,
    &epi_conf_section,
    &lookup_conf_section,
    &portal_conf_section,
    &oidc_conf_section,
    &oidc_rules_section,
    &where_conf_section,
    &bus_broker_section,
    &bus_nats_section,
    &run_conf_section,
    &sensors_conf_section,
    &workers_conf_section,
    &hp_conf_section,
    &note_conf_section,
    &note_tenants_section,
    NULL,
};
/* clang-format on */

enum { SECTIONS_MAX = 256, FILE_MAX_BYTES = 1 << 20 };
static const struct prac_conf_section *list[SECTIONS_MAX + 1];

static size_t add(size_t n, const struct prac_conf_section *s)
{
  for (size_t i = 0; i < n; i++)
    if (list[i] == s) return n;
  if (!s) return n;
  PRAC_INSIST(n < SECTIONS_MAX);
  list[n] = s;
  return n + 1;
}

const struct prac_conf_section *const *settings_sections(void)
{
  size_t n = 0;
  for (const struct prac_conf_section *const *o = own; *o; o++) n = add(n, *o);
  for (const struct bus_ops *const *b = bus_list; *b; b++) n = add(n, (*b)->conf);
  for (const struct cap_source *const *c = cap_sources; *c; c++) n = add(n, (*c)->conf);
  for (const struct eng_ops *const *e = eng_list; *e; e++) n = add(n, (*e)->conf);
  for (const struct store_ops *const *s = store_list; *s; s++) n = add(n, (*s)->conf);
  for (const struct note_way *const *w = note_ways; *w; w++) n = add(n, (*w)->conf);
  return list;
}

const struct prac_conf_section *settings_find(const char *path)
{
  for (const struct prac_conf_section *const *s = settings_sections(); *s; s++)
    if (strcmp((*s)->path, path) == 0) return *s;
  return NULL;
}

static prac_rc read_all(FILE *f, const char *name, char *to, size_t *ret_n, struct prac_err *reterr)
{
  *ret_n = fread(to, 1, FILE_MAX_BYTES + 1, f);
  if (ferror(f)) return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", name, strerrordesc_np(errno));
  if (*ret_n > FILE_MAX_BYTES)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: settings are 1 MiB at most", name);
  return PRAC_OK;
}

prac_rc settings_load(const char *file, struct prac_conf **ret, struct prac_err *reterr)
{
  if (!file) return prac_conf_parse("", 0, "defaults", settings_sections(), ret, reterr);
  bool is_stdin = strcmp(file, "-") == 0;
  FILE *f = is_stdin ? stdin : fopen(file, "rbe");
  if (!f) return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", file, strerrordesc_np(errno));
  char *text = malloc(FILE_MAX_BYTES + 1);
  size_t n = 0;
  prac_rc rc = text ? read_all(f, file, text, &n, reterr)
                    : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", file);
  if (rc == PRAC_OK)
    rc = prac_conf_parse(text, n, is_stdin ? "standard input" : file, settings_sections(), ret,
                         reterr);
  free(text);
  if (!is_stdin) fclose(f);
  return rc;
}
