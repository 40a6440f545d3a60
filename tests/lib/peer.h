/* tests/lib/peer.h — the other side of a way, in a thread on loopback: takes connections one after
 * the other, keeps what it reads, answers as it is told. */
#pragma once
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_BYTES = 1 << 16 };
struct peer {
  int fd;
  uint16_t port;
  pthread_t thread;
  _Atomic bool stop;
  _Atomic int requests;
  /* Called with what a connection has said so far; writes an answer, or "". */
  void (*answer)(struct peer *p, const char *said, char out[1024]);
  const char *script; /* for answer */
  char got[PEER_BYTES];
  size_t n;
};

static inline bool peer_ready(struct peer *p, int fd)
{
  while (!atomic_load(&p->stop)) {
    struct pollfd f = {.fd = fd, .events = POLLIN};
    if (poll(&f, 1, 20) > 0) return true;
  }
  return false;
}

static inline void peer_talk(struct peer *p, int fd)
{
  size_t from = p->n;
  while (peer_ready(p, fd) && p->n < PEER_BYTES - 1) {
    char out[1024] = "";
    ssize_t k = recv(fd, p->got + p->n, PEER_BYTES - 1 - p->n, 0);
    if (k <= 0) return;
    p->n += (size_t)k;
    p->got[p->n] = '\0';
    p->answer(p, p->got + from, out);
    if (!out[0]) continue;
    from = p->n;
    atomic_fetch_add(&p->requests, 1);
    if (send(fd, out, strlen(out), MSG_NOSIGNAL) < 0) return;
  }
}

static inline void *peer_main(void *arg)
{
  struct peer *p = arg;
  while (peer_ready(p, p->fd)) {
    int fd = accept(p->fd, NULL, NULL);
    if (fd < 0) continue;
    peer_talk(p, fd);
    (void)close(fd);
  }
  return NULL;
}

static inline int peer_start(struct peer *p)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(p->fd, 8) != 0)
    return -1;
  if (getsockname(p->fd, (struct sockaddr *)&a, &n) != 0) return -1;
  p->port = ntohs(a.sin_port);
  return pthread_create(&p->thread, NULL, peer_main, p);
}

static inline void peer_stop(struct peer *p)
{
  atomic_store(&p->stop, true);
  (void)pthread_join(p->thread, NULL);
  (void)close(p->fd);
}
