/* portal/rows.h — rows of any answer as JSON, NDJSON or CSV.
 *
 * json      {"columns":[{name,unit}],"rows":[{...}],"truncated":false}
 * csv       a header line; text that a spreadsheet would take for a formula gets a leading '
 * pages     of records and flows: "next", or the header X-Next, is the cursor behind the last row
 *           given when there are more
 * bounds    max_rows and max_bytes; what is more is cut, and said ("truncated", or the header
 *           X-Truncated)
 */
#pragma once
#include "base/json.h"
#include "store/store.h"

enum { ROWS_CURSOR = 256 };
enum rows_format { ROWS_JSON, ROWS_NDJSON, ROWS_CSV };
struct rows {
  struct prac_json j;
  enum rows_format format;
  size_t n, max_rows;
  bool begun, truncated;
  char next[ROWS_CURSOR]; /* after the last record; "" none */
};
/* JSON: the object is open, more keys may be written to r->j before the first row. */
void rows_init(struct rows *r, enum rows_format f, size_t max_rows, size_t max_bytes);
void rows_done(struct rows *r);
/* A store_row; arg: struct rows. PRAC_STOPPED when full. */
prac_rc rows_put(void *arg, const struct store_col *cols, size_t n, const struct store_value *v);
/* A row that is a record (JSON, NDJSON) or its fields (CSV). */
PRAC_NODISCARD prac_rc rows_put_record(struct rows *r, const struct model_kind *k, const void *rec);
/* The cursor behind a record: where it stands, in a form that says nothing to a reader. */
void rows_cursor(struct rows *r, prac_time at, const char *id);
/* From such a cursor. PRAC_MALFORMED. */
PRAC_NODISCARD prac_rc rows_cursor_read(const char *cursor, struct prac_arena *a,
                                        struct store_query *q, struct prac_err *reterr);
/* Closes what is open; then r->j holds the body. */
void rows_end(struct rows *r);
const char *rows_type(enum rows_format f); /* media type */
/* NULL or "json", "ndjson", "csv"; false: none of them. */
bool rows_format_of(const char *word, enum rows_format *ret);
