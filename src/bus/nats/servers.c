/* The servers of the settings: how they are written, where they are, what they say of themselves.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/nats/link.h"

enum { DEFAULT_PORT = 4222 };

bool bus_nats_name_ok(const char *s)
{
  size_t n = strlen(s);
  return n >= 1 && n <= 40 &&
         strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

/* "tls://hub.example:4222", "nats://[::1]:4222" */
static bool split(const char *url, struct nats_server *s)
{
  *s = (struct nats_server){.tls = strncmp(url, "tls://", 6) == 0, .port = DEFAULT_PORT};
  if (!s->tls && strncmp(url, "nats://", 7) != 0) return false;
  const char *host = url + (s->tls ? 6 : 7);
  bool six = *host == '[';
  const char *end = six ? strchr(++host, ']') : host + strcspn(host, ":/");
  if (!end || end == host || (size_t)(end - host) > NATS_HOST_MAX) return false;
  (void)snprintf(s->host, sizeof s->host, "%.*s", (int)(end - host), host);
  const char *rest = end + (six ? 1 : 0);
  if (*rest != ':') return *rest == '\0';
  size_t n = strspn(rest + 1, "0123456789");
  unsigned long port = strtoul(rest + 1, NULL, 10);
  if (n < 1 || n > 5 || rest[1 + n] || port < 1 || port > UINT16_MAX) return false;
  s->port = (uint16_t)port;
  return true;
}

prac_rc nats_conf_check(const struct bus_nats_conf *c, struct prac_err *reterr)
{
  struct nats_server s;
  if (!bus_nats_name_ok(c->stream) || (c->domain[0] && !bus_nats_name_ok(c->domain)))
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "nats.stream and nats.domain: letters, digits, - and _, at most 40");
  if (!c->cert[0] != !c->key[0])
    return PRAC_FAIL(reterr, PRAC_RANGE, "nats.cert and nats.key go together");
  if (c->servers.n == 0) return PRAC_FAIL(reterr, PRAC_RANGE, "nats.servers is empty");
  for (size_t i = 0; i < c->servers.n; i++)
    if (!split(c->servers.v[i], &s))
      return PRAC_FAIL(reterr, PRAC_MALFORMED,
                       "nats.servers: \"%.100s\" is no nats://HOST:PORT or tls://HOST:PORT",
                       c->servers.v[i]);
  return PRAC_OK;
}

prac_rc bus_nats_check(const struct prac_conf *c, struct prac_err *reterr)
{
  return nats_conf_check(prac_conf_get(c, bus_nats_section.path, 0), reterr);
}

/* All addresses of one server, into at most max places. */
static prac_rc find(const struct nats_server *s, struct nats_server *to, size_t max, size_t *ret_n,
                    struct prac_err *reterr)
{
  struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int st = getaddrinfo(s->host, NULL, &want, &found);
  *ret_n = 0;
  if (st != 0) return PRAC_FAIL(reterr, PRAC_IO, "nats.servers: %s: %s", s->host, gai_strerror(st));
  for (const struct addrinfo *a = found; a && *ret_n < max; a = a->ai_next) {
    struct nats_server *one = &to[*ret_n];
    *one = *s;
    if (getnameinfo(a->ai_addr, a->ai_addrlen, one->address, sizeof one->address, NULL, 0,
                    NI_NUMERICHOST) == 0)
      ++*ret_n;
  }
  freeaddrinfo(found);
  return PRAC_OK;
}

prac_rc nats_servers_find(struct nats_link *l, struct prac_err *reterr)
{
  struct nats_server s;
  size_t n;
  for (size_t i = 0; i < l->conf.servers.n; i++) {
    PRAC_INSIST(split(l->conf.servers.v[i], &s));
    PRAC_TRY(find(&s, &l->servers[l->n_servers], NATS_SERVERS_MAX - l->n_servers, &n, reterr));
    l->n_servers += n;
  }
  return PRAC_OK;
}

const char *bus_nats_ask_version(const char *url, int64_t timeout_ns, char out[300])
{
  struct nats_server s, at;
  struct nats_info info;
  size_t n = 0;
  out[0] = '\0';
  if (!split(url, &s) || find(&s, &at, 1, &n, NULL) != PRAC_OK || n == 0) return out;
  if (bus_nats_look(at.address, at.port, timeout_ns, &info, NULL) != PRAC_OK) return out;
  return bus_nats_advice(info.version, out);
}
