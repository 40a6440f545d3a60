/* engine/nmf/nmf.h — the state of the nmf engine, shared by its files only.
 *
 * Every `every` the last `window` of each sensor is judged by itself: packets of hosts (source
 * prefixes) by minute are taken apart into a few patterns (math/nmf.h); hosts that one pattern
 * drives are a group; what ports a group knocks at, and whether they do so in the pattern's minutes
 * more than chance allows, makes the claim. Windows overlap: a sensor's last minutes are kept, and
 * laid out as a window when one is judged.
 */
#pragma once
#include "engine/engine.h"
#include "engine/groups.h"
#include "engine/instep.h"
#include "engine/past.h"
#include "engine/sensors.h"
#include "math/nmf.h"

enum {
  NMF_OVERLAP = 6,  /* windows that a minute is in */
  NMF_MINUTES = 60, /* of a window: fits a mask of 64 */
  NMF_RANK = 20,    /* 1 + ... + 20 components fit MATH_NMF_MAX */
  NMF_PORTS = 64,   /* claimed by one sensor in one window */
};
enum nmf_solver { NMF_HALS, NMF_MU };
enum nmf_base { NMF_ACTIVE, NMF_ANOMALOUS };
struct nmf_conf {
  struct eng_common common;
  int64_t window_ns, every_ns;
  int64_t v4_bits, v6_bits, minute_limit, window_limit, rank_min, rank_max, max_sweeps;
  int64_t hosts, min_hosts, hits, quiet_slots, high_hosts, high_sensors;
  int64_t max_rows, max_hosts, max_sensors;
  int solver, base;
  bool drop_single, mdl, survey, weak, port_stage;
  double active, anomalous, pct, dst_pct, in_minutes, surprise, lift, alpha, each, port_share,
      complete;
  struct prac_conf_strings ignore;
};
extern const struct prac_conf_section nmf_conf_section;

#define NMF_COUNTERS(X)                                                                            \
  X(ROWS, "rows", "rows", "Flow rows that were looked at.", PRAC_COUNTER)                          \
  X(WINDOWS, "windows", "windows", "Windows of sensors judged.", PRAC_COUNTER)                     \
  X(SHORT, "windows_incomplete", "windows",                                                        \
    "Windows of sensors not judged because too few of their minutes were heard.", PRAC_COUNTER)    \
  X(REFUSED, "refused_rows", "rows",                                                               \
    "Rows for which a window had no room; a rise means: raise max-rows.", PRAC_COUNTER)            \
  X(NO_SENSOR, "refused_sensors", "batches",                                                       \
    "Batches of sensors that are not followed; a rise means: raise max-sensors.", PRAC_COUNTER)    \
  X(SINGLE, "hosts_single", "hosts", "Hosts left out because they sent one packet.", PRAC_COUNTER) \
  X(LOUD, "hosts_loud", "hosts",                                                                   \
    "Hosts left out because they sent more than the limits in a minute or a window.",              \
    PRAC_COUNTER)                                                                                  \
  X(CUT, "hosts_cut", "hosts",                                                                     \
    "Quietest hosts left out because of max-hosts; a rise means: raise it.", PRAC_COUNTER)         \
  X(GROUPS, "groups", "groups", "Groups that were looked at.", PRAC_COUNTER)                       \
  X(SWEEPS, "sweeps", "sweeps", "Sweeps of all factorisations.", PRAC_COUNTER)                     \
  X(UNFINISHED, "unconverged", "factorisations",                                                   \
    "Factorisations that were stopped by max-sweeps.", PRAC_COUNTER)                               \
  X(NO_PORT, "refused_ports", "ports",                                                             \
    "Ports of a window that could not be claimed: more than 64 at once.", PRAC_COUNTER)            \
  X(NO_STORY, "refused_groups", "groups",                                                          \
    "Groups that could not be followed: more than 1024 at once.", PRAC_COUNTER)                    \
  X(STORIES, "stories", "ports", "Ports with a synchronised group right now.", PRAC_GAUGE)
enum nmf_counter {
#define X(id, name, unit, help, kind) NMF_COUNT_##id,
  NMF_COUNTERS(X)
#undef X
      NMF_COUNTER_COUNT_
};

struct nmf_state {
  const struct nmf_conf *conf;
  uint32_t ignore;
  struct eng_sensors sensors; /* of struct eng_past */
  struct eng_traffic window;  /* of the sensor that is judged */
  struct eng_groups groups;
};

/* matrix.c: cells to V */
struct nmf_matrix {
  struct math_csr v;
  const uint32_t *host; /* of each row */
  uint64_t single, loud, cut;
};
PRAC_NODISCARD prac_rc nmf_matrix_hosts(const struct nmf_conf *c, const struct eng_cells *cells,
                                        struct prac_arena *a, struct nmf_matrix *ret);
PRAC_NODISCARD prac_rc nmf_matrix_ports(const struct eng_cells *cells, struct prac_arena *a,
                                        struct nmf_matrix *ret);

/* factor.c: all ranks of one V */
struct nmf_factors {
  struct math_nmf f;
  uint32_t rank[NMF_RANK], n_groups;
  struct math_nmf_info info[NMF_RANK];
  size_t ld;
};
PRAC_NODISCARD prac_rc nmf_factor(const struct nmf_conf *c, const struct math_csr *v,
                                  const struct eng_env *env, struct prac_arena *a,
                                  struct nmf_factors *ret);
/* Packets of each row that group k brings; in: the minutes in which it is strong. */
struct nmf_group {
  double *packets;
  double max;
  uint64_t minutes;
};
void nmf_group_of(const struct nmf_conf *c, const struct math_csr *v, const struct nmf_factors *f,
                  size_t k, struct nmf_group *g);

/* groups.c: groups to ports */
struct nmf_port {
  uint32_t port, index;              /* proto << 16 | port; in cells */
  uint32_t hits;                     /* groups that agree */
  uint32_t ranks;                    /* bit r - 1: a group of rank r is among them */
  uint32_t hosts, any, all;          /* in half of these groups, in any, in all */
  double surprise, expected, inside; /* hosts where the most surprising group is */
  bool in_time;                      /* they are in its minutes; else in the group itself */
  uint32_t group;                    /* hosts in it */
  uint64_t minutes;                  /* of that group */
  struct prac_span span;             /* they lie in it */
  enum eng_port_level level;
  struct eng_port_who who;
  uint32_t port_groups;    /* of the port stage, in which it is strongest or nearly */
  struct model_ports also; /* with it there */
};
struct nmf_found {
  struct nmf_port *v; /* by port */
  uint32_t n, groups;
  uint64_t refused;
};
PRAC_NODISCARD prac_rc nmf_judge(const struct nmf_conf *c, const struct eng_traffic *t,
                                 const struct eng_env *env, struct prac_arena *a,
                                 struct nmf_found *ret);

/* ports.c */
PRAC_NODISCARD prac_rc nmf_port_stage(const struct nmf_conf *c, const struct eng_cells *cells,
                                      const struct eng_env *env, struct prac_arena *a,
                                      struct nmf_found *found);

/* say.c */
PRAC_NODISCARD prac_rc nmf_claim(struct eng_claims *c, const char *sensor,
                                 const struct nmf_found *f, struct prac_arena *a);
struct eng_voice nmf_voice(const struct nmf_conf *c);

/* state.c */
prac_rc nmf_save(const void *st, struct prac_wr *w);
prac_rc nmf_load(void *st, struct prac_rd *r);
