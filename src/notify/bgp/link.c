/* A handful of unix connections without threads or waiting: looked at whenever the way is called.
 */
#include "notify/bgp/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/unixsock.h"

enum { READ_BYTES = 4096, READS_MAX = 64 };

prac_rc bgp_link_open(struct bgp_link *l, const char *path, int64_t uid, struct prac_err *reterr)
{
  *l = (struct bgp_link){.fd = -1, .relay = -1, .uid = uid};
  for (size_t i = 0; i < BGP_CONNS; i++) l->conns[i].fd = -1;
  int n = snprintf(l->path, sizeof l->path, "%s", path);
  if (n < 0 || (size_t)n >= sizeof l->path)
    return PRAC_FAIL(reterr, PRAC_RANGE, "notify.bgp.socket: name too long: %.60s...", path);
  /* anybody may knock: who may come in is asked of the kernel (peer uid), not of file modes, as
   * ExaBGP runs its processes as a user of its own */
  return sys_unix_listen(path, 0666, &l->fd, reterr);
}

static void drop(struct bgp_conn *c)
{
  if (c->fd >= 0) (void)close(c->fd);
  free(c->out);
  *c = (struct bgp_conn){.fd = -1};
}

void bgp_link_close(struct bgp_link *l)
{
  for (size_t i = 0; i < BGP_CONNS; i++) drop(&l->conns[i]);
  if (l->fd >= 0) {
    (void)close(l->fd);
    (void)unlink(l->path);
  }
  l->fd = -1;
  l->relay = -1;
}

static bool welcome(const struct bgp_link *l, int fd)
{
  int64_t uid = sys_unix_peer_uid(fd);
  return uid == 0 || uid == (int64_t)geteuid() || (l->uid >= 0 && uid == l->uid);
}

static void accept_all(struct bgp_link *l)
{
  for (size_t i = 0; i < BGP_CONNS; i++) {
    if (l->conns[i].fd >= 0) continue;
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (welcome(l, fd)) {
      l->conns[i].fd = fd;
    } else {
      (void)close(fd);
      l->denied++;
    }
  }
}

static bool flush(struct bgp_conn *c)
{
  size_t at = 0;
  while (at < c->n) {
    ssize_t k = send(c->fd, c->out + at, c->n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0 && errno == EAGAIN) break;
    if (k <= 0) return false;
    at += (size_t)k;
  }
  if (at) memmove(c->out, c->out + at, c->n - at);
  c->n -= at;
  return !(c->end && c->n == 0);
}

/* False: the other end has closed. */
static bool read_some(struct bgp_link *l, int i, const struct bgp_link_calls *calls)
{
  struct bgp_conn *c = &l->conns[i];
  char buf[READ_BYTES];
  for (unsigned turn = 0; turn < READS_MAX; turn++) {
    ssize_t k = recv(c->fd, buf, sizeof buf, MSG_DONTWAIT);
    if (k < 0) return errno == EAGAIN || errno == EINTR;
    if (k == 0) return false;
    for (size_t at = 0, used; at < (size_t)k && c->fd >= 0; at += used)
      if (bgp_lines_feed(&c->in, buf + at, (size_t)k - at, &used)) {
        calls->line(calls->arg, i, c->in.buf, c->in.n);
        c->in.n = 0;
      }
    if (c->fd < 0) return true;
  }
  return true;
}

static void end(struct bgp_link *l, int i, const struct bgp_link_calls *calls)
{
  drop(&l->conns[i]);
  if (l->relay != i) return;
  l->relay = -1;
  calls->gone(calls->arg);
}

void bgp_link_run(struct bgp_link *l, const struct bgp_link_calls *calls)
{
  if (l->fd < 0) return;
  accept_all(l);
  for (int i = 0; i < BGP_CONNS; i++) {
    struct bgp_conn *c = &l->conns[i];
    if (c->fd >= 0 && (!read_some(l, i, calls) || !flush(c))) end(l, i, calls);
  }
}

bool bgp_link_say(struct bgp_link *l, int conn, const char *s, size_t n)
{
  struct bgp_conn *c = conn >= 0 && conn < BGP_CONNS ? &l->conns[conn] : NULL;
  if (!c || c->fd < 0 || c->end) return false;
  if (c->n + n > c->cap) {
    size_t cap = c->cap ? c->cap : 4096;
    while (cap < c->n + n && cap <= BGP_OUT_MAX) cap *= 2;
    char *more = cap <= BGP_OUT_MAX ? realloc(c->out, cap) : NULL;
    if (!more) { /* shut down, and found so at the next run */
      (void)shutdown(c->fd, SHUT_RDWR);
      c->end = true;
      return false;
    }
    c->out = more;
    c->cap = cap;
  }
  memcpy(c->out + c->n, s, n);
  c->n += n;
  return true;
}
