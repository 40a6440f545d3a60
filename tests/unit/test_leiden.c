/* Communities: planted blocks come back, hang together, and no node would rather be elsewhere. */
#include "lib/t.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/leiden.h"

enum { MAX = 240 };
struct made {
  double w[MAX][MAX];
  size_t at[MAX + 1];
  uint32_t col[MAX * MAX];
  double val[MAX * MAX];
  struct math_graph g;
};
static void pack(struct made *m, uint32_t n)
{
  size_t used = 0;
  for (uint32_t i = 0; i < n; i++) {
    m->at[i] = used;
    for (uint32_t j = 0; j < n; j++) {
      if (i == j || !(m->w[i][j] > 0)) continue;
      m->col[used] = j;
      m->val[used++] = m->w[i][j];
    }
  }
  m->at[n] = used;
  m->g = (struct math_graph){n, m->at, m->col, m->val};
}
static void blocks(struct made *m, uint32_t n, uint32_t kinds, double in, double out, uint64_t seed)
{
  struct prac_rng r = prac_rng_of(seed);
  memset(m, 0, sizeof *m);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < i; j++)
      if (prac_rng_unit(&r) < (i % kinds == j % kinds ? in : out))
        m->w[i][j] = m->w[j][i] = 0.5 + prac_rng_unit(&r);
  pack(m, n);
}

/* Every community connected; no single node gains by moving to another one. */
static void sound(struct made *m, const uint32_t *label, uint32_t kinds, struct prac_arena *a)
{
  uint32_t n = m->g.n, seen = 0;
  for (uint32_t i = 0; i < n; i++) {
    assert_true(label[i] <= seen); /* in order of first node */
    if (label[i] == seen) seen++;
  }
  assert_true(seen == kinds || n == 0);
  uint32_t reach[MAX];
  for (uint32_t i = 0; i < n; i++) reach[i] = i;
  for (uint32_t round = 0; round < n; round++)
    for (uint32_t i = 0; i < n; i++)
      for (uint32_t j = 0; j < n; j++)
        if (m->w[i][j] > 0 && label[i] == label[j] && reach[j] < reach[i]) reach[i] = reach[j];
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t j = 0; j < i; j++) assert_true((label[i] == label[j]) == (reach[i] == reach[j]));
  double q = math_modularity(&m->g, 1, label, a);
  uint32_t moved[MAX];
  memcpy(moved, label, n * sizeof *moved);
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t c = 0; c < kinds; c++) {
      moved[i] = c;
      assert_true(math_modularity(&m->g, 1, moved, a) <= q + 1e-9);
    }
    moved[i] = label[i];
  }
}

static void planted(void **s)
{
  (void)s;
  struct made *m = malloc(sizeof *m);
  uint32_t label[MAX], kinds;
  assert_non_null(m);
  for (uint64_t seed = 1; seed < 6; seed++) {
    struct prac_arena *a = prac_arena_new(0);
    blocks(m, 120, 4, 0.4, 0.02, seed);
    assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_OK);
    assert_int_equal(kinds, 4);
    for (uint32_t i = 0; i < 120; i++) assert_int_equal(label[i], i % 4);
    sound(m, label, kinds, a);
    prac_arena_free(&a);
  }
  free(m);
}
static void any_graph(void **s)
{
  (void)s;
  struct made *m = malloc(sizeof *m);
  uint32_t label[MAX], again[MAX], kinds, more;
  assert_non_null(m);
  for (uint64_t seed = 1; seed < 20; seed++) {
    struct prac_arena *a = prac_arena_new(0);
    blocks(m, (uint32_t)(1 + seed * 4), 3, 0.3, 0.05 * (double)(seed % 5), seed);
    assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_OK);
    sound(m, label, kinds, a);
    assert_int_equal(math_leiden(&m->g, 1, a, again, &more), PRAC_OK);
    assert_memory_equal(label, again, m->g.n * sizeof *label);
    prac_arena_free(&a);
  }
  free(m);
}
/* Thirty cliques of five in a ring: the best partition joins pairs at this resolution or keeps
 * each; no clique is ever torn. */
static void ring(void **s)
{
  (void)s;
  struct made *m = calloc(1, sizeof *m);
  uint32_t label[MAX], kinds;
  struct prac_arena *a = prac_arena_new(0);
  assert_non_null(m);
  for (uint32_t c = 0; c < 30; c++) {
    for (uint32_t i = 0; i < 5; i++)
      for (uint32_t j = 0; j < 5; j++)
        if (i != j) m->w[c * 5 + i][c * 5 + j] = 1;
    uint32_t x = c * 5, y = (c + 1) % 30 * 5 + 1;
    m->w[x][y] = m->w[y][x] = 1;
  }
  pack(m, 150);
  assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_OK);
  for (uint32_t c = 0; c < 30; c++)
    for (uint32_t i = 1; i < 5; i++) assert_int_equal(label[c * 5 + i], label[c * 5]);
  assert_true(kinds >= 10 && kinds <= 30);
  assert_true(math_modularity(&m->g, 1, label, a) > 0.87);
  prac_arena_free(&a);
  free(m);
}
static void degenerate(void **s)
{
  (void)s;
  struct made *m = calloc(1, sizeof *m);
  uint32_t label[MAX], kinds;
  struct prac_arena *a = prac_arena_new(0);
  assert_non_null(m);
  pack(m, 0);
  assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_OK);
  assert_int_equal(kinds, 0);
  pack(m, 5); /* no edges */
  assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_OK);
  assert_int_equal(kinds, 5);
  m->w[1][2] = m->w[2][1] = 1e-300; /* two far from the rest, hardly an edge */
  pack(m, 5);
  assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_OK);
  assert_int_equal(kinds, 4);
  m->val[0] = -1;
  assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_MALFORMED);
  m->val[0] = 1;
  m->col[0] = 99;
  assert_int_equal(math_leiden(&m->g, 1, a, label, &kinds), PRAC_MALFORMED);
  prac_arena_free(&a);
  free(m);
}
int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(planted), cmocka_unit_test(any_graph),
                                     cmocka_unit_test(ring), cmocka_unit_test(degenerate)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
