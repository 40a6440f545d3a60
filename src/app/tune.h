/* app/tune.h — hits played again through two sets of thresholds, and what comes out compared: the
 * alerts gained and lost, and how both agree with an operator's own alarms. Behind `practice tune`.
 *
 * alert     an episode that was told when it started and belongs to no carpet or multi
 * same      two alerts of one target and vector whose times overlap, `slack` apart at most
 * hit       an alarm whose victim an alert covers and whose time overlaps it, `slack` included
 */
#pragma once
#include <stdio.h>

#include "base/arena.h"
#include "episode/episode.h"
#include "math/interval.h"

struct tune_alert {
  char id[24];
  struct prac_prefix target;
  const char *vectors; /* joined with commas; in the tune's arena */
  prac_time started, to;
  uint64_t packets;
  double pps_max;
  bool child, paired, alarmed;
  size_t chain; /* 1 + next in the bucket */
};
struct tune_side {
  const char *name;
  struct epi_desk *desk; /* NULL: read from the store */
  struct tune_alert *v;
  size_t n, cap;
  size_t buckets[4096];
  struct tune *tune;
};
struct tune_alarm {
  prac_time from, to;
  struct prac_prefix victim;
  prac_time first[2]; /* earliest alert of each side that fits; PRAC_TIME_NONE: none */
};
enum { TUNE_NOW, TUNE_CHANGED };
struct tune {
  struct tune_side side[2];
  struct tune_alarm *alarms;
  size_t n_alarms, alarms_left_out;
  bool has_alarms;
  struct prac_conf_prefixes only; /* n 0: all */
  struct prac_span span;          /* NONE: open */
  int64_t slack_ns;
  uint64_t hits, refused;
  prac_time first, last;
  struct prac_arena *mem, *line;
};
struct tune_score { /* of one side against the alarms */
  uint64_t alerts, right, alarms, seen;
  double median_lead_s; /* NAN: no alarm was seen */
  struct math_interval lead;
};

PRAC_NODISCARD prac_rc tune_take(struct tune *t, const char *json, size_t n,
                                 struct prac_err *reterr);                   /* one hit */
PRAC_NODISCARD prac_rc tune_stored(struct tune *t, const struct episode *e); /* an alert of "now" */
PRAC_NODISCARD prac_rc tune_finish(struct tune *t, struct prac_err *reterr);
prac_rc tune_sink(void *side, const struct episode *e, bool alerts); /* for epi_desk_new */
/* Lines "start,end,victim"; times as everywhere, victim an address or a prefix; a head line and
 * empty lines are left out. PRAC_MALFORMED names the line. */
PRAC_NODISCARD prac_rc tune_alarms_read(struct tune *t, FILE *f, const char *name,
                                        struct prac_err *reterr);
struct tune_score tune_score_of(struct tune *t, int side);
void tune_print(struct tune *t, FILE *to);
PRAC_NODISCARD prac_rc tune_print_json(struct tune *t, FILE *to);
void tune_done(struct tune *t);
