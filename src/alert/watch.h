/* alert/watch.h — are the sensors there, do they hear all, do their clocks go right? Heartbeats in,
 * findings out. The engines never say that something fell; this is who says why nothing is heard.
 *
 * findings  engine "watch"; level 2 low, 3 medium. On: when it begins, then every six hours while
 *           it holds; off: when it is over
 *             site-silent  sensor:NAME/silent  nothing came for `missed` times the interval that
 *                          the sensor's last heartbeat promised; 0 promised (files that are
 *                          played): nobody waits
 *             site-lossy   sensor:NAME/lossy   from `loss` of its packets on lost, and `min-lost`
 *                          of them, within `loss-window`; over below half of that
 *             clock-off    sensor:NAME/clock   see clock
 * time      the watch's own, told by alert_watch_advance and never set back. Silence is time that
 *           was watched: of a jump (the watch itself was away) no more than WATCH_STEP counts, so
 *           its return finds nobody silent
 * live      a heartbeat that comes now; one that is read back later has come when its `at` says,
 *           and nothing is known of how late it was
 * clock     the first advance after a heartbeat lies behind its coming, so a `sent` beyond it
 *           proves a clock that is ahead, by the difference at least. Behind is no such proof:
 *           what comes late may have waited. It is only said when at most WATCH_QUEUE messages
 *           wait at the sensor and `missed` + 1 heartbeats were late by about the same, and
 *           the words say so. All this is against the clock of who tells the time here. Also
 *           off: minutes that go on ahead of the sensor's own clock because that was set back
 *           (clock_offset_ns). What the sensor's system thinks of its clock is in the words
 *           only: without a time service it says "not synchronised" of one that may be right
 * repeats   the same heartbeats and times give the same findings, also after a restart
 * limits    WATCH_SENSORS sensors; heartbeats of more, or without a sensor's name, are
 *           refused and counted. One unheard for `forget` is forgotten (off)
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "model/records.h"

enum { WATCH_SENSORS = 4096, WATCH_NAME = 32, WATCH_LATE = 16, WATCH_QUEUE = 16 };
#define WATCH_STEP (2 * PRAC_MIN)

struct alert_watch_conf {
  bool enabled;
  int64_t missed, min_lost;
  double loss;
  int64_t loss_window_ns, clock_ns, forget_ns;
};
extern const struct prac_conf_section alert_watch_section; /* "watch" */

struct alert_watch;
typedef prac_rc alert_watch_sink(void *arg, const struct finding *f);
/* c is copied; settings: hash of it, for the findings. */
PRAC_NODISCARD prac_rc alert_watch_new(const struct alert_watch_conf *c, uint64_t settings,
                                       alert_watch_sink *sink, void *arg, struct alert_watch **ret);
void alert_watch_free(struct alert_watch **wp);
/* Live ones before the first advance are left out: nobody knows yet what time it is. */
PRAC_NODISCARD prac_rc alert_watch_take(struct alert_watch *w, const struct health *h, bool live);
/* It is t: who is silent? Sensors in order of name. */
PRAC_NODISCARD prac_rc alert_watch_advance(struct alert_watch *w, prac_time t);
prac_time alert_watch_now(const struct alert_watch *w); /* PRAC_TIME_NONE: nothing told yet */
/* Everything, as bytes for a restart (malloc'ed), and into a new watch. PRAC_DAMAGED: free it. */
PRAC_NODISCARD prac_rc alert_watch_save(const struct alert_watch *w, uint8_t **ret,
                                        size_t *ret_len);
PRAC_NODISCARD prac_rc alert_watch_load(struct alert_watch *w, const void *data, size_t len);
struct prac_counters alert_watch_counters(const struct alert_watch *w); /* NULL: the table only */
