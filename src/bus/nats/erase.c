/* A message that should never have been there, off the servers' disks. A purge takes messages out
 * of the stream and leaves their bytes in its files; only the deletion of a single message
 * overwrites them (no_erase is false unless it is said). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bus/nats/link.h"
#include "sys/wall.h"

#define WAIT_NS (100 * PRAC_MS)

static prac_rc connected(struct nats_link *l, int64_t timeout_ns, struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + timeout_ns;
  prac_rc rc;
  while ((rc = nats_link_pump(l, WAIT_NS, reterr)) == PRAC_AGAIN && sys_mono_ns() < until) continue;
  return rc;
}

static prac_rc refused(const struct nats_link *l, const char *what, const struct prac_err *err,
                       struct prac_err *reterr)
{
  if (!atomic_load(&l->news->refused)) return PRAC_FAIL(reterr, PRAC_AGAIN, "%s", err->text);
  return PRAC_FAIL(reterr, PRAC_DENIED, "the server does not let this user %s.%s", l->api, what);
}

/* Up to where its reader is. */
static prac_rc floor_of(struct nats_link *l, const char *reader, uint64_t *ret,
                        struct prac_err *reterr)
{
  char what[160];
  natsMsg *m = NULL;
  struct nats_consumer_info c;
  struct prac_err err = {0};
  (void)snprintf(what, sizeof what, "CONSUMER.INFO.%s.%s", l->conf.stream, reader);
  if (nats_link_ask(l, what, "", &m, &err) != PRAC_OK) return refused(l, what, &err, reterr);
  prac_rc rc = nats_consumer_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), &c);
  natsMsg_Destroy(m);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "%s: the answer is not understood", what);
  if (c.error.code)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "stream %s, reader %s: %s", l->conf.stream, reader,
                     c.error.text);
  *ret = c.floor;
  return PRAC_OK;
}

static prac_rc stored(struct nats_link *l, const char *verb, const char *body,
                      struct nats_stored *ret, struct prac_err *reterr)
{
  char what[160];
  natsMsg *m = NULL;
  struct prac_err err = {0};
  (void)snprintf(what, sizeof what, "STREAM.MSG.%s.%s", verb, l->conf.stream);
  if (nats_link_ask(l, what, body, &m, &err) != PRAC_OK) return refused(l, what, &err, reterr);
  prac_rc rc = nats_stored_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), ret);
  natsMsg_Destroy(m);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "%s: the answer is not understood", what);
}

/* The first one from `from` on; seq 0: none. */
static prac_rc next_of(struct nats_link *l, const char *kind, uint64_t from,
                       struct nats_stored *ret, struct prac_err *reterr)
{
  enum { NO_MESSAGE = 404 };
  char body[160];
  (void)snprintf(body, sizeof body, "{\"seq\":%" PRIu64 ",\"next_by_subj\":\"%s.>\"}", from, kind);
  PRAC_TRY(stored(l, "GET", body, ret, reterr));
  if (ret->error.code && ret->error.code != NO_MESSAGE)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "stream %s: %s", l->conf.stream, ret->error.text);
  return PRAC_OK;
}

static prac_rc erase_one(struct nats_link *l, uint64_t seq, struct prac_err *reterr)
{
  char body[64];
  struct nats_stored s;
  (void)snprintf(body, sizeof body, "{\"seq\":%" PRIu64 "}", seq);
  PRAC_TRY(stored(l, "DELETE", body, &s, reterr));
  if (!s.error.code) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_AGAIN, "stream %s, message %" PRIu64 ": %s", l->conf.stream, seq,
                   s.error.text);
}

static prac_rc erase(struct nats_link *l, const struct bus_nats_erase *e, uint64_t *ret_erased,
                     bool *ret_left, struct prac_err *reterr)
{
  struct nats_stored s = {.seq = 0};
  uint64_t upto = 0;
  PRAC_TRY(connected(l, e->timeout_ns, reterr));
  PRAC_TRY(floor_of(l, e->reader, &upto, reterr));
  for (;;) {
    PRAC_TRY(next_of(l, e->kind, s.seq + 1, &s, reterr));
    *ret_left = s.seq > upto;
    if (!s.seq || s.seq > upto) return PRAC_OK;
    PRAC_TRY(erase_one(l, s.seq, reterr));
    ++*ret_erased;
  }
}

prac_rc bus_nats_erase(const struct bus_nats_conf *c, const struct bus_env *env,
                       const struct bus_nats_erase *e, uint64_t *ret_erased, bool *ret_left,
                       struct prac_err *reterr)
{
  struct bus b = {0};
  *ret_erased = 0;
  *ret_left = false;
  PRAC_TRY(bus_open("nats", c, env, &b, reterr));
  prac_rc rc = erase(b.st, e, ret_erased, ret_left, reterr);
  bus_close(&b);
  return rc;
}
