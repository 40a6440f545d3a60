/* base/ip.h — addresses and prefixes. Always 16 bytes: IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
 * Prefix lengths count in the 128 bits: 192.0.2.0/24 has bits == 120. Texts are RFC 5952. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"
#include "base/rc.h"

struct prac_ip {
  uint8_t b[16];
};
struct prac_prefix {
  struct prac_ip ip; /* host bits zero */
  uint8_t bits;      /* 0..128 */
};

static inline struct prac_ip prac_ip4(uint32_t host_order)
{
  return (struct prac_ip){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(host_order >> 24),
                           (uint8_t)(host_order >> 16), (uint8_t)(host_order >> 8),
                           (uint8_t)host_order}};
}
static inline bool prac_ip_eq(const struct prac_ip *a, const struct prac_ip *b)
{
  uint64_t x[2], y[2]; /* by halves: memcmp is a call */
  memcpy(x, a, sizeof x);
  memcpy(y, b, sizeof y);
  return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}
bool prac_ip_is4(const struct prac_ip *a);
/* The IPv4 address within an IPv6 one that leads to the same host: NAT64 (64:ff9b::/96), 6to4. */
bool prac_ip_inner4(const struct prac_ip *a, struct prac_ip *ret);
bool prac_ip_is_zero(const struct prac_ip *a); /* "::": no address */
uint32_t prac_ip_to4(const struct prac_ip *a); /* host order; the low 32 bits of an IPv6 address */
/* The two halves as numbers, and back: how columns and hashes hold an address. */
uint64_t prac_ip_hi(const struct prac_ip *a);
uint64_t prac_ip_lo(const struct prac_ip *a);
struct prac_ip prac_ip_of(uint64_t hi, uint64_t lo);

#define PRAC_IP_TEXT 48 /* bytes for an address or a prefix with its NUL */
const char *prac_ip_text(char out[PRAC_IP_TEXT], const struct prac_ip *a);
const char *prac_prefix_text(char out[PRAC_IP_TEXT], const struct prac_prefix *p);
PRAC_NODISCARD prac_rc prac_ip_parse(const char *s, size_t n, struct prac_ip *ret);
/* An address alone is its own /32 or /128. Host bits that are set are cleared. */
PRAC_NODISCARD prac_rc prac_prefix_parse(const char *s, size_t n, struct prac_prefix *ret);
bool prac_prefix_has(const struct prac_prefix *p, const struct prac_ip *a);
