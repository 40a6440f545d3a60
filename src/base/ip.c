#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

static const uint8_t v4_head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool prac_ip_is4(const struct prac_ip *a)
{
  return memcmp(a->b, v4_head, sizeof v4_head) == 0;
}

bool prac_ip_inner4(const struct prac_ip *a, struct prac_ip *ret)
{
  static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
  const uint8_t *b = a->b;
  size_t at = memcmp(b, nat64, sizeof nat64) == 0 ? 12 : b[0] == 0x20 && b[1] == 0x02 ? 2 : 0;
  if (at == 0) return false;
  *ret = prac_ip4((uint32_t)b[at] << 24 | (uint32_t)b[at + 1] << 16 | (uint32_t)b[at + 2] << 8 |
                  b[at + 3]);
  return true;
}

bool prac_ip_is_zero(const struct prac_ip *a)
{
  return (prac_ip_hi(a) | prac_ip_lo(a)) == 0;
}

uint32_t prac_ip_to4(const struct prac_ip *a)
{
  return (uint32_t)prac_ip_lo(a);
}

static uint64_t half(const uint8_t *b)
{
  uint64_t v = 0;
  for (int i = 0; i < 8; i++) v = v << 8 | b[i];
  return v;
}

uint64_t prac_ip_hi(const struct prac_ip *a)
{
  return half(a->b);
}

uint64_t prac_ip_lo(const struct prac_ip *a)
{
  return half(a->b + 8);
}

struct prac_ip prac_ip_of(uint64_t hi, uint64_t lo)
{
  struct prac_ip a;
  for (int i = 0; i < 8; i++) {
    a.b[i] = (uint8_t)(hi >> (56 - 8 * i));
    a.b[8 + i] = (uint8_t)(lo >> (56 - 8 * i));
  }
  return a;
}

const char *prac_ip_text(char out[PRAC_IP_TEXT], const struct prac_ip *a)
{
  if (prac_ip_is4(a))
    (void)snprintf(out, PRAC_IP_TEXT, "%u.%u.%u.%u", a->b[12], a->b[13], a->b[14], a->b[15]);
  else if (!inet_ntop(AF_INET6, a->b, out, PRAC_IP_TEXT))
    out[0] = 0;
  return out;
}

const char *prac_prefix_text(char out[PRAC_IP_TEXT], const struct prac_prefix *p)
{
  prac_ip_text(out, &p->ip);
  bool v4 = prac_ip_is4(&p->ip) && p->bits >= 96;
  size_t n = strlen(out);
  (void)snprintf(out + n, PRAC_IP_TEXT - n, "/%u", v4 ? p->bits - 96u : p->bits);
  return out;
}

prac_rc prac_ip_parse(const char *s, size_t n, struct prac_ip *ret)
{
  char text[PRAC_IP_TEXT];
  struct in_addr v4;
  struct in6_addr v6;
  if (n == 0 || n >= sizeof text) return PRAC_MALFORMED;
  memcpy(text, s, n);
  text[n] = 0;
  if (inet_pton(AF_INET, text, &v4) == 1)
    *ret = prac_ip4(ntohl(v4.s_addr));
  else if (inet_pton(AF_INET6, text, &v6) == 1)
    memcpy(ret->b, v6.s6_addr, sizeof ret->b);
  else
    return PRAC_MALFORMED;
  return PRAC_OK;
}

static void clear_host_bits(struct prac_prefix *p)
{
  for (unsigned i = 0; i < 16; i++) {
    unsigned have = p->bits > 8 * i ? p->bits - 8 * i : 0;
    if (have < 8) p->ip.b[i] &= (uint8_t)(0xff00u >> have);
  }
}

prac_rc prac_prefix_parse(const char *s, size_t n, struct prac_prefix *ret)
{
  const char *slash = memchr(s, '/', n);
  struct prac_prefix p = {.bits = 128};
  PRAC_TRY(prac_ip_parse(s, slash ? (size_t)(slash - s) : n, &p.ip));
  if (slash) {
    unsigned v = 0, max = memchr(s, ':', n) ? 128 : 32;
    const char *d = slash + 1, *end = s + n;
    if (d == end || end - d > 3) return PRAC_MALFORMED;
    for (; d < end; d++) {
      if (*d < '0' || *d > '9') return PRAC_MALFORMED;
      v = v * 10 + (unsigned)(*d - '0');
    }
    if (v > max) return PRAC_RANGE;
    p.bits = (uint8_t)(v + 128 - max);
  }
  clear_host_bits(&p);
  *ret = p;
  return PRAC_OK;
}

bool prac_prefix_has(const struct prac_prefix *p, const struct prac_ip *a)
{
  unsigned whole = p->bits / 8, rest = p->bits % 8;
  if (memcmp(p->ip.b, a->b, whole) != 0) return false;
  return rest == 0 || ((p->ip.b[whole] ^ a->b[whole]) & (0xff00u >> rest) & 0xff) == 0;
}
