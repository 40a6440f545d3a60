/* Batches of the log become Parquet segments sorted by source, so that one host's history reads few
 * row groups. Many rows are cut into ranges of sources, a lane (thread, DuckDB connection, file)
 * each; the catalogue gets all of them or none in one transaction. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/duck.h"

/* A dictionary of more words than this does not pay: times, ports and addresses are better packed.
 */
enum { ROW_GROUP = 65536, DICTIONARY_MAX = 4096, LANE_ROWS = 500000, SAMPLE = 1024 };

static const struct prac_log_event ev_written = {"store_segment_written", PRAC_LOG_INFO, ""};

struct key { /* an address, as it is sorted */
  uint64_t hi, lo;
};
static struct key key_of(const struct prac_ip *ip)
{
  return (struct key){emb_half(ip->b), emb_half(ip->b + 8)};
}
static bool less(struct key a, struct key b)
{
  return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

struct head { /* where one batch stands */
  struct key key;
  uint32_t batch, row;
};
struct lane {
  struct emb_lane *duck;
  const struct emb_hot *h;
  int64_t level;
  uint32_t *row, *end; /* one a batch: its rows of this lane */
  struct head *heap;
  size_t n_heap;
  uint64_t *order; /* batch << 32 | row */
  uint64_t n;
  char tmp[EMB_PATH], path[EMB_PATH];
  int64_t id, bytes;
  struct prac_ip src_lo, src_hi;
  pthread_t thread;
  prac_rc rc;
  struct prac_err err;
};

/* ---- the order: a heap over batches that are sorted already ---- */
static bool before(const struct head *a, const struct head *b)
{
  if (a->key.hi != b->key.hi) return a->key.hi < b->key.hi;
  return a->key.lo != b->key.lo ? a->key.lo < b->key.lo : a->batch < b->batch;
}

static void sink(struct lane *l, size_t at)
{
  struct head mine = l->heap[at];
  for (;;) {
    size_t kid = 2 * at + 1;
    if (kid >= l->n_heap) break;
    if (kid + 1 < l->n_heap && before(&l->heap[kid + 1], &l->heap[kid])) kid++;
    if (before(&mine, &l->heap[kid])) break;
    l->heap[at] = l->heap[kid];
    at = kid;
  }
  l->heap[at] = mine;
}

static prac_rc order_rows(struct lane *l)
{
  uint64_t at = 0;
  l->heap = calloc(l->h->n + 1, sizeof *l->heap);
  l->order = malloc((l->n + 1) * sizeof *l->order);
  if (!l->heap || !l->order)
    return PRAC_FAIL(&l->err, PRAC_NOMEM, "no memory to compact %" PRIu64 " rows", l->n);
  for (uint32_t i = 0; i < l->h->n; i++)
    if (l->row[i] < l->end[i])
      l->heap[l->n_heap++] = (struct head){key_of(&l->h->b[i]->src[l->row[i]]), i, l->row[i]};
  for (size_t i = l->n_heap; i-- > 0;) sink(l, i);
  while (l->n_heap > 0) {
    struct head *top = l->heap;
    l->order[at++] = (uint64_t)top->batch << 32 | top->row;
    if (++top->row < l->end[top->batch])
      top->key = key_of(&l->h->b[top->batch]->src[top->row]);
    else
      *top = l->heap[--l->n_heap];
    if (l->n_heap > 0) sink(l, 0);
  }
  l->src_lo = l->h->b[l->order[0] >> 32]->src[(uint32_t)l->order[0]];
  l->src_hi = l->h->b[l->order[at - 1] >> 32]->src[(uint32_t)l->order[at - 1]];
  return PRAC_OK;
}

/* ---- which sources go to which lane ---- */
static uint32_t first_not_below(const struct flow_batch *b, struct key k)
{
  uint32_t lo = 0, hi = b->n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (less(key_of(&b->src[mid]), k))
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static int by_key(const void *pa, const void *pb)
{
  const struct key *a = pa, *b = pb;
  return less(*a, *b) ? -1 : less(*b, *a);
}

/* Some rows, evenly over all batches, sorted: their quantiles cut the sources into equal parts. */
static size_t sample(const struct emb_hot *h, struct key out[SAMPLE])
{
  uint64_t step = h->rows / SAMPLE + 1, at = step / 2;
  size_t n = 0;
  for (size_t i = 0; i < h->n; i++) {
    for (; at < h->b[i]->n && n < SAMPLE; at += step) out[n++] = key_of(&h->b[i]->src[at]);
    at -= h->b[i]->n;
  }
  qsort(out, n, sizeof *out, by_key);
  return n;
}

static prac_rc cut_lanes(const struct emb_hot *h, struct lane *l, size_t n)
{
  struct key some[SAMPLE];
  size_t n_some = sample(h, some);
  for (size_t k = 0; k < n; k++) {
    l[k].row = calloc(h->n + 1, sizeof *l[k].row);
    l[k].end = calloc(h->n + 1, sizeof *l[k].end);
    if (!l[k].row || !l[k].end) return PRAC_NOMEM;
    for (size_t i = 0; i < h->n; i++) {
      l[k].row[i] = k ? l[k - 1].end[i] : 0;
      l[k].end[i] = k + 1 < n ? first_not_below(h->b[i], some[n_some * (k + 1) / n]) : h->b[i]->n;
      l[k].n += l[k].end[i] - l[k].row[i];
    }
  }
  return PRAC_OK;
}

/* ---- one lane ---- */
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

static prac_rc write_file(struct lane *l)
{
  struct emb_sqltext t = {0};
  duckdb_result r;
  PRAC_TRY(emb_feed_set(l->duck, l->h, l->order, l->n, &l->err));
  emb_say(&t,
          "COPY (SELECT * FROM hot(%lld)) TO '%s' (FORMAT parquet, COMPRESSION zstd,"
          " COMPRESSION_LEVEL %lld, PARQUET_VERSION V2, ROW_GROUP_SIZE %d,"
          " DICTIONARY_SIZE_LIMIT %d)",
          (long long)l->duck->number, l->tmp, (long long)l->level, (int)ROW_GROUP,
          (int)DICTIONARY_MAX);
  prac_rc rc = PRAC_FAIL(&l->err, PRAC_NOMEM, "no memory to compact");
  if (!t.bad) {
    rc = emb_duck_run(l->duck, t.v, &r, &l->err);
    duckdb_destroy_result(&r);
  }
  emb_say_done(&t);
  emb_feed_clear(l->duck);
  return rc;
}

static void *lane_run(void *arg)
{
  struct lane *l = arg;
  l->rc = l->n > 0 ? order_rows(l) : PRAC_OK;
  if (l->rc == PRAC_OK && l->n > 0) l->rc = write_file(l);
  if (l->rc == PRAC_OK && l->n > 0) l->rc = sync_path(l->tmp, 0, &l->bytes, &l->err);
  return NULL;
}

static void lane_done(struct lane *l)
{
  free(l->row);
  free(l->end);
  free(l->heap);
  free(l->order);
}

/* The first lane is the caller's own thread. */
static prac_rc run_lanes(struct lane *l, size_t n, struct prac_err *reterr)
{
  size_t started = 1;
  while (started < n && pthread_create(&l[started].thread, NULL, lane_run, &l[started]) == 0)
    started++;
  lane_run(&l[0]);
  for (size_t k = 1; k < started; k++) pthread_join(l[k].thread, NULL);
  for (size_t k = started; k < n; k++) lane_run(&l[k]); /* no more threads were to be had */
  for (size_t k = 0; k < n; k++)
    if (l[k].rc != PRAC_OK) {
      if (reterr) *reterr = l[k].err;
      return l[k].rc;
    }
  return PRAC_OK;
}

/* ---- all of them, or none ---- */
static struct prac_span span_of(const struct emb_hot *h)
{
  struct prac_span s = {INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < h->n; i++) {
    if (h->b[i]->minute < s.from) s.from = h->b[i]->minute;
    if (h->b[i]->minute + PRAC_MIN > s.to) s.to = h->b[i]->minute + PRAC_MIN;
  }
  return s;
}

static prac_rc put_segment(struct emb *e, const struct lane *l, struct prac_span span,
                           struct prac_err *reterr)
{
  sqlite3_stmt *st;
  bool row;
  PRAC_TRY(emb_stmt(e, EMB_SEGMENT_PUT, &st, reterr));
  sqlite3_bind_int64(st, 1, l->id);
  sqlite3_bind_int64(st, 2, span.from);
  sqlite3_bind_int64(st, 3, span.to);
  sqlite3_bind_int64(st, 4, (int64_t)l->n);
  sqlite3_bind_int64(st, 5, l->bytes);
  sqlite3_bind_blob(st, 6, &l->src_lo, sizeof l->src_lo, SQLITE_STATIC);
  sqlite3_bind_blob(st, 7, &l->src_hi, sizeof l->src_hi, SQLITE_STATIC);
  return emb_step(e, st, &row, reterr);
}

/* A batch is named with the last of its segments: the one that leaves last. */
static prac_rc commit(struct emb *e, const struct emb_hot *h, const struct lane *l, size_t n,
                      struct prac_err *reterr)
{
  int64_t last = 0;
  sqlite3_stmt *st;
  bool row;
  PRAC_TRY(emb_run(e, EMB_BEGIN, reterr));
  for (size_t k = 0; k < n; k++) {
    if (l[k].n == 0) continue;
    PRAC_TRY(put_segment(e, &l[k], span_of(h), reterr));
    last = l[k].id;
  }
  for (size_t i = 0; i < h->n; i++) {
    PRAC_TRY(emb_stmt(e, EMB_BATCH_MOVED, &st, reterr));
    sqlite3_bind_int64(st, 1, h->id[i]);
    sqlite3_bind_int64(st, 2, last);
    PRAC_TRY(emb_step(e, st, &row, reterr));
  }
  return emb_run(e, EMB_COMMIT, reterr);
}

static prac_rc publish(struct emb *e, const struct emb_hot *h, const struct lane *l, size_t n,
                       struct prac_err *reterr)
{
  char dir[EMB_PATH];
  (void)snprintf(dir, sizeof dir, "%s/flows", e->dir);
  for (size_t k = 0; k < n; k++)
    if (l[k].n > 0 && rename(l[k].tmp, l[k].path) != 0)
      return io_fail(reterr, "renaming", l[k].tmp);
  PRAC_TRY(sync_path(dir, O_DIRECTORY, NULL, reterr));
  return commit(e, h, l, n, reterr);
}

static void tell(struct emb *e, const struct lane *l, size_t n, prac_time since)
{
  char text[PRAC_TIME_TEXT];
  for (size_t k = 0; k < n; k++)
    if (l[k].n > 0)
      prac_log(e->log, &ev_written, "%s: %" PRIu64 " rows from %s, %lld bytes", l[k].path, l[k].n,
               prac_time_text(text, since), (long long)l[k].bytes);
}

static prac_rc prepare(struct emb *e, const struct emb_hot *h, struct lane *l, size_t n,
                       struct prac_err *reterr)
{
  int64_t id;
  PRAC_TRY(emb_duck_lanes(e, n, reterr));
  PRAC_TRY(emb_one(e, "SELECT seq FROM sqlite_sequence WHERE name = 'segment'", &id, reterr));
  for (size_t k = 0; k < n; k++) {
    l[k].duck = &e->duck->lane[k];
    l[k].h = h;
    l[k].level = e->conf.level;
    l[k].id = id + 1 + (int64_t)k;
    emb_path(e, l[k].tmp, "tmp", l[k].id);
    emb_path(e, l[k].path, "flows", l[k].id);
  }
  if (cut_lanes(h, l, n) == PRAC_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to compact %" PRIu64 " rows", h->rows);
}

prac_rc emb_segments_write(struct emb *e, const struct emb_hot *h, struct prac_err *reterr)
{
  size_t n = (size_t)(h->rows / LANE_ROWS) + 1;
  if (n > e->nthreads) n = e->nthreads;
  if (n > EMB_LANES) n = EMB_LANES;
  struct lane *l = calloc(n, sizeof *l);
  prac_rc rc = l ? prepare(e, h, l, n, reterr)
                 : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to compact %" PRIu64 " rows", h->rows);
  if (rc == PRAC_OK) rc = run_lanes(l, n, reterr);
  if (rc == PRAC_OK) rc = publish(e, h, l, n, reterr);
  if (rc == PRAC_OK) tell(e, l, n, span_of(h).from);
  if (rc != PRAC_OK) emb_rollback(e);
  for (size_t k = 0; l && k < n; k++) {
    if (rc != PRAC_OK && l[k].tmp[0]) (void)unlink(l[k].tmp);
    /* after an I/O error the commit may have got through */
    if (rc != PRAC_OK && rc != PRAC_IO && l[k].path[0]) (void)unlink(l[k].path);
    lane_done(&l[k]);
  }
  free(l);
  return rc;
}
