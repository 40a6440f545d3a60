/* Reading: one consumer, one request for messages at a time, deliveries in order or not at all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bus/nats/link.h"
#include "bus/origin.h"
#include "sys/wall.h"

enum { NO_CONSUMER = 10014, SLICE_MS = 20 };
#define ACK_WAIT_NS (60 * PRAC_MIN)
#define IDLE_NS (5 * PRAC_MIN)
static const struct prac_log_event ev_gone = {
    "bus_nats_gone", PRAC_LOG_ERROR,
    "raise nats.max-age or nats.max-bytes, or find out why this role was so far behind"};
static const struct prac_log_event ev_anew = {"bus_nats_consumer_anew", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_alien = {
    "bus_nats_alien", PRAC_LOG_WARN,
    "find out who publishes into the stream, and take the right away"};

void nats_sub_lost(struct nats_link *l)
{
  natsSubscription_Destroy(l->arrivals);
  l->arrivals = NULL;
  l->consuming = false;
  l->left = 0;
  l->unacked_count = 0;
  l->told = (struct nats_fetched){0};
}

/* ---- filters: what the server can leave out; the rest is skipped here ---- */

static void filter_text(const struct nats_link *l, char to[160])
{
  size_t at = 0;
  to[0] = '\0';
  for (size_t i = 0; i < l->filter_n && at < 150; i++)
    at += (size_t)snprintf(to + at, 160 - at, "%s%s", i ? " " : "", l->filter[i]);
}

/* "flow." -> "flow.>", "episode.all" -> "episode.>", "" and "fl" -> ">": never less than the
 * prefix. */
static void filter_subject(const char *prefix, char to[BUS_SUBJECT_MAX + 3])
{
  const char *dot = strrchr(prefix, '.');
  int n = dot ? (int)(dot - prefix) + 1 : 0;
  (void)snprintf(to, BUS_SUBJECT_MAX + 3, "%.*s>", n, prefix);
}

/* Is subject i within one of the others (or the same as an earlier one)? Servers refuse overlap. */
static bool covered(const struct nats_link *l, size_t i)
{
  char a[BUS_SUBJECT_MAX + 3], b[BUS_SUBJECT_MAX + 3];
  filter_subject(l->filter[i], a);
  for (size_t k = 0; k < l->filter_n; k++) {
    if (k == i) continue;
    filter_subject(l->filter[k], b);
    bool same = strcmp(a, b) == 0;
    if (same ? k < i : strncmp(a, b, strlen(b) - 1) == 0) return true;
  }
  return false;
}

static void write_filters(const struct nats_link *l, struct prac_json *j)
{
  char subject[BUS_SUBJECT_MAX + 3];
  size_t n = 0, one = 0;
  for (size_t i = 0; i < l->filter_n; i++)
    if (!covered(l, i)) n++, one = i;
  filter_subject(l->filter[one], subject);
  if (n == 1 && strcmp(subject, ">") == 0) return;
  prac_json_key(j, n == 1 ? "filter_subject" : "filter_subjects");
  if (n == 1) {
    prac_json_str(j, subject);
    return;
  }
  prac_json_open(j, '['); /* servers before 2.10 do not know the key and filter nothing */
  for (size_t i = 0; i < l->filter_n; i++) {
    if (covered(l, i)) continue;
    filter_subject(l->filter[i], subject);
    prac_json_str(j, subject);
  }
  prac_json_close(j, ']');
}

static bool wanted(const struct nats_link *l, const char *subject)
{
  for (size_t i = 0; i < l->filter_n; i++)
    if (strncmp(subject, l->filter[i], strlen(l->filter[i])) == 0) return true;
  return false;
}

/* ---- the consumer ---- */

static void write_consumer(const struct nats_link *l, bool from, struct prac_json *j)
{
  char filter[160];
  filter_text(l, filter);
  prac_json_open(j, '{');
  prac_json_key(j, "stream_name");
  prac_json_str(j, l->conf.stream);
  prac_json_key(j, "config");
  prac_json_open(j, '{');
  if (l->durable) {
    prac_json_key(j, "durable_name");
    prac_json_str(j, l->consumer);
  } else {
    prac_json_key(j, "inactive_threshold");
    prac_json_i64(j, IDLE_NS);
  }
  prac_json_key(j, "description");
  prac_json_str(j, filter);
  prac_json_key(j, "deliver_policy");
  prac_json_str(j, from ? "by_start_sequence" : l->durable ? "all" : "new");
  if (from) {
    prac_json_key(j, "opt_start_seq");
    prac_json_u64(j, l->acked + 1);
  }
  prac_json_key(j, "ack_policy");
  prac_json_str(j, "all");
  prac_json_key(j, "ack_wait");
  prac_json_i64(j, ACK_WAIT_NS);
  prac_json_key(j, "max_ack_pending");
  prac_json_i64(j, NATS_UNACKED_MAX);
  prac_json_key(j, "max_deliver");
  prac_json_i64(j, -1);
  write_filters(l, j);
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static prac_rc ask(struct nats_link *l, const char *verb, const char *body,
                   struct nats_consumer_info *ret, struct prac_err *reterr)
{
  char what[160];
  natsMsg *m = NULL;
  bool nameless = !l->durable && strcmp(verb, "CREATE") == 0;
  (void)snprintf(what, sizeof what, nameless ? "CONSUMER.%s.%s" : "CONSUMER.%s.%s.%s", verb,
                 l->conf.stream, l->consumer);
  PRAC_TRY(nats_link_ask(l, what, body, &m, reterr));
  prac_rc rc = nats_consumer_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), ret);
  natsMsg_Destroy(m);
  if (rc != PRAC_OK && strcmp(verb, "DELETE") != 0)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: the answer is not understood", what);
  return PRAC_OK;
}

static prac_rc make(struct nats_link *l, struct nats_consumer_info *c, struct prac_err *reterr)
{
  struct prac_json j = prac_json_of(8192);
  write_consumer(l, l->placed, &j);
  prac_rc rc = j.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a consumer's settings")
                     : ask(l, l->durable ? "DURABLE.CREATE" : "CREATE", j.buf, c, reterr);
  prac_json_done(&j);
  PRAC_TRY(rc);
  if (c->error.code)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "consumer %s cannot be made: %s", l->client,
                     c->error.text);
  if (!l->durable) (void)snprintf(l->consumer, sizeof l->consumer, "%s", c->name);
  return PRAC_OK;
}

static void say_gone(struct nats_link *l)
{
  if (!l->placed || l->stream_first <= l->acked + 1) return;
  uint64_t n = l->stream_first - l->acked - 1;
  if (l->durable && l->acked) {
    prac_count(&l->counters[BUS_NATS_gone], n);
    prac_log(l->log, &ev_gone, "%" PRIu64 " messages were deleted before %s had read them", n,
             l->client);
  }
  l->acked = l->ack_known = l->stream_first - 1;
}

/* A durable consumer is kept as it is when nothing it has delivered is left open; not where the
 * name was claimed: what another process has asked for would still be delivered to that one. */
static prac_rc find(struct nats_link *l, struct nats_consumer_info *c, bool *ret_keep,
                    struct prac_err *reterr)
{
  char filter[160];
  *ret_keep = false;
  if (!l->consumer[0]) return PRAC_OK;
  PRAC_TRY(ask(l, "INFO", "", c, reterr));
  if (c->error.code == 404) return PRAC_OK;
  if (c->error.code)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "consumer %s: %s", l->client, c->error.text);
  if (l->durable && c->floor > l->acked) l->acked = l->ack_known = c->floor;
  l->placed = true;
  filter_text(l, filter);
  *ret_keep = !l->keep.held && c->delivered == c->floor && c->floor == l->acked &&
              strcmp(c->filter, filter) == 0;
  if (*ret_keep) return PRAC_OK;
  struct nats_consumer_info gone;
  return ask(l, "DELETE", "", &gone, reterr);
}

prac_rc nats_sub_begin(struct nats_link *l, struct prac_err *reterr)
{
  struct nats_consumer_info c = {.floor = 0};
  char subject[80];
  bool keep;
  nats_sub_lost(l);
  PRAC_TRY(nats_keep_hold(l, true, reterr)); /* the consumer is whose the name is */
  PRAC_TRY(find(l, &c, &keep, reterr));
  say_gone(l);
  if (!keep) PRAC_TRY(make(l, &c, reterr));
  if (!l->placed) l->acked = l->durable ? c.floor : c.delivered;
  l->ack_known = l->acked; /* it stands there */
  if (!keep && l->placed) {
    prac_count(&l->counters[BUS_NATS_anew], 1);
    prac_log(l->log, &ev_anew, "%s reads on behind %" PRIu64, l->client, l->acked);
  }
  l->placed = true;
  if (l->fetched < l->acked) l->fetched = l->acked;
  l->expect_n = keep ? c.delivered_n + 1 : 1;
  (void)snprintf(subject, sizeof subject, "%s.m", l->inbox);
  natsStatus st = natsConnection_SubscribeSync(&l->arrivals, l->nc, subject);
  if (st == NATS_OK) st = natsSubscription_SetPendingLimits(l->arrivals, -1, -1);
  if (st != NATS_OK)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: %s", subject, natsStatus_GetText(st));
  l->consuming = true;
  return PRAC_OK;
}

/* A consumer that does not answer is asked for again over another connection. */
static prac_rc consume(struct nats_link *l, struct prac_err *reterr)
{
  if (l->consuming) return PRAC_OK;
  prac_rc rc = nats_sub_begin(l, reterr);
  if (rc == PRAC_AGAIN) nats_link_drop(l, "the consumer does not answer");
  return rc;
}

static void anew(struct nats_link *l)
{
  l->consuming = false;
  l->left = 0;
}

/* ---- acknowledging ---- */

static struct nats_fetched *at(const struct nats_link *l, size_t i)
{
  return &l->unacked[(l->unacked_first + i) % l->unacked_cap];
}

static bool keep(struct nats_link *l, struct nats_fetched f)
{
  if (l->unacked_count == NATS_UNACKED_MAX) return false; /* the server was told not to */
  if (l->unacked_count == l->unacked_cap) {
    size_t cap = l->unacked_cap ? l->unacked_cap * 2 : 1024;
    struct nats_fetched *v = malloc(cap * sizeof *v);
    if (!v) return false;
    for (size_t i = 0; i < l->unacked_count; i++) v[i] = *at(l, i);
    free(l->unacked);
    l->unacked = v;
    l->unacked_cap = cap;
    l->unacked_first = 0;
  }
  *at(l, l->unacked_count++) = f;
  return true;
}

/* The newest ack, perhaps once more: its answer may have been lost. */
static void repeat(struct nats_link *l)
{
  char subject[NATS_REPLY_MAX + 96], reply[96];
  if (!l->nc || !l->consuming || !l->told.seq) return;
  (void)snprintf(subject, sizeof subject, "%s1.%" PRIu64 ".%" PRIu64 ".0.0", l->ack_head,
                 l->told.seq, l->told.n);
  (void)snprintf(reply, sizeof reply, "%s.a.%" PRIu64, l->inbox, l->acked);
  l->ack_at = sys_mono_ns();
  (void)natsConnection_PublishRequestString(l->nc, subject, reply, "+ACK");
}

/* Everything up to l->acked, and what follows it that nobody here wants. */
void nats_sub_ack(struct nats_link *l)
{
  struct nats_fetched last = {0};
  while (l->unacked_count) {
    struct nats_fetched f = *at(l, 0);
    if (f.seq > l->acked && f.wanted) break;
    last = f;
    l->unacked_first = (l->unacked_first + 1) % l->unacked_cap;
    l->unacked_count--;
  }
  /* What is acknowledged came before the connection was lost, and is still to come again: the
   * consumer is to stand where we are. */
  uint64_t told = last.seq ? last.seq : l->told.seq;
  if (l->acked > l->ack_known && !l->unacked_count && told < l->acked) anew(l);
  if (!last.seq) return;
  if (last.seq > l->acked) l->acked = last.seq; /* skipped: dealt with */
  l->told = last;
  repeat(l);
}

prac_rc nats_sub_settle(struct nats_link *l, struct prac_err *reterr)
{
  if (l->acked <= l->ack_known || !l->nc) return PRAC_OK;
  PRAC_TRY(consume(l, reterr));
  if (sys_mono_ns() - l->ack_at > NATS_RESEND_NS) repeat(l);
  return PRAC_OK;
}

void nats_sub_answer(struct nats_link *l, uint64_t seq)
{
  if (seq <= l->acked && seq > l->ack_known) l->ack_known = seq;
}

/* ---- fetching ---- */

static void pull(struct nats_link *l)
{
  char subject[256], reply[80], body[128];
  size_t bytes =
      l->max_payload + 65536 > NATS_PULL_BYTES ? l->max_payload + 65536 : NATS_PULL_BYTES;
  nats_sub_ack(l);
  (void)snprintf(subject, sizeof subject, "%s.CONSUMER.MSG.NEXT.%s.%s", l->api, l->conf.stream,
                 l->consumer);
  (void)snprintf(reply, sizeof reply, "%s.m", l->inbox);
  (void)snprintf(body, sizeof body, "{\"batch\":%d,\"max_bytes\":%zu,\"expires\":%lld}", NATS_BATCH,
                 bytes, (long long)NATS_PULL_NS);
  if (natsConnection_PublishRequestString(l->nc, subject, reply, body) != NATS_OK) return;
  l->left = NATS_BATCH;
  l->pulled_at = sys_mono_ns();
}

/* "404", "408", "409": how a request for messages ends early. */
static bool is_status(natsMsg *m)
{
  const char *v = NULL;
  return natsMsg_GetDataLength(m) == 0 && natsMsgHeader_Get(m, "Status", &v) == NATS_OK && v;
}

static void on_status(struct nats_link *l, natsMsg *m)
{
  const char *text = NULL;
  l->left = 0;
  (void)natsMsgHeader_Get(m, "Description", &text);
  bool gone = natsMsg_IsNoResponders(m) || (text && strcasestr(text, "consumer"));
  if (gone) anew(l);
}

/* Not a delivery: the end of a request, or nothing we know. */
static void other(struct nats_link *l, natsMsg *m)
{
  if (is_status(m))
    on_status(l, m);
  else
    prac_count(&l->counters[BUS_NATS_alien], 1);
}

/* Is this message for the caller? */
static enum bus_nats_counter sort(struct nats_link *l, natsMsg *m, uint64_t seq)
{
  const char *subject = natsMsg_GetSubject(m), *source = NULL;
  (void)natsMsgHeader_Get(m, "Nats-Stream-Source", &source);
  if (!bus_subject_ok(subject, strnlen(subject, BUS_SUBJECT_MAX + 1)) ||
      !bus_origin_ok(l->conf.stream, source, subject)) {
    if (prac_counter_get(&l->counters[BUS_NATS_alien]) == 0)
      prac_log(l->log, &ev_alien,
               "message %" PRIu64 " of the stream, from %.60s, has a subject "
               "that is not its own",
               seq, source ? source : "a client");
    return BUS_NATS_alien;
  }
  if (!wanted(l, subject)) return BUS_NATS_skipped;
  return seq <= l->fetched ? BUS_NATS_again : BUS_NATS_fetched;
}

/* true: one for the caller. */
static bool take(struct nats_link *l, natsMsg *m, uint64_t *ret_seq)
{
  struct nats_place p;
  const char *reply = natsMsg_GetReply(m);
  if (!reply || nats_place_read(reply, &p) != PRAC_OK) {
    other(l, m);
    return false;
  }
  if (l->left) l->left--;
  if (p.n != l->expect_n) {
    if (p.n > l->expect_n) anew(l);
    return false;
  }
  l->expect_n++;
  (void)snprintf(l->ack_head, sizeof l->ack_head, "%.*s", (int)p.head, reply);
  enum bus_nats_counter what = sort(l, m, p.seq);
  bool mine = what == BUS_NATS_fetched || what == BUS_NATS_again;
  if (!keep(l, (struct nats_fetched){p.seq, p.n, mine})) {
    anew(l);
    return false;
  }
  prac_count(&l->counters[what], 1);
  if (what != BUS_NATS_fetched) return false;
  l->fetched = p.seq;
  *ret_seq = p.seq;
  return true;
}

/* Connected, with a consumer, and asked for messages. */
static prac_rc ready(struct nats_link *l, struct prac_err *reterr)
{
  PRAC_TRY(nats_link_pump(l, 0, reterr));
  PRAC_TRY(consume(l, reterr));
  if (l->left && sys_mono_ns() - l->pulled_at > NATS_PULL_NS + PRAC_SEC) l->left = 0;
  if (!l->left) pull(l);
  return PRAC_OK;
}

/* While something waits to be sent, a moment; never beyond the request for messages, which a server
 * without a leader loses without a word. */
static int64_t patience_ms(const struct nats_link *l, int64_t left)
{
  int64_t ask = l->pulled_at + NATS_PULL_NS + PRAC_SEC + PRAC_MS - sys_mono_ns();
  int64_t ns = left < ask ? left : ask;
  if (l->window.held && ns > SLICE_MS * PRAC_MS) ns = SLICE_MS * PRAC_MS;
  return ns > 0 ? ns / PRAC_MS : 0;
}

prac_rc nats_sub_next(struct nats_link *l, int64_t until, natsMsg **ret, uint64_t *ret_seq,
                      struct prac_err *reterr)
{
  for (;;) {
    int64_t left = until - sys_mono_ns();
    prac_rc rc = ready(l, reterr);
    if (rc == PRAC_AGAIN && left > 0) { /* not connected */
      sys_sleep_ns(left < SLICE_MS * PRAC_MS ? left : SLICE_MS * PRAC_MS);
      continue;
    }
    PRAC_TRY(rc);
    natsMsg *m = NULL;
    natsStatus st = natsSubscription_NextMsg(&m, l->arrivals, patience_ms(l, left));
    if (st == NATS_OK && take(l, m, ret_seq)) {
      *ret = m;
      return PRAC_OK;
    }
    natsMsg_Destroy(m);
    if (st != NATS_OK && left <= 0) return PRAC_FAIL(reterr, PRAC_AGAIN, "nothing new");
  }
}
