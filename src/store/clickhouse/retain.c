/* What is no longer wanted, by age. */
#include "store/clickhouse/clickhouse.h"

prac_rc ch_maintain(void *st, prac_time now, struct prac_err *reterr)
{
  struct ch *c = st;
  (void)now;
  return ch_sweep(c, reterr);
}
