/* store/embedded/embedded.h — inside of the embedded backend.
 *
 * DIR/practice.db       SQLite (WAL, synchronous FULL): records, roll-ups, positions, the catalogue
 * DIR/log/NNN.flows     flow batches as they came, encoded; the catalogue says where each one is
 * DIR/flows/NNN.parquet   immutable segments, sorted by source; made by compaction from the log
 * DIR/tmp               unfinished files; emptied when the writer opens
 *
 * append   log bytes, fdatasync, then one SQLite transaction (catalogue, roll-ups, records,
 *          position): what the transaction does not name does not exist, and is cut off at opening
 * compact  log batches -> tmp file, fsync, rename, then one transaction that swaps the catalogue
 *          rows; files nobody names are removed afterwards
 * reading  catalogue in one read transaction, then files; a file that has gone meanwhile: again
 */
#pragma once
#include <sqlite3.h>

#include "store/answer.h"
#include "store/roll.h"

struct emb_conf {
  const char *dir;
  int64_t retention_ns, rollup_retention_ns, packet_retention_ns, delivery_retention_ns;
  int64_t packet_max_rows, max_bytes, memory_bytes;
  int64_t flush_rows, small_rows;
  int64_t level, threads;
};
extern const struct prac_conf_section emb_conf_section;

enum emb_sql { /* statements prepared once; texts in db.c */
               EMB_BEGIN,
               EMB_COMMIT,
               EMB_ROLLBACK,
               EMB_READ,
               EMB_POSITION_GET,
               EMB_POSITION_PUT,
               EMB_BATCH_PUT,
               EMB_SENSOR_PUT,
               EMB_SENSORS,
               EMB_HEALTH_LAST,
               EMB_ROLL_PUT,
               EMB_ROLL_UNDERIVE,
               EMB_ROLL_COUNTS,
               EMB_ROLL_SKETCHES,
               EMB_ROLL_DAY_COUNTS,
               EMB_ROLL_DAY_SKETCHES,
               EMB_UNDERIVED,
               EMB_DERIVE_HOUR,
               EMB_DERIVE_DAY,
               EMB_DERIVE_DAY_ALL,
               EMB_DERIVE_DROP,
               EMB_DERIVE_MARK,
               EMB_DERIVE_SENSORS,
               EMB_HOT,
               EMB_SEGMENTS,
               EMB_SEGMENT_PUT,
               EMB_BATCH_MOVED,
               EMB_EMPTY_MOVED,
               EMB_HOT_SLOTS,
               EMB_ROLL_MANY,
               EMB_ROLL_SLOT,
               EMB_ROLL_DROP,
               EMB_MINUTES,
               EMB_BATCHES,
               EMB_COUNT_
};
struct emb_duck;
struct emb_kept;
struct emb_picked;
enum { EMB_BAD_MAX = 256 };
struct emb {
  char dir[3072];
  bool read_only;
  unsigned nthreads;
  const struct prac_log *log;
  struct emb_conf conf;
  int lock_fd;
  sqlite3 *db;
  sqlite3_stmt *stmt[EMB_COUNT_];
  int log_fd; /* the log file being written; -1: none yet */
  int64_t log_id, log_len;
  struct emb_duck *duck;    /* opened at the first scan */
  int64_t bad[EMB_BAD_MAX]; /* segments that cannot be read */
  size_t n_bad;
  bool again;
  struct emb_kept *kept;     /* again: what scans have decoded of the log; kept.c */
  struct emb_picked *picked; /* again: what the temporary table of a scan holds; scan_pick.c */
  uint64_t repeats;          /* transactions that were there already */
};
enum { EMB_PATH = 4096, EMB_LOG_MAX = 256 << 20 };
void emb_path(const struct emb *e, char out[EMB_PATH], const char *what, int64_t id);

/* db.c: SQLite */
PRAC_NODISCARD prac_rc emb_db_open(struct emb *e, struct prac_err *reterr);
void emb_db_close(struct emb *e);
PRAC_NODISCARD prac_rc emb_fail(struct emb *e, struct prac_err *reterr, const char *doing);
PRAC_NODISCARD prac_rc emb_stmt(struct emb *e, enum emb_sql which, sqlite3_stmt **ret,
                                struct prac_err *reterr); /* reset, nothing bound */
PRAC_NODISCARD prac_rc emb_step(struct emb *e, sqlite3_stmt *s, bool *ret_row,
                                struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_run(struct emb *e, enum emb_sql which, struct prac_err *reterr);
void emb_rollback(struct emb *e);
PRAC_NODISCARD prac_rc emb_exec(struct emb *e, const char *sql, struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_one(struct emb *e, const char *sql, int64_t *ret,
                               struct prac_err *reterr); /* one number; 0 for NULL or no row */
void emb_bind_text(sqlite3_stmt *s, int at, const char *text);

/* records.c */
PRAC_NODISCARD prac_rc emb_records_tables(struct emb *e, struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_records_put(struct emb *e, const struct store_rec *r, size_t n,
                                       struct prac_err *reterr);
prac_rc emb_records_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr);

/* sensors.c */
prac_rc emb_sensors_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr);
prac_rc emb_kept_query(struct emb *e, store_row *each, void *arg, struct prac_err *reterr);

/* log.c: the flow log */
PRAC_NODISCARD prac_rc emb_log_recover(struct emb *e, struct prac_err *reterr);
struct emb_place {
  int64_t log, off, len;
};
PRAC_NODISCARD prac_rc emb_log_append(struct emb *e, struct flow_batch *const *b, size_t n,
                                      struct emb_place *ret, struct prac_err *reterr);
void emb_log_undo(struct emb *e, int64_t len); /* back to this length */
void emb_log_close(struct emb *e);
PRAC_NODISCARD prac_rc emb_log_sweep(struct emb *e, struct prac_err *reterr); /* unused files */

struct emb_hot { /* batches read back from the log */
  struct flow_batch **b;
  int64_t *id;
  size_t n, cap, lost; /* lost: could not be read */
  uint64_t rows;
  bool empty; /* asked for: batches without rows too */
};
void emb_hot_done(struct emb_hot *h);
/* One batch of the log, from any thread. PRAC_AGAIN: its file has gone, the catalogue is to be read
 * again. *ret NULL: it is damaged. */
PRAC_NODISCARD prac_rc emb_batch_read(struct emb *e, const struct emb_place *at,
                                      struct flow_batch **ret);
/* Batches still in the log whose minute lies in span (and of sensor, unless NULL). */
PRAC_NODISCARD prac_rc emb_hot_read(struct emb *e, struct prac_span span, const char *sensor,
                                    struct emb_hot *ret, struct prac_err *reterr);

/* rolls.c */
PRAC_NODISCARD prac_rc emb_rolls_put(struct emb *e, struct flow_batch *const *b, size_t n,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_roll_put(struct emb *e, int64_t level, enum store_dim_kept dim,
                                    prac_time start, const char *sensor,
                                    const struct store_roll_blob *b, struct prac_err *reterr);
/* An hour's row over all sensors has counts, but no sketches, in these dimensions: the sensors' own
 * rows have them. */
static inline bool emb_hour_counts_only(enum store_dim_kept dim)
{
  return dim == STORE_KEPT_PORT || dim == STORE_KEPT_ASN;
}
/* rolls_sum.c: roll-ups made of others. */
struct emb_sum {
  enum emb_sql from; /* gives counts, sketch for ?1 level, ?2 dim, ?3 start, ?4 sensor */
  int64_t level;
  enum store_dim_kept dim;
  prac_time start;
  char sensor[STORE_SENSOR_MAX + 1];
  bool counts_only; /* what is made has no sketches */
};
typedef prac_rc emb_sum_put(struct emb *e, const struct emb_sum *v, const struct store_roll_blob *b,
                            struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_sums(struct emb *e, const struct emb_sum *v, size_t n, emb_sum_put *put,
                                struct prac_err *reterr); /* in this order */
prac_rc emb_rolls_query(struct emb *e, const struct store_query *q, const struct store_plan *p,
                        store_row *each, void *arg, struct prac_err *reterr);

/* scan.c, duck.c: questions to the flows themselves */
prac_rc emb_scan_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                       struct prac_err *reterr);
void emb_duck_close(struct emb *e);
void emb_pick_forget(struct emb *e);

/* batches.c: flows to be replayed */
PRAC_NODISCARD prac_rc emb_batches(void *st, const struct store_batch_query *q,
                                   store_batch_sink *each, void *arg, struct prac_err *reterr);

/* compact.c, segment.c, rolls_merge.c, retain.c */
PRAC_NODISCARD prac_rc emb_maintain(void *st, prac_time now, struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_segments_write(struct emb *e, const struct emb_hot *h,
                                          struct prac_err *reterr); /* h->rows > 0 */
PRAC_NODISCARD prac_rc emb_rolls_merge(struct emb *e, prac_time now, struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_rolls_derive(struct emb *e, prac_time now, struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_retain(struct emb *e, prac_time now, struct prac_err *reterr);
PRAC_NODISCARD prac_rc emb_segments_sweep(struct emb *e, struct prac_err *reterr);
