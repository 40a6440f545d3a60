/* notify/net.h — going out: addresses of hosts and libcurl's common settings, for mail and webhook.
 *
 * resolves  addresses are taken as they are, "localhost" is 127.0.0.1; other names are asked of
 *           net->servers by c-ares, waiting at most timeout_ms. libcurl never resolves by itself:
 *           it would need threads and files of the system
 * proxies   none, whatever the environment says
 */
#pragma once
#include <curl/curl.h>

#include "notify/way.h"

enum { NOTE_ADDRS = 8 };
/* Where connections may not lead: whatever is no address of the public Internet (RFC 6890), but
 * for what `allow` has. Looked at when a socket is made, so that no name, form of a number or
 * answer of the DNS leads around it. */
struct note_guard {
  const struct prac_conf_prefixes *allow;
  bool refused; /* that was why */
};
bool note_guard_lets(const struct note_guard *g, const struct prac_ip *ip);
PRAC_NODISCARD prac_rc note_resolve(const struct note_net *net, const char *host, int timeout_ms,
                                    struct prac_ip ret[NOTE_ADDRS], size_t *ret_n,
                                    struct prac_err *reterr);
struct note_curl {
  CURL *h;
  struct curl_slist *resolved;
  char error[CURL_ERROR_SIZE];
  char host[256];
  uint16_t port;
};
/* host, port: where url leads; scheme list as CURLOPT_PROTOCOLS_STR. */
PRAC_NODISCARD prac_rc note_curl_open(struct note_curl *c, const struct note_net *net,
                                      const char *url, const char *schemes, int timeout_ms,
                                      struct prac_err *reterr);
/* Addresses of the host, asked anew; PRAC_AGAIN: not now. Call before a transfer. */
PRAC_NODISCARD prac_rc note_curl_ready(struct note_curl *c, const struct note_net *net,
                                       int timeout_ms, struct prac_err *reterr);
/* From here on connections are made only where g lets them; borrowed until the close. */
PRAC_NODISCARD prac_rc note_curl_guard(struct note_curl *c, struct note_guard *g,
                                       struct prac_err *reterr);
void note_curl_close(struct note_curl *c); /* accepts a zeroed one */
