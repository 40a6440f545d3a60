/* math/leiden.h — communities of a weighted graph: the Leiden method, modularity.
 *
 * input     symmetric graph without loops: row i has col[at[i]] .. col[at[i + 1] - 1], weights > 0
 * maximised Q = 1/(2m) sum_ij [A_ij - gamma k_i k_j / (2m)] [same community]
 * method    nodes move to the neighbouring community of greatest gain, from a queue (first in,
 *           first out); each community is refined into parts that hang together; parts become nodes
 *           of a smaller graph, which starts from the communities; until nothing moves
 * promises  every community is connected; no single node gains by moving (to 1e-12 of m)
 * source    Traag, Waltman, van Eck: From Louvain to Leiden, Scientific Reports 9, 5233, 2019;
 *           refined greedily, not at random
 * repeats   no randomness: same graph, same answer. Labels in order of each community's first node
 * cost      O(edges) a pass, few passes; everything in the arena
 * fails     PRAC_MALFORMED: a weight that is not above 0 and finite, a column out of range.
 *           PRAC_NOMEM
 * checked   tests/unit/test_leiden.c: planted blocks, connectedness, no gain by a single move, ring
 *           of cliques, empty graph; tests/integration oracle: igraph's modularity
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

struct math_graph {
  uint32_t n;
  const size_t *at; /* n + 1 */
  const uint32_t *col;
  const double *val;
};
/* label: n. */
PRAC_NODISCARD prac_rc math_leiden(const struct math_graph *g, double gamma, struct prac_arena *a,
                                   uint32_t *label, uint32_t *ret_n);
double math_modularity(const struct math_graph *g, double gamma, const uint32_t *label,
                       struct prac_arena *a); /* NaN: out of memory */
