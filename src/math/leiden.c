/* Leiden: move, refine, shrink. A graph of one level keeps its nodes' weights of inner edges apart,
 * since they follow the node wherever it moves. */
#include "math/leiden.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 16 };
struct lev { /* one level's graph */
  struct math_graph g;
  double *k; /* weight of all ends at a node, inner edges twice */
};
struct move {
  double *in;     /* weight from the node at hand to each community; 0 between uses */
  uint32_t *near; /* communities it touches */
  double *tot;    /* sum of k by community */
  uint32_t *size;
};

static void *room(struct prac_arena *a, size_t n, size_t bytes)
{
  return prac_arena_alloc(a, (n + 1) * bytes);
}

static bool move_init(struct move *m, uint32_t n, struct prac_arena *a)
{
  m->in = room(a, n, sizeof *m->in);
  m->near = room(a, n, sizeof *m->near);
  m->tot = room(a, n, sizeof *m->tot);
  m->size = room(a, n, sizeof *m->size);
  return m->in && m->near && m->tot && m->size;
}

/* The community that node i gains most by, among those it touches (in `within` of it, when given);
 * c itself when none is better. */
static uint32_t best_of(const struct lev *l, struct move *m, const uint32_t *label,
                        const uint32_t *within, uint32_t i, double rate)
{
  uint32_t n = 0, own = label[i], best = own;
  for (size_t e = l->g.at[i]; e < l->g.at[i + 1]; e++) {
    uint32_t j = l->g.col[e];
    if (j == i || (within && within[j] != within[i])) continue;
    if (!(m->in[label[j]] > 0)) m->near[n++] = label[j];
    m->in[label[j]] += l->g.val[e];
  }
  double most = m->in[own] - rate * l->k[i] * (m->tot[own] - l->k[i]);
  for (uint32_t x = 0; x < n; x++) {
    uint32_t c = m->near[x];
    double gain = m->in[c] - rate * l->k[i] * (m->tot[c] - (c == own ? l->k[i] : 0));
    if (c != own && gain > most + 1e-12 * l->k[i]) {
      best = c;
      most = gain;
    }
  }
  if (m->size[own] > 1 && most < -1e-12 * l->k[i]) best = UINT32_MAX; /* better alone */
  for (uint32_t x = 0; x < n; x++) m->in[m->near[x]] = 0;
  return best;
}

static void tally(const struct lev *l, struct move *m, const uint32_t *label)
{
  memset(m->tot, 0, l->g.n * sizeof *m->tot);
  memset(m->size, 0, l->g.n * sizeof *m->size);
  for (uint32_t i = 0; i < l->g.n; i++) {
    m->tot[label[i]] += l->k[i];
    m->size[label[i]]++;
  }
}
static void put(const struct lev *l, struct move *m, uint32_t *label, uint32_t i, uint32_t to)
{
  m->tot[label[i]] -= l->k[i];
  m->size[label[i]]--;
  label[i] = to;
  m->tot[to] += l->k[i];
  m->size[to]++;
}

/* Nodes from a queue to where they gain; true when any moved. */
static prac_rc move_nodes(const struct lev *l, uint32_t *label, double rate, struct prac_arena *a,
                          bool *ret_moved)
{
  struct move m;
  uint32_t n = l->g.n, head = 0, left = n, free_at = 0;
  uint32_t *queue = room(a, n, sizeof *queue);
  uint8_t *in = room(a, n, 1);
  if (!move_init(&m, n, a) || !queue || !in) return PRAC_NOMEM;
  tally(l, &m, label);
  for (uint32_t i = 0; i < n; i++) queue[i] = i, in[i] = 1;
  for (uint64_t budget = 200 * (uint64_t)n + 1000; left && budget; budget--) {
    uint32_t i = queue[head];
    head = head + 1 < n ? head + 1 : 0;
    left--;
    in[i] = 0;
    uint32_t to = best_of(l, &m, label, NULL, i, rate);
    if (to == UINT32_MAX) {
      while (m.size[free_at]) free_at = free_at + 1 < n ? free_at + 1 : 0;
      to = free_at;
    }
    if (to == label[i]) continue;
    put(l, &m, label, i, to);
    *ret_moved = true;
    for (size_t e = l->g.at[i]; e < l->g.at[i + 1]; e++) {
      uint32_t j = l->g.col[e];
      if (in[j] || label[j] == to) continue;
      queue[(head + (uint64_t)left++) % n] = j;
      in[j] = 1;
    }
  }
  return PRAC_OK;
}

/* Each community anew from single nodes: a node that stands alone joins the part of its community
 * it gains most by. A part that it joins touches it, so parts hang together. */
static prac_rc refine(const struct lev *l, const uint32_t *label, uint32_t *part, double rate,
                      struct prac_arena *a)
{
  struct move m;
  if (!move_init(&m, l->g.n, a)) return PRAC_NOMEM;
  for (uint32_t i = 0; i < l->g.n; i++) part[i] = i;
  tally(l, &m, part);
  for (uint32_t i = 0; i < l->g.n; i++) {
    if (m.size[part[i]] > 1) continue;
    uint32_t to = best_of(l, &m, part, label, i, rate);
    if (to != UINT32_MAX && to != part[i]) put(l, &m, part, i, to);
  }
  return PRAC_OK;
}

/* Labels to 0 .. n - 1 in order of first node. */
static uint32_t renumber(uint32_t *label, uint32_t n, uint32_t *room_n)
{
  uint32_t kinds = 0;
  memset(room_n, 0, n * sizeof *room_n);
  for (uint32_t i = 0; i < n; i++) {
    if (!room_n[label[i]]) room_n[label[i]] = ++kinds;
    label[i] = room_n[label[i]] - 1;
  }
  return kinds;
}

/* Nodes by part, rising. first: parts + 1, zeroed. */
static void by_part(const uint32_t *part, uint32_t nodes, uint32_t parts, uint32_t *first,
                    uint32_t *order)
{
  for (uint32_t i = 0; i < nodes; i++) first[part[i] + 1]++;
  for (uint32_t c = 0; c < parts; c++) first[c + 1] += first[c];
  for (uint32_t i = nodes; i-- > 0;) order[--first[part[i] + 1]] = i;
}

/* Parts as nodes; edges in order of the first edge that needs them. */
static prac_rc shrink(const struct lev *l, const uint32_t *part, uint32_t n, struct prac_arena *a,
                      struct lev *ret)
{
  size_t edges = l->g.at[l->g.n];
  size_t *at = room(a, n, sizeof *at), *seen = room(a, n, sizeof *seen);
  uint32_t *col = room(a, edges, sizeof *col), *first = room(a, n, sizeof *first),
           *order = room(a, l->g.n, sizeof *order);
  double *val = room(a, edges, sizeof *val), *k = room(a, n, sizeof *k);
  if (!at || !seen || !col || !first || !order || !val || !k) return PRAC_NOMEM;
  for (uint32_t i = 0; i < l->g.n; i++) k[part[i]] += l->k[i];
  by_part(part, l->g.n, n, first, order);
  size_t used = 0;
  for (uint32_t c = 0, x = 0; c < n; c++) {
    at[c] = used;
    for (; x < l->g.n && part[order[x]] == c; x++)
      for (size_t e = l->g.at[order[x]]; e < l->g.at[order[x] + 1]; e++) {
        uint32_t d = part[l->g.col[e]];
        if (d == c) continue;
        if (seen[d] <= at[c]) { /* 1 + place; of an earlier row, or none */
          col[used] = d;
          val[used] = 0;
          seen[d] = ++used;
        }
        val[seen[d] - 1] += l->g.val[e];
      }
  }
  at[n] = used;
  *ret = (struct lev){{n, at, col, val}, k};
  return PRAC_OK;
}

/* What does not hang together is not one community; apart, modularity is no lower. */
static void split(const struct math_graph *g, uint32_t *label, uint32_t *to, uint32_t *stack)
{
  uint32_t kinds = 0;
  for (uint32_t i = 0; i < g->n; i++) to[i] = UINT32_MAX;
  for (uint32_t i = 0; i < g->n; i++) {
    if (to[i] != UINT32_MAX) continue;
    uint32_t top = 0;
    stack[top++] = i;
    to[i] = kinds;
    while (top) {
      uint32_t x = stack[--top];
      for (size_t e = g->at[x]; e < g->at[x + 1]; e++) {
        uint32_t j = g->col[e];
        if (to[j] != UINT32_MAX || label[j] != label[i]) continue;
        to[j] = kinds;
        stack[top++] = j;
      }
    }
    kinds++;
  }
  memcpy(label, to, g->n * sizeof *label);
}

static prac_rc checked(const struct math_graph *g, double *k, double *ret_total)
{
  double total = 0;
  for (uint32_t i = 0; i < g->n; i++)
    for (size_t e = g->at[i]; e < g->at[i + 1]; e++) {
      if (g->col[e] >= g->n || !(g->val[e] > 0) || !isfinite(g->val[e])) return PRAC_MALFORMED;
      k[i] += g->val[e];
      total += g->val[e];
    }
  *ret_total = total;
  return PRAC_OK;
}

struct rooms {
  uint32_t *node, *com, *part, *next;
};
/* One round from the communities in label: all levels up and back. */
static prac_rc climb(struct lev l, double rate, struct prac_arena *a, struct rooms *r,
                     uint32_t *label, bool *ret_moved)
{
  uint32_t all = l.g.n;
  for (uint32_t i = 0; i < all; i++) r->node[i] = i, r->com[i] = label[i];
  for (unsigned pass = 0; pass < 64; pass++) {
    bool moved = false;
    PRAC_TRY(move_nodes(&l, r->com, rate, a, &moved));
    *ret_moved = *ret_moved || moved;
    PRAC_TRY(refine(&l, r->com, r->part, rate, a));
    uint32_t n = renumber(r->part, l.g.n, r->next);
    for (uint32_t i = 0; i < all; i++) label[i] = r->com[r->node[i]];
    if (n == l.g.n && !moved) break;
    for (uint32_t i = 0; i < l.g.n; i++) r->next[r->part[i]] = r->com[i];
    for (uint32_t i = 0; i < all; i++) r->node[i] = r->part[r->node[i]];
    struct lev smaller;
    PRAC_TRY(shrink(&l, r->part, n, a, &smaller));
    memcpy(r->com, r->next, n * sizeof *r->com);
    (void)renumber(r->com, n, r->part);
    l = smaller;
  }
  return PRAC_OK;
}

prac_rc math_leiden(const struct math_graph *g, double gamma, struct prac_arena *a, uint32_t *label,
                    uint32_t *ret_n)
{
  double total = 0;
  struct lev l = {*g, room(a, g->n, sizeof *l.k)};
  struct rooms r = {room(a, g->n, sizeof *r.node), room(a, g->n, sizeof *r.com),
                    room(a, g->n, sizeof *r.part), room(a, g->n, sizeof *r.next)};
  if (!l.k || !r.node || !r.com || !r.part || !r.next) return PRAC_NOMEM;
  PRAC_TRY(checked(g, l.k, &total));
  for (uint32_t i = 0; i < g->n; i++) label[i] = i;
  *ret_n = g->n;
  bool moved = total > 0;
  for (unsigned round = 0; moved && round < ROUNDS; round++) {
    moved = false;
    PRAC_TRY(climb(l, gamma / total, a, &r, label, &moved));
    split(g, label, r.next, r.node);
  }
  *ret_n = renumber(label, g->n, r.part);
  return PRAC_OK;
}

double math_modularity(const struct math_graph *g, double gamma, const uint32_t *label,
                       struct prac_arena *a)
{
  double *tot = room(a, g->n, sizeof *tot), total = 0, inside = 0, q = 0;
  if (!tot) return (double)NAN;
  for (uint32_t i = 0; i < g->n; i++)
    for (size_t e = g->at[i]; e < g->at[i + 1]; e++) {
      tot[label[i]] += g->val[e];
      total += g->val[e];
      if (label[g->col[e]] == label[i]) inside += g->val[e];
    }
  if (!(total > 0)) return 0;
  for (uint32_t c = 0; c < g->n; c++) q += tot[c] / total * (tot[c] / total);
  return inside / total - gamma * q;
}
