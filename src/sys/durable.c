/* The steps that make a file durable are easy to forget one at a time (the directory's sync most of
 * all), so they live here once. */
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"

enum { PATH_CAP = 4096, SEAL_HEAD = 24 };
static const uint64_t seal_seed = 0x7365616c66696c65u;

prac_rc sys_errno_rc(int err, struct prac_err *reterr, const char *doing, const char *path)
{
  char buf[128];
  const char *why = strerror_r(err, buf, sizeof buf);
  bool full = err == ENOSPC || err == EDQUOT || err == EFBIG;
  return PRAC_FAIL(reterr, full ? PRAC_FULL : PRAC_IO, "cannot %s %s: %s", doing, path, why);
}

prac_rc sys_mkdirs(const char *path, unsigned mode, struct prac_err *reterr)
{
  char p[PATH_CAP];
  size_t n = strlen(path);
  if (n == 0 || n >= sizeof p)
    return PRAC_FAIL(reterr, PRAC_RANGE, "directory name of %zu bytes", n);
  memcpy(p, path, n + 1);
  for (size_t i = 1; i <= n; i++) {
    if (p[i] != '/' && p[i] != '\0') continue;
    char keep = p[i];
    p[i] = '\0';
    if (mkdir(p, mode) != 0 && errno != EEXIST)
      return sys_errno_rc(errno, reterr, "make directory", p);
    p[i] = keep;
  }
  return PRAC_OK;
}

prac_rc sys_write_all(int fd, const void *data, size_t n, int64_t at, const char *path,
                      struct prac_err *reterr)
{
  const uint8_t *p = data;
  while (n > 0) {
    ssize_t w = at < 0 ? write(fd, p, n) : pwrite(fd, p, n, at);
    if (w < 0 && errno == EINTR) continue;
    if (w < 0) return sys_errno_rc(errno, reterr, "write", path);
    if (w == 0) return sys_errno_rc(ENOSPC, reterr, "write", path);
    p += w;
    n -= (size_t)w;
    if (at >= 0) at += w;
  }
  return PRAC_OK;
}

prac_rc sys_sync_dir(const char *dir, struct prac_err *reterr)
{
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return sys_errno_rc(errno, reterr, "open directory", dir);
  int st = fsync(fd);
  int err = errno;
  (void)close(fd);
  return st == 0 ? PRAC_OK : sys_errno_rc(err, reterr, "sync directory", dir);
}

static prac_rc sync_parent(const char *path, struct prac_err *reterr)
{
  char dir[PATH_CAP];
  const char *slash = strrchr(path, '/');
  if (!slash) return sys_sync_dir(".", reterr);
  size_t n = slash == path ? 1 : (size_t)(slash - path);
  memcpy(dir, path, n); /* path fitted PATH_CAP - 4 in the caller */
  dir[n] = '\0';
  return sys_sync_dir(dir, reterr);
}

/* What a file is made of: `head` is there so that whoever has one need not copy what follows. */
struct content {
  const void *head;
  size_t head_n;
  const void *data;
  size_t n;
};

/* Beside `path`, synced and closed. */
static prac_rc write_beside(const char *path, unsigned mode, const struct content *c,
                            char tmp[PATH_CAP], struct prac_err *reterr)
{
  int len = snprintf(tmp, PATH_CAP, "%s.new", path);
  if (len < 0 || len >= PATH_CAP)
    return PRAC_FAIL(reterr, PRAC_RANGE, "file name too long: %.64s...", path);
  (void)unlink(tmp); /* of somebody who died meanwhile, perhaps with other permissions */
  int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return sys_errno_rc(errno, reterr, "create", tmp);
  prac_rc rc = sys_write_all(fd, c->head, c->head_n, -1, tmp, reterr);
  if (rc == PRAC_OK) rc = sys_write_all(fd, c->data, c->n, -1, tmp, reterr);
  if (rc == PRAC_OK && fsync(fd) != 0) rc = sys_errno_rc(errno, reterr, "sync", tmp);
  if (close(fd) != 0 && rc == PRAC_OK) rc = sys_errno_rc(errno, reterr, "close", tmp);
  return rc;
}

static prac_rc replace(const char *path, const struct content *c, struct prac_err *reterr)
{
  char tmp[PATH_CAP];
  prac_rc rc = write_beside(path, 0640, c, tmp, reterr);
  if (rc == PRAC_OK && rename(tmp, path) != 0)
    rc = sys_errno_rc(errno, reterr, "put in place", path);
  if (rc == PRAC_OK) return sync_parent(path, reterr);
  (void)unlink(tmp);
  return rc;
}

prac_rc sys_make_file(const char *path, unsigned mode, const void *data, size_t n,
                      struct prac_err *reterr)
{
  char tmp[PATH_CAP];
  prac_rc rc = write_beside(path, mode, &(struct content){.data = data, .n = n}, tmp, reterr);
  if (rc == PRAC_OK && link(tmp, path) != 0)
    rc = errno == EEXIST ? PRAC_FAIL(reterr, PRAC_EXISTS, "%s is there already", path)
                         : sys_errno_rc(errno, reterr, "put in place", path);
  (void)unlink(tmp);
  return rc == PRAC_OK ? sync_parent(path, reterr) : rc;
}

prac_rc sys_replace_file(const char *path, const void *data, size_t n, struct prac_err *reterr)
{
  return replace(path, &(struct content){.data = data, .n = n}, reterr);
}

static prac_rc read_whole(int fd, const char *path, uint8_t *buf, size_t n, struct prac_err *reterr)
{
  for (size_t got = 0; got < n;) {
    ssize_t r = read(fd, buf + got, n - got);
    if (r < 0 && errno == EINTR) continue;
    if (r < 0) return sys_errno_rc(errno, reterr, "read", path);
    if (r == 0) return PRAC_FAIL(reterr, PRAC_IO, "%s became shorter while it was read", path);
    got += (size_t)r;
  }
  return PRAC_OK;
}

prac_rc sys_read_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len,
                      struct prac_err *reterr)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: no such file", path);
  if (fd < 0) return sys_errno_rc(errno, reterr, "open", path);
  struct stat st;
  prac_rc rc = fstat(fd, &st) == 0 ? PRAC_OK : sys_errno_rc(errno, reterr, "look at", path);
  if (rc == PRAC_OK && (st.st_size < 0 || (uint64_t)st.st_size > max))
    rc = PRAC_FAIL(reterr, PRAC_RANGE, "%s is larger than the %zu bytes allowed", path, max);
  uint8_t *buf = NULL;
  size_t n = rc == PRAC_OK ? (size_t)st.st_size : 0;
  if (rc == PRAC_OK && !(buf = malloc(n + 1)))
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory reading %s", path);
  if (rc == PRAC_OK) rc = read_whole(fd, path, buf, n, reterr);
  (void)close(fd);
  if (rc != PRAC_OK) {
    free(buf);
    return rc;
  }
  buf[n] = 0; /* texts read this way end */
  *ret = buf;
  *ret_len = n;
  return PRAC_OK;
}

prac_rc sys_seal_file(const char *path, const char magic[8], const void *data, size_t n,
                      struct prac_err *reterr)
{
  uint8_t head[SEAL_HEAD];
  struct prac_wr w = prac_wr_of(head, sizeof head);
  prac_wr_bytes(&w, magic, 8);
  prac_wr_u64le(&w, n);
  prac_wr_u64le(&w, prac_hash_bytes(seal_seed, data, n));
  return replace(path, &(struct content){head, sizeof head, data, n}, reterr);
}

prac_rc sys_unseal_file(const char *path, const char magic[8], size_t max, uint8_t **ret,
                        size_t *ret_len, struct prac_err *reterr)
{
  uint8_t *all;
  size_t n;
  PRAC_TRY(sys_read_file(path, max + SEAL_HEAD, &all, &n, reterr));
  struct prac_rd r = prac_rd_of(all, n);
  const uint8_t *m = prac_rd_bytes(&r, 8);
  uint64_t len = prac_rd_u64le(&r), sum = prac_rd_u64le(&r);
  if (r.bad || memcmp(m, magic, 8) != 0 || len != prac_rd_left(&r) ||
      prac_hash_bytes(seal_seed, r.p, (size_t)len) != sum) {
    free(all);
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s fails its checksum", path);
  }
  memmove(all, all + SEAL_HEAD, (size_t)len);
  *ret = all;
  *ret_len = (size_t)len;
  return PRAC_OK;
}

prac_rc sys_free_bytes(const char *path, uint64_t *ret, uint64_t *ret_all, struct prac_err *reterr)
{
  struct statvfs v;
  if (statvfs(path, &v) != 0) return sys_errno_rc(errno, reterr, "ask the free space of", path);
  *ret = (uint64_t)v.f_bavail * v.f_frsize;
  if (ret_all) *ret_all = (uint64_t)v.f_blocks * v.f_frsize;
  return PRAC_OK;
}
