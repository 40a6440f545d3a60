/* app/honeypot_watch.h — a honeypot's look at the ports that nobody serves: packets of its
 * interface go to honeypot/observer.h, what it says becomes findings ("finding.honeypot.NAME"). */
#pragma once
#include "app/roles.h"
#include "capture/source.h"
#include "honeypot/observer.h"
#include "honeypot/sensor.h"

struct honeypot_watch {
  const struct cap_source *source; /* NULL: no interface to watch */
  void *st;
  struct cap_frame *frames;
  struct hp_observer *observer;
  int64_t next_say;
};
/* Opens the interface named in the settings; needs rights. */
PRAC_NODISCARD prac_rc honeypot_watch_open(struct honeypot_watch *w, const struct role_env *e,
                                           const struct hp_sensor *s, struct prac_err *reterr);
/* Takes what has come, without waiting, and publishes what there is to say. */
PRAC_NODISCARD prac_rc honeypot_watch_turn(struct honeypot_watch *w, const struct role_env *e,
                                           struct bus *bus, int64_t mono, struct prac_err *reterr);
void honeypot_watch_close(struct honeypot_watch *w);
