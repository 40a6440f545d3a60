/* The whole of the engine as bytes, and back. */
#include "engine/tensor/tensor.h"

prac_rc tensor_save(const void *st, struct prac_wr *w)
{
  const struct tensor_state *s = st;
  eng_past_all_save(&s->sensors, w);
  eng_groups_save(&s->groups, w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

prac_rc tensor_load(void *st, struct prac_rd *r)
{
  struct tensor_state *s = st;
  PRAC_TRY(eng_past_all_load(&s->sensors, r));
  PRAC_TRY(eng_groups_load(&s->groups, r));
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
