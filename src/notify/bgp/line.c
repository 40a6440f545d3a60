/* Reading lines that another process wrote. */
#include "notify/bgp/line.h"

#include <string.h>

#include "base/buf.h"

/* A decimal number of at most 19 digits; moves the cursor behind it. */
static bool number(struct prac_rd *r, uint64_t *ret)
{
  uint64_t v = 0;
  size_t digits = 0;
  while (r->p < r->end && *r->p >= '0' && *r->p <= '9' && digits < 19) {
    v = v * 10 + (uint64_t)(prac_rd_u8(r) - '0');
    digits++;
  }
  *ret = v;
  return digits > 0;
}
static bool word(struct prac_rd *r, const char *w)
{
  size_t n = strlen(w);
  if (prac_rd_left(r) < n || memcmp(r->p, w, n) != 0) return false;
  prac_rd_skip(r, n);
  return true;
}

static bool is_peers(struct prac_rd *r, struct bgp_line *l)
{
  l->kind = BGP_LINE_PEERS;
  return number(r, &l->n) && word(r, " ") && number(r, &l->m);
}

prac_rc bgp_line_read(const char *s, size_t n, struct bgp_line *ret)
{
  static const struct {
    const char *text;
    enum bgp_line_kind kind;
  } answers[] = {
      {" done", BGP_LINE_DONE}, {" error", BGP_LINE_ERROR}, {" unknown", BGP_LINE_UNKNOWN}};
  struct prac_rd r = prac_rd_of(s, n);
  struct bgp_line l = {.kind = BGP_LINE_LIST};
  if (word(&r, "approve ")) {
    l.kind = BGP_LINE_APPROVE;
    if (!number(&r, &l.n)) return PRAC_MALFORMED;
  } else if (word(&r, "withdraw ")) {
    l.kind = BGP_LINE_WITHDRAW;
    if (!number(&r, &l.n)) return PRAC_MALFORMED;
  } else if (word(&r, "peers ")) {
    if (!is_peers(&r, &l)) return PRAC_MALFORMED;
  } else if (word(&r, "relay 1")) {
    l.kind = BGP_LINE_HELLO;
  } else if (!word(&r, "list")) {
    if (!number(&r, &l.n)) return PRAC_MALFORMED;
    size_t i = 0;
    while (i < PRAC_ARRAY_LEN(answers) && !word(&r, answers[i].text)) i++;
    if (i == PRAC_ARRAY_LEN(answers)) return PRAC_MALFORMED;
    l.kind = answers[i].kind;
  }
  if (prac_rd_left(&r) != 0) return PRAC_MALFORMED;
  *ret = l;
  return PRAC_OK;
}

enum bgp_event_kind bgp_event_read(const char *s, size_t n, struct prac_ip *ret_peer)
{
  struct prac_rd r = prac_rd_of(s, n);
  if (n == 4 && word(&r, "done")) return BGP_EVENT_DONE;
  if (n == 5 && word(&r, "error")) return BGP_EVENT_ERROR;
  if (!word(&r, "neighbor ")) return BGP_EVENT_NOTHING;
  const char *address = (const char *)r.p;
  while (r.p < r.end && *r.p != ' ') prac_rd_skip(&r, 1);
  if (prac_ip_parse(address, (size_t)((const char *)r.p - address), ret_peer) != PRAC_OK)
    return BGP_EVENT_NOTHING;
  if (word(&r, " up")) return BGP_EVENT_UP;
  return word(&r, " down") ? BGP_EVENT_DOWN : BGP_EVENT_NOTHING;
}

static bool harmless(const char *s, size_t n)
{
  static const char also[] = " .:/={};[]>-";
  for (size_t i = 0; i < n; i++) {
    bool plain = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9');
    if (!plain && (s[i] == 0 || !strchr(also, s[i]))) return false;
  }
  return true;
}

prac_rc bgp_order_read(const char *s, size_t n, struct bgp_order_line *ret)
{
  static const char *const verbs[] = {" announce ", " withdraw ", " renew "};
  struct prac_rd r = prac_rd_of(s, n);
  struct bgp_order_line o = {.seq = 0};
  uint64_t ttl;
  if (!number(&r, &o.seq) || !word(&r, " ") || !number(&r, &ttl) || ttl > UINT32_MAX)
    return PRAC_MALFORMED;
  o.ttl_s = (uint32_t)ttl;
  size_t i = 0;
  while (i < PRAC_ARRAY_LEN(verbs) && !word(&r, verbs[i])) i++;
  if (i == PRAC_ARRAY_LEN(verbs)) return PRAC_MALFORMED;
  o.verb = (enum bgp_verb)i;
  o.body = (const char *)r.p;
  o.n = prac_rd_left(&r);
  if (!harmless(o.body, o.n)) return PRAC_DENIED;
  if (!word(&r, "route ") && !word(&r, "flow route {")) return PRAC_DENIED;
  *ret = o;
  return PRAC_OK;
}

bool bgp_lines_feed(struct bgp_lines *l, const char *data, size_t n, size_t *used)
{
  const char *nl = memchr(data, '\n', n);
  size_t take = nl ? (size_t)(nl - data) : n;
  bool fits = take <= sizeof l->buf - l->n;
  *used = nl ? take + 1 : n;
  if (!fits && !l->skipping) {
    l->skipping = true;
    l->too_long++;
  }
  if (l->skipping) {
    if (nl) {
      l->skipping = false;
      l->n = 0;
    }
    return false;
  }
  memcpy(l->buf + l->n, data, take);
  l->n += take;
  return nl != NULL;
}
