/* Non-negative Tucker 5 x 5 x 5 and CP of rank 10 on the cells of one window; CPU s, lowest of
 * RUNS.
 *
 * usage: bench_tensor [CELLS [SEEDS]]   CELLS: lines "minute source port packets"; without: made
 *
 * The peers are Python and R programs that this machine need not have: their figures for
 * tensor30.txt (8718 cells, |X|^2 6995625) on one pinned core of an AMD EPYC were taken once, with
 * tensorly acc439e, SPLATT 6cb8628 and TensorSlam 4f044ce; they are printed beside ours only when
 * the cells are those. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "math/ncp.h"
#include "math/ntd.h"

enum { CELLS = 1 << 20, RUNS = 5, MADE = 9000 };

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct cells {
  uint32_t *at[MATH_MODES];
  double *v;
  size_t n;
};

static void add(struct cells *c, uint32_t i, uint32_t j, uint32_t k, double v)
{
  c->at[0][c->n] = i;
  c->at[1][c->n] = j;
  c->at[2][c->n] = k;
  c->v[c->n++] = v;
}

/* Four steady senders, a group in step, and many who come by once. */
static void make(struct cells *c)
{
  struct prac_rng r = prac_rng_of(1);
  for (uint32_t t = 0; t < 30; t++)
    for (uint32_t h = 0; h < 4; h++) add(c, t, h, 23 + h, 100.0 * (h + 1) + (double)(t % 7));
  for (uint32_t t = 12; t < 20; t++)
    for (uint32_t h = 100; h < 350; h++) add(c, t, h, 52869, 2 + (double)prac_rng_below(&r, 9));
  while (c->n < MADE)
    add(c, (uint32_t)prac_rng_below(&r, 30), (uint32_t)prac_rng_below(&r, 2000),
        (uint32_t)prac_rng_below(&r, 100), 2 + (double)prac_rng_below(&r, 2));
}

static int load(struct cells *c, const char *path)
{
  for (unsigned m = 0; m < MATH_MODES; m++) c->at[m] = calloc(CELLS, sizeof *c->at[m]);
  c->v = calloc(CELLS, sizeof *c->v);
  if (!c->at[0] || !c->at[1] || !c->at[2] || !c->v) return -1;
  if (!path) {
    make(c);
    return 0;
  }
  FILE *f = fopen(path, "r");
  char line[128];
  while (f && c->n < CELLS && fgets(line, sizeof line, f)) {
    char *p = line;
    uint32_t at[MATH_MODES];
    for (unsigned m = 0; m < MATH_MODES; m++) at[m] = (uint32_t)strtoul(p, &p, 10);
    add(c, at[0], at[1], at[2], strtod(p, NULL));
  }
  if (f) (void)fclose(f);
  return c->n ? 0 : -1;
}

struct said {
  double seconds, fit, err2, kkt, worst, best;
  uint32_t sweeps;
};

static struct said ntd(const struct math_tensor *t, uint64_t seed, struct prac_arena *a)
{
  const struct math_ntd_conf c = {
      .rank = {5, 5, 5}, .starts = 12, .probe = 6, .max_sweeps = 200, .tol = 1e-9, .seed = seed};
  struct math_ntd r;
  double from = now();
  if (math_ntd(t, &c, NULL, a, &r) != PRAC_OK) exit(1);
  return (struct said){now() - from, r.fit, r.err2, r.kkt, r.worst_start, r.best_start, r.sweeps};
}
static struct said ncp(const struct math_tensor *t, uint64_t seed, struct prac_arena *a)
{
  const struct math_ncp_conf c = {
      .rank = 10, .starts = 12, .probe = 6, .max_sweeps = 200, .tol = 1e-9, .seed = seed};
  struct math_ncp r;
  double from = now();
  if (math_ncp(t, &c, NULL, a, &r) != PRAC_OK) exit(1);
  return (struct said){now() - from, r.fit, r.err2, r.kkt, r.worst_start, r.best_start, r.sweeps};
}

static struct said bench(const char *what, const struct math_tensor *t, uint64_t seeds,
                         struct said (*run)(const struct math_tensor *, uint64_t,
                                            struct prac_arena *))
{
  struct said r = {.seconds = 1e9}, x;
  double low = 1, high = 0;
  for (int i = 0; i < RUNS; i++) {
    struct prac_arena *a = prac_arena_new(1 << 22);
    x = run(t, 1, a);
    x.seconds = x.seconds < r.seconds ? x.seconds : r.seconds;
    r = x;
    prac_arena_free(&a);
  }
  for (uint64_t s = 1; s <= seeds; s++) {
    struct prac_arena *a = prac_arena_new(1 << 22);
    double fit = run(t, s, a).fit;
    low = fmin(low, fit);
    high = fmax(high, fit);
    prac_arena_free(&a);
  }
  printf("{\"bench\":\"%s\",\"n\":%u,\"seconds\":%.4f,\"fit\":%.5f,\"err2\":%.7g,\"kkt\":%.1e,"
         "\"sweeps\":%u,\"starts_worst\":%.4f,\"starts_best\":%.4f,\"seeds\":%llu,"
         "\"fit_lowest\":%.5f,\"fit_highest\":%.5f}\n",
         what, t->n, r.seconds, r.fit, r.err2, r.kkt, r.sweeps, r.worst, r.best,
         (unsigned long long)seeds, low, high);
  return r;
}

static void peer(const char *what, double seconds, double fit, double ours)
{
  printf(
      "{\"bench\":\"%s\",\"stored_figure\":true,\"seconds\":%.1f,\"fit\":%.4f,\"times_ours\":%.0f}"
      "\n",
      what, seconds, fit, seconds / ours);
}

int main(int argc, char **argv)
{
  struct cells c = {.n = 0};
  struct math_tensor t;
  struct prac_arena *a = prac_arena_new(1 << 22);
  uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 20;
  double index = 1e9;
  if (!a || load(&c, argc > 1 ? argv[1] : NULL) != 0) return 1;
  for (int i = 0; i < RUNS; i++) {
    const struct math_cells in = {{c.at[0], c.at[1], c.at[2]}, c.v, c.n};
    double from = now();
    prac_arena_reset(a);
    if (math_tensor_of(&in, a, &t) != PRAC_OK) return 1;
    index = fmin(index, now() - from);
  }
  printf("{\"bench\":\"tensor_index\",\"n\":%u,\"dims\":[%u,%u,%u],\"seconds\":%.4f}\n", t.n,
         t.dim[0], t.dim[1], t.dim[2], index);
  struct said x = bench("ntd_5x5x5", &t, seeds, ntd), y = bench("ncp_10", &t, seeds, ncp);
  if (t.n == 8718 && fabs(t.norm2 - 6995625) < 0.5) {
    peer("tensorly_ntd_hals_5x5x5", 32.1, 0.8059, x.seconds);
    peer("tensorslam_muntd_5x5x5", 110.6, 0.2923, x.seconds);
    peer("splatt_cp_als_10_not_nonnegative", 1.1, 0.8565, y.seconds);
    peer("tensorly_ncp_mu_10", 18.7, 0.8586, y.seconds);
  }
  prac_arena_free(&a);
  for (unsigned m = 0; m < MATH_MODES; m++) free(c.at[m]);
  free(c.v);
  return 0;
}
