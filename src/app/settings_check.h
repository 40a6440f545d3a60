/* app/settings_check.h — what no single key can say about a settings file: keys that must fit each
 * other, and what they name outside of it. */
#pragma once
#include "base/conf.h"

/* Sensors and honeypots as a whole: names that are different, each sensor with something to watch.
 */
PRAC_NODISCARD prac_rc settings_check_sensors(const struct prac_conf *c, struct prac_err *reterr);
/* The same of every section. */
PRAC_NODISCARD prac_rc settings_check(const struct prac_conf *c, struct prac_err *reterr);

/* What is allowed, and yet should be known before others find out: files, interfaces and addresses
 * that this machine has not, a page open to all. Those beyond the table's end are not told. */
enum { SETTINGS_WARNINGS_MAX = 64 };
struct settings_warnings {
  char text[SETTINGS_WARNINGS_MAX][400];
  size_t n;
};
void settings_warn(const struct prac_conf *c, struct settings_warnings *w);
