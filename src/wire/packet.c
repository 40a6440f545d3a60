/* The decoder that every captured packet passes: the common path (IPv4, TCP or UDP, whole headers)
 * takes one bounds check a header and no branch that is not usually taken the same way. */
#include "wire/packet.h"

#include "wire/link.h"
#include "wire/load.h"

enum { EXTENSIONS_MAX = 10, OPTIONS_MAX = 16, UNKNOWN_SCALE = 255 };

/* What of an IP packet's payload the capture holds, and how long it is by the header. */
struct rest {
  struct prac_rd rd;
  uint32_t wire;
};

static inline void set4(struct prac_ip *to, const uint8_t *from)
{
  static const uint8_t head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  memcpy(to->b, head, sizeof head);
  memcpy(to->b + 12, from, 4);
}

/* The headers need n bytes that are not there: was the capture short, or the packet? */
static void missing(struct wire_packet *p, const struct rest *x, uint32_t n)
{
  p->flags |= x->wire < n ? WIRE_BAD : WIRE_TRUNCATED;
}

static inline void payload(struct wire_packet *p, struct prac_rd rd, uint32_t wire)
{
  size_t left = (size_t)(rd.end - rd.p);
  p->payload = rd.p;
  p->payload_len = wire;
  p->payload_captured = left < wire ? (uint32_t)left : wire;
}

static inline void ports(struct wire_packet *p, const uint8_t *h)
{
  p->sport = wire_be16(h);
  p->dport = wire_be16(h + 2);
  p->flags |= WIRE_PORTS;
}

static void short_ports(struct wire_packet *p, struct rest *x, uint32_t need)
{
  missing(p, x, need);
  const uint8_t *h = wire_take(&x->rd, 4);
  if (h) ports(p, h);
}

static void tcp_options(struct wire_packet *p, struct prac_rd r)
{
  p->flags |= WIRE_SYN_OPTIONS;
  p->mss = 0;
  p->wscale = UNKNOWN_SCALE;
  p->layout = 0;
  for (int i = 0; i < OPTIONS_MAX; i++) {
    const uint8_t *o = wire_take(&r, 1);
    if (!o) return;
    uint8_t kind = *o;
    p->layout = p->layout << 4 | (kind > 14 ? 15u : kind);
    if (kind == 0) return;
    if (kind == 1) continue;
    o = wire_take(&r, 1);
    const uint8_t *v = o && *o >= 2 ? wire_take(&r, *o - 2u) : NULL;
    if (!v) {
      p->flags |= WIRE_BAD;
      return;
    }
    if (kind == 2 && *o == 4) p->mss = wire_be16(v);
    if (kind == 3 && *o == 3) p->wscale = v[0];
  }
}

static inline void tcp(struct wire_packet *p, struct rest *x)
{
  const uint8_t *h = wire_take(&x->rd, 20);
  if (PRAC_UNLIKELY(!h || x->wire < 20)) {
    x->rd.p = h ? h : x->rd.p;
    short_ports(p, x, 20);
    return;
  }
  ports(p, h);
  p->seq = wire_be32(h + 4);
  p->ack = wire_be32(h + 8);
  p->tcp_flags = h[13];
  p->window = wire_be16(h + 14);
  uint32_t head = (uint32_t)(h[12] >> 4) * 4;
  if (PRAC_UNLIKELY(head < 20 || head > x->wire)) {
    p->flags |= WIRE_BAD;
    return;
  }
  p->options_len = (uint8_t)(head - 20);
  if (head > 20) {
    const uint8_t *o = wire_take(&x->rd, head - 20);
    if (!o) {
      p->flags |= WIRE_TRUNCATED;
      return;
    }
    if (p->tcp_flags & WIRE_SYN) tcp_options(p, prac_rd_of(o, head - 20));
  } else if (p->tcp_flags & WIRE_SYN) {
    p->flags |= WIRE_SYN_OPTIONS; /* there are none: mss and layout are zero already */
    p->wscale = UNKNOWN_SCALE;
  }
  payload(p, x->rd, x->wire - head);
}

static inline void udp(struct wire_packet *p, struct rest *x)
{
  const uint8_t *h = wire_take(&x->rd, 8);
  if (PRAC_UNLIKELY(!h || x->wire < 8)) {
    x->rd.p = h ? h : x->rd.p;
    short_ports(p, x, 8);
    return;
  }
  ports(p, h);
  uint32_t len = wire_be16(h + 4), most = x->wire;
  if (len == 0) len = most; /* a jumbogram, or left to the network card */
  if (PRAC_UNLIKELY(len < 8 || (len > most && !(p->flags & WIRE_MORE)))) p->flags |= WIRE_BAD;
  if (len > most) len = most;
  payload(p, x->rd, len < 8 ? 0 : len - 8);
}

/* The packet that an ICMP error complains about: as much of it as was quoted and captured. */
static void quote(struct wire_packet *p, struct prac_rd r, bool six)
{
  size_t at = 20;
  const uint8_t *h = wire_take(&r, six ? 40 : 20);
  if (!h || h[0] >> 4 != (six ? 6 : 4)) return;
  if (six) {
    p->quote_proto = h[6];
    memcpy(p->quote_src.b, h + 8, 16);
    memcpy(p->quote_dst.b, h + 24, 16);
  } else {
    at = (size_t)(h[0] & 15) * 4;
    if (at < 20) return;
    p->quote_proto = h[9];
    set4(&p->quote_src, h + 12);
    set4(&p->quote_dst, h + 16);
    (void)wire_take(&r, at - 20);
  }
  p->flags |= WIRE_QUOTE;
  p->quote_sport = p->quote_dport = 0;
  bool first = six || (wire_be16(h + 6) & 0x1fff) == 0;
  bool has_ports = p->quote_proto == WIRE_TCP || p->quote_proto == WIRE_UDP;
  h = r.bad || !first || !has_ports ? NULL : wire_take(&r, 4);
  if (!h) return;
  p->quote_sport = wire_be16(h);
  p->quote_dport = wire_be16(h + 2);
}

static bool icmp_error(uint8_t type, bool six)
{
  if (six) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static void icmp(struct wire_packet *p, struct rest *x, bool six)
{
  const uint8_t *h = wire_take(&x->rd, 2);
  if (!h || x->wire < 8) {
    missing(p, x, 8);
    if (!h || x->wire < 2) return;
  }
  p->sport = h[0];
  p->dport = h[1];
  p->flags |= WIRE_PORTS;
  if (p->flags & WIRE_BAD) return;
  if (!wire_take(&x->rd, 6)) {
    p->flags |= WIRE_TRUNCATED;
    return;
  }
  payload(p, x->rd, x->wire - 8);
  if (!icmp_error(h[0], six)) return;
  quote(p, prac_rd_of(p->payload, p->payload_captured), six);
  if (!(p->flags & WIRE_QUOTE) && p->payload_captured < p->payload_len) p->flags |= WIRE_TRUNCATED;
}

static inline void transport(struct wire_packet *p, struct rest *x, bool six)
{
  if (PRAC_UNLIKELY(p->flags & WIRE_FRAGMENT)) {
    payload(p, x->rd, x->wire);
    return;
  }
  if (p->proto == WIRE_TCP)
    tcp(p, x);
  else if (p->proto == WIRE_UDP)
    udp(p, x);
  else if (p->proto == (six ? WIRE_ICMP6 : WIRE_ICMP))
    icmp(p, x, six);
  else
    payload(p, x->rd, x->wire);
}

/* Cuts the reader at the end that the IP header claims. `total` counts from ip. */
static inline void cut(struct wire_packet *p, struct prac_rd *r, const uint8_t *ip, uint32_t total,
                       uint32_t on_wire)
{
  if (PRAC_UNLIKELY(total > on_wire)) p->flags |= WIRE_BAD;
  if ((size_t)(r->end - ip) > total) r->end = ip + total;
  p->ip = ip;
  p->ip_captured = (uint32_t)(r->end - ip);
}

static inline enum wire_class ip4(struct prac_rd r, uint32_t on_wire, struct wire_packet *p)
{
  const uint8_t *h = wire_take(&r, 20);
  if (PRAC_UNLIKELY(!h)) return on_wire < 20 ? WIRE_MALFORMED : WIRE_SHORT;
  uint32_t head = (uint32_t)(h[0] & 15) * 4, total = wire_be16(h + 2);
  if (total == 0) total = on_wire; /* left to the network card */
  if (PRAC_UNLIKELY(h[0] >> 4 != 4 || head < 20 || total < head)) return WIRE_MALFORMED;
  set4(&p->src, h + 12);
  set4(&p->dst, h + 16);
  p->bytes = total;
  p->id = wire_be16(h + 4);
  p->ttl = h[8];
  p->proto = h[9];
  uint16_t frag = wire_be16(h + 6);
  if (PRAC_UNLIKELY(frag & 0xbfff)) {
    if (frag & 0x8000) p->flags |= WIRE_RESERVED;
    if (frag & 0x1fff)
      p->flags |= WIRE_FRAGMENT;
    else if (frag & 0x2000)
      p->flags |= WIRE_MORE;
  }
  cut(p, &r, h, total, on_wire);
  if (PRAC_UNLIKELY(head > 20) && !wire_take(&r, head - 20)) {
    p->flags |= WIRE_TRUNCATED;
    return WIRE_IP4;
  }
  struct rest x = {r, total - head};
  transport(p, &x, false);
  return WIRE_IP4;
}

enum {
  HOP_BY_HOP = 0,
  ROUTING = 43,
  FRAGMENT_HEAD = 44,
  AUTH = 51,
  DEST_OPTIONS = 60,
  MOBILITY = 135,
  HIP = 139,
  SHIM6 = 140
};

static bool is_extension(uint8_t proto)
{
  return proto == HOP_BY_HOP || proto == ROUTING || proto == FRAGMENT_HEAD || proto == AUTH ||
         proto == DEST_OPTIONS || proto == MOBILITY || proto == HIP || proto == SHIM6;
}

static void fragment6(struct wire_packet *p, uint16_t word)
{
  if (word & 0xfff8)
    p->flags |= WIRE_FRAGMENT;
  else if (word & 1)
    p->flags |= WIRE_MORE;
}

/* Steps over the extension headers; false: what follows cannot be read. */
static bool extensions(struct wire_packet *p, struct rest *x)
{
  for (int i = 0; is_extension(p->proto) && !(p->flags & WIRE_FRAGMENT); i++) {
    if (i == EXTENSIONS_MAX) {
      p->flags |= WIRE_BAD;
      return false;
    }
    const uint8_t *h = x->wire < 8 ? NULL : wire_take(&x->rd, 8);
    if (!h) {
      missing(p, x, 8);
      return false;
    }
    uint32_t n = 8;
    if (p->proto == FRAGMENT_HEAD)
      fragment6(p, wire_be16(h + 2));
    else
      n = p->proto == AUTH ? (h[1] + 2u) * 4 : (h[1] + 1u) * 8;
    if (n < 8 || n > x->wire || !wire_take(&x->rd, n - 8)) {
      missing(p, x, n < 8 ? UINT32_MAX : n);
      return false;
    }
    x->wire -= n;
    p->proto = h[0];
  }
  return true;
}

static enum wire_class ip6(struct prac_rd r, uint32_t on_wire, struct wire_packet *p)
{
  const uint8_t *h = wire_take(&r, 40);
  if (!h) return on_wire < 40 ? WIRE_MALFORMED : WIRE_SHORT;
  if (h[0] >> 4 != 6) return WIRE_MALFORMED;
  uint32_t total = 40u + wire_be16(h + 4);
  if (total == 40 && on_wire > 40 && h[6] == HOP_BY_HOP) total = on_wire; /* a jumbogram */
  memcpy(p->src.b, h + 8, 16);
  memcpy(p->dst.b, h + 24, 16);
  p->bytes = total;
  p->proto = h[6];
  p->ttl = h[7];
  cut(p, &r, h, total, on_wire);
  struct rest x = {r, total - 40};
  if (extensions(p, &x)) transport(p, &x, true);
  return WIRE_IP6;
}

enum wire_class wire_packet_read(uint32_t link, const uint8_t *data, uint32_t caplen, uint32_t len,
                                 struct wire_packet *ret)
{
  struct prac_rd r = {data, data ? data + caplen : data, false};
  uint16_t type;
  if (PRAC_LIKELY(link == 1 && caplen >= 34 && data[12] == 8 && data[13] == 0)) {
    r.p += 14;
    type = WIRE_ETHER_IP4;
  } else {
    enum wire_link l = wire_link_read(link, &r, &type);
    if (l == WIRE_LINK_UNKNOWN) return WIRE_NO_LINK;
    if (l == WIRE_LINK_SHORT) return len > caplen ? WIRE_SHORT : WIRE_MALFORMED;
  }
  uint32_t off = (uint32_t)(r.p - data), on_wire = (len > caplen ? len : caplen) - off;
  /* bytes to quote: all that a caller may look at without a flag that says it is there */
  static const struct wire_packet none;
  const size_t from = offsetof(struct wire_packet, bytes);
  memcpy((char *)ret + from, (const char *)&none + from,
         offsetof(struct wire_packet, quote_src) - offsetof(struct wire_packet, bytes));
  if (PRAC_LIKELY(type == WIRE_ETHER_IP4)) return ip4(r, on_wire, ret);
  if (type == WIRE_ETHER_IP6) return ip6(r, on_wire, ret);
  return WIRE_NOT_IP;
}
