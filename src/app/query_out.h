/* app/query_out.h — rows of an answer as an aligned table, JSON lines or CSV. A table's widths come
 * from its first thousand rows. */
#pragma once
#include <stdio.h>

#include "store/store.h"

enum query_form { QUERY_TABLE, QUERY_JSON, QUERY_CSV };
struct query_out;
struct query_out *query_out_new(enum query_form form, const struct store_query *q, FILE *to);
prac_rc query_out_row(void *out, const struct store_col *cols, size_t n,
                      const struct store_value *v); /* a store_row */
uint64_t
query_out_end(struct query_out *o); /* writes what is held back; how many rows there were */
void query_out_free(struct query_out **op);
