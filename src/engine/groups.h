/* engine/groups.h — groups of hosts at a port: what several sensors claim in one slot becomes one
 * finding, and a port that was claimed goes on as a story until it was not found for a while.
 *
 * finding   key "group:52869/tcp", kind by level: sync-group, sync-survey, sync-weak, sync-point.
 *           Level 3 for an attack, 4 from high_hosts or high_sensors, 1 for the rest
 * best      the claim that says level, country and words: attack before point before survey before
 *           weak, then the greatest `strength`, then the first sensor by name
 * hosts     named: every sensor's busiest first, then every sensor's second, ... Counted: all that
 *           differ of `hosts` (where there are none: of those named by `who`), but at least as many
 *           as one sensor saw
 * story     from the first to the last packet of its slots; `off` once quiet_ns have passed since
 *           the end of the last slot in which it was said
 * limits    `max` stories; a claim without room is counted in `refused` and not said. Names of
 *           ENG_GROUPS_SENSORS sensors at most
 * cost      c log c for c claims and for the hosts of all claims of a port
 * repeats   the same claims in any order: the same findings
 * fails     PRAC_NOMEM; load: PRAC_DAMAGED
 * checked   tests/unit/test_groups.c, and by the engines that use it: glasso, nmf, tensor
 */
#pragma once
#include "engine/engine.h"
#include "engine/traffic.h"
#include "model/facts.h"

enum {
  ENG_GROUPS_MAX = 1024, /* stories, where no setting says how many */
  ENG_GROUPS_QUIET_MAX = 1000,
  ENG_GROUPS_SENSORS = 64,
  ENG_GROUPS_TEXT = 640
};

struct eng_claim { /* what one sensor says of one port */
  const char *sensor;
  uint32_t port; /* proto << 16 | port */
  enum eng_port_level level;
  double strength; /* compared among claims of one level */
  prac_time from, to;
  struct eng_port_who who;
  const struct prac_ip *hosts; /* what is counted; NULL: who.ips */
  uint32_t n_hosts;
  const void *own; /* the engine's, for its words */
};
struct eng_claims {
  struct eng_claim *v;
  size_t n, cap;
};
/* Copies everything to a: name, addresses, and own_bytes of own. */
PRAC_NODISCARD prac_rc eng_claims_add(struct eng_claims *c, const struct eng_claim *x,
                                      size_t own_bytes, struct prac_arena *a);

struct eng_group { /* the claims of all sensors about one port */
  const struct eng_claim *v, *best;
  size_t n; /* sensors */
  uint64_t hosts, packets;
  prac_time from, to; /* in this slot */
};
/* How an engine speaks. */
struct eng_voice {
  const void *conf; /* given to words */
  const char *unit;
  int64_t quiet_ns, high_hosts, high_sensors;
  bool survey, weak; /* whether these are said */
  /* Writes the sentence and its facts; sets f's score, value, baseline; may put more ports behind
   * the one that is there, in a new array. */
  prac_rc (*words)(const void *conf, const struct eng_group *g, struct prac_arena *a,
                   char text[ENG_GROUPS_TEXT], struct model_facts *facts, struct finding *f);
};

struct eng_story {
  uint32_t port;
  enum eng_port_level level; /* the last */
  prac_time from, to, seen;  /* of its packets; end of the last slot in which it was said */
  uint64_t hosts;            /* most so far */
};
struct eng_groups {
  struct eng_story *v; /* by port */
  uint32_t n, max;
  uint64_t refused; /* by the last eng_groups_say */
};
PRAC_NODISCARD prac_rc eng_groups_init(struct eng_groups *g, uint32_t max);
void eng_groups_done(struct eng_groups *g); /* also of all zero bytes */
/* Once a slot; now: its end. Sorts the claims; works in env->scratch. */
PRAC_NODISCARD prac_rc eng_groups_say(struct eng_groups *g, struct eng_claims *c,
                                      const struct eng_voice *voice, prac_time now,
                                      const struct eng_env *env, struct eng_out *out);
void eng_groups_save(const struct eng_groups *g, struct prac_wr *w);
PRAC_NODISCARD prac_rc eng_groups_load(struct eng_groups *g, struct prac_rd *r);

struct model_port eng_groups_port(uint32_t port);
