/* What a factorisation of counts costs: 50 sweeps from a given start, one thread.
 *
 *   bench_nmf                                 made data, every rule
 *   bench_nmf V W0 H0 ROWS COLS K [NAME]      files of doubles, row by row (bench/nmf_peers.py)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "math/nmf.h"

enum { SWEEPS = 50, RUNS = 5 };

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double *numbers(const char *file, size_t n)
{
  double *p = calloc(n, sizeof *p);
  FILE *f = fopen(file, "rb");
  if (!p || !f || fread(p, sizeof *p, n, f) != n) {
    fprintf(stderr, "%s: not %zu doubles\n", file, n);
    exit(1);
  }
  fclose(f);
  return p;
}

struct problem {
  const char *name;
  struct math_csr v;
  const double *w0, *h0; /* rows x k, k x cols */
  uint32_t k;
};

/* Lowest CPU time of several runs, each from the start. */
static int run(const struct problem *p, const char *what, const struct math_nmf_conf *c)
{
  size_t ld = math_nmf_ld(p->k), m = p->v.rows, n = p->v.cols;
  double *w = calloc(m * ld, sizeof *w), *h = calloc(n * ld, sizeof *h), best = 1e300;
  struct math_nmf_info info = {0};
  if (!w || !h) return 1;
  for (int i = 0; i < RUNS; i++) {
    struct math_nmf f = {.n_blocks = 1, .rank = &p->k, .w = w, .h = h, .info = &info};
    for (size_t r = 0; r < m; r++) memcpy(w + r * ld, p->w0 + r * p->k, p->k * sizeof *w);
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < p->k; k++) h[j * ld + k] = p->h0[k * n + j];
    struct prac_arena *a = prac_arena_new(1 << 20);
    double t = now();
    if (!a || math_nmf(&p->v, c, &f, NULL, a) != PRAC_OK) return 1;
    t = now() - t;
    prac_arena_free(&a);
    if (t < best) best = t;
  }
  double work = (double)p->v.row[m] * p->k * info.sweeps;
  printf("{\"bench\":\"%s\",\"data\":\"%s\",\"k\":%u,\"n\":%.0f,\"sweeps\":%u,\"seconds\":%.4f,"
         "\"ns_per_op\":%.4f,\"objective\":%.4f,\"kkt\":%.3e}\n",
         what, p->name, p->k, work, info.sweeps, best, best * 1e9 / work, info.objective, info.kkt);
  fflush(stdout);
  free(w);
  free(h);
  return 0;
}

static int rules(const struct problem *p)
{
  static const struct {
    const char *name;
    struct math_nmf_conf c;
  } all[] = {
      {"nmf_hals", {.rule = MATH_NMF_HALS, .max_sweeps = SWEEPS}},
      {"nmf_hals_kkt", {.rule = MATH_NMF_HALS, .max_sweeps = SWEEPS, .kkt = true}},
      {"nmf_hals_again", {.rule = MATH_NMF_HALS, .again = 0.5, .max_sweeps = SWEEPS, .kkt = true}},
      {"nmf_hals_to_1e-4",
       {.rule = MATH_NMF_HALS, .rel_tol = 1e-4, .max_sweeps = 1000, .kkt = true}},
      {"nmf_mu", {.rule = MATH_NMF_MU, .max_sweeps = SWEEPS, .kkt = true}},
      {"nmf_kl", {.rule = MATH_NMF_KL, .max_sweeps = SWEEPS}},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (run(p, all[i].name, &all[i].c)) return 1;
  return 0;
}

/* Bursts of ten groups over a thin background. */
static int made(struct prac_arena *a)
{
  enum { M = 4096, N = 720, K = 20, GROUPS = 10 };
  struct prac_rng r = prac_rng_of(1);
  struct problem p = {.name = "made", .k = K};
  double *v = calloc((size_t)M * N, sizeof *v), *start = calloc((size_t)(M + N) * K, sizeof *start);
  if (!v || !start) return 1;
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < N; j++) {
      double *x = &v[i * N + j];
      if (prac_rng_below(&r, 12) == 0) *x = 1;
      if (i % 2 == 0 && j / 36 % GROUPS == i / 2 % GROUPS) *x += (double)prac_rng_below(&r, 6);
    }
  for (size_t i = 0; i < (size_t)(M + N) * K; i++)
    start[i] = (double)(1 + prac_rng_below(&r, 1000)) / 1000;
  if (math_csr_of(v, M, N, a, &p.v) != PRAC_OK) return 1;
  p.w0 = start;
  p.h0 = start + (size_t)M * K;
  int rc = rules(&p);
  free(v);
  free(start);
  return rc;
}

int main(int argc, char **argv)
{
  struct prac_arena *a = prac_arena_new(1 << 20);
  int rc = 1;
  if (a && argc < 7) rc = made(a);
  if (a && argc >= 7) {
    uint32_t m = (uint32_t)strtoul(argv[4], NULL, 10), n = (uint32_t)strtoul(argv[5], NULL, 10);
    struct problem p = {.name = argc > 7 ? argv[7] : "file",
                        .k = (uint32_t)strtoul(argv[6], NULL, 10)};
    double *v = numbers(argv[1], (size_t)m * n), *w0 = numbers(argv[2], (size_t)m * p.k),
           *h0 = numbers(argv[3], (size_t)n * p.k);
    p.w0 = w0;
    p.h0 = h0;
    if (math_csr_of(v, m, n, a, &p.v) == PRAC_OK) rc = rules(&p);
    free(v);
    free(w0);
    free(h0);
  }
  prac_arena_free(&a);
  return rc;
}
