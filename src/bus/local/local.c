/* The client: what it was given to publish stays here until the broker says it is on disk, so the
 * broker may die at any moment. */
#include "bus/local_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bus/local/link.h"
#include "sys/wall.h"

static prac_rc local_open(void *st, const void *conf, const struct bus_env *env,
                          struct prac_err *reterr)
{
  struct bus_link *l = st;
  const struct bus_local_conf *c = conf;
  *l = (struct bus_link){.fd = -1, .log = env->log, .next_n = 1};
  if (!c || !c->socket || !c->socket[0])
    return PRAC_FAIL(reterr, PRAC_RANGE, "the local bus needs the path of its socket");
  if (!bus_client_ok(env->client, strlen(env->client)))
    return PRAC_FAIL(reterr, PRAC_RANGE, "\"%s\" is no client name: a-z 0-9 . _ - at most %d",
                     env->client, BUS_CLIENT_MAX);
  (void)snprintf(l->client, sizeof l->client, "%s", env->client);
  l->socket = strdup(c->socket);
  if (!l->socket) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for the bus");
  l->window_bytes = c->window_bytes > 0 ? (size_t)c->window_bytes : BUS_WINDOW_BYTES;
  l->wait_ns = c->wait_ns > 0 ? c->wait_ns : BUS_WAIT_NS;
  if (getrandom(&l->instance, sizeof l->instance, 0) != (ssize_t)sizeof l->instance)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  return PRAC_OK;
}

static prac_rc make_pending(struct bus_link *l, const struct bus_frame *f, struct bus_pending **ret,
                            struct prac_err *reterr)
{
  size_t cap = bus_frame_size(f);
  struct bus_pending *p = malloc(sizeof *p + cap);
  if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for a message of %zu bytes", f->len);
  struct prac_wr w = prac_wr_of(p->bytes, cap);
  prac_rc rc = bus_frame_write(f, &w);
  if (rc != PRAC_OK) {
    free(p);
    return PRAC_FAIL(reterr, rc, "a message of %zu bytes to %.*s cannot be sent (at most %d)",
                     f->len, (int)f->name.n, f->name.s, BUS_DATA_MAX);
  }
  p->next = NULL;
  p->n = l->next_n;
  p->len = prac_wr_len(&w);
  *ret = p;
  return PRAC_OK;
}

static prac_rc wait_window(struct bus_link *l, size_t len, struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + l->wait_ns;
  while (l->n_pending > 0 &&
         (l->bytes_pending + len > l->window_bytes || l->n_pending >= BUS_WINDOW_MESSAGES)) {
    int64_t left = until - sys_mono_ns();
    if (left <= 0) return PRAC_FAIL(reterr, PRAC_AGAIN, "the bus takes nothing at the moment");
    PRAC_TRY(bus_link_pump(l, left, reterr));
  }
  return PRAC_OK;
}

static prac_rc local_publish(void *st, const char *subject, const char *id, const void *data,
                             size_t len, struct prac_err *reterr)
{
  struct bus_link *l = st;
  char own_id[64];
  if (!bus_subject_ok(subject, strlen(subject)))
    return PRAC_FAIL(reterr, PRAC_RANGE, "\"%.127s\" is no subject", subject);
  PRAC_TRY(wait_window(l, len, reterr));
  if (!id || !id[0]) { /* what is sent again after a reconnection must be known as a repeat */
    (void)snprintf(own_id, sizeof own_id, "~%016" PRIx64 ".%" PRIu64, l->instance, l->next_n);
    id = own_id;
  }
  struct bus_frame f = {.type = BUS_PUB,
                        .n = l->next_n,
                        .name = {subject, strlen(subject)},
                        .id = {id, strlen(id)},
                        .data = data,
                        .len = len};
  struct bus_pending *p;
  PRAC_TRY(make_pending(l, &f, &p, reterr));
  l->next_n++;
  bus_link_add(l, p);
  prac_rc rc = bus_link_pump(l, 0, reterr);
  return rc == PRAC_AGAIN ? PRAC_OK : rc; /* it is ours now: not yet sent is no failure */
}

static prac_rc local_flush(void *st, int64_t timeout_ns, struct prac_err *reterr)
{
  struct bus_link *l = st;
  int64_t until = sys_mono_ns() + timeout_ns;
  while (l->n_pending > 0 || l->acked > l->ack_known) {
    int64_t left = until - sys_mono_ns();
    PRAC_TRY(bus_link_pump(l, left > 0 ? left : 0, reterr));
    if (left <= 0 && (l->n_pending > 0 || l->acked > l->ack_known))
      return PRAC_FAIL(reterr, PRAC_AGAIN, "%zu messages are not acknowledged yet", l->n_pending);
  }
  return PRAC_OK;
}

static prac_rc local_subscribe(void *st, const char *const *prefixes, size_t n, bool durable,
                               struct prac_err *reterr)
{
  struct bus_link *l = st;
  if (l->filter_n)
    return PRAC_FAIL(reterr, PRAC_EXISTS, "%s has subscribed already: one a handle", l->client);
  if (n > BUS_PREFIXES_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "more than %d prefixes", BUS_PREFIXES_MAX);
  for (size_t i = 0; i < n; i++) {
    if (strlen(prefixes[i]) > BUS_SUBJECT_MAX)
      return PRAC_FAIL(reterr, PRAC_RANGE, "prefix too long: %.40s...", prefixes[i]);
    (void)snprintf(l->filter[i], sizeof l->filter[i], "%s", prefixes[i]);
  }
  l->filter_n = n ? n : 1; /* none given: "", everything */
  l->durable = durable;
  if (l->fd >= 0) bus_link_say_sub(l);
  prac_rc rc = bus_link_pump(l, 0, reterr);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static prac_rc local_fetch(void *st, int64_t timeout_ns, struct bus_msg *ret,
                           struct prac_err *reterr)
{
  struct bus_link *l = st;
  if (!l->filter_n) return PRAC_FAIL(reterr, PRAC_DENIED, "%s has not subscribed", l->client);
  int64_t until = sys_mono_ns() + timeout_ns;
  while (!l->first_msg) {
    int64_t left = until - sys_mono_ns();
    prac_rc rc = bus_link_pump(l, left > 0 ? left : 0, reterr);
    if (rc != PRAC_OK) return rc;
    if (!l->first_msg && left <= 0) return PRAC_FAIL(reterr, PRAC_AGAIN, "nothing new");
  }
  struct bus_held *m = bus_link_take(l);
  if (l->ctl_have) { /* new credit travels while the caller works */
    prac_rc rc = bus_link_pump(l, 0, reterr);
    if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
  }
  *ret = (struct bus_msg){.subject = m->subject, .data = m->data, .len = m->len, .seq = m->seq};
  return PRAC_OK;
}

static prac_rc local_ack(void *st, uint64_t seq, struct prac_err *reterr)
{
  struct bus_link *l = st;
  if (seq > l->fetched)
    return PRAC_FAIL(reterr, PRAC_RANGE, "message %" PRIu64 " has not been fetched", seq);
  if (seq > l->acked) {
    l->acked = seq;
    bus_link_say_ack(l);
  }
  prac_rc rc = bus_link_pump(l, 0, reterr);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static void local_queue(const void *st, struct bus_queue *ret)
{
  const struct bus_link *l = st;
  uint64_t published = l->next_n - 1;
  *ret = (struct bus_queue){l->n_pending, l->bytes_pending, published,
                            l->first ? l->first->n - 1 : published};
}

static void local_close(void *st)
{
  bus_link_done(st);
}

extern const struct bus_ops bus_local;
const struct bus_ops bus_local = {
    .name = "local",
    .about = "the roles of one box: a broker process that keeps a log on disk, over a unix socket",
    .state_size = sizeof(struct bus_link),
    .open = local_open,
    .publish = local_publish,
    .flush = local_flush,
    .subscribe = local_subscribe,
    .fetch = local_fetch,
    .ack = local_ack,
    .close = local_close,
    .queue = local_queue,
};
