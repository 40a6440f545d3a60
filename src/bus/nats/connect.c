/* One attempt at one server: its version first, which libnats does not tell, then the connection.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/nats/link.h"
#include "sys/durable.h"
#include "sys/wall.h"

enum { CONNECT_MS = 3000, GLANCE_MS = 500, PING_MS = 10000, WRITE_MS = 10000, INFO_MAX = 32 << 10 };
static const struct prac_log_event ev_old = {"bus_nats_server_old", PRAC_LOG_WARN,
                                             "bring the server up to the release that is named"};
static const struct prac_log_event ev_small = {
    "bus_nats_payload_small", PRAC_LOG_WARN, "set max_payload: 8MB in the server's configuration"};

void nats_news_unref(struct nats_news *n)
{
  if (!n || atomic_fetch_sub(&n->refs, 1) != 1) return;
  (void)pthread_mutex_destroy(&n->lock);
  free(n);
}

/* In a thread of libnats. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus err, void *arg)
{
  struct nats_news *news = arg;
  const char *text = NULL;
  (void)sub;
  if (err != NATS_NOT_PERMITTED) return; /* the others are seen where they matter */
  (void)natsConnection_GetLastError(nc, &text);
  (void)pthread_mutex_lock(&news->lock);
  (void)snprintf(news->text, sizeof news->text, "%s", text ? text : "not permitted");
  (void)pthread_mutex_unlock(&news->lock);
  atomic_store(&news->refused, true);
}

static void on_closed(natsConnection *nc, void *arg)
{
  struct nats_news *news = arg;
  (void)nc;
  atomic_store(&news->closed, true);
  nats_news_unref(news);
}

static struct nats_news *news_new(void)
{
  struct nats_news *n = calloc(1, sizeof *n);
  if (!n) return NULL;
  if (pthread_mutex_init(&n->lock, NULL) != 0) {
    free(n);
    return NULL;
  }
  atomic_store(&n->refs, 2); /* ours and the connection's */
  return n;
}

static natsStatus tls_options(const struct nats_link *l, const struct nats_server *s,
                              natsOptions *o)
{
  natsStatus st = natsOptions_SetSecure(o, true);
  if (st == NATS_OK) st = natsOptions_SetExpectedHostname(o, s->host);
  if (st == NATS_OK && l->ca) st = natsOptions_SetCATrustedCertificates(o, l->ca);
  if (st == NATS_OK && l->cert) st = natsOptions_SetCertificatesChain(o, l->cert, l->key);
  return st;
}

/* One connection that does not come back by itself (link.h), and says when it has ended. */
static natsStatus plain_options(struct nats_link *l, natsOptions *o)
{
  natsStatus st = natsOptions_SetName(o, l->client);
  if (st == NATS_OK) st = natsOptions_SetTimeout(o, CONNECT_MS);
  if (st == NATS_OK) st = natsOptions_SetAllowReconnect(o, false);
  if (st == NATS_OK) st = natsOptions_SetPingInterval(o, PING_MS);
  if (st == NATS_OK) st = natsOptions_SetMaxPingsOut(o, 2);
  if (st == NATS_OK) st = natsOptions_SetWriteDeadline(o, WRITE_MS);
  if (st == NATS_OK) st = natsOptions_SetSendAsap(o, true);
  if (st == NATS_OK) st = natsOptions_SetErrorHandler(o, on_error, l->news);
  if (st == NATS_OK) st = natsOptions_SetClosedCB(o, on_closed, l->news);
  return st;
}

static natsStatus make_options(struct nats_link *l, const struct nats_server *s, natsOptions **ret)
{
  char url[96];
  natsOptions *o = NULL;
  natsStatus st = natsOptions_Create(&o);
  (void)snprintf(url, sizeof url, strchr(s->address, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
                 s->tls ? "tls" : "nats", s->address, s->port);
  if (st == NATS_OK) st = natsOptions_SetURL(o, url);
  if (st == NATS_OK) st = plain_options(l, o);
  if (st == NATS_OK && s->tls) st = tls_options(l, s, o);
  if (st == NATS_OK)
    *ret = o;
  else
    natsOptions_Destroy(o);
  return st;
}

static bool wait_for(int fd, short what, int64_t until)
{
  int64_t left = (until - sys_mono_ns()) / PRAC_MS;
  struct pollfd p = {.fd = fd, .events = what};
  return left > 0 && poll(&p, 1, (int)left) > 0;
}

static prac_rc dial(const char *address, uint16_t port, int64_t until, int *ret_fd,
                    struct prac_err *reterr)
{
  struct addrinfo want = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *a = NULL;
  char text[8];
  (void)snprintf(text, sizeof text, "%u", port);
  if (getaddrinfo(address, text, &want, &a) != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s is no address", address);
  int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = errno;
  bool ok = fd >= 0 && (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS);
  if (fd >= 0 && !ok) err = errno;
  freeaddrinfo(a);
  socklen_t n = sizeof err;
  if (ok && !wait_for(fd, POLLOUT, until)) ok = false, err = ETIMEDOUT;
  if (ok && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0 || err != 0)) ok = false;
  if (ok) {
    *ret_fd = fd;
    return PRAC_OK;
  }
  if (fd >= 0) (void)close(fd);
  return PRAC_FAIL(reterr, PRAC_IO, "%s:%u: %s", address, port, strerrordesc_np(err));
}

prac_rc bus_nats_look(const char *address, uint16_t port, int64_t timeout_ns, struct nats_info *ret,
                      struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + timeout_ns;
  int fd = -1;
  size_t have = 0;
  char *line = malloc(INFO_MAX);
  if (!line) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a server's greeting");
  prac_rc rc = dial(address, port, until, &fd, reterr);
  while (rc == PRAC_OK && have < INFO_MAX && !memchr(line, '\n', have)) {
    ssize_t k = wait_for(fd, POLLIN, until) ? recv(fd, line + have, INFO_MAX - have, 0) : 0;
    if (k <= 0) break;
    have += (size_t)k;
  }
  if (rc == PRAC_OK && nats_info_read(line, have, ret) != PRAC_OK)
    rc = PRAC_FAIL(reterr, PRAC_MALFORMED, "%s:%u does not greet as a NATS server does", address,
                   port);
  if (fd >= 0) (void)close(fd);
  free(line);
  return rc;
}

const char *bus_nats_advice(const char *version, char out[300])
{
  out[0] = '\0';
  if (nats_version_cmp(version, BUS_NATS_SAFE) >= 0) return out;
  (void)snprintf(
      out, 300,
      "nats-server %.31s has known holes in log-in by certificate and in JetStream, let "
      "its ports be reached through a VPN only; the oldest safe release is " BUS_NATS_SAFE "%s",
      version,
      bus_nats_syncs(version) ? ""
                              : "; before 2.10 it cannot be told to sync every message to disk"
                                " (sync_interval: always)");
  return out;
}

bool bus_nats_syncs(const char *version)
{
  return nats_version_cmp(version, "2.10.0") >= 0;
}

/* Said once for each server. */
static void look(struct nats_link *l, struct nats_server *s, int64_t timeout_ns)
{
  struct nats_info info;
  char advice[300];
  if (s->looked) return;
  if (bus_nats_look(s->address, s->port, timeout_ns, &info, NULL) != PRAC_OK) return;
  s->looked = true;
  (void)snprintf(s->name, sizeof s->name, "%s", info.name);
  if (bus_nats_advice(info.version, advice)[0])
    prac_log(l->log, &ev_old, "%s:%u: %s", s->host, s->port, advice);
  if (info.max_payload < BUS_NATS_PAYLOAD)
    prac_log(l->log, &ev_small,
             "%s:%u takes messages up to %llu bytes only; a busy minute of a sensor has more",
             s->host, s->port, (unsigned long long)info.max_payload);
}

bool nats_link_leader(struct nats_link *l, size_t *ret)
{
  size_t at = (l->at_server - 1) % l->n_servers;
  if (!l->leader[0] || strcmp(l->servers[at].name, l->leader) == 0) return false;
  for (size_t i = 0; i < l->n_servers; i++) {
    look(l, &l->servers[i], GLANCE_MS * PRAC_MS);
    if (strcmp(l->servers[i].name, l->leader) != 0) continue;
    *ret = i;
    return i != at;
  }
  return false;
}

prac_rc nats_link_connect(struct nats_link *l, struct prac_err *reterr)
{
  struct nats_server *s = &l->servers[l->at_server++ % l->n_servers];
  natsOptions *o = NULL;
  look(l, s, CONNECT_MS * PRAC_MS);
  l->news = news_new();
  if (!l->news) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a connection");
  natsStatus st = make_options(l, s, &o);
  if (st == NATS_OK) st = natsConnection_Connect(&l->nc, o);
  natsStatus last = NATS_OK;
  const char *text = st == NATS_OK ? NULL : nats_GetLastError(&last);
  if (st != NATS_OK)
    (void)prac_err_set(reterr, PRAC_IO, __FILE__, "%s:%u: %s%s%.200s", s->host, s->port,
                       natsStatus_GetText(st), text && text[0] ? ": " : "", text ? text : "");
  natsOptions_Destroy(o);
  if (st == NATS_OK) {
    l->max_payload = (size_t)natsConnection_GetMaxPayload(l->nc);
    return PRAC_OK;
  }
  l->nc = NULL;
  nats_news_unref(l->news); /* nobody will tell the connection's end */
  nats_news_unref(l->news);
  l->news = NULL;
  return PRAC_IO;
}
