/* From the packet's fields to bytes, checksums right, and then the one damage that was planned. */
#include <string.h>

#include "base/buf.h"
#include "gen/gen_int.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58, ETHER = 14, IP4_HEAD = 20, IP6_HEAD = 40 };

const char *gen_damage_text(enum gen_damage d)
{
  static const char *const words[GEN_DAMAGE_COUNT_] = {
      "whole",           "ip-version",     "ip-header-length", "ip-length-beyond-frame",
      "ip-length-short", "tcp-offset-low", "tcp-offset-high",  "udp-length-short",
      "cut-in-ip",       "cut-in-tcp",
  };
  return words[d];
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
  for (size_t i = 0; i + 1 < n; i += 2) sum += (uint32_t)p[i] << 8 | p[i + 1];
  if (n & 1) sum += (uint32_t)p[n - 1] << 8;
  return sum;
}

static uint16_t folded(uint32_t sum)
{
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static void put16(uint8_t *p, uint16_t v)
{
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static bool six(const struct gen_packet *p)
{
  return !prac_ip_is4(&p->src);
}

/* The transport's checksum with its pseudo header (RFC 768, 9293, 8200). */
static void seal(const struct prac_ip *src, const struct prac_ip *dst, uint8_t proto, uint8_t *l4,
                 size_t n, size_t at)
{
  bool v4 = prac_ip_is4(src);
  size_t skip = v4 ? 12 : 0;
  uint32_t sum = (uint32_t)n + proto;
  sum = sum16(sum, src->b + skip, 16 - skip);
  sum = sum16(sum, dst->b + skip, 16 - skip);
  put16(l4 + at, folded(sum16(sum, l4, n)));
}

static size_t tcp(const struct gen_packet *p, uint8_t *to)
{
  struct prac_wr w = prac_wr_of(to, 60 + GEN_BODY_MAX);
  uint8_t words = (uint8_t)(5 + p->n_options / 4);
  prac_wr_u16(&w, p->sport);
  prac_wr_u16(&w, p->dport);
  prac_wr_u32(&w, p->seq);
  prac_wr_u32(&w, p->ack);
  prac_wr_u8(&w, (uint8_t)(words << 4));
  prac_wr_u8(&w, p->flags);
  prac_wr_u16(&w, p->window);
  prac_wr_u32(&w, 0); /* checksum, urgent */
  prac_wr_bytes(&w, p->options, p->n_options);
  prac_wr_bytes(&w, p->body, p->n_body);
  seal(&p->src, &p->dst, TCP, to, prac_wr_len(&w), 16);
  return prac_wr_len(&w);
}

static size_t udp(const struct gen_packet *p, uint8_t *to)
{
  struct prac_wr w = prac_wr_of(to, 8 + GEN_BODY_MAX);
  prac_wr_u16(&w, p->sport);
  prac_wr_u16(&w, p->dport);
  prac_wr_u16(&w, (uint16_t)(8 + p->n_body));
  prac_wr_u16(&w, 0);
  prac_wr_bytes(&w, p->body, p->n_body);
  seal(&p->src, &p->dst, UDP, to, prac_wr_len(&w), 6);
  return prac_wr_len(&w);
}

static void ip4_head(struct prac_wr *w, const struct gen_packet *p, const struct prac_ip *src,
                     const struct prac_ip *dst, uint8_t proto, uint16_t length)
{
  uint8_t *start = w->p;
  prac_wr_u8(w, 0x45);
  prac_wr_u8(w, 0);
  prac_wr_u16(w, length);
  prac_wr_u16(w, p->id);
  prac_wr_u16(w, (uint16_t)((p->df ? 0x4000 : 0) | (p->more ? 0x2000 : 0) | p->fragment));
  prac_wr_u8(w, p->ttl);
  prac_wr_u8(w, proto);
  prac_wr_u16(w, 0);
  prac_wr_u32(w, prac_ip_to4(src));
  prac_wr_u32(w, prac_ip_to4(dst));
  put16(start + 10, folded(sum16(0, start, IP4_HEAD)));
}

static void ip6_head(struct prac_wr *w, const struct gen_packet *p, const struct prac_ip *src,
                     const struct prac_ip *dst, uint8_t next, uint16_t length)
{
  prac_wr_u32(w, UINT32_C(6) << 28);
  prac_wr_u16(w, length);
  prac_wr_u8(w, next);
  prac_wr_u8(w, p->ttl);
  prac_wr_bytes(w, src->b, 16);
  prac_wr_bytes(w, dst->b, 16);
}

/* The quoted packet: its IP header, then as much behind it as the sender of the error kept. */
static void quote(struct prac_wr *w, const struct gen_packet *p)
{
  const struct gen_quote *q = &p->quote;
  struct gen_packet inner = {.src = q->src,
                             .dst = q->dst,
                             .proto = q->proto,
                             .ttl = (uint8_t)(40 + p->id % 20),
                             .id = (uint16_t)(p->id * 7u),
                             .sport = q->sport,
                             .dport = q->dport,
                             .window = 65535,
                             .flags = GEN_SYN,
                             .seq = p->seq,
                             .n_body = q->proto == UDP ? 24 : 0};
  uint8_t l4[60 + GEN_BODY_MAX];
  memset(inner.body, 'x', 24);
  size_t n = q->proto == UDP ? udp(&inner, l4) : tcp(&inner, l4);
  if (prac_ip_is4(&q->src))
    ip4_head(w, &inner, &q->src, &q->dst, q->proto, (uint16_t)(IP4_HEAD + n));
  else
    ip6_head(w, &inner, &q->src, &q->dst, q->proto, (uint16_t)n);
  prac_wr_bytes(w, l4, q->kept < n ? q->kept : n);
}

static size_t icmp(const struct gen_packet *p, uint8_t *to)
{
  struct prac_wr w = prac_wr_of(to, 8 + 2 * GEN_BODY_MAX);
  prac_wr_u8(&w, p->type);
  prac_wr_u8(&w, p->code);
  prac_wr_u16(&w, 0);
  prac_wr_u32(&w, p->quote.on ? 0 : p->seq); /* echo: identifier and sequence */
  if (p->quote.on)
    quote(&w, p);
  else
    prac_wr_bytes(&w, p->body, p->n_body);
  size_t n = prac_wr_len(&w);
  if (p->proto == ICMP6)
    seal(&p->src, &p->dst, ICMP6, to, n, 2);
  else
    put16(to + 2, folded(sum16(0, to, n)));
  return n;
}

static size_t transport(const struct gen_packet *p, uint8_t *to)
{
  if (p->fragment) { /* the middle of something: no header */
    memcpy(to, p->body, p->n_body);
    return p->n_body;
  }
  if (p->proto == TCP) return tcp(p, to);
  if (p->proto == UDP) return udp(p, to);
  return icmp(p, to);
}

static uint32_t arp(uint8_t *frame, const struct gen_packet *p)
{
  struct prac_wr w = prac_wr_of(frame + ETHER, 28);
  prac_wr_u16(&w, 1);
  prac_wr_u16(&w, 0x0800);
  prac_wr_u8(&w, 6);
  prac_wr_u8(&w, 4);
  prac_wr_u16(&w, 1);
  prac_wr_bytes(&w, frame + 6, 6);
  prac_wr_u32(&w, prac_ip_to4(&p->src));
  prac_wr_zero(&w, 6);
  prac_wr_u32(&w, prac_ip_to4(&p->dst));
  return ETHER + 28;
}

static void damage(const struct gen_packet *p, uint8_t *ip, uint32_t *caplen)
{
  uint8_t *l4 = ip + IP4_HEAD;
  switch (p->damage) {
  case GEN_VERSION:
    ip[0] = 0x75;
    break;
  case GEN_IHL:
    ip[0] = 0x44;
    break;
  case GEN_LONG:
    put16(ip + 2, 1400);
    break;
  case GEN_SHORT:
    put16(ip + 2, 12);
    break;
  case GEN_OFFSET_LOW:
    l4[12] = 0x30;
    break;
  case GEN_OFFSET_HIGH:
    l4[12] = 0xf0;
    break;
  case GEN_UDP_LENGTH:
    put16(l4 + 4, 3);
    break;
  case GEN_CUT_IP:
    *caplen = ETHER + 11;
    break;
  case GEN_CUT_TCP:
    *caplen = ETHER + IP4_HEAD + 6;
    break;
  case GEN_WHOLE:
  case GEN_DAMAGE_COUNT_:
    break;
  }
}

void gen_build(const struct gen_packet *p, uint8_t *frame, uint32_t *ret_caplen, uint32_t *ret_len)
{
  static const uint8_t ether[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  uint8_t l4[GEN_FRAME_MAX];
  struct prac_wr w = prac_wr_of(frame, GEN_FRAME_MAX);
  prac_wr_bytes(&w, ether, sizeof ether);
  if (p->proto == 0) { /* no IP: an ARP request */
    prac_wr_u16(&w, 0x0806);
    *ret_caplen = *ret_len = arp(frame, p);
    return;
  }
  size_t n = transport(p, l4);
  prac_wr_u16(&w, six(p) ? 0x86dd : 0x0800);
  if (!six(p))
    ip4_head(&w, p, &p->src, &p->dst, p->proto, (uint16_t)(IP4_HEAD + n));
  else if (!p->extended)
    ip6_head(&w, p, &p->src, &p->dst, p->proto, (uint16_t)n);
  else { /* hop-by-hop options with padding only */
    const uint8_t pad[8] = {p->proto, 0, 1, 4, 0, 0, 0, 0};
    ip6_head(&w, p, &p->src, &p->dst, 0, (uint16_t)(n + sizeof pad));
    prac_wr_bytes(&w, pad, sizeof pad);
  }
  prac_wr_bytes(&w, l4, n);
  PRAC_INSIST(!w.bad);
  *ret_caplen = *ret_len = (uint32_t)prac_wr_len(&w);
  if (p->damage) damage(p, frame + ETHER, ret_caplen);
}

void gen_options(struct gen_packet *p, enum gen_options which, uint32_t stamp)
{
  struct prac_wr w = prac_wr_of(p->options, sizeof p->options);
  prac_wr_u32(&w, 0x020405b4); /* MSS 1460 */
  if (which == GEN_OPT_LINUX) {
    prac_wr_u16(&w, 0x0402); /* SACK permitted */
    prac_wr_u16(&w, 0x080a); /* time stamps */
    prac_wr_u32(&w, stamp);
    prac_wr_u32(&w, 0);
    prac_wr_u32(&w, 0x01030307);
  } else if (which == GEN_OPT_WINDOWS) {
    prac_wr_u32(&w, 0x01030308);
    prac_wr_u32(&w, 0x01010402);
  } else if (which == GEN_OPT_BSD) {
    prac_wr_u32(&w, 0x01030306);
    prac_wr_u32(&w, 0x0101080a);
    prac_wr_u32(&w, stamp);
    prac_wr_u32(&w, 0);
    prac_wr_u32(&w, 0x04020000);
  }
  p->n_options = (uint8_t)prac_wr_len(&w);
}
