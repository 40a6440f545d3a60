/* store/embedded/scan.h — a question as SQL, and its result as our rows. */
#pragma once
#include "store/embedded/duck.h"

enum {
  EMB_CELL_KEYS = 12
}; /* columns of a cell's keys; then packets, flows, bytes, sources,
      first and last in ms, marks */
/* `from`: what stands after FROM. */
void emb_scan_sql(const struct store_query *q, const char *from, struct emb_sqltext *t);
void emb_scan_where(const struct store_query *q, struct emb_sqltext *t); /* " WHERE ..." */
prac_rc emb_scan_answer(const struct store_query *q, duckdb_result *r, store_row *each, void *arg,
                        struct prac_err *reterr);
int64_t emb_ceil_ms(prac_time t);
void emb_last_address(const struct prac_prefix *p, struct prac_ip *ret);
struct prac_span emb_minutes(const struct store_query *q); /* minutes that can hold rows of q */

/* Segments that can hold rows of q, but for those that could not be read before. */
struct emb_file {
  int64_t id, rows;
  struct prac_ip src_lo, src_hi; /* its first and its last source */
  struct prac_span span;
};
struct emb_files {
  struct emb_file *v;
  size_t n, cap;
};
void emb_files_done(struct emb_files *f);
PRAC_NODISCARD prac_rc emb_files_list(struct emb *e, const struct store_query *q,
                                      struct emb_files *ret, struct prac_err *reterr);
/* What stands after FROM: the files, and hot() if asked for or if there are no files. */
void emb_files_from(const struct emb *e, const struct emb_files *f, bool hot,
                    struct emb_sqltext *t);
/* After a scan that failed. true: ask again, the list of files has changed; what cannot be read has
 * been named in the log. */
bool emb_files_changed(struct emb *e, const struct emb_files *f);

/* scan_pick.c: true: ask the table `picked`, which has all rows of q. */
bool emb_pick(struct emb *e, const struct store_query *q);

/* scan_runs.c: top groups of no more than 2^32 - 1 rows, nothing of it in the log. */
enum { EMB_RUNS_COLUMNS = 7 };
void emb_runs_sql(const struct store_query *q, const char *path, struct emb_sqltext *t);
bool emb_runs_ask(const struct store_query *q, const struct emb_files *f,
                  const struct emb_hot *hot);
bool emb_runs_apart(const struct emb_files *f); /* no source stands in two of them */
prac_rc emb_runs_query(struct emb *e, const struct store_query *q, const struct emb_files *f,
                       store_row *each, void *arg, struct prac_err *reterr);
/* scan_merge.c: the same of segments that share sources. PRAC_UNSUPPORTED: DuckDB is to be asked.
 */
prac_rc emb_merge_query(struct emb *e, const struct store_query *q, const struct emb_files *f,
                        store_row *each, void *arg, struct prac_err *reterr);
uint16_t emb_country_of(duckdb_string_t *s);

/* Every row of a result with the columns EMB_COLUMNS. */
typedef prac_rc emb_flow(void *to, const struct store_flow *f);
PRAC_NODISCARD prac_rc emb_flows_walk(duckdb_result *r, emb_flow *each, void *to);
