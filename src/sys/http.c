/* libmicrohttpd behind our own words. Its rules that shaped this file: a content reader that has
 * nothing must suspend its connection, or the thread spins; a suspended connection neither times
 * out nor notices that the client has gone, hence the heartbeat; everything must be resumed before
 * the daemon is stopped; a request's handler is called again after a resume. Deadlines are ours,
 * because the library's time-out starts anew with every byte that a slow client drips. */
#include "sys/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "sys/http_impl.h"

static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help) {name, unit, help, PRAC_COUNTER},
    HTTP_COUNTERS(X)
#undef X
};

int64_t http_mono_ns(void)
{
  struct timespec t = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * PRAC_SEC + t.tv_nsec;
}

/* Counters here have more than one writer. */
void http_count(struct sys_http *h, int which, uint64_t by)
{
  atomic_fetch_add_explicit(&h->counters[which], by, memory_order_relaxed);
}

void http_conn_state(struct sys_http *h, struct http_conn *c, enum http_conn_state s)
{
  pthread_mutex_lock(&h->lock);
  c->state = s;
  c->since_ns = http_mono_ns();
  pthread_mutex_unlock(&h->lock);
}

/* The only place where the library shows the target as it came. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mc)
{
  struct sys_http_req *r = calloc(1, sizeof *r);
  (void)mc;
  if (!r) return NULL;
  r->h = arg;
  r->body = strdup(uri);
  return r;
}

static void on_completed(void *arg, struct MHD_Connection *mc, void **req,
                         enum MHD_RequestTerminationCode code)
{
  struct sys_http *h = arg;
  struct sys_http_req *r = *req;
  (void)mc;
  (void)code;
  if (!r) return;
  pthread_mutex_lock(&h->lock);
  http_pending_remove(r);
  if (r->conn) {
    r->conn->state = CONN_WAITING;
    r->conn->since_ns = http_mono_ns();
  }
  pthread_mutex_unlock(&h->lock);
  if (r->resp) MHD_destroy_response(r->resp);
  if (r->free_kept) r->free_kept(r->kept);
  free(r->body);
  free(r);
  *req = NULL;
}

static void on_connection(void *arg, struct MHD_Connection *mc, void **ctx,
                          enum MHD_ConnectionNotificationCode code)
{
  struct sys_http *h = arg;
  struct http_conn *c = *ctx;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
    c = calloc(1, sizeof *c);
    if (!c) return; /* its requests are refused */
    c->fd = i ? i->connect_fd : -1;
    c->since_ns = http_mono_ns();
    pthread_mutex_lock(&h->lock);
    c->next = h->conns;
    c->link = &h->conns;
    if (c->next) c->next->link = &c->next;
    h->conns = c;
    pthread_mutex_unlock(&h->lock);
    http_count(h, C_CONNECTIONS, 1);
    *ctx = c;
  } else if (c) {
    pthread_mutex_lock(&h->lock);
    *c->link = c->next;
    if (c->next) c->next->link = c->link;
    pthread_mutex_unlock(&h->lock);
    free(c);
    *ctx = NULL;
  }
}

static prac_rc listen_on(const char *host, uint16_t port, int *ret, struct prac_err *reterr)
{
  struct prac_ip ip;
  union {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  } a;
  memset(&a, 0, sizeof a);
  if (prac_ip_parse(host, strlen(host), &ip) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "\"%s\" is not an address to listen on", host);
  bool v4 = prac_ip_is4(&ip);
  if (v4)
    a.in = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(prac_ip_to4(&ip))};
  else
    a.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (!v4) memcpy(a.in6.sin6_addr.s6_addr, ip.b, sizeof ip.b);
  int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
  if (fd < 0) return PRAC_FAIL(reterr, PRAC_IO, "no socket: %s", strerrordesc_np(errno));
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, &a.sa, v4 ? sizeof a.in : sizeof a.in6) != 0 || listen(fd, 512) != 0) {
    prac_rc rc = PRAC_FAIL(reterr, PRAC_IO, "cannot listen on %s port %u: %s", host, port,
                           strerrordesc_np(errno));
    close(fd);
    return rc;
  }
  *ret = fd;
  return PRAC_OK;
}

static uint16_t port_of(int fd)
{
  union {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  } a;
  socklen_t n = sizeof a;
  memset(&a, 0, sizeof a);
  if (getsockname(fd, &a.sa, &n) != 0) return 0;
  if (a.sa.sa_family == AF_INET) return ntohs(a.in.sin_port);
  return a.sa.sa_family == AF_INET6 ? ntohs(a.in6.sin6_port) : 0;
}

static void no_log(void *arg, const char *fmt, va_list ap)
{
  (void)arg;
  (void)fmt;
  (void)ap;
}

static size_t no_unescape(void *arg, struct MHD_Connection *mc, char *s)
{
  (void)arg;
  (void)mc;
  return strlen(s);
}

static struct MHD_Daemon *daemon_of(struct sys_http *h)
{
  return MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_handle, h,
      MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_LISTEN_SOCKET, h->fd,
      MHD_OPTION_CONNECTION_LIMIT, h->c.max_conns, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
      h->c.n_proxies > 0 ? 0u : h->c.max_conns_per_addr, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned)(h->c.leave_ns / PRAC_SEC + 1), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)CONN_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
      no_unescape, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_uri, h, MHD_OPTION_NOTIFY_COMPLETED,
      on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

prac_rc sys_http_open(const struct sys_http_conf *c, struct sys_http **ret, struct prac_err *reterr)
{
  uint64_t seed = 0;
  struct sys_http *h = calloc(1, sizeof *h);
  if (!h) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the HTTP server");
  h->c = *c;
  h->fd = c->listen_fd;
  if (h->c.arrive_ns <= 0) h->c.arrive_ns = 20 * PRAC_SEC;
  if (h->c.leave_ns <= 0) h->c.leave_ns = 60 * PRAC_SEC;
  if (h->c.beat_ns <= 0) h->c.beat_ns = 15 * PRAC_SEC;
  h->beat_at_ns = http_mono_ns();
  (void)pthread_mutex_init(&h->lock, NULL);
  (void)pthread_mutex_init(&h->streams_lock, NULL);
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) seed ^= (uint64_t)http_mono_ns();
  prac_rc rc = sys_http_rate_new(c->rate_per_s, c->rate_burst, seed, &h->rate);
  if (rc == PRAC_OK && h->fd < 0) rc = listen_on(c->host, c->port, &h->fd, reterr);
  if (rc == PRAC_OK) {
    h->port = port_of(h->fd);
    h->daemon = daemon_of(h);
    if (!h->daemon)
      rc = PRAC_FAIL(reterr, PRAC_IO, "the HTTP server does not start: %s", strerrordesc_np(errno));
  }
  if (rc != PRAC_OK)
    sys_http_close(&h);
  else
    *ret = h;
  return rc;
}

void sys_http_close(struct sys_http **hp)
{
  struct sys_http *h = *hp;
  if (!h) return;
  h->closing = true;
  if (h->daemon) {
    (void)MHD_quiesce_daemon(h->daemon);
    pthread_mutex_lock(&h->lock);
    for (struct sys_http_req *r; (r = h->pending);) {
      http_pending_remove(r);
      http_respond_text(r, 503, "stopping", "the server is stopping");
      MHD_resume_connection(r->mc);
    }
    pthread_mutex_unlock(&h->lock);
    sys_http_ask_streams(h);
    MHD_stop_daemon(h->daemon);
  }
  if (h->fd >= 0) close(h->fd);
  sys_http_rate_free(&h->rate);
  pthread_mutex_destroy(&h->streams_lock);
  pthread_mutex_destroy(&h->lock);
  free(h);
  *hp = NULL;
}

uint16_t sys_http_port(const struct sys_http *h)
{
  return h->port;
}

static void cut_late(struct sys_http *h, int64_t now_ns)
{
  pthread_mutex_lock(&h->lock);
  for (struct http_conn *c = h->conns; c; c = c->next) {
    int64_t limit = c->state == CONN_WAITING ? h->c.arrive_ns : h->c.leave_ns;
    if (c->state == CONN_STREAM || c->cut || now_ns - c->since_ns < limit) continue;
    /* Only the socket is shut: the library notices, and cleans up on its own thread. */
    (void)shutdown(c->fd, SHUT_RDWR);
    c->cut = true;
    http_count(h, C_CUT, 1);
  }
  pthread_mutex_unlock(&h->lock);
}

void sys_http_tick(struct sys_http *h)
{
  int64_t now_ns = http_mono_ns();
  cut_late(h, now_ns);
  if (now_ns - h->beat_at_ns < h->c.beat_ns) return;
  h->beat_at_ns = now_ns;
  http_streams_beat(h);
}

struct prac_counters sys_http_counters(const struct sys_http *h)
{
  union {
    const _Atomic uint64_t *in;
    _Atomic uint64_t *out;
  } u = {h->counters};
  return (struct prac_counters){"http", counter_defs, u.out, C_COUNT_};
}
