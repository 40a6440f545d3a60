/* One question to the broker and one answer: no subscription, nothing in flight, so none of
 * link.c's patience is needed. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/local/frame.h"
#include "bus/local_client.h"
#include "sys/durable.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

static struct bus_text text_of(const char *s)
{
  return (struct bus_text){s, strlen(s)};
}

static prac_rc ask(int fd, const char *as, const char *client, struct prac_err *reterr)
{
  uint8_t b[512];
  struct prac_wr w = prac_wr_of(b, sizeof b);
  PRAC_TRY(bus_frame_write(
      &(struct bus_frame){.type = BUS_HELLO, .name = text_of(as), .id = {"", 0}}, &w));
  PRAC_TRY(bus_frame_write(
      &(struct bus_frame){.type = BUS_FORGET, .name = text_of(client), .id = {"", 0}}, &w));
  size_t n = prac_wr_len(&w); /* a fresh socket has room for it */
  if (send(fd, b, n, MSG_NOSIGNAL) == (ssize_t)n) return PRAC_OK;
  return sys_errno_rc(errno, reterr, "write to", "the bus");
}

/* PRAC_AGAIN: not the answer yet. */
static prac_rc answer(const uint8_t *b, size_t n, uint64_t *ret_left, struct prac_err *reterr)
{
  struct bus_frame f;
  for (size_t at = 0, used = 0;; at += used) {
    prac_rc rc = bus_frame_read(b + at, n - at, &f, &used);
    if (rc == PRAC_AGAIN) return rc;
    if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "the bus says what is no message");
    if (f.type == BUS_FAIL)
      return PRAC_FAIL(reterr, (prac_rc) - (int)f.rc, "the bus says: %.*s", (int)f.name.n,
                       f.name.s);
    if (f.type != BUS_SUBOK) continue;
    *ret_left = f.n;
    return PRAC_OK;
  }
}

static prac_rc hear(int fd, int64_t timeout_ns, uint64_t *ret_left, struct prac_err *reterr)
{
  uint8_t b[1024];
  size_t have = 0;
  int64_t until = sys_mono_ns() + timeout_ns;
  while (have < sizeof b) {
    int64_t left = until - sys_mono_ns();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (left <= 0 || poll(&p, 1, (int)(left / PRAC_MS) + 1) < 0) break;
    ssize_t n = recv(fd, b + have, sizeof b - have, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return PRAC_FAIL(reterr, PRAC_AGAIN, "the bus ended the connection");
    have += (size_t)n;
    prac_rc rc = answer(b, have, ret_left, reterr);
    if (rc != PRAC_AGAIN) return rc;
  }
  return PRAC_FAIL(reterr, PRAC_AGAIN, "the bus gives no answer");
}

prac_rc bus_local_forget(const char *socket, const char *as, const char *client, int64_t timeout_ns,
                         uint64_t *ret_left, struct prac_err *reterr)
{
  int fd = -1;
  if (!bus_client_ok(client, strlen(client)))
    return PRAC_FAIL(reterr, PRAC_RANGE, "\"%s\" is no client name: a-z 0-9 . _ - at most %d",
                     client, BUS_CLIENT_MAX);
  prac_rc rc = sys_unix_connect(socket, &fd, reterr);
  if (rc == PRAC_AGAIN) return PRAC_FAIL(reterr, PRAC_AGAIN, "no bus is running at %s", socket);
  if (rc == PRAC_OK) rc = ask(fd, as, client, reterr);
  if (rc == PRAC_OK) rc = hear(fd, timeout_ns, ret_left, reterr);
  if (fd >= 0) (void)close(fd);
  return rc;
}
