/* lib/web.h — asking a portal over a real socket; the last answer is in `got`. */
#pragma once
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/t.h"

static char got[1 << 20];
/* until: enough is there when this is; NULL: all of it. */
static inline const char *web_ask_raw(uint16_t port, const char *request, const char *until)
{
  struct sockaddr_in in = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  size_t n = 0;
  assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
  got[0] = 0;
  while (n < sizeof got - 1 && !(until && strstr(got, until))) {
    struct pollfd p = {fd, POLLIN, 0};
    if (poll(&p, 1, 5000) <= 0) break;
    ssize_t k = recv(fd, got + n, sizeof got - 1 - n, 0);
    if (k <= 0) break;
    n += (size_t)k;
    got[n] = 0;
  }
  close(fd);
  return got;
}

static inline const char *web_ask(uint16_t port, const char *target)
{
  char req[2048];
  (void)snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                 target);
  return web_ask_raw(port, req, NULL);
}

static inline const char *web_body(void)
{
  const char *end = strstr(got, "\r\n\r\n");
  return end ? end + 4 : "";
}

#define HAS(what)                                                                                  \
  do {                                                                                             \
    if (!strstr(got, what)) fail_msg("no %s in: %.20s ...%.4000s", what, got, web_body());         \
  } while (0)
#define HAS_NOT(what)                                                                              \
  do {                                                                                             \
    if (strstr(got, what)) fail_msg("%s in: %.20s ...%.4000s", what, got, web_body());             \
  } while (0)
