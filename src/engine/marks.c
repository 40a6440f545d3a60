/* A list of marks, as engines have it in their settings, to bits. */
#include <string.h>

#include "engine/engine.h"

prac_rc eng_marks_read(const struct prac_conf_strings *words, const char *key, uint32_t *ret,
                       struct prac_err *reterr)
{
  uint32_t marks = 0;
  for (size_t i = 0; i < words->n; i++) {
    unsigned bit = 0;
    while (flow_mark_text(bit) && strcmp(flow_mark_text(bit), words->v[i]) != 0) bit++;
    if (!flow_mark_text(bit))
      return PRAC_FAIL(reterr, PRAC_RANGE, "%s: \"%s\" is no mark of a flow", key, words->v[i]);
    marks |= 1u << bit;
  }
  *ret = marks;
  return PRAC_OK;
}
