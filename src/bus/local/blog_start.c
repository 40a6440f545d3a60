/* After a crash the log decides what is true. A tail that no one was told about may be cut; a hole
 * in what was acknowledged must stop us, with words that let a person decide. */
#include "bus/local/blog_start.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/durable.h"

enum { PATH_CAP = 4096, SEG_READ_MAX = 1 << 30 };
static const char seg_magic[8] = "PRACBUS1";
static const char ids_magic[8] = "PRACIDS1";
static const struct prac_log_event torn = {"bus_tail_cut", PRAC_LOG_WARN,
                                           "nothing: its publisher sends it again"};
static const struct prac_log_event ids_lost = {
    "bus_ids_rebuilt", PRAC_LOG_WARN, "repeats of very old messages may be delivered again"};
static const struct prac_log_event hole = {
    "bus_damage_skipped", PRAC_LOG_ERROR,
    "check the disk; restore the segment from a copy if one exists"};

prac_rc bus_log_save_ids(struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  (void)snprintf(path, sizeof path, "%s/ids", l->conf.dir);
  size_t n = 8 + bus_ids_bytes(&l->ids);
  uint8_t *buf = malloc(n);
  if (!buf) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for the list of ids");
  struct prac_wr w = prac_wr_of(buf, n);
  prac_wr_u64le(&w, l->next - 1);
  bus_ids_write(&l->ids, &w);
  PRAC_INSIST(!w.bad);
  prac_rc rc = sys_seal_file(path, ids_magic, buf, n, reterr);
  free(buf);
  if (rc == PRAC_OK) l->ids_upto = l->next - 1;
  return rc;
}

static prac_rc load_ids(struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  if (bus_ids_init(&l->ids, l->conf.dedup, seed) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for %zu ids", l->conf.dedup);
  (void)snprintf(path, sizeof path, "%s/ids", l->conf.dir);
  uint8_t *buf;
  size_t n;
  struct prac_err err = {0};
  prac_rc rc = sys_unseal_file(path, ids_magic, 1u << 28, &buf, &n, &err);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  if (rc == PRAC_OK) {
    struct prac_rd r = prac_rd_of(buf, n);
    uint64_t upto = prac_rd_u64le(&r);
    if (bus_ids_read(&l->ids, &r) == PRAC_OK) l->ids_upto = upto;
    free(buf);
    return PRAC_OK;
  }
  if (rc != PRAC_DAMAGED && rc != PRAC_RANGE)
    return prac_err_set(reterr, rc, err.where, "%s", err.text);
  prac_log(l->log, &ids_lost, "%s; the list of seen ids is made again from the log", err.text);
  return PRAC_OK;
}

static prac_rc add_segment(struct bus_log *l, uint64_t first, int64_t size, struct prac_err *reterr)
{
  if (l->n_segs == l->cap_segs) {
    size_t cap = l->cap_segs ? l->cap_segs * 2 : 16;
    struct bus_seg *p = realloc(l->segs, cap * sizeof *p);
    if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for %zu segments", cap);
    l->segs = p;
    l->cap_segs = cap;
  }
  size_t at = l->n_segs++;
  for (; at > 0 && l->segs[at - 1].first > first; at--) l->segs[at] = l->segs[at - 1];
  l->segs[at] = (struct bus_seg){first, size};
  l->bytes += size;
  return PRAC_OK;
}

static bool segment_name(const char *name, uint64_t *ret)
{
  uint64_t v = 0;
  if (strlen(name) != 24 || strcmp(name + 20, ".log") != 0) return false;
  for (int i = 0; i < 20; i++) {
    if (name[i] < '0' || name[i] > '9') return false;
    v = v * 10 + (uint64_t)(name[i] - '0');
  }
  *ret = v;
  return true;
}

static prac_rc list_segments(struct bus_log *l, struct prac_err *reterr)
{
  DIR *d = opendir(l->conf.dir);
  if (!d) return sys_errno_rc(errno, reterr, "open directory", l->conf.dir);
  prac_rc rc = PRAC_OK;
  for (struct dirent *e; rc == PRAC_OK && (e = readdir(d));) {
    uint64_t first;
    struct stat st;
    if (!segment_name(e->d_name, &first)) continue;
    if (fstatat(dirfd(d), e->d_name, &st, 0) != 0)
      rc = sys_errno_rc(errno, reterr, "look at", e->d_name);
    else
      rc = add_segment(l, first, st.st_size, reterr);
  }
  (void)closedir(d);
  return rc;
}

prac_rc bus_log_new_segment(struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  bus_log_path(l, l->next, path, sizeof path);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return sys_errno_rc(errno, reterr, "create", path);
  uint8_t head[BUS_SEG_HEAD];
  struct prac_wr w = prac_wr_of(head, sizeof head);
  prac_wr_bytes(&w, seg_magic, 8);
  prac_wr_u64le(&w, l->next);
  prac_rc rc = sys_write_all(fd, head, sizeof head, 0, path, reterr);
  if (rc == PRAC_OK && fdatasync(fd) != 0) rc = sys_errno_rc(errno, reterr, "sync", path);
  if (rc == PRAC_OK) rc = sys_sync_dir(l->conf.dir, reterr);
  if (rc == PRAC_OK) rc = add_segment(l, l->next, BUS_SEG_HEAD, reterr);
  if (rc != PRAC_OK) {
    (void)close(fd);
    (void)unlink(path);
    return rc;
  }
  if (l->fd >= 0) (void)close(l->fd);
  l->fd = fd;
  return PRAC_OK;
}

/* Is there, anywhere behind, an entry that was written when seq was already on disk? */
static bool acked_behind(const struct bus_log *l, const uint8_t *p, size_t n, uint64_t seq,
                         uint64_t *ret_last)
{
  bool found = l->conf.acked >= seq || l->ids_upto >= seq;
  for (size_t i = 0; i + BUS_ENTRY_HEAD <= n; i++) {
    struct bus_entry e;
    if (p[i] != 'P' || memcmp(p + i, "PBE1", 4) != 0) continue;
    if (bus_entry_head(p + i, n - i, &e) != PRAC_OK || e.seq < seq) continue;
    if (e.seq > *ret_last) *ret_last = e.seq;
    if (e.durable >= seq) found = true;
  }
  return found;
}

struct scan {
  uint64_t next; /* seq expected */
  size_t off;    /* where the bytes stop making sense; n when they all do */
};
static struct scan scan_entries(struct bus_log *l, const uint8_t *p, size_t n, uint64_t first)
{
  struct scan s = {first, BUS_SEG_HEAD};
  struct bus_entry e;
  while (s.off < n && bus_entry_read(p + s.off, n - s.off, &e) == PRAC_OK && e.seq == s.next) {
    if (e.seq > l->ids_upto && e.id.n)
      bus_ids_add(&l->ids, bus_ids_hash(&l->ids, e.subject.s, e.subject.n, e.id.s, e.id.n));
    s.off += bus_entry_size(&e);
    s.next++;
  }
  return s;
}

static bool head_ok(const uint8_t *p, size_t n, uint64_t first)
{
  struct prac_rd r = prac_rd_of(p, n);
  const uint8_t *m = prac_rd_bytes(&r, 8);
  return m && memcmp(m, seg_magic, 8) == 0 && prac_rd_u64le(&r) == first && !r.bad;
}

/* Older segments only matter here for ids that the ids file does not have. */
static prac_rc read_older(struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  for (size_t i = 0; i + 1 < l->n_segs; i++) {
    if (l->segs[i + 1].first - 1 <= l->ids_upto) continue;
    uint8_t *p;
    size_t n;
    bus_log_path(l, l->segs[i].first, path, sizeof path);
    PRAC_TRY(sys_read_file(path, SEG_READ_MAX, &p, &n, reterr));
    (void)scan_entries(l, p, n, l->segs[i].first);
    free(p);
  }
  return PRAC_OK;
}

static prac_rc cut_tail(struct bus_log *l, const char *path, struct scan s, size_t n,
                        struct prac_err *reterr)
{
  struct bus_seg *seg = &l->segs[l->n_segs - 1];
  l->torn_bytes += n - s.off;
  prac_log(l->log, &torn,
           "%s: the last %zu bytes were being written at a crash and acknowledged to nobody; cut",
           path, n - s.off);
  if (ftruncate(l->fd, (off_t)s.off) != 0) return sys_errno_rc(errno, reterr, "cut", path);
  l->bytes -= seg->size - (int64_t)s.off;
  seg->size = (int64_t)s.off;
  return PRAC_OK;
}

static prac_rc read_last(struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  struct bus_seg *seg = &l->segs[l->n_segs - 1];
  bus_log_path(l, seg->first, path, sizeof path);
  l->fd = open(path, O_RDWR | O_CLOEXEC);
  if (l->fd < 0) return sys_errno_rc(errno, reterr, "open", path);
  uint8_t *p;
  size_t n;
  PRAC_TRY(sys_read_file(path, SEG_READ_MAX, &p, &n, reterr));
  struct scan s = {seg->first, 0};
  if (head_ok(p, n, seg->first)) s = scan_entries(l, p, n, seg->first);
  l->next = s.next;
  prac_rc rc = PRAC_OK;
  uint64_t last = s.next - 1;
  if (s.off < n || n < BUS_SEG_HEAD) {
    bool acked = acked_behind(l, p + s.off, n - s.off, s.next, &last);
    if (acked && !l->conf.skip_damaged)
      rc = PRAC_FAIL(reterr, PRAC_DAMAGED,
                     "%s is damaged at byte %zu (message %" PRIu64
                     "), in the middle of what was acknowledged; restore it, or set "
                     "bus.damaged: skip to go on behind it",
                     path, s.off, s.next);
    else if (acked || s.off < BUS_SEG_HEAD)
      l->next = last + 1, l->damaged++;
    else
      rc = cut_tail(l, path, s, n, reterr);
    if (rc == PRAC_OK && acked)
      prac_log(l->log, &hole, "%s is damaged at byte %zu (message %" PRIu64 "); going on behind it",
               path, s.off, s.next);
  }
  free(p);
  return rc;
}

/* A crash between making a segment and writing its head leaves a file without one message. */
static prac_rc drop_unborn(struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  struct bus_seg *seg = l->n_segs ? &l->segs[l->n_segs - 1] : NULL;
  if (!seg || seg->size >= BUS_SEG_HEAD) return PRAC_OK;
  bus_log_path(l, seg->first, path, sizeof path);
  if (unlink(path) != 0) return sys_errno_rc(errno, reterr, "remove the empty", path);
  l->bytes -= seg->size;
  l->n_segs--;
  return PRAC_OK;
}

prac_rc bus_log_open(struct bus_log *l, const struct bus_log_conf *c, const struct prac_log *log,
                     struct prac_err *reterr)
{
  *l = (struct bus_log){.conf = *c, .log = log, .fd = -1};
  PRAC_TRY(sys_mkdirs(c->dir, 0750, reterr));
  PRAC_TRY(load_ids(l, reterr));
  PRAC_TRY(list_segments(l, reterr));
  PRAC_TRY(drop_unborn(l, reterr));
  if (l->n_segs == 0) {
    l->next = c->first_seq ? c->first_seq : 1;
    if (l->ids_upto >= l->next) l->next = l->ids_upto + 1;
    if (c->acked >= l->next) l->next = c->acked + 1;
    PRAC_TRY(bus_log_new_segment(l, reterr));
  } else {
    PRAC_TRY(read_older(l, reterr));
    uint64_t damaged = l->damaged;
    PRAC_TRY(read_last(l, reterr));
    if (l->damaged > damaged) PRAC_TRY(bus_log_new_segment(l, reterr));
  }
  if (fdatasync(l->fd) != 0) return sys_errno_rc(errno, reterr, "sync the last segment in", c->dir);
  l->committed = l->next - 1;
  return bus_log_look(l, reterr);
}
