/* app/workers.h — engines in several processes: which of them runs which engines over which
 * sensors.
 *
 * none      one worker, called "engine", with all engines and all sensors
 * part      a worker of chosen sensors marks its findings with its name: what an engine says of one
 *           group of sensors does not end what it said of another. A worker of all sensors does
 * not: its findings are those that one process alone would say
 */
#pragma once
#include "app/roles.h"

enum { WORKERS_MAX = 32 };
struct worker_conf {
  const char *name;
  struct prac_conf_strings engines, sensors;
};
extern const struct prac_conf_section workers_conf_section; /* "workers", many */

/* Names of all workers, as marks and counters have them; returns how many (at least one). */
size_t workers_names(const struct prac_conf *settings, const char *names[WORKERS_MAX]);
/* Names and lists are sound: no name twice, every engine exists. */
PRAC_NODISCARD prac_rc workers_check(const struct prac_conf *settings, struct prac_err *reterr);
/* e, of the role engine, is this worker. */
void worker_is(struct role_env *e, const struct worker_conf *w);
bool worker_wants(const struct worker_conf *w, const char *sensor); /* w NULL: everything */
