/* Which batches of an append fall into one time slot of one sensor: what a roll-up is made of. */
#include <stdlib.h>
#include <string.h>

#include "store/roll.h"

static int by_sensor_minute(const void *pa, const void *pb)
{
  const struct flow_batch *a = *(struct flow_batch *const *)pa,
                          *b = *(struct flow_batch *const *)pb;
  int c = strcmp(a->sensor, b->sensor);
  return c ? c : a->minute < b->minute ? -1 : a->minute > b->minute;
}

static prac_rc each_of_level(int64_t level, struct flow_batch *const *v, size_t n,
                             store_roll_slot *each, void *arg, struct prac_err *reterr)
{
  for (size_t i = 0, k; i < n; i = k) {
    prac_time slot = prac_time_floor(v[i]->minute, level * PRAC_SEC);
    for (k = i + 1; k < n && strcmp(v[k]->sensor, v[i]->sensor) == 0 &&
                    prac_time_floor(v[k]->minute, level * PRAC_SEC) == slot;
         k++)
      continue;
    PRAC_TRY(each(arg, level, slot, v + i, k - i, reterr));
  }
  return PRAC_OK;
}

prac_rc store_roll_slots(struct flow_batch *const *b, size_t n, store_roll_slot *each, void *arg,
                         struct prac_err *reterr)
{
  struct flow_batch **v = calloc(n + 1, sizeof(struct flow_batch *));
  size_t m = 0;
  if (!v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for roll-ups");
  for (size_t i = 0; i < n; i++)
    if (b[i]->n > 0) v[m++] = b[i];
  if (m > 1) qsort(v, m, sizeof(struct flow_batch *), by_sensor_minute);
  prac_rc rc = each_of_level(60, v, m, each, arg, reterr);
  if (rc == PRAC_OK) rc = each_of_level(3600, v, m, each, arg, reterr);
  free(v);
  return rc;
}
