/* The backend's table: opening, appending, positions. Appending is a log write and one SQLite
 * transaction, so that whatever stops it, either all of it is there or nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/embedded.h"
#include "store/embedded/kept.h"

static const struct prac_conf_item items[] = {
    {"dir", PRAC_CONF_STRING, offsetof(struct emb_conf, dir), .sdflt = "./practice-data",
     .help = "directory of the store; made when it is not there"},
    {"retention", PRAC_CONF_DURATION, offsetof(struct emb_conf, retention_ns), .lo = 3600,
     .hi = 3153600000.0, .dflt = 34560000,
     .help = "flows, minute and hour roll-ups and health older than this are removed"},
    {"rollup-retention", PRAC_CONF_DURATION, offsetof(struct emb_conf, rollup_retention_ns),
     .lo = 86400, .hi = 31536000000.0, .dflt = 315360000,
     .help = "day roll-ups older than this are removed; findings and alerts stay"},
    {"packet-retention", PRAC_CONF_DURATION, offsetof(struct emb_conf, packet_retention_ns),
     .lo = 3600, .hi = 3153600000.0, .dflt = 2592000,
     .help = "packets that were kept as they came are removed when they are older than this"},
    {"packet-max-rows", PRAC_CONF_INT, offsetof(struct emb_conf, packet_max_rows), .lo = 1000,
     .hi = 1e12, .dflt = 10000000,
     .help = "most packets that are kept as they came, about 1 KB each: beyond it the oldest go"},
    {"delivery-retention", PRAC_CONF_DURATION, offsetof(struct emb_conf, delivery_retention_ns),
     .lo = 86400, .hi = 31536000000.0, .dflt = 31536000,
     .help = "what was told to whom is removed when it is older than this"},
    {"max-bytes", PRAC_CONF_SIZE, offsetof(struct emb_conf, max_bytes), .lo = 1048576,
     .hi = 1125899906842624.0, .dflt = 107374182400.0,
     .help = "most bytes of flows on disk: beyond it the oldest segments are removed"},
    {"flush-rows", PRAC_CONF_INT, offsetof(struct emb_conf, flush_rows), .lo = 1000, .hi = 16777216,
     .dflt = 1048576,
     .help = "rows of one hour in the log that are worth a segment before the hour ends"},
    {"small-rows", PRAC_CONF_INT, offsetof(struct emb_conf, small_rows), .lo = 0, .hi = 16777216,
     .dflt = 200000, .help = "a finished hour with fewer rows waits for its day's segment"},
    {"level", PRAC_CONF_INT, offsetof(struct emb_conf, level), .lo = 1, .hi = 19, .dflt = 1,
     .help = "zstd level of segments"},
    {"memory-limit", PRAC_CONF_SIZE, offsetof(struct emb_conf, memory_bytes), .lo = 67108864,
     .hi = 1099511627776.0, .dflt = 1073741824, .help = "memory that one scan may take"},
    {"threads", PRAC_CONF_INT, offsetof(struct emb_conf, threads), .lo = 0, .hi = 64, .dflt = 0,
     .help = "threads of a scan; 0: as many as the process was given"},
};
const struct prac_conf_section emb_conf_section = {
    .path = "store.embedded",
    .about = "the store that needs nothing beside it: SQLite for records, Parquet for flows",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct emb_conf),
};

void emb_path(const struct emb *e, char out[EMB_PATH], const char *what, int64_t id)
{
  if (strcmp(what, "log") == 0)
    (void)snprintf(out, EMB_PATH, "%s/log/%012lld.flows", e->dir, (long long)id);
  else
    (void)snprintf(out, EMB_PATH, "%s/%s/%012lld.parquet", e->dir, what, (long long)id);
}

static prac_rc make_dir(const char *path, struct prac_err *reterr)
{
  if (mkdir(path, 0750) == 0 || errno == EEXIST) return PRAC_OK;
  return PRAC_FAIL(reterr, errno == ENOSPC ? PRAC_FULL : PRAC_IO, "making %s: %s", path,
                   strerror(errno));
}

static prac_rc make_dirs(struct emb *e, struct prac_err *reterr)
{
  static const char *const subs[] = {"log", "flows", "tmp"};
  PRAC_TRY(make_dir(e->dir, reterr));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(subs); i++) {
    char path[EMB_PATH];
    (void)snprintf(path, sizeof path, "%s/%s", e->dir, subs[i]);
    PRAC_TRY(make_dir(path, reterr));
  }
  return PRAC_OK;
}

static prac_rc lock(struct emb *e, struct prac_err *reterr)
{
  char path[EMB_PATH];
  (void)snprintf(path, sizeof path, "%s/lock", e->dir);
  e->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (e->lock_fd < 0) return PRAC_FAIL(reterr, PRAC_IO, "opening %s: %s", path, strerror(errno));
  if (flock(e->lock_fd, LOCK_EX | LOCK_NB) == 0) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_EXISTS, "another process is writing to the store %s", e->dir);
}

/* What was being written when the last writer stopped. */
static void empty_tmp(const struct emb *e)
{
  char path[EMB_PATH];
  (void)snprintf(path, sizeof path, "%s/tmp", e->dir);
  DIR *d = opendir(path);
  if (!d) return;
  for (struct dirent *f; (f = readdir(d));)
    if (f->d_name[0] != '.') (void)unlinkat(dirfd(d), f->d_name, 0);
  closedir(d);
}

static prac_rc take_settings(struct emb *e, const void *conf, const struct store_env *env,
                             struct prac_err *reterr)
{
  if (conf)
    e->conf = *(const struct emb_conf *)conf;
  else
    prac_conf_defaults(&emb_conf_section, &e->conf);
  const char *dir = env->dir && env->dir[0] ? env->dir : e->conf.dir;
  if (strlen(dir) >= sizeof e->dir || strpbrk(dir, "*?[]{}'\"") || dir[0] == 0)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "the store's directory must be named, without any of *?[]{}'\": \"%.200s\"",
                     dir);
  (void)snprintf(e->dir, sizeof e->dir, "%s", dir);
  e->read_only = env->read_only;
  e->log = env->log;
  e->again = env->again && env->read_only;
  e->nthreads = e->conf.threads ? (unsigned)e->conf.threads : env->nthreads;
  if (e->nthreads == 0) e->nthreads = 1;
  return PRAC_OK;
}

static prac_rc emb_open(void *st, const void *conf, const struct store_env *env,
                        struct prac_err *reterr)
{
  struct emb *e = st;
  e->lock_fd = e->log_fd = -1;
  PRAC_TRY(take_settings(e, conf, env, reterr));
  if (!e->read_only) {
    PRAC_TRY(make_dirs(e, reterr));
    PRAC_TRY(lock(e, reterr));
    empty_tmp(e);
  }
  PRAC_TRY(emb_db_open(e, reterr));
  if (e->again && emb_kept_new(&e->kept) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a store");
  if (e->read_only) return PRAC_OK;
  PRAC_TRY(emb_log_recover(e, reterr));
  return emb_segments_sweep(e, reterr);
}

static void emb_close(void *st)
{
  struct emb *e = st;
  emb_duck_close(e);
  emb_kept_free(&e->kept);
  emb_pick_forget(e);
  emb_log_close(e);
  emb_db_close(e);
  if (e->lock_fd >= 0) close(e->lock_fd);
  e->lock_fd = -1;
}

static prac_rc emb_position(void *st, const char *consumer, uint64_t *ret_seq,
                            struct prac_err *reterr)
{
  struct emb *e = st;
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_stmt(e, EMB_POSITION_GET, &s, reterr));
  emb_bind_text(s, 1, consumer);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  *ret_seq = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
  sqlite3_reset(s);
  return PRAC_OK;
}

static prac_rc put_position(struct emb *e, const struct store_tx *tx, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  if (!tx->consumer) return PRAC_OK;
  PRAC_TRY(emb_stmt(e, EMB_POSITION_PUT, &s, reterr));
  emb_bind_text(s, 1, tx->consumer);
  sqlite3_bind_int64(s, 2, (int64_t)tx->seq);
  return emb_step(e, s, &row, reterr);
}

static prac_rc put_batch(struct emb *e, const struct flow_batch *b, const struct emb_place *at,
                         struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  PRAC_TRY(emb_stmt(e, EMB_BATCH_PUT, &s, reterr));
  emb_bind_text(s, 1, b->sensor);
  sqlite3_bind_int64(s, 2, b->minute);
  sqlite3_bind_int64(s, 3, b->part);
  sqlite3_bind_int64(s, 4, b->n);
  sqlite3_bind_int(s, 5, b->last);
  sqlite3_bind_int64(s, 6, at->log);
  sqlite3_bind_int64(s, 7, at->off);
  sqlite3_bind_int64(s, 8, at->len);
  if (b->n == 0) emb_bind_text(s, 9, b->geo); /* it leaves the log and enters no segment */
  return emb_step(e, s, &row, reterr);
}

static prac_rc put_sensor(struct emb *e, const struct flow_batch *b, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  uint64_t packets = 0, bytes = 0;
  for (uint32_t i = 0; i < b->n; i++) {
    packets += b->packets[i];
    bytes += b->bytes[i];
  }
  PRAC_TRY(emb_stmt(e, EMB_SENSOR_PUT, &s, reterr));
  emb_bind_text(s, 1, b->sensor);
  sqlite3_bind_int64(s, 2, b->minute);
  sqlite3_bind_int64(s, 3, (int64_t)packets);
  sqlite3_bind_int64(s, 4, b->n);
  sqlite3_bind_int64(s, 5, (int64_t)bytes);
  return emb_step(e, s, &row, reterr);
}

static prac_rc in_transaction(struct emb *e, const struct store_tx *tx,
                              const struct emb_place *place, struct prac_err *reterr)
{
  for (size_t i = 0; i < tx->n_batches; i++) {
    PRAC_TRY(put_batch(e, tx->batches[i], &place[i], reterr));
    PRAC_TRY(put_sensor(e, tx->batches[i], reterr));
  }
  PRAC_TRY(emb_rolls_put(e, tx->batches, tx->n_batches, reterr));
  PRAC_TRY(emb_records_put(e, tx->recs, tx->n_recs, reterr));
  PRAC_TRY(put_position(e, tx, reterr));
  return emb_run(e, EMB_COMMIT, reterr);
}

static prac_rc store_it(struct emb *e, const struct store_tx *tx, struct emb_place *place,
                        struct prac_err *reterr)
{
  int64_t log_id = e->log_id, log_len = e->log_len;
  PRAC_TRY(emb_log_append(e, tx->batches, tx->n_batches, place, reterr));
  prac_rc rc = emb_run(e, EMB_BEGIN, reterr);
  if (rc == PRAC_OK) rc = in_transaction(e, tx, place, reterr);
  if (rc != PRAC_OK) {
    emb_rollback(e);
    /* After an I/O error nobody knows whether the commit reached the disk: then the bytes stay,
     * unnamed bytes do no harm. */
    if (rc != PRAC_IO) emb_log_undo(e, e->log_id == log_id ? log_len : 0);
  }
  return rc;
}

static prac_rc emb_append(void *st, const struct store_tx *tx, struct prac_err *reterr)
{
  struct emb *e = st;
  uint64_t seq = 0;
  if (e->read_only) return PRAC_FAIL(reterr, PRAC_DENIED, "%s is open for reading only", e->dir);
  if (tx->consumer) {
    PRAC_TRY(emb_position(e, tx->consumer, &seq, reterr));
    if (seq != 0 && tx->seq <= seq) {
      e->repeats++;
      return PRAC_OK;
    }
  }
  struct emb_place *place = calloc(tx->n_batches + 1, sizeof *place);
  if (!place) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to store");
  prac_rc rc = store_it(e, tx, place, reterr);
  free(place);
  return rc;
}

static prac_rc emb_query(void *st, const struct store_query *asked, store_row *each, void *arg,
                         struct prac_err *reterr)
{
  struct emb *e = st;
  struct store_query q = store_query_open(asked);
  struct store_plan plan;
  PRAC_TRY(store_query_check(&q, reterr));
  if (q.what == STORE_RECORDS) return emb_records_query(e, &q, each, arg, reterr);
  if (q.what == STORE_SENSORS) return emb_sensors_query(e, &q, each, arg, reterr);
  if (q.what == STORE_KEPT) return emb_kept_query(e, each, arg, reterr);
  if (store_plan(&q, &plan)) return emb_rolls_query(e, &q, &plan, each, arg, reterr);
  return emb_scan_query(e, &q, each, arg, reterr);
}

const struct store_ops store_embedded = {
    .name = "embedded",
    .about = "in a directory: SQLite for records and roll-ups, Parquet segments for flows",
    .state_size = sizeof(struct emb),
    .conf = &emb_conf_section,
    .open = emb_open,
    .append = emb_append,
    .position = emb_position,
    .query = emb_query,
    .batches = emb_batches,
    .maintain = emb_maintain,
    .close = emb_close,
};
