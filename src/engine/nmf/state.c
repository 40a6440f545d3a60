/* The whole of the engine as bytes, and back. */
#include "engine/nmf/nmf.h"

prac_rc nmf_save(const void *st, struct prac_wr *w)
{
  const struct nmf_state *s = st;
  eng_groups_save(&s->groups, w);
  eng_past_all_save(&s->sensors, w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

prac_rc nmf_load(void *st, struct prac_rd *r)
{
  struct nmf_state *s = st;
  PRAC_TRY(eng_groups_load(&s->groups, r));
  PRAC_TRY(eng_past_all_load(&s->sensors, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
