/* The loop: read from everyone, write one group, tell the publishers, feed the consumers. Nothing
 * here keeps a message in memory longer than its group. */
#include "bus/broker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bus/local/broker_priv.h"
#include "sys/durable.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

enum { HOUSE_NS = 1000000000, RETRY_NS = 200000000 };
static const struct prac_log_event ev_wait = {
    "bus_publishers_wait", PRAC_LOG_WARN,
    "find out why this consumer is slow, or raise bus.max-size, or free space on the device"};
static const struct prac_log_event ev_go = {"bus_publishers_go_on", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_stuck = {"bus_device_full", PRAC_LOG_ERROR,
                                               "free space on the device of the data directory"};
static const struct prac_log_event ev_unstuck = {"bus_device_ok", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_crowd = {
    "bus_too_many_clients", PRAC_LOG_WARN,
    "find out who connects to the bus's socket again and again"};

#define FIELD(f) offsetof(struct bus_broker_conf, f)
static const char *const damaged_words[] = {"stop", "skip", NULL};
static const struct prac_conf_item items[] = {
    {.key = "segment-size",
     .type = PRAC_CONF_SIZE,
     .offset = FIELD(segment_bytes),
     .lo = 64 << 10,
     .hi = 512 << 20,
     .dflt = 64 << 20,
     .help = "Bytes in one file of the log."},
    {.key = "max-size",
     .type = PRAC_CONF_SIZE,
     .offset = FIELD(max_bytes),
     .lo = 1 << 20,
     .hi = 1e15,
     .dflt = 4294967296.0,
     .help = "Bytes the log may hold for slow consumers; beyond it publishers wait."},
    {.key = "keep-free",
     .type = PRAC_CONF_SIZE,
     .offset = FIELD(keep_free),
     .lo = 0,
     .hi = 1e15,
     .dflt = 64 << 20,
     .help = "Bytes left free on the device; below it publishers wait, so that the store can still "
             "write."},
    {.key = "dedup",
     .type = PRAC_CONF_INT,
     .offset = FIELD(dedup),
     .lo = 1024,
     .hi = 1 << 24,
     .dflt = 1 << 18,
     .help = "Message ids remembered so that a repeat does no harm."},
    {.key = "damaged",
     .type = PRAC_CONF_ENUM,
     .offset = FIELD(damaged),
     .words = damaged_words,
     .dflt = 0,
     .help = "What to do at a damaged place in the log: stop, or skip (counted and logged)."},
};
const struct prac_conf_section bus_broker_section = {
    .path = "bus",
    .about = "The bus of one box: a log on disk between the roles.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct bus_broker_conf),
};

const struct prac_counter_def bus_broker_counter_defs[] = {
#define X(name, unit, help, kind) {#name, unit, help, kind},
    BUS_BROKER_COUNTERS(X)
#undef X
};
const size_t bus_broker_counter_count = BUS_N_COUNT_;

const _Atomic uint64_t *bus_broker_counters(const struct bus_broker *b)
{
  return b->n;
}

static prac_rc open_log(struct bus_broker *b, struct prac_err *reterr)
{
  struct bus_log_conf lc = {
      .dir = b->dir,
      .segment_bytes = b->conf.segment_bytes,
      .max_bytes = b->conf.max_bytes,
      .keep_free = b->conf.keep_free,
      .dedup = (size_t)b->conf.dedup,
      .acked = bus_places_highest(&b->places),
      .skip_damaged = b->conf.damaged == 1,
      /* Beyond what any earlier log on this box can have reached, at a million messages a second.
       */
      .first_seq = (uint64_t)(prac_now(b->o.clock) / PRAC_SEC) << 20,
  };
  PRAC_TRY(bus_log_open(&b->log, &lc, b->o.log, reterr));
  prac_count(&b->n[BUS_N_torn], b->log.torn_bytes);
  for (const char *const *e = b->o.expect; e && *e; e++) {
    struct bus_place *p;
    PRAC_TRY(bus_places_take(&b->places, *e, bus_log_first(&b->log) - 1, &p, reterr));
  }
  return bus_places_sync(&b->places, reterr);
}

prac_rc bus_broker_new(const struct bus_broker_conf *c, const struct bus_broker_open *o,
                       struct bus_broker **ret, struct prac_err *reterr)
{
  struct bus_broker *b = calloc(1, sizeof *b);
  if (!b) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for the broker");
  b->conf = *c;
  b->o = *o;
  b->listen_fd = o->listen_fd;
  b->log.fd = b->places.fd = -1;
  for (size_t i = 0; i < BUS_CLIENTS_MAX; i++) b->conns[i].fd = b->conns[i].cursor.fd = -1;
  prac_rc rc = PRAC_OK;
  if ((size_t)snprintf(b->dir, sizeof b->dir, "%s", o->dir) >= sizeof b->dir)
    rc = PRAC_FAIL(reterr, PRAC_RANGE, "directory name too long: %.64s...", o->dir);
  /* The log's directory is made here, before the first file in it. */
  if (rc == PRAC_OK) rc = sys_mkdirs(b->dir, 0750, reterr);
  if (rc == PRAC_OK) rc = bus_places_open(&b->places, b->dir, reterr);
  if (rc == PRAC_OK) rc = open_log(b, reterr);
  if (rc == PRAC_OK && b->listen_fd < 0) {
    rc = sys_unix_listen(o->socket, 0666, &b->listen_fd, reterr);
    b->own_listener = rc == PRAC_OK;
  }
  if (rc != PRAC_OK) {
    bus_broker_free(&b);
    return rc;
  }
  *ret = b;
  return PRAC_OK;
}

static void accept_all(struct bus_broker *b)
{
  for (;;) {
    int fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    size_t i = 0;
    while (i < BUS_CLIENTS_MAX && b->conns[i].fd >= 0) i++;
    if (i == BUS_CLIENTS_MAX) {
      prac_log(b->o.log, &ev_crowd, "more than %d clients; the newest was refused",
               BUS_CLIENTS_MAX);
      bus_conn_done(&(struct bus_conn){.fd = fd, .cursor = {.fd = -1}});
      continue;
    }
    bus_conn_init(&b->conns[i], fd);
    if (i >= b->n_conns) b->n_conns = i + 1;
  }
}

static uint64_t lowest_needed(struct bus_broker *b, const char **ret_client)
{
  /* A consumer that has dealt with all it was sent needs nothing before its cursor, even if none of
   * it was of its subjects. */
  for (size_t i = 0; i < b->n_conns; i++) {
    struct bus_conn *c = &b->conns[i];
    if (c->fd < 0 || !c->place || c->dead || c->place->acked < c->sent) continue;
    prac_rc rc = PRAC_OK; /* a failed write only means that old segments stay longer */
    if (c->cursor.next > c->place->acked + 1)
      rc = bus_places_ack(&b->places, c->place, c->cursor.next - 1, NULL);
    if (rc != PRAC_OK) break;
  }
  return bus_places_lowest(&b->places, ret_client);
}

static prac_rc house(struct bus_broker *b, struct prac_err *reterr)
{
  const char *slowest;
  uint64_t floor = lowest_needed(b, &slowest);
  (void)bus_log_release(&b->log, floor);
  PRAC_TRY(bus_log_look(&b->log, reterr));
  bool held = b->stuck;
  for (size_t i = 0; i < b->n_conns; i++) held |= b->conns[i].fd >= 0 && b->conns[i].held;
  if (held && !b->waiting) {
    prac_count(&b->n[BUS_N_held], 1);
    prac_log(b->o.log, &ev_wait,
             "publishers wait: the log holds %" PRId64 " bytes%s%s%s; nothing is lost",
             b->log.bytes, b->log.device_low ? " and the device is nearly full" : "",
             slowest ? "; furthest behind is " : "", slowest ? slowest : "");
  } else if (!held && b->waiting) {
    prac_log(b->o.log, &ev_go, "there is room again: publishers go on");
  }
  b->waiting = held;
  prac_gauge(&b->n[BUS_N_bytes], (uint64_t)b->log.bytes);
  uint64_t behind = floor < b->log.committed ? b->log.committed - floor : 0;
  prac_gauge(&b->n[BUS_N_waiting], behind);
  return bus_places_sync(&b->places, reterr);
}

static prac_rc commit(struct bus_broker *b, struct prac_err *reterr)
{
  if (b->log.n_stage == 0) return PRAC_OK;
  struct prac_err err = {0};
  prac_rc rc = bus_log_commit(&b->log, &err);
  if (rc == PRAC_FULL) {
    if (!b->stuck)
      prac_log(b->o.log, &ev_stuck, "%s; publishers wait, nothing acknowledged is lost", err.text);
    b->stuck = true;
    return PRAC_OK;
  }
  if (rc != PRAC_OK) return prac_err_set(reterr, rc, err.where, "%s", err.text);
  if (b->stuck) prac_log(b->o.log, &ev_unstuck, "the device takes data again");
  b->stuck = false;
  prac_count(&b->n[BUS_N_groups], 1);
  return PRAC_OK;
}

static void tell_publishers(struct bus_broker *b)
{
  if (b->log.n_stage) return;
  for (size_t i = 0; i < b->n_conns; i++) {
    struct bus_conn *c = &b->conns[i];
    if (c->fd < 0 || c->dead || c->pub_acked == c->pub_done) continue;
    c->pub_acked = c->pub_done;
    bus_conn_say(c, &(struct bus_frame){
                        .type = BUS_PUBACK, .n = c->pub_acked, .name = {"", 0}, .id = {"", 0}});
  }
}

static void serve(struct bus_broker *b)
{
  b->more = false;
  for (size_t i = 0; i < b->n_conns; i++) {
    struct bus_conn *c = &b->conns[i];
    if (c->fd < 0) continue;
    if (!c->dead) bus_conn_deliver(b, c);
    if (!c->dead) bus_conn_flush(c);
    if (c->dead)
      bus_conn_done(c);
    else if (c->more && c->out_at == c->out_have)
      b->more = true;
  }
  while (b->n_conns > 0 && b->conns[b->n_conns - 1].fd < 0) b->n_conns--;
}

/* Returns the number of descriptors; 0 is the listener. */
static nfds_t watch(const struct bus_broker *b, struct pollfd *p, size_t *which)
{
  nfds_t n = 0;
  p[n++] = (struct pollfd){.fd = b->listen_fd, .events = POLLIN};
  for (size_t i = 0; i < b->n_conns; i++) {
    const struct bus_conn *c = &b->conns[i];
    if (c->fd < 0) continue;
    short ev = c->held ? 0 : POLLIN;
    if (c->out_at < c->out_have) ev = (short)(ev | POLLOUT);
    which[n] = i;
    p[n++] = (struct pollfd){.fd = c->fd, .events = ev};
  }
  return n;
}

static bool frames_wait(const struct bus_broker *b)
{
  for (size_t i = 0; i < b->n_conns; i++) {
    const struct bus_conn *c = &b->conns[i];
    if (c->fd >= 0 && !c->held && c->in_have >= 4 && b->log.n_stage == 0) {
      struct bus_frame f;
      size_t used;
      if (bus_frame_read(c->in, c->in_have, &f, &used) != PRAC_AGAIN) return true;
    }
  }
  return false;
}

static int wait_ms(const struct bus_broker *b, int64_t timeout_ns)
{
  if (b->more || frames_wait(b)) return 0;
  int64_t most = b->next_house - sys_mono_ns();
  if ((b->stuck || b->waiting) && most > RETRY_NS) most = RETRY_NS;
  if (most < 0) most = 0;
  if (timeout_ns < most) most = timeout_ns;
  return (int)((most + PRAC_MS - 1) / PRAC_MS);
}

static void read_clients(struct bus_broker *b, const struct pollfd *p, const size_t *which,
                         nfds_t n)
{
  for (nfds_t i = 1; i < n; i++) {
    struct bus_conn *c = &b->conns[which[i]];
    if (p[i].revents & (POLLIN | POLLHUP | POLLERR)) {
      if (c->held && !(p[i].revents & POLLIN)) c->dead = true;
      if (!c->held) bus_conn_read(b, c);
    } else if (c->in_have >= 4) {
      bus_conn_parse(b, c);
    }
  }
}

prac_rc bus_broker_step(struct bus_broker *b, int64_t timeout_ns, struct prac_err *reterr)
{
  struct pollfd p[BUS_CLIENTS_MAX + 1];
  size_t which[BUS_CLIENTS_MAX + 1];
  nfds_t n = watch(b, p, which);
  int ready = poll(p, n, wait_ms(b, timeout_ns));
  if (ready < 0 && errno != EINTR) return PRAC_FAIL(reterr, PRAC_IO, "poll: errno %d", errno);
  if (ready < 0) return PRAC_OK;
  read_clients(b, p, which, n);
  if (p[0].revents & POLLIN) accept_all(b);
  PRAC_TRY(commit(b, reterr));
  tell_publishers(b);
  serve(b);
  int64_t now = sys_mono_ns();
  bool pressed = b->waiting || b->stuck;
  if (now >= b->next_house || pressed) {
    b->next_house = now + HOUSE_NS;
    PRAC_TRY(house(b, reterr));
  }
  return PRAC_OK;
}

void bus_broker_free(struct bus_broker **bp)
{
  struct bus_broker *b = bp ? *bp : NULL;
  if (!b) return;
  if (b->log.fd >= 0 && commit(b, NULL) == PRAC_OK && b->log.n_stage == 0) {
    tell_publishers(b);
    for (size_t i = 0; i < b->n_conns; i++)
      if (b->conns[i].fd >= 0) bus_conn_flush(&b->conns[i]);
    b->stuck = bus_places_sync(&b->places, NULL) != PRAC_OK;
  }
  for (size_t i = 0; i < BUS_CLIENTS_MAX; i++) bus_conn_done(&b->conns[i]);
  bus_log_close(&b->log);
  bus_places_close(&b->places);
  if (b->own_listener) bus_conn_done(&(struct bus_conn){.fd = b->listen_fd, .cursor = {.fd = -1}});
  free(b);
  *bp = NULL;
}
