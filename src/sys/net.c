#include "sys/net.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "sys/wall.h"

struct answer {
  struct prac_ip *v;
  size_t n;
  bool done;
  int status;
};

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *r)
{
  struct answer *a = arg;
  (void)timeouts;
  a->done = true;
  a->status = status;
  for (struct ares_addrinfo_node *i = r ? r->nodes : NULL; i && a->n < SYS_NET_ADDRS;
       i = i->ai_next) {
    struct sockaddr_in a4;
    struct sockaddr_in6 a6;
    if (i->ai_family == AF_INET && i->ai_addrlen >= sizeof a4) {
      memcpy(&a4, i->ai_addr, sizeof a4);
      a->v[a->n++] = prac_ip4(ntohl(a4.sin_addr.s_addr));
    } else if (i->ai_family == AF_INET6 && i->ai_addrlen >= sizeof a6) {
      memcpy(&a6, i->ai_addr, sizeof a6);
      memcpy(a->v[a->n++].b, &a6.sin6_addr, 16);
    }
  }
  if (r) ares_freeaddrinfo(r);
}

static void wait_for(ares_channel ch, const struct answer *a, int timeout_ms)
{
  int64_t until = sys_mono_ns() + timeout_ms * PRAC_MS;
  while (!a->done && sys_mono_ns() < until) {
    ares_socket_t s[ARES_GETSOCK_MAXNUM];
    struct pollfd p[ARES_GETSOCK_MAXNUM];
    nfds_t k = 0;
    unsigned bits = (unsigned)ares_getsock(ch, s, ARES_GETSOCK_MAXNUM);
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
      bool rd = bits >> i & 1, wr = bits >> (i + ARES_GETSOCK_MAXNUM) & 1;
      if (rd || wr)
        p[k++] =
            (struct pollfd){.fd = s[i], .events = (short)((rd ? POLLIN : 0) | (wr ? POLLOUT : 0))};
    }
    (void)poll(p, k, 50);
    for (nfds_t i = 0; i < k; i++)
      ares_process_fd(ch, p[i].revents & (POLLIN | POLLERR | POLLHUP) ? p[i].fd : ARES_SOCKET_BAD,
                      p[i].revents & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
    ares_process_fd(ch, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
}

static prac_rc ask(const struct sys_net *net, const char *host, int timeout_ms, struct answer *a,
                   struct prac_err *reterr)
{
  char lookups[] = "b";
  ares_channel ch;
  struct ares_options o = {.timeout = 2000, .tries = 3, .lookups = lookups};
  struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC};
  if (!net || !net->servers || !net->servers[0])
    return PRAC_FAIL(reterr, PRAC_AGAIN,
                     "%s: no DNS server is known, see dns-servers in the settings", host);
  int st = ares_init_options(&ch, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
  if (st != ARES_SUCCESS) return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: %s", host, ares_strerror(st));
  st = ares_set_servers_ports_csv(ch, net->servers);
  if (st == ARES_SUCCESS) {
    ares_getaddrinfo(ch, host, NULL, &hints, answered, a);
    wait_for(ch, a, timeout_ms);
    st = a->done ? a->status : ARES_ETIMEOUT;
  }
  ares_destroy(ch);
  if (st != ARES_SUCCESS || a->n == 0)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "cannot find %s: %s", host, ares_strerror(st));
  return PRAC_OK;
}

prac_rc sys_net_resolve(const struct sys_net *net, const char *host, int timeout_ms,
                        struct prac_ip ret[SYS_NET_ADDRS], size_t *ret_n, struct prac_err *reterr)
{
  struct answer a = {.v = ret};
  *ret_n = 1;
  if (prac_ip_parse(host, strlen(host), &ret[0]) == PRAC_OK) return PRAC_OK;
  if (strcmp(host, "localhost") == 0) {
    ret[0] = prac_ip4(0x7f000001);
    return PRAC_OK;
  }
  PRAC_TRY(ask(net, host, timeout_ms, &a, reterr));
  *ret_n = a.n;
  return PRAC_OK;
}

/* ---- libcurl ---- */

static prac_rc take_apart(struct sys_net_curl *c, const char *url, struct prac_err *reterr)
{
  CURLU *u = curl_url();
  char *host = NULL, *port = NULL;
  bool ok = u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
            strlen(host) < sizeof c->host;
  if (ok) {
    size_t n = strlen(host);
    bool six = n > 2 && host[0] == '[';
    (void)snprintf(c->host, sizeof c->host, "%.*s", (int)(six ? n - 2 : n), host + (six ? 1 : 0));
    c->port = 0;
    for (const char *p = port; *p >= '0' && *p <= '9'; p++)
      c->port = (uint16_t)(c->port * 10 + (*p - '0'));
  }
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(u);
  return ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_MALFORMED, "\"%.200s\" is no URL", url);
}

static CURLcode common(struct sys_net_curl *c, const char *url, const char *schemes, int timeout_ms)
{
  CURLcode st = curl_easy_setopt(c->h, CURLOPT_URL, url);
  if (st == CURLE_OK) st = curl_easy_setopt(c->h, CURLOPT_PROTOCOLS_STR, schemes);
  if (st == CURLE_OK) st = curl_easy_setopt(c->h, CURLOPT_NOSIGNAL, 1L);
  if (st == CURLE_OK) st = curl_easy_setopt(c->h, CURLOPT_PROXY, "");
  if (st == CURLE_OK) st = curl_easy_setopt(c->h, CURLOPT_ERRORBUFFER, c->error);
  if (st == CURLE_OK) st = curl_easy_setopt(c->h, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
  if (st == CURLE_OK) st = curl_easy_setopt(c->h, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms / 2);
  return st;
}

prac_rc sys_net_curl_open(struct sys_net_curl *c, const struct sys_net *net, const char *url,
                          const char *schemes, int timeout_ms, struct prac_err *reterr)
{
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "libcurl cannot begin");
  PRAC_TRY(take_apart(c, url, reterr));
  c->h = curl_easy_init();
  if (!c->h) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for libcurl");
  CURLcode st = common(c, url, schemes, timeout_ms);
  if (st == CURLE_OK && net && net->ca_pem) {
    struct curl_blob ca = {.len = net->ca_len, .flags = CURL_BLOB_COPY};
    memcpy(&ca.data, &net->ca_pem, sizeof ca.data); /* it is only read */
    st = curl_easy_setopt(c->h, CURLOPT_CAINFO_BLOB, &ca);
  }
  if (st == CURLE_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "libcurl: %s", curl_easy_strerror(st));
}

prac_rc sys_net_curl_ready(struct sys_net_curl *c, const struct sys_net *net, int timeout_ms,
                           struct prac_err *reterr)
{
  struct prac_ip ip[SYS_NET_ADDRS];
  size_t n = 0, at;
  char entry[256 + SYS_NET_ADDRS * (PRAC_IP_TEXT + 3)], text[PRAC_IP_TEXT];
  c->error[0] = '\0';
  if (prac_ip_parse(c->host, strlen(c->host), &ip[0]) == PRAC_OK) return PRAC_OK;
  PRAC_TRY(sys_net_resolve(net, c->host, timeout_ms, ip, &n, reterr));
  at = (size_t)snprintf(entry, sizeof entry, "%s:%u:", c->host, c->port);
  for (size_t i = 0; i < n; i++)
    at += (size_t)snprintf(entry + at, sizeof entry - at, prac_ip_is4(&ip[i]) ? "%s%s" : "%s[%s]",
                           i ? "," : "", prac_ip_text(text, &ip[i]));
  curl_slist_free_all(c->resolved);
  c->resolved = curl_slist_append(NULL, entry);
  if (!c->resolved) return PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for libcurl");
  (void)curl_easy_setopt(c->h, CURLOPT_RESOLVE, c->resolved);
  return PRAC_OK;
}

void sys_net_curl_close(struct sys_net_curl *c)
{
  if (c->h) curl_easy_cleanup(c->h);
  curl_slist_free_all(c->resolved);
  c->h = NULL;
  c->resolved = NULL;
}
