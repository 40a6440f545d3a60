/* The loop that meets the flood. Datagrams come in groups of 64; when many come, a short sleep lets
 * more of them gather, which halves the cost of each. */
#include "honeypot/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/wall.h"

enum { GROUP = 64, ROOM = 2048, CONTROL = 256, ROUNDS = 8, EVENTS = 64, BUSY = 16 };
#define SWEEP_NS (25 * PRAC_MS)
#define DROPS_NS (500 * PRAC_MS)
#define GATHER_NS (400 * PRAC_US)
#define END_NS (12 * PRAC_SEC) /* the supervisor waits for 20 */

struct group {
  struct mmsghdr m[GROUP];
  struct iovec v[GROUP];
  struct sockaddr_in6 from[GROUP];
  _Alignas(16) uint8_t control[GROUP][CONTROL];
  uint8_t bytes[GROUP][ROOM];
  uint32_t places[GROUP];
};
struct loop {
  struct hp_worker *w;
  struct group *g;
  int64_t now, next_sweep, next_drops;
  uint32_t budget; /* hits that may be told until the next second */
  int64_t budget_second;
};

prac_rc hp_worker_prepare(struct hp_worker *w, struct prac_err *reterr)
{
  w->poll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (w->poll_fd < 0) return PRAC_FAIL(reterr, PRAC_IO, "epoll: %s", strerrordesc_np(errno));
  for (size_t i = 0; i < w->n_socks; i++) {
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
    if (epoll_ctl(w->poll_fd, EPOLL_CTL_ADD, w->socks[i].fd, &e) != 0)
      return PRAC_FAIL(reterr, PRAC_IO, "epoll: %s", strerrordesc_np(errno));
  }
  return PRAC_OK;
}

static void prepare(struct group *g)
{
  for (int i = 0; i < GROUP; i++) {
    g->v[i] = (struct iovec){g->bytes[i], ROOM};
    g->m[i].msg_hdr = (struct msghdr){.msg_name = &g->from[i],
                                      .msg_namelen = sizeof g->from[i],
                                      .msg_iov = &g->v[i],
                                      .msg_iovlen = 1,
                                      .msg_control = g->control[i],
                                      .msg_controllen = CONTROL};
  }
}

static bool is_group6(const struct prac_ip *ip)
{
  return ip->b[0] == 0xff;
}

/* What the kernel says beside the bytes. */
static void read_control(struct msghdr *m, struct hp_datagram *d, uint32_t *drops)
{
  for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
    const void *p = CMSG_DATA(h);
    if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, p, sizeof t);
      d->at = (prac_time)t.tv_sec * PRAC_SEC + t.tv_nsec;
    } else if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SO_RXQ_OVFL) {
      memcpy(drops, p, sizeof *drops);
    } else if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_TTL) {
      int ttl;
      memcpy(&ttl, p, sizeof ttl);
      d->ttl = (uint8_t)ttl;
    } else if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo i;
      memcpy(&i, p, sizeof i);
      d->own = prac_ip4(ntohl(i.ipi_spec_dst.s_addr));
      d->many = i.ipi_spec_dst.s_addr != i.ipi_addr.s_addr;
    } else if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_HOPLIMIT) {
      int ttl;
      memcpy(&ttl, p, sizeof ttl);
      d->ttl = (uint8_t)ttl;
    } else if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo i;
      memcpy(&i, p, sizeof i);
      memcpy(d->own.b, &i.ipi6_addr, sizeof d->own.b);
      d->many = is_group6(&d->own);
    }
  }
}

static void read_sender(const struct sockaddr_in6 *from, bool six, struct hp_datagram *d)
{
  if (six) {
    memcpy(d->src.b, &from->sin6_addr, sizeof d->src.b);
    d->sport = ntohs(from->sin6_port);
    return;
  }
  struct sockaddr_in a;
  memcpy(&a, from, sizeof a);
  d->src = prac_ip4(ntohl(a.sin_addr.s_addr));
  d->sport = ntohs(a.sin_port);
}

/* Dropped datagrams had the same senders as those that were not, so these take the blame in equal
 * parts; the sum is exact. */
static void share_out(struct hp_worker *w, const struct group *g, uint32_t n, uint32_t lost)
{
  uint32_t each = lost / n, more = lost % n;
  for (uint32_t i = 0; i < n; i++)
    if (each + (i < more)) hp_core_lost(w->core, g->places[i], each + (i < more));
}

/* A datagram says what had been dropped when it was put into the queue: that may be less than what
 * hp_sock_drops has told since. */
static uint32_t newly(struct hp_sock *s, uint32_t drops)
{
  int32_t more = (int32_t)(drops - s->drops); /* the kernel's count wraps */
  if (more <= 0) return 0;
  s->drops = drops;
  return (uint32_t)more;
}

static uint32_t take(struct loop *l, struct hp_sock *s)
{
  struct group *g = l->g;
  int n = recvmmsg(s->fd, g->m, GROUP, MSG_DONTWAIT | MSG_TRUNC, NULL);
  if (n <= 0) return 0;
  prac_time wall = prac_now(&l->w->clock);
  uint32_t lost = 0;
  for (int i = 0; i < n; i++) {
    struct msghdr *m = &g->m[i].msg_hdr;
    uint32_t len = g->m[i].msg_len, drops = s->drops;
    struct hp_datagram d = {.at = wall,
                            .data = g->bytes[i],
                            .len = len,
                            .have = len < ROOM ? len : ROOM,
                            .port = s->port,
                            .sock = s->fd};
    read_sender(&g->from[i], s->six, &d);
    read_control(m, &d, &drops);
    lost += newly(s, drops);
    g->places[i] = hp_core_take(l->w->core, &d, l->now);
    if (g->places[i] != HP_NOBODY) s->last = g->places[i];
    m->msg_namelen = sizeof g->from[i];
    m->msg_controllen = CONTROL;
  }
  if (lost) share_out(l->w, g, (uint32_t)n, lost);
  return (uint32_t)n;
}

/* What was dropped behind the last datagram that came: no later one will say so. */
static void read_drops(struct hp_worker *w)
{
  for (size_t i = 0; i < w->n_socks; i++) {
    struct hp_sock *s = &w->socks[i];
    uint32_t lost = newly(s, hp_sock_drops(s));
    if (lost) hp_core_lost(w->core, s->last, lost);
  }
}

static void hear(struct hp_worker *w, prac_time wall)
{
  uint32_t r = atomic_load_explicit(&w->words_out, memory_order_relaxed);
  uint32_t n = atomic_load_explicit(&w->words_in, memory_order_acquire);
  for (; r != n; r++)
    hp_core_silence(w->core, &w->words[r % HP_WORDS].p, w->words[r % HP_WORDS].until, wall);
  atomic_store_explicit(&w->words_out, r, memory_order_release);
}

static void tick(struct loop *l)
{
  struct hp_worker *w = l->w;
  if (l->now < l->next_sweep) return;
  prac_time wall = prac_now(&w->clock);
  l->next_sweep = l->now + SWEEP_NS;
  hear(w, wall);
  if (l->now >= l->next_drops) {
    read_drops(w);
    l->next_drops = l->now + DROPS_NS;
  }
  if (l->now / PRAC_SEC != l->budget_second) {
    l->budget_second = l->now / PRAC_SEC;
    l->budget = (uint32_t)w->hits_per_s;
  }
  l->budget -= hp_core_sweep(w->core, wall, l->budget, false);
}

static uint32_t turn(struct loop *l, int timeout_ms)
{
  struct epoll_event e[EVENTS];
  uint32_t got = 0;
  int n = epoll_wait(l->w->poll_fd, e, EVENTS, timeout_ms);
  l->now = sys_mono_ns();
  for (int i = 0; i < n; i++) {
    struct hp_sock *s = &l->w->socks[e[i].data.u64];
    uint32_t k = GROUP;
    for (int round = 0; round < ROUNDS && k == GROUP; round++) got += k = take(l, s);
  }
  return got;
}

/* Nothing that is in a socket's buffer, and nothing that was counted, is left behind: a million
 * pairs take the reader some seconds, and a ring that is full for a moment is not the end. */
static void finish(struct loop *l)
{
  int64_t until = sys_mono_ns() + END_NS;
  while (turn(l, 0) > 0 && l->now < until) continue;
  read_drops(l->w);
  for (; l->now < until && hp_core_waits(l->w->core) && !atomic_load(l->w->deaf);
       l->now = sys_mono_ns())
    if (hp_core_sweep(l->w->core, prac_now(&l->w->clock), 1 << 20, true) == 0)
      sys_sleep_ns(PRAC_MS);
  hp_core_give_up(l->w->core);
}

void *hp_worker_run(void *arg)
{
  struct loop l = {.w = arg, .g = calloc(1, sizeof *l.g)};
  if (l.g) {
    prepare(l.g);
    while (!atomic_load_explicit(l.w->stop, memory_order_relaxed)) {
      uint32_t got = turn(&l, (int)(SWEEP_NS / PRAC_MS));
      tick(&l);
      if (got >= BUSY && got % GROUP != 0) sys_sleep_ns(GATHER_NS);
    }
    finish(&l);
  }
  free(l.g);
  atomic_store(&l.w->over, true);
  return NULL;
}
