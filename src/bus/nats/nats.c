/* The bus interface over JetStream: settings, opening, and what each call waits for. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "bus/nats/link.h"
#include "sys/durable.h"
#include "sys/wall.h"

enum { PEM_MAX = 1 << 20, WINDOW_BYTES = 32 << 20 };
#define WAIT_NS PRAC_SEC

#define FIELD(f) offsetof(struct bus_nats_conf, f)
static const struct prac_conf_item items[] = {
    {.key = "servers",
     .type = PRAC_CONF_STRINGS,
     .offset = FIELD(servers),
     .sdflt = "nats://127.0.0.1:4222",
     .help =
         "Servers to try in turn: nats://HOST:PORT, or tls://HOST:PORT; names are looked up once, "
         "at the start."},
    {.key = "ca",
     .type = PRAC_CONF_STRING,
     .offset = FIELD(ca),
     .sdflt = "",
     .help =
         "File (PEM) with the certificates that may have signed a server's; empty: the system's."},
    {.key = "cert",
     .type = PRAC_CONF_STRING,
     .offset = FIELD(cert),
     .sdflt = "",
     .help = "File (PEM) with the own certificate: who we are to the server."},
    {.key = "key",
     .type = PRAC_CONF_STRING,
     .offset = FIELD(key),
     .sdflt = "",
     .help = "File (PEM) with its private key."},
    {.key = "stream",
     .type = PRAC_CONF_STRING,
     .offset = FIELD(stream),
     .sdflt = "PRACTICE",
     .help = "Name of the stream that holds all records; made when it is missing."},
    {.key = "replicas",
     .type = PRAC_CONF_INT,
     .offset = FIELD(replicas),
     .lo = 1,
     .hi = 5,
     .dflt = 1,
     .help = "Servers of a cluster that keep each message: 1 or 3."},
    {.key = "domain",
     .type = PRAC_CONF_STRING,
     .offset = FIELD(domain),
     .sdflt = "",
     .help = "JetStream domain of the stream; empty: that of the server we are connected to."},
    {.key = "max-age",
     .type = PRAC_CONF_DURATION,
     .offset = FIELD(max_age_ns),
     .lo = 60,
     .hi = 3650.0 * 86400,
     .dflt = 14 * 86400,
     .help = "How long the stream keeps a message, whether or not everybody has read it."},
    {.key = "max-bytes",
     .type = PRAC_CONF_SIZE,
     .offset = FIELD(max_bytes),
     .lo = 0,
     .hi = 1e15,
     .dflt = 0,
     .help = "Bytes the stream may hold, the oldest go first; 0: as many as the server allows."},
    {.key = "lease",
     .type = PRAC_CONF_DURATION,
     .offset = FIELD(lease_ns),
     .lo = 2,
     .hi = 600,
     .dflt = 15,
     .help =
         "An engine, alert or collector that has not been heard of for so long is taken over by "
         "another process of its name; longer than its longest computation."},
    {.key = "in-flight",
     .type = PRAC_CONF_INT,
     .offset = FIELD(in_flight),
     .lo = 1,
     .hi = 65536,
     .dflt = 1024,
     .help = "Messages published and not yet acknowledged; when there are that many, the publisher "
             "waits."},
};
const struct prac_conf_section bus_nats_section = {
    .path = "nats",
    .about = "The bus over NATS JetStream: sites, a hub, a cluster. In use with run.bus: nats.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct bus_nats_conf),
};
const struct prac_counter_def bus_nats_counter_defs[] = {
#define X(name, unit, help, kind) {#name, unit, help, kind},
    BUS_NATS_COUNTERS(X)
#undef X
};

const _Atomic uint64_t *bus_nats_counters(const void *state)
{
  return ((const struct nats_link *)state)->counters;
}

/* ---- opening ---- */

static prac_rc read_pem(const char *path, char **ret, struct prac_err *reterr)
{
  uint8_t *data = NULL;
  size_t n = 0;
  if (!path[0]) return PRAC_OK;
  prac_rc rc = sys_read_file(path, PEM_MAX, &data, &n, reterr);
  if (rc != PRAC_OK) return prac_err_prefix(reterr, rc, "nats");
  char *text = malloc(n + 1);
  if (text) {
    memcpy(text, data, n);
    text[n] = '\0';
  }
  explicit_bzero(data, n);
  free(data);
  if (!text) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", path);
  *ret = text;
  return PRAC_OK;
}

static prac_rc read_conf(struct nats_link *l, const struct bus_nats_conf *c,
                         struct prac_err *reterr)
{
  PRAC_TRY(nats_conf_check(c, reterr));
  PRAC_TRY(nats_servers_find(l, reterr));
  PRAC_TRY(read_pem(c->ca, &l->ca, reterr));
  PRAC_TRY(read_pem(c->cert, &l->cert, reterr));
  PRAC_TRY(read_pem(c->key, &l->key, reterr));
  (void)snprintf(l->api, sizeof l->api, c->domain[0] ? "$JS.%s.API" : "$JS%s.API", c->domain);
  return PRAC_OK;
}

/* Ids of messages are foreseeable, and the server drops what has an id that it has seen, whoever
 * sent it: so ours begin with what only the holder of this key can make. */
static prac_rc make_maker(struct nats_link *l, struct prac_err *reterr)
{
  uint8_t mac[EVP_MAX_MD_SIZE];
  char what[BUS_CLIENT_MAX + 32];
  unsigned n = 0;
  if (!l->key) return PRAC_OK;
  int len = snprintf(what, sizeof what, "practice message id %s", l->client);
  if (!HMAC(EVP_sha256(), l->key, (int)strlen(l->key), (const uint8_t *)what, (size_t)len, mac,
            &n) ||
      n < NATS_MAKER)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a hash of nats.key");
  for (size_t i = 0; i < NATS_MAKER; i++)
    (void)snprintf(l->maker + 2 * i, 3, "%02x", (unsigned)mac[i]);
  return PRAC_OK;
}

static prac_rc nats_open(void *st, const void *conf, const struct bus_env *env,
                         struct prac_err *reterr)
{
  struct nats_link *l = st;
  const struct bus_nats_conf *c = conf;
  *l = (struct nats_link){.log = env->log, .window_bytes = WINDOW_BYTES};
  if (!c) return PRAC_FAIL(reterr, PRAC_RANGE, "the nats bus needs its settings");
  if (!bus_client_ok(env->client, strlen(env->client)))
    return PRAC_FAIL(reterr, PRAC_RANGE, "\"%s\" is no client name: a-z 0-9 . _ - at most %d",
                     env->client, BUS_CLIENT_MAX);
  (void)snprintf(l->client, sizeof l->client, "%s", env->client);
  l->conf = *c;
  PRAC_TRY(read_conf(l, c, reterr));
  PRAC_TRY(make_maker(l, reterr));
  if (getrandom(&l->instance, sizeof l->instance, 0) != (ssize_t)sizeof l->instance)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  l->max_payload = BUS_NATS_PAYLOAD; /* until a server has said it */
  (void)snprintf(l->inbox, sizeof l->inbox, "_INBOX.%016" PRIx64, l->instance);
  size_t cap = (size_t)c->in_flight;
  l->msgs = calloc(cap, sizeof(natsMsg *));
  if (!l->msgs || nats_window_init(&l->window, cap) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for the bus");
  return PRAC_OK;
}

/* ---- publishing ---- */

/* A wait in slices: a pump that only takes answers ends with the first one. */
static prac_rc wait_window(struct nats_link *l, size_t len, struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + WAIT_NS;
  while (nats_window_full(&l->window) ||
         (l->window.held && l->bytes_in_flight + len > l->window_bytes)) {
    int64_t left = until - sys_mono_ns();
    if (left <= 0) return PRAC_FAIL(reterr, PRAC_AGAIN, "the bus takes nothing at the moment");
    prac_rc rc = nats_link_pump(l, left, reterr);
    if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
  }
  return PRAC_OK;
}

/* Letters that may stand in a header; ids come from records. */
static bool id_ok(const char *id)
{
  size_t n = strlen(id);
  if (n > BUS_ID_MAX) return false;
  for (size_t i = 0; i < n; i++)
    if (id[i] < 0x20 || id[i] > 0x7e) return false;
  return true;
}

static bool subject_ok(const char *s)
{
  size_t n = strlen(s);
  return bus_subject_ok(s, n) && s[0] != '.' && s[n - 1] != '.' && !strstr(s, "..");
}

static prac_rc make_message(struct nats_link *l, const char *subject, const char *id,
                            const void *data, size_t len, natsMsg **ret)
{
  char reply[96], msg_id[2 * NATS_MAKER + BUS_SUBJECT_MAX + BUS_ID_MAX + 32];
  (void)snprintf(reply, sizeof reply, "%s.p.%" PRIu64, l->inbox, l->window.next);
  if (id && id[0])
    (void)snprintf(msg_id, sizeof msg_id, "%s/%s/%s", l->maker, subject, id);
  else
    (void)snprintf(msg_id, sizeof msg_id, "~%016" PRIx64 ".%" PRIu64, l->instance, l->window.next);
  natsStatus st = natsMsg_Create(ret, subject, reply, data, (int)len);
  if (st == NATS_OK) st = natsMsgHeader_Set(*ret, "Nats-Msg-Id", msg_id);
  if (st == NATS_OK) return PRAC_OK;
  natsMsg_Destroy(*ret);
  return PRAC_NOMEM;
}

static prac_rc go_on(struct nats_link *l, struct prac_err *reterr)
{
  prac_rc rc = nats_link_pump(l, 0, reterr);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static prac_rc nats_publish(void *st, const char *subject, const char *id, const void *data,
                            size_t len, struct prac_err *reterr)
{
  struct nats_link *l = st;
  natsMsg *m = NULL;
  if (!subject_ok(subject))
    return PRAC_FAIL(reterr, PRAC_RANGE, "\"%.127s\" is no subject", subject);
  if (id && !id_ok(id))
    return PRAC_FAIL(reterr, PRAC_RANGE, "\"%.40s...\" cannot be a message's id", id);
  if (nats_pub_left_out(l, subject)) return go_on(l, reterr);
  PRAC_TRY(wait_window(l, len, reterr));
  if (len + 512 > l->max_payload) { /* the header counts too */
    prac_count(&l->counters[BUS_NATS_too_big], 1);
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "a message of %zu bytes to %s: the server takes %zu at most (max_payload)",
                     len, subject, l->max_payload);
  }
  if (make_message(l, subject, id, data, len, &m) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for a message of %zu bytes", len);
  size_t kind = strcspn(subject, ".");
  uint64_t n = nats_window_add(&l->window, prac_hash_bytes(1, subject, kind),
                               prac_hash_bytes(2, subject, strlen(subject)));
  l->msgs[n % l->window.cap] = m;
  l->bytes_in_flight += len;
  return go_on(l, reterr); /* it is ours now: not yet sent is no failure */
}

static prac_rc nats_flush(void *st, int64_t timeout_ns, struct prac_err *reterr)
{
  struct nats_link *l = st;
  int64_t until = sys_mono_ns() + timeout_ns;
  while (l->window.held > 0 || l->acked > l->ack_known) {
    int64_t left = until - sys_mono_ns();
    prac_rc rc = nats_link_pump(l, left > 0 ? left : 0, reterr);
    if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
    rc = nats_sub_settle(l, reterr);
    if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
    if (left <= 0 && (l->window.held > 0 || l->acked > l->ack_known))
      return PRAC_FAIL(reterr, PRAC_AGAIN, "%zu messages are not acknowledged yet", l->window.held);
  }
  return PRAC_OK;
}

/* ---- reading ---- */

static prac_rc nats_subscribe(void *st, const char *const *prefixes, size_t n, bool durable,
                              struct prac_err *reterr)
{
  struct nats_link *l = st;
  if (l->filter_n)
    return PRAC_FAIL(reterr, PRAC_EXISTS, "%s has subscribed already: one a handle", l->client);
  if (n > BUS_PREFIXES_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "more than %d prefixes", BUS_PREFIXES_MAX);
  for (size_t i = 0; i < n; i++) {
    if (!bus_prefix_ok(prefixes[i], strlen(prefixes[i])))
      return PRAC_FAIL(reterr, PRAC_RANGE, "\"%.40s...\" is no prefix of a subject", prefixes[i]);
    (void)snprintf(l->filter[i], sizeof l->filter[i], "%s", prefixes[i]);
  }
  l->durable = durable;
  if (durable) {
    (void)snprintf(l->consumer, sizeof l->consumer, "%s", l->client);
    for (char *c = l->consumer; *c; c++)
      if (*c == '.') *c = '_'; /* no dots in a consumer's name */
  }
  l->filter_n = n ? n : 1; /* none given: "", everything */
  prac_rc rc = l->nc ? nats_sub_begin(l, reterr) : nats_link_pump(l, 0, reterr);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static prac_rc nats_fetch(void *st, int64_t timeout_ns, struct bus_msg *ret,
                          struct prac_err *reterr)
{
  struct nats_link *l = st;
  natsMsg *m = NULL;
  uint64_t seq = 0;
  if (!l->filter_n) return PRAC_FAIL(reterr, PRAC_DENIED, "%s has not subscribed", l->client);
  PRAC_TRY(nats_sub_next(l, sys_mono_ns() + timeout_ns, &m, &seq, reterr));
  natsMsg_Destroy(l->borrowed);
  l->borrowed = m;
  *ret = (struct bus_msg){.subject = natsMsg_GetSubject(m),
                          .data = natsMsg_GetData(m),
                          .len = (size_t)natsMsg_GetDataLength(m),
                          .seq = seq};
  if (!l->durable && seq) l->acked = l->ack_known = seq - 1; /* its place is nobody's concern */
  return PRAC_OK;
}

static prac_rc nats_ack(void *st, uint64_t seq, struct prac_err *reterr)
{
  struct nats_link *l = st;
  if (seq > l->fetched)
    return PRAC_FAIL(reterr, PRAC_RANGE, "message %" PRIu64 " has not been fetched", seq);
  prac_rc rc =
      nats_link_pump(l, 0, reterr); /* first: whose name is another's by now says nothing */
  if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
  if (seq > l->acked) l->acked = seq;
  nats_sub_ack(l);
  return PRAC_OK;
}

static void nats_queue(const void *st, struct bus_queue *ret)
{
  const struct nats_link *l = st;
  *ret = (struct bus_queue){l->window.held, l->bytes_in_flight, l->window.next - 1,
                            l->window.first - 1};
}

static void nats_close(void *st)
{
  nats_link_done(st);
}

extern const struct bus_ops bus_nats;
const struct bus_ops bus_nats = {
    .name = "nats",
    .about = "NATS JetStream: sites, a hub, a cluster; every role connects by itself",
    .state_size = sizeof(struct nats_link),
    .open = nats_open,
    .publish = nats_publish,
    .flush = nats_flush,
    .subscribe = nats_subscribe,
    .fetch = nats_fetch,
    .ack = nats_ack,
    .close = nats_close,
    .queue = nats_queue,
    .keep = &nats_keep_ops,
};
