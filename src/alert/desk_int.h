/* alert/desk_int.h — the desk's inside, shared by desk.c and state.c. */
#pragma once
#include "alert/story.h"

#define ALERT_COUNTERS(X)                                                                          \
  X(FINDINGS, "findings", "findings", "Findings taken.", PRAC_COUNTER)                             \
  X(OPENED, "opened", "alerts", "Alerts opened.", PRAC_COUNTER)                                    \
  X(UPDATED, "updated", "alerts", "Updates said.", PRAC_COUNTER)                                   \
  X(RESUMED, "resumed", "alerts", "Alerts that went on after they had closed.", PRAC_COUNTER)      \
  X(CLOSED, "closed", "alerts", "Alerts closed.", PRAC_COUNTER)                                    \
  X(EARLY, "closed_early", "alerts",                                                               \
    "Of these, closed only because too many were open; a rise means: look at the thresholds.",     \
    PRAC_COUNTER)                                                                                  \
  X(LOW, "below_level", "findings", "Findings below min-level that opened nothing.", PRAC_COUNTER) \
  X(CROWDED, "crowded_out", "findings",                                                            \
    "Findings for which a story had to forget another engine's; more engines than it has places.", \
    PRAC_COUNTER)                                                                                  \
  X(WITHHELD, "withheld", "findings",                                                              \
    "Ends that were not believed, because the sensors that saw the beginning were silent.",        \
    PRAC_COUNTER)                                                                                  \
  X(IGNORED, "ignored", "findings", "Findings of kinds that make no alert.", PRAC_COUNTER)         \
  X(OPEN, "open", "alerts", "Alerts open right now.", PRAC_GAUGE)
enum alert_counter {
#define X(id, name, unit, help, kind) ALERT_COUNT_##id,
  ALERT_COUNTERS(X)
#undef X
      ALERT_COUNTER_COUNT_
};

enum { ALERT_SENSOR = 32, ALERT_AWAY = 4096 };
struct alert_desk {
  struct alert_conf conf;
  alert_sink *sink;
  void *sink_arg;
  struct alert_story **buckets, **all;
  size_t n_buckets, n, cap, n_open;
  char (*away)[ALERT_SENSOR]; /* names of sensors that are silent */
  uint32_t n_away, cap_away;
  prac_time next_due; /* nothing happens by itself before; INT64_MAX: nothing at all */
  prac_time now;
  _Atomic uint64_t counters[ALERT_COUNTER_COUNT_];
};
struct alert_story *alert_desk_find(const struct alert_desk *d, const char *key);
/* Takes over s, whose key is set. PRAC_NOMEM: s stays the caller's. */
PRAC_NODISCARD prac_rc alert_desk_add(struct alert_desk *d, struct alert_story *s);
void alert_desk_note_due(struct alert_desk *d, const struct alert_story *s);
/* away.c */
bool alert_desk_absent(const struct alert_desk *d, const struct alert_story *s);
PRAC_NODISCARD prac_rc alert_desk_away(struct alert_desk *d, const char *sensor);
