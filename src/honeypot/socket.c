/* Sockets are opened while the role still has its rights: low ports, large buffers. */
#include "honeypot/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct prac_log_event ev_taken = {
    "honeypot_port_taken", PRAC_LOG_WARN,
    "another program listens there: stop it, or name the vector in `without`"};
static const struct prac_log_event ev_no6 = {"honeypot_no_ipv6", PRAC_LOG_INFO, ""};

struct place { /* where one socket goes */
  struct prac_ip ip;
  uint16_t nominal, actual, index;
};

static bool on(int fd, int level, int name)
{
  int one = 1;
  return setsockopt(fd, level, name, &one, sizeof one) == 0;
}

static bool options(int fd, bool six, int64_t rcvbuf)
{
  int bytes = (int)rcvbuf, probe4 = IP_PMTUDISC_PROBE, probe6 = IPV6_PMTUDISC_PROBE;
  bool ok = on(fd, SOL_SOCKET, SO_REUSEPORT) && on(fd, SOL_SOCKET, SO_RXQ_OVFL) &&
            on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
  /* never in fragments, whatever somebody tells us about the path */
  if (six)
    ok = ok && on(fd, IPPROTO_IPV6, IPV6_V6ONLY) && on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) &&
         on(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT) &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe6, sizeof probe6) == 0;
  else
    ok = ok && on(fd, IPPROTO_IP, IP_PKTINFO) && on(fd, IPPROTO_IP, IP_RECVTTL) &&
         setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe4, sizeof probe4) == 0;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return ok;
}

static int open_one(const struct place *p, int64_t rcvbuf)
{
  bool six = !prac_ip_is4(&p->ip);
  struct sockaddr_in a4 = {.sin_family = AF_INET,
                           .sin_port = htons(p->actual),
                           .sin_addr.s_addr = htonl(prac_ip_to4(&p->ip))};
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(p->actual)};
  memcpy(&a6.sin6_addr, p->ip.b, sizeof a6.sin6_addr);
  int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  int bad = !options(fd, six, rcvbuf) ||
            (six ? bind(fd, (const void *)&a6, sizeof a6) : bind(fd, (const void *)&a4, sizeof a4));
  if (!bad) return fd;
  int why = errno;
  (void)close(fd);
  errno = why;
  return -1;
}

/* Who gets a datagram is decided by its sender's network, so that one worker has all of it. */
static bool steer(int fd, bool six, uint32_t workers)
{
  struct sock_filter f4[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_filter f6[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 8),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x85ebca6b),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)SKF_NET_OFF + 12),
      BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1),
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, workers),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_fprog p = {PRAC_ARRAY_LEN(f4), f4};
  if (six) p = (struct sock_fprog){PRAC_ARRAY_LEN(f6), f6};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &p, sizeof p) == 0;
}

/* One port at one address for all workers, in their order: the kernel numbers them so. */
static prac_rc open_group(const struct hp_conf *c, const struct place *p, struct hp_socks *s,
                          size_t capacity, const struct prac_log *log, struct prac_err *reterr)
{
  char ip[PRAC_IP_TEXT];
  bool six = !prac_ip_is4(&p->ip);
  for (int64_t w = 0; w < c->workers; w++) {
    int fd = open_one(p, c->rcvbuf);
    if (fd < 0 && w == 0 && (errno == EADDRINUSE || (six && errno == EAFNOSUPPORT))) {
      prac_log(log, errno == EADDRINUSE ? &ev_taken : &ev_no6, "%s port %u: %s",
               prac_ip_text(ip, &p->ip), p->actual, strerrordesc_np(errno));
      return PRAC_OK;
    }
    if (fd < 0)
      return PRAC_FAIL(reterr, errno == EACCES ? PRAC_DENIED : PRAC_IO, "%s port %u: %s%s",
                       prac_ip_text(ip, &p->ip), p->actual, strerrordesc_np(errno),
                       errno == EACCES ? " (start as root, or set port-offset)" : "");
    s->v[(size_t)w * capacity + s->n_each] =
        (struct hp_sock){.fd = fd, .six = six, .port = p->index, .last = HP_NOBODY};
    if (w > 0 && w == c->workers - 1 && !steer(fd, six, (uint32_t)c->workers)) {
      s->n_each++;
      return PRAC_FAIL(reterr, PRAC_UNSUPPORTED,
                       "this kernel cannot share a port out by sender: set workers to 1");
    }
  }
  s->n_each++;
  return PRAC_OK;
}

static prac_rc open_all(const struct hp_conf *c, const struct hp_services *services,
                        struct hp_socks *s, size_t capacity, const struct prac_log *log,
                        struct prac_err *reterr)
{
  size_t n_ports;
  const uint16_t *ports = hp_services_ports(services, &n_ports);
  for (size_t a = 0; a < c->listen.n; a++) {
    struct place p;
    const char *text = c->listen.v[a];
    if (prac_ip_parse(text, strlen(text), &p.ip) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_MALFORMED, "honeypots.listen: \"%s\" is no address", text);
    for (size_t i = 0; i < n_ports; i++) {
      if (ports[i] + c->port_offset > 65535) continue;
      p.nominal = ports[i];
      p.actual = (uint16_t)(ports[i] + c->port_offset);
      p.index = (uint16_t)i;
      PRAC_TRY(open_group(c, &p, s, capacity, log, reterr));
    }
  }
  if (s->n_each == 0)
    return PRAC_FAIL(reterr, PRAC_RANGE, "honeypot %s: no port could be opened", c->name);
  return PRAC_OK;
}

prac_rc hp_socks_open(const struct hp_conf *c, const struct hp_services *services,
                      const struct prac_log *log, struct hp_socks *ret, struct prac_err *reterr)
{
  size_t n_ports;
  (void)hp_services_ports(services, &n_ports);
  size_t capacity = c->listen.n * n_ports, workers = (size_t)c->workers;
  *ret = (struct hp_socks){.v = calloc(capacity * workers + 1, sizeof *ret->v)};
  if (!ret->v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for sockets");
  for (size_t i = 0; i < capacity * workers; i++) ret->v[i].fd = -1;
  prac_rc rc = open_all(c, services, ret, capacity, log, reterr);
  if (rc != PRAC_OK) {
    ret->n_each = capacity;
    hp_socks_close(ret, workers);
    return rc;
  }
  for (size_t w = 1; w < workers; w++)
    memmove(&ret->v[w * ret->n_each], &ret->v[w * capacity], ret->n_each * sizeof *ret->v);
  return PRAC_OK;
}

void hp_socks_close(struct hp_socks *s, size_t workers)
{
  for (size_t i = 0; s->v && i < s->n_each * workers; i++)
    if (s->v[i].fd >= 0) (void)close(s->v[i].fd);
  free(s->v);
  *s = (struct hp_socks){0};
}

uint32_t hp_sock_drops(const struct hp_sock *s)
{
  uint32_t v[SK_MEMINFO_VARS] = {0};
  socklen_t n = sizeof v;
  if (getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, v, &n) != 0 || n <= SK_MEMINFO_DROPS * sizeof v[0])
    return s->drops;
  return v[SK_MEMINFO_DROPS];
}
