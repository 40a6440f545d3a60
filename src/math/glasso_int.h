/* math/glasso_int.h — inside the graphical lasso: groups, components, one component's solver.
 * Everything of a component is in units scaled by r = sqrt(weight): S~ = r_i r_j S_ij. */
#pragma once
#include <math.h>

#include "math/glasso.h"

enum { GL_FEW = 32 }; /* samples up to which S_ij is computed when needed */
typedef float gl_w;   /* stored, and what sweeps work on; proofs add up in doubles */

/* The different columns. */
struct gl_groups {
  uint32_t k;
  size_t n;               /* samples; 0: S only */
  const double *y;        /* n x k, centred, divided by sqrt(n) */
  const double *s;        /* k x k, or NULL */
  const double *m, *r;    /* weights and their roots */
  const double *sd;       /* S_gg */
  const uint32_t *of;     /* p: group of each variable */
  const uint32_t *member; /* p: variables by group; group g has first[g] .. first[g + 1] */
  const uint32_t *first;
};
PRAC_NODISCARD prac_rc gl_groups_of(const struct math_glasso_data *d, struct prac_arena *a,
                                    struct gl_groups *ret);
/* label: n_rho x k, the component of each group, numbered by first member; n: how many. */
PRAC_NODISCARD prac_rc gl_screen(const struct gl_groups *g, const struct math_glasso_conf *c,
                                 struct prac_arena *a, uint32_t **ret_label, uint32_t *ret_n);

struct gl_list { /* a column's coefficients, by rising index */
  size_t at;
  uint32_t n;
};
struct gl_pool {
  uint32_t *ix;
  double *val;
  size_t used, cap;
};
struct gl_comp {
  uint32_t k;
  size_t ld; /* where the next row of W begins, and how long all floats' arrays are: 0 behind k */
  size_t n;
  uint32_t *group;        /* k: which groups, rising */
  double rho, weight;     /* weight: variables in it, sum of m */
  double *y;              /* n x k scaled, or NULL */
  float *yf, *rf;         /* n x ld, ld: y and r in floats */
  double *s;              /* k x k scaled, or NULL */
  double *m, *r, *sd, *o; /* o: W between two of the same group */
  double *q;              /* beta' W beta of each column */
  gl_w *w, *spare;        /* k x ld; spare: room */
  struct gl_list *beta;
  uint32_t *when, visits; /* k: each column's latest visit; how many so far */
  struct gl_pool pool[2]; /* beta lies in pool[cur] */
  unsigned cur;
  /* the answer */
  double f2, e2; /* sum of the squares of E's eigenvalues, last seen; of its entries */
  double gap, objective, linear; /* linear: of f, with the logarithms of groups */
  uint64_t edges;
  uint32_t sweeps;
  bool converged, full;
  struct gl_list *turned; /* beta by rows, while certifying */
  struct gl_list *theta;  /* off-diagonal columns of Q, in `sol` */
  struct gl_pool sol;
  double *q_diag, *e_diag; /* Q_gg; a - b of a group */
};
/* One component's room while it is solved. */
struct gl_work {
  uint32_t *a, *on;    /* k: active set; room: those not zero, those outside */
  uint8_t *in;         /* k: in the active set? all 0 between uses */
  float *fs, *fv;      /* ld: the sweeps' S_j. and W_j. */
  double *t, *v, *off; /* k, v: ld; t, v: room; off: how far columns were, last visited */
  double *d;           /* cap: a column's steps, while Theta is mended */
  /* the lasso's: cap + 4, rows of gram gl_wide(n) apart, 0 behind n; b0: where b began */
  float *b, *b0, *g, *s, *l, *x, *inv, *gram, *chol;
  /* while Theta is factored: */
  uint64_t *bits;               /* k x k, rows of whole words: neighbours */
  uint32_t *head;               /* k: the latest entry in each row */
  uint32_t *degree, *of, *next; /* k; gl_first_room(k): an entry's column, the next in its row */
  uint32_t cap;
};
enum {
  GL_CAP = 1024,  /* neighbours a column may have */
  GL_EXACT = 80,  /* up to so many the lasso is solved by Cholesky */
  GL_FIRST = 128, /* neighbours of a column that is taken out of Theta before the dense rest */
  GL_LANES = 8,
  GL_LINE = 16 /* floats at once, and in a line of the cache */
};
/* Whole lines, and not a multiple of a page. */
static inline size_t gl_row(uint32_t k)
{
  size_t ld = (k + (size_t)GL_LINE - 1) & ~(size_t)(GL_LINE - 1);
  return ld % 1024 ? ld : ld + GL_LINE;
}
/* Entries of the columns that are taken out first. */
static inline size_t gl_first_room(uint32_t k)
{
  return (size_t)k * (k < GL_FIRST ? k : GL_FIRST);
}
/* A row of the lasso's. */
static inline uint32_t gl_wide(uint32_t n)
{
  return (n + GL_LANES - 1) & ~(uint32_t)(GL_LANES - 1);
}

/* Row j of S~ as the sweeps see it, in floats. */
const float *gl_srow(const struct gl_comp *c, uint32_t j, float *room);
double gl_sij(const struct gl_comp *c, uint32_t i, uint32_t j);
/* y = sum_a x_a W_.a over n entries: to five last digits of sum |x_a W_.a|, added up in doubles */
void gl_product(const gl_w *w, size_t ld, const uint32_t *ix, const double *x, uint32_t n,
                double *y);
/* The same in floats: good for 1e-6 of it. */
void gl_product_fast(const gl_w *w, size_t ld, const uint32_t *ix, const float *x, uint32_t n,
                     float *y);
/* min 1/2 b'Gb - s'b + sum l|b|; b is the start. tol: of a step times root of the curvature. */
void gl_lasso(struct gl_work *w, uint32_t n, double tol);
/* (b - b0)' G (b - b0) */
double gl_step(const struct gl_work *w, uint32_t n);
void gl_solve(struct gl_comp *c, const struct math_glasso_conf *conf, struct gl_work *w);
/* gap, edges, Q out of W and beta; goal: of f2 */
void gl_certify(struct gl_comp *c, struct gl_work *w, double goal);
/* f2 and e2 of E = W Q - 1 in `spare`, which rounding may be off by: Q's worst columns better while
 * f2 is above the goal */
void gl_mend(struct gl_comp *c, struct gl_work *w, double goal, double off);
/* log det of Q, `shift` of its diagonal taken off, NaN when that is not definite. In `spare`, and
 * in the pool that beta is not in. */
double gl_logdet(struct gl_comp *c, struct gl_work *w, double shift);
/* f of Q */
double gl_objective(struct gl_comp *c, struct gl_work *w);
/* Where a group is solved: component and place in it; c NULL: it stands alone. */
struct gl_part {
  const struct gl_comp *c;
  uint32_t at;
};
PRAC_NODISCARD prac_rc gl_theta(const struct gl_groups *g, size_t p, double rho,
                                const struct gl_part *part, uint64_t edges, struct prac_arena *a,
                                struct math_glasso_theta *ret);
