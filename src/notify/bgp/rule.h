/* notify/bgp/rule.h — one rule for routers, as numbers, and as the text ExaBGP understands.
 *
 * source   RFC 7999 (BLACKHOLE 65535:666), RFC 8955 and 8956 (Flowspec); the text form is ExaBGP
 *          4's API (`announce route`, `announce flow route`)
 * text     is made from numbers and addresses only: nothing that anybody sent is ever in it
 * fails    PRAC_MALFORMED: a community that is none; PRAC_NOSPACE: the text does not fit
 */
#pragma once
#include <stdbool.h>

#include "base/conf.h"
#include "base/ip.h"

enum bgp_kind {
  BGP_RTBH,     /* all traffic to dst is thrown away */
  BGP_FLOW,     /* UDP to dst from source port `port`, longer than `longer` bytes */
  BGP_FRAGMENT, /* UDP fragments to dst: the later pieces of large replies carry no port */
  BGP_KIND_COUNT_
};
struct bgp_rule {
  enum bgp_kind kind;
  struct prac_prefix dst;
  uint16_t port;   /* FLOW */
  uint16_t longer; /* FLOW: IP packet length above this; 0: any length */
  uint64_t rate;   /* FLOW, FRAGMENT: bytes/s let through; 0: discard */
};
const char *bgp_kind_name(enum bgp_kind k); /* "rtbh", "flowspec", "fragments" */
bool bgp_rule_eq(const struct bgp_rule *a, const struct bgp_rule *b); /* same match: same NLRI */

enum { BGP_COMMUNITIES_MAX = 16, BGP_TEXT = 1024 };
struct bgp_community { /* "64500:666", or large (RFC 8092) "64500:1:666" */
  uint32_t v[3];
  bool large;
};
struct bgp_route { /* what an RTBH announcement carries besides its prefix */
  struct prac_ip hop4, hop6;
  struct bgp_community v[BGP_COMMUNITIES_MAX];
  size_t n;
};
PRAC_NODISCARD prac_rc bgp_community_parse(const char *s, size_t n, struct bgp_community *ret);
/* "announce ..." or "withdraw ...", without a newline. route: RTBH only. */
PRAC_NODISCARD prac_rc bgp_rule_text(const struct bgp_rule *r, const struct bgp_route *route,
                                     bool announce, char out[BGP_TEXT]);
/* For people: "UDP from port 123 to 203.0.113.9/32, longer than 200 bytes: discard" */
const char *bgp_rule_words(const struct bgp_rule *r, char out[BGP_TEXT]);
