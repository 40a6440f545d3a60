/* bus/local_client.h — settings of the client side of the local bus. See bus/bus.h for the promise.
 *
 * reconnects by itself with back-off (20 ms .. 1 s) and sends again what was not acknowledged; a
 * signal ends any wait early with PRAC_AGAIN (nothing is lost: call again). PRAC_DENIED and
 * PRAC_DAMAGED from the broker are final: the handle says the same from then on.
 */
#pragma once
#include "base/conf.h"
#include "base/err.h"

struct bus_local_conf {
  const char *socket;   /* DATA/bus.sock */
  int64_t window_bytes; /* in flight, not yet acknowledged; 0: 32 MiB */
  int64_t wait_ns;      /* publish gives up with PRAC_AGAIN after this long; 0: 5 s */
};

/* Tells the running broker, as client `as`, that a durable consumer is gone for good. *ret_left:
 * the messages it had not dealt with. PRAC_AGAIN: no broker there, or no answer within timeout_ns;
 * PRAC_UNKNOWN: no such consumer; PRAC_EXISTS: it is connected; PRAC_DENIED. */
PRAC_NODISCARD prac_rc bus_local_forget(const char *socket, const char *as, const char *client,
                                        int64_t timeout_ns, uint64_t *ret_left,
                                        struct prac_err *reterr);
