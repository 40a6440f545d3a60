/* Packets on their way out: what in their bytes tells our own address becomes zero. That is more
 * than the field of the IP header: checksums are sums over it, and some scanners compute the TCP
 * sequence number or the IP identification from it, so that they need no memory. */
#include <ctype.h>
#include <string.h>

#include "access/gate_int.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58 };

struct view { /* bytes that may be written */
  uint8_t *b;
  uint32_t n, head; /* head: of IP */
  bool cut;         /* there were more */
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

/* What stands at `at` is the transport's header, whole or in part. Returns where its own fields
 * end: from there on there may be text, whatever it says of its length. */
static uint32_t blank_transport(struct view *v, const struct packet *p, uint32_t at)
{
  if (p->proto == TCP) {
    blank(v, at + 4, at + 12);  /* sequence and acknowledgement */
    blank(v, at + 16, at + 18); /* checksum */
    return at + 20;
  }
  if (p->proto == UDP) {
    blank(v, at + 6, at + 8);
    return at + 8;
  }
  blank(v, at + 2, quotes(p) ? v->n : at + 4);
  return at + 4;
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

/* ---- our address as bytes ---- */

static bool blank_one(struct view *v, uint32_t from, const uint8_t *what, size_t n)
{
  uint8_t *at = memmem(v->b + from, v->n - from, what, n);
  if (at) memset(at, 0, n);
  return at != NULL;
}

/* In both orders, and its beginning where the bytes end. Each turn makes a byte zero that was not.
 */
static void blank_bytes(struct view *v, uint32_t from, const struct prac_ip *own)
{
  size_t n = prac_ip_is4(own) ? 4 : 16;
  uint8_t back[16];
  const uint8_t *ahead = own->b + 16 - n;
  for (size_t i = 0; i < n; i++) back[i] = ahead[n - 1 - i];
  while (blank_one(v, from, ahead, n) || blank_one(v, from, back, n)) continue;
  for (size_t k = n - 1; k >= 2; k--) {
    if (k > v->n - from) continue;
    uint8_t *end = v->b + v->n - k;
    if (memcmp(end, ahead, k) == 0 || memcmp(end, back, k) == 0) memset(end, 0, k);
  }
}

/* ---- addresses as text ---- */

/* As letters; with the lengths of DNS labels as dots; in UTF-16 or UTF-32; as in URLs. */
enum spelling { PLAIN, LABELS, WIDE, PERCENT, SPELLINGS };

struct reading {
  char s[PACKET_BYTES_MAX + 1];
  uint32_t at[PACKET_BYTES_MAX + 1]; /* where in the bytes each letter stands, and the end */
  uint32_t n;
};

/* A length with as many letters behind it, or all that there are. */
static bool is_label(const struct view *v, uint32_t i)
{
  uint32_t end = i + 1 + v->b[i];
  if (v->b[i] == 0 || v->b[i] > 63) return false;
  for (uint32_t k = i + 1; k < end && k < v->n; k++)
    if (!isalnum(v->b[k]) && v->b[k] != '-' && v->b[k] != '_') return false;
  return end >= v->n || v->b[end] <= 63 || v->b[end] >= 0xc0;
}

static int nibble(uint8_t c)
{
  return isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* What "%2e" stands for; -1: it does not stand here. */
static int percent(const struct view *v, uint32_t i)
{
  const uint8_t *b = v->b + i;
  if (v->n - i < 3 || b[0] != '%' || !isxdigit(b[1]) || !isxdigit(b[2])) return -1;
  return nibble(b[1]) << 4 | nibble(b[2]);
}

/* 192,0,2,1 (FTP) and 192_0_2_1 are read as 192-0-2-1; what is no letter, as a blank. */
static char letter(int b)
{
  if (b == '_' || b == ',') return '-';
  return b > 0x20 && b < 0x7f ? (char)b : ' ';
}

/* false: it is the same as read plainly. */
static bool read_as(struct reading *r, const struct view *v, uint32_t from, int how)
{
  bool other = how == PLAIN;
  uint32_t end = from; /* of the last label: in it there is none */
  r->n = 0;
  for (uint32_t i = from, step; i < v->n; i += step) {
    int code = how == PERCENT ? percent(v, i) : -1;
    bool label = how == LABELS && i >= end && is_label(v, i), none = how == WIDE && v->b[i] == 0;
    step = code >= 0 ? 3 : 1;
    if (label) end = i + 1 + v->b[i];
    other |= code >= 0 || label || none;
    if (none) continue;
    r->at[r->n] = i;
    r->s[r->n++] = label ? '.' : letter(code >= 0 ? code : v->b[i]);
  }
  r->at[r->n] = v->n;
  r->s[r->n] = 0;
  return other;
}

/* Where bytes were cut off, the last word may be half an address. */
static void blank_end(struct view *v, const struct reading *r)
{
  static const char of_addresses[] = "0123456789abcdefxABCDEFX.:-%inprINPR"; /* in-addr, ip6 */
  uint32_t i = r->n;
  while (i > 0 && strchr(of_addresses, r->s[i - 1])) i--;
  blank(v, r->at[i], v->n);
}

/* Words that name our own address, or one outside the reader's part of the world, go as a whole. */
static void blank_words(struct view *v, uint32_t from, const struct gate_who *w)
{
  struct reading r;
  for (int how = PLAIN; how < SPELLINGS; how++) {
    if (!read_as(&r, v, from, how)) continue;
    if (v->cut) blank_end(v, &r);
    for (uint32_t i = 0, n; i < r.n; i += n + 1) {
      n = (uint32_t)strcspn(r.s + i, " ");
      r.s[i + n] = 0;
      if (!gate_text_ok(w, r.s + i)) blank(v, r.at[i], r.at[i + n]);
    }
  }
}

/* ---- all of it ---- */

/* Where the transport's own fields end, what they say may begin; v->n: nothing of it is left. */
static uint32_t blank_heads(struct view *v, const struct packet *p)
{
  v->head = blank_ip(v, p);
  if (v->head > 0 && v->head < v->n) return blank_transport(v, p, v->head);
  blank(v, v->head ? (v->b[0] >> 4 == 4 ? (v->b[0] & 15u) * 4 : 40) : 0, v->n);
  return v->n;
}

prac_rc gate_packet(const struct gate_who *w, struct packet *p, struct prac_arena *a)
{
  struct gate_who who = *w;
  struct prac_ip own = p->dst;
  uint32_t n = p->bytes.n < PACKET_BYTES_MAX ? p->bytes.n : PACKET_BYTES_MAX;
  struct view v = {prac_arena_alloc(a, (size_t)n + 1), n, 0, n < p->len};
  if (!v.b) return PRAC_NOMEM;
  if (n) memcpy(v.b, p->bytes.v, n);
  if (p->head > n) p->head = n;
  bool payload = strcmp(p->layer, "payload") == 0;
  bool nobodys = prac_ip_is_zero(&own) || (prac_ip_is4(&own) && prac_ip_to4(&own) == 0);
  uint32_t from = payload ? 0 : blank_heads(&v, p);
  if (!nobodys) who.own = &own;
  /* before words, which could take half of it, and after, since it may have zeros in it */
  if (!nobodys) blank_bytes(&v, v.head, &own);
  /* TCP's options are in front of what it carries: one word must not hide the other */
  blank_words(&v, from, &who);
  if (p->head > from) blank_words(&v, p->head, &who);
  if (!nobodys) blank_bytes(&v, v.head, &own);
  p->dst = (struct prac_ip){{0}};
  p->bytes = (struct model_bytes){v.b, n};
  p->masked = true;
  return PRAC_OK;
}
