/* A lost connection is an ordinary event here, not an error: everything that matters is in the
 * window (to be sent again) and in `acked` and `fetched` (where to go on). */
#include "bus/nats/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wall.h"

enum { BACKOFF_MIN_NS = 20000000, BACKOFF_MAX_NS = 1000000000 };
#define SLICE_NS (100 * PRAC_MS) /* something may be due again, or refused */
static const struct prac_log_event ev_lost = {
    "bus_nats_lost", PRAC_LOG_WARN,
    "look at the server it names, and at the certificates, if it does not come back by itself"};
static const struct prac_log_event ev_back = {"bus_nats_connected", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_denied = {
    "bus_nats_denied", PRAC_LOG_ERROR,
    "give this client the right on the server, or find out who uses its name for other subjects"};

static void say_lost(struct nats_link *l, const char *why)
{
  if (l->said_lost) return;
  l->said_lost = true;
  prac_log(l->log, &ev_lost, "the bus is away: %s; trying again, nothing published is lost", why);
}

void nats_link_drop(struct nats_link *l, const char *why)
{
  if (l->nc && why) {
    const struct nats_server *s = &l->servers[(l->at_server - 1) % l->n_servers];
    char text[400];
    (void)snprintf(text, sizeof text, "%s:%u: %.100s", s->host, s->port, why);
    say_lost(l, text);
  }
  if (why) l->stay = false;
  nats_sub_lost(l);
  natsSubscription_Destroy(l->answers);
  l->answers = NULL;
  natsConnection_Destroy(l->nc);
  l->nc = NULL;
  nats_news_unref(l->news);
  l->news = NULL;
  l->denied = 0; /* rights may have been given meanwhile */
  l->asked_wider = false;
  if (l->window.v) nats_window_lost(&l->window);
}

void nats_link_final(struct nats_link *l, prac_rc rc, const char *text)
{
  if (l->final != PRAC_OK) return;
  l->final = rc;
  (void)snprintf(l->final_text, sizeof l->final_text, "%s", text);
}

static prac_rc final(const struct nats_link *l, struct prac_err *reterr)
{
  if (l->final == PRAC_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, l->final, "%s", l->final_text);
}

/* The server names the subject: 'Permissions Violation for Publish to "flow.osaka"'. What it says
 * of the API is no refusal of a record: the request that was refused finds no answer and says so.
 * What may be missing is left out, all else ends the role. */
static prac_rc refusal(struct nats_link *l, struct prac_err *reterr)
{
  char text[256], all[400];
  (void)pthread_mutex_lock(&l->news->lock);
  (void)snprintf(text, sizeof text, "%s", l->news->text);
  (void)pthread_mutex_unlock(&l->news->lock);
  atomic_store(&l->news->refused, false);
  if (strstr(text, "$JS.") && strstr(text, ".STREAM.")) return PRAC_OK;
  prac_count(&l->counters[BUS_NATS_denied], 1);
  (void)snprintf(all, sizeof all, "the server does not let %s: %s", l->client, text);
  const char *quoted = strchr(text, '"');
  int kind = quoted ? bus_kind_of(quoted + 1) : -1;
  if (kind >= 0 && bus_kinds[kind].optional) {
    l->denied |= 1U << kind;
    nats_pub_leave_out(l, l->denied, all);
    return PRAC_OK;
  }
  prac_log(l->log, &ev_denied, "%s", all);
  nats_link_final(l, PRAC_DENIED, all);
  return final(l, reterr);
}

/* Connected, the stream is there, and where its leader is known it is that server. */
static prac_rc reach(struct nats_link *l, struct prac_err *reterr)
{
  size_t to;
  PRAC_TRY(nats_link_connect(l, reterr));
  PRAC_TRY(nats_stream_ensure(l, reterr));
  if (l->stay || !nats_link_leader(l, &to)) return PRAC_OK;
  l->stay = true;
  nats_link_drop(l, NULL);
  l->at_server = to;
  return nats_link_connect(l, reterr);
}

static prac_rc begin(struct nats_link *l, struct prac_err *reterr)
{
  char subject[80];
  (void)snprintf(subject, sizeof subject, "%s.*.*", l->inbox);
  natsStatus st = natsConnection_SubscribeSync(&l->answers, l->nc, subject);
  if (st == NATS_OK) st = natsSubscription_SetPendingLimits(l->answers, -1, -1);
  if (st != NATS_OK) return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", subject, natsStatus_GetText(st));
  return l->filter_n ? nats_sub_begin(l, reterr) : PRAC_OK;
}

static bool is_final(prac_rc rc)
{
  return rc == PRAC_DENIED || rc == PRAC_UNSUPPORTED || rc == PRAC_DAMAGED || rc == PRAC_NOMEM;
}

static prac_rc connect_now(struct nats_link *l, struct prac_err *reterr)
{
  int64_t now = sys_mono_ns();
  struct prac_err err = {.text = ""};
  if (now < l->next_try) return PRAC_AGAIN;
  prac_rc rc = reach(l, &err);
  if (rc == PRAC_OK) rc = begin(l, &err);
  if (rc == PRAC_OK) {
    prac_count(&l->counters[BUS_NATS_connects], 1);
    char url[320] = ""; /* perhaps not of the list: servers tell libnats of each other */
    (void)natsConnection_GetConnectedUrl(l->nc, url, sizeof url);
    prac_log(l->log, &ev_back, "connected to the bus%s: %s", l->said_lost ? " again" : "", url);
    l->said_lost = false;
    l->backoff_ns = 0;
    l->next_try = now + BACKOFF_MIN_NS; /* also when the server closes at once */
    return PRAC_OK;
  }
  if (is_final(rc)) nats_link_final(l, rc, err.text);
  PRAC_TRY(final(l, reterr));
  nats_link_drop(l, NULL);
  say_lost(l, err.text);
  l->backoff_ns = l->backoff_ns < BACKOFF_MIN_NS ? BACKOFF_MIN_NS : l->backoff_ns * 2;
  if (l->backoff_ns > BACKOFF_MAX_NS) l->backoff_ns = BACKOFF_MAX_NS;
  int64_t end = sys_mono_ns(), pause = l->backoff_ns, took = end - now;
  /* Who only publishes has other things to do; who keeps a place here has not. */
  if (!l->durable && took * 4 > pause) pause = took * 4;
  l->next_try = end + pause;
  return PRAC_FAIL(reterr, PRAC_AGAIN, "the bus is away: %s", err.text);
}

static bool refused(const struct nats_link *l)
{
  return atomic_load(&l->news->refused);
}

prac_rc nats_link_ask(struct nats_link *l, const char *what, const char *body, natsMsg **ret,
                      struct prac_err *reterr)
{
  char subject[256];
  (void)snprintf(subject, sizeof subject, "%s.%s", l->api, what);
  natsStatus st = NATS_TIMEOUT; /* one that comes while there is no leader is never answered */
  for (int i = 0; i < NATS_REQUESTS && st == NATS_TIMEOUT && !(i && refused(l)); i++)
    st = natsConnection_RequestString(ret, l->nc, subject, body, NATS_REQUEST_MS);
  if (st == NATS_OK && natsMsg_IsNoResponders(*ret)) {
    natsMsg_Destroy(*ret);
    st = NATS_NO_RESPONDERS;
  }
  if (st == NATS_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: %s", subject,
                   st == NATS_NO_RESPONDERS ? "no JetStream there, or no leader yet"
                                            : natsStatus_GetText(st));
}

/* "<inbox>.p.<n>": of a publish; "<inbox>.a.<seq>": of an ack. */
static void on_answer(struct nats_link *l, natsMsg *m)
{
  const char *subject = natsMsg_GetSubject(m);
  size_t n = strlen(l->inbox);
  char *end = NULL;
  if (strncmp(subject, l->inbox, n) != 0 || subject[n] != '.' || !subject[n + 1]) return;
  uint64_t v = strtoull(subject + n + 3, &end, 10);
  if (*end) return;
  if (subject[n + 1] == 'p') nats_pub_answer(l, v, m);
  if (subject[n + 1] == 'a') nats_sub_answer(l, v);
}

static bool take_answer(struct nats_link *l, int64_t timeout_ms)
{
  natsMsg *m = NULL;
  natsStatus st = natsSubscription_NextMsg(&m, l->answers, timeout_ms);
  if (st == NATS_NO_RESPONDERS) nats_pub_nobody(l);
  if (st != NATS_OK) return st == NATS_NO_RESPONDERS;
  on_answer(l, m);
  natsMsg_Destroy(m);
  return true;
}

/* What libnats' threads have told. */
static prac_rc hear_news(struct nats_link *l, struct prac_err *reterr)
{
  if (!l->nc) return PRAC_OK;
  if (refused(l)) PRAC_TRY(refusal(l, reterr));
  if (!atomic_load(&l->news->closed)) return PRAC_OK;
  const char *why = NULL;
  (void)natsConnection_GetLastError(l->nc, &why);
  nats_link_drop(l, why && why[0] ? why : "the connection ended");
  return PRAC_OK;
}

prac_rc nats_link_pump(struct nats_link *l, int64_t timeout_ns, struct prac_err *reterr)
{
  PRAC_TRY(final(l, reterr));
  PRAC_TRY(hear_news(l, reterr));
  if (!l->nc) {
    prac_rc rc = connect_now(l, reterr);
    if (rc == PRAC_AGAIN) {
      int64_t nap = l->next_try - sys_mono_ns();
      if (nap > timeout_ns) nap = timeout_ns;
      if (nap > 0) sys_sleep_ns(nap);
      return rc;
    }
    PRAC_TRY(rc);
  }
  prac_rc held = nats_keep_hold(l, false, reterr);
  if (held != PRAC_OK && held != PRAC_AGAIN) return held;
  nats_pub_send(l);
  if (l->window.held && timeout_ns > SLICE_NS) timeout_ns = SLICE_NS;
  if (timeout_ns > 0 && !take_answer(l, (timeout_ns + PRAC_MS - 1) / PRAC_MS)) return PRAC_OK;
  while (take_answer(l, 0)) {
  }
  nats_pub_send(l);
  return final(l, reterr);
}

void nats_link_done(struct nats_link *l)
{
  nats_keep_release(l);
  nats_link_drop(l, NULL);
  for (uint64_t n = l->window.first; l->msgs && n < l->window.next; n++) nats_pub_forget(l, n);
  nats_window_done(&l->window);
  free(l->msgs);
  natsMsg_Destroy(l->borrowed);
  free(l->unacked);
  if (l->key) explicit_bzero(l->key, strlen(l->key));
  free(l->ca);
  free(l->cert);
  free(l->key);
  *l = (struct nats_link){0};
}
