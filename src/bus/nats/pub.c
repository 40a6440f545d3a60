/* Sending what the window says may be sent, what the server's answers mean, and which kinds are
 * left out for now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bus/nats/link.h"
#include "sys/wall.h"

enum { RETRY_NS = 200000000 };
static const struct prac_log_event ev_refused = {
    "bus_nats_not_taken", PRAC_LOG_WARN,
    "free space on the server or raise the stream's limits; a missing leader comes by itself"};
static const struct prac_log_event ev_left_out = {
    "bus_nats_left_out", PRAC_LOG_WARN,
    "give this client the right, and the stream the subject, as docs/transport.md lists them; all "
    "else goes on"};
static const struct prac_log_event ev_taken = {"bus_nats_taken_again", PRAC_LOG_INFO, ""};

void nats_pub_forget(struct nats_link *l, uint64_t n)
{
  natsMsg **m = &l->msgs[n % l->window.cap];
  if (!*m) return;
  l->bytes_in_flight -= (size_t)natsMsg_GetDataLength(*m);
  natsMsg_Destroy(*m);
  *m = NULL;
}

static uint32_t kind_bit(const char *subject)
{
  int kind = bus_kind_of(subject);
  return kind < 0 ? 0 : 1U << kind;
}

static uint32_t optional_kinds(void)
{
  uint32_t bits = 0;
  for (size_t i = 0; i < BUS_KIND_COUNT; i++) bits |= (uint32_t)bus_kinds[i].optional << i;
  return bits;
}

const char *nats_kinds_text(uint32_t kinds, char out[NATS_KINDS_TEXT])
{
  size_t n = 0;
  out[0] = '\0';
  for (size_t i = 0; i < BUS_KIND_COUNT; i++)
    if (kinds >> i & 1)
      n +=
          (size_t)snprintf(out + n, NATS_KINDS_TEXT - n, "%s%s.>", n ? " " : "", bus_kinds[i].word);
  return out;
}

void nats_pub_leave_out(struct nats_link *l, uint32_t kinds, const char *why)
{
  char names[NATS_KINDS_TEXT];
  kinds &= optional_kinds();
  l->left_out |= kinds;
  l->look_at = sys_mono_ns() + NATS_LOOK_NS;
  for (uint64_t n = l->window.first; kinds && n < l->window.next; n++) {
    const natsMsg *m = l->msgs[n % l->window.cap];
    if (!m || !(kind_bit(natsMsg_GetSubject(m)) & kinds)) continue;
    prac_count(&l->counters[BUS_NATS_left_out], 1);
    nats_pub_forget(l, n);
    nats_window_drop(&l->window, n);
  }
  if (why && (kinds & ~l->said_out))
    prac_log(l->log, &ev_left_out, "%s is left out and counted: %s", nats_kinds_text(kinds, names),
             why);
  l->said_out |= kinds;
}

bool nats_pub_left_out(struct nats_link *l, const char *subject)
{
  uint32_t kind = kind_bit(subject);
  if (!(l->left_out & kind)) return false;
  bool may_change = l->nc && !(l->denied & kind) && !atomic_load(&l->news->refused);
  if (may_change && sys_mono_ns() >= l->look_at) {
    l->look_at = sys_mono_ns() + NATS_LOOK_NS;
    if (nats_stream_ensure(l, NULL) == PRAC_OK && !(l->left_out & kind)) return false;
  }
  prac_count(&l->counters[BUS_NATS_left_out], 1);
  return true;
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
  l->refused_at = sys_mono_ns();
  prac_log(l->log, &ev_refused, "%s is not taken: %s; trying again",
           natsMsg_GetSubject(l->msgs[n % l->window.cap]), why);
}

void nats_pub_nobody(struct nats_link *l)
{
  uint64_t n = l->window.first;
  if (!l->window.held || l->window.v[n % l->window.cap].state != NATS_SENT) return;
  not_taken(l, n, "no stream takes it, or there is no leader");
  if (sys_mono_ns() - l->refused_at < NATS_NOBODY_NS) return;
  nats_pub_leave_out(l, kind_bit(natsMsg_GetSubject(l->msgs[n % l->window.cap])),
                     "nobody takes it");
}

void nats_pub_answer(struct nats_link *l, uint64_t n, natsMsg *m)
{
  struct nats_puback a;
  if (n < l->window.first || n >= l->window.next || !l->msgs[n % l->window.cap]) return;
  uint32_t kind = kind_bit(natsMsg_GetSubject(l->msgs[n % l->window.cap]));
  if (nats_puback_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), &a) != PRAC_OK) {
    not_taken(l, n, "the answer is not understood");
    return;
  }
  if (a.error.code) {
    not_taken(l, n, a.error.text);
    return;
  }
  if (!nats_window_acked(&l->window, n)) return;
  l->said_out &= ~kind;
  nats_pub_forget(l, n);
  prac_count(&l->counters[BUS_NATS_published], 1);
  if (a.duplicate) prac_count(&l->counters[BUS_NATS_repeated], 1);
  if (!l->said_refused) return;
  l->said_refused = false;
  prac_log(l->log, &ev_taken, "the bus takes messages again");
}
