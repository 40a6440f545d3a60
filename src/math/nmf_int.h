/* math/nmf_int.h — shared by the files of math/nmf.h only.
 *
 * A tile is NMF_TILE rows of a factor, turned: component j of the tile's rows lies at
 * tile[j * NMF_TILE]. So one component of all its rows is updated with whole vectors, and its sums
 * run in the same order wherever the row stands.
 */
#pragma once
#include "math/nmf.h"
#include "math/vec.h"

enum { NMF_TILE = 32, NMF_PARTS = 8, NMF_PANEL = 8 /* vectors in registers */ };

struct nmf_range { /* vectors of four components */
  size_t lo, hi;
};
struct nmf_part {
  double *rows, *a, *x; /* tiles: sums or rows as they come, turned, of H */
  double *gram;         /* NMF lanes of the Gram matrices: MATH_LANES each */
  double *cross;        /* of each component */
  double *c;            /* W side: cols x ld */
  double kkt[MATH_NMF_BLOCKS];
};
struct nmf_job {
  const struct math_csr *v;
  const struct math_nmf_conf *conf;
  const struct math_par *par;
  struct math_nmf *f;
  double *w, *h; /* copies: w in tiles, one after the other */
  size_t ld, n_gram;
  uint32_t first[MATH_NMF_BLOCKS]; /* component */
  size_t gram_at[MATH_NMF_BLOCKS];
  bool live[MATH_NMF_BLOCKS];
  struct nmf_range range; /* around the live blocks */
  uint32_t cut[NMF_PARTS + 1], n_parts, n_h_parts;
  struct nmf_part part[NMF_PARTS];
  double *gram_w, *gram_h;
  double square;                     /* of V */
  uint32_t repeats[MATH_NMF_BLOCKS]; /* HALS steps of W on a tile, at most */
  bool look;                         /* change nothing, measure */
};

/* Kernels. a: rows x ld; h, c: cols x ld; i0..i1 rows of V, at most a tile. */
void math_nmf_gather(const struct math_csr *v, uint32_t i0, uint32_t i1, const double *h, size_t ld,
                     struct nmf_range q, double *a);
void math_nmf_scatter(const struct math_csr *v, uint32_t i0, uint32_t i1, const double *w,
                      size_t ld, struct nmf_range q, double *c);
void math_nmf_turn(const double *rows, size_t ld, uint32_t n, struct nmf_range q, double *tile);
void math_nmf_turn_back(const double *tile, size_t ld, uint32_t n, struct nmf_range q,
                        double *rows);
/* a, x: of the block in the tile; g: r x r. Returns the square of what has changed. */
double math_nmf_step_hals(const double *a, double *x, const double *g, size_t r);
void math_nmf_step_mu(const double *a, double *x, const double *g, size_t r, double *work);
double math_nmf_left(const double *a, const double *x, const double *g, size_t r); /* for kkt */
void math_nmf_gram(const double *x, size_t r, double *lanes);
void math_nmf_cross(const double *a, const double *x, size_t r, double *cross);

double *math_nmf_alloc(struct prac_arena *a, size_t n); /* on a line of memory */
prac_rc math_nmf_kl(struct nmf_job *j, struct prac_arena *arena);
