/* alert/watch_int.h — the watch's inside, shared by watch*.c. */
#pragma once
#include "alert/watch.h"

enum watch_what { WATCH_SILENT, WATCH_LOSSY, WATCH_CLOCK, WATCH_WHAT_COUNT_ };

struct watch_story {
  prac_time from, said; /* PRAC_TIME_NONE: does not hold */
};
struct watch_loss { /* part of the loss window */
  uint64_t packets, lost;
};
struct watched {
  char name[WATCH_NAME], country[4];
  prac_time heard;   /* when its last heartbeat came */
  int64_t quiet_ns;  /* since then, as far as it was watched */
  int64_t every_ns;  /* that the heartbeat promised */
  prac_time counted; /* when the newer part of the loss window began */
  struct watch_loss loss[2];
  prac_time sent;              /* of a live heartbeat since the last advance; NONE: none */
  int64_t late_ns[WATCH_LATE]; /* by which the newest were late at most, a ring */
  uint32_t n_late, late_at;
  int64_t seen_ns, own_ns; /* clock: off by so much at least; event time ahead of it */
  int64_t error_ns;
  bool synced;
  struct watch_story story[WATCH_WHAT_COUNT_];
};

#define WATCH_COUNTERS(X)                                                                          \
  X(BEATS, "heartbeats", "records", "Heartbeats taken.", PRAC_COUNTER)                             \
  X(REFUSED, "refused", "records",                                                                 \
    "Heartbeats of more sensors than can be watched, or without a sensor's name.", PRAC_COUNTER)   \
  X(SENSORS, "sensors", "sensors", "Sensors that are watched.", PRAC_GAUGE)                        \
  X(SILENT, "silent", "sensors", "Sensors that are silent right now.", PRAC_GAUGE)                 \
  X(LOSSY, "lossy", "sensors", "Sensors that lose packets right now.", PRAC_GAUGE)                 \
  X(CLOCK, "clock_off", "sensors", "Sensors whose clock is off right now.", PRAC_GAUGE)
enum watch_counter {
#define X(id, name, unit, help, kind) WATCH_COUNT_##id,
  WATCH_COUNTERS(X)
#undef X
      WATCH_COUNTER_COUNT_
};

struct alert_watch {
  struct alert_watch_conf conf;
  uint64_t settings;
  alert_watch_sink *sink;
  void *sink_arg;
  struct watched *v; /* by name */
  uint32_t n, cap;
  prac_time now;
  _Atomic uint64_t counters[WATCH_COUNTER_COUNT_];
};

/* watch.c */
struct watched *watch_touch(struct alert_watch *w, const char *name, prac_rc *ret_rc);
struct watch_loss watch_lost(const struct watched *x);
int64_t watch_offset(const struct watched *x); /* ahead > 0, behind < 0 */
static inline double watch_share(struct watch_loss l)
{
  double all = (double)l.packets + (double)l.lost;
  return all > 0 ? (double)l.lost / all : 0;
}

/* watch_say.c */
PRAC_NODISCARD prac_rc watch_say(struct alert_watch *w, struct watched *x, enum watch_what what,
                                 bool on);
