/* Rules of one packet: sources are in the report's tables 5.1 and 6.2, deviations are said here. */
#include "capture/marks.h"

enum {
  ZMAP_ID = 54321,
  ZMAP_WINDOW = 65535,
  MASSCAN_WINDOW = 1024,
  HIGH_TTL = 200,
  RULED_FLAGS = WIRE_FIN | WIRE_SYN | WIRE_RST | WIRE_PSH | WIRE_ACK | WIRE_URG,
};

/* Option kinds in order and what must go with them: the four profiles of ZMap since March 2024. */
static bool zmap_layout(const struct wire_packet *p)
{
  if (p->mss != 1460) return false;
  switch (p->layout) {
  case 0x2: /* smallest */
    return p->options_len == 4;
  case 0x213114: /* Windows, the default */
    return p->wscale == 8;
  case 0x24813: /* Linux */
    return p->wscale == 7;
  case 0x21311840: /* BSD */
    return p->wscale == 6;
  default:
    return false;
  }
}

static inline uint32_t low4(const struct prac_ip *ip)
{
  uint32_t v;
  memcpy(&v, ip->b + 12, 4);
  return __builtin_bswap32(v);
}

static inline uint32_t probe_marks(const struct wire_packet *p, bool six)
{
  uint32_t m = 0, dst = low4(&p->dst);
  bool plain = p->options_len == 0;
  if (!six) {
    m |= p->id == ZMAP_ID && p->window == ZMAP_WINDOW ? (uint32_t)FLOW_ZMAP_OLD : 0;
    m |= p->id == ((dst ^ p->dport ^ p->seq) & 0xffff) ? (uint32_t)FLOW_MASSCAN : 0;
    m |= p->seq == dst ? (uint32_t)FLOW_MIRAI : 0;
    m |= p->id == ZMAP_ID ? (uint32_t)FLOW_IRREGULAR : 0;
  }
  if (p->ttl >= HIGH_TTL && p->window == MASSCAN_WINDOW && plain) m |= FLOW_MASSCAN_OLD;
  if (p->ttl >= HIGH_TTL && p->window == ZMAP_WINDOW && zmap_layout(p)) m |= FLOW_ZMAP;
  if (p->ttl > HIGH_TTL || plain) m |= FLOW_IRREGULAR;
  return m;
}

static bool icmp_answer(uint8_t type)
{
  return type == 0 || type == 14 || type == 16 || type == 18;
}

static bool icmp_error(uint8_t type, bool six)
{
  if (six) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static uint32_t icmp_marks(const struct wire_packet *p, bool six, struct prac_ip *ret_victim)
{
  if (!(p->flags & WIRE_PORTS)) return 0;
  uint8_t type = (uint8_t)p->sport;
  if (six ? type == 129 : icmp_answer(type)) return FLOW_BACKSCATTER;
  if (!icmp_error(type, six)) return 0;
  uint32_t m = FLOW_BACKSCATTER;
  if (!(p->flags & WIRE_QUOTE)) return m;
  m |= FLOW_QUOTED;
  *ret_victim = p->quote_dst;
  if (!prac_ip_eq(&p->quote_src, &p->dst)) m |= FLOW_QUOTE_MISMATCH;
  return m;
}

/* Sets that stacks send; RST+ACK is added to the report's list (every closed port answers so), and
 * ECN's two flags are left out of the judgement on SYN and SYN+ACK (RFC 3168). */
static inline bool normal_flags(uint8_t flags)
{
  const uint8_t F = WIRE_FIN, S = WIRE_SYN, R = WIRE_RST, P = WIRE_PSH, A = WIRE_ACK;
  uint8_t f = flags & RULED_FLAGS;
  if ((flags & (WIRE_ECE | WIRE_CWR)) && !(f & S) && f != A && f != (A | P)) return false;
  return f == S || f == A || f == R || f == F || f == (S | F) || f == (S | A) || f == (F | A) ||
         f == (A | P) || f == (F | A | P) || f == (R | A);
}

static inline bool normal_proto(uint8_t proto, bool six)
{
  return proto == WIRE_TCP || proto == WIRE_UDP || proto == (six ? WIRE_ICMP6 : WIRE_ICMP) ||
         proto == WIRE_IP6IP || (six && proto == 59);
}

static inline bool odd_ports(uint8_t proto, uint16_t sport, uint16_t dport)
{
  bool udp = proto == WIRE_UDP;
  return (udp || proto == WIRE_TCP) && (sport == 0 || dport == 0 || (udp && dport == 80));
}

static inline bool odd_source(const struct prac_ip *src, const struct prac_ip *dst, bool six)
{
  return (!six && (uint8_t)(src->b[15] + 1) <= 1) || prac_ip_eq(src, dst);
}

static inline bool spoofed(const struct wire_packet *p, bool six, uint32_t m)
{
  bool icmp = p->proto == WIRE_ICMP || p->proto == WIRE_ICMP6;
  const uint32_t high_start = FLOW_ZMAP_OLD | FLOW_ZMAP | FLOW_MASSCAN | FLOW_MASSCAN_OLD;
  if (p->ttl >= HIGH_TTL && !icmp && !(m & high_start)) return true;
  if (p->flags & (WIRE_FRAGMENT | WIRE_RESERVED)) return true;
  if (p->proto == WIRE_TCP && (p->flags & WIRE_PORTS) &&
      !(p->flags & (WIRE_TRUNCATED | WIRE_BAD)) && !normal_flags(p->tcp_flags))
    return true;
  if ((p->flags & WIRE_PORTS) && odd_ports(p->proto, p->sport, p->dport)) return true;
  return !normal_proto(p->proto, six) || odd_source(&p->src, &p->dst, six);
}

static inline uint32_t wire_marks(const struct wire_packet *p)
{
  uint32_t m = p->payload_len > 0 ? (uint32_t)FLOW_PAYLOAD : 0;
  if (PRAC_LIKELY(!(p->flags & (WIRE_FRAGMENT | WIRE_TRUNCATED | WIRE_BAD)))) return m;
  if (p->flags & WIRE_FRAGMENT) m |= FLOW_FRAGMENT;
  if (p->flags & WIRE_TRUNCATED) m |= FLOW_TRUNCATED;
  if (p->flags & WIRE_BAD) m |= FLOW_BAD;
  return m;
}

uint32_t cap_marks(const struct wire_packet *p, bool six, struct prac_ip *ret_victim)
{
  uint32_t m = wire_marks(p);
  if (p->proto == WIRE_TCP) {
    if (cap_is_probe(p))
      m |= probe_marks(p, six);
    else if ((p->tcp_flags & WIRE_RST) ||
             (p->tcp_flags & (WIRE_SYN | WIRE_ACK)) == (WIRE_SYN | WIRE_ACK))
      m |= FLOW_BACKSCATTER;
  } else if (p->proto == WIRE_UDP) {
    if ((p->flags & WIRE_PORTS) && cap_is_answer(p->sport, p->payload, p->payload_captured))
      m |= FLOW_BACKSCATTER;
  } else if (p->proto == (six ? WIRE_ICMP6 : WIRE_ICMP)) {
    m |= icmp_marks(p, six, ret_victim);
  }
  return spoofed(p, six, m) ? m | FLOW_SPOOFED : m;
}

uint32_t cap_marks_seen(const struct flow_row *r)
{
  bool six = !prac_ip_is4(&r->src);
  uint32_t m = r->marks;
  if (r->proto == WIRE_UDP && r->sport == 53) m |= FLOW_BACKSCATTER;
  if (r->proto == WIRE_ICMP &&
      (icmp_answer((uint8_t)r->sport) || icmp_error((uint8_t)r->sport, six)))
    m |= FLOW_BACKSCATTER;
  if (r->proto == WIRE_ICMP6 && (r->sport == 129 || icmp_error((uint8_t)r->sport, true)))
    m |= FLOW_BACKSCATTER;
  /* a port 0 may be a port that was not written down */
  bool odd = odd_source(&r->src, &r->dst, six) || (r->proto == WIRE_UDP && r->dport == 80) ||
             !normal_proto(r->proto, six);
  return odd ? m | FLOW_SPOOFED : m;
}
