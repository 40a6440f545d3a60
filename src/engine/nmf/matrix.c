/* Cells to a matrix: hosts (or ports) by minute, without what the method leaves out. */
#include "engine/nmf/nmf.h"

#include <string.h>

enum { TOTALS = 4096, FEW = 10 /* packets: less is no pattern's strongest port */ };

struct counting {
  double minute[NMF_MINUTES];
  double total, top;
  uint32_t n; /* minutes with packets */
};

static void count_host(const struct eng_cells *cells, uint32_t h, struct counting *k)
{
  memset(k, 0, sizeof *k);
  for (uint32_t i = cells->first[h]; i < cells->first[h + 1]; i++) {
    uint32_t step = cells->v[i].step;
    k->minute[step < NMF_MINUTES ? step : NMF_MINUTES - 1] += cells->v[i].packets;
    k->total += cells->v[i].packets;
  }
  for (uint32_t t = 0; t < cells->steps; t++) {
    if (k->minute[t] > k->top) k->top = k->minute[t];
    k->n += k->minute[t] > 0;
  }
}

enum verdict { KEEP, SINGLE, LOUD };
static enum verdict judge(const struct nmf_conf *c, const struct counting *k)
{
  if (c->drop_single && k->total < 2) return SINGLE;
  bool loud = (c->minute_limit > 0 && k->top > (double)c->minute_limit) ||
              (c->window_limit > 0 && k->total > (double)c->window_limit);
  return loud ? LOUD : KEEP;
}

/* The least total with which a host still gets in, so that at most max-hosts do. */
static double least_total(const uint32_t *of_total, uint64_t kept, uint64_t max)
{
  uint32_t t = 0;
  while (kept > max && t < TOTALS - 1) kept -= of_total[t++];
  return t;
}

static prac_rc room(struct math_csr *v, uint32_t rows, uint32_t cols, size_t nnz,
                    struct prac_arena *a, uint64_t **row, uint32_t **col, float **val)
{
  *row = prac_arena_alloc(a, (rows + (size_t)1) * sizeof **row);
  *col = prac_arena_alloc(a, (nnz + 1) * sizeof **col);
  *val = prac_arena_alloc(a, (nnz + 1) * sizeof **val);
  if (!*row || !*col || !*val) return PRAC_NOMEM;
  *v = (struct math_csr){.cols = cols, .row = *row, .col = *col, .val = *val};
  return PRAC_OK;
}

prac_rc nmf_matrix_hosts(const struct nmf_conf *c, const struct eng_cells *cells,
                         struct prac_arena *a, struct nmf_matrix *ret)
{
  struct counting k;
  uint64_t *row, kept = 0;
  uint32_t *col, of_total[TOTALS] = {0}, rows = 0;
  float *val;
  *ret = (struct nmf_matrix){0};
  uint32_t *host = prac_arena_alloc(a, (cells->n_hosts + (size_t)1) * sizeof *host);
  PRAC_TRY(room(&ret->v, cells->n_hosts, cells->steps, cells->n, a, &row, &col, &val));
  if (!host) return PRAC_NOMEM;
  for (uint32_t h = 0; h < cells->n_hosts; h++) {
    count_host(cells, h, &k);
    enum verdict v = judge(c, &k);
    ret->single += v == SINGLE;
    ret->loud += v == LOUD;
    if (v != KEEP) continue;
    of_total[k.total < TOTALS ? (size_t)k.total : TOTALS - 1]++;
    kept++;
  }
  double least = least_total(of_total, kept, (uint64_t)c->max_hosts);
  for (uint32_t h = 0; h < cells->n_hosts; h++) {
    count_host(cells, h, &k);
    if (judge(c, &k) != KEEP) continue;
    if (k.total < least || rows == (uint32_t)c->max_hosts) {
      ret->cut++;
      continue;
    }
    uint64_t at = row[rows];
    for (uint32_t t = 0; t < cells->steps; t++) {
      if (!(k.minute[t] > 0)) continue;
      col[at] = t;
      val[at++] = (float)k.minute[t];
    }
    host[rows++] = h;
    row[rows] = at;
  }
  ret->v.rows = rows;
  ret->host = host;
  return PRAC_OK;
}

prac_rc nmf_matrix_ports(const struct eng_cells *cells, struct prac_arena *a,
                         struct nmf_matrix *ret)
{
  size_t steps = cells->steps, nnz = 0;
  uint64_t *row;
  uint32_t *col, rows = 0;
  float *val;
  double *dense = prac_arena_alloc(a, (cells->n_ports * steps + 1) * sizeof *dense);
  uint32_t *port = prac_arena_alloc(a, (cells->n_ports + (size_t)1) * sizeof *port);
  if (!dense || !port) return PRAC_NOMEM;
  *ret = (struct nmf_matrix){0};
  for (size_t i = 0; i < cells->n; i++)
    dense[cells->v[i].port * steps + cells->v[i].step] += cells->v[i].packets;
  for (size_t i = 0; i < cells->n_ports * steps; i++) nnz += dense[i] > 0;
  PRAC_TRY(room(&ret->v, cells->n_ports, cells->steps, nnz, a, &row, &col, &val));
  for (uint32_t q = 0; q < cells->n_ports; q++) {
    double total = 0;
    for (size_t t = 0; t < steps; t++) total += dense[q * steps + t];
    if (total < FEW) continue;
    uint64_t at = row[rows];
    for (uint32_t t = 0; t < steps; t++) {
      if (!(dense[q * steps + t] > 0)) continue;
      col[at] = t;
      val[at++] = (float)dense[q * steps + t];
    }
    port[rows++] = q;
    row[rows] = at;
  }
  ret->v.rows = rows;
  ret->host = port;
  return PRAC_OK;
}
