/* notify/relay.h — what `practice exabgp` does: ExaBGP's child, between its pipes and our socket.
 *
 * carries   routes from the notifier to ExaBGP (`out`), and ExaBGP's answers (`in`), which come in
 *           the order of the commands, back under their numbers; which routers have a session
 * checks    every line, see notify/bgp/line.h
 * guards    each route has an end: when the notifier is gone and does not renew it, the relay
 *           withdraws it by itself
 * waits     when the notifier is away: ExaBGP counts how often its children die
 * ends      PRAC_OK when ExaBGP closes `in`, or stop says so
 */
#pragma once
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

struct bgp_relay_env {
  const char *socket; /* path */
  int in, out;
  bool (*stop)(void);
  void (*say)(const char *sentence); /* for the operator; NULL: silent */
};
PRAC_NODISCARD prac_rc bgp_relay_run(const struct bgp_relay_env *env, struct prac_err *reterr);
