/* What the bus keeps for a client that computes: who has its name, and its state.
 *
 * The name is a lease, the newest message of lease.<client>. Each is published behind the one
 * before it, by number (Nats-Expected-Last-Subject-Sequence): of two that reach for it, one gets
 * it. It is another's until no new one has come for nats.lease, by the clock of who waits; no
 * clock of a server or of another machine counts.
 *
 * The state is chunks, under names that only this process writes, and then a head, behind the head
 * before it. Who takes the name over writes the head anew first: a holder that was paused, and
 * still believes, cannot put its own over it. There are two halves in turn, for a save that ends
 * early. What no head names any more is purged. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "bus/nats/link.h"
#include "sys/wall.h"

#define RETRY_NS PRAC_SEC
#define CONFIRM_NS (200 * PRAC_MS) /* longer than a proposal is on its way */
#define LEASE "LEASE"
#define STATE "STATE"
enum { WRONG_LAST = 10071, WRONG_LAST_CONSTANT = 10164 };
enum { NO_RESOURCES = 10023, NO_STORAGE = 10047, STORE_FAILED = 10077 };
enum { WAIT_MS = 3000 }; /* a piece of state is 512 KiB */
static const uint64_t state_seed = 0x57a7e;
static const struct prac_log_event ev_lost = {
    "bus_nats_name_lost", PRAC_LOG_WARN,
    "find out why this process was not heard of; raise nats.lease if it computes for so long"};

static const char *stream(const struct nats_link *l, const char *what, char out[96])
{
  (void)snprintf(out, 96, "%s_%s", l->conf.stream, what);
  return out;
}

/* "lease.engine_asia", "state.engine_asia.head" */
static const char *subject(const struct nats_link *l, const char *first, const char *rest,
                           char out[160])
{
  int n = snprintf(out, 160, "%s.", first), end = n + (int)strlen(l->client);
  (void)snprintf(out + n, 160 - (size_t)n, "%s%s", l->client, rest);
  for (int i = n; i < end; i++)
    if (out[i] == '.') out[i] = '_';
  return out;
}

static const char *chunk_subject(const struct nats_link *l, const struct nats_head *h, size_t i,
                                 char out[160])
{
  char rest[64];
  (void)snprintf(rest, sizeof rest, ".%016" PRIx64 ".%" PRIu64 ".%zu", h->by, h->half, i);
  return subject(l, "state", rest, out);
}

/* ---- requests ---- */

static prac_rc begin(struct nats_link *l, jsCtx **ret, struct prac_err *reterr)
{
  jsOptions o;
  if (!l->nc) return PRAC_FAIL(reterr, PRAC_AGAIN, "the bus is away");
  natsStatus st = jsOptions_Init(&o);
  o.Wait = WAIT_MS;
  if (l->conf.domain[0]) o.Domain = l->conf.domain;
  if (st == NATS_OK) st = natsConnection_JetStream(ret, l->nc, &o);
  if (st == NATS_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_NOMEM, "the bus: %s", natsStatus_GetText(st));
}

static prac_rc refused(const char *what, natsStatus st, jsErrCode code, struct prac_err *reterr)
{
  const char *text = nats_GetLastError(NULL);
  int c = (int)code;
  prac_rc rc = c == WRONG_LAST || c == WRONG_LAST_CONSTANT                 ? PRAC_EXISTS
               : c == NO_RESOURCES || c == NO_STORAGE || c == STORE_FAILED ? PRAC_FULL
                                                                           : PRAC_AGAIN;
  return PRAC_FAIL(reterr, rc, "%s: %s", what, text && text[0] ? text : natsStatus_GetText(st));
}

/* *seq: the newest of the subject before, and this one after; NULL: whatever it is. PRAC_EXISTS: it
 * is another. */
static prac_rc put(struct nats_link *l, const char *to, uint64_t *seq, const void *data, size_t n,
                   struct prac_err *reterr)
{
  char last[32];
  jsCtx *js = NULL;
  natsMsg *m = NULL;
  jsPubAck *ack = NULL;
  jsErrCode code = 0;
  PRAC_TRY(begin(l, &js, reterr));
  natsStatus st = natsMsg_Create(&m, to, NULL, data, (int)n);
  if (st == NATS_OK && seq) {
    (void)snprintf(last, sizeof last, "%" PRIu64, *seq);
    st = natsMsgHeader_Set(m, "Nats-Expected-Last-Subject-Sequence", last);
  }
  if (st == NATS_OK) st = js_PublishMsg(&ack, js, m, NULL, &code);
  if (st == NATS_OK && seq) *seq = ack->Sequence;
  prac_rc rc = st == NATS_OK ? PRAC_OK : refused(to, st, code, reterr);
  jsPubAck_Destroy(ack);
  natsMsg_Destroy(m);
  jsCtx_Destroy(js);
  return rc;
}

/* The newest of a subject; none: *ret NULL. */
static prac_rc get(struct nats_link *l, const char *what, const char *of, natsMsg **ret,
                   struct prac_err *reterr)
{
  char name[96];
  jsCtx *js = NULL;
  jsErrCode code = 0;
  *ret = NULL;
  PRAC_TRY(begin(l, &js, reterr));
  natsStatus st = js_GetLastMsg(ret, js, stream(l, what, name), of, NULL, &code);
  jsCtx_Destroy(js);
  if (st == NATS_OK || code == JSNoMessageFoundErr) return PRAC_OK;
  return refused(of, st, code, reterr);
}

static prac_rc make_stream(struct nats_link *l, jsCtx *js, const char *what, const char *all,
                           struct prac_err *reterr)
{
  char name[96];
  jsStreamInfo *info = NULL;
  jsStreamConfig c;
  jsErrCode code = 0;
  natsStatus st = js_GetStreamInfo(&info, js, stream(l, what, name), NULL, &code);
  if (st == NATS_NOT_FOUND) {
    (void)jsStreamConfig_Init(&c);
    c.Name = name;
    c.Subjects = &all;
    c.SubjectsLen = 1;
    c.MaxMsgsPerSubject = 1;
    c.Replicas = l->conf.replicas;
    code = 0;
    st = js_AddStream(&info, js, &c, NULL, &code);
  }
  if (st != NATS_OK) return refused(name, st, code, reterr);
  bool lasting = info->Config->Storage == js_FileStorage && info->Config->MaxAge == 0;
  jsStreamInfo_Destroy(info);
  if (lasting) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "the stream %s is there already and does not last",
                   name);
}

static prac_rc make_streams(struct nats_link *l, struct prac_err *reterr)
{
  jsCtx *js = NULL;
  PRAC_TRY(begin(l, &js, reterr));
  prac_rc rc = make_stream(l, js, LEASE, "lease.>", reterr);
  if (rc == PRAC_OK) rc = make_stream(l, js, STATE, "state.>", reterr);
  jsCtx_Destroy(js);
  return rc;
}

/* What a process that is gone has left; not worth a failure: it takes room, and no more. */
static void purge(struct nats_link *l, uint64_t by)
{
  char name[96], of[160], rest[32];
  jsCtx *js = NULL;
  jsOptions o;
  if (begin(l, &js, NULL) != PRAC_OK) return;
  (void)jsOptions_Init(&o);
  o.Wait = WAIT_MS;
  (void)snprintf(rest, sizeof rest, ".%016" PRIx64 ".>", by);
  o.Stream.Purge.Subject = subject(l, "state", rest, of);
  (void)js_PurgeStream(js, stream(l, STATE, name), &o, NULL);
  jsCtx_Destroy(js);
}

/* ---- the name ---- */

static prac_rc lost(struct nats_link *l, struct prac_err *reterr)
{
  char text[160];
  l->keep.held = false;
  (void)snprintf(text, sizeof text, "another process has taken over as %s", l->client);
  prac_log(l->log, &ev_lost, "%s", text);
  nats_link_final(l, PRAC_IO, text);
  return PRAC_FAIL(reterr, PRAC_IO, "%s", text);
}

/* *ret: instance 0 when it is nobody's. */
static prac_rc look(struct nats_link *l, uint64_t *ret_seq, struct nats_lease *ret,
                    struct prac_err *reterr)
{
  char of[160];
  natsMsg *m = NULL;
  PRAC_TRY(get(l, LEASE, subject(l, "lease", "", of), &m, reterr));
  *ret_seq = m ? natsMsg_GetSequence(m) : 0;
  *ret = (struct nats_lease){.owner = 0};
  if (m && nats_lease_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), ret) != PRAC_OK)
    ret->instance = UINT64_MAX; /* of another version: it may live */
  natsMsg_Destroy(m);
  return PRAC_OK;
}

static prac_rc say(struct nats_link *l, uint64_t instance, struct prac_err *reterr)
{
  char to[160];
  uint8_t data[NATS_LEASE_BYTES];
  struct nats_keep *k = &l->keep;
  int64_t now = sys_mono_ns(); /* before: it holds from when it was sent */
  nats_lease_write(&(struct nats_lease){k->owner, instance}, data);
  PRAC_TRY(put(l, subject(l, "lease", "", to), &k->lease_seq, data, sizeof data, reterr));
  k->lease_at = now;
  return PRAC_OK;
}

/* An answer may have been lost: then the newest lease is ours all the same. */
static prac_rc renew(struct nats_link *l, struct prac_err *reterr)
{
  struct nats_lease v;
  uint64_t seq = 0;
  prac_rc rc = say(l, l->instance, reterr);
  if (rc != PRAC_EXISTS) return rc;
  PRAC_TRY(look(l, &seq, &v, reterr));
  if (v.instance != l->instance) return lost(l, reterr);
  l->keep.lease_seq = seq;
  rc = say(l, l->instance, reterr);
  return rc == PRAC_EXISTS ? lost(l, reterr) : rc;
}

prac_rc nats_keep_hold(struct nats_link *l, bool at_once, struct prac_err *reterr)
{
  struct nats_keep *k = &l->keep;
  int64_t now = sys_mono_ns();
  bool due = now - k->lease_at >= l->conf.lease_ns / 3 && now >= k->next_try;
  if (!k->held || !(due || at_once)) return PRAC_OK;
  k->next_try = now + RETRY_NS;
  prac_rc rc = renew(l, reterr);
  return rc == PRAC_FULL ? PRAC_AGAIN : rc;
}

void nats_keep_release(struct nats_link *l)
{
  if (l->keep.held && l->nc && !atomic_load(&l->news->closed) && l->final == PRAC_OK)
    (void)say(l, 0, NULL);
}

/* A cluster's leader compares with what is applied, not with what is on its way (2.9): two that
 * reach in the same moment may both be told yes. The later one is the newest then, and has it. */
static prac_rc confirm(struct nats_link *l, struct prac_err *reterr)
{
  struct nats_lease v;
  uint64_t seq = 0;
  if (l->conf.replicas <= 1) return PRAC_OK;
  sys_sleep_ns(CONFIRM_NS);
  PRAC_TRY(look(l, &seq, &v, reterr));
  return v.instance == l->instance ? PRAC_OK : PRAC_EXISTS;
}

static prac_rc nats_claim(void *st, uint64_t owner, struct prac_err *reterr)
{
  struct nats_link *l = st;
  struct nats_keep *k = &l->keep;
  struct nats_lease v;
  uint64_t seq = 0;
  PRAC_TRY(nats_link_pump(l, 0, reterr));
  if (k->held) return PRAC_OK;
  if (!k->owner) PRAC_TRY(make_streams(l, reterr));
  k->owner = owner;
  PRAC_TRY(look(l, &seq, &v, reterr));
  int64_t now = sys_mono_ns();
  if (seq != k->lease_seq || !k->lease_at) k->lease_at = now;
  k->lease_seq = seq;
  bool ours = v.instance == l->instance || (v.instance != UINT64_MAX && v.owner == owner);
  if (v.instance != 0 && !ours && now - k->lease_at < l->conf.lease_ns)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "another process is %s", l->client);
  prac_rc rc = say(l, l->instance, reterr);
  if (rc == PRAC_OK) rc = confirm(l, reterr);
  k->held = rc == PRAC_OK;
  if (rc != PRAC_EXISTS) return rc;
  return PRAC_FAIL(reterr, PRAC_AGAIN, "another process was faster to be %s", l->client);
}

/* ---- the state ---- */

static prac_rc get_head(struct nats_link *l, struct prac_err *reterr)
{
  char of[160];
  natsMsg *m = NULL;
  struct nats_keep *k = &l->keep;
  PRAC_TRY(get(l, STATE, subject(l, "state", ".head", of), &m, reterr));
  k->head = (struct nats_head){.by = 0};
  k->head_seq = m ? natsMsg_GetSequence(m) : 0;
  prac_rc rc = PRAC_OK;
  if (m) rc = nats_head_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), &k->head);
  natsMsg_Destroy(m);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "%s: %s", of, prac_rc_text(rc));
}

/* PRAC_EXISTS: another head has come. */
static prac_rc put_head(struct nats_link *l, struct nats_head h, struct prac_err *reterr)
{
  char to[160];
  uint8_t data[NATS_HEAD_BYTES];
  struct nats_keep *k = &l->keep;
  h.holder = l->instance;
  nats_head_write(&h, data);
  prac_rc rc = put(l, subject(l, "state", ".head", to), &k->head_seq, data, sizeof data, reterr);
  k->unsure = rc == PRAC_AGAIN;
  if (rc == PRAC_OK) k->head = h;
  return rc;
}

/* Is the head the one that we left? Where an answer was lost, it is looked at. */
static prac_rc settle(struct nats_link *l, struct prac_err *reterr)
{
  if (!l->keep.unsure) return PRAC_OK;
  PRAC_TRY(get_head(l, reterr));
  if (l->keep.head.holder != l->instance) return lost(l, reterr);
  l->keep.unsure = false;
  return PRAC_OK;
}

static prac_rc put_chunks(struct nats_link *l, const struct nats_head *h, const uint8_t *data,
                          struct prac_err *reterr)
{
  char to[160];
  size_t n = (size_t)h->len;
  for (size_t i = 0; i * NATS_CHUNK < n; i++) {
    size_t at = i * NATS_CHUNK, len = n - at < NATS_CHUNK ? n - at : NATS_CHUNK;
    PRAC_TRY(nats_link_pump(l, 0, reterr));
    PRAC_TRY(put(l, chunk_subject(l, h, i, to), NULL, data + at, len, reterr));
  }
  return PRAC_OK;
}

static prac_rc nats_save(void *st, uint64_t place, const void *data, size_t n,
                         struct prac_err *reterr)
{
  struct nats_link *l = st;
  if (!l->keep.held) return PRAC_FAIL(reterr, PRAC_DENIED, "%s is not claimed", l->client);
  if (n == 0 || n > NATS_STATE_MAX) return PRAC_FAIL(reterr, PRAC_RANGE, "a state of %zu bytes", n);
  PRAC_TRY(nats_link_pump(l, 0, reterr));
  PRAC_TRY(settle(l, reterr));
  const struct nats_head old = l->keep.head;
  const struct nats_head h = {.by = l->instance,
                              .half = old.by == l->instance ? !old.half : 0,
                              .len = n,
                              .hash = prac_hash_bytes(state_seed, data, n),
                              .place = place};
  PRAC_TRY(put_chunks(l, &h, data, reterr));
  prac_rc rc = put_head(l, h, reterr);
  if (rc == PRAC_EXISTS) return lost(l, reterr);
  if (rc == PRAC_OK && old.len && old.by != l->instance) purge(l, old.by);
  return rc;
}

static prac_rc get_chunks(struct nats_link *l, const struct nats_head *h, uint8_t *to,
                          struct prac_err *reterr)
{
  char of[160];
  size_t n = (size_t)h->len;
  for (size_t i = 0; i * NATS_CHUNK < n; i++) {
    size_t at = i * NATS_CHUNK, len = n - at < NATS_CHUNK ? n - at : NATS_CHUNK;
    natsMsg *m = NULL;
    PRAC_TRY(nats_link_pump(l, 0, reterr));
    PRAC_TRY(get(l, STATE, chunk_subject(l, h, i, of), &m, reterr));
    bool whole = m && (size_t)natsMsg_GetDataLength(m) == len;
    if (whole) memcpy(to + at, natsMsg_GetData(m), len);
    natsMsg_Destroy(m);
    if (!whole) return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s is not there, or not whole", of);
  }
  if (prac_hash_bytes(state_seed, to, n) == h->hash) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_DAMAGED, "the saved state of %s does not fit its checksum",
                   l->client);
}

/* The head is written anew with our name even when there is no state, or none that can be read. */
static prac_rc nats_load(void *st, uint64_t *ret_place, uint8_t **ret, size_t *ret_n,
                         struct prac_err *reterr)
{
  struct nats_link *l = st;
  if (!l->keep.held) return PRAC_FAIL(reterr, PRAC_DENIED, "%s is not claimed", l->client);
  PRAC_TRY(nats_link_pump(l, 0, reterr));
  prac_rc whole = get_head(l, reterr);
  if (whole != PRAC_OK && whole != PRAC_DAMAGED) return whole;
  const struct nats_head h = l->keep.head;
  prac_rc rc = put_head(l, h, reterr);
  if (rc == PRAC_EXISTS) return PRAC_FAIL(reterr, PRAC_AGAIN, "the state changes just now");
  PRAC_TRY(rc);
  if (h.holder && h.holder != h.by && h.holder != l->instance) purge(l, h.holder);
  PRAC_TRY(whole);
  if (h.len == 0) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s has saved nothing yet", l->client);
  uint8_t *data = malloc((size_t)h.len);
  if (!data) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the state of %s", l->client);
  rc = get_chunks(l, &h, data, reterr);
  if (rc != PRAC_OK) {
    free(data);
    return rc;
  }
  *ret_place = h.place;
  *ret = data;
  *ret_n = (size_t)h.len;
  return PRAC_OK;
}

const struct bus_keep_ops nats_keep_ops = {nats_claim, nats_save, nats_load};
