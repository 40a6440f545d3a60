/* notify/bgp/line.h — the lines between the notifier, `practice exabgp` and `practice mitigate`.
 *
 *   notifier -> relay    SEQ TTL announce|withdraw|renew BODY    BODY: "route ...", "flow route
 * ..." relay -> notifier    relay 1          hello: everything is to be told anew SEQ
 * done|error|unknown mitigate -> notifier list | approve ID | withdraw ID
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
#include "base/rc.h"

enum { BGP_LINE = 1200 };

enum bgp_line_kind {
  BGP_LINE_HELLO,
  BGP_LINE_DONE,
  BGP_LINE_ERROR,
  BGP_LINE_UNKNOWN,
  BGP_LINE_LIST,
  BGP_LINE_APPROVE,
  BGP_LINE_WITHDRAW
};
struct bgp_line {
  enum bgp_line_kind kind;
  uint64_t n; /* SEQ or ID */
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
