/* portal/alerts.h — the latest revision of each alert, newest first, as JSON ready to be sent.
 *
 * bounds    PORTAL_ALERTS; closed ones go first, then the oldest: counted in `dropped`
 * threads   none of its own: the portal's lock guards every call
 */
#pragma once
#include "model/records.h"

enum { PORTAL_ALERTS = 512 };
struct portal_alert {
  char id[64];
  bool open;
  int rank; /* of severity, 1 notice .. 5 critical */
  prac_time at;
  char *json; /* owned */
};
struct portal_alerts {
  struct portal_alert *v; /* newest revision first; room for PORTAL_ALERTS, owned */
  size_t n;
  uint64_t dropped;
};
int portal_severity_rank(const char *severity); /* 0: none of them, or NULL */
PRAC_NODISCARD prac_rc portal_alerts_init(struct portal_alerts *l);
void portal_alerts_done(struct portal_alerts *l);
/* json: taken (malloc'ed); NULL: this alert is not shown any more. */
void portal_alerts_take(struct portal_alerts *l, const struct alert *a, char *json);
const struct portal_alert *portal_alerts_find(const struct portal_alerts *l, const char *id);
