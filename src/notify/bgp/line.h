/* notify/bgp/line.h — the lines between the notifier, `practice exabgp` and `practice mitigate`.
 *
 * to the relay      SEQ TTL announce|withdraw|renew BODY
 *                   BODY: "route ..." or "flow route ..."
 * from the relay    relay 1             hello: everything is to be told anew
 *                   SEQ done|error|unknown
 *                   peers UP KNOWN      sessions with routers, where ExaBGP tells them
 * from mitigate     list | approve ID | withdraw ID
 * from ExaBGP       done | error | neighbor ADDRESS up|down ...; the rest is not for us
 *
 * limits    BGP_LINE bytes a line; printable ASCII without quotes; numbers are decimal
 * trust     the relay passes on only what begins as above and is made of the few characters that
 *           routes need: also a notifier that was taken over can say nothing else to ExaBGP
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/ip.h"
#include "base/rc.h"

enum { BGP_LINE = 1200 };

enum bgp_line_kind {
  BGP_LINE_HELLO,
  BGP_LINE_DONE,
  BGP_LINE_ERROR,
  BGP_LINE_UNKNOWN,
  BGP_LINE_PEERS,
  BGP_LINE_LIST,
  BGP_LINE_APPROVE,
  BGP_LINE_WITHDRAW
};
struct bgp_line {
  enum bgp_line_kind kind;
  uint64_t n; /* SEQ, ID, or UP */
  uint64_t m; /* KNOWN */
};
PRAC_NODISCARD prac_rc bgp_line_read(const char *s, size_t n, struct bgp_line *ret);

enum bgp_verb { BGP_VERB_ANNOUNCE, BGP_VERB_WITHDRAW, BGP_VERB_RENEW };
struct bgp_order_line {
  uint64_t seq;
  uint32_t ttl_s;
  enum bgp_verb verb;
  const char *body; /* borrowed, n bytes */
  size_t n;
};
PRAC_NODISCARD prac_rc bgp_order_read(const char *s, size_t n, struct bgp_order_line *ret);

enum bgp_event_kind {
  BGP_EVENT_NOTHING,
  BGP_EVENT_DONE,
  BGP_EVENT_ERROR,
  BGP_EVENT_UP,
  BGP_EVENT_DOWN
};
/* What ExaBGP says (text encoder). *ret_peer is written for UP and DOWN. */
enum bgp_event_kind bgp_event_read(const char *s, size_t n, struct prac_ip *ret_peer);

/* Bytes into lines: a line that is too long is dropped whole, and counted. */
struct bgp_lines {
  char buf[BGP_LINE];
  size_t n;
  bool skipping;
  uint64_t too_long;
};
/* Takes what it can of data; *used says how much; true: a line (without its newline) is in
 * l->buf, l->n, to be read before the next call. */
bool bgp_lines_feed(struct bgp_lines *l, const char *data, size_t n, size_t *used);
