/* wire/load.h — big- and little-endian numbers at a place already known to hold them.
 *
 * for       the inner loop of a parser: one checked cursor call takes a whole header, these read
 *           its fields
 * not for   anything whose length has not been checked: that is base/buf.h
 */
#pragma once
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

static inline uint16_t wire_be16(const uint8_t *p)
{
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return __builtin_bswap16(v);
}
static inline uint32_t wire_be32(const uint8_t *p)
{
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return __builtin_bswap32(v);
}
static inline uint16_t wire_u16(const uint8_t *p, bool big)
{
  uint16_t v = wire_be16(p);
  return big ? v : __builtin_bswap16(v);
}
static inline uint32_t wire_u32(const uint8_t *p, bool big)
{
  uint32_t v = wire_be32(p);
  return big ? v : __builtin_bswap32(v);
}
/* prac_rd_bytes without the call: n bytes in place, or NULL and bad. */
static inline const uint8_t *wire_take(struct prac_rd *r, size_t n)
{
  if (PRAC_UNLIKELY((size_t)(r->end - r->p) < n)) {
    r->bad = true;
    return NULL;
  }
  const uint8_t *p = r->p;
  r->p += n;
  return p;
}
