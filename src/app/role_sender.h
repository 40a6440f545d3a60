/* app/role_sender.h — messages that are not what they say, or nothing at all: refused, counted,
 * logged now and then, whoever sends them and however many. */
#pragma once
#include "app/roles.h"

/* "flow.tokyo" holds batches of sensor tokyo, "hit.pot" and "health.pot" records of pot,
 * "finding.honeypot.pot" what the honeypot pot has found. PRAC_MALFORMED else. */
PRAC_NODISCARD prac_rc role_check_batch(const struct bus_msg *m, const struct flow_batch *b,
                                        struct prac_err *reterr);
PRAC_NODISCARD prac_rc role_check_record(const struct bus_msg *m, const struct model_kind *k,
                                         const void *rec, struct prac_err *reterr);

struct role_refused {
  uint64_t n;   /* since the role was started */
  int64_t next; /* when it may be said again, mono ns */
};
/* Counts; a line at most every 10 s, with the number. */
void role_refuse(const struct role_env *e, struct role_refused *r, const struct prac_log_event *ev,
                 const struct bus_msg *m, const char *why);
