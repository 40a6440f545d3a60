/* The port stage: packets by port and minute are taken apart like those by host. A port that is
 * among the strongest of a pattern keeps its time; so this looks once more, from the other side, at
 * a port that the hosts gave away, and finds ports that go with it. Only after the host stage has
 * found something, as published. */
#include "engine/nmf/nmf.h"

#include <string.h>

enum { ALSO = 8 };

struct ports {
  const struct nmf_conf *c;
  const struct eng_cells *cells;
  struct nmf_matrix m;
  struct nmf_factors f;
  struct nmf_group g;
  uint32_t *strong; /* ports of the group in hand */
  uint32_t n;
};

static void strong_ports(struct ports *s)
{
  double least = s->c->port_share * s->g.max;
  s->n = 0;
  for (uint32_t i = 0; i < s->m.v.rows; i++)
    if (s->g.packets[i] >= s->c->active && s->g.packets[i] >= least)
      s->strong[s->n++] = s->m.host[i];
}

static bool is_strong(const struct ports *s, uint32_t index)
{
  for (uint32_t i = 0; i < s->n; i++)
    if (s->strong[i] == index) return true;
  return false;
}

static void also_add(struct nmf_port *p, struct model_port *to, uint32_t what)
{
  const struct model_port port = {.port = (uint16_t)what, .proto = (uint8_t)(what >> 16)};
  for (uint32_t i = 0; i < p->also.n; i++)
    if (to[i].port == port.port && to[i].proto == port.proto) return;
  if (p->also.n < ALSO) to[p->also.n++] = port;
}

static prac_rc agree(struct ports *s, struct nmf_port *p, struct prac_arena *a)
{
  if (!is_strong(s, p->index)) return PRAC_OK;
  p->port_groups++;
  if (s->n < 2) return PRAC_OK;
  struct model_port *to = prac_arena_alloc(a, ALSO * sizeof *to);
  if (!to) return PRAC_NOMEM;
  if (p->also.n) memcpy(to, p->also.v, p->also.n * sizeof *to);
  p->also.v = to;
  for (uint32_t i = 0; i < s->n; i++)
    if (s->strong[i] != p->index) also_add(p, to, s->cells->ports[s->strong[i]]);
  return PRAC_OK;
}

prac_rc nmf_port_stage(const struct nmf_conf *c, const struct eng_cells *cells,
                       const struct eng_env *env, struct prac_arena *a, struct nmf_found *found)
{
  struct ports s = {.c = c, .cells = cells};
  PRAC_TRY(nmf_matrix_ports(cells, a, &s.m));
  if (s.m.v.rows < 2) return PRAC_OK;
  PRAC_TRY(nmf_factor(c, &s.m.v, env, a, &s.f));
  s.strong = prac_arena_alloc(a, s.m.v.rows * sizeof *s.strong);
  s.g.packets = prac_arena_alloc(a, s.m.v.rows * sizeof *s.g.packets);
  if (!s.strong || !s.g.packets) return PRAC_NOMEM;
  for (size_t k = 0; k < s.f.n_groups; k++) {
    nmf_group_of(c, &s.m.v, &s.f, k, &s.g);
    strong_ports(&s);
    for (uint32_t i = 0; i < found->n; i++) PRAC_TRY(agree(&s, &found->v[i], a));
  }
  return PRAC_OK;
}
