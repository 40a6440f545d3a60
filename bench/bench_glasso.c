/* The graphical lasso on a file of doubles: CPU seconds of the solver alone (lowest of the rounds),
 * objective, proved gap, edges. bench/glasso_peers.py runs it beside its peers.
 *   bench_glasso x|s FILE N P GAP ROUNDS RHO... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "math/glasso.h"

enum { MOST = 16 };
static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double *read_all(const char *name, size_t n)
{
  double *v = malloc(n * sizeof *v);
  FILE *f = fopen(name, "rb");
  if (!v || !f || fread(v, sizeof *v, n, f) != n) exit(1);
  fclose(f);
  return v;
}

static double solve(const struct math_glasso_data *d, struct math_glasso_conf c,
                    struct math_glasso *ret)
{
  struct prac_arena *a = prac_arena_new(1 << 20);
  double t = now();
  if (!a || math_glasso_path(d, &c, a, ret) != PRAC_OK) exit(1);
  t = now() - t;
  prac_arena_free(&a);
  return t;
}

int main(int argc, char **argv)
{
  if (argc < 8 || argc > 7 + MOST) return 2;
  bool given = argv[1][0] == 's';
  size_t n = strtoul(argv[3], NULL, 10), p = strtoul(argv[4], NULL, 10);
  double *v = read_all(argv[2], given ? p * p : n * p), rho[MOST], best = 1e300;
  struct math_glasso_data d = {given ? NULL : v, n, p, given ? v : NULL};
  struct math_glasso_conf c = {.rho = rho, .gap = strtod(argv[5], NULL)};
  for (int i = 7; i < argc; i++) rho[c.n_rho++] = strtod(argv[i], NULL);
  struct math_glasso g[MOST];
  for (int round = atoi(argv[6]); round > 0; round--) {
    double t = solve(&d, c, g);
    if (t < best) best = t;
  }
  c.objective = true;
  (void)solve(&d, c, g);
  for (size_t i = 0; i < c.n_rho; i++)
    printf("{\"bench\":\"glasso\",\"file\":\"%s\",\"p\":%zu,\"rho\":%g,\"seconds\":%.5f,"
           "\"objective\":%.6f,\"gap\":%.3g,\"edges\":%llu,\"groups\":%u,\"components\":%u,"
           "\"largest\":%u,\"sweeps\":%u,\"proved\":%d}\n",
           argv[2], p, g[i].rho, best, g[i].objective, g[i].gap, (unsigned long long)g[i].edges,
           g[i].groups, g[i].components, g[i].largest, g[i].sweeps, g[i].converged);
  free(v);
  return 0;
}
