/* The only place where text for routers is made. A withdrawal repeats the announcement word for
 * word: ExaBGP finds the route by what it matches, and nobody has to keep two forms equal. */
#include "notify/bgp/rule.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *bgp_kind_name(enum bgp_kind k)
{
  static const char *const names[] = {"rtbh", "flowspec", "fragments"};
  return k < BGP_KIND_COUNT_ ? names[k] : "?";
}

bool bgp_rule_eq(const struct bgp_rule *a, const struct bgp_rule *b)
{
  return a->kind == b->kind && a->dst.bits == b->dst.bits && prac_ip_eq(&a->dst.ip, &b->dst.ip) &&
         a->port == b->port && a->longer == b->longer;
}

static bool number(const char **p, const char *end, uint32_t *ret)
{
  uint64_t v = 0;
  const char *s = *p;
  for (; s < end && *s >= '0' && *s <= '9' && s - *p < 11; s++) v = v * 10 + (uint64_t)(*s - '0');
  if (s == *p || v > UINT32_MAX) return false;
  *p = s;
  *ret = (uint32_t)v;
  return true;
}

prac_rc bgp_community_parse(const char *s, size_t n, struct bgp_community *ret)
{
  struct bgp_community c = {.large = false};
  const char *end = s + n;
  for (size_t i = 0; i < 3; i++) {
    if (!number(&s, end, &c.v[i])) return PRAC_MALFORMED;
    if (s == end && i > 0) {
      c.large = i == 2;
      if (!c.large && (c.v[0] > UINT16_MAX || c.v[1] > UINT16_MAX)) return PRAC_MALFORMED;
      *ret = c;
      return PRAC_OK;
    }
    if (s == end || *s++ != ':') return PRAC_MALFORMED;
  }
  return PRAC_MALFORMED;
}

struct text {
  char *p;
  size_t n;
  bool bad;
};
static void add(struct text *t, const char *fmt, ...) PRAC_PRINTF(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
  va_list ap;
  if (t->bad) return;
  va_start(ap, fmt);
  int k = vsnprintf(t->p + t->n, BGP_TEXT - t->n, fmt, ap);
  va_end(ap);
  if (k < 0 || (size_t)k >= BGP_TEXT - t->n)
    t->bad = true;
  else
    t->n += (size_t)k;
}

static void add_communities(struct text *t, const struct bgp_route *r, bool large)
{
  size_t k = 0;
  for (size_t i = 0; i < r->n; i++) {
    const struct bgp_community *c = &r->v[i];
    if (c->large != large) continue;
    if (k++ == 0) add(t, large ? " large-community [" : " community [");
    add(t, large ? " %" PRIu32 ":%" PRIu32 ":%" PRIu32 : " %" PRIu32 ":%" PRIu32, c->v[0], c->v[1],
        c->v[2]);
  }
  if (k) add(t, " ]");
}

static void add_route(struct text *t, const struct bgp_route *route, const char *dst, bool is4)
{
  char hop[PRAC_IP_TEXT];
  add(t, " route %s next-hop %s", dst, prac_ip_text(hop, is4 ? &route->hop4 : &route->hop6));
  add_communities(t, route, false);
  add_communities(t, route, true);
}

static void add_flow(struct text *t, const struct bgp_rule *r, const char *dst, bool is4)
{
  add(t, " flow route { match { destination %s; %s udp;", dst, is4 ? "protocol" : "next-header");
  if (r->kind == BGP_FRAGMENT)
    add(t, " fragment is-fragment;");
  else
    add(t, " source-port =%u;", r->port);
  if (r->longer) add(t, " packet-length >%u;", r->longer);
  if (r->rate)
    add(t, " } then { rate-limit %" PRIu64 "; } }", r->rate);
  else
    add(t, " } then { discard; } }");
}

prac_rc bgp_rule_text(const struct bgp_rule *r, const struct bgp_route *route, bool announce,
                      char out[BGP_TEXT])
{
  char dst[PRAC_IP_TEXT];
  bool is4 = prac_ip_is4(&r->dst.ip);
  struct text t = {.p = out};
  out[0] = 0;
  prac_prefix_text(dst, &r->dst);
  add(&t, announce ? "announce" : "withdraw");
  if (r->kind == BGP_RTBH)
    add_route(&t, route, dst, is4);
  else
    add_flow(&t, r, dst, is4);
  return t.bad ? PRAC_NOSPACE : PRAC_OK;
}

const char *bgp_rule_words(const struct bgp_rule *r, char out[BGP_TEXT])
{
  char dst[PRAC_IP_TEXT];
  struct text t = {.p = out};
  out[0] = 0;
  prac_prefix_text(dst, &r->dst);
  if (r->kind == BGP_RTBH) {
    add(&t, "all traffic to %s: discard", dst);
    return out;
  }
  if (r->kind == BGP_FRAGMENT)
    add(&t, "UDP fragments to %s", dst);
  else
    add(&t, "UDP from port %u to %s", r->port, dst);
  if (r->longer) add(&t, ", longer than %u bytes", r->longer);
  if (r->rate)
    add(&t, ": at most %" PRIu64 " bytes/s", r->rate);
  else
    add(&t, ": discard");
  return out;
}
