/* view/view.h — one subject seen closely: an alert, a finding, a host, a port.
 *
 * in        a store (read), an id, address, prefix or port as people write it
 * out       what it did step by step, with whom, where, since when; which findings name it, and
 *           which share its hosts
 * micro     one host: the lines of the table are what it sent (ports)
 * macro     anything else: the lines are hosts, the most synchronous first. Synchrony of a host is
 *           the cosine between its steps (active or not) and the number of the other hosts active
 *           in each step: 1 moves as the others do, 0 never when they do
 * cost      a dozen questions to the store, each bounded (VIEW_* below); of ports and countries the
 *           days come from roll-ups, and hours where there are too many flows to look at all
 * fails     PRAC_UNKNOWN: nothing is known by that name. Flows that are no longer kept are no
 *           failure: `flows` says so, and what roll-ups know is there
 * checked   tests/unit/test_view.c, tests/scenario/t_explain.py
 */
#pragma once
#include "store/store.h"

enum {
  VIEW_HOSTS_MAX = 256,    /* lines of the table */
  VIEW_STEPS_MAX = 2880,   /* its columns: two days of minutes, 120 d of hours */
  VIEW_GROUPS_MAX = 64,    /* sensors, ports, ... of each kind: the biggest */
  VIEW_FLOWS_MAX = 250000, /* of a port, country or AS: of more, the latest of the time */
  VIEW_RELATED_MAX = 2000  /* findings looked at */
};

/* ---- whom it is about ---- */
enum view_about { VIEW_ALERT, VIEW_FINDING, VIEW_HOST, VIEW_PORT };
struct view_subject {
  enum view_about about;
  const char *what;          /* as it was asked for */
  struct store_query filter; /* whose flows: senders, ports; no time */
  struct prac_span claim;    /* of an alert or finding; else NONE */
  struct alert alert;        /* about VIEW_ALERT */
  struct finding finding;    /* about VIEW_FINDING */
  struct model_ips hosts;    /* named by it, at most 256 */
  const char *key;           /* of its story; "" of a host or port */
  bool hits;                 /* its evidence is honeypots' hits: there are no flows */
};
/* An id; a key ("country:MM": its latest alert, else finding); an address or prefix; 52869/tcp. */
PRAC_NODISCARD prac_rc view_subject_find(struct store *s, const char *what, struct prac_arena *a,
                                         struct view_subject *ret, struct prac_err *reterr);

/* The latest record of an id, or of a key (with a colon in it). PRAC_END: there is none. */
PRAC_NODISCARD prac_rc view_record(struct store *s, const struct model_kind *kind, const char *what,
                                   struct prac_arena *a, void *ret_rec, struct prac_err *reterr);

/* ---- what it did ---- */
enum view_flows { VIEW_FLOWS_KEPT, VIEW_FLOWS_PARTLY, VIEW_FLOWS_GONE };
struct view_step {
  prac_time at;
  uint64_t packets, hosts;
};
struct view_steps {
  struct view_step *v;
  size_t n;
};
struct view_group { /* a sensor, port, country, ... */
  const char *name;
  uint64_t packets, hosts;
  prac_time first, last;
};
enum view_dim {
  VIEW_SENSORS,
  VIEW_PORTS,
  VIEW_COUNTRIES,
  VIEW_ASNS,
  VIEW_TOOLS,
  VIEW_SURVEYS,
  VIEW_MARKS,
  VIEW_TARGETS, /* micro view only, and only when asked for: addresses of ours */
  VIEW_DIM_COUNT_
};
extern const char *const view_dim_names[VIEW_DIM_COUNT_]; /* "sensors", "ports", ... */
struct view_groups {
  struct view_group *v;
  size_t n;
};
struct view_line { /* of the table */
  struct prac_ip host;
  const char *name, *country; /* address or port; country "" unknown or not asked */
  uint32_t asn;
  uint64_t packets;
  prac_time first, last;
  uint32_t *steps; /* packets in each step */
  uint32_t active; /* steps with any */
  double sync;     /* macro view; 0..1 */
};
struct view_related {          /* a story that names the subject, or shares hosts with it */
  const char *key, *kind, *id; /* id: of the finding with most shared hosts, else the latest */
  struct prac_span span;       /* of all its findings */
  uint32_t findings, level, shared;
  uint64_t hosts;
  double jaccard; /* over the hosts that both findings list */
};
struct view_relateds {
  struct view_related *v;
  size_t n;
  bool cut; /* there were more findings than were looked at */
};

struct view_conf {
  struct prac_span span; /* NONE: the claim with half an hour around it, else the last day kept */
  uint32_t limit;        /* lines of the table handed out; 0: VIEW_HOSTS_MAX */
  bool targets;          /* of one host: asks which addresses of ours it came to, too */
};
struct view {
  struct prac_arena *arena; /* borrowed: where everything lives */
  struct prac_span span;    /* of the flows that were looked at */
  struct prac_span asked;   /* longer than span: there were more flows than are looked at */
  struct prac_span kept;    /* times of which there are flows */
  prac_time began;          /* first minute of any sensor, kept or not */
  int64_t step_ns;
  uint32_t n_steps;
  enum view_flows flows;
  bool micro, targets;     /* targets: as asked for */
  uint64_t packets, hosts; /* within span */
  prac_time first, last;
  uint32_t marks;
  struct view_steps minutes; /* steps with packets, of step_ns */
  struct view_steps hours;   /* from roll-ups, of the time asked for, when it is longer than span */
  struct view_steps days;    /* from roll-ups, of all that is kept: ports, and keys about one */
  struct view_groups groups[VIEW_DIM_COUNT_];
  struct view_line *lines;
  size_t n_lines;
  uint64_t more_lines; /* that did not fit */
  struct view_relateds naming, sharing;
};
PRAC_NODISCARD prac_rc view_look(struct store *s, const struct view_subject *subject,
                                 const struct view_conf *c, struct prac_arena *a, struct view *ret,
                                 struct prac_err *reterr);
