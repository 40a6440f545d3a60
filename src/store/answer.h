/* store/answer.h — what every backend shares, so that they answer alike: which rows a question
 * means, the columns of each answer, and whether roll-ups can answer it.
 *
 * flows    columns as in flow_row_json: first, last, sensor, src, dst, ...; in order of (first,
 *          sensor, part, src, dst, proto, sport, dport, packets, bytes, last), then by all other
 *          columns: pages (`passed`) meet, also between rows that differ in one of these alone
 * groups   STORE_SERIES and STORE_TOP*: "at" (series only), one key column named after `by`, then
 *          packets, flows, bytes, sources. Top: by packets, then by key; series: by time, then key
 * cells    STORE_CELLS: the columns of `keys` in their order, then packets, flows, bytes, sources,
 *          first, last, marks (of all rows, OR-ed; not where they are a key). With STORE_KEY_AT by
 *          time, then keys; else by packets, biggest first, then keys
 * kept     STORE_KEPT: what (flows, minutes, hours), from, to; nothing of what there is nothing
 * roll-ups STORE_SERIES and STORE_TOP without src, dst, victim, marks and with at most one of port,
 *          country and AS. Their time is rounded outwards to whole minutes (totals) or whole hours
 *          (anything by port, country or AS, or a step of an hour or a day); sources are sketched
 *          (store/sketch.h). All other questions scan, and are exact.
 */
#pragma once
#include "store/sketch.h"
#include "store/store.h"

enum {
  STORE_LIMIT = 1000,
  STORE_SERIES_LIMIT = 200000,
  STORE_SENSOR_MAX = 31,
  STORE_COLS_MAX = 24
};

/* One row of flows with what its batch knows. */
struct store_flow {
  const char *sensor; /* borrowed */
  const char *survey; /* list name or ""; borrowed */
  const char *geo;    /* what country and asn come from; NULL where nobody asks; borrowed */
  prac_time minute;
  uint32_t part;
  struct flow_row row;
};
static inline prac_time store_flow_first(const struct store_flow *f)
{
  return f->minute + f->row.first_ms * PRAC_MS;
}
/* The port a row is counted under: ICMP type and code, 0 for protocols without ports. */
struct model_port store_flow_port(uint8_t proto, uint16_t sport, uint16_t dport);
/* A record's own, as a flow's; false: its table has none. */
bool store_record_port(const struct model_kind *k, const void *rec, struct model_port *ret);
bool store_srcs_has(const struct store_query *q, const struct prac_ip *ip);
bool store_flow_match(const struct store_query *q, const struct store_flow *f);
int store_flow_cmp(const struct store_flow *a, const struct store_flow *b);
/* The next page of flows: the span is narrowed by store_query_open, so many rows are asked for, and
 * the first of these are not given again. */
struct store_pass {
  prac_time at;
  uint32_t left;
};
uint32_t store_flow_limit(const struct store_query *q);
struct store_pass store_pass_of(const struct store_query *q);
bool store_pass_over(struct store_pass *p, prac_time first); /* true: it was given */
prac_rc store_flow_emit(const struct store_flow *f, store_row *each, void *arg);

/* Whether records of this kind are said anew while what they tell of goes on (alerts, episodes). */
bool store_record_runs(const struct model_kind *k);
/* What a record tells of, both ends belong to it. Of those that run: from the first of their times
 * to this revision; INT64_MAX while it is not closed or ended. All others: the one moment `at`. */
struct prac_span store_record_extent(const struct model_kind *k, const void *rec);
/* Whether q asks for more than an id and a time of records: then each must be matched. */
bool store_record_filtered(const struct store_query *q);
/* Whether a record is what q asks for, by the fields its table has. */
bool store_record_match(const struct store_query *q, const void *rec);
prac_rc store_record_emit(const char *json, store_row *each, void *arg);

struct store_group {
  prac_time at;    /* start of the step; PRAC_TIME_NONE for top */
  uint64_t hi, lo; /* port: proto << 16 | port; country; AS; source's halves */
  uint64_t packets, flows, bytes, sources;
  char sensor[STORE_SENSOR_MAX + 1]; /* by sensor only, else "" */
};
/* Sorts, cuts to the limit, hands over. */
prac_rc store_groups_emit(const struct store_query *q, struct store_group *g, size_t n,
                          store_row *each, void *arg);
/* The first `limit` groups in the answer's order; no handing over. */
size_t store_groups_cut(const struct store_query *q, struct store_group *g, size_t n);
uint32_t store_limit(const struct store_query *q);
/* The n > 0 biggest numbers as a heap, zeroed at first: heap[0] is the least of them. */
void store_biggest_add(uint64_t *heap, size_t n, uint64_t v);

/* The dimensions that roll-ups have. */
enum store_dim_kept { STORE_KEPT_TOTAL, STORE_KEPT_PORT, STORE_KEPT_COUNTRY, STORE_KEPT_ASN };
enum { STORE_KEPT_COUNT = STORE_KEPT_ASN + 1 };
struct store_plan {
  enum store_dim_kept dim;
  int64_t level_ns;        /* a minute or an hour: the finest roll-up to read */
  struct prac_span span;   /* rounded outwards to level_ns; never NONE */
  uint64_t key_lo, key_hi; /* inclusive */
  int64_t step_ns;         /* 0: top, no time */
  bool by_key, by_sensor;
};
/* false: only a scan can answer. */
bool store_plan(const struct store_query *q, struct store_plan *ret);
uint64_t store_kept_key(enum store_dim_kept dim, const struct flow_row *r);

/* One cell; what is no key is zero. */
struct store_cell {
  prac_time at;
  struct prac_ip src, dst;
  uint32_t port, asn, marks; /* port: proto << 16 | port; marks: a key, or OR-ed */
  uint16_t country;
  uint8_t tool;
  char sensor[STORE_SENSOR_MAX + 1], survey[64];
  uint64_t packets, flows, bytes, sources;
  prac_time first, last;
};
struct store_cell store_cell_of(const struct store_query *q, const struct store_flow *f);
int store_cell_cmp(const struct store_cell *a, const struct store_cell *b); /* by its keys */
prac_rc store_cell_emit(const struct store_query *q, const struct store_cell *c, store_row *each,
                        void *arg);
/* The rows of a question, in any order; give sorts, adds up and hands over. */
struct store_cells;
struct store_cells *store_cells_new(const struct store_query *q);
void store_cells_free(struct store_cells **cp);
PRAC_NODISCARD prac_rc store_cells_add(struct store_cells *c, const struct store_flow *f);
prac_rc store_cells_give(struct store_cells *c, store_row *each, void *arg);
/* One row of STORE_KEPT; nothing when from is NONE. */
prac_rc store_kept_emit(const char *what, prac_time from, prac_time to, store_row *each, void *arg);

/* What one address did, hour by hour. Rows in any order; done frees. */
struct store_host;
struct store_host *store_host_new(void);
void store_host_free(struct store_host **hp);
PRAC_NODISCARD prac_rc store_host_add(struct store_host *h, const struct store_flow *f);
prac_rc store_host_emit(struct store_host *h, const struct store_query *q, store_row *each,
                        void *arg);

struct store_sensor {
  char sensor[STORE_SENSOR_MAX + 1];
  prac_time first, last; /* minutes */
  uint64_t packets, flows, bytes, batches;
  struct health health; /* at PRAC_TIME_NONE: none yet */
};
prac_rc store_sensor_emit(const struct store_sensor *s, store_row *each, void *arg);

/* A copy whose span {0, 0} (a query filled with zeroes) is open. */
struct store_query store_query_open(const struct store_query *q);
/* What can be wrong with a question, whoever asks it. */
PRAC_NODISCARD prac_rc store_query_check(const struct store_query *q, struct prac_err *reterr);
bool store_sensor_ok(const char *s); /* [a-z0-9-]{1,31} */
/* "zmap,payload"; out holds STORE_MARKS_TEXT bytes. */
enum { STORE_MARKS_TEXT = 256 };
const char *store_marks_text(char out[STORE_MARKS_TEXT], uint32_t marks);
