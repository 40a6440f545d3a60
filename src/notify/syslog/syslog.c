/* RFC 5424 messages with a CEF body, over UDP, TCP (octet counting, RFC 6587) or a local socket. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify/letter.h"
#include "sys/durable.h"
#include "sys/net.h"
#include "sys/wall.h"

enum { UDP, TCP, UNIX };
static const char *const kinds[] = {"udp", "tcp", "unix", NULL};
enum { MESSAGE_MAX = 8192, UDP_MAX = 2048, FACILITY_MAX = 23 };
struct conf {
  const char *server;
  int64_t port, facility, timeout_ns;
  int kind;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "transport",
     .type = PRAC_CONF_ENUM,
     .offset = CONF(kind),
     .words = kinds,
     .hi = 2,
     .dflt = UDP,
     .help = "udp and unix (datagrams) are not acknowledged by anybody, tcp is by the kernel."},
    {.key = "server",
     .type = PRAC_CONF_STRING,
     .offset = CONF(server),
     .sdflt = "127.0.0.1",
     .help =
         "Address or name of the log server; unix: path of the socket below the data directory."},
    {.key = "port",
     .type = PRAC_CONF_INT,
     .offset = CONF(port),
     .lo = 1,
     .hi = 65535,
     .dflt = 514,
     .help = "Its port."},
    {.key = "facility",
     .type = PRAC_CONF_INT,
     .offset = CONF(facility),
     .lo = 0,
     .hi = FACILITY_MAX,
     .dflt = 16,
     .help = "Number of the facility; 16 is local0."},
    {.key = "timeout",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(timeout_ns),
     .lo = 0.1,
     .hi = 60,
     .dflt = 5,
     .help = "Longest wait for a connection, and for room in it."},
};
static const struct prac_conf_section section = {
    .path = "notify.syslog",
    .about = "Alerts as syslog messages with a CEF body.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { SENT, LATER, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [SENT] = {"sent", "messages", "Handed to the network.", PRAC_COUNTER},
    [LATER] = {"later", "messages", "No connection: tried again.", PRAC_COUNTER},
};
struct state {
  int fd1; /* descriptor + 1; 0: none */
};

/* ---- the message ---- */

/* A value of CEF's extension: "\", "=" and line ends escaped; of its head: "\" and "|". */
static void cef(struct note_text *to, const char *s, const char *special)
{
  struct note_text w = {.p = NULL};
  note_text_word(&w, s);
  to->bad |= w.bad;
  for (size_t i = 0; i < w.n; i++) {
    if (strchr(special, w.p[i])) note_text_put(to, "\\", 1);
    note_text_put(to, w.p + i, 1);
  }
  note_text_done(&w);
}

static void pair(struct note_text *to, const char *key, const char *value)
{
  if (!value || !value[0]) return;
  note_text_add(to, " %s=", key);
  cef(to, value, "\\=");
}

static void body_episode(struct note_text *to, const struct note_item *it)
{
  const struct episode *e = it->episode;
  char ip[PRAC_IP_TEXT], title[32];
  const char *state = note_state(it);
  note_vector_title(e->vectors.n ? e->vectors.v[0] : "", title);
  note_text_add(to, "drdos-%s|DRDoS attack %s|%d| dst=%s dpt=%u proto=UDP", state, state,
                strcmp(state, "end") == 0 ? 3 : 8, note_target_text(e, ip), e->port);
  pair(to, "app", title);
  note_text_add(to, " cnt=%" PRIu64 " in=%" PRIu64 " start=%" PRId64 " end=%" PRId64, e->packets,
                e->bytes, e->from / PRAC_MS, e->to / PRAC_MS);
  note_text_add(to, " cn1Label=busiestMinute cn1=%" PRIu64 " cn2Label=victimAsn cn2=%u", e->bin_max,
                e->asn);
  pair(to, "dhost", e->rdns);
  pair(to, "cs1Label", "asName");
  pair(to, "cs1", e->as_name && e->as_name[0] ? e->as_name : "-");
  pair(to, "cs2Label", "country");
  pair(to, "cs2", e->country && e->country[0] ? e->country : "-");
}

static void body_other(struct note_text *to, const struct note_item *it)
{
  const struct alert *a = it->alert;
  if (!a) {
    note_text_add(to, "drdos-digest|DRDoS attacks|5| cnt=%u", it->digest->n);
    return;
  }
  static const char *const words[] = {"notice", "low", "medium", "high", "critical"};
  int level = 0;
  for (int i = 0; i < 5; i++)
    if (a->severity && strcmp(a->severity, words[i]) == 0) level = 2 * (i + 1);
  cef(to, a->kind, "\\|");
  note_text_put(to, "|", 1);
  cef(to, a->title, "\\|");
  note_text_add(to, "|%d| start=%" PRId64 " end=%" PRId64, level, a->from / PRAC_MS,
                a->to / PRAC_MS);
  pair(to, "act", a->state);
  pair(to, "msg", a->text);
}

/* A name of RFC 5424's head: printable ASCII without blanks, "-" when there is none. */
static void name(struct note_text *to, const char *s, size_t most)
{
  size_t n = 0;
  for (; s[n] && n < most; n++) {
    char c = s[n] > ' ' && s[n] < 0x7f ? s[n] : '_';
    note_text_put(to, &c, 1);
  }
  note_text_add(to, "%s", n ? "" : "-");
}

static void message(struct note_text *to, const struct note_item *it, const struct note_env *env)
{
  const struct conf *c = env->conf;
  char at[PRAC_TIME_TEXT];
  prac_time micro = it->at - it->at % PRAC_US; /* six digits are allowed */
  const char *state = note_state(it);
  int severity = strcmp(state, "end") == 0 || strcmp(state, "close") == 0 ? 5 : 4;
  note_text_add(to, "<%d>1 %s ", (int)c->facility * 8 + severity, prac_time_text(at, micro));
  name(to, env->host, 255);
  note_text_add(to, " practice - ");
  name(to, state, 32);
  note_text_add(to, " - CEF:0|PRACTICE|practice|%s|", PRACTICE_VERSION);
  if (it->episode)
    body_episode(to, it);
  else
    body_other(to, it);
  pair(to, "externalId", it->id);
  pair(to, "cs3Label", "tenant");
  pair(to, "cs3", it->tenant->name);
  pair(to, "cs4Label", "thread");
  pair(to, "cs4", it->thread);
}

/* ---- the way out ---- */

static prac_rc dial_unix(const struct conf *c, const struct note_env *env, int *ret_fd,
                         struct prac_err *reterr)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  if ((size_t)snprintf(a.sun_path, sizeof a.sun_path, "%s", c->server) >= sizeof a.sun_path)
    return PRAC_FAIL(reterr, PRAC_RANGE, "server \"%.100s\": path too long", c->server);
  (void)env;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return sys_errno_rc(errno, reterr, "make a socket for", c->server);
  if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0) {
    *ret_fd = fd;
    return PRAC_OK;
  }
  int err = errno;
  (void)close(fd);
  return sys_errno_rc(err, reterr, "connect to", c->server);
}

static bool wait_for(int fd, short what, int64_t until)
{
  for (;;) {
    int64_t left = (until - sys_mono_ns()) / PRAC_MS;
    struct pollfd p = {.fd = fd, .events = what};
    int st = left > 0 ? poll(&p, 1, (int)left) : 0;
    if (st > 0 || st == 0) return st > 0;
    if (errno != EINTR) return false;
  }
}

static prac_rc dial_ip(const struct conf *c, const struct prac_ip *ip, int *ret_fd,
                       struct prac_err *reterr)
{
  bool four = prac_ip_is4(ip);
  struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)c->port)};
  int one = 1, err = 0;
  socklen_t n = sizeof err;
  memcpy(&a4.sin_addr, ip->b + 12, 4);
  memcpy(&a6.sin6_addr, ip->b, 16);
  int fd = socket(four ? AF_INET : AF_INET6,
                  (c->kind == TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return sys_errno_rc(errno, reterr, "make a socket for", c->server);
  if (c->kind == TCP) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int st = four ? connect(fd, (const struct sockaddr *)&a4, sizeof a4)
                : connect(fd, (const struct sockaddr *)&a6, sizeof a6);
  if (st != 0) err = errno;
  if (err == EINPROGRESS) {
    err = wait_for(fd, POLLOUT, sys_mono_ns() + c->timeout_ns) ? 0 : ETIMEDOUT;
    if (err == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0) err = errno;
  }
  if (err == 0) {
    *ret_fd = fd;
    return PRAC_OK;
  }
  (void)close(fd);
  return sys_errno_rc(err, reterr, "connect to", c->server);
}

static prac_rc dial(const struct note_env *env, int *ret_fd, struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  struct prac_ip ip[SYS_NET_ADDRS];
  size_t n = 0;
  if (c->kind == UNIX) return dial_unix(c, env, ret_fd, reterr);
  PRAC_TRY(sys_net_resolve(env->net, c->server, (int)(c->timeout_ns / PRAC_MS), ip, &n, reterr));
  prac_rc rc = PRAC_IO;
  for (size_t i = 0; i < n && rc != PRAC_OK; i++) rc = dial_ip(c, &ip[i], ret_fd, reterr);
  return rc;
}

/* A server that has gone answers with its end of the stream: a write into it would be lost. */
static bool gone(int fd)
{
  char b[64];
  ssize_t n;
  while ((n = recv(fd, b, sizeof b, MSG_DONTWAIT)) > 0) continue;
  return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static prac_rc put_all(int fd, const char *p, size_t n, const struct conf *c,
                       struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + c->timeout_ns;
  while (n > 0) {
    ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
    if (w > 0) {
      p += w;
      n -= (size_t)w;
      continue;
    }
    bool wait = w < 0 && (errno == EAGAIN || errno == EINTR);
    if (!wait) return sys_errno_rc(errno, reterr, "write to", c->server);
    if (!wait_for(fd, POLLOUT, until))
      return PRAC_FAIL(reterr, PRAC_IO, "%s takes nothing", c->server);
  }
  return PRAC_OK;
}

static prac_rc open_syslog(void *st, const struct note_env *env, struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  (void)st;
  return c->server[0] ? PRAC_OK : PRAC_FAIL(reterr, PRAC_RANGE, "server must be given");
}

static void hang_up(struct state *s)
{
  if (s->fd1) (void)close(s->fd1 - 1);
  s->fd1 = 0;
}

static prac_rc transmit(struct state *s, const struct note_env *env, const struct note_text *m,
                        struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  int fd = -1;
  if (s->fd1 && c->kind == TCP && gone(s->fd1 - 1)) hang_up(s);
  if (!s->fd1) {
    PRAC_TRY(dial(env, &fd, reterr));
    s->fd1 = fd + 1;
  }
  prac_rc rc = put_all(s->fd1 - 1, m->p, m->n, c, reterr);
  if (rc != PRAC_OK) hang_up(s);
  return rc;
}

static prac_rc send_syslog(void *st, const struct note_item *it, const struct note_env *env,
                           struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  struct note_text m = {.p = NULL}, framed = {.p = NULL};
  message(&m, it, env);
  size_t most = c->kind == UDP ? UDP_MAX : MESSAGE_MAX;
  if (m.n > most) /* between two characters */
    for (m.n = most; m.n && ((uint8_t)m.p[m.n] & 0xc0) == 0x80;) m.n--;
  if (c->kind == TCP) note_text_add(&framed, "%zu ", m.n);
  if (!m.bad) note_text_put(&framed, m.p, m.n);
  prac_rc rc = m.bad || framed.bad ? PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a message")
                                   : transmit(s, env, &framed, reterr);
  prac_count(&env->counters[rc == PRAC_OK ? SENT : LATER], 1);
  note_text_done(&m);
  note_text_done(&framed);
  return rc == PRAC_OK ? rc : PRAC_AGAIN;
}

static void close_syslog(void *st)
{
  hang_up(st);
}

extern const struct note_way note_syslog;
const struct note_way note_syslog = {
    .name = "syslog",
    .about = "syslog messages with a CEF body",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_syslog,
    .send = send_syslog,
    .close = close_syslog,
};
