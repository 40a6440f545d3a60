/* base/log.h — log events: each declared once with its level, sentence and what to do about it.
 *
 * Rooms log through the handle they are given; library rooms (base, math, wire, model) do not log.
 * Declared as {"name", LEVEL, "sentence"} where it is said; tools/events.py makes the list of all
 * (`practice help events`) from that.
 * The sink decides the form: plain words on a terminal, one JSON object a line elsewhere.
 */
#pragma once
#include <stdarg.h>

#include "base/attr.h"
#include "base/time.h"

enum prac_log_level { PRAC_LOG_DEBUG, PRAC_LOG_INFO, PRAC_LOG_WARN, PRAC_LOG_ERROR };
struct prac_log_event {
  const char *name; /* "store_segment_written": unique, room first */
  enum prac_log_level level;
  const char *todo; /* what the operator should do; may be "" below PRAC_LOG_WARN: nothing */
};
struct prac_log {
  void (*sink)(void *arg, const struct prac_log_event *e, const char *text);
  void *arg;
  enum prac_log_level least; /* below: dropped */
};
/* text is one sentence with its numbers; control characters are made harmless by the sink.
 * log may be NULL: nothing happens. */
void prac_log(const struct prac_log *log, const struct prac_log_event *e, const char *fmt, ...)
    PRAC_PRINTF(3, 4);
