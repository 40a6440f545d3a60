/* Compaction: batches of the log become Parquet segments sorted by source, so that one host's
 * history reads few row groups. An hour that is over becomes one segment; an hour with few rows
 * waits for its day. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/duck.h"

enum { LATE_NS_MIN = 2, ROW_GROUP = 65536 };

static const struct prac_log_event ev_written = {"store_segment_written", PRAC_LOG_INFO, ""};

/* ---- the order: a heap over batches that are sorted already ---- */
struct head { /* where one batch stands */
  uint64_t hi, lo;
  uint32_t batch, row;
};
struct merge {
  const struct emb_hot *h;
  struct head *heap;
  size_t n;
};

static void look(const struct emb_hot *h, struct head *at)
{
  const struct prac_ip *src = &h->b[at->batch]->src[at->row];
  at->hi = emb_half(src->b);
  at->lo = emb_half(src->b + 8);
}

static bool before(const struct head *a, const struct head *b)
{
  if (a->hi != b->hi) return a->hi < b->hi;
  return a->lo != b->lo ? a->lo < b->lo : a->batch < b->batch;
}

static void sink(struct merge *m, size_t at)
{
  struct head mine = m->heap[at];
  for (;;) {
    size_t kid = 2 * at + 1;
    if (kid >= m->n) break;
    if (kid + 1 < m->n && before(&m->heap[kid + 1], &m->heap[kid])) kid++;
    if (before(&mine, &m->heap[kid])) break;
    m->heap[at] = m->heap[kid];
    at = kid;
  }
  m->heap[at] = mine;
}

static prac_rc order_rows(const struct emb_hot *h, uint64_t **ret, struct prac_err *reterr)
{
  struct merge m = {.h = h, .heap = calloc(h->n + 1, sizeof *m.heap)};
  uint64_t *order = malloc((h->rows + 1) * sizeof *order), at = 0;
  if (!m.heap || !order) {
    free(m.heap);
    free(order);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to compact %" PRIu64 " rows", h->rows);
  }
  for (uint32_t i = 0; i < h->n; i++)
    if (h->b[i]->n > 0) {
      m.heap[m.n].batch = i;
      look(h, &m.heap[m.n++]);
    }
  for (size_t i = m.n; i-- > 0;) sink(&m, i);
  while (m.n > 0) {
    struct head *top = m.heap;
    order[at++] = (uint64_t)top->batch << 32 | top->row;
    if (++top->row < h->b[top->batch]->n)
      look(h, top);
    else
      *top = m.heap[--m.n];
    if (m.n > 0) sink(&m, 0);
  }
  free(m.heap);
  *ret = order;
  return PRAC_OK;
}

/* ---- one segment ---- */
static prac_rc io_fail(struct prac_err *reterr, const char *doing, const char *path)
{
  int no = errno;
  return PRAC_FAIL(reterr, no == ENOSPC || no == EFBIG || no == EDQUOT ? PRAC_FULL : PRAC_IO,
                   "%s %s: %s", doing, path, strerror(no));
}

static prac_rc sync_path(const char *path, int flags, int64_t *ret_bytes, struct prac_err *reterr)
{
  struct stat st;
  int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0 || fstat(fd, &st) != 0) {
    prac_rc rc = io_fail(reterr, "writing", path);
    if (fd >= 0) close(fd);
    return rc;
  }
  close(fd);
  if (ret_bytes) *ret_bytes = st.st_size;
  return PRAC_OK;
}

static prac_rc write_file(struct emb *e, const struct emb_hot *h, const uint64_t *order,
                          const char *path, struct prac_err *reterr)
{
  struct emb_sqltext t = {0};
  duckdb_result r;
  PRAC_TRY(emb_feed_set(e, h, order, h->rows, reterr));
  emb_say(&t,
          "COPY (SELECT * FROM hot()) TO '%s' (FORMAT parquet, COMPRESSION zstd,"
          " COMPRESSION_LEVEL %lld, PARQUET_VERSION V2, ROW_GROUP_SIZE %d)",
          path, (long long)e->conf.level, (int)ROW_GROUP);
  prac_rc rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to compact");
  if (!t.bad) {
    rc = emb_duck_run(e, t.v, &r, reterr);
    duckdb_destroy_result(&r);
  }
  emb_say_done(&t);
  emb_feed_clear(e);
  return rc;
}

struct segment {
  int64_t id, bytes;
  prac_time since, upto;
  struct prac_ip src_lo, src_hi;
};

static prac_rc commit(struct emb *e, const struct emb_hot *h, const struct segment *s,
                      struct prac_err *reterr)
{
  sqlite3_stmt *st;
  bool row;
  PRAC_TRY(emb_run(e, EMB_BEGIN, reterr));
  PRAC_TRY(emb_stmt(e, EMB_SEGMENT_PUT, &st, reterr));
  sqlite3_bind_int64(st, 1, s->id);
  sqlite3_bind_int64(st, 2, s->since);
  sqlite3_bind_int64(st, 3, s->upto);
  sqlite3_bind_int64(st, 4, (int64_t)h->rows);
  sqlite3_bind_int64(st, 5, s->bytes);
  sqlite3_bind_blob(st, 6, &s->src_lo, sizeof s->src_lo, SQLITE_STATIC);
  sqlite3_bind_blob(st, 7, &s->src_hi, sizeof s->src_hi, SQLITE_STATIC);
  PRAC_TRY(emb_step(e, st, &row, reterr));
  for (size_t i = 0; i < h->n; i++) {
    PRAC_TRY(emb_stmt(e, EMB_BATCH_MOVED, &st, reterr));
    sqlite3_bind_int64(st, 1, h->id[i]);
    sqlite3_bind_int64(st, 2, s->id);
    PRAC_TRY(emb_step(e, st, &row, reterr));
  }
  return emb_run(e, EMB_COMMIT, reterr);
}

static void describe(const struct emb_hot *h, const uint64_t *order, struct segment *s)
{
  uint64_t first = order[0], last = order[h->rows - 1];
  s->src_lo = h->b[first >> 32]->src[(uint32_t)first];
  s->src_hi = h->b[last >> 32]->src[(uint32_t)last];
  s->since = h->b[0]->minute;
  s->upto = h->b[0]->minute + PRAC_MIN;
  for (size_t i = 1; i < h->n; i++) {
    if (h->b[i]->minute < s->since) s->since = h->b[i]->minute;
    if (h->b[i]->minute + PRAC_MIN > s->upto) s->upto = h->b[i]->minute + PRAC_MIN;
  }
}

static prac_rc write_segment(struct emb *e, const struct emb_hot *h, struct prac_err *reterr)
{
  char tmp[EMB_PATH], path[EMB_PATH], dir[EMB_PATH];
  uint64_t *order = NULL;
  struct segment s = {0};
  PRAC_TRY(emb_duck_open(e, reterr));
  PRAC_TRY(emb_one(e, "SELECT seq FROM sqlite_sequence WHERE name = 'segment'", &s.id, reterr));
  s.id++;
  emb_path(e, tmp, "tmp", s.id);
  emb_path(e, path, "flows", s.id);
  (void)snprintf(dir, sizeof dir, "%s/flows", e->dir);
  prac_rc rc = order_rows(h, &order, reterr);
  if (rc == PRAC_OK) {
    describe(h, order, &s);
    rc = write_file(e, h, order, tmp, reterr);
  }
  free(order);
  if (rc == PRAC_OK) rc = sync_path(tmp, 0, &s.bytes, reterr);
  if (rc == PRAC_OK && rename(tmp, path) != 0) rc = io_fail(reterr, "renaming", tmp);
  if (rc == PRAC_OK) rc = sync_path(dir, O_DIRECTORY, NULL, reterr);
  if (rc == PRAC_OK) rc = commit(e, h, &s, reterr);
  if (rc != PRAC_OK) {
    emb_rollback(e);
    (void)unlink(tmp);
    if (rc != PRAC_IO) (void)unlink(path); /* after an I/O error the commit may have got through */
    return rc;
  }
  char text[PRAC_TIME_TEXT];
  prac_log(e->log, &ev_written, "%s: %" PRIu64 " rows from %s, %lld bytes", path, h->rows,
           prac_time_text(text, s.since), (long long)s.bytes);
  return PRAC_OK;
}

static prac_rc compact_span(struct emb *e, struct prac_span span, struct prac_err *reterr)
{
  struct emb_hot h = {0};
  prac_rc rc = emb_hot_read(e, span, NULL, &h, reterr);
  if (rc == PRAC_OK && h.rows > 0) rc = write_segment(e, &h, reterr);
  emb_hot_done(&h);
  return rc;
}

/* ---- which hours are due ---- */
struct slot {
  prac_time start;
  int64_t rows;
};
struct slots {
  struct slot *v;
  size_t n;
};

static prac_rc hot_slots(struct emb *e, int64_t slot_ns, struct slots *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  PRAC_TRY(emb_stmt(e, EMB_HOT_SLOTS, &s, reterr));
  sqlite3_bind_int64(s, 1, slot_ns);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    struct slot *v = realloc(ret->v, (ret->n + 1) * sizeof *v);
    if (!v) {
      sqlite3_reset(s);
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to compact");
    }
    ret->v = v;
    ret->v[ret->n++] = (struct slot){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
  }
  return rc;
}

static bool due(const struct emb *e, const struct slot *s, int64_t slot_ns, prac_time now)
{
  bool over = s->start + slot_ns + LATE_NS_MIN * PRAC_MIN <= now;
  if (slot_ns == PRAC_DAY) return over;
  return s->rows >= e->conf.flush_rows || (over && s->rows >= e->conf.small_rows);
}

static prac_rc compact_due(struct emb *e, int64_t slot_ns, prac_time now, struct prac_err *reterr)
{
  struct slots l = {0};
  prac_rc rc = hot_slots(e, slot_ns, &l, reterr);
  for (size_t i = 0; i < l.n && rc == PRAC_OK; i++)
    if (due(e, &l.v[i], slot_ns, now))
      rc = compact_span(e, (struct prac_span){l.v[i].start, l.v[i].start + slot_ns}, reterr);
  free(l.v);
  return rc;
}

prac_rc emb_maintain(void *st, prac_time now, struct prac_err *reterr)
{
  struct emb *e = st;
  if (e->read_only) return PRAC_FAIL(reterr, PRAC_DENIED, "%s is open for reading only", e->dir);
  PRAC_TRY(compact_due(e, PRAC_HOUR, now, reterr));
  PRAC_TRY(compact_due(e, PRAC_DAY, now, reterr));
  PRAC_TRY(emb_rolls_merge(e, now, reterr));
  PRAC_TRY(emb_rolls_derive(e, now, reterr));
  PRAC_TRY(emb_retain(e, now, reterr));
  PRAC_TRY(emb_log_sweep(e, reterr));
  return emb_segments_sweep(e, reterr);
}
