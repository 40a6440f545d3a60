/* store/embedded/extent.h — records that run, in SQL: what store_record_extent says, letter for
 * letter as their indexes have it; a store without these gives the same answers, later.
 *
 * parts     a question about them is put together of up to three, each in the order asked for and
 *           by an index of its own, which joined are in that order too
 */
#pragma once
#include "store/embedded/embedded.h"

#define EMB_EXTENT_ON "(state NOT IN ('close', 'end'))"
struct emb_extent_words {
  char since[80], length[2048]; /* when it began; the class of how long it has gone on */
};
void emb_extent_sql(const struct model_kind *k, struct emb_extent_words *ret);
PRAC_NODISCARD prac_rc emb_extent_indexes(struct emb *e, const struct model_kind *k,
                                          struct prac_err *reterr);
const char *emb_extent_lengths(void); /* the classes, as WITH length(class, most) */

enum { EMB_PARTS = 3 };
struct emb_part { /* by time `at` */
  enum { EMB_PART_LATER, EMB_PART_WITHIN, EMB_PART_EARLIER, EMB_PART_NAMED } which;
  prac_time from, to;
};
size_t emb_parts(const struct store_query *q, struct emb_part v[EMB_PARTS]);
