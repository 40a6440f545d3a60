/* One client's bytes. Whatever it sends, the worst it can reach is the end of its own connection:
 * its name, subjects and numbers are checked against its rule before the log sees them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/local/broker_priv.h"
#include "sys/unixsock.h"

enum {
  READ_CHUNK = 256 << 10,
  READ_TURN = 8,
  OUT_ENOUGH = 512 << 10,
  FRESH_MAX = 256,        /* bytes a client without a name may send */
  STAGE_ENOUGH = 8 << 20, /* then a group is written before more is read */
  DELIVER_TURN = 128
};
static const struct prac_log_event denied = {"bus_denied", PRAC_LOG_WARN,
                                             "check who this is and what it should be allowed"};
static const struct prac_log_event broken = {
    "bus_client_broken", PRAC_LOG_WARN,
    "run roles of one version only; if they are, report this as a mistake of the program"};
static const struct prac_log_event damage = {
    "bus_damaged", PRAC_LOG_ERROR,
    "restore the segment, or set bus.damaged: skip to go on behind it"};
static const struct prac_log_event skipped = {"bus_damage_passed", PRAC_LOG_ERROR,
                                              "check the disk"};

void bus_conn_init(struct bus_conn *c, int fd)
{
  *c = (struct bus_conn){.fd = fd};
  bus_cursor_init(&c->cursor, 0);
}

void bus_conn_done(struct bus_conn *c)
{
  if (c->fd >= 0) (void)close(c->fd);
  free(c->in);
  free(c->out);
  bus_cursor_done(&c->cursor);
  *c = (struct bus_conn){.fd = -1};
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

void bus_conn_flush(struct bus_conn *c)
{
  while (!c->dead && c->out_at < c->out_have) {
    ssize_t n = send(c->fd, c->out + c->out_at, c->out_have - c->out_at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      c->dead = true;
      return;
    }
    c->out_at += (size_t)n;
  }
  c->out_at = c->out_have = 0;
  if (c->out_cap > (size_t)4 * OUT_ENOUGH) { /* one large message must not keep its memory */
    free(c->out);
    c->out = NULL;
    c->out_cap = 0;
  }
}

void bus_conn_say(struct bus_conn *c, const struct bus_frame *f)
{
  size_t size = bus_frame_size(f);
  if (!grow(&c->out, &c->out_cap, c->out_have + size)) {
    c->dead = true;
    return;
  }
  struct prac_wr w = prac_wr_of(c->out + c->out_have, size);
  if (bus_frame_write(f, &w) != PRAC_OK)
    c->dead = true;
  else
    c->out_have += prac_wr_len(&w);
}

enum { REASON_MAX = 480 }; /* bytes of a refusal that the other side is told */

void bus_conn_refuse(struct bus_conn *c, prac_rc rc, const char *text)
{
  size_t n = strlen(text);
  struct bus_frame f = {.type = BUS_FAIL, .rc = (uint8_t) - (int)rc, .id = {"", 0}};
  f.name = (struct bus_text){text, n < REASON_MAX ? n : REASON_MAX};
  bus_conn_say(c, &f);
  bus_conn_flush(c);
  c->dead = true;
}

void bus_conn_deny(struct bus_broker *b, struct bus_conn *c, const char *what, struct bus_text t)
{
  char text[256];
  (void)snprintf(text, sizeof text, "client %s may not %s \"%.*s\"", c->name, what,
                 t.n > 127 ? 127 : (int)t.n, t.s);
  prac_count(&b->n[BUS_N_denied], 1);
  prac_log(b->o.log, &denied, "%s", text);
  bus_conn_refuse(c, PRAC_DENIED, text);
}

/* "flow.%" for sensor.tokyo is "flow.tokyo"; a rule that ends in a dot stands for all below. */
static bool subject_allowed(const char *rule, const char *client, struct bus_text s)
{
  char want[BUS_SUBJECT_MAX + BUS_CLIENT_MAX + 2];
  const char *dot = strchr(client, '.'), *pct = strchr(rule, '%');
  if (pct)
    (void)snprintf(want, sizeof want, "%.*s%s", (int)(pct - rule), rule, dot ? dot + 1 : client);
  else
    (void)snprintf(want, sizeof want, "%s", rule);
  size_t n = strlen(want);
  if (n > 0 && want[n - 1] != '.') return s.n == n && memcmp(s.s, want, n) == 0;
  return s.n > n && memcmp(s.s, want, n) == 0;
}

static bool may_publish(const struct bus_conn *c, struct bus_text subject)
{
  for (const char *const *p = c->rule->pub; p && *p; p++)
    if (subject_allowed(*p, c->name, subject)) return true;
  return false;
}

static bool may_subscribe(const struct bus_conn *c, struct bus_text prefix)
{
  for (const char *const *p = c->rule->sub; p && *p; p++) {
    size_t n = strlen(*p);
    if (n <= prefix.n && memcmp(prefix.s, *p, n) == 0) return true;
  }
  return false;
}

static const struct bus_rule *rule_for(const struct bus_broker *b, const char *name)
{
  for (size_t i = 0; i < b->o.n_rules; i++) {
    const char *r = b->o.rules[i].client;
    size_t n = strlen(r);
    bool all_below = n > 0 && r[n - 1] == '.';
    if (all_below ? strncmp(name, r, n) == 0 && name[n] : strcmp(name, r) == 0)
      return &b->o.rules[i];
  }
  return NULL;
}

static void on_hello(struct bus_broker *b, struct bus_conn *c, const struct bus_frame *f)
{
  (void)snprintf(c->name, sizeof c->name, "%.*s", (int)f->name.n, f->name.s);
  c->rule = rule_for(b, c->name);
  int64_t uid = sys_unix_peer_uid(c->fd);
  bool uid_ok = c->rule && (c->rule->uid == BUS_ANY_UID || uid == c->rule->uid || uid == 0 ||
                            uid == (int64_t)geteuid());
  if (!uid_ok) {
    bus_conn_deny(b, c, c->rule ? "connect under this uid as" : "connect as", f->name);
    return;
  }
  c->ready = true;
  bus_conn_say(c, &(struct bus_frame){.type = BUS_WELCOME, .name = {"", 0}, .id = {"", 0}});
}

/* False: no room now, the frame must stay where it is. */
static bool on_pub(struct bus_broker *b, struct bus_conn *c, const struct bus_frame *f)
{
  if (f->n <= c->pub_done) {
    prac_count(&b->n[BUS_N_broken], 1);
    bus_conn_refuse(c, PRAC_MALFORMED, "publish numbers must rise");
    return true;
  }
  if (!may_publish(c, f->name)) {
    bus_conn_deny(b, c, "publish", f->name);
    return true;
  }
  struct bus_entry e = {.subject = f->name, .id = f->id, .data = f->data, .len = f->len};
  struct prac_err err = {0};
  prac_rc rc = b->stuck ? PRAC_FULL : bus_log_append(&b->log, &e, c->rule->derived, &err);
  if (rc == PRAC_FULL || rc == PRAC_NOMEM || rc == PRAC_IO) return false;
  prac_count(&b->n[rc == PRAC_EXISTS ? BUS_N_repeats : BUS_N_published], 1);
  c->pub_done = f->n;
  return true;
}

static void take_over(struct bus_broker *b, const struct bus_conn *c)
{
  for (size_t i = 0; i < b->n_conns; i++) {
    struct bus_conn *o = &b->conns[i];
    if (o != c && o->fd >= 0 && o->place && o->place == c->place) o->dead = true, o->place = NULL;
  }
}

static void on_sub(struct bus_broker *b, struct bus_conn *c, const struct bus_frame *f)
{
  for (size_t i = 0; i < f->n_prefixes; i++)
    if (!may_subscribe(c, f->prefixes[i])) {
      bus_conn_deny(b, c, "subscribe to", f->prefixes[i]);
      return;
    }
  c->filter.n = f->n_prefixes;
  for (size_t i = 0; i < f->n_prefixes; i++)
    (void)snprintf(c->filter.prefix[i], sizeof c->filter.prefix[i], "%.*s", (int)f->prefixes[i].n,
                   f->prefixes[i].s);
  uint64_t from = f->n <= b->log.committed ? f->n : b->log.committed;
  if (f->durable) {
    struct prac_err err = {0};
    uint64_t before = bus_log_first(&b->log) - 1;
    prac_rc rc = bus_places_take(&b->places, c->name, before, &c->place, &err);
    if (rc != PRAC_OK) {
      bus_conn_refuse(c, rc, err.text);
      return;
    }
    take_over(b, c);
    if (c->place->acked > from) from = c->place->acked;
  } else if (f->n == 0) {
    from = b->log.committed;
  }
  bus_cursor_done(&c->cursor);
  bus_cursor_init(&c->cursor, from + 1);
  c->sent = from;
  c->subscribed = true;
  uint64_t acked = c->place ? c->place->acked : from;
  bus_conn_say(c,
               &(struct bus_frame){.type = BUS_SUBOK, .n = acked, .name = {"", 0}, .id = {"", 0}});
}

static void on_ack(struct bus_broker *b, struct bus_conn *c, uint64_t seq)
{
  if (!c->subscribed || seq > c->sent) {
    prac_count(&b->n[BUS_N_broken], 1);
    bus_conn_refuse(c, PRAC_MALFORMED, "acknowledged what was never sent");
    return;
  }
  struct prac_err err = {0};
  if (c->place && bus_places_ack(&b->places, c->place, seq, &err) != PRAC_OK)
    prac_log(b->o.log, &damage, "place of %s not kept: %s", c->name, err.text);
  else
    bus_conn_say(c,
                 &(struct bus_frame){.type = BUS_SUBOK, .n = seq, .name = {"", 0}, .id = {"", 0}});
}

static void on_credit(struct bus_conn *c, const struct bus_frame *f)
{
  uint64_t most = 1u << 30;
  c->credit_msgs = f->n > most || c->credit_msgs + f->n > most ? most : c->credit_msgs + f->n;
  int64_t bytes = f->bytes > most ? (int64_t)most : (int64_t)f->bytes;
  c->credit_bytes =
      c->credit_bytes + bytes > (int64_t)most ? (int64_t)most : c->credit_bytes + bytes;
}

/* False: the frame waits. */
static bool on_frame(struct bus_broker *b, struct bus_conn *c, const struct bus_frame *f)
{
  bool hello = f->type == BUS_HELLO;
  if (hello == c->ready || f->type > BUS_FORGET || (f->type == BUS_SUB && c->subscribed)) {
    prac_count(&b->n[BUS_N_broken], 1);
    bus_conn_refuse(c, PRAC_MALFORMED, "message out of order");
    return true;
  }
  if (hello) on_hello(b, c, f);
  if (f->type == BUS_SUB) on_sub(b, c, f);
  if (f->type == BUS_ACK) on_ack(b, c, f->n);
  if (f->type == BUS_CREDIT) on_credit(c, f);
  if (f->type == BUS_FORGET) bus_conn_forget(b, c, f->name);
  return f->type != BUS_PUB || on_pub(b, c, f);
}

void bus_conn_parse(struct bus_broker *b, struct bus_conn *c)
{
  size_t at = 0;
  c->held = false;
  while (!c->dead && !c->held && b->log.n_stage < STAGE_ENOUGH) {
    struct bus_frame f;
    size_t used;
    prac_rc rc = bus_frame_read(c->in + at, c->in_have - at, &f, &used);
    if (rc == PRAC_AGAIN && (c->ready || used <= FRESH_MAX)) break;
    if (rc != PRAC_OK) {
      prac_count(&b->n[BUS_N_broken], 1);
      prac_log(b->o.log, &broken, "client %s sent what is no message; dropped",
               c->ready ? c->name : "without a name");
      c->dead = true;
      break;
    }
    if (on_frame(b, c, &f))
      at += used;
    else
      c->held = true;
  }
  if (at) memmove(c->in, c->in + at, c->in_have - at);
  c->in_have -= at;
  if (c->in_have == 0 && c->in_cap > (size_t)4 * READ_CHUNK) {
    free(c->in);
    c->in = NULL;
    c->in_cap = 0;
  }
}

/* False: nothing more to read now. */
static bool read_some(struct bus_broker *b, struct bus_conn *c)
{
  size_t room = c->ready ? READ_CHUNK : FRESH_MAX;
  if (c->in_have > (size_t)BUS_FRAME_MAX + READ_CHUNK) return false;
  if (!grow(&c->in, &c->in_cap, c->in_have + room)) {
    c->dead = true;
    return false;
  }
  ssize_t n = recv(c->fd, c->in + c->in_have, c->in_cap - c->in_have, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n <= 0) {
    c->dead = true;
    return false;
  }
  c->in_have += (size_t)n;
  bus_conn_parse(b, c);
  return true;
}

void bus_conn_read(struct bus_broker *b, struct bus_conn *c)
{
  for (int i = 0; i < READ_TURN; i++)
    if (!read_some(b, c) || c->dead || c->held || b->log.n_stage >= STAGE_ENOUGH) return;
}

static bool cursor_failed(struct bus_broker *b, struct bus_conn *c, prac_rc rc,
                          const struct prac_err *err)
{
  if (rc == PRAC_DAMAGED && b->conf.damaged == 1) {
    uint64_t lost = bus_cursor_skip(&c->cursor, &b->log);
    prac_count(&b->n[BUS_N_lost], lost);
    prac_log(b->o.log, &skipped, "%s; %s goes on %" PRIu64 " messages later", err->text, c->name,
             lost);
    return false;
  }
  prac_log(b->o.log, &damage, "%s cannot be served: %s", c->name, err->text);
  bus_conn_refuse(c, rc, err->text);
  return true;
}

void bus_conn_deliver(struct bus_broker *b, struct bus_conn *c)
{
  c->more = false;
  if (!c->subscribed) return;
  for (int i = 0; i < DELIVER_TURN && !c->dead; i++) {
    if (c->credit_msgs == 0 || c->credit_bytes <= 0 || c->out_have - c->out_at > OUT_ENOUGH) return;
    struct bus_entry e;
    struct prac_err err = {0};
    prac_rc rc = bus_cursor_next(&c->cursor, &b->log, &c->filter, &e, &err);
    if (rc == PRAC_AGAIN) {
      c->more = c->cursor.next <= b->log.committed;
      return;
    }
    if (rc != PRAC_OK) {
      if (cursor_failed(b, c, rc, &err)) return;
      continue;
    }
    struct bus_frame f = {.type = BUS_MSG,
                          .n = e.seq,
                          .name = e.subject,
                          .id = {"", 0},
                          .data = e.data,
                          .len = e.len};
    bus_conn_say(c, &f);
    c->sent = e.seq;
    c->credit_msgs--;
    c->credit_bytes -= (int64_t)(e.len + 64);
    prac_count(&b->n[BUS_N_delivered], 1);
  }
  c->more = true;
}
