/* sys/logsink.h — where log events go: plain words on a terminal, one JSON object a line elsewhere.
 *
 * form     chosen by isatty(fd) unless forced; one write(2) per event, so that lines of several
 *          processes on one pipe do not mix (a line is cut at 2 KiB)
 * safety   control characters become '?': a hostile name cannot steer the reader's terminal
 */
#pragma once
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"

enum sys_log_form { SYS_LOG_AUTO, SYS_LOG_WORDS, SYS_LOG_JSON };
struct sys_logsink {
  int fd;
  bool json;
  char who[48]; /* "sensor.tokyo": the role that speaks */
  struct prac_clock clock;
};
void sys_logsink_init(struct sys_logsink *s, int fd, enum sys_log_form form, const char *who);
/* s is borrowed for the life of the log. */
struct prac_log sys_logsink_log(struct sys_logsink *s, enum prac_log_level least);
