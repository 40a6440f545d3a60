/* store/batches.h — flow batches put together again, for a backend's `batches`.
 *
 * A backend says which batches a stretch of time has (expect), gives what it still has whole (take)
 * and single rows of those it keeps by other keys (row), all in any order; then they come out in
 * order of (minute, sensor, part), rows as flow_batch_new sorts them, `last` as it was.
 *
 * lists     of a batch made of rows are the names its rows carry, sorted: `survey` counts in these,
 *           so its number may be another than at capture, the name is the same
 * twice     several batches of one sensor, minute and part (it was started again within a minute)
 *           come as one: who keeps rows by source cannot tell them apart
 * missing   a batch that was expected with rows and got none (a damaged file) is left out: an empty
 *           one would say "nothing was seen"
 * limits    memory is the caller's affair: it cuts its stretches so that their rows fit
 */
#pragma once
#include "store/answer.h"

/* What is wrong with q; *ret_span: its whole minutes, never NONE. */
PRAC_NODISCARD prac_rc store_batch_query_check(const struct store_batch_query *q,
                                               struct prac_span *ret_span, struct prac_err *reterr);
bool store_batch_wanted(const struct store_batch_query *q, const char *sensor);

struct store_batches;
struct store_batches *store_batches_new(void); /* NULL: no memory */
void store_batches_free(struct store_batches **sp);
void store_batches_reset(struct store_batches *s); /* forgets everything gathered */
/* A batch of `rows` rows is in the stretch; its rows or itself may follow. key->geo NULL: they say.
 */
PRAC_NODISCARD prac_rc store_batches_expect(struct store_batches *s, const struct store_flow *key,
                                            uint64_t rows, bool last);
PRAC_NODISCARD prac_rc store_batches_take(struct store_batches *s, struct flow_batch *b); /* refs */
PRAC_NODISCARD prac_rc store_batches_row(struct store_batches *s, const struct store_flow *f);
/* Hands over everything gathered and forgets it, also when `each` stops it. */
PRAC_NODISCARD prac_rc store_batches_give(struct store_batches *s, store_batch_sink *each,
                                          void *arg, struct prac_err *reterr);
