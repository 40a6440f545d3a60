/* math/tensor_start.h — where the factorisations of a tensor begin; for them only. */
#pragma once
#include "base/rng.h"
#include "math/tensor.h"

struct tensor_start {
  struct math_tensor left;          /* what the terms so far leave of the cells */
  struct math_factor f[MATH_MODES]; /* the latest term, of rank 1 */
  double *v[MATH_MODES], *weight, *out;
  unsigned mode; /* the middle one, of whose slices a term begins */
};
PRAC_NODISCARD prac_rc tensor_start_new(const struct math_tensor *x, struct prac_arena *a,
                                        struct tensor_start *ret);
void tensor_start_begin(struct tensor_start *w, const struct math_tensor *x);
/* The next term into f, its weight returned, and the cells less the term. r NULL: nothing is drawn.
 */
double tensor_start_term(struct tensor_start *w, struct prac_rng *r, const struct math_par *par);
/* The latest term as column k of the factors that have one. */
void tensor_start_put(const struct tensor_start *w, struct math_factor a[MATH_MODES], uint32_t k);
