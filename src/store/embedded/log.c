/* The flow log: batches as they came, one after another. It carries small transactions at the cost
 * of one fdatasync, and a burst at the disk's speed; compaction turns it into Parquet. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/kept.h"

static const struct prac_log_event ev_short = {
    "store_log_short", PRAC_LOG_ERROR,
    "the disk lost acknowledged bytes: check it, restore from a backup if these minutes matter"};
static const struct prac_log_event ev_damaged = {
    "store_batch_damaged", PRAC_LOG_ERROR,
    "the disk changed stored bytes: check it; all other minutes are answered"};

static prac_rc sys_fail(const struct emb *e, struct prac_err *reterr, const char *doing,
                        const char *path)
{
  int no = errno;
  (void)e;
  prac_rc rc = no == ENOSPC || no == EFBIG || no == EDQUOT ? PRAC_FULL
               : no == EACCES || no == EPERM               ? PRAC_DENIED
                                                           : PRAC_IO;
  return PRAC_FAIL(reterr, rc, "%s %s: %s%s", doing, path, strerror(no),
                   rc == PRAC_FULL ? "; make room, nothing was stored in part" : "");
}

void emb_log_close(struct emb *e)
{
  if (e->log_fd >= 0) close(e->log_fd);
  e->log_fd = -1;
}

static prac_rc sync_dir(const struct emb *e, const char *sub, struct prac_err *reterr)
{
  char path[EMB_PATH];
  (void)snprintf(path, sizeof path, "%s/%s", e->dir, sub);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    prac_rc rc = sys_fail(e, reterr, "writing", path);
    if (fd >= 0) close(fd);
    return rc;
  }
  close(fd);
  return PRAC_OK;
}

/* A number that no file had before, not even one that was compacted long ago: a reader keeps what
 * it has decoded under it, and the end of a file that was there may be damaged. */
static prac_rc new_number(struct emb *e, struct prac_err *reterr)
{
  PRAC_TRY(emb_exec(e,
                    "INSERT INTO log SELECT 1, ifnull(max(log), 0) + 1 FROM batch WHERE log IS NOT"
                    " NULL ON CONFLICT(one) DO UPDATE SET last = last + 1",
                    reterr));
  return emb_one(e, "SELECT last FROM log", &e->log_id, reterr);
}

static prac_rc open_file(struct emb *e, struct prac_err *reterr)
{
  char path[EMB_PATH];
  if (e->log_fd >= 0 && e->log_len >= EMB_LOG_MAX) emb_log_close(e);
  if (e->log_fd >= 0) return PRAC_OK;
  PRAC_TRY(new_number(e, reterr));
  e->log_len = 0;
  emb_path(e, path, "log", e->log_id);
  e->log_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (e->log_fd < 0) return sys_fail(e, reterr, "opening", path);
  return sync_dir(e, "log", reterr);
}

void emb_log_undo(struct emb *e, int64_t len)
{
  if (e->log_fd < 0 || e->log_len == len) return;
  /* Should this fail, the bytes stay behind the length that the catalogue knows, and the next
   * append writes over them. */
  int rc = ftruncate(e->log_fd, len);
  (void)rc;
  e->log_len = len;
}

static prac_rc write_all(struct emb *e, const uint8_t *p, size_t n, struct prac_err *reterr)
{
  while (n > 0) {
    ssize_t w = pwrite(e->log_fd, p, n, e->log_len);
    if (w < 0 && errno == EINTR) continue;
    if (w <= 0) {
      char path[EMB_PATH];
      if (w == 0) errno = ENOSPC;
      emb_path(e, path, "log", e->log_id);
      return sys_fail(e, reterr, "writing", path);
    }
    p += w;
    n -= (size_t)w;
    e->log_len += w;
  }
  return PRAC_OK;
}

prac_rc emb_log_append(struct emb *e, struct flow_batch *const *b, size_t n, struct emb_place *ret,
                       struct prac_err *reterr)
{
  if (n == 0) return PRAC_OK;
  PRAC_TRY(open_file(e, reterr));
  int64_t before = e->log_len;
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    rc = flow_batch_encode(b[i], 1, &bytes, &len);
    if (rc != PRAC_OK) {
      rc = PRAC_FAIL(reterr, rc, "packing a batch of %s: %s", b[i]->sensor, prac_rc_text(rc));
      break;
    }
    ret[i] = (struct emb_place){.log = e->log_id, .off = e->log_len, .len = (int64_t)len};
    rc = write_all(e, bytes, len, reterr);
    free(bytes);
  }
  if (rc == PRAC_OK && fdatasync(e->log_fd) != 0) {
    char path[EMB_PATH];
    emb_path(e, path, "log", e->log_id);
    rc = sys_fail(e, reterr, "writing", path);
  }
  if (rc != PRAC_OK) emb_log_undo(e, before);
  return rc;
}

/* ---- reading ---- */
void emb_hot_done(struct emb_hot *h)
{
  for (size_t i = 0; i < h->n; i++) flow_batch_unref(&h->b[i]);
  free(h->b);
  free(h->id);
  *h = (struct emb_hot){0};
}

static prac_rc hot_room(struct emb_hot *h)
{
  if (h->n < h->cap) return PRAC_OK;
  size_t cap = h->cap ? h->cap * 2 : 64;
  struct flow_batch **b = realloc(h->b, cap * sizeof *b);
  if (b) h->b = b;
  int64_t *id = b ? realloc(h->id, cap * sizeof *id) : NULL;
  if (id) h->id = id;
  if (!b || !id) return PRAC_NOMEM;
  h->cap = cap;
  return PRAC_OK;
}

struct reader {
  int fd;
  int64_t log;
  uint8_t *buf;
  size_t cap;
};

static prac_rc read_at(struct emb *e, struct reader *r, const struct emb_place *at)
{
  char path[EMB_PATH];
  if (r->fd < 0 || r->log != at->log) {
    if (r->fd >= 0) close(r->fd);
    emb_path(e, path, "log", at->log);
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    r->log = at->log;
    if (r->fd < 0) return errno == ENOENT ? PRAC_AGAIN : errno == EACCES ? PRAC_DENIED : PRAC_IO;
  }
  if ((size_t)at->len > r->cap) {
    uint8_t *p = realloc(r->buf, (size_t)at->len);
    if (!p) return PRAC_NOMEM;
    r->buf = p;
    r->cap = (size_t)at->len;
  }
  ssize_t got = pread(r->fd, r->buf, (size_t)at->len, at->off);
  return got == at->len ? PRAC_OK : PRAC_DAMAGED;
}

/* *ret NULL: it is damaged, and has been named in the log. */
static prac_rc read_batch(struct emb *e, struct reader *r, const struct emb_place *at,
                          struct flow_batch **ret)
{
  struct prac_err err = {0};
  *ret = emb_kept_get(e->kept, at);
  if (*ret) return PRAC_OK;
  prac_rc rc = read_at(e, r, at);
  if (rc == PRAC_OK) rc = flow_batch_decode(r->buf, (size_t)at->len, ret, &err);
  if (rc == PRAC_OK) emb_kept_put(e->kept, at, *ret);
  if (rc == PRAC_OK || rc == PRAC_NOMEM || rc == PRAC_AGAIN || rc == PRAC_DENIED) return rc;
  prac_log(e->log, &ev_damaged, "%s/log/%012lld.flows at %lld: %s", e->dir, (long long)at->log,
           (long long)at->off, err.text[0] ? err.text : prac_rc_text(rc));
  return PRAC_OK;
}

prac_rc emb_batch_read(struct emb *e, const struct emb_place *at, struct flow_batch **ret)
{
  struct reader r = {.fd = -1};
  prac_rc rc = read_batch(e, &r, at, ret);
  if (r.fd >= 0) close(r.fd);
  free(r.buf);
  return rc;
}

static prac_rc read_one(struct emb *e, struct reader *r, sqlite3_stmt *s, struct emb_hot *h)
{
  struct emb_place at = {sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
                         sqlite3_column_int64(s, 3)};
  PRAC_TRY(hot_room(h));
  h->id[h->n] = sqlite3_column_int64(s, 0);
  PRAC_TRY(read_batch(e, r, &at, &h->b[h->n]));
  if (h->b[h->n])
    h->rows += h->b[h->n++]->n;
  else
    h->lost++;
  return PRAC_OK;
}

/* A log file that has gone since the catalogue was read was compacted: PRAC_AGAIN, to the caller
 * who reads the catalogue again. */
prac_rc emb_hot_read(struct emb *e, struct prac_span span, const char *sensor, struct emb_hot *ret,
                     struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  struct reader r = {.fd = -1};
  PRAC_TRY(emb_stmt(e, EMB_HOT, &s, reterr));
  sqlite3_bind_int64(s, 1, span.from);
  sqlite3_bind_int64(s, 2, span.to);
  emb_bind_text(s, 3, sensor);
  sqlite3_bind_int(s, 4, ret->empty);
  prac_rc rc;
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    rc = read_one(e, &r, s, ret);
    if (rc != PRAC_OK) {
      rc = PRAC_FAIL(reterr, rc, "reading the flow log of %s: %s", e->dir, prac_rc_text(rc));
      break;
    }
  }
  sqlite3_reset(s);
  if (r.fd >= 0) close(r.fd);
  free(r.buf);
  return rc;
}

/* ---- opening and cleaning ---- */
static bool log_name(const char *name, int64_t *ret_id)
{
  char *end = NULL;
  if (name[0] < '0' || name[0] > '9') return false;
  *ret_id = strtoll(name, &end, 10);
  return strcmp(end, ".flows") == 0;
}

static prac_rc known_length(struct emb *e, int64_t id, int64_t *ret, struct prac_err *reterr)
{
  char text[96];
  (void)snprintf(text, sizeof text, "SELECT max(off + len) FROM batch WHERE log = %lld",
                 (long long)id);
  return emb_one(e, text, ret, reterr);
}

/* Files that the catalogue names are kept, cut to what it names; the others are removed. */
static prac_rc settle(struct emb *e, int64_t id, struct prac_err *reterr)
{
  char path[EMB_PATH];
  struct stat st;
  int64_t known = 0;
  emb_path(e, path, "log", id);
  PRAC_TRY(known_length(e, id, &known, reterr));
  if (known == 0) {
    if (unlink(path) != 0 && errno != ENOENT) return sys_fail(e, reterr, "removing", path);
    return PRAC_OK;
  }
  if (stat(path, &st) != 0) return sys_fail(e, reterr, "reading", path);
  if (st.st_size > known && truncate(path, known) != 0) return sys_fail(e, reterr, "cutting", path);
  if (st.st_size < known)
    prac_log(e->log, &ev_short, "%s has %lld bytes, %lld were acknowledged", path,
             (long long)st.st_size, (long long)known);
  return PRAC_OK;
}

static prac_rc each_file(struct emb *e, int64_t below, struct prac_err *reterr)
{
  char path[EMB_PATH];
  (void)snprintf(path, sizeof path, "%s/log", e->dir);
  DIR *d = opendir(path);
  if (!d) return sys_fail(e, reterr, "opening", path);
  prac_rc rc = PRAC_OK;
  for (struct dirent *f; rc == PRAC_OK && (f = readdir(d));) {
    int64_t id;
    if (log_name(f->d_name, &id) && id < below) rc = settle(e, id, reterr);
  }
  closedir(d);
  return rc;
}

prac_rc emb_log_recover(struct emb *e, struct prac_err *reterr)
{
  PRAC_TRY(emb_exec(e,
                    "CREATE TABLE IF NOT EXISTS log(one INTEGER PRIMARY KEY CHECK (one = 1),"
                    " last INTEGER NOT NULL)",
                    reterr));
  return each_file(e, INT64_MAX, reterr);
}

prac_rc emb_log_sweep(struct emb *e, struct prac_err *reterr)
{
  int64_t live = 0;
  if (e->log_fd >= 0) {
    PRAC_TRY(known_length(e, e->log_id, &live, reterr));
    if (live == 0 && e->log_len > 0) emb_log_close(e);
  }
  return each_file(e, e->log_fd >= 0 ? e->log_id : INT64_MAX, reterr);
}
