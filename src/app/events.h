/* app/events.h — every log event of the program, in the order of their names.
 *
 * The table is made by tools/events.py out of the declarations, wherever they are: an event is
 * added in one place, and `practice help events` and the manual have it.
 */
#pragma once
#include <stdio.h>

#include "base/log.h"

extern const struct prac_log_event events_list[]; /* events.c, made while building */
extern const size_t events_count;
const char *events_level(enum prac_log_level level);
/* What the operator should do; never "". */
const char *events_todo(const struct prac_log_event *e);
void events_print(FILE *to);
