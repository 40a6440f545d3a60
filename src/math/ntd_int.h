/* math/ntd_int.h — what the files of math/ntd.h share. */
#pragma once
#include "math/ntd.h"

enum { NTD_GRAM = MATH_NTD_RANK_MAX * MATH_NTD_RANK_MAX };

struct ntd_core { /* rank[0] x rank[1] x ld: the last index padded to whole vectors with 0 */
  double *v;
  uint32_t rank[MATH_MODES], ld, size;
};
struct ntd {
  const struct math_tensor *x;
  const struct math_par *par;
  struct math_factor a[MATH_MODES];
  struct ntd_core core;
  double gram[MATH_MODES][NTD_GRAM]; /* rank x ld of each factor */
  unsigned last;                     /* the mode whose fold also serves the core */
  double *fold, *m;                  /* of any mode */
  double *unfolded, *half;           /* the core seen from a mode, and half of N */
  double *right, *slope;             /* as the core: T and the gradient */
  double err2;
};

/* ntd_core.c: the core as rows (outer * ld of inner + inner) x ld of mode, as fold and order have
 * it */
void ntd_unfold(const struct ntd *s, const struct math_order *o);
void ntd_normal(struct ntd *s, const struct math_order *o, double *ret); /* N: rank x ld */
void ntd_core_right(struct ntd *s);                    /* T, from the last mode's fold and factor */
void ntd_core_descend(struct ntd *s, unsigned rounds); /* and err2 */
double ntd_core_kkt(struct ntd *s);
void ntd_scale(struct ntd *s); /* columns of the factors to 1, what they had to the core */
