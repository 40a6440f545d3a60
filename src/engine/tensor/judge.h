/* engine/tensor/judge.h — one window under judgement; what judge.c and step.c share. Everything
 * lives in an arena of the window's own: the windows of all sensors at once would be too much. */
#pragma once
#include "engine/instep.h"
#include "engine/tensor/tensor.h"
#include "math/ntd.h"

enum { TENSOR_TIME, TENSOR_SOURCE, TENSOR_PORT, TENSOR_CANDIDATES = 256 };

struct tensor_candidate { /* a port that a component points at */
  struct eng_port_said said;
  struct math_synced step; /* of the component's hosts at the port */
  uint8_t *base;           /* the component's hosts, for the best threshold so far */
  double *common;          /* what everybody else does at once */
};
struct tensor_step {
  uint32_t *nth;  /* of each step among those heard; UINT32_MAX: not heard */
  uint32_t heard; /* how many were */
  double *work;   /* of math/sync.h */
  uint32_t *at;   /* one row */
  double *v;
  uint32_t *first;  /* rows of port q: row[first[q]] .. row[first[q + 1] - 1] */
  size_t *row;      /* where in cells the row begins; by port, then host */
  uint8_t *folk_of; /* of each port */
  double *profiles; /* of each folk: its mean row over the heard steps */
  size_t folk_rows[ENG_FOLKS];
};
struct tensor_judging {
  const struct tensor_conf *conf;
  const struct eng_traffic *t;
  struct prac_arena *a;
  struct eng_cells all;
  const struct eng_cell *cells; /* those of the tensor, as all.v sorted by (host, port, step) */
  size_t n_cells;
  bool cut;
  uint8_t *ignored, *marked, *base; /* of ports; of ports; of hosts */
  double *score;
  struct math_tensor x;
  struct math_ntd ntd;
  struct tensor_step step;
  struct tensor_candidate *found;
  uint32_t n_found;
  uint64_t refused; /* times that a port had no room among them */
};

/* common.c; after the step's own memory */
PRAC_NODISCARD prac_rc tensor_common_new(struct tensor_judging *j);
/* A profile for math/sync.h: what the hosts of other ports do at once. */
PRAC_NODISCARD prac_rc tensor_common(struct tensor_judging *j, uint32_t port, double **ret);

/* step.c */
PRAC_NODISCARD prac_rc tensor_step_new(struct tensor_judging *j);
/* The rows of `base` at the port; base NULL: of everybody. */
struct math_synced tensor_step_group(struct tensor_judging *j, uint32_t port, const uint8_t *base,
                                     const double *common);
/* Fills what the finding says of time: port_all, others, peak, usual, newest, hosts. */
PRAC_NODISCARD prac_rc tensor_step_port(struct tensor_judging *j, const struct tensor_candidate *c,
                                        struct tensor_group *g);
