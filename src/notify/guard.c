#include "notify/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "lookup/lookup.h"

bool note_guard_lets(const struct note_guard *g, const struct prac_ip *ip)
{
  struct prac_ip inner;
  for (size_t i = 0; g->allow && i < g->allow->n; i++)
    if (prac_prefix_has(&g->allow->v[i], ip)) return true;
  if (prac_ip_inner4(ip, &inner)) return note_guard_lets(g, &inner) && !lookup_ip(NULL, ip).bogon;
  bool multicast = prac_ip_is4(ip) ? ip->b[12] >= 224 : ip->b[0] == 0xff;
  return !multicast && !lookup_ip(NULL, ip).bogon;
}

static curl_socket_t make_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
  struct note_guard *g = arg;
  struct prac_ip ip = {{0}}; /* of another family: no address */
  (void)purpose;
  if (a->family == AF_INET) {
    struct sockaddr_in a4;
    memcpy(&a4, &a->addr, sizeof a4);
    ip = prac_ip4(ntohl(a4.sin_addr.s_addr));
  } else if (a->family == AF_INET6) {
    struct sockaddr_in6 a6;
    memcpy(&a6, (const void *)&a->addr, sizeof a6);
    memcpy(ip.b, &a6.sin6_addr, sizeof ip.b);
  }
  if (!note_guard_lets(g, &ip)) {
    g->refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

prac_rc note_guard_set(CURL *h, struct note_guard *g, struct prac_err *reterr)
{
  CURLcode st = curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, make_socket);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, g);
  g->refused = false;
  return st == CURLE_OK
             ? PRAC_OK
             : PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "libcurl: %s", curl_easy_strerror(st));
}
