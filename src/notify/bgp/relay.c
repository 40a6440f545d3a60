/* Started by ExaBGP, so that no role of ours ever executes anything. One loop over two pipes and
 * one socket. */
#include "notify/relay.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/time.h"
#include "notify/bgp/line.h"
#include "sys/durable.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

enum { FLIGHT = 256, GUARDED = 1024, PEERS = 64, CONNECT_MS = 200, TURN_MS = 1000 };

struct guard { /* a route that ExaBGP has from us */
  bool used;
  int64_t end; /* monotonic */
  uint16_t n;
  char body[BGP_LINE];
};
struct peer {
  struct prac_ip ip;
  bool up;
};
struct relay {
  const struct bgp_relay_env *env;
  int sock; /* -1: away */
  int64_t next_connect;
  uint64_t flight[FLIGHT]; /* numbers of commands that ExaBGP has not answered; 0: nobody asks */
  size_t first, n_flight;
  struct bgp_lines from_notifier, from_exabgp;
  struct guard guards[GUARDED];
  bool was_away;
  struct peer peers[PEERS]; /* those that ExaBGP has spoken of; more are not counted */
  size_t n_peers;
};

static void say(const struct relay *r, const char *sentence)
{
  if (r->env->say) r->env->say(sentence);
}

static void leave(struct relay *r)
{
  if (r->sock < 0) return;
  (void)close(r->sock);
  r->sock = -1;
  r->next_connect = sys_mono_ns() + CONNECT_MS * PRAC_MS;
  r->from_notifier.n = 0;
  r->from_notifier.skipping = false;
  /* whoever connects next has not asked for these */
  for (size_t i = 0; i < FLIGHT; i++) r->flight[i] = 0;
  say(r, "the notifier is away; waiting for it");
}

static void answer(struct relay *r, uint64_t seq, const char *what)
{
  char line[64];
  if (seq == 0 || r->sock < 0) return;
  int n = snprintf(line, sizeof line, "%" PRIu64 " %s\n", seq, what);
  if (n > 0 && sys_write_all(r->sock, line, (size_t)n, -1, "the notifier", NULL) != PRAC_OK)
    leave(r);
}

static void tell_peers(struct relay *r)
{
  char line[64];
  size_t up = 0;
  if (r->sock < 0 || r->n_peers == 0) return;
  for (size_t i = 0; i < r->n_peers; i++) up += r->peers[i].up;
  int n = snprintf(line, sizeof line, "peers %zu %zu\n", up, r->n_peers);
  if (n > 0 && sys_write_all(r->sock, line, (size_t)n, -1, "the notifier", NULL) != PRAC_OK)
    leave(r);
}

static void enter(struct relay *r)
{
  static const char hello[] = "relay 1\n";
  if (r->sock >= 0 || sys_mono_ns() < r->next_connect) return;
  r->next_connect = sys_mono_ns() + CONNECT_MS * PRAC_MS;
  if (sys_unix_connect(r->env->socket, &r->sock, NULL) != PRAC_OK) {
    r->sock = -1;
    if (!r->was_away) say(r, "nobody listens at the socket yet; waiting");
    r->was_away = true;
    return;
  }
  r->was_away = false;
  if (sys_write_all(r->sock, hello, sizeof hello - 1, -1, "the notifier", NULL) != PRAC_OK)
    leave(r);
  else
    say(r, "connected to the notifier");
  tell_peers(r);
}

static struct guard *guard_find(struct relay *r, const char *body, size_t n)
{
  for (size_t i = 0; i < GUARDED; i++) {
    struct guard *g = &r->guards[i];
    if (g->used && g->n == n && memcmp(g->body, body, n) == 0) return g;
  }
  return NULL;
}

static prac_rc command(struct relay *r, uint64_t seq, const char *verb, const char *body, size_t n,
                       struct prac_err *reterr)
{
  char line[BGP_LINE + 16];
  int k = snprintf(line, sizeof line, "%s %.*s\n", verb, (int)n, body);
  if (k < 0 || (size_t)k >= sizeof line) return PRAC_OK;
  if (r->n_flight == FLIGHT) { /* it does not answer: exabgp.api.ack is off */
    r->first = (r->first + 1) % FLIGHT;
    r->n_flight--;
  }
  r->flight[(r->first + r->n_flight++) % FLIGHT] = seq;
  return sys_write_all(r->env->out, line, (size_t)k, -1, "ExaBGP", reterr);
}

static prac_rc announce(struct relay *r, const struct bgp_order_line *o, struct prac_err *reterr)
{
  struct guard *g = guard_find(r, o->body, o->n);
  for (size_t i = 0; i < GUARDED && !g; i++)
    if (!r->guards[i].used) g = &r->guards[i];
  if (!g) {
    answer(r, o->seq, "error"); /* what cannot be guarded is not announced */
    return PRAC_OK;
  }
  g->used = true;
  g->end = sys_mono_ns() + (int64_t)o->ttl_s * PRAC_SEC;
  g->n = (uint16_t)o->n;
  memcpy(g->body, o->body, o->n);
  return command(r, o->seq, "announce", o->body, o->n, reterr);
}

static prac_rc obey(struct relay *r, const char *s, size_t n, struct prac_err *reterr)
{
  struct bgp_order_line o;
  if (bgp_order_read(s, n, &o) != PRAC_OK) {
    say(r, "the notifier said what is no route: not passed on");
    return PRAC_OK;
  }
  if (o.verb == BGP_VERB_ANNOUNCE) return announce(r, &o, reterr);
  struct guard *g = guard_find(r, o.body, o.n);
  if (o.verb == BGP_VERB_RENEW) {
    if (g) g->end = sys_mono_ns() + (int64_t)o.ttl_s * PRAC_SEC;
    answer(r, o.seq, g ? "done" : "unknown");
    return PRAC_OK;
  }
  if (g) g->used = false;
  return command(r, o.seq, "withdraw", o.body, o.n, reterr);
}

static prac_rc expire(struct relay *r, struct prac_err *reterr)
{
  int64_t now = sys_mono_ns();
  for (size_t i = 0; i < GUARDED; i++) {
    struct guard *g = &r->guards[i];
    if (!g->used || g->end > now) continue;
    g->used = false;
    say(r, "a route was not renewed in time: withdrawn");
    PRAC_TRY(command(r, 0, "withdraw", g->body, g->n, reterr));
  }
  return PRAC_OK;
}

static void peer_is(struct relay *r, const struct prac_ip *ip, bool up)
{
  size_t i = 0;
  while (i < r->n_peers && !prac_ip_eq(&r->peers[i].ip, ip)) i++;
  if (i == PEERS) return;
  if (i == r->n_peers) r->peers[r->n_peers++].ip = *ip;
  r->peers[i].up = up;
  tell_peers(r);
}

static void hear(struct relay *r, const char *s, size_t n)
{
  struct prac_ip peer;
  enum bgp_event_kind e = bgp_event_read(s, n, &peer);
  if (e == BGP_EVENT_UP || e == BGP_EVENT_DOWN) peer_is(r, &peer, e == BGP_EVENT_UP);
  if ((e != BGP_EVENT_DONE && e != BGP_EVENT_ERROR) || r->n_flight == 0) return;
  uint64_t seq = r->flight[r->first];
  r->first = (r->first + 1) % FLIGHT;
  r->n_flight--;
  answer(r, seq, e == BGP_EVENT_DONE ? "done" : "error");
}

static prac_rc read_notifier(struct relay *r, struct prac_err *reterr)
{
  char buf[4096];
  ssize_t k = read(r->sock, buf, sizeof buf);
  if (k < 0 && (errno == EAGAIN || errno == EINTR)) return PRAC_OK;
  if (k <= 0) {
    leave(r);
    return PRAC_OK;
  }
  for (size_t at = 0, used; at < (size_t)k; at += used)
    if (bgp_lines_feed(&r->from_notifier, buf + at, (size_t)k - at, &used)) {
      size_t n = r->from_notifier.n;
      r->from_notifier.n = 0;
      PRAC_TRY(obey(r, r->from_notifier.buf, n, reterr));
    }
  return PRAC_OK;
}

static prac_rc read_exabgp(struct relay *r)
{
  char buf[4096];
  ssize_t k = read(r->env->in, buf, sizeof buf);
  if (k < 0 && (errno == EAGAIN || errno == EINTR)) return PRAC_OK;
  if (k <= 0) return PRAC_END;
  for (size_t at = 0, used; at < (size_t)k; at += used)
    if (bgp_lines_feed(&r->from_exabgp, buf + at, (size_t)k - at, &used)) {
      hear(r, r->from_exabgp.buf, r->from_exabgp.n);
      r->from_exabgp.n = 0;
    }
  return PRAC_OK;
}

static prac_rc turn(struct relay *r, struct prac_err *reterr)
{
  enter(r);
  struct pollfd p[2] = {{.fd = r->env->in, .events = POLLIN}, {.fd = r->sock, .events = POLLIN}};
  int k = poll(p, 2, r->sock < 0 ? CONNECT_MS : TURN_MS);
  if (k < 0 && errno != EINTR) return sys_errno_rc(errno, reterr, "wait for", "ExaBGP");
  if (k > 0 && p[0].revents) PRAC_TRY(read_exabgp(r));
  if (k > 0 && p[1].revents && r->sock >= 0) PRAC_TRY(read_notifier(r, reterr));
  return expire(r, reterr);
}

prac_rc bgp_relay_run(const struct bgp_relay_env *env, struct prac_err *reterr)
{
  struct relay *r = calloc(1, sizeof *r);
  if (!r) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the relay");
  r->env = env;
  r->sock = -1;
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && !env->stop()) rc = turn(r, reterr);
  if (r->sock >= 0) (void)close(r->sock);
  free(r);
  return rc == PRAC_END ? PRAC_OK : rc;
}
