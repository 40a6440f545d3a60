/* alert/alert.h — findings become alerts that people can follow: open, update, resume, close.
 *
 * key       findings with the same key are one story, whichever engine tells it
 * open      first "on" finding of a key that is not open
 * update    more findings of an open key; said at most once per `quiet_ns` of event time unless the
 *           severity rises
 * claims    an engine's "on" holds until its "off", or until it has said nothing for `hold_ns` of
 *           event time. One claim an engine, part and key: its kind may change, one "off" ends it
 * close     when nothing holds any more; an "off" of an engine that holds nothing changes nothing
 * severity  the highest level that holds (of a claim: the highest since it began), so it may fall
 *           when one of several engines ends. A close says the highest since it opened or resumed,
 *           so that whoever heard the opening hears the end
 * title     and score, value, baseline, unit: the first finding's; then of the same engine's
 *           finding with the highest value. Another engine takes them over only when it is more
 *           severe than all that was said before: a title does not go to and fro
 * away      while at least half of the sensors that saw a story are silent, an engine's "off" is
 * not believed: that nothing is seen is theirs. The claim ends an hour after they have come back,
 * or by `hold`, unless it is made again resume    a new "on" finding within `resume_ns` of the
 * close: same id, next revision ignore    findings of some kinds are for looking up, not for
 * telling: counted, nothing more (an "off" may still end what its engine said under another kind)
 * limits    `max-open` keys; beyond that the least severe, oldest quiet one is closed early
 *           (counted); as many closed ones are remembered for resuming
 * time      findings come in order of `at`; taking one also advances to it. An update that was kept
 *           back is said when its quiet time ends, with that moment as `at`
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "model/records.h"

struct alert_conf {
  int64_t hold_ns, resume_ns, quiet_ns;
  int64_t patience_ns; /* the role's, not the desk's: alert/order.h */
  int64_t max_open;
  int min_level; /* findings below this level make no alert */
  const char *tlp;
  const char *ignore; /* comma-separated beginnings of kinds that make no alert; NULL: none */
};
extern const struct prac_conf_section alert_conf_section; /* "alert" */

struct alert_desk;
typedef prac_rc alert_sink(void *arg, const struct alert *a); /* each revision, in order */
/* c is copied. PRAC_RANGE: not a TLP 2.0 label. */
PRAC_NODISCARD prac_rc alert_desk_new(const struct alert_conf *c, alert_sink *sink, void *arg,
                                      struct alert_desk **ret);
void alert_desk_free(struct alert_desk **dp);
PRAC_NODISCARD prac_rc alert_desk_take(struct alert_desk *d, const struct finding *f);
/* What the watch (alert/watch.h) says of a sensor: from now on it is away, or back. Such findings
 * are taken by a desk of their own; the others only hear them. */
PRAC_NODISCARD prac_rc alert_desk_hear(struct alert_desk *d, const struct finding *f);
/* Event time has come to t: holds run out. */
PRAC_NODISCARD prac_rc alert_desk_advance(struct alert_desk *d, prac_time t);
PRAC_NODISCARD prac_rc alert_desk_finish(struct alert_desk *d); /* end of input: closes all */
/* Open and recently closed alerts, as bytes for a restart (malloc'ed) and back into a new desk.
 * PRAC_DAMAGED: free the desk, begin anew. */
PRAC_NODISCARD prac_rc alert_desk_save(const struct alert_desk *d, uint8_t **ret, size_t *ret_len);
PRAC_NODISCARD prac_rc alert_desk_load(struct alert_desk *d, const void *data, size_t len);
size_t alert_desk_open_count(const struct alert_desk *d);
struct prac_counters alert_desk_counters(const struct alert_desk *d);

const char *alert_severity_text(uint32_t level);     /* 1 notice .. 5 critical; clamped */
uint32_t alert_severity_level(const char *severity); /* 0: no such word */
