/* The only file of the room that may send (tests/arch/t_door.py looks at its objects). It is handed
 * to the valve and called by nobody else. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "honeypot/socket.h"

static void address4(struct msghdr *m, struct sockaddr_in *to, const struct hp_ask *a)
{
  struct cmsghdr *h = m->msg_control;
  struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(prac_ip_to4(&a->own))};
  *to = (struct sockaddr_in){.sin_family = AF_INET,
                             .sin_port = htons(a->port),
                             .sin_addr.s_addr = htonl(prac_ip_to4(&a->to))};
  m->msg_name = to;
  m->msg_namelen = sizeof *to;
  h->cmsg_level = IPPROTO_IP;
  h->cmsg_type = IP_PKTINFO;
  h->cmsg_len = CMSG_LEN(sizeof from);
  memcpy(CMSG_DATA(h), &from, sizeof from);
  m->msg_controllen = CMSG_SPACE(sizeof from);
}

static void address6(struct msghdr *m, struct sockaddr_in6 *to, const struct hp_ask *a)
{
  struct cmsghdr *h = m->msg_control;
  struct in6_pktinfo from = {.ipi6_ifindex = 0};
  *to = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
  memcpy(&to->sin6_addr, a->to.b, sizeof to->sin6_addr);
  memcpy(&from.ipi6_addr, a->own.b, sizeof from.ipi6_addr);
  m->msg_name = to;
  m->msg_namelen = sizeof *to;
  h->cmsg_level = IPPROTO_IPV6;
  h->cmsg_type = IPV6_PKTINFO;
  h->cmsg_len = CMSG_LEN(sizeof from);
  memcpy(CMSG_DATA(h), &from, sizeof from);
  m->msg_controllen = CMSG_SPACE(sizeof from);
}

bool hp_door_send(void *arg, const struct hp_ask *a, const void *data, size_t len)
{
  (void)arg;
  struct sockaddr_in to4;
  struct sockaddr_in6 to6;
  union {
    struct cmsghdr h;
    uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  } control = {.room = {0}};
  uint8_t copy[HP_REPLY_MAX]; /* an iovec is not const */
  struct iovec v = {.iov_base = copy, .iov_len = len};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control};
  if (len == 0 || len > sizeof copy) return false;
  memcpy(copy, data, len);
  if (prac_ip_is4(&a->to))
    address4(&m, &to4, a);
  else
    address6(&m, &to6, a);
  return sendmsg(a->sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}
