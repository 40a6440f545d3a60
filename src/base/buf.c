#include "base/buf.h"

#include <string.h>

struct prac_rd prac_rd_of(const void *data, size_t len)
{
  const uint8_t *p = data;
  return (struct prac_rd){.p = p, .end = p ? p + len : p};
}

size_t prac_rd_left(const struct prac_rd *r)
{
  return (size_t)(r->end - r->p);
}

static bool rd_need(struct prac_rd *r, size_t n)
{
  if (r->bad || prac_rd_left(r) < n) r->bad = true;
  return !r->bad;
}

uint8_t prac_rd_u8(struct prac_rd *r)
{
  return rd_need(r, 1) ? *r->p++ : 0;
}

/* The next n <= 8 bytes as one number, most significant first. */
static uint64_t rd_be(struct prac_rd *r, size_t n)
{
  if (!rd_need(r, n)) return 0;
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++) v = v << 8 | r->p[i];
  r->p += n;
  return v;
}

static uint64_t rd_le(struct prac_rd *r, size_t n)
{
  if (!rd_need(r, n)) return 0;
  uint64_t v = 0;
  for (size_t i = n; i-- > 0;) v = v << 8 | r->p[i];
  r->p += n;
  return v;
}

uint16_t prac_rd_u16(struct prac_rd *r)
{
  return (uint16_t)rd_be(r, 2);
}

uint32_t prac_rd_u32(struct prac_rd *r)
{
  return (uint32_t)rd_be(r, 4);
}

uint64_t prac_rd_u64(struct prac_rd *r)
{
  return rd_be(r, 8);
}

uint16_t prac_rd_u16le(struct prac_rd *r)
{
  return (uint16_t)rd_le(r, 2);
}

uint32_t prac_rd_u32le(struct prac_rd *r)
{
  return (uint32_t)rd_le(r, 4);
}

uint64_t prac_rd_u64le(struct prac_rd *r)
{
  return rd_le(r, 8);
}

uint64_t prac_rd_varint(struct prac_rd *r)
{
  uint64_t v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t b = prac_rd_u8(r);
    if (shift == 63 && b > 1) break; /* would not fit 64 bits */
    v |= (uint64_t)(b & 0x7f) << shift;
    if (!(b & 0x80)) return r->bad ? 0 : v;
  }
  r->bad = true;
  return 0;
}

void prac_rd_skip(struct prac_rd *r, size_t n)
{
  if (rd_need(r, n)) r->p += n;
}

const uint8_t *prac_rd_bytes(struct prac_rd *r, size_t n)
{
  if (!rd_need(r, n)) return NULL;
  const uint8_t *at = r->p;
  r->p += n;
  return at;
}

void prac_rd_copy(struct prac_rd *r, void *to, size_t n)
{
  const uint8_t *from = prac_rd_bytes(r, n);
  if (n == 0) return;
  if (from)
    memcpy(to, from, n);
  else
    memset(to, 0, n);
}

struct prac_rd prac_rd_sub(struct prac_rd *r, size_t n)
{
  const uint8_t *from = prac_rd_bytes(r, n);
  struct prac_rd sub = prac_rd_of(from, from ? n : 0);
  sub.bad = !from;
  return sub;
}

struct prac_wr prac_wr_of(void *data, size_t cap)
{
  uint8_t *p = data;
  return (struct prac_wr){.base = p, .p = p, .end = p ? p + cap : p};
}

static bool wr_need(struct prac_wr *w, size_t n)
{
  if (w->bad || (size_t)(w->end - w->p) < n) w->bad = true;
  return !w->bad;
}

size_t prac_wr_len(const struct prac_wr *w)
{
  return (size_t)(w->p - w->base);
}

void prac_wr_u8(struct prac_wr *w, uint8_t v)
{
  if (wr_need(w, 1)) *w->p++ = v;
}

static void wr_be(struct prac_wr *w, uint64_t v, size_t n)
{
  if (!wr_need(w, n)) return;
  for (size_t i = n; i-- > 0; v >>= 8) w->p[i] = (uint8_t)v;
  w->p += n;
}

static void wr_le(struct prac_wr *w, uint64_t v, size_t n)
{
  if (!wr_need(w, n)) return;
  for (size_t i = 0; i < n; i++, v >>= 8) w->p[i] = (uint8_t)v;
  w->p += n;
}

void prac_wr_u16(struct prac_wr *w, uint16_t v)
{
  wr_be(w, v, 2);
}

void prac_wr_u32(struct prac_wr *w, uint32_t v)
{
  wr_be(w, v, 4);
}

void prac_wr_u64(struct prac_wr *w, uint64_t v)
{
  wr_be(w, v, 8);
}

void prac_wr_u16le(struct prac_wr *w, uint16_t v)
{
  wr_le(w, v, 2);
}

void prac_wr_u32le(struct prac_wr *w, uint32_t v)
{
  wr_le(w, v, 4);
}

void prac_wr_u64le(struct prac_wr *w, uint64_t v)
{
  wr_le(w, v, 8);
}

void prac_wr_varint(struct prac_wr *w, uint64_t v)
{
  for (; v >= 0x80; v >>= 7) prac_wr_u8(w, (uint8_t)(v | 0x80));
  prac_wr_u8(w, (uint8_t)v);
}

void prac_wr_bytes(struct prac_wr *w, const void *from, size_t n)
{
  if (!wr_need(w, n) || n == 0) return;
  memcpy(w->p, from, n);
  w->p += n;
}

void prac_wr_zero(struct prac_wr *w, size_t n)
{
  if (!wr_need(w, n) || n == 0) return;
  memset(w->p, 0, n);
  w->p += n;
}
