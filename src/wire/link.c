/* Link layers. Each reader is a few lines; what they share is that they end in an Ethernet type. */
#include "wire/link.h"

#include "wire/load.h"

enum { VLAN_MAX = 4, PPP_IP4 = 0x0021, PPP_IP6 = 0x0057 };

static uint16_t by_version(const struct prac_rd *r)
{
  if (r->p == r->end) return 0;
  uint8_t v = *r->p >> 4;
  return v == 4 ? WIRE_ETHER_IP4 : v == 6 ? WIRE_ETHER_IP6 : 0;
}

static uint16_t ppp_type(uint16_t proto)
{
  return proto == PPP_IP4 ? WIRE_ETHER_IP4 : proto == PPP_IP6 ? WIRE_ETHER_IP6 : 0;
}

static bool ppp(struct prac_rd *r, uint16_t *ret)
{
  if (prac_rd_left(r) >= 2 && r->p[0] == 0xff && r->p[1] == 0x03) r->p += 2;
  const uint8_t *h = wire_take(r, 1);
  if (!h) return false;
  uint16_t proto = h[0];
  if (!(proto & 1)) { /* an odd first byte is a compressed protocol number */
    h = wire_take(r, 1);
    if (!h) return false;
    proto = (uint16_t)(proto << 8 | h[0]);
  }
  *ret = ppp_type(proto);
  return true;
}

static bool is_vlan(uint16_t type)
{
  return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

static bool tags(struct prac_rd *r, uint16_t *type)
{
  for (int i = 0; i < VLAN_MAX && is_vlan(*type); i++) {
    const uint8_t *h = wire_take(r, 4);
    if (!h) return false;
    *type = wire_be16(h + 2);
  }
  if (*type == 0x8864) { /* PPPoE session */
    const uint8_t *h = wire_take(r, 8);
    if (!h) return false;
    *type = ppp_type(wire_be16(h + 6));
  }
  if (*type < 0x600) *type = 0; /* 802.3: a length */
  return true;
}

static bool typed(struct prac_rd *r, size_t head, size_t type_at, uint16_t *ret)
{
  const uint8_t *h = wire_take(r, head);
  if (!h) return false;
  *ret = wire_be16(h + type_at);
  return PRAC_LIKELY(*ret == WIRE_ETHER_IP4) || tags(r, ret);
}

/* The address family as the capturing machine numbers it, in its byte order. */
static bool loopback(struct prac_rd *r, uint16_t *ret)
{
  const uint8_t *h = wire_take(r, 4);
  if (!h) return false;
  uint32_t family = wire_be32(h);
  if (family > 0xffff) family = __builtin_bswap32(family);
  bool six = family == 10 || family == 23 || family == 24 || family == 28 || family == 30;
  *ret = family == 2 ? WIRE_ETHER_IP4 : six ? WIRE_ETHER_IP6 : 0;
  return true;
}

static enum wire_link found(bool ok)
{
  return ok ? WIRE_LINK_OK : WIRE_LINK_SHORT;
}

enum wire_link wire_link_read(uint32_t link, struct prac_rd *r, uint16_t *ret_type)
{
  *ret_type = 0;
  switch (link) {
  case 1:
    return found(typed(r, 14, 12, ret_type));
  case 113:
    return found(typed(r, 16, 14, ret_type));
  case 276:
    return found(typed(r, 20, 0, ret_type));
  case 104:
    return found(typed(r, 4, 2, ret_type));
  case 12:
  case 14:
  case 101:
  case 228:
  case 229:
    *ret_type = by_version(r);
    return found(r->p != r->end);
  case 0:
  case 108:
    return found(loopback(r, ret_type));
  case 9:
  case 50:
    return found(ppp(r, ret_type));
  default:
    return WIRE_LINK_UNKNOWN;
  }
}
