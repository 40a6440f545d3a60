/* sys/net.h — going out: addresses of hosts and libcurl's common settings, for whoever asks or
 * tells another machine something.
 *
 * resolves  addresses are taken as they are, "localhost" is 127.0.0.1; other names are asked of
 *           net->servers by c-ares, waiting at most timeout_ms. libcurl never resolves by itself:
 *           it would need threads and files of the system
 * proxies   none, whatever the environment says
 */
#pragma once
#include <curl/curl.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/ip.h"

enum { SYS_NET_ADDRS = 8 };
/* What a role without rights to the system's files and with a root directory of its own is given
 * for going out; made before the rights went. */
struct sys_net {
  const char *ca_pem; /* trusted authorities, PEM; NULL: none were found */
  size_t ca_len;
  const char *servers; /* of the DNS, "192.0.2.53,[2001:db8::53]:5353"; "" none */
};
/* PRAC_AGAIN: not now; no name is known without servers (net NULL: no servers). */
PRAC_NODISCARD prac_rc sys_net_resolve(const struct sys_net *net, const char *host, int timeout_ms,
                                       struct prac_ip ret[SYS_NET_ADDRS], size_t *ret_n,
                                       struct prac_err *reterr);
struct sys_net_curl {
  CURL *h;
  struct curl_slist *resolved;
  char error[CURL_ERROR_SIZE];
  char host[256];
  uint16_t port;
};
/* host, port: where url leads; scheme list as CURLOPT_PROTOCOLS_STR. */
PRAC_NODISCARD prac_rc sys_net_curl_open(struct sys_net_curl *c, const struct sys_net *net,
                                         const char *url, const char *schemes, int timeout_ms,
                                         struct prac_err *reterr);
/* Addresses of the host, asked anew; PRAC_AGAIN: not now. Call before a transfer. */
PRAC_NODISCARD prac_rc sys_net_curl_ready(struct sys_net_curl *c, const struct sys_net *net,
                                          int timeout_ms, struct prac_err *reterr);
void sys_net_curl_close(struct sys_net_curl *c); /* accepts a zeroed one */
