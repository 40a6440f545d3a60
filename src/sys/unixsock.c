/* A data directory may lie deep; sockaddr_un may not. The directory is opened and named through
 * /proc/self/fd, which is short. */
#include "sys/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/durable.h"

enum { BACKLOG = 64 };

static prac_rc address(const char *path, struct sockaddr_un *ret, int *ret_dir,
                       struct prac_err *reterr)
{
  *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
  *ret_dir = -1;
  size_t n = strlen(path);
  if (n < sizeof ret->sun_path) {
    memcpy(ret->sun_path, path, n + 1);
    return PRAC_OK;
  }
  const char *slash = strrchr(path, '/');
  char dir[4096];
  if (!slash || (size_t)(slash - path) >= sizeof dir)
    return PRAC_FAIL(reterr, PRAC_RANGE, "socket name too long: %.80s...", path);
  memcpy(dir, path, (size_t)(slash - path));
  dir[slash - path] = '\0';
  *ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (*ret_dir < 0) return sys_errno_rc(errno, reterr, "open directory", dir);
  int k = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d%s", *ret_dir, slash);
  if (k > 0 && (size_t)k < sizeof ret->sun_path) return PRAC_OK;
  (void)close(*ret_dir);
  *ret_dir = -1;
  return PRAC_FAIL(reterr, PRAC_RANGE, "socket name too long: %.80s...", path);
}

static int stream_socket(void)
{
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

prac_rc sys_unix_listen(const char *path, unsigned mode, int *ret_fd, struct prac_err *reterr)
{
  struct sockaddr_un a;
  int dir, err = 0;
  PRAC_TRY(address(path, &a, &dir, reterr));
  int fd = stream_socket();
  if (fd < 0) {
    err = errno;
  } else {
    (void)unlink(a.sun_path);
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0 || chmod(a.sun_path, mode) != 0 ||
        listen(fd, BACKLOG) != 0)
      err = errno;
  }
  if (dir >= 0) (void)close(dir);
  if (err) {
    if (fd >= 0) (void)close(fd);
    return sys_errno_rc(err, reterr, "listen at", path);
  }
  *ret_fd = fd;
  return PRAC_OK;
}

prac_rc sys_unix_connect(const char *path, int *ret_fd, struct prac_err *reterr)
{
  struct sockaddr_un a;
  int dir, err = 0;
  prac_rc rc = address(path, &a, &dir, reterr);
  if (rc != PRAC_OK) return rc;
  int fd = stream_socket();
  if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof a) != 0) err = errno;
  if (dir >= 0) (void)close(dir);
  if (!err) {
    *ret_fd = fd;
    return PRAC_OK;
  }
  if (fd >= 0) (void)close(fd);
  rc = sys_errno_rc(err, reterr, "connect to", path);
  return err == ECONNREFUSED || err == ENOENT || err == EAGAIN ? PRAC_AGAIN : rc;
}

int64_t sys_unix_peer_uid(int fd)
{
  struct ucred c;
  socklen_t n = sizeof c;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) == 0 ? (int64_t)c.uid : -1;
}

union fd_control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
};

prac_rc sys_send_fd(int sock, int fd, struct prac_err *reterr)
{
  char one = 'f';
  union fd_control u = {0};
  struct iovec iov = {&one, 1};
  struct msghdr m = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.bytes, .msg_controllen = sizeof u.bytes};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  if (sendmsg(sock, &m, MSG_NOSIGNAL) == 1) return PRAC_OK;
  return sys_errno_rc(errno, reterr, "pass a descriptor over", "a socket");
}

prac_rc sys_recv_fd(int sock, int *ret_fd, struct prac_err *reterr)
{
  char one;
  union fd_control u = {0};
  struct iovec iov = {&one, 1};
  struct msghdr m = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.bytes, .msg_controllen = sizeof u.bytes};
  ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
  if (n == 0) return PRAC_FAIL(reterr, PRAC_END, "the other end has closed");
  if (n < 0) return sys_errno_rc(errno, reterr, "take a descriptor from", "a socket");
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
      c->cmsg_len != CMSG_LEN(sizeof(int)))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a message without a descriptor");
  memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
  return PRAC_OK;
}
