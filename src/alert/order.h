/* alert/order.h — findings of several tellers, each with its own pace, in one order.
 *
 * tellers   the workers that look at telescopes; their names are given once
 * order     (at, engine, part, key, id): a finding is passed on when every teller has said that it
 *           has come to its time. So alerts do not depend on which worker was faster
 * late      a finding at or before what was passed on already goes through at once
 * limits    ALERT_ORDER_MAX waiting; beyond it the earliest goes through early (counted)
 * repeats   the same finding again while it waits is passed on once
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "model/records.h"

enum { ALERT_ORDER_MAX = 65536, ALERT_TELLERS_MAX = 64 };

struct alert_order;
struct alert_order_to {
  prac_rc (*take)(void *arg, const struct finding *f);
  prac_rc (*advance)(void *arg, prac_time t); /* all tellers have come to t */
  void *arg;
};
/* names are borrowed for its life. PRAC_RANGE: none, or more than ALERT_TELLERS_MAX. */
PRAC_NODISCARD prac_rc alert_order_new(const char *const *names, size_t n,
                                       const struct alert_order_to *to, struct alert_order **ret);
void alert_order_free(struct alert_order **op);
PRAC_NODISCARD prac_rc alert_order_take(struct alert_order *o, const struct finding *f);
/* This teller has said everything up to t. A name that is none of the tellers': nothing happens. */
PRAC_NODISCARD prac_rc alert_order_mark(struct alert_order *o, const char *teller, prac_time t);
/* Waits no longer for those that are behind: everything up to the foremost teller's mark goes on.
 */
PRAC_NODISCARD prac_rc alert_order_hurry(struct alert_order *o);
size_t alert_order_waiting(const struct alert_order *o);
prac_time alert_order_passed(const struct alert_order *o); /* PRAC_TIME_NONE: nothing yet */
/* Marks and waiting findings, as bytes for a restart (malloc'ed), and back into a new one with the
 * same tellers; marks of others are dropped. PRAC_DAMAGED: free it, begin anew. */
PRAC_NODISCARD prac_rc alert_order_save(const struct alert_order *o, uint8_t **ret,
                                        size_t *ret_len);
PRAC_NODISCARD prac_rc alert_order_load(struct alert_order *o, const void *data, size_t len);
struct prac_counters alert_order_counters(const struct alert_order *o);
