/* store/embedded/kept.h — batches of the log that a reader of many questions has decoded.
 *
 * bounds    64 MiB of rows, lists and texts; a batch of more than an eighth of that is not kept
 * threads   any, at the same time
 */
#pragma once
#include "store/embedded/embedded.h"

struct emb_kept;
PRAC_NODISCARD prac_rc emb_kept_new(struct emb_kept **ret);
void emb_kept_free(struct emb_kept **kp);
/* A reference, or NULL. k NULL: nothing is kept. */
struct flow_batch *emb_kept_get(struct emb_kept *k, const struct emb_place *at);
void emb_kept_put(struct emb_kept *k, const struct emb_place *at, struct flow_batch *b);
