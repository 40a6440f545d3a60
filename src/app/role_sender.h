/* app/role_sender.h — messages that are not what they say, or nothing at all: refused, counted,
 * logged now and then, whoever sends them and however many. */
#pragma once
#include "app/roles.h"

/* "flow.tokyo" holds batches of sensor tokyo, "hit.pot", "packet.pot" and "health.pot" records of
 * pot, "finding.honeypot.pot" what the honeypot pot has found. A packet's id begins with its
 * sensor, and its lengths and layer are those that there are. PRAC_MALFORMED else. */
PRAC_NODISCARD prac_rc role_check_batch(const struct bus_msg *m, const struct flow_batch *b,
                                        struct prac_err *reterr);
PRAC_NODISCARD prac_rc role_check_record(const struct bus_msg *m, const struct model_kind *k,
                                         const void *rec, struct prac_err *reterr);

bool role_ahead(const struct role_env *e, prac_time at, int64_t ahead_ns); /* of our clock */
/* A record's own time: of 1970 to 2106 and, where others' machines send (nats), no more than
 * `ahead_ns` ahead of our clock. What is dated in the future makes all whose clocks are right look
 * late, or old enough to be deleted. PRAC_RANGE. */
#define ROLE_AHEAD_KEEP PRAC_DAY          /* to be stored */
#define ROLE_AHEAD_TELL PRAC_HOUR         /* of honeypots */
#define ROLE_AHEAD_HIT (10 * PRAC_MIN)    /* the collector: on every bus */
#define ROLE_AHEAD_COMPUTE (6 * PRAC_MIN) /* engines: less than silent_ns of engine/core.h */
PRAC_NODISCARD prac_rc role_check_time(const struct role_env *e, prac_time at, int64_t ahead_ns,
                                       struct prac_err *reterr);

struct role_refused {
  uint64_t n;   /* since the role was started */
  int64_t next; /* when it may be said again, mono ns */
};
/* Counts; a line at most every 10 s, with the number. */
void role_refuse(const struct role_env *e, struct role_refused *r, const struct prac_log_event *ev,
                 const struct bus_msg *m, const char *why);
