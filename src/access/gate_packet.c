/* Packets on their way out: what in their bytes tells our own address becomes zero. That is more
 * than the field of the IP header: checksums are sums over it, and some scanners compute the TCP
 * sequence number or the IP identification from it, so that they need no memory. */
#include <stdio.h>
#include <string.h>

#include "access/gate_int.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58, WORD_LEAST = 7 };

struct view { /* bytes that may be written */
  uint8_t *b;
  uint32_t n, head;
};

static void blank(struct view *v, uint32_t from, uint32_t to)
{
  if (to > v->n) to = v->n;
  if (from < to) memset(v->b + from, 0, to - from);
}

/* An error quotes a packet that bears our address as its sender. */
static bool quotes(const struct packet *p)
{
  if (p->proto == ICMP6) return p->sport < 128;
  return p->proto == ICMP &&
         (p->sport == 3 || p->sport == 4 || p->sport == 5 || p->sport == 11 || p->sport == 12);
}

/* What stands at `at` is the transport's header, whole or in part. */
static void blank_transport(struct view *v, const struct packet *p, uint32_t at)
{
  if (p->proto == TCP) {
    blank(v, at + 4, at + 12);  /* sequence and acknowledgement */
    blank(v, at + 16, at + 18); /* checksum */
  } else if (p->proto == UDP) {
    blank(v, at + 6, at + 8);
  } else {
    blank(v, at + 2, quotes(p) ? v->n : at + 4);
  }
}

/* The IP header. Where the transport's begins; v->n: nothing behind it is shown, because nobody
 * knows what it is: extension headers, tunnels, fragments. */
static uint32_t blank_ip4(struct view *v, uint32_t proto)
{
  uint32_t end = (v->b[0] & 15u) * 4;
  bool first = (v->b[6] & 0x1f) == 0 && v->b[7] == 0;
  blank(v, 4, 6);    /* identification */
  blank(v, 10, 12);  /* checksum */
  blank(v, 16, end); /* destination, and options, which may name it */
  return first && v->b[9] == proto && end >= 20 && end < v->n ? end : v->n;
}

static uint32_t blank_ip6(struct view *v, uint32_t proto)
{
  blank(v, 1, 4); /* the flow label may be a hash of it */
  blank(v, 24, 40);
  return v->b[6] == proto ? 40 : v->n;
}

static uint32_t blank_ip(struct view *v, const struct packet *p)
{
  bool known = p->proto == TCP || p->proto == UDP || p->proto == ICMP || p->proto == ICMP6;
  uint32_t proto = known ? p->proto : UINT32_MAX;
  if (v->n >= 20 && v->b[0] >> 4 == 4) return blank_ip4(v, proto);
  return v->n >= 40 && v->b[0] >> 4 == 6 ? blank_ip6(v, proto) : 0;
}

static bool blank_all(struct view *v, uint32_t from, const void *what, size_t n)
{
  bool any = false;
  while (from < v->n) {
    uint8_t *at = memmem(v->b + from, v->n - from, what, n);
    if (!at) break;
    memset(at, 0, n);
    from = (uint32_t)(at - v->b + (ptrdiff_t)n);
    any = true;
  }
  for (size_t k = n - 1; k >= 2; k--) { /* the beginning of one, where the bytes end */
    if (v->n < k + from || memcmp(v->b + v->n - k, what, k) != 0) continue;
    memset(v->b + v->n - k, 0, k);
    return true;
  }
  return any;
}

/* Our address behind the IP header: as bytes in both orders, and as text. */
static bool blank_named(struct view *v, uint32_t from, const struct prac_ip *dst)
{
  char text[PRAC_IP_TEXT];
  size_t n = prac_ip_is4(dst) ? 4 : 16;
  uint8_t back[16];
  const uint8_t *own = dst->b + 16 - n;
  if (prac_ip_is_zero(dst) || (prac_ip_is4(dst) && !prac_ip_to4(dst))) return false; /* nobody's */
  for (size_t i = 0; i < n; i++) back[i] = own[n - 1 - i];
  prac_ip_text(text, dst);
  bool any = blank_all(v, from, own, n);
  any |= blank_all(v, from, back, n);
  return blank_all(v, from, text, strlen(text)) || any;
}

/* Words of the payload that name an address outside the reader's part of the world go as a whole.
 */
static bool blank_words(struct view *v, const struct gate_who *w)
{
  char word[PACKET_BYTES_MAX + 1];
  bool any = false;
  for (uint32_t i = v->head, n; i < v->n; i += n + 1) {
    for (n = 0; i + n < v->n && n < PACKET_BYTES_MAX && v->b[i + n] > 0x20 && v->b[i + n] < 0x7f;
         n++)
      word[n] = (char)v->b[i + n];
    word[n] = 0;
    if (n < WORD_LEAST || gate_text_ok(w, word)) continue;
    memset(v->b + i, 0, n);
    any = true;
  }
  return any;
}

prac_rc gate_packet(const struct gate_who *w, struct packet *p, struct prac_arena *a)
{
  if (p->bytes.n > PACKET_BYTES_MAX) p->bytes.n = PACKET_BYTES_MAX; /* of a site that is wrong */
  if (p->head > p->bytes.n) p->head = p->bytes.n;
  struct view v = {prac_arena_alloc(a, (size_t)p->bytes.n + 1), p->bytes.n, p->head};
  if (!v.b) return PRAC_NOMEM;
  if (v.n) memcpy(v.b, p->bytes.v, v.n);
  bool payload = strcmp(p->layer, "payload") == 0;
  uint32_t at = payload ? 0 : blank_ip(&v, p);
  if (at == v.n || (!payload && at == 0)) { /* only the IP header, or nothing that we know */
    blank(&v, at ? (v.b[0] >> 4 == 4 ? (v.b[0] & 15u) * 4 : 40) : 0, v.n);
  } else if (!payload) {
    blank_transport(&v, p, at);
  }
  blank_named(&v, at, &p->dst);
  blank_words(&v, w);
  p->dst = (struct prac_ip){{0}};
  p->bytes.v = v.b;
  p->masked = true;
  return PRAC_OK;
}
