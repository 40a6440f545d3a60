/* store/embedded/scan.h — a question as SQL, and its result as our rows. */
#pragma once
#include "store/embedded/duck.h"

/* `from`: what stands after FROM. */
void emb_scan_sql(const struct store_query *q, const char *from, struct emb_sqltext *t);
prac_rc emb_scan_answer(const struct store_query *q, duckdb_result *r, store_row *each, void *arg,
                        struct prac_err *reterr);
struct prac_span emb_minutes(const struct store_query *q); /* minutes that can hold rows of q */
