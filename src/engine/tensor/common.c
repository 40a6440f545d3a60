/* What everybody does at once: a gap, a flood of repeats or a crowd in what the sensor recorded. It
 * is in the hosts of all ports, a group in those of one or two. So hosts are put into a few folks
 * by the port they sent most to, and what is common is the median of the folks' mean rows. */
#include <math.h>

#include "engine/tensor/judge.h"
#include "math/robust.h"

/* To which port the host of cells i.. sent most; of two, the lower. Returns the next host's cell.
 */
static size_t main_port(const struct tensor_judging *j, size_t i, uint32_t *ret_port)
{
  const struct eng_cell *c = j->cells;
  uint32_t host = c[i].host;
  uint64_t best = 0, sum = 0;
  for (size_t from = i; i < j->n_cells && c[i].host == host; i++) {
    sum = i > from && c[i].port == c[i - 1].port ? sum + c[i].packets : c[i].packets;
    if (sum <= best) continue;
    best = sum;
    *ret_port = c[i].port;
  }
  return i;
}

static prac_rc folks_of(struct tensor_judging *j)
{
  uint32_t port = 0, ports = j->all.n_ports;
  uint32_t *hosts = prac_arena_alloc(j->a, (ports + (size_t)1) * sizeof *hosts);
  j->step.folk_of = prac_arena_alloc(j->a, ports + (size_t)1);
  if (!hosts || !j->step.folk_of) return PRAC_NOMEM;
  for (size_t i = 0; i < j->n_cells;) {
    i = main_port(j, i, &port);
    hosts[port]++;
  }
  return eng_folks_of(hosts, ports, j->a, j->step.folk_of);
}

/* All that one host sent, wherever: cells i.. to. */
static void add_host(struct tensor_judging *j, size_t i, size_t to, double *steps,
                     struct math_sync *sync)
{
  uint32_t n = 0;
  for (uint32_t t = 0; t < j->step.heard; t++) steps[t] = 0;
  for (; i < to; i++) {
    uint32_t at = j->step.nth[j->cells[i].step];
    if (at != UINT32_MAX) steps[at] += j->cells[i].packets;
  }
  for (uint32_t t = 0; t < j->step.heard; t++) {
    if (!(steps[t] > 0)) continue;
    j->step.at[n] = t;
    j->step.v[n++] = log2(1.0 + steps[t]);
  }
  math_sync_add(sync, j->step.at, j->step.v, n);
}

prac_rc tensor_common_new(struct tensor_judging *j)
{
  struct tensor_step *s = &j->step;
  struct math_sync sync[ENG_FOLKS];
  size_t each = math_sync_work(s->heard);
  double *one = prac_arena_alloc(j->a, (s->heard + (size_t)1) * sizeof *one);
  double *work = prac_arena_alloc(j->a, ENG_FOLKS * each * sizeof *work);
  s->profiles = prac_arena_alloc(j->a, ENG_FOLKS * (s->heard + (size_t)1) * sizeof *work);
  if (!one || !work || !s->profiles) return PRAC_NOMEM;
  PRAC_TRY(folks_of(j));
  for (size_t k = 0; k < ENG_FOLKS; k++) math_sync_init(&sync[k], s->heard, work + k * each);
  for (size_t i = 0, to; i < j->n_cells; i = to) {
    uint32_t port = 0;
    to = main_port(j, i, &port);
    add_host(j, i, to, one, &sync[s->folk_of[port]]);
  }
  for (size_t k = 0; k < ENG_FOLKS; k++) {
    math_sync_profile(&sync[k], s->profiles + k * s->heard);
    s->folk_rows[k] = sync[k].rows;
  }
  return PRAC_OK;
}

prac_rc tensor_common(struct tensor_judging *j, uint32_t port, double **ret)
{
  const struct tensor_step *s = &j->step;
  double v[ENG_FOLKS], mean = 0, norm2 = 0;
  double *c = prac_arena_alloc(j->a, (s->heard + (size_t)1) * sizeof *c);
  if (!c) return PRAC_NOMEM;
  *ret = c;
  for (uint32_t t = 0; t < s->heard; t++) {
    size_t n = 0;
    for (size_t k = 0; k < ENG_FOLKS; k++)
      if (k != s->folk_of[port] && s->folk_rows[k] >= ENG_FOLK_ROWS)
        v[n++] = s->profiles[k * s->heard + t];
    if (n < ENG_FOLKS_LEAST) return PRAC_OK; /* nothing is common to so few: c is 0 */
    c[t] = math_median(v, n);
    mean += c[t] / s->heard;
  }
  for (uint32_t t = 0; t < s->heard; t++) {
    c[t] -= mean;
    norm2 += c[t] * c[t];
  }
  for (uint32_t t = 0; t < s->heard && norm2 > 0; t++) c[t] /= sqrt(norm2);
  return PRAC_OK;
}
