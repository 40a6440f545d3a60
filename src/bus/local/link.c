/* A lost connection is an ordinary event here, not an error: everything that matters is in `first`
 * (to be sent again) and in `fetched` (where to go on). */
#include "bus/local/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/unixsock.h"
#include "sys/wall.h"

enum { BACKOFF_MIN_NS = 20000000, BACKOFF_MAX_NS = 1000000000, READ_CHUNK = 256 << 10 };
static const struct prac_log_event lost = {"bus_lost", PRAC_LOG_WARN,
                                           "the supervisor restarts the bus by itself"};
static const struct prac_log_event back = {"bus_back", PRAC_LOG_INFO, ""};

static void drop_messages(struct bus_link *l)
{
  while (l->first_msg) {
    struct bus_held *m = l->first_msg;
    l->first_msg = m->next;
    free(m);
  }
  l->last_msg = NULL;
}

static void disconnect(struct bus_link *l)
{
  if (l->fd >= 0) {
    (void)close(l->fd);
    if (l->lost_at == 0) l->lost_at = sys_mono_ns();
  }
  l->fd = -1;
  l->unsent = l->first;
  l->sent_of_unsent = 0;
  l->ctl_have = l->in_have = 0;
  drop_messages(l);
}

void bus_link_done(struct bus_link *l)
{
  if (!l->socket && !l->client[0] && !l->first) return;
  disconnect(l);
  for (struct bus_pending *p = l->first, *next; p; p = next) {
    next = p->next;
    free(p);
  }
  free(l->borrowed);
  free(l->ctl);
  free(l->in);
  free(l->socket);
  *l = (struct bus_link){.fd = -1};
}

static bool grow(uint8_t **p, size_t *cap, size_t want)
{
  if (*cap >= want) return true;
  size_t n = *cap ? *cap : 4096;
  while (n < want) n *= 2;
  uint8_t *q = realloc(*p, n);
  if (!q) return false;
  *p = q;
  *cap = n;
  return true;
}

static void say(struct bus_link *l, const struct bus_frame *f)
{
  size_t n = bus_frame_size(f);
  if (!grow(&l->ctl, &l->ctl_cap, l->ctl_have + n)) {
    disconnect(l);
    return;
  }
  struct prac_wr w = prac_wr_of(l->ctl + l->ctl_have, n);
  PRAC_INSIST(bus_frame_write(f, &w) == PRAC_OK);
  l->ctl_have += prac_wr_len(&w);
}

static void say_credit(struct bus_link *l, uint64_t msgs, uint64_t bytes)
{
  say(l, &(struct bus_frame){
             .type = BUS_CREDIT, .n = msgs, .bytes = bytes, .name = {"", 0}, .id = {"", 0}});
  l->spent_msgs = l->spent_bytes = 0;
}

void bus_link_say_sub(struct bus_link *l)
{
  struct bus_frame f = {.type = BUS_SUB,
                        .n = l->fetched,
                        .durable = l->durable,
                        .name = {"", 0},
                        .id = {"", 0},
                        .n_prefixes = l->filter_n};
  for (size_t i = 0; i < l->filter_n; i++)
    f.prefixes[i] = (struct bus_text){l->filter[i], strlen(l->filter[i])};
  say(l, &f);
  if (l->acked) bus_link_say_ack(l); /* the ack itself may have been lost with the broker */
  say_credit(l, BUS_CREDIT_MESSAGES, BUS_CREDIT_BYTES);
}

void bus_link_say_ack(struct bus_link *l)
{
  if (l->fd < 0) return; /* said again at the next connection */
  say(l, &(struct bus_frame){.type = BUS_ACK, .n = l->acked, .name = {"", 0}, .id = {"", 0}});
}

void bus_link_add(struct bus_link *l, struct bus_pending *take)
{
  if (l->last)
    l->last->next = take;
  else
    l->first = take;
  l->last = take;
  if (!l->unsent) l->unsent = take, l->sent_of_unsent = 0;
  l->n_pending++;
  l->bytes_pending += take->len;
}

struct bus_held *bus_link_take(struct bus_link *l)
{
  struct bus_held *m = l->first_msg;
  free(l->borrowed);
  l->borrowed = m;
  if (!m) return NULL;
  l->first_msg = m->next;
  if (!l->first_msg) l->last_msg = NULL;
  l->fetched = m->seq;
  l->spent_msgs++;
  l->spent_bytes += m->len + 64;
  bool half = l->spent_msgs > BUS_CREDIT_MESSAGES / 2 || l->spent_bytes > BUS_CREDIT_BYTES / 2;
  if (half && l->fd >= 0) say_credit(l, l->spent_msgs, l->spent_bytes);
  return m;
}

static prac_rc connect_now(struct bus_link *l, struct prac_err *reterr)
{
  int64_t now = sys_mono_ns();
  if (now < l->next_try) return PRAC_AGAIN;
  prac_rc rc = sys_unix_connect(l->socket, &l->fd, reterr);
  if (rc == PRAC_OK) {
    if (l->said_lost) prac_log(l->log, &back, "the bus is there again");
    l->said_lost = false;
    l->lost_at = 0;
    l->backoff_ns = BACKOFF_MIN_NS;
    l->next_try = now + l->backoff_ns; /* also when the broker closes at once */
    say(l, &(struct bus_frame){
               .type = BUS_HELLO, .name = {l->client, strlen(l->client)}, .id = {"", 0}});
    if (l->filter_n) bus_link_say_sub(l);
    return PRAC_OK;
  }
  l->fd = -1;
  l->backoff_ns = l->backoff_ns < BACKOFF_MIN_NS ? BACKOFF_MIN_NS : l->backoff_ns * 2;
  if (l->backoff_ns > BACKOFF_MAX_NS) l->backoff_ns = BACKOFF_MAX_NS;
  l->next_try = now + l->backoff_ns;
  if (l->lost_at == 0) l->lost_at = now;
  if (!l->said_lost && now - l->lost_at > 2 * PRAC_SEC) {
    l->said_lost = true;
    prac_log(l->log, &lost, "the bus at %s is away; waiting, nothing published is lost", l->socket);
  }
  return rc == PRAC_AGAIN ? PRAC_AGAIN : rc;
}

static bool send_some(struct bus_link *l, const uint8_t *p, size_t n, size_t *ret_sent)
{
  for (*ret_sent = 0; *ret_sent < n;) {
    ssize_t k = send(l->fd, p + *ret_sent, n - *ret_sent, MSG_NOSIGNAL);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0 && errno == EAGAIN) return false;
    if (k <= 0) {
      disconnect(l);
      return false;
    }
    *ret_sent += (size_t)k;
  }
  return true;
}

/* Control goes first, but never into the middle of a message. */
static void send_all(struct bus_link *l)
{
  size_t sent;
  while (l->fd >= 0 && (l->ctl_have || l->unsent)) {
    if (l->ctl_have && l->sent_of_unsent == 0) {
      bool all = send_some(l, l->ctl, l->ctl_have, &sent);
      if (l->fd < 0) return;
      if (sent) memmove(l->ctl, l->ctl + sent, l->ctl_have - sent);
      l->ctl_have -= sent;
      if (!all) return;
      continue;
    }
    struct bus_pending *p = l->unsent;
    bool all = send_some(l, p->bytes + l->sent_of_unsent, p->len - l->sent_of_unsent, &sent);
    if (l->fd < 0) return;
    l->sent_of_unsent += sent;
    if (!all) return;
    l->unsent = p->next;
    l->sent_of_unsent = 0;
  }
}

static void on_puback(struct bus_link *l, uint64_t n)
{
  while (l->first && l->first->n <= n && l->first != l->unsent) {
    struct bus_pending *p = l->first;
    l->first = p->next;
    l->n_pending--;
    l->bytes_pending -= p->len;
    free(p);
  }
  if (!l->first) l->last = NULL;
}

static bool on_msg(struct bus_link *l, const struct bus_frame *f)
{
  if (f->n <= l->fetched || (l->last_msg && f->n <= l->last_msg->seq)) return true;
  struct bus_held *m = malloc(sizeof *m + f->name.n + 1 + f->len);
  if (!m) return false;
  memcpy(m->bytes, f->name.s, f->name.n);
  m->bytes[f->name.n] = 0;
  if (f->len) memcpy(m->bytes + f->name.n + 1, f->data, f->len);
  m->subject = (const char *)m->bytes;
  m->data = m->bytes + f->name.n + 1;
  m->len = f->len;
  m->seq = f->n;
  m->next = NULL;
  if (l->last_msg)
    l->last_msg->next = m;
  else
    l->first_msg = m;
  l->last_msg = m;
  return true;
}

static bool on_frame(struct bus_link *l, const struct bus_frame *f)
{
  switch (f->type) {
  case BUS_PUBACK:
    on_puback(l, f->n);
    return true;
  case BUS_MSG:
    return on_msg(l, f);
  case BUS_FAIL:
    l->final = (prac_rc) - (int)f->rc;
    if (l->final != PRAC_DENIED && l->final != PRAC_DAMAGED && l->final != PRAC_FULL)
      l->final = PRAC_IO;
    (void)snprintf(l->final_text, sizeof l->final_text, "%.*s", (int)f->name.n, f->name.s);
    return false;
  case BUS_SUBOK:
    if (f->n > l->ack_known) l->ack_known = f->n;
    return true;
  case BUS_WELCOME:
    return true;
  case BUS_HELLO:
  case BUS_PUB:
  case BUS_SUB:
  case BUS_CREDIT:
  case BUS_ACK:
  case BUS_FORGET:
    return false;
  }
  return false;
}

static void parse(struct bus_link *l)
{
  size_t at = 0, used;
  struct bus_frame f;
  prac_rc rc;
  while ((rc = bus_frame_read(l->in + at, l->in_have - at, &f, &used)) == PRAC_OK) {
    if (!on_frame(l, &f)) {
      rc = PRAC_MALFORMED;
      break;
    }
    at += used;
  }
  if (rc == PRAC_MALFORMED) {
    disconnect(l);
    return;
  }
  if (at) memmove(l->in, l->in + at, l->in_have - at);
  l->in_have -= at;
}

static void receive(struct bus_link *l)
{
  if (!grow(&l->in, &l->in_cap, l->in_have + READ_CHUNK)) {
    disconnect(l);
    return;
  }
  ssize_t n = recv(l->fd, l->in + l->in_have, l->in_cap - l->in_have, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    disconnect(l);
    return;
  }
  l->in_have += (size_t)n;
  parse(l);
}

static prac_rc final_word(const struct bus_link *l, struct prac_err *reterr)
{
  if (l->final == PRAC_OK) return PRAC_OK;
  prac_rc rc = l->final;
  return PRAC_FAIL(reterr, rc, "the bus says: %s", l->final_text);
}

static int to_ms(int64_t ns)
{
  int64_t ms = (ns + PRAC_MS - 1) / PRAC_MS;
  return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

prac_rc bus_link_pump(struct bus_link *l, int64_t timeout_ns, struct prac_err *reterr)
{
  PRAC_TRY(final_word(l, reterr));
  if (l->fd < 0) {
    prac_rc rc = connect_now(l, reterr);
    if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
  }
  if (l->fd >= 0) send_all(l);
  if (l->fd < 0) { /* sleep until the next try */
    int64_t left = l->next_try - sys_mono_ns();
    if (left > timeout_ns) left = timeout_ns;
    if (left > 0 && poll(NULL, 0, to_ms(left)) < 0)
      return PRAC_FAIL(reterr, PRAC_AGAIN, "a signal came");
    return PRAC_OK;
  }
  short ev = (short)(POLLIN | (l->ctl_have || l->unsent ? POLLOUT : 0));
  struct pollfd p = {.fd = l->fd, .events = ev};
  int n = poll(&p, 1, to_ms(timeout_ns));
  if (n < 0) return PRAC_FAIL(reterr, PRAC_AGAIN, "a signal came");
  if (p.revents & (POLLIN | POLLHUP | POLLERR)) receive(l);
  if (l->fd >= 0) send_all(l);
  return final_word(l, reterr);
}
