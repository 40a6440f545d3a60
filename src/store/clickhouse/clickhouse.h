/* store/clickhouse/clickhouse.h — inside of the ClickHouse backend.
 *
 * flows    rows as they came, and which transaction (`tx`) brought them
 * roll     what each append added to a minute or an hour: counts by key, and the sketch of senders
 * rolled   the same of hours that are over, added up: one row a key, and one more for what came
 *          late
 * day      the hours of a day added up, written when they are given up by age
 * batch    which batches there are
 * record   every version of every record, as JSON
 * ledger   what counts: one row a committed transaction, written last. Rows of a transaction that
 *          it does not name do not exist: readers leave them out (struct ch_view)
 *
 * tx       epoch << 32 | number. A writer begins a new epoch when it opens and after every
 *          statement whose end it does not know; beginning one lays down for good where the epoch
 *          before ended. So whatever arrives late from a dead or stalled writer is never counted
 * one      writer: who begins an epoch fences the others off; they find out before they say "done"
 */
#pragma once
#include <stdarg.h>

#include "store/answer.h"
#include "store/clickhouse/http.h"
#include "store/roll.h"

struct ch_conf {
  struct prac_conf_strings urls;
  const char *database, *user, *password_file;
  const char *ca_file, *cert_file, *key_file;
  const char *cluster;
  bool replicated;
  int64_t quorum;
  int64_t connect_ns, timeout_ns, retry_ns;
  int64_t count_at_once;
  int64_t retention_ns, rollup_retention_ns, packet_retention_ns, delivery_retention_ns;
  int64_t packet_max_rows;
};
extern const struct prac_conf_section ch_conf_section;

struct ch_void { /* tx that do not count: after < tx < before */
  uint64_t after, before;
};
struct ch_view { /* what a question may see */
  uint64_t upto;
  uint32_t edge;      /* seconds: flows, minutes and hours before it were given up */
  uint32_t fold_edge; /* rows of roll before it, of fold_tx and earlier, stand in rolled */
  uint64_t fold_tx;
  uint64_t moved; /* the last tx that moved one of the edges */
  struct ch_void *v;
  size_t n, cap;
};
struct ch_consumer {
  char name[64];
  uint64_t seq;
};
/* Levels of the tables roll and rolled; CH_ALL more: all sensors together, rolled only. */
enum { CH_MINUTES, CH_HOURS, CH_ALL };
enum { CH_CONSUMERS_MAX = 4096, CH_DATABASE = 64 };
struct ch {
  struct ch_conf conf;
  char database[CH_DATABASE], cluster[CH_DATABASE];
  char place[CH_URL]; /* instead of the settings' urls */
  const char *urls[1];
  bool read_only;
  const struct prac_log *log;
  struct ch_http http;
  struct ch_view view;  /* readers and writer: as of the last question */
  uint64_t epoch, last; /* writer: our epoch's first tx; last committed */
  uint64_t next;        /* writer: number for the next tx; 0: an epoch must begin first */
  struct ch_consumer *consumer;
  size_t n_consumers;
  uint64_t repeats; /* transactions that were there already */
};

/* schema.c */
PRAC_NODISCARD prac_rc ch_schema(struct ch *c, struct prac_err *reterr);
/* On every node; with a quorum one that is away is left out. */
PRAC_NODISCARD prac_rc ch_everywhere(struct ch *c, struct prac_err *reterr, const char *fmt, ...)
    PRAC_PRINTF(3, 4);
const char *ch_own(const struct ch *c); /* what a table's own name ends in: "_own" in a cluster */

/* ledger.c */
PRAC_NODISCARD prac_rc ch_view_read(struct ch *c, struct prac_err *reterr);
void ch_view_done(struct ch_view *v);
void ch_say_view(const struct ch *c, struct ch_buf *sql); /* " AND tx <= ..." */
/* The same for roll: without what stands in rolled. */
void ch_say_view_roll(const struct ch *c, struct ch_buf *sql);
/* Of a SELECT with one number: a ch_ask sink; arg: uint64_t. */
prac_rc ch_take_number(void *arg, struct prac_rd *r);
/* Whether an edge moved since the view was read: rows may have gone while a question ran. */
PRAC_NODISCARD prac_rc ch_view_moved(struct ch *c, bool *ret, struct prac_err *reterr);
PRAC_NODISCARD prac_rc ch_ledger_open(struct ch *c, struct prac_err *reterr);
PRAC_NODISCARD prac_rc ch_epoch_begin(struct ch *c, struct prac_err *reterr);
/* A number for rows; until ch_commit has said that they count, the next one begins a new epoch.
 * edge, fold: what ch_view.edge and fold_edge become with it; 0: stay. */
PRAC_NODISCARD prac_rc ch_begin(struct ch *c, uint64_t *ret_no, struct prac_err *reterr);
struct ch_commit {
  uint64_t no;
  const char *consumer; /* NULL: no position */
  uint64_t seq;
  uint32_t edge, fold;
};
PRAC_NODISCARD prac_rc ch_commit(struct ch *c, const struct ch_commit *t, struct prac_err *reterr);
PRAC_NODISCARD prac_rc ch_note(struct ch *c, const char *what, uint64_t tx, const char *name,
                               uint64_t n, struct prac_err *reterr);
struct ch_consumer *ch_consumer_of(struct ch *c, const char *name); /* NULL: none yet */
PRAC_NODISCARD prac_rc ch_position(void *st, const char *consumer, uint64_t *ret_seq,
                                   struct prac_err *reterr);

/* insert.c */
PRAC_NODISCARD prac_rc ch_append(void *st, const struct store_tx *tx, struct prac_err *reterr);
/* into: "table (columns)"; rows as RowBinary; none: nothing happens. */
PRAC_NODISCARD prac_rc ch_insert(struct ch *c, const char *into, const struct ch_buf *rows,
                                 struct prac_err *reterr);
/* insert_roll.c */
PRAC_NODISCARD prac_rc ch_insert_rolls(struct ch *c, struct flow_batch *const *b, size_t n,
                                       uint64_t no, struct prac_err *reterr);

/* A sketch as a String of its own: n codes, or registers. */
void ch_put_sketch(struct ch_buf *to, const uint32_t *v, size_t n, const uint8_t *dense);

/* where.c: a question's filters as SQL */
#define CH_FIRST "(toInt64(toUInt32(minute)) * 1000 + first_ms)"
/* Nothing, as a column: a bare constant that comes from several nodes is no longer one. */
#define CH_NO_NUMBER "materialize(toUInt32(0))"
#define CH_NO_TEXT "materialize('')"
void ch_say_where(const struct ch *c, const struct store_query *q, struct ch_buf *sql);
void ch_say_bytes(struct ch_buf *sql, const void *v, size_t n); /* a literal */
void ch_say_prefix(const char *column, const struct prac_prefix *p, struct ch_buf *sql);
/* Any of q's srcs, of which there are some: whole addresses as one set, prefixes one by one. */
void ch_say_srcs(const char *column, const struct store_query *q, struct ch_buf *sql);
uint32_t ch_seconds(prac_time t); /* clamped to what DateTime holds */
prac_rc ch_no_memory(struct prac_err *reterr);

/* flows.c: rows of flows, by FORMAT RowBinary */
extern const char ch_flow_columns[];
typedef prac_rc ch_flow_sink(void *arg, const struct store_flow *f);
struct ch_walk {
  ch_flow_sink *each;
  void *arg;
};
prac_rc ch_flow_row(void *walk, struct prac_rd *r); /* a ch_row */
PRAC_NODISCARD prac_rc ch_flows(struct ch *c, struct ch_buf *sql, ch_flow_sink *each, void *arg,
                                struct prac_err *reterr);
prac_rc ch_flows_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                       struct prac_err *reterr);
prac_rc ch_host_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                      struct prac_err *reterr);
/* groups.c */
int ch_group_cmp(const void *a, const void *b); /* of struct store_group, by their keys */
prac_rc ch_groups_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                        struct prac_err *reterr);
prac_rc ch_cells_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                       struct prac_err *reterr);
/* rolls.c */
prac_rc ch_rolls_query(struct ch *c, const struct store_query *q, const struct store_plan *p,
                       store_row *each, void *arg, struct prac_err *reterr);
/* records.c */
PRAC_NODISCARD prac_rc ch_insert_records(struct ch *c, const struct store_rec *r, size_t n,
                                         uint64_t no, struct prac_err *reterr);
prac_rc ch_records_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                         struct prac_err *reterr);
prac_rc ch_sensors_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                         struct prac_err *reterr);
prac_rc ch_kept_query(struct ch *c, store_row *each, void *arg, struct prac_err *reterr);
/* fold.c: roll-ups of hours that are over, added up */
PRAC_NODISCARD prac_rc ch_fold(struct ch *c, prac_time now, struct prac_err *reterr);
/* Everything there is can be read; the view is new. */
PRAC_NODISCARD prac_rc ch_fold_ready(struct ch *c, struct prac_err *reterr);
/* The hours of a day into `day`, with the number `no`. */
PRAC_NODISCARD prac_rc ch_fold_day(struct ch *c, uint32_t day, uint64_t no,
                                   struct prac_err *reterr);
/* batches.c, retain.c */
PRAC_NODISCARD prac_rc ch_batches(void *st, const struct store_batch_query *q,
                                  store_batch_sink *each, void *arg, struct prac_err *reterr);
PRAC_NODISCARD prac_rc ch_maintain(void *st, prac_time now, struct prac_err *reterr);
