/* Sending what the window says may be sent, and what the server's answers mean. */
#include <inttypes.h>
#include <stdio.h>

#include "bus/nats/link.h"
#include "sys/wall.h"

enum { RETRY_NS = 200000000 };
static const struct prac_log_event ev_refused = {
    "bus_nats_not_taken", PRAC_LOG_WARN,
    "free space on the server or raise the stream's limits; a missing leader comes by itself"};
static const struct prac_log_event ev_taken = {"bus_nats_taken_again", PRAC_LOG_INFO, ""};

void nats_pub_forget(struct nats_link *l, uint64_t n)
{
  natsMsg **m = &l->msgs[n % l->window.cap];
  if (!*m) return;
  l->bytes_in_flight -= (size_t)natsMsg_GetDataLength(*m);
  natsMsg_Destroy(*m);
  *m = NULL;
}

/* It was taken while no server had said what it takes. */
static void too_big(struct nats_link *l, const natsMsg *m)
{
  char text[256];
  prac_count(&l->counters[BUS_NATS_too_big], 1);
  (void)snprintf(text, sizeof text,
                 "a message of %d bytes to %s: the server takes %zu at most (max_payload)",
                 natsMsg_GetDataLength(m), natsMsg_GetSubject(m), l->max_payload);
  nats_link_final(l, PRAC_RANGE, text);
}

static bool send_one(struct nats_link *l, uint64_t n, int64_t now)
{
  natsMsg *m = l->msgs[n % l->window.cap];
  bool again = l->window.v[n % l->window.cap].state == NATS_SENT;
  natsStatus st = natsConnection_PublishMsg(l->nc, m);
  if (st == NATS_MAX_PAYLOAD) too_big(l, m);
  if (st != NATS_OK) return false;
  if (again) prac_count(&l->counters[BUS_NATS_resent], 1);
  nats_window_sent(&l->window, n, now + NATS_RESEND_NS);
  return true;
}

void nats_pub_send(struct nats_link *l)
{
  int64_t now = sys_mono_ns();
  if (!l->window.held) return;
  for (uint64_t at = 0, n; (n = nats_window_ready(&l->window, now, &at)) != 0;)
    if (!send_one(l, n, now)) return; /* lost: seen at the next step */
}

static void not_taken(struct nats_link *l, uint64_t n, const char *why)
{
  prac_count(&l->counters[BUS_NATS_refused], 1);
  nats_window_refused(&l->window, n, sys_mono_ns() + RETRY_NS);
  if (l->said_refused) return;
  l->said_refused = true;
  prac_log(l->log, &ev_refused, "%s is not taken: %s; trying again",
           natsMsg_GetSubject(l->msgs[n % l->window.cap]), why);
}

void nats_pub_answer(struct nats_link *l, uint64_t n, natsMsg *m)
{
  struct nats_puback a;
  if (n < l->window.first || n >= l->window.next || !l->msgs[n % l->window.cap]) return;
  if (natsMsg_IsNoResponders(m)) {
    not_taken(l, n, "no stream or no leader");
    return;
  }
  if (nats_puback_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), &a) != PRAC_OK) {
    not_taken(l, n, "the answer is not understood");
    return;
  }
  if (a.error.code) {
    not_taken(l, n, a.error.text);
    return;
  }
  if (!nats_window_acked(&l->window, n)) return;
  nats_pub_forget(l, n);
  prac_count(&l->counters[BUS_NATS_published], 1);
  if (a.duplicate) prac_count(&l->counters[BUS_NATS_repeated], 1);
  if (!l->said_refused) return;
  l->said_refused = false;
  prac_log(l->log, &ev_taken, "the bus takes messages again");
}
