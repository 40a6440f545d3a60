#include "base/log.h"

#include <stdio.h>

void prac_log(const struct prac_log *log, const struct prac_log_event *e, const char *fmt, ...)
{
  if (!log || !log->sink || e->level < log->least) return;
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  (void)vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  log->sink(log->arg, e, text);
}
