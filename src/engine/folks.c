/* Ports in folks: what one port does must not be what most folks do. */
#include "engine/folks.h"

#include <stdlib.h>

struct ported {
  uint32_t port, hosts;
};
static int more_hosts(const void *pa, const void *pb)
{
  const struct ported *a = pa, *b = pb;
  if (a->hosts != b->hosts) return a->hosts > b->hosts ? -1 : 1;
  return a->port < b->port ? -1 : a->port > b->port;
}

prac_rc eng_folks_of(const uint32_t *hosts, uint32_t n, struct prac_arena *a, uint8_t *ret)
{
  uint64_t sum[ENG_FOLKS] = {0};
  struct prac_arena_mark work = prac_arena_mark(a);
  struct ported *v = prac_arena_alloc(a, (n + (size_t)1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (uint32_t q = 0; q < n; q++) {
    v[q] = (struct ported){q, hosts[q]};
    ret[q] = 0;
  }
  qsort(v, n, sizeof *v, more_hosts);
  for (uint32_t i = 0; i < n && v[i].hosts; i++) {
    uint32_t least = 0;
    for (uint32_t k = 1; k < ENG_FOLKS; k++)
      if (sum[k] < sum[least]) least = k;
    sum[least] += v[i].hosts;
    ret[v[i].port] = (uint8_t)least;
  }
  prac_arena_rewind(a, work);
  return PRAC_OK;
}
